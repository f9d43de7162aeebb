"""A turn and its results as the messages that follow it in a conversation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

from ..message import Message, ToolCall
from .functions import ToolResult

Json: TypeAlias = dict[str, Any]
Shape: TypeAlias = Literal["openai_chat", "openai_responses", "anthropic", "ollama"]


def follow_up(message: Message, results: Iterable[ToolResult], shape: Shape = "openai_chat") -> list[Json]:
    """What is appended to a conversation: the assistant's turn, and the results in the order of its calls.

    `shape`: whose messages they are; in "openai_responses" they are input items. The arguments of a call that was not
    whole are `{}`, since servers read those of past calls; its result says what happened.
    """
    return _SHAPES[shape](message, sorted(results, key=lambda result: result.index))


def _arguments(call: ToolCall) -> str:
    return call.arguments if call.status == "complete" else "{}"


def _object(call: ToolCall) -> Any:
    try:
        return json.loads(_arguments(call))
    except (ValueError, RecursionError):
        return {}


def _openai_chat(message: Message, results: list[ToolResult]) -> list[Json]:
    told: Json = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}
            for call in message.tool_calls
        ]
    return [told, *({"role": "tool", "tool_call_id": result.id, "content": result.content} for result in results)]


def _openai_responses(message: Message, results: list[ToolResult]) -> list[Json]:
    items: list[Json] = []
    if message.content:
        items.append({"role": "assistant", "content": message.content})
    items += [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": _arguments(call)}
        for call in message.tool_calls
    ]
    items += [{"type": "function_call_output", "call_id": result.id, "output": result.content} for result in results]
    return items


def _anthropic(message: Message, results: list[ToolResult]) -> list[Json]:
    content: list[Json] = [{"type": "text", "text": message.content}] if message.content.strip() else []
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call)} for call in message.tool_calls
    ]
    told: list[Json] = [{"role": "assistant", "content": content}] if content else []
    if results:
        blocks = [
            {
                "type": "tool_result",
                "tool_use_id": result.id,
                "content": result.content,
                **({} if result.outcome == "ok" else {"is_error": True}),
            }
            for result in results
        ]
        told.append({"role": "user", "content": blocks})
    return told


def _ollama(message: Message, results: list[ToolResult]) -> list[Json]:
    told: Json = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"function": {"name": call.name, "arguments": _object(call)}} for call in message.tool_calls
        ]
    return [told, *({"role": "tool", "tool_name": result.name, "content": result.content} for result in results)]


_SHAPES: Final[Mapping[Shape, Callable[[Message, list[ToolResult]], list[Json]]]] = {
    "openai_chat": _openai_chat,
    "openai_responses": _openai_responses,
    "anthropic": _anthropic,
    "ollama": _ollama,
}
