"""What has come of a turn, however it is run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, TypeAlias

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from ..message import Accumulator, Message, ToolCall
from ..parser import Parser
from .functions import Json, Outcome, Prepared, ToolResult, Tools, prepare
from .messages import Shape, follow_up

Piece: TypeAlias = str | Event | Iterable[Event]


class Reading:
    """A turn's message, and what became of its calls."""

    def __init__(self, tools: Tools, parser: Parser | None) -> None:
        self._tools = tools
        self._parser = parser
        self._accumulator = Accumulator()
        self._open: tuple[ToolCallStart, list[str]] | None = None  # the call that has not ended, and its arguments
        self._calls: dict[int, ToolCall] = {}
        self._results: dict[int, ToolResult] = {}

    @property
    def message(self) -> Message:
        """The turn so far."""
        return self._accumulator.message

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The results so far, in the order of the calls."""
        return tuple(self._results[index] for index in sorted(self._results))

    def messages(self, shape: Shape = "openai_chat") -> list[Json]:
        """What is appended to the conversation: the assistant's message, and the results. See follow_up."""
        return follow_up(self.message, self.results, shape)

    def read(self, piece: Piece) -> list[Event]:
        """The events of a piece of the source."""
        if isinstance(piece, str):
            if self._parser is None:
                raise TypeError("a source of text needs a parser")
            return self._parser.feed(piece)
        if isinstance(piece, ContentDelta | ReasoningDelta | ToolCallStart | ArgumentsDelta | ToolCallEnd):
            return [piece]
        return list(piece)

    def finish(self) -> list[Event]:
        """The events of the source's end."""
        return [] if self._parser is None else self._parser.finish()

    def take(self, events: list[Event]) -> list[Prepared | ToolResult]:
        """Takes events in; what is to be run now, and the results of what is not."""
        self._accumulator.add(events)
        found: list[Prepared | ToolResult] = []
        for event in events:
            if isinstance(event, ToolCallStart):
                self._open = (event, [])
            elif self._open is None:
                continue
            elif isinstance(event, ArgumentsDelta):
                self._open[1].append(event.text)
            elif isinstance(event, ToolCallEnd):
                (start, arguments), self._open = self._open, None
                call = ToolCall(
                    id=start.id,
                    name=start.name,
                    arguments="".join(arguments),
                    status=event.status,
                    error=event.error,
                    raw=event.raw,
                )
                self._calls[event.index] = call
                prepared = prepare(event.index, call, self._tools)
                found.append(self._keep(prepared) if isinstance(prepared, ToolResult) else prepared)
        return found

    def result(self, index: int, outcome: Outcome, content: str, began: float, value: Any = None) -> ToolResult:
        """The result of a call that ran."""
        call, seconds = self._calls[index], time.monotonic() - began
        return self._keep(
            ToolResult(
                index=index, id=call.id, name=call.name, outcome=outcome, content=content, value=value, seconds=seconds
            )
        )

    def _keep(self, result: ToolResult) -> ToolResult:
        self._results[result.index] = result
        return result
