"""What ``import aurora_resnet`` does, and what it must not do."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import aurora_resnet


def fresh(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout.strip()


#: What the package is used by. A change here is a change for everybody who uses it: see the change log.
NAMES = """
    AudioError Augmentation AugmentedClips AuroraError Calibration ClipSet ConfigError Corpus CorpusError
    DigitRecognizer DigitString EvaluationReport Evaluator MelConfig MelFrontend ModelError NoisyClips Recognition
    RecognizerConfig RecognizerModel ResidualSpeechNet StreamingRecognizer StringRecognizer StringStreams Trainer
    TrainingConfig Utterance Vocabulary build_noisy_corpus calibrate create_model export_onnx list_models
    load_checkpoint load_clips load_corpus mix_at_snr paired_difference read_audio read_experiment register_model
    resample run_experiment save_checkpoint split_speakers write_audio __version__
"""


def test_the_public_names_are_these() -> None:
    stub = ast.parse(Path(aurora_resnet.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    stated = [alias.asname for each in stub.body if isinstance(each, ast.ImportFrom) for alias in each.names]
    assert sorted(map(str, stated)) == sorted(set(NAMES.split()) - {"__version__"})
    assert len(NAMES.split()) == 47
    assert sorted([*aurora_resnet.__all__, "__version__"]) == sorted(NAMES.split())
    assert all(hasattr(aurora_resnet, name) for name in NAMES.split())


@pytest.mark.parametrize("module", ["aurora_resnet", "aurora_resnet.runtime", "aurora_resnet.cli"])
def test_importing_loads_no_torch_prints_nothing_and_sets_nothing(module: str) -> None:
    code = f"""
import os, sys, warnings
before = dict(os.environ), list(warnings.filters)
import {module}
assert (dict(os.environ), list(warnings.filters)) == before
print(sorted({{"torch", "torchaudio", "scipy", "matplotlib", "pydantic", "onnxruntime"}} & set(sys.modules)))
"""
    assert fresh(code) == "[]"


def test_nothing_of_the_runtime_needs_torch() -> None:
    code = """
import sys
sys.modules["torch"] = None  # importing it now raises ImportError
import aurora_resnet.runtime
print([name for name in aurora_resnet.runtime.__all__ if getattr(aurora_resnet.runtime, name) is None])
"""
    assert fresh(code) == "[]"


#: Their fields are data in the order in which one says them, no options.
RECORDS = ("Corpus", "Utterance")


def options_by_position(thing: object, name: str) -> list[str]:
    """Return the arguments with a default that may be given by position after the first two."""
    parameters = list(inspect.signature(thing).parameters.values())  # type: ignore[arg-type]
    parameters = [each for each in parameters if each.name not in ("self", "cls")]
    by_position = [each for each in parameters[2:] if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    return [f"{name}({each.name})" for each in by_position if each.default is not inspect.Parameter.empty]


def public_callables() -> Iterator[tuple[str, object]]:
    """Yield every public function and class, and the methods that classes of ours have."""
    for name in NAMES.split():
        thing = getattr(aurora_resnet, name)
        if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, Exception)):
            continue
        if name not in RECORDS:
            yield name, thing
        if inspect.isclass(thing):
            ours = [base for base in thing.__mro__ if base.__module__.startswith("aurora_resnet")]
            for method in sorted({m for base in ours for m in vars(base) if not m.startswith("_")}):
                if inspect.isroutine(getattr(thing, method)):
                    yield f"{name}.{method}", getattr(thing, method)


def test_options_have_names() -> None:
    found = dict(public_callables())
    assert {"Trainer.fit", "Evaluator.evaluate", "Corpus.filter", "calibrate"} <= found.keys()
    assert [each for name, thing in found.items() for each in options_by_position(thing, name)] == []


@pytest.mark.slow
def test_every_public_name_loads_without_torchaudio_and_matplotlib() -> None:
    code = """
import sys
sys.modules["torchaudio"] = sys.modules["matplotlib"] = None  # importing them now raises ImportError
import aurora_resnet
names = [name for name in aurora_resnet.__all__ if getattr(aurora_resnet, name) is None]
print(names)
"""
    assert fresh(code) == "[]"


def test_public_names_are_those_of_their_modules() -> None:
    for name in aurora_resnet.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(aurora_resnet, name)
        home = getattr(thing, "__module__", None)
        if home is not None:  # a constant has none
            assert getattr(importlib.import_module(home), name) is thing


def test_every_event_of_a_stream_is_in_one_module() -> None:
    from aurora_resnet import events
    from aurora_resnet.runtime.strings.events import StringEvent

    wanted = {"WordEvent", "StringTimes"} | {event.__name__ for event in get_args(StringEvent)}
    assert {name for name in vars(events) if name[0] != "_"} == wanted
