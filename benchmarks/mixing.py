"""Cost of mixing speech with noise, in ms per second of audio on one core: the whole and its parts.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.mixing [--seconds 1] [--quick]``. Every line is the median of
repeated calls in one run; the goal is at most 2 ms per second for ``mix_at_snr``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from aurora_resnet.audio.channels import g712, mirs
from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.audio.mixing import mix_at_snr

SAMPLE_RATE = 8000
REPEATS = 300


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    call()  # designs filters, fills caches
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each clip (default 1)")
    parser.add_argument("--quick", action="store_true", help="a few calls, to see that it works")
    options = parser.parse_args()
    seconds, repeats = options.seconds, 3 if options.quick else REPEATS
    generator = np.random.default_rng(0)
    samples = round(seconds * SAMPLE_RATE)
    syllables = np.repeat(generator.choice([0.001, 0.05, 0.2], size=samples // 1200 + 1), 1200)[:samples]
    speech = (syllables * generator.standard_normal(samples)).astype(np.float32)
    noise = (0.1 * generator.standard_normal(60 * SAMPLE_RATE)).astype(np.float32)

    def mixed(channel: str) -> Callable[[], object]:
        return lambda: mix_at_snr(speech, noise, 10.0, sample_rate=SAMPLE_RATE, generator=generator, channel=channel)

    calls: dict[str, Callable[[], object]] = {
        "mix_at_snr, channel g712": mixed("g712"),
        "mix_at_snr, channel mirs": mixed("mirs"),
        "active_speech_level": lambda: active_speech_level(speech, SAMPLE_RATE),
        "rms_level_db": lambda: rms_level_db(speech),
        "g712": lambda: g712(speech, SAMPLE_RATE),
        "mirs": lambda: mirs(speech, SAMPLE_RATE),
    }
    print(f"clips of {seconds} s at {SAMPLE_RATE} Hz, noise of 60 s, ms per second of audio")
    for name, call in calls.items():
        print(f"{name:26s} {milliseconds(call, repeats) / seconds:7.3f}")


if __name__ == "__main__":
    main()
