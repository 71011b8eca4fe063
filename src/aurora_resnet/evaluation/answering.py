"""How a model of words or of strings answers corpora, and what the report of its task has besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.clips.clip_set import load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.string_answers import FalseWords, StringAnswers, answer_strings
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


@dataclass(frozen=True)
class WordAnswering:
    """Answers of a model of single words.

    Args:
        model: scores the clips.
        batch_size: clips that are computed together; it changes the speed only.
    """

    model: ScoringModel
    batch_size: int = 64

    def check(self, name: str, corpus: Corpus) -> None:
        """Raise ``CorpusError`` for recordings that are no isolated words."""
        strings = [utterance for utterance in corpus if len(utterance.words) != 1]
        if strings:
            raise CorpusError(
                f"condition '{name}': {len(strings)} of {len(corpus)} recordings are no isolated words, "
                f"such as {strings[0].path}; keep the words with corpus.filter(isolated=True)"
            )

    def answer(self, corpus: Corpus, bar: tqdm[Any], *, negatives: bool = False, known_length: bool = False) -> Answers:
        """Let the model answer a corpus; recordings that cannot be read become problems.

        Raises:
            CheckpointError: if the model answers with numbers that are not finite.
        """
        if known_length:
            raise ConfigError("known_length is for models of strings; a clip has one word")
        load = load_negatives if negatives else load_clips
        clips = load(corpus, self.model.facts, skip_unreadable=True)
        bar.update(len(corpus) - len(clips))
        if not len(clips):
            empty = np.zeros((0, len(self.model.facts.vocabulary)), np.float32)
            return Answers((), np.zeros(0, np.int64), empty, empty, self.model.facts.calibration, clips.problems)
        return Answers.of(self.model, clips, batch_size=self.batch_size, on_batch=bar.update)

    def further(self, answers: Mapping[str, Answers], negatives: Mapping[str, Answers]) -> dict[str, Any]:
        """Return what the report has besides: what was refused and accepted."""
        return {"rejection": RejectionReport.count(self.model.facts.name, answers, negatives) if negatives else None}


@dataclass(frozen=True)
class StringAnswering:
    """Answers of a model of strings."""

    recognizer: StringRecognizer

    def check(self, name: str, corpus: Corpus) -> None:
        """Raise ``CorpusError`` for recordings without a word."""
        if silent := [utterance for utterance in corpus if not utterance.words]:
            raise CorpusError(f"condition '{name}': {silent[0].path} says no word; give such recordings as negatives")

    def answer(
        self, corpus: Corpus, bar: tqdm[Any], *, negatives: bool = False, known_length: bool = False
    ) -> StringAnswers:
        """Let the model answer a corpus; recordings that cannot be read become problems.

        Raises:
            ModelError: if the model answers with numbers that are not finite.
        """
        return answer_strings(self.recognizer, corpus, known_length=known_length and not negatives, bar=bar)

    def further(self, answers: Mapping[str, StringAnswers], negatives: Mapping[str, StringAnswers]) -> dict[str, Any]:
        """Return what the report has besides: false words, and how much was recognised."""
        everything = (*answers.values(), *negatives.values())
        return {
            "false_words": {name: FalseWords.of(each.strings) for name, each in negatives.items()},
            "audio_seconds": sum(string.seconds for each in everything for string in each.strings),
        }


Answering = WordAnswering | StringAnswering


def answer_all(
    answer: Callable[[Corpus], Any], corpora: Mapping[str, Corpus], bar: tqdm[Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return a model's answers by condition; conditions without a readable recording become problems.

    Args:
        answer: ``answer`` of a task, with all it takes but the corpus.
        corpora: by the names of their conditions.
        bar: shows the name of the condition.
    """
    answers: dict[str, Any] = {}
    problems: list[str] = []
    for name, corpus in corpora.items():
        bar.set_description(name, refresh=False)
        found = answer(corpus)
        if found.utterances:
            answers[name] = found
        else:
            problems += [f"condition '{name}': no readable recording", *found.problems]
    return answers, problems
