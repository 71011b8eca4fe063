"""What the commands share of words and of strings."""

import argparse
from typing import Any, Generic, TypeVar

from ..pretrained import Pretrained

RecognizerT = TypeVar("RecognizerT", bound=Pretrained[Any])


def share(text: str) -> float:
    """Return a share, as ``1%`` or ``0.01``.

    >>> share("2.5%"), share("0.05")
    (0.025, 0.05)
    """
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a share as 1% or 0.01, got '{text}'") from None


class Task(Generic[RecognizerT]):
    """A recogniser for the options of a command.

    Args:
        recognizer: its class.
        default: the model, where the options name none.
        options: of the command line.
        threads: CPU threads that compute an answer.
    """

    def __init__(
        self, recognizer: type[RecognizerT], default: str, options: argparse.Namespace, threads: int | None
    ) -> None:
        given = {name: getattr(options, name, None) for name in ("compute", "refused", "trust_code")}
        self.recognizer = recognizer.from_pretrained(
            options.model or default,
            device=given["compute"] or "cpu",
            threads=threads,
            refused=given["refused"],
            trust_code=bool(given["trust_code"]),
        )
        #: ``count`` is how many words or strings there were in a stream.
        self.options, self.count = options, 0
