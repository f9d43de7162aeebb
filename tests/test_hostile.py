"""Text made to hurt (formats.md, F18; laws 7 and 8): work grows with the text and not with its square, and what is held
is bounded.

Work is counted as calls of functions, those written in C too, so that the counts are the same on every machine; a time
bound, far from what is usual, catches what goes on inside one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest

from helpers import (
    Reading,
    Turn,
    chars,
    every_format,
    format_names,
    grammar_of,
    markers_of,
    number_ids,
    pieces,
    work,
    written,
)
from toolfeed import CannotExpress, Limits, Parser, program
from toolfeed.lanes import Lanes
from toolfeed.notation import Tag, parse_template

FORMATS = format_names()

Hostile = Callable[[int], str]


def repeated(unit: str, before: str = "") -> Hostile:
    """About so many characters of this, again and again."""
    return lambda size: before + unit * (size // max(1, len(unit)))


def everywhere() -> dict[str, Hostile]:
    """Text that hurts whatever the format."""
    units = (
        *(
            "<",
            "[",
            "{",
            "]",
            "}",
            '"',
            "\\",
            "'",
            "`",
            " ",
            "\n",
            "\t",
            "\r\n",
            "\n \n",
            "\x00",
            "\ud800",
            "|",
            "<|",
            "</",
            "[{",
        ),
        *(
            '{"a":',
            '{"a": [',
            '[[{"a":',
            "arg=1,",
            "[f(a=1),",
            "[f(a=",
            "f(",
            "f()",
            '{"name": "f", "arguments": ',
            '{"name": "f", ',
        ),
        *(
            '{"name": "f", "arguments": {}}',
            '[{"name": "f", "arguments": {}}, ',
            "[1, ",
            '["',
            "['a', ",
            '{"arguments": {"a": "',
            "x " * 40,
        ),
        *(
            "a\n",
            "<x> ",
            "<|x|>",
            "[x]",
            "\n<",
            " [",
            "\n{",
            ". {",
            "to=f ",
            ">>>f\n{",
            "```json\n[",
            '<a b="c"> ',
            "\xa0",
            "é<",
        ),
    )
    return {repr(unit): repeated(unit) for unit in units}


def of_markers(name: str) -> dict[str, Hostile]:
    """A format's own markers, whole and in halves, each again and again, with something behind them."""
    found: dict[str, Hostile] = {}
    for marker in markers_of(name):
        for unit in (marker, marker[:-1], marker + "\n", marker + '{"x":"', marker + " ["):
            if unit.strip():
                found[repr(unit)] = repeated(unit)
    return found


def inside_a_call(name: str) -> dict[str, Hostile]:
    """What never ends: a name, a header, a string, a number, nesting; and what fails or ends over and over."""
    try:
        turn = written(name, ("zq_alpha", '{"text": "PLACEHOLDER"}'))
        number = written(name, ("zq_alpha", '{"number": 12345}'))
    except CannotExpress:
        return {}
    text = turn.text
    call = text[: text.index("zq_alpha")] if "zq_alpha" in text else text[:1]
    value = text[: text.index("PLACEHOLDER")]
    count = number.text[: number.text.index("12345")]
    found = {
        "a name that never ends": repeated("x", call),
        "a name of many words": repeated("x y ", call),
        "a header that is empty": repeated(" ", call),
        "openers of calls": repeated(call),
        "a backslash": repeated("\\", value),
        "an escape": repeated("\\u00e9\\n", value),
        "a quote": repeated('"', value),
        "quotes and commas": repeated('", "', value),
        "a line break": repeated("\n", value),
        "a space": repeated(" ", value),
        "an apostrophe": repeated("' ", value),
        "digits": repeated("1", count),
        "zeros": repeated("0", count),
        "exponents": repeated("1e", count),
        "whitespace before a value": repeated(" ", count),
        "commas": repeated(" ,", count + "1"),
        "brackets": repeated("[", count),
        "braces": repeated('{"a":', count),
        "whole calls": repeated(text.replace("PLACEHOLDER", "x") + "\n"),
        "calls that break off": repeated(value + "\n"),
        "calls that break": repeated(value + '"x"\n'),
        "keyword arguments": repeated("arg=1, ", call + "zq_alpha("),
        "objects that are no calls": repeated('{"a": 1}, ', call),
    }
    for marker in markers_of(name):
        found[f"{marker!r} in a string"] = repeated(marker, value)
        found[f"half {marker!r} in a string"] = repeated(marker[:-1] + "\n", value)
        found[f"{marker!r} behind a number"] = repeated(marker, count + "1")
    return found


def hostile(name: str) -> dict[str, Hostile]:
    return everywhere() | of_markers(name) | inside_a_call(name)


def read_all(name: str, text: str, size: int) -> None:
    parser = Parser(grammar_of(name), ids=number_ids, limits=Limits(name=64, header=256, digits=100))
    for fragment in [text] if size == 0 else pieces(text, size):
        parser.feed(fragment)
    parser.finish()


SIZE = 1000  # characters; much more than the limits, so that what is looked at again and again is no more than those
TIMES = 4


@every_format
def test_work_grows_with_the_text(name: str) -> None:
    """Four times the text is about four times the work, not sixteen times, and takes no minutes.

    Some texts come whole and some in fragments; which ones differs between the formats.
    """
    slow = {}
    for i, (what, make) in enumerate(hostile(name).items(), FORMATS.index(name)):
        size = (0, 7, 16)[i % 3]
        read_all(name, make(100), size)  # what is compiled on first use
        little = work(partial(read_all, name, make(SIZE), size))
        start = time.process_time()
        much = work(partial(read_all, name, make(SIZE * TIMES), size))
        seconds = time.process_time() - start
        if much > little * TIMES * 1.5 or seconds > 4:
            slow[what] = f"{much / little:.1f} times the work, {seconds:.2f} s"
    assert not slow


@every_format
def test_what_is_held_is_bounded(name: str) -> None:
    """By Limits, which are small here, after every character."""
    limits = Limits(name=20, header=40, hold=200, raw=20, calls=5, digits=30)
    longest = max(len(marker) for marker in markers_of(name) or ("",))
    bound = limits.hold + 2 * limits.header + limits.name + 2 * longest
    bound += 1000 if grammar_of(name).calls.strings else 0  # a bare value in object notation waits for up to 1,000
    for what, make in hostile(name).items():
        reading = Reading(name, limits=limits)
        most = 0
        for char in make(bound + 100):
            reading.feed(char)
            most = max(most, reading.parser.held)
        reading.finish()
        assert most <= bound, f"{what}: {most} held"
        assert all(len(end.raw) <= limits.raw for end in reading.told.ends), what


@every_format
def test_cuts_do_not_matter(name: str) -> None:
    """Nor where limits are passed: law 1 for hostile text."""
    limits = Limits(name=20, header=40, hold=200, raw=20, calls=5, digits=30)
    for what, make in hostile(name).items():
        text = make(300)
        whole = Reading(name, limits=limits).read([text])
        assert Reading(name, limits=limits).read(chars(text)) == whole, what
        assert Reading(name, limits=limits).read(pieces(text, 7)) == whole, what


@every_format
@pytest.mark.parametrize("unit", ["<", "[", "{", " ", "\n"])
def test_a_long_run_of_one_character(name: str, unit: str) -> None:
    """A hundred thousand: a second or two, not minutes."""
    start = time.process_time()
    read_all(name, unit * 100_000, 0)
    assert time.process_time() - start < 10


@every_format
def test_a_hundred_thousand_characters_of_openers(name: str) -> None:
    opener = next((marker for marker in markers_of(name) if marker.strip()), "[")
    start = time.process_time()
    read_all(name, opener * (100_000 // len(opener)), 0)
    assert time.process_time() - start < 10


@every_format
def test_content_behind_all_of_it_is_still_told(name: str) -> None:
    """However a line begins, it does not take the next paragraphs with it: nothing is swallowed for good."""
    for what, make in everywhere().items():
        turn = Turn(name, what, make(200), {"tools": []})
        told = Reading(name, tools=[]).read([turn.text + "\n\nThat was it."])
        assert told.content.endswith("That was it.") or told.reasoning.endswith("That was it."), what


@pytest.mark.parametrize("name", [name for name in FORMATS if grammar_of(name).parameters])
def test_markers_that_each_bind_a_parameter_anew_cost_little(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a grammar's parsers share is made for the text's own spellings, too, but not what takes long to make."""
    grammar = grammar_of(name)
    (key, lead), *_ = grammar.parameters.items()
    opener = next(
        item.text for item in parse_template(grammar.calls.section[0], grammar.parameters) if isinstance(item, Tag)
    )
    assert f"{{{key}}}" in opener
    read_all(name, opener.replace(f"{{{key}}}", ""), 1)  # what is made on first use
    found: list[object] = []

    def find_lanes(*asked: object) -> Lanes:
        found.append(asked)
        return {}

    monkeypatch.setattr(program, "find_lanes", find_lanes)
    text = "".join(opener.replace(f"{{{key}}}", f"{lead}q{i}") + " no call. " for i in range(20))
    for size in (0, 1, 7):
        read_all(name, text, size)
    assert not found
