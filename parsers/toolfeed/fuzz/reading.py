"""A parser under observation: what it told, and what has to hold for every text whatever it means.

`Reading` drives one parser and checks, while it does, that no delta is empty or split (law 6), that calls come in order
(6), that arguments are JSON at every moment (4), and that the tiles cover the text (3). What it raises is a `Violation`
that names the law; what the parser raises it lets through.
"""

from __future__ import annotations

import cProfile
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

import ijson

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from ..grammar import Grammar
from ..parser import Parser
from ..program import WHITESPACE

TILES: Final = ("content", "reasoning", "marker", "name", "arguments", "framing", "dropped")

Tile: TypeAlias = tuple[str, int, int]
Reason: TypeAlias = Literal["stop", "length"] | None


class Violation(AssertionError):
    """A law does not hold. `law`: which one; `cuts`: the offsets at which the text was cut, if that matters."""

    def __init__(self, law: str, message: str, cuts: Iterable[int] | None = None) -> None:
        self.law = law
        self.message = message
        self.cuts = None if cuts is None else tuple(cuts)
        super().__init__(f"law {law}: {message}")


def require(condition: object, law: str, message: str) -> None:
    """Raise a Violation of this law unless the condition holds."""
    if not condition:
        raise Violation(law, message)


PREVIEWED: Final = 200  # characters; in arguments that are n times as long every n-th preview is looked at


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


def same(expected: Told, told: Told, cuts: Sequence[int], law: str = "1") -> None:
    """Raises Violation, with the cuts, if a text is told otherwise than when it is whole."""
    if told != expected:
        raise Violation(law, _difference(expected, told), cuts)


def _difference(expected: Told, told: Told) -> str:
    """Where two readings part, in words."""
    for one, other in zip(expected.events, told.events, strict=False):
        if one != other:
            return f"whole: {_event(one)}; so cut: {_event(other)}"
    if len(expected.events) != len(told.events):
        longer = max(expected.events, told.events, key=len)
        extra = _event(longer[min(len(expected.events), len(told.events))])
        return f"only {'whole' if longer is expected.events else 'so cut'}: {extra}"
    return f"notes of the turn, whole: {expected.notes}; so cut: {told.notes}"


def _event(event: Event) -> str:
    text = repr(event)
    return text if len(text) < 200 else f"{text[:120]} … {text[-60:]}"


def number_ids(index: int, name: str) -> str:
    """Ids that two parsers give alike."""
    return f"id-{index}"


def kind_of(event: Event) -> object:
    """Events of one kind are joined: the call of a delta, or what it is."""
    return event.index if isinstance(event, ArgumentsDelta) else type(event)


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events with neighbouring deltas of one kind joined."""
    result: list[Event] = []
    texts: list[str] = []
    kind: object = None
    for event in events:
        if isinstance(event, ToolCallStart | ToolCallEnd):
            _join(result, texts)
            result.append(event)
            kind = None
        elif (own := kind_of(event)) == kind:
            texts.append(event.text)
        else:
            _join(result, texts)
            result.append(event)
            texts.append(event.text)
            kind = own
    _join(result, texts)
    return tuple(result)


def _join(result: list[Event], texts: list[str]) -> None:
    """The last event is the first of several deltas of one kind, with these texts."""
    if len(texts) > 1:
        text, last = "".join(texts), result[-1]
        if isinstance(last, ArgumentsDelta):
            result[-1] = ArgumentsDelta(last.index, text)
        else:
            result[-1] = ContentDelta(text) if isinstance(last, ContentDelta) else ReasoningDelta(text)
    texts.clear()


def tell(parser: Parser, fragments: Iterable[str], reason: Reason = None) -> Told:
    """What a parser tells of these fragments, unwatched."""
    events: list[Event] = []
    for fragment in fragments:
        events += parser.feed(fragment)
    events += parser.finish(reason)
    return Told(merged(events), parser.notes)


class Number(NamedTuple):
    """A number as it is written: 1.50 is not 1.5."""

    digits: str


Pairs: TypeAlias = tuple[tuple[str, Any], ...]


def values(arguments: str) -> Any:
    """The value of JSON text: numbers keep their digits, objects (as ("object", members)) their order and doubled keys.
    Not for deep text."""
    return json.loads(
        arguments, parse_int=Number, parse_float=Number, object_pairs_hook=lambda pairs: ("object", tuple(pairs))
    )


class Reading:
    """One parser, watched: `feed` and `finish` return its events after checking them.

    `grammar` and `options` as for Parser, with ids that are numbers. `traced`: `tiles` has what `trace` told.
    `previews`: `closing_suffix` is checked after every fragment. Raises Violation; nothing that a parser raises is
    caught.
    """

    def __init__(self, grammar: Grammar, *, traced: bool = False, previews: bool = False, **options: Any) -> None:
        self.tiles: list[Tile] = []
        options.setdefault("ids", number_ids)
        if traced:
            options["trace"] = self._tile
        self.grammar = grammar
        self.parser = Parser(grammar, **options)
        self.text = ""
        self.events: list[Event] = []
        self.traced = traced
        self.previews = previews
        self.finished = False
        self._raw = options["limits"].raw if "limits" in options else 4096
        self._ids: set[str] = set()
        self._unseen = 0  # previews since the last that was looked at
        self._judges: list[Judge] = []  # one for each call
        self._arguments: list[list[str]] = []
        self._ended: list[bool] = []

    def _tile(self, kind: str, start: int, end: int) -> None:
        self.tiles.append((kind, start, end))

    def feed(self, fragment: str) -> list[Event]:
        events = self.parser.feed(fragment)
        self.text += fragment
        self._check(events)
        require(0 <= self.parser.held <= len(self.text), "8", "more is held than has come")
        return events

    def finish(self, reason: Reason = None) -> list[Event]:
        events = self.parser.finish(reason)
        self.finished = True
        self._check(events)
        require(all(self._ended), "6", "a call has no end")
        require(self.parser.held == 0, "3", "text is held after the end")
        require(self.parser.finish() == [], "6", "a second finish told something")
        if self.traced:
            self._check_tiles()
        return events

    def read(self, fragments: Iterable[str], reason: Reason = None) -> Told:
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
    def merged_tiles(self) -> list[Tile]:
        """The tiles with neighbours of one kind joined."""
        result: list[Tile] = []
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
                continue
            require(event.text, "6", "an empty delta")
            require(kind_of(event) != last, "6", "two neighbouring deltas of one kind")
            last = kind_of(event)
            if isinstance(event, ArgumentsDelta):
                require(event.index == self.open_call, "6", "arguments of a call that is not open")
                self._arguments[event.index].append(event.text)
                self._judges[event.index].read(event.text)
        self.events += events
        if self.previews:
            self.check_preview()

    def _check_call(self, event: ToolCallStart | ToolCallEnd) -> None:
        if isinstance(event, ToolCallStart):
            require(self.open_call is None, "6", "a call starts in a call, or its start is told twice")
            require(event.index == len(self._ended), "6", f"call {len(self._ended)} has the index {event.index}")
            require(event.name and event.name == event.name.strip(WHITESPACE), "6", f"the name {event.name!r}")
            require(event.id and event.id not in self._ids, "6", f"the id {event.id!r} is empty or not unique")
            self._ids.add(event.id)
            self._ended.append(False)
            self._arguments.append([])
            self._judges.append(Judge())
            return
        require(event.index == self.open_call, "6", "the end of a call that is not open")
        self._ended[event.index] = True
        require(len(event.raw) <= self._raw, "8", "`raw` is longer than its limit")
        require(
            (event.status == "complete") == (not event.error), "6", "an error of a complete call, or none of another"
        )
        if event.status == "complete":
            arguments = self.arguments(event.index)
            self._judges[event.index].close()
            whole = arguments[:1] == "{" and arguments[-1:] == "}"
            require(whole, "4", f"a complete call's arguments are no object: {shown(arguments)}")

    def check_preview(self) -> None:
        """With `closing_suffix` the arguments so far are a JSON object, at every moment; all of it is read each time,
        so the longer it is the fewer moments are looked at."""
        suffix = self.parser.closing_suffix()
        index = self.open_call
        if index is None:
            require(suffix == "", "4", f"no call is open, but its closing suffix is {suffix!r}")
            return
        whole = self.arguments(index) + suffix
        self._unseen += 1
        if self._unseen <= len(whole) // PREVIEWED:
            return
        self._unseen = 0
        judge = Judge()
        judge.read(whole)
        judge.close()
        require(whole.lstrip(WHITESPACE).startswith("{"), "4", f"a preview is no object: {shown(whole)}")

    def _check_tiles(self) -> None:
        at = 0
        for kind, start, end in self.tiles:
            require(kind in TILES, "3", f"a tile of an unknown kind: {kind}")
            require(start == at < end, "3", f"after the tiles up to {at} comes one from {start} to {end}")
            at = end
        require(at == len(self.text), "3", f"the tiles end at {at} of {len(self.text)} characters")
        told = self.told
        for kind, text in (("content", told.content), ("reasoning", told.reasoning)):
            tiled = "".join(self.text[start:end] for own, start, end in self.tiles if own == kind)
            require(tiled == text, "3", f"{kind} is {shown(text)}, but its tiles are {shown(tiled)}")


class Judge:
    """An independent incremental JSON parser (ijson): refuses text that is not the beginning of one JSON value."""

    def __init__(self) -> None:
        self._parser: Any = cast("Any", ijson).basic_parse_coro(_Nobody())

    def read(self, text: str) -> None:
        """Take in more of it. Raises Violation of law 4."""
        try:
            self._parser.send(_SURROGATE.sub(_masked, text).encode())
        except (ijson.JSONError, UnicodeEncodeError, StopIteration) as error:
            raise Violation("4", f"arguments are no JSON at {shown(text)}: {error}") from error

    def close(self) -> None:
        """The text is over. Raises Violation of law 4 if the value is not."""
        try:
            self._parser.close()
        except ijson.JSONError as error:
            raise Violation("4", f"arguments end before their object does: {error}") from error


class _Nobody:
    """Whom the judge tells what it finds."""

    def send(self, event: object) -> None:
        pass

    def close(self) -> None:
        pass


# yajl, which is strict otherwise, knows no escapes of lone surrogates; JSON does.
_SURROGATE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.|$)", re.DOTALL)


def _masked(escape: re.Match[str]) -> str:
    text = escape.group()
    require(len(text) == 6 or (len(text) == 2 and text[1] != "u"), "4", "half an escape was told")
    return "\\u0020" if text[1:3].lower() == "ud" and text[3] in "89ABCDEFabcdef" else text


def counted(number: int, what: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shown(text: str, most: int = 120) -> str:
    """A text for a message: its repr, the middle left out if it is long."""
    return repr(text) if len(text) <= most else f"{text[: most // 2]!r} … {text[-most // 2 :]!r}"


def work(run: Callable[[], object]) -> int:
    """How many functions are called, those written in C too: the same for every run. What compiled code calls by itself
    is not seen."""
    profile = cProfile.Profile(subcalls=False)
    profile.runcall(run)
    return sum(entry.callcount for entry in profile.getstats())
