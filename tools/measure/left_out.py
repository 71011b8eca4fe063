"""Train without a corpus and measure on it: what an idea is worth for speakers of no training.

Each run trains by the plan's training file, changed as an idea says and without a fold's corpora; a run that was
interrupted goes on. The threshold of a run refuses ``WORDS_REFUSED`` of the clean digits of both groups of unknown
speakers, so that ideas are compared at one operating point; what it accepts of near words and talk is counted there.
Logits are kept beside the run: ``tools.ship`` chooses operating points by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.scoring import TorchModel
from aurora_resnet.training.calibrate import fit_calibration
from aurora_resnet.training.data import DataConfig
from aurora_resnet.training.experiment import RECORD, ExperimentConfig, read_experiment, run_experiment
from aurora_resnet.training.state import BEST, LAST
from tools.average_weights import mean_of
from tools.measure.left_out_sets import Fold, LeftOutSets
from tools.measure.records import Job, Record, Settings, header
from tools.measure.scores import negative_row, word_row

WORDS_REFUSED = 0.025
LOGITS = "logits.npz"
NONE = "none"
"""A value of the front end that is not set."""


@dataclass(frozen=True, kw_only=True)
class Idea:
    """What is changed of the training file.

    Attributes:
        set: ``section.key=value``, as ``aurora-resnet train --set`` takes them.
        mel: values of the front end laid over the file's.
        without: corpora that are not trained on, told as a fold's are.
        model: that is trained.
        epochs: of the training; a few judge an idea, many are for an operating point that is carried over.
        best: whether the best epoch counts, as for shipped weights; otherwise the last one.
        teacher: another idea, whose network of the same fold teaches.
        begin: another idea, with whose network of the same fold it begins, and with which it is averaged in the end.
        shipped: measure the weights of this shipped name instead, and train nothing.
    """

    set: tuple[str, ...] = ()
    mel: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    model: str = "compact"
    epochs: int = 8
    best: bool = False
    teacher: str | None = None
    begin: str | None = None
    shipped: str | None = None

    def experiment(self, config: str) -> ExperimentConfig:
        """Return the training with all corpora; the shipped model of the teacher's name teaches."""
        values = [f"training.epochs={self.epochs}", *self.set]
        values += [f"teacher={self.teacher}"] if self.teacher else []
        whole = read_experiment(config, self.model, overrides=values)
        kept = (each for each in whole.data.train if not any(part in each.corpus for part in self.without))
        mel = {key: None if value == NONE else value for key, value in self.mel.items()}
        return replace(whole, mel=replace(whole.mel, **mel), data=replace(whole.data, train=tuple(kept)))


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """All ideas and all folds.

    Attributes:
        config: the training file.
        records: folder below that of the records.
        folds: by name.
        ideas: by name.
    """

    config: str
    records: str
    folds: Mapping[str, Fold]
    ideas: Mapping[str, Idea]

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes a record of each idea without each fold."""
        for fold in self.folds:
            for idea in self.ideas:
                path = settings.path(f"{self.records}/{idea}_{fold}.json")
                yield Job(path, partial(measure, self, idea, fold, settings), show=in_a_line)


def in_a_line(record: Record) -> str:
    """Return what a record says in a line."""
    noise = " ".join(f"{snr_db} dB {row['accuracy']:.4f}" for snr_db, row in record["noisy"].items())
    return f"{record['idea']}_{record['fold']} right {record['clean']['left_out']['accuracy']:.4f} {noise}"


def measure(plan: LeftOut, idea: str, fold: str, settings: Settings) -> Record:
    """Train an idea without a fold, or go on with it, and return its record."""
    changed = plan.ideas[idea]
    whole = changed.experiment(plan.config)
    folder = settings.runs / "left_out" / f"{idea}_{fold}"
    if changed.shipped:
        model = load_checkpoint(changed.shipped).model
        about: Record = {"idea": idea, "sha256": resolve(changed.shipped, format="checkpoint").sha256}
    else:
        model, about = train(changed, whole, plan.folds[fold], folder, fold, settings.device)
    facts = TorchModel(model, calibration=Calibration()).facts
    sets = LeftOutSets.read(whole.data, plan.folds[fold], model.config, facts)
    return {
        "benchmark": "strangers",
        "idea": idea,
        "fold": fold,
        "title": plan.folds[fold].title,
        "overrides": list(changed.set),
        "mel": changed.mel,
        "without": list(changed.without),
        **about,
        **measure_model(model, sets, folder / LOGITS, settings.device),
        **header(settings.device),
    }


def train(
    idea: Idea, whole: ExperimentConfig, left_out: Fold, folder: Path, fold: str, device: str
) -> tuple[RecognizerModel, Record]:
    """Return the network of an idea, and what its record says of the training."""
    data: DataConfig = left_out.split(whole.data)[0]
    beside = {
        name: str(folder.with_name(f"{of}_{fold}") / BEST)
        for name, of in (("teacher", idea.teacher), ("init", idea.begin))
        if of
    }
    result = run_experiment(replace(whole, data=data, **beside), folder, resume=True, device=device)  # type: ignore[arg-type]
    model = load_checkpoint(folder / (BEST if idea.best else LAST)).model
    if "init" in beside:
        begun = load_checkpoint(beside["init"]).model
        model.load_state_dict(mean_of([begun.state_dict(), model.state_dict()]))
    run = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return model, {
        "speakers": run["data"]["train"]["speakers"],
        "epochs": len(result.history),
        "seconds": result.seconds,
        "last_epoch": asdict(result.history[-1]),
    }


def measure_model(model: RecognizerModel, sets: LeftOutSets, logits: Path, device: str) -> Record:
    """Return what a trained network is worth for unknown speakers, and keep its logits."""
    scoring = TorchModel(model, calibration=Calibration(), device=device)
    clean = {name: Answers.of(scoring, clips) for name, clips in sets.digits.items()}
    noisy = {str(snr_db): Answers.of(scoring, clips) for snr_db, clips in sets.noisy.items()}
    negatives = {name: Answers.of(scoring, clips) for name, clips in sets.negatives.items()}
    save_logits({**clean, **{f"noisy_{snr_db}": each for snr_db, each in noisy.items()}, **negatives}, logits)
    pooled = Answers.pool(list(clean.values()))
    threshold = fit_calibration((pooled.logits, pooled.peaks), pooled.labels, words_refused=WORDS_REFUSED).threshold
    # Confidences are fitted on AN4's held-out speakers alone, so that the corpus left out tells how they hold elsewhere.
    known = Answers.pool([clean["an4"], *(each for snr_db, each in noisy.items() if int(snr_db) >= 0)])
    mine = np.array([utterance.speaker.startswith("an4/") for utterance in known.utterances])
    temperature = fit_calibration((known.logits[mine], known.peaks[mine]), known.labels[mine]).temperature
    calibration = Calibration(temperature, threshold)
    return {
        "calibration": calibration.to_dict(),
        "clean": {name: word_row(replace(each, calibration=calibration)) for name, each in clean.items()},
        "noisy": {name: word_row(replace(each, calibration=calibration)) for name, each in noisy.items()},
        "negatives": {name: negative_row(replace(each, calibration=calibration)) for name, each in negatives.items()},
    }


def save_logits(answers: Mapping[str, Answers], path: Path) -> None:
    """Keep the logits, labels and peaks of groups of recordings."""
    keys = ("logits", "labels", "peaks")
    arrays = {f"{name}.{key}": getattr(each, key) for name, each in answers.items() for key in keys}
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)
