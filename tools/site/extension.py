"""What Sphinx lacks: formulas without a script from another host, and the help of every command.

Formulas become MathML, which browsers draw themselves (MathML Core); Sphinx would otherwise load MathJax from elsewhere.
"""

import io
import os
import re
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from aurora_resnet.cli.app import COMMANDS, PROGRAM, main

COMMANDS_HERE = "<!-- commands: written when the site is built -->"
COLUMNS = "100"
#: The corner of a table that names nothing is no header.
_EMPTY_HEADER = re.compile(r"<th([^>]*)><p></p></th>")
#: A cell of a table with more than a number and its interval: it wraps.
_LONG_CELL = re.compile(r'<td(?: class="([\w-]+)")?><p>(?=[^<]{24})')
_SIZES = re.compile(r"\\[Bb]ig[lr]?\b")  # browsers choose the size of a bracket themselves

#: Files outside ``docs``, and the pages that include them: links lead to the pages.
BESIDE = {
    "../SECURITY.md": "security.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../examples/own_model/README.md": "own-model-package.md",
}
#: What may be wider than the screen can be reached by the keyboard; headings have a level, landmarks a name.
ACCESSIBLE = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<div class="math">': '<div tabindex="0" class="math">',
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer': '<aside aria-label="Pages" class="sidebar-drawer',
    '<div id="search-results"></div>': '<h1>Search</h1><div id="search-results"></div>',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what is here."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    app.connect("source-read", _change_source)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, *, block: bool = False) -> str:
    r"""Return a formula as MathML.

    Args:
        formula: LaTeX; a block may have several rows, apart by a blank line.
        block: whether it stands in lines of its own.

    Raises:
        SphinxError: for LaTeX that docutils does not know.

    >>> "<mi>x</mi>" in mathml("x^2")
    True
    """
    try:
        rows = [_plain(row) for row in formula.split("\n\n") if row.strip()]
        rows = [rf"\begin{{aligned}}{row}\end{{aligned}}" if r"\\" in row or "&" in row else row for row in rows]
        return "".join(tex2mathml(row, as_block=block) for row in rows)
    except Exception as error:  # docutils' own error has moved between its versions
        raise SphinxError(f"the formula '{formula}' cannot be drawn ({error})") from error


def _plain(row: str) -> str:
    return _SIZES.sub("", row.replace("\n", " ").replace(r"\dots", r"\ldots")).strip()


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def _change_source(_app: Sphinx, _page: str, source: list[str]) -> None:
    for file, page in BESIDE.items():
        source[0] = source[0].replace(f"]({file})", f"]({page})")
    if COMMANDS_HERE in source[0]:
        source[0] = source[0].replace(COMMANDS_HERE, "\n".join(map(command_section, COMMANDS)))


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            path.write_text(accessible(path.read_text(encoding="utf-8")), encoding="utf-8")


def accessible(page: str) -> str:
    """Return a page that the keyboard can scroll, and whose parts have names and levels, where the theme leaves that out.

    >>> accessible('<aside class="sidebar-drawer"><pre>')
    '<aside aria-label="Pages" class="sidebar-drawer"><pre tabindex="0">'
    """
    for part, better in ACCESSIBLE.items():
        page = page.replace(part, better)
    page = _EMPTY_HEADER.sub(r"<td\1></td>", page)
    return _LONG_CELL.sub(lambda found: f'<td class="{" ".join(filter(None, (found[1], "long")))}"><p>', page)


def command_section(command: str) -> str:
    """Return the part of the page about a command: its own ``--help``.

    >>> command_section("recognize").splitlines()[0]
    '## recognize'
    """
    output = io.StringIO()
    with mock.patch.dict(os.environ, COLUMNS=COLUMNS), redirect_stdout(output), suppress(SystemExit):
        main([command, "--help"])
    return f"## {command}\n\n```text\n$ {PROGRAM} {command} --help\n{output.getvalue().strip()}\n```\n"
