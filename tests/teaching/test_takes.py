"""Takes out of what a microphone records, and the command that records a folder, with a microphone of the test."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.teaching.takes import takes

RATE = 16_000
ROOM = 0.001


def said(*words: tuple[float, float], pause: float = 1.0) -> Samples:
    """Return words of (seconds, amplitude) in a room that is not silent, with pauses around them."""
    parts = [np.zeros(round(pause * RATE))]
    for seconds, amplitude in words:
        time = np.arange(round(seconds * RATE)) / RATE
        parts += [amplitude * np.sin(2 * np.pi * 300 * time), np.zeros(round(pause * RATE))]
    sound = np.concatenate(parts)
    return (sound + ROOM * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32)


def chunked(sound: Samples, size: int = RATE // 10) -> list[Samples]:
    return [sound[i : i + size] for i in range(0, len(sound), size)]


def test_each_word_is_a_take_with_quiet_around_it() -> None:
    found = list(takes(chunked(said((0.4, 0.3), (0.7, 0.2))), RATE))
    assert [take.fault for take in found] == [None, None]
    for take, seconds, amplitude in zip(found, (0.4, 0.7), (0.3, 0.2), strict=True):
        assert take.spoken_seconds == pytest.approx(seconds, abs=0.2)
        assert take.level_db == pytest.approx(20 * np.log10(amplitude / np.sqrt(2)), abs=1.0)
        assert take.room_db == pytest.approx(20 * np.log10(ROOM), abs=1.0)
        loud = np.flatnonzero(np.abs(take.samples) > amplitude / 2)
        assert loud[0] > 0.05 * RATE  # the word is whole
        assert len(take.samples) - loud[-1] > 0.05 * RATE
        assert len(take.samples) < (seconds + 0.8) * RATE


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ((0.4, 1.5), "too loud"),
        ((6.0, 0.3), "longer than 4 s"),
        ((0.05, 0.5), "too short"),
        ((0.5, 0.0045), "too quiet|hardly louder"),
    ],
)
def test_what_cannot_be_used_says_why(word: tuple[float, float], fault: str) -> None:
    first, *_ = takes(chunked(np.clip(said(word), -1, 1)), RATE)
    assert first.fault is not None
    assert any(each in first.fault for each in fault.split("|"))


@pytest.mark.parametrize("size", [400, 1600, 2999])
def test_the_room_alone_is_no_take(size: int) -> None:
    assert list(takes(chunked(said(pause=2.0), size), RATE)) == []


def test_the_level_is_told_of_every_chunk() -> None:
    levels: list[float] = []
    chunks = chunked(said((0.4, 0.3)))
    list(takes(chunks, RATE, on_level=levels.append))
    assert len(levels) == len(chunks)
    assert max(levels) == pytest.approx(-13.5, abs=1)


class FakeMicrophone:
    """Stands for the library sounddevice: a microphone that records a signal and is then switched off."""

    class PortAudioError(Exception):
        """As the library's."""

    def __init__(self, sound: Samples) -> None:
        self.sound = np.round(sound * 32767).astype(np.int16)

    def query_devices(self, number: object, kind: str) -> dict[str, object]:
        assert (number, kind) == (None, "input")
        return {"name": "fake", "default_samplerate": float(RATE)}

    def InputStream(self, callback: Callable[..., None], blocksize: int, **_: object) -> FakeMicrophone:  # noqa: N802
        self.callback, self.blocksize = callback, blocksize
        return self

    def __enter__(self) -> FakeMicrophone:
        for start in range(0, len(self.sound), self.blocksize):
            self.callback(self.sound[start : start + self.blocksize, None], self.blocksize, None, None)
        return self

    def __exit__(self, *_: object) -> None:
        return None


class EndingQueue(queue.Queue[object]):
    """A queue that a user interrupts when nothing is left."""

    def get(self, block: bool = True, timeout: float | None = None) -> object:
        if self.empty():
            raise KeyboardInterrupt
        return super().get(block, timeout)


Call = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_command_keeps_what_is_good_and_asks_again(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = said((0.4, 0.3), (0.03, 0.5), (0.4, 0.3), (0.5, 0.3), (0.5, 0.3), (0.4, 0.3))
    monkeypatch.setitem(sys.modules, "sounddevice", FakeMicrophone(speech))
    monkeypatch.setattr("queue.SimpleQueue", EndingQueue)
    done = call(
        "record", "--words", "Schön,licht an", "--times", "2", "--other", "1", "--speaker", "ann", "--out", "mine"
    )
    assert done.returncode == 0, done.stderr
    assert "5 recordings of 5 in mine" in done.stdout
    assert "too short, a click perhaps; say the whole word: once more" in done.stderr
    files = sorted(path.relative_to(tmp_path / "mine").as_posix() for path in (tmp_path / "mine").rglob("*.wav"))
    assert files == [
        "_other/ann_001.wav", "licht an/ann_001.wav", "licht an/ann_002.wav", "schön/ann_001.wav", "schön/ann_002.wav",
    ]  # fmt: skip
    samples, rate = read_audio(tmp_path / "mine" / "schön" / "ann_001.wav")
    assert rate == RATE
    assert 0.4 <= len(samples) / rate <= 1.4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--words", "a/b", "--out", "x"), "a word names a folder"),
        (("--words", "_x", "--out", "x"), "a word names a folder"),
        (("--words", "ja", "--speaker", "a_b", "--out", "x"), "a name without underscores"),
        (("--words", "ja", "--out", "x"), "the microphone needs sounddevice"),
    ],
)
def test_what_cannot_be_recorded(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    done = call("record", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
