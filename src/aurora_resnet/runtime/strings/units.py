"""Units of a model of strings: the words of its vocabulary, then kinds of other speech.

Of the kinds the first 26 are the letters of the alphabet, spoken. A model with more than ``len(LETTERS) + 1`` kinds has
those of the words that numbers are also said with next, ``NUMBERS``. The last kind is any other word.
"""

from __future__ import annotations

from ..errors import ConfigError
from ..vocabulary import Vocabulary

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = (*TEENS, *TENS, "hundred", "thousand", "double", "triple", "treble", "nought")


def other_units(others: int) -> tuple[str, ...]:
    """Return what each of the kinds of other speech stands for; the last, any other word, is ``""``.

    >>> len(other_units(27)), other_units(51)[26:29], other_units(1), other_units(0)
    (27, ('ten', 'eleven', 'twelve'), ('',), ())
    """
    if others == 0:
        return ()
    known = LETTERS if others <= len(LETTERS) + 1 else (*LETTERS, *NUMBERS)
    return (*known[: others - 1], *[""] * max(1, others - len(known)))


def unit_of(word: str, vocabulary: Vocabulary, others: int) -> int:
    """Return the unit of a word: the vocabulary's index, or a kind of other speech.

    Raises:
        ConfigError: for another word, if there are no such kinds.

    >>> words = Vocabulary(("yes", "no"))
    >>> unit_of("no", words, 27), unit_of("a", words, 27), unit_of("z", words, 27), unit_of("maybe", words, 27)
    (1, 2, 27, 28)
    >>> unit_of("a", words, 1), unit_of("sixty", words, 27), unit_of("ten", words, 51), unit_of("maybe", words, 51)
    (2, 28, 28, 52)
    """
    if word in vocabulary:
        return vocabulary.index(word)
    if others < 1:
        raise ConfigError(f"there is no unit for the word '{word}'; give the model others = 1 or more")
    kinds = other_units(others)
    return len(vocabulary) + (kinds.index(word) if word in kinds[:-1] else others - 1)
