"""Any ``nn.Module`` from features to logits as a classifier of the zoo."""

from typing import Self

import torch
from torch import Tensor, nn

from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.runtime.errors import ConfigError

#: Tried in turn for the fewest frames that a module takes.
FRAMES = (8, 16, 32, 64, 101)


class PlainModule(SpeechClassifier):
    """A module that knows nothing of this library.

    Its head is the last layer with as many rows as there are words: what fine-tuning makes anew and freezing leaves
    free.

    Args:
        module: from features ``[B, M, T]``, or from pictures ``[B, 1, M, T]``, to logits ``[B, K]``.
        n_mels: mel bands ``M``.
        num_classes: number of logits ``K``.

    Raises:
        ConfigError: if it takes neither, or gives something else.

    >>> net = nn.Sequential(nn.AdaptiveAvgPool2d((8, 4)), nn.Flatten(), nn.Linear(32, 3))
    >>> PlainModule(net, n_mels=64, num_classes=3)(torch.zeros(5, 64, 101)).shape
    torch.Size([5, 3])
    >>> PlainModule(nn.Flatten(), n_mels=64, num_classes=3)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: Flatten must take features [B, 64, T] or [B, 1, 64, T] and give logits ...
    """

    def __init__(self, module: nn.Module, *, n_mels: int, num_classes: int) -> None:
        super().__init__(n_mels, num_classes)
        if not isinstance(module, nn.Module):
            raise ConfigError(f"a model is a torch.nn.Module, got {type(module).__name__}")
        self.module = module
        self.as_picture, self.minimum_frames = self._probe()
        name = self._head_name()
        # Not a second name of the same parameters: checkpoints hold them once, as ``module...``.
        object.__setattr__(self, "_head", module.get_submodule(name))

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        """The layer that turns an embedding into logits."""
        head: nn.Module = self.__dict__["_head"]
        return head

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        self.check_features(features)
        logits: Tensor = self.module(features.unsqueeze(1) if self.as_picture else features)
        return logits

    def freezable_parts(self) -> dict[str, list[nn.Module]]:
        """Return the plans ``none`` and ``all_but_head``."""
        head = set(self.head.modules())
        return {"none": [], "all_but_head": [m for m in self.module.modules() if not head & set(m.modules())]}

    def freeze(self, plan: str) -> Self:
        """Freeze the parts that a plan names, parameters beside the layers included."""
        super().freeze(plan)
        if plan == "all_but_head":
            for parameter in self.parameters_of_backbone():
                parameter.requires_grad_(False)
        return self

    def _probe(self) -> tuple[bool, int]:
        """Return whether the module wants pictures, and the fewest frames that it takes."""
        was_training, reason = self.module.training, ""
        self.module.eval()
        try:
            with torch.no_grad():
                for frames in FRAMES:
                    features = torch.zeros(2, self.n_mels, frames)
                    for as_picture in (False, True):
                        try:
                            logits = self.module(features.unsqueeze(1) if as_picture else features)
                        except Exception as error:  # whatever a foreign module raises
                            reason = str(error).partition("\n")[0]
                            continue
                        if isinstance(logits, Tensor) and logits.shape == (2, self.num_classes):
                            return as_picture, frames
                        given = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
                        reason = f"it gave {given}"
        finally:
            self.module.train(was_training)
        raise ConfigError(
            f"{type(self.module).__name__} must take features [B, {self.n_mels}, T] or [B, 1, {self.n_mels}, T] and "
            f"give logits [B, {self.num_classes}]: {reason}"
        )

    def _head_name(self) -> str:
        names = [n for n, p in self.module.named_parameters() if p.dim() > 1 and p.shape[0] == self.num_classes]
        if not names:
            raise ConfigError(f"{type(self.module).__name__} has no last layer with {self.num_classes} rows of weights")
        return names[-1].rpartition(".")[0]
