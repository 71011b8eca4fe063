"""The documentation site: nothing public is missing in it, and what is wrong with a built one is found."""

from __future__ import annotations

import hashlib
import inspect
import re
from pathlib import Path

import pytest

import aurora_resnet
import aurora_resnet.runtime
from aurora_resnet.cli.app import COMMANDS
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.pages import page_text
from tools import vendor_web
from tools.reports.rendering import DOCS
from tools.site.demo import SOURCES, demo_facts, demo_page

pytest.importorskip("sphinx", reason="the site needs the extra 'docs'")
from sphinx.errors import SphinxError

from tools.site.__main__ import foreign
from tools.site.extension import ACCESSIBLE, accessible, command_section, mathml

PAGE = Path(aurora_resnet.__file__).parent / "web" / "page"


def documented(page: str) -> set[str]:
    """The names that a page of the reference takes from the docstrings."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return {name.rpartition(".")[2] for name in re.findall(r"^\.\. auto(?:\w+):: ([\w.]+)", text, re.MULTILINE)}


def test_every_public_name_is_in_the_reference_and_described() -> None:
    names = set(aurora_resnet.__all__) - {"__version__", "AudioError", "ConfigError", "CorpusError", "ModelError"}
    assert names <= documented("api.md")
    undescribed = [name for name in names - {"DIGITS"} if not inspect.getdoc(getattr(aurora_resnet, name))]
    assert undescribed == []


def test_every_public_name_of_the_runtime_is_in_the_reference() -> None:
    lists = {"EXPORTED", "EXPORTED_STRINGS"}
    named = documented("runtime.md") | documented("api.md")
    assert set(aurora_resnet.runtime.__all__) - named == lists


def test_every_page_is_in_the_navigation() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} - {"index"}
    assert pages <= listed


def test_a_command_is_described_by_its_own_help() -> None:
    assert "make-noisy" in COMMANDS
    section = command_section("models")
    assert section.startswith("## models\n")
    assert "Usage: aurora-resnet models" in section
    assert "--help" in section


def test_what_another_host_would_load_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="https://example.org">x</a><script src="a.js"></script>')
    assert list(foreign(tmp_path)) == []
    (tmp_path / "a.html").write_text('<link rel="stylesheet" href="//example.org/a.css">')
    assert list(foreign(tmp_path)) == ["a.html: loads //example.org/a.css from another host"]


def test_formulas_become_mathml_and_what_cannot_is_an_error() -> None:
    assert "<msup>" in mathml("x^2")
    assert "<mtable" in mathml(r"a &= b \\ c &= \Big(d\Big)", block=True)
    with pytest.raises(SphinxError, match="nonsense"):
        mathml(r"\nonsense{x}")


def test_what_the_theme_leaves_out_is_added() -> None:
    page = "".join(ACCESSIBLE)
    assert accessible(page) == "".join(ACCESSIBLE.values())
    assert accessible('<th class="head"><p></p></th><th><p>a</p></th>') == '<td class="head"></td><th><p>a</p></th>'


def test_cells_of_text_wrap_and_numbers_with_intervals_do_not() -> None:
    number, text = (
        '<td class="text-right"><p>97.63 [94.88, 100.00]</p></td>',
        "<td><p>a claim of more than one line</p></td>",
    )
    assert accessible(number + text) == number + text.replace("<td>", '<td class="long">')
    assert accessible(text.replace("<td>", '<td class="text-right">')).startswith('<td class="text-right long">')


@pytest.mark.parametrize("name", ["index.html", "numbers.html"])
def test_the_demo_is_the_served_pages_with_another_server(name: str) -> None:
    served = page_text(name)
    page = demo_page(served)
    assert re.findall(r'id="([\w-]+)"', page) == re.findall(r'id="([\w-]+)"', served)
    with pytest.raises(ValueError, match="lacks"):
        demo_page("<html></html>")
    own, shared = ({path.name: path.read_text("utf-8") for path in folder.glob("*.js")} for folder in (SOURCES, PAGE))
    assert own.keys() & shared.keys() == {"server.js"}  # they lie in one folder
    exported = [set(re.findall(r"export (?:async )?(?:const|function) (ask\w+|connect)", text["server.js"]))
                for text in (own, shared)]  # fmt: skip
    assert exported[0] == exported[1]
    scripts = shared | own
    imports = {name: set(re.findall(r'from "\./([\w.-]+)"', text)) for name, text in scripts.items()}
    assert set().union(*imports.values()) <= scripts.keys()
    while leaves := [name for name, needed in imports.items() if not needed & imports.keys()]:
        imports = {name: needed for name, needed in imports.items() if name not in leaves}
    assert imports == {}  # no circle


def test_the_demo_knows_what_the_models_know() -> None:
    for facts in (load_model("compact").facts, StringRecognizer.from_pretrained("string_net").facts):
        values = demo_facts(facts)
        assert values["calibration"] == facts.calibration.to_dict()
        assert values["vocabulary"]["words"] == list(facts.vocabulary.words)


def test_a_damaged_engine_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.mjs", "b.wasm")}
    monkeypatch.setattr(vendor_web, "FILES", files)
    for name in ("a.mjs", "b.wasm"):
        (tmp_path / name).write_bytes(name.encode())
    assert vendor_web.is_vendored(tmp_path)
    assert vendor_web.vendor(tmp_path) == tmp_path
    (tmp_path / "b.wasm").write_bytes(b"other")
    assert not vendor_web.is_vendored(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="there is no npm"):
        vendor_web.vendor(tmp_path)
