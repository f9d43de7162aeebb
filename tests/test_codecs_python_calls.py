"""Calls as Python (formats.md, the P rules), without a parser around the codec."""

from __future__ import annotations

from typing import Any

import pytest

from codec_calls import Call, find, find_everywhere
from toolfeed.codecs.python_calls import PythonCalls


def codec(**options: Any) -> PythonCalls:
    return PythonCalls(**options)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[f(a=1)]", [Call("f", '{"a": 1}')]),
        ("[f()]", [Call("f", "{}")]),
        ("[f(a=1), g(b='x', c=None)]", [Call("f", '{"a": 1}'), Call("g", '{"b": "x", "c": null}')]),
        ("[\n f( a = 1 , b = 2, ) ,\n g( ) , ]", [Call("f", '{"a": 1, "b": 2}'), Call("g", "{}")]),
        ("[a.b.c-d(x=1)]", [Call("a.b.c-d", '{"x": 1}')]),
        ("[f(from=1, class='x')]", [Call("f", '{"from": 1, "class": "x"}')]),
        (
            "[f(a={'b': [1, (2, 3)], \"c\": True}, d=-1.5e3)]",
            [Call("f", '{"a": {"b": [1, [2, 3]], "c": true}, "d": -1.5e3}')],
        ),
        ("[f(a='x' \"y\", b=r'\\d')]", [Call("f", '{"a": "xy", "b": "\\\\d"}')]),
        ("[f(a=true, b=false, c=null)]", [Call("f", '{"a": true, "b": false, "c": null}')]),
        ("[f(a=1, a=2)]", [Call("f", '{"a": 1}', notes=("duplicate_key",))]),
        ("[f(a=1), f(a=1)]", [Call("f", '{"a": 1}'), Call("f", '{"a": 1}')]),
        ("[f(a=')]')]", [Call("f", '{"a": ")]"}')]),
        ("[f(a=07)]", [Call("f", '{"a": 7}', notes=("leading_zero",))]),
        ("[f(a='b\nc')]", [Call("f", '{"a": "b\\nc"}', notes=("control_character",))]),
        ("[f(a=1_000, b=.5, c=5., d=0x1F, e=+3)]", [Call("f", '{"a": 1000, "b": 0.5, "c": 5.0, "d": 31, "e": 3}')]),
        ("[é(ü='漢')]", [Call("é", '{"ü": "漢"}')]),
    ],
)
def test_a_list_of_calls(text: str, found: list[Call]) -> None:
    got = find_everywhere(codec, text)
    assert got.calls == found
    assert (got.outcome, got.read) == ("done", len(text))


def test_calls_of_a_line_each() -> None:
    text = "f(a=1)\n\ng()\n h(b='x') "
    assert find_everywhere(codec, text).calls == [Call("f", '{"a": 1}'), Call("g", "{}"), Call("h", '{"b": "x"}')]


def test_a_call_between_markers_starts_at_its_parenthesis() -> None:
    assert find(codec, ["[f"]).calls == []
    (call,) = find(codec, ["[f("]).calls
    assert (call.name, call.over) == ("f", False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[f(", []),
        ("[f()", ["f"]),
        ("[f(a", []),
        ("[f(a=", ["f"]),
        ("[f(x)]", []),
        ("[f('x')]", []),
        ("[1] see below", []),
        ("[link](url)", []),
        ("[f]", []),
        ("[f (x=1)]", []),
        ("[]", []),
        ("[[f()]]", []),
    ],
)
def test_a_bare_call_of_unknown_tools_needs_a_keyword_or_nothing(text: str, found: list[str]) -> None:
    """P1: bare, without tools at `name()` or `name(key=`."""
    assert [call.name for call in find_everywhere(lambda: codec(bare=True), text).calls] == found


def test_a_bare_call_of_a_known_tool_starts_at_the_parenthesis() -> None:
    made = find(lambda: codec(bare=True, declared=frozenset({"f"})), ["[f("])
    assert [call.name for call in made.calls] == ["f"]


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "g()",
        "1 + 2",
        "[i for i in x]",
        "*a",
        "nan",
        "inf",
        "1j",
        "not True",
        "lambda: 0",
        "{**a}",
        "b'x'",
        "-'x'",
        "a.b",
        "...",
    ],
)
def test_nothing_is_evaluated(value: str) -> None:
    """Operators, calls and names as values are malformed."""
    found = find_everywhere(codec, f"[f(a={value})]")
    assert found.outcome not in ("done", "more")
    assert [call.over for call in found.calls] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "[f(1)]",
        "[f(*a)]",
        "[f(**a)]",
        "[f(a=1, 2)]",
        "[f(a=1 b=2)]",
        "[f(a)]",
        "[f(=1)]",
        "[f(a=)]",
        "[f() g()]",
        "[f (a=1)]",
        "[1]",
    ],
)
def test_what_fits_no_call_is_a_fault(text: str) -> None:
    assert find_everywhere(codec, text).outcome not in ("done", "more")


def test_names_are_bounded() -> None:
    assert find_everywhere(lambda: codec(limit=20), f"[{'n' * 20}()]").calls == [Call("n" * 20, "{}")]
    for text in (f"[{'n' * 21}()]", "[" + "n" * 500, "[f(" + "k" * 500):
        assert find_everywhere(lambda: codec(limit=20), text).outcome not in ("done", "more")


def test_copies_agree() -> None:
    text = "[f(a={'b': ['x' 'y', 1.5"
    rest = "]}, c=2), g(d=True)]"
    for i in range(len(text) + 1):
        made = codec()
        one: list[str] = []
        made.feed(text[:i], 0, one)
        twin = made.copy()
        two = list(one)
        made.feed(text[i:] + rest, 0, one)
        twin.feed(text[i:] + rest, 0, two)
        assert (one, made.signal, made.name, made.error) == (two, twin.signal, twin.name, twin.error)
