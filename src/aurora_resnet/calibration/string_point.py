r"""The decision of a model of strings: the weight of everything but a word, the temperature, and the least confidence.

They are chosen together on recordings that it was not trained on. For each weight the temperature is the one at which
the confidences :math:`q` say best which strings are right: the mean of :math:`\log q` of the right ones and of
:math:`\log(1 - q)` of the wrong ones is the largest. The threshold is the lowest at which at most so many false words
are accepted in an hour of talk, and at most a share :math:`\alpha` of the accepted strings is wrong, counted as by
conformal methods: :math:`(\text{wrong} + 1) / (\text{accepted} + 1) \le \alpha`. Of all weights it is one at which the
most strings are right and accepted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from tqdm.auto import tqdm

from aurora_resnet.calibration.choice import Choice
from aurora_resnet.calibration.fitting import threshold_of_false_words
from aurora_resnet.calibration.found_strings import Found, Known, find_strings
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.string_answers import StringAnswer
from aurora_resnet.evaluation.strings import WordCounts
from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.models.strings import StringModel

OTHER_WEIGHTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
TEMPERATURES = (0.2, 5.0)
#: False words in an hour of talk, if nothing else is asked for.
FALSE_PER_HOUR = 60.0


@dataclass(frozen=True)
class StringPoint:
    """An operating point, and what it does on the recordings by which it was chosen.

    Attributes:
        other_weight: what the probability of anything but a word is multiplied with.
        threshold: least confidence of a string that is accepted.
        right: strings that are right and accepted.
        strings: of so many.
        errors: of the words of all strings, accepted or not.
        words: of so many.
        false_per_hour: words of accepted strings in an hour of talk.
        hours: of talk.
        temperature: of the posteriors.
        wrong: strings that are wrong and accepted.
    """

    other_weight: float
    threshold: float
    right: int
    strings: int
    errors: int
    words: int
    false_per_hour: float
    hours: float
    temperature: float = 1.0
    wrong: int = 0

    @property
    def calibration(self) -> Calibration:
        """The numbers of the decision, as a checkpoint stores them."""
        return Calibration(self.temperature, self.threshold, other_weight=self.other_weight)

    @classmethod
    def at(
        cls,
        other_weight: float,
        strings: Sequence[StringAnswer],
        talk: Sequence[StringAnswer],
        *,
        false_per_hour: float,
        wrong_share: float | None = None,
        temperature: float = 1.0,
    ) -> StringPoint:
        """Return the point with the lowest threshold that accepts so few false words and wrong strings.

        Args:
            other_weight: with which everything was recognised.
            strings: what was recognised of strings.
            talk: what was recognised in recordings without a word.
            false_per_hour: largest number, 0 or more.
            wrong_share: largest share of wrong ones among the strings that are accepted; any if not given.
            temperature: with which everything was recognised.
        """
        hours = sum(each.seconds for each in talk) / 3600
        confidences, words = [each.confidence for each in talk], [len(each.words) for each in talk]
        threshold, accepted = threshold_of_false_words(confidences, words, hours=hours, per_hour=false_per_hour)
        if wrong_share is not None:
            right = [each.number_right for each in strings]
            threshold = max(threshold, threshold_of_wrong([each.confidence for each in strings], right, wrong_share))
            accepted = sum(count for each, count in zip(confidences, words, strict=True) if each >= threshold)
        counts = sum((each.counts for each in strings), start=WordCounts())
        return cls(
            other_weight=other_weight,
            threshold=min(1.0, threshold),
            right=sum(each.number_right and each.confidence >= threshold for each in strings),
            strings=len(strings),
            errors=counts.errors,
            words=counts.said,
            false_per_hour=accepted / hours if hours else 0.0,
            hours=hours,
            temperature=temperature,
            wrong=sum(not each.number_right and each.confidence >= threshold for each in strings),
        )


def threshold_of_wrong(confidences: Sequence[float], right: Sequence[bool], share: float) -> float:
    """Return the lowest threshold at which ``(wrong + 1) / (accepted + 1)`` is at most a share.

    Where there is none, because the strings are too few or too often wrong, it is the one at which it is the least.

    >>> threshold_of_wrong([0.9, 0.8, 0.7, 0.6], [True, True, True, False], 0.25)
    0.7
    >>> threshold_of_wrong([0.9, 0.8, 0.7, 0.6], [True, True, False, False], 0.25)
    0.8
    """
    ranked = sorted(zip(confidences, right, strict=True), reverse=True)
    found, wrong = [(1.0, 1.0)], 0
    for place, (confidence, is_right) in enumerate(ranked, 1):
        wrong += not is_right
        if place == len(ranked) or ranked[place][0] < confidence:  # those of one confidence together
            found.append((max((wrong + 1) / (place + 1), share), confidence))
    return min(found)[1]


def fit_string_temperature(answers: Sequence[StringAnswer]) -> float:
    """Return the temperature at which the confidences say best which strings are right; 1 where none or all are.

    Args:
        answers: at a temperature of 1.
    """
    right = np.array([each.number_right for each in answers])
    if right.all() or not right.any():
        return 1.0
    confidences = np.array([each.confidence for each in answers])

    def loss(log_temperature: float) -> float:
        sure = confidences ** math.exp(-log_temperature)
        return -float(np.log(np.clip(np.where(right, sure, 1 - sure), 1e-9, None)).mean())

    low, high = map(math.log, TEMPERATURES)
    best: Any = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-2})
    return math.exp(best.x)


def choose_string_point(
    model: StringModel,
    strings: Corpus,
    talk: Corpus,
    *,
    false_per_hour: float,
    wrong_share: float | None = None,
    bar: tqdm[Any] | None = None,
) -> list[StringPoint]:
    """Return the best point of each weight, the best of all first.

    Args:
        model: as trained; its own point is not used.
        strings: recordings of strings by held-out speakers; one with words that are none of the model's is a string
            that must not be accepted.
        talk: held-out recordings without any of the words.
        false_per_hour: false words in an hour of talk, at most.
        wrong_share: largest share of wrong ones among the strings that are accepted; without it nothing is asked of
            them, and the temperature is 1.
        bar: is moved by every recording, at every weight.

    Raises:
        ConfigError: for a number below 0, or a share that is none.
        CorpusError: if there are no strings or no talk, or one cannot be read.
    """
    if not false_per_hour >= 0 or (wrong_share is not None and not 0 < wrong_share < 1):
        raise ConfigError(
            f"false_per_hour must be 0 or more and wrong_share between 0 and 1, got {false_per_hour} and {wrong_share}"
        )
    if not len(strings) or not len(talk):
        raise CorpusError(f"strings and talk are needed, got {len(strings)} and {len(talk)} recordings")
    points, known = [], Known(model)
    for weight in OTHER_WEIGHTS:
        recognizer = known.at(Calibration(threshold=0.0, other_weight=weight))
        found = (find_strings(recognizer, corpus, bar=bar) for corpus in (strings, talk))
        points.append(point_of(known, weight, *found, false_per_hour=false_per_hour, wrong_share=wrong_share))
    return ranked(points)


def point_of(
    known: Known,
    other_weight: float,
    said: Sequence[Found],
    unsaid: Sequence[Found],
    *,
    false_per_hour: float,
    wrong_share: float | None,
) -> StringPoint:
    """Return the point of a weight, of what was found in strings and in talk; arguments as ``choose_string_point``."""
    recognizer, temperature = known.at(Calibration(threshold=0.0, other_weight=other_weight)), 1.0
    if wrong_share is not None:
        temperature = fit_string_temperature([each.answer(recognizer) for each in said])
        recognizer = known.at(Calibration(temperature, 0.0, other_weight=other_weight))
    strings, talk = ([each.answer(recognizer) for each in found] for found in (said, unsaid))
    limits = {"false_per_hour": false_per_hour, "wrong_share": wrong_share}
    return StringPoint.at(other_weight, strings, talk, temperature=temperature, **limits)  # type: ignore[arg-type]


def ranked(points: Sequence[StringPoint]) -> list[StringPoint]:
    """Return points in order, the best one first.

    A string more or less is chance. So of those that have at most one string less than the most, the one with the
    fewest word errors is the best, and then the one with the highest threshold.

    >>> more = StringPoint(0.2, 0.37, right=28, strings=30, errors=2, words=172, false_per_hour=28.4, hours=0.035)
    >>> surer = StringPoint(0.1, 0.47, right=27, strings=30, errors=1, words=172, false_per_hour=28.4, hours=0.035)
    >>> [point.other_weight for point in ranked([more, surer])]
    [0.1, 0.2]
    """
    most = max(point.right for point in points)
    return sorted(
        points, key=lambda point: (min(0, point.right - most + 1), -point.errors, point.threshold), reverse=True
    )


def choose_string_calibration(
    checkpoint: Checkpoint,
    recordings: Mapping[str, Corpus],
    negatives: Mapping[str, Corpus],
    *,
    false_per_hour: float | None = None,
    wrong_share: float | None = None,
    device: str = "cpu",
) -> Choice:
    """Choose the calibration of a checkpoint on corpora, and say what other weights would do there.

    Args:
        checkpoint: of strings.
        recordings: by held-out speakers, by name; those without a word of the model count as talk.
        negatives: recordings without a word of the model, by name.
        false_per_hour: false words in an hour of talk, at most; ``FALSE_PER_HOUR`` if not given.
        wrong_share: as ``choose_string_point``.
        device: where torch computes.

    Raises:
        ConfigError: as ``choose_string_point``.
        CorpusError: if a recording cannot be read, or says a word that the model does not know.
    """
    everything = {**recordings, **negatives}
    if problems := [problem for each in everything.values() for problem in each.problems]:
        raise CorpusError("; ".join(problems[:3]))
    strings = _merged(recordings).filter(lambda utterance: bool(utterance.words))
    talk = _merged(everything).filter(lambda utterance: not set(utterance.words) & set(checkpoint.vocabulary))
    if wrong_share is None and (unknown := checkpoint.vocabulary.unknown(strings.words)):
        raise CorpusError(f"the strings have words that the model does not know: {', '.join(unknown[:20])}")
    most = FALSE_PER_HOUR if false_per_hour is None else false_per_hour
    with progress_bar(total=len(OTHER_WEIGHTS) * (len(strings) + len(talk)), unit="recording", show=True) as bar:
        network = sequence_model(checkpoint, device=device)
        points = choose_string_point(network, strings, talk, false_per_hour=most, wrong_share=wrong_share, bar=bar)
    best = points[0]
    header = [
        "other weight",
        "threshold",
        "strings right and accepted %",
        "word errors %",
        "false words an hour",
        "wrong of accepted",
    ]
    rows = []
    for p in points:
        shares = [percent(p.right / p.strings), percent(p.errors / p.words)]
        wrong = f"{p.wrong} of {p.right + p.wrong}"
        rows.append([f"{p.other_weight:g}", f"{p.threshold:.4g}", *shares, f"{p.false_per_hour:.1f}", wrong])
    return Choice(
        calibration=best.calibration,
        table=markdown_table(header, rows),
        summary=f"other_weight {best.other_weight:g}, temperature {best.temperature:.3g}, "
        f"threshold {best.threshold:.4g}",
        facts=asdict(best),
    )


def _merged(corpora: Mapping[str, Corpus]) -> Corpus:
    first, *rest = corpora.values()
    return first.merge(*rest)
