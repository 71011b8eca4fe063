"""What a transcription hears, a word in each recording or a string, and how: a piece in, a row a recording out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.checks import CHECKS
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.transcription import strings, words
from aurora_resnet.transcription.inputs import InputPiece
from aurora_resnet.transcription.tables import Columns, Row, failed_row

Hear = Callable[[InputPiece], list[Row]]


@dataclass(frozen=True)
class Strings:
    """That strings are heard, and which.

    Attributes:
        lengths: numbers of words that they have, if known.
        check: name of a check, of ``CHECKS``.
    """

    lengths: tuple[int, ...] | None = None
    check: str | None = None

    def __post_init__(self) -> None:
        if self.lengths is not None and (not self.lengths or min(self.lengths) < 1):
            raise ConfigError(f"lengths must name at least one number of words, 1 or more, got {self.lengths}")
        if self.check is not None and self.check not in CHECKS:
            raise ConfigError(f"'{self.check}' is no check; expected {', '.join(CHECKS)}")


@dataclass(frozen=True)
class Hearing:
    """A model and how it computes; ``load`` makes what hears where the work is done.

    Attributes:
        model: as ``resolve`` takes it.
        device: where to compute.
        threads: CPU threads of one call.
        batch: clips that are computed together; more take more memory and are no faster on a CPU.
        strings: if strings are to be heard.
        trust_code: import the code that a checkpoint names, in every worker; see ``load_checkpoint``.
    """

    model: str
    device: str = "cpu"
    threads: int = 1
    batch: int = 16
    strings: Strings | None = None
    trust_code: bool = False

    @property
    def columns(self) -> Columns:
        """Of the table; the first one is the recording, the last one why it could not be heard."""
        return words.COLUMNS if self.strings is None else strings.COLUMNS

    def file(self) -> ModelFile:
        """Return the file that the model's answers come from."""
        return resolve(self.model, kind="words" if self.strings is None else "strings", device=self.device)

    def settings(self) -> dict[str, Any]:
        """Return all but the model that the rows depend on, as plain JSON values."""
        more = {} if self.strings is None else {"strings": asdict(self.strings)}
        return {"columns": list(self.columns), **more}

    def load(self) -> Hear:
        """Return what makes the rows of a piece; it raises ``ModelError`` if the model cannot be computed."""
        if self.strings is None:
            recognizer = Recognizer.from_pretrained(
                self.model, device=self.device, threads=self.threads, trust_code=self.trust_code
            )
            return partial(words.hear, recognizer, batch=self.batch)
        asked = self.strings
        check = None if asked.check is None else CHECKS[asked.check]
        return partial(
            strings.hear,
            StringRecognizer.from_pretrained(
                self.model, device=self.device, threads=self.threads, trust_code=self.trust_code
            ),
            lengths=asked.lengths,
            check=check,
        )

    def failed_row(self, name: str, reason: str) -> Row:
        """Return the row of a recording that could not be heard."""
        return failed_row(self.columns, name, reason)
