"""The five systems of the paper: the same recordings, the same training, unseen test speakers.

    python examples/five_systems.py

On three words of the packaged synthetic voices, with random weights and few epochs: a pattern for your own corpus, not a
result. ``weights="imagenet"`` gives the first one its pretrained weights; docs/study.md has real speech.

Prints:

    | system | parameters | accuracy % [95 % interval] |
    |---|---|---|
    | resnet50 | 8,669,643 | 33.3 [21.7, 47.5] |
    | cnn | 225,515 | 72.9 [56.2, 89.6] |
    | lstm | 249,355 | 33.3 [21.7, 47.5] |
    | bilstm | 628,235 | 72.9 [66.7, 83.3] |
    | cnn_lstm | 627,691 | 33.3 [21.7, 47.5] |
"""

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet import (
    Corpus,
    Evaluator,
    MelConfig,
    RecognizerConfig,
    RecognizerModel,
    Trainer,
    TrainingConfig,
    load_checkpoint,
    load_clips,
    load_corpus,
    split_speakers,
)

SYSTEMS = ("resnet50", "cnn", "lstm", "bilstm", "cnn_lstm")


def main(
    out: str | Path = "runs/five_systems",
    systems: Sequence[str] = SYSTEMS,
    epochs: int = 6,
    corpus: Corpus | None = None,
) -> None:
    """Train every system in the same way and print a table."""
    corpus = corpus or load_corpus("samples:").filter(words=("one", "two", "three"))
    train, validation = split_speakers(corpus.filter(split="train"), 0.2, seed=0)
    training = TrainingConfig(epochs=epochs, optimizer="adamw", learning_rate=0.002, schedule="one_cycle")
    print("| system | parameters | accuracy % [95 % interval] |\n|---|---|---|")
    for name in systems:
        config = RecognizerConfig(name, MelConfig(sample_rate=8000))
        model = RecognizerModel(config)  # RecognizerModel(config, weights="imagenet") for the first
        trainer = Trainer(model, training, Path(out) / name, progress=True)
        result = trainer.fit(load_clips(train, config), load_clips(validation, config), resume=True)
        tested = Evaluator(load_checkpoint(result.best_checkpoint)).evaluate(corpus.filter(split="test")).overall
        low, high = tested.interval.low, tested.interval.high
        parameters = sum(parameter.numel() for parameter in model.parameters())
        print(f"| {name} | {parameters:,} | {100 * tested.accuracy:.1f} [{100 * low:.1f}, {100 * high:.1f}] |")


if __name__ == "__main__":
    main()
