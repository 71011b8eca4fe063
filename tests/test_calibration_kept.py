"""A calibration belongs to the weights that it was chosen for: it is kept with them, and gone when they change."""

from __future__ import annotations

import copy
import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoint_file import read_file, write_file
from aurora_resnet.checkpoints import OPERATING_POINT, Checkpoint, load_checkpoint, save_calibrated, save_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.pretrained import save_pretrained
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.strings.answer import Reading
from aurora_resnet.runtime.strings.events import StringEnded, event_values
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from aurora_resnet.runtime.strings.search import Hypothesis
from aurora_resnet.runtime.strings.streams import StringStreams
from aurora_resnet.teaching.adapt import adapt
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

Call = Callable[..., "subprocess.CompletedProcess[str]"]
RATE = 8000
#: Under which whatever is audible is accepted, so that an answer other than ``True`` comes from no calibration.
CHOSEN = {"words": Calibration(1.5, -1e4), "strings": Calibration(threshold=0.0, other_weight=1e-6)}
NOISE = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


@pytest.fixture(params=["words", "strings"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def saved(kind: str, tmp_path: Path) -> Path:
    """A calibrated checkpoint with random weights."""
    causal = MelConfig(RATE, n_mels=8, compression="pcen", normalization="none", causal=True)
    options = {"widths": [2, 2, 2, 2], "channels": 4, "dilations": [1], "others": 1}
    of_strings = RecognizerConfig("string_net", causal, options=options)
    torch.manual_seed(0)
    config = RecognizerConfig("cnn", MelConfig(RATE, n_mels=16), options={"hidden": 8})
    model = RecognizerModel(config if kind == "words" else of_strings)
    info = {OPERATING_POINT: {"other_weight": 1e-6, "threshold": 0.0}}
    save_checkpoint(model, tmp_path / "a.safetensors", calibration=CHOSEN[kind], info=info)
    return tmp_path / "a.safetensors"


ONE = StringRules(lengths=[1])


def accepted(path: Path | str) -> tuple[bool | None, bool | None]:
    """Return whether noise and silence are accepted."""
    if resolve(path).kind == "words":
        recognizer = DigitRecognizer.from_pretrained(path)
        return recognizer.recognize(NOISE, RATE).accepted, recognizer.recognize(0 * NOISE, RATE).accepted
    strings = StringRecognizer.from_pretrained(path)  # noise may be no word, which no threshold changes
    return strings.answer(_word(), ONE).accepted, strings.recognize(0 * NOISE, RATE).accepted


def _word() -> Reading:
    return Reading([Hypothesis((1,), 0.12, ((0, 5),))])


def one_step(model: RecognizerModel) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.train()(torch.from_numpy(NOISE[None].repeat(2, 0))).square().sum().backward()
    optimizer.step()
    model.eval()


def in_place(model: RecognizerModel) -> None:
    next(model.classifier.parameters()).data.view(-1)[0] += 1e-6


def other_weights(model: RecognizerModel) -> None:
    torch.manual_seed(9)
    model.load_state_dict(RecognizerModel(model.config).state_dict())


def statistics(model: RecognizerModel) -> None:
    model.train()
    with torch.no_grad():
        model(torch.from_numpy(NOISE[None].repeat(2, 0)))
    model.eval()


def a_new_head(model: RecognizerModel) -> None:
    last = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv1d)][-1]
    last.reset_parameters()


CHANGES = [one_step, in_place, other_weights, statistics, a_new_head]


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_gone_when_the_weights_change(
    change: Callable[[RecognizerModel], None], kind: str, saved: Path, tmp_path: Path
) -> None:
    assert accepted(saved) == (True, False)
    checkpoint = load_checkpoint(saved)
    change(checkpoint.model)
    assert not checkpoint.calibration.rejects
    assert checkpoint.calibration.other_weight == 1.0
    save_checkpoint(checkpoint.model, tmp_path / "b.safetensors")
    save_checkpoint(checkpoint.model, tmp_path / "c.safetensors", info=checkpoint.info, card=checkpoint.card)
    folder = save_pretrained(checkpoint, tmp_path / "folder", onnx=False)
    for place in (tmp_path / "b.safetensors", tmp_path / "c.safetensors", folder):
        assert accepted(place) == (None, False), place
    if kind == "words":
        facts = TorchModel(checkpoint.model).facts
        assert facts.calibration == Calibration()
    else:
        assert (
            sequence_model(checkpoint).facts.calibration
            == sequence_model(checkpoint.model).facts.calibration
            == Calibration()
        )


def test_it_is_kept_with_the_weights(kind: str, saved: Path, tmp_path: Path) -> None:
    model = load_checkpoint(saved).model
    for number, same in enumerate((model, copy.deepcopy(model), model.train().eval(), model.double().float())):
        save_checkpoint(same, path := tmp_path / f"{number}.safetensors", half=number == 0)
        assert load_checkpoint(path).calibration == CHOSEN[kind]
        assert accepted(path) == (True, False)
    assert (
        load_checkpoint(save_pretrained(load_checkpoint(saved), tmp_path / "f", onnx=False)).calibration == CHOSEN[kind]
    )
    save_calibrated(saved, Calibration(), tmp_path / "without.safetensors")
    assert accepted(tmp_path / "without.safetensors") == (None, False)


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("changed", [False, True])
def test_an_exported_file_has_what_the_weights_have(saved: Path, tmp_path: Path, changed: bool) -> None:
    checkpoint = load_checkpoint(saved)
    if changed:
        one_step(checkpoint.model)
    export_onnx(checkpoint if changed else checkpoint.model, tmp_path / "a.onnx")
    assert accepted(tmp_path / "a.onnx") == (None if changed else True, False)


@pytest.mark.slow
def test_a_training_ends_without_one_and_adapting_keeps_it(tmp_path: Path) -> None:
    clips = load_clips(
        read_samples().filter(speakers="samples/flite-awb", words=["one", "two"]),
        load_checkpoint("compact").model.config,
    )
    model = load_checkpoint("compact").model
    save_checkpoint(adapt(model, clips).model, tmp_path / "adapted.safetensors")
    assert load_checkpoint(tmp_path / "adapted.safetensors").calibration == load_checkpoint("compact").calibration
    result = Trainer(model, TrainingConfig(epochs=1, batch_size=2, learning_rate=1e-4), tmp_path / "run").fit(clips)
    assert accepted(result.best_checkpoint) == (None, False)
    save_checkpoint(model, tmp_path / "tuned.safetensors")  # what the issue saw: 0.12 and accepted
    assert accepted(tmp_path / "tuned.safetensors") == (None, False)


def test_files_of_earlier_editions(kind: str, saved: Path, tmp_path: Path) -> None:
    header, tensors = read_file(saved)
    header["calibration"] = Calibration().to_dict()
    write_file(header, tensors, tmp_path / "second.safetensors")  # the point of strings stood in info
    assert load_checkpoint(tmp_path / "second.safetensors").calibration == (
        CHOSEN[kind] if kind == "strings" else Calibration()
    )
    assert accepted(tmp_path / "second.safetensors") == (True if kind == "strings" else None, False)
    header["info"] = {}
    write_file(header, tensors, tmp_path / "without.safetensors")
    assert accepted(tmp_path / "without.safetensors") == (None, False)


def test_commands_say_that_it_is_not_known(kind: str, saved: Path, call: Call, tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(saved).model, tmp_path / "m.safetensors", calibration=Calibration())
    write_audio(NOISE, tmp_path / "noise.wav", RATE)
    write_audio(0 * NOISE, tmp_path / "silence.wav", RATE)
    string = ["--string", "--length", "1"] if kind == "strings" else []
    files = ["noise.wav", "silence.wav"]
    done = call("recognize", *string, "--model", "m.safetensors", *files)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[3] for row in rows] == ["not calibrated", "rejected"]
    done = call("recognize", "--json", *string, "--model", "m.safetensors", *files)
    assert [json.loads(line)["accepted"] for line in done.stdout.splitlines()] == [None, False]
    for form in ("csv", "jsonl"):
        options = ["--model", "m.safetensors", "--workers", "1", "--format", form, "--out", f"o_{form}"]
        assert call("transcribe", *files, *string, *options).returncode == 0
    table = list(csv.DictReader((tmp_path / "o_csv/rows/part-000000.csv").read_text().splitlines()))
    assert [row["accepted"] for row in table] == ["", "false"]
    lines = (tmp_path / "o_jsonl/rows/part-000000.jsonl").read_text().splitlines()
    assert [json.loads(line)["accepted"] for line in lines] == [None, False]
    (tmp_path / "list.csv").write_text("path,words\nnoise.wav,one\n")
    options = ["--strings"] * (kind == "strings") + ["--model", "m.safetensors", "--predictions", "p.csv"]
    assert call("evaluate", *options, "--corpus", "manifest:list.csv").returncode == 0
    assert [row["accepted"] for row in csv.DictReader((tmp_path / "p.csv").read_text().splitlines())] in (
        [""], ["false"] if kind == "strings" else [],  # of strings noise may be none, whatever the calibration is
    )  # fmt: skip


def test_streams_and_the_web_page_hand_it_on(kind: str, saved: Path, tmp_path: Path) -> None:
    from aurora_resnet.web.answer import answer_recording, answer_string

    save_checkpoint(load_checkpoint(saved).model, tmp_path / "m.safetensors", calibration=Calibration())
    if kind == "words":
        recognizer = DigitRecognizer.from_pretrained(tmp_path / "m.safetensors")
        assert answer_recording(recognizer, NOISE, RATE).accepted is None
        assert answer_recording(recognizer, 0 * NOISE, RATE).accepted is False
        return
    strings = StringRecognizer.from_pretrained(tmp_path / "m.safetensors")
    answer = answer_string(strings, NOISE, RATE, ONE)
    assert (answer.accepted, answer.reason) == (None, "not calibrated")
    streams = StringStreams(strings)
    number = streams.open(RATE)
    ended = StringEnded(strings.answer(_word(), ONE), "flush", 1.0)
    assert event_values(ended)["string"]["accepted"] is None
    events = [*streams.push({number: NOISE})[number], *streams.close(number)]
    assert not any(isinstance(event, StringEnded) and event.string.accepted for event in events)


def test_one_may_claim_it(saved: Path) -> None:
    model = load_checkpoint(saved).model
    in_place(model)
    model.calibration = Calibration(1.0, 0.5)
    assert Checkpoint(model, "mine", "", {}, {}).calibration == Calibration(1.0, 0.5)
    in_place(model)
    assert model.calibration == Calibration()
