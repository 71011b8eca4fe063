"""Train without a corpus and measure on it: what an idea is worth for speakers of no training.

Each run trains by the plan's training file, changed as an idea says and without a fold's corpora; a run that was
interrupted goes on. The threshold of a run refuses ``WORDS_REFUSED`` of the clean digits of both groups of unknown
speakers, so that ideas are compared at one operating point; what it accepts of near words and talk is counted there.
Logits are kept beside the run: ``tools.ship`` carries operating points over by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.scoring import TorchModel
from aurora_resnet.training.calibrate import fit_calibration
from aurora_resnet.training.data import DataConfig, SoundFiles
from aurora_resnet.training.experiment import RECORD, ExperimentConfig, read_experiment, run_experiment
from aurora_resnet.training.state import BEST, LAST
from tools.measure.left_out_sets import read_digits, read_negatives
from tools.measure.records import Job, Record, Settings, header
from tools.measure.scores import negative_row, word_row

WORDS_REFUSED = 0.025
LOGITS = "logits.npz"
NOISY = "noisy_"


@dataclass(frozen=True)
class Fold:
    """A group of speakers that a training leaves out.

    Attributes:
        title: who they are.
        corpora: of the training file, left out and tested on; parts of ``KIND:PATH``.
    """

    title: str
    corpora: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Idea:
    """What is changed of the training file.

    Attributes:
        set: ``section.key=value``, as ``aurora-resnet train --set`` takes them.
        without: corpora that are not trained on, told as a fold's are.
        model: that is trained.
        epochs: of the training.
        best: whether the best epoch counts, as for shipped weights; otherwise the last one.
    """

    set: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    model: str = "compact"
    epochs: int = 8
    best: bool = False

    def experiment(self, config: str) -> ExperimentConfig:
        """Return the training with all corpora."""
        whole = read_experiment(config, self.model, overrides=[f"training.epochs={self.epochs}", *self.set])
        return replace(whole, data=split_corpora(whole.data, self.without)[1]) if self.without else whole


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """All ideas and all folds.

    Attributes:
        config: the training file.
        records: folder below that of the records.
        folds: by name.
        ideas: by name.
        negatives: what is no digit, by kind.
        talk: without digits, of which pieces are cut.
    """

    config: str
    records: str
    folds: dict[str, Fold]
    ideas: dict[str, Idea]
    negatives: dict[str, tuple[SoundFiles, ...]]
    talk: SoundFiles

    def jobs(self, settings: Settings) -> Iterator[Job]:
        """Yield what makes a record of each idea without each fold."""
        for fold in self.folds:
            for idea in self.ideas:
                path = settings.path(f"{self.records}/{idea}_{fold}.json")
                yield Job(path, partial(measure, self, idea, fold, settings))


def split_corpora(data: DataConfig, names: tuple[str, ...]) -> tuple[DataConfig, DataConfig]:
    """Return the data of the corpora of these names, and that of all others.

    Raises:
        SystemExit: if the training file has none of them.
    """
    chosen = tuple(source for source in data.train if any(name in source.corpus for name in names))
    if not chosen:
        raise SystemExit(f"the training file has no corpus of {', '.join(names)}")
    rest = tuple(source for source in data.train if source not in chosen)
    return replace(data, train=chosen), replace(data, train=rest)


def measure(plan: LeftOut, idea: str, fold: str, settings: Settings) -> Record:
    """Train an idea without a fold, or go on with it, and return its record."""
    changed, folder = plan.ideas[idea], settings.runs / "left_out" / f"{idea}_{fold}"
    whole = changed.experiment(plan.config)
    left_out, kept = split_corpora(whole.data, plan.folds[fold].corpora)
    result = run_experiment(replace(whole, data=kept), folder, resume=True, device=settings.device)
    run = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    model = load_checkpoint(folder / (BEST if changed.best else LAST)).model
    scoring = TorchModel(model, calibration=Calibration(), device=settings.device)
    # A share of the speakers is one of the training alone.
    left_out, data = (replace(part, share=1.0, speaker_share=1.0) for part in (left_out, whole.data))
    digits = read_digits(left_out, data, scoring.facts)
    negatives = read_negatives(plan.negatives, plan.talk, data.root, scoring.facts)
    answers = {name: Answers.of(scoring, clips) for name, clips in (digits | negatives).items()}
    save_logits(answers, folder / LOGITS)
    calibration = choose_calibration(answers)
    decided = {name: replace(each, calibration=calibration) for name, each in answers.items()}
    return {
        "benchmark": "strangers",
        "idea": idea,
        "fold": fold,
        "title": plan.folds[fold].title,
        "overrides": list(changed.set),
        "without": list(changed.without),
        "speakers": run["data"]["train"]["speakers"],
        "epochs": len(result.history),
        "seconds": result.seconds,
        "last_epoch": asdict(result.history[-1]),
        "calibration": calibration.to_dict(),
        "clean": {name: word_row(decided[name]) for name in digits if not name.startswith(NOISY)},
        "noisy": {name.removeprefix(NOISY): word_row(decided[name]) for name in digits if name.startswith(NOISY)},
        "negatives": {name: negative_row(decided[name]) for name in negatives},
        **header(settings.device),
    }


def choose_calibration(answers: dict[str, Answers]) -> Calibration:
    """Return the calibration by which ideas are compared."""
    pooled = Answers.pool([answers["left_out"], answers["an4"]])
    threshold = fit_calibration((pooled.logits, pooled.peaks), pooled.labels, words_refused=WORDS_REFUSED).threshold
    # Confidences are fitted on AN4's held-out speakers alone, so that the corpus left out tells how they hold elsewhere.
    noisy = [each for name, each in answers.items() if name.startswith(NOISY) and "-" not in name]
    known = Answers.pool([answers["an4"], *noisy])
    mine = np.isin(known.speakers, answers["an4"].speakers)
    temperature = fit_calibration((known.logits[mine], known.peaks[mine]), known.labels[mine]).temperature
    return Calibration(temperature, threshold)


def save_logits(answers: dict[str, Answers], path: Path) -> None:
    """Keep the logits, labels and peaks of groups of recordings."""
    keys = ("logits", "labels", "peaks")
    arrays = {f"{name}.{key}": getattr(each, key) for name, each in answers.items() for key in keys}
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)
