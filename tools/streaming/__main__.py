"""Words in running speech: what is found in AN4's strings, and false events in an hour without any word.

Run: ``python -m tools.streaming [--model compact resnet50] [--split test] [--seconds 3600] [--out FILE]``; a model is
the name of a shipped one (exported, int8), an exported file or a checkpoint. ``--quick`` takes every tenth string and
half a minute. Strings: all of AN4's utterances that are made of digit words, of the speakers of one split; fluent,
about three words a second. What was heard is aligned with the transcript (Levenshtein; "oh" and "zero" are two words).
Hour: ``hour.py``; what is heard there is false. How fast it is: ``benchmarks.streaming``.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.evaluation.strings import WordCounts, align, count_errors
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.cli.terminal import exit_with
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer, WordEvent
from tools.streaming.hour import choose_sounds, play
from tools.streaming.listening import SAMPLE_RATE, SEED, common_options, hear, measure_models

QUICK = 10
QUICK_SECONDS = 30.0


def measure_strings(recognizer: Recognizer, data: Path, split: str, step: int = 1) -> dict[str, Any]:
    """Count right and wrong words of every ``step``-th string of a split, and the time that they take."""
    counts, kinds = WordCounts(), Counter[str]()
    audio = spent = 0.0
    whole = 0
    strings = read_an4_strings(data / "an4").filter(split=split)
    strings = Corpus(strings.name, strings.utterances[::step])
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


def measure_hour(recognizer: Recognizer, data: Path, seconds: float) -> dict[str, Any]:
    """Play sounds without words for so many seconds and count what is heard, by the kind of sound that it lies in."""
    generator = np.random.default_rng(SEED)
    stream = StreamingRecognizer(recognizer, SAMPLE_RATE)
    events: list[WordEvent] = []
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


def main() -> None:
    """Measure models and print what was found."""
    parser = common_options(__doc__)
    parser.add_argument("--split", nargs="+", default=["test"], help="splits of AN4's strings (default test)")
    parser.add_argument("--seconds", type=float, default=3600.0, help="without words (default 3600); 0 leaves it out")
    options = parser.parse_args()
    step, seconds = (QUICK, min(QUICK_SECONDS, options.seconds)) if options.quick else (1, options.seconds)

    def measure(recognizer: Recognizer) -> dict[str, Any]:
        row: dict[str, Any] = {
            "strings": {split: measure_strings(recognizer, options.data, split, step) for split in options.split}
        }
        if seconds > 0:
            row["hour"] = measure_hour(recognizer, options.data, seconds)
        return row

    measure_models(options.model, measure, options.out)


if __name__ == "__main__":
    exit_with(main)
