"""Python calls: what `repair` reads besides (formats.md, rule P7), and the codec on its own (P1, P6, P8).

The properties of machines that read one value are those of test_json_value; those of the codec stand here. What each
format makes of calls is told by the examples in its grammar.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from test_json_value import (
    VALID,
    Outcome,
    check_copies,
    check_cuts,
    check_linear,
    check_prefixes,
    check_quick,
    pieces,
    read,
)
from test_python_value import LITERALS, as_json, check_long, lenient, literals
from toolfeed.codecs.json_value import HOLD, JsonValue
from toolfeed.codecs.python_calls import PythonCalls
from toolfeed.codecs.python_value import PythonValue
from toolfeed.codecs.signals import DONE, ELEMENT, END, FAULT, MORE, START
from toolfeed.tools import Tool


def repaired() -> PythonValue:
    return PythonValue(repair=True)


def lenient_repaired() -> PythonValue:
    return PythonValue(python=False, repair=True)


BOTH: list[Callable[[], PythonValue]] = [repaired, lenient_repaired]


# A busy computer is no fault of the text's.
steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Of LITERALS, those whose strings stand side by side: the rule takes what is between them for data.
NEIGHBOURS = frozenset(
    (
        "'' ''",
        "'a' 'b'",
        "u'a' U'b'",
        "f'a' F\"b\"",
        "'a'\"b\"'''c'''",
        "'a'\n\t r'\\d'\f\"'\"",
        r"fr'{{\n' Rf'\}}' rF'' FR''",
        "['a' 'b', \"c\" 'd' ]",
        "{'a' 'b': 'c' \"d\"}",
        "{'\\'a' 'b'}",
    )
)


def check_value(text: str) -> Outcome:
    """What comes of a text, in Python; the properties hold for it, lenient or not."""
    for make in BOTH:
        check_prefixes(make, text)
        check_copies(make, text)
        check_quick(make, text)
        check_cuts(make, text)
    return read(repaired, text)


# -- quotes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'sed -n '1,5p' f'", "sed -n '1,5p' f"),
        ('"sed -n "1,5p" f"', 'sed -n "1,5p" f'),
        ("'it's'", "it's"),
        ("'it's \"so\"'", 'it\'s "so"'),
        ("''", ""),
        ("''a''", "'a'"),
        ("'a''", "a'"),
        ("'a' 'b'", "a' 'b"),
        ("'a'\n'b'", "a'\n'b"),
        ("'a' \f\t 'b'", "a' \f\t 'b"),
        ("'a' r'b'", "a' r'b"),
        ("'' 'a'", "' 'a"),
        ("'\\'' '\\n'", "'' '\n"),
        ("'a\\'b'c'", "a'b'c"),
        ("r'\\d'\\w'", "\\d'\\w"),
        ("u'a'b'", "a'b"),
        ("f'{{a'b}}'", "{a'b}"),
        ("'a'\\x41'", "a'A"),
        ("'\ud83d'a'", "\ud83d'a"),
    ],
)
def test_a_quote_that_closes_nothing_is_data(text: str, value: str) -> None:
    result = check_value(text)
    assert json.loads(result.emitted) == value
    assert (result.done, result.consumed, result.held) == (True, len(text), "")
    assert ("unescaped_quote" in result.notes) == (text != "''")
    for around, expected in [
        ("[{}]", [value]),
        ("({} , 1)", [value, 1]),
        ("{{'k': {}}}", {"k": value}),
        ("{{'k': {}\n, 'l': 'm'n'}}", {"k": value, "l": "m'n"}),
        ("{{{}: 1}}", {value: 1}),
        ("{{{}\t}}", [value]),
    ]:
        whole = around.format(text)
        result = check_value(whole)
        assert json.loads(result.emitted) == expected
        assert (result.done, result.consumed) == (True, len(whole))


@pytest.mark.parametrize("char", ",)]}:")
def test_what_closes_a_string_is_not_read_again(char: str) -> None:
    """The rule is blind to what stands around: also a character that cannot be right closes."""
    for space in ("", " ", "\n\t\r\f "):
        result = check_value("'a'" + space + char + "'b'")
        assert result == Outcome('"a"', 3 + len(space), True, "", "", "", [])
    assert check_value("['a', 'b' : 'c']").error == "expected ',' or ']'"
    assert check_value("'d['x'] = 1'").emitted == '"d[\'x"'


def test_three_quotes_are_as_ever() -> None:
    for text, expected in [
        ("'''a'b'''", '"a\'b"'),
        ("'''a''' 'b'", '"ab"'),
        ("'''a''' r'b'c'", '"ab\'c"'),
        ('"""a"""', '"a"'),
        ("''''''", '""'),
    ]:
        result = check_value(text)
        assert (result.emitted, result.done) == (expected, True)


@pytest.mark.parametrize(
    ("text", "held", "suffix"),
    [
        ("'a'", "'", '"'),
        ("'a' \f\n", "' \f\n", '"'),
        ("''", "'", '"'),
        ("{1: 'a' ", "' ", '"}'),
        ("{1: 2, 'a' ", "' ", '": null}'),
        ("{'a' ", "{'a' ", "null"),
        ("'a' b", "", '"'),
    ],
)
def test_a_quote_waits_for_what_is_behind_it(text: str, held: str, suffix: str) -> None:
    result = read(repaired, text, end=False)
    assert (result.held, result.suffix, result.done) == (held, suffix, False)


# -- bare words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Paris", "Paris"),
        ("New York", "New York"),
        ("_x", "_x"),
        ("t", "t"),
        ("Tru", "Tru"),
        ("nullable", "nullable"),
        ("Truest", "Truest"),
        ("TRUE", "TRUE"),
        ("None of it", "None of it"),
        ("true'", "true'"),
        ("r", "r"),
        ("rx'a'", "rx'a'"),
        ("ru'a'", "ru'a'"),
        ("r 'a'", "r 'a'"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("x=1", "x=1"),
        ("http://example.org/?q", "http://example.org/?q"),
        ("at 10:30", "at 10:30"),
        ('say "hi" \\ there', 'say "hi" \\ there'),
        ("東京", "東京"),
        ("Ünder\xa0way", "Ünder\xa0way"),
        ("a\n  b\fc", "a\n  b\fc"),
        ("a\x00\ud800", "a\x00\ud800"),
        ("x + 1", "x + 1"),
    ],
)
def test_bare_words_are_strings(text: str, value: str) -> None:
    result = check_value(text)
    assert json.loads(result.emitted) == value
    assert (result.done, result.consumed, result.held) == (True, len(text), "")
    assert result.notes[0] == "bare_word"
    for around, expected in [
        ("[{}]", [value]),
        ("( {} \n, 1)", [value, 1]),
        ("{{'k': {}}}", {"k": value}),
        ("{{'k': {} , 'l': {} }}", {"k": value, "l": value}),
        ("{{1, {}}}", [1, value]),
    ]:
        whole = around.format(text, text)
        result = check_value(whole)
        assert json.loads(result.emitted) == expected
        assert (result.done, result.consumed) == (True, len(whole))
    for end in ",)]}":
        for space in ("", " \n\f"):
            assert check_value(text + space + end).consumed == len(text + space)


@pytest.mark.parametrize(
    ("text", "emitted", "notes"),
    [
        ("[True , true\n,None\f, r'x', f\"y\", U'z']", '[true , true\n,null, "x", "y", "z"]', []),
        ("[ Paris\f , New  York\n]", '[ "Paris" , "New  York"\n]', ["bare_word"]),
        ("{True: a, null: b}", '{"True": "a", "null": "b"}', ["bare_word"]),
        ("{'a' , b}", '["a" , "b"]', ["bare_word"]),
        ("[a\tb, 'c'd']", '["a\\tb", "c\'d"]', ["bare_word", "control_character", "unescaped_quote"]),
    ],
)
def test_what_is_and_is_not_a_bare_word(text: str, emitted: str, notes: list[str]) -> None:
    assert check_value(text) == Outcome(emitted, len(text), True, "", "", "", notes)


@pytest.mark.parametrize(
    ("text", "consumed", "held", "error"),
    [
        ("f(x)", 1, "f", "a call or an expression is no value"),
        ("None(1)", 4, "None", "a call or an expression is no value"),
        ("True (1)", 5, "True ", "a call or an expression is no value"),
        ("len(x)", 3, "", "a call or an expression is no value"),
        ("a b (", 4, " ", "a call or an expression is no value"),
        ("b'x'", 1, "b", "unknown word"),
        ("[Rb'x']", 3, "Rb", "unknown word"),
        ("{x: 1}", 1, "{", "expected a key or '}'"),
        ("{1: 2, x: 1}", 7, ", ", "expected a key"),
        ("{x}", 1, "{", "expected a key or '}'"),
        ("[arr[0]]", 7, "", None),
        ("[a}", 2, "", "expected ',' or ']'"),
        ("2 pm", 1, "", None),
        ("[2 pm]", 3, "", "expected ',' or ']'"),
        ("[-x]", 2, "", "expected a digit"),
        ("$x", 0, "", "expected a value"),
    ],
)
def test_what_is_no_bare_word(text: str, consumed: int, held: str, error: str | None) -> None:
    result = check_value(text)
    assert (result.consumed, result.held, result.error) == (consumed, held, error or "")
    assert result.done == (error is None)


@pytest.mark.parametrize(
    ("text", "held", "suffix"),
    [
        ("P", "", '"'),
        ("T", "T", "null"),
        ("Tru", "Tru", "null"),
        ("True", "True", "null"),
        ("True \n", "True \n", "null"),
        ("True x", "", '"'),
        ("Trux", "", '"'),
        ("fr", "fr", "null"),
        ("frx", "", '"'),
        ("New ", " ", '"'),
        ("New Y", "", '"'),
        ("[1, No", "No", "null]"),
        ("[1, New ", " ", '"]'),
        ("{1: n", "n", "null}"),
        ("{'a': no", "", '"}'),
    ],
)
def test_bare_words_stream(text: str, held: str, suffix: str) -> None:
    result = read(repaired, text, end=False)
    assert (result.held, result.suffix, result.done) == (held, suffix, False)
    machine = repaired()
    machine.feed(text, 0, [])
    assert not machine.in_string
    assert machine.quick() is None


# -- both --------------------------------------------------------------------------------------------------------------


def test_long_whitespace_decides_at_the_same_character() -> None:
    for space in (1000, HOLD - 1, HOLD, HOLD + 1, HOLD + 2, 3 * HOLD):
        blank = " " * space
        for make in BOTH:
            # A quote: data if too much follows.
            closes = space <= HOLD
            result = check_long(make, "['a'" + blank + ", 'b']")
            assert result.done
            assert json.loads(result.emitted) == (["a", "b"] if closes else ["a'" + blank + ", 'b"])
            result = check_long(make, "'a'" + blank + ",")
            assert (result.done, result.emitted) == (closes, '"a"' if closes else "\"a'" + blank + ",")
            assert check_long(make, '{"a"' + blank + ": 1}").done == closes
            assert check_long(make, '[12, "a long item"' + blank + ', "b"]').done
            # A bare word: data for each HOLD characters that are not the last.
            result = check_long(make, "[a" + blank + ", b]")
            inner = " " * ((space - 1) // HOLD * HOLD)
            assert json.loads(result.emitted) == ["a" + inner, "b"]
            assert json.loads(check_long(make, "[a" + blank + "b]").emitted) == ["a" + blank + "b"]
            # A keyword: what it seems to be.
            assert json.loads(check_long(make, "[None" + blank + ", 1]").emitted) == [None, 1]
            result = check_long(make, "[None" + blank + "x]")
            assert result.done == (space <= HOLD)
        check_long(repaired, "['a'" + blank + "\f\f" + blank + "]")
        check_long(repaired, "[a" + blank + "\f\f" + blank + "]")
        check_long(repaired, "[None" + blank + "\f\f" + blank + "]")
        check_long(repaired, "{'a'" + blank + "\f" + blank + ":1}")


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_nothing_else_changes(text: str, expected: str) -> None:
    """Literals are read as without `repair`, but for neighbouring strings."""
    if text in NEIGHBOURS:
        assert "unescaped_quote" in check_value(text).notes
        return
    for make, plain in zip(BOTH, (PythonValue, lenient), strict=True):
        assert check_cuts(make, text) == read(plain, text)
        assert check_cuts(make, text).emitted == expected
        check_prefixes(make, text)


@pytest.mark.parametrize("text", VALID)
def test_json_stays_as_written(text: str) -> None:
    assert check_cuts(lenient_repaired, text) == read(JsonValue, text)


@steady
@given(literals, st.integers())
def test_any_repr(value: object, seed: int) -> None:
    text = repr(value)
    for make, plain in zip(BOTH, (PythonValue, lenient), strict=True):
        result = read(make, *pieces(text, seed))
        assert result == read(plain, text)
        assert json.loads(result.emitted) == as_json(value)


# Too many for the repair to be right, few enough to meet often.
_STRING_PARTS = ["'", "'", '"', "a", "b c", " ", "\n", "\f", ",", ")", "]", "}", ":", "(", "{", "é", "\\'", "\\\\"]


@steady
@given(st.lists(st.sampled_from(_STRING_PARTS), max_size=15).map("".join), st.integers())
def test_any_string_in_quotes(body: str, seed: int) -> None:
    """The rule, as a pattern."""
    text = f"'{body}']"
    if text.startswith("'''"):
        return
    found = re.match(r"'((?:[^'\\]|\\.|'(?!\s*[,)\]}:]))*)'\s*(?=[,)\]}:])", text, re.DOTALL)
    assert found is not None
    value = re.sub(r"\\(.)", r"\1", found[1])
    for result in (read(repaired, *pieces(text, seed)), read(repaired, text)):
        assert json.loads(result.emitted) == value
        assert (result.done, result.consumed) == (True, found.end())


@steady
@given(st.lists(st.sampled_from(_STRING_PARTS), max_size=15).map("".join), st.integers())
def test_any_bare_word(body: str, seed: int) -> None:
    text = f"x{body}]"
    found = re.match(r"([^,)\]}(]*?)\s*(?=[,)\]}(])", text)
    assert found is not None
    for result in (read(repaired, *pieces(text, seed)), read(repaired, text)):
        if text[found.end()] == "(":
            assert result.error
            assert result.consumed == found.end()
        else:
            assert json.loads(result.emitted) == found[1]
            assert (result.done, result.consumed) == (True, found.end())


_NOISE = ["[", "]", "{", "}", "(", ")", ",", ",", ":", ":", " ", "\n", "\f", "'a'", '"b"', "'", '"', "'''", "\\", "1"]
_NOISE += ["x", "Paris", "New York", "True", "None", "Tru", "n", "r'", "f", "b'", "'k': ", "'it's'", "0x1F", ".5", "é"]
_NOISE += ['{"a": 1, "b": "c"}', '["long enough for bulk", "x", true, null]']
noise = st.lists(st.sampled_from(_NOISE), max_size=20).map("".join)


@steady
@given(noise, st.integers())
def test_any_text(text: str, seed: int) -> None:
    for make in BOTH:
        result = read(make, *pieces(text, seed))
        assert result == read(make, text) == read(make, *text)
        json.loads(result.emitted + result.suffix)


@pytest.mark.parametrize(
    "text",
    [
        lambda n: "'" + "''" * n,
        lambda n: "'" + "' " * n,
        lambda n: "'" + "'\n" * n,
        lambda n: "'a'" + " " * n,
        lambda n: "['a'," + "'a'b', " * n,
        lambda n: "{" + "'a' " * n,
        lambda n: "a" * n,
        lambda n: "a " * n,
        lambda n: "a" + " " * n,
        lambda n: "a" + "\\" * n,
        lambda n: "[" + "a," * n,
        lambda n: "[" + "True ," * n,
        lambda n: "[" + "True x," * n,
        lambda n: "None" + " " * n,
    ],
)
@pytest.mark.parametrize("make", BOTH)
def test_work_is_linear(make: Callable[[], JsonValue], text: Callable[[int], str]) -> None:
    check_linear(make, text, 3000)


def test_a_comma_in_long_whitespace_counts_as_emitted_at_the_same_character() -> None:
    """Not only with `repair`: a comma waits for HOLD characters, its own included, and is wrong if a closer follows."""

    def commas() -> JsonValue:
        return JsonValue(trailing_comma=True)

    for make in (commas, PythonValue, lenient, repaired):
        for space in (HOLD - 2, HOLD - 1, HOLD, HOLD + 1, 3 * HOLD):
            for opener, closer in (("[1", "]"), ('{"a": 1', "}"), ('[{"a": [1]', "}]")):
                text = opener + "," + " " * space + closer
                result = check_long(make, text)
                accepted = space < HOLD
                assert bool(result.error) != accepted
                assert result.emitted == (text.replace(",", "") if accepted else text.rstrip("]}"))
                for size in (7, 1000, HOLD, HOLD + 1):
                    assert read(make, *(text[i : i + size] for i in range(0, len(text), size))) == result


# -- the codec ---------------------------------------------------------------------------------------------------------


class Calls(NamedTuple):
    """What a codec told: signals with their positions, and the arguments between them."""

    told: list[tuple[Any, ...]]
    consumed: int
    held: str
    suffix: str
    complete: bool
    notes: list[str]


TOOLS = {
    "f": Tool("f", {"type": "object", "properties": {"s": {"type": "string"}, "u": {"type": ["string", "integer"]}}}),
    "g": Tool(
        "g",
        {
            "type": "object",
            "properties": {
                "i": {"type": "integer"},
                "n": {"type": "number"},
                "b": {"type": "boolean"},
                "o": {"type": "object"},
                "a": {"type": "array"},
                "z": {"type": "null"},
            },
        },
    ),
}


class Reader:
    """Drives a codec as the parser does."""

    def __init__(self, codec: PythonCalls) -> None:
        self.codec = codec
        self.told: list[tuple[Any, ...]] = []
        self.base = 0
        self.over = False

    def copy(self) -> Reader:
        twin = Reader(self.codec.copy())
        twin.told = list(self.told)
        twin.base = self.base
        twin.over = self.over
        return twin

    def feed(self, text: str, direct: bool = False) -> None:
        if self.over:
            return
        codec = self.codec
        pos = 0
        machine = codec.direct() if direct else None
        if machine is not None:
            out: list[str] = []
            pos = machine.feed(text, pos, out)
            self._arguments(out)
        while True:
            out = []
            pos = codec.feed(text, pos, out)
            self._arguments(out)
            signal = codec.signal
            at = self.base + pos
            if signal == ELEMENT:
                self.told.append(("element", at))
            elif signal == START:
                self.told.append(("start", codec.name, at))
                codec.tool = TOOLS.get(codec.name)
            elif signal == END:
                self.told.append(("end", tuple(codec.notes), at))
            elif signal == MORE:
                assert pos == len(text)
                break
            else:
                assert signal in (DONE, FAULT)
                self.told.append(("done", at) if signal == DONE else ("fault", codec.error, tuple(codec.notes), at))
                self.over = True
                break
        self.base += pos

    def _arguments(self, out: list[str]) -> None:
        assert "" not in out
        if out:
            if self.told and self.told[-1][0] == "arguments":
                out.insert(0, self.told.pop()[1])
            self.told.append(("arguments", "".join(out)))

    @property
    def result(self) -> Calls:
        codec = self.codec
        assert len(codec.held) <= 70000
        return Calls(list(self.told), self.base, codec.held, codec.closing_suffix(), codec.complete, list(codec.notes))

    def check(self) -> None:
        """The arguments of the last call are JSON, with the suffix while it is open."""
        written = ""
        started = 0
        ended = 0
        for kind, *what in self.told:
            if kind == "start":
                started += 1
                written = ""
            elif kind == "arguments":
                assert started == ended + 1
                written += what[0]
            elif kind == "end":
                ended += 1
                assert isinstance(json.loads(written), dict)
        if started > ended:
            assert isinstance(json.loads(written + self.codec.closing_suffix()), dict)
        else:
            assert not self.codec.closing_suffix()


def calls(*texts: str, direct: bool = False, **options: Any) -> Calls:
    reader = Reader(PythonCalls(**options))
    for text in texts:
        reader.feed(text, direct)
    return reader.result


def check_calls(text: str, **options: Any) -> Calls:
    """The outcome of a text, the same for every cut, and for copies on the way."""
    whole = calls(text, **options)
    assert calls(*text, **options) == whole
    assert calls(*text, direct=True, **options) == whole
    reader = Reader(PythonCalls(**options))
    for i, char in enumerate([*text, ""]):
        assert reader.result == calls(text[:i], **options)
        reader.check()
        twin = reader.copy()
        other = reader.copy()
        other.feed("x'\"), [1(]=")
        twin.feed(text[i:])
        assert twin.result == whole, i
        assert calls(text[:i], text[i:], direct=True, **options) == whole, i
        reader.feed(char)
    return whole


def told(text: str, **options: Any) -> list[Any]:
    """Names, arguments and notes of the calls, and what else was told."""
    found: list[Any] = []
    for step in check_calls(text, **options).told:
        if step[0] == "start":
            found.append([step[1], ""])
        elif step[0] == "arguments":
            found[-1][1] += step[1]
        elif step[0] == "end":
            found[-1] += list(step[1])
        elif step[0] == "fault":
            found.append(step[1:])
    return found


def test_signals_come_in_order() -> None:
    result = check_calls("[f(a=1), g()] x")
    assert result.told == [
        ("element", 1),
        ("start", "f", 3),
        ("arguments", '{"a": 1}'),
        ("end", (), 7),
        ("element", 9),
        ("start", "g", 11),
        ("arguments", "{}"),
        ("end", (), 12),
        ("done", 13),
    ]
    assert result.complete
    result = check_calls("f(a=1)\ng()\n</x>")
    assert result.told == [
        ("element", 0),
        ("start", "f", 2),
        ("arguments", '{"a": 1}'),
        ("end", (), 6),
        ("element", 7),
        ("start", "g", 9),
        ("arguments", "{}"),
        ("end", (), 10),
        ("done", 11),
    ]


def test_a_bare_call_starts_when_it_is_certain() -> None:
    known = {"bare": True, "declared": frozenset(("f",))}
    assert check_calls("[f(", **known).told == [("element", 1), ("start", "f", 3), ("arguments", "{")]
    assert check_calls("[f(a", bare=True).told == [("element", 1)]
    assert check_calls("[f(a=", bare=True).told == [("element", 1), ("start", "f", 5), ("arguments", '{"a": ')]
    assert check_calls("[f( )", bare=True).told == [
        ("element", 1),
        ("start", "f", 4),
        ("arguments", "{}"),
        ("end", (), 5),
    ]
    for text in ("[f(1)", "[f('a')", "[f(*a)", "[f(a)", "[f(a, b=1)"):
        assert [step[0] for step in check_calls(text, bare=True).told] == ["element", "fault"]
        assert [step[0] for step in check_calls(text).told] == ["element", "start", "arguments", "fault"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ("[f(),]", [["f", "{}"]]),
        ("[ f( )", [["f", "{}"]]),
        ("f(a=1) g()", [["f", '{"a": 1}'], ["g", "{}"]]),
        ("f(), g(),h()", [["f", "{}"], ["g", "{}"], ["h", "{}"]]),
        ("\n[\n f(\n a\n=\n1\n,\n)\n,\n]", [["f", '{"a": 1}']]),
        ("a.b_1.c-d(é=1, from=2, class=3, None=4, _=5)", None),
        ("f(a='x', a='y', b=1, a={2: [3]}, a=True)", [["f", '{"a": "x", "b": 1}', "duplicate_key"]]),
        ("f(a='\n', b='\ud800', c='\n', d=07)", None),
        ("f(a=[1, (2,), {3}], b={'k': None})", [["f", '{"a": [1, [2], [3]], "b": {"k": null}}']]),
        ("f(a=\f'x'\f)", [["f", '{"a": "x"}']]),
    ],
)
def test_calls(text: str, expected: list[list[str]] | None) -> None:
    if expected is not None:
        assert told(text) == expected
    assert not any(step[0] == "fault" for step in check_calls(text).told)


def test_notes_come_once() -> None:
    assert told("f(a='\n', b='\ud800\n', c='\n', d=07, b='', b='')") == [
        [
            "f",
            '{"a": "\\n", "b": "\\ud800\\n", "c": "\\n", "d": 7}',
            "control_character",
            "lone_surrogate",
            "leading_zero",
            "duplicate_key",
        ]
    ]
    assert told("f(a=1, a='\n') g()") == [["f", '{"a": 1}', "duplicate_key"], ["g", "{}"]]


@pytest.mark.parametrize(
    ("text", "error", "at", "held"),
    [
        ("f", None, 1, "f"),
        ("f ()", "expected '(' behind a name", 1, "f"),
        ("f[", "expected '(' behind a name", 1, "f"),
        ("a..b()", "a name that is no name", 2, "a."),
        ("a.1()", "a name that is no name", 2, "a."),
        ("1()", "expected a call", 0, ""),
        ("[[f()]]", "expected a call", 1, ""),
        ("[f() g()]", "expected ',' or ']' after a call", 5, ""),
        ("[f(), 1]", "expected a call", 6, ""),
        ("[,f()]", "expected a call", 1, ""),
        ("f('x')", "expected a keyword argument", 2, ""),
        ("f(*x)", "expected a keyword argument", 2, ""),
        ("f(,)", "expected a keyword argument", 2, ""),
        ("f(a=1,,)", "expected a keyword argument", 6, ""),
        ("f(x)", "a positional argument, or an expression", 3, "x"),
        ("f(x y=1)", "a positional argument, or an expression", 4, "x"),
        ("f(a==1)", "expected a value", 4, ""),
        ("f(a=1 + 2)", "expected ',' or ')'", 6, ""),
        ("f(a=1]", "expected ',' or ')'", 5, ""),
        ("f(a='x' y)", "expected ',' or ')'", 8, ""),
        ("f(a=x)", "expected a value", 4, ""),
        ("f(a=nope)", "unknown word", 5, "n"),
        ("f(a='\\x1', b=1)", "bad escape", 8, "\\x1"),
        ("f(b=1, b=nope)", "unknown word", 10, "n"),
    ],
)
def test_faults(text: str, error: str | None, at: int, held: str) -> None:
    result = check_calls(text)
    faults = [step for step in result.told if step[0] == "fault"]
    assert [(step[1], step[-1]) for step in faults] == ([(error, at)] if error else [])
    assert (result.consumed, result.held) == (at, held)


def test_a_fault_tells_what_was_mended_before_it() -> None:
    assert told("f(a=1, a=2, b='\n' c)") == [
        ["f", '{"a": 1, "b": "\\n"'],
        ("expected ',' or ')'", ("duplicate_key", "control_character"), 18),
    ]
    assert told("f(b=['\n' x])")[1] == ("expected ',' or ']'", ("control_character",), 9)


def test_names_are_bounded_at_the_same_character() -> None:
    for text in ("abcde()", "[abcde(x=1)]", "f(abcde=1)", "f(x=1, abcde=2)"):
        assert not any(step[0] == "fault" for step in check_calls(text, limit=5).told)
    for text, at in (("abcdef()", 5), ("[abcdef", 6), ("f(abcdef=1)", 7), ("f(x=1, abcdefghi", 12)):
        result = check_calls(text, limit=5)
        assert (result.told[-1][1], result.consumed, result.held) == ("a name is too long", at, "abcde")
    assert check_calls("f(a=123456)", digits=5).told[-1][1] == "number too long"


@pytest.mark.parametrize(
    ("text", "arguments", "notes"),
    [
        ("i='3'", '{"i": 3}', ["quoted_value"]),
        ('i="3" ', '{"i": 3}', ["quoted_value"]),
        ("i=r'3', n=u\"1.50\"", '{"i": 3, "n": 1.50}', ["quoted_value"]),
        ("i='''3'''", '{"i": 3}', ["quoted_value"]),
        ("i='1' '2'", '{"i": 12}', ["quoted_value"]),
        ("i='\\x33'", '{"i": 3}', ["quoted_value"]),
        ("i=' 3\\n'", '{"i": 3}', ["quoted_value"]),
        ("i=3, n=4.5, b='True', z='None'", '{"i": 3, "n": 4.5, "b": true, "z": null}', ["quoted_value"]),
        ("i=True, b=None, z=false, o=[1], a={}", '{"i": true, "b": null, "z": false, "o": [1], "a": {}}', []),
        ("b='1'", '{"b": true}', ["boolean_digit", "quoted_value"]),
        ("o=\"{'k': ('v',)}\"", '{"o": {"k": ["v"]}}', ["quoted_value", "python_literal"]),
        ("o='{\"k\": [1]}', a='[]'", '{"o": {"k": [1]}, "a": []}', ["quoted_value"]),
        ("a='[\"\\ud83d\\ude00\\u00e9\"]'", '{"a": ["😀é"]}', ["quoted_value"]),
        ("a='[\"\\ud83d\"]'", '{"a": ["\\ud83d"]}', ["quoted_value", "lone_surrogate"]),
        ("i='soon'", '{"i": "soon"}', ["type_mismatch"]),
        ("i='3.5', i='3'", '{"i": "3.5"}', ["type_mismatch", "duplicate_key"]),
        ("i='3 apples \\u00e9\\n'", '{"i": "3 apples \\u00e9\\n"}', ["type_mismatch"]),
        ("i='', n='-', a='x[1'", '{"i": "", "n": "-", "a": "x[1"}', ["type_mismatch"]),
        ("a='{}'", '{"a": "{}"}', ["type_mismatch"]),
        ("i='\\ud83d', n='\\ud83d\\ude00'", '{"i": "\\ud83d", "n": "\\ud83d\\ude00"}', ["type_mismatch"]),
        ("x='3'", '{"x": "3"}', []),
    ],
)
def test_quoted_values_of_another_type(text: str, arguments: str, notes: list[str]) -> None:
    assert told(f"g({text})") == [["g", arguments, *notes]]
    assert told(f"[g({text}, y='4'), f(s='5', u='6')]") == [
        ["g", arguments[:-1] + ', "y": "4"}', *notes],
        ["f", '{"s": "5", "u": "6"}'],
    ]


def test_a_quoted_value_waits_only_while_it_can_be_of_the_type() -> None:
    for text, emitted, held, suffix in [
        ("g(i='", '{"i": ', "'", "null}"),
        ("g(i='12\\x3", '{"i": ', "'12\\x3", "null}"),
        ("g(i='12' ", '{"i": ', "'12' ", "null}"),
        ("g(i=r", '{"i": ', "r", "null}"),
        ("g(i='12a", '{"i": "12a', "", '"}'),
        ("g(i='12a\\x3", '{"i": "12a', "\\x3", '"}'),
        ('g(o=\'{"k": 1,', '{"o": {"k": 1', ",", "}}"),
        ('g(o=\'{"k": "\\u00', '{"o": {"k": "', "\\u00", '"}}'),
        ("g(a=\"[1, 'x\\'", '{"a": [1, "x', "\\'", '"]}'),
        ("g(i=Tru", '{"i": ', "Tru", "null}"),
        ("g(i=True", '{"i": true', "", "}"),
        ("g(i=1, i='12", '{"i": 1', "", "}"),
    ]:
        result = check_calls(text)
        assert (result.told[-1], result.held, result.suffix) == (("arguments", emitted), held, suffix)


def test_a_quoted_value_is_held_up_to_a_bound() -> None:
    short = {"hold": 20}
    assert told('g(a="[1, 2, 3, 4, 5, 6]")', **short)[0][1] == '{"a": [1, 2, 3, 4, 5, 6]}'
    assert told('g(i="' + "1" * 21 + '")', **short)[0][1:] == ['{"i": "' + "1" * 21 + '"}', "type_mismatch"]
    assert told('g(i="' + " " * 25 + '1")', **short)[0][1] == '{"i": "' + " " * 25 + '1"}'
    for size in (1, 1000, 10**9):
        for text in ('g(a="[' + "1," * 200000, 'g(a="' + "\\\n" * 200000, "g(i=1, i='" + "x" * 400000):
            reader = Reader(PythonCalls())
            for i in range(0, len(text), size):
                reader.feed(text[i : i + size])
            assert len(reader.codec.held) <= 65536 + len('"')
            assert reader.result == calls(text)


def test_repairs_of_calls() -> None:
    assert told("[run(cmd='sed -n '1,5p' f', n=2), f(s=\"say \"hi\"\")]", repair=True) == [
        ["run", '{"cmd": "sed -n \'1,5p\' f", "n": 2}', "unescaped_quote"],
        ["f", '{"s": "say \\"hi\\""}', "unescaped_quote"],
    ]
    assert told("f(city=Paris, days=3, x=New York , y=None, z=[a, b], city=Rome)", repair=True) == [
        ["f", '{"city": "Paris", "days": 3, "x": "New York", "y": null, "z": ["a", "b"]}', "bare_word", "duplicate_key"]
    ]
    assert told("f(a=len(x), b=1)", repair=True) == [
        ["f", '{"a": "len'],
        ("a call or an expression is no value", ("bare_word",), 7),
    ]
    assert told("f(a=x[0])", repair=True) == [["f", '{"a": "x[0"'], ("expected ',' or ')'", ("bare_word",), 7)]
    assert told("g(i='12', b=TRUE, z=None, n=many, o='', a=\"\")", repair=True) == [
        [
            "g",
            '{"i": 12, "b": true, "z": null, "n": "many", "o": {}, "a": []}',
            "quoted_value",
            "bare_word",
            "type_mismatch",
            "empty_container",
        ]
    ]
    assert told('g(o="{"k": "v"}", a=\'[1]\')', repair=True) != told('g(o="{"k": "v"}", a=\'[1]\')')
    assert check_calls("f(a=Par", repair=True).told[-1] == ("arguments", '{"a": "Par')
    for text in ("f(a=x)", "f(a='it's')", "f(a='x' 'y')"):
        assert told(text) != told(text, repair=True)


_CALL_NOISE = ["f(", "g(", "[", "]", "(", ")", ")", ", ", ",", "a=", "i=", "o=", "s=", "=", "1", "'x'", "'3'", '"', "'"]
_CALL_NOISE += ["\n", " ", "\f", "Paris", "True", "n", "{'k': 1}", "'{\"k\": [1]}'", "[1, 2]", "\\", "h.i-j(", "é", "#"]
call_noise = st.lists(st.sampled_from(_CALL_NOISE), max_size=20).map("".join)


@steady
@given(call_noise, st.integers(), st.booleans(), st.booleans(), st.booleans())
def test_any_calls(text: str, seed: int, bare: bool, known: bool, repair: bool) -> None:
    options: dict[str, Any] = {"bare": bare, "repair": repair, "limit": 6, "hold": 9}
    options["declared"] = frozenset(TOOLS) if known else None
    whole = calls(text, **options)
    assert calls(*pieces(text, seed), direct=True, **options) == whole
    reader = Reader(PythonCalls(**options))
    for char in text:
        reader.feed(char)
        reader.check()
    assert reader.result == whole


names = st.text(string.ascii_letters + "_", min_size=1, max_size=5)


@steady
@given(names, st.dictionaries(names, literals, max_size=4), st.integers(), st.booleans())
def test_any_call(name: str, arguments: dict[str, Any], seed: int, repair: bool) -> None:
    text = f"[{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})]"
    reader = Reader(PythonCalls(repair=repair))
    for piece in pieces(text, seed):
        reader.feed(piece)
    reader.check()
    if name not in TOOLS:
        written = "".join(step[1] for step in reader.told if step[0] == "arguments")
        assert json.loads(written) == as_json(arguments)
    assert [step[0] for step in reader.told if step[0] != "arguments"] == ["element", "start", "end", "done"]
