r"""What a training makes smaller: cross-entropy, with a class for negatives, and the distance from a teacher.

"None of the words" is a further class whose logit is 0, so the evidence for a word is the log of the sum of the
exponentials of the ``K`` logits. A softmax over ``K + 1`` free logits can say no more, since it does not change when a
constant is added to all of them.

With a teacher's and a student's softmaxes :math:`p_\tau`, :math:`q_\tau` of their logits over :math:`\tau` (Hinton,
Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015)

.. math::

    L = (1 - w) \, \mathrm{CE} + w \, \tau^2 \, \mathrm{KL}(p_\tau \,\|\, q_\tau).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.training.config import Distillation


def with_negative_class(logits: Tensor) -> Tensor:
    """Append the class "none of the words", whose logit is 0: ``[B, K] -> [B, K + 1]``.

    >>> import torch
    >>> with_negative_class(torch.ones(1, 2)).tolist()
    [[1.0, 1.0, 0.0]]
    """
    return F.pad(logits, (0, 1))


def distillation_loss(
    logits: Tensor, labels: Tensor, taught: Tensor, distillation: Distillation, *, label_smoothing: float = 0.0
) -> Tensor:
    """Return the mean loss of a batch with a teacher.

    Args:
        logits: the student's, ``[B, K]``.
        labels: ``[B]``.
        taught: the teacher's logits ``[B, K]``.
        distillation: weight and temperature of the teacher's answers.
        label_smoothing: of the cross-entropy, 0 to 1.

    >>> import torch
    >>> z = torch.tensor([[2.0, 0.0]])
    >>> alone = distillation_loss(z, torch.tensor([0]), z, Distillation(weight=0.5))  # nothing to learn from itself
    >>> bool(torch.isclose(alone, 0.5 * F.cross_entropy(z, torch.tensor([0]))))
    True
    """
    answer, lesson = (F.log_softmax(z / distillation.temperature, dim=1) for z in (logits, taught))
    divergence = F.kl_div(answer, lesson, reduction="batchmean", log_target=True)
    hard = F.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return (1 - distillation.weight) * hard + distillation.weight * distillation.temperature**2 * divergence
