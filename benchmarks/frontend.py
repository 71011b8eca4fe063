"""Speed of ``MelFrontend`` as a ratio to torchaudio's ``MelSpectrogram``, measured in one run.

Run: ``python -m benchmarks.frontend [--repeats 101] [--out FILE]``; ``--quick`` takes 3 calls of each. Both compute the
log-mel features of the same clips of one second at 8 kHz with the same settings; "+ utterance" adds the normalisation
of each clip on both sides. The calls take turns, so that a busy machine hits both alike. A ratio above 1 means that
ours is faster. It is the median of the ratios of neighbouring calls; the times are medians too.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.files import write_json

SAMPLE_RATE = 8000


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def torchaudio_frontend(config: MelConfig) -> Callable[[Tensor], Tensor]:
    """The same features from torchaudio's spectrogram and plain torch."""
    from torchaudio.transforms import MelSpectrogram

    spectrogram = MelSpectrogram(
        sample_rate=config.sample_rate,
        n_fft=config.fft_length,
        win_length=config.window_length,
        hop_length=config.hop_length,
        f_min=config.f_min,
        f_max=config.f_max,
        n_mels=config.n_mels,
        power=config.power,
        mel_scale=config.mel_scale,
    )

    def features(waveform: Tensor) -> Tensor:
        log_mel: Tensor = spectrogram(waveform).clamp(min=config.log_floor).log()
        if config.normalization == "none":
            return log_mel
        variance, mean = torch.var_mean(log_mel, dim=(1, 2), keepdim=True, correction=0)
        return (log_mel - mean) / (variance + 1e-6).sqrt()

    return features


def measure(batch: int, threads: int, normalization: Any, repeats: int) -> dict[str, object]:
    torch.set_num_threads(threads)
    config = MelConfig(sample_rate=SAMPLE_RATE, normalization=normalization)
    waveform = 0.1 * torch.randn(batch, SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    ours, theirs = MelFrontend(config), torchaudio_frontend(config)
    with torch.inference_mode():
        torch.testing.assert_close(ours(waveform), theirs(waveform), rtol=0, atol=1e-4)
        pairs = [(seconds(lambda: theirs(waveform)), seconds(lambda: ours(waveform))) for _ in range(repeats)]
    return {
        "batch": batch,
        "threads": threads,
        "features": "log-mel" if normalization == "none" else f"log-mel + {normalization}",
        "torchaudio_ms": 1e3 * statistics.median(theirs_s for theirs_s, _ in pairs),
        "ours_ms": 1e3 * statistics.median(ours_s for _, ours_s in pairs),
        "ratio": statistics.median(theirs_s / ours_s for theirs_s, ours_s in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="MelFrontend against torchaudio's MelSpectrogram.")
    parser.add_argument("--repeats", type=int, default=101, help="calls of each (default 101)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--quick", action="store_true", help="a few calls, to see that it works")
    options = parser.parse_args()
    try:
        import torchaudio
    except (ImportError, OSError, RuntimeError) as error:
        sys.exit(f"torchaudio, which this benchmark compares with, does not import: {str(error).splitlines()[0]}")
    versions = {"python": platform.python_version(), "torch": torch.__version__, "torchaudio": torchaudio.__version__}
    repeats = 3 if options.quick else options.repeats
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"{'features':20s} {'batch':>5s} {'threads':>7s} {'torchaudio ms':>13s} {'ours ms':>9s} {'ratio':>6s}")
    rows = []
    for normalization in ("none", "utterance"):
        for batch in (1, 64):
            for threads in (1, 2):
                row = measure(batch, threads, normalization, repeats)
                rows.append(row)
                print(
                    f"{row['features']:20} {batch:5d} {threads:7d} {row['torchaudio_ms']:13.3f} {row['ours_ms']:9.3f} ",
                    end="",
                )
                print(f"{row['ratio']:6.2f}")
    if options.out:
        write_json({"benchmark": "frontend", "versions": versions, "rows": rows}, options.out, indent=2)


if __name__ == "__main__":
    main()
