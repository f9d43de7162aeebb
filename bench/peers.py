"""What people read such streams with today, each behind the same methods. A peer that is absent says how to get it.

Each adapter is the loop that its package's own documentation, or the server that uses it, has. Where a package reads
JSON alone, the loop around it finds the markers of one format, as servers did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Protocol, TypeAlias

import toolfeed
from streams import Floor

# What a turn came to: content, and for each call its name and arguments.
Result: TypeAlias = tuple[str, list[tuple[str, Any]]]


class Peer(Protocol):
    """One turn's reader. `feed` and `finish` return what they told: content and JSON text of arguments, joined."""

    def feed(self, text: str) -> str: ...

    def finish(self) -> str: ...

    def result(self) -> Result: ...


class Absent(Exception):
    """A peer that cannot be used here, and why."""


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@dataclass
class _Told:
    """What has been told so far, as a client would keep it."""

    content: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    arguments: list[list[str]] = field(default_factory=list)

    def call(self, name: str, arguments: str = "") -> None:
        self.names.append(name)
        self.arguments.append([arguments])

    def result(self) -> Result:
        calls = [(name, _loaded("".join(text))) for name, text in zip(self.names, self.arguments, strict=True)]
        return "".join(self.content).strip(), calls


class Nothing:
    """The floor: one event for a fragment."""

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        self._floor = Floor()

    def feed(self, text: str) -> str:
        self._floor.feed(text)
        return text

    def finish(self) -> str:
        return ""

    def result(self) -> Result:
        return "", []


class Toolfeed:
    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        self._parser = toolfeed.Parser(format, tools=_prepared(tools))
        self._told = _Told()

    def feed(self, text: str) -> str:
        return self._tell(self._parser.feed(text))

    def finish(self) -> str:
        return self._tell(self._parser.finish())

    def _tell(self, events: list[toolfeed.Event]) -> str:
        told = ""
        for event in events:
            match event:
                case toolfeed.ArgumentsDelta(index, text):
                    self._told.arguments[index].append(text)
                    told += text
                case toolfeed.ContentDelta(text):
                    self._told.content.append(text)
                    told += text
                case toolfeed.ToolCallStart(_, _, name):
                    self._told.call(name)
                case _:
                    pass
        return told

    def result(self) -> Result:
        return self._told.result()


_TOOLS: dict[int, toolfeed.Tools] = {}


def _prepared(tools: list[dict[str, Any]]) -> toolfeed.Tools:
    """One Tools for all parsers, as a server has it."""
    return _TOOLS.setdefault(id(tools), toolfeed.Tools(tools))


_CALL = {"type": "function", "function": "{content}"}
_NAMED = {"type": "function", "function": {"name": "{name}", "arguments": "{content}"}}
_TEMPLATES: dict[str, dict[str, Any]] = {
    "hermes": {
        "tool_calls": {
            "repeats": True,
            "open_pattern": r"\s*<tool_call>",
            "close": "</tool_call>",
            "content": "json",
            "transform": _CALL,
        },
        "content": {"close_pattern": r"\s*<\|im_end\|>", "content": "text"},
    },
    "qwen3_coder": {
        "tool_calls": {
            "repeats": True,
            "open_pattern": r"\s*<tool_call>\s*<function=(?P<name>[^>\n]+)>",
            "close_pattern": r"</function>\s*</tool_call>",
            "content": "xml-inline",
            "content_args": {"tag_pattern": r"<parameter=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*</parameter>"},
            "transform": _NAMED,
        },
        "content": {"close_pattern": r"\s*<\|im_end\|>", "content": "text"},
    },
}


class Transformers:
    """Response parsing of transformers. It tells the text of content as it comes, and a call when it closes."""

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        try:
            from transformers.utils.chat_parsing import ResponseParser
        except ImportError:
            raise Absent("not installed: pip install 'transformers>=5.24'") from None
        template = {"start_anchor": "<|im_start|>assistant\n", "defaults": {}, "fields": _TEMPLATES[format]}
        self._parser = ResponseParser(template, prefix="", tools=tools)
        self._told = _Told()

    def feed(self, text: str) -> str:
        return self._tell(self._parser.feed(text))

    def finish(self) -> str:
        return self._tell(self._parser.finalize()[1])

    def _tell(self, events: Iterable[dict[str, Any]]) -> str:
        told = ""
        for event in events:
            if event["type"] == "region_chunk" and event["field"] == "content":
                self._told.content.append(event["text"])
                told += event["text"]
            elif event["type"] == "region_close" and event["field"] == "tool_calls":
                function = event["value"]["function"]
                arguments = function["arguments"]
                text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
                self._told.call(function["name"], text)
                told += text
        return told

    def result(self) -> Result:
        return self._told.result()


class Sglang:
    """The streaming detectors of SGLang, as the package llm-router-utils ships them without the engine."""

    _NAMES: ClassVar = {"hermes": "qwen25", "qwen3_coder": "qwen3_coder"}

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        try:
            from llm_router_utils.sglang.srt.entrypoints.openai.protocol import Tool
            from llm_router_utils.sglang.srt.function_call.function_call_parser import FunctionCallParser
        except ImportError:
            raise Absent("not installed: pip install --no-deps llm-router-utils; pip install orjson") from None
        self._parser = FunctionCallParser([Tool(**tool) for tool in tools], self._NAMES[format])
        self._told = _Told()

    def feed(self, text: str) -> str:
        return self._tell(*self._parser.parse_stream_chunk(text))

    def finish(self) -> str:
        return self._tell(*self._parser.parse_stream_end())

    def _tell(self, content: str, items: list[Any]) -> str:
        told = content or ""
        self._told.content.append(told)
        for item in items:
            if item.name:
                self._told.call(item.name)
            if item.parameters:
                self._told.arguments[item.tool_index].append(item.parameters)
                told += item.parameters
        return told

    def result(self) -> Result:
        return self._told.result()


class _Tags:
    """JSON in `<tool_call>` tags: the loop around a JSON reader, as servers had it."""

    OPEN, CLOSE = "<tool_call>", "</tool_call>"
    KEEPS = True  # all of a call's text, because it is read again

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        self._text = ""  # since the last thing that was over
        self._inside = False
        self._told = _Told()

    def feed(self, text: str) -> str:
        self._text += text
        told = ""
        while True:
            if not self._inside:
                at = self._text.find(self.OPEN)
                end = at if at >= 0 else len(self._text) - _overlap(self._text, self.OPEN)
                self._told.content.append(self._text[:end])
                told += self._text[:end]
                self._text = self._text[end:]
                if at < 0:
                    return told
                self._text = self._text[len(self.OPEN) :]
                self._inside = True
                self.begin()
            at = self._text.find(self.CLOSE)
            if at < 0:
                end = len(self._text) - _overlap(self._text, self.CLOSE)
                told += self.more(self._text[:end])
                if not self.KEEPS:
                    self._text = self._text[end:]
                return told
            told += self.over(self._text[:at])
            self._text = self._text[at + len(self.CLOSE) :]
            self._inside = False

    def finish(self) -> str:
        text, self._text = self._text, ""
        self._told.content.append("" if self._inside else text)
        return "" if self._inside else text

    def begin(self) -> None:
        raise NotImplementedError

    def more(self, text: str) -> str:
        """The call's text so far, or what is new of it."""
        raise NotImplementedError

    def over(self, text: str) -> str:
        """The whole of it, or the last of it."""
        raise NotImplementedError

    def result(self) -> Result:
        return self._told.result()


def _overlap(text: str, marker: str) -> int:
    """How much of the text's end may be a beginning of the marker."""
    return next((n for n in range(min(len(text), len(marker) - 1), 0, -1) if text.endswith(marker[:n])), 0)


class _Again(_Tags):
    """Parse again and diff: all of the call's text is parsed with every fragment, its arguments are written as JSON,
    and what is new of them is told, but for the quotes and brackets at the end, which the parser has closed itself."""

    loads: Callable[[str], Any]

    def begin(self) -> None:
        self._named = False
        self._sent = 0

    def more(self, text: str) -> str:
        try:
            found = self.loads(text.strip())
        except ValueError:
            return ""
        return self._tell(found, whole=False)

    def over(self, text: str) -> str:
        try:
            return self._tell(json.loads(text), whole=True)
        except ValueError:
            return ""

    def _tell(self, found: Any, whole: bool) -> str:
        if not isinstance(found, dict) or "arguments" not in found or not found.get("name"):
            return ""
        if not self._named:
            self._named = True
            self._told.call(found["name"])
        text = json.dumps(found["arguments"], ensure_ascii=False)
        if not whole:
            text = text.rstrip('"}] ')
        new = text[self._sent :]
        self._sent = max(self._sent, len(text))
        self._told.arguments[-1].append(new)
        return new


class PartialJson(_Again):
    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        super().__init__(format, tools)
        try:
            from partial_json_parser import loads
        except ImportError:
            raise Absent("not installed: pip install partial-json-parser") from None
        self.loads = loads


class Jiter(_Again):
    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        super().__init__(format, tools)
        try:
            from jiter import from_json
        except ImportError:
            raise Absent("not installed: pip install jiter") from None
        self.loads = lambda text: from_json(text.encode(), partial_mode="trailing-strings")


class Ijson(_Tags):
    """The events of ijson's fastest backend: names, keys and whole scalars, none of them before its end."""

    KEEPS = False

    def begin(self) -> None:
        import ijson

        self._events = ijson.sendable_list()
        self._reader = ijson.items_coro(self._events, "")
        self._keys = ijson.sendable_list()
        self._scalars = ijson.parse_coro(self._keys)
        self._named = False

    def more(self, text: str) -> str:
        if not text:  # which would be the end
            return ""
        self._reader.send(text.encode())
        self._scalars.send(text.encode())
        told = ""
        for prefix, event, value in self._keys:
            if prefix == "name" and not self._named:
                self._named = True
                self._told.call(value)
            elif prefix.startswith("arguments.") and event in ("string", "number", "boolean", "null"):
                told += str(value)
        del self._keys[:]
        return told

    def over(self, text: str) -> str:
        told = self.more(text)
        self._reader.close()
        self._told.arguments[-1].append(json.dumps(self._events[0]["arguments"], default=float))
        return told


class AgentToolParser:
    """A parser of whole texts: content and calls come when the turn is over."""

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        try:
            from agent_tool_parser import try_parse_tool_calls
        except ImportError:
            raise Absent("not installed: pip install agent-tool-parser") from None
        self._parse = try_parse_tool_calls
        self._text: list[str] = []
        self._told = _Told()

    def feed(self, text: str) -> str:
        self._text.append(text)
        return ""

    def finish(self) -> str:
        text = "".join(self._text)
        calls = self._parse(text)
        for call in calls:
            self._told.call(call.name, json.dumps(call.args))
        self._told.content.append(text.split("<tool_call>")[0])  # what is content it does not say
        return "".join(argument for arguments in self._told.arguments for argument in arguments)

    def result(self) -> Result:
        return self._told.result()


class Harmony:
    """openai-harmony's StreamableParser, which reads tokens; making tokens of a fragment is not its work, so that is
    kept from one round to the next. It fetches its vocabulary when it is first used."""

    def __init__(self, format: str, tools: list[dict[str, Any]]) -> None:
        try:
            from openai_harmony import Role, StreamableParser
        except ImportError:
            raise Absent("not installed: pip install openai-harmony") from None
        self._parser = StreamableParser(_harmony_encoding(), role=Role.ASSISTANT)
        self._told = _Told()

    def feed(self, text: str) -> str:
        told = ""
        parser = self._parser
        for token in _harmony_tokens(text):
            parser.process(token)
            told += parser.last_content_delta or ""
        return told

    def finish(self) -> str:
        self._parser.process_eos()
        return ""

    def result(self) -> Result:
        for message in self._parser.messages:
            text = "".join(getattr(part, "text", "") for part in message.content)
            if message.recipient:
                self._told.call(message.recipient.removeprefix("functions."), text)
            else:
                self._told.content.append(text)
        return self._told.result()


@lru_cache(maxsize=1)
def _harmony_encoding() -> Any:
    import openai_harmony

    try:
        return openai_harmony.load_harmony_encoding(openai_harmony.HarmonyEncodingName.HARMONY_GPT_OSS)
    except openai_harmony.HarmonyError:
        raise Absent("its vocabulary cannot be fetched here") from None


@lru_cache(maxsize=100_000)
def _harmony_tokens(text: str) -> tuple[int, ...]:
    return tuple(_harmony_encoding().encode(text, allowed_special="all"))


TAGS = ("hermes",)
PEERS: dict[str, tuple[Callable[[str, list[dict[str, Any]]], Peer], tuple[str, ...]]] = {
    "floor": (Nothing, ("hermes", "qwen3_coder", "harmony")),
    "toolfeed": (Toolfeed, ("hermes", "qwen3_coder", "harmony")),
    "transformers": (Transformers, ("hermes", "qwen3_coder")),
    "SGLang's detectors": (Sglang, ("hermes", "qwen3_coder")),
    "jiter, again and again": (Jiter, TAGS),
    "partial-json-parser, again and again": (PartialJson, TAGS),
    "ijson": (Ijson, TAGS),
    "agent-tool-parser, at the end": (AgentToolParser, TAGS),
    "openai-harmony": (Harmony, ("harmony",)),
}
