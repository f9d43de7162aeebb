"""The table of chapter A of formats.md: what a schema makes of a raw text.

Every case is derived from the rule that it names: A1 to A10 (A2 by the row of its table), T7, a clause of JSON Schema
("JS", draft 2020-12) or of RFC 6901. test_coercion reads each by the coercion alone, test_schema_table by whole turns.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

# What the references of the table point to: these stand in the document beside `properties`.
DEFINITIONS: dict[str, Any] = {
    "$defs": {
        "Count": {"type": "integer"},
        "Ratio": {"type": "number"},
        "Place": {"type": "object", "properties": {"lat": {"type": "number"}}},
        "Alias": {"$ref": "#/$defs/Count"},
        "a/b": {"type": "integer"},
        "m~n": {"type": "boolean"},
        "with space": {"type": "array"},
        "100%": {"type": "integer"},
        "": {"type": "null"},
        "Loop": {"$ref": "#/$defs/Pool"},
        "Pool": {"$ref": "#/$defs/Loop"},
        "Self": {"$ref": "#/$defs/Self"},
        "Node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}},
        "Nested": {"oneOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "integer"}}]},
        "Color": {"enum": ["red", "None"], "type": "string"},
        "~1": {"type": "number"},
        "100%25": {"type": "boolean"},
        "Chain": {"$ref": "#/$defs/Link"},
        "Link": {"$ref": "#/$defs/Alias"},
        "Either": {"anyOf": [{"$ref": "#/$defs/Count"}, {"$ref": "#/$defs/Either"}, {"type": "null"}]},
        "Level": {"enum": ["low", "high"]},
        "Anything": True,
        "Never": False,
    },
    "definitions": {"Old": {"type": "boolean"}},
}


class Case(NamedTuple):
    rule: str
    schema: Any
    text: str
    json: str | None  # None: malformed, as far as a stream can tell
    notes: tuple[str, ...] = ()


def case(rule: str, schema: Any, text: str, json_text: str | None, *notes: str) -> Case:
    return Case(rule, schema, text, json_text, notes)


def mismatch(rule: str, schema: Any, text: str) -> Case:
    """A5: the text as a JSON string, and noted."""
    return Case(rule, schema, text, json.dumps(text, ensure_ascii=False), ("type_mismatch",))


def string(rule: str, schema: Any, text: str) -> Case:
    """A string, and nothing to note."""
    return Case(rule, schema, text, json.dumps(text, ensure_ascii=False))


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
NULL = {"type": "null"}
OBJECT = {"type": "object"}
ARRAY = {"type": "array"}
BIG = "12345678901234567890123456789012345678901234567890"

CASES: list[Case] = [
    # A2, string only or no schema: all of the text, whatever it looks like
    *[
        string("A2 string", STRING, text)
        for text in ("Paris", "42", "true", "null", "None", "02134", "", " ", "{}", "[1]")
    ],
    *[string("A2 no schema", {}, text) for text in ("42", "true", "null", "{'a': 1}", " x ")],
    string("T7 quotes stay", STRING, '"foo"'),
    string("T7 entities stay", STRING, "a &lt; b"),
    case("A2 string, escapes", STRING, 'a"b\\c\n\t\x00', '"a\\"b\\\\c\\n\\t\\u0000"'),
    case("A2 string, not ASCII", STRING, "Zürich 😀\u2028\x7f", '"Zürich 😀\u2028\x7f"'),
    case("law 5, lone surrogate", STRING, "\ud83d!", '"\\ud83d!"'),
    # A2, integer: a JSON number with an integral value, its digits as written (A6)
    *[
        case("A2 integer", INTEGER, text, text)
        for text in (
            "9",
            "42",
            "-3",
            "0",
            "-0",
            "12345678901234567890",
            BIG,
            "5.0",
            "-5.00",
            "1e3",
            "1E+3",
            "0.0",
            "1e400",
        )
    ],
    *[
        case("A2 integer, integral by its exponent", INTEGER, text, text)
        for text in ("5.5e1", "1.50e1", "150e-1", "0e-5", "0.00e-7", "100e-2", "1e0", "1.0e-0", "12e0003")
    ],
    *[
        mismatch("A2 integer, not integral", INTEGER, text)
        for text in ("5.5", "5.55e1", "15e-1", "1e-1", "0.1", "1.5e-0", "1e-99999999999999999999", "-2.5", "1.50")
    ],
    case("A6 exponent beyond any integer", INTEGER, "1e99999999999999999999", "1e99999999999999999999"),
    case("A2 outer whitespace is stripped", INTEGER, " \r\n\t7 \n", "7"),
    *[
        mismatch("A6 no JSON number", INTEGER, text)
        for text in (
            "+5",
            ".5",
            "5.",
            "0x1F",
            "1_000",
            "02134",
            "-01",
            "--1",
            "1e",
            "1e+",
            "-",
            "e5",
            "1.e5",
            "٣",
            "1 2",
        )
    ],
    *[
        mismatch("A5", INTEGER, text)
        for text in ("12ab", "three", "true", "null", '"5"', "{}", "[5]", "5,", "5;", "5\x0b")
    ],
    mismatch("A5, the string is the text unstripped", INTEGER, " 12 monkeys\n"),
    # A2, number
    *[
        case("A2 number", NUMBER, text, text)
        for text in ("1.50", "1E5", "1e5", "-0", "-0.0", "3", "0.1", "1e-400", "1e400", BIG, f"{BIG}.{BIG}", "2E-07")
    ],
    case("A2 number, stripped", NUMBER, "\n1.50\n", "1.50"),
    *[
        mismatch("A6 no JSON number", NUMBER, text)
        for text in (
            "NaN",
            "Infinity",
            "-Infinity",
            "nan",
            "inf",
            "+5",
            ".5",
            "5.",
            "0x1F",
            "1_000",
            "02134",
            "1,5",
            "1e5.0",
        )
    ],
    case("JS integer is a number", {"type": ["integer", "number"]}, "1.5", "1.5"),
    # A2, boolean
    *[case("A2 boolean", BOOLEAN, text, "true") for text in ("true", "True", "TRUE", "tRuE", " true\n")],
    *[case("A2 boolean", BOOLEAN, text, "false") for text in ("false", "False", "FALSE")],
    case("A2 boolean digit", BOOLEAN, "1", "true", "boolean_digit"),
    case("A2 boolean digit", BOOLEAN, "0", "false", "boolean_digit"),
    case("A2 boolean digit, stripped", BOOLEAN, " 1\n", "true", "boolean_digit"),
    case("A2 boolean digit, without number", {"type": ["boolean", "null"]}, "0", "false", "boolean_digit"),
    case("A2 no boolean digit beside integer", {"type": ["boolean", "integer"]}, "1", "1"),
    case("A2 no boolean digit beside number", {"type": ["boolean", "number"]}, "0", "0"),
    *[
        mismatch("A5", BOOLEAN, text)
        for text in ("yes", "tru", "truee", "t", "10", "2", "-1", "1.0", "on", "null", "true false")
    ],
    # A2, null
    *[case("A2 null", NULL, text, "null") for text in ("null", "None", "NULL", "none", "nOnE", " null ")],
    *[mismatch("A5", NULL, text) for text in ("nil", "nul", "0", "nonesuch", "undefined", "n")],
    case("A2 null in any list without string", {"type": ["integer", "null"]}, "NONE", "null"),
    case("A2 null in any list without string", {"type": ["object", "null"]}, "None", "null"),
    case("A2 null in any list without string", {"type": ["integer", "null"]}, "4", "4"),
    mismatch("A5, null is not allowed", INTEGER, "None"),
    # A2, object and array without string
    *[
        case("A2 object, JSON as written", OBJECT, text, text)
        for text in ("{}", '{"a": 1}', '{ "a" :[1,\n2], "b":1.50 }', '{"b":1,"a":{"c":null}}', '{"a":"\\u00e9\\/"}')
    ],
    *[
        case("A2 array, JSON as written", ARRAY, text, text)
        for text in ("[]", "[1, 2.50]", "[ ]", '["a",{"b":[]}]', "[[[[]]]]")
    ],
    case("A2 outer whitespace is stripped", OBJECT, '\n {"a": 1}\n', '{"a": 1}'),
    case("A2 Python literal", OBJECT, "{'a': True}", '{"a": true}', "python_literal"),
    case("A2 Python literal", ARRAY, "[None, 'x']", '[null, "x"]', "python_literal"),
    case("A2 Python literal", {"type": ["object", "array"]}, "[{'a': False}]", '[{"a": false}]', "python_literal"),
    case(
        "A2 inside an object the model's own JSON stands",
        {**OBJECT, "properties": {"a": INTEGER}},
        '{"a": "1"}',
        '{"a": "1"}',
    ),
    case("A2 inside an array too", {**ARRAY, "items": INTEGER}, '["1"]', '["1"]'),
    case("A5 a fault later is malformed", OBJECT, '{"a": 1', None),
    case("A5 a fault later is malformed", OBJECT, '{"a" 1}', None),
    case("A5 a fault later is malformed", ARRAY, "[1, 2] and more", None),
    case("A5 a fault later is malformed", ARRAY, "[1 2]", None),
    mismatch("A5 wrong bracket", ARRAY, '{"a": 1}'),
    mismatch("A5 wrong bracket", OBJECT, "[1]"),
    mismatch("A5 no bracket", OBJECT, "a: 1"),
    mismatch("A5 no bracket", ARRAY, "a, b"),
    mismatch("A5 no bracket", ARRAY, "(1, 2)"),
    mismatch("A5 no bracket", OBJECT, '"{}"'),
    mismatch("A5 no bracket, null not allowed", OBJECT, "null"),
    # A2, string and null
    case("A2 string and null", {"type": ["string", "null"]}, "null", "null"),
    case("A2 string and null", {"type": ["string", "null"]}, "None", "null"),
    case("A2 string and null, stripped", {"type": ["string", "null"]}, "null\n", "null"),
    *[
        string("A2 string and null, exactly so", {"type": ["string", "null"]}, text)
        for text in ("NULL", "none", "Null", "nul", "Nonesuch", "null and void", "", " ", "42", "{}", '"null"', "\nNo")
    ],
    # A3, unions with string
    case("A3", {"type": ["string", "integer"]}, "42", "42"),
    case("A3 stripped", {"type": ["string", "integer"]}, " 42\n", "42"),
    string("A3", {"type": ["string", "integer"]}, "02134"),
    *[
        string("A3 string", {"type": ["string", "integer"]}, text)
        for text in ("4.5", "42nd", "", "-", "1 2", "null", "true", " x ")
    ],
    case("A3 integral", {"type": ["string", "integer"]}, "5.0", "5.0"),
    case("A3", {"type": ["string", "number"]}, "4.50", "4.50"),
    string("A3", {"type": ["string", "number"]}, "4.5.6"),
    case("A3 boolean", {"type": ["string", "boolean"]}, "True", "true"),
    string("A3 boolean", {"type": ["string", "boolean"]}, "truth"),
    case("A3 boolean digit fits, no number is allowed", {"type": ["string", "boolean"]}, "1", "true", "boolean_digit"),
    case("A3 null is exact beside string", {"type": ["string", "integer", "null"]}, "None", "null"),
    string("A3 null is exact beside string", {"type": ["string", "integer", "null"]}, "NULL"),
    case("A3 order", {"type": ["string", "null", "boolean", "integer", "number", "object", "array"]}, "1", "1"),
    case("A3 object", {"type": ["string", "object"]}, '{"a": 1}', '{"a": 1}'),
    case("A3 object, literal", {"type": ["string", "object"]}, "{'a': None}", '{"a": null}', "python_literal"),
    *[
        string("A3 object, else string", {"type": ["string", "object"]}, text)
        for text in ('{"a": 1', "{a}", "{}{}", "{} x", "{", "[1]", "{{x}}", "{'a'", '{"a": nul}', "null")
    ],
    case("A3 object, stripped", {"type": ["string", "object"]}, "\n{}\n", "{}"),
    case("A3 array", {"type": ["string", "array"]}, '["a", "b"]', '["a", "b"]'),
    string("A3 array", {"type": ["string", "array"]}, "[see below](url)"),
    string("A3 array", {"type": ["string", "array"]}, "{}"),
    case("A3 set", {"type": ["string", "object", "array"]}, "{1, 2}", "[1, 2]", "python_literal"),
    string("A3 a set is no object", {"type": ["string", "object"]}, "{1, 2}"),
    case("A3 without string", {"type": ["integer", "object"]}, "{}", "{}"),
    case("A3 without string", {"type": ["integer", "object"]}, "7", "7"),
    mismatch("A3 without string", {"type": ["integer", "object"]}, "[7]"),
    mismatch("A3 without string", {"type": ["integer", "boolean"]}, "yes"),
    # A4, enum and const
    string("A4 string members alone are plain strings", {"enum": ["None", "1"]}, "None"),
    string("A4 string members alone are plain strings", {"enum": ["None", "1"]}, '"None"'),
    string("A4 string member wins", {"enum": ["None", None, 1]}, "None"),
    case("A4 member read as JSON", {"enum": ["None", None, 1]}, "null", "null"),
    string("A4 string member wins", {"enum": ["1", 1]}, "1"),
    string("A4 string member wins", {"type": ["string", "boolean"], "enum": ["1", "true", False]}, "true"),
    case("A4 member read as JSON", {"enum": ["auto", 1, 2]}, "2", "2"),
    case("A4 number members", {"enum": [1, 2.5]}, "2.5", "2.5"),
    case("A4 digits as written", {"enum": [1, 2]}, "2.0", "2.0"),
    case("A4 member read as JSON, a string in quotes", {"enum": ["auto", 1]}, '"auto"', '"auto"'),
    case("A4 member read as JSON, stripped", {"enum": ["auto", 1]}, ' "auto"\n', '"auto"'),
    case("A4 member read as JSON, not ASCII", {"enum": ["é", 1]}, '"é"', '"é"'),
    case("A4 member read as JSON, escaped", {"enum": ["é", 1]}, '"\\u00e9"', '"\\u00e9"'),
    string("A4 no member in quotes", {"enum": ["auto", 1]}, '"aut"'),
    string("A4 no member in quotes", {"enum": ["auto", 1]}, '"auto'),
    string("A4 no member in quotes", {"enum": ["auto", "automatic", 1]}, '"auto" it is'),
    case("A4 one member begins like another", {"enum": ["auto", "automatic", 1]}, '"automatic"', '"automatic"'),
    string("A4 a member that is quoted itself", {"enum": ['"a"', "a", 1]}, '"a"'),
    case("A4 else the types", {"enum": ["auto", 1]}, "7", "7"),
    string("A4 else the types", {"enum": ["auto", 1]}, "fast"),
    case("A4 only members of an allowed type", {"type": "integer", "enum": ["1", 1]}, "1", "1"),
    case(
        "A4 only members of an allowed type", {"type": ["integer", "null"], "enum": ["None", 1, None]}, "None", "null"
    ),
    mismatch("A4 only members of an allowed type", {"type": "integer", "enum": ["low"]}, "low"),
    case("A4 boolean members", {"enum": [True, False]}, "False", "false"),
    case("A4 null member", {"enum": [None]}, "None", "null"),
    case("A4 const", {"const": 5}, "5", "5"),
    string("A4 const of a string", {"const": "5"}, "5"),
    case("A4 const null", {"const": None}, "null", "null"),
    case("A4 const true", {"const": True}, "True", "true"),
    case("A4 const of an object", {"const": {"a": 1}}, '{"a": 1}', '{"a": 1}'),
    string("A4 const in a union", {"anyOf": [{"const": "None"}, NULL]}, "None"),
    case("A4 const in a union", {"anyOf": [{"const": "None"}, NULL]}, "null", "null"),
    string(
        "A4 allOf leaves the common members",
        {"allOf": [{"enum": ["a", "None", None]}, {"enum": ["None", None]}]},
        "None",
    ),
    case(
        "A4 allOf leaves the common members",
        {"allOf": [{"enum": ["a", "None", None]}, {"enum": ["a", None]}]},
        "None",
        "null",
    ),
    string("A4 nullable enum", {"enum": ["None"], "nullable": True}, "None"),
    # A6 and limits
    case("A6 as many digits as are allowed", INTEGER, "1" * 4000, "1" * 4000),
    mismatch("A6 more digits than are allowed", INTEGER, "1" * 4001),
    string("A6 more digits than are allowed, string allowed", {"type": ["string", "integer"]}, "1" * 4001),
    # A7, empty
    string("A7", STRING, ""),
    string("A7", {"type": ["string", "integer"]}, ""),
    *[
        mismatch("A7", schema, "")
        for schema in (INTEGER, NUMBER, BOOLEAN, NULL, OBJECT, ARRAY, {"type": ["integer", "null"]})
    ],
    *[mismatch("A7 whitespace", schema, " \n") for schema in (INTEGER, NULL, OBJECT)],
    # A1, references
    case("A1 $ref", {"$ref": "#/$defs/Count"}, "42", "42"),
    case("A1 $ref to definitions", {"$ref": "#/definitions/Old"}, "True", "true"),
    case("A1 $ref to a $ref", {"$ref": "#/$defs/Alias"}, "42", "42"),
    case("A1 $ref, any pointer", {"$ref": "#/$defs/Place/properties/lat"}, "4.50", "4.50"),
    case("A1 $ref, pointer into a list", {"$ref": "#/$defs/Nested/oneOf/1/items"}, "42", "42"),
    string("A1 $ref, index that is none", {"$ref": "#/$defs/Nested/oneOf/2"}, "42"),
    string("A1 $ref, index that is none", {"$ref": "#/$defs/Nested/oneOf/x"}, "42"),
    string("A1 $ref, index of many digits", {"$ref": "#/$defs/Nested/oneOf/" + "9" * 5000}, "42"),
    case("RFC 6901 ~1", {"$ref": "#/$defs/a~1b"}, "42", "42"),
    case("RFC 6901 ~0", {"$ref": "#/$defs/m~0n"}, "True", "true"),
    case("RFC 6901 percent", {"$ref": "#/$defs/with%20space"}, "[1]", "[1]"),
    case("RFC 6901 percent, not encoded", {"$ref": "#/$defs/with space"}, "[1]", "[1]"),
    case("RFC 6901 percent, not encoded", {"$ref": "#/$defs/100%"}, "42", "42"),
    case("RFC 6901 empty token", {"$ref": "#/$defs/"}, "None", "null"),
    case("A1 $ref to the whole document", {"$ref": "#"}, "{}", "{}"),
    case("A1 recursive $ref", {"$ref": "#/$defs/Node"}, "{'next': None}", '{"next": null}', "python_literal"),
    case("A1 recursive $ref, inside", {"$ref": "#/$defs/Node/properties/next"}, "None", "null"),
    case("A1 $ref to a union", {"$ref": "#/$defs/Nested"}, "False", "false"),
    string("A1 $ref to true", {"$ref": "#/$defs/Anything"}, "42"),
    string("A1 $ref to false", {"$ref": "#/$defs/Never"}, "42"),
    string("A1 cycle", {"$ref": "#/$defs/Loop"}, "42"),
    string("A1 cycle", {"$ref": "#/$defs/Self"}, "42"),
    string("A1 remote", {"$ref": "https://example.com/schema.json"}, "42"),
    string("A1 remote", {"$ref": "other.json#/$defs/Count"}, "42"),
    string("A1 missing", {"$ref": "#/$defs/Missing"}, "42"),
    string("A1 missing", {"$ref": "#/$defs/Count/type/x"}, "42"),
    string("A1 an anchor is no pointer", {"$ref": "#Count"}, "42"),
    string("A1 odd", {"$ref": 5}, "42"),
    case("A1 siblings of $ref", {"$ref": "#/$defs/Count", "description": "How many."}, "42", "42"),
    case("A1 siblings of $ref", {"$ref": "#/$defs/Count", "nullable": True}, "None", "null"),
    case("A1 siblings of $ref", {"$ref": "#/$defs/Ratio", "type": "integer"}, "42", "42"),
    mismatch("A1 siblings of $ref", {"$ref": "#/$defs/Ratio", "type": "integer"}, "4.5"),
    case("A1 siblings of a remote $ref", {"$ref": "https://example.com/x", "type": "integer"}, "42", "42"),
    case("A1 siblings of a cycle", {"$ref": "#/$defs/Loop", "type": "integer"}, "42", "42"),
    case("A1 siblings of $ref, enum", {"$ref": "#/$defs/Color", "default": "red"}, "None", '"None"'),
    # A1, unions
    *[
        one
        for keyword in ("anyOf", "oneOf")
        for one in (
            case(f"A1 {keyword}", {keyword: [INTEGER, NULL]}, "None", "null"),
            case(f"A1 {keyword}", {keyword: [STRING, INTEGER]}, "42", "42"),
            string(f"A1 {keyword}", {keyword: [STRING, INTEGER]}, "x"),
            case(f"A1 {keyword} of lists", {keyword: [{"type": ["integer", "null"]}, BOOLEAN]}, "True", "true"),
            case(f"A1 {keyword} nested", {keyword: [{keyword: [INTEGER, ARRAY]}, NULL]}, "[1]", "[1]"),
            case(f"A1 {keyword} of $ref", {keyword: [{"$ref": "#/$defs/Count"}, NULL]}, "42", "42"),
            case(f"A1 {keyword} beside type", {"type": "object", keyword: [{"required": ["a"]}, OBJECT]}, "{}", "{}"),
            mismatch(f"A1 {keyword} restricts type", {"type": ["object", "integer"], keyword: [OBJECT, NULL]}, "5"),
            case(
                f"A1 {keyword} without types, inferred", {keyword: [{"required": ["a"]}], "properties": {}}, "{}", "{}"
            ),
            string(f"A1 {keyword} of nothing", {keyword: []}, "42"),
            string(f"A1 {keyword} that is odd", {keyword: {"type": "integer"}}, "42"),
        )
    ],
    case("A1 union with a member that says nothing", {"anyOf": [INTEGER, {}]}, "42", "42"),
    string("A1 union with a member that says nothing", {"anyOf": [INTEGER, {}]}, "x"),
    case("JS false in a union", {"anyOf": [INTEGER, False]}, "42", "42"),
    mismatch("JS false in a union", {"anyOf": [INTEGER, False]}, "x"),
    case("JS true in a union", {"anyOf": [NULL, True]}, "None", "null"),
    string("JS true in a union", {"anyOf": [NULL, True]}, "x"),
    case("JS anyOf and oneOf both hold", {"anyOf": [INTEGER, STRING], "oneOf": [INTEGER, NULL]}, "42", "42"),
    mismatch("JS anyOf and oneOf both hold", {"anyOf": [INTEGER, STRING], "oneOf": [INTEGER, NULL]}, "None"),
    # A1, allOf
    case("A1 allOf", {"allOf": [{"type": ["integer", "null"]}, {"type": ["integer", "string"]}]}, "42", "42"),
    mismatch("A1 allOf", {"allOf": [{"type": ["integer", "null"]}, {"type": ["integer", "string"]}]}, "None"),
    case("A1 allOf, integer and number", {"allOf": [INTEGER, NUMBER]}, "42", "42"),
    mismatch("A1 allOf, integer and number", {"allOf": [NUMBER, INTEGER]}, "4.5"),
    case("A1 allOf, a member without types", {"allOf": [INTEGER, {"minimum": 3}]}, "42", "42"),
    case("A1 allOf, a member without types", {"allOf": [{"description": "x"}, {"$ref": "#/$defs/Count"}]}, "42", "42"),
    case("A1 allOf of one $ref, nullable", {"allOf": [{"$ref": "#/$defs/Place"}], "nullable": True}, "None", "null"),
    case("A1 allOf of objects", {"allOf": [{"properties": {"a": INTEGER}}, OBJECT]}, "{}", "{}"),
    case("JS true in allOf", {"allOf": [INTEGER, True]}, "42", "42"),
    string("A1 allOf that allows nothing", {"allOf": [INTEGER, BOOLEAN]}, "42"),
    string("JS false in allOf", {"allOf": [INTEGER, False]}, "42"),
    case("A1 allOf and anyOf", {"allOf": [{"anyOf": [INTEGER, STRING]}, {"anyOf": [NUMBER, NULL]}]}, "42", "42"),
    mismatch("A1 allOf and anyOf", {"allOf": [{"anyOf": [INTEGER, STRING]}, {"anyOf": [NUMBER, NULL]}]}, "4.5"),
    # A1, type lists, nullable, boolean schemas
    case("A1 type list of one", {"type": ["integer"]}, "42", "42"),
    string("A1 type list of none", {"type": []}, "42"),
    case("A1 nullable", {"type": "integer", "nullable": True}, "None", "null"),
    string("A1 nullable string", {"type": "string", "nullable": True}, "NONE"),
    mismatch("A1 nullable false", {"type": "integer", "nullable": False}, "None"),
    mismatch("A1 nullable odd", {"type": "integer", "nullable": "yes"}, "None"),
    string("JS true", True, "42"),
    string("JS false", False, "42"),
    string("A1 nothing found", {"description": "A count."}, "42"),
    string("A1 nothing found", {"minimum": 3}, "42"),
    string("A1 an unset schema", None, "42"),
    string("A1 type list with an unknown name", {"type": ["integer", "file"]}, "x"),
    case("A1 type list with an unknown name", {"type": ["integer", "file"]}, "42", "42"),
    mismatch("A1 allOf, an open union is restricted", {"allOf": [{"anyOf": [INTEGER, {}]}, NULL]}, "42"),
    case(
        "A4 allOf, the shorter enum first",
        {"allOf": [{"enum": ["a", None]}, {"enum": ["a", "None", None]}]},
        "None",
        "null",
    ),
    case("A4 enum and const", {"enum": ["None", "a", None], "const": "a", "type": ["string", "null"]}, "None", "null"),
    string("A4 an unset const", {"enum": ["None", "a", None], "const": None, "type": ["string", "null"]}, "None"),
    # A1, inference
    case("A1 from enum", {"enum": [1, 2]}, "1", "1"),
    case("A1 from enum, mixed", {"enum": [1, None, "a"]}, "null", "null"),
    case("A1 from enum, number", {"enum": [0.5, 1]}, "0.25", "0.25"),
    case("A1 from enum, array", {"enum": [[1], [2]]}, "[1]", "[1]"),
    case("A1 from const", {"const": False}, "FALSE", "false"),
    case("A1 from properties", {"properties": {"a": STRING}}, "{}", "{}"),
    case("A1 from additionalProperties", {"additionalProperties": INTEGER}, "{}", "{}"),
    case("A1 from additionalProperties", {"additionalProperties": False}, "{}", "{}"),
    case("A1 from items", {"items": STRING}, "[]", "[]"),
    case("A1 from properties, in a union", {"anyOf": [{"properties": {}}, NULL]}, "None", "null"),
    mismatch("A1 from properties, in a union", {"anyOf": [{"properties": {}}, NULL]}, "x"),
    mismatch("A1 from items, in a union", {"anyOf": [{"items": {}}, NULL]}, "x"),
    case("A1 no inference where types are known", {"anyOf": [INTEGER, {}], "properties": {}}, "42", "42"),
    string("A1 no inference where types are known", {"anyOf": [INTEGER, {}], "properties": {}}, "{}"),
    string("A1 no inference where nothing is allowed", {"allOf": [INTEGER, BOOLEAN], "properties": {}}, "{}"),
    case("A1 enum before properties", {"enum": [1], "properties": {}}, "1", "1"),
    case("A1 stated before inferred", {"type": "integer", "properties": {}}, "42", "42"),
    case(
        "dumped models: None is unset",
        {"type": "integer", "enum": None, "items": None, "anyOf": None, "$ref": None},
        "4",
        "4",
    ),
    string("dumped models: None is unset", {"type": None, "items": None, "properties": None}, "{}"),
    string("dumped models: None is unset", {"type": None, "enum": ["a"], "const": None}, "None"),
    # A1, type names of other dialects
    *[
        string("A1 dialect", {"type": name}, "42")
        for name in ("str", "text", "varchar", "char", "date", "enum", "STRING")
    ],
    *[
        case("A1 dialect", {"type": name}, "42", "42")
        for name in ("int", "int64", "Integer", "uint", "uint8", "long", "short", "bigint", "INTEGER")
    ],
    *[
        case("A1 dialect", {"type": name}, "4.5", "4.5")
        for name in ("float", "float32", "double", "num", "numeric", "decimal", "NUMBER")
    ],
    *[case("A1 dialect", {"type": name}, "True", "true") for name in ("bool", "BOOLEAN")],
    *[case("A1 dialect", {"type": name}, "{}", "{}") for name in ("dict", "map", "struct", "OBJECT", "dict[str, int]")],
    *[
        case("A1 dialect", {"type": name}, "[]", "[]")
        for name in ("list", "tuple", "set", "arr", "array<int>", "list[int]")
    ],
    string("A1 unknown name", {"type": "file"}, "42"),
    string("A1 unknown name", {"type": "any"}, "{}"),
    string("A1 odd type", {"type": 5}, "42"),
    string("A1 odd type", {"type": {"a": 1}}, "42"),
    case("A1 unknown name, from enum", {"type": "choice", "enum": [1, 2]}, "1", "1"),
    # A1, more pointers
    case("RFC 6901 ~01 is ~1", {"$ref": "#/$defs/~01"}, "1.50", "1.50"),
    case("RFC 6901 %25 is %", {"$ref": "#/$defs/100%25"}, "42", "42"),
    case("RFC 6901 %2525 is %25", {"$ref": "#/$defs/100%2525"}, "True", "true"),
    case("A1 $ref to a $ref to a $ref", {"$ref": "#/$defs/Chain"}, "42", "42"),
    case("A1 a cycle in a union is no schema, the others stand", {"$ref": "#/$defs/Either"}, "None", "null"),
    case("A1 $ref to another parameter", {"$ref": "#/properties/p/anyOf/0", "anyOf": [INTEGER, NULL]}, "42", "42"),
    # A1, siblings
    case("A1 siblings of $ref, type list", {"$ref": "#/$defs/Nested", "type": ["boolean", "null"]}, "True", "true"),
    mismatch("A1 siblings of $ref, type list", {"$ref": "#/$defs/Nested", "type": ["boolean", "null"]}, "[1]"),
    case("A1 siblings of $ref, anyOf", {"$ref": "#/$defs/Ratio", "anyOf": [INTEGER, STRING]}, "42", "42"),
    string("A1 siblings of $ref, enum of strings", {"$ref": "#/$defs/Level", "nullable": True}, "low"),
    case("A1 siblings of $ref, nullable", {"$ref": "#/$defs/Level", "nullable": True}, "null", "null"),
    case("A1 siblings of $ref, allOf", {"$ref": "#/$defs/Count", "allOf": [{"minimum": 1}]}, "42", "42"),
    # A1, intersections
    case(
        "A1 allOf of three",
        {
            "allOf": [
                {"type": ["integer", "null", "string"]},
                {"type": ["integer", "null"]},
                {"type": ["null", "boolean"]},
            ]
        },
        "None",
        "null",
    ),
    mismatch("A1 allOf of type and enum", {"allOf": [INTEGER, {"enum": [1, "a", None]}]}, "a"),
    case("A1 allOf of type and enum", {"allOf": [INTEGER, {"enum": [1, "a", None]}]}, "1", "1"),
    case("A1 allOf of unions", {"allOf": [{"anyOf": [INTEGER, ARRAY]}, {"oneOf": [ARRAY, OBJECT]}]}, "[1]", "[1]"),
    case("A1 allOf nested", {"allOf": [{"allOf": [{"allOf": [INTEGER]}]}]}, "42", "42"),
    mismatch("A1 allOf beside type", {"type": "integer", "allOf": [{"type": ["integer", "null"]}]}, "None"),
    # A1, nullable
    case("A1 nullable union", {"anyOf": [INTEGER, BOOLEAN], "nullable": True}, "None", "null"),
    case("A1 nullable object", {"type": "object", "properties": {}, "nullable": True}, "None", "null"),
    case("A1 nullable enum of numbers", {"enum": [1, 2], "nullable": True}, "null", "null"),
    # A1, names of other dialects, in lists and unions
    case("A1 dialect, in a list", {"type": ["int", "none"]}, "42", "42"),
    case("A1 dialect, in a union", {"anyOf": [{"type": "float"}, {"type": "null"}]}, "2.5", "2.5"),
    string("A1 dialect, with a length", {"type": "varchar(20)"}, "42"),
    *[case("A1 dialect", {"type": name}, "42", "42") for name in ("int32", "uint32", "int_", "LONG", "Short")],
    *[case("A1 dialect", {"type": name}, "4.5", "4.5") for name in ("float64", "numeric(5)", "Decimal")],
    *[case("A1 dialect", {"type": name}, "[]", "[]") for name in ("Tuple", "SET", "arraylist", "List")],
    *[case("A1 dialect", {"type": name}, "False", "false") for name in ("Bool", "boolean_")],
    # A3, orders
    case("A3 boolean before integer", {"type": ["string", "integer", "boolean"]}, "true", "true"),
    case("A3 boolean digits are numbers there", {"type": ["string", "integer", "boolean"]}, "0", "0"),
    case("A3 integer before number, the digits stay", {"type": ["string", "number", "integer"]}, "2.50", "2.50"),
    case("A3 object before string", {"anyOf": [STRING, OBJECT, NULL]}, '{"a": [1.50]}', '{"a": [1.50]}'),
    string("A3 what no type fits", {"anyOf": [STRING, OBJECT, NULL]}, "{ not json"),
    # A4, members and types
    string("A4 a member of no allowed type does not count", {"type": "string", "enum": [1, "1"]}, "1"),
    case("A4 a member beside others", {"type": ["string", "integer"], "enum": ["a", 1]}, "2", "2"),
    string("A4 a member that looks like null", {"type": ["string", "null"], "enum": ["null", None]}, "null"),
    case("A4 const of a number, another number", {"const": 5}, "6", "6"),
    mismatch("A4 const of a number, a word", {"const": 5}, "five"),
    case("A4 enum of objects", {"enum": [{"a": 1}, {"b": 2}]}, '{"b": 2}', '{"b": 2}'),
    case("A4 enum of a list, in Python", {"enum": [[1], None]}, "[1]", "[1]"),
    # A6, huge numbers
    case("A6 no 64 bits", INTEGER, "-" + "9" * 400, "-" + "9" * 400),
    case("A6 no float", NUMBER, "0." + "123456789" * 40, "0." + "123456789" * 40),
    case("A6 inside an object too", OBJECT, '{"a": 1' + "0" * 400 + "}", '{"a": 1' + "0" * 400 + "}"),
]


def declaration(schema: Any, name: str = "f", key: str = "p") -> dict[str, Any]:
    """A tool with one parameter of this schema, and the definitions that the table refers to."""
    parameters = {"type": "object", "properties": {key: schema}, **DEFINITIONS}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def name_of(one: Case) -> str:
    return f"{one.rule}: {json.dumps(one.schema)[:60]} {one.text[:20]!r}"
