"""What a grammar is like, read off its structure: the families it belongs to, what closes its calls, who says which
type a value has, whose ids its calls have. Nothing here knows a format by its name. docs/formats.md is made from it,
and the tests ask it where a case makes sense.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from .grammar import Grammar, Keys
from .notation import Field, Item, Marker, Payload, Slot, Space, Tag, parse_template

Family: TypeAlias = Literal[
    "JSON in tags",
    "JSON list",
    "header and JSON",
    "tagged parameters",
    "Python calls",
    "object notation",
    "messages",
    "bare JSON",
]
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

TAGGED: Final = Payload("parameters", "")  # stands for the payload of a template with tagged parameters
UNTYPED: Final = frozenset({"text", "block", "stripped", "any", "quoted"})  # codecs that ask the schema for the type


class Way(NamedTuple):
    """One way to write a call, or a list of them: a template.

    `marked`: something before the payload says that a call comes. `repair`: it is read with `repair=True` only.
    """

    line: str
    items: tuple[Item, ...]
    payload: Payload
    family: Family
    marked: bool
    repair: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that stand in its markers, or between them."""
        return fields_of(self.items)

    @property
    def closers(self) -> tuple[str, ...]:
        """The markers behind the payload."""
        behind = self.items[_place(self.items) + 1 :]
        return tuple(item.text for item in behind if isinstance(item, Marker | Tag))


def ways(grammar: Grammar) -> tuple[Way, ...]:
    """All ways to write a call; the first is the one that is written."""
    calls, messages, repair = grammar.calls, grammar.messages, grammar.repair
    whole = [line for line in calls.section if Slot("calls") not in template(grammar, line)]
    around = len(whole) < len(calls.section)  # there is a section around `call`
    found = [_way(grammar, messages.body, True)] if messages is not None else []
    found += [_way(grammar, line, around) for line in calls.call]
    found += [_way(grammar, line, False) for line in whole]
    found += [_way(grammar, line, around)._replace(repair=True) for line in (repair.call if repair else ())]
    return tuple(found)


def families(grammar: Grammar) -> tuple[Family, ...]:
    """The families of all ways that need no repair; what is written comes first."""
    messages: tuple[Family, ...] = ("messages",) if grammar.messages is not None else ()
    return tuple(dict.fromkeys((*messages, *(way.family for way in ways(grammar) if not way.repair))))


def sections(grammar: Grammar) -> tuple[tuple[Item, ...], ...]:
    """The templates around `call`."""
    lines = [template(grammar, line) for line in grammar.calls.section]
    return tuple(items for items in lines if Slot("calls") in items)


def parameters(grammar: Grammar) -> tuple[tuple[Item, ...], ...]:
    """The templates of one tagged argument."""
    return tuple(template(grammar, line) for line in grammar.calls.parameter)


def template(grammar: Grammar, line: str) -> tuple[Item, ...]:
    """The items of one of the grammar's lines."""
    return parse_template(line, grammar.parameters)


def fields_of(items: tuple[Item, ...]) -> tuple[str, ...]:
    """The fields of a template, in and between its markers."""
    found: list[str] = []
    for item in items:
        found += (item.name,) if isinstance(item, Field) else item.fields if isinstance(item, Tag) else ()
    return tuple(found)


def closers(grammar: Grammar) -> tuple[str, ...]:
    """The markers that close a call, a section or a message: each may be missing behind complete arguments."""
    found: list[str] = list(grammar.messages.close) if grammar.messages is not None else []
    for way in ways(grammar):
        found += () if way.repair else way.closers
    for items in sections(grammar):
        behind = items[items.index(Slot("calls")) + 1 :]
        found += [item.text for item in behind if isinstance(item, Marker | Tag)]
    return tuple(dict.fromkeys(found))


# -- predicates --------------------------------------------------------------------------------------------------------


def can_reason(grammar: Grammar) -> bool:
    """Whether a turn can hold reasoning."""
    regions = any(region.to == "reasoning" for region in grammar.regions.values())
    return grammar.reasoning is not None or regions or leads_to(grammar, "reasoning")


def leads_to(grammar: Grammar, kind: str) -> bool:
    """Whether a message leads to content, to reasoning, or to a call."""
    return grammar.messages is not None and any(route.to == kind for route in grammar.messages.routes)


def one_call(grammar: Grammar) -> bool:
    """Whether a turn is no more than the arguments of one call, whose name the request says."""
    return grammar.calls.names == "chosen"


def bare(grammar: Grammar) -> bool:
    """Whether what is written begins without a marker, so that the text decides what is a call."""
    return not ways(grammar)[0].marked


def writes_ids(grammar: Grammar) -> bool:
    """Whether the model writes ids of its own."""
    return any("id" in way.fields for way in ways(grammar)) or (
        _objects(grammar) and grammar.calls.keys.id != Keys().id
    )


def reads_ids(grammar: Grammar) -> bool:
    """Whether an id is kept that stands in a call object, although the format has none."""
    return _objects(grammar) and not writes_ids(grammar)


def _objects(grammar: Grammar) -> bool:
    return any(
        way.payload.what in ("call", "calls") and way.payload.codec in ("json", "literal")
        for way in ways(grammar)
        if not way.repair
    )


def codecs(grammar: Grammar, way: Way) -> tuple[str, ...]:
    """What reads the values of a call that is written this way."""
    if way.payload != TAGGED:
        return (way.payload.codec,)
    values = (item.codec for items in parameters(grammar) for item in items if isinstance(item, Payload))
    return tuple(dict.fromkeys(values))


def typed_by_schema(grammar: Grammar) -> bool:
    """Whether values are written without types, so that the schema has to say them."""
    return any(UNTYPED & set(codecs(grammar, way)) for way in ways(grammar) if not way.repair)


def states_types(grammar: Grammar) -> bool:
    """Whether the text says what type a value has, where no schema does."""
    stated = any({"type", "string"} & set(fields_of(items)) for items in parameters(grammar))
    return stated or any("any" in codecs(grammar, way) for way in ways(grammar))


def _place(items: tuple[Item, ...]) -> int:
    """Where the payload stands, or the slot of the parameters."""
    return next((i for i, item in enumerate(items) if isinstance(item, Payload | Slot)), len(items))


def _way(grammar: Grammar, line: str, marked: bool) -> Way:
    items = template(grammar, line)
    payload = next((item for item in items if isinstance(item, Payload)), TAGGED)
    first = next((item for item in items if not isinstance(item, Space)), payload)
    marked = marked or first != payload
    return Way(line, items, payload, _family(payload, marked), marked)


def _family(payload: Payload, marked: bool) -> Family:
    if payload == TAGGED:
        return "tagged parameters"
    if payload.codec == "python":
        return "Python calls"
    if payload.what == "arguments" and payload.codec != "json":
        return "object notation"
    if not marked:
        return "bare JSON"
    if payload.what == "arguments":
        return "header and JSON"
    return "JSON list" if payload.bracketed else "JSON in tags"


__all__ = [
    "FAMILIES",
    "TAGGED",
    "UNTYPED",
    "Family",
    "Way",
    "bare",
    "can_reason",
    "closers",
    "codecs",
    "families",
    "fields_of",
    "leads_to",
    "one_call",
    "parameters",
    "reads_ids",
    "sections",
    "states_types",
    "template",
    "typed_by_schema",
    "ways",
    "writes_ids",
]
