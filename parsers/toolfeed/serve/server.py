"""Runs an application behind a socket: bounds on what a connection may do, and an end that lets answers end.

The HTTP parser is h11, which bounds what it holds of a request's head. A connection on which no whole head comes in
time is closed. On SIGINT or SIGTERM nothing more is accepted, answers may end for a while, and those that do not are
cut off with an error event.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEAD: Final = 65536  # bytes of a request's line and headers
HEAD_TIMEOUT: Final = 20.0  # seconds until they have to be there
GRACE: Final = 10  # seconds that answers have to end
MAX_CONNECTIONS: Final = 2000


class Connection(H11Protocol):
    """A connection that is closed if no request comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._expect_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_head()

    def _expect_head(self) -> None:
        cycle = self.cycle
        self.loop.call_later(HEAD_TIMEOUT, lambda: self.transport.close() if self.cycle is cycle else None)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 for any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def address(bound: socket.socket) -> str:
    """Where a listening socket is reached, as the beginning of a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_everywhere(bound: socket.socket) -> bool:
    """Whether a socket listens on every address that this machine has."""
    return ip_address(bound.getsockname()[0]).is_unspecified


def make_server(app: ASGIApp, *, grace: int = GRACE) -> uvicorn.Server:
    """A server for an application; `server.run(sockets=[listen(…)])` runs it until a signal comes."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEAD,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=grace,
        )
    )
