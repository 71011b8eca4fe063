"""Choosing the calibration of a checkpoint, of words or of strings, and writing the checkpoint with it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora_resnet.calibration.choice import Choice
from aurora_resnet.calibration.string_point import choose_string_calibration
from aurora_resnet.calibration.word_point import choose_word_point
from aurora_resnet.checkpoints import OPERATING_POINT, Checkpoint, save_calibrated
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.runtime.model_reference import AnyModel, Kind

CHOOSE: Mapping[Kind, Callable[..., Choice]] = {"words": choose_word_point, "strings": choose_string_calibration}


def calibrate_checkpoint(
    model: AnyModel,
    checkpoint: Checkpoint,
    recordings: Mapping[str, Corpus],
    negatives: Mapping[str, Corpus],
    out: Path,
    *,
    trust_code: bool = False,
    **asked: Any,
) -> Choice:
    """Choose a calibration and write the same weights, bit by bit, with it.

    Args:
        model: what ``checkpoint`` was loaded from.
        checkpoint: of words or of strings.
        recordings: of held-out speakers, by name.
        negatives: recordings without a word or with other words, by name.
        out: the file to write.
        trust_code: as ``load_checkpoint``.
        **asked: the operating point, as ``choose_word_point`` or ``choose_string_calibration`` take it.

    Raises:
        ConfigError: for an operating point that cannot be.
        CorpusError: for recordings that cannot be used.
    """
    choice = CHOOSE[checkpoint.kind](checkpoint, recordings, negatives, **asked)
    info = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **choice.facts,
        "corpora": {name: each.digest() for name, each in {**recordings, **negatives}.items()},
    }
    save_calibrated(model, choice.calibration, out, info={OPERATING_POINT: info}, trust_code=trust_code)
    return choice
