"""Digits in running speech: words found in AN4's strings, false events in an hour without digits, latency, speed.

Run: ``python -m benchmarks.streaming [--model compact resnet50] [--split test] [--seconds 3600] [--out FILE]``.
Strings: all of AN4's utterances that are made of digit words, of the speakers of one split; fluent, about three digits
a second. What was heard is aligned with the transcript (Levenshtein; "oh" and "zero" are two words). Latency: from the
end of a word in the forced alignment of ``digits.csv`` to the second of the stream at which its event is decided; a
second of quiet follows each string, and the first of the splits is taken. Real-time factor: seconds computed per second
of audio, one thread. Hour: ``streaming_hour.py``; what is heard there is false.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.evaluation.strings import WordCounts, align, count_errors
from aurora_resnet.files import write_json
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.streaming import DigitEvent, StreamingRecognizer
from aurora_resnet.recognition.streaming_config import StreamingConfig
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AuroraError
from aurora_resnet.training.experiment import describe_environment
from benchmarks.streaming_hour import BED_DB, choose_sounds, play
from tools.shipped.scores import file_digest, find_model

SAMPLE_RATE = 8000
CHUNK_SECONDS = 0.1
SEED = 0


def word_ends(folder: Path) -> dict[str, list[float]]:
    """Return where the words of each utterance end, in order, from AN4's forced alignment."""
    ends: dict[str, list[tuple[float, float]]] = {}
    with (folder / "digits.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            ends.setdefault(row["utterance"], []).append((float(row["start_s"]), float(row["end_s"])))
    return {utterance: [end for _, end in sorted(times)] for utterance, times in ends.items()}


def quantiles(values: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    median, high = np.percentile(values, [50, 95])
    return {"words": len(values), "median": float(median), "p95": float(high)}


def hear(recognizer: DigitRecognizer, samples: Samples, rate: int) -> tuple[list[DigitEvent], int]:
    """Return the events of a recording that comes in chunks, and how many of them came before its end."""
    stream = StreamingRecognizer(recognizer, rate)
    size = round(CHUNK_SECONDS * rate)
    events = [event for start in range(0, len(samples), size) for event in stream.push(samples[start : start + size])]
    return events + stream.flush(), len(events)


def measure_strings(recognizer: DigitRecognizer, data: Path, split: str) -> dict[str, Any]:
    """Count right and wrong words of the strings of a split, and the time that they take."""
    counts, kinds = WordCounts(), Counter[str]()
    audio = spent = 0.0
    whole = 0
    strings = read_an4_strings(data / "an4").filter(split=split)
    for string in strings:
        samples, rate = read_audio(string.path)
        start = time.perf_counter()
        heard = [event.word for event in hear(recognizer, samples, rate)[0]]
        spent += time.perf_counter() - start
        audio += len(samples) / rate
        counts += count_errors(string.words, heard)
        whole += tuple(heard) == string.words
        for i, j in align(string.words, heard):
            pair = ("-" if i is None else string.words[i], "-" if j is None else heard[j])
            kinds[" > ".join(pair)] += pair[0] != pair[1]
    return {
        "strings": len(strings),
        "speakers": len(strings.speakers),
        "strings_right": whole,
        **asdict(counts),
        "right": counts.right,
        "f1": counts.f1,
        "errors": {pair: count for pair, count in kinds.most_common() if count},
        "audio_seconds": audio,
        "real_time_factor": spent / audio,
    }


def measure_latency(recognizer: DigitRecognizer, data: Path, split: str) -> dict[str, Any]:
    """Time right words from their end to their event, each string followed by a second of quiet."""
    ends = word_ends(data / "an4")
    generator = np.random.default_rng(SEED)
    followed: dict[str, list[float]] = {"by a word": [], "by a pause": []}
    for string in read_an4_strings(data / "an4").filter(split=split):
        samples, rate = read_audio(string.path)
        quiet = 10 ** (BED_DB / 20) * generator.standard_normal(rate)
        events, in_time = hear(recognizer, np.concatenate((samples, quiet.astype(np.float32))), rate)
        times = ends[string.path.stem]
        for i, j in align(string.words, [event.word for event in events]):
            if i is not None and j is not None and j < in_time and string.words[i] == events[j].word:
                followed["by a pause" if i == len(times) - 1 else "by a word"].append(events[j].decided - times[i])
    return {name: quantiles(seconds) for name, seconds in followed.items()}


def measure_hour(recognizer: DigitRecognizer, data: Path, seconds: float) -> dict[str, Any]:
    """Play sounds without digits for so many seconds and count what is heard, by the kind of sound in which it ends."""
    generator = np.random.default_rng(SEED)
    stream = StreamingRecognizer(recognizer, SAMPLE_RATE)
    events: list[DigitEvent] = []
    limits, names = [0.0], []
    start = time.perf_counter()
    for kind, samples in play(choose_sounds(data, generator), SAMPLE_RATE, generator):
        events += stream.push(samples)
        names.append(kind)
        limits.append(limits[-1] + len(samples) / SAMPLE_RATE)
        if limits[-1] >= seconds:
            break
    events += stream.flush()
    spent = time.perf_counter() - start
    kinds: dict[str, dict[str, float]] = {}
    for kind, length in zip(names, np.diff(limits), strict=True):
        row = kinds.setdefault(kind, {"sounds": 0, "seconds": 0.0, "events": 0})
        row["sounds"] += 1
        row["seconds"] += float(length)
    for event in events:
        middle = (event.start + event.end) / 2
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


def write(file: Path, name: str, row: dict[str, Any]) -> None:
    """Put a model's row into the record; those of other models stay."""
    record: dict[str, Any] = {"benchmark": "streaming", "models": {}}
    if file.is_file():
        record = json.loads(file.read_text(encoding="utf-8"))
    record["models"][name] = row
    write_json(file, record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["compact"], help="names of shipped models, or checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--split", nargs="+", default=["test"], help="splits of AN4's strings (default test)")
    parser.add_argument("--seconds", type=float, default=3600.0, help="without digits (default 3600); 0 leaves it out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE; other models in it stay")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        for model in options.model:
            name, file = find_model(model)
            recognizer = DigitRecognizer.from_checkpoint(file)
            row: dict[str, Any] = {"sha256": file_digest(file), "config": asdict(StreamingConfig())}
            row["created"] = datetime.now(UTC).isoformat(timespec="seconds")
            row["environment"] = describe_environment("cpu")
            row["latency_seconds"] = measure_latency(recognizer, options.data, options.split[0])
            row["strings"] = {split: measure_strings(recognizer, options.data, split) for split in options.split}
            print(json.dumps(row, indent=2), flush=True)
            if options.seconds > 0:
                row["hour"] = measure_hour(recognizer, options.data, options.seconds)
                print(json.dumps(row["hour"], indent=2), flush=True)
            if options.out:
                write(options.out, name, row)
    except AuroraError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
