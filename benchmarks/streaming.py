"""How fast a stream is followed: from the end of a word to its event, and seconds computed per second of audio.

Run: ``python -m benchmarks.streaming [--model compact resnet50] [--split test] [--out FILE]``; ``--quick`` takes every
tenth string. A model is the name of a shipped one (exported, int8), an exported file or a checkpoint. The audio is
AN4's utterances that are made of digit words, one thread. Latency: from the end of a word in the forced alignment of
``digits.csv`` to the second of the stream at which its event is decided; a second of quiet follows each string. What is
found there is measured by ``tools.measure.streams``, which writes into the same record.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.environment import set_threads
from aurora_resnet.evaluation.strings import align
from aurora_resnet.files import write_json
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.cli.terminal import exit_with
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.recognizer import Recognizer
from tools.measure.hour import BED_DB, SEED
from tools.measure.streams import about_model, stream_events, with_model

QUICK = 10


def word_ends(folder: Path) -> dict[str, list[float]]:
    """Return where the words of each utterance end, in order, from AN4's forced alignment."""
    ends: dict[str, list[tuple[float, float]]] = {}
    with (folder / "digits.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            ends.setdefault(row["utterance"], []).append((float(row["start_s"]), float(row["end_s"])))
    return {utterance: [end for _, end in sorted(times)] for utterance, times in ends.items()}


def quantiles(values: list[float]) -> dict[str, float]:
    """Return median and 95th percentile; NaN of no values."""
    median, high = np.percentile(values or [np.nan], [50, 95])
    return {"words": len(values), "median": float(median), "p95": float(high)}


def measure(recognizer: Recognizer, data: Path, split: str, step: int = 1) -> dict[str, Any]:
    """Time right words from their end to their event, and the whole, each string followed by a second of quiet."""
    ends = word_ends(data / "an4")
    generator = np.random.default_rng(SEED)
    followed: dict[str, list[float]] = {"by a word": [], "by a pause": []}
    audio = spent = 0.0
    for string in read_an4_strings(data / "an4").filter(split=split).utterances[::step]:
        samples, rate = read_audio(string.path)
        quiet = 10 ** (BED_DB / 20) * generator.standard_normal(rate)
        followed_by_quiet = np.concatenate((samples, quiet.astype(np.float32)))
        start = time.perf_counter()
        events, in_time = stream_events(recognizer, followed_by_quiet, rate)
        spent += time.perf_counter() - start
        audio += len(followed_by_quiet) / rate
        times = ends[string.path.stem]
        for i, j in align(string.words, [event.word for event in events]):
            if i is not None and j is not None and j < in_time and string.words[i] == events[j].word:
                followed["by a pause" if i == len(times) - 1 else "by a word"].append(
                    events[j].decided_seconds - times[i]
                )
    return {
        "latency_seconds": {name: quantiles(seconds) for name, seconds in followed.items()},
        "real_time_factor": spent / audio,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["compact"], help="shipped models, exported files, checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE; other models in it stay")
    parser.add_argument("--quick", action="store_true", help="a little, to see that it works")
    parser.add_argument("--split", default="test", help="split of AN4's strings (default test)")
    options = parser.parse_args()
    set_threads(1)
    for model in options.model:
        recognizer = DigitRecognizer.from_pretrained(model, threads=1)
        step = QUICK if options.quick else 1
        row = about_model(resolve(model)) | measure(recognizer, options.data, options.split, step)
        print(json.dumps(row, indent=2), flush=True)
        if options.out:
            write_json(with_model(options.out, recognizer.model.facts.name, row), options.out)


if __name__ == "__main__":
    exit_with(main)
