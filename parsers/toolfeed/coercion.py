"""Raw text, read as the type that a schema allows (formats.md, A2 to A8).

Formats that write arguments without quotes leave open whether `42` is a number. Where every text is a string there is
nothing to decide, and the parser streams it (`escape`). For all other types a `TypedReader` is fed the value's text
and says as early as possible what it is.

How it works: the first character that is no whitespace leaves one kind of reading at most (a keyword, a number, a
string of the enum in quotes, an object or array), and a small machine for that kind takes each further character once.
When the machine fails, or something but whitespace follows a complete reading, the value is a string: an allowed one,
or, because a value is never dropped, one that is noted ("type_mismatch").
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from json.encoder import encode_basestring
from typing import Final, Literal, TypeAlias

from .codecs.json_value import json_character
from .codecs.python_value import PythonValue
from .schema import ParameterType

Reading: TypeAlias = Literal["undecided", "string", "container"]

WHITESPACE: Final = " \t\r\n"  # what JSON and all formats (R2) count as whitespace

_INK: Final = re.compile(r"[^ \t\r\n]")
_TO_ESCAPE: Final = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

# Kinds of reading, chosen by the first character.
_NONE: Final = 0
_KEYWORD: Final = 1
_NUMBER: Final = 2
_QUOTED: Final = 3
_CONTAINER: Final = 4

# How far a number is read. _ZERO, _INT, _FRACTION and _EXPONENT may end it.
_START: Final = 0
_MINUS: Final = 1
_ZERO: Final = 2
_INT: Final = 3
_DOT: Final = 4
_FRACTION: Final = 5
_E: Final = 6
_SIGN: Final = 7
_EXPONENT: Final = 8

_HUGE: Final = 1 << 60  # more than any count of digits: exponents are not counted further


def escape(text: str) -> str:
    """The text as the inside of a JSON string, without the quotes around it.

    Quotes, backslashes, control characters and surrogates are escaped, everything else stays. Works on any piece of a
    text: the pieces' escapes join to the whole's.
    """
    if _TO_ESCAPE.search(text) is None:
        return text
    if text.isascii() or _SURROGATE.search(text) is None:
        return encode_basestring(text)[1:-1]
    return _TO_ESCAPE.sub(_escaped, text)


def coerce(text: str, type: ParameterType, repair: bool = False, *, digits: int = 4000) -> tuple[str, tuple[str, ...]]:
    """Read a whole text as a type: the JSON text of its value, and note codes. For values that need not stream.

    Raises nothing: what fits no allowed type, an object that breaks off too, is a string, noted "type_mismatch".
    """
    reader = TypedReader(type, digits=digits, repair=repair, hold=len(text))
    reader.hold_containers()
    reader.feed(text)
    return reader.finish()


class TypedReader:
    """Decides, while a value's text arrives, how it is to be written as JSON.

    `feed` it the text without its framing until it says something else than "undecided", then go on without it:

    - "string": write `text`, and all that follows, as a JSON string. `notes` says whether that is a mismatch.
    - "container": read `text`, and all that follows, as a JSON value or Python literal (`PythonValue`): it begins with
      the bracket of an allowed type, and a string is not allowed, or `hold` is used up. A fault in there is the call's.

    If the value ends while it is undecided, `finish` gives its JSON text.

    `digits` bounds the digits of one number; a longer one is a string. `hold` bounds the text that may stay undecided,
    whatever the cuts: past it an object or array is a "container", everything else a "string". With `repair` an empty
    text is `{}` or `[]` where nothing else than an object or array is allowed. `strict`: what is not JSON as it stands
    is a "string", Python's literals too.
    """

    __slots__ = (
        "_count",
        "_digits",
        "_exponent",
        "_first",
        "_fraction",
        "_hold",
        "_kind",
        "_last",
        "_length",
        "_machine",
        "_negative",
        "_nonzero",
        "_out",
        "_over",
        "_pieces",
        "_reading",
        "_repair",
        "_state",
        "_streams",
        "_strict",
        "_type",
        "_word",
        "_zeros",
    )

    def __init__(
        self,
        type: ParameterType,
        *,
        digits: int = 4000,
        hold: int = 65536,
        repair: bool = False,
        strict: bool = False,
    ) -> None:
        self._type: ParameterType = type
        self._digits: int = digits
        self._hold: int = hold
        self._repair: bool = repair
        self._strict: bool = strict
        self._streams: bool = type.container  # objects and arrays are left to the caller at their bracket
        self._pieces: list[str] = []
        self._length: int = 0
        self._reading: Reading = "string" if type.is_string else "undecided"
        self._kind: int = _NONE
        self._over: bool = False  # the reading is complete, only whitespace may follow
        # keywords
        self._word: str = ""
        # numbers: the value is integral if the exponent makes up for the fraction, see `_is_integral`
        self._state: int = _START
        self._count: int = 0  # digits
        self._nonzero: bool = False
        self._zeros: int = 0  # zeros at the end of the mantissa's digits
        self._fraction: int = 0  # digits behind the dot
        self._exponent: int = 0
        self._negative: bool = False  # the exponent is
        # strings of the enum in quotes: those from _first to _last begin with the _count characters so far
        self._first: int = 0
        self._last: int = 0
        # objects and arrays
        self._machine: PythonValue | None = None
        self._out: list[str] = []

    def copy(self) -> TypedReader:
        """An independent twin."""
        twin = self._probe()
        twin._pieces = self._pieces.copy()
        twin._out = self._out.copy()
        return twin

    def _probe(self) -> TypedReader:
        """A twin that does not know the text so far."""
        twin = TypedReader(self._type, digits=self._digits, hold=self._hold, repair=self._repair, strict=self._strict)
        twin._streams = self._streams
        twin._length = self._length
        twin._reading = self._reading
        twin._kind = self._kind
        twin._over = self._over
        twin._word = self._word
        twin._state = self._state
        twin._count = self._count
        twin._nonzero = self._nonzero
        twin._zeros = self._zeros
        twin._fraction = self._fraction
        twin._exponent = self._exponent
        twin._negative = self._negative
        twin._first = self._first
        twin._last = self._last
        twin._machine = None if self._machine is None else self._machine.copy()
        return twin

    def hold_containers(self) -> None:
        """Read objects and arrays to their end in here, where the type allows no string too. Before any `feed`."""
        self._streams = False

    @property
    def text(self) -> str:
        """All text fed so far, as written."""
        return "".join(self._pieces)

    @property
    def is_quoted(self) -> bool:
        """Whether what was fed begins with a quote, and may be a JSON string."""
        return self._kind == _QUOTED

    @property
    def held(self) -> int:
        """The number of characters fed so far."""
        return self._length

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be noted of a value that is a "string": ("type_mismatch",) if none is allowed, else nothing."""
        return () if self._type.admits_string else ("type_mismatch",)

    def feed(self, text: str) -> Reading:
        """Take the next fragment of the value's text. After a decision it is only kept, and the decision repeated."""
        if text:
            self._pieces.append(text)
            room = self._hold - self._length
            self._length += len(text)
            if self._reading == "undecided":
                self._reading = self._read(text[:room] if len(text) > room else text)
                if self._reading == "undecided" and len(text) > room:
                    self._reading = "container" if self._kind == _CONTAINER else "string"
        return self._reading

    def goes_on_as_text(self, more: str) -> bool:
        """Whether `feed` would say "string" of what may come next."""
        return self._probe().feed(more) == "string"

    def ends_as_text(self) -> bool:
        """Whether `finish` would give a string that is the text itself."""
        if self._reading != "undecided" or not self._is_whole():
            return True
        strings = self._type.strings
        return bool(strings) and self._length <= max(map(len, strings)) and self.text in strings

    def finish(self) -> tuple[str, tuple[str, ...]]:
        """The value is over: the JSON text of what was fed, and note codes (A3 to A7).

        For a "container" the caller reads the text itself; what this would say of it is a string.
        """
        text = self.text
        if self._reading == "undecided" and self._is_whole() and text not in self._type.strings:
            return self._value(text)
        return f'"{escape(text)}"', self.notes

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read(self, text: str) -> Reading:
        pos = 0
        if self._kind == _NONE or self._over:
            ink = _INK.search(text)
            if ink is None:
                return "undecided"
            if self._over:
                return "string"
            pos = ink.start()
            self._kind = self._kind_of(text[pos])
            if self._kind == _CONTAINER and self._streams:
                return "container"
        if self._kind == _KEYWORD:
            pos = self._keyword(text, pos)
        elif self._kind == _NUMBER:
            pos = self._number(text, pos)
        elif self._kind == _QUOTED:
            pos = self._quoted(text, pos)
        elif self._kind == _CONTAINER:
            pos = self._container(text, pos)
        else:
            return "string"
        if pos < 0 or (pos < len(text) and _INK.search(text, pos) is not None):
            return "string"
        return "undecided"

    def _kind_of(self, char: str) -> int:
        """The one kind of reading that this first character leaves open, if it is allowed."""
        types = self._type.types
        if char == "{":
            return _CONTAINER if "object" in types else _NONE
        if char == "[":
            return _CONTAINER if "array" in types else _NONE
        if char == '"':
            self._last = len(self._type.quoted)
            return _QUOTED if self._last else _NONE
        if (char == "-" or "0" <= char <= "9") and self._allows_number():
            return _NUMBER
        return _KEYWORD if "boolean" in types or "null" in types else _NONE

    def _allows_number(self) -> bool:
        return "number" in self._type.types or "integer" in self._type.types

    # The readers take text from pos on. They return where the reading is complete (then `_over` is set), the end of the
    # text, or -1 if the text cannot be read this way.

    def _keyword(self, text: str, pos: int) -> int:
        while pos < len(text):
            char = text[pos]
            if char in WHITESPACE:
                self._over = True
                return pos if self._keyword_value() else -1
            self._word += char
            if not self._begins_keyword():
                return -1
            pos += 1
        return pos

    def _begins_keyword(self) -> bool:
        word = self._word
        if self._strict:
            return any(keyword.startswith(word) for keyword in ("true", "false", "null"))
        lower = word.lower()
        types = self._type.types
        if "null" in types:
            spelled = word if "string" in types else lower
            if "null".startswith(spelled) or ("None" if "string" in types else "none").startswith(spelled):
                return True
        if "boolean" not in types:
            return False
        return "true".startswith(lower) or "false".startswith(lower) or word in {"1", "0"}

    def _keyword_value(self) -> str:
        """What the word means, "" if it is none that is allowed. `_begins_keyword` has seen to its case."""
        lower = self._word.lower()
        if lower in {"null", "none"}:
            return "null"
        if lower in {"true", "1"}:
            return "true"
        return "false" if lower in {"false", "0"} else ""

    def _number(self, text: str, pos: int) -> int:
        integral = "number" not in self._type.types
        state = self._state
        while pos < len(text):
            char = text[pos]
            if "0" <= char <= "9":
                state = self._digit(char, state)
            elif char == "-" and state == _START:
                state = _MINUS
            elif char == "." and (state == _ZERO or state == _INT):
                state = _DOT
            elif char in "eE" and (state == _ZERO or state == _INT or state == _FRACTION):
                state = _E
            elif char in "+-" and state == _E:
                state = _SIGN
                self._negative = char == "-"
            elif char in WHITESPACE:
                self._state = state
                self._over = True
                return pos if self._is_number() else -1
            else:
                return -1
            if state < 0 or (integral and self._negative and not self._is_integral()):
                return -1  # a negative exponent only grows away from an integral value
            pos += 1
        self._state = state
        return pos

    def _digit(self, char: str, state: int) -> int:
        """The state behind one more digit, -1 if none may stand there."""
        self._count += 1
        if state == _ZERO or self._count > self._digits:
            return -1
        if state >= _E:
            self._exponent = min(self._exponent * 10 + int(char), _HUGE)
            return _EXPONENT
        if char == "0":
            self._zeros += 1
        else:
            self._zeros = 0
            self._nonzero = True
        if state == _DOT or state == _FRACTION:
            self._fraction += 1
            return _FRACTION
        return _ZERO if char == "0" and state != _INT else _INT

    def _is_number(self) -> bool:
        """Whether the number may end here, and is one that the types allow."""
        state = self._state
        if state != _ZERO and state != _INT and state != _FRACTION and state != _EXPONENT:
            return False
        return "number" in self._type.types or self._is_integral()

    def _is_integral(self) -> bool:
        exponent = -self._exponent if self._negative else self._exponent
        return not self._nonzero or exponent + self._zeros >= self._fraction

    def _quoted(self, text: str, pos: int) -> int:
        """Narrow the range of enum texts that begin as the value does; each character is looked up once."""
        quoted = self._type.quoted
        while pos < len(text):
            at = self._count
            if at == len(quoted[self._first]):  # the quote that closes it ends no longer one
                self._over = True
                return pos
            self._first, self._last = _narrow(quoted, at, text[pos], self._first, self._last)
            if self._first == self._last:
                return -1
            self._count += 1
            pos += 1
        return pos

    def _container(self, text: str, pos: int) -> int:
        if self._machine is None:
            self._machine = PythonValue(digits=self._digits, python=False)
        pos = self._machine.feed(text, pos, self._out)
        if self._machine.error or (self._strict and "python_literal" in self._machine.notes):
            return -1
        self._over = self._machine.done
        return pos

    # -- the value ---------------------------------------------------------------------------------------------------

    def _is_whole(self) -> bool:
        """Whether what was read is a value other than text."""
        kind = self._kind
        if kind == _NONE:
            return bool(self._empty()[0])
        if kind == _KEYWORD:
            return bool(self._keyword_value())
        if kind == _NUMBER:
            return self._is_number()
        if kind == _QUOTED:
            return self._count == len(self._type.quoted[self._first])
        machine = self._machine
        if machine is None or not machine.done:
            return False
        written = "object" if self._out[0][0] == "{" else "array"  # {1, 2} is a set, and that an array
        return written in self._type.types

    def _value(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The JSON text of what was read, and notes, if that is whole."""
        kind = self._kind
        if kind == _NONE:
            return self._empty()
        if kind == _KEYWORD:
            return self._keyword_value(), ("boolean_digit",) if self._word in {"1", "0"} else ()
        if kind == _CONTAINER:
            assert self._machine is not None
            return "".join(self._out), tuple(sorted(self._machine.notes))
        return text.strip(WHITESPACE), ()

    def _empty(self) -> tuple[str, tuple[str, ...]]:
        types = self._type.types
        if self._repair and self._type.container and types <= {"object", "array"}:
            return "{}" if "object" in types else "[]", ("empty_container",)
        return "", ()


def _narrow(members: tuple[str, ...], at: int, char: str, first: int, last: int) -> tuple[int, int]:
    """Of the sorted members from first to last, alike before `at`, those that have this character there."""

    def key(member: str) -> str:
        return member[at]

    first = bisect_left(members, char, first, last, key=key)
    return first, bisect_right(members, char, first, last, key=key)


def _escaped(match: re.Match[str]) -> str:
    return json_character(match[0])
