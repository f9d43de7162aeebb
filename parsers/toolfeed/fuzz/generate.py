"""Random turns, written by the grammar's own writer, and damaged texts made of them.

Everything is drawn from a `random.Random`, so a seed says which case it is; Hypothesis brings a Random of its own,
whose draws it shrinks.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any, Final, cast

from ..errors import CannotExpress
from ..grammar import StartState
from .cases import Case, Format, Meaning, chosen, random_options
from .reading import Reason
from .texts import GROUPS, ODDITIES, damage

_NAMES: Final = (
    *("get_weather", "get_time", "f", "search_web", "run", "name", "arguments", "all", "null", "function", "print"),
    *("a.b.c", "math.hypot", "get-weather", "mcp__files__read", "ns:tool", "path/to", "données", "工具", "two words"),
    *("functions.f", "f:0", "x" * 64, "_", "call", "json", "parameters", "tool_call"),
)
_PLAIN_NAMES: Final = ("get_weather", "get_time", "search_web", "run_code", "f")
_KEYS: Final = (
    *("city", "days", "text", "code", "query", "name", "arguments", "parameters", "id", "x", "path", "type", "options"),
    *("a b", "a.b", "clé", "键", "k-1", '"', "</parameter>", "from", "class", "_", "1"),
)
_PLAIN_KEYS: Final = ("city", "days", "text", "code", "query")
_TYPES: Final[tuple[Any, ...]] = (
    *("string", "string", "integer", "number", "boolean", "null", "object", "array"),
    *(["string", "null"], ["string", "integer"], ["integer", "null"], ["object", "string"], None),
)
_WORDS: Final = (
    *("Let me check.", "The weather in Paris", "is", "a", "fine.", "one, two", "x = 1", "if a < b:", "- item", "# Hi"),
    *("f(x)", "[1]", "[link](http://a.b)", "{'a': 1}", "`code`", '"quoted"', "it's", "50%", "a | b", "1.5", "e.g."),
    *("Überraschung", "天気", "مرحبا", "שלום", "🙂", "naïve", "\n\n", "\n", " ", "  ", "\t"),
)
_SCALARS: Final = (
    *("0", "-0", "1", "42", "-3", "1.50", "1e5", "1E-7", "5.0", "12345678901234567890123", "0.1", "true", "false"),
    *("null", "-1.25e+30"),
)
_ALIKE: Final = ("42", "-3", "1.50", "1e5", "02134", "true", "True", "null", "None", "{}", "[1]", '"x"', "}", "NaN", "")
_HALF: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = ("\\n", "\\t", '\\"', "\\\\", "\\/", "\\u00e9", "\\uD83D\\uDE00", "\\ud83d", "\\u0000", "\\b")


class Generator:
    """Cases of one format. `rng` decides all of them."""

    def __init__(self, format: Format, rng: random.Random) -> None:
        self.format = format
        self.rng = rng

    # -- texts ---------------------------------------------------------------------------------------------------------

    def text(self, hurt: float, longest: int = 10) -> str:
        """Words; with the probability `hurt` each of them is something that hurts instead."""
        rng = self.rng
        parts: list[str] = []
        for _ in range(rng.randint(0, longest)):
            if rng.random() < hurt:
                parts.append(self.hurting())
            else:
                parts.append(rng.choice(_WORDS))
                if rng.random() < 0.7:
                    parts.append(" ")
        return "".join(parts)

    def hurting(self) -> str:
        """A marker of the format or half of one, of another format, or something odd."""
        rng = self.rng
        kind = rng.randrange(10)
        if kind <= 2:
            marker = rng.choice(self.format.markers)
            return marker[: rng.randint(1, len(marker))] if marker and kind else marker
        if kind == 3 and self.format.closers and rng.random() < 0.7:
            return rng.choice(self.format.closers) + rng.choice(("x", " y ", "\nz", '"'))
        if kind == 3:
            marker = rng.choice(self.format.markers)
            return marker[rng.randrange(len(marker)) :] if marker else ""
        if kind == 4:
            return rng.choice(self.format.others)
        if kind == 5 and self.format.canonical:
            return rng.choice(self.format.canonical).text
        return rng.choice(rng.choice(GROUPS))

    # -- values --------------------------------------------------------------------------------------------------------

    def string(self, hurt: float) -> str:
        """A string as JSON text: escaped here and there in one of the ways that JSON has."""
        rng = self.rng
        alike = rng.random() < 0.15  # like a value of another type
        text = rng.choice(_ALIKE) if alike else self.text(hurt, rng.choice((0, 1, 3, 8)))
        if self.format.closers and rng.random() < hurt / 4:  # a closer that is data, because of what stands behind it
            text += rng.choice(self.format.closers) + rng.choice(("x", " y ", "\nz", '"'))
        written = json.dumps(text, ensure_ascii=rng.random() < 0.2)
        if rng.random() < hurt:
            at = rng.choice((1, len(written) - 1))
            written = written[:at] + rng.choice(_ESCAPES) + written[at:]
        return _escaped(written)

    def value(self, kind: str | None, hurt: float, depth: int = 0) -> str:
        """A value of a JSON type as JSON text; None is any type."""
        rng = self.rng
        if kind is None:
            kind = rng.choice(("string", "integer", "number", "boolean", "null", "object", "array"))
        if kind == "string":
            return self.string(hurt)
        if kind == "integer":
            return rng.choice(("0", "1", "42", "-3", "12345678901234567890123" if rng.random() < hurt else "7"))
        if kind == "number":
            return rng.choice(_SCALARS[:11])
        if kind == "boolean":
            return rng.choice(("true", "false"))
        if kind == "null":
            return "null"
        if depth > 3:
            return "{}" if kind == "object" else "[]"
        if rng.random() < 0.02:
            nested = rng.choice((30, 100))
            return '{"k":[' + "[" * nested + "]" * nested + "]}" if kind == "object" else "[" * nested + "]" * nested
        space = rng.choice(("", " ", " ", "\n  "))
        items: list[str] = []
        for number in range(rng.choice((0, 1, 2, 4))):
            item = self.value(None, hurt, depth + 1)
            if kind == "object":
                key = json.dumps(rng.choice(_KEYS if rng.random() < hurt else _PLAIN_KEYS) + str(number))
                item = f"{key}:{rng.choice(('', ' '))}{item}"
            items.append(item)
        opener, closer = "{}" if kind == "object" else "[]"
        return opener + (space if items else "") + ("," + space).join(items) + (space if items else "") + closer

    # -- turns ---------------------------------------------------------------------------------------------------------

    def tools(self, hurt: float) -> list[dict[str, Any]]:
        """Declarations of one to four tools."""
        rng = self.rng
        names = rng.sample(_NAMES if rng.random() < hurt else _PLAIN_NAMES, rng.randint(1, 4))
        declared: list[dict[str, Any]] = []
        for name in names:
            keys = rng.sample(_KEYS if rng.random() < hurt else _PLAIN_KEYS, rng.randint(0, 4))
            properties = {key: self.schema() for key in keys}
            schema = {"type": "object", "properties": properties}
            declared.append({"type": "function", "function": {"name": name, "parameters": schema}})
        return declared

    def schema(self) -> dict[str, Any]:
        kind = self.rng.choice(_TYPES)
        return {} if kind is None else {"type": kind}

    def call(self, tools: list[dict[str, Any]], hurt: float) -> tuple[str, str]:
        """A call of one of the tools, its arguments of the types that are declared: name and JSON text."""
        rng = self.rng
        function = rng.choice(tools)["function"]
        members: list[str] = []
        space = rng.choice(("", " ", " ", " ", "\n"))
        for key, schema in function["parameters"]["properties"].items():
            if rng.random() < 0.2:
                continue
            declared: Any = schema.get("type", "string")
            kind: str = rng.choice(cast("list[str]", declared)) if isinstance(declared, list) else declared
            members.append(f"{json.dumps(key, ensure_ascii=False)}:{space}{self.value(kind, hurt)}")
        return function["name"], "{" + f",{space}".join(members) + "}"

    def written(self) -> Case:
        """A turn that the grammar can write. What cannot be expressed is drawn again, tamer each time."""
        rng, grammar = self.rng, self.format.grammar
        for hurt in (rng.choice((0.0, 0.2, 0.5, 0.8)), 0.2, 0.05, 0.0):
            tools = self.tools(hurt)
            start: StartState | None = rng.choice((None, None, None, "content", "reasoning"))
            count = min(rng.choice((0, 1, 1, 1, 2, 3)), 1 if self.format.chooses else 3)
            calls = [self.call(tools, hurt) for _ in range(count)]
            reasoning = self.text(hurt).strip() if self.format.reasons and rng.random() < 0.5 else ""
            content = self.text(hurt / 2, 8).strip() if rng.random() < 0.6 else ""
            declared = tools if rng.random() < 0.9 else None
            for text, thought in ((content, reasoning), ("", reasoning), ("", "")):
                try:
                    raw = grammar.write(text, thought, calls, start=start, tools=declared)
                except CannotExpress:
                    continue
                options: dict[str, Any] = {"tools": declared} if declared is not None else {}
                options |= chosen(grammar, [name for name, _ in calls])
                if start is not None:
                    options["start"] = start
                meaning = Meaning(text, thought, tuple((*call, None) for call in calls))
                return Case(grammar, "written", raw, options, rng.choice((None, None, "stop")), meaning)
        return Case(grammar, "written", "", {}, None, Meaning())

    def damaged(self, case: Case, donors: tuple[str, ...] = ()) -> Case:
        """The case with a few things wrong, read with its own options or with others."""
        rng = self.rng
        own = self.format.markers
        text = damage(case.text, rng, (*own, rng.choice(self.format.others), *donors, rng.choice(ODDITIES)))
        options = random_options(rng)
        if rng.random() < 0.7:
            options |= {name: case.options[name] for name in ("tools", "tool_choice", "prompt") if name in case.options}
        if self.format.chooses:
            options |= chosen(case.grammar, ["f"])
        finish: Reason = rng.choice((None, None, "stop", "length"))
        return Case(case.grammar, f"{case.kind}, damaged", text, options, finish)

    def soup(self) -> Case:
        """Markers and oddities, and little else."""
        rng = self.rng
        own = self.format.markers
        text = "".join(rng.choice(rng.choice((own, own, own, own, *GROUPS, _WORDS))) for _ in range(rng.randint(1, 15)))
        options = random_options(rng) | chosen(self.format.grammar, ["f"])
        return Case(self.format.grammar, "soup", text, options, rng.choice((None, None, "stop", "length")))

    def deep(self) -> Case:
        """A turn with arguments that nest deeper than a recursive parser can follow."""
        nested = self.rng.choice((400, 1500, 3000))
        plain = next((case for case in self.format.canonical if case.meaning is not None and case.meaning.calls), None)
        if plain is None or "[" not in plain.text:
            return self.soup()
        opener, closer = self.rng.choice((("[", "]"), ("[", "]"), ('{"k":', "}")))
        at = plain.text.rindex("[1") if "[1" in plain.text else plain.text.rindex("[")
        return plain._replace(kind="deep", text=plain.text[:at] + opener * nested + "1" + closer * nested, meaning=None)

    def case(self, pool: list[Case]) -> Case:
        """Any case. `pool`: written ones, from which damaged texts are made."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.01:
            return self.deep()
        if kind < 0.3:
            return rng.choice(pool)
        if kind < 0.34 and (self.format.canonical or self.format.variants):
            return rng.choice((*self.format.canonical, *self.format.variants))
        if kind < 0.44 and self.format.examples:
            return rng.choice(self.format.examples)
        if kind < 0.5:
            return self.soup()
        short = [case for case in (*pool, *self.format.examples) if len(case.text) < 1000] or pool
        return self.damaged(rng.choice(short), (rng.choice(short).text,))


def _escaped(written: str) -> str:
    """JSON text in which half characters are escapes, as UTF-8 demands."""
    return _HALF.sub(lambda half: f"\\u{ord(half.group()):04x}", written)
