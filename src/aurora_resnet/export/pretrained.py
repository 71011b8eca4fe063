"""Writing a model as a folder that travels, and putting that folder on the Hugging Face hub."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.config_files import to_mapping
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.files import atomic_path, write_json
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.pretrained_folder import hub_endpoint, require_hub
from aurora_resnet.runtime.errors import DownloadError
from aurora_resnet.runtime.model_folder import CONFIG, LIBRARY, file_sha256
from aurora_resnet.runtime.model_reference import SUFFIXES, AnyModel

CHECKPOINT, EXPORTED = f"model{SUFFIXES['checkpoint']}", f"model{SUFFIXES['onnx']}"
CARD = "README.md"


def save_pretrained(
    model: AnyModel | Checkpoint | RecognizerModel,
    folder: str | Path,
    *,
    onnx: bool = True,
    int8: bool = False,
    recordings: Sequence[str] = (),
) -> Path:
    """Write a model as a folder: checkpoint, exported model, configuration and card.

    Args:
        model: a shipped name, the path of a checkpoint, a checkpoint, or a network.
        folder: where; made if needed. ``config.json`` is written last.
        onnx: export it too, which needs the extra ``export``.
        int8: export it quantised.
        recordings: corpora to quantise and check with, as ``export_onnx`` takes them.

    Returns:
        The folder; ``DigitRecognizer.from_pretrained`` and ``load_checkpoint`` take it.

    Raises:
        CheckpointError: if there is no such checkpoint.
        ExportError: if the exported model does not answer as the checkpoint does.

    >>> folder = save_pretrained("compact", tempfile.mkdtemp(), onnx=False)
    >>> load_checkpoint(folder).vocabulary.words[:2]
    ('zero', 'one')
    """
    if isinstance(model, RecognizerModel):
        checkpoint = Checkpoint(model.eval(), Path(folder).name, card="", info={}, state={})
    else:
        checkpoint = model if isinstance(model, Checkpoint) else load_checkpoint(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [CHECKPOINT]
    save_checkpoint(checkpoint.model, folder / CHECKPOINT, card=checkpoint.card, info=checkpoint.info)
    if onnx:
        export_onnx(checkpoint, folder / EXPORTED, int8=int8, recordings=recordings)
        files.append(EXPORTED)
    with atomic_path(folder / CARD) as temporary:
        temporary.write_text(_card(checkpoint), encoding="utf-8")
    config = {
        "library_name": LIBRARY,
        "name": checkpoint.name,
        "model": to_mapping(checkpoint.model.config),
        "calibration": checkpoint.calibration.to_dict(),
        "files": {name: file_sha256(folder / name) for name in files},
    }
    write_json(config, folder / CONFIG)
    return folder


def push_to_hub(
    model: AnyModel | Checkpoint, repo: str, *, revision: str | None = None, private: bool = False, **options: Any
) -> str:
    """Put a model on the Hugging Face hub, in one commit; log in first with ``hf auth login``.

    Args:
        model: as ``save_pretrained``.
        repo: ``owner/name``; made if needed.
        revision: branch; the main one if not given.
        private: visible only to its owner, if it is made now.
        **options: ``onnx``, ``int8`` and ``recordings`` of ``save_pretrained``.

    Returns:
        The commit, by which ``from_pretrained(repo, revision=...)`` gets this very model.

    Raises:
        DownloadError: if the hub cannot be reached or refuses.
        MissingDependencyError: without huggingface_hub.
    """
    hub = require_hub("putting a model on the hub")
    with tempfile.TemporaryDirectory() as place:
        folder = save_pretrained(model, place, **options)
        api = hub.HfApi(endpoint=hub_endpoint(), library_name=LIBRARY)
        try:
            api.create_repo(repo, private=private, exist_ok=True)
            done = api.upload_folder(
                repo_id=repo, folder_path=folder, revision=revision, commit_message="A model of aurora-resnet"
            )
        except Exception as error:  # whatever its HTTP client raises
            reason = str(error).partition("\n")[0]
            raise DownloadError(
                f"{repo} cannot be written on the hub ({reason}); log in with: hf auth login"
            ) from error
    return str(done.oid)


def _card(checkpoint: Checkpoint) -> str:
    """Return the card under the table that the hub reads."""
    title = "" if checkpoint.card.startswith("#") else f"# {checkpoint.name}\n\n"
    strings = checkpoint.kind == "strings"
    name, what = ("StringRecognizer", "strings of words") if strings else ("DigitRecognizer", "single words")
    return f"""---
library_name: {LIBRARY}
pipeline_tag: audio-classification
tags: [speech, keyword-spotting]
---

{title}{checkpoint.card or f"A recogniser of {what}."}

Words: {", ".join(checkpoint.vocabulary.words)}.

```python
from aurora_resnet import {name}

recognizer = {name}.from_pretrained("owner/name")
```
"""
