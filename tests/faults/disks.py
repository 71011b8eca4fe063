"""Disks that are full, and every command that writes: one line, exit code 2, and the file that was there stays.

The disk is a ``tmpfs`` of a few kilobytes where mounting is permitted; elsewhere the system's limit on the size of a
file (``RLIMIT_FSIZE``) refuses the writes, and ``/dev/full`` takes the place of the standard output in any case.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from aurora_resnet.cli.app import main
from aurora_resnet.corpora.samples import samples_folder

ROOM_BYTES = 16_384
LONGEST_SECONDS = 300.0
WORD = str(samples_folder() / "flite-slt" / "seven_1.flac")
OLD = b"the file of yesterday\n"
_NOISE = 'subway = "{0}/pink.flac"\nbabble = {{ talkers = 2 }}\ncar = "{0}/hum.flac"\nexhibition = "{0}/white.flac"\n'


@dataclass(frozen=True)
class Command:
    """A command that writes."""

    #: ``{disk}`` stands for the folder that is full, ``{home}`` for one that is not.
    arguments: str
    #: The file in ``{disk}`` that it would write again.
    old: str = ""
    to_output: bool = False
    #: Whether it computes for long before it writes.
    heavy: bool = False
    #: Whether it trains a network first: only for the record, since "train" writes as it does.
    longest: bool = False


COMMANDS = {
    "recognize": Command(f"recognize --model compact {WORD}", to_output=True),
    "recognize --json": Command(f"recognize --model compact --json {WORD}", to_output=True),
    "listen": Command(f"listen {WORD}", to_output=True),
    "--help": Command("--help", to_output=True),
    "--version": Command("--version", to_output=True),
    "models": Command("models", to_output=True, heavy=True),
    "corpus": Command("corpus samples:", to_output=True),
    "corpus --manifest": Command("corpus samples: --manifest {disk}/old.csv", "old.csv"),
    "train": Command("train --config quickstart --set training.epochs=1 --out {disk}/run", heavy=True),
    "make-noisy": Command(
        "make-noisy --speech samples: --noise {home}/scenes.toml --seed 1 --sets A --snr 5 --workers 1 "
        "--out {disk}/noisy",
        heavy=True,
    ),
    "export": Command("export --model compact --out {disk}/old.onnx", "old.onnx", heavy=True),
    "evaluate": Command("evaluate --model compact --corpus samples: --split test", to_output=True, heavy=True),
    "evaluate --json": Command(
        "evaluate --model compact --corpus samples: --split test --json {disk}/old.json", "old.json", heavy=True
    ),
    "calibrate": Command(
        "calibrate --model compact --corpus samples: --split test --out {disk}/old.safetensors",
        "old.safetensors",
        heavy=True,
    ),
    "demo": Command("demo --out {disk}/demo", heavy=True, longest=True),
}


@contextmanager
def full_disk() -> Iterator[tuple[Path, str]]:
    """Yield a folder with 16 kB of room, and how it was made: ``"tmpfs"``, or ``"limit"`` where mounting is not
    permitted.

    In the second case it is for the writing process to set the limit.
    """
    with tempfile.TemporaryDirectory() as name:
        options = ["-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", name]
        try:
            mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
        except OSError:
            mounted = False
        try:
            yield Path(name), "tmpfs" if mounted else "limit"
        finally:
            if mounted:
                subprocess.run(["umount", name], check=True)


def run_command(command: Command) -> tuple[list[str], str]:
    """Run a command where the disk is full and return what is wrong with its end, and how the disk was made."""
    with full_disk() as (disk, way), tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "scenes.toml").write_text(_NOISE.format(samples_folder() / "noise"), encoding="utf-8")
        if command.old:
            (disk / command.old).write_bytes(OLD)
        if not command.to_output and way == "tmpfs":
            _fill(disk / "filling", leave=4096)
        before = {path for path in disk.rglob("*") if path.is_file()}
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_work, args=(command, disk, home, way))
        process.start()
        process.join(LONGEST_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            return [f"did not end within {LONGEST_SECONDS:g} s"], way
        said = (home / "errors").read_text(encoding="utf-8", errors="replace")
        problems = []
        if process.exitcode != 2:
            problems.append(f"exit code {process.exitcode} instead of 2")
        if "Traceback" in said or "Exception ignored" in said:
            problems.append("a traceback: " + said.strip().rpartition("\n")[2][:200])
        elif sum(line.startswith("error: ") for line in said.splitlines()) != 1 or "--help'" in said:
            problems.append(f"expected one line 'error: ...', got {said[-300:]!r}")
        if command.old and (disk / command.old).read_bytes() != OLD:
            problems.append("the old file is lost")
        strays = [p.name for p in disk.rglob(".*") if p.is_file() and p not in before]
        return [*problems, *(f"left {stray}" for stray in strays)], way


def _fill(path: Path, leave: int) -> None:
    """Fill a disk but for some bytes."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - leave))


def _work(command: Command, disk: Path, home: Path, way: str) -> None:
    """Be the command: standard streams, limits and exit code are those of this process."""
    torch.set_num_threads(1)  # threads of the parent do not live on in a forked process
    os.chdir(home)
    os.dup2(os.open("errors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open("/dev/full" if command.to_output else "output", os.O_WRONLY | os.O_CREAT), 1)
    if way == "limit" and not command.to_output:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))
    arguments = [part.format(disk=disk, home=home) for part in command.arguments.split()]
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    code: object = 1
    try:
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
        if sys.stdout:
            sys.stdout.flush()  # as the interpreter does at its end
    except BaseException:
        code = 120
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
