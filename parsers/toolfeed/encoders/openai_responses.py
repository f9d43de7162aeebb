"""OpenAI's Responses: the events of a stream, and the whole response."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..message import Message, ToolCall
from .common import COMMENT, Payload, Tidy, Usage, named_event, new_id, now, tidied

# What a response repeats of its request, and what it says if the request was silent.
ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
}


class Encoder:
    """Response events. Items follow one another: text, reasoning, and each call.

    `id`, `created`: None for new ones. `request`: what the response is to repeat of it, see ECHOED.
    `parallel_tool_calls`: False tells of the first call alone.
    """

    media_type: str = "text/event-stream"
    last: bytes = b""
    keep_alive: bytes = COMMENT

    def __init__(
        self,
        model: str,
        *,
        id: str | None = None,
        created: int | None = None,
        parallel_tool_calls: bool = True,
        request: Mapping[str, Any] | None = None,
    ) -> None:
        self._id: Final = id or new_id("resp_")
        self._created: Final = now() if created is None else created
        self._model: Final = model
        self._request: Final = request or {}
        self._tidy = Tidy(parallel_tool_calls=parallel_tool_calls)
        self._number = 0
        self._opened = False
        self._output: list[Payload] = []  # the items that are done
        self._item: Payload | None = None  # the one that is open
        self._text: list[str] = []  # of the one that is open

    def encode(self, events: Iterable[Event]) -> list[Payload]:
        payloads = self._open()
        for event in self._tidy.feed(events):
            self._tell(event, payloads)
        return payloads

    def finish(self, reason: str | None = "stop", usage: Usage | None = None) -> list[Payload]:
        payloads = self._open()
        for event in self._tidy.finish():
            self._tell(event, payloads)
        status, details = _status(self._tidy.reason(reason))
        self._close(payloads, status)
        response = self._response(status, usage_of(usage or Usage()))
        response["incomplete_details"] = details
        payloads.append(self._event(f"response.{status}", response=response))
        return payloads

    def error(self, message: str, code: str = "server_error") -> list[Payload]:
        payloads = self._open()
        self._close(payloads, "incomplete")
        response = self._response("failed")
        response["error"] = {"code": code, "message": message}
        payloads.append(self._event("response.failed", response=response))
        return payloads

    def frame(self, payload: Payload) -> bytes:
        return named_event(payload)

    def _event(self, type: str, **fields: Any) -> Payload:
        self._number += 1
        return {"type": type, "sequence_number": self._number - 1, **fields}

    def _response(self, status: str, usage: Payload | None = None) -> Payload:
        return _response(self._id, self._created, self._model, status, list(self._output), usage, self._request)

    def _open(self) -> list[Payload]:
        if self._opened:
            return []
        self._opened = True
        response = self._response("in_progress")
        return [
            self._event("response.created", response=response),
            self._event("response.in_progress", response=response),
        ]

    def _tell(self, event: Event, payloads: list[Payload]) -> None:
        if isinstance(event, ContentDelta):
            self._delta("message", event.text, payloads)
        elif isinstance(event, ReasoningDelta):
            self._delta("reasoning", event.text, payloads)
        elif isinstance(event, ArgumentsDelta):
            self._delta("function_call", event.text, payloads)
        elif isinstance(event, ToolCallStart):
            self._close(payloads, "completed")
            self._begin(_call_item(f"fc_{self._place()}", event.id, event.name, "", "in_progress"), payloads)
        else:
            self._close(payloads, "completed" if event.status == "complete" else "incomplete")

    def _place(self) -> str:
        return f"{self._id.removeprefix('resp_')}_{len(self._output)}"

    def _begin(self, item: Payload, payloads: list[Payload]) -> None:
        self._item = item
        self._text.clear()
        payloads.append(self._event("response.output_item.added", output_index=len(self._output), item=item))

    def _delta(self, kind: str, text: str, payloads: list[Payload]) -> None:
        item = self._item
        if item is None or item["type"] != kind:
            self._close(payloads, "completed")
            item = _text_item(kind, _PREFIXES[kind] + self._place(), None, "in_progress")
            self._begin(item, payloads)
            part = _part(kind, "")
            payloads.append(self._event("response.content_part.added", **self._where(item, kind), part=part))
        self._text.append(text)
        payloads.append(
            self._event(f"response.{_DELTAS[kind]}.delta", **self._where(item, kind), **_logprobs(kind), delta=text)
        )

    def _where(self, item: Payload, kind: str) -> Payload:
        place: Payload = {"item_id": item["id"], "output_index": len(self._output)}
        return place if kind == "function_call" else {**place, "content_index": 0}

    def _close(self, payloads: list[Payload], status: str) -> None:
        """The open item is over."""
        item = self._item
        if item is None:
            return
        kind, text, where = item["type"], "".join(self._text), self._where(item, item["type"])
        if kind == "function_call":
            done = _call_item(item["id"], item["call_id"], item["name"], text, status)
            if status == "completed":
                payloads.append(
                    self._event("response.function_call_arguments.done", **where, name=item["name"], arguments=text)
                )
        else:
            done = _text_item(kind, item["id"], text, status)
            payloads.append(self._event(f"response.{_DELTAS[kind]}.done", **where, **_logprobs(kind), text=text))
            payloads.append(self._event("response.content_part.done", **where, part=_part(kind, text)))
        payloads.append(self._event("response.output_item.done", output_index=len(self._output), item=done))
        self._output.append(done)
        self._item = None


_DELTAS: Final = {
    "message": "output_text",
    "reasoning": "reasoning_text",
    "function_call": "function_call_arguments",
}
_PREFIXES: Final = {"message": "msg_", "reasoning": "rs_"}


def response(
    message: Message,
    model: str,
    *,
    reason: str | None = "stop",
    usage: Usage | None = None,
    id: str | None = None,
    created: int | None = None,
    parallel_tool_calls: bool = True,
    request: Mapping[str, Any] | None = None,
) -> Payload:
    """The whole response. A call that is not complete is an incomplete item, with what came of its arguments."""
    message, reason = tidied(message, parallel_tool_calls=parallel_tool_calls, reason=reason)
    own_id = id or new_id("resp_")
    status, details = _status(reason)
    output: list[Payload] = []
    for part in message.parts:
        place = f"{own_id.removeprefix('resp_')}_{len(output)}"
        if isinstance(part, ToolCall):
            done = "completed" if part.status == "complete" else "incomplete"
            output.append(_call_item(f"fc_{place}", part.id, part.name, part.arguments, done))
        else:
            kind = "message" if part.kind == "content" else "reasoning"
            done = status if part is message.parts[-1] else "completed"
            output.append(_text_item(kind, _PREFIXES[kind] + place, part.text, done))
    at = now() if created is None else created
    told = _response(own_id, at, model, status, output, usage_of(usage or Usage()), request or {})
    told["incomplete_details"] = details
    return told


def error(message: str, code: str = "server_error") -> Payload:
    """An error as a whole answer."""
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def usage_of(usage: Usage) -> Payload:
    """The usage in this protocol's words."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


def _status(reason: str) -> tuple[str, Payload | None]:
    if reason == "length":
        return "incomplete", {"reason": "max_output_tokens"}
    if reason == "content_filter":
        return "incomplete", {"reason": "content_filter"}
    return "completed", None


def _response(
    id: str,
    created: int,
    model: str,
    status: str,
    output: list[Payload],
    usage: Payload | None,
    request: Mapping[str, Any],
) -> Payload:
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": output,
        "usage": usage,
        **{key: default if request.get(key) is None else request[key] for key, default in ECHOED.items()},
    }


def _call_item(id: str, call_id: str, name: str, arguments: str, status: str) -> Payload:
    return {
        "id": id,
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "status": status,
    }


def _text_item(kind: str, id: str, text: str | None, status: str) -> Payload:
    """An item of text; None: it has only begun."""
    item: Payload = {"id": id, "type": kind, "status": status}
    content = [] if text is None else [_part(kind, text)]
    if kind == "message":
        return {**item, "role": "assistant", "content": content}
    return {**item, "summary": [], "content": content}


def _part(kind: str, text: str) -> Payload:
    if kind == "message":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "reasoning_text", "text": text}


def _logprobs(kind: str) -> Payload:
    return {"logprobs": []} if kind == "message" else {}
