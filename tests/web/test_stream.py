"""``/api/stream``: what a client is told, who is refused, and fifty callers at once, each as if alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.encodings import decode_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ModelError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.events import StringTimes, event_values
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from aurora_resnet.web import callers as callers_module
from aurora_resnet.web import stream as stream_module
from aurora_resnet.web.callers import Callers
from aurora_resnet.web.server import create_app
from aurora_resnet.web.stream import serve_stream
from tests.runtime.tone_model import RATE, ToneModel, spoken

if TYPE_CHECKING:
    from starlette.testclient import WebSocketTestSession

ADDRESS = "ws://localhost/api/stream"
Event = dict[str, Any]


def pcm(samples: Samples) -> bytes:
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def app_of(recognizer: StringRecognizer, most: int = 100) -> FastAPI:
    app, callers = FastAPI(), Callers(recognizer, most=most)

    @app.websocket("/api/stream")
    async def stream(socket: WebSocket) -> None:
        await serve_stream(socket, callers)

    return app


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(app_of(StringRecognizer(ToneModel()), most=50)) as client:
        yield client


def rest(socket: WebSocketTestSession) -> list[Event]:
    """All that is still sent until the server closes."""
    events: list[Event] = []
    while (message := socket.receive())["type"] == "websocket.send":
        events.append(json.loads(message["text"]))
    assert message["code"] == 1000
    return events


def alone(recognizer: StringRecognizer, data: bytes, begin: Event) -> list[Event]:
    """What a stream of its own tells of the same sound."""
    times = {name: value for name, value in begin.items() if name not in ("sample_rate", "encoding")}
    streams = StringStreams(recognizer, StringTimes(**times))
    number = streams.open(begin["sample_rate"])
    events = streams.push({number: decode_samples(data, begin.get("encoding", "pcm16"))})[number]
    return [json.loads(json.dumps(event_values(event))) for event in events + streams.close(number)]


def talk(client: TestClient, sent: list[tuple[Event, bytes]], chunk_seconds: float = 0.1) -> list[list[Event]]:
    """Have callers speak all at once, each a chunk after the other; return what each was told."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(client.websocket_connect(ADDRESS)) for _ in sent]
        for socket, (begin, _) in zip(sockets, sent, strict=True):
            socket.send_json(begin)
            assert socket.receive_json() == {"event": "ready"}
        longest = max(len(data) / begin["sample_rate"] for begin, data in sent)
        for turn in range(int(longest / chunk_seconds) + 1):
            for socket, (begin, data) in zip(sockets, sent, strict=True):
                size = int(chunk_seconds * begin["sample_rate"]) * (1 if begin.get("encoding") else 2)
                if chunk := data[turn * size : (turn + 1) * size]:
                    socket.send_bytes(chunk)
        for socket in sockets:
            socket.send_text("end")
        return [rest(socket) for socket in sockets]


def test_a_caller_is_told_what_happens(client: TestClient) -> None:
    samples = spoken(["four", "oh", "seven", "one"], after_seconds=0.5)
    begin = {"sample_rate": RATE, "lengths": [4], "no_input_seconds": 2.0}
    (events,) = talk(client, [(begin, pcm(samples))])
    assert events == alone(StringRecognizer(ToneModel()), pcm(samples), begin)
    assert [event["event"] for event in events if event["event"] != "partial"] == [
        "speech_started", "digit", "digit", "digit", "digit", "string_ended",
    ]  # fmt: skip
    assert (events[-1]["string"]["text"], events[-1]["reason"]) == ("4071", "length")


def test_another_question_on_the_same_connection(client: TestClient) -> None:
    """What is asked holds from there on, however the sound before and after it is divided."""
    first, second = pcm(spoken(["four", "two"], after_seconds=0.5)), pcm(spoken(["seven"] * 3, after_seconds=0.5))
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_json({"sample_rate": RATE, "lengths": [2]})
        assert socket.receive_json() == {"event": "ready"}
        socket.send_bytes(first[:8000])
        socket.send_bytes(first[8000:])
        socket.send_json({"lengths": [3], "known": ["777", "778"]})
        socket.send_bytes(second)
        socket.send_text("end")
        ended = [event for event in rest(socket) if event["event"] == "string_ended"]
    assert [(event["string"]["text"], event["reason"]) for event in ended] == [("42", "length"), ("777", "length")]


def test_what_a_question_does_not_name_stays_as_the_last_one_said(client: TestClient) -> None:
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_json({"sample_rate": RATE, "lengths": [2]})
        assert socket.receive_json() == {"event": "ready"}
        socket.send_json({"lengths": [3]})
        socket.send_json({"known": ["777", "7777"]})
        socket.send_bytes(pcm(spoken(["seven"] * 3, after_seconds=0.5)))
        socket.send_text("end")
        ended = [event for event in rest(socket) if event["event"] == "string_ended"]
    assert [(event["string"]["text"], event["reason"]) for event in ended] == [("777", "length")]


@pytest.mark.parametrize("callers", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_many_callers_are_computed_in_batches_as_if_each_were_alone(callers: int) -> None:
    """Of all rates and codes, with waits of their own; some say nothing and some say what is no word."""
    generator = np.random.default_rng(0)
    model = ToneModel()
    words = list(model.facts.vocabulary.words)
    sent: list[tuple[Event, bytes]] = []
    for number in range(callers):
        said = [words[i] for i in generator.integers(len(words), size=number % 5)]
        samples = spoken(said, before_seconds=0.2 + 0.02 * number, after_seconds=0.4 * (number % 3))
        begin: Event = {"sample_rate": RATE, "between_seconds": 0.4 + 0.01 * number, "no_input_seconds": 1.0}
        if number % 3 == 1:
            begin |= {"encoding": "mulaw"}
            data = b"\xff" * 12_000  # silence
            if number % 2:
                data = data[:4000] + bytes(generator.choice([0x3F, 0xBF], 4000).tolist()) + data
        else:
            begin |= {"lengths": [2, 4]} if number % 3 else {}
            data = pcm(samples)
        sent.append((begin, data))
    with TestClient(app_of(StringRecognizer(model))) as client:
        told = talk(client, sent)
    calls, model.calls = model.calls, 0
    assert told == [alone(StringRecognizer(model), data, begin) for begin, data in sent]
    assert {event["event"] for events in told for event in events} == {
        "speech_started", "partial", "digit", "string_ended", "rejected", "no_input",
    }  # fmt: skip
    steps = sum(len(data) // (1 if begin.get("encoding") else 2) // 320 for begin, data in sent)
    assert calls < 2 * steps / 3  # a step of several callers is one call


@pytest.mark.slow
def test_fifty_voices_and_the_shipped_model() -> None:
    recognizer = StringRecognizer.from_pretrained("string_net")
    corpus = read_samples()
    generator = np.random.default_rng(0)
    sent = []
    for number in range(50):
        voice = corpus.filter(speakers=corpus.speakers[number % len(corpus.speakers)])
        chosen = [voice[int(i)].path for i in generator.integers(len(voice), size=4)]
        parts = [part for path in chosen for part in (read_audio(path)[0], np.zeros(1000, np.float32))]
        begin: Event = {"sample_rate": RATE}
        sent.append((begin, pcm(np.concatenate([np.zeros(RATE // 2, np.float32), *parts]))))
    with TestClient(app_of(recognizer)) as client:
        told = talk(client, sent)
    for events, (begin, data) in zip(told, sent, strict=True):
        expected = alone(recognizer, data, begin)
        assert [(e["event"], e["seconds"], e.get("text")) for e in events] == [
            (e["event"], e["seconds"], e.get("text")) for e in expected
        ]
        for event, other in zip(events, expected, strict=True):
            if event["event"] == "string_ended":
                assert event["string"]["text"] == other["string"]["text"]
                assert event["string"]["confidence"] == other["string"]["confidence"]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (["hello"], "expected {\"sample_rate\": 8000 to 192000, ...} first; got 'hello'"),
        ([b"\x00\x00"], "first; got b"),
        (["[8000]"], "first; message: "),
        (['{"sample_rate": 1}'], "sample_rate: Input should be greater than or equal to 8000"),
        (['{"sample_rate": 8000, "encoding": "ulaw"}'], "encoding: Input should be 'pcm16', 'mulaw' or 'alaw'"),
        (['{"sample_rate": 8000, "lengths": []}'], "lengths: "),
        (['{"sample_rate": 8000, "lengths": [0]}'], "lengths.0: "),
        (['{"sample_rate": 8000, "lengths": [1000000000]}'], "lengths.0: "),
        (['{"sample_rate": 8000, "between_seconds": 0}'], "between_seconds: "),
        (['{"sample_rate": 8000, "between_seconds": NaN}'], "between_seconds: "),
        (['{"sample_rate": 8000, "length": 4}'], "length: Extra inputs are not permitted"),
        (['{"sample_rate": 8000}', b""], "expected messages of 1 to 200,000 bytes of pcm16, got 0"),
        (['{"sample_rate": 8000}', bytes(200_002)], "expected messages of 1 to 200,000 bytes"),
        (['{"sample_rate": 8000}', b"abc"], "no whole number of 16-bit samples"),
        (
            ['{"sample_rate": 8000}', '{"lengths": [0]}'],
            "or the text 'end'; lengths.0: Input should be greater than or equal",
        ),
        (['{"sample_rate": 8000}', '{"sample_rate": 16000}'], "sample_rate and encoding stay as they were said first"),
        (
            ['{"sample_rate": 8000}', '{"numbers": "spoken"}'],
            "needs a model whose vocabulary has words such as 'twenty'",
        ),
        (['{"sample_rate": 8000, "check": "lun"}'], "check: Input should be 'luhn'"),
        (['{"sample_rate": 8000, "known": ["12a"]}'], "known.0: String should match pattern"),
        (['{"sample_rate": 8000}', "stop"], "or the text 'end'; got 'stop'"),
    ],
)
def test_what_is_no_call_ends_with_a_reason(client: TestClient, messages: list[str | bytes], reason: str) -> None:
    with client.websocket_connect(ADDRESS) as socket:
        for message in messages:
            if isinstance(message, str):
                socket.send_text(message)
            else:
                socket.send_bytes(message)
        events = [socket.receive_json() for _ in messages]
        assert events[-1]["event"] == "error"
        assert reason in events[-1]["reason"]
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
        assert end.value.code == 1008


def test_a_parameter_in_the_address_is_named(client: TestClient) -> None:
    with client.websocket_connect(f"{ADDRESS}?lengths=4") as socket:
        assert "unknown parameter 'lengths'" in socket.receive_json()["reason"]


def test_who_sends_no_sound_gives_his_place_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers_module, "PLACE_SECONDS", 0.2)
    app = app_of(StringRecognizer(ToneModel()), most=1)
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as idle:
        idle.send_json({"sample_rate": RATE})
        assert idle.receive_json() == {"event": "ready"}
        time.sleep(0.3)
        (events,) = talk(client, [({"sample_rate": RATE}, pcm(spoken(["two"])))])
        assert events[-1]["string"]["text"] == "2"
        assert "another caller needed the place" in idle.receive_json()["reason"]
        with pytest.raises(WebSocketDisconnect) as end:
            idle.receive_json()
        assert end.value.code == 1013


def test_one_too_many_is_sent_away_and_who_leaves_makes_room() -> None:
    with TestClient(app_of(StringRecognizer(ToneModel()), most=1)) as client:
        with client.websocket_connect(ADDRESS) as first:
            first.send_json({"sample_rate": RATE})
            assert first.receive_json() == {"event": "ready"}
            with client.websocket_connect(ADDRESS) as second:
                second.send_json({"sample_rate": RATE})
                assert "1 callers speak already" in second.receive_json()["reason"]
                with pytest.raises(WebSocketDisconnect) as end:
                    second.receive_json()
                assert end.value.code == 1013
            first.send_bytes(pcm(spoken(["one"])))
        (events,) = talk(client, [({"sample_rate": RATE}, pcm(spoken(["two"])))])
        assert events[-1]["string"]["text"] == "2"


def test_who_sends_nothing_is_let_go(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "SILENT_SECONDS", 0.2)
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_json({"sample_rate": RATE})
        assert socket.receive_json() == {"event": "ready"}
        assert "nothing came for 0.2 s" in socket.receive_json()["reason"]


def test_a_model_that_fails_is_told_and_the_next_caller_is_served() -> None:
    class Failing(ToneModel):
        fails = True

        def step(self, samples: Samples, state: Samples) -> Any:
            if self.fails:
                raise ModelError("the weights are damaged")
            return super().step(samples, state)

    model = Failing()
    with TestClient(app_of(StringRecognizer(model))) as client:
        with client.websocket_connect(ADDRESS) as socket:
            socket.send_json({"sample_rate": RATE})
            assert socket.receive_json() == {"event": "ready"}
            socket.send_bytes(pcm(spoken(["one"])))
            assert socket.receive_json() == {"event": "error", "reason": "the weights are damaged"}
        model.fails = False
        (events,) = talk(client, [({"sample_rate": RATE}, pcm(spoken(["two"])))])
        assert events[-1]["string"]["text"] == "2"


@pytest.fixture(scope="module")
def server(recognizer: Recognizer) -> TestClient:
    """All routes and the guard."""
    app = create_app(recognizer, strings=StringRecognizer.from_pretrained("string_net"))
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_another_website_cannot_speak(server: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), server.websocket_connect(ADDRESS, headers=headers):
        pass


def test_a_file_is_recognised_whole(
    server: TestClient, spoken: Callable[[str], Samples], encoded: Callable[..., bytes], tmp_path: Path
) -> None:
    data = encoded(spoken("seven"))
    answer = server.post("/api/string", content=data).json()
    (tmp_path / "seven.wav").write_bytes(data)
    string = StringRecognizer.from_pretrained("string_net").recognize(tmp_path / "seven.wav")
    assert (answer["text"], answer["confidence"]) == (string.text, pytest.approx(string.confidence))
    assert answer["duration_seconds"] == pytest.approx(len(spoken("seven")) / 48_000)
    assert len(answer["waveform"]["low"]) == 600
    known = server.post("/api/string?length=2&length=3", content=data).json()
    assert len(known["text"]) in (2, 3)
    for query, named in {
        "length=0": "length",
        "length=x": "length",
        "check=mod": "check",
        "lenght=4": "'lenght'",
    }.items():
        refused = server.post(f"/api/string?{query}", content=data)
        assert (refused.status_code, list(refused.json())) == (422, ["error"])
        assert named in refused.json()["error"]
    assert len(server.post(f"/api/string?length={'9' * 5000}", content=data).text) < 300
    assert "'x'" in server.get("/api/model?x=1").json()["error"]
    card = server.post("/api/string?length=1&check=luhn", content=data).json()  # of one digit only 0 passes
    assert card["text"] in ("", "0")
    assert server.post("/api/string", content=b"no sound").json()["error"].startswith("'the recording' cannot be read")
    assert server.get("/api/model").json()["strings"] == "string_net"


def test_without_a_model_of_strings_there_are_no_such_routes(recognizer: Recognizer) -> None:
    client = TestClient(create_app(recognizer), base_url="http://localhost")
    assert client.post("/api/string", content=b"").status_code == 404
    assert client.get("/numbers.html").status_code == 404
    assert client.get("/api/model").json()["strings"] is None
