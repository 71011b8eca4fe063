r"""The objective of single words: cross-entropy, with a class for negatives, and the distance from a teacher.

"None of the words" is a further class whose logit is 0, so the evidence for a word is the log of the sum of the
exponentials of the ``K`` logits. A softmax over ``K + 1`` free logits can say no more, since it does not change when a
constant is added to all of them.

With a teacher's and a student's softmaxes :math:`p_\tau`, :math:`q_\tau` of their logits over :math:`\tau` (Hinton,
Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015)

.. math::

    L = (1 - w) \, \mathrm{CE} + w \, \tau^2 \, \mathrm{KL}(p_\tau \,\|\, q_\tau).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, TrainingError
from aurora_resnet.training.config import Distillation
from aurora_resnet.training.objective import Learner


def with_negative_class(logits: Tensor) -> Tensor:
    """Append the class "none of the words", whose logit is 0: ``[B, K] -> [B, K + 1]``.

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

    >>> z = torch.tensor([[2.0, 0.0]])
    >>> alone = distillation_loss(z, torch.tensor([0]), z, Distillation(weight=0.5))  # nothing to learn from itself
    >>> bool(torch.isclose(alone, 0.5 * F.cross_entropy(z, torch.tensor([0]))))
    True
    """
    answer, lesson = (F.log_softmax(z / distillation.temperature, dim=1) for z in (logits, taught))
    divergence = F.kl_div(answer, lesson, reduction="batchmean", log_target=True)
    hard = F.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return (1 - distillation.weight) * hard + distillation.weight * distillation.temperature**2 * divergence


class WordObjective:
    """Learn single words; the objective of a ``Trainer`` that is given none.

    Args:
        teacher: what to learn from as ``config.distillation`` says: waveforms in, logits of the same words out.
    """

    def __init__(self, teacher: nn.Module | None = None) -> None:
        self.teacher = teacher

    def begin(self, learner: Learner) -> None:
        """Move the teacher to the device; without ``config.distillation`` there is none."""
        if (self.teacher is None) != (learner.config.distillation is None):
            raise ConfigError("distillation needs both a teacher and TrainingConfig.distillation; one is missing")
        if self.teacher is not None:
            self.teacher = self.teacher.eval().to(learner.device)

    def __call__(
        self, learner: Learner, waveforms: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return loss and hits of a batch."""
        logits = learner.logits(learner.features(waveforms, generator))
        with torch.no_grad(), learner.autocast():  # the teacher gets the waveforms, without masks
            taught = None if self.teacher is None else self.teacher(waveforms).float()
        loss = self.loss(learner, logits, labels, taught)
        scores = with_negative_class(logits.detach()) if learner.rejects else logits.detach()
        return loss, (scores.argmax(dim=1) == labels).sum()

    def loss(self, learner: Learner, logits: Tensor, labels: Tensor, taught: Tensor | None = None) -> Tensor:
        """Return the mean loss of a batch; ``taught`` are the teacher's logits."""
        if learner.rejects:
            logits, taught = with_negative_class(logits), None if taught is None else with_negative_class(taught)
        smoothing, distillation = learner.config.label_smoothing, learner.config.distillation
        if taught is None or distillation is None:
            return F.cross_entropy(logits, labels, label_smoothing=smoothing)
        return distillation_loss(logits, labels, taught, distillation, label_smoothing=smoothing)

    def validate(self, learner: Learner, clips: ClipSet) -> tuple[float, float]:
        """Return mean cross-entropy and accuracy on clips, of which each process computes a part."""
        ranks, count = learner.ranks, len(clips)
        part = clips if ranks.count == 1 else clips.part(ranks.share(count))
        if not len(part):
            raise TrainingError(f"{ranks.count} processes need as many validation clips, got {count}")
        logits = predict_logits(learner.judged, part, device=learner.device, batch_size=64)
        right = (logits.argmax(dim=1) == part.labels).float()
        if ranks.count == 1:
            return F.cross_entropy(logits, part.labels).item(), right.mean().item()
        sums = torch.stack((F.cross_entropy(logits, part.labels, reduction="sum").double(), right.double().sum()))
        loss, accuracy = (ranks.sum(sums.to(learner.device)) / count).tolist()
        return loss, accuracy
