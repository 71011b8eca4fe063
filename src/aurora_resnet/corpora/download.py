"""Fetch one file over HTTP: resumed after an interruption, retried after a fault, never larger than agreed.

The first bytes of an unfinished file lie in ``<name>.part`` (a fixed name on purpose: the next call must
find them) with a note ``<name>.part.json`` of what they are the beginning of. They are continued only if the
server shows that it still offers the same file: a ``Range`` request made conditional with ``If-Range`` where
the server gave a strong ETag (RFC 9110, sections 13.1.5 and 14), else the same total length. In all other
cases (``Range`` ignored, length or ETag changed, status 416) the file is fetched from its start.
"""

from __future__ import annotations

import json
import re
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from tqdm import tqdm

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import DownloadError

_BLOCK_BYTES = 1 << 16
_TEMPORARY_STATUSES = {408, 425, 429}  # and all of 5xx: the same request may succeed a little later


class _TransientError(Exception):
    """A fault after which the same request may succeed."""


class _RangeRefusedError(Exception):
    """The server cannot satisfy the range that was asked for (416)."""


@dataclass(frozen=True)
class _Source:
    """What the bytes of a partial file are the beginning of."""

    url: str
    etag: str = ""
    total_bytes: int | None = None  # None: the server did not say

    @property
    def strong_etag(self) -> str:
        """The ETag if it promises equal bytes; a weak one (``W/"..."``) must not stand in If-Range."""
        return self.etag if self.etag.startswith('"') else ""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirections to http(s) addresses, but never from https back to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in allowed:
            fp.close()
            raise DownloadError(f"{req.full_url} redirects to {newurl}; expected {' or '.join(allowed)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_file(
    url: str,
    path: str | Path,
    *,
    max_bytes: int,
    progress: bool = True,
    timeout_seconds: float = 30.0,
    attempts: int = 5,
    backoff_seconds: float = 1.0,
) -> Path:
    """Fetch ``url`` to ``path``, continuing an unfinished earlier call; an existing ``path`` is left alone.

    Args:
        url: an http or https address.
        path: where the whole file goes; until then its bytes are kept in ``<name>.part`` beside it.
        max_bytes: more than this many bytes are refused.
        progress: show a progress bar, if standard error is a terminal.
        timeout_seconds: longest wait for the connection and for each block of bytes.
        attempts: requests in all; 5xx statuses, dropped connections and time-outs lead to the next one.
        backoff_seconds: wait before the second attempt; it doubles for each further one.

    Returns:
        ``path``.

    Raises:
        DownloadError: if the address is not http(s) or not there, the network or the disk fails, or the file
            is larger than ``max_bytes``.

    >>> fetch_file("file:///etc/hosts", "hosts", max_bytes=1000)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: cannot fetch 'file:///etc/hosts': expected an http or https address
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise DownloadError(f"cannot fetch '{url}': expected an http or https address")
    path = Path(path)
    part, note = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return path
        for attempt in range(1, attempts + 1):
            try:
                _continue_file(url, part, note, max_bytes, progress, timeout_seconds)
                break
            except _TransientError as error:
                if attempt == attempts:
                    raise DownloadError(
                        f"cannot fetch {url} ({attempts} attempts): {error}; check the network and run this "
                        f"again: it continues where it stopped if the server allows that"
                    ) from error
                time.sleep(backoff_seconds * 2 ** (attempt - 1))
        part.replace(path)
        note.unlink(missing_ok=True)
    except OSError as error:
        raise DownloadError(
            f"cannot write {part}: {error.strerror or error}; make room or take another folder and repeat"
        ) from error
    return path


def _continue_file(url: str, part: Path, note: Path, max_bytes: int, progress: bool, timeout: float) -> None:
    """Make ``part`` whole with one request (two, if what lies there cannot be continued)."""
    source = _read_note(note)
    start = part.stat().st_size if part.exists() and source.url == url else 0
    if start and start == source.total_bytes:
        return  # interrupted between the last byte and the renaming
    resumable = bool(source.strong_etag) or source.total_bytes is not None
    response = _request_rest(source, start, timeout) if start and resumable else None
    if response is None:
        response = _request(url, {}, timeout)
    if response.status != 206:
        start = 0
        length = response.headers.get("Content-Length", "")
        source = _Source(url, response.headers.get("ETag", ""), int(length) if length.isdecimal() else None)
    with response:
        if (source.total_bytes or 0) > max_bytes:
            raise DownloadError(f"{url} has {source.total_bytes} bytes; expected at most {max_bytes}")
        if not start:
            part.unlink(missing_ok=True)
            with atomic_path(note) as temporary:
                temporary.write_text(json.dumps(asdict(source)))
        received = _append(response, part, start, source.total_bytes, max_bytes, progress)
    if received > max_bytes:
        part.unlink()
        note.unlink(missing_ok=True)
        raise DownloadError(f"{url} sent more than {max_bytes} bytes, the limit; nothing was kept")
    if source.total_bytes is not None and received < source.total_bytes:
        raise _TransientError(f"the connection ended after {received} of {source.total_bytes} bytes")


def _request_rest(source: _Source, start: int, timeout: float) -> HTTPResponse | None:
    """Ask for the bytes from ``start`` on: 206 with the rest, 200 with all, or None: ask without Range."""
    headers = {"Range": f"bytes={start}-"}
    if source.strong_etag:
        headers["If-Range"] = source.strong_etag
    try:
        response = _request(source.url, headers, timeout)
    except _RangeRefusedError:
        return None
    if response.status != 206:
        return response
    offered = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    same_place = offered is not None and int(offered[1]) == start
    same_length = offered is not None and offered[2] in (str(source.total_bytes), "*")
    same_etag = response.headers.get("ETag", source.etag) == source.etag
    if same_place and same_etag and (same_length or (source.total_bytes is None and source.strong_etag)):
        return response
    response.close()
    return None


def _request(url: str, headers: dict[str, str], timeout: float) -> HTTPResponse:
    """Send one GET request and sort its faults into lasting and passing ones."""
    opener = urllib.request.OpenerDirector()  # only what http(s) needs: no file:, ftp: or data: addresses
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        _Redirects(), urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    fields = {"User-Agent": "aurora-resnet", "Accept-Encoding": "identity", **headers}
    try:
        response: HTTPResponse = opener.open(urllib.request.Request(url, headers=fields), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and "Range" in headers:
            raise _RangeRefusedError from error
        if error.code in _TEMPORARY_STATUSES or error.code >= 500:
            raise _TransientError(f"the server answered {error.code} {error.reason}") from error
        raise DownloadError(
            f"cannot fetch {url}: the server answered {error.code} {error.reason}; check the address"
        ) from error
    except (OSError, HTTPException) as error:  # URLError, refused or reset connections, time-outs
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DownloadError(f"cannot fetch {url}: its certificate is not trusted ({reason})") from error
        raise _TransientError(f"{reason or type(error).__name__}") from error
    return response


def _append(response: HTTPResponse, part: Path, start: int, total: int | None, max_bytes: int, progress: bool) -> int:
    """Append the body to ``part`` and return its new size; bytes that came before a fault stay there."""
    size = start
    hidden = None if progress else True  # None: shown only on a terminal
    bar = tqdm(total=total, initial=start, desc=part.stem, unit="B", unit_scale=True, disable=hidden)
    with bar, part.open("ab") as file:
        while True:
            try:
                block = response.read1(_BLOCK_BYTES)  # what is there: a fault loses nothing
            except (OSError, HTTPException) as error:
                raise _TransientError(f"the connection broke after {size} bytes ({error!r})") from error
            size += len(block)
            if not block or size > max_bytes:
                return size
            file.write(block)
            bar.update(len(block))


def _read_note(note: Path) -> _Source:
    """Read the note beside a partial file; an absent or unreadable one matches no address."""
    try:
        return _Source(**json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return _Source(url="")
