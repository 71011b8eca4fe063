"""The figures of the page, as ``data:`` addresses that stand in the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aurora_resnet.demo.demo import DemoResult
from aurora_resnet.demo.scores import ModelScores
from aurora_resnet.evaluation.figures import (
    LINE_COLOURS,
    new_figure,
    plain_axes,
    plot_confusion,
    plot_features,
    plot_learning_curves,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 120
MARKERS = "os^Dv"


@dataclass(frozen=True)
class Figures:
    """PNG images as ``data:`` addresses.

    Attributes:
        accuracy: accuracy against SNR.
        confusion: confusions of the first model.
        learning: learning curves of the small network.
        examples: one for each example.
    """

    accuracy: str
    confusion: str
    learning: str
    examples: tuple[str, ...]


def draw_figures(result: DemoResult) -> Figures:
    """Draw all figures of the page.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    examples = []
    for example in result.examples:
        figure = plot_features(example.log_mel, example.mel, waveform=example.clip)
        figure.set_size_inches(5.6, 3.9)
        examples.append(data_png(figure))
    return Figures(
        accuracy=data_png(plot_accuracy((*result.models, result.learning.scores))),
        confusion=data_png(plot_confusion(result.models[0].overall)),
        learning=data_png(plot_learning_curves([record.for_figure() for record in result.learning.history])),
        examples=tuple(examples),
    )


def plot_accuracy(models: Sequence[ModelScores]) -> Figure:
    """Draw the accuracy of several models from the lowest SNR to clean speech, with 95 % intervals as shades."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for number, model in enumerate(models):
        reports = model.conditions[::-1]
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        axes.plot(
            range(len(reports)),
            [100 * report.accuracy for report in reports],
            color=colour,
            marker=MARKERS[number % len(MARKERS)],
            label=model.name,
        )
        axes.fill_between(
            range(len(reports)),
            [100 * report.interval.low for report in reports],
            [100 * report.interval.high for report in reports],
            color=colour,
            alpha=0.12,
            linewidth=0,
        )
    axes.set_xticks(range(len(reports)), [report.name for report in reports])
    axes.set_xlabel("SNR")
    axes.set_ylabel("accuracy (%)")
    axes.set_ylim(top=101)
    plain_axes(axes)
    figure.legend(loc="outside lower center", ncols=min(3, len(models)), frameon=False)
    return figure


def data_png(figure: Figure) -> str:
    """Return a figure as the address of a PNG image.

    >>> data_png(new_figure(1, 1))[:32]
    'data:image/png;base64,iVBORw0KGg'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
