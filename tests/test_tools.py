"""Tools: the shapes of declarations, what is looked up in them, and what is said about mistakes."""

from __future__ import annotations

import threading
import time
from collections import UserDict
from types import MappingProxyType
from typing import Any

import pytest

from toolfeed.coercion import coerce
from toolfeed.errors import ToolfeedError, ToolsError
from toolfeed.schema import NO_SCHEMA
from toolfeed.tools import Tool, Tools

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}


class Model:
    """What a pydantic model looks like from outside."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self) -> dict[str, Any]:
        return self.fields


def get(tools: Tools, name: str) -> Tool:
    tool = tools.get(name)
    assert tool is not None
    return tool


SHAPES = {
    "chat": {"type": "function", "function": {"name": "weather", "description": "It.", "parameters": SCHEMA}},
    "chat without type": {"function": {"name": "weather", "parameters": SCHEMA}},
    "chat, strict": {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}},
    "responses": {"type": "function", "name": "weather", "description": "It.", "parameters": SCHEMA, "strict": None},
    "anthropic": {"name": "weather", "description": "It.", "input_schema": SCHEMA},
    "anthropic with type": {"type": "custom", "name": "weather", "input_schema": SCHEMA},
    "mcp": {"name": "weather", "inputSchema": SCHEMA},
    "bare": {"name": "weather", "parameters": SCHEMA},
    "dumped": {"type": None, "function": None, "name": "weather", "parameters": SCHEMA, "input_schema": None},
    "model": Model(type="function", function={"name": "weather", "parameters": SCHEMA}),
    "model in a mapping": {"type": "function", "function": Model(name="weather", parameters=Model(**SCHEMA))},
    "read-only": MappingProxyType({"name": "weather", "parameters": MappingProxyType(SCHEMA)}),
    "like a dict": UserDict({"name": "weather", "parameters": UserDict(SCHEMA)}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape(shape: str) -> None:
    tools = Tools([SHAPES[shape]])
    assert tools.names == {"weather"}
    tool = get(tools, "weather")
    assert tool.name == "weather"
    assert tool.has_schema
    assert tool.declared == {"city", "days"}
    assert tool.parameter("city").types == {"string"}
    assert tool.parameter("days").types == {"integer"}


def test_all_shapes_of_one_tool_are_one_tool() -> None:
    described = [SHAPES[shape] for shape in ("chat", "responses", "anthropic", "chat")]
    assert len(Tools(described)) == 1


NAME_ONLY = [
    ({"type": "web_search"}, "web_search"),
    ({"type": "web_search_20250305", "name": "web_search", "max_uses": 5}, "web_search"),
    ({"type": "custom", "name": "x", "format": {"type": "text"}}, "x"),
    ({"type": "custom", "custom": {"name": "x", "format": {"type": "text"}}}, "x"),
    ({"type": "mcp", "server_label": "docs"}, "mcp"),
    ({"type": "code_interpreter", "parameters": "whatever"}, "code_interpreter"),
]


@pytest.mark.parametrize(("declaration", "name"), NAME_ONLY)
def test_of_a_tool_that_is_no_function_the_name_is_known(declaration: dict[str, Any], name: str) -> None:
    tools = Tools([declaration])
    assert list(tools) == [name]
    tool = get(tools, name)
    assert not tool.has_schema
    assert tool.declared == frozenset()
    assert tool.parameter("q") is NO_SCHEMA


def test_tools_named_by_their_type_give_way() -> None:
    hosted = [{"type": "mcp", "server_label": "a"}, {"type": "mcp", "server_label": "b"}]
    assert list(Tools(hosted)) == ["mcp"]
    function = {"name": "mcp", "parameters": SCHEMA}
    for declarations in ([*hosted, function], [function, *hosted]):
        assert get(Tools(declarations), "mcp").has_schema


@pytest.mark.parametrize(
    "declaration",
    [
        {"name": "ping"},
        {"name": "ping", "parameters": None},
        {"name": "ping", "parameters": {}},
        {"type": "function", "function": {"name": "ping"}},
        {"type": "function", "function": {"name": "ping", "parameters": {}}},
        {"name": "ping", "input_schema": {}},
    ],
)
def test_no_schema(declaration: dict[str, Any]) -> None:
    tool = get(Tools([declaration]), "ping")
    assert not tool.has_schema
    assert tool.declared == frozenset()
    assert tool.parameter("x") is NO_SCHEMA


def test_lookups() -> None:
    tools = Tools({"name": name} for name in ("b", "a", "c"))
    assert list(tools) == ["b", "a", "c"]
    assert len(tools) == 3
    assert "a" in tools
    assert "d" not in tools
    assert 5 not in tools
    assert tools.get("d") is None
    assert get(tools, "a") is get(tools, "a")
    assert repr(tools) == "Tools(['b', 'a', 'c'])"


def test_no_tools() -> None:
    tools = Tools([])
    assert len(tools) == 0
    assert not tools
    assert tools.names == frozenset()
    assert tools.get("x") is None


def test_tools_of_tools_share_what_was_found() -> None:
    tools = Tools([SHAPES["chat"]])
    again = Tools(tools)
    assert again.names == tools.names
    assert again.get("weather") is tools.get("weather")


# -- mistakes ----------------------------------------------------------------------------------------------------------

SUGGESTION = ', as in {"type": "string"}'
PROPERTIES = "a mapping from each parameter's name to its schema"
MISTAKES: list[tuple[Any, str]] = [
    (None, "tools must be a list of declarations, not None"),
    (5, "tools must be a list of declarations, not an int"),
    ("weather", "tools must be a list of declarations, not a str"),
    ({"name": "f"}, "tools must be a list of declarations, not a dict: put the tool in a list"),
    ([{"name": "f"}, "g"], "tool 1 is a str; it must be a mapping with a name and parameters"),
    ([None], "tool 0 is None; it must be a mapping with a name and parameters"),
    ([[{"name": "f"}]], "tool 0 is a list; it must be a mapping with a name and parameters"),
    ([Model], "tool 0 is the class Model; it must be a mapping with a name and parameters"),
    ([{}], "tool 0: name is missing; it must be the tool's name"),
    ([{"name": "f"}, {"parameters": {}}], "tool 1: name is missing; it must be the tool's name"),
    ([{"type": "function"}], "tool 0: name is missing; it must be the tool's name"),
    ([{"type": "function", "function": {}}], "tool 0: function.name is missing; it must be the tool's name"),
    (
        [{"type": "function", "function": {"name": None}}],
        "tool 0: function.name is missing; it must be the tool's name",
    ),
    ([{"type": "function", "function": {"name": ""}}], "tool 0: function.name is empty; it must be the tool's name"),
    ([{"name": " "}], "tool 0: name is empty; it must be the tool's name"),
    ([{"name": 5}], "tool 0: name is an int; it must be a string"),
    ([{"name": ["f"]}], "tool 0: name is a list; it must be a string"),
    ([{"type": "custom", "custom": {"name": 5}}], "tool 0: custom.name is an int; it must be a string"),
    ([{"type": 5, "name": "f"}], 'tool 0: type is an int; it must be a string, "function" for a function'),
    ([{"function": "f"}], "tool 0: function is a str; it must be a mapping with a name and parameters"),
    (
        [{"name": "f", "parameters": ["city"]}],
        "tool 0 ('f'): parameters is a list; it must be a JSON schema (a mapping)",
    ),
    (
        [{"type": "function", "function": {"name": "f", "parameters": "{}"}}],
        "tool 0 ('f'): function.parameters is a str; it must be a JSON schema (a mapping), decoded from its text",
    ),
    (
        [{"name": "f", "input_schema": True}],
        "tool 0 ('f'): input_schema is a bool; it must be a JSON schema (a mapping)",
    ),
    (
        [{"name": "f", "parameters": {"properties": ["city"]}}],
        f"tool 0 ('f'): parameters.properties is a list; it must be {PROPERTIES}",
    ),
    (
        [{"name": "f", "input_schema": {"properties": "city"}}],
        f"tool 0 ('f'): input_schema.properties is a str; it must be {PROPERTIES}",
    ),
    (
        [{"name": "f", "parameters": {"properties": {1: {}}}}],
        "tool 0 ('f'): parameters.properties has the key 1; a parameter's name must be a string",
    ),
    (
        [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"city": "string"}}}}],
        "tool 0 ('f'): function.parameters.properties.city is a str; it must be a JSON schema" + SUGGESTION,
    ),
    (
        [{"name": "f", "parameters": {"properties": {"city": ["a"]}}}],
        "tool 0 ('f'): parameters.properties.city is a list; it must be a JSON schema",
    ),
    (
        [{"name": "f", "parameters": SCHEMA}, {"name": "g"}, {"name": "f", "parameters": {}}],
        "tool 2 ('f'): another tool has this name, differently declared; rename one",
    ),
    (
        [{"name": "f", "description": "a"}, {"name": "f", "description": "b"}],
        "tool 1 ('f'): another tool has this name, differently declared; rename one",
    ),
    (
        [{"name": "f"}, {"type": "custom", "name": "f"}],
        "tool 1 ('f'): another tool has this name, differently declared; rename one",
    ),
]


@pytest.mark.parametrize(("declarations", "message"), MISTAKES)
def test_mistakes_are_named(declarations: Any, message: str) -> None:
    with pytest.raises(ToolsError) as caught:
        Tools(declarations)
    assert str(caught.value) == message
    assert isinstance(caught.value, ToolfeedError)


def test_equal_duplicates_are_fine() -> None:
    tools = Tools([{"name": "f", "parameters": dict(SCHEMA)}, {"name": "g"}, {"name": "f", "parameters": dict(SCHEMA)}])
    assert list(tools) == ["f", "g"]


def test_duplicates_too_deep_to_compare_are_different() -> None:
    def deep() -> Any:
        schema: Any = {}
        for _ in range(100_000):
            schema = {"items": schema}
        return schema

    with pytest.raises(ToolsError, match="differently declared"):
        Tools([{"name": "f", "parameters": deep()}, {"name": "f", "parameters": deep()}])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"type": 5},
        {"$ref": "#/nowhere"},
        {"enum": 5},
        {"anyOf": 5},
        {"properties": 5, "type": "nothing"},
        {},
        True,
        False,
        None,
    ],
)
def test_what_is_odd_in_a_schema_is_no_mistake(schema: Any) -> None:
    tool = get(Tools([{"name": "f", "parameters": {"properties": {"p": schema}}}]), "f")
    assert "p" in tool.declared
    assert coerce("42", tool.parameter("p"))[0] == ('"42"' if schema != {"properties": 5} else "42")


# -- parameters --------------------------------------------------------------------------------------------------------


def test_unknown_parameter_and_unknown_tool() -> None:
    tools = Tools([{"name": "f", "parameters": {**SCHEMA, "additionalProperties": {"type": "integer"}}}])
    assert get(tools, "f").parameter("extra") is NO_SCHEMA  # A9: an extra one is a string
    assert tools.get("g") is None
    assert coerce("42", NO_SCHEMA) == ('"42"', ())


def test_unknown_parameters_are_not_kept() -> None:
    tool = get(Tools([SHAPES["chat"]]), "weather")
    for n in range(1000):
        tool.parameter(f"invented_{n}")
    tool.parameter("city")
    assert len(tool._types) == 1


def test_a_parameter_is_resolved_once() -> None:
    tool = get(Tools([{"name": "f", "parameters": {"properties": {"p": {"type": ["integer", "null"]}}}}]), "f")
    assert tool.parameter("p") is tool.parameter("p")


@pytest.mark.parametrize(
    ("schema", "declared", "key", "types"),
    [
        ({"$ref": "#/$defs/Args", "$defs": {"Args": SCHEMA}}, {"city", "days"}, "days", {"integer"}),
        ({"allOf": [SCHEMA, {"properties": {"x": {"type": "null"}}}]}, {"city", "days", "x"}, "x", {"null"}),
        (
            {"properties": {"a": {"type": "number"}}, "allOf": [{"properties": {"a": {"type": ["integer", "null"]}}}]},
            {"a"},
            "a",
            {"integer"},
        ),
        (
            {"anyOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"type": "null"}, "b": {}}}]},
            {"a", "b"},
            "a",
            {"integer", "null"},
        ),
        (
            {
                "properties": {"a": {}},
                "oneOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"a": {"const": True}}}],
            },
            {"a"},
            "a",
            {"integer", "boolean"},
        ),
        ({"$ref": "#"}, set(), "a", set()),
        ({"allOf": [{"properties": {1: {}, "a": {}}}, {"properties": "odd"}, {1: 2}, 3]}, {"a"}, "a", set()),
        ({"allOf": [{"$ref": "#"}], "properties": {"a": {"type": "integer"}}}, {"a"}, "a", {"integer"}),
        ({"type": "array", "items": {}}, set(), "a", set()),
    ],
)
def test_properties_are_found_through_references_and_members(
    schema: Any, declared: set[str], key: str, types: set[str]
) -> None:
    tool = get(Tools([{"name": "f", "parameters": schema}]), "f")
    assert tool.declared == declared
    assert tool.parameter(key).types == types
    assert repr(tool) == f"Tool('f', {sorted(declared)!r})"


def test_many_large_schemas_cost_little() -> None:
    """500 tools with 200 parameters each; nothing is resolved before it is asked for."""
    schema = {"type": "object", "properties": {f"p{n}": {"anyOf": [{"type": "integer"}] * 20} for n in range(200)}}
    declarations = [{"name": f"f{n}", "parameters": schema} for n in range(500)]
    started = time.perf_counter()
    tools = Tools(declarations)
    assert time.perf_counter() - started < 1
    assert get(tools, "f7").parameter("p8").types == {"integer"}


def test_the_declarations_are_not_changed() -> None:
    declaration = {"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"$ref": "#/x"}}}}}
    before = repr(declaration)
    get(Tools([declaration]), "f").parameter("a")
    assert repr(declaration) == before


def test_threads_find_the_same() -> None:
    properties = {f"p{n}": {"anyOf": [{"type": "integer"}, {"type": "null"}]} for n in range(300)}
    tool = get(Tools([{"name": "f", "parameters": {"properties": properties}}]), "f")
    results: list[list[frozenset[str]]] = []
    threads = [
        threading.Thread(target=lambda: results.append([tool.parameter(key).types for key in properties]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[frozenset({"integer", "null"})] * 300] * 8


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (["a", "b"], "two"),
        (["b"], "two"),
        (["a"], "one"),
        ([], "none"),
        (["c"], None),
        (["a", "c"], None),
        (["z"], None),
        (["c", "d"], "third"),
    ],
)
def test_the_tool_that_takes_such_arguments(keys: list[str], name: str | None) -> None:
    """The only one that declares them, or, of several, the one that declares no others."""
    shapes = {"one": "a", "two": "ab", "third": "cd", "fourth": "ce", "none": ""}
    declarations = [
        {"name": name, "parameters": {"properties": {key: {} for key in keys}}} for name, keys in shapes.items()
    ]
    assert Tools(declarations).taking(keys) == name
    assert Tools(declarations).any_begins("thi")
    assert not Tools(declarations).any_begins("hi")


@pytest.mark.parametrize(
    ("keys", "key", "may"),
    [
        ("", None, True),
        ("", "", True),
        ("", "a", False),  # two declare it, and nothing else
        ("b", None, True),
        ("b", "", True),
        ("b", "c", True),
        ("b", "c1", True),
        ("b", "c12", False),
        ("bd", None, False),
        ("d", "d", True),
        ("z", None, False),
    ],
)
def test_whether_more_keys_may_tell_a_tool(keys: str, key: str | None, may: bool) -> None:
    shapes = {"one": ["a"], "two": ["a"], "third": ["b", "c1"], "fourth": ["d"], "fifth": []}
    declarations = [
        {"name": name, "parameters": {"properties": {key: {} for key in keys}}} for name, keys in shapes.items()
    ]
    assert Tools(declarations).may_take(keys, key) == may
    assert not Tools([{"name": "none"}]).may_take(keys, key)
    assert not Tools([{"name": "empty", "parameters": {"type": "object", "properties": {}}}]).may_take((), "")
