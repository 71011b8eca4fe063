"""The generated pages: what stands between markers, what a template may not leave out, and that they are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from aurora_resnet.checkpoints import PRETRAINED
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from study.report.__main__ import page
from study.report.records import Study
from tools.reports import rendering
from tools.reports.__main__ import filled, texts
from tools.reports.rendering import DOCS, record, render, table
from tools.reports.sources import targets


def test_only_the_part_between_its_markers_changes() -> None:
    begin, end = "<!-- own_words: written by tools/reports -->", "<!-- end of own_words -->"
    changed = filled(f"before {begin} old {end} after", "any")
    assert changed.startswith(f"before {begin}\n\n| words ")
    assert changed.endswith(f"\n\n{end} after")
    assert filled(changed, "any") == changed
    with pytest.raises(SystemExit, match="needs its"):
        filled(f"before {begin} old", "any")


def test_a_name_that_nobody_gives_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.md.j2").write_text("{{ given }} {{ forgotten }}")
    with pytest.raises(UndefinedError, match="forgotten"):
        render("page.md.j2", tmp_path, given=1)
    with pytest.raises(UndefinedError, match="forgotten"):
        table([{"given": 1}], [("given", "row.given"), ("forgotten", "row.forgotten")])


def test_the_record_of_a_quick_measurement_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "RECORDS", tmp_path)
    (tmp_path / "speed.json").write_text(json.dumps({"quick": True}))
    with pytest.raises(SystemExit, match="measure without --quick"):
        record("speed")


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    return {**texts(), DOCS / "study.md": page(Study())}


def test_the_pages_are_what_the_records_say(pages: dict[Path, str]) -> None:
    assert len(pages) >= 15
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run python -m tools.reports and study.report"


def test_no_page_shows_a_template(pages: dict[Path, str]) -> None:
    for text in pages.values():
        assert not {"{{", "{%", "Undefined"} & set(text.split())
        prose = re.sub(r"```.*?```", "code", text.split("# Results")[-1], flags=re.DOTALL)
        assert "\n\n\n" not in prose


def test_a_target_is_met_or_missed_as_its_number_says() -> None:
    def measured(accuracy: float) -> dict[str, Any]:
        found = {"model": {"zoo_name": "compact", "bytes": 750_000}, "clean": {"fsdd": {"accuracy": accuracy}}}
        return targets(found)["FSDD official test, clean %"]

    assert measured(0.995)["met"] == "yes"
    assert (measured(0.9949)["met"], measured(0.9949)["shown"]) == ("NO", "99.49")
    assert targets({"model": {"zoo_name": "other"}})["file, MB"]["value"] is None


def test_the_records_of_the_shipped_models_are_of_the_files_in_the_package() -> None:
    files = {name: resolve(name, format="checkpoint") for name in PRETRAINED}
    files |= {f"{name}_int8": resolve(name) for name in EXPORTED}
    for name, file in files.items():
        assert record(f"shipped/{name}")["model"]["sha256"] == file.sha256, f"{name}: measure it again"
