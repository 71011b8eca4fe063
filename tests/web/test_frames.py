"""The WebSocket's bounds, by a client that sends any bytes: what is refused, with which code, and what it may cost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")
pytest.importorskip("uvicorn")

from fastapi import FastAPI, WebSocket

from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web import frames
from tests.runtime.tone_model import RATE, ToneModel, spoken
from tests.web.raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, RawWebSocket, frame
from tests.web.server_process import megabytes, server
from tests.web.serving import served
from tests.web.test_stream import app_of, pcm

T = TypeVar("T")
END = frame(b"end", TEXT)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(app_of(StringRecognizer(ToneModel()))) as address:
        yield address


def run(call: Awaitable[T]) -> T:
    return asyncio.run(asyncio.wait_for(call, 30))


async def call_and_send(address: str, *sent: bytes) -> tuple[list[str], Closed]:
    """Begin a call, send frames; return what was told, and the end."""
    socket = await RawWebSocket.begin(address)
    await socket.send(*sent)
    events, end = await socket.rest()
    return [event["event"] for event in events], end


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"ab", masked=False), 1002),
        (frame(b"ab", 3), 1002),
        (frame(b"ab", 11), 1002),
        (frame(b"ab", reserved=4), 1002),
        (frame(b"ab", reserved=1), 1002),
        (frame(b"\xff\xfe", TEXT), 1007),
        (frame(b"\xc3", TEXT, final=False) + frame(b"\x28", CONTINUATION), 1007),
        (frame(b"ab", PING, final=False), 1002),
        (frame(b"a" * 126, PING), 1002),
        (frame(b"ab", CONTINUATION), 1002),
        (frame(b"ab", final=False) + frame(b"ab"), 1002),
        (frame(b"\x00", CLOSE), 1002),
        (frame(b"\x03\xe8\xff", CLOSE), 1007),
        (b"\x82\xff" + bytes([255] * 8) + bytes(4), 1002),  # a length of 2^64 - 1
    ],
)
def test_frames_against_the_standard_end_with_its_code(address: str, sent: bytes, code: int) -> None:
    events, end = run(call_and_send(address, sent))
    assert end.code == code
    assert end.reason
    assert events == []


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (frame(bytes(200_002)), "a message may have 200,000 bytes"),
        (frame(bytes(150_000), final=False) + frame(bytes(150_000), CONTINUATION, final=False), "a message may have"),
        (frame(b"a" * 10_001, TEXT), "a text may have 10,000 bytes"),
        (b"\x82\xff\x00\x00\x00\xff" + bytes(8) + bytes(300_000), "a message may have"),  # a tebibyte is announced
    ],
    ids=["at once", "in fragments without an end", "text", "announced"],
)
def test_what_is_too_large_is_refused_while_it_comes(address: str, sent: bytes, reason: str) -> None:
    _, end = run(call_and_send(address, sent))
    assert end.code == 1009
    assert end.reason.startswith(reason)


def test_what_comes_first_may_have_little(address: str) -> None:
    async def first() -> Closed:
        socket = await RawWebSocket.open(address)
        await socket.send(frame(bytes(20_000), final=False))
        return (await socket.rest())[1]

    assert run(first()) == Closed(1009, "the first message may have 10,000 bytes")


def test_nothing_is_unpacked(address: str) -> None:
    async def offer() -> bytes:
        socket = await RawWebSocket.open(address, "api/stream", "Sec-WebSocket-Extensions: permessage-deflate")
        socket.abort()
        return socket.head

    head = run(offer())
    assert head.startswith(b"HTTP/1.1 101")
    assert b"deflate" not in head


@pytest.mark.parametrize("pieces", [1, 2, 50, 700])
def test_messages_of_the_largest_size_are_taken_whole_and_in_fragments(address: str, pieces: int) -> None:
    sound = pcm(spoken(["four", "oh"], after_seconds=2.0)).ljust(200_000, b"\0")
    size = 200_000 // pieces
    parts = [sound[start : start + size] for start in range(0, 200_000, size)]
    sent = [
        frame(part, CONTINUATION if number else BINARY, final=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    events, end = run(call_and_send(address, *sent, END))
    assert "string_ended" in events
    assert end.code == 1000


def test_many_messages_at_once_are_all_answered(address: str) -> None:
    """Of all of them one is looked at after the other; none is lost, and nothing is told twice."""
    sound = pcm(spoken(["four", "oh"], after_seconds=2.0))
    whole, _ = run(call_and_send(address, frame(sound), END))
    small = [frame(sound[start : start + 16]) for start in range(0, len(sound), 16)]
    assert run(call_and_send(address, *small, frame(b"hello", PING), END)) == (whole, Closed(1000, ""))


@pytest.mark.parametrize(
    "sent",
    [frame(b"", PING), frame(b"", PONG), frame(b"", CONTINUATION, final=False)],
    ids=["pings", "pongs", "empty fragments"],
)
def test_frames_that_carry_nothing_are_counted(address: str, sent: bytes) -> None:
    _, end = run(call_and_send(address, frame(b"", final=False), sent * 1000))
    assert end == Closed(1008, "too many pings, pongs or small fragments")


def test_a_ping_is_answered_also_within_a_fragmented_message(address: str) -> None:
    async def ping() -> tuple[int, bytes]:
        socket = await RawWebSocket.begin(address)
        await socket.send(frame(b"ab", final=False), frame(b"there?", PING))
        pong = await socket.frame()
        socket.abort()
        return pong

    assert run(ping()) == (PONG, b"there?")


def talker(size: int) -> FastAPI:
    app = FastAPI()

    @app.websocket("/api/stream")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text("a" * size)
            await asyncio.sleep(0)

    return app


def test_who_does_not_read_is_let_go_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    monkeypatch.setattr(frames, "SEND_SECONDS", 0.3)

    async def listen(address: str, seconds: float) -> tuple[int, int]:
        socket = await RawWebSocket.open(address, receive_bytes=4096)
        taken = 0
        await asyncio.sleep(seconds)
        while True:
            opcode, payload = await socket.frame()
            taken += len(payload)
            if opcode == CLOSE or taken > 2_000_000:
                socket.abort()
                return taken, int.from_bytes(payload[:2], "big") if opcode == CLOSE else 0

    with served(talker(1000)) as address:
        taken, code = run(listen(address, 1.0))
        assert code == 1008
        assert taken < 1_000_000
        assert run(listen(address, 0.0))[1] == 0  # who reads goes on
    assert caplog.records == []


def test_who_sends_pings_and_reads_no_answers_is_not_answered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SMALL_FRAMES", 10**9)
    monkeypatch.setattr(frames, "SEND_SECONDS", 0.3)

    async def flood(address: str) -> None:
        socket = await RawWebSocket.begin(address, receive_bytes=4096)
        try:
            while True:
                await socket.send(frame(b"x" * 125, PING) * 1000)
        finally:
            socket.abort()

    with served(app_of(StringRecognizer(ToneModel()))) as address, pytest.raises(ConnectionError):
        run(flood(address))


def test_who_goes_on_sending_after_the_end_is_cut_off(address: str) -> None:
    async def flood() -> None:
        socket = await RawWebSocket.begin(address)
        await socket.send(frame(b"", 3))
        try:
            while True:
                await socket.send(frame(bytes(100_000)))
        finally:
            socket.abort()

    with pytest.raises(ConnectionError):
        run(flood())


def test_a_close_frame_is_answered(address: str) -> None:
    _, end = run(call_and_send(address, frame(b"\x03\xe8", CLOSE)))
    assert end.code == 1000


def test_a_client_that_speaks_before_it_was_let_in_is_no_trouble(address: str) -> None:
    async def hasty() -> Closed | dict[str, object]:
        socket = await RawWebSocket.open(address)
        await socket.send(frame(json.dumps({"sample_rate": RATE}).encode(), TEXT) + frame(bytes(320)) + END)
        return (await socket.rest())[1]

    assert run(hasty()) == Closed(1000, "")


@pytest.mark.slow
def test_unfinished_messages_of_many_clients_need_little_memory() -> None:
    async def clients(address: str) -> None:
        sockets = [await RawWebSocket.open(address) for _ in range(400)]
        for number, socket in enumerate(sockets):
            if number % 2:
                await socket.say({"sample_rate": RATE})
            await socket.send(frame(bytes(190_000), final=False))
        await asyncio.sleep(2)
        for socket in sockets:
            socket.abort()

    with server("compact") as (address, process):
        before = megabytes(process, "VmHWM")
        call: Callable[[str], Awaitable[None]] = clients
        asyncio.run(asyncio.wait_for(call(address), 60))
        assert megabytes(process, "VmHWM") < before + 100
