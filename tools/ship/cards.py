"""The card of a model: what it learnt from and what it can do, from its training and its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import Checkpoint
from tools.measure.targets import target_table
from tools.reports.records import TEMPLATES
from tools.reports.strangers import read_strangers, strangers_section
from tools.reports.strings import model_section
from tools.reports.templating import render

Record = dict[str, Any]


def write_card(name: str, checkpoint: Checkpoint, run: Record, record: Record, path: Path) -> None:
    """Write a card beside the weights, from where exporting takes it.

    Args:
        name: of the model.
        checkpoint: its calibrated weights.
        run: ``run.json`` of its training.
        record: what was measured of the checkpoint.
        path: of the card.
    """
    if checkpoint.kind == "strings":
        point = checkpoint.info["operating_point"]
        text = render(TEMPLATES / "string_card.md.j2", run=run, point=point, results=model_section(record))
    else:
        left_out = [each for each in read_strangers() if each["idea"] in (name, f"{name}_more")]
        text = render(
            TEMPLATES / "card.md.j2",
            name=name,
            record=record,
            info=checkpoint.info,
            calibration=checkpoint.calibration,
            strangers=strangers_section(left_out),
            target_table=target_table(record),
        )
    path.write_text(text, encoding="utf-8")
