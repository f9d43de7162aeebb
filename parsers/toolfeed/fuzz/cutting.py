"""Every way of cutting a text, decided at once.

A text of n characters can be cut in 2^(n-1) ways; they need not all be read. Let s(i) be the state of a parser that
has read text[:i] by the character. If for all i < j a copy of s(i) that is fed text[i:j] tells what was told between
them and comes to the state s(j), then by induction every way of cutting tells the same. Where it comes to another state
nothing is proved, and the rest of the text is read from there.

States are compared by what the parser's slots hold; lists of text count as the text that they add up to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..events import Event
from ..parser import Parser
from .cases import Case
from .reading import Told, Violation, merged

_TEXTS: Final = ("_spec", "_held", "_pieces", "_json", "_run")  # lists of text that was kept, in pieces as it came


def every_cut(case: Case, make: Callable[[], Parser], expected: Told) -> int:
    """How many fragments were read to decide them all. Raises Violation with the cuts of a way that tells otherwise."""
    text = case.text
    n = len(text)
    states = [make()]
    told: list[list[Event]] = [[]]  # up to each offset, by the character
    for i, char in enumerate(text):
        parser = states[i].copy()
        told.append([*told[i], *parser.feed(char)])
        states.append(parser)
    _compare(case, states[n].copy(), told[n], expected, tuple(range(1, n)))
    up_to = [merged(events) for events in told]
    marks = [fingerprint(parser) for parser in states]
    read = n
    for i in range(n):
        for j in range(i + 2, n + 1):
            parser = states[i].copy()
            events = [*told[i], *parser.feed(text[i:j])]
            read += 1
            if merged(events) == up_to[j] and fingerprint(parser) == marks[j]:
                continue
            if j < n:
                events += parser.feed(text[j:])
            cuts = (*range(1, i + 1), j) if j < n else tuple(range(1, i + 1))
            _compare(case, parser, events, expected, cuts)
    return read


def _compare(case: Case, parser: Parser, events: list[Event], expected: Told, cuts: tuple[int, ...]) -> None:
    told = Told(merged([*events, *parser.finish(case.finish)]), parser.notes)
    if told != expected:
        from .laws import difference

        raise Violation("1", difference(expected, told), cuts)


def fingerprint(state: Any) -> Any:
    """What a parser's state is, so that equal fingerprints mean equal futures."""
    slots: dict[str, None] = {}
    for kind in type(state).__mro__:
        slots.update(dict.fromkeys(getattr(kind, "__slots__", ())))
    return type(state), tuple([_value(name, getattr(state, name, None)) for name in slots])


def _value(name: str, value: Any) -> Any:
    items: list[Any]
    if isinstance(value, list):
        items = value  # pyright: ignore[reportUnknownVariableType]
        if name in _TEXTS and all(isinstance(item, str) for item in items):
            return "".join(items)
        return tuple([_value("", item) for item in items])
    if isinstance(value, set):
        return frozenset(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, bytearray):
        return bytes(value)
    module = type(value).__module__
    if ".codecs." in module or module.endswith((".sink", ".coercion")):
        return fingerprint(value)
    return value  # a plain value, a shared table or function: the same object, or an equal one
