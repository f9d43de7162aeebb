"""The arguments that tagged values make up: `{`, keys, commas and brackets, while the tags come (formats.md, T1).

The values themselves are read elsewhere. Where objects and arrays nest in tags of their own, all that is remembered of
an open one is how it closes, where its parent goes on, and its keys; so there is no recursion, at any depth.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from ..coercion import escape

OBJECT: Final = 0x7D  # "}"
ARRAY: Final = 0x5D  # "]"


class TaggedArguments:
    """What stands between the values of one call's arguments.

    `begun`: the first brace is out; before that nothing changes. `told`: the value that is being read is told; one
    whose key has come before, and all that nests in it, is read and dropped.
    """

    __slots__ = ("_closers", "_dropped", "_keys", "_openers", "begun", "told")

    def __init__(self) -> None:
        self.begun = False
        self.told = True
        self._closers = bytearray()  # of the objects and arrays that are open
        self._openers: list[int] = []  # the steps that opened those that nest
        # The keys of each open object, with members or not; an array's are a set that holds "" once it has an item.
        self._keys: list[set[str] | None] = []
        self._dropped = 0  # how many are open where one begins that is dropped; 0 if none is

    def copy(self) -> TaggedArguments:
        """An independent twin."""
        if not self.begun:
            return self
        twin = TaggedArguments()
        twin.begun = self.begun
        twin.told = self.told
        twin._closers = self._closers.copy()
        twin._openers = self._openers.copy()
        twin._keys = [None if keys is None else keys.copy() for keys in self._keys]
        twin._dropped = self._dropped
        return twin

    @property
    def empty(self) -> bool:
        """Whether there is no argument yet."""
        return not self._keys or self._keys[0] is None

    @property
    def outermost(self) -> int | None:
        """The step that opened the outermost object or array that nests; None if none does."""
        return self._openers[0] if self._openers else None

    @property
    def place(self) -> Hashable:
        """See Parser.lane_place."""
        return (self.begun, self.told, len(self._closers), self.empty, self.outermost)

    @staticmethod
    def begin(out: list[str]) -> TaggedArguments:
        """Those of a call that has some: they are an object, whatever comes."""
        tagged = TaggedArguments()
        tagged.begun = True
        tagged._closers.append(OBJECT)
        tagged._keys.append(None)
        out.append("{")
        return tagged

    def value(self, key: str, out: list[str]) -> bool:
        """A value begins, of this key where the innermost container is an object. False: its key has come before."""
        if self._dropped:
            return True
        in_array = self._closers[-1] == ARRAY
        name = "" if in_array else key
        keys = self._keys[-1]
        self.told = in_array or keys is None or name not in keys
        if self.told:
            comma = "" if keys is None else ", "
            out.append(comma if in_array else f'{comma}"{escape(key)}": ')
            if keys is None:
                self._keys[-1] = {name}
            else:
                keys.add(name)
        return self.told

    def enter(self, opener: int, closer: int, out: list[str]) -> None:
        """The value that has begun is an object or an array of tagged values."""
        if not self.told and not self._dropped:
            self._dropped = len(self._closers)
        self._openers.append(opener)
        self._closers.append(closer)
        self._keys.append(None)
        if not self._dropped:
            out.append("{" if closer == OBJECT else "[")

    def leave(self, out: list[str]) -> int:
        """The innermost one that nests is over: the step that opened it."""
        closer = self._closers.pop()
        self._keys.pop()
        if not self._dropped:
            out.append(chr(closer))
        elif len(self._closers) == self._dropped:
            self._dropped = 0
        self.told = not self._dropped
        return self._openers.pop()

    def suffix(self) -> str:
        """What closes all that is open."""
        told = self._closers[: self._dropped] if self._dropped else self._closers
        return told[::-1].decode("ascii")
