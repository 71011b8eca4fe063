"""The hardest speakers, and the length of what they said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.evaluation.misses import SPEAKERS, hardest_speakers, misses_table, plot_misses, speech_seconds
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.runtime.errors import ConfigError


def answer(speaker: str, said: str, predicted: str, path: str = "gone.wav") -> Prediction:
    return Prediction(path, "", said, predicted, 0.8, True, speaker)


def test_those_with_most_wrong_answers_come_first() -> None:
    answers = [answer(f"s{number:02d}", "six", "eight") for number in range(20) for _ in range(number)]
    hardest = hardest_speakers([*answers, answer("s19", "one", "one")])
    assert list(hardest) == [f"s{number:02d}" for number in range(19, 19 - SPEAKERS, -1)]
    assert [len(misses) for misses in hardest.values()] == list(range(19, 19 - SPEAKERS, -1))
    assert "| s19     |    20 |    19 | six -> eight x 19 |        - |" in misses_table(
        [*answers, answer("s19", "one", "one")]
    )


def test_the_length_is_that_of_the_sound_without_the_silence(tmp_path: Path) -> None:
    burst = 0.1 * np.random.default_rng(0).standard_normal(2400)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.r_[np.zeros(4000), burst, np.zeros(4000)], 8000)
    assert speech_seconds(str(path)) == pytest.approx(0.30, abs=0.04)  # the high-pass filter rings on
    figure = plot_misses([answer("ann", "six", "eight", str(path))])
    assert [axes.get_title() for axes in figure.axes] == ["six → eight, 80 %\nann"]


def test_without_a_wrong_answer_nothing_is_drawn() -> None:
    with pytest.raises(ConfigError, match="every answer is right"):
        plot_misses([answer("ann", "six", "six")])
