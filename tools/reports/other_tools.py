"""What each shipped model is good for, and what other tools measured on the same clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table, percent
from tools.reports.records import RECORDS

Record = dict[str, Any]
PEERS = RECORDS / "peers.json"
GOOD, USABLE = 0.95, 0.80
"""From these accuracies on a model is called good for something, or usable with care."""


def read_peers() -> Record:
    """Return what was measured of other tools."""
    record: Record = json.loads(PEERS.read_text(encoding="utf-8"))
    return record


def words_table(shipped: dict[str, Record], latency: Record, peers: Record) -> str:
    """Return single words, side by side."""
    rows = []
    for name, record in shipped.items():
        clean, noisy = record["clean"], record["noisy"]["fsdd"]["mean"]
        accuracies = [clean[name]["accuracy"] for name in ("fsdd", "an4", "speech_commands")]
        accuracies += [noisy[snr_db]["accuracy"] for snr_db in ("10", "5", "0", "-5")]
        rows.append([f"`{name}`", *map(percent, accuracies), f"{latency['recognisers'][name]['median_ms']:.1f}"])
    columns = ("fsdd", "an4", "speech_commands", "10", "5", "0", "-5", "ms")
    rows += [[name, *(f"{peer[column]:g}" for column in columns)] for name, peer in peers["words"].items()]
    header = ["accuracy %", "FSDD test", "AN4 test", "Speech Commands digits"]
    return markdown_table([*header, "FSDD + NOIZEUS 10 dB", "5 dB", "0 dB", "-5 dB", "ms a word"], rows)


def strings_peers_table(peers: Record) -> str:
    """Return strings of digits, side by side."""
    rows = [
        [name, row["right_of_20"], row["word_errors"], f"{row['real_time_factor']:g}"]
        for name, row in peers["strings"].items()
    ]
    return markdown_table(["AN4's test strings", "right of 20", "word errors %", "real-time factor"], rows)


def other_tools_section(shipped: dict[str, Record], latency: Record, peers: Record) -> str:
    """Return the generated part of docs/other-tools.md."""
    return (
        f"The others were measured {peers['measured']}: {peers['how']}; ours as on the [model cards](model-cards.md).\n\n{words_table(shipped, latency, peers)}\n\n"
        f"{strings_peers_table(peers)}"
    )


def verdict(share: float) -> str:
    """Say in words what an accuracy is good for.

    >>> verdict(0.99), verdict(0.9), verdict(0.5)
    ('good', 'with care', 'no')
    """
    return "good" if share >= GOOD else "with care" if share >= USABLE else "no"


def good_for_section(exported: dict[str, Record]) -> str:
    """Return the generated part of docs/model-cards.md, of the models as they are heard with."""
    uses: dict[str, Callable[[Record], float]] = {
        "people whom it never heard, a close microphone (AN4)": lambda record: record["clean"]["an4"]["accuracy"],
        "browsers' microphones all over the world (Speech Commands)": lambda record: record["clean"]["speech_commands"][
            "accuracy"
        ],
        "noise of streets, cars, stations at 10 dB": lambda record: _in_noise(record, "10"),
        "the same at 5 dB": lambda record: _in_noise(record, "5"),
        "noise as loud as speech, 0 dB": lambda record: _in_noise(record, "0"),
        "noise louder than speech, -5 dB": lambda record: _in_noise(record, "-5"),
        "refusing other words (Speech Commands)": lambda record: 1 - record["other_words"]["accepted_share"],
        "refusing spelt letters (AN4)": lambda record: 1 - record["near_words"]["letters"]["accepted_share"],
        "refusing words near digits: nineteen, sixty, enter (AN4)": lambda record: (
            1 - record["near_words"]["other_words"]["accepted_share"]
        ),
        "refusing background noise": lambda record: 1 - record["noise"]["never_trained"]["accepted_share"],
    }
    header = ["good for?"]
    for name in exported:
        header += [f"`{name}`", "right %"]
    rows = []
    for use, share_of in uses.items():
        shares = [share_of(record) for record in exported.values()]
        rows.append([use, *(cell for share in shares for cell in (verdict(share), percent(share)))])
    return (
        f"*Good*: right in {100 * GOOD:.0f} % or more; *with care*: {100 * USABLE:.0f} % or more, so ask back where `accepted` is false.\n\n"
        f"{markdown_table(header, rows)}"
    )


def _in_noise(record: Record, snr_db: str) -> float:
    return float(record["noisy"]["fsdd"]["mean"][snr_db]["accuracy"])
