"""Choose the thresholds of exported models of strings on held-out speakers, say what they accept, and write them.

    python -m tools.ship.acceptance speech_encoder string_net --record docs/records/numbers/acceptance.json --write

What is accepted is counted by thresholds that were chosen on the other half of the speakers; the threshold that is
written is chosen on all of them, by the strings that people said, numbers with other words among them, which must not
be accepted. Strings put together from single digits, which have seams, are counted too: no threshold is chosen by them.
"""

import argparse
import json
import zlib
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.calibration.found_strings import Found, Known, find_strings
from aurora_resnet.calibration.string_point import StringPoint, point_of
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.environment import set_threads
from aurora_resnet.evaluation.metrics import wilson_interval
from aurora_resnet.evaluation.string_answers import StringAnswer
from aurora_resnet.files import atomic_path, write_json
from aurora_resnet.noisy_corpus.word_strings import plan_strings, write_strings
from aurora_resnet.runtime.cli.terminal import exit_with, tell
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models.strings import load_string_model
from aurora_resnet.runtime.onnx_file import METADATA
from aurora_resnet.runtime.strings.grammar import DIGIT_WORDS, NUMBER_WORDS, digits_of
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import knows_numbers
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles
from tools.make_training_corpus import held_out_speakers, people_strings, people_words
from tools.measure.records import header
from tools.measure.sounds import wordless

#: Of everything but a word: of 0.1 to 1, that at which most strings are right, those with other number words among them.
WEIGHT = 0.2
#: Words in an hour of talk, at most.
FALSE_PER_HOUR = 60.0
JOINED, LENGTHS, SEED = 160, (4, 5, 6, 8, 10), 28
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
TALK = r"^s\d{4}[05]_"


def held_out_strings(data: Path, folder: Path) -> tuple[Corpus, Corpus, Corpus]:
    """Return strings of speakers that no training has, those put together from their digits, and talk.

    Args:
        data: folder of the recordings.
        folder: where strings are put together.
    """
    apart = set(held_out_speakers(data / "an4"))
    said = [each.utterance for each in read_an4_aligned(data / "an4") if each.utterance.speaker in apart]
    single = [u for u in people_words(data / "people") if u.word in DIGITS and u.split == "held_out"]
    talk = list(wordless("talk", SoundFiles("wuw_corpus_ii/sentence", TALK), root=data))
    for string in people_strings(data / "people" / "strings", "held_out"):
        (talk if string.is_talk else said).append(string.utterance)
    numbers = [u for u in said if set(u.words) & set(DIGITS) and not any(len(word) == 1 for word in u.words)]
    known = {*DIGIT_WORDS, *NUMBER_WORDS}
    strings = [u for u in numbers if set(u.words) <= set(DIGITS) or set(u.words) & (known - set(DIGITS))]
    voices = Corpus("people", tuple(single))
    speakers = [name for name in voices.speakers if len({u.word for u in single if u.speaker == name}) >= 5]
    able = voices.filter(lambda utterance: utterance.speaker in speakers)
    joined = plan_strings(able, JOINED, seed=SEED, lengths=LENGTHS)
    return Corpus("strings", tuple(strings)), write_strings(joined, folder), Corpus("talk", tuple(talk))


def measure(
    name: str, strings: Corpus, joined: Corpus, talk: Corpus, asked: dict[str, Any]
) -> tuple[StringPoint, dict[str, Any]]:
    """Return the operating point of a model, and what thresholds of the other half of the speakers accept."""
    known = Known(load_string_model(resolve(name, kind="strings").path))
    recognizer = known.at(Calibration(threshold=0.0, other_weight=WEIGHT))
    said, seams, unsaid = (find_strings(recognizer, corpus) for corpus in (strings, joined, talk))
    answers: tuple[list[StringAnswer], list[StringAnswer]] = ([], [])
    for half in (0, 1):
        others = [[each for each in part if _half(each) != half] for part in (said, unsaid)]
        point = point_of(known, WEIGHT, others[0], others[1], **asked)
        recognizer = known.at(point.calibration)
        for answered, part in zip(answers, (said, seams), strict=True):
            answered += [each.answer(recognizer) for each in part if _half(each) == half]
    point = point_of(known, WEIGHT, said, unsaid, **asked)
    record = {"point": asdict(point), "crossed": acceptance(answers[0]), "put_together": acceptance(answers[1])}
    if knows_numbers(known.facts.vocabulary):
        record["spoken"] = read_spoken(known.at(point.calibration), strings)
    return point, record


def read_spoken(recognizer: StringRecognizer, strings: Corpus) -> dict[str, int]:
    """Return how many strings with other number words are read where numbers may be said so, at a model's threshold."""
    counts = {"strings": 0, "right": 0, "accepted": 0, "wrong": 0}
    for utterance in strings:
        if set(utterance.words) <= set(DIGITS) or (text := digits_of(utterance.words)) is None:
            continue
        answer = recognizer.recognize(utterance.path, numbers="spoken")
        counts["strings"] += 1
        counts["right"] += answer.text == text
        counts["accepted"] += bool(answer.accepted)
        counts["wrong"] += bool(answer.accepted) and answer.text != text
    return counts


def _half(found: Found) -> int:
    return zlib.crc32((found.utterance.speaker or found.utterance.path.stem).encode()) % 2


def acceptance(answers: list[StringAnswer]) -> dict[str, Any]:
    """Return how many numbers are right, accepted, and wrong among the accepted ones, and what confidence is worth."""
    groups: dict[str, list[StringAnswer]] = {"all": answers}
    for each in answers:
        number = each.utterance.words if set(each.utterance.words) <= set(DIGITS) else None
        kind = "other number words" if number is None else f"{len(number)} digits"
        groups.setdefault(kind, []).append(each)
        groups.setdefault("digits only", []).extend([] if number is None else [each])
    counted = {name: _counts(group) for name, group in sorted(groups.items())}
    sure = np.array([each.confidence for each in groups["digits only"]])
    right = np.array([each.number_right for each in groups["digits only"]])
    reliability = []
    for low, high in pairwise(BINS):
        inside = (sure >= low) & ((sure < high) | (high == 1.0))
        if inside.any():
            strings, hits = int(inside.sum()), int(right[inside].sum())
            shares = {"confidence": float(sure[inside].mean()), "right": hits / strings}
            around = wilson_interval(hits, strings)
            row = {"low": low, "high": high, "strings": strings, **shares}
            reliability.append(row | {"right_95": {"low": around.low, "high": around.high}})
    return {"groups": counted, "reliability": reliability}


def _counts(answers: list[StringAnswer]) -> dict[str, Any]:
    accepted = [each for each in answers if each.accepted]
    wrong = sum(not each.number_right and digits_of(each.words) is not None for each in accepted)
    right, ends = sum(each.number_right for each in answers), None
    if accepted:
        interval = wilson_interval(wrong, len(accepted))
        ends = [interval.low, interval.high]
    return {"strings": len(answers), "right": right, "accepted": len(accepted), "wrong": wrong, "wrong_95": ends}


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Give an exported model another calibration of its strings; weights and words stay as they are, bit by bit."""
    import onnx

    model = onnx.load(path)
    entry = next(entry for entry in model.metadata_props if entry.key == METADATA)
    values = json.loads(entry.value)
    values.get("strings", values)["calibration"] = calibration.to_dict()
    entry.value = json.dumps(values)
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)


def main(arguments: list[str] | None = None) -> None:
    """Measure the models, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/acceptance"), help="where strings are put together")
    parser.add_argument("--wrong-share", type=float, default=0.02, help="of the strings that are accepted")
    parser.add_argument("--record", type=Path, help="file to write")
    parser.add_argument("--write", action="store_true", help="write the thresholds into the models")
    options = parser.parse_args(arguments)
    set_threads(1)
    strings, joined, talk = held_out_strings(options.data, options.runs)
    asked = {"wrong_share": options.wrong_share, "false_per_hour": FALSE_PER_HOUR}
    counted = {"strings": len(strings), "put_together": len(joined), "talk": len(talk)}
    record: dict[str, Any] = {"asked": asked, **counted, "models": {}, **header()}
    for name in options.models:
        point, record["models"][name] = measure(name, strings, joined, talk, asked)
        tell(f"{name}: {point.calibration.to_dict()}; {record['models'][name]['crossed']['groups']}")
        if options.write:
            write_calibration(resolve(name, kind="strings").path, point.calibration)
    if options.record:
        write_json(record, options.record, indent=1)


if __name__ == "__main__":
    exit_with(main)
