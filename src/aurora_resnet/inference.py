"""Where a model meets clips: loading them as it needs them, and its logits of many of them in batches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.models.recognizer_model import RecognizerConfig


def load_clips(
    corpus: Corpus, config: RecognizerConfig, *, progress: bool = False, skip_unreadable: bool = False
) -> ClipSet:
    """Read a corpus at the rate, clip length and class order of a model; see ``ClipSet.load``."""
    return ClipSet.load(
        corpus,
        config.mel.sample_rate,
        config.clip_seconds,
        words=config.words,
        progress=progress,
        skip_unreadable=skip_unreadable,
    )


def predict_logits(
    model: nn.Module,
    clips: ClipSet,
    *,
    device: str | torch.device,
    batch_size: int,
    on_batch: Callable[[int], object] | None = None,
) -> Tensor:
    """Return the model's logits of all clips in order.

    The model is in evaluation mode meanwhile and gets its former mode back.

    Args:
        model: a network ``[B, N] -> [B, K]`` that is already on the device.
        clips: the clips.
        device: where the model is.
        batch_size: clips at a time; the result does not depend on it.
        on_batch: called with the number of clips after each batch, for progress.

    Shape: ``[len(clips), K]`` float32 on the CPU.
    """
    was_training = model.training
    model.eval()
    logits = []
    try:
        with torch.inference_mode():
            for start in range(0, len(clips), batch_size):
                indices = range(start, min(start + batch_size, len(clips)))
                logits.append(model(clips.batch(indices).to(device)).float().cpu())
                if on_batch is not None:
                    on_batch(len(indices))
    finally:
        model.train(was_training)
    return torch.cat(logits)
