"""Digit strings: the tables of docs/string-training.md and a model's card, from the records of ``tools.strings``.

``python -m tools.reports.strings --run runs/strings --model runs/strings/calibrated.safetensors`` writes a card beside a
checkpoint, which goes with it wherever it is exported; ``--record`` adds what ``tools.strings`` measured.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, save_figure
from aurora_resnet.evaluation.metrics import Interval
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval
from aurora_resnet.files import atomic_path
from benchmarks.strings import speed_table
from tools.reports.records import FIGURES, RECORDS, TEMPLATES
from tools.reports.templating import render

Record = dict[str, Any]
STRINGS, SPEED = RECORDS / "strings", RECORDS / "strings_speed.json"
NONE_YET = "No model of strings is shipped yet, so nothing was measured."
TITLES = {
    "an4": "AN4 test speakers",
    "strangers": "Speech Commands digits of 22 unseen speakers, put together",
    "repeated": "repeated digits (222, 7777, 1001), put together",
}
SNRS_DB = ("20", "10", "5", "0")


def read_strings() -> list[Record]:
    """Return the records of all models."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(STRINGS.glob("*.json"))]


def strings_section(records: list[Record]) -> str:
    """Return all tables of all models.

    >>> strings_section([])
    'No model of strings is shipped yet, so nothing was measured.'
    """
    if not records:
        return NONE_YET
    figure = "![Strings right and accepted over false digits, at all thresholds](figures/strings.png)"
    return "\n\n".join([*(model_section(record) for record in records), figure])


def speed_section(record: Record | None) -> str:
    """Return the table of ``benchmarks.strings``: accuracy, latency and cost, beside other recognisers.

    >>> speed_section(None)
    'Not measured yet: `python -m benchmarks.strings`.'
    """
    if record is None:
        return "Not measured yet: `python -m benchmarks.strings`."
    return f"One core of {record['machine']['processor']}:\n\n{speed_table(record['rows'])}"


def model_section(record: Record) -> str:
    """Return the tables of one model."""
    point, file = record["operating_point"], record["file"]
    auroc = MISSING if record["confidence_auroc"] is None else f"{record['confidence_auroc']:.3f}"
    about = (
        f"**`{record['model']}`**, {file['bytes'] / 1e6:.2f} MB, other weight {point['other_weight']:g}, threshold "
        f"{point['threshold']:.3g}. Right strings are surer than wrong ones: AUROC {auroc}."
    )
    return "\n\n".join([about, clean_table(record), noise_table(record), false_table(record), weight_table(record)])


def clean_table(record: Record) -> str:
    """Return what was heard of strings without noise."""
    rows = [_row(TITLES[name], condition) for name, condition in record["strings"].items()]
    rows[1:1] = [_row(f"{TITLES[name]}, length known", each) for name, each in record["known_length"].items()]
    header = ["strings", "right", "substituted", "deleted", "inserted", "word errors %", "word accuracy % [95 %]"]
    return markdown_table(header, rows)


def noise_table(record: Record) -> str:
    """Return words and strings right in each scene at each SNR."""
    cells: dict[tuple[str, str], Record] = {
        (each["attributes"]["noise"], each["attributes"]["snr_db"]): each for each in record["noise"].values()
    }
    scenes = sorted({scene for scene, _ in cells})
    snrs = [snr for snr in SNRS_DB if any(key[1] == snr for key in cells)]

    def shown(parts: list[Record]) -> str:
        said = sum(each["counts"]["said"] for each in parts)
        errors = sum(sum(each["counts"][kind] for kind in ("substituted", "deleted", "inserted")) for each in parts)
        right = sum(each["right"] for each in parts) / sum(each["strings"] for each in parts)
        return f"{percent(1 - errors / said)} / {percent(right)}"

    rows = [[scene, *(shown([cells[scene, snr]]) for snr in snrs)] for scene in scenes]
    rows.append(["all", *(shown([cells[scene, snr] for scene in scenes]) for snr in snrs)])
    return markdown_table(["word accuracy / strings right, %", *(f"{snr} dB" for snr in snrs)], rows)


def false_table(record: Record) -> str:
    """Return what was heard where nobody says a digit."""
    talk, letters, noise = (record["false_words"][name] for name in ("talk", "letters", "noise and other words"))
    rows = [
        ["telephone talk", f"{talk['hours'] * 60:.1f} min", str(talk["words"]), f"{talk['per_hour']:.1f} an hour"],
        ["noise and other words", f"{noise['seconds'] / 60:.1f} min", str(noise["words"]),
         f"{noise['per_hour']:.1f} an hour"],
        ["AN4 test utterances without digits", f"{letters['letters']} letters", str(letters["words"]),
         f"{letters['per_100']:.1f} per 100 letters"],
    ]  # fmt: skip
    return markdown_table(["no digit is said in", "heard", "false digits", "that is"], rows)


def weight_table(record: Record) -> str:
    """Return what other weights give."""
    rows = [
        [f"{float(weight):g}", percent(row["an4_word_errors"]), percent(row["strangers_word_errors"]),
         f"{row['talk_per_hour']:.1f}"]
        for weight, row in record["weights"].items()
    ]  # fmt: skip
    return markdown_table(["other weight", "AN4 word errors %", "strangers %", "false digits an hour of talk"], rows)


def draw_strings(records: list[Record]) -> None:
    """Draw strings right over false digits, a line for each model, if anything was measured."""
    if not records:
        return
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for colour, record in zip(LINE_COLOURS, records, strict=False):
        false, right = ([point[key] for point in record["curve"]] for key in ("talk_per_hour", "right_and_accepted"))
        axes.plot(false, [100 * share for share in right], "o-", color=colour, label=record["model"])
    axes.set_xlabel("false digits in an hour of telephone talk")
    axes.set_ylabel("strings right and accepted (%)")
    axes.grid(color="0.9")
    axes.legend(loc="lower right")
    save_figure(figure, FIGURES / "strings.png")


def card(info: Record, run: Record, record: Record | None) -> str:
    """Return the card of a model.

    Args:
        info: of its checkpoint: ``operating_point`` among it.
        run: ``run.json`` of its training.
        record: what ``tools.strings`` measured, if it did.
    """
    results = "Not measured yet." if record is None else model_section(record)
    return render(TEMPLATES / "string_card.md.j2", run=run, point=info.get("operating_point"), results=results)


def _row(title: str, condition: Record) -> list[str]:
    counts = condition["counts"]
    errors = sum(counts[kind] for kind in ("substituted", "deleted", "inserted"))
    return [
        title,
        f"{condition['right']} of {condition['strings']}",
        *(str(counts[kind]) for kind in ("substituted", "deleted", "inserted")),
        percent(errors / counts["said"]),
        percent_with_interval(condition["word_accuracy"], Interval(**condition["interval"])),
    ]


def main() -> None:
    """Write a card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training")
    parser.add_argument("--model", type=Path, required=True, help="its calibrated checkpoint")
    parser.add_argument("--record", type=Path, help="record of tools.strings")
    options = parser.parse_args()
    run = json.loads((options.run / "run.json").read_text(encoding="utf-8"))
    record = json.loads(options.record.read_text(encoding="utf-8")) if options.record else None
    with atomic_path(options.model.with_suffix(".md")) as temporary:
        temporary.write_text(card(load_checkpoint(options.model).info, run, record), encoding="utf-8")
    print(options.model.with_suffix(".md"))


if __name__ == "__main__":
    main()
