"""Write docs/study.md and its figures from the study's records, in under a minute.

Prose and tables are in ``templates``; a test fails if the page is not what the records say.
"""

import argparse
from pathlib import Path

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import exit_with
from study.report import tables
from study.report.figures import draw
from study.report.records import MEAN, SNRS, Study
from tools.reports.rendering import DOCS, render


def page(study: Study) -> str:
    """Return docs/study.md, with the questions that there are records of."""
    questions = {
        question: study.present(group)
        for question, group in tables.GROUPS.items()
        if any(name.startswith(f"{question}/") for name in study.variants)
    }
    return render(
        "study.md.j2",
        Path(__file__).with_name("templates"),
        study=study,
        base=study[tables.BASE],
        questions=questions,
        tables=tables,
        mean=MEAN,
        snrs=SNRS,
    )


def main(arguments: list[str] | None = None) -> None:
    """Write the page and draw the figures."""
    argparse.ArgumentParser(
        prog="python -m study.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    study = Study()
    with atomic_path(DOCS / "study.md") as temporary:
        temporary.write_text(page(study), encoding="utf-8")
    draw(study)


if __name__ == "__main__":
    exit_with(main)
