"""Write docs/study.md and its figures from the study's records, in under a minute.

``python -m study.report`` writes, ``--check`` fails if the text would change (CI), ``--records FOLDER --print`` shows
the page of other records.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import exit_with
from study.report.figures import draw
from study.report.page import page
from study.report.records import STUDY, Study
from tools.reports.records import DOCS

PAGE = DOCS / "study.md"


def main() -> int:
    """Write, check or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the text would change")
    parser.add_argument("--print", action="store_true", help="write nothing, print the page")
    parser.add_argument("--records", type=Path, default=STUDY, help="folder of the records")
    options = parser.parse_args()
    study = Study(options.records)
    text = page(study)
    if options.print:
        print(text)
        return 0
    current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if options.check:
        sys.stdout.writelines(difflib.unified_diff(current.splitlines(True), text.splitlines(True), str(PAGE)))
        return int(current != text)
    with atomic_path(PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
    draw(study)
    return 0


if __name__ == "__main__":
    exit_with(main)
