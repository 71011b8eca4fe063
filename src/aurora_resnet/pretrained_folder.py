"""A model as a folder that travels: on this disk, or on the Hugging Face hub as ``owner/name``.

    config.json          what the model is, and the SHA-256 of each file beside it
    model.safetensors    the checkpoint: weights, vocabulary, calibration
    model.onnx           the exported model, if there is one
    README.md            the card

The hub's client keeps what it fetched; without a network that is used. Each file is checked by its SHA-256 before it is
read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aurora_resnet.runtime.errors import DownloadError, MissingDependencyError, ModelError

CONFIG, CARD = "config.json", "README.md"
CHECKPOINT, EXPORTED = "model.safetensors", "model.onnx"
LIBRARY = "aurora-resnet"
_NAME = re.compile(r"(?P<repo>[A-Za-z0-9][\w.\-]*/[\w.\-]+?)(@(?P<revision>[\w.\-/]+))?")
_OURS = (".safetensors", ".onnx", ".pth", ".wav", ".flac", ".csv")


def is_pretrained(name_or_path: str | Path) -> bool:
    """Tell whether a name means a folder of ours or a model on the hub; files and shipped names are neither.

    >>> [is_pretrained(name) for name in ("ann/words", "ann/words@v1", "compact", "runs/a.onnx")]
    [True, True, False, False]
    """
    text = os.fspath(name_or_path)
    if os.path.isdir(text):  # noqa: PTH112 (a name may be too long for a Path)
        return os.path.isfile(os.path.join(text, CONFIG))  # noqa: PTH113, PTH118
    return not os.path.exists(text) and _NAME.fullmatch(text) is not None and not text.lower().endswith(_OURS)  # noqa: PTH110


def find_pretrained(
    name_or_path: str | Path,
    wanted: Sequence[str],
    *,
    revision: str | None = None,
    sha256: str | None = None,
) -> Path:
    """Return a file of a model's folder, fetched from the hub if need be and checked.

    Args:
        name_or_path: a folder, ``owner/name`` or ``owner/name@revision``.
        wanted: names of files, the best first; the first that the model has is taken.
        revision: branch, tag or commit on the hub; the main branch if not given.
        sha256: of that file, in hexadecimal, if you know which it must be.

    Raises:
        ModelError: if there is no such file, or it is damaged.
        DownloadError: if the hub cannot be reached and nothing was kept, or it has no such model or revision.
        MissingDependencyError: for the hub, without huggingface_hub.
    """
    text = os.fspath(name_or_path)
    folder = Path(text)
    if folder.is_dir():
        get: Callable[[str], Path] = lambda name: folder / name  # noqa: E731
    else:
        match = _NAME.fullmatch(text)
        if match is None:
            raise ModelError(f"'{text}' is neither a folder with {CONFIG} nor owner/name of a model on the hub")
        get = _from_hub(match["repo"], revision or match["revision"])
    config = _read_config(get(CONFIG))
    name = next((name for name in wanted if name in config["files"]), None)
    if name is None:
        raise ModelError(f"'{text}' has no {' or '.join(wanted)}, but {', '.join(config['files']) or 'nothing'}")
    path = get(name)
    found = file_sha256(path)
    for expected, what in ((config["files"][name], CONFIG), (sha256, "you asked for")):
        if expected is not None and found != expected.lower():
            raise ModelError(f"{path} is not the file that {what} states (SHA-256 {found[:12]}...); fetch it again")
    return path


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


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        files = config["files"]
        if config["library_name"] != LIBRARY or not all(isinstance(v, str) for v in files.values()):
            raise KeyError("library_name")
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(f"{path} is no configuration that save_pretrained or push_to_hub wrote") from None
    return dict(config)


def _from_hub(repo: str, revision: str | None) -> Callable[[str], Path]:
    hub = require_hub(f"'{repo}' is no file or folder here; taking it from the hub")
    from huggingface_hub import errors

    def get(name: str) -> Path:
        try:
            return Path(
                hub.hf_hub_download(repo, name, revision=revision, library_name=LIBRARY, endpoint=hub_endpoint())
            )
        except errors.RevisionNotFoundError:
            raise DownloadError(f"{repo} has no revision '{revision}' on the hub") from None
        except errors.RepositoryNotFoundError:
            raise DownloadError(
                f"there is no model {repo} on the hub, or you may not see it; check the name, or: hf auth login"
            ) from None
        except errors.LocalEntryNotFoundError:
            raise DownloadError(
                f"{repo}: the hub cannot be reached and {name} was not fetched before; connect once, then it is kept"
            ) from None
        except errors.EntryNotFoundError:
            raise DownloadError(f"{repo} has no {name}: it is no model that push_to_hub wrote") from None
        except Exception as error:  # of the client's HTTP library: requests, httpx or httpx2, by its version
            raise DownloadError(f"{repo}: {name} cannot be fetched ({str(error).partition(chr(10))[0]})") from error

    return get


def hub_endpoint() -> str | None:
    """Return the address of another hub, if ``HF_ENDPOINT`` names one."""
    return os.environ.get("HF_ENDPOINT") or None


def require_hub(purpose: str) -> Any:
    """Return the module huggingface_hub.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingDependencyError(
            f"{purpose} needs huggingface_hub ({error}): pip install 'aurora-resnet[hub]'"
        ) from None
    return huggingface_hub
