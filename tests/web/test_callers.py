"""Whose turn it is: turns of half a second, files beside those who speak, places for those who send sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from aurora_resnet.runtime.strings.events import StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web import callers as module
from aurora_resnet.web.callers import Caller, Callers, TooManyCallers, Turn
from tests.runtime.tone_model import ToneModel

#: Bytes of a second.
SECOND = 16_000


class Watched(Callers):
    """Callers whose batches are written down, and take some time; nothing is told."""

    def __init__(self, most: int = 100) -> None:
        super().__init__(StringRecognizer(ToneModel()), most=most)
        self.computed: list[dict[int, int]] = []

    def _compute(self, turns: dict[int, Turn]) -> dict[int, Any]:
        self.computed.append({number: len(data or b"") for number, (data, _) in turns.items()})
        time.sleep(0.005)
        return {number: [] for number in turns}


async def served(caller: Caller) -> None:
    """Take turns until there are no more."""
    while not caller.over:
        await caller.turn()


async def sends(caller: Caller, message: bytes, times: int = 1) -> None:
    for _ in range(times):
        await caller.take(message)
    caller.finish()


def with_callers(callers: Watched, number: int, act: Callable[[list[Caller]], Awaitable[None]]) -> None:
    """Let so many callers in and act with them."""

    async def run() -> None:
        with ExitStack() as stack:
            times = StringTimes()
            await act([stack.enter_context(callers.caller(8000, "pcm16", times)) for _ in range(number)])
        await asyncio.sleep(0.05)  # what is left is forgotten
        assert callers._streams._streams == {}

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("message_bytes", [4 * SECOND, SECOND // 4, SECOND // 50])
def test_a_turn_is_half_a_second_whatever_the_messages(message_bytes: int) -> None:
    callers = Watched()

    async def act(one: list[Caller]) -> None:
        await asyncio.gather(sends(one[0], bytes(message_bytes), 4 * SECOND // message_bytes), served(one[0]))

    with_callers(callers, 1, act)
    turns = [size for batch in callers.computed for size in batch.values() if size]
    assert sum(turns) == 4 * SECOND
    assert max(turns) == SECOND // 2


def test_files_share_batches_and_who_speaks_is_in_all_of_them() -> None:
    callers = Watched()

    async def act(all_of_them: list[Caller]) -> None:
        live, *files = all_of_them
        sending = [asyncio.create_task(sends(caller, bytes(6 * SECOND))) for caller in files]
        turns = [asyncio.create_task(served(caller)) for caller in files]
        speaking = asyncio.create_task(served(live))
        while not turns[0].done():
            await live.take(bytes(320))
            await asyncio.sleep(0.005)
        live.finish()
        await asyncio.gather(speaking, *sending, *turns)
        assert [caller.sends_file for caller in all_of_them] == [False] + [True] * len(files)

    with_callers(callers, 41, act)
    files = range(2, 42)
    full = [batch for batch in callers.computed if sum(number in batch for number in files) > 1]
    assert max(map(len, full)) <= module.BATCH_TURNS
    assert sum(1 in batch for batch in full) > 0.9 * len(full)  # 320 bytes are there when the next one begins
    counts = [0] * 42
    for batch in full:
        for number in batch:
            counts[number] += 1
        most = [counts[number] for number in files if counts[number] < 12]
        assert not most or max(counts[2:]) - min(most) <= 1  # round robin, to the end of each


def test_many_who_speak_leave_two_turns_for_files() -> None:
    callers = Watched()

    async def act(all_of_them: list[Caller]) -> None:
        live, files = all_of_them[:30], all_of_them[30:]
        for caller in live:
            await caller.take(bytes(SECOND // 4))
        sending = [asyncio.create_task(sends(caller, bytes(3 * SECOND))) for caller in files]
        await asyncio.sleep(0.01)
        await asyncio.gather(*(caller.turn() for caller in all_of_them))
        for task in sending:
            task.cancel()

    with_callers(callers, 40, act)
    assert [len(batch) for batch in callers.computed if 1 in batch] == [32]


def test_tiny_messages_make_a_file_and_no_more_than_some_are_read_for_a_turn() -> None:
    callers = Watched()

    async def act(one: list[Caller]) -> None:
        sending = asyncio.create_task(sends(one[0], bytes(2), 5000))
        while not one[0].sends_file:
            await one[0].turn()
        for _ in range(5):
            await one[0].turn()
        sending.cancel()

    with_callers(callers, 1, act)
    assert all(batch[1] <= 2 * module.FILE_MESSAGES for batch in callers.computed[-4:])


@pytest.mark.parametrize("kind", ["nothing", "a sample now and then"])
def test_a_place_is_lost_to_another_one_if_no_sound_comes(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(module, "PLACE_SECONDS", 0.3)
    callers = Watched(most=3)

    async def speak(caller: Caller) -> None:
        while True:
            await caller.take(bytes(SECOND // 50))
            await asyncio.sleep(0.02)

    async def act(all_of_them: list[Caller]) -> None:
        idle = all_of_them[1]
        speaking = [asyncio.create_task(speak(caller)) for caller in (all_of_them[0], all_of_them[2])]
        speaking += [asyncio.create_task(served(caller)) for caller in all_of_them]
        with pytest.raises(TooManyCallers), callers.caller(8000, "pcm16", StringTimes()):
            pass
        for _ in range(10):
            await asyncio.sleep(0.05)
            if kind != "nothing":
                await idle.take(bytes(2))
        await asyncio.sleep(0.1)  # it is computed
        with callers.caller(8000, "pcm16", StringTimes()):
            assert [caller.sent_away for caller in all_of_them] == [False, True, False]
            with pytest.raises(TooManyCallers), callers.caller(8000, "pcm16", StringTimes()):
                pass
        for task in speaking:
            task.cancel()

    with_callers(callers, 3, act)


def test_arrivals_are_let_in_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ARRIVAL_SECONDS", 0.05)

    async def arrive() -> float:
        callers, loop = Watched(), asyncio.get_running_loop()
        start = loop.time()
        await callers.arrive()
        assert loop.time() - start < 0.04  # the first one need not wait
        await asyncio.gather(*(callers.arrive() for _ in range(4)))
        return loop.time() - start

    assert asyncio.run(arrive()) >= 0.2
