"""The eleven words of the vocabulary and their names in other corpora."""

from __future__ import annotations

from aurora_resnet.runtime.errors import ConfigError, did_you_mean

WORDS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh",
)  # fmt: skip
"""Class order of every model: index ``i`` of the logits is ``WORDS[i]``."""

AURORA_LETTERS: dict[str, str] = {"Z": "zero", "O": "oh"} | {str(d): WORDS[d] for d in range(1, 10)}
"""Aurora-2 / TIDigits file-name letters and the words they stand for."""


def word_index(word: str) -> int:
    """Return the class index of a word.

    Raises:
        ConfigError: if the word is not one of ``WORDS``.

    >>> word_index("zero"), word_index("oh")
    (0, 10)
    """
    try:
        return WORDS.index(word)
    except ValueError:
        raise ConfigError(
            f"'{word}' is not a digit word{did_you_mean(word, WORDS)}; known words: {', '.join(WORDS)}"
        ) from None


def word_digit(word: str) -> int:
    """Return the digit that a word names; ``zero`` and ``oh`` both name 0.

    >>> [word_digit(w) for w in ("zero", "oh", "nine")]
    [0, 0, 9]
    """
    return word_index(word) % 10
