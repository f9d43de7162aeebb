"""From a model's text to tools that run while it flows: stream → parser → dispatcher → tools.

    dispatcher = Dispatcher([get_weather, get_time])
    turn = dispatcher.run(fragments, toolfeed.Parser("hermes", tools=dispatcher.tools))
    async for event in turn:            # the parser's events, and each tool's ToolResult as soon as there is one
        ...
    messages += turn.messages()         # the assistant's message and the results, for the next request

A tool starts the moment its call is complete. What goes wrong with a call becomes a result that the model can read.
"""

from __future__ import annotations

from .arguments import ArgumentReader
from .dispatcher import Dispatcher
from .functions import ToolResult
from .messages import follow_up
from .sync_turn import SyncTurn
from .turn import Turn

__all__ = ["ArgumentReader", "Dispatcher", "SyncTurn", "ToolResult", "Turn", "follow_up"]
