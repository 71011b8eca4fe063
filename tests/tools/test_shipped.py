"""The measurement of shipped models: mixing by RMS, counting at the operating point, targets, turns of the clock."""

from __future__ import annotations

import hashlib
import importlib
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AudioError, CorpusError, ModelError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.runtime.vocabulary import DIGITS

MODULES = {name: f"tools.shipped.{name}" for name in ("model", "noisy_sets", "sets", "scores", "targets")} | {
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


class FixedModel:
    """A model that gives the same logits to any clips."""

    def __init__(self, logits: np.ndarray, calibration: Calibration) -> None:
        self.rows = logits.astype(np.float32)
        self.facts = ModelFacts("fixed", DIGITS, calibration, 8000, WINDOW, (0.0, 4000.0))

    def logits(self, clips: np.ndarray) -> np.ndarray:
        assert clips.shape == (len(self.rows), WINDOW)
        return self.rows

    def features(self, clips: np.ndarray) -> np.ndarray:
        raise NotImplementedError


def logits_with_evidence(evidence: list[float], word: int) -> np.ndarray:
    """Logits whose sum of exponentials is ``e^evidence``, nearly all of it one word's."""
    logits = np.full((len(evidence), len(DIGITS)), -60.0)
    logits[:, word] = evidence
    return logits


def test_answers_below_the_threshold_are_rejected(programs: dict[str, Any]) -> None:
    scores = programs["scores"]
    model = FixedModel(logits_with_evidence([-1.0, 1.9, 2.1, 5.0], word=1), Calibration(1.0, 2.0))
    clips = words([30] * 4)
    clips.labels[3] = 2
    row = scores.word_row(Answers.of(model, clips))
    assert (row["clips"], row["correct"], row["rejected"], row["rejected_share"]) == (4, 3, 2, 0.5)
    # Sure of all four, right with three: off by a quarter.
    assert row["calibration_error"] == pytest.approx(0.25)
    sounds = [waveform.numpy() for waveform in words([WINDOW] * 4).waveforms]
    negatives = programs["noisy_sets"].negative_clips(sounds, model.facts)
    negatives = replace(negatives, utterances=tuple(Utterance(Path("x"), (), s) for s in ("a", "a", "b", "b")))
    other = scores.negative_row(Answers.of(model, negatives), ["tree", "tree", "tree", "wow"])
    assert (other["clips"], other["accepted"], other["accepted_share"]) == (4, 2, 0.5)
    assert other["groups"] == {"tree": {"clips": 3, "accepted": 1}, "wow": {"clips": 1, "accepted": 1}}
    assert other["interval"]["method"] == "wilson"
    nobody = programs["noisy_sets"].negative_clips(sounds, model.facts)
    assert "interval" not in scores.negative_row(Answers.of(model, nobody))


def test_temperature_changes_the_confidence_alone(programs: dict[str, Any]) -> None:
    scores, clips = programs["scores"], words([30] * 8)
    logits = np.zeros((8, len(DIGITS)))
    logits[:, 1] = 4.0
    models = (FixedModel(logits, Calibration(temperature, 0.0)) for temperature in (0.5, 4.0))
    sharp, flat = (scores.word_row(Answers.of(model, clips)) for model in models)
    assert sharp["mean_confidence"] == pytest.approx(math.exp(8) / (math.exp(8) + 10))
    assert flat["mean_confidence"] == pytest.approx(math.e / (math.e + 10))
    assert sharp["correct"] == flat["correct"] == 8
    assert sharp["rejected"] == flat["rejected"] == 0


def test_silence_is_rejected_and_a_model_without_a_threshold_accepts_all_else(programs: dict[str, Any]) -> None:
    scores, model = programs["scores"], FixedModel(logits_with_evidence([-9.0, 9.0], 3), Calibration())
    sounds = [words([WINDOW]).waveforms[0].numpy(), np.zeros(WINDOW, np.float32)]
    row = scores.negative_row(Answers.of(model, programs["noisy_sets"].negative_clips(sounds, model.facts)))
    assert (row["clips"], row["accepted"]) == (2, 1)


def test_answers_that_are_pooled_are_counted_together(programs: dict[str, Any]) -> None:
    scores = programs["scores"]
    parts = [
        Answers.of(FixedModel(logits_with_evidence(evidence, 1), Calibration(1.0, 2.0)), words([30] * len(evidence)))
        for evidence in ([1.0], [3.0, 4.0])
    ]
    row = scores.word_row(Answers.pool(parts))
    assert (row["clips"], row["correct"], row["rejected"]) == (3, 3, 1)


def test_checkpoints_and_exported_files_are_opened_alike(programs: dict[str, Any]) -> None:
    measured = programs["model"].MeasuredModel
    checkpoint, exported = measured.open("compact"), measured.open(str(resolve("compact").path))
    assert (checkpoint.name, exported.name) == ("compact", "compact.onnx")
    assert checkpoint.scoring.facts.vocabulary == exported.scoring.facts.vocabulary == DIGITS
    for each in (checkpoint, exported):
        row = each.describe()
        assert row["zoo_name"] == "compact"
        assert row["bytes"] == len(each.file.read_bytes())
        assert row["sha256"] == hashlib.sha256(each.file.read_bytes()).hexdigest()
    assert checkpoint.describe()["parameters"] == sum(p.numel() for p in checkpoint.network.classifier.parameters())
    assert "parameters" not in exported.describe()
    with pytest.raises(ModelError, match="compact"):
        measured.open("compcat")


def test_the_reject_test_is_the_odd_half_of_the_other_words(programs: dict[str, Any]) -> None:
    chosen = programs["sets"].is_reject_test

    def said(speaker: str, word: str = "house") -> Utterance:
        return Utterance(Path("a.flac"), (word,), f"speech-commands/{speaker}")

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
    unknown = programs["targets"].Target("M MACs", lambda record: record.get("macs"), {"compact": 100})
    assert unknown.row({"model": {"zoo_name": "compact"}}) == ["M MACs", "-", "-", "-"]


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


def test_near_words_are_all_that_the_test_speakers_say_beside_digits(tmp_path: Path) -> None:
    near_words = importlib.import_module("tools.shipped.near_words")
    write_audio(np.arange(16000) / 32768, tmp_path / "a.wav", 16000)
    rows = ["b,,ann,test,0.1,0.3", "two,two,ann,test,0.3,0.5", "sixty,,ann,test,0.5,0.9", "z,,bob,train,0.1,0.3"]
    table = [
        "file,position,word,digit,speaker,split,start_s,end_s",
        *(f"a.wav,{i},{row}" for i, row in enumerate(rows)),
    ]
    (tmp_path / "words.csv").write_text("\n".join(table))
    found = near_words.read_near_words(tmp_path, 16000, 8000)
    assert {kind: len(sounds) for kind, sounds in found.items()} == {"letters": 1, "other_words": 1}
    heard = found["letters"][0] * 32768
    assert heard[(8000 - 3840) // 2] == 1280  # 0.02 s before the letter, in the middle of the window
    assert heard.argmax() == (8000 + 3840) // 2 - 1


def test_what_a_record_does_not_have_is_no_row(programs: dict[str, Any]) -> None:
    targets = programs["targets"]
    value = targets._percent("near_words", "letters", "accepted_share")
    assert value({}) is None
    assert value({"near_words": {"letters": {"accepted_share": 0.25}}}) == 25.0
