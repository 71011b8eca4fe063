r"""Known words are preserved by distillation while new ones are taught beside them.

Three means. Whatever the input, the logits of the known words are to stay near those before the training
(*Learning without Forgetting*, Li and Hoiem, 2016; the distance is that of *Do Deep Nets Really Need to be Deep?*, Ba
and Caruana, 2014). In the cross-entropy of recordings of these words the logits of new ones are raised by a margin
(*Long-tail learning via logit adjustment*, Menon et al., 2021), so that a new word does not just lose but loses
clearly. With the logits :math:`u` before, :math:`z` now, and :math:`m_k = m` for new words and 0 for all else,

.. math::

    L = \mathrm{CE}(z + m \, [y \text{ known}], y) + \operatorname{mean}_{k \text{ known}} (z_k - u_k)^2.

At last the biases of the new words are lowered by as much as recordings that the network did not learn from ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.training.objective import Learner
from aurora_resnet.training.word_objective import WordObjective, with_negative_class

MARGIN = 3.0
"""Of a known word over the new ones while it is learnt, in units of the logits; chosen as docs/own-words.md says."""

MOST_LOWERED = 3.0
"""However many known words are taken for new ones: what is wrong with a recording must not silence the new words."""
TIE = 1e-3
"""Between the logits of two words, so that rounding decides nothing."""


def known_beside_new(before: Vocabulary, now: Vocabulary) -> tuple[str, ...]:
    """Return the words that a network already knows; none if all are known, or none is.

    >>> known_beside_new(Vocabulary(("one", "two")), Vocabulary(("two", "stop")))
    ('two',)
    >>> known_beside_new(Vocabulary(("one", "two")), Vocabulary(("two", "one")))
    ()
    """
    known = tuple(word for word in now if word in before)
    return known if len(known) < len(now) else ()


class KeepingObjective(WordObjective):
    """Learn new words and keep the answers of the network before the training for the words that it knew.

    Args:
        before: the network as it was, with the front end of the new one; it stays as it is.
    """

    def __init__(self, before: RecognizerModel) -> None:
        super().__init__()
        self.before = before

    def begin(self, learner: Learner) -> None:
        """Find the known words in both vocabularies."""
        super().begin(learner)
        self.teacher = self.before.eval().to(learner.device)
        words, earlier = learner.model.config.vocabulary, self.before.config.vocabulary
        known = known_beside_new(earlier, words)
        self.known = torch.tensor([words.index(word) for word in known], device=learner.device)
        self.known_before = torch.tensor([earlier.index(word) for word in known], device=learner.device)
        self.margins = torch.full((len(words) + 1,), MARGIN, device=learner.device)
        self.margins[self.known] = self.margins[-1] = 0.0

    def lesson(self, teacher: RecognizerModel, waveforms: Tensor, features: Tensor) -> Tensor:
        """Return the logits of the network before, which gets the masked features too."""
        del waveforms
        logits: Tensor = teacher.classifier(features)
        return logits

    def loss(self, learner: Learner, logits: Tensor, labels: Tensor, taught: Tensor | None = None) -> Tensor:
        """Return the mean loss of a batch; ``taught`` are the logits of the network before."""
        assert taught is not None  # there is a teacher
        of_known = torch.isin(labels, self.known).unsqueeze(1)
        raised = with_negative_class(logits) + of_known * self.margins
        hard = F.cross_entropy(raised, labels, label_smoothing=learner.config.label_smoothing)
        return hard + F.mse_loss(logits[:, self.known], taught[:, self.known_before])


@dataclass(frozen=True)
class KeptWords:
    """What became of the known words, measured on held-out recordings.

    Attributes:
        words: these.
        clips: held-out recordings of them.
        right_before: of these, by the network before.
        right: by networks that learnt the new words, and not these recordings.
        lowered: by how much the logits of the new words were lowered for it.
    """

    words: tuple[str, ...]
    clips: int
    right_before: int
    right: int
    lowered: float

    def __str__(self) -> str:
        return (
            f"Known words ({', '.join(self.words)}): {self.right_before} of {self.clips} held-out recordings "
            f"were recognised before, {self.right} are now."
        )


def keep_known(spoken: Answers, right_before: int, now: Vocabulary, known: tuple[str, ...], taken: float) -> KeptWords:
    """Find how far the new words must be lowered that so few known words are taken for them, and what comes of it.

    Args:
        spoken: held-out recordings of all words, answered after the teaching.
        right_before: recordings of known words among them to which the network as it was gave the right answer.
        now: what the logits of ``spoken`` mean.
        known: words that the start knows.
        taken: share of their recordings that may be answered with a new word, 0 to 1.
    """
    columns = [now.index(word) for word in known]
    of_known = np.isin(spoken.labels, columns)
    new = [index for index in range(len(now)) if index not in columns]
    logits = spoken.logits[of_known]
    lead = np.sort(logits[:, new].max(axis=1) - logits[:, columns].max(axis=1))[::-1]  # of a new word, largest first
    allowed = int(taken * len(lead))
    most = float(lead[allowed]) if len(lead) > allowed else -TIE
    lowered = float(np.clip(most + TIE, 0.0, MOST_LOWERED))
    kept = lower(spoken, new, lowered)
    return KeptWords(
        words=known,
        clips=int(of_known.sum()),
        right_before=right_before,
        right=int((kept.logits.argmax(axis=1) == kept.labels)[of_known].sum()),
        lowered=lowered,
    )


def lower(answers: Answers, columns: list[int], by: float) -> Answers:
    """Return answers in which the logits of some words are lower."""
    logits = answers.logits.copy()
    logits[:, columns] -= by
    return replace(answers, logits=logits)
