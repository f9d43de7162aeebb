"""Server-sent events → parser → dispatcher → tool: text keeps appearing while a slow tool runs.

    toolfeed serve --replay examples/turns --speed 150
    python examples/pipeline.py http://127.0.0.1:8000

`raw/…` is an engine that leaves the markup in its text, so the parsing is done here. Each line has the seconds since
the beginning.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2

import toolfeed
from toolfeed.dispatch import Dispatcher, ToolResult


async def look_up(topic: str) -> str:
    """Looks a topic up, slowly."""
    await asyncio.sleep(0.4)
    return f"{topic} is older than it looks"


async def text_of(client: httpx2.AsyncClient, url: str, request: dict[str, Any]) -> AsyncIterator[str]:
    """The text of a stream of chat completion chunks."""
    async with client.stream("POST", f"{url}/v1/chat/completions", json=request) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    yield choice["delta"].get("content") or ""


async def main(url: str, format: str = "qwen3_coder") -> None:
    """Turn after turn, until one has no calls."""
    dispatcher = Dispatcher([look_up])
    messages: list[Any] = [{"role": "user", "content": "What is incremental parsing?"}]
    began = time.monotonic()

    def say(what: str, text: str) -> None:
        print(f"{time.monotonic() - began:.3f} {what:6} {text!r}", flush=True)

    async with httpx2.AsyncClient(timeout=60) as client:
        while True:
            request = {"model": f"raw/{format}", "messages": messages, "tools": dispatcher.tools, "stream": True}
            parser = toolfeed.Parser(format, tools=dispatcher.tools)
            turn = dispatcher.run(text_of(client, url, request), parser)
            async for event in turn:
                match event:
                    case toolfeed.ContentDelta(text):
                        say("text", text)
                    case toolfeed.ToolCallStart(_, _, name):
                        say("call", name)
                    case ToolResult(content=content):
                        say("result", content)
            messages += turn.messages()
            if not turn.results:
                break


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
