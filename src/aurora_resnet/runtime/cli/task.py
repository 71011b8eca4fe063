"""What the commands share of words and of strings."""

from __future__ import annotations

import argparse
from typing import Any, Generic, TypeVar

from ..pretrained import Pretrained

RecognizerT = TypeVar("RecognizerT", bound=Pretrained[Any])


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
        device, trust_code = getattr(options, "compute", "cpu"), getattr(options, "trust_code", False)
        self.recognizer = recognizer.from_pretrained(
            options.model or default, device=device, threads=threads, trust_code=trust_code
        )
        self.options, self.count = options, 0
        """``count`` is how many words or strings there were in a stream."""
