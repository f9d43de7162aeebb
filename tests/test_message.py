"""Message, Accumulator and parse: a turn as a whole."""

from __future__ import annotations

import pytest

from helpers import TOOLS, Turn, every_turn, number_ids, pieces
from toolfeed import (
    Accumulator,
    ArgumentsDelta,
    ContentDelta,
    Message,
    Parser,
    ReasoningDelta,
    ToolCall,
    ToolCallEnd,
    ToolCallStart,
    parse,
)
from toolfeed.message import TextPart


def test_events_add_up_to_a_message() -> None:
    accumulator = Accumulator()
    accumulator.add([ReasoningDelta("a"), ReasoningDelta("b"), ContentDelta("c")])
    accumulator.add([ToolCallStart(0, "id0", "f"), ArgumentsDelta(0, '{"x"'), ArgumentsDelta(0, ": 1}")])
    accumulator.add([ToolCallEnd(0, "complete", model_id="m", notes=("closer_missing",)), ContentDelta("d")])
    accumulator.add([ToolCallStart(1, "id1", "g"), ArgumentsDelta(1, "{"), ToolCallEnd(1, "malformed", "why", "raw")])
    accumulator.add([ContentDelta("e"), ReasoningDelta("f"), ContentDelta("g")])
    first = ToolCall(
        id="id0", name="f", arguments='{"x": 1}', status="complete", model_id="m", notes=("closer_missing",)
    )
    second = ToolCall(id="id1", name="g", arguments="{", status="malformed", error="why", raw="raw")
    assert accumulator.message == Message(
        content="cdeg",
        reasoning="abf",
        tool_calls=(first, second),
        parts=(
            TextPart("reasoning", "ab"),
            TextPart("content", "c"),
            first,
            TextPart("content", "d"),
            second,
            TextPart("content", "e"),
            TextPart("reasoning", "f"),
            TextPart("content", "g"),
        ),
    )


def test_a_message_can_be_looked_at_any_time() -> None:
    accumulator = Accumulator()
    assert accumulator.message == Message(content="", reasoning="", tool_calls=(), parts=())
    accumulator.add([ToolCallStart(0, "id0", "f"), ArgumentsDelta(0, '{"x"')])
    assert accumulator.message.tool_calls == (ToolCall(id="id0", name="f", arguments='{"x"', status="truncated"),)
    accumulator.add([])
    accumulator.add([ArgumentsDelta(0, ": 1}"), ToolCallEnd(0, "complete")])
    (call,) = accumulator.message.tool_calls
    assert (call.arguments, call.status) == ('{"x": 1}', "complete")


def test_pieces_are_joined_without_a_separator() -> None:
    message = parse(
        'a<tool_call>{"name": "f"}</tool_call>b<tool_call>{"name": "g"}</tool_call>\n<think>c</think>d', "hermes"
    )
    assert (message.content, message.reasoning) == ("abd", "c")
    assert [part.text if isinstance(part, TextPart) else part.name for part in message.parts] == [
        "a",
        "f",
        "b",
        "g",
        "c",
        "d",
    ]


def test_parse_takes_the_options_of_a_parser() -> None:
    text = '<tool_call>{"name": "nobody", "arguments": {}}</tool_call>'
    assert parse(text, "hermes", tools=TOOLS, unknown_tools="content").content == text
    assert parse(text, "hermes", ids=number_ids).tool_calls[0].id == "id-0"
    with pytest.raises(TypeError):
        parse(text, "hermes", no_such_option=1)


@every_turn
def test_the_message_does_not_depend_on_cuts(turn: Turn) -> None:
    accumulator = Accumulator()
    parser = Parser(turn.grammar, ids=number_ids, **turn.options)
    for fragment in pieces(turn.text, 4):
        accumulator.add(parser.feed(fragment))
    accumulator.add(parser.finish(turn.finish))
    whole = parse(turn.text, turn.grammar, finish_reason=turn.finish, ids=number_ids, **turn.options)
    assert accumulator.message == whole
    assert whole.content == "".join(
        part.text for part in whole.parts if isinstance(part, TextPart) and part.kind == "content"
    )
