"""Time to recognise one clip with one thread, beside PocketSphinx with a grammar of the same words, in one run.

Run: ``python -m benchmarks.latency --model resnet50 compact [--rounds 5] [--out docs/records/shipped/latency.json]``;
``--quick`` takes every tenth clip once, and does without PocketSphinx where it is not installed. A model is the name of
a shipped one (exported, int8), an exported file or a checkpoint. A clip is a word of FSDD's official test, one of each
speaker and digit, in the middle of one second. Timed is ``DigitRecognizer.recognize`` of its samples at 8 kHz, and of
PocketSphinx (its own US English model, 16 kHz) one utterance from start to answer, given whole; its samples are brought
to 16 kHz before the clock starts. Clip by clip the recognisers take turns, and another one begins each time, so that a
busy machine hits all alike. The ratio is that of the medians; below 1 means faster than PocketSphinx.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.files import write_json
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AuroraError, ConfigError, MissingDependencyError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS

SAMPLE_RATE = 8000
POCKETSPHINX = "pocketsphinx"
POCKETSPHINX_RATE = 16_000
GRAMMAR = f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(DIGITS.words)};"
WARM_UP_CLIPS = 5
GOALS = {"resnet50": 1.5, "compact": 0.25}
"""Largest ratio to PocketSphinx, by name of the model."""
QUICK = 10

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


def ours(recognizer: Recognizer, clips: list[Samples]) -> Answer:
    return lambda number: recognizer.recognize(clips[number], SAMPLE_RATE).word


def measure(ways: dict[str, Answer], words: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Time every way on every clip in turn; the first round's answers are counted, the ratio is to PocketSphinx."""
    names = list(ways)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    correct = dict.fromkeys(names, 0)
    for name in names:
        for number in range(min(WARM_UP_CLIPS, len(words))):
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
    if POCKETSPHINX in rows:
        for row in rows.values():
            row["ratio"] = row["median_ms"] / rows[POCKETSPHINX]["median_ms"]
    return rows


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    lines = []
    for name, row in rows.items():
        goal, ratio = row.get("goal_ratio"), row.get("ratio")
        met = "-" if goal is None or ratio is None else f"<= {goal:g}: {'yes' if ratio <= goal else 'NO'}"
        numbers = [f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", "-" if ratio is None else f"{ratio:.2f}", met]
        lines.append([name, *numbers, f"{100 * row['accuracy']:.2f}"])
    print(markdown_table(["recogniser", "median ms", "95 % ms", "ratio", "target met", "accuracy %"], lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", required=True, help="shipped models, exported files, checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--rounds", type=int, default=5, help="times that every clip is recognised (default 5)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--quick", action="store_true", help="a tenth of the clips, once, to see that it works")
    options = parser.parse_args()
    set_threads(1)
    try:
        if options.rounds < 1:
            raise ConfigError(f"--rounds must be at least 1, not {options.rounds}")
        step, rounds = (QUICK, 1) if options.quick else (1, options.rounds)
        clips, words = read_clips(options.data)
        clips, words = clips[::step], words[::step]
        ways: dict[str, Answer] = {}
        more: dict[str, dict[str, Any]] = {}
        if not options.quick or importlib.util.find_spec(POCKETSPHINX):
            ways[POCKETSPHINX] = pocketsphinx(clips)
            more[POCKETSPHINX] = {"version": version(POCKETSPHINX)}
        for model in options.model:
            recognizer = DigitRecognizer.from_pretrained(model, threads=1)
            name = recognizer.model.facts.name
            if name in ways:
                raise ConfigError(f"two recognisers are called '{name}'; measure them in two runs")
            ways[name] = ours(recognizer, clips)
            more[name] = {"sha256": resolve(model).sha256, "goal_ratio": GOALS.get(name)}
        rows = measure(ways, words, rounds)
    except AuroraError as error:
        sys.exit(str(error))
    recognisers = {name: row | more[name] for name, row in rows.items()}
    record = {
        "benchmark": "latency",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "clips": len(words),
        "rounds": rounds,
        "quick": options.quick,
        "recognisers": recognisers,
        "environment": describe_environment("cpu"),
    }
    if options.out:
        write_json(record, options.out)
    print_table(recognisers)


if __name__ == "__main__":
    main()
