"""What the tests share: turns to read, ways of cutting and damaging them, and a parser under observation.

`Reading` drives one parser and checks, while it does, what holds for every text whatever it means: no empty and no
split deltas, calls in order, arguments that are JSON at every moment, tiles that cover the text. A test that reads text
by it has checked these laws; what is left to it is what the text means.
"""

from __future__ import annotations

import cProfile
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import ijson

import toolfeed
from toolfeed import CannotExpress, Grammar, Limits, Parser
from toolfeed.events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from toolfeed.grammar import Example, signature
from toolfeed.notation import Field, Marker, Tag, parse_template
from toolfeed.registry import grammar_folder

WHITESPACE = " \t\r\n"
TILES = ("content", "reasoning", "marker", "name", "arguments", "framing", "dropped")

# -- turns -------------------------------------------------------------------------------------------------------------


def format_names() -> list[str]:
    """The shipped formats, also those whose file cannot be loaded: that is test_registry's business alone."""
    return sorted(path.stem for path in grammar_folder().glob("*.toml"))


@cache
def grammar_of(name: str) -> Grammar:
    return Grammar.load(name)


class Turn(NamedTuple):
    """A text and the options it is read with."""

    format: str
    case: str
    text: str
    options: dict[str, Any]
    finish: Any = None

    @property
    def grammar(self) -> Grammar:
        return grammar_of(self.format)

    def __repr__(self) -> str:
        return f"{self.format}: {self.case}"


def options_of(example: Example) -> dict[str, Any]:
    """The options that an example's text is read with."""
    options: dict[str, Any] = {
        "tools": example.declarations(),
        "start": example.start,
        "prompt": example.prompt,
        "repair": example.repair,
        "tool_choice": example.tool_choice(),
    }
    return {name: value for name, value in options.items() if value is not None and value is not False}


@cache
def examples_of(name: str) -> tuple[tuple[Example, Turn], ...]:
    try:
        examples = grammar_of(name).examples
    except toolfeed.ToolfeedError:
        return ()  # test_registry loads each
    return tuple(
        (example, Turn(name, example.case, example.text, options_of(example), example.finish)) for example in examples
    )


@cache
def turns_of(name: str) -> tuple[Turn, ...]:
    """Every turn that is known of a format."""
    return tuple(turn for _, turn in examples_of(name))


@cache
def all_turns() -> tuple[Turn, ...]:
    return tuple(turn for name in format_names() for turn in turns_of(name))


@cache
def markers_of(name: str) -> tuple[str, ...]:
    """Every marker of a grammar as it may stand in a text (a field is written `x`), with the whitespace beside it."""
    grammar = grammar_of(name)
    suffixes = ("", ":x") if grammar.parameters else ("",)
    found = [re.sub(r"\{\w+\}", suffix, text) for text in _markers(grammar) for suffix in suffixes]
    for table in (grammar.spellings, grammar.repair.spellings if grammar.repair else {}):
        for spelling, others in table.items():
            found += [text.replace(spelling, other) for text in found if spelling in text for other in others]
    return tuple(dict.fromkeys(found))


def _markers(grammar: Grammar) -> Iterator[str]:
    calls, reasoning, content, repair = grammar.calls, grammar.reasoning, grammar.content, grammar.repair
    lines = [*calls.section, *calls.call, *calls.parameter, *calls.item, *(repair.call if repair else ())]
    for item in (item for line in lines for item in parse_template(line, grammar.parameters)):
        if isinstance(item, Marker):
            yield item.text
        elif isinstance(item, Tag):
            yield "".join(part if isinstance(part, str) else _field(part, grammar) for part in item.parts)
            yield next(part for part in item.parts if isinstance(part, str))
    yield from grammar.absorb
    yield from repair.absorb if repair else ()
    yield from grammar.turn_end
    if calls.separator.strip():
        yield calls.separator
    for pair in (reasoning, content):
        if pair is not None:
            yield from (*pair.open, *pair.close)
    if grammar.messages is not None:
        yield from re.findall(r"<[^<>{}]*>|[^<>{}()|?\s]+", grammar.messages.header)
        yield from grammar.messages.close


def _field(field: Field, grammar: Grammar) -> str:
    return "{" + field.name + "}" if field.name in grammar.parameters else "x"


@cache
def every_marker() -> tuple[str, ...]:
    """The markers of all formats."""
    found: dict[str, None] = {}
    for name in format_names():
        try:
            found.update(dict.fromkeys(markers_of(name)))
        except toolfeed.ToolfeedError:
            continue
    return tuple(found)


# -- cutting -----------------------------------------------------------------------------------------------------------


def chars(text: str) -> list[str]:
    return list(text)


def pieces(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def random_cuts(text: str, rng: random.Random, *, longest: int = 12) -> list[str]:
    """The text in random fragments, some of them empty."""
    result = []
    i = 0
    while i < len(text):
        size = rng.choice((0, 1, 1, 2, 3, rng.randint(1, longest)))
        result.append(text[i : i + size])
        i += size
    return result


# -- damaging ----------------------------------------------------------------------------------------------------------

ODDITIES = (
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        "\\",
        ",",
        ":",
        ";",
        "=",
        "<",
        ">",
        "</",
        "/>",
        "|",
        "`",
        "```",
        "#",
        ".",
    ),
    *("\n", "\r\n", "\r", "\t", " ", "  ", "\n\n", "\v", "\f", "\xa0", "\u2028", "\x85", "\ufeff", "\x00", "\x1f"),
    *(
        "\ud83d",
        "\ude00",
        "\\ud83d",
        "\\ude00",
        "\\u",
        "\\u00e",
        "\\n",
        "\\x41",
        "\\N{DASH}",
        "\U0001f600",
        "\u0301",
        "é",
    ),
    *("null", "None", "true", "True", "nul", "NaN", "-", "0", "00", "1", "1e5", "1.50", "-0", "12345678901234567890"),
    *(
        '{"name": "f"',
        '"arguments": {}',
        '"name"',
        '"parameters"',
        '"id": "1"',
        '{"name": "f", "arguments": {}}',
        "{}",
        "[]",
    ),
    *(
        "[f(a=1)]",
        "f(",
        "a=",
        "f()",
        "get_weather",
        "city",
        "functions.f:0",
        '"function": {',
        '"type": "function"',
        "'''",
    ),
    *(
        "<",
        "</s>",
        "<think>",
        "</think>",
        "<tool_call>",
        "</tool_call>",
        "<function=f>",
        "<parameter=a>",
        "</parameter>",
    ),
)


def damage(text: str, rng: random.Random, donors: Sequence[str], *, times: int | None = None) -> str:
    """The text with a few things wrong: characters deleted, doubled and swapped, cut off, markers spliced in."""
    for _ in range(rng.randint(1, 4) if times is None else times):
        i = rng.randint(0, len(text))
        j = min(len(text), i + rng.choice((1, 1, 2, 5, 20)))
        match rng.randrange(9):
            case 0:
                text = text[:i] + text[j:]
            case 1:
                text = text[:j] + text[i:]
            case 2:
                k = min(len(text), j + rng.choice((1, 2, 8)))
                text = text[:i] + text[j:k] + text[i:j] + text[k:]
            case 3:
                text = text[:i]
            case 4 | 5:
                text = text[:i] + rng.choice(donors) + text[i:]
            case 6:
                text = text[:i] + rng.choice(ODDITIES) + text[i:]
            case 7:
                marker = rng.choice(donors)
                text = text[:i] + marker[: rng.randint(0, len(marker))] + text[i:]
            case _:
                text = text[:i] + rng.choice((" ", "\n", "\t")) * rng.choice((1, 2, 20, 70)) + text[i:]
    return text


# Tools of the kinds that examples have: a string, other types, none that is declared.
TOOLS = [
    signature("get_weather(city: string, days: integer, unit: string|integer, note: string|null, options: object)"),
    signature("get_time()"),
]
LIMITS = (
    Limits(),
    Limits(name=20, header=40, hold=200, raw=20, calls=3, digits=6),
    Limits(name=12, header=24, hold=60, raw=10, calls=3, digits=6),
)


def random_options(rng: random.Random) -> dict[str, Any]:
    """Options of a parser, most of them as they are by default. Small limits are reached by short texts."""
    choices: dict[str, Sequence[Any]] = {
        "tools": (None, None, [], TOOLS, TOOLS),
        "whitespace": ("trim", "trim", "keep"),
        "start": (None, None, "content", "reasoning"),
        "unknown_tools": (None, None, "forward", "content"),
        "repair": (False, True),
        "parallel_tool_calls": (True, True, True, False),
        "tool_choice": ("auto", "auto", "auto", "none", "get_time"),
        "limits": LIMITS,
    }
    return {name: rng.choice(values) for name, values in choices.items()}


def damaged(name: str, count: int, seed: int = 0) -> Iterator[Turn]:
    """Texts of a format with a few things wrong, and the options to read them with; the same ones every time."""
    rng = random.Random(f"{name} {seed}")
    turns = [turn for turn in turns_of(name) if len(turn.text) < 1000] or [Turn(name, "nothing", "", {})]
    own, others = markers_of(name) or ("",), every_marker()
    for number in range(count):
        turn = rng.choice(turns)
        donors = (*own, rng.choice(others), rng.choice(turns).text)
        if number % 5 == 4:  # markers and oddities, and little else
            text = "".join(rng.choice(rng.choice((own, own, ODDITIES))) for _ in range(rng.randint(1, 15)))
        else:
            text = damage(turn.text, rng, donors)
        options = random_options(rng)
        if rng.random() < 0.5 and "tools" in turn.options:
            options["tools"] = turn.options["tools"]
        yield Turn(name, f"{turn.case}, damaged ({number})", text, options, rng.choice((None, None, "stop", "length")))


# -- writing and measuring ---------------------------------------------------------------------------------------------

ASKED = [
    signature("zq_alpha(text: string, number: integer, object: object, list: array)"),
    signature("zq_beta()"),
]


def written(name: str, *calls: tuple[str, str], content: str = "") -> Turn:
    """A turn in which tools of ASKED are called, as the format writes it: without the content, or with the first call
    alone, if it cannot have more. Raises CannotExpress."""
    grammar = grammar_of(name)
    options: dict[str, Any] = {"tools": ASKED}
    if grammar.calls.names == "chosen":
        options["tool_choice"] = {"type": "function", "function": {"name": calls[0][0]}}
    for text, some in ((content, calls), ("", calls)):
        try:
            return Turn(name, "written", grammar.write(text, "", some, tools=ASKED), options)
        except CannotExpress:
            continue
    return Turn(name, "written", grammar.write("", "", calls[:1], tools=ASKED), options)


def work(run: Callable[[], object]) -> int:
    """How many functions are called, those written in C too: the same for every run."""
    profile = cProfile.Profile(subcalls=False)
    profile.runcall(run)
    return sum(entry.callcount for entry in profile.getstats())


# -- reading -----------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """What a whole text came to, with neighbouring deltas of one kind joined."""

    events: tuple[Event, ...]
    notes: tuple[str, ...]

    @property
    def content(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ContentDelta))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def starts(self) -> list[ToolCallStart]:
        return [event for event in self.events if isinstance(event, ToolCallStart)]

    @property
    def ends(self) -> list[ToolCallEnd]:
        return [event for event in self.events if isinstance(event, ToolCallEnd)]

    def arguments(self, index: int) -> str:
        return "".join(e.text for e in self.events if isinstance(e, ArgumentsDelta) and e.index == index)

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """Name, arguments and status of each call."""
        return [(s.name, self.arguments(s.index), e.status) for s, e in zip(self.starts, self.ends, strict=True)]


def number_ids(index: int, name: str) -> str:
    """Ids that two parsers give alike."""
    return f"id-{index}"


def kind_of(event: Event) -> object:
    """Events of one kind are joined: the call of a delta, or what it is."""
    return event.index if isinstance(event, ArgumentsDelta) else type(event)


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events with neighbouring deltas of one kind joined."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, ToolCallStart | ToolCallEnd) or last is None or kind_of(event) != kind_of(last):
            result.append(event)
        elif isinstance(last, ContentDelta):
            result[-1] = ContentDelta(last.text + event.text)
        elif isinstance(last, ReasoningDelta):
            result[-1] = ReasoningDelta(last.text + event.text)
        else:
            assert isinstance(last, ArgumentsDelta)
            result[-1] = ArgumentsDelta(last.index, last.text + event.text)
    return tuple(result)


class Reading:
    """One parser, watched: `feed` and `finish` return its events after checking them.

    `tiles` has what `trace` told. Fails with an AssertionError; nothing that a parser raises is caught.
    """

    def __init__(self, grammar: Grammar | str, *, traced: bool = False, previews: bool = False, **options: Any) -> None:
        self.tiles: list[tuple[str, int, int]] = []
        options.setdefault("ids", number_ids)
        if traced:
            options["trace"] = lambda kind, start, end: self.tiles.append((kind, start, end))
        self.grammar = grammar if isinstance(grammar, Grammar) else grammar_of(grammar)
        self.parser = Parser(self.grammar, **options)
        self.text = ""
        self.events: list[Event] = []
        self.traced = traced
        self.previews = previews
        self.finished = False
        self._judges: list[Judge] = []  # one for each call
        self._arguments: list[list[str]] = []
        self._ended: list[bool] = []

    def feed(self, fragment: str) -> list[Event]:
        events = self.parser.feed(fragment)
        self.text += fragment
        self._check(events)
        assert 0 <= self.parser.held <= len(self.text)
        return events

    def finish(self, reason: Any = None) -> list[Event]:
        events = self.parser.finish(reason)
        self.finished = True
        self._check(events)
        assert all(self._ended), "a call has no end"
        assert self.parser.held == 0
        assert self.parser.finish() == []
        if self.traced:
            self._check_tiles()
        return events

    def read(self, fragments: Iterable[str], reason: Any = None) -> Told:
        """Feed all, finish, and return what was told."""
        for fragment in fragments:
            self.feed(fragment)
        self.finish(reason)
        return self.told

    @property
    def told(self) -> Told:
        return Told(merged(self.events), self.parser.notes)

    def arguments(self, index: int) -> str:
        return "".join(self._arguments[index])

    @property
    def merged_tiles(self) -> list[tuple[str, int, int]]:
        """The tiles with neighbours of one kind joined."""
        result: list[tuple[str, int, int]] = []
        for kind, start, end in self.tiles:
            if result and result[-1][0] == kind:
                start = result.pop()[1]
            result.append((kind, start, end))
        return result

    @property
    def open_call(self) -> int | None:
        """The index of the call that has started and not ended."""
        return len(self._ended) - 1 if self._ended and not self._ended[-1] else None

    # What holds for every text.

    def _check(self, events: list[Event]) -> None:
        last: object = None
        for event in events:
            if isinstance(event, ToolCallStart | ToolCallEnd):
                last = None
                self._check_call(event)
            else:
                assert event.text, "an empty delta"
                assert kind_of(event) != last, "two neighbouring deltas of one kind"
                last = kind_of(event)
                if isinstance(event, ArgumentsDelta):
                    assert event.index == self.open_call, "arguments of a call that is not open"
                    self._arguments[event.index].append(event.text)
                    self._judges[event.index].read(event.text)
        self.events += events
        if self.previews:
            self.check_preview()

    def _check_call(self, event: ToolCallStart | ToolCallEnd) -> None:
        if isinstance(event, ToolCallStart):
            assert self.open_call is None, "a call starts in a call"
            assert event.index == len(self._ended), "indices count 0, 1, 2…"
            assert event.name
            assert event.name == event.name.strip(WHITESPACE)
            assert event.id
            ids = [e.id for e in self.events if isinstance(e, ToolCallStart)]
            assert event.id not in ids, "an id that is not unique"
            self._ended.append(False)
            self._arguments.append([])
            self._judges.append(Judge())
            return
        assert event.index == self.open_call, "the end of a call that is not open"
        self._ended[event.index] = True
        arguments = self.arguments(event.index)
        assert len(event.raw) <= 4096
        assert (event.status == "complete") == (not event.error)
        if event.status == "complete":
            self._judges[event.index].close()  # raises if the object is not over
            assert arguments[:1] == "{"
            assert arguments[-1:] == "}"

    def check_preview(self) -> None:
        """With `closing_suffix` the arguments so far are a JSON object, at every moment."""
        suffix = self.parser.closing_suffix()
        index = self.open_call
        if index is None:
            assert suffix == ""
            return
        whole = self.arguments(index) + suffix
        judge = Judge()
        judge.read(whole)
        judge.close()
        assert whole.lstrip(" \t\r\n").startswith("{")

    def _check_tiles(self) -> None:
        at = 0
        for kind, start, end in self.tiles:
            assert kind in TILES
            assert start == at < end, "tiles cover the text, in order"
            at = end
        assert at == len(self.text)
        told = self.told
        for kind, text in (("content", told.content), ("reasoning", told.reasoning)):
            assert "".join(self.text[start:end] for own, start, end in self.tiles if own == kind) == text


class Judge:
    """An independent incremental JSON parser (ijson): raises for text that is not the beginning of one JSON value."""

    def __init__(self) -> None:
        self._parser: Any = ijson.basic_parse_coro(_Nobody())

    def read(self, text: str) -> None:
        self._parser.send(_SURROGATE.sub(_masked, text).encode())

    def close(self) -> None:
        """The text is over: raises if the value is not."""
        self._parser.close()


class _Nobody:
    """Whom the judge tells what it finds."""

    def send(self, event: object) -> None:
        pass

    def close(self) -> None:
        pass


# yajl, which is strict otherwise, knows no escapes of lone surrogates; JSON does.
_SURROGATE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.|$)", re.DOTALL)


def _masked(escape: re.Match[str]) -> str:
    text = escape.group()
    assert len(text) == 6 or (len(text) == 2 and text[1] != "u"), "half an escape was told"
    return "\\u0020" if text[1:3].lower() == "ud" and text[3] in "89ABCDEFabcdef" else text


def read(turn: Turn, fragments: Iterable[str] | None = None, **options: Any) -> Told:
    """A turn in these fragments (None: whole)."""
    reading = Reading(turn.grammar, **(turn.options | options))
    return reading.read([turn.text] if fragments is None else fragments, turn.finish)
