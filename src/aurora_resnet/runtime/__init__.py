"""A sound becomes an answer, without torch: reading, clips, the decision, exported models, streams.

>>> from aurora_resnet.runtime import Recognizer
>>> Recognizer.from_pretrained("compact").vocabulary
Vocabulary(11 words: zero, one, two, three, four, five, six, seven, eight, nine, oh)
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from . import telemetry as _telemetry  # noqa: F401  # before any dependency is loaded
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .api import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Load the public names when one is first used (PEP 562), so that a version is printed without NumPy."""
    if name != "__all__" and (name.startswith("_") or find_spec(f".{name}", __name__)):  # a module, not yet imported
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    api = import_module(".api", __name__)
    if name == "__all__":
        return [each for each in vars(api) if each[0] != "_"]
    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
