"""ImageNet weights for ``ResidualSpeechNet``: key by key, and nothing unexpected passes."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from aurora_resnet.models.load_report import LoadReport, misfits
from aurora_resnet.runtime.errors import CheckpointError, listed

_STEM = "conv1.weight"
_HEAD = "head."
_COUNTER = ".num_batches_tracked"


def read_image_weights(weights: str | Path) -> tuple[str, Mapping[str, Tensor]]:
    """Return (source, state dict) of ``"imagenet"`` or of a local file.

    ``"imagenet"`` means torchvision's ``ResNet50_Weights.IMAGENET1K_V1``, downloaded once and then taken from
    torch's cache. A ``.pth`` file is unpickled with ``weights_only=True``, which runs no code.

    Raises:
        CheckpointError: if the file is missing or is no weight file, or the download fails.
    """
    path = Path(weights)
    if weights != "imagenet" and not path.is_file():
        raise CheckpointError(f"weights must be 'imagenet' or an existing file, got '{path}'")
    try:
        if weights == "imagenet":
            from aurora_resnet.models.torchvision_resnet import ResNet50_Weights  # importing it takes seconds

            choice = ResNet50_Weights.IMAGENET1K_V1
            return f"torchvision {choice}", choice.get_state_dict(progress=True, check_hash=True, weights_only=True)
        safe = path.suffix == ".safetensors"
        state = load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the unpickler stumbles over in a damaged file, here or in torch's cache
        # torch's own text about pickles fills many lines and advises to run them.
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        if isinstance(error, pickle.UnpicklingError):
            reason = "damaged, or a pickle that holds more than tensors"
        if weights == "imagenet":
            what = "torchvision's ImageNet weights cannot be downloaded or read from torch's cache"
            raise CheckpointError(f"{what} ({reason}); give the path of a local file as weights instead") from error
        raise CheckpointError(f"{path} is not a readable .safetensors or .pth weight file ({reason})") from error
    if not isinstance(state, Mapping) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()
    ):
        raise CheckpointError(f"{path} does not hold a state dict (names and tensors)")
    return str(path), state


def load_backbone(model: nn.Module, weights: str | Path) -> LoadReport:
    """Copy ImageNet weights into a network with torchvision's parameter names and a one-channel stem.

    Args:
        model: the network; its ``head`` stays as it is.
        weights: ``"imagenet"`` or the path of a local file.

    Returns:
        What was matched, adapted, new and dropped.

    Raises:
        CheckpointError: if a tensor is missing, has another shape, or is neither the ImageNet classifier nor a later
            stage; the network is then unchanged.
    """
    source, state = read_image_weights(weights)
    # Counters of BatchNorm steps are not weights, and files from elsewhere leave them out.
    own = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.startswith(_HEAD) and (name in state or not name.endswith(_COUNTER))
    }
    expendable = ("fc.",) if hasattr(model, "layer4") else ("fc.", "layer4.")
    values = {name: value for name, value in state.items() if not name.startswith(expendable)}
    stem, adapted = values.get(_STEM), tuple[str, ...]()
    if stem is not None and stem.dim() == 4 and stem.shape[1] == 3:
        values[_STEM], adapted = stem.sum(dim=1, keepdim=True), (_STEM,)
    problems = misfits(own, values)
    if problems:
        raise CheckpointError(f"{source} does not fit this network: {listed(problems, 5, '; ')}")
    model.load_state_dict(values, strict=False)
    matched = tuple(name for name in own if name not in adapted)
    new = tuple(name for name in model.state_dict() if name.startswith(_HEAD))
    return LoadReport(source, matched, adapted, new, tuple(name for name in state if name not in values))
