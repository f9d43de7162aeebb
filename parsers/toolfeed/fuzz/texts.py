"""Text that hurts: a format's markers, ways of cutting a text, ways of damaging it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Final

from ..grammar import Grammar
from ..notation import Field, Marker, Tag, parse_template

# -- markers -----------------------------------------------------------------------------------------------------------


SUFFIX: Final = ":x"  # what a part of the markers may be that differs between checkpoints


def markers_of(grammar: Grammar) -> tuple[str, ...]:
    """Every marker of a grammar as it may stand in a text (a field is written `x`), with the whitespace beside it."""
    suffixes = ("", SUFFIX) if grammar.parameters else ("",)
    found = [re.sub(r"\{\w+\}", suffix, text) for text in _markers(grammar) for suffix in suffixes]
    for table in (grammar.spellings, grammar.repair.spellings if grammar.repair else {}):
        for spelling, others in table.items():
            found += [text.replace(spelling, other) for text in found if spelling in text for other in others]
    return tuple(dict.fromkeys(text for text in found if text))


def _markers(grammar: Grammar) -> Iterator[str]:
    calls, reasoning, content, repair = grammar.calls, grammar.reasoning, grammar.content, grammar.repair
    lines = [
        *calls.section,
        *calls.call,
        *calls.parameter,
        *((*repair.call, *repair.parameter, *repair.value) if repair else ()),
    ]
    for item in (item for line in lines for item in parse_template(line, grammar.parameters)):
        if isinstance(item, Marker):
            yield item.text
        elif isinstance(item, Tag):
            yield "".join(part if isinstance(part, str) else _field(part, grammar) for part in item.parts)
            yield next(part for part in item.parts if isinstance(part, str))
    yield from grammar.absorb
    yield from repair.absorb if repair else ()
    yield from grammar.turn_end
    yield from calls.strings
    if calls.separator.strip():
        yield calls.separator
    for pair in (reasoning, content):
        if pair is not None:
            yield from (*pair.open, *pair.close)
    for region in grammar.regions.values():
        yield from (*region.open, *region.close)
    if grammar.messages is not None:
        yield from re.findall(r"<[^<>{}]*>|[^<>{}()|?\s]+|>{2,}", grammar.messages.header)
        yield from grammar.messages.close


def _field(field: Field, grammar: Grammar) -> str:
    return "{" + field.name + "}" if field.name in grammar.parameters else "x"


# -- cutting -----------------------------------------------------------------------------------------------------------


def pieces(text: str, size: int) -> list[str]:
    """The text in fragments of so many characters."""
    return [text[i : i + size] for i in range(0, len(text), size)]


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    """The text's fragments, cut at these offsets, which are in order."""
    return [text[start:end] for start, end in zip((0, *cuts), (*cuts, len(text)), strict=True)]


def cuts_of(fragments: Sequence[str]) -> tuple[int, ...]:
    """The offsets between fragments."""
    result: list[int] = []
    at = 0
    for fragment in fragments[:-1]:
        at += len(fragment)
        result.append(at)
    return tuple(result)


def some_offsets(text: str, rng: random.Random, count: int) -> list[int]:
    """Offsets inside the text, in order; half of them close to each other, where a marker is cut more than once."""
    near = rng.randint(0, len(text))
    beside = range(max(1, near - 6), min(len(text), near + 6))
    chosen = rng.sample(beside, min(count // 2, len(beside)))
    others = [offset for offset in range(1, len(text)) if offset not in chosen]
    return sorted(chosen + rng.sample(others, min(count - len(chosen), len(others))))


def random_cuts(text: str, rng: random.Random, *, longest: int = 12) -> list[str]:
    """The text in random fragments, some of them empty."""
    result: list[str] = []
    i = 0
    while i < len(text):
        size = rng.choice((0, 1, 1, 2, 3, rng.randint(1, longest)))
        result.append(text[i : i + size])
        i += size
    return result


# -- characters --------------------------------------------------------------------------------------------------------

_SIGNS: Final = (*"{}[]()\"'\\,:;=<>|`#.", "</", "/>", "```", "'''")
_SPACES: Final = ("\n", "\r\n", "\r", "\t", " ", "  ", "\n\n", "\v", "\f", "\xa0", "\u2028", "\x85", "\ufeff")
_CHARACTERS: Final = (
    *(
        "\x00",
        "\x1f",
        "\u200b",
        "\u200d",
        "\u202e",
        "\u0627\u0644",
        "\u05e9\u05dc",
        "\u0301",
        "é",
        "漢字",
        "\U0001f600",
    ),
    *("\ufffd", "\ud83d", "\ude00"),
)
_ESCAPES: Final = (
    "\\ud83d",
    "\\ude00",
    "\\u",
    "\\u00e",
    "\\n",
    "\\x41",
    "\\N{DASH}",
    '\\"',
    "\\\\",
    "&lt;",
    "<![CDATA[",
)
_VALUES: Final = (
    *("null", "None", "true", "True", "nul", "NaN", "-", "0", "00", "1", "1e5", "1.50", "-0", "12345678901234567890"),
    *("{}", "[]", "[x](http://y)", "{{x}}"),
)
_CALLS: Final = (
    *('{"name": "f"', '"arguments": {}', '"name"', '"parameters"', '"id": "1"', '{"name": "f", "arguments": {}}'),
    *("[f(a=1)]", "f(", "a=", "f()", "get_weather", "city", "functions.f:0", '"function": {', '"type": "function"'),
    *("</s>", "<think>", "</think>", "<tool_call>", "</tool_call>", "<function=f>", "<parameter=a>", "</parameter>"),
)
GROUPS: Final[tuple[tuple[str, ...], ...]] = (_SIGNS, _SPACES, _CHARACTERS, _ESCAPES, _VALUES, _CALLS)
ODDITIES: Final = tuple(odd for group in GROUPS for odd in group)


# -- damaging ----------------------------------------------------------------------------------------------------------


def damage(text: str, rng: random.Random, donors: Sequence[str], *, times: int | None = None) -> str:
    """The text with a few things wrong: characters deleted, doubled and swapped, the end cut off, `donors` (markers,
    other texts) spliced in whole and in part, and the markers among them that the text holds cut, doubled, swapped and
    misspelt."""
    for _ in range(rng.randint(1, 4) if times is None else times):
        i = rng.randint(0, len(text))
        j = min(len(text), i + rng.choice((1, 1, 2, 5, 20)))
        kind = rng.randrange(14)
        if kind == 0:
            text = text[:i] + text[j:]
        elif kind == 1:
            text = text[:j] + text[i:]
        elif kind == 2:
            k = min(len(text), j + rng.choice((1, 2, 8)))
            text = text[:i] + text[j:k] + text[i:j] + text[k:]
        elif kind == 3:
            text = text[:i]
        elif kind <= 5:
            text = text[:i] + rng.choice(donors) + text[i:]
        elif kind == 6:
            text = text[:i] + rng.choice(ODDITIES) + text[i:]
        elif kind == 7:
            marker = rng.choice(donors)
            text = text[:i] + marker[: rng.randint(0, len(marker))] + text[i:]
        elif kind == 8:
            text = text[:i] + rng.choice((" ", "\n", "\t")) * rng.choice((1, 2, 20, 70)) + text[i:]
        else:
            text = _damage_marker(text, rng, donors)
    return text


def _damage_marker(text: str, rng: random.Random, donors: Sequence[str]) -> str:
    """One of the markers that the text holds is cut, doubled, left out, misspelt, or changes places with another."""
    held = [marker for marker in donors if 1 < len(marker) < 60 and marker in text]
    if not held:
        return text
    marker = rng.choice(held)
    places = [found.start() for found in re.finditer(re.escape(marker), text)]
    i = rng.choice(places)
    j = i + len(marker)
    kind = rng.randrange(7)
    if kind == 0:  # left out: what it opened or closed is an orphan
        return text[:i] + text[j:]
    if kind == 1:
        return text[:j] + rng.choice(("", " ", "\n")) + text[i:]
    if kind == 2:
        return text[: i + rng.randint(0, len(marker))] + text[j:]
    if kind == 3:
        k = rng.randrange(i, j)
        return text[:k] + rng.choice((text[k].swapcase(), "_", " ", "", "x")) + text[k + 1 :]
    if kind == 4:
        return text[:i] + rng.choice(donors) + text[j:]
    if kind == 5:
        return text[:i] + rng.choice((" ", "\n", "\r\n", "\n\n")) + marker + rng.choice((" ", "\n", "")) + text[j:]
    other = rng.choice(held)
    return text.replace(marker, "\ue000").replace(other, marker).replace("\ue000", other)
