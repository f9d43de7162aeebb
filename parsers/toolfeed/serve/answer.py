"""The answer to a request from its first byte to its last.

An answer opens its source, reads the text with a parser and sends what its protocol's encoder makes of the events,
fragment by fragment. A stream begins when the source has answered, so that an error until then is a status; or when the
source has been silent for so long that the connection has to be kept alive. From there on an error is an event of the
protocol. A client that goes away cancels the answer, and with it the source. Nothing is read from the source while a
client does not take what was sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final, Literal

import msgspec
from starlette.types import Receive, Scope, Send

from ..encoders.common import to_json
from ..errors import ToolfeedError
from ..events import ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from ..grammar import Grammar
from ..message import Accumulator
from ..parser import Parser
from ..tools import Tools
from .protocols import Served
from .shapes import Json
from .source import End, Item, Request, Source, SourceError, Stream
from .wire import NotRead, Wire

SHUT_DOWN: Final = "shut down"
_NOT_READ: Final = "client does not read"
_SHUTTING_DOWN: Final = "the server is shutting down"
_FAILED: Final = "the server failed to answer; its log says more"

_log: Final = logging.getLogger("toolfeed.serve")


class Answer:
    """An ASGI response: one turn of a source, told as it comes or whole. `body`: what the request was read from."""

    def __init__(
        self,
        source: Source,
        protocol: Served,
        request: Request,
        body: Json,
        *,
        send_timeout: float,
        keep_alive: float,
    ) -> None:
        self._source = source
        self._protocol = protocol
        self._request = request
        self._body = body
        self._encoder = protocol.encoder(request, body)
        self._send_timeout = send_timeout
        self._keep_alive = keep_alive
        self._began = time.time_ns()
        self._calls = 0
        self._note = "ended"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = Wire(send, self._encoder, self._send_timeout)
        work = asyncio.create_task(self._work(wire))
        tasks = [work, asyncio.create_task(_disconnected(receive))]
        if self._request.stream and self._keep_alive and self._encoder.keep_alive:
            tasks.append(asyncio.create_task(wire.keep_alive(self._keep_alive)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[1].done() and not work.done():
                self._note = "client gone"
            elif not work.done():
                await self._stopped(tasks[2], work, wire)
        except asyncio.CancelledError:
            self._note = SHUT_DOWN
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tell(wire.status)

    async def _stopped(self, timer: asyncio.Task[None], work: asyncio.Task[None], wire: Wire) -> None:
        """What keeps the stream alive has ended."""
        error = timer.exception()
        self._note = _NOT_READ
        if error is not None and not isinstance(error, NotRead):
            self._note = "failed"
            _log.error("an answer failed", exc_info=error)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._fail(wire, 500, _FAILED)

    def _tell(self, status: int) -> None:
        """One line of log: no text, no key."""
        seconds = (time.time_ns() - self._began) / 1e9
        model, name = self._request.model[:100], self._protocol.name
        _log.info("%s %r: %d %s, %d calls, %.2f s", name, model, status, self._note, self._calls, seconds)

    async def _work(self, wire: Wire) -> None:
        """Everything from the first byte to the last."""
        try:
            tools = Tools(self._request.tools or [])  # before anybody is asked
            async with self._source.open(self._request) as stream:
                reading = Reading(stream, self._request, tools)
                if self._request.stream:
                    await self._stream(reading, wire)
                else:
                    await self._whole(reading, wire)
        except (SourceError, ToolfeedError) as error:
            self._note = "broke off" if wire.status else "error"
            await self._fail(wire, error.status if isinstance(error, SourceError) else 400, str(error))
        except NotRead:
            self._note = _NOT_READ
        except asyncio.CancelledError:
            if self._note == SHUT_DOWN:
                await self._fail(wire, 503, _SHUTTING_DOWN)
            raise
        except Exception:  # noqa: BLE001 - a mistake in a source must not look like an answer
            self._note = "failed"
            _log.exception("an answer failed")
            await self._fail(wire, 500, _FAILED)

    async def _fail(self, wire: Wire, status: int, message: str) -> None:
        """End with an error: a status, or an event if a stream has begun."""
        with suppress(NotRead):
            if not wire.status:
                await wire.whole(status, self._protocol.error(status, message))
            elif not wire.ended:
                await wire.put(self._encoder.error(message, self._protocol.code(status)), more=False)

    async def _whole(self, reading: Reading, wire: Wire) -> None:
        accumulator, end = Accumulator(), End()
        async for events, ended in reading:
            accumulator.add(events)
            end = ended or end
        message = accumulator.message
        self._calls = len(message.tool_calls)
        payload = self._protocol.whole(message, end, self._request, self._body, time.time_ns() - self._began)
        await wire.whole(200, to_json(payload))

    async def _stream(self, reading: Reading, wire: Wire) -> None:
        encoder = self._encoder
        await wire.put(encoder.encode(()))
        try:
            async for events, end in reading:
                self._calls += sum(isinstance(event, ToolCallStart) for event in events)
                payloads = encoder.encode(events)
                if end is None:
                    await wire.put(payloads)
                else:
                    payloads += encoder.finish(end.reason, end.usage)
                    await wire.put(payloads, encoder.last, more=False)
        except SourceError:
            await wire.put(encoder.encode(reading.rest()))
            raise


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
        """What is held when a stream breaks. A call that is open gets no end: a client might take it for whole."""
        events = [] if self._parser is None else self._numbered("text", self._parser.finish("length"))
        return [event for event in events if not isinstance(event, ToolCallEnd) or event.status == "complete"]

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
