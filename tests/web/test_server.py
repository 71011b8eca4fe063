"""The server over real HTTP: answers, limits, errors, headers, several visitors at once."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognition, Recognizer
from aurora_resnet.web.upload import MAX_BYTES

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from aurora_resnet.web.pages import page_text
from tests.web.serving import served

Encode = Callable[..., bytes]
Speak = Callable[[str], Samples]
HOST = [(b"host", b"localhost")]


def ask(address: str, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def recognize(address: str, body: bytes) -> tuple[int, Any]:
    status, _, answer = ask(address, "POST", "/api/recognize", body)
    return status, json.loads(answer)


def test_a_recording_is_answered(address: str, encoded: Encode, spoken: Speak) -> None:
    samples = spoken("seven")
    status, answer = recognize(address, encoded(samples))
    assert status == 200
    assert (answer["word"], answer["digit"], answer["accepted"]) == ("seven", 7, True)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["confidence"] == max(answer["probabilities"].values())
    assert len(answer["probabilities"]) == 11
    assert answer["duration_seconds"] == pytest.approx(len(samples) / 48_000)
    # All of the word lies in the marked second.
    loud = np.flatnonzero(np.abs(samples) > 0.05) / 48_000
    assert answer["clip_start_seconds"] <= loud[0]
    assert loud[-1] <= answer["clip_start_seconds"] + answer["clip_seconds"]
    assert max(answer["waveform"]["high"]) == pytest.approx(samples.max(), abs=1e-3)
    assert [len(answer["log_mel"]), len(answer["log_mel"][0])] == [64, 101]


def test_silence_is_rejected(address: str, encoded: Encode) -> None:
    status, answer = recognize(address, encoded(np.zeros(48_000, dtype=np.float32)))
    assert (status, answer["accepted"]) == (200, False)


def test_the_model_describes_itself(address: str, recognizer: Recognizer) -> None:
    status, _, body = ask(address, "GET", "/api/model")
    model = json.loads(body)
    assert (status, model["name"], model["sample_rate"]) == (200, "compact", 8000)
    assert model["threshold"] == recognizer.model.facts.calibration.threshold
    assert model["digits"] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert model["words"] == ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 422, "is empty"),
        (b"The quick brown fox", 422, "cannot be read as WAV, FLAC, Ogg or MP3"),
        (bytes(MAX_BYTES + 1), 413, "may have 5,000,000 bytes"),
    ],
    ids=["empty", "no sound", "large"],
)
def test_what_cannot_be_recognised_is_refused_in_json(address: str, body: bytes, status: int, message: str) -> None:
    got, answer = recognize(address, body)
    assert got == status
    assert list(answer) == ["error"]
    assert message in answer["error"]


def test_a_long_recording_is_refused(address: str, encoded: Encode) -> None:
    status, answer = recognize(address, encoded(np.zeros(31 * 8000, dtype=np.float32), 8000))
    assert status == 422
    assert "may last 30 s, this one lasts 31.0 s" in answer["error"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../server.py",
        "/%2e%2e/server.py",
        "/api/nothing",
        "/docs",
        "/api/model/",
        "/page.js/",
        "/%00",
        "//",
    ],
)
def test_there_is_nothing_else_to_be_had(address: str, path: str, method: str) -> None:
    status, _, body = ask(address, method, path)
    assert (status, json.loads(body)) == (404, {"error": "Not Found"})


@pytest.mark.parametrize(
    ("path", "right"),
    [("/api/recognize", {"POST"}), ("/api/model", {"GET"}), ("/", {"GET", "HEAD"}), ("/page.js", {"GET", "HEAD"})],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_told_the_right_one(address: str, path: str, right: set[str], method: str) -> None:
    if method in right:
        return
    status, headers, body = ask(address, method, path)
    assert (status, json.loads(body)) == (405, {"error": "Method Not Allowed"})
    assert set(headers["allow"].split(", ")) == right


def test_too_much_is_refused_while_it_comes(recognizer: Recognizer) -> None:
    from aurora_resnet.web.server import create_app

    megabyte, sent, status = bytes(1_000_000), [0], [0]

    async def receive() -> dict[str, Any]:
        sent[0] += 1
        return {"type": "http.request", "body": megabyte, "more_body": True}  # it never ends

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]

    scope = {"type": "http", "method": "POST", "path": "/api/recognize", "headers": HOST, "query_string": b""}
    asyncio.run(asyncio.wait_for(create_app(recognizer)(scope, receive, send), timeout=20))
    assert status[0] == 413
    assert sent[0] <= MAX_BYTES / len(megabyte) + 2


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/model", "/nothing"])
def test_the_browser_is_told_to_ask_no_other_host(address: str, path: str) -> None:
    _, headers, _ = ask(address, "GET", path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_the_pages_files_name_no_other_host(address: str) -> None:
    names = [file.name for file in (resources.files("aurora_resnet") / "web" / "page").iterdir() if file.is_file()]
    assert {"index.html", "page.css", "page.js"} <= set(names)
    for name in names:
        status, headers, body = ask(address, "GET", f"/{name}")
        if name in ("record.html", "numbers.html"):  # pages of other servers
            assert status == 404
            body = page_text(name).encode()
        else:
            assert status == 200
        links = re.findall(r"(?:https?:)?//[\w.-]+\.[\w/.-]+", body.decode())
        assert set(links) <= {"http://www.w3.org/2000/svg"}, name  # a name space, not a place
        kind = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
        assert status == 404 or headers["content-type"].startswith(kind[name.rpartition(".")[2]])


def test_many_visitors_get_their_own_answers(address: str, encoded: Encode, spoken: Speak) -> None:
    words = ["one", "two", "three", "four", "five", "six", "eight", "nine"] * 2
    bodies = [encoded(spoken(word)) for word in words]
    with ThreadPoolExecutor(len(words)) as pool:
        answers = list(pool.map(lambda body: recognize(address, body), bodies))
    assert [answer["word"] for _, answer in answers] == words
    assert all(status == 200 for status, _ in answers)


def test_the_network_takes_one_recording_at_a_time(
    recognizer: Recognizer, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app

    inside, most = [0], [0]
    counting = threading.Lock()
    original = recognizer.decide

    def slow(*arguments: Any) -> list[Recognition]:
        with counting:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        answer = original(*arguments)
        with counting:
            inside[0] -= 1
        return answer

    body = encoded(np.zeros(8000, dtype=np.float32), 8000)
    with served(create_app(recognizer)) as address, ThreadPoolExecutor(8) as pool:
        monkeypatch.setattr(recognizer, "decide", slow)
        assert [status for status, _ in pool.map(lambda _: recognize(address, body), range(8))] == [200] * 8
    assert most[0] == 1
