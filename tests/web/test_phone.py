"""Calls over the server: what it tells is what a line by itself tells, whichever provider brings the call."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from fastapi import FastAPI
from starlette.testclient import TestClient

from aurora_resnet.runtime.phone.entries import PhoneEvent
from aurora_resnet.runtime.phone.line import HungUp, Key, Opened, Sound
from aurora_resnet.runtime.phone.phone_line import PhoneLine
from aurora_resnet.runtime.strings.events import StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.callers import Callers
from aurora_resnet.web.health import add_health, drained
from aurora_resnet.web.load import UploadsInHand
from aurora_resnet.web.phone import Phones, phone_values
from tests.runtime.phone import traces
from tests.runtime.tone_model import RATE, ToneModel, spoken

PAUSE = np.zeros(2 * RATE, np.float32)
SAID: list[traces.Said] = [spoken(["one", "two"]), "4", spoken(["oh", "seven"]), "#", PAUSE, spoken(["nine"]), PAUSE]


@pytest.fixture
def client() -> Iterator[TestClient]:
    app, callers = FastAPI(), Callers(StringRecognizer(ToneModel()))
    app.state.phones = Phones(callers)
    app.router.routes += app.state.phones.routes()
    add_health(app, callers, UploadsInHand())
    with TestClient(app) as client:
        yield client


def offline(said: list[traces.Said], encoding: Any, times: StringTimes | None = None) -> list[dict[str, Any]]:
    line = PhoneLine(StringRecognizer(ToneModel()), times)
    events: list[PhoneEvent] = line.feed(Opened(RATE, encoding))
    for part in said:
        if isinstance(part, str):
            events += line.feed(Key(part))
        else:
            data = traces.mulaw(part) if encoding == "mulaw" else traces.pcm(part)
            for frame in traces.frames(data, 160 if encoding == "mulaw" else 320):
                events += line.feed(Sound(frame))
    events += line.feed(HungUp())
    return [json.loads(json.dumps(phone_values(event))) for event in events]


def told(client: TestClient) -> list[dict[str, Any]]:
    events = []
    with client.websocket_connect(f"/api/calls/{traces.CALL}") as listener:
        while (message := listener.receive())["type"] == "websocket.send":
            events.append(json.loads(message["text"]))
    return events


@pytest.mark.parametrize("provider", ["twilio", "vonage"])
def test_a_call_of_a_provider(client: TestClient, provider: str) -> None:
    messages = traces.twilio(SAID) if provider == "twilio" else traces.vonage(SAID)
    with client.websocket_connect(f"/api/phone/{provider}") as call:
        for message in messages:
            call.send_text(message) if isinstance(message, str) else call.send_bytes(message)
        if provider == "vonage":
            call.close()
        assert call.receive()["type"] == "websocket.close"
    events = told(client)
    assert events == offline(SAID, "mulaw" if provider == "twilio" else "pcm16")
    assert [event["text"] for event in events if event["event"] == "entry_ended"] == ["12407", "9"]


def test_settings_of_a_call(client: TestClient) -> None:
    with client.websocket_connect("/api/phone/twilio") as call:
        for message in traces.twilio(["4", spoken(["oh", "seven"]), PAUSE], {"lengths": "3"}):
            call.send_text(message)
        call.receive()
    assert [(e["text"], e["reason"]) for e in told(client) if e["event"] == "entry_ended"] == [("407", "length")]


@pytest.mark.parametrize("message", ["hello", '{"event": "dtmf", "dtmf": {"digit": "4"}}'])
def test_what_is_no_call_is_refused(client: TestClient, message: str) -> None:
    with client.websocket_connect("/api/phone/twilio") as call:
        call.send_text(message)
        assert "expected" in call.receive_json()["reason"]
        assert call.receive()["code"] == 1008


def test_health_metrics_and_an_end_that_callers_need_not_notice(client: TestClient) -> None:
    assert (client.get("/health").status_code, client.get("/health").text) == (200, "ok\n")
    phones = client.app.state.phones  # type: ignore[attr-defined]
    with client.websocket_connect("/api/phone/vonage") as call:
        messages = traces.vonage([spoken(["one"])])
        for message in messages:
            call.send_text(message) if isinstance(message, str) else call.send_bytes(message)
        while not phones.callers.count:
            pass
        assert "aurora_resnet_callers 1\n" in client.get("/metrics").text
        assert not drained(phones.callers, 0.3)
        assert client.get("/health").status_code == 503
        with client.websocket_connect("/api/phone/vonage") as late:
            assert late.receive_json()["event"] == "error"
        call.send_text(json.dumps({"event": "websocket:dtmf", "digit": "7", "duration": 90}))
        call.close()
        assert call.receive()["type"] == "websocket.close"
    assert drained(phones.callers, 10)
    assert [event["text"] for event in told(client) if event["event"] == "entry_ended"] == ["17"]


@pytest.mark.slow
def test_audiosocket_beside_the_pages() -> None:
    pytest.importorskip("uvicorn")
    from aurora_resnet.runtime.recognizer import Recognizer
    from aurora_resnet.web.running import open_socket, serve_forever
    from aurora_resnet.web.server import create_app

    app = create_app(Recognizer.from_pretrained("compact"), strings=StringRecognizer(ToneModel()))
    finished, phones = threading.Event(), open_socket("127.0.0.1", 0)
    address = phones.getsockname()
    options = {"finished": finished, "beside": [(phones, app.state.phones.audiosocket)]}
    server = threading.Thread(target=serve_forever, args=(app, open_socket("127.0.0.1", 0)), kwargs=options)
    server.start()
    try:
        with socket.create_connection(address, timeout=30) as call:
            call.sendall(traces.audiosocket(SAID))
            assert call.recv(1) == b""  # it hangs up
        kept = app.state.phones.calls._calls[traces.CALL].events
        assert json.loads(json.dumps(kept)) == offline(SAID, "pcm16")
    finally:
        finished.set()
        server.join()
        phones.close()
