"""The vectors for programs in any language are Python's answers, and Node gives the same ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "any_language"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "vectors.json"
    subprocess.run([sys.executable, FOLDER / "vectors.py", path], check=True)
    return path


def test_the_vectors_are_of_words_that_were_said(vectors: Path) -> None:
    made = json.loads(vectors.read_text())
    clips = made["words"]["clips"]
    assert len(clips) == 111
    assert sum(clip["accepted"] for clip in clips[:-1]) > 100
    assert clips[-1]["accepted"] is False  # hiss
    assert made["strings"]["words"] == ["four", "oh", "seven", "one"]


def test_node_answers_as_python(vectors: Path) -> None:
    """Where `npm install onnxruntime-node` was run; NODE_PATH says where."""
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('onnxruntime-node')"], capture_output=True).returncode:
        pytest.skip("needs Node with onnxruntime-node (npm install onnxruntime-node; NODE_PATH names its folder)")
    command: list[str | Path] = [node, FOLDER / "digits.mjs", vectors]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    header = (FOLDER / "digits.mjs").read_text().partition("// Prints:")[2].partition("import")[0]
    assert output.split() == header.replace("//", "").split()
