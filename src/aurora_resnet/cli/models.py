"""``aurora-resnet models``."""

import typer

from aurora_resnet.cli.terminal import print_table
from aurora_resnet.models.zoo import create_model, find_model, list_models, model_cost, model_options

FRAMES = 101


def models() -> None:
    """List the models that can be trained, their size and their options."""
    names, rows = list_models(strings=None), []
    for name in names:
        cost = model_cost(create_model(name, n_mels=64, num_classes=11), FRAMES)
        rows.append([name, f"{cost.parameters:,}", f"{cost.macs / 1e6:.0f} M"])
    print_table(f"Models for clips of {FRAMES} frames of 64 mel bands (1 s)", ["name", "parameters", "MACs/clip"], rows)
    for name in names:
        options = ", ".join(option for option in model_options(name) if option not in ("num_classes", "n_mels"))
        typer.echo(f"{name}: {find_model(name).summary}; options: {options or 'none'}")
