"""Strings of digits: accuracy, latency, real-time factor, calls a core, beside PocketSphinx and Moonshine, in one run.

Run: ``python -m benchmarks.strings [--model string_net] [--split test] [--out docs/records/strings_speed.json]``;
``--quick`` takes every tenth string. The audio is AN4's utterances that are made of digit words; everything runs on one
core. PocketSphinx has a grammar of a loop of digits. Moonshine tiny (``moonshine-voice==0.0.55``) is a recogniser of
any English, of whose words those that are no digits are left out, as whoever wants digits would. Both are given the
strings whole, and are missing, with a line, where they are not installed. "Oh" and "zero" are one digit for all.

Latency: from the end of a word in the forced alignment of ``digits.csv`` to the second of the stream at which its event
is told; a second of quiet follows each string. Calls a core: as many callers as can speak at once, a chunk of 0.1 s
each at the same moment, before the 95th percentile of the delay from a chunk to what it told exceeds 0.3 s
(``strings_load.py``).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.corpora.sources.an4 import read_an4_strings
from aurora_resnet.environment import set_threads
from aurora_resnet.evaluation.strings import align, score_strings
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.runtime.model_reference import EXPORTED_STRINGS, file_sha256
from aurora_resnet.runtime.strings.events import Digit
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from aurora_resnet.runtime.vocabulary import DIGITS
from benchmarks.inference import describe_machine
from benchmarks.latency import POCKETSPHINX
from benchmarks.streaming import QUICK, quantiles, word_ends
from benchmarks.strings_load import CHUNK_SECONDS, LIMIT_SECONDS, calls_a_core
from tools.measure.hour import BED_DB, SEED

PEER_RATE = 16_000
MOONSHINE = "moonshine_voice"
GRAMMAR = f"#JSGF V1.0; grammar digits; public <digits> = ( {' | '.join(DIGITS.words)} )+;"
SPOKEN = dict(zip(DIGITS.words, map(str, DIGITS.digits), strict=True)) | {"o": "0"}
"""How digits are written, by their words."""

Clip = tuple[Samples, int]
Answer = Callable[[Clip], list[str]]
"""From a recording to the digits in it."""


def digits_of(text: str) -> list[str]:
    """Return the digits in a text, one by one; other words are left out.

    >>> digits_of("Yes. 4-0, seven oh")
    ['4', '0', '7', '0']
    """
    tokens = (SPOKEN.get(token, token) for token in re.findall(r"\d|[a-z']+", text.lower()))
    return [token for token in tokens if token.isdigit()]


def ours(recognizer: StringRecognizer) -> Answer:
    return lambda clip: list(recognizer.recognize(*clip).text)


def pocketsphinx() -> Answer:
    """Return PocketSphinx with a loop of digits and its own US English model."""
    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        grammar.write_text(GRAMMAR, encoding="utf-8")
        decoder = importlib.import_module(POCKETSPHINX).Decoder(jsgf=str(grammar), samprate=PEER_RATE, loglevel="FATAL")

    def answer(clip: Clip) -> list[str]:
        samples = np.clip(resample(*clip, PEER_RATE), -1, 1)
        decoder.start_utt()
        decoder.process_raw((32767 * samples).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return digits_of(found.hypstr) if found else []

    return answer


def moonshine() -> Answer:
    """Return Moonshine tiny, which is inside its wheel."""
    library = importlib.import_module(MOONSHINE)
    model = library.get_model_path("tiny-en")
    transcriber = library.Transcriber(str(model), model_arch=library.ModelArch.TINY)

    def answer(clip: Clip) -> list[str]:
        samples = resample(*clip, PEER_RATE).tolist()
        lines = transcriber.transcribe_without_streaming(samples, PEER_RATE).lines
        return digits_of(" ".join(line.text for line in lines))

    return answer


def measure(answer: Answer, clips: list[Clip], said: list[list[str]]) -> dict[str, Any]:
    """Return how right the answers are and what they cost."""
    answer(clips[0])  # what is prepared on the first call
    heard, seconds = [], []
    for clip in clips:
        start = time.perf_counter()
        heard.append(answer(clip))
        seconds.append(time.perf_counter() - start)
    counts = score_strings(zip(said, heard, strict=True))
    median, high = np.percentile(seconds, [50, 95])
    return {
        "strings": len(said),
        "strings_right": sum(one == other for one, other in zip(said, heard, strict=True)),
        "word_error_rate": counts.error_rate,
        "answer_seconds": {"median": float(median), "p95": float(high)},
        "real_time_factor": sum(seconds) / sum(len(samples) / rate for samples, rate in clips),
    }


def follow(recognizer: StringRecognizer, clips: list[Clip], said: list[list[str]], ends: list[list[float]]) -> Any:
    """Return how soon after its end a word is told, and what streams cost one by one."""
    generator = np.random.default_rng(SEED)
    told: dict[str, list[float]] = {"inside a string": [], "at its end": []}
    audio = spent = 0.0
    for (samples, rate), words, times in zip(clips, said, ends, strict=True):
        quiet = 10 ** (BED_DB / 20) * generator.standard_normal(rate)
        sound = np.concatenate((samples, quiet.astype(np.float32)))
        streams = StringStreams(recognizer.model)
        number, size = streams.open(rate), round(CHUNK_SECONDS * rate)
        start = time.perf_counter()
        events = [e for at in range(0, len(sound), size) for e in streams.push({number: sound[at : at + size]})[number]]
        spent += time.perf_counter() - start
        audio += len(sound) / rate
        digits = [event for event in events if isinstance(event, Digit)]
        for i, j in align(words, [str(event.word.digit) for event in digits]):
            if i is not None and j is not None and words[i] == str(digits[j].word.digit):
                place = "at its end" if i == len(times) - 1 else "inside a string"
                told[place].append(digits[j].seconds - times[i])
    return {
        "latency_seconds": {place: quantiles(seconds) for place, seconds in told.items()},
        "stream_real_time_factor": spent / audio,
    }


def speed_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the rows of a record as a table in Markdown; other recognisers have a version."""
    lines = []
    for name, row in rows.items():
        inside = row.get("latency_seconds", {}).get("inside a string")
        lines.append([
            f"{name} {row['version']}" if "version" in row else f"`{name}`",
            f"{row['strings_right']} of {row['strings']}",
            percent(row["word_error_rate"]),
            f"{1000 * row['answer_seconds']['median']:.0f}",
            f"{row['real_time_factor']:.3f}",
            f"{inside['median']:.2f} / {inside['p95']:.2f}" if inside else MISSING,
            str(row.get("calls_a_core", MISSING)),
        ])  # fmt: skip
    header = ["recogniser", "strings right", "word errors %", "ms a string", "real-time factor",
              "s from a word's end to its event, median / 95 %", "calls a core"]  # fmt: skip
    return markdown_table(header, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=EXPORTED_STRINGS[0], help="a shipped model of strings or an exported file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--split", default="test", help="split of AN4's strings (default test)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--quick", action="store_true", help="every tenth string, to see that it works")
    options = parser.parse_args()
    set_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # peers choose their threads themselves
    strings = read_an4_strings(options.data / "an4").filter(split=options.split).utterances
    strings = strings[:: QUICK if options.quick else 1]
    clips = [read_audio(string.path) for string in strings]
    said = [[SPOKEN[word] for word in string.words] for string in strings]
    known_ends = word_ends(options.data / "an4")
    recognizer = StringRecognizer.from_pretrained(options.model)
    rows: dict[str, dict[str, Any]] = {recognizer.facts.name: measure(ours(recognizer), clips, said)}
    row = rows[recognizer.facts.name]
    row |= follow(recognizer, clips, said, [known_ends[string.path.stem] for string in strings])
    row |= calls_a_core(recognizer.model, clips, seconds=2.0 if options.quick else 20.0)
    for name, package, make in (
        ("PocketSphinx", POCKETSPHINX, pocketsphinx), ("Moonshine tiny", MOONSHINE, moonshine),
    ):  # fmt: skip
        if importlib.util.find_spec(package) is None:
            tell(f"{name} is left out: pip install {package.replace('_', '-')}")
            continue
        rows[name] = {**measure(make(), clips, said), "version": version(package)}
    record = {
        "benchmark": "strings",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks.strings", *sys.argv[1:]]),
        "quick": options.quick,
        "split": options.split,
        "model_sha256": file_sha256(recognizer.model.path),
        "limit_seconds": LIMIT_SECONDS,
        "machine": describe_machine() | {"load_average": os.getloadavg()[0]},
        "rows": rows,
    }
    if options.out:
        write_json(record, options.out, indent=1)
    print(speed_table(rows))


if __name__ == "__main__":
    exit_with(main)
