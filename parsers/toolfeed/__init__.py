"""Incremental parsers for the tool calls that language models write as raw text."""

from .errors import (
    AmbiguousFormat,
    CannotExpress,
    FinishedError,
    GrammarError,
    ToolfeedError,
    ToolsError,
    UnknownFormat,
)
from .events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from .grammar import Grammar
from .limits import Limits
from .message import Accumulator, Message, ToolCall, parse
from .parser import Parser
from .registry import FormatInfo, formats
from .tools import Tools

__version__ = "0.1.0"

__all__ = [
    "Accumulator",
    "AmbiguousFormat",
    "ArgumentsDelta",
    "CannotExpress",
    "ContentDelta",
    "Event",
    "FinishedError",
    "FormatInfo",
    "Grammar",
    "GrammarError",
    "Limits",
    "Message",
    "Parser",
    "ReasoningDelta",
    "ToolCall",
    "ToolCallEnd",
    "ToolCallStart",
    "ToolfeedError",
    "Tools",
    "ToolsError",
    "UnknownFormat",
    "__version__",
    "formats",
    "parse",
]
