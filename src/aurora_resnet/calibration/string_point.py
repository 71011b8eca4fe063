"""The decision of a model of strings: the weight of everything but a word, and the least confidence.

Both are chosen together on recordings that it was not trained on: of all pairs that accept at most so many false words
in an hour of talk, one at which the most strings are right and accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tqdm.auto import tqdm

from aurora_resnet.calibration.choice import Choice
from aurora_resnet.calibration.fitting import threshold_of_false_words
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.string_answers import StringAnswer, answer_strings
from aurora_resnet.evaluation.strings import WordCounts
from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.string_model import TorchSequenceModel, TorchWindowModel, sequence_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.strings.recognizer import StringRecognizer

OTHER_WEIGHTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
FALSE_PER_HOUR = 60.0
"""False words in an hour of talk, if nothing else is asked for."""


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
    """

    other_weight: float
    threshold: float
    right: int
    strings: int
    errors: int
    words: int
    false_per_hour: float
    hours: float

    @property
    def calibration(self) -> Calibration:
        """Both numbers, as a checkpoint stores them."""
        return Calibration(threshold=self.threshold, other_weight=self.other_weight)

    @classmethod
    def at(
        cls,
        other_weight: float,
        strings: Sequence[StringAnswer],
        talk: Sequence[StringAnswer],
        *,
        false_per_hour: float,
    ) -> StringPoint:
        """Return the point with the lowest threshold that accepts so few false words.

        Args:
            other_weight: with which everything was recognised.
            strings: what was recognised of strings.
            talk: what was recognised in recordings without a word.
            false_per_hour: largest number, 0 or more.
        """
        hours = sum(each.seconds for each in talk) / 3600
        confidences, words = [each.confidence for each in talk], [len(each.words) for each in talk]
        threshold, accepted = threshold_of_false_words(confidences, words, hours=hours, per_hour=false_per_hour)
        counts = sum((each.counts for each in strings), start=WordCounts())
        return cls(
            other_weight=other_weight,
            threshold=min(1.0, threshold),
            right=sum(each.right and each.confidence >= threshold for each in strings),
            strings=len(strings),
            errors=counts.errors,
            words=counts.said,
            false_per_hour=accepted / hours if hours else 0.0,
            hours=hours,
        )


def choose_string_point(
    model: TorchSequenceModel | TorchWindowModel,
    strings: Corpus,
    talk: Corpus,
    *,
    false_per_hour: float,
    other_weights: Sequence[float] = OTHER_WEIGHTS,
    bar: tqdm[Any] | None = None,
) -> list[StringPoint]:
    """Return the best point of each weight, the best of all first.

    Args:
        model: as trained; its own point is not used.
        strings: recordings of strings by held-out speakers.
        talk: held-out recordings without any of the words.
        false_per_hour: false words in an hour of talk, at most.
        other_weights: to choose from.
        bar: is moved by every recording, at every weight.

    Raises:
        ConfigError: for a number below 0, or no weight.
        CorpusError: if there are no strings or no talk, or one cannot be read.
    """
    if not false_per_hour >= 0 or not other_weights:
        raise ConfigError(f"false_per_hour must be 0 or more and other_weights at least one, got {false_per_hour}")
    if not len(strings) or not len(talk):
        raise CorpusError(f"strings and talk are needed, got {len(strings)} and {len(talk)} recordings")
    points = []
    for weight in other_weights:
        recognizer = StringRecognizer(model.at(other_weight=weight, threshold=0.0))
        said, unsaid = answer_strings(recognizer, strings, bar=bar), answer_strings(recognizer, talk, bar=bar)
        if problems := (*said.problems, *unsaid.problems):
            raise CorpusError("; ".join(problems[:3]))
        points.append(StringPoint.at(weight, said.strings, unsaid.strings, false_per_hour=false_per_hour))
    return ranked(points)


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
    device: str = "cpu",
) -> Choice:
    """Choose the calibration of a checkpoint on corpora, and say what other weights would do there.

    Args:
        checkpoint: of strings.
        recordings: by held-out speakers, by name; those without a word of the model count as talk.
        negatives: recordings without a word of the model, by name.
        false_per_hour: false words in an hour of talk, at most; ``FALSE_PER_HOUR`` if not given.
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
    if unknown := checkpoint.vocabulary.unknown(strings.words):
        raise CorpusError(f"the strings have words that the model does not know: {', '.join(unknown[:20])}")
    most = FALSE_PER_HOUR if false_per_hour is None else false_per_hour
    with progress_bar(total=len(OTHER_WEIGHTS) * (len(strings) + len(talk)), unit="recording", show=True) as bar:
        network = sequence_model(checkpoint, device=device)
        points = choose_string_point(network, strings, talk, false_per_hour=most, bar=bar)
    best = points[0]
    header = ["other weight", "threshold", "strings right and accepted %", "word errors %", "false words an hour"]
    rows = []
    for p in points:
        shares = [percent(p.right / p.strings), percent(p.errors / p.words)]
        rows.append([f"{p.other_weight:g}", f"{p.threshold:.4g}", *shares, f"{p.false_per_hour:.1f}"])
    return Choice(
        calibration=best.calibration,
        table=markdown_table(header, rows),
        summary=f"other_weight {best.other_weight:g}, threshold {best.threshold:.4g}",
        facts=asdict(best),
    )


def _merged(corpora: Mapping[str, Corpus]) -> Corpus:
    first, *rest = corpora.values()
    return first.merge(*rest)
