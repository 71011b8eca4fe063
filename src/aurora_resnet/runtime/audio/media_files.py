"""Sound files that libsndfile does not read, decoded by FFmpeg through PyAV: M4A, WebM, AMR, 3GP and so on.

Nothing that such a file states is believed: its length is counted by decoding it once, in frames of some
milliseconds, which takes no memory. FFmpeg is handed open files, never names, and may
open nothing else: no address, no list, no other file. Only containers and decoders of sound are allowed.
"""

import io
import math
from collections.abc import Generator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import AudioError, MissingDependencyError
from .waveform import MAX_CHANNELS, check_sample_rate

CONVERT = "convert it: ffmpeg -i IN OUT.wav"
_FRAME_SAMPLES = 1 << 18
#: Of what a container states: more is missing only where the file was cut off.
_MISSING_SECONDS = 0.25
_CONTAINERS = "mov,matroska,amr,asf,flv,avi,ac3,wv,ape,tta,ogg,caf,aac,wav"
_CODEC_NAMES = """
    aac aac_latm ac3 alac amrnb amrwb libopencore_amrnb libopencore_amrwb ape eac3 flac mp1 mp1float mp2 mp2float
    mp3 mp3float opus libopus vorbis speex libspeex wavpack tta wmav1 wmav2 wmapro wmavoice wmalossless nellymoser
    qcelp evrc gsm gsm_ms g722 g723_1 g726 g729 truespeech adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_swf
    adpcm_yamaha pcm_alaw pcm_mulaw pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be
    pcm_f32le pcm_f32be pcm_f64le pcm_f64be
"""
_CODECS = _CODEC_NAMES.split()

#: Samples of all channels, ``[n, C]``.
Block = npt.NDArray[np.float32]


class NoMediaError(AudioError):
    """FFmpeg does not know it either."""


class MediaFile(AbstractContextManager["MediaFile"]):
    """A file open for reading from its beginning on, as ``soundfile.SoundFile`` is used here.

    Args:
        source: its path, or a whole file in memory with its name.
        frames: how many there are, if that was counted before.
        most_seconds: counting may end where it is known that there is more.

    Raises:
        MissingDependencyError: if PyAV is not installed.
        NoMediaError: if it is of no kind that is read here.
        AudioError: if the file is damaged, cut off, without sound or of too many channels.
    """

    format = "PyAV"

    def __init__(self, source: Any, *, frames: int | None = None, most_seconds: float = math.inf) -> None:
        self._source = source
        self._kind = ""
        self.samplerate = self.channels = 0
        self.frames = self._count(most_seconds) if frames is None else frames
        self._blocks = self._decode()
        self._rest = next(self._blocks, None)  # rate and channels are known

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._blocks.close()

    def seekable(self) -> bool:
        """Tell that there is no going to a sample: jumps land somewhere near."""
        return False

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> Block:  # noqa: ARG002
        """Return the next samples ``[n, C]``, fewer only at the end."""
        parts, missing = [], frames
        while missing > 0:
            block = self._rest if self._rest is not None else next(self._blocks, None)
            if block is None:
                break
            parts.append(block[:missing])
            self._rest = block[missing:] if len(block) > missing else None
            missing -= len(parts[-1])
        return np.concatenate(parts) if parts else np.empty((0, self.channels), np.float32)

    def _count(self, most_seconds: float) -> int:
        frames = 0
        with closing(self._decode()) as blocks:
            for block in blocks:
                frames += len(block)
                if frames > most_seconds * self.samplerate:
                    break
        if not frames:
            raise AudioError(f"{self} holds no samples; record it again or drop it")
        return frames

    def _decode(self) -> Generator[Block, None, None]:
        """Yield the samples of the first sound that is in the file."""
        av, done = _pyav(), 0
        options = {"protocol_whitelist": "none", "format_whitelist": _CONTAINERS, "codec_whitelist": ",".join(_CODECS)}
        with self._open() as stream:
            try:
                container = av.open(stream, container_options=options, metadata_errors="replace")
            except Exception as error:
                raise NoMediaError(f"'{self._source}' is damaged or no sound file") from error
            try:
                with container:
                    self._kind = container.format.long_name
                    if not container.streams.audio:
                        raise AudioError(f"{self} holds no sound; give the recording itself")
                    sound = container.streams.audio[0]
                    codec = sound.codec_context.codec.name if sound.codec_context else "an unknown codec"
                    if codec not in _CODECS:
                        raise AudioError(f"{self} holds {codec}, which is not read; {CONVERT}")
                    sound.codec_context.options = {"max_samples": str(_FRAME_SAMPLES)}
                    packed = av.AudioResampler(format="flt")  # PyAV counts planes wrongly from eight on
                    for frame in container.decode(sound):
                        if frame.samples:
                            self._check(frame)
                            for part in packed.resample(frame):
                                yield part.to_ndarray().reshape(-1, self.channels)
                            done += frame.samples
                    self._check_whole(sound, done)
            except AudioError:
                raise
            except Exception as error:  # FFmpeg's errors, and Python's for values that make no sense
                reason = getattr(error, "strerror", None) or error
                raise AudioError(
                    f"{self} is damaged or cut off near sample {done} ({reason}); copy or record it again"
                ) from error

    def _check(self, frame: Any) -> None:
        found = frame.sample_rate, frame.layout.nb_channels
        if not self.channels:
            self.samplerate, self.channels = check_sample_rate(found[0], f"{self}"), found[1]
            if not 0 < self.channels <= MAX_CHANNELS:
                raise AudioError(f"{self} has {self.channels} channels, expected at most {MAX_CHANNELS}; keep one")
        if found != (self.samplerate, self.channels):
            raise AudioError(f"{self} changes its rate or its channels on the way; {CONVERT}")

    def _check_whole(self, sound: Any, done: int) -> None:
        """Refuse an MP4 file that lost its end, of which FFmpeg says nothing."""
        stated = float((sound.duration or 0) * (sound.time_base or 0))
        if self._kind.startswith("QuickTime") and stated - done / max(1, self.samplerate) > _MISSING_SECONDS:
            raise AudioError(
                f"{self} is cut off: it should last {stated:.2f} s and lasts {done / self.samplerate:.2f} s; "
                "copy or record it again"
            )

    def _open(self) -> BinaryIO:
        return self._source.open("rb") if isinstance(self._source, Path) else io.BytesIO(self._source.data)

    def __str__(self) -> str:
        return f"'{self._source}' ({self._kind})"


def _pyav() -> Any:
    try:
        import av
    except (ImportError, OSError) as error:
        raise MissingDependencyError(f"other kinds are read with PyAV: pip install av; or {CONVERT}") from error
    return av
