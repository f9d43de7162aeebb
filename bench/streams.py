"""The floor, and the streams that a parser is measured on.

A stream is a turn as the format's own grammar writes it, so that one list of kinds does for every format. `before`
brings the parser to where the part begins that is measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import toolfeed
from toolfeed.grammar import signature

FORMATS = (
    "hermes",
    "xlam",
    "llama3_json",
    "mistral",
    "kimi_k2",
    "deepseek_v31",
    "qwen3_coder",
    "glm47",
    "pythonic",
    "gemma4",
    "harmony",
)

PROSE = (
    "The weather in Paris is fine today, and it should stay so until the weekend. "
    "We could walk along the river; take some water with you, though.\n\n"
) * 60

# Signs that markers begin with, in text that holds none.
SIGNS = (
    "If a < b then x[0] is {y}; see [1], <b>bold</b> and {z}. "
    "An <a> tag, a [link](url), f(x) = {1, 2}, [ ] or [x], <- and << or <<=.\n\n"
) * 60

NON_LATIN = (
    "巴黎今天天气很好，周末之前应该都是这样。"  # one token may be several characters, or a part of one
    "Мы могли бы прогуляться вдоль реки; возьмите с собой воды.\n"
    "الطقس في باريس جميل اليوم.\n"
) * 60

CODE = (
    '''def total(items, rate=0.2):
    """Add up the prices in `items`, with tax."""
    result = 0
    for item in items:
        if item.get("price") is None:
            raise ValueError(f"no price: {item['name']!r}")
        result += item["price"] * (1 + rate)
    return {"total": result, "rate": rate}


'''
    * 40
)

STRUCTURE = {"a": [{"id": n, "at": [n / 4, -1.5], "on": True, "tag": {"key": None}} for n in range(300)]}

CALLS = [("get_weather", json.dumps({"city": f"Paris {n}", "days": n})) for n in range(8)]

TOOLS = toolfeed.Tools(
    [
        signature("get_weather(city: string, days: integer)"),
        signature("f(s: string, a: array)"),
    ]
)


class Feeds(Protocol):
    """What a stream is fed to."""

    def feed(self, text: str) -> list[toolfeed.Event]: ...


class Floor:
    """The least that a parser can do for a fragment: give it back in an event."""

    __slots__ = ()

    def feed(self, text: str) -> list[toolfeed.Event]:
        return [toolfeed.ContentDelta(text)]


@dataclass(frozen=True)
class Stream:
    """A turn: `before` brings the parser to where `text`, which is measured, begins. `target`: how many times the floor
    a token-like fragment may cost."""

    kind: str
    format: str
    before: str
    text: str
    target: float

    def parser(self) -> toolfeed.Parser:
        parser = toolfeed.Parser(self.format, tools=TOOLS)
        if self.before:
            parser.feed(self.before)
        return parser


def _body(grammar: toolfeed.Grammar, value: str) -> tuple[str, str]:
    """What comes before a string argument, and the string as the format writes it."""
    texts = [grammar.write(calls=[("f", json.dumps({"s": text}))], tools=TOOLS) for text in (value, "#", "%")]
    before = next(i for i, (one, other) in enumerate(zip(*texts[1:], strict=True)) if one != other)
    behind = len(texts[1]) - before - 1
    return texts[0][:before], texts[0][before : len(texts[0]) - behind]


def streams(format: str) -> Iterator[Stream]:
    """Every kind of stream, as this format writes it."""
    grammar = toolfeed.Grammar.load(format)
    bare = not grammar.special_tokens
    begun = grammar.write(content="Well")  # in envelopes a header comes first
    begun = begun[: begun.index("Well") + 4]
    yield Stream("prose", format, begun, PROSE, 12 if bare else 3)
    yield Stream("prose of signs", format, begun, SIGNS, 12)
    yield Stream("non-Latin prose", format, begun, NON_LATIN, 12 if bare else 3)
    yield Stream("string argument", format, *_body(grammar, PROSE.replace("\n", " ")), 3.5)
    yield Stream("code argument", format, *_body(grammar, CODE), 6)
    yield Stream("structure", format, "", grammar.write(calls=[("f", json.dumps(STRUCTURE))], tools=TOOLS), 12)
    yield Stream("eight calls", format, "", grammar.write(calls=CALLS, tools=TOOLS), 12)


# Cuts a text about where a tokenizer would: a word with the space before it, a run of signs, a run of whitespace.
_TOKEN_LIKE = r"\s?[^\W_]+|\s?[^\s\w]+|_+|\s+"


def tokens(text: str, special: tuple[str, ...] = ()) -> list[str]:
    """Fragments such as a server sends them; special tokens are one each."""
    known = [re.escape(token) for token in special]
    pieces = [piece for piece in re.split("(" + "|".join(known) + ")", text) if piece] if known else [text]
    found = [part for piece in pieces for part in ([piece] if piece in special else re.findall(_TOKEN_LIKE, piece))]
    if "".join(found) != text:
        raise ValueError("the pieces are not the text")
    return found


def cut(text: str, size: int) -> list[str]:
    """Fragments of one size."""
    return [text[i : i + size] for i in range(0, len(text), size)]


def feeder(parser: Feeds, fragments: list[str]) -> Callable[[], None]:
    """The loop that everything is measured with, the floor too."""

    def run() -> None:
        feed = parser.feed
        for fragment in fragments:
            feed(fragment)

    return run
