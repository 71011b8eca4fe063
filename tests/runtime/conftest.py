"""Recordings and a model for the tests of the runtime, which need nothing of the library but ``runtime``."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_resnet.runtime.cli.main import main
from aurora_resnet.runtime.recognizer import Recognizer

SAMPLES = Path(__file__).resolve().parents[2] / "src" / "aurora_resnet" / "samples"

Spoken = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]


def rows() -> list[dict[str, str]]:
    with (SAMPLES / "samples.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def sample_words() -> list[tuple[Path, str]]:
    """Every synthetic recording of the repository and the word that is spoken in it, 8 kHz."""
    return [(SAMPLES / row["file"], row["word"]) for row in rows()]


@pytest.fixture(scope="session")
def spoken() -> Spoken:
    """``spoken("seven", engine="flite")``: the first recording of a word by a test voice."""

    def find(word: str, **wanted: str) -> Path:
        wanted = {"word": word, "split": "test", **wanted}
        return next(SAMPLES / row["file"] for row in rows() if wanted.items() <= row.items())

    return find


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    """The small model that the package carries."""
    return Recognizer.from_pretrained("compact")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command with something on standard input; return exit code, output and errors."""

    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run
