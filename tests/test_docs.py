"""The generated pages are those that the grammars make, and what they say of streaming is what the parsers do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from helpers import Reading, format_names, grammar_of, written
from toolfeed import CannotExpress, Grammar, formats_table, parse, traits
from toolfeed.events import ArgumentsDelta
from toolfeed.loader import TYPES
from toolfeed.notation import CODECS
from toolfeed.whole import ARGS

DOCS = Path(__file__).resolve().parent.parent / "docs"
FORMATS = format_names()
every_format = pytest.mark.parametrize("name", FORMATS)


def test_the_page_of_formats_is_fresh_and_has_every_format_once() -> None:
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    assert text == formats_table.page(formats_table.shipped()), "stale: make docs"
    for name in FORMATS:
        assert text.count(f"\n### `{name}`\n") == 1
        assert text.count(f"| [`{name}`](#{name}) |") == 1
    assert all(line.count("|") - line.count("\\|") == 7 for line in text.splitlines() if line.startswith("| ["))


def test_a_code_span_holds_anything() -> None:
    page = formats_table.section(grammar_of(FORMATS[0]))
    assert page.startswith(f"### `{FORMATS[0]}`\n\n```")
    assert formats_table.code("a\n\tb") == "`a\\n\\tb`"
    assert formats_table.code("a\\n") == "`a\\\\n`"
    assert formats_table.code("```json") == "```` ```json ````"


# What a page says is told at once, and what at a value's end.
VALUES = {
    "text": '"abcdefghij"',
    "object": '{"k": "abcdefghij"}',
    "list": '["abcdefghij", 1]',
    "number": "9876543210",
}


def told_at(name: str, key: str) -> list[int]:
    """How far into the value's text each delta came that holds some of it."""
    turn = written(name, ("zq_alpha", f'{{"{key}": {VALUES[key]}}}'))
    body = "9876543210" if key == "number" else "abcdefghij"
    start = turn.text.index(body)
    reading = Reading(name, **turn.options)
    reading.feed(turn.text[:start])
    found = []
    for i, char in enumerate(turn.text[start:], 1):
        events = reading.feed(char)
        if any(isinstance(event, ArgumentsDelta) and set(event.text) & set(body) for event in events):
            found.append(i)
    return found


@every_format
def test_strings_objects_and_lists_stream_as_the_page_says(name: str) -> None:
    for key in ("text", "object", "list"):
        assert told_at(name, key)[:10] == list(range(1, 11)), key


@every_format
def test_numbers_come_when_the_page_says(name: str) -> None:
    grammar = grammar_of(name)
    codec = traits.codecs(grammar, traits.ways(grammar)[0])[0]
    if "everything" in formats_table.STREAMS[codec]:
        assert told_at(name, "number")[:10] == list(range(1, 11))
    else:
        assert len(told_at(name, "number")) == 1
        assert told_at(name, "number")[0] > 10


@every_format
def test_ids_are_whose_the_page_says(name: str) -> None:
    grammar = grammar_of(name)
    call = {"name": "f", "arguments": "{}", "id": (grammar.calls.id or "a1").format(name="f", number=0)}
    if traits.writes_ids(grammar):
        text = grammar.write(calls=[call])
        assert Reading(name).read([text]).starts[0].id == call["id"]
    else:
        with pytest.raises(CannotExpress, match="its id"):
            grammar.write(calls=[call])


@every_format
def test_reasoning_is_where_the_page_says(name: str) -> None:
    grammar = grammar_of(name)
    if traits.can_reason(grammar):
        text = grammar.write(reasoning="Hm.", start="reasoning")
        assert Reading(name, start="reasoning").read([text]).reasoning == "Hm."
    else:
        with pytest.raises(CannotExpress, match="reasoning"):
            grammar.write(reasoning="Hm.")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolfeed.formats_table", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_grammar_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('format = 1\nname = "mine"\n[calls]\ncall = "<go>{call:json}</go>"\n', encoding="utf-8")
    done = run(str(path))
    assert done.returncode == 0
    assert '<go>{"name": "get_weather"' in done.stdout
    assert "closers missing (`</go>`)" in done.stdout


def test_a_grammar_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("format = 1\n", encoding="utf-8")
    for bad in (path, tmp_path / "none.toml"):
        done = run(str(bad))
        assert done.returncode == 2
        assert done.stderr.startswith("toolfeed: ")
        assert "Traceback" not in done.stderr


def test_importing_toolfeed_does_not_load_what_writes_pages() -> None:
    program = "import sys, toolfeed; print({'toolfeed.traits', 'toolfeed.formats_table'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# The pages written by hand: they leave nothing out, and what they show works.

GRAMMAR: Final = (DOCS / "grammar.md").read_text(encoding="utf-8")
TEMPLATES: Final = (DOCS / "response_templates.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("payload", [f"{{{what}:{codec}}}" for what, codecs in CODECS.items() for codec in codecs])
def test_every_payload_is_explained(payload: str) -> None:
    assert re.search(rf"^\| .*`{re.escape(payload)}`.* \|", GRAMMAR, re.MULTILINE)


@pytest.mark.parametrize("key", [f"{table}.{key}" for table, kind in TYPES.items() for key in kind.__struct_fields__])
def test_every_key_is_explained(key: str) -> None:
    """In a table of keys, in the first column or, where it belongs to a table with few, in the second."""
    name = key.rpartition(".")[2]
    assert re.search(rf"^\| .*[`.]{name}`.* \|", GRAMMAR, re.MULTILINE)


@pytest.mark.parametrize(("content", "argument"), [(content, name) for content, args in ARGS.items() for name in args])
def test_every_argument_of_a_content_is_explained(content: str, argument: str) -> None:
    rows = [row.split(" | ") for row in TEMPLATES.splitlines() if row.startswith("| ")]
    found = ""
    for row in rows:
        found = row[0] if "`" in row[0] else found
        if f"`{content}`" in found and len(row) > 1 and row[1] == f"`{argument}`":
            return
    pytest.fail(f"{argument} of {content} is nowhere explained")


def blocks(page: str, language: str, holds: str) -> list[str]:
    return [
        block for block in re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if holds in block
    ]


@pytest.mark.parametrize(
    ("holds", "text", "arguments"),
    [
        ("\\[CALL", 'Hi. [CALL f {"days": [3]}]', '{"days": [3]}'),
        ("kv-lines", "Hi. <call f>\ncity = Paris\ndays = 3\n</call>", '{"city": "Paris", "days": 3}'),
    ],
    ids=["inside a marker", "lines"],
)
def test_what_templates_cannot_say_regions_do(holds: str, text: str, arguments: str) -> None:
    (block,) = blocks(GRAMMAR, "toml", holds)
    tools = [{"name": "f", "parameters": {"properties": {"days": {"type": ["integer", "array"]}}}}]
    message = parse(text, Grammar.from_toml(f'format = 1\nname = "own"\n{block}'), tools=tools)
    assert message.content == "Hi."
    assert [(call.name, call.arguments, call.status) for call in message.tool_calls] == [("f", arguments, "complete")]


def test_the_messages_that_are_shown() -> None:
    (block,) = blocks(GRAMMAR, "toml", "[messages]")
    (text,) = re.findall(r"^This reads `(.*)`\.$", GRAMMAR, re.MULTILINE)
    message = parse(text, Grammar.from_toml(f'format = 1\nname = "own"\n{block}'))
    assert (message.reasoning, message.content) == ("Hm.", "")
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("f", '{"a": 1}')]


def test_the_response_template_that_is_shown() -> None:
    (template,) = blocks(TEMPLATES, "json", "start_anchor")
    (text,) = blocks(TEMPLATES, "text", "<tool_call>")
    message = parse(text, Grammar.from_response_template(template))
    assert (message.reasoning, message.content) == ("I need the weather.", "Let me check.")
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("get_weather", '{"city": "Paris"}')]
