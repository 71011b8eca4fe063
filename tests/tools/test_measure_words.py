"""The measurement of models of single words: mixing by RMS, counting at the operating point, a plan, a record."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.corpora.sources.an4 import ALIGNED_COLUMNS
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AudioError, CorpusError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles
from tools.measure.__main__ import main
from tools.measure.records import Settings
from tools.measure.scores import negative_row, word_row
from tools.measure.sounds import (
    draw_noise,
    is_reject_test,
    mix_by_rms,
    negative_clips,
    scene_corpora,
    white_noise,
    windows,
)
from tools.measure.words import open_model, read_near_words

WINDOW = 400


def words(lengths: list[int], seed: int = 0) -> ClipSet:
    generator = torch.Generator().manual_seed(seed)
    waveforms = tuple(0.1 * torch.randn(length, generator=generator) for length in lengths)
    utterances = tuple(Utterance(Path(f"{n}.wav"), ("one",), "me") for n in range(len(lengths)))
    return ClipSet(utterances, torch.ones(len(lengths), dtype=torch.int64), 8000, WINDOW, waveforms)


def noise(count: int) -> torch.Tensor:
    return 0.3 * torch.randn(count, WINDOW, generator=torch.Generator().manual_seed(9)) + 0.05


@given(st.lists(st.integers(1, WINDOW), min_size=1, max_size=4), st.floats(-20, 40))
def test_noise_fills_the_window_at_the_snr_of_plain_rms(lengths: list[int], snr_db: float) -> None:
    clips = words(lengths)
    clean = clips.batch(range(len(clips))).double()
    mixed = mix_by_rms(clips, noise(len(clips)), snr_db).batch(range(len(clips))).double()
    for word, waveform, sum_, added in zip(clean, clips.waveforms, mixed, noise(len(clips)).double(), strict=True):
        rest = (sum_ - word).numpy()
        ratio = float(np.mean(waveform.double().numpy() ** 2) / np.mean(rest**2))
        assert 10 * math.log10(ratio) == pytest.approx(snr_db, abs=0.01)
        # The noise was scaled, not changed.
        assert np.corrcoef(rest, added.numpy())[0, 1] == pytest.approx(1, abs=1e-4)


@given(st.lists(st.integers(2, WINDOW), min_size=1, max_size=4), st.floats(-20, 40))
def test_noise_under_the_word_only_leaves_silence_around_it(lengths: list[int], snr_db: float) -> None:
    clips = words(lengths)
    clean = clips.batch(range(len(clips))).numpy()
    mixed = mix_by_rms(clips, noise(len(clips)), snr_db, under_word_only=True).batch(range(len(clips))).numpy()
    for word, sum_ in zip(clean, mixed, strict=True):
        assert np.array_equal(word == 0, sum_ == 0)
        spoken, rest = word[word != 0].astype(float), (sum_ - word)[word != 0].astype(float)
        assert 10 * math.log10(np.mean(spoken**2) / np.mean(rest**2)) == pytest.approx(snr_db, abs=0.01)


def test_silence_has_no_snr() -> None:
    clips = words([30, 40])
    with pytest.raises(AudioError, match=r"1\.wav: the word or the noise drawn for it is silent"):
        mix_by_rms(clips, noise(2) * torch.tensor([[1.0], [0.0]]), 10.0)


def test_noise_is_cut_from_whole_recordings_and_short_ones_are_looped() -> None:
    long, short = np.arange(1000, dtype=np.float32), -1 - np.arange(150, dtype=np.float32)
    stretches = draw_noise([long, short], 50, WINDOW, np.random.default_rng(1)).numpy()
    again = draw_noise([long, short], 50, WINDOW, np.random.default_rng(1)).numpy()
    assert np.array_equal(stretches, again)
    from_long = stretches[:, 0] >= 0
    assert 10 < from_long.sum() < 40
    assert (np.diff(stretches[from_long]) == 1).all()
    assert len(set(stretches[from_long, 0])) > 5
    assert (stretches[~from_long] == np.resize(short, WINDOW)).all()


def test_windows_follow_each_other_and_a_short_sound_is_centred() -> None:
    cut = windows(np.arange(2 * WINDOW + 7, dtype=np.float32), WINDOW)
    assert np.array_equal(np.concatenate(cut), np.arange(2 * WINDOW))
    (only,) = windows(np.ones(100, np.float32), WINDOW)
    assert np.flatnonzero(only).tolist() == list(range(150, 250))


def test_white_noise_has_its_level() -> None:
    made = np.concatenate(white_noise(-30, 50, WINDOW, np.random.default_rng(0)))
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


def test_answers_below_the_threshold_are_rejected() -> None:
    model = FixedModel(logits_with_evidence([-1.0, 1.9, 2.1, 5.0], word=1), Calibration(1.0, 2.0))
    clips = words([30] * 4)
    clips.labels[3] = 2
    row = word_row(Answers.of(model, clips))
    assert (row["clips"], row["correct"], row["rejected"], row["rejected_share"]) == (4, 3, 2, 0.5)
    # Sure of all four, right with three: off by a quarter.
    assert row["calibration_error"] == pytest.approx(0.25)
    sounds = [waveform.numpy() for waveform in words([WINDOW] * 4).waveforms]
    negatives = negative_clips(sounds, model.facts)
    negatives = replace(negatives, utterances=tuple(Utterance(Path("x"), (), s) for s in ("a", "a", "b", "b")))
    other = negative_row(Answers.of(model, negatives), ["tree", "tree", "tree", "wow"])
    assert (other["clips"], other["accepted"], other["accepted_share"]) == (4, 2, 0.5)
    assert other["groups"] == {"tree": {"clips": 3, "accepted": 1}, "wow": {"clips": 1, "accepted": 1}}
    assert other["interval"]["method"] == "wilson"
    nobody = negative_clips(sounds, model.facts)
    assert "interval" not in negative_row(Answers.of(model, nobody))


def test_temperature_changes_the_confidence_alone() -> None:
    clips = words([30] * 8)
    logits = np.zeros((8, len(DIGITS)))
    logits[:, 1] = 4.0
    models = (FixedModel(logits, Calibration(temperature, 0.0)) for temperature in (0.5, 4.0))
    sharp, flat = (word_row(Answers.of(model, clips)) for model in models)
    assert sharp["mean_confidence"] == pytest.approx(math.exp(8) / (math.exp(8) + 10))
    assert flat["mean_confidence"] == pytest.approx(math.e / (math.e + 10))
    assert sharp["correct"] == flat["correct"] == 8
    assert sharp["rejected"] == flat["rejected"] == 0


def test_silence_is_rejected_and_a_model_without_a_threshold_accepts_all_else() -> None:
    model = FixedModel(logits_with_evidence([-9.0, 9.0], 3), Calibration())
    sounds = [words([WINDOW]).waveforms[0].numpy(), np.zeros(WINDOW, np.float32)]
    row = negative_row(Answers.of(model, negative_clips(sounds, model.facts)))
    assert (row["clips"], row["accepted"]) == (2, 1)


def test_answers_that_are_pooled_are_counted_together() -> None:
    parts = [
        Answers.of(FixedModel(logits_with_evidence(evidence, 1), Calibration(1.0, 2.0)), words([30] * len(evidence)))
        for evidence in ([1.0], [3.0, 4.0])
    ]
    row = word_row(Answers.pool(parts))
    assert (row["clips"], row["correct"], row["rejected"]) == (3, 3, 1)


def test_checkpoints_and_exported_files_are_opened_alike() -> None:
    settings = Settings(data=Path(), records=None)
    for file in (resolve("compact"), resolve("compact", format="checkpoint")):
        model, about = open_model(file, settings)
        assert model.facts.vocabulary == DIGITS
        assert about["zoo_name"] == "compact"
        assert about["bytes"] == len(file.path.read_bytes())
        assert about["sha256"] == hashlib.sha256(file.path.read_bytes()).hexdigest()
        assert ("parameters" in about) == (file.format == "checkpoint")


def test_the_reject_test_is_the_odd_half_of_the_other_words() -> None:

    def said(speaker: str, word: str = "house") -> Utterance:
        return Utterance(Path("a.flac"), (word,), f"speech-commands/{speaker}")

    assert [is_reject_test(said(speaker)) for speaker in ("0c54098f", "0c540988", "5170b77b", "8fe6722a")] == [
        True,
        False,
        True,
        False,
    ]
    assert not is_reject_test(said("0c54098f", "one"))


def test_folders_without_sounds_are_named(tmp_path: Path) -> None:
    (tmp_path / "car").mkdir()
    with pytest.raises(CorpusError, match="expected sound files"):
        scene_corpora([SoundFiles(str(tmp_path))])


def test_near_words_are_all_that_the_test_speakers_say_beside_digits(tmp_path: Path) -> None:
    for name in "ab":
        write_audio(np.arange(16000) / 32768, tmp_path / f"{name}.wav", 16000)
    rows = ["a.wav,0,b,,ann,test,0.1,0.3", "a.wav,1,two,two,ann,test,0.3,0.5", "a.wav,2,sixty,,ann,test,0.5,0.9"]
    table = [",".join(ALIGNED_COLUMNS), *rows, "b.wav,0,z,,bob,train,0.1,0.3"]
    (tmp_path / "words.csv").write_text("\n".join(table))
    found = read_near_words(tmp_path, 16000, 8000)
    assert {kind: len(sounds) for kind, sounds in found.items()} == {"letters": 1, "other_words": 1}
    letter = found["letters"][0] * 32768
    assert letter[(8000 - 3840) // 2] == 1280  # 0.02 s before the letter, in the middle of the window
    assert letter.argmax() == (8000 + 3840) // 2 - 1


PLAN = """
data = "DATA"

[words]
records = "."
models = { compact = { model = "compact" } }

[words.sets]
noisy = ["samples"]
snrs_db = [5]
scenes = [{ folder = "noise" }]

[words.sets.digits]
samples = { corpus = "samples:", split = "test", where = { engine = "flite" } }
"""


def test_a_plan_makes_a_record_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.replace("DATA", str(samples_folder())))
    arguments = ["--plan", str(plan), "--records", str(tmp_path), "--runs", str(tmp_path / "runs")]
    main(arguments)
    record = json.loads((tmp_path / "compact.json").read_text())
    assert record["clean"]["samples"]["clips"] == 22
    assert record["noisy"]["samples"]["mean"]["5"]["clips"] == 22
    assert record["calibration_error"]["samples_5db"] == record["noisy"]["samples"]["mean"]["5"]["calibration_error"]
    assert record["noise"]["made"]["groups"]["silence"] == {"clips": 1, "accepted": 0}
    capsys.readouterr()
    main(arguments)
    assert "compact.json is there" in capsys.readouterr().err


def test_what_is_no_kind_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compact"])
    assert (
        "some of words, strings, calls, dialogues, streams, own_words, say, own_streams, redaction; got compact"
        in capsys.readouterr().err
    )
