"""The files of the pages."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.vocabulary import Vocabulary

SAMPLE_VOICE = "samples/espeak-en-us-gene"
"""Who speaks the samples that a visitor may try: no training heard it."""
MEDIA_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
}  # fmt: skip


def page_routes(start: str = "index.html", *more: str) -> list[Route]:
    """Return a route for each file of a page, which are small and stay in memory: no request names a file.

    Args:
        start: the page, which is also at ``/``.
        more: pages beside it; the others of the package are left out.

    >>> sorted(route.path for route in page_routes())[:3]
    ['/', '/answer.js', '/colours.js']
    """
    routes = []
    for file in (resources.files("aurora_resnet") / "web" / "page").iterdir():
        kind = MEDIA_TYPES.get(Path(file.name).suffix)
        if kind is not None and (kind != "text/html" or file.name in (start, *more)):
            send = partial(_send_file, file.read_bytes(), kind)
            routes += [Route(path, send) for path in (f"/{file.name}", *(["/"] if file.name == start else []))]
    return routes


def sample_words(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the words of a vocabulary of which there is a sample to try.

    >>> sample_words(Vocabulary(("seven", "yes")))
    ('seven',)
    """
    said = read_samples().filter(speakers=SAMPLE_VOICE).words
    return tuple(word for word in vocabulary if word in said)


def sample_path(word: str) -> Path:
    """Return the recording of a sample word."""
    return Path(read_samples().filter(speakers=SAMPLE_VOICE, words=word)[0].path)


def sample_routes(words: Collection[str]) -> list[Route]:
    """Return a route for the sample of each word.

    >>> [route.path for route in sample_routes(["seven"])]
    ['/samples/seven.flac']
    """
    return [
        Route(f"/samples/{word}.flac", partial(_send_file, sample_path(word).read_bytes(), "audio/flac"))
        for word in words
    ]


async def _send_file(content: bytes, kind: str, _request: Request) -> Response:
    return Response(content, media_type=kind)
