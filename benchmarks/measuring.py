"""What benchmarks share: the processor, processes of their own, their memory and their processor time."""

from __future__ import annotations

import json
import os
import platform
import re
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
import pytest

from aurora_resnet.runtime.audio.waveform import Samples

PEER_RATE = 16_000
ROOT = Path(__file__).resolve().parents[1]


def processor_name() -> str:
    """Return the name that the processor gives itself.

    >>> len(processor_name()) > 0
    True
    """
    facts = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", facts.read_text(encoding="utf-8")) if facts.is_file() else None
    return named[1] if named else platform.processor() or platform.machine()


@dataclass(frozen=True)
class Run:
    """What a command took: seconds by the clock and of processors, peak memory of its processes; what it printed."""

    seconds: float
    processor_seconds: float
    memory_mb: float
    said: str


def run_python(*arguments: str) -> Run:
    """Run Python with one thread a process and watch it; memory (PSS: shared pages count once) five times a second."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    before, started, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, *arguments]
        with subprocess.Popen(command, stdout=said, env=environment, start_new_session=True) as process:
            while process.poll() is None:
                peak = max(peak, _session_mb(process.pid))
                time.sleep(0.05 if time.perf_counter() - started < 2 else 0.2)
        seconds = time.perf_counter() - started
        said.seek(0)
        text = said.read()
    assert process.returncode == 0, f"{' '.join(arguments)[:200]} ended with {process.returncode}"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak, text)


def last_line(run: Run) -> Any:
    """Return the JSON of the last line that a command printed."""
    return json.loads(run.said.splitlines()[-1])


def pocketsphinx(said: str) -> Callable[[Samples], str]:
    """Return PocketSphinx's way from samples at 16 kHz to words (``""`` for none), with its US English model.

    Args:
        said: what may be said, as the right side of a rule in JSGF.
    """
    decoders = pytest.importorskip("pocketsphinx", reason="to compare with: pip install pocketsphinx")
    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        grammar.write_text(f"#JSGF V1.0; grammar digits; public <digits> = {said};", encoding="utf-8")
        decoder = decoders.Decoder(jsgf=str(grammar), samprate=PEER_RATE, loglevel="FATAL")

    def answer(samples: Samples) -> str:
        decoder.start_utt()
        decoder.process_raw((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return answer


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return number, median and 95th percentile of some values.

    >>> quantiles([1.0, 2.0, 3.0])
    {'words': 3, 'median': 2.0, 'p95': 2.9}
    """
    median, high = np.percentile(values, [50, 95])
    return {"words": len(values), "median": float(median), "p95": float(high)}


def _session_mb(session: int) -> float:
    held = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[3]) == session:
                held += sum(map(int, re.findall(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.MULTILINE)))
        except (OSError, ValueError):  # it ended meanwhile
            continue
    return held / 1024
