"""A server that is told to end (SIGTERM, what balancers and containers send) lets those who speak finish."""

from __future__ import annotations

import asyncio
import signal
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the web page needs the extra 'web'")

from aurora_resnet import read_audio
from aurora_resnet.corpora.samples import read_samples
from tests.web.raw_websocket import Closed, RawWebSocket, frame
from tests.web.server_process import started

WORDS = ("four", "oh", "seven", "one")


def sound() -> bytes:
    """A number at 8 kHz, 16-bit, of one packaged voice, with silence around it."""
    corpus = read_samples()
    voice = corpus.filter(speakers="samples/flite-slt")
    pause = np.zeros(800, np.float32)
    words = [part for word in WORDS for part in (read_audio(voice.filter(words=word)[0].path)[0], pause)]
    return np.round(32767 * np.concatenate([np.zeros(4000, np.float32), *words, pause])).astype("<i2").tobytes()


def health(address: str) -> int:
    try:
        with urllib.request.urlopen(f"{address}health", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_who_speaks_finishes_and_nobody_new_comes_in() -> None:
    said, half = sound(), 16_000
    with started("compact", "--drain", "60") as (address, process):

        async def call() -> None:
            socket = await RawWebSocket.begin(address)
            await socket.send(frame(said[:half]))
            assert health(address) == 200
            process.send_signal(signal.SIGTERM)
            while await asyncio.to_thread(health, address) == 200:
                await asyncio.sleep(0.05)
            assert health(address) == 503
            with pytest.raises(ConnectionError, match="try again later"):
                await RawWebSocket.begin(address)
            assert process.poll() is None
            await socket.send(frame(said[half:]))
            await socket.say("end")
            events, end = await socket.rest()
            assert [e["string"]["text"] for e in events if e["event"] == "string_ended"] == ["4071"]
            assert end == Closed(1000, "")

        asyncio.run(asyncio.wait_for(call(), 60))
        assert process.wait(30) == 0  # long before the minute is over


@pytest.mark.slow
def test_who_does_not_finish_is_told_when_the_time_is_over() -> None:
    with started("compact", "--drain", "1") as (address, process):

        async def call() -> Closed:
            socket = await RawWebSocket.begin(address)
            await socket.send(frame(sound()[:16_000]))
            process.send_signal(signal.SIGTERM)
            return (await socket.rest())[1]

        start = time.monotonic()
        end = asyncio.run(asyncio.wait_for(call(), 60))
        assert end.code == 1012  # RFC 6455: the service restarts, connect again
        assert 1 <= time.monotonic() - start < 10
        assert process.wait(30) == 0
