"""The page in real Chromium with a model of other words than digits: named, shown and strung together as words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Encode = Callable[..., bytes]
Speak = Callable[[str], Samples]


@pytest.fixture
def page(browser: Browser, other_words: Recognizer) -> Iterator[Page]:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    with served(create_app(other_words)) as address:
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.goto(address)
        page.locator("#model", has_text="Model").wait_for()
        yield page
        page.close()


def choose(page: Page, data: bytes) -> None:
    file = {"name": "sound.wav", "mimeType": "audio/wav", "buffer": data}
    page.get_by_label("Choose a sound file").set_input_files(file)  # type: ignore[arg-type]


def test_words_are_named_shown_and_strung_together(
    page: Page, other_words: Recognizer, encoded: Encode, spoken: Speak
) -> None:
    words = other_words.vocabulary.words
    assert page.title() == "Say a word"
    expect(page.locator("#title")).to_have_text("Say a word")
    expect(page.locator("#vocabulary")).to_have_text(f"{', '.join(words)}: one at a time")
    expect(page.locator("#model")).to_have_text("Model <b>other</b>, 8 kHz")
    expect(page.locator("#sample")).to_be_hidden()  # nobody has recorded these words
    string = page.get_by_label("Words so far")
    said = {"seven": "sept", "three": "да", "two": "щука"}
    for number, (spoken_word, word) in enumerate(said.items(), start=1):
        choose(page, encoded(spoken(spoken_word)))
        expect(page.locator("#word")).to_have_text(word)
        expect(page.locator("#digit")).to_have_text("7" if word == "sept" else "✓")
        expect(string).to_have_value(" ".join(list(said.values())[:number]))
    expect(page.locator("#words tr.best th")).to_have_text("щука")
    shares = page.locator("#words td:last-child").all_text_contents()
    assert page.locator("#confidence").inner_text() == f"{shares[0]} sure"  # one number, wherever it stands
    page.get_by_role("button", name="Delete last").click()
    expect(string).to_have_value("sept да")
    choose(page, encoded(np.zeros(48_000, np.float32)))
    expect(page.locator("#word")).to_have_text("none of the words")
    expect(page.get_by_role("status")).to_have_text("That was none of the words, or not a clear one.")
    assert "digit" not in page.locator("body").inner_text().lower()


def test_long_words_do_not_make_the_page_wider_than_a_phone(page: Page, encoded: Encode, spoken: Speak) -> None:
    for word in ("five", "six"):
        choose(page, encoded(spoken(word)))
        expect(page.locator("#decision")).to_have_text("accepted")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    rows = page.locator(".words")
    assert rows.evaluate("rows => rows.scrollWidth - rows.clientWidth") == 0
