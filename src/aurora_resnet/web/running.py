"""An application listens at an address."""

import ipaddress
import logging
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.web.draining import Beside, PhoneServer
from aurora_resnet.web.frames import BoundedWebSocket
from aurora_resnet.web.patience import PatientProtocol
from aurora_resnet.web.sockets import MAX_CHUNK_BYTES

#: What computes waits so long for what reads, a tenth of Python's own: each of its many steps begins so.
SWITCH_SECONDS = 0.0005


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: name or address of one of this machine's interfaces.
        port: 0 to 65535; 0 takes a free one.

    Raises:
        ConfigError: if there is no such interface or the port is taken.

    >>> with open_socket("127.0.0.1", 0) as taken:
    ...     open_socket("127.0.0.1", taken.getsockname()[1])
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: cannot listen at 127.0.0.1, port ... (...); give another --port or --host
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot listen at {host}, port {port} ({reason}); give another --port or --host") from None


def socket_address(listening: socket.socket) -> str:
    """Return what to type into the browser.

    >>> with open_socket("127.0.0.1", 0) as listening:
    ...     socket_address(listening)
    'http://127.0.0.1:.../'
    """
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_loopback(listening: socket.socket) -> bool:
    """Tell whether only this machine reaches a socket.

    >>> with open_socket("localhost", 0) as listening:
    ...     is_loopback(listening)
    True
    """
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def serve_forever(
    app: FastAPI,
    listening: socket.socket,
    *,
    finished: threading.Event | None = None,
    beside: Beside = (),
    drain_seconds: float = 0.0,
) -> None:
    """Answer requests until the process is interrupted; requests under way are finished.

    Args:
        app: the application.
        listening: where; it is closed at the end.
        finished: ends it too when it is set.
        beside: where else connections come in, and who serves one.
        drain_seconds: after SIGTERM ``/health`` says 503, nobody new is let in, and who speaks has so long to end.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
    """
    server = server_of(app, beside, drain_seconds)
    if finished is not None:
        threading.Thread(target=_stop_after, args=(server, finished), daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    with listening:
        server.run(sockets=[listening])


def _stop_after(server: uvicorn.Server, finished: threading.Event) -> None:
    finished.wait()
    server.should_exit = True


def server_of(app: FastAPI, beside: Beside = (), drain_seconds: float = 0.0) -> uvicorn.Server:
    """Return what serves an application within bounds; arguments as ``serve_forever``."""
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # as uvicorn's below
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws=BoundedWebSocket,
        ws_max_size=MAX_CHUNK_BYTES,
        ws_per_message_deflate=False,  # a few bytes would become many before anybody counts them
        ws_ping_timeout=None,  # who sends a file need not look at pings; who sends nothing is let go elsewhere
        lifespan="off",
        log_level="error",  # warnings are about what anybody sends, as often as they like
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return PhoneServer(config, app, beside, drain_seconds)
