"""Make the weights that ship: data, negatives, trainings, their mean, operating point, card, export, records.

    python -m tools.ship tools/ship/recipes/compact.toml             # into runs/ship/compact, resumable
    python -m tools.ship compact --install                           # the same; then copied into the package
    python -m tools.ship quick                                       # a tiny model of the packaged samples, end to end

The checkpoint is measured before it is exported, because the exported file carries the card with what was measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.config_files import to_mapping
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.files import atomic_path, locked_folder, write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import SUFFIXES
from aurora_resnet.tasks.experiment import RECORD
from tools.measure.plan import PLAN, Plan, read_plan
from tools.measure.records import Settings
from tools.measure.words import WordModel
from tools.reports.__main__ import card, encoder_card, string_card
from tools.ship.recipe import RECIPES, Data, Recipe, read_recipe
from tools.ship.stages import WEIGHTS, experiment, make_stages
from tools.ship.steps import Steps

#: What a checkpoint says of its training.
KEPT = ("experiment", "data", "epochs", "seconds", "environment", "created", "averaged")
#: The string head's checkpoint of a model of words and strings.
STRINGS = "strings.safetensors"
PACKAGE = Path("src/aurora_resnet")
RECORDS = Path("docs/records")


def ship(recipe: Recipe, out: Path, *, device: str = "cpu") -> dict[str, Path]:
    """Make what a recipe asks for, as far as it is not there.

    Args:
        recipe: what to do.
        out: folder of the run.
        device: where to train.

    Returns:
        The files that ship: ``weights``, ``card``, ``exported``, and the records ``weights_record``, ``exported_record``.
    """
    steps = Steps(out)
    for number, data in enumerate(recipe.data):
        steps.do(f"data{number}", to_mapping(data), partial(_run, data))
    stages = make_stages(recipe, steps, device=device)
    trained = stages[recipe.stages[-1].name]
    run = _read(trained / RECORD)
    points = [to_mapping(each) for each in (recipe.words, recipe.strings) if each]
    point = {"half": recipe.half, "point": points}
    files = {"weights": steps.do("weights", point, lambda folder: _calibrate(recipe, stages, run, folder))}
    folder = files["weights"]
    files["weights"] = folder / f"{recipe.name}.safetensors"
    files["weights_record"] = _measured(recipe, steps, recipe.measure.weights, files["weights"])
    checkpoint = replace(load_checkpoint(files["weights"]), name=recipe.name)
    strings = load_checkpoint(folder / STRINGS) if recipe.string_stage else None

    def describe(folder: Path) -> None:
        record = _read(files["weights_record"])
        if strings is not None:
            runs = {stage.name: _read(stages[stage.name] / RECORD) for stage in recipe.stages}
            text = encoder_card(recipe.name, checkpoint, strings, runs, record)
        elif recipe.strings:
            text = string_card(checkpoint, run, record)
        else:
            text = card(recipe.name, checkpoint, record)
        with atomic_path(folder / f"{recipe.name}.md") as temporary:
            temporary.write_text(text, encoding="utf-8")

    files["card"] = steps.do("card", {"name": recipe.name}, describe) / f"{recipe.name}.md"
    with_card = replace(checkpoint, card=files["card"].read_text(encoding="utf-8"))

    def export(folder: Path) -> None:
        path = folder / f"{recipe.name}{SUFFIXES['onnx']}"
        asked = {"recordings": recipe.recordings, "name": recipe.name, "strings": strings}
        tell(str(export_onnx(with_card, path, int8=True, **asked)))  # type: ignore[arg-type]

    files["exported"] = steps.do("exported", {"recordings": list(recipe.recordings)}, export)
    files["exported"] /= f"{recipe.name}{SUFFIXES['onnx']}"
    files["exported_record"] = _measured(recipe, steps, recipe.measure.exported, files["exported"])
    if recipe.measure.strings:
        files["strings_record"] = _measured(recipe, steps, recipe.measure.strings, files["exported"])
    for what in ("weights", "card", "exported"):
        files[what] = Path(shutil.copyfile(files[what], out / files[what].name))
    return files


def _run(data: Data, folder: Path) -> None:
    """Run a program that makes recordings, of this revision or an earlier one."""
    environment = dict(os.environ)
    if data.revision:
        archive = folder / "source.tar"
        subprocess.run(["git", "archive", "--output", str(archive), data.revision], check=True)
        shutil.unpack_archive(archive, folder, filter="data")
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (folder.resolve(), folder.resolve() / "src")))
    before = ["-P"] if data.revision else []  # the working folder does not come before PYTHONPATH
    if subprocess.run([sys.executable, *before, "-m", *data.command], env=environment, check=False).returncode:
        raise ConfigError(f"python -m {' '.join(data.command)} failed; what it printed says why")


def _calibrate(recipe: Recipe, stages: dict[str, Path], run: dict[str, Any], folder: Path) -> None:
    """Write the trained weights with their operating points."""
    kept = {key: run[key] for key in KEPT if key in run}

    def write(file: str, model: RecognizerModel, calibration: Calibration, info: dict[str, Any]) -> None:
        about = {**info, "training": kept}
        save_checkpoint(model, folder / file, calibration=calibration, info=about, half=recipe.half)
        tell(f"{folder / file}: {calibration}")

    file = f"{recipe.name}.safetensors"
    if recipe.words:
        model = load_checkpoint(stages[recipe.stages[-1].name] / WEIGHTS).model
        stage = next(stage for stage in reversed(recipe.stages) if stage.train is not None)
        data = experiment(recipe, stage, stages).data
        write(file, model, *recipe.words.choose(TorchModel(model), data))
    if recipe.strings:
        trained = stages[recipe.string_stage or recipe.stages[-1].name]
        model = load_checkpoint(trained / WEIGHTS).model
        write(STRINGS if recipe.words else file, model, *recipe.strings.choose(model, trained))


def _read(record: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return found


def _measured(recipe: Recipe, steps: Steps, name: str, file: Path) -> Path:
    """Return the record of a measurement of a file."""
    plan = with_model(read_plan(recipe.measure.plan or PLAN), name, file)
    asked = {"quick": recipe.measure.quick, "plan": json.loads(json.dumps(asdict(plan), default=str))}

    def measure(folder: Path) -> None:
        settings = Settings(data=Path(plan.data), records=folder, runs=steps.folder, quick=recipe.measure.quick)
        (job,) = plan.jobs(settings, ("words", "strings"))
        write_json(job.make(), folder / "record.json", indent=1)

    return steps.do(f"measured_{name}", asked, measure) / "record.json"


def with_model(plan: Plan, name: str, file: Path) -> Plan:
    """Return a plan that measures another file alone, as it measures the model ``name``."""
    if plan.words and name in plan.words.models:
        model = WordModel(model=str(file), checkpoint=file.suffix == SUFFIXES["checkpoint"])
        return Plan(data=plan.data, words=replace(plan.words, models={name: model}))
    if name in plan.strings:
        return Plan(data=plan.data, strings={name: str(file)})
    raise ConfigError(f"the plan has no model '{name}' of words or strings")


def install(recipe: Recipe, files: dict[str, Path]) -> None:
    """Copy what ships into the package, and its records to the others."""
    places = {"exported": PACKAGE / "runtime" / "exported" / files["exported"].name}
    records = RECORDS / ("shipped" if recipe.words else "strings")
    places["exported_record"] = records / f"{recipe.measure.exported}.json"
    if recipe.measure.strings:
        places["strings_record"] = RECORDS / "strings" / f"{recipe.measure.strings}.json"
    if recipe.words and not recipe.strings:  # models of strings ship as exported files alone
        places["weights_record"] = records / f"{recipe.measure.weights}.json"
        places |= {what: PACKAGE / "pretrained" / files[what].name for what in ("weights", "card")}
    for what, place in places.items():
        shutil.copyfile(files[what], place)
        tell(f"{place}")


def main(arguments: list[str] | None = None) -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a recipe's file, or the name of one in tools/ship/recipes")
    parser.add_argument("--out", type=Path, help="folder of the run (default runs/ship/NAME)")
    parser.add_argument("--device", default="cpu", help="where to train")
    parser.add_argument("--install", action="store_true", help="copy what ships into the package")
    options = parser.parse_args(arguments)
    path = Path(options.recipe)
    recipe = read_recipe(path if path.suffix else RECIPES / f"{path}.toml")
    out = options.out or Path("runs/ship") / recipe.name
    with locked_folder(out, ConfigError(f"{out}: another recipe is at work there")):
        files = ship(recipe, out, device=options.device)
    for what, file in files.items():
        print(f"{what}\t{file}")
    if options.install:
        install(recipe, files)


if __name__ == "__main__":
    exit_with(main)
