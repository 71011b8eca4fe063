"""The record of a run of the benchmarks, as docs/records has it.

``--benchmark-json`` writes it instead of pytest-benchmark's own format: machine, command, a row for each benchmark with
its parameters, facts (``extra_info``) and times, and what benchmarks gave to the fixture ``facts``.
"""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.environment import describe_environment
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.waveform import Samples

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PACKAGES = ("aurora-resnet", "torch", "onnx", "onnxruntime", "numpy", "soundfile", "pocketsphinx")
_FACTS: dict[str, Any] = {}


@pytest.fixture
def facts() -> dict[str, Any]:
    """What stands in the record beside the rows."""
    return _FACTS


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the recordings."""
    if not DATA.is_dir():
        pytest.skip("the real recordings in ../shared/data are not here")
    return DATA


@pytest.fixture(scope="session")
def words(data: Path) -> tuple[list[Samples], list[str]]:
    """Recording 0 of every digit and speaker of FSDD's official test, each in the middle of one second at 8 kHz."""
    corpus = load_corpus(f"fsdd:{data}/fsdd").filter(split="test", index="0")
    return [fit_length(read_clip(u.path, 8000, 1.0), 8000) for u in corpus], [u.word for u in corpus]


def describe_machine(known: dict[str, Any]) -> dict[str, Any]:
    """Return processor, versions, and how busy the machine is, from what pytest-benchmark knows of it."""
    installed = {each.metadata["Name"].lower(): each.version for each in metadata.distributions()}
    return {
        "processor": known["cpu"].get("brand_raw") or known["machine"],
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "versions": {name: installed.get(name, "absent") for name in PACKAGES},
    }


def row(benchmark: Any) -> dict[str, Any]:
    """Return the row of a benchmark; ``clips`` of its facts is how many a call takes."""
    about = dict(benchmark.extra_info)
    median, high = np.percentile(benchmark.stats.data, [50, 95]) / about.pop("clips_a_call", 1)
    parameters = {
        name: value for name, value in (benchmark.params or {}).items() if isinstance(value, str | int | float)
    }
    times = {"median_ms": 1e3 * float(median), "p95_ms": 1e3 * float(high), "rounds": len(benchmark.stats.data)}
    return {"what": benchmark.name.partition("[")[0].removeprefix("test_"), **parameters, **about, **times}


def pytest_benchmark_update_json(config: object, benchmarks: Sequence[Any], output_json: dict[str, Any]) -> None:
    """Put our record in the place of pytest-benchmark's."""
    del config
    machine = describe_machine(output_json["machine_info"])
    output_json.clear()
    output_json |= {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"pytest {' '.join(sys.argv[1:])}",
        "machine": machine,
        "environment": describe_environment("cpu"),
        "rows": [row(benchmark) for benchmark in benchmarks if benchmark.stats.data],
        **_FACTS,
    }
