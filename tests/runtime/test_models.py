"""Exported models: what is said about them survives, and no damaged file ends in anything but ``ModelError``."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AuroraError, ConfigError, ModelError
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from aurora_resnet.runtime.models import METADATA, ExportedModel, ModelFacts, load_model
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

FACTS = ModelFacts("two words", Vocabulary(("ja", "nein danke")), Calibration(1.5, 2.0), 8000, 8000, (60.0, 4000.0))
STORED = FACTS.to_dict()

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def varint(number: int) -> bytes:
    parts = []
    while number >= 128:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def field(number: int, value: bytes) -> bytes:
    """Return a field of a protobuf message that holds bytes."""
    return varint(number << 3 | 2) + varint(len(value)) + value


@pytest.fixture(scope="module")
def with_metadata(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes | None], Path]:
    """Return the file of ``compact`` with other metadata, or none; the rest of the file stays as it is."""
    shipped = resolve("compact").path
    data, rest, position = shipped.read_bytes(), b"", 0

    def read_varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(data):  # ONNX's ModelProto holds numbers and bytes; field 14 is the metadata
        start = position
        tag = read_varint()
        length = read_varint()
        position += length if tag & 7 == 2 else 0
        if tag >> 3 != 14:
            rest += data[start:position]
    path = tmp_path_factory.mktemp("models") / "crafted.onnx"

    def write(value: bytes | None) -> Path:
        entry = b"" if value is None else field(14, field(1, METADATA.encode()) + field(2, value))
        path.write_bytes(rest + entry)
        return path

    return write


def as_json(**changes: Any) -> bytes:
    return json.dumps({**model_facts(), **changes}).encode()


def model_facts() -> dict[str, Any]:
    return load_model("compact").facts.to_dict()


# What is said about a model


@given(
    words=st.lists(st.text("abcäШ", min_size=1, max_size=4), min_size=2, max_size=9, unique=True),
    temperature=st.floats(0.01, 100),
    threshold=st.none() | st.floats(-100, 100),
    sample_rate=st.integers(1000, 768_000),
    share=st.floats(0.01, 60),
    name=st.text(max_size=9),
)
def test_facts_survive_json(
    words: list[str], temperature: float, threshold: float | None, sample_rate: int, share: float, name: str
) -> None:
    samples = max(1, int(share * sample_rate))
    facts = ModelFacts(
        name,
        Vocabulary(tuple(words)),
        Calibration(temperature, threshold),
        sample_rate,
        samples,
        (0.0, sample_rate / 2),
    )
    assert ModelFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts
    assert facts.clip_seconds == samples / sample_rate


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate": 999},
        {"clip_samples": 0},
        {"clip_samples": 60 * 8000 + 1},
        {"frequencies_hz": (4000.0, 60.0)},
        {"frequencies_hz": (60.0, 4001.0)},
        {"frequencies_hz": (-1.0, 4000.0)},
        {"frequencies_hz": (math.nan, 4000.0)},
    ],
)
def test_facts_that_no_model_can_have_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AuroraError):
        replace(FACTS, **changes)


@pytest.mark.parametrize("key", STORED)
@settings(max_examples=25, deadline=None)
@given(value=json_values)
def test_any_other_value_in_any_place_is_refused_or_taken_as_it_is(key: str, value: Any) -> None:
    try:
        facts = ModelFacts.from_dict(STORED | {key: value})
    except AuroraError:
        return
    assert json.loads(json.dumps(facts.to_dict()))[key] == value


@pytest.mark.parametrize("key", STORED)
def test_what_is_missing_is_refused(key: str) -> None:
    with pytest.raises(AuroraError):
        ModelFacts.from_dict({name: value for name, value in STORED.items() if name != key})


# Files


def test_a_file_with_its_own_metadata_is_read(with_metadata: Callable[[bytes | None], Path]) -> None:
    words = [*DIGITS.words[:9], "neuf", "o mój"]
    vocabulary = {"words": words, "digits": [*DIGITS.digits]}
    model = load_model(with_metadata(as_json(name="other", vocabulary=vocabulary)))
    assert (model.facts.name, model.facts.vocabulary.words[-2:], model.card) == ("other", ("neuf", "o mój"), "")
    clip = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 8000)).astype(np.float32)
    np.testing.assert_array_equal(model.logits(clip), load_model("compact").logits(clip))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "it has none"),
        (b"", "Expecting value"),
        (b"no JSON", "Expecting value"),
        (b"\xff\xfe\x00", ""),
        (b"[" * 100_000, ""),
        (b"null", "its format is None"),
        (b"[1, 2]", "its format is None"),
        (b"{}", "its format is None"),
        (b'{"format": 1}', "its format is 1, this version reads format 2"),
    ],
)
def test_metadata_that_is_none_of_ours_is_refused(
    with_metadata: Callable[[bytes | None], Path], value: bytes | None, reason: str
) -> None:
    with pytest.raises(ModelError, match=rf"crafted\.onnx' lacks the metadata.*{reason}"):
        load_model(with_metadata(value))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"name": ["compact"]},
        {"vocabulary": {"words": ["one", "two"], "digits": [1, 2]}},  # the graph has eleven logits
        {"vocabulary": ["one"] * 11},
        {"vocabulary": {"words": [*DIGITS.words[:10], "\ud800"], "digits": [None] * 11}},
        {"vocabulary": {"words": [*DIGITS.words[:10], "a\nb"], "digits": [None] * 11}},
        {"vocabulary": {"words": ["one"] * 11, "digits": [1] * 11}},
        {"calibration": {"temperature": math.nan, "threshold": None}},
        {"calibration": {"temperature": 1.0, "threshold": math.inf}},
        {"calibration": {"temperature": 10**400, "threshold": None}},
        {"calibration": {"temperature": "1", "threshold": None}},
        {"calibration": 1.0},
        {"sample_rate": 0},
        {"sample_rate": "8000"},
        {"sample_rate": None},
        {"sample_rate": 10**400},
        {"clip_samples": 8000.0},
        {"clip_samples": 4000},  # the graph takes 8000
        {"clip_samples": -8000},
        {"clip_samples": True},
        {"frequencies_hz": [60.0]},
        {"frequencies_hz": [60.0, math.nan]},
        {"frequencies_hz": [60, 10**400]},
        {"frequencies_hz": ["60", "4000"]},
        {"frequencies_hz": {"low": 60}},
    ],
    ids=lambda changes: f"{changes}"[:60],
)
def test_metadata_that_does_not_fit_is_refused(
    with_metadata: Callable[[bytes | None], Path], changes: dict[str, Any]
) -> None:
    with pytest.raises(ModelError, match=r"crafted\.onnx' lacks the metadata.*export the model again") as caught:
        load_model(with_metadata(as_json(**changes)))
    str(caught.value).encode()  # it can be printed


@pytest.mark.parametrize("data", [b"", b"no model", b"\x08\x08\x12\x00", bytes(1000)], ids=repr)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"a\.onnx'"):
        load_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, share: float) -> None:
    shipped = resolve("compact").path
    path = tmp_path / "cut.onnx"
    path.write_bytes(shipped.read_bytes()[: int(share * shipped.stat().st_size)])
    with pytest.raises(ModelError, match=r"cut\.onnx'.*export the model again"):
        load_model(path)


def test_a_missing_model_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError,
        match=r"'resnet5' \(did you mean 'resnet50'\?\); shipped: speech_encoder, accurate, resnet50, compact",
    ):
        load_model("resnet5")
    with pytest.raises(ModelError, match=r"there is no model '.*none\.onnx'"):
        load_model(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match=r"is a folder without config\.json"):
        load_model(tmp_path)  # a folder
    with pytest.raises(ConfigError, match="threads must be at least 1, got 0"):
        load_model("compact", threads=0)


# Computing


@pytest.fixture(scope="module")
def clips() -> np.typing.NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (7, 8000)).astype(np.float32)


@pytest.mark.parametrize("name", EXPORTED)
def test_what_a_clip_gets_does_not_depend_on_the_batch(name: str, clips: np.typing.NDArray[np.float32]) -> None:
    model = load_model(name)
    together = model.logits(clips)
    assert together.shape == (7, 11)
    for clip, expected in zip(clips, together, strict=True):
        np.testing.assert_allclose(model.logits(clip[None])[0], expected, atol=1e-4)
    np.testing.assert_allclose(load_model(name, threads=2).logits(clips), together, atol=1e-4)


def test_features_are_those_of_each_clip(clips: np.typing.NDArray[np.float32]) -> None:
    model = load_model("compact")
    features = model.features(clips)
    assert features.shape == (7, 64, 101)
    np.testing.assert_allclose(model.features(clips[3:4])[0], features[3], atol=1e-4)
    assert abs(float(features.mean())) < 0.1  # normalised


@pytest.mark.parametrize("shape", [(8000,), (1, 7999), (1, 1, 8000), (8000, 1)])
def test_clips_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"expected clips \[B, 8000\], got shape"):
        load_model("compact").logits(np.zeros(shape, np.float32))


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_computes_the_same(
    how: Callable[[ExportedModel], ExportedModel], clips: np.typing.NDArray[np.float32]
) -> None:
    model = load_model("compact", threads=2)
    assert isinstance(model, ExportedModel)
    twin = how(model)
    assert (twin.facts, twin.threads, twin.card) == (model.facts, 2, model.card)
    np.testing.assert_array_equal(twin.logits(clips), model.logits(clips))
    assert repr(twin) == repr(model)
