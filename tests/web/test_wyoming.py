"""Commands in the Wyoming protocol, sent by the client of the package ``wyoming``, as Home Assistant does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import numpy as np
import pytest

pytest.importorskip("wyoming", reason="Home Assistant needs the extra 'wyoming'")
pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.receiving import Receiver
from aurora_resnet.web.wyoming import Commands
from tests.runtime.recorded_numbers import recorded_numbers
from tests.web.server_process import started

T = TypeVar("T")
#: Samples, as Home Assistant sends them.
CHUNK = 1024


@pytest.fixture(scope="module")
def numbers() -> StringRecognizer:
    return StringRecognizer.from_pretrained("string_net")


@pytest.fixture(scope="module")
def commands(recognizer: Recognizer, numbers: StringRecognizer) -> Commands:
    return Commands(recognizer, numbers, Receiver())


def connected(commands: Commands, use: Callable[[AsyncTcpClient], Awaitable[T]]) -> T:
    async def run() -> T:
        server = await asyncio.start_server(commands.serve, "127.0.0.1", 0)
        async with server, AsyncTcpClient("127.0.0.1", server.sockets[0].getsockname()[1]) as client:
            return await use(client)

    return asyncio.run(asyncio.wait_for(run(), 30))


async def command(client: AsyncTcpClient, samples: np.ndarray, rate: int, name: str | None = None) -> Event:
    await client.write_event(Transcribe(name=name, language="en").event())
    await client.write_event(AudioStart(rate, 2, 1).event())
    for start in range(0, len(samples), CHUNK):
        await client.write_event(AudioChunk(rate, 2, 1, samples[start : start + CHUNK].tobytes()).event())
    await client.write_event(AudioStop().event())
    event = await client.read_event()
    assert event is not None
    return event


def test_both_models_are_described(commands: Commands) -> None:
    async def use(client: AsyncTcpClient) -> Info:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        return Info.from_event(event)

    (program,) = connected(commands, use).asr
    assert [model.name for model in program.models] == ["string_net", "compact"]
    assert all(model.installed and model.languages == ["en"] for model in program.models)


@pytest.mark.shared
def test_recorded_numbers_are_answered_as_offline(commands: Commands, numbers: StringRecognizer) -> None:
    said = recorded_numbers(8)

    async def use(client: AsyncTcpClient) -> list[str]:
        events = [await command(client, samples, rate) for _, samples, rate, _ in said]
        return [Transcript.from_event(event).text for event in events]

    answers = [numbers.recognize(path) for path, *_ in said]
    expected = ["" if answer.accepted is False else answer.text for answer in answers]
    assert connected(commands, use) == expected
    assert sum(text == right for text, (*_, right) in zip(expected, said, strict=True)) >= 6


def test_a_word_of_the_other_model_and_silence(commands: Commands) -> None:
    seven = read_samples().filter(words="seven", speakers="samples/flite-slt")[0]
    samples, rate = read_audio(seven.path)
    pcm = np.round(samples * 32767).astype("<i2")

    async def use(client: AsyncTcpClient) -> list[str]:
        words = await command(client, pcm, rate, "compact"), await command(client, pcm * 0, rate, "compact")
        digits = await command(client, pcm, rate), await command(client, pcm[:0], rate)
        return [Transcript.from_event(event).text for event in (*words, *digits)]

    assert connected(commands, use) == ["seven", "", "7", ""]


def test_own_words_of_any_language_where_there_are_no_numbers(other_words: Recognizer) -> None:
    commands = Commands(other_words, None, Receiver())
    seven = read_samples().filter(words="seven", speakers="samples/flite-slt")[0]
    samples, rate = read_audio(seven.path)

    async def use(client: AsyncTcpClient) -> str:
        event = await command(client, np.round(samples * 32767).astype("<i2"), rate)
        return str(Transcript.from_event(event).text)

    (model,) = commands.info.asr[0].models
    assert {"de", "en", "fr"} < set(model.languages)
    assert connected(commands, use) == other_words.recognize(seven.path).word != "seven"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([Transcribe(name="compakt").event()], "no model 'compakt' (did you mean 'compact'?)"),
        ([AudioStart(16000, 1, 1).event()], "expected 16-bit sound"),
        ([AudioStart(10, 2, 1).event()], "expected 16-bit sound"),
        ([AudioChunk(16000, 2, 1, bytes(8)).event()], "expected audio-start"),
        ([AudioStart(16000, 2, 1).event(), AudioChunk(16000, 2, 1, bytes(7)).event()], "whole 16-bit samples"),
        ([AudioStart(8000, 2, 1).event(), *[AudioChunk(8000, 2, 1, bytes(160_000)).event()] * 4], "may last 30 s"),
    ],
)
def test_what_cannot_be_answered_is_told_why(commands: Commands, events: list[Event], reason: str) -> None:
    async def use(client: AsyncTcpClient) -> tuple[Event | None, Event | None]:
        for event in events:
            await client.write_event(event)
        return await client.read_event(), await client.read_event()

    error, end = connected(commands, use)
    assert error is not None
    assert reason in Error.from_event(error).text
    assert end is None
    assert commands.receiver.uploads.uploads == 0


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n", b"[]\n", b"{}\n", b'{"type": "audio-start"}\n', b'{"type": "audio-start", "data": 5}\n',
        json.dumps({"type": "audio-chunk", "payload_length": 1_000_000_000}).encode() + b"\n",
        b'{"type": "describe", "data_length": "9"}\n', b"x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_event_ends_the_connection(commands: Commands, data: bytes) -> None:
    async def use(client: AsyncTcpClient) -> Event | None:
        assert client._writer is not None
        client._writer.write(data)
        await client._writer.drain()
        return await client.read_event()

    assert connected(commands, use) is None


@pytest.mark.slow
def test_the_command_serves_it_beside_the_page() -> None:
    seven = read_samples().filter(words="seven", speakers="samples/flite-slt")[0]
    samples, rate = read_audio(seven.path)

    async def use(port: int) -> str:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            event = await command(client, np.round(samples * 32767).astype("<i2"), rate)
            return Transcript.from_event(event).text

    with started("compact", "--wyoming", "0") as (_, process):
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[-1])
        assert asyncio.run(asyncio.wait_for(use(port), 30)) == "7"
