"""Calls as JSON objects: `{"name": …, "arguments": {…}}` (formats.md, the J and L rules).

Reads one object, several after one another, or a list of them. Keys come in any order; arguments that come before the
name wait for it. `keyed` objects have a single key, the name: `{"get_weather": {…}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Final

from .arguments import Arguments
from .json_value import JsonValue
from .python_value import PythonValue
from .signals import DONE, ELEMENT, END, FAULT, MORE, NO_CALL, START
from .string_text import STRING_STOPS, StringText, string_text

# Where the machine stands.
_BEFORE = 0  # before a list or an object
_ITEM = 1  # in a list, before an element
_NEXT = 2  # in a list, behind an element
_OPEN = 3  # at an object's brace
_FIRST_KEY = 4  # behind it
_KEY = 5  # behind a comma
_IN_KEY = 6
_COLON = 7
_VALUE = 8
_IN_NAME = 9
_IN_ARGUMENTS = 10
_IN_OTHER = 11  # a value that is skipped, or the id
_AFTER = 12  # behind a value
_OVER = 13
_SEQUENCE = 15  # behind an object that stands in no list, where others may follow
_NEXT_OBJECT = 16  # behind a comma there
_IN_ELEMENT = 14  # an element of a list that is no object

# What nearly every call is made of, each read in one go: `{"name": "get_weather"`, and `, "arguments": {` behind it.
_ARGUMENTS: Final = r'[ \t\r\n]*"(\w{1,64})"[ \t\r\n]*:[ \t\r\n]*(?=\{)'
_USUAL: Final = {
    _OPEN: re.compile(r'\{[ \t\r\n]*"(\w{1,64})"[ \t\r\n]*:[ \t\r\n]*"([\w.\-]{1,64})"').match,
    _AFTER: re.compile(rf"[ \t\r\n]*,{_ARGUMENTS}").match,
    _KEY: re.compile(_ARGUMENTS).match,
}
_LONGEST: Final = 64  # the keys and names in them

_PLACE_LENGTH: Final = 64  # characters of a key or name behind which a lane may begin

_ENDS_BADLY: Final = frozenset("[]{}\"',:")


_SLOTS: Final = (
    "_again",
    "_any",
    "_arguments",
    "_bare",
    "_called",
    "_closed",
    "_digits",
    "_escaped",
    "_flush",
    "_held",
    "_id_key",
    "_key",
    "_keyed",
    "_keyed_object",
    "_keys",
    "_length",
    "_lenient",
    "_limit",
    "_list",
    "_literal",
    "_marked",
    "_mended",
    "_named",
    "_nested",
    "_object",
    "_other",
    "_pieces",
    "_quote",
    "_read",
    "_refused",
    "_repair",
    "_sequence",
    "_started",
    "_state",
    "_string",
    "_tools",
    "between",
    "error",
    "id",
    "name",
    "notes",
    "signal",
    "tiles",
)


class CallObjects:
    """One payload of call objects. `feed` stops at each signal; `name`, `id` and `error` belong to the last one."""

    __slots__ = _SLOTS

    def __init__(
        self,
        names: tuple[str, ...],
        arguments: tuple[str, ...],
        ids: tuple[str, ...],
        *,
        keyed: bool = False,
        bare: bool = False,
        sequence: bool = False,
        lenient: bool = False,
        literal: bool = False,
        closed: bool = False,
        marked: bool = True,
        declared: frozenset[str] | None = None,
        limit: int = 256,
        digits: int = 4000,
    ) -> None:
        """`names`, `arguments`, `ids`: the spellings of those keys. `bare`: no marker stands before the object, so only
        a name and arguments together make it a call, and an unknown key none. `sequence`: others may follow, with
        commas or not. `declared`: the tools' names. `lenient`: what Python writes for JSON, and commas too many or too
        few, are read and noted, and a bracket too many behind a call that stands in a list or, `closed`, before a
        marker. `marked`: a marker stands before the payload. `literal`: Python is what the format writes."""
        self._keys = (names, arguments, ids)
        self._keyed = keyed
        self._bare = bare
        self._sequence = sequence
        self._lenient = lenient or literal
        self._repair = lenient
        self._literal = literal
        self._closed = closed
        self._marked = marked
        self._tools = declared
        self._limit = limit
        self._digits = digits
        self._state = _BEFORE
        self._list = False
        self._any = False  # an element was read
        self._called = False  # one of them was a call
        self._again = False  # a keyed object goes on with another call
        self.between: list[str] = []  # notes on what stood between calls; whoever reads them clears them
        self.signal = MORE
        self.error = ""
        self.tiles: list[tuple[str, int]] | None = None
        self._reset()

    def _reset(self) -> None:
        """Before a call."""
        self.name = ""
        self.id = ""
        self.notes: list[str] = []
        self._named = False
        self._started = False
        self._flush = False
        self._read = False  # the arguments are complete
        self._arguments: Arguments | None = None
        self._object = False  # the arguments' object has begun
        self._held: list[str] = []
        self._other: JsonValue | None = None
        self._id_key = False
        self._nested = 0
        self._refused = False  # it is no call, and read on as one of several elements
        self._mended = False  # a bracket too many was left out behind it
        self._key = ""
        self._keyed_object = False
        self._pieces: list[str] = []
        self._length = 0
        self._escaped = False
        self._quote = '"'
        self._string: StringText | None = None  # what reads the key or name, if that has to be looked at as it comes

    def copy(self) -> CallObjects:
        twin = CallObjects(*self._keys)
        for slot in _SLOTS:
            setattr(twin, slot, getattr(self, slot))
        twin.notes = list(self.notes)
        twin.between = list(self.between)
        twin.tiles = list(self.tiles) if self.tiles is not None else None
        twin._held = list(self._held)
        twin._pieces = list(self._pieces)
        twin._arguments = self._arguments.copy() if self._arguments else None
        twin._other = self._other.copy() if self._other else None
        twin._string = self._string.copy() if self._string is not None else None
        return twin

    @property
    def in_list(self) -> bool:
        """Whether the calls stand in brackets, so that each ends with its own."""
        return self._list

    @property
    def several(self) -> bool:
        """Whether other objects may follow one."""
        return self._list or self._sequence

    @property
    def refused(self) -> bool:
        """Whether the element that is being read is no call."""
        return self._refused or self._state == _IN_ELEMENT

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        inside = self._arguments.value.depth if self._arguments is not None and not self._read else 0
        return self._list + 1 + self._nested + inside

    @property
    def complete(self) -> bool:
        """Whether the text may end here: the arguments of the call that was begun are balanced."""
        return self._started and self._read

    @property
    def held(self) -> str:
        if self._arguments is not None and not self._read:
            return self._arguments.held
        return ""

    @property
    def kind(self) -> str:
        """What the text is that is being read: "name", "arguments" or "framing"."""
        if self._state == _IN_NAME or (self._state == _IN_KEY and self._keyed and not self._keyed_object):
            return "name"
        return "arguments" if self._state == _IN_ARGUMENTS else "framing"

    @property
    def place(self) -> Hashable:
        """See Parser.lane_place; None inside arguments and values."""
        state = self._state
        if state in (_IN_ARGUMENTS, _IN_OTHER, _IN_ELEMENT) or self._escaped or self._length > _PLACE_LENGTH:
            return None
        read = "".join(self._pieces)
        if state == _IN_NAME:
            if self._string is not None:  # it may end in half an escape
                return None
            read = "a name" if read.strip(" \t\r\n") else ""  # whichever it is; one that is blank is decided at its end
        key = (self._quote, read, self._named, self._keyed_object, self._again, self._nested, self._mended)
        return (state, self._list, self._any, self._started, self._flush, self._arguments is None, self._read, key)

    def direct(self) -> JsonValue | None:
        """See Arguments.direct."""
        if self._state == _IN_ARGUMENTS and self._started and not self._flush and self._arguments is not None:
            return self._arguments.direct()
        return None

    def closing_suffix(self) -> str:
        if self._arguments is None:
            return "{}"
        return "" if self._read else self._arguments.closing_suffix()

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """Read from text[pos:]; arguments go to `out` once their call has started. Stops at a signal."""
        self.signal = DONE if self._state == _OVER else MORE
        if self._flush:
            self._flush = False
            out += self._held
            self._held.clear()
            if self._state == _AFTER and self._read and self._arguments is not None:
                self.notes += self._arguments.notes
        n = len(text)
        traced = self.tiles is not None
        while self.signal == MORE:
            kind = self.kind if traced else ""
            start = pos
            state = self._state
            if state == _IN_ARGUMENTS:
                pos = self._feed_arguments(text, pos, out)
            elif state == _IN_KEY or state == _IN_NAME:
                pos = self._feed_string(text, pos)
            elif state == _IN_OTHER or state == _IN_ELEMENT:
                pos = self._feed_other(text, pos)
            elif state in _USUAL and not traced and (end := self._usual(text, pos, state)) >= 0:
                pos = end
            else:
                while pos < n and text[pos] in " \t\r\n":
                    pos += 1
                if pos < n:
                    pos = self._token(text, pos, out)
            if traced:
                self._tile(kind, start, pos)
            if self._state == _OVER and self.signal == MORE:
                self.signal = DONE
            elif pos == n:
                break
        return pos

    def _usual(self, text: str, pos: int, state: int) -> int:
        """If an object that begins with its name stands at text[pos:], or behind the name its arguments' key and an
        object: read up to behind the name, or to the object; else -1."""
        opens = state == _OPEN
        if self._keyed or self._limit < _LONGEST or (not opens and (self._arguments is not None or not self._named)):
            return -1
        found = _USUAL[state](text, pos)
        if found is None or found[1] not in self._keys[0 if opens else 1]:
            return -1
        self._quote = '"'
        self._key = found[1]
        self._id_key = False
        if opens:
            self.name = found[2]
            self._named = True
            self._state = _AFTER
            self._begin_if_ready()
        else:
            self._begin_arguments("{")
        return found.end()

    def _tile(self, kind: str, start: int, end: int) -> None:
        """text[start:end] was of this kind; a name's closing quote is not."""
        assert self.tiles is not None
        if kind == "name" and self.kind != "name" and end > start:
            self.tiles.append((kind, end - 1))
            kind = "framing"
        self.tiles.append((kind, end))

    # -- between values --------------------------------------------------------------------------------------------

    def _token(self, text: str, pos: int, out: list[str]) -> int:
        char = text[pos]
        state = self._state
        if state == _BEFORE:
            if char == "[":
                self._list = True
                self._state = _ITEM
                return pos + 1
            return self._element(char, pos)
        if state == _ITEM:
            if char == "]" and (not self._any or self._lenient):
                if self._any and not self._literal:
                    self.between.append("trailing_comma")
                self._state = _OVER
                return pos + 1
            return self._element(char, pos)
        if state == _NEXT:
            if char == "]":
                self._state = _OVER
                return pos + 1
            if char == "{" and self._repair:
                self.between.append("comma_missing")
                return self._element(char, pos)
            if char == "}" and self._surplus():
                return pos + 1
            if char != ",":
                return self._fault(pos, "expected ',' or ']' after a call")
            self._state = _ITEM
            return pos + 1
        if state == _SEQUENCE:
            if char == ",":
                self._state = _NEXT_OBJECT
                return pos + 1
            if char == "{":
                return self._element(char, pos)
            if char in "}]" and self._surplus():
                return pos + 1
            self._state = _OVER
            return pos
        if state == _NEXT_OBJECT:
            return self._element(char, pos)
        if state == _OPEN:
            self._state = _FIRST_KEY
            return pos + 1
        if state == _FIRST_KEY or state == _KEY:
            if self._again and char == "}" and self._lenient:
                self._again = False
                self.between.append("trailing_comma")
                self._state = self._behind()
                return pos + 1
            if self._again:
                self._again = False
                self.signal = ELEMENT
                return pos
            if char == '"' or (char == "'" and self._lenient):
                self._state = _IN_KEY
                self._quote = char
                return pos + 1
            if char == "}" and (state == _FIRST_KEY or self._lenient):
                if state == _KEY:
                    self.notes.append("trailing_comma")
                return self._close(pos, out)
            return self._fault(pos, "expected a key")
        if state == _COLON:
            if char != ":":
                return self._fault(pos, "expected ':'")
            self._state = _VALUE
            return pos + 1
        if state == _VALUE:
            return self._value(char, pos)
        if char == ",":
            if self._keyed and self.complete and not self._keyed_object:
                return self._next_key(pos)
            self._state = _KEY
            return pos + 1
        if char == "}":
            return self._close(pos, out)
        if self.complete and char not in _ENDS_BADLY:
            self.notes.append("closer_missing")
            return self._end(pos)
        return self._fault(pos, "expected ',' or '}'")

    def _surplus(self) -> bool:
        """Whether a bracket too many may be left out here: one behind each call."""
        if not (self._repair and self._called and (self._list or self._closed)) or self._mended:
            return False
        self._mended = True
        self.between.append("surplus_bracket")
        return True

    def _next_key(self, pos: int) -> int:
        """A second key in a keyed element is another call."""
        self._again = True
        self._state = _KEY
        self.signal = END
        return pos + 1

    def _element(self, char: str, pos: int) -> int:
        if char != "{":
            if self._list and self._state == _ITEM and self._goes_on:
                self._reset()
                self._other = self._machine()
                self._any = True
                self._state = _IN_ELEMENT
                self.signal = ELEMENT
                return pos
            return self._fault(pos, "expected a call object")
        self._reset()
        self._any = True
        self._state = _OPEN
        self.signal = ELEMENT
        return pos

    def _fault(self, pos: int, error: str) -> int:
        self.signal = FAULT
        self.error = error
        return pos

    # -- values ------------------------------------------------------------------------------------------------------

    def _feed_string(self, text: str, pos: int) -> int:
        """A key, or the name: short, so it is read whole."""
        start = pos
        bound = pos + self._limit + 1 - self._length  # behind the quote of the longest string
        stop = min(len(text), bound)
        if not self._started:
            stray = self._stray(text, start, stop)
            if stray >= 0:
                return self._fault(stray, "a key or name that is not a call's")
        while pos < stop:
            if self._escaped:
                self._escaped = False
                pos += 1
                continue
            match = STRING_STOPS[self._quote].search(text, pos, stop)
            if match is None:
                pos = stop
                break
            pos = match.end()
            if text[pos - 1] == self._quote:
                self._pieces.append(text[start : pos - 1])
                return self._string_over(text, pos)
            self._escaped = True
        self._pieces.append(text[start:pos])
        self._length += pos - start
        return pos if pos == len(text) else self._fault(pos, "a key or name is too long")

    def _stray(self, text: str, start: int, stop: int) -> int:
        """Where the first character is that shows that no call has this key or name; -1 for nowhere, or if the object
        is read on all the same."""
        known: list[str] | None = None
        if self._bare and self._state == _IN_KEY and (self._keyed_object or not self._keyed) and not self._refused:
            known = [*(key for keys in self._keys for key in keys), "function", "type"]
        string = self._string
        if string is None:
            if known is None and text.find("\\", start, stop) < 0:
                return -1
            string = self._string = StringText(self._quote)
        stray = string.read(text, start, stop, known)
        if stray < 0 or string.broken or not self._refuse():
            return stray
        return string.read(text, string.end, stop, None)

    def _string_over(self, text: str, pos: int) -> int:
        raw = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        self._string = None
        string = string_text(self._quote, raw)
        if string is None:
            return self._fault(pos - 1, "a key or name that is not a JSON string")
        if len(string) > self._limit:
            return self._fault(pos - 1, "a key or name is too long")
        if self._state == _IN_NAME:
            self._state = _AFTER
            self.name = string.strip(" \t\r\n")
            self._named = True
            if not self.name and not self._started and not self._refuse():
                return self._fault(pos - 1, "an empty name")
            self._begin_if_ready()
            return pos
        self._state = _COLON
        self._key = string
        if self._keyed and not self._keyed_object:
            if self._named or string not in self._keys[0] or string in (self._tools or ()):
                return self._keyed_name(string, pos)
            self._keyed_object = True  # an object with a name after all
        names, arguments, ids = self._keys
        self._id_key = False
        if string in names and not self._named:
            self._pieces.append("name")
        elif string in arguments and self._arguments is None:
            self._pieces.append("arguments")
        elif string in ids:
            self._id_key = True
            self._pieces.append("other")
        elif string == "function" and not self._nested:
            self._pieces.append("function")
        elif string in arguments or string in names:
            self.notes.append("duplicate_key")
            self._pieces.append("other")
        elif string == "type" or not self._bare or self._refuse():
            self._pieces.append("other")
        else:
            return self._fault(pos - 1, f"the key {string!r} is not a call's")
        return pos

    def _keyed_name(self, name: str, pos: int) -> int:
        self._reset()
        self.name = name.strip(" \t\r\n")
        self._named = True
        self._pieces.append("arguments")
        self._begin_if_ready()
        return pos

    def _value(self, char: str, pos: int) -> int:
        role = self._pieces.pop()
        if role == "name" and (char == '"' or (char == "'" and self._lenient)):
            self._state = _IN_NAME
            self._quote = char
            return pos + 1
        if role == "function" and char == "{":
            self._nested = 1
            self._state = _FIRST_KEY
            return pos + 1
        if role == "name" and char == "{" and self._keyed:
            self._keyed_object = False  # a call of a tool that is called like the key
            return self._keyed_name(self._key, pos)
        if role == "arguments":
            error = self._no_object(char)
            if not error:
                self._begin_arguments(char)
                return pos
            if not self._refuse():
                return self._fault(pos, error)
        elif (role == "name" or (role == "function" and self._bare)) and not self._refuse():
            return self._fault(pos, "a name that is not a string")
        self._other = self._machine()
        self._state = _IN_OTHER
        return pos

    def _begin_arguments(self, char: str) -> None:
        """What follows are the arguments; this is their first character."""
        self._arguments = Arguments(self._digits, lenient=self._lenient, python=self._literal)
        self._object = char == "{"
        self._other = self._machine() if self._bare and not self._object else None
        self._state = _IN_ARGUMENTS
        self._begin_if_ready()

    def _no_object(self, char: str) -> str:
        """What is wrong with arguments that begin with this character; "" for nothing."""
        if char in "nN" and self._bare:
            return "no arguments"
        return "" if char in ('{"nN' if self._lenient else '{"n') else "the arguments are not a JSON object"

    def _refuse(self) -> bool:
        """The object is no call: whether it is read on, as one of several elements of which others are calls. Where
        nothing but the text says what is a call, one of them has to have come."""
        self._refused = not self._started and self.several and self._goes_on
        return self._refused

    @property
    def _goes_on(self) -> bool:
        """Whether an element that is no call may stand among others that are."""
        return self._called or (self._marked and not self._bare)

    def _machine(self) -> JsonValue:
        """What reads a value that is no argument."""
        return PythonValue(self._digits, python=self._literal) if self._lenient else JsonValue(self._digits)

    def _begin_if_ready(self) -> None:
        """Start the call when all that it needs is known."""
        if self._started or self._refused or not self._named or not self.name:
            return
        if self._bare and not self._object:
            return
        self._started = True
        self._called = True
        self._flush = True
        self.signal = START

    def _feed_arguments(self, text: str, pos: int, out: list[str]) -> int:
        arguments = self._arguments
        assert arguments is not None
        if self._other is not None:
            return self._feed_undecided(arguments, self._other, text, pos)
        pos = arguments.feed(text, pos, out if self._started else self._held)
        if arguments.error:
            return self._fault(pos, arguments.error)
        if arguments.done:
            self._read = True
            self._state = _AFTER
            if self._started:
                self.notes += arguments.notes
        return pos

    def _feed_undecided(self, arguments: Arguments, other: JsonValue, text: str, pos: int) -> int:
        """A string where nothing marks a call: only an object in it is arguments. `other` reads it along as a value."""
        while pos < len(text):
            end = pos + arguments.feed(text[pos], 0, self._held)
            if arguments.opened:
                self._object = True
                self._other = None
                self._begin_if_ready()
                return end
            if arguments.error or arguments.done:
                if not self._refuse():
                    return self._fault(pos, arguments.error or "no arguments")
                self._arguments = None
                self._held.clear()
                self._state = _IN_OTHER
                return pos
            other.feed(text[pos], 0, [])
            pos = end
        return pos

    def _feed_other(self, text: str, pos: int) -> int:
        other = self._other
        assert other is not None
        kept: list[str] = []
        end = other.feed(text, pos, kept)
        if self._id_key:
            self._pieces += kept
            self._length += end - pos
            if self._length > self._limit:
                self._id_key = False
                self._pieces.clear()
        if other.error:
            return self._fault(end, other.error)
        if not other.done:
            return end
        if self._id_key:
            self.id = _id_text("".join(self._pieces))
        self._pieces.clear()
        self._length = 0
        self._other = None
        if self._state == _IN_ELEMENT:
            self._state = _NEXT
            self.signal = NO_CALL
            return end
        self._state = _AFTER
        return end

    # -- the end of an object ------------------------------------------------------------------------------------------

    def _close(self, pos: int, out: list[str]) -> int:
        if self._nested:
            self._nested = 0
            self._state = _AFTER
            return pos + 1
        if not self._started:
            if self._again or self._refused or not self._named or not self.name or self._bare:
                self._state = self._behind()
                self._refused = False
                self.signal = NO_CALL
                return pos + 1
            self._begin_if_ready()
            return pos
        if not self._read:
            out.append("{}")
            self._read = True
        return self._end(pos + 1)

    def _end(self, pos: int) -> int:
        self._state = self._behind()
        self.signal = END
        return pos

    def _behind(self) -> int:
        """Where an object leads to that is over."""
        if self._list:
            return _NEXT
        return _SEQUENCE if self._sequence else _OVER


def _id_text(raw: str) -> str:
    """An id as the model wrote it: a string's text, a number's digits."""
    if raw.startswith('"'):
        try:
            return str(json.loads(raw, strict=False))
        except ValueError:
            return ""
    return raw if raw not in ("null", "true", "false") and raw[:1] not in "[{" else ""
