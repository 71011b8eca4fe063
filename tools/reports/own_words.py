"""The tables of docs/own-words.md: few clips of new words, and people whom a model is adapted to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, save_figure
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from tools.reports.records import FIGURES, RECORDS

Record = dict[str, Any]
OWN_WORDS, ADAPT = RECORDS / "own_words", RECORDS / "adapt.json"
TOGETHER, OTHERS = (OWN_WORDS / f"{name}_seed0.json" for name in ("together", "others"))


def read_own_words() -> list[Record]:
    """Return the records of ``tools.own_words`` that stand in its table."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(OWN_WORDS.glob("*.json"))]
    return [record for record in records if record["kind"] == "own_words"]


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
    picture = "![Accuracy against recordings of a word, from shipped and from random weights](figures/own_words.png)"
    return f"{tested}\n\n{markdown_table(header, rows)}\n\n{picture}"


def draw_own_words(records: list[Record]) -> None:
    """Draw the accuracy over the number of clips, a line for each start, if anything was measured."""
    if not records:
        return
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for colour, init in zip(LINE_COLOURS, sorted({r["init"] for r in records}), strict=False):
        own = sorted((r for r in records if r["init"] == init), key=lambda r: r["clips"])
        clips = sorted({r["clips"] for r in own})
        means = [100 * np.mean([r["accuracy"] for r in own if r["clips"] == n]) for n in clips]
        reach = np.array([[100 * np.mean([r["interval"][end] for r in own if r["clips"] == n]) for n in clips]
                          for end in ("low", "high")])  # fmt: skip
        label = "random weights" if init == "random" else f"from {init}"
        axes.errorbar(clips, means, yerr=np.abs(reach - means), fmt="o-", color=colour, capsize=3, label=label)
    axes.set_xscale("log", base=2)
    ticks = sorted({r["clips"] for r in records})
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.set_xlabel("recordings of each word")
    axes.set_ylabel("accuracy on people whom no training heard (%)")
    axes.grid(color="0.9")
    axes.legend(loc="lower right")
    save_figure(figure, FIGURES / "own_words.png")


def together_section(record: Record | None) -> str:
    """Return the table of digits and commands in one model.

    >>> together_section(None)
    'Not measured yet: `python -m tools.own_words --together`.'
    """
    if record is None:
        return "Not measured yet: `python -m tools.own_words --together`."
    titles = {"an4": "digits, AN4's test speakers", "speech_commands": "digits, Speech Commands v0.01",
              "commands": "commands"}  # fmt: skip
    rows = []
    for name, title in titles.items():
        before, after = (record[when].get(name) for when in ("before", "after"))
        shown = [MISSING if each is None else percent(each["accuracy"]) for each in (before, after)]
        rows.append([title, str(after["clips"]), *shown])
    return markdown_table(["test", "clips", "`compact` %", f"the model of {record['words']} words %"], rows)


def others_section(record: Record | None) -> str:
    """Return the table of models that were taught without and with other words.

    >>> others_section(None)
    'Not measured yet: `python -m tools.own_words --others`.'
    """
    if record is None:
        return "Not measured yet: `python -m tools.own_words --others`."
    keys = ("accuracy", "words_refused", "others_accepted")
    rows = [[str(row["given"]), *(percent(row[key]) for key in keys)] for row in record["rows"]]
    return markdown_table(["recordings in `_other`", "right %", "words refused %", "other words accepted %"], rows)


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
