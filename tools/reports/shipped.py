"""The weights in the wheel: the tables of README and docs/recognizer.md, and the cards beside the weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.pretrained.shipped import PRETRAINED, pretrained_path
from tools.reports.records import DOCS, RECORDS
from tools.shipped.targets import SNRS_DB, TARGETS, target_table

Record = dict[str, Any]
SHIPPED = RECORDS / "shipped"
PLAIN_RECIPE = {"clean": "100.00", "20": "99.96", "15": "99.5", "10": "98.8", "5": "94.8", "0": "83.4", "-5": "54.7"}
"""FSDD's official test with NOIZEUS noise, by a 21-minute training with plain augmentation, for comparison."""


def read_shipped() -> tuple[dict[str, Record], Record]:
    """Return the records of the models by name, and that of the latencies."""
    records = {name: json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8")) for name in PRETRAINED}
    return records, json.loads((SHIPPED / "latency.json").read_text(encoding="utf-8"))


def noise_table(records: dict[str, Record]) -> str:
    """Return accuracy over SNR of both models beside the plain recipe."""
    rows = [["plain recipe", *PLAIN_RECIPE.values(), "95.3"]]
    for name, record in records.items():
        noisy = record["noisy"]["fsdd"]
        accuracies = [percent(noisy["mean"][str(snr_db)]["accuracy"]) for snr_db in SNRS_DB]
        clean = percent(record["clean"]["fsdd"]["accuracy"])
        rows.append([f"`{name}`", clean, *accuracies, percent(noisy["mean_0_to_20_db"])])
    return markdown_table(["accuracy %", "clean", *(f"{snr_db} dB" for snr_db in SNRS_DB), "mean 0-20 dB"], rows)


def readme_table(records: dict[str, Record], latency: Record) -> str:
    """Return the table that opens the README."""
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


def shipped_section(records: dict[str, Record], latency: Record) -> str:
    """Return the generated part of docs/recognizer.md."""
    quick = [name for name, record in records.items() if record.get("quick")]
    if quick:
        raise SystemExit(f"{', '.join(quick)}: a quick record is no result; measure without --quick")
    header = ["", *(f"`{name}`" for name in records for _ in (0, 1))]
    rows = []
    for target in TARGETS:
        cells = [target.row(record)[1:] for record in records.values()]
        rows.append([target.title, *(cell for goal, value, met in cells for cell in (goal, _marked(value, met)))])
    return f"""FSDD's official test words in the eight NOIZEUS scenes, none of which any training heard:

{noise_table(records)}

All that was asked of the two, and what was measured (**bold**: missed); `python -m tools.shipped --model NAME`:

{markdown_table(header, rows)}

By scene:

{scene_table(records)}

Speed, `python -m benchmarks.latency --model resnet50 compact`, {latency["clips"]} clips, {latency["rounds"]} rounds in turn
with PocketSphinx and a grammar of the eleven words:

{latency_table(latency)}"""


def card(name: str, record: Record) -> str:
    """Return a model's card."""
    info = load_checkpoint(pretrained_path(name)).info
    training, point = info["training"], info["operating_point"]
    experiment, environment = training["experiment"], training["environment"]
    sources = [f"- `{source['corpus']}`" for source in experiment["data"]["train"]]
    data = training["data"]
    shares = "\n".join(f"- {what}: {percent(share)} %" for what, share in point.items() if isinstance(share, float))
    accuracies = ", ".join(f"{what} {percent(share)} %" for what, share in info["held_out_accuracy"].items())
    taught = f" The teacher was `{experiment['teacher']}`." if experiment["teacher"] else ""
    return f"""# {name}

Written by `python -m tools.reports` from the weights' header and the run records.

Recognises one spoken English digit (zero, oh, one ... nine) in a second of audio at 8 kHz, and says how much speaks for
a digit at all. {record["model"]["parameters"]:,} parameters, {record["model"]["macs_per_second"] / 1e6:.0f} M
multiply-accumulates a second of audio, {record["model"]["bytes"] / 1e6:.2f} MB (float16), SHA-256
`{record["model"]["sha256"]}`.

## Data

Trained on {data["train"]["clips"]:,} words of {data["train"]["speakers"]} speakers and voices:

{chr(10).join(sources)}

FSDD (CC BY-SA 4.0; recordings 5 and up), CMU AN4 (free for any purpose; its training speakers), two single-speaker
sets (Apache-2.0, MIT), and synthetic voices (`tools/make_samples.py`, `tools/make_training_speech.py`). Noise:
ESC-10 (CC BY 3.0), Speech Commands' background noise (CC BY 4.0), babble of the training words, noise from formulas.
What is no digit: Speech Commands' other words by speakers whose id is even (CC BY 4.0), synthetic other words, parts of
digits, noise.{" The network began with torchvision's ImageNet weights (BSD-3-Clause)." if experiment["weights"] else ""}
Held out for every decision: {data["validation"]["clips"]} words of {data["validation"]["speakers"]} AN4 training
speakers. The weights come under this package's licence.

The 25 words of the reject test occur in training, spoken by other people and by synthetic voices.

## Training

`aurora-resnet train --config examples/train_shipped.toml --model {name} --out runs/shipped_{name}`, then
`python -m tools.ship_weights --model {name} --run runs/shipped_{name}`. Seed {experiment["training"]["seed"]},
{training["epochs"]} epochs, {training["seconds"] / 60:.0f} minutes on {environment["threads"]} threads of
{environment["machine"]}, torch {environment["torch"]}.{taught}

## Confidence and rejection

Temperature {info["calibration"]["temperature"]:.3f}; a recording is accepted where the evidence for a digit is at least
{info["calibration"]["threshold"]:.3f}, the highest threshold that rejects no more than two in a hundred held-out clean
digits. On what was held out (accuracy: {accuracies}):

{shares}

## Results

Apart from Speech Commands' background noise none of these recordings had a part in training or in any decision.

{target_table(record)}

## Limits

English digits, one at a time, by mostly North American and Indian speakers; few children or elderly people. A word that
is spoken while another person speaks louder is not recognised. Other words are accepted now and then: ask back where a
wrong digit costs something.
"""


def shipped_texts(records: dict[str, Record]) -> dict[Path, str]:
    """Return the cards by their path."""
    folder = DOCS.parent / "src" / "aurora_resnet" / "pretrained"
    return {folder / f"{name}.md": card(name, record) for name, record in records.items()}


def _marked(value: str, met: str) -> str:
    return f"**{value}**" if met == "NO" else value
