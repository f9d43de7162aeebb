"""Calls as Python: `[get_weather(city='Paris', days=3), get_time()]` (formats.md, the P rules).

Reads a list in brackets, or calls after one another, a line each or on one line. Keyword arguments become one JSON
object while they stream. Nothing is evaluated.

A quoted value whose type admits no string is read as that type (rule P8), see `QuotedValue`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Final

from ..coercion import escape
from ..tools import Tool
from .json_value import JsonValue
from .python_value import PythonValue
from .quoted_value import RUN, QuotedValue
from .signals import DONE, ELEMENT, END, FAULT, MORE, START

_SPACES: Final = re.compile(r"[ \t\r\n]*")
_BEFORE_VALUE: Final = re.compile(r"[ \t\r\n\f]*")
_NAME: Final = re.compile(r"[\w.\-]*")
_NO_PART: Final = re.compile(r"\.[\d.]").search  # of a dotted name
_KEY: Final = re.compile(r"\w*")
# What nearly every value stands behind, read in one go: `city=`, and `, days=`.
_KEYWORD: Final = re.compile(r"[ \t\r\n]*([A-Za-z_]\w{0,63})[ \t\r\n]*=").match
_NEXT_KEYWORD: Final = re.compile(r"[ \t\r\n]*,[ \t\r\n]*([A-Za-z_]\w{0,63})[ \t\r\n]*=").match
_LONGEST: Final = 64  # the keyword in them

_PLACE_LENGTH: Final = 64  # characters of a name or keyword behind which a lane may begin

# Where the machine stands.
_BEFORE = 0  # before a list or a call
_ITEM = 1  # before a call
_IN_NAME = 2
_FIRST = 3  # behind the parenthesis
_ARGUMENT = 4  # behind a comma
_IN_KEY = 5
_EQUALS = 6
_IN_VALUE = 7
_AFTER = 8  # behind a value
_NEXT = 9  # behind a call
_OVER = 10


_SLOTS: Final = (
    "_any",
    "_bare",
    "_declared",
    "_digits",
    "_dropped",
    "_fresh",
    "_hold",
    "_key",
    "_keys",
    "_length",
    "_limit",
    "_list",
    "_method",
    "_out",
    "_pieces",
    "_quoted",
    "_repair",
    "_started",
    "_state",
    "_value",
    "error",
    "id",
    "name",
    "notes",
    "signal",
    "tiles",
    "tool",
)


class PythonCalls:
    """One payload of Python calls. `feed` stops at each signal; `name` and `error` belong to the last one."""

    __slots__ = _SLOTS

    def __init__(
        self,
        *,
        bare: bool = False,
        declared: frozenset[str] | None = None,
        limit: int = 256,
        digits: int = 4000,
        hold: int = 65536,
        repair: bool = False,
        method: str = "",
    ) -> None:
        """`bare`: no marker stands before the list, so a call needs a `declared` name, or, where the tools are not
        known, to be followed by `)` or a keyword. `limit`: of a name's or keyword's length; `digits`: of a number's;
        `hold`: of a quoted value that may be of another type. `repair`: see PythonValue. `method`: what a name may
        end in, behind a dot, without its being part of the name, unless a tool is called so."""
        self._bare = bare
        self._declared = declared
        self._limit = limit
        self._digits = digits
        self._hold = hold
        self._repair = repair
        self._method = f".{method}" if method else ""
        self._state = _BEFORE
        self._list = False
        self._any = False  # a call was read
        self.signal = MORE
        self.error = ""
        self.id = ""
        self.tiles: list[tuple[str, int]] | None = None
        self.tool: Tool | None = None  # the declaration of the call's tool, set by whoever is told of START
        self._reset()

    def _reset(self) -> None:
        """Before a call."""
        self.name = ""
        self.notes: list[str] = []
        self.tool = None
        self._started = False
        self._keys: set[str] = set()
        self._pieces: list[str] = []  # of a name or keyword
        self._length = 0
        self._value: PythonValue | None = None
        self._out: list[str] = []  # arguments that wait for the start to be told
        self._key = ""
        self._fresh = True  # before the value's first character
        self._dropped = False  # the value of a repeated keyword
        self._quoted: QuotedValue | None = None  # the value, if its type admits no string and it may be one

    def copy(self) -> PythonCalls:
        twin = PythonCalls()
        for slot in _SLOTS:
            setattr(twin, slot, getattr(self, slot))
        twin.notes = list(self.notes)
        twin._keys = set(self._keys)
        twin._pieces = list(self._pieces)
        twin._out = list(self._out)
        twin.tiles = list(self.tiles) if self.tiles is not None else None
        twin._quoted = self._quoted.copy() if self._quoted is not None else None
        twin._value = self._value.copy() if self._value is not None else None
        return twin

    @property
    def in_list(self) -> bool:
        """Whether the calls stand in brackets, so that each ends with its own."""
        return self._list

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return self._list + 1 + (self._value.depth if self._value is not None else 0)

    @property
    def complete(self) -> bool:
        """Whether the text may end here: no call is open."""
        return self._state in (_NEXT, _OVER)

    @property
    def held(self) -> str:
        """The characters that were consumed and are not emitted yet, as written, but for whitespace between tokens."""
        if self._value is not None:
            return (self._quoted or self._value).held
        return "".join(self._pieces)

    @property
    def kind(self) -> str:
        """What the text is that is being read: "name", "arguments" or "framing"."""
        if self._state == _IN_NAME:
            return "name"
        return "arguments" if _FIRST <= self._state <= _AFTER else "framing"

    @property
    def place(self) -> Hashable:
        """See Parser.lane_place; None inside values."""
        if self._state == _IN_VALUE or self._length > _PLACE_LENGTH:
            return None
        return (self._state, self._list, self._any, self._started, bool(self._keys), bool(self._out))

    def direct(self) -> JsonValue | None:
        """See Arguments.direct."""
        if self._quoted is None and not self._fresh and not self._dropped:
            return self._value
        return None

    def resume(self) -> None:
        """Go on with the next call; what was wrong with this one has been dealt with."""
        self._reset()
        self._state = _ITEM

    def closing_suffix(self) -> str:
        """The JSON text that completes the arguments so far; "" before the call has started, and behind it."""
        if not self._started or self._state in (_ITEM, _NEXT, _OVER):
            return ""
        waiting = "".join(self._out)
        if self._value is None or self._dropped:
            return waiting + "}"
        return waiting + (self._quoted or self._value).closing_suffix() + "}"

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """Read from text[pos:]; arguments go to `out` once their call has started. Stops at a signal."""
        self.signal = DONE if self._state == _OVER else MORE
        if self._started and self._out:
            out += self._out
            self._out.clear()
        traced = self.tiles is not None
        while self.signal == MORE:
            kind = self.kind if traced else ""
            start = pos
            pos = self._step(text, pos, out)
            if traced:
                self._tile(kind, start, pos)
            if self.signal == MORE and self._state == _OVER:
                self.signal = DONE
            elif pos == len(text):
                break
        return pos

    def _step(self, text: str, pos: int, out: list[str]) -> int:
        """Read what one state reads."""
        state = self._state
        if state == _IN_VALUE:
            return self._feed_value(text, pos, out)
        if state == _IN_NAME or state == _IN_KEY:
            return self._feed_word(text, pos, out)
        if state == _FIRST or state == _AFTER or state == _ARGUMENT:
            found = (_NEXT_KEYWORD if state == _AFTER else _KEYWORD)(text, pos)
            if found is not None and self._limit >= _LONGEST:
                self._pieces.append(found[1])
                self._begin_value(out)
                return found.end()
        match = _SPACES.match(text, pos)
        pos = match.end() if match else pos
        return self._token(text[pos], pos, out) if pos < len(text) else pos

    def _tile(self, kind: str, start: int, end: int) -> None:
        """text[start:end] was of this kind; the parenthesis behind a name belongs to the arguments."""
        if self.tiles is None:
            return
        if kind == "name" and self.kind != "name" and end > start:
            self.tiles.append((kind, end - 1))
            kind = "arguments"
        self.tiles.append((kind, end))

    def _token(self, char: str, pos: int, out: list[str]) -> int:
        state = self._state
        if state == _BEFORE and char == "[":
            self._list = True
            self._state = _ITEM
            return pos + 1
        if state == _BEFORE or state == _ITEM:
            if char == "]" and self._list and (self._any or not self._bare):
                self._state = _OVER
                return pos + 1
            if char == "_" or char.isalpha():
                self._reset()
                self._state = _IN_NAME
                self.signal = ELEMENT
                return pos
            return self._fault(pos, "expected a call")
        if state == _FIRST or state == _ARGUMENT:
            if char == ")":
                return self._close(pos, out)
            if char == "_" or char.isalpha():
                self._state = _IN_KEY
                return pos
            return self._fault(pos, "expected a keyword argument")
        if state == _EQUALS:
            if char != "=":
                return self._fault(pos, "a positional argument, or an expression")
            self._begin_value(out)
            return pos + 1
        if state == _AFTER:
            if char == ",":
                self._state = _ARGUMENT
                return pos + 1
            if char == ")":
                return self._close(pos, out)
            return self._fault(pos, "expected ',' or ')'")
        return self._after_call(char, pos)

    def _after_call(self, char: str, pos: int) -> int:
        if self._list:
            if char == "]":
                self._state = _OVER
                return pos + 1
            if char != ",":
                return self._fault(pos, "expected ',' or ']' after a call")
            self._state = _ITEM
            return pos + 1
        if char == ",":
            self._state = _ITEM
            return pos + 1
        self._state = _ITEM if char == "_" or char.isalpha() else _OVER
        return pos

    def _fault(self, pos: int, error: str) -> int:
        self.signal = FAULT
        self.error = error
        return pos

    def _feed_word(self, text: str, pos: int, out: list[str]) -> int:
        """A call's name or an argument's: short, so it is read whole."""
        naming = self._state == _IN_NAME
        match = (_NAME if naming else _KEY).match(text, pos)
        end = match.end() if match else pos
        bound = pos + self._limit - self._length
        self._pieces.append(text[pos : min(end, bound)])
        if end > bound:
            return self._fault(bound, "a name is too long")
        self._length += end - pos
        if naming:
            read = "".join(self._pieces)
            wrong = _NO_PART(read)
            if wrong is not None:
                at = wrong.end() - 1
                self._pieces = [read[:at]]
                return self._fault(end - len(read) + at, "a name that is no name")
        if end == len(text):
            return end
        if not naming:
            self._state = _EQUALS
            return end
        if text[end] != "(":
            return self._fault(end, "expected '(' behind a name")
        self.name = "".join(self._pieces)
        if not all(part.isidentifier() for part in self.name.replace("-", "_").split(".")):
            return self._fault(end, "a name that is no name")
        if self._method and self.name not in (self._declared or ()):
            self.name = self.name.removesuffix(self._method)
        self._pieces.clear()
        self._length = 0
        self._state = _FIRST
        self._out.append("{")
        if not self._bare or self._declared is not None:
            self._start()
        return end + 1

    def _start(self) -> None:
        self._started = True
        self._any = True
        self.signal = START

    def _begin_value(self, out: list[str]) -> None:
        """A keyword and its equals sign are read; in a bare call whose name nobody knows they are what makes it one."""
        self._state = _IN_VALUE
        self._fresh = True
        key = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        self._value = PythonValue(self._digits, repair=self._repair)
        if key in self._keys:
            self._note("duplicate_key")
            self._dropped = True
            return
        text = (", " if self._keys else "") + f'"{escape(key)}": '
        self._keys.add(key)
        self._key = key
        if self._started:
            out.append(text)
            return
        self._out.append(text)
        self._start()

    def _feed_value(self, text: str, pos: int, out: list[str]) -> int:
        value = self._value
        assert value is not None
        if self._fresh:
            match = _BEFORE_VALUE.match(text, pos)
            pos = match.end() if match else pos
            if pos == len(text):
                return pos
            self._fresh = False
            if not self._dropped and self.tool is not None and (text[pos] in "\"'_" or text[pos].isalpha()):
                kind = self.tool.parameter(self._key)
                if not kind.admits_string:
                    self._quoted = QuotedValue(kind, digits=self._digits, hold=self._hold, repair=self._repair)
        quoted = self._quoted
        if quoted is not None:
            pos = self._feed_quoted(quoted, value, text, pos, out)
            self._note(*quoted.notes)
            if quoted.error:
                return self._fault(pos, quoted.error)
        else:
            pos = value.feed(text, pos, [] if self._dropped else out)
        if not self._dropped and (value.done or value.error):
            self._note(*sorted(value.notes))
        if value.error:
            return self._fault(pos, value.error)
        if value.done:
            self._value = None
            self._dropped = False
            self._state = _AFTER
        return pos

    def _feed_quoted(self, quoted: QuotedValue, value: PythonValue, text: str, pos: int, out: list[str]) -> int:
        """Read on in a value that may be quoted, until it is clear what it is."""
        while pos < len(text) and not quoted.over and not value.error:
            run = RUN.match(text, pos) if value.in_string and not value.held else None
            written: list[str] = []
            end = value.feed(text[pos : run.end()] if run is not None else text[pos], 0, written)
            pos += quoted.feed(text[pos : pos + end], written, value.done, out)
            if quoted.error:
                return pos
        if quoted.over:
            self._quoted = None
        return pos

    def _note(self, *codes: str) -> None:
        for code in codes:
            if code not in self.notes:
                self.notes.append(code)

    def _close(self, pos: int, out: list[str]) -> int:
        if not self._started:  # name()
            self._start()
            return pos
        out.append("}")
        self._state = _NEXT
        self.signal = END
        return pos + 1
