"""One Python literal, read from text that arrives in fragments and written as JSON (formats.md, rules P2 to P5).

`PythonValue` is `JsonValue` with more to accept; what JSON and Python share passes through as written. Nothing is
evaluated. The rest is rewritten as it comes:

- Lists, tuples, sets and parentheses become arrays. A parenthesis around one value is an array of one, too: when the
  "(" must be written, nobody knows whether a comma follows.
- A "{" is a dict or a set, which shows behind its first key or item, so both are held until then. After BRACE_HOLD
  characters it is a dict. A first item that is a container makes it a set if it is a tuple, and is wrong otherwise.
- Keys that are numbers or keywords become strings: the number as JSON writes it, the keyword as written ("True").
- A closing quote is held until the next character that is no whitespace, because neighbouring strings are one.
- Numbers stream as they come but for what must be rewritten: "0" and "." at the start, a "+", and the digits of
  other radices are held, underscores are dropped.
- Escapes that JSON has, too, pass as written (also those of surrogates); others become characters, or JSON's escapes.
  An unknown escape keeps its backslash.

With `python=False` (lenient) the text is JSON that may turn out to be Python: a double-quoted string without a prefix
has JSON's escapes first and Python's besides, and whatever only Python allows is noted once ("python_literal").

With `repair` (rule P7) two more things are read, which are ambiguous by nature:

- A quote closes its string only if one of `,` `)` `]` `}` `:` follows it, or the end of the text; whitespace may stand
  between, up to HOLD characters. Any other quote, and the whitespace behind it, is data ("unescaped_quote"), so that
  neighbouring strings are not joined. Strings in triple quotes are read as ever.
- A value that begins with a letter or "_" and is neither a keyword nor a string with a prefix is a string up to the
  next `,` `)` `]` or `}`, or the end, without the whitespace around it ("bare_word"). Keywords and prefixes, with the
  whitespace behind a keyword, are held until the next character shows what they are. A "(" in such a word makes it a
  call, or an expression, and that is no value.
"""

from __future__ import annotations

import re
from typing import Final

from .json_value import (
    AFTER,
    BULK,
    FIRST_ITEM,
    FIRST_KEY,
    HEX,
    HOLD,
    INK,
    ITEM,
    KEY,
    N_DOT,
    N_E,
    N_ESIGN,
    N_EXP,
    N_FRAC,
    N_INT,
    N_MINUS,
    N_ZERO,
    OBJECT,
    SPACES,
    STRING,
    TOP,
    VALUE,
    WORD,
    JsonValue,
    Search,
    json_character,
)

# More states. Numbers, between N_EXP and WORD; what is held stands in quotes.
P_SIGN: Final = 9  # '+', or a sign and dropped whitespace
P_POINT: Final = 10  # '.' before any digit
P_ZERO: Final = 11  # '0', or '0_'
P_ZEROS: Final = 12  # '0' behind dropped zeros, or '0_'
P_RADIX: Final = 13  # '0x' and digits
P_INT_: Final = 14  # "_" behind digits: a digit must follow
P_FRAC_: Final = 15
P_EXP_: Final = 16
# Tokens, between WORD and TOP.
PREFIX: Final = 21  # letters behind a string, the prefix of the next one; all from the closing quote on is held
QUOTES: Final = 22  # two quotes: an empty string, or the first two of three; the second is held
CLOSED: Final = 23  # behind a string; all from its closing quote on is held
MAYBE: Final = 24  # letters that may be a keyword, or a prefix, or begin a bare word; and whitespace behind a keyword
BARE: Final = 25  # inside a bare word; whitespace is held

# Bytes on the stack for arrays that do not close with "]".
TUPLE: Final = 1
SET: Final = 2

BRACE_HOLD: Final = 1000  # characters of "{" and its first key or item
RADIX_DIGITS: Final = 64  # of a hexadecimal, octal or binary number: converting takes more than linear time

# Kinds of strings.
SINGLE: Final = 1  # '…'
RAW: Final = 2  # r"…"
FORMAT: Final = 4  # f"…"
JSON: Final = 8  # JSON's escapes come first
TRIPLE: Final = 16


def _stops(kind: int) -> str:
    """The characters that do not pass as written in a string of this kind, as the inside of a character class."""
    return r'"\\\x00-\x1f\ud800-\udfff' + ("'" if kind & SINGLE else "") + ("{}" if kind & FORMAT else "")


def _body(kind: int) -> re.Pattern[str]:
    """What passes as written in a string of this kind."""
    plain = f"[^{_stops(kind)}]*+"
    if kind & RAW:
        return re.compile(plain)
    slash = "/" if kind & JSON else ""
    return re.compile(rf'{plain}(?:\\(?:["\\{slash}bfnrt]|u{HEX}{{4}}){plain})*+')


# By kind, without TRIPLE.
_BODY: Final[list[re.Pattern[str]]] = [_body(kind) for kind in range(16)]
_STOP: Final[list[Search]] = [re.compile(f"[{_stops(kind)}]").search for kind in range(16)]

# What a string in single quotes may hold of double quotes and of escapes, some of which JSON writes in another way. By
# kind, without RAW and TRIPLE.
_MIXED: Final[dict[int, re.Pattern[str]]] = {
    kind: re.compile(rf"""(?:[^{_stops(kind).replace('"', "", 1)}]++|\\["'\\bfnrt])++""")
    for kind in (SINGLE, SINGLE | FORMAT)
}

# A whole string in single quotes that needs no rewriting and no next character to be sure of its end.
_SIMPLE: Final = re.compile(rf"'([^'\"\\\x00-\x1f\ud800-\udfff]*+)'(?={SPACES}[,:\])}}])")
_KEYWORD: Final = re.compile("true|false|null|True|False|None")

_KEYWORDS: Final = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}
_STARTS_OF_KEYWORDS: Final = frozenset(word[:size] for word in _KEYWORDS for size in range(1, len(word)))
_PREFIXES: Final = {"r": RAW, "u": 0, "f": FORMAT, "fr": FORMAT | RAW, "rf": FORMAT | RAW}
_LETTERS: Final = "tfnTFNrRuU"  # that a keyword or a prefix begins with
_NO_STRINGS: Final = frozenset(("b", "br", "rb", "t", "tr", "rt"))  # prefixes of what JSON cannot say
_STARTS: Final = frozenset((*_STARTS_OF_KEYWORDS, *_KEYWORDS))  # of a word that may turn out to be bare
_STARTS_OF_STRINGS: Final = frozenset((*_PREFIXES, *_NO_STRINGS))
_BLANK: Final = re.compile(r"[ \t\n\r\f]*+")
_ENDS: Final = ",)]}"  # of a bare word
_QUOTE_ENDS: Final = ",)]}:"  # what shows that a quote closed its string
_BARE: Final = re.compile(r'[^ ,()\]}"\\\x00-\x1f\ud800-\udfff]*+')
_ESCAPES: Final = {
    "\\": "\\\\",
    "'": "'",
    '"': '\\"',
    "a": "\\u0007",
    "b": "\\b",
    "f": "\\f",
    "n": "\\n",
    "r": "\\r",
    "t": "\\t",
    "v": "\\u000b",
    "\n": "",
}
_HEX_DIGITS: Final = "0123456789abcdefABCDEF"
_RADIX_DIGITS: Final = {"x": _HEX_DIGITS, "o": "01234567", "b": "01"}
_SIZES: Final = {"x": 4, "u": 6, "U": 10}  # of a whole escape


def _in_double_quotes(text: str) -> str:
    """What `_MIXED` matches, as JSON writes it."""
    text = text.replace("\\\\", "\0")  # each backslash that is left begins an escape; the text holds no NUL
    text = text.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')
    return text.replace("\0", "\\\\")


class PythonValue(JsonValue):
    """Reads one Python literal and writes it as JSON.

    Attributes and methods are those of `JsonValue`. A top-level string is `done` only when the next character that is
    no whitespace, or `end`, shows that no other string follows; that whitespace is consumed and not emitted.
    With `repair` that holds for keywords, too, and for bare words.
    Notes: "control_character" (in strings with single or double quotes, and with `python=False` in all but triple
    quotes), "lone_surrogate", "leading_zero", with `python=False` "python_literal", and with `repair`
    "unescaped_quote" and "bare_word".
    """

    __slots__ = ("_cut", "_first", "_fresh", "_from", "_kind", "_minus", "_odd_key", "_python", "_raw", "_repair")

    def __init__(
        self, digits: int = 4000, python: bool = True, repair: bool = False, object_only: bool = False
    ) -> None:
        super().__init__(digits, object_only, True)
        self._python: bool = python
        self._repair: bool = repair
        self._comma_note: str = "" if python else "python_literal"
        self._kind: int = 0  # of the string that is open, or was read last
        self._fresh: bool = False  # nothing has been read behind the opening quote
        self._odd_key: bool = False  # the key that is open is no string
        self._minus: bool = False  # a minus has been emitted
        # While a "{" is undecided, what it may become (a dict) stands in `out` from `_cut` on; between two fragments it
        # is in `_first`. `_raw` is the same text as written, and goes on at `_from` of the fragment.
        self._cut: int = 0
        self._first: str = ""
        self._raw: str = ""
        self._from: int = 0

    def feed(self, text: str, pos: int, out: list[str]) -> int:
        """See `JsonValue.feed`."""
        if not self._live:
            return pos
        if self._undecided:
            self._from = pos
            self._cut = len(out)
            out.append(self._first)
        pos = JsonValue.feed(self, text, pos, out)
        if self._undecided:
            self._raw += text[self._from : pos]  # bounded by BRACE_HOLD, but for the last one
            if len(self._raw) > BRACE_HOLD:
                self._undecided = False
                self._raw = self._first = ""
            else:
                self._first = "".join(out[self._cut :])
                del out[self._cut :]
        elif self._raw:
            self._raw = self._first = ""
        return pos

    def end(self, out: list[str]) -> None:
        """The text is over: a top-level number or string that is complete becomes `done`, with `repair` also a word."""
        if not self._live or self._stack:
            return
        if self._state == MAYBE:
            self._word_over(out, self._word in _KEYWORDS)
        if self._state in (QUOTES, CLOSED, BARE):
            self._held = ""
            self._quoted_over("", out)
        elif self._state < WORD and self._state != STRING and self._is_number():
            self._number_over("", 0, out)

    @property
    def held(self) -> str:
        """The characters that were consumed and are not emitted yet, as written."""
        return self._raw if self._undecided else self._held

    def quick(self) -> Search | None:
        """See `JsonValue.quick`."""
        if self._state == STRING and self._live and not (self._held or self._fresh or self._undecided):
            return _STOP[self._kind & ~TRIPLE]
        return None

    def copy(self) -> PythonValue:
        """An independent twin, in O(depth)."""
        twin = PythonValue(self._digits, self._python, self._repair, self._object_only)
        self._copy_to(twin)
        twin._kind = self._kind
        twin._fresh = self._fresh
        twin._odd_key = self._odd_key
        twin._minus = self._minus
        twin._first = self._first
        twin._raw = self._raw
        return twin

    # What the whole machine uses

    def _closers(self) -> str:
        closers = JsonValue._closers(self)
        return closers[1:] if self._undecided else closers

    def _tail(self) -> str:
        state = self._state
        if self._undecided or state == MAYBE:
            return "null"
        if WORD < state < TOP:
            return '": null' if self._key else '"'
        if state == WORD and self._key:
            return '"": null'
        if STRING < state < WORD:
            text = "0" if state in (N_MINUS, N_DOT, N_E, N_ESIGN) or P_SIGN <= state <= P_RADIX else ""
            if self._key:
                return text + '": null'
            return "null" if P_SIGN <= state <= P_RADIX and not self._minus else text
        return JsonValue._tail(self)

    def _pythonic(self) -> None:
        """Something that JSON does not have has been read."""
        if not self._python:
            self._note("python_literal")

    def _drop(self, text: str, pos: int, out: list[str]) -> int:
        """Leave one character between tokens out of what passes."""
        self._pythonic()
        if self._state == ITEM or self._state == KEY:
            self._hold(text, pos, out)
        else:
            self._flush(text, pos, out)
        self._start = pos + 1
        return pos + 1

    def _write(self, text: str, pos: int, out: list[str], written: str) -> int:
        """Emit something else for the character at `pos`."""
        self._flush(text, pos, out)
        out.append(written)
        self._start = pos + 1
        return pos + 1

    # Structure

    def _closer(self) -> str:
        top = self._stack[-1]
        return ")" if top == TUPLE else "}" if top == SET else chr(top)

    def _other(self, text: str, pos: int, out: list[str]) -> int:
        char = text[pos]
        if char == "\f":
            return self._drop(text, pos, out)
        if self._state == AFTER:
            if (char == ")" or char == "}") and char == self._closer():
                return self._close_array(text, pos, out)
        elif self._undecided and (char == "," or char == "}") and self._become_set(text, pos, out):
            self._state = AFTER
            return pos
        return JsonValue._other(self, text, pos, out)

    def _close_early(self, text: str, pos: int, out: list[str]) -> int:
        if self._stack and self._stack[-1] == SET and text[pos] == "}" and self._drop_comma(pos, out):
            return self._close_array(text, pos, out)
        return JsonValue._close_early(self, text, pos, out)

    def _close_array(self, text: str, pos: int, out: list[str]) -> int:
        """The closer of a tuple or a set."""
        self._write(text, pos, out, "]")
        self._close()
        return pos + 1

    def _become_set(self, text: str, pos: int, out: list[str]) -> bool:
        """What began with "{" is a set, unless it counts as a dict already; then nothing changes."""
        if len(self._raw) + pos - self._from > BRACE_HOLD:
            return False
        self._flush(text, pos, out)
        first = "".join(out[self._cut :])[1:]
        del out[self._cut :]
        if self._odd_key:  # it has been written as a string
            key = first.strip()
            first = first.replace(key, _KEYWORDS.get(key[1:-1], key[1:-1]))
        out.append("[" + first)
        self._stack[-1] = SET
        self._undecided = False
        self._pythonic()
        return True

    def _begin(self, text: str, pos: int, out: list[str]) -> int:
        char = text[pos]
        state = self._state
        key = FIRST_KEY <= state <= KEY
        if char == '"':
            if self._held:
                self._emit_held(out)
            if len(text) - pos >= BULK:
                ahead = self._bulk(text, pos)
                if ahead > pos:
                    return ahead
            self._key = key
            return self._open(text, pos, out, 0 if self._python else JSON, False)
        if not key and (char == "[" or "1" <= char <= "9"):
            return JsonValue._begin(self, text, pos, out)
        if char == "'":
            return self._begin_single(text, pos, out, key)
        if self._repair and not key and (char == "_" or char.isalpha()):
            self._emit_held(out)
            self._flush(text, pos, out)
            self._key = False
            self._word = ""
            self._state = MAYBE
            return pos
        if char in _LETTERS:
            return self._begin_word(text, pos, out, key)
        if char in "+-.0123456789":
            return self._begin_number(text, pos, out, key)
        if char == "{" and not key:
            self._emit_held(out)
            self._flush(text, pos, out)
            self._undecided = bool(self._stack) or not self._object_only
            self._odd_key = False
            self._from = pos
            self._raw = ""
            self._cut = len(out)
            self._stack.append(OBJECT)
            self._state = FIRST_KEY
            return self._write(text, pos, out, "{")
        if char == "(":
            if key:
                if state != FIRST_KEY or not self._undecided or not self._become_set(text, pos, out):
                    return self._unexpected(pos)
                self._state = VALUE
                return pos
            self._emit_held(out)
            self._pythonic()
            self._stack.append(TUPLE)
            self._state = FIRST_ITEM
            return self._write(text, pos, out, "[")
        if char == ")" and self._stack and self._stack[-1] == TUPLE:
            if state == FIRST_ITEM or self._drop_comma(pos, out):
                return self._close_array(text, pos, out)
        elif char == "\f":
            return self._drop(text, pos, out)
        return self._unexpected(pos)

    # Strings

    def _begin_single(self, text: str, pos: int, out: list[str], key: bool) -> int:
        """A string in single quotes begins."""
        self._emit_held(out)
        self._key = key
        # At the top level the whitespace behind the string has to be consumed.
        simple = _SIMPLE.match(text, pos) if self._stack else None
        if simple is None:
            return self._open(text, pos, out, SINGLE, False)
        self._flush(text, pos, out)
        out.append(f'"{simple.group(1)}"')
        pos = self._start = simple.end(1) + 1
        self._odd_key = False
        self._pythonic()
        self._complete()
        return pos

    def _open(self, text: str, pos: int, out: list[str], kind: int, again: bool) -> int:
        """Read the opening quote at `pos`; `again`: the string goes on with a neighbour."""
        self._kind = kind
        self._fresh = True
        self._odd_key = False
        self._state = STRING
        if again or not kind & JSON:
            self._pythonic()
        if again:
            self._start = pos + 1
        elif kind & SINGLE:
            self._write(text, pos, out, '"')
        return pos + 1

    def _string(self, text: str, pos: int, out: list[str]) -> int:
        end = len(text)
        kind = self._kind
        quote = "'" if kind & SINGLE else '"'
        body = _BODY[kind & ~TRIPLE]
        mixed = _MIXED.get(kind & ~TRIPLE)
        if self._fresh:
            self._fresh = False
            if text[pos] == quote:
                self._flush(text, pos, out)
                self._held = quote
                self._state = QUOTES
                self._start = pos + 1
                return pos + 1
        while pos < end and self._live:
            if self._held:
                pos = self._resolve(text, pos, out, quote)
                if self._state != STRING:
                    break
                continue
            found = body.match(text, pos)
            if found is not None:
                pos = found.end()
                if pos == end:
                    break
            char = text[pos]
            if char == quote and not kind & TRIPLE:
                return self._close_string(text, pos, out)
            if mixed is not None:
                found = mixed.match(text, pos)
                if found is not None:
                    self._flush(text, pos, out)
                    out.append(_in_double_quotes(found.group()))
                    pos = self._start = found.end()
                    continue
            if char == quote or char == "\\" or char == "{" or char == "}":
                self._flush(text, pos, out)
                self._held = char
                pos += 1
                self._start = pos
            else:
                pos = self._mend(text, pos, out)
        return pos

    def _mend(self, text: str, pos: int, out: list[str]) -> int:
        """Write the escape of a raw character: a control character, a surrogate, or the other quote."""
        char = text[pos]
        if char > "~":
            self._note("lone_surrogate")
        elif char < " " and not self._kind & TRIPLE:
            self._note("control_character")
        return self._write(text, pos, out, json_character(char))

    def _resolve(self, text: str, pos: int, out: list[str], quote: str) -> int:
        """Read one more character of what is held: an escape, quotes in a triple-quoted string, a brace in an f-string.

        The character may not belong to it; then it is not consumed.
        """
        held = self._held
        char = text[pos]
        if held[0] == "\\":
            taken = self._escape_on(char, pos, out, quote)
        elif held[0] == quote:
            taken = char == quote
            self._held = held + char if taken else ""
            if len(self._held) == 3:
                self._state = CLOSED
            elif not taken:
                out.append(json_character(quote) * len(held))
        else:
            taken = char == held
            if not taken:
                return self._fault(pos, "a brace in an f-string")
            self._held = ""
            out.append(char)
        if taken:
            pos += 1
        self._start = pos
        return pos

    def _escape_on(self, char: str, pos: int, out: list[str], quote: str) -> bool:
        """Read one more character behind a backslash: whether it belongs to the escape."""
        held = self._held
        self._held = ""
        if self._kind & RAW:
            out.append("\\\\")
            if char == quote or char == "\\":
                out.append(json_character(char))
                return True
            return False
        if held == "\\":
            return self._escape_first(char, pos, out)
        if held == "\\\r":
            return char == "\n"
        letter = held[1]
        if letter in "01234567":
            taken = char in "01234567"
            if taken:
                held += char
            if taken and len(held) < 4:
                self._held = held
            else:
                out.append(json_character(chr(int(held[1:], 8))))
            return taken
        whole = held + char
        if char not in _HEX_DIGITS:
            self._held = held
            self._fault(pos, "bad escape")
            return False
        if len(whole) < _SIZES[letter]:
            self._held = whole
            return True
        if letter == "u":
            out.append(whole)
            return True
        code = int(whole[2:], 16)
        if code > 0x10FFFF:
            self._held = held
            self._fault(pos, "bad escape")
            return False
        out.append(json_character(chr(code)))
        return True

    def _escape_first(self, char: str, pos: int, out: list[str]) -> bool:
        """Read the character behind a backslash."""
        json = self._kind & JSON
        if char not in '"\\/bfnrtu' and json:
            self._pythonic()
        if char in "xuU01234567\r":
            self._held = "\\" + char
            return True
        written = "\\/" if json and char == "/" else _ESCAPES.get(char)
        if written is None:
            out.append("\\\\")  # not an escape: the backslash stays, and the character is read as any other
            return False
        if written:
            out.append(written)
        return True

    def _close_string(self, text: str, pos: int, out: list[str]) -> int:
        """Read the closing quote at `pos`, which is held unless the next character is seen to be no neighbour's."""
        self._flush(text, pos, out)
        behind = pos + 1
        if behind < len(text) and text[behind] in ",:]})":
            if self._kind & SINGLE:
                self._write(text, pos, out, '"')
            self._complete()
        else:
            self._held = text[pos]
            self._start = behind
            self._state = CLOSED
        return behind

    def _closed(self, text: str, pos: int, out: list[str]) -> int:
        """Read on behind a string: whitespace, then a neighbour, or the string is over."""
        if self._stack and text[pos] in ",:]}" and len(self._held) == 1:  # nearly always
            self._held = ""
            out.append('"')
            self._complete()
            return pos
        if self._repair and not self._kind & TRIPLE:
            return self._quote_behind(text, pos, out)
        ink = INK.search(text, pos)
        stop = len(text) if ink is None else ink.start()
        quotes = 3 if self._kind & TRIPLE else 1
        room = HOLD + quotes - len(self._held)  # for whitespace that waits
        if stop - pos > room:
            stop = pos + room + 1
        elif ink is None or text[stop] == "\f":
            if ink is not None:
                self._pythonic()
            self._held += text[pos:stop]
            self._start = stop if ink is None else stop + 1
            return self._start
        else:
            char = text[stop]
            if char == '"' or char == "'":
                kind = SINGLE if char == "'" else 0 if self._python else JSON
                self._held = ""
                return self._open(text, stop, out, kind, True)
            if char in "rRuUfF":
                self._held += text[pos : stop + 1]
                self._word = char
                self._start = stop + 1
                self._state = PREFIX
                return stop + 1
        out.append('"')
        if self._stack:
            if len(self._held) > quotes:
                out.append(self._held[quotes:])
        else:
            self._start = stop
        self._held = ""
        self._complete()
        return stop

    # Repairs

    def _hold_spaces(self, text: str, pos: int, room: int) -> int:
        """Hold the whitespace from `pos` on, up to `room` characters of it; the index behind it."""
        blank = _BLANK.match(text, pos, pos + room)
        stop = pos if blank is None else blank.end()
        self._held += text[pos:stop]
        self._start = stop
        return stop

    def _data(self, text: str, out: list[str]) -> None:
        """What was held belongs to the string."""
        for char in text:
            if char < " ":
                self._note("control_character")
            out.append(json_character(char))

    def _quoted_over(self, blank: str, out: list[str]) -> None:
        """A string ends, behind it stands whitespace."""
        out.append('"')
        self._spaces_over(blank, out)

    def _spaces_over(self, blank: str, out: list[str]) -> None:
        """A value is over, and so is the whitespace behind it."""
        if "\f" in blank:
            self._pythonic()
            blank = blank.replace("\f", "")
        if blank and self._stack:
            out.append(blank)
        self._complete()

    def _quote_behind(self, text: str, pos: int, out: list[str]) -> int:
        """Read on behind a quote, which closes the string if the right character follows."""
        stop = self._hold_spaces(text, pos, HOLD + 1 - len(self._held))
        if stop == len(text):
            return stop
        held = self._held
        self._held = ""
        if text[stop] in _QUOTE_ENDS:
            self._quoted_over(held[1:], out)
        else:
            self._note("unescaped_quote")
            self._data(held, out)
            self._state = STRING
        return stop

    def _maybe(self, text: str, pos: int, out: list[str]) -> int:
        """Read on in a word that may be a keyword, a prefix, or bare."""
        word = self._word
        char = text[pos]
        if word in _KEYWORDS:
            pos = self._hold_spaces(text, pos, HOLD + len(word) - len(self._held))
            if pos == len(text):
                return pos
            char = text[pos]
            if char in _ENDS or char in " \t\n\r\f":  # so much whitespace: a keyword
                self._word_over(out, True)
                return pos
        elif char == "'" or char == '"':
            prefix = _PREFIXES.get(word.lower())
            if prefix is not None:
                self._held = ""
                return self._open(text, pos, out, prefix | SINGLE if char == "'" else prefix, False)
            if word.lower() in _NO_STRINGS:
                return self._fault(pos, "unknown word")
        elif word + char in _STARTS or (word + char).lower() in _STARTS_OF_STRINGS:
            self._word = word + char
            self._held = self._word
            self._start = pos + 1
            return pos + 1
        if char == "(":
            return self._fault(pos, "a call or an expression is no value")
        self._word_over(out, False)
        return pos

    def _word_over(self, out: list[str], keyword: bool) -> None:
        """What is held is a keyword and whitespace, or the beginning of a bare word."""
        held = self._held
        self._held = ""
        if keyword:
            written = _KEYWORDS[self._word]
            if written != self._word:
                self._pythonic()
            out.append(written)
            self._spaces_over(held[len(self._word) :], out)
        else:
            self._note("bare_word")
            self._kind = 0
            self._state = BARE
            out.append('"')
            self._data(held, out)

    def _bare(self, text: str, pos: int, out: list[str]) -> int:
        """Read on inside a bare word."""
        if not self._held:
            body = _BARE.match(text, pos)
            if body is not None:
                pos = body.end()
                if pos == len(text):
                    return pos
        self._flush(text, pos, out)
        stop = self._hold_spaces(text, pos, HOLD - len(self._held))
        if stop == len(text):
            return stop
        char = text[stop]
        if char == "(":
            return self._fault(stop, "a call or an expression is no value")
        held = self._held
        self._held = ""
        if char in _ENDS:
            self._quoted_over(held, out)
            return stop
        self._data(held, out)
        if stop == pos and not held:  # not whitespace: a character that JSON escapes
            return self._mend(text, pos, out)
        return stop

    # Keywords, and the prefixes of strings

    def _begin_word(self, text: str, pos: int, out: list[str], key: bool) -> int:
        self._emit_held(out)
        self._key = key
        found = _KEYWORD.match(text, pos)
        if found is not None:
            return self._keyword(text, pos, found.end(), found.group(), out)
        self._flush(text, pos, out)
        self._word = ""
        self._state = WORD
        return pos

    def _keyword(self, text: str, pos: int, end: int, word: str, out: list[str]) -> int:
        """A whole keyword, the last letters of which stand in `text` from `pos` to `end`."""
        written = f'"{word}"' if self._key else _KEYWORDS[word]
        if word != written:
            self._pythonic()
        self._flush(text, pos, out)
        self._start = end
        out.append(written)
        self._odd_key = True
        self._complete()
        return end

    def _token(self, text: str, pos: int, out: list[str]) -> int:
        """Read on inside a keyword or a prefix, or behind a string's quotes."""
        state = self._state
        if state == CLOSED:
            return self._closed(text, pos, out)
        if state == QUOTES:
            return self._third_quote(text, pos)
        if state == BARE:
            return self._bare(text, pos, out)
        if state == MAYBE:
            return self._maybe(text, pos, out)
        char = text[pos]
        if char == "'" or char == '"':
            prefix = _PREFIXES.get(self._word.lower())
            if prefix is None:
                return self._fault(pos, "unknown word")
            self._held = ""
            self._pythonic()
            return self._open(text, pos, out, prefix | SINGLE if char == "'" else prefix, state == PREFIX)
        word = self._word + char
        if state == WORD and word in _KEYWORDS:
            self._held = ""
            return self._keyword(text, pos, pos + 1, word, out)
        if word.lower() not in _PREFIXES and (state != WORD or word not in _STARTS_OF_KEYWORDS):
            return self._fault(pos, "unknown word")
        self._word = word
        self._held += char
        pos += 1
        self._start = pos
        return pos

    def _third_quote(self, text: str, pos: int) -> int:
        """Read on behind two quotes."""
        if text[pos] != self._held:
            self._state = CLOSED
            return pos
        self._pythonic()
        self._held = ""
        self._kind = (self._kind | TRIPLE) & ~JSON
        self._state = STRING
        self._start = pos + 1
        return pos + 1

    # Numbers

    def _begin_number(self, text: str, pos: int, out: list[str], key: bool) -> int:
        """A number begins with something that may have to be rewritten, or is a key."""
        char = text[pos]
        self._emit_held(out)
        if not key and char != "+" and char != "." and len(text) - pos >= BULK:
            ahead = self._bulk(text, pos)
            if ahead > pos:
                return ahead
        self._key = key
        self._count = 1
        self._minus = char == "-"
        if key:
            self._pythonic()
            self._odd_key = True
            self._flush(text, pos, out)
            out.append('"')
        if char == "-":
            self._state = N_MINUS
        elif "1" <= char <= "9":
            self._state = N_INT
        elif char == "0" and pos + 1 < len(text) and text[pos + 1] in ",]})":
            self._state = N_ZERO
        else:
            self._flush(text, pos, out)
            self._start = pos + 1
            self._held = char
            self._state = P_SIGN if char == "+" else P_POINT if char == "." else P_ZERO
            if char != "0":
                self._pythonic()
        return pos + 1

    def _number(self, text: str, pos: int, out: list[str]) -> int:
        end = len(text)
        first = pos
        limit = pos + self._digits - self._count
        while pos < end:
            char = text[pos]
            if pos >= limit and (char.isalnum() or char == "." or char == "_"):
                return self._fault(pos, "number too long")
            state = self._state
            if not "0" <= char <= "9":
                taken = self._mark(text, pos, out)
            elif state in (N_INT, N_FRAC):
                taken = True
            else:
                taken = self._digit(text, pos, out)
            if taken:
                pos += 1
            elif self.error:
                return pos
            elif not self._is_number():
                return self._fault(pos, "expected a digit")
            elif char.isalnum() or char == "_":
                return self._fault(pos, "not a number")
            else:
                self._number_over(text, pos, out)
                return pos
        self._count += pos - first
        return pos

    def _is_number(self) -> bool:
        """Whether a number may end here."""
        state = self._state
        if state == P_RADIX:
            return len(self._held) > 2 and self._held[-1] != "_"
        if state in (P_ZERO, P_ZEROS):
            return self._held == "0"
        return state in (N_ZERO, N_INT, N_DOT, N_FRAC, N_EXP)

    def _number_over(self, text: str, pos: int, out: list[str]) -> None:
        """A number ends before `pos`: emit the rest of it."""
        state = self._state
        rest = ""
        if state == N_DOT:
            self._pythonic()
            rest = "0"
        elif state in (P_ZERO, P_ZEROS):
            rest = "0"
        elif state == P_RADIX:
            rest = str(int(self._held, 0))
        if self._key:
            rest += '"'
        if rest:
            self._flush(text, pos, out)
            out.append(rest)
            self._held = ""
        self._complete()

    def _digit(self, text: str, pos: int, out: list[str]) -> bool:
        """Read a digit where it does not simply go on with others: whether it belongs to the number."""
        state = self._state
        char = text[pos]
        if state == P_RADIX:
            return self._radix_digit(char, pos)
        if state in (N_MINUS, P_SIGN, P_ZERO, P_ZEROS):
            if state in (P_ZERO, P_ZEROS):
                self._note("leading_zero")
            self._flush(text, pos, out)
            if char == "0":
                self._held = "0"
                self._start = pos + 1
                self._state = P_ZERO if state in (N_MINUS, P_SIGN) else P_ZEROS
                return True
            self._state = N_INT
        elif state == P_POINT:
            out.append("0.")
            self._state = N_FRAC
        elif state in (N_DOT, P_FRAC_):
            self._state = N_FRAC
        elif state == P_INT_:
            self._state = N_INT
        elif state == N_ZERO:
            return False
        else:
            self._state = N_EXP
        if self._held:
            self._held = ""
            self._start = pos
        return True

    def _radix_digit(self, char: str, pos: int) -> bool:
        held = self._held
        if char == "_":
            if held[-1] == "_":
                return False
        elif char not in _RADIX_DIGITS[held[1].lower()]:
            return False
        elif len(held) - held.count("_") >= RADIX_DIGITS + 2:
            self._fault(pos, "number too long")
            return False
        self._held = held + char
        self._start = pos + 1
        return True

    def _mark(self, text: str, pos: int, out: list[str]) -> bool:
        """Read what is no digit: whether it belongs to the number."""
        state = self._state
        char = text[pos]
        zero = state in (P_ZERO, P_ZEROS) and self._held == "0"
        if state == P_RADIX:
            return self._radix_digit(char, pos)
        if char == ".":
            if state in (N_MINUS, P_SIGN):
                return self._keep(text, pos, out, P_POINT)
            if state != N_INT and not zero:
                return False
            self._state = N_DOT
        elif char == "e" or char == "E":
            if state == N_DOT:
                self._pythonic()
                self._flush(text, pos, out)
                out.append("0")
            elif state != N_INT and state != N_FRAC and not zero:
                return False
            self._state = N_E
        elif char == "_":
            if zero:
                return self._keep(text, pos, out, state)
            if state != N_INT and state != N_FRAC and state != N_EXP:
                return False
            self._pythonic()
            self._flush(text, pos, out)
            self._start = pos + 1
            self._state = P_INT_ if state == N_INT else P_FRAC_ if state == N_FRAC else P_EXP_
            return True
        elif char == "+" or char == "-":
            if state != N_E:
                return False
            self._state = N_ESIGN
            return True
        elif state == P_ZERO and zero and char in "xXoObB":
            return self._keep(text, pos, out, P_RADIX)
        elif state in (N_MINUS, P_SIGN) and char in " \t\n\r\f":
            self._pythonic()
            self._flush(text, pos, out)
            self._held = ""
            self._start = pos + 1
            self._state = P_SIGN
            return True
        else:
            return False
        if zero:  # "0." and "0e" pass
            out.append("0")
            self._held = ""
            self._start = pos
        return True

    def _keep(self, text: str, pos: int, out: list[str], state: int) -> bool:
        """Hold a character of a number."""
        self._pythonic()
        self._flush(text, pos, out)
        self._held += text[pos]
        self._start = pos + 1
        self._state = state
        return True
