"""The case taxonomy (formats.md, F): what its cases are made of.

A case makes texts of a format from what its grammar writes, damages them as the case says, and says what they mean by
the rule that decides. It is made for every format; where it makes no sense, a `Reason` derived from the grammar's
structure says why. A `Format` is a grammar with the words in which cases are told.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from helpers import Told, grammar_of, markers_of, merged, number_ids
from toolfeed import Grammar, Parser, traits
from toolfeed.grammar import signature
from toolfeed.notation import Marker, Payload, Slot, Tag
from toolfeed.writer import message_around

# -- calls -------------------------------------------------------------------------------------------------------------

# Tools whose names stand in no prose, with a parameter of every type.
ALPHA = signature(
    "zq_alpha(text: string, more: string, number: integer, ratio: number, flag: boolean, nothing: null,"
    " note: string|null, count: integer|null, object: object, list: array, any)"
)
BETA = signature("zq_beta()")
TOOLS = [ALPHA, BETA]

Status: TypeAlias = Literal["complete", "truncated", "malformed"]


class Call(NamedTuple):
    """A call to write, or one that is expected: then `arguments` None means that they are not looked at."""

    name: str
    arguments: str | None = "{}"
    status: Status = "complete"
    id: str | None = None
    notes: tuple[str, ...] | None = None


def alpha(arguments: str | None = '{"text": "x"}', **more: Any) -> Call:
    return Call("zq_alpha", arguments, **more)


def text_of(value: str, key: str = "text") -> Call:
    """A call with this string."""
    return alpha(json.dumps({key: value}, ensure_ascii=False).replace("\ud800", "\\ud800"))


BETA_CALL = Call("zq_beta")
OTHER = alpha('{"text": "y", "number": 2}')


class Text(NamedTuple):
    """A text, how it is read, and what it means.

    `content`: None if not all of it is looked at; `kept` is in it then. `noted`: a code, of a call or of the turn.
    `every_cut`: it is to be cut in two at every place, however long it is.
    """

    text: str
    calls: tuple[Call, ...] | None = ()
    content: str | None = ""
    reasoning: str | None = ""
    options: Mapping[str, Any] = {}
    finish: Any = None
    kept: str = ""
    noted: str = ""
    every_cut: bool = False


class Pairs(NamedTuple):
    """A JSON object as it is written: the order of its keys, and each of them."""

    members: tuple[tuple[str, Any], ...]


class Number(NamedTuple):
    """A number as it is written: 1.50 is not 1.5."""

    digits: str


def value(arguments: str) -> Any:
    return json.loads(
        arguments,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=lambda pairs: Pairs(tuple(pairs)),
    )


# -- formats -----------------------------------------------------------------------------------------------------------

Notation: TypeAlias = Literal["json", "python", "object", "raw"]
PLACEHOLDER = "PLACEHOLDER"
IN_QUOTES = {"json": '"', "python": "'"}


class Format:
    """A grammar, and how calls and text are written in it. Turns begin in content unless a case says otherwise."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.grammar: Grammar = grammar_of(name)
        self.way = traits.ways(self.grammar)[0]
        self.payload = self.way.payload

    def __repr__(self) -> str:
        return self.name

    # What it is like.

    @property
    def notation(self) -> Notation:
        """How values are written."""
        if self.payload == traits.TAGGED:
            return "raw"
        if self.payload.codec in ("literal", "python"):
            return "python"
        return "object" if self.payload.codec in ("object", "quoted") else "json"

    @property
    def objects(self) -> bool:
        """Whether a call is a JSON object with its name in it."""
        return self.payload.what in ("call", "calls") and self.payload.codec == "json"

    @property
    def messages(self) -> bool:
        return self.grammar.messages is not None

    @property
    def one_call(self) -> bool:
        return traits.one_call(self.grammar)

    @property
    def bare(self) -> bool:
        return traits.bare(self.grammar)

    @cached_property
    def opener(self) -> str:
        """What stands before the data of the first call, without the whitespace around it."""
        text = self.write(alpha())
        return text[: re.search(r"\w*zq_alpha|\{|\[\{|\(", text).start()].strip()  # type: ignore[union-attr]  # it is there

    @cached_property
    def value_items(self) -> tuple[Any, ...]:
        """The template of a tagged argument that is written."""
        return traits.parameters(self.grammar)[0] if self.notation == "raw" else ()

    @property
    def trim(self) -> str:
        """What of a raw value's edges belongs to its tags."""
        return next((item.trim for item in self.value_items if isinstance(item, Payload)), "none")

    @cached_property
    def closers(self) -> tuple[str, ...]:
        """Markers behind the payload of what is written, and those of the section around it."""
        behind = list(self.way.closers)
        for items in traits.sections(self.grammar)[:1]:
            after = items[items.index(Slot("calls")) + 1 :]
            behind += [item.text for item in after if isinstance(item, Marker)]
        if self.grammar.messages is not None:
            behind.append(message_around(self.grammar.messages, "call", "zq_alpha", True)[1])
        return tuple(self.unbound(text) for text in dict.fromkeys(behind) if text)

    @property
    def overruled(self) -> tuple[str, ...]:
        """The notes of a value that is written as a string, where the schema admits none (A8)."""
        return ("stated_type_overruled",) if traits.states_types(self.grammar) else ()

    def unbound(self, marker: str) -> str:
        """A marker as it is written: with nothing for the parts that differ between checkpoints."""
        for name in self.grammar.parameters:
            marker = marker.replace("{" + name + "}", "")
        return marker

    # Writing.

    def options(self, **more: Any) -> dict[str, Any]:
        chosen = {"tool_choice": {"type": "function", "function": {"name": "zq_alpha"}}} if self.one_call else {}
        return {"tools": TOOLS, "start": "content"} | chosen | more

    def write(
        self, *calls: Call, content: str = "", reasoning: str = "", tools: Any = TOOLS, start: Any = "content"
    ) -> str:
        """A turn. Raises CannotExpress."""
        written = [
            {"name": call.name, "arguments": call.arguments} | ({"id": call.id} if call.id is not None else {})
            for call in calls
        ]
        return self.grammar.write(content, reasoning, written, tools=tools, start=start)

    def inner(self, *calls: Call, tools: Any = TOOLS) -> str:
        """The calls as they are written behind something else."""
        if self.messages:
            first = self.write(alpha(), tools=tools)
            return self.write(alpha(), *calls, tools=tools).removeprefix(first)
        start = self.grammar.start
        return self.write(*calls, tools=tools).removeprefix(start.lead).removesuffix(start.tail)

    def prose(self, text: str) -> str:
        """Content that stands behind something else."""
        if self.grammar.messages is None:
            return text
        header, closer = message_around(self.grammar.messages, "content", "", False)
        return header + text + closer

    def message(self, to: str, *, at_start: bool = True) -> tuple[str, str]:
        """What stands around a message to content, to reasoning or to zq_alpha."""
        assert self.grammar.messages is not None
        return message_around(self.grammar.messages, to, "zq_alpha" if to == "call" else "", at_start)

    def message_body(self) -> str:
        """Of a call with one string: the arguments, and what ends the message."""
        header = self.message("call")[0]
        return self.write(text_of("x")).removeprefix(header)

    def text(
        self, text: str, *calls: Call, content: str = "", reasoning: str = "", finish: Any = None, **options: Any
    ) -> Text:
        return Text(text, calls, content, reasoning, self.options(**options), finish)

    def turn(
        self, *calls: Call, content: str = "", reasoning: str = "", start: Any = "content", **options: Any
    ) -> Text:
        """What is written means what was written."""
        tools = options.get("tools", TOOLS)
        written = self.write(*calls, content=content, reasoning=reasoning, tools=tools, start=start)
        return self.text(written, *calls, content=content, reasoning=reasoning, start=start, **options)

    def no_call(self, text: str, kept: str, **options: Any) -> Text:
        """No call, and this is in the content, or where a message's header without a tool leads."""
        return Text(text, (), None, None if self.messages else "", self.options(**options), None, kept)

    @property
    def decided_by_text(self) -> bool:
        """Whether it takes more than a marker to tell a call from text (formats.md, 9)."""
        if self.grammar.messages is not None and "<" not in self.grammar.messages.header:
            return True
        if self.payload.codec == "python":
            return self.bare
        commit = self.grammar.calls.commit
        late = commit == "arguments" or (commit == "marker" and not self.way.marked)
        return self.payload.what in ("call", "calls") and late

    def id(self, name: str, number: int) -> str:
        """An id as the format writes them."""
        template = self.grammar.calls.id or "abcdefgh{number}"
        return template.replace("{name}", name).replace("{number}", str(number))

    # Calls with something in the place of a string.

    @cached_property
    def with_placeholder(self) -> str:
        return self.write(text_of(PLACEHOLDER))

    def with_string(self, inside: str) -> str:
        """A call in whose string stands this, as it is."""
        return self.with_placeholder.replace(PLACEHOLDER, inside)

    def with_value(self, raw: str, key: str = "text") -> str:
        """A call with this in the place of a whole value, whatever it is."""
        before, after = self.quotes
        return self.write(text_of(PLACEHOLDER, key)).replace(before + PLACEHOLDER + after, raw)

    @cached_property
    def quotes(self) -> tuple[str, str]:
        """What stands around a string, and is none of it."""
        if self.notation == "raw":
            return "", ""
        if self.notation == "object":
            return (self.grammar.calls.strings[0],) * 2
        return (IN_QUOTES[self.notation],) * 2

    def with_arguments(self, raw: str) -> str:
        """A call with this in the place of its JSON arguments."""
        return self.with_placeholder.replace(f'{{"text": "{PLACEHOLDER}"}}', raw)

    def with_object(self, raw: str) -> str:
        """A call with this in the place of the JSON object that it is."""
        text = self.with_placeholder
        for found in re.finditer(r"\{", text):
            try:
                _, end = json.JSONDecoder().raw_decode(text, found.start())
            except ValueError:
                continue
            return text[: found.start()] + raw + text[end:]
        raise AssertionError(text)

    def object(self, **members: Any) -> str:
        """A call object: `name` and `arguments` by the keys that the format writes."""
        return json.dumps({self.key(key): value for key, value in members.items()})

    def key(self, what: str) -> str:
        keys = self.grammar.calls.keys
        return {"name": keys.name, "arguments": keys.arguments, "id": keys.id}.get(what, (what,))[0]

    # Markers.

    @cached_property
    def markers(self) -> tuple[str, ...]:
        """Its markers, without the whitespace beside them."""
        return tuple(dict.fromkeys(marker.strip() for marker in markers_of(self.name) if marker.strip()))

    @property
    def literal_markers(self) -> list[str]:
        """Those that hold no part that differs between checkpoints, and no line break."""
        parts = bool(self.grammar.parameters)
        return [marker for marker in self.markers if "\n" not in marker and not (parts and ":x" in marker)]

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """The markers of a turn with two calls that hold no field."""
        text = self.write(alpha(), *([] if self.one_call else [alpha('{"text": "y"}')]))
        return tuple(marker for marker in self.markers if marker in text and "x" not in marker)

    @property
    def enders(self) -> tuple[str, ...]:
        """What closes a value, a call, a section, a message."""
        own = [item.text for item in self.value_items[-2:] if isinstance(item, Marker | Tag)]
        return (*(self.unbound(text) for text in own), *self.closers)

    @property
    def kept_closers(self) -> list[str]:
        """Closers that do not vanish where they close nothing."""
        vanish = {*self.absorbed, *self.grammar.turn_end, *self.frame_markers}
        return [closer for closer in self.enders if closer not in vanish]

    @property
    def absorbed(self) -> set[str]:
        return {self.unbound(marker) for marker in self.grammar.absorb}

    @property
    def frame_markers(self) -> set[str]:
        """Markers around reasoning and content."""
        pairs = (self.grammar.reasoning, self.grammar.content)
        texts = (text for pair in pairs if pair is not None for text in (*pair.open, *pair.close))
        return {self.unbound(text.strip()) for text in texts}

    @property
    def optional_openers(self) -> list[str]:
        """Markers before a call's data that may be left out."""
        if self.messages or self.one_call:
            return []
        optional = [self.unbound(marker.strip("\n")) for marker in self.grammar.calls.optional]
        head = self.write(alpha()).partition("zq_alpha")[0]
        return [marker for marker in optional if marker in head]

    @property
    def around_reasoning(self) -> tuple[str, str]:
        """Opener and closer as they are written, without whitespace; those of a message are its header and its end."""
        if self.grammar.messages is not None:
            return self.message("reasoning")
        assert self.grammar.reasoning is not None
        reasoning = self.grammar.reasoning
        return self.unbound((reasoning.open or ("",))[0].strip()), self.unbound(reasoning.close[0].strip())


@cache
def format_of(name: str) -> Format:
    return Format(name)


class Reason(NamedTuple):
    """Why a case makes no sense for some formats: `holds` says for which."""

    name: str
    meaning: str
    holds: Callable[[Format], bool]


# -- cases -------------------------------------------------------------------------------------------------------------

Made: TypeAlias = Iterator[Text | None]  # None: the case has checked something itself
Make: TypeAlias = Callable[[Format], Made]


class Case(NamedTuple):
    """A case of chapter F. `make`: its texts for a format; None if the test `where` has it."""

    group: int
    name: str
    make: Make | None
    unless: tuple[Reason, ...]
    where: str

    def reasons(self, form: Format) -> list[Reason]:
        """Why it makes no sense for this format; none if it does."""
        return [reason for reason in self.unless if reason.holds(form)]


GROUPS = (
    "Basic",
    "Parallel calls",
    "Narration",
    "Arguments",
    "Numbers",
    "Own markers in values",
    "Whitespace in values",
    "Characters",
    "Header",
    "Key order and spelling",
    "Missing pieces",
    "Malformed",
    "Truncation",
    "Orphans and look-alikes",
    "Reasoning",
    "Messages",
    "Schemas",
    "Hostile text",
    "State",
    "Round trip",
)


class Cases(list[Case]):
    """A table of cases."""

    def case(self, group: int, name: str, *unless: Reason) -> Callable[[Make], Make]:
        """Add a case: for each format for which none of the reasons holds."""

        def add(make: Make) -> Make:
            self.append(Case(group, name, make, unless, f"{make.__module__}.py::{make.__name__}"))
            return make

        return add

    def elsewhere(self, group: int, name: str, where: str, *unless: Reason) -> None:
        """Add a case that another test has: `where` it is."""
        self.append(Case(group, name, None, unless, where))


# -- reading -----------------------------------------------------------------------------------------------------------


def fed(form: Format, text: Text, fragments: Iterable[str]) -> Told:
    parser = Parser(form.grammar, ids=number_ids, **text.options)
    events = [event for fragment in fragments for event in parser.feed(fragment)]
    events += parser.finish(text.finish)
    return Told(merged(events), parser.notes)


def two_way_cuts(text: str, rng: random.Random, length: int) -> Iterator[list[str]]:
    """The text cut in two: at every place if it is not longer than this, else at one."""
    places: Sequence[int] = range(1, len(text))
    if len(text) > length:
        places = rng.sample(places, 1)
    for place in places:
        yield [text[:place], text[place:]]


def expect(text: Text, told: Told) -> None:
    """What was told is what the text means."""
    if text.content is not None:
        assert told.content == text.content
    assert text.kept in told.content or text.kept in told.reasoning
    if text.noted:
        assert text.noted in [*told.notes, *(code for end in told.ends for code in end.notes)]
    if text.reasoning is not None:
        assert told.reasoning == text.reasoning
    if text.calls is None:
        return
    assert [(name, status) for name, _, status in told.calls] == [(call.name, call.status) for call in text.calls]
    for call, (_, arguments, _), start, end in zip(text.calls, told.calls, told.starts, told.ends, strict=True):
        if call.arguments is not None:
            if call.status == "complete":
                assert value(arguments) == value(call.arguments)
            else:
                assert arguments == call.arguments
        if call.id is not None:
            assert start.id == call.id
        if call.notes is not None:
            assert sorted(end.notes) == sorted(call.notes)
