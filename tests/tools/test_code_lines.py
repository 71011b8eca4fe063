"""The repository stays small: code lines outside the tests, by the counting of ``tools.code_lines``."""

from __future__ import annotations

import ast

import pytest

from tools.code_lines import ROOT, count, python_lines

#: Raise it only for what is worth its lines.
MOST = 28_326


def test_blank_lines_comments_and_docstrings_do_not_count() -> None:
    source = ROOT / "tools" / "code_lines.py"
    stripped = ast.unparse(ast.parse(source.read_text(encoding="utf-8")))  # without comments and blank lines
    own = python_lines(source.read_text(encoding="utf-8"))
    assert python_lines(f"# a comment\n\n{stripped}\n") == python_lines(stripped)
    assert own < len(source.read_text(encoding="utf-8").splitlines())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the files are those that git tracks")
def test_there_is_no_more_code_than_we_want() -> None:
    outside = sum(count(tests=False).values())
    assert 10_000 < outside <= MOST, "python -m tools.code_lines"
