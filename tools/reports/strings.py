"""The card of a model of strings.

``python -m tools.reports.strings --run runs/strings --model runs/strings/calibrated.safetensors`` writes it beside a
checkpoint, with which it goes wherever that is exported; ``--record`` adds what was measured.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.files import atomic_path
from tools.reports.rendering import render

Record = dict[str, Any]


def model_section(record: Record) -> str:
    """Return the tables of one model, from its record."""
    return render("string_model.md.j2", found=record).strip()


def card(info: Record, run: Record, record: Record | None, *, speech: int = 0) -> str:
    """Return the card of a model.

    Args:
        info: of its checkpoint: ``operating_point`` among it.
        run: ``run.json`` of its training.
        record: what was measured of it, if it was.
        speech: channels of its unit for speech.
    """
    results = "Not measured yet." if record is None else model_section(record)
    return render("string_card.md.j2", run=run, point=info.get("operating_point"), results=results, speech=speech)


def main() -> None:
    """Write a card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training")
    parser.add_argument("--model", type=Path, required=True, help="its calibrated checkpoint")
    parser.add_argument("--record", type=Path, help="record of the measurement")
    options = parser.parse_args()
    run = json.loads((options.run / "run.json").read_text(encoding="utf-8"))
    record = json.loads(options.record.read_text(encoding="utf-8")) if options.record else None
    path = options.model.with_suffix(".md")
    with atomic_path(path) as temporary:
        temporary.write_text(card(load_checkpoint(options.model).info, run, record), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
