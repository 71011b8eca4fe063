"""Many mutants in processes that may crash, hang or swell: what happened to each is counted."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.runtime.errors import AuroraError
from tools.faults.targets import Target

HANG_SECONDS = 5.0
MEMORY_MB = 500
SLICE = 500
"""Mutants that one process takes, so that what it leaks is not taken for a mutant's."""

READ, REFUSED, FOREIGN, CRASH, HANG, MEMORY = "read", "refused", "foreign exception", "crash", "hang", "memory"
FAULTS = (FOREIGN, CRASH, HANG, MEMORY)


@dataclass
class Findings:
    """What happened to the mutants of a target.

    Attributes:
        counts: by outcome.
        examples: of each fault some, with what is needed to repeat it.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcome: str, number: int, text: str) -> None:
        """Count one."""
        self.counts[outcome] += 1
        if outcome in FAULTS and len(self.examples) < 50:
            self.examples.append({"outcome": outcome, "mutant": number, "text": text[-1500:]})


def make_mutant(target: Target, seed: int, number: int) -> tuple[str, bytes]:
    """Return the name of the seed and the data of a mutant; the same numbers give the same bytes."""
    generator = np.random.default_rng([seed, number])
    name = list(target.seeds)[int(generator.integers(len(target.seeds)))]
    return name, target.mutate(target.seeds[name], generator)


def run_mutants(target: Target, count: int, *, seed: int, on_done: Callable[[int], object]) -> Findings:
    """Put mutants before a target, slice by slice, each slice in a process of its own.

    Args:
        target: what reads.
        count: how many.
        seed: of all of them.
        on_done: called with the number of mutants that were finished.
    """
    findings, number = Findings(), 0
    while number < count:
        stop = min(number + SLICE, count)
        number = _run_slice(target, number, stop, seed, findings, on_done)
    return findings


def _run_slice(
    target: Target, start: int, stop: int, seed: int, findings: Findings, on_done: Callable[[int], object]
) -> int:
    """Run a slice and return the number of the next mutant: after a crash or a hang, the one behind it."""
    context = multiprocessing.get_context("fork")  # torch is imported once
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(target, start, stop, seed, sender))
    process.start()
    sender.close()
    number, since = start, time.monotonic()
    while number < stop:
        if receiver.poll(0.2):
            try:
                outcome, text = receiver.recv()
            except EOFError:
                process.join()
                findings.add(CRASH, number, f"the process ended with {process.exitcode}")
                on_done(1)
                return number + 1
            findings.add(outcome, number, text)
            on_done(1)
            number, since = number + 1, time.monotonic()
        elif time.monotonic() - since > HANG_SECONDS:
            process.kill()
            process.join()
            findings.add(HANG, number, f"no answer after {HANG_SECONDS:g} s")
            on_done(1)
            return number + 1
    process.join()
    return number


def _child(target: Target, start: int, stop: int, seed: int, sender: Connection) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # threads of the parent do not live on in a forked process
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries write about damaged files
    for number in range(start, stop):
        _name, data = make_mutant(target, seed, number)
        folder = Path(tempfile.mkdtemp())
        before = _peak_mb()
        outcome, text = READ, ""
        try:
            target.read(data, folder)
        except AuroraError:
            outcome = REFUSED
        except BaseException:
            outcome, text = FOREIGN, traceback.format_exc()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if outcome in (READ, REFUSED) and (grown := _peak_mb() - before) > MEMORY_MB:
            outcome, text = MEMORY, f"{grown:.0f} MB"
        sender.send((outcome, text))
    sender.close()
    os._exit(0)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
