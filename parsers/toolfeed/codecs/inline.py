"""The arguments of a call as tagged values with other text between them (formats.md, D3, `xml-inline`).

`{parameters}` reads tags that stand one behind the other, and what does not fit makes the call malformed. Here only the
tags count: text between them means nothing and is skipped, a value ends at its first closer, and what ends the call
ends it everywhere, in a value that is still open too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..coercion import escape
from ..schema import ANY_JSON, NO_SCHEMA, ParameterType
from ..tools import Tool
from .raw_value import Exit, RawValue

_BOOLEANS: Final = {"1": "true", "0": "false"}


class Tags:
    """How the tags of one template are found; made once per grammar.

    `find`: where one, or what ends the call, may begin. `opener`: anchored and partial, a tag up to its value, with
    the group `key`. `ends`: anchored and partial, what ends the call. `exit`: how a value ends. `json`: values are
    JSON, of any type without a schema.
    """

    __slots__ = ("ends", "exit", "find", "json", "opener")

    def __init__(
        self,
        find: Callable[..., Any],
        opener: Callable[..., Any],
        ends: Callable[..., Any],
        exit: Exit,
        json: bool,
    ) -> None:
        self.find = find
        self.opener = opener
        self.ends = ends
        self.exit = exit
        self.json = json


_SLOTS: Final = (
    "_digits",
    "_hold",
    "_keys",
    "_limit",
    "_repair",
    "_swapped",
    "_tags",
    "_tool",
    "_value",
    "done",
    "error",
    "notes",
    "wait",
)


class InlineArguments:
    """Reads the arguments of one call, up to what ends it, and writes them as one JSON object.

    `feed` sets `done` before what ends the call, `error` if that comes in the middle of a value, `wait` if only more
    text can decide. Of a repeated key the first value counts.
    """

    __slots__ = _SLOTS

    def __init__(
        self, tags: Tags, tool: Tool | None, *, limit: int = 1024, hold: int = 65536, digits: int = 4000, repair: bool
    ) -> None:
        """`limit`: of a tag's length; `hold`: of what may be undecided."""
        self._tags = tags
        self._tool = tool
        self._limit = limit
        self._hold = hold
        self._digits = digits
        self._repair = repair
        self._keys: set[str] = set()
        self._value: RawValue | None = None
        self._swapped = False  # 1 and 0 are booleans
        self.done = False
        self.error = ""
        self.notes: list[str] = []
        self.wait = False

    def copy(self) -> InlineArguments:
        twin = InlineArguments(self._tags, self._tool, repair=self._repair)
        for slot in _SLOTS:
            setattr(twin, slot, getattr(self, slot))
        twin._keys = set(self._keys)
        twin._value = self._value.copy() if self._value is not None else None
        twin.notes = list(self.notes)
        return twin

    @property
    def held(self) -> str:
        return self._value.held if self._value is not None else ""

    def direct(self) -> None:
        """See Arguments.direct: what ends a value may have to wait."""

    def quick(self) -> Any:
        """See JsonValue.quick."""
        return self._value.quick() if self._value is not None else None

    def closing_suffix(self) -> str:
        if self.done:
            return ""
        if not self._keys:
            return "{}"
        return (self._value.closing_suffix() if self._value is not None else "") + "}"

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """See JsonValue.feed."""
        self.wait = False
        n = len(text)
        while pos < n and not (self.done or self.error or self.wait):
            if self._value is None:
                pos = self._skip(text, pos, out)
            else:
                pos = self._read(self._value, text, pos, out)
        return pos

    def end(self, held: str, out: list[str]) -> None:
        """The arguments are over because the text is: `held` is what might have been a marker."""
        value = self._value
        if value is not None:
            before = len(out)
            value.finish(held, out)
            self._close(value, before, out)
        if not self.error:
            self._finish(out)

    def _finish(self, out: list[str]) -> None:
        out.append("}" if self._keys else "{}")
        self.done = True

    def _skip(self, text: str, pos: int, out: list[str]) -> int:
        """Between tags: up to the next one's value, or what ends the call."""
        tags = self._tags
        n = len(text)
        while True:
            found = tags.find(text, pos)
            if found is None:
                return n
            pos = found.start()
            stop = min(n, pos + self._limit)
            may_grow = stop == n and n - pos < self._limit
            ends = tags.ends(text, pos, stop, partial=True)
            if ends is not None and not ends.partial:
                self._finish(out)
                return pos
            opener = tags.opener(text, pos, stop, partial=True)
            if may_grow and (ends is not None or (opener is not None and opener.partial)):
                self.wait = True
                return pos
            if opener is not None and not opener.partial:
                self._begin(opener.group("key").strip(), out)
                return int(opener.end())
            pos += 1

    def _begin(self, key: str, out: list[str]) -> None:
        """A tag's key is read: its value begins."""
        repeated = key in self._keys
        if repeated:
            self._note("duplicate_key")
        else:
            out.append(("{" if not self._keys else ", ") + f'"{escape(key)}": ')
            self._keys.add(key)
        tool = self._tool
        kind: ParameterType = tool.parameter(key) if tool is not None else NO_SCHEMA
        if self._tags.json and not kind.types:
            kind = ANY_JSON
        self._swapped = not repeated and tool is not None and tool.boolean_first(key)
        self._value = RawValue(
            self._tags.exit,
            kind,
            dropped=repeated,
            limit=self._limit,
            hold=self._hold,
            digits=self._digits,
            repair=self._repair,
            json=kind is ANY_JSON,
        )
        self._value.begin(out)

    def _read(self, value: RawValue, text: str, pos: int, out: list[str]) -> int:
        before = len(out)
        pos = value.feed(text, pos, out)
        self.wait = value.wait
        if value.over or value.error:
            self._close(value, before, out)
        if value.over and value.bare:
            self.error = "a value without its closer"
            return pos
        return value.end if value.over else pos

    def _close(self, value: RawValue, before: int, out: list[str]) -> None:
        """The value is over, or broken; what it wrote last is out[before:]."""
        self._note(*value.notes)
        self.error = value.error
        if self.error:
            return
        self._value = None
        if self._swapped and out[before:] in (["1"], ["0"]):
            out[before] = _BOOLEANS[out[before]]
            self._note("boolean_digit")

    def _note(self, *codes: str) -> None:
        for code in codes:
            if code not in self.notes:
                self.notes.append(code)
