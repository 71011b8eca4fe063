"""False accepts an hour, on real speech and noise."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import soundfile

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.teaching.enrol import enrol
from aurora_resnet.teaching.hours import false_words_an_hour
from aurora_resnet.teaching.recordings import TeachingRecordings
from tools.measure.own_streams import between_noise

WORDS = ("yes", "stop", "left")


def folder_of(place: Path, sounds: dict[str, Samples]) -> Path:
    """Write sounds at 8 kHz."""
    place.mkdir()
    for name, samples in sounds.items():
        soundfile.write(place / f"{name}.wav", samples, 8000)
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
    sounds = {path.stem: read_clip(path, 8000, math.inf) for path in talk + noise}
    counts = [
        int(re.search(r": (\d+), ", false_words_an_hour(model, folder))[1])  # type: ignore[index]
        for folder in (
            folder_of(tmp_path / "said", {path.stem: between_noise(path, 8000) for path in said}),
            folder_of(tmp_path / "talk", sounds),
        )
    ]
    assert counts[0] >= 2 / 3 * len(said)
    assert counts[1] <= 1
