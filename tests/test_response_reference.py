"""Response templates are read as transformers reads them: the same content, reasoning and calls, in the same order.

transformers is heavy, so it is an extra of its own (`pip install 'toolfeed[reference]'`); without it these tests are
skipped. Where toolfeed decides otherwise on purpose (docs/response_templates.md), the tests here say so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from helpers import Reading, Told, chars, damage, random_cuts
from response_templates import DECLARED, SAMPLES, donors, grammar, texts
from toolfeed.events import ArgumentsDelta, ContentDelta, ReasoningDelta, ToolCallEnd, ToolCallStart

pytest.importorskip("transformers", minversion="5.24")

every_sample = pytest.mark.parametrize("name", SAMPLES)
WITH_AND_WITHOUT = [None, DECLARED]
TO = {"content": "content", "thinking": "reasoning", "reasoning_content": "reasoning"}

# What a text came to: ("content", text), ("reasoning", text), or ("call", name, arguments, status).
Part = tuple[Any, ...]


# -- what transformers says --------------------------------------------------------------------------------------------


def reference(name: str, text: str, *, prompt: str = "", tools: Any = None) -> list[Part]:
    """The regions of a text as transformers reads them. One that cannot be read is left out, as chapter D has it: the
    released code raises instead."""
    from transformers.utils.chat_parsing import ResponseParser

    template = SAMPLES[name].template

    def close_current(self: Any, events: list[Any]) -> None:
        try:
            ResponseParser._close_current(self, events)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._reset_to_implicit()

    lenient: Any = type("Lenient", (ResponseParser,), {"_close_current": close_current})
    parser = lenient(template, prefix=prompt, tools=tools)
    events = [*parser.initial_events, *parser.feed(text), *parser.finalize()[1]]
    parts: list[Part] = []
    seen = set()
    for event in events:
        if event["type"] != "region_close":
            continue
        field, value = event["field"], event["value"]
        if field == "tool_calls":
            parts += _calls(value)
        elif field in TO:
            join = template["fields"][field].get("join", "") if field in seen else ""
            seen.add(field)
            _add(parts, TO[field], join + value)
    return parts


def _calls(value: Any) -> Iterator[Part]:
    if isinstance(value, list):
        for item in value:
            yield from _calls(item)
    elif isinstance(value, dict):
        function = value.get("function", value)
        if isinstance(function, dict) and function.get("name"):
            arguments = function.get("arguments", {})
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
            yield "call", function["name"], arguments, "complete"


def _add(parts: list[Part], kind: str, text: str) -> None:
    if parts and parts[-1][0] == kind:
        text = parts.pop()[1] + text
    if text:
        parts.append((kind, text))


# -- what toolfeed says ------------------------------------------------------------------------------------------------


def told(name: str, fragments: Iterable[str], **options: Any) -> Told:
    return Reading(grammar(name), **options).read(fragments)


def parts_of(told: Told) -> list[Part]:
    parts: list[Part] = []
    for event in told.events:
        match event:
            case ContentDelta(text):
                _add(parts, "content", text)
            case ReasoningDelta(text):
                _add(parts, "reasoning", text)
            case ToolCallStart(index, _, name):
                arguments, status = told.arguments(index), told.ends[index].status
                parts.append(("call", name, json.loads(arguments) if status == "complete" else arguments, status))
            case ArgumentsDelta() | ToolCallEnd():
                pass
    return parts


# -- the same turns ----------------------------------------------------------------------------------------------------


@every_sample
@pytest.mark.parametrize("tools", WITH_AND_WITHOUT, ids=["no tools", "tools"])
def test_whole_turns(name: str, tools: Any) -> None:
    for text in texts(name):
        assert parts_of(told(name, [text], tools=tools)) == reference(name, text, tools=tools), text


@every_sample
def test_by_the_character_and_in_two(name: str) -> None:
    for text in texts(name):
        whole = told(name, [text], tools=DECLARED)
        assert told(name, chars(text), tools=DECLARED) == whole
        for i in range(len(text)):
            assert told(name, [text[:i], text[i:]], tools=DECLARED) == whole, (text, i)


@every_sample
def test_behind_a_prompt(name: str) -> None:
    """A prompt that leaves the turn in reasoning, and one that ends at the anchor, behind another turn."""
    sample = SAMPLES[name]
    anchor = sample.template["start_anchor"]
    anchor = anchor if isinstance(anchor, str) else anchor[0]
    for text in texts(name):
        prompt = f"{anchor}Hello there.{sample.calls[0]}\n{anchor}"
        assert parts_of(told(name, chars(text), prompt=prompt)) == reference(name, text, prompt=prompt)
    if sample.prompt:
        for behind in ("", sample.content + sample.end, "".join(sample.calls), sample.content + sample.calls[0]):
            fields = sample.template["fields"]
            field = fields["thinking" if "thinking" in fields else "reasoning_content"]
            text = f"I need it.\n{field['close']}{behind}"
            want = reference(name, text, prompt=sample.prompt)
            assert want[0] == ("reasoning", "I need it.")
            assert parts_of(told(name, chars(text), prompt=sample.prompt)) == want


# -- turns that break off ----------------------------------------------------------------------------------------------


@every_sample
def test_breaking_off_anywhere(name: str) -> None:
    """All is the same up to the region that the text breaks off in. There toolfeed tells a call that has started as
    truncated (or complete, if nothing but closers are missing), with those before it in the same list, and an opener
    without a name as text; transformers reads what there is, or gives the region up."""
    for text in {max(texts(name), key=len), texts(name)[-1]}:
        for i in range(len(text)):
            got, want = parts_of(told(name, [text[:i]])), reference(name, text[:i])
            common = next((n for n, pair in enumerate(zip(got, want, strict=False)) if pair[0] != pair[1]), None)
            common = min(len(got), len(want)) if common is None else common
            ours, theirs = got[common:], want[common:]
            if not ours and not theirs:
                continue
            if ours[0][0] == "call":
                calls = ours if ours[-1][0] == "call" else ours[:-1]  # a list may break off before the next one's name
                assert all(part[0] == "call" and part[3] in ("truncated", "complete") for part in calls), text[:i]
                assert [part[:2] for part in theirs] in ([], [ours[0][:2]]), text[:i]
            else:
                (own,) = ours
                other = theirs[0][1] if theirs else ""
                assert [part[0] for part in theirs] in ([], [own[0]]), text[:i]
                assert own[1].startswith(other), text[:i]
                candidate = own[1][len(other) :].lstrip()
                assert any(f"{candidate} ".startswith(opener) for opener in _openers(name)), text[:i]


def _openers(name: str) -> tuple[str, ...]:
    """What the calls of a sample begin with."""
    return tuple(call.lstrip()[:5] for call in SAMPLES[name].calls)


# -- damaged turns -----------------------------------------------------------------------------------------------------

# Where the shape of a template is literal, or it is read whole, the two agree on most damage, too; where arguments
# stream, toolfeed's own rules say what a broken call is.
READ_WHOLE = [name for name, sample in SAMPLES.items() if not sample.body]


@pytest.mark.parametrize("name", READ_WHOLE)
def test_damaged_regions_that_are_read_whole(name: str) -> None:
    rng = random.Random(name)
    agreed = 0
    for _ in range(150):
        text = damage(rng.choice(texts(name)), rng, donors(name), times=1)
        got = parts_of(told(name, random_cuts(text, rng), tools=DECLARED))
        want = reference(name, text, tools=DECLARED)
        if all(part[0] != "call" or part[3] == "complete" for part in got) and _calls_of(got) == _calls_of(want):
            agreed += got == want
    assert agreed > 75


def _calls_of(parts: list[Part]) -> list[Part]:
    return [part for part in parts if part[0] == "call"]


@cache
def _casts() -> list[dict[str, Any]]:
    properties: dict[str, Any] = {
        "s": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": "number"},
        "b": {"type": "boolean"},
        "o": {"type": "object"},
        "a": {"type": "array"},
        "u": {"type": ["string", "integer"]},
        "z": {"type": "integer", "nullable": True},
        "bi": {"type": ["boolean", "integer"]},
        "ib": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
        "any": {},
    }
    parameters = {"type": "object", "properties": properties}
    return [{"type": "function", "function": {"name": "f", "parameters": parameters}}]


VALUES = (
    "Paris",
    "3",
    "-3",
    "3.0",
    "3.5",
    "1e3",
    "1",
    "0",
    "true",
    "False",
    "null",
    "None",
    '{"a": 1}',
    "[1, 2]",
    "{broken",
    "02134",
    "",
)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("streams", [True, False], ids=["streams", "whole"])
def test_arguments_are_cast_by_their_declared_types(value: str, streams: bool) -> None:
    name = "example" if streams else "lines"
    keys = _casts()[0]["function"]["parameters"]["properties"]
    if streams:
        tags = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key in (*keys, "undeclared"))
        text = f"<tool_call>\n<function=f>\n{tags}</function>\n</tool_call>"
    else:
        text = "[CALL f]\n" + "".join(f"{key}: {value}\n" for key in (*keys, "undeclared")) + "[/CALL]"
    got = parts_of(told(name, chars(text), tools=_casts()))
    want = reference(name, text, tools=_casts())
    if streams and value == "{broken":  # an object that begins and then breaks is a fault (A5); here it is a string
        assert got[0][3] == "malformed"
        return
    if value == "02134":  # no JSON number (formats.md, A6); transformers reads 2134 and even 2134.0
        assert set(got[0][2].values()) == {"02134"}
        return
    assert got == want
    for key, cast in got[0][2].items():
        assert isinstance(cast, bool) == isinstance(want[0][2][key], bool), key
