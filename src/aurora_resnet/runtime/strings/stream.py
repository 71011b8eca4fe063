"""``StringStream``: what happens in one stream, step by step, from the probabilities of its words."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from ..audio.encodings import Encoding
from ..audio.low_cut import LowCut
from ..audio.resampling import StreamResampler
from ..audio.tones import ToneCut
from ..audio.waveform import Samples
from ..streaming.loudness_gate import LoudnessGate
from .events import Digit, EndReason, NoInput, Partial, Rejected, SpeechStarted, StringEnded, StringEvent, StringTimes
from .recognizer import RIVALS, TAIL_SECONDS, DigitString, StringRecognizer, string_text
from .search import WORDS_AT_A_TIME, Hypothesis, PrefixSearch, Words

SURE, LIKELY = 0.95, 0.6
"""A word is told when so much of the probability agrees on it; the lower share does ``LATE_SECONDS`` after its end."""
LATE_SECONDS = 0.08
FLOOR_SECONDS, HEAD_SECONDS = 4.0, 0.12
FORGET_SECONDS, NO_WORD = 1.0, 0.9
"""After so long without a word the search begins anew, in a step that is surely none: each step of waiting adds a few
strings that nobody said to the rivals of what is said at last, and after a minute no string would be certain."""
SPEECH_SECONDS = 0.2
"""Louder than the noise for so long is speech."""


class StringStream:
    """One of the streams of ``StringStreams``, which computes the probabilities.

    Args:
        recognizer: model and answers.
        times: how long to wait.
        sample_rate: of the stream in Hz.
        encoding: of a stream that comes as bytes.
    """

    def __init__(
        self, recognizer: StringRecognizer, times: StringTimes, sample_rate: float, encoding: Encoding | None
    ) -> None:
        self._recognizer, self._times, self.encoding = recognizer, times, encoding
        facts = recognizer.facts
        self._resampler = StreamResampler(sample_rate, facts.sample_rate)
        self._low_cut, self._tone_cut = LowCut(facts.sample_rate), ToneCut(facts.sample_rate)
        self._raw: Samples = np.zeros(0, np.float32)  # less than a step
        self.waiting: Samples = np.zeros(0, np.float32)  # without tones
        self.state = recognizer.model.begin()
        self._events: list[StringEvent] = []
        self._step = self._heard = self._known = 0  # steps computed and come, samples without tones
        self._arrived: deque[int] = deque()  # of each step that waits, how many had come when it was known
        self._now = 0
        self._gate = LoudnessGate(times.loud_db, self._steps(FLOOR_SECONDS), self._steps(HEAD_SECONDS))
        self._restart()

    def _restart(self) -> None:
        self._search = self._begin_search()
        self._begun = self._now
        self._loud = self._quiet = 0
        self._speaks = self._told = False
        self._partial: Words = ()
        self._certain: Words = ()

    def _begin_search(self) -> PrefixSearch:
        return PrefixSearch(len(self._recognizer.vocabulary), self._times.lengths)

    def _steps(self, seconds: float) -> int:
        return max(1, round(seconds / self._recognizer.facts.step_seconds))

    @property
    def _seconds(self) -> float:
        return self._now * self._recognizer.facts.step_seconds

    def take(self, samples: Samples) -> None:
        """Take samples at the stream's rate."""
        self._filter(self._resampler.push(samples))

    def end(self) -> None:
        """Take the rest, and silence behind it, in which nobody is waited for."""
        self._told = True
        self._filter(self._resampler.flush())
        self._filter(np.zeros(round(TAIL_SECONDS * self._recognizer.facts.sample_rate), np.float32))
        if missing := -len(self._raw) % self._recognizer.facts.step_samples:
            self._filter(np.zeros(missing, np.float32))
        rest = self._tone_cut.flush()
        self._arrive(rest)
        self.waiting = np.concatenate((self.waiting, rest))

    def _arrive(self, samples: Samples) -> None:
        """Note for each step that these samples complete how many steps have come by then."""
        self._known += len(samples)
        complete = self._known // self._recognizer.facts.step_samples - self._step - len(self._arrived)
        self._arrived.extend([self._heard] * complete)

    def _filter(self, samples: Samples) -> None:
        step = self._recognizer.facts.step_samples
        self._raw = np.concatenate((self._raw, samples))
        whole = len(self._raw) // step
        known = []
        for number in range(whole):
            known.append(self._tone_cut.push(self._low_cut.push(self._raw[number * step : (number + 1) * step])))
            self._heard += 1
            self._arrive(known[-1])
        self.waiting = np.concatenate((self.waiting, *known))
        self._raw = self._raw[whole * step :].copy()

    def happened(self) -> list[StringEvent]:
        """Return what happened since the last call."""
        events, self._events = self._events, []
        return events

    def advance(self, samples: Samples, shares: npt.NDArray[np.float64]) -> None:
        """Go on by one step."""
        self._step += 1
        self._now = self._arrived.popleft()
        loud = self._gate.is_loud(samples)
        self._loud = self._loud + 1 if loud else 0
        self._quiet = 0 if loud else self._quiet + 1
        self._search.push(shares[None])
        best = self._search.so_far(most=1)
        words = best[0].words if best else ()
        if (
            not words
            and self._search.frame >= self._steps(FORGET_SECONDS)
            and shares[len(self._recognizer.vocabulary) :].sum() >= NO_WORD
        ):
            self._search = self._begin_search()
        if not self._speaks and (words or self._loud >= self._steps(SPEECH_SECONDS)):
            self._speaks = True
            self._events.append(SpeechStarted(self._seconds))
        if words != self._partial:
            self._partial = words
            self._events.append(Partial(string_text(self._recognizer.vocabulary, words), self._seconds))
        if words:
            self._tell_certain(best[0])
        self._look_for_an_end(best[0] if best else None)

    def _tell_certain(self, best: Hypothesis) -> None:
        certain, likely = self._search.stable(SURE, LIKELY)
        over = self._search.frame - self._steps(LATE_SECONDS)
        if len(likely) > len(certain) and best.words[: len(likely)] == likely:
            ended = sum(end <= over for _, end in best.spans[: len(likely)])
            certain = likely[: max(len(certain), ended)]
        if len(certain) <= len(self._certain):
            return
        self._search.commit(certain)
        answer = self._answer(self._search.so_far(most=RIVALS))
        for word in answer.words[len(self._certain) : len(certain)]:
            self._events.append(Digit(word, self._seconds))
        self._certain = certain

    def _look_for_an_end(self, best: Hypothesis | None) -> None:
        times, lengths = self._times, self._times.lengths
        if best is not None and best.words:
            first, last = best.spans[0][0], best.spans[-1][1]
            waited = self._search.frame - last
            at_most = self._steps(times.at_most_seconds)
            if lengths is not None and len(self._certain) == max(lengths) and waited > 0:
                self._finish("length")
            elif waited >= self._steps(times.between_seconds):
                self._finish("pause")
            elif waited > 0 and (self._search.frame - first >= at_most or len(best.words) >= WORDS_AT_A_TIME):
                self._finish("too long")
        elif self._speaks and self._quiet >= self._steps(times.between_seconds):
            self._events.append(Rejected(self._seconds))
            self._restart()
        elif not self._speaks and not self._told and self._now - self._begun >= self._steps(times.no_input_seconds):
            self._told = True
            self._events.append(NoInput(self._seconds))

    def finish(self) -> None:
        """Tell the string that was begun, if any."""
        best = self._search.so_far(most=1)
        if best and best[0].words:
            self._finish("flush")

    def _finish(self, reason: EndReason) -> None:
        answer = self._answer(self._search.best(most=RIVALS))
        self._events.append(StringEnded(answer, reason, self._seconds))
        self._restart()

    def _answer(self, hypotheses: list[Hypothesis]) -> DigitString:
        offset = self._step - self._search.frame
        complete = self._search.complete(hypotheses[0].spans) if hypotheses else 1.0
        found = [
            Hypothesis(h.words, h.probability, tuple((start + offset, end + offset) for start, end in h.spans))
            for h in hypotheses
        ]
        return self._recognizer.answer(found, complete=complete, constrained=self._times.lengths is not None)
