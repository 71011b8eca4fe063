"""Install the library in each of its sizes into an empty environment, and measure: docs/records/install.json.

python -m tools.install_sizes                              # runtime, cpu and cuda: 15 minutes, 7 GB of disk for a while
python -m tools.install_sizes runtime cpu                  # some of them; the others keep what was measured
python -m tools.install_sizes cpu --torch 'torch==2.13.0+cpu torchvision==0.28.0'

``python -m tools.reports`` then writes the table of docs/install.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.first_hour import ROOT, TORCH, megabytes
from tools.reports.installation import INSTALL

SEVEN = ROOT / "src" / "aurora_resnet" / "samples" / "flite-rms" / "seven_1.flac"
WAYS = {
    "runtime": (["./runtime"], "aurora-resnet-runtime"),
    "cpu": (["{torch}", "."], "aurora-resnet"),
    "cuda": (["."], "aurora-resnet"),
}
"""What pip is given, one call after the other, and the command."""
ANSWERS = 5


def clean_environment() -> dict[str, str]:
    """Return this environment without what would lead to another installation."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def measure(way: str, torch: str) -> dict[str, object]:
    """Install one size and return seconds, megabytes and how long an answer takes from the start of the process."""
    wanted, command = WAYS[way]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=clean_environment())
        empty = megabytes(folder)
        started = time.perf_counter()
        for each in wanted:
            arguments = [str(folder / "bin" / "pip"), "install", "-q", *shlex.split(each.replace("{torch}", torch))]
            subprocess.run(arguments, cwd=ROOT, env=clean_environment(), check=True)
        seconds = time.perf_counter() - started
        answers = []
        for _ in range(ANSWERS):
            begun = time.perf_counter()
            heard = subprocess.run(
                [str(folder / "bin" / command), "recognize", str(SEVEN)],
                env=clean_environment(), cwd=temporary, capture_output=True, text=True, check=True,
            )  # fmt: skip
            answers.append(time.perf_counter() - begun)
            assert "\tseven\t" in heard.stdout, heard.stdout
        listed = subprocess.run(
            [str(folder / "bin" / "pip"), "list", "--format", "json"], capture_output=True, check=True
        )
        versions = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
        return {
            "megabytes": round(megabytes(folder) - empty),
            "seconds": round(seconds),
            "answer_seconds": round(statistics.median(answers[1:]), 2),
            "first_answer_seconds": round(answers[0], 2),
            "packages": len(versions),
            "torch": versions.get("torch"),
        }


def main() -> None:
    """Measure the sizes that are named, or all, and put them into the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", metavar="SIZE", help=f"of {', '.join(WAYS)}; all by default")
    parser.add_argument("--torch", default=TORCH, help=f"what pip installs for torch on the CPU (default: {TORCH})")
    options = parser.parse_args()
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"there is no size {', '.join(sorted(unknown))}")
    record = json.loads(INSTALL.read_text(encoding="utf-8")) if INSTALL.exists() else {"ways": {}}
    record |= {"load_average_before": round(os.getloadavg()[0], 1)}
    record |= {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    for way in options.ways or WAYS:
        record["ways"][way] = measure(way, options.torch)
        print(way, record["ways"][way], flush=True)
        INSTALL.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
