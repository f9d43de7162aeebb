"""The text of a short string between quotes, as JSON or Python writes it: what it says, and what it can still say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from .json_value import JsonValue
from .python_value import PythonValue

STRING_STOPS: Final = {'"': re.compile(r'["\\]'), "'": re.compile(r"['\\]")}


class StringText:
    """Reads the text of a string behind its quote, as JSON has it or, in single quotes, as Python has it.

    `read` looks at each character once, and tells the first that makes it no string (`broken`), or none of those that
    are asked for; `end` is where reading goes on.
    """

    __slots__ = ("_escape", "_quote", "_said", "broken", "end")

    def __init__(self, quote: str) -> None:
        self._quote = quote
        self._said = ""  # if it is one of some, their beginning that it is
        self._escape: JsonValue | None = None  # what reads the escape that is open
        self.broken = False
        self.end = 0

    def copy(self) -> StringText:
        twin = StringText(self._quote)
        twin._said = self._said
        twin._escape = self._escape.copy() if self._escape is not None else None
        twin.broken = self.broken
        return twin

    def read(self, text: str, pos: int, end: int, known: Sequence[str] | None) -> int:
        """Read text[pos:end], or up to the closing quote: where the character is that makes it none of those that are
        `known` (None: it may say anything), or no string; -1 for nowhere."""
        while pos < end:
            machine = self._escape
            if machine is None:
                found = STRING_STOPS[self._quote].search(text, pos, end)
                stop = end if found is None else found.start()
                if known is not None:
                    wrong = self._say(text[pos:stop], known)
                    if wrong >= 0:
                        self.end = pos + wrong
                        return self.end
                pos = stop
                if pos == end or text[pos] == self._quote:
                    break
                machine = self._escape = JsonValue() if self._quote == '"' else PythonValue()
                machine.feed(self._quote, 0, [])
            out: list[str] = []
            machine.feed(text[pos], 0, out)
            self.broken = bool(machine.error)
            if self.broken:
                return pos
            if not machine.in_string:
                break
            held = machine.held
            if not held:
                self._escape = None
            self.end = pos + 1
            if known is not None:
                self._said += str(json.loads(f'"{"".join(out)}"'))
                if not self._may_say(held, known):
                    return pos
            pos += 1
        return -1

    def _say(self, text: str, known: Sequence[str]) -> int:
        """It goes on so: where in this text the character is that makes it none of those that are known; or -1."""
        said = self._said + text
        if any(word.startswith(said) for word in known):
            self._said = said
            return -1
        return next(
            at for at in range(len(text)) if not any(word.startswith(self._said + text[: at + 1]) for word in known)
        )

    def _may_say(self, held: str, known: Sequence[str]) -> bool:
        """Whether it may be one of those, if it goes on with an escape that is read so far."""
        going_on = (word for word in known if word.startswith(self._said))
        if not held or (self._quote == "'" and not held[1:].strip()):  # a line's end may be escaped, and says nothing
            return any(going_on)
        escape = held[1:2] + held[2:].lower()
        return any(way.startswith(escape) for word in going_on for way in _ways(word[len(self._said) :]))


def string_text(quote: str, raw: str) -> str | None:
    """What a string says whose quotes are gone; None if it is none."""
    if "\\" not in raw and quote == '"':
        return raw
    if quote == "'":
        out: list[str] = []
        machine = PythonValue()
        machine.feed(f"'{raw}'", 0, out)
        machine.end(out)
        if not machine.done:
            return None
        raw = "".join(out)[1:-1]
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return None


def _ways(text: str) -> Iterator[str]:
    """How an escape may write the first character of a text, without its backslash."""
    if text:
        code = ord(text[0])
        yield from (f"{code:o}", f"{code:03o}", f"x{code:02x}", f"u{code:04x}", f"U{code:08x}")
