"""Template lines: text that looks like the wire, read into items (docs/grammar.md, Templates)."""

from __future__ import annotations

import pytest

from helpers import format_names, grammar_of
from toolfeed.notation import Field, Item, Marker, NotationError, Payload, Slot, Space, Tag, parse_template


@pytest.mark.parametrize(
    ("line", "items"),
    [
        ("", ()),
        ("<tool_call>", (Marker("<tool_call>"),)),
        ("<a><b>", (Marker("<a>"), Marker("<b>"))),
        ("<a>\n<b> ", (Marker("<a>"), Space("\n"), Marker("<b>"), Space(" "))),
        ("[TOOL_CALLS]", (Marker("[TOOL_CALLS]"),)),
        ("[A][B]", (Marker("[A]"), Marker("[B]"))),
        ("[[END]]", (Marker("[[END]]"),)),
        ("call:{name}", (Marker("call:"), Field("name"))),
        ("Action:\n```json", (Marker("Action:"), Space("\n"), Marker("```json"))),
        ("functools", (Marker("functools"),)),
        ("text<tag>", (Marker("text"), Marker("<tag>"))),
        ("<|a|>{id}<|b|>", (Marker("<|a|>"), Field("id"), Marker("<|b|>"))),
        ("<function={name}>", (Tag(("<function=", Field("name"), ">")),)),
        (
            '<p name="{key}" string="{string}">',
            (Tag(('<p name="', Field("key"), '" string="', Field("string"), '">')),),
        ),
        ("[[CALL {name}]]", (Tag(("[[CALL ", Field("name"), "]]")),)),
        ("<c>{call:json}</c>", (Marker("<c>"), Payload("call", "json"), Marker("</c>"))),
        ("{calls:keyed}", (Payload("calls", "keyed"),)),
        ("<s>{calls}</s>", (Marker("<s>"), Slot("calls"), Marker("</s>"))),
        ("{parameters}", (Slot("parameters"),)),
        ("<v={key}>{items}</v>", (Tag(("<v=", Field("key"), ">")), Slot("items"), Marker("</v>"))),
        ("[{calls:json}]", (Payload("calls", "json", bracketed=True),)),
        ("<s>[{calls:python}]<e>", (Marker("<s>"), Payload("calls", "python", bracketed=True), Marker("<e>"))),
        ("{{", (Marker("{"),)),
        ("a{{b}}c", (Marker("a{b}c"),)),
        ("<p>{value:text}</p>", (Marker("<p>"), Payload("value", "text"), Marker("</p>"))),
        (
            "<p>\n{value:text}\n</p>",
            (Marker("<p>"), Space("\n"), Payload("value", "text", trim="newline"), Space("\n"), Marker("</p>")),
        ),
        ("<p>{value:stripped}</p>", (Marker("<p>"), Payload("value", "stripped", trim="strip"), Marker("</p>"))),
        ("a < b", (Marker("a"), Space(" "), Marker("<"), Space(" "), Marker("b"))),
        ("<｜tool▁sep｜>", (Marker("<｜tool▁sep｜>"),)),
    ],
)
def test_a_template_is_read(line: str, items: tuple[Item, ...]) -> None:
    assert parse_template(line) == items


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not closed"),
        ("<a>{name", "not closed"),
        ("}", "closes nothing"),
        ("<a>}</a>", "closes nothing"),
        ("{nome}", "{nome}"),
        ("{}", "{}"),
        ("{value}", "{value:text}"),
        ("{name:json}", "takes no codec"),
        ("{call:yaml}", "yaml"),
        ("<a {call:json}>", "field"),
        ("[{calls:json}", "]"),
        ("<p>\n{value:text}</p>", "both sides"),
        ("<p> {value:text} </p>", "both sides"),
    ],
)
def test_a_template_that_cannot_be_read(line: str, words: str) -> None:
    with pytest.raises(NotationError, match=r".") as caught:
        parse_template(line)
    assert words in str(caught.value)


def test_parameters_of_a_grammar_are_fields() -> None:
    assert parse_template("<a{suffix}>", ("suffix",)) == (Tag(("<a", Field("suffix"), ">")),)
    with pytest.raises(NotationError, match="suffix"):
        parse_template("<a{suffix}>")


@pytest.mark.parametrize("name", format_names())
def test_templates_of_shipped_grammars_keep_their_text(name: str) -> None:
    """What is read of a line is all of it: markers, spaces and fields in order make up the line again."""
    grammar = grammar_of(name)
    for line in (*grammar.calls.section, *grammar.calls.call, *grammar.calls.parameter, *grammar.calls.item):
        text = ""
        for item in parse_template(line, grammar.parameters):
            if isinstance(item, Space | Marker):
                text += item.text.replace("{", "{{").replace("}", "}}")
            elif isinstance(item, Tag):
                text += item.text
            elif isinstance(item, Payload):
                inside = f"{{{item.what}:{item.codec}}}"
                text += f"[{inside}]" if item.bracketed else inside
            else:
                text += f"{{{item.name}}}"
        assert "".join(text.split()) == "".join(line.split())
