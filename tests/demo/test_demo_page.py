"""The page of the demonstration is well-formed, needs nothing but itself, and says the numbers of the result."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.demo.demo import DemoResult
from aurora_resnet.demo.figures import Figures, draw_figures, plot_accuracy
from aurora_resnet.demo.page import is_right, report_page, voices_note
from aurora_resnet.demo.sounds import CONDITIONS
from tests.demo.conftest import NAME

pytestmark = pytest.mark.slow  # a training

VOID = {"meta", "img", "br", "link"}


@pytest.fixture(scope="module")
def figures(result: DemoResult) -> Figures:
    pytest.importorskip("matplotlib")
    return draw_figures(result)


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
        if "style" not in self.open:
            self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(result: DemoResult, figures: Figures) -> Page:
    return Page(report_page(result, figures))


def test_every_tag_is_closed_and_nothing_is_fetched(page: Page) -> None:
    assert page.open == []
    sources = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert sources
    assert all(value is not None and re.match(r"data:(image/png|audio/wav);base64,", value) for value in sources)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    style = [a for tag, a in page.tags if tag == "meta" and a.get("name") == "viewport"]
    assert style == [{"name": "viewport", "content": "width=device-width, initial-scale=1"}]


def test_the_style_fetches_nothing_and_knows_light_and_dark(result: DemoResult) -> None:
    style = report_page(result, None).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_images_have_alternative_texts_and_are_images(page: Page, result: DemoResult) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 3 + len(result.examples)
    for image in images:
        assert len(image["alt"] or "") > 20
        assert base64.b64decode((image["src"] or "").partition(",")[2]).startswith(b"\x89PNG")


def test_the_sounds_are_those_of_the_examples(page: Page, result: DemoResult) -> None:
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "audio"]
    assert len(sources) == len(result.examples)
    for source, example in zip(sources, result.examples, strict=True):
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode((source or "").partition(",")[2])))
        assert rate == 8000
        assert np.allclose(samples, example.sound.waveform, atol=2**-15)


def test_the_numbers_are_those_of_the_result(page: Page, result: DemoResult) -> None:
    rows = {row[0]: row for row in page.rows}
    for model in result.models:
        assert rows[model.name][1:6] == [f"{100 * r.correct / r.clips:.2f}" for r in model.conditions]
        assert rows[model.name][6] == f"{100 * model.noisy_mean:.2f}"
    for kind, count in result.models[0].accepted.items():
        row = rows[f"digits, {kind}" if kind in CONDITIONS else kind]
        clips = len(result.models[0].answers[kind])
        assert row[2:] == [f"{count} of {clips}", f"{result.models[1].accepted[kind]} of {clips}"]
    bars = [row for row in page.rows if len(row) == 3 and row[0] in result.examples[0].answer.probabilities]
    shown = [(row[0], row[2]) for row in bars]
    wanted = [(w, f"{100 * p:.2f}") for example in result.examples for w, p in example.answer.probabilities.items()]
    assert shown == wanted
    learning = result.learning
    assert f"{learning.before.correct} of 44" in page.text
    assert f"{learning.after.correct} of 44" in page.text
    for value in result.environment.values():
        assert any(str(value) in row for row in page.rows)


def test_it_is_plain_about_the_recordings_and_about_models_without_a_threshold(page: Page) -> None:
    for text in ("The recordings are synthetic", "What the models given learnt from is not known", NAME):
        assert text in page.text
    assert f"{NAME} is not calibrated, and so refuses nothing but silence" in page.text


def test_the_terminal_says_of_the_voices_what_the_page_says(page: Page, result: DemoResult) -> None:
    note = voices_note(result)
    assert "\n" not in note
    assert note in page.text


def test_a_verdict_is_right_if_words_are_accepted_and_the_rest_is_rejected(page: Page, result: DemoResult) -> None:
    verdicts = [a["class"] for tag, a in page.tags if tag == "strong" and "class" in a]
    good = [
        (e.answer.word == e.sound.word and e.answer.accepted) if e.sound.word else e.answer.accepted is False
        for e in result.examples
    ]
    assert verdicts == ["yes" if each else "no" for each in good]
    assert good == [is_right(e.sound, e.answer) for e in result.examples]
    assert page.text.count("(wrong)") == good.count(False) > 0


def test_commands_quote_the_folder(page: Page, result: DemoResult) -> None:
    assert f"--model '{result.learning.checkpoint}' FILE" in page.text


def test_without_figures_the_page_says_what_to_install(result: DemoResult) -> None:
    page = Page(report_page(result, None, "figures need matplotlib; install it with: pip install 'x[figures]'"))
    assert page.open == []
    assert "pip install 'x[figures]'" in page.text
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert len([tag for tag, _ in page.tags if tag == "audio"]) == len(result.examples)


def test_the_accuracy_figure_draws_the_accuracies(result: DemoResult) -> None:
    pytest.importorskip("matplotlib")
    axes = plot_accuracy(result.models).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0 dB", "5 dB", "10 dB", "20 dB", "clean"]
    drawn = np.asarray(axes.lines[0].get_ydata())
    assert drawn.tolist() == pytest.approx([100 * r.accuracy for r in result.models[0].conditions[::-1]])


def test_examples_show_what_the_network_sees(result: DemoResult) -> None:
    for example in result.examples:
        assert example.clip.shape == (16000,)
        assert example.log_mel.shape[0] == 16
        assert float(example.log_mel.mean()) == pytest.approx(0, abs=1e-3)  # normalised, as the network gets it
    assert Path(result.learning.checkpoint).is_file()
