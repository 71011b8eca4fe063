"""Every field of every configuration: choices are checked, numbers have two ends, NaN and infinity are refused."""

from __future__ import annotations

import dataclasses
import math
import pickle
import typing
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union

import numpy as np
import pytest

from aurora_resnet.augmentation.noise_pool import NoiseShares
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.bounds import Between, OneOf, check_values, configuration, shown
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.training.config import Distillation, TrainingConfig
from aurora_resnet.training.data import AugmentSource, DataConfig, SceneNoise, SoundFiles, Source
from aurora_resnet.training.experiment import ExperimentConfig

MEL = MelConfig(sample_rate=8000)
DATA = DataConfig((Source("samples:"),))
#: One valid value of each, in which nothing is None that may be a number.
VALID: list[Any] = [
    Augmentation(),
    AugmentSource(noises=(SoundFiles("noise"),)),
    Calibration(1.5, 2.0),
    DATA,
    Distillation(),
    ExperimentConfig(model="cnn", mel=MEL, data=DATA, training=TrainingConfig(), digits=(1, 2), words=("one", "two")),
    MelConfig(sample_rate=8000, n_fft=256, f_max=4000.0, dynamic_range_db=60.0),
    NegativeShares(),
    NoiseShares(),
    RecognizerConfig("cnn", MEL),
    SceneNoise("noise"),
    SoundFiles("noise"),
    Source("samples:"),
    SpecAugment(),
    StreamingConfig(),
    TrainingConfig(
        backbone_learning_rate=0.1, gradient_clip=1.0, weight_average=0.9, early_stopping=3, unfreeze=((1, "none"),)
    ),
]


def leaves(hint: Any, value: Any, name: str) -> Iterator[tuple[str, Any, list[object], Any]]:
    """Yield (name, path to a leaf, its annotations, its type) of each number or text of a field."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        for path, replace, metadata, kind in leaves(arguments[0], value, name):
            yield path, replace, [*metadata, *arguments[1:]], kind
    elif origin in (Union, UnionType):
        yield from leaves(next(each for each in arguments if each is not type(None)), value, name)
    elif origin is tuple:
        for number, item in enumerate(value):
            of = arguments[0] if arguments[-1] is Ellipsis else arguments[number]
            for path, replace, metadata, kind in leaves(of, item, f"{name}.{number}"):

                def within(new: Any, number: int = number, inner: Any = replace) -> Any:
                    return tuple(inner(new) if i == number else each for i, each in enumerate(value))

                yield path, within, metadata, kind
    elif hint in (int, float, str) or origin is Literal:
        yield name, (lambda new: new), [], hint


def fields(kinds: tuple[Any, ...]) -> list[Any]:
    cases = []
    for config in VALID:
        hints = typing.get_type_hints(type(config), include_extras=True)
        for field in dataclasses.fields(config):
            value = getattr(config, field.name)
            for path, replace, metadata, kind in leaves(hints[field.name], value, field.name):
                if kind in kinds or typing.get_origin(kind) in kinds:
                    name = f"{type(config).__name__}.{path}"
                    cases.append(pytest.param(config, field.name, replace, metadata, kind, id=name))
    return cases


NUMBERS = pytest.mark.parametrize(("config", "field", "replace", "metadata", "kind"), fields((int, float)))


def changed(config: Any, field: str, value: Any) -> None:
    dataclasses.replace(config, **{field: value})


def test_the_valid_ones_come_back_from_plain_values() -> None:
    for config in VALID:
        assert from_mapping(type(config), to_mapping(config)) == config


@NUMBERS
def test_nan_and_infinity_are_refused(config: Any, field: str, replace: Any, metadata: object, kind: type) -> None:
    del metadata, kind
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError, match=field):
            changed(config, field, replace(value))


@NUMBERS
def test_numbers_have_two_ends(config: Any, field: str, replace: Any, metadata: list[object], kind: type) -> None:
    huge = 10**30
    for beyond in (huge, -huge):
        with pytest.raises(ConfigError, match=field):
            changed(config, field, replace(beyond if kind is int else float(beyond)))
    for bound in metadata:
        assert isinstance(bound, Between)
        step = 1 if kind is int else 1e-9
        low = bound.low if bound.above else math.nextafter(bound.low, -math.inf) if kind is float else bound.low - step
        high = bound.high if bound.below else math.nextafter(bound.high, math.inf) if kind is float else bound.high + 1
        for value in (low, high):
            with pytest.raises(ConfigError, match=field):
                changed(config, field, replace(int(value) if kind is int else value))


# The runtime checks ranges, and leaves kinds to the type checker.
@pytest.mark.parametrize(
    ("config", "field", "replace", "metadata", "kind"), [case for case in fields((int, float)) if case.values[3]]
)
def test_numbers_are_of_their_kind(config: Any, field: str, replace: Any, metadata: object, kind: type) -> None:
    del metadata
    for value in ("3", True, [1]) + ((2.5,) if kind is int else ()):
        with pytest.raises(ConfigError, match=field):
            changed(config, field, replace(value))


@pytest.mark.parametrize(("config", "field", "replace", "metadata", "kind"), fields((Literal,)))
def test_choices_are_checked(config: Any, field: str, replace: Any, metadata: object, kind: Any) -> None:
    del metadata
    choice = str(typing.get_args(kind)[0])
    with pytest.raises(ConfigError, match=rf"^{field} must be '.* or .*, got 'wrong!\?'"):
        changed(config, field, replace("wrong!?"))
    with pytest.raises(ConfigError, match=rf"^{field} must be .*, got '{choice}x' \(did you mean '{choice}'\?\)"):
        changed(config, field, replace(choice + "x"))
    for value in (None, 1, True, ["log"]):
        with pytest.raises(ConfigError, match=field):
            changed(config, field, replace(value))


@pytest.mark.parametrize(("config", "field", "replace", "metadata", "kind"), fields((str,)))
def test_names_are_checked(config: Any, field: str, replace: Any, metadata: list[object], kind: type) -> None:
    del kind
    with pytest.raises(ConfigError, match=field):
        changed(config, field, replace(3))
    for choice in metadata:
        assert isinstance(choice, OneOf)
        known = next(iter(choice.known))
        with pytest.raises(ConfigError, match=rf"must be one of {known}, .*, got '{known}x' \(did you mean '{known}'"):
            changed(config, field, replace(known + "x"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adam"}, r"optimizer: unknown optimizer 'adam' \(did you mean 'adamw'\?\), known: sgd, adamw"),
        ({"schedule": "linear"}, "schedule: unknown schedule 'linear', known: constant, cosine, one_cycle"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"epochs": 10**5000}, "epochs must lie from 1 to 100000, got a number of thousands of digits"),
        ({"learning_rate": 10**400}, "learning_rate must be a number, got 1000"),
        ({"mixed_precision": 1}, "mixed_precision must be true or false, got 1"),
        ({"speed_factors": 1.0}, "speed_factors must be a list, got 1.0"),
        ({"unfreeze": ((1,),)}, r"unfreeze\.0\.1 is missing"),
        ({"spec_augment": {"probability": 1}}, "spec_augment must be a SpecAugment, got {'probability': 1}"),
        ({"freeze": 3}, "freeze must be a text, got 3"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}") as caught:
        TrainingConfig(**options)
    assert len(str(caught.value)) < 200


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Fields that do not fit each other are named where each alone is right."""
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"epochs": 0, "momentum": 2, "seed": "3", "optimizer": "adam"}, ["epochs", "momentum", "seed"]),
        ({"optimizer": "adam", "unfreeze": ((3, "none"), (1, "stem"))}, ["optimizer", "unfreeze"]),
    ]
    for options, names in wrong:
        with pytest.raises(ConfigError) as caught:
            TrainingConfig(**options)
        assert [problem.split()[0].rstrip(":") for problem in str(caught.value).split("; ")] == names


def test_names_that_a_class_does_not_have_are_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"^unknown key 'epoch' \(did you mean 'epochs'\?\)$"):
        TrainingConfig(epoch=3)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"^sample_rate is missing$"):
        MelConfig()  # type: ignore[call-arg]


def test_lists_and_numbers_of_numpy_become_plain_values() -> None:
    config = TrainingConfig(epochs=np.int64(3), speed_factors=[1, np.float32(1.5)], unfreeze=[[1, "stem"]])  # type: ignore[arg-type]
    assert config == TrainingConfig(epochs=3, speed_factors=(1.0, 1.5), unfreeze=((1, "stem"),))
    assert [type(value) for value in (config.epochs, *config.speed_factors)] == [int, float, float]
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_range_says_which_ends_belong_to_it() -> None:
    assert [str(Between(0, 1, above=above, below=below)) for above in (False, True) for below in (False, True)] == [
        "from 0 to 1", "from 0 to below 1", "above 0 and up to 1", "above 0 and below 1",
    ]  # fmt: skip
    for above in (False, True):
        for below in (False, True):
            bound = Between(0, 1, above=above, below=below)
            assert [not bound.problem(value) for value in (0, 0.5, 1)] == [not above, True, not below]


def test_values_of_functions_are_checked_together() -> None:
    check_values(width=(3, Between(1, 5)))
    with pytest.raises(ConfigError, match="width must lie from 1 to 5, got 7; height must lie from 0 to 1, got nan"):
        check_values(width=(7, Between(1, 5)), height=(math.nan, Between(0, 1)))


def test_an_error_of_misfits_is_not_hidden() -> None:
    @configuration()
    class Broken:
        size: int = 1

        def _misfits(self) -> list[str]:
            return [str(1 / 0)]

    with pytest.raises(ZeroDivisionError):
        Broken()
    with pytest.raises(ConfigError, match=r"^size must be a whole number, got 'x'$"):
        Broken("x")  # type: ignore[arg-type]


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 1000)) == 80
