"""The floor, and the streams that a parser is measured on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import toolfeed

# Cuts a text about where a tokenizer would: a word with the space before it, a run of signs, a run of whitespace.
_TOKEN_LIKE = re.compile(r"\s?[^\W_]+|\s?[^\s\w]+|_+|\s+")

PROSE = (
    "The weather in Paris is fine today, and it should stay so until the weekend. "
    "We could walk along the river; take some water with you, though.\n\n"
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

STRUCTURE = json.dumps([{"id": n, "at": [n / 4, -1.5], "on": True, "tag": {"key": None}} for n in range(300)])


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
    """A turn: `before` brings the parser to where `text`, which is measured, begins."""

    name: str
    format: str
    before: str
    text: str

    def parser(self) -> toolfeed.Parser:
        parser = toolfeed.Parser(self.format)
        if self.before:
            parser.feed(self.before)
        return parser


STREAMS = (
    Stream("content", "hermes", "", PROSE),
    Stream("string argument", "hermes", '<tool_call>\n{"name": "f", "arguments": {"a": "', PROSE.replace("\n", " ")),
    Stream("code as a JSON string", "hermes", '<tool_call>\n{"name": "f", "arguments": {"a": ', json.dumps(CODE)),
    Stream("code as a tagged parameter", "qwen3_coder", "<tool_call>\n<function=f>\n<parameter=a>\n", CODE),
    Stream("code as a Python string", "llama4_pythonic", '[f(a="""', CODE.replace('"""', "'''")),
    Stream("structural JSON", "hermes", '<tool_call>\n{"name": "f", "arguments": {"a": ', STRUCTURE),
)


def tokens(text: str) -> list[str]:
    """Fragments such as a server sends them."""
    pieces = _TOKEN_LIKE.findall(text)
    if "".join(pieces) != text:
        raise ValueError("the pieces are not the text")
    return pieces


def feeder(parser: Feeds, fragments: list[str]) -> Callable[[], None]:
    """The loop that everything is measured with, the floor too."""

    def run() -> None:
        feed = parser.feed
        for fragment in fragments:
            feed(fragment)

    return run
