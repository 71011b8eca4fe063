"""The page in real Chromium, whose microphone says "seven": by mouse, by finger and by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORD_OVER_MS = 1_700  # 0.8 s of silence, then the word


def expect_seven(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("Recognised “seven”.")
    expect(page.locator("#word")).to_have_text("seven")
    expect(page.locator("#digit")).to_have_text("7")
    expect(page.locator("#decision")).to_have_text("accepted")
    expect(page.get_by_label("Digits so far")).to_have_value("7")


def recorded_seconds(page: Page) -> float:
    label = page.locator("#waveform").get_attribute("aria-label") or ""
    return float(label.removeprefix("Waveform of ").split(" s;")[0])


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_seven_is_said_and_the_page_reads_seven(page: Page) -> None:
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.wait_for_timeout(WORD_OVER_MS)
    page.get_by_role("button", name="Stop").click()
    expect_seven(page)
    bars = page.locator("#words tr")
    widths = bars.locator(".bar").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    words = bars.locator("th").all_text_contents()
    assert len(words) == 3  # the most probable ones
    assert words[widths.index(max(widths))] == "seven"
    for picture in ("waveform", "mel"):
        colours = page.locator(f"#{picture}").evaluate(
            "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
        )
        assert colours > (2 if picture == "waveform" else 100)


@pytest.mark.slow
def test_it_stops_by_itself(page: Page) -> None:
    page.get_by_role("button", name="Speak").click()
    expect_seven(page)
    assert recorded_seconds(page) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_it_listens_as_long_as_one_holds(page: Page, by: str) -> None:
    if by == "mouse":
        page.get_by_role("button", name="Speak").hover()
        page.mouse.down()
    else:
        page.keyboard.down("Space")
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.wait_for_timeout(WORD_OVER_MS)
    if by == "mouse":
        page.mouse.move(5, 5)  # the finger may have moved away
        page.mouse.up()
    else:
        page.keyboard.up("Space")
    expect_seven(page)
    assert recorded_seconds(page) < 2.8


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    assert focused(page) == "speak"
    assert page.locator("#speak").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.wait_for_timeout(WORD_OVER_MS)
    page.keyboard.press("Space")
    expect_seven(page)
    page.keyboard.press("Tab")
    assert focused(page) == "file"
    assert page.locator("#file + label").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    assert focused(page) == "sample"
    page.keyboard.press("Tab")
    assert focused(page) == "text"
    page.keyboard.press("Tab")
    assert focused(page) == "backspace"
    page.keyboard.press("Space")  # on a button it presses the button
    expect(page.get_by_label("Digits so far")).to_have_value("")
    assert focused(page) == "speak"
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Digits so far")).to_have_value("7")


def test_nothing_is_shown_before_there_is_something_to_show(page: Page) -> None:
    for part in ("#waveform", "#mel", "#words"):
        expect(page.locator(part)).to_be_hidden()
    for name in ("Delete last", "Undo", "Clear", "Copy", "Play back"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()


def test_a_sample_is_tried_played_copied_and_taken_back(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    string = page.get_by_label("Digits so far")
    for number, text in enumerate(("0", "01", "012"), start=1):
        page.get_by_role("button", name="Try a sample").click()
        expect(string).to_have_value(text)
        assert len(text) == number
    for part in ("#waveform", "#mel", "#words"):
        expect(page.locator(part)).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "012"
    play = page.locator("#play")
    play.click()
    expect(play).to_have_text("Stop")
    expect(play).to_have_text("Play back")
    page.get_by_role("button", name="Clear").click()
    expect(string).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(string).to_have_value("012")


def test_nothing_moves_for_who_asked_for_that(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#words tr")).to_have_count(3)
    moving = """() => [...document.querySelectorAll("*")].filter(element => {
        const style = getComputedStyle(element);
        return style.animationName !== "none" || style.transitionDuration !== "0s";
    }).map(element => element.id || element.className)"""
    assert page.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) != []


def test_escape_forgets_what_was_said(page: Page) -> None:
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text("Cancelled.")
    expect(page.locator("#word")).to_have_text("nothing yet")


def test_a_slip_of_the_finger_is_no_recording(page: Page) -> None:
    # The second press comes as soon as the page listens, however busy the machine is.
    page.evaluate(
        """() => {
            const status = document.getElementById("status");
            new MutationObserver((_, observer) => {
                if (status.textContent !== "Speak now.") return;
                observer.disconnect();
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
            }).observe(status, { childList: true });
        }"""
    )
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("That was too short. Hold the button until the word is over.")
