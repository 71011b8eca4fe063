"""The demonstration's counts against a count by hand, its repeatability, and the mixtures against their SNR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.channels import g712
from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.demo.demo import SNRS_DB, Demonstration, accuracy_table, demo_noises, demo_words, run_demo
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from tests.demo.conftest import NAME, demonstrate, fewer, tiny

pytestmark = pytest.mark.slow  # a training


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    with fewer():
        return demo_words(tmp_path_factory.mktemp("words"), 0)


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_the_words_are_those_of_the_test_voices_at_the_snr_that_the_condition_says(
    words: dict[str, Corpus], snr_db: int
) -> None:
    clean, noisy, checked = words["clean"], words[f"{snr_db} dB"], 0
    assert [(each.word, each.speaker) for each in noisy] == [(each.word, each.speaker) for each in clean]
    assert {each.split for each in noisy} == {"test"}
    for index, (said, mixed) in enumerate(zip(clean, noisy, strict=True)):
        noise_name = sorted(sample_noises())[(index + SNRS_DB.index(snr_db)) % 5]
        speech, mixture = np.zeros(8000, np.float32), read_audio(mixed.path)[0]
        recorded = read_audio(said.path)[0]
        start = (8000 - len(recorded)) // 2
        speech[start : start + len(recorded)] = recorded
        # Here the filter starts from rest, in the mixing within the noise: no matter but for noise below its band.
        # What was divided by its peak holds no longer the clean speech.
        if noise_name in ("brown", "hum") or np.abs(mixture).max() >= 0.999:
            continue
        speech_db = active_speech_level(g712(speech, 8000), 8000).level_db
        assert speech_db - rms_level_db(g712(mixture - speech, 8000)) == pytest.approx(snr_db, abs=0.2)
        checked += 1
    assert checked > 10


def test_the_counts_are_those_of_recognising_one_by_one(
    result: Demonstration, words: dict[str, Corpus], tmp_path: Path
) -> None:
    recognizer, report = Recognizer(scoring_model(tiny("second"))), result.reports[1]
    right = sum(recognizer.recognize(each.path).word == each.word for each in words["0 dB"])
    assert (report.conditions[-1].name, report.conditions[-1].correct) == ("0 dB", right)
    accepted = sum(recognizer.recognize(each.path).accepted is True for each in demo_noises(tmp_path)["noise"])
    header, rows = accuracy_table([*result.reports, result.learnt])
    assert header == ["model", "clean", "20 dB", "10 dB", "5 dB", "0 dB", "noise accepted"]
    assert [row[0] for row in rows] == [NAME, "second", "cnn, trained just now"]
    assert [row[-1] for row in rows] == ["-", f"{accepted} of 20", "-"]
    assert rows[1][5] == f"{100 * right / 44:.2f}"


def test_the_checkpoint_is_the_network_that_was_scored(result: Demonstration) -> None:
    recognizer = DigitRecognizer.from_pretrained(result.checkpoint)
    clean = [each for each in read_samples().utterances[::4] if each.split == "test"]
    right = sum(recognizer.recognize(each.path).word == each.word for each in clean)
    assert right == result.learnt.conditions[0].correct
    assert result.before.overall.clips == len(clean) == 44


def test_the_same_seed_gives_the_same_numbers(result: Demonstration, tmp_path: Path) -> None:
    again = demonstrate(tmp_path)
    for one, other in zip((*again.reports, again.learnt), (*result.reports, result.learnt), strict=True):
        assert (one.conditions, one.rejection) == (other.conditions, other.rejection)
    assert [r.train_loss for r in again.training.history] == [r.train_loss for r in result.training.history]
    assert again.checkpoint.read_bytes() == result.checkpoint.read_bytes()


def test_a_model_that_does_not_know_all_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="words that the model does not know: nine, oh"), fewer():
        run_demo([tiny("short", vocabulary=Vocabulary(DIGITS.words[:9]))], tmp_path / "c")
    assert list(tmp_path.iterdir()) == []
