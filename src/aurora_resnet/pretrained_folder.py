"""The Hugging Face hub, where ``runtime.model_reference`` finds a model as ``owner/name``.

The hub's client keeps what it fetched; without a network that is used.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora_resnet.runtime.errors import DownloadError, MissingDependencyError
from aurora_resnet.runtime.model_folder import LIBRARY


def hub_files(repo: str, revision: str | None) -> Callable[[str], Path]:
    """Return what fetches a file of a model, if it was not kept, and returns where it is.

    Args:
        repo: ``owner/name``.
        revision: branch, tag or commit; the main branch if not given.

    Raises:
        MissingDependencyError: without huggingface_hub.
    """
    hub = require_hub(f"the model {repo} on the hub")
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
