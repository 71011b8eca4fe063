"""The figures of the page, as ``data:`` addresses that stand in the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
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
    return Figures(
        accuracy=data_png(plot_accuracy((*result.models, result.learning.scores))),
        confusion=data_png(plot_confusion(result.models[0].overall)),
        learning=data_png(plot_learning_curves([record.for_figure() for record in result.learning.history])),
        examples=tuple(
            data_png(plot_features(each.log_mel, each.mel, waveform=each.clip), (5.6, 3.9)) for each in result.examples
        ),
    )


def plot_accuracy(models: Sequence[ModelScores]) -> Figure:
    """Draw the accuracy of several models from the lowest SNR to clean speech, with 95 % intervals as shades."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    names = [report.name for report in reversed(models[0].conditions)]
    for model, colour, marker in zip(models, cycle(LINE_COLOURS), cycle(MARKERS), strict=False):
        low, middle, high = (
            [100 * share for share in shares]
            for shares in zip(
                *((r.interval.low, r.accuracy, r.interval.high) for r in reversed(model.conditions)), strict=True
            )
        )
        axes.plot(names, middle, color=colour, marker=marker, label=model.name)
        axes.fill_between(names, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel("SNR")
    axes.set_ylabel("accuracy (%)")
    axes.set_ylim(top=101)
    plain_axes(axes)
    figure.legend(loc="outside lower center", ncols=min(3, len(models)), frameon=False)
    return figure


def data_png(figure: Figure, inches: tuple[float, float] | None = None) -> str:
    """Return a figure, of another size if one is given, as the address of a PNG image.

    >>> data_png(new_figure(1, 1))[:32]
    'data:image/png;base64,iVBORw0KGg'
    """
    if inches is not None:
        figure.set_size_inches(*inches)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
