"""Leave one corpus out, train, and measure on it: what an idea is worth among people that no training heard.

    python -m tools.strangers --idea base pcen --fold speech_commands_v2 fsdd

Each run trains by ``examples/train_voices.toml``, changed as the idea says and without the fold's corpora, and writes
``docs/records/strangers/IDEA_FOLD.json``. A run that was interrupted goes on, one whose record is there is passed over.
``--workers 4`` has four at a time, ``--engine ray`` those of a cluster. ``--shipped compact`` measures the weights of
the package instead, where a fold's corpora were not heard by their training. The threshold of a run refuses
``WORDS_REFUSED`` of its strangers' clean digits, so that ideas are compared at one operating point; what it accepts of
near words and talk is counted there. Logits are kept beside the run for ``tools.ship_weights``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.calibration.word_point import fit_calibration
from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint
from aurora_resnet.engines.engine import create_engine
from aurora_resnet.engines.jobs import Job, run_jobs
from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.files import atomic_path, write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.training.data import DataConfig
from aurora_resnet.training.experiment import RECORD, ExperimentConfig, read_experiment, run_experiment
from aurora_resnet.training.state import BEST, LAST
from tools.average_weights import mean_of
from tools.shipped.scores import negative_row, word_row
from tools.strangers.ideas import EPOCHS, FOLDS, IDEAS, Fold, Idea
from tools.strangers.sets import Strangers, is_left_out, read_strangers

CONFIG = Path("examples/train_voices.toml")
RECORDS = Path("docs/records/strangers")
WORDS_REFUSED = 0.025


def experiment_of(idea: Idea, config: Path, overrides: list[str]) -> ExperimentConfig:
    """Return the training of an idea with all corpora, taught by the shipped model of the teacher's name."""
    values = [f"training.epochs={idea.epochs}", *idea.overrides, *overrides]
    values += [f"teacher={idea.teacher}"] if idea.teacher else []
    whole = read_experiment(config, idea.model, overrides=values)
    data = whole.data
    if idea.without:
        kept = (source for source in data.train if not any(part in source.corpus for part in idea.without))
        data = replace(data, train=tuple(kept))
    return replace(whole, mel=replace(whole.mel, **idea.mel), data=data)


def without(data: DataConfig, fold: Fold) -> DataConfig:
    """Return the data without a fold's corpora."""
    kept = tuple(source for source in data.train if not is_left_out(source.corpus, fold))
    if len(kept) == len(data.train):
        raise SystemExit(f"the training file has no corpus of the fold {fold.title}")
    return replace(data, train=kept)


def measure(model: RecognizerModel, strangers: Strangers, logits: Path, device: str) -> dict[str, Any]:
    """Return what a trained network is worth among strangers, and keep its logits."""
    scoring = TorchModel(model, calibration=Calibration(), device=device)
    clean = {name: Answers.of(scoring, clips) for name, clips in strangers.digits.items()}
    noisy = {str(snr_db): Answers.of(scoring, clips) for snr_db, clips in strangers.noisy.items()}
    negatives = {name: Answers.of(scoring, clips) for name, clips in strangers.negatives.items()}
    with atomic_path(logits) as temporary:
        groups = {**clean, **{f"noisy_{snr_db}": each for snr_db, each in noisy.items()}, **negatives}
        arrays = {
            f"{name}.{key}": getattr(each, key)
            for name, each in groups.items()
            for key in ("logits", "labels", "peaks")
        }
        np.savez_compressed(temporary, **arrays)
    pooled = Answers.pool(list(clean.values()))
    threshold = fit_calibration((pooled.logits, pooled.peaks), pooled.labels, words_refused=WORDS_REFUSED).threshold
    # Confidences are fitted on AN4's held-out speakers alone, so that the corpus left out tells how they hold elsewhere.
    known = Answers.pool([clean["an4"], *(each for snr_db, each in noisy.items() if int(snr_db) >= 0)])
    mine = np.array([utterance.speaker.startswith("an4/") for utterance in known.utterances])
    temperature = fit_calibration((known.logits[mine], known.peaks[mine]), known.labels[mine]).temperature
    calibration = Calibration(temperature, threshold)
    decided = {name: replace(each, calibration=calibration) for name, each in {**clean, **noisy}.items()}
    return {
        "calibration": calibration.to_dict(),
        "clean": {name: word_row(decided[name]) for name in clean},
        "noisy": {name: word_row(decided[name]) for name in noisy},
        "negatives": {n: negative_row(replace(each, calibration=calibration)) for n, each in negatives.items()},
    }


def run(idea: str, fold: str, out: Path, config: Path, overrides: list[str], device: str) -> dict[str, Any]:
    """Train an idea without a fold, or go on with it, and return its record."""
    changed = IDEAS[idea]
    whole = experiment_of(changed, config, overrides)
    if changed.teacher:
        whole = replace(whole, teacher=str(out / f"{changed.teacher}_{fold}" / BEST))
    if changed.begin:
        whole = replace(whole, init=str(out / f"{changed.begin}_{fold}" / BEST))
    folder = out / f"{idea}_{fold}"
    experiment = replace(whole, data=without(whole.data, FOLDS[fold]))
    result = run_experiment(experiment, folder, resume=True, device=device)
    record = {
        "idea": idea,
        "overrides": [*changed.overrides, *overrides],
        "mel": dict(changed.mel),
        "without": list(changed.without),
        "speakers": json.loads((folder / RECORD).read_text(encoding="utf-8"))["data"]["train"]["speakers"],
        "epochs": len(result.history),
        "seconds": result.seconds,
        "last_epoch": asdict(result.history[-1]),
    }
    # After few epochs the last one: nothing is chosen, and an average over 1,000 steps still remembers the start.
    model = load_checkpoint(folder / (LAST if changed.epochs == EPOCHS else BEST)).model
    if changed.begin and whole.init:
        model.load_state_dict(mean_of([load_checkpoint(whole.init).model.state_dict(), model.state_dict()]))
    return record | measured(model, fold, whole.data, folder / "logits.npz", device)


def shipped(name: str, fold: str, out: Path, config: Path, device: str) -> dict[str, Any]:
    """Return the record of the package's weights."""
    whole = experiment_of(IDEAS["base"], config, [])
    record = {"idea": f"shipped_{name}", "sha256": resolve(name, format="checkpoint").sha256}
    return record | measured(load_checkpoint(name).model, fold, whole.data, out / f"shipped_{name}_{fold}.npz", device)


def measured(model: RecognizerModel, fold: str, data: DataConfig, logits: Path, device: str) -> dict[str, Any]:
    """Return what a record says of a network among the strangers of a fold."""
    facts = TorchModel(model, calibration=Calibration()).facts
    strangers = read_strangers(data, FOLDS[fold], model.config, facts)
    return {
        "benchmark": "strangers",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "fold": fold,
        "title": FOLDS[fold].title,
        **measure(model, strangers, logits, device),
        "environment": describe_environment(device),
    }


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idea", nargs="+", choices=IDEAS, default=["base"])
    parser.add_argument("--shipped", choices=PRETRAINED, help="measure these weights, train nothing")
    parser.add_argument("--fold", nargs="+", choices=FOLDS, default=list(FOLDS))
    parser.add_argument("--out", type=Path, default=Path("runs/strangers"), help="folder of the trainings")
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--set", dest="overrides", nargs="*", default=[], metavar="KEY=VALUE", help="of the file")
    parser.add_argument("--device", default="cpu", help="where to compute")
    parser.add_argument("--threads", type=int, default=1, help="of each run")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="processes here, or a Ray cluster")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time; each needs some gigabytes")
    options = parser.parse_args()
    jobs: list[Job[str]] = []
    for fold in options.fold:
        for idea in [f"shipped_{options.shipped}"] if options.shipped else options.idea:
            path = options.records / f"{idea}_{fold}.json"
            if not path.exists():
                make = (
                    partial(shipped, options.shipped, fold, options.out, options.config, options.device)
                    if options.shipped
                    else partial(run, idea, fold, options.out, options.config, options.overrides, options.device)
                )
                jobs.append(partial(record_of, make, path, options.threads))
    engine = create_engine(options.engine, workers=options.workers, processors=options.threads, long_pieces=True)
    failed = 0
    for outcome in run_jobs(engine, jobs):
        failed += outcome.result is None
        print(outcome.result or f"failed: {outcome.lost}", flush=True)
    if failed:
        raise SystemExit(1)


def record_of(make: Callable[[], dict[str, Any]], path: Path, threads: int) -> str:
    """Write a run's record and return what it says in a line."""
    set_threads(threads)
    record = make()
    write_json(record, path, indent=1)
    noise = " ".join(f"{snr_db} dB {row['accuracy']:.4f}" for snr_db, row in record["noisy"].items())
    return f"{path} right {record['clean']['left_out']['accuracy']:.4f} {noise}"


if __name__ == "__main__":
    main()
