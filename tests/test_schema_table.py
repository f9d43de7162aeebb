"""Chapter A of formats.md through whole turns: the table of schema_cases, as arguments of a call.

Every case is read in one tagged format of each kind, whole and by the character, and a sample of them in every other
format whose values a schema types: raw values between tags, quoted values where the notation has types of its own (P8).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from helpers import Reading, chars, for_each, format_names
from schema_cases import CASES, Case, declaration, name_of
from taxonomy import Call, Format, Text, expect, fed, format_of
from toolfeed import Tools, traits
from toolfeed.schema import ParameterType

WHITESPACE = " \t\r\n"
FORMATS = [format_of(name) for name in format_names()]
TAGGED = [form for form in FORMATS if form.notation == "raw" and traits.typed_by_schema(form.grammar)]
QUOTED = [form for form in FORMATS if form.payload.codec == "quoted"]
NOTED = [form for form in FORMATS if form.payload.codec in ("python", "object")]
SAMPLE = CASES[::7]


@cache
def one_of_each_kind() -> list[Format]:
    """One tagged format for each way to frame a value."""
    found: dict[object, Format] = {}
    for form in TAGGED:
        if not traits.states_types(form.grammar):
            found.setdefault((form.trim, traits.codecs(form.grammar, form.way)), form)
    return list(found.values())


def type_of(one: Case) -> ParameterType:
    tool = Tools([declaration(one.schema)]).get("f")
    assert tool is not None
    return tool.parameter("p")


def turn(form: Format, one: Case, written: str, *calls: Call) -> Text:
    """A call of `zq_alpha` in which this stands for the value of `text`, of the case's type."""
    options = form.options(tools=[declaration(one.schema, "zq_alpha", "text")])
    return Text(form.with_value(written), calls, options=options)


def called(value: str | None, *notes: str) -> Call:
    """The call with this value; with None it broke there."""
    if value is None:
        return Call("zq_alpha", None, "malformed")
    return Call("zq_alpha", f'{{"text": {value}}}', notes=notes)


def check(form: Format, text: Text) -> None:
    told = fed(form, text, [text.text])
    expect(text, told)
    assert fed(form, text, chars(text.text)) == told


def tagged(form: Format, one: Case) -> Text:
    """The text of the case between tags."""
    value = one.json
    if form.trim == "strip" and value is not None and json.loads(value) == one.text:
        value = json.dumps(one.text.strip(WHITESPACE))
    kind = type_of(one)
    overruled = form.overruled if kind.types and not kind.admits_string else ()
    return turn(form, one, one.text, called(value, *one.notes, *overruled))


def test_the_table_is_long_enough_and_every_case_has_its_source() -> None:
    assert len(CASES) >= 150
    sources = ("A1", "A2", "A3", "A4", "A5", "A6", "A7", "T7", "JS", "RFC 6901", "law 5", "dumped models")
    assert all(one.rule.startswith(sources) for one in CASES)
    assert len(TAGGED) > 15
    assert QUOTED
    assert len(NOTED) > 3


@pytest.mark.parametrize("one", CASES, ids=name_of)
def test_case(one: Case) -> None:
    for_each(one_of_each_kind(), lambda form: check(form, tagged(form, one)))


@pytest.mark.parametrize("form", TAGGED, ids=repr)
def test_a_sample_between_tags(form: Format) -> None:
    for one in SAMPLE:
        text = tagged(form, one)
        check(form, text)
        Reading(form.grammar, **text.options).read(chars(text.text))  # watched


@pytest.mark.parametrize("form", QUOTED, ids=repr)
def test_values_between_delimiters(form: Format) -> None:
    """A format that quotes every value: a schema types it like a raw one. Its template writes Python itself."""
    before, after = form.quotes

    def check_case(one: Case) -> None:
        notes = [note for note in one.notes if note != "python_literal"]
        check(form, turn(form, one, before + one.text + after, called(one.json, *notes)))

    for_each(CASES, check_case)


@pytest.mark.parametrize("form", NOTED, ids=repr)
@pytest.mark.parametrize("part", range(5))
def test_quoted_values_whose_schema_admits_no_string(form: Format, part: int) -> None:
    """P8: they are coerced, and noted if they fit; any other string stays what it is."""
    for one in CASES[part::5]:
        before, after = form.quotes
        written = json.dumps(one.text) if form.notation == "python" else before + one.text + after
        if type_of(one).admits_string:
            check(form, turn(form, one, written, called(json.dumps(one.text))))
        else:
            text = turn(form, one, written, called(one.json)._replace(notes=None))
            check(form, text)
            noted = {note for end in fed(form, text, [text.text]).ends for note in end.notes}
            if one.json is not None and "type_mismatch" not in one.notes:
                assert noted == {*one.notes, "quoted_value"}
            else:
                assert noted - {"quoted_value"} == {*one.notes}


# -- what the table cannot say -----------------------------------------------------------------------------------------


def read(form: Format, written: str, tools: Any, **options: Any) -> list[tuple[str, str, str]]:
    text = form.with_value(written)
    told = fed(form, Text(text, options=form.options(tools=tools, **options)), [text])
    return told.calls


@pytest.mark.parametrize("form", TAGGED, ids=repr)
def test_without_a_schema_a_value_is_a_string(form: Format) -> None:
    """A2, A9, A10: no tools, an unknown tool, an unknown parameter, whatever `additionalProperties` says."""
    extra = {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}
    undeclared = [{"name": "zq_alpha", "parameters": extra}]
    for tools in (None, [{"name": "zq_other", "parameters": {}}], undeclared, [{"name": "zq_alpha"}]):
        assert read(form, "42", tools) == [("zq_alpha", '{"text": "42"}', "complete")]


@pytest.mark.parametrize("form", TAGGED, ids=repr)
def test_nothing_is_an_empty_container_with_repair(form: Format) -> None:
    """A7."""
    for kind, empty in (("object", "{}"), ("array", "[]")):
        tools = [{"name": "zq_alpha", "parameters": {"properties": {"text": {"type": kind}}}}]
        assert read(form, "", tools) == [("zq_alpha", '{"text": ""}', "complete")]
        assert read(form, "", tools, repair=True) == [("zq_alpha", f'{{"text": {empty}}}', "complete")]


def places() -> Iterator[tuple[str, dict[str, Any]]]:
    """Where the properties of a tool may stand: a schema of its parameters in which `text` is an integer."""
    own = {"properties": {"text": {"type": "integer"}}}
    definitions = {"$defs": {"Args": own, "More": {"allOf": [{"$ref": "#/$defs/Args"}]}}}
    yield "at the top", own
    yield "behind $ref", {"$ref": "#/$defs/Args", **definitions}
    yield "behind allOf and $ref", {"allOf": [{"$ref": "#/$defs/More"}, {"description": "x"}], **definitions}
    yield "in a union", {"anyOf": [own, {"properties": {"more": {}}}]}
    yield "of another parameter", {"properties": {"text": {"$ref": "#/properties/more"}, "more": {"type": "integer"}}}


@pytest.mark.parametrize(("where", "schema"), list(places()), ids=[where for where, _ in places()])
def test_where_properties_stand(where: str, schema: dict[str, Any]) -> None:
    form = TAGGED[0]
    for declared in (
        {"type": "function", "function": {"name": "zq_alpha", "parameters": schema}},
        {"type": "function", "name": "zq_alpha", "parameters": schema},
        {"name": "zq_alpha", "input_schema": schema},
    ):
        assert read(form, "42", [declared]) == [("zq_alpha", '{"text": 42}', "complete")]


def stated(form: Format, written: str, type_name: str) -> str:
    """A call whose text says that its value has this type."""
    text = form.with_value(written)
    word = {"string": "true"}.get(type_name, "false")
    return text.replace('string="true"', f'string="{word}"').replace(">string<", f">{type_name}<")


@pytest.mark.parametrize("form", [form for form in TAGGED if traits.states_types(form.grammar)], ids=repr)
def test_stated_types(form: Format) -> None:
    """A8: without a schema the stated type decides; with one the schema does."""
    integer = [declaration({"type": "integer"}, "zq_alpha", "text")]
    words = [declaration({"type": "string"}, "zq_alpha", "text")]
    for written, name, tools, value in (
        ("42", "integer", None, "42"),
        ("42", "string", None, '"42"'),
        ("1.50", "number", None, "1.50"),
        ("true", "boolean", None, "true"),
        ("null", "null", None, "null"),
        ('{"a": [1.50]}', "object", None, '{"a": [1.50]}'),
        ("[1]", "array", None, "[1]"),
        ("Paris", "integer", None, '"Paris"'),
        ("42", "string", integer, "42"),
        ("42", "integer", words, '"42"'),
    ):
        text = stated(form, written, name)
        told = fed(form, Text(text, options=form.options(tools=tools)), chars(text))
        assert told.calls == [("zq_alpha", f'{{"text": {value}}}', "complete")], text
        noted = told.ends[0].notes
        assert ("stated_type_overruled" in noted) == (name == "string" and tools is integer)


@pytest.mark.parametrize("form", TAGGED, ids=repr)
def test_objects_and_arrays_stream_and_scalars_wait(form: Format) -> None:
    """A2, its last column, in a turn."""
    for schema, written, told in (
        ({"type": "object"}, '{"a": "bc', '{"a": "bc'),
        ({"type": "array"}, '["bc', '["bc'),
        ({"type": "string"}, "bc", '"bc'),
        ({"type": ["string", "null"]}, "bc", '"bc'),
        ({"type": ["string", "null"]}, "nu", ""),
        ({"type": "integer"}, "42", ""),
        ({"type": "boolean"}, "tru", ""),
        ({"type": "integer"}, "42 apples", '"42 apples'),
    ):
        text = form.with_value(written + "END").partition("END")[0]
        reading = Reading(form.grammar, **form.options(tools=[declaration(schema, "zq_alpha", "text")]))
        for char in text:
            reading.feed(char)
        assert reading.arguments(0) == '{"text": ' + told
