"""Objects and arrays whose members are tagged values (docs/grammar.md, Nesting), in a format made for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Reading, Told, chars, pieces
from toolfeed import CannotExpress, Grammar, parse
from toolfeed.grammar import signature

GRAMMAR = Grammar.from_toml(
    """
format = 1
name   = "own"

[calls]
call = "<call {name}>\\n{parameters}</call>"
parameter = [
  "<v {key}>\\n{value:text}\\n</v>\\n",
  "<map {key}><m>\\n{parameters}</m></map>\\n",
  "<seq {key}>\\n{items}</seq>\\n",
]
item = ["<i>\\n{value:text}\\n</i>\\n", "<map><m>\\n{parameters}</m></map>\\n", "<seq>\\n{items}</seq>\\n"]
optional = ["</v>", "</i>"]
"""
)
TOOLS = [signature("f(n: integer, o: object)")]


def read(inside: str, *, finish: Any = None, end: str = "</call>") -> Told:
    """The turn of one call with this between its tags, which is the same for every cut."""
    text = f"<call f>{inside}{end}"
    whole = Reading(GRAMMAR, tools=TOOLS).read([text], finish)
    for fragments in [chars(text), pieces(text, 3), *([text[:i], text[i:]] for i in range(len(text)))]:
        assert Reading(GRAMMAR, tools=TOOLS, previews=True, traced=True).read(fragments, finish) == whole
    return whole


@pytest.mark.parametrize(
    ("inside", "arguments"),
    [
        ("<map o><m></m></map>", '{"o": {}}'),
        ("<seq l></seq>", '{"l": []}'),
        ("<map o><m><v a>1</v><v b>2</v></m></map><v n>3</v>", '{"o": {"a": "1", "b": "2"}, "n": 3}'),
        ("<seq l><i>1</i><seq><i>2</i></seq><map><m><v n>3</v></m></map></seq>", '{"l": ["1", ["2"], {"n": "3"}]}'),
        ("<map o><m><map n><m><v n>1</v></m></map></m></map>", '{"o": {"n": {"n": "1"}}}'),
        ("<map o><m><v a>1</v><v a>2</v><v b>3</v></m></map>", '{"o": {"a": "1", "b": "3"}}'),
        ("<v o>{}</v><map o><m><v a>1</v><seq b></seq></m></map><v n>3</v>", '{"o": {}, "n": 3}'),
        ("<map o><m><map a><m></m></map><seq a><i>1</i></seq></m></map>", '{"o": {"a": {}}}'),
        ("<map o>\n <m> \n<v a>\n1\n</v>\n</m>\n\n</map>\n", '{"o": {"a": "1"}}'),
        ("<seq l><i>a</i> b</i></seq>", '{"l": ["a</i> b"]}'),
        ("<seq l>\n<i>\na\n<i>\nb\n</seq>", '{"l": ["a", "b"]}'),
        ("<map o><m>\n<v a>\n1\n<v b>\n2\n</m></map>", '{"o": {"a": "1", "b": "2"}}'),
    ],
)
def test_what_nests_becomes_one_object(inside: str, arguments: str) -> None:
    assert read(inside).calls == [("f", arguments, "complete")]


@pytest.mark.parametrize(
    ("inside", "arguments"),
    [
        ("<map o>1</map>", "{"),  # nothing nests before `<m>`
        ("<map o><m><i>1</i></m></map>", '{"o": {'),
        ("<seq l><v a>1</v></seq>", '{"l": ['),
        ("<seq l><seq></seq></m></map>", '{"l": [[]'),
        ("<map o><m></seq>", '{"o": {'),
    ],
)
def test_tags_that_do_not_fit(inside: str, arguments: str) -> None:
    told = read(inside, end="</call>\n<call g>\n</call>")
    assert told.calls == [("f", arguments, "malformed"), ("g", "{}", "complete")]


def test_a_value_goes_on_where_what_it_stands_in_is_not_closed() -> None:
    told = read("<seq l><i>1</i>", end="</call>\n<call g></call>\n")
    assert told.calls == [("f", '{"l": ["1</i></call>\\n<call g></call>', "truncated")]


def test_a_broken_call_ends_at_its_closer_however_deep_it_broke() -> None:
    told = read("<seq l><seq><map><m>text</m></map></seq></seq>", end="</call>\n<call g></call>")
    assert told.calls == [("f", '{"l": [[{', "malformed"), ("g", "{}", "complete")]


def test_the_text_ends_inside() -> None:
    assert read("<seq l><i>1</i><seq>", end="").calls == [("f", '{"l": ["1", [', "truncated")]
    assert read("<seq l><i>1</i><seq>", end="", finish="stop").calls == [("f", '{"l": ["1", []]}', "complete")]


VALUES: list[Any] = [
    {},
    [],
    {"a": "x", "b": ["y", {"c": "z"}, [], {}]},
    [[[["a"]]], [], "</i>", "<i>"],
    [{"a": {"b": {"c": ["</seq> \n </m>"]}}}],
]


@pytest.mark.parametrize("value", VALUES, ids=json.dumps)
def test_what_is_written_reads_back(value: Any) -> None:
    arguments = json.dumps({"v": value})
    (call,) = parse(GRAMMAR.write(calls=[("f", arguments)]), GRAMMAR).tool_calls
    assert (call.status, json.loads(call.arguments)) == ("complete", {"v": value})


@pytest.mark.parametrize("value", [[1], {"a": None}, {"a": [True]}, {"": "x"}, {"a>": "x"}, ["x\n</i>\n<i>"]])
def test_what_the_tags_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(CannotExpress):
        GRAMMAR.write(calls=[("f", json.dumps({"v": value}))])


def test_twenty_thousand_deep() -> None:
    deep = "[" * 20_000 + '"x"' + "]" * 20_000
    (call,) = parse(GRAMMAR.write(calls=[("f", f'{{"l": {deep}}}')]), GRAMMAR).tool_calls
    assert call.arguments == f'{{"l": {deep}}}'
