"""Letters that matplotlib's own font does not have: another installed font draws them, none is missed in silence."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def use_fonts_with_all_letters(figure: Figure) -> None:
    """Give every text of a figure the fonts that its letters need, and warn of letters that no installed font has.

    Args:
        figure: whose texts have matplotlib's default font, DejaVu Sans, which has European scripts, but not the Indian
            or the East Asian ones.

    >>> from aurora_resnet.evaluation.figures import new_figure
    >>> figure = new_figure(2, 1)
    >>> title = figure.suptitle("größer")
    >>> use_fonts_with_all_letters(figure)
    >>> title.get_fontfamily()
    ['sans-serif']
    """
    from matplotlib.text import Text

    missing: set[str] = set()
    for text in figure.findobj(Text):
        assert isinstance(text, Text)  # what was asked for
        letters = {letter for letter in text.get_text() if ord(letter) > 127 and letter.isprintable()}
        others = letters - _letters_of("DejaVu Sans")
        if others:
            fonts = _fonts_with(frozenset(others))
            text.set_fontfamily(["DejaVu Sans", *fonts])
            missing |= others.difference(*map(_letters_of, fonts))
    if missing:
        warnings.warn(
            f"no installed font has {' '.join(sorted(missing))}: the figure shows boxes there; install one, such as "
            "Noto (Debian: fonts-noto), and remove matplotlib's cache of fonts",
            stacklevel=3,
        )


@cache
def _fonts_with(letters: frozenset[str]) -> tuple[str, ...]:
    """Return few installed fonts that have these letters together, or as many of them as there are."""
    from matplotlib.font_manager import fontManager

    names = sorted({font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400})
    chosen, left = [], set(letters)
    while left and names:
        best = max(names, key=lambda name: len(left & _letters_of(name)))
        if not left & _letters_of(best):
            break
        chosen.append(best)
        left -= _letters_of(best)
    return tuple(chosen)


@cache
def _letters_of(name: str) -> frozenset[str]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        codes: Iterable[int] = get_font(findfont(FontProperties(family=name), fallback_to_default=False)).get_charmap()
    except (ValueError, OSError, RuntimeError):  # it was removed, or FreeType cannot read it
        return frozenset()
    return frozenset(map(chr, codes))
