"""Single words in running speech: what is recognised of AN4's strings, and false events in an hour without any word.

Strings: all of AN4's utterances that are made of digit words, of the speakers of one split; fluent, about three words a
second. What was recognised is aligned with the transcript (Levenshtein; "oh" and "zero" are two words). Hour: ``hour``;
each event in it is false. How fast streams are: ``benchmarks/test_streams.py``.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.evaluation.strings import WordCounts, align, count_errors
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import ModelFile, resolve
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer, WordEvent
from tools.measure.hour import RATE, SEED, choose_sounds, play
from tools.measure.records import Job, Record, Settings, header

CHUNK_SECONDS = 0.1
SPLITS, HOUR_SECONDS = ("test", "train"), 3600.0
QUICK, QUICK_SECONDS = 10, 30.0


def jobs(models: Iterable[str], settings: Settings) -> Iterator[Job]:
    """Yield what adds each model to the record of all."""
    path = settings.path("streaming.json")
    for model in models:
        file = resolve(model, kind="words")
        yield Job(path, partial(measure, file, settings, path), file.sha256)


def measure(file: ModelFile, settings: Settings, path: Path) -> Record:
    """Return the record with what was measured of a model; what it says of others stays."""
    recognizer = DigitRecognizer.from_pretrained(file, threads=settings.threads)
    step, seconds = (QUICK, QUICK_SECONDS) if settings.quick else (1, HOUR_SECONDS)
    record: Record = {"benchmark": "streaming", "models": {}}
    if path.is_file():
        record = json.loads(path.read_text(encoding="utf-8"))
    record["models"][recognizer.model.facts.name] = {
        "sha256": file.sha256,
        "config": asdict(StreamingConfig()),
        **header(),
        "strings": {split: measure_strings(recognizer, settings.data, split, step) for split in SPLITS},
        "hour": measure_hour(recognizer, settings.data, seconds),
    }
    return record


def stream_events(recognizer: Recognizer, samples: Samples, rate: int) -> list[WordEvent]:
    """Return the events of a recording that comes in chunks."""
    stream = StreamingRecognizer(recognizer, rate)
    size = round(CHUNK_SECONDS * rate)
    events = [event for start in range(0, len(samples), size) for event in stream.push(samples[start : start + size])]
    return events + stream.flush()


def measure_strings(recognizer: Recognizer, data: Path, split: str, step: int = 1) -> Record:
    """Count right and wrong words of every ``step``-th string of a split, and the time that they take."""
    counts, kinds = WordCounts(), Counter[str]()
    audio = spent = 0.0
    whole = 0
    corpus = read_an4_strings(data / "an4").filter(split=split)
    strings = corpus.utterances[::step]
    for string in strings:
        samples, rate = read_audio(string.path)
        start = time.perf_counter()
        found = [event.word for event in stream_events(recognizer, samples, rate)]
        spent += time.perf_counter() - start
        audio += len(samples) / rate
        counts += count_errors(string.words, found)
        whole += tuple(found) == string.words
        for i, j in align(string.words, found):
            pair = ("-" if i is None else string.words[i], "-" if j is None else found[j])
            kinds[" > ".join(pair)] += pair[0] != pair[1]
    return {
        "strings": len(strings),
        "speakers": len({string.speaker for string in strings}),
        "strings_right": whole,
        **asdict(counts),
        "right": counts.right,
        "f1": counts.f1,
        "errors": {pair: count for pair, count in kinds.most_common() if count},
        "audio_seconds": audio,
        "real_time_factor": spent / audio,
    }


def measure_hour(recognizer: Recognizer, data: Path, seconds: float) -> Record:
    """Play sounds without words for so many seconds and count the events, by the kind of sound that they lie in."""
    generator = np.random.default_rng(SEED)
    stream = StreamingRecognizer(recognizer, RATE)
    events: list[WordEvent] = []
    limits, names = [0.0], []
    start = time.perf_counter()
    for kind, samples in play(choose_sounds(data, generator), seconds, generator):
        events += stream.push(samples)
        names.append(kind)
        limits.append(limits[-1] + len(samples) / RATE)
    events += stream.flush()
    spent = time.perf_counter() - start
    kinds: dict[str, dict[str, float]] = {}
    for kind, length in zip(names, np.diff(limits), strict=True):
        row = kinds.setdefault(kind, {"sounds": 0, "seconds": 0.0, "events": 0})
        row["sounds"] += 1
        row["seconds"] += float(length)
    for event in events:
        middle = (event.start_seconds + event.end_seconds) / 2
        kinds[names[min(int(np.searchsorted(limits, middle, side="right")) - 1, len(names) - 1)]]["events"] += 1
    for row in kinds.values():
        row["events_per_hour"] = 3600 * row["events"] / row["seconds"]
    return {
        "seconds": limits[-1],
        "events": len(events),
        "events_per_hour": 3600 * len(events) / limits[-1],
        "kinds": dict(sorted(kinds.items())),
        "words": dict(Counter(event.word for event in events).most_common()),
        "real_time_factor": spent / limits[-1],
        "seed": SEED,
    }
