"""Digit words, digit strings and whole utterances of CMU's AN4, listed in CSV files."""

import math
from pathlib import Path
from typing import NamedTuple

from aurora_resnet.corpora.checking import check_folder, raise_together, read_each, read_table
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.errors import CorpusError

WORD_COLUMNS = ("file", "label", "word", "speaker", "gender", "split", "utterance", "start_s", "end_s", "isolated")
STRING_COLUMNS = ("file", "transcript", "speaker", "gender", "split")
ALIGNED_COLUMNS = ("file", "position", "word", "digit", "speaker", "split", "start_s", "end_s")
_CONTEXTS = {"0": "sentence", "1": "alone"}


class AlignedUtterance(NamedTuple):
    """A recording of which is known where each word lies.

    Attributes:
        utterance: the recording and its words.
        spans: begin and end of each word in seconds.
    """

    utterance: Utterance
    spans: tuple[tuple[float, float], ...]


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

    def word(row: dict[str, str]) -> Utterance:
        if row["isolated"] not in _CONTEXTS:
            raise CorpusError(f"isolated must be 0 or 1, got '{row['isolated']}'")
        more = {"sentence": row["utterance"], "context": _CONTEXTS[row["isolated"]]}
        return _utterance(table.parent, row, (row["label"],), more)

    return Corpus("an4", read_each(table, read_table(table, "the table of AN4", WORD_COLUMNS), word))


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

    def string(row: dict[str, str]) -> Utterance:
        return _utterance(table.parent, row, tuple(row["transcript"].split()), {})

    return Corpus("an4-strings", read_each(table, read_table(table, "the table of AN4", STRING_COLUMNS), string))


def read_an4_aligned(folder: str | Path) -> tuple[AlignedUtterance, ...]:
    r"""Read ``words.csv``: all utterances, word by word, with AN4's forced alignment.

    The speakers are those of ``read_an4``. Digit words are called as there, all other words in lower case.

    Args:
        folder: the one with ``words.csv``.

    Raises:
        CorpusError: if the folder, the CSV file or a recording is missing, or listing the bad lines.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a.flac").touch()
    >>> rows = ["a.flac,0,M,,fash,train,0.3,0.5", "a.flac,1,O,oh,fash,train,0.6,0.8"]
    >>> _ = (folder / "words.csv").write_text("\n".join([",".join(ALIGNED_COLUMNS), *rows]))
    >>> aligned = read_an4_aligned(folder)[0]
    >>> aligned.utterance.words, aligned.spans
    (('m', 'oh'), ((0.3, 0.5), (0.6, 0.8)))
    """
    table = check_folder(folder, "the AN4 folder") / "words.csv"
    said: dict[str, list[tuple[str, float, float]]] = {}
    rows: dict[str, dict[str, str]] = {}
    problems = []
    for number, row in read_table(table, "the table of AN4", ALIGNED_COLUMNS):
        words = said.setdefault(row["file"], [])
        rows.setdefault(row["file"], row)
        try:
            start, end = float(row["start_s"]), float(row["end_s"])
            if not (words[-1][2] if words else 0) <= start < end < math.inf:
                raise ValueError
        except ValueError:
            problems.append(
                f"line {number}: words must follow each other in time, got {row['start_s']}..{row['end_s']}"
            )
            continue
        words.append((row["digit"] or row["word"].lower(), start, end))
    aligned = []
    for file, words in said.items():
        try:
            utterance = _utterance(table.parent, rows[file], tuple(word for word, _, _ in words), {})
            aligned.append(AlignedUtterance(utterance, tuple((start, end) for _, start, end in words)))
        except CorpusError as error:
            problems.append(str(error))
    raise_together(table, problems)
    return tuple(aligned)


def _utterance(folder: Path, row: dict[str, str], words: tuple[str, ...], more: dict[str, str]) -> Utterance:
    path = folder / row["file"]
    if not path.is_file():
        raise CorpusError(f"{path} is not there")
    if not (words and row["speaker"] and row["split"]):
        raise CorpusError(f"{path}: words, speaker and split must not be empty")
    gender = {"gender": row["gender"]} if "gender" in row else {}
    return Utterance(path, words, f"an4/{row['speaker']}", row["split"], attributes={**gender, **more})
