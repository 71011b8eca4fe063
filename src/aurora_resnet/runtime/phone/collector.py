"""``NumberCollector``: asks for a number, reads it back and has it corrected, by voice and by keys.

Its user, a voice agent or a telephone line, gives it sound and keys, and says aloud what it is told to say.
"""

from dataclasses import dataclass, replace

from ..audio.encodings import sample_bytes
from ..errors import ConfigError
from ..strings.answer import MOST_ALTERNATIVES, DigitString
from ..strings.dialogue import NextStep, NumberDialogue
from ..strings.events import Rejected, SpeechStarted, StringTimes
from ..strings.recognizer import SILENCE, StringRecognizer
from .entries import EntryEnded, KeyPressed, PhoneEvent
from .line import Key, Opened, Sound
from .phone_line import PhoneLine

YES, NO = "1", "2"
#: The collector counts itself how long nobody speaks: only while it has nothing to say.
NEVER_SECONDS = 3600.0


@dataclass(frozen=True)
class Phrases:
    """What is said; ``{number}`` is the number in groups, such as "4 1 1 1, 2 9 3 1"."""

    ask: str = "Please say or type the number."
    repeat: str = "Sorry, please say the number again."
    confirm: str = f"I have {{number}}. Say or press {YES} if that is right, {NO} if it is not, or say it again."


@dataclass(frozen=True)
class Say:
    """Say this aloud, instead of what is being said."""

    text: str


@dataclass(frozen=True)
class NumberCollected:
    """The conversation is over.

    Attributes:
        number: its digits; ``None`` after too many questions: hand over to a person.
        probability: that it is the number by all answers, 0 to 1.
    """

    number: str | None
    probability: float


CollectorEvent = PhoneEvent | Say | NumberCollected


class NumberCollector:
    """Collect one number of one speaker.

    Where a number is read back, the speaker says or presses 1 or 2, or says the number, or a part of it, once more:
    ``NumberDialogue`` combines all answers. Other speech, and silence, is asked again.

    Args:
        recognizer: who recognises.
        times: how long to wait, how many digits the number has, and its check. ``no_input_seconds`` count from the end
            of what is said: set ``says`` while it is.
        phrases: what is said.
        sure: as ``NumberDialogue``; above 1, every number is read back.
        questions: as ``NumberDialogue``.

    Raises:
        ConfigError: if a number of one digit is possible, or as ``NumberDialogue``.

    >>> times = StringTimes(lengths={4})
    >>> collector = NumberCollector(StringRecognizer.from_pretrained("string_net"), times)
    >>> collector.begin()
    [Say(text='Please say or type the number.')]
    >>> [collector.feed(Key(key))[-1] for key in "4071"][-1]
    NumberCollected(number='4071', probability=0.99...)
    """

    def __init__(
        self,
        recognizer: StringRecognizer,
        times: StringTimes | None = None,
        *,
        phrases: Phrases | None = None,
        sure: float = 0.95,
        questions: int = 4,
    ) -> None:
        self._times = times or StringTimes()
        if self._times.sizes is not None and min(self._times.sizes) < 2:
            raise ConfigError(f"a number that is read back has two digits at least, got lengths {self._times.sizes}")
        self._recognizer, self._opened = recognizer, Opened(8000, "pcm16")
        self._phrases = phrases or Phrases()
        self._dialogue = NumberDialogue(self._times, sure=sure, questions=questions)
        self._active, self._waited = False, 0.0  # the speaker speaks or types; seconds in which neither of us does
        #: Whether something is being said to the speaker.
        self.says = False
        #: Whether the conversation is over: it takes nothing any more.
        self.over = False

    def begin(self) -> list[CollectorEvent]:
        """Begin the conversation; return the first question."""
        return self._go_on(self._dialogue.next)

    def feed(self, event: Opened | Sound | Key) -> list[CollectorEvent]:
        """Take sound or a key; return what happened, in order, and what to say, if anything.

        Args:
            event: ``Opened`` tells what sound comes; until then it is 16-bit at 8 kHz. Sound in short frames, as it
                comes: the rest of the one in which an answer ends is not looked at.

        Raises:
            AudioError: for sound that is not what it should be.
        """
        told: list[CollectorEvent] = []
        if self.over:
            return told
        if isinstance(event, Opened):
            self._opened = event
        if isinstance(event, Sound) and not (self.says or self._active):
            self._waited += len(event.data) / (self._opened.sample_rate * sample_bytes(self._opened.encoding))
        for happened in self._line.feed(event):
            told.append(happened)
            match happened:
                case SpeechStarted() | KeyPressed():
                    self._active = True
                case Rejected():
                    self._active = False
                    if not self.says:
                        return [*told, *self._go_on(self._dialogue.said(SILENCE))]
                case EntryEnded():
                    return [*told, *self._go_on(self._answered(happened))]
        if self._waited >= self._times.no_input_seconds:
            told += self._go_on(self._dialogue.said(SILENCE))
        return told

    def _answered(self, entry: EntryEnded) -> NextStep:
        number = self._dialogue.next.text
        if self._confirms and entry.text in (YES, NO) and entry.accepted is not False:
            return self._dialogue.confirmed(entry.text == YES)
        if self._confirms and len(entry.text) < len(number) and entry.text not in number:  # a correction
            self._dialogue.confirmed(False)
            self._dialogue.asked -= 1  # it is one answer
        return self._dialogue.said(entry_answer(entry))

    def _go_on(self, step: NextStep) -> list[CollectorEvent]:
        if step.action in ("accept", "give up"):
            self.over = True
            accepted = step.action == "accept"
            return [NumberCollected(step.text if accepted else None, step.probability)]
        self._confirms = step.action == "confirm"
        times = replace(self._times, no_input_seconds=NEVER_SECONDS)
        if self._confirms:  # also "1", "2", and a part of the number
            sizes = self._times.sizes and range(1, max(self._times.sizes) + 1)
            times = replace(times, lengths=sizes, check=None, known=None)
        self._line = PhoneLine(self._recognizer, times)
        self._line.feed(self._opened)
        self._active, self._waited = False, 0.0
        number = ", ".join(" ".join(group) for group in step.groups)
        return [Say(getattr(self._phrases, step.action).format(number=number))]


def entry_answer(entry: EntryEnded) -> DigitString:
    """Return an entry as one answer: each key is certain, of what was said there are alternatives.

    >>> entry_answer(EntryEnded("42", ("4", "2"), 1.0, True, "pause", 2.0)).alternatives
    (('42', 1.0),)
    """
    found, spoken = [("", 1.0)], [part for part in entry.parts if isinstance(part, DigitString)]
    for part in entry.parts:
        more = part.alternatives if isinstance(part, DigitString) else ((part, 1.0),)
        found = [(text + text_more, share * share_more) for text, share in found for text_more, share_more in more]
        found = sorted(found, key=lambda each: -each[1])[:MOST_ALTERNATIVES]
    reason = next((part.reason for part in spoken if part.reason is not None), None)
    if entry.accepted is False and reason is None:  # its length, or other words beside it
        reason = "no such string"
    words = tuple(word for part in spoken for word in part.words)
    return DigitString(entry.text, words, entry.confidence, tuple(found), entry.accepted, reason)
