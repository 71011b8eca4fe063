"""Sound files of every format that soundfile writes, and small files of every other kind, to be damaged."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import soundfile

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel

SAMPLE_RATE = 8000


def sound_files() -> dict[str, bytes]:
    """Return a short word in every format and encoding that libsndfile writes, by name, mono and stereo."""
    path = samples_folder() / "flite-slt" / "seven_1.flac"
    word, rate = soundfile.read(path, dtype="float32")
    files: dict[str, bytes] = {}
    for channels in (1, 2):
        samples = np.repeat(word[:4000, None], channels, axis=1)
        # RAW has no header to damage, and SD2 keeps its header in a second file beside the first.
        for name in sorted(soundfile.available_formats().keys() - {"RAW", "SD2"}):
            for subtype in sorted(soundfile.available_subtypes(name)):
                buffer = io.BytesIO()
                try:
                    soundfile.write(buffer, samples, rate, format=name, subtype=subtype)
                except (soundfile.LibsndfileError, ValueError):
                    continue  # not every pair goes together
                files[f"{name}/{subtype}/{channels}"] = buffer.getvalue()
    return files


def checkpoint(folder: Path) -> bytes:
    """Return a small checkpoint."""
    path = folder / "seed.safetensors"
    save_checkpoint(_model(), path, info={"epoch": 3})
    return path.read_bytes()


def exported(folder: Path) -> bytes:
    """Return a small exported model."""
    path = folder / "seed.onnx"
    export_onnx(_model(), path)
    return path.read_bytes()


def configuration() -> bytes:
    """Return a training file."""
    return (samples_folder() / "quickstart.toml").read_bytes()


def manifests(folder: Path) -> dict[str, bytes]:
    """Return a manifest as CSV and as JSON lines."""
    words = (("one",), ("two", "oh"), ("fünf",), ("turn on",))
    utterances = tuple(
        Utterance(folder / f"{number}.wav", word, f"speaker{number}", "train", attributes={"snr_db": "5"})
        for number, word in enumerate(words)
    )
    corpus = Corpus("seed", utterances)
    corpus.write_csv(folder / "seed.csv")
    corpus.write_jsonl(folder / "seed.jsonl")
    return {".csv": (folder / "seed.csv").read_bytes(), ".jsonl": (folder / "seed.jsonl").read_bytes()}


def archive() -> bytes:
    """Return a ZIP archive as code hosts make them, with one top folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in ("recordings/0_a_0.wav", "recordings/1_a_0.wav", "README.md", "LICENSE"):
            opened.writestr(f"top/{name}", bytes(range(256)) * 8)
    return buffer.getvalue()


def metadata() -> bytes:
    """Return the metadata of an exported model, as text."""
    from aurora_resnet.scoring import TorchModel

    return json.dumps(TorchModel(_model()).facts.to_dict()).encode()


def _model() -> RecognizerModel:
    mel = MelConfig(sample_rate=SAMPLE_RATE, n_mels=8)
    return RecognizerModel(RecognizerConfig("cnn", mel, options={"hidden": 4}, clip_seconds=0.25))
