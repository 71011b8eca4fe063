"""Your own network: any ``torch.nn.Module`` from features ``[B, M, T]`` to logits ``[B, K]``.

    python examples/own_network.py

It need not import this library; its class takes ``n_mels`` and ``num_classes``. Registered under a name it is trained,
saved, loaded and exported like the built-in ones; ``check_model`` reports what is missing.

Prints:

    25,675 parameters, 418 clips
    other voices: 82.4% right
"""

from pathlib import Path

from torch import Tensor, nn

from aurora_resnet import (
    Corpus,
    DigitRecognizer,
    MelConfig,
    RecognizerConfig,
    RecognizerModel,
    Trainer,
    TrainingConfig,
    load_clips,
    load_corpus,
    register_model,
)
from aurora_resnet.testing.model_contract import check_model


class SmallGru(nn.Module):
    """A gated recurrent unit over the frames, and the mean of what it says."""

    def __init__(self, n_mels: int, num_classes: int, cells: int = 64) -> None:
        super().__init__()
        self.gru = nn.GRU(n_mels, cells, batch_first=True)
        self.classes = nn.Linear(cells, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        frames, _ = self.gru(features.transpose(1, 2))
        logits: Tensor = self.classes(frames.mean(dim=1))
        return logits


register_model("small_gru", SmallGru, summary="a GRU over the frames")


def main(out: str | Path = "runs/own_network", epochs: int = 6, corpus: Corpus | None = None) -> None:
    """Check it, train it, use it."""
    check_model("small_gru")  # raises AssertionError and says what was promised
    corpus = corpus or load_corpus("samples:")
    model = RecognizerModel(RecognizerConfig("small_gru", MelConfig(sample_rate=8000)))
    training = TrainingConfig(epochs=epochs, optimizer="adamw", learning_rate=0.005, schedule="one_cycle")
    clips = load_clips(corpus.filter(split="train"), model.config)
    result = Trainer(model, training, out, progress=True).fit(clips, resume=True)
    print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters, {len(clips)} clips")
    recognizer = DigitRecognizer.from_pretrained(result.best_checkpoint)
    test = corpus.filter(split="test")
    right = sum(recognizer.recognize(each.path).word == each.word for each in test)
    print(f"other voices: {right / len(test):.1%} right")


if __name__ == "__main__":
    main()
