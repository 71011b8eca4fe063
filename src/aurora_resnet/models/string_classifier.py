"""What every network for strings of words promises."""

from abc import abstractmethod

from torch import Tensor

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.runtime.vocabulary import MOST_WORDS


class StringClassifier(SpeechClassifier):
    """Base of networks for strings: log-mel features in, logits of units for each step of time out.

    Units, in order: the ``num_classes`` words, ``others`` kinds of other speech, and CTC's blank.

    Shape: ``[B, M, T] -> [B, T // frames_per_answer, K + others + 1]``.
    """

    frames_per_answer: int = 4

    def __init__(self, n_mels: int, num_classes: int, others: int) -> None:
        super().__init__(n_mels, num_classes)
        check_values(others=(others, Between(0, MOST_WORDS)))
        self.others = others

    @property
    def blank(self) -> int:
        """Index of CTC's blank, the last unit."""
        return self.num_classes + self.others


class StreamingStringClassifier(StringClassifier):
    """Base of networks that do not look ahead in time, so that a stream can go on from where it was.

    What a network has to remember is one vector a stream.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits of whole recordings."""
        self.check_features(features)
        whole = features.shape[2] // self.frames_per_answer * self.frames_per_answer
        return self.step(features[..., :whole])[0][..., : self.blank + 1]

    @abstractmethod
    def step(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Go on with streams.

        Args:
            features: ``[B, M, T]``, the new frames of ``B`` streams; ``T`` is a multiple of ``frames_per_answer``.
            memory: ``[B, size]``, what the step before returned; ``None`` at the beginning.

        Returns:
            Logits ``[B, T / frames_per_answer, U]``, behind them that of speech being there if the network tells, and
            the memory for the next step.
        """
