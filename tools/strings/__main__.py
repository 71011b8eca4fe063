"""Measure models of strings: words and strings right, in noise, of strangers, repeated; false digits; confidence.

    python -m tools.strings --model strings.onnx --record docs/records/strings/string_net.json

Models are exported files, or checkpoints. Everything is measured at the model's own operating point; beside it stands
what other weights of ``other`` would give. The sets are made into ``--sets`` once.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.calibration.string_point import OTHER_WEIGHTS
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.string_answers import FalseWords, HeardString, hear_strings
from aurora_resnet.evaluation.string_condition import StringCondition, confidence_auroc
from aurora_resnet.files import write_json
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.strings.events import StringEnded
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from tools.streaming.hour import choose_sounds, play
from tools.strings.sets import RATE, SEED, StringSets

THRESHOLDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def measure(recognizer: StringRecognizer, sets: StringSets, data: Path, hour_seconds: float) -> dict[str, Any]:
    """Return everything that a record says of a model."""
    strings, an4 = sets.strings, {"an4": sets.strings["an4"]}
    free = Evaluator(recognizer).evaluate({name: strings[name] for name in ("an4", "strangers", "repeated")})
    told = Evaluator(recognizer).evaluate(an4, known_length=True)
    noisy = Evaluator(recognizer).evaluate(conditions_by(strings["noizeus"], "noise", "snr_db"), progress=True)
    unsaid = hear_strings(recognizer, sets.talk).strings
    talk, letters = FalseWords.of(unsaid), FalseWords.of(hear_strings(recognizer, sets.letters).strings)
    return {
        "operating_point": {"other_weight": recognizer.facts.other_weight, "threshold": recognizer.facts.threshold},
        "strings": {condition.name: condition.to_dict() for condition in free.conditions},
        "known_length": {condition.name: condition.to_dict() for condition in told.conditions},
        "noise": {condition.name: condition.to_dict() for condition in noisy.conditions},
        "confidence_auroc": confidence_auroc(everything(free, noisy)),
        "false_words": {
            "talk": asdict(talk) | {"per_hour": talk.per_hour},
            "letters": asdict(letters)
            | {"letters": sets.letter_count, "per_100": 100 * letters.words / sets.letter_count},
            "noise and other words": noise_hour(recognizer, data, hour_seconds),
        },
        "curve": [at_threshold(everything(free), unsaid, threshold) for threshold in THRESHOLDS],
        "weights": {str(weight): at_weight(recognizer, sets, weight) for weight in OTHER_WEIGHTS},
    }


def everything(*reports: EvaluationReport[StringCondition]) -> list[Prediction]:
    """Return the answers to all strings of some reports."""
    return [each for report in reports for each in report.predictions]


def at_threshold(said: list[Prediction], unsaid: list[HeardString], threshold: float) -> dict[str, float]:
    """Return what another threshold gives: strings without noise right and accepted, false words an hour of talk."""
    right = sum(each.right and each.confidence >= threshold for each in said) / len(said)
    false = FalseWords.of([replace(each, accepted=each.confidence >= threshold) for each in unsaid])
    return {"threshold": threshold, "right_and_accepted": right, "talk_per_hour": false.per_hour}


def at_weight(recognizer: StringRecognizer, sets: StringSets, weight: float) -> dict[str, float]:
    """Return what another weight of anything but a word gives, at the same threshold."""
    other = moved(recognizer, weight)
    report = Evaluator(other).evaluate({name: sets.strings[name] for name in ("an4", "strangers")})
    rates = {f"{condition.name}_word_errors": condition.counts.error_rate for condition in report.conditions}
    return rates | {"talk_per_hour": FalseWords.of(hear_strings(other, sets.talk).strings).per_hour}


def moved(recognizer: StringRecognizer, other_weight: float) -> StringRecognizer:
    """Return a recogniser of the same model with another weight."""
    model = copy.copy(recognizer.model)
    model.facts = replace(model.facts, other_weight=other_weight)
    return StringRecognizer(model)


def noise_hour(recognizer: StringRecognizer, data: Path, seconds: float) -> dict[str, Any]:
    """Listen to noises and other words as one long stream and count the words of accepted strings."""
    generator = np.random.default_rng(SEED)
    streams = StringStreams(recognizer.model)
    number, heard, words, accepted = streams.open(RATE), 0, 0, 0
    for _, samples in play(choose_sounds(data, generator), RATE, generator):
        for event in streams.push({number: samples})[number]:
            if isinstance(event, StringEnded) and event.string.accepted:
                accepted, words = accepted + 1, words + len(event.string.words)
        heard += len(samples)
        if heard >= seconds * RATE:
            break
    return {"seconds": heard / RATE, "accepted": accepted, "words": words, "per_hour": 3600 * words * RATE / heard}


def describe(sets: StringSets) -> dict[str, Any]:
    """Return size and digest of every set."""
    corpora: dict[str, Corpus] = {**sets.strings, "talk": sets.talk, "letters": sets.letters}
    return {
        name: {"recordings": len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
        for name, corpus in corpora.items()
    }


def main(write: Callable[[str], object] = print) -> None:
    """Measure each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an exported file, a checkpoint, or a shipped name")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--sets", type=Path, default=Path("runs/string_sets"), help="where strings are made")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the record to FILE")
    parser.add_argument("--quick", action="store_true", help="a little, to see that it works")
    options = parser.parse_args()
    set_threads(1)
    file = resolve(options.model, kind="strings")
    recognizer = StringRecognizer.from_pretrained(file)
    sets = StringSets.make(options.data, options.sets / ("quick" if options.quick else "whole"), quick=options.quick)
    record = {
        "model": recognizer.facts.name,
        "file": {"name": file.path.name, "bytes": file.path.stat().st_size, "sha256": file.sha256},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sets": describe(sets),
        **measure(recognizer, sets, options.data, 60.0 if options.quick else 3600.0),
        "environment": describe_environment("cpu"),
    }
    if options.record:
        write_json(record, options.record)
    write(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
