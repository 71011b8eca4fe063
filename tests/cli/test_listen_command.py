"""``aurora-resnet listen`` as a person meets it: files, pipes, a microphone that a fake library plays, Ctrl-C."""

from __future__ import annotations

import io
import json
import queue
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.cli.app import main
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples

RATE = 8000
COMMAND = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", "listen", "--model", "compact"]
SAID = ("seven", "two")


Listen = Callable[..., tuple[int, str, str]]


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Listen:
    """Run the command with something on standard input; return exit code, output and errors."""

    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        with pytest.raises(SystemExit) as ended:
            main(["listen", "--model", "compact", *arguments])  # of two, the last one counts
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def speech() -> Samples:
    parts: list[Samples] = []
    for word in SAID:
        recording = read_samples().filter(words=word, split="test", engine="flite")[0]
        parts += [np.zeros(RATE // 3, np.float32), read_audio(recording.path)[0]]
    return np.concatenate([*parts, np.zeros(RATE // 2, np.float32)])


@pytest.fixture(scope="module")
def file(speech: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("listen") / "speech.wav"
    write_audio(speech, path, RATE)
    return path


def test_a_file_prints_words_times_and_the_running_string(file: Path, listen: Listen) -> None:
    code, output, errors = listen(str(file))
    assert code == 0
    lines = [line.split("\t") for line in output.splitlines()]
    assert [(line[1], line[3]) for line in lines] == [("seven", "7"), ("two", "72")]
    start, end = (float(time) for time in lines[0][0].split("-"))
    assert 0.2 < start < end < 1.5
    assert errors.splitlines()[-1].startswith("2 digits in ")


def test_wav_and_headerless_pipes_give_what_the_file_gives(file: Path, listen: Listen) -> None:
    _, of_file, _ = listen("--json", str(file))
    events = [json.loads(line) for line in of_file.splitlines()]
    assert [event["word"] for event in events] == list(SAID)
    assert events[-1]["string"] == "72"
    assert all(event["start_seconds"] < event["end_seconds"] <= event["decided_seconds"] for event in events)
    assert listen("--json", "-", stdin=file.read_bytes())[1] == of_file
    with wave.open(str(file)) as sound:
        raw = sound.readframes(sound.getnframes())
    assert listen("--json", "--rate", "8000", "-", stdin=raw + b"x")[1] == of_file  # half a sample is none


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["-"], b"", "standard input is empty"),
        (["-"], b"no sound at all", "need --rate"),
        (["--rate", "8000", "-"], b"RIFF....WAVE", "states its own rate"),
        (["-"], b"RIFF\x04\x00\x00\x00WAVE", "cannot be read as PCM WAV"),
        (["--rate", "8000", "a.wav"], b"", "--rate and --encoding are for headerless samples"),
        (["--device", "1", "a.wav"], b"", "--device is for the microphone"),
        (["--encoding", "alaw", "a.wav"], b"", "--rate and --encoding are for headerless samples"),
        (["--encoding", "alaw", "-"], b"", "headerless samples need --rate too"),
        (["nowhere.wav"], b"", "there is no file 'nowhere.wav'"),
        (["--model", "compat", "-"], b"", "did you mean 'compact'?"),
    ],
)
def test_what_cannot_be_heard_is_said_in_a_line(
    arguments: list[str], stdin: bytes, message: str, listen: Listen
) -> None:
    code, output, errors = listen(*arguments, stdin=stdin)
    assert code == 2
    assert message in errors
    assert output == ""


def test_interrupting_a_pipe_ends_with_a_summary(file: Path) -> None:
    with wave.open(str(file)) as sound:
        raw = sound.readframes(sound.getnframes())
    with subprocess.Popen(
        [*COMMAND, "--threads", "1", "--rate", "8000", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(raw)
        process.stdin.flush()
        assert process.stdout.readline().decode().split("\t")[1] == "seven"  # while the pipe is open
        process.send_signal(signal.SIGINT)
        more = process.stdout.read().decode().splitlines()
        summary = process.stderr.read().decode()
        assert process.wait(timeout=60) == 0
    assert re.match(rf"{1 + len(more)} digits? in \d", summary)


class FakeSound:
    """Stands for the library sounddevice: a microphone that hears a given signal and is then switched off."""

    class PortAudioError(Exception):
        """As the library has it."""

    def __init__(self, signal_: Samples) -> None:
        self.signal = signal_

    def query_devices(self, device: int | str | None, _kind: str) -> dict[str, Any]:
        if device not in (None, 3):
            raise ValueError(f"no input device matching {device!r}")
        return {"default_samplerate": 8000.0, "name": "a fake"}

    def InputStream(self, callback: Callable[..., None], blocksize: int, **_options: object) -> Any:  # noqa: N802
        fake = self

        class Stream(SimpleNamespace):
            def __enter__(self) -> Self:
                pcm = np.round(fake.signal * 32767).astype(np.int16)[:, None]
                for start in range(0, len(pcm), blocksize):
                    callback(pcm[start : start + blocksize], blocksize, None, None)
                return self

            def __exit__(self, *_reason: object) -> None:
                return None

        return Stream()


def test_a_microphone_is_heard_until_ctrl_c(speech: Samples, monkeypatch: pytest.MonkeyPatch, listen: Listen) -> None:
    class EndingQueue(queue.Queue[Any]):
        """A queue that a person interrupts when nothing is left."""

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            if self.empty():
                raise KeyboardInterrupt
            return super().get(block, timeout)

    monkeypatch.setitem(sys.modules, "sounddevice", FakeSound(speech))
    monkeypatch.setattr("queue.SimpleQueue", EndingQueue)
    code, output, errors = listen("--device", "3")
    assert code == 0
    assert [line.split("\t")[1] for line in output.splitlines()] == list(SAID)
    assert "listening to a fake at 8000 Hz" in errors
    assert "2 digits in " in errors
    code, _, errors = listen("--device", "9")
    assert code == 2
    assert "no microphone '9' was found" in errors


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, listen: Listen) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    code, _, errors = listen()
    assert code == 2
    assert "pip install sounddevice" in errors


def test_digits_are_what_is_listened_to_without_a_model_and_without_torch(file: Path) -> None:
    code = "import sys; from aurora_resnet.cli import main; sys.modules['torch'] = None; main(['listen', sys.argv[1]])"
    result = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    events = [line.split("\t")[1:3] for line in result.stdout.splitlines()]
    assert [what for event, *what in events if event == "digit"] == [[word] for word in SAID]
    assert ["string_ended", "72"] in events


def test_a_wav_pipe_without_a_length_is_heard_to_its_end(file: Path, listen: Listen) -> None:
    data = file.read_bytes()
    at = data.index(b"data") + 4
    of_file = listen("--json", str(file))[1]
    for length in (0, 0x80000000, 0x7FFFEFFE, 0xFFFFFFFF):
        pipe = data[:4] + bytes(4) + data[8:at] + length.to_bytes(4, "little") + data[at + 4 :]
        code, output, errors = listen("--json", "-", stdin=pipe)
        assert (code, output) == (0, of_file)
        assert "promises" not in errors
    assert "cut off: its header promises" in listen("-", stdin=data[:-1000])[2]
    short = data[:at] + (2000).to_bytes(4, "little") + data[at + 4 :]
    assert re.search(r"promises 2000 bytes of samples, and \d+ more came", listen("-", stdin=short)[2])


def test_stereo_of_opposite_signs_is_heard(speech: Samples, tmp_path: Path, listen: Listen) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.stack([speech, -speech], axis=1), RATE)
    assert "2 digits in" in listen(str(tmp_path / "a.wav"))[2]
    assert "2 digits in" in listen("-", stdin=(tmp_path / "a.wav").read_bytes())[2]
