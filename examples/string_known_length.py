"""Recognise a PIN and a card number of known length and check digit.

    python examples/string_known_length.py

A known length or check constrains the search. It is a prior, not a fact: a string that fits only the constraint has a low
confidence and is not accepted.

Prints:

    PIN, lengths None: 4 digits, accepted
    PIN, lengths {4}: 4 digits, accepted
    PIN, lengths {6}: 6 digits, not accepted: unsure
    the PIN: 4071
    the card: 4539578763621486, accepted
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aurora_resnet import StringRecognizer, load_corpus, read_audio
from aurora_resnet.runtime.vocabulary import DIGITS

VOICE = load_corpus("samples:").filter(speakers="samples/espeak-en-us-gene")
RATE = 8000
CARD = "4539578763621486"


def say(words: Sequence[str], pause_seconds: float = 0.12) -> npt.NDArray[np.float32]:
    """Return words of a synthetic voice one after another; take a recording of your own instead."""
    pause = np.zeros(round(pause_seconds * RATE), np.float32)
    parts = [part for word in words for part in (read_audio(VOICE.filter(words=word)[0].path)[0], pause)]
    return np.concatenate([pause, *parts])


def main() -> None:
    """Recognise a PIN without and with its length, and a card number with its check digit."""
    recognizer = StringRecognizer.from_pretrained("string_net")
    pin = say(["four", "oh", "seven", "one"])
    for lengths in (None, {4}, {6}):
        answer = recognizer.recognize(pin, RATE, lengths=lengths)
        verdict = "accepted" if answer.accepted else f"not accepted: {answer.reason}"
        print(f"PIN, lengths {lengths}: {len(answer.text)} digits, {verdict}")
    print("the PIN:", recognizer.recognize(pin, RATE, lengths={4}).text)
    card = recognizer.recognize(say([DIGITS.words[int(digit)] for digit in CARD]), RATE, lengths={16}, check="luhn")
    print(f"the card: {card.text}, {'accepted' if card.accepted else card.reason}")


if __name__ == "__main__":
    main()
