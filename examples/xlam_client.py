"""A client that tries a model with several queries: deltas as they come, parallel calls, and the answers that follow.

    toolfeed serve
    python examples/xlam_client.py http://127.0.0.1:8000

The model writes its calls as xLAM does, in a bare JSON list that only the server's parser can tell from text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import openai

MODEL = "replay/xlam"
QUERIES = (
    "How is the weather in Berlin and in Paris?",
    "Please convert 100 dollars.",
    "Thank you, that is all.",
)


def get_weather(city: str) -> dict[str, Any]:
    """What a weather service would say."""
    return {"city": city, "degrees": 3 * len(city)}


def convert_currency(amount: float, to: str = "EUR") -> str:
    """What a bank would say."""
    return f"{amount * 0.9:.2f} {to}"


FUNCTIONS: dict[str, Callable[..., Any]] = {"get_weather": get_weather, "convert_currency": convert_currency}
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "convert_currency",
            "parameters": {
                "type": "object",
                "properties": {"amount": {"type": "number", "default": 100}, "to": {"enum": ["EUR", "GBP"]}},
                "required": ["amount", "to"],
            },
        },
    },
]


def stream(client: openai.OpenAI, messages: list[Any], tools: list[Any]) -> Any:
    """One turn; every delta is printed. Returns the message that they add up to."""
    options: dict[str, Any] = {"tools": tools} if tools else {}
    with client.chat.completions.stream(model=MODEL, messages=messages, **options) as events:
        for event in events:
            if event.type == "content.delta":
                print(f"  text      {event.delta!r}")
            elif event.type == "tool_calls.function.arguments.delta":
                print(f"  call {event.index}    {event.name} {event.arguments_delta!r}")
        completion = events.get_final_completion()
    print(f"  finished  {completion.choices[0].finish_reason}")
    return completion.choices[0].message


def main(url: str) -> None:
    """Each query to its end."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        for query in QUERIES:
            print(f"\n> {query}")
            messages: list[Any] = [{"role": "user", "content": query}]
            # The last query wants no tool.
            message = stream(client, messages, TOOLS if query != QUERIES[-1] else [])
            if message.tool_calls:
                messages.append(message.to_dict())
                for call in message.tool_calls:
                    result = FUNCTIONS[call.function.name](**json.loads(call.function.arguments))
                    print(f"  result    {call.function.name} {json.dumps(result)}")
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
                message = stream(client, messages, TOOLS)
            print(f"< {message.content}")


if __name__ == "__main__":
    main(*sys.argv[1:])
