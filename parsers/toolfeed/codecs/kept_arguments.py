"""Arguments that are kept until they tell their tool, and the keys that they have."""

from __future__ import annotations

import json
import re
from typing import Final

_STOP: Final = re.compile(r'["\\]')
_SIGN: Final = re.compile(r'["{}\[\],]')


class KeptArguments:
    """The text of one JSON object as its codec emits it, piece by piece, and what its own keys are so far.

    `keys`: those that are whole. `key`: what there is of the one that is open, or None. The keys of objects inside do
    not count. A piece is looked at once; but the key that is open is read again with each, so it is for the caller to
    stop at one that is too long.
    """

    __slots__ = ("_depth", "_escaped", "_is_key", "_key", "_pieces", "_quoted", "keys")

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self._pieces: list[str] = []
        self._key: str = ""  # the text of the key that is open, as written
        self._depth: int = 0
        self._is_key: bool = False  # a string that begins here is a key of the object
        self._quoted: bool = False  # inside a string
        self._escaped: bool = False  # behind a backslash

    def copy(self) -> KeptArguments:
        twin = KeptArguments()
        twin.keys = self.keys.copy()
        twin._pieces = self._pieces.copy()
        twin._key = self._key
        twin._depth = self._depth
        twin._is_key = self._is_key
        twin._quoted = self._quoted
        twin._escaped = self._escaped
        return twin

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def key(self) -> str | None:
        return _decoded(self._key) if self._quoted and self._is_key else None

    def add(self, pieces: list[str]) -> bool:
        """What the codec emitted; whether that says more of the keys."""
        self._pieces += pieces
        more = False
        for piece in pieces:
            more = self._read(piece) or more
        return more

    def _read(self, piece: str) -> bool:
        more = False
        at, n = 0, len(piece)
        while at < n:
            if self._quoted:
                more = more or self._is_key
                at = self._in_string(piece, at)
                continue
            found = _SIGN.search(piece, at)
            if found is None:
                break
            at = found.end()
            sign = piece[at - 1]
            if sign == '"':
                self._quoted = True
                self._key = ""
                more = more or self._is_key
            elif sign == ",":
                self._is_key = self._depth == 1
            else:
                self._depth += 1 if sign in "{[" else -1
                self._is_key = sign == "{" and self._depth == 1
        return more

    def _in_string(self, piece: str, at: int) -> int:
        """Read on in a string; behind what was read."""
        start = at
        if self._escaped:
            self._escaped = False
            at += 1
        found = _STOP.search(piece, at)
        end = len(piece) if found is None else found.end()
        over = found is not None and found.group() == '"'
        self._escaped = found is not None and not over
        if self._is_key:
            self._key += piece[start : end - over]
        if over:
            self._quoted = False
            if self._is_key:
                self._is_key = False
                self.keys.add(_decoded(self._key))
        return end


def _decoded(raw: str) -> str:
    """The text of a JSON string, whose escapes are whole."""
    return str(json.loads(f'"{raw}"')) if "\\" in raw else raw
