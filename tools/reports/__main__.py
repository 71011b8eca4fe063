"""Write the generated texts from the records in ``docs/records``: tables of pages, whole pages, model cards, figures.

Between the markers ``<!-- NAME: written by tools/reports -->`` and ``<!-- end of NAME -->`` of a page stands what the
template ``PAGE.NAME.md.j2`` or, without one, ``NAME.md.j2`` says; tables are specified there (see ``rendering.py``).
"""

import argparse
import re
from pathlib import Path

from aurora_resnet.checkpoints import PRETRAINED, Checkpoint, load_checkpoint
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.recognizer import DEFAULT_MODEL
from tools.reports import sources
from tools.reports.figures import draw
from tools.reports.league import ahead, entrants
from tools.reports.rendering import DOCS, TEMPLATES, record, render
from tools.reports.sources import Record

MARKED = re.compile(r"<!-- (\w+): written by tools/reports -->(.*?)<!-- end of \1 -->", re.DOTALL)
SOURCES = {
    **{name: getattr(sources, name) for name in ("runs", "string_reports", "exported", "costs", "targets")},
    "aurora_table": AuroraTable.from_report,
    "default_model": DEFAULT_MODEL,
    "entrants": entrants,
    "ahead": ahead,
    "systems": sources.SYSTEMS,
    "conditions": sources.CONDITIONS,
}


def texts() -> dict[Path, str]:
    """Return every generated text by its path."""
    pages = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
    marked = {
        path: text for path in pages if "written by tools/reports -->" in (text := path.read_text(encoding="utf-8"))
    }
    return {
        **{path: filled(text, path.stem) for path, text in marked.items()},
        DOCS / "results.md": render("results.md.j2", **SOURCES),
        DOCS / "reliability.md": render("reliability.md.j2", **SOURCES),
        **{
            resolve(name, format="checkpoint").path.with_suffix(".md"): card(
                name, load_checkpoint(name), record(f"shipped/{name}")
            )
            for name in PRETRAINED
        },
    }


def filled(text: str, page: str) -> str:
    """Return a page with its generated parts between their markers, and nothing else changed."""

    def part(found: re.Match[str]) -> str:
        name = found[1]
        own = f"{page}.{name}.md.j2"
        template = own if (TEMPLATES / own).exists() else f"{name}.md.j2"
        content = render(template, **SOURCES).strip()
        return f"<!-- {name}: written by tools/reports -->\n\n{content}\n\n<!-- end of {name} -->"

    if text.count("written by tools/reports -->") != len(MARKED.findall(text)):
        raise SystemExit(f"{page}: each '<!-- NAME: written by tools/reports -->' needs its '<!-- end of NAME -->'")
    return MARKED.sub(part, text)


def card(name: str, checkpoint: Checkpoint, measured: Record) -> str:
    """Return the card of a model of words: what it learnt from and what was measured of its checkpoint."""
    about = {"info": checkpoint.info, "calibration": checkpoint.calibration}
    return render("card.md.j2", name=name, measured=measured, **about, **SOURCES)


def string_card(checkpoint: Checkpoint, run: Record, measured: Record) -> str:
    """Return the same of a model of strings.

    Args:
        checkpoint: its weights.
        run: ``run.json`` of its training.
        measured: its record.
    """
    point, speech = checkpoint.info["operating_point"], checkpoint.model.config.options.get("speech", 0)
    results = render("string_model.md.j2", found=measured).strip()
    return render("string_card.md.j2", run=run, point=point, results=results, speech=speech)


def encoder_card(name: str, words: Checkpoint, strings: Checkpoint, runs: dict[str, Record], measured: Record) -> str:
    """Return the card of a model of words and strings on one encoder.

    Args:
        name: of the model.
        words: its checkpoint of single words, with the decision.
        strings: that of strings.
        runs: ``run.json`` of each stage of its training, by name.
        measured: the record of the single words.
    """
    return render("encoder_card.md.j2", name=name, words=words, strings=strings, runs=runs, measured=measured)


def main(arguments: list[str] | None = None) -> None:
    """Write everything."""
    argparse.ArgumentParser(
        prog="python -m tools.reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    for path, text in texts().items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    draw()


if __name__ == "__main__":
    main()
