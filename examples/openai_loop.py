"""The usual streaming loop of a client of OpenAI's chat completions: calls are put together by their index.

    toolfeed serve
    python examples/openai_loop.py http://127.0.0.1:8000

The model writes Kimi K2's format; the client knows nothing of it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import openai

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, today.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def get_weather(city: str) -> str:
    """What a weather service would say."""
    return f"{city}: 21 degrees"


def ask(client: openai.OpenAI, model: str, messages: list[Any]) -> tuple[str, list[dict[str, str]]]:
    """One turn, printed as it comes: its text, and its calls."""
    content = ""
    calls: dict[int, dict[str, str]] = {}
    tools: list[Any] = [WEATHER]
    for chunk in client.chat.completions.create(model=model, messages=messages, tools=tools, stream=True):
        choice = chunk.choices[0]
        if choice.delta.content:
            content += choice.delta.content
            print(choice.delta.content, end="", flush=True)
        for delta in choice.delta.tool_calls or ():
            call = calls.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += delta.id or ""
            if delta.function:
                call["name"] += delta.function.name or ""
                call["arguments"] += delta.function.arguments or ""
        if choice.finish_reason == "tool_calls":
            break
    print()
    return content, [calls[index] for index in sorted(calls)]


def main(url: str, model: str = "replay/kimi_k2") -> None:
    """A question, the call, its result, the answer."""
    messages: list[Any] = [{"role": "user", "content": "How is the weather in Lisbon?"}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        while True:
            content, calls = ask(client, model, messages)
            if not calls:
                break
            told = [
                {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
                for c in calls
            ]
            messages.append({"role": "assistant", "content": content, "tool_calls": told})
            for call in calls:
                arguments = json.loads(call["arguments"])
                print(f"{call['name']}({arguments}) as {call['id']}")
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": get_weather(**arguments)})


if __name__ == "__main__":
    main(*sys.argv[1:])
