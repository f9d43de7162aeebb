"""The parser: one stream's state, and how text moves it.

Theory of operation. The stream is in one of eight states:

    CONTENT, REASONING   text goes out as it comes; a marker may open something (`_region`)
    EXPECT               inside framing: one of a few markers, a field or a payload comes next (`_expect`)
    PAYLOAD              a codec reads calls or arguments (`_payload`)
    VALUE                a raw tagged value, up to its closer (`_value`)
    REST                 what is left of a malformed call (`_read_rest`)
    HEADER               between messages: the next one's header comes (`_header`)
    WHOLE                a region that is read when it closes (`_whole`)

A handler reads from a position of the buffer and returns the one it came to. It sets `_wait` when only more text can
decide; what is left of the buffer is then held, and is the beginning of the next one. Handlers decide nothing that more
text could change, so where the text was cut cannot matter; `finish` runs them once more with `_final` set, when a
beginning of a marker is no marker.

An opener starts a *candidate*: from there on the text is kept (`_spec`) until the call starts, or until it cannot
become one, when the text goes back as content and scanning resumes behind the opener's first character. A call that
starts but is to be content (an unknown tool) is read on as a *ghost*: its events are dropped and its text goes out.

A grammar of regions has rules of its own for where content, reasoning and calls begin and end (`_delimited`); what
comes behind a call's opener is read like any other call.

`_quick` is the hot path: a search that finds nothing in a fragment that is plain content, reasoning or string text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from .codecs.arguments import Arguments
from .codecs.inline import InlineArguments
from .codecs.json_value import JsonValue
from .codecs.kept_arguments import KeptArguments
from .codecs.kept_value import KeptValue
from .codecs.object_value import ObjectValue
from .codecs.objects import CallObjects
from .codecs.python_calls import PythonCalls
from .codecs.python_value import PythonValue
from .codecs.raw_value import Exit, RawValue
from .codecs.rest import Rest
from .codecs.signals import DONE, ELEMENT, END, FAULT, NO_CALL, START
from .codecs.tagged import TaggedArguments
from .detection import ChatTemplate, TokenizerConfig, choose
from .errors import FinishedError, ToolfeedError
from .events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, Status, ToolCallEnd, ToolCallStart
from .grammar import Grammar, StartState
from .headers import HEADER_LIMIT, Destination, Headers
from .lanes import LIMITS_FROM, LONGEST, Lane
from .limits import Limits
from .notation import Payload
from .patterns import LOOK_BEHIND
from .program import NOTHING, SPACES, WHITESPACE, Branch, Node, Program, Step
from .regions import Found, Regions, Span, TimedOut, behind
from .schema import ANY_JSON, NO_SCHEMA, stated_type
from .sink import CONTENT_RUN, REASONING_RUN, Sink, TraceFunction
from .tools import Tool, Tools
from .whole import Unreadable, WholeCall

CONTENT, REASONING, EXPECT, PAYLOAD, VALUE, REST, HEADER, WHOLE = range(8)

# What a region's text began behind: nothing but whitespace has come since …
START_OF_TEXT: Final = "start"
AFTER_CALL: Final = "call"
AFTER_REASONING: Final = "reasoning"
INSIDE: Final = ""  # there was text

# What a handler that looks at a marker may answer instead of a position.
NO_MARKER: Final = -1
UNDECIDED: Final = -2

_KEYS: Final = 64  # as many may wait for their values
_NOTES: Final = 64  # as many codes are kept, for a call and for the turn
_BEHIND_A_WORD: Final = frozenset(" \t.,;:!?)]}\"'`’”»、。，）」")
_BAD_BEHIND_ARGUMENTS: Final = frozenset("[]{}\"',")

# `string="true"` and `string="false"` as types: a string, and JSON of any type.
_STRING_ATTRIBUTE: Final = {"true": "string", "false": "json"}

_WORD_AT_END: Final = re.compile(r"(?<![\w.\-])[\w.\-]+\Z")
_ends_in_word: Final = re.compile(r"[\w.\-]\Z").search

_NO_NODE: Final = Node()
_NO_STEPS: Final[frozenset[int]] = frozenset()
_NO_NAMES: Final[frozenset[str]] = frozenset()
_UNTAGGED: Final = TaggedArguments()  # of a call that has no argument yet
_is_word: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z").match
_NO_GROUPS: Final[Mapping[str, str]] = {}

ToolChoice: TypeAlias = str | dict[str, Any] | None
ListCodec: TypeAlias = CallObjects | PythonCalls
ArgumentsCodec: TypeAlias = Arguments | ObjectValue | InlineArguments
ValueCodec: TypeAlias = JsonValue


_SLOTS: Final = (
    "_after_marker",
    "_args_done",
    "_bare_rules",
    "_base",
    "_before",
    "_begun",
    "_bol",
    "_buf",
    "_call_region",
    "_calls_on",
    "_calm",
    "_candidate_kind",
    "_chosen",
    "_codec",
    "_confirm",
    "_direct",
    "_element_from",
    "_empties",
    "_empty_at",
    "_final",
    "_finished",
    "_forward",
    "_framed",
    "_ghost",
    "_ghost_list",
    "_grammar",
    "_groups",
    "_guessed",
    "_held",
    "_id",
    "_ids",
    "_in_word",
    "_index",
    "_inside",
    "_kept",
    "_key",
    "_keys_first",
    "_kind",
    "_known_only",
    "_lanes",
    "_lanes_on",
    "_leads",
    "_limits",
    "_lines",
    "_loose",
    "_mark",
    "_model_id",
    "_name",
    "_node",
    "_notes",
    "_objects_anywhere",
    "_off",
    "_open",
    "_opened",
    "_opener_end",
    "_other_mark",
    "_parallel",
    "_pending",
    "_program",
    "_quick",
    "_ready",
    "_refused",
    "_regions",
    "_repair",
    "_rest",
    "_return",
    "_return_where",
    "_seconded",
    "_section_begins",
    "_section_ghost",
    "_seed",
    "_seen",
    "_sees_all",
    "_silent",
    "_sink",
    "_spaces",
    "_span",
    "_spec",
    "_spec_from",
    "_spec_length",
    "_spec_skip",
    "_state",
    "_stated",
    "_step",
    "_stopped",
    "_surplus",
    "_tagged",
    "_tool",
    "_tools",
    "_trim",
    "_trims",
    "_turn_notes",
    "_unbound",
    "_used_ids",
    "_value",
    "_wait",
    "_waiting",
    "_was_ghost",
    "_where",
)


class Parser:
    """Turns one turn of a model, fragment by fragment, into events.

    `format`: a name or alias, a Path or a string that ends in ".toml", a Grammar, or "auto": the one that `detect`
    finds by `chat_template`, `model` and `tokenizer_config`. `tools`: declarations in OpenAI or Anthropic shape, or a
    Tools; None if they are not known, [] if no tool may be called. `start`: the state that the text begins in;
    `prompt`: the prompt's end, from which it is read if `start` is None. (A grammar with anchors reads what the prompt
    writes of the turn like the turn itself, and tells of it only a call that is still open.) `unknown_tools`: "forward"
    or "content"; None forwards in formats with markers. `whitespace`: "trim" drops what touches a marker, "keep" makes
    it content. `repair`: also read the damage that the grammar lists as repairs. `ids`: makes an id from (index, name).
    `tool_choice`: "none" turns calls off. `parallel_tool_calls`: False makes every call but the first content.
    `limits`: see Limits. `trace`: told (kind, start, end) of tiles that cover the text.

    Raises UnknownFormat, AmbiguousFormat, GrammarError, ToolsError. After that only `feed` after `finish` raises.
    """

    __slots__ = _SLOTS

    def __init__(
        self,
        format: str | Path | Grammar,
        *,
        chat_template: ChatTemplate | None = None,
        model: str | Path | None = None,
        tokenizer_config: TokenizerConfig | None = None,
        tools: Tools | Iterable[object] | None = None,
        start: StartState | None = None,
        prompt: str | None = None,
        unknown_tools: Literal["forward", "content"] | None = None,
        whitespace: Literal["trim", "keep"] = "trim",
        repair: bool = False,
        ids: Callable[[int, str], str] | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_tool_calls: bool = True,
        parameters: dict[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - immutable
        trace: TraceFunction | None = None,
    ) -> None:
        grammar = choose(format, chat_template, model, tokenizer_config)
        if start is not None:
            _one_of("start", start, (None, "content", "reasoning"))
        if unknown_tools is not None:
            _one_of("unknown_tools", unknown_tools, (None, "forward", "content"))
        if whitespace != "trim":
            _one_of("whitespace", whitespace, ("trim", "keep"))
        if prompt is not None:
            _is_text("prompt", prompt)
        if parameters:
            grammar = grammar.bind(parameters)
        self._grammar = grammar
        program: Program = grammar.repairing_program if repair else grammar.program
        self._program = program
        self._tools = tools if isinstance(tools, Tools) or tools is None else Tools(tools)
        self._calls_on = tool_choice != "none" and (self._tools is None or len(self._tools) > 0)
        self._objects_anywhere = program.bare_known and self._tools is not None
        self._leads = self._calls_on and bool(program.led)
        self._chosen = _chosen_tool(tool_choice) if tool_choice != "auto" else ""
        self._forward = unknown_tools
        self._trim = self._trims = whitespace == "trim"
        self._repair = repair
        self._ids = ids
        self._seed = ""  # of ids, drawn for the first of them, or for a copy
        self._parallel = parallel_tool_calls
        self._limits = limits

        # The text: what is held, the buffer, and where in the turn it begins.
        self._held = ""
        self._buf = ""
        self._base = 0
        self._wait = False
        self._final = False
        self._finished = False
        self._stopped = False  # and the model ended its turn by itself
        self._sink = Sink(trace)
        self._turn_notes: list[str] = []

        # The region.
        self._state = CONTENT
        self._where = START_OF_TEXT
        self._node = _NO_NODE
        self._after_marker = False  # whitespace that comes first is framing
        self._framed = False  # an opener of content has come
        self._loose = False  # its text is in no message
        self._bol = True  # its text so far ends in a line break, or there is none
        self._in_word = False  # it ends in a letter, if a name may come before an opener
        self._spaces = False  # its text ends in more whitespace than can be framing
        self._pending: frozenset[int] = _NO_STEPS  # closers of what was before it, which may still come
        self._call_region = CONTENT  # the region that calls lead back to

        # In a grammar of regions.
        self._regions: Regions | None = program.regions
        self._sees_all = self._regions is not None and self._regions.keeps_all  # what came before has to be kept
        self._span: Span | None = None  # the one that the text is in
        self._opened: Span | None = None  # the one of the call that has been opened
        self._opener_end = 0  # where in the candidate that one's opener ends
        self._groups: Mapping[str, str] = _NO_GROUPS  # of that opener
        self._silent = False  # the text is told to nobody
        self._begun = True  # it has text, or an opener
        self._seen: frozenset[str] = _NO_NAMES  # the regions that there were
        self._before = ""  # what came before the buffer, as far as delimiters look back
        self._off: frozenset[str] = _NO_NAMES  # delimiters whose pattern took too long
        self._empty_at = 0  # where delimiters took no character, and which they were
        self._empties: frozenset[str] = _NO_NAMES

        # The candidate: its text since its beginning, of which buf[_spec_from:] is the last part.
        self._spec: list[str] | None = None
        self._spec_from = 0
        self._spec_length = 0
        self._unbound = grammar  # the grammar before it
        self._spec_skip = 0  # how much of it is content at once if it fails: up to the opener's first character
        self._element_from = 0  # where in it the first call of a list begins
        self._refused: list[tuple[int, int]] = []  # where in it elements before that lie, which are no calls
        self._candidate_kind = ""  # "marked", "bare", "separator", or an "element" of a list
        self._bare_rules = False  # its text has to decide more: chapter 9 of the formats, not a marker alone
        self._confirm = False  # its name alone does not make it a call
        self._known_only = False  # its name has to be a declared tool's
        self._guessed: KeptArguments | None = None  # its arguments so far, if they have to tell its tool
        self._seconded = False  # a marker has come behind its name
        self._section_begins = False  # a section's opener is part of it, or no section is open
        self._return = CONTENT  # the region that it came from
        self._return_where = START_OF_TEXT
        self._ready: frozenset[int] = _NO_STEPS  # the steps that may come next

        # The call.
        self._index = -1
        self._open = False  # it has started and not ended
        self._ghost = False  # its text goes out as content
        self._ghost_list = False  # and so does that of the list it stands in
        self._was_ghost = False  # the last call's text did
        self._section_ghost = False  # and so did the section's opener
        self._name = ""
        self._id = ""
        self._model_id: str | None = None
        self._notes: list[str] = []
        self._used_ids: set[str] = set()
        self._tool: Tool | None = None
        self._args_done = False  # its arguments are balanced; only closers are missing
        self._surplus = False  # a bracket too many behind the list may be left out
        self._step: Step | None = None  # the payload or value that is being read
        self._codec: ListCodec | ArgumentsCodec | ValueCodec | None = None
        self._tagged = _UNTAGGED
        self._key = ""
        self._waiting: list[str] = []  # keys before it that have no value yet
        self._keys_first = False  # all keys came before all values
        self._stated = ""  # the type that the text says the value has
        self._value: RawValue | None = None
        self._rest: Rest | None = None
        self._lines: PythonCalls | None = None  # in the rest of a line or element: what reads the next one

        if start is not None or prompt is not None:
            state = self._start_state(start, prompt)
        else:
            state = REASONING if program.begins_in_reasoning else CONTENT
        self._kind = CONTENT_RUN
        self._quick: Callable[[str], object] | None = None
        self._inside = False  # `_read_inside` may read on
        self._mark = ""
        self._other_mark = ""
        self._calm: Callable[[str], object] | None = None
        wide = limits.name >= LIMITS_FROM and limits.header >= LIMITS_FROM and limits.hold >= 2 * LIMITS_FROM
        self._lanes_on = wide and self._trim and trace is None and self._regions is None
        self._lanes: tuple[Lane, ...] = ()  # what may come next and tells nothing
        self._kept: str = ""  # what came of it
        self._direct: JsonValue | None = None
        if self._regions is not None:
            self._enter_turn(self._regions, start, prompt)
        elif state == CONTENT and program.headers is not None:
            self._enter_header(START_OF_TEXT)
        else:
            self._enter_region(state, START_OF_TEXT, state == REASONING)

    def _start_state(self, start: str | None, prompt: str | None) -> int:
        settings = self._grammar.start
        state: str = settings.state
        if start is not None:
            state = start
        elif prompt is not None:
            endings = [ending for ending in settings.prompts if self._ends_with(prompt, ending)]
            last = prompt.rstrip(WHITESPACE)
            if endings:
                state = settings.prompts[max(endings, key=len)]
            elif last.endswith(self._program.reasoning_open):
                state = "reasoning"
            elif last.endswith(self._program.reasoning_close):
                state = "content"
        content = self._grammar.content
        if prompt is not None and content is not None:
            self._framed = prompt.rstrip(WHITESPACE).endswith(tuple(text.strip() for text in content.open))
        return REASONING if state == "reasoning" and self._program.reasons else CONTENT

    def _ends_with(self, prompt: str, ending: str) -> bool:
        if not self._grammar.parameters:
            return prompt.endswith(ending)
        return self._program.ending(ending).search(prompt) is not None

    # -- the public interface ------------------------------------------------------------------------------------------

    def feed(self, text: str) -> list[Event]:
        """Read a fragment and return what it decides. No text makes it raise; FinishedError after `finish`."""
        mark = self._mark
        if mark:
            if mark not in text and text[-1:] > " " and (not self._other_mark or self._other_mark not in text):
                self._base += len(text)
                return [ContentDelta(text) if self._kind == CONTENT_RUN else ReasoningDelta(text)]
        else:
            quick = self._quick
            if quick is not None and text and quick(text) is None:
                kind = self._kind
                if kind >= 0:
                    self._base += len(text)
                    return [ArgumentsDelta(kind, text)]
                if text[-1] > " ":
                    self._base += len(text)
                    return [ContentDelta(text) if kind == CONTENT_RUN else ReasoningDelta(text)]
        if self._finished:
            raise FinishedError("feed was called after finish; make a new Parser for the next turn")
        if not text:
            return []
        if self._lanes:
            text = self._kept + text
            for lane, word, behind in self._lanes:
                if lane.startswith(text):
                    self._kept = text
                    return []
                if word is not None and text.startswith(lane):
                    found = word(text, len(lane))
                    if found is not None and behind.startswith(text[found.end() :]):
                        self._kept = text
                        return []
            self._kept = ""
            self._lanes = ()
        calm = self._calm
        if calm is not None and calm(text) is None:
            return self._read_calm(text)
        if self._inside:
            return self._read_inside(text)
        direct = self._direct
        if direct is None:
            self._read(text)
            return self._sink.take()
        out: list[str] = []
        pos = direct.feed(text, 0, out)
        if direct.done or direct.error:
            self._args(out)
            self._resume(text, pos)
            return self._sink.take()
        self._base += pos
        self._quick = direct.quick()
        return [ArgumentsDelta(self._kind, "".join(out))] if out else []

    def _read_calm(self, text: str) -> list[Event]:
        """Text without a marker, in a region where nothing but whitespace is held, or in a raw string: what the
        handlers would do."""
        kind = self._kind
        if kind >= 0:
            value = self._value
            assert value is not None
            if text[-1] in value.edges:
                self._read(text)
                return self._sink.take()
            out: list[str] = []
            pos = value.data(text, out)
            if value.error:
                self._buf = text
                self._run(self._value_read(text, pos, out))
                return self._sink.take()
            self._base += pos
            return [ArgumentsDelta(kind, "".join(out))] if out else []
        return self._tell_inside(self._held + text, len(self._held) + len(text))

    def _read_inside(self, text: str) -> list[Event]:
        """Text in a region of which nothing is held but whitespace and what a marker may begin with: what `_region`
        would do, if no marker is seen to stand there."""
        node = self._node
        buf = self._held + text
        n = len(buf)
        found = node.find(buf, 0)
        while found is not None:
            j: int = found.start()
            if j + 1 == n and buf[j] in node.waits:
                return self._tell_inside(buf, j)
            if node.unlike is None or node.unlike(buf, j) is None:
                if node.undecided is not None and node.undecided(buf, j) is not None:
                    return self._tell_inside(buf, j)
                self._read(text)
                return self._sink.take()
            found = node.find(buf, j + 1)
        return self._tell_inside(buf, n)

    def _tell_inside(self, buf: str, end: int) -> list[Event]:
        """Nothing stands in the region's text up to buf[end], and behind that what a marker may begin with."""
        body = buf[:end].rstrip(WHITESPACE)
        told = len(body)
        if end - told > self._limits.header:
            self._held = ""
            self._read(buf)
            return self._sink.take()
        self._held = held = buf[told:]
        self._quick = self._calm = None
        self._mark = ""
        if end == len(buf):
            self._calm = self._node.plain
            if not held:
                self._quick = self._calm
                self._mark = self._node.mark
                self._other_mark = self._node.other
        if not told:
            return []
        self._base += told
        self._bol = False
        return [ContentDelta(body) if self._kind == CONTENT_RUN else ReasoningDelta(body)]

    def finish(self, reason: Literal["stop", "length"] | None = None) -> list[Event]:
        """The text is over: return what is still to be told. `reason`: why, if known; "stop" means that the model ended
        its turn by itself, so that open tagged parameters are over too; an engine's other reasons say no more than
        None. A second call returns []."""
        if self._finished:
            return []
        self._leave_lane()
        self._finished = True
        self._final = True
        self._stopped = reason == "stop"
        if not self._open:
            self._read("")
            if self._spec is not None and self._guessed is not None:
                self._start_guessed(False, self._held, 0)
            while self._spec is not None:
                self._buf, self._held = self._held, ""
                self._run(self._whole_cut_off(reason) if self._state == WHOLE else self._fail(len(self._buf)))
        if self._open and self._holds_closer():
            self._read("")
        if self._open:
            self._end_of_text(reason)
        elif self._program.lacks_closer(self._unclosed()):
            self._turn_note("closer_missing")
        self._note_required()
        self._sink.tile("framing", self._base + len(self._held), False)
        self._held = ""
        self._quick = None
        self._mark = ""
        self._calm = None
        self._direct = None
        return self._sink.take()

    def _holds_closer(self) -> bool:
        """Whether the text ends in the call's closer, which might have been the beginning of another marker."""
        if self._state != REST and not (self._state == EXPECT and self._args_done):
            return False
        held, node = self._held, self._node
        space = SPACES.match(held)
        match = node.match(held, space.end() if space else 0) if node.match is not None else None
        return match is not None and node.branch(match).role in ("closer", "section_close")

    def copy(self) -> Parser:
        """An independent twin: fed the same, it emits the same, ids included."""
        self._leave_lane()
        self._drawn()
        twin = Parser(self._grammar, limits=self._limits)
        for slot in _SLOTS:
            setattr(twin, slot, getattr(self, slot))
        twin._sink = self._sink.copy()
        twin._turn_notes = list(self._turn_notes)
        twin._spec = list(self._spec) if self._spec is not None else None
        twin._refused = list(self._refused)
        twin._notes = list(self._notes)
        twin._used_ids = set(self._used_ids)
        twin._tagged = self._tagged.copy()
        twin._waiting = list(self._waiting)
        twin._guessed = self._guessed.copy() if self._guessed is not None else None
        twin._codec = self._codec.copy() if self._codec is not None else None
        twin._value = self._value.copy() if self._value is not None else None
        if self._direct is not None and twin._codec is not None:
            twin._direct = twin._codec.direct()
        twin._lines = self._lines.copy() if self._lines is not None else None
        twin._rest = self._rest.copy() if self._rest is not None else None
        return twin

    def __copy__(self) -> Parser:
        return self.copy()

    def __deepcopy__(self, memo: object) -> Parser:
        return self.copy()

    @property
    def held(self) -> int:
        """How many characters are held: read, but not told yet."""
        self._leave_lane()
        held = len(self._held) + self._spec_length
        held += min(0, self._base - self._spec_length)  # what the prompt says is not the text's
        if self._spec is None and self._codec is not None and not (self._ghost and not self._open):
            held += len(self._codec.held)
        return held + (len(self._value.held) if self._value is not None else 0)

    @property
    def state(self) -> Literal["content", "reasoning", "header", "call"]:
        """Where the stream is. "header": something that may become a call, or its framing, is being read."""
        self._leave_lane()
        if self._open:
            return "call"
        if self._state == CONTENT:
            return "content"
        return "reasoning" if self._state == REASONING else "header"

    @property
    def notes(self) -> tuple[str, ...]:
        """Codes of what was accepted or mended outside calls, in order, each once."""
        self._leave_lane()
        return tuple(self._turn_notes)

    def closing_suffix(self) -> str:
        """What would close the open call's JSON now; "" if no call is open. For previews: it is never emitted."""
        self._leave_lane()
        if not self._open or self._ghost or self._args_done:
            return ""
        if self._rest is not None:
            return self._rest.suffix
        if self._tagged.begun:
            value = (self._value or self._codec) if self._tagged.told else None
            return (value.closing_suffix() if value is not None else "") + self._tagged.suffix()
        return self._codec.closing_suffix() if self._codec is not None else "{}"

    # -- lanes ---------------------------------------------------------------------------------------------------------

    def _leave_lane(self) -> None:
        """Read what was only kept: nothing in it is told."""
        if self._kept:
            text, self._kept = self._kept, ""
            self._read(text)

    def lane_place(self) -> Hashable:
        """All that decides what is done next with text that tells nothing; None where no lane can begin."""
        state = self._state
        held = self._held
        if (
            not self._lanes_on
            or self._ghost
            or self._known_only
            or len(held) > LONGEST
            or self._spec_length > LIMITS_FROM
        ):
            return None
        if state <= REASONING:
            behind = (self._where, self._after_marker, self._was_ghost, self._section_ghost, self._framed)
            return (state, self._node, held, behind, self._bol, self._spaces)
        if state == HEADER:
            return (state, held, self._where, self._calls_on)
        tagged = self._tagged.place if self._tagged is not _UNTAGGED else None
        call = (self._spec is None, self._open, self._args_done, self._confirm, self._bare_rules, tagged)
        if state == EXPECT:
            if self._node.field and _is_word(held):
                held = "a word"  # whichever it is
            return (state, self._node, held, call, self._return, self._tools is None, self._surplus)
        reader = self._value if state == VALUE else self._codec
        place = reader.place if isinstance(reader, CallObjects | PythonCalls | RawValue) else None
        if place is None or state == REST or (state == VALUE and not held):
            return None
        return (state, self._step, held, call, place, self._tools is None)

    # -- reading -------------------------------------------------------------------------------------------------------

    def _read(self, text: str) -> None:
        self._buf = self._held + text
        self._run(0)

    def _run(self, pos: int) -> None:
        """Read the buffer from `pos` on, and keep what only more text can decide."""
        self._wait = False
        while not self._wait and pos < len(self._buf):
            pos = _HANDLERS[self._state](self, self._buf, pos)
        if self._spec is not None:
            if pos > self._spec_from:
                self._spec.append(self._buf[self._spec_from : pos])
                self._spec_length += pos - self._spec_from
        elif self._ghost:
            self._sink.text(CONTENT_RUN, self._buf[self._spec_from : pos])
        if self._regions is not None and self._regions.looks_back:
            self._before = behind(self._before, self._buf[: pos if self._spec is None else self._spec_from])
        self._held = self._buf[pos:]
        self._base += pos
        self._buf = ""
        self._spec_from = 0
        self._set_quick()

    def _resume(self, text: str, pos: int) -> None:
        """The JSON that was read past the codec ends at text[pos]: the codec goes on from there."""
        self._buf = text
        self._spec_from = 0
        self._run(self._payload(text, pos))

    def _set_quick(self) -> None:
        """Whether the next fragment can take the hot path.

        `_quick` is a search that finds nothing in text which is told as it is, in a region unless it ends in
        whitespace, which a marker may touch; `_mark`, if it is set, is all that this search looks for, but for
        `_other_mark`. `_calm` finds nothing in text that holds no marker, where more than that has to be looked at.
        `_direct` is the machine that reads nothing but arguments until it is done.
        """
        quick: Callable[[str], object] | None = None
        calm: Callable[[str], object] | None = None
        direct: JsonValue | None = None
        mark = ""
        state = self._state
        self._inside = False
        if self._spec is not None or self._ghost or self._sink.trace is not None or self._sees_all or self._base < 0:
            pass
        elif state <= REASONING:
            inside = self._where == INSIDE and not self._spaces and not self._after_marker
            looks_back = self._leads and state == CONTENT  # for a name before an opener
            if inside and self._trim and not looks_back and self._node.plain is not NOTHING:
                self._inside = self._regions is None
                self._kind = CONTENT_RUN if state == CONTENT else REASONING_RUN
                if not self._held.strip(WHITESPACE):
                    calm = self._node.plain
                    if not self._held and not self._bol:
                        quick = calm
                        mark = self._node.mark
                        self._other_mark = self._node.other
        elif self._open and not self._held and self._tagged.told:
            self._kind = self._index
            if state == PAYLOAD and self._codec is not None:
                direct = self._codec.direct()
                if direct is not None:
                    quick = direct.quick()
                elif isinstance(self._codec, InlineArguments):
                    quick = self._codec.quick()
            elif state == VALUE and self._value is not None:
                quick = self._value.quick()
                calm = self._value.calm()
        self._quick = quick
        self._mark = mark
        self._calm = calm
        self._direct = direct
        if quick is None and direct is None and not self._final:
            place = self.lane_place()
            self._lanes = self._program.lanes.get(place, ()) if place is not None else ()
        else:
            self._lanes = ()

    def _tile(self, kind: str, end: int) -> None:
        """The text up to buf[end] is of this kind."""
        if self._sink.trace is not None:
            self._sink.tile("content" if self._ghost else kind, self._base + end, self._spec is not None)

    def _args(self, out: list[str]) -> None:
        if out and not self._ghost:
            self._sink.text(self._index, "".join(out))

    def _note(self, *codes: str) -> None:
        for code in codes:
            if code not in self._notes and len(self._notes) < _NOTES:
                self._notes.append(code)

    def _turn_note(self, code: str) -> None:
        if code not in self._turn_notes and len(self._turn_notes) < _NOTES:
            self._turn_notes.append(code)

    # -- content and reasoning -----------------------------------------------------------------------------------------

    def _enter_region(self, state: int, where: str, after_marker: bool) -> None:
        """Content or reasoning begins behind something; `after_marker`: whitespace that comes first is framing."""
        self._state = state
        self._where = where
        self._bol = True
        self._in_word = False
        self._spaces = False
        self._after_marker = after_marker
        self._set_region_node()

    def _set_region_node(self) -> None:
        if self._span is not None:
            self._node = self._program.span(self._span, self._calls_on)
            return
        if self._state == REASONING:
            self._node = self._program.reasoning(self._pending, self._calls_on, self._tools is not None)
            return
        anywhere = self._where != INSIDE or self._objects_anywhere
        behind_call = self._where == AFTER_CALL
        flags = (anywhere, behind_call, self._loose, self._framed)
        self._node = self._program.content(self._pending, self._calls_on, self._tools is not None, *flags)

    def _region(self, buf: str, pos: int) -> int:
        """Text goes out, up to what may be a marker."""
        if self._span is not None:
            return self._delimited(self._span, buf, pos)
        n = len(buf)
        if self._where == START_OF_TEXT and self._base + pos == 0 and self._grammar.start.lead:
            pos = self._lead(buf)
            if self._wait or pos == n:
                return pos
        if self._after_marker and self._trim:
            pos = self._framing(buf, pos, n)
            if pos == n:
                return pos
        node = self._node
        limit = self._limits.header
        i = pos
        while True:
            found = node.find(buf, i)
            if found is None:
                return self._plain_text(buf, pos, n)
            j = found.start()
            result = NO_MARKER
            if buf[j] in node.first and node.match is not None:
                for text, branch in node.literals:
                    if buf.startswith(text, j) and len(text) <= limit:
                        result = self._counted(branch, None, buf, pos, j, j + len(text))
                        break
                else:
                    stop = min(n, j + limit)
                    match = node.match(buf, j, stop, partial=True)
                    if match is not None:
                        if not match.partial:
                            result = self._marker(node, match, buf, pos, j)
                        elif stop == n and n - j < limit:
                            result = self._cut_off(buf, pos, j) if self._final else self._begun_at(node, buf, pos, j)
            if result == NO_MARKER and node.payloads:
                result = self._bare(node, buf, pos, j)
            if result >= 0:
                return result
            if result == UNDECIDED:
                keep = self._space_before(buf, pos, j)
                if self._between_closers(buf, pos, j) and self._program.closer_begins(self._pending, buf, j):
                    keep = pos
                elif keep == j and self._leads and self._state == CONTENT and self._program.may_be_led(buf, j):
                    keep = self._before_name(buf, pos, j, whole=True)
                self._text(buf, pos, keep)
                self._wait = True
                return keep
            i = j + 1

    def _lead(self, buf: str) -> int:
        """At the turn's start: whitespace that the format's template writes there is framing."""
        lead = self._grammar.start.lead
        if not self._trim or self._state != CONTENT:
            return 0
        if len(buf) < len(lead) and lead.startswith(buf) and not self._final:
            self._wait = True
            return 0
        if not buf.startswith(lead):
            return 0
        self._tile("framing", len(lead))
        return len(lead)

    def _plain_text(self, buf: str, pos: int, n: int) -> int:
        """No marker in sight: all of it goes out, but for whitespace that a marker may touch."""
        if self._leads and not self._final and self._state == CONTENT:
            keep = self._before_name(buf, pos, n, whole=False)
            if keep < n:
                self._text(buf, pos, keep)
                self._wait = True
                return keep
        if not self._trim:
            if self._between_closers(buf, pos, n) and not self._final:
                self._wait = True
                return pos
            self._text(buf, pos, n)
            return n
        keep = len(buf[pos:n].rstrip(WHITESPACE)) + pos
        tail = self._grammar.start.tail if self._state == CONTENT else ""
        if self._final:
            cut = bool(tail) and buf.endswith(tail) and n - len(tail) >= keep
            self._text(buf, pos, n - len(tail) if cut else n)
            self._tile("framing", n)
            return n
        if self._node.plain is NOTHING and not tail:
            self._text(buf, pos, n)
            return n
        if keep > pos:
            self._text(buf, pos, keep)
            self._spaces = False
        if self._spaces or n - keep > self._limits.header:
            self._spaces = True  # so much whitespace is no framing, and neither is what follows it
            self._text(buf, keep, n)
            return n
        self._wait = keep < n
        return keep

    def _text(self, buf: str, start: int, end: int) -> None:
        """buf[start:end] is content, or reasoning."""
        if not self._begun and start < end:
            self._begin_text()
        if self._base + start < 0:  # the prompt's
            self._after_marker = self._after_marker and not buf[start : min(end, -self._base)].strip(WHITESPACE)
            start = min(end, -self._base)
        if self._after_marker and self._trim:
            start = self._framing(buf, start, end)
        if start == end:
            return
        self._after_marker = False
        reasoning = self._state == REASONING
        text = buf[start:end]
        if self._silent:
            self._tile("dropped", end)
        else:
            self._sink.text(REASONING_RUN if reasoning else CONTENT_RUN, text)
            self._tile("reasoning" if reasoning else "content", end)
        blank = not text.strip(WHITESPACE)
        self._spaces = blank and (self._spaces or (not self._trim and self._where == AFTER_CALL))
        line = text.rstrip(" \t")
        self._bol = line.endswith(("\n", "\r")) if line else self._bol
        self._in_word = self._leads and _ends_in_word(text, len(text) - 1) is not None
        if self._where != INSIDE and not blank:
            self._note_missing()
            self._where = INSIDE
            self._set_region_node()

    def _unclosed(self) -> frozenset[int]:
        """What may still come behind the last call, which has ended with its own bracket or closer."""
        if self._state == EXPECT:
            return self._ready
        if self._state == PAYLOAD and self._step is not None:
            return self._step.ready
        return self._pending if self._where == AFTER_CALL else _NO_STEPS

    def _note_missing(self) -> None:
        """A closer of the call before did not come."""
        if self._where == AFTER_CALL and self._program.lacks_closer(self._pending):
            self._turn_note("closer_missing")

    def _framing(self, buf: str, start: int, end: int) -> int:
        """Whitespace from `start` on is framing: where it ends."""
        match = SPACES.match(buf, start, end)
        stop = match.end() if match else start
        self._tile("framing", stop)
        return stop

    def _space_before(self, buf: str, pos: int, j: int) -> int:
        """Where the whitespace that belongs to a marker at j begins."""
        if not self._trim:
            return j
        keep = len(buf[pos:j].rstrip(WHITESPACE)) + pos
        return j if j - keep > self._limits.header or (self._spaces and keep == pos) else keep

    def _between_closers(self, buf: str, start: int, end: int) -> bool:
        """Whether buf[start:end] is whitespace behind a closer, and another may come: then it is inside the markup,
        and framing even where whitespace is kept."""
        if self._trim or self._where != AFTER_CALL or self._spaces or not 0 < end - start <= self._limits.header:
            return False
        return not buf[start:end].strip(WHITESPACE) and self._program.has_closer(self._pending)

    def _begun_at(self, node: Node, buf: str, pos: int, j: int) -> int:
        """A marker may begin at j, where the text ends in it: UNDECIDED, or NO_MARKER if it could not count there."""
        if not node.placed or self._at_start(buf, pos, j) or self._begins_line(buf, pos, j):
            return UNDECIDED
        if node.anywhere is not None and node.anywhere(buf, j, len(buf), partial=True) is not None:
            return UNDECIDED
        return NO_MARKER

    def _marker(self, node: Node, match: Any, buf: str, pos: int, j: int) -> int:
        """A marker stands at j: the position that it leads to, NO_MARKER or UNDECIDED if it does not count, or may
        not."""
        unbound = self._grammar
        branch = node.branch(match)
        if self._may_grow(branch, buf, j):
            return self._begun_at(node, buf, pos, j)
        result = self._counted(branch, match, buf, pos, j, match.end())
        if result < 0 and self._grammar is not unbound:
            self._set_grammar(unbound)  # what does not count binds nothing
        return result

    def _counted(self, branch: Branch, match: Any, buf: str, pos: int, j: int, end: int) -> int:
        """The marker buf[j:end]; `match` is None for a literal."""
        kind = branch.kind
        if kind != "step" and self._grammar.parameters:
            self._bind(match)
        if kind == "header":
            return self._header_inside(match, buf, pos, j)
        if kind == "message_close":
            self._leave(buf, pos, j, end, CONTENT, AFTER_REASONING)
            self._enter_header()
            return end
        if kind == "turn_end":
            result = self._turn_end(buf, pos, j, end)
            if result != NO_MARKER or branch.otherwise is None:
                return result
            branch = branch.otherwise
            kind = branch.kind
        if kind == "step":
            if branch.role in ("closer", "section_close"):
                if self._section_ghost if branch.role == "section_close" else self._was_ghost:
                    self._text(buf, pos, end)
                    self._pending = self._program.pending_of(branch.ready)
                    self._set_region_node()
                    return end
                if branch.role == "section_close":
                    self._note_missing()
                if self._between_closers(buf, pos, j):
                    self._tile("framing", j)
                    pos = j
                self._leave(buf, pos, j, end, self._state, AFTER_CALL)
                self._pending = self._program.pending_of(branch.ready)
                self._set_region_node()
                return end
            if branch.led is not None and self._leads:
                result = self._led(branch.led, buf, pos, j, end)
                if result != NO_MARKER:
                    return result
            line = branch.line or self._grammar.calls.begins == "line"
            if line and not self._at_start(buf, pos, j) and not self._begins_line(buf, pos, j):
                return NO_MARKER
            self._begin_candidate(buf, pos, j, "marked")
            self._section_begins = branch.role == "section_open" or not self._pending & self._program.section_closers
            if branch.missing:
                self._note("opener_missing")
            return self._advance(branch, match, buf, j, end)
        if kind == "reasoning_close":
            self._leave(buf, pos, j, end, CONTENT, AFTER_REASONING)
            return end
        if kind == "separator":
            if self._where != AFTER_CALL or buf[pos:j].strip(WHITESPACE):
                return NO_MARKER
            self._begin_candidate(buf, pos, j, "separator")
            return self._go(self._program.first_steps, end)
        alone = 0 if branch.anywhere else self._stands_alone(buf, pos, j, end)
        if alone == NO_MARKER and kind == "reasoning_open" and self._program.reasoning_begins == "anywhere":
            alone = self._is_followed(buf, end)
        if alone < 0:
            return alone
        if kind in ("content_open", "content_close"):
            self._framed = kind == "content_open"
            self._leave(buf, pos, j, end, CONTENT, AFTER_REASONING)
        elif kind == "absorb":
            self._leave(buf, pos, j, end, self._state)
            self._turn_note("marker_absorbed")
        else:
            self._leave(buf, pos, j, end, REASONING, START_OF_TEXT)
        return end

    def _may_grow(self, branch: Branch, buf: str, j: int) -> bool:
        """Whether more text could make the marker at j a longer one."""
        if branch.grows is None or self._final:
            return False
        n = len(buf)
        limit = j + self._limits.header
        match = branch.grows(buf, j, min(n, limit), partial=True)
        return match is not None and bool(match.partial) and n < limit

    def _leave(self, buf: str, pos: int, j: int, end: int, state: int, where: str | None = None) -> None:
        """A marker at buf[j:end] ends the region's text and leads to a region; `where` is None if it is the same
        one."""
        keep = self._space_before(buf, pos, j)
        self._text(buf, pos, keep)
        self._tile("framing", j)
        self._tile("marker", end)
        self._enter_region(state, self._where if where is None else where, True)

    def _stands_alone(self, buf: str, pos: int, j: int, end: int) -> int:
        """Whether a marker at buf[j:end] stands at the region's start or alone on its line: 0, NO_MARKER or
        UNDECIDED."""
        if self._at_start(buf, pos, j):
            return 0
        if not self._begins_line(buf, pos, j):
            return NO_MARKER
        limit = j + self._limits.header
        stop = min(len(buf), limit)
        while end < stop and buf[end] in " \t":
            end += 1
        if end < stop:
            return 0 if buf[end] in "\r\n" else NO_MARKER
        return UNDECIDED if stop < limit and not self._final else 0

    def _is_followed(self, buf: str, end: int) -> int:
        """Whether text stands right behind a marker that ends at buf[end], as it does not where a sentence names the
        marker: 0, NO_MARKER or UNDECIDED."""
        if end < len(buf):
            return NO_MARKER if buf[end] in _BEHIND_A_WORD else 0
        return 0 if self._final else UNDECIDED

    def _at_start(self, buf: str, pos: int, j: int) -> bool:
        """Whether nothing but whitespace stands between the region's start and j."""
        return self._where != INSIDE and not buf[pos:j].strip(WHITESPACE)

    def _begins_line(self, buf: str, pos: int, j: int) -> bool:
        """Whether nothing but spaces stands between a line break and j."""
        line = buf[pos:j].rstrip(" \t")
        return line.endswith(("\n", "\r")) if line else self._bol

    def _turn_end(self, buf: str, pos: int, j: int, end: int) -> int:
        """A token that ends the turn is markup only if nothing but whitespace, and other such tokens, come behind
        it, or another message."""
        n = len(buf)
        limit = j + self._limits.header
        stop = min(n, limit)
        run = self._program.turn_end
        found = run.match(buf, j, stop) if run is not None else None
        end = found.end() if found is not None else end
        verdict = self._header_at(buf, end)
        if verdict == UNDECIDED:
            return verdict
        if verdict == 0:
            self._leave(buf, pos, j, end, CONTENT, AFTER_REASONING)
            self._enter_header()
            return end
        if self._final:
            if end < n:
                return NO_MARKER
            self._leave(buf, pos, j, n, self._state)
            return n
        if stop == limit:
            return NO_MARKER
        tail = buf[end:]
        return UNDECIDED if any(token.startswith(tail) for token in self._grammar.turn_end) else NO_MARKER

    def _bare(self, node: Node, buf: str, pos: int, j: int) -> int:
        """What a call without markers may begin with stands at j."""
        step = _choose(node, buf, j, self._limits.header, bare=True)
        if step is not None:
            if step.at_start and not self._at_start(buf, pos, j) and not self._objects_anywhere:
                return NO_MARKER
            if step.unlike is not None and step.unlike(buf, j) is not None:
                return NO_MARKER
            if step.undecided is not None and step.undecided(buf, j) is not None:
                return NO_MARKER if self._final else UNDECIDED
            self._begin_candidate(buf, pos, j, "bare")
            return self._begin_payload(step, buf, j)
        return UNDECIDED if self._undecided_payload(node, buf, j) else NO_MARKER

    def _undecided_payload(self, node: Node, buf: str, j: int) -> bool:
        """Whether more text can tell which of the payloads that begin alike stands at j."""
        match = SPACES.match(buf, j + 1)
        beyond = match.end() if match else j + 1
        alike = [step for step in node.payloads if step.begins_with(buf[j])]
        if len(alike) < 2 or _begin_with_a_name(alike, buf[j]):
            return False
        return beyond == len(buf) and beyond - j < self._limits.header and not self._final

    # -- messages ------------------------------------------------------------------------------------------------------

    def _headers(self) -> Headers | None:
        return self._program.headers if self._calls_on else self._program.quiet

    def _enter_header(self, where: str = AFTER_REASONING) -> None:
        self._state = HEADER
        self._where = where
        self._spaces = False  # here: whitespace has come that is content, and so is what follows it
        self._call_region = CONTENT
        self._pending = frozenset()
        self._loose = False

    def _header(self, buf: str, pos: int) -> int:
        """Between messages: a header, or text that is in none, which is content."""
        headers = self._headers()
        assert headers is not None
        n = len(buf)
        at_start = self._where == START_OF_TEXT
        space = SPACES.match(buf, pos)
        j = space.end() if space else pos
        whole = False
        if j - pos <= self._limits.header or self._is_kept_space(buf, pos, j):
            read = headers.first if at_start else headers.match
            match = read(buf, j, min(n, j + HEADER_LIMIT), partial=True) if j < n else None
            if match is not None and not match.partial:
                whole = True
                destination = headers.destination(match)
                if destination is not None and self._is_recipient(destination):
                    self._space_between(buf, pos, j)
                    return self._to_message(destination, buf, j, match.end())
            elif j == n or (match is not None and n < j + HEADER_LIMIT):
                if not self._final:
                    self._wait = True
                    return self._kept_space(buf, pos, j)
                if headers.marked(buf[j:]) or (j == n and not at_start):
                    self._space_between(buf, pos, j)
                    self._tile("framing", n)  # a header that is cut off, or whitespace behind a message
                    return n
        self._loose = not whole and not buf.startswith(headers.loose_openers, j)  # all of what looks like one is text
        self._enter_region(CONTENT, START_OF_TEXT if at_start else INSIDE, not at_start)
        return pos

    def _space_between(self, buf: str, start: int, end: int) -> None:
        """Whitespace before a header: content, if it is kept, but for the space that a header begins with."""
        self._kept_space(buf, start, end)
        self._tile("framing", end)

    def _is_kept_space(self, buf: str, start: int, end: int) -> bool:
        """Whether whitespace between messages is content, whatever comes behind it."""
        first = buf[start : min(end, start + self._limits.header)]
        return not self._trim and bool(self._spaces or first.strip(" "))

    def _kept_space(self, buf: str, start: int, end: int) -> int:
        """Tell whitespace between messages if it is content: where the text goes on."""
        if start == end or not self._is_kept_space(buf, start, end):
            return start
        where = self._where
        self._enter_region(CONTENT, INSIDE, False)
        self._text(buf, start, end)
        self._enter_header(where)
        self._spaces = True
        return end

    def _header_inside(self, match: Any, buf: str, pos: int, j: int) -> int:
        """A header stands at j, in the middle of a message that was not closed."""
        headers = self._headers()
        assert headers is not None
        destination = headers.destination(match)
        if destination is None or not self._is_recipient(destination):
            return NO_MARKER
        keep = self._space_before(buf, pos, j)
        self._text(buf, pos, keep)
        self._tile("framing", j)
        self._enter_header()
        return self._to_message(destination, buf, j, match.end())

    def _cut_off(self, buf: str, pos: int, j: int) -> int:
        """The text ends in the beginning of a marker at j; that of a header is markup if it holds a whole marker."""
        headers = self._headers()
        if headers is None or not headers.marked(buf[j:]):
            return NO_MARKER
        keep = self._space_before(buf, pos, j)
        self._text(buf, pos, keep)
        self._tile("framing", len(buf))
        return len(buf)

    def _header_at(self, buf: str, j: int) -> int:
        """Whether a header stands at j: 0, NO_MARKER or UNDECIDED."""
        headers = self._headers()
        n = len(buf)
        stop = j + HEADER_LIMIT
        match = headers.match(buf, j, min(n, stop), partial=True) if headers is not None else None
        if headers is None or match is None:
            return NO_MARKER
        if match.partial:
            return UNDECIDED if n < stop and not self._final else NO_MARKER
        destination = headers.destination(match)
        return 0 if destination is not None and self._is_recipient(destination) else NO_MARKER

    def _is_recipient(self, destination: Destination) -> bool:
        """A header without a marker is only a header if what it names can be called."""
        headers = self._headers()
        if destination.to != "call" or (headers is not None and headers.markers):
            return True
        known = self._tools is None or self._forward == "forward" or destination.name in self._tools
        return self._calls_on and known

    def _to_message(self, destination: Destination, buf: str, j: int, end: int) -> int:
        """The header at buf[j:end] says where its message goes."""
        self._loose = False
        if destination.to != "call" or not self._calls_on:
            if destination.missing:
                self._turn_note("opener_missing")
            self._tile("marker", end)
            self._enter_region(REASONING if destination.to == "reasoning" else CONTENT, START_OF_TEXT, True)
            return end
        self._begin_candidate(buf, j, j, "marked")
        if destination.missing:
            self._note("opener_missing")
        self._tile("marker", end)
        if destination.name and not self._start_call(destination.name, "", buf, end):
            return self._fail(end)
        return self._go(self._program.message_body, end)

    # -- regions -------------------------------------------------------------------------------------------------------

    def _enter_turn(self, regions: Regions, start: StartState | None, prompt: str | None) -> None:
        """Where the turn begins: where the caller says, behind what the prompt writes of it, or by default."""
        state = start if start is not None else "content" if prompt is not None else self._grammar.start.state
        self._enter_span(regions.reasoning if state == "reasoning" else regions.implicit, START_OF_TEXT)
        if start is None and prompt is not None:
            self._read_prompt(regions.behind_anchor(prompt))

    def _read_prompt(self, text: str) -> None:
        """Read what the prompt writes of the turn. Of that only a call that is still open is told, by the first `feed`,
        because its arguments go on in the text."""
        if not text:
            return
        trace, self._sink.trace = self._sink.trace, None
        self._base = -len(text)
        self._read(text)
        events = self._sink.take()
        self._sink.forget()
        self._sink.trace = trace
        self._turn_notes.clear()
        self._used_ids.clear()
        self._index = -1
        if self._open and not self._ghost:
            starts = [i for i, event in enumerate(events) if isinstance(event, ToolCallStart)]
            self._index = 0
            self._set_id(self._name, "")
            self._sink.event(ToolCallStart(0, self._id, self._name))
            for event in events[starts[-1] :]:
                if isinstance(event, ArgumentsDelta):
                    self._sink.text(0, event.text)
        self._quick = self._calm = self._direct = None
        self._mark = ""

    def _enter_span(self, span: Span, where: str) -> None:
        """A region's text begins; it has begun already if it has an opener."""
        self._span = span
        self._silent = span.silent
        self._trim = self._trims and span.strip
        self._enter_region(REASONING if span.to == "reasoning" else CONTENT, where, True)
        self._begun = False
        if span.opener is not None:
            self._begin_text()

    def _begin_text(self) -> None:
        """The region's first character, or its opener, has come."""
        span = self._span
        assert span is not None
        self._begun = True
        if span.join and span.name in self._seen:
            self._sink.text(REASONING_RUN if span.to == "reasoning" else CONTENT_RUN, span.join)
        self._see(span)

    def _see(self, span: Span) -> None:
        if span.name not in self._seen:
            self._seen |= {span.name}
        if span.silent and span.opener is not None:
            self._turn_note("region_dropped")

    def _note_required(self) -> None:
        """The turn is over: whether all regions were there that have to be."""
        if self._regions is not None and not self._regions.required <= self._seen:
            self._turn_note("region_missing")

    def _next_delimiter(self, buf: str, pos: int, closing: Span | None = None, final: bool | None = None) -> Found:
        """What opens or closes a region in buf[pos:]; of the region `closing` only what closes it. `final`: whether the
        text ends there, if it is not the whole buffer."""
        final = self._final if final is None else final
        before = self._before
        if closing is not None:
            watch = closing.closing
            if self._spec and watch.looks_back:
                before = behind(before, "".join(self._spec[-LOOK_BEHIND:]))
        else:
            span = self._span
            assert span is not None
            watch = span.watch if self._calls_on else span.quiet
        used = self._empties if self._empty_at == self._base + pos else frozenset[str]()
        while True:
            try:
                return watch.find(buf, pos, before, self._limits.header, final, self._off, used)
            except TimedOut as late:
                self._off |= {late.key}
                self._turn_note("pattern_timeout")

    def _delimited(self, span: Span, buf: str, pos: int) -> int:
        """A region's text goes out, up to what may be a delimiter."""
        found = self._next_delimiter(buf, pos)
        j, end = found.start, found.end
        delimiter = found.delimiter
        if delimiter is None:
            if j == len(buf):
                return self._span_text(buf, pos, j)
            keep = self._space_before(buf, pos, j)
            self._text(buf, pos, keep)
            self._wait = True
            return keep
        if j > pos and not self._begun:
            self._begin_text()
        if end == j:
            at = self._base + j
            self._empties = (self._empties if self._empty_at == at else frozenset[str]()) | {delimiter.key}
            self._empty_at = at
        other = delimiter.span
        if not delimiter.opens or other.to != "call":
            keep = self._space_before(buf, pos, j)
            self._text(buf, pos, keep)
            self._tile("framing", j)
            self._tile("marker", end)
            regions = self._regions
            assert regions is not None
            self._enter_span(other if delimiter.opens else regions.implicit, AFTER_REASONING)
            return end
        self._begin_candidate(buf, pos, j, "marked")
        self._tile("marker", end)
        self._see(other)
        self._opened = other
        self._opener_end = self._spec_skip - 1 + end - j
        self._groups = found.groups
        if other.reader is not None:
            self._state = WHOLE
            return end
        if other.name_group and not self._start_call(
            found.groups.get(other.name_group, ""), found.groups.get(other.id_group, ""), buf, end
        ):
            return self._fail(end)
        return self._go(other.steps, end)

    def _span_text(self, buf: str, pos: int, n: int) -> int:
        """No delimiter in sight."""
        if not self._final or not self._trim:
            return self._plain_text(buf, pos, n)
        if not self._begun:
            self._begin_text()
        keep = self._space_before(buf, pos, n)
        self._text(buf, pos, keep)
        self._tile("framing", n)
        return n

    def _whole(self, buf: str, pos: int) -> int:
        """A region that is read when it closes: its text is kept, up to what closes it."""
        span = self._opened
        assert span is not None
        room = self._spec_from + self._limits.hold - self._spec_length
        end = max(pos, room) + self._limits.header + 1
        # What is looked at is bounded like what is held, or regions that never close would each look to the end.
        found = self._next_delimiter(buf if len(buf) <= end else buf[:end], pos, span, self._final and len(buf) <= end)
        j = found.start
        if j > room:
            return self._fail_whole(max(pos, room))
        if found.delimiter is None:
            self._wait = j < len(buf)
            return j
        return self._whole_over(span, buf, j, found.end, {**self._groups, **found.groups})

    def _body(self, buf: str, end: int) -> str:
        """The region's text so far, without its opener."""
        return ("".join(self._spec or ()) + buf[self._spec_from : end])[self._opener_end :]

    def _whole_over(self, span: Span, buf: str, j: int, end: int, groups: Mapping[str, str]) -> int:
        """A region that was kept closes at buf[j:end]: tell its calls."""
        assert span.reader is not None
        body = self._body(buf, j)
        try:
            calls = span.reader.read(body, groups, self._tools, self._limits.digits)
        except Unreadable as error:
            if not self._start_call(span.reader.name(groups), "", buf, end):
                return self._fail_whole(end)
            start = self._base + j - len(body)
            self._tell_whole("malformed", buf, end, f"{error}, in the region at character {start}", body)
            return end
        self._tile("arguments", j)
        self._tile("marker", end)
        if not calls:
            self._drop_candidate()
            self._sink.settle()
            self._turn_note("empty_wrapper")
            self._after_call()
            return end
        for call in calls:
            if not self._tell_call(call, buf, end):
                return self._fail_whole(end)
        self._after_call()
        return end

    def _fail_whole(self, pos: int) -> int:
        """The region holds no call: all of it is content, and is not read again, or openers without a closer would have
        the same text read over and over."""
        self._candidate_kind = "bare"
        return self._fail(pos)

    def _tell_call(self, call: WholeCall, buf: str, end: int) -> bool:
        """Tell a whole call. False: the region holds no call."""
        first = self._spec is not None
        if not first:
            self._spec_from = end
        if not self._start_call(call.name, call.id, buf, end):
            return not first
        if self._ghost and not first:
            self._turn_note("call_dropped")  # its text went out with the others'
        self._note(*call.notes)
        self._args([call.arguments])
        self._args_done = True
        self._end_call("complete", buf, end)
        return True

    def _tell_whole(self, status: Status, buf: str, end: int, error: str, raw: str) -> None:
        """A call that has started, and of whose arguments nothing is told, ends with its region."""
        self._tile("dropped", end)
        self._end_call(status, buf, end, error, raw)
        self._after_call()

    def _whole_cut_off(self, reason: str | None) -> int:
        """The text is over in a region that was kept: where to go on."""
        span = self._opened
        assert span is not None
        assert span.reader is not None
        buf = self._buf
        n = len(buf)
        found = self._next_delimiter(buf, n, span)
        if found.delimiter is not None:  # the end of the text closes it
            return self._whole_over(span, buf, n, n, {**self._groups, **found.groups})
        body = self._body(buf, n)
        over = span.closer is None or reason == "stop" or span.reader.is_json
        calls: list[WholeCall] = []
        if over:
            with suppress(Unreadable):
                calls = span.reader.read(body, self._groups, self._tools, self._limits.digits)
        self._tile("arguments", n)
        if calls and span.closer is not None:
            self._note("closer_missing")
        if calls and all(self._tell_call(call, buf, n) for call in calls):
            self._after_call()
        elif self._spec is None or not self._start_call(span.reader.name(self._groups), "", buf, n):
            return self._fail_whole(n)
        else:
            error = f"the text ended inside the arguments, at character {self._base + n}"
            self._tell_whole("truncated", buf, n, error, body)
        return n

    # -- candidates ----------------------------------------------------------------------------------------------------

    def _begin_candidate(self, buf: str, pos: int, j: int, kind: str) -> None:
        """What stands at j may become a call: keep the text from there on, and the whitespace before it."""
        keep = j
        if self._state <= REASONING:
            keep = self._space_before(buf, pos, j)
            self._text(buf, pos, keep)
            self._return = self._state
            self._return_where = self._where
        else:
            self._return = self._call_region
            self._return_where = AFTER_CALL
        self._tile("framing", keep)
        self._spec = []
        self._spec_from = keep
        self._spec_length = 0
        self._spec_skip = j - keep + 1
        self._element_from = 0
        self._refused.clear()
        self._unbound = self._grammar
        self._candidate_kind = kind
        self._bare_rules = self._bare_rules and kind == "element"
        self._confirm = False
        self._known_only = False
        self._guessed = None
        self._seconded = False
        self._name = ""
        self._id = ""
        self._model_id = None
        self._notes = []
        self._tile("framing", j)

    def _drop_candidate(self) -> str:
        """The candidate is decided: what was kept of its text in earlier buffers."""
        kept = "".join(self._spec or ())
        self._spec = None
        self._spec_length = 0
        self._guessed = None
        if kept and self._regions is not None and self._regions.looks_back:
            self._before = behind(self._before, kept)
        return kept

    def _fail(self, pos: int) -> int:
        """The candidate cannot become a call: its text is content after all. Returns where to go on.

        With a marker: behind the opener's first character. A bare one was read as JSON or Python up to `pos`, where it
        failed, and is not read again.
        """
        before = self._before
        kept = self._drop_candidate()
        self._before = before
        start = self._spec_from
        if kept:
            self._buf = kept + self._buf[start:]
            self._base += start - len(kept)
            pos += len(kept) - start
            start = 0
        buf = self._buf
        self._spec_from = 0
        self._codec = None
        self._wait = False
        self._sink.unsettle(max(0, self._base + start))
        self._state = self._return
        if self._unbound is not self._grammar:
            self._set_grammar(self._unbound)
        self._set_region_node()
        end = start + self._spec_skip
        if self._candidate_kind == "separator" and self._final and not buf[end:].strip(WHITESPACE):
            self._tile("framing", len(buf))  # nothing behind the separator: it belongs to nobody
            return len(buf)
        if self._candidate_kind == "bare":
            end = max(end, start + len(buf[start:pos].rstrip(WHITESPACE)))
        self._text(buf, start, end)
        return end

    def _start_call(self, name: str, model_id: str, buf: str, pos: int) -> bool:
        """The candidate's name is known: tell its start, or go on as a ghost. False: it is no call."""
        name = name.strip(WHITESPACE)
        if not name or len(name) > self._limits.name:
            return False
        tools = self._tools
        known = tools is None or name in tools
        if self._known_only and (tools is None or not known):
            return False
        ghost = self._index + 1 >= self._limits.calls or (not self._parallel and self._index >= 0)
        if not known and self._forward != "forward":
            ghost = ghost or self._forward == "content" or self._bare_rules
        inside = self._return == REASONING and self._program.call_in_reasoning == "inside"
        self._call_region = REASONING if inside else CONTENT
        kept = self._drop_candidate()
        if self._refused:
            text = kept + buf[self._spec_from : pos]
            self._sink.text(CONTENT_RUN, "".join(text[start:end] for start, end in self._refused))
        self._open = True
        self._key = ""
        self._waiting.clear()
        self._keys_first = False
        self._args_done = False
        self._tagged = _UNTAGGED
        self._name = name
        if self._section_begins:
            self._section_ghost = ghost
        if ghost:
            self._begin_ghost(kept)
            return True
        self._sink.settle()
        self._index += 1
        self._tool = tools.get(name) if tools is not None else None
        self._set_id(name, model_id)
        self._sink.event(ToolCallStart(self._index, self._id, name))
        return True

    def _may_be_words(self, name: str) -> bool:
        """Whether a header's name may be a sentence about its marker, until another marker speaks for the call."""
        if self._grammar.calls.names != "words" or (self._tools is not None and name in self._tools):
            return False
        return any(char.isspace() for char in name) or _is_signs(name)

    def _begin_ghost(self, kept: str) -> None:
        """The call's text is content, from its markers on; in a list with markers, from its own beginning on.

        A bare list that begins with such a call is no list of calls: all of it is content.
        """
        codec = self._codec
        in_list = isinstance(codec, CallObjects | PythonCalls) and codec.in_list
        self._ghost = True
        bare = self._candidate_kind == "bare" or (self._bare_rules and self._candidate_kind != "element")
        self._ghost_list = in_list and bare
        listed = in_list or (self._step is not None and codec is not None and _holds_calls(self._step))
        skip = self._element_from if listed and not self._bare_rules and self._candidate_kind == "marked" else 0
        self._sink.settle("content", self._base + self._spec_from - len(kept) + skip)
        self._spec_from += max(0, skip - len(kept))
        self._sink.text(CONTENT_RUN, kept[skip:])

    def _set_id(self, name: str, model_id: str) -> None:
        """The call's id: the model's, if it wrote one before the arguments and it is new; else one of our own."""
        self._model_id = None
        self._id = model_id
        if not model_id or model_id in self._used_ids:
            if model_id:
                self._note("id_replaced")
                self._model_id = model_id
            self._id = self._ids(self._index, name) if self._ids is not None else f"call_{self._drawn()}_{self._index}"
            while not self._id or self._id in self._used_ids:
                self._id += f"_{self._index}"
        self._used_ids.add(self._id)

    def _drawn(self) -> str:
        """The seed of ids, which copies share."""
        if not self._seed:
            self._seed = f"{random.getrandbits(64):016x}"
        return self._seed

    # -- framing -------------------------------------------------------------------------------------------------------

    def _go(self, ready: frozenset[int], pos: int) -> int:
        """One of these steps comes next."""
        node = self._program.expect(ready)
        self._ready = ready
        self._node = node
        self._state = EXPECT
        if node.parameters and self._open and not self._tagged.begun and not node.payloads:
            self._open_brace()
        if node.raw is not None and not node.branches:
            self._begin_value(node.raw, node.framed)
        return pos

    def _expect(self, buf: str, pos: int) -> int:
        """Inside framing: whitespace, and then what the state allows."""
        node = self._node
        n = len(buf)
        limit = self._limits.header
        j = pos
        if buf[pos] in WHITESPACE:
            match = SPACES.match(buf, pos)
            j = match.end() if match else pos
        if j - pos > limit or (j == n and self._final and not self._open and self._spec is None):
            return self._mismatch(buf, pos, pos)
        if j == n:
            if node.in_words:
                return self._mismatch(buf, pos, pos)
            self._wait = True
            return pos
        char = buf[j]
        if char in node.first and node.match is not None:
            if not node.field:
                for text, marker in node.literals:
                    if buf.startswith(text, j) and len(text) <= limit:
                        self._tile("framing", j)
                        return self._advance(marker, None, buf, j, j + len(text))
                for usual, marker in node.tags:
                    tag = usual(buf, j, j + limit)
                    if tag is not None:
                        self._tile("framing", j)
                        return self._advance(marker, tag, buf, j, tag.end())
            stop = min(n, j + limit)
            found = node.match(buf, j, stop, partial=True)
            if found is not None:
                branch = None if found.partial else node.branch(found)
                named = branch is None and self._spec is not None and self._name and self._guessed is None
                if named and not self._may_speak(node, self._name, buf, j, stop):
                    return self._fail(j)  # another opener begins, before anything spoke for this one
                if branch is None:
                    self._wait = stop == n and n - j < limit and not self._final
                else:
                    self._wait = self._may_grow(branch, buf, j)
                if branch is not None and node.field and not self._wait:
                    # It may be the beginning of a name that is spelt alike: then what follows it is another.
                    space = SPACES.match(buf, found.end())
                    after = space.end() if space else found.end()
                    verdict = self._may_follow(self._program.expect(branch.ready), buf, after, j + limit)
                    self._wait = verdict == UNDECIDED
                    branch = None if verdict == NO_MARKER else branch
                if self._wait:
                    speaks = branch is not None and branch.grows_alike and self._spec is not None
                    if branch is not None and speaks and self._name and self._is_sure(self._name, branch.ready):
                        return pos if self._start_call(self._name, self._id, buf, pos) else self._fail(j)
                    return pos
                if branch is not None:
                    self._tile("framing", j)
                    return self._advance(branch, found, buf, j, found.end())
        if node.payloads:
            step = _choose(node, buf, j, limit)
            if step is not None and (j == pos or not step.in_words):
                self._tile("framing", j)
                return self._begin_payload(step, buf, j)
            if self._undecided_payload(node, buf, j):
                self._wait = True
                return pos
        if node.field:
            return self._field(node, buf, pos, j)
        if node.raw is not None:
            # The value's opener is missing: one line break in its place is framing.
            self._begin_value(node.raw)
            pos += 2 if buf.startswith("\r\n", pos) else buf.startswith("\n", pos)
            self._tile("framing", pos)
            return pos
        return self._mismatch(buf, pos, j)

    def _field(self, node: Node, buf: str, pos: int, j: int) -> int:
        """A name, an id or a key: everything up to what may come after it."""
        n = len(buf)
        limit = j + self._limits.header
        assert node.stop is not None
        if self._final and node.ends:
            end = self._name_at_end(buf, j)
            if end >= 0:
                return end
        found = node.stop.search(buf, j, min(n, limit))
        if found is None:
            self._wait = n < limit and not self._final and self._may_name(node, buf[j:n])
            return pos if self._wait else self._mismatch(buf, pos, j)
        end = after = found.start()
        ready = node.field_ready
        if end == j:
            return self._mismatch(buf, pos, j)
        if not (buf[end] == "\n" and node.line_ends):
            space = SPACES.match(buf, end)
            after = space.end() if space else end
            behind = self._program.expect(ready)
            verdict = self._may_follow(behind, buf, after, limit)
            if verdict == UNDECIDED and after < n and self._spec is not None and node.field == "name":
                name = buf[j:end].strip(WHITESPACE)
                sure = self._is_unnamed(name) or self._is_sure(name, ready)
                unknown = self._known_only and (self._tools is None or name not in self._tools)
                if unknown or not (sure or self._may_speak(behind, name, buf, after, n)):
                    verdict = NO_MARKER
            if verdict == UNDECIDED:
                self._wait = True
                return pos
            if verdict == NO_MARKER:
                return self._mismatch(buf, pos, j)
        text = buf[j:end].strip(WHITESPACE)
        self._tile("framing", j)
        self._tile("name", end)
        self._take({node.field: text})
        return self._named(ready, buf, after)

    def _may_name(self, node: Node, text: str) -> bool:
        """Whether a field that begins with this text may still make a call of its candidate."""
        if self._spec is None or node.field != "name":
            return True
        tools = self._tools
        if tools is not None and (tools.any_begins(text) or text.rstrip(WHITESPACE) in tools):
            return True
        if self._known_only:
            return False
        name = text.rstrip(WHITESPACE)
        over = name != text and _is_signs(name)  # and what comes behind the space is a word of its own
        if self._grammar.calls.names != "words" or node.ends or not (over or any(char.isspace() for char in name)):
            return True
        return self._program.expect(node.field_ready).speaking is not None

    def _may_speak(self, node: Node, name: str, buf: str, j: int, stop: int) -> bool:
        """Whether what begins at j may speak for a candidate whose name alone does not."""
        if node.field or node.raw is not None or any(step.begins_with(buf[j]) for step in node.payloads):
            return True
        match = node.speaking if self._may_be_words(name) else node.inner
        return match is not None and match(buf, j, stop, partial=True) is not None

    def _may_follow(self, node: Node, buf: str, pos: int, limit: int) -> int:
        """Whether something that the node allows stands at buf[pos]: 0, NO_MARKER or UNDECIDED."""
        n = len(buf)
        if pos >= limit:
            return NO_MARKER
        if pos == n:
            return NO_MARKER if self._final else UNDECIDED
        if buf[pos] in node.first and node.match is not None:
            for text, _ in node.literals:
                if buf.startswith(text, pos) and pos + len(text) <= limit:
                    return 0
            stop = min(n, limit)
            match = node.match(buf, pos, stop, partial=True)
            if match is not None and not match.partial:
                return 0
            if match is not None and stop == n and n < limit and not self._final:
                return UNDECIDED
        if node.field or node.raw is not None:
            return 0
        return 0 if any(step.begins_with(buf[pos]) for step in node.payloads) else NO_MARKER

    def _take(self, fields: dict[str, str]) -> None:
        """Fields are read: keep what they say."""
        for field, text in fields.items():
            if field == "name":
                self._name = text
            elif field == "id":
                self._read_id(text)
            elif field == "key":
                if not self._key or not self._program.lone_values:
                    self._note_no_value()
                elif len(self._waiting) <= _KEYS:  # one more says that they are too many
                    self._waiting.append(self._key)
                self._key = text
                self._stated = ""
            else:
                self._stated = text if field == "type" else _STRING_ATTRIBUTE.get(text, "")

    def _named(self, ready: frozenset[int], buf: str, pos: int) -> int:
        """Start the call if its name is known, and go on."""
        if self._spec is not None and self._name:
            if self._is_unnamed(self._name):
                self._guessed = KeptArguments()
            elif self._is_sure(self._name, ready) and not self._start_call(self._name, self._id, buf, pos):
                return self._fail(pos)
        return self._go(ready, pos)

    def _is_sure(self, name: str, ready: frozenset[int]) -> bool:
        """Whether a candidate's name alone makes it a call; `ready`: what may come behind it."""
        if self._grammar.calls.commit == "arguments" or self._program.id_follows(ready) or self._may_be_words(name):
            return False
        return not self._confirm or (self._tools is not None and name in self._tools)

    def _is_unnamed(self, name: str) -> bool:
        """Whether what stands where the name should says nothing, and the arguments may tell the tool."""
        unnamed = self._program.unnamed
        tools = self._tools
        if unnamed is None or tools is None or name in tools or self._forward == "content":
            return False
        return unnamed.fullmatch(name) is not None and tools.may_take(())

    def _start_guessed(self, whole: bool, buf: str, pos: int) -> bool:
        """The arguments of a call without a name are over, or too long to be kept: start it, and tell them."""
        guessed = self._guessed
        assert guessed is not None
        assert self._tools is not None
        self._guessed = None
        name = self._tools.taking(guessed.keys) if whole else None
        if name is not None:
            self._note("name_guessed")
        if not self._start_call(name or self._name, self._id, buf, pos):
            return False
        self._args([guessed.text])
        return True

    def _keep_arguments(self, codec: Arguments, step: Step, buf: str, pos: int) -> int:
        """The arguments of a call without a name are kept until they tell its tool, or none can."""
        guessed = self._guessed
        assert guessed is not None
        room = max(pos, self._spec_from + self._limits.hold - self._spec_length)
        out: list[str] = []
        pos = codec.feed(buf[:room], pos, out)
        told_more = guessed.add(out)
        self._tile("arguments", pos)
        if not self._may_tell(codec, guessed, told_more):
            return self._arguments(codec, step, buf, pos) if self._start_guessed(False, buf, pos) else self._fail(pos)
        if not codec.done and not codec.error and len(buf) <= room:
            return pos
        if not self._start_guessed(codec.done and not codec.error, buf, pos):
            return self._fail(pos)
        return self._arguments(codec, step, buf, pos)

    def _may_tell(self, codec: Arguments, guessed: KeptArguments, told_more: bool) -> bool:
        """Whether arguments that are kept may still tell their tool; `told_more`: there is more of their keys."""
        tools = self._tools
        if tools is None or codec.done:
            return True
        if codec.is_null:  # as arguments without a key
            return tools.taking(()) is not None
        return not told_more or tools.may_take(guessed.keys, guessed.key)

    def _name_at_end(self, buf: str, j: int) -> int:
        """If the text ends behind a name that is all there is of a call: that end; else -1. Only where the model ended
        its turn: of a text that was cut off, arguments may have been to come."""
        found = self._program.name_at_end(buf, j)
        if self._spec is None or found is None or not (self._stopped or found.group("tokens").strip(WHITESPACE)):
            return -1
        name, tools = found.group("name"), self._tools
        if _is_signs(name) if tools is None else name not in tools:
            return -1
        n = len(buf)
        self._tile("framing", j)
        self._tile("name", j + len(name))
        self._note("markup_repaired")
        if not self._start_call(name, "", buf, n):
            return -1
        self._tile("framing", n)
        self._end_call("complete", buf, n)
        self._pending = frozenset()
        self._after_call()
        return n

    def _before_name(self, buf: str, pos: int, end: int, *, whole: bool) -> int:
        """Where in buf[pos:end] the text ends that is no name before an opener, whatever comes. `whole`: no more of
        the name comes."""
        start = self._name_before(buf, pos, end, whole)
        return end if start < 0 else self._space_before(buf, pos, start)

    def _name_before(self, buf: str, pos: int, end: int, whole: bool) -> int:
        """Where the name begins that buf[pos:end] ends in, or, if it is not `whole`, may end in; -1 if there is none.

        It is a declared tool's; where the tools are not known, nothing stands before it.
        """
        found = _WORD_AT_END.search(buf, max(pos, end - self._limits.name), end)
        if found is None or (found.start() == pos and self._in_word):
            return -1
        start, word, tools = found.start(), found.group(), self._tools
        if tools is None:
            named = self._at_start(buf, pos, start) and not (whole and _is_signs(word))
        else:
            named = word in tools if whole else tools.any_begins(word)
        return start if named else -1

    def _led(self, step: Step, buf: str, pos: int, j: int, end: int) -> int:
        """An opener stands at buf[j:end]: whether the word before it is its call's name, and a call goes on behind."""
        start = self._name_before(buf, pos, j, whole=True)
        if start < 0:
            return NO_MARKER
        space = SPACES.match(buf, end)
        after = space.end() if space else end
        verdict = self._may_follow(self._program.expect(step.ready), buf, after, j + self._limits.header)
        if verdict != 0:
            return verdict
        self._begin_candidate(buf, pos, start, "marked")
        self._note("markup_repaired")
        self._tile("name", j)
        self._tile("marker", end)
        self._name = buf[start:j]
        return self._go(step.ready, end)

    def _read_id(self, text: str) -> None:
        """An id from a header, in which the name may be written."""
        pattern = self._program.id_pattern
        found = pattern.fullmatch(text) if pattern is not None else None
        if found is None:
            self._id = text
        else:
            self._name = found.group("name").strip(WHITESPACE)
            self._id = text if found.group("number") is not None else ""

    def _bind(self, match: Any) -> None:
        """A marker has a part that differs between checkpoints: in the rest of the turn it has to be the same."""
        found = match.groupdict()
        bound = {key: found[key] for key in self._grammar.parameters if found.get(key) is not None}
        if bound:
            self._set_grammar(self._grammar.bind(bound))
            if any(bound.values()):
                self._lanes_on = False  # lanes take long to find, and the text could ask for them again and again

    def _set_grammar(self, grammar: Grammar) -> None:
        """Go on with another binding of the grammar; its steps have the same numbers."""
        self._grammar = grammar
        self._program = grammar.repairing_program if self._repair else grammar.program
        if self._step is not None:
            self._step = self._program.steps[self._step.id]

    def _advance(self, branch: Branch, match: Any, buf: str, j: int, end: int) -> int:
        """A marker of the framing is buf[j:end]; `match` is None for a literal."""
        role = branch.role
        if branch.inner and self._spec is None and match is None:
            self._seconded = False
            self._tile("marker", end)
            if role == "parameter":
                self._open_brace()
            return self._go(branch.ready, end)
        if match is not None and self._grammar.parameters:
            self._bind(match)
        if branch.begins and self._spec is None:
            if self._open:  # the next call; the closers of this one are missing
                self._note("closer_missing")
                self._end_call("complete", buf, j)
            self._begin_candidate(buf, j, j, "marked")
            self._section_begins = role == "section_open"
        if branch.damaged and (self._spec is not None or self._open):
            self._note("markup_repaired")
        if branch.lone and not self._waiting:
            return self._mismatch(buf, j, j)
        closes = branch.closes
        if self._spec is not None and branch.begins and self._name:
            return self._fail(j)  # another opener, before anything spoke for this one
        if self._spec is not None and (closes or role == "parameter"):
            if closes and not self._name:  # a wrapper with nothing in it
                self._drop_candidate()
                self._tile("marker", end)
                self._turn_note("empty_wrapper")
                return self._closed(branch, end)
            # A second marker speaks for a candidate whose name alone did not.
            sure = bool(self._name) and self._grammar.calls.commit != "arguments"
            sure = sure and not (closes and self._may_be_words(self._name))
            if self._guessed is not None:
                sure = sure and self._start_guessed(True, buf, j)
            if not (sure and (self._open or self._start_call(self._name, self._id, buf, j))):
                return self._fail(j)
        self._seconded = self._spec is not None and bool(self._name)
        self._tile("marker", end)
        if closes:
            if self._open:
                if role == "section_close" or branch.steps[0].outer or self._tagged.outermost is not None:
                    self._note("closer_missing")
                self._end_call("complete", buf, end)
            return self._closed(branch, end)
        if role == "nest_close":
            return self._leave_nest(branch.steps[0], end)
        if role == "parameter":
            self._open_brace()
        if self._spec is not None and branch.begins:
            self._confirm = branch.confirm
            self._known_only = branch.known
        if match is not None and branch.fields:
            self._take({field: (match.group(field) or "").strip(WHITESPACE) for field in branch.fields})
        end = self._named(branch.ready, buf, end)
        if branch.steps[0].nest is not None:
            self._enter_nest(branch.steps[0])
        return end

    def _closed(self, branch: Branch, end: int) -> int:
        """A closer ends at buf[end]: what may follow it."""
        self._pending = self._program.pending_of(branch.ready)
        self._after_call()
        return end

    def _mismatch(self, buf: str, pos: int, j: int) -> int:
        """What stands at j fits nothing that may come here; the whitespace before it begins at `pos`."""
        if self._spec is not None:
            return self._fail(j)
        if not self._open:
            if self._surplus and buf[j] in "]}":
                self._surplus = False
                self._turn_note("surplus_bracket")
                self._tile("framing", j + 1)
                return j + 1
            self._pending = self._program.pending_of(self._ready)
            self._after_call()
            return pos
        if self._args_done and buf[j] not in _BAD_BEHIND_ARGUMENTS:
            self._note("closer_missing")
            return self._over("complete", self._program.section_pending(self._ready), buf, pos)
        if self._args_done and self._repair and buf[j] in "]}" and "surplus_bracket" not in self._notes:
            self._note("surplus_bracket")
            self._tile("framing", j + 1)
            return j + 1
        verdict = NO_MARKER if self._args_done else self._header_at(buf, j)
        if verdict == UNDECIDED:
            self._wait = True
            return pos
        if verdict == 0:  # the next message
            if self._program.lacks_closer(self._ready):
                self._note("closer_missing")
            return self._over("complete", frozenset(), buf, pos)
        what = "something other than the call's closer" if self._args_done else "something other than its arguments"
        return self._malformed(what, self._ready, buf, j)

    # -- the end of a call ---------------------------------------------------------------------------------------------

    def _end_call(self, status: Status, buf: str, end: int, error: str = "", raw: str = "") -> None:
        """Tell the call's end; its text ends at buf[end]."""
        if status == "complete" and not self._args_done:
            self._note_no_value()
            self._args([self._tagged.suffix() if self._tagged.begun else "{}"])
        self._open = False
        self._surplus = False
        self._codec = None
        self._value = None
        self._rest = None
        self._was_ghost = self._ghost
        if self._ghost:
            self._sink.text(CONTENT_RUN, buf[self._spec_from : end])
            self._sink.tile("content", self._base + end, False)
            self._ghost = False
            self._ghost_list = False
            self._spec_from = end
            return
        notes = tuple(self._notes)
        self._notes = []
        self._sink.event(ToolCallEnd(self._index, status, error, raw[: self._limits.raw], self._model_id, notes))

    def _after_call(self) -> None:
        """The region that calls lead back to begins."""
        if self._program.headers is not None:
            self._enter_header()
            return
        if self._regions is not None:
            self._enter_span(self._regions.implicit, AFTER_CALL)
            self._after_marker = not self._was_ghost
            return
        self._enter_region(self._call_region, AFTER_CALL, not self._was_ghost)
        if self._was_ghost:
            self._where = INSIDE
            self._bol = False
            self._set_region_node()

    def _over(self, status: Status, pending: frozenset[int], buf: str, end: int) -> int:
        """The call ends at buf[end] without a closer; text may follow."""
        self._end_call(status, buf, end)
        self._pending = pending
        self._after_call()
        return end

    def _malformed(self, error: str, ready: frozenset[int], buf: str, pos: int) -> int:
        """What stands at buf[pos] does not fit: the rest of the call is no data."""
        if self._ghost:
            self._lines = None
            return self._over("complete", frozenset(), buf, pos)
        suffix = self.closing_suffix()
        codec = self._codec
        if self._tagged.begun:  # the call's closers stand behind the value, and all that it nests in
            outermost = self._tagged.outermost
            ready |= self._program.call_ends(ready if outermost is None else self._program.steps[outermost].behind)
        listed = codec if isinstance(codec, CallObjects | PythonCalls) and codec.in_list else None
        self._rest = Rest(
            f"{error}, at character {self._base + pos}",
            self._limits.raw,
            suffix,
            "\"'" if isinstance(codec, PythonCalls) else '"',
            listed.depth if listed is not None else 0,
            self._lines is not None and self._lines.in_list,
        )
        if codec is not None:
            self._rest.keep(codec.held)
        self._ready = ready
        self._node = self._program.rest(ready)
        self._state = REST
        return pos

    def _read_rest(self, buf: str, pos: int) -> int:
        """The rest of a malformed call, up to its closer or to an opener at the start of a line and outside strings.

        Where each call has a line of its own, up to the end of the line; there `_rest` may be None: no call began, and
        the line is content.
        """
        node = self._node
        rest = self._rest
        n = len(buf)
        line_end = buf.find("\n", pos) if self._lines is not None and not self._lines.in_list else -1
        bound = n if line_end < 0 else line_end
        limit = self._limits.header
        i = pos
        while True:
            found = node.find(buf, i)
            j = bound if found is None else min(bound, found.start())
            match = None
            grows: Branch | None = None  # it may yet become another marker
            if j < bound and node.match is not None:
                stop = min(n, j + limit)
                match = node.match(buf, j, stop, partial=True)
                if match is not None and match.partial:
                    # Where no call began, another's opener ends nothing.
                    ends = rest is not None or (node.inner is not None and node.inner(buf, j, stop, partial=True))
                    self._wait = bool(ends) and stop == n and n - j < limit and not self._final
                    match = None
                elif match is not None and self._may_grow(node.branch(match), buf, j):
                    self._wait = True
                    grows = node.branch(match)
                    match = None
            if match is None and j < bound and not self._wait:
                i = j + 1
                continue
            closed = self._add_to_rest(buf, pos, j)
            closers = self._program.pending_of(self._ready)
            if closed >= 0:
                if rest is not None and rest.goes_on:
                    return self._next_call(buf, closed)
                return self._rest_over(buf, closed, closers)
            if grows is not None and grows.kind == "step" and rest is not None and rest.at_line:
                return self._rest_over(buf, j, closers if grows.closes else frozenset())  # in either case
            pos = j
            if self._wait or j == n:
                return j
            if match is None:
                return self._next_call(buf, j)
            branch = node.branch(match)
            closes = branch.role in ("closer", "section_close")
            over = closes or (rest is not None and rest.at_line)
            if branch.kind == "header":
                over = self._header_at(buf, j) == 0
            if over and not closes:  # an opener, which may have looked like a closer
                stop = min(n, j + limit)
                alike = (other.grows for other in node.branches if other.closes and other.grows is not None)
                hides = any(grown(buf, j, stop) is not None for grown in alike)
                return self._rest_over(buf, j, closers if hides else frozenset())
            if over:
                self._tile("marker", match.end())
                return self._rest_over(buf, match.end(), self._program.pending_of(branch.ready))
            i = j + 1

    def _add_to_rest(self, buf: str, start: int, end: int) -> int:
        """buf[start:end] belongs to the rest; where in it the call's list is over or goes on, or -1."""
        if self._rest is None:
            self._sink.text(CONTENT_RUN, buf[start:end])
            self._tile("content", end)
            return -1
        closed = self._rest.add(buf[start:end])
        end = start + closed if closed >= 0 else end
        self._tile("dropped", end)
        return end if closed >= 0 else -1

    def _rest_over(self, buf: str, end: int, pending: frozenset[int]) -> int:
        """The rest of a broken call, or the list that it stands in, ends at buf[end]. `pending`: what may yet come."""
        self._end_rest(buf, end)
        self._wait = False
        self._lines = None
        self._pending = pending
        self._after_call()
        return end

    def _end_rest(self, buf: str, end: int) -> None:
        if self._rest is not None:
            self._end_call("malformed", buf, end, self._rest.error, self._rest.raw)

    def _next_call(self, buf: str, end: int) -> int:
        """The line or the list's element with a broken call ends at buf[end]: a call may come again."""
        self._end_rest(buf, end)
        self._wait = False
        lines, self._lines = self._lines, None
        assert lines is not None
        lines.resume()
        self._codec = lines
        self._state = PAYLOAD
        return end

    def _end_of_text(self, reason: str | None) -> None:
        """The text is over while a call is open."""
        held = self._held
        n = len(held)
        codec = self._codec
        rest = self._rest
        value = self._value
        self._held = ""
        self._spec_from = 0
        out: list[str] = []
        if rest is not None:
            self._add_to_rest(held, 0, n)
            self._end_call("malformed", held, n, rest.error, rest.raw)
            return
        if isinstance(codec, CallObjects | PythonCalls) and codec.complete:
            self._note(*codec.notes)
            self._args_done = True
        elif isinstance(codec, ObjectValue) and reason == "stop":
            codec.end(out)
            if codec.done:
                self._note(*codec.notes)
                self._args(out)
                self._args_done = True
        elif isinstance(codec, InlineArguments) and (reason == "stop" or not self._program.has_closers(self._step)):
            codec.end(held, out)
            self._note(*codec.notes)
            self._args(out)
            self._args_done = codec.done
        elif self._tagged.begun and reason == "stop":
            over = codec is None
            if value is not None:
                value.finish(held, out)
                if isinstance(value, KeptValue) and (value.over or value.full):
                    told = self._tell_kept(value, out)
                    if value.full:
                        value = told
                        value.finish("", out)
                self._note(*value.notes)
                over = value.over
            elif isinstance(codec, JsonValue):
                codec.end(out)
                self._note(*codec.notes)
                over = codec.done
            if over:
                self._args([*(out if self._tagged.told else ()), self._tagged.suffix()])
                self._args_done = True
        self._tile("framing", n)
        if self._args_done or self._ghost:
            if codec is not None or self._program.has_closers(self._step):
                self._note("closer_missing")
            self._end_call("complete", held, n, "", "" if value is not None else held.strip(WHITESPACE))
            return
        raw = (codec.held if codec is not None else "") + (value.held if value is not None else "") + held
        error = f"the text ended inside the arguments, at character {self._base + n}"
        self._end_call("truncated", held, n, error, raw)

    # -- payloads ------------------------------------------------------------------------------------------------------

    def _begin_payload(self, step: Step, buf: str, j: int) -> int:
        """A codec takes over at j."""
        item = step.item
        assert isinstance(item, Payload)
        if item.what == "value":
            self._begin_json(step)
        elif item.what == "arguments":
            name = self._name
            if self._grammar.calls.names == "chosen":
                name = self._chosen if self._index < 0 else ""  # one call, and no other
            if self._spec is not None and self._guessed is None:
                sure = not self._confirm or buf[j] == "{" or (self._tools is not None and name in self._tools)
                sure = sure and (self._seconded or not self._may_be_words(name))
                if not (sure and self._start_call(name, self._id, buf, j)):
                    return self._fail(j)
            self._codec = self._arguments_codec(item, step)
            self._bare_rules = False
        else:
            if self._open:  # another object in one pair of tags
                self._end_call("complete", buf, j)
            if self._spec is None:
                self._begin_candidate(buf, j, j, "element")
            if item.codec == "python":
                self._bare_rules = not step.wrapped
            else:
                self._bare_rules = self._program.needs_arguments(step)
            self._codec = self._list_codec(item, step, self._bare_rules)
        if step.repaired:
            self._note("markup_repaired" if step.wrapped else "opener_missing")
        self._step = step
        self._state = PAYLOAD
        return j

    def _arguments_codec(self, item: Payload, step: Step) -> ArgumentsCodec:
        limits = self._limits
        if item.codec == "json":
            return Arguments(limits.digits, self._repair)
        if item.codec == "inline":
            return InlineArguments(
                self._program.inline(step),
                self._tool,
                limit=limits.header,
                hold=limits.hold,
                digits=limits.digits,
                repair=self._repair,
            )
        codec = ObjectValue(
            self._grammar.calls.strings,
            digits=limits.digits,
            repair=self._repair,
            typed=item.codec == "quoted",
            hold=limits.hold,
            ends=self._program.behind_arguments(step),
        )
        codec.tool = self._tool
        return codec

    def _list_codec(self, item: Payload, step: Step, bare: bool) -> ListCodec:
        limits = self._limits
        declared = self._tools.names if self._tools is not None else None
        codec: ListCodec
        if item.codec == "python":
            codec = PythonCalls(
                bare=bare,
                declared=declared,
                limit=limits.name,
                digits=limits.digits,
                hold=limits.hold,
                repair=self._repair,
                method=self._program.method,
            )
        else:
            keys = self._grammar.calls.keys
            codec = CallObjects(
                keys.name,
                keys.arguments,
                keys.id,
                keyed=item.codec == "keyed",
                bare=bare,
                lenient=self._repair,
                literal=item.codec == "literal",
                closed=self._program.has_closers(step),
                marked=step.wrapped,
                sequence=item.what == "calls",
                declared=declared,
                limit=limits.name,
                digits=limits.digits,
            )
        if self._sink.trace is not None:
            codec.tiles = []
        return codec

    def _payload(self, buf: str, pos: int) -> int:
        """A codec reads."""
        codec = self._codec
        step = self._step
        assert codec is not None
        assert step is not None
        if isinstance(codec, Arguments | ObjectValue | InlineArguments):
            return self._arguments(codec, step, buf, pos)
        if isinstance(codec, JsonValue):
            return self._read_json(codec, step, buf, pos)
        out: list[str] = []
        while True:
            text = buf
            if self._spec is not None:  # what may be held is bounded, wherever the text was cut
                end = self._spec_from + self._limits.hold - self._spec_length
                if len(buf) > end:
                    text = buf[: max(end, pos)]
            pos = codec.feed(text, pos, out)
            if codec.tiles is not None:
                for kind, end in codec.tiles:
                    self._tile(kind, end)
                codec.tiles.clear()
            self._args(out)
            out.clear()
            if isinstance(codec, CallObjects) and codec.between and self._spec is None:
                for code in codec.between:
                    self._turn_note(code)
                codec.between.clear()
            signal = codec.signal
            if signal == ELEMENT:
                if self._ghost:
                    continue
                if self._spec is None:
                    self._begin_candidate(buf, pos, pos, "element")
                else:
                    self._tile("framing", pos)
                    self._element_from = self._spec_length + pos - self._spec_from
            elif signal == START:
                if self._ghost:
                    continue
                if not self._start_call(codec.name, codec.id, buf, pos):
                    return self._fail(pos)
                if isinstance(codec, PythonCalls):
                    codec.tool = self._tool
            elif signal == END:
                if self._ghost_list:
                    continue
                self._note(*codec.notes)
                if codec.id and codec.id != self._id:
                    self._model_id = codec.id
                self._args_done = True
                if step.ends_with_closer and not codec.in_list:
                    self._codec = None
                    return self._go(step.again, pos)
                if self._ghost and not codec.in_list and not _holds_calls(step):
                    return self._over("complete", self._behind(step), buf, pos)
                self._end_call("complete", buf, pos)
                self._codec = codec
            elif signal == NO_CALL:
                if self._ghost_list:
                    continue
                if self._candidate_kind == "element":
                    self._give_back(buf, pos)
                    self._ghost = False
                elif isinstance(codec, CallObjects) and codec.several and not self._bare_rules and step.wrapped:
                    self._refuse(pos)
                else:
                    return self._fail(pos)
            elif signal == DONE:
                if self._ghost_list:
                    return self._over("complete", frozenset(), buf, pos)
                return self._payload_over(step, pos)
            elif signal == FAULT:
                return self._fault(codec, step, buf, pos)
            elif self._is_refused(codec):
                self._give_back(buf, pos)
                self._ghost = True  # up to its end
                if text is buf:
                    return pos
            else:
                return pos if text is buf else self._fail(pos)

    def _give_back(self, buf: str, pos: int) -> None:
        """What was read of the candidate, up to buf[pos], is content."""
        self._tile("content", pos)
        self._sink.settle("content")
        self._sink.text(CONTENT_RUN, self._drop_candidate() + buf[self._spec_from : pos])
        self._spec_from = pos

    def _is_refused(self, codec: ListCodec) -> bool:
        """Whether what is read behind a call is an element that is no call, and so content as it comes."""
        behind_call = self._candidate_kind == "element" and not self._open and not self._ghost_list
        return behind_call and isinstance(codec, CallObjects) and codec.refused

    def _refuse(self, pos: int) -> None:
        """The element up to buf[pos] is no call, but one may follow: then the element is content."""
        self._tile("content", pos)
        begin = self._spec_from - self._spec_length
        self._refused.append((self._element_from, pos - begin))
        self._sink.recast("content", self._base + begin + self._element_from)

    def _behind(self, step: Step) -> frozenset[int]:
        """Closers that may still come behind a payload."""
        return self._program.pending_of(step.ready)

    def _payload_over(self, step: Step, pos: int) -> int:
        self._surplus = self._repair and isinstance(self._codec, CallObjects) and self._codec.in_list
        self._codec = None
        self._was_ghost = False
        if self._spec is not None:  # a list without a call in it
            if not step.wrapped or step.in_words or self._bare_rules or self._refused:
                return self._fail(pos)
            self._drop_candidate()
            self._sink.settle()
        self._tile("framing", pos)
        if self._program.has_closer(step.ready):
            return self._go(step.ready, pos)
        self._pending = self._program.pending_of(step.ready)
        self._after_call()
        return pos

    def _fault(self, codec: ListCodec, step: Step, buf: str, pos: int) -> int:
        ready = step.ready
        if self._is_refused(codec):  # its text is not read again
            self._give_back(buf, pos)
            self._ghost = False
            self._codec = None
            self._pending = self._program.pending_of(ready)
            self._enter_region(self._call_region, INSIDE, False)
            self._bol = False
            return pos
        alone = isinstance(codec, PythonCalls) and not codec.in_list
        self._lines = codec if isinstance(codec, PythonCalls) and (alone or (self._repair and self._open)) else None
        if self._spec is not None:
            if self._lines is None or self._candidate_kind != "element":
                return self._fail(pos)
            self._give_back(buf, pos)
            self._node = self._program.rest(ready)
            self._state = REST
            self._codec = None
            return pos
        if self._open:
            self._note(*codec.notes)
            return self._malformed(codec.error, ready, buf, pos)
        self._codec = None
        self._tile("framing", pos)
        self._pending = self._program.pending_of(ready)
        self._after_call()
        return pos

    def _arguments(self, codec: ArgumentsCodec, step: Step, buf: str, pos: int) -> int:
        """The arguments of a call whose name stood in its header."""
        if self._guessed is not None and isinstance(codec, Arguments):
            return self._keep_arguments(codec, step, buf, pos)
        out: list[str] = []
        if not codec.done:  # as arguments are that were kept
            pos = codec.feed(buf, pos, out)
        ready = step.ready
        if isinstance(codec, ObjectValue):
            self._wait = codec.wait
            if codec.error:  # if what ends the call stands here, only the last brace may be missing
                verdict = self._may_follow(self._program.expect(ready), buf, pos, pos + self._limits.header)
                self._wait = verdict == UNDECIDED
                if verdict == 0:
                    codec.end(out)
        elif isinstance(codec, InlineArguments):
            self._wait = codec.wait
        self._args(out)
        self._tile("arguments", pos)
        if self._wait:
            return pos
        if codec.error or codec.done:
            self._note(*codec.notes)
        if codec.error:
            return self._malformed(codec.error, ready, buf, pos)
        if not codec.done:
            return pos
        self._codec = None
        self._args_done = True
        if not self._program.has_closers(step):
            return self._over("complete", self._program.pending_of(ready), buf, pos)
        return self._go(ready, pos)

    # -- tagged parameters ---------------------------------------------------------------------------------------------

    def _open_brace(self) -> None:
        """The arguments are tagged values."""
        if not self._tagged.begun:
            out: list[str] = []
            self._tagged = TaggedArguments.begin(out)
            self._args(out)

    def _key_read(self, out: list[str]) -> None:
        """A parameter's key is read, or an item begins: what stands before its value goes to `out`."""
        if not self._tagged.value(self._key, out):
            self._note("duplicate_key")
        self._key = ""

    def _enter_nest(self, step: Step) -> None:
        """The value is an object or an array whose members are tagged values."""
        assert step.nest is not None
        out: list[str] = []
        self._key_read(out)
        self._tagged.enter(step.id, step.nest.closer, out)
        self._args(out)

    def _leave_nest(self, step: Step, end: int) -> int:
        """A closer of what nests ends at buf[end]."""
        if step.next:
            return self._go(step.ready, end)
        out: list[str] = []
        opener = self._tagged.leave(out)
        self._args(out)
        return self._go(self._program.steps[opener].behind, end)

    def _begin_json(self, step: Step) -> None:
        """A parameter's key is read, and its value is JSON."""
        out: list[str] = []
        self._key_read(out)
        self._args(out)
        digits = self._limits.digits
        self._codec = PythonValue(digits, python=False) if self._repair else JsonValue(digits)

    def _read_json(self, codec: JsonValue, step: Step, buf: str, pos: int) -> int:
        """A value that is JSON, up to its end."""
        out: list[str] = []
        pos = codec.feed(buf, pos, out)
        if self._tagged.told:
            self._args(out)
        self._tile("arguments", pos)
        if codec.error or codec.done:
            self._note(*codec.notes)
        ready = step.ready
        if codec.error:
            return self._malformed(codec.error, ready, buf, pos)
        if not codec.done:
            return pos
        self._codec = None
        return self._go(ready, pos)

    def _note_no_value(self) -> None:
        """If a key was read, and nothing in its value's place, it is left out."""
        if self._key or self._waiting:
            self._note("value_missing")
            self._key = ""
            self._waiting.clear()

    def _begin_value(self, step: Step, framed: Step | None = None) -> None:
        """A parameter's key is read, and its raw value begins. `framed`: the value's step if it begins in a line
        break."""
        self._step = step
        self._state = VALUE
        ends = None if framed is None else self._program.exit(framed)
        if len(self._waiting) > _KEYS:
            self._waiting.clear()
            self._note("value_missing")
        if self._waiting and not self._key:
            self._key = self._waiting.pop(0)
        elif self._is_kept():
            self._value = KeptValue(
                self._program.exit(step),
                framed=ends,
                declared=self._declared(),
                limit=self._limits.header,
                bound=self._limits.hold,
                lone=bool(self._waiting),
                digits=None if self._waiting else self._limits.digits,
            )
            return
        out: list[str] = []
        self._value = self._raw_value(step, ends, out)
        self._args(out)

    def _is_kept(self) -> bool:
        """Whether only what stands behind a value can say what it is."""
        if self._waiting:
            return not self._keys_first
        tool = self._tool
        wraps = tool is not None and tool.has_schema and self._key in self._program.unwrap
        return wraps and tool is not None and self._key not in tool.declared and self._tagged.empty

    def _declared(self) -> frozenset[str] | None:
        """The parameters of which one may begin where a value's closer is missing; None if that is not known."""
        tool = self._tool if self._tagged.outermost is None else None
        return tool.declared if tool is not None and tool.has_schema else None

    def _raw_value(self, step: Step, framed: Exit | None, out: list[str]) -> RawValue:
        """What reads the value of the key; what is told before it goes to `out`."""
        item = step.item
        assert isinstance(item, Payload)
        key = self._key
        nested = self._tagged.outermost is not None
        tool = self._tool if not nested else None  # a schema types the arguments themselves only
        self._key_read(out)
        kind = tool.parameter(key) if tool is not None and item.codec != "string" else NO_SCHEMA
        stated = "json" if item.codec == "any" else self._stated
        if stated and not kind.types:
            kind = ANY_JSON if stated == "json" else stated_type(stated)
        elif stated == "string" and not kind.admits_string:
            self._note("stated_type_overruled")
        self._stated = ""
        value = RawValue(
            self._program.exit(step),
            kind,
            dropped=not self._tagged.told,
            declared=self._declared(),
            limit=self._limits.header,
            hold=self._limits.hold,
            digits=self._limits.digits,
            repair=self._repair,
            json=kind is ANY_JSON,
            framed=framed,
            lone=bool(self._waiting),
        )
        value.begin(out)
        return value

    def _tell_kept(self, kept: KeptValue, out: list[str]) -> RawValue:
        """A value is over, or too long, whose text was kept: tell it. Returns what reads on, if it is not over."""
        step = self._step
        assert step is not None
        self._note(*kept.notes)
        if self._waiting and kept.over and kept.behind == "value":
            self._keys_first = True
            self._note("markup_repaired")
            self._waiting.append(self._key)
            self._key = self._waiting.pop(0)
        elif self._waiting:
            self._waiting.clear()
            self._note("value_missing")
        elif kept.over and kept.behind != "parameter":
            unwrapped = kept.members
            if unwrapped is not None:
                out.append(unwrapped[0])
                self._note("arguments_unwrapped", *unwrapped[1])
                self._key = self._stated = ""
                return kept
        value = self._raw_value(step, None, out)
        value.whole(kept.text, kept.over, out)
        self._note(*value.notes)
        return value

    def _read_value(self, buf: str, pos: int) -> int:
        """A raw value, up to its closer."""
        value = self._value
        assert value is not None
        out: list[str] = []
        pos = value.feed(buf, pos, out)
        return self._value_read(buf, pos, out)

    def _value_read(self, buf: str, pos: int, out: list[str]) -> int:
        """A raw value was read up to buf[pos]."""
        value = self._value
        step = self._step
        assert value is not None
        assert step is not None
        if isinstance(value, KeptValue) and (value.over or value.full):
            told = self._tell_kept(value, out)
            if value.full or told.error:
                value = self._value = told
        self._args(out)
        self._tile("arguments", pos)
        if not value.error and not value.over:
            self._wait = value.wait
            return pos
        self._note(*value.notes)
        ready = step.behind
        if value.error:
            return self._malformed(value.error, ready, buf, pos)
        self._wait = value.wait
        if value.bare:
            self._note("closer_missing")
        self._tile("framing" if value.bare else "marker", value.end)
        self._value = None
        self._step = None
        return self._go(ready, value.end)


_HANDLERS: Final = (
    Parser._region,
    Parser._region,
    Parser._expect,
    Parser._payload,
    Parser._read_value,
    Parser._read_rest,
    Parser._header,
    Parser._whole,
)


def _is_signs(name: str) -> bool:
    """Whether there is no letter or digit in it, and no underscore, which is a name in most languages."""
    return not any(char.isalnum() or char == "_" for char in name)


def _choose(node: Node, buf: str, j: int, limit: int, bare: bool = False) -> Step | None:
    """The payload that begins at j; None if none does, or if the text behind a bracket is needed to tell, which stands
    within `limit` characters."""
    steps = [step for step in node.payloads if step.begins_with(buf[j]) and not (bare and step.wrapped)]
    if len(steps) > 1 and buf[j] == "{":  # a single call, where one may come
        steps.sort(key=_holds_calls)
    elif len(steps) > 1 and not _begin_with_a_name(steps, buf[j]):
        match = SPACES.match(buf, j + 1, j + limit)
        behind = buf[match.end() : match.end() + 1] if match and match.end() - j < limit else ""
        steps = [step for step in steps if behind and step.goes_on_with(behind)]
    return steps[0] if steps else None


def _holds_calls(step: Step) -> bool:
    """Whether this is a payload of several calls between markers."""
    item = step.item
    return isinstance(item, Payload) and item.what == "calls" and step.wrapped


def _begin_with_a_name(steps: list[Step], char: str) -> bool:
    """Whether these payloads, which begin alike, begin with a name: then each of them reads it."""
    return all(step.named and char not in step.first for step in steps)


def _chosen_tool(choice: ToolChoice) -> str:
    """The tool that a `tool_choice` names, in the shapes that APIs have; "" if it names none."""
    if not isinstance(choice, dict):
        return ""
    function: Any = choice.get("function")
    holder: dict[str, Any] = cast("dict[str, Any]", function) if isinstance(function, dict) else choice
    name = holder.get("name")
    return name if isinstance(name, str) else ""


def _is_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise ToolfeedError(f"{what} is a text, not {value!r:.80}")


def _one_of(what: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        named = ", ".join(repr(choice) for choice in choices)
        raise ToolfeedError(f"{what} is one of {named}, not {value!r}")
