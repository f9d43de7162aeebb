"""The public interface (design.md, section 2): every option of a Parser, and what it says of itself."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

import toolfeed
from helpers import TOOLS, Reading, chars, format_names, grammar_of, is_compiled, merged
from toolfeed import (
    ArgumentsDelta,
    ContentDelta,
    FinishedError,
    Grammar,
    Limits,
    Parser,
    ReasoningDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolfeedError,
    Tools,
    ToolsError,
    UnknownFormat,
    parse,
)

TIME = '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'
WEATHER = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>'
BARE = '[{"name": "get_time", "arguments": {"a": 1}}]'
UNKNOWN = (
    '<tool_call>\n{"name": "nobody", "arguments": {"a": "<tool_call>\\n{\\"name\\": \\"get_time\\"}"}}\n</tool_call>'
)


def names(message: toolfeed.Message) -> list[str]:
    return [call.name for call in message.tool_calls]


# -- the first page ----------------------------------------------------------------------------------------------------


def test_a_turn() -> None:
    parser = Parser("hermes", tools=TOOLS)
    events = parser.feed(f"<think>\nHm.\n</think>\n\nLet me check.\n{WEATHER}") + parser.finish()
    assert events[:2] == [ReasoningDelta("Hm."), ContentDelta("Let me check.")]
    start, arguments, end = events[2:]
    assert isinstance(start, ToolCallStart)
    assert (start.index, start.name) == (0, "get_weather")
    assert arguments == ArgumentsDelta(0, '{"city": "Paris", "days": 3}')
    assert end == ToolCallEnd(0, "complete")


def test_the_end_comes_with_the_last_character_of_the_closer() -> None:
    parser = Parser("hermes")
    events = parser.feed(TIME[:-1])
    assert not any(isinstance(event, ToolCallEnd) for event in events)
    assert [type(event) for event in parser.feed(TIME[-1:])] == [ToolCallEnd]


def test_the_end_comes_with_the_character_that_shows_that_the_closer_is_missing() -> None:
    parser = Parser("hermes")
    parser.feed('<tool_call>{"name": "f", "arguments": {}}\n')
    events = parser.feed("W")
    assert [type(event) for event in events][:1] == [ToolCallEnd]
    assert [event.notes for event in events if isinstance(event, ToolCallEnd)] == [("closer_missing",)]


def test_in_lists_the_end_comes_with_the_bracket() -> None:
    parser = Parser("xlam")
    parser.feed('[{"name": "f", "arguments": {}')
    assert [event.status for event in parser.feed("}") if isinstance(event, ToolCallEnd)] == ["complete"]


def test_events_are_immutable() -> None:
    event = ContentDelta("x")
    with pytest.raises(AttributeError):
        event.text = "y"  # type: ignore[misc]  # that is what is tested


# -- feed and finish ---------------------------------------------------------------------------------------------------


def test_feed_after_finish_is_an_error() -> None:
    parser = Parser("hermes")
    parser.feed("text")
    parser.finish()
    for text in ("x", ""):
        with pytest.raises(FinishedError, match="finish"):
            parser.feed(text)
    with pytest.raises(ToolfeedError):
        parser.copy().feed("x")


@pytest.mark.parametrize("reason", [None, "stop", "length"])
def test_a_second_finish_returns_nothing(reason: Any) -> None:
    parser = Parser("hermes")
    parser.feed('text <tool_call>{"name": "f", "arguments": {"a')
    assert parser.finish(reason) != []
    assert parser.finish() == []
    assert parser.finish("stop") == []
    assert (parser.held, parser.closing_suffix()) == (0, "")


def test_an_empty_fragment_is_legal_anywhere() -> None:
    parser = Parser("hermes")
    for char in WEATHER:
        assert parser.feed("") == []
        parser.feed(char)
        assert parser.feed("") == []
    assert parser.finish() == []


def test_nothing_at_all() -> None:
    assert Parser("hermes").finish() == []
    message = parse("", "hermes")
    assert (message.content, message.reasoning, message.tool_calls, message.parts) == ("", "", (), ())


def test_finish_stop_ends_tagged_parameters() -> None:
    """R6: without their closers they are truncated, unless the model stopped by itself."""
    text = "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n"
    assert [call.status for call in parse(text, "qwen3_coder").tool_calls] == ["truncated"]
    assert [call.status for call in parse(text, "qwen3_coder", finish_reason="length").tool_calls] == ["truncated"]
    (call,) = parse(text, "qwen3_coder", finish_reason="stop").tool_calls
    assert (call.status, json.loads(call.arguments)) == ("complete", {"a": "1"})
    assert "closer_missing" in call.notes


def test_a_truncated_call_keeps_the_undecided_tail() -> None:
    (call,) = parse('<tool_call>{"name": "f", "arguments": {"a": "b\\u00', "hermes").tool_calls
    assert (call.status, call.arguments, call.raw) == ("truncated", '{"a": "b', "\\u00")
    assert "51" in call.error or "52" in call.error or "character" in call.error


# -- the format --------------------------------------------------------------------------------------------------------


def test_a_format_is_a_name_an_alias_a_path_or_a_grammar(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('format = 1\nname = "own"\n[calls]\ncall = "<call>{call:json}</call>"\n', encoding="utf-8")
    text = '<call>{"name": "f", "arguments": {}}</call>'
    for own in (path, str(path), Grammar.load(path), Grammar.from_toml(path.read_text(encoding="utf-8"))):
        assert names(parse(text, own)) == ["f"]
    for own in ("hermes", "qwen25", grammar_of("hermes")):
        assert names(parse(TIME, own)) == ["get_time"]
    with pytest.raises(UnknownFormat):
        Parser("no such format")


@pytest.mark.parametrize(
    "options",
    [{"start": "middle"}, {"unknown_tools": "drop"}, {"whitespace": "strip"}, {"start": ""}],
)
def test_an_option_that_is_none_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ToolfeedError, match=next(iter(options))):
        Parser("hermes", **options)


def test_a_prompt_that_is_no_text_is_an_error() -> None:
    """Compiled, the type of an argument is looked at before the parser can say which one it is."""
    options: dict[str, Any] = {"prompt": 5}
    error, said = (TypeError, "str or None") if is_compiled() else (ToolfeedError, "prompt")
    with pytest.raises(error, match=said):
        Parser("hermes", **options)


def test_another_opener_decides_a_candidate_as_soon_as_it_begins() -> None:
    parser = Parser("mimo", tools=[{"name": "f"}])
    assert parser.feed("See <function=x>") == [ContentDelta("See")]  # a parameter would make it a call
    assert parser.feed("<t") == [ContentDelta(" <function=x>")]


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("pythonic", "See [1"),  # no name begins with a digit
        ("pythonic", "<|endoftext|>x[1"),
        ("gemma4", "See <|channel>"),  # reasoning begins at the start and on a line of its own
        ("gemma4", "See <|channel>th"),
    ],
)
def test_what_can_be_no_call_is_told_however_it_is_cut(format: str, text: str) -> None:
    for end in range(len(text)):
        parser = Parser(format)
        told = [*parser.feed(text[:end]), *parser.feed(text[end:])]
        assert "".join(event.text for event in told if isinstance(event, ContentDelta)) == text, end
        assert not parser.held


def test_a_grammar_is_prepared_before_its_first_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = msgspec.structs.replace(grammar_of("hermes"))  # another one, for which nothing is compiled
    assert grammar.prepare(repair=True).prepare() is grammar
    monkeypatch.setattr("toolfeed.program.find_lanes", None)  # a call of it would fail
    for repair in (False, True):
        parser = Parser(grammar, repair=repair)
        assert any(isinstance(event, ToolCallStart) for char in TIME for event in parser.feed(char))


def test_a_format_of_another_type_is_an_error() -> None:
    with pytest.raises(ToolfeedError, match="format is a name"):
        Parser(cast("Any", 5))


def test_a_parameter_that_the_format_does_not_have_is_an_error() -> None:
    with pytest.raises(ToolfeedError, match="suffix"):
        Parser("hermes", parameters={"suffix": ":x"})


def test_parameters_bind_what_differs_between_checkpoints() -> None:
    text = "<tool_calls:abc><tool_call:abc>f<tool_sep:abc></tool_call:abc></tool_calls:abc>"
    assert names(parse(text, "hy_v3", parameters={"suffix": ":abc"})) == ["f"]
    assert names(parse(text, "hy_v3", parameters={"suffix": ":other"})) == []
    assert names(parse(text, "hy_v3")) == ["f"]


# -- start and prompt --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({}, "content"),
        ({"start": "content"}, "content"),
        ({"start": "reasoning"}, "reasoning"),
        ({"prompt": "…assistant\n<think>\n"}, "reasoning"),
        ({"prompt": "…assistant\n<think>"}, "reasoning"),
        ({"prompt": "…<think>\n\n</think>\n\n"}, "content"),
        ({"prompt": "…<think>\nI "}, "content"),
        ({"prompt": ""}, "content"),
        ({"prompt": "<think>\n", "start": "content"}, "content"),
        ({"prompt": "no", "start": "reasoning"}, "reasoning"),
    ],
)
def test_where_the_text_begins(options: dict[str, Any], state: str) -> None:
    parser = Parser("hermes", **options)
    assert parser.state == state
    told = (ReasoningDelta if state == "reasoning" else ContentDelta)("text")
    assert merged(parser.feed("text") + parser.finish()) == (told,)


# -- tools -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tools", [None, [], TOOLS], ids=["unknown", "none", "some"])
def test_reasoning_is_read_whatever_the_tools(tools: Any) -> None:
    assert parse("<think>a</think>b", "hermes", tools=tools).reasoning == "a"


@pytest.mark.parametrize("options", [{"tools": []}, {"tool_choice": "none"}, {"tools": TOOLS, "tool_choice": "none"}])
def test_calls_can_be_off(options: dict[str, Any]) -> None:
    for text, name in ((TIME, "hermes"), (BARE, "xlam"), ("[get_time()]", "pythonic")):
        message = parse(text, name, **options)
        assert (message.content, names(message)) == (text, [])


def test_tools_in_every_shape_type_the_values() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    text = "<tool_call>\n<function=f>\n<parameter=a>\n3\n</parameter>\n</function>\n</tool_call>"
    prepared = Tools([{"name": "f", "input_schema": schema}])
    for tools in (
        [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        [{"type": "function", "name": "f", "parameters": schema}],
        [{"name": "f", "input_schema": schema}],
        prepared,
    ):
        (call,) = parse(text, "qwen3_coder", tools=tools).tool_calls
        assert json.loads(call.arguments) == {"a": 3}
    (call,) = parse(text, "qwen3_coder").tool_calls
    assert json.loads(call.arguments) == {"a": "3"}, "A10: without the tools every value is a string"
    with pytest.raises(ToolsError):
        Parser("hermes", tools=[{"nothing": 1}])


def test_an_unknown_tool_is_forwarded_in_a_format_with_markers() -> None:
    assert names(parse(UNKNOWN, "hermes", tools=TOOLS)) == ["nobody"]
    assert names(parse(UNKNOWN, "hermes", tools=TOOLS, unknown_tools="forward")) == ["nobody"]


def test_an_unknown_tool_can_be_content_whole_and_its_data_is_no_call() -> None:
    for text in (UNKNOWN, chars(UNKNOWN)):
        reading = Reading("hermes", tools=TOOLS, unknown_tools="content", traced=True)
        told = reading.read([f"a\n{''.join(text)}\nb\n{TIME}"])
        assert told.content == f"a\n{UNKNOWN}\nb"
        assert [start.name for start in told.starts] == ["get_time"]


@pytest.mark.parametrize("name", [name for name in format_names() if grammar_of(name).calls.names != "chosen"])
def test_an_unknown_call_is_content_with_the_markers_around_it(name: str) -> None:
    grammar = grammar_of(name)
    text = grammar.write(calls=[("nobody", "{}")])
    message = parse(text, name, tools=TOOLS, unknown_tools="content", start="content")
    assert not message.tool_calls
    closer = grammar.reasoning.close[0].strip() if grammar.reasoning is not None else ""
    whole = text.strip().removeprefix(closer).strip()
    if grammar.calls.section and "{calls:" in grammar.calls.section[0] and whole[0] not in "[{":
        assert message.content in whole, "among several between markers the call alone is content"
    else:
        assert message.content.strip() == whole


@pytest.mark.parametrize("name", ["minimax_m2", "k2_horizon", "deepseek_v32", "step3", "dots"])
def test_the_markers_of_a_section_are_both_markup_or_both_content(name: str) -> None:
    opener, closer = (part.strip() for part in grammar_of(name).calls.section[0].split("{calls}"))
    for called in (["get_time", "nobody"], ["nobody", "get_time"], ["nobody", "nobody"]):
        text = grammar_of(name).write(calls=[(tool, "{}") for tool in called])
        message = parse(text, name, tools=TOOLS, unknown_tools="content")
        assert names(message) == [tool for tool in called if tool == "get_time"]
        assert (opener in message.content) == (closer in message.content) == (called[0] == "nobody")


@pytest.mark.parametrize("name", ["olmo3", "minimax_m1", "lfm2", "jamba"])
def test_calls_behind_one_that_is_content_are_calls(name: str) -> None:
    text = grammar_of(name).write(calls=[("get_time", "{}"), ("nobody", "{}"), ("get_time", "{}")])
    message = parse(text, name, tools=TOOLS, unknown_tools="content")
    assert names(message) == ["get_time", "get_time"]
    assert "nobody" in message.content
    assert "get_time" not in message.content


def test_with_no_tools_the_markers_of_a_call_stay_together() -> None:
    text = '<minimax:tool_call>\n<invoke name="f">\n</invoke>\n</minimax:tool_call>'
    assert parse(text, "minimax_m2", tools=[]).content == text


def test_an_unknown_tool_is_content_in_a_bare_format() -> None:
    for tools, found in ((None, ["get_time"]), (TOOLS, ["get_time"]), (TOOLS[:1], [])):
        message = parse(BARE, "xlam", tools=tools)
        assert (names(message), message.content) == (found, "" if found else BARE)
    assert names(parse(BARE, "xlam", tools=TOOLS[:1], unknown_tools="forward")) == ["get_time"]


def test_parallel_calls_can_be_off() -> None:
    message = parse(f"{TIME}\n{WEATHER}\nend", "hermes", parallel_tool_calls=False)
    assert names(message) == ["get_time"]
    assert WEATHER in message.content
    assert message.content.endswith("end")


# -- whitespace --------------------------------------------------------------------------------------------------------


def test_whitespace_that_a_marker_touches_is_trimmed_or_kept() -> None:
    text = f" <think>\n a \n</think>\n\n b \n\n{TIME}\n\n{TIME}\n c\n"
    trimmed = parse(text, "hermes")
    assert (trimmed.reasoning, trimmed.content) == ("a", "bc\n")
    kept = parse(text, "hermes", whitespace="keep")
    assert (kept.reasoning, kept.content) == ("\n a \n", " \n\n b \n\n\n\n\n c\n")
    assert names(trimmed) == names(kept) == ["get_time", "get_time"]


@pytest.mark.parametrize("text", [" ", "\n\n", "a ", "a\n", " a b\t"])
def test_whitespace_is_told_at_once_where_no_marker_may_come(text: str) -> None:
    grammar = Grammar.from_toml('format = 1\nname = "own"\n[calls]\ncall = "<call>{call:json}</call>"')
    for pieces in ([text], list(text)):
        parser = Parser(grammar, tool_choice="none")
        assert merged([event for piece in pieces for event in parser.feed(piece)]) == (ContentDelta(text),)
        assert parser.held == 0
    parser = Parser(grammar)  # where one may, it may be framing
    parser.feed(text)
    assert parser.held == len(text) - len(text.rstrip())


def test_whitespace_behind_a_header_that_always_begins_alike_is_the_bodys() -> None:
    grammar = Grammar.from_toml(
        """
        format = 1
        name = "own"
        [messages]
        header = "<|from|>assistant( as {channel})?<|body|>"
        close = "<|end|>"
        routes = [{channel = "thoughts", to = "reasoning"}, {to = "content"}]
        [calls]
        """
    )
    header = "<|from|>assistant as thoughts<|body|>"
    for pieces in ([f"{header}a{header}\n b"], [f"{header}a{header}", "\n b"]):
        for whitespace, told in (("keep", "a\n b"), ("trim", "ab")):
            parser = Parser(grammar, whitespace=cast("Any", whitespace))
            events = [event for piece in pieces for event in parser.feed(piece)]
            assert merged([*events, *parser.finish()]) == (ReasoningDelta(told),)


def test_whitespace_between_closers_is_never_content() -> None:
    """It is inside the markup; behind the last one, and behind a list without a closer, it is kept."""
    call = "<tool_call>\n<function=f>\n</function>\n</tool_call>"
    for text in (f"\n{call}\n", f"\n{call}\n{call}\n"):
        for fragments in ([text], list(text)):
            parser = Parser("qwen3_coder", whitespace="keep")
            events = [event for fragment in fragments for event in parser.feed(fragment)] + parser.finish()
            content = "".join(event.text for event in events if isinstance(event, ContentDelta))
            assert content == "\n" * (text.count(call) + 1)
    listed = "[f(a=1)]"
    message = parse(f" {listed}\n{listed} ", "pythonic", whitespace="keep")
    assert (message.content, len(message.tool_calls)) == (" \n ", 2)


def test_whitespace_inside_and_around_content_stays() -> None:
    for text in ("  a  b\n\n", "\n", " ", "a\t\n <b>\n"):
        assert parse(text, "hermes").content == text


# -- ids ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Parser.copy, copy.copy, copy.deepcopy])
def test_a_copy_is_a_twin_however_it_is_made(how: Callable[[Parser], Parser]) -> None:
    parser = Parser("hermes", ids=lambda index, name: f"{index}")
    parser.feed(WEATHER[:60])
    twin = how(parser)
    assert twin.feed('"}}\n</tool_call>') != []
    alone = Parser("hermes", ids=lambda index, name: f"{index}")
    alone.feed(WEATHER[:60])
    assert parser.feed(WEATHER[60:]) == alone.feed(WEATHER[60:])


def test_ids_are_new_in_every_parser_and_the_same_in_a_copy() -> None:
    def ids(parser: Parser) -> list[str]:
        return [event.id for event in parser.feed(TIME + WEATHER) if isinstance(event, ToolCallStart)]

    parser = Parser("hermes")
    twin = parser.copy()
    own = ids(parser)
    assert own == ids(twin)
    seed, index = own[0].removeprefix("call_").rsplit("_", 1)
    assert (len(set(own)), own[0][:5], index, own[1]) == (2, "call_", "0", f"call_{seed}_1")
    assert not set(own) & set(ids(Parser("hermes")))


def test_ids_can_be_made_by_the_caller() -> None:
    message = parse(TIME + WEATHER, "hermes", ids=lambda index, name: f"{name}/{index}")
    assert [call.id for call in message.tool_calls] == ["get_time/0", "get_weather/1"]
    made = parse(TIME + WEATHER + TIME, "hermes", ids=lambda index, name: "same")
    assert len({call.id for call in made.tool_calls}) == 3


def test_an_id_that_the_model_wrote_is_kept_and_a_doubled_one_replaced() -> None:
    call = '<tool_call>{"id": "x7", "name": "f", "arguments": {}}</tool_call>'
    first, second = parse(call + call, "hermes").tool_calls
    assert (first.id, first.model_id, first.notes) == ("x7", None, ())
    assert (second.id != "x7", second.model_id, second.notes) == (True, "x7", ("id_replaced",))


def test_an_id_behind_the_arguments_is_not_waited_for() -> None:
    (call,) = parse('<tool_call>{"name": "f", "arguments": {}, "id": "x7"}</tool_call>', "hermes").tool_calls
    assert call.id != "x7"
    assert call.model_id == "x7"


def test_an_id_of_our_own_is_not_one_that_the_model_wrote() -> None:
    text = '<tool_call>{"id": "0", "name": "f", "arguments": {}}</tool_call>' + TIME
    first, second = parse(text, "hermes", ids=lambda index, name: "0").tool_calls
    assert first.id == "0"
    assert second.id not in ("", "0")


# -- limits ------------------------------------------------------------------------------------------------------------


def call_of(name: str = "f", arguments: str = "{}") -> str:
    return f'<tool_call>{{"name": "{name}", "arguments": {arguments}}}</tool_call>'


def test_limit_of_a_name() -> None:
    assert names(parse(call_of("n" * 20), "hermes", limits=Limits(name=20))) == ["n" * 20]
    text = call_of("n" * 21)
    assert parse(text, "hermes", limits=Limits(name=20)).content == text
    text = f"<tool_call>\n<function={'n' * 300}>\n</function>\n</tool_call>"
    assert parse(text, "qwen3_coder").content == text


def test_limit_of_a_header() -> None:
    for spaces, found in ((1000, ["get_time"]), (1100, [])):
        text = f"<tool_call>{' ' * spaces}{TIME.removeprefix('<tool_call>')}"
        message = parse(text, "hermes")
        assert names(message) == found
        assert message.content == ("" if found else text)


def test_limit_of_what_is_held() -> None:
    text = '<tool_call>{"arguments": {"a": "' + "x" * 300 + '"}, "name": "f"}</tool_call>'
    assert names(parse(text, "hermes")) == ["f"]
    message = parse(text, "hermes", limits=Limits(hold=200))
    assert (names(message), message.content) == ([], text)
    parser = Parser("hermes", limits=Limits(hold=200))
    assert max(parser.held for char in text if parser.feed(char) is not None) <= 201


def test_limit_of_raw() -> None:
    text = '<tool_call>{"name": "f", "arguments": {"a": !' + "x" * 100
    (call,) = parse(text, "hermes", limits=Limits(raw=10)).tool_calls
    assert (call.status, call.raw) == ("malformed", "!xxxxxxxxx")


def test_limit_of_calls() -> None:
    message = parse(TIME * 5, "hermes", limits=Limits(calls=3))
    assert names(message) == ["get_time"] * 3
    assert message.content == TIME * 2
    assert len(parse(TIME * 1002, "hermes").tool_calls) == 1000


def test_limit_of_digits() -> None:
    for digits, status in ((4000, "complete"), (4001, "malformed")):
        (call,) = parse(call_of(arguments=f'{{"a": {"9" * digits}}}'), "hermes").tool_calls
        assert call.status == status
        assert "9" * 3990 in call.arguments


# -- what a parser says of itself --------------------------------------------------------------------------------------


def test_state_and_held() -> None:
    parser = Parser("hermes")
    seen = []
    for fragment in (
        "<think>",
        "a",
        "</think>",
        "b",
        " ",
        "<too",
        "l_call>",
        ' {"name',
        '": "f"',
        ', "arguments": {"a": [1',
        ",",
        " 2]}}",
        "</",
        "tool_call>",
        "\n",
    ):
        parser.feed(fragment)
        seen.append((fragment, parser.state, parser.held, parser.closing_suffix()))
    assert seen == [
        ("<think>", "reasoning", 0, ""),
        ("a", "reasoning", 0, ""),
        ("</think>", "content", 0, ""),
        ("b", "content", 0, ""),
        (" ", "content", 1, ""),
        ("<too", "content", 5, ""),
        ("l_call>", "header", 12, ""),
        (' {"name', "header", 19, ""),
        ('": "f"', "call", 0, "{}"),
        (', "arguments": {"a": [1', "call", 0, "]}"),
        (",", "call", 1, "]}"),
        (" 2]}}", "call", 0, ""),
        ("</", "call", 2, ""),
        ("tool_call>", "content", 0, ""),
        ("\n", "content", 0, ""),
    ]


@pytest.mark.parametrize(
    ("so_far", "suffix"),
    [
        ('{"a', '": null}'),
        ('{"a"', ": null}"),
        ('{"a":', "null}"),
        ('{"a": -', "0}"),
        ('{"a": 1.', "0}"),
        ('{"a": "x', '"}'),
        ('{"a": "x\\', '"}'),
        ('{"a": ["x", {"b": tru', "null}]}"),
        ('{"a": 1,', "}"),
        ("{", "}"),
    ],
)
def test_closing_suffix(so_far: str, suffix: str) -> None:
    parser = Parser("hermes")
    events = parser.feed('<tool_call>{"name": "f", "arguments": ' + so_far)
    told = "".join(event.text for event in events if isinstance(event, ArgumentsDelta))
    assert so_far.startswith(told)
    assert isinstance(json.loads(told + parser.closing_suffix()), dict)
    if "tru" not in so_far:
        assert parser.closing_suffix() == suffix


def test_notes_are_of_what_belongs_to_no_call() -> None:
    parser = Parser("hermes")
    parser.feed("</think>\ntext")
    assert parser.notes == ("marker_absorbed",)
    for _ in range(200):
        parser.feed("\n</think>\n")
    assert parser.notes == ("marker_absorbed",)
    assert Parser("hermes").notes == ()


def test_the_model_is_not_believed_to_open_what_is_open() -> None:
    """R10: a call opener inside reasoning ends it, or is text, or a call, as the format says."""
    inside = f"<think>a\n{TIME}\nb"
    assert [type(part).__name__ for part in parse(inside, "hermes").parts] == ["TextPart", "ToolCall", "TextPart"]
    assert parse(inside, "hermes").content == "b"
    assert parse(inside, "trinity").reasoning == "ab"


# -- threads -----------------------------------------------------------------------------------------------------------


def test_threads_share_a_grammar() -> None:
    """One that nobody has used yet: it compiles in several threads at once."""
    grammar = Grammar.from_toml(
        (Path(__file__).parent.parent / "grammars" / "qwen3_coder.toml").read_text(encoding="utf-8")
    )
    text = "<think>a</think>b\n<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>"
    results: list[tuple[str, str, list[str]]] = []

    def run() -> None:
        for _ in range(20):
            message = parse(text, grammar)
            results.append((message.reasoning, message.content, [call.arguments for call in message.tool_calls]))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [("a", "b", ['{"a": "1"}'])] * 160
