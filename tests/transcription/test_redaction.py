"""Numbers are found and silenced, and nothing else of a recording changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.cli.app import main
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import SamplesInMemory, read_audio
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError
from aurora_resnet.runtime.strings.talk import NumberFinder, SpokenNumber
from aurora_resnet.transcription.inputs import SoundPath
from aurora_resnet.transcription.redaction import BEEP_HZ, Redaction, redact
from aurora_resnet.transcription.tables import read_rows

RATE = 8000
NUMBERS = [SpokenNumber(0.5, 1.0, 3), SpokenNumber(1.9, 9.0, 3)]


def say(words: list[str]) -> Samples:
    voice = read_samples().filter(speakers="samples/espeak-en-us-gene")
    return np.concatenate([np.pad(read_audio(voice.filter(words=word)[0].path)[0], (0, RATE // 8)) for word in words])


@pytest.fixture(scope="module")
def finder() -> NumberFinder:
    return NumberFinder()


@pytest.fixture(scope="module")
def call() -> tuple[Samples, float, float]:
    """A number after 25 s of hiss, and when it begins and ends; two digits alone after that."""
    hiss = 0.001 * np.random.default_rng(0).standard_normal(40 * RATE)
    number, two = say(["four", "oh", "seven", "one"]), say(["four", "two"])
    sound = hiss.astype(np.float32)
    sound[25 * RATE : 25 * RATE + len(number)] += number
    sound[33 * RATE : 33 * RATE + len(two)] += two
    return sound, 25.0, 25 + len(number) / RATE


def test_a_number_is_found_and_two_digits_are_none(finder: NumberFinder, call: tuple[Samples, float, float]) -> None:
    sound, start, end = call
    (found,) = finder.find(SamplesInMemory(sound, RATE))
    assert start - 1 < found.start_seconds < start + 0.1
    assert end - 0.2 < found.end_seconds < end + 1
    assert found.digits >= 4


def test_blocks_of_a_file_change_nothing(
    finder: NumberFinder, call: tuple[Samples, float, float], tmp_path: Path
) -> None:
    sound, _, _ = call
    write_audio(sound, tmp_path / "call.wav", RATE)  # longer than a block of 10 s
    whole = read_audio(tmp_path / "call.wav")[0]
    assert finder.find(open_recording(tmp_path / "call.wav")) == finder.find(SamplesInMemory(whole, RATE))


def test_one_digit_is_no_number() -> None:
    with pytest.raises(ConfigError, match="at least 2 digits"):
        NumberFinder(1)


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16"), ("wav", "FLOAT")]
)
def test_all_else_stays_bit_for_bit(tmp_path: Path, suffix: str, subtype: str) -> None:
    rate, path = 44100, tmp_path / f"stereo.{suffix}"
    stereo = np.random.default_rng(1).uniform(-0.9, 0.9, (2 * rate, 2))
    soundfile.write(path, stereo, rate, subtype=subtype)
    copy = redact(SoundPath(str(path)), tmp_path / "out" / path.name, NUMBERS)
    before, after = soundfile.read(path)[0], soundfile.read(copy)[0]
    assert soundfile.info(copy).subtype == subtype
    silent = np.zeros(len(before), bool)
    silent[round(0.5 * rate) : rate] = silent[round(1.9 * rate) :] = True
    np.testing.assert_array_equal(after[~silent], before[~silent])
    assert not after[silent].any()


def test_a_beep_is_a_tone(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_audio(np.random.default_rng(1).uniform(-0.5, 0.5, 2 * RATE), path, RATE)
    beep = read_audio(redact(SoundPath(str(path)), tmp_path / "beep.wav", NUMBERS, beep=True))[0][RATE // 2 : RATE]
    spectrum = np.abs(np.fft.rfft(beep))
    assert spectrum.argmax() * RATE / len(beep) == BEEP_HZ
    assert np.abs(beep).max() == pytest.approx(0.1, abs=1e-3)


def test_a_recording_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_audio(np.zeros(RATE), path, RATE)
    with pytest.raises(AudioError, match="would take its place"):
        redact(SoundPath(str(path)), path, [])


def test_the_command(tmp_path: Path, call: tuple[Samples, float, float], capsys: pytest.CaptureFixture[str]) -> None:
    calls, out = tmp_path / "calls", tmp_path / "out"
    write_audio(call[0], calls / "may" / "a.wav", RATE)
    (calls / "b.wav").write_bytes(b"RIFF, but no more")
    with pytest.raises(SystemExit) as end:
        main(["redact", str(calls), "--out", str(out), "--workers", "1"])
    assert end.value.code == 1
    assert "b.wav" in capsys.readouterr().err
    rows = {row[0]: row for part in (out / "rows").glob("*.csv") for row in read_rows(part, Redaction.columns)}
    row = rows[str(calls / "may" / "a.wav")]
    copy = out / "recordings" / "may" / "a.wav"
    assert (row[1], row[2], row[6]) == (str(copy), 1, None)
    start, end_ = (float(time) for time in row[3].split("-"))
    assert row[4] == pytest.approx(end_ - start, abs=0.02)
    silent = read_audio(copy)[0][round(start * RATE) + 1 : round(end_ * RATE) - 1]
    assert not silent.any()
    assert [path.name for path in (out / "recordings").rglob("*.wav")] == ["a.wav"]
