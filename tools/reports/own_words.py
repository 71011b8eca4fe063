"""The tables of docs/own-words.md: few clips of new words, and people whom a model is adapted to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from tools.reports.records import RECORDS

Record = dict[str, Any]
OWN_WORDS, ADAPT = RECORDS / "own_words", RECORDS / "adapt.json"


def read_own_words() -> list[Record]:
    """Return the records of ``tools.own_words``."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(OWN_WORDS.glob("*.json"))]


def own_words_section(records: list[Record]) -> str:
    """Return the table: a row for each start and number of clips, mean over the seeds.

    >>> own_words_section([])
    'Not measured yet: `python -m tools.own_words`.'
    """
    if not records:
        return "Not measured yet: `python -m tools.own_words`."
    rows = []
    for init, clips in sorted({(r["init"], r["clips"]) for r in records}):
        own = [r for r in records if (r["init"], r["clips"]) == (init, clips)]
        keys = ("accuracy", "estimate", "words_refused", "others_accepted")
        seconds = float(np.mean([r["seconds"] for r in own]))
        means = [percent(float(np.mean([r[key] for r in own]))) for key in keys]
        epochs = "/".join(sorted({str(r["epochs"]) for r in own}))
        name = init if init == "random" else f"`{init}`"
        rows.append([name, str(clips), str(len(own)), epochs, *means, f"{seconds:.0f}"])
    header = ["start", "clips a word", "trainings", "epochs", "right %", "estimate of `teach` %", "words refused %",
              "other words accepted %", "seconds"]  # fmt: skip
    tested = f"{records[0]['test_clips']} clips of the ten words by speakers whom no training heard:"
    return f"{tested}\n\n{markdown_table(header, rows)}"


def read_adapt() -> Record | None:
    """Return the record of ``benchmarks.adapt``, if there is one."""
    return json.loads(ADAPT.read_text(encoding="utf-8")) if ADAPT.exists() else None


def adapt_section(record: Record | None) -> str:
    """Return the table: errors before and after, by condition, way and clips.

    >>> adapt_section(None)
    'Not measured yet: `python -m benchmarks.adapt`.'
    """
    if record is None:
        return "Not measured yet: `python -m benchmarks.adapt`."
    rows = []
    for r in record["results"]:
        gain = r["gain"]
        points = f"{100 * gain['mean']:+.2f} [{100 * gain['low']:+.2f}, {100 * gain['high']:+.2f}]"
        strength = MISSING if r["strength"] is None else f"{r['strength']:g}"
        rows.append([r["condition"], f"`{r['method']}`", strength, str(r["clips_a_word"]), f"{r['clips_used']:.0f}",
                     percent(r["error_before"]), percent(r["error_after"]), points,
                     f"{r['people_better']} / {r['people_worse']} of {r['people']}"])  # fmt: skip
    header = ["condition", "way", "strength", "clips a word, up to", "clips used", "errors before %", "after %",
              "points gained [95 %]", "people better / worse"]  # fmt: skip
    return markdown_table(header, rows)
