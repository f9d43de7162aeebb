"""Results as lines of text: JSON, one object a line."""

from __future__ import annotations

import json
from typing import Any, Final

import click
import msgspec

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart

TYPES: Final[dict[type[Event], str]] = {
    ContentDelta: "content_delta",
    ReasoningDelta: "reasoning_delta",
    ToolCallStart: "tool_call_start",
    ArgumentsDelta: "arguments_delta",
    ToolCallEnd: "tool_call_end",
}


def print_line(line: str) -> None:
    """Print a line at once, in UTF-8; a lone surrogate, which has none, is written as its JSON escape."""
    click.echo(line.encode("utf-8", "backslashreplace"))


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print_line(json.dumps(value, ensure_ascii=False))


def print_event(event: Event) -> None:
    """Print an event: `{"type": "content_delta", "text": …}`, with all of its fields."""
    print_json({"type": TYPES[type(event)], **msgspec.structs.asdict(event)})
