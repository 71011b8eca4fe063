"""Synthesise training speech: the rare words ``zero`` and ``oh`` by many voices, and words that are no digits.

    python -m tools.make_training_speech --out data/synthetic

The second edition's weights learnt from it. Needs Debian's speech synthesisers (the error names the packages). Written
are ``digits.csv``, a manifest (``manifest:data/synthetic/digits.csv``), and the folder ``others`` of words that are no
digits, 8 kHz FLAC files. The voices are those of the samples on their training side and more, each clip with a pitch and
tempo of its own. No voice or person of the samples' test side speaks. A later run makes the clips that are missing.
"""

from __future__ import annotations

import argparse
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.config_files import read_toml
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.make_samples import DEBIAN_PACKAGES, SAMPLE_RATE, Pcm, engine_version, synthesise, write_flac
from tools.sample_voices import Voice, sample_voices

SEED = 20264
VOICES_PER_WORD = 12
RARE_WORDS = ("zero", "oh")  # every voice says these twice, the other digits once
SECONDS = (0.12, 1.2)
MIN_RMS_DBFS = -35.0
PITCH_AND_TEMPO = {
    "espeak-ng": ((30, 70), (145, 195)),
    "flite": ((0.88, 1.15), (0.85, 1.2)),
    "festival": ((85, 125), (0.85, 1.2)),
}
"""Their ranges, in the units of each engine."""

_WORDS = read_toml(Path(__file__).with_name("synthetic_speech.toml"))["synthesisers"]
VARIANTS: dict[str, dict[str, str]] = _WORDS["variants"]
"""Voices of espeak-ng by sex and accent."""
SOUND_ALIKE: dict[str, list[str]] = _WORDS["sound_alike"]
"""Words that an accent says alike."""
OTHER_WORDS: tuple[str, ...] = tuple(_WORDS["other_words"].split())


@dataclass(frozen=True)
class Clip:
    """One clip to make: its file below the output folder, what is said, by whom and how."""

    file: str
    word: str
    voice: Voice
    command: tuple[str, ...]


def all_voices() -> list[Voice]:
    """Return every voice of the training."""
    new = [
        Voice("espeak-ng", f"{accent}+{variant}", sex)
        for sex, accents in VARIANTS.items()
        for accent, variants in accents.items()
        for variant in variants.split()
    ]
    return [*sample_voices("train"), *new, Voice("flite", "kal16", "m")]


def plan(voices: list[Voice]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips of digits and those of other words. Each is drawn from its own name and ``SEED``."""

    def generator(name: str) -> np.random.Generator:
        return np.random.default_rng([SEED, zlib.crc32(name.encode())])

    def clips(folder: str, word: str, voice: Voice, count: int) -> list[Clip]:
        if word in SOUND_ALIKE.get(voice.voice.split("+")[0], ()):
            return []
        rng = generator(f"{word} {voice.name}")
        ranges = PITCH_AND_TEMPO[voice.engine]
        takes = [[round(float(rng.uniform(*ends)), 2) for ends in ranges] for _ in range(count)]
        return [
            Clip(f"{folder}/{word}_{voice.name}_{number}.flac", word, voice, tuple(voice.command(word, *take)))
            for number, take in enumerate(takes, start=1)
        ]

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
        sound = synthesise(list(clip.command))
    except AudioError as error:
        return str(error)
    if not (wrong := fault(sound)):
        write_flac(path, sound)
    return wrong


def main() -> None:
    """Make what is missing, then write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/synthetic"), help="folder to write to")
    out: Path = parser.parse_args().out

    for engine in DEBIAN_PACKAGES:
        engine_version(engine)
    voices = all_voices()
    digits, others = plan(voices)
    clips = digits + others
    with ThreadPoolExecutor(2) as pool:  # the work is done by the engines' processes
        made = pool.map(lambda clip: make(out, clip), clips)
        faults = dict(zip(clips, tqdm(made, total=len(clips), unit="clip"), strict=True))
    kept = [clip for clip in digits if not faults[clip]]
    write_csv(
        [Utterance(out / c.file, (c.word,), f"synthetic/{c.voice.name}", "train") for c in kept], out / "digits.csv"
    )
    bad = {clip.file: wrong for clip, wrong in faults.items() if wrong}
    for file, wrong in bad.items():
        print(f"left out: {file} {wrong}")
    print(f"{len(voices)} voices, {len(clips) - len(bad)} clips in {out}, {len(bad)} left out")


if __name__ == "__main__":
    main()
