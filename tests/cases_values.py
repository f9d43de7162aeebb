"""Cases of arguments: types, numbers, markers, whitespace and characters in values.

See taxonomy, and test_taxonomy, which runs them.
"""

from __future__ import annotations

import json

import pytest

from helpers import every_marker
from reasons import (
    COMMIT,
    IDENTIFIERS,
    KEYS_IN_TAGS,
    NO_CLOSER,
    NO_HEADER,
    NO_JSON,
    NO_OBJECT,
    NO_OBJECT_NOTATION,
    NO_PYTHON,
    NO_TAGS,
    RAW,
    STRIPPED,
    TYPED_TAGS,
)
from taxonomy import (
    BETA_CALL,
    Cases,
    Format,
    Made,
    alpha,
    text_of,
)
from toolfeed import CannotExpress, traits
from toolfeed.grammar import signature

CASES = Cases()
case, elsewhere = CASES.case, CASES.elsewhere

# -- 4 arguments -------------------------------------------------------------------------------------------------------


@case(4, "none")
def no_arguments(form: Format) -> Made:
    """R7: {}, exactly once, whatever the notation writes."""
    yield form.turn(alpha("{}"))


@case(4, "nothing in the place of the object", NO_OBJECT, COMMIT)
def no_object(form: Format) -> Made:
    """J4: missing or null is {}."""
    for raw in (form.object(name="zq_alpha"), form.object(name="zq_alpha", arguments=None)):
        yield form.text(form.with_object(raw), alpha("{}"))


@case(4, "nothing behind the header", NO_HEADER, COMMIT, NO_CLOSER)
def nothing_behind_the_header(form: Format) -> Made:
    """H2: a missing object is {}, and so is null (J4)."""
    for raw in ("", " \n ", "null"):
        yield form.text(form.with_arguments(raw), alpha("{}"))


@case(4, "whitespace in an empty block", NO_TAGS)
def whitespace_in_the_block(form: Format) -> Made:
    """T8."""
    text = form.write(BETA_CALL)
    closer = form.closers[0]
    at = text.index(closer)
    for space in ("", "\n\n", " \t", "\n" * 10):
        yield form.text(text[:at].rstrip() + space + text[at:], BETA_CALL)


@case(4, "whitespace in empty brackets", RAW)
def whitespace_in_the_brackets(form: Format) -> Made:
    text = form.write(alpha("{}"))
    bracket = "()" if form.payload.codec == "python" else "{}"
    at = text.rindex(bracket) + 1
    for space in (" ", "\n", " \r\n\t"):
        yield form.text(text[:at] + space + text[at:], alpha("{}"))


@case(4, "all JSON types")
def all_types(form: Format) -> Made:
    yield form.turn(
        alpha(
            '{"text": "x", "number": -3, "ratio": 2.5, "flag": true, "nothing": null, "note": null, "count": 7,'
            ' "object": {"a": [1, {"b": null}], "c": {}}, "list": [1, "two", [3.0], {"d": false}], "any": "y"}'
        )
    )
    yield form.turn(alpha('{"object": {"a": 1}, "list": [[["x"]]]}'))
    yield form.turn(alpha('{"object": {"a": {"b": {"c": [1]}}}, "flag": false}'))


elsewhere(4, "nested 100 and 10 000 deep", "test_laws.py::test_arguments_nest_deep")


@case(4, "empty strings, lists and objects")
def empty_values(form: Format) -> Made:
    yield form.turn(alpha('{"text": "", "object": {}, "list": [], "more": ""}'))
    yield form.turn(alpha('{"list": ["", [], {}], "object": {"": ""}}'))


@case(4, "null", RAW)
def null(form: Format) -> Made:
    """Null is null, whatever the schema says."""
    for key in ("note", "text", "number", "any"):
        word = "None" if form.payload.codec in ("python", "literal") else "null"
        yield form.text(form.with_value(word, key), alpha(f'{{"{key}": null}}', notes=()))


@case(4, "null for a nullable, a non-nullable and an untyped parameter", NO_TAGS, TYPED_TAGS)
def null_in_tags(form: Format) -> Made:
    """A2, A5."""
    yield form.text(form.with_value("null", "note"), alpha('{"note": null}', notes=()))
    yield form.text(form.with_value("null", "text"), alpha('{"text": "null"}', notes=()))
    notes = (*form.overruled, "type_mismatch")
    yield form.text(form.with_value("null", "number"), alpha('{"number": "null"}', notes=notes))
    yield form.text(form.with_value("null", "any"), alpha('{"any": "null"}', notes=()))


@case(4, "arguments called name, arguments, parameters, id")
def keys_of_calls(form: Format) -> Made:
    """J1: a key "name" inside the arguments is data."""
    tools = [signature("zq_alpha(name: string, arguments: object, parameters: list, id: integer, function: string)")]
    arguments = (
        '{"name": "n", "arguments": {"name": "m", "arguments": {}}, "parameters": [1], "id": 7, "function": "f"}'
    )
    yield form.turn(alpha(arguments), tools=tools)


@case(4, "keys with spaces, dots and other letters", IDENTIFIERS)
def odd_keys(form: Format) -> Made:
    yield form.turn(alpha('{"a.b": "1", "c-d": "2", "é": "3", "城市": "4"}'))
    yield form.turn(alpha('{"a b": "1"}'))


@case(4, "keys with quotes", IDENTIFIERS, KEYS_IN_TAGS)
def quoted_keys(form: Format) -> Made:
    yield form.turn(alpha(r'{"it\"s": "1", "it' + "'" + r's": "2"}'))


elsewhere(4, "thousands of arguments", "test_writer.py::test_many_arguments")
elsewhere(4, "strings of 10 KB, 100 KB and 1 MB", "test_laws.py::test_a_long_argument_costs_the_same_late_as_early")


@case(4, "hundreds of arguments")
def hundreds_of_arguments(form: Format) -> Made:
    yield form.turn(alpha(json.dumps({f"k{i}": str(i) for i in range(300)})))


# -- 5 numbers ---------------------------------------------------------------------------------------------------------


@case(5, "digits are kept")
def digits(form: Format) -> Made:
    for key, number in (
        ("number", "12345678901234567890"),
        ("number", "5.0"),
        ("number", "-0"),
        ("ratio", "1.50"),
        ("ratio", "1e5"),
        ("ratio", "1E+05"),
        ("list", "[1.50, 12345678901234567890, -0, 1e5]"),
    ):
        yield form.turn(alpha(f'{{"{key}": {number}}}'))


NO_NUMBERS = ("02134", "NaN", "Infinity", "+5", ".5", "5.", "0x1F", "1_000")


@case(5, "what is no JSON number", NO_JSON)
def no_numbers(form: Format) -> Made:
    """J7: what JSON forbids is malformed."""
    for number in NO_NUMBERS:
        yield form.text(form.with_value(number, "number"), alpha(None, status="malformed"))


@case(5, "what is no JSON number, in tags", NO_TAGS, TYPED_TAGS)
def no_numbers_in_tags(form: Format) -> Made:
    """A6: no JSON numbers, so A5: strings."""
    for number in NO_NUMBERS:
        notes = (*form.overruled, "type_mismatch")
        yield form.text(form.with_value(number, "number"), alpha(f'{{"number": "{number}"}}', notes=notes))


@case(5, "what is no JSON number, in Python", NO_PYTHON)
def no_numbers_in_python(form: Format) -> Made:
    """P4: rewritten, or malformed."""
    rewritten = {"02134": "2134", "+5": "5", ".5": "0.5", "5.": "5.0", "0x1F": "31", "1_000": "1000"}
    for number in NO_NUMBERS:
        text = form.with_value(number, "number")
        if number in rewritten:
            notes = ("leading_zero",) if number == "02134" else ()
            yield form.text(text, alpha(f'{{"number": {rewritten[number]}}}', notes=notes))
        else:
            yield form.text(text, alpha(None, status="malformed"))


@case(5, "what is no JSON number, in object notation", NO_OBJECT_NOTATION)
def no_numbers_in_object_notation(form: Format) -> Made:
    """A bare word that is no number is a string."""
    for number in ("02134", "NaN", "Infinity", "+5", ".5", "0x1F", "1_000"):
        yield form.text(form.with_value(number, "number"), alpha(f'{{"number": "{number}"}}'))


@case(5, "True and None", TYPED_TAGS)
def python_words(form: Format) -> Made:
    """Python is no JSON; elsewhere they are true and null."""
    for word, key, read in (("True", "flag", "true"), ("False", "flag", "false"), ("None", "note", "null")):
        text = form.with_value(word, key)
        if form.notation == "json":
            yield form.text(text, alpha(None, status="malformed"))
        else:
            notes = () if key == "note" else form.overruled
            yield form.text(text, alpha(f'{{"{key}": {read}}}', notes=notes))


@case(5, "strings that look like numbers and words")
def strings_like_numbers(form: Format) -> Made:
    """A2: the text of a string is all of it."""
    words = (*NO_NUMBERS, "12345678901234567890", "1.50", "1e5", "-0", "5.0", "true", "True", "None", "null", '"x"')
    yield form.turn(text_of("42"))
    yield form.turn(alpha(json.dumps({f"k{number}": word for number, word in enumerate(words)})))


# -- 6 own markers in values -------------------------------------------------------------------------------------------


@case(6, "every marker of the format")
def own_markers(form: Format) -> Made:
    """R8."""
    yield form.turn(text_of(" | ".join(form.markers)))


@case(6, "beginnings of the markers")
def own_prefixes(form: Format) -> Made:
    found = {marker[:end] for marker in form.markers for end in range(1, len(marker))}
    yield form.turn(text_of(" | ".join(sorted(found))[:4000]))
    yield form.turn(alpha(json.dumps({f"k{number}": marker[:-1] for number, marker in enumerate(form.markers)})))


@case(6, "the markers of other formats")
def other_markers(form: Format) -> Made:
    yield form.turn(text_of(" | ".join(marker.strip() for marker in every_marker())))


@case(6, "brackets, quotes, separators and code fences")
def brackets_in_values(form: Format) -> Made:
    for text in (
        "{[(\"'`;,)]}",
        '"}',
        "']",
        ")]",
        "; {",
        "```json\n{}\n```",
        "}}]]))>>",
        ',"a":',
        "f(a='b')",
        "\\",
        "\\\\",
    ):
        yield form.turn(text_of(text))


@case(6, "a closer at the end of a value, once and twice", NO_CLOSER)
def closers_at_the_end(form: Format) -> Made:
    """R8, T3: a closer counts only if a marker follows that may stand there."""
    for closer in form.enders:
        yield form.turn(text_of("x" + closer))
        yield form.turn(text_of("x" + closer * 2))


@case(6, "a closer with the next legal marker behind it", RAW)
def closers_in_a_row(form: Format) -> Made:
    yield form.turn(text_of("x" + "".join(form.closers) + "\n" + "\n".join(form.closers)))


def unless_in_tags(form: Format, text: str) -> Made:
    """T3: tags cannot hold what would end them, and the writer knows; it takes another way to write a call, if any."""
    if traits.families(form.grammar)[-1] == "tagged parameters" and "json" not in traits.codecs(form.grammar, form.way):
        with pytest.raises(CannotExpress, match="would end it"):
            form.write(text_of(text))
        yield None
    else:
        yield form.turn(text_of(text))


@case(6, "a closer with the next legal marker behind it, in tags", NO_TAGS)
def closers_in_a_row_in_tags(form: Format) -> Made:
    yield from unless_in_tags(form, "x\n" + "".join(form.enders))


@case(6, "a value that is one whole call", RAW)
def call_in_a_value(form: Format) -> Made:
    yield form.turn(text_of(form.write(alpha())))
    yield form.turn(alpha(json.dumps({"list": [form.write(BETA_CALL if not form.one_call else alpha())]})))


@case(6, "a value that is one whole call, in tags", NO_TAGS)
def call_in_a_tagged_value(form: Format) -> Made:
    yield from unless_in_tags(form, form.inner(alpha()))


# -- 7 whitespace in values --------------------------------------------------------------------------------------------


@case(7, "at the edges of a string", STRIPPED)
def whitespace_at_the_edges(form: Format) -> Made:
    """T2: what belongs to the tags, and no more, is trimmed."""
    for text in (
        " x",
        "x ",
        "\nx",
        "x\n",
        "\n\nx\n\n",
        "  \n x \n  ",
        "\r\nx\r\n",
        "\tx\t",
        "x\n\n \n",
        "\n    x\n        y",
    ):
        yield form.turn(text_of(text))


@case(7, "nothing else", STRIPPED)
def nothing_but_whitespace(form: Format) -> Made:
    for text in (" ", "\n", "\n\n", "\t", "\r\n\r\n", " \n "):
        yield form.turn(text_of(text))


@case(7, "inside a string")
def whitespace_inside(form: Format) -> Made:
    for text in ("a\r\nb", "a\tb", "a\n\n\nb", "def f():\n    if x:\n\n        y()\n    z", "a  b", "a\rb"):
        yield form.turn(text_of(text))


# -- 8 characters ------------------------------------------------------------------------------------------------------


@case(8, "XML entities and CDATA")
def entities(form: Format) -> Made:
    """T7: no markup."""
    yield form.turn(text_of("&lt;b&gt; &amp; &#10; &quot;"))
    yield form.turn(text_of("<![CDATA[ x ]]> <!-- y --> <?z?>"))


@case(8, "emoji, combining characters, right to left, separators")
def far_characters(form: Format) -> Made:
    yield form.turn(text_of("👩🏽\u200d🚀 e\u0301 שלום\u200f \u2028\u2029\x85\xa0\ufeff \ufffd \U0010ffff"))


@case(8, "NUL and other control characters")
def control_characters(form: Format) -> Made:
    yield form.turn(text_of("a\x00b\x01\x1f\x7f\x0b\x0c"))


@case(8, "a lone surrogate")
def lone_surrogate(form: Format) -> Made:
    yield form.turn(alpha('{"text": "a\\ud800b", "more": "\\udc00"}'))


@case(8, "the escapes of a surrogate pair, cut anywhere")
def surrogate_pair(form: Format) -> Made:
    yield form.turn(alpha('{"text": "\\uD83D\\uDE00!"}'))._replace(every_cut=True)
    yield form.turn(text_of("\\uD83D\\uDE00"))._replace(every_cut=True)


@case(8, "half a pair of escapes")
def half_a_pair(form: Format) -> Made:
    escaped = form.notation in ("json", "python")
    for half in ("\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83dx\\ude00"):
        call = alpha(f'{{"text": "{half}!"}}') if escaped else text_of(half + "!")
        yield form.text(form.with_string(half + "!"), call)


@case(8, "an escape that is none")
def bad_escape(form: Format) -> Made:
    """J7; Python refuses it too; elsewhere a backslash is data."""
    for bad in ("\\u00zz", "\\u12"):
        if form.notation in ("json", "python"):
            yield form.text(form.with_string(bad), alpha(None, status="malformed"))
        else:
            yield form.text(form.with_string(bad), text_of(bad))
    if form.notation == "json":
        yield form.text(form.with_string("\\x41"), alpha(None, status="malformed"))


@case(8, "a backslash at the end of the text")
def backslash_at_the_end(form: Format) -> Made:
    """R6: nothing undecided is decided."""
    text = form.with_string("ab\\")
    text = text[: text.index("ab\\") + 3]
    space = "" if form.notation == "object" else " "
    tail = "" if form.notation in ("json", "python") else "\\\\"
    yield form.text(text, alpha(f'{{"text":{space}"ab{tail}', status="truncated"))
