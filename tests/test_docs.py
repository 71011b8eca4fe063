"""The examples on the pages run: their Python, block after block, and the commands of their ``bash`` blocks.

Every page with examples is in a list below. ``console`` blocks, which need a microphone or do not end, are not run.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.cli.app import main
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer

DOCS = Path(__file__).resolve().parent.parent / "docs"
RATE = 8000
#: Its check digit is right.
CARD = "4539578763621486"


#: Pages whose Python and commands run with the recordings of ``folder``.
RUN = (
    "index.md", "tour.md", "tutorials.md", "runtime.md", "recognizer.md", "how-to/phone-line.md", "how-to/robot.md",
    "how-to/web-page.md", "how-to/aurora2.md", "examples.md",
    "telephony.md", "redaction.md",
)  # fmt: skip
#: Pages with a test of their own below.
OWN_TESTS = {"strings.md", "voice-agents.md"}
#: Pages whose examples need more than a test has, and where they run instead.
ELSEWHERE = {
    "data.md": "downloads",
    "export.md": "minutes; tests/export",
    "league.md": "recordings and peers; tests/tools/test_league.py",
    "microcontroller.md": "compilers; tests/export/test_c_export.py",
    "models.md": "ImageNet weights; tests/models",
    "own-models.md": "the package of examples/own_model, which CI installs",
    "own-words.md": "a folder of your own recordings; tests/teaching",
    "streaming.md": "a microphone; tests/runtime",
    "string-training.md": "hours",
    "study.md": "hours; CI runs the quick form",
    "web.md": "until Ctrl-C; tests/web",
}


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def say(digits: str, path: Path) -> None:
    """Write a packaged voice that says digits."""
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    names = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    parts: list[Samples] = [np.zeros(RATE // 2, np.float32)]
    for digit in digits:
        parts += [read_audio(voice.filter(words=names[int(digit)])[0].path)[0], np.zeros(RATE // 8, np.float32)]
    write_audio(np.concatenate([*parts, np.zeros(2 * RATE, np.float32)]), path, RATE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the recordings that the examples name, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    for file, digits in (
        ("pin.wav", "4071"),
        ("card.wav", CARD),
        ("calls/one.wav", "1"),
        ("seven.wav", "7"),
        ("recording.wav", "7"),
    ):
        say(digits, tmp_path / file)
    (tmp_path / "customers.txt").write_text("4071\n5566\n")
    return tmp_path


def run_commands(page: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run the commands of a page and return what each prints."""
    outputs = []
    for line in "".join(blocks(page, "bash")).splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "aurora-resnet"
        with pytest.raises(SystemExit) as end:
            main(arguments)
        output, errors = capsys.readouterr()
        assert end.value.code == 0, f"{line}: {errors}"
        outputs.append(output)
    return outputs


def pages_with_examples() -> set[str]:
    pages = (str(path.relative_to(DOCS).as_posix()) for path in DOCS.rglob("*.md"))
    return {page for page in pages if blocks(page, "python") or blocks(page, "bash")}


def test_every_page_with_examples_says_who_runs_them() -> None:
    assert pages_with_examples() == {*RUN, *OWN_TESTS, *ELSEWHERE}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", RUN)
def test_the_examples_of_a_page_run(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    python = blocks(page, "python")
    if any("figures" in block for block in python):
        pytest.importorskip("matplotlib", reason="figures")
    names: dict[str, object] = {"__name__": "page"}
    for block in python:
        exec(compile(block, f"docs/{page}", "exec"), names)
    if page == "recognizer.md":  # its commands need your own recordings
        return
    run_commands(page, capsys)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_commands_of_the_page_about_strings(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = run_commands("strings.md", capsys)
    assert outputs[0].split("\t")[:2] == ["pin.wav", "4071"]
    assert any("string_ended\t4071" in output for output in outputs)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_python_of_the_page_about_strings(recognizer: Recognizer) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    with served(create_app(recognizer, strings=StringRecognizer.from_pretrained("string_net"))) as address:
        names = {"address": address.replace("http", "ws"), "__name__": "page"}
        for block in blocks("strings.md", "python"):
            if "websockets" in block and importlib.util.find_spec("websockets") is None:
                continue
            exec(compile(block, "docs/strings.md", "exec"), names)
    assert getattr(names["number"], "text") == "4071"  # noqa: B009 (the type of a name of the page is unknown)
    assert getattr(names["card"], "text") == CARD  # noqa: B009


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.from_pretrained("compact")


def test_python_of_the_page_about_voice_agents(capsys: pytest.CaptureFixture[str]) -> None:
    """The parts for LiveKit and Pipecat run in tests/runtime/test_*_agent.py, where these are installed."""
    exec(compile(blocks("voice-agents.md", "python")[0], "docs/voice-agents.md", "exec"), {"__name__": "page"})
    assert "NumberCollected(number='4071'" in capsys.readouterr().out
