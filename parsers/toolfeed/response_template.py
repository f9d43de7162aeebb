"""Hugging Face response templates, version 1, read into grammars (formats.md, chapter D).

Every field becomes a region. A call whose shape the notation can say is given a `body` line, so its arguments stream;
one that it cannot say is read when its region closes (`whole`). What no grammar can say is a GrammarError that names
the key in the template. docs/response_templates.md says which is which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from .errors import GrammarError
from .grammar import Calls, Grammar, Keys, Region, Start, Whole
from .notation import literal
from .patterns import Char, Edge, Pattern, PatternError
from .regions import LONGEST_LITERAL
from .shapes import Tag, markers, tag
from .whole import CONTENTS, WholeError, check, placeholders

_TOP: Final = ("version", "defaults", "fields", "start_anchor", "start_anchor_pattern")
_FIELD: Final = (
    "open",
    "open_pattern",
    "close",
    "close_pattern",
    "content",
    "content_args",
    "repeats",
    "join",
    "optional",
    "transform",
    "transform_each",
)
_TO: Final = {"content": "content", "thinking": "reasoning", "reasoning_content": "reasoning", "reasoning": "reasoning"}
_CALLS: Final = "tool_calls"
_PYTHON: Final = "python-call-list"

_DELIMITER: Final = re.compile(r"[^\w\s\"':,{}\[\]+.\-][^\s:,{}\[\]]*")  # of strings in object notation
_TOKEN: Final = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_WORD: Final = re.compile(r"\w+")


def read(template: Mapping[str, Any] | str, name: str) -> Grammar:
    """See Grammar.from_response_template."""
    table = _table(template)
    _known(table, _TOP, "")
    if table.get("version", 1) != 1:
        raise GrammarError(f"is {table['version']!r}; only version 1 is read", key="version")
    if not isinstance(table.get("defaults", {}), dict):
        raise GrammarError("is an object", key="defaults")
    fields = table.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise GrammarError("is an object that holds at least one field", key="fields")
    start = _delimiter(table, "start_anchor", "")
    if not start.literals and start.pattern is None:
        raise GrammarError("is missing: give it or start_anchor_pattern", key="start_anchor")
    found = [_Field(own, value) for own, value in cast("dict[str, object]", fields).items()]
    implicit = [field.name for field in found if not field.opens]
    if len(implicit) > 1:
        raise GrammarError(f"only one field may have no opener, not {', '.join(implicit)}", key="fields")
    regions: dict[str, Region] = {}
    calls = Calls()
    for field in found:
        regions[field.name], own = field.region()
        calls = own or calls
    return Grammar(
        name=name,
        source="A response template",
        special_tokens=tuple(dict.fromkeys(token for field in found for token in field.tokens())),
        start=Start(anchor=start.literals, anchor_pattern=start.pattern.source if start.pattern else ""),
        regions=regions,
        calls=calls,
    )


def _table(template: Mapping[str, Any] | str) -> dict[str, Any]:
    value: object = template
    if isinstance(template, str):
        try:
            value = json.loads(template)
        except (ValueError, RecursionError) as error:
            raise GrammarError(f"a response template is a JSON object, but this is no JSON: {error}") from None
    if not isinstance(value, Mapping):
        raise GrammarError(f"a response template is a JSON object, not {type(value).__name__}")
    return dict(cast("Mapping[str, Any]", value))


def _known(table: Mapping[str, object], keys: Iterable[str], path: str) -> None:
    for key in table:
        if key not in keys:
            raise GrammarError(f"is no key here; known are {', '.join(keys)}", key=f"{path}{key}")


class _Delimiter(NamedTuple):
    literals: tuple[str, ...] = ()
    pattern: Pattern | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return self.pattern.names if self.pattern is not None else ()


def _delimiter(table: Mapping[str, object], key: str, path: str) -> _Delimiter:
    """What `key` or `key`_pattern says."""
    place, other = path + key, f"{key}_pattern"
    if key in table and other in table:
        raise GrammarError(f"stands beside {other}; only one of them can count", key=place)
    if other in table:
        source = table[other]
        if not isinstance(source, str) or not source:
            raise GrammarError("is a regular expression, a string that is not empty", key=path + other)
        return _Delimiter(pattern=_pattern(source, path + other))
    if key not in table:
        return _Delimiter()
    value = table[key]
    texts = cast("list[object]", value) if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise GrammarError("is a string that is not empty, or a list of such strings", key=place)
    literals = tuple(dict.fromkeys(cast("list[str]", texts)))
    if any(len(text) > LONGEST_LITERAL for text in literals):
        raise GrammarError(f"is longer than {LONGEST_LITERAL} characters", key=place)
    return _Delimiter(literals)


def _pattern(source: str, key: str) -> Pattern:
    try:
        return Pattern(source)
    except PatternError as error:
        raise GrammarError(str(error), key=key) from None


class _Shape(NamedTuple):
    """What a transform says of a call: the placeholders of its name, arguments and id, "" for none. `whole`: the
    content is the call."""

    name: object = ""
    arguments: object = ""
    id: object = ""
    whole: bool = False


class _Field:
    """One field of a template, checked."""

    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self._path = path = f"fields.{name}."
        if not isinstance(value, dict):
            raise GrammarError("is an object", key=f"fields.{name}")
        table = cast("dict[str, Any]", value)
        _known(table, _FIELD, path)
        self._open = _delimiter(table, "open", path)
        self._close = _delimiter(table, "close", path)
        for key in ("repeats", "optional", "transform_each"):
            if not isinstance(table.get(key, False), bool):
                raise GrammarError("is true or false", key=path + key)
        self._join = table.get("join", "")
        if not isinstance(self._join, str):
            raise GrammarError("is a string", key=f"{path}join")
        if "join" in table and not table.get("repeats"):
            raise GrammarError("needs repeats, or there is nothing to join", key=f"{path}join")
        self._required = not table.get("optional", True)
        self._transform: object = table.get("transform")
        self._each: bool = table.get("transform_each", False)
        self._content = table.get("content", "text")
        self._args = table.get("content_args", {})
        self._check_content()
        if self._transform is None and (self._open.names or self._close.names):
            names = ", ".join((*self._open.names, *self._close.names))
            key = "open_pattern" if self._open.names else "close_pattern"
            raise GrammarError(f"has named groups ({names}), which only a transform could use", key=path + key)
        if "join" in table and self._content != "text":
            raise GrammarError(f"joins texts, and the content is {self._content!r}", key=f"{path}join")

    @property
    def opens(self) -> bool:
        return bool(self._open.literals) or self._open.pattern is not None

    def _check_content(self) -> None:
        content = self._content
        if content not in (*CONTENTS, _PYTHON):
            known = ", ".join((*CONTENTS, _PYTHON))
            raise GrammarError(f"{content!r} is no way of reading; known are {known}", key=f"{self._path}content")
        if content == _PYTHON:
            if self._args:
                raise GrammarError(f"{content!r} takes none", key=f"{self._path}content_args")
            content = "json"  # what it reads is such a list as well
        args: dict[str, Any] = self._args if content == self._content else {}
        try:
            whole = Whole(content=content, args=args, transform=self._transform, each=self._each)
            check(whole, (*self._open.names, *self._close.names))
        except WholeError as error:
            key = re.sub(r"^args\b", "content_args", error.key)
            key = "transform_each" if key == "each" else key
            raise GrammarError(str(error), key=self._path + key) from None

    def tokens(self) -> Iterable[str]:
        """The tokens in its delimiters that a server must not strip."""
        for delimiter in (self._open, self._close):
            texts = list(delimiter.literals)
            ways = delimiter.pattern.ways_inside() if delimiter.pattern is not None else ()
            texts += ("".join(node.text if isinstance(node, Char) else " " for node in way) for way in ways)
            for text in texts:
                yield from _TOKEN.findall(text)

    def region(self) -> tuple[Region, Calls | None]:
        """The region of this field, and what the grammar has to say of its calls."""
        if self.name == _CALLS:
            return self._call_region()
        to = _TO.get(self.name, "nothing")
        if to == "nothing":
            if not self.opens:
                why = "has no opener, so all text would belong to it, and no event could tell that"
                raise GrammarError(f"{why}; only content and reasoning can do without", key=self._path[:-1])
        elif self._content != "text":
            why = f"is {self._content!r}, but {self.name} is told as text while it streams"
            raise GrammarError(f"{why}; only 'text' can be", key=f"{self._path}content")
        elif self._transform not in (None, "{content}"):
            raise GrammarError(f"would change {self.name}, which is told as it is", key=f"{self._path}transform")
        strip = bool(self._args.get("strip", True)) if self._content == "text" else True
        join = self._join if to != "nothing" else ""
        return self._made(to=to, strip=strip, join=join), None

    def _made(self, **more: Any) -> Region:
        return Region(
            open=self._open.literals,
            open_pattern=self._open.pattern.source if self._open.pattern is not None else "",
            close=self._close.literals,
            close_pattern=self._close.pattern.source if self._close.pattern is not None else "",
            required=self._required,
            **more,
        )

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call_region(self) -> tuple[Region, Calls | None]:
        if not self.opens:
            raise GrammarError(
                "has no opener, so nothing tells a call from text; give open or open_pattern", key=self._path[:-1]
            )
        if self._join:
            raise GrammarError("joins texts, and calls are none", key=f"{self._path}join")
        shape = self._shape()
        streamed = self._streamed(shape)
        if streamed is not None:
            body, calls = streamed
            name_group = id_group = ""
            if body.startswith("{arguments"):
                name_group, id_group = self._group(shape.name), self._group(shape.id)
            return self._made(to="call", body=body, name_group=name_group, id_group=id_group), calls
        if self._content == _PYTHON:
            raise GrammarError(
                f"{_PYTHON!r} is read as it streams, with {{name}} and {{arguments}} of each call as they are, and "
                "behind it literals; this template asks for more",
                key=f"{self._path}content",
            )
        whole = Whole(content=self._content, args=self._args, transform=self._transform, each=self._each)
        return self._made(to="call", whole=whole), None

    def _shape(self) -> _Shape:
        """What the transform makes of the content. Raises GrammarError if that is no call."""
        transform = self._transform
        if transform is None or transform == "{content}":
            if self._content not in ("json", _PYTHON):
                key = f"{self._path}transform" if transform is not None else self._path[:-1]
                raise GrammarError(
                    f"makes no call of {self._content!r}; a transform has to say what its function is", key=key
                )
            return _Shape(whole=True)
        key = f"{self._path}transform"
        if not isinstance(transform, dict):
            raise GrammarError("is an object that says what the call's function is", key=key)
        table = cast("dict[str, object]", transform)
        function = table.get("function", table)
        own = table.get("id", "")
        if isinstance(function, str) and list(placeholders(function)):
            return _Shape(id=own, whole=function == "{content}")
        if not isinstance(function, dict) or "name" not in function:
            raise GrammarError("says nothing of the call's name; it goes into function.name", key=key)
        inner = cast("dict[str, object]", function)
        return _Shape(inner["name"], inner.get("arguments", ""), own)

    def _streamed(self, shape: _Shape) -> tuple[str, Calls | None] | None:
        """The line that reads the calls while they stream, or None."""
        if not self._closes_in_literals():
            return None
        if self._content == _PYTHON:
            plain = shape.whole and not self._each
            each = self._each and (shape.name, shape.arguments, shape.id) == ("{name}", "{arguments}", "")
            return ("[{calls:python}]", None) if plain or each else None
        if self._content == "json" and self._is_plain_json():
            if shape.whole:
                return None if self._each or shape.id else ("{call:json}", None)
            keys = self._keys(shape)
            if keys is not None:
                return "[{calls:json}]" if self._each else "{call:json}", Calls(keys=keys)
        named = self._group(shape.name) and not self._each and shape.arguments == "{content}"
        if not named or not (shape.id == "" or self._group(shape.id)):
            return None
        if self._content == "text" or (self._content == "json" and self._is_plain_json()):
            return "{arguments:json}", None
        if self._content == "json":
            return self._object()
        return self._tagged() if self._content == "xml-inline" else None

    def _closes_in_literals(self) -> bool:
        pattern = self._close.pattern
        if pattern is None:
            return all(text.strip() for text in self._close.literals)
        ways = pattern.ways_inside()
        return (Edge("end"),) not in ways and markers(ways) is not None

    def _is_plain_json(self) -> bool:
        return not self._args.get("unquoted_keys") and not self._args.get("string_delims")

    def _group(self, placeholder: object) -> str:
        """The group of the opener that a placeholder stands for; "" if it is none."""
        name = placeholder[1:-1] if isinstance(placeholder, str) else ""
        return name if placeholder == "{" + name + "}" and name in self._open.names else ""

    def _keys(self, shape: _Shape) -> Keys | None:
        """The keys of a call object that the transform takes its parts from; None if it does not do just that."""
        keys: list[str] = []
        for placeholder in (shape.name, shape.arguments, *([shape.id] if shape.id else [])):
            text = placeholder if isinstance(placeholder, str) else ""
            key = text[1:-1] if self._each else text[1:-1].removeprefix("content.")
            expected = "{" + key + "}" if self._each else "{content." + key + "}"
            if text != expected or not _WORD.fullmatch(key):
                return None
            keys.append(key)
        if len(set(keys)) < len(keys):
            return None
        ids = (keys[2],) if len(keys) > 2 else Keys().id
        return Keys(name=(keys[0],), arguments=(keys[1],), id=tuple(key for key in ids if key not in keys[:2]))

    def _object(self) -> tuple[str, Calls] | None:
        pairs: list[list[str]] = self._args.get("string_delims", [])
        fits = pairs and all(opener == closer and _DELIMITER.fullmatch(opener) for opener, closer in pairs)
        return ("{arguments:object}", Calls(strings=tuple(opener for opener, _ in pairs))) if fits else None

    def _tagged(self) -> tuple[str, Calls] | None:
        found = tag(Pattern(self._args["tag_pattern"]))
        if found is None or self._args.get("merge_duplicates"):
            return None
        value = self._value(found)
        opener = "".join("{key}" if part is None else literal(part) for part in found.opener)
        alike = any(part and (part.startswith(found.closer) or found.closer.startswith(part)) for part in found.opener)
        if value is None or alike:
            return None
        calls = Calls(parameter=(f"{opener}{value}{literal(found.closer)}",))
        probe = Region(to="call", open_pattern="(?P<name>x)", name_group="name", body="{arguments:inline}")
        try:
            Grammar(name="probe", regions={"probe": probe}, calls=calls)
        except GrammarError:
            return None
        return "{arguments:inline}", calls

    def _value(self, found: Tag) -> str | None:
        """How a tag's value is read, as a template says it."""
        parser: dict[str, Any] | None = self._args.get("value_parser")
        name = parser.get("name", "text") if parser is not None else ""
        args: dict[str, Any] = parser.get("args", {}) if parser is not None else {}
        if name == "json" and not args.get("unquoted_keys") and not args.get("string_delims"):
            return "{value:stripped_any}"
        if name == "text" and args.get("strip", True):
            return "{value:stripped}"
        if name not in ("", "text") or found.before != found.behind:
            return None
        return {"": "{value:text}", "newline": "\n{value:text}\n", "any": "{value:stripped}"}[found.before]
