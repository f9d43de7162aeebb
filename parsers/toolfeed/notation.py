"""The template lines of a grammar: text that looks like the wire, with fields in braces, read into items.

    "<tool_call>\\n<function={name}>\\n{parameters}</function>\\n</tool_call>"

becomes a marker, a space, a tag that holds a field, a space, a slot, a marker, … Whitespace is what the format's own
template writes; a parser accepts any there, except at the edges of a raw `{value:…}`, where it says what is trimmed.

A literal is cut into markers so that each can be missing, or be written otherwise, on its own: `<…>` is one marker, so
is `[…]`, so is a run of other characters. A field inside `<…>` makes that a tag: `<invoke name="{name}">`. `{{` and
`}}` are literal braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

Trim: TypeAlias = Literal["none", "newline", "strip"]

# What may stand in braces. `codec` says which payloads take one, and which they may name.
FIELDS: Final = ("name", "id", "key", "type", "string")
SLOTS: Final = ("calls", "parameters", "items")
CODECS: Final[dict[str, tuple[str, ...]]] = {
    "call": ("json", "keyed"),
    "calls": ("json", "keyed", "literal", "python"),
    "arguments": ("json", "object", "quoted", "inline"),
    "value": ("text", "block", "stripped", "any", "stripped_any", "string", "json"),
}


class Space(msgspec.Struct, frozen=True):
    """Whitespace that the template writes."""

    text: str


class Marker(msgspec.Struct, frozen=True):
    """Text that is matched exactly."""

    text: str


class Field(msgspec.Struct, frozen=True):
    """A short text between markers, or inside a tag: a name, an id, a key."""

    name: str


class Tag(msgspec.Struct, frozen=True):
    """A marker with fields inside: literal text and fields in turn."""

    parts: tuple[str | Field, ...]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else "{" + part.name + "}" for part in self.parts)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Field))


class Payload(msgspec.Struct, frozen=True):
    """What a codec reads: `{calls:json}`, `{arguments:json}`, `{value:text}`.

    `bracketed`: the template writes `[` and `]` around it, and `inside` them this whitespace. `trim`: what of a raw
    value's edges belongs to its tags.
    """

    what: str
    codec: str
    bracketed: bool = False
    inside: tuple[str, str] = ("", "")
    trim: Trim = "none"


class Slot(msgspec.Struct, frozen=True):
    """`{calls}` in a section, `{parameters}` in a call: the other templates, any number of times.

    In a parameter or an item, `{parameters}` and `{items}` nest: the value is an object, or an array, of such.
    """

    name: str


Item: TypeAlias = Space | Marker | Tag | Field | Payload | Slot


class NotationError(ValueError):
    """A template line that cannot be read; says what and the likely fix."""


_BRACED: Final = re.compile(r"\{([^{}]*)\}")
_LIST: Final = re.compile(r"\[\s*\{calls:")
_SPACE: Final = re.compile(r"\s+")


def parse_template(line: str, parameters: Iterable[str] = ()) -> tuple[Item, ...]:
    """The items of a template line; `parameters` are fields besides the usual ones. Raises NotationError."""
    extra = tuple(parameters)
    items: list[Item] = []
    i = 0
    while i < len(line):
        if space := _SPACE.match(line, i):
            items.append(Space(space.group()))
            i = space.end()
        elif line[i] == "{" and not line.startswith("{{", i):
            item, i = _braced(line, i, extra)
            items.append(item)
        else:
            parts, i = _literal(line, i, extra)
            if all(isinstance(part, str) for part in parts):
                items.append(Marker("".join(part for part in parts if isinstance(part, str))))
            else:
                items.append(Tag(tuple(parts)))
    return tuple(_trimmed(_bracketed(items)))


def literal(text: str) -> str:
    """Text as a template line says it."""
    return text.replace("{", "{{").replace("}", "}}")


def _braced(line: str, i: int, extra: tuple[str, ...]) -> tuple[Item, int]:
    match = _BRACED.match(line, i)
    if match is None:
        raise NotationError(f"the brace at column {i + 1} is not closed; a literal brace is written {{{{ or }}}}")
    what, colon, codec = match.group(1).partition(":")
    if colon:
        known = CODECS.get(what)
        if known is None:
            raise NotationError(f"{{{what}:…}} takes no codec; those that do are {_braces(CODECS)}")
        if codec not in known:
            raise NotationError(f"{{{what}:{codec}}} names an unknown codec; {{{what}:…}} takes {', '.join(known)}")
        return Payload(what, codec, trim="strip" if codec.startswith("stripped") else "none"), match.end()
    if what in SLOTS:
        return Slot(what), match.end()
    if what in FIELDS or what in extra:
        return Field(what), match.end()
    if what in CODECS:
        raise NotationError(f"{{{what}}} needs a codec: {_braces(f'{what}:{codec}' for codec in CODECS[what])}")
    raise NotationError(f"{{{what}}} is no field; fields are {_braces([*FIELDS, *SLOTS])}")


def _braces(names: Iterable[str]) -> str:
    return ", ".join("{" + name + "}" for name in names)


def _literal(line: str, i: int, extra: tuple[str, ...]) -> tuple[list[str | Field], int]:
    """One marker or tag from line[i] on, and where it ends."""
    closer = {"<": ">", "[": "]"}.get(line[i], "")
    if _LIST.match(line, i):
        return ["["], i + 1  # the bracket of a list, not of a marker
    if closer:
        closer *= len(line[i:]) - len(line[i:].lstrip(line[i]))  # [[…]] is one marker too
        end = line.find(closer, i)
        if end < 0 or "\n" in line[i:end]:
            closer = ""
    parts: list[str | Field] = []
    text = ""
    while i < len(line):
        char = line[i]
        if line.startswith(("{{", "}}"), i):
            text += char
            i += 2
            continue
        if char == "}":
            raise NotationError(f"the brace at column {i + 1} closes nothing; a literal brace is written }}}}")
        if char == "{":
            if not closer:
                break
            item, i = _braced(line, i, extra)
            if not isinstance(item, Field):
                raise NotationError(
                    f"only a field can stand inside a marker, one of {_braces(FIELDS)}; "
                    "what else stands between delimiters is said with [regions]"
                )
            parts += [text, item] if text else [item]
            text = ""
            continue
        if not closer and text and (char in "<[" or char.isspace()):
            break
        text += char
        i += 1
        if closer and text.endswith(closer):
            break
    if text:
        parts.append(text)
    return parts, i


def _bracketed(items: list[Item]) -> list[Item]:
    """`[` and `]` around {calls:…} belong to its notation, with the whitespace inside them: the codec reads them."""
    result: list[Item] = []
    i = 0
    while i < len(items):
        item = items[i]
        i += 1
        if item != Marker("["):
            result.append(item)
            continue
        inside: list[str] = []
        payload: Payload | None = None
        for side in range(2):
            space = items[i] if i < len(items) else None
            inside.append(space.text if isinstance(space, Space) else "")
            i += isinstance(space, Space)
            if not side and i < len(items):
                found = items[i]
                payload = found if isinstance(found, Payload) and found.what == "calls" else None
                i += 1
        rest = items[i] if i < len(items) else None
        if payload is None or not isinstance(rest, Marker) or not rest.text.startswith("]"):
            raise NotationError("a lone [ stands before {calls:…} only, and has its ] behind it")
        i += 1
        result.append(msgspec.structs.replace(payload, bracketed=True, inside=(inside[0], inside[1])))
        if len(rest.text) > 1:
            result.append(Marker(rest.text[1:]))
    return result


def _trimmed(items: list[Item]) -> list[Item]:
    """A line break on both sides of a raw value belongs to its tags, so exactly one is trimmed."""
    for i, item in enumerate(items):
        if isinstance(item, Payload) and item.what == "value" and item.trim == "none":
            before = items[i - 1] if i else None
            after = items[i + 1] if i + 1 < len(items) else None
            framed = [isinstance(side, Space) and side.text == "\n" for side in (before, after)]
            if all(framed):
                items[i] = msgspec.structs.replace(item, trim="newline")
            elif isinstance(before, Space) or isinstance(after, Space) or item.codec == "block":
                raise NotationError(
                    "a raw value has one line break on both sides, or nothing; {value:stripped} trims all"
                )
    return items
