"""What a server serves: a source answers a request with a stream of a model's text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

import msgspec

from ..encoders import Usage
from ..events import Event
from ..grammar import Grammar, StartState


class Request(msgspec.Struct, kw_only=True):
    """What a client asked for, whichever protocol it speaks.

    `messages`, `tools` and `tool_choice` are in the shape of OpenAI's chat completions, `tools` None if there are none.
    `options`: what else a model's server is told, in the same words (`temperature`, `stop`, `max_tokens`, …).
    `key`: the client's own, "" if it sent none; it is passed on, and nowhere else.
    """

    model: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] = "auto"
    parallel_tool_calls: bool = True
    stream: bool = False
    include_usage: bool = False
    options: dict[str, Any] = {}
    key: str = ""


class End(msgspec.Struct, frozen=True):
    """The end of a model's turn: why it stopped, and what it took."""

    reason: str | None = "stop"
    usage: Usage | None = None


Item: TypeAlias = str | list[Event] | End


class Stream(msgspec.Struct, frozen=True):
    """A turn as it comes: text, events that need no reading any more, and one End, the last.

    `grammar`: how calls are written in the text; None if all of it is content. `start`, `prompt`: as for Parser.
    """

    items: AsyncIterator[Item]
    grammar: Grammar | None
    start: StartState | None = None
    prompt: str | None = None


class Source(Protocol):
    """Answers requests. All of its methods raise SourceError for what the client is to be told."""

    async def models(self, key: str = "") -> list[str]:
        """The names that requests may have as their model."""
        ...

    def open(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        """The stream for a request. It is entered when the model's server has answered; leaving it cancels the turn."""
        ...

    async def close(self) -> None:
        """Let go of what the source holds."""
        ...


class SourceError(Exception):
    """A request that cannot be answered, or a stream that broke: `status` is the one to answer with."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)
