"""A whole turn: the message that a stream of events adds up to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from .events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, Status, ToolCallEnd, ToolCallStart
from .grammar import Grammar
from .parser import Parser


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call: `arguments` is JSON text, a whole object only if `status` is "complete"; the rest as in ToolCallEnd."""

    id: str
    name: str
    arguments: str
    status: Status = "truncated"
    error: str = ""
    raw: str = ""
    model_id: str | None = None
    notes: tuple[str, ...] = ()


class TextPart(msgspec.Struct, frozen=True):
    """A piece of content or of reasoning, between other parts."""

    kind: Literal["content", "reasoning"]
    text: str


Part: TypeAlias = TextPart | ToolCall


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a model. `content` and `reasoning` are "" if there is none; `parts` has everything in order."""

    content: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    parts: tuple[Part, ...]


class Accumulator:
    """Builds a Message from events, as they come: `add` them, and look at `message` at any time."""

    __slots__ = ("_arguments", "_calls", "_ends", "_order")

    def __init__(self) -> None:
        self._calls: list[ToolCallStart] = []
        self._arguments: list[list[str]] = []
        self._ends: list[ToolCallEnd | None] = []
        self._order: list[tuple[Literal["content", "reasoning"], list[str]] | int] = []

    def add(self, events: Iterable[Event]) -> None:
        """Take in the events of one `feed` or `finish`."""
        for event in events:
            if isinstance(event, ContentDelta):
                self._text("content", event.text)
            elif isinstance(event, ArgumentsDelta):
                self._arguments[event.index].append(event.text)
            elif isinstance(event, ReasoningDelta):
                self._text("reasoning", event.text)
            elif isinstance(event, ToolCallStart):
                self._calls.append(event)
                self._arguments.append([])
                self._ends.append(None)
                self._order.append(event.index)
            else:
                self._ends[event.index] = event

    def _text(self, kind: Literal["content", "reasoning"], text: str) -> None:
        last = self._order[-1] if self._order else None
        if isinstance(last, tuple) and last[0] == kind:
            last[1].append(text)
        else:
            self._order.append((kind, [text]))

    @property
    def message(self) -> Message:
        """The turn so far. A call that has not ended has the status "truncated"."""
        calls = tuple(self._call(index) for index in range(len(self._calls)))
        parts: list[Part] = [
            calls[entry] if isinstance(entry, int) else TextPart(entry[0], "".join(entry[1])) for entry in self._order
        ]
        texts = [part for part in parts if isinstance(part, TextPart)]
        return Message(
            content="".join(part.text for part in texts if part.kind == "content"),
            reasoning="".join(part.text for part in texts if part.kind == "reasoning"),
            tool_calls=calls,
            parts=tuple(parts),
        )

    def _call(self, index: int) -> ToolCall:
        start, end = self._calls[index], self._ends[index]
        arguments = "".join(self._arguments[index])
        if end is None:
            return ToolCall(id=start.id, name=start.name, arguments=arguments)
        return ToolCall(
            id=start.id,
            name=start.name,
            arguments=arguments,
            status=end.status,
            error=end.error,
            raw=end.raw,
            model_id=end.model_id,
            notes=end.notes,
        )


def parse(
    text: str,
    format: str | Path | Grammar,
    *,
    finish_reason: Literal["stop", "length"] | None = None,
    **options: Any,
) -> Message:
    """The message that a whole text is: `Parser(format, **options)`, `feed` and `finish(finish_reason)`, nothing
    else."""
    parser = Parser(format, **options)
    accumulator = Accumulator()
    accumulator.add(parser.feed(text))
    accumulator.add(parser.finish(finish_reason))
    return accumulator.message
