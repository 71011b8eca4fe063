"""Let all entrants recognise the same clips and write a record of each: ``python -m tools.league``.

The peers' environment, with their weights, is made once below ``--runs``. What was answered is kept there too: a run that
was killed goes on with the same command, and later only what changed is asked again: a model, a setting, a clip. ``--only
NAME`` measures some entrants and no latency, ``--entrants FILE`` others; see ``docs/league.md``.
"""

import argparse
import hashlib
import json
import os
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from aurora_resnet.files import write_json
from tools.league.clips import Clip, make_clips
from tools.league.entrants import HERE, Answer, Entrant, Worker, read_entrants
from tools.league.records import Record, make_record
from tools.measure.records import header
from tools.peers import peers_python

#: Rounds of the latency, clips of one, and the entrant whose time is 1.
ROUNDS, CLIPS_A_ROUND, MEASURE = 8, 3, "resnet50"


def latency(entrants: Sequence[Entrant], settings: Record, clips: Sequence[Clip], python: Path) -> Record:
    """Return what one clip of a single digit costs: time, processor time, memory, energy; all entrants take turns.

    Processor time and the ratio, of processor times within a round, bear other work on the machine better than the clock.
    """
    words = [clip.path for clip in clips if clip.task == "digits" and clip.group.startswith("Speech Commands")]
    core = max(os.sched_getaffinity(0))
    told: dict[str, list[list[Answer]]] = {entrant.name: [] for entrant in entrants}
    with ExitStack() as stack:
        workers = {
            each.name: stack.enter_context(Worker(each, each.options(settings[each.name], strings=False), python))
            for each in entrants
        }
        for worker in workers.values():
            worker.keep_to(core)
            worker.ask(words[0])
        for number in tqdm(range(ROUNDS), desc="latency", unit="round"):
            turn = words[number * CLIPS_A_ROUND : (number + 1) * CLIPS_A_ROUND]
            for name, worker in workers.items():
                told[name].append([worker.ask(clip) for clip in turn])

    def medians(name: str, key: str) -> list[float]:
        return [statistics.median(answer[key] for answer in turn) for turn in told[name]]

    spent = {name: medians(name, "processor_seconds") for name in told}
    rows = {
        name: {
            "processor_ms": 1e3 * statistics.median(own),
            "clock_ms": 1e3 * min(medians(name, "seconds")),
            "ratio": statistics.median(one / other for one, other in zip(own, spent[MEASURE], strict=True)),
            "joules": statistics.median(medians(name, "joules")) or None,  # 0 where the machine does not tell
            "memory_mb": max(answer["memory_mb"] for turn in told[name] for answer in turn),
        }
        for name, own in spent.items()
    }
    return {"rounds": ROUNDS, "clips_a_round": CLIPS_A_ROUND, "measure": MEASURE, "entrants": rows, **header()}


def describe(clips: Sequence[Clip]) -> dict[str, Any]:
    """Return the clips by task and group: ids, speakers, what is said, digests."""
    found: dict[str, Any] = {}
    for clip in clips:
        row = [clip.name, clip.speaker, clip.said, clip.path.stem]
        found.setdefault(clip.task, {}).setdefault(clip.group, []).append(row)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.league", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the recordings")
    parser.add_argument("--records", type=Path, default=Path("docs/records/league"), help="folder of the records")
    parser.add_argument("--runs", type=Path, default=Path("runs/league"), help="folder of clips, answers, environment")
    parser.add_argument("--entrants", type=Path, default=HERE / "entrants.toml", help="who takes part")
    parser.add_argument("--peers", type=Path, help="environment of the peers; below --runs unless it is given")
    parser.add_argument("--only", nargs="+", default=[], help="names of entrants; the others keep their records")
    parser.add_argument("--share", type=float, default=1.0, help="of the clips of each group")
    options = parser.parse_args(arguments)
    entrants = read_entrants(options.entrants)
    if unknown := set(options.only) - {entrant.name for entrant in entrants}:
        parser.error(f"{options.entrants} has no {', '.join(sorted(unknown))}")
    python = peers_python(options.peers or options.runs / "peers")
    clips = make_clips(options.data, options.runs, options.share)
    described = {"share": options.share, "tasks": describe(clips)}
    digest = hashlib.sha256(json.dumps(described).encode()).hexdigest()
    write_json(described | {"digest": digest}, options.records / "clips.json", indent=1)
    settings = {}
    for entrant in entrants:
        if entrant.name in options.only or not options.only:
            print(entrant.title, flush=True)
            record = make_record(entrant, clips, options.runs, python)
            settings[entrant.name] = record["setting"]
            write_json(record | {"clips": digest}, options.records / f"{entrant.name}.json", indent=1)
    if not options.only:
        write_json(latency(entrants, settings, clips, python), options.records / "latency.json", indent=1)


if __name__ == "__main__":
    main()
