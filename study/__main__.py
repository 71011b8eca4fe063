"""Run the study, or what is missing of it.

python -m study                                  # everything: see docs/study.md for the hours
python -m study --quick                          # one run of each question and model, short: that it works, no result
python -m study --list                           # what is missing, and how many hours it takes
python -m study --only q3_freezing --seeds 1     # one question, one seed
python -m study --only q1_systems/cnn-clean/seed2 --again
python -m study.report                                 # docs/study.md and its figures from the records
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from tqdm.auto import tqdm

from aurora_resnet.engines.engine import create_engine
from aurora_resnet.engines.jobs import run_jobs
from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import exit_with

from . import contrastive, strings
from .execute import execute, study_test
from .plan import BASE, one_of_each, plan
from .test_set import build, list_people

# Many processors compute bfloat16 five times as slowly as float32.
QUICK: dict[str, object] = {
    "training.epochs": 1,
    "training.unfreeze": [],
    "training.bfloat16": False,
    "data.share": 0.02,
    "data.strings.size": 32,
}


def main() -> int:
    """Run what has no record yet."""
    options = _options()
    started = time.monotonic()
    out: Path = options.out or Path("runs/study-quick" if options.quick else "runs/study")
    records: Path = out / "records" if options.quick else Path("docs/records/study")
    changes = (QUICK if options.quick else {}) | ({"data.root": str(options.data)} if options.data else {})
    data: Path = options.data or Path("../shared/data")
    runs = plan(options.only, (1,) if options.quick and not options.seeds else options.seeds, changes)
    if options.quick and not options.only:
        runs = one_of_each(runs)
    missing = [run for run in runs if options.again or not (records / f"{run.name}.json").exists()]
    print(f"{len(runs) - len(missing)} of {len(runs)} runs are done; records in {records}")
    if options.list:
        for question in dict.fromkeys(run.question for run in missing):
            left = [run.minutes for run in missing if run.question == question]
            print(f"{question}: {len(left)} runs left, about {sum(left) / 60:.1f} hours of one core")
    if options.list or not missing:
        return 0
    build(data, out, quick=options.quick)
    truth, place = study_test(out).truth(), records / "truth.json"
    if place.exists() and json.loads(place.read_text(encoding="utf-8")) != truth:
        print("the test's samples are not those of the records here; repeat these with --again", file=sys.stderr)
    write_json(truth, place, indent=1)
    if any(run.base != BASE.name for run in missing):
        strings.build(data, out, quick=options.quick)
    if any("{people}" in override for run in missing for override in run.overrides):
        list_people(data, out)
    if any(run.pretrain for run in missing):
        print(contrastive.pretrain(out, data, records / f"{contrastive.FOLDER}.json", options.threads, options.quick))
    # Ctrl-C ends the trainings' processes at once; their checkpoints are whole, since writes are renames.
    engine = create_engine(options.engine, workers=options.workers, processors=options.threads, long_pieces=True)
    jobs = [partial(execute, run, out, records / f"{run.name}.json", options.threads) for run in missing]
    failed = 0
    for outcome in tqdm(run_jobs(engine, jobs), total=len(jobs), unit="run", disable=None):
        failed += outcome.result is None
        tqdm.write(f"failed: {outcome.lost}" if outcome.result is None else f"done: {outcome.result}", file=sys.stderr)
    print(f"{(time.monotonic() - started) / 60:.1f} min; next: python -m study.report")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="everything that is missing, as without any option")
    parser.add_argument("--quick", action="store_true", help="one epoch of few clips of each question and model")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="questions, variants or runs")
    parser.add_argument("--seeds", nargs="+", type=int, default=[], help=f"instead of those of {BASE.parent}/q*.toml")
    parser.add_argument("--list", action="store_true", help="say what has no record yet, and run nothing")
    parser.add_argument("--again", action="store_true", help="also what has a record")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="processes here, or a Ray cluster")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="trainings at a time (one a core)")
    parser.add_argument("--threads", type=int, default=1, help="of each training; the numbers depend on it (1)")
    parser.add_argument("--data", type=Path, help="folder of the recordings (../shared/data)")
    parser.add_argument("--out", type=Path, help="folder of test tree, checkpoints and logs (runs/study)")
    return parser.parse_args()


if __name__ == "__main__":
    exit_with(main)
