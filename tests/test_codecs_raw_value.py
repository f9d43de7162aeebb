"""Raw values between tags (formats.md, T2 to T5, T7), in formats made for it: one for each way to trim."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from helpers import Reading, Told, chars, pieces
from toolfeed import Grammar, Limits
from toolfeed.grammar import Calls, signature

PARAMETERS = {
    "newline": "<p={key}>\n{value:text}\n</p>\n",
    "none": "<p={key}>{value:text}</p>",
    "strip": "<p={key}>{value:stripped}</p>",
    "json": "<p={key}>{value:any}</p>",
}
TYPES = (
    "f(s: string, i: integer, n: number, b: boolean, z: null, o: object, a: array, u: string|integer, m: string|null)"
)


@cache
def grammar(trim: str, optional: bool = False) -> Grammar:
    calls = Calls(
        call=("<c><f={name}>{parameters}</f></c>",),
        parameter=(PARAMETERS[trim],),
        optional=("</p>",) if optional else (),
    )
    return Grammar(name=f"own_{trim}", calls=calls)


def read(trim: str, inside: str, *, tools: bool = True, optional: bool = False, finish: Any = None) -> Told:
    """The turn of one call with this between its tags, which is the same for every cut."""
    text = f"<c><f=f>{inside}</f></c>" if finish is None else f"<c><f=f>{inside}"
    options: dict[str, Any] = {"tools": [signature(TYPES)]} if tools else {}
    whole = Reading(grammar(trim, optional), **options).read([text], finish)
    for fragments in [chars(text), pieces(text, 3), *([text[:i], text[i:]] for i in range(len(text)))]:
        assert Reading(grammar(trim, optional), previews=True, **options).read(fragments, finish) == whole
    return whole


def value(trim: str, inside: str, key: str = "s", **options: Any) -> Any:
    """What one parameter's text is."""
    (call,) = read(trim, f"<p={key}>{inside}</p>", **options).calls
    assert call[2] == "complete"
    return json.loads(call[1])[key]


@pytest.mark.parametrize(
    ("inside", "newline", "none", "strip"),
    [
        ("Paris", "Paris", "Paris", "Paris"),
        ("\nParis\n", "Paris", "\nParis\n", "Paris"),
        ("\n\nParis\n\n", "\nParis\n", "\n\nParis\n\n", "Paris"),
        ("\r\nParis\r\n", "Paris", "\r\nParis\r\n", "Paris"),
        (" Paris ", " Paris ", " Paris ", "Paris"),
        ("\n  a\n  b\n", "  a\n  b", "\n  a\n  b\n", "a\n  b"),
        ("\n \n", " ", "\n \n", ""),
        ("", "", "", ""),
        ("\n", "", "\n", ""),
        ("\n\n", "", "\n\n", ""),
        ("\n\n\n", "\n", "\n\n\n", ""),
        ("\na\n\n\n", "a\n\n", "\na\n\n\n", "a"),
        ("\ta\r", "\ta\r", "\ta\r", "a"),
        ("a\u2028b\xa0", "a\u2028b\xa0", "a\u2028b\xa0", "a\u2028b\xa0"),
    ],
)
def test_what_of_the_edges_belongs_to_the_tags(inside: str, newline: str, none: str, strip: str) -> None:
    """T2."""
    assert value("newline", inside) == newline
    assert value("none", inside) == none
    assert value("strip", inside) == strip


@pytest.mark.parametrize("trim", ["newline", "none", "strip"])
@pytest.mark.parametrize(
    "text",
    [
        "a </p> b",
        "</p>x",
        "a</p>\n b",
        "</p></p>x",
        "</f>",
        "x</f></c>",
        "<p=b>",
        "</p",
        "<",
        "a</p> </q> b",
        "if a < b && c </p>: pass",
        '"quoted"',
        "&lt;&amp;&#10;<![CDATA[x]]>",
        "\\n \\u00e9 \\",
        'a"b\tc\x00d',
        "é漢\U0001f600\u0301",
        "</P>",
        "<tool_call>{}</tool_call>",
        "```\n[x](y)\n```",
    ],
)
def test_a_closer_counts_only_where_the_framing_goes_on(trim: str, text: str) -> None:
    """T3 and T7: everything else is data, character for character."""
    framed = f"\n{text}\n" if trim == "newline" else text
    assert value(trim, framed) == text
    told = read(trim, f"<p=s>{framed}</p><p=i>7</p>")
    assert json.loads(told.arguments(0)) == {"s": text, "i": 7}


def test_the_first_closer_behind_which_the_framing_goes_on_counts() -> None:
    told = read("none", "<p=s>a</p><p=m>b</p>")
    assert json.loads(told.arguments(0)) == {"s": "a", "m": "b"}
    told = read("none", "<p=s>a</p> \n <p=m>b</p>\n")
    assert json.loads(told.arguments(0)) == {"s": "a", "m": "b"}


def test_half_a_surrogate_is_escaped() -> None:
    assert read("none", "<p=s>a\ud800b</p>").arguments(0) == '{"s": "a\\ud800b"}'


@pytest.mark.parametrize(
    ("key", "text", "written"),
    [
        ("i", "42", "42"),
        ("i", " 42\n", "42"),
        ("i", "12345678901234567890", "12345678901234567890"),
        ("i", "5.0", "5.0"),
        ("i", "x", '"x"'),
        ("i", "02134", '"02134"'),
        ("i", "", '""'),
        ("n", "1.50", "1.50"),
        ("n", "1E5", "1E5"),
        ("n", "NaN", '"NaN"'),
        ("b", "True", "true"),
        ("b", "false", "false"),
        ("z", "None", "null"),
        ("o", '{"a": [1, 2.50]}', '{"a": [1, 2.50]}'),
        ("o", "{'a': True}", '{"a": true}'),
        ("o", "[1]", '"[1]"'),
        ("a", "[1, 'x']", '[1, "x"]'),
        ("a", " [] ", "[]"),
        ("u", "42", "42"),
        ("u", "42x", '"42x"'),
        ("m", "null", "null"),
        ("m", "nullable", '"nullable"'),
        ("s", "42", '"42"'),
        ("s", "null", '"null"'),
        ("other", "42", '"42"'),
    ],
)
def test_types_come_from_the_schema(key: str, text: str, written: str) -> None:
    """T5 and chapter A; digits stay."""
    for trim in ("none", "strip"):
        assert read(trim, f"<p={key}>{text}</p>").arguments(0) == f'{{"{key}": {written}}}'
    assert read("newline", f"<p={key}>\n{text}\n</p>").arguments(0) == f'{{"{key}": {written}}}'


def test_without_tools_every_value_is_a_string() -> None:
    for text in ("42", "null", "{}", "true"):
        assert value("none", text, "i", tools=False) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("42", 42), ('{"a": 1}', {"a": 1}), ("null", None), ('"x"', "x"), ("x y", "x y"), ('"x', '"x')],
)
def test_a_json_value_without_a_schema_is_json_or_else_a_string(text: str, expected: object) -> None:
    assert value("json", text, tools=False) == expected


@pytest.mark.parametrize("text", ['{"a": ', "[1, }", '{"a": 1} x', "{'a': f()}"])
def test_an_object_that_breaks_is_malformed(text: str) -> None:
    told = read("none", f"<p={'a' if text[0] == '[' else 'o'}>{text}</p>")
    assert [end.status for end in told.ends] == ["malformed"]


def test_the_first_value_of_a_repeated_key_wins() -> None:
    """T1."""
    told = read("none", "<p=s>a</p><p=s>b</p><p=i>1</p><p=i>{</p>")
    assert told.calls == [("f", '{"s": "a", "i": 1}', "complete")]
    assert told.ends[0].notes == ("duplicate_key",)


def test_a_missing_closer_ends_the_value_at_the_start_of_a_line() -> None:
    """T4: with tools given, only the opener of a declared parameter does."""
    told = read("newline", "<p=s>\na\n<p=i>\n3\n</p>\n", optional=True)
    assert (json.loads(told.arguments(0)), told.ends[0].notes) == ({"s": "a", "i": 3}, ("closer_missing",))
    told = read("newline", "<p=s>\na\n<p=nobody>\n3\n</p>\n", optional=True)
    assert json.loads(told.arguments(0)) == {"s": "a\n<p=nobody>\n3"}
    told = read("newline", "<p=s>\na <p=i>\n3\n</p>\n", optional=True)
    assert json.loads(told.arguments(0)) == {"s": "a <p=i>\n3"}


def test_strings_stream_and_only_what_may_end_them_waits() -> None:
    reading = Reading(grammar("newline"))
    reading.feed("<c><f=f><p=s>\n")
    held = []
    for char in "abc\nde</p>\nfg</p> x":
        reading.feed(char)
        held.append(reading.parser.held)
    assert held == [0, 0, 0, 1, 0, 0, 1, 2, 3, 4, 5, 0, 0, 1, 2, 3, 4, 5, 0]
    assert reading.arguments(0) == '{"s": "abc\\nde</p>\\nfg</p> x'


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("b", "tru<", '"tru<'),  # ends as text, goes on as text
        ("i", "<", '"<'),
        ("i", "4<", '"4<'),  # ends as a number
        ("u", "1e-<", '"1e-<'),
        ("m", "nul<", '"nul<'),
    ],
)
def test_a_value_that_is_text_wherever_it_ends_is_told(key: str, text: str, told: str) -> None:
    """Law 2: what may be the closer's beginning does not matter where the value is text with it and without it."""
    undecided = text == "4<"
    reading = Reading(grammar("none"), tools=[signature(TYPES)])
    reading.feed(f"<c><f=f><p={key}>{text}")
    assert reading.arguments(0) == f'{{"{key}": ' + ("" if undecided else told[:-1])
    assert reading.parser.closing_suffix() == ("null}" if undecided else '"}')
    reading.feed("!")
    assert reading.arguments(0) == f'{{"{key}": {told}!'


@pytest.mark.parametrize(
    ("text", "told"), [('"', '"'), ('"x', '"'), ('"x" y', '"\\"x\\" y'), ('"x" <', '"'), ("Tr", '"Tr')]
)
def test_the_quote_that_a_json_string_and_text_share_is_told(text: str, told: str) -> None:
    reading = Reading(grammar("json"))
    reading.feed(f"<c><f=f><p=a>{text}")
    assert reading.arguments(0) == f'{{"a": {told}'
    assert reading.parser.closing_suffix() == '"}'


def test_the_text_may_end_anywhere() -> None:
    """R6: nothing undecided is decided, unless the model stopped by itself."""
    for inside, arguments, raw in (
        ("<p=s>\nab", '{"s": "ab', ""),
        ("<p=s>\nab\n</p>", '{"s": "ab', "\n</p>"),
        ("<p=i>\n4", '{"i": ', "4"),
        ("<p=", "{", "<p="),
    ):
        told = read("newline", inside, finish="length")
        assert told.calls == [("f", arguments, "truncated")]
        assert told.ends[0].raw == raw
    told = read("newline", "<p=s>\nab\n</p>", finish="stop")
    assert told.calls == [("f", '{"s": "ab"}', "complete")]
    told = read("newline", "<p=i>\n42", finish="stop")
    assert told.calls == [("f", '{"i": 42}', "complete")]


@pytest.mark.parametrize("size", [20, 60])
def test_a_closer_is_found_behind_any_whitespace(size: int) -> None:
    """As much of it as can be framing is trimmed, wherever the text is cut."""
    text = f"<c><f=f><p=s>x{' ' * size}</p></f></c>"
    whole = Reading(grammar("strip"), limits=Limits(header=40)).read([text])
    ((_, arguments, status),) = whole.calls
    assert status == "complete"
    assert json.loads(arguments)["s"].rstrip(" ") == "x"
    assert (json.loads(arguments)["s"] == "x") == (size < 40)
    for fragments in (chars(text), pieces(text, 7)):
        assert Reading(grammar("strip"), limits=Limits(header=40)).read(fragments) == whole
