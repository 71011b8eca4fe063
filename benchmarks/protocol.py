"""Time and memory of building noisy speech at Aurora-2's size, measured on a part of it.

Run: ``python -m benchmarks.protocol [share ...]``, by default 0.05 and 0.1 of the whole; ``--quick`` builds 0.005.
Every share is built anew, in a process of its own and on two worker processes, from repeated recordings of about 1.8 s
(three sample words each) and the sample noises. The whole tree has 86,950 files: 8,440 of clean and as many of
multi-condition training, and 70,070 of the tests. Goals: 78,510 files (the tests and 8,440) within 10 minutes on two
cores; a peak of memory that does not grow with the share; mixing within 2 ms per second of audio (``mixing.py``
measures its parts).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.scenes import SCENE_NAMES, NoiseScenes
from aurora_resnet.runtime.audio.reading import read_audio

TRAINING, TESTS = 8440, 4004
GOAL_FILES, GOAL_MINUTES = 78_510, 10
RECORDINGS = 40
WORKERS = 2
REPEATS = 300
QUICK_SHARE = 0.005


def make_speech(folder: Path, share: float) -> Corpus:
    """Write a few recordings and link to them as often as the share asks for."""
    generator = np.random.default_rng(0)
    words = list(read_samples())
    recordings = []
    for number in range(RECORDINGS):
        three = [words[int(i)] for i in generator.integers(len(words), size=3)]
        path = folder / f"{number}.wav"
        write_audio(np.concatenate([read_audio(word.path)[0] for word in three]), path, 8000)
        recordings.append((path, tuple(word.word for word in three)))
    utterances = []
    for split, count, speakers in (("train", round(share * TRAINING), 110), ("test", round(share * TESTS), 104)):
        for number in range(count):
            path, said = recordings[number % RECORDINGS]
            link = folder / f"{split}_{number}.wav"
            os.link(path, link)
            sex = "fm"[number % 2]
            speaker = f"{split}/{number % speakers}{sex}"
            utterances.append(Utterance(link, said, speaker, split, attributes={"sex": sex}))
    return Corpus("repeated", tuple(utterances))


def make_noise(folder: Path) -> NoiseScenes:
    """Write a noise of 30 s for each scene, each another one."""
    generator = np.random.default_rng(1)
    waves = [read_audio(path)[0] for path in sample_noises().values()]
    recordings = {}
    for number, scene in enumerate(SCENE_NAMES):
        wave = np.resize(waves[number % len(waves)], 30 * 8000)
        path = folder / f"{scene}.wav"
        write_audio(np.clip(wave + 0.001 * generator.standard_normal(wave.size), -1, 1), path, 8000)
        recordings[scene] = (path,)
    return NoiseScenes(recordings)


def build(share: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "speech").mkdir()
        speech, noise = make_speech(folder / "speech", share), make_noise(folder)
        start, used = time.perf_counter(), sum(os.times()[:4])
        report = build_noisy_corpus(speech, noise, folder / "out", seed=0, train=True, workers=WORKERS)
        seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - used
        peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        audio = sum(path.stat().st_size for path in report.folder.rglob("*.08")) / 16_000
        minutes = seconds / report.written * GOAL_FILES / 60
        print(
            f"share {share:5.3f}: {report.written:6d} files, {audio / report.written:.2f} s each: {seconds:6.1f} s"
            f" ({cpu:.1f} s of processor time), so {GOAL_FILES} files take {minutes:.1f} min (goal {GOAL_MINUTES});"
            f" if {WORKERS} cores had nothing else to do {cpu / WORKERS / report.written * GOAL_FILES / 60:.1f} min;"
            f" peak memory: main process {peaks[0]:.0f} MiB, largest worker {peaks[1]:.0f} MiB;"
            f" skipped {len(report.skipped)}",
            flush=True,
        )


def mixing(seconds: float = 1.8, *, repeats: int) -> None:
    generator = np.random.default_rng(0)
    speech = (0.05 * generator.standard_normal(round(seconds * 8000))).astype(np.float32)
    noise = (0.1 * generator.standard_normal(30 * 8000)).astype(np.float32)
    for channel in ("g712", "mirs"):
        times = []
        for _ in range(repeats):
            start = time.process_time()  # other programs do not count
            mix_at_snr(speech, noise, 10.0, sample_rate=8000, generator=generator, channel=channel)
            times.append(time.process_time() - start)
        print(
            f"mixing, channel {channel}: {1000 * np.median(times) / seconds:.2f} ms per second of audio (goal 2)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shares", type=float, nargs="*", default=[0.05, 0.1], help="of the whole (default 0.05 0.1)")
    parser.add_argument("--quick", action="store_true", help="a little, to see that it works")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # in this process
    options = parser.parse_args()
    if options.one:
        build(options.shares[0])
        return
    mixing(repeats=3 if options.quick else REPEATS)
    for share in [QUICK_SHARE] if options.quick else options.shares:
        subprocess.run([sys.executable, "-m", "benchmarks.protocol", "--one", str(share)], check=True)


if __name__ == "__main__":
    main()
