"""Servers for tests: an application behind a real socket on the loopback, in a thread, which ends with its test."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from toolfeed import Grammar
from toolfeed.serve import Request, Source, Stream, create_app
from toolfeed.serve.server import address, listen, make_server
from toolfeed.serve.source import Item

PATIENCE = 20  # seconds until something that should happen counts as missing


@contextmanager
def running(app: ASGIApp | Source, **options: Any) -> Iterator[str]:
    """The base URL of a server for this application, or for one that serves this source."""
    grace = options.pop("grace", 5)
    asgi: Any = app if callable(app) else create_app(app, **options)
    with serving(make_server(asgi, grace=grace)) as (url, _):
        yield url


@contextmanager
def serving(server: uvicorn.Server) -> Iterator[tuple[str, threading.Thread]]:
    """A server's base URL, and the thread that it runs in."""
    bound = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield address(bound), thread
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server does not end"


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.005)


class Endless:
    """A source that writes a piece every `pause` seconds until its stream is left; counts pieces and streams."""

    def __init__(self, piece: str = "word ", pause: float = 0.01, grammar: str | None = None) -> None:
        self.piece = piece
        self.pause = pause
        self.grammar = None if grammar is None else Grammar.load(grammar)
        self.pieces = 0
        self.open_streams = 0
        self.left = 0

    async def models(self, key: str = "") -> list[str]:
        return ["endless"]

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        self.open_streams += 1
        try:
            yield Stream(self._items(), self.grammar)
        finally:
            self.left += 1

    async def _items(self) -> AsyncIterator[Item]:
        while True:
            await asyncio.sleep(self.pause)
            self.pieces += 1
            yield self.piece

    async def close(self) -> None:
        pass


def weather_tool(**more: Any) -> dict[str, Any]:
    """The declaration of a tool that takes a city."""
    return function_tool("get_weather", {"city": {"type": "string"}, "days": {"type": "integer"}}, ["city"], **more)


def function_tool(name: str, properties: dict[str, Any], required: list[str], **more: Any) -> dict[str, Any]:
    """A tool in the shape of OpenAI's chat completions."""
    schema = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "parameters": schema, **more}}
