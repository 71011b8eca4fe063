"""What a model of strings reaches: words and strings right, in noise, of unknown speakers, repeated; false digits.

Everything is measured at the model's own operating point; beside it stands what other weights of anything but a word
would give. The recordings are those of ``string_sets``.
"""

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from aurora_resnet.calibration.string_point import OTHER_WEIGHTS
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.metrics import auroc
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.string_answers import FalseWords, StringAnswer, answer_strings
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.runtime.model_reference import ModelFile
from aurora_resnet.runtime.strings.events import StringEnded
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from tools.measure.hour import RATE, choose_sounds, play
from tools.measure.records import Record, Settings, header
from tools.measure.sounds import describe_corpora
from tools.measure.string_sets import SEED, StringSets

HOUR_SECONDS, QUICK_SECONDS = 3600.0, 60.0
THRESHOLDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def measure(file: ModelFile, settings: Settings) -> Record:
    """Return the record of a model."""
    recognizer = StringRecognizer.from_pretrained(file)
    folder = settings.runs / "string_sets" / ("quick" if settings.quick else "whole")
    sets = StringSets.make(settings.data, folder, quick=settings.quick)
    return {
        "model": recognizer.facts.name,
        "file": {"name": file.path.name, "bytes": file.path.stat().st_size, "sha256": file.sha256},
        "sets": describe_corpora({**sets.strings, "talk": sets.talk, "letters": sets.letters}, "recordings"),
        **measure_sets(recognizer, sets, settings.data, QUICK_SECONDS if settings.quick else HOUR_SECONDS),
        **header(),
    }


def measure_sets(recognizer: StringRecognizer, sets: StringSets, data: Path, hour_seconds: float) -> Record:
    """Return everything that a record says of a model."""
    strings, an4 = sets.strings, {"an4": sets.strings["an4"]}
    evaluate = Evaluator(recognizer).evaluate
    free = evaluate({name: strings[name] for name in ("an4", "strangers", "repeated")})
    told = evaluate(an4, known_length=True)
    noisy = evaluate(conditions_by(strings["noizeus"], "noise", "snr_db"), progress=True)
    judged = _everything(free, noisy)
    unsaid = answer_strings(recognizer, sets.talk).strings
    talk, letters = FalseWords.of(unsaid), FalseWords.of(answer_strings(recognizer, sets.letters).strings)
    return {
        "operating_point": {
            "other_weight": recognizer.facts.calibration.other_weight,
            "threshold": recognizer.facts.calibration.threshold,
        },
        "strings": _by_condition(free),
        "known_length": _by_condition(told),
        "noise": _by_condition(noisy),
        "confidence_auroc": auroc([each.confidence for each in judged], [each.right for each in judged]),
        "false_words": {
            "talk": asdict(talk) | {"per_hour": talk.per_hour},
            "letters": asdict(letters)
            | {"letters": sets.letter_count, "per_100": 100 * letters.words / sets.letter_count},
            "noise and other words": noise_hour(recognizer, data, hour_seconds),
        },
        "curve": [_at_threshold(_everything(free), unsaid, threshold) for threshold in THRESHOLDS],
        "weights": {str(weight): _at_weight(recognizer, sets, weight) for weight in OTHER_WEIGHTS},
    }


def _by_condition(report: EvaluationReport[StringCondition]) -> Record:
    return {condition.name: condition.to_dict() for condition in report.conditions}


def _everything(*reports: EvaluationReport[StringCondition]) -> list[Prediction]:
    return [each for report in reports for each in report.predictions]


def _at_threshold(said: Sequence[Prediction], unsaid: Sequence[StringAnswer], threshold: float) -> dict[str, float]:
    """Return what another threshold gives: strings without noise right and accepted, false words an hour of talk."""
    right = sum(each.right and each.confidence >= threshold for each in said) / len(said)
    false = FalseWords.of([replace(each, accepted=each.confidence >= threshold) for each in unsaid])
    return {"threshold": threshold, "right_and_accepted": right, "talk_per_hour": false.per_hour}


def _at_weight(recognizer: StringRecognizer, sets: StringSets, weight: float) -> dict[str, float]:
    """Return what another weight of anything but a word gives, at the same threshold."""
    model = copy.copy(recognizer.model)
    model.facts = replace(model.facts, calibration=replace(model.facts.calibration, other_weight=weight))
    other = StringRecognizer(model)
    report = Evaluator(other).evaluate({name: sets.strings[name] for name in ("an4", "strangers")})
    rates = {f"{condition.name}_word_errors": condition.counts.error_rate for condition in report.conditions}
    return rates | {"talk_per_hour": FalseWords.of(answer_strings(other, sets.talk).strings).per_hour}


def noise_hour(recognizer: StringRecognizer, data: Path, seconds: float) -> Record:
    """Play noises and other words as one long stream and count the words of accepted strings."""
    generator = np.random.default_rng(SEED)
    streams = StringStreams(recognizer)
    number, played, words, accepted = streams.open(RATE), 0, 0, 0
    for _, samples in play(choose_sounds(data, generator), seconds, generator):
        for event in streams.push({number: samples})[number]:
            if isinstance(event, StringEnded) and event.string.accepted:
                accepted, words = accepted + 1, words + len(event.string.words)
        played += len(samples)
    return {"seconds": played / RATE, "accepted": accepted, "words": words, "per_hour": 3600 * words * RATE / played}
