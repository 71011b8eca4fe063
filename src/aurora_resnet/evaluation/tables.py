"""How numbers are printed: percentages with two decimals, tables in Markdown and LaTeX, lines of CSV."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.files import atomic_path

#: Printed where there is no number.
MISSING = "-"


def percent(share: float | None) -> str:
    """Return a share as a percentage with two decimals, without the sign.

    Args:
        share: 0 to 1; ``None`` or NaN where nothing was measured.

    >>> percent(0.98938), percent(1.0), percent(None)
    ('98.94', '100.00', '-')
    """
    return MISSING if share is None or math.isnan(share) else f"{100 * share:.2f}"


def percent_with_interval(accuracy: float, interval: Interval) -> str:
    """Return an accuracy and its interval, in percent.

    >>> percent_with_interval(0.95, Interval(0.8882, 0.9785, "wilson"))
    '95.00 [88.82, 97.85]'
    """
    return f"{percent(accuracy)} [{percent(interval.low)}, {percent(interval.high)}]"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table: first column to the left, the rest to the right, readable as plain text.

    Args:
        header: names of the columns.
        rows: cells, as many in every row as the header has.

    >>> print(markdown_table(["noise", "accuracy"], [["car", "98.94"], ["babble", "9.10"]]))
    | noise  | accuracy |
    | :----- | -------: |
    | car    |    98.94 |
    | babble |     9.10 |
    """
    lines = [[cell.replace("|", r"\|").replace("\n", " ") for cell in line] for line in (header, *rows)]
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*lines, strict=True)]
    rule = [":" + "-" * (widths[0] - 1)] + ["-" * (width - 1) + ":" for width in widths[1:]]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (padded[0], rule, *padded[1:]))


def score_table(what: str, scores: Mapping[str, Score], counted: Sequence[str] = ("clips", "correct")) -> str:
    """Return counts by word or by speaker as a table; groups without clips are left out."""
    rows = [
        [name or "(unknown)", str(score.clips), str(score.correct), percent(score.accuracy)]
        for name, score in scores.items()
        if score.clips
    ]
    return markdown_table([what, *counted, "accuracy %"], rows)


def write_csv(path: str | Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all."""
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        csv.writer(file).writerows([header, *lines])


def latex_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, groups: Sequence[str] = (), rule_after: int | None = None
) -> str:
    r"""Return a LaTeX ``tabular`` for the package booktabs: first column to the left, the rest to the right.

    Args:
        header: names of the columns.
        rows: cells.
        groups: a heading above each column; columns side by side with one heading share it.
        rule_after: so many rows there is a line.

    >>> print(latex_table(["noise", "accuracy %"], [["car", "98.94"]]))
    \begin{tabular}{lr}
    \toprule
    noise & accuracy \% \\
    \midrule
    car & 98.94 \\
    \bottomrule
    \end{tabular}
    """
    above, rules, column = [], [], 1
    for heading, members in groupby(groups):
        width = len(list(members))
        above += [rf"\multicolumn{{{width}}}{{c}}{{{heading}}}"] if heading else [""] * width
        rules += [rf"\cmidrule(lr){{{column}-{column + width - 1}}}"] if heading else []
        column += width
    lines = [" & ".join(map(latex_text, line)) + r" \\" for line in (header, *rows)]
    if rule_after is not None:
        lines.insert(rule_after + 1, r"\midrule")
    top = [" & ".join(above) + r" \\", " ".join(rules)] if groups else []
    begin = rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}"
    return "\n".join([begin, r"\toprule", *top, lines[0], r"\midrule", *lines[1:], r"\bottomrule", r"\end{tabular}"])


def latex_text(text: str) -> str:
    r"""Escape what LaTeX would read as a command; a minus sign before a number becomes a real one."""
    if text.startswith("-") and text[1:2].isdigit():
        text = f"$-${text[1:]}"
    return text.replace("_", r"\_").replace("%", r"\%").replace("&", r"\&").replace("0-20", "0--20")
