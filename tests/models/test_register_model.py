"""A model that people add: saved and loaded while it is registered; ``tests/tasks`` trains such models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import ZOO, create_model, list_models, model_cost, model_options, register_model
from aurora_resnet.runtime.errors import CheckpointError, ConfigError


class Mine(SpeechClassifier):
    """The mean over time and one hidden layer."""

    def __init__(self, *, n_mels: int, num_classes: int, width: int = 4) -> None:
        super().__init__(n_mels, num_classes)
        self.hidden = nn.Linear(n_mels, width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        self.check_features(features)
        logits: Tensor = self.head(self.hidden(features.mean(dim=2)).relu())
        return logits


@pytest.fixture
def mine() -> Iterator[None]:
    """The model is known in one test alone."""
    register_model("mine", Mine, summary="the mean over time")
    yield
    ZOO.pop("mine", None)


@pytest.mark.usefixtures("mine")
def test_a_registered_model_is_one_of_the_zoo() -> None:
    assert list_models()[-1] == "mine"
    assert ZOO["mine"].summary == "the mean over time"
    assert model_options("mine") == ("n_mels", "num_classes", "width")
    model = create_model("mine", n_mels=16, num_classes=3)
    assert model(torch.zeros(2, 16, 20)).shape == (2, 3)
    assert model_cost(model).parameters == 16 * 4 + 4 + 4 * 3 + 3
    with pytest.raises(ConfigError, match=r"no option 'widht' \(did you mean 'width'\?\)"):
        create_model("mine", n_mels=16, num_classes=3, widht=2)


@pytest.mark.usefixtures("mine")
def test_it_is_loaded_where_it_is_known_and_missed_where_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(RecognizerModel(RecognizerConfig("mine", MelConfig(sample_rate=8000), options={"width": 6})), path)
    loaded = load_checkpoint(path).model.classifier
    assert isinstance(loaded, Mine)
    assert loaded.hidden.out_features == 6
    ZOO.pop("mine")
    with pytest.raises(CheckpointError, match=r"a\.safetensors cannot be used: .*unknown model 'mine'"):
        load_checkpoint(path)
    with pytest.raises(ConfigError, match="unknown model 'mine'"):
        RecognizerConfig("mine", MelConfig(sample_rate=8000))


@pytest.mark.usefixtures("mine")
def test_a_function_may_build_it(tmp_path: Path) -> None:
    def build(num_classes: int, n_mels: int, depth: int = 1) -> SpeechClassifier:
        return Mine(n_mels=n_mels, num_classes=num_classes, width=depth)

    register_model("built", build)
    try:
        assert model_options("built") == ("num_classes", "n_mels", "depth")
        model = create_model("built", n_mels=8, num_classes=2, depth=3)
        assert isinstance(model, Mine)
        assert model.hidden.out_features == 3
    finally:
        ZOO.pop("built")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_registered() -> None:
    with pytest.raises(ConfigError, match="a model needs a name of its own, got 'compact'"):
        register_model("compact", Mine)
    with pytest.raises(ConfigError, match="a model needs a name"):
        register_model("", Mine)
    with pytest.raises(ConfigError, match="model 'half' must take num_classes as arguments"):
        register_model("half", lambda n_mels: Mine(n_mels=n_mels, num_classes=2))
    assert not {"half", ""} & set(list_models())
