"""Unfreeze a pretrained network gradually, from the head down.

    python examples/freeze_plan.py

Frozen parts get no gradient and keep their BatchNorm statistics, so few recordings cannot damage what was learnt from
many.

Prints:

    epoch 0, all_but_head: 131,587 trained, 100.0% right
    epoch 1, stage2: 7,229,955 trained, 100.0% right
    epoch 2, none: 8,668,611 trained, 100.0% right
    epoch 3, none: 8,668,611 trained, 100.0% right
"""

from pathlib import Path

from aurora_resnet import Corpus, Trainer, TrainingConfig, Vocabulary, load_clips, load_corpus, split_speakers
from aurora_resnet.training.fine_tuning import start_from

WORDS = ("one", "two", "three")
#: From which epoch on, counted from 0, which plan: stem and stages 1 and 2 stay as they are in epoch 1.
PLANS = ((0, "all_but_head"), (1, "stage2"), (2, "none"))


def main(
    out: str | Path = "runs/freeze_plan",
    plans: tuple[tuple[int, str], ...] = PLANS,
    epochs: int = 4,
    corpus: Corpus | None = None,
) -> None:
    """Fine-tune the shipped ResNet on other words and print what each epoch trained."""
    corpus = corpus or load_corpus("samples:").filter(split="train", words=WORDS)
    train, validation = split_speakers(corpus, 0.3, seed=0)
    model, _ = start_from("resnet50", Vocabulary(corpus.words))
    config = TrainingConfig(
        epochs=epochs, learning_rate=0.02, backbone_learning_rate=0.002, freeze=plans[0][1], unfreeze=plans[1:]
    )
    trainer = Trainer(model, config, out, progress=True)
    result = trainer.fit(load_clips(train, model.config), load_clips(validation, model.config), resume=True)
    for record in result.history:
        model.classifier.freeze(record.freeze_plan)
        free = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        print(f"epoch {record.epoch}, {record.freeze_plan}: {free:,} trained, {record.validation_accuracy:.1%} right")


if __name__ == "__main__":
    main()
