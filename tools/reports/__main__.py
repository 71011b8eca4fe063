"""Write docs/results.md, docs/reliability.md, figures, and parts of README and other pages from the run records.

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
from tools.reports.faults import read_faults, reliability_page
from tools.reports.installation import INSTALL, install_section
from tools.reports.main_job import SYSTEMS, draw, main_job
from tools.reports.other_tools import good_for_section, other_tools_section, read_peers
from tools.reports.own_words import TOGETHER, draw_own_words, own_words_section, read_own_words, together_section
from tools.reports.people import draw_people, people_section, read_people
from tools.reports.performance import performance_section, read_inference
from tools.reports.protocol import PROTOCOL, draw_protocol, protocol
from tools.reports.readme import readme_table
from tools.reports.records import DOCS, TEMPLATES, Run, read_if_measured, read_runs
from tools.reports.scale import SCALE, scale_section
from tools.reports.serve import read_serve, serve_section
from tools.reports.shipped import (
    cards,
    read_exported,
    read_latency,
    read_shipped,
    shipped_section,
    shipped_table,
)
from tools.reports.sizes import cost_table
from tools.reports.streaming import read_streaming, streaming_section
from tools.reports.string_rebuild import draw_rebuild, read_rebuild, rebuild_section
from tools.reports.strings import SPEED, draw_strings, read_strings, speed_section, strings_section
from tools.reports.templating import render

README = DOCS.parent / "README.md"


def texts(main_runs: dict[str, Run], protocol_runs: dict[str, Run]) -> dict[Path, str]:
    """Return every generated text by its path."""
    shipped, exported, latency = read_shipped(), read_exported(), read_latency()
    parts = {
        README: {"shipped": readme_table(exported, read_inference(), read_strings()[0], read_if_measured(SPEED) or {})},
        DOCS / "models.md": {"costs": cost_table()},
        DOCS / "recognizer.md": {
            "shipped": shipped_section(shipped, latency),
            "people": people_section(read_people()),
        },
        DOCS / "performance.md": {"performance": performance_section(read_inference(), shipped, exported)},
        DOCS / "model-cards.md": {
            "good_for": f"{shipped_table(shipped, latency)}\n\n{good_for_section(exported)}",
        },
        DOCS / "other-tools.md": {"other_tools": other_tools_section(shipped, latency, read_peers())},
        DOCS / "scale.md": {"scale": scale_section(read_if_measured(SCALE))},
        DOCS / "own-words.md": {
            "own_words": own_words_section(read_own_words()),
            "together": together_section(read_if_measured(TOGETHER)),
        },
        DOCS / "string-training.md": {
            "strings": strings_section(read_strings()),
            "string_rebuild": rebuild_section(read_rebuild()),
        },
        DOCS / "strings.md": {"string_speed": speed_section(read_if_measured(SPEED))},
        DOCS / "streaming.md": {"streaming": streaming_section(read_streaming())},
        DOCS / "web.md": {"serve": serve_section(read_serve())},
        DOCS / "install.md": {"install": install_section(read_if_measured(INSTALL))},
    }
    results = render(TEMPLATES / "results.md.j2", main=main_job(main_runs), protocol=protocol(protocol_runs))
    return {
        DOCS / "results.md": results,
        DOCS / "reliability.md": reliability_page(read_faults()),
        **cards(shipped),
        **{path: filled(path, each) for path, each in parts.items()},
    }


def filled(path: Path, parts: dict[str, str]) -> str:
    """Return a page with other generated parts between their markers."""
    text = path.read_text(encoding="utf-8")
    for what, part in parts.items():
        text = between(text, what, part)
    return text


def between(whole: str, what: str, text: str) -> str:
    """Return a text with another generated part between its markers.

    >>> print(between("<!-- a: written by tools/reports -->old<!-- end of a -->", "a", "new"))
    <!-- a: written by tools/reports -->
    <BLANKLINE>
    new
    <BLANKLINE>
    <!-- end of a -->
    """
    begin, end = f"<!-- {what}: written by tools/reports -->", f"<!-- end of {what} -->"
    before, found, rest = whole.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"expected the markers '{begin}' and '{end}'")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


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
        draw_people(read_people())
        draw_own_words(read_own_words())
        draw_strings(read_strings())
        draw_rebuild(read_rebuild())
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
