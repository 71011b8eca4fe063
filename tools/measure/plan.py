"""What is measured of which model on which recordings, as a TOML file; ``plan.toml`` has all that the package carries."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aurora_resnet.config_files import from_mapping, read_toml
from tools.measure.calls import Calls
from tools.measure.dialogue import Dialogues
from tools.measure.own_streams import OwnStreams
from tools.measure.own_words import OwnWords
from tools.measure.records import Job, Settings
from tools.measure.redaction import Redactions
from tools.measure.streams import Streams
from tools.measure.strings import Strings
from tools.measure.words import Words

PLAN = Path(__file__).with_name("plan.toml")
KINDS = ("words", "strings", "streams", "own_words", "own_streams", "redaction", "calls", "dialogues")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Measurements by kind.

    Attributes:
        data: folder of the recordings.
        words: models of single words.
        strings: models of strings.
        streams: models of single words in running speech.
        own_words: trainings of words that no shipped model knows.
        own_streams: such words in streams, and false accepts in talk.
        redaction: numbers silenced in talk.
        calls: models of strings, over telephones.
        dialogues: models of strings, in conversations about a number.
    """

    data: str
    words: Words | None = None
    strings: Strings | None = None
    streams: Streams | None = None
    own_words: OwnWords | None = None
    own_streams: OwnStreams | None = None
    redaction: Redactions | None = None
    calls: Calls | None = None
    dialogues: Dialogues | None = None

    def jobs(self, settings: Settings, kinds: tuple[str, ...] = KINDS) -> Iterator[Job]:
        """Yield what makes the records of some kinds."""
        for kind in kinds:
            measurement: Words | Strings | Streams | OwnWords | OwnStreams | Redactions | Calls | Dialogues | None
            measurement = getattr(self, kind)
            if measurement is not None:
                yield from measurement.jobs(settings)


def read_plan(path: str | Path = PLAN) -> Plan:
    """Read a plan.

    Raises:
        ConfigError: names everything that is wrong in it.

    >>> read_plan().streams.models
    ('compact',)
    """
    return from_mapping(Plan, read_toml(path), str(path))
