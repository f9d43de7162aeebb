"""A grammar: one wire format as data. Frozen types, the same whether read from TOML or made in Python.

docs/grammar.md is the reference of the notation. The loader, with its errors that know a line, is in `loader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from .errors import GrammarError
from .schema import JSON_TYPES, json_type

if TYPE_CHECKING:
    from .message import ToolCall
    from .program import Program

_MOST_BINDINGS = 64  # of parameters to one grammar are kept; a model cannot fill the memory with its own

AUTO: Final = "auto"  # no grammar's name: it stands for the format that `detect` finds

StartState: TypeAlias = Literal["content", "reasoning"]


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a turn begins.

    `state`: the default. `prompts`: endings of the prompt, and the state that each leaves the turn in. `lead` and
    `tail`: whitespace that the template writes at the turn's start and end. `anchor`, `anchor_pattern`: what the prompt
    writes where the turn begins, with regions: what it holds behind the last one is read like the turn itself.
    """

    state: StartState = "content"
    prompts: dict[str, StartState] = {}
    lead: str = ""
    tail: str = ""
    anchor: tuple[str, ...] = ()
    anchor_pattern: str = ""


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The markers of reasoning, with the whitespace that the template writes around them.

    `open`, `close`: spellings, the first one is written. `begins`: an opener counts at the start of the text, behind a
    call or reasoning, alone on its "line", or "anywhere" with text right behind it. `calls`: what a call opener inside
    reasoning is: "text", the "end" of the reasoning, or a call "inside" it, after which it goes on.
    """

    open: tuple[str, ...] = ()
    close: tuple[str, ...]
    begins: Literal["line", "anywhere"] = "line"
    calls: Literal["text", "end", "inside"] = "text"


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Markers that stand around content and are none of it, with the whitespace that the template writes inside them.

    `open` counts where content begins, or alone on its line; `close` behind it, or where an absorbed marker would.
    """

    open: tuple[str, ...] = ()
    close: tuple[str, ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a message goes whose header says this.

    `recipient`, `channel`, `type`: what the header's field has to be, "" for anything or nothing; a recipient may hold
    `{name}`, the tool's name. `to`: what the message's body is. `close`: what is written behind it, the first of
    `Messages.close` if it says nothing. The first route to each kind of body is the one that is written.
    """

    recipient: str = ""
    channel: str = ""
    type: str = ""
    to: Literal["content", "reasoning", "call"]
    close: str = ""


class Messages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn that is a sequence of messages, each with a header that says where it goes.

    `header`: a template with `{recipient}`, `{channel}`, `{type}`, `{author}`, which means nothing and is written as
    the tool's name, and `(…)?` around what may be missing. `optional`: the header's last marker, if it may be missing
    before a `{`. `close`: what ends a message; a header ends the one before it as well. `routes`: the first one that
    fits counts; where none leads to content, that is what stands outside messages. `body`: of a call.
    """

    header: str
    optional: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    routes: tuple[Route, ...]
    body: str = "{arguments:json}"


class Whole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a region is read when it closes, where its shape does not stream.

    `content`, `args`: what the body is, and what its reader is told; as in response templates, and so are `transform`,
    which makes calls of it, and `each`: the body is a list, and each of its elements a call.
    """

    content: Literal["text", "int", "float", "bool", "json", "xml-inline", "kv-lines"] = "text"
    args: dict[str, Any] = {}
    transform: Any = None
    each: bool = False


class Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the turn that stands between delimiters. A grammar with regions is read by them alone.

    `to`: what its text is. `open`, `open_pattern`, `close`, `close_pattern`: literals, or a regular expression; the one
    region without an opener is what stands in no other, and one without a closer goes on to the end of the text.
    `strip`: whitespace at its edges is framing. `join`: what is told between two regions of its name. `required`: a
    turn without it is noted. Of a call: `body`, a template line for what stands between the delimiters, or `whole`,
    how it is read when it closes; `name_group` and `id_group`: the groups of `open_pattern` that hold its name and id.
    """

    to: Literal["content", "reasoning", "call", "nothing"]
    open: tuple[str, ...] = ()
    open_pattern: str = ""
    close: tuple[str, ...] = ()
    close_pattern: str = ""
    strip: bool = True
    join: str = ""
    required: bool = False
    body: str = ""
    whole: Whole | None = None
    name_group: str = ""
    id_group: str = ""


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a call that is a JSON object; the first spelling is written."""

    name: tuple[str, ...] = ("name",)
    arguments: tuple[str, ...] = ("arguments", "parameters")
    id: tuple[str, ...] = ("id", "tool_call_id")


class Calls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How calls are written: template lines, the notation of `notation`.

    `section`: around all calls; `call`: one call; `parameter`: one argument, or one member of an object that nests in
    it; `item`: one item of an array that does. The first of several is written, all are read. `separator`: what is
    written between two calls. `optional`: markers that may be missing. `commit`: a call starts at its complete "name",
    or when its "arguments" begin as well, or at its name where a "marker" stands before and else with them. `names`:
    "any" text up to the terminator, or "words", where one with a space in it, or without a letter, has to be a declared
    tool's or another marker has to speak for it, or "chosen": the tool that `tool_choice` names. `strings`: what stands
    on both sides of a string in object notation. `id`: how a name is read from an id, and an id is written. `bare`:
    where a JSON call without a marker may begin: at the "start" of the text or after reasoning, or, if the tools are
    given and its name is "known", anywhere.
    """

    section: tuple[str, ...] = ()
    call: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    item: tuple[str, ...] = ()
    separator: str = ""
    optional: tuple[str, ...] = ()
    commit: Literal["name", "arguments", "marker"] = "name"
    names: Literal["any", "words", "chosen"] = "any"
    strings: tuple[str, ...] = ()
    id: str = ""
    bare: Literal["start", "known"] = "start"
    begins: Literal["anywhere", "line"] = "anywhere"
    keys: Keys = Keys()


class Repair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read as well with `repair=True`: the damage that formats.md marks as optional.

    `call`, `parameter`, `optional`, `spellings`, `absorb`: what is added to those of the format. `value`: a value
    without its key, where all keys come before all values. `unwrap`: parameters that hold all arguments, as an object,
    if they are alone and the tool has none of that name. `known`: openers that open a call of a declared tool only.
    `unnamed`: what stands where the name should, `{number}` for digits; then its arguments tell the tool.
    `bare`: where a bare call object may begin besides, see `Calls.bare`. `method`: what may stand behind the name of a
    Python call, with a dot before it, and is none of it.
    """

    call: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    unwrap: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    spellings: dict[str, tuple[str, ...]] = {}
    absorb: tuple[str, ...] = ()
    bare: Literal["start", "known"] = "start"
    method: str = ""


class Detect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells that a model writes this format before it has written anything; see `detection`.

    `template`: the markers that its chat templates spell: all of an inner tuple, any of the outer. `like`: the format
    whose chat templates look the same, so that only the model's id tells the two apart. `over`: formats whose markers
    its chat templates may spell too, and which it goes before. `models`: patterns of ids besides `Grammar.models`; one
    with "!" before it takes back what stands inside of what it fits.
    """

    template: tuple[tuple[str, ...], ...] = ()
    like: str = ""
    over: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text and what it means: documentation, test and fuzz seed.

    `case` says what it shows. `tools`: signatures, `"get_weather(city: string, days: integer)"`, or whole declarations
    as JSON text. `chosen`: the one that the request names. `calls`: name, arguments (JSON text, compared as values),
    and what else is to be checked of each. `written`: whether `Grammar.write` writes exactly this text.
    """

    case: str
    text: str
    tools: tuple[str, ...] | str | None = None
    chosen: str = ""
    start: StartState | None = None
    prompt: str | None = None
    repair: bool = False
    content: str = ""
    reasoning: str = ""
    calls: tuple[ExampleCall, ...] = ()
    written: bool = False
    finish: Literal["stop", "length"] | None = None

    def declarations(self) -> list[dict[str, Any]] | None:
        """The tools as a server would declare them; None if the example has none. Raises ValueError."""
        if self.tools is None:
            return None
        if not isinstance(self.tools, str):
            return [signature(tool) for tool in self.tools]
        try:
            return msgspec.json.decode(self.tools, type=list[dict[str, Any]])
        except msgspec.DecodeError as error:
            raise ValueError(f"is no list of declarations as JSON text: {error}") from None

    def tool_choice(self) -> dict[str, Any] | None:
        """What names the tool that is chosen; None if none is."""
        return {"type": "function", "function": {"name": self.chosen}} if self.chosen else None


class ExampleCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that an example expects. `status` and `notes` as in ToolCallEnd; `id` only where the model wrote one."""

    name: str
    arguments: str = "{}"
    status: Literal["complete", "truncated", "malformed"] = "complete"
    id: str | None = None
    notes: tuple[str, ...] | None = None


def signature(line: str) -> dict[str, Any]:
    """`"f(a: string, b: integer|null)"` as a tool declaration in OpenAI chat shape.

    Types are those of JSON Schema and of the dialects that `schema` knows. Raises ValueError.
    """
    name, opener, rest = (part.strip() for part in line.partition("("))
    if not name or (opener and not rest.endswith(")")):
        raise ValueError(f'{line!r} is no signature; one is "f(a: string, b: integer)"')
    properties: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in rest[:-1].split(","))):
        key, colon, kind = (word.strip() for word in part.partition(":"))
        if not key or len(key.split()) > 1:
            raise ValueError(f'{part!r} is no parameter; one is "name: type", or "name"')
        kinds = [word.strip() for word in kind.split("|")] if colon else []
        for word in kinds:
            if json_type(word) is None:
                raise ValueError(f"{word!r} is no type; they are {', '.join(JSON_TYPES)}")
        properties[key] = {} if not kinds else {"type": kinds[0] if len(kinds) == 1 else kinds}
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name.strip(), "parameters": parameters}}


class Grammar(msgspec.Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """One wire format. Immutable; all its parsers, in all threads, share what it compiles to.

    `name`, `aliases`: what `Parser` takes. `models`: patterns of model ids. `source`: where the format is defined.
    `detect`: what tells that a model writes it.
    `special_tokens`: those that a server must not strip. `turn_end`: tokens that end a turn and mean nothing else.
    `parameters`: parts of markers that differ between checkpoints, `{suffix}`, and what they begin with if there are
    any. `spellings`: other ways in which models write a marker. `absorb`: markers that vanish where they stand alone.
    `regions`: what the turn is made of, by name, in place of `reasoning`, `content`, `messages` and the calls' lines.
    """

    name: str
    source: str = ""
    aliases: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    detect: Detect = Detect()
    special_tokens: tuple[str, ...] = ()
    turn_end: tuple[str, ...] = ()
    start: Start = Start()
    reasoning: Reasoning | None = None
    content: Content | None = None
    messages: Messages | None = None
    regions: dict[str, Region] = {}
    calls: Calls = Calls()
    spellings: dict[str, tuple[str, ...]] = {}
    absorb: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    repair: Repair | None = None
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        from .loader import check  # the checks need the notation; types come first

        check(self)

    @classmethod
    def load(cls, format: str | Path) -> Grammar:
        """The grammar of a format's name or alias, or of a path to a `.toml` file.

        Raises UnknownFormat, AmbiguousFormat, GrammarError.
        """
        from .registry import find

        return find(format)

    @classmethod
    def from_toml(cls, text: str, file: str | None = None) -> Grammar:
        """The grammar that TOML text describes. `file` is named in errors. Raises GrammarError."""
        from .loader import read

        return read(text, file)

    @classmethod
    def from_response_template(cls, template: Mapping[str, Any] | str, *, name: str = "response_template") -> Grammar:
        """The grammar that a Hugging Face response template describes, version 1: a JSON object, or its text.

        Raises GrammarError, which names the key in the template, for what is no such template and for what cannot be
        said here; docs/response_templates.md lists it.
        """
        from .response_template import read

        return read(template, name)

    def bind(self, parameters: Mapping[str, str]) -> Grammar:
        """The same grammar with these parameters set. Raises GrammarError for one that it does not have."""
        for key in parameters:
            if key not in self.parameters:
                known = ", ".join(sorted(self.parameters)) or "none"
                raise GrammarError(f"{self.name} has no parameter {key!r}; it has {known}", key="parameters")
        if not parameters:
            return self
        return self._bound(tuple(sorted(parameters.items())))

    def _bound(self, parameters: tuple[tuple[str, str], ...]) -> Grammar:
        known = self._bindings.get(parameters)
        if known is None:
            text = msgspec.json.encode(msgspec.structs.replace(self, examples=())).decode()
            for key, value in parameters:
                text = text.replace("{" + key + "}", msgspec.json.encode(value).decode()[1:-1])
            known = msgspec.json.decode(text, type=Grammar)
            left = {key: lead for key, lead in self.parameters.items() if key not in dict(parameters)}
            known = msgspec.structs.replace(known, parameters=left)
            if len(self._bindings) < _MOST_BINDINGS:
                self._bindings[parameters] = known
        return known

    @cached_property
    def _bindings(self) -> dict[tuple[tuple[str, str], ...], Grammar]:
        return {}

    @cached_property
    def program(self) -> Program:
        from .program import Program

        return Program(self)

    @cached_property
    def repairing_program(self) -> Program:
        from .program import Program

        return Program(self, repair=True)

    def prepare(self, *, repair: bool = False) -> Grammar:
        """Compile now what the parsers of this grammar share, which takes the first of them up to 200 ms otherwise:
        for servers, at their start. Returns the grammar."""
        program = self.repairing_program if repair else self.program
        _ = program.lanes
        return self

    def write(
        self,
        content: str = "",
        reasoning: str = "",
        calls: Iterable[ToolCall | tuple[str, str] | Mapping[str, Any]] = (),
        *,
        start: StartState | None = None,
        tools: Iterable[object] | None = None,
    ) -> str:
        """The turn as a model of this format writes it: reads back to the same content, reasoning and calls.

        A call is a ToolCall, (name, arguments), or a mapping with `name`, `arguments` and `id`; arguments are JSON
        text. `start` and `tools` as for Parser: with the same ones the text reads back. Raises CannotExpress with the
        reason.
        """
        from .writer import write

        return write(self, content, reasoning, calls, start=start, tools=tools)


__all__ = [
    "Calls",
    "Detect",
    "Example",
    "ExampleCall",
    "Grammar",
    "GrammarError",
    "Keys",
    "Reasoning",
    "Region",
    "Repair",
    "Start",
    "Whole",
    "signature",
]
