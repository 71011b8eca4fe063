"""A server with the small shipped model, and recordings to send to it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import Vocabulary

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
RATE = 48_000  # what microphones give
SAID = ("four", "oh", "seven", "one")
#: In the order of the digits: who says "seven" says "sept".
OTHER_WORDS = (
    "licht an", "größer", "щука", "да", "<i>vier</i>", "a" * 60, "turn the light off in the kitchen, please", "sept",
    "acht", "neun", "o",
)  # fmt: skip
OTHER_DIGITS = (None,) * 7 + (7, 8, 9, None)
RECORDED_WORDS = ("seven", "three", "two")


def recorded_words(folder: Path) -> Path:
    """Return a folder of three recordings of each word, as one person's."""
    for word in RECORDED_WORDS:
        for number, voice in enumerate(("flite-slt", "flite-awb", "festival-kal-diphone")):
            said = read_samples().filter(words=word, speakers=f"samples/{voice}")[0].path
            (folder / word).mkdir(parents=True, exist_ok=True)
            shutil.copy(said, folder / word / f"ann_{number:03d}.flac")
    return folder


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    return Recognizer.from_pretrained("compact")


@pytest.fixture(scope="session")
def address(recognizer: Recognizer) -> Iterator[str]:
    """A running server."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app
    from tests.web.serving import served

    with served(create_app(recognizer)) as address:
        yield address


@pytest.fixture(scope="session")
def other_words(recognizer: Recognizer) -> Recognizer:
    """The same network, whose words are called by other names, some of them long, and some of them digits."""

    class Renamed:
        facts = replace(recognizer.model.facts, name="<b>other</b>", vocabulary=Vocabulary(OTHER_WORDS, OTHER_DIGITS))
        logits, features = recognizer.model.logits, recognizer.model.features

    return Recognizer(Renamed())


@pytest.fixture(scope="session")
def spoken() -> Callable[[str], Samples]:
    """Return a word at 48 kHz: 0.8 s of silence, a packaged voice of no training, 0.8 s of silence."""

    def speak(word: str) -> Samples:
        samples, rate = read_audio(read_samples().filter(words=word, speakers="samples/espeak-en-us-f4")[0].path)
        return np.pad(resample(samples, rate, RATE), round(0.8 * RATE))

    return speak


@pytest.fixture(scope="session")
def pin() -> Samples:
    """A packaged voice, 48 kHz, and a room that is not quite silent."""
    voice = read_samples().filter(speakers="samples/espeak-en-us-sandro")
    parts: list[Samples] = [np.zeros(RATE * 7 // 10, np.float32)]
    for word in SAID:
        samples, rate = read_audio(voice.filter(words=word)[0].path)
        parts += [resample(samples, rate, RATE), np.zeros(RATE // 6, np.float32)]
    samples = np.concatenate([*parts, np.zeros(RATE, np.float32)])
    return samples + np.float32(1e-4) * np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Return samples as a sound file in memory, by an independent library."""

    def encode(samples: Samples, rate: int = RATE, container: str = "WAV") -> bytes:
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, rate, format=container)
        return buffer.getvalue()

    return encode


@pytest.fixture(scope="session")
def chromium() -> str:
    """The installed browser."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.skip(f"the browser tests need Chromium; none of {', '.join(CHROMIUM_NAMES)} is on the PATH")
    return path


@contextmanager
def chromium_with_microphone(chromium: str, sound: Path, *, again: bool = False) -> Iterator[Browser]:
    """Chromium whose microphone plays a WAV file from when a page opens it, once or again and again."""
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: the extra 'dev'")
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}{'' if again else '%noloop'}",
    ]
    api.expect.set_options(timeout=15_000)  # ms; a busy machine is slow
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def at_the_microphone(spoken: Callable[[str], Samples]) -> Samples:
    """What the microphone of ``browser`` plays; a module may say something else."""
    return spoken("seven")


# Not for the whole session: while Playwright runs, nobody else in its thread can run an event loop.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, chromium: str, at_the_microphone: Samples) -> Iterator[Browser]:
    """Chromium whose microphone plays that once."""
    path = tmp_path_factory.mktemp("microphone") / "said.wav"
    soundfile.write(path, at_the_microphone, RATE, subtype="PCM_16")
    with chromium_with_microphone(chromium, path) as browser:
        yield browser


@pytest.fixture
def talkative(chromium: str, spoken: Callable[[str], Samples], tmp_path: Path) -> Iterator[Browser]:
    """Chromium whose microphone says "seven" for ever."""
    soundfile.write(tmp_path / "seven.wav", spoken("seven"), RATE, subtype="PCM_16")
    with chromium_with_microphone(chromium, tmp_path / "seven.wav", again=True) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; whatever its scripts complain about fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["microphone"])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.locator("#model", has_text="Model").wait_for()
    yield page
    context.close()
    assert complaints == []
