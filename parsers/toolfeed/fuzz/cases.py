"""What is read: a `Format` (a grammar, and what is derived from it once), and a `Case` (a text, and how to read it)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ..errors import CannotExpress
from ..grammar import Example, Grammar, signature
from ..limits import Limits
from ..notation import Item, Marker, Payload, parse_template
from ..parser import Parser
from ..regions import call_template
from ..tools import Tools
from .reading import Reason, number_ids
from .texts import markers_of


class Meaning(NamedTuple):
    """What a text was written to mean. `calls`: name, arguments (JSON text), and an id or None for each."""

    content: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str, str | None], ...] = ()


class Case(NamedTuple):
    """A text, and the options and the reason to read it with. `meaning`: None if nobody says what it means."""

    grammar: Grammar
    kind: str
    text: str
    options: Mapping[str, Any] = {}
    finish: Reason = None
    meaning: Meaning | None = None

    def __repr__(self) -> str:
        return f"{self.grammar.name}: {self.kind}"


def parser_of(case: Case, **options: Any) -> Parser:
    """A new parser with the case's options, these instead, and ids that are numbers."""
    known: dict[str, Any] = {"ids": number_ids}
    known.update(case.options)
    known.update(options)
    return Parser(case.grammar, **known)


def with_tools(case: Case) -> Case:
    """The same case, its tools read once for all parsers that are made of it."""
    tools = case.options.get("tools")
    return case if tools is None else case._replace(options={**case.options, "tools": Tools(tools)})


def options_of(example: Example) -> dict[str, Any]:
    """The options that an example's text is read with."""
    options: dict[str, Any] = {
        "tools": example.declarations(),
        "start": example.start,
        "prompt": example.prompt,
        "repair": example.repair,
        "tool_choice": example.tool_choice(),
    }
    return {name: value for name, value in options.items() if value is not None and value is not False}


# Tools of the kinds that examples have: a string, other types, none that is declared.
TOOLS: Final = [
    signature("get_weather(city: string, days: integer, unit: string|integer, note: string|null, options: object)"),
    signature("get_time()"),
]
LIMITS: Final = (
    Limits(),
    Limits(name=20, header=40, hold=200, raw=20, calls=3, digits=6),
    Limits(name=12, header=24, hold=60, raw=10, calls=3, digits=6),
)
_OPTIONS: Final[dict[str, Sequence[Any]]] = {
    "tools": (None, None, [], TOOLS, TOOLS),
    "whitespace": ("trim", "trim", "keep"),
    "start": (None, None, "content", "reasoning"),
    "unknown_tools": (None, None, "forward", "content"),
    "repair": (False, True),
    "parallel_tool_calls": (True, True, True, False),
    "tool_choice": ("auto", "auto", "auto", "none", "get_time"),
    "limits": LIMITS,
}


def random_options(rng: random.Random) -> dict[str, Any]:
    """Options of a parser, most of them as they are by default. Small limits are reached by short texts."""
    return {name: rng.choice(values) for name, values in _OPTIONS.items()}


class Format:
    """A grammar under test. `others`: markers of other formats, to be mixed in. `source`: what it is loaded by, its
    name if nothing is said."""

    def __init__(self, grammar: Grammar, others: Sequence[str] = (), source: str = "") -> None:
        self.grammar = grammar
        self.name = grammar.name
        self.source = source or grammar.name
        self.others = tuple(others) or ("<tool_call>", "</think>", "[TOOL_CALLS]", "<|call|>")

    @classmethod
    def load(cls, format: str | Path | Grammar, others: Sequence[str] = ()) -> Format:
        """Of a format's name, a grammar's file, or a Grammar. Raises as `Grammar.load`."""
        if isinstance(format, Grammar):
            return cls(format, others)
        return cls(Grammar.load(format), others, str(format))

    @cached_property
    def markers(self) -> tuple[str, ...]:
        return markers_of(self.grammar) or ("",)

    @cached_property
    def examples(self) -> tuple[Case, ...]:
        """The grammar's own."""
        return tuple(
            Case(self.grammar, example.case, example.text, options_of(example), example.finish)
            for example in self.grammar.examples
        )

    @cached_property
    def chooses(self) -> bool:
        """Whether the request names the tool, and the text does not."""
        return self.grammar.calls.names == "chosen"

    @cached_property
    def reasons(self) -> bool:
        """Whether a turn can hold reasoning."""
        messages = self.grammar.messages
        routed = messages is not None and any(route.to == "reasoning" for route in messages.routes)
        told = any(region.to == "reasoning" for region in self.grammar.regions.values())
        return routed or told or self.grammar.reasoning is not None

    @cached_property
    def unjudged(self) -> dict[str, str]:
        """The laws that cannot be judged, by key, and why: what a grammar's regions leave open."""
        found: dict[str, str] = {}
        for name, region in self.grammar.regions.items():
            if region.open_pattern or region.close_pattern:
                found.setdefault(
                    "2", f"a pattern opens or closes the region {name!r}, and may wait for what it matches"
                )
                found.setdefault("8", f"a pattern opens or closes the region {name!r}, and may look at text again")
                found.setdefault("reference", f"it reads no patterns, and one opens or closes the region {name!r}")
            if region.whole is not None:
                found.setdefault("2", f"the region {name!r} is held until it closes, and read whole")
                found.setdefault("5", f"the arguments of the region {name!r} are made of its text, and written anew")
                found.setdefault("reference", f"it reads no regions whole, such as {name!r}")
        return found

    @cached_property
    def call_templates(self) -> tuple[tuple[Item, ...], ...]:
        """The templates of calls: of `section` and `call`, or of regions that literals open."""
        calls, known = self.grammar.calls, self.grammar.parameters
        lines = tuple(parse_template(line, known) for line in (*calls.section, *calls.call))
        regions = self.grammar.regions.values()
        return lines + tuple(call_template(region) for region in regions if region.open and region.body)

    @cached_property
    def is_bare(self) -> bool:
        """Whether a text has to say more than a marker does to be a call, such as the name of a known tool."""
        lines = (*self.grammar.calls.section, *self.grammar.calls.call)
        messages = self.grammar.messages
        if messages is not None and "<" not in messages.header:
            return True
        return self.grammar.calls.commit == "arguments" or any(line.lstrip()[:1] in ("[", "{") for line in lines)

    @cached_property
    def payloads(self) -> tuple[Payload, ...]:
        """The payloads of all templates."""
        calls, messages = self.grammar.calls, self.grammar.messages
        lines = [*calls.section, *calls.call, *calls.parameter, *((messages.body,) if messages else ())]
        lines += [region.body for region in self.grammar.regions.values()]
        known = self.grammar.parameters
        return tuple(item for line in lines for item in parse_template(line, known) if isinstance(item, Payload))

    @cached_property
    def takes_json(self) -> bool:
        """Whether all arguments are JSON, which passes through as written."""
        if any(region.whole is not None for region in self.grammar.regions.values()):
            return False
        return all(payload.codec in ("json", "keyed") and payload.what != "value" for payload in self.payloads)

    @cached_property
    def closers(self) -> tuple[str, ...]:
        """What ends raw values: a value may hold it, if nothing that may follow it does."""
        lines = (*self.grammar.calls.parameter, *self.grammar.calls.item)
        found: dict[str, None] = {}
        for items in (parse_template(line, self.grammar.parameters) for line in lines):
            place = next((i for i, item in enumerate(items) if isinstance(item, Payload)), len(items))
            found.update((item.text, None) for item in items[place:] if isinstance(item, Marker))
        return tuple(found)

    @cached_property
    def framing(self) -> tuple[str, ...]:
        """What stands around content: markers that count in some places only, which the text before decides."""
        pair = self.grammar.content
        return tuple(text.strip() for text in (*pair.open, *pair.close)) if pair is not None else ()

    @cached_property
    def canonical(self) -> tuple[Case, ...]:
        """A few plain turns as the grammar writes them: where markers stand, and what stands behind them."""
        return tuple(_plain(self.grammar, self.grammar, "plain", _TURNS))

    @cached_property
    def otherwise(self) -> tuple[Grammar, ...]:
        """The grammar with each of the templates first, and so written, that are only read."""
        calls, found = self.grammar.calls, list[Grammar]()
        lines = [("section", line) for line in calls.section] + [("call", line) for line in calls.call]
        whole = any("{calls}" not in line for line in calls.section)
        for key, line in lines[1:]:
            others = [other for own, other in lines if own == key and other != line]
            changes: dict[str, Any] = {key: (line, *others)}
            if key == "call" and whole:
                changes["section"] = tuple(other for other in calls.section if "{calls}" in other)
            found.append(msgspec.structs.replace(self.grammar, calls=msgspec.structs.replace(calls, **changes)))
        return tuple(found)

    @cached_property
    def variants(self) -> tuple[Case, ...]:
        """Plain turns in the templates that the grammar reads but does not write."""
        found: dict[str, Case] = {}
        for other in self.otherwise:
            found.update((case.text, case) for case in _plain(self.grammar, other, "variant", _TURNS[:4]))
        return tuple(case for text, case in found.items() if text not in {own.text for own in self.canonical})


_PLAIN_TOOLS: Final = [signature("zq_alpha(text: string, list: array)"), signature("zq_beta()")]
_PLAIN_CALLS: Final = (("zq_alpha", '{"text": "word", "list": [1, {"k": "v"}]}'), ("zq_beta", "{}"))
_TURNS: Final = (
    ("", "", _PLAIN_CALLS),
    ("Well.", "", _PLAIN_CALLS),
    ("Well.", "Hm.", _PLAIN_CALLS[:1]),
    ("", "", _PLAIN_CALLS[:1]),
    ("", "", _PLAIN_CALLS[1:]),
    ("Well.", "Hm.", ()),
    ("Well.", "", ()),
)


def _plain(grammar: Grammar, writes: Grammar, kind: str, turns: Sequence[Any]) -> Iterator[Case]:
    """Turns as `writes` writes them, for `grammar` to read."""
    for content, reasoning, calls in turns:
        options: dict[str, Any] = {"tools": _PLAIN_TOOLS} | chosen(grammar, [name for name, _ in calls])
        try:
            text = writes.write(content, reasoning, calls, tools=_PLAIN_TOOLS)
        except CannotExpress:
            continue
        yield Case(grammar, kind, text, options, None, Meaning(content, reasoning, tuple((*c, None) for c in calls)))


def chosen(grammar: Grammar, names: Sequence[str]) -> dict[str, Any]:
    """The option that names the first of these tools, for formats where only the request does."""
    if grammar.calls.names != "chosen" or not names:
        return {}
    return {"tool_choice": {"type": "function", "function": {"name": names[0]}}}
