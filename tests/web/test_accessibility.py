"""The built site, the demo and the served pages have no violation of accessibility as axe-core sees them in a browser.

The site is that of ``python -m tools.site``; a few of its pages, which have all that the others have, are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.teaching.recording_session import RecordingSession
from aurora_resnet.web.recording import create_recording_app
from aurora_resnet.web.server import create_app
from tests.web.conftest import RECORDED_WORDS, recorded_words
from tests.web.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = pytest.mark.slow
SITE = Path(__file__).resolve().parents[2] / "build" / "site"
DESK, PHONE = (1280, 900), (390, 844)  # pixels
PAGES = ("index", "tour", "runtime", "web", "other-tools", "formulas")
PROMISED = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


class View(NamedTuple):
    """How a page is looked at."""

    size: tuple[int, int] = DESK
    scheme: Literal["light", "dark"] = "light"


VIEWS = (View(), View(scheme="dark"), View(PHONE), View(PHONE, "dark"))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the built site."""
    if not SITE.is_dir():
        pytest.skip("there is no site: python -m tools.site")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(SITE))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def violations(
    browser: Browser, address: str, views: Sequence[View], use: Callable[[Page], None] = lambda _: None
) -> list[str]:
    """Return the rules that a page breaks in some views, as it comes or after something was done on it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for view in views:
        viewport: ViewportSize = {"width": view.size[0], "height": view.size[1]}
        context = browser.new_context(
            viewport=viewport, has_touch=view.size == PHONE, color_scheme=view.scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(address)
        use(page)
        result = axe.run(page, options={"runOnly": list(PROMISED), "resultTypes": ["violations"]}).response
        assert result["passes"]
        found += [f"{view}: {each['id']}: {each['nodes'][0]['html'][:160]}" for each in result["violations"]]
        context.close()
    return found


def try_sample(page: Page) -> None:
    """Have a page of ours recognise its sample."""
    page.locator("#sample").click()
    page.locator("#status", has_text="Recognised").wait_for(timeout=60_000)
    page.wait_for_timeout(300)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_breaks_no_rule(browser: Browser, site: str, name: str) -> None:
    assert violations(browser, f"{site}{name}.html", VIEWS[::3]) == []


@pytest.mark.parametrize("name", ["index", "numbers"])
def test_the_demo_breaks_no_rule(browser: Browser, site: str, name: str) -> None:
    if not (SITE / "demo").is_dir():
        pytest.skip("the site was built without the demo")
    assert violations(browser, f"{site}demo/{name}.html", VIEWS, try_sample) == []


def test_the_served_pages_break_no_rule(browser: Browser) -> None:
    app = create_app(Recognizer.from_pretrained("compact"), strings=StringRecognizer.from_pretrained())
    with served(app) as address:
        for path in ("", "index.html"):
            assert violations(browser, address + path, VIEWS[:1]) == []
            assert violations(browser, address + path, VIEWS, try_sample) == []


def test_the_page_that_records_and_tries_breaks_no_rule(browser: Browser, tmp_path: Path) -> None:
    def try_words(page: Page) -> None:
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Try it").click(timeout=60_000)
        page.locator("#held-out tr").first.wait_for(timeout=60_000)
        page.evaluate("document.getElementById('answer').hidden = false")

    session = RecordingSession(RECORDED_WORDS, recorded_words(tmp_path / "mine"))
    with served(create_recording_app(session)) as address:
        assert violations(browser, address, VIEWS[:1]) == []
        assert violations(browser, address, VIEWS[::3], try_words) == []
