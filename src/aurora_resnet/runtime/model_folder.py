"""A folder of ``save_pretrained``, here or on the hub.

It holds

    config.json          what the model is, and the SHA-256 of each file beside it
    model.safetensors    the checkpoint: weights, vocabulary, calibration
    model.onnx           the exported model, if there is one
    README.md            the card
"""

import hashlib
import json
from pathlib import Path

from .errors import ModelError

CONFIG, LIBRARY = "config.json", "aurora-resnet"


def read_config(path: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by its name.

    Args:
        path: of its ``config.json``.

    Raises:
        ModelError: if it cannot be read or is not one of ours.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        files = dict(config["files"])
        if config["library_name"] != LIBRARY or not all(isinstance(v, str) for v in files.values()):
            raise KeyError("library_name")
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(f"{path} is no configuration that save_pretrained or push_to_hub wrote") from None
    return files


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        ModelError: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); copy or fetch the model again") from None
