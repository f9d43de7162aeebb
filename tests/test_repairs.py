"""What a repair keeps is bounded, wherever the text is cut (design.md, Limits). What repairs read, the examples say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Reading, Told, chars, pieces, work
from toolfeed import Limits, Parser
from toolfeed.grammar import signature

TOOLS = [signature("f(a: string, b: integer, o: object)")]
SHORT = Limits(hold=30)


def read(format: str, text: str, **options: Any) -> Told:
    """The turn with repairs, which is the same for every cut."""
    options = {"repair": True, "tools": TOOLS, "limits": SHORT} | options
    whole = Reading(format, **options).read([text])
    for fragments in [chars(text), pieces(text, 3), *([text[:i], text[i:]] for i in range(len(text)))]:
        reading = Reading(format, previews=True, traced=True, **options)
        assert reading.read(fragments) == whole
    return whole


def wrapped(value: str, rest: str = "") -> str:
    tag = "｜DSML｜"
    inside = f'<{tag}parameter name="arguments" string="false">{value}</{tag}parameter>{rest}'
    return f'<{tag}function_calls><{tag}invoke name="f">{inside}</{tag}invoke></{tag}function_calls>'


@pytest.mark.parametrize(
    ("value", "arguments", "status"),
    [
        ('{"a": "x"}', '{"a": "x"}', "complete"),
        ('{"a": "' + "x" * 21 + '"}', '{"a": "' + "x" * 21 + '"}', "complete"),
        ('{"a": "' + "x" * 22 + '"}', '{"arguments": {"a": "' + "x" * 22 + '"}}', "complete"),
        ('{"a": "' + "x" * 99 + '"}', '{"arguments": {"a": "' + "x" * 99 + '"}}', "complete"),
        ('{"a": 1 ' + "x" * 40 + "}", '{"arguments": "{\\"a\\": 1 ' + "x" * 40 + '}"}', "complete"),
        ("x" * 99, '{"arguments": "' + "x" * 99 + '"}', "complete"),
    ],
)
def test_arguments_in_one_parameter_are_kept_up_to_a_bound(value: str, arguments: str, status: str) -> None:
    assert read("deepseek_v32", wrapped(value)).calls == [("f", arguments, status)]


@pytest.mark.parametrize("size", [1, 30, 31, 99])
def test_a_value_that_may_be_another_keys_is_kept_up_to_a_bound(size: int) -> None:
    keys = "<tool_call>f<arg_key>a</arg_key><arg_key>b</arg_key>"
    first = f"<arg_value>{'x' * size}</arg_value>"
    told = read("glm45", f"{keys}{first}<arg_value>2</arg_value></tool_call>")
    if size <= 30:
        assert told.calls == [("f", f'{{"a": "{"x" * size}", "b": 2}}', "complete")]
    else:
        rest = "</arg_value><arg_value>2"
        assert told.calls == [("f", f'{{"b": "{"x" * size}{rest}"}}', "complete")]
    told = read("glm45", f"{keys}{first}</tool_call>")
    assert told.calls == [("f", f'{{"b": "{"x" * size}"}}', "complete")]
    assert "value_missing" in told.ends[0].notes


@pytest.mark.parametrize("count", [65, 66, 67, 200])
def test_so_many_keys_wait_for_their_values(count: int) -> None:
    """Where there are more, the value is the last one's, as without the repair."""
    keys = "".join(f"<arg_key>k{i}</arg_key>" for i in range(count))
    values = "".join(f"<arg_value>v{i}</arg_value>" for i in range(count))
    told = Reading("glm45", repair=True).read(pieces(f"<tool_call>f{keys}{values}</tool_call>", 50))
    arguments = json.loads(told.calls[0][1])
    if count <= 65:
        assert arguments == {f"k{i}": f"v{i}" for i in range(count)}
        assert told.ends[0].notes == ("markup_repaired",)
    else:
        assert arguments == {f"k{count - 1}": values.removeprefix("<arg_value>").removesuffix("</arg_value>")}
        assert told.ends[0].notes == ("value_missing",)


@pytest.mark.parametrize("value", ["[", "7", "x", "\n[", '{"a": no', '{"a": 1} x', "{}{"])
def test_what_is_no_object_is_kept_no_longer(value: str) -> None:
    """The last character shows it."""
    reading = Reading("deepseek_v32", repair=True, tools=TOOLS)
    reading.feed(wrapped("").split("</")[0])
    for char in value:
        assert reading.arguments(0) == "{"
        reading.feed(char)
    assert reading.arguments(0).startswith('{"arguments": ')


@pytest.mark.parametrize("size", [1, 60, 99])
def test_arguments_that_tell_their_tool_are_kept_up_to_a_bound(size: int) -> None:
    before = "<|tool_calls_section_begin|><|tool_call_begin|>0<|tool_call_argument_begin|>"
    arguments = f'{{"a": "{"x" * size}"}}'
    text = f"{before}{arguments}<|tool_call_end|><|tool_calls_section_end|>"
    told = read("kimi_k2", text, limits=Limits(hold=len(before) + 80))
    assert told.calls == [("f" if len(arguments) <= 80 else "0", arguments, "complete")]


def test_a_word_that_may_be_a_name_is_held_no_longer() -> None:
    reading = Reading("mistral", repair=True, tools=[*TOOLS, signature("get_weather()")])
    told = [reading.feed(text) for text in ("Hm. ", "Now", " ", "ge", "t_w", "ord", " get_weather", "! f", "x f", " f")]
    assert ["".join(event.text for event in events) for events in told] == [  # type: ignore[union-attr]  # all are text
        "Hm.",
        " Now",
        "",
        "",
        "",
        " get_word",
        "",
        " get_weather!",
        " fx",
        " f",
    ]
    assert reading.parser.held == len(" f")
    reading.feed("[TOOL_CALLS]{}")
    assert reading.finish() == []
    assert reading.told.content == "Hm. Now get_word get_weather! fx f"
    assert reading.told.calls == [("f", "{}", "complete")]


@pytest.mark.parametrize(
    ("tools", "text", "held"),
    [
        (TOOLS, "Hm. f[TOOL", " f[TOOL"),
        (TOOLS, "Hm. f[TH", ""),  # reasoning begins at the start only
        (TOOLS, "Hm. f</", "</"),
        (TOOLS, "Hm. f [TOOL", " [TOOL"),
        (TOOLS, "Hm. fx[TOOL", "[TOOL"),
        ([signature("find()")], "Hm. f[TOOL", "[TOOL"),
        ([signature("find()")], "Hm. f", " f"),
        (None, "Hm", "Hm"),
        (None, "Hm.[TOOL", "Hm.[TOOL"),
        (None, "...[TOOL", "[TOOL"),
        (None, "Hm hm", ""),
        (TOOLS, "[THINK]f", ""),
        (TOOLS, "[THINK]f[TOOL", "[TOOL"),
    ],
)
def test_a_word_is_held_where_it_may_be_a_name(tools: Any, text: str, held: str) -> None:
    for fragments in ([text], chars(text)):
        reading = Reading("mistral", repair=True, tools=tools)
        for fragment in fragments:
            reading.feed(fragment)
        assert text[len(text) - reading.parser.held :] == held


def test_a_role_s_tag_waits_for_no_name_where_no_tool_is_known() -> None:
    reading = Reading("poolside_v1", repair=True)
    reading.feed("He wrote <user>")
    assert reading.parser.held == 0


@pytest.mark.parametrize("reason", [None, "length", "stop"])
def test_a_name_alone_is_a_call_only_where_the_turn_ended(reason: Any) -> None:
    """Where the text was cut off, the arguments may have been to come, or more of the name."""
    for text, ended in (("[TOOL_CALLS]f", reason == "stop"), ("[TOOL_CALLS]f</s>", True), ("[TOOL_CALLS]f [", False)):
        for fragments in ([text], chars(text)):
            told = Reading("mistral", repair=True, tools=TOOLS).read(fragments, reason)
            assert told.calls == ([("f", "{}", "complete")] if ended else [])
            assert told.content == ("" if ended else text)


@pytest.mark.parametrize("begun", ['{"\\n', "{'", '{"a": "', '"{\\"', '{"a": 1, "', "nu"])
def test_keeping_arguments_for_a_name_takes_work_that_grows_with_the_text(begun: str) -> None:
    """A number stands where the name should, and the arguments, which may tell it, come by the character."""
    opener = "<|tool_calls_section_begin|><|tool_call_begin|>0<|tool_call_argument_begin|>"

    def reading(size: int) -> int:
        parser = Parser("kimi_k2", repair=True, tools=TOOLS)
        parser.feed(opener + begun)
        return work(lambda: [parser.feed("x") for _ in range(size)])

    assert reading(2000) < 6 * reading(500)
