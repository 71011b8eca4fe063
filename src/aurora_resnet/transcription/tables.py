"""Rows become files: Parquet, CSV or JSON lines, each whole or not there."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import printable
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError

TableFormat = Literal["parquet", "csv", "jsonl"]
PARQUET = ".parquet"

#: Names of the columns and the types of their values, any of which may be ``None``.
Columns = Mapping[str, type]
Row = Sequence[Any]


def write_rows(rows: Iterable[Row], columns: Columns, path: Path) -> None:
    """Write a table in the format that the name ends in.

    Args:
        rows: a value for each column, or ``None``.
        columns: their names and types: ``str``, ``int``, ``float``, ``bool``.
        path: ends in ``.parquet``, ``.csv`` or ``.jsonl``.

    Raises:
        MissingDependencyError: for Parquet without pyarrow.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> write_rows([("a.wav", None), ("b.wav", 0.5)], {"recording": str, "confidence": float}, file)
    >>> list(read_rows(file, {"recording": str, "confidence": float}))
    [('a.wav', None), ('b.wav', 0.5)]
    """
    with atomic_path(path) as temporary:
        if path.suffix == PARQUET:
            _write_parquet(list(rows), columns, temporary)
        elif path.suffix == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(columns)
                writer.writerows([_cell(value) for value in row] for row in rows)
        else:
            with temporary.open("w", encoding="utf-8") as stream:
                for row in rows:
                    stream.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Yield the rows of a table that ``write_rows`` wrote, of the columns asked for alone.

    Raises:
        ConfigError: if the file is damaged.
    """
    try:
        yield from _rows(path, columns)
    except (ValueError, KeyError, TypeError, RecursionError, OSError) as error:  # pyarrow's errors are such too
        raise ConfigError(f"{path} is damaged ({error}); remove it, and the same command makes it again") from error


def _rows(path: Path, columns: Columns) -> Iterator[Row]:
    if path.suffix == PARQUET:
        with parquet().ParquetFile(path) as file:
            for batch in file.iter_batches(4096, columns=list(columns)):
                yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
        return
    with path.open(encoding="utf-8", newline="") as stream:
        if path.suffix == ".csv":
            reader = csv.DictReader(stream)
            if not columns.keys() <= set(reader.fieldnames or ()):
                raise ValueError(f"expected the columns {', '.join(columns)}")
            for cells in reader:
                yield tuple(_value(cells[name], kind) for name, kind in columns.items())
            return
        for line in stream:
            values = json.loads(line)
            yield tuple(values[name] for name in columns)


def failed_row(columns: Columns, name: str, reason: str) -> Row:
    """Return the row of a recording that could not be recognised: all but its name and the reason is empty."""
    return (printable(name), *[None] * (len(columns) - 2), printable(reason) or "no reason was given")


def parquet() -> Any:
    """Return the module ``pyarrow.parquet``.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependencyError(
            f"Parquet needs pyarrow ({error}): pip install 'aurora-resnet[tables]'; csv and jsonl need nothing"
        ) from error
    return pyarrow.parquet


def _write_parquet(rows: Sequence[Row], columns: Columns, path: Path) -> None:
    module = parquet()
    import pyarrow

    types = {str: pyarrow.string(), int: pyarrow.int32(), float: pyarrow.float32(), bool: pyarrow.bool_()}
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = {
        name: pyarrow.array(column, types[kind]) for (name, kind), column in zip(columns.items(), values, strict=True)
    }
    module.write_table(pyarrow.table(arrays), path)


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _value(cell: str, kind: type) -> Any:
    if cell == "":
        return None
    return cell == "true" if kind is bool else kind(cell)
