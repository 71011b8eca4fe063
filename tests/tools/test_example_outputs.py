"""``tools.example_outputs``: what an example prints goes into its header, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tools.example_outputs import printed_in, without_numbers, write_output

EXAMPLE = '"""Idea.\n\n    python examples/x.py\n\nPrints:\n\n    old\n"""\n\nprint("""new\n""")\n'


def test_an_output_is_written_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(EXAMPLE, encoding="utf-8")
    output = "one\n\n  two: 0.5\n"
    assert printed_in(path) == ["old"]
    assert write_output(path, output)
    assert printed_in(path) == output.splitlines()
    assert not write_output(path, output)
    assert write_output(path, "old\n")
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_an_example_that_prints_nothing_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""Idea."""\n', encoding="utf-8")
    assert printed_in(path) == []
    assert not write_output(path, "new\n")


@given(st.floats(-1e6, 1e6), st.integers(0, 10**9))
def test_lines_that_differ_in_numbers_are_alike(number: float, count: int) -> None:
    (line,) = without_numbers([f"set {number:.2f} | {count:,} clips"])
    assert line == "set#|#clips"
