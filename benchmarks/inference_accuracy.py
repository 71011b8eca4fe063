"""Share of right words of a checkpoint, its float32 file and its int8 file.

On FSDD's official test, AN4's test speakers, and FSDD's test in the eight NOIZEUS scenes at 5 dB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.export.onnx_file import SUFFIX
from aurora_resnet.inference import load_clips, predict_logits
from aurora_resnet.pretrained.shipped import pretrained_path
from benchmarks.inference_speed import RUNTIME, Engine
from tools.shipped.noisy_sets import draw_noise, mix_by_rms, read_sounds
from tools.shipped.sets import MeasuringSets

sys.path.append(str(RUNTIME))  # a distribution of its own
from aurora_resnet_runtime import OnnxDigitRecognizer

NOISY_SNR_DB = 5
BATCH = 64


def accuracies(engines: Sequence[Engine], data: Path, step: int) -> dict[str, dict[str, Any]]:
    """Return the share of right words of the checkpoint and both files, by model, set and engine."""

    def take(corpus: Corpus) -> Corpus:
        return replace(corpus, utterances=corpus.utterances[::step])

    sets, result = MeasuringSets.read(data, take), dict[str, dict[str, Any]]()
    for model in dict.fromkeys(engine.model for engine in engines):
        config = load_checkpoint(pretrained_path(model)).model.config
        clean = {name: load_clips(sets.digits[name], config) for name in ("fsdd", "an4")}
        groups = {name: [clips] for name, clips in clean.items()}
        groups[f"fsdd_{NOISY_SNR_DB}db"] = list(noisy(clean["fsdd"], sets))
        result[model] = {}
        for name, parts in groups.items():
            labels = np.concatenate([part.labels.numpy() for part in parts])
            row: dict[str, Any] = {"clips": len(labels)}
            for engine in engines:
                if engine.model == model and engine.kind in ("torch", "onnx") and engine.file is not None:
                    logits = np.concatenate([logits_of(engine.file, part) for part in parts])
                    row[engine.name] = float((logits.argmax(axis=1) == labels).mean())
            result[model][name] = row
    return result


def logits_of(file: Path, clips: ClipSet) -> npt.NDArray[np.float32]:
    """Return the logits that a checkpoint or an exported file gives."""
    if file.suffix != SUFFIX:
        network = load_checkpoint(file).model
        logits: npt.NDArray[np.float32] = predict_logits(network, clips, device="cpu", batch_size=BATCH).numpy()
        return logits
    session = OnnxDigitRecognizer(file, threads=2)._session
    batches = [range(start, min(start + BATCH, len(clips))) for start in range(0, len(clips), BATCH)]
    return np.concatenate([session.run(["logits"], {"waveform": clips.batch(rows).numpy()})[0] for rows in batches])


def noisy(clips: ClipSet, sets: MeasuringSets) -> Iterator[ClipSet]:
    """Yield the clips in every scene, with the stretches of noise of ``shipped.py``."""
    for scene, corpus in sets.scenes.items():
        generator = np.random.default_rng([0, *f"fsdd {scene}".encode()])
        noise = draw_noise(read_sounds(corpus, clips.sample_rate), len(clips), clips.clip_samples, generator)
        yield mix_by_rms(clips, noise, NOISY_SNR_DB)
