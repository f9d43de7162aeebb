"""ObjectValue: the object notation of gemma4 and functiongemma comes out as JSON, however it is cut (formats.md, 7).

Expected values are those of the notation's definition: what stands between delimiters is data as it is, what is bare is
a keyword, a JSON number or a string.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_json_value import (
    Make,
    Outcome,
    assert_beginning,
    check_copies,
    check_cuts,
    check_linear,
    check_prefixes,
    check_quick,
    outcome,
    pieces,
    read,
)
from toolfeed.codecs.json_value import JsonValue
from toolfeed.codecs.object_value import AHEAD, WORD_HOLD, ObjectValue
from toolfeed.tools import Tool

Q = '<|"|>'
E = "<escape>"
ENDS = ("<tool_call|>", "<|tool_response>")


def a_tool(**parameters: Any) -> Tool:
    return Tool("f", {"type": "object", "properties": parameters})


TOOL = a_tool(
    city={"type": "string"},
    days={"type": "integer"},
    ratio={"type": "number"},
    on={"type": "boolean"},
    opts={"type": "object"},
    tags={"type": "array"},
    either={"type": ["string", "integer"]},
    maybe={"type": ["string", "null"]},
    mixed={"type": ["object", "integer"]},
    free={},
    mode={"enum": ["fast", "slow"]},
)


def gemma() -> ObjectValue:
    return ObjectValue((Q,))


def schooled() -> ObjectValue:
    """`gemma` with a tool."""
    machine = ObjectValue((Q,))
    machine.tool = TOOL
    return machine


def typed() -> ObjectValue:
    machine = ObjectValue((E,), typed=True)
    machine.tool = TOOL
    return machine


def untold() -> ObjectValue:
    """`typed` without a tool."""
    return ObjectValue((E,), typed=True)


def mending() -> ObjectValue:
    return ObjectValue((Q,), repair=True, ends=ENDS)


def mending_schooled() -> ObjectValue:
    machine = ObjectValue((Q,), repair=True, ends=ENDS)
    machine.tool = TOOL
    return machine


def mending_typed() -> ObjectValue:
    machine = ObjectValue((E,), repair=True, typed=True, ends=("<end_function_call>",))
    machine.tool = TOOL
    return machine


def check(make: Make, text: str) -> Outcome:
    """The outcome of a text, for which a machine keeps all that it promises."""
    result = check_cuts(make, text)
    check_prefixes(make, text)
    check_copies(make, text)
    check_quick(make, text)
    return result


# What is read

READ = [
    ("{}", "{}"),
    ("{a:1}", '{"a":1}'),
    ('{city:<|"|>Paris<|"|>,days:3}', '{"city":"Paris","days":3}'),
    ("{a:[1,2],b:true,c:false,d:null}", '{"a":[1,2],"b":true,"c":false,"d":null}'),
    ("{opts:{a:[1,2],b:{}},c:[]}", '{"opts":{"a":[1,2],"b":{}},"c":[]}'),
    ("{a:None,b:nil,c:none,d:True,e:False}", '{"a":null,"b":null,"c":null,"d":true,"e":false}'),
    ("{xs:[None,nil,True,[],{}]}", '{"xs":[null,null,true,[],{}]}'),
    # whitespace
    ("{ }", "{}"),
    ("{\n  a: 1,\r\n\tb : [ 1 , 2 ] , c:{ } }", '{"a":1,"b":[1,2],"c":{}}'),
    ('{a: <|"|> x <|"|> , b:\n<|"|><|"|>\n}', '{"a":" x ","b":""}'),
    # numbers
    (
        "{a:0,b:-0,c:1.50,d:1e5,e:-0.25,f:12345678901234567890,g:1E+05}",
        '{"a":0,"b":-0,"c":1.50,"d":1e5,"e":-0.25,"f":12345678901234567890,"g":1E+05}',
    ),
    (
        "{a:02134,b:.5,c:5.,d:+3,e:1_000,f:0x1F,g:-,h:1e,i:NaN,j:--1,k:1.2.3}",
        '{"a":"02134","b":".5","c":5.0,"d":"+3","e":"1_000","f":"0x1F","g":"-","h":"1e","i":"NaN","j":"--1","k":"1.2.3"}',
    ),
    # bare words
    ("{unit:celsius}", '{"unit":"celsius"}'),
    (
        "{a:3 apples,b: two  words ,c:truely,d:nulls,e:true false}",
        '{"a":"3 apples","b":"two  words","c":"truely","d":"nulls","e":"true false"}',
    ),
    ("{a:[red,dark green,NONE,TRUE]}", '{"a":["red","dark green","NONE","TRUE"]}'),
    (
        '{a:it\'s "so",b:10:00,c:https://x.y/z?q=1&r,d:back\\slash,e:a\nb,f:日本}',
        '{"a":"it\'s \\"so\\"","b":"10:00","c":"https://x.y/z?q=1&r","d":"back\\\\slash","e":"a\\nb","f":"日本"}',
    ),
    ("{a:\ud800}", '{"a":"\\ud800"}'),
    ("{a:x\xa0}", '{"a":"x\xa0"}'),
    # strings in delimiters: all is data
    ('{a:<|"|>}],:{[ \'x\' "y" \\n \\<|"|>}', '{"a":"}],:{[ \'x\' \\"y\\" \\\\n \\\\"}'),
    ('{a:<|"|>1\n2\r\n3\t\x00\x1f\x7f<|"|>}', '{"a":"1\\n2\\r\\n3\\t\\u0000\\u001f\x7f"}'),
    ('{a:<|"|>\ud83d<|"|>,b:<|"|>\ude00😀<|"|>}', '{"a":"\\ud83d","b":"\\ude00😀"}'),
    ('{a:<|"|><tool_call|><|tool_call>call:f{a:<|"|>}', '{"a":"<tool_call|><|tool_call>call:f{a:"}'),
    ('{a:<|"|>null<|"|>,b:<|"|>3<|"|>}', '{"a":"null","b":"3"}'),
    ('{a:[<|"|>x<|"|>,<|"|>y,z<|"|>]}', '{"a":["x","y,z"]}'),
    # strings in quotes
    ('{a:"b",c:[""],d:"\\"\\\\\\/\\n\\u00e9"}', '{"a":"b","c":[""],"d":"\\"\\\\\\/\\n\\u00e9"}'),
    ('{a:"<|\\"|>",b:"},x:"}', '{"a":"<|\\"|>","b":"},x:"}'),
    # keys
    ('{"a":1, "b" :{"c d":2}}', '{"a":1,"b":{"c d":2}}'),
    ('{<|"|>a b<|"|>:1,<|"|>c:"}\\<|"|> :2}', '{"a b":1,"c:\\"}\\\\":2}'),
    ("{a.b-c:1,d e :2,é日:3,$x@:4,1:5,true:6}", '{"a.b-c":1,"d e":2,"é日":3,"$x@":4,"1":5,"true":6}'),
    ("{a\"b:1,c\\d:2,e\nf:3,g'h:4}", '{"a\\"b":1,"c\\\\d":2,"e\\nf":3,"g\'h":4}'),
    ('{"\\u0061\\n":1}', '{"\\u0061\\n":1}'),
    ('{<|"|><|"|>:1,"a":{"":2}}', '{"":1,"a":{"":2}}'),
    ("{o:{a:1,a:2}}", '{"o":{"a":1,"a":2}}'),  # repeated keys count at the top level only
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_read(text: str, expected: str) -> None:
    assert check(gemma, text) == Outcome(expected, len(text), True, "", "", "", [])
    json.loads(expected)
    spaced = " \n" + text + "<tool_call|>"
    assert read(gemma, spaced) == Outcome(expected, len(text) + 2, True, "", "", "", [])
    assert check(untold, text.replace(Q, E)).emitted == expected


@pytest.mark.parametrize(
    ("text", "expected", "notes"),
    [
        ('{a:"b\nc\ud800"}', '{"a":"b\\nc\\ud800"}', ["control_character", "lone_surrogate"]),
        ('{"a\n":1}', '{"a\\n":1}', ["control_character"]),
        ('{a:{"\ud800":1}}', '{"a":{"\\ud800":1}}', ["lone_surrogate"]),
        ("{a:1,a:2,b:3}", '{"a":1,"b":3}', ["duplicate_key"]),
        ('{a:1, a : {b:[x,y],c:<|"|>}<|"|>} , b:3}', '{"a":1,"b":3}', ["duplicate_key"]),
        ('{a:1,"a":"x",<|"|>a<|"|>:[[1],{}]}', '{"a":1}', ["duplicate_key"]),
        ('{"\\u0061":1,b:2,a:tr,b:"\\u00e9"}', '{"\\u0061":1,"b":2}', ["duplicate_key"]),
        ('{a:1,a:<|"|>x<|"|>,b:{a:2}}', '{"a":1,"b":{"a":2}}', ["duplicate_key"]),
    ],
)
def test_mended(text: str, expected: str, notes: list[str]) -> None:
    assert check(gemma, text) == Outcome(expected, len(text), True, "", "", "", notes)


def test_the_examples_of_the_format() -> None:
    assert check(gemma, '{city:<|"|>Paris<|"|>,days:3}').emitted == '{"city":"Paris","days":3}'
    text = "{city:<escape>Paris<escape>,days:<escape>3<escape>}"
    assert check(typed, text) == Outcome('{"city":"Paris","days":3}', len(text), True, "", "", "", [])
    assert check(untold, text).emitted == '{"city":"Paris","days":"3"}'
    assert check(typed, "{city:<escape>Paris<escape>,days:3}").emitted == '{"city":"Paris","days":3}'
    text = "{opts:<escape>{'a': True}<escape>,on:<escape>False<escape>}"
    result = check(typed, text)
    assert (result.emitted, result.notes) == ('{"opts":{"a": true},"on":false}', [])
    assert check(untold, text).emitted == '{"opts":"{\'a\': True}","on":"False"}'


def test_every_beginning_of_a_delimiter_is_data() -> None:
    for make, delimiter in ((gemma, Q), (untold, E), (mending, Q)):
        parts = [delimiter[:i] for i in range(1, len(delimiter))] + [delimiter[i:] for i in range(1, len(delimiter))]
        for part in parts:
            for data in (part, part + part, "x" + part + "y", part + " ", part[:1] + part, part + delimiter[0]):
                if delimiter in data + delimiter[:-1]:
                    continue
                text = "{a:" + delimiter + data + delimiter + ",b:[" + delimiter + data + delimiter + "]}"
                result = check(make, text)
                assert result.done
                assert json.loads(result.emitted) == {"a": data, "b": [data]}


def test_only_a_beginning_of_a_delimiter_is_held() -> None:
    machine = gemma()
    machine.feed('{a:<|"|>', 0, [])
    for text, held in [("x", ""), ("<", "<"), ("|", "<|"), ('"|', '<|"|'), ("<|", "<|"), ("|", ""), ("<<", "<")]:
        machine.feed(text, 0, [])
        assert machine.held == held


def test_delimiters_of_other_shapes() -> None:
    def double() -> ObjectValue:
        return ObjectValue(("aab", "@@"))

    for data in ("a", "aa", "aaa", "ab", "@", "a@", "b"):
        for delimiter in ("aab", "@@"):
            text = "{x:" + delimiter + data + delimiter + ",y:1}"
            result = check(double, text)
            first = text.index(delimiter) + len(delimiter)
            at = text.index(delimiter, first)
            if text[first:at] == data:
                assert json.loads(result.emitted) == {"x": data, "y": 1}
    assert json.loads(check(double, "{x:aab@@aab,aabyaab:@@aab@@}").emitted) == {"x": "@@", "y": "aab"}


# What is not

FAULTS = [
    ("x", 0, "expected '{'"),
    (" [1]", 1, "expected '{'"),
    ("}", 0, "expected '{'"),
    ('<|"|>a<|"|>', 0, "expected '{'"),
    ("{,", 1, "expected a key or '}'"),
    ("{:1}", 1, "expected a key or '}'"),
    ("{]", 1, "expected a key or '}'"),
    ("{{", 1, "expected a key or '}'"),
    ("{'a':1}", 1, "expected a key or '}'"),
    ("{a}", 2, "expected ':'"),
    ("{a,b:1}", 2, "expected ':'"),
    ("{a <b:1}", 3, "expected ':'"),
    ("{a{", 2, "expected ':'"),
    ('{"a" b:1}', 5, "expected ':'"),
    ('{<|"|>a<|"|>=1}', 12, "expected ':'"),
    ("{<b>:1}", 2, "expected a key"),
    ('{<|<|"|>a<|"|>:1}', 3, "expected a key"),
    ('{"a\\x":1}', 5, "bad escape"),
    ("{a::b}", 3, "expected a value"),
    ("{a:'b'}", 3, "expected a value"),
    ("{a:]", 3, "expected a value"),
    ("{a:[,1]}", 4, "expected a value or ']'"),
    ("{a:[}", 4, "expected a value or ']'"),
    ("{a:[1,]}", 6, "expected a value"),
    ("{a:[1,,2]}", 6, "expected a value"),
    ("{a:1,}", 5, "expected a key"),
    ("{a:1, ,b:2}", 6, "expected a key"),
    ("{a:1]", 4, "expected ',' or '}'"),
    ("{a:[1}", 5, "expected ',' or ']'"),
    ("{a:x{b}}", 4, "expected ',' or '}'"),
    ("{a:f[0]}", 4, "expected ',' or '}'"),
    ("{a:[x [", 6, "expected ',' or ']'"),
    ("{a:[1] 2}", 7, "expected ',' or '}'"),
    ("{a:{} b:1}", 6, "expected ',' or '}'"),
    ('{a:<|"|>b<|"|> c}', 15, "expected ',' or '}'"),
    ('{a:<|"|>b<|"|><|"|>c<|"|>}', 14, "expected ',' or '}'"),
    ('{a:"b" "c"}', 7, "expected ',' or '}'"),
    ('{a:b<|"|>,c:1}', 4, "expected ',' or '}'"),
    ("{a:1<2}", 4, "expected ',' or '}'"),
    ("{a:<b>}", 4, "expected a value"),
    ('{a:<|"x}', 6, "expected a value"),
    ("{a:[1,<<", 7, "expected a value"),
    ('{a:"\\a"}', 5, "bad escape"),
    ('{a:"\\u12G4"}', 8, "bad escape"),
]


@pytest.mark.parametrize(("text", "position", "error"), FAULTS)
def test_faults(text: str, position: int, error: str) -> None:
    check(gemma, text)
    result = read(gemma, text, end=False)
    assert not result.done
    assert (result.error, result.consumed) == (error, position)
    machine = gemma()
    out: list[str] = []
    machine.feed(text, 0, out)
    assert machine.feed("1,b:2}", 0, out) == 0
    assert outcome(machine, out, position) == result
    assert machine.quick() is None


@pytest.mark.parametrize(
    ("text", "held", "emitted", "suffix"),
    [
        ("", "", "", "{}"),
        (" ", "", "", "{}"),
        ("{", "", "{", "}"),
        ("{ ", "", "{", "}"),
        ("{ci", "ci", "{", "}"),
        ("{city ", "city ", "{", "}"),
        ("{city:", "", '{"city":', "null}"),
        ('{"ci', '"ci', "{", "}"),
        ('{"city"', "", '{"city"', ": null}"),
        ('{<|"|>city<|"|', '<|"|>city<|"|', "{", "}"),
        ("{city: ", "", '{"city":', "null}"),
        ("{city:<|", "<|", '{"city":', "null}"),
        ('{city:<|"|>', "", '{"city":"', '"}'),
        ('{city:<|"|>Par<|"', '<|"', '{"city":"Par', '"}'),
        ('{city:<|"|>Paris<|"|>', "", '{"city":"Paris"', "}"),
        ("{days:3", "3", '{"days":', "null}"),
        ("{days:3 ", "3 ", '{"days":', "null}"),
        ("{days:3,", ",", '{"days":3', "}"),
        ("{days:3, \n", ", \n", '{"days":3', "}"),
        ("{days:3, ci", ", ci", '{"days":3', "}"),
        ("{days:3,<", ",<", '{"days":3', "}"),
        ("{days:3,city:", "", '{"days":3,"city":', "null}"),
        ("{a:[{b:c", "c", '{"a":[{"b":', "null}]}"),
        ("{a:[1,", ",", '{"a":[1', "]}"),
        ("{a:[1,2", "2", '{"a":[1,', "null]}"),
        ("{a:[1,<", "<", '{"a":[1,', "null]}"),
        ('{a:"b\\', "\\", '{"a":"b', '"}'),
        ("{days:3,days:[{x:1,", ",", '{"days":3', "}"),
        ("{days:3,days:x", "x", '{"days":3', "}"),
        ('{days:3,days:<|"|>x', "", '{"days":3', "}"),
        ("{days:3,days:3,", ",", '{"days":3', "}"),
        ("{}", "", "{}", ""),
    ],
)
def test_held_and_suffix(text: str, held: str, emitted: str, suffix: str) -> None:
    result = read(gemma, text, end=False)
    assert (result.held, result.emitted, result.suffix) == (held, emitted, suffix)
    check(gemma, text)


def test_end_adds_only_the_last_brace() -> None:
    for text in (
        "{a:1 ]",
        '{a:<|"|>b<|"|>',
        "{a:[1]  ",
        '{a:"b"',
        "{a:1,a:[2]",
        "{a:{}",
        '{a:<|"|><|"|><tool_call|>',
    ):
        result = read(gemma, text)
        assert result.done
        assert result.notes[-1] == "closer_missing"
        assert (result.error, result.held, result.suffix) == ("", "", "")
        json.loads(result.emitted)
    # Nothing undecided is decided, and what else is open stays open.
    for text in ("", "{", "{a", "{a:", "{a:3", "{a:x ", "{a:1,", "{a:[1", "{a:{b:[]", '{a:<|"|>b', "{a:[]x]", "x"):
        result = read(gemma, text)
        assert result == read(gemma, text, end=False) or text == "{a:[]x]"
        assert result.done == (text == "{a:[]x]")


# Schemas

Case = tuple[str, str, str, list[str]]  # key, data, the JSON written, notes

COERCED: list[Case] = [
    ("days", "3", "3", []),
    ("days", " 3 ", "3", []),
    ("days", "5.0", "5.0", []),
    ("days", "three", '"three"', ["type_mismatch"]),
    ("days", "3 days", '"3 days"', ["type_mismatch"]),
    ("days", "", '""', ["type_mismatch"]),
    ("ratio", "1.50", "1.50", []),
    ("ratio", '"<|', '"\\"<|"', ["type_mismatch"]),
    ("on", "True", "true", []),
    ("on", "0", "false", ["boolean_digit"]),
    ("on", "nope\n}", '"nope\\n}"', ["type_mismatch"]),
    ("mixed", "12", "12", []),
    ("mixed", "x", '"x"', ["type_mismatch"]),
]
OBJECTS: list[Case] = [
    ("opts", '{"a": [1, 2]}', '{"a": [1, 2]}', []),
    ("opts", " {'a': True} ", '{"a": true}', ["python_literal"]),
    ("tags", "['a', \"b,c\", {}]", '["a", "b,c", {}]', ["python_literal"]),
    ("tags", '["<|", "<escap"]', '["<|", "<escap"]', []),
    ("opts", "[1]", '"[1]"', ["type_mismatch"]),
    ("mixed", '{"a":1}', '{"a":1}', []),
]
UNIONS: list[Case] = [
    ("either", "42", "42", []),
    ("either", "042", '"042"', []),
    ("either", "x", '"x"', []),
    ("maybe", "None", "null", []),
    ("maybe", "Non", '"Non"', []),
    ("maybe", "null and void", '"null and void"', []),
    ("maybe", "", '""', []),
]
STRINGS: list[Case] = [
    ("city", "3", '"3"', []),
    ("city", "null", '"null"', []),
    ("free", "3", '"3"', []),
    ("unknown", "True", '"True"', []),
    ("mode", "fast", '"fast"', []),
]


def check_schema(make: Make, delimiter: str, key: str, data: str, written: str, notes: list[str]) -> None:
    value = delimiter + data + delimiter
    text = "{" + key + ":" + value + ",x:" + value + ",o:{" + key + ":" + value + "}}"
    plain = json.dumps(data)
    expected = f'{{"{key}":{written},"x":{plain},"o":{{"{key}":{plain}}}}}'
    assert check(make, text) == Outcome(expected, len(text), True, "", "", "", notes)


@pytest.mark.parametrize(("key", "data", "written", "notes"), [*COERCED, *OBJECTS])
def test_a_quoted_value_that_is_no_string_is_coerced(key: str, data: str, written: str, notes: list[str]) -> None:
    check_schema(schooled, Q, key, data, written, ["quoted_value", *notes])
    quoted = "{" + key + ": " + json.dumps(data) + " ,x:1}"
    result = check(schooled, quoted)
    assert (result.emitted, result.done) == (f'{{"{key}":{written},"x":1}}', True)
    assert result.notes == ["quoted_value", *notes]


@pytest.mark.parametrize(("key", "data", "written", "notes"), [*UNIONS, *STRINGS])
def test_a_quoted_value_that_may_be_a_string_is_one(key: str, data: str, written: str, notes: list[str]) -> None:
    check_schema(schooled, Q, key, data, json.dumps(data), [])
    quoted = "{" + key + ":" + json.dumps(data) + "}"
    assert check(schooled, quoted).emitted == f'{{"{key}":{json.dumps(data)}}}'
    assert read(schooled, quoted).notes == []


@pytest.mark.parametrize(("key", "data", "written", "notes"), [*COERCED, *OBJECTS, *UNIONS, *STRINGS])
def test_typed_values(key: str, data: str, written: str, notes: list[str]) -> None:
    check_schema(typed, E, key, data, written, [note for note in notes if note != "python_literal"])


def test_bare_values_keep_the_type_of_their_notation() -> None:
    for make in (schooled, typed):
        result = check(make, "{city:3,days:three,on:1,opts:[],tags:x,mode:null}")
        assert result.emitted == '{"city":3,"days":"three","on":1,"opts":[],"tags":"x","mode":null}'
        assert result.notes == []


def test_a_repeated_key_is_not_coerced() -> None:
    result = check(schooled, '{days:<|"|>3<|"|>,days:<|"|>x<|"|>,days:"y",city:z}')
    assert (result.emitted, result.notes) == ('{"days":3,"city":"z"}', ["quoted_value", "duplicate_key"])


@pytest.mark.parametrize(
    ("data", "position", "error"),
    [
        ("{'a': }", 6, "expected a value"),
        ("{'a': <x}", 7, "expected a value"),
        ("{'a': <<x}", 7, "expected a value"),
        ("{'a': <esc ", 10, "expected a value"),
        ("{'a': 1} x", 9, "text behind the value"),
        ("{'a': 1}  <es>", 13, "text behind the value"),
        ("{'a': 1", 7 + len(E) - 1, "the value ends before its brackets do"),
        ("{", 1 + len(E) - 1, "the value ends before its brackets do"),
        ("  {x", 3, "expected a key or '}'"),
    ],
)
def test_an_object_that_streams_and_breaks_is_a_fault(data: str, position: int, error: str) -> None:
    text = "{opts:" + E + data + E + ",days:3}"
    result = check(typed, text)
    assert (result.error, result.consumed) == (error, len("{opts:" + E) + position)
    assert (text[: result.consumed]).endswith(result.held)


@pytest.mark.parametrize(
    ("value", "emitted", "position", "error"),
    [
        ('"{\\"a\\": 1"', '{"a": 1', 10, "the value ends before its brackets do"),
        ('"{a: 1}"', "", 2, "expected a key or '}'"),
        ('"{\\"a\\": 1} x"', '{"a": 1}', 12, "text behind the value"),
        ('"{\\"a\\": \\u005b1}"', '{"a": [1', 16, "expected ',' or ']'"),
    ],
)
def test_a_quoted_object_that_breaks_is_a_fault(value: str, emitted: str, position: int, error: str) -> None:
    result = check(schooled, "{opts:" + value + ",days:3}")
    assert (result.error, result.consumed - len("{opts:")) == (error, position)
    assert result.emitted == '{"opts":' + emitted


def test_typed_values_stream() -> None:
    for text, emitted in [
        ('{opts:"{\\"a\\": [1, \\"b', '{"opts":{"a": [1, "b'),
        ('{tags:<|"|>[1, <|', '{"tags":[1'),
        ('{days:"3x', '{"days":"3x'),
    ]:
        assert read(schooled, text, end=False).emitted == emitted
        check(schooled, text)
    for text, emitted in [
        ("{opts:" + E + "{'a': [1, 'b", '{"opts":{"a": [1, "b'),
        ("{opts:" + E + "word ", '{"opts":"word '),
        ("{either:" + E + "4x", '{"either":"4x'),
        ("{city:" + E + "4", '{"city":"4'),
        ("{days:" + E + "4", '{"days":'),
    ]:
        assert read(typed, text, end=False).emitted == emitted
        check(typed, text)


def test_what_is_held_for_its_schema_is_bounded() -> None:
    def short() -> ObjectValue:
        machine = ObjectValue((Q,), hold=20)
        machine.tool = TOOL
        return machine

    long = "1" * 30
    for text in ('{days:<|"|>' + long + Q + ",x:1}", '{days:"' + long + '",x:1}'):
        result = check(short, text)
        assert result.emitted == '{"days":"' + long + '","x":1}'
        assert result.notes == ["quoted_value", "type_mismatch"]
        assert len(read(short, text[:30], end=False).held) <= 20 + len(Q)
    text = "{tags:<|\"|>['" + "x" * 30 + "']" + Q + "}"
    assert check(short, text).emitted == '{"tags":["' + "x" * 30 + '"]}'
    for size in range(15, 25):
        check(short, '{days:"' + "1" * size + '",x:1}')
        check(short, '{days:"\\u00e9\n\\"' + "1" * size)


# Bounds


def check_long(make: Make, text: str) -> Outcome:
    """The outcome of a text too long for every cut."""
    whole = read(make, text)
    assert read(make, *text) == whole
    for i in {0, 2, len(text) // 2, len(text) - 2, *range(WORD_HOLD - 1, WORD_HOLD + 8)}:
        assert read(make, text[:i], text[i:]) == whole
    begun = make()
    out: list[str] = []
    for i, char in enumerate(text[: WORD_HOLD + 10]):
        if begun.error or begun.done:
            break
        taken = begun.feed(char, 0, out)
        if i < 5 or i > WORD_HOLD - 2:
            assert outcome(begun, out, i + taken) == read(make, text[: i + 1], end=False)
            json.loads("".join(out) + begun.closing_suffix())
    return whole


def test_long_bare_words_stream() -> None:
    for size in (WORD_HOLD, WORD_HOLD + 1, 2 * WORD_HOLD):
        for word in (
            "x" * size,
            "1" + "x" * (size - 1),
            "1" * (size - 1) + "x",
            "x " * (size // 2) + "y",
            "3 " + "a" * size,
        ):
            for end in ("", "\n "):
                text = "{a:" + word + end + ",b:[" + word + end + "]}"
                result = check_long(gemma, text)
                if word.startswith("1" * WORD_HOLD) and not word.isdigit():
                    # After so many digits it counts as a number.
                    result = read(gemma, text, end=False)
                    assert (result.error, result.consumed) == ("expected ',' or '}'", 3 + word.index("x"))
                else:
                    assert json.loads(result.emitted) == {"a": word, "b": [word]}
        streams = size > WORD_HOLD
        result = read(gemma, "{a:" + "x" * size, end=False)
        assert (result.held == "", result.suffix) == (streams, '"}' if streams else "null}")
        if streams:
            assert check_long(gemma, "{a:" + "x" * size + " {").error == "expected ',' or '}'"
            assert check_long(gemma, "{a:" + "x" * size + "<").consumed == size + 3


def test_long_numbers_stream() -> None:
    for size in (WORD_HOLD, WORD_HOLD + 1, 4000, 4001):
        for number in ("7" * size, "-0." + "1" * (size - 3), "1e" + "0" * (size - 3) + "1"):
            text = "{a:" + number + ",b:[" + number + "]}"
            result = check_long(gemma, text)
            if size <= 4000:
                assert result.emitted == '{"a":' + number + ',"b":[' + number + "]}"
            else:
                assert (result.error, result.consumed) == ("number too long", 4003)
    for digits in (5, 999):
        for size in (digits, digits + 1, 1500):
            text = "{a:" + "7" * size + " , b:1}"
            result = check_long(lambda digits=digits: ObjectValue((Q,), digits=digits), text)  # type: ignore[misc]
            assert result.done == (size <= digits)
            if size > digits:
                assert (result.error, result.consumed) == ("number too long", 3 + min(size + 1, WORD_HOLD))


def test_long_whitespace_ends_a_word() -> None:
    for space in (10, WORD_HOLD - 4, WORD_HOLD - 3, WORD_HOLD, WORD_HOLD + 5, 5000):
        spaces = " " * space
        for word, written in [("3", "3"), ("true", "true"), ("x", '"x"')]:
            assert check_long(gemma, "{a:" + word + spaces + ",b:1}").emitted == '{"a":' + written + ',"b":1}'
            check_long(gemma, "{a:" + word + spaces + "y}")
            result = read(gemma, "{a:" + word + spaces + "y}", end=False)
            assert result.done == (len(word) + space <= WORD_HOLD)
        assert check_long(gemma, "{a:1," + spaces + "b:2}").emitted == '{"a":1,"b":2}'
        assert check_long(gemma, "{a:1," + spaces + "a:2,b:" + spaces + "[" + spaces + "]}").emitted == '{"a":1,"b":[]}'
        long = "x" * 2000
        check_long(gemma, "{a:" + long + spaces + "y}")
        result = read(gemma, "{a:" + long + spaces + "y}", end=False)
        assert result.done == (space <= WORD_HOLD)


def test_long_keys() -> None:
    for wrap in ("", '"', Q):
        for size in (WORD_HOLD - 20, WORD_HOLD, WORD_HOLD + 1, 2000):
            key = wrap + "k" * (size - 2 * len(wrap)) + wrap
            for text in ("{" + key + ":1}", "{a:1, " + key + " :2}"):
                result = check_long(gemma, text)
                at = text.index(key)
                if result.done:
                    assert size <= WORD_HOLD
                    assert json.loads(result.emitted)["k" * (size - 2 * len(wrap))]
                else:
                    assert (result.error, result.consumed) == ("key too long", at + WORD_HOLD)
                    assert size >= WORD_HOLD


@pytest.mark.parametrize(("opener", "closer"), [("{a:", "}"), ("{a:[", "]}"), ('{ "a" : ', " }"), ("{a:[1,", "]}")])
def test_depth(opener: str, closer: str) -> None:
    depth = 100_000
    opening = opener * depth
    closing = closer * depth
    written = opener.replace("a:", '"a":').replace('{ "a" : ', '{"a":') * depth
    for step in (29, len(opening)):
        machine = gemma()
        out: list[str] = []
        for i in range(0, len(opening), step):
            machine.feed(opening[i : i + step], 0, out)
        assert not machine.error
        assert machine.depth == depth * (2 if "[" in opener else 1)
        twin = machine.copy()
        assert twin.closing_suffix().removeprefix("null") == closing.replace(" ", "")
        machine.feed("0", 0, out)
        assert machine.feed(closing, 0, out) == len(closing)
        assert machine.done
        assert not twin.done
        assert "".join(out) == written + "0" + closing.replace(" ", "")


LONG_TEXTS: list[Callable[[int], str]] = [
    lambda n: '{a:<|"|>' + "x" * n,
    lambda n: '{a:<|"|>' + "\n" * n,
    lambda n: '{a:<|"|>' + "<" * n,
    lambda n: '{a:<|"|>' + '<|"|' * n,
    lambda n: '{a:<|"|>' + "}" * n,
    lambda n: '{a:<|"|>' + "," * n,
    lambda n: '{a:<|"|>' + ",a:1" * n,
    lambda n: '{a:<|"|>' + ",a:" * n,
    lambda n: "{b:{" * n + "a:" + Q + "}" * n,
    lambda n: "{a:" * n,
    lambda n: "{a:" + "[" * n,
    lambda n: "{a:[" + "1," * n,
    lambda n: "{a:[" + "x y ," * n,
    lambda n: "{a:" + "x" * n,
    lambda n: "{a:" + "x " * n,
    lambda n: "{a:x " + " " * n,
    lambda n: "{a:1," + " " * n,
    lambda n: "{a:" + "1" * n,
    lambda n: "{a:1," + "a:2," * n,
    lambda n: '{a:1,a:<|"|>' + "x" * n,
    lambda n: "{a:1,a:" + "[{b:" * n,
    lambda n: "{" + "".join(f"k{i}:1," for i in range(n)),
    lambda n: '{a:["b",' + '"c\\n",' * n,
    lambda n: '{days:<|"|>' + "1" * n,
    lambda n: '{days:"' + "1" * n,
    lambda n: '{tags:<|"|>' + "[" * n,
    lambda n: "{" + "k" * n,
    lambda n: '{"' + "k" * n,
    lambda n: '{<|"|>' + "k" * n,
    lambda n: "{a:'" + "\\'" * n,
]


@pytest.mark.parametrize("text", LONG_TEXTS)
@pytest.mark.parametrize("make", [gemma, schooled])
def test_work_is_linear(make: Make, text: Callable[[int], str]) -> None:
    if make is schooled and text(1).startswith(("{days", "{tags")):

        def bounded() -> JsonValue:
            machine = ObjectValue((Q,), hold=1000)
            machine.tool = TOOL
            return machine

        make = bounded
    check_linear(make, text, 1500)


# Any value


class Writer:
    """Writes a value in the notation, in one of its spellings."""

    def __init__(self, seed: int, delimiter: str, *, plain: bool = False) -> None:
        self._random = random.Random(seed)
        self._delimiter = delimiter
        self._spaces = ("",) if plain else ("", "", "", " ", "\n ", "\t")
        self._plain = plain

    def space(self) -> str:
        return self._random.choice(self._spaces)

    def write(self, value: Any) -> str:
        return self.space() + self._written(value) + self.space()

    def _written(self, value: Any) -> str:
        if isinstance(value, dict):
            members = (self.space() + self.key(key) + ":" + self.write(item) for key, item in value.items())
            return "{" + (",".join(members) or self.space()) + "}"
        if isinstance(value, list):
            return "[" + (",".join(map(self.write, value)) or self.space()) + "]"
        if isinstance(value, str):
            return self.string(value)
        if value is None:
            return "None" if self._plain else self._random.choice(("None", "null", "nil", "none"))
        text = json.dumps(value)
        return text.title() if isinstance(value, bool) and self._random.random() < 0.3 else text

    def string(self, text: str, *, key: bool = False) -> str:
        delimiter = self._delimiter
        spellings = [json.dumps(text)]
        if delimiter not in text + delimiter[:-1]:
            spellings += [delimiter + text + delimiter] * 4
        stops = ":,{}[]<" if key else ",{}[]<"
        bare = text and text == text.strip(" \t\r\n") and text[0] not in "\"':" and not set(text) & set(stops)
        if bare and (key or (text.isalpha() and text.lower() not in {"true", "false", "none", "null", "nil"})):
            spellings += [text] * 4
        if self._plain:
            return spellings[-1]
        return self._random.choice(spellings)

    def key(self, text: str) -> str:
        return self.string(text, key=True) + self.space()


texts = st.text() | st.text(st.sampled_from("<|\">escap,:{}[] \n\\'ab\ud800\ude001"), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, max_size=6)


def as_json(value: Any) -> Any:
    """What JSON can say of a value. Neighbouring surrogates are one character there."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, dict):
        return {as_json(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(objects, st.integers(), st.sampled_from([Q, E]))
def test_any_value(value: dict[str, Any], seed: int, delimiter: str) -> None:
    text = Writer(seed, delimiter).write(value)

    def make() -> ObjectValue:
        return ObjectValue((delimiter,))

    result = read(make, *pieces(text, seed))
    assert result == read(make, text) == read(make, *text)
    assert result.done
    assert not text[result.consumed :].strip(" \t\r\n")
    assert repr(json.loads(result.emitted)) == repr(as_json(value))
    assert result.notes == []
    with_repair = read_on(lambda: ObjectValue((delimiter,), repair=True, ends=ENDS), text)
    assert with_repair == result


_NOISE = [
    Q,
    Q,
    Q,
    E,
    "{",
    "}",
    "[",
    "]",
    ",",
    ",",
    ":",
    ":",
    '"',
    "'",
    "\\",
    "<",
    '<|"',
    "|>",
    " ",
    "\n",
    "a",
    "b:",
    "3",
]
_NOISE += [
    "true",
    "None",
    "1.5",
    "-",
    "x y",
    '"a"',
    '"k":',
    "'s'",
    "\ud800",
    "\x01",
    ",a:",
    ",days:3",
    ',b:<|"|>',
    "days:",
]
_NOISE += ["opts:<|\"|>{'a': 1", "{'a':", "tags:" + E + "[1, ", "<tool_call|>", "}<tool_call|>", 'city:<|"|>', "<es"]
noise = st.lists(st.sampled_from(_NOISE), max_size=25).map("".join)


@settings(deadline=None)
@given(noise, st.integers(), st.sampled_from(["", "{", '{opts:<|"|>']))
def test_any_text(text: str, seed: int, opening: str) -> None:
    for delimiter, make in ((Q, gemma), (Q, schooled), (E, typed)):
        source = (opening + text).replace(Q, delimiter)
        whole = read(make, source, end=False)
        assert read(make, *pieces(source, seed), end=False) == whole == read(make, *source, end=False)
        check_prefixes(make, source)


@settings(deadline=None)
@given(objects, st.data())
def test_damaged(value: dict[str, Any], data: st.DataObject) -> None:
    text = Writer(data.draw(st.integers()), Q).write(value)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(["", *_NOISE])) + text[start + data.draw(st.integers(0, 2)) :]
    seed = data.draw(st.integers())
    for make in (gemma, schooled):
        whole = read(make, text)
        assert read(make, *pieces(text, seed)) == whole == read(make, *text)
        json.loads(whole.emitted + whole.suffix)
    for make in (mending, mending_schooled):
        check_mending(make, text, seed)


# Repairs: `feed` may want text again


def read_on(make: Make, *fragments: str) -> Outcome:
    """`read`, for a machine that may wait."""
    machine = make()
    assert isinstance(machine, ObjectValue)
    out: list[str] = []
    consumed = 0
    left = ""
    for fragment in fragments:
        text = left + fragment
        pos = machine.feed(text, 0, out)
        assert "" not in out
        assert machine.wait == (pos < len(text) and not machine.done and not machine.error)
        consumed += pos
        left = text[pos:]
        json.loads("".join(out) + machine.closing_suffix())
        if machine.done or machine.error:
            break
        assert len(left) < AHEAD
    if not machine.done and not left:
        machine.end(out)
    return outcome(machine, out, consumed)


def check_mending(make: Make, text: str, seed: int) -> Outcome:
    whole = read_on(make, text)
    assert read_on(make, *text) == whole
    assert read_on(make, *pieces(text, seed)) == whole
    assert_beginning(whole.emitted)
    return whole


REPAIRS = [
    # a delimiter is missing
    ('{city:<|"|>Paris}<tool_call|>', '{"city":"Paris"}', ["delimiter_missing"]),
    ('{city:<|"|>Paris } \n<tool_call|>', '{"city":"Paris "}', ["delimiter_missing"]),
    ('{city:<|"|>Paris,days:3}<tool_call|>', '{"city":"Paris","days":3}', ["delimiter_missing"]),
    ('{city:<|"|>Paris,unit:<|"|>C<|"|>}', '{"city":"Paris","unit":"C"}', ["delimiter_missing"]),
    ('{city:<|"|>Paris,a:1,b:x,unit: <|"|>C<|"|>}', '{"city":"Paris","a":1,"b":"x","unit":"C"}', ["delimiter_missing"]),
    ('{o:{city:<|"|>Paris},unit:<|"|>C<|"|>}', '{"o":{"city":"Paris"},"unit":"C"}', ["delimiter_missing"]),
    ('{o:[{city:<|"|>Paris}]}<tool_call|>', '{"o":[{"city":"Paris"}]}', ["delimiter_missing"]),
    (
        '{city:<|"|>Paris, France,days:3}<|tool_response>',
        '{"city":"Paris, France","days":3}',
        ["delimiter_missing"],
    ),
    ('{code:<|"|>if (x) { y(); },lang:<|"|>c<|"|>}', '{"code":"if (x) { y(); }","lang":"c"}', ["delimiter_missing"]),
    ('{a:<|"|>x,b:<|"|>y,c:<|"|>z}<tool_call|>', '{"a":"x","b":"y","c":"z"}', ["delimiter_missing"]),
    ('{a:<|"|>x,b:<|"|><|"|>}', '{"a":"x","b":""}', ["delimiter_missing"]),
    # single quotes
    ("{a:'b',c:['d\\'e', 'f']}", '{"a":"b","c":["d\'e","f"]}', ["python_literal"]),
    ("{'a':1, 'b c' :'}'}", '{"a":1,"b c":"}"}', ["python_literal"]),
    ("{a:'it's'}", '{"a":"it\'s"}', ["python_literal", "unescaped_quote"]),
    # commas
    ("{a:[1,],b:2,}", '{"a":[1],"b":2}', ["trailing_comma"]),
    ("{a:1, \n}", '{"a":1}', ["trailing_comma"]),
]


@pytest.mark.parametrize(("text", "expected", "notes"), REPAIRS)
def test_repairs(text: str, expected: str, notes: list[str]) -> None:
    result = check_mending(mending, text, 1)
    assert (result.emitted, result.done) == (expected, True)
    assert sorted(result.notes) == notes
    for i in range(len(text)):
        assert read_on(mending, text[:i], text[i:]) == result
    rest = text[result.consumed :]
    assert rest.strip() in ("", "<tool_call|>", "<|tool_response>")
    assert not read(gemma, text, end=False).done


SOUND = [
    "}<tool",
    "}",
    "}}",
    ",",
    ",b:1",
    ",b:",
    ",b:1}",
    "a, note: ",
    "}, {b: 1}",
    "{x:1,y:2}",
    "},b:[",
    "\n}\n",
    "};\n<tool_call>",
    ",b:1} <tool_call",
]


@pytest.mark.parametrize("data", SOUND)
def test_sound_text_needs_no_repair(data: str) -> None:
    for text, value in [
        ('{a:<|"|>' + data + Q + "}", {"a": data}),
        ('{a:<|"|>' + data + Q + " ,b:1}", {"a": data, "b": 1}),
        ('{a:{b:[{c:<|"|>' + data + Q + "\n}]}}", {"a": {"b": [{"c": data}]}}),
    ]:
        result = check_mending(mending, text + "<tool_call|>", 1)
        assert json.loads(result.emitted) == value
        assert result.notes == []
        assert result == read(gemma, text)


def test_a_schema_says_which_keys_may_follow() -> None:
    text = '{city:<|"|>Paris,nights:<|"|>C<|"|>}'
    assert check_mending(mending, text, 1).done
    assert not check_mending(mending_schooled, text, 1).done
    text = text.replace("nights", "mode")
    assert check_mending(mending_schooled, text, 1).emitted == '{"city":"Paris","mode":"C"}'


def test_repairs_of_values_with_a_schema() -> None:
    result = check_mending(mending_schooled, '{days:<|"|>3,city:<|"|>x<|"|>}', 1)
    assert (result.emitted, result.notes) == ('{"days":3,"city":"x"}', ["quoted_value", "delimiter_missing"])
    result = check_mending(mending_schooled, "{days:'3',on:'True',tags:<|\"|><|\"|>}", 1)
    assert result.emitted == '{"days":3,"on":true,"tags":[]}'
    assert result.notes == ["quoted_value", "python_literal", "empty_container"]
    result = check_mending(mending_typed, "{opts:" + E + "{'a': 1},days:" + E + "3}<end_function_call>", 1)
    assert (result.emitted, result.done) == ('{"opts":{"a": 1},"days":3}', True)
    result = check_mending(mending_typed, "{opts:" + E + "{'a': 1,city:" + E + "x" + E + "}", 1)
    assert result.error
    result = check_mending(mending_schooled, '{days:1,days:<|"|>2,city:<|"|>x<|"|>}', 1)
    assert (result.emitted, result.notes) == ('{"days":1,"city":"x"}', ["duplicate_key", "delimiter_missing"])


def test_no_more_than_a_bound_is_looked_at() -> None:
    for size in range(AHEAD - 30, AHEAD + 5):
        text = '{city:<|"|>Paris,a:' + "1" * (size - 3) + "}<tool_call|>"
        result = check_mending(mending, text, size)
        assert (json.loads(result.emitted)["city"] == "Paris") == (size + len("}<tool_call|>") <= AHEAD)
        text = '{city:<|"|>Paris,a:' + " " * (size - 3 - len(Q)) + Q + "x" + Q + "}"
        assert check_mending(mending, text, size).done == (size + 1 <= AHEAD)


@settings(deadline=None)
@given(noise, st.integers(), st.sampled_from(["{", '{opts:<|"|>', '{a:<|"|>']))
def test_any_text_with_repair(text: str, seed: int, opening: str) -> None:
    for make, delimiter in ((mending, Q), (mending_schooled, Q), (mending_typed, E)):
        check_mending(make, (opening + text).replace(Q, delimiter), seed)


@pytest.mark.parametrize("text", LONG_TEXTS)
def test_work_is_linear_with_repair(text: Callable[[int], str]) -> None:
    class Again:
        """Gives what is wanted again with the next fragment, so that the shared check can drive it."""

        def __init__(self) -> None:
            self.value = ObjectValue((Q,), repair=True, ends=ENDS)
            self.left = ""

        @property
        def held(self) -> str:
            return self.value.held

        def feed(self, text: str, pos: int, out: list[str]) -> int:
            whole = self.left + text[pos:]
            self.left = whole[self.value.feed(whole, 0, out) :]
            assert len(self.left) < AHEAD or self.value.error or self.value.done
            return len(text)

    check_linear(Again, text, 600)


@pytest.mark.parametrize("text", ["{a:<|\"|>b c<|\"|>,d:'e'}", '{a:<|"|>x', '{a:"b', '{days:<|"|>x y', "{a:'b"])
def test_quick_and_copies_with_repair(text: str) -> None:
    for make in (mending, mending_schooled):
        check_copies(make, text)
        check_quick(make, text)


def test_direct() -> None:
    for make in (gemma, typed):
        machine = make()
        assert machine.direct() is machine
    assert mending().direct() is None
