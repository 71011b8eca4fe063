"""The table of docs/recognizer.md by which the recipe was decided: strangers, left out of the training in turn."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table, percent
from tools.reports.records import RECORDS
from tools.strangers.sets import NEGATIVES

Record = dict[str, Any]
STRANGERS = RECORDS / "strangers"
HEADER = ["trained", "tested on", "epochs", "right", "AN4 right", "noise 20 dB", "10 dB", "5 dB", "0 dB", "-5 dB",
          "cal. error", "letters", "other AN4 words", "tel. keywords", "other words", "tel. talk"]  # fmt: skip


def read_strangers() -> list[Record]:
    """Return the records of ``tools.strangers``, fold by fold."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(STRANGERS.glob("*.json"))]
    return sorted(records, key=lambda record: (record["fold"], record["idea"]))


def strangers_section(records: list[Record]) -> str:
    """Return the table of all records.

    >>> "| trained" in strangers_section([])
    True
    """
    rows = []
    for record in records:
        clean, noisy = record["clean"], record["noisy"]
        rows.append(
            [
                f"`{record['idea']}`",
                record["title"],
                str(record.get("epochs", "-")),
                percent(clean["left_out"]["accuracy"]),
                percent(clean["an4"]["accuracy"]),
                *(percent(noisy[snr_db]["accuracy"]) for snr_db in ("20", "10", "5", "0", "-5")),
                percent(clean["left_out"]["calibration_error"]),
                *(percent(record["negatives"][kind]["accepted_share"]) for kind in NEGATIVES),
            ]
        )
    return markdown_table(HEADER, rows)
