"""Whether the server is well, for a balancer (``/health``), and how busy, for Prometheus (``/metrics``).

A dozen numbers need no client library: the text format is a line a number
(prometheus.io/docs/instrumenting/exposition_formats).
"""

import time

from fastapi import FastAPI, Response

from aurora_resnet.runtime.version import __version__
from aurora_resnet.web.callers import Callers
from aurora_resnet.web.load import UploadsInHand

TEXT = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds between two looks at whether all have left.
DRAIN_STEP = 0.1


def add_health(app: FastAPI, callers: Callers | None, uploads: UploadsInHand) -> None:
    """Add the two routes.

    Args:
        app: of the server.
        callers: those who speak at once, where strings are recognised.
        uploads: the recordings in hand.
    """

    @app.get("/health")
    async def health() -> Response:
        closing = callers is not None and callers.closed
        return Response("closing\n" if closing else "ok\n", 503 if closing else 200, media_type="text/plain")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(metrics_text(callers, uploads), media_type=TEXT)


def metrics_text(callers: Callers | None, uploads: UploadsInHand) -> str:
    """Return the numbers in Prometheus's text format.

    >>> print(metrics_text(None, UploadsInHand()))
    # HELP aurora_resnet_info version of the package
    # TYPE aurora_resnet_info gauge
    aurora_resnet_info{version="..."} 1
    # HELP aurora_resnet_recordings recordings in hand
    # TYPE aurora_resnet_recordings gauge
    aurora_resnet_recordings 0
    # HELP aurora_resnet_recordings_total recordings so far
    # TYPE aurora_resnet_recordings_total counter
    aurora_resnet_recordings_total 0
    <BLANKLINE>
    """
    lines: list[str] = []

    def add(name: str, kind: str, about: str, value: float, labels: str = "") -> None:
        name = f"aurora_resnet_{name}"
        lines.extend((f"# HELP {name} {about}", f"# TYPE {name} {kind}", f"{name}{labels} {value:g}"))

    add("info", "gauge", "version of the package", 1, f'{{version="{__version__}"}}')
    add("recordings", "gauge", "recordings in hand", uploads.uploads)
    add("recordings_total", "counter", "recordings so far", uploads.came)
    if callers is not None:
        add("callers", "gauge", "streams and calls now", callers.count)
        add("callers_most", "gauge", "streams and calls that there is room for", callers.most)
        add("callers_total", "counter", "streams and calls so far; each key of a call begins another", callers.came)
        add("batches_total", "counter", "batches of streams computed", callers.batches)
        add("batch_seconds_total", "counter", "seconds that computing them took", callers.batch_seconds)
    return "\n".join(lines) + "\n"


def drained(callers: Callers, seconds: float) -> bool:
    """Let nobody new in and wait until all callers have left; return whether they have.

    Args:
        callers: those who speak at once.
        seconds: how long at most.
    """
    callers.closed = True
    quiet = 0
    for _ in range(max(1, round(seconds / DRAIN_STEP))):
        quiet = 0 if callers.count else quiet + 1  # between two stretches a call has no place
        if quiet > 1:
            return True
        time.sleep(DRAIN_STEP)
    return not callers.count
