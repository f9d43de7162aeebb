"""A grammar, compiled: for every state the markers that may come next, and the patterns that find them.

The template lines become *steps*: one for each marker, tag, field and payload. A state of the framing is the set of
steps that may come next (its `Node`), so that alternatives which begin alike need no look-ahead: they are read together
until they differ. Optional markers put the step behind them into the set too. Nodes are made when first needed and
shared by all parsers of the grammar; a node made twice by two threads is the same node.

Patterns are only ever matched anchored, where `find` saw a first character; they hold no nested repetition and their
text is bounded by `Limits.header`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

import regex

from .codecs.inline import Tags
from .codecs.raw_value import Exit
from .codecs.tagged import ARRAY, OBJECT
from .grammar import Grammar, Region
from .headers import Headers
from .lanes import Lanes, find_lanes
from .notation import Field, Item, Marker, Payload, Slot, Space, Tag, parse_template
from .patterns import Pattern
from .prefixes import prefixes
from .regions import Regions, Span
from .shapes import markers

Role: TypeAlias = Literal[
    "section_open", "open", "section_close", "parameter", "closer", "payload", "value", "value_close", "nest_close"
]
BranchKind: TypeAlias = Literal[
    "step",
    "reasoning_open",
    "reasoning_close",
    "absorb",
    "turn_end",
    "separator",
    "content_open",
    "content_close",
    "message_close",
    "header",
]

WHITESPACE: Final = " \t\r\n"
SPACES: Final = re.compile(r"[ \t\r\n]*")

# What a payload can begin with, after whitespace; and what stands behind a bracket, where payloads begin alike.
_FIRST: Final = {
    "arguments:json": '{"n',
    "arguments:object": "{",
    "arguments:quoted": "{",
    "arguments:inline": "",
    "call:json": "{[",
    "calls:json": "[{",
    "call:keyed": "{[",
    "calls:keyed": "[{",
    "calls:literal": "[{",
    "calls:python": "[",
    "value:json": '{["-0123456789tfn',
}
_PYTHON_FIRST: Final = "'TFN"  # what else a value can begin with that Python writes
# Brackets that begin no bare call, as what stands behind them shows: no call object, no list, no list of Python calls.
_NO_OBJECT: Final = r"\{[^\s\"'}]"
_NO_LIST: Final = r"\[[^\s{\]]"
_NO_PYTHON: Final = r"\[(?:[^\s\w\]]|\d|[\w.\-]{1,64}?\.[\d.(]|[\w.\-]{1,64}+[^\w.\-(])"
_UNDECIDED: Final = r"[\[{]\Z"
_UNDECIDED_PYTHON: Final = r"\[[\w.\-]{0,64}\Z"
_FENCE: Final = "```json"
_NO_CALL: Final = '[-"0123456789'  # what an element of a list begins with that is no call, and no Python either
_BEHIND_BRACKET: Final = {
    "json": "{]",
    "keyed": "{]",
    "literal": "{]",
    "object": "",
    "quoted": "",
    "python": "]",
    "inline": "",
}


class Usual:
    """A marker as its template writes it, found without a pattern that may match in part.

    `text`: all of it, or with a word in each of its fields; for those `match` finds it, with the fields' groups.
    `pattern`: without groups.
    """

    __slots__ = ("match", "pattern", "text")

    def __init__(self, tag: Tag) -> None:
        word = r"[\w.\-]{1,64}"
        text = groups = pattern = ""
        for part in tag.parts:
            text += "x" if isinstance(part, Field) else part
            groups += f"(?P<{part.name}>{word})" if isinstance(part, Field) else re.escape(part)
            pattern += word if isinstance(part, Field) else re.escape(part)
        self.text = text
        self.pattern = pattern
        self.match: Callable[..., re.Match[str] | None] | None = re.compile(groups).match if tag.fields else None

    def hides(self, other: Form) -> bool:
        """Whether the other marker, which goes first, may stand where this one is found."""
        literal = other.usual is not None and other.usual.match is None
        if self.match is not None and literal and other.text[:2] == self.text[:2]:
            return True  # a word in a field might be what that one says
        return regex.compile(other.pattern, regex.VERSION1).match(self.text, partial=True) is not None


class Form:
    """One way to write a marker or tag: the literal text that it begins with, its pattern, what a search looks for."""

    __slots__ = ("misspelt", "pattern", "starts", "tag", "text", "usual")

    def __init__(
        self, text: str, pattern: str, starts: list[str], tag: bool = False, usual: Usual | None = None
    ) -> None:
        self.text = text
        self.usual = usual
        self.tag = tag
        self.misspelt = False  # only a repair spells it so
        self.pattern = pattern
        self.starts = starts


class Step:
    """One thing that a template expects, and what may come after it."""

    __slots__ = (
        "again",
        "anything",
        "at_start",
        "begins",
        "behind",
        "breaks",
        "closed",
        "ends",
        "ends_with_closer",
        "fields",
        "first",
        "forms",
        "id",
        "in_words",
        "item",
        "led",
        "line",
        "line_ends",
        "lone",
        "named",
        "nest",
        "next",
        "optional",
        "outer",
        "ready",
        "repaired",
        "role",
        "second",
        "undecided",
        "unlike",
        "wrapped",
    )

    def __init__(self, number: int, role: Role, item: Item, forms: tuple[Form, ...], optional: bool) -> None:
        self.id = number
        self.role: Role = role
        self.item = item
        self.forms = forms  # a marker's or tag's spellings
        self.optional = optional
        self.next: tuple[Ready, ...] = ()
        self.ready: frozenset[int] = frozenset()  # the numbers of those steps
        self.closed = False  # the call's closer is among them
        self.ends = False  # a name that is all there is of a call, at the end of the text
        self.fields: tuple[str, ...] = ()
        self.first = ""  # the characters that a payload can begin with
        self.anything = False  # it can begin with any
        self.in_words = False  # an ordinary word is its opener, so only a list with a call in it, right behind, counts
        self.named = False  # it may also begin with a name
        self.repaired = False  # of a template that only a repair reads
        self.at_start = False  # a bare JSON payload, which may begin at the start of the text only
        self.second = ""  # and those behind its bracket
        # Of a bare payload, anchored: what looks like its beginning and is none, and what does not show that yet.
        self.unlike: Callable[[str, int], object] | None = None
        self.undecided: Callable[[str, int], object] | None = None
        self.begins = False  # a call or a section can begin with it
        self.line = False  # where it is missing, what follows it has to begin a line
        self.outer = False  # a closer behind the call's own
        self.again: frozenset[int] = frozenset()  # these, or the payload once more
        self.ends_with_closer = False  # a call of this payload does, and not with its own bracket
        self.breaks = 1  # line breaks around a raw value's closer, which are framing where it is missing
        self.line_ends = False  # a field that a line break ends
        self.led = False  # an opener that has the name before it
        self.lone = False  # it opens a value whose key has come before
        self.wrapped = True  # something stands before it in its template: a payload that is not is bare
        self.nest: Nest | None = None  # it opens an object or array of tagged values
        self.behind: frozenset[int] = frozenset()  # these may come behind that, or behind a raw value and its closer

    def begins_with(self, char: str) -> bool:
        """Whether a payload can begin with this character."""
        return self.anything or char in self.first or (self.named and _begins_name(char))

    def goes_on_with(self, char: str) -> bool:
        """Whether this character can stand behind a payload's bracket."""
        item = self.item
        return char in self.second or (isinstance(item, Payload) and item.codec == "python" and _begins_name(char))


def _begins_name(char: str) -> bool:
    return char == "_" or char.isalpha()


class Nest:
    """An object or array of tagged values: its closer in JSON, the templates of its members, what closes it."""

    __slots__ = ("children", "closer", "closers")

    def __init__(self, closer: int) -> None:
        self.closer = closer
        self.children: list[list[Step]] = []
        self.closers: list[Step] = []

    def first(self, outer: Callable[[str], list[Ready]]) -> list[Ready]:
        """What may come where a member begins, or behind one; `outer` is what comes when all closers are left out."""
        members = [ready for child in self.children for ready in _first(child, lambda missing: [])]
        return [*members, *_first(self.closers, outer)]

    def link(self, outer: Callable[[str], list[Ready]]) -> None:
        for child in self.children:
            _link_value(child, lambda missing: _left_out_all(self.first(outer), missing), outer)
        _link(self.closers, outer)
        self.closers[-1].next = ()  # what the opener says


class Ready:
    """A step that may come next, and whether markers that should stand before it were left out."""

    __slots__ = ("missing", "step")

    def __init__(self, step: Step, missing: str = "") -> None:
        self.step = step
        self.missing = missing  # "", "opener" or "closer": what was left out


class Branch:
    """What matching one of a node's markers means."""

    __slots__ = (
        "anywhere",
        "begins",
        "closes",
        "confirm",
        "damaged",
        "fields",
        "grows",
        "grows_alike",
        "inner",
        "kind",
        "known",
        "led",
        "line",
        "lone",
        "missing",
        "misspelt",
        "otherwise",
        "ready",
        "repaired",
        "role",
        "steps",
    )

    def __init__(self, kind: BranchKind, role: Role, steps: tuple[Step, ...], missing: str = "") -> None:
        self.kind: BranchKind = kind
        self.role: Role = role
        self.steps = steps
        self.missing = missing
        self.line = missing == "line"
        self.fields = steps[0].fields if steps else ()
        # A wrapper is missing and the opener carries the name, so the name is complete before anything else spoke
        # for a call: a known name or one more marker has to.
        self.confirm = bool(missing) and "name" in self.fields
        self.begins = any(step.begins for step in steps)
        self.lone = bool(steps) and all(step.lone for step in steps)
        self.misspelt = False  # only a repair spells it so
        self.damaged = False  # it is to be noted
        self.inner = False  # all that it says inside a call is what may come next
        self.known = False  # it opens a call of a declared tool only
        self.led: Step | None = None  # the same marker, with the name before it
        self.repaired = bool(steps) and all(step.repaired for step in steps)
        self.anywhere = False  # a marker around content that counts wherever it stands
        self.otherwise: Branch | None = None  # what a token that does not end the turn is
        self.grows: Callable[..., Any] | None = None  # anchored and partial: a marker that begins with this one
        self.grows_alike = False  # and it means the same
        self.closes = role in ("closer", "section_close")
        self.ready = _ready(steps)

    def is_inner(self) -> bool:
        """Whether it neither begins nor ends anything, and holds no field."""
        ends = self.closes or self.role == "nest_close"
        return not (ends or self.begins or self.damaged or self.lone or self.fields or self.steps[0].nest is not None)


def _ready(steps: Iterable[Step]) -> frozenset[int]:
    """What may come behind any of these."""
    return frozenset[int]().union(*(step.ready for step in steps))


class Node:
    """What may come next in one state."""

    __slots__ = (
        "_groups",
        "anywhere",
        "branches",
        "ends",
        "field",
        "field_ready",
        "find",
        "first",
        "framed",
        "in_words",
        "inner",
        "line_ends",
        "literals",
        "mark",
        "match",
        "other",
        "parameters",
        "payloads",
        "placed",
        "plain",
        "raw",
        "speaking",
        "stop",
        "tags",
        "undecided",
        "unlike",
        "waits",
    )

    def __init__(self) -> None:
        self.find: Callable[[str, int], re.Match[str] | None] = _nothing  # where a marker may begin
        self.match: Callable[..., Any] | None = None  # anchored and partial: which marker it is
        # What `match` would say, whatever comes behind: of markers that are one text, of tags as templates write them.
        self.literals: tuple[tuple[str, Branch], ...] = ()
        self.tags: tuple[tuple[Callable[..., re.Match[str] | None], Branch], ...] = ()
        self.anywhere: Callable[..., Any] | None = None  # the same of those that count wherever they stand
        # The same of those that speak for a call whose name alone does not: they open no other. A closer does so only
        # for a name that may not be words, and is not among the second ones.
        self.inner: Callable[..., Any] | None = None
        self.speaking: Callable[..., Any] | None = None
        self.placed = False  # there are others, which count at a region's start and where a line begins
        self.first = ""  # the markers' first characters
        self.branches: tuple[Branch, ...] = ()
        self._groups: dict[str, Branch] = {}
        self.payloads: tuple[Step, ...] = ()
        self.ends = False  # the field may be a name at the end of the text
        self.field: str = ""  # a field that stands between markers
        self.field_ready: frozenset[int] = frozenset()  # what may come behind it
        self.line_ends = False  # a line break ends it
        self.stop: re.Pattern[str] | None = None  # the characters that can end the field
        self.raw: Step | None = None  # a raw value
        self.framed: Step | None = None  # the same, if it begins in a line break, which is damage
        self.parameters = False  # tagged parameters
        self.plain: Callable[[str], object] = NOTHING  # finds nothing in text without a marker
        self.in_words = False  # only a payload may come whose opener is an ordinary word, right behind it
        self.mark = ""  # the character that `plain` looks for, if it is a single one, or one of two
        self.other = ""  # and the second
        self.waits = ""  # the characters that may begin what counts anywhere, and need more to show it
        self.unlike: Callable[[str, int], object] | None = None  # see Step: of the only bare payload
        self.undecided: Callable[[str, int], object] | None = None

    def set_branches(self, branches: Iterable[Branch]) -> None:
        self.branches = tuple(branches)
        self._groups = {f"b{i}": branch for i, branch in enumerate(self.branches)}

    def branch(self, match: Any) -> Branch:
        """The branch whose marker this match of `match` is."""
        branch = self._groups.get(match.lastgroup)
        if branch is not None:
            return branch
        return next(branch for group, branch in self._groups.items() if match.start(group) >= 0)


NOTHING: Final = re.compile("(?!)").search  # what is plain where no marker may stand
_ALWAYS: Final = re.compile("").search


def _nothing(text: str, pos: int) -> re.Match[str] | None:
    return None


class Program:
    """The compiled grammar that all its parsers share."""

    def __init__(self, grammar: Grammar, repair: bool = False) -> None:
        self.grammar = grammar
        calls = grammar.calls
        damage = grammar.repair if repair else None
        self._parameters = grammar.parameters
        self._repaired: frozenset[str] = frozenset(damage.optional if damage else ())
        optional = (*calls.optional, *(damage.optional if damage else ()))
        self._optional = {text.lstrip("\n") for text in optional}
        # Without these, what follows them counts at the start of a line only.
        self._line_optional = {text.lstrip("\n") for text in optional if text.startswith("\n")}
        self._spellings: dict[str, tuple[str, ...]] = dict(grammar.spellings)
        self._misspellings: dict[str, tuple[str, ...]] = dict(damage.spellings) if damage else {}
        self.method = damage.method if damage else ""
        self.unwrap = frozenset(damage.unwrap if damage else ())
        self._known = frozenset(damage.known if damage else ())
        unnamed = "|".join(
            re.escape(text).replace(r"\{number\}", r"\d+") for text in (damage.unnamed if damage else ())
        )
        self.unnamed = re.compile(unnamed) if unnamed else None
        if repair:
            self._spellings[_FENCE] = (*self._spellings.get(_FENCE, ()), "```")
        self.absorb = (*grammar.absorb, *(damage.absorb if damage else ()))
        self.steps: list[Step] = []
        self._nodes: dict[object, Node] = {}
        self._exits: dict[int, Exit] = {}
        self._lanes: Lanes | None = None
        self._repair = repair
        self._pending: dict[frozenset[int], frozenset[int]] = {}
        self._closers: dict[frozenset[int], Callable[..., Any]] = {}
        self._id_follows: dict[frozenset[int], bool] = {}
        self._inline: dict[int, Tags] = {}
        self.section_closers: frozenset[int] = frozenset()
        self.message_body: frozenset[int] = frozenset()
        self.openers: tuple[Ready, ...] = ()
        self.section_openers: frozenset[int] = frozenset()
        self.regions = Regions(grammar) if grammar.regions else None
        messages = grammar.messages
        sections = [self._template(line) for line in calls.section]
        bodies = [self._template(line) for line in calls.call]
        in_messages = [self._template(messages.body)] if messages is not None else []
        damaged = [self._template(line) for line in (damage.call if damage else ())]
        written = [(sections, False), ([*bodies, *damaged], False), (in_messages, True)]
        fenced = [_fenced(found, wrapped) if repair else [] for found, wrapped in written]
        self._damaged = frozenset([*damaged, *(template for found in fenced for template in found)])
        sections += fenced[0]
        bodies += [*damaged, *fenced[1]]
        in_messages += fenced[2]
        values = [self._template(line) for line in calls.parameter]
        damaged_values = [self._template(line) for line in (damage.parameter if damage else ())]
        lone = [self._template(line) for line in (damage.value if damage else ())]
        self.lone_values = bool(lone)
        self._damaged |= frozenset((*damaged_values, *lone))
        values += [*damaged_values, *lone]
        items = [self._template(line) for line in calls.item]
        every = [item for template in (*sections, *bodies, *values, *items) for item in template]
        self._tags = frozenset(str(item.parts[0]) for item in every if isinstance(item, Tag))  # how they begin
        self._build(
            sections,
            bodies,
            _Values(values, items),
            in_messages,
            messages.close if messages is not None else (),
        )
        self.headers = Headers(grammar.messages) if grammar.messages is not None else None
        self.quiet = Headers(grammar.messages, calls=False) if grammar.messages is not None else None
        self.separator = calls.separator.strip() if not self.section_closers else ""
        tokens = "|".join(re.escape(token) for token in grammar.turn_end)
        self.name_at_end = re.compile(rf"(?P<name>[\w.\-]+)(?P<tokens>(?:\s|{tokens or '(?!)'})*)\Z").match
        self.turn_end = re.compile(rf"(?:(?:{tokens})[ \t\r\n]*)+") if tokens else None
        self.keys = calls.keys
        self.id_pattern = id_patterns(calls.id) if calls.id else None
        reasoning = grammar.reasoning
        self.reasoning_open = tuple(text.strip() for text in reasoning.open) if reasoning else ()
        self.reasoning_close = tuple(text.strip() for text in reasoning.close) if reasoning else ()
        self.call_in_reasoning = reasoning.calls if reasoning else "text"
        self.reasoning_begins = reasoning.begins if reasoning else "line"
        reasons = messages is not None and any(route.to == "reasoning" for route in messages.routes)
        self.reasons = reasoning is not None or reasons
        self.begins_in_reasoning = self.reasons and grammar.start.state == "reasoning"
        self.bare_known = calls.bare == "known" or (damage is not None and damage.bare == "known")

    @property
    def lanes(self) -> Lanes:
        """What the template writes where nothing is told; found when it is first asked for."""
        lanes = self._lanes
        if lanes is None:
            self._lanes = {}  # while they are being looked for there are none
            lanes = self._lanes = find_lanes(self.grammar, self._repair)
        return lanes

    # -- steps ---------------------------------------------------------------------------------------------------

    def _build(
        self,
        sections: list[tuple[Item, ...]],
        calls: list[tuple[Item, ...]],
        values: _Values,
        in_messages: list[tuple[Item, ...]],
        message_close: tuple[str, ...],
    ) -> None:
        """Make the steps of all templates and say what follows what."""
        led = [self._call(template, values) for template in calls if isinstance(template[0], Field)]
        calls = [template for template in calls if not isinstance(template[0], Field)]
        slotted = [section for section in sections if Slot("calls") in section]
        whole = [section for section in sections if Slot("calls") not in section]
        heads = [self._sequence(section[: section.index(Slot("calls"))], "section_open") for section in slotted]
        tails = [self._sequence(section[section.index(Slot("calls")) + 1 :], "section_close") for section in slotted]
        bodies = [self._call(template, values) for template in [*whole, *calls]]
        in_slot = bodies[len(whole) :]

        call_first = [ready for body in in_slot for ready in body.first()]
        section_close = [Ready(tail[0]) for tail in tails if tail]
        openers: list[Ready] = []
        for head in heads:
            openers += _first(head, lambda missing: [_left_out(ready, missing) for ready in call_first])
        for body in bodies[: len(whole)]:
            openers += body.first()
        if not slotted:
            openers += call_first
        self.openers = _unique(openers)
        # After a call whose closers may be missing: the section's closer, the next call, a new section.
        after_call = _unique([*section_close, *(call_first if slotted else ()), *openers])

        for head in heads:
            _link(head, lambda missing: [_left_out(ready, missing) for ready in call_first])
        for head, tail in zip(heads, tails, strict=True):
            if head and tail:  # a section without calls
                head[-1].next = _unique([*head[-1].next, Ready(tail[0])])
        for tail in tails:
            _link(tail, lambda missing: [])
        for body in (*bodies, *led):
            body.link(after_call)
        self.led = [body.parts[0] for body in led if isinstance(body.parts[0], Step)]
        self._led_by = tuple(dict.fromkeys(form.text for step in self.led for form in step.forms))
        for template in in_messages:  # a call's body in a message, whose opener is a header
            body = self._call(template, values, wrapped=True)
            if message_close:
                closer = self._step("closer", Marker(message_close[0]))
                closer.forms = tuple(self._text_form(text) for text in message_close)
                body.parts.append(closer)
            body.link(())
            self.message_body |= frozenset(ready.step.id for ready in body.first())
        for span in self.regions.spans.values() if self.regions is not None else ():
            if self.grammar.regions[span.name].body:
                span.steps = self._region_body(self.grammar.regions[span.name])
        self.section_closers = frozenset(ready.step.id for ready in section_close)
        self.section_openers = frozenset(step.id for head in heads for step in head)
        self.call_first = _unique(call_first) if slotted else ()
        for ready in (*self.openers, *self.call_first):
            ready.step.begins = True
        self.first_steps = frozenset(ready.step.id for ready in self.openers)
        for step in self.steps:
            step.ready = frozenset(entry.step.id for entry in step.next)
            step.closed = any(entry.step.role == "closer" for entry in step.next)
        for step in self.steps:
            if step.role == "value":
                step.behind = _ready(entry.step for entry in step.next if entry.step.role == "value_close")
            if isinstance(step.item, Payload) and step.item.what == "call":
                step.again = step.ready | {step.id}
                step.ends_with_closer = self.has_closers(step)
            if step.role == "payload" and not step.wrapped:
                self._set_bare(step)

    def _sequence(self, items: Iterable[Item], role: Role) -> list[Step]:
        return [self._step(role, item) for item in items if not isinstance(item, Space)]

    def _step(self, role: Role, item: Item) -> Step:
        forms: list[Form] = []
        optional = line = False
        if isinstance(item, Marker | Tag):
            is_tag = isinstance(item, Tag)
            forms += [self._text_form(text, is_tag) for text in (item.text, *_spelt(item.text, self._spellings))]
            for text in _spelt(item.text, self._misspellings):
                forms.append(self._text_form(text, is_tag))
                forms[-1].misspelt = True
            optional = item.text in self._optional
            line = item.text in self._line_optional
        step = Step(len(self.steps), role, item, tuple(forms), optional)
        step.line = line
        if isinstance(item, Tag):
            step.fields = tuple(field for field in item.fields if field not in self._parameters)
        self.steps.append(step)
        return step

    def _template(self, line: str) -> tuple[Item, ...]:
        return parse_template(line, self._parameters)

    def _form(self, item: Marker | Tag) -> Form:
        if isinstance(item, Marker):
            if not _ATTRIBUTE.search(item.text):
                return _literal(item.text)
            item = Tag((item.text,))
        head = item.parts[0]
        assert isinstance(head, str)
        # A detokenizer may have put a space behind the first character.
        pattern = _tag_pattern(item, self._parameters)
        return Form(head, pattern, [head[:2], head[0] + " "], tag=True, usual=Usual(item))

    def _text_form(self, text: str, fields: bool = True) -> Form:
        """The form of a marker's or tag's text. `fields`: whether braces in it stand for one."""
        if self._closes_tag(text):
            words = text[2:-1].split()
            pattern = "< */ *" + " +".join(regex.escape(word, special_only=True) for word in words) + " *>"
            return Form(text, pattern, [text[:2] + words[0], "</ ", "< "], usual=Usual(Tag((text,))))
        if not fields and ("{" in text or "}" in text):
            return self._form(Marker(text))
        if "{" not in text and not _ATTRIBUTE.search(text):
            return _literal(text)
        forms = [self._form(item) for item in self._template(text) if isinstance(item, Marker | Tag)]
        return forms[0] if len(forms) == 1 else _literal(text)

    def _closes_tag(self, text: str) -> bool:
        """Whether `</name>` closes a tag that begins with `<name`; a detokenizer may have put spaces into both."""
        if not text.startswith("</") or not text.endswith(">") or "{" in text:
            return False
        name = text[2:-1]
        return any(tag.startswith("<" + name) and tag[len(name) + 1 :][:1] in (" ", "=") for tag in self._tags)

    def _call(self, template: tuple[Item, ...], values: _Values, wrapped: bool = False) -> _Body:
        """The steps of one call template; its parameter templates are made anew, so that they know what follows.
        `wrapped`: something stands before it."""
        steps: list[Step | list[list[Step]]] = []
        nests: dict[tuple[Item, ...], Nest] = {}
        damaged = template in self._damaged
        led = isinstance(template[0], Field)
        closing = False
        for i, item in enumerate(template):
            if isinstance(item, Space) or (led and not i):
                continue
            if isinstance(item, Slot):
                steps.append([self._value(parameter, values, nests) for parameter in values.parameters])
                closing = True
                continue
            if isinstance(item, Payload):
                step = self._step("payload", item)
                step.first = _FIRST[f"{item.what}:{item.codec}"]
                step.second = _BEHIND_BRACKET[item.codec]
                step.wrapped = wrapped or bool(steps)
                if step.wrapped and step.second and item.codec != "python":
                    step.second += _NO_CALL
                before = template[i - 1] if i else None
                step.in_words = before != Marker(_FENCE) and isinstance(before, Marker) and before.text[-1:].isalnum()
                if item.what == "arguments" and (not step.wrapped or self.grammar.calls.commit == "arguments"):
                    step.first = "{"
                if item.codec in ("object", "quoted") and self._repair:
                    step.first += "("
                elif led:
                    step.first = "{"
                if item.bracketed and (item.codec == "keyed" or step.in_words):
                    step.first = "["
                step.at_start = not step.wrapped and item.codec != "python"
                if item.codec == "python" and step.wrapped:
                    step.named = True
                step.anything = item.codec == "inline"
                closing = True
            else:
                step = self._step("closer" if closing else "open", item)
                behind = template[i + 1] if i + 1 < len(template) else None
                step.line_ends = isinstance(item, Field) and isinstance(behind, Space) and "\n" in behind.text
                step.ends = isinstance(item, Field) and behind is None
                step.led = led and not steps
            step.repaired = damaged
            steps.append(step)
        return _Body(steps, list(nests.values()), nullable=self.grammar.calls.commit != "arguments" and not led)

    def _region_body(self, region: Region) -> frozenset[int]:
        """The steps of a call in a region; those that it can begin with."""
        body = self._call(self._template(region.body), _Values([], []), wrapped=True)
        texts: list[tuple[str, ...]] = [(text,) for text in region.close]
        if region.close_pattern:
            texts = markers(Pattern(region.close_pattern).ways_inside()) or []
        if texts:
            closer = Step(len(self.steps), "closer", Marker(" ".join(texts[0])), tuple(map(_with_space, texts)), False)
            self.steps.append(closer)
            body.parts.append(closer)
        body.link(())
        first = frozenset(ready.step.id for ready in body.first())
        last = body.parts[-1]
        return first | {last.id} if isinstance(last, Step) and last.forms else first  # it may hold nothing

    def _value(self, template: tuple[Item, ...], values: _Values, nests: dict[tuple[Item, ...], Nest]) -> list[Step]:
        """The steps of one parameter or item template, up to where it nests."""
        steps: list[Step] = []
        role: Role = "parameter"
        damaged = template in self._damaged
        lone = damaged and not any("key" in _fields_of(item) for item in template)
        for i, item in enumerate(template):
            if isinstance(item, Slot):
                steps[-1].nest = self._nest(template[i:], values, nests)
                break
            if isinstance(item, Payload):
                step = self._step("payload" if item.codec == "json" else "value", item)
                behind = template[-1]
                framed = item.trim == "newline" and isinstance(behind, Space) and "\n" in behind.text
                step.breaks = 2 if framed else 1
                steps.append(step)
                if item.codec == "json":
                    step.first = _FIRST["value:json"] + (_PYTHON_FIRST if self._repair else "")
                role = "value_close"
            elif not isinstance(item, Space):
                steps.append(self._step(role, item))
        for step in steps:
            step.repaired = damaged
        if lone:
            steps[0].lone = True
            steps[0].optional = False
        return steps

    def _nest(self, rest: tuple[Item, ...], values: _Values, nests: dict[tuple[Item, ...], Nest]) -> Nest:
        """What nests in a template, of which this is the rest: one for all whose slot and closers are the same."""
        rest = tuple(item for item in rest if not isinstance(item, Space))
        nest = nests.get(rest)
        if nest is None:
            is_object = rest[0] == Slot("parameters")
            nest = nests[rest] = Nest(OBJECT if is_object else ARRAY)
            templates = values.parameters if is_object else values.items
            nest.children += [self._value(template, values, nests) for template in templates]
            nest.closers += [self._step("nest_close", item) for item in rest[1:]]
        return nest

    # -- nodes ---------------------------------------------------------------------------------------------------

    def expect(self, ready: frozenset[int]) -> Node:
        """The node of a state inside framing: one of these steps comes next."""
        node = self._nodes.get(ready)
        if node is None:
            steps = [self.steps[number] for number in sorted(ready)]
            node = self._node([Ready(step) for step in steps], [])
            self._nodes[ready] = node
        return node

    def content(
        self,
        pending: frozenset[int],
        calls: bool,
        known: bool,
        objects: bool,
        separator: bool,
        loose: bool,
        framed: bool,
    ) -> Node:
        """The node of content. `pending`: closers of what was before that may still come. `calls`: whether a call may
        open; `known`: so may one that only a declared tool can have. `objects`: a JSON call without markers may.
        `separator`: what stands between two calls may come. `framed`: an opener of content has come."""
        key = ("content", pending, calls, known, objects, separator, loose, framed)
        node = self._nodes.get(key)
        if node is None:
            ready = [Ready(self.steps[number]) for number in sorted(pending)]
            if calls:
                ready += [opener for opener in self.openers if objects or not opener.step.at_start]
            ready = self._open_to(ready, known)
            others = self._markers("reasoning_open", self.reasoning_open)
            mine = {form.text for step in self.steps for form in step.forms} if not calls else ()
            others += self._markers("absorb", (text for text in self.absorb if text not in mine))
            others += self._markers("turn_end", self.grammar.turn_end)
            others += self._message_ends(calls, loose)
            others += self._content_frame(framed)
            if separator and calls and self.separator:
                others += self._markers("separator", (self.separator,))
            node = self._node(ready, others, self.led if calls else ())
            self._nodes[key] = node
        return node

    def reasoning(self, pending: frozenset[int], calls: bool, known: bool) -> Node:
        """The node of reasoning; see `content`."""
        key = ("reasoning", pending, calls, known)
        node = self._nodes.get(key)
        if node is None:
            ready = [Ready(self.steps[number]) for number in sorted(pending)]
            ready = self._open_to(
                [*ready, *(self.openers if calls and self.call_in_reasoning != "text" else ())], known
            )
            others = self._markers("reasoning_close", self.reasoning_close)
            others += self._message_ends(calls)
            # An answer's opener ends reasoning whose closer is missing.
            others += self._answer_openers()
            others += self._markers("absorb", self.reasoning_open)
            others += self._markers("turn_end", self.grammar.turn_end)
            node = self._node([opener for opener in ready if opener.step.role != "payload"], others)
            self._nodes[key] = node
        return node

    def _open_to(self, ready: list[Ready], known: bool) -> list[Ready]:
        """Without the openers that open a call of a declared tool only, unless the tools are known."""
        if known or not self._known:
            return ready
        return [entry for entry in ready if not self._is_known(entry.step)]

    def _is_known(self, step: Step) -> bool:
        return isinstance(step.item, Marker | Tag) and step.item.text in self._known

    def span(self, span: Span, calls: bool) -> Node:
        """The node of a region's text; where delimiters are looked for, the region itself knows."""
        key = ("span", span.name, calls)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node()
            watch = span.watch if calls else span.quiet
            node.plain = _ALWAYS if span.silent else watch.plain
            node.mark = "" if span.silent else watch.mark
        return node

    def rest(self, ready: frozenset[int]) -> Node:
        """The node of a malformed call's rest: its closers, and what a call can begin with."""
        key = ("rest", ready)
        node = self._nodes.get(key)
        if node is None:
            steps = [self.steps[number] for number in sorted(ready)]
            steps = [step for step in steps if step.begins or step.role in ("closer", "section_close")]
            ends = [end for end in self._message_ends(True) if end[1].kind == "header"]
            node = self._node([Ready(step) for step in steps if step.role != "payload"], ends)
            self._nodes[key] = node
        return node

    def pending_of(self, ready: frozenset[int]) -> frozenset[int]:
        """Of the steps that may come next, those that content may lie before: what else may close, and the calls that
        may follow in the same section."""
        result = self._pending.get(ready)
        if result is None:
            found = {number for number in ready if self.steps[number].role in ("closer", "section_close")}
            if found & self.section_closers:
                found.update(entry.step.id for entry in self.call_first)
            result = self._pending[ready] = frozenset(found)
        return result

    def section_pending(self, ready: frozenset[int]) -> frozenset[int]:
        """The same without the call's own closers: it has ended without them, and they close nothing any more."""
        return frozenset(number for number in self.pending_of(ready) if self.steps[number].role != "closer")

    def call_ends(self, ready: frozenset[int]) -> frozenset[int]:
        """What may end a call from where one of these steps comes next: its closers, or the section's."""
        seen = set(ready)
        queue = list(ready)
        while queue:
            step = self.steps[queue.pop()]
            if step.role in ("closer", "section_close") or step.begins:
                continue
            ahead = (step.ready | step.behind) - seen
            seen |= ahead
            queue += ahead
        return frozenset(number for number in seen if self.steps[number].role in ("closer", "section_close"))

    def needs_arguments(self, step: Step) -> bool:
        """Whether the name of a call object does not make it a call until its arguments begin."""
        commit = self.grammar.calls.commit
        return commit == "arguments" or (not step.wrapped and (step.repaired or commit == "marker"))

    def may_be_led(self, buf: str, j: int) -> bool:
        """Whether an opener that may have the name before it stands at j, or what is there of one."""
        return any(buf.startswith(text, j) or text.startswith(buf[j : j + len(text)]) for text in self._led_by)

    def _set_bare(self, step: Step) -> None:
        """What the first characters of a bare payload show, so that ordinary brackets begin no candidate."""
        item = step.item
        kind = item.codec if isinstance(item, Payload) and item.what in ("call", "calls") else ""
        if kind == "python":
            step.unlike = re.compile(_NO_PYTHON).match
            step.undecided = re.compile(_UNDECIDED_PYTHON).match
        elif kind in ("json", "keyed", "literal"):
            # A list may hold more than calls where the name alone makes one.
            ways = [_NO_OBJECT, *([_NO_LIST] if self.needs_arguments(step) else ())]
            step.unlike = re.compile("|".join(ways)).match
            step.undecided = re.compile(_UNDECIDED).match

    def id_follows(self, ready: frozenset[int]) -> bool:
        """Whether an id may stand between here and the arguments."""
        result = self._id_follows.get(ready)
        if result is None:
            ahead = [step for step in map(self.steps.__getitem__, ready) if step.role == "open" and not step.begins]
            ahead += [entry.step for step in ahead for entry in step.next]
            result = any("id" in step.fields or step.item == Field("id") for step in ahead)
            self._id_follows[ready] = result
        return result

    def ending(self, text: str) -> re.Pattern[str]:
        """What a prompt ends in that leaves this text last; parameters of the grammar may stand in it."""
        pattern = re.escape(text)
        for name, lead in self._parameters.items():
            pattern = pattern.replace(re.escape("{" + name + "}"), rf"(?:{re.escape(lead)}[\w.\-]{{1,64}})?")
        return re.compile(pattern + r"\Z")

    def has_closer(self, pending: frozenset[int]) -> bool:
        """Whether a closer of a call or a section is among what may still come."""
        return any(self.steps[number].role in ("closer", "section_close") for number in pending)

    def closer_begins(self, pending: frozenset[int], text: str, pos: int) -> bool:
        """Whether what stands at text[pos:] may be one of these closers."""
        match = self._closers.get(pending)
        if match is None:
            steps = [self.steps[number] for number in sorted(pending)]
            closers = [step for step in steps if step.role in ("closer", "section_close")]
            patterns = [form.pattern for step in closers for form in step.forms]
            match = self._closers[pending] = regex.compile("|".join(patterns) or "(?!)", regex.VERSION1).match
        return match(text, pos, partial=True) is not None

    def lacks_closer(self, pending: frozenset[int]) -> bool:
        """Whether a call's closer is among what may still come."""
        return any(self.steps[number].role == "closer" for number in pending)

    def behind_arguments(self, step: Step) -> tuple[str, ...]:
        """The markers that may stand behind this payload."""
        return tuple(form.text for ready in step.next for form in ready.step.forms)

    def has_closers(self, step: Step | None) -> bool:
        """Whether the template writes a closer behind this payload."""
        tagged = step is None or step.role == "value" or (isinstance(step.item, Payload) and step.item.what == "value")
        return tagged or (step is not None and step.closed)

    def _content_frame(self, framed: bool) -> list[tuple[Form, Branch]]:
        """What stands around content; what closes it counts wherever it stands if an opener has come."""
        frame = self.grammar.content
        if frame is None:
            return []
        found = self._markers("content_close", (text.strip() for text in frame.close))
        for _, branch in found:
            branch.anywhere = framed
        return [*self._markers("content_open", (text.strip() for text in frame.open)), *found]

    def _answer_openers(self) -> list[tuple[Form, Branch]]:
        """In reasoning: what opens content, if it is a special token, which counts wherever it stands."""
        frame = self.grammar.content
        texts = [text.strip() for text in frame.open] if frame is not None else []
        found = self._markers("content_open", (text for text in texts if text in self.grammar.special_tokens))
        for _, branch in found:
            branch.anywhere = True
        return found

    def _message_ends(self, calls: bool, loose: bool = False) -> list[tuple[Form, Branch]]:
        """What ends a message: its closers, and the next one's header. `loose`: it is text that is in no message."""
        messages, headers = self.grammar.messages, self.headers if calls else self.quiet
        if messages is None or headers is None:
            return []
        openers, pattern = (headers.loose_openers, headers.loose) if loose else (headers.openers, headers.pattern)
        header = Form(openers[0], pattern, list(openers), tag=True)
        return [*self._markers("message_close", messages.close), (header, Branch("header", "open", ()))]

    def _markers(self, kind: BranchKind, texts: Iterable[str]) -> list[tuple[Form, Branch]]:
        return [(self._text_form(text), Branch(kind, "open", ())) for text in texts]

    def _node(self, ready: list[Ready], others: list[tuple[Form, Branch]], led: Iterable[Step] = ()) -> Node:
        """`led`: openers that may have the name before them; one of the others is spelt alike."""
        node = Node()
        fields: list[Step] = []
        alike: dict[str, tuple[Form, list[Ready]]] = {}
        for entry in ready:
            step = entry.step
            if step.role == "payload":
                node.payloads += (step,)
            elif step.role == "value":
                if node.raw is None or node.raw.repaired:
                    node.raw = step
                if step.repaired and _trim(step) == "newline":
                    node.framed = step
            elif isinstance(step.item, Field):
                fields.append(step)
            for form in step.forms:
                alike.setdefault(form.pattern, (form, []))[1].append(entry)
        found = list(others)
        for form, entries in alike.values():
            first = min(entries, key=lambda entry: entry.step.begins)  # a closer before an opener that is spelt alike
            same = tuple(entry.step for entry in entries if _alike(entry.step, first.step))
            branch = Branch("step", first.step.role, same, first.missing)
            branch.misspelt = all(own.misspelt for step in same for own in step.forms if own.pattern == form.pattern)
            branch.damaged = branch.misspelt or (branch.repaired and branch.role == "open")
            branch.inner = branch.is_inner()
            branch.known = any(self._is_known(step) for step in same)
            branch.led = next((step for step in led if any(own.pattern == form.pattern for own in step.forms)), None)
            other = next((known for known_form, known in others if known_form.pattern == form.pattern), None)
            if other is not None and other.kind == "absorb":  # it closes something, so it is not lone
                found = [entry for entry in found if entry[1] is not other]
                other = None
            if other is not None:
                other.otherwise = branch
            else:
                found.append((form, branch))
        if node.framed is not None and (node.raw is None or _trim(node.raw) != "none"):
            node.framed = None
        alone = not found and not fields and node.raw is None
        node.in_words = alone and bool(node.payloads) and all(step.in_words for step in node.payloads)
        self._set_markers(node, found)
        if fields:
            self._set_field(node, fields)
        return node

    def _set_markers(self, node: Node, found: list[tuple[Form, Branch]]) -> None:
        """What a node looks for; longer markers first, so that none hides behind its own beginning."""
        found.sort(key=lambda entry: (len(entry[0].text), entry[0].tag), reverse=True)
        texts = [form.text for form, _ in found]
        for i, (form, branch) in enumerate(found):
            longer = [other.pattern for other, _ in found[:i] if other.text.startswith(form.text)]
            if longer:
                branch.grows = regex.compile("|".join(longer), regex.VERSION1).match
                same = [other for own, other in found[:i] if own.text.startswith(form.text)]
                branch.grows_alike = branch.kind == "step" and all(other.steps == branch.steps for other in same)
        node.set_branches(branch for _, branch in found)
        node.parameters = any(branch.role == "parameter" for branch in node.branches)
        if found:
            groups = "|".join(f"(?P<b{i}>{form.pattern})" for i, (form, _) in enumerate(found))
            node.match = regex.compile(groups, regex.VERSION1).match
            anywhere = [form.pattern for form, branch in found if not self._is_placed(branch)]
            node.placed = len(anywhere) < len(found)
            inner = [(form.pattern, branch.role) for form, branch in found if not branch.begins and not branch.lone]
            speaking = [pattern for pattern, role in inner if role not in ("closer", "section_close")]
            if inner:
                node.inner = regex.compile("|".join(pattern for pattern, _ in inner), regex.VERSION1).match
            if speaking:
                node.speaking = regex.compile("|".join(speaking), regex.VERSION1).match
            if node.placed and anywhere:
                node.anywhere = regex.compile("|".join(anywhere), regex.VERSION1).match
            node.first = "".join({text[0] for text in texts})
            usual = list(self._usual(found))
            node.literals = tuple((form.text, branch) for form, branch in usual if form.match is None)
            node.tags = tuple((form.match, branch) for form, branch in usual if form.match is not None)
        starts = [start for form, _ in found for start in form.starts]
        starts += [char for step in node.payloads if not step.wrapped for char in step.first]
        chars = "".join(sorted({start[0] for start in starts}))
        if chars:
            node.plain = re.compile(f"[{re.escape(chars)}]").search
            if len(chars) <= 2:
                node.mark, node.other = chars[0], chars[1:]
        if starts:
            node.find = re.compile(prefixes(starts)).search
        bare = [step for step in node.payloads if not step.wrapped]
        markers = [start for form, branch in found if not self._is_placed(branch) for start in form.starts]
        begin = {start[0] for start in markers} | {char for step in bare for char in step.first}
        whole = {start for form, _ in found for start in form.starts if len(start) == 1}
        whole.update(char for step in bare if step.undecided is None for char in step.first)
        node.waits = "".join(sorted(begin - whole))
        if len(bare) == 1 and not set(bare[0].first) & set(node.first):
            node.unlike = bare[0].unlike
            node.undecided = bare[0].undecided

    def _usual(self, found: list[tuple[Form, Branch]]) -> Iterable[tuple[Usual, Branch]]:
        """Of the markers as the template writes them, those for which no marker before them may stand there too."""
        before: list[Form] = []
        for form, branch in found:
            usual = form.usual
            if usual is not None and not self._parameters and not any(map(usual.hides, before)):
                yield usual, branch
            before.append(form)

    def _is_placed(self, branch: Branch) -> bool:
        """Whether a marker counts, in content and reasoning, only at a region's start and where a line begins."""
        if branch.kind == "step":
            opens = branch.role not in ("closer", "section_close")
            return opens and branch.led is None and (branch.line or self.grammar.calls.begins == "line")
        if branch.kind == "reasoning_open":
            return self.reasoning_begins != "anywhere"
        framing = branch.kind in ("content_open", "content_close") and not branch.anywhere
        return framing or branch.kind in ("separator", "absorb")

    def _set_field(self, node: Node, fields: list[Step]) -> None:
        """Fields of one name, of templates that begin alike, are read as one."""
        item = fields[0].item
        node.field = item.name if isinstance(item, Field) else ""
        same = [step for step in fields if step.item == item]
        node.field_ready = frozenset(ready.step.id for step in same for ready in step.next)
        node.line_ends = any(step.line_ends for step in same)
        node.ends = any(step.ends for step in same)
        node.stop = re.compile("[" + re.escape(self._enders(node.field_ready)) + "\n]")

    def _enders(self, ready: Iterable[int]) -> str:
        """The first characters of whatever may come after a field."""
        chars: set[str] = set()
        for number in ready:
            step = self.steps[number]
            if step.role == "payload":
                chars.update(step.first.replace("n", ""))  # null is no object that could end a name
            else:
                chars.update(form.text[0] for form in step.forms)
        return "".join(sorted(chars))

    def exit(self, value: Step) -> Exit:
        """How this raw value ends."""
        result = self._exits.get(value.id)
        if result is None:
            result = self._exits[value.id] = self._exit(value)
        return result

    def _exit(self, value: Step) -> Exit:
        assert isinstance(value.item, Payload)
        trim = value.item.trim
        closers = [ready.step for ready in value.next if ready.step.role == "value_close"]
        followers = _unique([ready for closer in closers for ready in closer.next])
        header = [self.headers.pattern] if self.headers is not None else []
        after = "|".join([*self._patterns(followers), *header])
        before = _TRIMMED[trim]
        if value.item.codec == "block":
            before = r"\r?\n"
        own = self._patterns([Ready(step) for step in closers])
        closer = "|".join(own)
        ways = [rf"{before}(?P<closer>{closer})[ \t\r\n]*(?:{after})"]
        starts = [start for step in closers for form in step.forms for start in form.starts]
        breaks = 1
        if any(step.optional for step in closers):
            # In notations without line breaks only a repair can do without the closer.
            anywhere = self._repaired and all(
                form.text in self._repaired for step in closers for form in step.forms[:1]
            )
            # What closes the object or array that the value stands in may be spelt like its own closer.
            other = "|".join(pattern for pattern in [*self._patterns(followers), *header] if pattern not in own)
            breaks = value.breaks
            bare = rf"(?:\r?\n){{{0 if anywhere else 1},{breaks}}}"
            if trim == "strip":
                bare = r"[ \t\r\n]*" if anywhere else r"[ \t]*\r?\n[ \t\r\n]*"
            ways.append(rf"(?P<bare>{bare})(?:{other})")
            starts += [start for entry in followers for form in entry.step.forms for start in form.starts]
            starts += self.headers.openers if self.headers is not None else ()
        else:
            ways.append(r"(?P<bare>(?!))")
        result = _way_out(trim, starts, "|".join(ways), rf"{before}(?:{closer})", breaks)
        result.usual = self._usual_exit(before, closers, followers)
        return result

    def _usual_exit(
        self, before: str, closers: Iterable[Step], followers: Iterable[Ready]
    ) -> Callable[..., re.Match[str] | None] | None:
        """What finds the closer, and what follows it, as the template writes them; None if there are several closers,
        or if a repair has to know which parameter follows."""
        forms = [form for step in closers for form in step.forms]
        own = {form.usual.pattern if form.usual is not None else "" for form in forms}
        after = [form.usual.pattern for entry in followers for form in entry.step.forms if form.usual is not None]
        if self._repair or len(own) != 1 or "" in own or not after:
            return None
        return re.compile(rf"{before}(?P<closer>{own.pop()})[ \t\r\n]*(?:{'|'.join(after)})").match

    def inline(self, step: Step) -> Tags:
        """How the tags of {arguments:inline} are found."""
        result = self._inline.get(step.id)
        if result is None:
            result = self._inline[step.id] = self._inline_of(step)
        return result

    def _inline_of(self, step: Step) -> Tags:
        template = self._template(self.grammar.calls.parameter[0])
        at = next(i for i, item in enumerate(template) if isinstance(item, Payload))
        value = template[at]
        assert isinstance(value, Payload)
        head = [item for item in template[:at] if not isinstance(item, Space)]
        tail = [self._form(item) for item in template[at + 1 :] if isinstance(item, Marker | Tag)]
        first = head[0]
        assert isinstance(first, Marker | Tag)
        closers = [form for ready in step.next for form in ready.step.forms]
        ends = "|".join(form.pattern for form in closers) or "(?!)"
        begins = [*self._form(first).starts, *(start for form in closers for start in form.starts)]
        opener = r"[ \t\r\n]*".join(
            rf"(?P<{item.name}>[^\n]+?)" if isinstance(item, Field) else self._form(item).pattern
            for item in head
            if isinstance(item, Marker | Tag | Field)
        )
        closer = r"[ \t\r\n]*".join(form.pattern for form in tail)
        starts = [*tail[0].starts, *(start for form in closers for start in form.starts)]
        before = _TRIMMED[value.trim]
        ways = rf"{before}(?P<closer>{closer})|(?P<bare>{before})(?:{ends})"
        return Tags(
            re.compile(prefixes(begins)).search,
            regex.compile(opener, regex.VERSION1).match,
            regex.compile(ends, regex.VERSION1).match,
            _way_out(value.trim, starts, ways, rf"{before}(?:{closer})"),
            value.codec.endswith("any"),
        )

    def _patterns(self, ready: Iterable[Ready]) -> list[str]:
        """Patterns of steps, of whose fields only a parameter's key is captured."""
        patterns: list[str] = []
        for entry in ready:
            for form in entry.step.forms:
                pattern = form.pattern
                for field in entry.step.fields:
                    if field != "key" or entry.step.role != "parameter":
                        pattern = pattern.replace(f"?P<{field}>", "?:")
                if self._repair and entry.step.role == "parameter":
                    pattern = f"(?P<{'lone' if entry.step.lone else 'more'}>{pattern})"
                patterns.append(pattern)
        return list(dict.fromkeys(patterns))


class _Values:
    """The templates of tagged values."""

    def __init__(self, parameters: list[tuple[Item, ...]], items: list[tuple[Item, ...]]) -> None:
        self.parameters = parameters
        self.items = items


class _Body:
    """One call template: its steps, with the parameters' steps in their slot, and what nests in them."""

    def __init__(self, parts: list[Step | list[list[Step]]], nests: list[Nest], nullable: bool) -> None:
        self.parts = parts
        self.nests = nests
        self.nullable = nullable  # arguments may be left out

    def first(self) -> list[Ready]:
        """What the call can begin with."""
        return self._from(0, ())

    def _from(self, i: int, after_call: tuple[Ready, ...], missing: str = "") -> list[Ready]:
        """What may come at part i of the call."""
        result: list[Ready] = []
        while i < len(self.parts):
            part = self.parts[i]
            if isinstance(part, list):
                for parameter in part:
                    result += _first(parameter, lambda missing: [])
                i += 1
                continue
            result.append(Ready(part, missing))
            nullable = isinstance(part.item, Payload) and part.item.what == "arguments" and self.nullable
            if part.role == "closer":
                missing = missing or "closer"
            elif nullable and not missing:
                pass  # no arguments at all is {}, but not where what announces them is left out as well
            elif part.optional and not nullable:
                missing = missing or ("line" if part.line else "opener")
            else:
                return result
            i += 1
        return [*result, *(_left_out(ready, missing) for ready in after_call)]

    def link(self, after_call: tuple[Ready, ...]) -> None:
        closers = [part for part in self.parts if isinstance(part, Step) and part.role == "closer"]
        for step in closers[1:]:
            step.outer = True
        wrapper, first = self.parts[0], self.parts[1] if len(self.parts) > 1 else None
        for i, part in enumerate(self.parts):
            if isinstance(part, Step):
                part.next = _unique(self._from(i + 1, after_call)) if not part.ends else ()
                continue
            outer = self._ending(i + 1, after_call)  # where the closers of all that nests are left out
            for parameter in part:
                _link_value(parameter, self._ending(i, after_call), outer)
            for nest in self.nests:
                nest.link(outer)
        if isinstance(wrapper, Step) and isinstance(first, Step) and wrapper.forms and first.forms and closers:
            # A wrapper of its own around the call: it may hold nothing.
            wrapper.next = _unique([*wrapper.next, Ready(closers[-1])])

    def _ending(self, i: int, after_call: tuple[Ready, ...]) -> Callable[[str], list[Ready]]:
        return lambda missing: _left_out_all(self._from(i, after_call), missing)


def _first(steps: list[Step], end: Callable[[str], list[Ready]]) -> list[Ready]:
    """What may come at the start of these steps; `end` is what comes when all of them are left out."""
    result: list[Ready] = []
    missing = ""
    for step in steps:
        result.append(Ready(step, missing))
        if step.role == "value" and missing:  # no opener, and no value either
            return [*result, *end("closer")]
        if not step.optional:
            return result
        closes = step.role in ("value_close", "nest_close")
        missing = "closer" if closes else "line" if step.line else "opener"
    return [*result, *end(missing)]


def _link(steps: list[Step], end: Callable[[str], list[Ready]]) -> None:
    for i, step in enumerate(steps):
        step.next = _unique(_first(steps[i + 1 :], end))


def _link_value(steps: list[Step], end: Callable[[str], list[Ready]], outer: Callable[[str], list[Ready]]) -> None:
    """The same for a parameter or an item; what nests in its last step goes on by itself."""
    _link(steps, end)
    opener = steps[-1]
    if opener.nest is not None:
        opener.behind = frozenset(ready.step.id for ready in opener.next)
        opener.next = _unique(opener.nest.first(outer))


def _left_out(ready: Ready, missing: str) -> Ready:
    return Ready(ready.step, missing or ready.missing)


def _left_out_all(ready: Iterable[Ready], missing: str) -> list[Ready]:
    return [_left_out(entry, missing) for entry in ready]


def _alike(step: Step, other: Step) -> bool:
    """Whether two steps that are spelt alike can be read together until they differ."""
    return step.role == other.role or (step.begins and other.begins)


def _spelt(marker: str, spellings: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Other spellings of a marker: its own, and those of its parts."""
    found = list(spellings.get(marker, ()))
    for part, others in spellings.items():
        if part != marker and part in marker:
            found += [marker.replace(part, other) for other in others]
    return found


def _trim(step: Step) -> str:
    return step.item.trim if isinstance(step.item, Payload) else ""


def _fields_of(item: Item) -> tuple[str, ...]:
    if isinstance(item, Field):
        return (item.name,)
    return item.fields if isinstance(item, Tag) else ()


def _unique(ready: Iterable[Ready]) -> tuple[Ready, ...]:
    """Each step once; the way that leaves out least comes first."""
    found: dict[int, Ready] = {}
    for entry in ready:
        if entry.step.id not in found:
            found[entry.step.id] = entry
    return tuple(found.values())


# -- patterns ----------------------------------------------------------------------------------------------------


def _fenced(templates: list[tuple[Item, ...]], wrapped: bool) -> list[tuple[Item, ...]]:
    """Templates of call objects, with a code fence around these; not where nothing stands before them, or a fence."""
    found: list[tuple[Item, ...]] = []
    for template in templates:
        payload = next((item for item in template if isinstance(item, Payload)), None)
        literals = [item.text for item in template if isinstance(item, Marker | Tag)]
        if payload is None or payload.codec not in ("json", "keyed", "literal") or "```" in "".join(literals):
            continue
        at = template.index(payload)
        before = template[at - 1] if at else None
        in_words = isinstance(before, Marker) and before.text[-1:].isalnum()  # prose may hold them as well
        opened = wrapped or any(isinstance(item, Marker) for item in template[:at])
        if payload.what in ("call", "calls") and opened and not in_words:
            found.append((*template[:at], Marker(_FENCE), payload, Marker("```"), *template[at + 1 :]))
    return found


def _literal(text: str) -> Form:
    """A marker; where its text has whitespace, any amount of it."""
    words = text.split()
    pattern = r"[ \t\r\n]+".join(regex.escape(word, special_only=True) for word in words)
    return Form(text, pattern, [words[0]], usual=Usual(Tag((text,))) if words == [text] else None)


_TAG_TOKEN: Final = re.compile(r"\s+|(?<==)\"[\w.\-]+\"|[<>=\"'/]|[^\s<>=\"'/]+")
_ATTRIBUTE: Final = re.compile(r"<[^<>]* [\w.\-]+=\"[\w.\-]+\"[^<>]*>")


def _tag_pattern(tag: Tag, parameters: Mapping[str, str]) -> str:
    """A tag with fields, spaces allowed where detokenizers put them and an attribute's quotes as models write them."""
    pattern = ""
    parts = list(tag.parts)
    for i, part in enumerate(parts):
        if isinstance(part, Field):
            if part.name in parameters:
                lead = regex.escape(parameters[part.name], special_only=True)
                pattern += rf"(?P<{part.name}>(?:{lead}[\w.\-]{{1,64}})?)"
                continue
            before, after = parts[i - 1], parts[i + 1]
            quoted = isinstance(before, str) and before[-1] in "\"'" and isinstance(after, str) and after[0] in "\"'"
            pattern += _attribute_pattern(part.name, quoted, "[]" if str(parts[0])[0] == "[" else "<>")
            continue
        text = part
        if i and text[0] in "\"'":
            text = text[1:]  # the quotes belong to the field's pattern
        if i + 1 < len(parts) and text[-1:] in ('"', "'"):
            text = text[:-1]
        for token in _TAG_TOKEN.findall(text):
            if token.isspace():
                pattern += " +"
            elif token == "<":
                pattern += "< *"
            elif len(token) > 2 and token[0] == '"':  # an attribute that says one thing only
                word = regex.escape(token[1:-1], special_only=True)
                pattern += f"(?:\"{word}\"|'{word}'|{word})"
            elif token == "/":
                pattern += " */"
            elif token in "=>":
                pattern += f" *{token}" + (" *" if token == "=" else "")
            else:
                pattern += regex.escape(token, special_only=True)
    return pattern


def _attribute_pattern(name: str, quoted: bool, brackets: str) -> str:
    """A field in a tag, with quotes or without; `brackets`: those of the tag, which end it."""
    ends = re.escape(brackets)
    bare = rf"[^\s\"'{ends}][^\s{ends}]*" if quoted else rf"[^\"'{ends}\n][^{ends}\n]*"
    return rf"(?:\"(?P<{name}>[^\"\n]+)\"|'(?P<{name}>[^'\n]+)'|(?P<{name}>{bare}))"


# The pattern of what is trimmed of a raw value, before its closer.
_TRIMMED: Final = {"none": "", "newline": r"(?:\r?\n)?", "strip": r"[ \t\r\n]*"}


def _way_out(trim: str, starts: list[str], ways: str, closing: str, breaks: int = 1) -> Exit:
    """How a raw value ends. `starts`: what the `ways` out can begin with, behind whitespace: all of it, or as many line
    `breaks`. `closing`: its own closer, with what is trimmed before it."""
    chars = re.escape("".join(sorted({start[0] for start in starts})))
    spaces = r"\x20" if trim == "strip" else ""
    plain = re.compile(rf'[{chars}{spaces}"\\\x00-\x1f\ud800-\udfff]')
    return Exit(
        re.compile(prefixes(starts)).search,
        regex.compile(ways, regex.VERSION1).match,
        re.compile(closing).match,
        plain.search,
        re.compile(f"[{chars}]").search,
        trim,
        breaks,
        lone="(?P<lone>" in ways,
    )


def _with_space(words: tuple[str, ...]) -> Form:
    """A marker of several words, with any whitespace between them."""
    forms = [_literal(word) for word in words]
    return Form("".join(words), r"[ \t\r\n]*".join(form.pattern for form in forms), forms[0].starts)


def id_patterns(template: str) -> re.Pattern[str]:
    """How a name is read from an id: its literals may be left out; the group `number` is there if the id is a whole
    one."""
    head, _, tail = template.partition("{name}")
    number = re.escape(tail).replace(re.escape("{number}"), r"\d+")
    before = f"(?:{re.escape(head)})?" if head else ""
    behind = f"(?P<number>{number})?" if number else "(?P<number>)"
    return re.compile(f"{before}(?P<name>.*?){behind}", re.DOTALL)


__all__ = ["Branch", "Exit", "Node", "Program", "Ready", "Step"]
