"""The runtime by itself: what it recognises, that it needs no torch, and how it treats recordings."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from aurora_resnet_runtime import AudioError, ModelError, OnnxDigitRecognizer
from aurora_resnet_runtime.audio import array_clip, centre, file_clip
from aurora_resnet_runtime.resampling import low_pass, resample

SAMPLES = Path(__file__).resolve().parents[2] / "src" / "aurora_resnet" / "samples"


@pytest.fixture(scope="module")
def recognizer() -> OnnxDigitRecognizer:
    return OnnxDigitRecognizer()


@pytest.fixture(scope="module")
def words() -> list[tuple[Path, str]]:
    """Every sample word and what is spoken in it."""
    with (SAMPLES / "samples.csv").open(newline="", encoding="utf-8") as file:
        return [(SAMPLES / row["file"], row["word"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def seven(words: list[tuple[Path, str]]) -> Path:
    return next(path for path, word in words if word == "seven")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_it_recognises_the_sample_words(recognizer: OnnxDigitRecognizer, words: list[tuple[Path, str]]) -> None:
    answers = recognizer.recognize_batch([path for path, _ in words])
    right = [answer.word == word for answer, (_, word) in zip(answers, words, strict=True)]
    assert np.mean(right) > 0.99
    assert np.mean([answer.accepted for answer in answers]) > 0.9
    for answer in answers:
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[answer.word]
        digits = dict(zip(recognizer.words, (*range(10), 0), strict=True))
        assert answer.digit == digits[answer.word]


def test_it_loads_neither_torch_nor_scipy(seven: Path) -> None:
    code = (
        "import sys; from aurora_resnet_runtime import OnnxDigitRecognizer; "
        f"print(OnnxDigitRecognizer().recognize({str(seven)!r}).word); "
        "print(sorted({'torch', 'scipy', 'aurora_resnet', 'onnx', 'matplotlib'} & set(sys.modules)))"
    )
    result = run("-c", code)
    assert result.stdout.split("\n")[:2] == ["seven", "[]"]
    assert result.stderr == ""


def test_the_command_prints_words_and_goes_on_after_a_bad_file(seven: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF no sound")
    result = run("-m", "aurora_resnet_runtime", str(seven), str(broken), str(tmp_path / "missing.wav"))
    assert result.returncode == 1
    file, word, confidence, decision = result.stdout.strip().split("\t")
    assert (file, word, decision) == (str(seven), "seven", "accepted")
    assert 0.5 < float(confidence) <= 1
    assert [line.partition("'")[0] for line in result.stderr.splitlines()] == ["error: ", "error: there is no file "]
    as_json = run("-m", "aurora_resnet_runtime", "--json", str(seven))
    assert json.loads(as_json.stdout)["word"] == "seven"


def test_a_bad_model_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    for path, reason in ((tmp_path / "none.onnx", "there is no model file"), (damaged, "is no ONNX file")):
        with pytest.raises(ModelError, match=rf"{reason}|'.*{path.name}'"):
            OnnxDigitRecognizer(path)
        result = run("-m", "aurora_resnet_runtime", "--model", str(path), "x.wav")
        assert result.returncode == 2
        assert path.name in result.stderr
    with pytest.raises(ModelError, match="threads"):
        OnnxDigitRecognizer(threads=0)


def test_another_file_may_be_given(recognizer: OnnxDigitRecognizer, seven: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    shutil.copy(Path(sys.modules["aurora_resnet_runtime.recognizer"].__file__ or "").with_name("compact.onnx"), copy)
    assert OnnxDigitRecognizer(copy, threads=2).recognize(seven) == recognizer.recognize(seven)


def test_a_batch_gives_each_recording_what_it_gets_alone(
    recognizer: OnnxDigitRecognizer, words: list[tuple[Path, str]]
) -> None:
    paths = [path for path, _ in words[:9]]
    for path, together in zip(paths, recognizer.recognize_batch(paths), strict=True):
        assert list(together.probabilities.values()) == pytest.approx(
            list(recognizer.recognize(path).probabilities.values()), abs=1e-5
        )
    assert recognizer.recognize_batch([]) == []


def test_silence_and_dither_are_rejected(recognizer: OnnxDigitRecognizer) -> None:
    dither = np.random.default_rng(0).integers(-1, 2, 8000).astype(np.int16)
    for quiet in (np.zeros(8000, np.int16), dither):
        assert not recognizer.recognize(quiet, 8000).accepted


@pytest.mark.parametrize("wrong", [np.zeros(0), np.zeros((2, 2, 2)), np.array([np.nan]), np.array(["a"]), [True]])
def test_what_is_no_recording_is_refused(recognizer: OnnxDigitRecognizer, wrong: object) -> None:
    with pytest.raises(AudioError):
        recognizer.recognize(wrong, 8000)  # type: ignore[arg-type]


def test_samples_need_a_rate_and_files_have_one(recognizer: OnnxDigitRecognizer, seven: Path) -> None:
    with pytest.raises(AudioError, match="needs sample_rate"):
        recognizer.recognize(np.zeros(8000))
    with pytest.raises(AudioError, match="states its own"):
        recognizer.recognize(seven, 8000)
    with pytest.raises(AudioError, match="expected a sample rate"):
        recognizer.recognize(np.zeros(8000), 10)


def test_a_stereo_file_of_another_rate_gives_the_same_word(
    recognizer: OnnxDigitRecognizer, seven: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(seven, dtype="float32")
    path = tmp_path / "stereo.wav"
    wide = resample(samples, rate, 44_100)
    soundfile.write(path, np.stack((1.5 * wide, 0.5 * wide), axis=1), 44_100, subtype="FLOAT")
    expected = recognizer.recognize(seven)
    found = recognizer.recognize(path)
    assert (found.word, found.accepted) == (expected.word, expected.accepted)
    assert list(found.probabilities.values()) == pytest.approx(list(expected.probabilities.values()), abs=0.1)


def test_a_word_is_found_in_a_long_file(recognizer: OnnxDigitRecognizer, seven: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(seven, dtype="float32")
    long = np.zeros(30 * rate, np.float32)  # three blocks
    long[23 * rate : 23 * rate + samples.size] = samples
    path = tmp_path / "long.wav"
    soundfile.write(path, long, rate, subtype="FLOAT")
    assert recognizer.recognize(path).word == "seven"
    clip = file_clip(path, rate, rate)
    assert np.array_equal(clip, array_clip(long, rate, rate, rate))
    assert float(np.square(clip, dtype=np.float64).sum()) == pytest.approx(
        float(np.square(samples[:rate], dtype=np.float64).sum()), rel=1e-3
    )


@pytest.mark.parametrize(("old", "new"), [(8000, 16_000), (44_100, 8000), (16_000, 8000), (11_025, 8000), (8000, 7999)])
def test_a_tone_in_the_pass_band_keeps_its_place_and_level(old: int, new: int) -> None:
    frequency = 0.35 * min(old, new)
    given = np.sin(2 * np.pi * frequency * np.arange(old) / old).astype(np.float32)
    output = resample(given, old, new)
    expected = np.sin(2 * np.pi * frequency * np.arange(output.size) / new)
    inner = slice(new // 10, -new // 10)
    assert output.size == -(-old * new // old)
    assert np.abs(output - expected)[inner].max() < 1e-4


def test_a_tone_above_the_lower_nyquist_frequency_disappears() -> None:
    tone = np.sin(2 * np.pi * 4100 * np.arange(16_000) / 16_000).astype(np.float32)
    assert np.abs(resample(tone, 16_000, 8000)[500:-500]).max() < 10 ** (-85 / 20)
    assert low_pass(1, 2).sum() == pytest.approx(1, abs=1e-6)


def test_centring_and_cutting() -> None:
    assert centre(np.ones(2, np.float32), 5).tolist() == [0, 1, 1, 0, 0]
    assert centre(np.array([0, 0.25, 1, 0.5, 0], np.float32), 2).tolist() == [1, 0.5]
