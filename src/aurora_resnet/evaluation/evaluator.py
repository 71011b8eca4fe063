"""How good a trained model is, and where: every condition of a corpus scored into one report."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.environment import check_device
from aurora_resnet.evaluation.condition_report import ConditionReport, Prediction
from aurora_resnet.evaluation.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    accuracy_interval,
    confusion_matrix,
    expected_calibration_error,
    scores_by,
)
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.inference import load_clips, predict_logits
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, CorpusError


class Evaluator:
    """Scores a model on isolated digits.

    What a recording gets does not depend on the batch it is in. The model is put into evaluation mode and on
    the device for the time of an evaluation, and back afterwards.

    Args:
        model: front end and classifier.
        device: where to compute, such as ``"cpu"`` or ``"cuda"``.
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

    def __init__(self, model: RecognizerModel, *, device: str | torch.device = "cpu", batch_size: int = 64):
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, not {batch_size}")
        self.device = check_device(device)
        self.model = model
        self.batch_size = batch_size

    def evaluate(self, conditions: Mapping[str, Corpus] | Corpus, *, progress: bool = False) -> EvaluationReport:
        """Score the model on every condition.

        Recordings that cannot be read are named in the report, the others are scored.

        Args:
            conditions: corpora of isolated digits by the name of the condition (see ``conditions_by``), or one.
            progress: show a bar on the standard error stream.

        Raises:
            CorpusError: if there is nothing to score, a recording is no isolated digit or its word is none of
                the model's; nothing has been computed then.
            CheckpointError: if the model answers with numbers that are not finite.
        """
        corpora = {conditions.name: conditions} if isinstance(conditions, Corpus) else dict(conditions)
        self._check(corpora)
        config = self.model.config
        started = time.perf_counter()
        problems = list(dict.fromkeys(problem for corpus in corpora.values() for problem in corpus.problems))
        answers: dict[str, _Answers] = {}
        reports: list[ConditionReport] = []
        model_seconds = 0.0
        with (
            _evaluation_mode(self.model, self.device),
            tqdm(total=sum(map(len, corpora.values())), unit="clip", disable=None if progress else True) as bar,
        ):
            for name, corpus in corpora.items():
                bar.set_description(name)
                clips = load_clips(corpus, self.model.config, skip_unreadable=True)
                bar.update(len(corpus) - len(clips))
                if not len(clips):
                    problems += [f"condition '{name}': no readable recording", *clips.problems]
                    continue
                answers[name], seconds = self._answer(clips, bar)
                model_seconds += seconds
                shared = dict(set.intersection(*(set(utterance.attributes.items()) for utterance in corpus)))
                attributes = {key: value for key, value in corpus[0].attributes.items() if key in shared}
                reports.append(answers[name].report(name, config.words, attributes, clips.problems))
        if not reports:
            raise CorpusError(f"no recording could be read: {'; '.join(problems[:3])}")
        pooled = _Answers.pool(list(answers.values()))
        return EvaluationReport(
            model=config.model,
            conditions=tuple(reports),
            overall=pooled.report("all conditions" if len(reports) > 1 else reports[0].name, config.words, {}, ()),
            seconds=time.perf_counter() - started,
            model_seconds=model_seconds,
            device=_device_name(self.device),
            threads=torch.get_num_threads(),
            versions=_versions(),
            corpora={name: corpus.digest() for name, corpus in corpora.items()},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            problems=tuple(problems),
            predictions=tuple(
                prediction for name, each in answers.items() for prediction in each.predictions(name, config.words)
            ),
        )

    def _check(self, corpora: Mapping[str, Corpus]) -> None:
        """Refuse what cannot be scored before any work is done."""
        if not corpora:
            raise CorpusError("there is no condition to evaluate")
        words = self.model.config.words
        for name, corpus in corpora.items():
            if not len(corpus):
                raise CorpusError(f"condition '{name}' has no recording; leave it out")
            strings = [utterance for utterance in corpus if len(utterance.words) != 1]
            if strings:
                raise CorpusError(
                    f"condition '{name}': {len(strings)} of {len(corpus)} recordings are no isolated digits, "
                    f"such as {strings[0].path}; keep the digits with corpus.filter(isolated=True)"
                )
            unknown = sorted({utterance.word for utterance in corpus} - set(words))
            if unknown:
                raise CorpusError(
                    f"condition '{name}' has words that the model does not know: {', '.join(unknown)}; "
                    f"it knows {', '.join(words)}"
                )

    def _answer(self, clips: ClipSet, bar: tqdm[Any]) -> tuple[_Answers, float]:
        """Recognise all clips of a condition; also the seconds that it took."""
        begin = time.perf_counter()
        logits = predict_logits(
            self.model, clips, device=self.device, batch_size=self.batch_size, on_batch=bar.update
        ).double()
        seconds = time.perf_counter() - begin
        if not logits.isfinite().all():
            bad = clips.utterances[int((~logits.isfinite()).any(1).nonzero()[0])]
            raise CheckpointError(
                f"the model's answer to {bad.path} is not finite; its weights are damaged or diverged"
            )
        confidence, predicted = logits.softmax(1).max(1)
        return _Answers(clips.utterances, clips.labels.numpy(), predicted.numpy(), confidence.numpy()), seconds


@dataclass(frozen=True)
class _Answers:
    """What the model said about the recordings of a condition, in their order."""

    utterances: Sequence[Utterance]
    labels: IntArray
    predicted: IntArray
    confidence: FloatArray

    @classmethod
    def pool(cls, parts: Sequence[_Answers]) -> _Answers:
        return cls(
            [utterance for part in parts for utterance in part.utterances],
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.predicted for part in parts]),
            np.concatenate([part.confidence for part in parts]),
        )

    def report(
        self, name: str, words: tuple[str, ...], attributes: Mapping[str, str], problems: Sequence[str]
    ) -> ConditionReport:
        correct: BoolArray = self.labels == self.predicted
        speakers = [utterance.speaker for utterance in self.utterances]
        confusion = confusion_matrix(self.labels, self.predicted, len(words))
        return ConditionReport(
            name=name,
            words=words,
            confusion=tuple(map(tuple, confusion.tolist())),
            interval=accuracy_interval(correct, speakers),
            calibration_error=expected_calibration_error(self.confidence, correct),
            per_speaker=scores_by(correct, speakers),
            attributes=attributes,
            problems=tuple(problems),
        )

    def predictions(self, condition: str, words: tuple[str, ...]) -> list[Prediction]:
        return [
            Prediction(str(utterance.path), condition, utterance.word, words[predicted], float(confidence))
            for utterance, predicted, confidence in zip(self.utterances, self.predicted, self.confidence, strict=True)
        ]


@contextmanager
def _evaluation_mode(model: RecognizerModel, device: torch.device) -> Iterator[None]:
    """Evaluation mode on the device without gradients; flags and device of before come back afterwards."""
    # Module by module: frozen batch normalisation may be in evaluation mode within a training model.
    training = {module: module.training for module in model.modules()}
    home = next(model.parameters()).device
    try:
        model.eval().to(device)
        with torch.inference_mode():
            yield
    finally:
        model.to(home)
        for module, flag in training.items():
            module.training = flag


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    try:
        return {"aurora-resnet": importlib.metadata.version("aurora-resnet")} | versions
    except importlib.metadata.PackageNotFoundError:
        return {"aurora-resnet": "not installed"} | versions
