"""``StringRecognizer``: a recording goes in, the string of words that was said comes out."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..audio.encodings import Encoding
from ..audio.prepared import prepare
from ..audio.recordings import AnyRecording, open_recording
from ..audio.waveform import Samples
from ..decision import audible
from ..model_reference import EXPORTED_STRINGS, Kind, resolve
from ..models.strings import SequenceFacts, SequenceModel, StringModel, load_string_model
from ..pretrained import Pretrained
from .answer import DigitString, Reading, string_answer
from .events import StringTimes
from .reading import read_strings
from .rules import Numbers, StringRules
from .second_look import differs
from .stream import TAIL_SECONDS, StringStream

SILENCE = DigitString("", (), 1.0, (), accepted=False, reason="silence")
#: The shipped model that reads streams.
STREAMING = "string_net"


class StringRecognizer(Pretrained[StringModel]):
    """Recognise strings of words, spoken digits unless the model knows others.

    Recordings are what ``Recognizer`` takes. Recognising changes nothing, so one recogniser may serve many threads.

    Args:
        model: what gives the probabilities.

    >>> recognizer = StringRecognizer.from_pretrained("string_net")
    >>> recognizer.recognize(np.zeros(16000, np.int16), 16000).reason
    'silence'
    """

    kind: ClassVar[Kind] = "strings"
    default_model, exported = EXPORTED_STRINGS[0], staticmethod(load_string_model)

    @property
    def facts(self) -> SequenceFacts:
        """What there is to know of the model."""
        return self.model.facts

    def recognize(
        self,
        recording: AnyRecording,
        sample_rate: float | None = None,
        *,
        lengths: Collection[int] | None = None,
        check: Callable[[str], bool] | str | None = None,
        known: Collection[str] | None = None,
        numbers: Numbers = "digits",
    ) -> DigitString:
        """Recognise one recording.

        Args:
            recording: a path, the bytes of a sound file or a file object that holds one, samples, or a mapping of
                samples and their rate; see ``AnyRecording``.
            sample_rate: of samples in Hz; whatever states its own rate takes none.
            lengths: numbers of digits that the string may have, if they are known: only such strings are looked for.
            check: whether a text is possible, or the name of a check, ``luhn``; only such strings are looked for.
            known: all texts that are possible, such as the customers' numbers.
            numbers: how numbers may be said; see ``StringRules``.

        Raises:
            AudioError: if the recording cannot be used.
            ConfigError: for samples without a rate, or anything else with one, or as ``StringRules``.
        """
        rules = StringRules(lengths=lengths, check=check, known=known, numbers=numbers)
        return self.recognize_waveforms([self.waveform(recording, sample_rate)], rules)[0]

    def waveform(self, recording: AnyRecording, sample_rate: float | None = None) -> Samples:
        """Return the model's input for a recording; arguments and errors as ``recognize``."""
        opened, rate = open_recording(recording, sample_rate), self.facts.sample_rate
        samples = prepare(opened.read(0, opened.frames), opened.sample_rate, rate)
        return np.pad(samples, (0, round(TAIL_SECONDS * rate))) if audible(samples) else samples

    def recognize_waveforms(self, waveforms: Iterable[Samples], rules: StringRules | None = None) -> list[DigitString]:
        """Recognise what ``waveform`` made, by rules of what is possible."""
        return [
            self.answer(self.found(samples, rules), rules) if audible(samples) else SILENCE for samples in waveforms
        ]

    def found(self, samples: Samples, rules: StringRules | None = None) -> Reading:
        """Return what is found in a waveform: by a model that looks ahead, and by `string_net` beside it.

        Number words that `string_net` does not know it would take for nothing: such numbers the one reads alone.
        """
        rules = rules or StringRules()
        reading = read_strings(self.model, samples, rules)
        if rules.numbers == "spoken" or self.facts.state_size or differs(self.facts, self._live.facts):
            return reading
        return reading._replace(beside=read_strings(self._live, samples, rules).strings)

    def answer(self, found: Reading, rules: StringRules | None = None) -> DigitString:
        """Return the answer that strings stand for; see ``string_answer``."""
        return string_answer(self.facts, found, rules or StringRules())

    def stream(
        self, sample_rate: float, *, encoding: Encoding | None = None, times: StringTimes | None = None
    ) -> StringStream:
        """Begin a stream, to be fed in chunks of any size; ``StringStreams`` computes many together.

        Args:
            sample_rate: of the stream in Hz, whatever the model's.
            encoding: of a stream that comes as bytes: ``pcm16``, ``mulaw``, ``alaw``.
            times: how long to wait, and which lengths a string may have.

        Raises:
            AudioError: for an absurd rate or an unknown encoding.
            ConfigError: for lengths that no string has.

        >>> stream = StringRecognizer.from_pretrained("string_net").stream(8000)
        >>> stream.feed(np.zeros(48_000, np.float32)), stream.finish()
        ([NoInput(seconds=6.0)], [])
        """
        model, second = self.streaming
        return StringStream(model, times or StringTimes(), sample_rate, encoding, second)

    @property
    def streaming(self) -> tuple[SequenceModel, StringModel | None]:
        """The model that reads streams, and the one that reads a finished string once more, if any.

        A model that looks ahead, as ``speech_encoder`` does, has `string_net` beside it, which knows what is said as it
        is said.
        """
        return (self.model, None) if isinstance(self.model, SequenceModel) else (self._live, self.model)

    @cached_property
    def _live(self) -> SequenceModel:
        live = load_string_model(resolve(STREAMING, kind="strings").path)
        assert isinstance(live, SequenceModel)
        return live
