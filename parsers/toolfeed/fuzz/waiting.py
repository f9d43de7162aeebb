"""Law 2: nothing waits that is decided. What is held, for how long, and whether it had to be.

A parser that has read a prefix has told some of what the prefix comes to. If whatever may come next leads to the same
next piece, that piece was decided and waited without need. So at every prefix at which something is held, the parser is
copied and fed one continuation after another (what really came, single characters, the end of the text, and what would
complete each marker that may have begun) until two of them differ right behind what was told: then the hold was needed.
If none do, it was not.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..notation import Field, Payload, Space, Tag, parse_template
from ..parser import Parser
from .cases import Case, Format
from .reading import Reading, Violation, number_ids, shown

_LETTERS: Final = ("a", " ", "\n", '"', "<", "}", "]", "\\", "1", ",", ":", "(", "=", "{", "[", "'", ".", "u", ">", "\x00")
_BEHIND: Final = ("", " zz\n\nzz zz.", '": 1}\nzz')
_MOST: Final = 12  # continuations of one kind
_PREFIXES: Final = 24  # of a text are looked at, and those by the characters behind a marker's

Atom = tuple[object, ...]


def atoms(events: list[Event]) -> list[Atom]:
    """Events as a list of single characters and calls, so that two readings can be compared from the start."""
    result: list[Atom] = []
    for event in events:
        if isinstance(event, ContentDelta):
            result += [("content", char) for char in event.text]
        elif isinstance(event, ReasoningDelta):
            result += [("reasoning", char) for char in event.text]
        elif isinstance(event, ArgumentsDelta):
            result += [("arguments", event.index, char) for char in event.text]
        elif isinstance(event, ToolCallStart):
            result.append(("start", event.index, event.id, event.name))
        else:
            result.append(("end", event.index, event.status))
    return result


def check_waiting(format: Format, case: Case, rng: random.Random) -> int:
    """Whether each hold was needed, at some of the prefixes. How many texts were read."""
    text = case.text
    places = set(rng.sample(range(1, len(text) + 1), min(_PREFIXES, len(text))))
    parser = Parser(case.grammar, **({"ids": number_ids} | dict(case.options)))
    read = 1
    for i, char in enumerate(text, 1):
        parser.feed(char)
        if i in places and parser.held:
            read += _needed(format, case, parser, i)
    return read


def _needed(format: Format, case: Case, parser: Parser, at: int) -> int:
    """Raises Violation unless two continuations differ in what they tell next."""
    first: list[Atom] | None = None
    decided = 0
    read = 0
    for behind in continuations(format, case.text, at, parser.held):
        twin = parser.copy()
        events = [*twin.feed(behind), *twin.finish(case.finish)]
        read += 1
        found = atoms(events)
        if first is None:
            first, decided = found, len(found)
        common = 0
        while common < min(decided, len(found)) and first[common] == found[common]:
            common += 1
        decided = min(decided, common)
        if not decided:
            return read
    assert first is not None
    held = case.text[at - parser.held : at]
    what = "".join(str(atom[-1]) if atom[0] != "start" else f"the start of {atom[-1]}" for atom in first[:decided])
    raise Violation(
        "2", f"after {at} characters {shown(held)} is held ({parser.state}), but it is decided: {shown(what)} comes", (at,)
    )


def continuations(format: Format, text: str, at: int, held: int) -> Iterator[str]:
    """What may come behind text[:at], of which so many characters are held."""
    yield text[at:]
    yield ""
    for letter in _LETTERS:
        yield letter + _BEHIND[1]
    tail = text[at - held : at].lstrip()
    found = 0
    for plain in format.canonical:  # where a turn goes on as it was written
        whole = plain.text
        for place in range(len(whole)):
            if whole.startswith(tail, place) if tail else whole[place - 1 : place].isspace() or not place:
                found += 1
                if found <= _MOST:
                    yield whole[place + len(tail) :]
    for marker in format.markers:
        for k in range(min(len(marker) - 1, len(tail)), 0, -1):
            if tail.endswith(marker[:k]):
                for behind in _BEHIND:
                    yield marker[k:] + behind
                break
    for letter in _LETTERS:
        for behind in _BEHIND[::2]:
            yield letter + behind
    for plain in format.canonical[:2]:
        yield plain.text
        yield "\n" + plain.text


# -- the start of a call -----------------------------------------------------------------------------------------------


def check_start(format: Format, case: Case) -> int:
    """In a plain turn each call starts with the character that completes its name."""
    if case.kind != "plain" or case.meaning is None or not case.meaning.calls:
        return 0
    reading = Reading(case.grammar, **case.options)
    started: dict[str, int] = {}
    for i, char in enumerate(case.text):
        for event in reading.feed(char):
            if isinstance(event, ToolCallStart):
                started[event.name] = i + 1
    for name, _, _ in case.meaning.calls:
        wanted = start_of_call(format, case.text, name)
        if started.get(name) != wanted:
            raise Violation("2", f"the call of {name} starts after {started.get(name)} characters, not {wanted}", (wanted,))
    return 1


def start_of_call(format: Format, text: str, tool: str) -> int:
    """Where the call of this tool starts in a text that the grammar wrote, in which its name stands but once: the
    offset behind the character that completes what is required. Derived from the template lines."""
    grammar = format.grammar
    calls = grammar.calls
    if format.chooses:
        return text.index("{") + 1
    if grammar.messages is not None and "{author}" in grammar.messages.header:  # which says nothing
        return text.index(f'"{tool}"') + len(tool) + 2
    if grammar.messages is not None and grammar.messages.body.lstrip().startswith("{call"):
        return text.index(f'"{tool}"') + len(tool) + 2  # the body names the tool, whatever the header says
    behind = text.index(tool) + len(tool)
    if text[behind] == "(":
        return behind + 1
    if re.search(r"[:{]\s*[\"']$", text[: text.index(tool)]):  # the name's quote in an object
        return text.index("{", behind) + 1 if calls.commit == "arguments" else behind + 1
    if grammar.messages is not None:  # the whole header
        end = re.split(r"[({})?]", grammar.messages.header)[-1]
        return text.index(end, behind) + len(end)
    if calls.commit == "arguments":
        return text.index("{", behind) + 1
    items = parse_template((calls.call or calls.section)[0], grammar.parameters)
    named = next(i for i, item in enumerate(items) if {"name", "id"} & set(_fields(item)))
    after = items[named + 1]
    if isinstance(items[named], Tag):
        return text.index(">", behind) + 1
    if isinstance(after, Space) and "\n" in after.text:
        return behind + 1
    terminators = [marker for marker in (m.strip() for m in format.markers) if marker and marker in text[behind:]]
    terminators += ["{"] if isinstance(after, Payload) else []
    first = min(terminators, key=lambda marker: (text.index(marker, behind), -len(marker)))
    return text.index(first, behind) + len(first)


def _fields(item: object) -> tuple[str, ...]:
    if isinstance(item, Tag):
        return item.fields
    return (item.name,) if isinstance(item, Field) else ()


# -- delays ------------------------------------------------------------------------------------------------------------


class Delay(NamedTuple):
    """How many characters had to come behind a character before it was told, over `count` characters."""

    count: int = 0
    total: int = 0
    worst: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def __add__(self, other: object) -> Delay:
        if not isinstance(other, Delay):
            return NotImplemented
        return Delay(self.count + other.count, self.total + other.total, max(self.worst, other.worst))


def delays(case: Case) -> dict[str, Delay]:
    """The delay of content, reasoning and arguments in a text that comes by the character."""
    reading = Reading(case.grammar, traced=True, **case.options)
    told_at: list[int] = []  # for each character, how many had come when it was no longer held
    for i, char in enumerate(case.text, 1):
        reading.feed(char)
        told_at += [i] * (i - reading.parser.held - len(told_at))
    reading.finish(case.finish)
    told_at += [len(case.text)] * (len(case.text) - len(told_at))
    found: dict[str, Delay] = {}
    for kind, start, end in reading.tiles:
        if kind in ("content", "reasoning", "arguments"):
            waits = [told_at[at] - at - 1 for at in range(start, end)]
            found[kind] = found.get(kind, Delay()) + Delay(len(waits), sum(waits), max(waits))
    return found


__all__ = ["Delay", "atoms", "check_start", "check_waiting", "continuations", "delays", "start_of_call"]
