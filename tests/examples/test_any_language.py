"""The vectors for programs in any language are Python's answers, and Node and C++ give the same ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "any_language"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxscript", reason="the graphs need the extra 'export'")
    folder = tmp_path_factory.mktemp("vectors")
    subprocess.run([sys.executable, FOLDER / "vectors.py", folder], check=True)
    return folder


def answers(vectors: Path) -> list[dict[str, Any]]:
    """Python's answers by model."""
    made: list[dict[str, Any]] = json.loads((vectors / "vectors.json").read_text())
    return made


def test_the_vectors_are_of_words_that_were_said(vectors: Path) -> None:
    words, strings = (each["recordings"] for each in answers(vectors))
    assert len(words) == 111
    assert sum(each["accepted"] for each in words[:-1]) > 100
    assert words[-1]["accepted"] is False  # hiss
    assert [each["said"] for each in strings] == ["four oh seven one"]


def test_node_answers_as_python(vectors: Path) -> None:
    """Where `npm install onnxruntime-node` was run; NODE_PATH says where."""
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('onnxruntime-node')"], capture_output=True).returncode:
        pytest.skip("needs Node with onnxruntime-node (npm install onnxruntime-node; NODE_PATH names its folder)")
    command: list[str | Path] = [node, FOLDER / "digits.mjs", vectors]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    header = (FOLDER / "digits.mjs").read_text().partition("// Prints:")[2].partition("import")[0]
    assert output.split() == header.replace("//", "").split()


@pytest.mark.slow
def test_cpp_answers_as_python(vectors: Path, tmp_path: Path) -> None:
    """Where there are ONNX Runtime's headers (Debian's libonnxruntime-dev, or CPATH); the library is that of Python."""
    compiler = shutil.which("g++")
    source: list[str | Path] = ["-std=c++17", "-I/usr/include/onnxruntime", FOLDER / "digits.cpp"]
    if compiler is None or subprocess.run([compiler, "-fsyntax-only", *source], capture_output=True).returncode:
        pytest.skip("needs g++ and ONNX Runtime's headers (apt install libonnxruntime-dev; CPATH names another folder)")
    library = next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"), None)
    if library is None:
        pytest.skip("this onnxruntime has no shared library of its own")
    (tmp_path / "libonnxruntime.so.1").symlink_to(library)
    program = tmp_path / "digits"
    built = [compiler, *source, tmp_path / "libonnxruntime.so.1", f"-Wl,-rpath,{tmp_path}", "-o", program]
    subprocess.run(built, check=True)
    for each in answers(vectors):
        files = [vectors / recording["file"] for recording in each["recordings"]]
        command = [program, vectors, vectors / each["model"], *files]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        assert len(lines) == len(files)
        same = 0
        for line, recording in zip(lines, each["recordings"], strict=True):
            said, confidence, verdict = line.split("\t")
            near = abs(float(confidence) - recording["confidence"]) < 0.02
            same += near and (said, verdict == "accepted") == (recording["said"], recording["accepted"])
        assert same >= 0.99 * len(files)  # in one of the words Python removes a tone
