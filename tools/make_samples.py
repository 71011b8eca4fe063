"""Synthesise the sample recordings that the wheel carries: eleven words by synthetic voices, and five noises.

    python -m tools.make_samples --out src/aurora_resnet/samples

Needs Debian's speech synthesisers (the error names the packages). Each engine speaks one word at a time; the
answer is resampled to 8 kHz, cut to the word with 50 ms on each side, brought to a peak of -3 dBFS and stored
as FLAC. ``samples.csv`` keeps the exact command of every clip. Nothing is written before everything has
been made and checked.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import AudioError, MissingDependencyError
from aurora_resnet.runtime.vocabulary import WORDS

SAMPLE_RATE = 8000
PEAK_DBFS = -3.0
NOISE_RMS_DBFS = -26.0
NOISE_SECONDS = 4.0
NOISE_SEED = 20260
STORED_BITS = 11  # the lowest 5 of the 16 bits are zero, which FLAC stores for nothing
MARGIN_SECONDS = 0.05
OUTPUT = "out.wav"  # what every command writes, in an empty folder

DEBIAN_PACKAGES = {
    "espeak-ng": "espeak-ng",
    "flite": "flite",
    "festival": "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
}

Pcm = npt.NDArray[np.int16]
Signal = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Voice:
    """One synthetic voice: an engine's voice and its takes, each a pair of pitch and tempo.

    Pitch is espeak-ng's 0..99, flite's factor, or the mean in Hz of festival's contour (its HTS voice takes
    none). Tempo is words per minute for espeak-ng and a stretch of time for the others.
    """

    engine: str
    voice: str
    sex: str
    split: str
    takes: tuple[tuple[float, float], tuple[float, float]]

    @property
    def name(self) -> str:
        """Folder and speaker: ``espeak-en-us-f1``."""
        short = self.voice.replace("+", "-").replace("cmu_us_", "").replace("_", "-").lower()
        return f"{self.engine.removesuffix('-ng')}-{short}"

    def command(self, word: str, take: int) -> list[str]:
        """Return the command that speaks ``word`` into ``OUTPUT``."""
        pitch, tempo = self.takes[take - 1]
        if self.engine == "espeak-ng":
            return ["espeak-ng", "-v", self.voice, "-p", f"{pitch:g}", "-s", f"{tempo:g}", "-w", OUTPUT, word]
        if self.engine == "flite":
            features = ["--setf", f"f0_shift={pitch:g}", "--setf", f"duration_stretch={tempo:g}"]
            return ["flite", "-voice", self.voice, *features, "-t", word, "-o", OUTPUT]
        if self.voice.endswith("hts"):
            setting = f"""(set! hts_engine_params (append hts_engine_params '(("-r" {1 / tempo:.3f}))))"""
        else:
            setting = (
                f"(Parameter.set 'Duration_Stretch {tempo:g}) (set! int_lr_params '((target_f0_mean {pitch:g}) "
                "(target_f0_std 14) (model_f0_mean 170) (model_f0_std 34)))"
            )
        speech = f"""(utt.save.wave (utt.synth (Utterance Text "{word}")) "{OUTPUT}" 'riff)"""
        return ["festival", "-b", f"(begin (voice_{self.voice}) {setting} {speech})"]


def _espeak(voice: str, sex: str, *takes: tuple[float, float], split: str = "train") -> Voice:
    first, second = takes
    return Voice("espeak-ng", voice, sex, split, (first, second))


# espeak-ng 1.51 calls its British voice "en" ("en-gb" ignores variants).
# A variant, or the person whose recordings an engine was built from (kal, slt, ...), stands in one split only.
VOICES: tuple[Voice, ...] = (
    _espeak("en-us+f1", "f", (45, 170), (64, 150)),
    _espeak("en-us-nyc+f2", "f", (50, 160), (34, 185)),
    _espeak("en-us+Annie", "f", (48, 170), (30, 155)),
    _espeak("en-us+grandma", "f", (50, 150), (66, 170)),
    _espeak("en-us+m1", "m", (50, 170), (68, 150)),
    _espeak("en+m3", "m", (40, 165), (58, 185)),
    _espeak("en-us+m4", "m", (60, 160), (40, 180)),
    _espeak("en-gb-scotland+m6", "m", (50, 170), (66, 155)),
    _espeak("en-us+Hugo", "m", (36, 170), (55, 150)),
    _espeak("en-us+ed", "m", (44, 175), (60, 155)),
    _espeak("en-us+edward", "m", (50, 165), (70, 180)),
    _espeak("en-gb-x-rp+grandpa", "m", (55, 150), (38, 170)),
    _espeak("en-us+sandro", "m", (50, 160), (66, 180)),
    _espeak("en-gb-x-rp+f5", "f", (46, 165), (30, 180)),
    _espeak("en-us+klatt4", "m", (55, 160), (38, 180)),
    _espeak("en+f3", "f", (40, 165), (58, 190), split="test"),
    _espeak("en-us+f4", "f", (55, 155), (38, 175), split="test"),
    _espeak("en-us+Denis", "m", (45, 160), (62, 180), split="test"),
    _espeak("en+belinda", "f", (36, 160), (52, 180), split="test"),
    _espeak("en-us+Gene", "m", (50, 170), (66, 155), split="test"),
    _espeak("en+m2", "m", (45, 170), (62, 150), split="test"),
    Voice("flite", "awb", "m", "train", ((1.0, 1.0), (1.12, 1.2))),
    Voice("flite", "slt", "f", "train", ((1.0, 1.0), (1.12, 0.85))),
    Voice("flite", "rms", "m", "test", ((1.0, 0.9), (1.15, 0.75))),
    Voice("festival", "kal_diphone", "m", "train", ((105, 1.1), (85, 0.9))),
    Voice("festival", "cmu_us_slt_arctic_hts", "f", "train", ((0, 1.0), (0, 1.2))),
    Voice("festival", "ked_diphone", "m", "test", ((105, 1.1), (125, 0.9))),
)


def engine_version(engine: str) -> str:
    """Return the version that an engine reports, or say which Debian package brings it."""
    if shutil.which(engine) is None:
        raise MissingDependencyError(f"{engine} is not installed: apt-get install {DEBIAN_PACKAGES[engine]}")
    told = subprocess.run([engine, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\b\d+\.\d+(\.\d+)?\b", told)
    if found is None:
        raise MissingDependencyError(f"{engine} --version should tell a version; it said {told.strip()!r}")
    return found.group()


def synthesise(command: list[str]) -> Pcm:
    """Run one engine command and return the trimmed, levelled 8 kHz clip that is stored."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode != 0 or not Path(folder, OUTPUT).exists():
            raise AudioError(
                f"'{shlex.join(command)}' wrote no sound (status {run.returncode}: {run.stderr.strip()[:200]}); "
                f"install with: apt-get install {DEBIAN_PACKAGES[command[0]]}"
            )
        samples, rate = soundfile.read(Path(folder, OUTPUT), dtype="float32")
    word = trim(np.asarray(resample(samples, rate, SAMPLE_RATE), dtype=np.float64))
    return round_to_pcm(word * 10 ** (PEAK_DBFS / 20) / np.abs(word).max())


def trim(samples: Signal) -> Signal:
    """Cut to the 10 ms frames above -40 dB of the loudest one, with ``MARGIN_SECONDS`` on both sides."""
    hop, margin = SAMPLE_RATE // 100, round(MARGIN_SECONDS * SAMPLE_RATE)
    padded = np.pad(samples, (0, -len(samples) % hop))
    energy = np.square(padded).reshape(-1, hop).mean(axis=1)
    if energy.max() == 0:
        raise AudioError("expected sound; got only zeros")
    loud = np.flatnonzero(energy > energy.max() * 1e-4)
    start, end = loud[0] * hop, (loud[-1] + 1) * hop
    return np.pad(padded, margin)[start : end + 2 * margin]


def round_to_pcm(samples: Signal) -> Pcm:
    """Round to ``STORED_BITS``, as 16-bit samples."""
    step = 2 ** (16 - STORED_BITS)
    rounded: Pcm = (np.round(samples * 32768 / step) * step).astype(np.int16)
    return rounded


def check_clips(clips: Mapping[str, Pcm]) -> None:
    """Refuse clips of a wrong length, clips that are nearly silent, and two equal clips."""
    seen: dict[bytes, str] = {}
    for name, clip in clips.items():
        seconds = len(clip) / SAMPLE_RATE
        level_dbfs = 20 * np.log10(np.sqrt(np.mean(np.square(clip / 32768.0))))
        if not 0.12 <= seconds <= 1.0:
            raise AudioError(f"{name}: expected 0.12 s to 1.0 s; got {seconds:.2f} s. Change the voice's tempo")
        if level_dbfs < -35:
            raise AudioError(f"{name}: expected speech; got {level_dbfs:.0f} dBFS. Leave the voice out")
        if (twin := seen.setdefault(clip.tobytes(), name)) != name:
            raise AudioError(f"{name}: expected a clip of its own; it equals {twin}. Change a pitch")


def make_noises(talkers: list[list[Pcm]]) -> dict[str, Pcm]:
    """Return white, pink and brown noise, mains hum, and babble of the talkers, all from ``NOISE_SEED``."""
    rng = np.random.default_rng(NOISE_SEED)
    length = round(NOISE_SECONDS * SAMPLE_RATE)
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    audible = np.where(frequencies >= 20, np.maximum(frequencies, 20), np.inf)  # nothing below 20 Hz

    def coloured(power: float) -> Signal:  # power density falls as f ** -power
        return np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * audible ** (-power / 2), length)

    time = np.arange(length) / SAMPLE_RATE
    phases = rng.uniform(0, 2 * np.pi, 20)
    hum = sum(np.sin(2 * np.pi * 50 * k * time + phase) / k for k, phase in enumerate(phases, start=1))
    signals = {"white": coloured(0), "pink": coloured(1), "brown": coloured(2), "hum": hum, "babble": time * 0}
    for clips in talkers:
        speech = np.concatenate([clips[i] for i in rng.permutation(len(clips))])
        signals["babble"] += np.roll(np.resize(speech, length), rng.integers(length))
    return {
        name: round_to_pcm(x * 10 ** (NOISE_RMS_DBFS / 20) / np.sqrt(np.mean(np.square(x))))
        for name, x in signals.items()
    }


def write_flac(path: Path, clip: Pcm) -> str:
    """Write one clip and return the SHA-256 of its file."""
    with atomic_path(path) as temporary:
        soundfile.write(temporary, clip, SAMPLE_RATE, subtype="PCM_16", format="FLAC", compression_level=1.0)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    """Write dictionaries with equal keys as CSV."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Make, check and write everything."""
    parser = argparse.ArgumentParser(description="Synthesise the sample recordings of the wheel.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    out: Path = parser.parse_args().out

    versions = {engine: engine_version(engine) for engine in DEBIAN_PACKAGES}
    files = {
        f"{voice.name}/{word}_{take}.flac": (voice, word, take)
        for voice in VOICES for word in WORDS for take in (1, 2)
    }  # fmt: skip
    clips = {
        file: synthesise(voice.command(word, take))
        for file, (voice, word, take) in tqdm(files.items(), desc="words", unit="clip")
    }
    check_clips(clips)
    talkers = [[clips[f"{voice.name}/{word}_1.flac"] for word in WORDS] for voice in VOICES if voice.split == "train"]
    noises = {f"noise/{name}.flac": noise for name, noise in make_noises(talkers).items()}
    strangers = {str(p.relative_to(out)) for p in out.rglob("*.flac")} - clips.keys() - noises.keys()
    if strangers:
        raise AudioError(f"{out} holds recordings of other voices; remove {', '.join(sorted(strangers)[:3])} ...")

    sums = {file: write_flac(out / file, clip) for file, clip in (clips | noises).items()}
    noise_rows = [{"file": file, "seed": str(NOISE_SEED), "sha256": sums[file]} for file in noises]
    word_rows = [
        {
            "file": file, "word": word, "voice": voice.name, "sex": voice.sex, "engine": voice.engine,
            "engine_version": versions[voice.engine], "take": str(take), "split": voice.split,
            "command": shlex.join(voice.command(word, take)), "sha256": sums[file],
        }
        for file, (voice, word, take) in files.items()
    ]  # fmt: skip
    write_table(out / "noise" / "noise.csv", noise_rows)
    write_table(out / "samples.csv", word_rows)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(VOICES)} voices, {len(clips)} clips, {len(noises)} noises, {size / 1e6:.2f} MB in {out}")


if __name__ == "__main__":
    main()
