"""docs/formats.md, written from the grammars: `python -m toolfeed.formats_table > docs/formats.md`.

With paths of grammar files it describes these instead: what a grammar of your own comes to, in words.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from .errors import CannotExpress, ToolfeedError
from .grammar import Grammar, signature
from .registry import grammar_folder
from .traits import (
    FAMILIES,
    TAGGED,
    Family,
    Way,
    can_reason,
    closers,
    codecs,
    families,
    leads_to,
    one_call,
    reads_ids,
    states_types,
    typed_by_schema,
    ways,
    writes_ids,
)

_HEAD: Final = """\
# Formats

The wire formats that toolfeed reads: what each looks like, what streams, and what damage is read. Every word below is
derived from the files in [grammars/](../grammars); `make docs` writes this page. [grammar.md](grammar.md) explains the
keys of a grammar, [notes.md](notes.md) the codes with which damage is noted.

For every format holds: content, reasoning and the text of strings come with the fragment that brings them, and so do
objects and lists; a call starts as soon as its name is certain; closers behind complete arguments may be missing; text
that turns out to be no call is content. A format of several families is read in all of them, however it is written.
"""

_FAMILY: Final[dict[Family, str]] = {
    "JSON in tags": """\
A call is a JSON object between markers, with its name and arguments in any order. The arguments pass as they are
written.""",
    "JSON list": """\
The calls are a JSON list between markers. Each starts and ends on its own; the arguments pass as they are written.""",
    "header and JSON": """\
The name stands in markers before the arguments, a JSON object that passes as it is written.""",
    "tagged parameters": """\
Each argument has tags of its own, and its value is raw text. Unless the tags say which type it has, the tool's schema
does; without a schema it is a string. A value ends at its closer only if something may follow there that the format
allows. A call without its closer is complete if another call follows; at the end of the text it is truncated, unless
`finish("stop")` says that the model ended its turn.""",
    "Python calls": """\
Calls are Python expressions with literal values, which become JSON. Nothing is evaluated.""",
    "object notation": """\
Like JSON, with bare keys, and strings between delimiters that need no escapes.""",
    "messages": """\
The turn is a sequence of messages, whose headers say where each goes.""",
    "bare JSON": """\
No marker says that a call comes: the text decides, and is held while it can still become a call.""",
}

# What of a value is told before it is over, by the codec that reads it.
_JSON: Final = "everything, character by character, as it is written"
_PYTHON: Final = (
    "everything; a string's closing quote, and a number that JSON would write otherwise, wait for what follows"
)
_RAW: Final = "strings from the first character, objects and lists from their bracket; other types come with the closer"
STREAMS: Final = {
    "json": _JSON,
    "keyed": _JSON,
    "string": _JSON,
    "literal": _PYTHON,
    "python": _PYTHON,
    "object": "strings between delimiters, objects and lists; numbers and bare words come when they are over",
    "quoted": "strings, objects and lists; numbers, and other types between delimiters, come when they are over",
    "text": _RAW,
    "block": _RAW,
    "stripped": _RAW,
    "any": _RAW,
}

# What `repair=True` mends inside arguments, by the codec that reads them.
_MENDED_JSON: Final = "Python spelling, a comma or a bracket too many"
_MENDED_PYTHON: Final = "quotes inside strings, bare words"
_MENDED_OBJECT: Final = "a string's delimiter missing, `'…'` for strings"
_MENDED_RAW: Final = "nothing at all where an object or a list is wanted"
MENDS: Final = {
    "json": _MENDED_JSON,
    "keyed": _MENDED_JSON,
    "literal": _MENDED_PYTHON,
    "python": _MENDED_PYTHON,
    "object": _MENDED_OBJECT,
    "quoted": _MENDED_OBJECT,
    "text": _MENDED_RAW,
    "block": _MENDED_RAW,
    "stripped": _MENDED_RAW,
    "any": _MENDED_RAW,
}

_OBJECTS: Final = re.compile(r"\{calls?:(?:json|keyed|literal)\}")


def page(grammars: Iterable[Grammar]) -> str:
    """The whole page for these grammars, in Markdown."""
    grammars = sorted(grammars, key=lambda grammar: grammar.name)
    parts = [_HEAD, _overview(grammars)]
    for family in FAMILIES:
        members = [grammar for grammar in grammars if families(grammar)[0] == family]
        if members:
            parts.append(f"## {family[0].upper()}{family[1:]}\n\n{_FAMILY[family]}\n")
            parts += [section(grammar) for grammar in members]
    return "\n".join(parts)


def _overview(grammars: list[Grammar]) -> str:
    rows = ["| Format | Family | Reasoning | Types of values | Ids | Models |", "|---|---|---|---|---|---|"]
    for grammar in grammars:
        models = [f"`{model.removeprefix('*/')}`" for model in grammar.models]
        cells = (
            f"[`{grammar.name}`](#{grammar.name})",
            ", ".join(families(grammar)),
            _reasoning(grammar),
            "the schema's" if typed_by_schema(grammar) else "as written",
            "the model's" if writes_ids(grammar) else "",
            " ".join([*models[:2], *(["…"] if len(models) > 2 else [])]),
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*rows, ""])


def _reasoning(grammar: Grammar) -> str:
    markers = grammar.reasoning
    if markers is None:
        return "a message" if can_reason(grammar) else ""
    return code((markers.open or markers.close)[0].strip())


def section(grammar: Grammar) -> str:
    """What there is to know of one format, in Markdown."""
    lines = [f"### `{grammar.name}`", "", *_fenced(_sample(grammar))]
    lines += [f"- **{what}:** {text}" for what, text in _facts(grammar) if text]
    return "\n".join([*lines, ""])


def _facts(grammar: Grammar) -> Iterator[tuple[str, str]]:
    yield "Source", grammar.source
    yield "Aliases", codes(grammar.aliases)
    yield "Models", codes(grammar.models)
    yield "Templates", _templates(grammar)
    yield "Regions", "; ".join(_regions(grammar))
    yield "Also written", codes((way.line for way in ways(grammar)[1:] if not way.repair), ", ")
    yield "Families", ", ".join(families(grammar)) if len(families(grammar)) > 1 else ""
    yield "Starts a call", "; ".join(dict.fromkeys(_commit(grammar, way) for way in ways(grammar) if not way.repair))
    yield "Streams", _streams(grammar)
    yield "Types", _types(grammar)
    yield "Ids", _ids(grammar)
    yield "A turn starts in", _starts(grammar)
    yield "Reasoning", _thought(grammar)
    yield "Special tokens to keep", codes(grammar.special_tokens)
    yield "Turn end", codes(grammar.turn_end)
    yield "Also read", "; ".join(_accepted(grammar))
    yield "Read with `repair=True`", "; ".join(_repairs(grammar))


def _templates(grammar: Grammar) -> str:
    """What tells the format by a chat template."""
    spelled = " or ".join(codes(markers, " and ") for markers in grammar.detect.template)
    if grammar.detect.like:
        return f"like those of {code(grammar.detect.like)}; the model's id tells them apart"
    return f"spell {spelled}" if spelled else ""


def _regions(grammar: Grammar) -> Iterator[str]:
    """The parts of a turn, where delimiters alone make them."""
    for name, region in grammar.regions.items():
        opened = codes(region.open, " or ") or (code(region.open_pattern) if region.open_pattern else "")
        closed = codes(region.close, " or ") or (code(region.close_pattern) if region.close_pattern else "")
        where = f"{opened} … {closed}".rstrip() if opened else "what stands in no other"
        yield f"{name}, {where}: {region.to}"


def _commit(grammar: Grammar, way: Way) -> str:
    """The character that decides that there is a call."""
    calls = grammar.calls
    if calls.names == "chosen":
        return "the first brace"
    if way.payload.codec == "python":
        if way.marked:
            return "the parenthesis behind a name"
        return "the parenthesis behind a known name; if the tools are not told, `name()` or `name(key=`"
    if grammar.messages is not None and way.payload.what in ("arguments", TAGGED.what):
        return "the end of a header that names a tool"
    if calls.commit == "arguments" or (calls.commit == "marker" and not way.marked):
        if way.payload.what in ("call", "calls"):
            return "a name and the beginning of its arguments, in either order"
        return "the brace behind the name"
    if way.payload.what in ("call", "calls"):
        return "the key" if way.payload.codec == "keyed" else 'the quote that ends the `"name"`'
    return "the end of the header" if "id" in way.fields else "what ends the name"


def _streams(grammar: Grammar) -> str:
    """What comes before a value is over; of the ways to write calls, all that differ."""
    found = [codec for way in ways(grammar) if not way.repair for codec in codecs(grammar, way)]
    return "; or ".join(dict.fromkeys(STREAMS[codec] for codec in found if codec in STREAMS))


def _types(grammar: Grammar) -> str:
    if not typed_by_schema(grammar):
        return ""
    if states_types(grammar):
        return "the schema says them; without one, the text does"
    return "the schema says them; without one, all values are strings"


def _ids(grammar: Grammar) -> str:
    calls = grammar.calls
    if writes_ids(grammar):
        if any("id" in way.fields for way in ways(grammar)):
            return "the model's, in the header" + (f", {code(calls.id)}" if calls.id else ", where it writes one")
        return f"the model's, {codes(calls.keys.id)}"
    return f"new ones; {codes(calls.keys.id, ' or ')} in a call's object is kept" if reads_ids(grammar) else "new ones"


def _starts(grammar: Grammar) -> str:
    content = "a header" if grammar.messages is not None else "content"
    states = {"content": content, "reasoning": "reasoning"}
    starts = [states[grammar.start.state]]
    markers = grammar.reasoning
    implied = {"content": markers.close, "reasoning": markers.open} if markers is not None else {}
    for state, other in states.items():
        listed = [prompt for prompt, leads in grammar.start.prompts.items() if leads == state]
        prompts = dict.fromkeys(prompt.strip() for prompt in (*listed, *implied.get(state, ())))
        if prompts and state != grammar.start.state:
            starts.append(f"{other} if the prompt ends in {codes(prompts, ' or ')}")
    if one_call(grammar):
        starts = ["the arguments of the tool that `tool_choice` names"]
    return ", ".join(starts)


def _thought(grammar: Grammar) -> str:
    markers = grammar.reasoning
    if markers is None:
        if leads_to(grammar, "reasoning"):
            return "in messages of its own"
        return "" if can_reason(grammar) else "none"
    between = [f"{codes(markers.open, ', ')} … " if markers.open else "", codes(markers.close, ", ")]
    calls = {
        "text": "what looks like a call in it is text",
        "end": "a call's opener ends it",
        "inside": "calls stand inside it, and it goes on behind them",
    }
    return "".join(between) + f"; {calls[markers.calls]}"


def _accepted(grammar: Grammar) -> Iterator[str]:
    """Damage that needs no repair, and other spellings."""
    calls, messages = grammar.calls, grammar.messages
    plain = [text for text in calls.optional if not text.startswith("\n")]
    lines = [text.strip("\n") for text in calls.optional if text.startswith("\n")]
    plain += messages.optional if messages is not None else ()
    if plain:
        yield f"{codes(plain)} missing"
    if lines:
        yield f"{codes(lines)} missing before what begins a line"
    if found := closers(grammar):
        yield f"closers missing ({codes(found)})"
    for marker, others in grammar.spellings.items():
        yield f"{codes(others)} for {code(marker)}"
    if grammar.absorb:
        yield f"{codes(grammar.absorb)} where nothing is open"
    if calls.bare == "known":
        yield "behind content, the call of a declared tool"
    if grammar.content is not None:
        yield f"content between {codes((*grammar.content.open, *grammar.content.close))}, or without them"
    for name, lead in grammar.parameters.items():
        yield f"any `{{{name}}}` in the markers" + (f", behind {code(lead)}" if lead else "")


def _repairs(grammar: Grammar) -> Iterator[str]:
    found = [codec for way in ways(grammar) for codec in codecs(grammar, way)]
    yield from dict.fromkeys(MENDS[codec] for codec in found if codec in MENDS)
    if any(way.marked and "```" not in way.line and _OBJECTS.search(way.line) for way in ways(grammar)):
        yield "a code fence around call objects"
    repair = grammar.repair
    if repair is None:
        return
    if repair.call or repair.parameter:
        yield f"calls written {codes((*repair.call, *repair.parameter), ' or ')}"
    if repair.value:
        yield "all keys before all values"
    if repair.unwrap:
        yield f"all arguments in one parameter, {codes(repair.unwrap, ' or ')}"
    if repair.unnamed:
        yield f"{codes(repair.unnamed, ' or ')} where the name should stand, if the arguments tell the tool"
    if repair.optional:
        yield f"{codes(repair.optional)} missing"
    for marker, others in repair.spellings.items():
        yield f"{codes(others)} for {code(marker)}"
    if repair.absorb:
        yield f"{codes(repair.absorb)} where nothing is open"
    if repair.bare == "known":
        yield "a bare object anywhere, if tools are given and its name is known"
    if repair.method:
        yield f"{code('.' + repair.method)} behind a name"


# -- Markdown ----------------------------------------------------------------------------------------------------------


def _sample(grammar: Grammar) -> str:
    """A turn as the format writes it; of reasoning, content and two calls what it can hold together."""
    tools = [signature("get_weather(city: string, days: integer)"), signature("get_time()")]
    calls = [("get_weather", json.dumps({"city": "Paris", "days": 3})), ("get_time", "{}")]
    for some in (calls, calls[:1]):
        for content in ("Let me check.", ""):
            for reasoning in ("I need the weather.", ""):
                try:
                    return grammar.write(content, reasoning, some, tools=tools)
                except CannotExpress:
                    continue
    return ""


def _fenced(text: str) -> list[str]:
    if not text:
        return []
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text.removesuffix("\n"), fence, ""]


def codes(texts: Iterable[str], separator: str = " ") -> str:
    """A code span for each of the texts."""
    return separator.join(code(text) for text in texts)


def code(text: str) -> str:
    """A code span: line breaks as `\\n`, and as many backticks around it as it needs."""
    text = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    if not longest:
        return f"`{text}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {text} {ticks}"


def main(arguments: list[str]) -> int:
    """Print the page of the shipped formats, or the sections of grammar files. 2 if one of them cannot be read."""
    try:
        if arguments:
            text = "\n".join(section(Grammar.load(Path(argument))) for argument in arguments)
        else:
            text = page(shipped())
    except ToolfeedError as error:
        print(f"toolfeed: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a text stream, whatever its class says
    print(text, end="")  # noqa: T201
    return 0


def shipped() -> list[Grammar]:
    """The grammars that come with the package."""
    return [Grammar.load(path) for path in sorted(grammar_folder().glob("*.toml"))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
