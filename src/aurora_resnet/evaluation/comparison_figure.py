"""Systems side by side: the accuracy of each with its interval, and every training as a dot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aurora_resnet.evaluation.comparison import Comparison
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_comparison(comparison: Comparison) -> Figure:
    """Draw accuracies in percent, the systems from top to bottom.

    Args:
        comparison: of two systems or more.
    """
    systems = comparison.systems
    figure = new_figure(6.4, 1.2 + 0.45 * len(systems))
    axes = figure.subplots()
    for row, system in enumerate(systems):
        mean, interval = 100 * system.accuracy, system.interval
        reach = [[mean - 100 * interval.low], [100 * interval.high - mean]]
        colour = LINE_COLOURS[row % len(LINE_COLOURS)]
        axes.errorbar([mean], [row], xerr=np.maximum(reach, 0), fmt="D", color=colour, capsize=4)
        if system.seeds > 1:
            each = 100 * np.atleast_2d(np.asarray(system.correct, dtype=np.float64)).mean(axis=1)
            axes.plot(each, [row - 0.18] * system.seeds, ".", color=colour, alpha=0.6)
    axes.set_yticks(range(len(systems)), [system.name for system in systems])
    axes.invert_yaxis()
    axes.grid(axis="x", color="0.9")
    axes.set_xlabel("accuracy (%), 95 % intervals by speaker; dots: single trainings")
    return figure
