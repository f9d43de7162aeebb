"""What is left of a malformed call: kept with its end, up to a bound, and never read as another call."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = re.compile(r"[\"'\\\[\](){},]")


class Rest:
    """Collects the text of a broken call, and knows whether it stands at the start of a line, outside strings, and
    where the list that the call stands in is closed, or goes on."""

    __slots__ = (
        "_bound",
        "_depth",
        "_escaped",
        "_length",
        "_line",
        "_pieces",
        "_quote",
        "_quotes",
        "error",
        "goes_on",
        "resume",
        "suffix",
    )

    def __init__(
        self, error: str, bound: int, suffix: str, quotes: str = '"', depth: int = 0, resume: bool = False
    ) -> None:
        """`error`: what was wrong. `bound`: how much text is kept. `suffix`: what would close the arguments that came
        before it. `quotes`: those of the format's strings. `depth`: of brackets, if the call stands in a list.
        `resume`: a comma between the list's elements ends the rest as well; `goes_on` then says that it did."""
        self.error = error
        self.suffix = suffix
        self.resume = resume
        self.goes_on = False
        self._bound = bound
        self._quotes = quotes
        self._depth = depth
        self._pieces: list[str] = []
        self._length = 0
        self._line = False
        self._quote = ""  # the one that opened the string that is open
        self._escaped = False  # the text so far ends in a backslash, inside a string

    def copy(self) -> Rest:
        twin = Rest(self.error, self._bound, self.suffix, self._quotes, self._depth, self.resume)
        twin.goes_on = self.goes_on
        twin._pieces = list(self._pieces)
        twin._length = self._length
        twin._line = self._line
        twin._quote = self._quote
        twin._escaped = self._escaped
        return twin

    @property
    def raw(self) -> str:
        return "".join(self._pieces)

    @property
    def at_line(self) -> bool:
        """Whether an opener that comes now would count."""
        return self._line and not self._quote

    def add(self, text: str) -> int:
        """Take in more of the rest. Returns where in it the list is closed or goes on, behind the sign, or -1."""
        closed = self._scan(text)
        text = text[:closed] if closed >= 0 else text
        if text and self._length < self._bound:
            self._pieces.append(text[: self._bound - self._length])
            self._length += len(self._pieces[-1])
        line = text.rstrip(" \t")
        if line:
            self._line = line.endswith("\n")
        return closed

    def keep(self, text: str) -> None:
        """Keep text that has been read already: it says nothing about strings and brackets."""
        if text:
            self._pieces.append(text[: self._bound])
            self._length += len(self._pieces[-1])

    def _scan(self, text: str) -> int:
        i = 1 if self._escaped and text else 0
        self._escaped = self._escaped and not text
        while (match := _SIGNS.search(text, i)) is not None:
            i = match.end()
            sign = match.group()
            if self._quote:
                if sign == "\\":
                    self._escaped = i == len(text)
                    i += 1
                elif sign == self._quote:
                    self._quote = ""
            elif sign in self._quotes:
                self._quote = sign
            elif sign == ",":
                if self.resume and self._depth == 1:
                    self.goes_on = True
                    return i
            elif self._depth and sign in "[({":
                self._depth += 1
            elif self._depth > 1 and sign in "])}":
                self._depth -= 1
            elif self._depth and sign == "]":  # no other bracket closes the list, however many were lost
                self._depth = 0
                return i
        return -1
