"""A scripted model: turns in every format, without a model, a key or a network.

`replay/FORMAT` is a model that writes its calls as that format has them, and toolfeed reads them; `raw/FORMAT` is the
same model in an engine without a parser: what it writes is the content. What it says is a turn of a script, or else
improvised from the request: it calls the tools that the user's words point to, with arguments that fit their schemas,
and once it has their results it reports them. The same request always gets the same answer.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import re
import tomllib
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ..encoders import Usage
from ..errors import CannotExpress, ToolfeedError
from ..grammar import Grammar
from ..message import Message, parse
from ..registry import formats
from .shapes import Json, is_list, is_object
from .source import End, Item, Request, SourceError, Stream

Cut: TypeAlias = int | Literal["words"]

_WORDS: Final = re.compile(r"\s?\w{1,12}|\s?[^\w\s]{1,4}|\s+")
_NAMES: Final = re.compile(r"(?<=\w\s)[^\W\d_a-z]\w+(?:\s[^\W\d_a-z]\w+)*")
_DEFAULT: Final = "hermes"
_TOKEN: Final = 4  # characters, about


class ScriptCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a scripted turn. `arguments`: a table, or JSON text."""

    name: str
    arguments: dict[str, Any] | str = {}

    @property
    def text(self) -> str:
        """The arguments as JSON text."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


class ScriptTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn, and when it is played: the first one that fits is.

    `user`: a text that the user's last message holds, in any case. `tools`: they are all declared. `after`: the last
    message is a tool's "result", or the "user"'s. `formats`: those that it is for, any if there are none.

    What is said: `reasoning`, `content`, `calls`, and `more`, content behind the calls; or `text`, what the model
    writes, as it is. `{results}` in a text is what the tools said. `fails`: the stream breaks off at its end.
    """

    user: str = ""
    tools: tuple[str, ...] = ()
    after: Literal["user", "result"] | None = None
    formats: tuple[str, ...] = ()
    reasoning: str = ""
    content: str = ""
    calls: tuple[ScriptCall, ...] = ()
    more: str = ""
    text: str = ""
    fails: bool = False


class _Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    turns: tuple[ScriptTurn, ...] = ()


class ScriptError(ToolfeedError):
    """A script that cannot be read: names the file and what is wrong."""


def load_script(folder: Path) -> tuple[ScriptTurn, ...]:
    """The turns of a folder's `.toml` files, in the order of the files' names. Raises ScriptError."""
    if not folder.is_dir():
        raise ScriptError(f"{folder} is no folder")
    turns: list[ScriptTurn] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            turns += msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Script).turns
        except (OSError, ValueError, msgspec.ValidationError) as error:
            raise ScriptError(f"{path}: {error}") from None
    if not turns:
        raise ScriptError(f"{folder} has no .toml file with a [[turns]] table")
    return tuple(turns)


class Replay:
    """The source that plays.

    `script`: turns that come before improvised ones. `speed`: characters per second, None as fast as it goes. `cut`:
    the fragments: "words", about what a tokenizer makes of text, or a number of characters.
    """

    def __init__(self, script: tuple[ScriptTurn, ...] = (), *, speed: float | None = None, cut: Cut = "words") -> None:
        self._script = script
        self._speed = speed
        self._cut: Cut = cut

    async def models(self, key: str = "") -> list[str]:
        return [f"{kind}/{name}" for kind in ("replay", "raw") for name in _names()]

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Stream]:
        grammar, raw = _model(request.model)
        if raw and request.tool_choice == "none":
            # An engine without a parser is told "none" for every request; its model does not know.
            request = msgspec.structs.replace(request, tool_choice="auto")
        turn = choose(self._script, request, grammar)
        text = turn.text or written(grammar, turn, request)
        prompt = sum(len(str(message.get("content") or "")) for message in request.messages)
        items = self._play(text, turn.fails, request.options.get("max_tokens"), prompt // _TOKEN + 1)
        try:
            yield Stream(items, None if raw else grammar)
        finally:
            await items.aclose()

    async def _play(self, text: str, fails: bool, most: int | None, prompt: int) -> AsyncGenerator[Item]:
        pieces = _WORDS.findall(text) if self._cut == "words" else _cut(text, self._cut)
        for piece in pieces[:most]:
            # Without a speed too, other streams get their turn.
            await asyncio.sleep(len(piece) / self._speed if self._speed else 0)
            yield piece
        if fails:
            raise SourceError(502, "the script says that the model fails here")
        cut_off = most is not None and len(pieces) > most
        yield End("length" if cut_off else "stop", Usage(prompt, len(pieces[:most])))

    async def close(self) -> None:
        pass


def _cut(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


@cache
def _names() -> tuple[str, ...]:
    return tuple(info.name for info in formats())


def _model(name: str) -> tuple[Grammar, bool]:
    """The format that a model's name asks for, and whether its text is not to be read."""
    kind, _, wanted = name.partition("/")
    if kind not in ("replay", "raw"):
        kind, wanted = "replay", name
    try:
        return _grammar(wanted or _DEFAULT), kind == "raw"
    except ToolfeedError:
        near = difflib.get_close_matches(wanted, _names(), n=3) or [_DEFAULT]
        hint = " or ".join(f"{kind}/{other}" for other in near)
        raise SourceError(404, f"there is no model {name[:100]!r}; try {hint}") from None


@cache
def _grammar(format: str) -> Grammar:
    if format.endswith(".toml") or "/" in format or "\\" in format:
        raise ToolfeedError("a request names a format, no file")
    return Grammar.load(format)


# -- what is said ------------------------------------------------------------------------------------------------------


def choose(script: tuple[ScriptTurn, ...], request: Request, grammar: Grammar) -> ScriptTurn:
    """The turn that a request gets: the first of the script that fits it, or an improvised one."""
    said = _user_text(request).casefold()
    after = "result" if _results(request) else "user"
    tools = {tool["function"]["name"] for tool in _callable(request)}
    for turn in script:
        if (
            turn.user.casefold() in said
            and turn.after in (None, after)
            and tools.issuperset(turn.tools)
            and (not turn.formats or grammar.name in turn.formats)
        ):
            results = "; ".join(_results(request))
            return msgspec.structs.replace(
                turn, content=turn.content.replace("{results}", results), more=turn.more.replace("{results}", results)
            )
    return improvise(request)


def improvise(request: Request) -> ScriptTurn:
    """A turn for any request: what a model could have said to it."""
    results = _results(request)
    if results:
        return ScriptTurn(reasoning="That is what I needed.", content=f"Here is what I found: {'; '.join(results)}")
    tools = _chosen(request)
    if not tools:
        return ScriptTurn(
            reasoning="No tool is needed.",
            content="I am a scripted model. Give me tools, and I call them in the notation of my format.",
        )
    names = _NAMES.findall(_user_text(request))
    calls: list[ScriptCall] = []
    for tool in tools:
        function = tool["function"]
        schema: object = function.get("parameters")
        rounds = len(names) if len(tools) == 1 and request.parallel_tool_calls else 1
        # Several names, and a tool that takes one: a call for each.
        for i in range(min(max(rounds, 1), 3)):
            arguments = sample(schema, names[i : i + 1] or names[:1], schema)
            call = ScriptCall(function["name"], arguments if is_object(arguments) else {})
            if call not in calls:
                calls.append(call)
    wanted = " and ".join(dict.fromkeys(call.name for call in calls))
    return ScriptTurn(reasoning=f"I need {wanted}.", content="Let me check.", calls=tuple(calls))


def _callable(request: Request) -> list[Json]:
    return [] if request.tool_choice == "none" else request.tools or []


def _chosen(request: Request) -> list[Json]:
    """The tools to call: the one that the request names, those that the user's words point to, or the first."""
    tools = _callable(request)
    if is_object(request.tool_choice):
        name = request.tool_choice["function"]["name"]
        return [tool for tool in tools if tool["function"]["name"] == name]
    said = set(re.findall(r"\w{3,}", _user_text(request).casefold()))
    pointed = [
        tool
        for tool in tools
        if said.intersection(word for word in re.split(r"[\W_]+", tool["function"]["name"].casefold()) if len(word) > 2)
    ]
    pointed = pointed or tools[:1]
    return pointed if request.parallel_tool_calls else pointed[:1]


def _user_text(request: Request) -> str:
    """What the user said last."""
    for message in reversed(request.messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    return ""


def _results(request: Request) -> list[str]:
    """What tools said since anybody else did."""
    results: list[str] = []
    for message in reversed(request.messages):
        if message.get("role") != "tool":
            break
        results.append(_text(message.get("content")))
    return results[::-1]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if is_list(content) else []
    return " ".join(str(part.get("text", "")) for part in parts if is_object(part))


_DEPTH: Final = 6
_MOST: Final = 1000  # values in a sample, about


def sample(schema: object, names: list[str], root: object, depth: int = 0, left: Iterator[int] | None = None) -> Any:
    """A value that fits a JSON schema: one that it names, or one of its type. `names`: what strings may be. `left`: an
    item for each value that it may still be made of, since a schema may refer to itself in many places."""
    left = iter(range(_MOST)) if left is None else left
    if next(left, None) is None:
        depth = _DEPTH
    found = _resolved(schema, root)
    for key in ("const", "default"):
        if key in found:
            return found[key]
    for key in ("enum", "examples"):
        if is_list(found.get(key)) and found[key]:
            return found[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if is_list(found.get(key)) and found[key]:
            return sample(found[key][0], names, root, depth + 1, left) if depth < _DEPTH else None
    kind = found.get("type")
    if is_list(kind):
        kind = next(iter(kind), None)
    if kind == "object" or (kind is None and "properties" in found):
        return _sample_object(found, names, root, depth, left)
    if kind == "array":
        count = min(max(1, _number(found.get("minItems"), 1)), 8)
        items = found.get("items", {})
        return [sample(items, names, root, depth + 1, left) for _ in range(count)] if depth < _DEPTH else []
    if kind in ("integer", "number"):
        low = found.get("minimum", found.get("exclusiveMinimum"))
        return 3 if low is None else _number(low, 3) + 1
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return names[0] if names else "example"


def _sample_object(schema: Json, names: list[str], root: object, depth: int, left: Iterator[int]) -> Json:
    properties: Json = schema["properties"] if is_object(schema.get("properties")) else {}
    required = schema.get("required")
    keys = [key for key in required if isinstance(key, str) and key in properties] if is_list(required) else []
    keys = keys or list(properties)
    return {key: sample(properties[key], names, root, depth + 1, left) for key in keys} if depth < _DEPTH else {}


def _resolved(schema: object, root: object) -> Json:
    for _ in range(_DEPTH):
        if not is_object(schema):
            return {}
        found = schema
        target = found.get("$ref")
        if not isinstance(target, str):
            return found
        schema = root
        for part in target.removeprefix("#").strip("/").split("/"):
            schema = schema.get(part) if is_object(schema) else None
    return {}


def _number(value: object, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default


# -- how it is written -------------------------------------------------------------------------------------------------


def written(grammar: Grammar, turn: ScriptTurn, request: Request) -> str:
    """The turn as a model of this format writes it, with as much of it as the format can say."""
    calls = [(call.name, call.text) for call in turn.calls]
    for content, reasoning, some in _variants(turn.content, turn.reasoning, calls):
        try:
            text = grammar.write(content, reasoning, some, tools=request.tools)
            more = grammar.write(turn.more, tools=request.tools) if turn.more and some else ""
        except CannotExpress:
            continue
        for whole in (f"{text}{more}", f"{text}\n{more}") if more else ():
            if _reads(grammar, whole, request, content + turn.more, some):
                return whole
        if _reads(grammar, text, request, content, some):
            return text
    return turn.content


def _variants(
    content: str, reasoning: str, calls: list[tuple[str, str]]
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """What may be left out where a format cannot say it all: the poorest last."""
    for some in dict.fromkeys((len(calls), min(len(calls), 1), 0)):
        for text, thought in ((content, reasoning), (content, ""), ("", reasoning), ("", "")):
            if some or text or not content:
                yield text, thought, calls[:some]


def _reads(grammar: Grammar, text: str, request: Request, content: str, calls: list[tuple[str, str]]) -> bool:
    """Whether a parser reads just this in the text, told what the request says."""
    message: Message = parse(text, grammar, tools=request.tools or [], tool_choice=request.tool_choice)
    return message.content == content and [call.name for call in message.tool_calls if call.status == "complete"] == [
        name for name, _ in calls
    ]
