"""Ways to say a number: from the words that were said to its digits.

A number is read from left to right as a row of

- digits: ``zero``, ``oh`` and ``nought``, ``one`` ... ``nine``;
- ``double``, ``triple`` or ``treble`` and a digit: ``double oh seven`` is 007;
- ``ten`` ... ``nineteen``, and ``twenty`` ... ``ninety``, after which a digit from one to nine belongs to them: ``forty
  seven`` is 47, ``forty oh`` 400, ``nineteen eighty four`` 1984;
- ``hundred`` and ``thousand`` after a number from 1 to 99, which put zeros behind it: ``eight hundred`` is
  800, ``nineteen hundred`` 1900. Behind ``and`` a number from 1 to 99 takes the place of zeros, ``two hundred and
  five`` is 205; without it, it follows them, as in ``one eight hundred five five five``: 1800555.
"""

from collections.abc import Iterator, Sequence

from ..vocabulary import DIGITS

UNITS = {word: str(digit) for digit, word in enumerate(DIGITS.words[:10])}
ZEROS = {"oh": "0", "nought": "0"}
DIGIT_WORDS = UNITS | ZEROS
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
TEENS = {word: str(number) for number, word in enumerate(_TEENS, 10)}
TENS = {word: f"{number}0" for number, word in enumerate(_TENS, 2)}
TIMES = {"double": 2, "triple": 3, "treble": 3}
ZEROS_BEHIND = {"hundred": 2, "thousand": 3}
AND = "and"

#: What a model has to know beside the digit words, so that numbers said otherwise can be read.
NUMBER_WORDS = (*TEENS, *TENS, *TIMES, *ZEROS_BEHIND)


def digits_of(words: Sequence[str]) -> str | None:
    """Return the digits of a spoken number, or ``None`` if its words are none.

    >>> digits_of("double oh seven".split()), digits_of("forty seven nineteen eighty four".split())
    ('007', '471984')
    >>> digits_of("one eight hundred five five five".split()), digits_of("two hundred and five".split())
    ('1800555', '205')
    >>> digits_of("double forty".split()), digits_of("hundred".split())
    (None, None)
    """
    rows: list[str] = []
    for piece in _pieces(words):
        if piece is None:
            return None
        rows.append(piece)
    return "".join(rows)


def _pieces(words: Sequence[str]) -> Iterator[str | None]:
    """Yield the digits of each piece; ``None`` where a word cannot be read."""
    at = 0
    while at < len(words):
        if words[at] in TIMES:
            digit = DIGIT_WORDS.get(words[at + 1]) if at + 1 < len(words) else None
            yield None if digit is None else digit * TIMES[words[at]]
            at += 2
            continue
        number, at = _number(words, at)
        if not number:
            yield None
            return
        while at < len(words) and words[at] in ZEROS_BEHIND and number[0] != "0":
            zeros = ZEROS_BEHIND[words[at]]
            number, at = number + zeros * "0", at + 1
            if at < len(words) and words[at] == AND:
                added, at = _number(words, at + 1)
                if not added or added[0] == "0":
                    yield None
                    return
                number = number[: -len(added)] + added
                break
        yield number


def _number(words: Sequence[str], at: int) -> tuple[str, int]:
    """Return a number from 0 to 99 that begins at a word, empty if none does, and where it ends."""
    word, following = words[at] if at < len(words) else "", words[at + 1] if at + 1 < len(words) else ""
    if word in TENS and UNITS.get(following, "0") != "0":
        return TENS[word][0] + UNITS[following], at + 2
    number = DIGIT_WORDS.get(word) or TEENS.get(word) or TENS.get(word) or ""
    return number, at + 1
