"""Law 2: nothing waits that is decided. What is held, for how long, and whether it had to be.

A parser that has read a prefix has told some of what the prefix comes to. If whatever may come next leads to the same
next piece, that piece was decided and waited without need. So at every prefix at which something is held, the parser is
copied and fed one continuation after another until two of them differ right behind what was told: then the hold was
needed. If none do, it was not. Continuations are what really came, the end of the text, what the grammar's templates
write from where the parser stands (`ways`), single characters, and plain turns from where they hold what is held.

A parser keeps what it knows to tell nothing, and reads it later (`lanes`); one that is traced does not, so both have to
tell the same at every character.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from ..errors import CannotExpress
from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..notation import Field, Payload, Space, Tag, parse_template
from ..parser import Parser
from .cases import Case, Format, parser_of
from .reading import Reading, Reason, Violation, counted, shown
from .texts import markers_of
from .ways import ways_on

_LETTERS: Final = (
    "a",
    " ",
    "\n",
    '"',
    "<",
    "}",
    "]",
    "\\",
    "1",
    ",",
    ":",
    "(",
    "=",
    "{",
    "[",
    "'",
    ".",
    "u",
    ">",
    "\x00",
)
_BEHIND: Final = ("", " zz\n\nzz zz.", '": 1}\nzz')
_MOST: Final = 12  # continuations of one kind
_PREFIXES: Final = 16  # of each kind are looked at in a text
_TAG_END: Final = re.compile(r"[\"']?\s*/?>")
_TAG_ENDS: Final = (">", '">', "'>", 'x">', "x'>")
_ENDS: Final = re.compile(r"[}\])>\"']")

# Which calls are told is asked when a call starts: one of an unknown tool, or one too many, is content from there on,
# and held until then like any other. So is a marker that a small limit will not let become whole.
_LEFT_OUT: Final = frozenset({"limits", "parallel_tool_calls"})

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
            result.append(("end", event.index, event.status, event.notes, event.raw))
    return result


def check_waiting(format: Format, case: Case, rng: random.Random) -> int:
    """Whether each hold was needed, at some of the prefixes. How many texts were read."""
    text = case.text
    places = {len(text), *rng.sample(range(1, len(text) + 1), min(_PREFIXES, len(text)))}
    ends = [found.end() for found in _ENDS.finditer(text)]  # behind what may end something
    places.update(rng.sample(ends, min(_PREFIXES, len(ends))))
    options = {name: value for name, value in case.options.items() if name not in _LEFT_OUT}
    case = case._replace(options=options | {"unknown_tools": "forward"})
    plain = plain_texts(format, case)
    parser, traced = parser_of(case), parser_of(case, trace=_ignore)
    read = 2
    for i, char in enumerate(text, 1):
        told = atoms(parser.feed(char))
        expected = atoms(traced.feed(char))
        if told != expected:
            place = f"after {counted(i, 'character')} {_said(told)} is told"
            raise Violation("2", f"{place}, where a parser that is traced tells {_said(expected)}", (i,))
        if i in places:
            read += _needed(format, case, parser.copy(), i, plain)
    return read


def _ignore(_kind: str, _start: int, _end: int) -> None:
    """A trace that nobody looks at."""


def _said(told: Sequence[Atom]) -> str:
    return shown("".join(str(atom[2 if atom[0] == "end" else -1]) for atom in told))


def _needed(format: Format, case: Case, parser: Parser, at: int, plain: Sequence[str]) -> int:
    """Raises Violation unless two continuations differ in what they tell next."""
    first: list[Atom] | None = None
    decided = 0
    tried: list[tuple[str, Reason]] = []
    for read, (behind, finish) in enumerate(continuations(format, case, at, parser, plain), 1):
        tried.append((behind, finish))
        twin = parser.copy()
        found = atoms([*twin.feed(behind), *twin.finish(finish)])
        if first is None:
            first, decided = found, len(found)
        common = 0
        while common < min(decided, len(found)) and first[common] == found[common]:
            common += 1
        decided = min(decided, common)
        if not decided:
            return read
    assert first is not None
    kind = str(first[0][0])
    if kind in ("content", "reasoning") and len({_origin(case, at, kind, *way) for way in tried}) > 1:
        return 2 * len(tried)  # the same letter by chance: of a marker here, and of what stands behind it there
    held = case.text[at - parser.held : at]
    place = f"after {counted(at, 'character')} {shown(held)} is held ({parser.state})"
    raise Violation("2", f"{place}, but it is decided: {_said(first[:decided])} comes", (at,))


def _origin(case: Case, at: int, kind: str, behind: str, finish: Reason) -> int:
    """Where in the text the next character of this kind stands that is told behind the first `at`; -1 if none is."""
    tiles: list[tuple[str, int, int]] = []

    def tile(what: str, start: int, end: int) -> None:
        tiles.append((what, start, end))

    parser = parser_of(case, trace=tile)
    told = sum(atom[0] == kind for atom in atoms(parser.feed(case.text[:at])))
    parser.feed(behind)
    parser.finish(finish)
    for what, start, end in tiles:
        if what == kind:
            if told < end - start:
                return start + told
            told -= end - start
    return -1


def continuations(
    format: Format, case: Case, at: int, parser: Parser, plain: Sequence[str]
) -> Iterator[tuple[str, Reason]]:
    """What may come behind the text's first `at` characters, which the parser has read, and why the text ends there.
    `plain`: plain turns."""
    text, finish = case.text, case.finish
    yield text[at:], finish
    yield "", finish
    if finish == "stop":
        yield "", None
    tail = text[at - parser.held : at]
    for way in _ways(format, case, parser, tail, plain):
        yield way, finish


def _ways(format: Format, case: Case, parser: Parser, tail: str, plain: Sequence[str]) -> Iterator[str]:
    yield from ways_on(parser, tail, case.options)
    for letter in _LETTERS:
        yield letter + _BEHIND[1]
    tail = tail.lstrip()
    squeezed = "".join(tail.split())  # a tag may have spaces in it
    bound = parser._grammar  # the text may have said what a part of its markers is
    markers = (*markers_of(bound), *format.markers) if bound is not format.grammar else format.markers
    if bound is not format.grammar:
        plain = [*plain, *(bound.write("", "", [("f", arguments)] * 2) for arguments in ("{}", '{"a": "b"}'))]
    for whole in plain:  # where a turn goes on as it was written
        for rest in _aligned(whole, tail):
            yield whole[rest:]
    answers = [plain.text for plain in format.canonical[-1:]]
    for marker in markers:
        for k in range(min(len(marker) - 1, len(tail)), 0, -1):
            if tail.endswith(marker[:k]) or squeezed.endswith(marker[:k]):
                for behind in _BEHIND:
                    yield marker[k:] + behind
                for whole in (*plain[:2], *plain[-2:], *answers):
                    yield marker[k:] + whole
                    for other in markers:
                        if other and other in whole:
                            yield marker[k:] + whole[whole.index(other) + len(other) :]
    for whole in (*plain[:2], *plain[-2:]):
        for found in _TAG_END.finditer(whole):  # a tag with another name or attribute in it
            for end in _TAG_ENDS:
                yield end + whole[found.end() :]
    for whole in plain[-2:]:
        yield whole
        yield "\n" + whole


def _aligned(whole: str, tail: str) -> Iterator[int]:
    """Where a text goes on behind the longest end of `tail` that it holds, without regard to whitespace."""
    if not tail:
        yield 0
        yield from (at for at in range(1, len(whole)) if whole[at - 1].isspace() and not whole[at].isspace())
        return
    words = [re.escape(word) for word in re.findall(r"\s+|\w+|[^\s\w]", tail) if not word.isspace()]
    for start in range(len(words)):
        pattern = r"\s*".join(words[start:])
        places = [found.end() for found in re.finditer(pattern, whole)]
        if places:
            yield from places[:_MOST]
            return
    last = tail[-1]
    yield from [at + 1 for at, char in enumerate(whole) if char == last][:_MOST]


def plain_texts(format: Format, case: Case) -> list[str]:
    """Plain turns; the last ones call the tools that the case declares."""
    texts = [plain.text for plain in (*format.canonical, *format.variants)]
    tools = case.options.get("tools") or ()
    for tool in tools:
        name = str(tool["function"]["name"])
        for grammar in (case.grammar, *format.otherwise):
            with suppress(CannotExpress):
                texts.append(grammar.write("", "", [(name, "{}")], tools=tools))
    return texts


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
            at = f"starts after {counted(started[name], 'character')}" if name in started else "does not start"
            raise Violation("2", f"the call of {name} {at}; its name is whole after {wanted}", (wanted,))
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
    items = parse_template(calls.call[0], grammar.parameters) if calls.call else format.call_templates[0]
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


class Delay(msgspec.Struct, frozen=True):
    """How many characters had to come behind a character before it was told, over `count` characters."""

    count: int = 0
    total: int = 0
    worst: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def __add__(self, other: Delay) -> Delay:
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
