"""Synthesise the sample recordings that the wheel carries anew: eleven words by synthetic voices, and five noises.

    python -m tools.make_samples --out src/aurora_resnet/samples

``samples.csv`` in that folder has the exact command of every clip; other commands in it make other clips. Needs Debian's
speech synthesisers (the error names the packages). Each engine speaks one word at a time; the answer is resampled to
8 kHz, cut to the word with 50 ms on each side, brought to a peak of -3 dBFS and stored as FLAC. Nothing is written
before everything has been made; then the table has the engines' versions and the digests of the files, and
tests/corpora/test_samples.py checks lengths, levels and voices.
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
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm.auto import tqdm

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import AudioError, MissingDependencyError

SAMPLE_RATE = 8000
PEAK_DBFS = -3.0
NOISE_RMS_DBFS = -26.0
NOISE_SECONDS = 4.0
NOISE_SEED = 20260
STORED_BITS = 11  # the lowest 5 of the 16 bits are zero, which FLAC stores for nothing
MARGIN_SECONDS = 0.05

OUTPUT = "out.wav"
"""What every command writes, in an empty folder."""
DEBIAN_PACKAGES = {
    "espeak-ng": "espeak-ng",
    "flite": "flite",
    "festival": "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
}

Pcm = npt.NDArray[np.int16]
Signal = npt.NDArray[np.float64]


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


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    """Write dictionaries with equal keys as CSV."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Make, check and write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of samples.csv, to write to")
    out: Path = parser.parse_args().out

    rows = read_table(out / "samples.csv")
    versions = {engine: engine_version(engine) for engine in DEBIAN_PACKAGES}
    clips = {row["file"]: synthesise(shlex.split(row["command"])) for row in tqdm(rows, desc="words", unit="clip")}
    spoken: dict[str, list[Pcm]] = {}
    for row in rows:
        if (row["split"], row["take"]) == ("train", "1"):
            spoken.setdefault(row["voice"], []).append(clips[row["file"]])
    noises = {f"noise/{name}.flac": noise for name, noise in make_noises(list(spoken.values())).items()}
    foreign = {str(p.relative_to(out)) for p in out.rglob("*.flac")} - clips.keys() - noises.keys()
    if foreign:
        raise AudioError(f"{out} holds recordings of other voices; remove {', '.join(sorted(foreign)[:3])} ...")
    sums = {file: write_flac(out / file, clip) for file, clip in (clips | noises).items()}
    noise_rows = [{"file": file, "seed": str(NOISE_SEED), "sha256": sums[file]} for file in noises]
    write_table(out / "noise" / "noise.csv", noise_rows)
    changes = [{"engine_version": versions[row["engine"]], "sha256": sums[row["file"]]} for row in rows]
    write_table(out / "samples.csv", [row | change for row, change in zip(rows, changes, strict=True)])
    print(f"{len(clips)} clips, {len(noises)} noises in {out}")


if __name__ == "__main__":
    main()
