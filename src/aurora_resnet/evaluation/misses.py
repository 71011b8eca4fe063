"""Which speakers and words a model of single words fails on, and what these recordings look like."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.evaluation.figures import new_figure
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.errors import AudioError, ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPEAKERS, COLUMNS, MOST_DRAWN = 10, 5, 20
RATE = 8000
#: Of the spectrograms: samples of a window and between two of them, and how far below the loudest they go.
WINDOW, STEP, RANGE_DB = 200, 60, 70


def hardest_speakers(predictions: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    """Return the wrong answers of the speakers with most of them, in order; at most ten speakers.

    >>> said = [Prediction("a.wav", "", "five", "nine", 0.9, True, "ann"), Prediction("b.wav", "", "one", "one", 0.9)]
    >>> {speaker: [miss.path for miss in misses] for speaker, misses in hardest_speakers(said).items()}
    {'ann': ['a.wav']}
    """
    wrong: dict[str, list[Prediction]] = {}
    for each in predictions:
        if not each.right:
            wrong.setdefault(each.speaker, []).append(each)
    return dict(sorted(wrong.items(), key=lambda item: -len(item[1]))[:SPEAKERS])


def misses_table(predictions: Sequence[Prediction]) -> str:
    """Return the hardest speakers as a table; the last column is the median length of the speech in what was missed.

    >>> print(misses_table([Prediction("gone.wav", "", "six", "eight", 0.9, True, "ann")]))
    | speaker | clips | wrong |      said as | speech s |
    | :------ | ----: | ----: | -----------: | -------: |
    | ann     |     1 |     1 | six -> eight |        - |
    """
    clips = Counter(each.speaker for each in predictions)
    rows = []
    for speaker, misses in hardest_speakers(predictions).items():
        pairs = Counter(f"{miss.word} -> {miss.predicted}" for miss in misses)
        shown = ", ".join(f"{pair} x {count}" if count > 1 else pair for pair, count in pairs.most_common(3))
        lengths = [seconds for miss in misses if not math.isnan(seconds := speech_seconds(miss.path))]
        length = f"{np.median(lengths):.2f}" if lengths else "-"
        rows.append([speaker or "(unknown)", str(clips[speaker]), str(len(misses)), shown, length])
    return markdown_table(["speaker", "clips", "wrong", "said as", "speech s"], rows)


def speech_seconds(path: str) -> float:
    """Return how long the speech in a recording is, to 35 dB below its loudest 10 ms; NaN for an unreadable one."""
    try:
        samples = read_clip(path, RATE, math.inf)
    except AudioError:
        return math.nan
    return len(trim_silence(samples, RATE, margin_seconds=0)) / RATE


def plot_misses(predictions: Sequence[Prediction]) -> Figure:
    """Draw the spectrograms of what the hardest speakers said and the model took for another word.

    Raises:
        ConfigError: if every answer is right.
        AudioError: if a recording cannot be read.
        MissingDependencyError: if matplotlib is not installed.
    """
    misses = [miss for wrong in hardest_speakers(predictions).values() for miss in wrong][:MOST_DRAWN]
    if not misses:
        raise ConfigError("every answer is right: there is nothing to draw")
    rows = math.ceil(len(misses) / COLUMNS)
    figure = new_figure(2.1 * COLUMNS, 1.9 * rows)
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat[len(misses) :]:
        axes.remove()
    for axes, miss in zip(figure.axes, misses, strict=True):
        samples = read_clip(miss.path, RATE, 1.0)
        noisy = samples + np.float32(1e-5) * np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
        *_, image = axes.specgram(noisy, NFFT=WINDOW, Fs=RATE, noverlap=WINDOW - STEP, cmap="magma")
        image.set_clim(image.get_clim()[1] - RANGE_DB)
        axes.set_title(
            f"{miss.word} → {miss.predicted}, {100 * miss.confidence:.0f} %\n{miss.speaker[-20:]}", fontsize=8
        )
        axes.tick_params(labelsize=6)
    figure.supxlabel("time (s)", fontsize=9)
    figure.supylabel("frequency (Hz)", fontsize=9)
    return figure
