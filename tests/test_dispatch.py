"""Dispatch: tools run while text flows, whatever goes wrong is a result, and results become messages."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import turns_of
from toolfeed import ArgumentsDelta, ContentDelta, Parser, ToolCallEnd, ToolCallStart, ToolsError
from toolfeed.dispatch import ArgumentReader, Dispatcher, ToolResult, follow_up
from toolfeed.events import Event
from toolfeed.grammar import Grammar

PATIENCE = 20

# Both ways to run a turn, as one: what it tells, and the turn.
Run = Callable[[Dispatcher, list[Any], Any], tuple[list[Any], Any]]


def run_async(dispatcher: Dispatcher, pieces: list[Any], parser: Any = None) -> tuple[list[Any], Any]:
    async def source() -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece

    async def run() -> tuple[list[Any], Any]:
        turn = dispatcher.run(source(), parser)
        return [event async for event in turn], turn

    return asyncio.run(asyncio.wait_for(run(), PATIENCE))


def run_sync(dispatcher: Dispatcher, pieces: list[Any], parser: Any = None) -> tuple[list[Any], Any]:
    turn = dispatcher.run_sync(pieces, parser)
    return list(turn), turn


both = pytest.mark.parametrize("run", [run_async, run_sync])


def call(index: int, name: str, arguments: str, status: Any = "complete", error: str = "") -> list[Event]:
    return [
        ToolCallStart(index, f"id-{index}", name),
        ArgumentsDelta(index, arguments),
        ToolCallEnd(index, status, error),
    ]


def kinds(told: list[Any]) -> list[str]:
    return [type(event).__name__ for event in told]


def results(told: list[Any]) -> list[ToolResult]:
    return [event for event in told if isinstance(event, ToolResult)]


def add(a: int, b: int = 1) -> int:
    """Adds two numbers.

    b is one if it is left out.
    """
    return a + b


async def later(text: str) -> str:
    await asyncio.sleep(0)
    return text.upper()


@both
def test_a_text_runs_its_tools(run: Run) -> None:
    dispatcher = Dispatcher([add, later])
    text = Grammar.load("hermes").write(
        "Let me see.", "Hm.", [("add", '{"a": 2}'), ("later", '{"text": "ok"}')], tools=dispatcher.tools
    )
    told, turn = run(
        dispatcher, [text[i : i + 3] for i in range(0, len(text), 3)], Parser("hermes", tools=dispatcher.tools)
    )
    assert {(r.index, r.name, r.outcome, r.content, r.value) for r in results(told)} == {
        (0, "add", "ok", "3", 3),
        (1, "later", "ok", "OK", "OK"),
    }
    assert [result.index for result in turn.results] == [0, 1]
    assert turn.message.content == "Let me see."
    assistant, first, second = turn.messages()
    assert assistant["content"] == "Let me see."
    assert [json.loads(c["function"]["arguments"]) for c in assistant["tool_calls"]] == [{"a": 2}, {"text": "ok"}]
    assert first == {"role": "tool", "tool_call_id": assistant["tool_calls"][0]["id"], "content": "3"}
    assert second["content"] == "OK"


def waits_for(event: threading.Event) -> Callable[[], str]:
    """A tool that is done once something has happened."""

    def slow() -> str:
        assert event.wait(PATIENCE)
        return "done"

    return slow


FLOWING = ["1 ", "2 ", "3 "]


def check_flow(told: list[Any]) -> None:
    order = [event.text if isinstance(event, ContentDelta) else event.outcome for event in told[3:]]
    assert order == [*FLOWING, "ok", "end"]


def test_a_tool_starts_when_its_call_is_complete_and_text_flows_while_it_runs() -> None:
    """The tool ends only when text behind its call has been told, and the text only when its result has been."""
    flowed, answered = threading.Event(), asyncio.Event()

    async def source() -> AsyncIterator[Any]:
        yield call(0, "slow", "{}")
        for text in FLOWING:
            yield ContentDelta(text)
        await answered.wait()
        yield ContentDelta("end")

    async def run() -> list[Any]:
        told: list[Any] = []
        async for event in Dispatcher({"slow": waits_for(flowed)}).run(source()):
            told.append(event)
            if event == ContentDelta(FLOWING[-1]):
                flowed.set()
            elif isinstance(event, ToolResult):
                answered.set()
        return told

    check_flow(asyncio.run(asyncio.wait_for(run(), PATIENCE)))


def test_text_flows_while_a_tool_runs_without_an_event_loop() -> None:
    flowed, answered = threading.Event(), threading.Event()

    def source() -> Iterator[Any]:
        yield call(0, "slow", "{}")
        for text in FLOWING:
            yield ContentDelta(text)
        assert answered.wait(PATIENCE)
        yield ContentDelta("end")

    told: list[Any] = []
    for event in Dispatcher({"slow": waits_for(flowed)}).run_sync(source()):
        told.append(event)
        if event == ContentDelta(FLOWING[-1]):
            flowed.set()
        elif isinstance(event, ToolResult):
            answered.set()
    check_flow(told)


@both
def test_results_come_as_tools_finish(run: Run) -> None:
    def wait(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    calls = [call(i, "wait", json.dumps({"seconds": s})) for i, s in enumerate((0.6, 0.01, 0.3))]
    told, turn = run(Dispatcher([wait]), calls, None)
    assert [result.value for result in results(told)] == [0.01, 0.3, 0.6]
    assert [result.value for result in turn.results] == [0.6, 0.01, 0.3]


@both
def test_no_more_run_at_a_time_than_may(run: Run) -> None:
    lock = threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    told, _ = run(Dispatcher([work], limit=3), [call(i, "work", "{}") for i in range(12)], None)
    assert len(results(told)) == 12
    assert most == 3


def fails() -> None:
    raise ValueError("no such city")


async def leaves() -> None:
    raise SystemExit(3)


async def cancels() -> None:
    raise asyncio.CancelledError


def exits() -> None:
    raise SystemExit(3)


def sleeps() -> None:
    time.sleep(3)


def odd() -> object:
    return object


def strict(unit: Literal["C", "F"], days: Annotated[int, msgspec.Meta(ge=1)] = 1) -> str:
    return f"{unit}{days}"


@both
@pytest.mark.parametrize(
    ("events", "outcome", "says"),
    [
        (call(0, "fails", "{}"), "error", "ValueError: no such city"),
        (call(0, "leaves", "{}"), "error", "SystemExit"),
        (call(0, "exits", "{}"), "error", "SystemExit"),
        (call(0, "cancels", "{}"), "error", "CancelledError"),
        (call(0, "sleeps", "{}"), "timeout", "longer than 0.5 seconds"),
        (call(0, "odd", "{}"), "ok", "object"),
        (call(0, "nobody", "{}"), "unknown_tool", "there are: fails, leaves"),
        (call(0, "strict", '{"unit": "K"}'), "invalid_arguments", "unit"),
        (call(0, "strict", '{"unit": "C", "days": 0}'), "invalid_arguments", "days"),
        (call(0, "strict", '{"unit": "C", "days": "2"}'), "invalid_arguments", "`int`"),
        (call(0, "strict", "{}"), "invalid_arguments", "unit"),
        (call(0, "strict", '{"unit": "C", "more": 1}'), "invalid_arguments", "more"),
        (call(0, "strict", '{"unit": ' + "[" * 20_000 + "]" * 20_000 + "}"), "invalid_arguments", "deep"),
        (call(0, "strict", '{"unit": "C"}'), "ok", "C1"),
        (call(0, "strict", '{"unit": "C"', "truncated", "the text ended"), "not_run", "cut off: the text ended"),
        (call(0, "strict", '{"unit": "C"', "malformed", "a quote at 7"), "not_run", "malformed: a quote at 7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_goes_wrong_is_a_result(run: Run, events: list[Event], outcome: str, says: str) -> None:
    functions: list[Callable[..., Any]] = [fails, leaves, exits, cancels, sleeps, odd, strict]
    began = time.monotonic()
    told, turn = run(Dispatcher(functions, timeout=0.5), [events, ContentDelta("on")], None)
    assert time.monotonic() - began < 2.5  # nobody waits for what is given up
    (result,) = results(told)
    assert result.outcome == outcome
    assert says in result.content
    assert result in turn.results
    assert any(event == ContentDelta("on") for event in told)


DECLARED = [
    {"name": "find", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}
]


@both
@pytest.mark.parametrize(
    ("arguments", "outcome", "says"),
    [
        ('{"n": 3, "x": [1]}', "ok", '{"n":3,"x":[1]}'),
        ('{"n": "3"}', "invalid_arguments", "'3' is not of type 'integer' - at `$.n`"),
        ("{}", "invalid_arguments", "'n' is a required property"),
    ],
)
def test_arguments_are_checked_by_a_declared_schema(run: Run, arguments: str, outcome: str, says: str) -> None:
    dispatcher = Dispatcher({"find": lambda **arguments: arguments}, declarations=DECLARED)
    told, _ = run(dispatcher, [call(0, "find", arguments)], None)
    (result,) = results(told)
    assert result.outcome == outcome
    assert says in result.content


class Place(msgspec.Struct):
    city: str


def visit(place: Place, tags: list[str] = [], note: str | None = None) -> str:  # noqa: B006
    tags.append(note or "")
    return f"{place.city} {tags}"


def test_functions_declare_themselves() -> None:
    dispatcher = Dispatcher([add, visit])
    first, second = (tool["function"] for tool in dispatcher.tools)
    assert first == {
        "name": "add",
        "description": "Adds two numbers.\n\nb is one if it is left out.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 1}},
            "required": ["a"],
            "additionalProperties": False,
        },
    }
    assert second["parameters"]["required"] == ["place"]
    assert second["parameters"]["$defs"]["Place"]["properties"] == {"city": {"type": "string"}}
    for _ in range(2):  # a default is not shared by calls
        told, _turn = run_async(dispatcher, [call(0, "visit", '{"place": {"city": "Oslo"}, "note": "x"}')])
        assert results(told)[0].content == "Oslo ['x']"
    Parser("hermes", tools=dispatcher.tools)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Dispatcher([lambda *args: 1]), "<lambda>"),
        (lambda: Dispatcher([add, add]), "two functions"),
        (lambda: Dispatcher({}, declarations=DECLARED), "'find' is declared, but has no function"),
        (lambda: Dispatcher([add], declarations=[{"type": "function"}]), "name is missing"),
        (
            lambda: Dispatcher({"f": add}, declarations=[{"name": "f", "parameters": {"type": 3}}]),
            "no JSON schema",
        ),
    ],
)
def test_what_cannot_be_declared_is_told_at_once(make: Callable[[], Dispatcher], says: str) -> None:
    with pytest.raises(ToolsError, match=says):
        make()


class Gone(Exception):
    pass


def test_a_source_that_fails_raises_after_what_it_told() -> None:
    def failing() -> Iterator[Event]:
        yield ContentDelta("so far")
        raise Gone

    async def failing_too() -> AsyncIterator[Event]:
        for event in failing():
            yield event

    async def run() -> None:
        turn = aiter(Dispatcher([]).run(failing_too()))
        assert await anext(turn) == ContentDelta("so far")
        with pytest.raises(Gone):
            await anext(turn)

    asyncio.run(run())
    turn = iter(Dispatcher([]).run_sync(failing()))
    assert next(turn) == ContentDelta("so far")
    with pytest.raises(Gone):
        next(turn)


def test_a_turn_that_is_left_cancels_its_tools_and_reads_no_further() -> None:
    cancelled = asyncio.Event()
    read = 0

    async def forever() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def source() -> AsyncIterator[Any]:
        nonlocal read
        yield call(0, "forever", "{}")
        while True:
            read += 1
            yield ContentDelta("x")

    async def leave() -> None:
        turn = Dispatcher([forever]).run(source())
        async for event in turn:
            if isinstance(event, ContentDelta):
                break
        await asyncio.sleep(0.05)
        assert read < 200  # nothing is read that nobody takes
        await turn.aclose()
        assert cancelled.is_set()

    asyncio.run(asyncio.wait_for(leave(), PATIENCE))


def test_a_turn_that_is_left_reads_no_further_in_its_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[Any]:
        try:
            while True:
                yield ContentDelta("x")
        finally:
            closed.set()

    turn = Dispatcher([]).run_sync(source())
    for event in turn:
        assert event == ContentDelta("x")
        break
    turn.close()
    assert closed.wait(PATIENCE)


@both
def test_many_calls_cost_no_more_each(run: Run) -> None:
    """A turn of a thousand calls, with much content: nothing is built anew for each."""
    dispatcher = Dispatcher([later])
    content = [ContentDelta("x" * 100)] * 2000
    began = time.process_time()
    told, _ = run(dispatcher, [content, *(call(i, "nobody", "{}") for i in range(1000))], None)
    assert len(results(told)) == 1000
    assert time.process_time() - began < 5


def test_messages_for_every_protocol() -> None:
    events = [ContentDelta("Hm."), *call(0, "add", '{"a": 1}'), *call(1, "add", '{"a"', "truncated", "the text ended")]
    told, turn = run_async(Dispatcher([add]), [events])
    assert [result.outcome for result in turn.results] == ["ok", "not_run"]
    not_run = turn.results[1].content
    assert turn.messages("anthropic") == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Hm."},
                {"type": "tool_use", "id": "id-0", "name": "add", "input": {"a": 1}},
                {"type": "tool_use", "id": "id-1", "name": "add", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "id-0", "content": "2"},
                {"type": "tool_result", "tool_use_id": "id-1", "content": not_run, "is_error": True},
            ],
        },
    ]
    assert turn.messages("openai_responses") == [
        {"role": "assistant", "content": "Hm."},
        {"type": "function_call", "call_id": "id-0", "name": "add", "arguments": '{"a": 1}'},
        {"type": "function_call", "call_id": "id-1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "id-0", "output": "2"},
        {"type": "function_call_output", "call_id": "id-1", "output": not_run},
    ]
    ollama, first, _ = turn.messages("ollama")
    assert ollama["tool_calls"][0] == {"function": {"name": "add", "arguments": {"a": 1}}}
    assert first == {"role": "tool", "tool_name": "add", "content": "2"}
    assert follow_up(turn.message, turn.results) == turn.messages("openai_chat")
    assert len(results(told)) == 2


# -- finished values ---------------------------------------------------------------------------------------------------


def read_values(text: str, size: int) -> list[tuple[tuple[str | int, ...], Any]]:
    reader = ArgumentReader()
    return [pair for i in range(0, len(text), size) for pair in reader.feed(text[i : i + size])]


def test_values_are_told_when_they_are_over() -> None:
    reader = ArgumentReader()
    assert reader.feed('{"path": "a.py", "line') == [(("path",), "a.py")]
    assert reader.feed('s": [1, {"x": tru') == [(("lines", 0), 1)]
    assert reader.feed("e}") == [(("lines", 1, "x"), True), (("lines", 1), {"x": True})]
    assert reader.feed(', 2.50], "n": null') == [
        (("lines", 2), 2.5),
        (("lines",), [1, {"x": True}, 2.5]),
        (("n",), None),
    ]
    assert reader.feed("}") == [((), {"path": "a.py", "lines": [1, {"x": True}, 2.5], "n": None})]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=4), st.integers(1, 7), st.booleans())
def test_values_are_those_of_the_whole_however_it_is_cut(value: dict[str, Any], size: int, ascii_only: bool) -> None:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only)
        text.encode()
    except UnicodeEncodeError:
        return
    pairs = read_values(text, size)
    assert pairs[-1] == ((), value)
    for path, found in pairs:
        there: Any = value
        for step in path:
            there = there[step]
        assert found == there


def test_halves_of_characters_and_numbers_too_large() -> None:
    text = r'{"a": "x\ud83dy", "b": "\ud83d\ude00", "c": "\\ud83d", "d": 1e999, "e": 12345678901234567890,'
    text += r' "\udc00": "\ud83d"}'
    expected = {
        "a": "x\N{REPLACEMENT CHARACTER}y",
        "b": "\U0001f600",
        "c": r"\ud83d",
        "d": float("inf"),
        "e": 12345678901234567890,
        "\N{REPLACEMENT CHARACTER}": "\N{REPLACEMENT CHARACTER}",
    }
    for size in (1, 2, 3, 5, 7, len(text)):
        assert read_values(text, size)[-1] == ((), expected)


@pytest.mark.parametrize("text", ["x", '{"a" 1}', '{"a": 1}x', '{"a": 1} {'])
def test_what_is_no_json_raises_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|over"):
        read_values(text, 1)


def test_the_arguments_of_every_call_are_read_while_they_stream() -> None:
    for name in ("hermes", "qwen3_coder", "kimi_k2", "pythonic", "harmony"):
        for turn in turns_of(name):
            parser = Parser(turn.grammar, **turn.options)
            readers: dict[int, ArgumentReader] = {}
            told: dict[int, Any] = {}
            texts: dict[int, str] = {}
            events = [event for i in range(0, len(turn.text), 2) for event in parser.feed(turn.text[i : i + 2])]
            for event in [*events, *parser.finish(turn.finish)]:
                if isinstance(event, ToolCallStart):
                    readers[event.index], texts[event.index] = ArgumentReader(), ""
                elif isinstance(event, ArgumentsDelta):
                    texts[event.index] += event.text
                    for path, value in readers[event.index].feed(event.text):
                        if not path:
                            told[event.index] = value
                elif isinstance(event, ToolCallEnd) and event.status == "complete":
                    wanted = json.dumps(json.loads(texts[event.index]), ensure_ascii=False)
                    whole = wanted.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                    assert told[event.index] == json.loads(whole)
