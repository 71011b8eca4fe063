"""Recordings as the commands that measure a model name them: words by condition, and negatives."""

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.registry import CORPUS_KINDS, load_corpus
from aurora_resnet.evaluation.conditions import conditions_by, named_apart
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.sounds import find_sounds


def load_words(
    corpora: Sequence[str], split: str | None, by: Sequence[str] = (), *, kind: Kind = "words"
) -> dict[str, Corpus]:
    """Return the isolated words of corpora by condition, or all their recordings.

    Args:
        corpora: each ``KIND:PATH``.
        split: split to keep, or all of them.
        by: attributes to divide each corpus by.
        kind: of the model; for one of strings recordings of several words are kept too.

    Raises:
        CorpusError: if a corpus cannot be read, or has no such split or attribute.
    """
    loaded = {}
    for name in dict.fromkeys(corpora):
        chosen = load_corpus(name).filter(split=split)
        loaded[name] = isolated = chosen if kind == "strings" else chosen.filter(isolated=True)
        if len(isolated) < len(chosen):
            tell(f"{name}: {len(chosen) - len(isolated)} recordings left out that are not one word")
    conditions: dict[str, Corpus] = {}
    for name, corpus in named_apart(loaded).items():
        label = name if split is None else f"{name} {split}"
        parts = conditions_by(corpus, *by) if by else {"": corpus}
        conditions |= {f"{label} {part}".strip(): condition for part, condition in parts.items()}
    return conditions


def load_negatives(corpora: Sequence[str], vocabulary: Vocabulary) -> dict[str, Corpus]:
    """Return recordings that say none of a model's words, by the name of the corpus; the rest is left out.

    Args:
        corpora: each ``KIND:PATH`` or a folder of sound files.
        vocabulary: the model's.

    Raises:
        CorpusError: if a corpus cannot be read, or has nothing but words that the model knows.
    """
    loaded = {}
    for name in dict.fromkeys(corpora):
        is_corpus = name.partition(":")[0] in CORPUS_KINDS or not Path(name).is_dir()
        whole = load_corpus(name, words=False) if is_corpus else _sounds(name)
        loaded[name] = unknown = whole.filter(lambda utterance: not set(utterance.words) & set(vocabulary))
        if not len(unknown):
            raise CorpusError(f"{name}: every recording says a word that the model knows, so none is a negative")
        if len(unknown) < len(whole):
            tell(f"{name}: {len(whole) - len(unknown)} recordings of the model's words left out")
    return named_apart(loaded)


def _sounds(folder: str) -> Corpus:
    """Return the sound files of a folder as recordings without a word."""
    paths = find_sounds([SoundFiles(folder)], ".")
    return Corpus(Path(folder).resolve().name, tuple(Utterance(path, (), "") for path in paths))
