"""Which tools may run, and how."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Final

from ..parser import Parser
from .functions import Function, Json, make_tools
from .reading import Piece
from .sync_turn import SyncTurn
from .turn import Turn


class Dispatcher:
    """The tools that may run, and how.

    `functions`: functions or coroutine functions, by their own names or `{name: function}`; functions run in threads of
    their own. `declarations`: of any shape that Parser takes; a function without one declares itself by its signature
    and docstring. `limit`: how many calls of a turn run at a time. `timeout`: seconds that one may take,
    None for any; a function in a thread is not stopped, but no longer waited for.

    Raises ToolsError for what cannot be declared; ToolfeedError if declarations need the extra `dispatch`.
    """

    def __init__(
        self,
        functions: Mapping[str, Function] | Iterable[Function],
        *,
        declarations: Iterable[object] | None = None,
        limit: int = 16,
        timeout: float | None = None,
    ) -> None:
        if limit < 1:
            raise ValueError("limit must be 1 or more")
        self._tools: Final = make_tools(functions, declarations)
        self._limit: Final = limit
        self._timeout: Final = timeout

    @property
    def tools(self) -> list[Json]:
        """The declarations, in the shape of OpenAI's chat completions: for a request, and for the parser."""
        return [tool.declaration for tool in self._tools.values()]

    def run(self, source: AsyncIterable[Piece], parser: Parser | None = None) -> Turn:
        """A turn of this text, which `parser` reads; or of these events, one by one or in batches."""
        return Turn(self._tools, source, parser, limit=self._limit, timeout=self._timeout)

    def run_sync(self, source: Iterable[Piece], parser: Parser | None = None) -> SyncTurn:
        """The same without an event loop: the source is read in a thread of its own."""
        return SyncTurn(self._tools, source, parser, limit=self._limit, timeout=self._timeout)
