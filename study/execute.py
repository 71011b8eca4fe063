"""One run of the study: train, answer the test, write the record."""

import json
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.files import write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.model_folder import file_sha256
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.tasks.experiment import RECORD, build_network, run_experiment
from aurora_resnet.training.history import read_history
from aurora_resnet.training.state import BEST, HISTORY, LAST

from .measures import articulation, free_bands
from .plan import Run
from .strings import recognise
from .test_set import StudyTest


def execute(run: Run, out: Path, record: Path, threads: int) -> str:
    """Train and test; an interrupted run goes on from its last epoch.

    Args:
        run: what to train.
        out: the study's folder, with what ``test_set.build`` and ``strings.build`` make.
        record: the file to write.
        threads: CPU threads to compute with; the numbers depend on it in the last digits.

    Returns:
        The run's name.
    """
    started = time.monotonic()
    torch.set_num_threads(threads)
    folder = out / "runs" / run.name
    experiment = run.experiment(out)
    data, bfloat16 = Path(experiment.data.root), experiment.training.bfloat16
    untrained = build_network(experiment, DIGITS)
    run_experiment(experiment, folder, resume=True)
    checkpoint = load_checkpoint(folder / (BEST if experiment.training.early_stopping else LAST), trust_code=True)
    content = {
        "kind": "study",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run.name,
        "command": run.command(),
        "seed": run.seed,
        "overrides": list(run.overrides),
        "training": json.loads((folder / RECORD).read_text(encoding="utf-8")),
        "training_sha256": checkpoint.info["fingerprint"],
        "weights_sha256": file_sha256(experiment.weights) if experiment.weights not in (None, "none") else None,
        "history": [vars(epoch) for epoch in read_history(folder / HISTORY)],
        "measured": {
            when: _measured(run, model, out, data, bfloat16)
            for when, model in (("before", untrained), ("after", checkpoint.model))
            if run.measures
        },
        "answers": study_test(out).answers(checkpoint.model, bfloat16=bfloat16) if run.tested else {},
        "strings": recognise(checkpoint.model, data, out, bfloat16=bfloat16) if experiment.data.strings else {},
    }
    content["wall_seconds"] = round(time.monotonic() - started, 1)
    write_json(content, record, indent=1)
    for name in (LAST, BEST):  # a hundred megabytes each, and the record repeats them
        (folder / name).unlink()
    return run.name


def _measured(run: Run, model: RecognizerModel, out: Path, data: Path, bfloat16: bool) -> dict[str, Any]:
    model.eval()
    found: dict[str, Any] = {}
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        if "bands" in run.measures:
            found["bands"] = free_bands(model, *study_test(out).clean())
        if "stages" in run.measures:
            found["stages"] = articulation(model, data / "an4")
    return found


@cache
def study_test(out: Path) -> StudyTest:
    """Read the test once for a process."""
    return StudyTest.load(out / "test")
