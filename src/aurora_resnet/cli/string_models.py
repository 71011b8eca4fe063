"""``evaluate --strings`` and ``calibrate`` for models of strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer
from tqdm.auto import tqdm

from aurora_resnet.checkpoints import OPERATING_POINT, Checkpoint, save_calibrated
from aurora_resnet.cli.recordings import load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.evaluation.string_point import OTHER_WEIGHTS, StringPoint, choose_string_point
from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.string_scoring import sequence_model

FALSE_PER_HOUR = 60.0


def calibrate_strings(
    checkpoint: Checkpoint, model: str, corpora: Sequence[str], split: str | None, negatives: Sequence[str], out: Path,
    false_per_hour: float | None, device: str,
) -> None:  # fmt: skip
    """Choose the operating point of a model of strings and write the checkpoint again with it."""
    heard = {name: load_corpus(name).filter(split=split) for name in dict.fromkeys(corpora)}
    talk = load_negatives(negatives, checkpoint.vocabulary) if negatives else {}
    if problems := [problem for each in (*heard.values(), *talk.values()) for problem in each.problems]:
        raise CorpusError("; ".join(problems[:3]))
    strings = _merged(heard).filter(lambda utterance: bool(utterance.words))
    silent = _merged({**heard, **talk}).filter(lambda utterance: not set(utterance.words) & set(checkpoint.vocabulary))
    if unknown := checkpoint.vocabulary.unknown(strings.words):
        raise CorpusError(f"the strings have words that the model does not know: {', '.join(unknown[:20])}")
    network = sequence_model(checkpoint, device=device)
    with tqdm(total=len(OTHER_WEIGHTS) * (len(strings) + len(silent)), unit="recording", disable=None) as bar:
        points = choose_string_point(
            network,
            strings,
            silent,
            false_per_hour=FALSE_PER_HOUR if false_per_hour is None else false_per_hour,
            bar=bar,
        )
    info = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **asdict(points[0]),
        "corpora": {name: each.digest() for name, each in {**heard, **talk}.items()},
    }
    typer.echo(_table(points))
    calibration = Calibration(threshold=points[0].threshold, other_weight=points[0].other_weight)
    save_calibrated(model, calibration, out, info={OPERATING_POINT: info})
    tell(f"{out}: other_weight {points[0].other_weight:g}, threshold {points[0].threshold:.4g}")


def refuse_options(options: Mapping[str, object], what: str) -> None:
    """Raise ``ConfigError`` for options that are given and do not belong to a model of this kind.

    >>> refuse_options({"--figure": None}, "a model of strings")
    """
    if given := [option for option, value in options.items() if value is not None]:
        raise ConfigError(f"{', '.join(given)} cannot be used with {what}")


def _merged(corpora: Mapping[str, Corpus]) -> Corpus:
    first, *others = corpora.values()
    return first.merge(*others)


def _table(points: Sequence[StringPoint]) -> str:
    """Return what each weight would do, the chosen one first."""
    header = ["other weight", "threshold", "strings right and accepted %", "word errors %", "false words an hour"]
    return markdown_table(header, [
        [f"{p.other_weight:g}", f"{p.threshold:.4g}", percent(p.right / p.strings), percent(p.errors / p.words),
         f"{p.false_per_hour:.1f}"]
        for p in points
    ])  # fmt: skip
