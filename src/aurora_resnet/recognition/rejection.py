r"""When a recogniser's word can be believed: calibrated confidence, and the evidence that there is a digit at all.

A network gives a logit for each of the ``K`` words; ``no digit`` is a further class whose logit is fixed at 0. With
the logits :math:`z`

.. math::

    P(k \mid \text{a digit}) = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}, \qquad
    E(z) = \log \sum_k e^{z_k} = \log \frac{P(\text{a digit})}{P(\text{no digit})}

The temperature ``T`` makes the first a confidence that comes true (Guo et al., *On Calibration of Modern Neural
Networks*, 2017); it never changes the order of the words. A recording is accepted when ``E(z) >= threshold``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.runtime.errors import CheckpointError, ConfigError

_KEY = "calibration"
_TEMPERATURES = (1e-3, 1e3)


@dataclass(frozen=True)
class Calibration:
    """What turns a network's logits into a confidence and a decision; kept in the ``info`` of its checkpoint.

    Attributes:
        temperature: divides the logits before the softmax, above 0.
        threshold: least evidence for a digit that is accepted; ``None`` for a network that never learnt what is no
            digit.

    >>> Calibration(1.5, 2.0).to_info()
    {'calibration': {'temperature': 1.5, 'threshold': 2.0}}
    """

    temperature: float = 1.0
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ConfigError(f"temperature must be a finite number above 0, got {self.temperature}")
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise ConfigError(f"threshold must be a finite number or None, got {self.threshold}")

    @classmethod
    def from_info(cls, info: Mapping[str, Any], source: str) -> Self:
        """Read it from a checkpoint's ``info``; a checkpoint without one has temperature 1 and no threshold.

        Args:
            info: plain values.
            source: what the error names, such as the file.

        Raises:
            CheckpointError: if the values are damaged.

        >>> Calibration.from_info({"epoch": 3}, "cnn.safetensors")
        Calibration(temperature=1.0, threshold=None)
        """
        if _KEY not in info:
            return cls()
        try:
            return from_mapping(cls, info[_KEY], f"calibration in {source}")
        except ConfigError as error:
            raise CheckpointError(f"{error}; copy the file or calibrate the model again") from error

    def to_info(self) -> dict[str, Any]:
        """Return what ``from_info`` reads, to be merged into a checkpoint's ``info``."""
        return {_KEY: to_mapping(self)}


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold does to held-out recordings.

    Attributes:
        threshold: least evidence that is accepted.
        digits_rejected: share of the digits that are rejected, 0 to 1.
        others_accepted: share of all else that is accepted, 0 to 1.
    """

    threshold: float
    digits_rejected: float
    others_accepted: float


def digit_evidence(logits: Tensor) -> Tensor:
    """Return the log-odds of a digit against no digit, ``[..., K] -> [...]``, in float64.

    >>> digit_evidence(torch.zeros(2, 11)).exp()  # eleven classes against one
    tensor([11.0000, 11.0000], dtype=torch.float64)
    """
    return logits.double().logsumexp(-1)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature from 0.001 to 1000 at which the labels are most likely.

    The mean negative log-likelihood is a smooth function of one number with one minimum: it is convex in ``1 / T``.

    Args:
        logits: of recordings that the network was not trained on, ``[n, K]``.
        labels: their true classes, ``[n]``.

    Raises:
        ConfigError: for other shapes, no recordings, or logits that are not finite.

    Source: Guo et al., 2017, section 4.2.

    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])  # sure at 88 %, right at 75 %
    >>> round(fit_temperature(logits, torch.tensor([0, 0, 0, 1])), 3)  # 2 / log(3)
    1.82
    """
    if logits.dim() != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ConfigError(
            f"fit_temperature takes logits [n, K] and labels [n], n >= 1, got {list(logits.shape)}"
            f" and {list(labels.shape)}"
        )
    exact, labels = logits.detach().double().cpu(), labels.detach().long().cpu()
    if not torch.isfinite(exact).all():
        raise ConfigError("fit_temperature: some logits are NaN or infinite; the network is broken")

    def loss(log_temperature: float) -> float:
        return nn.functional.cross_entropy(exact / math.exp(log_temperature), labels).item()

    low, high = (math.log(t) for t in _TEMPERATURES)
    best: Any = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    return math.exp(best.x)


def choose_threshold(digits: npt.ArrayLike, others: npt.ArrayLike, *, digits_rejected: float) -> OperatingPoint:
    """Return the highest threshold that rejects at most a given share of digits, and what it does.

    Counted, not interpolated: of ``n`` digits at most ``k`` may be rejected, ``k / n`` being the largest such share
    within the bound, so the threshold is the evidence of digit ``k + 1`` from below. Equal evidences stand together.

    Args:
        digits: evidence of held-out recordings of digits, ``[n]``.
        others: evidence of held-out recordings of anything else, ``[m]``; they do not move the threshold.
        digits_rejected: largest share of the digits to reject, at least 0 and below 1.

    Raises:
        ConfigError: for a share outside its range, or no or unusable evidences.

    >>> choose_threshold([3.0, 1.0, 4.0, 2.0], [0.5, 2.5], digits_rejected=0.25)
    OperatingPoint(threshold=2.0, digits_rejected=0.25, others_accepted=0.5)
    """
    if not 0 <= digits_rejected < 1:
        raise ConfigError(f"digits_rejected must lie from 0 to below 1, got {digits_rejected}")
    ordered = np.sort(_evidences(digits, "digits"))
    # A quotient is compared with the share, not a product with a count: 0.29 * 100 is below 29.
    allowed = int(np.count_nonzero(np.arange(1, len(ordered)) / len(ordered) <= digits_rejected))
    return measure_threshold(float(ordered[allowed]), digits, others)


def measure_threshold(threshold: float, digits: npt.ArrayLike, others: npt.ArrayLike) -> OperatingPoint:
    """Count what a threshold rejects and accepts, on recordings that had no part in choosing it.

    Args:
        threshold: least evidence that is accepted.
        digits: evidence of recordings of digits, ``[n]``.
        others: evidence of recordings of anything else, ``[m]``.

    Raises:
        ConfigError: for no or unusable evidences.

    >>> measure_threshold(2.0, [1.0, 2.0], [1.9])
    OperatingPoint(threshold=2.0, digits_rejected=0.5, others_accepted=0.0)
    """
    rejected = np.mean(_evidences(digits, "digits") < threshold)
    accepted = np.mean(_evidences(others, "others") >= threshold)
    return OperatingPoint(threshold, float(rejected), float(accepted))


def _evidences(values: npt.ArrayLike, what: str) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ConfigError(f"{what}: expected finite evidences [n], n >= 1, got shape {array.shape}")
    return array
