"""JsonValue: JSON passes through as written, however it is cut (RFC 8259; formats.md, rules J6 and J7).

The helpers and the properties here are those of every machine that reads one value; test_python_value uses them, too.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import ijson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolfeed.codecs.json_value import JsonValue, json_character
from toolfeed.codecs.python_value import PythonValue

Make = Callable[[], JsonValue]


class Outcome(NamedTuple):
    emitted: str
    consumed: int
    done: bool
    error: str
    held: str
    suffix: str
    notes: list[str]


def outcome(machine: JsonValue, out: list[str], consumed: int) -> Outcome:
    return Outcome(
        "".join(out),
        consumed,
        machine.done,
        machine.error,
        machine.held,
        machine.closing_suffix(),
        machine.notes.copy(),
    )


def read(make: Make, *pieces: str, end: bool = True) -> Outcome:
    """What comes of text in these pieces; with `end` it is over after them."""
    machine = make()
    out: list[str] = []
    consumed = 0
    for piece in pieces:
        pos = machine.feed(piece, 0, out)
        assert "" not in out
        consumed += pos
        if pos < len(piece):
            assert machine.done or machine.error
            break
    if end and not machine.done:
        machine.end(out)
    return outcome(machine, out, consumed)


def check_cuts(make: Make, text: str) -> Outcome:
    """The outcome of a short text, which is the same for every cut in two and by the character."""
    whole = read(make, text)
    assert read(make, *text) == whole
    for i in range(len(text) + 1):
        assert read(make, text[:i], text[i:]) == whole, i
    machine = make()
    out: list[str] = []
    for i, char in enumerate(text):
        if machine.done or machine.error:
            break
        taken = machine.feed(char, 0, out)
        assert outcome(machine, out, i + taken) == read(make, text[: i + 1], end=False)
    return whole


def check_prefixes(make: Make, text: str) -> None:
    """After every character: what was emitted is JSON with its suffix, and `held` is the tail of the text."""
    machine = make()
    out: list[str] = []
    for i, char in enumerate(text):
        taken = machine.feed(char, 0, out)
        json.loads("".join(out) + machine.closing_suffix(), strict=True)
        # A form feed between tokens may be dropped at once.
        assert text[: i + taken].replace("\f", "").endswith(machine.held.replace("\f", ""))
        assert_beginning("".join(out))
        if machine.done:
            json.loads("".join(out))
            assert machine.closing_suffix() == ""
            assert machine.held == ""
        if machine.done or machine.error:
            break


def assert_beginning(emitted: str) -> None:
    """ijson takes the text for the beginning of a JSON value (but for lone surrogates, which it cannot return)."""
    text = re.sub(r"\\u[dD][89a-fA-F]", r"\\uee", emitted)
    try:
        for _ in ijson.basic_parse(text.encode(), use_float=True):
            pass
    except ijson.IncompleteJSONError:
        pass


def pieces(text: str, seed: int) -> Iterator[str]:
    """A random way of cutting a text."""
    rng = random.Random(seed)
    size = rng.choice((1, 3, 10, 40))
    pos = 0
    while pos < len(text):
        end = pos + rng.randint(0, size)
        yield text[pos:end]
        pos = end


def check_quick(make: Make, text: str) -> None:
    """Where a search says so, feeding emits the fragment itself and changes nothing."""
    fragments = ["a", "x y", "é", "日本", "\U0001f600", "\x7f", "'", '"', "\\", "\n", "{", "a}", "\ud800", "\t"]
    machine = make()
    for char in ["", *text]:
        machine.feed(char, 0, [])
        search = machine.quick()
        if search is None:
            continue
        assert machine.in_string
        assert not machine.held
        for fragment in fragments:
            twin = machine.copy()
            out: list[str] = []
            if search(fragment) is None:
                assert twin.feed(fragment, 0, out) == len(fragment)
                assert "".join(out) == fragment
                assert twin.quick() is search
                assert twin.closing_suffix() == machine.closing_suffix()
                assert twin.notes == machine.notes


def check_copies(make: Make, text: str) -> None:
    """A copy goes on as its original would, and neither touches the other."""
    whole = read(make, text)
    machine = make()
    out: list[str] = []
    consumed = 0
    for i, char in enumerate(text):
        for rest in (text[i:], '"]}x', "1, ["):
            twin = machine.copy()
            assert (twin.closing_suffix(), twin.held) == (machine.closing_suffix(), machine.held)
            twin_out = out.copy()
            taken = twin.feed(rest, 0, twin_out)
            if rest == text[i:]:
                if not twin.done:
                    twin.end(twin_out)
                assert outcome(twin, twin_out, consumed + taken) == whole
        consumed += machine.feed(char, 0, out)
    if not machine.done:
        machine.end(out)
    assert outcome(machine, out, consumed) == whole


class Machine(Protocol):
    @property
    def held(self) -> str: ...
    def feed(self, text: str, pos: int, out: list[str], /) -> int: ...


def check_linear(make: Callable[[], Machine], text: Callable[[int], str], size: int) -> None:
    """Eight times the text takes far less than 64 times the time, however it is cut, and little is held."""

    def seconds(n: int, step: int) -> float:
        whole = text(n)
        cut = [whole[i : i + step] for i in range(0, len(whole), step)]
        machine = make()
        start = time.process_time()
        for piece in cut:
            machine.feed(piece, 0, [])
            assert len(machine.held) <= 1100
        return time.process_time() - start

    for step in (1, 1000, 10**9):
        # A busy computer makes one measurement wrong, hardly all of them.
        assert any(seconds(8 * size, step) < 20 * seconds(size, step) + 0.005 for _ in range(5)), step


# What passes

VALID = [
    "{}",
    "[]",
    '""',
    '{"a": 1}',
    '{"a":1,"b":[true,false,null],"c":{"d":"e"}}',
    '{ "a" : [ 1 , 2 ] , "b" : { } }',
    "[\n  1,\n  2\n]",
    '{\n  "a": {\n    "b": []\n  },\n\t"c"\r\n:\n""}',
    '"a\\"b\\\\c\\/d\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00"',
    '{"\\u0061": "\\n"}',
    '"\\ud83d"',
    '"é 日本 \U0001f600 \x7f\u2028"',
    "[0, -0, 1, -1, 10, 12345678901234567890, 1.50, 0.5, -0.0, 1e5, 1E+5, 1e-05, 0e0, 1.5E10]",
    "true",
    "false",
    "null",
    "[true]",
    "[[[[]]]]",
    '{"a":{"b":{"c":[{}]}}}',
    '{"a": 1, "a": 2}',
    '["long enough for a bulk match", 12, true, "and more", [1], {"k": "v", "w": {"x": 1}}, null ]',
    "[12345678901234567890123, 1234567890.12345678901234567890, 1e12345]",
]


@pytest.mark.parametrize("text", VALID)
def test_json_passes_as_written(text: str) -> None:
    assert check_cuts(JsonValue, text) == Outcome(text, len(text), True, "", "", "", [])
    assert read(JsonValue, " \n\t\r" + text) == Outcome(text, len(text) + 4, True, "", "", "", [])
    assert read(JsonValue, text + "]") == Outcome(text, len(text), True, "", "", "", [])


@pytest.mark.parametrize("text", VALID)
def test_every_prefix_can_be_closed(text: str) -> None:
    check_prefixes(JsonValue, text)


@pytest.mark.parametrize("text", [*VALID, '"a\nb\ud800"', '{"a": tru', '{"a": "b'])
def test_quick_and_copies(text: str) -> None:
    check_quick(JsonValue, text)
    check_copies(JsonValue, text)


@pytest.mark.parametrize(
    ("text", "emitted", "notes"),
    [
        ('"a\nb"', '"a\\nb"', ["control_character"]),
        ('"\b\f\n\r\t\x00\x1f"', '"\\b\\f\\n\\r\\t\\u0000\\u001f"', ["control_character"]),
        ('{"a\n": 1}', '{"a\\n": 1}', ["control_character"]),
        ('"\ud83d"', '"\\ud83d"', ["lone_surrogate"]),
        ('"\ud83d\ude00"', '"\\ud83d\\ude00"', ["lone_surrogate"]),
        ('"\udfff\n\n"', '"\\udfff\\n\\n"', ["lone_surrogate", "control_character"]),
    ],
)
def test_mended(text: str, emitted: str, notes: list[str]) -> None:
    assert check_cuts(JsonValue, text) == Outcome(emitted, len(text), True, "", "", "", notes)
    check_prefixes(JsonValue, text)


@pytest.mark.parametrize(
    ("char", "written"),
    [("a", "a"), ('"', '\\"'), ("\\", "\\\\"), ("\n", "\\n"), ("\x01", "\\u0001"), ("\udc00", "\\udc00")],
)
def test_json_character(char: str, written: str) -> None:
    assert json_character(char) == written


# What does not

FAULTS = [
    ("x", 0, "expected a value"),
    ("]", 0, "expected a value"),
    ("'a'", 0, "expected a value"),
    (",", 0, "expected a value"),
    ("[1,]", 3, "expected a value"),
    ("[1, \n]", 5, "expected a value"),
    ("[,1]", 1, "expected a value or ']'"),
    ("[}", 1, "expected a value or ']'"),
    ("[1}", 2, "expected ',' or ']'"),
    ("[1 2]", 3, "expected ',' or ']'"),
    ('["a" "b"]', 5, "expected ',' or ']'"),
    ("[1,,2]", 3, "expected a value"),
    ("{1", 1, "expected a key or '}'"),
    ("{]", 1, "expected a key or '}'"),
    ("{'a'", 1, "expected a key or '}'"),
    ('{"a"}', 4, "expected ':'"),
    ('{"a",', 4, "expected ':'"),
    ('{"a":}', 5, "expected a value"),
    ('{"a":,', 5, "expected a value"),
    ('{"a":1]', 6, "expected ',' or '}'"),
    ('{"a":1 "b"', 7, "expected ',' or '}'"),
    ('{"a":1,}', 7, "expected a key"),
    ('{"a":1,2', 7, "expected a key"),
    ("tRue", 1, "unknown word"),
    ("[trux", 4, "unknown word"),
    ("nan", 1, "unknown word"),
    ("NaN", 0, "expected a value"),
    ("True", 0, "expected a value"),
    ("01", 1, "leading zero"),
    ("[-01]", 3, "leading zero"),
    ("-", None, ""),
    ("-a", 1, "expected a digit"),
    ("-.5", 1, "expected a digit"),
    (".5", 0, "expected a value"),
    ("+1", 0, "expected a value"),
    ("[1.]", 3, "expected a digit"),
    ("1.e5", 2, "expected a digit"),
    ("1e,", 2, "expected a digit"),
    ("1e+-", 3, "expected a digit"),
    ('"\\a"', 2, "bad escape"),
    ('"\\\'"', 2, "bad escape"),
    ('"\\x41"', 2, "bad escape"),
    ('"\\u12G4"', 5, "bad escape"),
    ('"\\u"', 3, "bad escape"),
    ('"ab\\\n"', 4, "bad escape"),
    ("[1\f]", 2, "expected ',' or ']'"),
    ("\xa0[]", 0, "expected a value"),
]


@pytest.mark.parametrize(("text", "position", "error"), FAULTS)
def test_faults(text: str, position: int | None, error: str) -> None:
    result = check_cuts(JsonValue, text)
    assert not result.done
    assert result.error == error
    assert result.consumed == (len(text) if position is None else position)
    assert text[: result.consumed] == result.emitted + result.held
    check_prefixes(JsonValue, text)


@pytest.mark.parametrize(
    ("text", "consumed"),
    [("12 ", 2), ("12,", 2), ("0x", 1), ("-1]", 2), ("1.5.", 3), ("1e5e", 3), ("12", 2), ("1-2", 1)],
)
def test_a_top_level_number_ends_before_what_cannot_continue_it(text: str, consumed: int) -> None:
    assert check_cuts(JsonValue, text) == Outcome(text[:consumed], consumed, True, "", "", "", [])


def test_end_decides_nothing_but_top_level_numbers() -> None:
    for text in ("1", "-1", "0", "1.5", "1e5"):
        assert not read(JsonValue, text, end=False).done
        assert read(JsonValue, text).done
    for text in ("", " ", "-", "1.", "1e", "1e+", "tru", '"a', "[1", "[1,", '{"a"', '{"a":'):
        assert read(JsonValue, text) == read(JsonValue, text, end=False)
        assert not read(JsonValue, text).done


@pytest.mark.parametrize(
    ("text", "held", "suffix"),
    [
        ("", "", "null"),
        ("  ", "", "null"),
        ("{", "", "}"),
        ('{"a', "", '": null}'),
        ('{"a"', "", ": null}"),
        ('{"a" ', "", ": null}"),
        ('{"a":', "", "null}"),
        ('{"a": ', "", "null}"),
        ('{"a": -', "", "0}"),
        ('{"a": 1.', "", "0}"),
        ('{"a": 1e', "", "0}"),
        ('{"a": 1e+', "", "0}"),
        ('{"a": 1', "", "}"),
        ('{"a": 1,', ",", "}"),
        ('{"a": 1, ', ", ", "}"),
        ('{"a": [{"b": "c', "", '"}]}'),
        ('{"a": "b\\', "\\", '"}'),
        ('{"a": "b\\u00e', "\\u00e", '"}'),
        ('{"a": tr', "tr", "null}"),
        ("[1, ", ", ", "]"),
        ("[1, f", "f", "null]"),
        ("n", "n", "null"),
        ("[]", "", ""),
    ],
)
def test_held_and_suffix(text: str, held: str, suffix: str) -> None:
    result = read(JsonValue, text, end=False)
    assert (result.held, result.suffix) == (held, suffix)
    assert result.emitted + result.held == text.lstrip()


def test_options() -> None:
    def objects() -> JsonValue:
        return JsonValue(object_only=True)

    for text in ('"a"', "1", "[1]", "true", "-", "x", "}", "]"):
        result = check_cuts(objects, " " + text)
        assert (result.consumed, result.error, result.emitted) == (1, "expected '{'", "")
    assert check_cuts(objects, ' {"a": ["b", 1]}').emitted == '{"a": ["b", 1]}'

    def lenient() -> JsonValue:
        return JsonValue(trailing_comma=True)

    for text, emitted in [
        ("[1,]", "[1]"),
        ("[1, \n]", "[1 \n]"),
        ('{"a": 1 , }', '{"a": 1  }'),
        ('[[1,], {"a": [],},]', '[[1], {"a": []}]'),
    ]:
        assert check_cuts(lenient, text) == Outcome(emitted, len(text), True, "", "", "", ["trailing_comma"])
        check_prefixes(lenient, text)
        check_copies(lenient, text)
    for text, position in [("[,]", 1), ("{,}", 1), ("[1,,]", 3), ('{"a":1,]', 7), ("[1,}", 3)]:
        assert check_cuts(lenient, text).consumed == position
    assert check_cuts(lenient, "[1, 2]").notes == []


def test_digits() -> None:
    def short() -> JsonValue:
        return JsonValue(digits=5)

    for text in ("12345", "-1234", "1.234", "1e234", "[12345,12345]"):
        assert check_cuts(short, text).done
    for text, position in [("123456", 5), ("-12345", 5), ("[1.2345, 7]", 6), ("1e2345", 5), ("[1234.5]", 6)]:
        result = check_cuts(short, text)
        assert (result.error, result.consumed) == ("number too long", position)
    for text in ("9" * 4000, "-" + "9" * 3999, "0." + "1" * 3998):
        assert read(JsonValue, "[" + text + "]").done
        assert read(JsonValue, "[" + text, "1]").error == "number too long"
    assert read(short, "[1, 123456789, 12345678901234567]").consumed == 9


def test_a_fault_or_the_end_is_final() -> None:
    for text in ("[1,,", "[1]", "tx"):
        machine = JsonValue()
        out: list[str] = []
        machine.feed(text, 0, out)
        before = outcome(machine, out, 0)
        assert machine.feed("1, 2]", 0, out) == 0
        assert machine.feed("1, 2]", 3, out) == 3
        machine.end(out)
        assert outcome(machine, out, 0) == before
        assert machine.quick() is None


def test_feed_starts_at_pos() -> None:
    for text in VALID:
        machine = JsonValue()
        out: list[str] = []
        assert machine.feed("]]]" + text + ",", 3, out) == len(text) + 3
        machine.end(out)
        assert "".join(out) == text


def test_a_long_run_behind_a_comma_is_not_held_for_ever() -> None:
    for opening, member, suffix in [("[1", "2]", "null]"), ('{"a": 1', '"b": 2}', '"": null}')]:
        text = opening + "," + " " * 5000
        assert read(JsonValue, text, end=False).held == ""
        assert read(JsonValue, text, end=False).suffix == suffix
        assert read(JsonValue, *text) == read(JsonValue, text)
        assert read(JsonValue, text + member).emitted == text + member
        assert read(JsonValue, *(text + member)).emitted == text + member
        result = read(JsonValue, text + "x")
        assert result == read(JsonValue, *text, "x")
        assert result.consumed == len(text)
        closer = member[-1]
        assert read(lambda: JsonValue(trailing_comma=True), text + closer) == read(
            lambda: JsonValue(trailing_comma=True), *text, closer
        )


# Size


@pytest.mark.parametrize("make", [JsonValue, lambda: PythonValue(python=False), PythonValue])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}"), ('[{"a": ', "}]"), ("[ 1, ", "]")])
def test_depth(make: Make, opener: str, closer: str) -> None:
    depth = 100_000
    opening = opener * depth
    closing = closer * depth
    for step in (3, len(opening)):
        machine = make()
        out: list[str] = []
        for i in range(0, len(opening), step):
            machine.feed(opening[i : i + step], 0, out)
        assert not machine.error
        twin = machine.copy()
        assert twin.closing_suffix().removeprefix("null") == closing
        machine.feed("0", 0, out)
        assert machine.feed(closing, 0, out) == len(closing)
        assert machine.done
        assert not twin.done
        assert "".join(out) == opening + "0" + closing


@pytest.mark.parametrize(
    "text",
    [
        lambda n: '{"a": "' + "x" * n,
        lambda n: "[" * n,
        lambda n: '"' + "\\n" * n,
        lambda n: '"' + "\n" * n,
        lambda n: '"' + "\ud800" * n,
        lambda n: "[" + "1," * n,
        lambda n: "[1," + " " * n,
        lambda n: "[1" + " " * n,
        lambda n: "[" + '"a", ' * n,
        lambda n: "[" + '"' + "a" * n + '", "' + "a" * n,
        lambda n: "{" + '"abc": {"d": "e"}, ' * n,
        lambda n: "{" + '"abc": "de\\u00e9f", ' * n,
        lambda n: "[" + '{"a":' * n,
        lambda n: " " * n,
        lambda n: "[" + "true," * n,
        lambda n: '["' + "\\\\" * n + '\\"',
    ],
)
@pytest.mark.parametrize("make", [JsonValue, lambda: PythonValue(python=False)])
def test_work_is_linear(make: Make, text: Callable[[int], str]) -> None:
    check_linear(make, text, 3000)


# Any JSON, any text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
layouts = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 2, "\t"]),
        "separators": st.sampled_from([None, (",", ":"), (" , ", " : "), (",\n", ":\r\n")]),
        "ensure_ascii": st.booleans(),
    }
)


@given(values, layouts, st.integers())
def test_any_json_passes(value: object, layout: dict[str, Any], seed: int) -> None:
    text = json.dumps(value, **layout)
    for make in (JsonValue, lambda: PythonValue(python=False)):
        cut = read(make, *pieces(text, seed))
        assert cut == read(make, text)
        assert cut.done
        assert cut.emitted == text
        assert cut.notes == []
    python = read(PythonValue, *pieces(text, seed))
    assert python == read(PythonValue, text)
    assert json.loads(python.emitted) == value


_NOISE = ["[", "]", "{", "}", ",", ":", '"', '"a"', '"b":', "\\", "\\n", "\\u00", "1", "0", "-", ".", "e", "+", "tru"]
_NOISE += ["true", "null", " ", "\n", "\x01", "\ud800", "é", "ab", '{"a": 1, "b": ["c", 2.5, true]}', ', "k": "v"']
noise = st.lists(st.sampled_from(_NOISE), max_size=30).map("".join)


def _standard(text: str) -> bool:
    """Whether the standard library, without its extensions, takes a text for JSON (raw control characters allowed)."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text, strict=False, parse_constant=refuse)
    except ValueError:
        return False
    return True


@given(noise, st.integers())
def test_any_text(text: str, seed: int) -> None:
    whole = read(JsonValue, text)
    assert read(JsonValue, *pieces(text, seed)) == whole
    assert (whole.done and not text[whole.consumed :].strip(" \t\n\r")) == _standard(text)
    json.loads(whole.emitted + whole.suffix)
    assert read(JsonValue, *text) == whole


@given(values, layouts, st.data())
def test_damaged_json(value: object, layout: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value, **layout)
    for _ in range(data.draw(st.integers(1, 2))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(["", *_NOISE])) + text[start + data.draw(st.integers(0, 2)) :]
    whole = read(JsonValue, text)
    assert read(JsonValue, *pieces(text, data.draw(st.integers()))) == whole
    assert (whole.done and not text[whole.consumed :].strip(" \t\n\r")) == _standard(text)
    json.loads(whole.emitted + whole.suffix)
