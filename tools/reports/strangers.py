"""The table of docs/recognizer.md by which the recipe was decided: strangers, left out of the training in turn."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from tools.measure.left_out_sets import NEGATIVES
from tools.measure.targets import TARGETS
from tools.reports.records import RECORDS

Record = dict[str, Any]
STRANGERS = RECORDS / "strangers"
FIRST_EDITION = RECORDS / "first_edition"
HEADER = ["trained", "tested on", "epochs", "right", "AN4 right", "noise 20 dB", "10 dB", "5 dB", "0 dB", "-5 dB",
          "cal. error", "letters", "other AN4 words", "tel. keywords", "other words", "tel. talk"]  # fmt: skip


def read_strangers() -> list[Record]:
    """Return the records of ``tools.strangers``, fold by fold."""
    paths = [path for path in sorted(STRANGERS.glob("*.json")) if not path.name.startswith("people_")]
    records = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
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


def read_first_edition() -> dict[str, Record]:
    """Return the records of ``tools.shipped`` of the first edition's weights, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIRST_EDITION.glob("*.json"))}


def editions_section(first: dict[str, Record], exported: dict[str, Record]) -> str:
    """Return what the first edition's weights reached and what the shipped ones reach, one beside the other.

    >>> editions_section({}, {}).splitlines()[0]
    '|   |'
    """
    records: dict[str, Record] = {}
    for name, record in exported.items():
        pair = {f"`{name}`, first edition": first.get(f"{name}_int8"), f"`{name}`": record}
        records |= {title: each for title, each in pair.items() if each is not None}
    names = list(records)
    rows = []
    for target in TARGETS:
        values = [target.value(records[name]) for name in names]
        if any(value is not None for value in values):
            rows.append([target.title, *(MISSING if value is None else f"{value:.2f}" for value in values)])
    return markdown_table(["", *names], rows)
