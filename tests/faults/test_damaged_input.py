"""Damaged input ends in an answer that is whole or in an error of ours: no other exception, no crash, no hang, no
flood.

A crash ends the whole process; the mutant then lies in ``mutant`` of the test's temporary folder. ``conftest.py`` has
the command for 100,000 mutants.
"""

from __future__ import annotations

import faulthandler
import re
import resource
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from aurora_resnet.runtime.errors import AudioError, AuroraError
from tests.faults.conftest import MUTANTS
from tests.faults.readers import READERS

#: Processor time, so that a busy machine does not count.
HANG_SECONDS = 5.0
#: Time of the clock, for what waits for ever or never comes back to Python; it ends the process with a traceback.
SILENT_SECONDS = 120.0
MEMORY_MB = 500
#: Address space that may be added, so that the machine survives.
MOST_MB = 3000


def megabytes(what: str) -> float:
    """Return a line of this process's status, such as ``VmHWM``, the most memory since it was last cleared."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def hang(*_: object) -> None:
    raise AssertionError(f"more than {HANG_SECONDS:g} s of processor time")


@contextmanager
def limits(hang_seconds: float = HANG_SECONDS, memory_mb: float = MEMORY_MB) -> Iterator[None]:
    """Fail where the block computes or needs more memory than a small file may cost."""
    Path("/proc/self/clear_refs").write_text("5")
    before, space = megabytes("VmRSS"), resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int((megabytes("VmSize") + MOST_MB) * 1e6), space[1]))
    handler = signal.signal(signal.SIGPROF, hang)
    signal.setitimer(signal.ITIMER_PROF, hang_seconds)
    faulthandler.dump_traceback_later(SILENT_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, space)
    assert megabytes("VmHWM") - before <= memory_mb, "too much memory"


def outcome(read: Callable[[bytes, Path], object], data: bytes, folder: Path) -> str:
    """Return ``"read"`` or ``"refused"``; everything else is raised."""
    (folder.parent / "mutant").write_bytes(data)
    folder.mkdir()
    try:
        with limits():
            read(data, folder)
    except AuroraError as error:
        link: BaseException | None = error
        while link is not None:
            assert not isinstance(link, MemoryError), "memory was refused"
            link = link.__cause__ or link.__context__
        return "refused"
    finally:
        shutil.rmtree(folder)
    return "read"


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # soundfile's, where a file seeks below 0
@pytest.mark.parametrize("kind", READERS)
def test_undamaged_data_is_read_and_damaged_data_does_no_harm(
    kind: str, tmp_path: Path, record: dict[str, Any]
) -> None:
    reader = READERS[kind]
    seeds = reader.seeds()
    counts: Counter[str] = Counter()

    @settings(max_examples=max(8, MUTANTS * reader.weight // 100), suppress_health_check=list(HealthCheck))
    @given(data=reader.damage(seeds))
    def check(data: bytes) -> None:
        counts[outcome(reader.read, data, tmp_path / "folder")] += 1

    check()
    assert counts["refused"] > 0
    record["mutants"][kind] = {"seeds": len(seeds), "mutants": counts.total(), "counts": dict(counts)}


@pytest.mark.parametrize("kind", sorted(set(READERS) - {"archives-tar"}))  # whose seeds are not compressed yet
def test_each_reader_reads_undamaged_data(kind: str, tmp_path: Path) -> None:
    seeds = READERS[kind].seeds()
    for data in seeds.values() if kind == "uploads" else [next(iter(seeds.values()))]:
        assert outcome(READERS[kind].read, data, tmp_path / "folder") == "read"


def compute(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_every_fault_is_seen(tmp_path: Path) -> None:
    def foreign(_data: bytes, _folder: Path) -> None:
        raise ZeroDivisionError

    def starved(_data: bytes, _folder: Path) -> None:
        try:
            bytearray(10**13)
        except MemoryError:
            raise AudioError("does not fit in memory") from None

    with pytest.raises(ZeroDivisionError):
        outcome(foreign, b"", tmp_path / "folder")
    with pytest.raises(AssertionError, match="memory was refused"):
        outcome(starved, b"", tmp_path / "folder")
    with pytest.raises(AssertionError, match="processor time"), limits(hang_seconds=0.1):
        compute(seconds=5)
    with pytest.raises(AssertionError, match="too much memory"), limits(memory_mb=30):
        bytearray(60_000_000)
