import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.config_files import apply_overrides, from_mapping, read_toml, to_mapping
from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.experiment import read_experiment


@configuration()
class Wheel:
    radius_metres: Annotated[float, Between(0, 1, above=True)] = 0.3
    spokes: int = 32


@dataclasses.dataclass(frozen=True)
class Bicycle:
    name: str
    colour: Literal["red", "green"] = "red"
    bell: bool = True
    front: Wheel = dataclasses.field(default_factory=Wheel)
    rear: Wheel | None = None
    spares: tuple[Wheel, ...] = ()
    gears: tuple[tuple[int, str], ...] = ()
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)


def problem(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        from_mapping(Bicycle, values, "bike.toml")
    assert str(caught.value).startswith("bike.toml: ")
    return str(caught.value)


def test_nested_values_become_nested_dataclasses() -> None:
    built = from_mapping(
        Bicycle,
        {
            "name": "mine",
            "front": {"spokes": 36},
            "rear": {"radius_metres": 1},
            "spares": [{}, {"spokes": 3}],
            "gears": [[1, "low"], [2, "high"]],
            "notes": {"any": {"thing": [1, "a"]}},
        },
    )
    assert built == Bicycle(
        "mine",
        front=Wheel(spokes=36),
        rear=Wheel(1.0),
        spares=(Wheel(), Wheel(spokes=3)),
        gears=((1, "low"), (2, "high")),
        notes={"any": {"thing": [1, "a"]}},
    )


def test_all_unknown_keys_are_named_at_once_wherever_they_are() -> None:
    message = problem(
        {
            "name": "mine",
            "color": "red",
            "front": {"spoke": 3},
            "rear": {"radius": 1.0},
            "spares": [{}, {"sprocket": 1, "zzz": 2}],
            "notes": {"free": 1},
        }
    )
    assert message == (
        "bike.toml: unknown key 'color' (did you mean 'colour'?); "
        "unknown key 'front.spoke' (did you mean 'spokes'?); "
        "unknown key 'rear.radius' (did you mean 'radius_metres'?); "
        "unknown key 'spares.1.sprocket' (did you mean 'spokes'?); "
        "unknown key 'spares.1.zzz'"
    )


def test_every_kind_of_mistake_is_named_in_the_same_message() -> None:
    message = problem(
        {
            "colour": "blue",
            "bell": 1,
            "belll": True,
            "front": {"radius_metres": -0.5},
            "spares": [{"spokes": "many"}, {"radius_metres": 0}],
            "gears": [[1, "low"], ["2", "high"]],
        }
    )
    for part in (
        "unknown key 'belll' (did you mean 'bell'?)",
        "name is missing",
        "colour must be 'red' or 'green', got 'blue'",
        "bell must be true or false, got 1",
        "front.radius_metres must lie above 0 and up to 1, got -0.5",
        "spares.0.spokes must be a whole number, got 'many'",
        "spares.1.radius_metres must lie above 0 and up to 1, got 0",
        "gears.1.0 must be a whole number, got '2'",
    ):
        assert part in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3),
        ("name", None),
        ("bell", "true"),
        ("front", 3),
        ("front", []),
        ("spares", {}),
        ("spares", [3]),
        ("gears", [[1]]),
        ("notes", "none"),
    ],
)
def test_wrong_types_are_refused_and_named(key: str, value: object) -> None:
    assert key in problem({"name": "mine", key: value})


def test_unknown_keys_do_not_hide_what_else_is_wrong_beside_them() -> None:
    message = problem({"name": "mine", "spares": [{"spoke": 1, "radius_metres": -1}], "rear": {"x": {"y": 1}}})
    assert message == (
        "bike.toml: unknown key 'rear.x'; unknown key 'spares.0.spoke' (did you mean 'spokes'?); "
        "spares.0.radius_metres must lie above 0 and up to 1, got -1.0"
    )


@dataclasses.dataclass(frozen=True)
class Shed:
    bicycles: Mapping[str, Bicycle]
    best: tuple[Wheel, ...] | None = None


def test_hints_come_from_the_table_in_which_a_key_stands() -> None:
    values = {"bicycles": {"mine": {"name": "x", "colou": "red", "front": {"spoks": 1}}}, "best": [{"radius": 1}]}
    with pytest.raises(ConfigError) as caught:
        from_mapping(Shed, values)
    for hint in (
        "'bicycles.mine.colou' (did you mean 'colour'?)",
        "'bicycles.mine.front.spoks' (did you mean 'spokes'?)",
        "'best.0.radius' (did you mean 'radius_metres'?)",
    ):
        assert hint in str(caught.value)


DEEP = "[" * 5000 + "]" * 5000
LONG = "9" * 5000


@pytest.mark.parametrize("number", ["nan", f"-{10**30}", "1e400", LONG])
@pytest.mark.parametrize("key", ["epochs", "learning_rate", "speed_factors", "unfreeze"])
def test_numbers_beyond_all_bounds_are_refused(tmp_path: Path, key: str, number: str) -> None:
    value = {"speed_factors": f"[1.0, {number}]", "unfreeze": f'[[{number}, "none"]]'}.get(key, number)
    path = tmp_path / "a.toml"
    path.write_text(f"{key} = {value}\n")
    with pytest.raises(ConfigError) as caught:
        from_mapping(TrainingConfig, read_toml(path), str(path))
    assert (key if number != LONG else "a.toml is not valid TOML") in str(caught.value)
    assert len(str(caught.value)) < 500
    with pytest.raises(ConfigError):
        from_mapping(TrainingConfig, apply_overrides({}, [f"{key}={value}"]))


@pytest.mark.parametrize("text", [f"epochs = {DEEP}", f"options = {DEEP}", "a." * 5000 + "b = 1"])
def test_nesting_beyond_all_bounds_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"a\.toml"):
        from_mapping(Bicycle, read_toml(path), str(path))
    key, value = text.split(" = ")
    with pytest.raises(ConfigError):
        from_mapping(Bicycle, apply_overrides({"name": "mine"}, [f"{key}={value}"]))


def nested(depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for _ in range(depth):
        values = {"x": values}
    return values


@pytest.mark.parametrize("values", [nested(300), nested(100_000), {"n": 10**5000}, {"n": "\udce9"}])
def test_plain_values_that_no_file_can_hold_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(Bicycle, {"name": "mine", "notes": values})
    assert len(str(caught.value)) < 500


def test_dates_become_text(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("name = 1979-05-27\nnotes = { when = 07:32:00 }\n")
    built = from_mapping(Bicycle, read_toml(tmp_path / "a.toml"))
    assert (built.name, built.notes) == ("1979-05-27", {"when": "07:32:00"})


def test_what_the_library_configures_reports_its_ranges() -> None:
    with pytest.raises(
        ConfigError, match="epochs must lie from 1 to 100000, got 0; momentum must lie from 0 to below 1, got 2"
    ):
        from_mapping(TrainingConfig, {"epochs": 0, "momentum": 2})
    with pytest.raises(ConfigError, match=r"spec_augment\.probability must lie from 0 to 1, got 1\.5"):
        from_mapping(TrainingConfig, {"spec_augment": {"probability": 1.5}})
    with pytest.raises(ConfigError, match="sample_rate is missing"):
        from_mapping(MelConfig, {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unfreeze", ((3, "none"), (1, "stem"))),
        ("unfreeze", ((1, "none"), (1, "stem"))),
        ("speed_factors", ()),
        ("speed_factors", (1.0, 2.5)),
    ],
)
def test_lists_that_cannot_be_are_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"^{field}(\.\d)* must "):
        TrainingConfig(**{field: value})  # type: ignore[arg-type]


finite = st.floats(min_value=1e-6, max_value=1e3)
training_configs = st.builds(
    TrainingConfig,
    epochs=st.integers(1, 100),
    batch_size=st.integers(2, 512),
    optimizer=st.sampled_from(["sgd", "adamw"]),
    learning_rate=finite,
    backbone_learning_rate=st.none() | finite,
    momentum=st.floats(0, 1, exclude_max=True),
    weight_decay=st.floats(0, 1),
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    gradient_clip=st.none() | finite,
    mixed_precision=st.booleans(),
    freeze=st.text(max_size=8),
    unfreeze=st.dictionaries(st.integers(0, 50), st.text(max_size=8), max_size=3).map(
        lambda d: tuple(sorted(d.items()))
    ),
    early_stopping=st.none() | st.integers(1, 9),
    seed=st.integers(0, 2**63),
    speed_factors=st.lists(st.floats(0.5, 2), min_size=1, max_size=3).map(tuple),
    spec_augment=st.none() | st.builds(SpecAugment, time_width=st.integers(0, 50), probability=st.floats(0, 1)),
)
mel_configs = st.builds(
    MelConfig,
    sample_rate=st.integers(8000, 48000),
    window_seconds=st.floats(0.01, 0.05),
    hop_seconds=st.floats(0.005, 0.02),
    n_fft=st.none() | st.integers(1200, 2048).map(lambda half: 2 * half),
    n_mels=st.integers(1, 128),
    f_min=st.floats(0, 1000),
    f_max=st.none() | st.floats(2000, 4000),
    mel_scale=st.sampled_from(["htk", "slaney"]),
    log_floor=finite,
    normalization=st.sampled_from(["none", "utterance", "corpus"]),
)


@given(config=training_configs | mel_configs)
def test_options_survive_json_to_the_last_bit(config: TrainingConfig | MelConfig) -> None:
    values = json.loads(json.dumps(to_mapping(config)))
    assert from_mapping(type(config), values) == config


def test_a_toml_file_is_read_and_its_mistakes_are_located(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[training]\nepochs = 3\nname = "zwölf"\n', encoding="utf-8")
    assert read_toml(path) == {"training": {"epochs": 3, "name": "zwölf"}}
    path.write_text("[training]\nepochs = \n")
    with pytest.raises(ConfigError, match=r"a\.toml is not valid TOML: .*line 2"):
        read_toml(path)
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError, match=r"a\.toml cannot be read"):
        read_toml(path)
    for missing in (tmp_path / "b.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_toml(missing)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("1e-3", 1e-3),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("[[2, 'none']]", [[2, "none"]]),
        ("{ a = 1 }", {"a": 1}),
        ("'3'", "3"),
        ("cnn", "cnn"),
        ("../shared/weights/a.safetensors", "../shared/weights/a.safetensors"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_an_override_is_toml_or_else_a_string(text: str, value: object) -> None:
    assert apply_overrides({"a": {"x": 1, "y": 2}}, [f"a.x={text}"]) == {"a": {"x": value, "y": 2}}


@pytest.mark.parametrize("value", [
    "inf", "nan", "-inf", "1e400", "1" + 30 * "0", 5000 * "9", "0x" + 5000 * "f", 100_000 * "[", 900 * "[" + 900 * "]",
    500 * "{a=" + "1" + 500 * "}", "1979-05-27", "[[1], {a = inf}]", '"' + 100_000 * "a" + '"', '"\\u0000"', "-0",
])  # fmt: skip
@pytest.mark.parametrize("key", ["mel.hop_seconds", "model", "words", "data.train"])
def test_any_value_in_any_place_is_refused_in_short(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "a.toml"
    section, _, name = key.rpartition(".")
    base = {"": {}, "mel": {"sample_rate": "8000"}, "data": {}, "training": {}, "options": {}}
    base.setdefault(section, {})[name] = value
    tables = [
        f"[{table}]\n" * bool(table) + "".join(f"{k} = {v}\n" for k, v in rows.items()) for table, rows in base.items()
    ]
    path.write_text("".join(tables))
    with pytest.raises(ConfigError) as caught:
        read_experiment(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("override", ["mel.n_mels=1000000", "mel.sample_rate=1000000000", "training.epochs=inf"])
def test_what_would_take_forever_is_refused_at_once(override: str) -> None:
    with pytest.raises(ConfigError, match=override.partition("=")[0]):
        read_experiment(samples_folder() / "quickstart.toml", overrides=[override])


def test_overrides_make_sections_come_in_order_and_leave_the_input_alone() -> None:
    values = {"training": {"epochs": 3}}
    result = apply_overrides(values, ["training.epochs=4", "new.section.key = on", "training.epochs=5"])
    assert result == {"training": {"epochs": 5}, "new": {"section": {"key": "on"}}}
    assert values == {"training": {"epochs": 3}}


def test_a_number_picks_a_table_of_a_list() -> None:
    result = apply_overrides({"train": [{"x": 1}, {"x": 2, "y": 3}]}, ["train.1.x=5", "train.0.new.key=on"])
    assert result == {"train": [{"x": 1, "new": {"key": "on"}}, {"x": 5, "y": 3}]}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs", "--set takes section.key=value, got 'training.epochs'"),
        ("=3", "--set takes section.key=value"),
        ("training..epochs=3", "--set takes section.key=value"),
        ("training.epochs.x=3", "--set training.epochs.x=3: 'epochs' is a value, not a section"),
        ("list.2.x=3", "expected a number from 0 to 1, got '2'"),
        ("list.-1.x=3", "expected a number from 0 to 1, got '-1'"),
        ("list.x.y=3", "expected a number from 0 to 1, got 'x'"),
        ("list.x=3", r"name a key of the list's table, as in list\.0\.KEY"),
        ("list.1.x=3", "'1' is a value, not a section"),
    ],
)
def test_overrides_that_lead_nowhere_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        apply_overrides({"training": {"epochs": 3}, "list": [{"x": 1}, 7]}, [override])
