"""Whole JSON texts, looked into without changing how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from .json_value import JsonValue

_SPACES: Final = re.compile(r"[ \t\r\n]*")


def skip(text: str, pos: int) -> int:
    """Behind the whitespace at text[pos:]."""
    match = _SPACES.match(text, pos)
    return match.end() if match else pos


def value_at(text: str, pos: int, digits: int) -> tuple[str, int]:
    """The JSON text of the value at text[pos:], and where it ends. Raises ValueError if none stands there."""
    machine = JsonValue(digits)
    out: list[str] = []
    end = machine.feed(text, pos, out)
    if not machine.done:
        machine.end(out)
    if not machine.done:
        raise ValueError(machine.error or "the text ends inside it")
    return "".join(out), end


def members(text: str, digits: int) -> Iterator[tuple[str, str]]:
    """The keys of a JSON object, and the texts of their values. The text has been checked."""
    pos = skip(text, 1)
    while text[pos] != "}":
        key, pos = value_at(text, pos, digits)
        value, pos = value_at(text, skip(text, skip(text, pos) + 1), digits)
        yield json.loads(key), value
        pos = skip(text, pos)
        if text[pos] == ",":
            pos = skip(text, pos + 1)


def elements(text: str, digits: int) -> Iterator[str]:
    """The texts of a JSON array's elements. The text has been checked."""
    pos = skip(text, 1)
    while text[pos] != "]":
        value, pos = value_at(text, pos, digits)
        yield value
        pos = skip(text, pos)
        if text[pos] == ",":
            pos = skip(text, pos + 1)
