"""A socket is opened or refused with a reason; a server in the background ends with its block."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.web.running import is_loopback, open_socket, socket_address
from tests.web.serving import served


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"], ids=["unknown name", "another machine's"])
def test_a_wrong_host_is_named(host: str) -> None:
    with pytest.raises(ConfigError, match=rf"cannot listen at {host}, port 0 \(.+\); give another --port or --host"):
        open_socket(host, 0)


def test_only_loopback_is_private() -> None:
    with open_socket("0.0.0.0", 0) as everywhere, open_socket("127.0.0.1", 0) as here:
        assert (is_loopback(everywhere), is_loopback(here)) == (False, True)


def test_an_address_of_the_sixth_version_stands_in_brackets() -> None:
    try:
        listening = open_socket("::1", 0)
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert urlsplit(socket_address(listening)).hostname == "::1"
        assert is_loopback(listening)


def test_the_port_is_free_again_after_the_block(recognizer: Recognizer) -> None:
    pytest.importorskip("uvicorn")
    from aurora_resnet.web.server import create_app

    with served(create_app(recognizer)) as address:
        port = urlsplit(address).port
        assert port is not None
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
