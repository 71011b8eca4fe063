r"""``NumberDialogue``: several answers about one number become one number, and what to ask next.

Whatever is said is evidence :math:`e`. With the strings :math:`a` of an answer, of the probabilities :math:`p(a)`, and
the fewest edits :math:`d` between two strings, a number :math:`n` makes an answer as likely as

.. math:: L(e \mid n) = \max_a \, p(a) \, \varepsilon^{d(a, n)},

and one that repeats a part of the number as :math:`\pi \max_a p(a) \, \varepsilon^{d(a, n')}`, where :math:`n'` is the
stretch of :math:`n` nearest to :math:`a`. A correction multiplies with 1 where it is fulfilled and with
``AGAINST`` where not. The probability of a number is the product of all, among all numbers that were recognised
and what is left for others; so two answers that are each unsure may be sure together.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..errors import ConfigError
from .answer import DigitString
from .rules import StringRules

#: How much less likely an answer is with each digit that it has otherwise, more or less than the number.
EDIT = 0.01
#: How much less likely an answer to what was read back is, if it is wrong: a speaker rarely says no to the number.
AGAINST = 1e-4
#: Share of answers that repeat a part of the number only.
PART = 0.1
#: From this probability on a number is read back, below it is asked for again.
LIKELY = 0.5
MOST_CANDIDATES = 2000

Action = Literal["ask", "repeat", "confirm", "accept", "give up"]
Evidence = Callable[[str], float]


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Attributes:
        action: ``ask`` for the number; ``repeat``, ask for it again, or for a part of it; ``confirm``, read ``groups``
            back and ask whether it is right; ``accept`` the number; ``give up``, and hand over to a person.
        text: the most probable number so far.
        probability: that it is the number, 0 to 1.
        groups: the number as it is read back.
    """

    action: Action
    text: str
    probability: float
    groups: tuple[str, ...]


class NumberDialogue:
    """Find out a number in a conversation: pure logic, which asks nobody and reads no sound.

    Args:
        rules: which numbers are possible.
        sure: least probability of a number that is accepted without reading it back; above 1, all are read back.
        questions: how often one may ask, reading back included, before one gives up.

    Raises:
        ConfigError: for less than one question, or a probability below 0.

    >>> def answer(*alternatives: tuple[str, float]) -> DigitString:
    ...     return DigitString(alternatives[0][0], (), alternatives[0][1], alternatives, accepted=None, reason=None)
    >>> dialogue = NumberDialogue(StringRules(lengths={4}))
    >>> dialogue.next.action
    'ask'
    >>> dialogue.said(answer(("4071", 0.5), ("4971", 0.4))).action
    'confirm'
    >>> dialogue.confirmed(False).action
    'confirm'
    >>> dialogue.next.text, dialogue.confirmed(True).action
    ('4971', 'accept')
    """

    def __init__(self, rules: StringRules | None = None, *, sure: float = 0.95, questions: int = 4) -> None:
        if questions < 1 or sure < 0:
            raise ConfigError(f"a dialogue needs at least one question and sure from 0 on, got {questions} and {sure}")
        self.rules, self.sure, self.questions, self.asked = rules or StringRules(), sure, questions, 0
        known = (text for text in self.rules.known or () if self.rules.allows(text))
        self._candidates = dict.fromkeys(known)
        self._evidence: list[Evidence] = []
        self._another = 1.0  # as likely is all evidence, if it is a number that was not recognised so far
        self._agreed = False

    @property
    def next(self) -> NextStep:
        """What to do next."""
        ranked = self.ranked()
        text, probability = ranked[0] if ranked and self._evidence else ("", 0.0)
        if text and (self._agreed or probability >= self.sure):
            action: Action = "accept"
        elif self.asked >= self.questions:
            action = "give up"
        elif not text:
            action = "repeat" if self.asked else "ask"
        else:
            action = "confirm" if probability >= LIKELY else "repeat"
        return NextStep(action, text, probability, groups(text))

    def ranked(self) -> list[tuple[str, float]]:
        """Return the possible numbers and their probabilities, the most probable one first."""
        shares = {text: math.prod(likelihood(text) for likelihood in self._evidence) for text in self._candidates}
        whole = sum(shares.values()) + (0.0 if self.rules.known else self._another)
        ranked = [(text, share / whole if whole else 0.0) for text, share in shares.items()]
        return sorted(ranked, key=lambda each: -each[1])

    def said(self, answer: DigitString) -> NextStep:
        """Take what was recognised of the number, or of a part of it; return what to do next.

        Nothing follows from silence, or from an answer with other words among its digits.
        """
        self.asked += 1
        if answer.reason in ("silence", "no words", "other words", "no such string"):
            return self.next
        found = [(text, share) for text, share in answer.alternatives if text.isdigit() and share > 0]
        if not found:
            return self.next
        if self.rules.known is None:
            self._consider([text for text, _ in found])
            parts = [(text, n) for text, _ in found[:3] for n in list(self._candidates)[:20] if len(text) < len(n)]
            self._consider([_spliced(part, number) for part, number in parts])
        # A number that no answer names is one of about a hundred that are an edit away, and the same one each time.
        self._another *= max(EDIT, 1.0 - sum(share for _, share in found)) * (EDIT if self._evidence else 1.0)
        self._evidence.append(cache(lambda number: max(share * _agreement(text, number) for text, share in found)))
        return self.next

    def confirmed(self, yes: bool) -> NextStep:
        """Take yes or no to the number that was read back; return what to do next."""
        text = self.next.text
        self.asked += 1
        self._agreed = yes and bool(text)
        if not yes:
            self._evidence.append(lambda number: AGAINST if number == text else 1.0)
        return self.next

    def corrected(self, digit: int, place: int | None = None) -> NextStep:
        """Take "no, five", or "the third is a nine"; return what to do next.

        Args:
            digit: 0 to 9, which stands in the number where another one was read back.
            place: where, from 1 on; ``None`` if that was not said.

        Raises:
            ConfigError: for anything else.
        """
        text, new = self.next.text, str(digit)
        places = range(len(text)) if place is None else [place - 1]
        if not 0 <= digit <= 9 or not text or not all(0 <= at < len(text) for at in places):
            raise ConfigError(
                f"expected a digit from 0 to 9 and a place from 1 to {len(text)}, got {digit} and {place}"
            )
        self.asked += 1
        fixed = {text[:at] + new + text[at + 1 :] for at in places}
        if place is None:
            fixed -= {text}
        if self.rules.known is None:
            self._consider(sorted(fixed))
        self._evidence.append(lambda number: 1.0 if number in fixed else AGAINST)
        self._another *= AGAINST
        return self.next

    def _consider(self, texts: Sequence[str]) -> None:
        room = MOST_CANDIDATES - len(self._candidates)
        self._candidates |= dict.fromkeys([text for text in texts if self.rules.allows(text)][:room])


def groups(text: str) -> tuple[str, ...]:
    """Return a number as it is read back: in fours if they come out even, otherwise in threes, four or two at the end.

    >>> groups("8885112931"), groups("4071"), groups("12345"), groups("4111111111111111")[:2]
    (('888', '511', '2931'), ('4071',), ('123', '45'), ('4111', '1111'))
    """
    size = 4 if len(text) % 4 == 0 else 3
    cuts = [text[at : at + size] for at in range(0, len(text), size)]
    if len(cuts) > 1 and len(cuts[-1]) == 1:
        cuts[-2:] = ["".join(cuts[-2:])]
    return tuple(cuts)


def _agreement(said: str, number: str) -> float:
    """Return how likely a string is said for a number, whole or in part, beside its probability."""
    whole: float = EDIT ** _edits(said, number)
    return whole if len(said) >= len(number) else max(whole, PART * EDIT ** _edits(said, number, part=True))


def _spliced(part: str, number: str) -> str:
    """Return a number with a part of it said anew, where it fits best.

    >>> _spliced("299", "8885112931")
    '8885112991'
    """
    starts = range(len(number) - len(part) + 1)
    best = min(starts, key=lambda at: sum(a != b for a, b in zip(part, number[at:], strict=False)))
    return number[:best] + part + number[best + len(part) :]


def _edits(said: str, number: str, *, part: bool = False) -> int:
    """Return the fewest edits from a string to a number, or to the stretch of it that is nearest.

    >>> _edits("471", "4071"), _edits("07", "4071", part=True)
    (1, 0)
    """
    if len(said) == len(number):
        others = sum(map(str.__ne__, said, number))
        if others <= 2:  # what is shorter by one edit is not as long
            return others
    row = [0 if part else at for at in range(len(number) + 1)]
    for place, digit in enumerate(said, 1):
        above, row = row, [place]
        for at, other in enumerate(number, 1):
            row.append(min(row[-1] + 1, above[at] + 1, above[at - 1] + (digit != other)))
    return min(row) if part else row[-1]
