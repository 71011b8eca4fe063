"""Take the screenshots of docs/web.md: the page after somebody said 4, 0, 7, on a desk and on a phone.

``python -m tools.make_screenshots`` needs the extra ``dev`` and an installed Chromium. It writes
``docs/figures/web_desktop.png`` (1280 pixels wide) and ``docs/figures/web_phone.png`` (390 pixels wide).
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser, sync_playwright

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.web.running import served
from aurora_resnet.web.server import create_app

FIGURES = Path(__file__).resolve().parent.parent / "docs" / "figures"
VOICE = "samples/espeak-en-us-f4"  # no training heard it
WORDS = ("four", "oh", "seven")
SCREENS = {"web_desktop.png": (1280, 900), "web_phone.png": (390, 844)}  # pixels


def recording(word: str) -> bytes:
    """Return a WAV file: the packaged voice somewhere in a quiet room."""
    sample = next(s for s in read_samples().filter(words=word) if s.speaker == VOICE)
    samples, rate = read_audio(sample.path)
    room = np.pad(samples, (round(0.9 * rate), round(0.6 * rate)))
    room += np.random.default_rng(0).normal(0, 0.002, len(room))
    buffer = io.BytesIO()
    soundfile.write(buffer, room, rate, format="WAV")
    return buffer.getvalue()


def take(browser: Browser, address: str, size: tuple[int, int], path: Path) -> None:
    """Open the page on a screen, let it hear the words, and write what is to be seen."""
    phone = size[0] < 500
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, has_touch=phone, is_mobile=phone)
    page.goto(address)
    for number, word in enumerate(WORDS, 1):
        sound = recording(word)
        page.set_input_files("#file", {"name": f"{word}.wav", "mimeType": "audio/wav", "buffer": sound})
        page.wait_for_function("n => document.querySelector('#string').textContent.length === n", arg=number)
    page.wait_for_timeout(500)  # the bars grow
    with atomic_path(path) as temporary:
        page.screenshot(path=temporary, full_page=True)
    page.close()


def main() -> None:
    """Take both pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("error: no 'chromium' on the PATH; install it (Debian: apt-get install chromium)")
    app = create_app(Recognizer.from_pretrained())
    with served(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, size in SCREENS.items():
            take(browser, address, size, FIGURES / name)
            print(FIGURES / name)
        browser.close()


if __name__ == "__main__":
    main()
