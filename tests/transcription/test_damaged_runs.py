"""A folder of a transcription of which a file was damaged says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.tables import TableFormat
from aurora_resnet.transcription.transcribe import transcribe

RECORDING = str(samples_folder() / "flite-slt" / "seven_1.flac")


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"files": 3}', b'{"files": [[1, 2]]}', b"3"])
@pytest.mark.parametrize("name", ["settings.json", "plan.jsonl"])
def test_settings_and_plan(name: str, damage: bytes, tmp_path: Path) -> None:
    out = tmp_path / "out"
    transcribe([RECORDING], out, TranscriptionModel("compact"), table="csv", workers=1)
    (out / name).write_bytes(damage)
    with pytest.raises(ConfigError, match=f"{name} is damaged .*remove .*out|was begun with other settings"):
        transcribe([RECORDING], out, TranscriptionModel("compact"), table="csv", workers=1)


@pytest.mark.parametrize("table", ["csv", "jsonl", "parquet"])
def test_rows_are_made_again_when_the_damaged_file_is_gone(table: TableFormat, tmp_path: Path) -> None:
    if table == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    transcribe([RECORDING], out, TranscriptionModel("compact"), table=table, workers=1)
    (part,) = (out / "rows").iterdir()
    whole = part.read_bytes()
    for damage in (b"\xff\xfe", whole[: len(whole) // 2].replace(b"error", b"other"), b'{"a": 1}\n'):
        part.write_bytes(damage)
        with pytest.raises(ConfigError, match=rf"{part.name} is damaged .*remove it, and the same command"):
            transcribe([RECORDING], out, TranscriptionModel("compact"), table=table, workers=1)
    part.unlink()
    assert transcribe([RECORDING], out, TranscriptionModel("compact"), table=table, workers=1).failed == 0
    assert part.read_bytes() == whole
