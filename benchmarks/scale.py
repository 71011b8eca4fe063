"""What very much costs: recordings a second and memory of ``transcribe`` and of training, at 1, 10, 100 thousand clips.

Run: ``python -m benchmarks.scale [--only transcription training processes] [--counts 1000 10000 100000] [--out FILE]``;
``--quick`` sees that it works. Parts of FILE that are not measured again stay. How much of the time is arithmetic,
``benchmarks.arithmetic`` tells. Three parts:

- *transcription*: ``aurora-resnet transcribe`` of WAV files of one second (16 bits, 16 kHz; 200 recordings under as
  many names as needed) with ``compact``, a process a processor, beside ``recognize`` on the first thousand.
- *training*: an epoch of ``compact`` from clips in memory, two threads.
- *processes*: an epoch by ``torchrun`` with two processes of one thread, over one process of one thread, for small and
  large batches: a step costs the processes a few dozen messages, whatever it learns from.

Memory is the peak of what all processes of a part hold together (PSS: shared pages count once), looked up five times a
second. Processor time is that of all of them; on a busy machine it says more than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from benchmarks.machine import processor_name

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (1000, 10_000, 100_000)
MATERIAL = 200
BATCHES = (64, 512)
"""Of all processes together."""
RATE = 16_000
TRAINED = """
import json, sys, tempfile
import torch
from benchmarks.training import random_clips
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer
(count, threads, epochs, batch), out = map(int, sys.argv[1:5]), sys.argv[5]
torch.set_num_threads(threads)
torch.manual_seed(0)
model = RecognizerModel(RecognizerConfig("compact", MelConfig(sample_rate=8000)))
trainer = Trainer(model, TrainingConfig(epochs=epochs, batch_size=batch), out)
result = trainer.fit(random_clips(count))
if trainer.ranks.first:
    print(json.dumps([record.clips_per_second for record in result.history]))
trainer.ranks.leave()
"""


def files(folder: Path, count: int) -> Path:
    """Write recordings of one second, each under as many names as are needed, and return their folder."""
    words = list(read_samples())[:MATERIAL]
    home = folder / "in"
    for number in range(count):
        path = home / f"{number // 1000:04d}" / f"{number:07d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        first = home / "0000" / f"{number % len(words):07d}.wav"
        if number < len(words):
            samples, rate = read_audio(words[number].path)
            soundfile.write(path, fit_length(resample(samples, rate, RATE), RATE), RATE, subtype="PCM_16")
        else:
            path.hardlink_to(first)
    return home


@dataclass(frozen=True)
class Run:
    """What a command took: seconds by the clock and of processors, peak memory in MB; and what it printed."""

    seconds: float
    processor_seconds: float
    memory_mb: float
    said: str

    def row(self, what: str, clips: int) -> dict[str, Any]:
        """Print and return a row of the record."""
        row = {"what": what, "clips": clips, **{k: v for k, v in vars(self).items() if k != "said"}}
        row["per_second"] = clips / self.seconds
        row["processor_ms"] = 1e3 * self.processor_seconds / clips
        print(
            "{what:11}{clips:9,} clips{per_second:9.0f} a second{processor_ms:9.2f} ms of processor each"
            "{memory_mb:8.0f} MB".format(**row),
            flush=True,
        )
        return row


def watched(command: Sequence[str]) -> Run:
    """Run a command and watch it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    started, peak, before = time.perf_counter(), 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(command, stdout=said, env=environment, start_new_session=True) as process:
            while process.poll() is None:
                peak = max(peak, session_mb(process.pid))
                time.sleep(0.2)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.perf_counter() - started, processors, peak, text)


def session_mb(session: int) -> float:
    """Return the memory that the processes of a session hold together, MB."""
    held = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[3]) == session:
                lines = (folder / "smaps_rollup").read_text(encoding="utf-8").splitlines()
                held += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, ValueError):  # it ended meanwhile
            continue
    return held / 1024


def transcription(counts: Sequence[int], folder: Path) -> dict[str, Any]:
    """Measure ``transcribe``, and ``recognize`` on the first thousand."""
    home = files(folder, max(counts))
    first = sorted(map(str, (home / "0000").iterdir()))[: min(1000, min(counts))]
    program = [sys.executable, "-m", "aurora_resnet"]
    rows = [watched([*program, "recognize", "--model", "compact", "--json", *first]).row("recognize", len(first))]
    names = sorted(map(str, home.rglob("*.wav")))
    for count in counts:
        listed, out = folder / f"{count}.txt", folder / f"out-{count}"
        listed.write_text("\n".join(names[:count]) + "\n")
        run = watched([*program, "transcribe", str(listed), "--model", "compact", "--format", "csv", "--out", str(out)])
        written = sum(len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in out.glob("rows/*.csv"))
        assert written == count, f"{written} rows of {count}"
        rows.append(run.row("transcribe", count))
    return {"rows": rows}


def training(counts: Sequence[int], folder: Path) -> dict[str, Any]:
    """Measure a training of one epoch, and memory with the clips in it."""
    rows = []
    for count in counts:
        run = watched([sys.executable, "-c", TRAINED, str(count), "2", "1", "64", str(folder / f"train-{count}")])
        rows.append(run.row("training", count) | {"epoch_per_second": json.loads(run.said)[-1]})
    return {"rows": rows}


def processes(counts: Sequence[int], folder: Path) -> dict[str, Any]:
    """Compare two processes with one, in turn."""
    script = folder / "trained.py"
    script.write_text(TRAINED)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node"]
    rows = []
    for batch in BATCHES:
        speeds: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(3):
            for number in speeds:
                out = folder / f"processes-{batch}-{number}-{turn}"
                values = (str(max(min(counts), 4 * batch)), "1", "2", str(batch), str(out))
                run = watched([*torchrun, str(number), str(script), *values])
                speeds[number].append(json.loads(run.said)[-1])
        ratio = float(np.median([two / one for one, two in zip(speeds[1], speeds[2], strict=True)]))
        print(
            f"torchrun, batches of {batch}: two processes {ratio:.2f} x one, of one thread each; goal 1.7", flush=True
        )
        rows.append({"batch": batch, "clips_per_second": speeds, "ratio": ratio})
    return {"rows": rows}


PARTS: dict[str, Callable[[Sequence[int], Path], dict[str, Any]]] = {
    "transcription": transcription,
    "training": training,
    "processes": processes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS, help="clips")
    parser.add_argument("--quick", action="store_true", help="a few hundred, to see that it works")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    counts = (256, 512) if options.quick else options.counts
    kept = json.loads(options.out.read_text(encoding="utf-8")) if options.out and options.out.exists() else {}
    record: dict[str, Any] = kept | {
        "benchmark": "scale",
        "processor": processor_name(),
        "processors": len(os.sched_getaffinity(0)),
    }
    for part in options.only:
        with tempfile.TemporaryDirectory() as folder:
            record[part] = PARTS[part](counts, Path(folder))
        if options.out:
            from aurora_resnet.environment import describe_environment

            write_json(record | {"environment": describe_environment("cpu")}, options.out)


if __name__ == "__main__":
    main()
