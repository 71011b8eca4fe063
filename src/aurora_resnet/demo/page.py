"""The page of the demonstration: one HTML file that needs nothing but itself, written by ``templates/page.html.j2``."""

from __future__ import annotations

import base64
import io
import shlex
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from aurora_resnet.demo.demo import Demonstration, accuracy_table
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, plain_axes, plot_confusion, plot_learning_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 120


def report_page(result: Demonstration, figures: dict[str, Figure], missing: str = "") -> str:
    """Return the page as HTML.

    Args:
        result: what the demonstration found.
        figures: from ``draw_figures``, or none.
        missing: why there are no figures.
    """
    environment = Environment(loader=PackageLoader("aurora_resnet.demo"), autoescape=True, undefined=StrictUndefined)
    header, rows = accuracy_table([*result.reports, result.learnt])
    return environment.get_template("page.html.j2").render(
        result=result,
        header=header,
        rows=rows,
        figures={title: data_png(figure) for title, figure in figures.items()},
        missing=missing,
        commands=next_commands(result),
    )


def draw_figures(result: Demonstration) -> dict[str, Figure]:
    """Draw the figures of the page, by their titles.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    first = result.reports[0]
    return {
        "Accuracy from the most noise to none; shades: 95 % intervals, by speaker.": plot_accuracy(result),
        f"Which words {first.model} takes for which, clean and in noise together.": plot_confusion(first.overall),
        "How the small network learnt; the dot is the epoch that was kept.": plot_learning_curves(
            [record.for_figure() for record in result.training.history]
        ),
    }


def plot_accuracy(result: Demonstration) -> Figure:
    """Draw the accuracy of the models from the lowest SNR to clean speech, with 95 % intervals as shades."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for report, colour in zip([*result.reports, result.learnt], LINE_COLOURS, strict=False):
        conditions = report.conditions[::-1]
        names = [each.name for each in conditions]
        axes.plot(names, [100 * each.accuracy for each in conditions], color=colour, marker="o", label=report.model)
        low, high = ([100 * getattr(each.interval, end) for each in conditions] for end in ("low", "high"))
        axes.fill_between(names, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set(xlabel="SNR", ylabel="accuracy (%)")
    axes.set_ylim(top=101)
    plain_axes(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def data_png(figure: Figure) -> str:
    """Return a figure as the address of a PNG image.

    >>> data_png(new_figure(1, 1))[:32]
    'data:image/png;base64,iVBORw0KGg'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def next_commands(result: Demonstration) -> list[str]:
    """Return commands to go on with."""
    trained = shlex.quote(str(result.checkpoint))
    return [
        "aurora-resnet recognize FILE",
        "arecord -d 2 -f S16_LE -r 16000 | aurora-resnet recognize -",
        f"aurora-resnet recognize --model {trained} FILE",
        f"aurora-resnet evaluate --model {trained} --corpus samples: --split test",
        "aurora-resnet train --config quickstart --out runs/quickstart",
    ]
