r"""The objective of strings: CTC.

With the probabilities :math:`p_t(u)` of the units in frame :math:`t`, the loss of a clip whose words are known is that
of Graves et al., *Connectionist Temporal Classification*, 2006. Of talk only is known that it holds none of the words
:math:`W`, so every frame may be the blank or any other speech:

.. math::

    \ell = -\sum_t \log \Big(1 - \sum_{u \in W} p_t(u)\Big)

A teacher adds its answers :math:`q_t`, all other speech in one. One that looks ahead tells a word at its beginning, a
causal network at its end, always nearly as much later (0.40 to 0.44 s), so of the shifts :math:`k` the one with the
least distance counts, of the clips that the teacher reads rightly. That spikes must meet: Kurata and Audhkhasi,
*Guiding CTC Posterior Spike Timings for Improved Posterior Fusion and Knowledge Distillation*, 2019.

.. math::

    L = (1 - w) \, \ell + w \, \tau^2 \min_k \sum_t \mathrm{KL}(q_{t - k} \,\|\, p_t).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.string_clips import NO_WORDS
from aurora_resnet.models.string_classifier import StringClassifier
from aurora_resnet.models.whole_strings import step_samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import StringModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.objective import Learner

FRAMES = 25
"""Losses are those of so many frames of sound, a second."""
LATEST = 15
"""So many frames later than a teacher a network may answer."""
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


def taught_loss(logits: Tensor, taught: Tensor, labels: Tensor, words: int, temperature: float) -> Tensor:
    """Return the mean distance from a teacher a second of sound, in the clips that it reads rightly.

    Args:
        logits: ``[B, T, U]`` with units for other speech; the last unit is the blank.
        taught: the teacher's probabilities of the words, of other speech and of neither, ``[B, T, words + 2]``.
        labels: as ``string_loss`` has them.
        words: as ``string_loss`` has it.
        temperature: by which both are divided.

    >>> z = torch.randn(1, 30, 5, generator=torch.Generator().manual_seed(0)) * 9
    >>> z[0, 3:], taught = z[0, :27].clone(), z.softmax(2)  # three frames later
    >>> round(taught_loss(z, taught, torch.tensor(greedy(taught, 3)), 3, 1.0).item(), 3)
    0.0
    """
    scores = F.log_softmax(logits, dim=2)
    other = torch.logsumexp(scores[..., words:-1], dim=2, keepdim=True)
    answer = torch.cat((scores[..., :words], other, scores[..., -1:]), dim=2)
    answer, lesson = (F.log_softmax(z / temperature, dim=2) for z in (answer, taught.clamp(min=1e-6).log()))
    right = right_strings(taught, labels, words)
    frames = logits.shape[1]
    distances = [
        F.kl_div(answer[right, k:], lesson[right, : frames - k], reduction="sum", log_target=True) / (frames - k)
        for k in range(LATEST + 1)
    ]
    return FRAMES * temperature**2 * torch.stack(distances).min() / len(logits)


class StringObjective:
    """Learn strings of words; a clip is right if all its words are.

    Neither label smoothing, speeds nor several processes.

    Args:
        teacher: a model of strings to learn from as ``config.distillation`` says; it may know more words.
    """

    def __init__(self, teacher: StringModel | None = None) -> None:
        self.teacher = teacher

    def begin(self, learner: Learner) -> None:
        """Check that model and configuration suit.

        Raises:
            ConfigError: for options that strings are not trained with, or a model that is no ``StringClassifier``.
        """
        plain, config = TrainingConfig(), learner.config
        unused = ("label_smoothing", "speed_factors")
        if wrong := [name for name in unused if getattr(config, name) != getattr(plain, name)]:
            raise ConfigError(f"strings are trained without {', '.join(wrong)}")
        if not isinstance(learner.model.classifier, StringClassifier):
            raise ConfigError(f"strings need a model that gives logits for frames, got {learner.model.config.model}")
        if (self.teacher is None) != (config.distillation is None):
            raise ConfigError("distillation needs both a teacher and TrainingConfig.distillation; one is missing")
        if self.teacher is not None:
            facts, known = self.teacher.facts, learner.model.config
            if not set(known.words) <= set(facts.vocabulary.words) or learner.model.classifier.others < 1:
                raise ConfigError(
                    f"teacher {facts.name} knows {facts.vocabulary.words}; the model learns {known.words} and needs a "
                    "unit for other speech (others)"
                )
            if (facts.sample_rate, facts.step_samples) != (known.sample_rate, step_samples(learner.model)):
                raise ConfigError(
                    f"teacher {facts.name} answers every {facts.step_samples} samples at {facts.sample_rate} Hz, the "
                    f"model every {step_samples(learner.model)} at {known.sample_rate} Hz"
                )
        if learner.ranks.count > 1:
            raise ConfigError("strings are trained by one process; leave torchrun out")

    def __call__(
        self, learner: Learner, waveforms: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return loss and hits of a batch; labels are those of ``StringClips``."""
        logits, words = learner.logits(learner.features(waveforms, generator)), learner.model.classifier.num_classes
        loss, distillation = string_loss(logits, labels, words), learner.config.distillation
        if self.teacher is not None and distillation is not None:
            taught = self.lesson(self.teacher, waveforms, learner.model.config.words)[:, : logits.shape[1]]
            distance = taught_loss(logits, taught, labels, words, distillation.temperature)
            loss = (1 - distillation.weight) * loss + distillation.weight * distance
        return loss, right_strings(logits.detach(), labels, words).sum()

    def lesson(self, teacher: StringModel, waveforms: Tensor, words: Sequence[str]) -> Tensor:
        """Return the teacher's probabilities of words, of all other speech and of neither, ``[B, T, words + 2]``."""
        shares = torch.from_numpy(np.stack([teacher.whole(waveform) for waveform in waveforms.cpu().numpy()]))
        known, blank = shares[..., [teacher.facts.vocabulary.index(word) for word in words]], shares[..., -1:]
        other = 1 - known.sum(dim=2, keepdim=True) - blank
        return torch.cat((known, other, blank), dim=2).to(waveforms.device)

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
                right += int(right_strings(logits, labels, words).sum())
        return loss / len(clips), right / len(clips)


def right_strings(logits: Tensor, labels: Tensor, words: int) -> Tensor:
    """Return which strings are right, of the words of the vocabulary alone, ``[B]``; arguments as ``string_loss``."""
    said = [[unit for unit in row if 0 <= unit < words] for row in labels.tolist()]
    pairs = zip(greedy(logits, words), said, strict=True)
    return torch.tensor([found == expected for found, expected in pairs], device=labels.device)
