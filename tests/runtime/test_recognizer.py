"""``Recognizer`` with the models that the package carries: real words, laws, and what it does not load."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AudioError, ConfigError, ModelError
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from aurora_resnet.runtime.recognizer import Recognition, Recognizer, recognition
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

Spoken = Callable[..., Path]

RATE = 8000
PACKAGE = Recognizer.__module__.rpartition(".")[0]  # its name in the wheel that is installed


@pytest.fixture(scope="module")
def seven(spoken: Spoken) -> Path:
    return spoken("seven")


@pytest.fixture(scope="module")
def word(seven: Path) -> Samples:
    """One second that is loud from its first to its last sample."""
    return np.resize(read_audio(seven)[0], RATE) + np.float32(0.01)


def values(answer: Recognition) -> list[float]:
    return list(answer.probabilities.values())


@pytest.mark.parametrize("name", EXPORTED)
def test_the_sample_words_are_recognised(name: str, sample_words: list[tuple[Path, str]]) -> None:
    some = sample_words[::7]
    answers = Recognizer.from_pretrained(name).recognize_batch([path for path, _ in some])
    assert np.mean([answer.word == said for answer, (_, said) in zip(answers, some, strict=True)]) > 0.985
    assert np.mean([answer.accepted for answer in answers]) > 0.9
    for answer in answers:
        assert sum(values(answer)) == pytest.approx(1, abs=1e-9)
        assert answer.confidence == max(values(answer)) == answer.probabilities[answer.word]
        assert answer.digit == dict(zip(DIGITS.words, (*range(10), 0), strict=True))[answer.word]


def test_the_answer_is_the_softmax_of_the_models_logits(recognizer: Recognizer, word: Samples) -> None:
    facts = recognizer.model.facts
    answer = recognizer.recognize(word, RATE)
    logits = recognizer.model.logits(cut_low(word, RATE)[None])[0].astype(np.float64)
    assert tuple(answer.probabilities) == facts.vocabulary.words == recognizer.vocabulary.words
    assert values(answer) == pytest.approx(softmax(logits / facts.calibration.temperature), abs=1e-9)


class Uncalibrated:
    """The small model with another calibration."""

    def __init__(self, recognizer: Recognizer, calibration: Calibration) -> None:
        self.facts = replace(recognizer.model.facts, calibration=calibration)
        self.logits, self.features = recognizer.model.logits, recognizer.model.features


@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_the_models_calibration_decides(recognizer: Recognizer, word: Samples, temperature: float) -> None:
    plain = Recognizer(Uncalibrated(recognizer, Calibration()))
    sharper = np.array(values(plain.recognize(word, RATE))) ** (1 / temperature)
    logits = recognizer.model.logits(cut_low(word, RATE)[None])[0].astype(np.float64)
    evidence = float(np.log(np.exp(logits).sum()))
    for threshold, accepted in ((None, None), (evidence - 1e-3, True), (evidence + 1e-3, False)):
        answer = Recognizer(Uncalibrated(recognizer, Calibration(temperature, threshold))).recognize(word, RATE)
        assert values(answer) == pytest.approx(sharper / sharper.sum(), abs=1e-6)
        assert answer.accepted == accepted


def test_silence_and_dither_are_rejected(recognizer: Recognizer) -> None:
    dither = np.random.default_rng(0).integers(-1, 2, RATE).astype(np.int16)
    eager = Recognizer(Uncalibrated(recognizer, Calibration(threshold=-100.0)))
    for quiet in (np.zeros(RATE, np.int16), np.zeros(3), np.zeros(5 * RATE, np.float32), dither):
        assert not recognizer.recognize(quiet, RATE).accepted
        assert not eager.recognize(quiet, RATE).accepted
    assert eager.recognize(2 * dither, RATE).accepted


def test_results_do_not_depend_on_the_batch(recognizer: Recognizer, word: Samples) -> None:
    recordings = [word, word[:3000], np.zeros(100, np.float32), np.tile(word, 3), word[::-1]]
    together = recognizer.recognize_batch(recordings, RATE)
    for recording, answer in zip(recordings, together, strict=True):
        alone = recognizer.recognize(recording, RATE)
        assert values(answer) == pytest.approx(values(alone), abs=1e-5)
        assert (answer.word, answer.accepted) == (alone.word, alone.accepted)
    rows = np.stack([word, -word, word[::-1]])
    assert [a.word for a in recognizer.recognize_batch(rows, RATE)] == [
        recognizer.recognize(row, RATE).word for row in rows
    ]
    assert recognizer.recognize_batch([]) == []


def test_every_form_of_a_recording_gets_the_same_answer(recognizer: Recognizer, seven: Path) -> None:
    samples, rate = read_audio(seven)
    expected = recognizer.recognize(seven)
    assert (expected.word, expected.digit, expected.accepted) == ("seven", 7, True)
    data = seven.read_bytes()
    for form in (str(seven), data, io.BytesIO(data), {"bytes": data}, {"array": samples, "sampling_rate": rate}):
        assert recognizer.recognize(form) == expected
    assert recognizer.recognize(samples, rate) == recognizer.recognize(samples.tolist(), rate) == expected
    mixed = recognizer.recognize_batch([seven, data, {"array": samples, "sampling_rate": rate}])
    assert [answer.word for answer in mixed] == ["seven"] * 3


@settings(max_examples=20, deadline=None)
@given(
    seconds=st.floats(0.001, 13.0),  # from a few samples to more than the blocks in which files are read
    rate=st.sampled_from([8000, 11025, 16000, 1000]),
    channels=st.integers(1, 3),
    kind=st.sampled_from([("int16", "PCM_16"), ("int32", "PCM_32"), ("float32", "FLOAT"), ("float64", "DOUBLE")]),
    seed=st.integers(0, 2**32 - 1),
)
def test_an_array_gives_exactly_what_its_file_gives(
    recognizer: Recognizer, seconds: float, rate: int, channels: int, kind: tuple[str, str], seed: int
) -> None:
    dtype, subtype = kind
    rng = np.random.default_rng(seed)
    frames = max(channels + 1, round(seconds * rate))
    loudness = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, 20), rng.uniform(0, 1, 20))
    array = rng.uniform(-1, 1, (frames, channels)) * loudness[:, None]
    array = (array * np.iinfo(dtype).max).astype(dtype) if dtype.startswith("int") else array.astype(dtype)
    file = io.BytesIO()
    soundfile.write(file, array, rate, subtype=subtype, format="WAV")
    expected = recognizer.recognize(file.getvalue())
    assert recognizer.recognize(array, rate) == recognizer.recognize(array.T, rate) == expected


def test_a_word_is_found_in_longer_silence_and_a_short_one_is_centred(recognizer: Recognizer, word: Samples) -> None:
    long = np.concatenate([np.zeros(3 * RATE, np.float32), word, np.zeros(2 * RATE, np.float32)])
    assert recognizer.recognize(long, RATE) == recognizer.recognize(word, RATE)
    short = word[:4000]
    centred = recognizer.recognize(fit_length(short, RATE), RATE)
    assert values(recognizer.recognize(short, RATE)) == pytest.approx(values(centred), abs=2e-3)


def test_a_long_recording_is_cut_at_its_own_rate_and_then_resampled(recognizer: Recognizer, word: Samples) -> None:
    quiet = np.full(48_000 * 20, 1e-4, np.float32)
    faster = resample(word, RATE, 48_000)
    expected = recognizer.recognize(resample(faster, 48_000, RATE), RATE)
    assert recognizer.recognize(np.concatenate([quiet, faster, quiet]), 48_000) == expected


def test_the_clip_says_where_it_was_cut(recognizer: Recognizer, word: Samples) -> None:
    clip = recognizer.clip(np.concatenate([np.zeros(2 * RATE, np.float32), word]), RATE)
    assert (clip.start_seconds, clip.recording_seconds) == (2.0, 3.0)
    np.testing.assert_array_equal(clip.samples, cut_low(word, RATE))
    assert recognizer.recognize_clips([clip, clip])[1].word == recognizer.recognize(word, RATE).word


def test_threads_do_not_disturb_each_other(recognizer: Recognizer, word: Samples) -> None:
    recordings = [np.roll(word, 500 * shift)[: 3000 + 400 * shift] for shift in range(12)]
    expected = [recognizer.recognize(recording, RATE) for recording in recordings]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(lambda recording: recognizer.recognize(recording, RATE), recordings)) == expected


@pytest.mark.parametrize("how", [copy.deepcopy, lambda recognizer: pickle.loads(pickle.dumps(recognizer))])
def test_a_copy_answers_the_same(
    how: Callable[[Recognizer], Recognizer], recognizer: Recognizer, word: Samples
) -> None:
    assert how(recognizer).recognize(word, RATE) == recognizer.recognize(word, RATE)


@pytest.mark.slow
def test_a_process_elsewhere_answers_the_same(word: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(resolve("compact").path, tmp_path / "mine.onnx")
    monkeypatch.chdir(tmp_path)
    recognizer = Recognizer.from_pretrained("mine.onnx")
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.chdir, initargs=("/",)) as pool:
        assert pool.submit(recognizer.recognize, word, RATE).result() == recognizer.recognize(word, RATE)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stream_is_not_copied(how: Callable[[object], object], recognizer: Recognizer) -> None:
    with pytest.raises(ConfigError, match="copy its recognizer and begin another"):
        how(recognizer.stream(16_000))


def test_wrong_input_is_said(recognizer: Recognizer, seven: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs sample_rate"):
        recognizer.recognize(np.zeros(8000, np.float32))
    with pytest.raises(ConfigError, match=r"the file .* states its own"):
        recognizer.recognize(seven, 8000)
    with pytest.raises(AudioError, match=r"a\.wav"):
        recognizer.recognize(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="NaN or infinite"):
        recognizer.recognize(np.full(8000, np.nan, np.float32), RATE)
    for empty in (np.zeros(0), np.zeros((0, 2)), np.zeros((2, 0), np.int16)):
        with pytest.raises(AudioError, match="recording: expected at least one sample"):
            recognizer.recognize(empty, RATE)
    data = seven.read_bytes()
    singles: list[Any] = [str(seven), seven, data, bytearray(data), memoryview(data), io.BytesIO(data), 7, None]
    singles += [{"path": str(seven)}, {"array": [0.0], "sampling_rate": RATE}]
    for single in singles:
        with pytest.raises(ConfigError, match=r"takes a list of recordings, got .*; use recognize"):
            recognizer.recognize_batch(single)
    with pytest.raises(ModelError, match="did you mean 'compact'"):
        Recognizer.from_pretrained("compat")


def test_a_generator_is_a_batch_and_whole_rates_may_be_floats(recognizer: Recognizer, seven: Path) -> None:
    samples, rate = read_audio(seven)
    expected = [recognizer.recognize(samples, rate)] * 2
    assert recognizer.recognize_batch((samples for _ in range(2)), float(rate)) == pytest.approx(expected)
    stream = recognizer.stream(float(rate))
    assert stream.feed(samples[:100]) == []


def test_a_huge_sample_gives_an_error_and_no_answer(recognizer: Recognizer) -> None:
    samples = np.zeros(RATE, np.float32)
    for value in (1e20, 3e38, -1e20):
        samples[100] = value
        with pytest.raises(AudioError, match="full scale of floating-point samples is 1"):
            recognizer.recognize(samples, RATE)
        with pytest.raises(AudioError, match="full scale of floating-point samples is 1"):
            recognizer.stream(RATE).feed(samples)
    samples[100] = 100.0
    answer = recognizer.recognize(samples, RATE)
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_a_stream_says_what_it_cannot_scale(recognizer: Recognizer) -> None:
    stream = recognizer.stream(RATE)
    for data in (bytes(100), bytearray(100), memoryview(bytes(100))):
        with pytest.raises(AudioError, match=r"np.frombuffer\(data, np.int16\)"):
            stream.feed(data)
    steps = np.random.default_rng(0).integers(-9000, 9000, RATE)
    stream.feed(steps.astype(np.int32))
    with pytest.raises(AudioError, match="of int32 samples is 2147483648, but none of these goes beyond"):
        stream.finish()
    assert stream.finish() == []  # the next stream is another one
    stream.feed(steps.astype(np.int32) << 16)
    stream.finish()


def test_a_cut_file_is_refused(recognizer: Recognizer, tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(AudioError, match="is cut off: its header promises 16000 bytes"):
        recognizer.recognize(path)


# What one looks at


def test_an_answer_becomes_json_and_a_table() -> None:
    answer = recognition(Vocabulary(("ja", "<b>nein</b>", "zwei"), (None, None, 2)), [0.2, 0.7, 0.1], accepted=False)
    assert repr(answer) == "Recognition('<b>nein</b>', confidence=0.700, accepted=False)"
    assert json.loads(json.dumps(answer.to_dict())) == {
        "word": "<b>nein</b>",
        "digit": None,
        "confidence": 0.7,
        "accepted": False,
        "probabilities": {"ja": 0.2, "<b>nein</b>": 0.7, "zwei": 0.1},
    }
    html = answer._repr_html_()
    assert "<b>" not in html
    assert html.index("&lt;b&gt;nein") < html.index("20.0%") < html.index("10.0%")
    assert "rejected" in html
    unknown = recognition(Vocabulary(("ja", "nein")), [0.2, 0.8], accepted=None)
    assert unknown.to_dict()["accepted"] is None
    assert "nein, not calibrated" in unknown._repr_html_()


def test_a_recogniser_is_short_to_look_at(recognizer: Recognizer) -> None:
    assert repr(recognizer).startswith("Recognizer(compact, Vocabulary(11 words: zero, one, ")
    assert len(repr(recognizer)) < 150


# What is loaded


def test_it_loads_no_torch_and_needs_no_scipy(seven: Path) -> None:
    code = (
        f"import sys; from {PACKAGE} import Recognizer; "
        f"print(Recognizer.from_pretrained('compact').recognize({str(seven)!r}).word); "
        "print(sorted({'torch', 'scipy', 'onnx', 'matplotlib', 'typer', 'concurrent', 'wave'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["seven", "[]"]
    assert result.stderr == ""


def test_a_version_needs_no_numpy() -> None:
    code = f"import sys, {PACKAGE} as runtime; print(runtime.__version__); print('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, numpy = result.stdout.split()
    assert version[0].isdigit()
    assert numpy == "False"


def test_every_public_name_is_there() -> None:
    import aurora_resnet.runtime as runtime

    assert sorted(runtime.__all__) == sorted(set(runtime.__all__))
    assert all(getattr(runtime, name).__class__ for name in runtime.__all__)
    assert set(runtime.__all__) <= set(dir(runtime))
    with pytest.raises(AttributeError, match="has no attribute 'DigitRecognizer'"):
        _ = runtime.DigitRecognizer
