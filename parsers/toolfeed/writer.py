"""Writes a turn as a model of a format would (design.md, law 10): generic, from the grammar's template lines alone.

What is written reads back: to the same content, reasoning, names and arguments (equal as JSON values, digits kept), and
to the ids where ids are written. Where a format cannot hold something, CannotExpress says why. That is found by rules,
before anything is returned, never by reading the result:

- Whitespace that touches a marker is framing, so a text that touches one must not begin or end in whitespace.
- Content and reasoning must be text to a parser that has read what stands before them, also with the first marker of
  the calls behind them.
- Header fields must end where they end: they hold nothing that ends a field of their kind.
- A raw value must be read as what it is by its type, and hold nothing that would end it (T3, T4).
- Each notation has its own kind of names, keys and values; see the functions below.

Where a grammar lists several templates the first that can hold the call is written. A call's text is a list of pieces:
what the template says, and data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import count, takewhile
from typing import Any, Final, NamedTuple, TypeAlias

from .codecs.json_text import members, skip, value_at
from .codecs.json_value import JsonValue
from .codecs.object_value import WORD_HOLD
from .codecs.raw_value import Exit
from .coercion import coerce, escape
from .errors import CannotExpress
from .grammar import Grammar, Keys, Messages, Route, StartState
from .headers import HEADER_LIMIT, field_pattern
from .limits import Limits
from .message import Accumulator, Message, ToolCall
from .notation import Field, Item, Marker, Payload, Slot, Space, Tag, parse_template
from .parser import Parser
from .program import SPACES, WHITESPACE
from .regions import Form, written
from .schema import ANY_JSON, NO_SCHEMA, ParameterType, stated_type
from .tools import Tools

CallLike: TypeAlias = ToolCall | tuple[str, str] | Mapping[str, Any]
Template: TypeAlias = tuple[Item, ...]

_LIMITS: Final = Limits()
_PART: Final = re.compile(r"\(([^()]*)\)(\?)?|[^()]+")  # of a message's header: what may be missing, and the rest
_CHOICE: Final = re.compile(r"(?:<[^<>]*>|[^|<])+")
_BRACED: Final = re.compile(r"\{(\w+)\}")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|true|false|null', re.DOTALL)
_OBJECT_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*+")(?=[ \t\r\n]*+:)|(?P<string>"(?:[^"\\]|\\.)*+")|[ \t\r\n]++', re.DOTALL
)
_BARE_KEY: Final = re.compile(r"[A-Za-z_][\w.\-]*")
_IN_QUOTES: Final = re.compile(r"'|\\.", re.DOTALL)
_NESTS: Final = {"{": Slot("parameters"), "[": Slot("items")}
_PYTHON_WORD: Final = {"true": "True", "false": "False", "null": "None"}
_IN_STRING: Final = {"'": "\\'", '\\"': '"', "\\/": "/"}  # what a JSON string's text becomes in single quotes
_PYTHON_NAME: Final = re.compile(r"[\w.\-]+")
_PYTHON_KEY: Final = re.compile(r"\w+")
_HIGH: Final = r"(?:[\ud800-\udbff]|\\u[dD][89abAB][0-9a-fA-F]{2})"
_LOW: Final = r"(?:[\udc00-\udfff]|\\u[dD][c-fC-F][0-9a-fA-F]{2})"
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALVES: Final = re.compile(rf"[\ud800-\udbff]{_LOW}|{_HIGH}[\udc00-\udfff]")


def write(
    grammar: Grammar,
    content: str = "",
    reasoning: str = "",
    calls: Iterable[CallLike] = (),
    *,
    start: StartState | None = None,
    tools: Tools | Iterable[object] | None = None,
) -> str:
    """The turn as a model of this format writes it: reasoning, then content, then calls.

    A call is a ToolCall, (name, arguments), or a mapping with `name`, `arguments` and `id`; arguments are JSON text. A
    mapping's `id` is written or the call refused; that of a ToolCall, which a parser may have made up, is written where
    the format has ids and it fits. `start`: the state in which the text begins, None for the grammar's default. `tools`
    as for Parser: with the same ones the text reads back, and tagged values that are no strings need their schema.

    Raises CannotExpress with the reason if the format cannot hold the turn; ToolsError.
    """
    own = [_call(call, i) for i, call in enumerate(calls)]
    thought = bool(reasoning) or (start or grammar.start.state) == "reasoning"
    form = written(grammar, bool(content), thought, bool(own)) if grammar.regions else None
    return _Writer(grammar, form, start, tools).turn(content, reasoning, own)


# -- calls -------------------------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A call to write. `id`: "" if it has none; `exact`: it must be written. `spare`: an id if one is needed."""

    number: int
    name: str
    arguments: str
    id: str
    exact: bool
    spare: str = ""

    def refuse(self, why: str) -> CannotExpress:
        return CannotExpress(f"call {self.number} ({_shown(self.name)}): {why}")


def _call(call: CallLike, number: int) -> _Call:
    exact = False
    name: object
    arguments: object
    own: object = None
    if isinstance(call, ToolCall):
        name, arguments, own = call.name, call.arguments, call.id
    elif isinstance(call, Mapping):
        name, arguments, own = call.get("name"), call.get("arguments", "{}"), call.get("id")
        exact = own is not None
    else:
        name, arguments = call
    if not isinstance(name, str) or not isinstance(arguments, str) or not (own is None or isinstance(own, str)):
        raise CannotExpress(f"call {number}: its name, its arguments (JSON text) and its id are strings")
    if name and not any(char.isalnum() or char == "_" for char in name):
        raise CannotExpress(f"call {number}: a name of signs alone would be read as markup")
    made = _Call(number, name, "", own or "", exact)
    if exact and not own:
        raise made.refuse("its id is empty")
    return made._replace(arguments=_object(made, arguments))


def _object(call: _Call, text: str) -> str:
    """The arguments, checked: JSON text of an object, without whitespace around it."""
    machine = JsonValue(_LIMITS.digits, object_only=True)
    out: list[str] = []
    end = machine.feed(text, 0, out)
    if not machine.done:
        raise call.refuse(f"its arguments are no JSON object: {machine.error or 'the text ends inside it'}")
    if text[end:].strip(WHITESPACE):
        raise call.refuse("its arguments are no JSON object: there is text behind it")
    if "control_character" in machine.notes:
        raise call.refuse("its arguments are no JSON: a string holds a control character that is not escaped")
    if _HALVES.search(text):
        raise call.refuse("its arguments hold two halves of a character side by side, which would be read as one")
    return "".join(out)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 40 else repr(text[:40]) + "…"


# -- the turn ----------------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """A part of the calls' text: what the template says, or data. `value`: it is a raw value, of this call and key."""

    text: str
    data: bool = False
    value: tuple[_Call, str] | None = None


class _Nest(NamedTuple):
    """An object or array of tagged values: what its template writes behind it, and an object's keys so far."""

    behind: Template
    keys: set[str] | None


class _Writer:
    def __init__(
        self, given: Grammar, form: Form | None, start: StartState | None, tools: Tools | Iterable[object] | None
    ) -> None:
        """`given` reads what is written; in a grammar of regions `form` says how."""
        self._given = given
        self._start: StartState | None = start
        self._tools = tools if isinstance(tools, Tools) or tools is None else Tools(tools)
        bound = given.bind(dict.fromkeys(given.parameters, ""))
        self._grammar = grammar = bound if form is None else form.grammar
        self._program = bound.program
        self._sections = [parse_template(line) for line in grammar.calls.section]
        templates = [parse_template(line) for line in grammar.calls.call] if form is None else form.calls
        self._lists = [template for template in templates if _payload(template).what == "calls"]
        self._singles = [template for template in templates if template not in self._lists]
        self._parameters = [parse_template(line) for line in grammar.calls.parameter]
        self._items = [parse_template(line) for line in grammar.calls.item]

        reasons = grammar.reasoning is not None or "reasoning" in {
            route.to for route in (grammar.messages.routes if grammar.messages is not None else ())
        }
        self._begun = reasons and (start or grammar.start.state) == "reasoning"  # the prompt has opened it

    def turn(self, content: str, reasoning: str, calls: list[_Call]) -> str:
        settings = self._grammar.start
        thought = self._thought(reasoning)
        at_start = not thought and not self._begun
        opener, closer = self._around(content, at_start, bool(calls))
        before = settings.lead + thought + opener
        pieces = self._calls(self._with_ids(calls), bool(content), at_start and not content) if calls else []
        if (thought or opener or self._begun) and content != content.lstrip(WHITESPACE):
            raise CannotExpress("content that begins in whitespace behind a marker: it would be read as framing")
        if (pieces or closer) and content != content.rstrip(WHITESPACE):
            raise CannotExpress("content that ends in whitespace before a marker: it would be read as framing")
        behind = closer + (_opening(pieces) or settings.tail)
        if content or self._grammar.calls.names != "chosen":  # where only the request says that a call comes
            self._check_content(before, content, reasoning, behind, not calls)
        return before + content + closer + "".join(piece.text for piece in pieces) + settings.tail

    def _thought(self, text: str) -> str:
        """Reasoning with its markers, "" if the turn has none."""
        messages, markers = self._grammar.messages, self._grammar.reasoning
        if text != text.strip(WHITESPACE):
            raise CannotExpress("reasoning with whitespace at its edge: next to a marker it would be read as framing")
        if not text and not self._begun:
            return ""
        if messages is not None:
            header, closer = message_around(messages, "reasoning", "", True)
            written = ("" if self._begun else header) + text + closer
        elif markers is None:
            raise CannotExpress(f"reasoning: {self._grammar.name} has no markers for it")
        elif not self._begun and not markers.open:
            raise CannotExpress(f"reasoning in a turn that begins in content: {self._grammar.name} cannot open it")
        else:
            written = ("" if self._begun else markers.open[0]) + text + markers.close[0]
        self._check_reasoning(self._grammar.start.lead + written, text)
        return written

    def _around(self, content: str, at_start: bool, before_calls: bool) -> tuple[str, str]:
        """What stands around content: markers, or a message's header and what ends it. Where no message leads to
        content it stands before them, and only ends like one."""
        messages, markers = self._grammar.messages, self._grammar.content
        if messages is not None and all(route.to != "content" for route in messages.routes):
            return "", "".join(messages.close[:1]) if content or before_calls else ""
        if not content:
            return "", ""
        if messages is not None:
            return message_around(messages, "content", "", at_start)
        if markers is not None:
            return "".join(markers.open[:1]), "".join(markers.close[:1])
        return "", ""

    # A parser is the judge of text: whether it holds markup, and whether some of it becomes markup together with what
    # stands behind it. It never sees a call's data.

    def _check_reasoning(self, written: str, reasoning: str) -> None:
        """Whether what is written for reasoning is read as just that."""
        read = self._read(written, True)
        if (read.reasoning, read.content, read.tool_calls) != (reasoning, "", ()):
            raise CannotExpress("reasoning that holds markup: what ends it, or is more than text in it")

    def _check_content(self, before: str, content: str, reasoning: str, behind: str, over: bool) -> None:
        """Whether content is read as it is. `behind`: a call's opener, or, if the turn is `over`, what ends it."""
        read = self._read(before + content + behind, over)
        if read.tool_calls:
            raise CannotExpress("content that would be read as a call")
        if read.reasoning != reasoning:
            raise CannotExpress("content that would be read as reasoning")
        if read.content != content:
            raise CannotExpress("content that holds markup, or becomes markup with what stands behind it")

    def _read(self, text: str, over: bool) -> Message:
        parser = Parser(self._given, start=self._start, tools=self._tools)
        accumulator = Accumulator()
        accumulator.add(parser.feed(text))
        accumulator.add(parser.finish() if over else ())
        return accumulator.message

    # -- calls and their templates -----------------------------------------------------------------------------------

    def _with_ids(self, calls: list[_Call]) -> list[_Call]:
        """The calls, checked as far as the format does not matter, with the ids that they will have."""
        if self._tools is not None and not len(self._tools):
            raise CannotExpress("calls where no tool is declared: they would be read as content")
        if len(calls) > _LIMITS.calls:
            raise CannotExpress(f"{len(calls)} calls in one turn: only {_LIMITS.calls} would be read as calls")
        wanted = [call.id for call in calls if call.exact]
        used = set(wanted)
        if len(used) < len(wanted):
            raise CannotExpress("two calls with the same id: one of them would be replaced")
        done: list[_Call] = []
        for call in calls:
            self._check_name(call)
            own = self._id_of(call)
            if not call.exact:
                own = "" if own in used else own
                used.add(own)
            spare = self._spare(call, used)
            used.add(spare)
            done.append(call._replace(id=own, spare=spare))
        return done

    def _id_of(self, call: _Call) -> str:
        """The call's own id, "" if it has none or its id is not of the format's kind."""
        template = self._grammar.calls.id
        if not call.id or not template:
            return call.id
        pattern = re.escape(template).replace(r"\{name\}", re.escape(call.name)).replace(r"\{number\}", "[0-9]+")
        if re.fullmatch(pattern, call.id):
            return call.id
        if call.exact:
            raise call.refuse(f"its id {_shown(call.id)} does not fit {template!r}")
        return ""

    def _spare(self, call: _Call, used: set[str]) -> str:
        """An id that no other call has."""
        template = (self._grammar.calls.id or "{number}").replace("{name}", call.name)
        return next(made for n in count(call.number) if (made := template.replace("{number}", str(n))) not in used)

    def _check_name(self, call: _Call) -> None:
        name = call.name
        if not name or name != name.strip():
            raise call.refuse("its name is empty, or has whitespace at its edge")
        if len(name) > _LIMITS.name:
            raise call.refuse(f"its name is longer than {_LIMITS.name} characters")
        declared = self._tools is not None and name in self._tools
        if self._grammar.calls.names == "words" and not declared and any(char.isspace() for char in name):
            raise call.refuse("its name has a space in it, and is not the name of a declared tool")

    def _calls(self, calls: list[_Call], after_content: bool, at_start: bool) -> list[_Piece]:
        """All calls, written the first way that can hold them: in messages, in a section, or in `call` templates where
        there is no section around those."""
        if self._grammar.calls.names == "chosen" and len(calls) > 1:
            raise CannotExpress("more than one call: the text is the arguments of the one that was asked for")
        if self._grammar.messages is not None:
            return self._checked(partial(self._messages, self._grammar.messages, calls, at_start))
        around = [section for section in self._sections if Slot("calls") in section]
        whole = [section for section in self._sections if Slot("calls") not in section]
        ways = [partial(self._slotted, section, calls) for section in around]
        if not around and (self._singles or self._lists):
            ways.append(partial(self._body, calls, after_content))
        ways += [partial(self._list, section, calls, after_content) for section in whole]
        pieces = _first(partial(self._checked, way) for way in ways)
        if self._grammar.calls.begins == "line":  # the line break that it takes is written behind content only
            led = pieces[0].text.isspace()
            pieces = [*([pieces[0] if led else _Piece("\n")] if after_content else []), *pieces[led:]]
        return pieces

    def _messages(self, messages: Messages, calls: list[_Call], at_start: bool) -> list[_Piece]:
        """A message for each call. Where no marker is in a header, it counts only if it names a tool."""
        body = parse_template(messages.body)
        pieces: list[_Piece] = []
        for call in calls:
            if "<" not in messages.header and self._tools is not None and call.name not in self._tools:
                raise call.refuse("its header has no marker, and a header that names an unknown tool is content")
            if call.exact and not self._has_id(body):
                raise call.refuse(f"its id: {self._grammar.name} has none")
            header, closer = message_around(messages, "call", call.name, at_start and not pieces)
            before, name, after = header.partition(call.name)
            pieces += [_Piece(before), _Piece(name + after, True), *self._filled(body, call), _Piece(closer)]
        return pieces

    def _slotted(self, section: Template, calls: list[_Call]) -> list[_Piece]:
        at = section.index(Slot("calls"))
        return [*_literals(section[:at]), *self._body(calls, False), *_literals(section[at + 1 :])]

    def _body(self, calls: list[_Call], after_content: bool) -> list[_Piece]:
        """The calls in `call` templates: one after another, or all in one."""
        ways = [partial(self._each, calls, after_content)] if self._singles else []
        return _first([*ways, *(partial(self._list, template, calls, after_content) for template in self._lists)])

    def _each(self, calls: list[_Call], after_content: bool) -> list[_Piece]:
        """The calls one after another, each in the first template that can hold it.

        Where the grammar says what is written between two calls, the whitespace that a template begins with is what is
        written between content and the first one.
        """
        separator = self._grammar.calls.separator
        pieces: list[_Piece] = []
        for call in calls:
            behind = after_content and not pieces
            written = _first(partial(self._single, *choice, behind) for choice in self._choices(call))
            if separator and not behind and written[0].text.isspace():
                written = written[1:]
            pieces += [_Piece(separator), *written] if pieces else written
        return pieces

    def _choices(self, call: _Call) -> list[tuple[Template, _Call]]:
        """The templates that the call may be written in: those with a place for its id first."""
        with_id = [(template, call) for template in self._singles if call.id and self._has_id(template)]
        if call.exact:
            if not with_id:
                raise call.refuse(f"its id: {self._grammar.name} has none")
            return with_id
        return with_id + [(template, call._replace(id="")) for template in self._singles]

    def _has_id(self, template: Template) -> bool:
        if any(isinstance(item, Payload) and item.what in ("call", "calls") for item in template):
            return self._objects_have_ids
        return any(item == Field("id") or (isinstance(item, Tag) and "id" in item.fields) for item in template)

    @property
    def _objects_have_ids(self) -> bool:
        """Whether an id belongs to a call object: its key is the format's own, and not only one that is understood."""
        return self._grammar.calls.keys.id != Keys().id

    def _single(self, template: Template, call: _Call, after_content: bool) -> list[_Piece]:
        self._check_place(template, [call], after_content)
        return self._checked(partial(self._filled, template, call))

    def _filled(self, template: Template, call: _Call) -> list[_Piece]:
        """A `call` template with its call. Whitespace behind {parameters} that the last one ends in is not doubled: it
        is written where there are none."""
        fields = {"name": call.name, "id": call.id or call.spare}
        pieces: list[_Piece] = []
        values: list[_Piece] = []
        for i, item in enumerate(template):
            if isinstance(item, Slot):
                values = self._values(call)
                pieces += values
            elif isinstance(item, Payload):
                pieces += self._written(item, [call])
            elif not (values and pieces[-1] is values[-1] and pieces[-1] == _Piece(_text(item))):
                pieces += self._framing(call, fields, template, i)
        return pieces

    def _list(self, template: Template, calls: list[_Call], after_content: bool) -> list[_Piece]:
        """All calls in one payload."""
        self._check_place(template, calls, after_content)
        payload = _payload(template)
        at = template.index(payload)
        return [*_literals(template[:at]), *self._written(payload, calls), *_literals(template[at + 1 :])]

    def _check_place(self, template: Template, calls: list[_Call], after_content: bool) -> None:
        """Whether calls in this template would be read as calls where they stand, if it is the text that decides."""
        first = next(item for item in template if not isinstance(item, Space))
        payload = _payload(template)
        bare = first == payload
        settings = self._grammar.calls
        known = settings.bare == "known" and self._tools is not None
        if bare and after_content and payload.codec != "python" and not known:
            raise CannotExpress("a call behind content: without a marker it would be read as content")
        decides = settings.commit == "arguments" or (bare and settings.commit == "marker")
        listed = payload.what in ("call", "calls") and decides
        for call in calls if (bare if payload.codec == "python" else listed) else ():
            if self._tools is not None and call.name not in self._tools:
                raise call.refuse("the text decides what is a call, and a call of an unknown tool is content")

    # -- markers and fields ------------------------------------------------------------------------------------------

    def _framing(self, call: _Call, fields: Mapping[str, str], template: Template, i: int) -> list[_Piece]:
        """The item of a template that stands at i: a marker, a tag, whitespace or a field."""
        item = template[i]
        if isinstance(item, Tag):
            return _tag(call, fields, item)
        if isinstance(item, Field):
            text = fields[item.name]
            self._check_field(call, item, text, template[:i], template[i + 1 :])
            return [_Piece(text, True)]
        return _literals([item])

    def _check_field(self, call: _Call, field: Field, text: str, before: Template, behind: Template) -> None:
        """Whether text between markers is read as this field, and ends where it ends."""
        _check_short(call, field.name, text)
        opener = next(item for item in reversed(before) if isinstance(item, Marker | Tag))
        steps = [step for step in self._program.steps if step.item == opener]
        node = self._program.expect(frozenset(ready.step.id for step in steps for ready in step.next))
        follower = "".join(piece.text for piece in _literals(behind))
        marker = node.match(text + follower, 0) if node.match is not None else None
        is_marker = marker is not None and re.match(r"[\w.\-]", text[marker.end() :]) is None
        if is_marker or any(text[0] in step.first for step in node.payloads):
            raise call.refuse(f"its {field.name} {_shown(text)} begins like something else that may stand there")
        ender = node.stop.search(text) if node.stop is not None else None
        if ender is not None:
            raise call.refuse(f"its {field.name} holds {ender.group()!r}, which ends a {field.name} here")

    # -- payloads ----------------------------------------------------------------------------------------------------

    def _written(self, payload: Payload, calls: list[_Call]) -> list[_Piece]:
        """A payload of calls, or of the only one's arguments."""
        if payload.what == "arguments":
            is_json = payload.codec == "json"
            arguments = calls[0].arguments if is_json else self._object(calls[0], payload.codec == "quoted")
            return [_Piece("{"), _Piece(arguments[1:], True)]
        pieces = [_Piece("[" + payload.inside[0])] if payload.bracketed else []
        separator = self._grammar.calls.separator
        for call in calls:
            if call is not calls[0]:
                pieces.append(_Piece(separator if "," in separator or not payload.bracketed else ", "))
            if payload.codec == "python":
                pieces.append(_Piece(self._python_call(call), True))
                continue
            written = self._call_object(call, payload.codec == "keyed")
            if payload.codec == "literal":
                written = _python(written)
            pieces += [_Piece("{"), _Piece(written[1:], True)]
        return [*pieces, _Piece(payload.inside[1] + "]")] if payload.bracketed else pieces

    def _call_object(self, call: _Call, keyed: bool) -> str:
        """A call as a JSON object. An id comes first: one behind the name is not waited for."""
        keys = self._grammar.calls.keys
        named = self._tools is not None and call.name in self._tools
        if _PAIR.search(call.name):
            raise call.refuse("its name holds two halves of a character side by side, which JSON joins")
        if keyed and call.name in keys.name and not named:
            raise call.refuse("its name is the key that says that a name follows")
        if len(escape(call.name)) > _LIMITS.name:
            raise call.refuse(f"its name is longer than {_LIMITS.name} characters as JSON text")
        if call.exact and (keyed or not self._objects_have_ids):
            raise call.refuse(f"its id: {self._grammar.name} has none")
        if keyed:
            return f'{{"{escape(call.name)}": {call.arguments}}}'
        own = escape(call.id) if self._objects_have_ids else ""
        if len(own) > _LIMITS.name - 2 or _PAIR.search(call.id):
            if call.exact:
                raise call.refuse("its id is too long, or holds two halves of a character side by side")
            own = ""
        members = [f'"{escape(keys.id[0])}": "{own}"'] if own else []
        members.append(f'"{escape(keys.name[0])}": "{escape(call.name)}"')
        members.append(f'"{escape(keys.arguments[0])}": {call.arguments}')
        return "{" + ", ".join(members) + "}"

    def _python_call(self, call: _Call) -> str:
        """`name(key=value, …)`."""
        name = call.name
        if call.exact:
            raise call.refuse(f"its id: {self._grammar.name} has none")
        words = name.replace("-", "_").split(".")
        is_path = _PYTHON_NAME.fullmatch(name) is not None and all(word.isidentifier() for word in words)
        if not is_path or not _begins_word(name):
            raise call.refuse("its name is no identifier, nor a path of them")
        tool = self._tools.get(name) if self._tools is not None else None
        written: list[str] = []
        for key, value in self._distinct(call):
            if not key.isidentifier() or _PYTHON_KEY.fullmatch(key) is None or not _begins_word(key):
                raise call.refuse(f"the key {_shown(key)} is no identifier")
            kind = tool.parameter(key) if tool is not None else NO_SCHEMA
            if value.startswith('"') and not kind.admits_string:
                _check_reading(call, key, value, kind)
            written.append(f"{key}={_python(value)}")
        return f"{name}({', '.join(written)})"

    def _object(self, call: _Call, quoted: bool) -> str:
        """Arguments in object notation. `quoted`: its values stand between delimiters where the schema says what they
        are. A string that holds its delimiter is written as in JSON, which is read as well."""
        tool = self._tools.get(call.name) if self._tools is not None else None
        delimiter = self._grammar.calls.strings[0]
        members: list[str] = []
        for key, value in self._distinct(call):
            kind = tool.parameter(key) if tool is not None else NO_SCHEMA
            is_string = value.startswith('"')
            written = _in_object_notation(value, delimiter)
            if is_string and not kind.admits_string:
                _check_reading(call, key, value, kind)
            elif quoted and is_string and not _is_read(value, kind):
                written = value
            elif quoted and not is_string and _is_read(value, kind) and delimiter not in value:
                written = delimiter + value + delimiter
            members.append(f"{_object_key(key)}:{written}")
        keys = [token["key"] for token in _OBJECT_TOKEN.finditer(call.arguments) if token["key"]]
        if any(len(_object_key(json.loads(key))) > WORD_HOLD for key in keys):
            raise call.refuse(f"a key inside its arguments is longer than {WORD_HOLD} characters")
        return "{" + ",".join(members) + "}"

    def _distinct(self, call: _Call) -> Iterator[tuple[str, str]]:
        """The members of the arguments, where a key counts once."""
        seen: set[str] = set()
        for key, value in members(call.arguments, _LIMITS.digits):
            self._check_key(call, key, seen)
            yield key, value

    def _check_key(self, call: _Call, key: str, seen: set[str]) -> None:
        if key in seen:
            raise call.refuse(f"the key {_shown(key)} comes twice")
        if not key or len(key) > _LIMITS.name:
            raise call.refuse(f"a key that is empty, or longer than {_LIMITS.name} characters")
        seen.add(key)

    # -- tagged parameters -------------------------------------------------------------------------------------------

    def _values(self, call: _Call) -> list[_Piece]:
        """The arguments, each in the first `parameter` template that can hold it."""
        pieces: list[_Piece] = []
        for key, value in self._distinct(call):
            pieces += _first(partial(self._value, template, call, key, value) for template in self._parameters)
        return pieces

    def _value(self, template: Template, call: _Call, key: str, value: str, nested: bool = False) -> list[_Piece]:
        """A value in this template, "" its key if it is an item. Where it nests, all in it does, or is refused."""
        if _slot(template):
            return self._nested(template, call, key, value)
        stated = _type_of(value)
        fields = _value_fields(key, stated)
        pieces: list[_Piece] = []
        for i, item in enumerate(template):
            if not isinstance(item, Payload):
                pieces += self._framing(call, fields, template, i)
            elif item.codec == "json":
                pieces.append(_Piece(value, True))
            else:
                kind = self._kind(template, call, "" if nested else key, stated)
                text = self._raw(call, key, value, item, kind)
                behind = "".join(piece.text for piece in _literals(template[i + 1 :]))
                if any(_ends_in(ends, text + behind, 0, len(text)) for ends in self._exits(item)):
                    raise _ends_early(call, key)
                pieces.append(_Piece(text, True, (call, key)))
        return pieces

    def _nested(self, template: Template, call: _Call, key: str, value: str) -> list[_Piece]:
        """An object or array whose members are tagged values, in this template. Depth costs no stack, and no text is
        read twice."""
        pieces: list[_Piece] = []
        inside: list[_Nest] = []
        ways = [template]
        pos = 0
        while True:
            slot = _NESTS.get(value[pos])
            way = next((way for way in ways if slot in way), None)
            if way is not None and slot is not None:
                at = way.index(slot)
                fields = _value_fields(key, _type_of(value[pos]))
                for i in range(at):
                    pieces += self._framing(call, fields, way, i)
                inside.append(_Nest(way[at + 1 :], set() if value[pos] == "{" else None))
                pos += 1
            elif not inside:
                raise call.refuse(f"the value of {_shown(key)} is not what nests in {_slot(template)}")
            else:
                text, pos = value_at(value, pos, _LIMITS.digits)
                pieces += _first(partial(self._value, way, call, key, text, True) for way in ways if not _slot(way))
            while (pos := skip(value, pos)) < len(value) and value[pos] in "}],":
                pieces += _literals(inside.pop().behind) if value[pos] != "," else []
                pos += 1
            if not inside:
                return pieces
            keys = inside[-1].keys
            ways, key = self._items, ""
            if keys is not None:
                text, pos = value_at(value, pos, _LIMITS.digits)
                ways, key = self._parameters, json.loads(text)
                self._check_key(call, key, keys)
                pos = skip(value, skip(value, pos) + 1)

    def _kind(self, template: Template, call: _Call, key: str, stated: str) -> ParameterType:
        """What a value will be read as: the schema's type, else the one that the format states (A8), else a string."""
        codecs = [item.codec for item in template if isinstance(item, Payload)]
        tool = self._tools.get(call.name) if self._tools is not None and key else None
        kind = tool.parameter(key) if tool is not None and "string" not in codecs else NO_SCHEMA
        if kind.types:
            return kind
        fields = {part for item in template for part in _fields(item)}
        if "type" in fields:
            return stated_type(stated)
        return ANY_JSON if "any" in codecs or ("string" in fields and stated != "string") else NO_SCHEMA

    def _exits(self, payload: Payload) -> list[Exit]:
        """How raw values of this payload end, in all places where they may stand."""
        steps = [step for step in self._program.steps if step.role == "value" and step.item == payload]
        return [self._program.exit(step) for step in steps]

    def _raw(self, call: _Call, key: str, value: str, payload: Payload, kind: ParameterType) -> str:
        """A value as it stands between its tags."""
        _check_reading(call, key, value, kind)
        text: str = json.loads(value) if value.startswith('"') else value
        if payload.trim == "strip" and text != text.strip(WHITESPACE):
            raise call.refuse(f"the value of {_shown(key)} has whitespace at its edge, which would be trimmed")
        if payload.trim == "newline" and text.endswith("\r"):
            raise call.refuse(f"the value of {_shown(key)} ends in CR, which would be trimmed with the line break")
        return text

    def _checked(self, write: Callable[[], list[_Piece]]) -> list[_Piece]:
        """What `write` writes, if all raw values in it end where they end."""
        pieces = write()
        if not self._parameters or not any(piece.value for piece in pieces):
            return pieces
        exits = [self._program.exit(step) for step in self._program.steps if step.role == "value"]
        text = "".join(piece.text for piece in pieces)
        pos = 0
        for piece in pieces:
            end = pos + len(piece.text)
            if piece.value is not None and any(_ends_in(ends, text, pos, end) for ends in exits):
                call, key = piece.value
                raise _ends_early(call, key)
            pos = end
        return pieces


def message_around(messages: Messages, to: str, name: str, at_start: bool) -> tuple[str, str]:
    """What stands around the body of a message of the first route that leads there: a header with what the route says
    and no more, and what ends the message.

    A part that may be missing is written if the route fills it. The one that the header begins with, where it holds no
    field, is written in all messages but a turn's first: the prompt ends in it.
    """
    route = next((route for route in messages.routes if route.to == to), None)
    if route is None:
        raise CannotExpress(f"{to}: no message of the format leads there")
    filled = {"recipient": route.recipient.replace("{name}", name), "channel": route.channel, "type": route.type}
    values = {field: value for field, value in filled.items() if value}
    wanted = dict(values)
    if re.fullmatch(field_pattern(messages.header), name):
        values["author"] = name
    header = ""
    for part in _PART.finditer(messages.header):
        group, optional = part.group(1), part.group(2)
        choices = [part.group()] if group is None else _CHOICE.findall(group)
        fitting = [choice for choice in choices if values.keys() >= set(_BRACED.findall(choice))]
        if optional and not (fitting and _BRACED.search(fitting[0])):
            fitting = fitting if header == "" and part.start() == 0 and not at_start else [""]
        if not fitting:
            raise CannotExpress(f"{to}: the message's header wants more than its route says")
        header += _BRACED.sub(lambda field: values.pop(field.group(1)), fitting[0])
    values.pop("author", None)
    if values:
        raise CannotExpress(f"{to}: the message's header has no place for its {', '.join(values)}")
    if len(header) >= HEADER_LIMIT:
        raise CannotExpress(f"a header of {len(header)} characters, where {HEADER_LIMIT} are too many")
    _check_route(messages, route, name, wanted)
    return header, route.close or "".join(messages.close[:1])


def _check_route(messages: Messages, route: Route, name: str, fields: Mapping[str, str]) -> None:
    """Whether a header with these fields leads by this route, and to this name."""
    words = field_pattern(messages.header)
    odd = next((text for text in fields.values() if not re.fullmatch(words, text)), None)
    if odd is not None:
        raise CannotExpress(f"{_shown(odd)} in a message's header, where it would end early")
    for other in messages.routes:
        pattern = re.escape(other.recipient).replace(r"\{name\}", "(.+)")
        found = re.fullmatch(pattern, fields.get("recipient", "")) if pattern else None
        if all(not wanted or fields.get(field) == wanted for field, wanted in _conditions(other)) and (
            found is not None or not pattern
        ):
            if other is not route or (found is not None and found.groups() and found.group(1) != name):
                raise CannotExpress(f"a message to {_shown(name)}: its header says that it goes elsewhere")
            return


def _conditions(route: Route) -> tuple[tuple[str, str], ...]:
    return ("channel", route.channel), ("type", route.type)


def _first(ways: Iterable[Callable[[], list[_Piece]]]) -> list[_Piece]:
    """What the first way writes that can; if none can, why the first cannot."""
    refused: CannotExpress | None = None
    for way in ways:
        try:
            return way()
        except CannotExpress as error:
            refused = refused or error
    raise refused or CannotExpress("calls: the grammar has no template for them")


def _payload(template: Template) -> Payload:
    """What a template of calls holds; tagged parameters count as a payload of their own."""
    return next((item for item in template if isinstance(item, Payload)), Payload("parameters", ""))


def _text(item: Item) -> str:
    return item.text if isinstance(item, Space) else ""


def _literals(items: Iterable[Item]) -> list[_Piece]:
    return [_Piece(item.text) for item in items if isinstance(item, Space | Marker)]


def _slot(template: Template) -> str:
    """What nests in a template of tagged values; "" if nothing does."""
    return next(("{" + item.name + "}" for item in template if isinstance(item, Slot)), "")


def _value_fields(key: str, stated: str) -> dict[str, str]:
    return {"key": key, "type": stated, "string": "true" if stated == "string" else "false"}


def _fields(item: Item) -> tuple[str, ...]:
    if isinstance(item, Field):
        return (item.name,)
    return item.fields if isinstance(item, Tag) else ()


def _opening(pieces: list[_Piece]) -> str:
    """What stands before the first data."""
    return "".join(piece.text for piece in takewhile(lambda piece: not piece.data, pieces))


def _tag(call: _Call, fields: Mapping[str, str], tag: Tag) -> list[_Piece]:
    """A marker with fields inside. In quotes a field ends at its quote, else at the tag's end."""
    pieces: list[_Piece] = []
    for i, part in enumerate(tag.parts):
        if isinstance(part, str):
            pieces.append(_Piece(part))
            continue
        text = fields[part.name]
        _check_short(call, part.name, text)
        quote = str(tag.parts[i - 1])[-1:]
        if quote in ("'", '"'):
            bad = _first_of(text, quote + "\n")
        else:
            bad = _first_of(text, "<>\n") or (text[0] if text[0] in "'\"" else "")
            if len(tag.fields) > 1:
                bad = bad or next((char for char in text if char.isspace()), "")
        if bad:
            raise call.refuse(f"its {part.name} {_shown(text)} holds {bad!r}, which cannot stand in {tag.text}")
        pieces.append(_Piece(text, True))
    return pieces


def _first_of(text: str, chars: str) -> str:
    return next((char for char in text if char in chars), "")


def _check_short(call: _Call, what: str, text: str) -> None:
    if not text or text != text.strip():
        raise call.refuse(f"its {what} {_shown(text)} is empty, or has whitespace at its edge")
    if len(text) > _LIMITS.name:
        raise call.refuse(f"its {what} is longer than {_LIMITS.name} characters")


def _check_reading(call: _Call, key: str, value: str, kind: ParameterType) -> None:
    """Whether the text that stands for a value is read, by its type, as that value."""
    if _is_read(value, kind):
        return
    if kind.is_string:
        raise call.refuse(f"the value of {_shown(key)} is no string, but would be read as one without a schema")
    raise call.refuse(f"the value of {_shown(key)} would be read as another, by the type that it has to have")


def _is_read(value: str, kind: ParameterType) -> bool:
    """Whether a string's text, or the JSON text of another value, is read as that value by this type."""
    if not value.startswith('"'):
        return not kind.is_string and coerce(value, kind, digits=_LIMITS.digits)[0] == value
    if kind.is_string:
        return True
    text: str = json.loads(value)
    # A string that begins like an object or array it may be is read as one as soon as it need not be a string.
    opener = text.lstrip(WHITESPACE)[:1]
    begins = (opener == "{" and "object" in kind.types) or (opener == "[" and "array" in kind.types)
    streams = begins and (kind.container or len(text) > _LIMITS.hold)
    return not streams and coerce(text, kind, digits=_LIMITS.digits)[0] == f'"{escape(text)}"'


def _type_of(value: str) -> str:
    """The JSON type of a value, as schemas call it."""
    known = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
    return known.get(value[0]) or ("number" if set(value) & set(".eE") else "integer")


def _ends_early(call: _Call, key: str) -> CannotExpress:
    return call.refuse(f"the value of {_shown(key)} holds what would end it")


def _ends_in(exit: Exit, text: str, pos: int, end: int) -> bool:
    """Whether a raw value that begins at `pos` ends before `end`."""
    while True:
        start = exit.find(text, pos)
        if start < 0 or start >= end:
            return False
        if exit.match(text, start) is not None:
            return True
        pos = start + 1
        if exit.trim == "strip":  # nothing ends inside the whitespace
            space = SPACES.match(text, start)
            pos = max(pos, space.end() if space is not None else 0)


def _in_object_notation(value: str, delimiter: str) -> str:
    """JSON text in object notation: strings between delimiters, keys bare, no whitespace. Its tokens change only."""

    def rewritten(token: re.Match[str]) -> str:
        if token.group("key"):
            return _object_key(json.loads(token.group("key")))
        if token.group("string"):
            text = str(json.loads(token.group("string")))
            ends = (text + delimiter).find(delimiter)
            return delimiter + text + delimiter if ends == len(text) else token.group("string")
        return ""

    return _OBJECT_TOKEN.sub(rewritten, value)


def _object_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else f'"{escape(key)}"'


def _begins_word(text: str) -> bool:
    return text[:1] == "_" or text[:1].isalpha()


def _python(value: str) -> str:
    """JSON text as a Python literal; its tokens change, nothing else."""
    return _TOKEN.sub(lambda token: _PYTHON_WORD.get(token.group()) or _single_quoted(token.group()), value)


def _single_quoted(string: str) -> str:
    inside = _IN_QUOTES.sub(lambda found: _IN_STRING.get(found.group(), found.group()), string[1:-1])
    return f"'{inside}'"


__all__ = ["CallLike", "write"]
