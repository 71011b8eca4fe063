"""Conversations about a number, with simulated callers whose digits are confused as often as one likes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.dialogue import NumberDialogue, groups
from aurora_resnet.runtime.strings.rules import StringRules, luhn

DIGITS = "0123456789"
NUMBERS = st.text(DIGITS, min_size=4, max_size=10)


def answer(*alternatives: tuple[str, float]) -> DigitString:
    return DigitString(alternatives[0][0], (), alternatives[0][1], alternatives, accepted=None, reason=None)


def wrong_at(number: str, place: int) -> str:
    return number[:place] + str((int(number[place]) + 3) % 10) + number[place + 1 :]


@given(number=NUMBERS, data=st.data())
def test_two_answers_count_as_the_product_of_their_probabilities(number: str, data: st.DataObject) -> None:
    """The number is second in both answers, and another one is first in each."""
    first, second = (wrong_at(number, place) for place in data.draw(st.permutations(range(len(number))))[:2])
    dialogue = NumberDialogue()
    dialogue.said(answer((first, 0.5), (number, 0.45)))
    step = dialogue.said(answer((second, 0.5), (number, 0.45)))
    assert step.text == number
    ranked = dict(dialogue.ranked())
    # The one that is missing in an answer is an edit or two away from its strings.
    assert ranked[number] / ranked[first] == pytest.approx(
        0.45 * 0.45 / (0.5 * max(0.45 * 0.01, 0.5 * 0.01**2)), rel=1e-6
    )


@given(number=NUMBERS, data=st.data())
def test_a_part_that_is_said_again_decides_between_numbers(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = wrong_at(number, place)
    start = data.draw(st.integers(max(0, place - 2), place))
    part = number[start : place + 1]
    if part in other or len(part) == len(number):
        return
    dialogue = NumberDialogue()
    dialogue.said(answer((other, 0.55), (number, 0.4)))
    assert dialogue.said(answer((part, 0.95))).text == number


@given(number=NUMBERS, data=st.data())
def test_corrections(number: str, data: st.DataObject) -> None:
    """ "The third is a nine" and "no, nine" lead from one wrong digit to the number, or to one that fits as well."""
    place = data.draw(st.integers(0, len(number) - 1))
    other = wrong_at(number, place)
    for told in (place + 1, None):
        dialogue = NumberDialogue()
        dialogue.said(answer((other, 0.9)))
        step = dialogue.corrected(int(number[place]), told)
        if told is not None:
            assert step.text == number
        else:
            best = max(share for _, share in dialogue.ranked())
            assert dict(dialogue.ranked())[number] == pytest.approx(best)


def test_no_is_not_asked_again_and_yes_ends() -> None:
    dialogue = NumberDialogue(sure=2.0)
    assert dialogue.said(answer(("4071", 0.6), ("4971", 0.3))).action == "confirm"
    assert dialogue.confirmed(False).text == "4971"
    assert dialogue.confirmed(True).action == "accept"


def test_an_unsure_number_is_asked_for_again_and_nothing_follows_from_other_words() -> None:
    dialogue = NumberDialogue(questions=3)
    nothing = DigitString("47", (), 0.9, (("47", 0.9),), accepted=False, reason="other words")
    assert dialogue.said(nothing).action == "repeat"
    assert dialogue.said(answer(("4071", 0.3), ("4971", 0.25))).action == "repeat"
    assert dialogue.said(answer(("1111", 0.3))).action == "give up"


def test_only_possible_numbers() -> None:
    check = NumberDialogue(StringRules(check="luhn", lengths={4}))
    step = check.said(answer(("4072", 0.6), ("4077", 0.3), ("407", 0.1)))
    assert not luhn("4072")
    assert luhn(step.text) or step.action == "repeat"
    known = NumberDialogue(StringRules(known=("4071", "5566")))
    step = known.said(answer(("4079", 0.9)))
    assert (step.text, step.action) == ("4071", "accept")  # the other one is three digits further away


@given(st.text(DIGITS, min_size=1, max_size=20))
def test_groups_are_the_number(text: str) -> None:
    assert "".join(groups(text)) == text
    assert all(2 <= len(group) <= 4 for group in groups(text)) or len(text) == 1


def test_wrong_arguments() -> None:
    with pytest.raises(ConfigError, match="at least one question"):
        NumberDialogue(questions=0)
    dialogue = NumberDialogue()
    dialogue.said(answer(("4071", 0.9)))
    for digit, place in ((10, 1), (5, 5), (5, 0)):
        with pytest.raises(ConfigError, match="place from 1 to 4"):
            dialogue.corrected(digit, place)


class Caller:
    """Says a number, of which the recogniser confuses some digits, and tells it with honest probabilities."""

    def __init__(self, number: str, error: float, generator: np.random.Generator) -> None:
        self.number, self.error, self.generator = number, error, generator

    def says(self) -> DigitString:
        heard = [
            d if self.generator.random() > self.error else DIGITS[self.generator.integers(10)] for d in self.number
        ]
        strings = {"".join(heard): 1.0}
        for place, digit in enumerate(heard):  # the rivals: one digit otherwise
            for other in DIGITS:
                if other != digit:
                    strings["".join([*heard[:place], other, *heard[place + 1 :]])] = self.error / 9
        whole = sum(strings.values())
        return answer(*sorted(((text, p / whole) for text, p in strings.items()), key=lambda each: -each[1])[:10])

    def talk(self, dialogue: NumberDialogue) -> str:
        step = dialogue.next
        while step.action not in ("accept", "give up"):
            step = (
                dialogue.confirmed(step.text == self.number) if step.action == "confirm" else dialogue.said(self.says())
            )
        return step.text if step.action == "accept" else ""


def test_simulated_callers_are_understood_and_a_wrong_number_is_rare() -> None:
    generator = np.random.default_rng(0)
    right = wrong = 0
    for _ in range(25):
        number = "".join(DIGITS[k] for k in generator.integers(10, size=10))
        got = Caller(number, 0.05, generator).talk(NumberDialogue(StringRules(lengths={10}), questions=6))
        right, wrong = right + (got == number), wrong + (got not in ("", number))
    once = (1 - 0.05 * 0.9) ** 10  # 63 %: no digit is confused the first time
    assert right / 25 > max(0.85, once)
    assert wrong <= 1
