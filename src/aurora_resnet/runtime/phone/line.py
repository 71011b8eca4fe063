"""What happens on a telephone line, whichever provider's messages tell it."""

import json
from dataclasses import dataclass, field
from typing import Any

from ..audio.encodings import Encoding
from ..errors import AudioError

KEYS = "0123456789*#ABCD"


@dataclass(frozen=True)
class Opened:
    """The line is open.

    Attributes:
        sample_rate: of its sound in Hz.
        encoding: of its sound.
        call: what the provider calls it; empty if it has no name.
        settings: what whoever set up the call passed on, as text.
    """

    sample_rate: int
    encoding: Encoding
    call: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sound:
    """Samples of the caller, as ``Opened`` says."""

    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Key:
    """A key was pressed: one of ``KEYS``."""

    key: str


@dataclass(frozen=True)
class Mark:
    """A prompt was played up to the mark of this name."""

    name: str


@dataclass(frozen=True)
class HungUp:
    """The call is over."""


LineEvent = Opened | Sound | Key | Mark | HungUp


def pressed(key: Any) -> Key:
    """Return the event of a key.

    Raises:
        AudioError: if there is no such key.

    >>> pressed("#")
    Key(key='#')
    """
    if not isinstance(key, str) or len(key) != 1 or key not in KEYS:
        raise AudioError(f"expected one of the keys {KEYS}, got {str(key)[:50]!r}")
    return Key(key)


def read_message(message: str | bytes, provider: str) -> dict[str, Any]:
    """Return a provider's message, a JSON object that names its ``event``.

    Raises:
        AudioError: if it is anything else.
    """
    try:
        values = json.loads(message)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or not isinstance(values.get("event"), str):
        raise AudioError(f"expected a message of {provider} (JSON with 'event'), got {message[:100]!r}")
    return values
