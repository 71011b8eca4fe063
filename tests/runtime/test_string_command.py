"""``recognize --string`` and ``listen --string``, and models given where the others are wanted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ModelError
from aurora_resnet.runtime.model_reference import EXPORTED_STRINGS, resolve
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import luhn

Spoken = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]

RATE = 8000
SAID = ("four", "oh", "seven", "one")


@pytest.fixture(scope="module")
def pin(spoken: Spoken, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packaged voice says 4071."""
    parts: list[Samples] = [np.zeros(RATE // 2, np.float32)]
    for word in SAID:
        samples, _ = read_audio(spoken(word, voice="espeak-en-us-sandro", split="train"))
        parts += [samples, np.zeros(RATE // 8, np.float32)]
    path = tmp_path_factory.mktemp("strings") / "pin.wav"
    soundfile.write(path, np.concatenate([*parts, np.zeros(RATE * 3 // 2, np.float32)]), RATE)
    return path


def test_files_hold_strings(call: Call, pin: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(4000), RATE)
    files = [str(pin), str(tmp_path / "none.wav"), str(tmp_path / "silence.wav")]
    code, output, errors = call("recognize", "--string", *files)
    assert code == 1
    first, second = (line.split("\t") for line in output.splitlines())
    assert (first[0], first[1], first[3:]) == (files[0], "4071", ["accepted"])
    assert second[1:] == ["", "1.000", "rejected", "silence"]
    assert "there is no file" in errors
    answer = json.loads(call("recognize", "--string", "--json", "-", stdin=pin.read_bytes())[1])
    recognized = StringRecognizer.from_pretrained().recognize(pin)
    assert answer == json.loads(json.dumps({"file": "-", **recognized.to_dict()}))
    assert tuple(word["word"] for word in answer["words"]) == SAID


def test_lengths_and_a_check_digit_are_looked_for(call: Call, pin: Path) -> None:
    answers = [
        json.loads(call("recognize", "--string", "--json", *more, str(pin))[1])
        for more in (["--length", "2", "--length", "4"], ["--length", "3"], ["--length", "4", "--check", "luhn"])
    ]
    assert (answers[0]["text"], answers[0]["accepted"]) == ("4071", True)
    assert (len(answers[1]["text"]), answers[1]["accepted"]) == (3, False)
    assert answers[2]["accepted"] is False
    # None of the strings that could have been said has the check digit, or one that has is unsure.
    assert (answers[2]["text"], answers[2]["reason"]) == ("", "no such string") or luhn(answers[2]["text"])


def test_events_come_in_order_from_a_file_and_from_the_telephone(call: Call, pin: Path) -> None:
    code, output, errors = call("listen", "--string", "--length", "4", str(pin))
    assert (code, errors) == (0, "1 string in " + errors.partition("1 string in ")[2])
    lines = [line.split("\t") for line in output.splitlines()]
    assert lines[0][1] == "speech_started"
    assert [line[2] for line in lines if line[1] == "digit"] == list(SAID)
    assert [line[2] for line in lines if line[1] == "partial"][-1] == "4071"
    (ended,) = (line for line in lines if line[1] == "string_ended")
    assert (ended[2], ended[4:]) == ("4071", ["accepted", "length"])
    samples, rate = read_audio(pin)
    for subtype, encoding in (("ULAW", "mulaw"), ("ALAW", "alaw")):
        coded = io.BytesIO()
        soundfile.write(coded, samples, rate, format="RAW", subtype=subtype)
        options = ("--rate", "8000", "--encoding", encoding, "--json", "-")
        events = [
            json.loads(line) for line in call("listen", "--string", *options, stdin=coded.getvalue())[1].splitlines()
        ]
        assert [event["word"]["word"] for event in events if event["event"] == "digit"] == list(SAID)
        assert (events[-1]["event"], events[-1]["string"]["text"]) == ("string_ended", "4071")


def test_time_outs_are_options(call: Call, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(3 * RATE), RATE)
    code, output, _ = call("listen", "--string", "--no-input", "2", str(tmp_path / "silence.wav"))
    assert (code, output) == (0, "2.00\tno_input\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recognize", "--length", "4", "a.wav"], "--length is about strings; add --string"),
        (["recognize", "--check", "luhn", "a.wav"], "--check is about strings"),
        (["listen", "--model", "compact", "--between", "1", "a.wav"], "--between is about strings"),
        (["recognize", "--string", "--length", "0", "a.wav"], "--length must be at least 1, got 0"),
        (["listen", "--string", "--length", "-1", "a.wav"], "--length must be at least 1, got -1"),
        (["listen", "--string", "--no-input", "0", "a.wav"], "no_input_seconds must be above 0"),
        (["recognize", "--known", "a.txt", "a.wav"], "--known is about strings"),
        (
            ["recognize", "--string", "--known", "none.txt", "a.wav"],
            "none.txt: expected a text file with a number a line",
        ),
        (["recognize", "--string", "--numbers", "words", "a.wav"], "argument --numbers: invalid choice: 'words'"),
        (
            ["listen", "--numbers", "spoken", "--second-look", "off", "a.wav"],
            "numbers='spoken' needs a model whose vocabulary has",
        ),
        (["listen", "--model", "compact", "--second-look", "off", "a.wav"], "--second-look is about strings"),
        (["recognize", "--string", "--check", "lun", "a.wav"], "argument --check: invalid choice: 'lun'"),
        (["recognize", "--string", "--model", "compact", "a.wav"], "is a model of single words, not of strings"),
        (["recognize", "--model", "string_net", "a.wav"], "is a model of strings, not of single words"),
        (["recognize", "--string", "--model", "string_ne", "a.wav"], "did you mean 'string_net'"),
        (["recognize", "--string", "--model", "none.onnx", "a.wav"], "there is no model 'none.onnx'"),
    ],
)
def test_wrong_input_ends_in_one_line_and_code_2(call: Call, arguments: list[str], says: str) -> None:
    code, output, errors = call(*arguments)
    assert (code, output) == (2, "")
    assert says in errors
    assert len(errors.splitlines()) == 1


def test_a_model_of_the_other_kind_is_told_as_such() -> None:
    with pytest.raises(ModelError, match="is a model of strings, not of single words; give one of single words"):
        Recognizer.from_pretrained(EXPORTED_STRINGS[1])
    path = resolve("compact").path
    with pytest.raises(ModelError, match="is a model of single words, not of strings; give one of strings"):
        StringRecognizer.from_pretrained(path)
    with pytest.raises(ModelError, match=r"shipped: speech_encoder, accurate, resnet50, compact, micro; others"):
        load_model("string")
