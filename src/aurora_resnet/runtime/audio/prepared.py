"""From a recording to the network's input: whole, or in steps as a stream comes.

Words, strings and training take the same way: another sample rate (``audio.resampling``), what lies below speech is cut
(``audio.low_cut``), and so are tones (``audio.tones``). What does not go beyond dither stays what it is: filtered, it
would no longer be told from a signal.
"""

import numpy as np
import numpy.typing as npt

from ..decision import audible
from ..errors import AudioError
from .encodings import Encoding, decode_samples
from .low_cut import LowCut, cut_low
from .resampling import StreamResampler, resample
from .tones import ToneCut, cut_tones
from .waveform import Samples, channel_samples, check_int32_scale

#: A step of the network's input, and how many steps of the stream had come when it was known.
Step = tuple[Samples, int]


def prepare(samples: Samples, from_rate: float, to_rate: int, *, part: bool = False) -> Samples:
    """Return the network's input for a whole waveform, ``[N] -> [M]``.

    Args:
        samples: mono.
        from_rate: of the samples, Hz.
        to_rate: of the network, Hz.
        part: whether the samples are cut out of a longer recording. They count as mirrored before the first one then,
            otherwise as constant, as those of a stream.
    """
    waveform = resample(samples, from_rate, to_rate)
    if not audible(waveform):
        return waveform
    return cut_tones(cut_low(waveform, to_rate) if part else LowCut(to_rate).push(waveform), to_rate)


class StepStream:
    """The network's input of a stream that comes in chunks of any size, in steps; it does not depend on the chunks.

    Args:
        from_rate: of the stream, Hz.
        to_rate: of the network, Hz.
        step_samples: length of a step at the network's rate.
        encoding: of a stream that comes as bytes.

    Raises:
        AudioError: if a rate is not from 1 kHz to 1 MHz.

    >>> stream = StepStream(8000, 8000, step_samples=320)
    >>> len(stream.take(stream.check(np.zeros(1000, np.float32)))), len(stream.finish())
    (1, 3)
    """

    def __init__(self, from_rate: float, to_rate: int, step_samples: int, *, encoding: Encoding | None = None) -> None:
        self.encoding, self._step = encoding, step_samples
        self._resampler = StreamResampler(from_rate, to_rate)
        self._low_cut, self._tone_cut = LowCut(to_rate), ToneCut(to_rate)
        self._raw: Samples = np.zeros(0, np.float32)  # less than a step
        self._known: Samples = np.zeros(0, np.float32)  # without tones, less than a step
        #: Steps of the stream so far.
        self.came = 0
        self._largest_int32 = 0.0

    def check(self, chunk: npt.ArrayLike | bytes) -> Samples:
        """Return a chunk of the stream as mono float32 samples ``[n]``, also none; ``take`` takes them.

        Args:
            chunk: mono samples in [-1, 1] if they are of a floating-point type; int8, uint8, int16 and int32 are
                scaled. Of a stream with an encoding: whole samples as bytes.

        Raises:
            AudioError: for samples of another shape or type, NaN or infinite ones.
        """
        if self.encoding is not None:
            if not isinstance(chunk, bytes | bytearray | memoryview):
                raise AudioError(f"stream: expected bytes of {self.encoding}, got {type(chunk).__name__}")
            return decode_samples(bytes(chunk), self.encoding)
        samples = chunk if isinstance(chunk, bytes | bytearray | memoryview) else np.asarray(chunk)
        if isinstance(samples, np.ndarray) and samples.ndim != 1:
            raise AudioError(
                f"stream: expected mono samples [n], got shape {samples.shape}; "
                "aurora_resnet.runtime.audio.mono.Downmix makes one channel of several"
            )
        if not len(samples):
            return np.zeros(0, np.float32)
        mono = channel_samples(samples, "stream")[:, 0]
        if isinstance(samples, np.ndarray) and samples.dtype == np.int32:
            self._largest_int32 = max(self._largest_int32, float(np.abs(mono).max()))
        return mono

    def take(self, samples: Samples) -> list[Step]:
        """Return the steps that these samples of the stream make known."""
        return self._cut(self._resampler.push(samples))

    def finish(self, tail: int = 0) -> list[Step]:
        """Return the remaining steps; nothing more comes.

        Args:
            tail: samples of silence behind the end, at the network's rate.
        """
        rest = np.concatenate((self._resampler.flush(), np.zeros(tail, np.float32)))
        missing = -(len(self._raw) + len(rest)) % self._step
        steps = self._cut(np.pad(rest, (0, missing)))
        return steps + self._complete(self._tone_cut.flush())

    def check_scale(self) -> None:
        """Refuse a stream of int32 samples that has ended, if all of them would be taken for silence.

        Raises:
            AudioError: if none of them went beyond what int16 holds.
        """
        check_int32_scale(self._largest_int32, "stream")

    def _cut(self, samples: Samples) -> list[Step]:
        self._raw = np.concatenate((self._raw, samples))
        whole = len(self._raw) // self._step
        steps = []
        for raw in self._raw[: whole * self._step].reshape(whole, self._step):
            self.came += 1
            steps += self._complete(self._tone_cut.push(self._low_cut.push(raw)))
        self._raw = self._raw[whole * self._step :].copy()
        return steps

    def _complete(self, known: Samples) -> list[Step]:
        self._known = np.concatenate((self._known, known))
        whole = len(self._known) // self._step
        steps = [(step, self.came) for step in self._known[: whole * self._step].reshape(whole, self._step)]
        self._known = self._known[whole * self._step :].copy()
        return steps
