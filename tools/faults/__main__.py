"""Damage inputs, kill processes, fill disks, listen for an hour, and count what happens.

python -m tools.faults --quick                                     # a minute
python -m tools.faults --mutants 100000 --kills 200 --out docs/records/faults.json
python -m tools.faults --replay audio-memory:4711                  # the same mutant again, with its traceback

With --out, an interrupted run goes on where it was when the command is repeated. Exit code 1 means that a fault was found;
it is told with what replays it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import soundfile
import torch
from tqdm.auto import tqdm

from aurora_resnet.environment import describe_environment
from aurora_resnet.files import write_json
from tools.faults import disks, kills, steadiness
from tools.faults.mutants import (
    EXAMPLES,
    FAULTS,
    HANG_SECONDS,
    MEMORY_MB,
    SLICE,
    Slice,
    as_values,
    judge,
    make_mutant,
    peak_mb,
    run_slices,
)  # fmt: skip
from tools.faults.parts import Parts
from tools.faults.targets import Target, all_targets

QUICK = {"mutants": 1200, "kills": 6, "calls": 160, "stream": 20}
ROOM = ("mutants", "kills", "disks", "threads", "stream")
KILLS = {"training": 0.4, "make-noisy": 0.3, "download": 0.2, "make-noisy, 2 workers": 0.05, "export": 0.05}
"""Share of the kills; the last two need seconds for each."""
KILLS_A_PART = 10


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100_000, help="how many in all (default %(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="how many in all (default %(default)s)")
    parser.add_argument("--calls", type=int, default=8000, help="from 16 threads (default %(default)s)")
    parser.add_argument("--stream", type=float, default=3600.0, metavar="SECONDS", help="of stream (default an hour)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes that read mutants")
    parser.add_argument("--quick", action="store_true", help="a little of everything light")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(ROOM)}, or of the kinds of mutants")
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="put one mutant before what reads it")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="with --replay: write the mutant to FILE")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    torch.set_num_threads(1)  # processes are forked, which threads do not survive
    with tempfile.TemporaryDirectory() as folder:
        targets = all_targets(Path(folder))
    if options.replay:
        return _replay(targets, options)
    settings = {
        name: getattr(options, name) for name in ("mutants", "kills", "calls", "stream", "seed", "quick", "only")
    }
    parts = Parts(options.out and options.out.with_suffix(".partial.jsonl"), settings)
    chosen = set(options.only or ROOM)
    if unknown := chosen - set(ROOM) - set(targets):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; {', '.join([*ROOM, *targets])}")
    if "mutants" not in chosen:
        targets = {name: target for name, target in targets.items() if name in chosen}
    _mutants(targets, options, parts)
    if "kills" in chosen:
        _kills(options, parts)
    if "disks" in chosen:
        _each(parts, "disk", {name: c for name, c in disks.COMMANDS.items() if not (options.quick and c.heavy)})
    if "threads" in chosen and "threads" not in parts.done:
        parts.add("threads", steadiness.compare_threads(options.calls))
    if "stream" in chosen and "stream" not in parts.done:
        with tqdm(total=int(options.stream), unit="s", desc="stream", disable=None) as bar:
            parts.add("stream", steadiness.listen(options.stream, bar.update))
    record = _record(targets, options, parts)
    if options.out:
        write_json(record, options.out, indent=1)
    parts.finish()
    return _tell(record)


def _mutants(targets: dict[str, Target], options: argparse.Namespace, parts: Parts) -> None:
    total = sum(target.weight for target in targets.values())
    slices = []
    for name, target in targets.items():
        count = round(options.mutants * target.weight / total)
        slices += [Slice(name, start, min(start + SLICE, count)) for start in range(0, count, SLICE)]
    with tqdm(total=sum(s.stop - s.start for s in slices), unit="mutant", disable=None) as bar:
        left = [part for part in slices if part.key not in parts.done]
        bar.update(sum(s.stop - s.start for s in slices) - sum(s.stop - s.start for s in left))
        for part in run_slices(targets, left, seed=options.seed, jobs=options.jobs, on_mutant=bar.update):
            parts.add(part.key, as_values(part))
            for example in part.examples:
                bar.write(f"{example['outcome']} {example['replay']}: {example['last'][:150]}", file=sys.stderr)


def _kills(options: argparse.Namespace, parts: Parts) -> None:
    with ExitStack() as stack:
        scenarios: dict[str, kills.Scenario] = {
            "training": kills.train, "make-noisy": kills.build, "download": stack.enter_context(kills.downloads()),
            "make-noisy, 2 workers": kills.build_beside, "export": kills.export,
        }  # fmt: skip
        if options.quick:
            scenarios = {name: scenarios[name] for name in ("training", "make-noisy", "download")}
        share = sum(KILLS[name] for name in scenarios)
        work = [
            (f"kills {name} {start}", name, min(KILLS_A_PART, count - start), start)
            for name in scenarios
            for count in [round(options.kills * KILLS[name] / share)]
            for start in range(0, count, KILLS_A_PART)
        ]
        kills.prepare(export="export" in scenarios)
        with tqdm(total=sum(count for _, _, count, _ in work), unit="kill", disable=None) as bar:
            for key, name, count, start in work:
                if key in parts.done:
                    bar.update(count)
                    continue
                report = kills.kill_and_repeat(scenarios[name], count, seed=options.seed + start, on_kill=bar.update)
                parts.add(key, {"name": name, **asdict(report)})


def _each(parts: Parts, what: str, commands: dict[str, disks.Command]) -> None:
    for name, command in tqdm(commands.items(), unit="command", desc="full disk", disable=None):
        if (key := f"{what} {name}") not in parts.done:
            problems, way = disks.run_command(command)
            full = "/dev/full" if command.to_output else way
            parts.add(key, {"name": name, "full": full, "old_file": bool(command.old), "problems": problems})


def _record(targets: dict[str, Target], options: argparse.Namespace, parts: Parts) -> dict[str, Any]:
    done = parts.done
    rows: dict[str, Any] = {}
    for name, target in targets.items():
        found = [value for key, value in done.items() if key.startswith(f"mutants {name} ")]
        counts = sum((Counter(value["counts"]) for value in found), Counter())
        digest = hashlib.sha256(b"".join(target.seeds.values())).hexdigest()[:12]
        seconds = sum(value["seconds"] for value in found)
        rows[name] = {
            "mutants": sum(counts.values()), "seeds": len(target.seeds), "seeds_sha256": digest, "counts": dict(counts),
            "per_second": round(sum(counts.values()) / seconds, 1) if seconds else None,
            "examples": [example for value in found for example in value["examples"]][: 4 * EXAMPLES],
        }  # fmt: skip
    killed: dict[str, Any] = {}
    for value in (value for key, value in done.items() if key.startswith("kills ")):
        row: dict[str, Any] = killed.setdefault(value["name"], {"examples": []})
        for key in ("kills", "rounds", "unequal", "failed", "left_over", "alive", "seconds"):
            row[key] = round(row.get(key, 0) + value[key], 1)
        row["examples"] = (row["examples"] + value["examples"])[:EXAMPLES]
    return {
        "benchmark": "faults",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m tools.faults", *sys.argv[1:]]),
        "seed": options.seed,
        "limits": {"hang_cpu_seconds": HANG_SECONDS, "memory_mb": MEMORY_MB},
        "mutants": rows,
        "kills": {name: dict(row) for name, row in killed.items()},
        "full_disk": [value for key, value in done.items() if key.startswith("disk ")],
        "threads": done.get("threads"),
        "stream": done.get("stream"),
        "seconds": done.get("seconds", 0.0),
        "environment": describe_environment("cpu")
        | {"cores": os.cpu_count(), "system": platform.system(), "libsndfile": soundfile.__libsndfile_version__},
    }


def _tell(record: dict[str, Any]) -> int:
    """Print the counts and return the exit code."""
    faults = 0
    for name, row in record["mutants"].items():
        found = {outcome: row["counts"].get(outcome, 0) for outcome in FAULTS}
        faults += sum(found.values())
        rate = "" if row["per_second"] is None else f" at {row['per_second']:.0f} a second"
        print(f"{name:16} {row['mutants']:7} mutants{rate}; " + ", ".join(f"{k} {v}" for k, v in found.items()))
        for example in row["examples"]:
            print(f"    {example['outcome']}, --replay {example['replay']}: {example['last'][:150]}")
    for name, row in record["kills"].items():
        report = kills.KillReport(**row)
        faults += report.faults
        print(
            f"{name}: {report.kills} kills in {report.rounds} rounds, {report.seconds:.0f} s; unequal {report.unequal},"
            f" failed {report.failed}, left over {report.left_over}, alive {report.alive}"
        )
        print("".join(f"    {example}\n" for example in report.examples), end="")
    for row in record["full_disk"]:
        faults += bool(row["problems"])
        print(f"full disk ({row['full']}), {row['name']}: {'; '.join(row['problems']) or 'one line, exit code 2'}")
    if (threads := record["threads"]) is not None:
        faults += threads["unequal"]
        print(
            f"{threads['calls']} calls from {threads['threads']} threads: {threads['unequal']} unequal to serial ones"
        )
    if (stream := record["stream"]) is not None:
        print(f"{stream['stream_seconds']:.0f} s of stream in {stream['seconds']:.0f} s: {stream['rss_mb']} MB")
        faults += steadiness.grew(stream["rss_mb"])
    return int(faults > 0)


def _replay(targets: dict[str, Target], options: argparse.Namespace) -> int:
    kind, _, number = options.replay.rpartition(":")
    if kind not in targets or not number.isdecimal():
        raise SystemExit(f"--replay wants KIND:NUMBER, with a kind of {', '.join(targets)}; got '{options.replay}'")
    name, data = make_mutant(targets[kind], options.seed, int(number))
    print(f"{len(data)} bytes, made of {name}; SHA-256 {hashlib.sha256(data).hexdigest()[:12]}", flush=True)
    if options.keep:
        options.keep.write_bytes(data)
    with tempfile.TemporaryDirectory() as folder:
        outcome, text = judge(targets[kind], data, Path(folder) / "mutant", peak_mb())
    print(f"{outcome}\n{text}".strip())
    return int(outcome in FAULTS)


if __name__ == "__main__":
    raise SystemExit(main())
