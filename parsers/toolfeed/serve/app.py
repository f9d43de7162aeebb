"""The application: what is served where."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..encoders import Payload
from .access import ANY, Access
from .answer import Answer
from .bodies import Bodies
from .protocols import OLLAMA, OPENAI_CHAT, PROTOCOLS, Served, refused
from .requests import RequestError
from .source import Source, SourceError

MAX_BODY: Final = 16 * 2**20  # bytes
BODIES: Final = 8  # of the greatest length that are held at once
BODY_TIMEOUT: Final = 60.0  # seconds until a request's body has to be there
SEND_TIMEOUT: Final = 120.0  # seconds that a client may take nothing of what was sent
KEEP_ALIVE: Final = 15.0  # seconds

_log: Final = logging.getLogger("toolfeed.serve")


def create_app(
    source: Source,
    *,
    max_body: int = MAX_BODY,
    max_bodies: int | None = None,
    body_timeout: float = BODY_TIMEOUT,
    send_timeout: float = SEND_TIMEOUT,
    keep_alive: float = KEEP_ALIVE,
    hosts: Collection[str] = (ANY,),
    origins: Collection[str] = (),
) -> Starlette:
    """An ASGI application that answers with what this source's models write.

    `max_body`, `max_bodies`: bytes of a request's body, and of all that are being answered; None for eight times as
    much. `body_timeout`, `send_timeout`: seconds that a body may take, and that a client may take nothing of an answer.
    `keep_alive`: seconds of silence after which a stream says that it goes on, where its protocol can; 0 for never.
    `hosts`: the names that requests may have as their Host, besides the loopback's; "*" for any. `origins`: the web
    pages that may ask (`https://example.org`), besides those of the server's own host and of the loopback; "*" for all.
    """
    bodies = Bodies(max_body, BODIES * max_body if max_bodies is None else max_bodies, body_timeout)

    class Endpoint:
        """Answers requests in a protocol. (An ASGI application, since a body is held until the answer has ended.)"""

        def __init__(self, protocol: Served) -> None:
            self._protocol = protocol

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            http = HttpRequest(scope, receive)
            try:
                async with bodies.read(http) as body:
                    request = self._protocol.read(body)
                    request.key = key_of(http)
                    answer = Answer(
                        source, self._protocol, request, body, send_timeout=send_timeout, keep_alive=keep_alive
                    )
                    await answer(scope, receive, send)
            except RequestError as error:
                _log.info("%s: %d", self._protocol.name, error.status)
                await refused(self._protocol, error.status, error.message)(scope, receive, send)

    async def models(http: HttpRequest) -> Response:
        try:
            names = await source.models(key_of(http))
        except SourceError as error:
            return refused(OPENAI_CHAT, error.status, error.message)
        return JSONResponse(model_list(names))

    async def tags(http: HttpRequest) -> Response:
        try:
            names = await source.models(key_of(http))
        except SourceError as error:
            return refused(OLLAMA, error.status, error.message)
        return JSONResponse({"models": [{"name": name, "model": name} for name in names]})

    async def health(http: HttpRequest) -> Response:
        return JSONResponse({"status": "ok"})

    async def unknown(http: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = ", ".join(protocol.path for protocol in PROTOCOLS)
        message = f"{http.method} {http.url.path} is nothing that is served; POST to {known}"
        return refused(OPENAI_CHAT, error.status_code, message)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        await source.close()

    return Starlette(
        routes=[
            *(Route(protocol.path, Endpoint(protocol), methods=["POST"]) for protocol in PROTOCOLS),
            Route("/v1/models", models),
            Route("/api/tags", tags),
            Route("/health", health),
        ],
        middleware=[Middleware(Access, hosts=hosts, origins=origins)],
        exception_handlers={404: unknown, 405: unknown},
        lifespan=lifespan,
    )


def key_of(http: HttpRequest) -> str:
    """The key that the client sent, in the way of its protocol."""
    scheme, _, token = http.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else http.headers.get("x-api-key", "")


def model_list(names: list[str]) -> Payload:
    """The models as OpenAI's and as Anthropic's clients read them."""
    told = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": "toolfeed",
            "type": "model",
            "display_name": name,
            "created_at": "1970-01-01T00:00:00Z",
        }
        for name in names
    ]
    return {
        "object": "list",
        "data": told,
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }
