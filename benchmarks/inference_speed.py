"""Time and memory of ways to recognise clips, each in a process of its own.

Timed is the way from clips in memory to logits, front end included; of PocketSphinx with a grammar of the same words,
an utterance from start to answer. The processes of one batch and number of threads take turns, a pass over the clips
each, and another one begins each time, so that a busy machine hits all alike (``inference_worker.py``).

``torch`` is the network of the checkpoint as it is, ``torch_folded`` that network with its BatchNorms folded, as
``TorchModel`` uses it, ``onnx`` an exported file as the runtime computes it. The start of an engine is its imports,
loading and the first answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.runtime.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Engine:
    """A way to recognise, and the file that it reads."""

    name: str
    kind: str
    model: str
    file: Path | None


class Worker:
    """A process that recognises when it is asked to."""

    def __init__(self, engine: Engine, batch: int, threads: int, clips: Path) -> None:
        arguments = [engine.kind, str(engine.file or ""), str(batch), str(threads), str(clips)]
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": paths}
        self.engine, self.seconds = engine, list[float]()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.inference_worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.start = self._line()

    def ask(self, what: str) -> Any:
        """Send a line and return the answer."""
        if self.process.stdin is None:
            raise AssertionError("the process was started with a pipe")
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._line()

    def stop(self) -> None:
        """End the process if it has not ended itself."""
        self.process.kill()
        self.process.communicate()

    def _line(self) -> Any:
        if self.process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        line = self.process.stdout.readline()
        if not line:
            raise ConfigError(f"the measuring process of {self.engine.name} {self.engine.model} ended; see above")
        return json.loads(line)


@contextmanager
def workers(engines: Sequence[Engine], batch: int, threads: int, clips: Path) -> Iterator[list[Worker]]:
    """Start a process for each engine, one after the other, and end them all."""
    running: list[Worker] = []
    try:
        for engine in engines:
            running.append(Worker(engine, batch, threads, clips))
        yield running
    finally:
        for worker in running:
            worker.stop()


def measure(
    engines: Sequence[Engine], batch: int, threads: int, clips: Path, words: list[str], rounds: int
) -> list[dict[str, Any]]:
    """Return a row for each engine at a batch and number of threads."""
    rows = []
    with workers(engines, batch, threads, clips) as running:
        for turn in range(rounds):
            for place in range(len(running)):
                worker = running[(turn + place) % len(running)]
                worker.seconds += worker.ask("turn")
        for worker in running:
            median, high = 1e3 * np.percentile(worker.seconds, [50, 95]) / batch
            heard, file = worker.start["heard"], worker.engine.file
            rows.append(
                {
                    "engine": worker.engine.name,
                    "model": worker.engine.model,
                    "batch": batch,
                    "threads": threads,
                    "median_ms": float(median),
                    "p95_ms": float(high),
                    "clips_per_second": 1e3 / float(median),
                    "real_time_factor": float(median) / 1e3,  # a clip lasts a second
                    "memory_mb": worker.ask("end")["memory_mb"],
                    "file_bytes": None if file is None else file.stat().st_size,
                    "start_seconds": worker.start["start_seconds"],
                    "correct": sum(a == b for a, b in zip(heard, words, strict=True)),
                    "clips": len(words),
                }
            )
    print(f"batch {batch}, {threads} threads: done", file=sys.stderr, flush=True)
    return rows


def cold_starts(recording: Path, count: int) -> dict[str, Any]:
    """Time the runtime with ``compact`` from the start of a process to its first answer, without any torch."""
    code = (
        "import time; start = time.perf_counter(); from aurora_resnet.runtime.recognizer import Recognizer; "
        "ready = time.perf_counter(); recognizer = Recognizer.from_pretrained('compact'); "
        f"word = recognizer.recognize({str(recording)!r}).word; "
        "end = time.perf_counter(); import sys, json; "
        "print(json.dumps([ready - start, end - ready, word, 'torch' in sys.modules]))"
    )
    runs = []
    for _ in range(count):
        begin = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        whole = time.perf_counter() - begin
        import_seconds, answer_seconds, word, has_torch = json.loads(result.stdout)
        runs.append({"process": whole, "import": import_seconds, "first_answer": answer_seconds, "word": word})
        if has_torch:
            raise AssertionError("the runtime imported torch")
    keys = ("process", "import", "first_answer")
    return {
        "runs": runs,
        "median": {key: float(np.median([run[key] for run in runs])) for key in keys},
        "largest": {key: max(run[key] for run in runs) for key in keys},
    }
