"""The generated pages are those that the grammars make, and what they say of streaming is what the parsers do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers import Reading, format_names, grammar_of, written
from toolfeed import CannotExpress, formats_table, traits
from toolfeed.events import ArgumentsDelta

DOCS = Path(__file__).resolve().parent.parent / "docs"
FORMATS = format_names()
every_format = pytest.mark.parametrize("name", FORMATS)


def test_the_page_of_formats_is_fresh() -> None:
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    assert text == formats_table.page(formats_table.shipped()), "stale: make docs"


def test_the_page_has_every_format_once() -> None:
    text = formats_table.page(formats_table.shipped())
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
