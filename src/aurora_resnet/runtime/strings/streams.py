"""``StringStreams``: strings of words in many streams at once, as they are spoken."""

from collections.abc import Mapping

import numpy.typing as npt

from ..audio.encodings import Encoding
from ..errors import ConfigError
from ..models.strings import SequenceModel
from .events import StringEvent, StringTimes
from .recognizer import StringRecognizer
from .stream import StringStream, compute_steps


class StringStreams:
    """Recognise strings in streams that come in chunks of any size; one call computes all streams in one batch.

    Memory holds a step and the state of each stream, whatever its length. What happens in a stream does not depend on
    the others.

    Args:
        model: what gives the probabilities, or a recogniser, whose second look finished strings have then.
        times: how long to wait, and which lengths a string may have, where ``open`` is not told otherwise.

    >>> from aurora_resnet.runtime import StringRecognizer
    >>> streams = StringStreams(StringRecognizer.from_pretrained("string_net"))
    >>> call = streams.open(8000, encoding="mulaw")
    >>> streams.push({call: bytes([0xFF]) * 56_000})[call]
    [NoInput(seconds=6.0)]
    >>> streams.close(call)
    []
    """

    def __init__(self, model: SequenceModel | StringRecognizer, times: StringTimes | None = None) -> None:
        self.model, self._second = model.streaming if isinstance(model, StringRecognizer) else (model, None)
        self.times = times or StringTimes()
        self._streams: dict[int, StringStream] = {}
        self._opened = 0

    def open(self, sample_rate: float, *, encoding: Encoding | None = None, times: StringTimes | None = None) -> int:
        """Begin a stream and return its number; arguments and errors as ``StringRecognizer.stream``."""
        self._streams[self._opened + 1] = StringStream(
            self.model, times or self.times, sample_rate, encoding, self._second
        )
        self._opened += 1
        return self._opened

    def ask(self, number: int, times: StringTimes) -> None:
        """Expect another answer in a stream from now on; see ``StringStream.ask``.

        Raises:
            ConfigError: for a stream that is not open, or what the model cannot do.
        """
        self._stream(number).ask(times)

    def push(self, samples: Mapping[int, npt.ArrayLike | bytes]) -> dict[int, list[StringEvent]]:
        """Take the next samples of some streams.

        Args:
            samples: by the number of the stream, as ``StringStream.feed`` takes them.

        Returns:
            What happened in each of them, in order; often nothing.

        Raises:
            AudioError: for samples that cannot be used; all streams stay as they were.
            ConfigError: for a stream that is not open.
        """
        streams = {number: self._stream(number) for number in samples}
        chunks = {number: streams[number].input.check(chunk) for number, chunk in samples.items()}
        for number, stream in streams.items():
            stream.waiting.extend(stream.input.take(chunks[number]))
        compute_steps(list(streams.values()))
        return {number: stream.happened() for number, stream in streams.items()}

    def close(self, number: int) -> list[StringEvent]:
        """End a stream; return what happened in its rest, and its string if one was begun.

        Raises:
            ConfigError: for a stream that is not open.
        """
        stream = self._stream(number)
        self.forget(number)
        return stream.finish()

    def forget(self, number: int) -> None:
        """End a stream, if it is open, without computing its rest."""
        self._streams.pop(number, None)

    def _stream(self, number: int) -> StringStream:
        if number not in self._streams:
            raise ConfigError(f"there is no open stream {number}; open() returns a number")
        return self._streams[number]
