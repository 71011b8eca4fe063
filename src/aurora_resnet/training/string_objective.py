r"""The objective of strings: CTC.

With the probabilities :math:`p_t(u)` of the units in frame :math:`t`, the loss of a clip whose words are known is that
of Graves et al., *Connectionist Temporal Classification*, 2006. Of talk only is known that it holds none of the words
:math:`W`, so every frame may be the blank or any other speech:

.. math::

    \ell = -\sum_t \log \Big(1 - \sum_{u \in W} p_t(u)\Big)
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.string_clips import NO_WORDS
from aurora_resnet.models.interface import StringClassifier
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.objective import Learner

#: Losses are those of so many frames of sound, a second.
FRAMES = 25
_BATCH = 16


def greedy(logits: Tensor, words: int) -> list[list[int]]:
    """Return the words of the most probable path of each clip, ``[B, T, U]``; all other units are as blanks.

    >>> greedy(torch.eye(4)[[0, 0, 3, 0, 1, 2]].unsqueeze(0), words=2)
    [[0, 0, 1]]
    """
    paths = logits.argmax(dim=2).clamp(max=words)
    pairs = (zip(path, [words, *path[:-1]], strict=True) for path in paths.tolist())
    return [[unit for unit, last in path if unit not in (last, words)] for path in pairs]


def string_loss(logits: Tensor, labels: Tensor, words: int) -> Tensor:
    """Return the mean loss of clips a second of sound.

    Args:
        logits: ``[B, T, U]``; the last unit is the blank.
        labels: of ``StringClips``, ``[B, L]``.
        words: how many units are words of the vocabulary, the first ones.
    """
    scores = F.log_softmax(logits, dim=2)
    free = labels[:, 0] == NO_WORDS
    total = torch.logsumexp(scores[free][..., words:], dim=2).sum().neg()
    if not free.all():
        known = labels[~free]
        lengths = (known >= 0).sum(dim=1)
        frames = torch.full((len(known),), logits.shape[1])
        spoken = scores[~free].transpose(0, 1)
        total = total + F.ctc_loss(
            spoken, known.clamp(min=0), frames, lengths, blank=logits.shape[2] - 1, reduction="sum", zero_infinity=True
        )
    return total / (len(labels) * logits.shape[1] / FRAMES)


class StringObjective:
    """Learn strings of words; a clip is right if all its words are.

    Neither teacher, label smoothing, speeds nor several processes.
    """

    def begin(self, learner: Learner) -> None:
        """Check that model and configuration suit.

        Raises:
            ConfigError: for options that strings are not trained with, or a model that is no ``StringClassifier``.
        """
        plain, config = TrainingConfig(), learner.config
        unused = ("label_smoothing", "distillation", "speed_factors")
        if wrong := [name for name in unused if getattr(config, name) != getattr(plain, name)]:
            raise ConfigError(f"strings are trained without {', '.join(wrong)}")
        if not isinstance(learner.model.classifier, StringClassifier):
            raise ConfigError(f"strings need a model that gives logits for frames, got {learner.model.config.model}")
        if learner.ranks.count > 1:
            raise ConfigError("strings are trained by one process; leave torchrun out")

    def __call__(
        self, learner: Learner, waveforms: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return loss and hits of a batch; labels are those of ``StringClips``."""
        logits, words = learner.logits(learner.features(waveforms, generator)), learner.model.classifier.num_classes
        return string_loss(logits, labels, words), strings_right(logits.detach(), labels, words)

    def validate(self, learner: Learner, clips: ClipSet) -> tuple[float, float]:
        """Return mean loss and share of strings that are right."""
        model, words = learner.judged.eval(), learner.model.classifier.num_classes
        loss, right = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(clips), _BATCH):
                rows = range(start, min(start + _BATCH, len(clips)))
                logits = model(clips.batch(rows).to(learner.device))
                labels = clips.labels[list(rows)].to(learner.device)
                loss += string_loss(logits, labels, words).item() * len(rows)
                right += int(strings_right(logits, labels, words))
        return loss / len(clips), right / len(clips)


def strings_right(logits: Tensor, labels: Tensor, words: int) -> Tensor:
    """Return how many strings are right, of the words of the vocabulary alone; arguments as ``string_loss``."""
    said = [[unit for unit in row if 0 <= unit < words] for row in labels.tolist()]
    pairs = zip(greedy(logits, words), said, strict=True)
    return torch.tensor(sum(found == expected for found, expected in pairs), device=labels.device)
