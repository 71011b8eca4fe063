"""Which strings are possible at all: check digits."""

from collections.abc import Callable


def luhn(text: str) -> bool:
    """Tell whether the last digit is the check digit of those before it (ISO/IEC 7812-1), as on payment cards.

    >>> luhn("79927398713"), luhn("79927398710"), luhn("")
    (True, False, False)
    """
    if not (text.isascii() and text.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(text)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


#: By the names that the command line knows.
CHECKS: dict[str, Callable[[str], bool]] = {"luhn": luhn}
