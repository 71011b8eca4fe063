import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.corpora.download import _Redirects, fetch_file
from aurora_resnet.runtime.errors import DownloadError

BODY = bytes(range(256)) * 1000


@dataclass
class Offer:
    """What the local server offers, how it misbehaves (one fault a request), and what it was asked."""

    body: bytes = BODY
    etag: str = '"one"'
    ranges: bool = True
    framing: str = "length"  # or "chunked" or "close" (HTTP/1.0: the body ends with the connection)
    faults: list[int | str] = field(default_factory=list)  # a status, "drop", "stall", "shift" or "to <address>"
    requests: list[Message] = field(default_factory=list)
    bytes_sent: int = 0


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
        offer, start = self.offer, 0
        if offer.ranges and "Range" in self.headers and self.headers.get("If-Range", offer.etag) == offer.etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(offer.body):
                self.send_error(416)
                return
            start += fault == "shift"  # a wrong part, honestly labelled
        body = offer.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(offer.body) - 1}/{len(offer.body)}")
        if offer.etag:
            self.send_header("ETag", offer.etag)
        if offer.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif offer.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if fault == "drop":
            body = body[: len(body) // 2]
        offer.bytes_sent += len(body)
        if offer.framing == "chunked":
            body = b"%x\r\n%b\r\n" % (len(body), body) + (b"" if fault else b"0\r\n\r\n")
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
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def fetch(url: str, path: Path, attempts: int = 3, max_bytes: int = 10**6, timeout_seconds: float = 5) -> Path:
    return fetch_file(
        url, path, max_bytes=max_bytes, attempts=attempts, timeout_seconds=timeout_seconds, backoff_seconds=0
    )


def interrupt(url: str, path: Path, offer: Offer) -> int:
    """Let a first call break off in the middle; return the number of bytes that it left."""
    offer.faults = ["drop"]
    with pytest.raises(DownloadError, match="continues where it stopped"):
        fetch(url, path, attempts=1)
    return path.with_name(f"{path.name}.part").stat().st_size


def test_a_file_arrives_whole_and_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer = Offer()
    with serve(offer) as url:
        path = fetch(url, tmp_path / "new folder" / "a.zip")
        assert path.read_bytes() == BODY
        assert list(path.parent.iterdir()) == [path]
        fetch(url, path)  # it is there: no second request
    assert len(offer.requests) == 1
    assert capsys.readouterr().err == ""  # no progress bar where there is no terminal


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_dropped_connection_is_continued_at_the_byte_where_it_broke(tmp_path: Path, framing: str) -> None:
    offer = Offer(faults=["drop"], framing=framing)
    with serve(offer) as url:
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    first, second = offer.requests
    assert "Range" not in first
    assert (second["Range"], second["If-Range"]) == (f"bytes={len(BODY) // 2}-", '"one"')
    assert offer.bytes_sent == len(BODY)


def test_the_next_call_continues_what_an_interrupted_one_left(tmp_path: Path) -> None:
    offer = Offer()
    with serve(offer) as url:
        assert interrupt(url, tmp_path / "a.zip", offer) == len(BODY) // 2
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert offer.bytes_sent == len(BODY)
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


@settings(max_examples=20, deadline=None)
@given(body=st.binary(max_size=3000), kept=st.integers(0, 3000))
def test_any_beginning_of_any_file_is_completed_to_that_file(body: bytes, kept: int) -> None:
    with TemporaryDirectory() as folder, serve(Offer(body)) as url:
        path = Path(folder) / "a.zip"
        path.with_name("a.zip.part").write_bytes(body[:kept])
        note = {"url": url, "etag": '"one"', "total_bytes": len(body)}
        path.with_name("a.zip.part.json").write_text(json.dumps(note))
        assert fetch(url, path).read_bytes() == body


def test_a_file_that_was_complete_but_not_renamed_is_not_asked_for_again(tmp_path: Path) -> None:
    offer = Offer()
    with serve(offer) as url:
        interrupt(url, tmp_path / "a.zip", offer)
        (tmp_path / "a.zip.part").write_bytes(BODY)
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert len(offer.requests) == 1


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param({}, {"ranges": False}, id="range ignored"),
        pytest.param({}, {"body": BODY[::-1], "etag": '"two"'}, id="ETag changed"),
        pytest.param({"etag": ""}, {"body": BODY[::-1] * 2}, id="length changed"),
        pytest.param({"etag": ""}, {"body": BODY[: len(BODY) // 4]}, id="shorter than what we have: 416"),
        pytest.param({"etag": 'W/"one"'}, {"body": BODY[::-1], "etag": 'W/"two"'}, id="weak ETag changed"),
        pytest.param({}, {"faults": [416]}, id="416 without reason"),
        pytest.param({}, {"faults": ["shift"]}, id="another range than asked for"),
        pytest.param({"etag": "", "framing": "chunked"}, {"body": BODY[::-1]}, id="nothing known of the file"),
    ],
)
def test_what_cannot_be_continued_is_fetched_from_its_start(
    tmp_path: Path, first: dict[str, str], then: dict[str, object]
) -> None:
    offer = Offer(**first)  # type: ignore[arg-type]
    with serve(offer) as url:
        if offer.framing == "length":
            interrupt(url, tmp_path / "a.zip", offer)
        else:
            offer.faults = ["drop"]
            with pytest.raises(DownloadError):
                fetch(url, tmp_path / "a.zip", attempts=1)
        for name, value in then.items():
            setattr(offer, name, value)
        assert fetch(url, tmp_path / "a.zip", attempts=1).read_bytes() == offer.body


@pytest.mark.parametrize("etag", ["", 'W/"one"'])
def test_without_a_strong_etag_the_same_length_is_continued_without_if_range(tmp_path: Path, etag: str) -> None:
    offer = Offer(etag=etag)
    with serve(offer) as url:
        interrupt(url, tmp_path / "a.zip", offer)
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert "If-Range" not in offer.requests[1]
    assert offer.bytes_sent == len(BODY)


OTHER = '{"url": "http://127.0.0.1/other.zip", "etag": "", "total_bytes": 14}'


@pytest.mark.parametrize("note", ["", "not json", "[]", '{"x": 1}', OTHER])
def test_a_part_of_unknown_origin_is_not_trusted(tmp_path: Path, note: str) -> None:
    (tmp_path / "a.zip.part").write_bytes(b"something else")
    (tmp_path / "a.zip.part.json").write_text(note)
    offer = Offer()
    with serve(offer) as url:
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY
    assert "Range" not in offer.requests[0]


def test_404_is_final(tmp_path: Path) -> None:
    offer = Offer(faults=[404])
    with serve(offer) as url, pytest.raises(DownloadError, match=r"404 Not Found; check the address"):
        fetch(url, tmp_path / "a.zip")
    assert len(offer.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_passing_faults_are_retried_with_doubling_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("aurora_resnet.corpora.download.time.sleep", waits.append)
    with serve(Offer(faults=[500, 503, 429])) as url:
        path = fetch_file(url, tmp_path / "a.zip", max_bytes=10**6, attempts=4, backoff_seconds=0.5)
    assert path.read_bytes() == BODY
    assert waits == [0.5, 1.0, 2.0]


def test_a_lasting_server_fault_is_reported_after_the_last_attempt(tmp_path: Path) -> None:
    offer = Offer(faults=[500] * 9)
    with serve(offer) as url, pytest.raises(DownloadError, match=r"3 attempts.*500 Internal Server Error"):
        fetch(url, tmp_path / "a.zip", attempts=3)
    assert len(offer.requests) == 3


def test_no_network(tmp_path: Path) -> None:
    with socket.socket() as unused:  # bound but not listening: refused
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a.zip"
        with pytest.raises(DownloadError, match=r"cannot fetch http.*check the network"):
            fetch(url, tmp_path / "a.zip", attempts=2)


def test_a_silent_server_times_out(tmp_path: Path) -> None:
    with serve(Offer(faults=["stall"])) as url:
        with pytest.raises(DownloadError, match="timed out"):
            fetch(url, tmp_path / "a.zip", attempts=1, timeout_seconds=0.2)
        assert fetch(url, tmp_path / "a.zip").read_bytes() == BODY


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_the_limit_is_kept_whatever_the_server_says_of_the_length(tmp_path: Path, framing: str) -> None:
    with serve(Offer(framing=framing)) as url:
        with pytest.raises(DownloadError, match=rf"{len(BODY) - 1}\b"):
            fetch(url, tmp_path / "a.zip", max_bytes=len(BODY) - 1)
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
            offer.faults = [f"to {address}"]
            with pytest.raises(DownloadError):
                fetch(url, tmp_path / "b.zip", attempts=1)
    assert not (tmp_path / "b.zip").exists()


def test_a_redirection_from_https_to_http_is_refused() -> None:
    request = urllib.request.Request("https://example.org/a.zip")
    with pytest.raises(DownloadError, match=r"redirects to http://.*expected https"):
        _Redirects().redirect_request(request, BytesIO(), 302, "Found", Message(), "http://example.org/a.zip")


def test_a_full_disk_is_named_and_what_was_fetched_is_continued(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    body = bytes(3_000_000)
    offer = Offer(body)
    with serve(offer) as url:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))  # a longer file is refused by the system
        try:
            with pytest.raises(DownloadError, match=r"cannot write .*a\.zip\.part: .*make room"):
                fetch(url, tmp_path / "a.zip", max_bytes=10**7)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert fetch(url, tmp_path / "a.zip", max_bytes=10**7).read_bytes() == body
    assert offer.requests[1]["Range"] == "bytes=2000000-"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="cannot write"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "file" / "a.zip")
