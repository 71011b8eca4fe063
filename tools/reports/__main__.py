"""Write docs/results.md, its figures and the tables of README and docs/models.md from the run records.

``python -m tools.reports`` writes, ``--check`` fails if a text would change (CI).

A run's folder ``docs/records/EXPERIMENT/RUN`` holds ``run.json`` and ``history.jsonl`` as ``aurora-resnet train`` wrote
them, and ``evaluation.json`` as ``aurora-resnet evaluate --json`` wrote it.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from aurora_resnet.files import atomic_path
from study.report.records import Study
from study.report.tables import readme_study_table
from tools.reports.main_job import SYSTEMS, draw, main_job, readme_table
from tools.reports.performance import performance_section, read_inference
from tools.reports.protocol import PROTOCOL, draw_protocol, protocol, readme_protocol_table
from tools.reports.records import DOCS, Run, read_runs
from tools.reports.shipped import read_shipped, shipped_section, shipped_texts
from tools.reports.shipped import readme_table as readme_shipped_table
from tools.reports.sizes import benchmarks, cost_table
from tools.reports.streaming import read_streaming, streaming_section

README = DOCS.parent / "README.md"
MODELS = DOCS / "models.md"
RECOGNIZER = DOCS / "recognizer.md"
PERFORMANCE = DOCS / "performance.md"
STREAMING = DOCS / "streaming.md"


def between(whole: str, what: str, text: str) -> str:
    """Return a text with another generated part between its markers."""
    begin, end = f"<!-- {what}: written by tools/reports -->", f"<!-- end of {what} -->"
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def texts(main_runs: dict[str, Run], protocol_runs: dict[str, Run]) -> dict[Path, str]:
    """Return every generated text by its path."""
    head = "# Results\n\nWritten by `python -m tools.reports` from the run records in `docs/records`.\n\n"
    readme, models = README.read_text(encoding="utf-8"), MODELS.read_text(encoding="utf-8")
    protocol_table = readme_protocol_table(protocol_runs)
    readme = between(between(readme, "results", readme_table(main_runs)), "protocol", protocol_table)
    readme = between(readme, "study", readme_study_table(Study()))
    shipped, latency = read_shipped()
    recognizer, performance = RECOGNIZER.read_text(encoding="utf-8"), PERFORMANCE.read_text(encoding="utf-8")
    return {
        DOCS / "results.md": f"{head}{main_job(main_runs)}\n{protocol(protocol_runs)}\n{benchmarks()}",
        README: between(readme, "shipped", readme_shipped_table(shipped, latency)),
        RECOGNIZER: between(recognizer, "shipped", shipped_section(shipped, latency)),
        PERFORMANCE: between(performance, "performance", performance_section(read_inference())),
        STREAMING: between(STREAMING.read_text(encoding="utf-8"), "streaming", streaming_section(read_streaming())),
        MODELS: between(models, "costs", cost_table()),
        **shipped_texts(shipped),
    }


def main() -> int:
    """Write everything, or check that nothing would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a text would change")
    check = parser.parse_args().check
    stale = 0
    main_runs, protocol_runs = read_runs("fsdd_an4", SYSTEMS), read_runs("protocol", PROTOCOL)
    for path, text in texts(main_runs, protocol_runs).items():
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if check and current != text:
            stale += 1
            sys.stdout.writelines(difflib.unified_diff(current.splitlines(True), text.splitlines(True), str(path)))
        elif not check:
            with atomic_path(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    if not check:
        draw(main_runs)
        draw_protocol(protocol_runs)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
