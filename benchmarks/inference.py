"""Speed, memory and size of inference: torch, ONNX float32, ONNX int8, beside PocketSphinx, in one run.

Run: ``python -m benchmarks.inference [--rounds 5] [--out docs/records/inference.json]``; ``--quick`` measures a little
of ``compact``, to see that it works. A clip is a word of FSDD's official test, one of each speaker and digit, in the
middle of one second (``latency.py``). How speed and memory are measured stands in ``inference_speed.py``. How accurate
the exported files are: ``tools.measure``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import set_threads
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.files import write_json
from aurora_resnet.runtime.errors import AuroraError, ConfigError, MissingDependencyError
from aurora_resnet.runtime.model_reference import resolve
from benchmarks.inference_speed import Engine, cold_starts, measure
from benchmarks.inference_targets import target_table
from benchmarks.latency import POCKETSPHINX, read_clips
from benchmarks.machine import processor_name

BATCHES, THREADS = (1, 64), (1, 2)
COLD_STARTS = 5
QUICK = 10
"""``--quick`` takes every tenth recording."""
PACKAGES = ("aurora-resnet", "torch", "onnx", "onnxruntime", "numpy", "soundfile", POCKETSPHINX)


def write_files(folder: Path, models: Sequence[str]) -> list[Engine]:
    """Export the models and return all engines."""
    engines = []
    for model in models:
        checkpoint, path = load_checkpoint(model), resolve(model, format="checkpoint").path
        engines += [Engine(kind, kind, model, path) for kind in ("torch", "torch_folded")]
        for name, int8 in (("onnx_float32", False), ("onnx_int8", True)):
            file = folder / f"{model}_{name}.onnx"
            parity = export_onnx(checkpoint, file, int8=int8)
            print(f"{file.name}: {parity}", file=sys.stderr, flush=True)
            engines.append(Engine(name, "onnx", model, file))
    return engines


def describe_machine() -> dict[str, Any]:
    """Return processor and versions."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", choices=PRETRAINED, help="shipped models (default: all)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--rounds", type=int, default=5, help="passes over the clips (default 5)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--quick", action="store_true", help="a little of compact, to see that it works")
    options = parser.parse_args()
    models = options.model or (["compact"] if options.quick else list(PRETRAINED))
    step = QUICK if options.quick else 1
    set_threads(2)
    try:
        if options.rounds < 1:
            raise ConfigError(f"--rounds must be at least 1, not {options.rounds}")
        clips, words = read_clips(options.data)
        clips, words = clips[::step], words[::step]
        competitors = [Engine(POCKETSPHINX, POCKETSPHINX, "", None)]
        if importlib.util.find_spec(POCKETSPHINX) is None:
            if not options.quick:
                raise MissingDependencyError(f"{POCKETSPHINX} is needed to compare with: pip install {POCKETSPHINX}")
            competitors = []
        rows: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = folder / "clips.npy"
            np.save(file, np.stack(clips))
            engines = write_files(folder, models)
            for batch in BATCHES:
                for threads in THREADS:
                    taking_part = [*engines, *(competitors if batch == threads == 1 else [])]
                    rows += measure(taking_part, batch, threads, file, words, 1 if options.quick else options.rounds)
        seven = load_corpus(f"fsdd:{options.data}/fsdd").filter(split="test", words="seven")[0]
        cold = cold_starts(seven.path, 2 if options.quick else COLD_STARTS)
    except AuroraError as error:
        sys.exit(str(error))
    record = {
        "benchmark": "inference",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks.inference", *sys.argv[1:]]),
        "quick": options.quick,
        "clips": len(words),
        "rounds": 1 if options.quick else options.rounds,
        "machine": describe_machine(),
        "rows": rows,
        "cold_start": cold,
    }
    if options.out:
        write_json(record, options.out, indent=1)
    print(target_table(record))


if __name__ == "__main__":
    main()
