"""One recording of a noisy tree: read, filter, mix, write, and say how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np

from aurora_resnet.audio.channels import CHANNEL_RATE, apply_channel, g712
from aurora_resnet.audio.levels import active_speech_level
from aurora_resnet.audio.mixing import MixRecord, mix_drawn_noise
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.sources.aurora2 import AURORA_LETTERS
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path, flush_to_disk
from aurora_resnet.noisy_corpus.names import NamedUtterance, speaker_sex
from aurora_resnet.noisy_corpus.plan import Folder
from aurora_resnet.runtime.audio.reading import audio_info, read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, CorpusError

FileFormat = Literal["raw", "flac"]
SUFFIXES: dict[FileFormat, str] = {"raw": ".08", "flac": ".flac"}


@dataclass(frozen=True)
class SceneNoise:
    """The recordings of one scene; one is drawn in proportion to its length, so every second is as likely."""

    paths: tuple[Path, ...]
    seconds: tuple[float, ...]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> SceneNoise:
        """Look up how long the recordings are.

        Raises:
            AudioError: if one is no sound file.
        """
        return cls(tuple(paths), tuple(audio_info(path).seconds for path in paths))

    def draw(self, generator: np.random.Generator) -> Path:
        """Draw a recording."""
        weights = np.array(self.seconds)
        return self.paths[int(generator.choice(len(self.paths), p=weights / weights.sum()))]


@dataclass(frozen=True)
class NoisyFile:
    """A file to be written: this recording in that condition."""

    folder: Folder
    named: NamedUtterance

    @property
    def target(self) -> str:
        """Path below SPEECHDATA, without ending."""
        return f"{self.folder.path}/{self.named.name}"


@dataclass(frozen=True)
class NoisyFileWriter:
    """Writes files of a tree. It goes to the worker processes as it is.

    Attributes:
        home: the folder SPEECHDATA.
        seed: with a file's target it seeds the generator of that file, so no file depends on another.
        noises: the recordings of each scene.
        file_format: ``"raw"`` (``.08``, headerless, big-endian) or ``"flac"``.
    """

    home: Path
    seed: int
    noises: Mapping[str, SceneNoise]
    file_format: FileFormat

    def path(self, file: NoisyFile) -> Path:
        """Return where the file is written."""
        return self.home / (file.target + SUFFIXES[self.file_format])

    def write_all(self, files: Sequence[NoisyFile]) -> list[Utterance | str]:
        """Write files; return for each the utterance that it is now, or why it was skipped.

        The disk has them all when this returns: a row that says so may follow.

        Raises:
            CorpusError: if a file cannot be written (a full disk).
        """
        results = [self._write(file) for file in files]
        try:
            flush_to_disk(result.path for result in results if isinstance(result, Utterance))
        except OSError as error:
            raise CorpusError(f"{self.home} cannot be written ({error}); run again to continue") from error
        return results

    def _write(self, file: NoisyFile) -> Utterance | str:
        source = file.named.utterance.path
        try:
            samples, rate = read_audio(source, raw=file.named.utterance.raw)
            speech = resample(samples, rate, CHANNEL_RATE)
            sent, facts = self._clean(file, speech) if file.folder.snr_db is None else self._noisy(file, speech)
        except AudioError as error:
            return str(error) if str(source) in str(error) else f"{source}: {error}"
        try:
            self._save(self.path(file), sent)
        except (OSError, AudioError) as error:
            raise CorpusError(f"{self.path(file)} cannot be written ({error}); run again to continue") from error
        return self._described(file, facts | {"samples": str(sent.size)})

    def _clean(self, file: NoisyFile, speech: Samples) -> tuple[Samples, dict[str, str]]:
        level_db = active_speech_level(g712(speech, CHANNEL_RATE), CHANNEL_RATE).level_db  # no level, no noisy copies
        sent = apply_channel(file.folder.channel, speech, CHANNEL_RATE)
        peak = float(np.abs(sent).max())
        if peak > 1:
            sent = (sent / peak).astype(np.float32)
        return sent, _facts(level_db, peak)

    def _noisy(self, file: NoisyFile, speech: Samples) -> tuple[Samples, dict[str, str]]:
        snr_db, channel = file.folder.snr_db, file.folder.channel
        assert snr_db is not None
        digest = hashlib.sha256(f"{self.seed}/{file.target}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest, "big"))
        draw = partial(self.noises[file.folder.scene].draw, generator)
        sent, record, noise = mix_drawn_noise(speech, draw, _read_noise, snr_db, generator=generator, channel=channel)
        return sent, _facts(record.speech_level_db, record.peak) | _noise_facts(noise, record)

    def _save(self, path: Path, sent: Samples) -> None:
        if self.file_format == "flac":
            write_audio(sent, path, CHANNEL_RATE, durable=False)
            return
        steps = np.clip(np.rint(sent * 32768), -32768, 32767)
        with atomic_path(path, durable=False) as temporary:
            temporary.write_bytes(steps.astype(">i2").tobytes())

    def _described(self, file: NoisyFile, facts: Mapping[str, str]) -> Utterance:
        source, folder = file.named.utterance, file.folder
        attributes = {
            "set": folder.condition_set,
            "noise": folder.scene,
            "noise_index": str(folder.noise_index or ""),
            "snr_db": "clean" if folder.snr_db is None else str(folder.snr_db),
            "channel": folder.channel,
            "sex": speaker_sex(source),
            "repetition": file.named.name.partition("_")[2].lstrip("".join(AURORA_LETTERS)),
            "aurora_speaker": file.named.speaker_id,
            "source": source.path.as_posix(),
            **facts,
        }
        known = {name: value for name, value in attributes.items() if value}
        raw = RawFormat(CHANNEL_RATE, "big") if self.file_format == "raw" else None
        return Utterance(self.path(file), source.words, source.speaker, source.split, raw, known)


#: What a written utterance may have, in the order of the manifest's columns.
ATTRIBUTES: tuple[str, ...] = (
    "set", "noise", "noise_index", "snr_db", "channel", "sex", "repetition", "aurora_speaker", "source",
    "noise_file", "noise_offset", "gain_db", "speech_level_db", "noise_level_db", "peak", "overload", "samples",
)  # fmt: skip


def _facts(speech_level_db: float, peak: float) -> dict[str, str]:
    return {"speech_level_db": f"{speech_level_db:.4f}", "peak": f"{peak:.6f}", "overload": "yes" if peak > 1 else "no"}


def _noise_facts(noise: Path, record: MixRecord) -> dict[str, str]:
    return {
        "noise_file": noise.as_posix(),
        "noise_offset": str(record.offset),
        "gain_db": f"{record.gain_db:.4f}",
        "noise_level_db": f"{record.noise_level_db:.4f}",
    }


def _read_noise(path: Path) -> Samples:
    """Return a noise at 8 kHz; a process keeps what it has read until the file changes."""
    return _cached_noise(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _cached_noise(path: Path, _changed: int) -> Samples:
    samples, rate = read_audio(path)
    noise = resample(samples, rate, CHANNEL_RATE)
    noise.flags.writeable = False
    return noise
