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
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from ..errors import CannotExpress
from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallStart
from ..grammar import Grammar
from ..notation import Field, Payload, Space, Tag, parse_template
from ..parser import Parser
from .cases import Case, Format, parser_of
from .reading import Reading, Violation, counted, shown
from .texts import SUFFIX, markers_of

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
_SUFFIX_BEGUN: Final = re.compile(r":[\w.\-]*\Z")
_KEY: Final = "x"  # as markers have it
_VALUES: Final = ("null", "true", "false", "1", "{}", "[]", "\nnull")
_TAG_END: Final = re.compile(r"[\"']?\s*/?>")
_TAG_ENDS: Final = (">", '">', "'>", 'x">', "x'>")
_ENDS: Final = re.compile(r"[}\])>\"']")

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
    options = dict(case.options)
    if options.get("tools"):
        keys = dict.fromkeys([_KEY, *re.findall(r"[\w.\-]+", text)])
        options["tools"] = [_with_parameters(tool, keys) for tool in options["tools"]]
    plain = plain_texts(format, case._replace(options=options))
    # What an unknown tool's call is, and where a limit is passed, decides more than the text does.
    left_out = {"limits", "unknown_tools", "parallel_tool_calls"}
    if format.is_bare:
        left_out.add("tools")
        if isinstance(options.get("tool_choice"), str):
            left_out.add("tool_choice")
    options = {name: value for name, value in options.items() if name not in left_out}
    if options.get("repair"):  # which may read calls without markers in every format
        options["unknown_tools"] = "forward"
    case = case._replace(options=options)
    parser = parser_of(case)
    read = 1
    for i, char in enumerate(text, 1):
        parser.feed(char)
        # A candidate that is damaged may need a continuation that nobody would guess.
        if i in places and (parser.state != "header" or case.meaning is not None):
            read += _needed(format, case, parser, i, plain)
    return read


def _with_parameters(tool: Any, keys: Iterable[str]) -> Any:
    """A tool with these parameters too: a marker that holds a key is one for a declared key only."""
    function = tool["function"]
    schema = function.get("parameters", {})
    properties = {key: {"type": "string"} for key in keys} | schema.get("properties", {})
    return {**tool, "function": {**function, "parameters": {**schema, "properties": properties}}}


def _needed(format: Format, case: Case, parser: Parser, at: int, plain: Sequence[str]) -> int:
    """Raises Violation unless two continuations differ in what they tell next."""
    held = case.text[at - parser.held : at]
    tail = held.strip()
    framing = any(tail != marker and marker.startswith(tail) for marker in format.framing)
    if parser.state in ("content", "reasoning") and tail and framing:
        return 0  # it may not count here, but that is not looked at before it is whole
    if parser.state == "header" and format.grammar.calls.names == "words":
        return 0  # what may be a name of several words, until it is whole
    first: list[Atom] | None = None
    decided = 0
    bound = parser._grammar  # the text may have said what a part of its markers is
    for read, behind in enumerate(continuations(format, case, at, parser.held, bound, plain), 1):
        twin = parser.copy()
        events = [*twin.feed(behind), *twin.finish(case.finish)]
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
    what = "".join(str(atom[2 if atom[0] == "end" else -1]) for atom in first[:decided])
    place = f"after {counted(at, 'character')} {shown(held)} is held ({parser.state})"
    raise Violation("2", f"{place}, but it is decided: {shown(what)} comes", (at,))


def continuations(
    format: Format, case: Case, at: int, held: int, bound: Grammar, plain: Sequence[str]
) -> Iterator[str]:
    """What may come behind the text's first `at` characters, of which so many are held. `bound`: the grammar as the
    text so far has bound its parameters; `plain`: plain turns."""
    text = case.text
    yield text[at:]
    yield ""
    for letter in _LETTERS:
        yield letter + _BEHIND[1]
    tail = text[at - held : at].lstrip()
    squeezed = "".join(tail.split())  # a tag may have spaces in it
    markers = format.markers
    if bound is format.grammar and bound.parameters:
        begun = _SUFFIX_BEGUN.search(tail)
        bound = bound.bind(dict.fromkeys(bound.parameters, f"{begun.group()}x" if begun else SUFFIX))
    if bound is not format.grammar:
        plain = [*plain, *(bound.write("", "", [("f", arguments)] * 2) for arguments in ("{}", '{"a": "b"}'))]
        markers = (*markers_of(bound), *markers)
    for whole in plain:  # where a turn goes on as it was written
        for rest in _aligned(whole, tail):
            yield whole[rest:]
    answers = [plain.text for plain in format.canonical[-1:]]
    name = f'"{case.grammar.calls.keys.name[0]}"'
    for whole in plain:  # a key or a value of a call object, before the one that matters
        if name in whole:
            for end in ('": 1, ', '", ', "1, ", ", "):
                yield end + whole[whole.index(name) :]
    for marker in markers:
        if not tail:
            yield marker
            yield f"\n{marker}\n"
        for k in range(min(len(marker) - 1, len(tail)), 0, -1):
            if tail.endswith(marker[:k]) or squeezed.endswith(marker[:k]):
                for behind in _BEHIND:
                    yield marker[k:] + behind
                for whole in (*plain[:2], *plain[-2:], *answers):
                    yield marker[k:] + whole
                    for other in markers:
                        if other and other in whole:
                            yield marker[k:] + whole[whole.index(other) + len(other) :]
    yield from _named_before(format, case, tail)
    for whole in (*plain[:2], *plain[-2:]):
        for found in _TAG_END.finditer(whole):  # a tag with another name or attribute in it
            for end in _TAG_ENDS:
                yield end + whole[found.end() :]
    for whole in (*plain[:1], *plain[-1:]):  # a list goes on behind what is no call
        for bracket in ("[", "{"):
            if bracket in whole:
                yield ", " + whole[whole.index(bracket) + (bracket == "[") :]
    for whole in (*plain[:1], *plain[-1:]):  # a value of another type than string
        for marker in markers:
            at = whole.find(marker) if marker else -1
            at -= at > 0 and whole[at - 1] == "\n"  # the closer's own
            for value in _VALUES if at >= 0 else ():
                if value.startswith(tail):
                    yield value[len(tail) :] + whole[at:]
    for one in format.canonical[:1]:  # a name that is not whole
        for tool, _, _ in one.meaning.calls if one.meaning else ():
            yield one.text[one.text.find(tool) + len(tool) :]
    for letter in _LETTERS:
        for behind in _BEHIND[::2]:
            yield letter + behind
    for whole in plain[-2:]:
        yield whole
        yield "\n" + whole


def _named_before(format: Format, case: Case, tail: str) -> Iterator[str]:
    """What makes the word that a text ends in the name of a call, where a repair reads a name before its opener."""
    repair = case.grammar.repair if case.options.get("repair") else None
    lines = [line for line in (repair.call if repair is not None else ()) if line.startswith("{name}")]
    word = re.search(r"[\w.\-]*\Z", tail)
    begun = word.group() if word is not None else ""
    tools = None if format.is_bare else case.options.get("tools")
    names = [begun, begun + "a"] if tools is None else [str(tool["function"]["name"]) for tool in tools]
    for line in lines:
        behind = re.sub(r"\{\w+:\w+\}", "{}", line.removeprefix("{name}"))
        yield from (name[len(begun) :] + behind for name in names if name.startswith(begun))


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
    for arguments in (f'{{"{_KEY}": "b"}}', "{}"):
        for tool in tools:
            name = str(tool["function"]["name"])
            for grammar in (case.grammar, *format.otherwise):
                try:
                    texts.append(grammar.write("", "", [(name, arguments)], tools=tools))
                except CannotExpress:
                    continue
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
