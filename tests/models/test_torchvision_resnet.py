"""Where torchvision does not fit torch, people are told what to install, not how it failed deep inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REASONS = {
    "RuntimeError": "operator torchvision::nms does not exist",  # torch without CUDA, torchvision with it
    "ImportError": "No module named 'torchvision'",
}


@pytest.mark.parametrize("kind", REASONS)
def test_a_torchvision_that_does_not_fit_torch(kind: str, tmp_path: Path) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(f"raise {kind}({REASONS[kind]!r})\n", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "aurora_resnet", "models"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    shown = " ".join(result.stderr.split())
    assert REASONS[kind] in shown
    assert "pip install --force-reinstall torch torchvision" in shown
