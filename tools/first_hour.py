"""Do the first hour in an empty environment and measure it: docs/records/first_hour.json.

python -m tools.first_hour                   # ten minutes, 2 GB of disk; needs the package index
python -m tools.first_hour --torch ''           # with the index's own torch, which has CUDA: 7 GB
python -m tools.first_hour --torch 'torch torchvision --find-links wheels'

The commands of the page are the commands that ran, but for what ``--torch`` says on machines that do not reach torch's own
index. ``python -m tools.reports`` then writes the page docs/first-hour.md, which says which torch was installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_HOUR = ROOT / "docs" / "records" / "first_hour.json"
TORCH = "torch torchvision --index-url https://download.pytorch.org/whl/cpu"
SAMPLES = "aurora-resnet/src/aurora_resnet/samples"
LONGEST_OUTPUT = 30


@dataclass(frozen=True)
class Step:
    """Commands of the hour, and why."""

    title: str
    text: str
    commands: str
    language: str = "sh"
    environment: str = ""
    """Folder of the virtual environment whose size is told; none where nothing is installed."""


STEPS = (
    Step(
        "An environment",
        "Python 3.11 or newer, and a clone of the repository in `aurora-resnet`.",
        "python3 -m venv hour\n. hour/bin/activate",
    ),
    Step(
        "Hearing, without torch",
        "The small distribution: numpy, soundfile, soxr, onnxruntime and three trained models.",
        "pip install ./aurora-resnet/runtime",
        environment="hour",
    ),
    Step(
        'A "seven"',
        "A recording of a synthetic voice; take one of your own: any format, rate and length.",
        f"aurora-resnet-runtime recognize {SAMPLES}/flite-rms/seven_1.flac",
    ),
    Step(
        "A telephone number",
        "Digits one after another. This one is put together from single words; record yours in one breath.",
        f'''import numpy as np
import soundfile

words = "oh one seven one five five five two three six".split()
parts = [np.zeros(4000)]
for word in words:
    samples, rate = soundfile.read(f"{SAMPLES}/espeak-en-us-gene/{{word}}_1.flac")
    parts += [samples, np.zeros(1000)]
soundfile.write("number.wav", np.concatenate(parts), rate)''',
        language="python",
    ),
    Step(
        "... is heard",
        "Say what you know: ten digits. The probability is that of the whole number.",
        "aurora-resnet-runtime recognize --string --length 10 number.wav",
    ),
    Step(
        "Learning, with torch",
        "The large distribution trains, measures and exports. The first line takes torch and torchvision for the CPU from torch's own "
        "index, both of them, since one with and one without CUDA do not fit together; leave it out for an NVIDIA GPU.",
        "{torch}pip install './aurora-resnet[export]'",
        environment="hour",
    ),
    Step(
        "Two words of your own",
        "A sub-folder of recordings for each word. Here two words of nine synthetic voices play that part; "
        '`aurora-resnet record --words "licht an,licht aus" --speaker ann --out mine` records yours.',
        f"""for voice in flite-slt flite-awb flite-rms festival-kal-diphone festival-ked-diphone festival-slt-arctic-hts \\
    espeak-en-us-f1 espeak-en-us-m1 espeak-en-f3; do
  for word in one nine; do
    mkdir -p mine/$word
    for take in 1 2; do cp {SAMPLES}/$voice/${{word}}_$take.flac mine/$word/${{voice//-/}}_$take.flac; done
  done
done
aurora-resnet teach mine --out mine.safetensors""",
    ),
    Step(
        "An ONNX file",
        "One file from the waveform to the answer, checked against the model, in 8 bits.",
        "aurora-resnet export --model mine.safetensors --int8 --recordings folder:mine --out mine.onnx\nls -lh mine.onnx | cut -d ' ' -f 5,9",
    ),
    Step(
        "... on the small machine",
        "Copy `mine.onnx` to wherever the small distribution is.",
        f"aurora-resnet-runtime recognize --model mine.onnx {SAMPLES}/espeak-en-m2/nine_1.flac {SAMPLES}/espeak-en-m2/one_1.flac",
    ),
)


def megabytes(folder: Path) -> float:
    """Return what a folder holds, in MB of 1,000,000 bytes."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink() and path.is_file()) / 1e6


def do(step: Step, folder: Path, torch: str) -> dict[str, object]:
    """Do one step and return what it took and said."""
    commands = step.commands.replace("{torch}", f"pip install {torch}\n" if torch else "")
    if step.language == "python":
        arguments = [str(folder / "hour" / "bin" / "python"), "-c", commands]
    else:
        activate = "" if "venv" in commands else ". hour/bin/activate\n"
        arguments = [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            activate + commands.replace("pip install", "pip install -q"),
        ]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    started = time.perf_counter()
    done = subprocess.run(
        arguments, cwd=folder, env=environment | {"COLUMNS": "110"}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{step.title}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    lines = done.stdout.replace(str(folder) + "/", "").rstrip().splitlines()
    if len(lines) > LONGEST_OUTPUT:
        lines = [*lines[:LONGEST_OUTPUT], "..."]
    size = megabytes(folder / step.environment) if step.environment else None
    print(f"{step.title}: {seconds:.0f} s" + (f", {size:.0f} MB" if size else ""), flush=True)
    return {"commands": commands, "seconds": round(seconds, 1), "megabytes": size and round(size), "output": lines}


def measure(torch: str) -> dict[str, object]:
    """Do all steps in an empty folder."""
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, tracked.split("\0")):
            copy = folder / "aurora-resnet" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
        steps = [do(step, folder, torch) for step in STEPS]
        listed = subprocess.run(
            [str(folder / "hour" / "bin" / "pip"), "list", "--format", "json"],
            capture_output=True,
            text=True,
            check=True,
        )
    versions = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "load_average_before": load,
        "torch_for_the_cpu": bool(torch),
        "versions": {name: versions[name] for name in ("torch", "torchvision", "onnxruntime", "numpy")},
        "steps": steps,
    }


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", default=TORCH, help=f"what pip installs first (default: {TORCH})")
    options = parser.parse_args()
    record = measure(options.torch)
    FIRST_HOUR.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
