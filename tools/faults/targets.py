"""What reads data from outside, and how a mutant is put before it."""

from __future__ import annotations

import io
import json
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.archive import extract_zip
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.runtime.models import ExportedModel, ModelFacts
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.web.upload import decode_upload
from tools.faults import seeds
from tools.faults.mutations import Generator, mutate, mutate_text


@dataclass(frozen=True)
class Target:
    """Something that reads data from outside.

    Attributes:
        seeds: the undamaged data, by name.
        read: takes the damaged data and a folder to put it into; returns or raises.
        mutate: how the data is damaged.
        weight: how many of the mutants are for it, relative to the others.
    """

    seeds: Mapping[str, bytes]
    read: Callable[[bytes, Path], object]
    mutate: Callable[[bytes, Generator], bytes] = mutate
    weight: float = 1.0


@cache
def _recognizer() -> Recognizer:
    return Recognizer.from_pretrained("compact")


def _check(recognizer: Recognizer, recording: object) -> None:
    """Recognise, and insist on an answer that makes sense."""
    answer = recognizer.recognize(recording)
    total = sum(answer.probabilities.values())
    if not (math.isfinite(answer.confidence) and 0 <= answer.confidence <= 1 and abs(total - 1) < 1e-6):
        raise AssertionError(f"an answer that is none: {answer}")
    json.dumps(answer.to_dict(), allow_nan=False)


def recognize_bytes(data: bytes, _folder: Path) -> None:
    """Recognise a sound file in memory."""
    _check(_recognizer(), data)


def recognize_file(data: bytes, folder: Path) -> None:
    """Recognise a sound file on the disk."""
    path = folder / "mutant"
    path.write_bytes(data)
    _check(_recognizer(), path)


def upload(data: bytes, _folder: Path) -> None:
    """Decode what a browser sent."""
    samples, _rate = decode_upload(data)
    if not np.isfinite(samples).all():
        raise AssertionError("an upload gave NaN")


def read_file(read: Callable[[Path], object], suffix: str, data: bytes, folder: Path) -> None:
    """Write the mutant under a name of its kind and read it."""
    path = folder / f"mutant{suffix}"
    path.write_bytes(data)
    read(path)


def compute(path: Path) -> None:
    """Load an exported model and let it answer."""
    model = ExportedModel(path)
    recognizer = Recognizer(model)
    answer = recognizer.recognize(np.zeros(model.facts.sample_rate, np.float32), model.facts.sample_rate)
    if answer.accepted:
        raise AssertionError("silence was accepted")


def facts(data: bytes, _folder: Path) -> None:
    """Read the metadata of an exported model."""
    from aurora_resnet.runtime.errors import ModelError

    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError("no JSON") from error  # as ExportedModel says
    ModelFacts.from_dict(values)


def unpack(data: bytes, folder: Path) -> None:
    """Extract a ZIP archive, and insist that nothing lies outside the folder."""
    archive = folder / "mutant.zip"
    archive.write_bytes(data)
    target = folder / "target"
    try:
        extract_zip(archive, target, lambda name: name, max_bytes=1_000_000, max_files=100)
    finally:
        outside = [path for path in folder.iterdir() if path.name not in ("mutant.zip", "target")]
        if outside:
            raise AssertionError(f"the archive wrote outside its folder: {outside}")


def all_targets() -> dict[str, Target]:
    """Return every target with its seeds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounds = seeds.sound_files()
        manifests = seeds.manifests(folder)
        return {
            "audio in memory": Target(sounds, recognize_bytes, weight=40),
            "audio files": Target(sounds, recognize_file, weight=20),
            "uploads": Target(sounds, upload, weight=10),
            "training files": Target(
                {"quickstart": seeds.configuration()}, partial(read_file, read_experiment, ".toml"), mutate_text, 8
            ),
            "manifests, CSV": Target(
                {"seed": manifests[".csv"]}, partial(read_file, _manifest, ".csv"), mutate_text, 6
            ),
            "manifests, JSON lines": Target(
                {"seed": manifests[".jsonl"]}, partial(read_file, _manifest, ".jsonl"), mutate_text, 6
            ),
            "metadata of exported models": Target({"seed": seeds.metadata()}, facts, mutate_text, 5),
            "checkpoints": Target(
                {"seed": seeds.checkpoint(folder)}, partial(read_file, load_checkpoint, ".safetensors"), weight=2
            ),
            "exported models": Target({"seed": seeds.exported(folder)}, partial(read_file, compute, ".onnx"), weight=2),
            "archives": Target({"seed": seeds.archive()}, unpack, weight=3),
        }


def _manifest(path: Path) -> object:
    return load_corpus(f"manifest:{path}")


def readable(data: bytes) -> bool:
    """Return whether libsndfile itself opens the data; for looking into a finding.

    >>> readable(b"nothing")
    False
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)):
            return True
    except (soundfile.LibsndfileError, TypeError):
        return False
