"""What a transcription recognises, and how: a piece in, a row a recording out.

Recordings are opened and prepared in one thread while the model computes in another.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from aurora_resnet.runtime.cli.terminal import printable
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from aurora_resnet.runtime.pretrained import Pretrained
from aurora_resnet.transcription.inputs import InputPiece, Opening
from aurora_resnet.transcription.strings import Strings
from aurora_resnet.transcription.tables import Columns, Row, failed_row
from aurora_resnet.transcription.words import Words


@dataclass(frozen=True)
class TranscriptionModel:
    """A model and how it computes; ``load`` makes what recognises where the work is done.

    Attributes:
        model: as ``resolve`` takes it.
        device: where to compute.
        threads: CPU threads of one call.
        batch: recordings that are computed together; more take more memory and are no faster on a CPU.
        task: ``Words()`` or ``Strings(...)``.
        trust_code: import the code that a checkpoint names, in every worker; see ``load_checkpoint``.
    """

    model: str
    device: str = "cpu"
    threads: int = 1
    batch: int = 16
    task: Words | Strings = field(default_factory=Words)
    trust_code: bool = False

    #: Recordings of a piece; see ``Plan``.
    most, fewest = 1024, 64

    @property
    def columns(self) -> Columns:
        """The columns of the table."""
        return self.task.columns

    def file(self) -> ModelFile:
        """Return the file that the model's answers come from."""
        return resolve(self.model, kind=self.task.recognizer.kind, device=self.device)

    def settings(self) -> dict[str, Any]:
        """Return all but the model that the rows depend on, as plain JSON values."""
        return {"columns": list(self.task.columns), **self.task.settings()}

    def load(self) -> Callable[[InputPiece], list[Row]]:
        """Return what makes the rows of a piece; it raises ``ModelError`` if the model cannot be computed."""
        recognizer = self.task.recognizer.from_pretrained(
            self.model, device=self.device, threads=self.threads, trust_code=self.trust_code
        )
        return partial(_rows, self.task, recognizer, self.batch)


def _rows(task: Any, recognizer: Pretrained[Any], batch: int, piece: InputPiece) -> list[Row]:
    """Return a row for each recording of a piece, in order; what cannot be used has a row that says why."""

    def prepare(opening: Opening) -> tuple[Any, str | None]:
        try:
            return task.prepare(recognizer, opening()), None
        except AudioError as error:
            return None, str(error)
        except Exception as error:  # one recording of a million that a library stumbles over stops nothing
            return None, f"{type(error).__name__}: {error}"

    def coming(recordings: Iterator[tuple[str, Opening]]) -> list[tuple[str, Any, str | None]]:
        return [(name, *prepare(opening)) for name, opening in islice(recordings, batch)]

    recordings = piece.recordings()
    rows: list[Row] = []
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(coming, recordings)
        while part := following.result():
            following = reader.submit(coming, recordings)
            answers = iter(task.answer(recognizer, [prepared for _, prepared, problem in part if problem is None]))
            rows += [
                (printable(name), *task.values(prepared, next(answers)), None)
                if problem is None
                else failed_row(task.columns, name, problem)
                for name, prepared, problem in part
            ]
    return rows
