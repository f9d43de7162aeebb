"""Grammars from TOML, and what is checked of every grammar. A mistake names its file, line and key, and the likely
fix."""

from __future__ import annotations

import difflib
import itertools
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from .errors import AmbiguousFormat, GrammarError, ToolsError, UnknownFormat
from .grammar import (
    AUTO,
    Calls,
    Content,
    Detect,
    Example,
    ExampleCall,
    Grammar,
    Keys,
    Messages,
    Reasoning,
    Region,
    Repair,
    Route,
    Start,
    Whole,
)
from .model_ids import says_nothing
from .notation import Field, Item, Marker, NotationError, Payload, Slot, Space, Tag, parse_template
from .regions import check as check_regions
from .tools import Tools

FORMAT: Final = 1  # the version of the notation
_NOT_INHERITED: Final = ("name", "aliases", "models", "detect", "examples", "source", "format", "extends")
_ONE_OR_MORE: Final = {
    (): ("aliases", "models", "special_tokens", "turn_end", "absorb"),
    ("detect",): ("template", "over", "models"),
    ("start",): ("anchor",),
    ("reasoning",): ("open", "close"),
    ("content",): ("open", "close"),
    ("messages",): ("optional", "close"),
    ("calls",): ("section", "call", "parameter", "item", "optional", "strings"),
    ("calls", "keys"): ("name", "arguments", "id"),
    ("repair",): ("call", "parameter", "value", "unwrap", "known", "unnamed", "optional", "absorb"),
}
TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    "": Grammar,
    "detect": Detect,
    "start": Start,
    "reasoning": Reasoning,
    "content": Content,
    "messages": Messages,
    "messages.routes": Route,
    "regions": Region,
    "regions.whole": Whole,
    "calls": Calls,
    "calls.keys": Keys,
    "repair": Repair,
    "examples": Example,
    "examples.calls": ExampleCall,
}


def read(text: str, file: str | None = None) -> Grammar:
    """The grammar that TOML text describes. Raises GrammarError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise GrammarError(str(error), file=file, line=int(place.group(1)) if place else None) from None
    lines = Lines(text)

    def mistake(message: str, key: str) -> GrammarError:
        return GrammarError(message, file=file, line=lines.find(key), key=_INDEX.sub("", key))

    version = table.pop("format", None)
    if version != FORMAT:
        said = "is missing" if version is None else f"is {version!r}"
        raise mistake(f"{said}; this version of toolfeed reads `format = {FORMAT}`", "format")
    base = table.pop("extends", None)
    if base is not None:
        if not isinstance(base, str):
            raise mistake("is the name of another format", "extends")
        try:
            table = _extended(Grammar.load(base), table)
        except (UnknownFormat, AmbiguousFormat) as error:
            raise mistake(str(error), "extends") from None
    _lists(table)
    for key, arguments in _arguments(table):
        if isinstance(arguments, dict | list):
            raise mistake(f"is JSON text in quotes: '{json.dumps(arguments, default=str)}'", key)
    try:
        return msgspec.convert(table, Grammar, strict=True)
    except GrammarError as error:
        if error.key:
            raise mistake(error.message, error.key) from None
        raise GrammarError(error.message, file=file) from None
    except msgspec.ValidationError as error:
        message, key = _explain(str(error), table)
        if key.startswith("examples."):
            key = _numbered(key, table)
        raise mistake(message, key) from None


def _extended(base: Grammar, table: dict[str, Any]) -> dict[str, Any]:
    """The table of a dialect: what it says, over what its base says."""
    inherited = msgspec.to_builtins(base)
    for key in _NOT_INHERITED:
        inherited.pop(key, None)
    return _merged({key: value for key, value in inherited.items() if value is not None}, table)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        nested = isinstance(merged.get(key), dict) and isinstance(value, dict) and key not in ("spellings", "prompts")
        merged[key] = _merged(_table(base, key), _table(over, key)) if nested else value
    return merged


def _lists(table: dict[str, Any]) -> None:
    """Where a list is wanted, one string is a list of one."""
    for path, keys in _ONE_OR_MORE.items():
        inner = _table(table, *path)
        for key in keys:
            if isinstance(inner.get(key), str):
                inner[key] = [inner[key]]
    detect = _table(table, "detect")
    if isinstance(detect.get("template"), list):  # a marker is a list of one
        rules = cast("list[object]", detect["template"])
        detect["template"] = [[rule] if isinstance(rule, str) else rule for rule in rules]
    for name in _table(table, "regions"):
        region = _table(table, "regions", name)
        for key in ("open", "close"):
            if isinstance(region.get(key), str):
                region[key] = [region[key]]
    for path in ((), ("repair",)):
        spellings = _table(table, *path, "spellings")
        for marker, others in spellings.items():
            if isinstance(others, str):
                spellings[marker] = [others]


def _table(table: dict[str, Any], *path: str) -> dict[str, Any]:
    """The table at a path, or an empty one."""
    for part in path:
        inner: Any = table.get(part)
        table = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    return table


def _numbered(key: str, table: dict[str, Any]) -> str:
    """The key of a mistake in the examples, with the number of the first that has one."""
    for i, example in enumerate(_tables(table.get("examples"))):
        try:
            msgspec.convert(example, Example, strict=True)
        except msgspec.ValidationError:
            return f"examples[{i}]{key.removeprefix('examples')}"
    return key


def _arguments(table: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The arguments of the calls that examples expect, with their keys."""
    for i, example in enumerate(_tables(table.get("examples"))):
        for k, call in enumerate(_tables(example.get("calls"))):
            yield f"examples[{i}].calls[{k}].arguments", call.get("arguments")


def _tables(value: object) -> list[dict[str, Any]]:
    """A list of tables; an empty one for anything else, of which others complain."""
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) if isinstance(item, dict) else {} for item in listed]


_INDEX: Final = re.compile(r"\[\d+\]")  # in a key: of an array of tables
_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)


def _explain(error: str, table: dict[str, Any]) -> tuple[str, str]:
    """Msgspec's message in words, and the key that it is about."""
    match = _PLACE.match(error)
    what, path = (match.group("what"), match.group("path") or "") if match else (error, "")
    key = re.sub(r"\[(\d+|\.\.\.)\]", "", path).strip(".")
    unknown = re.match(r"Object contains unknown field `(.*)`", what)
    if unknown:
        name = unknown.group(1)
        value = table.get(name) if not key else None
        if isinstance(value, dict) or any(_tables(value)):
            near = difflib.get_close_matches(name, [place for place in TYPES if place and "." not in place], n=1)
            if near:
                shown = "[[examples]]" if near[0] == "examples" else f"[{near[0]}]"
                return f"is no table here; did you mean {shown}?", name
        known = TYPES[key].__struct_fields__ if key in TYPES else ()
        near = difflib.get_close_matches(name, known, n=1)
        elsewhere = next((place for place, kind in TYPES.items() if name in kind.__struct_fields__ and place), "")
        hint = f"it belongs into [{elsewhere}]" if elsewhere else ""
        if not hint and near:
            hint = f"did you mean {near[0]!r}?"
        hint = hint or f"known are {', '.join(known)}"
        return f"is no key here; {hint}", f"{key}.{name}".strip(".")
    if what.startswith("Invalid enum value"):
        table_name, _, field = key.rpartition(".")
        declared = get_type_hints(TYPES.get(table_name, Grammar)).get(field)
        kinds = [declared, *get_args(declared)]  # a choice, or a choice or None
        allowed = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
        return f"{what[:1].lower()}{what[1:]}; it is one of {', '.join(map(repr, allowed))}", key
    missing = re.match(r"Object missing required field `(.*)`", what)
    if missing:
        return "is missing", f"{key}.{missing.group(1)}".strip(".")
    return what[:1].lower() + what[1:], key


class Lines:
    """Where the keys of a TOML text stand."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def find(self, key: str) -> int | None:
        """The line of a dotted key, or of its table; None if it does not stand in the text. Of an array of tables
        `examples[2].text` is the key in the third."""
        if indexed := re.match(r"(\w+)\[(\d+)\]", key):
            table, number = indexed.group(1), int(indexed.group(2))
            header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
            heads = [i for i, line in enumerate(self._lines) if header.match(line)]
            if number < len(heads):
                begin, end = [*heads, len(self._lines)][number : number + 2]
                line = Lines("\n".join(self._lines[begin:end])).find(_INDEX.sub("", key))
                return None if line is None else begin + line
        parts = _INDEX.sub("", key).split(".")
        for cut in range(len(parts), 0, -1):
            table, name = ".".join(parts[: cut - 1]), parts[cut - 1]
            line = self._key(table, name) or self._header(".".join(parts[:cut]))
            if line is not None:
                return line
        return None

    def _header(self, table: str) -> int | None:
        for number, line in enumerate(self._lines, 1):
            if re.match(rf"\s*\[\[?\s*{re.escape(table)}\s*\]", line):
                return number
        return None

    def _key(self, table: str, name: str) -> int | None:
        here = ""
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
                here = header.group(1)
            elif (here == table and re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]""", line)) or (
                f"{here}.".startswith(f"{table}.") is False
                and re.match(rf"\s*{re.escape(table.removeprefix(here + '.'))}\.{re.escape(name)}\s*=", line)
            ):
                return number
        return None


# -- what is checked of every grammar ----------------------------------------------------------------------------------


def check(grammar: Grammar) -> None:
    """Raises GrammarError for what no parser could be made of."""
    calls = grammar.calls
    if not grammar.name or re.search(r"[^\w.\-]", grammar.name):
        raise GrammarError("is made of letters, digits, '_', '-' and '.'", key="name")
    _no_empty(grammar)
    _check_detect(grammar)
    known = tuple(grammar.parameters)
    sections = _templates("calls.section", calls.section, known)
    bodies = _templates("calls.call", calls.call, known)
    parameters = _templates("calls.parameter", calls.parameter, known)
    if grammar.repair is not None:
        parameters += _templates("repair.parameter", grammar.repair.parameter, known)
    members = _templates("calls.item", calls.item, known)
    lone = _templates("repair.value", grammar.repair.value, known) if grammar.repair else []
    extra = _templates("repair.call", grammar.repair.call, known) if grammar.repair else []
    if grammar.regions:
        check_regions(grammar)
    elif grammar.start.anchor or grammar.start.anchor_pattern:
        raise GrammarError("needs [regions]; elsewhere give start.prompts", key="start.anchor")
    if not sections and not bodies and grammar.messages is None and not grammar.regions:
        raise GrammarError("says nothing of how a call is written; give `call` or `section`", key="calls")
    slotted = [section for section in sections if Slot("calls") in section]
    if slotted and not bodies:
        raise GrammarError("holds {calls}, but there is no `call` template", key="calls.section")
    for section in sections:
        _check_section(section, known)
    for body in bodies:
        _check_call(body, bool(parameters), calls, known)
    for body in extra:
        _check_damaged(body, bool(parameters), calls, known)
    for parameter in parameters:
        _check_parameter(parameter, known)
    for member in members:
        _check_item(member, "calls.item", known)
    for value in lone:
        _check_item(value, "repair.value", known)
    _check_nesting(parameters, members)
    if grammar.messages is not None:
        bodies += _templates("messages.body", (grammar.messages.body,), known)
        _check_messages(grammar.messages)
    inline = any("{arguments:inline}" in region.body for region in grammar.regions.values())
    if parameters and not inline and not any(Slot("parameters") in body for body in bodies):
        raise GrammarError("is never used: no `call` holds {parameters}", key="calls.parameter")
    _check_markers(grammar, [*sections, *bodies, *extra, *parameters, *members])
    _check_reasoning(grammar)
    _check_id(calls)
    _check_examples(grammar)
    if grammar.repair is not None:
        _check_unnamed(grammar.repair)


def _check_detect(grammar: Grammar) -> None:
    detect = grammar.detect
    for key, names in (("name", (grammar.name,)), ("aliases", grammar.aliases)):
        if AUTO in names:
            raise GrammarError(f"cannot be {AUTO!r}: Parser({AUTO!r}) looks for the format by itself", key=key)
    for rule in detect.template:
        if not rule:
            raise GrammarError("holds a rule without markers, which any template would match", key="detect.template")
        if any(not marker.strip() for marker in rule):
            raise GrammarError("holds an empty marker", key="detect.template")
    if detect.like and detect.template:
        raise GrammarError(
            f"says that templates look like those of {detect.like!r}, so there can be no markers of its own; "
            "leave out `like` or `template`",
            key="detect.like",
        )
    for key, others in (("detect.over", detect.over), ("detect.like", (detect.like,))):
        if grammar.name in others:
            raise GrammarError("names the format itself", key=key)
    for key, patterns in (("models", grammar.models), ("detect.models", detect.models)):
        for pattern in patterns:
            if says_nothing(pattern):
                raise GrammarError(f"holds {pattern!r}, which says nothing of a model's name", key=key)


def _no_empty(grammar: Grammar) -> None:
    for key, texts in (
        ("turn_end", grammar.turn_end),
        ("absorb", grammar.absorb),
        ("special_tokens", grammar.special_tokens),
        ("calls.optional", grammar.calls.optional),
        ("calls.strings", grammar.calls.strings),
        *(
            (("content.open", grammar.content.open), ("content.close", grammar.content.close))
            if grammar.content
            else ()
        ),
        *((("repair.unnamed", grammar.repair.unnamed),) if grammar.repair else ()),
        *((f"spellings.{marker}", others) for marker, others in grammar.spellings.items()),
    ):
        if any(not text.strip() for text in texts):
            raise GrammarError("holds an empty marker", key=key)


def _templates(key: str, lines: tuple[str, ...], parameters: tuple[str, ...]) -> list[tuple[Item, ...]]:
    result: list[tuple[Item, ...]] = []
    for line in lines:
        try:
            items = parse_template(line, parameters)
        except NotationError as error:
            hint = "; in a section it is {calls} or {calls:json}" if key == "calls.section" and "{call}" in line else ""
            raise GrammarError(f"{error}{hint}", key=key) from None
        if not items:
            raise GrammarError("is an empty template", key=key)
        result.append(items)
    return result


def _first(items: tuple[Item, ...]) -> Item | None:
    """The first item that is not whitespace."""
    return next((item for item in items if not isinstance(item, Space)), None)


def _fields(items: tuple[Item, ...], known: tuple[str, ...]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Field):
            yield item.name
        elif isinstance(item, Tag):
            yield from (field for field in item.fields if field not in known)


def _check_section(items: tuple[Item, ...], known: tuple[str, ...]) -> None:
    holds = [item for item in items if item == Slot("calls") or (isinstance(item, Payload) and item.what == "calls")]
    if len(holds) != 1:
        raise GrammarError("holds exactly one {calls} or {calls:CODEC}", key="calls.section")
    for item in items:
        payload = isinstance(item, Payload | Slot) and item is not holds[0]
        if payload or list(_fields((item,), known)):
            raise GrammarError(
                "holds markers and calls only; names and arguments belong into `call`", key="calls.section"
            )
    if holds[0] == Slot("calls") and _first(items) == holds[0]:
        raise GrammarError(
            "begins with {calls}, so nothing opens it; leave it out, or use {calls:CODEC}", key="calls.section"
        )


def _check_call(
    items: tuple[Item, ...], has_parameters: bool, calls: Calls, known: tuple[str, ...], key: str = "calls.call"
) -> None:
    payloads = [item for item in items if isinstance(item, Payload | Slot)]
    if len(payloads) != 1:
        raise GrammarError(
            "holds exactly one of {arguments:json}, {parameters}, {call:json} and {calls:CODEC}", key=key
        )
    payload = payloads[0]
    if payload == Slot("calls") or (isinstance(payload, Payload) and payload.what == "value"):
        raise GrammarError("cannot hold this: {calls} belongs into `section`, {value:…} into `parameter`", key=key)
    if payload == Slot("parameters") and not has_parameters:
        raise GrammarError("holds {parameters}, but there is no `parameter` template", key=key)
    fields = list(_fields(items, known))
    if len(set(fields)) < len(fields):
        raise GrammarError("holds a field twice", key=key)
    if isinstance(payload, Payload) and payload.codec == "inline":
        raise GrammarError("holds {arguments:inline}, which only a region can; here it is {parameters}", key=key)
    if isinstance(payload, Payload) and payload.codec in ("object", "quoted") and not calls.strings:
        raise GrammarError("says what stands on both sides of a string in object notation", key="calls.strings")
    names_itself = isinstance(payload, Payload) and payload.what in ("call", "calls")
    chosen = calls.names == "chosen"
    named = chosen or "name" in fields or ("id" in fields and "{name}" in calls.id)
    if names_itself and fields:
        raise GrammarError("holds a field, but the codec of {call:…} and {calls:…} reads the name itself", key=key)
    if not names_itself and not named:
        hint = "; the id holds it if `id` says how" if "id" in fields else ""
        raise GrammarError(f"has no {{name}}{hint}", key=key)
    before = items[: items.index(payload)]
    if not names_itself and not chosen and not isinstance(_first(before), Marker | Tag):
        raise GrammarError("begins with no marker, so nothing tells a call from text", key=key)
    if not names_itself and not chosen and not {"name", "id"} & set(_fields(before, known)):
        raise GrammarError("has its name behind the arguments; it has to come before them", key=key)
    for item, behind in itertools.pairwise(items):
        if isinstance(item, Field) and isinstance(behind, Field):
            raise GrammarError("has two fields with nothing between them", key=key)


def _check_damaged(items: tuple[Item, ...], has_parameters: bool, calls: Calls, known: tuple[str, ...]) -> None:
    """A call that is read with `repair` only: its name may stand before its opener, or be all that there is of it."""
    if len(items) == 2 and isinstance(items[0], Marker) and items[1] == Field("name"):
        return
    if items[0] == Field("name") and len(items) > 1 and isinstance(items[1], Marker):
        items = (items[1], items[0], *items[2:])
    _check_call(items, has_parameters, calls, known, "repair.call")


def _check_parameter(items: tuple[Item, ...], known: tuple[str, ...]) -> None:
    at = _check_value(items, "calls.parameter", known)
    if list(_fields(items[:at], known))[:1] != ["key"]:
        raise GrammarError("has no {key} before the value", key="calls.parameter")


def _check_item(items: tuple[Item, ...], key: str, known: tuple[str, ...]) -> None:
    at = _check_value(items, key, known)
    if "key" in _fields(items[:at], known):
        raise GrammarError("has a {key}, which belongs into `parameter`", key=key)


def _check_value(items: tuple[Item, ...], key: str, known: tuple[str, ...]) -> int:
    """What a parameter and an item have in common; where in the template the value stands."""
    values = [item for item in items if isinstance(item, Payload | Slot)]
    if len(values) != 1 or values[0] == Slot("calls") or (isinstance(values[0], Payload) and values[0].what != "value"):
        raise GrammarError("holds exactly one of {value:text}, {parameters} and {items}", key=key)
    at = items.index(values[0])
    if list(_fields(items[at:], known)):
        raise GrammarError("has a field behind the value; what closes a value is the same text for every key", key=key)
    if not any(isinstance(item, Marker | Tag) and not list(_fields((item,), known)) for item in items[at:]):
        raise GrammarError(
            "has no closer behind the value, so the value never ends; one that ends with its line is said with "
            "[regions]",
            key=key,
        )
    if not isinstance(_first(items), Marker | Tag):
        raise GrammarError(
            "begins with no marker, so nothing tells the next argument from the last one's value", key=key
        )
    if isinstance(values[0], Slot) and not isinstance(_nest_opener(items, at), Marker | Tag):
        raise GrammarError("has no marker before what nests, so nothing says that something does", key=key)
    return at


def _nest_opener(items: tuple[Item, ...], at: int) -> Item:
    """What stands before the slot at items[at]."""
    return next(item for item in reversed(items[:at]) if not isinstance(item, Space))


def _check_nesting(parameters: list[tuple[Item, ...]], members: list[tuple[Item, ...]]) -> None:
    """What opens an object or an array of tagged values opens nothing else, and there are templates for its members."""
    for key, templates in (("calls.parameter", parameters), ("calls.item", members)):
        for items in templates:
            slot = next((item for item in items if isinstance(item, Slot)), None)
            if slot == Slot("items") and not members:
                raise GrammarError("holds {items}, but there is no `item` template", key=key)
            if slot == Slot("parameters") and not parameters:
                raise GrammarError("holds {parameters}, but there is no `parameter` template", key=key)
            others = [other for other in templates if other is not items]
            if slot is not None and any(_nest_opener(items, items.index(slot)) in other for other in others):
                raise GrammarError("opens what nests with a marker that another template has as well", key=key)
    slots = [item for items in (*parameters, *members) for item in items]
    if members and Slot("items") not in slots:
        raise GrammarError("is never used: nothing holds {items}", key="calls.item")


def _check_markers(grammar: Grammar, templates: list[tuple[Item, ...]]) -> None:
    """Markers that are named elsewhere are those of the templates."""
    known = {item.text for items in templates for item in items if isinstance(item, Marker | Tag)}
    named = [("calls.optional", marker) for marker in grammar.calls.optional]
    named += [("repair.known", marker) for marker in grammar.repair.known] if grammar.repair else []
    named += [("spellings", marker) for marker in grammar.spellings]
    if grammar.repair:
        named += [("repair.optional", marker) for marker in grammar.repair.optional]
        named += [("repair.spellings", marker) for marker in grammar.repair.spellings]
    for key, marker in named:
        part = key.endswith("spellings") and any(marker in text for text in known)
        if marker.lstrip("\n") not in known and not part:
            near = difflib.get_close_matches(marker, known, n=1, cutoff=0.3)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise GrammarError(f"{marker!r} is no marker of the templates{hint}", key=key)


def _check_messages(messages: Messages) -> None:
    fields = set(re.findall(r"\{(.*?)\}", messages.header))
    if not fields <= {"recipient", "channel", "type", "author"}:
        raise GrammarError("knows {recipient}, {channel}, {type} and {author}", key="messages.header")
    if not re.search(r"[^\s(){}?]\)?$", messages.header) and not messages.header.endswith("\n"):
        raise GrammarError(
            "has to end in a marker or a line break, or nobody knows where it ends", key="messages.header"
        )
    if any(not messages.header.endswith(marker) for marker in messages.optional):
        raise GrammarError("can hold the marker that the header ends with, and no other", key="messages.optional")
    if not messages.routes:
        raise GrammarError("is empty, so no message goes anywhere", key="messages.routes")
    for route in messages.routes:
        if route.to == "call" and "{name}" not in route.recipient and not messages.body.lstrip().startswith("{call"):
            raise GrammarError(
                'says where the tool\'s name stands: recipient = "functions.{name}"', key="messages.routes"
            )


def _check_reasoning(grammar: Grammar) -> None:
    reasoning = grammar.reasoning
    starts = {grammar.start.state, *grammar.start.prompts.values()}
    if reasoning is None:
        if "reasoning" in starts and grammar.messages is None and not grammar.regions:
            raise GrammarError("starts in reasoning, but there is no [reasoning]", key="start")
        return
    if not reasoning.close:
        raise GrammarError("is empty, so reasoning never ends", key="reasoning.close")
    for key, texts in (("reasoning.open", reasoning.open), ("reasoning.close", reasoning.close)):
        if any(not text.strip() for text in texts):
            raise GrammarError("holds an empty marker", key=key)
    both = {text.strip() for text in reasoning.open} & {text.strip() for text in reasoning.close}
    if both:
        raise GrammarError(f"{both.pop()!r} both opens and closes reasoning", key="reasoning")
    if not reasoning.open and "reasoning" not in starts:
        raise GrammarError("has no opener, and no start state or prompt leads there", key="reasoning")


def _check_unnamed(repair: Repair) -> None:
    for text in repair.unnamed:
        if set(re.findall(r"\{(.*?)\}", text)) - {"number"}:
            raise GrammarError("knows {number}", key="repair.unnamed")


def _check_id(calls: Calls) -> None:
    if calls.id and calls.id.count("{name}") != 1:
        raise GrammarError('says where the name stands: "functions.{name}:{number}"', key="calls.id")
    if calls.id and set(re.findall(r"\{(.*?)\}", calls.id)) - {"name", "number"}:
        raise GrammarError("knows {name} and {number}", key="calls.id")


def _check_examples(grammar: Grammar) -> None:
    """What the examples say can be read; whether it holds is a question for `toolfeed check`."""
    for i, example in enumerate(grammar.examples):
        place = f"examples[{i}]"
        try:
            declarations = example.declarations()
            tools = None if declarations is None else Tools(declarations)
        except (ValueError, RecursionError, ToolsError) as error:
            raise GrammarError(str(error), key=f"{place}.tools") from None
        if example.chosen and tools and example.chosen not in tools:
            raise GrammarError(
                f"{example.chosen!r} is none of its tools, {', '.join(map(repr, tools))}", key=f"{place}.chosen"
            )
        for k, call in enumerate(example.calls):
            if call.status != "complete":
                continue  # text as far as it came
            try:
                json.loads(call.arguments)
            except (ValueError, RecursionError) as error:
                raise GrammarError(f"is no JSON: {error}", key=f"{place}.calls[{k}].arguments") from None
