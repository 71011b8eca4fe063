"""The benchmark of latency beside another recogniser: turns of the clock."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks import latency


def test_recognisers_take_turns_and_every_clip_is_counted_once() -> None:
    calls: list[str] = []

    def way(name: str, right: int) -> Any:
        def answer(number: int) -> str:
            calls.append(name)
            return "one" if number < right else "two"

        return answer

    names = {latency.POCKETSPHINX: 4, "small": 6, "large": 5}
    rows = latency.measure({name: way(name, right) for name, right in names.items()}, ["one"] * 6, rounds=3)
    timed = calls[len(names) * latency.WARM_UP_CLIPS :]
    turns = [timed[start : start + 3] for start in range(0, len(timed), 3)]
    assert len(turns) == 18
    assert all(set(turn) == set(names) for turn in turns)
    assert set(Counter(turn[0] for turn in turns).values()) == {6}
    assert {name: row["correct"] for name, row in rows.items()} == names
    assert rows["small"]["accuracy"] == 1
    assert rows[latency.POCKETSPHINX]["ratio"] == 1
    quotient = rows["small"]["median_ms"] / rows[latency.POCKETSPHINX]["median_ms"]
    assert rows["small"]["ratio"] == pytest.approx(quotient)
