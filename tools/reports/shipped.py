"""The weights in the wheel: the README's number, the tables of docs, and the cards beside the weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from aurora_resnet.runtime.model_reference import EXPORTED, resolve
from aurora_resnet.runtime.recognizer import DEFAULT_MODEL
from tools.measure.targets import SNRS_DB, TARGETS, target_table
from tools.reports.records import RECORDS, TEMPLATES
from tools.reports.strangers import read_strangers, strangers_section
from tools.reports.templating import render

Record = dict[str, Any]
SHIPPED = RECORDS / "shipped"
PLAIN_RECIPE = {"clean": "100.00", "20": "99.96", "15": "99.5", "10": "98.8", "5": "94.8", "0": "83.4", "-5": "54.7"}
"""FSDD's official test with NOIZEUS noise, by a 21-minute training with plain augmentation, for comparison."""


def read_shipped() -> dict[str, Record]:
    """Return the records of the checkpoints by name.

    Raises:
        SystemExit: for the record of a quick measurement.
    """
    return {name: _read(name) for name in PRETRAINED}


def read_exported() -> dict[str, Record]:
    """Return the records of the exported models by name; raises as ``read_shipped``."""
    return {name: _read(f"{name}_int8") for name in EXPORTED}


def read_latency() -> Record:
    """Return the record of ``benchmarks.latency``."""
    record: Record = json.loads((SHIPPED / "latency.json").read_text(encoding="utf-8"))
    return record


def _read(name: str) -> Record:
    record: Record = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    if record["quick"]:
        raise SystemExit(f"{name}.json: a quick record is no result; measure without --quick")
    return record


def noise_table(records: dict[str, Record]) -> str:
    """Return accuracy over SNR of both models beside the plain recipe."""
    rows = [["plain recipe", *PLAIN_RECIPE.values(), "95.3"]]
    for name, record in records.items():
        noisy = record["noisy"]["fsdd"]
        accuracies = [percent(noisy["mean"][str(snr_db)]["accuracy"]) for snr_db in SNRS_DB]
        clean = percent(record["clean"]["fsdd"]["accuracy"])
        rows.append([f"`{name}`", clean, *accuracies, percent(noisy["mean_0_to_20_db"])])
    return markdown_table(["accuracy %", "clean", *(f"{snr_db} dB" for snr_db in SNRS_DB), "mean 0-20 dB"], rows)


def shipped_table(records: dict[str, Record], latency: Record) -> str:
    """Return the models in a line each."""
    rows = []
    for name, record in records.items():
        clean, noisy = record["clean"], record["noisy"]["fsdd"]["mean"]
        rows.append(
            [
                f"`{name}`",
                f"{record['model']['bytes'] / 1e6:.2f} MB",
                f"{latency['recognisers'][name]['median_ms']:.1f} ms",
                percent(clean["fsdd"]["accuracy"]),
                percent(clean["an4"]["accuracy"]),
                percent(clean["speech_commands"]["accuracy"]),
                percent(noisy["10"]["accuracy"]),
                percent(noisy["0"]["accuracy"]),
                percent(record["other_words"]["accepted_share"]),
            ]
        )
    header = ["in the wheel", "file", "one word", "FSDD test %", "AN4 unseen speakers %", "Speech Commands digits %"]
    return markdown_table([*header, "10 dB %", "0 dB %", "other words accepted %"], rows)


def shipped_line(records: dict[str, Record]) -> str:
    """Return the number with which the README opens: how often the default model is right in noise, and what it refuses."""
    record = records[DEFAULT_MODEL]
    right = percent(record["noisy"]["fsdd"]["mean"]["10"]["accuracy"])
    refused = percent(1 - record["other_words"]["accepted_share"])
    return (
        f"**{right} %** of the words right in the noise of streets, cars, stations and restaurants at 10 dB, none of which its "
        f"training heard; of other words it refuses {refused} %."
    )


def scene_table(records: dict[str, Record]) -> str:
    """Return accuracy by noise scene at 5, 0 and -5 dB."""
    rows = []
    for name, record in records.items():
        for scene, by_snr in record["noisy"]["fsdd"]["scenes"].items():
            rows.append([f"`{name}`, {scene}", *(percent(by_snr[snr_db]["accuracy"]) for snr_db in ("5", "0", "-5"))])
    return markdown_table(["accuracy %", "5 dB", "0 dB", "-5 dB"], rows)


def latency_table(latency: Record) -> str:
    """Return milliseconds a word beside PocketSphinx."""
    rows = []
    for name, row in latency["recognisers"].items():
        goal = "" if row.get("goal_ratio") is None else f"<= {row['goal_ratio']:g}"
        numbers = [f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", f"{row['ratio']:.2f}", goal]
        rows.append([name, *numbers, percent(row["accuracy"])])
    return markdown_table(["one clip, one thread", "median ms", "95 % ms", "ratio", "target", "accuracy %"], rows)


def target_columns(records: dict[str, Record], exported: dict[str, Record]) -> str:
    """Return what was asked of each model, and what was measured of its checkpoint and of its exported file."""
    header = [""]
    for name in records:
        header += [f"`{name}`, target", "checkpoint", "exported, int8"]
    rows = []
    for target in TARGETS:
        row = [target.title]
        for name, record in records.items():
            _, goal, value, met = target.row(record)
            row += [goal, _marked(value, met), _marked(*target.row(exported[name])[2:])]
        if {*row[2::3], *row[3::3]} != {MISSING}:  # records of older measurements lack the newest rows
            rows.append(row)
    return markdown_table(header, rows)


def shipped_section(records: dict[str, Record], exported: dict[str, Record], latency: Record) -> str:
    """Return the generated part of docs/recognizer.md."""
    return render(
        TEMPLATES / "recognizer.md.j2",
        noise_table=noise_table(records),
        target_table=target_columns(records, exported),
        scene_table=scene_table(records),
        latency=latency,
        latency_table=latency_table(latency),
    )


def card(name: str, record: Record) -> str:
    """Return a model's card."""
    checkpoint = load_checkpoint(name)
    return render(
        TEMPLATES / "card.md.j2",
        name=name,
        record=record,
        info=checkpoint.info,
        calibration=checkpoint.calibration,
        strangers=strangers_section([each for each in read_strangers() if each["idea"] in (name, f"{name}_more")]),
        target_table=target_table(record),
    )


def cards(records: dict[str, Record]) -> dict[Path, str]:
    """Return the cards by their path, beside the weights."""
    return {
        resolve(name, format="checkpoint").path.with_suffix(".md"): card(name, record)
        for name, record in records.items()
    }


def _marked(value: str, met: str) -> str:
    return f"**{value}**" if met == "NO" else value
