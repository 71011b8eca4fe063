"""Spoken numbers are silenced: each recording becomes a copy without them, and a row that says where they were."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import soundfile

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.media_files import MediaFile
from aurora_resnet.runtime.audio.reading import open_file
from aurora_resnet.runtime.audio.sound_files import open_sound
from aurora_resnet.runtime.cli.terminal import printable
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from aurora_resnet.runtime.strings.talk import NumberFinder, SpokenNumber
from aurora_resnet.transcription.inputs import InputPiece, SoundPath, TablePiece
from aurora_resnet.transcription.tables import Columns, Row, failed_row

BEEP_HZ, BEEP_AMPLITUDE = 1000.0, 0.1
BLOCK_SECONDS = 60
#: Formats without loss are written as they were; all else becomes FLAC.
KEPT_FORMATS = ("WAV", "WAVEX", "FLAC", "AIFF", "AU", "RF64", "W64")


@dataclass(frozen=True)
class Redaction:
    """What ``transcribe`` does to silence numbers: a piece in, copies and a row a recording out.

    Of a row, ``times`` are ``start-end`` in seconds with blanks between.

    Attributes:
        out: folder of the copies.
        root: folder whose tree the copies keep.
        beep: a tone of 1 kHz instead of silence.
        digits: the fewest that make a number.
    """

    out: str
    root: str
    beep: bool = False
    digits: int = 3
    model: str = "string_net + speech_encoder"

    columns: ClassVar[Columns] = {
        "recording": str,
        "redacted": str,
        "numbers": int,
        "times": str,
        "redacted_seconds": float,
        "recording_seconds": float,
        "error": str,
    }
    #: Recordings of a piece; see ``Plan``.
    most, fewest = 32, 1

    def file(self) -> ModelFile:
        """Return the file that decides."""
        return resolve("speech_encoder", kind="strings")

    def settings(self) -> dict[str, Any]:
        """Return all that the rows depend on, as plain JSON values."""
        return {"redaction": {"beep": self.beep, "digits": self.digits, "root": self.root}}

    def load(self) -> Callable[[InputPiece], list[Row]]:
        """Return what makes the copies and the rows of a piece."""
        return partial(self._rows, NumberFinder(self.digits))

    def _rows(self, finder: NumberFinder, piece: InputPiece) -> list[Row]:
        if isinstance(piece, TablePiece):
            reason = "a recording inside a table cannot be redacted; write it to a sound file"
            return [failed_row(self.columns, name, reason) for name, _ in piece.recordings()]
        return [self._row(finder, file) for file in piece.files]

    def _row(self, finder: NumberFinder, file: SoundPath) -> Row:
        name = printable(file.path)
        try:
            recording = open_file(file.path, file.raw)
            numbers = finder.find(recording)
            copy = redact(file, self._copy(file.path), numbers, beep=self.beep)
        except AudioError as error:
            return failed_row(self.columns, name, str(error))
        except Exception as error:  # as in a transcription, one recording stops nothing; it has no copy
            return failed_row(self.columns, name, f"{type(error).__name__}: {error}")
        seconds = recording.frames / recording.sample_rate
        times = " ".join(f"{number.start_seconds:.2f}-{min(number.end_seconds, seconds):.2f}" for number in numbers)
        silent = sum(min(number.end_seconds, seconds) - number.start_seconds for number in numbers)
        return (name, printable(os.fspath(copy)), len(numbers), times, round(silent, 2), round(seconds, 2), None)

    def _copy(self, path: str) -> Path:
        given, root = Path(path), Path(self.root)
        inside = given.relative_to(root if given.is_relative_to(root) else given.anchor)
        return Path(self.out) / inside


def redact(file: SoundPath, copy: Path, numbers: Sequence[SpokenNumber], *, beep: bool = False) -> Path:
    """Write a copy of a recording in which numbers are silent, in all channels; return where it is.

    WAV, FLAC, AIFF and AU keep format, rate, channels and depth, and all other samples bit for bit. Other formats
    become FLAC of 16 bits (the suffix ``.flac`` is added).

    Args:
        file: the recording.
        copy: where to write; must not be the recording itself.
        numbers: where to silence.
        beep: write a tone instead of silence.

    Raises:
        AudioError: if the recording is damaged or the copy cannot be written.
    """
    with open_sound(Path(file.path), file.raw) as sound:
        rate, channels = int(sound.samplerate), int(sound.channels)
        kept = file.raw is None and not isinstance(sound, MediaFile) and sound.format in KEPT_FORMATS
        about = ("FLAC", "PCM_16") if isinstance(sound, MediaFile) or not kept else (sound.format, sound.subtype)
        copy = copy if kept else copy.with_name(copy.name + ".flac")
        if copy.resolve() == Path(file.path).resolve():
            raise AudioError(f"'{file.path}': its copy would take its place; choose another folder")
        try:
            with (
                atomic_path(copy) as temporary,
                soundfile.SoundFile(
                    temporary, "w", samplerate=rate, channels=channels, format=about[0], subtype=about[1]
                ) as written,
            ):
                at, frames = 0, BLOCK_SECONDS * rate
                exact = "float64" if about[1] in ("FLOAT", "DOUBLE") else "int32"
                while len(block := sound.read(frames, dtype=exact if kept else "float32", always_2d=True)):
                    _silence(block, at, rate, numbers, beep)
                    written.write(block)
                    at += len(block)
        except (OSError, soundfile.LibsndfileError) as error:
            raise AudioError(f"'{file.path}' or its copy '{copy}': {error}") from error
    return copy


def _silence(block: npt.NDArray[Any], at: int, rate: int, numbers: Sequence[SpokenNumber], beep: bool) -> None:
    """Silence what of the numbers lies in a block that begins at frame ``at``."""
    full = 2**31 if block.dtype == np.int32 else 1
    for number in numbers:
        start = max(0, round(number.start_seconds * rate) - at)
        end = min(len(block), round(number.end_seconds * rate) - at)
        if start < end:
            tone = np.sin(2 * np.pi * BEEP_HZ / rate * np.arange(at + start, at + end)) if beep else 0.0
            block[start:end] = (BEEP_AMPLITUDE * full * np.asarray(tone)).reshape(-1, 1).astype(block.dtype)
