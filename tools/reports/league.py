"""What the page of the league says of its records: who took part, and where a peer is better."""

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
    """Return where a peer is better than the best of ours, with the paired difference by speaker.

    Better is: more digits or strings right; of negatives, more refused.
    """
    found, rows = entrants(), []
    ours, peers = ([each for each in found if each["ours"] is own] for own in (True, False))
    for task, groups in record("league/clips")["tasks"].items():
        for group in dict.fromkeys(group for each in ours for group in each["tasks"].get(task, {})):
            # Clips of a name, such as "A 20 dB", are counted in "20 dB" too.
            within = (each for name, each in groups.items() if group in ("all", name, *name.split(maxsplit=1)))
            speakers = [clip[1] for each in within for clip in each]
            asked = (each for each in found if group in each["tasks"].get(task, {}))
            hits = {each["entrant"]: [*map(int, each["tasks"][task][group]["each"])] for each in asked}
            best = max((each for each in ours if each["entrant"] in hits), key=lambda each: sum(hits[each["entrant"]]))
            mine = hits[best["entrant"]]
            for peer in (peer for peer in peers if sum(hits.get(peer["entrant"], ())) > sum(mine)):
                its = hits[peer["entrant"]]
                what = {"what": "refused" if task == "negatives" else "right", "task": task, "group": group}
                shares = {"its": sum(its) / len(its), "mine": sum(mine) / len(mine)}
                difference = paired_difference(its, mine, speakers)
                rows.append(what | shares | {"peer": peer["title"], "best": best["title"], "difference": difference})
    return rows
