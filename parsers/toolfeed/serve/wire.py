"""What a client is sent: in time, one thing after the other, and in a stream something every so often."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

from starlette.types import Message, Send

from ..encoders import Encoder, Payload

_SHORTEST: Final = 0.01  # seconds between two looks at a silent stream


class NotRead(Exception):
    """The client does not take what it is sent."""


class Wire:
    """An answer's way out. A stream's head goes with the first thing that is put.

    `timeout`: seconds that a client may take nothing; what sends raises NotRead then.
    """

    def __init__(self, send: Send, encoder: Encoder, timeout: float) -> None:
        self.status = 0  # that was sent
        self.ended = False
        self._send = send
        self._encoder = encoder
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._sent = monotonic()

    async def whole(self, status: int, body: bytes) -> None:
        """The whole answer, which is JSON."""
        async with self._lock:
            length = str(len(body)).encode()
            await self._begin(status, [(b"content-type", b"application/json"), (b"content-length", length)])
            await self._body(body, more=False)

    async def put(self, payloads: list[Payload], tail: bytes = b"", *, more: bool = True) -> None:
        """A piece of the stream: payloads, and bytes behind them. What comes behind the last is dropped."""
        data = b"".join([*(self._encoder.frame(payload) for payload in payloads), tail])
        async with self._lock:
            if not self.status:
                media_type = (b"content-type", self._encoder.media_type.encode())
                await self._begin(200, [media_type, (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")])
            if not self.ended and (data or not more):
                await self._body(data, more=more)

    async def keep_alive(self, interval: float) -> None:
        """Put something that says nothing whenever the stream has been silent for so many seconds; for ever."""
        while True:
            left = self._sent + interval - monotonic()
            if not left <= 0:
                await asyncio.sleep(max(_SHORTEST, left))
            elif self.ended or self._lock.locked():  # or the client has yet to take what was put
                await asyncio.sleep(interval)
            else:
                await self.put(self._encoder.encode(()), self._encoder.keep_alive)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        await self._in_time({"type": "http.response.start", "status": status, "headers": headers})

    async def _body(self, data: bytes, *, more: bool) -> None:
        self.ended = not more
        await self._in_time({"type": "http.response.body", "body": data, "more_body": more})

    async def _in_time(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(message)
        except TimeoutError:
            raise NotRead from None
        self._sent = monotonic()
