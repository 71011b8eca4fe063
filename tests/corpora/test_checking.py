"""What a searched folder holds is taken or told, the same by every command."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.noisy_corpus.scenes import read_noise_scenes
from aurora_resnet.runtime.audio.kinds import SOUND_SUFFIXES
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.sounds import find_sounds
from aurora_resnet.transcription.inputs import find_pieces

TAKEN = {f"ann_{suffix[1:]}{suffix}" for suffix in SOUND_SUFFIXES} | {"ann_x.OPUS", "ben_x.M4a"}


def fill(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in (*TAKEN, "notes.txt", "ann.docx", ".hidden.wav"):
        (folder / name).write_bytes(b"sound")
    os.mkfifo(folder / "pipe.wav")
    (folder / "link.wav").symlink_to("nothing")


def of_noise(folder: Path) -> set[str]:
    return {path.name for path in read_noise_scenes(folder).recordings["car"]}


def of_sounds(folder: Path) -> set[str]:
    return {path.name for path in find_sounds([SoundFiles(str(folder))], ".")}


def of_corpus(folder: Path) -> set[str]:
    return {utterance.path.name for utterance in load_corpus(f"folder:{folder}")}


@pytest.mark.parametrize("find", [of_noise, of_sounds, of_corpus])
def test_every_search_takes_the_same_files_and_says_what_it_leaves_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, find: Callable[[Path], set[str]]
) -> None:
    fill(tmp_path / "car")
    with caplog.at_level(logging.WARNING):
        assert find(tmp_path) == TAKEN
    (told,) = caplog.messages
    assert all(name in told for name in ("4, ", "notes.txt", "ann.docx", "pipe.wav", "link.wav"))
    assert "hidden" not in told


def test_transcribe_takes_them_too(tmp_path: Path) -> None:
    fill(tmp_path / "car")
    found = {Path(name).name for piece in find_pieces([str(tmp_path)], 100) for name, _ in piece.recordings()}
    assert found == TAKEN | {"pipe.wav", "link.wav"}  # these fail, with a row


def test_notes_do_not_hide_who_speaks(tmp_path: Path) -> None:
    for name in ("ja/ann_1.opus", "ja/ben_1.m4a", "nein/ann_1.au", "nein/ben_2.caf", "nein/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"sound")
    speakers = read_recordings(tmp_path).speakers
    assert [speaker.split("/")[1] for speaker in speakers] == ["ann", "ben"]


def test_recordings_beside_the_word_folders_are_told(tmp_path: Path) -> None:
    for name in ("ja/1.wav", "stray.opus", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"sound")
    assert read_folder(tmp_path).problems == (f"{tmp_path / 'stray.opus'}: lies in no word folder",)
