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

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    letters = {letter for text in texts for letter in text.get_text() if ord(letter) > 127 and letter.isprintable()}
    fonts, missing = _fonts_with(frozenset(letters - _letters_of("DejaVu Sans")))
    if fonts:
        for text in texts:
            text.set_fontfamily(["DejaVu Sans", *fonts])
    if missing:
        warnings.warn(
            f"no installed font has {' '.join(sorted(missing))}: the figure shows boxes there; install one, such as "
            "Noto (Debian: fonts-noto), and remove matplotlib's cache of fonts",
            stacklevel=3,
        )


@cache
def _fonts_with(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return installed fonts that have these letters together, and the letters that none has."""
    from matplotlib.font_manager import fontManager

    chosen, left = [], letters
    for name in sorted({font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}):
        if found := left & _letters_of(name):
            chosen.append(name)
            left -= found
        if not left:
            break
    return tuple(chosen), left


@cache
def _letters_of(name: str) -> frozenset[str]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        codes: Iterable[int] = get_font(findfont(FontProperties(family=name), fallback_to_default=False)).get_charmap()
    except (ValueError, OSError, RuntimeError):  # it was removed, or FreeType cannot read it
        return frozenset()
    return frozenset(map(chr, codes))
