"""Fetch one file over HTTP with the library pooch: retried after a fault, never larger than agreed."""

import logging
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import pooch
import requests
from tqdm.auto import tqdm

from aurora_resnet.runtime.errors import DownloadError

#: How often a request is repeated after a broken connection or a fault of the server.
RETRIES = 3

_PASSING_STATUSES = {408, 425, 429}  # and all of 5xx: the same request may succeed a little later
_HEADERS = {"User-Agent": "aurora-resnet", "Accept-Encoding": "identity"}


def fetch_file(url: str, path: str | Path, *, max_bytes: int, progress: bool = True) -> Path:
    """Fetch ``url`` to ``path``, whole or not at all; an existing ``path`` is left alone.

    Args:
        url: an http or https address.
        path: where the file goes.
        max_bytes: more than this many bytes are refused, while they come.
        progress: show a progress bar, if standard error is a terminal.

    Raises:
        DownloadError: if the address is not http(s) or not there, the network fails, or the file is larger than
            ``max_bytes``.
        OSError: if the disk refuses.

    >>> fetch_file("file:///etc/hosts", "hosts", max_bytes=1000)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: cannot fetch 'file:///etc/hosts': expected an http or https address; ...
    """
    path = Path(path).absolute()

    def download(url: str, output_file: str, _pooch: object) -> None:
        hidden = None if progress else True  # None: shown only on a terminal
        with (
            tqdm(desc=path.name, unit="B", unit_scale=True, disable=hidden) as bar,
            Path(output_file).open("wb") as file,
        ):
            transfer = Transfer(file, bar, max_bytes)
            hooks = {"response": transfer.check_response}
            pooch.HTTPDownloader(chunk_size=1 << 16, headers=_HEADERS, hooks=hooks)(url, transfer, None)

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # it reports every file; its errors come as exceptions
    try:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("expected an http or https address")
        known, where = {path.name: None}, {path.name: url}
        store = pooch.create(path.parent, base_url="", registry=known, urls=where, retry_if_failed=RETRIES)
        store.fetch(path.name, downloader=download)
    except (requests.RequestException, ValueError) as error:  # ValueError: of an address, or a header that is no number
        raise DownloadError(
            f"cannot fetch {url!a}: {error}; check the address and the network, and run this again"
        ) from error
    finally:
        logger.setLevel(level)
    return path


class Transfer:
    """The part of a file that pooch writes to: up to so many bytes, and shown as they come.

    Args:
        file: takes the bytes.
        bar: shows how many there are.
        max_bytes: the limit.
    """

    def __init__(self, file: IO[bytes], bar: Any, max_bytes: int) -> None:
        self.file, self.bar, self.max_bytes = file, bar, max_bytes
        self.flush = file.flush
        self.received = 0

    def check_response(self, response: requests.Response, **_: object) -> None:
        """Refuse what no repetition changes, and a way from https back to http, where the file could be exchanged.

        Raises:
            DownloadError: naming the address.
        """
        if 400 <= response.status_code < 500 and response.status_code not in _PASSING_STATUSES:
            raise DownloadError(
                f"cannot fetch {response.url}: {response.status_code} {response.reason}; check the address"
            )
        place = urljoin(response.url, response.headers.get("Location", ""))
        if response.is_redirect and response.url.startswith("https:") and not place.startswith("https:"):
            raise DownloadError(f"{response.url} redirects to {place}; expected an https address")
        length = response.headers.get("Content-Length", "")
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
