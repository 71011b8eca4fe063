"""``StreamingConfig``: how ``StreamingRecognizer`` looks for words."""

from dataclasses import dataclass
from typing import Self

from ..errors import ConfigError
from ..vocabulary import Vocabulary

#: The longest clip that a model may have; what is remembered of a stream is bounded by it too.
MOST_SECONDS = 60.0
MOST_GAIN = 60.0
LEAST_SHARE = 1e-6
MOST_DB = 100.0
#: Grid of digits beside other words: these may be long, and their models large, so that fewer stretches are tried.
COARSE_SECONDS = 0.16
#: Of words that are said alone; see docs/own-words.md.
ALONE_STEP_SECONDS, ALONE_PAUSE_SECONDS = 0.08, 0.48


@dataclass(frozen=True)
class StreamingConfig:
    """How words are looked for; the values were chosen with ``compact`` on AN4's strings of its training speakers.

    Attributes:
        step_seconds: grid of beginnings and ends, from 0.005; it and all other durations at most 60.
        shortest_seconds: of a word, as it is cut.
        longest_seconds: of a word, as it is cut; at most the model's clip.
        least_probability: of the word of a stretch among the words and none of them, 1e-6 to 1 - 1e-6; a stretch
            whose word is less probable is none.
        neutral_probability: at which the duration of a stretch speaks neither for nor against it.
        word_gain: worth of a word by itself, in seconds times nats, -60 to 60; more gives more words.
        loud_db: how far above the noise floor a word begins and ends, 0 to 100.
        floor_seconds: the lowest power of so many last seconds is the noise floor.
        head_seconds: at the beginning of a stream in which the floor is unknown and all but silence is loud.
        pause_seconds: quiet of this length belongs to no word.
        patience_seconds: a word that is undecided so long after its end is decided by what came until then.
        alone: a word is the whole of what lies between two pauses: talk runs on, a command is said by itself. Its
            probabilities and its gain do not count then, but the model's threshold does.

    >>> StreamingConfig(least_probability=1.0)
    Traceback (most recent call last):
    aurora_resnet...errors.ConfigError: least_probability must lie from 1e-06 to 0.999999, got 1.0
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
    alone: bool = False

    @classmethod
    def of(cls, vocabulary: Vocabulary, clip_seconds: float) -> Self:
        """Return the default for a model: words as long as its clips, said alone unless some are digits.

        >>> StreamingConfig.of(Vocabulary(("one", "stop")), 1.0).longest_seconds
        0.96
        >>> StreamingConfig.of(Vocabulary(("go", "stop")), 1.0).alone
        True
        """
        if None not in vocabulary.digits:
            return cls()
        alone = set(vocabulary.digits) == {None}
        step = ALONE_STEP_SECONDS if alone else COARSE_SECONDS
        return cls(
            step_seconds=step,
            longest_seconds=step * int(clip_seconds / step),
            pause_seconds=ALONE_PAUSE_SECONDS if alone else cls.pause_seconds,
            alone=alone,
        )

    def __post_init__(self) -> None:
        if not 0.005 <= self.step_seconds <= self.shortest_seconds <= self.longest_seconds <= MOST_SECONDS:
            raise ConfigError(
                f"expected 0.005 <= step_seconds <= shortest_seconds <= longest_seconds <= {MOST_SECONDS:g}, got "
                f"{self.step_seconds}, {self.shortest_seconds}, {self.longest_seconds}"
            )
        short = (self.step_seconds, MOST_SECONDS)
        bounds = {"word_gain": (-MOST_GAIN, MOST_GAIN), "loud_db": (0.0, MOST_DB)}
        bounds |= dict.fromkeys(("floor_seconds", "head_seconds", "pause_seconds", "patience_seconds"), short)
        bounds |= dict.fromkeys(("least_probability", "neutral_probability"), (LEAST_SHARE, 1 - LEAST_SHARE))
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} must lie from {low:g} to {high:g}, got {getattr(self, name)}")

    def steps(self, seconds: float) -> int:
        """Return a duration as a number of steps."""
        return round(seconds / self.step_seconds)
