"""Grammars that are read from response templates (formats.md, chapter D): what streams, what is held, what is refused,
and that the laws hold. test_response_reference compares them with transformers."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

import toolfeed
from helpers import Reading, Told, chars, damage, merged, number_ids, random_cuts, random_options, work
from response_templates import DECLARED, SAMPLES, donors, grammar, texts
from toolfeed import CannotExpress, Grammar, GrammarError, Limits, Parser, patterns
from toolfeed.events import ArgumentsDelta, ContentDelta, ReasoningDelta, ToolCallEnd, ToolCallStart

every_sample = pytest.mark.parametrize("name", SAMPLES)


def read(name: str, text: str, **options: Any) -> Told:
    """The text, which is the same by the character."""
    reason = options.pop("finish", None)
    whole = Reading(grammar(name), previews=True, **options).read([text], reason)
    assert Reading(grammar(name), previews=True, **options).read(chars(text), reason) == whole
    return whole


def made(fields: dict[str, Any], **more: Any) -> Grammar:
    return Grammar.from_response_template({"start_anchor": "A:", "fields": fields, **more})


def told(own: Grammar, text: str, **options: Any) -> Told:
    whole = Reading(own, **options).read([text])
    for i in range(len(text)):
        assert Reading(own, **options).read([text[:i], text[i:]]) == whole, i
    return whole


# -- the laws ----------------------------------------------------------------------------------------------------------


@every_sample
def test_every_cut_in_two(name: str) -> None:
    for text in texts(name):
        whole = read(name, text, tools=DECLARED)
        for i in range(len(text)):
            parser = Parser(grammar(name), tools=DECLARED, ids=number_ids)
            events = parser.feed(text[:i]) + parser.feed(text[i:]) + parser.finish()
            assert Told(merged(events), parser.notes) == whole, (text, i)


@every_sample
def test_laws_in_damaged_text(name: str) -> None:
    """Cuts do not matter, tiles cover the text, copies agree, nothing raises; `Reading` checks the rest."""
    rng = random.Random(name)
    tiled = not any(region.join for region in grammar(name).regions.values())  # what joins is in no text
    for _ in range(80):
        text = damage(rng.choice(texts(name)), rng, donors(name))
        options = random_options(rng)
        reason: Any = rng.choice((None, "stop", "length"))
        whole = Reading(grammar(name), previews=True, **options).read([text], reason)
        for fragments in (chars(text), random_cuts(text, rng), random_cuts(text, rng, longest=40)):
            assert Reading(grammar(name), traced=tiled, **options).read(fragments, reason) == whole, (text, options)
        at = rng.randint(0, len(text))
        parser = Parser(grammar(name), ids=number_ids, **options)
        before = parser.feed(text[:at])
        twin = parser.copy()
        rest = [one.feed(text[at:]) + one.finish(reason) for one in (parser, twin)]
        assert rest[0] == rest[1]
        assert merged(before + rest[0]) == whole.events


@every_sample
def test_a_grammar_is_data(name: str) -> None:
    """It survives being written down as TOML would have it, and the template it came from is not kept."""
    template = copy.deepcopy(SAMPLES[name].template)
    own = Grammar.from_response_template(json.dumps(template), name=name)
    assert own == grammar(name)
    assert template == SAMPLES[name].template
    for key in ("tool_calls", *([] if "thinking" not in template["fields"] else ["thinking"])):
        assert own.regions[key].to in ("call", "reasoning")


@every_sample
def test_what_is_written_reads_back_or_is_refused(name: str) -> None:
    calls = [("get_weather", '{"city": "Paris </tool_call> </json>", "days": 3}'), ("get_time", "{}")]
    wrote = 0
    for content, reasoning in (("", ""), ("Hello.", ""), ("", "Hm."), ("Hello.", "Hm.")):
        for some in ([], calls[:1], calls):
            try:
                text = grammar(name).write(content, reasoning, some)
            except CannotExpress:
                continue
            wrote += bool(text)
            message = toolfeed.parse(text, grammar(name))
            assert (message.content, message.reasoning) == (content, reasoning)
            assert [(call.name, json.loads(call.arguments)) for call in message.tool_calls] == [
                (own, json.loads(arguments)) for own, arguments in some
            ]
    region = grammar(name).regions["tool_calls"]
    assert wrote or region.open_pattern or region.whole or name == "ernie"


@pytest.mark.parametrize("name", ["example", "smollm", "qwen3_5_serve", "gpt_oss", "gemma4", "glm", "qwen3"])
def test_time_is_linear(name: str) -> None:
    sample = SAMPLES[name]

    def cost(times: int) -> int:
        content, value = "x < y\n" * times, "Paris \\n\\t" * times
        text = content + sample.calls[0].replace("Paris", value) * 2 + content
        return work(lambda: [Parser(grammar(name)).feed(text), *(map(Parser(grammar(name)).feed, text))])

    cost(1)
    assert cost(40) < 2.3 * cost(20)


# -- what streams ------------------------------------------------------------------------------------------------------


@every_sample
def test_which_shapes_stream(name: str) -> None:
    region = grammar(name).regions["tool_calls"]
    assert region.body == SAMPLES[name].body
    assert (region.whole is None) == bool(region.body)


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.body])
def test_arguments_stream(name: str) -> None:
    """Half a string is told, and the name before it."""
    text = SAMPLES[name].calls[0]
    parser = Parser(grammar(name), prompt=None)
    if SAMPLES[name].only_thinking:
        parser.feed(SAMPLES[name].think)
    events = merged(event for char in text[: text.index("Paris") + 3] for event in parser.feed(char))
    assert [event.name for event in events if isinstance(event, ToolCallStart)] == ["get_weather"]
    arguments = "".join(event.text for event in events if isinstance(event, ArgumentsDelta))
    assert arguments.endswith('"Par')
    assert parser.held == 0


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if not sample.body])
def test_what_does_not_stream_is_held_and_told_at_once(name: str) -> None:
    text = SAMPLES[name].calls[0]
    parser = Parser(grammar(name))
    events = [parser.feed(char) for char in f"{text}\n "] + [parser.finish()]
    at = [i for i, found in enumerate(events) if any(isinstance(event, ToolCallStart) for event in found)]
    assert len(at) == 1
    kinds = [type(event) for event in events[at[0]]]
    start = kinds.index(ToolCallStart)
    assert kinds[start : start + 3] == [ToolCallStart, ArgumentsDelta, ToolCallEnd]
    assert at[0] >= len(text.rstrip()) - 1


def test_a_region_that_is_held_too_long_is_content() -> None:
    text = SAMPLES["lines"].calls[0].strip()
    for limit in (len(text) - 10, len(text)):
        own = read("lines", text + " x", limits=Limits(hold=limit))
        assert bool(own.calls) == (limit == len(text))
        if not own.calls:
            assert own.content == text + " x"
    parser = Parser(grammar("lines"), limits=Limits(hold=200))
    parser.feed("[CALL f]\n")
    for _ in range(1000):
        parser.feed("key: a value\n")
        assert parser.held <= 1300  # and what may still be a delimiter


@pytest.mark.parametrize("name", ["lines", "deep_keys", "object_notation", "whitespace"])
def test_openers_without_closers_cost_no_more_than_text(name: str) -> None:
    """Neither if nothing closes them, nor if one closer does."""
    opener, closer = {
        "lines": ("[CALL f]\n", "[/CALL]"),
        "deep_keys": ("<json>", "</json> "),
        "object_notation": ("<call f>", "</call>"),
        "whitespace": ("\nCALL ", "\n\n"),
    }[name]

    def cost(times: int) -> int:
        def run() -> None:
            for end in ("", closer):
                for limits in (Limits(), Limits(hold=500)):
                    parser = Parser(grammar(name), limits=limits)
                    parser.feed(opener * times + end)
                    parser.finish()

        return work(run)

    cost(1)
    assert cost(800) < 2.3 * cost(400)


def test_values_are_told_while_text_between_tags_is_skipped() -> None:
    text = (
        "<tool_call><function=f>some words<parameter=a>\n1 < 2\n</parameter>, </parameter> and <parameter=b>\n</p>\n"
        "</parameter>more</tool_call>"
    )
    assert read("example", text).calls == [("f", '{"a": "1 < 2", "b": "</p>"}', "complete")]


def test_what_closes_the_call_closes_it_in_a_value() -> None:
    text = "<tool_call><function=f><parameter=a>\n1\n</parameter><parameter=b>\n2</tool_call>Hello<|im_end|>"
    own = read("example", text)
    assert own.calls == [("f", '{"a": "1", "b": "2"', "malformed")]
    assert own.ends[0].error == f"a value without its closer, at character {text.index('</tool_call>')}"
    assert own.content == "Hello"


def test_the_first_of_two_values_counts() -> None:
    text = "<tool_call><function=f><parameter=a>\n1\n</parameter><parameter=a>\n2\n</parameter></tool_call>"
    own = read("example", text)
    assert own.calls == [("f", '{"a": "1"}', "complete")]
    assert own.ends[0].notes == ("duplicate_key",)


def test_markers_inside_strings_are_data() -> None:
    text = '<tool_call>{"name": "f", "arguments": {"a": "</tool_call><|im_end|>"}}</tool_call>x'
    own = read("smollm", text)
    assert own.calls == [("f", '{"a": "</tool_call><|im_end|>"}', "complete")]
    assert own.content == "x"


def test_braces_are_characters() -> None:
    own = made({"content": {}, "tool_calls": {"open": "{{", "close": "}}.", "content": "json"}})
    assert told(own, 'a{{ {"name": "f"}}}.b').calls == [("f", "{}", "complete")]


def test_ids() -> None:
    """Those that the template has are kept; one that is written twice is replaced."""
    own = read("kimi", "".join(SAMPLES["kimi"].calls))
    assert [start.id for start in own.starts] == ["functions.get_weather:0", "functions.get_time:1"]
    own = read("kimi", SAMPLES["kimi"].calls[0] * 2)
    assert [start.id for start in own.starts] == ["functions.get_weather:0", "id-1"]
    assert own.ends[1].model_id == "functions.get_weather:0"


# -- broken calls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "calls", "content"),
    [
        # a name, and then no arguments: malformed, up to the region's closer
        ("gpt_oss", "<|channel|>commentary to=functions.f<|message|>oops<|call|>", [("f", "", "malformed")], ""),
        ("gemma4", "<|tool_call>call:f{a:1]}<tool_call|>Hi", [("f", '{"a":1', "malformed")], "Hi"),
        ("object_notation", "<call f>{a: »}</call>Hi", [("f", "", "malformed")], "Hi"),
        ("code", "```python\n\n```", [("python", '{"code": ""}', "complete")], ""),
        # no name, so no call
        ("smollm", "<tool_call>oops</tool_call>Hi", [], "<tool_call>oops</tool_call>Hi"),
        ("smollm", '<tool_call>{"arguments": {}}</tool_call>', [], '<tool_call>{"arguments": {}}</tool_call>'),
        *(
            ("deep_keys", f"<json>{body}</json> Hi", [], f"<json>{body}</json> Hi")
            for body in ("oops", '{"call": {"name": "", "args": {}}}', '{"call": {"name": "f", "args": 3}}', "{}", "[]")
        ),
        # nothing at all
        ("smollm", "<tool_call></tool_call>Hi", [], "Hi"),
        ("to_the_end", "[TOOL_CALLS][]", [], ""),
        # a good call behind a bad one
        (
            "lines",
            "[CALL f]\na: 1\n[/CALL][CALL ]\n[/CALL]\n[CALL g]\n[/CALL]",
            [("f", '{"a": "1"}', "complete"), ("g", "{}", "complete")],
            "[CALL ]\n[/CALL]",
        ),
    ],
)
def test_broken_bodies(name: str, text: str, calls: list[Any], content: str) -> None:
    own = read(name, text)
    assert own.calls == calls
    assert own.content == content


@pytest.mark.parametrize(
    ("name", "text", "finish", "calls"),
    [
        ("example", "<tool_call><function=f><parameter=a>\nPar", None, [("f", '{"a": "Par', "truncated")]),
        ("example", "<tool_call><function=f><parameter=a>\nPar", "stop", [("f", '{"a": "Par"}', "complete")]),
        (
            "example",
            "<tool_call><function=f><parameter=a>\nP\n</parameter>",
            "length",
            [("f", '{"a": "P"', "truncated")],
        ),
        ("smollm", '<tool_call>{"name": "f", "arguments": {"a": 1}}', None, [("f", '{"a": 1}', "complete")]),
        ("smollm", '<tool_call>{"name": "f", "arguments": {"a": 1', None, [("f", '{"a": 1', "truncated")]),
        ("lines", "[CALL f]\na: 1\n", None, [("f", "", "truncated")]),
        ("lines", "[CALL f]\na: 1\n", "stop", [("f", '{"a": "1"}', "complete")]),
        ("deep_keys", '<json>{"call": {"name": "f", "args": {}}}', None, [("f", "{}", "complete")]),
        ("deep_keys", '<json>{"call": {"name": "f", "args": {}}', None, []),
        ("object_notation", "<call f>{a: 1", None, [("f", "", "truncated")]),
        ("looking_around", "call f\na=1", None, [("f", '{"a": "1"}', "complete")]),  # the end closes it
    ],
)
def test_cut_off_calls(name: str, text: str, finish: Any, calls: list[Any]) -> None:
    own = read(name, text, finish=finish)
    assert own.calls == calls
    if not calls:
        assert own.content == text
    for end in own.ends:
        closes = name == "looking_around"
        assert end.status != "complete" or closes or "closer_missing" in end.notes


# -- content and reasoning ---------------------------------------------------------------------------------------------


def test_delimiters_are_chosen_as_chapter_d_says() -> None:
    """The earliest, then the longest, then openers before closers, then the field's name."""
    own = made(
        {
            "thinking": {"open": ["<a>", "<b><c>"], "close": "</a>"},
            "content": {"close": ["<b>", "<c>x"]},
            "mood": {"open": "<c>", "close": "."},
            "anger": {"open": "<c>", "close": "!"},
        }
    )
    assert told(own, "1<a>2</a>3").events == (ContentDelta("1"), ReasoningDelta("2"), ContentDelta("3"))
    assert told(own, "1<b>2").content == "12"
    assert told(own, "1<b><c>2").reasoning == "2"  # the longer
    assert told(own, "1<c>2.3!4").content == "14"  # anger comes before mood
    assert told(own, "1<c>x2").content == "12"  # the longer closer
    assert told(own, "1<c").content == "1<c"
    alike = made({"thinking": {"open": "<a>", "close": "</a>"}, "content": {"close": "<a>"}})
    assert told(alike, "1<a>2").reasoning == "2"  # the opener


def test_only_its_own_closer_ends_a_region() -> None:
    fields = {"thinking": {"open": "<t>", "close": "</t>"}, "content": {"close": "<e>"}}
    own = told(made(fields), "<t>a<t>b<e>c</t>d<e>e")
    assert (own.reasoning, own.content) == ("a<t>b<e>c", "de")


def test_openers_count_anywhere() -> None:
    assert read("smollm", "An answer with <think>a thought</think> in it").events == (
        ContentDelta("An answer with"),
        ReasoningDelta("a thought"),
        ContentDelta("in it"),
    )


def test_text_in_no_region_is_dropped() -> None:
    own = read("cohere", f"a<|START_RESPONSE|>b<|END_RESPONSE|>c{SAMPLES['cohere'].calls[0]}d")
    assert own.content == "b"
    assert len(own.calls) == 2
    reading = Reading(grammar("cohere"), traced=True)
    reading.read(["a<|START_RESPONSE|>b<|END_RESPONSE|>c"])
    assert [kind for kind, _, _ in reading.merged_tiles] == ["dropped", "marker", "content", "marker", "dropped"]


def test_a_field_that_no_event_can_tell_is_dropped_and_noted() -> None:
    own = read("implicit_reasoning", "Hm.<mood>0.5</mood><answer>Yes.</answer>")
    assert (own.reasoning, own.content, own.notes) == ("Hm.", "Yes.", ("region_dropped",))


def test_a_field_that_has_to_be_there_is_noted_if_it_is_not() -> None:
    own = made({"thinking": {"open": "<t>", "close": "</t>", "optional": False}, "content": {}})
    assert told(own, "Hello").notes == ("region_missing",)
    assert told(own, "<t></t>Hello").notes == ()


def test_regions_are_joined() -> None:
    fields = {"content": {"repeats": True, "join": "+"}, "thinking": {"open": "<t>", "close": "</t>"}}
    assert told(made(fields), "a<t>1</t>b<t>2</t>c").content == "a+b+c"
    assert told(made(fields), "a <t>1</t>\n<t>2</t> c").content == "a++c"  # whitespace is a region, too
    assert told(made(fields), "<t>1</t><t>2</t>c").content == "c"


@pytest.mark.parametrize("strip", [True, False])
def test_whitespace_at_the_edges(strip: bool) -> None:
    own = made({"content": {"content_args": {"strip": strip}}, "thinking": {"open": "<t>", "close": "</t>"}})
    assert told(own, " \n a b \n<t> x </t> c\n ").content == ("a bc" if strip else " \n a b \n c\n ")
    assert told(own, " a <t> x </t> c ", whitespace="keep").content == " a  c "
    assert told(own, " a <t> x </t> c ", whitespace="keep").reasoning == " x "


# -- options -----------------------------------------------------------------------------------------------------------


def test_start() -> None:
    assert read("smollm", "a</think>b", start="reasoning").events == (ReasoningDelta("a"), ContentDelta("b"))
    assert read("smollm", "a</think>b", start="content").content == "a</think>b"
    assert read("a_closer_ahead", "a", start="reasoning").content == "a"  # it has no reasoning


def test_calls_can_be_off() -> None:
    text = SAMPLES["smollm"].calls[0].strip()
    for option, value in (("tools", []), ("tool_choice", "none")):
        own = read("smollm", f"<think>a</think>{text}", **{option: value})
        assert (own.reasoning, own.content, own.calls) == ("a", text, [])


@pytest.mark.parametrize("name", ["smollm", "lines"])
def test_unknown_tools_and_second_calls_can_be_content(name: str) -> None:
    text = "".join(SAMPLES[name].calls).strip()
    own = read(name, text, tools=DECLARED[1:], unknown_tools="content")
    assert own.calls == [("get_time", "{}", "complete")]
    assert SAMPLES[name].calls[0].strip() in own.content
    own = read(name, text, parallel_tool_calls=False)
    assert [call[0] for call in own.calls] == ["get_weather"]
    assert SAMPLES[name].calls[1].strip() in own.content


# -- the prompt --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "events"),
    [
        ("", [ContentDelta("x")]),
        ("<|im_start|>assistant\n", [ContentDelta("x")]),
        ("<|im_start|>assistant\n<think>\n", [ReasoningDelta("x")]),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", [ContentDelta("x")]),
        ("<|im_start|>assistant\n<think>Hm, <|im_start|>assistant\n", [ContentDelta("x")]),  # the last anchor counts
        ("<think>", [ReasoningDelta("x")]),  # no anchor: all of it is the turn's
        ("<|im_start|>assistant\nIt is ", [ContentDelta("x")]),  # what the prompt says is not told again
        ('<|im_start|>assistant\n<tool_call>{"name": "f", "arguments": {}}</tool_call>', [ContentDelta("x")]),
        ("<|im_start|>assistant\n<thi", [ContentDelta("x")]),
    ],
)
def test_a_prompt_is_read_like_the_turn(prompt: str, events: list[Any]) -> None:
    parser = Parser(grammar("smollm"), prompt=prompt)
    assert parser.feed("x") == events
    reading = Reading(grammar("smollm"), prompt=prompt, traced=True)
    reading.read(["x"])


def test_a_marker_may_begin_in_the_prompt() -> None:
    parser = Parser(grammar("smollm"), prompt="<|im_start|>assistant\n  <thi")
    assert parser.held == 0  # of the text
    assert parser.feed("nk") == []
    assert parser.held == 2
    assert parser.feed(">x") == [ReasoningDelta("x")]
    assert parser.finish() == []


def test_start_wins_over_the_prompt() -> None:
    parser = Parser(grammar("smollm"), prompt="<|im_start|>assistant\n<think>", start="content")
    assert parser.feed("x") == [ContentDelta("x")]


def test_a_call_that_the_prompt_opens_is_told_with_the_text() -> None:
    """Calls that it has closed were told when they were written."""
    prompt = f'<|im_start|>assistant\nHello{SAMPLES["smollm"].calls[0]}<tool_call>{{"name": "f", "arguments": {{"a": "b'
    for fragments in (['c"}}</tool_call>d'], chars('c"}}</tool_call>d')):
        reading = Reading(grammar("smollm"), prompt=prompt, traced=True)
        assert reading.parser.state == "call"
        own = reading.read(fragments)
        assert own.calls == [("f", '{"a": "bc"}', "complete")]
        assert own.content == "d"
    for opener in ("<tool_call>", '<tool_call>{"name": "'):
        own = Reading(grammar("smollm"), prompt=f"<|im_start|>assistant\n{opener}").read(["oops"])
        assert (own.content, own.calls) == ("oops", [])


def test_an_anchor_can_be_a_pattern() -> None:
    own = Grammar.from_response_template(
        {"start_anchor_pattern": r"<\|(?:bot|model)\|>\s*", "fields": {"content": {}, "thinking": {"open": "<t>"}}}
    )
    assert Parser(own, prompt="<|bot|><t><|model|>\n").feed("x") == [ContentDelta("x")]
    assert Parser(own, prompt="<|bot|><|model|>\n<t>").feed("x") == [ReasoningDelta("x")]


# -- patterns ----------------------------------------------------------------------------------------------------------


def test_a_pattern_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "TIMEOUT", 0.001)
    own = made(
        {
            "content": {},
            "thinking": {"open_pattern": "x.*y.*y.*y.*y.*y.*y.*y.*y.*z", "close": "</t>"},
            "tool_calls": {"open": "<c>", "close": "</c>", "content": "json"},
        }
    )
    text = "x" + "y" * 900 + '<c>{"name": "f"}</c>'
    reading = Reading(own)
    told = reading.read([text])
    assert told.notes == ("pattern_timeout",)
    assert told.content == text[:901]
    assert told.calls == [("f", "{}", "complete")]


def test_a_delimiter_is_no_longer_than_the_limit() -> None:
    own = made({"content": {}, "thinking": {"open_pattern": r"<t[^>]*>", "close": "</t>"}})
    limits = Limits(header=50)
    assert told(own, f"a<t {'b' * 40}>c", limits=limits).reasoning == "c"
    assert told(own, f"a<t {'b' * 60}>c", limits=limits).content == f"a<t {'b' * 60}>c"


def test_matches_of_no_characters_end() -> None:
    own = made({"content": {}, "thinking": {"open_pattern": "(?=<)", "close_pattern": "(?=<)"}})
    assert told(own, "a<b<c").events == (ContentDelta("a<b<c"),)


# -- what is refused ---------------------------------------------------------------------------------------------------

_CALL = {"open": "<c>", "close": "</c>", "content": "json"}
_NAMED = {"open_pattern": "<c (?P<name>.*?)>", "close": "</c>"}
_ARGUMENTS = {"function": {"name": "{name}", "arguments": "{content}"}}


def _with(**fields: Any) -> dict[str, Any]:
    return {"start_anchor": "A:", "fields": {"content": {}} | fields}


_deep: dict[str, Any] = {}
_deep["function"] = _deep

REFUSED: list[tuple[Any, str | None, str]] = [
    # the template
    ("{oops", None, "is no JSON"),
    ("[]", None, "is a JSON object, not list"),
    (3, None, "is a JSON object, not int"),
    ({"start_anchor": "A:"}, "fields", "at least one field"),
    ({"start_anchor": "A:", "fields": {}}, "fields", "at least one field"),
    ({"start_anchor": "A:", "fields": []}, "fields", "at least one field"),
    ({**_with(), "version": 2}, "version", "only version 1"),
    ({**_with(), "version": "1"}, "version", "only version 1"),
    ({**_with(), "anchor": "x"}, "anchor", "is no key here"),
    ({**_with(), "defaults": []}, "defaults", "is an object"),
    ({"fields": {"content": {}}}, "start_anchor", "is missing"),
    ({**_with(), "start_anchor": ""}, "start_anchor", "not empty"),
    ({**_with(), "start_anchor": []}, "start_anchor", "not empty"),
    ({**_with(), "start_anchor": ["a", ""]}, "start_anchor", "not empty"),
    ({**_with(), "start_anchor_pattern": "x"}, "start_anchor", "only one of them"),
    ({"fields": {"content": {}}, "start_anchor_pattern": "("}, "start_anchor_pattern", "no regular expression"),
    # fields
    (_with(content=[]), "fields.content", "is an object"),
    (_with(content={"opens": "<"}), "fields.content.opens", "is no key here"),
    (_with(thinking={}), "fields", "only one field may have no opener, not content, thinking"),
    (_with(thinking={"open": ""}), "fields.thinking.open", "not empty"),
    (_with(thinking={"open": []}), "fields.thinking.open", "not empty"),
    (_with(thinking={"open": [1]}), "fields.thinking.open", "not empty"),
    (_with(thinking={"open": "a" * 129}), "fields.thinking.open", "longer than 128"),
    (_with(thinking={"open_pattern": ""}), "fields.thinking.open_pattern", "not empty"),
    (_with(thinking={"open": "a", "open_pattern": "b"}), "fields.thinking.open", "only one of them"),
    (_with(thinking={"open": "a", "close": "a", "close_pattern": "b"}), "fields.thinking.close", "only one of them"),
    (_with(thinking={"open": "a", "repeats": 1}), "fields.thinking.repeats", "true or false"),
    (_with(thinking={"open": "a", "optional": "no"}), "fields.thinking.optional", "true or false"),
    (_with(thinking={"open": "a", "join": ""}), "fields.thinking.join", "needs repeats"),
    (_with(thinking={"open": "a", "repeats": True, "join": 3}), "fields.thinking.join", "is a string"),
    (_with(thinking={"open": "a", "content": "yaml"}), "fields.thinking.content", "no way of reading"),
    (_with(thinking={"open": "a", "content_args": []}), "fields.thinking.content_args", "is an object"),
    (_with(content={"content_args": {"trim": True}}), "fields.content.content_args.trim", "is nothing that"),
    (_with(content={"content_args": {"strip": 1}}), "fields.content.content_args.strip", "true or false"),
    (_with(thinking={"open_pattern": "(?P<a>x)"}), "fields.thinking.open_pattern", "named groups"),
    (_with(thinking={"open": "a", "close_pattern": "(?P<a>x)"}), "fields.thinking.close_pattern", "named groups"),
    # what no event can tell
    (_with(content={"content": "json"}), "fields.content.content", "told as text"),
    (_with(thinking={"open": "a", "content": "int"}), "fields.thinking.content", "told as text"),
    (_with(content={"transform": {"text": "{content}"}}), "fields.content.transform", "told as it is"),
    ({"start_anchor": "A:", "fields": {"mood": {}}}, "fields.mood", "no opener"),
    ({"start_anchor": "A:", "fields": {"tool_calls": {"content": "json"}}}, "fields.tool_calls", "no opener"),
    # transforms
    (_with(tool_calls={**_CALL, "transform_each": True}), "fields.tool_calls.transform_each", "no transform"),
    (_with(tool_calls={**_CALL, "transform_each": 1}), "fields.tool_calls.transform_each", "true or false"),
    (
        _with(tool_calls={**_CALL, "transform": {"function": {"name": "a {content}"}}}),
        "fields.tool_calls.transform.function.name",
        "text around {content}",
    ),
    (
        _with(tool_calls={**_CALL, "transform": {"function": {"name": ["{oops}"]}}}),
        "fields.tool_calls.transform.function.name[0]",
        "{oops} is not known",
    ),
    (
        _with(tool_calls={**_CALL, "transform_each": True, "transform": {"function": "{content}"}}),
        "fields.tool_calls.transform.function",
        "not known with each",
    ),
    (_with(tool_calls={**_CALL, "transform": {"type": "function"}}), "fields.tool_calls.transform", "name"),
    (_with(tool_calls={**_CALL, "transform": ["{content}"]}), "fields.tool_calls.transform", "is an object"),
    (_with(tool_calls={**_CALL, "content": "text"}), "fields.tool_calls", "makes no call"),
    (_with(tool_calls={**_CALL, "repeats": True, "join": "x"}), "fields.tool_calls.join", "joins texts"),
    (
        _with(tool_calls={**_CALL, "transform": {"function": float("nan")}}),
        "fields.tool_calls.transform.function",
        "no JSON",
    ),
    (_with(tool_calls={**_CALL, "transform": _deep}), "fields.tool_calls.transform", "levels deep"),
    # content parsers
    (
        _with(tool_calls={**_NAMED, "content": "xml-inline", "transform": _ARGUMENTS}),
        "fields.tool_calls.content_args.tag_pattern",
        "is missing",
    ),
    (
        _with(
            tool_calls={
                **_NAMED,
                "content": "xml-inline",
                "content_args": {"tag_pattern": "<(?P<value>.*?)>"},
                "transform": _ARGUMENTS,
            }
        ),
        "fields.tool_calls.content_args.tag_pattern",
        "no group (?P<key>",
    ),
    (
        _with(
            tool_calls={
                **_NAMED,
                "content": "kv-lines",
                "content_args": {"value_parser": {"name": "oops"}},
                "transform": _ARGUMENTS,
            }
        ),
        "fields.tool_calls.content_args.value_parser.name",
        "no way of reading",
    ),
    (
        _with(
            tool_calls={
                **_NAMED,
                "content": "kv-lines",
                "content_args": {"kv_sep": ""},
                "transform": _ARGUMENTS,
            }
        ),
        "fields.tool_calls.content_args.kv_sep",
        "is empty",
    ),
    (
        _with(tool_calls={**_CALL, "content_args": {"string_delims": ["a", "b"]}}),
        "fields.tool_calls.content_args.string_delims",
        "list of pairs",
    ),
    (
        _with(tool_calls={**_NAMED, "content": "python-call-list", "transform": _ARGUMENTS}),
        "fields.tool_calls.content",
        "asks for more",
    ),
    # patterns
    (_with(thinking={"open_pattern": "(a+)+"}), "fields.thinking.open_pattern", "repetition inside a repetition"),
    (_with(thinking={"open_pattern": "(?R)"}), "fields.thinking.open_pattern", "is not read"),
    (_with(thinking={"open_pattern": "(?<=a+)b"}), "fields.thinking.open_pattern", "looks back further"),
]


@pytest.mark.parametrize(("template", "key", "message"), REFUSED)
def test_what_is_refused(template: Any, key: str | None, message: str) -> None:
    with pytest.raises(GrammarError) as caught:
        Grammar.from_response_template(template)
    assert caught.value.key == key
    assert message in caught.value.message


ODD: list[Any] = [
    *(None, True, 0, 1.5, "", "x", "<", "\ud800", "{{", "}", "a{2}", "{a} b", "{content}", "{name}", "{content.a.b}"),
    *("(", "^", "$", r"\b", "(?<=a)b", "(?i)x", "(?x)x", "(?P<name>x)", "(?P<key>x)(?P<value>y)", "a" * 3000),
    *([], {}, ["a"], [""], [["a", "b"]], {"name": "json"}, {"name": 3}, {"function": {"name": "{name}"}}),
    *("json", "xml-inline", "kv-lines", "python-call-list", "text", "int"),
]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a template with each of its keys."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


def test_no_template_raises_anything_else() -> None:
    rng = random.Random(7)
    text = "<think>a</think>b<tool_call>\n<function=f><parameter=x>\n1\n</parameter></tool_call>[CALL f]\na:1[/CALL]"
    read = 0
    for _ in range(1500):
        template = copy.deepcopy(rng.choice(list(SAMPLES.values())).template)
        for _ in range(rng.randint(1, 2)):
            place, key = rng.choice(list(_places(template)))
            if rng.random() < 0.25:
                del place[key]
            else:
                place[key] = copy.deepcopy(rng.choice(ODD))
        try:
            own = Grammar.from_response_template(template)
        except GrammarError:
            continue
        read += 1
        Reading(own).read([text], "stop")
        Reading(own).read(random_cuts(text, rng))
    assert read > 200


def test_defaults_and_the_order_of_fields_mean_nothing() -> None:
    fields = {"content": {"close": "<e>"}, "thinking": {"open": "<t>", "close": "</t>"}}
    own = made(fields, defaults={"role": "assistant", "content": "x"}, version=1)
    other = made(dict(reversed(fields.items())))
    for text in ("a<t>b</t>c<e>d", ""):
        assert told(own, text) == told(other, text)


# -- regions in TOML ---------------------------------------------------------------------------------------------------

TOML = """
format = 1
name   = "own"

[start]
anchor = "A:"

[regions.content]
to    = "content"
close = "<end>"

[regions.thinking]
to    = "reasoning"
open  = ["<t>", "<think>"]
close = "</t>"

[regions.calls]
to         = "call"
open_pattern = '<call (?P<name>\\w+)>'
close      = "</call>"
body       = "{arguments:inline}"
name_group = "name"

[calls]
parameter = "<arg {key}>{value:stripped}</arg>"
"""


@pytest.mark.parametrize("opener", ["[[call ", "«call{»", "[", "{{x}}", "<call {name}>", "<a b='c{'>", "call {"])
def test_literals_of_regions_are_no_notation(opener: str) -> None:
    """They are written and read exactly as they stand in the grammar, whatever they would mean in a template line."""
    text = json.dumps(opener)
    own = Grammar.from_toml(f"""
        format = 1
        name   = "own"
        [regions.content]
        to    = "content"
        [regions.thinking]
        to    = "reasoning"
        open  = {json.dumps("think" + opener)}
        close = "{{/think}}"
        [regions.calls]
        to    = "call"
        open  = {text}
        close = "}}]]"
        body  = "{{call:json}}"
    """)
    call = '{"name": "f", "arguments": {"a": 1}}'
    written = own.write("Well.", "Hm.", [("f", '{"a": 1}')])
    assert written == f"think{opener}Hm.{{/think}}Well.{opener}{call}}}]]"
    found = told(own, written)
    assert (found.reasoning, found.content, found.calls) == ("Hm.", "Well.", [("f", '{"a": 1}', "complete")])


def test_regions_in_toml() -> None:
    own = Grammar.from_toml(TOML)
    found = told(own, "<think>a</t>b<call f>, <arg x> 1 </arg></call><end>")
    assert (found.reasoning, found.content, found.calls) == ("a", "b", [("f", '{"x": "1"}', "complete")])


@pytest.mark.parametrize(
    ("line", "instead", "key", "message"),
    [
        ('to    = "content"', 'to = "contents"', "regions.to", "content"),
        ('close = "<end>"', 'ends = "<end>"', "regions.ends", "no key here"),
        ('anchor = "A:"', 'prompts = { "x" = "content" }', "start.prompts", "start.anchor"),
        ('open  = ["<t>", "<think>"]', "", "regions", "only one region may have no opener, not content, thinking"),
        ('open  = ["<t>", "<think>"]', 'open = [""]', "regions.thinking.open", "empty marker"),
        ('close = "</t>"', 'close = "x"\nclose_pattern = "x"', "regions.thinking.close", "only one of them"),
        ('close = "</t>"', 'body = "{call:json}"', "regions.thinking", "that only a call has"),
        ('body       = "{arguments:inline}"', "", "regions.calls", "either body or whole"),
        ('body       = "{arguments:inline}"', 'body = "{arguments:oops}"', "regions.calls.body", "unknown codec"),
        ('body       = "{arguments:inline}"', 'body = "x{call:json}"', "regions.calls.body", "nothing else"),
        ('body       = "{arguments:inline}"', 'body = "{call:json}"', "regions.calls", "reads the name itself"),
        ('body       = "{arguments:inline}"', 'body = "{arguments:object}"', "calls.strings", "both sides"),
        ('name_group = "name"', "", "regions.calls.name_group", "has no name"),
        ('name_group = "name"', 'name_group = "oops"', "regions.calls.name_group", "no group"),
        ('close      = "</call>"', 'close_pattern = "</call>(?=x)"', "regions.calls.close_pattern", "use whole"),
        ('close      = "</call>"', 'close = "\\n"', "regions.calls.close", "whitespace"),
        ('close      = "</call>"', 'close_pattern = "(x*)*"', "regions.calls.close_pattern", "inside a repetition"),
        ('parameter = "<arg {key}>{value:stripped}</arg>"', "", "regions.calls.body", "no `parameter`"),
        ('parameter = "<arg {key}>{value:stripped}</arg>"', 'call = "<c>{call:json}</c>"', "calls.call", "region"),
    ],
)
def test_mistakes_in_regions(line: str, instead: str, key: str, message: str) -> None:
    assert line in TOML
    with pytest.raises(GrammarError) as caught:
        Grammar.from_toml(TOML.replace(line, instead), "own.toml")
    assert caught.value.key == key
    assert message in caught.value.message


def test_an_anchor_needs_regions() -> None:
    with pytest.raises(GrammarError, match="needs \\[regions\\]"):
        Grammar.from_toml('format = 1\nname = "x"\nstart.anchor = "A"\ncalls.call = "<c>{call:json}</c>"')


def test_inline_arguments_need_regions() -> None:
    with pytest.raises(GrammarError, match="only a region"):
        Grammar.from_toml(
            'format = 1\nname = "x"\n[calls]\ncall = "<c {name}>{arguments:inline}</c>"\n'
            'parameter = "<a {key}>{value:text}</a>"'
        )
