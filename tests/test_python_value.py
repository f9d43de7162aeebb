"""PythonValue: Python literals come out as JSON, however they are cut (formats.md, rules P2 to P5).

Expected values are those of the Python language reference; `ast` stands for it where texts are generated.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_json_value import (
    VALID,
    Outcome,
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
from toolfeed.codecs.python_value import PythonValue


def lenient() -> PythonValue:
    return PythonValue(python=False)


# (Python, JSON). In lenient mode each gives the same, and the note unless it is JSON already or noted otherwise.
LITERALS = [
    # strings
    ("'a'", '"a"'),
    ('"a"', '"a"'),
    ("''", '""'),
    ('""', '""'),
    ("''''''", '""'),
    ("'''a'''", '"a"'),
    ('"""a"""', '"a"'),
    ("'''a'b''c'''", "\"a'b''c\""),
    ('"""a"b""c"""', '"a\\"b\\"\\"c"'),
    ("'''\\''''", '"\'"'),
    ('"""\\"\\"\\"."""', '"\\"\\"\\"."'),
    ("'''a\nb\r\n\tc'''", '"a\\nb\\r\\n\\tc"'),
    ("'\"'", '"\\""'),
    ('"\'"', '"\'"'),
    ("'\\'\\\"'", '"\'\\""'),
    # escapes
    (r"'\n\t\r\b\f\\'", r'"\n\t\r\b\f\\"'),
    (r"'\a\v\0'", r'"\u0007\u000b\u0000"'),
    (r"'\1\12\101\1012\08'", r'"\u0001\nAA2\u00008"'),
    (r"'\777'", '"\u01ff"'),
    (r"'\x41\x22\x5c\x0a\x7f\xe9'", '"A\\"\\\\\\n\x7f\u00e9"'),
    (r"'\u00e9\u0022\uD83D\uDE00'", r'"\u00e9\u0022\uD83D\uDE00"'),
    (r"'\U0001F600\U00000041\U0000d83d\U0010ffff'", '"\U0001f600A\\ud83d\U0010ffff"'),
    (r"'\q\d+\.\ \é\%'", r'"\\q\\d+\\.\\ \\é\\%"'),
    ("'a\\\nb\\\r\nc\\\rd'", '"abcd"'),
    ("'\\\r'", '""'),
    (r"'\8\9'", r'"\\8\\9"'),
    # prefixes
    (r"r'\n\'\"'", r'''"\\n\\'\\\""'''),
    (r"R'\\'", r'"\\\\"'),
    (r'r"\""', r'"\\\""'),
    (r"r'\u0041\é'", r'"\\u0041\\é"'),
    ("r'''\\''''", '"\\\\\'"'),
    ("u'a' U'b'", '"ab"'),
    ("f'a' F\"b\"", '"ab"'),
    (r"f'{{\n}}{{}}'", r'"{\n}{}"'),
    (r"fr'{{\n' Rf'\}}' rF'' FR''", r'"{\\n\\}"'),
    (r"f'\x7b\{{'", r'"{\\{"'),
    ("f'''{{\"'''", '"{\\""'),
    # neighbours
    ("'a' 'b'", '"ab"'),
    ("'a'\"b\"'''c'''", '"abc"'),
    ("'a'\n\t r'\\d'\f\"'\"", '"a\\\\d\'"'),
    ("'' ''", '""'),
    ("['a' 'b', \"c\" 'd' ]", '["ab", "cd" ]'),
    ("{'a' 'b': 'c' \"d\"}", '{"ab": "cd"}'),
    # numbers
    ("0", "0"),
    ("12", "12"),
    ("-12", "-12"),
    ("1.50", "1.50"),
    ("1E5", "1E5"),
    ("1e-05", "1e-05"),
    ("-0", "-0"),
    ("-0.0", "-0.0"),
    ("0e0", "0e0"),
    ("1_000", "1000"),
    ("1_0.0_1e1_0", "10.01e10"),
    (".5", "0.5"),
    ("-.5", "-0.5"),
    ("+.5e1", "0.5e1"),
    ("5.", "5.0"),
    ("0.", "0.0"),
    ("5.e3", "5.0e3"),
    ("0x1F", "31"),
    ("0XfF", "255"),
    ("-0x10", "-16"),
    ("0o17", "15"),
    ("0b101", "5"),
    ("0x_1_F", "31"),
    ("0x" + "f" * 64, str(16**64 - 1)),
    ("+3", "3"),
    ("+0", "0"),
    ("- 3", "-3"),
    ("+\n3", "3"),
    ("- 0x1", "-1"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    # words
    ("True", "true"),
    ("False", "false"),
    ("None", "null"),
    ("true", "true"),
    ("false", "false"),
    ("null", "null"),
    ("[True, False, None, true]", "[true, false, null, true]"),
    # lists, tuples, sets
    ("[]", "[]"),
    ("()", "[]"),
    ("(1,)", "[1]"),
    ("(1, 2)", "[1, 2]"),
    ("(1)", "[1]"),
    ("( 1 , 2 , )", "[ 1 , 2  ]"),
    ("[1, 'a',]", '[1, "a"]'),
    ("[(1, (2,)), []]", "[[1, [2]], []]"),
    ("{1}", "[1]"),
    ("{1, 2,}", "[1, 2]"),
    ("{ 'a' , 'b' }", '[ "a" , "b" ]'),
    ('{"a", "b"}', '["a", "b"]'),
    ("{True}", "[true]"),
    ("{ None , 0x1F}", "[ null , 31]"),
    ("{null}", "[null]"),
    ("{-1.5, 2}", "[-1.5, 2]"),
    ("{'\\'a' 'b'}", '["\'ab"]'),
    ("{(1, 2), (3,)}", "[[1, 2], [3]]"),
    ("{ ()}", "[ []]"),
    ("[{1}, {'a': {2}}]", '[[1], {"a": [2]}]'),
    # dicts
    ("{}", "{}"),
    ("{ }", "{ }"),
    ("{'a': 1}", '{"a": 1}'),
    ("{'a': 1, \"b\": {'c': ()},}", '{"a": 1, "b": {"c": []}}'),
    ("{1: 2}", '{"1": 2}'),
    ("{1: 'a', 2.5: 'b', -3 : 'c'}", '{"1": "a", "2.5": "b", "-3" : "c"}'),
    ("{0x1F: 0, 1_0: 1, .5: 2}", '{"31": 0, "10": 1, "0.5": 2}'),
    ("{True: 1, None: 2, true: 3}", '{"True": 1, "None": 2, "true": 3}'),
    ("{'a': 1, False: 2, 0: 3, r'\\': 4}".replace("r'\\'", "r'd'"), '{"a": 1, "False": 2, "0": 3, "d": 4}'),
    ("{\n  'a'\n:\n1\n,\n'b':2\n}", '{\n  "a"\n:\n1\n,\n"b":2\n}'),
    ("[\f1\f,\f'a'\f,\f{\f'b'\f:\f2\f}\f,\f]", '[1,"a",{"b":2}]'),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_literals(text: str, expected: str) -> None:
    result = check_cuts(PythonValue, text)
    assert result == Outcome(expected, len(text), True, "", "", "", [])
    json.loads(expected)
    check_prefixes(PythonValue, text)
    result = check_cuts(lenient, text)
    notes = [] if read(JsonValue, text)[:3] == (text, len(text), True) else ["python_literal"]
    assert result == Outcome(expected, len(text), True, "", "", "", notes)
    check_prefixes(lenient, text)


@pytest.mark.parametrize("text", [text for text, _ in LITERALS])
def test_quick_and_copies(text: str) -> None:
    for make in (PythonValue, lenient):
        check_quick(make, text)
        check_copies(make, text)


@pytest.mark.parametrize("text", VALID)
def test_json_is_python(text: str) -> None:
    """Lenient, JSON passes as JsonValue passes it; in Python only a `\\/` means something else."""
    assert check_cuts(lenient, text) == read(JsonValue, text)
    result = check_cuts(PythonValue, text)
    assert result.done
    assert result.notes == []
    assert result.emitted == text.replace("\\/", "\\\\/")
    check_quick(lenient, text)


@pytest.mark.parametrize(
    ("text", "expected", "python", "lenient_notes"),
    [
        ("'a\nb'", '"a\\nb"', ["control_character"], ["python_literal", "control_character"]),
        ('"a\tb"', '"a\\tb"', ["control_character"], ["control_character"]),
        ("'\x00'", '"\\u0000"', ["control_character"], ["python_literal", "control_character"]),
        ("'''\x00\n'''", '"\\u0000\\n"', [], ["python_literal"]),
        ("'\ud800'", '"\\ud800"', ["lone_surrogate"], ["python_literal", "lone_surrogate"]),
        ('"\ud83d\ude00"', '"\\ud83d\\ude00"', ["lone_surrogate"], ["lone_surrogate"]),
        ("07", "7", ["leading_zero"], ["leading_zero"]),
        ("-007.5", "-7.5", ["leading_zero"], ["leading_zero"]),
        ("00", "0", ["leading_zero"], ["leading_zero"]),
        ("00.5", "0.5", ["leading_zero"], ["leading_zero"]),
        ("[00e1]", "[0e1]", ["leading_zero"], ["leading_zero"]),
        ("0_0", "0", ["leading_zero"], ["python_literal", "leading_zero"]),
        ("{00: 1}", '{"0": 1}', ["leading_zero"], ["python_literal", "leading_zero"]),
    ],
)
def test_notes(text: str, expected: str, python: list[str], lenient_notes: list[str]) -> None:
    assert check_cuts(PythonValue, text) == Outcome(expected, len(text), True, "", "", "", python)
    assert check_cuts(lenient, text) == Outcome(expected, len(text), True, "", "", "", lenient_notes)
    check_prefixes(PythonValue, text)


@pytest.mark.parametrize(
    ("text", "python", "json_first", "noted"),
    [
        (r'"\/"', r'"\\/"', r'"\/"', False),
        (r'"\u0041\n\"\\"', r'"\u0041\n\"\\"', r'"\u0041\n\"\\"', False),
        (r'"\x41"', '"A"', '"A"', True),
        (r'"\'"', '"\'"', '"\'"', True),
        (r'"\d"', r'"\\d"', r'"\\d"', True),
        (r'"\0"', r'"\u0000"', r'"\u0000"', True),
        ('"a\\\nb"', '"ab"', '"ab"', True),
        (r'"\/" "\/"', r'"\\/\\/"', r'"\/\/"', True),
        (r"'\/'", r'"\\/"', r'"\\/"', True),
        (r'u"\/"', r'"\\/"', r'"\\/"', True),
        (r'"""\/"""', r'"\\/"', r'"\\/"', True),
    ],
)
def test_escapes_of_double_quoted_strings(text: str, python: str, json_first: str, noted: bool) -> None:
    assert check_cuts(PythonValue, text).emitted == python
    result = check_cuts(lenient, text)
    assert (result.emitted, result.notes) == (json_first, ["python_literal"] if noted else [])


FAULTS = [
    ("foo", 1, "unknown word"),
    ("city", 0, "expected a value"),
    ("nan", 1, "unknown word"),
    ("inf", 0, "expected a value"),
    ("-inf", 1, "expected a digit"),
    ("-True", 1, "expected a digit"),
    ("None1", 4, None),
    ("[None1]", 5, "expected ',' or ']'"),
    ("TRUE", 1, "unknown word"),
    ("1j", 1, "not a number"),
    ("1.5J", 3, "not a number"),
    ("0j", 1, "not a number"),
    ("5.j", 2, "not a number"),
    ("1__0", 2, "expected a digit"),
    ("1_", None, ""),
    ("1_,", 2, "expected a digit"),
    ("_1", 0, "expected a value"),
    ("1._5", 2, "not a number"),
    ("1e", None, ""),
    ("1e_5", 2, "expected a digit"),
    ("0x", None, ""),
    ("0x,", 2, "expected a digit"),
    ("0xg", 2, "expected a digit"),
    ("0x1g", 3, "not a number"),
    ("0x1_,", 4, "expected a digit"),
    ("0x__1", 3, "expected a digit"),
    ("0o8", 2, "expected a digit"),
    ("0b12", 3, "not a number"),
    ("00x1", 2, "not a number"),
    ("0__0", 2, "expected a digit"),
    (".", None, ""),
    (".a", 1, "expected a digit"),
    ("...", 1, "expected a digit"),
    ("+-1", 1, "expected a digit"),
    ("--1", 1, "expected a digit"),
    ("0x" + "1" * 65, 66, "number too long"),
    ("b'a'", 0, "expected a value"),
    ("rb'a'", 1, "unknown word"),
    ("ru'a'", 1, "unknown word"),
    ("tr'a'", 2, "unknown word"),
    ("r 'a'", 1, "unknown word"),
    ("'a' b'b'", 4, None),
    ("['a' b'b']", 5, "expected ',' or ']'"),
    ("'a' if x", 4, None),
    ("'a' for", 5, "unknown word"),
    ("'\\x4g'", 4, "bad escape"),
    ("'\\u12'", 5, "bad escape"),
    ("'\\U00110000'", 10, "bad escape"),
    ("f'{a}'", 3, "a brace in an f-string"),
    ("f'}'", 3, "a brace in an f-string"),
    ("fr'\\{a'", 5, "a brace in an f-string"),
    ("[1 2]", 3, "expected ',' or ']'"),
    ("(1 2)", 3, "expected ',' or ')'"),
    ("{1 2}", 3, "expected ':'"),
    ("{1, 2 3}", 6, "expected ',' or '}'"),
    ("{1: 2, 3}", 8, "expected ':'"),
    ("{1, 2: 3}", 5, "expected ',' or '}'"),
    ("{1: 2 3}", 6, "expected ',' or '}'"),
    ("{,}", 1, "expected a key or '}'"),
    ("[,]", 1, "expected a value or ']'"),
    ("(,)", 1, "expected a value or ')'"),
    ("[1,,2]", 3, "expected a value"),
    ("{1,,2}", 3, "expected a value"),
    ("{'a': 1,,}", 8, "expected a key"),
    ("{'a': }", 6, "expected a value"),
    ("{'a'; 1}", 4, "expected ':'"),
    ("{[1]}", 1, "expected a key or '}'"),
    ("{{1: 2}}", 1, "expected a key or '}'"),
    ("{(1, 2): 3}", 7, "expected ',' or '}'"),
    ("{'a': 1, (1, 2): 3}", 9, "expected a key"),
    ("(1]", 2, "expected ',' or ')'"),
    ("[1)", 2, "expected ',' or ']'"),
    ("{1]", 2, "expected ':'"),
    ("{1, 2]", 5, "expected ',' or '}'"),
    ("(1, ]", 4, "expected a value"),
    ("[1, )", 4, "expected a value"),
    ("{1, )", 4, "expected a value"),
    ("[1+2]", 2, "expected ',' or ']'"),
    ("[f(x)]", 2, "unknown word"),
    ("['a'.join()]", 4, "expected ',' or ']'"),
    ("[1 if x]", 3, "expected ',' or ']'"),
    ("[*x]", 1, "expected a value or ']'"),
    ("{**x}", 1, "expected a key or '}'"),
    ("# comment", 0, "expected a value"),
    ("[1, \\\n2]", 4, "expected a value"),
    ("\v1", 0, "expected a value"),
]


@pytest.mark.parametrize(("text", "position", "error"), FAULTS)
def test_faults(text: str, position: int | None, error: str | None) -> None:
    """`error` None: the value is complete, and the text goes on with something else."""
    for make in (PythonValue, lenient):
        result = check_cuts(make, text)
        assert result.consumed == (len(text) if position is None else position)
        assert (result.done, result.error) == (error is None, error or "")
        check_prefixes(make, text)
        check_copies(make, text)


@pytest.mark.parametrize(
    ("text", "consumed", "emitted"),
    [
        ("12, b=1", 2, "12"),
        ("12)", 2, "12"),
        ("12 ,", 2, "12"),
        ("0 ", 1, "0"),
        ("0,", 1, "0"),
        ("5.)", 2, "5.0"),
        ("0x1F]", 4, "31"),
        ("True)", 4, "true"),
        ("None,", 4, "null"),
        ("'a',", 3, '"a"'),
        ("'a' ,", 4, '"a"'),
        ("'a'\n)", 4, '"a"'),
        ('"""a""")', 7, '"a"'),
        ("'' )", 3, '""'),
        ("'a'\f)", 4, '"a"'),
        ("[1] ,", 3, "[1]"),
        ("(1,) ,", 4, "[1]"),
        ("{1} ,", 3, "[1]"),
        ("{} ,", 2, "{}"),
        (" \f\n 'a')", 7, '"a"'),
    ],
)
def test_a_value_ends_before_what_cannot_continue_it(text: str, consumed: int, emitted: str) -> None:
    result = check_cuts(PythonValue, text)
    assert result == Outcome(emitted, consumed, True, "", "", "", [])


def test_end() -> None:
    for text in ("'a'", "'a' ", "''", '"""a"""', "12", "0", "5.", "0x1F", "007", "1_0"):
        assert not read(PythonValue, text, end=False).done
        assert read(PythonValue, text).done
    for text in (
        "",
        "'a",
        "'a' r",
        "'''a''",
        "'''",
        "['a'",
        "{1",
        "{'a'",
        "-",
        "+",
        ".",
        "1_",
        "1e",
        "0x",
        "0_",
        "Tru",
        "'\\1",
    ):
        assert read(PythonValue, text) == read(PythonValue, text, end=False)
        assert not read(PythonValue, text).done


@pytest.mark.parametrize(
    ("text", "emitted", "held", "suffix"),
    [
        ("'", '"', "", '"'),
        ("''", '"', "'", '"'),
        ("'''", '"', "", '"'),
        ("'''a''", '"a', "''", '"'),
        ("'a'", '"a', "'", '"'),
        ("'a' ", '"a', "' ", '"'),
        ("'a' r", '"a', "' r", '"'),
        ("'a' r'b", '"ab', "", '"'),
        ("'\\", '"', "\\", '"'),
        ("'\\x4", '"', "\\x4", '"'),
        ("'\\12", '"', "\\12", '"'),
        ("f'{", '"', "{", '"'),
        ("r", "", "r", "null"),
        ("T", "", "T", "null"),
        ("{", "", "{", "null"),
        ("{'a", "", "{'a", "null"),
        ("{'a' ", "", "{'a' ", "null"),
        ("{'a':", '{"a":', "", "null}"),
        ("{1", "", "{1", "null"),
        ("{1:", '{"1":', "", "null}"),
        ("{1,", "[1", ",", "]"),
        ("{(", "[[", "", "]]"),
        ("[{'a", "[", "{'a", "null]"),
        ("[1, {'a", "[1, ", "{'a", "null]"),
        ("{'a': {'b", '{"a": ', "{'b", "null}"),
        ("{'a': 1, 'b'", '{"a": 1, "b', "'", '": null}'),
        ("{'a': 1, 2", '{"a": 1, "2', "", '": null}'),
        ("{'a': 1, -", '{"a": 1, "-', "", '0": null}'),
        ("{'a': 1, 0", '{"a": 1, "', "0", '0": null}'),
        ("{'a': 1, Tr", '{"a": 1, ', "Tr", '"": null}'),
        ("0", "", "0", "null"),
        ("-0", "-", "0", "0"),
        ("+", "", "+", "null"),
        ("[.", "[", ".", "null]"),
        ("[-0x", "[-", "0x", "0]"),
        ("5.", "5.", "", "0"),
        ("1_", "1", "", ""),
        ("(1, ", "[1", ", ", "]"),
    ],
)
def test_held_and_suffix(text: str, emitted: str, held: str, suffix: str) -> None:
    result = read(PythonValue, text, end=False)
    assert (result.emitted, result.held, result.suffix) == (emitted, held, suffix)


def test_quick_knows_the_kind_of_string() -> None:
    for opening, passes, stops in [
        ("'", "a{}", "a'"),
        ("'", "a{}", 'a"'),
        ('"', "a'{}", 'a"'),
        ("f'", "a", "a{"),
        ('f"', "a'", "a}"),
        ("'''", "a", "'"),
        ("r'", "a{", "\\"),
        ("[u'a' '", "b", "\n"),
        ("{'a': '", "b", "\ud800"),
    ]:
        machine = PythonValue()
        machine.feed(opening, 0, [])
        machine.feed("x", 0, [])
        search = machine.quick()
        assert search is not None
        assert search(passes) is None
        assert search(stops) is not None
    for text in ("", "'", "'a'", "'a\\", "{'a", "[", "1", "'a' '", "f'a{", "'a''x'\\", "Tru", "'a\\x"):
        machine = PythonValue()
        machine.feed(text, 0, [])
        assert machine.quick() is None


def test_a_brace_is_a_dict_when_its_first_key_is_long() -> None:
    """The first key or item is held for 1,000 characters, all included; then it is no set."""
    for quote in "'\"":
        for size in (990, 997, 998, 999, 5000):
            first = "{" + quote + "x" * (size - 2) + quote
            held = size < 1000
            for make in (PythonValue, lenient):
                for machine in (read(make, first, end=False), read(make, *first, end=False)):
                    assert machine.emitted == ("" if held else '{"' + "x" * (size - 2))
                    assert machine.held == (first if held else quote)
                    assert machine.suffix == ("null" if held else '": null}')
                dict_text = first + ": 1}"
                assert check_long(make, dict_text).emitted == '{"' + "x" * (size - 2) + '": 1}'
                result = check_long(make, first + ", 1}")
                if held:
                    assert result.emitted == '["' + "x" * (size - 2) + '", 1]'
                else:
                    assert (result.error, result.consumed) == ("expected ':'", len(first))
    for space in (" " * 100, " " * 990, " " * 3000):
        for text, expected in [
            ("{" + space + "1: 2}", "{" + space + '"1": 2}'),
            ("{" + space + "True: 2}", "{" + space + '"True": 2}'),
            ("{1" + space + ": 2}", '{"1"' + space + ": 2}"),
            ("{" + space + "}", "{" + space + "}"),
            ("{1" + space.replace(" ", "0") + ": 2}", '{"1' + space.replace(" ", "0") + '": 2}'),
        ]:
            assert check_long(PythonValue, text).emitted == expected
        for text in ("{" + space + "1, 2}", "{" + space + "(1,)}", "{None" + space + "}"):
            assert check_long(PythonValue, text).done == (len(space) < 1000)


def check_long(make: Callable[[], JsonValue], text: str) -> Outcome:
    """The outcome of a text too long for every cut: whole, by the character, and cut at some places and round 1,000."""
    whole = read(make, text)
    places = {*range(0, len(text), max(1, len(text) // 20)), *range(995, 1005), *range(1020, 1035)}
    machine = make()
    out: list[str] = []
    for i, char in enumerate(text):
        if i in places:
            assert outcome(machine, out, i) == read(make, text[:i], end=False)
            assert read(make, text[:i], text[i:]) == whole
        if not machine.feed(char, 0, out) or machine.done:
            break
    assert read(make, *text) == whole
    return whole


def test_long_whitespace_is_not_held_for_ever() -> None:
    for space in (1000, 1023, 1024, 1025, 1026, 5000):
        spaces = " " * space
        result = check_long(PythonValue, "'a'" + spaces + ",")
        assert (result.emitted, result.consumed) == ('"a"', 3 + min(space, 1025))
        result = check_long(PythonValue, "['a'" + spaces + "'b']")
        assert result.done == (space <= 1024)
        assert check_long(PythonValue, "['a'" + spaces + "]").emitted == '["a"' + spaces + "]"
        assert check_long(lenient, '["a",' + spaces + '"b"]').emitted == '["a",' + spaces + '"b"]'
        result = check_long(PythonValue, "[1," + spaces + "]")
        assert result.done == (space < 1024)
        check_long(PythonValue, "[1," + spaces + "\f\f" + spaces + "]")
        check_long(PythonValue, "['a'" + spaces + "\f\f" + spaces + "'b']")
        check_long(PythonValue, "'a'" + spaces + "\f\f" + spaces + ",")
        check_long(PythonValue, "{'a'" + spaces + "\f\f" + spaces + ":1}")


def test_digits() -> None:
    def short() -> PythonValue:
        return PythonValue(digits=5)

    for text in ("12345", "-1234", "1_234", "0x123", "00012", "[12345]", "{12345: 1}"):
        assert check_cuts(short, text).done
    for text in ("123456", "1_2345", "0x1234", "000012", "1.2345", "[123456]", "{123456: 1}"):
        result = check_cuts(short, text)
        assert (result.error, result.consumed) == ("number too long", 6 if text[0] in "[{" else 5)
    assert read(PythonValue, "[" + "9" * 4000 + "]").done
    assert read(PythonValue, "[" + "9" * 4001 + "]").error == "number too long"
    assert read(PythonValue, "[" + "0" * 4001 + "]").error == "number too long"


@pytest.mark.parametrize(
    "text",
    [
        lambda n: "{'a': 'b', " + "'c': 'd', " * n,
        lambda n: "'" + "\\'" * n,
        lambda n: "'" + '"' * n,
        lambda n: "'''" + "''\n" * n,
        lambda n: "'" + "\\x41" * n,
        lambda n: "r'" + "\\" * n,
        lambda n: "f'" + "{{" * n,
        lambda n: "'a'" * n,
        lambda n: "'a' " * n,
        lambda n: "'a'" + " " * n,
        lambda n: "{" * n,
        lambda n: "{1: " * n,
        lambda n: "{(" * n,
        lambda n: "[{1}, " + "{2}," * n,
        lambda n: "(" * n,
        lambda n: "{" + "'" + "k" * n,
        lambda n: "[" + "{'" + "k" * 900 + "':1}," * (n // 300) + "{'" + "k" * 900 + "'},",
        lambda n: "[" + "0x1F, " * n,
        lambda n: "[" + "1_0, " * n,
        lambda n: "[" + "0" * n,
        lambda n: "[1,\f" + " \f" * n,
        lambda n: "- " + " " * n,
    ],
)
@pytest.mark.parametrize("make", [PythonValue, lenient])
def test_work_is_linear(make: Callable[[], JsonValue], text: Callable[[int], str]) -> None:
    check_linear(make, text, 3000)


# Any literal, any text

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
literals = st.recursive(
    scalars | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.sets(st.integers() | st.text(), min_size=1, max_size=4)
    ),
    max_leaves=15,
)


def as_json(value: Any) -> Any:
    """What JSON can say of a Python value. Neighbouring surrogates are one character there."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, dict):
        return {as_json(key if isinstance(key, str) else str(key)): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [as_json(item) for item in value]
    return value


@given(literals, st.integers())
def test_any_repr(value: object, seed: int) -> None:
    text = repr(value)
    for make in (PythonValue, lenient):
        result = read(make, *pieces(text, seed))
        assert result == read(make, text)
        assert result.done
        assert result.consumed == len(text)
        found, expected = json.loads(result.emitted), as_json(value)
        assert found == expected
        assert repr(found) == repr(expected)


_WORDS = ["a", "x", " ", "\n", "'", '"', "'''", '"""', "\\", "\\n", "\\'", "\\x4", "1", "0", "7", "\\101"]
_WORDS += ["{", "\\u00e9", "}", "{{", "r", "f", "u", "rf", "é", "\t", "/", "\\U0001f600", "\r", ""]
string_noise = st.builds(
    lambda prefix, quote, body, closing: prefix + quote + "".join(body) + closing,
    st.sampled_from(["", "", "r", "u", "f", "fr", "Rf"]),
    st.sampled_from(["'", '"', "'''", '"""']),
    st.lists(st.sampled_from(_WORDS), max_size=12),
    st.sampled_from(["'", '"', "'''", '"""']),
)
_NOISE = ["[", "]", "{", "}", "(", ")", ",", ",", ":", ":", " ", "\n", "'a'", '"b"', "'", '"', "\\", "1", "0"]
_NOISE += [
    "-",
    "+",
    ".",
    "_",
    "e",
    "x",
    "0x1F",
    "1_0",
    "True",
    "None",
    "Tru",
    "r'",
    "f",
    "'k': ",
    "2, ",
    ".5",
    "\f",
    "j",
]
_NOISE += ['{"a": 1, "b": "c"}']
literal_noise = st.lists(st.sampled_from(_NOISE), max_size=20).map("".join)


def python_reads(text: str) -> tuple[bool, Any]:
    """What Python makes of a literal, if it is one that JSON can say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(f"(\n{text}\n)", mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False, None
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and any(not isinstance(part, ast.Constant) for part in node.values):
                return False, None
            if isinstance(node, ast.Constant) and isinstance(node.value, (bytes, complex, type(...))):
                return False, None
        try:
            return True, ast.literal_eval(_Joined().visit(tree).body)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return False, None


class _Joined(ast.NodeTransformer):
    """An f-string without braces is a string."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        return ast.copy_location(ast.Constant(text), node)


@given(string_noise, st.integers())
def test_any_string(text: str, seed: int) -> None:
    for make in (PythonValue, lenient):
        result = read(make, *pieces(text, seed))
        assert result == read(make, text)
        json.loads(result.emitted + result.suffix)
    known, value = python_reads(text)
    if known and isinstance(value, str) and "\r" not in text:
        result = read(PythonValue, text)
        assert result.done
        assert not text[result.consumed :].strip()
        assert json.loads(result.emitted) == as_json(value)


@given(literal_noise, st.integers())
def test_any_text(text: str, seed: int) -> None:
    for make in (PythonValue, lenient):
        result = read(make, *pieces(text, seed))
        assert result == read(make, text) == read(make, *text)
        json.loads(result.emitted + result.suffix)


@given(literals, st.data())
def test_damaged_literals(value: object, data: st.DataObject) -> None:
    text = repr(value)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(["", *_NOISE])) + text[start + data.draw(st.integers(0, 2)) :]
    for make in (PythonValue, lenient):
        result = read(make, *pieces(text, data.draw(st.integers())))
        assert result == read(make, text)
        json.loads(result.emitted + result.suffix)
        if read(JsonValue, text).done and make is lenient and read(JsonValue, text).consumed == len(text):
            assert result == read(JsonValue, text)
