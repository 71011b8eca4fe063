r"""``NumberFinder``: where numbers are said in a recording of any length, so that they can be taken out of it.

`string_net` reads everything and names every stretch in which it would not be surprised by three digits; what it names,
`speech_encoder` reads once more. In each frame the digits together have a probability; a run of frames in which it is
at least ``FIRST`` (of the encoder ``SECOND``) and one digit is the most probable is an event, and the largest
probability of the run, :math:`m`, its weight. Events that follow each other within ``GAP_SECONDS`` are a stretch. With
:math:`n` the fewest digits of a number, and the sums over the :math:`n` events of most weight, a stretch is a number if

.. math:: \sum_{\text{string\_net}} m + \sum_{\text{speech\_encoder}} m \ge 1.083 \, n

The numbers below were chosen on held-out speakers' numbers (half of the people, and AN4's), recall first; how well they
do on the others is in the records of ``python -m tools.measure redaction``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..audio.low_cut import LowCut
from ..audio.reading import Recording
from ..audio.resampling import StreamResampler
from ..audio.tones import ToneCut
from ..audio.waveform import Samples
from ..errors import ConfigError
from ..model_reference import resolve
from ..models.strings import WHOLE_STEPS, Probabilities, SequenceModel, StringModel, load_string_model

#: Least probability of digits in a frame of an event, of the model that reads everything and of the second look.
FIRST, SECOND = 0.05, 0.1
GAP_SECONDS = 1.3
#: Least sum of a stretch that is looked at again, and of a number a digit, of both models together.
LEAST, EVIDENCE = 1.0, 13 / 12
#: Before and behind a stretch, what belongs to it in the second look.
AROUND_SECONDS = (1.0, 0.6)
#: What that is shown on both sides, at least.
WINDOW_SECONDS = 1.5
#: How far a digit reaches before and behind its event; the model without look-ahead tells it when it is over.
FIRST_SECONDS, SECOND_SECONDS = (0.75, 0.1), (0.45, 0.3)


@dataclass(frozen=True)
class SpokenNumber:
    """Where a number was said.

    Attributes:
        start_seconds: where it begins, rather too early.
        end_seconds: where it ends, rather too late.
        digits: events in it, about as many as digits.
    """

    start_seconds: float
    end_seconds: float
    digits: int


@dataclass(frozen=True)
class _Event:
    start: int
    end: int
    weight: float


class NumberFinder:
    """Find spoken numbers in recordings.

    Args:
        digits: the fewest that make a number, at least 2.
        threads: of one call of a model.

    >>> from aurora_resnet.runtime.audio.reading import SamplesInMemory
    >>> NumberFinder().find(SamplesInMemory(np.zeros(80_000, np.float32), 8000))
    []
    """

    def __init__(self, digits: int = 3, *, threads: int = 1) -> None:
        if digits < 2:
            raise ConfigError(f"a number has at least 2 digits, got {digits}; one alone is too common to be found")
        self.digits = digits
        first = load_string_model(resolve("string_net", kind="strings").path, threads=threads)
        assert isinstance(first, SequenceModel)
        self.first: SequenceModel = first
        self.second: StringModel = load_string_model(resolve("speech_encoder", kind="strings").path, threads=threads)

    def find(self, recording: Recording) -> list[SpokenNumber]:
        """Return the numbers of a recording, in order and apart from each other.

        Memory grows by 17 kB for each second.

        Raises:
            AudioError: if the recording is damaged.
        """
        rate, step = self.first.facts.sample_rate, self.first.facts.step_samples
        waveform, shares = self._read(recording)
        found: list[SpokenNumber] = []
        for events in stretches(digit_events(shares, FIRST, self._words), round(GAP_SECONDS * rate / step)):
            if len(events) < self.digits or sum(event.weight for event in events) < LEAST:
                continue
            number = self._looked_at(waveform, events)
            if number and found and number.start_seconds <= found[-1].end_seconds:
                last = found.pop()
                end = max(last.end_seconds, number.end_seconds)
                number = SpokenNumber(last.start_seconds, end, last.digits + number.digits)
            found += [number] if number else []
        return found

    @property
    def _words(self) -> int:
        return len(self.first.facts.vocabulary)

    def _read(self, recording: Recording) -> tuple[npt.NDArray[np.float16], Probabilities]:
        """Return a recording as the models take it, and what the first one says of it."""
        facts = self.first.facts
        state, parts, read = self.first.begin(), [], []
        for part in _in_pieces(recording, facts.sample_rate, WHOLE_STEPS * facts.step_samples):
            read.append(part.astype(np.float16))
            padded = np.pad(part, (0, -len(part) % facts.step_samples))
            shares, state = self.first.step(padded[None], state)
            parts.append(shares[0])
        return np.concatenate(read), np.concatenate(parts)

    def _looked_at(self, waveform: npt.NDArray[np.float16], events: list[_Event]) -> SpokenNumber | None:
        facts = self.first.facts
        a_second = facts.sample_rate / facts.step_samples
        first, last = events[0].start, events[-1].end
        start = max(0, first - round(WINDOW_SECONDS * a_second))
        end = last + round(WINDOW_SECONDS * a_second)
        window = waveform[start * facts.step_samples : end * facts.step_samples].astype(np.float32)
        before, behind = AROUND_SECONDS
        seen = [
            _Event(event.start + start, event.end + start, event.weight)
            for event in digit_events(self.second.whole(window), SECOND, self._words)
            if first - before * a_second <= event.start + start and event.end + start <= last + behind * a_second
        ]
        if len(seen) < 2 or self._evidence(events) + self._evidence(seen) < EVIDENCE * self.digits:
            return None
        return SpokenNumber(
            max(0.0, min(first / a_second - FIRST_SECONDS[0], seen[0].start / a_second - SECOND_SECONDS[0])),
            max(last / a_second + FIRST_SECONDS[1], seen[-1].end / a_second + SECOND_SECONDS[1]),
            max(len(events), len(seen)),
        )

    def _evidence(self, events: list[_Event]) -> float:
        return sum(sorted(event.weight for event in events)[-self.digits :])


def _in_pieces(recording: Recording, rate: int, size: int) -> Iterator[Samples]:
    """Yield a recording as the models take it, in pieces of ``size`` samples and a shorter one."""
    resampler, low_cut, tone_cut = StreamResampler(recording.sample_rate, rate), LowCut(rate), ToneCut(rate)
    waiting: list[Samples] = []
    for block in recording.blocks():
        waiting.append(tone_cut.push(low_cut.push(resampler.push(block))))
        if sum(map(len, waiting)) >= size:
            ready = np.concatenate(waiting)
            whole = len(ready) // size * size
            yield from ready[:whole].reshape(-1, size)
            waiting = [ready[whole:]]
    rest = np.concatenate((*waiting, tone_cut.push(low_cut.push(resampler.flush())), tone_cut.flush()))
    rest = np.pad(rest, (0, rate // 2))  # a digit is told when it is over
    yield from (rest[start : start + size] for start in range(0, len(rest), size))


def digit_events(shares: Probabilities, least: float, words: int) -> list[_Event]:
    """Return the events of probabilities ``[T, K + 2 or more]`` whose first ``words`` columns are digits.

    >>> [(event.start, event.end) for event in digit_events(np.float32([[0, 1], [1, 0], [0.9, 0], [0, 1]]), 0.5, 1)]
    [(1, 3)]
    """
    digits = shares[:, :words]
    together = digits.sum(axis=1)
    names = np.where(together >= least, digits.argmax(axis=1), -1)
    edges = [0, *(np.flatnonzero(np.diff(names)) + 1).tolist(), len(names)]
    return [
        _Event(start, end, float(together[start:end].max()))
        for start, end in pairwise(edges)
        if end > start and names[start] >= 0
    ]


def stretches(events: list[_Event], gap: int) -> list[list[_Event]]:
    """Return events that follow each other within ``gap`` frames together."""
    found: list[list[_Event]] = []
    for event in events:
        if found and event.start - found[-1][-1].end <= gap:
            found[-1].append(event)
        else:
            found.append([event])
    return found
