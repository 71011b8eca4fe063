"""``StringStreams``: strings of words in many streams at once, as they are spoken.

Everything happens at the steps of the model, counted in samples from the beginning of a stream, and what a step gives
depends on the steps before it alone. So events and probabilities do not depend, to the last bit, on the chunks that the
samples come in; a whole recording, of which many steps are computed at once, is summed in another order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..audio.encodings import Encoding, check_encoding, decode_samples
from ..audio.waveform import Samples, channel_samples
from ..errors import AudioError, ConfigError
from .events import StringEvent, StringTimes
from .model import SequenceModel, weighted
from .recognizer import StringRecognizer
from .stream import StringStream


class StringStreams:
    """Recognise strings in streams that come in chunks of any size; one call computes all streams in one batch.

    Memory holds a step and the state of each stream, whatever its length.

    Args:
        model: what gives the probabilities.
        times: how long to wait, and which lengths a string may have, where ``open`` is not told otherwise.

    >>> from aurora_resnet.runtime.strings.model import load_sequence_model
    >>> streams = StringStreams(load_sequence_model("string_net"))
    >>> call = streams.open(8000, encoding="mulaw")
    >>> streams.push({call: bytes([0xFF]) * 56_000})[call]
    [NoInput(seconds=6.0)]
    >>> streams.close(call)
    []
    """

    def __init__(self, model: SequenceModel, times: StringTimes | None = None) -> None:
        self.recognizer = StringRecognizer(model)
        self.times = times or StringTimes()
        self._streams: dict[int, StringStream] = {}
        self._opened = 0

    def open(self, sample_rate: float, *, encoding: Encoding | None = None, times: StringTimes | None = None) -> int:
        """Begin a stream and return its number.

        Args:
            sample_rate: of its samples in Hz, whatever the model's.
            encoding: of a stream that comes as bytes: ``pcm16``, ``mulaw``, ``alaw``.
            times: of this stream.

        Raises:
            AudioError: for an absurd rate or an unknown encoding.
            ConfigError: for lengths that no string has.
        """
        known = None if encoding is None else check_encoding(encoding)
        self._streams[self._opened + 1] = StringStream(self.recognizer, times or self.times, sample_rate, known)
        self._opened += 1
        return self._opened

    def push(self, samples: Mapping[int, npt.ArrayLike | bytes]) -> dict[int, list[StringEvent]]:
        """Hear the next samples of some streams.

        Args:
            samples: by the number of the stream: mono ``[n]``, also none; in [-1, 1] if they are of a floating-point
                type; int8, uint8, int16 and int32 are scaled. Of a stream with an encoding: whole samples as bytes.

        Returns:
            What happened in each of them, in order; often nothing.

        Raises:
            AudioError: for samples that cannot be used; all streams stay as they were.
            ConfigError: for a stream that is not open.
        """
        streams = {number: self._stream(number) for number in samples}
        chunks = {number: _mono(chunk, streams[number].encoding) for number, chunk in samples.items()}
        for number, stream in streams.items():
            stream.take(chunks[number])
        self._compute(list(streams.values()))
        return {number: stream.happened() for number, stream in streams.items()}

    def close(self, number: int) -> list[StringEvent]:
        """End a stream; return what happened in its rest, and its string if one was begun.

        Raises:
            ConfigError: for a stream that is not open.
        """
        stream = self._stream(number)
        stream.end()
        self._compute([stream])
        stream.finish()
        self.forget(number)
        return stream.happened()

    def forget(self, number: int) -> None:
        """End a stream, if it is open, without computing its rest, for which nobody waits."""
        self._streams.pop(number, None)

    def _stream(self, number: int) -> StringStream:
        if number not in self._streams:
            raise ConfigError(f"there is no open stream {number}; open() returns a number")
        return self._streams[number]

    def _compute(self, streams: list[StringStream]) -> None:
        """Compute all whole steps, one of all streams at a time.

        Several steps at once would be summed in another order, and what rounds otherwise may become another integer in
        a quantised network.
        """
        model = self.recognizer.model
        step = model.facts.step_samples
        while ready := [stream for stream in streams if len(stream.waiting) >= step]:
            samples = np.stack([stream.waiting[:step] for stream in ready])
            probabilities, states = model.step(samples, np.concatenate([stream.state for stream in ready]))
            shares = weighted(probabilities[:, 0], model.facts)
            for row, stream in enumerate(ready):
                stream.state = states[row : row + 1]
                stream.advance(samples[row], shares[row])
                stream.waiting = stream.waiting[step:]
        for stream in streams:
            stream.waiting = stream.waiting.copy()  # the rest alone, not all that came


def _mono(samples: npt.ArrayLike | bytes, encoding: Encoding | None) -> Samples:
    if encoding is not None:
        if not isinstance(samples, bytes | bytearray | memoryview):
            raise AudioError(f"stream: expected bytes of {encoding}, got {type(samples).__name__}")
        return decode_samples(bytes(samples), encoding)
    chunk = samples if isinstance(samples, bytes | bytearray | memoryview) else np.asarray(samples)
    if isinstance(chunk, np.ndarray) and chunk.ndim != 1:
        raise AudioError(f"stream: expected mono samples [n], got shape {chunk.shape}")
    return channel_samples(chunk, "stream")[:, 0] if len(chunk) else np.zeros(0, np.float32)
