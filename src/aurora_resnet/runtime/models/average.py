r"""Several models of single words as one: the weighted mean of what they say.

With the logits :math:`z_i` of model :math:`i`, whose "none of the words" is 0, and weights :math:`w_i` of sum 1, the
answer is

.. math:: z = \bar l - \bar l_0, \qquad \bar l = \sum_i w_i \log \mathrm{softmax}(0, z_i),

the geometric mean of the probabilities, again with 0 for "none of the words".
"""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio.waveform import Samples
from ..decision import Calibration, evidence, is_number
from ..errors import ModelError
from ..model_reference import AVERAGE, AnyModel, resolve
from .words import ExportedModel

PARTS = "parts"


class AveragedModel:
    """The exported models beside a file that names them, each with its weight.

    Args:
        path: JSON: ``name``, ``parts`` (name to weight), ``calibration``.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if the file or a part is missing, damaged, or the parts do not fit each other.
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        self.path, self.threads, self.card = Path(path), threads, ""
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
            name, weights = str(values["name"]), values[PARTS]
            calibration = Calibration.from_dict(values["calibration"])
            if not weights or not all(is_number(weight) and weight > 0 for weight in weights.values()):
                raise ValueError("its parts need weights above 0")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"'{self.path}' is no file that names models to average ({error})") from None
        self.parts = [ExportedModel(self.path.with_name(f"{part}.onnx"), threads=threads) for part in weights]
        self.weights = np.array(list(weights.values()), np.float64) / sum(weights.values())
        first = self.parts[0].facts
        for part in self.parts[1:]:
            for what in ("vocabulary", "sample_rate", "clip_samples"):
                if getattr(part.facts, what) != getattr(first, what):
                    raise ModelError(
                        f"'{self.path}' averages models whose {what} differ: {part.facts.name}, {first.name}"
                    )
        self.facts = replace(first, name=name, calibration=calibration)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), threads=self.threads), (self.path.absolute(),), {"facts": self.facts}

    def __repr__(self) -> str:
        return f"AveragedModel({str(self.path)!r}: {self.facts.name}, {self.facts.vocabulary!r})"

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``."""
        words, none = np.zeros(()), np.zeros(())
        for weight, part in zip(self.weights, self.parts, strict=True):
            exact = part.logits(clips).astype(np.float64)
            whole = np.logaddexp(0.0, evidence(exact))[:, None]
            words, none = words + weight * (exact - whole), none - weight * whole
        return (words - none).astype(np.float32)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the spectrograms that the first model sees, ``[B, N] -> [B, M, T]``."""
        return self.parts[0].features(clips)


WordModel = ExportedModel | AveragedModel


def load_word_model(path: str | Path, *, threads: int = 1) -> WordModel:
    """Load a file of single words: an exported model, or one that names several.

    Raises:
        ModelError: if it is missing, damaged or not one of ours.
    """
    return (AveragedModel if Path(path).suffix == AVERAGE else ExportedModel)(path, threads=threads)


def load_model(name_or_path: AnyModel, *, threads: int = 1) -> WordModel:
    """Load an exported model of single words.

    Args:
        name_or_path: as ``resolve`` takes it.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if there is none of that name, or the file is damaged, not one of ours or a checkpoint.
        DownloadError: as ``resolve``.

    >>> load_model("compact").logits(np.zeros((2, 8000), np.float32)).shape
    (2, 11)
    """
    return load_word_model(resolve(name_or_path, kind="words", format="onnx").path, threads=threads)
