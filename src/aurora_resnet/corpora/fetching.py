"""Fetch one file over HTTP with the library pooch: retried after a fault, never larger than agreed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import pooch
import requests
from tqdm.auto import tqdm

from aurora_resnet.runtime.errors import DownloadError

RETRIES = 3
"""How often a request is repeated after a broken connection or a fault of the server."""

_BLOCK_BYTES = 1 << 16
_PASSING_STATUSES = {408, 425, 429}  # and all of 5xx: the same request may succeed a little later
_HEADERS = {"User-Agent": "aurora-resnet", "Accept-Encoding": "identity"}


def fetch_file(url: str, path: str | Path, *, max_bytes: int, progress: bool = True) -> Path:
    """Fetch ``url`` to ``path``, whole or not at all; an existing ``path`` is left alone.

    Broken connections and faults of the server are retried.

    Args:
        url: an http or https address.
        path: where the file goes.
        max_bytes: more than this many bytes are refused, while they come.
        progress: show a progress bar, if standard error is a terminal.

    Raises:
        DownloadError: if the address is not http(s) or not there, the network or the disk fails, or the file
            is larger than ``max_bytes``.

    >>> fetch_file("file:///etc/hosts", "hosts", max_bytes=1000)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: cannot fetch 'file:///etc/hosts': expected an http or https address
    """
    path = Path(path).absolute()
    store = pooch.create(
        path.parent, base_url="", registry={path.name: None}, urls={path.name: url}, retry_if_failed=RETRIES
    )
    try:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise DownloadError(f"cannot fetch '{url}': expected an http or https address")
        with _quiet_pooch():
            store.fetch(path.name, downloader=_Downloader(max_bytes, path.name if progress else ""))
    except requests.RequestException as error:
        raise DownloadError(
            f"cannot fetch {url} ({RETRIES + 1} attempts): {error}; check the network and run this again"
        ) from error
    except ValueError as error:  # of an address, here or where the server sends us, or a header that is no number
        raise DownloadError(f"cannot fetch {url!a}: {error}; check the address and run this again") from error
    except OSError as error:
        raise DownloadError(
            f"cannot write {path}: {error.strerror or error}; make room or take another folder and repeat"
        ) from error
    return path


@dataclass(frozen=True)
class _Downloader:
    """What pooch calls to fetch a file: its own downloader, with a limit, and errors that it does not retry."""

    max_bytes: int
    shown_as: str  # by the progress bar; empty hides it

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        hidden = None if self.shown_as else True  # None: shown only on a terminal
        with (
            tqdm(desc=self.shown_as, unit="B", unit_scale=True, disable=hidden) as bar,
            Path(output_file).open("wb") as file,
        ):
            transfer = Transfer(file, bar, self.max_bytes)
            hooks = {"response": transfer.check_response}
            try:
                pooch.HTTPDownloader(chunk_size=_BLOCK_BYTES, headers=_HEADERS, hooks=hooks)(url, transfer, None)
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else 0
                if 400 <= status < 500 and status not in _PASSING_STATUSES:
                    raise DownloadError(f"cannot fetch {url}: {error}; check the address") from error
                raise


@dataclass
class Transfer:
    """The part of a file that pooch writes to: up to so many bytes, and shown as they come."""

    file: IO[bytes]
    bar: Any
    max_bytes: int
    received: int = 0

    def check_response(self, response: requests.Response, **_: object) -> None:
        """Refuse a file that is too large, and a way from https back to http, where anybody could exchange it.

        Raises:
            DownloadError: naming the address.
        """
        place = urljoin(response.url, response.headers.get("Location", ""))
        if response.is_redirect and response.url.startswith("https:") and not place.startswith("https:"):
            raise DownloadError(f"{response.url} redirects to {place}; expected an https address")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self.max_bytes:
            raise DownloadError(f"{response.url} has {length} bytes; expected at most {self.max_bytes}")
        self.bar.total = int(length) if length.isdecimal() else None

    def write(self, block: bytes) -> None:
        """Write what came.

        Raises:
            DownloadError: if it is more than agreed.
        """
        self.received += len(block)
        if self.received > self.max_bytes:
            raise DownloadError(f"the file has more than {self.max_bytes} bytes, the limit; nothing was kept")
        self.file.write(block)
        self.bar.update(len(block))

    def flush(self) -> None:
        """Do what pooch asks for after each block."""
        self.file.flush()


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from reporting each file on standard error; its errors come as exceptions."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
