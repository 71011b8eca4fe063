"""``StringStream``: what happens in one stream, step by step, from the probabilities of its words."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..audio.encodings import Encoding, check_encoding
from ..audio.prepared import Step, StepStream
from ..models.strings import SequenceModel, StringModel
from ..streaming.loudness_gate import LoudnessGate
from .answer import RIVALS, DigitString, string_answer
from .events import Digit, EndReason, NoInput, Partial, Rejected, SpeechStarted, StringEnded, StringEvent, StringTimes
from .rules import knows_numbers
from .search import WORDS_AT_A_TIME, Hypothesis, Words
from .second_look import SecondLook

#: Of silence behind the end: a word is known a little after it was said, and its recording may end with it.
TAIL_SECONDS = 0.4
#: A word is told when so much of the probability agrees on it; the lower share does ``LATE_SECONDS`` after its end.
SURE, LIKELY = 0.95, 0.6
LATE_SECONDS = 0.08
FLOOR_SECONDS, HEAD_SECONDS = 4.0, 0.12
#: After so long without a word the search begins anew, in a step that is surely none: each step of waiting adds a few
#: strings that were not said to the rivals of what is said at last, and after a minute no string would be certain.
FORGET_SECONDS, NO_WORD = 1.0, 0.9
#: Least probability that there is speech at which it began: with `string_net` within 0.3 s of the start of 92 % of 300
#: digits of held-out speakers, and in 10 % of 220 recordings of other sounds.
SPEECH = 0.93
#: Louder than the noise for so long is speech, to a model that does not tell speech from other sounds.
SPEECH_SECONDS = 0.2


class StringStream:
    """Recognise strings in a stream that comes in chunks of any size, as they are spoken.

    Everything happens at the steps of the model, counted in samples from the beginning of the stream, and what a step
    gives depends on the steps before it alone. So events and probabilities do not depend, to the last bit, on the
    chunks; a whole recording, of which many steps are computed at once, is summed in another order.

    Args:
        model: what gives the probabilities.
        times: how long to wait.
        sample_rate: of the stream in Hz.
        encoding: of a stream that comes as bytes.
        second: reads a finished string once more, and has a part in its answer; see ``second_look``.

    Raises:
        ConfigError: if the two models have other words, rates or steps.
    """

    def __init__(
        self,
        model: SequenceModel,
        times: StringTimes,
        sample_rate: float,
        encoding: Encoding | None,
        second: StringModel | None = None,
    ) -> None:
        facts = model.facts
        self._second = None if second is None else SecondLook.beside(second, facts)
        self.model, self._facts = model, facts
        self._times, self._live = times, self._by_first(times)
        self.input = StepStream(
            sample_rate, facts.sample_rate, facts.step_samples, encoding=encoding and check_encoding(encoding)
        )
        self.waiting: deque[Step] = deque()
        self.state = model.begin()
        self._events: list[StringEvent] = []
        self._step = self._now = 0  # steps computed, and that had come when the last of them was known
        self._gate = LoudnessGate(times.loud_db, self._steps(FLOOR_SECONDS), self._steps(HEAD_SECONDS))
        self._restart()

    def _restart(self) -> None:
        self._begin(anew=True)
        self._begun = self._now
        self._loud = self._quiet = 0
        self._speaks = self._told = False
        self._partial: Words = ()
        self._certain: Words = ()

    def _by_first(self, times: StringTimes) -> StringTimes:
        """Return the rules of the stream's model: where it lacks the words, the second look alone reads a number."""
        spoken = times.numbers == "spoken" and self._second is not None and not knows_numbers(self._facts.vocabulary)
        if not spoken:
            return times
        assert self._second is not None
        times.search(self._second.model.facts.vocabulary)
        return replace(times, numbers="digits", lengths=None, check=None, known=None)

    def _begin(self, *, anew: bool) -> None:
        self._search = self._live.search(self._facts.vocabulary)
        if self._second is not None:
            self._second.begin(anew=anew)

    def ask(self, times: StringTimes) -> None:
        """Expect another answer from now on: what was said so far and is not told yet is forgotten."""
        live = self._by_first(times)
        live.search(self._facts.vocabulary)  # refuses what the model cannot do before anything changes
        self._times, self._live = times, live
        self._restart()

    def _steps(self, seconds: float) -> int:
        return max(1, round(seconds / self._facts.step_seconds))

    @property
    def _seconds(self) -> float:
        return self._now * self._facts.step_seconds

    def feed(self, samples: npt.ArrayLike | bytes) -> list[StringEvent]:
        """Take the next samples and return what happened, in order; often nothing.

        Args:
            samples: mono ``[n]``, also none; in [-1, 1] if they are of a floating-point type; int8, uint8, int16 and
                int32 are scaled. Of a stream with an encoding: whole samples as bytes.

        Raises:
            AudioError: for samples that cannot be used; the stream stays as it was.
        """
        self.waiting.extend(self.input.take(self.input.check(samples)))
        return self.happened()

    def finish(self) -> list[StringEvent]:
        """End the stream; return what happened in its rest, and its string if one was begun.

        Raises:
            AudioError: if int32 samples came, and none went beyond what int16 holds: all were taken for silence.
        """
        self._told = True  # behind the end no input is waited for
        self.waiting.extend(self.input.finish(round(TAIL_SECONDS * self._facts.sample_rate)))
        compute_steps([self])
        best = self._search.so_far(most=1)
        if (best and best[0].words) or self._unread:
            self._finish("flush")
        self.input.check_scale()
        return self.happened()

    def happened(self) -> list[StringEvent]:
        """Compute the steps that wait, and return what happened since the last call."""
        compute_steps([self])
        events, self._events = self._events, []
        return events

    def advance(self, shares: npt.NDArray[np.float64], speech: float | None) -> None:
        """Go on by the step that waits first.

        Args:
            shares: probabilities of its words, of other speech and of neither.
            speech: probability that there is any; ``None`` from a model that does not tell.
        """
        samples, self._now = self.waiting.popleft()
        self._step += 1
        loud = self._gate.is_loud(samples)
        self._loud = self._loud + 1 if loud else 0
        self._quiet = 0 if loud else self._quiet + 1
        self._search.push(shares[None])
        if self._second is not None:
            self._second.samples.append(samples)
        best = self._search.so_far(most=1)
        words = best[0].words if best else ()
        if (
            not words
            and not self._unread
            and self._search.frame >= self._steps(FORGET_SECONDS)
            and shares[len(self._facts.vocabulary) :].sum() >= NO_WORD
        ):
            self._begin(anew=False)
        if speech >= SPEECH if speech is not None else words or self._loud >= self._steps(SPEECH_SECONDS):
            self._start()
        if self._speaks and words != self._partial and self._live is self._times:
            self._partial = words
            self._events.append(Partial(self._times.text(self._facts.vocabulary, words), self._seconds))
        if words:
            self._tell_certain(best[0])
        self._look_for_an_end(best[0] if best else None)

    @property
    def _unread(self) -> bool:
        """Whether there was speech that the second look alone can read."""
        return self._speaks and self._live is not self._times

    def _start(self) -> None:
        if not self._speaks:
            self._speaks = True
            self._events.append(SpeechStarted(self._seconds))

    def _tell_certain(self, best: Hypothesis) -> None:
        certain, likely = self._search.stable(SURE, LIKELY)
        over = self._search.frame - self._steps(LATE_SECONDS)
        if len(likely) > len(certain) and best.words[: len(likely)] == likely:
            ended = sum(end <= over for _, end in best.spans[: len(likely)])
            certain = likely[: max(len(certain), ended)]
        if len(certain) <= len(self._certain):
            return
        self._start()
        self._search.commit(certain)
        if self._live is not self._times:  # "seven" may be the end of "forty seven"
            self._certain = certain
            return
        answer = self._answer(self._search.so_far(most=RIVALS))
        for word in answer.words[len(self._certain) : len(certain)]:
            self._events.append(Digit(word, self._seconds))
        self._certain = certain

    def _look_for_an_end(self, best: Hypothesis | None) -> None:
        times, lengths = self._times, self._times.sizes
        at_most = self._steps(times.at_most_seconds)
        if self._unread:
            if self._quiet >= self._steps(times.between_seconds):
                self._finish("pause")
            elif self._search.frame >= at_most:
                self._finish("too long")
        elif best is not None and best.words:
            first, last = best.spans[0][0], best.spans[-1][1]
            waited = self._search.frame - last
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

    def _finish(self, reason: EndReason) -> None:
        if not self._speaks:  # neither the network nor a certain word tells of speech
            self._restart()
            return
        answer = self._answer(self._live.best(self._search, self._facts.vocabulary, most=RIVALS), ended=True)
        nothing = self._live is not self._times and not answer.words
        self._events.append(Rejected(self._seconds) if nothing else StringEnded(answer, reason, self._seconds))
        self._restart()

    def _answer(self, hypotheses: list[Hypothesis], *, ended: bool = False) -> DigitString:
        offset, facts, complete = self._step - self._search.frame, self._facts, 1.0
        if ended and self._second is not None:
            facts = self._second.model.facts
            hypotheses, complete = self._second.at(hypotheses, self._times, whole=self._live is not self._times)
        elif ended:
            complete = self._times.complete(self._search, facts.vocabulary, hypotheses)
        found = [
            Hypothesis(h.words, h.probability, tuple((start + offset, end + offset) for start, end in h.spans))
            for h in hypotheses
        ]
        return string_answer(facts, found, self._times, complete=complete)


def compute_steps(streams: Sequence[StringStream]) -> None:
    """Compute all steps that wait, one of all streams at a time in one batch; the streams have the same model.

    Several steps at once would be summed in another order, and what rounds otherwise may become another integer in a
    quantised network.
    """
    while ready := [stream for stream in streams if stream.waiting]:
        model = ready[0].model
        samples = np.stack([stream.waiting[0][0] for stream in ready])
        probabilities, states = model.step(samples, np.concatenate([stream.state for stream in ready]))
        known, units = probabilities[:, 0], len(model.facts.vocabulary) + 2
        shares = model.facts.weighted(known[:, :units])
        for row, stream in enumerate(ready):
            stream.state = states[row : row + 1]
            stream.advance(shares[row], float(known[row, units]) if known.shape[1] > units else None)
