"""OpenAI's chat completions: chunks of a stream, and the whole completion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..message import Message
from .common import COMMENT, Payload, Tidy, Usage, data_line, new_id, now, tidied


class Encoder:
    """Chat completion chunks.

    `id`, `created` (seconds since 1970): None for new ones. `include_usage`: whether a last chunk has the usage.
    `parallel_tool_calls`: False tells of the first call alone. `reasoning_key`: where a delta has the reasoning, which
    the protocol has no place for; engines write `reasoning_content` or `reasoning`.
    """

    media_type: str = "text/event-stream"
    last: bytes = b"data: [DONE]\n\n"
    keep_alive: bytes = COMMENT

    def __init__(
        self,
        model: str,
        *,
        id: str | None = None,
        created: int | None = None,
        include_usage: bool = False,
        parallel_tool_calls: bool = True,
        reasoning_key: str = "reasoning_content",
    ) -> None:
        self._head: Final = {
            "id": id or new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": now() if created is None else created,
            "model": model,
        }
        self._include_usage = include_usage
        self._reasoning_key = reasoning_key
        self._tidy = Tidy(parallel_tool_calls=parallel_tool_calls)
        self._opened = False

    def encode(self, events: Iterable[Event]) -> list[Payload]:
        return [*self._open(), *self._chunks(self._tidy.feed(events))]

    def finish(self, reason: str | None = "stop", usage: Usage | None = None) -> list[Payload]:
        payloads = [*self._open(), *self._chunks(self._tidy.finish())]
        payloads.append(self._chunk({}, self._tidy.reason(reason)))
        if self._include_usage:
            payloads.append({**self._head, "choices": [], "usage": usage_of(usage or Usage())})
        return payloads

    def error(self, message: str, code: str = "server_error") -> list[Payload]:
        return [error(message, code)]

    def frame(self, payload: Payload) -> bytes:
        return data_line(payload)

    def _open(self) -> list[Payload]:
        if self._opened:
            return []
        self._opened = True
        return [self._chunk({"role": "assistant"})]

    def _chunks(self, events: Iterable[Event]) -> list[Payload]:
        payloads: list[Payload] = []
        for event in events:
            if isinstance(event, ContentDelta):
                delta: Payload = {"content": event.text}
            elif isinstance(event, ArgumentsDelta):
                delta = {"tool_calls": [{"index": event.index, "function": {"arguments": event.text}}]}
            elif isinstance(event, ReasoningDelta):
                delta = {self._reasoning_key: event.text}
            elif isinstance(event, ToolCallStart):
                function = {"name": event.name, "arguments": ""}
                call = {"index": event.index, "id": event.id, "type": "function", "function": function}
                delta = {"tool_calls": [call]}
            else:
                continue
            payloads.append(self._chunk(delta))
        return payloads

    def _chunk(self, delta: Payload, reason: str | None = None) -> Payload:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "choices": [choice]}


def completion(
    message: Message,
    model: str,
    *,
    reason: str | None = "stop",
    usage: Usage | None = None,
    id: str | None = None,
    created: int | None = None,
    parallel_tool_calls: bool = True,
    reasoning_key: str = "reasoning_content",
) -> Payload:
    """The whole completion. The arguments of a call that is not complete are what came of them."""
    message, reason = tidied(message, parallel_tool_calls=parallel_tool_calls, reason=reason)
    told: Payload = {"role": "assistant", "content": message.content or (None if message.tool_calls else "")}
    if message.reasoning:
        told[reasoning_key] = message.reasoning
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return {
        "id": id or new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": now() if created is None else created,
        "model": model,
        "choices": [{"index": 0, "message": told, "logprobs": None, "finish_reason": reason}],
        "usage": usage_of(usage or Usage()),
    }


def error(message: str, code: str = "server_error") -> Payload:
    """What an error is, in a stream and as a whole answer."""
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def usage_of(usage: Usage) -> Payload:
    """The usage in this protocol's words."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
