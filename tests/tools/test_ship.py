"""Recipes: steps are done once, and anew where a recipe changed; the shipped weights tell of the same trainings."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.string_net import Memory
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.tasks.experiment import RECORD
from tools.measure.plan import read_plan
from tools.ship.__main__ import with_model
from tools.ship.recipe import RECIPES, Recipe, Stage, read_recipe
from tools.ship.speech_unit import SpeechFit, string_net
from tools.ship.stages import WEIGHTS, experiment, make_stage, make_stages, mean_model
from tools.ship.steps import DONE, Steps

ROOT = Path(__file__).parents[2]
SHIPPED = ("compact", "resnet50", "string_net", "speech_encoder")


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
    stage = [stage for stage in recipe.stages if stage.train is not None][-1]
    now = to_mapping(experiment(recipe, replace(stage, init=None), {})) | {"init": stage.init}
    then = load_checkpoint(name).info["training"]["experiment"]
    # What later versions can set besides is off, or without effect.
    kinds = dict.fromkeys((f"data.augment.negative_shares.{kind}" for kind in ("unspoken", "calls", "bursts")), 0.0)
    new = {"data.speaker_share": 1.0, "data.augment.augmentation.echo_probability": 0.0, **kinds}
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
        assert bool(strings) == (recipe.words is None)
    for stage in recipe.stages:
        if stage.train is not None:
            before = {each.name: Path("before") for each in recipe.stages}
            first = replace(stage, init=None, encoder=None)
            assert experiment(recipe, first, before).model == (stage.model or recipe.name)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"words": None}, "words or strings says how"),
        ({"stages": [{"name": "a", "mean": ["b"]}]}, "there is no stage b before"),
        ({"stages": [{"name": "a", "git": "x:y", "sha256": "0"}]}, "no stage trains"),
        ({"stages": [{"name": "a", "train": [], "mean": ["b"]}]}, "one of train, speech, git and mean"),
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


def test_the_unit_for_speech_is_fitted_and_nothing_else_changes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mel = MelConfig(sample_rate=8000, n_mels=40, compression="pcen", normalization="none", causal=True)
    (tmp_path / "strings").mkdir()
    model = RecognizerModel(RecognizerConfig("string_net", mel))
    save_checkpoint(model, tmp_path / "strings" / WEIGHTS)
    (tmp_path / "strings" / RECORD).write_text("{}")
    stage = Stage(name="speech", init="strings", speech=SpeechFit(channels=4, clips=100, epochs=1))
    quick = read_recipe(RECIPES / "quick.toml")
    recipe = replace(quick, model=None, stages=(quick.stages[0], stage))
    (tmp_path / "speech").mkdir()
    make_stage(recipe, stage, {"strings": tmp_path / "strings"}, tmp_path / "speech", "cpu")
    fitted = load_checkpoint(tmp_path / "speech" / WEIGHTS).model
    net, unit = string_net(fitted)
    assert model.state_dict().keys() < fitted.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(fitted.state_dict()[name], tensor), name
    assert unit(net.single_frames(torch.zeros(1, 40, 100), Memory(None)), Memory(None)).shape == (1, 1, 25)
    assert (tmp_path / "speech" / RECORD).is_file()
