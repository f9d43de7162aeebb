"""Tools as Python functions: what they are declared as, what arguments they take, and what became of a call."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import partial
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from ..errors import ToolfeedError, ToolsError
from ..message import ToolCall

Json: TypeAlias = dict[str, Any]
Function: TypeAlias = Callable[..., Any]
Outcome: TypeAlias = Literal["ok", "error", "timeout", "unknown_tool", "invalid_arguments", "not_run"]

_MOST: Final = 2000  # characters of an error


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call.

    `outcome`: "ok"; or why there is no value: the function raised ("error") or took too long ("timeout"), there is no
    such tool, the arguments do not fit, or the call was not whole and so was not run. `content`: the text for the
    model, the value as text or what went wrong. `value`: what the function returned. `seconds` that it took.
    """

    index: int
    id: str
    name: str
    outcome: Outcome
    content: str
    value: Any = None
    seconds: float = 0.0


class BadArguments(Exception):
    """Arguments that do not fit: the message is for the model."""


class Tool:
    """One tool: a function, its declaration, and the check of its arguments."""

    def __init__(self, name: str, function: Function, declaration: Json | None) -> None:
        self.name: Final = name
        self.function: Final = function
        self.is_async: Final = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            type(function).__call__
        )
        self.declaration: Json
        self._check: Callable[[Json], Json]
        if declaration is None:
            struct = _arguments_struct(name, function)
            self.declaration = _declaration(name, function, struct)
            self._check = _by_signature(struct)
        else:
            self.declaration = declaration
            self._check = _by_schema(declaration["function"].get("parameters") or {})

    def arguments(self, text: str) -> Json:
        """The keyword arguments that a call's JSON text is. Raises BadArguments."""
        try:
            found: Any = json.loads(text)
            return self._check(found)
        except RecursionError:
            raise BadArguments("the arguments are nested too deeply") from None
        except ValueError as error:
            raise BadArguments(f"the arguments cannot be read: {error}") from None


Tools: TypeAlias = Mapping[str, Tool]


def make_tools(
    functions: Mapping[str, Function] | Iterable[Function], declarations: Iterable[object] | None
) -> dict[str, Tool]:
    """The tools by name. A declaration belongs to the function of its name; without one a function declares itself.

    Raises ToolsError.
    """
    named: dict[str, Function] = {}
    if isinstance(functions, Mapping):
        named.update(cast("Mapping[str, Function]", functions))
    else:
        for function in functions:
            name = getattr(function, "__name__", type(function).__name__)
            if name in named:
                raise ToolsError(f"two functions are called {name!r}; give them names, {{name: function}}")
            named[name] = function
    declared = {} if declarations is None else {entry["function"]["name"]: entry for entry in _declared(declarations)}
    for name in declared:
        if name not in named:
            raise ToolsError(f"the tool {name!r} is declared, but has no function")
    return {name: Tool(name, function, declared.get(name)) for name, function in named.items()}


def _declared(declarations: Iterable[object]) -> list[Json]:
    """Declarations of any shape in that of OpenAI's chat completions."""
    told: list[Json] = []
    for index, entry in enumerate(declarations):
        tool = cast("Any", entry if isinstance(entry, Mapping) else getattr(entry, "model_dump", dict)())
        function: Any = tool.get("function", tool)
        name = function.get("name")
        if not isinstance(name, str) or not name:
            raise ToolsError(f"tool {index}: name is missing; it must be the function's name")
        keys = ("parameters", "input_schema", "inputSchema")
        schemas: list[Any] = [function[key] for key in keys if function.get(key) is not None]
        described = {"description": function["description"]} if function.get("description") else {}
        told.append(
            {"type": "function", "function": {"name": name, **described, "parameters": schemas[0] if schemas else {}}}
        )
    return told


# -- by signature ------------------------------------------------------------------------------------------------------


def _arguments_struct(name: str, function: Function) -> type[msgspec.Struct]:
    """The function's parameters as a type that msgspec decodes."""
    try:
        parameters = inspect.signature(function).parameters.values()
        hints = typing.get_type_hints(
            function if inspect.isroutine(function) else type(function).__call__, include_extras=True
        )
    except (TypeError, ValueError, NameError) as error:
        raise ToolsError(f"tool {name!r}: its signature cannot be read ({error}); give its declaration") from None
    fields: list[Any] = []
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolsError(f"tool {name!r}: {parameter} cannot be given by name; give its declaration")
        field: list[Any] = [parameter.name, hints.get(parameter.name, Any)]
        if parameter.default is not parameter.empty:
            default = parameter.default
            changes = isinstance(default, list | dict | set | bytearray)
            field.append(
                msgspec.field(default_factory=partial(copy, default)) if changes else msgspec.field(default=default)
            )
        fields.append(tuple(field))
    try:
        struct = msgspec.defstruct(
            name if name.isidentifier() else "tool", fields, kw_only=True, forbid_unknown_fields=True
        )
        msgspec.json.schema(struct)
    except (TypeError, ValueError, NameError) as error:
        raise ToolsError(f"tool {name!r}: {error}; give its declaration") from None
    return struct


def _declaration(name: str, function: Function, struct: type[msgspec.Struct]) -> Json:
    (top,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    own = top["$ref"].rpartition("/")[2]
    schema: Json = {key: value for key, value in components.pop(own).items() if key != "title"}
    schema.pop("description", None)
    if components:
        schema["$defs"] = components
    told: Json = {"name": name}
    description = inspect.getdoc(function)
    if description:
        told["description"] = description
    return {"type": "function", "function": {**told, "parameters": schema}}


def _by_signature(struct: type[msgspec.Struct]) -> Callable[[Json], Json]:
    def check(arguments: Json) -> Json:
        try:
            read = msgspec.convert(arguments, struct)
        except msgspec.ValidationError as error:
            raise BadArguments(f"the arguments do not fit: {_short(str(error))}") from None
        return {name: getattr(read, name) for name in struct.__struct_fields__}

    return check


# -- by schema ---------------------------------------------------------------------------------------------------------


def _by_schema(schema: Any) -> Callable[[Json], Json]:
    try:
        from jsonschema import exceptions, validators
        from referencing import Registry
        from referencing.exceptions import Unresolvable
    except ImportError:
        raise ToolfeedError(
            "checking arguments by a declared schema needs jsonschema: pip install 'toolfeed[dispatch]'"
        ) from None
    try:
        kind: Any = validators.validator_for(schema, validators.Draft202012Validator)
        kind.check_schema(schema)
        nothing: Any = Registry  # is fetched
        validator: Any = kind(schema, registry=nothing())
    except exceptions.SchemaError as error:
        raise ToolsError(f"the tool's parameters are no JSON schema: {error.message}") from None

    def check(arguments: Json) -> Json:
        try:
            worst: Any = next(validator.iter_errors(arguments), None)
        except Unresolvable as error:
            raise BadArguments(f"the tool's schema cannot be followed: {_short(str(error))}") from None
        if worst is not None:
            raise BadArguments(f"the arguments do not fit: {_short(worst.message)} - at `{worst.json_path}`")
        return arguments

    return check


# -- results -----------------------------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    """A function's value as text for a model: itself if it is a text, else JSON."""
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.encode(value, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError, UnicodeError):
        return str(value)


def failure(error: BaseException) -> str:
    """What a model is told of an exception."""
    return f"Error: {type(error).__name__}: {_short(str(error))}"


def too_long(seconds: float) -> str:
    """What a model is told of a tool that was given up."""
    return f"Error: the tool took longer than {seconds:g} seconds"


class Prepared(msgspec.Struct, frozen=True):
    """A call that is to be run."""

    index: int
    tool: Tool
    arguments: Json


def prepare(index: int, call: ToolCall, tools: Tools) -> Prepared | ToolResult:
    """What is to be run for a call that has ended; or its result, if nothing is."""

    def refused(outcome: Outcome, content: str) -> ToolResult:
        return ToolResult(index=index, id=call.id, name=call.name, outcome=outcome, content=f"Error: {content}")

    if call.status != "complete":
        why = "it was cut off" if call.status == "truncated" else "it is malformed"
        return refused("not_run", f"the call was not run, because {why}: {_short(call.error)}")
    tool = tools.get(call.name)
    if tool is None:
        return refused("unknown_tool", f"there is no tool {call.name!r}; there are: {', '.join(tools) or 'none'}")
    try:
        return Prepared(index, tool, tool.arguments(call.arguments))
    except BadArguments as error:
        return refused("invalid_arguments", str(error))


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
