"""A raw value between tags: `<parameter=city>\\nParis\\n</parameter>` (formats.md, the T rules).

Nothing in it is quoted or escaped, so it ends at a closer behind which the framing can go on (T3). A string streams as
a JSON string; another type is read as the tool's schema says (chapter A).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from ..coercion import TypedReader, escape
from ..schema import NO_SCHEMA, ParameterType
from .json_value import JsonValue
from .python_value import PythonValue

_WHITESPACE: Final = " \t\r\n"
_SPACES: Final = re.compile(r"[ \t\r\n]*")


class Exit:
    """How the raw values of one template end; made once per grammar.

    `starts`: finds what an end begins with behind the whitespace that is trimmed, all there is of it or up to `breaks`
    line breaks. `match`: anchored and partial, with the groups `closer` (the value's own) or `bare` (a line break,
    behind which the framing goes on without it), `key` (of the parameter that then begins), and with `repair` `more`
    (that parameter) and, if `lone` is set, `lone` (a value whose key has come before). `usual`: the same of a closer as
    the template writes it; None if that is not known. `closing`: the closer alone, with what is trimmed before it.
    `plain`: finds nothing in text that a string value tells as it is; `calm`: in text that needs no more than escapes,
    if it does not end in one of `edges`, which may belong to the tags.
    """

    __slots__ = ("_breaks", "_starts", "calm", "closing", "edges", "lone", "match", "plain", "trim", "usual")

    def __init__(
        self,
        starts: Callable[..., Any],
        match: Callable[..., Any],
        closing: Callable[..., Any],
        plain: Callable[..., Any],
        calm: Callable[..., Any],
        trim: str,
        breaks: int,
        lone: bool = False,
    ) -> None:
        self._starts = starts
        self._breaks = breaks
        self.lone = lone
        self.calm = calm
        self.edges = _WHITESPACE if trim == "strip" else "\r\n"
        self.closing = closing
        self.match = match
        self.usual: Callable[..., re.Match[str] | None] | None = None
        self.plain = plain
        self.trim = trim

    def find(self, text: str, pos: int) -> int:
        """Where in text[pos:] an end may begin; -1 if nowhere."""
        found = self._starts(text, pos)
        if found is not None:
            start: int = found.start()
            return self._before(text, pos, start, self._breaks)
        n = len(text)
        if self.trim != "strip" and n > pos and text[-1] == "\r":  # which may be half a line break
            return self._before(text, pos, n - 1, self._breaks - 1)
        start = self._before(text, pos, n, self._breaks)
        return start if start < n else -1

    def _before(self, text: str, pos: int, at: int, breaks: int) -> int:
        """Where the whitespace begins that stands before `at` and belongs to the end."""
        if self.trim == "strip":
            while at > pos and text[at - 1] in _WHITESPACE:
                at -= 1
            return at
        while breaks and at > pos and text[at - 1] == "\n":
            at -= 1
            breaks -= 1
            if at > pos and text[at - 1] == "\r":
                at -= 1
        return at


_SLOTS: Final = (
    "_begun",
    "_container",
    "_declared",
    "_digits",
    "_dropped",
    "_ends_as_text",
    "_exit",
    "_framed",
    "_hold",
    "_json",
    "_json_length",
    "_json_string",
    "_json_written",
    "_limit",
    "_lone",
    "_mended",
    "_opened",
    "_quoted",
    "_reader",
    "bare",
    "edges",
    "end",
    "error",
    "notes",
    "over",
    "wait",
)


class RawValue:
    """Reads one value up to its end. `feed` sets `over` at the end, `end` behind its closer, `wait` if only more text
    can decide, `error` if a value that streams as JSON breaks."""

    __slots__ = _SLOTS

    def __init__(
        self,
        exit: Exit,
        kind: ParameterType,
        *,
        dropped: bool = False,
        declared: frozenset[str] | None = None,
        limit: int = 1024,
        hold: int = 65536,
        digits: int = 4000,
        repair: bool = False,
        json: bool = False,
        framed: Exit | None = None,
        lone: bool = False,
    ) -> None:
        """`dropped`: the value of a repeated key goes nowhere. `declared`: the parameters that may begin where this
        one's closer is missing; None if that is not known. `limit`: of an end's length; `hold`: of what may be
        undecided. `framed`: how it ends if it begins in a line break, which then is damage. `lone`: a value may follow
        whose key has come before."""
        self._exit = exit
        self.edges = exit.edges
        self._framed = framed
        self._lone = lone
        self._declared = declared
        self._limit = limit
        self._hold = hold
        self._digits = digits
        self._dropped = dropped
        self._quoted = kind.is_string
        self._opened = False  # its first quote is told: it is a JSON string, or text
        self._reader = None
        if not kind.is_string:
            self._reader = TypedReader(kind, digits=digits, hold=hold, repair=repair, strict=json)
        self._container: PythonValue | None = None
        self._json: list[str] | None = [] if json else None  # what may be a JSON string
        self._json_length = 0  # from its quote on
        self._json_string: JsonValue | None = None
        self._json_written: list[str] = []
        self._ends_as_text = False  # it would be text if it ended before what is held
        self._begun = False  # what the tags trim at its start is gone
        self._mended = False  # and so is a line break that is damage, if the value is a string
        self.notes: list[str] = []
        self.over = False
        self.bare = False  # it ended without its closer
        self.end = 0
        self.wait = False
        self.error = ""

    def copy(self) -> RawValue:
        twin = RawValue(self._exit, NO_SCHEMA)
        self._copy_to(twin)
        return twin

    def _copy_to(self, twin: RawValue) -> None:
        for slot in _SLOTS:
            setattr(twin, slot, getattr(self, slot))
        twin.notes = list(self.notes)
        twin._json = list(self._json) if self._json is not None else None
        twin._json_string = self._json_string.copy() if self._json_string is not None else None
        twin._json_written = list(self._json_written)
        twin._reader = self._reader.copy() if self._reader else None
        twin._container = self._container.copy() if self._container else None

    @property
    def held(self) -> str:
        if self._container is not None:
            return self._container.held
        held = "".join(self._json or ())
        return held + (self._reader.text if self._reader is not None and not self._quoted else "")

    @property
    def place(self) -> Hashable:
        """See Parser.lane_place. None where the value may turn out to be text before its end is whole."""
        place = (self._begun, self._dropped, self._exit, self._lone)
        if self._quoted or self._dropped:
            return place
        return None if self._ends_as_text else (*place, self._container is None)

    def quick(self) -> Any:
        """See JsonValue.quick."""
        return self._exit.plain if self._quoted and self._begun and not self._dropped else None

    def calm(self) -> Any:
        """A search that finds None in text that `data` may be given, unless it ends in one of `edges`; or None."""
        streams = self._quoted or self._container is not None
        return self._exit.calm if streams and self._begun and not self._dropped else None

    def closing_suffix(self) -> str:
        if self._dropped:
            return ""
        if self._quoted:
            return '"'
        if self._container is not None:
            return self._container.closing_suffix()
        return '"' if self._opened else "null"

    def begin(self, out: list[str]) -> None:
        """What is certain before the first character."""
        if self._quoted and not self._dropped:
            out.append('"')

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """Read from text[pos:] and append JSON text to `out`; the position behind what was read."""
        self.wait = False
        if not self._begun:
            pos = self._trim_start(text, pos)
            if not self._begun:
                return pos
        n = len(text)
        way_out = self._exit
        reader = self._reader
        self._ends_as_text = False
        i = pos
        while True:
            j = way_out.find(text, i)
            if j < 0:
                return self._data(text, pos, n, out)
            stop = min(n, j + self._limit)
            match = way_out.usual(text, j, stop) if way_out.usual is not None else None
            if match is not None:
                pos = self._data(text, pos, j, out)
                if not self.error:
                    self._close(out)
                    self.end = match.end("closer")
                return pos
            match = way_out.match(text, j, stop, partial=True)
            if match is not None and match.partial:
                if stop == n and n - j < self._limit:
                    pos = self._data(text, pos, j, out)
                    self.wait = not self.error
                    if reader is not None and not self._quoted and self._container is None and not self._dropped:
                        self._ends_as_text = self._json_length > 0 or reader.ends_as_text()
                        if self._ends_as_text and self._goes_on_as_text(text[j:]):
                            self._tell_text(out)
                    return pos
            elif match is not None and self._ends_here(match):
                pos = self._data(text, pos, j, out)
                if not self.error:
                    self._close(out)
                    self.bare = match.group("closer") is None
                    self.end = match.end("bare" if self.bare else "closer")
                return pos
            i = j + 1
            if way_out.trim == "strip" and (space := _SPACES.match(text, j)) is not None and space.end() > i:
                # Nothing ends inside the whitespace; but of too much of it only the first part is none that is trimmed.
                cut_off = match is not None and match.partial
                i = max(i, space.end() - self._limit) if cut_off else space.end()

    def data(self, text: str, out: list[str]) -> int:
        """Text that belongs to the value, as `calm` says; see `feed`."""
        if self._quoted:
            out.append(escape(text))
            return len(text)
        return self._contain(text, 0, out)

    def whole(self, text: str, over: bool, out: list[str]) -> None:
        """Text that was kept, without what the tags trim: all of it, or its beginning if it is not `over`."""
        self._begun = True
        self._data(text, 0, len(text), out)
        if over and not self.error:
            self._close(out)

    def finish(self, held: str, out: list[str]) -> None:
        """The text is over and so is the value: `held` is what might have been its end."""
        framing = self._exit.trim != "none" and not held.strip(_WHITESPACE)
        if not framing and self._exit.closing(held) is None:
            self._data(held, 0, len(held), out)
        if not self.error:
            self._close(out)

    def _trim_start(self, text: str, pos: int) -> int:
        trim = self._exit.trim
        if trim == "newline" or self._framed is not None:
            if text.startswith("\r", pos) and pos + 1 == len(text):
                self.wait = True
                return pos
            if self._framed is not None and text.startswith(("\n", "\r\n"), pos):
                self._exit = self._framed
                self.edges = self._framed.edges
                if self._quoted:
                    self.notes.append("markup_repaired")
                self._mended = not self._quoted
            self._framed = None
            trim = self._exit.trim
        if trim == "newline":
            pos += 2 if text.startswith("\r\n", pos) else text.startswith("\n", pos)
        elif trim == "strip":
            match = _SPACES.match(text, pos)
            pos = match.end() if match else pos
            if pos == len(text):
                return pos
        self._begun = True
        return pos

    def _ends_here(self, match: Any) -> bool:
        if self._exit.lone and not self._lone and match.group("lone") is not None:
            return False
        if match.group("closer") is not None or self._declared is None:
            return True
        keys: list[str] = match.capturesdict().get("key") or []
        return not keys or keys[-1].strip(_WHITESPACE) in self._declared

    def _data(self, text: str, start: int, end: int, out: list[str]) -> int:
        """text[start:end] belongs to the value; where a fault is, or the end."""
        if start == end or self._dropped:
            return end
        if self._container is not None:
            return self._contain(text[start:end], start, out)
        data = text[start:end]
        if self._json is not None:
            held = self._hold_json(data, out)
            if held is None:
                return end
            data = held
        if not self._quoted and self._reader is not None:
            verdict = self._reader.feed(data)
            if verdict == "container":
                data = self._reader.text
                self._container = PythonValue(self._digits, python=False)
                return min(end, self._contain(data, end - len(data), out))
            if verdict == "string":
                self._tell_text(out)
            elif self._reader.is_quoted:
                self._open(out)
            return end
        out.append(escape(data))
        return end

    def _open(self, out: list[str]) -> None:
        if not self._opened:
            self._opened = True
            out.append('"')

    def _goes_on_as_text(self, held: str) -> bool:
        """Whether a value that is not told yet is text if what is held belongs to it."""
        reader = self._reader
        assert reader is not None
        if self._json is None:
            return reader.goes_on_as_text(held)
        return not self._json_length and not held.lstrip(_WHITESPACE).startswith('"') and reader.goes_on_as_text(held)

    def _tell_text(self, out: list[str]) -> None:
        """The value is text: what has come of it."""
        reader = self._reader
        assert reader is not None
        if self._json is not None:
            reader.feed("".join(self._json))
            self._json = None
        self._quoted = True
        self._open(out)
        out.append(escape(reader.text))
        self.notes += ("markup_repaired", *reader.notes) if self._mended else reader.notes

    def _hold_json(self, data: str, out: list[str]) -> str | None:
        """Hold what begins with a quote as long as it is a JSON string, up to a bound; what is not held after all."""
        held = self._json
        assert held is not None
        held.append(data)
        if not self._json_length:
            data = data.lstrip(_WHITESPACE)
            if not data:
                return None
        string = self._json_string
        if data[0] == '"' and string is None:
            string = self._json_string = JsonValue(self._digits)
            self._open(out)
        self._json_length += len(data)
        if string is not None and self._json_length <= self._hold:
            read = 0 if string.done else string.feed(data, 0, self._json_written)
            if not string.error and (read == len(data) or not data[read:].strip(_WHITESPACE)):
                return None
        self._json = None
        self._json_length = 0
        return "".join(held)

    def _contain(self, data: str, start: int, out: list[str]) -> int:
        container = self._container
        assert container is not None
        read = 0
        if not container.done:
            read = container.feed(data, 0, out)
            if read == len(data) and not container.error:
                return start + read
        if container.error:
            self.error = container.error
        else:
            read = len(data) - len(data[read:].lstrip(_WHITESPACE))
            if read < len(data):
                self.error = "text behind the value"
        return start + read

    def _close(self, out: list[str]) -> None:
        self.over = True
        if self._dropped:
            return
        if self._quoted:
            out.append('"')
            return
        if self._container is not None:
            self._container.end(out)
            if not self._container.done:
                self.error = "the value ends before its brackets do"
                self.over = False
            self.notes += sorted(self._container.notes)
            return
        written, notes = self._finished()
        if self._mended and written.startswith('"'):
            self.notes.append("markup_repaired")
        self.notes += notes
        out.append(written[1:] if self._opened else written)

    def _finished(self) -> tuple[str, Sequence[str]]:
        """The JSON text of a value that is over and not told yet, and note codes."""
        if not self._json:
            assert self._reader is not None
            return self._reader.finish()
        if self._json_string is not None and self._json_string.done:
            return "".join(self._json_written), self._json_string.notes
        return f'"{escape("".join(self._json))}"', ()
