"""The page that records words: the protocol in a client, and Chromium whose microphone says "seven" again and again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.teaching.recording_session import RecordingSession
from aurora_resnet.web import recording
from aurora_resnet.web.recording import create_recording_app
from aurora_resnet.web.running import open_socket, serve_forever, socket_address
from tests.web.conftest import RECORDED_WORDS, recorded_words

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from starlette.testclient import WebSocketTestSession

RATE = 48_000
ADDRESS = "ws://localhost/api/record"


def pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def send(socket: WebSocketTestSession, samples: Samples) -> list[dict[str, object]]:
    """Send chunks of a tenth of a second and return what was answered, the levels apart."""
    events = []
    for start in range(0, len(samples) - RATE // 10 + 1, RATE // 10):
        socket.send_bytes(pcm(samples[start : start + RATE // 10]))
        while (event := socket.receive_json())["event"] != "level":
            events.append(event)
    return events


def until_closed(socket: WebSocketTestSession) -> Iterator[dict[str, Any]]:
    with suppress(WebSocketDisconnect):
        while True:
            yield socket.receive_json()


@pytest.mark.slow
def test_words_are_asked_for_and_written(
    tmp_path: Path, spoken: Callable[[str], Samples], recognizer: Recognizer
) -> None:
    session = RecordingSession(["seven"], tmp_path / "mine", speaker="ann", times=2, other=0)
    finished = threading.Event()
    with TestClient(create_recording_app(session, finished=finished)) as client:
        with client.websocket_connect(ADDRESS) as socket:
            socket.send_json({"sample_rate": RATE})
            first = socket.receive_json()
            expected = {"text": "seven", "number": 1, "of": 2, "other": False, "enough": False}
            assert first == {"event": "prompt", **expected}
            click = np.zeros(RATE, np.float32)
            click[:200] = 0.5
            events = send(socket, np.concatenate([np.zeros(RATE, np.float32), click, spoken("seven")]))
            events += send(socket, np.zeros(RATE // 10, np.float32))
            assert [event["event"] for event in events] == ["again", "kept", "prompt"]
            assert "too short" in str(events[0]["reason"])
        # The page was closed and opened again: it goes on where it was.
        assert not finished.is_set()
        with client.websocket_connect(ADDRESS) as socket:
            socket.send_json({"sample_rate": RATE})
            assert socket.receive_json()["number"] == 2
            for start in range(0, RATE * 4, RATE // 10):
                socket.send_bytes(pcm(np.pad(spoken("seven"), (0, 4 * RATE))[start : start + RATE // 10]))
            while (event := socket.receive_json())["event"] != "done":
                assert event["event"] in ("level", "kept")
            assert event["summary"] == f"2 recordings of 2 in {tmp_path / 'mine'}"
            assert event["next"] == f"aurora-resnet teach {tmp_path / 'mine'} --out mine.onnx"
            assert not finished.is_set()
            socket.send_json({"do": "finish"})
            events = list(until_closed(socket))
            (failed,) = [event for event in events if event["event"] == "failed"]
            assert "needs two words or more, found seven" in str(failed["reason"])
    assert finished.is_set()
    paths = sorted((tmp_path / "mine" / "seven").iterdir())
    assert [path.name for path in paths] == ["ann_001.wav", "ann_002.wav"]
    assert [recognizer.recognize(path).word for path in paths] == ["seven", "seven"]


@pytest.mark.slow
def test_what_was_recorded_is_tried_corrected_and_saved(tmp_path: Path, spoken: Callable[[str], Samples]) -> None:
    mine = recorded_words(tmp_path / "mine")
    (tmp_path / "mine.onnx").write_text("of somebody else")

    def next_event(kind: str) -> dict[str, Any]:
        while (event := socket.receive_json())["event"] != kind:
            assert event["event"] in ("level", "enrolling")
        return dict(event)

    with (
        TestClient(create_recording_app(RecordingSession(RECORDED_WORDS, mine, speaker="ann"))) as client,
        client.websocket_connect(ADDRESS) as socket,
    ):
        socket.send_json({"sample_rate": RATE})
        assert next_event("prompt")["enough"] is True
        socket.send_json({"do": "correct", "word": "two"})
        assert "no answer to correct" in next_event("failed")["reason"]
        socket.send_json({"do": "save"})  # there is nothing, so the visit is over; the next one goes on
        assert "no model to save" in next_event("error")["reason"]
    with TestClient(client.app) as again, again.websocket_connect(ADDRESS) as socket:
        socket.send_json({"sample_rate": RATE})
        next_event("prompt")
        socket.send_json({"do": "try"})
        ready = next_event("ready")
        assert {each["word"]: each["recordings"] for each in ready["words"]} == dict.fromkeys(RECORDED_WORDS, 3)
        assert sum(each["taken_for"].get(each["word"], 0) for each in ready["words"]) >= 7
        assert any("one speaker" in advice for advice in ready["advice"])
        for word in ("seven", "nine"):
            for start in range(0, 3 * RATE, RATE // 10):
                socket.send_bytes(pcm(np.pad(spoken(word), (0, 3 * RATE))[start : start + RATE // 10]))
            answer = next_event("answer")
            assert (answer["word"] == word) == (word in RECORDED_WORDS)
            assert len(answer["shares"]) == 3
            assert 0 < answer["none_probability"] < 1
        socket.send_json({"do": "correct", "word": "../two"})
        assert "expected one of two, three, seven or _other" in next_event("failed")["reason"]
        socket.send_json({"do": "correct", "word": "_other"})
        next_event("ready")
        for name in ("mine_2.onnx", "mine_3.onnx"):
            socket.send_json({"do": "save"})
            assert next_event("saved")["path"] == str(tmp_path / name)
        socket.send_json({"do": "finish"})
    assert (tmp_path / "mine.onnx").read_text() == "of somebody else"
    (kept,) = (mine / "_other").iterdir()
    saved = Recognizer.from_pretrained(tmp_path / "mine_3.onnx")
    assert saved.recognize(spoken("seven"), RATE).word == "seven"
    assert saved.recognize(kept).accepted is False


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (["hello"], "sample_rate"),
        (['{"sample_rate": 1}'], "sample_rate"),
        (['{"sample_rate": true}'], "sample_rate"),
        ([b"\x00\x00"], "sample_rate"),
        (['{"sample_rate": 8000}', "text"], "expected sound, {"),
        (['{"sample_rate": 8000}', '{"do": "sing"}'], "expected sound, {"),
        (['{"sample_rate": 8000}', '{"do": "try", "word": ' + '"a"' * 4000 + "}"], "expected sound, {"),
        (['{"sample_rate": 8000}', b""], "expected chunks of 2 to 200,000 bytes"),
        (['{"sample_rate": 8000}', bytes(200_002)], "expected chunks"),
        (['{"sample_rate": 8000}', b"abc"], "no whole number of 16-bit samples"),
    ],
)
def test_what_is_no_recording_ends_with_a_reason(tmp_path: Path, messages: list[str | bytes], reason: str) -> None:
    with (
        TestClient(create_recording_app(RecordingSession(["ja"], tmp_path))) as client,
        client.websocket_connect(ADDRESS) as socket,
    ):
        for message in messages:
            if isinstance(message, str):
                socket.send_text(message)
            else:
                socket.send_bytes(message)
        events = [socket.receive_json() for _ in messages]
        assert events[-1]["event"] == "error"
        assert reason in events[-1]["reason"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert list(tmp_path.iterdir()) == []


def test_a_second_page_is_told_of_the_first_and_silence_ends_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "SILENT_SECONDS", 0.5)
    with (
        TestClient(create_recording_app(RecordingSession(["ja"], tmp_path))) as client,
        client.websocket_connect(ADDRESS) as first,
    ):
        first.send_json({"sample_rate": RATE})
        assert first.receive_json()["event"] == "prompt"
        with client.websocket_connect(ADDRESS) as second:
            assert "another page records already" in second.receive_json()["reason"]
        assert "nothing came for 0.5 s" in first.receive_json()["reason"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_another_website_cannot_listen(tmp_path: Path, headers: dict[str, str]) -> None:
    client = TestClient(create_recording_app(RecordingSession(["ja"], tmp_path)))
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(ADDRESS, headers=headers):
        pass


@pytest.mark.slow
def test_the_browser_records_what_is_said_and_tries_it(
    tmp_path: Path, talkative: Browser, recognizer: Recognizer
) -> None:
    from playwright.sync_api import expect

    mine = recorded_words(tmp_path / "mine")
    shutil.rmtree(mine / "seven")
    session, finished = RecordingSession(["seven"], mine, times=3, other=0), threading.Event()
    app = create_recording_app(session, finished=finished)
    with open_socket("127.0.0.1", 0) as listening:
        address = socket_address(listening)
        server = threading.Thread(target=serve_forever, args=(app, listening), kwargs={"finished": finished})
        server.start()
        try:
            page = talkative.new_page(viewport={"width": 420, "height": 800})
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address)
            page.get_by_role("button", name="Start").click()
            expect(page.locator("#prompt")).to_have_text("seven", timeout=15_000)
            expect(page.locator("#note")).to_contain_text("Kept", timeout=15_000)
            # Everything was said, so it is tried: "seven" comes again and again.
            expect(page.locator("#count")).to_contain_text("from 9 recordings", timeout=60_000)
            expect(page.locator("#note")).to_contain_text("Recognised", timeout=30_000)
            expect(page.locator("#prompt")).to_have_text("seven")
            expect(page.locator("#words .best th")).to_have_text("seven")
            expect(page.locator("#held-out tr")).to_have_count(3)
            page.locator("#truth").get_by_role("button", name="seven").click()
            expect(page.locator("#count")).to_contain_text("from 10 recordings", timeout=60_000)
            page.get_by_role("button", name="Save the model").click()
            page.get_by_role("button", name="Finish").click()
            expect(page.locator("#prompt")).to_have_text("Finished.", timeout=30_000)
            expect(page.get_by_role("button", name="Start")).to_be_disabled()
            server.join(timeout=20)
            assert not server.is_alive()
            assert complaints == []
        finally:
            finished.set()
            server.join()
    recorded = sorted((mine / "seven").iterdir())
    assert [recognizer.recognize(path).word for path in recorded] == ["seven"] * 4
    assert [*Recognizer.from_pretrained(tmp_path / "mine.onnx").vocabulary] == ["two", "three", "seven"]
