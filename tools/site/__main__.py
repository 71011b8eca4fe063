"""Build the documentation site, with the demo in the browser, and check it.

``python -m tools.site`` writes ``build/site``; a warning of Sphinx, a dead link within the site, a picture without a text
and anything that is loaded from another host are errors. ``--no-demo`` leaves the demo out, whose engine comes from the
npm registry (``tools.vendor_web``). Look at it with ``python -m http.server --directory build/site``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from tools.site.demo import write_demo
from tools.site.links import faults

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Build and check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder (default build/site)")
    parser.add_argument("--no-demo", action="store_true", help="without the demo in the browser")
    options = parser.parse_args()
    start = time.perf_counter()
    # All is read anew: what autodoc and the help of commands say depends on more than the pages.
    if code := sphinx(["-W", "--keep-going", "-q", "-E", "-b", "html", str(ROOT / "docs"), str(options.out)]):
        return code
    if not options.no_demo:
        write_demo(options.out / "demo")
    wrong = faults(options.out)
    if options.no_demo:
        wrong = [line for line in wrong if ": demo/" not in line]
    print("\n".join(wrong) or f"{options.out}: {time.perf_counter() - start:.0f} s, no dead link")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
