"""The decision of a model of words: its temperature and its threshold, on recordings that it was not trained on."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial

from aurora_resnet.calibration.choice import Choice
from aurora_resnet.calibration.fitting import fit_temperature, highest_threshold, lowest_threshold
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.evaluation.answering import WordAnswering, answer_all
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.rejection_report import RejectionReport, Share
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.progress import progress_bar
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.decision import Calibration, audible, evidence
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.models import ScoringModel

#: Of the words refused: the operating points that are stored with a model, and a table of what each would do.
SHARES = (0.01, 0.025, 0.05)


def calibrate(
    model: RecognizerModel | Checkpoint | ScoringModel,
    words: ClipSet,
    *,
    negatives: ClipSet | None = None,
    words_refused: float | None = None,
    negatives_accepted: float | None = None,
) -> Calibration:
    """Return the calibration of a model from recordings that it was not trained on.

    Args:
        model: as trained; a calibration that it has is not used.
        words: recordings of words of the vocabulary, by held-out speakers. Silent ones are
            passed over: they are refused whatever the threshold is.
        negatives: recordings of anything else: other words, noise. Needed for ``negatives_accepted``.
        words_refused: operating point: the largest share of ``words`` that the threshold refuses, 0 to below 1.
        negatives_accepted: operating point: the largest share of ``negatives`` that the threshold accepts, 0 to 1. With
            neither of the two there is no threshold, as for a network that was trained without negatives.

    Raises:
        ConfigError: for both operating points, one outside its range, no recordings, or ``negatives_accepted`` without
            negatives.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> checkpoint = load_checkpoint("compact")
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), checkpoint.model.config)
    >>> calibrate(checkpoint, clips, words_refused=0.05).rejects
    True
    """
    scoring = scoring_model(model)
    return fit_calibration(
        Answers.of(scoring, words),
        None if negatives is None or not len(negatives) else Answers.of(scoring, negatives),
        words_refused=words_refused,
        negatives_accepted=negatives_accepted,
    )


def fit_calibration(
    words: Answers,
    negatives: Answers | None = None,
    *,
    words_refused: float | None = None,
    negatives_accepted: float | None = None,
) -> Calibration:
    """Return the calibration for answers that a model gave already; arguments and errors as ``calibrate``.

    >>> import numpy as np
    >>> def answers(logits: list[list[float]], labels: list[int]) -> Answers:
    ...     return Answers((), np.array(labels), np.array(logits), np.full((len(labels), 1), 0.5), Calibration())
    >>> words = answers([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 2.0]], [0, 0, 1, 0])
    >>> negatives = answers([[0.0, 0.0]] * 4, [2] * 4)  # whose evidence is log(2)
    >>> fit_calibration(words, negatives, negatives_accepted=0.0).threshold  # just above
    0.69314718...
    """
    if words_refused is not None and negatives_accepted is not None:
        raise ConfigError("an operating point is words_refused or negatives_accepted, got both")
    # Silence is refused whatever the threshold is, so it says nothing about where to put it.
    loud = audible(words.peaks)
    logits = words.logits[loud]
    temperature = fit_temperature(logits, words.labels[loud])
    threshold: float | None = None
    if words_refused is not None:
        threshold = highest_threshold(evidence(logits), refused=words_refused)
    elif negatives_accepted is not None:
        if negatives is None:
            raise ConfigError("negatives_accepted needs recordings of negatives, got none")
        not_words = negatives.logits[audible(negatives.peaks)]
        threshold = lowest_threshold(evidence(not_words), accepted=negatives_accepted)
    found = evidence(logits)
    points = () if threshold is None else tuple((share, highest_threshold(found, refused=share)) for share in SHARES)
    return Calibration(temperature, threshold, points=points)


def choose_word_point(
    checkpoint: Checkpoint,
    words: Mapping[str, Corpus],
    negatives: Mapping[str, Corpus],
    *,
    words_refused: float | None = None,
    negatives_accepted: float | None = None,
    device: str = "cpu",
) -> Choice:
    """Choose the calibration of a checkpoint on corpora, and say what it and other thresholds do there.

    Args:
        checkpoint: of single words.
        words: isolated words by held-out speakers, by name.
        negatives: recordings of anything else, by name.
        words_refused: as in ``calibrate``.
        negatives_accepted: as in ``calibrate``.
        device: where torch computes.

    Raises:
        ConfigError: as ``calibrate``.
        CorpusError: if no recording of the words can be read, or one says what it should not.
    """
    asked = {"words_refused": words_refused, "negatives_accepted": negatives_accepted}
    task = WordAnswering(scoring_model(checkpoint, device=device))
    corpora = {**words, **negatives}
    with progress_bar(total=sum(map(len, corpora.values())), unit="clip", show=True) as bar:
        said, unread = answer_all(partial(task.answer, bar=bar), words, bar)
        unsaid, more = answer_all(partial(task.answer, bar=bar, negatives=True), negatives, bar)
    if not said:
        raise CorpusError(f"no recording of the words could be read: {'; '.join(unread[:3])}")
    pooled, rest = Answers.pool(list(said.values())), Answers.pool(list(unsaid.values())) if unsaid else None
    point = fit_calibration(pooled, rest, **asked)
    refused, accepted = _shares(point, pooled, rest)
    shown = f"threshold {_shown(point)}: {_percent(refused)} % of the words refused"
    if unsaid:
        at_point = [{n: replace(each, calibration=point) for n, each in part.items()} for part in (said, unsaid)]
        shown = RejectionReport.count("", *at_point).to_markdown()
    problems = [problem for each in corpora.values() for problem in each.problems]
    problems += [*unread, *more, *(p for each in (*said.values(), *unsaid.values()) for p in each.problems)]
    return Choice(
        calibration=point,
        table=f"{_table(pooled, rest)}\n\n{shown}",
        summary=f"temperature {point.temperature:.4g}, threshold {_shown(point)}",
        facts={
            "asked": {name: share for name, share in asked.items() if share is not None},
            "words_refused": asdict(refused),
            "negatives_accepted": None if accepted is None else asdict(accepted),
        },
        problems=tuple(dict.fromkeys(problems)),
    )


def _shares(point: Calibration, words: Answers, negatives: Answers | None) -> tuple[Share, Share | None]:
    """Return the share of the words that a calibration refuses, and that of the negatives that it accepts."""
    refused = Share.of(~replace(words, calibration=point).accepted, words.speakers)
    if negatives is None:
        return refused, None
    return refused, Share.of(replace(negatives, calibration=point).accepted, negatives.speakers)


def _table(words: Answers, negatives: Answers | None) -> str:
    """Return what refusing so many words would accept of the negatives."""
    rows = []
    for share in SHARES:
        point = fit_calibration(words, negatives, words_refused=share)
        refused, accepted = _shares(point, words, negatives)
        rows.append([f"{100 * share:g}", _shown(point), percent(refused.share), _percent(accepted)])
    header = ["words to refuse %", "threshold", "words refused %", "negatives accepted % [95 % interval]"]
    return markdown_table(header, rows)


def _percent(share: Share | None) -> str:
    return MISSING if share is None else percent_with_interval(share.share, share.interval)


def _shown(point: Calibration) -> str:
    return "none" if point.threshold is None else f"{point.threshold:.4g}"
