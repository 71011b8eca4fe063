"""The targets of the shipped models beside what was measured of them, as a Markdown table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora_resnet.evaluation.tables import MISSING, markdown_table

Record = dict[str, Any]
SNRS_DB = (20, 15, 10, 5, 0, -5)
AN4_SNRS_DB = SNRS_DB
NO_TARGET = "-"


@dataclass(frozen=True)
class Target:
    """A number of a record and what each model should reach.

    Attributes:
        title: what is measured, with its unit.
        value: takes it out of a record, in the unit of the title; ``None`` where the record has no such number.
        goals: by name of the model in the zoo; a model without one has no target there.
        at_least: whether more is better.
    """

    title: str
    value: Callable[[Record], float | None]
    goals: dict[str, float]
    at_least: bool = False

    def row(self, record: Record) -> list[str]:
        """Return title, target, measured value and whether it is met."""
        value, goal = self.value(record), self.goals.get(record["model"]["zoo_name"])
        if goal is None or value is None:
            return [self.title, NO_TARGET, MISSING if value is None else f"{value:.2f}", NO_TARGET]
        met = value >= goal - 1e-9 if self.at_least else value <= goal + 1e-9
        return [self.title, f"{'>=' if self.at_least else '<='} {goal:g}", f"{value:.2f}", "yes" if met else "NO"]


def target_table(record: Record) -> str:
    """Return the table of all targets for a record of ``tools.shipped``."""
    rows = [row for target in TARGETS if (row := target.row(record))[2] != MISSING]
    return markdown_table([f"{record['model']['name']}", "target", "measured", "met"], rows)


def _percent(*keys: str) -> Callable[[Record], float | None]:
    """Return what takes a share out of a record; an older record may not have it."""

    def value(record: Record) -> float | None:
        found: Any = record
        for key in keys:
            found = found.get(key)
            if found is None:
                return None
        return 100 * float(found)

    return value


def _millions(number: int | None) -> float | None:
    return None if number is None else number / 1e6


def _both(resnet50: float, compact: float) -> dict[str, float]:
    return {"resnet50": resnet50, "compact": compact}


_CLEAN = {"fsdd": "FSDD official test", "an4": "AN4 test speakers", "speech_commands": "Speech Commands digits"}
_CLEAN_GOALS = {"fsdd": _both(99.9, 99.5), "an4": _both(99.5, 99), "speech_commands": _both(98, 98)}
_SNR_GOALS = {20: _both(99.9, 99.8), 10: _both(99.3, 98.8), 5: _both(97.5, 96), 0: _both(91, 87.5), -5: _both(70, 62)}
_REJECTED = {
    "fsdd": _both(2, 3),
    "an4": _both(1.5, 1.5),
    "speech_commands": _both(3, 3),
    "pooled": _both(2, 3),
}
_ERRORS = {
    "clean_pooled": ("clean, the three sets pooled", 2.0),
    "clean_an4": ("clean, AN4 test speakers", 2.0),
    "fsdd_5db": ("5 dB, FSDD test + 8 scenes", 5.0),
    "an4_5db": ("5 dB, AN4 test speakers + 8 scenes", 5.0),
}
_NOISES = {
    "never_trained": "background noise accepted, never trained on (NOIZEUS, nonspeech100) %",
    "speech_commands_background": "background noise accepted, Speech Commands (heard in training) %",
    "made": "digital silence and white noise accepted %",
}

TARGETS: tuple[Target, ...] = (
    *(
        Target(f"{title}, clean %", _percent("clean", name, "accuracy"), _CLEAN_GOALS[name], True)
        for name, title in _CLEAN.items()
    ),
    *(
        Target(
            f"FSDD test + 8 NOIZEUS scenes, {snr_db} dB %",
            _percent("noisy", "fsdd", "mean", str(snr_db), "accuracy"),
            _SNR_GOALS.get(snr_db, {}),
            True,
        )
        for snr_db in SNRS_DB
    ),
    Target("the same, mean of 0 to 20 dB %", _percent("noisy", "fsdd", "mean_0_to_20_db"), _both(97.5, 95.3), True),
    Target(
        "FSDD test + 8 scenes, noise under the word only, 0 dB %",
        _percent("noisy", "fsdd_noise_under_word_only", "mean", "0", "accuracy"),
        {},
    ),
    *(
        Target(
            f"AN4 test speakers + 8 NOIZEUS scenes, {snr_db} dB %",
            _percent("noisy", "an4", "mean", str(snr_db), "accuracy"),
            {},
        )
        for snr_db in AN4_SNRS_DB
    ),
    Target(
        "AN4 test speakers + 8 scenes, mean of 0 to 20 dB %",
        _percent("noisy", "an4", "mean_0_to_20_db"),
        _both(95, 93.5),
        True,
    ),
    *(
        Target(f"calibration error, {title} %", _percent("calibration_error", name), _both(goal, goal))
        for name, (title, goal) in _ERRORS.items()
    ),
    *(
        Target(f"digits rejected, clean: {title} %", _percent("clean", name, "rejected_share"), _REJECTED[name])
        for name, title in {**_CLEAN, "pooled": "pooled"}.items()
    ),
    *(
        Target(
            f"digits rejected, FSDD test + 8 scenes, {snr_db} dB %",
            _percent("noisy", "fsdd", "mean", str(snr_db), "rejected_share"),
            {},
        )
        for snr_db in (10, 5, 0)
    ),
    Target("AN4 test speakers, letters accepted %", _percent("near_words", "letters", "accepted_share"), _both(8, 10)),
    Target(
        "AN4 test speakers, other words accepted %",
        _percent("near_words", "other_words", "accepted_share"),
        _both(5, 7),
    ),
    Target("other words accepted %", _percent("other_words", "accepted_share"), _both(4, 4)),
    *(Target(title, _percent("noise", name, "accepted_share"), _both(1, 1)) for name, title in _NOISES.items()),
    Target("file, MB", lambda record: record["model"]["bytes"] / 1e6, _both(20, 1)),
    Target(
        "M MACs per second of audio", lambda record: _millions(record["model"].get("macs_per_second")), {"compact": 100}
    ),
)
