"""The demonstration: trained models recognise the package's test voices, and a small network learns from the others."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.corpora.splits import split_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.tables import percent
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import TrainingResult
from aurora_resnet.training.trainer import Trainer

#: Of the sample recordings, in Hz.
SAMPLE_RATE = 8000
SNRS_DB = (20, 10, 5, 0)
VALIDATION_SHARE = 0.2
TRAINED = "cnn, trained just now"
TRAINING = {"batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "schedule": "one_cycle"}


@dataclass(frozen=True)
class Demonstration:
    """What the demonstration found.

    Attributes:
        reports: of the trained models, in the order given.
        learnt: of the network that was trained here.
        before: of the same network with random weights, in clean speech.
        training: how it learnt.
        checkpoint: where its weights are.
    """

    reports: tuple[EvaluationReport, ...]
    learnt: EvaluationReport
    before: EvaluationReport
    training: TrainingResult
    checkpoint: Path


def run_demo(
    models: Sequence[Checkpoint],
    checkpoint: str | Path,
    *,
    seed: int = 0,
    epochs: int = 8,
    progress: bool = False,
    on_reports: Callable[[tuple[EvaluationReport, ...]], object] = lambda _: None,
) -> Demonstration:
    """Run the demonstration; the same seed gives the same numbers on the same machine.

    Args:
        models: trained ones of single words.
        checkpoint: file for the network that is trained here.
        seed: of the noise and of the training.
        epochs: how long the small network learns.
        progress: show the training's bar on a terminal.
        on_reports: called with the reports of the trained models before the small one begins to learn.

    Raises:
        CorpusError: for a model that does not know all words of the samples, or an installation without samples.
    """
    with tempfile.TemporaryDirectory() as place:
        words, negatives = demo_words(Path(place), seed), demo_noises(Path(place))
        reports = tuple(Evaluator(model).evaluate(words, negatives=negatives) for model in models)
        on_reports(reports)
        config = RecognizerConfig("cnn", MelConfig(sample_rate=SAMPLE_RATE), options={"dropout": 0.2})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = RecognizerModel(config)
        before = Evaluator(model).evaluate({"clean": words["clean"]})
        train, held_out = split_speakers(read_samples().filter(split="train"), VALIDATION_SHARE, seed=0)
        settings: dict[str, Any] = {**TRAINING, "warmup_fraction": 0.3, "epochs": epochs, "seed": seed}
        trainer = Trainer(model, TrainingConfig(**settings), Path(place) / "training", progress=progress)
        training = trainer.fit(load_clips(train, config), load_clips(held_out, config))
        best = load_checkpoint(training.best_checkpoint)
        save_checkpoint(best.model, checkpoint, info={"made_by": "aurora-resnet demo", "epochs": epochs, "seed": seed})
        learnt = replace(Evaluator(best).evaluate(words), model=TRAINED)
    return Demonstration(reports, learnt, before, training, Path(checkpoint))


def demo_words(folder: Path, seed: int) -> dict[str, Corpus]:
    """Return the words of the test voices by condition: clean, and with noise from the package at each SNR.

    The noises take turns, so each has a fifth of the words.

    Args:
        folder: where the noisy recordings are written.
        seed: 0 or more; decides which stretch of the noise is taken.

    Raises:
        CorpusError: if the installation lacks the sample recordings.
    """
    clean = read_samples().filter(split="test")
    noises = [read_audio(path)[0] for _, path in sorted(sample_noises().items())]
    conditions = {"clean": clean}
    for turn, snr_db in enumerate(SNRS_DB):
        noisy = []
        for index, utterance in enumerate(clean):
            speech, noise = fit_length(read_audio(utterance.path)[0], SAMPLE_RATE), noises[(index + turn) % len(noises)]
            generator = np.random.default_rng([seed, snr_db, index])
            mixture, _ = mix_at_snr(speech, noise, snr_db, sample_rate=SAMPLE_RATE, generator=generator, channel="none")
            noisy.append(replace(utterance, path=folder / f"{snr_db}dB" / f"{index}.wav"))
            write_audio(mixture, noisy[-1].path, SAMPLE_RATE, durable=False)
        conditions[f"{snr_db} dB"] = replace(clean, utterances=tuple(noisy))
    return conditions


def demo_noises(folder: Path) -> dict[str, Corpus]:
    """Return each second of the package's noises, written into a folder: recordings without a word."""
    found = []
    for name, path in sorted(sample_noises().items()):
        noise, rate = read_audio(path)
        for second, part in enumerate(np.split(noise, len(noise) // rate)):
            found.append(Utterance(folder / f"{name}-{second}.wav", (), ""))
            write_audio(part, found[-1].path, rate, durable=False)
    return {"noise": Corpus("noise", tuple(found))}


def accuracy_table(reports: Sequence[EvaluationReport]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: accuracies in percent, a row a model, and how many noises it took for a word."""
    rows = []
    for report in reports:
        accepted = "-"  # of a model without a threshold, which accepts all
        if report.rejection is not None and report.rejection.calibration.rejects:
            share = report.rejection.negatives_accepted
            accepted = f"{share.count} of {share.clips}"
        rows.append([report.model, *(percent(each.accuracy) for each in report.conditions), accepted])
    return ["model", *(each.name for each in reports[0].conditions), "noise accepted"], rows
