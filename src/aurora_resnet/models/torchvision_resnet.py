"""torchvision's ResNet-50; where torchvision does not import, an error that says what to install."""

import torch

from aurora_resnet.runtime.errors import MissingDependencyError

try:
    from torchvision.models import ResNet50_Weights, resnet50
except (ImportError, RuntimeError, OSError) as error:  # built for another torch, it lacks operators or libraries
    raise MissingDependencyError(
        f"networks are built on torchvision, which does not import beside torch {torch.__version__}: {error}\n"
        "install the two together, from one index: pip install --force-reinstall torch torchvision; without a GPU with "
        "--index-url https://download.pytorch.org/whl/cpu"
    ) from None

__all__ = ["ResNet50_Weights", "resnet50"]
