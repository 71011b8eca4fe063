"""Damage inputs, kill processes, fill disks, and count what happens.

python -m tools.faults --quick                                       # some minutes
python -m tools.faults --mutants 100000 --kills 200 --out docs/records/faults.json

Exit code 1 means that a fault was found; the record names mutant and seed, which ``--repeat TARGET NUMBER`` runs again.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from aurora_resnet.environment import describe_environment
from aurora_resnet.files import write_json
from tools.faults.kills import KillReport, build, downloads, export, kill_and_repeat, train
from tools.faults.mutants import FAULTS, make_mutant, run_mutants
from tools.faults.targets import Target, all_targets

QUICK, QUICK_KILLS = 1500, 8


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100_000, help="how many in all (default 100,000)")
    parser.add_argument("--kills", type=int, default=200, help="how many in all (default 200)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} mutants and {QUICK_KILLS} kills")
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="names of targets")
    parser.add_argument("--repeat", nargs=2, metavar=("TARGET", "NUMBER"), help="put one mutant before a target")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    targets = all_targets()
    if options.repeat:
        return _repeat(targets[options.repeat[0]], options.seed, int(options.repeat[1]))
    chosen = {name: target for name, target in targets.items() if not options.only or name in options.only}
    started = time.perf_counter()
    torch.set_num_threads(1)  # processes are forked, which threads do not survive
    rows = _mutants(chosen, QUICK if options.quick else options.mutants, options.seed)
    kills = {} if options.only else _kills(QUICK_KILLS if options.quick else options.kills, options.seed)
    record = {
        "benchmark": "faults",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m tools.faults", *sys.argv[1:]]),
        "seed": options.seed,
        "mutants": rows,
        "kills": {name: asdict(report) for name, report in kills.items()},
        "seconds": time.perf_counter() - started,
        "environment": describe_environment("cpu"),
    }
    if options.out:
        write_json(record, options.out, indent=1)
    faults = 0
    for name, row in rows.items():
        found = {outcome: row["counts"].get(outcome, 0) for outcome in FAULTS}
        faults += sum(found.values())
        print(f"{name:30} {sum(row['counts'].values()):7} mutants; " + ", ".join(f"{k} {v}" for k, v in found.items()))
    for name, report in kills.items():
        faults += report.unequal + report.left_over
        print(f"{name:30} {report.kills:7} kills; unequal {report.unequal}, left over {report.left_over}")
    return int(faults > 0)


def _kills(count: int, seed: int) -> dict[str, KillReport]:
    with downloads() as download, tqdm(total=count, unit="kill", disable=None) as bar:
        scenarios = {"training": train, "make-noisy": build, "export": export, "download": download}
        reports = {}
        for name, scenario in scenarios.items():
            bar.set_description(name)
            reports[name] = kill_and_repeat(scenario, -(-count // len(scenarios)), seed=seed, on_kill=bar.update)
    return reports


def _mutants(targets: dict[str, Target], count: int, seed: int) -> dict[str, Any]:
    total = sum(target.weight for target in targets.values())
    rows: dict[str, Any] = {}
    with tqdm(total=count, unit="mutant", disable=None) as bar:
        for name, target in targets.items():
            bar.set_description(name)
            findings = run_mutants(target, round(count * target.weight / total), seed=seed, on_done=bar.update)
            rows[name] = {"counts": dict(findings.counts), "examples": findings.examples}
    return rows


def _repeat(target: Target, seed: int, number: int) -> int:
    name, data = make_mutant(target, seed, number)
    path = Path("mutant")
    path.write_bytes(data)
    print(f"seed {name}; the mutant is written to {path}", flush=True)
    folder = Path("mutant-folder")
    folder.mkdir(exist_ok=True)
    target.read(data, folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
