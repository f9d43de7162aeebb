"""Headers of messages: a template with optional groups, compiled to a pattern, and where a header leads.

    "(<|start|>assistant)?( to={recipient})?(<|channel|>{channel})?( {type})?<|message|>"

`(…)?` is what may be missing, `(…|…)?` one of several, `{…}` a field without whitespace or angle brackets. Spaces are
accepted in any number, and around markers. The pattern is anchored, bounded by HEADER_LIMIT and used with partial
matching.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import regex

from .grammar import Messages, Route

HEADER_LIMIT: Final = 256

_TOKEN: Final = re.compile(r"<[^<>]*>|\{(\w+)\}|\)\?|[()|]| +|\n|[^<>{}()|\s]+|.")


class Destination:
    """Where a message goes: content, reasoning, or a call of `name`."""

    __slots__ = ("name", "to")

    def __init__(self, to: str, name: str = "") -> None:
        self.to = to
        self.name = name


class Headers:
    """The compiled headers of a format.

    `match`: at the start of a message. `pattern`, `first`: of a header inside text, which has to begin with what the
    template begins with. `markers`: those that show that a header which is cut off is one.
    """

    def __init__(self, messages: Messages) -> None:
        pattern = _pattern(messages.header)
        self.match: Callable[..., Any] = regex.compile(pattern, regex.VERSION1).match
        self.pattern = re.sub(r"\)\?", ")", pattern, count=1) if pattern.startswith("(?:") else pattern
        self.markers = tuple(re.findall(r"<[^<>]*>", messages.header))
        literal = re.match(r"\(?([^(){}\s]+)", messages.header)
        self.first = (self.markers[0] if messages.header.lstrip("(").startswith("<") else "") or (
            literal.group(1) if literal else ""
        )
        self._routes = [(route, _recipient(route.recipient)) for route in messages.routes]

    def destination(self, match: Any) -> Destination | None:
        """Where a matched header leads; None if no route fits."""
        fields: dict[str, str] = {key: value or "" for key, value in match.groupdict().items()}
        for route, recipient in self._routes:
            name = self._fits(route, recipient, fields)
            if name is not None:
                return Destination(route.to, name)
        return None

    @staticmethod
    def _fits(route: Route, recipient: re.Pattern[str] | None, fields: dict[str, str]) -> str | None:
        """The name that the route reads from the header ("" for none), or None if the route does not fit."""
        for field, wanted in (("channel", route.channel), ("type", route.type)):
            if wanted and fields.get(field, "") != wanted:
                return None
        if recipient is None:
            return ""
        found = recipient.fullmatch(fields.get("recipient", ""))
        if found is None:
            return None
        return found.groupdict().get("name") or ""


def _recipient(text: str) -> re.Pattern[str] | None:
    if not text:
        return None
    return re.compile(re.escape(text).replace(re.escape("{name}"), "(?P<name>.+)"))


def _pattern(template: str) -> str:
    pattern = ""
    depth = 0
    for found in _TOKEN.finditer(template):
        token = found.group()
        if found.group(1):
            pattern += rf"(?P<{found.group(1)}>[^\s<>]+)"
        elif token.startswith("<"):
            pattern += f" *{regex.escape(token, special_only=True)} *"
        elif token == "(":
            depth += 1
            pattern += "(?:"
        elif token in (")", ")?"):
            depth -= 1
            pattern += token
        elif token == "|" and depth:
            pattern += "|"
        elif token.isspace():
            pattern += r"[ \t]*\n" if token == "\n" else " *"
        else:
            pattern += regex.escape(token, special_only=True)
    return pattern
