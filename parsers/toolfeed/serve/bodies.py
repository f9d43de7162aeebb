"""The bodies of requests, and the memory that they take: each is bounded, and so are all of them at once.

A body counts from its first byte until its request is answered, since what was read of it is kept until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from .requests import RequestError, read_body
from .shapes import Json


class Bodies:
    """Reads bodies. `most`: bytes of one; `together`: bytes of all; `timeout`: seconds that one may take to come."""

    def __init__(self, most: int, together: int, timeout: float) -> None:
        if together < most:
            raise ValueError(f"all bodies together must have room for one: {together} bytes are less than {most}")
        self._most = most
        self._together = together
        self._timeout = timeout
        self._held = 0  # bytes

    @asynccontextmanager
    async def read(self, http: HttpRequest) -> AsyncGenerator[Json]:
        """The JSON object that a request has as its body, which counts as held until this is left.

        Raises RequestError: 413 for a body that is too long, 503 for one that does not fit beside the others.
        """
        said = http.headers.get("content-length", "0")
        self._check(int(said[:20]) if said.isdecimal() else 0, 0)
        body = bytearray()
        held = 0
        try:
            try:
                async with asyncio.timeout(self._timeout):
                    async for chunk in http.stream():
                        self._check(held + len(chunk), held)
                        held += len(chunk)
                        self._held += len(chunk)
                        body += chunk
            except TimeoutError:
                raise RequestError(f"the body did not come within {self._timeout:g} seconds", 408) from None
            except ClientDisconnect:
                raise RequestError("the client went away", 499) from None
            found = read_body(body)
            del body
            yield found
        finally:
            self._held -= held

    def _check(self, size: int, held: int) -> None:
        """That a body of this size may come, `held` of which is there. Raises RequestError."""
        if size > self._most:
            raise RequestError(f"the body is longer than {self._most} bytes", 413)
        if self._held - held + size > self._together:
            raise RequestError("the requests that are being answered take all the memory there is for them", 503)
