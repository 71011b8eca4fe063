"""``DigitRecognizer``: a file or an array goes in, a word comes out, whichever engine computes it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from aurora_resnet.pretrained_folder import CHECKPOINT, EXPORTED, find_pretrained, is_pretrained
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_files import SUFFIX, exported_path, is_file
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import DEFAULT_MODEL, Recognizer


class DigitRecognizer(Recognizer):
    """Recognise isolated words with an exported model, without torch, or with a checkpoint and torch.

    Everything but the engine is ``runtime.Recognizer``: reading, cutting, the decision, the answer.

    >>> recognizer = DigitRecognizer.from_pretrained("compact")
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> recognizer.recognize(read_samples().filter(words="seven")[0].path).digit
    7
    """

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = DEFAULT_MODEL,
        *,
        device: str = "cpu",
        threads: int | None = None,
        revision: str | None = None,
        sha256: str | None = None,
        trust_code: bool = False,
    ) -> Self:
        """Load a model.

        Args:
            name_or_path: a shipped model (``"resnet50"``, ``"compact"``), an exported file (``.onnx``), a checkpoint
                that ``Trainer`` or ``save_checkpoint`` wrote, a folder of ``save_pretrained``, or ``owner/name`` of a
                model on the Hugging Face hub, also as ``owner/name@revision``.
            device: where to compute. The exported models compute on the CPU; a shipped model on another device is the
                checkpoint that it was exported from.
            threads: CPU threads that compute an answer. An exported model takes one if not told otherwise; torch has
                one number for the whole process, which ``None`` leaves alone.
            revision: branch, tag or commit, on the hub.
            sha256: of the file that is taken, in hexadecimal, of a folder or on the hub.
            trust_code: import the ``package.module:Class`` that a checkpoint names, as ``load_checkpoint`` does.

        Raises:
            DownloadError: if the hub cannot be reached and nothing was kept, or has no such model.
            ModelError: if there is none of that name, or the file is missing, damaged or not one of ours.
            ConfigError: for a device that is not here.
        """
        if exported_path(name_or_path) is None and is_pretrained(name_or_path):
            wanted = [EXPORTED, CHECKPOINT] if device == "cpu" else [CHECKPOINT]
            name_or_path = find_pretrained(name_or_path, wanted, revision=revision, sha256=sha256)
        path = Path(name_or_path)
        if path.suffix == SUFFIX and device != "cpu":
            raise ConfigError(f"exported models compute on the CPU; for '{device}' give the checkpoint of {path}")
        shipped = exported_path(name_or_path) is not None
        if path.suffix == SUFFIX or (shipped and device == "cpu") or not (shipped or is_file(path)):
            return cls(load_model(name_or_path, threads=threads or 1))  # says so if there is no such model
        # Torch takes seconds to import, which an exported model need not wait for.
        from aurora_resnet.checkpoints import load_checkpoint
        from aurora_resnet.scoring import scoring_model

        checkpoint = load_checkpoint(str(name_or_path), trust_code=trust_code)
        return cls(scoring_model(checkpoint, device=device, threads=threads))
