"""Another server as the source: any that speaks OpenAI's protocol and leaves a model's markup in its text.

Its address is fixed when this is made. The client's key is passed on, or the one given here in its place; neither is
logged, nor anything else that passes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import httpx2 as httpx
import msgspec

from ..encoders import Usage
from ..events import ArgumentsDelta, Event, ReasoningDelta, Status, ToolCallEnd, ToolCallStart
from ..grammar import Grammar, StartState
from .shapes import Json, is_list, is_object
from .source import End, Item, Request, SourceError, Stream

Render: TypeAlias = Callable[[Request], str]

MAX_LINE: Final = 2**20  # bytes of one event
_MAX_ERROR: Final = 2**16
_SPECIAL_TOKENS: Final = {"skip_special_tokens": False, "spaces_between_special_tokens": False}
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class Upstream:
    """The source that asks another server.

    `url`: its base, with or without `/v1`. `grammar`: the format of its models, or what finds it by a request's model.
    `render`: makes the prompt of a request; with it the server is asked to complete a text, without it to chat.
    `start`: where turns begin, if the prompt does not say. `tool_choice`: what the server is told in place of "auto",
    since engines without a parser of their own refuse that. `body`: what else every request has; null takes a key away.
    `key`: sent in place of the client's. `timeout`: seconds without a byte.

    Raises ValueError for what is no such address.
    """

    def __init__(
        self,
        url: str,
        grammar: Grammar | Callable[[str], Grammar],
        *,
        render: Render | None = None,
        start: StartState | None = None,
        tool_choice: str | None = "none",
        body: Mapping[str, Any] | None = None,
        key: str = "",
        timeout: float = 300.0,
    ) -> None:
        try:
            base = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from None
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError("it must be an address like http://127.0.0.1:8000/v1")
        base = base if base.path.strip("/") else base.copy_with(path="/v1")
        self.url: Final = str(base)
        self.shown_url: Final = f"{base.scheme}://{base.netloc.decode()}{base.path}"  # without a password
        self._grammar = grammar
        self._render = render
        self._start: StartState | None = start
        self._tool_choice = tool_choice
        self._body = dict(body or {})
        self._key = key
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            trust_env=base.host not in _LOOPBACK,
        )

    async def models(self, key: str = "") -> list[str]:
        try:
            answer = await self._client.get(f"{self.url}/models", headers=self._headers(key))
            if answer.status_code != 200:
                raise SourceError(_status(answer.status_code), _message_of(answer.content))
            found: Any = msgspec.json.decode(answer.content)
            return [str(model["id"]) for model in found["data"]]
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
            raise SourceError(502, "the model's server does not list its models") from None

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        grammar = self._grammar if isinstance(self._grammar, Grammar) else self._grammar(request.model)
        prompt = None if self._render is None else self._render(request)
        path = "chat/completions" if prompt is None else "completions"
        body = self._request_body(request, prompt)
        sent = self._client.build_request("POST", f"{self.url}/{path}", headers=self._headers(request.key), json=body)
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        try:
            if answer.status_code != 200:
                raise SourceError(_status(answer.status_code), _message_of(await _beginning(answer)))
            yield Stream(_items(answer), grammar, self._start, prompt)
        finally:
            await answer.aclose()

    def _headers(self, key: str) -> dict[bytes, bytes]:
        key = self._key or key
        return {b"authorization": f"Bearer {key}".encode("latin-1", "replace")} if key else {}  # as a header is read

    def _request_body(self, request: Request, prompt: str | None) -> Json:
        body: Json = {
            **request.options,
            **_SPECIAL_TOKENS,
            "model": request.model,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if prompt is None:
            body["messages"] = request.messages
            if request.tools:
                choice = self._tool_choice if request.tool_choice == "auto" else request.tool_choice
                body |= {"tools": request.tools} | ({} if choice is None else {"tool_choice": choice})
        else:
            body["prompt"] = prompt
        body |= self._body
        return {key: value for key, value in body.items() if value is not None}


def _unreachable(error: httpx.HTTPError) -> SourceError:
    if isinstance(error, httpx.TimeoutException):
        return SourceError(504, "the model's server did not answer in time")
    return SourceError(502, "the model's server cannot be reached")


def _status(theirs: int) -> int:
    """A client's own mistake stays its own; anything else is the server's."""
    return theirs if 400 <= theirs < 500 else 503 if theirs == 503 else 502


def _message_of(body: bytes) -> str:
    """What an error says."""
    try:
        found: Any = msgspec.json.decode(body)
        error = found.get("error", found)
        message = error if isinstance(error, str) else error.get("message") or found.get("detail")
    except (msgspec.DecodeError, AttributeError, RecursionError):
        message = None
    return str(message) if message else f"the model's server refused: {body[:200].decode(errors='replace')}"


async def _beginning(answer: httpx.Response) -> bytes:
    body = bytearray()
    try:
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _MAX_ERROR:
                break
    except httpx.HTTPError:
        pass
    return bytes(body[:_MAX_ERROR])


# -- the answer --------------------------------------------------------------------------------------------------------


async def _items(answer: httpx.Response) -> AsyncIterator[Item]:
    """What the server's stream says; SourceError if it breaks off."""
    calls, halves = _Calls(), _Halves()
    reason: str | None = None
    usage: Usage | None = None
    async for data in _payloads(answer):
        if data == b"[DONE]":
            break
        chunk = _decoded(data)
        if not is_object(chunk):
            continue
        payload = chunk
        if payload.get("error"):
            raise SourceError(502, _message_of(data))
        usage = _usage(payload.get("usage")) or usage
        choice = _first(payload.get("choices"))
        delta = _shaped(choice, "delta") or _shaped(choice, "message") or choice
        if thought := _text(delta, "reasoning_content") or _text(delta, "reasoning"):
            yield [ReasoningDelta(thought)]
        if (text := _text(delta, "content") or _text(choice, "text")) and (whole := halves.join(text)):
            yield whole
        if delta.get("tool_calls"):
            yield calls.read(delta["tool_calls"])
        reason = _text(choice, "finish_reason") or reason
    if reason is None:
        raise SourceError(502, "the model's server ended its answer in the middle")
    if rest := halves.rest():
        yield rest
    if ended := calls.finish():
        yield ended
    yield End(reason, usage)


def _decoded(data: bytes) -> object:
    """JSON that a server sent. Halves of a character, which the quick decoder refuses, are put together later."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        raise SourceError(502, "the model's server sent an event that is no JSON") from None
    return found


async def _payloads(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The data of server-sent events; or the one body, if the server does not stream."""
    streams = answer.headers.get("content-type", "").startswith("text/event-stream")
    line = bytearray()
    try:
        async for chunk in answer.aiter_bytes():
            line += chunk
            if streams and b"\n" in chunk:
                *lines, rest = bytes(line).split(b"\n")
                line = bytearray(rest)
                for whole in lines:
                    if whole.startswith(b"data:"):
                        yield whole[5:].strip()
            if len(line) > (MAX_LINE if streams else 16 * MAX_LINE):
                raise SourceError(502, "the model's server sent an event that is too long")
    except httpx.TimeoutException:
        raise SourceError(504, "the model's server fell silent") from None
    except httpx.HTTPError:
        raise SourceError(502, "the connection to the model's server broke") from None
    if streams and line.startswith(b"data:"):
        yield bytes(line[5:]).strip()
    elif not streams and line:
        yield bytes(line)


def _first(choices: object) -> Json:
    found = choices[0] if is_list(choices) and choices else None
    return found if is_object(found) else {}


def _shaped(holder: Json, key: str) -> Json:
    """An object of the answer, or {}; SourceError if it is something else."""
    found = holder.get(key)
    if found is None or is_object(found):
        return found or {}
    raise _misshapen(key)


def _text(holder: Json, key: str) -> str:
    """A text of the answer, or ""; SourceError if it is something else."""
    found = holder.get(key)
    if found is None or isinstance(found, str):
        return found or ""
    raise _misshapen(key)


def _misshapen(key: str) -> SourceError:
    return SourceError(502, f"the model's server sent an event whose {key!r} has another type")


def _usage(usage: object) -> Usage | None:
    if not is_object(usage):
        return None
    told = usage

    def count(holder: object, key: str) -> int:
        value = holder.get(key) if is_object(holder) else None
        return value if isinstance(value, int) else 0

    return Usage(
        count(told, "prompt_tokens"),
        count(told, "completion_tokens"),
        count(told.get("prompt_tokens_details"), "cached_tokens"),
        count(told.get("completion_tokens_details"), "reasoning_tokens"),
    )


class _Halves:
    """Puts together the halves of characters that a server cut in two: half a surrogate pair waits for the other."""

    def __init__(self) -> None:
        self._half = ""

    def join(self, text: str) -> str:
        if self._half or "\ud800" <= text[-1:] <= "\udbff":
            text = self._half + text
            self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
            text = text.removesuffix(self._half) if self._half else text
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return text

    def rest(self) -> str:
        return self._half


class _Calls:
    """Calls that the server has read itself, as it does when a request forces one: deltas into events."""

    def __init__(self) -> None:
        self._theirs: dict[object, int] = {}
        self._arguments: list[str] = []  # of the call that is open
        self._open: int | None = None

    def read(self, deltas: object) -> list[Event]:
        events: list[Event] = []
        for delta in deltas if is_list(deltas) else (None,):
            if not is_object(delta):
                raise _misshapen("tool_calls")
            function = _shaped(delta, "function")
            place = delta.get("index", delta.get("id"))
            if not isinstance(place, int | str | None):
                raise _misshapen("index")
            if place not in self._theirs:
                if not (name := _text(function, "name")):
                    continue
                events += self.finish()
                self._open = self._theirs[place] = len(self._theirs)
                self._arguments.clear()
                call_id = _text(delta, "id") or f"call_{secrets.token_hex(8)}"
                events.append(ToolCallStart(self._open, call_id, name))
            text, index = _text(function, "arguments"), self._theirs[place]
            if text and index == self._open:
                self._arguments.append(text)
                events.append(ArgumentsDelta(index, text))
        return events

    def finish(self) -> list[Event]:
        if self._open is None:
            return []
        index, self._open = self._open, None
        status, error = _judged("".join(self._arguments))
        return [ToolCallEnd(index, status, error)]


def _judged(arguments: str) -> tuple[Status, str]:
    try:
        whole = is_object(msgspec.json.decode(arguments))
    except (msgspec.DecodeError, RecursionError):
        whole = False
    return ("complete", "") if whole else ("truncated", "the model's server sent no whole object as its arguments")
