"""Fitting what belongs to a trained network: its temperature and its threshold, on recordings it was not trained on.

The temperature is the one at which the true words are most likely (Guo et al., *On Calibration of Modern Neural
Networks*, 2017). The threshold is an operating point: so many words refused at most, or so many negatives accepted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.decision import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, Calibration, audible, evidence
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.scoring import clip_scores, scoring_model

Scores = tuple[npt.ArrayLike, npt.ArrayLike]


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
        words: recordings of words of the vocabulary, by speakers that the training did not hear. Silent ones are
            passed over: they are refused whatever the threshold is.
        negatives: recordings of anything else: other words, noise. Needed for ``negatives_accepted``.
        words_refused: operating point: the largest share of ``words`` that the threshold refuses, 0 to below 1.
        negatives_accepted: operating point: the largest share of ``negatives`` that the threshold accepts, 0 to 1. With
            neither of the two there is no threshold, as for a network that never learnt negatives.

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
    heard = clip_scores(scoring, words)
    not_words = None if negatives is None or not len(negatives) else clip_scores(scoring, negatives)
    return fit_calibration(
        heard,
        words.labels.numpy(),
        negatives=not_words,
        words_refused=words_refused,
        negatives_accepted=negatives_accepted,
    )


def fit_calibration(
    words: Scores,
    labels: npt.ArrayLike,
    *,
    negatives: Scores | None = None,
    words_refused: float | None = None,
    negatives_accepted: float | None = None,
) -> Calibration:
    """Return the calibration for scores that a model gave already; see ``calibrate``.

    Args:
        words: logits ``[n, K]`` and peaks ``[n, 1]`` of words, from ``clip_scores``.
        labels: their true classes, ``[n]``.
        negatives: the same of negatives.
        words_refused: as in ``calibrate``.
        negatives_accepted: as in ``calibrate``.

    Raises:
        ConfigError: as ``calibrate``.

    >>> loud = np.full((4, 1), 0.5)
    >>> words = np.array([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 2.0]]), loud
    >>> negatives = np.zeros((4, 2)), loud  # whose evidence is log(2)
    >>> fit_calibration(words, [0, 0, 1, 0], negatives=negatives, negatives_accepted=0.0).threshold > math.log(2)
    True
    """
    if words_refused is not None and negatives_accepted is not None:
        raise ConfigError("an operating point is words_refused or negatives_accepted, got both")
    # Silence is refused whatever the threshold is, so it tells nothing of where to put it.
    logits, heard = np.asarray(words[0]), audible(words[1])
    temperature = fit_temperature(logits[heard], np.asarray(labels)[heard])
    threshold: float | None = None
    if words_refused is not None:
        threshold = highest_threshold(evidence(logits[heard]), refused=words_refused)
    elif negatives_accepted is not None:
        if negatives is None:
            raise ConfigError("negatives_accepted needs recordings of negatives, got none")
        not_words = np.asarray(negatives[0])[audible(negatives[1])]
        threshold = lowest_threshold(evidence(not_words), accepted=negatives_accepted)
    return Calibration(temperature, threshold)


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the temperature from 0.001 to 1000 at which the labels are most likely.

    The mean negative log-likelihood is a smooth function of one number with one minimum: it is convex in ``1 / T``.

    Args:
        logits: of recordings that the network was not trained on, ``[n, K]``.
        labels: their true classes, ``[n]``.

    Raises:
        ConfigError: for other shapes, no recordings, or logits that are not finite.

    Source: Guo et al., 2017, section 4.2.

    >>> logits = [[2.0, 0.0]] * 4  # sure at 88 %, right at 75 %
    >>> round(fit_temperature(logits, [0, 0, 0, 1]), 3)  # 2 / log(3)
    1.82
    """
    exact, classes = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if exact.ndim != 2 or classes.shape != exact.shape[:1] or len(classes) == 0:
        raise ConfigError(
            f"fit_temperature takes logits [n, K] and labels [n], n >= 1, got {list(exact.shape)}"
            f" and {list(classes.shape)}"
        )
    if not np.isfinite(exact).all():
        raise ConfigError("fit_temperature: some logits are NaN or infinite; the network is broken")
    rows = np.arange(len(classes))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(exact / math.exp(log_temperature), axis=1)[rows, classes].mean())

    bounds = (math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE))
    best: Any = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    return math.exp(best.x)


def highest_threshold(words: npt.ArrayLike, *, refused: float) -> float:
    """Return the highest threshold that refuses at most a given share of words.

    Counted, not interpolated: of ``n`` words at most ``k`` may be refused, ``k / n`` being the largest such share
    within the bound, so the threshold is the evidence of word ``k + 1`` from below. Equal evidences stand together.

    Args:
        words: evidence of held-out recordings of words, ``[n]``.
        refused: largest share to refuse, at least 0 and below 1.

    Raises:
        ConfigError: for a share outside its range, or no or unusable evidences.

    >>> highest_threshold([3.0, 1.0, 4.0, 2.0], refused=0.25)
    2.0
    """
    if not 0 <= refused < 1:
        raise ConfigError(f"words_refused must lie from 0 to below 1, got {refused}")
    ordered = np.sort(_evidences(words, "words"))
    # A quotient is compared with the share, not a product with a count: 0.29 * 100 is below 29.
    allowed = int(np.count_nonzero(np.arange(1, len(ordered)) / len(ordered) <= refused))
    return float(ordered[allowed])


def lowest_threshold(negatives: npt.ArrayLike, *, accepted: float) -> float:
    """Return the lowest threshold that accepts at most a given share of negatives; counted as ``highest_threshold``.

    Args:
        negatives: evidence of held-out recordings of anything else, ``[m]``.
        accepted: largest share to accept, 0 to 1.

    Raises:
        ConfigError: for a share outside its range, or no or unusable evidences.

    >>> lowest_threshold([1.0, 2.0, 3.0, 4.0], accepted=0.25) > 3.0
    True
    """
    if not 0 <= accepted <= 1:
        raise ConfigError(f"negatives_accepted must lie from 0 to 1, got {accepted}")
    ordered = np.sort(_evidences(negatives, "negatives"))[::-1]
    allowed = int(np.count_nonzero(np.arange(1, len(ordered) + 1) / len(ordered) <= accepted))
    if allowed == len(ordered):
        return float(ordered[-1])
    return math.nextafter(float(ordered[allowed]), math.inf)


def _evidences(values: npt.ArrayLike, what: str) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ConfigError(f"{what}: expected finite evidences [n], n >= 1, got shape {array.shape}")
    return array
