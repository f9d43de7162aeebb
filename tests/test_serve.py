"""The server as a server: what it bounds, what it passes on, and what becomes of streams that break."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx2 as httpx
import ollama
import openai
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from helpers import format_names
from serving import PATIENCE, Endless, function_tool, running, serving, wait_for, weather_tool
from toolfeed import Grammar
from toolfeed.cli.app import commands
from toolfeed.serve import End, Replay, Request, SourceError, Stream, Upstream, create_app
from toolfeed.serve.command import make_upstream
from toolfeed.serve.replay import ScriptTurn, load_script, sample
from toolfeed.serve.server import make_server
from toolfeed.serve.source import Item
from toolfeed.serve.template import ChatTemplate

HI: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
http = httpx.Client(timeout=PATIENCE)  # one for all: to make one takes longer than most requests
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat")


def body_for(path: str, model: str = "replay/hermes", *, stream: bool = True) -> dict[str, Any]:
    """A request in the protocol of a path."""
    body: dict[str, Any] = {"model": model, "stream": stream}
    return body | ({"input": "Hi"} if path == "/v1/responses" else HI | {"max_tokens": 1000})


def upstream(url: str, format: str, *, template: str | None = None) -> Upstream:
    """What `toolfeed serve --upstream` makes of its options."""
    return make_upstream(
        url, format, template=template, start=None, tool_choice="none", body=None, key="", timeout=PATIENCE
    )


# -- formats -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replay_url() -> Iterator[str]:
    with running(Replay()) as url:
        yield url


@pytest.mark.parametrize("name", format_names())
def test_the_scripted_model_calls_in_every_format(replay_url: str, name: str) -> None:
    choice = {"type": "function", "function": {"name": "get_weather"}}
    request = {
        "model": f"replay/{name}",
        "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
        "tools": [weather_tool()],
        "tool_choice": choice,
    }
    answer = http.post(f"{replay_url}/v1/chat/completions", json=request).json()
    message = answer["choices"][0]["message"]
    assert [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in message["tool_calls"]] == [
        ("get_weather", {"city": "Paris"})
    ]
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


def test_a_raw_model_leaves_the_markup_in(replay_url: str) -> None:
    request = {"model": "raw/hermes", "tools": [weather_tool()], **HI}
    answer = http.post(f"{replay_url}/v1/chat/completions", json=request).json()
    assert "<tool_call>" in answer["choices"][0]["message"]["content"]


def test_a_request_s_model_tells_its_format(replay_url: str) -> None:
    with running(upstream(replay_url, "auto")) as url:

        def ask(model: str) -> httpx.Response:
            request = {"model": model, "tools": [weather_tool()], **HI}
            return httpx.post(f"{url}/v1/chat/completions", json=request, timeout=PATIENCE)

        for model in "raw/kimi_k2", "raw/mistral":
            message = ask(model).json()["choices"][0]["message"]
            assert [call["function"]["name"] for call in message["tool_calls"]] == ["get_weather"]
        refused = ask("raw/unheard-of")
        assert refused.status_code == 400
        assert "raw/unheard-of" in refused.json()["error"]["message"]


def test_turns_of_a_script(tmp_path: Path) -> None:
    (tmp_path / "turns.toml").write_text(
        """
        [[turns]]
        user = "WEATHER"
        tools = ["get_weather"]
        after = "user"
        content = "One moment."
        more = "It will take a second."
        calls = [{ name = "get_weather", arguments = { city = "Oslo" } }]

        [[turns]]
        after = "result"
        content = "They say: {results}."

        [[turns]]
        formats = ["hermes"]
        text = "plain <tool_call> text"
        """
    )
    messages: list[Any] = [{"role": "user", "content": "the weather, please"}]
    with running(Replay(load_script(tmp_path))) as url:

        def ask(model: str = "replay/qwen3_coder", **more: Any) -> dict[str, Any]:
            request = {"model": model, "messages": messages, **more}
            message = http.post(f"{url}/v1/chat/completions", json=request).json()["choices"][0]["message"]
            assert isinstance(message, dict)
            return message

        assert ask("replay/hermes")["content"] == "plain <tool_call> text"
        first = ask(tools=[weather_tool()])
        assert first["content"] == "One moment.It will take a second."
        (call,) = first["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
        messages += [first, {"role": "tool", "tool_call_id": call["id"], "content": "sun"}]
        assert ask(tools=[weather_tool()])["content"] == "They say: sun."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[turns]]\nusr = 1", "usr"),
        ("[[turns", "turns.toml"),
        ("", "no .toml file with"),
        ("[[turns]]\ncalls = 3", "calls"),
    ],
)
def test_a_script_that_cannot_be_read_says_why(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "turns.toml").write_text(text)
    assert says in refused("--replay", str(tmp_path))


def test_arguments_fit_any_schema(replay_url: str) -> None:
    properties = {
        "unit": {"enum": ["K", "C"]},
        "limit": {"type": "integer", "minimum": 7},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "deep": {"$ref": "#/$defs/deep"},
        "loop": {"$ref": "#/properties/loop"},
        "either": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    }
    tool = function_tool("f", properties, list(properties))
    tool["function"]["parameters"]["$defs"] = {"deep": {"type": "object", "properties": {"x": {"type": "number"}}}}
    answer = http.post(f"{replay_url}/v1/chat/completions", json={"model": "replay/hermes", "tools": [tool], **HI})
    (call,) = answer.json()["choices"][0]["message"]["tool_calls"]
    arguments = json.loads(call["function"]["arguments"])
    assert arguments["unit"] == "K"
    assert arguments["limit"] >= 7
    assert len(arguments["tags"]) == 2
    assert isinstance(arguments["deep"]["x"], int)
    assert arguments["either"] is True


# -- many at once ------------------------------------------------------------------------------------------------------


def test_two_hundred_streams_lose_and_mix_nothing() -> None:
    """Through both servers: an engine that leaves markup in, and the one that reads it."""
    formats = ("hermes", "xlam", "qwen3_coder", "kimi_k2", "pythonic", "harmony")
    with running(Replay(cut=20)) as raw:
        source = Upstream(raw, lambda model: Grammar.load(model.removeprefix("raw/")))
        with running(source) as url:
            results = asyncio.run(ask_all(url, formats, 200))
    assert len(results) == 200
    for number, (content, arguments) in enumerate(results):
        if number % 2:
            assert arguments == []
            assert content == f"Here is what I found: {long_text(number)}"
        else:
            assert [json.loads(text) for text in arguments] == [{"city": f"City{number}", "note": f"City{number}"}]


def long_text(number: int) -> str:
    return " ".join(f"{number}:{i}" for i in range(60))


async def ask_all(url: str, formats: tuple[str, ...], count: int) -> list[tuple[str, list[str]]]:
    tool = function_tool("find", {"city": {"type": "string"}, "note": {"type": "string"}}, ["city", "note"])
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def ask(number: int) -> tuple[str, list[str]]:
            messages: list[Any] = [{"role": "user", "content": f"Please find City{number} for me"}]
            if number % 2:
                messages.append({"role": "tool", "tool_call_id": "1", "content": long_text(number)})
            request = {
                "model": f"raw/{formats[number % len(formats)]}",
                "messages": messages,
                "tools": [tool],
                "stream": True,
            }
            content, arguments = "", list[str]()
            async with client.stream("POST", f"{url}/v1/chat/completions", json=request) as answer:
                async for line in answer.aiter_lines():
                    if not line.startswith("data: {"):
                        continue
                    for choice in json.loads(line[6:])["choices"]:
                        content += choice["delta"].get("content", "")
                        for call in choice["delta"].get("tool_calls", ()):
                            arguments += [""] if "id" in call else []
                            arguments[call["index"]] += call["function"]["arguments"]
            return content, arguments

        return await asyncio.gather(*(ask(number) for number in range(count)))


# -- clients that go away, or do not read ------------------------------------------------------------------------------


@contextmanager
def begun(url: str, path: str = "/v1/chat/completions") -> Iterator[socket.socket]:
    """A connection on which a stream has begun, whose answer nobody reads any further."""
    body = json.dumps(body_for(path, "raw/endless")).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + body)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        yield connection


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_goes_away_cancels_its_stream_and_the_upstreams(path: str) -> None:
    source = Endless()
    with running(source) as engine, running(Upstream(engine, Grammar.load("hermes"))) as url:
        with begun(url, path):
            wait_for(lambda: source.pieces > 3)
            assert source.left == 0
        wait_for(lambda: source.left == 1)


def test_a_client_that_goes_away_before_the_answer_cancels_it_too() -> None:
    source = Endless()
    a_moment = httpx.Timeout(PATIENCE, read=0.3)
    with running(source) as url:
        with pytest.raises(httpx.ReadTimeout):
            http.post(f"{url}/v1/chat/completions", json={"model": "raw/endless", **HI}, timeout=a_moment)
        wait_for(lambda: source.left == 1)


def test_nothing_is_read_that_the_client_does_not_take() -> None:
    source = Endless("x" * 10_000, 0)
    with running(source, send_timeout=1) as url, begun(url):
        wait_for(lambda: source.left == 1)  # after a while the client is given up
        assert source.pieces < 5000  # the buffers of two sockets, and no more


# -- upstreams that fail -----------------------------------------------------------------------------------------------


@contextmanager
def engine(*chunks: bytes, status: str = "200 OK", media: str = "text/event-stream") -> Iterator[str]:
    """A server that sends these bytes whatever it is asked, and closes the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(f"HTTP/1.1 {status}\r\ncontent-type: {media}\r\nconnection: close\r\n\r\n".encode())
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def chunk(**delta: Any) -> bytes:
    """A chat completion chunk as an engine sends it."""
    reason = delta.pop("finish_reason", None)
    return (
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}).encode() + b"\n\n"
    )


def hermes(url: str, **options: Any) -> Upstream:
    return Upstream(url, Grammar.load("hermes"), **options)


BROKEN = (chunk(content="so far "), chunk(content='so good <tool_call>{"name": "f", "arg'))


def read_until_error(texts: Iterable[str | None], error: type[Exception]) -> str:
    """What came before the error, which says that the engine's answer ended too early."""
    came: list[str] = []

    def read() -> None:
        came.extend(text or "" for text in texts)

    with pytest.raises(error, match="ended its answer in the middle"):
        read()
    return "".join(came)


def test_a_stream_that_breaks_keeps_what_came_and_ends_with_an_error() -> None:
    with engine(*BROKEN) as broken, running(hermes(broken)) as url:
        with openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0) as client:
            chunks = client.chat.completions.create(model="m", stream=True, messages=HI["messages"])
            text = read_until_error((part.choices[0].delta.content for part in chunks), openai.APIError)
            # Without tools no call can begin: what looks like one is text.
            assert text == 'so far so good <tool_call>{"name": "f", "arg'
            *_, last = client.responses.create(model="m", stream=True, input="Hi")
            assert last.type == "response.failed"
            assert last.response.error
            assert last.response.output_text == text
        with (
            anthropic.Anthropic(base_url=url, api_key="key", max_retries=0) as other,
            other.messages.stream(model="m", messages=HI["messages"], max_tokens=9) as stream,
        ):
            assert read_until_error(stream.text_stream, anthropic.APIStatusError) == text
        with ollama.Client(host=url) as third:
            lines = third.chat(model="m", messages=HI["messages"], stream=True)
            assert read_until_error((line.message.content for line in lines), ollama.ResponseError) == text
        whole = http.post(f"{url}/v1/chat/completions", json={"model": "m", **HI})
        assert whole.status_code == 502


def test_a_call_in_a_stream_that_breaks_is_not_whole() -> None:
    with engine(*BROKEN, chunk(content='uments": {"x": 1')) as broken, running(hermes(broken)) as url:
        request = {"model": "m", "stream": True, "tools": [weather_tool()], **HI}
        lines = http.post(f"{url}/v1/chat/completions", json=request).text.splitlines()
        tool = {"name": "get_weather", "input_schema": {"type": "object"}}
        messages = http.post(f"{url}/v1/messages", json={**request, "max_tokens": 9, "tools": [tool]}).text
    assert messages.count("event: content_block_start") == messages.count("event: content_block_stop") + 1
    assert messages.rindex("event: error") > messages.rindex("input_json_delta")
    payloads = [json.loads(line[6:]) for line in lines if line]
    assert "error" in payloads[-1]
    deltas = [payload["choices"][0]["delta"] for payload in payloads[:-1]]
    calls = [call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", ())]
    assert "".join(calls) == '{"x": 1'
    assert not any(payload["choices"][0]["finish_reason"] for payload in payloads[:-1])


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ((b"data: {nonsense\n\n",), "no JSON"),
        ((b'data: {"error": {"message": "out of memory"}}\n\n',), "out of memory"),
        ((b"data: " + b"x" * (2**20 + 10),), "too long"),
        ((b'data: {"choices": [{"delta": "Hi."}]}\n\n',), "'delta' has another type"),
        ((b'data: {"choices": [{"delta": {"content": ["Hi."]}}]}\n\n',), "'content' has another type"),
        ((b'data: {"choices": [{"delta": {"tool_calls": 1}}]}\n\n',), "'tool_calls' has another type"),
        ((b'data: {"choices": [{"delta": {"tool_calls": [1]}}]}\n\n',), "'tool_calls' has another type"),
        ((b'data: {"choices": [{"delta": {"tool_calls": [{"index": []}]}}]}\n\n',), "'index' has another type"),
        (
            (b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"name": 1}}]}}]}\n\n',),
            "'name' has another type",
        ),
        ((b'data: {"choices": [{"finish_reason": 1}]}\n\n',), "'finish_reason' has another type"),
        ((b"data: [DONE]\n\n",), "in the middle"),
        ((), "in the middle"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_upstream_may_not_send(chunks: tuple[bytes, ...], says: str) -> None:
    with engine(*chunks) as broken, running(hermes(broken)) as url:
        answer = http.post(f"{url}/v1/chat/completions", json={"model": "m", **HI})
    assert answer.status_code == 502
    assert says in answer.json()["error"]["message"]


def test_bytes_may_come_in_any_pieces() -> None:
    stream = b": a comment\r\n\r\nevent: chunk\r\n"
    stream += chunk(content="Zürich € \N{ROBOT FACE}").replace(b"\n", b"\r\n").replace(b"data: ", b"data:")
    stream += chunk(finish_reason="stop") + b"data: [DONE]\n\n"
    raw = stream.replace(rb"\u00fc", "ü".encode()).replace(rb"\u20ac", "€".encode())
    assert raw != stream
    for size in (1, 2, 7):
        pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
        with engine(*pieces) as upstream, running(hermes(upstream)) as url:
            answer = http.post(f"{url}/v1/chat/completions", json={"model": "m", **HI}).json()
        assert answer["choices"][0]["message"]["content"] == "Zürich € \N{ROBOT FACE}"


@pytest.mark.parametrize(
    ("status", "body", "expected", "says"),
    [
        ("401 Unauthorized", b'{"error": {"message": "wrong key"}}', 401, "wrong key"),
        ("400 Bad Request", b'{"object": "error", "message": "too long a prompt"}', 400, "too long a prompt"),
        ("422 Unprocessable", b'{"detail": "no such field"}', 422, "no such field"),
        ("500 Oh", b"<html>", 502, "<html>"),
        ("503 Busy", b"", 503, "refused"),
    ],
)
def test_what_an_upstream_refuses_is_told(status: str, body: bytes, expected: int, says: str) -> None:
    with engine(body, status=status) as refusing, running(hermes(refusing)) as url:
        for stream in (True, False):
            answer = http.post(f"{url}/v1/messages", json=body_for("/v1/messages", stream=stream))
            assert answer.status_code == expected
            assert says in answer.json()["error"]["message"]


def test_an_upstream_that_is_not_there_or_silent() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        source = hermes(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with running(source) as url:
            assert http.post(f"{url}/api/chat", json=body_for("/api/chat")).status_code == 502
            assert http.get(f"{url}/v1/models").status_code == 502
    with running(Endless(pause=3600)) as silent, running(hermes(silent, timeout=0.3)) as url:
        answer = http.post(f"{url}/v1/chat/completions", json={"model": "m", **HI})
    assert answer.status_code == 504


def test_calls_and_reasoning_that_an_upstream_has_read_itself() -> None:
    """As engines do when a request names a tool; and halves of a character, cut in two."""

    def call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        name = {"name": "get_weather"} if more else {}
        return {"index": index, **more, "function": {**name, "arguments": arguments}}

    chunks = (
        chunk(role="assistant", content=""),
        chunk(reasoning="Hm."),
        chunk(content='<tool_call>{"name": "get_weather", "arguments": {"city": "A"}}</tool_call>\ud83d'),
        chunk(content="\ude00"),
        chunk(tool_calls=[call(0, "", id="x")]),
        chunk(tool_calls=[call(0, '{"city": "B"}')]),
        chunk(tool_calls=[call(1, '{"city": "C"}', id="y")]),
        chunk(finish_reason="tool_calls"),
    )
    with engine(*chunks) as parsing, running(hermes(parsing)) as url:
        request = {"model": "m", "tools": [weather_tool()], **HI}
        choice = http.post(f"{url}/v1/chat/completions", json=request).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["reasoning_content"] == "Hm."
    assert choice["message"]["content"] == "\U0001f600"
    calls = choice["message"]["tool_calls"]
    assert [json.loads(call["function"]["arguments"])["city"] for call in calls] == ["A", "B", "C"]
    assert [call["id"] for call in calls][1:] == ["x", "y"]


# -- what is passed on -------------------------------------------------------------------------------------------------


class Recording:
    """An engine that keeps what it is asked, and says one word."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        routes = [Route(f"/v1/{path}", self.answer, methods=["POST"]) for path in ("chat/completions", "completions")]
        self.app = Starlette(routes=routes)

    async def answer(self, asked: HttpRequest) -> Response:
        self.asked.append((asked.url.path, asked.headers.get("authorization", ""), await asked.json()))
        usage = {"prompt_tokens": 3, "completion_tokens": 1}
        if asked.url.path == "/v1/completions":
            return JSONResponse({"choices": [{"text": "word", "finish_reason": "stop"}], "usage": usage})
        message = {"role": "assistant", "content": "word"}
        return JSONResponse({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})


def test_what_the_upstream_is_asked_and_told_of_keys(caplog: pytest.LogCaptureFixture) -> None:
    recording = Recording()
    secret, own = "sk-client-secret", "sk-own-secret"
    caplog.set_level(logging.DEBUG)
    with running(recording.app) as engine_url:
        with running(hermes(engine_url, body={"top_k": 7, "stream_options": None})) as url:
            request = {"model": "m", "tools": [weather_tool()], "temperature": 0, "stop": ["x"], **HI}
            answer = http.post(
                f"{url}/v1/chat/completions", json=request, headers={"authorization": f"Bearer {secret}"}
            )
            assert answer.json()["choices"][0]["message"]["content"] == "word"
            assert answer.json()["usage"]["prompt_tokens"] == 3
            http.post(f"{url}/v1/messages", json=body_for("/v1/messages"), headers={"x-api-key": secret})
            http.post(f"{url}/api/chat", json=body_for("/api/chat"))
            assert http.post(f"{url}/api/chat", json=body_for("/api/chat"), headers={b"x-api-key": b"\xe9"}).is_success
        with running(hermes(engine_url, key=own)) as url:
            http.post(f"{url}/v1/messages", json=body_for("/v1/messages"), headers={"x-api-key": secret})
    asked = [f"Bearer {secret}", f"Bearer {secret}", "", "Bearer \xe9", f"Bearer {own}"]
    assert [key for _, key, _ in recording.asked] == asked
    assert secret not in caplog.text
    assert own not in caplog.text
    assert "m" in caplog.text  # there is a log
    body = recording.asked[0][2]
    assert body == {
        "model": "m",
        "messages": HI["messages"],
        "tools": [weather_tool()],
        "tool_choice": "none",
        "temperature": 0,
        "stop": ["x"],
        "top_k": 7,
        "stream": True,
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
    }


def test_conversations_are_translated() -> None:
    recording = Recording()
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
    expected: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sun"},
    ]
    responses = {
        "model": "m",
        "instructions": "Be brief.",
        "max_output_tokens": 5,
        "tools": [{"type": "function", "name": "get_weather", "parameters": schema}],
        "tool_choice": {"type": "function", "name": "get_weather"},
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}]},
            {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city": "Oslo"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "sun"},
        ],
    }
    messages = {
        "model": "m",
        "system": [{"type": "text", "text": "Be brief."}],
        "max_tokens": 5,
        "tools": [{"name": "get_weather", "input_schema": schema}],
        "tool_choice": {"type": "tool", "name": "get_weather"},
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Oslo"}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "sun"}]}],
            },
        ],
    }
    with running(recording.app) as engine_url, running(hermes(engine_url)) as url:
        assert http.post(f"{url}/v1/responses", json=responses).status_code == 200
        assert http.post(f"{url}/v1/messages", json=messages).status_code == 200
    for _, _, body in recording.asked:
        assert body["messages"] == expected
        assert body["tools"] == [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]
        assert body["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
        assert body["max_tokens"] == 5


def test_a_chat_template_makes_the_prompt() -> None:
    template = ChatTemplate(
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
        "{% for c in m.tool_calls or [] %}{{ c.function.arguments.city }}{% endfor %}{% endfor %}"
        "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}"
        "{% if messages | length > 3 %}{{ raise_exception('too many') }}{% endif %}"
        "<assistant>{% if enable_thinking %}<think>\n{% endif %}"
    )
    recording = Recording()
    with running(recording.app) as engine_url, running(hermes(engine_url, render=template)) as url:
        call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Oslo"}'}}
        history = [*HI["messages"], {"role": "assistant", "content": None, "tool_calls": [call]}]
        thinking = {"chat_template_kwargs": {"enable_thinking": True}}
        answer = http.post(f"{url}/v1/chat/completions", json={"model": "m", "messages": history, **thinking}).json()
        refused = http.post(f"{url}/v1/chat/completions", json={"model": "m", "messages": history * 2})
    ((path, _, body),) = recording.asked
    assert path == "/v1/completions"
    assert body["prompt"] == "<user>Hi<assistant>NoneOslo<assistant><think>\n"
    assert "messages" not in body
    assert "chat_template_kwargs" not in body
    # The prompt ends inside reasoning.
    assert answer["choices"][0]["message"]["reasoning_content"] == "word"
    assert refused.status_code == 400
    assert "too many" in refused.json()["error"]["message"]


def test_arguments_for_a_schema_that_refers_to_itself_in_many_places_are_small() -> None:
    node = {"type": "array", "minItems": 8, "items": {"$ref": "#"}}
    schema = {"type": "object", "properties": {f"key{i}": node for i in range(30)}}
    value = sample(schema, [], schema)
    assert set(value) == set(schema["properties"])
    assert len(json.dumps(value)) < 200_000


# -- bad requests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/chat/completions", b"{nonsense", "no JSON"),
        ("/v1/chat/completions", b"\xff\xfe", "no JSON"),
        ("/v1/chat/completions", b"[" * 100_000, "no JSON"),
        ("/v1/chat/completions", b"[]", "must be an object"),
        ("/v1/chat/completions", b"", "no JSON"),
        ("/v1/chat/completions", {"model": "replay/hermes"}, "messages must be a list"),
        ("/v1/chat/completions", {"model": 7, **HI}, "model must be a text"),
        ("/v1/chat/completions", {"model": "replay/hermes", "messages": ["Hi"]}, "messages[0] must be an object"),
        ("/v1/chat/completions", {"model": "replay/hermes", "messages": [{}]}, "messages[0].role"),
        ("/v1/chat/completions", {"model": "replay/hermes", "n": 2, **HI}, "n must be 1"),
        ("/v1/chat/completions", {"model": "replay/hermes", "stream": "yes", **HI}, "stream must be true or false"),
        ("/v1/chat/completions", {"model": "replay/hermes", "max_tokens": 0, **HI}, "positive"),
        ("/v1/chat/completions", {"model": "replay/hermes", "tools": {}, **HI}, "tools must be a list"),
        ("/v1/chat/completions", {"model": "replay/hermes", "tools": [{"type": "function"}], **HI}, "tools[0].name"),
        ("/v1/chat/completions", {"model": "replay/hermes", "tool_choice": "maybe", **HI}, "tool_choice"),
        (
            "/v1/chat/completions",
            {"model": "replay/hermes", "tools": [weather_tool(), weather_tool(description="x")], **HI},
            "get_weather",
        ),
        ("/v1/responses", {"model": "replay/hermes"}, "input must be a list"),
        ("/v1/chat/completions", {"model": "m" * 1000, **HI}, "longer than 512"),
        ("/v1/responses", {"model": "replay/hermes", "input": [{"type": "reasoning", "content": 5}]}, "content"),
        ("/v1/responses", {"model": "m", "input": [{"type": "reasoning", "content": [{"text": 5}]}]}, "text"),
        ("/v1/responses", {"model": "replay/hermes", "input": "Hi", "background": True}, "background"),
        ("/v1/responses", {"model": "replay/hermes", "input": [{"type": "mcp_call"}]}, "mcp_call"),
        ("/v1/responses", {"model": "replay/hermes", "input": "Hi", "tools": [{"type": "web_search"}]}, "web_search"),
        ("/v1/messages", {"model": "replay/hermes", "messages": [{"role": "user", "content": 3}]}, "content"),
        ("/v1/messages", {"model": "replay/hermes", "tool_choice": {"type": "x"}, **HI}, "tool_choice"),
        ("/v1/messages", {"model": "replay/hermes", "tool_choice": {"type": []}, **HI}, "tool_choice"),
        ("/api/chat", {"model": "replay/hermes", "options": 3, **HI}, "options must be an object"),
        ("/api/chat", {"model": "", **HI}, "model must be a text"),
        ("/api/chat", {"model": "m", "messages": [{"role": "user", "tool_calls": 5}]}, "tool_calls must be a list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_request_is_told_what_is_wrong(replay_url: str, path: str, body: Any, says: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post(f"{replay_url}{path}", content=content)
    assert answer.status_code == 400
    assert says in answer.text.replace('\\"', '"')
    error = answer.json()["error"]
    assert isinstance(error, str) == (path == "/api/chat")


def test_requests_are_bounded() -> None:
    with running(Replay(), max_body=2000, body_timeout=1) as url:
        post: Callable[..., httpx.Response] = lambda **more: http.post(f"{url}/v1/chat/completions", **more)  # noqa: E731
        assert post(content=b"x" * 3000).status_code == 413
        assert post(content=iter([b"x" * 1000] * 3)).status_code == 413
        assert post(content=b"{}", headers={"x-long": "y" * 100_000}).status_code == 400
        assert post(json={"model": "replay/hermes", **HI}).status_code == 200
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as slow:
            slow.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{")
            assert slow.recv(12) == b"HTTP/1.1 408"


def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolfeed.serve.server.HEAD_TIMEOUT", 0.2)
    with running(Replay()) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as idle:
            idle.sendall(b"POST /v1/messages HTTP/1.1\r\nx: ")
            assert idle.recv(1) == b""


def test_what_is_served_nowhere(replay_url: str) -> None:
    assert "/v1/messages" in http.get(f"{replay_url}/").json()["error"]["message"]
    assert http.get(f"{replay_url}/v1/messages").status_code == 405
    assert http.get(f"{replay_url}/health").json() == {"status": "ok"}


# -- the end -----------------------------------------------------------------------------------------------------------


class Paced:
    """A source of a few pieces, and a pause between them."""

    def __init__(self, pieces: int, pause: float) -> None:
        self._pieces = pieces
        self._pause = pause
        self.told = 0

    async def models(self, key: str = "") -> list[str]:
        raise SourceError(503, "not now")

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        yield Stream(self._items(), None)

    async def _items(self) -> AsyncIterator[Item]:
        for number in range(self._pieces):
            self.told += 1
            yield f"{number};"
            await asyncio.sleep(self._pause)
        yield End()

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("pieces", "grace", "ends"), [(8, PATIENCE, "data: [DONE]"), (1000, 1, "shutting down")], ids=["ends", "is cut off"]
)
def test_a_server_that_is_told_to_end_lets_answers_end(pieces: int, grace: int, ends: str) -> None:
    source = Paced(pieces, 0.05)
    server = make_server(create_app(source), grace=grace)
    with (
        serving(server) as (url, thread),
        http.stream("POST", f"{url}/v1/chat/completions", json={"model": "m", "stream": True, **HI}) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        wait_for(lambda: source.told > 2)
        server.should_exit = True
        rest = [line for line in lines if line]
        assert ends in rest[-1]
        assert any('"2;"' in line for line in rest)
        wait_for(lambda: not thread.is_alive())
        with pytest.raises(httpx.ConnectError):
            http.get(f"{url}/health")


# -- the command -------------------------------------------------------------------------------------------------------

TOOLFEED = [sys.executable, "-c", "from toolfeed.cli import main; main()", "serve"]


def refused(*arguments: str) -> str:
    """What the command says about bad options: one line."""
    result = CliRunner().invoke(commands, ["serve", *arguments])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("toolfeed: ")
    return line


def test_the_command_shows_a_line_that_works_and_ends_with_a_signal() -> None:
    env = {key: value for key, value in os.environ.items() if key != "TOOLFEED_UPSTREAM_KEY"}
    with subprocess.Popen(
        [*TOOLFEED, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout
        said = ""
        while "curl" not in said:
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            said += line
        assert "http://127.0.0.1:" in said
        program, *words = shlex.split(said.splitlines()[-1])
        assert program == "curl"
        url, body = words[words.index("-N") + 1], words[words.index("-d") + 1]
        lines = http.post(url, content=body, headers={"content-type": "application/json"}).text.split("\n\n")
        assert [line for line in lines if line][-1] == "data: [DONE]"
        assert '"finish_reason":"tool_calls"' in lines[-3]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--upstream", "ftp://x", "--format", "hermes"], "http://"),
        (["--upstream", "http://x", "--format", "hermez"], "hermes"),
        (["--upstream", "http://x", "--format", "hermes", "--body", "{"], "--body"),
        (["--upstream", "http://x", "--format", "hermes", "--body", "3"], "--body"),
        (["--upstream", "http://x", "--format", "hermes", "--chat-template", "none.jinja"], "none.jinja"),
        (["--upstream", "http://x", "--format", "hermes", "--replay"], "--replay"),
        (["--format", "hermes"], "--upstream"),
        (["--replay", "/nowhere"], "/nowhere"),
        (["--port", "70000"], "70000"),
        (["--host", "256.1.1.1", "--port", "0"], "256.1.1.1"),
        (["--cut", "0"], "--cut"),
        (["--allow-host", "http://models.lan"], "--allow-host"),
        (["--allow-host", "models.lan:8000"], "--allow-host"),
        (["--allow-origin", "example.org"], "--allow-origin"),
        (["--allow-origin", "https://example.org/chat"], "--allow-origin"),
        (["--max-bodies", "1000"], "--max-body"),
        (["--keep-alive", "-1"], "--keep-alive"),
        (["--keep-alive", "nan"], "--keep-alive"),
        (["--keep-alive", "0.001"], "--keep-alive"),
        (["--upstream", "http://x", "--timeout", "nan"], "--timeout"),
        (["--allow-origin", "https://*.example.org"], "--allow-origin"),
        (["--allow-host", "*.example.org"], "--allow-host"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_option_is_one_line_and_exit_code_2(arguments: list[str], says: str) -> None:
    assert says in refused(*arguments)


def test_a_request_names_a_format_and_no_file(replay_url: str) -> None:
    for model in ("replay/../x.toml", "replay/x.toml", "raw//etc/passwd", "nothing"):
        answer = http.post(f"{replay_url}/v1/chat/completions", json={"model": model, **HI})
        assert answer.status_code == 404


class Faulty(Paced):
    """A source with a mistake in it, at the beginning or behind a piece."""

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        if not self._pieces:
            raise KeyError("a mistake")
        yield Stream(self._items(), None)

    async def _items(self) -> AsyncIterator[Item]:
        yield "so far"
        raise KeyError("a mistake")


@pytest.mark.parametrize("path", PATHS)
def test_a_mistake_in_a_source_is_told_and_shown_to_nobody_else(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with running(Faulty(0, 0)) as url:
        answer = http.post(f"{url}{path}", json=body_for(path))
        assert answer.status_code == 500
        assert "the server failed" in answer.text
    with running(Faulty(1, 0)) as url:
        answer = http.post(f"{url}{path}", json=body_for(path))
        assert "so far" in answer.text
        assert "the server failed" in answer.text
        assert "mistake" not in answer.text
        assert http.post(f"{url}{path}", json=body_for(path, stream=False)).status_code == 500
    assert "a mistake" in caplog.text


def test_a_turn_that_fails_by_its_script() -> None:
    with running(Replay((ScriptTurn(content="so far", fails=True),))) as url:
        lines = http.post(f"{url}/v1/chat/completions", json={"model": "replay/hermes", "stream": True, **HI}).text
    assert '"so' in lines
    assert '"error"' in lines.split("\n\n")[-2]
