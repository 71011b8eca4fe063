"""Callers of ``/api/stream`` beside hostile clients are told all they say, and memory stays where it is.

A few of each run here; ``CALLERS=50 HOSTILE=50 CALL_SECONDS=60 pytest -m slow -s tests/web/test_hostile_callers.py``
has 50 callers speak beside 50 hostile clients and prints how late the events come. The server is ``aurora-resnet
serve`` in a process of its own. Callers say packaged words, four at a time, 20 ms a message, as they are spoken; each
is right if it is told every string that a stream of its own is told of the same sound. Hostile clients, in a process
of their own, are of all kinds below, and come again when they are sent away.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from random import Random

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")
pytest.importorskip("uvicorn")

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.strings.events import StringEnded
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from tests.web.raw_websocket import CONTINUATION, PING, TEXT, Closed, RawWebSocket, frame
from tests.web.server_process import megabytes, server

CALLERS = int(os.environ.get("CALLERS", "5"))
HOSTILE_CLIENTS = int(os.environ.get("HOSTILE", "9"))
SECONDS = float(os.environ.get("CALL_SECONDS", "4"))
MESSAGE_SECONDS, RATE = 0.02, 8000
SECOND = 2 * RATE
Hostile = Callable[[str, bytes], Awaitable[None]]


def talk(number: int, seconds: float) -> bytes:
    """Return so many seconds of strings of four words of one voice, with pauses, 16-bit."""
    corpus, random = read_samples(), Random(number)
    voice = corpus.filter(speakers=corpus.speakers[number % len(corpus.speakers)])
    parts = [np.zeros(RATE // 2 + random.randrange(RATE), np.float32)]
    while sum(map(len, parts)) < seconds * RATE:
        for _ in range(4):
            parts += [read_audio(voice[random.randrange(len(voice))].path)[0], np.zeros(RATE // 8, np.float32)]
        parts.append(np.zeros(2 * RATE, np.float32))
    return np.round(32767 * np.concatenate(parts)).astype("<i2").tobytes()


def alone(recognizer: StringRecognizer, sounds: list[bytes]) -> list[list[str]]:
    """Return the strings that streams without a server are told."""
    streams = StringStreams(recognizer)
    numbers = [streams.open(RATE, encoding="pcm16") for _ in sounds]
    events = streams.push(dict(zip(numbers, sounds, strict=True)))
    return [
        [event.string.text for event in [*events[number], *streams.close(number)] if isinstance(event, StringEnded)]
        for number in numbers
    ]


async def live(address: str, sound: bytes) -> tuple[list[str], list[float], int]:
    """Call, say everything as it is spoken; return the strings, how late the events came, and the code of the end."""
    socket = await RawWebSocket.begin(address)
    start, late, strings = time.perf_counter(), [0.0], []

    async def speak() -> None:
        size = round(MESSAGE_SECONDS * SECOND)
        for place in range(0, len(sound), size):
            await socket.send(frame(sound[place : place + size]))
            await asyncio.sleep(start + (place + size) / SECOND - time.perf_counter())
        await socket.say("end")

    speaking = asyncio.create_task(speak())
    while not isinstance(event := await socket.next(), Closed):
        if "seconds" in event:
            late.append(time.perf_counter() - start - min(event["seconds"], len(sound) / SECOND))
        if event["event"] == "string_ended":
            strings.append(event["string"]["text"])
    speaking.cancel()
    return strings, late, event.code


async def full_speed(address: str, sound: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    reading = asyncio.create_task(socket.rest())
    while not reading.done():
        await socket.send(frame(sound[:200_000]))


async def full_speed_in_bits(address: str, sound: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    reading = asyncio.create_task(socket.rest())
    while not reading.done():
        await socket.send(*(frame(sound[place : place + 320]) for place in range(0, 32_000, 320)))


async def single_samples(address: str, _: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    reading = asyncio.create_task(socket.rest())
    while not reading.done():
        await socket.send(frame(b"\0\0") * 1000)


async def holder(address: str, _: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    reading = asyncio.create_task(socket.rest())
    while not reading.done():
        await socket.send(frame(b"", PING))
        await asyncio.sleep(1)


async def pings(address: str, _: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    while True:
        await socket.send(frame(b"x" * 125, PING) * 1000)


async def slow_reader(address: str, sound: bytes) -> None:
    socket = await RawWebSocket.begin(address, receive_bytes=4096)
    while True:
        await socket.send(frame(sound[:200_000]))


async def garbage(address: str, sound: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    await socket.send(Random(len(sound)).randbytes(100_000))
    await socket.rest()


async def unfinished(address: str, sound: bytes) -> None:
    socket = await RawWebSocket.begin(address)
    await socket.send(frame(sound[:190_000], final=False))
    for _ in range(100):
        await socket.send(frame(b"\0", CONTINUATION, final=False))
        await asyncio.sleep(1)


async def wrong_begin(address: str, _: bytes) -> None:
    socket = await RawWebSocket.open(address)
    await socket.send(frame(b"[" * 9000, TEXT))
    await socket.rest()


HOSTILE: list[Hostile] = [
    full_speed, full_speed_in_bits, single_samples, holder, pings, slow_reader, garbage, unfinished, wrong_begin,
]  # fmt: skip


def attack(address: str, clients: int) -> None:
    """Be so many hostile clients until the process is ended."""
    sound = talk(0, 15)

    async def one(number: int) -> None:
        while True:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await HOSTILE[number % len(HOSTILE)](address, sound)
            await asyncio.sleep(0.1)

    async def all_of_them() -> None:
        await asyncio.gather(*map(one, range(clients)))

    asyncio.run(all_of_them())


@pytest.mark.slow
def test_callers_are_told_all_they_say_beside_hostile_clients() -> None:
    sounds = [talk(number, SECONDS) for number in range(CALLERS)]
    expected = alone(StringRecognizer.from_pretrained(), sounds)

    async def calls(address: str) -> list[tuple[list[str], list[float], int]]:
        return await asyncio.gather(*(live(address, sound) for sound in sounds))

    with server("compact") as (address, process):
        for clients in (0, HOSTILE_CLIENTS):
            attacker = multiprocessing.get_context("spawn").Process(target=attack, args=(address, clients), daemon=True)
            attacker.start()
            time.sleep(3 if clients else 0)
            answers = asyncio.run(calls(address))
            attacker.kill()
            attacker.join()
            late = [seconds for answer in answers for seconds in answer[1]]
            median, high = np.percentile(late, [50, 95])
            print(f"{CALLERS} callers beside {clients}: events {median:.2f} s late, 95 % of them {high:.2f} s")  # noqa: T201
            assert [answer[0] for answer in answers] == expected
            assert {answer[2] for answer in answers} == {1000}
        before = megabytes(process, "VmRSS")
        assert asyncio.run(come_and_go(address, SECONDS)) > 0
        assert megabytes(process, "VmRSS") < 1.2 * before + 20


async def come_and_go(address: str, seconds: float, clients: int = 20) -> int:
    """Have callers come, speak half a word and go, in all ways; return how many came."""
    end, called, sound = time.perf_counter() + seconds, count(), talk(1, 4)

    async def one(random: Random) -> None:
        while time.perf_counter() < end:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                socket = await RawWebSocket.begin(address)
                await socket.send(frame(sound[: 2 * random.randrange(1, RATE)]))
                match next(called) % 4:
                    case 0:
                        await socket.say("end")
                        await socket.rest()
                    case 1:
                        await socket.send(frame(sound[:1000], final=False))
                    case 2:
                        await socket.send(frame(b"", opcode=3))
                        await socket.rest()
                socket.abort()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one(Random(number)) for number in range(clients)))
    return next(called)
