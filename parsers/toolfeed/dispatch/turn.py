"""A turn whose tools run while its text flows.

It has one task that reads the text and one for each call that runs; all of them tell what they have through one queue,
which is short, so that nothing is read that nobody takes. A turn that is left before its end cancels them.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any, Final

from ..events import Event
from ..parser import Parser
from .functions import Json, Prepared, Tool, ToolResult, Tools, as_text, failure, too_long
from .reading import Piece, Reading
from .threads import in_thread

_WAITING: Final = 64  # pieces that may wait for the one who takes them


class Turn(Reading):
    """One turn: iterate over it for the events, in order, and each ToolResult as soon as there is one.

    The iteration ends when the text has ended and every call has its result. What the source raises is raised, once the
    events before it are told. `message`, `results` and `messages` can be asked at any time.
    """

    def __init__(
        self, tools: Tools, source: AsyncIterable[Piece], parser: Parser | None, *, limit: int, timeout: float | None
    ) -> None:
        super().__init__(tools, parser)
        self._source = source
        self._limit = asyncio.Semaphore(limit)
        self._timeout = timeout
        self._queue: asyncio.Queue[list[Event | ToolResult] | BaseException | None] = asyncio.Queue(_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._events: AsyncGenerator[Event | ToolResult] | None = None

    def __aiter__(self) -> AsyncIterator[Event | ToolResult]:
        if self._events is None:
            self._events = self._run()
        return self._events

    async def aclose(self) -> None:
        """Leave the turn: the source is read no further, and what runs is cancelled."""
        if self._events is not None:
            await self._events.aclose()

    async def _run(self) -> AsyncGenerator[Event | ToolResult]:
        reader = asyncio.create_task(self._read())
        try:
            while True:
                told = await self._queue.get()
                if told is None:
                    return
                if isinstance(told, BaseException):
                    raise told
                for event in told:
                    yield event
        finally:
            tasks = [reader, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for piece in self._source:
                await self._tell(self.read(piece))
            await self._tell(self.finish())
            while self._tasks:
                await asyncio.gather(*self._tasks)
            await self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the turn is iterated
            await self._queue.put(error)

    async def _tell(self, events: list[Event]) -> None:
        told: list[Event | ToolResult] = list(events)
        for found in self.take(events):
            if isinstance(found, ToolResult):
                told.append(found)
            else:
                task = asyncio.create_task(self._call(found))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if told:
            await self._queue.put(told)

    async def _call(self, call: Prepared) -> None:
        index = call.index
        async with self._limit:
            began = time.monotonic()
            limit = asyncio.timeout(self._timeout)
            try:
                async with limit:
                    value = await _value_of(call.tool, call.arguments)
                result = self.result(index, "ok", as_text(value), began, value)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                result = self.result(index, "error", failure(error), began)  # the tool's own doing
            except Exception as error:  # noqa: BLE001 - whatever a tool raises is told to the model
                if self._timeout is not None and limit.expired():
                    result = self.result(index, "timeout", too_long(self._timeout), began)
                else:
                    result = self.result(index, "error", failure(error), began)
        await self._queue.put([result])


async def _value_of(tool: Tool, arguments: Json) -> Any:
    try:
        if tool.is_async:
            return await tool.function(**arguments)
        value = await asyncio.wrap_future(in_thread(tool.function, arguments))
        return await value if inspect.isawaitable(value) else value
    except SystemExit as error:
        raise RuntimeError(f"SystemExit: {error}") from None
