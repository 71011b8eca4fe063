"""The recordings that shipped models are measured with, as ``../shared/data`` holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.shipped.noisy_sets import scene_corpora, sound_corpus


@dataclass(frozen=True)
class MeasuringSets:
    """Digits, other words and noises.

    Attributes:
        digits: FSDD's official test, AN4's test speakers, Speech Commands digits.
        an4: folder of AN4, whose test speakers' letters and other words are the near words.
        other_words: Speech Commands words that the shipped models do not know, of the speakers that no training hears.
        scenes: NOIZEUS noises.
        nonspeech: 100 environment sounds.
        background: Speech Commands background noises; trainings may hear them.
    """

    digits: dict[str, Corpus]
    an4: Path
    other_words: Corpus
    scenes: dict[str, Corpus]
    nonspeech: Corpus
    background: Corpus

    @classmethod
    def read(cls, data: Path, take: Callable[[Corpus], Corpus]) -> MeasuringSets:
        """Read all of them; ``take`` chooses the recordings of each."""
        other = read_speech_commands(data / "speech_commands_other" / "words").filter(is_reject_test)
        scenes = scene_corpora(data / "noise" / "noizeus")
        return cls(
            digits={
                "fsdd": take(load_corpus(f"fsdd:{data / 'fsdd'}").filter(split="test")),
                "an4": take(load_corpus(f"an4:{data / 'an4'}").filter(split="test", isolated=True)),
                "speech_commands": take(load_corpus(f"speech-commands:{data / 'speech_commands_digits'}")),
            },
            an4=data / "an4",
            other_words=take(other),
            scenes={scene: take(corpus) for scene, corpus in scenes.items()},
            nonspeech=take(sound_corpus(data / "noise" / "nonspeech100", "nonspeech100")),
            background=take(sound_corpus(data / "speech_commands_other" / "background", "background")),
        )

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return size and digest of every corpus."""
        corpora = {**self.digits, "other_words": self.other_words, "nonspeech100": self.nonspeech}
        corpora["speech_commands_background"] = self.background
        corpora |= {f"noizeus/{scene}": corpus for scene, corpus in self.scenes.items()}
        return {
            name: {"clips": len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
            for name, corpus in corpora.items()
        }


def is_reject_test(utterance: Utterance) -> bool:
    """Tell whether a Speech Commands recording belongs to the reject test.

    Its word is none of the vocabulary's, and the last hexadecimal digit of its speaker is odd; trainings may hear the
    even speakers.
    """
    return utterance.word not in DIGITS and int(utterance.speaker[-1], 16) % 2 == 1
