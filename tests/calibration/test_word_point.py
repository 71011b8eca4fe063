"""``calibrate`` as a whole: on the answers of a network, in every form that a model has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.calibration.fitting import fit_temperature
from aurora_resnet.calibration.word_point import calibrate, fit_calibration
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError

Build = Callable[..., RecognizerModel]


@pytest.fixture(scope="module")
def trained(tones: ClipSet, tiny_model: Build) -> RecognizerModel:
    """A network whose answers are neither certain nor without information."""
    model = tiny_model(dropout=0.0).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    batch = tones.batch(range(len(tones)))
    for _ in range(12):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(batch), tones.labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model.eval()


def noise(clips: ClipSet, n: int = 60) -> ClipSet:
    generator = np.random.default_rng(9)
    waveforms = tuple(torch.from_numpy(0.2 * generator.standard_normal(1500).astype(np.float32)) for _ in range(n))
    utterances = tuple(Utterance(Path(f"noise{i}.wav"), (), "") for i in range(n))
    return replace(clips, utterances=utterances, labels=torch.full((n,), 11), waveforms=waveforms)


def test_calibrate_fits_both_to_the_answers_of_the_model(trained: RecognizerModel, unseen_tones: ClipSet) -> None:
    with torch.inference_mode():
        words = trained(unseen_tones.batch(range(len(unseen_tones)))).double()
        negatives = trained(noise(unseen_tones).batch(range(60))).double()
    point = calibrate(trained, unseen_tones, words_refused=0.1)
    assert point.temperature == pytest.approx(fit_temperature(words, unseen_tones.labels), rel=1e-3)
    assert point.threshold is not None
    assert ((words.logsumexp(1) < point.threshold - 1e-4).sum()) <= 4  # a tenth of 44
    assert ((words.logsumexp(1) < point.threshold + 1e-4).sum()) >= 4
    other = calibrate(trained, unseen_tones, negatives=noise(unseen_tones), negatives_accepted=0.05)
    assert other.temperature == point.temperature
    assert other.threshold is not None
    assert ((negatives.logsumexp(1) >= other.threshold + 1e-4).sum()) <= 3  # 5 % of 60
    assert ((negatives.logsumexp(1) >= other.threshold - 1e-4).sum()) >= 3
    assert calibrate(trained, unseen_tones) == Calibration(point.temperature, None)


def test_calibrate_takes_every_form_of_a_model_and_no_heed_of_its_calibration(
    trained: RecognizerModel, unseen_tones: ClipSet, tmp_path: Path
) -> None:
    save_checkpoint(trained, tmp_path / "a.safetensors", calibration=Calibration(9.0, 9.0))
    expected = calibrate(trained, unseen_tones, words_refused=0.1)
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    for model in (checkpoint, TorchModel(checkpoint)):
        assert calibrate(model, unseen_tones, words_refused=0.1) == expected


def test_silence_does_not_move_the_threshold(trained: RecognizerModel, unseen_tones: ClipSet) -> None:
    silent = replace(
        unseen_tones,
        utterances=unseen_tones.utterances + unseen_tones.utterances[:9],
        labels=torch.cat((unseen_tones.labels, unseen_tones.labels[:9])),
        waveforms=unseen_tones.waveforms + (torch.zeros(1000),) * 9,
    )
    assert calibrate(trained, silent, words_refused=0.1) == calibrate(trained, unseen_tones, words_refused=0.1)
    others = noise(unseen_tones)
    quiet = replace(others, waveforms=others.waveforms[:30] + (torch.zeros(1000),) * 30)
    half = replace(
        others, utterances=others.utterances[:30], labels=others.labels[:30], waveforms=others.waveforms[:30]
    )
    points = [calibrate(trained, silent, negatives=each, negatives_accepted=0.1) for each in (quiet, half)]
    assert points[0] == points[1]


def test_calibrated_confidences_are_right_as_often_as_they_say(trained: RecognizerModel, unseen_tones: ClipSet) -> None:
    answers = Answers.of(TorchModel(trained), unseen_tones)
    calibration = fit_calibration(answers)

    def loss(each: Calibration) -> float:
        return -float(np.log(each.probabilities(answers.logits)[np.arange(len(answers)), answers.labels]).mean())

    assert loss(calibration) <= min(loss(Calibration()), loss(Calibration(1.1 * calibration.temperature)))


def test_operating_points_that_cannot_be(trained: RecognizerModel, unseen_tones: ClipSet) -> None:
    with pytest.raises(ConfigError, match="words_refused or negatives_accepted, got both"):
        calibrate(trained, unseen_tones, words_refused=0.1, negatives_accepted=0.1)
    with pytest.raises(ConfigError, match="negatives_accepted needs recordings of negatives, got none"):
        calibrate(trained, unseen_tones, negatives_accepted=0.1)
    with pytest.raises(ConfigError, match="words_refused must lie from 0 to below 1, got 1"):
        calibrate(trained, unseen_tones, words_refused=1.0)
    with pytest.raises(ConfigError, match=r"negatives_accepted must lie from 0 to 1, got 1\.5"):
        calibrate(trained, unseen_tones, negatives=noise(unseen_tones), negatives_accepted=1.5)
    silence = replace(unseen_tones, waveforms=(torch.zeros(1000),) * len(unseen_tones))
    with pytest.raises(ConfigError, match=r"n >= 1, got \[0, 11\]"):
        calibrate(trained, silence)
