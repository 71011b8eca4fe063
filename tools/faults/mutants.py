"""Many mutants in processes that may crash, hang or swell: what happened to each is counted.

A process takes a slice of a target's mutants. Its end is judged from outside: ``SIGPROF``, which the system sends after 5 s
of the process's own processor time, is a hang, any other end a crash; another process goes on behind the mutant.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.runtime.errors import AuroraError
from aurora_resnet.web.load import give_memory_back
from tools.faults.targets import Target

HANG_SECONDS = 5.0
"""Processor time of the process, all threads, user and system: how busy the machine is does not matter."""
SILENT_SECONDS = 120.0
"""Time of the clock, for what waits for ever without computing."""
MEMORY_MB = 500
MOST_MB = 3000
"""Address space that a process may add, so that the machine survives; being refused it counts as using it."""
SLICE = 500
"""Mutants that one process takes, so that what libraries leak is not taken for a mutant's."""

READ, REFUSED, FOREIGN, CRASH, HANG, MEMORY = "read", "refused", "foreign", "crash", "hang", "memory"
FAULTS = (FOREIGN, CRASH, HANG, MEMORY)
EXAMPLES = 5
"""Faults of one kind and place that are described."""


@dataclass
class Slice:
    """The mutants ``start`` to ``stop`` of a target, what happened to them, and of each fault some with their replay."""

    target: str
    start: int
    stop: int
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """Its name among the parts of a run."""
        return f"mutants {self.target} {self.start}-{self.stop}"

    @property
    def done(self) -> int:
        """How many mutants were judged."""
        return sum(self.counts.values())

    def add(self, outcome: str, text: str) -> None:
        """Count the next mutant."""
        number = self.start + self.done
        self.counts[outcome] += 1
        if outcome in FAULTS:
            last = text.strip().rpartition("\n")[2]
            if sum(example["outcome"] == outcome for example in self.examples) < EXAMPLES:
                self.examples.append(
                    {
                        "outcome": outcome,
                        "replay": f"{self.target}:{number}",
                        "last": last[:300],
                        "text": text[-3000:].strip(),
                    }
                )


def make_mutant(target: Target, seed: int, number: int) -> tuple[str, bytes]:
    """Return the name of the seed and the data of a mutant; the same numbers give the same bytes."""
    generator = np.random.default_rng([seed, number])
    names = list(target.seeds)
    name, other = (names[int(generator.integers(len(names)))] for _ in range(2))
    return name, target.mutate(target.seeds[name], target.seeds[other], generator)


def run_slices(
    targets: dict[str, Target],
    slices: Iterable[Slice],
    *,
    seed: int,
    jobs: int,
    on_mutant: Callable[[], object] = lambda: None,
) -> Iterable[Slice]:
    """Put mutants before their targets, in so many processes side by side, and yield each slice when it is done."""
    waiting = list(slices)
    workers: dict[Connection, _Worker] = {}
    with tempfile.TemporaryDirectory() as home:
        try:
            while waiting or workers:
                while waiting and len(workers) < jobs:
                    worker = _Worker(targets[waiting[0].target], waiting.pop(0), seed, Path(home))
                    workers[worker.receiver] = worker
                wait(list(workers), timeout=0.2)
                for receiver, worker in list(workers.items()):
                    if worker.hear(on_mutant):
                        continue
                    del workers[receiver]
                    worker.part.seconds += time.monotonic() - worker.since_start
                    if worker.part.start + worker.part.done < worker.part.stop:
                        waiting.insert(0, worker.part)
                    else:
                        yield worker.part
        finally:
            for worker in workers.values():
                worker.process.kill()
                worker.process.join()


class _Worker:
    """A process that goes on with a slice."""

    def __init__(self, target: Target, part: Slice, seed: int, home: Path) -> None:
        context = multiprocessing.get_context("fork")  # torch is imported once
        self.part = part
        self.receiver, sender = context.Pipe(duplex=False)
        self.log = Path(tempfile.mkstemp(dir=home)[1])
        self.process: BaseProcess = context.Process(target=_work, args=(target, part, seed, sender, self.log))
        self.process.start()
        sender.close()
        self.since = self.since_start = time.monotonic()

    def hear(self, on_mutant: Callable[[], object]) -> bool:
        """Take what was judged, and return whether the process goes on."""
        try:
            while self.receiver.poll():
                self.part.add(*self.receiver.recv())
                on_mutant()
                self.since = time.monotonic()
        except EOFError:
            self.process.join()
            if self.process.exitcode != 0:
                hung = self.process.exitcode == -signal.SIGPROF
                self._end(HANG if hung else CRASH, f"the process ended with {self.process.exitcode}", on_mutant)
            return False
        if time.monotonic() - self.since > SILENT_SECONDS:
            self.process.kill()
            self.process.join()
            self._end(HANG, f"no answer after {SILENT_SECONDS:g} s", on_mutant)
            return False
        return True

    def _end(self, outcome: str, text: str, on_mutant: Callable[[], object]) -> None:
        said = self.log.read_text(errors="replace").partition("\n\nExtension modules")[0]
        self.part.add(outcome, f"{said[:2500]}\n{text}")
        on_mutant()


def _work(target: Target, part: Slice, seed: int, sender: Connection, log: Path) -> None:
    """Judge one mutant after the other and send what became of each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)  # libraries write about damaged files
    os.dup2(2, 1)  # so does libsndfile, about SDS
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 (for the rest of this process)
    faulthandler.enable(file=2, all_threads=False)
    faulthandler.register(signal.SIGPROF, file=2, all_threads=False, chain=True)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # threads of the parent do not live on in a forked process
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MOST_MB * 1_000_000,) * 2)
    give_memory_back()  # what the parent freed, else a mutant takes it again and its peak does not show it
    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of the forked process, not of its parent
    base = peak_mb()
    for number in range(part.start + part.done, part.stop):
        os.ftruncate(2, 0)
        data = make_mutant(target, seed, number)[1]
        outcome, text = judge(target, data, log.with_suffix(".folder"), base)
        sender.send((outcome, text))
        if outcome == MEMORY:
            break  # the peak of this process says nothing about the next mutant
    sender.close()
    os._exit(0)


def judge(target: Target, data: bytes, folder: Path, base_mb: float) -> tuple[str, str]:
    """Put data before a target in this process; return the outcome, and what is known of it where it is a fault.

    ``base_mb`` is the ``peak_mb`` of a process that has read nothing yet.
    """
    folder.mkdir(exist_ok=True)
    outcome, text = READ, ""
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        target.read(data, folder)
    except AuroraError as error:
        outcome, text = (MEMORY, traceback.format_exc()) if _lacked_memory(error) else (REFUSED, "")
    except MemoryError:
        outcome, text = MEMORY, traceback.format_exc()
    except BaseException:
        outcome, text = FOREIGN, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        shutil.rmtree(folder, ignore_errors=True)
    if outcome in (READ, REFUSED) and (grown := peak_mb() - base_mb) > MEMORY_MB:
        outcome, text = MEMORY, f"{grown:.0f} MB"
    return outcome, text


def peak_mb() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000


def _lacked_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def as_values(part: Slice) -> dict[str, Any]:
    """Return plain values of a slice, for a record."""
    return asdict(part) | {"counts": dict(part.counts)}
