"""``Stream``: what ``Recognizer.stream`` and ``StringRecognizer.stream`` return."""

from typing import Protocol, TypeVar

import numpy.typing as npt

Event = TypeVar("Event")


class Stream(Protocol[Event]):
    """Recognises while sound comes, in chunks of any size; what comes out does not depend on them."""

    def feed(self, samples: npt.ArrayLike) -> list[Event]:
        """Take the next mono samples ``[n]`` and return what they decide, in order; often nothing."""

    def finish(self) -> list[Event]:
        """End the stream and return what was undecided."""
