"""Ways to say a number: whatever one says, it reads back to the same digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.strings.grammar import NUMBER_WORDS, digits_of

SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def below_hundred(number: int) -> list[str]:
    if number < 10:
        return [SMALL[number]]
    if number < 20:
        return [TEENS[number - 10]]
    return [TENS[number // 10 - 2]] + ([SMALL[number % 10]] if number % 10 else [])


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Some digits, and one way to say them."""
    kind = draw(st.sampled_from(["digit", "times", "pair", "hundreds", "and"]))
    if kind == "digit":
        digit = draw(st.integers(0, 9))
        zero = draw(st.sampled_from(["zero", "oh", "nought"]))
        return str(digit), [SMALL[digit] if digit else zero]
    if kind == "times":
        digit, word = draw(st.integers(0, 9)), draw(st.sampled_from(["double", "triple", "treble"]))
        return str(digit) * (2 if word == "double" else 3), [word, SMALL[digit]]
    number = draw(st.integers(10 if kind == "pair" else 1, 99))
    if kind == "pair":
        return str(number), below_hundred(number)
    word = draw(st.sampled_from(["hundred", "thousand"]))
    thousands = number * (100 if word == "hundred" else 1000)
    if kind == "hundreds":
        return str(thousands), [*below_hundred(number), word]
    more = draw(st.integers(1, 99))
    return str(thousands + more), [*below_hundred(number), word, "and", *below_hundred(more)]


@given(st.lists(pieces(), min_size=1, max_size=8))
def test_every_way_to_say_a_number_reads_back_to_its_digits(said: list[tuple[str, list[str]]]) -> None:
    words: list[str] = []
    for _, piece in said:
        if words and words[-1] in TENS and piece[0] in SMALL[1:]:
            return  # "twenty one" is 21: nobody says 20, 1 so
        words += piece
    assert digits_of(words) == "".join(digits for digits, _ in said)


@given(st.text("0123456789", min_size=1, max_size=12))
def test_digit_by_digit_is_the_digits(digits: str) -> None:
    assert digits_of([SMALL[int(digit)] for digit in digits]) == digits


@given(st.lists(st.sampled_from([*SMALL, *NUMBER_WORDS, "and", "please"]), max_size=6))
def test_a_reading_has_a_digit_for_every_number_word_and_nothing_of_other_words(words: list[str]) -> None:
    read = digits_of(words)
    if "please" in words:
        assert read is None
    if read:
        assert read.isdigit()
        assert len(read) >= len([word for word in words if word in SMALL]) - len([w for w in words if w in TENS]) - 2


@pytest.mark.parametrize("said", ["double", "double forty", "hundred", "zero hundred", "two hundred and", "and five"])
def test_what_is_no_number(said: str) -> None:
    assert digits_of(said.split()) is None
