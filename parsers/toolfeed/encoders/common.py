"""What the protocols share: the events made ready for clients, usage, and JSON that every client's reader takes."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeAlias, cast

import msgspec

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from ..message import Accumulator, Message, ToolCall

Payload: TypeAlias = dict[str, Any]

_WHITESPACE: Final = " \t\r\n"
_MOST_SPACE: Final = 4096  # characters of whitespace that wait


class Usage(msgspec.Struct, frozen=True):
    """Tokens that a turn took. `cached` is part of `input`, `reasoning` part of `output`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


class Encoder(Protocol):
    """A stream of one protocol: events go in, payloads come out, in the order in which they are to be sent."""

    media_type: str  # of the whole stream
    last: bytes  # what is sent behind the last payload
    keep_alive: bytes  # what may be sent between payloads while nothing comes; b"" if the protocol has nothing for it

    def encode(self, events: Iterable[Event]) -> list[Payload]:
        """What these events are on the wire. The first call's payloads open the stream, even if there is no event."""
        ...

    def finish(self, reason: str | None = "stop", usage: Usage | None = None) -> list[Payload]:
        """The end: why the engine stopped ("stop", "length", …) and what it took."""
        ...

    def error(self, message: str, code: str = "server_error") -> list[Payload]:
        """The end of a stream that broke; what was sent before stands."""
        ...

    def frame(self, payload: Payload) -> bytes:
        """The payload's bytes on the wire."""
        ...


class Tidy:
    """Events as clients rely on them.

    Whitespace beside a call is dropped, however it was cut: it waits until text or a call follows, or until there is so
    much of it that it counts as text. With `parallel_tool_calls=False` only the first call is told. Counts the calls,
    and those that are complete.
    """

    __slots__ = ("_beside", "_held", "_parallel", "_space", "calls", "complete")

    def __init__(self, *, parallel_tool_calls: bool = True) -> None:
        self._parallel = parallel_tool_calls
        self._space: list[str] = []  # whitespace that belongs to content if text follows
        self._held = 0  # characters of it
        self._beside = False  # whether a call stands before it
        self.calls = 0
        self.complete = 0

    def feed(self, events: Iterable[Event]) -> list[Event]:
        """The events that are to be told now."""
        told: list[Event] = []
        for event in events:
            if isinstance(event, ContentDelta):
                self._content(event.text, told)
            elif isinstance(event, ReasoningDelta):
                told.append(event)
            elif self._parallel or event.index == 0:
                if isinstance(event, ToolCallStart):
                    self._take_space()
                    self._beside = True
                    self.calls += 1
                elif isinstance(event, ToolCallEnd):
                    self.complete += event.status == "complete"
                told.append(event)
        return told

    def _content(self, text: str, told: list[Event]) -> None:
        kept = text.rstrip(_WHITESPACE)
        if kept:
            lead = self._take_space() + kept
            told.append(ContentDelta(lead.lstrip(_WHITESPACE) if self._beside else lead))
            self._beside = False
        self._space.append(text[len(kept) :])
        self._held += len(text) - len(kept)
        if self._held >= _MOST_SPACE:
            space = self._take_space()
            told_now = len(space) - len(space) % _MOST_SPACE  # so that it does not depend on the cuts
            told.append(ContentDelta(space[:told_now]))
            self._beside = False
            self._space.append(space[told_now:])
            self._held = len(space) - told_now

    def _take_space(self) -> str:
        space = "".join(self._space)
        self._space.clear()
        self._held = 0
        return space

    def finish(self) -> list[Event]:
        """What still waits: no call follows."""
        space = self._take_space()
        return [ContentDelta(space)] if space and not self._beside else []

    def reason(self, engine: str | None) -> str:
        """Why the turn ended: "tool_calls" if it has calls and each is complete, else the engine's own reason."""
        reason = engine or "stop"
        if reason not in ("stop", "length", "tool_calls"):
            return reason
        if self.calls and self.complete == self.calls:
            return "tool_calls"
        return "stop" if reason == "tool_calls" else reason


def tidied(message: Message, *, parallel_tool_calls: bool, reason: str | None) -> tuple[Message, str]:
    """The message as clients rely on it, and why it ended."""
    tidy, accumulator = Tidy(parallel_tool_calls=parallel_tool_calls), Accumulator()
    accumulator.add(tidy.feed(_events(message)))
    accumulator.add(tidy.finish())
    return accumulator.message, tidy.reason(reason)


def _events(message: Message) -> Iterable[Event]:
    index = 0
    for part in message.parts:
        if isinstance(part, ToolCall):
            yield ToolCallStart(index, part.id, part.name)
            if part.arguments:
                yield ArgumentsDelta(index, part.arguments)
            yield ToolCallEnd(index, part.status, part.error, part.raw, part.model_id, part.notes)
            index += 1
        else:
            yield ContentDelta(part.text) if part.kind == "content" else ReasoningDelta(part.text)


def arguments_object(call: ToolCall) -> dict[str, Any] | None:
    """A call's arguments, for protocols that carry them as an object; None if they are none, or none that Python can
    read."""
    if call.status != "complete":
        return None
    try:
        found: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def new_id(prefix: str) -> str:
    """An id that nobody else has."""
    return prefix + secrets.token_hex(12)


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


# str.splitlines, with which some clients cut a stream into lines, takes these for line breaks too.
_LINE_BREAKS: Final = (
    ("\x85".encode(), b"\\u0085"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def to_json(payload: object) -> bytes:
    """JSON in one line for every reader of lines. Half a surrogate pair, which UTF-8 cannot say, becomes U+FFFD."""
    try:
        data = msgspec.json.encode(payload)
    except UnicodeEncodeError:
        whole = json.dumps(payload, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        data = whole.encode()
    for char, escaped in _LINE_BREAKS:
        if char in data:
            data = data.replace(char, escaped)
    return data


COMMENT: Final = b": keep-alive\n\n"  # of server-sent events; clients skip it


def data_line(payload: Payload) -> bytes:
    """A server-sent event without a name."""
    return b"data: " + to_json(payload) + b"\n\n"


def named_event(payload: Payload) -> bytes:
    """A server-sent event whose name is the payload's type."""
    return b"event: " + str(payload["type"]).encode() + b"\ndata: " + to_json(payload) + b"\n\n"
