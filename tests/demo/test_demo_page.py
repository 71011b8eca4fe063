"""The page of the demonstration is well-formed, needs nothing but itself, and says the numbers of the result."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from aurora_resnet.demo.demo import Demonstration, accuracy_table
from aurora_resnet.demo.page import draw_figures, plot_accuracy, report_page

pytestmark = pytest.mark.slow  # a training

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Reads a page, checks that its tags close in order, and keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_it_is_whole_and_fetches_nothing(result: Demonstration) -> None:
    pytest.importorskip("matplotlib")
    page = Page(report_page(result, draw_figures(result)))
    assert page.open == []
    sources = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert len(sources) == 3
    for source in sources:
        assert source is not None
        assert source.startswith("data:image/png;base64,")
        assert base64.b64decode(source.partition(",")[2]).startswith(b"\x89PNG")
    assert all(len(attributes["alt"] or "") > 20 for tag, attributes in page.tags if tag == "img")
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert not re.search(r"url\(|@import", "".join(page.words))


def test_the_numbers_are_those_of_the_result_also_without_figures(result: Demonstration) -> None:
    page = Page(report_page(result, {}, "figures need matplotlib; install it with: pip install 'x[figures]'"))
    header, rows = accuracy_table([*result.reports, result.learnt])
    assert page.rows == [header, *rows]
    text = " ".join(" ".join(page.words).split())
    before, after = result.before.overall, result.learnt.conditions[0]
    assert f"Of 44 digits it recognised {before.correct} before and {after.correct} after." in text.replace(" .", ".")
    for part in ("recordings are synthetic", "pip install 'x[figures]'", f"--model '{result.checkpoint}' FILE"):
        assert part in text


def test_the_accuracy_figure_draws_the_accuracies(result: Demonstration) -> None:
    pytest.importorskip("matplotlib")
    (axes,) = plot_accuracy(result).axes
    for line, report in zip(axes.get_lines(), [*result.reports, result.learnt], strict=True):
        assert line.get_label() == report.model
        assert np.allclose(line.get_ydata(), [100 * each.accuracy for each in report.conditions[::-1]])
