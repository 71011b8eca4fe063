"""A take that was kept is never lost: not to another session, not to a kill, not to a full disk."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.teaching.recording_session import RecordingSession
from aurora_resnet.teaching.takes import Take

RATE = 8000


def take(level: float) -> Take:
    return Take(np.full(400, level, np.float32), RATE, -20.0, -70.0, 0.5)


def record(out: Path, first: int, count: int) -> None:
    """Keep takes whose level is a number of their own."""
    session = RecordingSession(["yes"], out, times=count, other=0)
    for number in range(first, first + count):
        assert session.keep(take(number / 1024)) is None


def levels(folder: Path) -> list[int]:
    return sorted(round(1024 * float(read_audio(path)[0][0])) for path in folder.glob("*.wav"))


def test_sessions_in_one_folder_overwrite_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    sessions = [context.Process(target=record, args=(tmp_path, 1 + 15 * number, 15)) for number in range(3)]
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    assert levels(tmp_path / "yes") == list(range(1, 46))
    assert len(list((tmp_path / "yes").iterdir())) == 45  # nothing else is left


def test_a_later_session_goes_on_behind_an_earlier_one(tmp_path: Path) -> None:
    record(tmp_path, 1, 2)
    (tmp_path / "yes" / "me_001.wav").unlink()
    record(tmp_path, 3, 2)
    assert levels(tmp_path / "yes") == [2, 3, 4]


def test_a_take_that_cannot_be_written_is_not_counted_as_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = RecordingSession(["yes"], tmp_path, times=2, other=0)
    assert session.keep(take(0.5)) is None

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(soundfile, "write", full)
        with pytest.raises(AudioError, match=r"me_002\.wav' cannot be written: .*No space left"):
            session.keep(take(0.25))
    assert session.kept == 1
    assert session.keep(take(0.25)) is None
    assert levels(tmp_path / "yes") == [256, 512]
