"""Utterances as CSV files, read strictly; JSON Lines files are read too.

Columns of the CSV: ``path``, ``words``, ``speaker``, ``split``, ``sample_rate`` and ``byte_order`` (of a
headerless file, else empty), ``encoding`` (only if a headerless file is not 16-bit PCM) and one
``attribute.<name>`` for each attribute. Words are separated by spaces; where a word has spaces itself the whole
cell is a JSON list: ``["turn on"]``. A JSON line has the keys ``path``, ``words`` (a list), ``speaker``,
``split``, ``raw`` (null or an object of ``sample_rate``, ``byte_order`` and, as above, ``encoding``) and
``attributes`` (an object). Only ``path`` and ``words`` must be there, and
``words`` only where they are learnt from or measured.

A path below the folder of the manifest is written relative to it, with ``/`` between its parts, so that the
folder can be moved as a whole; any other path is written absolute.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora_resnet.corpora.checking import raise_together, read_each
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import CorpusError, did_you_mean
from aurora_resnet.text_files import open_text

COLUMNS = ("path", "words", "speaker", "split", "sample_rate", "byte_order")
RAW_KEYS = ("sample_rate", "byte_order", "encoding")
PREFIX = "attribute."
_ONE_BYTE = ("mulaw", "alaw")
KEYS = ("path", "words", "speaker", "split", "raw", "attributes")


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
    attributes = sorted({name for utterance in utterances for name in utterance.attributes})
    encodings = {utterance.raw.encoding for utterance in utterances if utterance.raw}
    columns = [*COLUMNS, *(["encoding"] if encodings - {"pcm16"} else []), *(PREFIX + name for name in attributes)]
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        writer = csv.writer(stream)  # ends lines with CR LF (RFC 4180), so it quotes fields that hold either
        writer.writerow(columns)
        for utterance, written in zip(utterances, written_paths(utterances, path), strict=True):
            writer.writerow(csv_row(utterance, written, columns))


def read_csv(path: str | Path, *, words: bool = True) -> tuple[Utterance, ...]:
    r"""Read a CSV manifest.

    Args:
        path: the file.
        words: whether it must say what is spoken.

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
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if len(columns) == 1 and separator in columns[0]:
                raise CorpusError(f"{path}: columns are separated by {name}; save it as CSV with commas")
        raise_together(path, _wrong_names(columns, (*COLUMNS, "encoding"), "column", words, PREFIX))
        numbered = [(rows.line_num, row) for row in rows if row]
    except csv.Error as error:
        raise CorpusError(f"{path}: line {rows.line_num}: not CSV: {error}") from error
    return read_each(path, numbered, lambda row: utterance_of_row(row, columns, path.parent))


def read_jsonl(path: str | Path, *, words: bool = True) -> tuple[Utterance, ...]:
    r"""Read a JSON Lines manifest; arguments as for ``read_csv``.

    Raises:
        CorpusError: if there is no such file or any of its lines is wrong: all in one list.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.jsonl"
    >>> _ = file.write_text('{"path": "1.wav", "words": ["one"]}\n{"path": "2.wav", "words": "one"}\n')
    >>> read_jsonl(file)
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: ...m.jsonl: 1 problem
      line 2: words must be a list of words, got 'one'
    """
    path = Path(path)

    def utterance(line: str) -> Utterance:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, thousands of brackets
            raise CorpusError(f"not JSON: {error}") from error
        if not isinstance(record, dict):
            raise CorpusError(f"expected an object with the keys {', '.join(KEYS)}, got {line.strip()[:40]}")
        if wrong := _wrong_names(list(record), KEYS, "key", words):
            raise CorpusError("; ".join(wrong))
        return utterance_of_record(record, path.parent)

    return read_each(path, ((n, line) for n, line in enumerate(_lines(path), start=1) if line.strip()), utterance)


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


def csv_row(utterance: Utterance, written: str, columns: Sequence[str]) -> list[str]:
    """Return the cells of an utterance; a cell is empty where it has nothing to say.

    Args:
        utterance: what to write.
        written: how the manifest names the recording.
        columns: ``COLUMNS`` and any of ``encoding`` and ``attribute.<name>``, in the order wanted.

    >>> csv_row(Utterance(Path("1.wav"), ("turn on",), "me"), "1.wav", ("path", "words", "split", "speaker"))
    ['1.wav', '["turn on"]', '', 'me']
    """
    cells = {"path": written, "words": _words_cell(utterance.words)}
    cells |= {"speaker": utterance.speaker, "split": utterance.split}
    cells |= {name: str(value) for name, value in raw_values(utterance.raw).items()} if utterance.raw else {}
    cells |= {PREFIX + name: value for name, value in utterance.attributes.items()}
    return [cells.get(column, "") for column in columns]


def utterance_of_row(row: Sequence[str], columns: Sequence[str], folder: Path) -> Utterance:
    """Return the utterance that a CSV row describes.

    Args:
        row: its cells.
        columns: the names in the first row.
        folder: what paths are relative to.

    Raises:
        CorpusError: if the row is wrong.

    >>> utterance_of_row(["1.wav", '["turn on"]'], ["path", "words"], Path("data")).words
    ('turn on',)
    """
    if len(row) != len(columns):
        raise CorpusError(f"expected {len(columns)} fields, got {len(row)}")
    cells = {name: cell for name, cell in zip(columns, row, strict=True) if cell}  # an empty cell says nothing
    raw: dict[str, Any] = {name: cells.pop(name) for name in RAW_KEYS if name in cells}
    if raw.get("sample_rate", "").isdecimal() and len(raw["sample_rate"]) < 20:  # int() refuses 5,000 digits
        raw["sample_rate"] = int(raw["sample_rate"])
    names = [name for name in cells if name.startswith(PREFIX)]
    attributes = {name.removeprefix(PREFIX): cells.pop(name) for name in names}
    words = _words_of_cell(cells.pop("words", ""))
    return utterance_of_record({**cells, "words": words, "raw": raw or None, "attributes": attributes}, folder)


def utterance_of_record(record: Mapping[str, Any], folder: Path) -> Utterance:
    """Return the utterance that a parsed JSON line describes.

    Args:
        record: its values by key.
        folder: what paths are relative to.

    Raises:
        CorpusError: if a value is wrong.

    >>> utterance_of_record({"path": "1.wav", "words": ["turn on"]}, Path("data")).words
    ('turn on',)
    """
    for key in ("path", "speaker", "split"):
        if not isinstance(record.get(key, ""), str):
            raise CorpusError(f"{key} must be text, got {record[key]!r}")
    if not record.get("path"):
        raise CorpusError("path is empty")
    words, attributes, raw = record.get("words", []), record.get("attributes", {}), record.get("raw")
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
        raise CorpusError(f"words must be a list of words, got {words!r}")
    if not (isinstance(attributes, dict) and all(isinstance(value, str) for value in attributes.values())):
        raise CorpusError(f"attributes must be an object of texts, got {attributes!r}")
    if raw is not None:
        raw = raw_format(raw)
    speaker, split = record.get("speaker", ""), record.get("split", "")
    return Utterance(folder / record["path"], tuple(words), speaker, split, raw, attributes)


def raw_values(raw: RawFormat) -> dict[str, int | str]:
    """Return what manifests say of a headerless file; the encoding only if it is not 16-bit PCM.

    >>> raw_values(RawFormat(8000, "big")), raw_values(RawFormat(8000, encoding="alaw"))["encoding"]
    ({'sample_rate': 8000, 'byte_order': 'big'}, 'alaw')
    """
    values: dict[str, int | str] = {"sample_rate": raw.sample_rate, "byte_order": raw.byte_order}
    return values if raw.encoding == "pcm16" else values | {"encoding": raw.encoding}


def _words_cell(words: Sequence[str]) -> str:
    """Return words with spaces between them, or a JSON list if they could not be read back."""
    cell = " ".join(words)
    return cell if cell.split() == list(words) and not cell.startswith("[") else json.dumps(words, ensure_ascii=False)


def _words_of_cell(cell: str) -> Any:
    if not cell.startswith("["):
        return cell.split()
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"words that begin with '[' are a JSON list, as in [\"turn on\"]; got {cell}: {error}"
        ) from None


def raw_format(raw: object) -> RawFormat:
    """Read what ``raw_values`` returned; samples of one byte need no byte order.

    Raises:
        CorpusError: for anything else.

    >>> raw_format({"sample_rate": 8000, "encoding": "mulaw"}).encoding
    'mulaw'
    """
    needed = {"sample_rate", "byte_order"}
    if isinstance(raw, dict) and raw.get("encoding") in _ONE_BYTE:
        needed.remove("byte_order")
    if not (isinstance(raw, dict) and needed <= set(raw) <= set(RAW_KEYS)):
        raise CorpusError(f"a headerless file needs both sample_rate and byte_order, got {raw!r}")
    if not isinstance(raw["sample_rate"], int) or isinstance(raw["sample_rate"], bool):
        raise CorpusError(f"sample_rate must be a whole number of Hz, got {raw['sample_rate']!r}")
    if not all(isinstance(raw.get(name, ""), str) for name in ("byte_order", "encoding")):
        raise CorpusError(f"byte_order and encoding must be text, got {raw!r}")
    return RawFormat(**raw)


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file with their ends; ``newline=""`` is what the csv module asks for."""
    try:
        with open_text(path, newline="") as stream:
            return stream.readlines()
    except OSError as error:
        raise CorpusError(f"{path}: the manifest cannot be read ({error.strerror}); check the path") from error


def _wrong_names(names: list[str], known: tuple[str, ...], what: str, words: bool, prefix: str = "") -> list[str]:
    needed = ("path", "words") if words else ("path",)
    wrong = [f"{what} '{name}' is missing" for name in needed if name not in names]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            wrong.append(f"{what} '{name}' appears {names.count(name)} times")
        if name not in known and not (prefix and name.startswith(prefix)):
            also = f" and {prefix}<name>" if prefix else ""
            hint = did_you_mean(name, known)
            wrong.append(f"{what} '{name}' is unknown{hint}; expected {', '.join(known)}{also}")
    return wrong
