"""What is tried by leave-one-corpus-out, and which corpora are left out in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EPOCHS = 8
"""Of a run that judges an idea: a small part of the final training. All get the same number of clips to learn from."""
FINAL_EPOCHS = 32
"""Of the runs whose networks are trained as the shipped ones: their operating point is carried over."""

PEOPLE_EPOCHS = {1: 23, 2: 42, 4: 60, 8: 80}
"""Of the runs with all real people, a half, a quarter, an eighth of them: about 180,000 clips each where Speech Commands
v0.02 is left out, so that the weights change as often."""


@dataclass(frozen=True)
class Fold:
    """A group of speakers that a run does not hear.

    Attributes:
        title: who they are.
        corpora: of the training file, left out and tested on; parts of ``KIND:PATH``.
    """

    title: str
    corpora: tuple[str, ...]


FOLDS = {
    "speech_commands_v2": Fold("Speech Commands v0.02, 115 speakers", ("speech_commands_v2_digits",)),
    "fsdd": Fold("FSDD, 6 speakers", ("fsdd:",)),
    "indian": Fold("Indian English, 3 speakers", ("iitg_",)),
}
"""AN4's held-out training speakers are strangers in every fold."""


@dataclass(frozen=True)
class Idea:
    """What is changed of the training file.

    Attributes:
        overrides: ``section.key=value``, as ``aurora-resnet train --set`` takes them.
        mel: values of the front end laid over the file's.
        without: corpora that are not trained on, told as a fold's are.
        model: that is trained.
        epochs: of the training.
        teacher: another idea, whose network of the same fold teaches.
        begin: another idea, with whose network of the same fold it begins, and with which it is averaged in the end.
    """

    overrides: tuple[str, ...] = ()
    mel: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    model: str = "compact"
    epochs: int = EPOCHS
    teacher: str | None = None
    begin: str | None = None


TAUGHT = ("training.distillation.weight=0.8", "training.distillation.temperature=2.0")
REAL = ("kokoro", "synthetic", "samples:")
"""What people did not say."""
PCEN = {"compression": "pcen", "dynamic_range_db": None}

IDEAS = {
    "base": Idea(),
    "first_negatives": Idea(
        (
            "data.augment.negative_shares.of_epoch=0.2",
            "data.augment.negative_shares.words=0.55",
            "data.augment.negative_shares.pieces=0.0",
            "data.augment.negative_shares.fragments=0.15",
            "data.augment.negative_shares.noise=0.3",
        )
    ),
    "pcen": Idea(mel=PCEN),
    "bands_80": Idea(mel={"n_mels": 80}),
    "pcen_80": Idea(mel=PCEN | {"n_mels": 80}),
    "no_neural_voices": Idea(without=("kokoro",)),
    "no_synthetic_voices": Idea(without=REAL),
    "no_balance": Idea(("data.augment.speaker_power=1.0",)),
    "no_voice_changes": Idea(
        (
            "data.augment.augmentation.speed_probability=0.0",
            "data.augment.augmentation.vocoder_probability=0.0",
        )
    ),
    "spec_augment": Idea(
        (
            "training.spec_augment.probability=0.3",
            "training.spec_augment.time_width=10",
            "training.spec_augment.frequency_width=8",
        )
    ),
    "resnet50": Idea(model="resnet50", epochs=FINAL_EPOCHS),
    "compact": Idea(TAUGHT, epochs=FINAL_EPOCHS, teacher="resnet50"),
    "compact_more": Idea(
        (
            "training.learning_rate=0.02",
            "data.augment.speaker_power=0.7",
            "data.augment.negative_shares.of_epoch=0.35",
            "data.augment.negative_shares.words=0.4",
            "data.augment.negative_shares.pieces=0.25",
            "data.augment.negative_shares.fragments=0.1",
            "data.augment.negative_shares.noise=0.25",
        ),
        begin="compact",
    ),
    # How much more people would help: real ones, with all their digits.
    **{
        f"people_{part}": Idea((f"data.speaker_share={1 / part}",), without=REAL, epochs=epochs)
        for part, epochs in PEOPLE_EPOCHS.items()
    },
}
