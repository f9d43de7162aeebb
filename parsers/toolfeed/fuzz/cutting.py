"""Every way of cutting a text, decided at once.

A text of n characters can be cut in 2^(n-1) ways; they need not all be read. Let s(i) be the state of a parser that
has read text[:i] by the character. If for all i < j a copy of s(i) that is fed text[i:j] tells what was told between
them and comes to the state s(j), then by induction every way of cutting tells the same. Where it comes to another state
nothing is proved, and the rest of the text is read from there: in one piece, and behind a first fragment in two, so
that all ways of cutting into up to three pieces are read or decided, whatever the states are.

States are compared by what the parser's slots hold; lists of text count as the text that they add up to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from types import BuiltinMethodType, MethodType
from typing import Any, Final, cast

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta
from ..parser import Parser
from .cases import Case
from .reading import Told, Violation, merged

# Lists of text that was kept, in pieces as it came.
_TEXTS: Final = ("_spec", "_held", "_pieces", "_json", "_json_written", "_out", "_run")
# Set anew before they are read again: where the run of text begins that the fragment lets through, of which kind the
# last run was.
_SCRATCH: Final = frozenset({"_start", "_kind"})


def every_cut(case: Case, make: Callable[[], Parser], expected: Told) -> int:
    """How many fragments were read to decide them all. Raises Violation with the cuts of a way that tells otherwise."""
    text = case.text
    n = len(text)
    states = [make()]
    steps: list[list[Event]] = []  # what each character tells, behind all before it
    for char in text:
        parser = states[-1].copy()
        steps.append(parser.feed(char))
        states.append(parser)
    _compare(case, states[n].copy(), steps, expected, tuple(range(1, n)))
    read = n
    for i in range(n):
        between = steps[i]  # what the characters from i to j tell
        for j in range(i + 2, n + 1):
            between = joined(between, steps[j - 1])
            parser = states[i].copy()
            events = parser.feed(text[i:j])
            read += 1
            if events == between and same_state(parser, states[j]):
                continue
            cuts = (*range(1, i + 1), j) if j < n else tuple(range(1, i + 1))
            for k in range(j + 1, n) if i == 0 else ():
                twin = parser.copy()
                _compare(case, twin, [events, twin.feed(text[j:k]), twin.feed(text[k:])], expected, (j, k))
                read += 2
            rest = [parser.feed(text[j:])] if j < n else []
            _compare(case, parser, [*steps[:i], events, *rest], expected, cuts)
            read += len(rest)
    return read


def _compare(case: Case, parser: Parser, events: Iterable[list[Event]], expected: Told, cuts: tuple[int, ...]) -> None:
    every = [*(event for step in events for event in step), *parser.finish(case.finish)]
    told = Told(merged(every), parser.notes)
    if told != expected:
        from .laws import difference

        raise Violation("1", difference(expected, told), cuts)


def joined(told: list[Event], more: list[Event]) -> list[Event]:
    """What two fragments tell, as one would: the last delta of the first and the first of the second are one if they
    are of one kind."""
    if not told or not more:
        return told or more
    last, first = told[-1], more[0]
    one: Event
    if type(last) is not type(first):
        return told + more
    if isinstance(last, ContentDelta | ReasoningDelta) and isinstance(first, ContentDelta | ReasoningDelta):
        one = type(last)(last.text + first.text)
    elif isinstance(last, ArgumentsDelta) and isinstance(first, ArgumentsDelta) and last.index == first.index:
        one = ArgumentsDelta(last.index, last.text + first.text)
    else:
        return told + more
    return [*told[:-1], one, *more[1:]]


def same_state(one: Parser, other: Parser) -> bool:
    """Whether two parsers hold the same, so that they will tell the same of the same text."""
    # A lane keeps text unread as long as nothing in it is told; asking what is held reads it.
    return one.held == other.held and _same("", one, other)


def _same(name: str, one: Any, other: Any) -> bool:
    """Whether the values of a slot are the same. A plain value, a shared table or function is the same object, or an
    equal one; what has slots of its own, and may change, is compared by them."""
    kind = one.__class__
    if kind is not other.__class__:
        return False
    if kind is list:
        if name in _TEXTS and all(type(item) is str for item in (*one, *other)):
            return "".join(one) == "".join(other)
        return len(one) == len(other) and all(_same("", *pair) for pair in zip(one, other, strict=True))
    if kind is MethodType:
        return one.__func__ is other.__func__ and _same("", one.__self__, other.__self__)
    if kind is BuiltinMethodType:  # of a compiled class, or of a pattern
        return one.__name__ == other.__name__ and _same("", one.__self__, other.__self__)
    module = kind.__module__
    if kind is not Parser and ".codecs." not in module and not module.endswith((".sink", ".coercion")):
        return bool(one == other)
    names, read = _slots(cast("object", kind))
    for slot, own, its in zip(names, read(one), read(other), strict=True):
        if own is not its and own != its and slot not in _SCRATCH and not _same(slot, own, its):
            return False
    return True


@cache
def _slots(kind: object) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The slots of a class, those of its bases too, and what reads all of them. A compiled class has mypyc's list."""
    slots: dict[str, None] = {}
    for base in cast("type", kind).__mro__:
        slots.update(dict.fromkeys(getattr(base, "__slots__", getattr(base, "__mypyc_attrs__", ()))))
    names = ("__class__", "__class__", *slots)  # what reads a single one would give no tuple
    return names, attrgetter(*names)
