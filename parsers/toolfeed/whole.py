"""A region whose shape does not stream, read when it closes: a transform makes calls of what its body is read as.

The readers and the transform are those of response templates (formats.md, D2 and D3). Values keep what the model wrote:
a JSON text stays as it is written, and text that a tool's schema types is read by `coercion`, as in every format.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from .codecs.arguments import Arguments
from .codecs.json_text import elements, members, skip, value_at
from .coercion import WHITESPACE, coerce, escape
from .grammar import Whole
from .patterns import Pattern, PatternError
from .tools import Tool, Tools

CONTENTS: Final = ("text", "int", "float", "bool", "json", "xml-inline", "kv-lines")

# What each reader may be told, and of which type that is.
ARGS: Final[dict[str, dict[str, type]]] = {
    "text": {"strip": bool},
    "int": {"strip": bool},
    "float": {"strip": bool},
    "bool": {"strip": bool},
    "json": {"unquoted_keys": bool, "string_delims": list, "allow_non_json": bool, "strip": bool},
    "xml-inline": {"tag_pattern": str, "value_parser": dict, "merge_duplicates": bool},
    "kv-lines": {"line_sep": str, "kv_sep": str, "strip": bool, "value_parser": dict},
}
_KINDS: Final = {bool: "true or false", list: "a list", str: "a string", dict: "an object"}

_DEEPEST: Final = 32
_PLACEHOLDER: Final = re.compile(r"\{(\w+(?:\.\w+)*)\}")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BARE_KEY: Final = re.compile(r"([{,]\s*)(\w+)(?=\s*:)")


class WholeError(ValueError):
    """A way of reading that cannot be used: where in it, and why."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Unreadable(ValueError):
    """A body that is not what it should be."""


class Json(NamedTuple):
    """A value as JSON text, as it was written."""

    text: str


Value: TypeAlias = "str | Json | dict[str, Value] | list[Value]"


class WholeCall(NamedTuple):
    """A call that was read. `arguments`: JSON text of an object."""

    name: str
    arguments: str
    id: str
    notes: tuple[str, ...]


# -- what is checked of a way of reading -------------------------------------------------------------------------------


def check(whole: Whole, groups: tuple[str, ...]) -> None:
    """Raises WholeError for what cannot be read. `groups`: those that the delimiters' patterns name."""
    check_content(whole.content, whole.args, "args")
    if whole.each and whole.transform is None:
        raise WholeError("each", "has no transform that could be applied to each")
    for key, path in placeholders(whole.transform):
        if not whole.each and path[0] not in (*groups, "content"):
            known = ", ".join("{" + name + "}" for name in ("content", *groups))
            raise WholeError(key, f"{{{'.'.join(path)}}} is not known here; known are {known}")
        if whole.each and path[0] == "content":
            raise WholeError(key, "{content} is not known with each; known are the keys of each element")


def check_content(content: str, args: object, key: str) -> None:
    """Raises WholeError for a reader that is not known, or cannot be told this."""
    if content not in CONTENTS:
        raise WholeError(key, f"{content!r} is no way of reading; known are {', '.join(CONTENTS)}")
    if not isinstance(args, dict):
        raise WholeError(key, "is an object")
    known = ARGS[content]
    for name, value in cast("dict[str, object]", args).items():
        own = f"{key}.{name}"
        if name not in known:
            raise WholeError(own, f"is nothing that {content!r} knows; it knows {', '.join(known)}")
        if not isinstance(value, known[name]):
            raise WholeError(own, f"is {_KINDS[known[name]]}")
        if name in ("line_sep", "kv_sep") and not value:
            raise WholeError(own, "is empty, so nothing would be separated")
        if name == "value_parser":
            _check_value_parser(cast("dict[str, object]", value), own)
        elif name == "string_delims":
            _check_delimiters(cast("list[object]", value), own)
    if content == "xml-inline":
        _check_tags(cast("dict[str, Any]", args), key)


def _check_value_parser(parser: dict[str, object], key: str) -> None:
    if key.count("value_parser") > _DEEPEST:
        raise WholeError(key, f"is nested more than {_DEEPEST} levels deep")
    for name in parser:
        if name not in ("name", "args"):
            raise WholeError(f"{key}.{name}", "is no key here; known are name, args")
    content = parser.get("name", "text")
    if not isinstance(content, str):
        raise WholeError(f"{key}.name", "is a string")
    check_content(content, parser.get("args", {}), f"{key}.args" if content in CONTENTS else f"{key}.name")


def _check_delimiters(pairs: list[object], key: str) -> None:
    for pair in pairs:
        texts: list[object] = list(cast("list[object]", pair)) if isinstance(pair, list | tuple) else []
        if len(texts) != 2 or not all(isinstance(text, str) and text for text in texts):
            raise WholeError(key, "is a list of pairs, [open, close], of strings that are not empty")


def _check_tags(args: dict[str, Any], key: str) -> None:
    if "tag_pattern" not in args:
        raise WholeError(f"{key}.tag_pattern", "is missing")
    try:
        names = Pattern(args["tag_pattern"]).names
    except PatternError as error:
        raise WholeError(f"{key}.tag_pattern", str(error)) from None
    if "key" not in names:
        raise WholeError(f"{key}.tag_pattern", "has no group (?P<key>…)")


def placeholders(transform: object, key: str = "transform", depth: int = 0) -> Iterator[tuple[str, list[str]]]:
    """The placeholders of a transform: where they stand, and their paths. Raises WholeError for text around one, and
    for a transform that is deeper than any call."""
    if depth > _DEEPEST:
        raise WholeError(key.partition(".")[0], f"is nested more than {_DEEPEST} levels deep")
    if isinstance(transform, dict):
        for name, item in cast("dict[str, object]", transform).items():
            yield from placeholders(item, f"{key}.{name}", depth + 1)
    elif isinstance(transform, list):
        for i, item in enumerate(cast("list[object]", transform)):
            yield from placeholders(item, f"{key}[{i}]", depth + 1)
    elif isinstance(transform, str) and (found := _PLACEHOLDER.search(transform)):
        if found.group() != transform:
            raise WholeError(key, f"{transform!r} has text around {found.group()}; a placeholder stands alone")
        yield key, found.group(1).split(".")
    elif isinstance(transform, float) and not math.isfinite(transform):
        raise WholeError(key, f"{transform} is no JSON")


# -- reading -----------------------------------------------------------------------------------------------------------


class WholeReader:
    """One way of reading a region's body. Immutable; all parsers of a grammar share it."""

    __slots__ = ("_group", "_name", "_read", "_whole", "is_json")

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._read = _reader(whole.content, whole.args)
        self.is_json = whole.content == "json"  # it is seen from the body whether it is over
        named = _at(whole.transform, "function", "name") or _at(whole.transform, "name") or ""
        found = _PLACEHOLDER.fullmatch(named)
        self._name = named if found is None else ""
        self._group = found.group(1) if found is not None else ""

    def name(self, groups: Mapping[str, str]) -> str:
        """The name of the call as far as the delimiters alone say it; "" if they do not."""
        return self._name or groups.get(self._group, "")

    def read(self, body: str, groups: Mapping[str, str], tools: Tools | None, digits: int) -> list[WholeCall]:
        """The calls in a region. Raises Unreadable."""
        whole = self._whole
        value = self._read(body, digits)
        made: list[Value]
        if whole.each:
            scopes = ({**groups, **_table(item, digits)} for item in _list(value, digits))
            made = [_filled(whole.transform, scope, digits) for scope in scopes]
        elif whole.transform is not None:
            made = [_filled(whole.transform, {**groups, "content": value}, digits)]
        elif isinstance(value, list) or (isinstance(value, Json) and value.text.startswith("[")):
            made = _list(value, digits)
        else:
            made = [value]
        return [_call(item, tools, digits) for item in made]


def _at(transform: object, *keys: str) -> str:
    """The string at a path in a transform; "" if there is none."""
    for key in keys:
        transform = cast("dict[str, object]", transform).get(key) if isinstance(transform, dict) else None
    return transform if isinstance(transform, str) else ""


_Read: TypeAlias = Callable[[str, int], Value]


def _reader(content: str, args: Mapping[str, Any]) -> _Read:
    """What reads a text as its content."""
    if content == "xml-inline":
        return _xml_inline(args)
    if content == "kv-lines":
        return _kv_lines(args)
    if content == "json":
        return _json(args)
    strip = args.get("strip", True)

    def read(text: str, digits: int) -> Value:
        text = text.strip() if strip else text
        if content == "text":
            return text
        if content == "bool":
            return Json("true" if text.lower() in ("true", "1") else "false")
        try:
            return _checked(repr(int(text) if content == "int" else float(text)), digits)
        except ValueError as error:
            raise Unreadable(f"it is no {content}: {error}") from None

    return read


def _value_reader(args: Mapping[str, Any]) -> _Read:
    parser = args.get("value_parser")
    if parser is None:
        return lambda text, digits: text
    return _reader(parser.get("name", "text"), parser.get("args", {}))


def _json(args: Mapping[str, Any]) -> _Read:
    delimiters: list[tuple[str, str]] = [tuple(pair) for pair in args.get("string_delims", ())]
    unquoted = args.get("unquoted_keys", False)

    def read(text: str, digits: int) -> Value:
        try:
            return _checked(_plain_json(text, delimiters, unquoted), digits)
        except Unreadable:
            if args.get("allow_non_json"):
                return text.strip() if args.get("strip", True) else text
            raise

    return read


def _plain_json(text: str, delimiters: list[tuple[str, str]], unquoted: bool) -> str:
    """JSON text of what is written in this dialect of it."""
    if not delimiters and not unquoted:
        return text
    out: list[str] = []
    gone = {opener for opener, closer in delimiters if text.find(closer) < 0}
    stops = "|".join(re.escape(opener) for opener, _ in delimiters)
    token = re.compile(rf'(?P<string>{stops or "(?!)"})|(?P<quoted>")|(?P<key>[{{,]\s*\w+\s*:)', re.DOTALL)
    pos = 0
    while (found := token.search(text, pos)) is not None:
        out.append(text[pos : found.start()])
        pos = found.end()
        if found.group("string"):
            opener = found.group()
            closer = next(closer for own, closer in delimiters if own == opener)
            end = text.find(closer, pos) if opener not in gone else -1
            if end < 0:
                gone.add(opener)
                out.append(opener)
                continue
            out.append(f'"{escape(text[pos:end])}"')
            pos = end + len(closer)
        elif found.group("quoted"):
            quoted = _QUOTED.match(text, found.start())
            assert quoted is not None
            out.append(quoted.group())
            pos = quoted.end()
        else:
            out.append(_BARE_KEY.sub(r'\1"\2"', found.group()) if unquoted else found.group())
    return "".join([*out, text[pos:]])


def _checked(text: str, digits: int) -> Json:
    """The text, if it is one JSON value."""
    try:
        value, end = value_at(text, 0, digits)
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {error}") from None
    if skip(text, end) < len(text):
        raise Unreadable("it is no JSON: there is text behind it")
    return Json(value)


def _xml_inline(args: Mapping[str, Any]) -> _Read:
    pattern = Pattern(args["tag_pattern"])
    read_value = _value_reader(args)
    merge = args.get("merge_duplicates", False)

    def read(text: str, digits: int) -> Value:
        found: dict[str, Value] = {}
        merged: dict[str, list[Value]] = {}
        try:
            for match in pattern.each(text):
                groups: dict[str, str | None] = match.groupdict()
                key = groups["key"]
                if key is None:
                    raise Unreadable("a tag has no key")
                value = read_value(groups.get("value") or "", digits)
                if key in found and merge:
                    many = merged.setdefault(key, [found[key]])
                    many.append(value)
                    value = many
                found[key] = value
        except TimeoutError:
            raise Unreadable("looking for its tags took too long") from None
        return found

    return read


def _kv_lines(args: Mapping[str, Any]) -> _Read:
    line_sep: str = args.get("line_sep", "\n")
    kv_sep: str = args.get("kv_sep", ":")
    strip = args.get("strip", True)
    read_value = _value_reader(args)

    def read(text: str, digits: int) -> Value:
        found: dict[str, Value] = {}
        for line in text.split(line_sep):
            key, separator, value = (line.strip() if strip else line).partition(kv_sep)
            if separator:
                found[key.strip() if strip else key] = read_value(value.strip() if strip else value, digits)
        return found

    return read


# -- the transform -----------------------------------------------------------------------------------------------------


def _filled(transform: object, scope: Mapping[str, Value], digits: int) -> Value:
    """The transform with what its placeholders stand for."""
    if isinstance(transform, dict):
        shape = cast("dict[str, object]", transform)
        return {key: _filled(item, scope, digits) for key, item in shape.items()}
    if isinstance(transform, list):
        return [_filled(item, scope, digits) for item in cast("list[object]", transform)]
    if not isinstance(transform, str):
        return Json(json.dumps(transform))
    found = _PLACEHOLDER.fullmatch(transform)
    if found is None:
        return transform
    value: Value | None = None
    table = scope
    for key in found.group(1).split("."):
        value = table.get(key)
        if value is None:
            raise Unreadable(f"{transform} is not there")
        table = _table(value, digits) if isinstance(value, dict | Json) else {}
    assert value is not None
    return value


def _table(value: Value, digits: int) -> dict[str, Value]:
    """The keys of an object; none if it is something else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Json) and value.text.startswith("{"):
        return {key: Json(text) for key, text in members(value.text, digits)}
    return {}


def _list(value: Value, digits: int) -> list[Value]:
    if isinstance(value, list):
        return value
    if isinstance(value, Json) and value.text.startswith("["):
        return [Json(text) for text in elements(value.text, digits)]
    raise Unreadable("it is no list")


# -- the calls ---------------------------------------------------------------------------------------------------------


def _call(value: Value, tools: Tools | None, digits: int) -> WholeCall:
    table = _table(value, digits)
    function = _table(table["function"], digits) if "function" in table else table
    name = _string(function.get("name"))
    if not name:
        raise Unreadable("it names no tool")
    tool = tools.get(name.strip(WHITESPACE)) if tools is not None else None
    notes: list[str] = []
    arguments = _arguments(function.get("arguments"), tool, digits, notes)
    return WholeCall(name, arguments, _string(table.get("id")), tuple(dict.fromkeys(notes)))


def _string(value: Value | None) -> str:
    """The text of a string; "" if it is none."""
    if isinstance(value, Json):
        return json.loads(value.text) if value.text.startswith('"') else ""
    return value if isinstance(value, str) else ""


def _arguments(value: Value | None, tool: Tool | None, digits: int, notes: list[str]) -> str:
    """JSON text of the arguments."""
    if value is None:
        return "{}"
    if isinstance(value, dict):
        pairs = (f'"{escape(key)}": {_typed(item, key, tool, digits, notes)}' for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        raise Unreadable("its arguments are a list")
    text = value.text if isinstance(value, Json) else value
    machine = Arguments(digits)
    out: list[str] = []
    end = machine.feed(text, 0, out)
    if not machine.done or skip(text, end) < len(text):
        raise Unreadable(machine.error or "its arguments are not a JSON object")
    notes += machine.notes
    return "".join(out)


def _typed(value: Value, key: str, tool: Tool | None, digits: int, notes: list[str]) -> str:
    """JSON text of one argument; text is read as the type that the tool's schema gives it."""
    if isinstance(value, str):
        if tool is None:
            return f'"{escape(value)}"'
        written, noted = coerce_text(value, key, tool, digits)
        notes += noted
        return written
    if isinstance(value, list):
        kind = tool.parameter(key).types if tool is not None else ()
        own = None if "array" in kind else tool  # repeated tags: each is a value of its own
        return "[" + ", ".join(_typed(item, key, own, digits, notes) for item in value) + "]"
    quoted = isinstance(value, Json) and value.text.startswith('"')
    if quoted and tool is not None and not tool.parameter(key).admits_string:
        return _typed(_string(value), key, tool, digits, notes)
    return _json_text(value)


def coerce_text(text: str, key: str, tool: Tool, digits: int) -> tuple[str, tuple[str, ...]]:
    """A text argument as JSON, by its parameter's types; where a boolean is declared before numbers, 1 and 0 are
    booleans."""
    word = text.strip(WHITESPACE)
    if word in ("1", "0") and tool.boolean_first(key):
        return ("true" if word == "1" else "false"), ("boolean_digit",)
    return coerce(text, tool.parameter(key), digits=digits)


def _json_text(value: Value) -> str:
    if isinstance(value, Json):
        return value.text
    if isinstance(value, str):
        return f'"{escape(value)}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_text, value)) + "]"
    return "{" + ", ".join(f'"{escape(key)}": {_json_text(item)}' for key, item in value.items()) + "}"
