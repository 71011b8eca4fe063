"""``examples/phone_line.py``: a caller who knows the question, one who mumbles first, one who says nothing."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from aurora_resnet.runtime.strings.streams import StringStreams
from tests.runtime.tone_model import RATE, ToneModel, spoken

#: Forty times as fast as people speak.
FRAME_SECONDS = 0.0005

Taken = tuple[list[str | None], list[float]]


@pytest.fixture(scope="module")
def phone_line() -> ModuleType:
    return load("phone_line")


@pytest.fixture(scope="module")
def caller(phone_line: ModuleType) -> ModuleType:
    assert phone_line is sys.modules["phone_line"]  # which it imports
    return load("phone_caller")


def load(name: str) -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def take(
    phone_line: ModuleType, caller: ModuleType, *calls: np.ndarray, question_seconds: float = 20.0
) -> tuple[list[str | None], list[float]]:
    """Call a line, all callers at once; return the PINs, sorted, and how many seconds of questions each heard."""

    async def run() -> Taken:
        question = bytes(round(2 * question_seconds * RATE))
        line = phone_line.PinLine(StringStreams(ToneModel()), question, FRAME_SECONDS)
        async with await asyncio.start_server(line.answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            sounds = [caller.pcm(call) for call in calls]
            heard = await asyncio.gather(*(caller.call(port, sound, FRAME_SECONDS) for sound in sounds))
        return sorted(line.pins, key=str), heard

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_who_speaks_into_the_question_does_not_hear_its_rest(phone_line: ModuleType, caller: ModuleType) -> None:
    pins, heard = take(
        phone_line, caller, spoken(["four", "oh", "seven", "one"], before_seconds=1.0, after_seconds=4.0)
    )
    assert pins == ["4071"]
    assert 0.2 < heard[0] < 10


def test_callers_at_once_have_pins_of_their_own(phone_line: ModuleType, caller: ModuleType) -> None:
    said = (["one", "two", "three", "four"], ["nine"] * 4)
    pins, _ = take(phone_line, caller, *(spoken(words, after_seconds=4.0) for words in said))
    assert pins == ["1234", "9999"]


def test_who_says_too_few_digits_or_nothing_is_asked_again_three_times(
    phone_line: ModuleType, caller: ModuleType
) -> None:
    twice = np.concatenate([spoken(["one", "two"], after_seconds=3.0), spoken(["five"] * 4, after_seconds=4.0)])
    pins, heard = take(phone_line, caller, twice, question_seconds=1.0)
    assert pins == ["5555"]
    assert heard[0] > 1.0  # the question and again some of it
    pins, heard = take(phone_line, caller, np.zeros(30 * RATE, np.float32), question_seconds=1.0)
    assert pins == [None]
    assert heard[0] == pytest.approx(3.0, abs=0.1)


def test_who_hangs_up_has_no_pin(phone_line: ModuleType) -> None:
    async def run() -> list[str | None]:
        line = phone_line.PinLine(StringStreams(ToneModel()), bytes(32_000), FRAME_SECONDS)
        async with await asyncio.start_server(line.answer, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
            writer.close()
            while not line.pins:
                await asyncio.sleep(0.01)
        return list(line.pins)

    assert asyncio.run(asyncio.wait_for(run(), 30)) == [None]
