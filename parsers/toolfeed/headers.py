"""Headers of messages: a template with optional groups, compiled to a pattern, and where a header leads.

    "(<|start|>assistant)?( to={recipient})?(<|channel|>{channel})?( {type})?<|message|>"

`(…)?` is what may be missing, `(…|…)` one of several, `{…}` a field: text without whitespace, angle brackets and
opening braces; in a marker, one of the words that the routes name, if each of them names one. Whitespace is accepted in
any amount, and around markers. Where no marker is in a header, only its words tell it from text: there a field is made
of letters, digits, `_`, `.` and `-`. The pattern is anchored, bounded by HEADER_LIMIT and used with partial matching;
its fields never give back what they took.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import regex

from .grammar import Messages, Route

HEADER_LIMIT: Final = 256  # a header is shorter

_TOKEN: Final = re.compile(r"<[^<>]*>|\{(\w+)\}|\)\?|[()|]| +|\n|[^<>{}()|\s]+|.")
_GROUP: Final = re.compile(r"\(([^()]*)\)\??")
_CHOICES: Final = re.compile(r"\|(?![^<]*>)")  # between alternatives, not inside a marker
_MARKER: Final = re.compile(r"<[^<>]*>")
_WORD: Final = r"[\w.\-]++"
_ENDS: Final = re.compile(r"(?:(?:\|[^()]*)?\)\??)*")  # nothing but the ends of groups, and their other alternatives
_FIELD: Final = re.compile(r"\{(\w+)\}")


class Destination:
    """Where a message goes: content, reasoning, or a call of `name`. `missing`: its header ends without its marker."""

    __slots__ = ("missing", "name", "to")

    def __init__(self, to: str, name: str = "", missing: bool = False) -> None:
        self.to = to
        self.name = name
        self.missing = missing


class Headers:
    """The compiled headers of a format.

    `first`: at the turn's start; `match`: at the start of another message. `pattern`, `openers`: of a header inside a
    message, which has to begin with the marker that begins a message, and those markers. `loose`, `loose_openers`: of
    one in text that is in no message, which may begin with any marker but the last. `markers`: whether any stands in a
    header.

    Where nothing may be called, and no marker says that a header begins, `calls` is False: then only the recipients of
    other messages make one.
    """

    def __init__(self, messages: Messages, calls: bool = True) -> None:
        self.markers = bool(_MARKER.search(messages.header))
        self._words = _words(messages.routes)
        others = [route.recipient for route in messages.routes if route.to != "call"]
        self._recipients = ""  # the pattern of those that there are, if not any
        if not calls and not self.markers and all(others):
            self._recipients = "|".join(regex.escape(text, special_only=True) for text in others) or "(?!)"
        inside, self.openers = _inside(messages.header)
        self.pattern = self._pattern(inside, messages.optional)
        self.loose, self.loose_openers = self.pattern, self.openers
        if self.markers:
            optional = dict.fromkeys(_MARKER.findall(messages.header)[:-1])
            self.loose_openers = tuple(_FIELD.split(text)[0] for text in optional)
            begins = "|".join(regex.escape(text, special_only=True) for text in self.loose_openers)
            self.loose = f"(?={begins}){self._pattern(messages.header, messages.optional)}"
        self.first: Callable[..., Any] = regex.compile(
            self._pattern(messages.header, messages.optional), regex.VERSION1
        ).match
        self.match = self.first if self.markers else regex.compile(self.pattern, regex.VERSION1).match
        self._routes = [(route, _recipient(route.recipient)) for route in messages.routes]

    def destination(self, match: Any) -> Destination | None:
        """Where a matched header leads; None if no route fits, or if it is no header after all."""
        fields: dict[str, str] = {key: value or "" for key, value in match.groupdict().items()}
        missing = match.groupdict().get("missing") is not None
        if len(match.group()) >= HEADER_LIMIT or (missing and not self.marked(match.group())):
            return None
        for route, recipient in self._routes:
            before, named, behind = route.recipient.partition("{name}")
            if named and before + behind and fields.get("recipient") == before + behind:
                return None  # an empty name is no call, of no other route either
            name = self._fits(route, recipient, fields)
            if name is not None:
                return Destination(route.to, name, missing)
        return None

    def marked(self, text: str) -> bool:
        """Whether what may be the beginning of a header holds a whole marker, and so is one."""
        return self.markers and _MARKER.search(text) is not None

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

    def _pattern(self, template: str, optional: Iterable[str]) -> str:
        field = field_pattern(template)
        space = r"[ \t\r\n]" if _MARKER.search(template) else " "
        pattern = ""
        depth = 0
        tokens = list(_TOKEN.finditer(template))
        for i, found in enumerate(tokens):
            token = found.group()
            if found.group(1):
                name = found.group(1)
                pattern += f"(?P<{name}>{(name == 'recipient' and self._recipients) or field})"
            elif token.startswith("<"):
                marker = f"{space}*{_tag(token, self._words)}"
                if not _ENDS.fullmatch(template, found.end()):
                    pattern += f"{marker}{space}*"
                else:  # spaces behind the header belong to the body
                    pattern += f"(?:{marker}|(?P<missing>{space}*(?={{)))" if token in optional else marker
            elif token == "(":
                depth += 1
                pattern += "(?:"
            elif token in (")", ")?"):
                depth -= 1
                pattern += token
            elif token == "|" and depth:
                pattern += "|"
            elif token == "\n":
                pattern += r"[ \t]*\r?\n"
            elif token.isspace():  # a word of its own has to stand apart; what begins with one may not
                pattern += f"{space}+" if tokens[i + 1].group(1) else f"{space}*"
            else:
                pattern += regex.escape(token, special_only=True)
        return pattern


def field_pattern(header: str) -> str:
    """What a field of this header can be."""
    return r"[^\s<>{]++" if _MARKER.search(header) else _WORD


def _inside(template: str) -> tuple[str, tuple[str, ...]]:
    """The template of headers that begin with a marker, and these markers."""
    group = _GROUP.match(template)
    if group is None:
        choices, rest = [template], ""
    else:
        choices, rest = _CHOICES.split(group.group(1)), template[group.end() :]
    begins = re.compile(r"<[^<>{}]*>|[^\w\s(){}<]+")
    marked = [choice for choice in choices if begins.match(choice)]
    openers = tuple(found.group() for choice in marked if (found := begins.match(choice)))
    return f"({'|'.join(marked)}){rest}", openers


def _words(routes: Iterable[Route]) -> dict[str, str]:
    """The pattern of a channel or type that is one of the routes', where no route takes any."""
    found: dict[str, str] = {}
    for field in ("channel", "type"):
        words = {str(getattr(route, field)) for route in routes}
        if words and "" not in words:
            found[field] = "|".join(regex.escape(word, special_only=True) for word in sorted(words, reverse=True))
    return found


def _tag(marker: str, words: Mapping[str, str]) -> str:
    """The pattern of a marker, which may hold fields: `<|content_{type}|>`."""
    parts = _FIELD.split(marker)
    return "".join(
        f"(?P<{part}>{words.get(part, _WORD)})" if i % 2 else regex.escape(part, special_only=True)
        for i, part in enumerate(parts)
    )


def _recipient(text: str) -> re.Pattern[str] | None:
    if not text:
        return None
    return re.compile(re.escape(text).replace(re.escape("{name}"), "(?P<name>.+)"))
