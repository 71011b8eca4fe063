"""Words in any script in figures: another font draws what the usual one lacks, judged by the pixels."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'figures'")

from aurora_resnet.evaluation.figures import new_figure, save_figure

# Matplotlib brings STIX, which has these letters; DejaVu Sans has not.
ONLY_IN_STIX = "\N{LATIN SMALL LETTER D WITH PALATAL HOOK}\N{LATIN SMALL LETTER Z WITH PALATAL HOOK}"
NOWHERE = "\N{EGYPTIAN HIEROGLYPH A001}"


def picture(text: str, path: Path) -> np.ndarray:
    from matplotlib.image import imread

    figure = new_figure(1, 1)
    figure.text(0.3, 0.3, text)
    save_figure(figure, path)
    return np.asarray(imread(path))


@pytest.mark.parametrize("text", ["größer, щука", ONLY_IN_STIX])
def test_letters_are_drawn_without_a_warning(text: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*missing from|no installed font")  # of letters that are drawn as boxes
        drawn = picture(text, tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boxes = picture(NOWHERE * len(text), tmp_path / "b.png")
    assert not np.array_equal(drawn, boxes)


def test_what_no_font_has_is_told_once_with_what_to_do(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="no installed font has") as told:
        picture(f"{NOWHERE} and {NOWHERE}", tmp_path / "a.png")
    assert sum("no installed font has" in str(each.message) for each in told) == 1
    assert not any("missing from" in str(each.message) for each in told)  # matplotlib's own, a line a letter
