"""What is measured of which model on which recordings, as a TOML file; ``plan.toml`` has all that the package carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aurora_resnet.config_files import from_mapping, read_toml
from aurora_resnet.runtime.errors import ConfigError, did_you_mean
from tools.measure.left_out import LeftOut
from tools.measure.own_words import OwnWords
from tools.measure.records import Job, Settings
from tools.measure.streams import Streams
from tools.measure.strings import Strings
from tools.measure.word_sets import WordSets
from tools.measure.words import Words

PLAN = Path(__file__).with_name("plan.toml")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Measurements by kind and name; a name stands once.

    Attributes:
        data: folder of the recordings.
        word_sets: on which models of single words are measured.
        words: models of single words.
        strings: models of strings.
        streams: models of single words in running speech.
        own_words: trainings of words that no shipped model knows.
        left_out: trainings without a collection.
    """

    data: str
    word_sets: WordSets | None = None
    words: dict[str, Words] = field(default_factory=dict)
    strings: dict[str, Strings] = field(default_factory=dict)
    streams: dict[str, Streams] = field(default_factory=dict)
    own_words: dict[str, OwnWords] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.words and self.word_sets is None:
            raise ValueError("words are measured on word_sets, which is missing")

    @property
    def names(self) -> tuple[str, ...]:
        """All measurements."""
        return tuple(
            name for group in (self.words, self.strings, self.streams, self.own_words, self.left_out) for name in group
        )

    def jobs(self, name: str, settings: Settings) -> Iterator[Job]:
        """Yield what makes the records of a measurement.

        Raises:
            ConfigError: if there is none of that name.
        """
        if name in self.words and self.word_sets is not None:
            yield self.words[name].job(self.word_sets, settings)
        elif name in self.strings:
            yield self.strings[name].job(settings)
        elif name in self.streams:
            yield self.streams[name].job(settings)
        elif name in self.own_words:
            yield from self.own_words[name].jobs(settings)
        elif name in self.left_out:
            yield from self.left_out[name].jobs(settings)
        else:
            raise ConfigError(f"the plan has no measurement '{name}'{did_you_mean(name, self.names)}")


def read_plan(path: str | Path = PLAN) -> Plan:
    """Read a plan.

    Raises:
        ConfigError: names everything that is wrong in it.

    >>> "string_net" in read_plan().names
    True
    """
    return from_mapping(Plan, read_toml(path), str(path))
