"""A raw value whose text is kept to its end, because only what stands behind it says what it is (with `repair`).

That is so where a model may have written all keys before all values, and where one parameter may hold all arguments.
What is kept is bounded: a longer value is what it would be without the repair.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from ..schema import NO_SCHEMA
from .python_value import PythonValue
from .raw_value import Exit, RawValue

Behind: TypeAlias = Literal["parameter", "value", ""]

_WHITESPACE: Final = " \t\r\n"


class KeptValue(RawValue):
    """Reads one value up to its end, and writes nothing. `text`: what it is, so far. `full`: it is too long to be kept.
    `behind`: at its end, whether a parameter or a lone value begins behind it."""

    __slots__ = ("_bound", "_pieces", "_room", "behind", "full")

    def __init__(
        self, exit: Exit, *, framed: Exit | None, declared: frozenset[str] | None, limit: int, bound: int, lone: bool
    ) -> None:
        """`bound`: of the text. See RawValue for the rest."""
        super().__init__(exit, NO_SCHEMA, framed=framed, declared=declared, limit=limit, lone=lone)
        self._bound = bound
        self._pieces: list[str] = []
        self._room = bound
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
        twin.behind = self.behind
        twin.full = self.full
        return twin

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def held(self) -> str:
        return self.text

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
        self.full = stop < end
        return stop

    def _close(self, out: list[str]) -> None:
        self.over = not self.full


def unwrapped(text: str, digits: int) -> tuple[str, list[str]] | None:
    """The members of the JSON object that a text is, without its braces, and notes; None if it is none."""
    out: list[str] = []
    machine = PythonValue(digits, python=False, object_only=True)
    read = machine.feed(text, 0, out)
    if not machine.done or text[read:].strip(_WHITESPACE):
        return None
    return "".join(out)[1:-1], list(machine.notes)
