"""What was written is read again, whatever the format; floats to single precision."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.transcription.tables import Columns, read_rows, write_rows

COLUMNS: Columns = {"name": str, "digit": int, "share": float, "accepted": bool}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXT,
        st.none() | st.integers(0, 9),
        st.none() | st.floats(0, 1, width=32),
        st.none() | st.booleans(),
    )
)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@given(rows=ROWS)
@settings(max_examples=20)
def test_rows_come_back(suffix: str, rows: list[tuple[object, ...]]) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"t{suffix}"
        write_rows(rows, COLUMNS, file)
        assert list(read_rows(file, COLUMNS)) == rows
        assert [row[0] for row in read_rows(file, {"digit": int})] == [row[1] for row in rows]


def test_json_lines_are_read_by_anybody(tmp_path: Path) -> None:
    write_rows([("a", 1, None, True)], COLUMNS, tmp_path / "t.jsonl")
    assert json.loads((tmp_path / "t.jsonl").read_text()) == {"name": "a", "digit": 1, "share": None, "accepted": True}


def test_without_pyarrow_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"aurora-resnet\[tables\].*csv and jsonl need nothing"):
        write_rows([], COLUMNS, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())
