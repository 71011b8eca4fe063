"""``StringRules``: which strings are possible at all, and how a number may be said."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from ..errors import ConfigError, did_you_mean
from ..vocabulary import Vocabulary
from .grammar import NUMBER_WORDS, digits_of
from .search import Hypothesis, PrefixSearch, Words

Numbers = Literal["digits", "spoken"]


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


@dataclass(frozen=True, kw_only=True)
class StringRules:
    """Which strings are possible.

    Attributes:
        lengths: numbers of digits that a string may have, if they are known: only such strings are looked for.
        check: whether a text is possible, such as a check digit, or the name of a check, ``luhn``.
        known: all texts that are possible, such as the customers' numbers.
        numbers: ``digits``, digit by digit: a string with other number words in it is refused. ``spoken``: also "double
            oh seven" and "forty seventy one", where the model knows these words.

    Raises:
        ConfigError: for a check or a way to say numbers that there is not, lengths below 0, or a list without a number.

    >>> StringRules(check="lun")
    Traceback (most recent call last):
    aurora_resnet...errors.ConfigError: there is no check 'lun' (did you mean 'luhn'?); checks: luhn
    """

    lengths: Collection[int] | None = None
    check: Callable[[str], bool] | str | None = None
    known: Collection[str] | None = None
    numbers: Numbers = "digits"

    def __post_init__(self) -> None:
        if isinstance(self.check, str) and self.check not in CHECKS:
            hint = did_you_mean(self.check, tuple(CHECKS))
            raise ConfigError(f"there is no check {self.check!r}{hint}; checks: {', '.join(CHECKS)}")
        if self.numbers not in get_args(Numbers):
            raise ConfigError(f"numbers must be 'digits' or 'spoken', got {self.numbers!r}")
        if self.lengths is not None and (not self.lengths or min(self.lengths) < 0):
            raise ConfigError(f"lengths must name at least one number of words, 0 or more, got {set(self.lengths)}")
        if self.known is not None and not self.known:
            raise ConfigError("known must hold at least one number, got none")

    @property
    def any(self) -> bool:
        """Whether every string is possible."""
        return self.lengths is None and self.check is None and self.known is None

    @cached_property
    def sizes(self) -> Collection[int] | None:
        """Numbers of digits that a string may have."""
        return self.lengths if self.lengths is not None or self.known is None else {len(text) for text in self.known}

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(text[:end] for text in self.known or () for end in range(1, len(text) + 1))

    def search(self, vocabulary: Vocabulary) -> PrefixSearch:
        """Begin a search of such strings.

        Raises:
            ConfigError: if numbers may be said in ways of which the model knows no word.
        """
        words = len(vocabulary)
        if self.numbers == "spoken":
            if not knows_numbers(vocabulary):
                raise ConfigError(
                    "numbers='spoken' needs a model whose vocabulary has words such as 'twenty' and 'double'; this one "
                    f"knows {', '.join(vocabulary.words[:12])}: use numbers='digits', and ask for digit by digit"
                )
            return PrefixSearch(words)
        if knows_numbers(vocabulary):  # digit by digit, they are other speech
            words = min(vocabulary.index(word) for word in NUMBER_WORDS if word in vocabulary)
        if self.known is None:
            return PrefixSearch(words, self.lengths)
        return PrefixSearch(words, self.sizes, begins=lambda said: self.text(vocabulary, said) in self._beginnings)

    def best(self, search: PrefixSearch, vocabulary: Vocabulary, *, most: int) -> list[Hypothesis]:
        """Return the most probable strings that are possible; see ``PrefixSearch.best``."""
        return search.best(None if self.any else lambda words: self.allows(self.text(vocabulary, words)), most=most)

    def complete(self, search: PrefixSearch, vocabulary: Vocabulary, found: list[Hypothesis]) -> float:
        """Return how surely nothing else was said with the first of the strings.

        What is said before and after them ("my number is", "please") is no part of the number only to a model that
        knows number words: to any other one "fifty" is such a word too.
        """
        return search.complete(found[0], beside=not knows_numbers(vocabulary)) if found else 1.0

    def allows(self, text: str) -> bool:
        """Tell whether a text is possible.

        >>> StringRules(lengths={4}, known=("4071", "40711")).allows("4071")
        True
        """
        check = CHECKS[self.check] if isinstance(self.check, str) else self.check
        return (
            (self.lengths is None or len(text) in self.lengths)
            and (self.known is None or text in self.known)
            and (check is None or check(text))
        )

    def text(self, vocabulary: Vocabulary, words: Words) -> str:
        """Return how a string is written: its digits; where a word names none, the words with blanks between.

        >>> rules, vocabulary = StringRules(), Vocabulary(("zero", "one", "oh", "forty"))
        >>> rules.text(vocabulary, (1, 2, 0)), rules.text(vocabulary, (3, 1))
        ('100', 'forty one')
        >>> StringRules(numbers="spoken").text(vocabulary, (3, 1))
        '41'
        """
        spoken = [vocabulary.words[word] for word in words]
        digits = [vocabulary.digits[word] for word in words]
        if all(digit is not None for digit in digits):
            return "".join(map(str, digits))
        return (digits_of(spoken) if self.numbers == "spoken" else None) or " ".join(spoken)


def knows_numbers(vocabulary: Vocabulary) -> bool:
    """Tell whether a model knows words that numbers are also said with, behind its digits."""
    return not set(NUMBER_WORDS).isdisjoint(vocabulary)


def read_known(path: str | Path) -> tuple[str, ...]:
    """Read the numbers that are possible from a text file, one a line; blanks, hyphens and empty lines do not count.

    Raises:
        ConfigError: if it cannot be read, or a line is no number.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a text file with a number a line: {error}") from None
    known = []
    for place, line in enumerate(lines, 1):
        number = "".join(line.replace("-", " ").split())
        if number and not (number.isascii() and number.isdigit()):
            raise ConfigError(f"{path}, line {place}: expected a number, got {line.strip()[:40]!r}")
        known += [number] if number else []
    if not known:
        raise ConfigError(f"{path}: expected a number a line, got none")
    return tuple(known)
