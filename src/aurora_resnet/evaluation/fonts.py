"""Letters that matplotlib's own font does not have: another installed font draws them, none is missed in silence."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Matplotlib's default font, which has European scripts, but not the Indian or the East Asian ones.
USUAL = "DejaVu Sans"


def use_fonts_with_all_letters(figure: Figure) -> None:
    """Give every text of a figure the fonts that its letters need, and warn of letters that no installed font has.

    >>> from aurora_resnet.evaluation.figures import new_figure
    >>> figure = new_figure(2, 1)
    >>> title = figure.suptitle("größer")
    >>> use_fonts_with_all_letters(figure)
    >>> title.get_fontfamily()
    ['sans-serif']
    """
    from matplotlib.font_manager import fontManager
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    missing = {letter for text in texts for letter in text.get_text() if letter.isprintable()} - _letters_of(USUAL)
    if not missing:
        return
    fonts = [USUAL]
    for name in sorted({font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}):
        if missing & _letters_of(name):
            fonts.append(name)
            missing -= _letters_of(name)
    for text in texts:
        text.set_fontfamily(fonts)
    if missing:
        warnings.warn(
            f"no installed font has {' '.join(sorted(missing))}: the figure shows boxes there; install one, such as "
            "Noto (Debian: fonts-noto), and remove matplotlib's cache of fonts",
            stacklevel=3,
        )


@cache
def _letters_of(name: str) -> frozenset[str]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        font = get_font(findfont(FontProperties(family=name), fallback_to_default=False))
        return frozenset(map(chr, font.get_charmap()))
    except (ValueError, OSError, RuntimeError):  # it was removed, or FreeType cannot read it
        return frozenset()
