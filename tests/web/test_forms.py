"""A form with one file is a recording; anything else in it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.web.upload import MAX_BYTES

Encode = Callable[..., bytes]


def post(address: str, **form: Any) -> tuple[int, dict[str, Any]]:
    """Send a form as an independent library makes it."""
    answer = httpx.post(f"{address}api/recognize", timeout=30, **form)
    return answer.status_code, answer.json()


def raw(address: str, body: bytes, content_type: str) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("POST", "/api/recognize", body, {"Content-Type": content_type})
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


@pytest.mark.parametrize("name", ["file", "audio", "größe"])
def test_a_file_in_a_form_is_answered_as_the_file(
    address: str, encoded: Encode, spoken: Callable[[str], Samples], name: str
) -> None:
    body = encoded(spoken("seven"))
    assert post(address, files={name: ("seven.wav", body, "audio/wav")}) == post(address, content=body)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"files": {"a": ("a.wav", b"a"), "b": ("b.wav", b"b")}}, "got 2 whole files"),
        ({"files": {"a": ("a.wav", b"a")}, "data": {"length": "4"}}, "got the field 'length'; options belong"),
        ({"files": {"a": ("a.wav", b"")}}, "is empty"),
        ({"files": [("a", ("a.wav", b"a"))] * 100}, "Too many files"),
    ],
)
def test_what_else_is_in_a_form_is_named(address: str, form: dict[str, Any], error: str) -> None:
    status, answer = post(address, **form)
    assert (status, list(answer)) == (422, ["error"])
    assert error in answer["error"]


def test_the_limit_is_that_of_the_file(address: str) -> None:
    assert post(address, files={"a": ("a.wav", bytes(MAX_BYTES))})[0] == 422  # no sound, but not too large
    for size in (MAX_BYTES + 1, 2 * MAX_BYTES):
        status, answer = post(address, files={"a": ("a.wav", bytes(size))})
        assert status == 413
        assert "may have 5,000,000 bytes" in answer["error"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"RIFF", "multipart/form-data"),
        (b"RIFF", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; filename=a\r\n\r\nRIFF", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"", 'Multipart/Form-Data; boundary="' + "x" * 500 + '"'),
    ],
    ids=["no boundary", "another boundary", "cut off", "nothing", "long boundary"],
)
def test_damaged_forms_are_named_so(address: str, body: bytes, content_type: str) -> None:
    status, answer = raw(address, body, content_type)
    assert (status, list(answer)) == (422, ["error"])
    assert answer["error"].startswith("expected a form with one file, as curl -F file=@seven.wav sends it")
    assert len(answer["error"]) < 300


def test_other_content_types_are_recordings_as_they_are(address: str, encoded: Encode) -> None:
    body = encoded(np.zeros(8000, np.float32), 8000)
    for content_type in ("audio/wav", "application/x-www-form-urlencoded", "application/octet-stream", ""):
        assert raw(address, body, content_type)[0] == 200
