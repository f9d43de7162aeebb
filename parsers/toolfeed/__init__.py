"""Incremental parsers for the tool calls that language models write as raw text.

Names are imported when they are first used, so that `import toolfeed` costs a server's start next to nothing.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .detection import Detection as Detection
    from .detection import detect as detect
    from .errors import AmbiguousFormat as AmbiguousFormat
    from .errors import CannotExpress as CannotExpress
    from .errors import FinishedError as FinishedError
    from .errors import GrammarError as GrammarError
    from .errors import ToolfeedError as ToolfeedError
    from .errors import ToolsError as ToolsError
    from .errors import UnknownFormat as UnknownFormat
    from .events import ArgumentsDelta as ArgumentsDelta
    from .events import ContentDelta as ContentDelta
    from .events import Event as Event
    from .events import ReasoningDelta as ReasoningDelta
    from .events import ToolCallEnd as ToolCallEnd
    from .events import ToolCallStart as ToolCallStart
    from .grammar import Grammar as Grammar
    from .limits import Limits as Limits
    from .message import Accumulator as Accumulator
    from .message import Message as Message
    from .message import ToolCall as ToolCall
    from .message import parse as parse
    from .parser import Parser as Parser
    from .registry import FormatInfo as FormatInfo
    from .registry import formats as formats
    from .tools import Tools as Tools

__version__ = "0.1.0"

_MODULES: Final = {
    "detection": ("Detection", "detect"),
    "errors": (
        "AmbiguousFormat",
        "CannotExpress",
        "FinishedError",
        "GrammarError",
        "ToolfeedError",
        "ToolsError",
        "UnknownFormat",
    ),
    "events": ("ArgumentsDelta", "ContentDelta", "Event", "ReasoningDelta", "ToolCallEnd", "ToolCallStart"),
    "grammar": ("Grammar",),
    "limits": ("Limits",),
    "message": ("Accumulator", "Message", "ToolCall", "parse"),
    "parser": ("Parser",),
    "registry": ("FormatInfo", "formats"),
    "tools": ("Tools",),
}
_HOMES: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Accumulator",
    "AmbiguousFormat",
    "ArgumentsDelta",
    "CannotExpress",
    "ContentDelta",
    "Detection",
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
    "detect",
    "formats",
    "parse",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'toolfeed' has no attribute {name!r}")
    value: object = getattr(_module(home), name)
    globals()[name] = value
    return value


def _module(home: str) -> ModuleType:
    if home == "detection":
        from . import detection

        return detection
    if home == "errors":
        from . import errors

        return errors
    if home == "events":
        from . import events

        return events
    if home == "grammar":
        from . import grammar

        return grammar
    if home == "limits":
        from . import limits

        return limits
    if home == "message":
        from . import message

        return message
    if home == "parser":
        from . import parser

        return parser
    if home == "registry":
        from . import registry

        return registry
    from . import tools

    return tools


def __dir__() -> list[str]:
    return sorted(__all__)
