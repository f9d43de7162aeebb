"""Every example of every grammar means what it says, however it is cut and wherever it breaks off (formats.md, F)."""

from __future__ import annotations

import json

import pytest

import toolfeed
from helpers import (
    Reading,
    Told,
    Turn,
    chars,
    every_format,
    every_turn,
    examples_of,
    format_names,
    grammar_of,
    merged,
    number_ids,
    pieces,
    read,
)
from toolfeed.events import ToolCallEnd, ToolCallStart
from toolfeed.fuzz.examples import mistakes, two_cuts
from toolfeed.grammar import Example

EXAMPLES = [  # a test for each, so that whoever writes a grammar can name one
    pytest.param(example, turn, id=f"{name}: {example.case}")
    for name in format_names()
    for example, turn in examples_of(name)
]


@pytest.mark.parametrize(("example", "turn"), EXAMPLES)
def test_whole(example: Example, turn: Turn) -> None:
    assert list(mistakes(example, read(turn))) == []


@every_turn
def test_parse_is_feed_and_finish(turn: Turn) -> None:
    told = read(turn)
    message = toolfeed.parse(turn.text, turn.grammar, finish_reason=turn.finish, ids=number_ids, **turn.options)
    assert (message.content, message.reasoning) == (told.content, told.reasoning)
    assert [(call.name, call.arguments, call.status) for call in message.tool_calls] == told.calls
    assert [call.id for call in message.tool_calls] == [start.id for start in told.starts]
    assert [call.notes for call in message.tool_calls] == [end.notes for end in told.ends]


@every_turn
def test_by_the_character_and_in_threes(turn: Turn) -> None:
    whole = read(turn)
    assert read(turn, chars(turn.text)) == whole
    assert read(turn, pieces(turn.text, 3)) == whole


@every_turn
def test_every_cut_in_two(turn: Turn) -> None:
    two_cuts(turn.as_case)


@every_turn
def test_breaking_off_anywhere(turn: Turn) -> None:
    """The text ends at every offset: each call that has started ends, and its arguments are how it goes on."""
    whole = read(turn)
    reading = Reading(turn.grammar, **turn.options)
    for i, char in enumerate(turn.text):
        reading.feed(char)
        end = merged(reading.events + reading.parser.copy().finish())
        told = Told(end, ())
        started = [event.index for event in end if isinstance(event, ToolCallStart)]
        assert [event.index for event in end if isinstance(event, ToolCallEnd)] == started == list(range(len(started)))
        for index, (name, arguments, status) in enumerate(told.calls):
            if index < len(whole.starts) and name == whole.starts[index].name:
                assert whole.arguments(index).startswith(arguments), i
            if status == "complete":
                assert isinstance(json.loads(arguments), dict), i


@every_format
def test_a_grammar_has_examples_of_calls_and_of_text_that_is_none(name: str) -> None:
    examples = grammar_of(name).examples
    one = grammar_of(name).calls.names == "chosen"
    assert one or any(len(example.calls) > 1 for example in examples), "no example with two calls"
    assert any(call.arguments != "{}" for example in examples for call in example.calls), "no example with arguments"
    assert any(example.text.strip() and not example.calls for example in examples), "no example without a call"
    assert len({example.case for example in examples}) == len(examples), "two examples have the same case"
