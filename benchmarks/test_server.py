"""Requests a second of the page's server, how long they take, and the memory that 200 uploads at once need.

pytest benchmarks/test_server.py --benchmark-json docs/records/serve.json

The server is ``aurora-resnet serve`` in a process of its own with one thread for the network; clients are threads here,
each with one connection, that send the same word: 16-bit WAV at 48 kHz, as the page sends it. The uploads at once are
that word, half a minute of stereo silence at 192 kHz as FLAC (small to send, 46 MB decoded), half a minute of noise at
44.1 kHz as WAV, and the word as Ogg. Callers of ``/api/stream`` beside hostile ones:
``tests/web/test_hostile_callers.py``.
"""

import io
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile

from aurora_resnet.checkpoints import PRETRAINED
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from tests.web.server_process import megabytes, server

SECONDS, AT_ONCE = 4.0, 200


def encoded(samples: Any, rate: int, container: str = "WAV") -> bytes:
    """Return samples as a sound file in memory."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=container)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    """The four kinds of upload, the plain word first."""
    samples, rate = read_audio(read_samples().filter(words="seven", split="test")[0].path)
    word = resample(samples, rate, 48_000)
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * 44_100).astype(np.float32)
    silence = np.zeros((30 * 192_000, 2), dtype=np.float32)
    return [
        encoded(word, 48_000),
        encoded(silence, 192_000, "FLAC"),
        encoded(noise, 44_100),
        encoded(word, 48_000, "OGG"),
    ]


@pytest.fixture(scope="module", params=PRETRAINED)
def served(request: pytest.FixtureRequest, bodies: list[bytes]) -> Iterator[tuple[str, str, int]]:
    """Name of a model, address and process of its server, which has answered once."""
    with server(request.param) as (address, process):
        with closing(connect(address)) as connection:
            post(connection, bodies[0])
        yield request.param, address, process


@pytest.fixture
def record(served: tuple[str, str, int], facts: dict[str, Any]) -> dict[str, Any]:
    """The model's part of the record."""
    facts.update(cores=os.cpu_count(), load_average_before=os.getloadavg()[0])
    found: dict[str, Any] = facts.setdefault("models", {}).setdefault(served[0], {"load": []})
    found.setdefault("megabytes_at_rest", megabytes(served[2], "VmRSS"))
    return found


def connect(address: str) -> HTTPConnection:
    """Open a connection to a server."""
    return HTTPConnection(urlsplit(address).netloc, timeout=120)


def post(connection: HTTPConnection, body: bytes) -> int:
    """Send a recording and take the answer; return its status."""
    connection.request("POST", "/api/recognize", body)
    response = connection.getresponse()
    response.read()
    return response.status


@pytest.mark.parametrize("clients", [1, 8, 32])
def test_requests(
    benchmark: Any, served: tuple[str, str, int], record: dict[str, Any], bodies: list[bytes], clients: int
) -> None:
    spent: list[float] = []

    def ask(end: float) -> None:
        with closing(connect(served[1])) as connection:
            while time.perf_counter() < end:
                start = time.perf_counter()
                assert post(connection, bodies[0]) == 200
                spent.append(time.perf_counter() - start)

    def load() -> None:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(ask, [time.perf_counter() + SECONDS] * clients))

    benchmark.pedantic(load, rounds=1)
    median, high = 1e3 * np.percentile(spent, [50, 95])
    row = {"clients": clients, "requests_per_second": len(spent) / SECONDS, "median_ms": median, "p95_ms": high}
    record["load"].append({key: float(value) for key, value in row.items()} | {"clients": clients})


def test_uploads_at_once(
    benchmark: Any, served: tuple[str, str, int], record: dict[str, Any], bodies: list[bytes]
) -> None:
    _, address, process = served

    def ask(number: int) -> int:
        with closing(connect(address)) as connection:
            return post(connection, bodies[number % len(bodies)])

    def flood() -> Counter[int]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return Counter(pool.map(ask, range(AT_ONCE)))

    start = time.perf_counter()
    statuses: Counter[int] = benchmark.pedantic(flood, rounds=1)
    seconds = time.perf_counter() - start
    time.sleep(2)
    record["flood"] = {
        "uploads": AT_ONCE, "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "seconds": seconds, "most_megabytes": megabytes(process, "VmHWM"),
        "megabytes_2_s_later": megabytes(process, "VmRSS"),
    }  # fmt: skip
