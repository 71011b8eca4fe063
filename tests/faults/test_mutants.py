"""The judge sees what it is there for: a foreign exception, a crash, a hang, a memory hog, and goes on behind them."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aurora_resnet.runtime.errors import AudioError
from tools.faults import __main__ as program
from tools.faults import mutants
from tools.faults.mutants import CRASH, FOREIGN, HANG, MEMORY, READ, REFUSED, Slice, make_mutant, run_slices
from tools.faults.mutations import Generator
from tools.faults.targets import Target

KINDS = {
    b"read": READ, b"ours": REFUSED, b"foreign": FOREIGN, b"crash": CRASH, b"end": CRASH, b"hang": HANG, b"wait": HANG,
    b"hog": MEMORY, b"much": MEMORY, b"starved": MEMORY,
}  # fmt: skip


def misbehave(data: bytes, _folder: Path) -> None:
    """Do what the data says."""
    match data:
        case b"ours":
            raise AudioError("refused")
        case b"foreign":
            raise ZeroDivisionError("planted")
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"end":
            os._exit(3)
        case b"hang":
            sum(range(10**12))  # in C, where no Python handler runs
        case b"wait":
            time.sleep(60)
        case b"hog":
            bytearray(60_000_000)
        case b"much":
            bytearray(10**13)
        case b"starved":
            try:
                raise MemoryError
            except MemoryError:
                raise AudioError("does not fit in memory") from None


def target(*kinds: bytes) -> Target:
    """A target whose mutants are the seeds themselves, drawn at random."""
    return Target({kind.decode(): kind for kind in kinds}, misbehave, lambda seed, _other, _generator: seed)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that tests have time for; processes are forked and so have them too."""
    monkeypatch.setattr(mutants, "HANG_SECONDS", 0.4)
    monkeypatch.setattr(mutants, "SILENT_SECONDS", 1.5)
    monkeypatch.setattr(mutants, "MEMORY_MB", 30)


@pytest.mark.parametrize(("kind", "outcome"), KINDS.items(), ids=lambda value: str(value))
def test_a_planted_fault_is_found(kind: bytes, outcome: str) -> None:
    (part,) = run_slices({"planted": target(kind)}, [Slice("planted", 5, 6)], seed=0, jobs=1)
    assert part.counts == {outcome: 1}
    if outcome in mutants.FAULTS:
        (example,) = part.examples
        assert example["replay"] == "planted:5"
        where = {b"foreign": "ZeroDivisionError: planted", b"crash": "Segmentation fault"}
        assert where.get(kind, "") in example["text"]


def test_memory_that_the_parent_freed_is_counted_when_a_mutant_takes_it() -> None:
    blocks = [bytes(100_000) for _ in range(1000)]  # too small for maps of their own: side by side in the heap
    behind = bytes(100_000)  # keeps the heap from shrinking
    blocks.clear()
    (part,) = run_slices({"planted": target(b"hog")}, [Slice("planted", 0, 1)], seed=0, jobs=1)
    assert len(behind) == 100_000
    assert part.counts == {MEMORY: 1}


def test_work_goes_on_behind_a_fault_and_each_mutant_is_judged_once() -> None:
    planted = {"planted": target(b"read", b"ours", b"foreign", b"crash", b"end", b"hog")}
    expected = Counter(KINDS[make_mutant(planted["planted"], 3, number)[1]] for number in range(15))
    heard: list[int] = []
    slices = [Slice("planted", start, start + 5) for start in (0, 5, 10)]
    parts = list(run_slices(planted, slices, seed=3, jobs=2, on_mutant=lambda: heard.append(1)))
    assert sum((part.counts for part in parts), Counter()) == expected
    assert len(heard) == 15
    for example in (example for part in parts for example in part.examples):
        number = int(example["replay"].partition(":")[2])
        assert KINDS[make_mutant(planted["planted"], 3, number)[1]] == example["outcome"]


def test_mutants_are_made_of_kind_and_number_alone() -> None:
    def damage(seed: bytes, other: bytes, generator: Generator) -> bytes:
        return seed + other + generator.bytes(4)

    planted = Target({name: name.encode() for name in "abcdef"}, misbehave, damage)
    made = [make_mutant(planted, 0, number) for number in range(200)]
    assert made[77] == make_mutant(planted, 0, 77)
    assert len({data for _, data in made}) == 200
    assert {name for name, _ in made} == set("abcdef")
    assert make_mutant(planted, 1, 77) != made[77]


def test_an_interrupted_run_goes_on_and_ends_with_the_same_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "all_targets", lambda _: {"planted": target(b"read", b"ours", b"foreign")})
    monkeypatch.setattr(program, "SLICE", 10)
    seen: list[str] = []

    def run(name: str, stop_after: int = 100) -> int:
        def slices(targets: Any, parts: Any, **options: Any) -> Any:
            for done, part in enumerate(run_slices(targets, parts, **options)):
                if done == stop_after:
                    raise KeyboardInterrupt
                seen.append(part.key)
                yield part

        monkeypatch.setattr(program, "run_slices", slices)
        arguments = ["--only", "planted", "--mutants", "40", "--jobs", "1", "--out", str(tmp_path / name)]
        monkeypatch.setattr(sys, "argv", ["faults", *arguments])
        return program.main()

    with pytest.raises(KeyboardInterrupt):
        run("a.json", stop_after=2)
    assert not (tmp_path / "a.json").exists()
    assert run("a.json") == run("b.json") == 1  # faults were found
    assert len(seen) == 8
    assert len(set(seen)) == 4  # nothing of the first run was done again
    first, second = (json.loads((tmp_path / name).read_text())["mutants"] for name in ("a.json", "b.json"))
    assert first["planted"]["counts"] == second["planted"]["counts"]
    assert first["planted"]["examples"] == second["planted"]["examples"]
    assert "foreign, --replay planted:" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]

    number = next(n for n in range(40) if make_mutant(target(b"read", b"ours", b"foreign"), 0, n)[1] == b"foreign")
    monkeypatch.setattr(sys, "argv", ["faults", "--replay", f"planted:{number}"])
    assert program.main() == 1
    assert "ZeroDivisionError: planted" in capsys.readouterr().out
