"""The arguments of one call in object notation: `{city:<|"|>Paris<|"|>,days:3}` (formats.md, chapter 7).

`ObjectValue` is `JsonValue` for another spelling of JSON, and writes JSON. Brackets, commas and colons are the same;
strings in `"…"` pass as written, escapes and all. The rest is rewritten as it comes:

- A string in delimiters has no escapes: everything up to the next delimiter is data. It streams; what is held of it is
  at most the beginning of a delimiter.
- A key is bare, in quotes or in delimiters. It is held until it is whole, because a repeated one vanishes from the top
  level, with the comma before it and its value.
- A bare value is a keyword, a number or else a string. It may always turn out to be a string (`3 apples`), so it is
  held until it ends: at `,` `}` `]`, or where a delimiter or a marker may begin, that is at the first character of a
  delimiter. After WORD_HOLD characters it streams, as the number that it is so far or as a string.
- Whitespace between tokens is dropped.

Values have the type of their notation, with one exception: at the top level, a quoted value that its parameter's schema
does not admit as a string is read as the type that it does admit. With `typed` that goes for every value in delimiters.
Those are held while they are undecided, see `TypedReader`.

Positions. What is held has been consumed, so a fault is reported at the character that shows it and not before, however
the text is cut. Where a value in delimiters breaks at a beginning of a delimiter, that is the character behind it.

A missing delimiter (`repair`) shows only later: `Paris,days:3}` may all be data. Sound text is to read the same with
and without repair, so a string ends without its delimiter only before one of these:

- the brackets that close all that is open, and then one of `ends`, the markers that may stand behind the arguments
  (the one sound text that repair spoils is a string in which just that is data);
- such brackets or none, a comma, a key, and then a delimiter that opens the next string. It does if none of `,` `}` `]`
  follows it. Members with bare scalars may stand between.

Arguments in parentheses are read, too: `f(city:Paris)`. A bare value may hold one, so it ends before a parenthesis only
if one of `ends` follows that.

A string that has neither delimiter, for a parameter that is a string, goes on behind a comma after which a comma or the
last brace comes sooner than a colon: no key stands there. Brackets in it are data, as far as they are closed.

At most AHEAD characters are looked at. While they are not there yet, `feed` stops before them and sets `wait`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

from ..coercion import WHITESPACE, TypedReader, escape
from ..schema import ParameterType
from ..tools import Tool
from .json_value import (
    AFTER,
    ARRAY,
    COLON,
    FIRST_ITEM,
    FIRST_KEY,
    HOLD,
    INK,
    ITEM,
    KEY,
    OBJECT,
    STRING,
    TOP,
    VALUE,
    WORD,
    JsonValue,
    Search,
    json_character,
)
from .python_value import PythonValue
from .quoted_value import RUN, QuotedValue

# More states, between WORD and TOP.
NAME: Final = 21  # a key, which is held with the comma before it
OPENER: Final = 22  # the beginning of a delimiter, where a value begins

# What kind of string is open.
QUOTED: Final = 0  # "…"
DELIMITED: Final = 1  # between delimiters
BARE: Final = 2  # a word that was too long to be held
SINGLE: Final = 3  # '…'

WORD_HOLD: Final = 1000  # characters of a key, of a bare value, or of whitespace in one, that are held
AHEAD: Final = 256  # characters that may show that a delimiter is missing

# Whether a string's delimiter is missing before a certain character.
_DATA: Final = 0  # no, the character is data
_MISSING: Final = 1
_OPEN: Final = 2  # more text will tell

_KEYWORDS: Final = {
    "true": "true",
    "false": "false",
    "null": "null",
    "True": "true",
    "False": "false",
    "None": "null",
    "none": "null",
    "nil": "null",
}
_NUMBER: Final = re.compile(r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+")
_POINTED: Final = re.compile(r"-?+(?:0|[1-9][0-9]*+)\.")  # a number that ends in its decimal point
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_QUOTED_KEY: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SINGLE_KEY: Final = re.compile(r"'(?:[^'\\]|\\.)*+'", re.DOTALL)
_RAW: Final = re.compile(r"[\x00-\x1f\ud800-\udfff]")

# What may stand ahead of a string whose delimiter is missing.
_ENDING: Final = re.compile("[,}]")
_KEY_AHEAD: Final = re.compile(r",[ \t\r\n]*+([\w.\-]++)[ \t\r\n]*+:[ \t\r\n]*+")
_KEY_SO_FAR: Final = re.compile(r",[ \t\r\n]*+(?:[\w.\-]++[ \t\r\n]*+)?+")
_SCALAR_AHEAD: Final = re.compile(r"[\w.+\-]++[ \t\r\n]*+")


class _Notation:
    """What depends on the delimiters alone. `firsts`: their first characters. `key`, `word`: a bare key, and a bare
    value up to whitespace. `stop`, `cautious_stop`: find what does not pass as written, the latter with `repair`."""

    __slots__ = ("cautious_stop", "delimiters", "firsts", "key", "stop", "word")

    def __init__(self, delimiters: tuple[str, ...]) -> None:
        self.delimiters: Final = tuple(sorted(delimiters, key=len))
        self.firsts: Final = "".join({text[0]: None for text in self.delimiters})
        firsts = re.escape(self.firsts)
        self.key: Final = re.compile(rf"[^:,{{}}\[\]{firsts}]++")
        self.word: Final = re.compile(rf"[^ \t\r\n,{{}}\[\]{firsts}]++")
        stops = rf'"\\\x00-\x1f\ud800-\udfff{firsts}'
        self.stop: Final[Search] = re.compile(f"[{stops}]").search
        self.cautious_stop: Final[Search] = re.compile(f"[{stops},}}]").search

    def opener(self, text: str) -> tuple[str, int]:
        """The delimiter that the text begins with, and its length; or "", and how much of the text begins one."""
        for delimiter in self.delimiters:
            if text.startswith(delimiter):
                return delimiter, len(delimiter)
        size = 0
        while size < len(text) and any(delimiter.startswith(text[: size + 1]) for delimiter in self.delimiters):
            size += 1
        return "", size


_notation: Final = lru_cache(16)(_Notation)


class ObjectValue(JsonValue):
    """Reads the arguments of one call, an object from its `{` to its `}`, and writes them as JSON.

    `delimiters`: the texts that stand on both sides of a string; they hold no whitespace, quotes, colons, commas or
    brackets. `digits` bounds the characters of one number, `hold` those of a value that is held because of its schema.
    `typed`: the format quotes every value, so schemas say what they are. With `repair` missing delimiters, strings in
    single quotes and trailing commas are read, too; `ends` are the markers that may stand behind the arguments.

    Attributes and methods are those of `JsonValue`, and: `tool`, the declaration of the call's tool, set by the caller
    before the first `feed` if it is known; `wait`: only more text can decide, so `feed` has stopped before the end of
    the text, and wants what is left of it again, with more. That happens with `repair` only.

    Notes: "duplicate_key", "quoted_value", those of coercion, in quoted strings "control_character" and
    "lone_surrogate"; with `repair` "delimiter_missing", "python_literal", "trailing_comma", and "unescaped_quote".
    """

    __slots__ = (
        "_aside",
        "_container",
        "_cut",
        "_delimiter",
        "_dropped",
        "_ends",
        "_gap",
        "_hold_limit",
        "_inner",
        "_keys",
        "_kind",
        "_notation",
        "_parameter",
        "_paren",
        "_reader",
        "_repair",
        "_single",
        "_typed",
        "tool",
        "wait",
    )

    def __init__(
        self,
        delimiters: tuple[str, ...],
        *,
        digits: int = 4000,
        repair: bool = False,
        typed: bool = False,
        hold: int = 65536,
        ends: tuple[str, ...] = (),
    ) -> None:
        super().__init__(digits, object_only=True, trailing_comma=repair)
        self.tool: Tool | None = None
        self.wait: bool = False
        self._notation: _Notation = _notation(delimiters)
        self._repair: bool = repair
        self._inner: int = 0  # brackets that are open in a bare string
        self._paren: bool = False  # the outermost braces are parentheses
        self._typed: bool = typed
        self._hold_limit: int = hold
        self._ends: tuple[str, ...] = ends
        self._gap: str = ""  # whitespace behind a bare value; `_word` is the value, or a key or delimiter, so far
        self._keys: set[str] = set()  # of the top level
        self._parameter: str = ""  # the last one of them
        # The value of a repeated key goes to `out` like any other, and what stands there from `_cut` on is deleted.
        self._dropped: bool = False
        self._cut: int = 0
        # The string that is open.
        self._kind: int = QUOTED
        self._delimiter: str = ""
        self._reader: TypedReader | None = None  # decides what a value in delimiters is
        self._container: PythonValue | None = None  # reads it if it is an object or array
        self._single: PythonValue | None = None
        self._aside: QuotedValue | None = None  # decides what a value in quotes is that its schema does not admit

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """See `JsonValue.feed`, and `wait`."""
        end = len(text)
        self.wait = False
        self._start = pos
        self._cut = len(out)
        while pos < end and self._live and not self.wait:
            state = self._state
            if state == STRING:
                pos = self._string(text, pos, out)
            elif state < WORD:
                pos = self._number(text, pos, out)
            elif state < TOP:
                pos = self._token(text, pos, out)
            else:
                pos = self._structure(text, pos, out)
        self._flush(text, pos, out)
        if self._dropped:
            del out[self._cut :]
        return pos

    def end(self, out: list[str]) -> None:
        """The arguments are over, because the text is, or because what stands behind them has come: at the end of the
        text, or where `feed` found a fault. If a member is complete and nothing is missing but the last brace, write
        it, note "closer_missing" and be `done`; otherwise nothing changes."""
        if not self.done and self._state == AFTER and len(self._stack) == 1:
            out.append("}")
            self.error = ""
            self._dropped = False
            self._note("closer_missing")
            self._close()

    @property
    def held(self) -> str:
        """The characters that were consumed and are not emitted yet, as written.

        Of whitespace behind a comma only the first HOLD characters; nothing of a repeated key and its value.
        """
        if self._aside is not None:
            return self._aside.held
        if self._state != STRING:
            return self._held + self._word + self._gap
        if self._single is not None:
            return self._single.held
        if self._reader is not None:
            return self._delimiter + self._reader.text + self._held
        if self._container is not None:
            return self._container.held + self._held
        return self._gap + self._held

    def closing_suffix(self) -> str:
        """See `JsonValue.closing_suffix`; "{}" when nothing was emitted."""
        if self.done:
            return ""
        if not self._stack:
            return "{}"
        return "}" if self._dropped else self._tail() + self._closers()

    def quick(self) -> Search | None:
        """See `JsonValue.quick`."""
        if self._state != STRING or self._dropped or self._aside is not None:
            return None
        if self._kind == QUOTED:
            return JsonValue.quick(self)
        if self._kind != DELIMITED or self._reader is not None or self._container is not None:
            return None
        if self._held or not self._live:
            return None
        return self._notation.cautious_stop if self._repair else self._notation.stop

    def direct(self) -> ObjectValue | None:
        """See `Arguments.direct`: this machine, unless it may have to `wait`."""
        return None if self._repair else self

    def copy(self) -> ObjectValue:
        """An independent twin, in O(depth)."""
        twin = ObjectValue(
            self._notation.delimiters,
            digits=self._digits,
            repair=self._repair,
            typed=self._typed,
            hold=self._hold_limit,
            ends=self._ends,
        )
        self._copy_to(twin)
        twin._notation = self._notation
        twin._inner = self._inner
        twin._paren = self._paren
        twin.tool = self.tool
        twin.wait = self.wait
        twin._gap = self._gap
        twin._keys = self._keys.copy()
        twin._parameter = self._parameter
        twin._dropped = self._dropped
        twin._kind = self._kind
        twin._delimiter = self._delimiter
        twin._reader = None if self._reader is None else self._reader.copy()
        twin._container = None if self._container is None else self._container.copy()
        twin._single = None if self._single is None else self._single.copy()
        twin._aside = None if self._aside is None else self._aside.copy()
        return twin

    def _tail(self) -> str:
        if self._state == NAME:
            return ""
        if self._aside is not None:
            return self._aside.closing_suffix()
        if self._state == STRING:
            if self._reader is not None:
                return "null"
            inner = self._container or self._single
            if inner is not None:
                return inner.closing_suffix()
        return JsonValue._tail(self)

    # Structure

    def _structure(self, text: str, pos: int, out: list[str]) -> int:
        """Read whitespace or the first character of a token, between tokens."""
        state = self._state
        char = text[pos]
        if char in WHITESPACE:
            return self._spaces(text, pos, out)
        if self._paren and len(self._stack) == 1 and char in "})":
            if char == "}":
                return self._other(text, pos, out)
            return self._close_paren(text, pos, out)
        if state == AFTER:
            if self._dropped and len(self._stack) == 1:
                self._flush(text, pos, out)
                del out[self._cut :]
                self._dropped = False
            if char == ",":
                self._flush(text, pos, out)
                self._start = pos + 1
                self._held = ","
                self._state = KEY if self._stack[-1] == OBJECT else ITEM
                return pos + 1
            if self._stack[-1] == ord(char):
                self._close()
                return pos + 1
            return self._other(text, pos, out)
        if state == COLON:
            if char != ":":
                return self._other(text, pos, out)
            self._state = VALUE
            return pos + 1
        if state == VALUE and (char == "," or char == "}"):
            self._flush(text, pos, out)
            self._note("value_missing")
            out.append('""')
            self._complete()
            return pos
        if char == "}" or char == "]":
            return self._close_early(text, pos, out)
        return self._begin(text, pos, out)

    def _close_paren(self, text: str, pos: int, out: list[str]) -> int:
        """Read the parenthesis that closes the arguments, or does not fit."""
        state = self._state
        if state == COLON or (state == KEY and not self._drop_comma(pos, out)):
            return self._other(text, pos, out)
        self._flush(text, pos, out)
        self._start = pos + 1
        if state == VALUE:
            self._note("value_missing")
            out.append('""')
        elif self._dropped:
            del out[self._cut :]
            self._dropped = False
        out.append("}")
        self._close()
        return pos + 1

    def _spaces(self, text: str, pos: int, out: list[str]) -> int:
        """Drop whitespace; behind a comma some of it is kept, for `held`."""
        self._flush(text, pos, out)
        ink = INK.search(text, pos)
        stop = len(text) if ink is None else ink.start()
        if self._held:
            self._held += text[pos : min(stop, pos + HOLD - len(self._held))]
        self._start = stop
        return stop

    def _comma(self, out: list[str]) -> None:
        """Emit the comma that is held, if any, without the whitespace behind it."""
        if self._held:
            out.append(",")
            self._held = ""

    def _drop_comma(self, pos: int, out: list[str]) -> bool:
        if not self._trailing:
            return False
        dropped = self._state == KEY or self._state == ITEM
        if dropped:
            self._held = ""
            self._note(self._comma_note)
        return dropped

    def _begin(self, text: str, pos: int, out: list[str]) -> int:
        """A key or a value begins at `pos`, or the character is wrong."""
        char = text[pos]
        state = self._state
        if state == TOP and char == "(" and self._repair:
            self._paren = True
            self._note("markup_repaired")
            self._stack.append(OBJECT)
            self._state = FIRST_KEY
            out.append("{")
            self._start = pos + 1
            return pos + 1
        if (state == TOP and char != "{") or char == "," or char == ":" or (char == "'" and not self._repair):
            return self._unexpected(pos)
        if FIRST_KEY <= state <= KEY:
            if char == "{" or char == "[":
                return self._unexpected(pos)
            self._flush(text, pos, out)
            self._state = NAME
            return pos
        self._comma(out)
        if char == "{" or char == "[":
            self._stack.append(OBJECT if char == "{" else ARRAY)
            self._state = FIRST_KEY if char == "{" else FIRST_ITEM
            return pos + 1
        self._flush(text, pos, out)
        self._start = pos
        if char == '"' or char == "'":
            return self._open_quoted(char, pos, out)
        self._state = OPENER if char in self._notation.firsts else WORD
        return pos

    def _token(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a token that is held."""
        if self._state == NAME:
            pos = self._name(text, pos, out)
        elif self._state == OPENER:
            pos = self._opener(text, pos, out)
        else:
            pos = self._bare(text, pos, out)
        self._start = pos
        return pos

    # Keys

    def _name(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a key. It is short, so it is read again from its beginning."""
        before = len(self._word)
        key = self._word + text[pos : pos + WORD_HOLD + 1 - before]
        offset = pos - before  # of the key in the text
        delimiter = ""
        size = 0  # of what begins a delimiter
        if key[0] in self._notation.firsts:
            delimiter, size = self._notation.opener(key)
            if not delimiter and size < len(key):
                self._word = key[:size]
                return self._fault(offset + size, "expected a key")
        end = self._name_end(key, delimiter, size)
        if end > WORD_HOLD or (end < 0 and len(key) > WORD_HOLD):
            self._word = key[:WORD_HOLD]
            return self._fault(offset + WORD_HOLD, "key too long")
        if end < 0:
            self._word = key
            return offset + len(key)
        bare = key[0] not in "\"'" and not delimiter
        if bare and key[end] != ":":
            self._word = key[:end]
            return self._fault(offset + end, "expected ':'")
        if not self._name_over(key[:end], size, out):
            self._word = key[: end - 1]
            return self._fault(offset + end - 1, "bad escape")
        return offset + end

    def _name_end(self, key: str, delimiter: str, size: int) -> int:
        """Where the text of a key ends; -1 if it does not."""
        if delimiter:
            at = key.find(delimiter, size)
            return at + size if at >= 0 else -1
        if size:
            return -1
        if key[0] == '"' or key[0] == "'":
            found = (_QUOTED_KEY if key[0] == '"' else _SINGLE_KEY).match(key)
            return found.end() if found is not None else -1
        found = self._notation.key.match(key)
        end = found.end() if found is not None else 0
        return end if end < len(key) else -1

    def _name_over(self, text: str, size: int, out: list[str]) -> bool:
        """A key has been read, with delimiters of this size around it; whether it is well written."""
        if size:
            name = text[size:-size]
            written = f'"{escape(name)}"'
        elif text[0] == '"' or text[0] == "'":
            written = text if text[0] == '"' else self._from_single(text)
            try:
                name = str(json.loads(written, strict=False))
            except ValueError:
                return False
            written = _RAW.sub(self._mended, written)
        else:
            name = text.rstrip(WHITESPACE)
            written = f'"{escape(name)}"'
        self._word = ""
        self._state = COLON
        if len(self._stack) == 1:
            if name in self._keys:
                self._note("duplicate_key")
                self._held = ""
                self._dropped = True
                self._cut = len(out)
                return True
            self._keys.add(name)
            self._parameter = name
        self._comma(out)
        out.append(written)
        return True

    def _from_single(self, text: str) -> str:
        """The JSON text of a key in single quotes; "" if it is none."""
        machine = PythonValue(self._digits, python=False)
        out: list[str] = []
        machine.feed(text, 0, out)
        machine.end(out)
        for note in machine.notes:
            self._note(note)
        return "".join(out) if machine.done else ""

    def _mended(self, match: re.Match[str]) -> str:
        self._note("control_character" if match[0] < " " else "lone_surrogate")
        return json_character(match[0])

    # Bare values

    def _bare(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a bare value, whether it is held (WORD) or streams (STRING)."""
        end = len(text)
        while pos < end:
            run = self._notation.word.match(text, pos)
            if run is not None:
                stop = run.end()
                at = text.find(")", pos, stop) if self._paren and len(self._stack) == 1 else -1
                if at == pos:
                    verdict = self._is_end(text, pos)
                    if verdict == _OPEN:
                        self.wait = True
                        return pos
                    if verdict == _MISSING:
                        return self._word_over(pos, out)
                    stop = pos + 1
                elif at > pos:
                    stop = at
                if self._state == STRING:
                    out.append(escape(self._gap + text[pos:stop]))
                else:
                    room = WORD_HOLD - len(self._word) - len(self._gap)
                    if stop - pos > room:
                        return self._long_word(text, pos, pos + room, out)
                    self._word += self._gap + text[pos:stop]
                self._gap = ""
                pos = stop
                continue
            char = text[pos]
            if char in ",{}[]" and self._repair and self._is_string():
                verdict = self._sign_in_word(text, pos)
                if verdict == _OPEN:
                    self.wait = True
                    return pos
                if verdict == _DATA:
                    self._note("delimiter_missing")
                    if self._state == STRING:
                        out.append(escape(self._gap + char))
                    elif len(self._word) + len(self._gap) == WORD_HOLD:
                        return self._long_word(text, pos, pos, out)
                    else:
                        self._word += self._gap + char
                    self._gap = ""
                    self._inner += (char in "{[") - (char in "}]")
                    pos += 1
                    continue
            if char == "{" or char == "[":
                return self._fault(pos, f"expected ',' or '{self._closer()}'")
            if char not in WHITESPACE:
                return self._word_over(pos, out)
            blank = _BLANK.match(text, pos)
            stop = pos if blank is None else blank.end()
            room = WORD_HOLD - len(self._word) - len(self._gap)
            if stop - pos > room:  # so much whitespace ends it
                return self._word_over(pos + room, out)
            self._gap += text[pos:stop]
            pos = stop
        return pos

    def _is_end(self, text: str, pos: int) -> int:
        """Whether the parenthesis at `pos` is _DATA, or ends the value and the arguments (_MISSING)."""
        behind = text[pos + 1 : pos + AHEAD].lstrip(WHITESPACE)
        if any(behind.startswith(end) for end in self._ends):
            return _MISSING
        whole = pos + AHEAD <= len(text)
        return _OPEN if not whole and any(end.startswith(behind) for end in self._ends) else _DATA

    def _is_string(self) -> bool:
        """Whether a bare value is of a parameter that is a string, and so may be one that lost its delimiters."""
        tool = self.tool
        if tool is None or not tool.has_schema or self._dropped or len(self._stack) != 1:
            return False
        return self._parameter in tool.declared and tool.parameter(self._parameter).is_string

    def _sign_in_word(self, text: str, pos: int) -> int:
        """Whether the comma or bracket at `pos`, in such a value, is _DATA; if not, the value ends there (_MISSING)."""
        if self._inner or text[pos] != ",":
            return _DATA if self._inner or text[pos] in "{[" else _MISSING
        ahead = text[pos + 1 : pos + AHEAD]
        key = self._notation.key.match(ahead)
        end = key.end() if key is not None else 0
        if end == len(ahead):
            return _OPEN if end < AHEAD - 1 else _MISSING
        start = ahead.lstrip(WHITESPACE)[:1]
        return _DATA if ahead[end] in ",}" and start not in "\"'," and ahead[:end].strip(WHITESPACE) else _MISSING

    def _long_word(self, text: str, pos: int, stop: int, out: list[str]) -> int:
        """A bare value is longer than what is held: up to `stop`, and goes on there. Let it stream."""
        word = self._word + self._gap + text[pos:stop]
        self._word = word
        self._gap = ""
        number = JsonValue(WORD_HOLD)
        if number.feed(word, 0, []) == len(word) and not number.error:
            if self._digits < WORD_HOLD:
                return self._fault(stop, "number too long")
            self._state = number._state
            self._count = WORD_HOLD
            out.append(word)
        else:
            self._state = STRING
            self._kind = BARE
            out.append(f'"{escape(word)}')
        self._word = ""
        return stop

    def _word_over(self, pos: int, out: list[str]) -> int:
        """A bare value ends at `pos`."""
        word = self._word
        self._inner = 0
        if self._state == STRING:
            out.append('"')
        elif word in _KEYWORDS:
            out.append(_KEYWORDS[word])
        elif _POINTED.fullmatch(word) is not None and len(word) < self._digits:
            out.append(word + "0")
        elif _NUMBER.fullmatch(word) is None:
            out.append(f'"{escape(word)}"')
        elif len(word) > self._digits:
            return self._fault(pos, "number too long")
        else:
            out.append(word)
        self._word = ""
        self._gap = ""
        self._complete()
        return pos

    # Strings

    def _wanted(self, every: bool) -> ParameterType | None:
        """What a value that begins in quotes or delimiters is to be read as; None if it is the string that it is.

        `every`: also where the schema admits a string, among others.
        """
        if self.tool is None or self._dropped or len(self._stack) != 1:
            return None
        kind = self.tool.parameter(self._parameter)
        return None if kind.is_string or (kind.admits_string and not every) else kind

    def _string(self, text: str, pos: int, out: list[str]) -> int:
        if self._kind == DELIMITED:
            return self._delimited(text, pos, out)
        if self._kind != BARE:
            return self._quoted(text, pos, out)
        self._start = self._bare(text, pos, out)
        return self._start

    def _open_quoted(self, quote: str, pos: int, out: list[str]) -> int:
        """A value in quotes begins at `pos`."""
        self._state = STRING
        kind = self._wanted(every=False)
        if kind is not None:
            self._note("quoted_value")
            self._aside = QuotedValue(kind, digits=self._digits, hold=self._hold_limit, repair=self._repair)
        if quote == "'":
            self._kind = SINGLE
            self._single = PythonValue(self._digits, python=False, repair=True)
            return pos
        self._kind = QUOTED
        if self._aside is None:
            out.append(quote)
        else:
            self._aside.feed(quote, [quote], False, out)
        self._start = pos + 1
        return pos + 1

    def _quoted(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a string in quotes."""
        aside = self._aside
        if aside is None:
            return self._in_quotes(text, pos, out)
        while pos < len(text) and self._state == STRING and self._live and not aside.over:
            run = RUN.match(text, pos) if self._single is None and not self._held else None
            written: list[str] = []
            end = self._in_quotes(text[pos : run.end()] if run is not None else text[pos], 0, written)
            pos += aside.feed(text[pos : pos + end], written, self._state != STRING, out)
            if aside.error:
                self._state = STRING
                self._fault(pos, aside.error)
        self._start = pos
        for note in aside.notes:
            self._note(note)
        if aside.over:
            self._aside = None
        return pos

    def _in_quotes(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a string in quotes, whatever it will be."""
        single = self._single
        self._start = pos
        if single is None:
            pos = JsonValue._string(self, text, pos, out)
            self._flush(text, pos, out)
            return pos
        pos = self._start = single.feed(text, pos, out)
        if single.error:
            self._fault(pos, single.error)
        elif single.done:
            for note in single.notes:
                self._note(note)
            self._single = None
            self._complete()
        return pos

    # Strings in delimiters

    def _opener(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in the delimiter that a value begins with."""
        before = len(self._word)
        begun = self._word + text[pos : pos + len(self._notation.delimiters[-1])]
        delimiter, size = self._notation.opener(begun)
        pos += size - before
        if not delimiter:
            self._word = begun[:size]
            return pos if size == len(begun) else self._fault(pos, "expected a value")
        self._word = ""
        self._state = STRING
        self._kind = DELIMITED
        self._delimiter = delimiter
        kind = self._wanted(self._typed)
        if kind is None:
            out.append('"')
            return pos
        self._reader = TypedReader(kind, digits=self._digits, hold=self._hold_limit, repair=self._repair)
        if not self._typed:
            self._note("quoted_value")
        return pos

    def _delimited(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a string in delimiters."""
        delimiter = self._delimiter
        begin = pos
        offset = 0  # of `text` in what was given
        if self._held:
            text = self._held + text[pos:]
            offset = pos - len(self._held)
            begin = len(self._held)
            pos = 0
            self._held = ""
        at = text.find(delimiter, pos)
        end = at if at >= 0 else len(text) - _begun(text, pos, delimiter)
        missing = _DATA
        if self._repair and self._stack[-1] == OBJECT:
            for ending in _ENDING.finditer(text, begin, end):
                missing = self._missing(text, ending.start())
                if missing != _DATA:
                    end = ending.start()
                    break
        fault = self._data(text[pos:end], end, out)
        if self.error:
            # The characters from the fault on were held while they could become a delimiter.
            behind = fault + 1
            while behind - _begun(text[:behind], pos, delimiter) <= fault:
                behind += 1
            self._held = text[fault : behind - 1]
            pos = behind - 1
        elif missing == _OPEN:
            self.wait = True
            pos = end
        elif missing == _MISSING:
            self._note("delimiter_missing")
            pos = self._delimited_over(end, 0, out)
        elif at < 0:
            self._held = text[end:]
            pos = len(text)
        else:
            pos = self._delimited_over(at + len(delimiter), len(delimiter), out)
        self._start = pos + offset
        return pos + offset

    def _data(self, data: str, end: int, out: list[str]) -> int:
        """Write data of a string in delimiters. It ends at `end`; returns that, or where it does not fit."""
        if not data:
            return end
        if self._reader is not None:
            reading = self._reader.feed(data)
            if reading == "undecided":
                return end
            data = self._reader.text
            if reading == "container":
                self._container = PythonValue(self._digits, python=False)
            else:
                out.append('"')
                for note in self._reader.notes:
                    self._note(note)
            self._reader = None
        container = self._container
        if container is None:
            out.append(escape(data))
            return end
        read = 0 if container.done else container.feed(data, 0, out)
        if container.error:
            return self._fault(end - len(data) + read, container.error)
        behind = data[read:].lstrip(WHITESPACE)
        return self._fault(end - len(behind), "text behind the value") if behind else end

    def _delimited_over(self, pos: int, size: int, out: list[str]) -> int:
        """A string in delimiters ends at `pos`, with a delimiter of that size or none; where to go on."""
        container = self._container
        if container is not None:
            if not container.done:
                self._held = self._delimiter[:-1] if size else ""
                return self._fault(pos - 1 if size else pos, "the value ends before its brackets do")
            notes = tuple(container.notes)
        elif self._reader is not None:
            written, notes = self._reader.finish()
            out.append(written)
        else:
            out.append('"')
            notes = ()
        for note in notes:
            if note != "python_literal" or not self._typed:  # there it is what the format writes
                self._note(note)
        self._container = None
        self._reader = None
        self._delimiter = ""
        self._complete()
        return pos

    def _missing(self, text: str, pos: int) -> int:
        """Whether the delimiter of the open string is missing before the `,` or `}` at `pos`; see the module's head."""
        ahead = text[pos : pos + AHEAD]
        declared = self.tool.declared if self.tool is not None and self.tool.has_schema else None
        stack = self._stack
        depth = len(stack)
        i = 0
        while i < len(ahead):
            if ahead[i] != ",":
                if ord(ahead[i]) != stack[depth - 1]:
                    return _DATA
                depth -= 1
                ink = INK.search(ahead, i + 1)
                i = len(ahead) if ink is None else ink.start()
                if depth:
                    continue
                rest = ahead[i:]
                if rest.startswith(self._ends):
                    return _MISSING
                if any(marker.startswith(rest) for marker in self._ends):
                    break
                return _DATA
            key = _KEY_AHEAD.match(ahead, i) if stack[depth - 1] == OBJECT else None
            if key is None:
                if stack[depth - 1] == OBJECT and _KEY_SO_FAR.fullmatch(ahead, i) is not None:
                    break
                return _DATA
            if depth == 1 and declared is not None and key[1] not in declared:
                return _DATA
            i = key.end()
            delimiter, size = self._notation.opener(ahead[i:])
            if delimiter:
                ink = INK.search(ahead, i + size)
                if ink is None:
                    break
                return _DATA if ink[0] in ",}]" else _MISSING
            if size:
                if i + size == len(ahead):
                    break
                return _DATA
            scalar = _SCALAR_AHEAD.match(ahead, i)
            if scalar is None:
                if i == len(ahead):
                    break
                return _DATA
            i = scalar.end()
        return _DATA if len(ahead) == AHEAD else _OPEN


def _begun(text: str, pos: int, delimiter: str) -> int:
    """How many characters at the end of text[pos:] may begin a delimiter."""
    first = delimiter[0]
    at = text.find(first, max(pos, len(text) - len(delimiter) + 1))
    while at >= 0 and not delimiter.startswith(text[at:]):
        at = text.find(first, at + 1)
    return len(text) - at if at >= 0 else 0
