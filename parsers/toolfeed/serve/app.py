"""The application: routes, and the answer to a request from its first byte to its last.

An answer opens its source, reads the text with a parser and sends what its protocol's encoder makes of the events,
fragment by fragment. Nothing is sent before the source has answered, so that an error is still a status; once text has
been sent an error is an event of the protocol. A client that goes away cancels the answer, and with it the source.
Nothing is read from the source while a client does not take what was sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..encoders import Payload
from ..encoders.common import to_json
from ..errors import ToolfeedError
from ..events import ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..grammar import Grammar
from ..message import Accumulator
from ..parser import Parser
from ..tools import Tools
from .protocols import OLLAMA, OPENAI_CHAT, PROTOCOLS, Served
from .requests import RequestError, read_body
from .shapes import Json
from .source import End, Item, Request, Source, SourceError, Stream

MAX_BODY: Final = 16 * 2**20  # bytes
BODY_TIMEOUT: Final = 60.0  # seconds until a request's body has to be there
SEND_TIMEOUT: Final = 120.0  # seconds that a client may take nothing of what was sent
SHUT_DOWN: Final = "shut down"
_SHUTTING_DOWN: Final = "the server is shutting down"
_FAILED: Final = "the server failed to answer; its log says more"

_log: Final = logging.getLogger("toolfeed.serve")


def create_app(
    source: Source,
    *,
    max_body: int = MAX_BODY,
    body_timeout: float = BODY_TIMEOUT,
    send_timeout: float = SEND_TIMEOUT,
) -> Starlette:
    """An ASGI application that answers with what this source's models write.

    `max_body` in bytes; `body_timeout` and `send_timeout` in seconds: how long a request's body may take, and how long
    a client may take nothing of its answer.
    """

    async def answer(http: HttpRequest, protocol: Served) -> Response | Answer:
        try:
            async with asyncio.timeout(body_timeout):
                body = read_body(await whole_body(http, max_body))
            request = protocol.read(body)
        except TimeoutError:
            return refused(protocol, 408, f"the body did not come within {body_timeout:g} seconds")
        except RequestError as error:
            return refused(protocol, error.status, error.message)
        request.key = key_of(http)
        return Answer(source, protocol, request, body, send_timeout)

    def route(protocol: Served) -> Route:
        async def endpoint(http: HttpRequest) -> Response | Answer:
            return await answer(http, protocol)

        return Route(protocol.path, endpoint, methods=["POST"])

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
        status = error.status_code if isinstance(error, HTTPException) else 500
        known = ", ".join(protocol.path for protocol in PROTOCOLS)
        message = f"{http.method} {http.url.path} is nothing that is served; POST to {known}"
        return refused(OPENAI_CHAT, status, message)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        await source.close()

    return Starlette(
        routes=[
            *(route(protocol) for protocol in PROTOCOLS),
            Route("/v1/models", models),
            Route("/api/tags", tags),
            Route("/health", health),
        ],
        exception_handlers={404: unknown, 405: unknown},
        lifespan=lifespan,
    )


async def whole_body(http: HttpRequest, most: int) -> bytes:
    """The request's body, which must not be longer than `most` bytes."""
    too_long = RequestError(f"the body is longer than {most} bytes", 413)
    said = http.headers.get("content-length", "0")
    if said.isdecimal() and int(said[:20]) > most:
        raise too_long
    body = bytearray()
    try:
        async for chunk in http.stream():
            body += chunk
            if len(body) > most:
                raise too_long
    except ClientDisconnect:
        raise RequestError("the client went away", 499) from None
    return bytes(body)


def key_of(http: HttpRequest) -> str:
    """The key that the client sent, in the way of its protocol."""
    scheme, _, token = http.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else http.headers.get("x-api-key", "")


def refused(protocol: Served, status: int, message: str) -> Response:
    """An error as a whole answer."""
    return Response(protocol.error(status, message), status, media_type="application/json")


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


class Answer:
    """An ASGI response: one turn of a source, told as it comes or whole."""

    def __init__(self, source: Source, protocol: Served, request: Request, body: Json, send_timeout: float) -> None:
        self._source = source
        self._protocol = protocol
        self._request = request
        self._body = body
        self._send_timeout = send_timeout
        self._began = time.time_ns()
        self._status = 0  # that was sent
        self._calls = 0
        self._note = "ended"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Any) -> None:
            try:
                async with asyncio.timeout(self._send_timeout):
                    await send(message)
            except TimeoutError:
                raise _NotRead from None

        work = asyncio.create_task(self._work(send_in_time))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._note = "client gone"
        except asyncio.CancelledError:
            self._note = SHUT_DOWN
            raise
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self._tell()

    def _tell(self) -> None:
        """One line of log: no text, no key."""
        seconds = (time.time_ns() - self._began) / 1e9
        model, name = self._request.model[:100], self._protocol.name
        _log.info("%s %r: %d %s, %d calls, %.2f s", name, model, self._status, self._note, self._calls, seconds)

    async def _work(self, send: Send) -> None:
        """Everything from the first byte to the last. What ends an answer before its first byte is a status."""
        try:
            tools = Tools(self._request.tools or [])  # before anybody is asked
            async with self._source.open(self._request) as stream:
                reading = Reading(stream, self._request, tools)
                if self._request.stream:
                    await self._stream(reading, send)
                else:
                    await self._whole(reading, send)
        except (SourceError, ToolfeedError) as error:
            self._note = "error"
            await self._refuse(send, error.status if isinstance(error, SourceError) else 400, str(error))
        except _NotRead:
            self._note = "client does not read"
        except asyncio.CancelledError:
            if self._note == SHUT_DOWN:
                await self._refuse(send, 503, _SHUTTING_DOWN)
            raise
        except Exception:  # noqa: BLE001 - a mistake in a source must not look like an answer
            self._note = "failed"
            _log.exception("an answer failed")
            await self._refuse(send, 500, _FAILED)

    async def _refuse(self, send: Send, status: int, message: str) -> None:
        """Tell of an error with a status, unless one has been sent."""
        if not self._status:
            with suppress(_NotRead):
                await self._send_whole(send, status, self._protocol.error(status, message))

    async def _whole(self, reading: Reading, send: Send) -> None:
        accumulator, end = Accumulator(), End()
        async for events, ended in reading:
            accumulator.add(events)
            end = ended or end
        message = accumulator.message
        self._calls = len(message.tool_calls)
        payload = self._protocol.whole(message, end, self._request, self._body, time.time_ns() - self._began)
        await self._send_whole(send, 200, to_json(payload))

    async def _send_whole(self, send: Send, status: int, body: bytes) -> None:
        self._status = status
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, reading: Reading, send: Send) -> None:
        encoder = self._protocol.encoder(self._request, self._body)

        async def put(payloads: list[Payload], tail: bytes = b"", *, more: bool = True) -> None:
            data = b"".join([*(encoder.frame(payload) for payload in payloads), tail])
            if data or not more:
                await send({"type": "http.response.body", "body": data, "more_body": more})

        self._status = 200
        media_type = encoder.media_type.encode()
        headers = [(b"content-type", media_type), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await put(encoder.encode(()))
        try:
            async for events, end in reading:
                self._calls += sum(isinstance(event, ToolCallStart) for event in events)
                payloads = encoder.encode(events)
                if end is not None:
                    payloads += encoder.finish(end.reason, end.usage)
                    await put(payloads, encoder.last, more=False)
                    return
                await put(payloads)
        except SourceError as error:
            self._note = "broke off"
            await put([*encoder.encode(reading.rest()), *encoder.error(error.message)], more=False)
        except _NotRead:
            raise
        except asyncio.CancelledError:
            if self._note == SHUT_DOWN:
                await put(encoder.error(_SHUTTING_DOWN), more=False)
            raise
        except Exception:
            await put(encoder.error(_FAILED), more=False)
            raise


class _NotRead(Exception):
    """The client does not take what it is sent."""


class Reading:
    """The events of a stream, batch by batch; the last batch comes with the End."""

    def __init__(self, stream: Stream, request: Request, tools: Tools) -> None:
        self._items = stream.items
        self._parser = None if stream.grammar is None else parser_for(stream.grammar, stream, request, tools)
        self._numbers: dict[tuple[str, int], int] = {}  # of the calls, by who read them and their index there
        self._mixed = False  # whether the source has read some itself

    async def __aiter__(self) -> AsyncIterator[tuple[list[Event], End | None]]:
        async for item in self._items:
            yield self._events(item), item if isinstance(item, End) else None
            if isinstance(item, End):
                return
        raise SourceError(502, "the model's server ended its answer in the middle")

    def rest(self) -> list[Event]:
        """What is held when a stream breaks."""
        return [] if self._parser is None else self._numbered("text", self._parser.finish("length"))

    def _events(self, item: Item) -> list[Event]:
        if isinstance(item, list):
            return self._numbered("source", item)
        if isinstance(item, End):
            reason: Any = item.reason if item.reason in ("stop", "length") else None
            return [] if self._parser is None else self._numbered("text", self._parser.finish(reason))
        if self._parser is None:
            return [ContentDelta(item)] if item else []
        return self._numbered("text", self._parser.feed(item))

    def _numbered(self, origin: Literal["text", "source"], events: list[Event]) -> list[Event]:
        """The events with the calls of both origins counted together."""
        for event in events:
            if isinstance(event, ToolCallStart):
                self._numbers[origin, event.index] = len(self._numbers)
                self._mixed |= origin == "source"
        if not self._mixed:
            return events
        return [
            event
            if isinstance(event, ContentDelta | ReasoningDelta)
            else msgspec.structs.replace(event, index=self._numbers[origin, event.index])
            for event in events
        ]


def parser_for(grammar: Grammar, stream: Stream, request: Request, tools: Tools) -> Parser:
    """A parser for this turn. A request without tools has none that may be called."""
    return Parser(
        grammar,
        tools=tools,
        start=stream.start,
        prompt=stream.prompt,
        tool_choice=request.tool_choice,
    )


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
