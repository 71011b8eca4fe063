"""No dependency reports to its maker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = "import aurora_resnet; aurora_resnet.DigitRecognizer.from_pretrained('compact')"
RUNTIME = "from aurora_resnet.runtime import Recognizer; Recognizer.from_pretrained('compact')"


def files_left(program: str, home: Path, **variables: str) -> list[str]:
    """Run a program in an empty home folder, without a network where that can be had, and as if this were no CI."""
    told = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")
    environment = {name: value for name, value in os.environ.items() if name not in told}
    cut_off = ["unshare", "-n"]
    if shutil.which("unshare") is None or subprocess.run([*cut_off, "true"], capture_output=True).returncode:
        cut_off = []
    subprocess.run(
        [*cut_off, sys.executable, "-c", program], env={**environment, "HOME": str(home), **variables}, check=True
    )
    return [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("program", [LIBRARY, RUNTIME])
def test_an_empty_home_stays_empty(program: str, tmp_path: Path) -> None:
    assert files_left(program, tmp_path) == []


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, aurora_resnet; print(os.environ['ORT_DISABLE_TELEMETRY'], os.environ['HF_HUB_DISABLE_TELEMETRY'])"
    )
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY", raising=False)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["0", "1"]
