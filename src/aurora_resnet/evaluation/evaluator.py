"""How good a trained model is, and where: every condition of a corpus scored into one report."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import torch

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import check_device, describe_environment
from aurora_resnet.evaluation.answering import Answering, StringAnswering, WordAnswering, answer_all
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.recognizers import AnyModelForm, as_recognizer
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.version import __version__


class Evaluator:
    """Scores a model on isolated words, or a model of strings on strings.

    Confidences, and so the calibration error, are those of ``recognize``: calibrated by the model's temperature. What a
    recording gets does not depend on the batch it is in.

    Args:
        model: a checkpoint, an exported model, a recogniser or a network; it stays as it is.
        device: where torch computes, such as ``"cpu"`` or ``"cuda"``.
        batch_size: clips that are computed together; it changes the speed only.

    Raises:
        ConfigError: if there is no such device or the batch size is below 1.

    >>> from aurora_resnet.runtime.models import load_model
    >>> Evaluator(load_model("compact"), batch_size=0)
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.ConfigError: batch_size must be at least 1, not 0
    """

    def __init__(self, model: AnyModelForm, *, device: str | torch.device = "cpu", batch_size: int = 64) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, not {batch_size}")
        self.device = check_device(device)
        self.recognizer = recognizer = as_recognizer(model, device=self.device)
        self._answering: Answering = (
            StringAnswering(recognizer)
            if isinstance(recognizer, StringRecognizer)
            else WordAnswering(recognizer.model, batch_size)
        )

    def evaluate(
        self,
        conditions: Mapping[str, Corpus] | Corpus,
        *,
        negatives: Mapping[str, Corpus] | Corpus | None = None,
        known_length: bool = False,
        progress: bool = False,
    ) -> EvaluationReport[Any]:
        """Score the model on every condition.

        Recordings that cannot be read are named in the report, all that can be are scored. Accuracies are those of the
        best answer, whether or not it is accepted; how many are refused is counted beside.

        Args:
            conditions: corpora by the name of the condition (see ``conditions_by``), or one: of isolated words, or for
                a model of strings of words and strings.
            negatives: recordings without a word or with words outside the vocabulary: the report then says how many the
                model accepts (``rejection``), or how many words of strings it finds there (``false_words``).
            known_length: tell a model of strings how many words each string has.
            progress: show a bar on the standard error stream.

        Raises:
            CorpusError: if there is nothing to score, a recording is none that such a model is for or its word is none
                of the model's, or negatives have a word that is; nothing has been computed then.
            CheckpointError: if the model answers with numbers that are not finite.
        """
        corpora, unsaid = _by_name(conditions), {} if negatives is None else _by_name(negatives)
        self._check(corpora, unsaid)
        started = time.perf_counter()
        task, everything = self._answering, [*corpora.values(), *unsaid.values()]
        problems = [problem for corpus in everything for problem in corpus.problems]
        with progress_bar(total=sum(map(len, everything)), unit="recording", show=progress) as bar:
            answers, unread = answer_all(partial(task.answer, bar=bar, known_length=known_length), corpora, bar)
            unsaid_answers, unread_negatives = answer_all(partial(task.answer, bar=bar, negatives=True), unsaid, bar)
        problems += unread + unread_negatives
        problems += [problem for each in unsaid_answers.values() for problem in each.problems]
        if not answers:
            raise CorpusError(f"no recording could be read: {'; '.join(problems[:3])}")
        words = self.recognizer.vocabulary.words
        reports = tuple(each.report(name, words, _shared(corpora[name])) for name, each in answers.items())
        where = describe_environment(self.device)
        name = "all conditions" if len(reports) > 1 else reports[0].name
        parts = list(answers.values())
        overall = replace(type(parts[0]).pool(parts).report(name, words, {}), problems=())
        return EvaluationReport(
            model=self.recognizer.model.facts.name,
            conditions=reports,
            overall=overall,
            seconds=time.perf_counter() - started,
            model_seconds=sum(each.seconds for each in answers.values()),
            device=str(self.device) if self.device.type == "cpu" else f"{self.device} ({where['device']})",
            threads=torch.get_num_threads(),
            versions={"aurora-resnet": __version__, "numpy": np.__version__}
            | {name: str(where[name]) for name in ("python", "torch")},
            corpora={name: corpus.digest() for name, corpus in {**corpora, **unsaid}.items()},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            problems=tuple(dict.fromkeys(problems)),
            predictions=tuple(line for name, each in answers.items() for line in each.predictions(name, words)),
            known_length=known_length,
            **task.further(answers, unsaid_answers),
        )

    def _check(self, corpora: Mapping[str, Corpus], negatives: Mapping[str, Corpus]) -> None:
        """Refuse what cannot be scored before any work is done."""
        vocabulary = self.recognizer.vocabulary
        if not corpora:
            raise CorpusError("there is no condition to evaluate")
        for name, corpus in corpora.items():
            if not len(corpus):
                raise CorpusError(f"condition '{name}' has no recording; leave it out")
            self._answering.check(name, corpus)
            if unknown := vocabulary.unknown(corpus.words):
                raise CorpusError(
                    f"condition '{name}' has words that the model does not know: {', '.join(unknown[:20])}; "
                    f"it knows {', '.join(vocabulary.words[:20])}; leave them out with corpus.filter(words=...)"
                )
        for name, corpus in negatives.items():
            if not len(corpus):
                raise CorpusError(f"negatives '{name}' have no recording; leave them out")
            if known := sorted(set(corpus.words) & set(vocabulary)):
                raise CorpusError(
                    f"negatives '{name}' have words that the model knows: {', '.join(known[:20])}; leave them out with "
                    "corpus.filter(...)"
                )


def _by_name(corpora: Mapping[str, Corpus] | Corpus) -> dict[str, Corpus]:
    return {corpora.name: corpora} if isinstance(corpora, Corpus) else dict(corpora)


def _shared(corpus: Corpus) -> dict[str, str]:
    """Return the attributes that all recordings have in common."""
    shared = set.intersection(*(set(utterance.attributes.items()) for utterance in corpus))
    return {name: value for name, value in corpus[0].attributes.items() if (name, value) in shared}
