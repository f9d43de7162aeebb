"""What is left of a malformed call: kept with its end, up to a bound, and never read as another call."""

from __future__ import annotations

import re
from typing import Final

_QUOTES: Final = re.compile(r'["\\]')


class Rest:
    """Collects the text of a broken call, and knows whether it stands at the start of a line, outside JSON strings."""

    __slots__ = ("_bound", "_escaped", "_length", "_line", "_pieces", "_quoted", "error", "suffix")

    def __init__(self, error: str, bound: int, suffix: str) -> None:
        """`error`: what was wrong. `suffix`: what would close the arguments that came before it."""
        self.error = error
        self.suffix = suffix
        self._bound = bound
        self._pieces: list[str] = []
        self._length = 0
        self._line = False
        self._quoted = False
        self._escaped = False

    def copy(self) -> Rest:
        twin = Rest(self.error, self._bound, self.suffix)
        twin._pieces = list(self._pieces)
        twin._length = self._length
        twin._line = self._line
        twin._quoted = self._quoted
        twin._escaped = self._escaped
        return twin

    @property
    def raw(self) -> str:
        return "".join(self._pieces)

    @property
    def at_line(self) -> bool:
        """Whether an opener that comes now would count."""
        return self._line and not self._quoted

    def add(self, text: str) -> None:
        if not text:
            return
        if self._length < self._bound:
            self._pieces.append(text[: self._bound - self._length])
            self._length += len(self._pieces[-1])
        line = text.rstrip(" \t")
        if line:
            self._line = line.endswith("\n")
        i = 1 if self._escaped else 0
        self._escaped = False
        while (match := _QUOTES.search(text, i)) is not None:
            i = match.end()
            if match.group() == '"':
                self._quoted = not self._quoted
            elif self._quoted:
                self._escaped = i == len(text)
                i += 1
