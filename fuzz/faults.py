"""Planted faults: mistakes that parsers of tool calls really made, put into the running engine one at a time.

Each is a function that patches the engine while it is entered. `on_events` is for those that show in what `feed` and
`finish` return; the others change how the engine reads. A fault names the law that has to be broken by it (one of
those, if a mistake breaks several) and a few formats that it concerns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, NamedTuple
from unittest.mock import patch

import regex

import toolfeed.codecs.arguments
from toolfeed.codecs.json_value import JsonValue
from toolfeed.codecs.python_calls import PythonCalls
from toolfeed.codecs.raw_value import Exit, RawValue
from toolfeed.codecs.rest import Rest
from toolfeed.events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from toolfeed.parser import Parser
from toolfeed.program import Node, Program
from toolfeed.schema import stated_type
from toolfeed.sink import Sink

JSON = ("hermes", "mistral", "kimi_k2", "xlam")
TAGGED = ("qwen3_coder", "glm45", "minimax_m2")
ANY = ("hermes", "qwen3_coder", "kimi_k2", "lfm2")


class Fault(NamedTuple):
    """`what`: the mistake; `laws`: any of these has to be named; `formats`: on which it is looked for."""

    name: str
    what: str
    laws: tuple[str, ...]
    formats: tuple[str, ...]
    plant: Callable[[], AbstractContextManager[object]]


FAULTS: list[Fault] = []


def fault(what: str, laws: str, formats: tuple[str, ...] = ANY) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def register(plant: Callable[[], Any]) -> Callable[[], Any]:
        name = plant.__name__.replace("_", " ")
        made = plant if hasattr(plant, "__wrapped__") else contextmanager(plant)
        FAULTS.append(Fault(name, what, tuple(laws.split(",")), formats, made))
        return plant

    return register


# -- faults in what is told --------------------------------------------------------------------------------------------

Memory = dict[str, Any]
Change = Callable[[list[Event], Memory, bool], list[Event]]


@contextmanager
def on_events(change: Change) -> Iterator[None]:
    """`change` sees the events of every `feed` and of `finish` (then with True), and what this parser remembers."""
    remembered: dict[int, tuple[Parser, Memory]] = {}
    init, feed, finish, copy = Parser.__init__, Parser.feed, Parser.finish, Parser.copy

    def memory(parser: Parser) -> Memory:
        known = remembered.get(id(parser))
        if known is None or known[0] is not parser:
            if len(remembered) > 2000:  # parsers that were never finished
                remembered.clear()
            known = remembered[id(parser)] = (parser, {})
        return known[1]

    def new_init(self: Parser, *args: Any, **options: Any) -> None:
        remembered.pop(id(self), None)
        init(self, *args, **options)

    def new_feed(self: Parser, text: str) -> list[Event]:
        return change(feed(self, text), memory(self), False)

    def new_finish(self: Parser, reason: Any = None) -> list[Event]:
        over = self._finished
        events = finish(self, reason)
        return events if over else change(events, memory(self), True)

    def new_copy(self: Parser) -> Parser:
        twin = copy(self)
        remembered[id(twin)] = (twin, {key: _copied(value) for key, value in memory(self).items()})
        return twin

    with ExitStack() as stack:
        for name, new in (("__init__", new_init), ("feed", new_feed), ("finish", new_finish), ("copy", new_copy)):
            stack.enter_context(patch.object(Parser, name, new))
        yield


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, dict | list | set) else value


@fault("the name is emitted twice", "6")
@contextmanager
def name_twice() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        return [e for event in events for e in ([event] * (2 if isinstance(event, ToolCallStart) else 1))]

    with on_events(change):
        yield


@fault("the second call's index starts at 0 again", "6")
@contextmanager
def index_restarted() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        changed: list[Event] = []
        for event in events:
            if isinstance(event, ToolCallStart):
                changed.append(ToolCallStart(0, event.id, event.name))
            elif isinstance(event, ArgumentsDelta):
                changed.append(ArgumentsDelta(0, event.text))
            elif isinstance(event, ToolCallEnd):
                changed.append(ToolCallEnd(0, event.status, event.error, event.raw, event.model_id, event.notes))
            else:
                changed.append(event)
        return changed

    with on_events(change):
        yield


@fault("the same id for every call", "6")
@contextmanager
def id_repeated() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        return [ToolCallStart(e.index, "call_0", e.name) if isinstance(e, ToolCallStart) else e for e in events]

    with on_events(change):
        yield


@fault("an empty delta with every start of a call", "6")
@contextmanager
def empty_delta() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        changed: list[Event] = []
        for event in events:
            changed += [event, ArgumentsDelta(event.index, "")] if isinstance(event, ToolCallStart) else [event]
        return changed

    with on_events(change):
        yield


@fault("text before an opener is lost when both come in one fragment", "1,3,10")
@contextmanager
def text_before_an_opener_lost() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        start = next((i for i, event in enumerate(events) if isinstance(event, ToolCallStart)), 0)
        return [event for i, event in enumerate(events) if i >= start or not isinstance(event, ContentDelta)]

    with on_events(change):
        yield


@fault("text behind a call is lost when both come in one fragment", "1,3,10")
@contextmanager
def text_behind_a_call_lost() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        end = next((i for i, event in enumerate(events) if isinstance(event, ToolCallEnd)), len(events))
        return [event for i, event in enumerate(events) if i <= end or not isinstance(event, ContentDelta)]

    with on_events(change):
        yield


@fault("only one call of a fragment is told, the others are dropped", "1,6,10")
@contextmanager
def one_call_a_fragment() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        end = next((i for i, event in enumerate(events) if isinstance(event, ToolCallEnd)), len(events))
        return events[: end + 1]

    with on_events(change):
        yield


@fault("the arguments' last brace waits for whatever comes behind it", "2", JSON)
@contextmanager
def trailing_brace_held() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        held: ArgumentsDelta | None = memory.pop("held", None)
        if held is not None:
            if events and isinstance(events[0], ArgumentsDelta):
                events = [ArgumentsDelta(held.index, held.text + events[0].text), *events[1:]]
            elif events or over:
                events = [held, *events]
            else:
                memory["held"] = held
        last = events[-1] if events else None
        if isinstance(last, ArgumentsDelta) and last.text.endswith("}") and not over:
            memory["held"] = ArgumentsDelta(last.index, "}")
            events = [*events[:-1], *([ArgumentsDelta(last.index, last.text[:-1])] if last.text != "}" else [])]
        return events

    with on_events(change):
        yield


@fault("arguments are buffered until the call is over", "2")
@contextmanager
def arguments_buffered() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        changed: list[Event] = []
        for event in events:
            if isinstance(event, ArgumentsDelta):
                memory["text"] = memory.get("text", "") + event.text
                continue
            if isinstance(event, ToolCallEnd) and memory.get("text"):
                changed.append(ArgumentsDelta(event.index, memory.pop("text")))
            changed.append(event)
        return changed

    with on_events(change):
        yield


@fault("the call starts with its first argument, not with its name", "2")
@contextmanager
def start_waits_for_arguments() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        changed: list[Event] = []
        for event in events:
            if isinstance(event, ToolCallStart):
                memory["start"] = event
                continue
            start = memory.pop("start", None)
            changed += [event] if start is None else [start, event]
        return changed

    with on_events(change):
        yield


@fault("a call that the text cuts off has no end", "6")
@contextmanager
def no_end_at_the_end_of_text() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        return [event for event in events if not (over and isinstance(event, ToolCallEnd))]

    with on_events(change):
        yield


@fault("a call that is cut off is closed up and called complete", "10,4,6")
@contextmanager
def truncated_is_repaired() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        changed: list[Event] = []
        for event in events:
            if isinstance(event, ArgumentsDelta):
                memory["text"] = memory.get("text", "") + event.text
            elif isinstance(event, ToolCallStart):
                memory["text"] = ""
            elif isinstance(event, ToolCallEnd) and event.status == "truncated" and over:
                if (suffix := memory.get("suffix", "")) or not memory.get("text", "").endswith("}"):
                    changed.append(ArgumentsDelta(event.index, suffix or "}"))
                event = ToolCallEnd(event.index, "complete", "", "", event.model_id, event.notes)
            changed.append(event)
        return changed

    with on_events(change):
        yield


@fault("a second call that is like the first is taken for a repetition", "10,6")
@contextmanager
def same_call_dropped() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        names = memory.setdefault("names", [])
        changed: list[Event] = []
        for event in events:
            if isinstance(event, ToolCallStart):
                memory["drop"] = event.name in names
                names.append(event.name)
            if not (memory.get("drop") and isinstance(event, ToolCallStart | ToolCallEnd | ArgumentsDelta)):
                changed.append(event)
        return changed

    with on_events(change):
        yield


@fault("arguments are parsed and written again: spacing is lost", "5,10", JSON)
@contextmanager
def spacing_lost() -> Iterator[None]:
    told = Sink.text

    def text(self: Sink, kind: int, text: str) -> None:
        told(self, kind, text.replace(": ", ":") if kind >= 0 else text)

    with patch.object(Sink, "text", text):
        yield


@fault("numbers go through a float", "5,10,reference", ("qwen3_coder", "kimi_k2", "lfm2"))
@contextmanager
def numbers_through_a_float() -> Iterator[None]:
    told = Sink.text

    def text(self: Sink, kind: int, text: str) -> None:
        told(self, kind, re.sub(r"(\d)\.(\d*[1-9])0+\b", r"\1.\2", text) if kind >= 0 else text)

    with patch.object(Sink, "text", text):
        yield


@fault("a reasoning closer that ends in a fragment of its own is shown", "1,3,10")
@contextmanager
def closer_shown() -> Iterator[None]:
    feed = Parser.feed

    def new_feed(self: Parser, text: str) -> list[Event]:
        before = self.state
        events = feed(self, text)
        if before == "reasoning" and self.state == "content" and len(text) <= 2 and not events:
            return [ContentDelta(text)]
        return events

    with patch.object(Parser, "feed", new_feed):
        yield


# -- faults in how the engine reads ------------------------------------------------------------------------------------


@contextmanager
def nodes(change: Callable[[Node], None]) -> Iterator[None]:
    """`change` sees the nodes of content and reasoning, each once."""
    done: list[Node] = []
    with ExitStack() as stack:
        for name in ("content", "reasoning"):
            made = getattr(Program, name)

            def new(self: Program, *args: Any, made: Any = made) -> Node:
                node: Node = made(self, *args)
                if all(node is not other for other in done):
                    done.append(node)
                    change(node)
                return node

            stack.enter_context(patch.object(Program, name, new))
        yield


@fault(
    "of several beginnings of a marker at a fragment's end the shortest is held",
    "1,2",
    ("functionary_v32", "command_r_plus"),
)
@contextmanager
def shortest_overlap() -> Iterator[None]:
    def change(node: Node) -> None:
        find, match = node.find, node.match

        def last(text: str, pos: int) -> Any:
            found = find(text, pos)
            while found is not None and match is not None:
                partial = match(text, found.start(), partial=True)
                if partial is None or not partial.partial:
                    break
                later = find(text, found.start() + 1)
                if later is None:
                    break
                found = later
            return found

        node.find = last

    with nodes(change):
        yield


@fault("a marker counts only if it comes in one fragment", "1")
@contextmanager
def markers_whole_only() -> Iterator[None]:
    def change(node: Node) -> None:
        match = node.match

        def whole(text: str, *args: Any, **options: Any) -> Any:
            found = match(text, *args, **options) if match is not None else None
            return None if found is not None and found.partial else found

        node.match = whole

    with nodes(change):
        yield


@fault("whitespace before a marker is told when a fragment ends in it", "1")
@contextmanager
def whitespace_not_held() -> Iterator[None]:
    def plain_text(self: Parser, buf: str, pos: int, n: int) -> int:
        self._text(buf, pos, n)
        return n

    with patch.object(Parser, "_plain_text", plain_text):
        yield


@fault("text that turns out to be no call: what came in earlier fragments is lost", "1,3")
@contextmanager
def candidate_lost() -> Iterator[None]:
    drop = Parser._drop_candidate

    def new(self: Parser) -> str:
        drop(self)
        return ""

    with patch.object(Parser, "_drop_candidate", new):
        yield


@fault("what is held at the end of the text is lost", "3,1,10")
@contextmanager
def held_lost_at_the_end() -> Iterator[None]:
    finish = Parser.finish

    def new(self: Parser, reason: Any = None) -> list[Event]:
        self._held = ""
        return finish(self, reason)

    with patch.object(Parser, "finish", new):
        yield


class BracesCounted(JsonValue):
    """Is over where as many braces have closed as opened, also inside strings."""

    __slots__ = ("_braces",)

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        braces = getattr(self, "_braces", 0)
        for i in range(pos, len(text)):
            braces += (text[i] == "{") - (text[i] == "}")
            if braces == 0 and text[i] == "}":
                end = super().feed(text[: i + 1], pos, out)
                if not self.error:
                    self.done, self._live = True, False
                return end
        self._braces = braces
        return super().feed(text, pos, out)

    def quick(self) -> Any:
        return None

    def copy(self) -> JsonValue:
        twin = BracesCounted(self._digits, self._object_only, self._trailing)
        self._copy_to(twin)
        twin._braces = getattr(self, "_braces", 0)
        return twin


@fault("braces inside strings are counted", "10,1,5,reference", ("hermes", "kimi_k2", "mistral"))
@contextmanager
def braces_in_strings_counted() -> Iterator[None]:
    with patch.object(toolfeed.codecs.arguments, "JsonValue", BracesCounted):
        yield


class HalfEscapes(JsonValue):
    """Tells what it holds at the end of a fragment."""

    __slots__ = ()

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        end = super().feed(text, pos, out)
        if self._held.startswith("\\"):
            out.append(self._held)
            self._held = self._held[:0]
        return end

    def copy(self) -> JsonValue:
        twin = HalfEscapes(self._digits, self._object_only, self._trailing)
        self._copy_to(twin)
        return twin


@fault("an escape is cut in two deltas, and \\u read anew behind the cut", "4,1", ("hermes", "kimi_k2", "mistral"))
@contextmanager
def escape_cut() -> Iterator[None]:
    with patch.object(toolfeed.codecs.arguments, "JsonValue", HalfEscapes):
        yield


@contextmanager
def raw_values(change: Callable[[Exit, Any], tuple[Exit, Any]]) -> Iterator[None]:
    """`change` sees how each raw value that is read ends, and its type. What is written stays as it is."""
    init = RawValue.__init__

    def new(self: RawValue, exit: Exit, kind: Any, **options: Any) -> None:
        init(self, *change(exit, kind), **options)

    with patch.object(RawValue, "__init__", new):
        yield


def _ending(own: Exit, match: Callable[..., Any]) -> Exit:
    """The same, but for what ends a value."""
    other = Exit.__new__(Exit)
    for slot in Exit.__slots__:
        setattr(other, slot, getattr(own, slot))
    other.match = match
    return other


@fault("a raw value stops at the first `<`", "10,1,reference", TAGGED)
@contextmanager
def value_stops_at_an_angle_bracket() -> Iterator[None]:
    tag = regex.compile(r"[\r\n]*(?P<closer><[^<>]*>?)(?P<bare>(?!))?(?P<key>(?!))?").match
    with raw_values(lambda own, kind: (_ending(own, tag), kind)):
        yield


@fault("a raw value ends at its closer, whatever stands behind it", "reference,10,1", TAGGED)
@contextmanager
def first_closer_ends_a_value() -> Iterator[None]:
    closer = regex.compile(r"[ \t]*\r?\n?(?P<closer></(?:parameter|arg_value)>)(?P<bare>(?!))?(?P<key>(?!))?").match
    with raw_values(lambda own, kind: (_ending(own, closer), kind)):
        yield


@fault("strings that look like numbers become numbers", "10,reference", TAGGED)
@contextmanager
def types_guessed() -> Iterator[None]:
    with raw_values(lambda own, kind: (own, stated_type("number") if kind.is_string else kind)):
        yield


@fault("all whitespace at a value's edges is stripped, not one line break", "10,reference", ("qwen3_coder", "glm45"))
@contextmanager
def values_stripped() -> Iterator[None]:
    told = Sink.text

    def text(self: Sink, kind: int, text: str) -> None:
        told(self, kind, re.sub(r'^(\\n|\\t| )+|(?<=\w)(\\n|\\t| )+(?=")', "", text) if kind >= 0 else text)

    with patch.object(Sink, "text", text):
        yield


@fault("a copy shares the codec of its original", "9")
@contextmanager
def copy_shares_the_codec() -> Iterator[None]:
    copy = Parser.copy

    def new(self: Parser) -> Parser:
        twin = copy(self)
        twin._codec, twin._value = self._codec, self._value
        return twin

    with patch.object(Parser, "copy", new):
        yield


@fault("a copy shares a list with its original", "9", ("qwen3_coder", "hermes"))
@contextmanager
def copy_shares_a_list() -> Iterator[None]:
    copy = Parser.copy

    def new(self: Parser) -> Parser:
        twin = copy(self)
        twin._spec, twin._notes = self._spec, self._notes
        return twin

    with patch.object(Parser, "copy", new):
        yield


@fault("ids that a copy gives away are taken from its original", "9,1,10", ("kimi_k2", "mistral"))
@contextmanager
def parsers_share_ids() -> Iterator[None]:
    init = Parser.__init__
    shared: set[str] = set()

    def new(self: Parser, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        self._used_ids = shared

    with patch.object(Parser, "__init__", new):
        yield


@fault("every fragment is read again with all that came before it", "8")
@contextmanager
def quadratic_rescan() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        for event in events:
            if isinstance(event, ContentDelta | ReasoningDelta | ArgumentsDelta):
                memory["text"] = memory.get("text", "") + event.text
        for _ in range(0, len(memory.get("text", "")), 64):
            len(memory)
        return events

    with on_events(change):
        yield


@fault("all that was told is kept, and searched once a fragment", "8")
@contextmanager
def quadratic_search() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        for event in events:
            if isinstance(event, ContentDelta | ReasoningDelta | ArgumentsDelta):
                memory["text"] = memory.get("text", "") + event.text
        re.search(r"<tool_calls?>\s*\Z|</?[a-z]+>\s*\Z|\s\Z", memory.get("text", ""))
        return events

    with on_events(change):
        yield


@fault("the rest of a broken call is kept without a bound", "8", ("hermes", "kimi_k2"))
@contextmanager
def raw_without_a_bound() -> Iterator[None]:
    init = Rest.__init__

    def new(self: Rest, error: str, bound: int, *args: Any) -> None:
        init(self, error, 10**9, *args)

    end = Parser._end_call

    def end_call(self: Parser, status: Any, buf: str, at: int, error: str = "", raw: str = "") -> None:
        limits = self._limits
        self._limits = type(limits)(raw=10**9)
        end(self, status, buf, at, error, raw)
        self._limits = limits

    with patch.object(Rest, "__init__", new), patch.object(Parser, "_end_call", end_call):
        yield


@fault("the preview forgets that a key is open", "4", ("hermes", "kimi_k2", "lfm2"))
@contextmanager
def preview_after_a_key() -> Iterator[None]:
    own = JsonValue._tail

    def tail(self: JsonValue) -> str:
        return own(self).replace(": null", "")

    with patch.object(JsonValue, "_tail", tail):
        yield


@fault("half a character raises when it is encoded", "7")
@contextmanager
def surrogates_raise() -> Iterator[None]:
    feed = Parser.feed

    def new(self: Parser, text: str) -> list[Event]:
        text.encode()
        return feed(self, text)

    with patch.object(Parser, "feed", new):
        yield


@fault("arguments are parsed by a recursive parser to see whether they are whole", "7", JSON)
@contextmanager
def recursion() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        for event in events:
            if isinstance(event, ArgumentsDelta):
                memory["text"] = memory.get("text", "") + event.text
                with suppress(ValueError):
                    if len(memory["text"]) % 64 == 0 or over:
                        json.loads(memory["text"])
        return events

    with on_events(change):
        yield


@fault("values are evaluated", "11", ("lfm2", "pythonic"))
@contextmanager
def values_evaluated() -> Iterator[None]:
    feed = PythonCalls.feed

    def new(self: PythonCalls, text: str, pos: int, out: list[str]) -> int:
        found = re.search(r"=\s*([\w.'\"]+)\s*[,)]", text[pos:])
        if found:
            with suppress(SyntaxError, NameError, ValueError):
                eval(found.group(1), {"__builtins__": {}})  # the fault
        return feed(self, text, pos, out)

    with patch.object(PythonCalls, "feed", new):
        yield


@fault("content that is held for a marker which only counts inside a call", "2", ("qwen3_coder", "kimi_k2"))
@contextmanager
def content_held_for_an_inner_marker() -> Iterator[None]:
    def change(events: list[Event], memory: Memory, over: bool) -> list[Event]:
        held = memory.pop("held", "")
        if held:
            if events and isinstance(events[0], ContentDelta):
                events = [ContentDelta(held + events[0].text), *events[1:]]
            elif events or over:
                events = [ContentDelta(held), *events]
            else:
                memory["held"] = held
        last = events[-1] if events else None
        if isinstance(last, ContentDelta) and not over:
            overlap = next((k for k in range(11, 0, -1) if last.text.endswith("parameters_"[:k])), 0)
            if overlap:
                memory["held"] = last.text[-overlap:]
                events = [*events[:-1], *([ContentDelta(last.text[:-overlap])] if last.text[:-overlap] else [])]
        return events

    with on_events(change):
        yield
