"""Take the screenshots of docs/web.md: the page of numbers after somebody said 4071, and the page of words after 4, 0, 7.

``python -m tools.make_screenshots`` needs the extra ``dev`` and an installed Chromium. It writes ``docs/figures/web_*.png``: on a desk
(1280 pixels wide) and on a phone (390), in light colours; of the page of words also ``web_dark.png``. Of the demo and the site
(``python -m tools.site`` before) ``demo_*.png`` and ``site_*.png``, light on the desk and dark on the phone. ``--look FOLDER`` writes all
views of the served pages, of the site (``python -m tools.site``) and of the demo there, light and dark, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.running import served
from aurora_resnet.web.server import create_app
from tools.site.accessibility import SITE, static_server, try_sample

Scheme = Literal["light", "dark"]
FIGURES = Path(__file__).resolve().parent.parent / "docs" / "figures"
VOICE = "samples/espeak-en-us-f4"  # no training heard it
WORDS = ("four", "oh", "seven")
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}  # pixels
NUMBERS_VOICE = "samples/espeak-en-us-gene"
NUMBER = ("four", "oh", "seven", "one")


def recording(voice: str, *words: str) -> bytes:
    """Return a WAV file: a packaged voice somewhere in a quiet room."""
    parts = []
    for word in words:
        samples, rate = read_audio(read_samples().filter(words=word, speakers=voice)[0].path)
        parts += [samples, np.zeros(rate // 7, np.float32)]
    room = np.pad(np.concatenate(parts), (round(0.9 * rate), round(0.6 * rate)))
    room += np.random.default_rng(0).normal(0, 0.002, len(room))
    buffer = io.BytesIO()
    soundfile.write(buffer, room, rate, format="WAV")
    return buffer.getvalue()


def open_page(browser: Browser, address: str, size: tuple[int, int], scheme: Scheme = "light") -> Page:
    """Open a page on a screen."""
    phone = size[0] < 500
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    page = browser.new_page(viewport=viewport, has_touch=phone, is_mobile=phone, color_scheme=scheme)
    page.goto(address)
    return page


def hear(page: Page, sound: bytes) -> None:
    """Let the page hear a recording."""
    page.set_input_files("#file", {"name": "sound.wav", "mimeType": "audio/wav", "buffer": sound})


def hear_words(page: Page) -> None:
    """Let the page of words hear one after the other."""
    for number, word in enumerate(WORDS, 1):
        hear(page, recording(VOICE, word))
        page.wait_for_function("n => document.querySelector('#text').value.length === n", arg=number)


def hear_number(page: Page) -> None:
    """Let the page of numbers hear one."""
    hear(page, recording(NUMBERS_VOICE, *NUMBER))
    page.locator("#words .bar").first.wait_for()


def take(page: Page, path: Path, *, whole: bool = True) -> None:
    """Write what is to be seen, or the first screen of it, and close the page."""
    page.wait_for_timeout(500)  # the bars grow
    with atomic_path(path) as temporary:
        page.screenshot(path=temporary, full_page=whole, type="png")
    page.close()
    print(path)


def take_for_docs(browser: Browser, address: str, site_at: str) -> None:
    """Take those of docs/web.md, docs/demo.md and docs/accessibility.md."""
    for screen, size in SCREENS.items():
        scheme: Scheme = "dark" if screen == "phone" else "light"
        page = open_page(browser, f"{site_at}demo/index.html", size, scheme)
        try_sample(page)
        take(page, FIGURES / f"demo_{screen}.png")
        take(open_page(browser, f"{site_at}tour.html", size, scheme), FIGURES / f"site_{screen}.png", whole=False)
    for name, size in SCREENS.items():
        for path, use, stem in (("index.html", hear_words, "web_"), ("", hear_number, "web_numbers_")):
            page = open_page(browser, address + path, size)
            use(page)
            take(page, FIGURES / f"{stem}{name}.png")
    page = open_page(browser, f"{address}index.html", SCREENS["desktop"], "dark")
    hear_words(page)
    take(page, FIGURES / "web_dark.png")


def take_all(browser: Browser, served_at: str, site_at: str, folder: Path) -> None:
    """Take every view of everything."""

    def nothing(_page: Page) -> None:
        pass

    views: dict[str, tuple[str, Callable[[Page], None]]] = {
        "words_before": (f"{served_at}index.html", nothing),
        "words": (f"{served_at}index.html", hear_words),
        "numbers": (served_at, hear_number),
        "demo": (f"{site_at}demo/index.html", try_sample),
        **{f"site_{name}": (f"{site_at}{name}.html", nothing) for name in ("index", "tour", "api", "model-cards")},
    }
    for name, (address, use) in views.items():
        for screen, size in SCREENS.items():
            for scheme in ("light", "dark"):
                page = open_page(browser, address, size, scheme)
                use(page)
                take(page, folder / f"{name}_{screen}_{scheme}.png", whole=not name.startswith("site_"))


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--look", type=Path, help="write all views of everything into this folder instead")
    folder = parser.parse_args().look
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("error: no 'chromium' on the PATH; install it (Debian: apt-get install chromium)")
    app = create_app(Recognizer.from_pretrained(), strings=StringRecognizer.from_pretrained())
    with served(app) as address, static_server(SITE) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if folder:
            take_all(browser, address, site, folder)
        else:
            take_for_docs(browser, address, site)
        browser.close()


if __name__ == "__main__":
    main()
