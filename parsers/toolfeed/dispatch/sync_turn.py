"""Turns without an event loop: the source in one thread, each tool in another."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Generator, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from ..events import Event
from ..parser import Parser
from .functions import Function, Prepared, ToolResult, Tools, as_text, failure, too_long
from .reading import Piece, Reading
from .threads import in_thread

_WAITING: Final = 64  # pieces that may wait for the one who takes them
_GLANCE: Final = 0.02  # seconds between looks at clocks, if there are any to look at


class _Running:
    """A call that runs, or waits until it may."""

    def __init__(self, call: Prepared) -> None:
        self.call: Final = call
        self.index: Final = call.index
        self.began = 0.0


class SyncTurn(Reading):
    """One turn, as Turn is, for programs without an event loop."""

    def __init__(
        self, tools: Tools, source: Iterable[Piece], parser: Parser | None, *, limit: int, timeout: float | None
    ) -> None:
        super().__init__(tools, parser)
        self._source = source
        self._limit = limit
        self._timeout = timeout
        self._queue: queue.Queue[list[Event] | BaseException | tuple[_Running, Future[Any]] | None] = queue.Queue()
        self._room = threading.Semaphore(_WAITING)  # for pieces of the source
        self._left = False
        self._waiting: deque[_Running] = deque()
        self._running: dict[int, _Running] = {}
        self._events: Generator[Event | ToolResult] | None = None

    def __iter__(self) -> Iterator[Event | ToolResult]:
        if self._events is None:
            self._events = self._run()
        return self._events

    def close(self) -> None:
        """Leave the turn: the source is read no further, and nobody waits for what runs."""
        if self._events is not None:
            self._events.close()

    def _run(self) -> Generator[Event | ToolResult]:
        threading.Thread(target=self._read, name="turn", daemon=True).start()
        reading = True
        try:
            while reading or self._running or self._waiting:
                if late := list(self._overdue()):
                    yield from late
                    continue  # there may be nothing left to wait for
                try:
                    told = self._queue.get(timeout=_GLANCE if self._timeout is not None and self._running else None)
                except queue.Empty:
                    continue
                if told is None:
                    reading = False
                elif isinstance(told, BaseException):
                    raise told
                elif isinstance(told, tuple):
                    yield from self._done(*told)
                else:
                    self._room.release()
                    yield from told
                    yield from self._take(told)
        finally:
            self._left = True
            self._room.release()

    def _read(self) -> None:
        """What the source's thread does."""
        try:
            for piece in self._source:
                if self._left:
                    break
                self._tell(self.read(piece))
            else:
                self._tell(self.finish())
                self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the turn is iterated
            self._queue.put(error)
        if self._left:
            close = getattr(self._source, "close", None)
            if callable(close):
                close()

    def _tell(self, events: list[Event]) -> None:
        if events:
            self._room.acquire()
            self._queue.put(events)

    def _take(self, events: list[Event]) -> Iterator[ToolResult]:
        for found in self.take(events):
            if isinstance(found, ToolResult):
                yield found
            else:
                self._waiting.append(_Running(found))
        self._start()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._limit:
            call = self._waiting.popleft()
            call.began = time.monotonic()
            self._running[call.index] = call
            future = in_thread(_blocking(call.call.tool.function), call.call.arguments)
            future.add_done_callback(partial(self._ended, call))

    def _ended(self, call: _Running, future: Future[Any]) -> None:
        self._queue.put((call, future))

    def _done(self, call: _Running, future: Future[Any]) -> Iterator[ToolResult]:
        if self._running.pop(call.index, None) is None:
            return  # it took too long, which has been told
        error = future.exception()
        if error is None:
            value = future.result()
            yield self.result(call.index, "ok", as_text(value), call.began, value)
        else:
            yield self.result(call.index, "error", failure(error), call.began)
        self._start()

    def _overdue(self) -> Iterator[ToolResult]:
        if self._timeout is None:
            return
        for call in list(self._running.values()):
            if time.monotonic() - call.began > self._timeout:
                del self._running[call.index]
                yield self.result(call.index, "timeout", too_long(self._timeout), call.began)
        self._start()


def _blocking(function: Function) -> Function:
    """A coroutine function as one that waits for its own end; any other as it is."""

    def call(**arguments: Any) -> Any:
        value = function(**arguments)
        return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value

    return call


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
