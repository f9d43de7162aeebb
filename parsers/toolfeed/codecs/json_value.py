"""One JSON value, read from text that arrives in fragments and passed through as written.

`JsonValue` is a push machine: it is fed text, tracks the grammar of RFC 8259 exactly, and appends the same text to the
caller's list. Spacing, escapes, digits and key order stay. Two things that JSON forbids inside strings are mended and
noted: a raw control character ("control_character") and a raw surrogate code point ("lone_surrogate") become escapes.

How it works. All that is remembered between two fragments is the state (which token comes next, or what has been read
of the one that is open), one byte per open container, and `held`: the few characters that may yet turn out wrong. Those
are a comma with the whitespace behind it, a keyword and an escape until they are whole. The text that passes is never
joined or looked at again: `_start` is where in the fragment the run begins that passes and is not in `out` yet, and
the run is appended as one slice where it is broken or the fragment ends.

Whole members and items of simple values are taken by one match of a pattern (`MEMBERS`, `ITEMS`), everything else token
by token. Both ways give the same; the patterns match complete tokens only, so a cut never changes what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# What comes next. The order matters: the machine compares with WORD, TOP, FIRST_KEY and KEY.
STRING: Final = 0  # inside a string; `_key` says whether it is a key
N_MINUS: Final = 1  # behind the parts of a number: "-"
N_ZERO: Final = 2  # "0"
N_INT: Final = 3  # "12"
N_DOT: Final = 4  # "12."
N_FRAC: Final = 5  # "12.5"
N_E: Final = 6  # "12e"
N_ESIGN: Final = 7  # "12e+"
N_EXP: Final = 8  # "12e+5"; up to WORD there is room for the numbers of other notations
WORD: Final = 20  # inside a keyword; up to TOP there is room for the tokens of other notations
TOP: Final = 30  # the value, nothing has been read yet
VALUE: Final = 31  # a value
FIRST_ITEM: Final = 32  # a value or "]"
COLON: Final = 33  # ":"
AFTER: Final = 34  # "," or the closer
FIRST_KEY: Final = 35  # a key or "}"
KEY_SENT: Final = 36  # a key; the comma before it had to be emitted (HOLD)
KEY: Final = 37  # a key; the comma before it is held
ITEM: Final = 38  # a value; the comma before it is held

# The stack holds the closer of each open container.
OBJECT: Final = 0x7D  # "}"
ARRAY: Final = 0x5D  # "]"

HOLD: Final = 1024  # characters of comma and whitespace that wait for the next token; a longer run is emitted

# In the patterns every repetition is possessive, so nothing is ever tried twice.
PLAIN: Final = r'[^"\\\x00-\x1f\ud800-\udfff]'
SPACES: Final = rf"[ \t\n\r]{{0,{HOLD}}}+"  # bounded as what may be held is; more is left to the slow way
HEX: Final = "[0-9A-Fa-f]"
# The bulk patterns leave "\/" and long numbers to the slow way: it is no escape in Python, and digits are bounded.
_TEXT: Final = rf'"{PLAIN}*+(?:\\(?:["\\bfnrt]|u{HEX}{{4}}){PLAIN}*+)*+"'
_NUMBER: Final = r"-?+(?:0|[1-9][0-9]{0,15}+)(?:\.[0-9]{1,16}+)?+(?:[eE][-+]?+[0-9]{1,4}+)?+"
_SCALAR: Final = rf"(?:{_TEXT}|{_NUMBER}|true|false|null)(?={SPACES}[,\])}}])"
_MEMBER: Final = rf"{_TEXT}{SPACES}:{SPACES}{_SCALAR}"
_COMMA: Final = rf"{SPACES},{SPACES}"
NUMBER_ROOM: Final = 40  # the longest number that the bulk patterns take
BULK: Final = 16  # shorter rests of a fragment are not worth a bulk match

# Members up to a container's opener, from a key on; ends behind a scalar, or behind a colon and its whitespace.
# The first alternative must succeed with its first member alone: a match that fails must not have read far.
MEMBERS: Final = re.compile(
    rf"{_MEMBER}(?:{_COMMA}{_MEMBER})*+(?:{_COMMA}{_TEXT}{SPACES}:{SPACES}(?=[\[{{]))?+|{_TEXT}{SPACES}:{SPACES}"
)
ITEMS: Final = re.compile(rf"{_SCALAR}(?:{_COMMA}{_SCALAR})*+")
BODY: Final = re.compile(rf'{PLAIN}*+(?:\\(?:["\\/bfnrt]|u{HEX}{{4}}){PLAIN}*+)*+')
ESCAPE: Final = re.compile(rf'\\(?:["\\/bfnrt]|u{HEX}{{4}})')
HALF_ESCAPE: Final = re.compile(rf"\\(?:u{HEX}{{0,3}}+)?+")
INK: Final = re.compile(r"[^ \t\n\r]")

Search = Callable[[str], "re.Match[str] | None"]
_stop: Final[Search] = re.compile(r'["\\\x00-\x1f\ud800-\udfff]').search

_WORDS: Final[dict[str, str]] = {"t": "true", "f": "false", "n": "null"}
_NUMBER_STARTS: Final[dict[str, int]] = {"-": N_MINUS, "0": N_ZERO} | dict.fromkeys("123456789", N_INT)
# By state: the state behind one more digit (0: none may follow).
_DIGIT: Final = (0, N_INT, 0, N_INT, N_FRAC, N_FRAC, N_EXP, N_EXP, N_EXP)
_SHORT: Final[dict[str, str]] = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
# `PythonValue` keeps arrays that do not close with "]" as bytes 1 (tuple) and 2 (set).
_CLOSERS: Final = bytes.maketrans(b"\x01\x02", b"]]")


def json_character(char: str) -> str:
    """How one character is written inside a JSON string: itself, or its escape where JSON or UTF-8 needs one."""
    short = _SHORT.get(char)
    if short is not None:
        return short
    if char < " " or 0xD800 <= ord(char) <= 0xDFFF:
        return f"\\u{ord(char):04x}"
    return char


class JsonValue:
    """Reads one JSON value and passes it through.

    `digits` bounds the characters of one number. With `object_only` the value must be an object. With `trailing_comma`
    a comma before a closer is dropped and noted ("trailing_comma").

    `done`: the value is complete. `error`: "" or what is wrong, in words. After either, `feed` consumes nothing.
    `notes`: codes of what was mended, each once, in order.
    """

    __slots__ = (
        "_comma_note",
        "_count",
        "_digits",
        "_held",
        "_key",
        "_live",
        "_object_only",
        "_stack",
        "_start",
        "_state",
        "_trailing",
        "_undecided",
        "_word",
        "done",
        "error",
        "notes",
    )

    def __init__(self, digits: int = 4000, object_only: bool = False, trailing_comma: bool = False) -> None:
        self.done: bool = False
        self.error: str = ""
        self.notes: list[str] = []
        self._digits: int = digits
        self._object_only: bool = object_only
        self._trailing: bool = trailing_comma
        self._comma_note: str = "trailing_comma"
        self._live: bool = True  # neither done nor wrong
        self._state: int = TOP
        self._stack: bytearray = bytearray()
        self._key: bool = False  # the token that is open is a key
        self._held: str = ""
        self._word: str = ""  # the keyword that is being read
        self._count: int = 0  # characters of the number that is being read
        self._start: int = 0  # within `feed`: where the run begins that passes as written
        self._undecided: bool = False  # a "{" whose kind is open, see PythonValue

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """Read on from text[pos], append JSON text to `out`, return the index behind the last character consumed.

        That is right behind the value's last character (`done`), at the first character that cannot continue the
        value (`error`; a top-level number is `done` there), or the end of the text. What comes before it has been
        emitted or is in `held`. Whitespace before the value is consumed and not emitted.
        """
        end = len(text)
        self._start = pos
        while pos < end and self._live:
            state = self._state
            if state == STRING:
                pos = self._string(text, pos, out)
                continue
            if state < TOP:
                pos = self._number(text, pos, out) if state < WORD else self._token(text, pos, out)
                continue
            char = text[pos]
            if char in " \t\n\r":
                pos += 1
                if pos < end and text[pos] in " \t\n\r":
                    ink = INK.search(text, pos)
                    pos = end if ink is None else ink.start()
                if state == TOP:
                    self._start = pos
            elif state == AFTER:
                if char == ",":
                    self._flush(text, pos, out)
                    self._state = KEY if self._stack[-1] == OBJECT else ITEM
                    pos += 1
                elif (char == "}" or char == "]") and self._stack[-1] == ord(char):
                    pos += 1
                    self._close()
                else:
                    pos = self._other(text, pos, out)
            elif state == COLON:
                if char == ":":
                    self._state = VALUE
                    self._undecided = False
                    pos += 1
                else:
                    pos = self._other(text, pos, out)
            elif char == "}" or char == "]":
                pos = self._close_early(text, pos, out)
            else:
                pos = self._begin(text, pos, out)
        start = self._start
        if pos > start:
            state = self._state
            if state >= KEY or state == WORD:
                self._hold(text, pos, out)
            else:
                out.append(text[start:pos])
        return pos

    def end(self, out: list[str]) -> None:
        """The text is over: a top-level number that is complete becomes `done`; otherwise nothing changes."""
        if self._live and not self._stack and self._state in (N_ZERO, N_INT, N_FRAC, N_EXP):
            self._complete()

    @property
    def held(self) -> str:
        """The characters that were consumed and are not emitted yet, as written."""
        return self._held

    @property
    def depth(self) -> int:
        """How many containers are open."""
        return len(self._stack)

    @property
    def in_string(self) -> bool:
        """Whether the text stands inside a string (a key, too)."""
        return self._state == STRING

    def closing_suffix(self) -> str:
        """The JSON text that completes what was emitted so far, in O(depth); "null" when nothing was."""
        if self.done:
            return ""
        return self._tail() + self._closers()

    def quick(self) -> Search | None:
        """A search that finds None in a text that `feed` would emit unchanged, staying in this same state; or None.

        There is one only inside a string with nothing held. It is good until the next `feed`.
        """
        if self._state == STRING and self._live and not self._held:
            return _stop
        return None

    def direct(self) -> JsonValue | None:
        """See Arguments.direct."""
        return self

    def copy(self) -> JsonValue:
        """An independent twin, in O(depth)."""
        twin = JsonValue(self._digits, self._object_only, self._trailing)
        self._copy_to(twin)
        return twin

    def _copy_to(self, twin: JsonValue) -> None:
        twin.done = self.done
        twin.error = self.error
        twin.notes = self.notes.copy()
        twin._live = self._live
        twin._state = self._state
        twin._stack = self._stack.copy()
        twin._key = self._key
        twin._held = self._held
        twin._word = self._word
        twin._count = self._count
        twin._undecided = self._undecided

    # What the whole machine uses

    def _flush(self, text: str, pos: int, out: list[str]) -> None:
        """Append the run that ends at `pos`; the next one begins there."""
        if pos > self._start:
            out.append(text[self._start : pos])
            self._start = pos

    def _hold(self, text: str, pos: int, out: list[str]) -> None:
        """Hold the run that ends at `pos`: a comma and whitespace, or letters of a keyword."""
        held = self._held + text[self._start : pos]
        self._start = pos
        if len(held) > HOLD:
            out.append(held)
            held = ""
            self._state = KEY_SENT if self._state == KEY else VALUE
        self._held = held

    def _emit_held(self, out: list[str]) -> None:
        """What was held has proved right."""
        if self._held:
            out.append(self._held)
            self._held = ""

    def _note(self, code: str) -> None:
        if code not in self.notes:
            self.notes.append(code)

    def _fault(self, pos: int, error: str) -> int:
        self.error = error
        self._live = False
        return pos

    def _complete(self) -> None:
        """A key or a value has been read."""
        if self._key:
            self._state = COLON
        else:
            self._state = AFTER
            if not self._stack:
                self.done = True
                self._live = False

    def _close(self) -> None:
        """The innermost container has been read."""
        self._stack.pop()
        self._key = False
        self._complete()

    def _closers(self) -> str:
        return self._stack[::-1].translate(_CLOSERS).decode("ascii")

    def _tail(self) -> str:
        """What completes the token that is open and its member, without the closers."""
        state = self._state
        if state == STRING:
            return '": null' if self._key else '"'
        if state < WORD:
            return "0" if state in (N_MINUS, N_DOT, N_E, N_ESIGN) else ""
        if state <= VALUE:
            return "null"
        if state == COLON:
            return ": null"
        return '"": null' if state == KEY_SENT else ""

    # Structure

    def _other(self, text: str, pos: int, out: list[str]) -> int:
        """A character that JSON does not allow behind a key or a value."""
        return self._fault(pos, "expected ':'" if self._state == COLON else f"expected ',' or '{self._closer()}'")

    def _closer(self) -> str:
        """What closes the innermost container."""
        return chr(self._stack[-1])

    def _close_early(self, text: str, pos: int, out: list[str]) -> int:
        """A closer where a key or a value may begin: the container is empty, or a comma came last."""
        state = self._state
        if not self._stack or self._stack[-1] != ord(text[pos]):
            return self._unexpected(pos)
        if state != FIRST_KEY and state != FIRST_ITEM and not self._drop_comma(pos, out):
            return self._unexpected(pos)
        self._undecided = False
        self._close()
        return pos + 1

    def _drop_comma(self, pos: int, out: list[str]) -> bool:
        """Whether a comma before a closer is accepted; then it is dropped, and the whitespace behind it stays."""
        if not self._trailing or (self._state != KEY and self._state != ITEM):
            return False
        if len(self._held) + pos - self._start > HOLD:
            return False  # the comma counts as emitted
        if self._held:
            self._held = self._held[1:]
            self._emit_held(out)
        else:
            self._start += 1
        if self._comma_note:
            self._note(self._comma_note)
        return True

    def _unexpected(self, pos: int) -> int:
        state = self._state
        if state == FIRST_KEY:
            return self._fault(pos, "expected a key or '}'")
        if state in (KEY, KEY_SENT):
            return self._fault(pos, "expected a key")
        if state == FIRST_ITEM:
            return self._fault(pos, f"expected a value or '{self._closer()}'")
        return self._fault(pos, "expected '{'" if self._object_only and state == TOP else "expected a value")

    def _begin(self, text: str, pos: int, out: list[str]) -> int:
        """A key or a value begins at `pos`, or the character is wrong."""
        char = text[pos]
        key = FIRST_KEY <= self._state <= KEY
        if char == '"':
            if self._object_only and self._state == TOP:
                return self._unexpected(pos)
            if self._held:
                self._emit_held(out)
            if len(text) - pos >= BULK:
                ahead = self._bulk(text, pos)
                if ahead > pos:
                    return ahead
            self._key = key
            self._state = STRING
            return pos + 1
        if key or (self._object_only and self._state == TOP and char != "{"):
            return self._unexpected(pos)
        if char == "{" or char == "[":
            self._emit_held(out)
            if char == "{":
                self._stack.append(OBJECT)
                self._state = FIRST_KEY
            else:
                self._stack.append(ARRAY)
                self._state = FIRST_ITEM
            return pos + 1
        state = _NUMBER_STARTS.get(char, 0)
        word = "" if state else _WORDS.get(char, "")
        if not state and not word:
            return self._unexpected(pos)
        self._emit_held(out)
        if len(text) - pos >= BULK:
            ahead = self._bulk(text, pos)
            if ahead > pos:
                return ahead
        self._key = False
        if state:
            self._state = state
            self._count = 1
            return pos + 1
        if text.startswith(word, pos):
            self._complete()
            return pos + len(word)
        self._flush(text, pos, out)
        self._state = WORD
        self._word = word
        return pos

    def _bulk(self, text: str, pos: int) -> int:
        """Take what one match of a bulk pattern takes; the index behind it, `pos` if it is nothing."""
        if self._digits < NUMBER_ROOM:
            return pos
        if FIRST_KEY <= self._state <= KEY:
            found = MEMBERS.match(text, pos)
            if found is None:
                return pos
            pos = found.end()
            self._state = VALUE if text[pos - 1] in ": \t\n\r" else AFTER
            self._undecided = False
        elif self._stack and self._stack[-1] != OBJECT:
            found = ITEMS.match(text, pos)
            if found is None:
                return pos
            pos = found.end()
            self._state = AFTER
        return pos

    # Tokens

    def _string(self, text: str, pos: int, out: list[str]) -> int:
        """Read on inside a string."""
        end = len(text)
        if self._held:
            pos = self._escape(text, pos, out)
        while pos < end and self._live:
            found = BODY.match(text, pos)
            if found is not None:
                pos = found.end()
                if pos == end:
                    break
            char = text[pos]
            if char == '"':
                self._complete()
                return pos + 1
            if char == "\\":
                self._flush(text, pos, out)
                pos = self._escape(text, pos, out)
            else:
                pos = self._mend(text, pos, out)
        return pos

    def _mend(self, text: str, pos: int, out: list[str]) -> int:
        """Write the escape of a raw control character or surrogate."""
        char = text[pos]
        self._flush(text, pos, out)
        self._start = pos + 1
        out.append(json_character(char))
        self._note("control_character" if char < " " else "lone_surrogate")
        return pos + 1

    def _escape(self, text: str, pos: int, out: list[str]) -> int:
        """Read an escape, from its backslash or from what is held of it on: hold it until it is whole."""
        before = len(self._held)
        escape = self._held + text[pos : pos + 6 - before]
        if ESCAPE.match(escape) is not None:
            whole = 6 if escape[1] == "u" else 2
            self._emit_held(out)
            return pos + whole - before
        half = HALF_ESCAPE.match(escape)
        size = before if half is None else half.end()
        self._held = escape[:size]
        pos += size - before
        self._start = pos
        return pos if size == len(escape) else self._fault(pos, "bad escape")

    def _number(self, text: str, pos: int, out: list[str]) -> int:
        """Read on inside a number."""
        end = len(text)
        state = self._state
        first = pos
        limit = pos + self._digits - self._count
        behind = state
        while pos < end:
            char = text[pos]
            if "0" <= char <= "9":
                behind = _DIGIT[state] if state != N_MINUS or char != "0" else N_ZERO
                if not behind:
                    self._state = state
                    return self._fault(pos, "leading zero")
            elif char == ".":
                behind = N_DOT if state in (N_ZERO, N_INT) else 0
            elif char == "e" or char == "E":
                behind = N_E if state in (N_ZERO, N_INT, N_FRAC) else 0
            else:
                behind = N_ESIGN if state == N_E and (char == "+" or char == "-") else 0
            if not behind:
                break
            if pos >= limit:
                self._state = state
                return self._fault(pos, "number too long")
            state = behind
            pos += 1
        self._state = state
        self._count += pos - first
        if behind:
            return pos
        if state in (N_MINUS, N_DOT, N_E, N_ESIGN):
            return self._fault(pos, "expected a digit")
        self._count = 0
        self._complete()
        return pos

    def _token(self, text: str, pos: int, out: list[str]) -> int:
        """Read on inside a keyword, which is held until it is whole."""
        end = len(text)
        word = self._word
        size = len(self._held)
        while pos < end:
            if text[pos] != word[size]:
                return self._fault(pos, "unknown word")
            pos += 1
            size += 1
            if size == len(word):
                self._emit_held(out)
                self._word = ""
                self._complete()
                break
        return pos
