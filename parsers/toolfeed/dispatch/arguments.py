"""Finished values of arguments that are still streaming."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, TypeAlias

import ijson

Path: TypeAlias = tuple[str | int, ...]

_ESCAPE: Final = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^u])")
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BEGINNING: Final = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z")  # of the other half


class ArgumentReader:
    """Reads one call's arguments, and tells each value once it is over.

    `feed` takes the text of an ArgumentsDelta and returns (path, value) pairs: the path's keys and list indices lead to
    the value. Members come before what they are in; the last pair is the whole object, with the path `()`. Values are
    what `json.loads` makes of them, but for half a surrogate pair, which is U+FFFD. A key that comes twice is told
    twice.
    """

    def __init__(self) -> None:
        self._events = _Events()
        self._parser: Any = ijson.basic_parse_coro(self._events)
        self._held = ""  # the beginning of an escape
        self._path: list[str | int] = []
        self._values: list[dict[str, Any] | list[Any]] = []
        self._over = False

    def feed(self, text: str) -> list[tuple[Path, Any]]:
        """The values that end in this piece. Raises ValueError for text that is no JSON."""
        if self._over:
            raise ValueError("the arguments are over")
        text = self._held + text
        self._held = ""
        if "\\u" in text or text.endswith("\\"):
            text = self._whole_escapes(text)
        if not text:
            return []
        try:
            self._parser.send(text.encode("utf-8", "replace"))
        except (ijson.JSONError, StopIteration) as error:
            self._over = True
            raise ValueError(f"the arguments are no JSON: {error}") from None
        found: list[tuple[Path, Any]] = []
        for kind, value in self._events.take():
            self._read(kind, value, found)
        return found

    def _whole_escapes(self, text: str) -> str:
        """The text up to an escape that is not whole, which is held; halves of a pair are U+FFFD."""
        pieces: list[str] = []
        at = 0
        while (begin := text.find("\\", at)) >= 0:
            pieces.append(text[at:begin])
            found = _ESCAPE.match(text, begin)
            escape = "" if found is None else found.group()
            half = _HALF.fullmatch(escape) is not None
            at = begin + len(escape)
            if not escape or (half and _BEGINNING.match(text, at)):
                self._held = text[begin:]
                return "".join(pieces)
            pieces.append("\\ufffd" if half else escape)
        return "".join([*pieces, text[at:]])

    def _read(self, kind: str, value: Any, found: list[tuple[Path, Any]]) -> None:
        match kind:
            case "start_map" | "start_array":
                self._enter()
                self._values.append({} if kind == "start_map" else [])
                self._path.append("" if kind == "start_map" else -1)
            case "map_key":
                self._path[-1] = value
            case "end_map" | "end_array":
                self._path.pop()
                self._told(self._values.pop(), found)
            case _:
                self._enter()
                self._told(float(value) if isinstance(value, Decimal) else value, found)

    def _enter(self) -> None:
        """A value begins: in a list it is the next one."""
        if self._path and isinstance(self._path[-1], int):
            self._path[-1] += 1

    def _told(self, value: Any, found: list[tuple[Path, Any]]) -> None:
        found.append((tuple(self._path), value))
        if not self._values:
            return
        holder = self._values[-1]
        if isinstance(holder, list):
            holder.append(value)
        else:
            holder[str(self._path[-1])] = value


class _Events:
    """Whom ijson tells what it finds."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = []

    def send(self, event: tuple[str, Any]) -> None:
        self._events.append(event)

    def close(self) -> None:
        pass

    def take(self) -> list[tuple[str, Any]]:
        events, self._events = self._events, []
        return events
