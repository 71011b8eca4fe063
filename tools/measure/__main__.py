"""Measure models as a plan says and write the records from which ``python -m tools.reports`` makes tables.

    python -m tools.measure words --only compact_int8         # of the package's plan (tools/measure/plan.toml)
    python -m tools.measure own_words --only 'compact_*'
    python -m tools.measure --plan my_plan.toml               # a plan of your own, whole

A record that is there for the same file is not measured again. ``--quick`` measures a little, to see that it works, and
writes a record only with ``--records``.
"""

import argparse
import json
from fnmatch import fnmatch
from pathlib import Path

from aurora_resnet.environment import set_threads
from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from tools.measure.plan import KINDS, PLAN, read_plan
from tools.measure.records import Settings

RECORDS = Path("docs/records")


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--plan", type=Path, default=PLAN, help="what to measure; that of the package by default")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="records whose name is like this one")
    parser.add_argument("--records", type=Path, help=f"folder of the records (default {RECORDS})")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of what is made on the way")
    parser.add_argument("--device", default="cpu", help="where to compute")
    parser.add_argument("--threads", type=int, default=1, help="of each measurement")
    parser.add_argument("--quick", action="store_true", help="a little, to see that it works")
    options = parser.parse_args(arguments)
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"expected some of {', '.join(KINDS)}; got {', '.join(sorted(unknown))}")
    plan = read_plan(options.plan)
    settings = Settings(
        data=Path(plan.data),
        records=options.records or (None if options.quick else RECORDS),
        runs=options.runs,
        device=options.device,
        threads=options.threads,
        quick=options.quick,
    )
    jobs = [job for job in plan.jobs(settings, tuple(options.kinds) or KINDS) if fnmatch(job.path.stem, options.only)]
    set_threads(options.threads)
    for job in jobs:
        if settings.records and job.is_done():
            tell(f"{job.path} is there")
            continue
        record = job.make()
        if settings.records:
            write_json(record, job.path, indent=1)
        print(f"{job.path}: measured" if settings.records else json.dumps(record, indent=2), flush=True)


if __name__ == "__main__":
    exit_with(main)
