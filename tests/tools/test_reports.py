"""The generated pages: what stands between markers, what a template may not leave out, and that they are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from aurora_resnet.checkpoints import PRETRAINED
from aurora_resnet.runtime.model_reference import EXPORTED, file_sha256, resolve
from study.report.page import page
from study.report.records import Study
from tools.reports.__main__ import between, texts
from tools.reports.main_job import SYSTEMS
from tools.reports.performance import accuracy_table
from tools.reports.protocol import PROTOCOL
from tools.reports.records import DOCS, read_runs
from tools.reports.templating import render


def test_only_the_part_between_its_markers_changes() -> None:
    begin, end = "<!-- a: written by tools/reports -->", "<!-- end of a -->"
    page = f"before {begin} old {end} after <!-- b: written by tools/reports -->\n\nkept\n\n<!-- end of b -->"
    changed = between(page, "a", "new\n")
    assert changed == page.replace(f"{begin} old {end}", f"{begin}\n\nnew\n\n{end}")
    assert between(changed, "a", "new") == changed
    with pytest.raises(SystemExit, match="expected the markers"):
        between(page, "c", "new")


def test_a_name_that_nobody_gives_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "page.md.j2"
    template.write_text("{{ given }} {{ forgotten }}")
    with pytest.raises(UndefinedError, match="forgotten"):
        render(template, given=1)


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    return texts(read_runs("fsdd_an4", SYSTEMS), read_runs("protocol", PROTOCOL))


@pytest.fixture(scope="module")
def study_page() -> str:
    return page(Study())


def test_the_pages_are_what_the_records_say(pages: dict[Path, str], study_page: str) -> None:
    assert len(pages) == 19
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run python -m tools.reports"
    assert (DOCS / "study.md").read_text(encoding="utf-8") == study_page, "run python -m study.report"


def test_no_page_shows_a_template(pages: dict[Path, str], study_page: str) -> None:
    for text in (*pages.values(), study_page):
        assert not {"{{", "{%", "Undefined"} & set(text.split())
        prose = re.sub(r"```.*?```", "code", text.split("# Results")[-1], flags=re.DOTALL)
        assert "\n\n\n" not in prose


def test_the_accuracy_that_int8_loses_is_the_difference_of_the_records() -> None:
    def record(clean: float, noisy: float) -> dict[str, Any]:
        row = {"clips": 200, "accuracy": clean}
        mean = {"5": {"clips": 1600, "accuracy": noisy}}
        return {"clean": {"fsdd": row, "an4": row}, "noisy": {"fsdd": {"mean": mean}}}

    table = accuracy_table({"compact": record(0.995, 0.9)}, {"compact": record(0.99, 0.91)})
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    assert [row[1:] for row in cells] == [
        ["200", "99.50", "99.00", "0.50"],
        ["200", "99.50", "99.00", "0.50"],
        ["1600", "90.00", "91.00", "-1.00"],
    ]


def test_the_records_of_the_shipped_models_are_of_the_files_in_the_package() -> None:
    files = {name: resolve(name, format="checkpoint").path for name in PRETRAINED}
    files |= {f"{name}_int8": resolve(name).path for name in EXPORTED}
    for name, file in files.items():
        record = json.loads((DOCS / "records" / "shipped" / f"{name}.json").read_text(encoding="utf-8"))
        assert record["model"]["sha256"] == file_sha256(file), f"{name}: run python -m tools.measure"
