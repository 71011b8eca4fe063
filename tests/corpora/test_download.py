import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pooch
import pytest
import requests

from aurora_resnet.corpora.fetching import RETRIES, Transfer, fetch_file
from aurora_resnet.runtime.errors import DownloadError

BODY = bytes(range(256)) * 1000


@dataclass
class Offer:
    """What the local server offers, how it misbehaves (one fault a request), and what it was asked."""

    body: bytes = BODY
    framing: str = "length"  # or "chunked" or "close" (HTTP/1.0: the body ends with the connection)
    faults: list[int | str] = field(default_factory=list)  # a status, "drop", "stall" or "to <address>"
    requests: list[Message] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    offer: Offer

    def do_GET(self) -> None:
        offer = self.offer
        offer.requests.append(self.headers)
        fault = offer.faults.pop(0) if offer.faults else ""
        self.close_connection = True
        if isinstance(fault, int):
            self.send_error(fault)
        elif fault.startswith("to "):
            self.send_response(302)
            self.send_header("Location", fault[3:])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif fault == "stall":
            time.sleep(0.6)
        else:
            self.send_offer(fault)

    def send_offer(self, fault: str) -> None:
        body = self.offer.body
        self.send_response(200)
        if self.offer.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif self.offer.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if fault == "drop":
            body = body[: len(body) // 2]
        if self.offer.framing == "chunked":
            body = b"%x\r\n%b\r\n" % (len(body), body) + (b"" if fault else b"0\r\n\r\n")
        with suppress(OSError):  # the other side may have closed the connection
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(offer: Offer) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"offer": offer}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/corpus.zip"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No proxy, and no waiting: the seconds that pooch would have waited are noted."""
    seconds: list[float] = []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(pooch.core, "time", type("Clock", (), {"sleep": staticmethod(seconds.append)}))
    return seconds


def fetch(url: str, path: Path, max_bytes: int = 10**6) -> Path:
    return fetch_file(url, path, max_bytes=max_bytes)


def test_a_file_arrives_whole_and_alone_and_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer = Offer()
    with serve(offer) as url:
        path = fetch(url, tmp_path / "new folder" / "a.zip")
        assert path.read_bytes() == BODY
        assert list(path.parent.iterdir()) == [path]
        fetch(url, path)  # it is there: no second request
    assert len(offer.requests) == 1
    assert offer.requests[0]["Accept-Encoding"] == "identity"
    assert capsys.readouterr() == ("", "")  # no progress bar where there is no terminal
    assert pooch.get_logger().level == 0  # as it was


def test_a_relative_path_is_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with serve(Offer()) as url:
        assert fetch(url, Path("~") / "a.zip") == tmp_path / "~" / "a.zip"
    assert (tmp_path / "~" / "a.zip").read_bytes() == BODY


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_dropped_connection_is_tried_again(tmp_path: Path, framing: str) -> None:
    offer = Offer(faults=["drop", "drop"], framing=framing)
    with serve(offer) as url:
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert len(offer.requests) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_progress_is_shown_on_a_terminal(
    tmp_path: Path, framing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with serve(Offer(framing=framing)) as url:
        fetch_file(url, tmp_path / "shown.zip", max_bytes=10**6, progress=True)
        shown = capsys.readouterr().err
        fetch_file(url, tmp_path / "hidden.zip", max_bytes=10**6, progress=False)
    assert "shown.zip" in shown
    assert "256k" in shown  # of 256,000 bytes, also where the server does not say how many there will be
    assert ("100%" in shown) == (framing == "length")
    assert capsys.readouterr().err == ""


def test_404_is_final(tmp_path: Path) -> None:
    offer = Offer(faults=[404])
    with serve(offer) as url, pytest.raises(DownloadError, match=r"404 Not Found; check the address"):
        fetch(url, tmp_path / "a.zip")
    assert len(offer.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_passing_faults_are_retried_with_growing_waits(tmp_path: Path, waits: list[float]) -> None:
    with serve(Offer(faults=[500, 503, 429])) as url:
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert waits == [1, 2, 3]


def test_a_lasting_server_fault_is_reported_after_the_last_attempt(tmp_path: Path) -> None:
    offer = Offer(faults=[500] * 9)
    with (
        serve(offer) as url,
        pytest.raises(DownloadError, match=r"500 Server Error.*check the address and the network"),
    ):
        fetch(url, tmp_path / "a.zip")
    assert len(offer.requests) == RETRIES + 1
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path: Path) -> None:
    with socket.socket() as unused:  # bound but not listening: refused
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a.zip"
        with pytest.raises(DownloadError, match=r"cannot fetch .http.*the network"):
            fetch(url, tmp_path / "a.zip")


def test_a_silent_server_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Offer(faults=["stall"] * (RETRIES + 1))) as url:
        monkeypatch.setattr(pooch.downloaders, "DEFAULT_TIMEOUT", 0.2)
        with pytest.raises(DownloadError, match="timed out"):
            fetch(url, tmp_path / "a.zip")
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_the_limit_is_kept_whatever_the_server_says_of_the_length(tmp_path: Path, framing: str) -> None:
    offer = Offer(framing=framing)
    with serve(offer) as url:
        with pytest.raises(DownloadError, match=rf"{len(BODY) - 1}\b"):
            fetch(url, tmp_path / "a.zip", max_bytes=len(BODY) - 1)
        assert len(offer.requests) == 1
        assert list(tmp_path.iterdir()) == []
        assert fetch(url, tmp_path / "a.zip", max_bytes=len(BODY)).read_bytes() == BODY


@pytest.mark.parametrize("url", ["file:///a.zip", "ftp://127.0.0.1/a", "data:,a", "a.zip", "http:///a", ""])
def test_only_http_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="expected an http or https address"):
        fetch(url, tmp_path / "a.zip")


def test_redirections_are_followed_to_http_only(tmp_path: Path) -> None:
    offer = Offer()
    with serve(offer) as url:
        offer.faults = [f"to {url}"]
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
        for address in ("file:///etc/hosts", "ftp://127.0.0.1/a.zip"):
            offer.faults = [f"to {address}"] * (RETRIES + 1)
            with pytest.raises(DownloadError):
                fetch(url, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("start", "location", "refused"),
    [
        ("https://example.org/a.zip", "http://example.org/a.zip", True),
        ("https://example.org/a.zip", "//example.org/b.zip", False),
        ("https://example.org/a.zip", "/b.zip", False),
        ("http://example.org/a.zip", "http://example.org/b.zip", False),
    ],
)
def test_a_redirection_from_https_to_http_is_refused(start: str, location: str, refused: bool) -> None:
    response = requests.Response()
    response.url, response.status_code = start, 302
    response.headers["Location"] = location
    transfer = Transfer(BytesIO(), SimpleNamespace(total=None), max_bytes=100)
    if not refused:
        transfer.check_response(response)
        return
    with pytest.raises(DownloadError, match=r"redirects to http://.*expected an https address"):
        transfer.check_response(response)


@pytest.mark.parametrize(
    ("place", "reason"),
    [("http://[", "Invalid IPv6"), ("http://\xff\xfe/", "codec"), ("file:///etc/hosts", "No connection adapters")],
)
def test_a_server_that_sends_us_nowhere_is_an_error_of_ours(place: str, reason: str, tmp_path: Path) -> None:
    with serve(Offer(faults=[f"to {place}"] * (RETRIES + 1))) as url, pytest.raises(DownloadError, match=reason):
        fetch(url, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://[", f"http://{'a' * 300}/", "http://..", "http://127.0.0.1:99999/", ""])
def test_an_address_that_is_none_is_an_error_of_ours(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="cannot fetch"):
        fetch(url, tmp_path / "a.zip")


def test_a_length_that_is_no_number_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Handler, "send_header", lambda self, *_: BaseHTTPRequestHandler.send_header(self, "Content-Length", "x")
    )
    with serve(Offer()) as url, pytest.raises(DownloadError, match="cannot fetch"):
        fetch(url, tmp_path / "a.zip")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    offer = Offer(bytes(3_000_000))
    with serve(offer) as url:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))  # a longer file is refused by the system
        try:
            with pytest.raises(OSError, match="File too large"):
                fetch(url, tmp_path / "a.zip", max_bytes=10**7)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert len(offer.requests) == 1
        assert list(tmp_path.iterdir()) == []
        assert fetch(url, tmp_path / "a.zip", max_bytes=10**7).read_bytes() == offer.body


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "file" / "a.zip")


def test_reading_corpora_does_not_load_what_downloads() -> None:
    code = "import aurora_resnet.corpora.registry, sys; print({'pooch', 'requests', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
