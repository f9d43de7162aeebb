"""What a parser emits: five small immutable events.

`text` is never empty, `index` counts the calls of a turn from 0. Events of one call come in the order start,
argument deltas, end; the deltas' texts concatenate to the call's arguments as JSON text.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Status: TypeAlias = Literal["complete", "truncated", "malformed"]


class ContentDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer that the user reads."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the model's reasoning."""

    text: str


class ToolCallStart(msgspec.Struct, frozen=True, gc=False):
    """A call begins: its name is whole and comes once.

    `id` is the one the model wrote before the arguments, or a new one; it is unique within the turn.
    """

    index: int
    id: str
    name: str


class ArgumentsDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the call's arguments: JSON text that only ever appends."""

    index: int
    text: str


class ToolCallEnd(msgspec.Struct, frozen=True, gc=False):
    """A call is over.

    `status`: "complete" (the deltas are one JSON object), "truncated" (the text ended inside the arguments; the
    deltas are a prefix of one) or "malformed" (what the model wrote does not fit; the deltas are a prefix of one).
    `error`: what was wrong and at which character of the turn, "" for a complete call.
    `raw`: the text from the fault, or the undecided tail, on; at most `Limits.raw` characters.
    `model_id`: an id that the model wrote and that is not the call's id, else None.
    `notes`: documented codes (docs/notes.md) of what was accepted or mended, () for a clean call.
    """

    index: int
    status: Status
    error: str = ""
    raw: str = ""
    model_id: str | None = None
    notes: tuple[str, ...] = ()


Event: TypeAlias = ContentDelta | ReasoningDelta | ToolCallStart | ArgumentsDelta | ToolCallEnd
