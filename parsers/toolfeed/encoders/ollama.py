"""Ollama's chat: the lines of a stream, and the whole answer. Calls are told whole, as this protocol has them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from ..message import Message, ToolCall
from .common import Payload, Tidy, Usage, arguments_object, tidied, to_json


class Encoder:
    """Chat lines.

    A call that is not complete is not told, since its arguments would be an object that nobody wrote; the last line
    lists it under `tool_call_errors`. `parallel_tool_calls`: False tells of the first call alone. `clock`: nanoseconds
    since 1970.
    """

    media_type: str = "application/x-ndjson"
    last: bytes = b""
    keep_alive: bytes = b""

    def __init__(
        self, model: str, *, parallel_tool_calls: bool = True, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._model: Final = model
        self._clock: Final = clock
        self._began: Final = clock()
        self._tidy = Tidy(parallel_tool_calls=parallel_tool_calls)
        self._calls = 0
        self._open: ToolCallStart | None = None
        self._arguments: list[str] = []  # of the call that is open
        self._errors: list[Payload] = []

    def encode(self, events: Iterable[Event]) -> list[Payload]:
        return self._lines(self._tidy.feed(events))

    def finish(self, reason: str | None = "stop", usage: Usage | None = None) -> list[Payload]:
        lines = self._lines(self._tidy.finish())
        ended = self._clock()
        lines.append(_last(self._line(ended, ""), self._tidy.reason(reason), usage, ended - self._began, self._errors))
        return lines

    def error(self, message: str, code: str = "server_error") -> list[Payload]:
        return [error(message, code)]

    def frame(self, payload: Payload) -> bytes:
        return to_json(payload) + b"\n"

    def _line(self, at: int, content: str, **more: object) -> Payload:
        return {
            "model": self._model,
            "created_at": _timestamp(at),
            "message": {"role": "assistant", "content": content, **more},
            "done": False,
        }

    def _lines(self, events: Iterable[Event]) -> list[Payload]:
        lines: list[Payload] = []
        for event in events:
            if isinstance(event, ContentDelta):
                lines.append(self._line(self._clock(), event.text))
            elif isinstance(event, ReasoningDelta):
                lines.append(self._line(self._clock(), "", thinking=event.text))
            elif isinstance(event, ToolCallStart):
                self._open = event
                self._arguments.clear()
            elif isinstance(event, ArgumentsDelta):
                self._arguments.append(event.text)
            elif self._open is not None:
                lines += self._whole_call(self._open, event)
        return lines

    def _whole_call(self, start: ToolCallStart, end: ToolCallEnd) -> list[Payload]:
        arguments = "".join(self._arguments)
        call = ToolCall(id=start.id, name=start.name, arguments=arguments, status=end.status, error=end.error)
        told = _call(call, self._calls)
        if told is None:
            self._errors.append(_unfinished(call))
            return []
        self._calls += 1
        return [self._line(self._clock(), "", tool_calls=[told])]


def chat(
    message: Message,
    model: str,
    *,
    reason: str | None = "stop",
    usage: Usage | None = None,
    parallel_tool_calls: bool = True,
    duration: int = 0,
    created: int | None = None,
) -> Payload:
    """The whole answer. `created`: nanoseconds since 1970, None for now; `duration`: in nanoseconds."""
    message, reason = tidied(message, parallel_tool_calls=parallel_tool_calls, reason=reason)
    told: Payload = {"role": "assistant", "content": message.content}
    if message.reasoning:
        told["thinking"] = message.reasoning
    calls, errors = list[Payload](), list[Payload]()
    for call in message.tool_calls:
        one = _call(call, len(calls))
        if one is None:
            errors.append(_unfinished(call))
        else:
            calls.append(one)
    if calls:
        told["tool_calls"] = calls
    at = time.time_ns() if created is None else created
    answer: Payload = {"model": model, "created_at": _timestamp(at), "message": told}
    return _last(answer, reason, usage, duration, errors)


def error(message: str, code: str = "server_error") -> Payload:
    """What an error is, in a stream and as a whole answer."""
    return {"error": message}


def _call(call: ToolCall, index: int) -> Payload | None:
    arguments = arguments_object(call)
    if arguments is None:
        return None
    return {"id": call.id, "function": {"index": index, "name": call.name, "arguments": arguments}}


def _unfinished(call: ToolCall) -> Payload:
    return {"name": call.name, "status": call.status, "error": call.error}


def _last(line: Payload, reason: str, usage: Usage | None, duration: int, errors: list[Payload]) -> Payload:
    usage = usage or Usage()
    line |= {
        "done": True,
        "done_reason": "stop" if reason == "tool_calls" else reason,
        "total_duration": duration,
        "load_duration": 0,
        "prompt_eval_count": usage.input,
        "prompt_eval_duration": 0,
        "eval_count": usage.output,
        "eval_duration": duration,
    }
    if errors:
        line["tool_call_errors"] = errors
    return line


def _timestamp(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat().replace("+00:00", "Z")
