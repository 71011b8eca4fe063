"""The measurement of shipped models: mixing by RMS, counting at the operating point, targets, turns of the clock."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.recognition.rejection import Calibration
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import WORDS

MODULES = {name: f"tools.shipped.{name}" for name in ("noisy_sets", "sets", "scores", "targets")} | {
    "latency": "benchmarks.latency"
}
WINDOW = 400


@pytest.fixture(scope="module")
def programs() -> dict[str, Any]:
    """The modules of the measurement."""
    return {name: importlib.import_module(module) for name, module in MODULES.items()}


def words(lengths: list[int], seed: int = 0) -> ClipSet:
    generator = torch.Generator().manual_seed(seed)
    waveforms = tuple(0.1 * torch.randn(length, generator=generator) for length in lengths)
    utterances = tuple(Utterance(Path(f"{n}.wav"), ("one",), "me") for n in range(len(lengths)))
    return ClipSet(utterances, torch.ones(len(lengths), dtype=torch.int64), 8000, WINDOW, waveforms)


def noise(count: int) -> torch.Tensor:
    return 0.3 * torch.randn(count, WINDOW, generator=torch.Generator().manual_seed(9)) + 0.05


@given(st.lists(st.integers(1, WINDOW), min_size=1, max_size=4), st.floats(-20, 40))
def test_noise_fills_the_window_at_the_snr_of_plain_rms(
    programs: dict[str, Any], lengths: list[int], snr_db: float
) -> None:
    clips = words(lengths)
    clean = clips.batch(range(len(clips))).double()
    mixed = programs["noisy_sets"].mix_by_rms(clips, noise(len(clips)), snr_db).batch(range(len(clips))).double()
    for word, waveform, sum_, added in zip(clean, clips.waveforms, mixed, noise(len(clips)).double(), strict=True):
        rest = (sum_ - word).numpy()
        ratio = float(np.mean(waveform.double().numpy() ** 2) / np.mean(rest**2))
        assert 10 * math.log10(ratio) == pytest.approx(snr_db, abs=0.01)
        # The noise was scaled, not changed.
        assert np.corrcoef(rest, added.numpy())[0, 1] == pytest.approx(1, abs=1e-4)


@given(st.lists(st.integers(2, WINDOW), min_size=1, max_size=4), st.floats(-20, 40))
def test_noise_under_the_word_only_leaves_silence_around_it(
    programs: dict[str, Any], lengths: list[int], snr_db: float
) -> None:
    clips = words(lengths)
    clean = clips.batch(range(len(clips))).numpy()
    mix = programs["noisy_sets"].mix_by_rms
    mixed = mix(clips, noise(len(clips)), snr_db, under_word_only=True).batch(range(len(clips))).numpy()
    for word, sum_ in zip(clean, mixed, strict=True):
        assert np.array_equal(word == 0, sum_ == 0)
        spoken, rest = word[word != 0].astype(float), (sum_ - word)[word != 0].astype(float)
        assert 10 * math.log10(np.mean(spoken**2) / np.mean(rest**2)) == pytest.approx(snr_db, abs=0.01)


def test_silence_has_no_snr(programs: dict[str, Any]) -> None:
    mix, clips = programs["noisy_sets"].mix_by_rms, words([30, 40])
    with pytest.raises(AudioError, match=r"1\.wav: the word or the noise drawn for it is silent"):
        mix(clips, noise(2) * torch.tensor([[1.0], [0.0]]), 10.0)


def test_noise_is_cut_from_whole_recordings_and_short_ones_are_looped(programs: dict[str, Any]) -> None:
    long, short = np.arange(1000, dtype=np.float32), -1 - np.arange(150, dtype=np.float32)
    stretches = programs["noisy_sets"].draw_noise([long, short], 50, WINDOW, np.random.default_rng(1)).numpy()
    again = programs["noisy_sets"].draw_noise([long, short], 50, WINDOW, np.random.default_rng(1)).numpy()
    assert np.array_equal(stretches, again)
    from_long = stretches[:, 0] >= 0
    assert 10 < from_long.sum() < 40
    assert (np.diff(stretches[from_long]) == 1).all()
    assert len(set(stretches[from_long, 0])) > 5
    assert (stretches[~from_long] == np.resize(short, WINDOW)).all()


def test_windows_follow_each_other_and_a_short_sound_is_centred(programs: dict[str, Any]) -> None:
    windows = programs["noisy_sets"].windows
    cut = windows(np.arange(2 * WINDOW + 7, dtype=np.float32), WINDOW)
    assert np.array_equal(np.concatenate(cut), np.arange(2 * WINDOW))
    (only,) = windows(np.ones(100, np.float32), WINDOW)
    assert np.flatnonzero(only).tolist() == list(range(150, 250))


def test_white_noise_has_its_level(programs: dict[str, Any]) -> None:
    made = np.concatenate(programs["noisy_sets"].white_noise(-30, 50, WINDOW, np.random.default_rng(0)))
    assert 20 * math.log10(float(np.sqrt(np.mean(made**2)))) == pytest.approx(-30, abs=0.3)


def logits_with_evidence(evidence: list[float], word: int) -> torch.Tensor:
    """Logits whose sum of exponentials is ``e^evidence``, nearly all of it one word's."""
    logits = torch.full((len(evidence), len(WORDS)), -60.0)
    logits[:, word] = torch.tensor(evidence)
    return logits


def test_answers_below_the_threshold_are_rejected(programs: dict[str, Any]) -> None:
    scores = programs["scores"]
    logits = logits_with_evidence([-1.0, 1.9, 2.1, 5.0], word=1)
    answers = scores.Answers(logits, torch.tensor([1, 1, 1, 2]), ("a", "a", "b", "b"))
    row = scores.digit_row(answers, Calibration(1.0, 2.0))
    assert (row["clips"], row["correct"], row["rejected"], row["rejected_share"]) == (4, 3, 2, 0.5)
    # Sure of all four, right with three: off by a quarter.
    assert row["calibration_error"] == pytest.approx(0.25)
    other = scores.other_row(logits, Calibration(1.0, 2.0), ["tree", "tree", "tree", "wow"], ["a", "a", "b", "b"])
    assert (other["clips"], other["accepted"], other["accepted_share"]) == (4, 2, 0.5)
    assert other["groups"] == {"tree": {"clips": 3, "accepted": 1}, "wow": {"clips": 1, "accepted": 1}}
    assert other["interval"]["method"] == "wilson"


def test_temperature_changes_the_confidence_alone(programs: dict[str, Any]) -> None:
    scores = programs["scores"]
    logits = torch.zeros(8, len(WORDS))
    logits[:, 0] = 4.0
    answers = scores.Answers(logits, torch.zeros(8, dtype=torch.int64), ("",) * 8)
    sharp, flat = (scores.digit_row(answers, Calibration(temperature, 0.0)) for temperature in (0.5, 4.0))
    assert sharp["mean_confidence"] == pytest.approx(math.exp(8) / (math.exp(8) + 10))
    assert flat["mean_confidence"] == pytest.approx(math.e / (math.e + 10))
    assert sharp["correct"] == flat["correct"] == 8
    assert sharp["rejected"] == flat["rejected"] == 0


def test_a_file_without_a_threshold_is_measured_at_even_odds_and_says_so(programs: dict[str, Any]) -> None:
    scores = programs["scores"]
    assert scores.accepted(logits_with_evidence([-0.1, 0.1], 3), Calibration()).tolist() == [False, True]
    assert scores.operating_point(Calibration())["source"].startswith("the file states no threshold")
    point = scores.operating_point(Calibration(1.5, -2.0))
    assert point == {"temperature": 1.5, "threshold": -2.0, "source": "checkpoint"}


def test_models_are_found_by_path_or_name(programs: dict[str, Any]) -> None:
    find = programs["scores"].find_model
    assert find("runs/multi_cnn/best.safetensors") == ("multi_cnn", Path("runs/multi_cnn/best.safetensors"))
    assert find("some/compact.safetensors") == ("compact", Path("some/compact.safetensors"))
    with pytest.raises(ConfigError, match="compact"):
        find("compcat")


def test_the_reject_test_is_the_odd_half_of_the_other_words(programs: dict[str, Any]) -> None:
    chosen = programs["sets"].is_reject_test

    def said(speaker: str, *digits: str) -> Utterance:
        return Utterance(Path("a.flac"), digits, f"speech-commands/{speaker}")

    assert [chosen(said(speaker)) for speaker in ("0c54098f", "0c540988", "5170b77b", "8fe6722a")] == [
        True,
        False,
        True,
        False,
    ]
    assert not chosen(said("0c54098f", "one"))


def test_folders_without_sounds_are_named(programs: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "car").mkdir()
    with pytest.raises(CorpusError, match="expected sound files of car"):
        programs["noisy_sets"].scene_corpora(tmp_path)


@pytest.mark.parametrize(
    ("at_least", "value", "verdict"),
    [(True, 0.975, "yes"), (True, 0.9749, "NO"), (False, 0.02, "yes"), (False, 0.0201, "NO")],
)
def test_targets_are_met_at_their_very_value(
    programs: dict[str, Any], at_least: bool, value: float, verdict: str
) -> None:
    target = programs["targets"].Target(
        "share %", lambda record: 100 * record["share"], {"compact": 97.5 if at_least else 2.0}, at_least
    )
    assert target.row({"model": {"zoo_name": "compact"}, "share": value})[-1] == verdict
    assert target.row({"model": {"zoo_name": "cnn"}, "share": value})[1::2] == ["-", "-"]


def test_recognisers_take_turns_and_every_clip_is_counted_once(programs: dict[str, Any]) -> None:
    latency = programs["latency"]
    calls: list[str] = []

    def way(name: str, right: int) -> Any:
        def answer(number: int) -> str:
            calls.append(name)
            return "one" if number < right else "two"

        return answer

    names = {latency.POCKETSPHINX: 4, "small": 6, "large": 5}
    rows = latency.measure({name: way(name, right) for name, right in names.items()}, ["one"] * 6, rounds=3)
    timed = calls[len(names) * latency.WARM_UP_CLIPS :]
    turns = [timed[start : start + 3] for start in range(0, len(timed), 3)]
    assert len(turns) == 18
    assert all(set(turn) == set(names) for turn in turns)
    assert set(Counter(turn[0] for turn in turns).values()) == {6}
    assert {name: row["correct"] for name, row in rows.items()} == names
    assert rows["small"]["accuracy"] == 1
    assert rows[latency.POCKETSPHINX]["ratio"] == 1
    quotient = rows["small"]["median_ms"] / rows[latency.POCKETSPHINX]["median_ms"]
    assert rows["small"]["ratio"] == pytest.approx(quotient)
