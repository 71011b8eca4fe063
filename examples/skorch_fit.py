"""Train as a scikit-learn estimator, by skorch: here with a grid search over the learning rate.

    pip install skorch scikit-learn
    python examples/skorch_fit.py

Prints:

    best learning rate: 0.003
    other voices: 73.9% right
"""

import torch
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from skorch.helper import SliceDataset

from aurora_resnet import Corpus, MelConfig, RecognizerConfig, RecognizerModel, load_clips, load_corpus


def main(epochs: int = 3, corpus: Corpus | None = None) -> None:
    """Choose the learning rate by cross-validation on the packaged voices, and test on new ones."""
    corpus = corpus or load_corpus("samples:")
    config = RecognizerConfig("compact", MelConfig(sample_rate=8000))
    train, test = (load_clips(corpus.filter(split=split), config) for split in ("train", "test"))
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        RecognizerModel,
        module__config=config,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        max_epochs=epochs,
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    search = GridSearchCV(net, {"lr": [3e-4, 3e-3]}, cv=2, scoring="accuracy")
    search.fit(SliceDataset(train), train.labels.numpy())
    print(f"best learning rate: {search.best_params_['lr']}")
    print(f"other voices: {search.score(SliceDataset(test), test.labels.numpy()):.1%} right")


if __name__ == "__main__":
    main()
