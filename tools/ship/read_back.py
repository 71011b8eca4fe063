r"""The weights of an exported model of strings, as a network from which a training can go on.

The file holds int8 weights into which the batch normalisations were folded. Folded, a layer is :math:`y = W x + b`;
unfolded it is :math:`y = \gamma (W x - \mu) / \sigma + \beta`. The same :math:`W` with :math:`\mu` and :math:`\sigma`
the mean and the deviation of :math:`W x` on clips of the training, :math:`\gamma = \sigma` and :math:`\beta = b + \mu`
answers alike, and a training that normalises by its batches goes on where the exported network stood.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from aurora_resnet.clips.string_clips import StringClips
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.training.data import load_data
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.strings import load_strings

#: By which mean and deviation are told.
CLIPS = 256


def read_back(exported: Path, config: ExperimentConfig) -> RecognizerModel:
    """Return the network of an exported model.

    Args:
        exported: the int8 file.
        config: its training.
    """
    data = load_data(config.data, None)
    model = RecognizerModel(
        RecognizerConfig(
            config.model,
            config.mel,
            options=config.options,
            clip_seconds=config.clip_seconds,
            vocabulary=data.vocabulary,
        )
    )
    clips = load_strings(data, config.data, model, seed=config.training.seed).train
    assert isinstance(clips, StringClips)
    waveforms = torch.stack([torch.from_numpy(clips.make(0, index)[0]) for index in range(CLIPS)])
    unfold(model, folded_weights(exported), waveforms)
    return model


def folded_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights and biases of an int8 file as float32, by the names that they have in the network."""
    import onnx
    from onnx import numpy_helper

    stored = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    weights = {}
    for name in stored:
        if not name.endswith("_quantized"):
            continue
        whole = name.removesuffix("_quantized")
        scales = [f"{whole}{end}" for end in ("_scale", "_quantized_scale") if f"{whole}{end}" in stored]
        scale = torch.from_numpy(stored[scales[0]].copy()).float()
        values = torch.from_numpy(stored[name].copy()).float()
        weights[whole] = values * scale.reshape(-1, *(1,) * (values.ndim - 1))
    return weights


def normalised(model: nn.Module) -> Iterator[tuple[str, nn.Module, BatchNorm]]:
    """Yield the convolutions that a batch normalisation follows, with their names, in the order of the network."""
    before = "", model
    for name, module in model.named_modules():
        if isinstance(module, BatchNorm):
            yield *before, module
        before = name, module


def unfold(model: RecognizerModel, weights: dict[str, Tensor], waveforms: Tensor) -> None:
    """Give a network the weights of an exported one.

    Args:
        model: of the same shape; changed in place and put into evaluation mode.
        weights: of ``folded_weights``.
        waveforms: ``[N, samples]``, by which the normalisations are told.
    """
    state = {name: weights[name] for name in model.state_dict() if name in weights and not name.endswith("bias")}
    state |= {name: weights[name] for name in weights if name.startswith("classifier.head")}
    model.load_state_dict(state, strict=False)
    model.eval()
    for name, convolution, norm in normalised(model):
        bias = weights[f"{name}.bias"]

        def tell(
            _module: nn.Module, _inputs: object, output: Tensor, norm: BatchNorm = norm, bias: Tensor = bias
        ) -> None:
            channels = output.transpose(0, 1).flatten(1)
            mean, variance = channels.mean(dim=1), channels.var(dim=1)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(bias + mean)

        # The layers run in order, so when one is told those before it are right.
        convolution.register_forward_hook(tell)
    with torch.no_grad():
        model(waveforms)
    for _, convolution, _ in normalised(model):
        convolution._forward_hooks.clear()
