"""A raw value whose text is kept to its end, because only what stands behind it says what it is (with `repair`).

That is so where a model may have written all keys before all values, and where one parameter may hold all arguments.
What is kept is bounded: a longer value is what it would be without the repair.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, Literal, TypeAlias

from ..schema import NO_SCHEMA
from .python_value import PythonValue
from .raw_value import Exit, RawValue

Behind: TypeAlias = Literal["parameter", "value", ""]

_WHITESPACE: Final = " \t\r\n"


class KeptValue(RawValue):
    """Reads one value up to its end, and writes nothing. `text`: what it is, so far. `full`: it is kept no longer, as
    it is too long, or no object where one is looked for. `behind`: at its end, whether a parameter or a lone value
    begins behind it."""

    __slots__ = ("_bound", "_object", "_out", "_pieces", "_room", "behind", "full")

    def __init__(
        self,
        exit: Exit,
        *,
        framed: Exit | None,
        declared: frozenset[str] | None,
        limit: int,
        bound: int,
        lone: bool,
        digits: int | None = None,
    ) -> None:
        """`bound`: of the text. `digits`: of a number, if the value is kept as long only as it may be a JSON object.
        See RawValue for the rest."""
        super().__init__(exit, NO_SCHEMA, framed=framed, declared=declared, limit=limit, lone=lone)
        self._bound = bound
        self._pieces: list[str] = []
        self._room = bound
        self._object = PythonValue(digits, python=False, object_only=True) if digits is not None else None
        self._out: list[str] = []  # the object's text
        self.behind: Behind = ""
        self.full = False

    def copy(self) -> KeptValue:
        twin = KeptValue(
            self._exit,
            framed=self._framed,
            declared=self._declared,
            limit=self._limit,
            bound=self._bound,
            lone=self._lone,
        )
        self._copy_to(twin)
        twin._pieces = list(self._pieces)
        twin._room = self._room
        twin._object = self._object.copy() if self._object is not None else None
        twin._out = list(self._out)
        twin.behind = self.behind
        twin.full = self.full
        return twin

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def held(self) -> str:
        return self.text

    @property
    def place(self) -> Hashable:
        return None

    @property
    def members(self) -> tuple[str, list[str]] | None:
        """Of a value that is over: the members of the object that it is, without its braces, and notes; None if it is
        none."""
        machine = self._object
        return ("".join(self._out)[1:-1], list(machine.notes)) if machine is not None and machine.done else None

    def quick(self) -> Any:
        return None

    def calm(self) -> Any:
        return None

    def closing_suffix(self) -> str:
        return ""

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """See RawValue.feed; stops where the value is `full`."""
        end = super().feed(text, pos, out)
        if self.full:
            self.wait = False
        return end

    def _ends_here(self, match: Any) -> bool:
        if not super()._ends_here(match):
            return False
        found = match.capturesdict()
        self.behind = "value" if found.get("lone") else "parameter" if found.get("more") else ""
        return True

    def _data(self, text: str, start: int, end: int, out: list[str]) -> int:
        stop = min(end, start + self._room)
        self._pieces.append(text[start:stop])
        self._room -= stop - start
        self.full = stop < end or not self._may_be_object(text[start:stop])
        return stop

    def _may_be_object(self, text: str) -> bool:
        machine = self._object
        if machine is None:
            return True
        out: list[str] = []
        read = 0 if machine.done else machine.feed(text, 0, out)
        self._out += out
        return not machine.error and (not machine.done or not text[read:].strip(_WHITESPACE))

    def _close(self, out: list[str]) -> None:
        self.over = not self.full
