"""Chapter A of formats.md: what a schema makes of a raw text.

Every case of the table (schema_cases) is read whole, by the character and with every two-way cut.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_cases import ARRAY, BOOLEAN, CASES, INTEGER, NULL, NUMBER, OBJECT, STRING, Case, declaration, name_of
from toolfeed.codecs.python_value import PythonValue
from toolfeed.coercion import TypedReader, coerce, escape
from toolfeed.schema import MAX_SCHEMAS, NO_SCHEMA, ParameterType, json_type, lookup, parameter_type, stated_type
from toolfeed.tools import Tools

# -- how a case is run -------------------------------------------------------------------------------------------------


def type_of(schema: Any) -> ParameterType:
    """The type of a parameter `p`, through everything that a declaration goes through."""
    tool = Tools([declaration(schema)]).get("f")
    assert tool is not None
    return tool.parameter("p")


def read(type: ParameterType, pieces: Iterable[str], **options: Any) -> tuple[str | None, tuple[str, ...]]:
    """Use a `TypedReader` as a parser does: the JSON text of the value (None: malformed) and the notes."""
    reader = TypedReader(type, **options)
    out: list[str] = []
    machine: PythonValue | None = None
    behind = ""  # what follows the machine's value
    reading = "undecided"
    for piece in pieces:
        if reading == "string":
            out.append(escape(piece))
        elif machine is not None:
            behind += piece[machine.feed(piece, 0, out) :]
        else:
            reading = reader.feed(piece)
            if reading == "string":
                out += ['"', escape(reader.text)]
            elif reading == "container":
                machine = PythonValue(python=False)
                behind = reader.text[machine.feed(reader.text, 0, out) :]
    if machine is not None:
        machine.end(out)
        if not machine.done or behind.strip(" \t\r\n"):
            return None, ()
        return "".join(out), tuple(sorted(machine.notes))
    if reading == "string":
        return "".join([*out, '"']), reader.notes
    return reader.finish()


def two_way_cuts(text: str) -> Iterator[list[str]]:
    """Every two-way cut; of a long text those near its ends."""
    for at in range(1, len(text)):
        if min(at, len(text) - at) <= 60:
            yield [text[:at], text[at:]]


@pytest.mark.parametrize("one", CASES, ids=name_of)
def test_case(one: Case) -> None:
    kind = type_of(one.schema)
    wanted = (one.json, one.notes)
    if one.json is not None:
        json.loads(one.json, parse_int=str)
    for pieces in ([one.text], list(one.text), ["", one.text, ""], *two_way_cuts(one.text)):
        assert read(kind, pieces) == wanted, pieces


@pytest.mark.parametrize("one", CASES, ids=name_of)
def test_case_that_need_not_stream(one: Case) -> None:
    wanted = (
        (one.json, one.notes)
        if one.json is not None
        else (json.dumps(one.text, ensure_ascii=False), ("type_mismatch",))
    )
    assert coerce(one.text, type_of(one.schema)) == wanted


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 150


# -- when it is decided ------------------------------------------------------------------------------------------------

# The text is undecided but for its last character, which decides.
DECIDED = [
    ("A2", INTEGER, "12a", "string"),
    ("A2", INTEGER, "x", "string"),
    ("A2", INTEGER, "  x", "string"),
    ("A6", INTEGER, "02", "string"),
    ("A6", INTEGER, "+", "string"),
    ("A6", INTEGER, "-x", "string"),
    ("A2 5.5 may become 5.5e1", INTEGER, "5.5 ", "string"),
    ("A2 a negative exponent does not help", INTEGER, "5.5e-", "string"),
    ("A2", INTEGER, "5 6", "string"),
    ("A6", INTEGER, "1" * 4001, "string"),
    ("A2", NUMBER, "1.5.", "string"),
    ("A2", NUMBER, "N", "string"),
    ("A2", BOOLEAN, "tx", "string"),
    ("A2", BOOLEAN, "true.", "string"),
    ("A2", BOOLEAN, "tr ", "string"),
    ("A2", BOOLEAN, "10", "string"),
    ("A2", BOOLEAN, "2", "string"),
    ("A2", NULL, "nx", "string"),
    ("A2", NULL, "NONEs", "string"),
    ("A2 exactly so", {"type": ["string", "null"]}, "NU", "string"),
    ("A2 exactly so", {"type": ["string", "null"]}, "no", "string"),
    ("A2", {"type": ["string", "null"]}, "Nom", "string"),
    ("A2", {"type": ["string", "null"]}, "h", "string"),
    ("A2", {"type": ["string", "null"]}, "1", "string"),
    ("A2", {"type": ["string", "null"]}, "t", "string"),
    ("A2", {"type": ["string", "integer"]}, "t", "string"),
    ("A2", {"type": ["string", "boolean"]}, "n", "string"),
    ("A2", {"type": ["string", "object"]}, "[", "string"),
    ("A2", {"type": ["string", "object"]}, "{a", "string"),
    ("A2", {"type": ["string", "object"]}, "{} x", "string"),
    ("A2", {"type": ["string", "array"]}, "[x", "string"),
    ("A4", {"enum": ["auto", "on", 1]}, '"au"', "string"),
    ("A4", {"enum": ["auto", "on", 1]}, '"x', "string"),
    ("A4", {"enum": ["auto", "on", 1]}, '"on" x', "string"),
    ("A4", {"enum": ["auto", "on", 1]}, "a", "string"),
    ("A2", OBJECT, "{", "container"),
    ("A2", OBJECT, " \n{", "container"),
    ("A2", ARRAY, "[", "container"),
    ("A2", {"type": ["integer", "object"]}, "{", "container"),
    ("A2", {"type": ["null", "array"]}, "[", "container"),
    ("A5", OBJECT, "[", "string"),
    ("A5", ARRAY, "{", "string"),
    ("A5", OBJECT, '"', "string"),
]


@pytest.mark.parametrize(("rule", "schema", "text", "reading"), DECIDED)
def test_nothing_waits_that_is_decided(rule: str, schema: Any, text: str, reading: str) -> None:
    reader = TypedReader(type_of(schema))
    assert [reader.feed(char) for char in text] == ["undecided"] * (len(text) - 1) + [reading], rule
    assert reader.text == text
    assert reader.held == len(text)
    assert reader.feed("more") == reading
    assert reader.text == text + "more"
    assert TypedReader(type_of(schema)).feed(text + "more") == reading


HELD = [
    (INTEGER, " 12 "),
    (INTEGER, "5.5e1"),
    (INTEGER, "5.5"),
    (NUMBER, "-1.5e+10"),
    (BOOLEAN, "tRue "),
    ({"type": ["string", "null"]}, "Non"),
    ({"type": ["string", "null"]}, " null "),
    ({"type": ["string", "object"]}, '{"a": [1, {"b": "x'),
    ({"type": ["string", "object"]}, '{"a": 1}  '),
    ({"enum": ["auto", 1]}, '"auto" '),
    ({"type": ["object", "null"]}, "nUl"),
    (OBJECT, " \n"),
]


@pytest.mark.parametrize(("schema", "text"), HELD)
def test_what_can_still_fit_is_held(schema: Any, text: str) -> None:
    reader = TypedReader(type_of(schema))
    assert {reader.feed(char) for char in text} == {"undecided"}


def test_a_string_needs_no_reader_and_one_says_so() -> None:
    for schema in (STRING, {}, {"enum": ["a", "b"]}):
        reader = TypedReader(type_of(schema))
        assert reader.feed("") == "string"
        assert reader.finish() == ('""', ())


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "text", "wanted"),
    [
        (OBJECT, "", ("{}", ("empty_container",))),
        (ARRAY, "", ("[]", ("empty_container",))),
        ({"type": ["array", "object"]}, "", ("{}", ("empty_container",))),
        (OBJECT, " \n ", ("{}", ("empty_container",))),
        (INTEGER, "", ('""', ("type_mismatch",))),
        ({"type": ["object", "null"]}, "", ('""', ("type_mismatch",))),
        ({"type": ["object", "string"]}, "", ('""', ())),
        (STRING, "", ('""', ())),
        (OBJECT, "{}", ("{}", ())),
    ],
)
def test_repair_of_empty_text(schema: Any, text: str, wanted: tuple[str, tuple[str, ...]]) -> None:
    kind = type_of(schema)
    assert coerce(text, kind, repair=True) == wanted
    assert read(kind, list(text), repair=True) == wanted


def test_digits_are_bounded() -> None:
    assert coerce("12345", type_of(INTEGER), digits=5) == ("12345", ())
    assert coerce("123456", type_of(INTEGER), digits=5) == ('"123456"', ("type_mismatch",))
    assert coerce("1.2e34", type_of(NUMBER), digits=3) == ('"1.2e34"', ("type_mismatch",))


@pytest.mark.parametrize(
    ("schema", "text", "reading"),
    [
        (INTEGER, "5" + " " * 100, "string"),
        (INTEGER, " " * 100, "string"),
        (OBJECT, " " * 100 + "{", "string"),
        ({"type": ["string", "object"]}, json.dumps({"a": "x" * 100}), "container"),
        ({"type": ["string", "object"]}, '{"a": "' + "x" * 100 + '" oops', "container"),
        ({"type": ["string", "object"]}, '{"a": 1 oops' + "x" * 100, "string"),
    ],
)
def test_what_is_held_is_bounded_whatever_the_cuts(schema: Any, text: str, reading: str) -> None:
    kind = type_of(schema)
    for size in (1, 3, 49, 50, 51, len(text)):
        reader = TypedReader(kind, hold=50)
        readings = [reader.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert readings[-1] == reading
        assert readings.count("undecided") <= 50 // size


def test_exactly_as_much_as_may_be_held() -> None:
    text = json.dumps({"a": "x" * 100})
    for size in (1, len(text)):
        reader = TypedReader(type_of({"type": ["string", "object"]}), hold=len(text))
        assert {reader.feed(text[at : at + size]) for at in range(0, len(text), size)} == {"undecided"}
        assert reader.finish() == (text, ())


# -- laws --------------------------------------------------------------------------------------------------------------

ALPHABET = "{}[]\":,'0123456789.-+eE tfnTFNrualseoN\n\\x_é\ud800"
TYPES = [
    type_of({"type": names}) for names in ("string", "integer", "number", "boolean", "null", "object", "array")
] + [
    type_of({"type": ["string", *names]})
    for names in (
        ["null"],
        ["integer"],
        ["boolean"],
        ["object"],
        ["array"],
        ["null", "boolean", "number", "object", "array"],
    )
]


@given(st.sampled_from(TYPES), st.text(ALPHABET, max_size=30), st.data())
def test_any_text_any_cuts_any_copy(type: ParameterType, text: str, data: st.DataObject) -> None:
    """Laws 1, 4, 7 and 9: cuts do not matter, what comes out is JSON, nothing raises, a copy agrees."""
    whole = read(type, [text])
    assert read(type, list(text)) == whole
    at = data.draw(st.integers(0, len(text)))
    assert read(type, [text[:at], text[at:]]) == whole
    if whole[0] is not None:
        value = json.loads(whole[0], parse_int=str, parse_float=str)
        if whole[0].startswith('"') and not re.search("[\ud800-\udfff]", text):
            assert value == text
    original = TypedReader(type)
    original.feed(text[:at])
    twin, other = original.copy(), original.copy()
    other.feed("{x: '")  # must not touch the others
    assert (twin.feed(text[at:]), twin.finish()) == (original.feed(text[at:]), original.finish())
    assert twin.text == original.text == text
    json.loads(coerce(text, type)[0], parse_int=str)


def scalar_as_the_table_says(names: set[str], text: str) -> tuple[str, tuple[str, ...]]:
    """A2, A3 and A5 for scalars, read off whole texts: another way to the same result."""
    stripped = text.strip(" \t\r\n")
    words = {"null", "None"} if "string" in names else {"null", "none"}
    if "null" in names and (stripped if "string" in names else stripped.lower()) in words:
        return "null", ()
    if "boolean" in names and stripped.lower() in {"true", "false"}:
        return stripped.lower(), ()
    if "boolean" in names and stripped in {"0", "1"} and not names & {"integer", "number"}:
        return {"0": "false", "1": "true"}[stripped], ("boolean_digit",)
    if names & {"integer", "number"} and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", stripped):
        mantissa, _, exponent = stripped.lower().partition("e")
        if "number" in names or (Fraction(mantissa) * Fraction(10) ** int(exponent or 0)).denominator == 1:
            return stripped, ()
    return f'"{escape(text)}"', () if "string" in names else ("type_mismatch",)


SCALAR_TYPES = st.sets(st.sampled_from(["string", "null", "boolean", "integer", "number"]), min_size=1)
SCALAR_TEXTS = (
    st.from_regex(r"[ \n]?[-+]?[0-9]{0,3}(\.[0-9]{0,3})?([eE][-+]?[0-9]{0,2})?[ \n]?x?", fullmatch=True)
    | st.text("tTrRuUeEfFaAlLsSnNoO", max_size=6)
    | st.builds(str.__add__, st.sampled_from(["null", "None", "true", "False"]), st.text(" \n1x", max_size=2))
)


@given(SCALAR_TYPES.filter(lambda names: names != {"string"}), SCALAR_TEXTS)
def test_scalars_against_another_reading_of_the_table(names: set[str], text: str) -> None:
    kind = ParameterType(frozenset(names))
    assert coerce(text, kind) == read(kind, list(text)) == scalar_as_the_table_says(names, text)


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.lists(JSON_VALUES, max_size=4) | st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4),
    st.booleans(),
    st.sampled_from([None, 1]),
    st.text(" \n\t\r", max_size=2),
)
def test_json_in_a_union_is_kept_as_written(value: Any, ascii: bool, indent: int | None, space: str) -> None:
    text = json.dumps(value, ensure_ascii=ascii, indent=indent)
    for names in (["object", "array"], ["string", "object", "array"]):
        kind = ParameterType(frozenset(names))
        assert coerce(space + text + space, kind) == (text, ())
        assert read(kind, list(space + text + space)) == (text, ())


@pytest.mark.parametrize("ends", [("x", '"]}'), ('"]}', "x"), ("'", '"]}')])
def test_a_copy_in_the_middle_of_an_object_is_independent(ends: tuple[str, str]) -> None:
    kind = type_of({"type": ["string", "object"]})
    texts = [' {"a": ["b' + end for end in ends]
    original = TypedReader(kind)
    original.feed(' {"a": ["b')
    twin = original.copy()
    for reader, end in zip((original, twin), ends, strict=True):
        reader.feed(end)
    assert [original.finish(), twin.finish()] == [coerce(text, kind) for text in texts]
    assert [original.text, twin.text] == texts


@given(st.text(ALPHABET + "\x00\x1f\x7f\u2028😀", max_size=30), st.integers(0, 30))
def test_escape_is_json_piece_by_piece(text: str, at: int) -> None:
    assert escape(text) == escape(text[:at]) + escape(text[at:])
    f'"{escape(text)}"'.encode()  # no surrogate is left
    if not re.search("[\ud800-\udfff]", text):
        assert json.loads(f'"{escape(text)}"') == text


def test_escape_returns_the_text_itself_if_it_can() -> None:
    text = "Zürich \x7f\u2028😀 plain"
    assert escape(text) is text
    assert escape('"\\\n\r\t\b\f\x01\x1f/') == '\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f/'
    assert escape("\ud83d\ude00") == "\\ud83d\\ude00"


LONG = {
    "number of spaces": (INTEGER, "5" + " " * 60_000),
    "digits": (NUMBER, "1." + "0" * 60_000),
    "object": ({"type": ["string", "object"]}, '{"a": "' + "x" * 60_000 + '"}'),
    "list": ({"type": ["string", "array"]}, "[" + "1, " * 20_000 + "1]"),
    "brackets": ({"type": ["string", "array"]}, "[" * 60_000),
    "member": ({"enum": ["x" * 60_000, 1]}, '"' + "x" * 60_000 + '"'),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_value_by_the_character_takes_linear_time(name: str) -> None:
    schema, text = LONG[name]
    kind = type_of(schema)
    started = time.perf_counter()
    reader = TypedReader(kind, digits=100_000)
    for char in text:
        reader.feed(char)
    reader.finish()
    assert time.perf_counter() - started < 5  # some 0.1 s; going over all that is held each time would take minutes


def test_deep_brackets_in_a_union() -> None:
    text = "[" * 10_000 + "]" * 10_000
    assert coerce(text, type_of({"type": ["string", "array"]})) == (text, ())
    assert coerce(text[:-1], type_of({"type": ["string", "array"]})) == (f'"{text[:-1]}"', ())


# -- schemas -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "is_string", "admits_string", "container"),
    [
        ((), True, True, False),
        (("string",), True, True, False),
        (("string", "null"), False, True, False),
        (("integer",), False, False, False),
        (("object",), False, False, True),
        (("array", "null", "integer"), False, False, True),
        (("string", "array"), False, True, False),
    ],
)
def test_the_attributes_of_a_type(
    types: tuple[str, ...], is_string: bool, admits_string: bool, container: bool
) -> None:
    kind = ParameterType(frozenset(types))
    assert (kind.is_string, kind.admits_string, kind.container) == (is_string, admits_string, container)
    assert kind.enum is None


def test_enum_members_of_an_allowed_type() -> None:
    members = ["a", 1, 1.0, 1.5, True, None, [1], {"a": 1}]
    assert type_of({"enum": members}).enum == tuple(members)
    allowed: dict[str, tuple[object, ...]] = {
        "string": ("a",),
        "integer": (1, 1.0),
        "number": (1, 1.0, 1.5),
        "boolean": (True,),
        "null": (None,),
        "array": ([1],),
        "object": ({"a": 1},),
    }
    for name, wanted in allowed.items():
        enum = type_of({"type": name, "enum": members}).enum
        assert enum is not None
        assert [(type(member), member) for member in enum] == [(type(member), member) for member in wanted]
    assert type_of({"type": "integer", "enum": ["a"]}).enum is None
    assert type_of({"type": "string", "enum": "abc"}).enum is None
    assert type_of({"allOf": [{"enum": [1, 2, [3]]}, {"enum": [[3], 1.0, True]}]}).enum == (1, [3])
    assert repr(type_of({"type": "string", "enum": ["a"]})) == "ParameterType({string}, enum=('a',))"
    assert repr(type_of({"type": ["null", "integer"]})) == "ParameterType({integer, null})"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("string", "string"),
        ("integer", "integer"),
        ("number", "number"),
        ("boolean", "boolean"),
        ("object", "object"),
        ("array", "array"),
        ("null", "null"),
        (" Int32 ", "integer"),
        ("VARCHAR(20)", "string"),
        ("unknown", None),
        ("", None),
    ],
)
def test_stated_type(name: str, wanted: str | None) -> None:
    assert json_type(name) == wanted
    assert stated_type(name).types == (frozenset() if wanted is None else {wanted})
    if wanted is None:
        assert stated_type(name) is NO_SCHEMA


def test_a_stated_type_reads_like_a_schema() -> None:
    """A8: without a schema the stated type decides."""
    assert coerce("3", stated_type("integer")) == ("3", ())
    assert coerce("3", stated_type("string")) == ('"3"', ())
    assert coerce("None", stated_type("null")) == ("null", ())


def test_deep_and_wide_schemas_end() -> None:
    def deep(keyword: str, depth: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "integer"}
        for _ in range(depth):
            schema = {keyword: [schema]}
        return schema

    for keyword in ("allOf", "anyOf", "oneOf"):
        assert parameter_type(deep(keyword, 5000), {}).types == {"integer"}
        assert parameter_type(deep(keyword, MAX_SCHEMAS + 1), {}) is NO_SCHEMA
    chain = {"$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(5000)}}
    chain["$defs"]["5000"] = {"type": "integer"}
    assert parameter_type({"$ref": "#/$defs/0"}, chain).types == {"integer"}


def test_a_fan_of_references_is_walked_once() -> None:
    """Each definition refers twice to the next one: 2**60 paths, 61 schemas."""
    definitions: dict[str, Any] = {
        str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}, {"$ref": f"#/$defs/{n + 1}"}]} for n in range(60)
    }
    definitions["60"] = {"type": "integer"}
    assert parameter_type({"$ref": "#/$defs/0"}, {"$defs": definitions}).types == {"integer"}


def test_cycles_through_all_members() -> None:
    root: dict[str, Any] = {
        "$defs": {
            "A": {"allOf": [{"$ref": "#/$defs/B"}], "anyOf": [{"$ref": "#/$defs/A"}, {"type": "integer"}]},
            "B": {"oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}, {"type": "integer"}]},
        }
    }
    assert "integer" in parameter_type({"$ref": "#/$defs/A"}, root).types
    loop: dict[str, Any] = {}
    loop["allOf"] = [loop, {"type": "integer"}]
    assert parameter_type(loop, {}).types == {"integer"}


KEYWORDS = ["type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf", "nullable", "items", "properties", "a"]
ODD_SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, False, 1, "x", "integer", "string", "#/a", "#/anyOf/0", [], {}, {"type": "integer"}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=20,
)


@given(ODD_SCHEMAS)
def test_no_schema_raises(schema: Any) -> None:
    root = schema if isinstance(schema, dict) else {}
    found = parameter_type(schema, root)
    assert found.types <= {"string", "null", "boolean", "integer", "number", "object", "array"}
    assert json.loads(coerce("42", found)[0]) in (42, "42")


@given(st.permutations(["integer", "null", "string", "number"]), st.randoms())
def test_the_order_of_members_does_not_matter(names: list[str], shuffle: random.Random) -> None:
    members: list[dict[str, Any]] = [{"type": name} for name in names[:3]]
    extra = {"allOf": [{"type": ["integer", "null", "boolean"]}, {"type": ["number", "null"]}]}
    first = parameter_type({"anyOf": members, **extra}, {})
    shuffle.shuffle(members)
    extra["allOf"].reverse()
    assert parameter_type({"anyOf": members, **extra}, {}).types == first.types


def test_schemas_that_were_made_in_python() -> None:
    """Tuples for lists, members of an Enum class for strings, as in dumped models."""

    class Level(str, Enum):  # noqa: UP042 - str() of a StrEnum would be its value
        LOW = "low"

    assert type_of({"type": ("integer", "null")}).types == {"integer", "null"}
    assert type_of({"anyOf": ({"type": "integer"}, {"type": "null"})}).types == {"integer", "null"}
    assert type_of({"enum": (1, None)}).enum == (1, None)
    kind = type_of({"enum": [Level.LOW, 1]})
    assert kind.strings == {"low"}
    assert kind.quoted == ('"low"',)
    assert type_of({"const": Decimal("1.5")}).types == {"number"}
    assert type_of({"enum": [object()]}) is NO_SCHEMA


def test_lookup() -> None:
    root = {"a": [{"b": 1}, 2], "c%20d": 3, "e": None}
    assert lookup("#", root) is root
    assert lookup("#/a/0/b", root) == 1
    assert lookup("#/a/1", root) == 2
    assert lookup("#/c%20d", root) == 3
    for reference in ("", "a", "#a", "#/e/x", "#/a/-1", "#/a/-", "#/a/2", "#/a/٠", "#/x", "#/a/0/b/c", None, 1):
        assert lookup(reference, root) is None
