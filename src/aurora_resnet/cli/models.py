"""``aurora-resnet models``."""

from __future__ import annotations

from aurora_resnet.cli.terminal import print_table
from aurora_resnet.models.zoo import create_model, find_model, list_models, model_cost, model_options

FRAMES = 101


def models() -> None:
    """List the models that can be trained, their size and their options."""
    rows = []
    for name in list_models(strings=None):
        entry = find_model(name)
        cost = model_cost(create_model(name, n_mels=64, num_classes=11), FRAMES)
        options = ", ".join(option for option in model_options(name) if option not in ("num_classes", "n_mels"))
        rows.append([name, f"{cost.parameters:,}", f"{cost.macs / 1e6:.0f} M", entry.summary, options])
    print_table(
        f"Models for clips of {FRAMES} frames of 64 mel bands (1 s)",
        ["name", "parameters", "MACs/clip", "what", "options"],
        rows,
    )
