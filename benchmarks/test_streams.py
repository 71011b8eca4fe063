"""Strings and words as they are spoken: latency, real-time factor, calls a core.

pytest benchmarks/test_streams.py -k string --benchmark-json docs/records/strings_speed.json
pytest benchmarks/test_streams.py -k words --benchmark-json docs/records/streaming_speed.json

The audio is AN4's utterances that are made of digit words (test split); everything runs on one core. "Oh" and "zero"
are one digit; other recognisers take part in ``tools.league``. Latency: from the end of a word in the forced
alignment of ``digits.csv`` to the second of the stream at which its event is told; a second of quiet follows each
string. Calls a core: as many callers as can speak at once, a chunk of 0.1 s each at the same moment, before the 95th
percentile of the delay from a chunk to what it told exceeds 0.3 s.
"""

import csv
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.environment import set_threads
from aurora_resnet.evaluation.strings import align, score_strings
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.models.strings import SequenceModel
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer
from aurora_resnet.runtime.strings.events import Digit
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from aurora_resnet.runtime.vocabulary import DIGITS

CHUNK_SECONDS, LIMIT_SECONDS, PAUSE_SECONDS = 0.1, 0.3, 2.0
QUIET_DB = -60.0
#: How digits are written, by their words.
SPOKEN = dict(zip(DIGITS.words, map(str, DIGITS.digits), strict=True))


class Spoken(NamedTuple):
    """A recording of a string: samples, rate, words, and when each ends in seconds."""

    samples: Samples
    rate: int
    words: tuple[str, ...]
    ends: list[float]

    @property
    def with_quiet(self) -> Samples:
        """The recording and a second of quiet."""
        quiet = 10 ** (QUIET_DB / 20) * np.random.default_rng(0).standard_normal(self.rate)
        return np.concatenate((self.samples, quiet.astype(np.float32)))

    @property
    def chunks(self) -> list[Samples]:
        """The same, as it comes."""
        sound, size = self.with_quiet, round(CHUNK_SECONDS * self.rate)
        return [sound[start : start + size] for start in range(0, len(sound), size)]


@pytest.fixture(scope="module")
def strings(data: Path) -> Iterator[list[Spoken]]:
    """AN4's test strings; meanwhile this process has one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # others choose their threads themselves
    set_threads(1)
    ends: dict[str, list[float]] = {}
    with (data / "an4" / "digits.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ends.setdefault(row["utterance"], []).append(float(row["end_s"]))
    found = read_an4_strings(data / "an4").filter(split="test").utterances
    yield [Spoken(*read_audio(each.path), each.words, sorted(ends[each.path.stem])) for each in found]
    os.sched_setaffinity(0, cores)


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return number, median and 95th percentile of some values.

    >>> quantiles([1.0, 2.0, 3.0])
    {'words': 3, 'median': 2.0, 'p95': 2.9}
    """
    median, high = np.percentile(values, [50, 95])
    return {"words": len(values), "median": float(median), "p95": float(high)}


def test_whole_string(benchmark: Any, facts: dict[str, Any], strings: list[Spoken]) -> None:
    recognizer = StringRecognizer.from_pretrained("string_net")

    def recognize(each: Spoken) -> list[str]:
        return list(recognizer.recognize(each.samples, each.rate).text)

    said = [[SPOKEN[word] for word in each.words] for each in strings]
    found = [recognize(each) for each in strings]
    turns = iter(2 * strings)
    benchmark.pedantic(recognize, setup=lambda: ((next(turns),), {}), rounds=len(strings))
    if benchmark.stats is None:  # --benchmark-disable
        return
    spent = benchmark.stats.stats.data
    row = facts.setdefault("rows", {}).setdefault("string_net", {})
    row |= {
        "strings": len(said),
        "strings_right": sum(one == other for one, other in zip(said, found, strict=True)),
        "word_error_rate": score_strings(zip(said, found, strict=True)).error_rate,
        "answer_seconds": quantiles(spent),
        "real_time_factor": sum(spent) / sum(len(each.samples) / each.rate for each in strings),
    }


def test_string_as_it_is_spoken(benchmark: Any, facts: dict[str, Any], strings: list[Spoken]) -> None:
    """From the end of a digit to its event."""
    recognizer = StringRecognizer.from_pretrained("string_net")
    told: dict[str, list[float]] = {"inside a string": [], "at its end": []}

    def follow() -> None:
        for each in strings:
            streams = StringStreams(recognizer)
            number = streams.open(each.rate)
            events = [event for chunk in each.chunks for event in streams.push({number: chunk})[number]]
            digits = [event for event in events if isinstance(event, Digit)]
            said = [SPOKEN[word] for word in each.words]
            for i, j in align(said, [str(event.word.digit) for event in digits]):
                if i is not None and j is not None and said[i] == str(digits[j].word.digit):
                    place = "at its end" if i == len(said) - 1 else "inside a string"
                    told[place].append(digits[j].seconds - each.ends[i])

    benchmark.pedantic(follow, rounds=1)
    row = facts.setdefault("rows", {}).setdefault("string_net", {})
    row["latency_seconds"] = {place: quantiles(seconds) for place, seconds in told.items()}


def queue_delays(spent: Sequence[float], every: float) -> list[float]:
    """Return how long after its coming each batch is done, if one comes at equal times and takes what it takes.

    >>> [round(delay, 2) for delay in queue_delays([0.05, 0.15, 0.05], every=0.1)]
    [0.05, 0.15, 0.1]
    """
    free, delays = 0.0, []
    for number, seconds in enumerate(spent):
        came = number * every
        free = max(free, came) + seconds
        delays.append(free - came)
    return delays


def delay_of(model: SequenceModel, talk: Samples, callers: int, seconds: float) -> float:
    """Return the 95th percentile of the delay from a chunk to what it told, where all callers speak at once."""
    rate = model.facts.sample_rate
    size = round(CHUNK_SECONDS * rate)
    starts = np.random.default_rng(0).integers(len(talk), size=callers)
    streams = StringStreams(model)
    numbers = [streams.open(rate) for _ in range(callers)]
    spent, told = [], []
    for tick in range(round(seconds / CHUNK_SECONDS)):
        chunks = {
            number: np.take(talk, np.arange(start + tick * size, start + (tick + 1) * size), mode="wrap")
            for number, start in zip(numbers, starts, strict=True)
        }
        begin = time.perf_counter()
        events = streams.push(chunks)
        spent.append(time.perf_counter() - begin)
        told.append(any(events.values()))
    delays = [delay for delay, some in zip(queue_delays(spent, CHUNK_SECONDS), told, strict=True) if some]
    return float(np.percentile(delays or [0.0], 95))


def test_calls_of_strings_a_core(benchmark: Any, facts: dict[str, Any], strings: list[Spoken]) -> None:
    """The most callers whose delay stays within the limit, found by doubling and halving."""
    model = StringRecognizer.from_pretrained("string_net").streaming[0]
    rate = model.facts.sample_rate
    pause = np.zeros(round(PAUSE_SECONDS * rate), np.float32)
    talk = np.concatenate([part for each in strings for part in (resample(each.samples, each.rate, rate), pause)])
    seconds, most = (20.0, 4096) if benchmark.enabled else (2.0, 4)
    delays: dict[int, float] = {}

    def within(callers: int) -> bool:
        delays[callers] = delay_of(model, talk, callers, seconds)
        return delays[callers] <= LIMIT_SECONDS

    def search() -> int:
        low, high = 0, 1
        while high < most and within(high):
            low, high = high, 2 * high
        while high - low > max(1, low // 16):
            middle = (low + high) // 2
            low, high = (middle, high) if within(middle) else (low, middle)
        return low

    row = facts.setdefault("rows", {}).setdefault("string_net", {})
    row["calls_a_core"] = benchmark.pedantic(search, rounds=1)
    row["delay_p95_seconds"] = {str(callers): delays[callers] for callers in sorted(delays)}


def test_words_as_they_are_spoken(benchmark: Any, facts: dict[str, Any], strings: list[Spoken]) -> None:
    """From the end of a word to its event, and seconds computed per second of audio."""
    recognizer = DigitRecognizer.from_pretrained("compact", threads=1)
    followed: dict[str, list[float]] = {"by a word": [], "by a pause": []}

    def follow() -> None:
        for each in strings:
            stream = StreamingRecognizer(recognizer, each.rate)
            events = [event for chunk in each.chunks for event in stream.push(chunk)]
            for i, j in align(each.words, [event.word for event in events]):
                if i is not None and j is not None and each.words[i] == events[j].word:
                    place = "by a pause" if i == len(each.words) - 1 else "by a word"
                    followed[place].append(events[j].decided_seconds - each.ends[i])

    start = time.perf_counter()
    benchmark.pedantic(follow, rounds=1)
    seconds = sum(len(each.with_quiet) / each.rate for each in strings)
    facts.setdefault("models", {})["compact"] = {
        "latency_seconds": {place: quantiles(times) for place, times in followed.items()},
        "real_time_factor": (time.perf_counter() - start) / seconds,
    }
