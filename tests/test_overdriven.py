"""Digits that were recorded too loud: refused rather than taken for another digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("model", ["compact", "resnet50"])
@pytest.mark.parametrize("overdriven_db", [10, 20, 30])
def test_no_more_than_five_of_a_hundred_are_taken_for_another_digit(
    shared: Path, model: str, overdriven_db: int
) -> None:
    corpus = load_corpus(f"speech-commands:{shared / 'speech_commands_digits'}")
    recognizer = Recognizer.from_pretrained(model)
    wrong = 0
    for utterance in corpus:
        samples, rate = read_audio(utterance.path)
        loud = np.clip(samples / abs(samples).max() * 10 ** (overdriven_db / 20), -1, 1)
        answer = recognizer.recognize(loud, rate)
        wrong += bool(answer.accepted) and answer.word != utterance.word
    assert wrong <= 0.05 * len(corpus)
