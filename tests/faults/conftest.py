"""How much is damaged and killed, and the record of it.

By default a little, which runs with all tests. Much of it, by one command (half an hour on two cores):

    FAULT_MUTANTS=100000 FAULT_KILLS=200 FAULT_RECORD=docs/records/faults.json pytest -m "slow or not slow" tests/faults
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from aurora_resnet.environment import describe_environment
from aurora_resnet.files import write_json

MUTANTS = int(os.environ.get("FAULT_MUTANTS", "100"))
KILLS = int(os.environ.get("FAULT_KILLS", "4"))
RECORD = os.environ.get("FAULT_RECORD")


@pytest.fixture(scope="session")
def record() -> Iterator[dict[str, Any]]:
    """What was found; written in the end if ``FAULT_RECORD`` names a file, whose other parts stay."""
    found: dict[str, Any] = {"mutants": {}, "kills": {}, "full_disk": []}
    yield found
    if RECORD:
        path = Path(RECORD)
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        command = f"FAULT_MUTANTS={MUTANTS} FAULT_KILLS={KILLS} pytest {' '.join(sys.argv[1:])}"
        machine = {"cores": os.cpu_count(), "system": platform.system(), "libsndfile": soundfile.__libsndfile_version__}
        environment = {"environment": describe_environment("cpu") | machine}
        write_json(kept | {"command": command} | {k: v for k, v in found.items() if v} | environment, path, indent=1)
