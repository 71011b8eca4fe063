"""How good a trained model is, and where: every condition of a corpus scored into one report."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import check_device
from aurora_resnet.evaluation.answers import Answers, answer_conditions
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.progress import progress_bar
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.runtime.version import __version__
from aurora_resnet.scoring import scoring_model


class Evaluator:
    """Scores a model on isolated words.

    Confidences, and so the calibration error, are those of ``recognize``: calibrated by the model's temperature. What a
    recording gets does not depend on the batch it is in.

    Args:
        model: a checkpoint, an exported model, or a network; it stays as it is.
        device: where torch computes, such as ``"cpu"`` or ``"cuda"``.
        batch_size: clips that are computed together; it changes the speed only.

    Raises:
        ConfigError: if there is no such device or the batch size is below 1.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> model = RecognizerModel(RecognizerConfig(model="cnn", mel=MelConfig(sample_rate=8000)))
    >>> Evaluator(model, batch_size=0)
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.ConfigError: batch_size must be at least 1, not 0
    """

    def __init__(
        self,
        model: RecognizerModel | Checkpoint | ScoringModel,
        *,
        device: str | torch.device = "cpu",
        batch_size: int = 64,
    ) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, not {batch_size}")
        self.device = check_device(device)
        self.model = scoring_model(model, device=self.device)
        self.batch_size = batch_size

    def evaluate(
        self,
        conditions: Mapping[str, Corpus] | Corpus,
        *,
        negatives: Mapping[str, Corpus] | Corpus | None = None,
        progress: bool = False,
    ) -> EvaluationReport:
        """Score the model on every condition.

        Recordings that cannot be read are named in the report, the others are scored.

        Args:
            conditions: corpora of isolated words by the name of the condition (see ``conditions_by``), or one.
            negatives: recordings without a word or with words outside the vocabulary: the report then has a
                ``rejection``, see ``measure_rejection``.
            progress: show a bar on the standard error stream.

        Raises:
            CorpusError: if there is nothing to score, a recording is no isolated word or its word is none of
                the model's, or negatives have a word that is; nothing has been computed then.
            CheckpointError: if the model answers with numbers that are not finite.
        """
        corpora = _by_name(conditions)
        unheard = {} if negatives is None else _by_name(negatives)
        self._check(corpora)
        self._check_negatives(unheard)
        facts, words = self.model.facts, self.model.facts.vocabulary.words
        started = time.perf_counter()
        everything = [*corpora.values(), *unheard.values()]
        problems = list(dict.fromkeys(problem for corpus in everything for problem in corpus.problems))
        with progress_bar(total=sum(map(len, everything)), unit="clip", show=progress) as bar:
            read = partial(load_clips, model=facts, skip_unreadable=True)
            heard = answer_conditions(self.model, corpora, read, batch_size=self.batch_size, bar=bar)
            read = partial(load_negatives, model=facts, skip_unreadable=True)
            other = answer_conditions(self.model, unheard, read, batch_size=self.batch_size, bar=bar)
        problems += heard.problems + other.problems
        answers = heard.answers
        if not answers:
            raise CorpusError(f"no recording could be read: {'; '.join(problems[:3])}")
        reports = tuple(each.report(name, words, _shared(corpora[name])) for name, each in answers.items())
        pooled = replace(Answers.pool(list(answers.values())), problems=())
        return EvaluationReport(
            model=facts.name,
            conditions=reports,
            overall=pooled.report("all conditions" if len(reports) > 1 else reports[0].name, words, {}),
            seconds=time.perf_counter() - started,
            model_seconds=heard.model_seconds,
            device=_device_name(self.device),
            threads=torch.get_num_threads(),
            versions=_versions(),
            corpora={name: corpus.digest() for name, corpus in {**corpora, **unheard}.items()},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            problems=tuple(problems),
            predictions=tuple(line for name, each in answers.items() for line in each.predictions(name, words)),
            rejection=RejectionReport.count(facts.name, answers, other.answers) if other.answers else None,
        )

    def _check(self, corpora: Mapping[str, Corpus]) -> None:
        """Refuse what cannot be scored before any work is done."""
        if not corpora:
            raise CorpusError("there is no condition to evaluate")
        vocabulary = self.model.facts.vocabulary
        for name, corpus in corpora.items():
            if not len(corpus):
                raise CorpusError(f"condition '{name}' has no recording; leave it out")
            strings = [utterance for utterance in corpus if len(utterance.words) != 1]
            if strings:
                raise CorpusError(
                    f"condition '{name}': {len(strings)} of {len(corpus)} recordings are no isolated words, "
                    f"such as {strings[0].path}; keep the words with corpus.filter(isolated=True)"
                )
            if unknown := vocabulary.unknown([utterance.word for utterance in corpus]):
                raise CorpusError(
                    f"condition '{name}' has words that the model does not know: {', '.join(unknown[:20])}; "
                    f"it knows {', '.join(vocabulary.words[:20])}; leave them out with corpus.filter(words=...)"
                )

    def _check_negatives(self, corpora: Mapping[str, Corpus]) -> None:
        vocabulary = self.model.facts.vocabulary
        for name, corpus in corpora.items():
            if not len(corpus):
                raise CorpusError(f"negatives '{name}' have no recording; leave them out")
            if known := sorted({word for utterance in corpus for word in utterance.words} & set(vocabulary)):
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


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def _versions() -> dict[str, str]:
    return {
        "aurora-resnet": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
