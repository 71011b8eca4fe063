"""What every classifier of the zoo promises, of single words and of strings of words."""

from abc import ABC, abstractmethod
from typing import Self

from torch import Tensor, nn

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.features.mel import MOST_BANDS
from aurora_resnet.runtime.errors import ConfigError, did_you_mean
from aurora_resnet.runtime.vocabulary import MOST_WORDS

BANDS = Between(1, MOST_BANDS)
#: Width of a dense layer.
UNITS = Between(1, 65_536)
#: Width of a recurrent layer or of attention.
CELLS = Between(1, 8192)
LAYERS = Between(1, 64)
DROPOUT = Between(0, 1, below=True)


class SpeechClassifier(nn.Module):
    """Base of all classifiers: log-mel features in, logits out, clip by clip.

    A subclass sets ``head`` (the layers that are always new: they turn an embedding into logits) and may name more
    parts to freeze. Anything that is not in ``head`` is the backbone.

    Shape:
        - Input: ``[B, M, T]`` float, any ``T`` of at least ``minimum_frames``.
        - Output: ``[B, K]`` logits.
    """

    minimum_frames: int = 8
    #: Whether int8 suits its activations only with the ranges of each call; see ``export.quantization``.
    dynamic_ranges: bool = False
    head: nn.Module

    def __init__(self, n_mels: int, num_classes: int) -> None:
        super().__init__()
        check_values(n_mels=(n_mels, BANDS), num_classes=(num_classes, Between(2, MOST_WORDS)))
        self.n_mels = n_mels
        self.num_classes = num_classes
        self._frozen: list[nn.Module] = []

    def forward(self, features: Tensor) -> Tensor:
        """Return logits ``[B, K]`` of features ``[B, M, T]``: what the head makes of their embedding."""
        self.check_features(features)
        logits: Tensor = self.head(self.embed(features))
        return logits

    def embed(self, features: Tensor) -> Tensor:
        """Return what the head gets; a subclass has this method, or a ``forward`` of its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a method embed, or forward")

    def check_features(self, features: Tensor) -> None:
        """Raise ``ConfigError`` unless the features have shape ``[B, n_mels, T >= minimum_frames]``."""
        if features.dim() != 3 or features.shape[1] != self.n_mels:
            raise ConfigError(f"{type(self).__name__} takes features [B, {self.n_mels}, T], got {list(features.shape)}")
        if features.shape[2] < self.minimum_frames:
            raise ConfigError(
                f"{type(self).__name__} needs at least {self.minimum_frames} frames, got {features.shape[2]}"
            )

    def freezable_parts(self) -> dict[str, list[nn.Module]]:
        """Return freeze plan -> modules it freezes."""
        backbone = [child for child in self.children() if child is not self.head]
        return {"none": [], "all_but_head": backbone}

    def freeze(self, plan: str) -> Self:
        """Freeze the parts that a plan names and thaw all other parts.

        Frozen parameters get no gradient; frozen BatchNorm layers also keep their statistics, since they stay in
        evaluation mode whatever ``train()`` says.

        Args:
            plan: a key of ``freezable_parts()``; ``"none"`` and ``"all_but_head"`` always exist.

        Raises:
            ConfigError: for an unknown plan.
        """
        parts = self.freezable_parts()
        if plan not in parts:
            raise ConfigError(
                f"unknown freeze plan '{plan}'{did_you_mean(plan, parts)} for {type(self).__name__}; "
                f"plans: {', '.join(parts)}"
            )
        for parameter in self.parameters():
            parameter.requires_grad_(True)
        self._frozen = parts[plan]
        for module in self._frozen:
            module.requires_grad_(False)
        return self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode everywhere but in frozen parts."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def parameters_of_head(self) -> list[nn.Parameter]:
        """Return the head's parameters."""
        return list(self.head.parameters())

    def parameters_of_backbone(self) -> list[nn.Parameter]:
        """Return all parameters outside the head."""
        head = {id(parameter) for parameter in self.head.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in head]


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


class StreamingStringClassifier(StringClassifier, ABC):
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


def dense_head(inputs: int, hidden: int, dropout: float, num_classes: int) -> nn.Sequential:
    """Return the paper's head: dense layer with ReLU, dropout, dense layer to the classes.

    >>> [type(layer).__name__ for layer in dense_head(1024, 128, 0.5, 11)]
    ['Linear', 'ReLU', 'Dropout', 'Linear']
    """
    check_values(hidden=(hidden, UNITS), dropout=(dropout, DROPOUT))
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, num_classes))
