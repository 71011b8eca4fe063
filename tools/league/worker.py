"""A process that recognises for the league: paths of WAV files come in, a line of JSON for each goes out.

It runs in the environment of its entrant, so it needs nothing but NumPy. ``python worker.py MODULE.py OPTIONS PACKAGE``:
the first line names the files that the entrant consists of, and the version of its package.
"""

import importlib
import json
import os
import sys
import time
import wave
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

POWERCAP = Path("/sys/class/powercap")


def energy(folder: Path = POWERCAP) -> float:
    """Return the joules that the processors' packages have used so far, other work included; 0 if Linux tells none."""
    try:
        return sum(int(path.read_text(encoding="utf-8")) for path in folder.glob("*-rapl:?/energy_uj")) / 1e6
    except OSError:  # many systems let root alone read it
        return 0.0


CLOCKS = {"seconds": time.perf_counter, "processor_seconds": time.process_time, "joules": energy}


def read(path: str) -> tuple[Any, int]:
    """Return samples in float32 and rate of a 16-bit WAV file."""
    with wave.open(path) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.astype(np.float32) / 32768, file.getframerate()


def main(module_path: str, options: dict[str, Any], package: str) -> None:
    """Answer until the input ends."""
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    sys.path.insert(0, str(Path(module_path).parent))
    module = importlib.import_module(Path(module_path).stem)
    about = {"files": [str(path) for path in module.files(**options)], "version": version(package) if package else ""}
    print(json.dumps(about), file=said, flush=True)
    begin: dict[str, float] = {}

    def recordings() -> Iterator[tuple[Any, int]]:
        for line in sys.stdin:
            recording = read(line.rstrip("\n"))
            begin.update({name: clock() for name, clock in CLOCKS.items()})
            yield recording

    for text, confidence, accepted in module.recognise(recordings(), **options):
        answer = {"text": text, "confidence": confidence, "accepted": accepted}
        answer |= {name: clock() - begin[name] for name, clock in CLOCKS.items()} | {"memory_mb": peak_memory_mb()}
        print(json.dumps(answer), file=said, flush=True)


def peak_memory_mb() -> float:
    """Return the most memory that this program held; ``ru_maxrss`` would count that of the one that started it too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
