"""Check the site, the demo and the served pages with axe-core, as a browser shows them, and keep the report.

``python -m tools.site.accessibility`` after ``python -m tools.site`` needs the extra ``dev`` and an installed Chromium. Every page is
checked in light colours on a desk; a few, and all that is no text alone, in dark colours and on a phone, too. A violation is an
error. ``--out docs/records/accessibility.json`` keeps what was found.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from aurora_resnet.files import write_json
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.running import served
from aurora_resnet.web.server import create_app

SITE = Path(__file__).resolve().parents[2] / "build" / "site"
DESK, PHONE = (1280, 900), (390, 844)  # pixels
CLOSER = ("index", "tour", "runtime", "web", "other-tools", "formulas")
"""Pages of the site that are looked at in dark colours and on a phone, too: they have all that the others have."""
PROMISED = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


class View(NamedTuple):
    """How a page is looked at."""

    size: tuple[int, int] = DESK
    scheme: Literal["light", "dark"] = "light"

    def __str__(self) -> str:
        return f"{'phone' if self.size == PHONE else 'desk'}, {self.scheme}"


VIEWS = (View(), View(scheme="dark"), View(PHONE), View(PHONE, "dark"))
Found = dict[str, dict[str, Any]]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def static_server(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine while the block runs; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def violations(page: Page) -> tuple[int, list[str]]:
    """Return how many rules a page passed, and those that it breaks: rule, how bad, and where first."""
    result = Axe().run(page, options={"runOnly": list(PROMISED), "resultTypes": ["violations"]}).response
    broken = [
        f"{each['id']} ({each['impact']}): {len(each['nodes'])} x {each['nodes'][0]['target']}: "
        f"{each['nodes'][0]['html'][:160]}"
        for each in result["violations"]
    ]
    return len(result["passes"]), broken


def look(browser: Browser, address: str, views: Sequence[View], use: Callable[[Page], None], name: str) -> Found:
    """Check one page in some views."""
    found: Found = {}
    for view in views:
        start = time.perf_counter()
        context = browser.new_context(
            viewport={"width": view.size[0], "height": view.size[1]}, color_scheme=view.scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(address)
        use(page)
        passes, broken = violations(page)
        found[f"{name} ({view})"] = {"rules passed": passes, "violations": broken}
        print(f"{name} ({view}): {time.perf_counter() - start:.1f} s", *broken, sep="\n  ", flush=True)
        context.close()
    return found


def nothing(_page: Page) -> None:
    """Look at a page as it comes."""


def try_sample(page: Page) -> None:
    """Try the sample of a page of ours."""
    page.locator("#sample").click()
    page.locator("#words tr").first.wait_for(timeout=60_000)
    page.wait_for_timeout(300)


def check_site(browser: Browser, site: Path, *, quick: bool = False) -> Found:
    """Check every page of the built site, and the demo where it is there; quickly, those alone that have all that others have."""
    found: Found = {}
    with static_server(site) as address:
        for path in sorted(site.glob("**/*.html")):
            name = path.relative_to(site).with_suffix("").as_posix()
            if name.startswith(("_static", "demo/")) or (quick and name not in CLOSER):
                continue
            views = VIEWS[::3] if quick else VIEWS if name in CLOSER else VIEWS[:1]
            found |= look(browser, f"{address}{name}.html", views, nothing, name)
        if (site / "demo").is_dir():
            found |= look(browser, f"{address}demo/index.html", VIEWS, try_sample, "the demo")
    return found


def check_served(browser: Browser) -> Found:
    """Check the pages of ``aurora-resnet serve``, before and after something was recognised."""
    found: Found = {}
    app = create_app(Recognizer.from_pretrained("compact"), strings=StringRecognizer.from_pretrained())
    with served(app) as address:
        for path, name in (("", "page of numbers"), ("index.html", "page of words")):
            found |= look(browser, address + path, VIEWS[:1], nothing, f"{name}, before")
            found |= look(browser, address + path, VIEWS, try_sample, f"{name}, answered")
    return found


def main() -> int:
    """Check and keep the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--site", type=Path, default=SITE, help="the built site (default build/site)")
    parser.add_argument("--out", type=Path, help="where the report goes, as JSON")
    parser.add_argument("--quick", action="store_true", help="a few pages of the site alone")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("error: no 'chromium' on the PATH; install it (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = {**check_served(browser), **check_site(browser, options.site, quick=options.quick)}
        browser.close()
    broken = {name: result["violations"] for name, result in found.items() if result["violations"]}
    if options.out:
        write_json(
            {"axe": Axe().axe_script.split("\n", 1)[0].strip("/*! "), "rules": PROMISED, "pages": found}, options.out
        )
    print(f"{len(found)} views, {sum(map(len, broken.values()))} violations")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
