"""The same table from a real Ray of two workers, one of which is killed; it runs where the extra ``ray`` is."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.tables import Row, read_rows
from aurora_resnet.transcription.transcribe import transcribe
from aurora_resnet.transcription.words import Words

pytestmark = pytest.mark.slow
MODEL = TranscriptionModel("compact", batch=8)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'aurora-resnet[ray]'")
    paths = os.pathsep.join(["src", "."])
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": paths}})
    yield
    ray.shutdown()


def rows(out: Path) -> list[Row]:
    return sorted((row for part in (out / "rows").glob("part-*") for row in read_rows(part, Words.columns)), key=str)


def actors() -> list[int]:
    """Return the processes of this machine that hold the work."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if name.startswith(b"ray::Worker"):
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_one_of_two_workers_is_killed(tmp_path: Path) -> None:
    killed: list[int] = []
    ended = threading.Event()

    def kill_one() -> None:
        while not ended.is_set() and not killed:
            if len(list((tmp_path / "ray" / "rows").glob("part-*"))) >= 2 and (found := actors()):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])
            time.sleep(0.005)

    transcribe([str(samples_folder())], tmp_path / "local", MODEL, table="csv", workers=1)
    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        report = transcribe([str(samples_folder())], tmp_path / "ray", MODEL, table="csv", engine="ray", workers=2)
    finally:
        ended.set()
        killer.join()
    assert killed
    assert report.failed == 0
    assert rows(tmp_path / "ray") == rows(tmp_path / "local")
