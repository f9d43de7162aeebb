"""Calls as JSON objects (formats.md, the J and L rules), without a parser around the codec."""

from __future__ import annotations

from typing import Any

import pytest

from codec_calls import Call, find, find_everywhere
from helpers import work
from toolfeed.codecs.objects import CallObjects
from toolfeed.codecs.string_text import StringText

NAMES, ARGUMENTS, IDS = ("name", "tool_name"), ("arguments", "parameters"), ("id", "tool_call_id")


def codec(**options: Any) -> CallObjects:
    return CallObjects(NAMES, ARGUMENTS, IDS, **options)


def calls(text: str, **options: Any) -> list[Call]:
    """The calls of a text that is one whole payload."""
    found = find_everywhere(lambda: codec(**options), text)
    assert found.outcome in ("done", "more"), found
    assert found.read == len(text)
    return found.calls


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('{"name": "f", "arguments": {"a": 1}}', Call("f", '{"a": 1}')),
        ('{"arguments": {"a": 1}, "name": "f"}', Call("f", '{"a": 1}')),
        ('{"name":"f","arguments":{}}', Call("f", "{}")),
        (' \n{ "name" :\t"f" , "arguments" : { "a" : [ 1 , 2 ] } }', Call("f", '{ "a" : [ 1 , 2 ] }')),
        ('{"tool_name": "f", "parameters": {"a": 1}}', Call("f", '{"a": 1}')),
        (
            '{"name": "f", "parameters": {"a": 1}, "arguments": {"b": 2}}',
            Call("f", '{"a": 1}', notes=("duplicate_key",)),
        ),
        ('{"name": "f", "name": "g", "arguments": {}}', Call("f", "{}", notes=("duplicate_key",))),
        ('{"name": "f"}', Call("f", "{}")),
        ('{"name": "f", "arguments": null}', Call("f", "{}")),
        ('{"arguments": null, "name": "f"}', Call("f", "{}")),
        ('{"name": "f", "arguments": "{\\"a\\": \\"b\\\\n\\"}"}', Call("f", '{"a": "b\\n"}')),
        ('{"arguments": "{\\"a\\": 1}", "name": "f"}', Call("f", '{"a": 1}')),
        ('{"name": "f", "arguments": ""}', Call("f", "{}")),
        ('{"name": "f", "arguments": " "}', Call("f", "{}")),
        (
            '{"name": "f", "arguments": {"name": "g", "arguments": {"id": 1}}}',
            Call("f", '{"name": "g", "arguments": {"id": 1}}'),
        ),
        ('{"x": [{"name": "g"}], "name": "f", "y": "}", "arguments": {}, "z": null}', Call("f", "{}")),
        ('{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}', Call("f", '{"a": 1}')),
        ('{"function": {"arguments": "{}", "name": "f"}, "id": "x"}', Call("f", "{}", id="x")),
        ('{"id": "x1", "name": "f", "arguments": {}}', Call("f", "{}", id="x1")),
        ('{"name": "f", "arguments": {}, "tool_call_id": 12}', Call("f", "{}", id="12")),
        ('{"id": null, "name": "f", "arguments": {}}', Call("f", "{}")),
        ('{"id": {"a": 1}, "name": "f", "arguments": {}}', Call("f", "{}")),
        ('{"name": "a\\u0062\\n", "arguments": {}}', Call("ab", "{}")),
        ('{"name": " f ", "arguments": {}}', Call("f", "{}")),
        ('{"n\\u0061me": "f", "arguments": {}}', Call("f", "{}")),
        ('{"name": "a.b-c:d/e f", "arguments": {}}', Call("a.b-c:d/e f", "{}")),
        ('{"name": "f", "arguments": {"a": "b\nc"}}', Call("f", '{"a": "b\\nc"}', notes=("control_character",))),
        ('{"arguments": {"a": "b\nc"}, "name": "f"}', Call("f", '{"a": "b\\nc"}', notes=("control_character",))),
        (
            '{"name": "f", "arguments": {"big": 12345678901234567890, "e": 1E5, "z": -0}}',
            Call("f", '{"big": 12345678901234567890, "e": 1E5, "z": -0}'),
        ),
    ],
)
def test_an_object_is_a_call(text: str, call: Call) -> None:
    assert calls(text) == [call]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", []),
        (" [ ] ", []),
        ('[{"name": "f"}, {"name": "g", "arguments": {"a": 1}}]', [Call("f", "{}"), Call("g", '{"a": 1}')]),
        (
            '[\n  {"arguments": {}, "name": "f"}\n  ,\n {"name": "f", "arguments": {}}\n]',
            [Call("f", "{}"), Call("f", "{}")],
        ),
    ],
)
def test_a_list_holds_calls(text: str, found: list[Call]) -> None:
    assert calls(text.rstrip()) == found


@pytest.mark.parametrize(
    ("text", "found", "none"),
    [
        ('[1, {"name": "f"}]', ["f"], 1),
        ('["x", {"a": 1}, null, {"name": "f"}, {"no": {"name": "g"}}]', ["f"], 4),
        ('[{}, {"name": ""}, {"name": "f"}]', ["f"], 2),
    ],
)
def test_elements_that_are_no_calls_are_told_apart(text: str, found: list[str], none: int) -> None:
    got = find_everywhere(codec, text)
    assert ([call.name for call in got.calls], got.none, got.outcome) == (found, none, "done")


def test_a_call_ends_with_its_own_brace_not_with_the_list() -> None:
    assert find(codec, ['[{"name": "f", "arguments": {}}']).calls == [Call("f", "{}")]
    assert find(codec, ['[{"name": "f", "arguments": {}']).calls == [Call("f", "{}", over=False)]


def test_a_call_starts_with_the_quote_of_its_name_and_streams() -> None:
    text = '{"name": "f", "arguments": {"a": "bcd", "e": [1'
    made = codec()
    started, told = 0, []
    for i, char in enumerate(text):
        out: list[str] = []
        pos = 0
        while pos < 1:
            pos = made.feed(char, pos, out)
            if made.signal == 2:
                started = i
        told.append("".join(out))
    assert started == text.index('"', text.index('"f"') + 1)
    inner = text[text.index(": {") + 2 :]
    assert "".join(told) == inner
    assert told[-len('bcd", "e": [1') :][:3] == ["b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("f", 0),
        ("5", 0),
        ('{"name": 5', 9),
        ('{"name": "f", "arguments": 5', 27),
        ('{"name": "f", "arguments": [', 27),
        ('{"name": "f", "arguments": true', 27),
        ('{"name": "f", "arguments": {a', 28),
        ("{'name'", 1),
        ('{"name" "f"', 8),
        ('{"name": "f" "arguments"', 13),
        ('{"name": "f",}', 13),
        ('{"name": "\\x"', 12),
        ('[{"name": "f"} {', 15),
        ('[{"name": "f"},]', 15),
        ('{"x": tru!', 9),
        ('{"name": "f", "arguments": "{\\"a\\": 1} x"', 40),
        ('{"name": "f", "arguments": "5', 28),
    ],
)
def test_what_fits_no_call_is_a_fault_where_it_stands(text: str, read: int) -> None:
    found = find_everywhere(codec, text)
    assert found.outcome not in ("more", "done")
    assert found.read in (read, read - 1), found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"name": "f", "arguments": {}}', [Call("f", "{}")]),
        ('{"parameters": {}, "name": "f"}', [Call("f", "{}")]),
        ('{"type": "function", "name": "f", "parameters": {}}', [Call("f", "{}")]),
        ('{"name": "f"}', []),
        ('{"name": "f", "arguments": null}', []),
        ('{"name": "Alice", "age": 7}', []),
        ('{"arguments": {}}', []),
        ('{"answer": {"name": "f", "arguments": {}}}', []),
        ('{"name": {"first": "A"}}', []),
        ('{"name": "f", "arguments": 5}', []),
        ("[]", []),
        ("[1] see the footnote", []),
        ('["name"]', []),
    ],
)
def test_bare_objects_need_a_name_and_arguments(text: str, found: list[Call]) -> None:
    assert find_everywhere(lambda: codec(bare=True), text).calls == found


def test_a_bare_call_starts_when_its_arguments_begin() -> None:
    for text, index in (('{"name": "f", "parameters": {"a', 28), ('{"parameters": {"a": 1}, "name": "f"', 35)):
        for i in range(len(text)):
            assert bool(find(lambda: codec(bare=True), [text[: i + 1]]).calls) == (i >= index), (text, i)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[{"f": {"a": 1}}, {"g": {}}]', [Call("f", '{"a": 1}'), Call("g", "{}")]),
        ('[{"f": {"a": 1}, "g": {}}]', [Call("f", '{"a": 1}'), Call("g", "{}")]),
        ('[{"name": "f", "arguments": {"a": 1}}]', [Call("f", '{"a": 1}')]),
        ('[{"f": null}]', [Call("f", "{}")]),
        ('[{"f": "{}"}]', [Call("f", "{}")]),
    ],
)
def test_keyed_objects_have_the_name_as_key(text: str, found: list[Call]) -> None:
    assert calls(text, keyed=True) == found


def test_in_a_keyed_object_a_tool_may_be_called_name() -> None:
    found = calls('[{"name": {"a": 1}}]', keyed=True, declared=frozenset({"name"}))
    assert found == [Call("name", '{"a": 1}')]


def test_names_and_keys_are_bounded() -> None:
    text = '{"name": "' + "n" * 21 + '", "arguments": {}}'
    assert calls(text, limit=21) == [Call("n" * 21, "{}")]
    assert find_everywhere(lambda: codec(limit=20), text).calls == []
    assert find_everywhere(lambda: codec(limit=20), '{"' + "k" * 5000).outcome != "more"


@pytest.mark.parametrize(
    "text", ['{"name": "f", "arguments": {"a": "b', '{"arguments": {"a": 1}, "x": [', '[{"id": "1", "name": "f"}, {"na']
)
def test_copies_agree(text: str) -> None:
    rest = '": 1}}, {"name": "g"}]'
    for i in range(len(text) + 1):
        made = codec()
        one: list[str] = []
        made.feed(text[:i], 0, one)
        twin = made.copy()
        two = list(one)
        made.feed(text[i:] + rest, 0, one)
        twin.feed(text[i:] + rest, 0, two)
        assert (one, made.signal, made.name, made.error, made.notes) == (
            two,
            twin.signal,
            twin.name,
            twin.error,
            twin.notes,
        )


@pytest.mark.parametrize("text", ['{"\\u0061', "{'\\x61", "{'\\141", '{"a\\n'])
def test_a_key_is_read_once(text: str) -> None:
    """However it comes, and however long it may be."""

    def read(times: int) -> None:
        machine = codec(literal=True, limit=10**6)
        opener, _, unit = text.partition(text[1])
        for char in opener + text[1] + unit * times:
            while machine.feed(char, 0, []) == 0:  # a signal, in front of the character
                assert not machine.error

    read(1)
    assert work(lambda: read(400)) < 6 * work(lambda: read(100))


@pytest.mark.parametrize(
    ("quote", "text", "at"),
    [
        ('"', "name", -1),
        ('"', "namx", 3),
        ('"', "names", 4),
        ('"', "n\\u0061m", -1),
        ('"', "n\\u0062", 6),
        ('"', "n\\u01", 4),
        ('"', "n\\x", 2),
        ('"', "na\\n", 3),
        ('"', "na'", 2),
        ('"', 'na"zzz', -1),
        ("'", "name", -1),
        ("'", "n\\x61m", -1),
        ("'", "n\\x6", -1),
        ("'", "n\\x7", 3),
        ("'", "n\\141\\x6D\\u0065", -1),
        ("'", "n\\U00000061", -1),
        ("'", "n\\qa", 2),
        ("'", "n\\xg", 3),
        ("'", "na\\\nme", -1),
        ("'", "name\\", -1),
        ("'", 'na"', 2),
        ("'", "na\\'", 3),
        ("'", "na'zzz", -1),
    ],
)
def test_where_a_key_can_be_none_that_counts(quote: str, text: str, at: int) -> None:
    """Keys are `name`; the same however they come."""
    for size in (1, 2, 3, len(text)):
        string, found = StringText(quote), -1
        for start in range(0, len(text), size):
            piece = text[start : start + size]
            found = string.copy().read(piece, 0, len(piece), ["name"])
            assert string.read(piece, 0, len(piece), ["name"]) == found
            if found >= 0:
                found += start
                break
            if quote in piece and not text.startswith("na\\'"):
                break
        assert found == at, size
