"""Conversations about ten-digit numbers: numbers right after so many questions, with real answers of the recogniser.

The numbers are put together from single digits of the 22 speakers of Speech Commands, who are in no training; every
number is said three times, of recordings that are drawn anew. A user says it again where ``NumberDialogue`` asks, and answers truly where it
reads a number back.
"""

import numpy as np

from aurora_resnet.calibration.found_strings import Known
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.noisy_corpus.word_strings import PlannedString
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import ModelFile
from aurora_resnet.runtime.models.strings import load_string_model
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.dialogue import NumberDialogue
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules, luhn
from aurora_resnet.runtime.vocabulary import DIGITS
from tools.measure.records import Record, Settings, header

NUMBERS, LENGTH, SAYINGS, QUESTIONS, RATE, SEED = 100, 10, 3, 6, 8000, 28
PAUSE_SECONDS = (0.05, 0.3)
#: Numbers of the list, of which the speaker says one.
KNOWN = 1000


def measure(file: ModelFile, settings: Settings) -> Record:
    """Return the record of a model: what is known of the numbers, and how many are right after each question."""
    # Each saying is computed once, for all rules.
    recognizer = StringRecognizer(Known(load_string_model(file.path)))
    voices = load_corpus(f"speech-commands:{settings.data / 'speech_commands_digits'}")
    generator = np.random.default_rng(SEED)
    known = [_with_check_digit("".join(map(str, row))) for row in generator.integers(10, size=(KNOWN, LENGTH))]
    kinds = {
        "free": StringRules(),
        "length known": StringRules(lengths={LENGTH}),
        "length and check digit": StringRules(lengths={LENGTH}, check="luhn"),
        f"one of {KNOWN} known numbers": StringRules(known=known),
    }
    told: dict[str, list[tuple[int, bool, bool]]] = {name: [] for name in kinds}
    for number in known[: 4 if settings.quick else NUMBERS]:
        spoken = [recognizer.waveform(_speak(number, voices, generator), RATE) for _ in range(SAYINGS)]
        for name, rules in kinds.items():
            answers = recognizer.recognize_waveforms(spoken, rules)
            told[name].append(converse(NumberDialogue(rules, questions=QUESTIONS), answers, number))
    return {
        "model": recognizer.facts.name,
        "file": {"sha256": file.sha256},
        "known": {name: _counts(ends) for name, ends in told.items()},
        **header(),
    }


def converse(dialogue: NumberDialogue, answers: list[DigitString], number: str) -> tuple[int, bool, bool]:
    """Return how many questions were asked, whether a number was accepted, and whether it is right."""
    said = 0
    while (step := dialogue.next).action not in ("accept", "give up"):
        if step.action == "confirm":
            dialogue.confirmed(step.text == number)
        elif said == len(answers):
            return dialogue.asked, False, False
        else:
            dialogue.said(answers[said])
            said += 1
    return dialogue.asked, step.action == "accept", step.text == number


def _counts(ends: list[tuple[int, bool, bool]]) -> Record:
    accepted = [(asked, right) for asked, done, right in ends if done]
    right = [sum(is_right and asked <= most for asked, is_right in accepted) for most in range(1, QUESTIONS + 1)]
    wrong = sum(not is_right for _, is_right in accepted)
    questions = sum(asked for asked, _, _ in ends) / max(1, len(ends))
    counted = {"numbers": len(ends), "accepted": len(accepted), "wrong": wrong}
    return {**counted, "right_after_questions": right, "questions": questions}


def _with_check_digit(number: str) -> str:
    return next(text for digit in range(10) if luhn(text := f"{number[:-1]}{digit}"))


def _speak(number: str, voices: Corpus, generator: np.random.Generator) -> Samples:
    """Return one saying of a number."""
    parts = []
    for digit in number:
        able = [utterance for utterance in voices if DIGITS.digit(utterance.word) == int(digit)]
        parts.append(able[int(generator.integers(len(able)))])
    pauses = tuple(generator.uniform(*PAUSE_SECONDS, size=len(number) - 1).tolist())
    return PlannedString(tuple(parts), pauses).speak(RATE)
