"""Digit words and digit strings of CMU's AN4, cut out beforehand and listed in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, raise_together
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.errors import CorpusError

WORD_COLUMNS = ("file", "label", "word", "speaker", "gender", "split", "utterance", "start_s", "end_s", "isolated")
STRING_COLUMNS = ("file", "transcript", "speaker", "gender", "split")
_CONTEXTS = {"0": "sentence", "1": "alone"}


def read_an4(folder: str | Path) -> Corpus:
    r"""Read the words of ``digits.csv``, one clip each.

    The split is AN4's own; its speakers are disjoint. Attributes: ``gender`` (m, f), ``sentence`` (the AN4
    utterance that the word was cut from) and ``context``: ``"alone"`` where the word was all that was said,
    ``"sentence"`` where it was cut out of running speech.

    Args:
        folder: the one with ``digits.csv``.

    Raises:
        CorpusError: if the folder, the CSV file or a recording is missing, or listing the bad lines.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a.flac").touch()
    >>> row = "a.flac,oh,O,mblw,m,train,an1-mblw-b,1.1,1.5,0"
    >>> _ = (folder / "digits.csv").write_text("\n".join([",".join(WORD_COLUMNS), row]))
    >>> clip = read_an4(folder)[0]
    >>> clip.word, clip.speaker, clip.attributes["context"]
    ('oh', 'an4/mblw', 'sentence')
    """
    table = check_folder(folder, "the AN4 folder") / "digits.csv"
    utterances, problems = [], []
    for number, row in _rows(table, WORD_COLUMNS):
        try:
            if row["isolated"] not in _CONTEXTS:
                raise CorpusError(f"isolated must be 0 or 1, got '{row['isolated']}'")
            more = {"sentence": row["utterance"], "context": _CONTEXTS[row["isolated"]]}
            utterances.append(_utterance(table.parent, row, (row["label"],), more))
        except CorpusError as error:
            problems.append(f"line {number}: {error}")
    raise_together(table, problems)
    return Corpus("an4", tuple(utterances))


def read_an4_strings(folder: str | Path) -> Corpus:
    r"""Read the strings of ``strings.csv``: whole AN4 utterances made of digits only.

    The speakers are those of ``read_an4``, and so are the recordings that the words were cut from.

    Args:
        folder: the one with ``strings.csv``.

    Raises:
        CorpusError: if the folder, the CSV file or a recording is missing, or listing the bad lines.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a.flac").touch()
    >>> row = "a.flac,five oh three,fclc,f,train"
    >>> _ = (folder / "strings.csv").write_text("\n".join([",".join(STRING_COLUMNS), row]))
    >>> read_an4_strings(folder)[0].words
    ('five', 'oh', 'three')
    """
    table = check_folder(folder, "the AN4 folder") / "strings.csv"
    utterances, problems = [], []
    for number, row in _rows(table, STRING_COLUMNS):
        try:
            utterances.append(_utterance(table.parent, row, tuple(row["transcript"].split()), {}))
        except CorpusError as error:
            problems.append(f"line {number}: {error}")
    raise_together(table, problems)
    return Corpus("an4-strings", tuple(utterances))


def _rows(table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and row of a CSV file that must have exactly these columns, in any order."""
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            found = reader.fieldnames or []
            if sorted(found) != sorted(columns):
                raise CorpusError(f"{table}: expected the columns {', '.join(columns)}, got {', '.join(found)}")
            for row in reader:
                if None in row or None in row.values():
                    raise CorpusError(f"{table}: line {reader.line_num}: expected {len(columns)} fields")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{table}: the table of AN4 cannot be read: {error}") from error


def _utterance(folder: Path, row: dict[str, str], words: tuple[str, ...], more: dict[str, str]) -> Utterance:
    path = folder / row["file"]
    if not path.is_file():
        raise CorpusError(f"{path} is not there")
    if not (words and row["speaker"] and row["split"]):
        raise CorpusError(f"{path}: words, speaker and split must not be empty")
    attributes = {"gender": row["gender"], **more}
    return Utterance(path, words, f"an4/{row['speaker']}", row["split"], attributes=attributes)
