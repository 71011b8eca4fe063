"""Output that goes to a full disk: one line and exit code 2, whatever the command noticed of it itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aurora_resnet.runtime.cli.terminal import exit_with

SCRIPT = f"""
from {exit_with.__module__} import exit_with
from {exit_with.__module__.partition(".cli")[0]}.errors import ConfigError


def work():
    print("result")
    try:
        print("more", flush=True)
    except OSError:
        %s


exit_with(work)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("then", ["raise", 'raise ConfigError("the output cannot be written") from None'])
def test_it_is_said_once(then: str) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT % then], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: the output")
