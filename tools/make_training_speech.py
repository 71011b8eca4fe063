"""Synthesise training speech: the rare words ``zero`` and ``oh`` by many voices, and words that are no digits.

    python -m tools.make_training_speech --out data/synthetic

``examples/train_voices.toml`` trains on it. Needs Debian's speech synthesisers (the error names the packages).
Written are ``digits.csv``, a manifest (``manifest:data/synthetic/digits.csv``), and ``others.csv``, the words
for the reject class, beside their 8 kHz FLAC files. The voices are those of ``make_samples.py`` on its training
side and more, each clip with a pitch and tempo of its own. No voice or person of the samples' test side speaks.

``commands.csv`` keeps the command of every clip; a later run makes only the clips whose command is new.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.make_samples import (
    DEBIAN_PACKAGES,
    SAMPLE_RATE,
    Pcm,
    engine_version,
    synthesise,
    write_flac,
    write_table,
)
from tools.sample_voices import VOICES, Voice

SEED = 20264
VOICES_PER_WORD = 12
RARE_WORDS = ("zero", "oh")  # every voice says these twice, the other digits once
SECONDS = (0.12, 1.2)
MIN_RMS_DBFS = -35.0

# espeak-ng variants by accent and sex: those that make_samples.py does not use, and its women in other accents. Left
# out: Gene2 and linda, which are the test voices Gene and belinda with few changes; robots, announcers and other
# effects; "Mr serious" (its name has a space); and Alicia, boris, Lee, marcelo, norbert, quincy, robert and shelby, of
# whose digits PocketSphinx understood less than a third.
VARIANTS = {
    ("en-us", "f"): "Andrea anika steph f5",
    ("en", "f"): "steph2 f1",
    ("en-gb-x-rp", "f"): "aunty whisperf f2",
    ("en-gb-scotland", "f"): "steph3 f1",
    ("en-029", "f"): "f2",
    ("en-us-nyc", "f"): "f5",
    ("en-us", "m"): "Alex Andy adam Diogo Marco Michael john max paul rob travis klatt m7",
    ("en", "m"): "benjamin david Henrique iven klatt2 michel pedro m8",
    ("en-gb-x-rp", "m"): "edward2 Mike",
    ("en-gb-scotland", "m"): "caleb klatt3 whisper",
    ("en-029", "m"): "antonio miguel pablo",
    ("en-us-nyc", "m"): "Jacky Mario victor zac",
    ("en-gb-x-gbclan", "m"): "iven2 m5",
    ("en-gb-x-gbcwmd", "m"): "gustave",
}

# Words that an accent says alike: neither is of use from it.
SOUND_ALIKE = {"en-029": ("three", "tree"), "en-gb-x-gbcwmd": ("eight", "hate")}

# Near to digits, common words, commands, the calendar, letters by their sound, fillers. None is pronounced like a
# digit (for, to, won, ate, owe, the letter O ...); the test asks espeak-ng.
_LISTED = """
    fine tree free site side line mine wine nice fire hive heaven eleven twelve sixteen seventy twenty hundred floor
    door more full true do shoe hero row no go low know so show own old when run sun gate late ace date eat ape hate
    store sort form fork far fan fun phone home stone cone only over open ocean hope hold both fight life live knife
    night light like find kind time sign once wonder want was sick fix mix sit set said send second self ever never
    even oven level lemon hear near year clear share through throw teeth tea tool tooth choose few new who
    yes up down left right on off stop start cancel help hello bed bird cat dog happy house marvin sheila wow operator
    repeat back again wait next end enter delete call dial answer menu play pause more less
    man woman child boy girl friend water bread milk coffee table chair window wall room street city car bus train
    plane road bridge school work money paper book pen letter number name word voice music song film game ball hand
    foot head face eye ear nose mouth arm leg black white red green blue yellow brown big small good bad hot cold
    fast slow long short high day week month hour minute morning evening summer winter spring rain snow wind sea
    world people they we what where why how this that with make take give come see look think very much
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    bee dee eff gee aitch jay kay ell em en pea cue are ess you vee w ex zed zee
    um uh er hmm ah okay please thanks well maybe sorry goodbye
"""
OTHER_WORDS = tuple(dict.fromkeys(_LISTED.split()))


@dataclass(frozen=True)
class Clip:
    """One clip to make: its file below the output folder, what is said, by whom and how."""

    file: str
    word: str
    voice: Voice
    engine_version: str
    command: str


def all_voices() -> list[Voice]:
    """Return every voice that may be heard in training."""
    new = [
        Voice("espeak-ng", f"{accent}+{variant}", sex, "train", ((0, 0), (0, 0)))
        for (accent, sex), variants in VARIANTS.items() for variant in variants.split()
    ]  # fmt: skip
    new += [Voice("flite", "kal16", "m", "train", ((0, 0), (0, 0)))]
    return [voice for voice in VOICES if voice.split == "train"] + new


def with_takes(voice: Voice, rng: np.random.Generator) -> Voice:
    """Return the voice with takes of a random pitch and tempo, in the units of its engine."""
    low_high = {
        "espeak-ng": ((30, 70), (145, 195)),
        "flite": ((0.88, 1.15), (0.85, 1.2)),
        "festival": ((85, 125), (0.85, 1.2)),
    }[voice.engine]
    (pitch, tempo), second = ([round(float(rng.uniform(*ends)), 2) for ends in low_high] for _ in range(2))
    return replace(voice, takes=((pitch, tempo), (second[0], second[1])))


def plan(voices: list[Voice], versions: dict[str, str]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips of digits and those of other words. Each is drawn from its own name and ``SEED``."""

    def generator(name: str) -> np.random.Generator:
        return np.random.default_rng([SEED, zlib.crc32(name.encode())])

    def clips(folder: str, word: str, voice: Voice, count: int) -> list[Clip]:
        if word in SOUND_ALIKE.get(voice.voice.split("+")[0], ()):
            return []
        drawn = with_takes(voice, generator(f"{word} {voice.name}"))
        return [
            Clip(f"{folder}/{word}_{voice.name}_{take}.flac", word, voice, versions[voice.engine],
                 shlex.join(drawn.command(word, take)))
            for take in range(1, count + 1)
        ]  # fmt: skip

    digits = [c for v in voices for w in DIGITS.words for c in clips("digits", w, v, 2 if w in RARE_WORDS else 1)]
    # flite and festival cut recordings of persons: rarer than espeak-ng's voices, so drawn twice as often.
    weights = np.array([1.0 if voice.engine == "espeak-ng" else 2.0 for voice in voices])
    others = [
        clip
        for word in OTHER_WORDS
        for index in sorted(
            generator(word).choice(len(voices), VOICES_PER_WORD, replace=False, p=weights / weights.sum())
        )
        for clip in clips("others", word, voices[index], 1)
    ]
    return digits, others


def fault(sound: Pcm) -> str:
    """Say what is wrong with a clip: its length or its level; empty if nothing is."""
    seconds = len(sound) / SAMPLE_RATE
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        return f"lasts {seconds:.2f} s"
    rms_dbfs = 10 * np.log10(np.mean(np.square(sound / 32768.0)))
    return f"is at {rms_dbfs:.0f} dBFS" if rms_dbfs < MIN_RMS_DBFS else ""


def make(out: Path, clip: Clip) -> str:
    """Write one clip if it is not there, and return its fault, or nothing."""
    path = out / clip.file
    if path.exists():
        return ""
    try:
        sound = synthesise(shlex.split(clip.command))
    except AudioError as error:
        return str(error)
    if not (wrong := fault(sound)):
        write_flac(path, sound)
    return wrong


def forget_changed(out: Path, clips: list[Clip]) -> None:
    """Delete the files that another command made, then note the commands of all files to come.

    In this order, so that whatever file an interrupted run leaves was made by the command that is noted.
    """
    table = out / "commands.csv"
    if table.exists():
        with table.open(newline="", encoding="utf-8") as stream:
            old = {(row["file"], row["engine_version"], row["command"]) for row in csv.DictReader(stream)}
        kept = {file for file, _, _ in old & {(c.file, c.engine_version, c.command) for c in clips}}
        for file, _, _ in old:
            if file not in kept:
                (out / file).unlink(missing_ok=True)
    write_table(table, [{"file": c.file, "engine_version": c.engine_version, "command": c.command} for c in clips])


def main() -> None:
    """Make what is missing, then write both tables."""
    parser = argparse.ArgumentParser(description="Synthesise training speech.")
    parser.add_argument("--out", type=Path, default=Path("data/synthetic"), help="folder to write to")
    out: Path = parser.parse_args().out

    versions = {engine: engine_version(engine) for engine in DEBIAN_PACKAGES}
    voices = all_voices()
    digits, others = plan(voices, versions)
    for folder in ("digits", "others"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    forget_changed(out, digits + others)
    with ThreadPoolExecutor(2) as pool:  # the work is done by the engines' processes
        made = pool.map(lambda clip: make(out, clip), digits + others)
        faults = dict(zip(digits + others, tqdm(made, total=len(digits + others), unit="clip"), strict=True))
    write_csv(
        [
            Utterance(
                out / clip.file, (clip.word,), f"synthetic/{clip.voice.name}", "train",
                attributes={"engine": clip.voice.engine, "voice": clip.voice.name, "sex": clip.voice.sex},
            )
            for clip in digits if not faults[clip]
        ],
        out / "digits.csv",
    )  # fmt: skip
    rows = [
        {"file": clip.file, "word": clip.word, "voice": clip.voice.name, "engine": clip.voice.engine,
         "engine_version": clip.engine_version, "command": clip.command}
        for clip in others if not faults[clip]
    ]  # fmt: skip
    write_table(out / "others.csv", rows)
    bad = {clip.file: wrong for clip, wrong in faults.items() if wrong}
    for file, wrong in bad.items():
        print(f"left out: {file} {wrong}")
    print(f"{len(voices)} voices, {len(digits) + len(others) - len(bad)} clips in {out}, {len(bad)} left out")


if __name__ == "__main__":
    main()
