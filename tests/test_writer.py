"""Grammar.write (design.md, law 10): what is written reads back, and what cannot be written is refused.

`check` is the law: a turn is refused with a reason, or its text reads back to it, whole, by the character and at random
cuts. The tests say which turns: a table that every format has to hold, texts made to hurt, and what must be refused.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from helpers import (
    ODDITIES,
    Reading,
    Told,
    chars,
    every_marker,
    examples_of,
    format_names,
    grammar_of,
    markers_of,
    random_cuts,
)
from toolfeed import CannotExpress, Grammar, parse
from toolfeed.grammar import Example

FORMATS = format_names()


# -- the law -----------------------------------------------------------------------------------------------------------


class Number(NamedTuple):
    """A number as it is written."""

    digits: str


def exact(arguments: str) -> Any:
    """The value of JSON text: numbers keep their digits, objects their order and doubled keys."""
    return json.loads(
        arguments, parse_int=Number, parse_float=Number, object_pairs_hook=lambda pairs: ("object", tuple(pairs))
    )


class Turn(NamedTuple):
    """What is written. Calls as (name, arguments) or mappings."""

    content: str = ""
    reasoning: str = ""
    calls: tuple[Any, ...] = ()
    start: Any = None
    tools: Any = None


def read_back(grammar: Grammar, turn: Turn, text: str, fragments: Iterable[str] | None = None) -> Told:
    """Reads what was written for a turn, and checks that it is that turn."""
    options: dict[str, Any] = {"start": turn.start, "tools": turn.tools}
    if grammar.calls.names == "chosen" and turn.calls:  # the request says what is called
        options["tool_choice"] = {"type": "function", "function": {"name": turn.calls[0][0]}}
    reading = Reading(grammar, ids=lambda index, name: f"\0made up {index}", **options)
    told = reading.read([text] if fragments is None else fragments)
    assert told.content == turn.content
    assert told.reasoning == turn.reasoning
    assert len(told.starts) == len(turn.calls)
    for call, (name, arguments, status), start in zip(turn.calls, told.calls, told.starts, strict=True):
        as_mapping = call if isinstance(call, Mapping) else {"name": call[0], "arguments": call[1]}
        assert name == as_mapping["name"]
        assert status == "complete"
        assert exact(arguments) == exact(as_mapping["arguments"])
        if as_mapping.get("id"):
            assert start.id == as_mapping["id"]
    return told


def check(grammar: Grammar, turn: Turn, seed: int = 0) -> str | None:
    """The law. The text, or None if the turn is refused."""
    try:
        text = grammar.write(turn.content, turn.reasoning, turn.calls, start=turn.start, tools=turn.tools)
    except CannotExpress:
        return None
    whole = read_back(grammar, turn, text)
    assert not {"closer_missing", "opener_missing"} & {note for end in whole.ends for note in end.notes}
    assert read_back(grammar, turn, text, chars(text)) == whole
    assert read_back(grammar, turn, text, random_cuts(text, random.Random(seed))) == whole
    return text


def must(grammar: Grammar, turn: Turn) -> str:
    """The text of a turn that the format has to hold."""
    text = check(grammar, turn)
    if text is None:
        grammar.write(turn.content, turn.reasoning, turn.calls, start=turn.start, tools=turn.tools)  # says why
    assert text is not None
    return text


# -- examples ----------------------------------------------------------------------------------------------------------

WRITTEN = [
    pytest.param(name, example, id=f"{name}: {example.case}")
    for name in FORMATS
    for example, _ in examples_of(name)
    if example.written
]


def example_turn(grammar: Grammar, example: Example) -> Turn:
    start: str | None = example.start
    endings = [ending for ending in grammar.start.prompts if (example.prompt or "").endswith(ending)]
    if start is None and endings:
        start = grammar.start.prompts[max(endings, key=len)]
    calls = tuple(
        {"name": call.name, "arguments": call.arguments} | ({"id": call.id} if call.id else {})
        for call in example.calls
    )
    return Turn(example.content, example.reasoning, calls, start, example.declarations())


@pytest.mark.parametrize(("name", "example"), WRITTEN)
def test_examples_are_written(name: str, example: Example) -> None:
    grammar = grammar_of(name)
    turn = example_turn(grammar, example)
    assert must(grammar, turn) == example.text


@pytest.mark.parametrize("name", FORMATS)
def test_every_example_is_a_turn(name: str) -> None:
    """What any example means, written the grammar's own way, means the same; or it is refused."""
    grammar = grammar_of(name)
    for example, _ in examples_of(name):
        if all(call.status == "complete" for call in example.calls):
            check(grammar, example_turn(grammar, example))


# -- turns that every format holds -------------------------------------------------------------------------------------

PARIS = ("get_weather", '{"city": "Paris", "days": 3}')
TIME = ("get_time", "{}")
TOOLS = [
    {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
    {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
]
STRINGS = ("get_weather", '{"city": "Paris", "country": "France"}')

PLAIN = [
    Turn("Hello."),
    Turn('Two lines.\n\n  and an indent: 1 + 1 = 2;\nit\'s "quoted", 50% of it'),
    Turn(calls=(TIME,)),
    Turn(calls=(PARIS,), tools=TOOLS),
    Turn(calls=(STRINGS,)),
    Turn(calls=(STRINGS, TIME)),
    Turn(calls=(TIME, TIME, STRINGS)),
    Turn("Let me check.", calls=(TIME,), tools=TOOLS),
    Turn("Let me check.", calls=(PARIS, TIME), tools=TOOLS),
    Turn("Let me check.\n\nNow.", calls=(STRINGS, TIME)),
]
THOUGHTS = [turn._replace(reasoning="I need the weather.\nAnd the time.") for turn in [Turn(), *PLAIN]]


def can_hold(grammar: Grammar, turn: Turn) -> bool:
    """Whether the format has the parts of a plain turn: reasoning, calls behind content, several calls."""
    messages = grammar.messages
    if messages is not None:
        parts = {"content": turn.content, "reasoning": turn.reasoning, "call": turn.calls}
        return {part for part, text in parts.items() if text} <= {route.to for route in messages.routes}
    if grammar.calls.names == "chosen" and (len(turn.calls) > 1 or turn.content):
        return False
    return not turn.reasoning or grammar.reasoning is not None


def has_reasoning(name: str) -> bool:
    return can_hold(grammar_of(name), Turn(reasoning="Hm."))


@pytest.mark.parametrize("name", FORMATS)
def test_plain_turns(name: str) -> None:
    grammar = grammar_of(name)
    for turn in PLAIN:
        if can_hold(grammar, turn):
            must(grammar, turn._replace(start="content"))


@pytest.mark.parametrize("name", [name for name in FORMATS if has_reasoning(name)])
@pytest.mark.parametrize("start", ["content", "reasoning"])
def test_reasoning(name: str, start: str) -> None:
    grammar = grammar_of(name)
    opens = grammar.messages is not None or (grammar.reasoning is not None and bool(grammar.reasoning.open))
    for turn in THOUGHTS:
        if not can_hold(grammar, turn):
            continue
        if start == "content" and not opens:
            with pytest.raises(CannotExpress, match="cannot open it"):
                grammar.write(turn.content, turn.reasoning, turn.calls, start="content", tools=turn.tools)
            continue
        must(grammar, turn._replace(start=start))
        if start == "reasoning":
            must(grammar, turn._replace(start=start, reasoning=""))


VALUES = [
    *(
        '""',
        '" "',
        '"\\n"',
        '"\\n\\n a\\n"',
        '"\\t x "',
        '"\\u0000\\u001f"',
        '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
        '"\\r"',
        '"\\r\\n"',
    ),
    *(
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00\\ud83d"',
        '"😀 é \u0301 \u2028 \ufeff"',
        '"</"',
        '"<"',
        '"it\'s \'\'\' \\"\\"\\""',
    ),
    *(
        '"42"',
        '"true"',
        '"null"',
        '"None"',
        '"{}"',
        '"[1"',
        '"02134"',
        '"1e5"',
        '"&lt;"',
        '"<![CDATA[x]]>"',
        '"\\\\n \\\\u0041"',
    ),
    *(
        "0",
        "-0",
        "42",
        "-3",
        "12345678901234567890123",
        "1.50",
        "1e5",
        "1E+5",
        "-0.0e-0",
        "0.1e-2",
        "100000000000000000000.0",
    ),
    *(
        "true",
        "false",
        "null",
        "{}",
        "[]",
        '{"a": {"b": [1, "x", null, true, false, {}]}}',
        "[[], [[]], {}]",
        '{"": 0}',
    ),
    *(
        '{ "a" :\n1 ,\t"b":[ 1 , 2 ] }',
        '["</parameter>", "True", "it\'s", "\\u00e9", "\\/"]',
        '{"true": "null", "a": "a"}',
    ),
]


def value_schema(value: str) -> dict[str, Any]:
    kinds = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
    return {"type": kinds.get(value[0], "number")}


@pytest.mark.parametrize("name", FORMATS)
def test_values(name: str) -> None:
    """Every JSON value in the notation, with its schema; and with others, or with none, if it can be written at all."""
    grammar = grammar_of(name)
    trims = any("stripped" in line for line in grammar.calls.parameter)
    for value in VALUES:
        call = ("f", f'{{"a": {value}, "b": "x"}}')
        tool = {"name": "f", "parameters": {"properties": {"a": value_schema(value), "b": {"type": "string"}}}}
        can = check if trims or (grammar.calls.parameter and value == '"\\r"') else must
        can(grammar, Turn(calls=(call,), tools=[tool]))
        check(grammar, Turn(calls=(call,)))


SCHEMAS: tuple[Any, ...] = (
    *({}, {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}),
    *({"type": ["string", "null"]}, {"type": ["string", "integer"]}, {"type": ["object", "array"]}, {"type": "array"}),
    *({"type": ["object", "string"]}, {"enum": ["42", "null", "{}", 42, None]}, {"enum": ["None", "True", '"42"']}),
)


@pytest.mark.parametrize("name", [name for name in FORMATS if grammar_of(name).calls.parameter])
def test_values_against_other_schemas(name: str) -> None:
    grammar = grammar_of(name)
    written = 0
    for value in VALUES:
        for schema in SCHEMAS:
            tools = [{"name": "f", "parameters": {"properties": {"a": schema}}}]
            written += check(grammar, Turn(calls=(("f", f'{{"a": {value}}}'),), tools=tools)) is not None
    assert written > len(VALUES)


@pytest.mark.parametrize("name", FORMATS)
def test_many_arguments(name: str) -> None:
    members = ", ".join(f'"key_{i}": "value {i}"' for i in range(2000))
    must(grammar_of(name), Turn(calls=(("f", "{" + members + "}"),)))


@pytest.mark.parametrize("name", FORMATS)
def test_many_calls(name: str) -> None:
    grammar = grammar_of(name)
    calls = [("f", '{"a": "x"}')] * 1000
    text = grammar.write(calls=calls)
    assert len(parse(text, grammar).tool_calls) == 1000
    with pytest.raises(CannotExpress, match="1001 calls"):
        grammar.write(calls=[*calls, calls[0]])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("depth", [100, 10_000])
def test_deep_values(name: str, depth: int) -> None:
    grammar = grammar_of(name)
    value = '{"a":[' * depth + "0.50" + "]}" * depth
    tools = [{"name": "f", "parameters": {"properties": {"a": {"type": "object"}}}}]
    text = grammar.write(calls=[("f", f'{{"a": {value}}}')], tools=tools)
    call = parse(text, grammar, tools=tools).tool_calls[0]
    assert call.status == "complete"
    assert call.arguments.replace(" ", "") == f'{{"a":{value}}}'


# -- texts made to hurt ------------------------------------------------------------------------------------------------

WORDS = ("a", "b c", "Paris", "get_weather", "x = 1", "<b>", "it's", "\n", " ", "1", "true")


def parts_of(name: str) -> tuple[str, ...]:
    """What text is made of: words, the format's markers and their beginnings, its line breaks, and oddities."""
    markers = markers_of(name)
    halves = [marker[:end] for marker in markers for end in (1, 2, len(marker) // 2, len(marker) - 1) if marker[:end]]
    return tuple(dict.fromkeys([*WORDS * 3, *markers, *halves, *(f"\n{marker}" for marker in markers), *ODDITIES]))


def plain_name(rng: random.Random) -> str:
    return rng.choice(("f", "get_weather", "a.b", "x-y", "name", "arguments", "天気", "f2", "functions.f:0", "g"))


class Maker:
    """Makes turns from any source of choices."""

    def __init__(self, name: str, pick: Callable[[Sequence[Any]], Any]) -> None:
        self.parts = parts_of(name)
        self.others = every_marker()
        self.pick = pick

    def often(self, times: int = 4) -> bool:
        return bool(self.pick(range(times)))

    def text(self, longest: int = 4) -> str:
        made = "".join(self.pick(self.parts) for _ in range(self.pick(range(longest + 1))))
        if not self.often(8):
            made += self.pick(self.others)
        return made.strip() if self.often() else made

    def name(self) -> str:
        if self.often(6):
            return str(self.pick(("f", "get_weather", "a.b", "x-y", "name", "天気", "f2", "functions.f:0", "g")))
        return self.text(3)

    def key(self) -> str:
        return str(self.pick(("a", "b", "city", "from", "name", "k2", "é"))) if self.often(6) else self.text(2)

    def string(self, text: str) -> str:
        """A JSON string, spelt in one of many ways."""
        written = json.dumps(text, ensure_ascii=bool(self.pick((True, False))))
        return written.replace("/", "\\/") if not self.often() else written

    def space(self) -> str:
        return str(self.pick(("", "", "", " ", "\n", "\t \r\n")))

    def value(self, depth: int = 0) -> str:
        kind = self.pick(range(10 if depth < 2 else 7))
        if kind < 4:
            return self.string(self.text())
        if kind < 7:
            return str(self.pick(("0", "-0", "3", "1.50", "1e5", "12345678901234567890", "true", "false", "null")))
        items = [self.value(depth + 1) for _ in range(self.pick(range(3)))]
        if kind == 7:
            items = [f"{self.string(self.key())}{self.space()}:{self.space()}{item}" for item in items]
        inside = f"{self.space()},{self.space()}".join(items)
        opener, closer = "{}" if kind == 7 else "[]"
        return f"{opener}{self.space()}{inside}{self.space()}{closer}"

    def members(self) -> list[tuple[str, str]]:
        only_strings = not self.often(3)
        count = self.pick(range(4))
        return [(self.key(), self.string(self.text()) if only_strings else self.value()) for _ in range(count)]

    def turn(self) -> Turn:
        calls: list[Any] = []
        tools: list[Any] = []
        for _ in range(self.pick((0, 1, 1, 1, 2, 2, 3))):
            name, members = self.name(), self.members()
            inside = f"{self.space()}, ".join(f"{self.string(key)}{self.space()}: {value}" for key, value in members)
            arguments = f"{self.space()}{{{self.space()}{inside}}}{self.space()}"
            if self.often(5):
                calls.append((name, arguments))
            else:
                given = self.pick((self.text(2), f"functions.{name}:{self.pick(range(3))}", "abcdefgh0", "1"))
                calls.append({"name": name, "arguments": arguments, "id": given})
            if name.strip() and all(tool["name"] != name for tool in tools) and self.often(5):
                tools.append({"name": name, "parameters": {"properties": self.schema(members)}})
        known = not self.often(2)
        return Turn(
            content=self.text() if self.often(3) else self.pick(("", "Hi.")),
            reasoning=self.text() if not self.often(3) else self.pick(("", "", "Hm.")),
            calls=tuple(calls),
            start=self.pick((None, None, "content", "reasoning")),
            tools=tools if known else None,
        )

    def schema(self, members: list[tuple[str, str]]) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for key, value in members:
            match self.pick(range(8)):
                case 0:
                    continue
                case 1:
                    kinds = self.pick((["string", "null"], ["integer", "string"], ["object", "string"], "boolean"))
                    properties[key] = {"type": kinds}
                case 2:
                    properties[key] = {}
                case _:
                    properties[key] = value_schema(value)
        return properties


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_law(name: str, data: st.DataObject) -> None:
    turn = Maker(name, lambda choices: data.draw(st.sampled_from(choices))).turn()
    written = check(grammar_of(name), turn)
    event("refused" if written is None else "written")


@pytest.mark.parametrize("name", FORMATS)
def test_not_all_is_refused(name: str) -> None:
    """The same with a fixed seed: a law of which nothing is left would prove nothing."""
    grammar = grammar_of(name)
    rng = random.Random(name)
    maker = Maker(name, rng.choice)
    turns = [maker.turn() for _ in range(150)]
    turns = [turn._replace(reasoning="") if grammar.reasoning is None else turn for turn in turns]
    written = [check(grammar, turn, seed) is not None for seed, turn in enumerate(turns)]
    assert sum(written) >= 15


# -- calls -------------------------------------------------------------------------------------------------------------
