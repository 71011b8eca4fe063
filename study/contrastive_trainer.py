r"""Learning from sounds without labels: two views of a clip are to be recognised as the same one.

For a batch of ``B`` clips, two views each, with unit vectors :math:`u_i` of all ``2B`` views, :math:`j(i)` the other
view of the same clip and the temperature :math:`\tau`,

.. math::

    \ell = -\frac{1}{2B} \sum_i \log \frac{e^{u_i \cdot u_{j(i)} / \tau}}{\sum_{k \neq i} e^{u_i \cdot u_k / \tau}}

Source: Chen et al., *A Simple Framework for Contrastive Learning of Visual Representations* (SimCLR), 2020.
"""

from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.files import atomic_path
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.objective import Learner

TEMPERATURE = 0.1
MIX_SNRS_DB = (0.0, 15.0)
#: Of a view, as a share of the clip.
LARGEST_SHIFT = 0.15
MASKS = SpecAugment(probability=1.0)


def contrastive_loss(first: Tensor, second: Tensor, temperature: float = TEMPERATURE) -> tuple[Tensor, Tensor]:
    """Return the mean loss of pairs of views, and how many first views find theirs among all other views.

    Args:
        first: vectors of the first views, ``[B, D]``, of any length.
        second: vectors of the second views, ``[B, D]``.
        temperature: above 0.

    >>> loss, found = contrastive_loss(torch.eye(4), torch.eye(4), temperature=0.01)
    >>> round(loss.item(), 3), found.item()
    (0.0, 4)
    """
    views = F.normalize(torch.cat([first, second]), dim=1)
    likeness = views @ views.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(views), dtype=torch.bool, device=views.device), -torch.inf)
    other = torch.arange(len(views), device=views.device).roll(len(first))
    found = (likeness[: len(first)].argmax(dim=1) == other[: len(first)]).sum()
    return F.cross_entropy(likeness, other), found


class ContrastiveObjective:
    """An objective that passes over the labels; its accuracy is the share of clips that find their other view.

    A view is the clip shifted in time, with another clip of the batch mixed under it at a random SNR, and with masked
    bands and frames. The head's first layer gives the vectors that are compared; what follows it learns nothing.
    """

    def begin(self, learner: Learner) -> None:
        """Raise ``ConfigError`` for a model other than ``ResidualSpeechNet``."""
        if not isinstance(learner.model.classifier, ResidualSpeechNet):
            raise ConfigError(f"contrastive training needs resnet50, got {type(learner.model.classifier).__name__}")

    def __call__(
        self, learner: Learner, waveforms: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of two views of each clip; ``labels`` are not used."""
        del labels
        classifier = learner.model.classifier
        assert isinstance(classifier, ResidualSpeechNet)
        assert isinstance(classifier.head, nn.Sequential)
        with torch.no_grad():
            spectrograms = [learner.model.frontend(view(waveforms, generator)) for _ in range(2)]
            features = torch.cat([MASKS.apply(each, MASKS.sample(each.shape, generator)) for each in spectrograms])
        with learner.autocast():
            vectors: Tensor = classifier.head[0](classifier.embed(features)).float()
        # Pooled features of different clips are nearly parallel at first; without their common part they are not, and
        # there is a gradient to follow (SimCLR's projection ends in this normalisation too).
        vectors = F.batch_norm(vectors, None, None, training=True)
        return contrastive_loss(vectors[: len(waveforms)], vectors[len(waveforms) :])

    def validate(self, learner: Learner, clips: ClipSet) -> tuple[float, float]:
        """Refuse validation clips: there is nothing to choose an epoch by."""
        del learner, clips
        raise ConfigError("contrastive training has no validation")


def view(waveforms: Tensor, generator: torch.Generator) -> Tensor:
    """Return each clip shifted, with another one of the batch under it.

    Args:
        waveforms: ``[B, N]``, at least two clips.
        generator: of everything random.

    Shape: ``[B, N] -> [B, N]``.

    >>> view(torch.randn(3, 800), torch.Generator().manual_seed(0)).shape
    torch.Size([3, 800])
    """
    batch, samples = waveforms.shape
    shifts = ((2 * torch.rand(batch, generator=generator) - 1) * LARGEST_SHIFT * samples).long().tolist()
    shifted = torch.stack([row.roll(shift) for row, shift in zip(waveforms, shifts, strict=True)])
    below = waveforms.roll(int(torch.randint(1, batch, (), generator=generator)), dims=0)
    low, high = MIX_SNRS_DB
    snr_db = (low + (high - low) * torch.rand(batch, 1, generator=generator)).to(waveforms.device)
    # Below -80 dB full scale a clip counts as silence, which is neither raised nor drowned.
    power, power_below = (x.square().mean(dim=1, keepdim=True).clamp(min=1e-8) for x in (shifted, below))
    return shifted + below * (power / power_below).sqrt() * 10 ** (-snr_db / 20)


def save_backbone(classifier: ResidualSpeechNet, path: str | Path) -> None:
    """Write everything but the head under torchvision's names, as ``weights=PATH`` of another network reads it."""
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in classifier.state_dict().items()
        if not name.startswith("head.")
    }
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors))
