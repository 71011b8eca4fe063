"""Which words a model knows, in which order, and which digit each of them names."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .errors import ConfigError, did_you_mean

_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # and halves of characters, which no file holds
MOST_WORDS = 10_000


@dataclass(frozen=True, repr=False)
class Vocabulary:
    """The words of a model in class order; index ``i`` of the logits is ``words[i]``.

    A word is any text: several words, umlauts and other scripts included. It travels with corpora, configurations,
    checkpoints, exported models and pages.

    Attributes:
        words: at least two different ones, each as ``check_word`` returns it.
        digits: the digit from 0 to 9 that each word names, or ``None``. If left out, the English digit words name
            theirs (``oh`` names 0) and all others name none.

    Raises:
        ConfigError: for fewer than two words, a word that stands twice or is no text of one line, digits that are
            not as many as the words or not from 0 to 9.

    >>> vocabulary = Vocabulary(("yes", "turn on", "two"))
    >>> vocabulary.digits, vocabulary.index("two"), "no" in vocabulary
    ((None, None, 2), 2, False)
    >>> Vocabulary(("null", "eins"), digits=(0, 1)).digit("eins")
    1
    """

    words: tuple[str, ...]
    digits: tuple[int | None, ...] = ()

    def __post_init__(self) -> None:
        words = tuple(check_word(word, "vocabulary") for word in self.words)
        if not 2 <= len(words) <= MOST_WORDS:
            raise ConfigError(f"a vocabulary needs 2 to {MOST_WORDS} words, got {len(words)}: {', '.join(words[:5])}")
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ConfigError(f"a vocabulary has each word once, got several times: {', '.join(twice)}")
        digits = tuple(self.digits) or tuple(_english_digit(word) for word in words)
        if len(digits) != len(words):
            raise ConfigError(f"digits must be as many as the words, {len(words)}, got {len(digits)}")
        if wrong := [digit for digit in digits if digit is not None and not 0 <= digit <= 9]:
            raise ConfigError(f"a digit lies from 0 to 9, got {wrong[0]}")
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "digits", digits)

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.words

    def __repr__(self) -> str:
        shown = ", ".join(self.words[:12]) + (", ..." if len(self) > 12 else "")
        return f"Vocabulary({len(self)} words: {shown})"

    def index(self, word: str) -> int:
        """Return the class index of a word.

        Raises:
            ConfigError: if the model does not know it.
        """
        try:
            return self.words.index(word)
        except ValueError:
            hint = did_you_mean(word, self.words)
            raise ConfigError(f"'{word}' is not in the vocabulary{hint}; words: {', '.join(self.words)}") from None

    def digit(self, word: str) -> int | None:
        """Return the digit that a word names, ``None`` if it names none.

        >>> [DIGITS.digit(word) for word in ("zero", "oh", "nine")]
        [0, 0, 9]
        """
        return self.digits[self.index(word)]

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Return those of the words that are not in the vocabulary, sorted, each once.

        >>> DIGITS.unknown(["yes", "one", "yes"])
        ['yes']
        """
        return sorted(set(words) - set(self.words))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        return {"words": list(self.words), "digits": list(self.digits)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: if it is anything else.

        >>> Vocabulary.from_dict(DIGITS.to_dict()) == DIGITS
        True
        """
        words, digits = (values.get(key) if isinstance(values, Mapping) else None for key in ("words", "digits"))
        lists = isinstance(words, list) and isinstance(digits, list)
        if not lists or not all(digit is None or type(digit) is int for digit in digits or ()):
            raise ConfigError(f"a vocabulary is stored as lists of words and digits, got {str(values)[:80]}")
        return cls(tuple(words or ()), tuple(digits or ()))


def check_word(word: object, what: str) -> str:
    r"""Return a word in Unicode's composed form (NFC), as files and keyboards may write it in two ways.

    Args:
        word: any text of one line.
        what: whose word it is, for the message.

    Raises:
        ConfigError: if it is no text, empty, has white space around it, control characters or bytes that are no text.

    >>> check_word("fu\u0308nf", "folder") == "fünf"
    True
    """
    if not isinstance(word, str) or not word or word != word.strip() or _CONTROL.search(word):
        raise ConfigError(f"{what}: a word is a text of one line without white space around it, got {word!r}")
    return unicodedata.normalize("NFC", word)


def _english_digit(word: str) -> int | None:
    return _ENGLISH.index(word) if word in _ENGLISH else 0 if word == "oh" else None


#: The eleven words that are the default: zero, one ... nine, oh.
DIGITS = Vocabulary((*_ENGLISH, "oh"))
