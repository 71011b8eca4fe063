"""What is measured of which model on which recordings, as a TOML file; ``plan.toml`` has all that the package carries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aurora_resnet.config_files import from_mapping, read_toml
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from tools.measure import calls, dialogue, own_streams, own_words, redaction, say, streams, strings
from tools.measure.records import Job, Record, Settings
from tools.measure.words import Words

PLAN = Path(__file__).with_name("plan.toml")
#: Measurements of models of strings: where each record is, and what makes it.
OF_STRINGS: Mapping[str, tuple[str, Callable[[ModelFile, Settings], Record]]] = {
    "strings": ("strings/{}.json", strings.measure),
    "calls": ("numbers/calls_{}.json", calls.measure),
    "dialogues": ("numbers/dialogue_{}.json", dialogue.measure),
}
#: Measurements without models of their own.
OTHERS: Mapping[str, Callable[[Settings], Iterator[Job]]] = {
    "own_words": own_words.jobs,
    "say": say.jobs,
    "own_streams": own_streams.jobs,
    "redaction": redaction.jobs,
}
KINDS = ("words", *OF_STRINGS, "streams", *OTHERS)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        data: folder of the recordings.
        words: models of single words.
        strings: models of strings by the names of their records: strings, over telephones (``calls``), and in
            conversations about a number (``dialogues``).
        streams: models of single words in running speech.
        others: further kinds: words that no shipped model knows (``own_words``), such words as text (``say``)
            and in streams (``own_streams``), numbers silenced in talk (``redaction``).
    """

    data: str
    words: Words | None = None
    strings: dict[str, str] = field(default_factory=dict)
    streams: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def jobs(self, settings: Settings, kinds: Iterable[str] = KINDS) -> Iterator[Job]:
        """Yield what makes the records of some kinds."""
        for kind in kinds:
            if kind == "words" and self.words:
                yield from self.words.jobs(settings)
            elif kind == "streams":
                yield from streams.jobs(self.streams, settings)
            elif kind in OF_STRINGS:
                place, measure = OF_STRINGS[kind]
                for name, model in self.strings.items():
                    file = resolve(model, kind="strings")
                    yield Job(settings.path(place.format(name)), partial(measure, file, settings), file.sha256)
            elif kind in self.others:
                yield from OTHERS[kind](settings)


def read_plan(path: str | Path = PLAN) -> Plan:
    """Read a plan.

    Raises:
        ConfigError: names everything that is wrong in it.

    >>> read_plan().streams
    ('compact',)
    """
    return from_mapping(Plan, read_toml(path), str(path))
