"""Grammar.write (design.md, law 10): what is written reads back, and what cannot be written is refused.

`check` is the law: a turn is refused with a reason, or its text reads back to it, whole, by the character and at random
cuts. The tests say which turns: a table that every format has to hold, texts made to hurt, and what must be refused.
"""

from __future__ import annotations

import json
import random
import re
import time
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
from toolfeed import CannotExpress, Grammar, ToolfeedError, Tools, parse
from toolfeed.grammar import Example


def loads(name: str) -> bool:
    try:
        grammar_of(name)
    except ToolfeedError:
        return False  # test_registry loads each
    return True


FORMATS = [name for name in format_names() if loads(name)]


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


def choice(grammar: Grammar, calls: Sequence[Any]) -> dict[str, Any]:
    """The option that names the call, where only the request does."""
    if grammar.calls.names != "chosen" or not calls:
        return {}
    name = calls[0]["name"] if isinstance(calls[0], Mapping) else calls[0][0]
    return {"tool_choice": {"type": "function", "function": {"name": name}}}


def read_back(grammar: Grammar, turn: Turn, text: str, fragments: Iterable[str] | None = None) -> Told:
    """Reads what was written for a turn, and checks that it is that turn."""
    options = {"start": turn.start, "tools": turn.tools} | choice(grammar, turn.calls)
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
        parts = {"reasoning": turn.reasoning, "call": turn.calls}
        return {part for part, text in parts.items() if text} <= {route.to for route in messages.routes}
    if grammar.calls.names == "chosen" and len(turn.calls) > 1:
        return False
    lines = [*grammar.calls.section, *grammar.calls.call]
    if turn.content and turn.calls and all(re.match(r"\s*\[?\s*\{\w+:(?!python)", line) for line in lines):
        return grammar.calls.bare == "known"  # without a marker a JSON call stands at the start
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
    members = ", ".join(f'"key_{i}": "value {i}"' for i in range(1000))
    must(grammar_of(name), Turn(calls=(("f", "{" + members + "}"),)))


@pytest.mark.parametrize("name", FORMATS)
def test_many_calls(name: str) -> None:
    grammar = grammar_of(name)
    if not can_hold(grammar, Turn(calls=(TIME, TIME))):
        pytest.skip("one call a turn")
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
    calls = [("f", f'{{"a": {value}}}')]
    call = parse(grammar.write(calls=calls, tools=tools), grammar, tools=tools, **choice(grammar, calls)).tool_calls[0]
    assert call.status == "complete"
    assert call.arguments.replace(" ", "") == f'{{"a":{value}}}'


# -- texts made to hurt ------------------------------------------------------------------------------------------------

WORDS = ("a", "b c", "Paris", "get_weather", "x = 1", "<b>", "it's", "\n", " ", "1", "true")


def parts_of(name: str) -> tuple[str, ...]:
    """What text is made of: words, the format's markers and their beginnings, its line breaks, and oddities."""
    markers = markers_of(name)
    halves = [marker[:end] for marker in markers for end in (1, 2, len(marker) // 2, len(marker) - 1) if marker[:end]]
    return tuple(dict.fromkeys([*WORDS * 3, *markers, *halves, *(f"\n{marker}" for marker in markers), *ODDITIES]))


class Maker:
    """Makes turns from any source of choices."""

    def __init__(self, name: str, pick: Callable[[Sequence[Any]], Any]) -> None:
        self.parts = parts_of(name)
        self.markers = markers_of(name) or ("{",)
        self.others = every_marker()
        self.pick = pick

    def often(self, times: int = 4) -> bool:
        return bool(self.pick(range(times)))

    def text(self, longest: int = 4) -> str:
        made = "".join(self.pick(self.parts) for _ in range(self.pick(range(longest + 1))))
        if not self.often(8):
            made += self.pick(self.others)
        if not self.often(6):  # markers that may follow one another, as in a call
            made += "".join(self.pick(self.markers) + self.pick(("", "", "\n", " ")) for _ in range(3))
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
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
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
    turns = [maker.turn() for _ in range(100)]
    turns = [turn._replace(reasoning="") if grammar.reasoning is None else turn for turn in turns]
    written = [check(grammar, turn, seed) is not None for seed, turn in enumerate(turns)]
    assert sum(written) >= 10


# -- what is refused, and what is not ----------------------------------------------------------------------------------

BODY = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'

# A format with all that the shipped ones have not: reasoning that only the prompt opens, stripped values, ids in tags.
ODD = Grammar.from_toml("""
format = 1
name   = "odd"
[start]
prompts = { "<r>" = "reasoning" }
[reasoning]
close = "</r>"
[calls]
call      = "<c id={id} name={name}>{parameters}</c>"
parameter = "<p '{key}'>{value:stripped}</p>"
""")
TWO = Grammar.from_toml("""
format = 1
name   = "two"
[calls]
call      = ["<b>{name}\\n{parameters}</b>", "<b>{call:json}</b>"]
parameter = "<k>{key}</k>{value:text}</v>"
""")
ROUTED = Grammar.from_toml("""
format = 1
name   = "routed"
[messages]
header = "(<s>model)?( to={recipient})?(<c>{channel})?( {type}| <k>{type})?<m>"
close  = ["<e>", "<d>"]
routes = [
  { recipient = "functions.{name}", channel = "work", type = "json", to = "call", close = "<d>" },
  { recipient = "{name}", to = "call" },
  { channel = "thought", to = "reasoning" },
  { channel = "answer", to = "content" },
  { to = "content" },
]
""")
CHOSEN = Grammar.from_toml("""
format = 1
name   = "chosen"
[calls]
call  = "{arguments:json}"
names = "chosen"
""")


def call(arguments: str, name: str = "f") -> Turn:
    return Turn(calls=((name, arguments),))


def typed(arguments: str, **properties: Any) -> Turn:
    schemas = {key: {"type": kind} for key, kind in properties.items()}
    return call(arguments)._replace(tools=[{"name": "f", "parameters": {"properties": schemas}}])


def with_id(*ids: object, name: str = "f") -> Turn:
    return Turn(calls=tuple({"name": name, "arguments": "{}", "id": given} for given in ids))


REFUSED: list[tuple[str, Turn, str]] = [
    # content
    ("hermes", Turn("Hi. ", calls=(TIME,)), "ends in whitespace"),
    ("hermes", Turn("\n", calls=(TIME,)), "ends in whitespace"),
    ("hermes", Turn("\nHi.", reasoning="Hm."), "begins in whitespace"),
    ("hermes", Turn("\nHi.", start="reasoning"), "begins in whitespace"),
    ("hermes", Turn(BODY), "read as a call"),
    ("hermes", Turn(f"So:\n{BODY}\nThere.", calls=(TIME,)), "read as a call"),
    ("hermes", Turn("<think>Hm.", calls=(TIME,)), "read as reasoning"),
    ("hermes", Turn("</think>Hi."), "holds markup"),
    ("hermes", Turn("Hi.\n</think>", calls=(TIME,)), "holds markup"),
    ("hermes", Turn("Bye.<|im_end|>"), "holds markup"),
    ("mistral", Turn("[TOOL_CALLS]", calls=(TIME,)), "becomes markup"),
    ("xlam", Turn('[{"name": "f", "arguments": {}}]'), "read as a call"),
    ("pythonic", Turn("So: [f(a=1)]"), "read as a call"),
    ("harmony", Turn("So<|end|>"), "content"),
    # reasoning
    ("hermes", Turn(reasoning="Hm.\n"), "whitespace at its edge"),
    ("hermes", Turn(reasoning="\tHm.", start="reasoning"), "whitespace at its edge"),
    ("hermes", Turn(reasoning="a</think>b"), "reasoning that holds markup"),
    ("hermes", Turn(reasoning="<think>a"), "reasoning that holds markup"),
    ("hermes", Turn(reasoning=f"a\n{BODY}"), "reasoning that holds markup"),
    ("trinity", Turn(reasoning=f"a\n{BODY}"), "reasoning that holds markup"),
    ("pythonic", Turn(reasoning="Hm."), "no markers for it"),
    ("odd", Turn(reasoning="Hm."), "cannot open it"),
    # calls
    ("hermes", Turn(calls=(TIME,), tools=[]), "no tool is declared"),
    ("xlam", Turn(calls=(TIME,), tools=[{"name": "f"}]), "unknown tool"),
    ("pythonic", Turn(calls=(TIME,), tools=[{"name": "f"}]), "unknown tool"),
    ("functionary_v32", Turn(calls=(TIME,), tools=[{"name": "f"}]), "unknown tool"),
    ("chosen", Turn(calls=(TIME, TIME)), "more than one call"),
    ("chosen", Turn("Hi.", calls=(TIME,)), "behind content"),
    # names
    ("hermes", call("{}", ""), "empty"),
    ("hermes", call("{}", "f "), "whitespace at its edge"),
    ("hermes", call("{}", '"' * 128 + "f"), "longer than 256"),
    ("hermes", call("{}", "a\ud83d\ude00b"), "two halves"),
    ("qwen3_coder", call("{}", "a>b"), "'>', which cannot stand"),
    ("qwen3_coder", call("{}", '"a"'), "which cannot stand"),
    ("qwen3_coder", call("{}", "a\nb"), "which cannot stand"),
    ("odd", call("{}", "a b"), "which cannot stand"),
    ("glm45", call("{}", "get weather"), "has a space in it"),
    ("glm45", call("{}", "a<b"), "'<', which ends a name"),
    ("kimi_k2", call("{}", "a<b"), "'<', which ends a id"),
    ("apertus", call("{}", "name"), "the key that says that a name follows"),
    ("pythonic", call("{}", "a b"), "no identifier"),
    ("pythonic", call("{}", "1f"), "no identifier"),
    ("pythonic", call("{}", "f()"), "no identifier"),
    ("pythonic", call("{}", "a..b"), "no identifier"),
    ("functionary_v32", call("{}", "all"), "goes elsewhere"),
    ("functionary_v32", call("{}", "a b"), "in a message's header"),
    ("harmony", call("{}", "a<b"), "in a message's header"),
    # arguments
    ("hermes", call("[]"), "no JSON object: expected '{'"),
    ("hermes", call(""), "no JSON object: the text ends"),
    ("hermes", call('{"a": 1'), "no JSON object: the text ends"),
    ("hermes", call('{"a": NaN}'), "no JSON object: expected a value"),
    ("hermes", call("{'a': 1}"), "no JSON object: expected a key"),
    ("hermes", call("{} {}"), "text behind it"),
    ("hermes", call('{"a": "\n"}'), "not escaped"),
    ("hermes", call('{"a": ' + "1" * 4001 + "}"), "number too long"),
    ("hermes", call('{"a": "\ud83d\ude00"}'), "two halves"),
    ("hermes", call('{"a": "\\ud83d\ude00"}'), "two halves"),
    ("pythonic", call('{"a": 1, "a": 2}'), "comes twice"),
    ("pythonic", call('{"a": 1, "\\u0061": 2}'), "comes twice"),
    ("pythonic", call('{"a-b": 1}'), "no identifier"),
    ("pythonic", call('{"": 1}'), "empty"),
    ("pythonic", typed('{"a": "42"}', a="integer"), "read as another"),
    ("qwen3_coder", call('{"a": "1", "a": "2"}'), "comes twice"),
    ("qwen3_coder", call('{"": "1"}'), "empty"),
    ("qwen3_coder", call('{" a": "1"}'), "whitespace at its edge"),
    ("qwen3_coder", call('{"a>": "1"}'), "which cannot stand"),
    ("qwen3_coder", call(f'{{"{"a" * 257}": "1"}}'), "longer than 256"),
    ("glm45", call('{"a</": "1"}'), "which ends a key"),
    ("odd", call('{"a\'": "1"}'), "which cannot stand"),
    ("gemma4", call('{"a": 1, "a": 2}'), "comes twice"),
    ("gemma4", typed('{"a": "42"}', a="integer"), "read as another"),
    ("gemma4", call(f'{{"a": {{"{"k" * 1001}": 1}}}}'), "longer than 1000"),
    ("cohere_command", with_id("x" * 255), "too long"),
    ("cohere_command", with_id("\ud83d\ude00"), "two halves"),
    # tagged values
    ("qwen3_coder", call('{"a": 1}'), "no string, but would be read as one"),
    ("qwen3_coder", call('{"a": {}}'), "no string, but would be read as one"),
    ("qwen3_coder", typed('{"a": 1}', a="string"), "no string, but would be read as one"),
    ("qwen3_coder", typed('{"a": "42"}', a="integer"), "read as another"),
    ("qwen3_coder", typed('{"a": " null"}', a=["integer", "null"]), "read as another"),
    ("qwen3_coder", typed('{"a": "42"}', a=["integer", "string"]), "read as another"),
    ("qwen3_coder", typed('{"a": "True"}', a="boolean"), "read as another"),
    ("qwen3_coder", typed('{"a": 1.5}', a="integer"), "read as another"),
    ("qwen3_coder", typed('{"a": null}', a="integer"), "read as another"),
    ("qwen3_coder", typed('{"a": "[1"}', a="array"), "read as another"),
    ("qwen3_coder", call('{"a": "x\\n</parameter>\\n<parameter=b>\\ny"}'), "holds what would end it"),
    ("qwen3_coder", call('{"a": "x</parameter></function>"}'), "holds what would end it"),
    ("qwen3_coder", call('{"a": "x\\n<parameter=b>"}'), "holds what would end it"),
    ("qwen3_coder", call('{"a": "x\\r"}'), "ends in CR"),
    ("glm45", call('{"a": "x</arg_value><arg_key>b</arg_key>"}'), "holds what would end it"),
    ("glm45", call('{"a": "x</arg_value> </tool_call>"}'), "holds what would end it"),
    ("odd", call('{"a": " x"}'), "whitespace at its edge"),
    # ids
    ("hermes", with_id("x"), "its id: hermes has none"),
    ("apertus", with_id("x"), "its id: apertus has none"),
    ("pythonic", with_id("x"), "its id: pythonic has none"),
    ("qwen3_coder", with_id("x"), "its id: qwen3_coder has none"),
    ("harmony", with_id("x"), "its id: harmony has none"),
    ("kimi_k2", with_id("x"), "does not fit"),
    ("kimi_k2", with_id("functions.g:0"), "does not fit"),
    ("kimi_k2", with_id("functions.f:a"), "does not fit"),
    ("mistral", with_id("a[b"), "which ends a id"),
    ("mistral", with_id(" x"), "whitespace at its edge"),
    ("mistral", with_id("x", "x"), "same id"),
    ("mistral", with_id(""), "its id is empty"),
    ("mistral", with_id(1), "are strings"),
    ("mistral", Turn(calls=((1, "{}"),)), "are strings"),
]


def grammar_named(name: str) -> Grammar:
    return {"odd": ODD, "routed": ROUTED, "two": TWO, "chosen": CHOSEN}.get(name) or grammar_of(name)


@pytest.mark.parametrize(("name", "turn", "why"), REFUSED, ids=[f"{name}: {why}" for name, _, why in REFUSED])
def test_refused(name: str, turn: Turn, why: str) -> None:
    with pytest.raises(CannotExpress, match=why):
        grammar_named(name).write(turn.content, turn.reasoning, turn.calls, start=turn.start, tools=turn.tools)


# Close to what is refused, but read back.
WRITABLE: list[tuple[str, Turn]] = [
    ("hermes", Turn(" Hi.\n")),
    ("hermes", Turn(" ")),
    ("gemma4", call("{}", "_")),
    ("hermes", Turn(" Hi.", calls=(TIME,))),
    ("hermes", Turn("Hi. ", reasoning="Hm.")),
    ("hermes", Turn("Hi.<|im_end|> and on")),
    ("hermes", Turn("Hi.<|im_end|>", calls=(TIME,))),
    ("hermes", Turn("In <tool_call> and </tool_call>, not in <think> or </think>, a < b <", calls=(TIME,))),
    ("hermes", Turn("See <tool_call>", calls=(TIME,))),
    ("hermes", Turn("<tool", calls=(TIME,))),
    ("hermes", Turn('{"name": "f", "arguments": {}}', calls=(TIME,))),
    ("hermes", Turn(reasoning="I call <tool_call> and <think> about it")),
    ("hermes", call("{}", 'x y\n"z"</tool_call>天')),
    ("hermes", call('{"a": "</tool_call>\\n<tool_call>\\n{", "a": 2}')),
    ("hermes", call('{"a": "\ud83d", "b": "\\ude00"}')),
    ("apertus", call("{}", "name")._replace(tools=[{"name": "name"}])),
    ("xlam", Turn("Hi.", calls=(TIME, TIME))),
    ("xlam", Turn('[{"name": "Alice"}], [1] and [] ')),
    ("pythonic", Turn("[1] [link](url) [f] [", calls=(TIME,))),
    ("pythonic", call('{"a": "it\'s \\"\\\\\' \\/ \\n\\u00e9 [f(a=1)]", "from": null}', "a.b-c.d")),
    ("pythonic", typed('{"a": "x"}', a="integer")),
    ("gemma4", call('{"a b": "x<|\\"|>y", "\\"c": "<|", "d.e-f": {"g:h": ["}", 1.50, null]}, "天": "<|\\""}')),
    ("gemma4", call(f'{{"a": {{"{"k" * 998}": 1, "{"k " * 499}": 2}}}}')),
    ("cohere_command", with_id("0", 'a"b')),
    ("gemma4", typed('{"a": "x", "b": "<|\\"|>"}', a="integer", b="null")),
    ("functiongemma", call('{"a": "3", "b": 3, "c": {"d": "<escape>"}, "e": "<escape>"}')),
    ("functiongemma", typed('{"a": "3", "b": 3, "c": ["<escape>"]}', a="string", b="integer", c="array")),
    ("functiongemma", typed('{"a": "3", "b": "null"}', a=["string", "integer"], b=["null", "string"])),
    ("qwen3_coder", call('{"a": "</parameter>", "b": "x</parameter>\\n\\ny", "c": "</parameter>\\n"}')),
    ("qwen3_coder", call('{"a": "<parameter=b>", "b": "x <parameter=c>", "c": "</"}')),
    ("qwen3_coder", call('{"a": "\\n", "b": "\\r\\n", "c": "x\\n\\n", "d": "\\rx"}', "a b")),
    ("qwen3_coder", typed('{"a": "x", "b": "02134", "c": " x "}', a="integer", b="number", c=["null", "string"])),
    ("glm45", call("{}", "get weather")._replace(tools=[{"name": "get weather"}])),
    ("two", call("{}", '{"a')),  # where one template cannot hold a call, another may
    ("two", call('{"a": 1}')),
    ("two", Turn(calls=(("f", '{"a": "1"}'), ("f", '{"a": 1}'), ("f", '{"a": "</v><k>b</k>"}')))),
    ("deepseek_v31", call("{}", "function")),
    ("deepseek_v31", call("{}", "functions.f")),
    ("glm45", call('{"a": "</arg_value>", "b": "</arg_value>x</arg_value>"}')),
    ("mistral", with_id("abcdefgh0", "x-1")),
    ("mistral", Turn(calls=({"name": "f", "arguments": "{}", "id": "abcdefgh0"}, TIME))),
    ("kimi_k2", with_id("functions.f:7", "functions.f:0")),
    ("kimi_k2", with_id("functions.math.hypot:3", name="math.hypot")),
    ("kimi_k2", Turn(calls=(TIME, {"name": "get_time", "arguments": "{}", "id": "functions.get_time:0"}, TIME))),
    (
        "odd",
        Turn("Hi.", reasoning="Hm.", calls=(STRINGS, {"name": "f", "id": "0", "arguments": "{}"}), start="reasoning"),
    ),
    ("odd", call('{"a b": "x  y", "c": "</p>"}')),
    ("routed", Turn("Hi.", "Hm.", (STRINGS, TIME))),
    ("routed", Turn("Hi.", "Hm.", (STRINGS, TIME), "reasoning")),
    ("routed", Turn("Hi.\n\nHo.")),
    ("routed", Turn(calls=(("functions.f", "{}"),))),
    ("chosen", call('{"a": 1.50}')),
    ("functionary_v32", Turn("all >>> of it\n>>>", calls=(TIME,))),
]


@pytest.mark.parametrize(("name", "turn"), WRITABLE)
def test_writable(name: str, turn: Turn) -> None:
    must(grammar_named(name), turn)


@pytest.mark.parametrize("name", FORMATS)
def test_a_sentence_about_markers_is_text(name: str) -> None:
    grammar = grammar_of(name)
    if grammar.messages is not None:
        pytest.skip("what ends a message ends it anywhere")
    frame = () if grammar.content is None else grammar.content.close  # one ends the frame that is written
    for marker in markers_of(name):
        if marker.strip() in [text.strip() for text in frame]:
            continue
        must(grammar, Turn(f"The text {marker.strip()} says something."))


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_has_at_most_256_characters(name: str) -> None:
    grammar = grammar_of(name)
    must(grammar, call("{}", "f" * 200))
    check(grammar, call("{}", "f" * 256))
    with pytest.raises(CannotExpress, match="256"):
        grammar.write(calls=[("f" * 257, "{}")])


def test_messages() -> None:
    """Each message has the header that the first route to its kind says, and the route's own closer."""
    assert ROUTED.write("Hi.", "Hm.", [("f", '{"a": 1}'), ("g", "{}")]) == (
        "<c>thought<m>Hm.<e><s>model<c>answer<m>Hi.<e>"
        '<s>model to=functions.f<c>work json<m>{"a": 1}<d><s>model to=functions.g<c>work json<m>{}<d>'
    )
    assert ROUTED.write("Hi.", "Hm.", start="reasoning") == "Hm.<e><s>model<c>answer<m>Hi.<e>"
    assert ROUTED.write(calls=[("f", "{}")]) == " to=functions.f<c>work json<m>{}<d>"
    assert grammar_of("functionary_v32").write("Hi.", calls=[("f", "{}")]) == "all\nHi.>>>f\n{}"


def test_whitespace_behind_parameters_is_not_doubled() -> None:
    """It is written where there are none: the empty line of deepseek_v4 and ling3."""
    grammar = Grammar.from_toml("""
format = 1
name   = "lines"
[calls]
call      = "<c {name}>\\n{parameters}\\n</c>"
parameter = "<p {key}>{value:text}</p>\\n"
""")
    turn = Turn(calls=(("f", '{"a": "x", "b": "y"}'), ("f", "{}")))
    assert must(grammar, turn) == "<c f>\n<p a>x</p>\n<p b>y</p>\n</c><c f>\n\n</c>"


# -- kinds of calls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_calls_that_were_read_are_written(name: str) -> None:
    """A Message's calls, with the ids that the parser made up: none of them is refused for its id."""
    grammar = grammar_of(name)
    options = choice(grammar, [STRINGS])
    read = parse(grammar.write("", calls=[STRINGS] if options else [STRINGS, TIME]), grammar, **options)
    assert all(call.id for call in read.tool_calls)
    again = parse(grammar.write(calls=read.tool_calls), grammar, **options)
    assert [(call.name, call.arguments) for call in again.tool_calls] == [
        (call.name, call.arguments) for call in read.tool_calls
    ]


def test_ids_that_were_read_are_kept_where_the_format_has_them() -> None:
    for name in ("mistral", "kimi_k2"):
        grammar = grammar_of(name)
        read = parse(grammar.write(calls=[{"name": "f", "arguments": "{}", "id": "functions.f:5"}]), grammar)
        assert [call.id for call in parse(grammar.write(calls=read.tool_calls), grammar).tool_calls] == [
            "functions.f:5"
        ]


def test_a_call_that_broke_off_is_refused() -> None:
    read = parse('<tool_call>\n{"name": "f", "arguments": {"a": ', "hermes")
    with pytest.raises(CannotExpress, match="the text ends inside it"):
        grammar_of("hermes").write(calls=read.tool_calls)


def test_the_reason_names_the_call() -> None:
    with pytest.raises(CannotExpress, match=r"^call 1 \('g'\): the value of 'a' is no string"):
        grammar_of("qwen3_coder").write(calls=[("f", "{}"), ("g", '{"a": 1}')])


def test_tools_may_be_a_prepared_tools() -> None:
    grammar = grammar_of("qwen3_coder")
    assert grammar.write(calls=[PARIS], tools=Tools(TOOLS)) == grammar.write(calls=[PARIS], tools=TOOLS)


def test_parameters_of_a_grammar_are_written() -> None:
    grammar = grammar_of("hy_v3")
    bound = grammar.bind({"suffix": ":opensource"})
    text = must(bound, Turn("Hi.", "Hm.", (STRINGS, TIME)))
    assert "<tool_call:opensource>" in text
    read_back(grammar, Turn("Hi.", "Hm.", (STRINGS, TIME)), text)
    assert "<tool_call>" in must(grammar, Turn(calls=(TIME,)))


def test_no_depth_is_too_much() -> None:
    """Nothing in the writer recurses: a value as deep as it is long."""
    value = "[" * 100_000 + "]" * 100_000
    for name in ("hermes", "pythonic", "qwen3_coder"):
        tools = [{"name": "f", "parameters": {"properties": {"a": {"type": "array"}}}}]
        assert value in grammar_of(name).write(calls=[("f", f'{{"a": {value}}}')], tools=tools)


def test_time_is_linear() -> None:
    """Long texts full of what might be markup."""
    for name in ("hermes", "qwen3_coder", "glm45", "pythonic", "mistral"):
        grammar = grammar_of(name)
        took = []
        for times in (2_000, 16_000):
            half = "</parameter> <arg_value </arg_value> [ < {" * times + "x"
            begun = time.perf_counter()
            grammar.write(f"Hi. {half}", calls=[("f", json.dumps({"a": half}))])
            took.append(time.perf_counter() - begun)
        assert took[1] < 40 * max(took[0], 0.05)
