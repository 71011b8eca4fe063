r"""The decision: which word, how sure, and whether a word of the vocabulary was spoken at all. It is made here alone.

A network gives a logit for each of the ``K`` words; "none of the words" is a further class whose logit is fixed at 0.
With the logits :math:`z`

.. math::

    P(k \mid \text{a word}) = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}, \qquad
    E(z) = \log \sum_k e^{z_k} = \log \frac{P(\text{a word})}{P(\text{none})}

The temperature ``T`` makes the first a calibrated confidence (Guo et al., *On Calibration of Modern Neural Networks*,
2017); it never changes the order of the words. A clip is accepted when it is audible and ``E(z) >= threshold``. Both
numbers belong to the weights that they were chosen for: without a threshold it is unknown whether a clip is a word, and
then the answer is ``None``, for all but silence.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeGuard

import numpy as np
import numpy.typing as npt

from .errors import ConfigError

Array = npt.NDArray[np.float64]

#: One step of 16-bit audio: where no sample goes beyond it there is nothing but zeros and dither.
AUDIBLE = 2.0**-15

#: Least confidence of a word that is accepted in a clipped recording. Of 463 digits of held-out speakers, overdriven by
#: 20 dB, `compact` accepts 17 in 100 wrongly without it and 3 with it; of those as they are it changes none.
SURE_IF_CLIPPED = 0.9

#: Least probability of other speech between or beside the words of a string that is told as the reason.
OTHER_WORDS = 0.5

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 1e-3, 1e3
LARGEST_THRESHOLD = 1e4
LARGEST_OTHER_WEIGHT = 1e6

#: What commands and pages say of ``accepted``.
VERDICTS: dict[bool | None, str] = {True: "accepted", False: "rejected", None: "not calibrated"}


Reason = Literal["silence", "no words", "other words", "unsure", "no such string", "not calibrated"]


@dataclass(frozen=True)
class StringDecision:
    """From the probabilities of a model of strings to what is searched, and from a confidence to a decision.

    Attributes:
        other_weight: what the probability of anything but a word is multiplied with before the search: above 1, fewer
            words are recognised where none was said.
        threshold: least confidence of a string that is accepted, 0 to 1; ``None`` as long as none was chosen.
        temperature: see ``confidence``.
    """

    other_weight: float = 1.0
    threshold: float | None = None
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not LOWEST_TEMPERATURE <= self.temperature <= HIGHEST_TEMPERATURE:
            raise ConfigError(
                f"temperature must lie from {LOWEST_TEMPERATURE:g} to {HIGHEST_TEMPERATURE:g}, got {self.temperature}"
            )
        if not 1 / LARGEST_OTHER_WEIGHT <= self.other_weight <= LARGEST_OTHER_WEIGHT:
            raise ConfigError(f"other_weight must lie from 1e-6 to 1e6, got {self.other_weight}")
        if not 0 <= (self.threshold or 0) <= 1:
            raise ConfigError(f"the threshold of a model of strings must lie from 0 to 1, got {self.threshold}")

    def weighted(self, probabilities: npt.ArrayLike, words: int) -> Array:
        """Return probabilities ``[..., K + 2]`` of ``K`` words in which those behind them have ``other_weight``.

        >>> StringDecision(other_weight=3.0).weighted([0.25, 0.25, 0.25, 0.25], words=2).tolist()
        [0.125, 0.125, 0.375, 0.375]
        """
        changed = np.array(probabilities, dtype=np.float64)
        changed[..., words:] *= self.other_weight
        shares: Array = changed / changed.sum(axis=-1, keepdims=True)
        return shares

    def confidence(self, probability: float, complete: float, words: int) -> float:
        r"""Return how sure a string is as a whole, 0 to 1.

        .. math:: (p \, c)^{1 / (T \sqrt{n})}

        where a string of :math:`n` words has the posterior :math:`p`, nothing else was said with the probability
        :math:`c`, and :math:`T` is the temperature. A longer string has more rivals, and is hardly wrong more often for
        that: the log loss of 259 strings by held-out speakers is 0.32, without the root 0.37, each at its best
        temperature. With :math:`n` for its root it is 0.30, but then one threshold refuses a fifth of single digits.

        >>> StringDecision().confidence(0.25, 1.0, 4)
        0.5
        """
        return float(min(1.0, probability * complete) ** (1 / (self.temperature * math.sqrt(max(words, 1)))))

    def accepts(self, confidence: float, complete: float = 1.0) -> tuple[bool | None, Reason | None]:
        """Return whether a string is accepted, and if not, why not.

        Args:
            confidence: of the string.
            complete: probability that nothing but its words was said with it.

        >>> StringDecision(threshold=0.5).accepts(0.9), StringDecision(threshold=0.5).accepts(0.1, complete=0.1)
        ((True, None), (False, 'other words'))
        """
        if self.threshold is None:
            return None, "not calibrated"
        if confidence >= self.threshold:
            return True, None
        return False, "other words" if 1 - complete >= OTHER_WORDS else "unsure"


@dataclass(frozen=True)
class Calibration:
    """The numbers of both decisions, as every checkpoint and exported model stores them; itself that of words.

    Attributes:
        temperature: divides the logits before the softmax, 0.001 to 1000.
        threshold: least evidence for a word that is accepted. ``None`` as long as none was chosen for the weights: the
            model is not calibrated, and accepts nothing.
        other_weight: see ``StringDecision``; 1 for a model of single words.
        points: of words, the thresholds that refuse given shares of what held-out speakers say: shares, above 0 and
            below 1, and thresholds.

    >>> Calibration(1.5, 2.0, points=((0.01, 1.5), (0.05, 2.5))).to_dict()
    {'temperature': 1.5, 'threshold': 2.0, 'points': [[0.01, 1.5], [0.05, 2.5]]}
    """

    temperature: float = 1.0
    threshold: float | None = None
    other_weight: float = field(default=1.0, repr=False, kw_only=True)
    points: tuple[tuple[float, float], ...] = field(default=(), repr=False, kw_only=True)

    def __post_init__(self) -> None:
        StringDecision(self.other_weight, temperature=self.temperature)
        for threshold in (self.threshold, *(threshold for _, threshold in self.points)):
            if threshold is not None and not abs(threshold) <= LARGEST_THRESHOLD:
                raise ConfigError(f"threshold must be None or within +-{LARGEST_THRESHOLD:g}, got {threshold}")
        if wrong := [share for share, _ in self.points if not 0 < share < 1]:
            raise ConfigError(f"an operating point refuses a share above 0 and below 1, got {wrong[0]}")

    @property
    def rejects(self) -> bool:
        """Whether there is a threshold, so that what is none of the words can be rejected."""
        return self.threshold is not None

    def probabilities(self, logits: npt.ArrayLike) -> Array:
        """Return the calibrated probability of each word, given that it is one of them, ``[..., K] -> [..., K]``.

        >>> Calibration(2.0).probabilities([[0.0, 2 * np.log(3)]]).round(3).tolist()
        [[0.25, 0.75]]
        """
        scaled = np.asarray(logits, dtype=np.float64) / self.temperature
        exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
        shares: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return shares

    def accepts(self, logits: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether the evidence for a word reaches the threshold, ``[..., K] -> [...]``; never without one."""
        found = evidence(logits)
        return np.zeros(found.shape, np.bool_) if self.threshold is None else found >= self.threshold

    def decide(
        self, logits: npt.ArrayLike, clips: npt.NDArray[np.float32], *, clipped: npt.ArrayLike = False
    ) -> tuple[Array, list[bool | None]]:
        """Return probabilities ``[n, K]`` of clips ``[n, N]`` with logits ``[n, K]``, and whether each is accepted.

        Args:
            logits: of a network.
            clips: its input.
            clipped: whether each recording was cut off at its peaks, ``[n]``; its word must be sure to be accepted.

        >>> probabilities, accepted = Calibration(threshold=0.0).decide([[9.0, 1.0]] * 2, np.array([[0.0], [0.5]]))
        >>> probabilities.argmax(1).tolist(), accepted
        ([0, 0], [False, True])
        >>> Calibration().decide([[9.0, 1.0]] * 2, np.array([[0.0], [0.5]]))[1]
        [False, None]
        """
        probabilities, loud = self.probabilities(logits), audible(clips)
        sure = ~np.asarray(clipped) | (probabilities.max(axis=-1) >= SURE_IF_CLIPPED)
        accepted: list[bool | None] = (loud & self.accepts(logits) & sure).tolist()
        return probabilities, accepted if self.rejects else [None if it else False for it in loud.tolist()]

    def at(self, refused: float) -> Self:
        """Return the same at the threshold that refuses a share of what held-out speakers say.

        Args:
            refused: one of those in ``points``.

        Raises:
            ConfigError: for any other share.

        >>> Calibration(1.5, 2.0, points=((0.01, 1.5), (0.05, 2.5))).at(0.01).threshold
        1.5
        """
        for share, threshold in self.points:
            if abs(share - refused) < 1e-9:
                return replace(self, threshold=threshold)
        known = ", ".join(f"{share:g}" for share, _ in self.points)
        raise ConfigError(
            f"refused must be one of the shares that are stored with the model ({known}), got {refused:g}"
            if known
            else "no operating points are stored with this model, so refused cannot be used; calibrate it again"
        )

    @property
    def strings(self) -> StringDecision:
        """The decision of a model of strings.

        Raises:
            ConfigError: if the threshold is no confidence.
        """
        return StringDecision(self.other_weight, self.threshold, self.temperature)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        weight = {} if self.other_weight == 1.0 else {"other_weight": self.other_weight}
        points = {"points": [list(point) for point in self.points]} if self.points else {}
        return {"temperature": self.temperature, "threshold": self.threshold, **weight, **points}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: if it is anything else, or a value is out of its range.

        >>> Calibration.from_dict({"temperature": 1.5, "threshold": None})
        Calibration(temperature=1.5, threshold=None)
        """
        keys = {"temperature", "threshold"}
        whole = isinstance(values, Mapping) and set(values) - {"other_weight", "points"} == keys
        numbers = {key: value for key, value in values.items() if key != "points"} if whole else {}
        points = values.get("points", []) if whole else []
        if (
            not whole
            or not all(is_number(v) or (v is None and key == "threshold") for key, v in numbers.items())
            or not isinstance(points, list)
            or not all(isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in points)
        ):
            raise ConfigError(f"a calibration is stored as numbers temperature and threshold, got {str(values)[:80]}")
        return cls(**numbers, points=tuple((share, threshold) for share, threshold in points))


def evidence(logits: npt.ArrayLike) -> Array:
    """Return the log-odds of a word against none of the words, ``[..., K] -> [...]``.

    >>> np.exp(evidence(np.zeros((2, 11)))).round(6).tolist()  # eleven classes against one
    [11.0, 11.0]
    """
    exact = np.asarray(logits, dtype=np.float64)
    largest = exact.max(axis=-1)
    found: Array = largest + np.log(np.exp(exact - largest[..., None]).sum(axis=-1))
    return found


def log_probabilities(logits: npt.ArrayLike) -> Array:
    """Return the logarithm of each word's probability among the words and none of them, ``[..., K] -> [..., K]``.

    >>> np.exp(log_probabilities([0.0, 0.0])).round(3).tolist()  # as likely as each other and as no word
    [0.333, 0.333]
    """
    exact = np.asarray(logits, dtype=np.float64)
    found: Array = exact - np.logaddexp(0.0, evidence(exact))[..., None]
    return found


def audible(clips: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether a sample goes beyond one step of 16-bit audio, ``[..., N] -> [...]``."""
    loud: npt.NDArray[np.bool_] = np.abs(np.asarray(clips)).max(axis=-1) > AUDIBLE
    return loud


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value that was read from JSON is a number; ``true`` and ``false`` are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
