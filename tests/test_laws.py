"""The laws (design.md, section 3), each a property of every grammar: over its examples, and over damaged and made-up
text.

`toolfeed.fuzz` has the laws as oracles. The tests here say on which texts they are held,
and check the rest. Law 8 is also test_hostile's, law 10 is test_writer's.
"""

from __future__ import annotations

import io
import json
import random
import re
import tokenize
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import toolfeed
from helpers import (
    ODDITIES,
    WHITESPACE,
    Judge,
    Reading,
    Turn,
    damaged,
    every_format,
    every_marker,
    every_turn,
    format_names,
    format_of,
    grammar_of,
    markers_of,
    merged,
    number_ids,
    pieces,
    random_cuts,
    random_options,
    read,
    turns_of,
    work,
    written,
)
from toolfeed import Parser
from toolfeed.events import ArgumentsDelta, ContentDelta, ReasoningDelta
from toolfeed.fuzz import Violation
from toolfeed.fuzz.laws import BY_KEY, guarded
from toolfeed.fuzz.waiting import check_start
from toolfeed.notation import Payload, parse_template

FORMATS = format_names()

made_up = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@cache
def soup(name: str) -> st.SearchStrategy[str]:
    """Text of a format's own markers, those of others, pieces of its examples, and odd characters."""
    texts = [turn.text for turn in turns_of(name) if turn.text]
    slices = st.sampled_from(texts or [""]).flatmap(
        lambda text: st.sampled_from([text[i : i + 9] for i in range(0, len(text), 9)] or [""])
    )
    own = st.sampled_from(markers_of(name) or ("",))
    parts = st.one_of(
        own, own, slices, st.sampled_from(every_marker()), st.sampled_from(ODDITIES), st.text(max_size=3), SURROGATES
    )
    return st.lists(parts, max_size=16).map("".join)


SURROGATES = st.characters(categories=["Cs", "Cc"])


# -- law 1: cuts do not matter -----------------------------------------------------------------------------------------


def hold(turn: Turn, *laws: str, seed: object = 0) -> None:
    """These laws hold for a turn: the suite's oracles."""
    for law in laws:
        guarded(BY_KEY[law], format_of(turn.format), turn.as_case, random.Random(f"{turn!r} {law} {seed}"))


@every_turn
def test_cuts_do_not_matter(turn: Turn) -> None:
    for seed in range(2):
        hold(turn, "1", seed=seed)


@every_format
def test_cuts_do_not_matter_in_damaged_text(name: str) -> None:
    for turn in damaged(name, 60):
        hold(turn, "1")


@every_format
@made_up
@given(st.data())
def test_cuts_do_not_matter_in_made_up_text(name: str, data: st.DataObject) -> None:
    text = data.draw(soup(name))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    hold(Turn(name, "made up", text, random_options(rng), rng.choice((None, "stop"))), "1", seed=rng.random())


# -- law 2: nothing waits that is decided ------------------------------------------------------------------------------


@every_format
def test_a_call_starts_with_the_character_that_completes_its_name(name: str) -> None:
    plain = [case for case in format_of(name).canonical if case.meaning is not None and case.meaning.calls]
    assert plain
    for case in plain:
        check_start(format_of(name), case)


@every_format
def test_what_is_held_could_become_two_things(name: str) -> None:
    """In a few turns of each format, at a few places."""
    tested = format_of(name)
    for number, case in enumerate((*tested.canonical, *tested.examples[:6])):
        guarded(BY_KEY["2"], tested, case, random.Random(number))


@every_format
def test_string_values_stream(name: str) -> None:
    """Every fragment of a string's text comes out with the `feed` it went in with, and nothing is held."""
    inner = "Lorem ipsum, dolor sit amet; consectetur. " * 20
    turn = written(name, ("zq_alpha", json.dumps({"text": inner + "end"})))
    before = turn.text.index(inner)
    reading = Reading(name, **turn.options)
    reading.feed(turn.text[:before])
    reading.feed(inner[:14])
    for fragment in pieces(inner[14:], 7):
        events = reading.feed(fragment)
        text = "".join(event.text for event in events if isinstance(event, ArgumentsDelta))
        held = reading.parser.held
        assert held == len(fragment) - len(fragment.rstrip(" ")) or held == 0
        assert reading.arguments(0).endswith((fragment, fragment.rstrip(" ")))
        assert text
    reading.feed(turn.text[before + len(inner) :])
    reading.finish()
    assert json.loads(reading.arguments(0)) == {"text": inner + "end"}


@every_format
@pytest.mark.parametrize("key", ["object", "list"])
def test_objects_and_arrays_stream(name: str, key: str) -> None:
    """Of an object or array no more waits than a comma, whitespace, a scalar and half a token."""
    items = [{"k": [index, -1.5, "x" * 30, {"y": "z"}, ["w"]]} for index in range(60)]
    value = items if key == "list" else {f"key{index}": item for index, item in enumerate(items)}
    turn = written(name, ("zq_alpha", json.dumps({key: value})))
    reading = Reading(name, previews=True, **turn.options)
    silent = 0
    for fragment in pieces(turn.text, 5):
        silent = 0 if reading.feed(fragment) or reading.open_call is None else silent + len(fragment)
        assert silent <= 200
        if silent == 0 and reading.open_call is not None:
            assert reading.parser.held <= 64
    reading.finish()
    assert json.loads(reading.arguments(0)) == {key: value}


@every_format
@pytest.mark.parametrize("state", ["content", "reasoning"])
def test_plain_text_is_told_as_it_comes(name: str, state: Any) -> None:
    """Words wait for nothing; only the space behind them may, because a marker may touch it."""
    reading = Reading(name, start=state)
    messages = grammar_of(name).messages
    routed = messages is not None and any(route.to == "reasoning" for route in messages.routes)
    inside = state == "reasoning" and (routed or grammar_of(name).reasoning is not None)
    reading.feed("Lorem ipsum.")
    if messages is not None:
        reading.feed(" Lorem ipsum.\nLorem")  # enough to be no header
    for word in [
        "dolor",
        "sit",
        "amet",
        "consectetur",
        "adipiscing",
        "elit",
        "sed",
        "do",
        "eiusmod",
        "tempor",
        "1",
        "2.5",
        "é",
        "漢",
        "ü",
    ]:
        space, text = reading.feed(" "), reading.feed(word)
        assert reading.parser.held == 0
        assert merged([*space, *text]) == ((ReasoningDelta if inside else ContentDelta)(" " + word),)
        assert reading.parser.state == ("reasoning" if inside else "content")


@every_turn
def test_what_content_holds_may_become_a_marker(turn: Turn) -> None:
    """In content and reasoning nothing is held but whitespace and the beginning of a marker of this grammar."""
    calls, repair = turn.grammar.calls, turn.grammar.repair if turn.options.get("repair") else None
    written = any(line.lstrip()[:1] in "[{" for line in (*calls.section, *calls.call))
    bare = "[{" if written or calls.bare == "known" or (repair is not None and repair.bare == "known") else ""
    markers = {re.sub(r"[\s\"']", "", marker) for marker in markers_of(turn.format)}
    markers |= {marker.partition(":x")[0] for marker in markers}  # a suffix may be any
    reading = Reading(turn.grammar, **turn.options)
    for char in turn.text:
        reading.feed(char)
        held = re.sub(r"[\s\"']", "", reading.text[len(reading.text) - reading.parser.held :])
        if held and reading.parser.state in ("content", "reasoning"):
            headers = turn.grammar.program.headers
            opener = turn.grammar.messages.header.strip("(")[:3] if turn.grammar.messages is not None else ""
            if headers is not None and not headers.markers and (held.startswith(opener) or opener.startswith(held)):
                continue  # the next message's header, which may have no marker in it
            if turn.options.get("repair") and turn.grammar.repairing_program.led:
                word = re.match(r"[\w.\-]*", held)
                name = word.group() if word else ""
                held = held[len(name) :]
                assert not name or may_lead(name, held != "", turn, reading), name
                if not held:
                    continue
            assert any(marker.startswith(held) or held.startswith(marker) for marker in markers) or held[0] in bare, (
                held
            )


def may_lead(word: str, whole: bool, turn: Turn, reading: Reading) -> bool:
    """Whether a word may be the name before an opener: a declared tool's, as far as it came, or all there is so far."""
    if turn.options.get("tools") is None:
        return not reading.events or not isinstance(reading.events[-1], ContentDelta)
    names = [tool["function"]["name"] for tool in turn.options["tools"]]
    return word in names if whole else any(name.startswith(word) for name in names)


# -- law 3: nothing is lost --------------------------------------------------------------------------------------------


@every_turn
def test_tiles_cover_the_text(turn: Turn) -> None:
    hold(turn, "3")
    hold(turn._replace(options=turn.options | {"whitespace": "keep"}), "3")


@every_format
def test_tiles_cover_damaged_text(name: str) -> None:
    for turn in damaged(name, 100, seed=3):
        hold(turn, "3")


@every_turn
def test_a_name_stands_in_one_tile(turn: Turn) -> None:
    """In one of its own, or, where a tag holds it, in the tag's."""
    reading = Reading(turn.grammar, traced=True, **turn.options)
    told = reading.read([turn.text], turn.finish)
    names = [
        reading.text[start:end].strip(WHITESPACE) for kind, start, end in reading.tiles if kind in ("name", "marker")
    ]
    for start, end in zip(told.starts, told.ends, strict=True):
        # A tool that the request names, or that was guessed, stands nowhere.
        if turn.grammar.calls.names != "chosen" and "name_guessed" not in end.notes:
            assert any(start.name in name or json.dumps(start.name)[1:-1] in name for name in names), (
                start.name,
                names,
            )


@every_format
@made_up
@given(st.data())
def test_text_without_a_marker_is_content(name: str, data: st.DataObject) -> None:
    """Character for character, where no call can begin without a marker."""
    letters = st.text("abc xyz.\n\t\"'<>|=/\\[]{}()0é\u2028\xa0\x00\ud800", max_size=40)
    text = data.draw(letters)
    reading = Reading(name, tools=[], start="content", whitespace="keep")
    assert reading.read(random_cuts(text, random.Random(text.encode("utf-8", "replace")))).content == text
    grammar = grammar_of(name)
    trimmed = Reading(name, tools=[], start="content").read([text]).content
    if text.startswith(grammar.start.lead) and grammar.messages is None:
        text = text[len(grammar.start.lead) :]
    assert trimmed in (text, text[: len(text) - len(grammar.start.tail)])


def openers_of(name: str) -> list[str]:
    """The markers of calls: those that do not vanish where they stand alone, and lead to no other state."""
    grammar = grammar_of(name)
    reasons = (
        *(grammar.reasoning.open if grammar.reasoning else ()),
        *(grammar.reasoning.close if grammar.reasoning else ()),
    )
    frames = (*(grammar.content.open if grammar.content else ()), *(grammar.content.close if grammar.content else ()))
    vanish = {marker.strip() for marker in (*reasons, *frames, *grammar.absorb, *grammar.turn_end)}
    return [marker for marker in markers_of(name) if marker.strip() not in vanish] if grammar.messages is None else []


@pytest.mark.parametrize("name", [name for name in FORMATS if openers_of(name)])
@made_up
@given(st.data())
def test_an_opener_that_opens_nothing_is_content(name: str, data: st.DataObject) -> None:
    """Text that turns out not to be a call comes back as content, in order, with everything around it."""
    openers = openers_of(name)
    words = st.sampled_from(["a", "tool call", ".", "x y", "\n", " ", "1", "é"])
    text = "".join(data.draw(st.lists(st.one_of(st.sampled_from(openers), words, words), max_size=8)))
    reading = Reading(name, start="content", traced=True, whitespace="keep")
    told = reading.read(random_cuts(text, random.Random(text)))
    assume(not told.starts)
    kinds = {kind for kind, _, _ in reading.tiles}
    if kinds <= {"content"}:
        assert told.content == text
    else:  # a wrapper without calls, closers behind nothing: markers, and the framing between them
        lost = "".join(reading.text[start:end] for kind, start, end in reading.tiles if kind != "content")
        assert any(marker.strip() in re.sub(r"\s+", " ", lost) for marker in openers if marker.strip()), lost


# -- law 4: arguments are JSON -----------------------------------------------------------------------------------------


@every_turn
def test_arguments_are_json_at_every_moment(turn: Turn) -> None:
    """Every delta, every preview and every complete call, judged by ijson."""
    hold(turn, "4")


@every_format
def test_laws_4_to_7_hold_in_damaged_text(name: str) -> None:
    for turn in damaged(name, 100, seed=4):
        hold(turn, "4", "5", "6", "7")


def test_the_judge_is_strict() -> None:
    for text in (
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": 01}',
        '{"a"}',
        "{}{}",
        '{"a": "\n"}',
        '{"a": .5}',
        '{"a": tru}',
        '{"\\x": 1}',
        "{",
    ):
        judge = Judge()
        with pytest.raises(Violation, match="law 4"):  # noqa: PT012 - wherever it is found
            judge.read(text)
            judge.close()
    for text in ("{}", '{"a": [1.5e3, "\\ud800", {"b": null}]} ', '{"\\\\ud800": "\\""}'):
        judge = Judge()
        for char in re.findall(r"\\u....|\\.|.", text):
            judge.read(char)
        judge.close()


# -- law 5: what the model wrote is kept -------------------------------------------------------------------------------

SPACES = st.text(" \n\t\r", max_size=2)
STRINGS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "\\n",
                '\\"',
                "\\\\",
                "\\/",
                "\\u00e9",
                "\\uD83D\\uDE00",
                "\\ud83d",
                "</tool_call>",
                "[TOOL_CALLS]",
                "é",
                "{",
                "}",
            ]
        ),
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=5),
    ),
    max_size=4,
).map(lambda parts: '"' + "".join(parts) + '"')
SCALARS = st.one_of(
    STRINGS, st.sampled_from(["0", "-0", "1.50", "1E5", "-1e-7", "12345678901234567890", "true", "false", "null"])
)


def spaced(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    """JSON tokens with whitespace between them."""
    strategies = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(*(st.tuples(strategy, SPACES).map("".join) for strategy in strategies)).map("".join)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def joined(parts: list[str]) -> str:
        return ",".join(parts)

    members = st.lists(spaced(SPACES, STRINGS, ":", inner), max_size=3).map(joined)
    items = st.lists(spaced(SPACES, inner), max_size=3).map(joined)
    return st.one_of(spaced("{", members).map(lambda text: text + "}"), spaced("[", items).map(lambda text: text + "]"))


VALUES = st.recursive(SCALARS, containers, max_leaves=6)
OBJECTS = st.lists(st.tuples(SPACES, STRINGS, SPACES, SPACES, VALUES, SPACES), max_size=4).map(
    lambda members: "{" + ",".join(f"{a}{key}{b}:{c}{value}{d}" for a, key, b, c, value, d in members) + "}"
)


def takes_json(name: str) -> bool:
    grammar = grammar_of(name)
    lines = [*grammar.calls.section[:1], *grammar.calls.call[:1]]
    body = [grammar.messages.body] if grammar.messages is not None and not lines else []
    items = [item for line in lines + body for item in parse_template(line, grammar.parameters)]
    return any(isinstance(item, Payload) and item.what != "value" and item.codec in ("json", "keyed") for item in items)


@pytest.mark.parametrize("name", [name for name in FORMATS if takes_json(name)])
@made_up
@given(arguments=OBJECTS, seed=st.integers(0, 9999))
def test_arguments_in_json_pass_as_written(name: str, arguments: str, seed: int) -> None:
    turn = written(name, ("zq_alpha", '{"text": "PLACEHOLDER"}'))
    assert '{"text": "PLACEHOLDER"}' in turn.text
    text = turn.text.replace('{"text": "PLACEHOLDER"}', arguments)
    told = read(turn._replace(text=text), random_cuts(text, random.Random(seed)))
    assert told.calls == [("zq_alpha", arguments, "complete")]
    assert told.ends[0].notes == ()


@pytest.mark.parametrize("name", [name for name in FORMATS if takes_json(name)])
def test_what_json_forbids_is_mended_and_noted(name: str) -> None:
    turn = written(name, ("zq_alpha", '{"text": "PLACEHOLDER"}'))
    for raw, mended, note in (("a\nb\tc", "a\\nb\\tc", "control_character"), ("\ud800x", "\\ud800x", "lone_surrogate")):
        told = read(turn._replace(text=turn.text.replace("PLACEHOLDER", raw)))
        assert told.calls == [("zq_alpha", f'{{"text": "{mended}"}}', "complete")]
        assert told.ends[0].notes == (note,)


# -- laws 6 and 7: well formed and total -------------------------------------------------------------------------------


@every_format
@settings(made_up, max_examples=150)
@given(st.data())
def test_nothing_raises(name: str, data: st.DataObject) -> None:
    """Whatever the text and the options; and Reading finds every event in its place."""
    text = data.draw(soup(name))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    reading = Reading(name, traced=rng.random() < 0.5, **random_options(rng))
    reading.read(random_cuts(text, rng, longest=30), rng.choice((None, "stop", "length")))


@every_format
def test_nothing_raises_for_one_character(name: str) -> None:
    """In no state that an example leads through."""
    odd = [char for text in ODDITIES for char in text]
    for turn in turns_of(name)[:8]:
        reading = Reading(turn.grammar, **turn.options)
        for i, char in enumerate(turn.text):
            twin = reading.parser.copy()
            twin.feed(odd[i % len(odd)])
            twin.feed(odd[i * 7 % len(odd)])
            twin.finish()
            reading.feed(char)


@every_format
@pytest.mark.parametrize("nested", [100, 10_000])
def test_arguments_nest_deep(name: str, nested: int) -> None:
    """Ten thousand deep: no recursion anywhere, and the judge follows."""
    deep = "[" * nested + '"PLACEHOLDER"' + "]" * nested
    turn = written(name, ("zq_alpha", f'{{"list": {deep}}}'))
    told = Reading(name, **turn.options).read(pieces(turn.text, 1000))
    assert [call[::2] for call in told.calls] == [("zq_alpha", "complete")]
    assert told.arguments(0).replace(" ", "") == f'{{"list":{deep}}}'
    reading = Reading(name, previews=True, **turn.options)
    reading.feed(turn.text[: turn.text.index("PLACEHOLDER")])
    reading.parser.copy().finish()
    assert reading.parser.closing_suffix().count("]") == nested


# -- law 8: linear -----------------------------------------------------------------------------------------------------


def feed_all(parser: Parser, fragments: list[str]) -> None:
    for fragment in fragments:
        parser.feed(fragment)


@every_format
def test_a_long_argument_costs_the_same_late_as_early(name: str) -> None:
    """A megabyte of string, four characters at a time; the work of a fragment does not grow with what went before."""
    turn = written(name, ("zq_alpha", '{"text": "PLACEHOLDER"}'))
    before, after = turn.text.split("PLACEHOLDER")
    parser = Parser(turn.grammar, ids=number_ids, **turn.options)
    parser.feed(before)
    parser.feed("word")
    some = ["text"] * 500
    early = work(lambda: feed_all(parser, some))
    feed_all(parser, ["text"] * 250_000)
    assert parser.held == 0
    assert work(lambda: feed_all(parser, some)) == early
    assert [
        event.status for event in [*parser.feed(after), *parser.finish()] if isinstance(event, toolfeed.ToolCallEnd)
    ] == ["complete"]


@every_format
def test_memory_does_not_grow_with_what_has_passed(name: str) -> None:
    turn = written(name, ("zq_alpha", '{"text": "PLACEHOLDER"}'))
    before = turn.text.split("PLACEHOLDER")[0]
    content = "Lorem ipsum dolor sit amet, <b> & [1] {x}.\n"
    parser = Parser(turn.grammar, whitespace="keep", **turn.options)
    feed_all(parser, ["Well, well.\n", content, content])
    quiet = parser.copy()
    quiet.feed(before + "word ")
    tracemalloc.start()
    try:
        feed_all(parser, [content] * 20)
        feed_all(quiet, ["some text "] * 20)
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(50):
            feed_all(parser, [content] * 20)
            feed_all(quiet, ["some text "] * 20)
        grown = tracemalloc.get_traced_memory()[0] - start
    finally:
        tracemalloc.stop()
    assert grown < 4096, f"{grown} bytes more after 53,000 characters"


# -- law 9: copies agree -----------------------------------------------------------------------------------------------


@every_turn
def test_copies_agree(turn: Turn) -> None:
    """A copy taken anywhere tells what the original tells, ids included, and never touches the original."""
    parser = Parser(turn.grammar, **turn.options)
    copies: list[tuple[Parser, int, int]] = []
    events: list[toolfeed.Event] = []
    for i, char in enumerate(turn.text):
        twin = parser.copy()
        assert (twin.held, twin.state, twin.closing_suffix()) == (parser.held, parser.state, parser.closing_suffix())
        copies.append((twin, i, len(events)))
        spoilt = parser.copy()
        spoilt.feed('"x')
        spoilt.feed("}\n</")
        spoilt.finish()
        events += parser.feed(char)
    events += parser.finish(turn.finish)
    whole = merged(events)
    for twin, i, told in copies[:: max(1, len(copies) // 100)]:
        rest = twin.feed(turn.text[i:]) + twin.finish(turn.finish)
        assert merged(events[:told] + rest) == whole, i
        assert twin.notes == parser.notes


@every_format
def test_copies_of_damaged_text_agree(name: str) -> None:
    """Both are fed in turn, in different fragments, and a third that is fed something else."""
    for turn in damaged(name, 40, seed=9):
        hold(turn, "9")


@every_format
def test_parsers_do_not_touch_each_other(name: str) -> None:
    """All turns of a format at once, a character each in turn."""
    turns = [turn for turn in turns_of(name) if turn.text][:20]
    readings = [Reading(turn.grammar, **turn.options) for turn in turns]
    for i in range(max((len(turn.text) for turn in turns), default=0)):
        for turn, reading in zip(turns, readings, strict=True):
            reading.feed(turn.text[i : i + 1])
    for turn, reading in zip(turns, readings, strict=True):
        reading.finish(turn.finish)
        assert reading.told == read(turn)


# -- law 11: no code runs ----------------------------------------------------------------------------------------------

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint", "input", "open"}
FORBIDDEN_MODULES = {
    "ast",
    "pickle",
    "marshal",
    "shelve",
    "code",
    "codeop",
    "runpy",
    "imp",
    "subprocess",
    "ctypes",
    "socket",
    "os",
    "yaml",
}


def core_sources() -> list[Path]:
    """The modules of the package, without the command line, the fuzz suite and the server at its edge: those do I/O."""
    package = Path(toolfeed.__file__).parent
    edge = {"cli", "fuzz", "serve"}
    return [path for path in sorted(package.rglob("*.py")) if not edge & set(path.relative_to(package).parts)]


@pytest.mark.parametrize("path", core_sources(), ids=lambda path: path.name)
def test_no_source_could_run_code(path: Path) -> None:
    tokens = list(tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline))
    for before, token, behind in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.type != tokenize.NAME or before.string == ".":
            continue
        assert not (token.string in FORBIDDEN_CALLS and behind.string == "("), f"{path}:{token.start[0]}"
        assert not (before.string in ("import", "from") and token.string in FORBIDDEN_MODULES), (
            f"{path}:{token.start[0]}"
        )
    text = path.read_text(encoding="utf-8")
    assert "import_module" not in text
    assert ".load()" not in text, "an entry point would be imported"


def test_the_core_reaches_no_module_that_runs_code() -> None:
    assert len(core_sources()) > 15


@every_format
def test_nothing_is_run_opened_or_imported_while_text_is_read(name: str) -> None:
    for turn in [*turns_of(name), *damaged(name, 30, seed=11)]:
        hold(turn, "11")
