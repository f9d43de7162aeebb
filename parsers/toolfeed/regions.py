"""A turn in regions: what stands between delimiters is content, reasoning, a call, or nothing.

The rules are those of response templates (formats.md, D4). In a region that was opened only its own closer counts;
where none is open, all openers do, and the closer of the region without an opener. Of the delimiters that match, the
one that starts first counts, then the longest, then openers before closers, then the region's name. Nothing is decided
while more text could change it.

A delimiter is looked for where its first character stands, and matched there, anchored, in a window of `Limits.header`
characters; so it does not matter how the text was cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import regex

from .coercion import WHITESPACE
from .errors import CannotExpress, GrammarError
from .grammar import Content, Grammar, Reasoning, Region, Start
from .notation import Item, Marker, NotationError, Payload, parse_template
from .patterns import LOOK_BEHIND, WAIT, Match, Pattern, PatternError
from .prefixes import prefixes
from .shapes import markers
from .whole import WholeError, WholeReader
from .whole import check as check_whole

LONGEST_LITERAL: Final = 128  # characters of a literal delimiter

_NO_GROUPS: Final[Mapping[str, str]] = {}
_ANYTHING: Final = r"[\s\S]"
_NEVER: Final[Callable[..., Any]] = re.compile("(?!)").search
_ALWAYS: Final[Callable[..., Any]] = re.compile("").search


class TimedOut(Exception):
    """A delimiter's pattern took too long: it is not looked for any more."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Delimiter:
    """What opens or closes a region: literals, the longest first, or a pattern. `key` is its own."""

    __slots__ = ("key", "literals", "opens", "pattern", "span")

    def __init__(self, span: Span, opens: bool, literals: tuple[str, ...], pattern: Pattern | None) -> None:
        self.span = span
        self.opens = opens
        self.key = f"{span.name} {'open' if opens else 'close'}"
        self.literals = tuple(sorted(dict.fromkeys(literals), key=len, reverse=True))
        self.pattern = pattern

    def at(self, text: str, pos: int, limit: int, final: bool) -> Match | None:
        """The match at text[pos:], None, or WAIT; `final`: the text is over."""
        n = len(text)
        pattern = self.pattern
        if pattern is not None:
            stop = min(n, pos + limit)
            try:
                return pattern.at(text, pos, stop, final and stop == n, not final and n - pos < limit)
            except TimeoutError:
                raise TimedOut(self.key) from None
        for literal in self.literals:
            if text.startswith(literal, pos):
                return Match(pos + len(literal), _NO_GROUPS)
            if not final and n - pos < len(literal) and literal.startswith(text[pos:]):
                return WAIT
        return None


class Found(NamedTuple):
    """Up to `start` the text is decided. `delimiter`: the one that stands there; without one, only more text can tell
    what does."""

    start: int
    end: int = -1
    delimiter: Delimiter | None = None
    groups: Mapping[str, str] = _NO_GROUPS


class Watch:
    """The delimiters that count in one state. `plain` finds nothing in text without any; `mark`, unless it is "", is
    all that it looks for. `looks_back`: what was before the text matters."""

    __slots__ = ("_at_start", "_delimiters", "_find", "looks_back", "mark", "plain")

    def __init__(self, delimiters: Iterable[Delimiter]) -> None:
        self._delimiters = tuple(delimiters)
        patterns = [delimiter.pattern for delimiter in self._delimiters if delimiter.pattern is not None]
        self.looks_back = any(pattern.looks_back or pattern.at_start for pattern in patterns)
        self._at_start = any(pattern.first.at_start for pattern in patterns)
        literals = [text for delimiter in self._delimiters for text in delimiter.literals]
        firsts = [pattern.first.classes for pattern in patterns]
        begins = [source for first in firsts for source in (first if first is not None else (_ANYTHING,))]
        classes = [*(re.escape(text[0]) for text in literals), *begins]
        self._find: Callable[..., Any] = _search(begins, prefixes(literals))
        self.mark = classes[0][-1] if len(set(classes)) == 1 and re.escape(classes[0][-1]) == classes[0] else ""
        self.plain: Callable[..., Any] = _search(classes)
        if any(self.plain(space) is not None for space in WHITESPACE):
            # What a delimiter may begin with that is held as whitespace is not seen again.
            self.plain, self.mark = _ALWAYS, ""

    def find(
        self, text: str, pos: int, before: str, limit: int, final: bool, off: frozenset[str], used: frozenset[str]
    ) -> Found:
        """The next delimiter in text[pos:]. `before`: what came before the text. `off`: those that are not looked for.
        `used`: those that have matched at `pos` without taking a character, and do not do so again.

        Raises TimedOut.
        """
        shift = len(before) if self.looks_back and pos < LOOK_BEHIND else 0
        text = before + text if shift else text
        i = pos = pos + shift
        n = len(text)
        while True:
            if not (i == 0 and self._at_start):
                found = self._find(text, i)
                i = n if found is None else found.start()
            if i == n and not final:
                return Found(n - shift)
            best = self._at(text, i, limit, final, off, used if i == pos else frozenset())
            if best is WAITING:
                return Found(i - shift)
            if best is not None:
                return best._replace(start=i - shift, end=best.end - shift)
            if i == n:
                return Found(n - shift)
            i += 1

    def _at(
        self, text: str, pos: int, limit: int, final: bool, off: frozenset[str], used: frozenset[str]
    ) -> Found | None:
        best: Found | None = None
        rank: tuple[int, bool, str] = (0, False, "")
        for delimiter in self._delimiters:
            if delimiter.key in off:
                continue
            match = delimiter.at(text, pos, limit, final)
            if match is WAIT:
                return WAITING
            if match is None or (match.end == pos and delimiter.key in used):
                continue
            own = (pos - match.end, not delimiter.opens, delimiter.span.name)
            if best is None or own < rank:
                best, rank = Found(pos, match.end, delimiter, match.groups), own
        return best


WAITING: Final = Found(-1)


def _search(classes: list[str], texts: str = "") -> Callable[..., Any]:
    """Finds one of these characters or classes, or what the pattern `texts` finds."""
    source = "|".join(dict.fromkeys([*([texts] if texts else ()), *classes]))
    if not source:
        return _NEVER
    alike = all(item in (r"\s", _ANYTHING) or item == re.escape(item[-1]) for item in classes)
    if alike:  # both dialects read it alike, and this one is quicker
        return re.compile(source).search
    return regex.compile(source, regex.DOTALL).search


class Span:
    """One region, compiled.

    `steps`: what may come behind its opener; none if it is no call, or is read when it closes, by `reader`. `watch`:
    what counts in it, `quiet`: if no call may open, `closing`: its closer alone.
    """

    __slots__ = (
        "closer",
        "closing",
        "id_group",
        "join",
        "name",
        "name_group",
        "opener",
        "quiet",
        "reader",
        "required",
        "steps",
        "strip",
        "to",
        "watch",
    )

    def __init__(self, name: str, region: Region) -> None:
        self.name = name
        self.to = region.to
        self.strip = region.strip
        self.join = region.join
        self.required = region.required
        self.name_group = region.name_group
        self.id_group = region.id_group
        self.reader = WholeReader(region.whole) if region.whole is not None else None
        self.steps: frozenset[int] = frozenset()
        opens = Pattern(region.open_pattern) if region.open_pattern else None
        closes = Pattern(region.close_pattern) if region.close_pattern else None
        self.opener = Delimiter(self, True, region.open, opens) if region.open or opens else None
        self.closer = Delimiter(self, False, region.close, closes) if region.close or closes else None
        self.closing = Watch([self.closer] if self.closer is not None else [])
        self.watch = self.quiet = self.closing

    @property
    def silent(self) -> bool:
        """Whether its text is told to nobody."""
        return self.to == "nothing"


class Regions:
    """The compiled regions of a grammar.

    `implicit`: the one that the turn is in while no other is open. `reasoning`: the one of a turn that begins in
    reasoning. `required`: those that a turn has to have. `looks_back`: whether it matters what came before a delimiter,
    `keeps_all`: and which characters.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.spans = {name: Span(name, region) for name, region in grammar.regions.items()}
        spans = self.spans.values()
        without = [span for span in spans if span.opener is None]
        self.implicit = without[0] if without else Span("", Region(to="nothing"))
        openers = [span.opener for span in spans if span.opener is not None]
        exact = any(span.join for span in spans)  # which whitespace a delimiter takes decides whether a region is empty
        for span in {id(span): span for span in (*spans, self.implicit)}.values():
            own = [span.closer] if span.closer is not None else []
            every = [*openers, *own] if span is self.implicit else own
            if span.strip and not exact:
                every = [_trimmed(delimiter) for delimiter in every]
            span.watch = Watch(every)
            span.quiet = Watch(delimiter for delimiter in every if delimiter.span.to != "call")
        self.keeps_all = any(
            delimiter.pattern is not None and delimiter.pattern.looks_back
            for span in spans
            for delimiter in (span.opener, span.closer)
            if delimiter is not None
        )
        watches = [watch for span in (*spans, self.implicit) for watch in (span.watch, span.closing)]
        self.looks_back = any(watch.looks_back for watch in watches)
        self.required = frozenset(span.name for span in spans if span.required)
        reasoning = [span for span in (self.implicit, *spans) if span.to == "reasoning"]
        self.reasoning = reasoning[0] if reasoning else self.implicit
        self._anchors = sorted(grammar.start.anchor, key=len, reverse=True)
        self._anchor = Pattern(grammar.start.anchor_pattern) if grammar.start.anchor_pattern else None

    def behind_anchor(self, prompt: str) -> str:
        """What of the prompt belongs to the turn: all behind the last anchor, or all of it if there is none."""
        if self._anchor is not None:
            try:
                ends = [match.end() for match in self._anchor.each(prompt)]
            except TimeoutError:
                ends = []
            return prompt[ends[-1] :] if ends else prompt
        anchors = "|".join(re.escape(text) for text in self._anchors)
        ends = [match.end() for match in re.finditer(anchors, prompt)] if anchors else []
        return prompt[ends[-1] :] if ends else prompt


def behind(before: str, text: str) -> str:
    """What a delimiter may still look back at when `text` has followed `before`."""
    return (before + text[-LOOK_BEHIND:])[-LOOK_BEHIND:]


def _trimmed(delimiter: Delimiter) -> Delimiter:
    if delimiter.pattern is None:
        return delimiter
    return Delimiter(delimiter.span, delimiter.opens, (), delimiter.pattern.trimmed())


# -- what is checked of regions ----------------------------------------------------------------------------------------


def check(grammar: Grammar) -> None:
    """Raises GrammarError for regions that nothing could be read by."""
    calls = grammar.calls
    for key, beside in (
        ("reasoning", grammar.reasoning),
        ("content", grammar.content),
        ("messages", grammar.messages),
        ("calls.section", calls.section),
        ("calls.call", calls.call),
        ("absorb", grammar.absorb),
        ("turn_end", grammar.turn_end),
        ("repair", grammar.repair),
    ):
        if beside:
            raise GrammarError("has no meaning beside [regions]; a region says the same", key=key)
    without = [name for name, region in grammar.regions.items() if not region.open and not region.open_pattern]
    if len(without) > 1:
        raise GrammarError(f"only one region may have no opener, not {', '.join(without)}", key="regions")
    for name, region in grammar.regions.items():
        _check(grammar, region, f"regions.{name}")
    if grammar.start.anchor_pattern:
        _pattern(grammar.start.anchor_pattern, "start.anchor_pattern")
    if grammar.start.prompts:
        raise GrammarError("has no meaning with [regions]; give start.anchor", key="start.prompts")


def _check(grammar: Grammar, region: Region, key: str) -> None:
    names: dict[str, tuple[str, ...]] = {}
    for side, texts, pattern in (
        ("open", region.open, region.open_pattern),
        ("close", region.close, region.close_pattern),
    ):
        if texts and pattern:
            raise GrammarError(f"stands beside {side}_pattern; only one of them can count", key=f"{key}.{side}")
        if not all(texts):
            raise GrammarError("holds an empty marker", key=f"{key}.{side}")
        if any(len(text) > LONGEST_LITERAL for text in texts):
            raise GrammarError(f"holds a marker of more than {LONGEST_LITERAL} characters", key=f"{key}.{side}")
        names[side] = _pattern(pattern, f"{key}.{side}_pattern").names if pattern else ()
    if region.to != "call":
        if region.body or region.whole is not None or region.name_group or region.id_group:
            raise GrammarError('has keys that only a call has; say to = "call"', key=key)
        return
    if not region.open and not region.open_pattern:
        raise GrammarError("has no opener, so nothing tells a call from text", key=key)
    if region.join:
        raise GrammarError("joins texts, and calls are none", key=f"{key}.join")
    if bool(region.body) == (region.whole is not None):
        raise GrammarError("says how its call is read, by either body or whole", key=key)
    for group in ("name_group", "id_group"):
        if getattr(region, group) and getattr(region, group) not in names["open"]:
            raise GrammarError("is no group of open_pattern", key=f"{key}.{group}")
    if region.whole is not None:
        try:
            check_whole(region.whole, (*names["open"], *names["close"]))
        except WholeError as error:
            raise GrammarError(str(error), key=f"{key}.whole.{error.key}") from None
        return
    _check_body(grammar, region, key)


def _check_body(grammar: Grammar, region: Region, key: str) -> None:
    place = f"{key}.body"
    try:
        items = parse_template(region.body)
    except NotationError as error:
        raise GrammarError(str(error), key=place) from None
    payload = items[0]
    if len(items) != 1 or not isinstance(payload, Payload) or payload.what == "value":
        raise GrammarError("is one of {call:…}, {calls:…} and {arguments:…}, and nothing else", key=place)
    if payload.what == "arguments" and not region.name_group:
        raise GrammarError("has no name: say which group of open_pattern holds it", key=f"{key}.name_group")
    if payload.what != "arguments" and (region.name_group or region.id_group):
        raise GrammarError("has a name in its opener, but the codec of its body reads the name itself", key=key)
    if payload.codec in ("object", "quoted") and not grammar.calls.strings:
        raise GrammarError("says what stands on both sides of a string in object notation", key="calls.strings")
    if payload.codec == "inline" and not grammar.calls.parameter:
        raise GrammarError("holds {arguments:inline}, but there is no `parameter` template", key=place)
    if not all(text.strip() for text in region.close):
        raise GrammarError("is whitespace, which cannot close a call that streams", key=f"{key}.close")
    if region.close_pattern and markers(Pattern(region.close_pattern).ways_inside()) is None:
        raise GrammarError(
            "is more than literals with whitespace between them, so the call cannot stream; use whole",
            key=f"{key}.close_pattern",
        )


def _pattern(source: str, key: str) -> Pattern:
    try:
        return Pattern(source)
    except PatternError as error:
        raise GrammarError(str(error), key=key) from None


# -- what is written ---------------------------------------------------------------------------------------------------


_NO_LINE: Final = "<call>{call:json}</call>"  # a grammar has to have one; what is written is `Form.calls`


class Form(NamedTuple):
    """How a turn is written: a grammar without regions, and the template of its calls, which no line could say: the
    literals of regions are not in the notation of lines."""

    grammar: Grammar
    calls: tuple[tuple[Item, ...], ...]


def written(grammar: Grammar, content: bool, reasoning: bool, calls: bool) -> Form:
    """The form of a turn with these parts: what the grammar's regions say, as far as literals say it.

    Raises CannotExpress with the reason for a part that only a pattern opens or closes, or that is read whole.
    """
    text = _part(grammar, "content") if content else None
    thought = _part(grammar, "reasoning") if reasoning else None
    template: tuple[Item, ...] = ()
    if calls:
        region = _part(grammar, "call")
        if not region.body:
            raise CannotExpress(
                f"a call: {grammar.name} reads the region of one whole, and so does not say how it is written"
            )
        template = call_template(region)
    form = msgspec.structs.replace(
        grammar,
        regions={},
        start=Start(state=grammar.start.state if thought is not None else "content"),
        reasoning=Reasoning(open=thought.open[:1], close=thought.close[:1]) if thought is not None else None,
        content=Content(open=text.open[:1], close=text.close[:1]) if text is not None and text.open else None,
        calls=msgspec.structs.replace(grammar.calls, call=(_NO_LINE,), parameter=()),
    )
    return Form(form, (template,) if template else ())


def call_template(region: Region) -> tuple[Item, ...]:
    """A call between the region's first literals. Its opener is one, and it has a body."""
    return (Marker(region.open[0]), *parse_template(region.body), *map(Marker, region.close[:1]))


def _part(grammar: Grammar, to: str) -> Region:
    """The region that is written for content, reasoning or a call."""
    found = [region for region in grammar.regions.values() if region.to == to]
    if not found:
        raise CannotExpress(f"{to}: {grammar.name} has no region for it")
    bare = (region for region in found if to == "content" and not region.open and not region.open_pattern)
    plain = (region for region in found if not region.open_pattern and not region.close_pattern)
    region = next(bare, None) or next(plain, None)
    if region is None:
        raise CannotExpress(f"{to}: a pattern opens or closes it in {grammar.name}, which says no text to write")
    if to == "reasoning" and not (region.open and region.close):
        raise CannotExpress(f"{to}: {grammar.name} has no markers for it")
    return region


__all__ = [
    "Delimiter",
    "Form",
    "Found",
    "Regions",
    "Span",
    "TimedOut",
    "Watch",
    "behind",
    "call_template",
    "check",
    "written",
]
