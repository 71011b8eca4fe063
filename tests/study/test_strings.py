"""The study's strings: every one is asked as recorded, and once at each SNR of each set of the protocol."""

from collections import Counter
from pathlib import Path

import pytest

from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from study.strings import build, recognise


@pytest.mark.slow
@pytest.mark.shared
def test_every_string_is_asked_as_recorded_and_in_every_set(shared: Path, tmp_path: Path) -> None:
    build(shared, tmp_path, quick=True)
    mel = MelConfig(8000, n_mels=8, compression="pcen", normalization="none", causal=True)
    options = {"widths": [2, 2, 2, 2], "channels": 4, "dilations": [1]}
    model = RecognizerModel(RecognizerConfig("string_net", mel, clip_seconds=4.0, options=options))
    found = recognise(model, shared, tmp_path, bfloat16=False)
    sets = ["as recorded/clean", "a/10", "b/10", "c/10"]
    assert sorted(found) == sorted(f"{name}/{each}" for name in ("an4", "people") for each in sets)
    for name, recorded in (("an4", 20), ("people", 144)):
        said = {each: Counter((speaker, words) for speaker, words, _ in found[f"{name}/{each}"]) for each in sets}
        assert said["as recorded/clean"].total() == recorded
        assert said["a/10"] == said["b/10"] <= said["as recorded/clean"]
        assert said["a/10"].total() == -(-recorded // 5)
        assert said["c/10"] <= said["a/10"]  # two of the four parts
        assert said["c/10"].total() in (said["a/10"].total() // 2, -(-said["a/10"].total() // 2))
