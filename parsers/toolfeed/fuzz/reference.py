"""A second opinion: a parser of well-formed turns that shares no code with the streaming one.

Small, slow and plain. It has the whole text before it, tries every template at every place, and takes the first that
fits from end to end; what fits nothing is text. It knows nothing of fragments, damage, limits, repairs or patterns, and
reads the template lines of a grammar by itself (public types only). Where both come to the same, it is not because both
are wrong in the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from ..grammar import Grammar, Messages, Region
from .reading import Number, Pairs

Space: Final = " \t\r\n"


class Disagreement(Exception):
    """The text is no turn that this parser can read."""


class Read(NamedTuple):
    """What a turn came to: calls as (name, value of the arguments), see `reading.values`."""

    content: str
    reasoning: str
    calls: list[tuple[str, Any]]


class Part(NamedTuple):
    """A part of a template: `kind` is "space", "text" or "hole"."""

    kind: str
    text: str


Template: TypeAlias = tuple[Part, ...]


class Found(NamedTuple):
    """What a template has captured: its fields, and the calls in its payload."""

    fields: dict[str, str]
    calls: list[tuple[str, Any]]


def template(line: str) -> Template:
    """A template line as text, whitespace and holes; `{{` and `}}` are braces."""
    parts: list[Part] = []
    for found in re.finditer(r"(\s+)|\{\{|\}\}|\{([\w:]+)\}|[^\s{}]+", line):
        if found.group(1):
            parts.append(Part("space", found.group(1)))
        elif found.group(2):
            parts.append(Part("hole", found.group(2)))
        else:
            text = {"{{": "{", "}}": "}"}.get(found.group(), found.group())
            if parts and parts[-1].kind == "text":
                parts[-1] = Part("text", parts[-1].text + text)
            else:
                parts.append(Part("text", text))
    return tuple(parts)


def reference(
    grammar: Grammar,
    text: str,
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    start: str | None = None,
    tool_choice: Mapping[str, Any] | None = None,
) -> Read:
    """The turn that this text is. Raises Disagreement."""
    return _Reader(grammar, text, tools, tool_choice).turn(start or grammar.start.state)


class _Reader:
    def __init__(
        self, grammar: Grammar, text: str, tools: Iterable[Mapping[str, Any]] | None, choice: Mapping[str, Any] | None
    ) -> None:
        self.grammar = grammar
        self.text = text
        self.schemas: dict[str, Mapping[str, Any]] | None = None
        if tools is not None:
            functions = [tool["function"] for tool in tools]
            self.schemas = {f["name"]: f["parameters"].get("properties", {}) for f in functions}
        self.chosen = str(choice["function"]["name"]) if choice else ""
        self.sections = [self.template(line) for line in grammar.calls.section]
        self.singles = [self.template(line) for line in grammar.calls.call]
        self.parameters = [self.template(line) for line in grammar.calls.parameter]
        self.items = [self.template(line) for line in grammar.calls.item]
        self.reasoning: list[str] = []
        self.content: list[str] = []
        self.calls: list[tuple[str, Any]] = []

    def plain(self, text: str) -> str:
        """A text of the grammar, without the parts that differ between checkpoints: nothing is written for them."""
        for key in self.grammar.parameters:
            text = text.replace("{" + key + "}", "")
        return text

    def template(self, line: str) -> Template:
        return template(self.plain(line))

    # -- the turn ------------------------------------------------------------------------------------------------------

    def turn(self, state: str) -> Read:
        grammar, text = self.grammar, self.text
        if grammar.messages is not None:
            self.messages(grammar.messages, state)
            return Read("".join(self.content), "".join(self.reasoning), self.calls)
        if grammar.regions:
            self.regions(grammar.regions, state)
            return Read("".join(self.content), "".join(self.reasoning), self.calls)
        pos = len(grammar.start.lead) if text.startswith(grammar.start.lead) else 0
        if state == "reasoning" and grammar.reasoning is not None:
            pos = self.think(0 if not text[:pos].strip(Space) else pos)
        framed = pos > 0 and state == "reasoning"  # whitespace that comes next is framing
        begin = pos
        while pos < len(text):
            before = text[begin:pos]
            lead = pos if not before.strip(Space) else -1
            after = self.marker(pos, lead >= 0, before)
            if after is None:
                pos += 1
                continue
            self.add(before, framed, True)
            begin = pos = after
            framed = True
        rest = text[begin:]
        tail = grammar.start.tail
        if tail and rest.endswith(tail):
            rest = rest[: -len(tail)]
        self.add(rest, framed, framed and not rest.strip(Space))
        return Read("".join(self.content), "".join(self.reasoning), self.calls)

    def add(self, text: str, left: bool, right: bool) -> None:
        """Content, without the whitespace on the sides where a marker touches it."""
        text = text.lstrip(Space) if left else text
        self.content.append(text.rstrip(Space) if right else text)

    def think(self, pos: int) -> int:
        """Reasoning begins here; where it ends."""
        assert self.grammar.reasoning is not None
        closers = [self.plain(text).strip() for text in self.grammar.reasoning.close]
        ends = [(at, at + len(closer)) for closer in closers if (at := self.text.find(closer, pos)) >= 0]
        at, after = min(ends, default=(len(self.text), len(self.text)))
        self.reasoning.append(self.text[pos:at].strip(Space))
        return after

    def regions(self, regions: Mapping[str, Region], state: str) -> None:
        """Text between literals: only the closer of an open region counts, elsewhere all openers do."""
        outside = next((region for region in regions.values() if not region.open), None)
        thinks = (region for region in regions.values() if region.to == "reasoning")
        region = next(thinks, outside) if state == "reasoning" else outside
        begin = pos = 0
        while pos < len(self.text):
            closers = region.close if region is not None else ()
            ends = [(self.text.find(text, pos), -len(text), 1, text, outside) for text in closers]
            for name in sorted(regions) if region is outside else ():
                texts = regions[name].open
                ends += [(self.text.find(text, pos), -len(text), 0, text, regions[name]) for text in texts]
            ends = [end for end in ends if end[0] >= 0]
            if not ends:
                break
            at, _, _, marker, then = min(ends, key=lambda end: end[:3])
            pos = at + len(marker)
            if then is not None and then.to == "call":
                after = self.region_call(then, pos)
                if after is None:  # an opener that no call follows is text
                    continue
                pos, then = after, outside
            self.told_in(region, self.text[begin:at])
            begin, region = pos, then
        self.told_in(region, self.text[begin:])

    def told_in(self, region: Region | None, text: str) -> None:
        """A region's text; what stands in none is content."""
        text = text.strip(Space) if region is None or region.strip else text
        if region is None or region.to != "nothing":
            (self.reasoning if region is not None and region.to == "reasoning" else self.content).append(text)

    def region_call(self, region: Region, pos: int) -> int | None:
        """The call or calls of a region that has been opened, and where it is closed."""
        line = (Part("space", ""), *template(region.body), Part("space", ""))
        for closer in region.close or ("",):
            for end, found in self.match((*line, Part("text", closer)), pos):
                if found.calls and (self.grammar.calls.commit != "arguments" or self.known(found.calls)):
                    self.calls += found.calls
                    return end
        return None

    def marker(self, pos: int, first: bool, before: str) -> int | None:
        """What stands at pos: reasoning, a frame around content, calls. Where it ends; None if it is text."""
        grammar = self.grammar
        if first and grammar.reasoning is not None and not self.calls:
            for opener in grammar.reasoning.open:
                opener = self.plain(opener).strip()
                if self.text.startswith(opener, pos):
                    return self.think(pos + len(opener))
        if grammar.content is not None:
            for marker in (*(grammar.content.open if first else ()), *grammar.content.close):
                if self.text.startswith(marker.strip(), pos):
                    return pos + len(marker.strip())
        if self.text[pos] in Space:
            return None
        line = before.rstrip(" \t")
        if grammar.calls.begins == "line" and line and not line.endswith("\n"):
            return None
        return self.structure(pos, first)

    def structure(self, pos: int, first: bool) -> int | None:
        """A section, or calls one after another."""
        slotted = [section for section in self.sections if Part("hole", "calls") in section]
        whole = [section for section in self.sections if Part("hole", "calls") not in section]
        for section in slotted:
            at = section.index(Part("hole", "calls"))
            for after, _ in self.match(section[:at], pos):
                calls, end = self.several(after)
                for over, _ in self.match(section[at + 1 :], end):
                    self.calls += calls
                    return over
        for line in [*whole, *([] if slotted else self.singles)]:
            if self.is_bare(line) and not self.may_be_bare(line, first):
                continue
            for end, found in self.match(line, pos):
                if not found.calls or (self.decides(line) and not self.known(found.calls)):
                    continue
                self.calls += found.calls
                return self.separated(end)
        return None

    def is_bare(self, line: Template) -> bool:
        """Whether no marker tells that a call begins."""
        texts = [part for part in line if part.kind != "space"]
        return texts[0].kind == "hole" or (texts[0].text == "[" and texts[1].kind == "hole")

    def decides(self, line: Template) -> bool:
        """Whether the text has to say more than a marker does that it is a call."""
        listed = any(part.text.startswith(("call:", "calls:")) and "python" not in part.text for part in line)
        return self.is_bare(line) or (listed and self.grammar.calls.commit == "arguments")

    def may_be_bare(self, line: Template, first: bool) -> bool:
        if self.grammar.calls.names == "chosen" and not self.chosen:
            return False
        python = any(part.text == "calls:python" for part in line)
        known = self.grammar.calls.bare == "known" and self.schemas is not None
        return first or python or known

    def known(self, calls: list[tuple[str, Any]]) -> bool:
        return self.schemas is None or self.grammar.calls.names == "chosen" or all(c[0] in self.schemas for c in calls)

    def separated(self, pos: int) -> int:
        """Behind a call: its separator, if it is more than whitespace and another call follows."""
        separator = self.grammar.calls.separator.strip()
        at = self.skip(pos)
        if separator and self.text.startswith(separator, at):
            follows = self.skip(at + len(separator))
            for line in self.singles:
                if any(found.calls for _, found in self.match(line, follows)):
                    return follows
        return pos

    def several(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        """Calls in `call` templates one after another, and where they end."""
        calls: list[tuple[str, Any]] = []
        while True:
            at = self.skip(pos)
            for line in self.singles:
                found = next((way for way in self.match(line, at) if way[1].calls), None)
                if found is not None:
                    pos = found[0]
                    calls += found[1].calls
                    break
            else:
                return calls, pos

    def skip(self, pos: int) -> int:
        while pos < len(self.text) and self.text[pos] in Space:
            pos += 1
        return pos

    # -- templates -----------------------------------------------------------------------------------------------------

    def match(self, line: Template, pos: int, found: Found | None = None) -> Iterator[tuple[int, Found]]:
        """Every way in which the template fits at pos: where it ends, and what it captured."""
        found = found or Found({}, [])
        if not line:
            yield pos, found
            return
        part, rest = line[0], line[1:]
        if part.kind == "space":
            yield from self.match(rest, self.skip(pos), found)
        elif part.kind == "text":
            if self.text.startswith(part.text, pos):
                yield from self.match(rest, pos + len(part.text), found)
        elif part.text in ("name", "id", "key", "type", "string"):
            end = self.field_end(part, pos)
            text = self.text[pos:end].strip(Space)
            if text and end < len(self.text) and not self.is_payload(part, pos):
                yield from self.match(rest, end, Found(found.fields | {part.text: text}, found.calls))
        elif part.text == "parameters":
            members, end = self.members(found, rest, pos)
            call = (self.name(found), ("object", tuple(members)))
            yield from self.match((Part("space", ""), *rest), end, Found(found.fields, [call]))
        elif part.text.startswith("arguments:"):
            for end, arguments in self.arguments(part.text, self.name(found), self.skip(pos)):
                yield from self.match(rest, end, Found(found.fields, [(self.name(found), arguments)]))
        else:
            for end, calls in self.listed(part.text, self.skip(pos)):
                yield from self.match((Part("space", ""), *rest), end, Found(found.fields, calls))

    def field_end(self, field: Part, pos: int) -> int:
        """Where a field ends: at the first character of what may come behind it; a name also with its line."""
        pos = self.skip(pos)
        stops = "".join(
            self.stops(line[line.index(field) + 1 :]) for line in (*self.singles, *self.parameters) if field in line
        )
        if field.text == "name":
            stops += "\n"
        ends = [at for at in (self.text.find(char, pos) for char in stops) if at >= 0]
        return min(ends, default=len(self.text))

    def is_payload(self, field: Part, pos: int) -> bool:
        """Whether another template has an object where this one has a name."""
        lines = [line for line in self.singles if field in line]
        heads = [[part for part in line[: line.index(field)] if part.kind == "text"] for line in lines]
        objects = [line for line in self.singles if any(part.text.startswith("call:") for part in line)]
        alike = any([part for part in line[:2] if part.kind == "text"] in heads for line in objects)
        return field.text == "name" and alike and self.text[self.skip(pos)] in "{["

    def stops(self, rest: Template) -> str:
        """The first characters of what may come at the beginning of this."""
        found = ""
        for part in rest:
            if part.kind == "space":
                found += "\n" if "\n" in part.text else ""
            elif part.text == "parameters":
                found += "".join(next(p.text[0] for p in line if p.kind == "text") for line in self.parameters)
            elif part.kind == "text":
                return found + part.text[0] + {">": "<\n", '"': "\n"}.get(part.text[0], "")
            else:
                return found + "{"
        return found

    def name(self, found: Found) -> str:
        """The call's name: in a field of its own, or in the id."""
        if self.grammar.calls.names == "chosen":
            return self.chosen
        if "name" in found.fields:
            return found.fields["name"]
        pattern = re.escape(self.grammar.calls.id).replace(r"\{name\}", "(.+)").replace(r"\{number\}", r"\d+")
        inside = re.fullmatch(pattern, found.fields["id"])
        return inside.group(1) if inside else found.fields["id"]

    # -- arguments -----------------------------------------------------------------------------------------------------

    def arguments(self, codec: str, name: str, pos: int) -> Iterator[tuple[int, Any]]:
        """One object of arguments."""
        if self.text[pos : pos + 1] != "{":
            return
        try:
            if codec == "arguments:json":
                value, end = _json(self.text, pos)
            else:
                notation = _ObjectNotation(self.text, self.grammar.calls.strings)
                pairs, end = notation.object(pos)
                quoted = codec == "arguments:quoted"
                value = ("object", tuple((key, self.typed(name, key, item, quoted)) for key, item in pairs))
        except ValueError:
            return
        yield end, value

    def typed(self, name: str, key: str, value: Any, quoted: bool) -> Any:
        """A value in object notation: a string where the schema wants none is read by it."""
        if isinstance(value, _Delimited):
            types = self.types(name, key)
            if types and (quoted or "string" not in types):
                return coerce(str(value), types)
            return str(value)
        types = self.types(name, key)
        if isinstance(value, str) and types and "string" not in types:
            return coerce(value, types)
        return value

    def types(self, name: str, key: str) -> list[str]:
        """The types that a parameter is declared to have; [] if that is not known."""
        schema = (self.schemas or {}).get(name, {}).get(key, {})
        kind: Any = schema.get("type", [])
        return [kind] if isinstance(kind, str) else list(kind)

    def listed(self, what: str, pos: int) -> Iterator[tuple[int, list[tuple[str, Any]]]]:
        """The call or calls that a payload holds."""
        read = {"python": self.python_call, "literal": self.literal_call, "keyed": self.keyed_call}
        one = read.get(what.partition(":")[2], self.json_call)
        calls: list[tuple[str, Any]] = []
        end = pos
        try:
            while True:
                some, end = one(pos)
                calls += some
                pos = self.skip(end)
                if what.startswith("call:"):
                    break
                pos = self.skip(pos + 1) if self.text[pos : pos + 1] == "," else pos
        except ValueError:
            pass
        yield end, calls

    def json_call(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        value, end = _json(self.text, pos)
        return [self.call_of(value)], end

    def literal_call(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        value, end = _Literal(self.text).value(pos)
        return [self.call_of(value)], end

    def keyed_call(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        value, end = _json(self.text, pos)
        return list(_pairs(value)), end

    def call_of(self, value: Any) -> tuple[str, Any]:
        """A call object: the first of each key's spellings counts."""
        keys = self.grammar.calls.keys
        members = dict(reversed(_pairs(value)))
        name = next((members[key] for key in keys.name if key in members), None)
        arguments = next((members[key] for key in keys.arguments if key in members), None)
        if not isinstance(name, str) or arguments is None:
            raise ValueError("no call")
        return name, arguments

    def python_call(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        found = re.compile(r"([^\W\d][\w.\-]*)\(").match(self.text, pos)
        if found is None:
            raise ValueError("no call")
        name, pos = found.group(1), self.skip(found.end())
        members: list[tuple[str, Any]] = []
        reader = _Literal(self.text)
        while self.text[pos : pos + 1] != ")":
            key = re.compile(r"(\w+)[ ]*=").match(self.text, pos)
            if key is None:
                raise ValueError("no keyword")
            begin = self.skip(key.end())
            value, pos = reader.value(begin)
            types = self.types(name, key.group(1))
            if self.text[begin] in "'\"" and types and "string" not in types:
                value = coerce(value, types)
            members.append((key.group(1), value))
            pos = self.skip(pos)
            pos = self.skip(pos + 1) if self.text[pos : pos + 1] == "," else pos
        return [(name, ("object", tuple(members)))], pos + 1

    # -- tagged parameters ---------------------------------------------------------------------------------------------

    def members(self, found: Found, rest: Template, pos: int) -> tuple[list[tuple[str, Any]], int]:
        """Tagged parameters up to what stands behind them, and where they end."""
        behind = [tag] if (tag := _first_tag(rest)) else []
        if self.grammar.messages is not None:
            behind += [(Part("text", closer),) for closer in self.grammar.messages.close]
        return self.elements(self.name(found), self.parameters, pos, behind)

    def elements(
        self, name: str, lines: list[Template], pos: int, behind: list[Template]
    ) -> tuple[list[tuple[str, Any]], int]:
        """Parameters, or the items of an array: each in the first template that fits."""
        openers = [_head(line) for line in lines]
        members: list[tuple[str, Any]] = []
        while True:
            at = self.skip(pos)
            for line in lines:
                one = self.member(name, line, at, [*openers, *behind])
                if one is not None:
                    members.append(one[0])
                    pos = one[1]
                    break
            else:
                return members, pos

    def member(self, name: str, line: Template, pos: int, behind: list[Template]) -> tuple[tuple[str, Any], int] | None:
        """One parameter or item. A raw value ends at the first closer behind which something can come that may."""
        place = _place(line)
        before, codec, closer = line[:place], line[place].text, line[place + 1 :]
        framed = bool(before and closer) and before[-1] == closer[0] == Part("space", "\n")
        head = before[:-1] if framed else before
        first = next(part.text for part in closer if part.kind == "text")
        for begin, found in self.match(head, pos):
            key = found.fields.get("key", "")
            if codec in ("parameters", "items"):
                lines = self.parameters if codec == "parameters" else self.items
                inside, end = self.elements("", lines, begin, [_first_tag(closer)])
                value = ("object", tuple(inside)) if codec == "parameters" else [item for _, item in inside]
                for over, _ in self.match(closer, self.skip(end)):
                    return (key, value), over
                continue
            if codec == "value:json":
                try:
                    value, end = _json(self.text, self.skip(begin))
                except ValueError:
                    continue
                for over, _ in self.match(closer, self.skip(end)):
                    return (key, value), over
                continue
            end = self.text.find(first, begin)
            while end >= 0:
                for over, _ in self.match(closer[1:] if framed else closer, end):
                    after = self.skip(over)
                    if codec == "value:block" and not self.text[:end].rstrip(" \t").endswith("\n"):
                        continue
                    if any(True for line in behind for _ in self.match(line, after)):
                        raw = self.text[begin:end]
                        if framed:
                            raw = raw.removeprefix("\n").removesuffix("\n")
                        elif codec == "value:stripped":
                            raw = raw.strip(Space)
                        return (key, self.tagged(name, key, raw, codec, found.fields)), over
                end = self.text.find(first, end + 1)
        return None

    def tagged(self, name: str, key: str, raw: str, codec: str, fields: Mapping[str, str]) -> Any:
        """A raw value, by its schema, else by the type that the text states."""
        if codec == "value:string":
            return raw
        types = self.types(name, key)
        if types:
            return coerce(raw, types)
        stated = fields.get("type", "string")
        if fields.get("string") == "false" or codec == "value:any" or stated == "json":
            try:
                value, end = _json(raw.strip(Space), 0)
            except ValueError:
                return raw
            return value if end == len(raw.strip(Space)) else raw
        return coerce(raw, [stated])

    # -- messages ------------------------------------------------------------------------------------------------------

    def messages(self, messages: Messages, state: str) -> None:
        header = re.compile(_header(messages.header))
        marked = "<" in messages.header
        inside = re.compile(_header(messages.header.replace(")?", ")", 1)))  # in a body it begins with its marker
        pos = 0
        if state == "reasoning" and any(route.to == "reasoning" for route in messages.routes):
            pos = self.body("reasoning", pos, messages, inside)
        while pos < len(self.text):
            found = (header if pos == 0 or marked else inside).match(self.text, pos)
            to, name = self.route(messages, found) if found is not None else ("content", "")
            if found is None or (to == "call" and not marked and not self.known([(name, None)])):
                pos = self.body("content", pos, messages, inside)
                continue
            pos = found.end()
            if to != "call":
                pos = self.body(to, pos, messages, inside)
                continue
            for end, call in self.match(self.template(messages.body), self.skip(pos), Found({"name": name}, [])):
                self.calls += call.calls
                pos = end
                break
            else:
                raise Disagreement(f"no call at {pos}")
            at = self.skip(pos)
            closers = [closer for closer in messages.close if self.text.startswith(closer, at)]
            pos = at + len(closers[0]) if closers else at

    def body(self, to: str, pos: int, messages: Messages, header: re.Pattern[str]) -> int:
        """Text up to what ends its message; where the next one begins."""
        end = pos
        while end < len(self.text):
            closers = [closer for closer in messages.close if self.closes(closer, end, header)]
            opens = end > pos and self.text[end] in "<>" and header.match(self.text, end)
            if closers or opens:
                text = self.text[pos:end].strip(Space)
                (self.reasoning if to == "reasoning" else self.content).append(text)
                return end + len(closers[0]) if closers else end
            end += 1
        (self.reasoning if to == "reasoning" else self.content).append(self.text[pos:].lstrip(Space if pos else ""))
        return end

    def closes(self, closer: str, pos: int, header: re.Pattern[str]) -> bool:
        """Whether a message ends here. What ends turns as well does so where nothing follows, or another message."""
        after = self.skip(pos + len(closer))
        over = after >= len(self.text) or header.match(self.text, after) is not None
        return self.text.startswith(closer, pos) and (over or closer not in self.grammar.turn_end)

    def route(self, messages: Messages, found: re.Match[str]) -> tuple[str, str]:
        """Where a header leads, and the tool's name if it is a call."""
        fields = {key.split("_")[0]: value for key, value in found.groupdict().items() if value}
        for route in messages.routes:
            wanted = {"channel": route.channel, "type": route.type}
            if any(value and fields.get(key) != value for key, value in wanted.items()):
                continue
            pattern = re.escape(route.recipient).replace(r"\{name\}", "(.+)")
            recipient = re.fullmatch(pattern, fields.get("recipient", ""))
            if route.recipient and recipient is None:
                continue
            name = recipient.group(1) if recipient and recipient.groups() else fields.get("recipient", "")
            return route.to, name
        return "content", ""


def _place(line: Template) -> int:
    """Where in a parameter's template its value stands."""
    return next(
        i for i, part in enumerate(line) if part.text.startswith("value:") or part.text in ("parameters", "items")
    )


def _first_tag(template: Template) -> Template:
    """Its first text; all of the tag, if that is one with spaces in it."""
    begin = next((at for at, part in enumerate(template) if part.kind == "text"), len(template))
    end = begin + 1
    if begin < len(template) and template[begin].text.startswith("<"):
        while end < len(template) and ">" not in "".join(part.text for part in template[begin:end]):
            end += 1
    return template[begin:end]


def _head(line: Template) -> Template:
    """What stands before the value, without whitespace at the end."""
    head = line[: _place(line)]
    return head[:-1] if head and head[-1].kind == "space" else head


def _header(line: str) -> str:
    """A header as a regular expression."""
    word = r"[^\s<>{}]+?" if "<" in line else r"[\w.\-]+"
    numbers = iter(range(100))
    made = ""
    for token in re.findall(r" ?<[^<>]*>|\{\w+\}|\)\?|.|\n", line):
        if token.startswith("{"):
            made += f"(?P<{token[1:-1]}_{next(numbers)}>{word})"
        elif token.lstrip().startswith("<"):
            made += " *"
            for part in re.split(r"(\{\w+\})", token.lstrip()):
                name = part[1:-1]
                made += f"(?P<{name}_{next(numbers)}>{word})" if part.startswith("{") else re.escape(part)
        elif token in ("(", ")", ")?", "|"):
            made += "(?:" if token == "(" else token
        else:
            made += re.escape(token)
    return made


# -- values ------------------------------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DECODER: Final = json.JSONDecoder(
    parse_int=Number, parse_float=Number, object_pairs_hook=lambda pairs: ("object", tuple(pairs)), strict=False
)


def _json(text: str, pos: int) -> tuple[Any, int]:
    """The JSON value at pos, and where it ends. Raises ValueError."""
    return _DECODER.raw_decode(text, pos)


def _pairs(value: Any) -> Pairs:
    """The members of an object."""
    if isinstance(value, tuple) and not isinstance(value, Number):
        return cast("Pairs", value[1])
    raise ValueError("no object")


def coerce(text: str, types: list[str]) -> Any:
    """A raw value by the types that it may have: the first that fits all of it, else a string."""
    bare = text.strip(Space)
    exact = "string" in types
    if types == ["string"] or not types:
        return text
    if "null" in types and (text in ("null", "None") if exact else bare.lower() in ("null", "none")):
        return None
    if "boolean" in types and bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    number = _NUMBER.fullmatch(bare)
    if number and ("number" in types or ("integer" in types and _integral(bare))):
        return Number(bare)
    for kind, opener in (("object", "{"), ("array", "[")):
        if kind in types and bare.startswith(opener):
            for read in (_json, _literal):
                try:
                    value, end = read(bare, 0)
                except ValueError:
                    continue
                if end == len(bare):
                    return value
    return text


def _integral(digits: str) -> bool:
    """Whether a JSON number has an integral value."""
    found = re.fullmatch(r"-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", digits)
    assert found is not None
    fraction = (found.group(2) or "").rstrip("0")
    digits = found.group(1) + fraction
    places = int(found.group(3) or 0) - len(fraction)
    return places >= 0 or not digits.strip("0") or len(digits) - len(digits.rstrip("0")) >= -places


def _literal(text: str, pos: int) -> tuple[Any, int]:
    return _Literal(text).value(pos)


class _Literal:
    """Reads a literal as Python writes it, or JSON."""

    _WORDS: Final = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
    _ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"', "/": "/"}

    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, pos: int) -> int:
        while pos < len(self.text) and self.text[pos] in Space:
            pos += 1
        return pos

    def value(self, pos: int) -> tuple[Any, int]:
        """The value at pos, and where it ends. Raises ValueError."""
        pos = self.skip(pos)
        char = self.text[pos : pos + 1]
        if char and char in "'\"":
            return self.string(pos)
        if char == "[":
            items, end = self.items(pos + 1, "]")
            return items, end
        if char == "{":
            pairs, end = self.items(pos + 1, "}")
            return ("object", tuple(pairs)), end
        number = _NUMBER.match(self.text, pos)
        if number:
            return Number(number.group()), number.end()
        word = re.compile(r"[A-Za-z]+").match(self.text, pos)
        if word and word.group() in self._WORDS:
            return self._WORDS[word.group()], word.end()
        raise ValueError(f"no value at {pos}")

    def items(self, pos: int, closer: str) -> tuple[list[Any], int]:
        found: list[Any] = []
        pos = self.skip(pos)
        while self.text[pos : pos + 1] != closer:
            item, pos = self.value(pos)
            pos = self.skip(pos)
            if closer == "}":
                if self.text[pos : pos + 1] != ":":
                    raise ValueError(f"no colon at {pos}")
                value, pos = self.value(pos + 1)
                item = (item, value)
                pos = self.skip(pos)
            found.append(item)
            if self.text[pos : pos + 1] == ",":
                pos = self.skip(pos + 1)
            elif self.text[pos : pos + 1] != closer:
                raise ValueError(f"no comma at {pos}")
        return found, pos + 1

    def string(self, pos: int) -> tuple[str, int]:
        quote = self.text[pos]
        made: list[str] = []
        pos += 1
        while pos < len(self.text):
            char = self.text[pos]
            if char == quote:
                return _paired("".join(made)), pos + 1
            if char == "\\":
                kind = self.text[pos + 1 : pos + 2]
                if kind == "u":
                    made.append(chr(int(self.text[pos + 2 : pos + 6], 16)))
                    pos += 6
                    continue
                made.append(self._ESCAPES.get(kind, "\\" + kind))
                pos += 2
                continue
            made.append(char)
            pos += 1
        raise ValueError("a string without an end")


def _paired(text: str) -> str:
    """Two halves of a character side by side are one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


class _Delimited(str):
    """A string that stood between delimiters."""

    __slots__ = ()


class _ObjectNotation:
    """Reads `{key:<|"|>text<|"|>,other:[1,2]}`."""

    def __init__(self, text: str, delimiters: Iterable[str]) -> None:
        self.text = text
        self.delimiters = tuple(delimiters)

    def object(self, pos: int) -> tuple[list[tuple[str, Any]], int]:
        """The members of the object at pos, and where it ends. Raises ValueError."""
        pairs: list[tuple[str, Any]] = []
        pos += 1
        while self.text[pos : pos + 1] != "}":
            if self.text[pos : pos + 1] == '"':
                key, pos = _json(self.text, pos)
            else:
                colon = self.text.index(":", pos)
                key, pos = self.text[pos:colon], colon
            value, pos = self.value(pos + 1)
            pairs.append((str(key), value))
            pos = self.next(pos, "}")
        return pairs, pos + 1

    def next(self, pos: int, closer: str) -> int:
        if self.text[pos : pos + 1] == ",":
            return pos + 1
        if self.text[pos : pos + 1] == closer:
            return pos
        raise ValueError(f"no comma at {pos}")

    def value(self, pos: int) -> tuple[Any, int]:
        for delimiter in self.delimiters:
            if self.text.startswith(delimiter, pos):
                begin = pos + len(delimiter)
                end = self.text.index(delimiter, begin)
                return _Delimited(self.text[begin:end]), end + len(delimiter)
        char = self.text[pos : pos + 1]
        if char == "{":
            pairs, end = self.object(pos)
            return ("object", tuple((key, _bare(value)) for key, value in pairs)), end
        if char == "[":
            items: list[Any] = []
            pos += 1
            while self.text[pos : pos + 1] != "]":
                item, pos = self.value(pos)
                items.append(_bare(item))
                pos = self.next(pos, "]")
            return items, pos + 1
        return _json(self.text, pos)


def _bare(value: Any) -> Any:
    return str(value) if isinstance(value, _Delimited) else value
