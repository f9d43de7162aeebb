"""The tools that a model may call, as their declarations give them.

`Tools` reads declarations in the shapes of the common interfaces and answers two questions: is there a tool of this
name, and what may its parameters be. Schemas are only looked into when a parameter is asked for, and the answer is
kept, so that five hundred large schemas cost little. Two threads that ask at once find the same answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final, cast

from .errors import ToolsError
from .schema import (
    MAX_SCHEMAS,
    NO_SCHEMA,
    ParameterType,
    Schema,
    declared_types,
    is_schema,
    items,
    lookup,
    parameter_type,
)

_SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema")
_EMPTY: Final[Schema] = {}


class Tools:
    """The declared tools. Immutable, shared between threads and parsers.

    `declarations`: an iterable of declarations, or another `Tools`. Each declaration is a mapping, or has a
    `model_dump()` that returns one (pydantic), in one of these shapes:

    - OpenAI chat: `{"type": "function", "function": {"name": …, "parameters": {…}}}`
    - OpenAI Responses: `{"type": "function", "name": …, "parameters": {…}}`
    - Anthropic, MCP: `{"name": …, "input_schema": {…}}`, `{"name": …, "inputSchema": {…}}`
    - bare: `{"name": …, "parameters": {…}}`

    `parameters` is a JSON schema; None, `{}` or nothing is no schema. Of a tool that is no function
    (`{"type": "web_search"}`, `{"type": "custom", "name": "x"}`) only the name is known, or its type if it has no name.
    The schemas are kept, not copied: do not change them afterwards.

    Raises ToolsError, which names the tool and the path in its declaration, for what is no such declaration, and for
    two different declarations of one name. What is merely odd in a schema is no schema for that parameter.
    """

    __slots__ = ("_in_order", "_telling", "_tools", "names")

    names: Final[frozenset[str]]

    def __init__(self, declarations: Iterable[object] | Tools) -> None:
        self._tools: Final[dict[str, Tool]] = (
            declarations._tools if isinstance(declarations, Tools) else _read_all(declarations)
        )
        self.names = frozenset(self._tools)
        self._in_order: list[str] | None = None
        self._telling: list[frozenset[str]] | None = None  # the parameters that tell their tool

    def get(self, name: str) -> Tool | None:
        """The tool of that name, None if there is none."""
        return self._tools.get(name)

    def any_begins(self, text: str) -> bool:
        """Whether a tool's name begins so."""
        names = self._in_order
        if names is None:
            names = self._in_order = sorted(self._tools)
        at = bisect_left(names, text)
        return at < len(names) and names[at].startswith(text)

    def taking(self, keys: Collection[str]) -> str | None:
        """The one tool whose schema lists parameters of all these names, or just these if there are several; None if
        that is not one. No names say nothing of a tool that has parameters."""
        wanted = frozenset(keys)
        takers = [name for name, tool in self._tools.items() if tool.has_schema and tool.declared >= wanted]
        exact = [name for name in takers if self._tools[name].declared == wanted]
        found = takers if len(takers) == 1 and wanted else exact
        return found[0] if len(found) == 1 else None

    def may_take(self, keys: Collection[str], key: str | None = None) -> bool:
        """Whether these keys and more, the next of which begins with `key`, may tell a tool (see `taking`)."""
        if self._telling is None:
            alike = Counter(tool.declared for tool in self._tools.values() if tool.has_schema)
            self._telling = [declared for declared, times in alike.items() if times == 1]
        return any(
            declared.issuperset(keys) and (key is None or any(name.startswith(key) for name in declared))
            for declared in self._telling
        )

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self._tools)

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the declarations."""
        return iter(self._tools)

    def __repr__(self) -> str:
        return f"Tools({list(self._tools)!r})"


class Tool:
    """One declared tool: `name`, and what its parameters may be. `has_schema`: its declaration has one."""

    __slots__ = ("_declared", "_schema", "_types", "has_schema", "name")

    name: Final[str]
    has_schema: Final[bool]

    def __init__(self, name: str, schema: Schema | None = None) -> None:
        self.name = name
        self.has_schema = bool(schema)
        self._schema: Final[Schema] = schema or _EMPTY
        self._types: Final[dict[str, ParameterType]] = {}
        self._declared: frozenset[str] | None = None

    @property
    def declared(self) -> frozenset[str]:
        """The names of the parameters that the schema lists."""
        if self._declared is None:
            required, optional = _property_maps(self._schema)
            keys = (key for properties in required + optional for key in properties)
            self._declared = frozenset(key for key in keys if isinstance(key, str))
        return self._declared

    def parameter(self, key: str) -> ParameterType:
        """What the parameter may be; `NO_SCHEMA` (its text is a string) if it is not declared."""
        known = self._types.get(key)
        if known is None:
            if key not in self.declared:
                return NO_SCHEMA  # not kept: there is no end to the keys that a model may invent
            known = self._types[key] = self._resolve(key)
        return known

    def boolean_first(self, key: str) -> bool:
        """Whether the parameter may be a boolean or a number, and its declaration names the boolean first."""
        types = self.parameter(key).types
        if "boolean" not in types or not types & {"integer", "number"}:
            return False
        required, optional = _property_maps(self._schema)
        schemas = [properties[key] for properties in required + optional if key in properties]
        named = [name for schema in schemas for name in declared_types(schema)]
        return next((name == "boolean" for name in named if name in ("boolean", "integer", "number")), False)

    def _resolve(self, key: str) -> ParameterType:
        required, optional = _property_maps(self._schema)
        schemas = [properties[key] for properties in required if key in properties]
        union = [properties[key] for properties in optional if key in properties]
        if len(schemas) == 1 and not union:
            return parameter_type(schemas[0], self._schema)
        if union:
            schemas.append({"anyOf": union})
        return parameter_type({"allOf": schemas}, self._schema)

    def __repr__(self) -> str:
        return f"Tool({self.name!r}, {sorted(self.declared)!r})"


def _property_maps(schema: Schema) -> tuple[list[Schema], list[Schema]]:
    """The `properties` of a tool's schema: those that hold in any case, and those of one or another member of a union.

    Most schemas have one such mapping, at the top. References and `allOf` are followed, as for a parameter.
    """
    required: list[Schema] = []
    optional: list[Schema] = []
    stack: list[tuple[object, bool]] = [(schema, False)]
    seen: set[tuple[int, bool]] = set()
    while stack and len(seen) < MAX_SCHEMAS:
        place, in_union = stack.pop()
        if not is_schema(place) or (id(place), in_union) in seen:
            continue
        seen.add((id(place), in_union))
        properties = place.get("properties")
        if is_schema(properties):
            (optional if in_union else required).append(properties)
        if "$ref" in place:
            stack.append((lookup(place["$ref"], schema), in_union))
        for keyword in ("allOf", "anyOf", "oneOf"):
            stack.extend((member, in_union or keyword != "allOf") for member in items(place.get(keyword)))
    return required, optional


# -- reading declarations ----------------------------------------------------------------------------------------------


class _Declaration:
    """What a declaration says. `named_by_type`: it has no name, and says nothing else."""

    __slots__ = ("description", "is_function", "name", "named_by_type", "schema")

    def __init__(self, name: str, description: object, schema: Schema | None, is_function: bool) -> None:
        self.name: Final = name
        self.description: Final = description
        self.schema: Final = schema
        self.is_function: Final = is_function
        self.named_by_type = False

    def differs(self, other: _Declaration) -> bool:
        if self.is_function != other.is_function:
            return True
        try:
            return self.description != other.description or (self.schema or _EMPTY) != (other.schema or _EMPTY)
        except RecursionError:  # equal as far as Python can compare them, or different: who knows
            return True


def _read_all(declarations: object) -> dict[str, Tool]:
    if isinstance(declarations, (str, bytes)) or is_schema(declarations) or not isinstance(declarations, Iterable):
        hint = ": put the tool in a list" if is_schema(declarations) else ""
        raise ToolsError(f"tools must be a list of declarations, not {_kind(declarations)}{hint}")
    read: dict[str, _Declaration] = {}
    for index, element in enumerate(cast("Iterable[object]", declarations)):
        new = _read(element, index)
        old = read.get(new.name)
        if old is None or old.named_by_type:
            read[new.name] = new
        elif not new.named_by_type and new.differs(old):
            raise ToolsError(
                f"tool {index} ({new.name!r}): another tool has this name, differently declared; rename one"
            )
    return {name: Tool(name, declaration.schema) for name, declaration in read.items()}


def _read(element: object, index: int) -> _Declaration:
    where = f"tool {index}"
    tool = _mapping(element)
    if tool is None:
        raise ToolsError(f"{where} is {_kind(element)}; it must be a mapping with a name and parameters")
    kind = tool.get("type")
    if kind is not None and not isinstance(kind, str):
        raise ToolsError(f'{where}: type is {_kind(kind)}; it must be a string, "function" for a function')
    if tool.get("function") is not None:
        function = _mapping(tool["function"])
        if function is None:
            raise ToolsError(
                f"{where}: function is {_kind(tool['function'])}; it must be a mapping with a name and parameters"
            )
        return _read_function(function, where, "function.")
    if kind is None or kind == "function" or _schema_key(tool) == "input_schema":
        return _read_function(tool, where, "")
    return _read_other(tool, kind, where)


def _read_function(function: Schema, where: str, path: str) -> _Declaration:
    name = _name(function.get("name"), where, path)
    where = f"{where} ({name!r})"
    key = _schema_key(function)
    schema = None
    if key is not None:
        schema = _mapping(function[key])
        path += key
        if schema is None:
            hint = ", decoded from its text" if isinstance(function[key], str) else ""
            raise ToolsError(f"{where}: {path} is {_kind(function[key])}; it must be a JSON schema (a mapping){hint}")
        _check_properties(schema.get("properties"), where, path)
    return _Declaration(name, function.get("description"), schema, is_function=True)


def _read_other(tool: Schema, kind: str, where: str) -> _Declaration:
    """A tool that is no function: `{"type": "custom", "name": …}`, `{"type": "custom", "custom": {"name": …}}`."""
    path = ""
    name = tool.get("name")
    if name is None:
        inner = _mapping(tool.get(kind))
        name = None if inner is None else inner.get("name")
        path = f"{kind}."
    named_by_type = name is None and kind != ""
    declaration = _Declaration(_name(kind if named_by_type else name, where, path), None, None, is_function=False)
    declaration.named_by_type = named_by_type
    return declaration


def _name(name: object, where: str, path: str) -> str:
    if name is None:
        raise ToolsError(f"{where}: {path}name is missing; it must be the tool's name")
    if not isinstance(name, str):
        raise ToolsError(f"{where}: {path}name is {_kind(name)}; it must be a string")
    if not name.strip():
        raise ToolsError(f"{where}: {path}name is empty; it must be the tool's name")
    return name


def _schema_key(function: Schema) -> str | None:
    """Where the schema stands, None if there is none."""
    for key in _SCHEMA_KEYS:
        if function.get(key) is not None:
            return key
    return None


def _check_properties(properties: object, where: str, path: str) -> None:
    """`properties` must map names to schemas; what is in those schemas is looked at later, and never an error."""
    if properties is None:
        return
    path += ".properties"
    if not is_schema(properties):
        raise ToolsError(
            f"{where}: {path} is {_kind(properties)}; it must be a mapping from each parameter's name to its schema"
        )
    for key, schema in properties.items():
        if not isinstance(key, str):
            raise ToolsError(f"{where}: {path} has the key {key!r}; a parameter's name must be a string")
        if not (schema is None or isinstance(schema, bool) or is_schema(schema)):
            raise ToolsError(
                f"{where}: {path}.{key} is {_kind(schema)}; it must be a JSON schema"
                + (f', as in {{"type": "{schema}"}}' if isinstance(schema, str) and schema.isidentifier() else "")
            )


def _mapping(value: object) -> Schema | None:
    """The value, or what its `model_dump()` returns, if that is a mapping."""
    if is_schema(value):
        return value
    dump = None if isinstance(value, type) else getattr(value, "model_dump", None)
    dumped = dump() if callable(dump) else None
    return dumped if is_schema(dumped) else None


def _kind(value: object) -> str:
    """A value's type, in words that fit behind "is"."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
