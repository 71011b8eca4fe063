from __future__ import annotations

from pathlib import Path

import pytest

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.relabelling import with_test_speakers
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.runtime.errors import CorpusError, SpeakerLeakError

SPEAKERS = ("fsdd/george", "fsdd/theo", "fsdd/yweweler")
# as FSDD's own split: every speaker on both sides
FSDD = Corpus(
    "fsdd",
    tuple(
        Utterance(Path(f"{s[5:]}{i}.wav"), ("one",), s, "test" if i < 2 else "train")
        for s in SPEAKERS
        for i in range(6)
    ),
)


def test_the_split_goes_by_speaker_and_leaks_no_more() -> None:
    with pytest.raises(SpeakerLeakError):
        check_speakers_disjoint(train=FSDD.filter(split="train"), test=FSDD.filter(split="test"))
    corpus = with_test_speakers(FSDD, ["fsdd/theo", "fsdd/yweweler"])
    check_speakers_disjoint(train=corpus.filter(split="train"), test=corpus.filter(split="test"))
    assert corpus.filter(split="test").speakers == SPEAKERS[1:]
    assert [u.path for u in corpus] == [u.path for u in FSDD]
    assert {u.split for u in with_test_speakers(FSDD, [])} == {"train"}


def test_strangers_and_unknown_speakers_are_refused() -> None:
    with pytest.raises(CorpusError, match=r"no speaker 'theo' \(did you mean 'fsdd/theo'\?\)"):
        with_test_speakers(FSDD, ["theo"])
    with pytest.raises(CorpusError, match="unknown speakers"):
        with_test_speakers(FSDD + Corpus("x", (Utterance(Path("x.wav"), ("one",), ""),)), ["fsdd/theo"])
