"""One utterance as a row of a manifest, and back; ``manifest.py`` describes the format."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import CorpusError

COLUMNS = ("path", "words", "speaker", "split", "sample_rate", "byte_order")
RAW_KEYS = ("sample_rate", "byte_order", "encoding")
PREFIX = "attribute."
_ONE_BYTE = ("mulaw", "alaw")


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
