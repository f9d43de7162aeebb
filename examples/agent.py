"""An agent whose answer comes in chunk objects, sync and async, and a web endpoint that relays them.

    toolfeed serve
    python examples/agent.py http://127.0.0.1:8000            # sync, then async
    python examples/agent.py http://127.0.0.1:8000 8001       # a web endpoint: curl -N 'http://127.0.0.1:8001/?q=Hello'

A chunk has a piece of the text, or a call that starts, or the result of one; the last has the whole response. A turn's
tools run while its text flows, and turns follow one another until one has no calls.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import msgspec

import toolfeed
from toolfeed import ContentDelta, ToolCallStart
from toolfeed.dispatch import Dispatcher, ToolResult

FORMAT = "hermes"


class Response(msgspec.Struct):
    """All that an answer came to."""

    text: str
    messages: list[dict[str, Any]]


class Chunk(msgspec.Struct, omit_defaults=True):
    """A piece of an answer."""

    text: str = ""
    tool_call: str | None = None  # the name of one that starts
    tool_result: dict[str, str] | None = None
    finished: bool = False
    response: Response | None = None  # with the last chunk


class Agent:
    """Answers with the tools of a dispatcher, and what a model behind this address writes."""

    def __init__(self, url: str, dispatcher: Dispatcher, most_turns: int = 8) -> None:
        self.url = f"{url}/v1/chat/completions"
        self.dispatcher = dispatcher
        self.most_turns = most_turns

    def stream(self, messages: list[dict[str, Any]]) -> Iterator[Chunk]:
        """The answer to a conversation."""
        history = list(messages)
        with httpx2.Client(timeout=60) as client:

            def text() -> Iterator[str]:
                with client.stream("POST", self.url, json=self._request(history)) as answer:
                    for line in answer.iter_lines():
                        yield _text(line)

            for _ in range(self.most_turns):
                turn = self.dispatcher.run_sync(text(), self._parser())
                for event in turn:
                    if chunk := _chunk(event):
                        yield chunk
                history += turn.messages()
                if not turn.results:
                    break
        yield _last(history[len(messages) :])

    async def astream(self, messages: list[dict[str, Any]]) -> AsyncIterator[Chunk]:
        """The same in an event loop."""
        history = list(messages)
        async with httpx2.AsyncClient(timeout=60) as client:

            async def text() -> AsyncIterator[str]:
                async with client.stream("POST", self.url, json=self._request(history)) as answer:
                    async for line in answer.aiter_lines():
                        yield _text(line)

            for _ in range(self.most_turns):
                turn = self.dispatcher.run(text(), self._parser())
                async for event in turn:
                    if chunk := _chunk(event):
                        yield chunk
                history += turn.messages()
                if not turn.results:
                    break
        yield _last(history[len(messages) :])

    def _request(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        tools = self.dispatcher.tools
        return {"model": f"raw/{FORMAT}", "messages": messages, "tools": tools, "stream": True}

    def _parser(self) -> toolfeed.Parser:
        return toolfeed.Parser(FORMAT, tools=self.dispatcher.tools)


def _text(line: str) -> str:
    """The text in a line of server-sent events."""
    choices = json.loads(line[6:])["choices"] if line.startswith("data: {") else []
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def _chunk(event: object) -> Chunk | None:
    match event:
        case ContentDelta(text):
            return Chunk(text)
        case ToolCallStart(_, _, name):
            return Chunk(tool_call=name)
        case ToolResult(name=name, content=content):
            return Chunk(tool_result={"name": name, "content": content})
    return None


def _last(messages: list[dict[str, Any]]) -> Chunk:
    text = "".join(message["content"] for message in messages if message["role"] == "assistant")
    return Chunk(finished=True, response=Response(text, messages))


def get_weather(city: str) -> str:
    """The weather in a city, today."""
    return f"{city}: 21 degrees"


async def get_time(zone: str = "UTC") -> str:
    """The time in a zone."""
    await asyncio.sleep(0.05)
    return f"12:00 {zone}"


def endpoint(agent: Agent) -> Any:
    """A web application that answers the query `q` with server-sent events, a chunk each."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    async def answer(request: Request) -> StreamingResponse:
        question = [{"role": "user", "content": request.query_params.get("q", "")}]

        async def events() -> AsyncIterator[bytes]:
            async for chunk in agent.astream(question):
                yield b"data: " + msgspec.json.encode(chunk) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return Starlette(routes=[Route("/", answer)])


async def show(chunks: AsyncIterator[Chunk]) -> None:
    """Print chunks as they come."""
    async for chunk in chunks:
        print("async", msgspec.json.encode(chunk).decode(), flush=True)


def main(url: str, port: str = "") -> None:
    """Both ways, or the web endpoint."""
    agent = Agent(url, Dispatcher([get_weather, get_time]))
    if port:
        import uvicorn

        uvicorn.run(endpoint(agent), host="127.0.0.1", port=int(port), log_level="warning")
        return
    question = [{"role": "user", "content": "What is the weather in Oslo, and the time?"}]
    for chunk in agent.stream(question):
        print("sync ", msgspec.json.encode(chunk).decode(), flush=True)
    asyncio.run(show(agent.astream(question)))


if __name__ == "__main__":
    main(*sys.argv[1:])
