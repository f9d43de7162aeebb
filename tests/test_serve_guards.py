"""What the server keeps out, what it holds at most, and what it sends while there is nothing to tell."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2 as httpx
import openai
import pytest
from click.testing import CliRunner

from serving import PATIENCE, Endless, running, wait_for, weather_tool
from toolfeed.cli.app import commands
from toolfeed.serve import End, Replay, Request, SourceError, Stream, command, create_app
from toolfeed.serve.access import host_name, is_loopback
from toolfeed.serve.command import make_upstream
from toolfeed.serve.shapes import is_list, is_object
from toolfeed.serve.source import Item

HI: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
CHAT = "/v1/chat/completions"
PATHS: tuple[str, ...] = (CHAT, "/v1/responses", "/v1/messages", "/api/chat")
http = httpx.Client(timeout=PATIENCE)


def body_for(path: str, **more: Any) -> dict[str, Any]:
    """A request for a stream in the protocol of a path."""
    body = {"input": "Hi"} if path == "/v1/responses" else HI | {"max_tokens": 1000}
    return {"model": "replay/hermes", "stream": True, **body, **more}


# -- who may ask -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with a name, and with a site whose pages may ask."""
    with running(Replay(), hosts=("Models.lan",), origins=("https://chat.example.org",)) as url:
        yield url


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"host": "evil.example:8000"}, "evil.example"),
        ({"host": "127.0.0.1.evil.example"}, "127.0.0.1.evil.example"),
        ({"host": "evil@localhost"}, "--allow-host"),
        ({"host": "evil.example", "origin": "http://evil.example"}, "evil.example"),  # of the same origin
        ({"host": "192.0.2.7"}, "192.0.2.7"),
        ({"origin": "https://evil.example"}, "https://evil.example"),
        ({"origin": "https://evil.example", "content-type": "text/plain"}, "--allow-origin"),
        ({"origin": "https://chat.example.org.evil.example"}, "evil.example"),
        ({"origin": "http://localhost.evil.example"}, "localhost.evil.example"),
        ({"origin": "http://localhost@evil.example"}, "evil.example"),
        ({"origin": "null"}, "null"),
        ({"origin": ""}, "--allow-origin"),
    ],
    ids=str,
)
def test_what_a_foreign_page_asks_is_refused(url: str, path: str, headers: dict[str, str], says: str) -> None:
    answer = http.post(f"{url}{path}", content=json.dumps(body_for(path)), headers=headers)
    assert answer.status_code == 403
    error = answer.json()["error"]
    message = error if path == "/api/chat" else error["message"]
    assert says in message
    if path == "/v1/messages":
        assert answer.json()["type"] == "error"
        assert error["type"] == "permission_error"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/models", "/api/tags", "/health", "/nowhere"])
def test_a_foreign_host_is_refused_whatever_it_asks_for(url: str, path: str) -> None:
    assert http.get(f"{url}{path}", headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "app.localhost:80", "127.9.9.9", "[::1]:8000", "models.LAN"]
)
def test_hosts_that_are_answered(url: str, host: str) -> None:
    assert http.get(f"{url}/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:3000"},
        {"origin": "http://[::1]:3000"},
        {"origin": "https://Chat.example.org"},
        {"origin": "https://models.lan:8443", "host": "models.lan:8443"},
    ],
    ids=str,
)
def test_pages_that_may_ask_are_told_so(url: str, headers: dict[str, str]) -> None:
    origin = headers["origin"]
    asked = {
        **headers,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-stainless-os",
        "access-control-request-private-network": "true",
    }
    preflight = http.options(f"{url}{CHAT}", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert preflight.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
    assert preflight.headers["access-control-allow-private-network"] == "true"
    answer = http.post(f"{url}{CHAT}", json=body_for(CHAT), headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    assert answer.text.endswith("data: [DONE]\n\n")
    wrong = http.post(f"{url}{CHAT}", content=b"{", headers=headers)  # a page may read why it was refused
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (400, origin)


def test_a_preflight_of_a_foreign_page_is_refused(url: str) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = http.options(f"{url}{CHAT}", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_name_that_any_may_be_is_no_page_s_own() -> None:
    """It may have been pointed here; an address cannot be."""
    with running(Replay(), hosts=("*",)) as url:
        for host, status in (("evil.example", 403), ("192.0.2.7", 200), ("[2001:DB8:0::1]", 200)):
            headers = {"host": host, "origin": f"http://{host}"}
            assert http.post(f"{url}{CHAT}", json=body_for(CHAT), headers=headers).status_code == status
            assert http.post(f"{url}{CHAT}", json=body_for(CHAT), headers={"host": host}).status_code == 200


def test_all_pages_may_ask_where_that_is_wanted() -> None:
    with running(Replay(), origins=("*",)) as url:
        answer = http.post(f"{url}{CHAT}", json=body_for(CHAT), headers={"origin": "null"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "null")


@pytest.mark.parametrize(
    ("header", "name", "loopback"),
    [
        ("localhost", "localhost", True),
        ("A.Localhost:80", "a.localhost", True),
        ("127.0.0.1:8000", "127.0.0.1", True),
        ("[::1]", "::1", True),
        ("[::1]:80", "::1", True),
        ("example.org", "example.org", False),
        ("0.0.0.0:8000", "0.0.0.0", False),
        ("localhost:80:80", "", False),
        ("a b", "", False),
        ("x/../localhost", "", False),
        ("[::1", "", False),
        ("", "", False),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str, loopback: bool) -> None:
    assert (host_name(header), is_loopback(host_name(header))) == (name, loopback)


@pytest.mark.parametrize(
    ("options", "answered", "refused"),
    [
        ((), ("localhost", "127.0.0.1:9"), ("models.lan", "0.0.0.0")),
        (("--allow-host", "models.lan"), ("localhost", "models.lan:9"), ("other.lan",)),
        (("--host", "0.0.0.0"), ("localhost", "anything.lan"), ()),
        (
            ("--host", "0.0.0.0", "--allow-host", "a.lan", "--allow-host", "b.lan"),
            ("a.lan", "b.lan", "0.0.0.0"),
            ("c",),
        ),
    ],
    ids=str,
)
def test_the_hosts_of_the_command(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], answered: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    made: list[Any] = []

    def make_server(app: object) -> _Nothing:
        made.append(app)
        return _Nothing()

    monkeypatch.setattr(command, "make_server", make_server)
    result = CliRunner().invoke(commands, ["serve", "--port", "0", *options])
    assert result.exit_code == 0
    (app,) = made

    async def status(host: str) -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/health", headers={"host": host})).status_code

    assert [asyncio.run(status(host)) for host in answered] == [200] * len(answered)
    assert [asyncio.run(status(host)) for host in refused] == [403] * len(refused)


class _Nothing:
    """A server that does not run."""

    def run(self, sockets: list[socket.socket]) -> None:
        for bound in sockets:
            bound.close()


# -- what is held at most ----------------------------------------------------------------------------------------------


def test_all_bodies_have_room_for_one() -> None:
    with pytest.raises(ValueError, match="must have room for one"):
        create_app(Replay(), max_body=10, max_bodies=9)


def test_all_bodies_together_are_bounded() -> None:
    """A body counts while it comes and while it is answered, and no longer."""
    source = Endless()
    padded = body_for(CHAT, user="x" * 3000)
    with running(source, max_body=4000, max_bodies=8000) as url:
        host, port = url.removeprefix("http://").split(":")
        with (
            http.stream("POST", f"{url}{CHAT}", json=padded) as answering,
            socket.create_connection((host, int(port)), timeout=PATIENCE) as coming,
        ):
            assert answering.status_code == 200
            head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 3500\r\n\r\n".encode()
            coming.sendall(head + b"x" * 3400)

            def too_much() -> bool:
                with http.stream("POST", f"{url}{CHAT}", json=padded) as third:
                    if third.status_code == 200:
                        return False  # what is coming has not come yet
                    error = json.loads(third.read())["error"]
                    assert (third.status_code, third.headers["retry-after"]) == (503, "1")
                    assert "all the memory" in error["message"]
                    return True

            wait_for(too_much)
            # Without a length it is found while it comes; a small one still fits.
            assert http.post(f"{url}{CHAT}", content=iter([json.dumps(padded).encode()])).status_code == 503
            with http.stream("POST", f"{url}{CHAT}", json=body_for(CHAT)) as small:
                assert small.status_code == 200

        def fits() -> bool:
            with http.stream("POST", f"{url}{CHAT}", json=padded) as again:
                return again.status_code == 200

        wait_for(fits)
        for _ in range(20):  # what is refused leaves nothing behind
            assert http.post(f"{url}{CHAT}", content=b"{" + b"x" * 3000).status_code == 400
        wait_for(lambda: source.left == source.open_streams)
        assert fits()


# -- silence -----------------------------------------------------------------------------------------------------------


class Slow:
    """A source that takes its time: until it answers, until its first piece, and between two of them."""

    def __init__(self, answers: float = 0.0, pause: float = 0.0, error: str = "", status: int = 502) -> None:
        self._answers = answers
        self._pause = pause
        self._error = error
        self._status = status

    async def models(self, key: str = "") -> list[str]:
        return []

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        await asyncio.sleep(self._answers)
        if self._error:
            raise SourceError(self._status, self._error)
        yield Stream(self._items(), None)

    async def _items(self) -> AsyncIterator[Item]:
        for piece in ("One ", "moment", "."):
            await asyncio.sleep(self._pause)
            yield piece
        yield End()

    async def close(self) -> None:
        pass


PING = b'event: ping\ndata: {"type":"ping"}\n\n'
COMMENT = b": keep-alive\n\n"
FILLERS: dict[str, bytes] = dict(zip(PATHS, (COMMENT, COMMENT, PING, b""), strict=True))
NEVER_THE_SAME = ("id", "created", "created_at", "item_id", "total_duration", "eval_duration")


def without_fillers(path: str, stream: bytes) -> list[Any]:
    """The payloads of a stream, without what keeps it alive and what no two streams share."""

    def stable(value: Any) -> Any:
        if is_object(value):
            return {key: stable(element) for key, element in value.items() if key not in NEVER_THE_SAME}
        return [stable(element) for element in value] if is_list(value) else value

    text = (stream.replace(FILLERS[path], b"") if FILLERS[path] else stream).decode()
    lines = [line.removeprefix("data: ") for line in text.splitlines() if not line.startswith("event: ")]
    return [stable(json.loads(line)) for line in lines if line and line != "[DONE]"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("source", [Slow(answers=0.5), Slow(pause=0.25)], ids=["before its answer", "in its answer"])
def test_a_silent_stream_is_kept_alive(path: str, source: Slow) -> None:
    with running(source, keep_alive=0.1) as url:
        kept = http.post(f"{url}{path}", json=body_for(path)).content
    with running(source, keep_alive=0) as url:
        silent = http.post(f"{url}{path}", json=body_for(path)).content
    filler = FILLERS[path]
    assert not filler or kept.count(filler) >= 3
    assert b"keep-alive" not in silent
    assert b"ping" not in silent
    assert without_fillers(path, kept) == without_fillers(path, silent)


def test_clients_do_not_see_what_keeps_a_stream_alive() -> None:
    with running(Slow(answers=0.3, pause=0.1), keep_alive=0.03) as url:
        messages: Any = HI["messages"]
        with openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0) as client:
            with client.chat.completions.stream(model="m", messages=messages) as chat:
                assert chat.get_final_completion().choices[0].message.content == "One moment."
            with client.responses.stream(model="m", input="Hi") as responses:
                assert responses.get_final_response().output_text == "One moment."
        with (
            anthropic.Anthropic(base_url=url, api_key="key", max_retries=0) as other,
            other.messages.stream(model="m", messages=messages, max_tokens=9) as stream,
        ):
            assert stream.get_final_text() == "One moment."


@pytest.mark.parametrize("path", PATHS[:3])
def test_an_error_behind_what_kept_a_stream_alive_is_an_event(path: str) -> None:
    source = Slow(answers=0.3, error="out of memory", status=429)
    with running(source, keep_alive=0.1) as url:
        answer = http.post(f"{url}{path}", json=body_for(path))
        whole = http.post(f"{url}{path}", json=body_for(path, stream=False))
    assert answer.status_code == 200
    assert FILLERS[path] in answer.content
    told = json.dumps(without_fillers(path, answer.content)[-1])
    assert "out of memory" in told
    assert "rate_limit" in told  # a client does not try again at once
    assert whole.status_code == 429
    with running(source) as url:  # in time it is a status
        assert http.post(f"{url}{path}", json=body_for(path)).status_code == 429


def test_nothing_is_sent_behind_the_end() -> None:
    class Lingering(Slow):
        @asynccontextmanager
        async def open(self, request: Request) -> AsyncGenerator[Stream]:
            yield Stream(self._items(), None)
            await asyncio.sleep(0.3)

    with running(Lingering(), keep_alive=0.05) as url:
        assert http.post(f"{url}{CHAT}", json=body_for(CHAT)).text.endswith("data: [DONE]\n\n")
        assert http.get(f"{url}/health").status_code == 200


# -- the format of a model ---------------------------------------------------------------------------------------------


def test_a_model_whose_format_is_not_known_is_told_so_in_every_protocol() -> None:
    def served(engine: str) -> Any:
        return make_upstream(
            engine, "auto", template=None, start=None, tool_choice="none", body=None, key="", timeout=PATIENCE
        )

    with running(Replay()) as engine, running(served(engine)) as url:
        for path in PATHS:
            for stream in (True, False):
                answer = http.post(f"{url}{path}", json=body_for(path, model="acme/unheard-of", stream=stream))
                assert answer.status_code == 400
                error = answer.json()["error"]
                message = error if path == "/api/chat" else error["message"]
                assert "'acme/unheard-of'" in message
                assert "--format" in message
        known = {"model": "raw/kimi_k2", "tools": [weather_tool()], **HI}
        choice = http.post(f"{url}{CHAT}", json=known).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"


def test_an_upstream_needs_no_format(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_server(app: object) -> _Nothing:
        return _Nothing()

    monkeypatch.setattr(command, "make_server", make_server)
    result = CliRunner().invoke(commands, ["serve", "--port", "0", "--upstream", "http://user:secret@127.0.0.1:9"])
    assert result.exit_code == 0
    assert "http://127.0.0.1:9/v1," in result.stdout
    assert "secret" not in result.output
    assert "the format that its model is found to write" in result.stdout
