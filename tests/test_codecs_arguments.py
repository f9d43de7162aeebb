"""The value of `arguments` (formats.md, J3, J4, J6, J7): an object, a JSON string that holds one, or null."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from helpers import Judge
from toolfeed.codecs.arguments import Arguments
from toolfeed.codecs.kept_arguments import KeptArguments


class Outcome(NamedTuple):
    emitted: str
    read: int
    done: bool
    error: bool
    notes: list[str]


def read(fragments: list[str]) -> Outcome:
    machine = Arguments()
    out: list[str] = []
    count = 0
    for fragment in fragments:
        pos = machine.feed(fragment, 0, out)
        count += pos
        if machine.done or machine.error:
            break
        assert pos == len(fragment)
        whole = "".join(out) + machine.closing_suffix()
        judge = Judge()
        judge.read(whole)
        judge.close()
        assert isinstance(json.loads(whole), dict)
    return Outcome("".join(out), count, machine.done, bool(machine.error), machine.notes)


def read_everywhere(text: str) -> Outcome:
    whole = read([text])
    assert read(list(text)) == whole
    for i in range(len(text) + 1):
        assert read([text[:i], text[i:]]) == whole, i
    return whole


@pytest.mark.parametrize(
    "text", ["{}", '{"a": 1}', ' {"a" : [ 1 , {"b": "\\u00e9\\/"} ] }', "\n{\n}", '{"a": -0, "b": 1E5, "a": 2}']
)
def test_an_object_passes_as_written(text: str) -> None:
    assert read_everywhere(text) == Outcome(text.lstrip(), len(text), True, False, [])


@pytest.mark.parametrize("text", ["null", " null", '""', '" "', '"\\n\\t"'])
def test_nothing_is_an_empty_object(text: str) -> None:
    assert read_everywhere(text)[:4] == ("{}", len(text), True, False)


@pytest.mark.parametrize(
    "value", [{}, {"a": 1}, {"a": 'b"c\\d\n\t\x00é\U0001f600\u2028'}, {"ä": ["{", '"}', {"b": None}]}]
)
@pytest.mark.parametrize("ascii", [True, False])
def test_a_string_is_decoded_one_level(value: object, ascii: bool) -> None:
    inner = json.dumps(value, ensure_ascii=ascii)
    text = json.dumps(inner, ensure_ascii=not ascii)
    assert read_everywhere(text)[:4] == (inner, len(text), True, False)


def test_a_string_in_a_string_is_not_decoded_twice() -> None:
    assert read_everywhere(json.dumps(json.dumps(json.dumps({"a": 1})))).error


def test_a_string_streams() -> None:
    machine = Arguments()
    told = []
    for char in '"{\\"a\\": \\"bcd':
        out: list[str] = []
        machine.feed(char, 0, out)
        told.append("".join(out))
    assert told[-3:] == ["b", "c", "d"]


def test_a_surrogate_pair_in_the_outer_string_is_one_character() -> None:
    assert read_everywhere('"{\\"a\\": \\"\\ud83d\\ude00\\"}"').emitted == '{"a": "\U0001f600"}'


def test_half_a_pair_becomes_an_escape_that_is_noted() -> None:
    outcome = read_everywhere('"{\\"a\\": \\"\\ud83d!\\"}"')
    assert (outcome.emitted, outcome.notes) == ('{"a": "\\ud83d!"}', ["lone_surrogate"])


def test_a_raw_line_break_is_escaped_and_noted() -> None:
    outcome = read_everywhere('{"a": "b\nc\x01"}')
    assert (outcome.emitted, outcome.notes) == ('{"a": "b\\nc\\u0001"}', ["control_character"])


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "true",
        "[1]",
        "-",
        "nul!",
        "x",
        "'",
        '"x"',
        '"1"',
        '"[]"',
        '"{} x"',
        '"{}{}"',
        '"{"',
        '"\\x"',
        '"\\u12g4"',
        '{"a" 1}',
        "{,}",
        '{"a": 1,}',
        '"{\\"a\\": 1,}"',
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    outcome = read_everywhere(text)
    assert outcome.error
    assert not outcome.done


def test_what_stands_behind_the_value_is_left() -> None:
    for text in ('{"a": 1}', "null", '"{}"'):
        assert read([text + ", x"]).read == len(text)


@pytest.mark.parametrize("text", ['{"a": ["b", 1', '"{\\"a\\": \\"\\ud83d', "nu"])
def test_copies_agree(text: str) -> None:
    rest = '\\ude00\\"}"]}ll'
    for i in range(len(text) + 1):
        machine = Arguments()
        one: list[str] = []
        machine.feed(text[:i], 0, one)
        twin = machine.copy()
        two = list(one)
        machine.feed(text[i:] + rest, 0, one)
        twin.feed(text[i:] + rest, 0, two)
        assert (one, machine.done, machine.error, machine.held) == (two, twin.done, twin.error, twin.held)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_keys_of_kept_arguments(size: int) -> None:
    """Its own ones, whole and begun, however the text comes; the keys of objects inside are none of them."""
    text = r'{"a": {"in": [1, {"b": "}"}]}, "c\"d\u0065": "x, \"e\": {", "a": ["f", "g"], "h\\i'
    kept = KeptArguments()
    for at in range(0, len(text), size):
        kept.add([text[at : at + size]])
    assert kept.text == text
    assert (kept.keys, kept.key) == ({"a", 'c"de'}, "h\\i")
    twin = kept.copy()
    twin.add(['"', ": 1}"])
    assert (twin.keys, twin.key) == ({"a", 'c"de', "h\\i"}, None)
    assert (kept.keys, kept.key) == ({"a", 'c"de'}, "h\\i")
