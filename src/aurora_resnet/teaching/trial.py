"""A model of what was recorded so far, tried while the recording goes on: enrolled, corrected, saved."""

import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import ConfigError, ModelError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.enrol import enrol
from aurora_resnet.teaching.recording_session import OTHER, write_take
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.teaching.report import Taught
from aurora_resnet.teaching.takes import Take


class Trial:
    """Enrols a folder of recordings again and again; only what is new has to be described.

    Args:
        folder: of recordings, as ``read_recordings`` takes it.
        speaker: who speaks what is corrected.

    Attributes:
        recognizer: of the words, after ``enrol``.
    """

    def __init__(self, folder: Path, speaker: str) -> None:
        self.folder, self.speaker = folder.absolute(), speaker
        self.recognizer: Recognizer | None = None
        self._content = b""

    @cached_property
    def encoder(self) -> Encoder:
        """The speech encoder, which takes a second to open."""
        return Encoder()

    def enrol(self) -> Taught:
        """Make the model of all recordings that are there now.

        Raises:
            CorpusError: if they are too few.
        """
        recordings = read_recordings(self.folder)
        with tempfile.TemporaryDirectory() as place:
            taught = enrol(recordings, Path(place) / f"{self.folder.name}.onnx", encoder=self.encoder)
            self.recognizer = Recognizer.from_pretrained(taught.model)
            self._content = taught.model.read_bytes()
        return taught

    def correct(self, take: Take, word: str) -> None:
        """Keep a take that was answered wrongly as a recording of what was said.

        Args:
            take: the take.
            word: one of the model's words, or ``_other`` for anything else.

        Raises:
            ConfigError: for another word.
        """
        words = () if self.recognizer is None else self.recognizer.vocabulary.words
        if word not in (*words, OTHER):
            raise ConfigError(f"expected one of {', '.join(words)} or {OTHER}, got {word[:50]!r}")
        write_take(take, self.folder / word, self.speaker)

    def save(self) -> Path:
        """Write the model beside the folder, under the first name that is free, and return its path.

        Raises:
            ConfigError: before ``enrol``.
            ModelError: if the disk refuses.
        """
        if not self._content:
            raise ConfigError("there is no model to save; try it first")
        for number in range(1, 1_000_000):
            ending = "" if number == 1 else f"_{number}"
            path = self.folder.with_name(f"{self.folder.name}{ending}.onnx")
            try:
                with suppress(FileExistsError), atomic_path(path, new=True) as temporary:
                    temporary.write_bytes(self._content)
                    break
            except OSError as error:
                raise ModelError(f"'{path}' cannot be written: {error}") from error
        return path
