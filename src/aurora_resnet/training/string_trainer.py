r"""Training of a sequence model with CTC.

With the probabilities :math:`p_t(u)` of the units in frame :math:`t`, the loss of a clip whose words are known is that
of Graves et al., *Connectionist Temporal Classification*, 2006. Of talk only is known that it holds none of the words
:math:`W`, so every frame may be the blank or any other speech:

.. math::

    \ell = -\sum_t \log \Big(1 - \sum_{u \in W} p_t(u)\Big)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.strings import NO_WORDS
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.string_net import StringNet
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.state import judged
from aurora_resnet.training.trainer import Trainer

FRAMES = 25
"""Losses are those of so many frames of sound, a second."""
_BATCH = 16


def greedy(logits: Tensor, words: int) -> list[list[int]]:
    """Return the words of the most probable path of each clip, ``[B, T, U]``; all other units are as blanks.

    >>> greedy(torch.eye(4)[[0, 0, 3, 0, 1, 2]].unsqueeze(0), words=2)
    [[0, 0, 1]]
    """
    paths = logits.argmax(dim=2).clamp(max=words)
    heard = []
    for path in paths.tolist():
        before = [words, *path[:-1]]
        heard.append([unit for unit, last in zip(path, before, strict=True) if unit not in (last, words)])
    return heard


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


class StringTrainer(Trainer):
    """A ``Trainer`` whose labels are strings; its accuracy is the share of strings whose words are all right.

    Arguments as ``Trainer``; neither teacher, label smoothing, speeds nor several processes.

    Raises:
        ConfigError: for those, or a model that is no ``StringNet``.
    """

    def __init__(self, model: RecognizerModel, config: TrainingConfig, out: str | Path, **options: Any) -> None:
        plain = TrainingConfig()
        wrong = [
            name for name in ("label_smoothing", "distillation", "speed_factors")
            if getattr(config, name) != getattr(plain, name)
        ]  # fmt: skip
        if wrong:
            raise ConfigError(f"strings are trained without {', '.join(wrong)}")
        if not isinstance(model.classifier, StringNet):
            raise ConfigError(f"strings need a model that gives logits for frames, got {model.config.model}")
        super().__init__(model, config, out, **options)
        if self.ranks.count > 1:
            raise ConfigError("strings are trained by one process; leave torchrun out")

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Take one step of the optimiser."""
        with torch.no_grad():
            features = self.model.frontend(waveforms)
            if (augment := self.config.spec_augment) is not None:
                features = augment.apply(features, augment.sample(features.shape, generator))
        with torch.autocast(self.device.type, dtype=self.precision, enabled=self.precision != torch.float32):
            logits = self.network(features).float()
        words = self.model.classifier.num_classes
        loss = string_loss(logits, labels, words)
        self.update(loss)
        return loss.detach(), strings_right(logits.detach(), labels, words)

    def validate(self, clips: ClipSet) -> tuple[float, float]:
        """Return mean loss and share of strings that are right."""
        model, words = judged(self.model, self.average).eval(), self.model.classifier.num_classes
        loss, right = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(clips), _BATCH):
                rows = range(start, min(start + _BATCH, len(clips)))
                logits, labels = model(clips.batch(rows).to(self.device)), clips.labels[list(rows)].to(self.device)
                loss += string_loss(logits, labels, words).item() * len(rows)
                right += int(strings_right(logits, labels, words))
        return loss / len(clips), right / len(clips)


def strings_right(logits: Tensor, labels: Tensor, words: int) -> Tensor:
    """Return how many strings are right, of the words of the vocabulary alone; arguments as ``string_loss``."""
    said = [[unit for unit in row if 0 <= unit < words] for row in labels.tolist()]
    pairs = zip(greedy(logits, words), said, strict=True)
    return torch.tensor(sum(heard == expected for heard, expected in pairs), device=labels.device)
