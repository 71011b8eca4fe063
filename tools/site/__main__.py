"""Build the documentation site, with the demo in the browser, and check it.

``python -m tools.site`` writes ``build/site``; a warning of Sphinx, such as a dead link within the site, and anything that is
loaded from another host are errors. ``--no-demo`` leaves the demo out, whose engine comes from the
npm registry (``tools.vendor_web``). Look at it with ``python -m http.server --directory build/site``.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from tools.site.demo import write_demo

ROOT = Path(__file__).resolve().parents[2]


#: What a page would load from another host, as opposed to where it leads.
LOADED = re.compile(r'<(?:script|img|iframe|audio|video|source|link)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]*)"')


def foreign(site: Path) -> Iterator[str]:
    """Yield what pages of a built site load from another host."""
    for path in sorted(site.rglob("*.html")):
        for address in LOADED.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: loads {address} from another host"


def main() -> int:
    """Build and check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder (default build/site)")
    parser.add_argument("--no-demo", action="store_true", help="without the demo in the browser")
    options = parser.parse_args()
    # All is read anew: what autodoc and the help of commands say depends on more than the pages.
    if code := sphinx(["-W", "--keep-going", "-q", "-E", "-b", "html", str(ROOT / "docs"), str(options.out)]):
        return code
    if not options.no_demo:
        write_demo(options.out / "demo")
    wrong = list(foreign(options.out))
    print("\n".join(wrong) or f"{options.out}: nothing from another host")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
