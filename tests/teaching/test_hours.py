"""False accepts an hour, on real speech and noise."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.teaching.enrol import enrol
from aurora_resnet.teaching.hours import false_words_an_hour
from aurora_resnet.teaching.recordings import TeachingRecordings

WORDS = ("yes", "stop", "left")


def folder_of(place: Path, files: list[Path], quiet_seconds: float = 0.0) -> Path:
    """Write recordings between seconds of silence."""
    place.mkdir()
    for path in files:
        samples = np.pad(read_clip(path, 8000, math.inf), round(quiet_seconds * 8000))
        soundfile.write(place / f"{path.stem}.wav", samples, 8000)
    return place


@pytest.mark.slow
def test_on_real_sound_commands_are_counted_and_neither_talk_nor_noise(tmp_path: Path, shared: Path) -> None:
    enrolling = read_speech_commands(shared / "speech_commands_v2_words")
    drawn = tuple(u for word in WORDS for u in enrolling.filter(words=word).utterances[:3])
    enrol(TeachingRecordings(Corpus("mine", drawn), Corpus("none", ())), model := tmp_path / "mine.onnx")
    odd = read_speech_commands(shared / "speech_commands_other" / "words").filter(
        lambda u: u.word in WORDS and int(u.speaker[-1], 16) % 2 == 1
    )
    said = [u.path for u in odd.utterances[::8]]
    talk = sorted((shared / "people" / "strings" / "speechocean_talk").glob("*.flac"))[:15]
    noise = sorted((shared / "noise" / "esc10").rglob("*.ogg"))[::40]
    counts = [
        int(re.search(r": (\d+), ", false_words_an_hour(model, folder))[1])  # type: ignore[index]
        for folder in (folder_of(tmp_path / "said", said, 1.5), folder_of(tmp_path / "talk", talk + noise))
    ]
    assert counts[0] >= 0.8 * len(said)
    assert counts[1] <= 1
