r"""Where in the spectrogram a network found its word, and what its layers saw on the way.

Grad-CAM weighs the channels :math:`A^k` of a convolutional layer by how much the score :math:`y^c` of a word rises with
their mean, and keeps what speaks for the word:

.. math::

    \alpha_k = \frac{1}{H W} \sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}}, \qquad
    L^c = \max\Bigl(0, \sum_k \alpha_k A^k\Bigr)

Source: Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*, 2017.
Where a network ends in a mean over the layer and one dense layer, this is the class activation map of Zhou et al.,
*Learning Deep Features for Discriminative Localization*, 2016.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError, did_you_mean


def grad_cam(model: RecognizerModel, waveform: Tensor, *, word: str | None = None, layer: str | None = None) -> Tensor:
    """Return which cells of the spectrogram speak for a word, by Grad-CAM.

    The model stays as it is: its mode, its gradients, what is frozen. What a clip gets does not depend on the batch.

    Args:
        model: a network with convolutions, as ``load_checkpoint(name).model``.
        waveform: a clip ``[N]`` or a batch ``[B, N]`` at the model's rate, as ``recognizer.clip(path).samples`` has it.
        word: of the vocabulary; for each clip its most probable one if not given.
        layer: name of a module of ``model.classifier`` whose output is ``[B, C, H, W]``; the last one that has such an
            output if not given.

    Returns:
        Importance of each cell, shaped as the features, ``[M, T]`` or ``[B, M, T]``: from 0 to 1, the largest of each
        clip; all 0 where nothing in the layer speaks for the word.

    Raises:
        ConfigError: for a word or layer that the model does not have, or a model without convolutions.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.runtime.audio.reading import read_audio
    >>> model = load_checkpoint("compact").model
    >>> samples, rate = read_audio(read_samples().filter(words="seven")[0].path)
    >>> heat = grad_cam(model, torch.from_numpy(samples), word="seven")
    >>> heat.shape == model.frontend(torch.from_numpy(samples)).shape, float(heat.min()) >= 0, float(heat.max())
    (True, True, 1.0)
    >>> grad_cam(model, torch.zeros(8000), word="sevn")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: the model does not know the word 'sevn' (did you mean 'seven'?); ...
    """
    vocabulary = model.config.vocabulary
    if word is not None and word not in vocabulary:
        hint = did_you_mean(word, vocabulary.words)
        raise ConfigError(
            f"the model does not know the word '{word}'{hint}; its words: {', '.join(vocabulary.words[:20])}"
        )
    features = _features(model, waveform)
    # The backward pass of recurrent layers on CUDA asks for training mode, except without cuDNN.
    without_cudnn = torch.backends.cudnn.flags(enabled=False)
    with _recorded(model.classifier, layer) as kept, without_cudnn, torch.inference_mode(False), torch.enable_grad():
        logits = model.classifier(features.requires_grad_())
        maps = _maps(model, kept, layer)
        best = logits.amax(dim=1) if word is None else logits[:, vocabulary.index(word)]
        score = best.sum()  # clips do not see each other, so its gradient is that of each clip's own score
        (gradient,) = torch.autograd.grad(score, maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = F.relu((weights * maps.detach()).sum(dim=1, keepdim=True))
    heat = F.interpolate(heat, size=features.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    largest = heat.amax(dim=(1, 2), keepdim=True)
    heat = torch.where(largest > 0, heat / largest, torch.zeros_like(heat))
    return heat[0] if waveform.dim() == 1 else heat


def layer_outputs(model: RecognizerModel, waveform: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Return what layers of a network compute, such as the stages of ``ResidualSpeechNet``.

    Args:
        model: the network; it stays as it is.
        waveform: a clip ``[N]`` or a batch ``[B, N]``.
        layers: names of modules of ``model.classifier``; ``dict(model.classifier.named_modules())`` lists them.

    Returns:
        The outputs by name, ``[B, C, H, W]`` of convolutional layers; without the batch for a single clip.

    Raises:
        ConfigError: for a layer that the model does not have, or that does not give a tensor.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> seen = layer_outputs(load_checkpoint("compact").model, torch.zeros(8000), ["stem", "stages"])
    >>> {name: tuple(output.shape) for name, output in seen.items()}
    {'stem': (24, 32, 51), 'stages': (104, 4, 7)}
    """
    with _recorded(model.classifier, *layers) as kept, torch.no_grad():
        model.classifier(_features(model, waveform))
    outputs = {layer: kept[layer].detach() for layer in layers}
    return {layer: output[0] if waveform.dim() == 1 else output for layer, output in outputs.items()}


def _features(model: RecognizerModel, waveform: Tensor) -> Tensor:
    """Return the features of a batch as an ordinary tensor, whatever mode torch is in."""
    if waveform.dim() not in (1, 2):
        raise ConfigError(f"expected a clip [N] or a batch [B, N], got {list(waveform.shape)}")
    with torch.inference_mode(False), torch.no_grad():
        device = next(model.parameters()).device
        features: Tensor = model.frontend(waveform.clone().reshape(-1, waveform.shape[-1]).to(device))
        return features.detach().clone()


@contextmanager
def _recorded(network: nn.Module, *asked: str | None) -> Iterator[dict[str, Tensor]]:
    """Keep what all layers give, in the order of their completion, while the network answers in evaluation mode."""
    modules = {name: module for name, module in network.named_modules() if name}
    for layer in filter(None, asked):
        if layer not in modules:
            raise ConfigError(
                f"{type(network).__name__} has no layer '{layer}'{did_you_mean(layer, modules)}; layers: "
                f"{', '.join(name for name in modules if name.count('.') < 2)}"
            )
    kept: dict[str, Tensor] = {}

    def keep(name: str, _module: nn.Module, _inputs: Any, output: Any) -> Tensor | None:
        if not isinstance(output, Tensor):
            return None
        kept.pop(name, None)
        kept[name] = output
        return output.clone()  # a ReLU that works in place would change what was kept

    with ExitStack() as afterwards:
        for name, module in modules.items():
            afterwards.enter_context(module.register_forward_hook(partial(keep, name)))
        afterwards.callback(network.train, network.training)
        network.eval()
        yield kept


def _maps(model: RecognizerModel, kept: dict[str, Tensor], layer: str | None) -> Tensor:
    """Return the output ``[B, C, H, W]`` of a layer, or of the last one that has such an output."""
    if layer is None:
        maps = [output for output in kept.values() if output.dim() == 4 and min(output.shape[2:]) > 1]
        if not maps:
            raise ConfigError(f"{model.config.model} has no layer whose output is [B, C, H, W]; it needs convolutions")
        return maps[-1]
    output = kept.get(layer)
    if output is None or output.dim() != 4:
        shape = "no tensor" if output is None else list(output.shape)
        raise ConfigError(f"layer '{layer}' gives {shape}; Grad-CAM needs a map [B, C, H, W]")
    return output
