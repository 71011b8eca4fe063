"""The model that is measured: a checkpoint, or an exported file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.zoo import model_cost
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.model_reference import SUFFIXES, resolve
from aurora_resnet.runtime.models import ScoringModel, load_model


@dataclass(frozen=True)
class MeasuredModel:
    """A model to measure.

    Attributes:
        name: the shipped model's or the checkpoint's; of an exported file its name with the ending.
        file: where it is.
        scoring: what scores clips with it.
        network: of a checkpoint; ``None`` for an exported file.
    """

    name: str
    file: Path
    scoring: ScoringModel
    network: RecognizerModel | None

    @classmethod
    def open(cls, model: str, *, device: str = "cpu", threads: int = 1) -> MeasuredModel:
        """Load a model.

        Args:
            model: the name of a shipped checkpoint, a checkpoint's path, or an exported file, ending in ``.onnx``.
            device: where torch computes a checkpoint.
            threads: CPU threads that onnxruntime takes for an exported file; for torch see ``set_threads``.

        Raises:
            ModelError: if there is none of that name, or the file is missing, damaged or not one of ours.
        """
        if Path(model).suffix == SUFFIXES["onnx"]:
            return cls(Path(model).name, Path(model), load_model(model, threads=threads), None)
        file = resolve(model, kind="words", format="checkpoint")
        checkpoint = load_checkpoint(file)
        return cls(checkpoint.name, file.path, scoring_model(checkpoint, device=device), checkpoint.model)

    def describe(self) -> dict[str, Any]:
        """Return what the model is; its cost is known of a checkpoint."""
        row: dict[str, Any] = {
            "name": self.name,
            "zoo_name": self.scoring.facts.name,
            "bytes": self.file.stat().st_size,
            "sha256": file_digest(self.file),
        }
        if self.network is not None:
            config = self.network.config
            cost = model_cost(self.network.classifier, config.mel.frames(config.clip_samples))
            row |= {
                "zoo_name": config.model,
                "parameters": cost.parameters,
                "macs_per_second": round(cost.macs / config.clip_seconds),
            }
        return row


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
