"""What an engine is: it does work that comes in pieces, each piece once.

The work is a function of a piece. ``prepare`` makes it where it is done, once a worker, so that a model is loaded once
and not sent. ``prepare`` and the pieces travel to the workers (pickle), and the results travel back; what is large
stays on the disk.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

#: Makes the work in a worker; it can be pickled.
Prepare = Callable[[], Callable[[Piece], Result]]

EngineName = Literal["local", "ray"]
#: How often a piece is begun before it counts as lost: the worker that does it ended each time.
ATTEMPTS = 2


@dataclass(frozen=True)
class Outcome(Generic[Piece, Result]):
    """What became of a piece.

    Attributes:
        piece: as it was given.
        result: what the work returned; ``None`` if the piece was lost.
        lost: why there is no result, empty if there is one: the worker ended at each attempt, as by a lack of memory or
            by a damaged file on which a library crashes.
    """

    piece: Piece
    result: Result | None
    lost: str = ""


class Engine(Protocol):
    """Does work that comes in pieces."""

    @property
    def workers(self) -> int:
        """How many pieces are worked on at a time."""

    def run(self, prepare: Prepare[Piece, Result], pieces: Iterable[Piece]) -> Iterator[Outcome[Piece, Result]]:
        """Yield what became of each piece as soon as it is known, in any order.

        Args:
            prepare: makes the work; called once a worker.
            pieces: taken from the iterable when workers are free, as far as the engine can.

        Raises:
            Exception: the first that the work raises; the pieces on their way are finished, no further ones are begun.
        """


class Worker:
    """Holds the work where it is done, in a process or a Ray actor.

    Args:
        prepare: makes it, with the first piece: what it raises belongs to that.
    """

    def __init__(self, prepare: Prepare[Any, Any]) -> None:
        self.prepare = prepare
        self.prepared: Callable[[Any], Any] | None = None

    def work(self, piece: Any) -> Any:
        """Do a piece."""
        if self.prepared is None:
            self.prepared = self.prepare()
        return self.prepared(piece)
