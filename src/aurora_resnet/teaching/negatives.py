r"""The bank of negatives: embeddings of other words, talk and noise, and the projection in which words are told apart.

The projection is a linear discriminant analysis (Fisher, 1936): with the covariance :math:`S` of a word's recordings
around its mean, shrunk by a share of its mean diagonal, :math:`P S P^T = I`, and its rows are the directions in which
the words' means differ most.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import ModelError
from aurora_resnet.teaching.encoder import Encoder, Vectors

BANK = Path(__file__).with_name("negatives.npz")
#: Labels of seconds of noise and of running speech; all other labels are words.
NOISE, TALK = "_noise", "_talk"
DIRECTIONS, SHRINKAGE = 128, 0.1
_STEPS = 127  # of int8
_SAME = 0.98  # least cosine of the probe's embeddings, which processors round differently


@dataclass(frozen=True)
class Bank:
    """Negatives by their unit vectors.

    Attributes:
        mean: of the embeddings, ``[D]``.
        matrix: the projection, ``[P, D]``.
        vectors: ``[n, P]``, of length 1.
        labels: what is said in each, ``[n]``.
        probe: embedding of a fixed sound, by which the encoder is known again, ``[D]``.
    """

    mean: Vectors
    matrix: Vectors
    vectors: Vectors
    labels: npt.NDArray[np.str_]
    probe: Vectors

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def fit(cls, embeddings: Vectors, labels: Sequence[str], encoder: Encoder, *, unused: Collection[str] = ()) -> Bank:
        """Make a bank of embeddings ``[n, D]``; the projection learns from the words that are not ``unused``."""
        named = np.array(labels)
        taught = np.array([label not in {NOISE, TALK, *unused} for label in labels])
        mean, matrix = discriminants(embeddings[taught], named[taught])
        bank = cls(mean, matrix, np.zeros((0, len(matrix)), np.float32), named, _probe(encoder))
        return replace(bank, vectors=bank.project(embeddings))

    @classmethod
    def load(cls, path: Path = BANK) -> Bank:
        """Read a file that ``save`` wrote."""
        with np.load(path) as file:
            vectors = file["vectors"].astype(np.float32)
            mean, matrix, probe = (file[name].astype(np.float32) for name in ("mean", "matrix", "probe"))
            return cls(mean, matrix, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), file["labels"], probe)

    def save(self, path: Path) -> None:
        """Write a file: vectors in int8, all else in float16."""
        largest = np.abs(self.vectors).max()
        small = {name: getattr(self, name).astype(np.float16) for name in ("mean", "matrix", "probe")}
        vectors = np.round(self.vectors * _STEPS / largest).astype(np.int8)
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, vectors=vectors, labels=self.labels, **small)

    def project(self, embeddings: Vectors) -> Vectors:
        """Return unit vectors ``[n, P]`` of embeddings ``[n, D]``."""
        projected = (embeddings - self.mean) @ self.matrix.T
        unit: Vectors = (projected / np.linalg.norm(projected, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def without(self, words: Collection[str]) -> Bank:
        """Return the negatives that are none of these words: what is said in a phrase is no part of the phrase."""
        kept = ~np.isin(self.labels, list(words))
        return replace(self, vectors=self.vectors[kept], labels=self.labels[kept])

    def check(self, encoder: Encoder) -> None:
        """Raise ``ModelError`` unless it was made with this encoder."""
        probe = _probe(encoder)
        if probe.shape != self.probe.shape or _cosine(probe, self.probe) < _SAME:
            raise ModelError(
                f"{BANK} was made with other weights than {encoder.path}; make it again: python -m tools.make_negatives"
            )


@cache
def load_bank() -> Bank:
    """Return the bank of the package."""
    return Bank.load()


def discriminants(embeddings: Vectors, labels: npt.NDArray[np.str_]) -> tuple[Vectors, Vectors]:
    """Return the mean of the words' means and the projection above; words with one recording are passed over.

    Args:
        embeddings: of words, ``[n, D]``.
        labels: which word, ``[n]``.
    """
    words, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    exact = embeddings.astype(np.float64)
    means = np.stack([exact[places == k].mean(axis=0) for k in range(len(words))])
    centre = means.mean(axis=0)
    inside = exact - means[places]
    covariance = inside.T @ inside / (len(exact) - len(words))
    covariance += SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, directions = np.linalg.eigh(covariance)
    whitening = directions / np.sqrt(values) @ directions.T
    weights = np.minimum(counts, 10)[:, None]
    spread = (means - centre) * np.sqrt(weights) @ whitening
    _, _, rows = np.linalg.svd(spread, full_matrices=False)
    return centre.astype(np.float32), (rows[:DIRECTIONS] @ whitening).astype(np.float32)


def _probe(encoder: Encoder) -> Vectors:
    """Return the embedding of a sweep."""
    rate = encoder.facts.sample_rate
    time = np.arange(rate) / rate
    sweep = 0.3 * np.sin(2 * np.pi * (200 + 600 * time) * time) * np.hanning(rate)
    probe: Vectors = encoder.embed(sweep.astype(np.float32)[None])[0]
    return probe


def _cosine(a: Vectors, b: Vectors) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
