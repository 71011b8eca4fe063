"""Progress: lines where there is no terminal, a bar where there is one, nothing where nobody asked or it was quick."""

from __future__ import annotations

import re
import sys
import time

import pytest

from aurora_resnet import progress


def work(steps: int, *, show: bool = True, initial: int = 0) -> None:
    with progress.progress_bar(total=steps, unit="file", desc="reading: ", show=show, initial=initial) as bar:
        for _ in range(steps - initial):
            time.sleep(0.02)
            bar.update()


def test_a_line_now_and_then_says_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.05)
    work(30, initial=10)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert 2 <= len(lines) < 20
    assert all(re.fullmatch(r"reading: \d+ of 30 files, [\d:]+ so far, [\d:]+ left", line) for line in lines)
    assert lines[-1].startswith("reading: 30 of 30 files")


def test_what_is_quick_or_not_to_be_shown_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work(3)
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    work(3, show=False)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    work(3)
    assert "\rreading: 100%" in capsys.readouterr().err
