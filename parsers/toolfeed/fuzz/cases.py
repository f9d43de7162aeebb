"""What is read: a `Format` (a grammar, and what is derived from it once), and a `Case` (a text, and how to read it)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import CannotExpress
from ..grammar import Example, Grammar, signature
from ..limits import Limits
from ..notation import Payload, parse_template
from .reading import Reason
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
    """A grammar under test. `others`: markers of other formats, to be mixed in."""

    def __init__(self, grammar: Grammar, others: Sequence[str] = ()) -> None:
        self.grammar = grammar
        self.name = grammar.name
        self.others = tuple(others) or ("<tool_call>", "</think>", "[TOOL_CALLS]", "<|call|>")

    @classmethod
    def load(cls, format: str | Path | Grammar, others: Sequence[str] = ()) -> Format:
        """Of a format's name, a grammar's file, or a Grammar. Raises as `Grammar.load`."""
        return cls(format if isinstance(format, Grammar) else Grammar.load(format), others)

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
        return routed or self.grammar.reasoning is not None

    @cached_property
    def payloads(self) -> tuple[Payload, ...]:
        """The payloads of all templates."""
        calls, messages = self.grammar.calls, self.grammar.messages
        lines = [*calls.section, *calls.call, *calls.parameter, *((messages.body,) if messages else ())]
        known = self.grammar.parameters
        return tuple(item for line in lines for item in parse_template(line, known) if isinstance(item, Payload))

    @cached_property
    def takes_json(self) -> bool:
        """Whether all arguments are JSON, which passes through as written."""
        return all(payload.codec in ("json", "keyed") and payload.what != "value" for payload in self.payloads)

    @cached_property
    def canonical(self) -> tuple[Case, ...]:
        """A few plain turns as the grammar writes them: where markers stand, and what stands behind them."""
        tools = [signature("zq_alpha(text: string, list: array)"), signature("zq_beta()")]
        calls = (("zq_alpha", '{"text": "word", "list": [1, {"k": "v"}]}'), ("zq_beta", "{}"))
        found: list[Case] = []
        for content, reasoning, some in (
            ("", "", calls),
            ("Well.", "", calls),
            ("Well.", "Hm.", calls[:1]),
            ("", "", calls[:1]),
            ("", "", calls[1:]),
            ("Well.", "Hm.", ()),
            ("Well.", "", ()),
        ):
            options: dict[str, Any] = {"tools": tools} | chosen(self.grammar, [name for name, _ in some])
            try:
                text = self.grammar.write(content, reasoning, some, tools=tools)
            except CannotExpress:
                continue
            meaning = Meaning(content, reasoning, tuple((*call, None) for call in some))
            found.append(Case(self.grammar, "plain", text, options, None, meaning))
        return tuple(found)


def chosen(grammar: Grammar, names: Sequence[str]) -> dict[str, Any]:
    """The option that names the first of these tools, for formats where only the request does."""
    if grammar.calls.names != "chosen" or not names:
        return {}
    return {"tool_choice": {"type": "function", "function": {"name": names[0]}}}
