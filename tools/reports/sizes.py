"""Sizes and speeds: the table of the zoo and the section on the benchmarks."""

from __future__ import annotations

import json

from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.models.zoo import create_model, list_models, model_cost
from tools.reports.records import RECORDS


def cost_table() -> str:
    """Return parameters and MACs of every model of the zoo."""
    rows = []
    for name in list_models():
        cost = model_cost(create_model(name))
        rows.append([f"`{name}`", f"{cost.parameters:,}", f"{cost.macs / 1e6:.1f} M"])
    return markdown_table(["name", "parameters", "MACs per clip"], rows)


def benchmarks() -> dict[str, str]:
    """Return what ``templates/speed.md.j2`` says of the benchmarks."""
    frontend = json.loads((RECORDS / "benchmarks" / "frontend.json").read_text(encoding="utf-8"))
    training = json.loads((RECORDS / "benchmarks" / "training.json").read_text(encoding="utf-8"))
    protocol_text = (RECORDS / "benchmarks" / "protocol.txt").read_text(encoding="utf-8").strip()
    front_rows = [
        [row["features"], str(row["batch"]), str(row["threads"]), f"{row['ours_ms']:.3f}", f"{row['ratio']:.2f}"]
        for row in frontend["rows"]
    ]
    front = markdown_table(["features", "batch", "threads", "ours, ms", "torchaudio's time / ours"], front_rows)
    train_rows = [
        [name, f"ready {what}", f"{result['trainer_clips_per_second']:.0f}", f"{result[f'share_of_{what}']:.1%}"]
        for name, result in training["results"].items()
        for what in ("waveforms", "features")
    ]
    train = markdown_table(["model", "compared with a bare loop on", "Trainer, clips/s", "share"], train_rows)
    return {
        "torch": frontend["versions"]["torch"],
        "frontend": front,
        "training": train,
        "protocol": protocol_text,
    }
