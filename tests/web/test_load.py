"""Many, slow and vanishing clients: bounded memory, bounded time, a quiet log."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognition, Recognizer

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")
pytest.importorskip("uvicorn")

from aurora_resnet.web import load, patience, receiving
from aurora_resnet.web.load import TooManyUploads, UploadsInHand
from aurora_resnet.web.server import create_app
from tests.web.serving import served

Encode = Callable[..., bytes]
HEADERS = b"POST /api/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
MODEL = b"GET /api/model HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(address: str, body: bytes) -> tuple[int, dict[str, str]]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    with closing(connection):
        connection.request("POST", "/api/recognize", body)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}


def connect(address: str, data: bytes) -> socket.socket:
    parts = urlsplit(address)
    connection = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20)
    connection.sendall(data)
    return connection


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    patience = time.monotonic() + seconds
    while not true() and time.monotonic() < patience:
        time.sleep(0.01)
    return true()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What uvicorn and asyncio complain about."""
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addHandler(caplog.handler)
    return caplog


class Stopped:
    """A recogniser that waits in the middle of an answer until it may go on."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.inside, self.go_on = threading.Semaphore(0), threading.Event()
        self.original = recognizer.decide

    def __call__(self, *arguments: object) -> list[Recognition]:
        self.inside.release()
        self.go_on.wait(20)
        return self.original(*arguments)  # type: ignore[arg-type]


# How many


def test_recordings_in_hand_are_counted_and_weighed() -> None:
    uploads = UploadsInHand(max_uploads=3, max_bytes=100)
    with uploads.room_for(60):
        with pytest.raises(TooManyUploads), uploads.room_for(41):
            pass
        with uploads.room_for(20), uploads.room_for(20), pytest.raises(TooManyUploads), uploads.room_for(0):
            pass
        with pytest.raises(ZeroDivisionError), uploads.room_for(40):
            _ = 1 / 0
        assert (uploads.uploads, uploads.bytes) == (1, 60)
    assert (uploads.uploads, uploads.bytes) == (0, 0)


def test_who_comes_when_there_is_no_room_is_sent_away_at_once_and_the_others_are_answered(
    recognizer: Recognizer, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = UploadsInHand(3, 10_000_000)
    monkeypatch.setattr(receiving, "UploadsInHand", lambda: uploads)
    slow, body = Stopped(recognizer), encoded(np.zeros(8000, dtype=np.float32), 8000)
    with served(create_app(recognizer)) as address, ThreadPoolExecutor(3) as pool:
        monkeypatch.setattr(recognizer, "decide", slow)
        kept = [pool.submit(post, address, body)]
        assert slow.inside.acquire(timeout=20)
        kept += [pool.submit(post, address, body) for _ in range(2)]
        assert until(lambda: uploads.uploads == 3)  # only now, or this one would be the third
        assert post(address, body)[0] == 503
        status, headers = post(address, body)
        assert (status, headers["retry-after"]) == (503, "1")
        slow.go_on.set()
        assert [each.result()[0] for each in kept] == [200] * 3
        assert post(address, body)[0] == 200


def test_who_waits_too_long_for_a_turn_is_sent_away(
    recognizer: Recognizer, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, body = Stopped(recognizer), encoded(np.zeros(8000, dtype=np.float32), 8000)
    monkeypatch.setattr(receiving, "WAIT_SECONDS", 0.3)
    with served(create_app(recognizer)) as address, ThreadPoolExecutor(3) as pool:
        monkeypatch.setattr(recognizer, "decide", slow)
        asked = [pool.submit(post, address, body) for _ in range(3)]
        assert slow.inside.acquire(timeout=20)
        assert until(lambda: any(each.done() for each in asked))
        slow.go_on.set()
        assert sorted(each.result()[0] for each in asked) == [200, 200, 503]
        assert post(address, body)[0] == 200


def test_the_bytes_that_are_promised_count_before_they_come(address: str) -> None:
    with closing(HTTPConnection(urlsplit(address).netloc, timeout=20)) as connection:
        connection.putrequest("POST", "/api/recognize")
        connection.putheader("Content-Length", "50000000000")
        connection.endheaders()
        response = connection.getresponse()  # nothing was sent
        assert response.status == 413
        assert "may have 5,000,000 bytes" in json.loads(response.read())["error"]


# How slow


def closed_by_server(connection: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    received = b""
    with closing(connection):
        while True:
            try:
                block = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not block:
                return received
            received += block


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", MODEL[:-2], MODEL + b"GET"],
    ids=["nothing", "half a line", "half the headers", "half a second request"],
)
def test_a_request_that_is_not_finished_is_closed(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.2)
    with served(create_app(recognizer)) as address:
        answer = closed_by_server(connect(address, sent))
    assert answer.startswith(b"HTTP/1.1 200") == sent.endswith(b"GET")


def test_headers_that_drip_are_closed_all_the_same(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.3)
    with served(create_app(recognizer)) as address, closing(connect(address, b"GET / HTTP/1.1\r\n")) as connection:

        def broken() -> bool:
            try:
                connection.sendall(b"a")
            except OSError:
                return True
            return False

        assert until(broken)


def test_a_recording_that_drips_is_given_up_with_a_reason(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(receiving, "BODY_SECONDS", 0.2)
    with served(create_app(recognizer)) as address:
        answer = closed_by_server(connect(address, HEADERS + b"RIFF"))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"the recording was not here after 0.2 s; send it again" in answer
    assert log.records == []


def test_an_answer_that_takes_too_long_is_given_up(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.2)
    with served(create_app(recognizer)) as address:
        assert closed_by_server(connect(address, HEADERS + b"RIFF")) == b""


def test_only_so_many_are_listened_to_at_once(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MAX_CONNECTIONS", 2)
    with served(create_app(recognizer)) as address:
        first, second = connect(address, b"G"), connect(address, b"G")
        time.sleep(0.05)
        assert closed_by_server(connect(address, b"")) == b""
        first.close()
        second.close()
        assert until(lambda: post(address, b"")[0] == 422)


# Who leaves


@pytest.mark.parametrize("sent", [HEADERS, HEADERS + b"RIFF"], ids=["before the body", "within the body"])
def test_a_client_that_leaves_costs_no_traceback(address: str, sent: bytes, log: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        connect(address, sent).close()
    assert post(address, b"")[0] == 422
    assert log.records == []


def test_who_left_while_waiting_is_not_computed_for(
    recognizer: Recognizer, encoded: Encode, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    inside, go_on, calls = threading.Semaphore(0), threading.Event(), [0]
    original = recognizer.decide

    def slow(*arguments: object) -> list[Recognition]:
        calls[0] += 1
        inside.release()
        go_on.wait(20)
        return original(*arguments)  # type: ignore[arg-type]

    body = encoded(np.zeros(8000, dtype=np.float32), 8000)
    request = HEADERS.replace(b"1000", b"%d" % len(body)) + body
    with served(create_app(recognizer)) as address:
        monkeypatch.setattr(recognizer, "decide", slow)
        with ThreadPoolExecutor(2) as pool:
            kept = [pool.submit(post, address, body) for _ in range(2)]  # all the turns there are
            assert inside.acquire(timeout=20)
            time.sleep(0.2)
            for _ in range(5):
                connect(address, request).close()
            time.sleep(0.2)
            go_on.set()
            assert [each.result()[0] for each in kept] == [200] * 2
        assert post(address, body)[0] == 200
    assert calls[0] == 3
    assert log.records == []


def test_memory_goes_back_when_the_server_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []  # by thread: a server of another test may become quiet just now
    here = threading.get_ident()
    monkeypatch.setattr(load, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(load, "give_memory_back", lambda: calls.append(threading.get_ident()))

    async def visits() -> None:
        uploads = UploadsInHand()
        with uploads.room_for(1), uploads.room_for(1):
            await asyncio.sleep(0.1)
        assert here not in calls
        with uploads.room_for(1):
            await asyncio.sleep(0.1)
        assert here not in calls
        await asyncio.sleep(0.1)

    asyncio.run(visits())
    assert here in calls


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_what_was_freed_is_really_given_back() -> None:
    def resident() -> int:
        return memory_kilobytes("self", "VmRSS")

    pieces = [bytes(50_000) for _ in range(400)]  # too small for memory of their own
    last = bytes(50_000)
    full = resident()
    del pieces
    gc.collect()
    load.give_memory_back()
    assert resident() < full - 10_000
    assert len(last) == 50_000


def memory_kilobytes(process: object, what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_200_uploads_at_once_stay_within_a_gigabyte(encoded: Encode, spoken: Callable[[str], Samples]) -> None:
    long_silence = np.zeros((10 * 192_000, 2), dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * 44_100).astype(np.float32)
    bodies = [
        encoded(spoken("seven")),
        encoded(long_silence, 192_000, "FLAC"),
        encoded(noise, 44_100),  # 2.6 MB
        encoded(spoken("two"), container="OGG"),
    ]
    command = [sys.executable, "-u", "-m", "aurora_resnet", "serve", "--model", "compact", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda number: post(address, bodies[number % 4]), range(200)))
        statuses = Counter(status for status, _ in answers)
        most = memory_kilobytes(process.pid, "VmHWM")
        time.sleep(2)
        after = memory_kilobytes(process.pid, "VmRSS")
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert set(statuses) <= {200, 503}
    assert statuses[200] >= 10
    assert most < 1_000_000
    assert after < 400_000
    assert "Traceback" not in errors
