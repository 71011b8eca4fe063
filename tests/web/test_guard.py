"""Another website cannot use the server through a user's browser."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")

from starlette.datastructures import Headers

from aurora_resnet.web.guard import Guard, host_name


def ask(address: str, method: str, path: str, headers: list[tuple[str, str]]) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in [*headers, ("Content-Length", "0")]:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        answer = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
        is_json = answer["content-type"] == "application/json"
        return response.status, answer, json.loads(body).get("error", "") if is_json else ""
    finally:
        connection.close()


def port(address: str) -> str:
    return address.rstrip("/").rpartition(":")[2]


def with_host(address: str, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value.format(port=port(address))) for name, value in [("Host", "localhost:{port}"), *headers]]


@pytest.mark.parametrize("path", ["/api/model", "/api/recognize"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "192.168.1.5:{port}", "localhost:80:80"],
)
def test_a_name_that_was_made_to_point_here_is_refused(address: str, host: str, path: str) -> None:
    status, headers, error = ask(address, "GET", path, [("Host", host.format(port=port(address)))])
    assert status == 403
    assert "is not this server" in error
    assert headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.parametrize("host", ["localhost:{port}", "LOCALHOST", "127.0.0.1:{port}", "[::1]:{port}", "x.localhost"])
def test_this_machines_own_names_pass(address: str, host: str) -> None:
    assert ask(address, "GET", "/api/model", [("Host", host.format(port=port(address)))])[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Origin", "http://localhost:1")],  # another server of this machine
        [("Origin", "http://127.0.0.1:{port}")],  # the same server under its other name is another site too
        [("Origin", "http://localhost:{port}"), ("Origin", "https://evil.example")],
        [("Origin", "http://localhost:{port}.evil.example")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")],
    ],
)
def test_what_another_website_posts_is_refused(address: str, headers: list[tuple[str, str]]) -> None:
    sent = with_host(address, headers)
    status, _, error = ask(address, "POST", "/api/recognize", sent)
    assert (status, error) == (403, "another website asked for this; open the page of this server itself")
    assert ask(address, "GET", "/", [*sent[:1], ("Sec-Fetch-Site", "cross-site")])[0] == 200  # a link to the page


@pytest.mark.parametrize(
    "headers",
    [
        [],  # a program
        [("Origin", "http://localhost:{port}"), ("Sec-Fetch-Site", "same-origin")],  # the page
        [("Origin", "HTTP://LocalHost:{port}")],
        [("Sec-Fetch-Site", "none")],
    ],
)
def test_the_page_and_programs_may_post(address: str, headers: list[tuple[str, str]]) -> None:
    sent = with_host(address, headers)
    status, _, error = ask(address, "POST", "/api/recognize", sent)
    assert status == 422
    assert "is empty" in error


async def nothing(*_: object) -> None:
    """Stand for the application."""


def refused(host: str, **options: object) -> bool:
    return Guard(nothing, **options).refusal("GET", Headers({"host": host})) is not None  # type: ignore[arg-type]


def test_names_are_allowed_one_by_one_and_addresses_where_other_machines_may_come() -> None:
    assert not refused("Words.example.org:443", allowed_hosts=["words.example.ORG"])
    assert refused("more.words.example.org", allowed_hosts=["words.example.org"])
    assert not refused("192.168.1.5:8000", any_address=True)
    assert not refused("[fe80::1]:8000", any_address=True)
    assert refused("evil.example", any_address=True)
    assert Guard(nothing).refusal("GET", Headers(raw=[])) is not None
    assert Guard(nothing).refusal("GET", Headers(raw=[(b"host", b"localhost"), (b"host", b"localhost")])) is not None


@given(st.text(st.characters(max_codepoint=0xFF), max_size=30))
def test_no_host_is_taken_for_ours_but_ours(host: str) -> None:
    name = host_name(host)
    assert refused(host) == (
        not (name in {"localhost", "::1"} or name.endswith(".localhost") or name.startswith("127."))
    )
    assert host_name(f"{host}@localhost") == ""
