"""Every example runs in a small form, says what its header says, and uses what is public and documented."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import aurora_resnet
from aurora_resnet import Corpus, load_corpus
from aurora_resnet.features import frontend
from aurora_resnet.models import zoo
from tools.example_outputs import printed_in, without_numbers

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
VOICES = ("samples/flite-slt", "samples/flite-awb", "samples/flite-rms", "samples/festival-kal-diphone")
WORDS = ("one", "two", "three")
LONGEST = 80

Run = Callable[..., list[str]]


def few(*, testing: bool = False) -> Corpus:
    """Words of two voices, and of two others if something is tested."""
    voices = [*VOICES[1:3], *(["samples/flite-slt"] if testing else [])]
    return load_corpus("samples:").filter(speakers=voices, words=WORDS)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Call the ``main`` of an example in an empty folder and return the lines that it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zoo, "ZOO", dict(zoo.ZOO))  # what an example registers is forgotten
    monkeypatch.setattr(frontend, "_FRONTENDS", dict(frontend._FRONTENDS))

    def call(name: str, **arguments: object) -> list[str]:
        module = load(name)
        capfd.readouterr()
        module.main(**arguments)
        return capfd.readouterr().out.splitlines()

    yield call
    for name in [name for name in sys.modules if name.startswith("example_")]:
        del sys.modules[name]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for their module
    spec.loader.exec_module(module)
    return module


def stated(name: str) -> list[str]:
    """Return what a header says is printed."""
    return printed_in(ROOT / "examples" / f"{name}.py")


@pytest.mark.parametrize("name", ["recognize_file", "string_known_length", "live_stream"])
def test_what_recognises_prints_what_its_header_says_but_for_numbers(run: Run, name: str) -> None:
    assert without_numbers(run(name)) == without_numbers(stated(name))


@pytest.mark.parametrize("name", ["recognize_file", "live_stream"])
def test_files_of_ones_own(run: Run, name: str) -> None:
    nine = str(load_corpus("samples:").filter(speakers="samples/espeak-en-f3", words="nine")[0].path)
    own: dict[str, object] = {"files": [nine]} if name == "recognize_file" else {"file": nine}
    lines = run(name, **own)
    assert "nine" in lines[0]


def test_a_corpus_is_built_and_measured(run: Run) -> None:
    speech = load_corpus("samples:").filter(split="test", speakers="samples/espeak-en-belinda", take="1")
    built = run("noisy_corpus", out="noisy", speech=speech, workers=1)
    assert without_numbers(built) == without_numbers(stated("noisy_corpus"))
    assert built[0] == f"files: {7 * 11}, skipped: 0"  # every word clean and at six SNRs
    table = run("evaluate_aurora2", tree="noisy", out="report.json")
    header = stated("evaluate_aurora2")
    assert table[0].split() == header[0].split()
    assert [line.split("|")[1].strip() for line in table] == [line.split("|")[1].strip() for line in header]
    assert Path("report.json").is_file()


def test_many_files(run: Run) -> None:
    lines = run("many_files", count=30, workers=1)
    assert lines[0] == "recordings: 30, failed: 0"
    assert without_numbers(lines[1:]) == without_numbers(stated("many_files")[1:])
    assert run("many_files", count=30, workers=1) == lines


@pytest.mark.parametrize("name", ["own_augmentation", "fine_tune_folder"], ids=lambda name: name)
def test_what_learns(run: Run, name: str) -> None:
    corpus: dict[str, object] = {"corpus": few(testing=True)}
    if name == "fine_tune_folder":
        corpus = {"folder": str(as_folder(few(testing=True)))}
    epochs = 5 if name == "own_augmentation" else 1  # it prints a number for each
    lines, header = (without_numbers(each) for each in (run(name, epochs=epochs, **corpus), stated(name)))
    assert lines == header


@pytest.mark.parametrize(
    ("name", "package"), [("plain_loop", "torch"), ("lightning_fit", "lightning"), ("skorch_fit", "skorch")]
)
def test_other_training_loops(run: Run, name: str, package: str) -> None:
    pytest.importorskip(package)
    lines = run(name, epochs=1, corpus=few(testing=True))
    assert re.fullmatch(r"other voices: [\d.]+% right", lines[-1])


@pytest.mark.slow
def test_own_words(run: Run) -> None:
    folder = as_folder(load_corpus("samples:").filter(speakers=VOICES[:3], words=WORDS))
    lines = run("own_words", folder=str(folder), out="mine.onnx")
    assert re.fullmatch(r"held-out speakers: [\d.]+% right", lines[0])
    assert all(line.startswith("- ") for line in lines[1:-1])
    assert lines[-1].startswith("one: ")


@pytest.mark.slow
def test_export_without_torch(run: Run) -> None:
    assert without_numbers(run("export_without_torch")) == without_numbers(stated("export_without_torch"))


def as_folder(corpus: Corpus) -> Path:
    """Copy recordings to a folder as people have them."""
    folder = Path("recordings")
    for each in corpus:
        copy = folder / each.word / f"{each.attributes['voice'].rpartition('-')[2]}_{each.attributes['take']}.flac"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(each.path.read_bytes())
    return folder


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_short_and_use_what_is_public(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert printed_in(path)
    assert set(re.findall(r"\bar\.(\w+)", text)) <= set(aurora_resnet.__all__)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("aurora_resnet"):
            continue
        names = {name.name for name in node.names}
        if node.module == "aurora_resnet":
            assert names <= set(aurora_resnet.__all__)
        else:
            assert names <= documented().get(node.module or "", set()), f"{node.module} is on no page"


def documented() -> dict[str, set[str]]:
    """Return what the pages import from modules of the library."""
    found: dict[str, set[str]] = {}
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        for module, names in re.findall(
            r"^from (aurora_resnet\.[\w.]+) import ([\w, ]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found.setdefault(module, set()).update(name.strip() for name in names.split(","))
    return found
