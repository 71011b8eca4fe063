"""Time to recognise one clip with one thread, beside PocketSphinx with a grammar of the eleven words, in one run.

Run: ``python -m benchmarks.latency --model resnet50 compact [--rounds 5] [--out docs/records/shipped/latency.json]``.
A clip is a word of FSDD's official test, one of each speaker and digit, in the middle of one second. Timed is
``DigitRecognizer.recognize`` of its samples at 8 kHz, and of PocketSphinx (its own US English model, 16 kHz) one
utterance from start to answer, given whole; its samples are brought to 16 kHz before the clock starts. Clip by clip the
recognisers take turns, and another one begins each time, so that a busy machine hits all alike. The ratio is that of
the medians; below 1 means faster than PocketSphinx.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.files import write_json
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AuroraError, ConfigError, MissingDependencyError
from aurora_resnet.runtime.vocabulary import WORDS
from aurora_resnet.training.experiment import describe_environment
from tools.shipped.scores import file_digest, find_model

SAMPLE_RATE = 8000
POCKETSPHINX = "pocketsphinx"
POCKETSPHINX_RATE = 16_000
GRAMMAR = f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(WORDS)};"
WARM_UP_CLIPS = 5
GOALS = {"resnet50": 1.5, "compact": 0.25}
"""Largest ratio to PocketSphinx, by name of the model in the zoo."""

Answer = Callable[[int], str]


def read_clips(data: Path) -> tuple[list[Samples], list[str]]:
    """Return recording 0 of every digit and speaker of FSDD in the middle of one second, and the words."""
    corpus = load_corpus(f"fsdd:{data}/fsdd").filter(split="test", index="0")
    return [fit_length(read_clip(u.path, SAMPLE_RATE, 1.0), SAMPLE_RATE) for u in corpus], [u.word for u in corpus]


def pocketsphinx(clips: list[Samples]) -> Answer:
    """Return PocketSphinx's way from the number of a clip to a word (``""`` for none)."""
    try:
        decoder_class = importlib.import_module(POCKETSPHINX).Decoder
    except ImportError as error:
        raise MissingDependencyError(f"{POCKETSPHINX} is needed to compare with: pip install {POCKETSPHINX}") from error
    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        grammar.write_text(GRAMMAR, encoding="utf-8")
        decoder = decoder_class(jsgf=str(grammar), samprate=POCKETSPHINX_RATE, loglevel="FATAL")
    wide = [np.clip(resample(clip, SAMPLE_RATE, POCKETSPHINX_RATE), -1, 1) for clip in clips]
    pcm = [(32767 * samples).astype("<i2").tobytes() for samples in wide]

    def answer(number: int) -> str:
        decoder.start_utt()
        decoder.process_raw(pcm[number], full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return answer


def ours(recognizer: DigitRecognizer, clips: list[Samples]) -> Answer:
    return lambda number: recognizer.recognize(clips[number], SAMPLE_RATE).word


def measure(ways: dict[str, Answer], words: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Time every way on every clip in turn; the first round's answers are counted."""
    names = list(ways)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    correct = dict.fromkeys(names, 0)
    for name in names:
        for number in range(WARM_UP_CLIPS):
            ways[name](number)
    for turn in range(rounds * len(words)):
        number = turn % len(words)
        for place in range(len(names)):
            name = names[(turn + turn // len(words) + place) % len(names)]
            start = time.perf_counter()
            word = ways[name](number)
            seconds[name].append(time.perf_counter() - start)
            correct[name] += turn < len(words) and word == words[number]
    rows = {}
    for name in names:
        median, high = np.percentile(seconds[name], [50, 95])
        rows[name] = {
            "median_ms": 1e3 * float(median),
            "p95_ms": 1e3 * float(high),
            "correct": correct[name],
            "accuracy": correct[name] / len(words),
        }
    for row in rows.values():
        row["ratio"] = row["median_ms"] / rows[POCKETSPHINX]["median_ms"]
    return rows


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    lines = []
    for name, row in rows.items():
        goal = row.get("goal_ratio")
        met = "-" if goal is None else f"<= {goal:g}: {'yes' if row['ratio'] <= goal else 'NO'}"
        numbers = [f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", f"{row['ratio']:.2f}", met]
        lines.append([name, *numbers, f"{100 * row['accuracy']:.2f}"])
    print(markdown_table(["recogniser", "median ms", "95 % ms", "ratio", "target met", "accuracy %"], lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", required=True, help="names of shipped models, or checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--rounds", type=int, default=5, help="times that every clip is recognised (default 5)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        if options.rounds < 1:
            raise ConfigError(f"--rounds must be at least 1, not {options.rounds}")
        clips, words = read_clips(options.data)
        ways = {POCKETSPHINX: pocketsphinx(clips)}
        more: dict[str, dict[str, Any]] = {POCKETSPHINX: {"version": version(POCKETSPHINX)}}
        for model in options.model:
            name, file = find_model(model)
            if name in ways:
                raise ConfigError(f"two recognisers are called '{name}'; measure them in two runs")
            recognizer = DigitRecognizer.from_checkpoint(file)
            zoo_name = recognizer.model.config.model
            ways[name] = ours(recognizer, clips)
            more[name] = {"zoo_name": zoo_name, "sha256": file_digest(file), "goal_ratio": GOALS.get(zoo_name)}
        rows = measure(ways, words, options.rounds)
    except AuroraError as error:
        sys.exit(str(error))
    recognisers = {name: row | more[name] for name, row in rows.items()}
    record = {
        "benchmark": "latency",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "clips": len(words),
        "rounds": options.rounds,
        "recognisers": recognisers,
        "environment": describe_environment("cpu"),
    }
    if options.out:
        write_json(options.out, record)
    print_table(recognisers)


if __name__ == "__main__":
    main()
