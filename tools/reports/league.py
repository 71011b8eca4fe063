"""What the page of the league says of its records: who took part, and where a peer is better."""

from __future__ import annotations

from typing import Any

from aurora_resnet.evaluation.bootstrap import paired_difference
from tools.reports.rendering import record, records


def entrants() -> list[dict[str, Any]]:
    """Return the records of all entrants, the peers last; none before the first run.

    Raises:
        SystemExit: if one of them is of other clips than ``clips.json`` describes.
    """
    found = [each for each in records("league/*") if "entrant" in each]
    clips = record("league/clips")["digest"] if found else ""
    if other := [each["entrant"] for each in found if each["clips"] != clips]:
        raise SystemExit(f"docs/records/league: {', '.join(other)} answered other clips; run python -m tools.league")
    return sorted(found, key=lambda each: (not each["ours"], each["entrant"]))


def ahead() -> list[dict[str, Any]]:
    """Return where a peer has more right than the best of ours, with the paired difference by speaker."""
    found, rows = entrants(), []
    for task, groups in record("league/clips")["tasks"].items():
        for group, clips in groups.items():
            ours = [each for each in found if each["ours"] and group in each["tasks"].get(task, {})]
            if task not in ("digits", "strings") or not ours:
                continue
            best = max(ours, key=lambda each: float(each["tasks"][task][group]["right"]))
            mine = best["tasks"][task][group]
            for peer in (each for each in found if not each["ours"]):
                its = peer["tasks"][task][group]
                if its["right"] > mine["right"]:
                    pair = ([int(hit) for hit in each["each"]] for each in (its, mine))
                    difference = paired_difference(*pair, [clip[1] for clip in clips])
                    rows.append({"group": group, "clips": len(clips), "peer": peer["title"], "its": its["right"],
                                 "best": best["title"], "mine": mine["right"], "difference": difference})  # fmt: skip
    return rows
