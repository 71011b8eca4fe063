"""A word in each recording: recordings are opened and cut in one thread while the model computes in another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from aurora_resnet.runtime.audio.clips import Clip
from aurora_resnet.runtime.cli.terminal import printable
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.recognizer import Recognition, Recognizer
from aurora_resnet.transcription.inputs import InputPiece, Opening
from aurora_resnet.transcription.tables import Columns, Row, failed_row

COLUMNS: Columns = {
    "recording": str,
    "word": str,
    "digit": int,
    "confidence": float,
    "accepted": bool,
    "start_seconds": float,
    "recording_seconds": float,
    "error": str,
}
"""A row a recording. ``start_seconds`` is where its clip begins; where there is an ``error``, all else is empty."""


def hear(recognizer: Recognizer, piece: InputPiece, batch: int) -> list[Row]:
    """Return a row for each recording of a piece, in order; what cannot be heard has a row that says why.

    Args:
        recognizer: who answers.
        piece: the recordings.
        batch: clips that are computed together.

    Raises:
        ModelError: if the model cannot be computed.
    """
    recordings = piece.recordings()
    rows: list[Row] = []
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(_clips, recognizer, recordings, batch)
        while clips := coming.result():
            coming = reader.submit(_clips, recognizer, recordings, batch)
            answers = iter(recognizer.recognize_clips([clip for _, clip in clips if isinstance(clip, Clip)]))
            rows += [
                _row(name, clip, next(answers)) if isinstance(clip, Clip) else failed_row(COLUMNS, name, clip)
                for name, clip in clips
            ]
    return rows


def _row(name: str, clip: Clip, answer: Recognition) -> Row:
    return (
        printable(name),
        answer.word,
        answer.digit,
        answer.confidence,
        answer.accepted,
        clip.start_seconds,
        clip.recording_seconds,
        None,
    )


def _clips(
    recognizer: Recognizer, recordings: Iterator[tuple[str, Opening]], count: int
) -> list[tuple[str, Clip | str]]:
    """Return the next clips, or why there is none."""
    return [(name, _clip(recognizer, opening)) for name, opening in islice(recordings, count)]


def _clip(recognizer: Recognizer, opening: Opening) -> Clip | str:
    try:
        return recognizer.clip(opening())
    except AudioError as error:
        return str(error)
    except Exception as error:  # one recording of a million that a library stumbles over stops nothing
        return f"{type(error).__name__}: {error}"
