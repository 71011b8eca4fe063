"""Corpora by one line of text: ``KIND:PATH``."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aurora_resnet.corpora.checking import NAMED
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.sources.an4 import read_an4, read_an4_strings
from aurora_resnet.corpora.sources.aurora2 import read_aurora2
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.corpora.sources.fsdd import read_fsdd
from aurora_resnet.corpora.sources.people_strings import read_people_strings
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.runtime.errors import CorpusError, did_you_mean

logger = logging.getLogger(__name__)


def read_manifest(path: str | Path, *, words: bool = True) -> Corpus:
    """Read a manifest by its ending, ``.csv`` or ``.jsonl``; ``words`` says whether it must have words.

    Raises:
        CorpusError: if it ends otherwise, or listing everything that is wrong with the file.

    >>> read_manifest("clips.txt")
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: clips.txt: a manifest ends in .csv or .jsonl
    """
    path = Path(path)
    readers = {".csv": Corpus.from_csv, ".jsonl": Corpus.from_jsonl}
    if path.suffix.lower() not in readers:
        raise CorpusError(f"{path}: a manifest ends in .csv or .jsonl")
    return readers[path.suffix.lower()](path, words=words)


#: Every kind of corpus and its reader; ``samples`` takes no path, ``aurora2-be`` and ``-le`` fix the byte order.
CORPUS_KINDS: dict[str, Callable[[Path], Corpus]] = {
    "aurora2": read_aurora2,
    "fsdd": read_fsdd,
    "an4": read_an4,
    "an4-strings": read_an4_strings,
    "people-strings": read_people_strings,
    "speech-commands": read_speech_commands,
    "folder": read_folder,
    "manifest": read_manifest,
    "samples": lambda _: read_samples(),
    "aurora2-be": partial(read_aurora2, byte_order="big"),
    "aurora2-le": partial(read_aurora2, byte_order="little"),
}


def load_corpus(corpus: str, *, words: bool = True) -> Corpus:
    """Read the corpus that ``KIND:PATH`` names, for instance ``fsdd:data/fsdd`` or ``samples:``.

    What its reader could not use (``Corpus.problems``) is logged as a warning, the first names only.

    Args:
        corpus: a kind of ``CORPUS_KINDS``, a colon and a path; ``~`` is the home folder.
        words: whether a manifest must say what is spoken.

    Raises:
        CorpusError: if the kind is unknown, the path is missing, or the corpus is not what it should be.

    >>> load_corpus("fssd:data")
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: 'fssd:data': there is no corpus kind 'fssd' (did you mean 'fsdd'?); ...
    """
    kind, colon, path = corpus.partition(":")
    known = ", ".join(CORPUS_KINDS)
    if kind not in CORPUS_KINDS:
        if not colon:
            raise CorpusError(f"'{corpus}': expected KIND:PATH, as in fsdd:{corpus or 'FOLDER'}; kinds: {known}")
        hint = did_you_mean(kind, CORPUS_KINDS)
        raise CorpusError(f"'{corpus}': there is no corpus kind '{kind}'{hint}; kinds: {known}")
    if kind == "samples" and path:
        raise CorpusError(f"'{corpus}': the samples come with the package and take no path; write samples:")
    if kind != "samples" and not path:
        raise CorpusError(f"'{corpus}': the path is missing; write {kind}:PATH")
    place = Path(path).expanduser()
    read = read_manifest(place, words=words) if kind == "manifest" else CORPUS_KINDS[kind](place)
    if read.problems:
        logger.warning("%s: left out: %d, such as %s", corpus, len(read.problems), "; ".join(read.problems[:NAMED]))
    return read
