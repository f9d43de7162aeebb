"""What a JSON schema lets a parameter be, as far as reading raw text needs it (formats.md, A1 and A4).

A schema is read into a `ParameterType`: the JSON types that it allows and the members of its `enum`. Everything else
(ranges, patterns, required keys) is validation, and that is the caller's affair.

How a schema is resolved: its members (`$ref`, `allOf`, `anyOf`, `oneOf`) are walked with a stack of our own, each
schema once, at most `MAX_SCHEMAS` of them; so neither a cycle nor depth nor a fan of references costs more than that.
What a schema says about types is a `_Found`, either closed (these types, no other) or open (these types are known of,
nothing is excluded). An open schema with no types is "no schema". Open matters in unions: of `anyOf: [integer, {}]`
the second member is a schema that says nothing, its text is a string, so the union is integer and string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeGuard, cast
from urllib.parse import unquote

Schema: TypeAlias = Mapping[Any, object]
"""Keys are strings in all JSON, but a declaration may come from elsewhere, and nothing odd in a schema is an error."""

MAX_SCHEMAS: Final = 10_000
"""The schemas looked at for one parameter; one that needs more is no schema."""

_MAX_INDEX_DIGITS: Final = 9  # of a list index in a JSON pointer; int() of a very long text raises

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

_EXACT_NAMES: Final[dict[str, str]] = {
    "string": "string",
    "str": "string",
    "text": "string",
    "varchar": "string",
    "char": "string",
    "date": "string",
    "enum": "string",
    "null": "null",
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "short": "integer",
    "bigint": "integer",
    "number": "number",
    "double": "number",
    "decimal": "number",
    "object": "object",
    "dict": "object",
    "map": "object",
    "struct": "object",
    "array": "array",
    "list": "array",
    "tuple": "array",
    "set": "array",
}
_NAME_PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("int", "integer"),
    ("uint", "integer"),
    ("float", "number"),
    ("num", "number"),
    ("bool", "boolean"),
    ("arr", "array"),
)


class ParameterType:
    """What a parameter may be. Immutable; made by `parameter_type`, `stated_type` or from the types themselves.

    `types`: the JSON types allowed, among string, null, boolean, integer, number, object and array; empty = no schema.
    `enum`: the members of `enum` / `const` that are of an allowed type, None if there are none.
    `is_string`: every text is the string that it is, from its first character on (string only, or no schema).
    `admits_string`: a string is allowed, or there is no schema.
    `container`: an object or an array is allowed and no string, so that the value streams from its bracket on.
    `strings`, `quoted`: the enum's strings, and their JSON texts in sorted order; empty if `is_string`.
    """

    __slots__ = ("admits_string", "container", "enum", "is_string", "quoted", "strings", "types")

    types: Final[frozenset[str]]
    enum: Final[tuple[object, ...] | None]
    is_string: Final[bool]
    admits_string: Final[bool]
    container: Final[bool]
    strings: Final[frozenset[str]]
    quoted: Final[tuple[str, ...]]

    def __init__(self, types: frozenset[str], enum: tuple[object, ...] | None = None) -> None:
        allowed = tuple(member for member in enum or () if _is_allowed(member, types))
        self.types = types
        self.enum = allowed or None
        self.is_string = types <= {"string"}
        self.admits_string = not types or "string" in types
        self.container = not self.admits_string and ("object" in types or "array" in types)
        # "".join also makes plain strings of those that are members of an Enum class, as in dumped models
        strings = () if self.is_string else tuple("".join(member) for member in allowed if isinstance(member, str))
        self.strings = frozenset(strings)
        self.quoted = tuple(sorted({text for member in strings for text in _quoted(member)}))

    def __repr__(self) -> str:
        enum = "" if self.enum is None else f", enum={self.enum!r}"
        return f"ParameterType({{{', '.join(sorted(self.types))}}}{enum})"


NO_SCHEMA: Final = ParameterType(frozenset())
ANY_JSON: Final = ParameterType(frozenset(("string", "null", "boolean", "integer", "number", "object", "array")))
"""Nothing is known of the parameter: its text is a string."""

_PLAIN: Final[dict[str, ParameterType]] = {
    name: ParameterType(frozenset((name,))) for name in dict.fromkeys(_EXACT_NAMES.values())
}


JSON_TYPES: Final = tuple(_PLAIN)


def json_type(name: str) -> str | None:
    """The JSON type that a type's name means, JSON Schema's own or another dialect's (A1); None if it is unknown.

    Case does not matter, nor do parameters: `VARCHAR(20)` is a string, `list[int]` and `array<string>` are arrays.
    """
    base = name.strip().lower()
    for bracket in "[(<":
        base = base.partition(bracket)[0]
    base = base.rstrip()
    known = _EXACT_NAMES.get(base)
    if known is not None:
        return known
    for prefix, meaning in _NAME_PREFIXES:
        if base.startswith(prefix):
            return meaning
    return None


def stated_type(name: str) -> ParameterType:
    """The type that a model wrote next to a value (A8), e.g. `integer`; `NO_SCHEMA` if it is no type's name."""
    known = json_type(name)
    return NO_SCHEMA if known is None else _PLAIN[known]


def parameter_type(schema: object, root: Schema) -> ParameterType:
    """What a schema allows. `root` is the document in which local references (`#/$defs/X`) are looked up.

    Whatever is odd in it, an unknown type's name, a reference to nowhere, is no schema. Nothing is raised.
    """
    found = _resolve(schema, root)
    if found.open and found.types:
        return _named(found.types | {"string"}, found.enum)
    return _named(found.types, found.enum)


def _named(types: frozenset[str], enum: tuple[object, ...] | None) -> ParameterType:
    """The shared `ParameterType` where there is one: most parameters have one type and no enum."""
    if not types:
        return NO_SCHEMA
    if enum is None and len(types) == 1:
        return _PLAIN[next(iter(types))]
    return ParameterType(types, enum)


def declared_types(schema: object) -> list[str]:
    """The JSON types that a schema itself names, in the order in which it names them; nothing is resolved."""
    found: list[str] = []
    stack = [schema]
    while stack and len(found) < MAX_SCHEMAS:
        place = stack.pop()
        if not is_schema(place):
            continue
        stated = place.get("type")
        for name in [stated] if isinstance(stated, str) else items(stated):
            meaning = json_type(name) if isinstance(name, str) else None
            found += [meaning] if meaning is not None else []
        members = [member for keyword in ("anyOf", "oneOf") for member in items(place.get(keyword))]
        stack += reversed(members)
    return found


class _Found:
    """What a schema says about types; see the head of the module. `enum` None: it lists no members."""

    __slots__ = ("enum", "open", "types")

    def __init__(self, types: frozenset[str], is_open: bool, enum: tuple[object, ...] | None = None) -> None:
        self.types: Final = types
        self.open: Final = is_open
        self.enum: Final = enum


_ANYTHING: Final = _Found(frozenset(), is_open=True)
_NOTHING: Final = _Found(frozenset(), is_open=False)


class _Node:
    """A schema and its members, looked up once."""

    __slots__ = ("all_of", "schema", "unions")

    def __init__(self, schema: Schema, root: Schema) -> None:
        self.schema: Final = schema
        self.all_of: Final[list[object]] = items(schema.get("allOf"))
        reference = schema.get("$ref")
        if reference is not None:
            self.all_of.append(lookup(reference, root))
        self.unions: Final = [members for key in ("anyOf", "oneOf") if (members := items(schema.get(key)))]

    def pending(self, entered: set[int]) -> list[Schema]:
        """The members that still have to be resolved."""
        groups = [self.all_of, *self.unions]
        members = [member for group in groups for member in group if is_schema(member)]
        return [member for member in members if id(member) not in entered]


def _resolve(start: object, root: Schema) -> _Found:
    """Resolve a schema after its members: depth first, without recursion."""
    if not is_schema(start):
        return _boolean(start)
    nodes: dict[int, _Node] = {}  # keeps the schemas alive, so that their ids stay theirs
    done: dict[int, _Found] = {}
    entered: set[int] = set()
    stack: list[Schema] = [start]
    while stack:
        schema = stack[-1]
        key = id(schema)
        if key in done:
            stack.pop()
            continue
        if key not in entered:
            if len(entered) == MAX_SCHEMAS:
                return _ANYTHING
            entered.add(key)
            nodes[key] = _Node(schema, root)
            pending = nodes[key].pending(entered)
            if pending:
                stack.extend(pending)
                continue
        done[key] = _combine(nodes[key], done)
        stack.pop()
    return done[id(start)]


def _combine(node: _Node, done: dict[int, _Found]) -> _Found:
    """What a schema says, its members being resolved. A member that is not is on a cycle: it says nothing."""
    schema = node.schema
    found = _stated(schema.get("type"))
    for member in node.all_of:
        found = _meet(found, _member(member, done))
    for members in node.unions:
        found = _meet(found, _join([_member(member, done) for member in members]))
    own = _own_enum(schema)
    if own is not None:
        found = _Found(found.types, found.open, _common(found.enum, own))
    if found.open and not found.types:
        found = _inferred(schema, own, found)
    if schema.get("nullable") is True:
        found = _Found(found.types | {"null"}, found.open, found.enum)
    return found


def _member(member: object, done: dict[int, _Found]) -> _Found:
    return done.get(id(member), _ANYTHING) if is_schema(member) else _boolean(member)


def _boolean(schema: object) -> _Found:
    """A schema that is no mapping: `false` allows nothing; `true`, and what is no schema at all, says nothing."""
    return _NOTHING if schema is False else _ANYTHING


def _stated(type: object) -> _Found:
    """What the keyword `type` says: a name or a list of names. A name that is unknown excludes nothing."""
    known: set[str] = set()
    is_open = False
    names = [type] if isinstance(type, str) else items(type)
    for name in names:
        meaning = json_type(name) if isinstance(name, str) else None
        if meaning is None:
            is_open = True
        else:
            known.add(meaning)
    return _Found(frozenset(known), is_open or not known)


def _own_enum(schema: Schema) -> tuple[object, ...] | None:
    """The members that a schema itself lists. `const: None` beside an `enum` comes from dumped models: it is unset."""
    enum = items(schema.get("enum"))
    if "const" in schema and (schema["const"] is not None or not enum):
        return _common(tuple(enum) or None, (schema["const"],))
    return tuple(enum) or None


def _inferred(schema: Schema, own: tuple[object, ...] | None, found: _Found) -> _Found:
    """The types of a schema that states none, from what else it says."""
    types = frozenset(kind for member in own or () if (kind := _type_of(member)) is not None)
    if types:
        return _Found(types, is_open=False, enum=found.enum)
    if _is_set(schema.get("properties")) or _is_set(schema.get("additionalProperties")):
        return _Found(frozenset(("object",)), is_open=False, enum=found.enum)
    if _is_set(schema.get("items")):
        return _Found(frozenset(("array",)), is_open=False, enum=found.enum)
    return found


def _is_set(keyword: object) -> bool:
    return keyword is not None  # a dumped model writes None for each keyword that it does not use


def _meet(a: _Found, b: _Found) -> _Found:
    """What both allow. An integer is a number, so integer and number have the integers in common."""
    if a.open and b.open:
        types = a.types | b.types
    elif a.open:
        types = b.types
    elif b.open:
        types = a.types
    else:
        types = a.types & b.types
        if "integer" in a.types | b.types and "number" in a.types | b.types and not types & {"integer", "number"}:
            types |= {"integer"}
    return _Found(types, a.open and b.open, _common(a.enum, b.enum))


def _join(found: list[_Found]) -> _Found:
    """What any of them allows. Their enums are put together: each says how a text that is its member is meant."""
    types = frozenset(name for one in found for name in one.types)
    enum = tuple(member for one in found for member in one.enum or ())
    return _Found(types, any(one.open for one in found), enum or None)


def _common(a: tuple[object, ...] | None, b: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """The members of both; None lists nothing and excludes nothing."""
    if a is None or b is None:
        return a if b is None else b
    wanted = {_key(member) for member in b}
    return tuple(member for member in a if _key(member) in wanted)


def _key(member: object) -> tuple[str | None, object]:
    """What makes a member itself. Objects and arrays are not compared: how a text is read never depends on which."""
    kind = _type_of(member)
    if kind in {"object", "array", None}:
        return kind, None
    return ("number" if kind == "integer" else kind), member


def _type_of(member: object) -> str | None:
    """The JSON type of a value, None if it has none."""
    if member is None:
        return "null"
    if isinstance(member, bool):
        return "boolean"
    if isinstance(member, str):
        return "string"
    if isinstance(member, int):
        return "integer"
    if isinstance(member, (float, Decimal)):
        return "number"
    if is_schema(member):
        return "object"
    return "array" if isinstance(member, (list, tuple)) else None


def _is_allowed(member: object, types: frozenset[str]) -> bool:
    kind = _type_of(member)
    if kind == "integer":
        return "integer" in types or "number" in types
    if kind == "number" and "integer" in types:
        return True if "number" in types else _is_integral(member)
    return kind in types


def _is_integral(member: object) -> bool:
    return isinstance(member, float) and member.is_integer()


def _quoted(member: str) -> tuple[str, ...]:
    """The JSON texts of a string, as a writer of JSON would spell it: without and with characters beyond ASCII."""
    plain = json.dumps(member, ensure_ascii=False)
    return (json.dumps(member),) if _SURROGATE.search(plain) else (json.dumps(member), plain)


def is_schema(value: object) -> TypeGuard[Schema]:
    """Whether a value is a mapping. (A type guard, because `isinstance` alone tells checkers nothing of the keys.)"""
    return isinstance(value, Mapping)


def items(value: object) -> list[object]:
    """The elements of a list; [] for what is none (a keyword that is missing or odd)."""
    return list(cast("Iterable[object]", value)) if isinstance(value, (list, tuple)) else []


def lookup(reference: object, root: Schema) -> object:
    """The schema at a local reference (`#`, or `#` and a JSON pointer); None if it is remote or leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    pointer = reference[1:]
    if not pointer:
        return root
    if not pointer.startswith("/"):
        return None
    place: object = root
    for token in pointer[1:].split("/"):
        place = _step(place, token)
        if place is None:
            return None
    return place


def _step(place: object, token: str) -> object:
    """One token of a JSON pointer. It is percent-encoded in a URI, but many writers forget that."""
    if isinstance(place, (list, tuple)):
        elements = items(cast("object", place))
        is_index = token.isascii() and token.isdigit() and len(token) <= _MAX_INDEX_DIGITS
        index = int(token) if is_index else len(elements)
        return elements[index] if index < len(elements) else None
    if not is_schema(place):
        return None
    for spelling in (unquote(token), token):
        key = spelling.replace("~1", "/").replace("~0", "~")
        if key in place:
            return place[key]
    return None
