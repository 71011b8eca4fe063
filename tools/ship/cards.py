"""The card of a model: what it learnt from and what it can do, from its training and its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.files import atomic_path
from tools.reports import strings
from tools.reports.__main__ import SOURCES
from tools.reports.rendering import render

Record = dict[str, Any]


def write_card(name: str, checkpoint: Checkpoint, run: Record, record: Record, path: Path) -> None:
    """Write a card.

    Args:
        name: of the model.
        checkpoint: its calibrated weights.
        run: ``run.json`` of its training.
        record: what was measured of the checkpoint.
        path: of the card.
    """
    if checkpoint.kind == "strings":
        text = strings.card(dict(checkpoint.info), run, record)
    else:
        about = {"info": checkpoint.info, "calibration": checkpoint.calibration}
        text = render("card.md.j2", name=name, measured=record, **about, **SOURCES)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
