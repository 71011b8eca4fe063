"""Pictures of the Aurora tables: accuracy against SNR, and a map of noise and SNR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from aurora_resnet.evaluation.aurora_tables import SNRS, AuroraTable
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, plain_axes
from aurora_resnet.runtime.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINE_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


def plot_accuracy_by_snr(
    tables: AuroraTable | Mapping[str, AuroraTable], *, per: Literal["noise", "model"] = "noise"
) -> Figure:
    """Draw accuracy against SNR, one panel a set, from the lowest SNR to clean.

    Args:
        tables: one table, or several by the name to print for each model.
        per: ``"noise"`` draws a line for every noise (its colour) and model (its dashes), ``"model"`` one line
            a model, the mean over the noises of the set.

    Raises:
        ConfigError: if there is no condition to draw.

    >>> cells = {("a", "car", snr): 0.9 for snr in SNRS}
    >>> figure = plot_accuracy_by_snr(AuroraTable("cnn", {"a": ("car",)}, cells))
    >>> figure.axes[0].lines[0].get_ydata().tolist()[-1]
    90.0
    """
    models = {tables.model: tables} if isinstance(tables, AuroraTable) else tables
    sets = sorted({name for table in models.values() for name in table.noises})
    if not sets:
        raise ConfigError("accuracy by SNR needs at least one Aurora table with a condition")
    measured = {snr for table in models.values() for _, _, snr in table.cells}
    snrs = [snr for snr in reversed(SNRS) if snr in measured]
    figure = new_figure(1.2 + 3.5 * len(sets), 4.2)
    panels = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    for axes, set_name in zip(panels, sets, strict=True):
        for m, (model, table) in enumerate(models.items()):
            for n, noise in enumerate(table.noises.get(set_name, ()) if per == "noise" else [""]):
                cells = [table.accuracy(set_name, noise, s) if noise else table.set_mean(set_name, s) for s in snrs]
                look = n if noise else m
                axes.plot(
                    range(len(snrs)),
                    100 * np.array(cells, dtype=float),  # where nothing was measured it is NaN
                    color=LINE_COLOURS[look % len(LINE_COLOURS)],
                    marker=MARKERS[look % len(MARKERS)],
                    linestyle=LINE_STYLES[m % len(LINE_STYLES)] if noise else "-",
                    markersize=5,
                    label=(noise or model) if m == 0 or not noise else "_",
                )
        axes.set_xticks(range(len(snrs)), snrs)
        axes.margins(x=0.08)
        axes.set_xlabel("SNR (dB)")
        axes.set_title(f"set {set_name.upper()}", fontsize=11)
        plain_axes(axes)
        if per == "noise":
            axes.legend(loc="lower right", fontsize=9)
    panels[0].set(ylabel="accuracy (%)", ylim=(None, 101))
    if len(models) == 1 and per == "noise":
        figure.suptitle(next(iter(models)), fontsize=12)
        return figure
    # The models are named below the panels: by colour if each is a line, else by dashes.
    handles = panels[0].get_lines()
    if per == "noise":
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color="black", linestyle=style) for style, _ in zip(LINE_STYLES, models, strict=False)
        ]
    figure.legend(handles, list(models), loc="outside lower center", ncols=min(5, len(models)), frameon=False)
    return figure


def plot_noise_heatmap(table: AuroraTable) -> Figure:
    """Draw the accuracies of a model as a map: a row for every noise of every set, a column for every SNR.

    The scale begins at the ten percent below the lowest accuracy. What was not measured stays white.

    Raises:
        ConfigError: if the table has no noise.

    >>> cells = {("a", "car", snr): 0.9 for snr in SNRS}
    >>> figure = plot_noise_heatmap(AuroraTable("cnn", {"a": ("car",)}, cells))
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['90.0', '90.0']
    """
    rows = [(name, noise) for name, noises in table.noises.items() for noise in noises]
    if not rows:
        raise ConfigError("a noise map needs an Aurora table with at least one noise")
    values = 100 * np.array([[table.accuracy(*row, snr) for snr in SNRS] for row in rows], dtype=float)
    low = min(90.0, 10 * np.floor(np.nanmin(values) / 10))
    figure = new_figure(7.2, 1.7 + 0.36 * len(rows))
    axes = figure.subplots()
    image = axes.imshow(np.ma.masked_invalid(values), cmap="viridis", vmin=low, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text, dark = ("-", False) if np.isnan(value) else (f"{value:.1f}", value <= low + 0.6 * (100 - low))
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color="white" if dark else "black")
    axes.set_xticks(range(len(SNRS)), SNRS)
    axes.set_yticks(range(len(rows)), [f"{noise}  {name.upper()}" for name, noise in rows])
    axes.tick_params(length=0)
    for row in range(1, len(rows)):
        if rows[row][0] != rows[row - 1][0]:
            axes.axhline(row - 0.5, color="white", linewidth=3)
    axes.set(xlabel="SNR (dB)", ylabel="noise and set")
    axes.set_title(table.model, fontsize=11)
    figure.colorbar(image, ax=axes, label="accuracy (%)", pad=0.02)
    return figure
