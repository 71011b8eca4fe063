"""Where torchvision does not fit torch, people are told what to install, not how it failed deep inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: What it says where torch is without CUDA and torchvision with it.
REASON = "operator torchvision::nms does not exist"


def test_a_torchvision_that_does_not_fit_torch(tmp_path: Path) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(f"raise RuntimeError({REASON!r})\n", encoding="utf-8")
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
    assert REASON in shown
    assert "pip install --force-reinstall torch torchvision" in shown
