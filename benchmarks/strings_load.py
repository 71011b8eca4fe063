"""How many callers a core hears at once: the delays that a server would have, from the times that its batches take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.runtime.models.strings import SequenceModel
from aurora_resnet.runtime.strings.streams import StringStreams

CHUNK_SECONDS = 0.1
LIMIT_SECONDS = 0.3
PAUSE_SECONDS = 2.0
MOST = 4096


def queue_delays(spent: Sequence[float], every: float) -> list[float]:
    """Return how long after its coming each batch is done, if one comes at equal times and takes what it takes.

    >>> [round(delay, 2) for delay in queue_delays([0.05, 0.15, 0.05], every=0.1)]
    [0.05, 0.15, 0.1]
    """
    free, delays = 0.0, []
    for number, seconds in enumerate(spent):
        came = number * every
        free = max(free, came) + seconds
        delays.append(free - came)
    return delays


def delay_of(model: SequenceModel, sounds: Sequence[Samples], callers: int, seconds: float) -> float:
    """Return the 95th percentile of the delay from a chunk to what it told, where all callers speak at once.

    Args:
        model: what gives the probabilities.
        sounds: what they say, at the model's rate; each begins somewhere else.
        callers: how many.
        seconds: how long they speak.
    """
    rate = model.facts.sample_rate
    size = round(CHUNK_SECONDS * rate)
    pause = np.zeros(round(PAUSE_SECONDS * rate), np.float32)
    talk = np.concatenate([part for sound in sounds for part in (sound, pause)])
    starts = np.random.default_rng(0).integers(len(talk), size=callers)
    streams = StringStreams(model)
    numbers = [streams.open(rate) for _ in range(callers)]
    spent, told = [], []
    for tick in range(round(seconds / CHUNK_SECONDS)):
        chunks = {
            number: np.take(talk, np.arange(start + tick * size, start + (tick + 1) * size), mode="wrap")
            for number, start in zip(numbers, starts, strict=True)
        }
        begin = time.perf_counter()
        events = streams.push(chunks)
        spent.append(time.perf_counter() - begin)
        told.append(any(events.values()))
    delays = [delay for delay, some in zip(queue_delays(spent, CHUNK_SECONDS), told, strict=True) if some]
    return float(np.percentile(delays or [0.0], 95))


def calls_a_core(model: SequenceModel, clips: Sequence[tuple[Samples, int]], *, seconds: float) -> dict[str, Any]:
    """Return the most callers whose delay stays within the limit, found by doubling and halving.

    Args:
        model: what gives the probabilities.
        clips: recordings and their rates.
        seconds: how long the callers speak at each number.
    """
    sounds = [resample(samples, rate, model.facts.sample_rate) for samples, rate in clips]
    delays: dict[int, float] = {}

    def within(callers: int) -> bool:
        delays[callers] = delay_of(model, sounds, callers, seconds)
        tell(f"{callers} calls: 95 % of the answers within {delays[callers]:.2f} s")
        return delays[callers] <= LIMIT_SECONDS

    fewest, most = 0, 1
    while most < MOST and within(most):
        fewest, most = most, 2 * most
    while most - fewest > max(1, fewest // 16):
        middle = (fewest + most) // 2
        fewest, most = (middle, most) if within(middle) else (fewest, middle)
    return {"calls_a_core": fewest, "delay_p95_seconds": {str(callers): delays[callers] for callers in sorted(delays)}}
