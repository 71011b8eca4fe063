"""Recognise files: the word, its confidence, and whether it is accepted.

    python examples/recognize_file.py [FILE ...]

Without files it takes two words of a synthetic voice in the package and a second of hiss.

Prints:

    zero_1.flac: zero, digit 0, confidence 1.00, accepted
    seven_1.flac: seven, digit 7, confidence 1.00, accepted
    hiss: nine, digit 9, confidence 0.15, rejected: none of the words
"""

import sys
from collections.abc import Sequence

import numpy as np

from aurora_resnet import DigitRecognizer, Recognition, load_corpus


def show(name: str, answer: Recognition) -> None:
    """Print an answer; ``answer.probabilities`` has those of all words."""
    verdict = "accepted" if answer.accepted else "rejected: none of the words"
    print(f"{name}: {answer.word}, digit {answer.digit}, confidence {answer.confidence:.2f}, {verdict}")


def main(files: Sequence[str] = ()) -> None:
    """Recognise files of any format, rate, length and number of channels."""
    recognizer = DigitRecognizer.from_pretrained()  # "compact" is several times as fast
    for file in files:
        show(file, recognizer.recognize(file))
    if files:
        return
    for recording in load_corpus("samples:").filter(speakers="samples/flite-rms", words=("seven", "zero"), take="1"):
        show(recording.path.name, recognizer.recognize(recording.path))
    hiss = np.random.default_rng(0).normal(0, 0.1, 16000)
    show("hiss", recognizer.recognize(hiss, 16000))  # samples come with their rate


if __name__ == "__main__":
    main(sys.argv[1:])
