"""A string in each recording, of any length."""

from __future__ import annotations

from collections.abc import Callable, Collection

from aurora_resnet.runtime.cli.terminal import printable
from aurora_resnet.runtime.errors import AudioError, ModelError
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.transcription.inputs import InputPiece, Opening
from aurora_resnet.transcription.tables import Columns, Row, failed_row

COLUMNS: Columns = {
    "recording": str,
    "text": str,
    "words": str,
    "confidence": float,
    "accepted": bool,
    "reason": str,
    "start_seconds": float,
    "end_seconds": float,
    "error": str,
}
"""A row a recording; ``words`` with blanks between, where the first begins and the last ends; ``reason`` why it is not
accepted. Where there is an ``error``, all else is empty."""


def hear(
    recognizer: StringRecognizer,
    piece: InputPiece,
    *,
    lengths: Collection[int] | None,
    check: Callable[[str], bool] | None,
) -> list[Row]:
    """Return a row for each recording of a piece, in order; what cannot be heard has a row that says why.

    Args:
        recognizer: who answers.
        piece: the recordings.
        lengths: as ``StringRecognizer.recognize`` takes them.
        check: likewise.

    Raises:
        ModelError: if the model cannot be computed.
    """

    def row(name: str, opening: Opening) -> Row:
        try:
            heard = recognizer.recognize(opening(), lengths=lengths, check=check)
        except AudioError as error:
            return failed_row(COLUMNS, name, str(error))
        except ModelError:
            raise
        except Exception as error:  # one recording of a million that a library stumbles over stops nothing
            return failed_row(COLUMNS, name, f"{type(error).__name__}: {error}")
        spoken = " ".join(word.word for word in heard.words)
        start, end = (heard.words[0].start_seconds, heard.words[-1].end_seconds) if heard.words else (None, None)
        return (
            printable(name), heard.text, spoken, heard.confidence, heard.accepted, heard.reason, start, end, None,
        )  # fmt: skip

    return [row(name, opening) for name, opening in piece.recordings()]
