"""``StreamingConfig``: how ``StreamingRecognizer`` looks for words."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError

LONGEST_SECONDS = 60.0
"""Of any of the durations, which bound the memory of a stream."""


@dataclass(frozen=True)
class StreamingConfig:
    """How words are looked for; the values were chosen with ``compact`` on AN4's strings of its training speakers.

    Attributes:
        step_seconds: grid of beginnings and ends.
        shortest_seconds: of a word, as it is cut.
        longest_seconds: of a word, as it is cut; at most the model's clip.
        least_probability: of the word of a stretch among the words and none of them, above 0 to below 1; a stretch
            whose word is less probable is none.
        neutral_probability: at which the duration of a stretch speaks neither for nor against it.
        word_gain: worth of a word by itself, in seconds times nats; more hears more words.
        loud_db: how far above the noise floor a word begins and ends.
        floor_seconds: the lowest power of so many last seconds is the noise floor.
        head_seconds: at the beginning of a stream in which the floor is unknown and all but silence is loud.
        pause_seconds: quiet of this length belongs to no word.
        patience_seconds: a word that is undecided so long after its end is decided by what was heard until then.

    >>> StreamingConfig(least_probability=1.0)
    Traceback (most recent call last):
    aurora_resnet...errors.ConfigError: least_probability must lie between 0 and 1, got 1.0
    """

    step_seconds: float = 0.04
    shortest_seconds: float = 0.20
    longest_seconds: float = 0.64
    least_probability: float = 0.88
    neutral_probability: float = 0.8
    word_gain: float = 0.012
    loud_db: float = 10.0
    floor_seconds: float = 4.0
    head_seconds: float = 1.0
    pause_seconds: float = 0.24
    patience_seconds: float = 2.0

    def __post_init__(self) -> None:
        if not 0.005 <= self.step_seconds <= self.shortest_seconds <= self.longest_seconds <= LONGEST_SECONDS:
            raise ConfigError(
                f"expected 0.005 <= step_seconds <= shortest_seconds <= longest_seconds <= {LONGEST_SECONDS:g}, got "
                f"{self.step_seconds}, {self.shortest_seconds}, {self.longest_seconds}"
            )
        for name in ("least_probability", "neutral_probability"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not (abs(self.word_gain) <= 1000 and 0 <= self.loud_db <= 200):
            raise ConfigError(
                f"expected word_gain within +-1000 and loud_db from 0 to 200, got {self.word_gain}, {self.loud_db}"
            )
        for name in ("floor_seconds", "head_seconds", "pause_seconds", "patience_seconds"):
            if not self.step_seconds <= getattr(self, name) <= LONGEST_SECONDS:
                raise ConfigError(
                    f"{name} must lie from step_seconds to {LONGEST_SECONDS:g}, got {getattr(self, name)}"
                )

    def steps(self, seconds: float) -> int:
        """Return a duration as a number of steps."""
        return round(seconds / self.step_seconds)
