"""How a text may go on: a grammar's steps, followed from where a parser stands.

The parser's own program says which markers may have begun, and what its templates write behind them. That is followed
to the end of a call, with names and keys that are declared. What a way on comes to is not said here: the parser that
is under test reads it, so no way can hide a fault; one that leads nowhere only costs its time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ..codecs import objects, python_calls
from ..codecs.arguments import Arguments
from ..codecs.json_value import JsonValue
from ..codecs.objects import CallObjects
from ..codecs.python_calls import PythonCalls
from ..codecs.python_value import PythonValue
from ..errors import CannotExpress
from ..grammar import Messages
from ..notation import Field, Payload, Tag
from ..parser import CONTENT, EXPECT, HEADER, PAYLOAD, REASONING, REST, VALUE, Parser
from ..program import Form, Step
from ..writer import message_around

_MOST: Final = 3  # names that are tried
_WORD: Final = re.compile(r"[\w.\-]*\Z")
_SUFFIX: Final = re.compile(r":[\w.\-]*\Z")  # a part of a marker that differs between checkpoints
_VALUES: Final = ("null", "true", "false", "1", "{}", "[]")
_WORDS: Final = ("null", "true", "false", "None", "True", "False")
# What ends a token: a keyword, an escape, a key, a number, a member behind a comma.
_ENDS: Final = (
    *("", ": 1", "1", '"k": 1', "'k': 1"),
    *(word[i:] for word in _WORDS for i in range(1, 5)),
    *("n", "0", "00", "000", "0000", "''"),
)
_BRACKETS: Final = {"{": "}", "[": "]", "(": ")"}


class _Call(NamedTuple):
    """A call that may come: its name, and the key of its argument."""

    name: str
    key: str


def ways_on(parser: Parser, tail: str, options: Mapping[str, Any]) -> Iterator[str]:
    """What completes the markers that `tail`, the text that is held, may end in, and the call that they belong to."""
    yield from _Ways(parser, tail.lstrip(), options).ways()


class _Ways:
    def __init__(self, parser: Parser, tail: str, options: Mapping[str, Any]) -> None:
        self.parser = parser
        self.state = parser._state
        self.grammar = parser._grammar
        self.program = parser._program
        self.tail = tail
        self.begun = tail if self.state in (VALUE, CONTENT, REASONING) else parser._held.lstrip()  # not yet read
        self.squeezed = "".join(self.begun.split())  # a tag may have spaces in it
        self.word = _found(_WORD, self.begun)
        self.suffix = _found(_SUFFIX, self.begun)
        self.keys: dict[str, Iterable[str]] = {}  # of each tool
        self.calls = self._calls(options.get("tools"))

    def _calls(self, tools: Iterable[Any] | None) -> list[_Call]:
        """Calls that may come, first those whose names have begun; the last one is what makes a name of what has."""
        found: list[_Call] = []
        for tool in tools or ():
            function = tool["function"]
            keys = function.get("parameters", {}).get("properties", {})
            found.append(_Call(str(function["name"]), next(iter(keys), "x")))
            self.keys[found[-1].name] = keys
        found.sort(key=lambda call: not (self.word and call.name.startswith(self.word)))
        begun = [_Call(self.word + "a", "x")] if self.word else []
        return [*(found[:_MOST] or [_Call("f", "x")]), *begun]

    def _every_key(self) -> list[_Call]:
        return [_Call(call.name, key) for call in self.calls for key in self.keys.get(call.name, {call.key})]

    def ways(self) -> Iterator[str]:
        state, node = self.state, self.parser._node
        if state in (CONTENT, REASONING, HEADER):
            yield from self._outside_calls()
        if state == EXPECT and node.field:
            yield from self._field(node.field, self._steps(node.field_ready))
        if state == PAYLOAD:
            yield from self._in_payload()
        if state == VALUE:
            yield from self._in_value()
        steps = list(dict.fromkeys(self._next()))
        for call in self.calls:
            for step in steps:
                for form in step.forms or (None,):
                    text = self._written(step, form, call)
                    for k in self._cuts(text, marker=form is not None):
                        for full in (True, False):
                            yield text[k:] + self._followed(_behind(step), call, full, step)
        for step in steps:
            if isinstance(step.item, Tag) and str(step.item.parts[0])[:2] in self.begun:
                yield from self._rest_of_tag(step, step.item)
        for step in self.program.led if state == CONTENT else ():
            for call in self.calls:
                if call.name.startswith(self.word):
                    opener = self._written(step, step.forms[0], call)
                    yield call.name[len(self.word) :] + opener + self._followed(_behind(step), call, True, step)

    def _steps(self, ready: Iterable[int]) -> list[Step]:
        """In the order of the templates; what begins another call comes last."""
        return sorted((self.program.steps[number] for number in ready), key=lambda step: (step.begins, step.id))

    def _next(self) -> Iterator[Step]:
        """The steps of which one may have begun."""
        node, step = self.parser._node, self.parser._step
        if self.state in (CONTENT, REASONING, EXPECT, REST):
            for branch in node.branches:
                yield from branch.steps
                if branch.otherwise is not None:
                    yield from branch.otherwise.steps
            yield from node.payloads
            if self.state == EXPECT and node.field:  # which may be over
                yield from self._steps(node.field_ready)
        elif self.state in (PAYLOAD, VALUE) and step is not None:
            yield from _behind(step)
            for closer in _behind(step) if self.state == VALUE else ():
                yield from _behind(closer)

    def _cuts(self, text: str, *, marker: bool = True) -> Iterable[int]:
        """How much of a text may have come, if it is what `begun` ends in. A payload may come all the same."""
        if not self.begun:
            return (0,)
        longest = min(len(text), len(self.begun))
        found = [k for k in range(longest, 0, -1) if self.begun.endswith(text[:k]) or self.squeezed.endswith(text[:k])]
        return found if marker or found else (0,)

    # -- what a template writes ----------------------------------------------------------------------------------------

    def _followed(self, steps: Iterable[Step], call: _Call, full: bool, own: Step | None = None) -> str:
        """What a template writes from here on, to the end of the call and its section. `full`: with arguments."""
        text = ""
        ahead = list(steps)
        seen = {own.id} if own is not None else set[int]()
        over = own is not None and own.role in ("value", "payload")
        while True:
            ahead = [step for step in ahead if step.id not in seen and not step.led and not (over and step.begins)]
            if not ahead:
                return text
            closers = [step for step in ahead if step.role in ("closer", "section_close", "nest_close")]
            step = closers[0] if closers and (over or not full) else ahead[0]
            seen.add(step.id)
            over = over or step.role in ("value_close", "closer", "section_close", "payload")
            text += self._written(step, step.forms[0] if step.forms else None, call, full)
            ahead = _behind(step)

    def _written(self, step: Step, form: Form | None, call: _Call, full: bool = True) -> str:
        """A step as it may stand in a text."""
        item = step.item
        if isinstance(item, Payload):
            return self._payload(item, call, full)
        if isinstance(item, Field):
            return self._filled(item, call)
        if form is None:
            return ""
        if isinstance(item, Tag) and form.tag:
            return form.text + "".join(self._filled(part, call) for part in item.parts[1:])
        return form.text

    def _filled(self, part: str | Field, call: _Call) -> str:
        if isinstance(part, str):
            return part
        if part.name in self.grammar.parameters:
            return self.suffix and self.suffix + "x"
        written = self.grammar.calls.id.replace("{name}", call.name).replace("{number}", "0")
        return {"name": call.name, "key": call.key, "id": written or "1", "type": "string", "string": "true"}[part.name]

    def _payload(self, item: Payload, call: _Call, full: bool) -> str:
        calls = self.grammar.calls
        if item.what == "value":
            return "1"
        if item.codec == "inline":
            return ""
        if item.codec in ("object", "quoted"):
            quote = (*calls.strings, '"')[0]
            return f"{{{call.key}:{quote}1{quote}}}" if full else "{}"
        arguments = _arguments(call) if full else "{}"
        if item.what == "arguments":
            return arguments
        if item.codec == "python":
            text = f"{call.name}({call.key}='1')" if full else f"{call.name}()"
        elif item.codec == "keyed":
            text = f'{{"{call.name}": {arguments}}}'
        else:
            text = f'{{"{calls.keys.name[0]}": "{call.name}", "{calls.keys.arguments[0]}": {arguments}}}'
        return f"[{text}]" if item.bracketed or item.what == "calls" else text

    # -- framing -------------------------------------------------------------------------------------------------------

    def _field(self, field: str, behind: list[Step]) -> Iterator[str]:
        """The rest of a name, an id or a key, and what comes behind it."""
        for call in self.calls:
            text = call.key if field == "key" else call.name
            rests = [text[len(self.word) :]] if text.startswith(self.word) else []
            for rest in (*rests, *([""] if self.begun else ())):
                for full in (True, False):
                    yield rest + self._followed(behind, call, full)

    def _rest_of_tag(self, step: Step, tag: Tag) -> Iterator[str]:
        """A tag that has begun with another name or attribute than is tried, to its end."""
        call = self.calls[0]
        behind = self._followed(_behind(step), call, True, step)
        for at in range(2, len(tag.parts), 2):
            rest = "".join(self._filled(part, call) for part in tag.parts[at:])
            for end in dict.fromkeys((rest, rest.lstrip("\"'"), "'" + rest.lstrip("\"'"))):
                yield from (end + behind, "x" + end + behind)

    # -- content, reasoning, and between messages ----------------------------------------------------------------------

    def _outside_calls(self) -> Iterator[str]:
        """What completes markers that are no call's, and headers of messages."""
        for text in self._markers():
            for k in self._cuts(text):
                if self.begun:
                    yield from (text[k:], f"{text[k:]}\n\n", f"{text[k:]}zz")
                else:
                    yield from (text, f"\n{text}\n")
        for header, behind in self._headers():
            for k in self._cuts(header):
                yield header[k:] + behind
            for found in re.finditer("<|\n", header) if self.state == HEADER else ():
                yield header[found.start() :] + behind

    def _markers(self) -> list[str]:
        grammar = self.grammar
        pairs = [pair for pair in (grammar.reasoning, grammar.content) if pair is not None]
        found = [text for pair in pairs for text in (*pair.close, *pair.open)]
        found += [*grammar.turn_end, *grammar.absorb, *(grammar.repair.absorb if grammar.repair else ())]
        found += [*(grammar.messages.close if grammar.messages is not None else ()), grammar.calls.separator]
        written = [re.sub(r"\{\w+\}", self.suffix and self.suffix + "x", text.strip()) for text in found]
        return [text for text in dict.fromkeys(written) if text]

    def _headers(self) -> Iterator[tuple[str, str]]:
        """Headers of messages, and what may stand behind each."""
        messages = self.grammar.messages
        if messages is None:
            return
        body = self._steps(self.program.message_body)
        for call in self.calls:
            behind = self._followed(body, call, True)
            yield from ((header, behind) for header in _headers(messages, "call", call.name))
        for to in ("content", "reasoning"):
            yield from ((header, "zz") for header in _headers(messages, to, ""))

    # -- payloads and values -------------------------------------------------------------------------------------------

    def _in_value(self) -> Iterator[str]:
        """A raw value, which may be of a type that is no string, and its closer."""
        step = self.parser._step
        assert step is not None
        behind = self._followed(_behind(step), self.calls[0], False, step)
        value = JsonValue()
        value.feed(self.tail, 0, [])
        whole = (self.tail + _completed(value, self.tail),) if self.tail else ()
        for value in (*whole, *_VALUES):
            if value.startswith(self.tail):
                yield value[len(self.tail) :] + behind

    def _in_payload(self) -> Iterator[str]:
        """What makes a call of the object, or of the Python call, that a candidate has come to."""
        codec, step = self.parser._codec, self.parser._step
        assert step is not None
        text = "".join(self.parser._spec or ())
        inside = self.parser._candidate_kind == "element"  # the list's bracket stands before it
        guessed = isinstance(codec, Arguments) and self.parser._guessed is not None  # they have to tell the tool
        for call in self._every_key() if guessed else self.calls:
            if isinstance(codec, Arguments):
                others = [key for key in self.keys.get(call.name, ()) if key != call.key]
                every = json.dumps(dict.fromkeys((call.key, *others), "1"))
                for written in (_arguments(call), every, json.dumps(every)):
                    k = next((k for k in range(len(written), 0, -1) if text.endswith(written[:k])), 0)
                    rests = (written[k:],) if k else (_completed(codec, text[text.find("{") :]), written[1:])
                    yield from (rest + self._followed(_behind(step), call, True, step) for rest in rests)
                continue
            if isinstance(codec, CallObjects):
                rest = _rest_of_object(codec, call, "[" * (inside and codec.in_list) + text)
            elif isinstance(codec, PythonCalls):
                rest = _rest_of_python(codec, call)
            else:
                return
            for behind in ("]" if codec.in_list else "", f", {self._element(codec, call)}]"):
                yield rest + behind + self._followed(_behind(step), call, True, step)

    def _element(self, codec: CallObjects | PythonCalls, call: _Call) -> str:
        kind = "python" if isinstance(codec, PythonCalls) else "keyed" if codec._keyed else "json"
        return self._payload(Payload("call", kind), call, True)


def _headers(messages: Messages, to: str, name: str) -> Iterator[str]:
    """The header of a message of this kind, at the turn's start and behind another."""
    for at_start in (False, True):
        with suppress(CannotExpress):
            yield message_around(messages, to, name, at_start)[0].lstrip()


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group() if found is not None else ""


def _behind(step: Step) -> list[Step]:
    return [ready.step for ready in step.next]


def _arguments(call: _Call) -> str:
    return f'{{"{call.key}": "1"}}'


def _open(text: str) -> tuple[str, list[str]]:
    """The quote of the string that a text ends in, and what closes the brackets that are open."""
    quote, closers = "", list[str]()
    at = 0
    while at < len(text):
        char = text[at]
        at += 1 + (char == "\\")
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _BRACKETS:
            closers.append(_BRACKETS[char])
        elif closers and char == closers[-1]:
            closers.pop()
    return quote, closers


def _completed(machine: JsonValue | Arguments, text: str, outside: int = 0) -> str:
    """What ends the value that a text ends in, as its reader sees it. `outside`: of how many brackets around it."""
    quote, closers = _open(text)
    behind = "".join(reversed(closers[outside:]))
    escaped = machine.closing_suffix().replace('"', '\\"')  # of arguments in a string
    ways = [machine.closing_suffix(), *(quote + end + behind for end in _ENDS[: 2 if quote else None])]
    members = [f'{quoted}k\\": 1{end}' for quoted in ("", '"', '\\"') for end in (escaped, "}")]
    strings = (*_ENDS[2:], "}", escaped, "n" + escaped, escaped.removeprefix("\\"), *members)
    ways += [end + quote + behind for end in strings] if quote else ()
    ways += [end + quote + ": 1" + behind for end in ("n", "0", "00", "000", "0000")] if quote else ()
    for rest in ways:
        twin = machine.copy()
        # A number ends where something follows, and so does a quote that is mended.
        if twin.feed(rest + ",", 0, []) >= len(rest) and twin.done and not twin.error:
            return rest
    return ""


def _rest_of_object(codec: CallObjects, call: _Call, text: str) -> str:
    """From where a call object stands to its end, with what it lacks of a name and arguments. `text`: of the candidate
    so far."""
    names, arguments, ids = codec._keys
    state, quote, read = codec._state, codec._quote, "".join(codec._pieces)
    named, argued = codec._named, codec._arguments is not None
    keyed = codec._keyed and not codec._keyed_object
    outside = codec._list + codec._nested + (state != objects._IN_ELEMENT)
    before = role = ""
    if state == objects._IN_KEY:
        wanted = [*(names if not named else ()), *(arguments if not argued else ())]
        own = [call.name] if keyed else [*wanted, *ids, "type", *(() if codec._nested else ("function",))]
        key, before = next(
            filter(None, (_rest_of_key(read, key, quote) for key in own)), (read, _rest_of_escape(read) + quote)
        )
        before += ": "
        role = "function" if key == "function" and not keyed else "other"
        role = "arguments" if keyed or key in arguments else "name" if key in names else role
    elif state == objects._COLON:
        before, role = ": ", read
    elif state == objects._VALUE:
        role = read
    elif state == objects._IN_NAME:
        before = (call.name[len(read) :] if call.name.startswith(read) else _rest_of_escape(read)) + quote
        named = True
    elif state == objects._IN_ARGUMENTS and codec._arguments is not None:
        before = _completed(codec._arguments, text, outside)
    elif state in (objects._IN_OTHER, objects._IN_ELEMENT) and codec._other is not None:
        before = _completed(codec._other, text, outside)
    if role:
        before += {"name": f'"{call.name}"', "arguments": _arguments(call), "function": "{"}.get(role, "1")
        named, argued = named or role == "name" or keyed, argued or role == "arguments"
    members = [f'"{names[0]}": "{call.name}"'] if not named and not keyed else []
    members += [f'"{arguments[0]}": {_arguments(call)}'] if not argued and not keyed else []
    members += [f'"{call.name}": {_arguments(call)}'] if keyed and not named else []
    inside = ", ".join(members)
    if state in (objects._BEFORE, objects._ITEM, objects._NEXT_OBJECT):
        return "{" + inside + "}"
    if state in (objects._NEXT, objects._SEQUENCE, objects._IN_ELEMENT):
        return before + ", {" + inside + "}"
    if state == objects._OPEN:
        return "{" + inside + "}"
    comma = ", " if inside and state not in (objects._FIRST_KEY, objects._KEY) and role != "function" else ""
    return before + comma + inside + "}" * (1 + (codec._nested or role == "function"))


def _rest_of_escape(read: str) -> str:
    """The rest of an escape that a string ends in."""
    half = re.search(r"(?<!\\)(?:\\\\)*\\(u[0-9a-fA-F]{0,3})?\Z", read)
    return "" if half is None else "0" * (5 - len(half.group(1))) if half.group(1) else "n"


def _rest_of_key(read: str, key: str, quote: str) -> tuple[str, str] | None:
    """If a key may have begun so, the key and the rest of it, with its quote; it may have begun in an escape."""
    plain, slash, half = read.partition("\\")
    if not key.startswith(plain):
        return None
    if not slash:
        return key, key[len(plain) :] + quote
    escape = f"\\u{ord(key[len(plain)]):04x}" if len(key) > len(plain) else ""
    if not escape.startswith(slash + half):
        return None
    return key, escape[1 + len(half) :] + key[len(plain) + 1 :] + quote


def _rest_of_python(codec: PythonCalls, call: _Call) -> str:
    """From where a Python call stands to its end."""
    state, read = codec._state, "".join(codec._pieces)
    if state == python_calls._IN_NAME:
        return (call.name[len(read) :] if call.name.startswith(read) else "a") + f"({call.key}=1)"
    if state in (python_calls._FIRST, python_calls._ARGUMENT):
        return f"{call.key}=1)"
    if state in (python_calls._IN_KEY, python_calls._EQUALS):
        return "=1)"
    if state == python_calls._IN_VALUE and codec._value is not None:
        return _rest_of_value(codec._value) + ")"
    return ", " * (state == python_calls._NEXT) + f"{call.name}({call.key}=1)"


def _rest_of_value(machine: PythonValue) -> str:
    """What ends a Python value, or the string that it stands in."""
    for quote in ("", '"', "'", '"""', "'''"):
        for rest in (quote, quote + machine._closers()):
            twin = machine.copy()
            if twin.feed(rest + ",", 0, []) >= len(rest) and twin.done and not twin.error:
                return rest
    return ""


__all__ = ["ways_on"]
