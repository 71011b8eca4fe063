"""The mean of several models, and a model's stored operating points."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.decision import Calibration, evidence
from aurora_resnet.runtime.errors import ConfigError, ModelError
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from aurora_resnet.runtime.models import ExportedModel, load_model
from aurora_resnet.runtime.models.average import AveragedModel
from aurora_resnet.runtime.recognizer import Recognizer

Spoken = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def clips() -> np.typing.NDArray[np.float32]:
    return np.random.default_rng(1).uniform(-0.2, 0.2, (3, 8000)).astype(np.float32)


def average(folder: Path, **changes: object) -> Path:
    """Write a file that averages copies of the two small models, weights 3 and 1."""
    for name in ("compact", "resnet50"):
        shutil.copy(resolve(name).path, folder)
    values = {
        "name": "both",
        "parts": {"compact": 3, "resnet50": 1},
        "calibration": {"temperature": 1.0, "threshold": 0.5},
    }
    path = folder / "both.json"
    path.write_text(json.dumps(values | changes))
    return path


def test_the_answer_is_the_mean_of_the_log_probabilities(tmp_path: Path, clips: np.typing.NDArray[np.float32]) -> None:
    logs = [
        log_softmax(np.pad(load_model(name).logits(clips).astype(np.float64), ((0, 0), (0, 1))), axis=1)
        for name in ("compact", "resnet50")
    ]
    mean = 0.75 * logs[0] + 0.25 * logs[1]
    model = AveragedModel(average(tmp_path))
    np.testing.assert_allclose(model.logits(clips), mean[:, :-1] - mean[:, -1:], atol=1e-4)
    np.testing.assert_array_equal(model.features(clips), load_model("compact").features(clips))
    assert (model.facts.name, model.facts.calibration.threshold) == ("both", 0.5)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.logits(clips), model.logits(clips))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": {}}, "need weights above 0"),
        ({"parts": {"compact": 0}}, "need weights above 0"),
        ({"parts": {"nothing": 1}}, r"there is no model file .*nothing\.onnx"),
        ({"calibration": {}}, "names models to average"),
    ],
)
def test_a_file_that_averages_nothing_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        AveragedModel(average(tmp_path, **changes))


@pytest.mark.parametrize("name", [name for name in EXPORTED if name != "resnet50"])  # of the second edition
def test_shipped_models_store_what_each_threshold_refuses(name: str) -> None:
    calibration = load_model(name).facts.calibration
    assert [share for share, _ in calibration.points] == [0.01, 0.025, 0.05]
    thresholds = [threshold for _, threshold in calibration.points]
    assert thresholds == sorted(thresholds)
    if name not in ("compact", "micro"):  # which serve streams, and refuse more
        assert calibration.threshold == calibration.at(0.025).threshold
    assert Recognizer.from_pretrained(name, refused=0.01).model.facts.calibration.threshold == thresholds[0]


def test_another_operating_point_decides_and_goes_with_the_model(spoken: Spoken) -> None:
    strict, plain = Recognizer.from_pretrained("compact", refused=0.05), Recognizer.from_pretrained("compact")
    samples, rate = read_audio(spoken("six", engine="flite"))
    levels = [float(evidence(plain.model.logits(plain.clip(samples * s, rate).samples[None]))[0]) for s in (1.0, 0.01)]
    for recognizer in (strict, plain, pickle.loads(pickle.dumps(strict))):
        threshold = recognizer.model.facts.calibration.threshold
        assert threshold is not None
        answers = [recognizer.recognize(samples * scale, rate).accepted for scale in (1.0, 0.01)]
        assert answers == [level >= threshold for level in levels]
    assert strict.model.facts.calibration != plain.model.facts.calibration


def test_points_that_are_not_stored_are_refused(call: Call, spoken: Spoken) -> None:
    with pytest.raises(ConfigError, match=r"stored with the model \(0.01, 0.025, 0.05\), got 0.5"):
        Recognizer.from_pretrained("compact", refused=0.5)
    with pytest.raises(ConfigError, match="no operating points are stored with this model"):
        Calibration(threshold=0.0).at(0.01)
    word = str(spoken("six"))
    assert call("recognize", "--model", "compact", "--refused", "5%", word)[0] == 0
    code, _, errors = call("recognize", "--model", "compact", "--refused", "7%", word)
    assert (code, "got 0.07" in errors) == (2, True)
    code, _, errors = call("recognize", "--model", "compact", "--refused", "few", word)
    assert (code, "expected a share as 1% or 0.01, got 'few'" in errors) == (2, True)


def test_an_average_is_no_single_file() -> None:
    assert isinstance(load_model("compact"), ExportedModel)
    assert isinstance(load_model("accurate"), AveragedModel)
