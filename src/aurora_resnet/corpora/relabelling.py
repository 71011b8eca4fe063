"""A corpus with another split than its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.runtime.errors import CorpusError, did_you_mean


def with_test_speakers(corpus: Corpus, speakers: Collection[str]) -> Corpus:
    """Return the corpus split by speaker: all of ``speakers`` is ``"test"``, everybody else ``"train"``.

    For corpora whose own split has the same speakers on both sides, like FSDD's.

    Args:
        corpus: its own split is replaced.
        speakers: full ids (``"fsdd/theo"``).

    Raises:
        CorpusError: for a speaker who is not in the corpus, or a recording of an unknown speaker.

    >>> from pathlib import Path
    >>> from aurora_resnet.corpora.utterance import Utterance
    >>> clips = tuple(Utterance(Path(f"{name}.wav"), ("one",), f"fsdd/{name}", "test") for name in ("lucas", "theo"))
    >>> [(u.speaker, u.split) for u in with_test_speakers(Corpus("fsdd", clips), ["fsdd/theo"])]
    [('fsdd/lucas', 'train'), ('fsdd/theo', 'test')]
    """
    for speaker in sorted(set(speakers) - set(corpus.speakers)):
        hint = did_you_mean(speaker, corpus.speakers)
        raise CorpusError(f"{corpus.name}: there is no speaker '{speaker}'{hint}; give the full id, like fsdd/theo")
    unknown = [utterance.path for utterance in corpus if not utterance.speaker]
    if unknown:
        raise CorpusError(
            f"{corpus.name}: {len(unknown)} recordings are of unknown speakers, the first is {unknown[0]}"
        )
    chosen = set(speakers)
    return replace(
        corpus,
        utterances=tuple(replace(u, split="test" if u.speaker in chosen else "train") for u in corpus),
    )
