"""Logits of words computed by torch: of clips in batches, and of any clip as ``ScoringModel`` asks for it."""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.environment import check_device, float32_on_cpu, set_threads
from aurora_resnet.models.folding import fold_batch_norms
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import ModelFile, wrong_kind
from aurora_resnet.runtime.models import ModelFacts, ScoringModel, finite_logits


def predict_logits(network: nn.Module, clips: ClipSet, *, device: str | torch.device, batch_size: int) -> Tensor:
    """Return a network's logits of all clips in order.

    The network is in evaluation mode meanwhile and gets its former mode back.

    Args:
        network: ``[B, N] -> [B, K]``, already on the device.
        clips: the clips.
        device: where the network is.
        batch_size: clips at a time; the result does not depend on it.

    Shape: ``[len(clips), K]`` float32 on the CPU.
    """
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [network(waveforms.to(device)).float().cpu() for waveforms in _batches(clips, batch_size)]
    finally:
        network.train(was_training)
    return torch.cat(parts)


def clip_scores(
    model: ScoringModel, clips: ClipSet, *, batch_size: int = 64, on_batch: Callable[[int], object] | None = None
) -> tuple[npt.NDArray[np.float32], Samples]:
    """Return what a decision needs to know of clips: their logits ``[n, K]`` and their peaks ``[n, 1]``.

    ``Calibration.decide`` makes the same of a clip's largest sample as of the clip, since only silence matters to it.

    Args:
        model: what scores the clips.
        clips: the clips, at the model's rate and length.
        batch_size: clips at a time; the result does not depend on it.
        on_batch: called with the number of clips after each batch, for progress.
    """
    logits, peaks = [], []
    for part in _batches(clips, batch_size):
        logits.append(model.logits(part.numpy()))
        peaks.append(part.abs().amax(dim=1, keepdim=True).numpy())
        if on_batch is not None:
            on_batch(len(part))
    return np.concatenate(logits), np.concatenate(peaks)


def _batches(clips: ClipSet, batch_size: int) -> Iterator[Tensor]:
    for start in range(0, len(clips), batch_size):
        yield clips.batch(range(start, min(start + batch_size, len(clips))))


class TorchModel:
    """A network that torch computes, as recognition and evaluation use it (``runtime.models.ScoringModel``).

    Args:
        model: a trained network or a checkpoint; it stays as it is and where it is. ``network`` is a copy in evaluation
            mode on the device, with BatchNorms folded where that is possible, which cannot be trained or saved.
        name: of the model; the checkpoint's, or the zoo's name, if not given.
        device: where to compute.

    Raises:
        ConfigError: if there is no such device.
        ModelError: for a model of strings.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> scoring = TorchModel(RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000))))
    >>> scoring.logits(np.zeros((2, 8000), np.float32)).shape, scoring.features(np.zeros((2, 8000), np.float32)).shape
    ((2, 11), (2, 64, 101))
    """

    @float32_on_cpu()
    def __init__(
        self, model: RecognizerModel | Checkpoint, *, name: str = "", device: str | torch.device = "cpu"
    ) -> None:
        self.device = check_device(device)
        if isinstance(model, Checkpoint):
            name = name or model.name
            model = model.model
        config = model.config
        if model.kind == "strings":
            raise wrong_kind(name or config.model, "strings")
        self.facts = ModelFacts(
            name=name or config.model,
            vocabulary=config.vocabulary,
            calibration=model.calibration,
            sample_rate=config.mel.sample_rate,
            clip_samples=config.clip_samples,
            frequencies_hz=(config.mel.f_min, config.mel.top),
        )
        self.network = _answering_copy(model).to(self.device)

    def __repr__(self) -> str:
        return f"TorchModel({self.facts.name} on {self.device}, {self.facts.vocabulary!r})"

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``; ``ModelError`` if the weights give no finite ones."""
        return finite_logits(self._compute(self.network, clips), self.facts.name)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of clips, ``[B, N] -> [B, M, T]``."""
        return self._compute(self.network.frontend, clips)

    def _compute(self, part: nn.Module, clips: Samples) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            result: npt.NDArray[np.float32] = part(torch.from_numpy(clips).to(self.device)).float().cpu().numpy()
        return result


def scoring_model(
    model: RecognizerModel | Checkpoint | ScoringModel, *, device: str | torch.device = "cpu"
) -> ScoringModel:
    """Return what scores clips with a model, whatever form it has.

    Args:
        model: a network, a checkpoint, or what scores clips already.
        device: where torch computes.

    Raises:
        ConfigError: if there is no such device.
    """
    if isinstance(model, Checkpoint | RecognizerModel):
        return TorchModel(model, device=device)
    return model


def load_scoring_model(file: ModelFile, *, device: str, threads: int | None, trust_code: bool) -> ScoringModel:
    """Return what scores clips with a checkpoint, as ``Recognizer.from_pretrained`` asks for it."""
    set_threads(threads)
    return TorchModel(load_checkpoint(file, trust_code=trust_code), device=device)


def _answering_copy(model: RecognizerModel) -> RecognizerModel:
    """Return a copy for answering only, folded if the network allows it."""
    device = next(model.parameters()).device
    mel, frames = model.config.mel, 2 * model.classifier.minimum_frames  # a part of a clip says as much
    samples = model.config.clip_samples
    if model.config.frontend is None:
        samples = min(samples, mel.fft_length + frames * mel.hop_length)
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    try:
        return fold_batch_norms(model, noise.to(device))
    except ConfigError:
        return copy.deepcopy(model).eval().requires_grad_(False)
