"""Callers of ``/api/stream`` beside hostile clients, and memory while callers come and go.

Run: ``python -m benchmarks.serve_streams [--live 50] [--hostile 50] [--seconds 60] [--churn 600]``; ``--quick`` is
a few seconds of each. The server is ``aurora-resnet serve`` in a process of its own. Live callers say packaged words,
four at a time, 20 ms a message, as they are spoken; each is right if it is told every string that a stream of its own
is told of the same sound. Late is an event by what passed from the moment at which its sound was due. Hostile clients,
in a process of their own, are of all kinds below, and come again when they are sent away. Then callers come, speak
half a word and are gone, in all ways, for ``--churn`` seconds, and the server's resident set is looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.strings.events import StringEnded
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from benchmarks.raw_websocket import CONTINUATION, PING, TEXT, Closed, RawWebSocket, frame
from benchmarks.serve import megabytes, server

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


def strings_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["string"]["text"] for event in events if event["event"] == "string_ended"]


def alone(recognizer: StringRecognizer, sounds: list[bytes]) -> list[list[str]]:
    """Return the strings that streams without a server are told."""
    streams = StringStreams(recognizer.model)
    numbers = [streams.open(RATE, encoding="pcm16") for _ in sounds]
    events = streams.push(dict(zip(numbers, sounds, strict=True)))
    return [
        [event.string.text for event in [*events[number], *streams.close(number)] if isinstance(event, StringEnded)]
        for number in numbers
    ]


async def live(address: str, sound: bytes) -> tuple[list[str], list[float], Closed]:
    """Call, say everything as it is spoken; return the strings, how late the events came, and the end."""
    socket = await RawWebSocket.begin(address)
    start, late, events = time.perf_counter(), [], []

    async def speak() -> None:
        size = round(MESSAGE_SECONDS * SECOND)
        for place in range(0, len(sound), size):
            await socket.send(frame(sound[place : place + size]))
            await asyncio.sleep(start + (place + size) / SECOND - time.perf_counter())
        await socket.say("end")

    speaking = asyncio.create_task(speak())
    while not isinstance(event := await socket.next(), Closed):
        events.append(event)
        late.append(
            time.perf_counter() - start - min(event["seconds"], len(sound) / SECOND) if "seconds" in event else 0
        )
    speaking.cancel()
    return strings_of(events), late, event


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


async def calls(address: str, sounds: list[bytes], expected: list[list[str]]) -> dict[str, Any]:
    """Have all callers speak at once."""
    answers = await asyncio.gather(*(live(address, sound) for sound in sounds), return_exceptions=True)
    heard = [answer for answer in answers if not isinstance(answer, BaseException)]
    late = [seconds for _, seconds_late, _ in heard for seconds in seconds_late] or [float("inf")]
    right = sum(not isinstance(a, BaseException) and a[0] == e for a, e in zip(answers, expected, strict=True))
    return {
        "live": len(sounds), "right": right, "events": len(late),
        "late_median_seconds": float(np.median(late)), "late_p95_seconds": float(np.quantile(late, 0.95)),
        "ends": dict(Counter(str(a) if isinstance(a, BaseException) else str(a[2].code) for a in answers)),
    }  # fmt: skip


def cpu_seconds(process: str) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def crowd(address: str, process: int, callers: int, hostile: int, seconds: float) -> list[dict[str, Any]]:
    """Measure the live callers alone, then beside hostile clients."""
    sounds = [talk(number, seconds) for number in range(callers)]
    expected = alone(StringRecognizer.from_pretrained(), sounds)
    results = []
    for clients in (0, hostile):
        attacker = multiprocessing.get_context("spawn").Process(target=attack, args=(address, clients), daemon=True)
        attacker.start()
        time.sleep(5 if clients else 0)
        load, start, used = os.getloadavg()[0], time.perf_counter(), [cpu_seconds(str(process)), cpu_seconds("self")]
        result = asyncio.run(calls(address, sounds, expected))
        shares = [
            (cpu_seconds(one) - before) / (time.perf_counter() - start)
            for one, before in zip((str(process), "self"), used, strict=True)
        ]
        results.append({"hostile": clients, "load_average": load, "cores_of_server_and_callers": shares, **result})
        attacker.kill()
        attacker.join()
        print(json.dumps(results[-1]), flush=True)
    return results


async def come_and_go(address: str, process: int, seconds: float, clients: int = 20) -> dict[str, Any]:
    """Have callers come, speak half a word and go; return how many, and the server's memory on the way."""
    end, called, sound = time.perf_counter() + seconds, count(), talk(1, 4)
    memory: list[float] = []

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

    async def look() -> None:
        while time.perf_counter() < end:
            await asyncio.sleep(seconds / 20)
            memory.append(round(megabytes(process, "VmRSS"), 1))
            print(f"{next(called)} calls, {memory[-1]} MB", flush=True)

    await asyncio.gather(look(), *(one(Random(number)) for number in range(clients)))
    return {"seconds": seconds, "calls": next(called) - len(memory), "megabytes": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=int, default=50)
    parser.add_argument("--hostile", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each live caller speaks (default 60)")
    parser.add_argument("--churn", type=float, default=600.0, help="seconds of coming and going (default 600)")
    parser.add_argument("--quick", action="store_true", help="some seconds of a few callers")
    options = parser.parse_args()
    callers, hostile, seconds, churn = options.live, options.hostile, options.seconds, options.churn
    if options.quick:
        callers, hostile, seconds, churn = 5, 9, 6.0, 5.0
    with server("compact") as (address, process):
        if seconds:
            crowd(address, process, callers, hostile, seconds)
        if churn:
            print(json.dumps(asyncio.run(come_and_go(address, process, churn))))


if __name__ == "__main__":
    main()
