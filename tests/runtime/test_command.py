"""The runtime's own command: ``recognize`` and ``listen`` without the rest of the library."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.cli.commands import COMMANDS
from aurora_resnet.runtime.cli.main import PROGRAM
from aurora_resnet.runtime.cli.recognize import BATCH, recognize_files
from aurora_resnet.runtime.cli.terminal import Progress
from aurora_resnet.runtime.cli.words import Words
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.model_reference import EXPORTED, EXPORTED_STRINGS
from aurora_resnet.runtime.recognizer import Recognition, Recognizer

Spoken = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]


def test_as_a_program_it_says_which_version_it_is() -> None:
    package = Recognizer.__module__.rpartition(".")[0]
    result = subprocess.run([sys.executable, "-m", package, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith(f"{PROGRAM} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_the_line_of_the_table(call: Call, command: str) -> None:
    code, output, _ = call(command, "--help")
    assert code == 0
    assert COMMANDS[command] in output
    assert f"{PROGRAM} {command} --json" in output  # an example that can be typed
    assert "--device" not in output or command == "listen"
    assert COMMANDS[command] in call("--help")[1]


def test_it_says_words_and_goes_on_after_a_bad_file(call: Call, spoken: Spoken, tmp_path: Path) -> None:
    silence, bad = tmp_path / "silence.wav", tmp_path / "bad.wav"
    soundfile.write(silence, np.zeros(4000), 8000)
    bad.write_text("no sound")
    files = [str(spoken("seven")), str(bad), str(silence), str(tmp_path / "missing.wav")]
    code, output, errors = call("recognize", "--model", "compact", *files)
    assert code == 1
    lines = [line.split("\t") for line in output.splitlines()]
    assert [line[0] for line in lines] == [files[0], files[2]]
    assert [line[3] for line in lines] == ["accepted", "rejected"]
    assert lines[0][1] == "seven"
    assert 0.5 < float(lines[0][2]) <= 1
    assert [line.partition("'")[0] for line in errors.splitlines()] == ["error: ", "error: there is no file "]
    code, output, _ = call("recognize", "--model", "compact", "--json", *files)
    answers = [json.loads(line) for line in output.splitlines()]
    assert answers[0]["word"] == "seven"
    assert answers[0].keys() == {"file", "word", "digit", "confidence", "accepted", "probabilities"}
    assert [answer["accepted"] for answer in answers] == [True, False]


def test_it_reads_a_pipe(call: Call, spoken: Spoken) -> None:
    of_file = json.loads(call("recognize", "--model", "compact", "--json", str(spoken("oh")))[1])
    code, output, _ = call("recognize", "--model", "compact", "--json", "-", stdin=spoken("oh").read_bytes())
    assert code == 0
    assert json.loads(output) == {**of_file, "file": "-"}
    code, output, errors = call("recognize", "--model", "compact", "-", stdin=b"no sound")
    assert (code, output) == (1, "")
    assert "cannot be read as WAV, FLAC, Ogg or MP3" in errors


def test_it_hears_a_telephone_call(call: Call, spoken: Spoken) -> None:
    samples, rate = read_audio(spoken("seven", engine="flite"))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.pad(samples, 4000), rate, format="RAW", subtype="ULAW")
    code, output, errors = call("listen", "--rate", "8000", "--encoding", "mulaw", "-", stdin=buffer.getvalue())
    assert code == 0
    assert [line.split("\t")[2] for line in output.splitlines() if "\tdigit\t" in line] == ["seven"]
    assert errors.startswith("1 string in ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["recognise", "a.wav"], "invalid choice: 'recognise'"),
        (["recognize"], "the following arguments are required: FILE"),
        (["recognize", "--threads", "0", "a.wav"], "--threads must be at least 1, got 0"),
        (["recognize", "--threads", "x", "a.wav"], "argument --threads: invalid int value: 'x'"),
        (["recognize", "--nonsense", "a.wav"], "unrecognized arguments: --nonsense"),
        (["recognize", "--model", "resnet5", "a.wav"], "did you mean 'resnet50'"),
        (["recognize", "--model", "no.onnx", "a.wav"], "there is no model 'no.onnx'"),
        (["listen", "--encoding", "ulaw", "-"], "argument --encoding: invalid choice: 'ulaw'"),
        (["listen", "a.wav", "b.wav"], "unrecognized arguments: b.wav"),
        (["listen", "nowhere.wav"], "there is no file 'nowhere.wav'"),
    ],
)
def test_wrong_input_ends_in_one_line_and_code_2(call: Call, arguments: list[str], says: str) -> None:
    code, output, errors = call(*arguments)
    assert (code, output) == (2, "")
    assert errors.startswith("error: ")
    assert len(errors.splitlines()) == 1
    assert says in errors


@pytest.fixture(scope="module")
def words() -> Words:
    return Words("recognize", argparse.Namespace(model="compact"), 1)


@pytest.fixture(scope="module")
def many(sample_words: list[tuple[Path, str]]) -> list[str]:
    files = [str(path) for path, _ in sample_words[: 4 * BATCH + 3]]
    return [*files[:5], "missing.wav", *files[5:]]


@pytest.mark.parametrize("workers", [2, 3, 16])
def test_the_answers_do_not_depend_on_the_workers(words: Words, many: list[str], workers: int) -> None:
    def answers(workers: int) -> list[tuple[str, Recognition | str]]:
        found = recognize_files(words, many, workers=workers)
        return [(file, str(answer) if isinstance(answer, AudioError) else answer) for file, answer in found]

    one = answers(1)
    assert [file for file, _ in one] == many
    assert one[5][1] == "there is no file 'missing.wav'; check the path"
    assert answers(workers) == one


def test_who_stops_reading_stops_the_work(words: Words, many: list[str]) -> None:
    found = recognize_files(words, many * 50, workers=2)
    assert next(found)[0] == many[0]
    found.close()  # type: ignore[attr-defined]  # would wait for all files if what is planned were not cancelled


class Terminal(io.StringIO):
    """A stream that says whether somebody watches it."""

    def __init__(self, watched: bool) -> None:
        super().__init__()
        self.watched = watched

    def isatty(self) -> bool:
        return self.watched


@pytest.mark.parametrize(("errors", "output", "shown"), [(1, 0, True), (1, 1, False), (0, 0, False)])
def test_progress_is_shown_where_somebody_watches_and_no_results_are(
    monkeypatch: pytest.MonkeyPatch, errors: int, output: int, shown: bool
) -> None:
    terminal = Terminal(bool(errors))
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", Terminal(bool(output)))
    monkeypatch.setattr("time.monotonic", iter(range(100)).__next__)
    progress = Progress(3, "files")
    for _ in range(3):
        progress.update()
    text = terminal.getvalue()
    assert ("1 of 3 files, 1 a second, 2 s left" in text) == shown
    assert not text or text.endswith("\r")  # the line is gone at the end


def test_the_default_models_are_those_of_the_package(call: Call) -> None:
    shown = {command: " ".join(call(command, "--help")[1].split()) for command in ("recognize", "listen")}
    assert f"(default {EXPORTED_STRINGS[0]} with --string, else {EXPORTED[0]})" in shown["recognize"]
    assert f"(default {EXPORTED_STRINGS[0]} with --string, which is the default)" in shown["listen"]
