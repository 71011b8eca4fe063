"""Train with PyTorch Lightning instead of ``Trainer``.

    pip install lightning
    python examples/lightning_fit.py

Prints:

    other voices: 74.4% right
"""

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from aurora_resnet import Corpus, MelConfig, RecognizerConfig, RecognizerModel, load_clips, load_corpus


class Words(lightning.LightningModule):
    """The network, its loss and its optimiser."""

    def __init__(self, model: RecognizerModel) -> None:
        super().__init__()
        self.model, self.right = model, list[Tensor]()

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of a batch."""
        return torch.nn.functional.cross_entropy(self.model(batch[0]), batch[1])

    def test_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Count what is right."""
        self.right.append(self.model(batch[0]).argmax(dim=1) == batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser."""
        return torch.optim.AdamW(self.parameters(), lr=2e-3)


def main(epochs: int = 3, corpus: Corpus | None = None) -> None:
    """Train on the packaged voices and test on new ones."""
    corpus = corpus or load_corpus("samples:")
    lightning.seed_everything(0, verbose=False)
    words = Words(RecognizerModel(RecognizerConfig("compact", MelConfig(sample_rate=8000))))
    train, test = (load_clips(corpus.filter(split=split), words.model.config) for split in ("train", "test"))
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(words, DataLoader(train, batch_size=32, shuffle=True))
    trainer.test(words, DataLoader(test, batch_size=64), verbose=False)
    print(f"other voices: {torch.cat(words.right).float().mean():.1%} right")


if __name__ == "__main__":
    main()
