"""Encoders: what clients rely on in each protocol, over the examples of every grammar, however the text is cut."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from helpers import Turn, format_names, number_ids, turns_of
from toolfeed import Accumulator, Message, Parser, ToolCall
from toolfeed.encoders import Encoder, Payload, Usage, anthropic, ollama, openai_chat, openai_responses
from toolfeed.events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart

USAGE = Usage(11, 7, cached=4, reasoning=2)

ENCODERS: dict[str, Callable[..., Encoder]] = {
    "openai_chat": lambda **options: openai_chat.Encoder("m", include_usage=True, **options),
    "openai_responses": lambda **options: openai_responses.Encoder("m", **options),
    "anthropic": lambda **options: anthropic.Encoder("m", **options),
    "ollama": lambda **options: ollama.Encoder("m", **options),
}


def batches_of(turn: Turn, size: int) -> list[list[Event]]:
    """The events of each fragment, and of the end."""
    parser = Parser(turn.grammar, ids=number_ids, **turn.options)
    cuts = [turn.text[i : i + size] for i in range(0, len(turn.text), size)]
    return [*(parser.feed(cut) for cut in cuts), parser.finish(turn.finish)]


def message_of(events: Iterable[Event]) -> Message:
    accumulator = Accumulator()
    accumulator.add(events)
    return accumulator.message


def stream(encoder: Encoder, batches: Iterable[Iterable[Event]], reason: str | None = "stop") -> list[Payload]:
    """What comes over the wire, read back from its bytes."""
    told = [payload for batch in batches for payload in encoder.encode(batch)] + encoder.finish(reason, USAGE)
    return [unframed(encoder.frame(payload)) for payload in told]


def unframed(frame: bytes) -> Payload:
    """The payload of a frame, by the rules of its transport."""
    text = frame.decode()
    if not text.endswith("\n\n"):
        assert text.splitlines() == [text.removesuffix("\n")]
        return dict(json.loads(text))
    *name, data = text.removesuffix("\n\n").splitlines()
    payload = dict(json.loads(data.removeprefix("data: ")))
    assert name in ([], [f"event: {payload.get('type')}"])
    return payload


class Read:
    """What a client makes of a stream: the text, the calls, and why it ended."""

    def __init__(self) -> None:
        self.content = ""
        self.reasoning = ""
        self.calls: list[dict[str, Any]] = []
        self.reason = ""
        self.usage: tuple[int, int] = (0, 0)


def read_openai_chat(payloads: list[Payload]) -> Read:
    read = Read()
    *chunks, end, usage = payloads
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant"}
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in payloads}) == 1
    for chunk in chunks:
        (choice,) = chunk["choices"]
        assert choice["finish_reason"] is None
        delta = choice["delta"]
        assert "role" not in delta or chunk is chunks[0]
        read.content += delta.get("content", "")
        read.reasoning += delta.get("reasoning_content", "")
        for call in delta.get("tool_calls", ()):
            if call["index"] == len(read.calls):
                assert set(call) == {"index", "id", "type", "function"}
                assert call["type"] == "function"
                read.calls.append({"id": call["id"], "name": call["function"]["name"], "arguments": ""})
            else:
                assert call["index"] == len(read.calls) - 1
                assert set(call) == {"index", "function"}
                assert set(call["function"]) == {"arguments"}
                assert call["function"]["arguments"]
            read.calls[-1]["arguments"] += call["function"]["arguments"]
    assert end["choices"][0]["delta"] == {}
    read.reason = end["choices"][0]["finish_reason"]
    assert usage["choices"] == []
    read.usage = (usage["usage"]["prompt_tokens"], usage["usage"]["completion_tokens"])
    return read


def read_openai_responses(payloads: list[Payload]) -> Read:
    read = Read()
    assert [payload["sequence_number"] for payload in payloads] == list(range(len(payloads)))
    assert [payload["type"] for payload in payloads[:2]] == ["response.created", "response.in_progress"]
    items: list[Payload] = []
    text = ""
    for payload in payloads[2:-1]:
        kind = payload["type"].removeprefix("response.")
        assert payload["output_index"] == len(items) - (kind != "output_item.added")
        match kind:
            case "output_item.added":
                items.append(payload["item"])
                text = ""
                if payload["item"]["type"] == "function_call":
                    call = {"id": payload["item"]["call_id"], "name": payload["item"]["name"], "arguments": ""}
                    read.calls.append(call)
            case "output_text.delta":
                read.content += payload["delta"]
                text += payload["delta"]
            case "reasoning_text.delta":
                read.reasoning += payload["delta"]
                text += payload["delta"]
            case "function_call_arguments.delta":
                read.calls[-1]["arguments"] += payload["delta"]
            case "function_call_arguments.done":
                assert payload["arguments"] == read.calls[-1]["arguments"]
            case "output_text.done" | "reasoning_text.done":
                assert payload["text"] == text
            case "output_item.done":
                assert payload["item"]["id"] == items[-1]["id"]
                items[-1] = payload["item"]
            case _:
                assert kind in ("content_part.added", "content_part.done")
    response = payloads[-1]["response"]
    assert payloads[-1]["type"] == f"response.{response['status']}"
    assert response["output"] == items
    if response["status"] == "incomplete":
        read.reason = "length"
    else:
        calls = [item for item in items if item["type"] == "function_call"]
        done = calls and all(item["status"] == "completed" for item in calls)
        read.reason = "tool_calls" if done else "stop"
    read.usage = (response["usage"]["input_tokens"], response["usage"]["output_tokens"])
    return read


def read_anthropic(payloads: list[Payload]) -> Read:
    read = Read()
    assert payloads[0]["type"] == "message_start"
    assert payloads[-1] == {"type": "message_stop"}
    index, block = -1, ""
    for payload in payloads[1:-2]:
        match payload["type"]:
            case "content_block_start":
                assert not block
                index += 1
                start = payload["content_block"]
                block = start["type"]
                if block == "tool_use":
                    assert start["input"] == {}
                    read.calls.append({"id": start["id"], "name": start["name"], "arguments": ""})
            case "content_block_delta":
                delta = payload["delta"]
                match delta["type"]:
                    case "text_delta":
                        assert block == "text"
                        read.content += delta["text"]
                    case "thinking_delta":
                        assert block == "thinking"
                        read.reasoning += delta["thinking"]
                    case _:
                        assert delta["type"] == "input_json_delta"
                        assert block == "tool_use"
                        read.calls[-1]["arguments"] += delta["partial_json"]
            case _:
                assert payload["type"] == "content_block_stop"
                block = ""
        assert payload["index"] == index
    assert not block
    end = payloads[-2]
    assert end["type"] == "message_delta"
    reasons = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
    read.reason = reasons[end["delta"]["stop_reason"]]
    usage = end["usage"]
    read.usage = (usage["input_tokens"] + usage["cache_read_input_tokens"], usage["output_tokens"])
    return read


def read_ollama(payloads: list[Payload]) -> Read:
    read = Read()
    assert [line["done"] for line in payloads] == [False] * (len(payloads) - 1) + [True]
    for line in payloads:
        read.content += line["message"]["content"]
        read.reasoning += line["message"].get("thinking", "")
        for call in line["message"].get("tool_calls", ()):
            function = call["function"]
            assert function["index"] == len(read.calls)
            read.calls.append({"id": call["id"], "name": function["name"], "arguments": function["arguments"]})
    last = payloads[-1]
    read.reason = last["done_reason"]
    if last["done_reason"] == "stop" and read.calls and not last.get("tool_call_errors"):
        read.reason = "tool_calls"
    read.usage = (last["prompt_eval_count"], last["eval_count"])
    return read


READERS: dict[str, Callable[[list[Payload]], Read]] = {
    "openai_chat": read_openai_chat,
    "openai_responses": read_openai_responses,
    "anthropic": read_anthropic,
    "ollama": read_ollama,
}

SPACE = " \t\r\n"

protocols = pytest.mark.parametrize("protocol", ENCODERS)


def without_space_beside_calls(message: Message) -> str:
    """The content without the whitespace that stands beside a call."""
    told, behind_call = "", False
    for part in message.parts:
        if isinstance(part, ToolCall):
            told, behind_call = told.rstrip(SPACE), True
        elif part.kind == "content":
            text = part.text.lstrip(SPACE) if behind_call else part.text
            told, behind_call = told + text, behind_call and not text
    return told


def as_object(arguments: str) -> Any:
    """What the wire, which is UTF-8, can say of the object: half a surrogate pair is U+FFFD."""
    text = json.dumps(json.loads(arguments), ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@pytest.mark.parametrize("name", format_names())
def test_a_client_reads_what_the_parser_told(name: str) -> None:
    for turn in turns_of(name):
        if len(turn.text) > 2000:
            continue
        batches = batches_of(turn, 7)
        message = message_of(event for batch in batches for event in batch)
        for protocol, encoder in ENCODERS.items():
            read = READERS[protocol](stream(encoder(), batches, turn.finish or "stop"))
            check(protocol, read, message, turn.finish or "stop")


def check(protocol: str, read: Read, message: Message, engine: str) -> None:
    complete = tuple(call for call in message.tool_calls if call.status == "complete")
    all_complete = bool(complete) and complete == message.tool_calls
    calls: list[tuple[str, str, Any]] = [(call.id, call.name, call.arguments) for call in message.tool_calls]
    if protocol == "ollama":
        calls = [(call.id, call.name, as_object(call.arguments)) for call in complete]
        if all_complete:
            engine = "stop"  # the protocol has one word for both
    assert [(call["id"], call["name"], call["arguments"]) for call in read.calls] == calls
    assert read.content == without_space_beside_calls(message)
    assert read.reasoning == message.reasoning
    assert read.reason == ("tool_calls" if all_complete else engine)
    assert read.usage == (USAGE.input, USAGE.output)


CALL: list[Event] = [
    ToolCallStart(0, "a", "f"),
    ArgumentsDelta(0, '{"x": '),
    ArgumentsDelta(0, "1}"),
    ToolCallEnd(0, "complete"),
]
CUT_OFF: list[Event] = [
    ToolCallStart(1, "b", "g"),
    ArgumentsDelta(1, '{"y": "'),
    ToolCallEnd(1, "truncated", "the text ended"),
]


@protocols
@pytest.mark.parametrize(
    ("events", "engine", "reason"),
    [
        ([ContentDelta("Hi")], "stop", "stop"),
        ([ContentDelta("Hi")], None, "stop"),
        ([ContentDelta("Hi")], "length", "length"),
        (CALL, "stop", "tool_calls"),
        (CALL, None, "tool_calls"),
        (CALL[:2], "length", "length"),
        ([*CALL, *CUT_OFF], "length", "length"),
        ([*CALL, *CUT_OFF], "stop", "stop"),
    ],
)
def test_the_reason_is_the_engines_unless_every_call_is_complete(
    protocol: str, events: list[Event], engine: str | None, reason: str
) -> None:
    read = READERS[protocol](stream(ENCODERS[protocol](), [events], engine))
    assert read.reason == reason


@protocols
def test_only_the_first_call_is_told_if_calls_must_not_be_parallel(protocol: str) -> None:
    events: list[Event] = [ContentDelta("Hm."), *CALL, ContentDelta("\n"), *CUT_OFF, ContentDelta("End.")]
    read = READERS[protocol](stream(ENCODERS[protocol](parallel_tool_calls=False), [events]))
    assert [call["name"] for call in read.calls] == ["f"]
    assert read.content == "Hm.End."
    assert read.reason == "tool_calls"


@protocols
@pytest.mark.parametrize("size", [1, 2, 100])
def test_no_whitespace_stands_beside_a_call(protocol: str, size: int) -> None:
    def cut(text: str) -> list[Event]:
        return [ContentDelta(text[i : i + size]) for i in range(0, len(text), size)]

    two: list[Event] = [ToolCallStart(1, "b", "g"), ArgumentsDelta(1, "{}"), ToolCallEnd(1, "complete")]
    events: list[Event] = [*cut("\n A  b \n\n"), *CALL, *cut(" \n "), *two, *cut("\n\nc \n")]
    read = READERS[protocol](stream(ENCODERS[protocol](), [[event] for event in events]))
    assert read.content == "\n A  bc \n"
    read = READERS[protocol](stream(ENCODERS[protocol](), [cut("\n"), CALL, cut("\n")]))
    assert read.content == ""
    read = READERS[protocol](stream(ENCODERS[protocol](), [cut(" \n")]))
    assert read.content == " \n"


@protocols
def test_whitespace_without_end_is_told_and_costs_no_more_than_text(protocol: str) -> None:
    encoder = ENCODERS[protocol]()
    pieces: list[list[Event]] = [[ContentDelta(" ")]] * 100_000
    began = time.process_time()
    told = sum(len(encoder.encode(piece)) for piece in pieces)
    assert time.process_time() - began < 5
    assert told >= 20
    for size in (1, 1000, 5000):
        space: list[list[Event]] = [[ContentDelta(" " * size)]] * (5000 // size)
        read = READERS[protocol](stream(ENCODERS[protocol](), [[ContentDelta("a")], *space, CALL]))
        assert read.content == "a" + " " * 4096


@protocols
def test_a_stream_of_nothing_is_a_whole_answer(protocol: str) -> None:
    read = READERS[protocol](stream(ENCODERS[protocol](), []))
    assert (read.content, read.reasoning, read.calls, read.reason) == ("", "", [], "stop")


@protocols
def test_text_that_no_utf8_can_say_and_line_breaks_that_clients_cut_at(protocol: str) -> None:
    text = "a\ud800b\ud83d\ude00c\u2028d\u2029e\x85f\x00g"
    read = READERS[protocol](stream(ENCODERS[protocol](), [[ContentDelta(text), ReasoningDelta(text)]]))
    assert read.content == read.reasoning == "a\N{REPLACEMENT CHARACTER}b\U0001f600c\u2028d\u2029e\x85f\x00g"


WHOLE: dict[str, Callable[..., Payload]] = {
    "openai_chat": openai_chat.completion,
    "openai_responses": openai_responses.response,
    "anthropic": anthropic.message,
    "ollama": ollama.chat,
}


def test_the_whole_completion_of_openai_chat() -> None:
    message = message_of([ReasoningDelta("Hm"), ContentDelta(" \n"), *CALL, *CUT_OFF])
    told = openai_chat.completion(message, "m", reason="length", usage=USAGE, id="x", created=1)
    assert told == {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "Hm",
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
                        {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"y": "'}},
                    ],
                },
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


def test_the_whole_message_of_anthropic_leaves_out_what_is_no_object() -> None:
    message = message_of([ReasoningDelta("Hm"), ContentDelta("Hi"), *CALL, *CUT_OFF])
    told = anthropic.message(message, "m", reason="length", usage=USAGE, id="x")
    assert told["content"] == [
        {"type": "thinking", "thinking": "Hm", "signature": ""},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
    ]
    assert told["stop_reason"] == "max_tokens"
    assert told["usage"]["input_tokens"] + told["usage"]["cache_read_input_tokens"] == 11


def test_the_whole_answer_of_ollama_says_what_it_leaves_out() -> None:
    message = message_of([ContentDelta("Hi"), *CALL, *CUT_OFF])
    told = ollama.chat(message, "m", reason="length", usage=USAGE, created=10**18, duration=5)
    assert told["message"] == {
        "role": "assistant",
        "content": "Hi",
        "tool_calls": [{"id": "a", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}}],
    }
    assert told["tool_call_errors"] == [{"name": "g", "status": "truncated", "error": "the text ended"}]
    assert (told["created_at"], told["done_reason"]) == ("2001-09-09T01:46:40Z", "length")


def test_the_whole_response_of_openai_is_what_its_stream_adds_up_to() -> None:
    events: list[Event] = [ReasoningDelta("Hm"), ContentDelta("Hi"), *CALL, *CUT_OFF]
    options: dict[str, Any] = {"id": "resp_x", "created": 1, "request": {"temperature": 0.5}}
    *_, end = stream(openai_responses.Encoder("m", **options), [events], "length")
    told = openai_responses.response(message_of(events), "m", reason="length", usage=USAGE, **options)
    assert told == end["response"]
    assert told["temperature"] == 0.5
    assert [item["status"] for item in told["output"]] == ["completed", "completed", "completed", "incomplete"]
    text = openai_responses.response(message_of([ContentDelta("Hi")]), "m", reason="length")
    assert text["output"][0]["status"] == "incomplete"


@protocols
def test_a_call_too_deep_for_python_breaks_nothing(protocol: str) -> None:
    deep = '{"x": ' + "[" * 20_000 + "]" * 20_000 + "}"
    events: list[Event] = [ToolCallStart(0, "a", "f"), ArgumentsDelta(0, deep), ToolCallEnd(0, "complete")]
    encoder = ENCODERS[protocol]()
    assert [encoder.frame(payload) for payload in [*encoder.encode(events), *encoder.finish()]]
    WHOLE[protocol](message_of(events), "m")


@protocols
def test_a_stream_that_breaks_keeps_what_was_told(protocol: str) -> None:
    encoder = ENCODERS[protocol]()
    told = encoder.encode([ContentDelta("so far")])
    (*_, last) = [unframed(encoder.frame(payload)) for payload in [*told, *encoder.error("the engine is gone")]]
    assert "the engine is gone" in json.dumps(last)
    if protocol == "openai_responses":
        assert last["response"]["output"][0]["content"][0]["text"] == "so far"
