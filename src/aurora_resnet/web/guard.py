"""Who may ask the server: this machine's own page, and programs; not another website through a user's browser."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # ask each time whether the file changed, so that a new version is seen at once
}

#: For FastAPI, which would otherwise report what is asked if the environment names a collector; older ones never do.
NO_TELEMETRY: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}


def guarded_app(*, allowed_hosts: Collection[str] = (), any_address: bool = False, **options: Any) -> FastAPI:
    """Return an application without routes behind a ``Guard``, which takes the first two; the options are FastAPI's.

    FastAPI's own documentation pages fetch scripts from another host, so there are none.
    """
    options |= {"docs_url": None, "redoc_url": None, "redirect_slashes": False, "telemetry": NO_TELEMETRY}
    app = FastAPI(title="aurora-resnet", **options)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, any_address=any_address)
    return app


class Guard:
    """ASGI middleware that refuses other websites and gives every answer the headers above.

    A website whose name is made to point to this machine (DNS rebinding) has another ``Host`` than the page has. A
    form or script of another website says where it comes from in ``Origin`` and ``Sec-Fetch-Site``, which browsers set
    and scripts cannot change. Programs send neither.

    Args:
        app: the application.
        allowed_hosts: names, without port, by which the server may be called besides this machine's own.
        any_address: allow every IP address as a host, for a server that other machines reach. Rebinding needs a name.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = (), any_address: bool = False) -> None:
        self.app = app
        self.allowed_hosts = frozenset(name.lower() for name in allowed_hosts)
        self.any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "websocket":
            refusal = self.refusal("WEBSOCKET", Headers(scope=scope))
            refused = JSONResponse({"error": refusal}, 403, HEADERS)
            await (self.app if refusal is None else refused)(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)  # the server starts and ends
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"]).update(HEADERS)
            await send(message)

        refusal = self.refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self.app(scope, receive, send_with_headers)
        else:
            await JSONResponse({"error": refusal}, status_code=403)(scope, receive, send_with_headers)

    def refusal(self, method: str, headers: Headers) -> str | None:
        """Return why a request is refused, or ``None``.

        >>> Guard(lambda *_: None).refusal("GET", Headers({"host": "evil.example:8000"}))
        "the host 'evil.example:8000' is not this server; start it with --allow-host evil.example if it is"
        """
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        name = host_name(host)
        if not self._is_ours(name):
            advice = f"; start it with --allow-host {name} if it is" if name else ""
            return f"the host '{', '.join(hosts)[:100]}' is not this server{advice}"
        if method in ("GET", "HEAD"):  # a WebSocket is another matter: any website can open one, and says its Origin
            return None
        site, origins = headers.get("sec-fetch-site"), headers.getlist("origin")
        if site not in (None, "same-origin", "none") or any(origin_host(one) != host.lower() for one in origins):
            return "another website asked for this; open the page of this server itself"
        return None

    def _is_ours(self, name: str) -> bool:
        if name == "localhost" or name.endswith(".localhost") or name in self.allowed_hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.any_address or address.is_loopback


def host_name(host: str) -> str:
    """Return the name in a ``Host`` header, in lower case and without port; nothing for what is no such header.

    >>> host_name("LocalHost:8000"), host_name("[::1]:8000"), host_name("me@evil.example")
    ('localhost', '::1', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # a number, or an error
    except ValueError:
        return ""
    plain = parts.netloc == host and parts.username is None and parts.hostname is not None
    return (parts.hostname or "").removesuffix(".") if plain else ""


def origin_host(origin: str) -> str:
    """Return host and port of an ``Origin`` header as ``Host`` has them.

    >>> origin_host("http://LocalHost:8000"), origin_host("null")
    ('localhost:8000', '')
    """
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
