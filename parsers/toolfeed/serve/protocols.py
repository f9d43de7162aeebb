"""The protocols that are served: where requests come to, how they are read, which encoder answers them, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypedDict

from starlette.responses import Response

from ..encoders import Encoder, Payload, Usage, anthropic, ollama, openai_chat, openai_responses
from ..encoders.common import to_json
from ..message import Message
from . import requests
from .shapes import Json
from .source import End, Request


class Served(Protocol):
    """One protocol."""

    name: str
    path: str

    def read(self, body: Json) -> Request:
        """The request that a body is. Raises RequestError."""
        ...

    def encoder(self, request: Request, body: Json) -> Encoder:
        """What encodes the stream that answers the request."""
        ...

    def whole(self, message: Message, end: End, request: Request, body: Json, duration: int) -> Payload:
        """The whole answer to the request, which took `duration` nanoseconds."""
        ...

    def code(self, status: int) -> str:
        """What the protocol calls an error of this status; "" if it has no such word."""
        ...

    def error(self, status: int, message: str) -> bytes:
        """An error as a whole answer."""
        ...


class _Ended(TypedDict):
    reason: str | None
    usage: Usage | None
    parallel_tool_calls: bool


def _ended(end: End, request: Request) -> _Ended:
    return {"reason": end.reason, "usage": end.usage, "parallel_tool_calls": request.parallel_tool_calls}


_RETRY_AFTER: Final = "1"  # seconds until what is too much now may be tried again
_CODES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def _code(status: int, codes: Mapping[int, str], other: str) -> str:
    return codes.get(status, "invalid_request_error" if 400 <= status < 500 else other)


class OpenAIChat:
    """OpenAI's chat completions."""

    name: str = "openai_chat"
    path: str = "/v1/chat/completions"

    def read(self, body: Json) -> Request:
        return requests.openai_chat(body)

    def encoder(self, request: Request, body: Json) -> Encoder:
        return openai_chat.Encoder(
            request.model, include_usage=request.include_usage, parallel_tool_calls=request.parallel_tool_calls
        )

    def whole(self, message: Message, end: End, request: Request, body: Json, duration: int) -> Payload:
        return openai_chat.completion(message, request.model, **_ended(end, request))

    def code(self, status: int) -> str:
        return _code(status, _CODES, "server_error")

    def error(self, status: int, message: str) -> bytes:
        return to_json(openai_chat.error(message, self.code(status)))


class OpenAIResponses:
    """OpenAI's Responses."""

    name: str = "openai_responses"
    path: str = "/v1/responses"

    def read(self, body: Json) -> Request:
        return requests.openai_responses(body)

    def encoder(self, request: Request, body: Json) -> Encoder:
        return openai_responses.Encoder(request.model, parallel_tool_calls=request.parallel_tool_calls, request=body)

    def whole(self, message: Message, end: End, request: Request, body: Json, duration: int) -> Payload:
        return openai_responses.response(message, request.model, request=body, **_ended(end, request))

    def code(self, status: int) -> str:
        return _code(status, _CODES, "server_error")

    def error(self, status: int, message: str) -> bytes:
        return to_json(openai_responses.error(message, self.code(status)))


class Anthropic:
    """Anthropic's Messages."""

    name: str = "anthropic"
    path: str = "/v1/messages"

    def read(self, body: Json) -> Request:
        return requests.anthropic(body)

    def encoder(self, request: Request, body: Json) -> Encoder:
        return anthropic.Encoder(request.model, parallel_tool_calls=request.parallel_tool_calls)

    def whole(self, message: Message, end: End, request: Request, body: Json, duration: int) -> Payload:
        return anthropic.message(message, request.model, **_ended(end, request))

    def code(self, status: int) -> str:
        return _code(status, _CODES | {413: "request_too_large", 504: "timeout_error"}, "api_error")

    def error(self, status: int, message: str) -> bytes:
        return to_json(anthropic.error(message, self.code(status)))


class Ollama:
    """Ollama's chat."""

    name: str = "ollama"
    path: str = "/api/chat"

    def read(self, body: Json) -> Request:
        return requests.ollama(body)

    def encoder(self, request: Request, body: Json) -> Encoder:
        return ollama.Encoder(request.model, parallel_tool_calls=request.parallel_tool_calls)

    def whole(self, message: Message, end: End, request: Request, body: Json, duration: int) -> Payload:
        return ollama.chat(message, request.model, duration=duration, **_ended(end, request))

    def code(self, status: int) -> str:
        return ""  # the protocol has none

    def error(self, status: int, message: str) -> bytes:
        return to_json(ollama.error(message))


OPENAI_CHAT: Final[Served] = OpenAIChat()
OLLAMA: Final[Served] = Ollama()
PROTOCOLS: Final[tuple[Served, ...]] = (OPENAI_CHAT, OpenAIResponses(), Anthropic(), OLLAMA)


def protocol_at(path: str) -> Served:
    """The protocol in which errors are told to who asks for a path."""
    at = [protocol for protocol in PROTOCOLS if path.endswith(protocol.path)]
    return at[0] if at else OLLAMA if "/api/" in path else OPENAI_CHAT


def refused(protocol: Served, status: int, message: str) -> Response:
    """An error as a whole answer."""
    headers = {"retry-after": _RETRY_AFTER} if status == 503 else None
    return Response(protocol.error(status, message), status, headers, "application/json")
