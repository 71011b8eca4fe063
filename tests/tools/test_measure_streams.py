"""The measurement of streaming: what is counted, with events that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.sources.an4 import STRING_COLUMNS
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import WordEvent
from tools.measure import streams as measurement
from tools.measure.hour import PAUSE_SECONDS, play
from tools.measure.streams import stream_events

RATE = 8000


def event(word: str, start: float, end: float, decided: float) -> WordEvent:
    return WordEvent(word, None, 1.0, start, end, decided)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of AN4 with two strings of a second, ``one two`` and ``three``, whose words end at known times."""
    folder = tmp_path / "an4"
    folder.mkdir()
    strings, words = [",".join(STRING_COLUMNS)], ["utterance,start_s,end_s"]
    for name, said, ends in (("first", "one two", (0.5, 1.0)), ("second", "three", (0.6,))):
        soundfile.write(folder / f"{name}.flac", np.full(RATE, 0.1), RATE)
        row = {"file": f"{name}.flac", "transcript": said, "speaker": "me", "gender": "f", "split": "test"}
        strings.append(",".join(row[column] for column in STRING_COLUMNS))
        words += [f"{name},{end - 0.4},{end}" for end in ends]
    (folder / "strings.csv").write_text("\n".join(strings) + "\n", encoding="utf-8")
    (folder / "digits.csv").write_text("\n".join(words) + "\n", encoding="utf-8")
    return tmp_path


def test_words_are_counted_against_the_transcripts(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[event("one", 0.1, 0.5, 0.7), event("two", 0.6, 1, 1)], [event("tree", 0.2, 0.6, 1)]])
    monkeypatch.setattr(measurement, "stream_events", lambda *_: next(answers))
    row = measurement.measure_strings(Recognizer.from_pretrained("compact"), data, "test")
    assert (row["strings"], row["strings_right"], row["speakers"]) == (2, 1, 1)
    assert (row["said"], row["right"], row["substituted"], row["inserted"], row["deleted"]) == (3, 2, 1, 0, 0)
    assert row["errors"] == {"three > tree": 1}
    assert row["audio_seconds"] == 2


def test_events_of_the_hour_count_for_the_sound_that_they_lie_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        """Recognises a word in the middle of every sound but the first."""

        def __init__(self, *_: object) -> None:
            self.seconds, self.sounds = 0.0, 0

        def push(self, samples: Samples) -> list[WordEvent]:
            start, self.seconds, self.sounds = self.seconds, self.seconds + len(samples) / RATE, self.sounds + 1
            return [event("one", start + 0.4, start + 0.6, self.seconds)] if self.sounds > 1 else []

        def flush(self) -> list[WordEvent]:
            return []

    sounds = [("words", np.zeros(RATE, np.float32)), ("noise", np.zeros(2 * RATE, np.float32))] * 2
    monkeypatch.setattr(measurement, "StreamingRecognizer", Stream)
    monkeypatch.setattr(measurement, "choose_sounds", lambda *_: [])
    monkeypatch.setattr(measurement, "play", lambda *_: iter(sounds[:4]))
    row = measurement.measure_hour(Recognizer.from_pretrained("compact"), Path(), 6.0)
    assert (row["seconds"], row["events"], row["events_per_hour"]) == (6.0, 3, 1800)
    assert row["kinds"]["noise"] == {"sounds": 2, "seconds": 4.0, "events": 2, "events_per_hour": 1800}
    assert row["kinds"]["words"] == {"sounds": 2, "seconds": 2.0, "events": 1, "events_per_hour": 1800}


def test_the_hour_plays_every_sound_with_a_pause_again_and_again(tmp_path: Path) -> None:
    tone = np.resize([0.5, -0.5], RATE)
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", tone, RATE)
    sounds = [(name, tmp_path / f"{name}.wav") for name in ("a", "b")]
    played = list(play(sounds, 6.5, np.random.default_rng(0)))
    assert [kind for kind, _ in played] == ["a", "b", "a", "b", "a"]
    shortest, longest = PAUSE_SECONDS
    for _, samples in played:
        assert shortest <= len(samples) / RATE - 1 <= longest
        assert np.abs(samples[2000:RATE] - tone[2000:]).max() < 0.01  # behind the start of the low cut
        assert 0 < np.abs(samples[RATE:]).max() < 0.01


def test_nothing_is_recognised_in_silence() -> None:
    assert stream_events(Recognizer.from_pretrained("compact"), np.zeros(3000, np.float32), RATE) == []
