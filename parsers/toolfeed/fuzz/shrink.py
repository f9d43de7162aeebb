"""Makes a finding small: fewer options, fewer tools, and less text, as long as the same law does not hold.

Text is taken away in runs that get shorter (delta debugging), then characters are made plain. What a text was written
to mean is lost with its first change, so findings of laws 10 and `reference` keep theirs; those get smaller by drawing
tamer turns.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

from .cases import Case, Format
from .laws import Law, guarded
from .reading import Violation

_SECONDS: Final = 8.0  # for one finding
_TRIES: Final = 2  # of laws that draw cuts: a smaller text may need others


def shrink(law: Law, format: Format, case: Case, violation: Violation, name: str) -> tuple[Case, Violation]:
    """The smallest case found in which the law that was broken is broken still, and how."""
    until = time.monotonic() + _SECONDS
    better = True
    while better and time.monotonic() < until:
        better = False
        for smaller in _smaller(case):
            if time.monotonic() > until:
                break
            found = _breaks(law, format, smaller, violation.law, name)
            if found is not None:
                case, violation, better = smaller, found, True
                break
    return case, violation


def _breaks(law: Law, format: Format, case: Case, key: str, name: str) -> Violation | None:
    for number in range(_TRIES):
        try:
            guarded(law, format, case, random.Random(name if number == 0 else f"{name} {number}"))
        except Violation as violation:
            return violation if violation.law == key else None
    return None


def _smaller(case: Case) -> Iterator[Case]:
    """Cases that are a little smaller, the smallest first."""
    if case.finish is not None:
        yield case._replace(finish=None)
    if case.meaning is not None:  # where the law does not need it
        yield case._replace(meaning=None)
        return
    for option in case.options:
        if option != "limits" or len(case.text) < 200:
            yield case._replace(options={name: value for name, value in case.options.items() if name != option})
    tools = case.options.get("tools") or ()
    for i in range(len(tools)):
        yield case._replace(options={**case.options, "tools": [*tools[:i], *tools[i + 1 :]]})
    text = case.text
    size = len(text)
    while size:
        for at in range(0, len(text), size):
            yield case._replace(text=text[:at] + text[at + size :])
        size //= 2
    for i, char in enumerate(text):
        plain = "a" if char.isalpha() else "0" if char.isdigit() else " "
        if char not in (plain, " "):
            yield case._replace(text=text[:i] + plain + text[i + 1 :])
