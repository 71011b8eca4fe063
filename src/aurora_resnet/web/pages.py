"""The files of the pages, and recordings to try."""

import io
import re
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.vocabulary import Vocabulary

PAGE = resources.files("aurora_resnet") / "web" / "page"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
#: Who speaks the samples that a visitor may try: none of the training speakers.
SAMPLE_VOICE = "samples/espeak-en-us-gene"
NUMBER = ("four", "oh", "seven", "one")
PAUSE_SECONDS, MARGIN_SECONDS = 0.12, 0.5


def page_text(name: str) -> str:
    """Return a page as HTML, with the parts that it shares with other pages.

    >>> page_text("record.html").startswith("<!doctype html>")
    True
    """

    def part(found: re.Match[str]) -> str:
        return (PAGE / "parts" / found[1]).read_text(encoding="utf-8")

    return re.sub(r"<!-- part ([a-z.]+) -->\n", part, (PAGE / name).read_text(encoding="utf-8"))


def page_routes(start: str = "index.html", *more: str) -> list[Route]:
    """Return a route for each file of a page, which are small and stay in memory: no request names a file.

    Args:
        start: the page, which is also at ``/``.
        more: pages beside it.

    >>> sorted(route.path for route in page_routes())[:3]
    ['/', '/elements.js', '/files.js']
    """
    files = [file for file in PAGE.iterdir() if Path(file.name).suffix in MEDIA_TYPES]
    routes = [_route(file.name, file.read_bytes(), MEDIA_TYPES[Path(file.name).suffix]) for file in files]
    pages = {"": start} | {name: name for name in (start, *more)}
    return routes + [_route(path, page_text(name).encode(), "text/html") for path, name in pages.items()]


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


def sample_routes(words: tuple[str, ...], *, number: bool = False) -> list[Route]:
    """Return a route for the sample of each word, and one for that of a number.

    >>> [route.path for route in sample_routes(("seven",), number=True)]
    ['/samples/seven.flac', '/samples/number.flac']
    """
    files = {word: sample_path(word).read_bytes() for word in words}
    if number:
        files["number"] = spoken_number()
    return [_route(f"samples/{name}.flac", content, "audio/flac") for name, content in files.items()]


def spoken_number() -> bytes:
    """Return the recording of a sample number, a FLAC file."""
    said = [read_audio(sample_path(word)) for word in NUMBER]
    rate = said[0][1]
    pause, margin = (np.zeros(round(seconds * rate), np.float32) for seconds in (PAUSE_SECONDS, MARGIN_SECONDS))
    buffer = io.BytesIO()
    samples = np.concatenate([margin, *(part for word, _ in said for part in (word, pause)), margin])
    soundfile.write(buffer, samples, rate, format="FLAC")
    return buffer.getvalue()


def _route(path: str, content: bytes, kind: str) -> Route:
    async def send(_request: Request) -> Response:
        return Response(content, media_type=kind)

    return Route(f"/{path}", send)
