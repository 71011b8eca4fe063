"""Recipes: steps are done once, and anew where a recipe changed; the shipped weights tell of the same trainings."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.decision import evidence
from aurora_resnet.runtime.errors import ConfigError
from tools.measure.plan import read_plan
from tools.ship.__main__ import with_model
from tools.ship.left_out_point import LeftOutPoint
from tools.ship.recipe import RECIPES, Recipe, read_recipe
from tools.ship.stages import WEIGHTS, experiment, make_stage, make_stages, mean_model
from tools.ship.steps import DONE, Steps

ROOT = Path(__file__).parents[2]
SHIPPED = ("compact", "resnet50", "string_net")


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths of recipes begin there."""
    monkeypatch.chdir(ROOT)


def test_a_step_that_was_interrupted_is_done_again_in_its_folder(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Steps(tmp_path).do("train", {"epochs": 1}, fail)
    found: list[list[str]] = []
    folder = Steps(tmp_path).do(
        "train", {"epochs": 1}, lambda step: found.append([each.name for each in step.iterdir()])
    )
    assert found == [["half"]]
    assert Steps(tmp_path).do("train", {"epochs": 1}, fail) == folder
    assert (folder / DONE).is_file()


def test_what_follows_a_changed_step_is_done_anew(tmp_path: Path) -> None:
    made: list[str] = []

    def run(**settings: int) -> None:
        steps = Steps(tmp_path)
        for name in ("data", "train", "export"):
            steps.do(name, {"value": settings.get(name, 0)}, lambda _, name=name: made.append(name))  # type: ignore[misc]

    run()
    run()
    assert made == ["data", "train", "export"]
    run(train=1)
    assert made[3:] == ["train", "export"]
    run()  # what it was before is still there
    assert len(made) == 5


@pytest.mark.parametrize("name", ["compact", "resnet50"])
def test_a_recipe_is_the_training_that_the_shipped_weights_tell_of(name: str) -> None:
    recipe = read_recipe(RECIPES / f"{name}.toml")
    stage = next(stage for stage in recipe.stages if stage.train is not None)
    begun = replace(stage, init="compact" if stage.init else None)  # the second edition's was called so
    now, then = to_mapping(experiment(recipe, begun, {})), load_checkpoint(name).info["training"]["experiment"]
    # What later versions can set besides is off, or without effect.
    new = {"data.speaker_share": 1.0, "data.augment.augmentation.echo_probability": 0.0}
    unused = ("clipping_db", "echo_db", "echo_seconds")
    assert {**new, **_flat(then)} == {key: v for key, v in _flat(now).items() if key in _flat(then) or key in new}
    assert all(key in _flat(then) or key in new or key.endswith(unused) for key in _flat(now))
    averaged = load_checkpoint(name).info["training"].get("averaged", [])
    assert averaged == [each for stage in recipe.stages for each in stage.mean]


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{before}{key}.") if isinstance(value, dict) and value else {f"{before}{key}": value}
    return flat


@pytest.mark.parametrize("name", SHIPPED)
def test_recipes_measure_what_the_plan_has(name: str) -> None:
    recipe, plan = read_recipe(RECIPES / f"{name}.toml"), read_plan()
    for measured in (recipe.measure.weights, recipe.measure.exported):
        file = Path(f"here/{name}.onnx")
        words, strings = (getattr(with_model(plan, measured, file), kind) for kind in ("words", "strings"))
        assert (words is None) == (recipe.words is None)
        assert (strings is None) == (recipe.strings is None)
    for stage in recipe.stages:
        if stage.train is not None:
            before = {each.name: Path("before") for each in recipe.stages}
            first = replace(stage, init=None)
            assert experiment(recipe, first, before).model == recipe.name


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"words": None}, "one of words and strings"),
        ({"stages": [{"name": "a", "mean": ["b"]}]}, "there is no stage b before"),
        ({"stages": [{"name": "a", "git": "x:y", "sha256": "0"}]}, "no stage trains"),
        ({"stages": [{"name": "a", "train": [], "mean": ["b"]}]}, "one of train, git and mean"),
        ({"stages": [{"name": "a", "git": "x:y"}]}, "git and sha256 belong together"),
    ],
)
def test_an_impossible_recipe_is_refused(change: dict[str, Any], problem: str) -> None:
    values = to_mapping(read_recipe(RECIPES / "quick.toml"))
    with pytest.raises(ConfigError, match=problem):
        from_mapping(Recipe, {**values, **change})


def test_weights_of_history_are_those_that_the_recipe_says(tmp_path: Path) -> None:
    recipe = read_recipe(RECIPES / "compact.toml")
    begin, training = recipe.stages[:2]
    other = replace(begin, sha256="0")
    problems = {replace(other, git="nowhere:x"): "git has no nowhere:x"}
    if subprocess.run(["git", "cat-file", "-e", str(begin.git)], capture_output=True).returncode == 0:  # not shallow
        problems[other] = "is another file"
        (tmp_path / "begin").mkdir()
        make_stage(recipe, begin, {}, tmp_path / "begin", "cpu")
        assert load_checkpoint(tmp_path / "begin" / WEIGHTS).calibration.rejects
    for stage, problem in problems.items():
        with pytest.raises(ConfigError, match=problem):
            make_stages(replace(recipe, stages=(stage, training)), Steps(tmp_path))


def test_the_mean_counts_a_network_as_often_as_it_is_named(tmp_path: Path) -> None:
    files = []
    for number in range(2):
        torch.manual_seed(number)
        model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
        files.append(tmp_path / f"{number}.safetensors")
        save_checkpoint(model, files[-1])
    first, second = (load_checkpoint(file).model.state_dict() for file in files)
    mean = mean_model([files[0], files[1], files[1], files[1]]).state_dict()
    for name, tensor in mean.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, 0.25 * first[name] + 0.75 * second[name])
    with pytest.raises(ConfigError, match="different networks"):
        mean_model([files[0], Path("src/aurora_resnet/pretrained/compact.safetensors")])


def test_the_operating_point_is_that_of_left_out_speakers() -> None:
    generator = np.random.default_rng(0)

    def group(offset: float, count: int, labels: int) -> dict[str, np.ndarray[Any, Any]]:
        logits = generator.normal(0, 1, (count, 11))
        truth = np.full(count, labels)
        if labels < 11:
            truth = generator.integers(0, 11, count)
            logits[np.arange(count), truth] += offset
        return {"logits": logits, "labels": truth, "peaks": np.full((count, 1), 0.5)}

    negatives = ("letters", "talk")
    parts = {"an4": group(3.0, 400, 0)}
    parts["left_out"] = parts["an4"] | {"logits": 2.0 * parts["an4"]["logits"]}  # twice as sure, no more often right
    for snr_db in (20, 0, -5):  # left out first; both are as sure in noise as they are without
        parts[f"noisy_{snr_db}"] = {
            key: np.concatenate([parts["left_out"][key], parts["an4"][key]]) for key in parts["an4"]
        }
    parts |= {kind: group(0.0, 100, 11) for kind in negatives}
    flat = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()}
    point = LeftOutPoint.of(flat)
    assert point.temperature_factor == pytest.approx(2.0, rel=1e-3)

    def refused_and_accepted(first: int, threshold: float) -> tuple[float, float]:
        refused = float((evidence(parts["left_out"]["logits"][first:]) < threshold).mean())
        return refused, float(np.mean([(evidence(parts[kind]["logits"]) >= threshold).mean() for kind in negatives]))

    refused, accepted = refused_and_accepted(0, point.threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 400)  # a step of the one share
    flat["left_out.peaks"][:200] = 0.0  # silence is refused whatever the threshold is
    refused, accepted = refused_and_accepted(200, LeftOutPoint.of(flat).threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 200)
