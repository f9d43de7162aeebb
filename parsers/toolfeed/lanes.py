"""Lanes: what a format's template writes where nothing is told.

Between two events a model writes the same text in every call: `\\n<tool_call>\\n{"name": "` behind one call and before
the next one's name, `", "arguments": ` behind the name. While its text follows such a *lane*, nothing can be told, so a
parser only keeps it; its machines read it in one go when the lane ends, or the text leaves it. Where a text is cut does
not matter, so that changes nothing but the cost of a fragment.

A lane belongs to a *place*, which is all that decides what a parser does next (`Parser.lane_place`). Lanes are found by
reading turns that the grammar's own writer has written, a character at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from .errors import ToolfeedError
from .tools import Tools

if TYPE_CHECKING:
    from .grammar import Grammar
    from .parser import Parser

# A lane's text; what matches a word behind it, or more of one, or None if no word may follow; and the text behind that.
Lane: TypeAlias = tuple[str, Callable[[str, int], "re.Match[str] | None"] | None, str]
Lanes: TypeAlias = dict[Hashable, tuple[Lane, ...]]

LONGEST: Final = 64  # letters that are kept, and characters that may be held where a lane begins
LIMITS_FROM: Final = 256  # no limit that is at least this is reached in a lane
_ROOM: Final = LIMITS_FROM - 2 * LONGEST - 1  # characters of a lane without its word
MOST: Final = 4  # lanes of one place
_SHORTEST: Final = 2  # reading one character costs no more than keeping it

# Names, keys and values of the samples: words that no template holds.
_NAMES: Final = ("qalpha_tool", "qbeta_tool")
_KEYS: Final = ("qalpha_key", "qbeta_key")
_COUNT: Final = "qcount_key"  # of an integer
_VALUE: Final = "Qvalue"
_SCHEMA: Final = {"properties": {**{key: {"type": "string"} for key in _KEYS}, _COUNT: {"type": "integer"}}}
_WORD: Final = re.compile("|".join((*_NAMES, *_KEYS, _COUNT, _VALUE)))
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_MORE: Final = re.compile(rf"[A-Za-z0-9_]{{1,{LONGEST}}}+").match
_BEGINS: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST}}}+").match


def find_lanes(grammar: Grammar, repair: bool) -> Lanes:
    """The lanes of a grammar's places, as its own turns show them."""
    from .parser import Parser

    found: dict[Hashable, dict[Lane, None]] = {}
    words: dict[Hashable, bool] = {}
    tools = Tools([{"name": name, "parameters": _SCHEMA} for name in _NAMES])
    for text in _samples(grammar, tools):
        for parser in (Parser(grammar, repair=repair), Parser(grammar, repair=repair, tools=tools)):
            for place, lane in _lanes(parser, text, words):
                known = found.setdefault(place, {})
                if len(known) < MOST:
                    known[lane] = None
    return {place: tuple(sorted(lanes, key=_length, reverse=True)) for place, lanes in found.items()}


def _length(lane: Lane) -> int:
    return len(lane[0])


def _samples(grammar: Grammar, tools: Tools) -> Iterable[str]:
    """Turns with all that a template writes between events."""
    none = (_NAMES[0], "{}")
    one = (_NAMES[1], f'{{"{_KEYS[0]}": "{_VALUE}"}}')
    count = (_NAMES[1], f'{{"{_COUNT}": 7, "{_KEYS[0]}": "{_VALUE}"}}')
    more = (_NAMES[0], f'{{"{_KEYS[0]}": "{_VALUE}", "{_KEYS[1]}": "{_VALUE}", "{_COUNT}": 7}}')
    for content, calls in (("", [more, one, none, none]), ("", [count, more]), (_VALUE, [one, one]), (_VALUE, [none])):
        with suppress(ToolfeedError):  # one call a turn, or no content: the others show the rest
            yield grammar.write(content=content, calls=calls, tools=tools)


def _lanes(parser: Parser, text: str, words: dict[Hashable, bool]) -> Iterable[tuple[Hashable, Lane]]:
    """The places of one turn, each with the lane that begins there. `words`: places, and whether a word may follow."""
    spans = [word.span() for word in _WORD.finditer(text)]
    begins = {start for start, _ in spans}
    inside = {at for start, end in spans for at in range(start, end)}
    places: list[Hashable] = []
    silent: list[bool] = []
    for at, char in enumerate(text, 1):
        silent.append(not parser.feed(char))
        place = parser.lane_place()
        if place is not None and at in inside and (place, at in begins) not in words:
            words[place, at in begins] = _word_may_follow(parser, at in begins)
        places.append(place)
    for at, place in enumerate(places, 1):
        if place is None:
            continue
        text_end = end = behind = min(_told(silent, inside, at), at + _ROOM)
        word = None
        if end in inside and words.get((places[end - 1], end in begins)):
            word = _BEGINS if end in begins else _MORE
            end = next(stop for start, stop in spans if start <= end < stop)
            behind = _told(silent, inside, end) if all(silent[at:end]) else end
            behind = min(behind, end + _ROOM - (text_end - at))
        if behind - at >= _SHORTEST or word is not None:
            yield place, (text[at:text_end], word, text[end:behind])


def _told(silent: list[bool], inside: set[int], at: int) -> int:
    """From `at` on, where something is told, or a word begins."""
    while at < len(silent) and silent[at] and at not in inside:
        at += 1
    return at


def _word_may_follow(parser: Parser, begins: bool) -> bool:
    """Whether a name or a key begins here, or goes on, of which any letter is a part that tells nothing."""
    twin = parser.copy()
    if any(twin.feed(letter) for letter in "q" + _LETTERS + "0123456789"):
        return False
    return not begins or not any(parser.copy().feed(letter) for letter in _LETTERS)
