"""``PhoneLine``: a provider's events go in, what the caller says and types comes out."""

from ..audio.encodings import sample_bytes
from ..errors import AudioError
from ..strings.events import StringTimes
from ..strings.recognizer import StringRecognizer
from .entries import Entries, KeyPressed, PhoneEvent
from .line import HungUp, Key, LineEvent, Opened, Sound


class PhoneLine:
    """Recognise one call. ``aurora-resnet serve`` does the same for many calls in one batch.

    Args:
        recognizer: who answers.
        times: how long to wait, and how many digits an entry may have, keys and words together.

    >>> from aurora_resnet.runtime import StringRecognizer
    >>> line = PhoneLine(StringRecognizer.from_pretrained("string_net"))
    >>> line.feed(Opened(8000, "mulaw")), line.feed(Sound(bytes([0xFF]) * 4000))
    ([], [])
    >>> [event.seconds for event in line.feed(Key("4"))], line.feed(HungUp())[-1].text
    ([0.5], '4')
    """

    def __init__(self, recognizer: StringRecognizer, times: StringTimes | None = None) -> None:
        self._recognizer, self._entries = recognizer, Entries(times or StringTimes())
        self._opened: Opened | None = None
        self._came = 0  # bytes of sound

    def feed(self, event: LineEvent) -> list[PhoneEvent]:
        """Take what happened on the line and return what it means, in order; often nothing.

        Raises:
            AudioError: for sound before the line is open, or that is not what it should be.
        """
        if isinstance(event, Opened):
            self._opened, self._came = event, 0
            self._begin()
            return []
        if self._opened is None:
            raise AudioError(f"the line is not open: expected Opened first, got {type(event).__name__}")
        if isinstance(event, Sound):
            told = self._entries.told(self._stream.feed(event.data), self._begun)
            self._came += len(event.data)
            told += self._entries.passed(self._seconds)
            if self._entries.renew:
                told += self._finish()
                self._begin()
            return told
        if isinstance(event, Key):
            told = [*self._finish(), KeyPressed(event.key, self._seconds)]
            told += self._entries.key(event.key, self._seconds)
            self._begin()
            return told
        if isinstance(event, HungUp):
            told = [*self._finish(), *self._entries.hang_up(self._seconds)]
            self._opened = None
            return told
        return []

    @property
    def _seconds(self) -> float:
        assert self._opened is not None
        return self._came / (self._opened.sample_rate * sample_bytes(self._opened.encoding))

    def _begin(self) -> None:
        assert self._opened is not None
        self._stream = self._recognizer.stream(
            self._opened.sample_rate, encoding=self._opened.encoding, times=self._entries.stretch_times()
        )
        self._begun = self._seconds

    def _finish(self) -> list[PhoneEvent]:
        return self._entries.told(self._stream.finish(), self._begun)
