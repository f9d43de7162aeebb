"""The arguments of a call as JSON: an object, a JSON string that holds one, or null."""

from __future__ import annotations

import re
from typing import Final

from .json_value import JsonValue
from .python_value import PythonValue

_WHITESPACE: Final = " \t\r\n"
_SPACES: Final = re.compile(r"[ \t\r\n]*")
_STRING_STOP: Final = re.compile(r'["\\]')
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX: Final = frozenset("0123456789abcdefABCDEF")

_BEFORE, _OBJECT, _STRING, _NULL, _DONE = range(5)


class Arguments:
    """Reads the value of `arguments` and emits one JSON object as it comes.

    An object passes through as written. A string is decoded one level and its text streams; null, and a string of
    nothing but whitespace, are `{}`. Anything else is an error at its first character.
    """

    __slots__ = ("_begun", "_escape", "_high", "_lenient", "_mode", "_none", "_seen", "_word", "done", "error", "value")

    def __init__(self, digits: int = 4000, lenient: bool = False, python: bool = False) -> None:
        """`lenient`: what Python writes, and a comma too many, are read as well; `python`: as what the format
        writes."""
        self.value = (
            PythonValue(digits, python=python, object_only=True) if lenient else JsonValue(digits, object_only=True)
        )
        self._lenient = lenient
        self.done = False
        self.error = ""
        self._mode = _BEFORE
        self._begun = False  # the object's brace is out
        self._escape: str = ""  # an escape of the outer string, so far
        self._high: str = ""  # a high surrogate that waits for its other half
        self._none = "null"
        self._word = 0  # letters of null that were read
        self._seen = False  # the outer string holds more than whitespace

    def copy(self) -> Arguments:
        twin = Arguments()
        twin.value = self.value.copy()
        twin.done = self.done
        twin._lenient = self._lenient
        twin.error = self.error
        twin._mode = self._mode
        twin._begun = self._begun
        twin._escape = self._escape
        twin._high = self._high
        twin._none = self._none
        twin._word = self._word
        twin._seen = self._seen
        return twin

    @property
    def notes(self) -> list[str]:
        return sorted(self.value.notes)

    @property
    def held(self) -> str:
        if self._mode == _NULL:
            return self._none[: self._word]
        return self.value.held + self._high + self._escape

    @property
    def opened(self) -> bool:
        """Whether the object has begun."""
        return self._begun or self._seen

    @property
    def is_null(self) -> bool:
        """Whether they are null, or would be if they went on."""
        return self._mode == _NULL

    @property
    def in_string(self) -> bool:
        return self._mode == _STRING or self.value.in_string

    def direct(self) -> JsonValue | None:
        """The machine that reads whatever comes until it is done, if that is all there is to do."""
        return self.value if self._mode == _OBJECT and self._begun else None

    def closing_suffix(self) -> str:
        if self.done:
            return ""
        return self.value.closing_suffix() if self._begun else "{}"

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """See JsonValue.feed."""
        if self._mode == _BEFORE:
            match = _SPACES.match(text, pos)
            pos = match.end() if match else pos
            if pos == len(text):
                return pos
            char = text[pos]
            self._mode = {'"': _STRING, "n": _NULL}.get(char, _OBJECT)
            if char == "N" and self._lenient:
                self._mode = _NULL
                self._none = "None"
            pos += self._mode == _STRING
            if self._lenient and self._mode == _OBJECT and char != "{":
                self.error = "the arguments are not a JSON object"
                return pos
        if self._mode == _OBJECT:
            pos = self._read(text, pos, out)
            self.done = self.value.done and not self.error
            return pos
        if self._mode == _STRING:
            return self._string(text, pos, out)
        return self._null(text, pos, out)

    def _read(self, text: str, pos: int, out: list[str]) -> int:
        """Let the value read on."""
        before = len(out)
        end = self.value.feed(text, pos, out)
        self._begun = self._begun or len(out) > before
        self.error = self.value.error
        return end

    def _null(self, text: str, pos: int, out: list[str]) -> int:
        while pos < len(text) and self._word < 4:
            if text[pos] != self._none[self._word]:
                self.error = "the arguments are not a JSON object"
                return pos
            self._word += 1
            pos += 1
        if self._word == 4:
            out.append("{}")
            self.done = True
        return pos

    def _string(self, text: str, pos: int, out: list[str]) -> int:
        """Decode the outer string and read what it holds. A fault of the inner text is put at the piece it came in."""
        while pos < len(text):
            if self._escape:
                pos = self._escaped(text, pos, out)
            else:
                match = _STRING_STOP.search(text, pos)
                end = match.start() if match else len(text)
                if end > pos:
                    offset = self._inner(text[pos:end], out)
                    if self.error:
                        return pos + offset
                if match is None:
                    return end
                pos = end + 1
                if text[end] == "\\":
                    self._escape = "\\"
                else:
                    return self._close(end, out)
            if self.error:
                return pos
        return pos

    def _escaped(self, text: str, pos: int, out: list[str]) -> int:
        char = text[pos]
        if len(self._escape) == 1 and char != "u":
            decoded = _ESCAPES.get(char)
            if decoded is None:
                self.error = "this escape is not JSON"
                return pos
        elif len(self._escape) > 1 and char not in _HEX:
            self.error = "this escape is not JSON"
            return pos
        else:
            self._escape += char
            if len(self._escape) < 6:
                return pos + 1
            decoded = chr(int(self._escape[2:], 16))
        self._escape = ""
        self._inner(decoded, out)
        return pos if self.error else pos + 1

    def _inner(self, piece: str, out: list[str]) -> int:
        """Give decoded text to the inner value; how much of it was read."""
        if self._high:
            if chr(0xDC00) <= piece[0] <= chr(0xDFFF):
                pair = chr(0x10000 + ((ord(self._high) - 0xD800) << 10) + (ord(piece[0]) - 0xDC00))
                piece = pair + piece[1:]
            else:
                piece = self._high + piece
            self._high = ""
        if len(piece) == 1 and chr(0xD800) <= piece <= chr(0xDBFF):
            self._high = piece
            return 1
        ink = piece.lstrip(_WHITESPACE)
        if ink and not self._seen and ink[0] != "{":
            self.error = "the string that holds the arguments is no JSON object"
            return len(piece) - len(ink)
        self._seen = self._seen or bool(ink)
        read = self._read(piece, 0, out)
        if self.value.done and not self.error:
            read = len(piece) - len(piece[read:].lstrip(_WHITESPACE))
            if read < len(piece):
                self.error = "text after the arguments' object"
        return read

    def _close(self, end: int, out: list[str]) -> int:
        """The outer string ends at `end`."""
        if self._high:
            high, self._high = self._high, ""
            self._read(high, 0, out)
        if not self.value.done and not self.error:
            if self._seen:
                self.error = "the string that holds the arguments ends before their object does"
            else:
                out.append("{}")
        if self.error:
            return end
        self.done = True
        return end + 1
