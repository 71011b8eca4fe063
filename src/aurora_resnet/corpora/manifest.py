"""Utterances as CSV and JSON Lines files, read strictly.

Columns of the CSV: ``path``, ``words`` (separated by spaces), ``speaker``, ``split``, ``sample_rate`` and
``byte_order`` (of a headerless file, else empty) and one ``attribute.<name>`` for each attribute. A JSON line
has the keys ``path``, ``words`` (a list), ``speaker``, ``split``, ``raw`` (null or an object) and
``attributes`` (an object). Only ``path`` and ``words`` must be there.

A path below the folder of the manifest is written relative to it, with ``/`` between its parts, so that the
folder can be moved as a whole; any other path is written absolute.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora_resnet.corpora.checking import raise_together
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.reading import RawFormat
from aurora_resnet.runtime.errors import AuroraError, CorpusError, did_you_mean

COLUMNS = ("path", "words", "speaker", "split", "sample_rate", "byte_order")
KEYS = ("path", "words", "speaker", "split", "raw", "attributes")
RAW_KEYS = ("sample_rate", "byte_order")
PREFIX = "attribute."


def write_csv(utterances: Iterable[Utterance], path: str | Path) -> None:
    """Write a CSV manifest, whole or not at all.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.csv"
    >>> write_csv([Utterance(file.parent / "a" / "1.wav", ("one", "two"), "me")], file)
    >>> print(file.read_text())
    path,words,speaker,split,sample_rate,byte_order
    a/1.wav,one two,me,,,
    """
    utterances = list(utterances)
    names = sorted({name for utterance in utterances for name in utterance.attributes})
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        writer = csv.writer(stream)  # ends lines with CR LF (RFC 4180), so it quotes fields that hold either
        writer.writerow([*COLUMNS, *(PREFIX + name for name in names)])
        for utterance, written in zip(utterances, written_paths(utterances, path), strict=True):
            raw = utterance.raw
            row = [written, " ".join(utterance.words), utterance.speaker, utterance.split]
            row += [str(raw.sample_rate), raw.byte_order] if raw else ["", ""]
            writer.writerow(row + [utterance.attributes.get(name, "") for name in names])


def write_jsonl(utterances: Iterable[Utterance], path: str | Path) -> None:
    """Write a manifest of one JSON object a line, whole or not at all.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.jsonl"
    >>> write_jsonl([Utterance(file.parent / "1.wav", ("one",), "me", "test")], file)
    >>> print(file.read_text())
    {"path": "1.wav", "words": ["one"], "speaker": "me", "split": "test", "raw": null, "attributes": {}}
    """
    utterances = list(utterances)
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        for utterance, written in zip(utterances, written_paths(utterances, path), strict=True):
            raw = utterance.raw
            record = {
                "path": written,
                "words": utterance.words,
                "speaker": utterance.speaker,
                "split": utterance.split,
                "raw": {"sample_rate": raw.sample_rate, "byte_order": raw.byte_order} if raw else None,
                "attributes": dict(sorted(utterance.attributes.items())),
            }
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_csv(path: str | Path) -> tuple[Utterance, ...]:
    r"""Read a CSV manifest.

    Raises:
        CorpusError: if there is no such file, or its columns or any of its rows are wrong: all in one list.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.csv"
    >>> _ = file.write_text("path,words,attribute.room\na/1.wav,one two,kitchen\n")
    >>> [(u.path.name, u.words, u.attributes["room"]) for u in read_csv(file)]
    [('1.wav', ('one', 'two'), 'kitchen')]
    """
    path = Path(path)
    rows = csv.reader(_lines(path), strict=True)
    try:
        columns = next(rows, [])
        raise_together(path, _wrong_names(columns, COLUMNS, "column", prefix=PREFIX))
        numbered = [(rows.line_num, row) for row in rows if row]
    except csv.Error as error:
        raise CorpusError(f"{path}: line {rows.line_num}: not CSV: {error}") from error
    utterances, problems = [], []
    for number, row in numbered:
        try:
            utterances.append(_utterance(_record_of_row(columns, row), path.parent))
        except AuroraError as error:
            problems.append(f"line {number}: {error}")
    raise_together(path, problems)
    return tuple(utterances)


def read_jsonl(path: str | Path) -> tuple[Utterance, ...]:
    r"""Read a JSON Lines manifest.

    Raises:
        CorpusError: if there is no such file or any of its lines is wrong: all in one list.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.jsonl"
    >>> _ = file.write_text('{"path": "1.wav", "words": ["one"]}\n{"path": "2.wav", "words": ["wun"]}\n')
    >>> read_jsonl(file)
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: ...m.jsonl: 1 problem
      line 2: ...2.wav: 'wun' is not a digit word...
    """
    path = Path(path)
    utterances, problems = [], []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise CorpusError(f"expected an object with the keys {', '.join(KEYS)}, got {line.strip()[:40]}")
            if wrong := _wrong_names(list(record), KEYS, "key"):
                raise CorpusError("; ".join(wrong))
            utterances.append(_utterance(record, path.parent))
        except json.JSONDecodeError as error:
            problems.append(f"line {number}: not JSON: {error}")
        except AuroraError as error:
            problems.append(f"line {number}: {error}")
    raise_together(path, problems)
    return tuple(utterances)


def written_paths(utterances: Iterable[Utterance], manifest: str | Path) -> Iterator[str]:
    """Yield how the manifest names each recording: relative if below its folder, absolute otherwise.

    >>> list(written_paths([Utterance(Path("data/a/1.wav"), ("one",), "me")], "data/m.csv"))
    ['a/1.wav']
    """
    folders: dict[Path, Path] = {}  # resolving asks the disk: once a folder, not once a recording
    home = Path(manifest).parent.resolve()
    for utterance in utterances:
        folder = utterance.path.parent
        if folder not in folders:
            folders[folder] = folder.resolve()
        path = folders[folder] / utterance.path.name
        yield (path.relative_to(home) if path.is_relative_to(home) else path).as_posix()


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file with their ends; ``newline=""`` is what the csv module asks for."""
    try:
        # utf-8-sig: spreadsheets write a byte order mark. surrogateescape: file names may be any bytes.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            return stream.readlines()
    except OSError as error:
        raise CorpusError(f"{path}: the manifest cannot be read ({error.strerror}); check the path") from error


def _wrong_names(names: list[str], known: tuple[str, ...], what: str, prefix: str = "") -> list[str]:
    wrong = [f"{what} '{name}' is missing" for name in ("path", "words") if name not in names]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            wrong.append(f"{what} '{name}' stands there {names.count(name)} times")
        if name not in known and not (prefix and name.startswith(prefix)):
            also = f" and {prefix}<name>" if prefix else ""
            hint = did_you_mean(name, known)
            wrong.append(f"{what} '{name}' is unknown{hint}; expected {', '.join(known)}{also}")
    return wrong


def _record_of_row(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return a CSV row in the shape of a JSON line."""
    if len(row) != len(columns):
        raise CorpusError(f"expected {len(columns)} fields, got {len(row)}")
    cells = {name: cell for name, cell in zip(columns, row, strict=True) if cell}  # an empty cell says nothing
    raw: dict[str, Any] = {name: cells.pop(name) for name in RAW_KEYS if name in cells}
    if raw.get("sample_rate", "").isdecimal():
        raw["sample_rate"] = int(raw["sample_rate"])
    names = [name for name in cells if name.startswith(PREFIX)]
    attributes = {name.removeprefix(PREFIX): cells.pop(name) for name in names}
    words = cells.pop("words", "").split()
    return {**cells, "words": words, "raw": raw or None, "attributes": attributes}


def _utterance(record: Mapping[str, Any], folder: Path) -> Utterance:
    """Build an utterance from one parsed line; paths are relative to ``folder``."""
    for key in ("path", "speaker", "split"):
        if not isinstance(record.get(key, ""), str):
            raise CorpusError(f"{key} must be text, got {record[key]!r}")
    if not record.get("path"):
        raise CorpusError("path is empty")
    words, attributes, raw = record["words"], record.get("attributes", {}), record.get("raw")
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
        raise CorpusError(f"words must be a list of words, got {words!r}")
    if not (isinstance(attributes, dict) and all(isinstance(value, str) for value in attributes.values())):
        raise CorpusError(f"attributes must be an object of texts, got {attributes!r}")
    if raw is not None:
        if not (isinstance(raw, dict) and set(raw) == set(RAW_KEYS)):
            raise CorpusError(f"a headerless file needs both {' and '.join(RAW_KEYS)}, got {raw!r}")
        if not isinstance(raw["sample_rate"], int) or isinstance(raw["sample_rate"], bool):
            raise CorpusError(f"sample_rate must be a whole number of Hz, got {raw['sample_rate']!r}")
        raw = RawFormat(raw["sample_rate"], raw["byte_order"])
    speaker, split = record.get("speaker", ""), record.get("split", "")
    return Utterance(folder / record["path"], tuple(words), speaker, split, raw, attributes)
