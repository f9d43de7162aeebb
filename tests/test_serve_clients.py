"""The server and the clients that people use: the libraries of OpenAI, Anthropic and Ollama, over HTTP.

Each speaks with the scripted model in two ways: with `replay/…`, whose text the server itself reads, and with a server
whose upstream is `raw/…`, an engine that leaves the markup in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import anthropic
import ollama
import openai
import pytest

from serving import function_tool, running, weather_tool
from toolfeed import Grammar
from toolfeed.serve import Replay, Upstream

FORMATS = ("hermes", "xlam", "qwen3_coder", "kimi_k2", "pythonic", "harmony")
WITHOUT_REASONING = ("pythonic",)
WITH_CONTENT = "Let me check."
QUESTION = "How is the weather in Berlin and in Paris?"
CITIES = [{"city": "Berlin"}, {"city": "Paris"}]
RESULTS = ("Berlin: 3 degrees, snow", "Paris: 11 degrees, “rain”\u2028")
REPORT = f"Here is what I found: {'; '.join(RESULTS)}"

formats = pytest.mark.parametrize("name", FORMATS)
servers = pytest.mark.parametrize("kind", ["replay", "raw"])
streaming = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


class Clients(NamedTuple):
    """The three libraries' clients of one server."""

    openai: openai.OpenAI
    anthropic: anthropic.Anthropic
    ollama: ollama.Client


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Clients]]:
    """The clients of the server of each kind of model."""
    with ExitStack() as stack:
        replay = stack.enter_context(running(Replay(cut=3)))
        source = Upstream(replay, lambda model: Grammar.load(model.removeprefix("raw/")))
        upstream = stack.enter_context(running(source))

        def clients_of(url: str) -> Clients:
            return Clients(
                stack.enter_context(openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)),
                stack.enter_context(anthropic.Anthropic(base_url=url, api_key="key", max_retries=0)),
                stack.enter_context(ollama.Client(host=url)),
            )

        yield {"replay": clients_of(replay), "raw": clients_of(upstream)}


def reasoning_of(name: str) -> str:
    return "" if name in WITHOUT_REASONING else "I need get_weather."


@formats
@servers
@streaming
def test_openai_chat(clients: dict[str, Clients], kind: str, name: str, stream: bool) -> None:
    client = clients[kind].openai
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    options: dict[str, Any] = {"model": f"{kind}/{name}", "tools": [weather_tool()]}

    def ask() -> Any:
        if not stream:
            return client.chat.completions.create(messages=messages, **options)
        usage: Any = {"include_usage": True}
        with client.chat.completions.stream(messages=messages, stream_options=usage, **options) as events:
            return events.get_final_completion()

    completion = ask()
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == WITH_CONTENT
    assert (choice.message.model_extra or {}).get("reasoning_content", "") == reasoning_of(name)
    calls = choice.message.tool_calls
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", city) for city in CITIES
    ]
    assert len({call.id for call in calls}) == 2
    assert completion.usage.completion_tokens > 0

    messages.append(choice.message.to_dict())
    for call, result in zip(calls, RESULTS, strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    choice = ask().choices[0]
    assert (choice.finish_reason, choice.message.content) == ("stop", REPORT)
    assert not choice.message.tool_calls


@formats
@servers
@streaming
def test_openai_responses(clients: dict[str, Clients], kind: str, name: str, stream: bool) -> None:
    client = clients[kind].openai
    history: list[Any] = [{"role": "user", "content": QUESTION}]
    tool = {"type": "function", **weather_tool()["function"], "strict": False}
    options: dict[str, Any] = {"model": f"{kind}/{name}", "tools": [tool], "instructions": "Be brief."}

    def ask() -> Any:
        if not stream:
            return client.responses.create(input=history, **options)
        with client.responses.stream(input=history, **options) as events:
            return events.get_final_response()

    response = ask()
    assert response.status == "completed"
    assert response.output_text == WITH_CONTENT
    assert response.instructions == "Be brief."
    thoughts = [item.content[0].text for item in response.output if item.type == "reasoning"]
    assert "".join(thoughts) == reasoning_of(name)
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments), call.status) for call in calls] == [
        ("get_weather", city, "completed") for city in CITIES
    ]
    assert response.usage.output_tokens > 0

    history += [item.to_dict() for item in response.output]
    for call, result in zip(calls, RESULTS, strict=True):
        history.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
    response = ask()
    assert (response.status, response.output_text) == ("completed", REPORT)


@formats
@servers
@streaming
def test_anthropic(clients: dict[str, Clients], kind: str, name: str, stream: bool) -> None:
    client = clients[kind].anthropic
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    function = weather_tool()["function"]
    tool = {"name": function["name"], "input_schema": function["parameters"]}
    options: dict[str, Any] = {"model": f"{kind}/{name}", "tools": [tool], "max_tokens": 1000, "system": "Be brief."}

    def ask() -> Any:
        if not stream:
            return client.messages.create(messages=messages, **options)
        with client.messages.stream(messages=messages, **options) as events:
            return events.get_final_message()

    message = ask()
    assert message.stop_reason == "tool_use"
    texts = [block.text for block in message.content if block.type == "text"]
    assert "".join(texts) == WITH_CONTENT
    thoughts = [block.thinking for block in message.content if block.type == "thinking"]
    assert "".join(thoughts) == reasoning_of(name)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [("get_weather", city) for city in CITIES]
    assert message.usage.output_tokens > 0

    messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result}
        for call, result in zip(calls, RESULTS, strict=True)
    ]
    messages.append({"role": "user", "content": results})
    message = ask()
    assert message.stop_reason == "end_turn"
    assert "".join(block.text for block in message.content if block.type == "text") == REPORT


@formats
@servers
@streaming
def test_ollama(clients: dict[str, Clients], kind: str, name: str, stream: bool) -> None:
    client = clients[kind].ollama
    messages: list[Any] = [{"role": "user", "content": QUESTION}]

    def ask() -> tuple[str, str, list[Any], Any]:
        options: dict[str, Any] = {"model": f"{kind}/{name}", "messages": messages, "tools": [weather_tool()]}
        answers = list(client.chat(stream=True, **options)) if stream else [client.chat(**options)]
        content = "".join(answer.message.content or "" for answer in answers)
        thoughts = "".join(answer.message.thinking or "" for answer in answers)
        calls = [call for answer in answers for call in answer.message.tool_calls or ()]
        return content, thoughts, calls, answers[-1]

    content, thoughts, calls, last = ask()
    assert (content, thoughts) == (WITH_CONTENT, reasoning_of(name))
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", city) for city in CITIES
    ]
    assert (last.done, last.done_reason) == (True, "stop")
    assert last.eval_count > 0

    tool_calls = [{"function": {"name": c.function.name, "arguments": dict(c.function.arguments)}} for c in calls]
    messages.append({"role": "assistant", "content": content, "tool_calls": tool_calls})
    messages += [{"role": "tool", "tool_name": "get_weather", "content": result} for result in RESULTS]
    content, _, calls, last = ask()
    assert (content, calls, last.done_reason) == (REPORT, [], "stop")


@streaming
@servers
def test_what_a_client_forbids(clients: dict[str, Clients], kind: str, stream: bool) -> None:
    """No second call, no call at all, and an end after so many tokens."""
    client = clients[kind].openai

    def ask(**options: Any) -> Any:
        request: dict[str, Any] = {
            "model": f"{kind}/hermes",
            "messages": [{"role": "user", "content": QUESTION}],
            "tools": [weather_tool()],
            **options,
        }
        if not stream:
            return client.chat.completions.create(**request).choices[0]
        with client.chat.completions.stream(**request) as events:
            return events.get_final_completion().choices[0]

    assert len(ask(parallel_tool_calls=False).message.tool_calls) == 1
    assert not ask(tool_choice="none").message.tool_calls
    tools: list[Any] = [weather_tool(), function_tool("get_time", {"zone": {"enum": ["CET"]}}, ["zone"])]
    choice = ask(tools=tools, tool_choice={"type": "function", "function": {"name": "get_time"}})
    assert [(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls] == [
        ("get_time", {"zone": "CET"})
    ]
    options: dict[str, Any] = {"model": f"{kind}/hermes", "tools": tools[:1], "stream": stream}
    in_the_first_call = 35
    cut_off: Any = client.chat.completions.create(
        messages=[{"role": "user", "content": QUESTION}], max_tokens=in_the_first_call, **options
    )
    reasons = [chunk.choices[0].finish_reason for chunk in cut_off] if stream else [cut_off.choices[0].finish_reason]
    assert reasons[-1] == "length"


def test_the_models_that_there_are(clients: dict[str, Clients]) -> None:
    names = [model.id for model in clients["raw"].openai.models.list()]
    assert {f"{kind}/{name}" for kind in ("replay", "raw") for name in FORMATS} <= set(names)
    assert [model.id for model in clients["replay"].anthropic.models.list()] == names
    assert [model.model for model in clients["replay"].ollama.list().models] == names


def test_errors_are_those_of_each_library(clients: dict[str, Clients]) -> None:
    mine = clients["replay"]
    with pytest.raises(openai.NotFoundError, match="replay/hermes"):
        mine.openai.chat.completions.create(model="replay/hermez", messages=[{"role": "user", "content": "Hi"}])
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        mine.openai.responses.create(model="replay/hermes", input="Hi", previous_response_id="resp_1")
    with pytest.raises(anthropic.NotFoundError, match="replay/hermes"):
        mine.anthropic.messages.create(
            model="replay/hermez", messages=[{"role": "user", "content": "Hi"}], max_tokens=9
        )
    with pytest.raises(ollama.ResponseError, match="replay/hermes"):
        mine.ollama.chat(model="replay/hermez", messages=[{"role": "user", "content": "Hi"}])
