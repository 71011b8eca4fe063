"""Requests a second of the page's server, how long they take, and how much memory 200 uploads at once need.

Run: ``python -m benchmarks.serve [--model compact resnet50] [--seconds 10] [--out docs/records/serve.json]``;
``--quick`` measures one model for a second. The server is ``aurora-resnet serve`` in a process of its own with one
thread for the network. Clients are threads here, each with one connection, that send the same packaged word again and
again: 16-bit WAV at 48 kHz, as the page sends it. Timed is the whole request. The clients share the machine with the
server. The uploads at once are of four kinds: that word, half a minute of stereo silence at 192 kHz as FLAC (small to
send, 46 MB decoded), half a minute of noise at 44.1 kHz as WAV (2.6 MB), and the word as Ogg. Memory is the server's
resident set from ``/proc``.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import soundfile

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.environment import describe_environment
from aurora_resnet.evaluation.tables import markdown_table
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples

CLIENTS = (1, 8, 32)
AT_ONCE = 200
RATE = 48_000


def encoded(samples: Samples, rate: int, container: str = "WAV") -> bytes:
    """Return samples as a sound file in memory."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=container)
    return buffer.getvalue()


def bodies() -> list[bytes]:
    """Return the four kinds of upload, the plain word first."""
    samples, rate = read_audio(read_samples().filter(words="seven", split="test")[0].path)
    word = resample(samples, rate, RATE)
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * 44_100).astype(np.float32)
    silence = np.zeros((30 * 192_000, 2), dtype=np.float32)
    return [
        encoded(word, RATE),
        encoded(silence, 192_000, "FLAC"),
        encoded(noise, 44_100),
        encoded(word, RATE, "OGG"),
    ]


@contextmanager
def server(model: str) -> Iterator[tuple[str, int]]:
    """Run ``aurora-resnet serve`` while the block lasts; yields its address and its process."""
    command = [sys.executable, "-u", "-m", "aurora_resnet", "serve", "--model", model, "--port", "0", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[0], process.pid
        finally:
            process.terminate()


def megabytes(process: int, what: str) -> float:
    """Return the resident set of a process: ``VmRSS`` now, ``VmHWM`` at most so far."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def connect(address: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(address).netloc, timeout=120)


def post(connection: HTTPConnection, body: bytes) -> int:
    """Send a recording and take the answer; return its status."""
    connection.request("POST", "/api/recognize", body)
    response = connection.getresponse()
    response.read()
    return response.status


def load(address: str, clients: int, body: bytes, seconds: float) -> dict[str, float]:
    """Let so many clients ask at once for so long."""
    end = time.perf_counter() + seconds

    def ask(_: int) -> list[float]:
        spent = []
        with closing(connect(address)) as connection:
            while time.perf_counter() < end:
                start = time.perf_counter()
                if post(connection, body) != 200:
                    raise SystemExit("the server refused while it was measured")
                spent.append(time.perf_counter() - start)
        return spent

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        spent = [each for answers in pool.map(ask, range(clients)) for each in answers]
    median, high = np.percentile(spent, [50, 95])
    return {
        "clients": clients,
        "requests": len(spent),
        "requests_per_second": len(spent) / (time.perf_counter() - start),
        "median_ms": float(1e3 * median),
        "p95_ms": float(1e3 * high),
    }


def flood(address: str, process: int, kinds: list[bytes]) -> dict[str, Any]:
    """Send many uploads at once; return what was answered, how long it took and the memory."""

    def ask(number: int) -> int:
        with closing(connect(address)) as connection:
            return post(connection, kinds[number % len(kinds)])

    start = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(pool.map(ask, range(AT_ONCE)))
    seconds = time.perf_counter() - start
    time.sleep(2)
    return {
        "uploads": AT_ONCE,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "seconds": seconds,
        "most_megabytes": megabytes(process, "VmHWM"),
        "megabytes_2_s_later": megabytes(process, "VmRSS"),
    }


def measure(model: str, seconds: float) -> dict[str, Any]:
    """Measure one model: memory at rest, under load, in a flood."""
    kinds = bodies()
    with server(model) as (address, process):
        with closing(connect(address)) as connection:
            post(connection, kinds[0])
        rest = megabytes(process, "VmRSS")
        rows = [load(address, clients, kinds[0], seconds) for clients in CLIENTS]
        return {"megabytes_at_rest": rest, "load": rows, "flood": flood(address, process, kinds)}


def table(models: dict[str, Any]) -> str:
    """Return requests a second and times of every model."""
    return markdown_table(
        ["model", "clients", "requests/s", "median ms", "95 % ms"],
        [
            [f"`{name}`", *(f"{row[key]:.0f}" for key in ("clients", "requests_per_second", "median_ms", "p95_ms"))]
            for name, model in models.items()
            for row in model["load"]
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["compact", "resnet50"])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of clients (default 10)")
    parser.add_argument("--quick", action="store_true", help="a second and one model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the record to FILE")
    options = parser.parse_args()
    names = options.model[:1] if options.quick else options.model
    before = os.getloadavg()[0]
    models = {name: measure(name, 1.0 if options.quick else options.seconds) for name in names}
    record = {
        "benchmark": "serve",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks.serve", *sys.argv[1:]]),
        "quick": options.quick,
        "cores": len(os.sched_getaffinity(0)),
        "load_average_before": before,
        "models": models,
        "environment": describe_environment("cpu"),
    }
    print(table(models))
    for name, model in models.items():
        print(name, model["megabytes_at_rest"], model["flood"])
    if options.out:
        write_json(record, options.out, indent=1)


if __name__ == "__main__":
    main()
