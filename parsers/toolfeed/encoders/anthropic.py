"""Anthropic's Messages: the events of a stream, and the whole message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..message import Message, ToolCall
from .common import Payload, Tidy, Usage, arguments_object, named_event, new_id, tidied

_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


class Encoder:
    """Message events: content blocks one after the other, a call's arguments as `input_json_delta`.

    `id`: None for a new one. `input_tokens`: what the message's start says, if it is known by then.
    `parallel_tool_calls`: False tells of the first call alone.
    """

    media_type: str = "text/event-stream"
    last: bytes = b""
    keep_alive: bytes = named_event({"type": "ping"})

    def __init__(
        self, model: str, *, id: str | None = None, input_tokens: int = 0, parallel_tool_calls: bool = True
    ) -> None:
        self._message: Final = _message(id or new_id("msg_"), model, [], None, Usage(input_tokens))
        self._tidy = Tidy(parallel_tool_calls=parallel_tool_calls)
        self._opened = False
        self._index = 0
        self._block = ""  # the type of the one that is open

    def encode(self, events: Iterable[Event]) -> list[Payload]:
        payloads = self._open()
        for event in self._tidy.feed(events):
            self._tell(event, payloads)
        return payloads

    def finish(self, reason: str | None = "stop", usage: Usage | None = None) -> list[Payload]:
        payloads = self._open()
        for event in self._tidy.finish():
            self._tell(event, payloads)
        self._close(payloads)
        why = self._tidy.reason(reason)
        delta = {"stop_reason": _REASONS.get(why, why), "stop_sequence": None}
        payloads += [
            {"type": "message_delta", "delta": delta, "usage": usage_of(usage or Usage())},
            {"type": "message_stop"},
        ]
        return payloads

    def error(self, message: str, code: str = "api_error") -> list[Payload]:
        return [error(message, code)]

    def frame(self, payload: Payload) -> bytes:
        return named_event(payload)

    def _open(self) -> list[Payload]:
        if self._opened:
            return []
        self._opened = True
        return [{"type": "message_start", "message": self._message}]

    def _tell(self, event: Event, payloads: list[Payload]) -> None:
        if isinstance(event, ContentDelta):
            self._begin("text", {"type": "text", "text": ""}, payloads)
            self._delta({"type": "text_delta", "text": event.text}, payloads)
        elif isinstance(event, ArgumentsDelta):
            self._delta({"type": "input_json_delta", "partial_json": event.text}, payloads)
        elif isinstance(event, ReasoningDelta):
            self._begin("thinking", {"type": "thinking", "thinking": "", "signature": ""}, payloads)
            self._delta({"type": "thinking_delta", "thinking": event.text}, payloads)
        elif isinstance(event, ToolCallStart):
            self._close(payloads)
            self._begin("tool_use", {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}, payloads)
        else:
            self._close(payloads)

    def _begin(self, block: str, start: Payload, payloads: list[Payload]) -> None:
        if self._block != block:
            self._close(payloads)
            self._block = block
            payloads.append({"type": "content_block_start", "index": self._index, "content_block": start})

    def _delta(self, delta: Payload, payloads: list[Payload]) -> None:
        payloads.append({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _close(self, payloads: list[Payload]) -> None:
        if self._block:
            payloads.append({"type": "content_block_stop", "index": self._index})
            self._index += 1
            self._block = ""


def message(
    message: Message,
    model: str,
    *,
    reason: str | None = "stop",
    usage: Usage | None = None,
    id: str | None = None,
    parallel_tool_calls: bool = True,
) -> Payload:
    """The whole message. A call that is not complete is left out: its input would be an object that nobody wrote."""
    message, reason = tidied(message, parallel_tool_calls=parallel_tool_calls, reason=reason)
    content: list[Payload] = []
    for part in message.parts:
        if isinstance(part, ToolCall):
            arguments = arguments_object(part)
            if arguments is not None:
                content.append({"type": "tool_use", "id": part.id, "name": part.name, "input": arguments})
        elif part.kind == "content":
            content.append({"type": "text", "text": part.text})
        else:
            content.append({"type": "thinking", "thinking": part.text, "signature": ""})
    return _message(id or new_id("msg_"), model, content, _REASONS.get(reason, reason), usage or Usage())


def error(message: str, code: str = "api_error") -> Payload:
    """What an error is, in a stream and as a whole answer."""
    return {"type": "error", "error": {"type": code, "message": message}}


def usage_of(usage: Usage) -> Payload:
    """The usage in this protocol's words, in which what was cached is no part of the input."""
    return {
        "input_tokens": usage.input - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }


def _message(id: str, model: str, content: list[Payload], reason: str | None, usage: Usage) -> dict[str, Any]:
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage_of(usage),
    }
