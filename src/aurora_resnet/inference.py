"""Logits of many clips in batches: what validation, evaluation and recognition share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aurora_resnet.corpora.clip_set import ClipSet


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
