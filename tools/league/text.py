"""From what a recogniser writes to digits: "Zero.", "oh", "0" and "4, 0 - 7" are all digits, "forty" is none."""

import re

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPOKEN = {word: str(digit) for digit, word in enumerate(WORDS)} | {"oh": "0", "o": "0"}
#: What a recogniser of any English writes for the sound of a digit.
SAME_SOUND = {"won": "1", "to": "2", "too": "2", "for": "4", "ate": "8"}


def digits_of(text: str) -> tuple[str, bool]:
    """Return the digits in a text one by one, and whether there is nothing else in it.

    >>> digits_of("Oh, four-0 seven."), digits_of("For."), digits_of("forty one"), digits_of("")
    (('0407', True), ('4', True), ('1', False), ('', True))
    """
    tokens = re.findall(r"\d|[a-z']+", text.lower())
    found = [SPOKEN.get(token) or SAME_SOUND.get(token) or token for token in tokens]
    return "".join(token for token in found if token.isdigit()), all(token.isdigit() for token in found)
