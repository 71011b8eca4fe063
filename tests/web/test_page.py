"""The page in real Chromium with sound files: answers, errors, layout, and no other host."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.sound_files import SoundBytes
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

Encode = Callable[..., bytes]
Speak = Callable[[str], Samples]


def payload(data: bytes) -> FilePayload:
    return {"name": "sound.wav", "mimeType": "audio/wav", "buffer": data}


def choose(page: Page, data: bytes) -> None:
    page.get_by_label("Choose a sound file").set_input_files(payload(data))


@pytest.fixture
def quiet_browser(browser: Browser, chromium: str) -> Iterator[Browser]:
    """A Chromium in which nobody allows the microphone."""
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"]
    second = browser.browser_type.launch(executable_path=chromium, args=flags)
    yield second
    second.close()


def test_several_files_make_a_string_of_digits(page: Page, encoded: Encode, spoken: Speak) -> None:
    digits = page.get_by_label("Digits so far")
    for word, string in {"three": "3", "oh": "30", "nine": "309"}.items():
        choose(page, encoded(spoken(word)))
        expect(digits).to_have_value(string)
    choose(page, encoded(np.zeros(48_000, dtype=np.float32)))
    expect(page.locator("#decision")).to_have_text("rejected")
    expect(digits).to_have_value("309")
    page.keyboard.press("Backspace")
    expect(digits).to_have_value("30")
    page.get_by_role("button", name="Clear").click()
    expect(digits).to_have_value("")
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()


def test_a_file_may_be_dropped_anywhere(page: Page, encoded: Encode, spoken: Speak) -> None:
    transfer = page.evaluate_handle(
        """text => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "four.flac"));
            return transfer;
        }""",
        base64.b64encode(encoded(spoken("four"), container="FLAC")).decode(),
    )
    page.locator("footer").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.locator("#word")).to_have_text("four")


def test_what_cannot_be_recognised_is_said_and_forgotten(page: Page, encoded: Encode, spoken: Speak) -> None:
    error = page.get_by_role("alert")
    expect(error).to_be_hidden()
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url))
    choose(page, b"The quick brown fox")
    expect(error).to_contain_text("cannot be read as WAV, FLAC, Ogg or MP3")
    choose(page, encoded(np.zeros(31 * 8000, dtype=np.float32), 8000))
    expect(error).to_have_text("The recording may last 30 s, this one lasts 31.0 s; cut it.")
    assert len(uploads) == 2
    choose(page, bytes(5_100_000))
    expect(error).to_have_text("A recording may have 5.0 MB, this one has 5.1 MB. Cut it.")
    assert len(uploads) == 2  # it did not even leave
    choose(page, encoded(spoken("six")))
    expect(page.locator("#word")).to_have_text("six")
    expect(error).to_be_hidden()


def test_a_server_that_is_gone_is_missed(
    browser: Browser, recognizer: Recognizer, encoded: Encode, spoken: Speak
) -> None:
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    page = browser.new_page()
    with served(create_app(recognizer)) as address:
        page.goto(address)
        page.locator("#model", has_text="Model").wait_for()
    choose(page, encoded(spoken("one")))
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    page.close()


def test_without_permission_the_page_says_so(quiet_browser: Browser, address: str) -> None:
    page = quiet_browser.new_page()
    page.goto(address)
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_contain_text("does not allow this page to use the microphone")
    expect(page.get_by_role("button", name="Speak")).to_be_enabled()


def test_where_browsers_hand_out_no_microphone_the_page_says_why(page: Page) -> None:
    # Over plain HTTP from another machine `navigator.mediaDevices` is undefined.
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.reload()
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_contain_text("only over HTTPS or from the machine itself")


def test_no_other_host_is_asked_and_the_browser_would_refuse(
    browser: Browser, address: str, encoded: Encode, spoken: Speak
) -> None:
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(address)
    choose(page, encoded(spoken("two")))
    expect(page.locator("#word")).to_have_text("two")
    assert len(asked) > 8
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(address).netloc}
    other = address.replace("127.0.0.1", "localhost")
    assert (
        page.evaluate(
            """async other => {
            const refused = new Promise(tell =>
                document.addEventListener("securitypolicyviolation", event => tell(event.violatedDirective)));
            await fetch(other, { mode: "no-cors" }).catch(() => {});
            return Promise.race([refused, new Promise(tell => setTimeout(tell, 3000, "it was allowed"))]);
        }""",
            other,
        )
        == "connect-src"
    )
    context.close()


@pytest.mark.parametrize("width", [320, 360, 390, 740])
def test_nothing_is_wider_than_a_phone(page: Page, encoded: Encode, spoken: Speak, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    choose(page, encoded(spoken("seven")))
    expect(page.locator("#word")).to_have_text("seven")
    page.evaluate("import('/text.js').then(({ add }) => [...'0123456789'.repeat(9)].forEach(add))")
    choose(page, b"no sound")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate(overflow) == 0
    assert page.get_by_role("button", name="Speak").bounding_box() is not None


def luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_as_wcag_asks(page: Page, encoded: Encode, spoken: Speak, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    choose(page, encoded(spoken("seven")))
    expect(page.locator("#decision")).to_have_text("accepted")
    pairs: list[tuple[str, str, str]] = page.evaluate(
        """() => [...document.querySelectorAll("h1, h2, p, span, b, th, td, label, button:enabled, .text")]
            .filter(element => (element.value ?? element.textContent).trim() && element.offsetParent)
            .map(element => {
                let ground = element;
                while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
                return [element.id || element.textContent.trim(), getComputedStyle(element).color,
                        getComputedStyle(ground).backgroundColor];
            })"""
    )
    assert len(pairs) > 35
    for what, text, ground in pairs:
        high, low = sorted((luminance(text), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (what, text, ground)


def test_the_pages_wav_is_a_wav(page: Page, encoded: Encode) -> None:
    samples = np.clip(np.random.default_rng(0).normal(0, 0.5, 1000), -1.2, 1.2).astype(np.float32)
    file = page.evaluate(
        """samples => import("/sound.js").then(async ({ encodeWav }) =>
            [...new Uint8Array(await encodeWav(Float32Array.from(samples), 44100).arrayBuffer())])""",
        samples.tolist(),
    )
    assert bytes(file[:44]) == encoded(samples, 44_100)[:44]  # the header that libsndfile writes
    decoded, rate = read_audio(SoundBytes(bytes(file), "the page's WAV"))
    assert rate == 44_100
    np.testing.assert_allclose(decoded, np.clip(samples, -1, 1 - 2**-15), atol=0.5 * 2**-15 + 1e-7)


def test_the_colours_are_viridis(page: Page) -> None:
    colormaps = pytest.importorskip("matplotlib", reason="figures").colormaps
    amounts = np.linspace(0, 1, 101)
    drawn = page.evaluate(
        "amounts => import('/spectrogram.js').then(({ viridis }) => amounts.map(viridis))", amounts.tolist()
    )
    np.testing.assert_allclose(drawn, 255 * colormaps["viridis"](amounts)[:, :3], atol=5)
