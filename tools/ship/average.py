"""Choose the calibration of ``accurate``, the mean of shipped models, as the recipe of ``speech_encoder`` chooses its own.

python -m tools.ship.average            # writes src/aurora_resnet/runtime/exported/accurate.json
"""

import json

from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import AVERAGE, FOLDERS
from aurora_resnet.runtime.models.average import PARTS, AveragedModel
from aurora_resnet.training.experiment import read_experiment
from tools.ship.recipe import RECIPES, read_recipe

NAME = "accurate"
WEIGHTS = {"speech_encoder": 2, "resnet50": 1}


def main() -> None:
    """Write the file, first without a calibration."""
    path = FOLDERS["onnx"] / f"{NAME}{AVERAGE}"
    values = {"name": NAME, PARTS: WEIGHTS, "calibration": Calibration().to_dict()}
    write_json(values, path, indent=1)
    recipe = read_recipe(RECIPES / "speech_encoder.toml")
    assert recipe.words is not None
    data = read_experiment(recipe.config, recipe.model).data
    calibration, info = recipe.words.choose(AveragedModel(path, threads=2), data)
    write_json(values | {"calibration": calibration.to_dict()}, path, indent=1)
    tell(f"{path}: {calibration}")
    print(json.dumps(info["operating_points"], indent=1))


if __name__ == "__main__":
    exit_with(main)
