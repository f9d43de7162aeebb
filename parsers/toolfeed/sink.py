"""Where a parser's decisions go: events, with neighbours of one kind merged, and the tiles of `trace`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from .events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta

TraceFunction: TypeAlias = Callable[[str, int, int], object]

# What a run of text is: a call's index, or one of these.
CONTENT_RUN: Final = -1
REASONING_RUN: Final = -2


class Sink:
    """Collects the events of one `feed`, and tells tiles as soon as they are certain."""

    __slots__ = ("_events", "_kind", "_run", "_tiles", "tiled", "trace")

    def __init__(self, trace: TraceFunction | None) -> None:
        self._events: list[Event] = []
        self._run: list[str] = []
        self._kind = CONTENT_RUN
        self.trace = trace
        self.tiled = 0  # up to where in the turn the tiles reach
        self._tiles: list[tuple[str, int, int]] = []  # those of a candidate, which may still become content

    def copy(self) -> Sink:
        twin = Sink(self.trace)
        twin._events = list(self._events)
        twin._run = list(self._run)
        twin._kind = self._kind
        twin.tiled = self.tiled
        twin._tiles = list(self._tiles)
        return twin

    def take(self) -> list[Event]:
        """The events since the last call."""
        if self._run:
            self._flush()
        events = self._events
        self._events = []
        return events

    def text(self, kind: int, text: str) -> None:
        """Text of a call's arguments (`kind`: its index), of content or of reasoning."""
        if text:
            if kind != self._kind and self._run:
                self._flush()
            self._kind = kind
            self._run.append(text)

    def event(self, event: Event) -> None:
        if self._run:
            self._flush()
        self._events.append(event)

    def _flush(self) -> None:
        text = "".join(self._run)
        self._run.clear()
        self._events.append(delta(self._kind, text))

    def tile(self, kind: str, end: int, candidate: bool) -> None:
        """The turn's text up to `end` is of this kind; in a candidate that is not certain yet."""
        if end > self.tiled:
            self._tiles.append((kind, self.tiled, end))
            self.tiled = end
        if not candidate:
            self.settle()

    def forget(self) -> None:
        """Nothing has been told yet."""
        self._tiles.clear()
        self.tiled = 0

    def settle(self, kind: str = "", since: int = 0) -> None:
        """What the candidate's tiles say holds; or all from `since` on are of one kind."""
        if self.trace is not None:
            for own, start, end in self._tiles:
                self.trace(kind if kind and start >= since else own, start, end)
        self._tiles.clear()

    def recast(self, kind: str, since: int) -> None:
        """What the candidate's tiles say from `since` on is of this kind."""
        while self._tiles and self._tiles[-1][1] >= since:
            self._tiles.pop()
        self._tiles.append((kind, since, self.tiled))

    def unsettle(self, start: int) -> None:
        """The candidate was none: its tiles, from `start` on, are taken back."""
        self._tiles.clear()
        self.tiled = start


def delta(kind: int, text: str) -> Event:
    """The event for text of this kind."""
    if kind >= 0:
        return ArgumentsDelta(kind, text)
    return ContentDelta(text) if kind == CONTENT_RUN else ReasoningDelta(text)
