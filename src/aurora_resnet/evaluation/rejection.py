"""What a model refuses and what it accepts: words of its vocabulary, and negatives, which are none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from tqdm.auto import tqdm

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.answers import Answers, answer_conditions
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.scoring import scoring_model

Recordings = Mapping[str, Corpus | ClipSet] | Corpus | ClipSet


def measure_rejection(
    model: RecognizerModel | Checkpoint | ScoringModel,
    words: Recordings,
    negatives: Recordings,
    *,
    device: str | torch.device = "cpu",
    batch_size: int = 64,
    progress: bool = False,
) -> RejectionReport:
    """Count how many words a model refuses and how many negatives it accepts.

    Args:
        model: a checkpoint, an exported model, or a network; it stays as it is.
        words: recordings of words of the vocabulary, by the name of the condition or one alone.
        negatives: recordings without a word or with words outside the vocabulary, likewise.
        device: where torch computes.
        batch_size: clips that are computed together; it changes the speed only.
        progress: show a bar on the standard error stream.

    Raises:
        CorpusError: for no recordings, words that the model does not know, or negatives with a word that it knows.
        CheckpointError: if the model answers with numbers that are not finite.
        ConfigError: if there is no such device.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> from aurora_resnet.corpora.corpus import Utterance
    >>> from aurora_resnet.corpora.samples import read_samples, sample_noises
    >>> noises = Corpus("noise", tuple(Utterance(path, (), "") for path in sample_noises().values()))
    >>> words = read_samples().filter(speakers="samples/flite-awb")
    >>> measure_rejection(load_checkpoint("compact"), words, noises).negatives_accepted.clips
    5
    """
    scoring = scoring_model(model, device=device)
    groups = {"words": (words, load_clips), "negatives": (negatives, load_negatives)}
    named = {what: (_named(given, what), load) for what, (given, load) in groups.items()}
    answers: dict[str, Mapping[str, Answers]] = {}
    problems: list[str] = []
    total = sum(len(each) for conditions, _ in named.values() for each in conditions.values())
    with tqdm(total=total, unit="clip", disable=None if progress else True) as bar:
        for what, (conditions, load) in named.items():
            read = partial(load, model=scoring.facts, skip_unreadable=True)
            answered = answer_conditions(scoring, conditions, read, batch_size=batch_size, bar=bar)
            if not answered.answers:
                raise CorpusError(f"no recording of {what} could be read: {'; '.join(answered.problems[:3])}")
            answers[what] = answered.answers
            problems += answered.problems
    report = RejectionReport.count(scoring.facts.name, answers["words"], answers["negatives"])
    return replace(report, problems=(*problems, *report.problems))


def _named(recordings: Recordings, name: str) -> Mapping[str, Corpus | ClipSet]:
    if isinstance(recordings, Mapping):
        return recordings
    return {recordings.name if isinstance(recordings, Corpus) else name: recordings}
