"""Recordings of strings whose words are tones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from tests.runtime.tone_model import RATE, spoken


def write_strings(folder: Path, strings: Sequence[tuple[str, str]], **attributes: str) -> Corpus:
    """Write tones for each (words, speaker)."""
    utterances = []
    for number, (words, speaker) in enumerate(strings):
        path = folder / f"{number}.wav"
        write_audio(spoken(words.split()), path, RATE)
        utterances.append(Utterance(path, tuple(words.split()), speaker, attributes=attributes))
    return Corpus("tones", tuple(utterances))
