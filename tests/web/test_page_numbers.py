"""The page of numbers in real Chromium, whose microphone says "four oh seven one": digits while one speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")
pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.web.conftest import RATE, SAID

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NUMBER = "4071"
#: So long after the page opened the microphone everything was said.
SAID_MS = 4_300


@pytest.fixture(scope="module")
def at_the_microphone(pin: Samples) -> Samples:
    """Four oh seven one."""
    return pin


@pytest.fixture(scope="module")
def address(recognizer: Recognizer) -> Iterator[str]:
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    with served(create_app(recognizer, strings=StringRecognizer.from_pretrained("string_net"))) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; whatever its scripts complain about fails the test."""
    permissions = ["microphone", "clipboard-read", "clipboard-write"]
    context = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=permissions)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    expect(page.locator("#model")).to_have_text("Model string_net")
    yield page
    context.close()
    assert complaints == []


def choose(page: Page, data: bytes) -> None:
    file = {"name": "sound.wav", "mimeType": "audio/wav", "buffer": data}
    page.get_by_label("Choose a sound file").set_input_files(file)  # type: ignore[arg-type]


@pytest.mark.slow
def test_digits_appear_while_one_speaks_and_stay(page: Page) -> None:
    assert page.title() == "Say a number"
    number = page.get_by_label("Number")
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(number).to_have_value("4")
    expect(number).to_have_value("40")  # nobody has pressed Stop yet
    expect(number).to_have_value(NUMBER)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status")).to_contain_text("Recognised 4 0 7 1.")
    expect(number).to_have_value(NUMBER)
    assert page.locator("#words th").all_text_contents() == list(SAID)
    expect(page.locator("#decision")).to_have_text("accepted")
    label = page.locator("#waveform").get_attribute("aria-label") or ""
    assert [word in label for word in SAID] == [True] * 4


@pytest.mark.slow
def test_it_is_corrected_copied_played_and_cleared(page: Page) -> None:
    number = page.get_by_label("Number")
    page.keyboard.down("Space")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_timeout(SAID_MS)
    page.keyboard.up("Space")  # as long as one holds
    expect(number).to_have_value(NUMBER)
    expect(page.get_by_role("button", name="Delete last")).to_be_enabled()
    page.get_by_role("button", name="Delete last").click()
    expect(number).to_have_value("407")
    number.press("End")
    number.type("25 ")  # a blank in the number does not open the microphone
    expect(number).to_have_value("40725 ")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "40725 "
    play = page.locator("#play")
    play.click()
    expect(play).to_have_text("Stop")
    play.click()
    expect(play).to_have_text("Play back")
    page.get_by_role("button", name="Speak").click()  # what is said next comes behind the correction
    expect(number).to_have_value(f"40725 {NUMBER}")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status")).to_contain_text("Recognised")
    page.get_by_role("button", name="Clear").click()
    expect(number).to_have_value("")
    expect(play).to_be_disabled()
    assert page.evaluate("document.activeElement.id") == "speak"
    page.get_by_role("button", name="Undo").click()
    expect(number).to_have_value(f"40725 {NUMBER}")


def test_a_sample_is_tried_and_taken_back(page: Page) -> None:
    number = page.get_by_label("Number")
    expect(page.locator("#words")).to_be_hidden()
    page.get_by_role("button", name="Try a sample").click()
    expect(number).to_have_value(NUMBER)
    expect(page.locator("#words th")).to_have_text(list(SAID))
    expect(page.get_by_role("button", name="Play back")).to_be_enabled()
    page.get_by_role("button", name="Undo").click()
    expect(number).to_have_value("")


def test_escape_forgets_the_recording(page: Page) -> None:
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text("Cancelled.")
    expect(page.get_by_label("Number")).to_have_value("")


def test_files_are_recognised_and_what_is_wrong_with_them_is_said(
    page: Page, encoded: Callable[..., bytes], pin: Samples
) -> None:
    choose(page, encoded(pin))
    expect(page.get_by_label("Number")).to_have_value(NUMBER)
    assert page.locator("#words th").all_text_contents() == list(SAID)
    choose(page, encoded(np.zeros(RATE, np.float32)))
    expect(page.get_by_role("status")).to_have_text("No digits were recognised.")
    expect(page.get_by_label("Number")).to_have_value(NUMBER)
    choose(page, b"no sound")
    expect(page.get_by_role("alert")).to_contain_text("cannot be read as WAV, FLAC, Ogg or MP3")


def test_it_fits_a_phone_and_leads_to_the_page_of_words(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_label("Number").fill("0123456789" * 4)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    page.get_by_role("link", name="One word at a time").click()
    expect(page.locator("#title")).to_have_text("Say a digit")
    page.get_by_role("link", name="Whole numbers").click()
    expect(page.locator("#title")).to_have_text("Say a number")


def test_a_server_that_is_gone_is_told(page: Page) -> None:
    page.route_web_socket("**/api/stream", lambda socket: socket.close())
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(page.get_by_role("button", name="Speak")).to_be_visible()
