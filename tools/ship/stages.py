"""The stages of a recipe: trainings, weights of earlier releases, means, a unit for speech.

The mean of the weights of trainings that began at one network is often better than each (Wortsman et al., *Model soups*,
ICML 2022).
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.config_files import read_toml, to_mapping
from aurora_resnet.files import atomic_path, write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_folder import file_sha256
from aurora_resnet.runtime.model_reference import SUFFIXES, resolve
from aurora_resnet.tasks.experiment import RECORD, VALIDATION, run_experiment
from aurora_resnet.training.experiment import ExperimentConfig, read_experiment
from aurora_resnet.training.state import BEST, LAST
from tools.ship.read_back import read_back
from tools.ship.recipe import Recipe, Stage
from tools.ship.steps import Steps

#: What a stage gives to the next one.
WEIGHTS = "weights.safetensors"
ENCODER = "classifier.encoder."
#: Where a training keeps the average of its weights.
AVERAGE = "average.module."


def make_stages(recipe: Recipe, steps: Steps, *, device: str = "cpu") -> dict[str, Path]:
    """Return the folder of each stage; what is missing is made."""
    folders: dict[str, Path] = {}
    for stage in recipe.stages:
        settings = {
            "stage": to_mapping(stage),
            "set": list(recipe.set),
            "config": read_toml(stage.config or recipe.config),
        }
        settings["begin"] = {  # weights of no stage are told by what is in them
            name: resolve(name, format="checkpoint").sha256
            for name in (stage.init, stage.teacher)
            if name and name not in folders
        }

        def make(folder: Path, stage: Stage = stage) -> None:
            make_stage(recipe, stage, folders, folder, device)

        folders[stage.name] = steps.do(stage.name, settings, make)
    return folders


def make_stage(recipe: Recipe, stage: Stage, before: Mapping[str, Path], folder: Path, device: str) -> None:
    """Write the weights of a stage into its folder, and ``run.json`` of its training.

    Args:
        recipe: of the stage.
        stage: to make.
        before: folders of the stages before.
        folder: to write to.
        device: where to train.
    """
    if stage.git is not None:
        _from_history(recipe, stage, folder)
    elif stage.mean:
        save_checkpoint(mean_model([before[name] / WEIGHTS for name in stage.mean]), folder / WEIGHTS)
        averaged = [before[name] for name in stage.mean if (before[name] / RECORD).is_file()]
        _tell_of_training(averaged[-1], folder, averaged=list(stage.mean))
    elif stage.speech is not None:
        trained = before[str(stage.init)]
        recordings = experiment(recipe, replace(stage, init=None), before)
        model = stage.speech.fit(load_checkpoint(trained / WEIGHTS).model, recordings)
        save_checkpoint(model, folder / WEIGHTS)
        _tell_of_training(trained, folder)
    else:
        run_experiment(experiment(recipe, stage, before), folder, device=device, resume=True, progress=True)
        _name_stages(folder / RECORD, before)
        model = last_average(folder) if stage.last else load_checkpoint(folder / BEST).model
        save_checkpoint(model, folder / WEIGHTS)


def _name_stages(record: Path, before: Mapping[str, Path]) -> None:
    """Let a training tell of the stages before it by their names, not by where they happened to lie."""
    text = record.read_text(encoding="utf-8")
    for name, folder in before.items():
        text = text.replace(json.dumps(str(folder / WEIGHTS)), json.dumps(name))
    write_json(json.loads(text), record)


def _tell_of_training(trained: Path, folder: Path, **more: Any) -> None:
    """Write what a training says of itself and of its validation for weights that come from it."""
    if (trained / VALIDATION).is_file():
        shutil.copy(trained / VALIDATION, folder)
    write_json({**json.loads((trained / RECORD).read_text(encoding="utf-8")), **more}, folder / RECORD)


def experiment(recipe: Recipe, stage: Stage, before: Mapping[str, Path]) -> ExperimentConfig:
    """Return the training of a stage."""
    values = [*recipe.set, *(stage.train or ())]
    for key, name in (("init", stage.init), ("weights", stage.encoder), ("teacher", stage.teacher)):
        if name:
            values.append(f"{key}={before[name] / WEIGHTS if name in before else name}")
    return read_experiment(stage.config or recipe.config, stage.model or recipe.model, overrides=values)


def _from_history(recipe: Recipe, stage: Stage, folder: Path) -> None:
    """Write weights of an earlier release; those of an exported model are unfolded on clips of the training."""
    found = subprocess.run(["git", "show", str(stage.git)], capture_output=True, check=False)
    if found.returncode:
        raise ConfigError(
            f"stage {stage.name}: git has no {stage.git} ({found.stderr.decode(errors='replace').strip()}); fetch the "
            "whole history (git fetch --unshallow)"
        )
    exported = str(stage.git).endswith(SUFFIXES["onnx"])
    file = folder / f"history{SUFFIXES['onnx']}" if exported else folder / WEIGHTS
    with atomic_path(file) as temporary:
        temporary.write_bytes(found.stdout)
    if file_sha256(file) != stage.sha256:
        raise ConfigError(
            f"stage {stage.name}: {stage.git} is another file than the recipe's, whose sha256 is {stage.sha256}"
        )
    if exported:
        save_checkpoint(read_back(file, read_experiment(recipe.config, recipe.model)), folder / WEIGHTS)


def mean_of(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor of numbers with fractions; of whole numbers, which only count, the last.

    >>> states = [{"w": torch.tensor([1.0]), "n": torch.tensor(1)}, {"w": torch.tensor([2.0]), "n": torch.tensor(5)}]
    >>> mean_of(states)
    {'w': tensor([1.5000]), 'n': tensor(5)}
    """
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in states[-1].items()
    }


def mean_model(files: Sequence[Path]) -> RecognizerModel:
    """Return the network with the mean of the weights of checkpoints; one that is named twice counts twice.

    Of networks with one encoder and different heads the mean of the encoders is taken, with the head of the last one.

    Raises:
        ConfigError: if they are of different networks without such an encoder.
    """
    models = [load_checkpoint(file).model for file in files]
    states = [model.state_dict() for model in models]
    if any(model.config != models[0].config for model in models):
        shared = [name for name in states[-1] if name.startswith(ENCODER)]
        if not shared or any({n for n in state if n.startswith(ENCODER)} != set(shared) for state in states):
            raise ConfigError(f"the mean of different networks was asked for: {', '.join(map(str, files))}")
        states = [{name: state[name] for name in shared} for state in states]
    models[-1].load_state_dict(mean_of(states), strict=False)
    return models[-1]


def last_average(run: Path) -> RecognizerModel:
    """Return the network with the average of its weights that a training kept at its end, not its best epoch.

    Args:
        run: folder of the training.
    """
    ended = load_checkpoint(run / LAST)
    ended.model.load_state_dict({name: ended.state[f"{AVERAGE}{name}"] for name in ended.model.state_dict()})
    return ended.model
