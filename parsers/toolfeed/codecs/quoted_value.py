"""A quoted value whose type admits no string, read as that type (formats.md, rule P8 and chapter A).

A model writes `days="3"` where an integer belongs. A machine of the notation reads the quotes and hands on what they
hold as JSON text; `QuotedValue` decides what it is, as `TypedReader` does for raw text:

- A scalar waits while it can be of the type, and becomes the string that it is as soon as it cannot ("type_mismatch").
- An object or array streams from its bracket on. It is decoded one level, and a fault in it is the value's.

Where a fault is must not depend on where the text was cut, so text is fed in runs that stand for themselves (`RUN`),
and anything else character by character.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ..coercion import WHITESPACE, TypedReader
from ..schema import NO_SCHEMA, ParameterType
from .python_value import PythonValue

RUN: Final = re.compile(r"[^\"'\\{}\x00-\x1f\ud800-\udfff]+")  # what is the same in quotes as without, in all notations


class QuotedValue:
    """One value, from its first character on, which may begin a string.

    `over`: all that was fed is told, and what may still come of the value is text of a string. `error`: "" or what is
    wrong with it. `notes`: codes so far.
    """

    __slots__ = (
        "_begun",
        "_container",
        "_digits",
        "_high",
        "_json",
        "_pending",
        "_reader",
        "_room",
        "_source",
        "error",
        "notes",
        "over",
    )

    def __init__(self, kind: ParameterType, *, digits: int, hold: int, repair: bool) -> None:
        """`hold`: of the characters that wait, without the quote. More of them are a string."""
        self._digits = digits
        self._reader = TypedReader(kind, digits=digits, hold=hold, repair=repair)
        self._container: PythonValue | None = None
        self._begun = False  # the quote has come
        self._json: list[str] = []  # the string as JSON
        self._high = ""  # a high surrogate that waits for its other half
        self._source: list[tuple[str, int]] = []  # what waits as written, and of how many characters that is the text
        self._pending: list[str] = []  # what was written since, of which it is not known
        self._room = hold + 1  # how much more of it is kept; less than nothing: the last piece is too long
        self.error = ""
        self.notes: list[str] = []
        self.over = False

    def copy(self) -> QuotedValue:
        twin = QuotedValue(NO_SCHEMA, digits=self._digits, hold=0, repair=False)
        twin._reader = self._reader.copy()
        twin._container = self._container.copy() if self._container is not None else None
        twin._begun = self._begun
        twin._json = self._json.copy()
        twin._high = self._high
        twin._source = self._source.copy()
        twin._pending = self._pending.copy()
        twin._room = self._room
        twin.error = self.error
        twin.notes = self.notes.copy()
        twin.over = self.over
        return twin

    @property
    def held(self) -> str:
        """What was fed and is not told, as written."""
        return "".join([*(source for source, _ in self._source), *self._pending])

    def closing_suffix(self) -> str:
        """See JsonValue.closing_suffix."""
        return "null" if self._container is None else self._container.closing_suffix()

    def feed(self, source: str, written: list[str], last: bool, out: list[str]) -> int:
        """Take what was read of the value, `source`, and the JSON text that it became, as far as that is known.

        `source` is a run of text (`RUN`) or one character. `last`: the string is complete. What is decided goes to
        `out`. Returns how much of `source` fits.
        """
        if source and self._room > 0:
            self._pending.append(source)
            self._room -= len(source)
        if not written:
            return len(source)
        quote = not self._begun
        self._begun = True
        if quote and not written[0].startswith('"'):  # no string
            out += written
            self.over = True
            return len(source)
        text = self._decoded("".join(written)[quote : -1 if last else None], last)
        self._source.append(("".join(self._pending), len(text)))
        self._pending.clear()
        whole = text
        if self._container is None:
            self._json += written
            whole = self._decide(text, last, out)
        if self._container is None:
            if self._room < 0:
                kept, length = self._source.pop()
                self._source.append((kept[: self._room], length))
                self._room = 0
            return len(source)
        fits = self._contain(self._container, whole, last, out) - len(whole) + len(text)
        if self.error:
            fits = fits if len(source) > 1 else 0
            kept = self._source.pop()[0]
            self._source.append((kept[: len(kept) - len(source) + fits], fits))
        self._let_go(len(self._container.held))
        return fits if self.error else len(source)

    def _let_go(self, held: int) -> None:
        """All of the text but so many characters is told."""
        waiting = sum(length for _, length in self._source)
        gone = 0
        while gone < len(self._source) and waiting > held:
            source, length = self._source[gone]
            rest = max(0, held - waiting + length)  # only a run is told in part
            if rest:
                self._source[gone] = (source[-rest:], rest)
            else:
                gone += 1
            self._room += len(source) - rest
            waiting -= length - rest
        del self._source[:gone]

    def _decide(self, text: str, last: bool, out: list[str]) -> str:
        """Take more of the string's text; if it is an object or array, all of it so far."""
        verdict = self._reader.feed(text)
        if verdict == "container":
            self.notes.append("quoted_value")
            self._container = PythonValue(self._digits, python=False)
            self._json.clear()
            return self._reader.text
        if verdict == "undecided" and not last:
            return ""
        value, notes = self._reader.finish()
        self.notes += notes
        if last and not value.startswith('"'):
            self.notes.append("quoted_value")
            self._json = [value]
        out += self._json
        self.over = True
        return ""

    def _contain(self, container: PythonValue, text: str, last: bool, out: list[str]) -> int:
        """Read more of an object or array; how much of it fits."""
        read = 0 if container.done else container.feed(text, 0, out)
        self.error = container.error
        if not self.error:
            read = len(text) - len(text[read:].lstrip(WHITESPACE))
            if read < len(text):
                self.error = "text behind the value"
            elif last and not container.done:
                self.error = "the value ends before its brackets do"
        self.over = last and not self.error
        if self.error or self.over:
            self.notes += container.notes
        return read

    def _decoded(self, written: str, last: bool) -> str:
        """The text of a piece of the string."""
        text = self._high + str(json.loads(f'"{written}"'))
        if self._high and len(text) > 1 and chr(0xDC00) <= text[1] <= chr(0xDFFF):
            text = chr(0x10000 + ((ord(text[0]) - 0xD800) << 10) + (ord(text[1]) - 0xDC00)) + text[2:]
        self._high = text[-1:] if not last and chr(0xD800) <= text[-1:] <= chr(0xDBFF) else ""
        return text[: len(text) - len(self._high)]
