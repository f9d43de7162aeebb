"""A grammar's examples: whether they mean what they say, whole and wherever they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..events import Event
from ..grammar import Example
from ..parser import Parser
from .cases import Case, parser_of
from .laws import whole
from .reading import Told, merged, same, shown, values

EVERY_CUT: Final = 1500  # characters; a longer text is cut at every tenth place


def mistakes(example: Example, told: Told) -> Iterator[str]:
    """What an example says and its text does not mean, in words."""
    for kind, wanted, found in (
        ("content", example.content, told.content),
        ("reasoning", example.reasoning, told.reasoning),
    ):
        if wanted != found:
            yield f"{kind} is {shown(found)}, not {shown(wanted)}"
    names = [call.name for call in example.calls]
    if names != [name for name, _, _ in told.calls]:
        yield f"the calls are {[name for name, _, _ in told.calls]}, not {names}"
        return
    for call, (name, arguments, status), start, end in zip(
        example.calls, told.calls, told.starts, told.ends, strict=True
    ):
        if status != call.status:
            yield f"the call of {name} is {status}, not {call.status}{f': {end.error}' if end.error else ''}"
        elif values(arguments) != values(call.arguments) if status == "complete" else arguments != call.arguments:
            yield f"the arguments of {name} are {shown(arguments)}, not {shown(call.arguments)}"
        if call.id is not None and start.id != call.id:
            yield f"the id of {name} is {start.id!r}, not {call.id!r}"
        if call.notes is not None and sorted(end.notes) != sorted(call.notes):
            yield f"the notes of {name} are {sorted(end.notes)}, not {sorted(call.notes)}"


def two_cuts(case: Case, expected: Told | None = None) -> int:
    """Every way of cutting a text in two tells the same. How many were read. Raises Violation of law 1."""
    expected = whole(case) if expected is None else expected
    text = case.text
    places = range(0, len(text) + 1, 1 if len(text) <= EVERY_CUT else 10)
    for i in places:
        parser = parser_of(case)
        _compare(case, parser, parser.feed(text[:i]) + parser.feed(text[i:]), expected, (i,))
    return len(places)


def _compare(case: Case, parser: Parser, events: list[Event], expected: Told, cuts: tuple[int, ...]) -> None:
    same(expected, Told(merged([*events, *parser.finish(case.finish)]), parser.notes), cuts)
