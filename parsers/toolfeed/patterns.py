"""Regular expressions that come with a grammar, read before they are run.

Literal markers need none of this. A pattern is somebody's text, so it is bounded: it is read into a small tree, which
says what is refused (nested repetition, recursion, what looks back too far) and what characters a match can begin
with; `shapes` reads more from it. It is compiled in the dialect of `regex`, with DOTALL alone, and
run with a timeout; `match` raises TimeoutError past it.

Partial matching, exactly. A match may be told as soon as no further text can change it. The engine tries the ways of a
pattern in an order, and the first that fits counts; so what matters is whether a way *before* it has run into the end
of the text. `(?>P)(?!)` says just that: the atomic group takes the first way that fits, and then it fails for good;
only if the end of the text comes first, it is a partial match. What looks at the end itself (`$`, `\\b`) is asked once
more as if there were none, and its match has to be the same with several characters behind the text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import regex

MAX_PATTERN: Final = 2000  # characters of a pattern
MAX_COUNT: Final = 1000  # of a counted repetition
LOOK_BEHIND: Final = 64  # characters before a match that its pattern may look at
TIMEOUT: Final = 0.25  # seconds for one match


class PatternError(ValueError):
    """A pattern that is refused, and why."""


# -- the tree ----------------------------------------------------------------------------------------------------------


class Char(NamedTuple):
    """One literal character."""

    text: str


class Set(NamedTuple):
    """One character of a class: `.`, `\\s`, `[^>]`. `source`: as it is written."""

    source: str


class Edge(NamedTuple):
    """What matches no character: the "start" of the text or of a "line", an "end", or the edge of a "word"."""

    kind: str


class Back(NamedTuple):
    """What an earlier group matched."""

    group: str


class Group(NamedTuple):
    """Alternatives. `name`: "" unless it captures by name."""

    ways: tuple[Sequence, ...]
    name: str = ""
    atomic: bool = False


class Look(NamedTuple):
    """What has to stand, or must not, ahead or behind."""

    ways: tuple[Sequence, ...]
    behind: bool
    negative: bool


class Repeat(NamedTuple):
    """`most` is None if nothing bounds it."""

    item: Node
    least: int
    most: int | None
    lazy: bool = False


Node: TypeAlias = Char | Set | Edge | Back | Group | Look | Repeat
Sequence: TypeAlias = tuple[Node, ...]

SPACE: Final = Set(r"\s")
DOT: Final = Set(".")

_CLASSES: Final = frozenset("dDwWsSh")
_EDGES: Final = {"A": "start", "Z": "end", "z": "end", "b": "word", "B": "word", "m": "word", "M": "word"}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a"}
_CODES: Final = {"x": 2, "u": 4, "U": 8}
_COUNT: Final = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_FUZZY: Final = re.compile(r"\{[\d<=\s]*[isde]\s*(?:[<=>,}:+]|\d)")
_FLAGS: Final = re.compile(r"\(\?([a-zA-Z0-9]*)(?:-([a-zA-Z]+))?([:)])")
_NAMED: Final = re.compile(r"\(\?P?<([^\W\d]\w*)>")
_READ_FLAGS: Final = frozenset("aimsu")


class _Reader:
    """Reads a pattern that `regex` has compiled, so what is left to find here is what it means."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pos = 0
        self.names: list[str] = []
        self.ignores_case = False
        self.lines = False  # ^ and $ are about lines
        self.endless: list[str] = []  # the source without what looks at the end
        self.copied = 0

    def ways(self) -> tuple[Sequence, ...]:
        """Alternatives, up to the end or a closing parenthesis."""
        found: list[Sequence] = []
        items: list[Node] = []
        while self.pos < len(self.source) and self.source[self.pos] != ")":
            if self.source[self.pos] == "|":
                self.pos += 1
                found.append(tuple(items))
                items = []
                continue
            node = self._node()
            if node is not None:
                items.append(self._repeated(node))
        found.append(tuple(items))
        return tuple(found)

    def _node(self) -> Node | None:
        char = self.source[self.pos]
        start = self.pos
        if char == "\\":
            node = self._escape()
            if isinstance(node, Edge) and node.kind != "start":
                self._leave_out(start, node)
            return node
        if char == "[":
            return self._set()
        if char == "(":
            return self._group()
        self.pos += 1
        if char == ".":
            return DOT
        if char == "^":
            return Edge("line" if self.lines else "start")
        if char == "$":
            self._leave_out(start, Edge("end"))
            return Edge("end")
        return Char(char)

    def _leave_out(self, start: int, edge: Edge) -> None:
        """In `endless`, the text has no end, and words may begin and end anywhere."""
        self.endless += [self.source[self.copied : start], "(?!)" if edge.kind == "end" else "(?:)"]
        self.copied = self.pos

    def _escape(self) -> Node:
        source = self.source
        letter = source[self.pos + 1]
        self.pos += 2
        if letter in _CLASSES:
            return SPACE if letter == "s" else Set("\\" + letter)
        if letter in _EDGES:
            return Edge(_EDGES[letter])
        if letter in _CONTROLS:
            return Char(_CONTROLS[letter])
        if letter in _CODES:
            digits = source[self.pos : self.pos + _CODES[letter]]
            self.pos += len(digits)
            return Char(chr(int(digits, 16)))
        if letter in "pPN":
            end = source.find("}", self.pos)
            if not source.startswith("{", self.pos) or end < 0:
                raise PatternError(f"\\{letter} is written with braces")
            name = source[self.pos - 2 : end + 1]
            self.pos = end + 1
            return Set(name)
        if letter.isdigit() and letter != "0":
            while self.pos < len(source) and source[self.pos].isdigit():
                letter += source[self.pos]
                self.pos += 1
            return Back(letter)
        if letter.isalnum():
            raise PatternError(f"\\{letter} is not read here")
        return Char(letter)

    def _set(self) -> Node:
        start = self.pos
        source = self.source
        i = start + 1
        i += source.startswith("^", i)
        i += source.startswith("]", i)
        while source[i] != "]":
            if source.startswith("[:", i) and (end := source.find(":]", i)) > 0:
                i = end + 2
            else:
                i += 2 if source[i] == "\\" else 1
        self.pos = i + 1
        return Set(source[start : i + 1])

    def _group(self) -> Node | None:
        source = self.source
        start = self.pos
        name = ""
        if not source.startswith("(?", start):
            if source.startswith("(*", start):
                raise PatternError("verbs like (*PRUNE) are not read")
            self.pos += 1
        elif source.startswith("(?#", start):
            self.pos = source.index(")", start) + 1
            return None
        elif named := _NAMED.match(source, start):
            name = named.group(1)
            if name not in self.names:
                self.names.append(name)
            self.pos = named.end()
        elif source.startswith("(?P=", start):
            end = source.index(")", start)
            self.pos = end + 1
            return Back(source[start + 4 : end])
        elif look := re.compile(r"\(\?(<?)([=!])").match(source, start):
            self.pos = look.end()
            return Look(self._closed(), bool(look.group(1)), look.group(2) == "!")
        elif source.startswith(("(?>", "(?|"), start):
            self.pos += 3
            return Group(self._closed(), atomic=source[start + 2] == ">")
        elif flags := _FLAGS.match(source, start):
            self._set_flags(flags)
            if flags.group(3) == ")":
                return None
        else:
            raise PatternError(f"{source[start : start + 6]!r}… is not read: recursion, a condition, or the like")
        return Group(self._closed(), name)

    def _set_flags(self, flags: re.Match[str]) -> None:
        on, off = flags.group(1), flags.group(2) or ""
        other = set(on + off) - _READ_FLAGS
        if other:
            raise PatternError(f"the flag {min(other)!r} is not read; {', '.join(sorted(_READ_FLAGS))} are")
        self.ignores_case = self.ignores_case or "i" in on
        self.lines = self.lines or "m" in on
        self.pos = flags.end()

    def _closed(self) -> tuple[Sequence, ...]:
        found = self.ways()
        self.pos += 1
        return found

    def _repeated(self, node: Node) -> Node:
        """The node with the quantifiers behind it."""
        while self.pos < len(self.source):
            source = self.source
            char = source[self.pos]
            least, most = 0, None
            if char in "*+?":
                least, most = int(char == "+"), 1 if char == "?" else None
                self.pos += 1
            elif count := _COUNT.match(source, self.pos):
                if not count.group(1) and not count.group(3):
                    return node  # braces that are no count
                least = int(count.group(1) or 0)
                most = least if not count.group(2) else int(count.group(3)) if count.group(3) else None
                if max(least, most or 0) > MAX_COUNT:
                    raise PatternError(f"counts more than {MAX_COUNT}")
                self.pos = count.end()
            elif _FUZZY.match(source, self.pos):
                raise PatternError("approximate matching is not read")
            else:
                return node
            lazy = source.startswith("?", self.pos)
            self.pos += lazy or source.startswith("+", self.pos)
            if most != 1 and _varies(node):
                raise PatternError("a repetition inside a repetition: it could take forever")
            node = Repeat(node, least, most, lazy)
        return node


def _varies(node: Node) -> bool:
    """Whether a node repeats something, some number of times or other."""
    if isinstance(node, Repeat):
        return (node.most != 1 and node.least != node.most) or _varies(node.item)
    if isinstance(node, Group | Look):
        return any(_varies(item) for way in node.ways for item in way)
    return isinstance(node, Back)


def _most_wide(ways: Iterable[Sequence]) -> int | None:
    """How many characters the widest way can match; None if nothing bounds it."""
    widest = 0
    for way in ways:
        total = 0
        for node in way:
            width = _width(node)
            if width is None:
                return None
            total += width
        widest = max(widest, total)
    return widest


def _width(node: Node) -> int | None:
    if isinstance(node, Char | Set):
        return 1
    if isinstance(node, Edge | Look):
        return 0
    if isinstance(node, Back):
        return None
    if isinstance(node, Group):
        return _most_wide(node.ways)
    inner = _width(node.item)
    return None if inner is None or node.most is None else inner * node.most


def _walk(ways: Iterable[Sequence]) -> Iterable[Node]:
    for way in ways:
        for node in way:
            yield node
            if isinstance(node, Group | Look):
                yield from _walk(node.ways)
            elif isinstance(node, Repeat):
                yield from _walk(((node.item,),))


class First(NamedTuple):
    """What a match can begin with: character classes, as they are written; None if anything. `at_start`: it can also
    begin at the start of the text, whatever stands there."""

    classes: tuple[str, ...] | None
    at_start: bool = False


def _first(way: Sequence) -> tuple[list[str], bool]:
    """The classes of the characters that a sequence can begin with, and whether it may match none."""
    classes: list[str] = []
    for node in way:
        if isinstance(node, Char):
            return [*classes, regex.escape(node.text, special_only=True)], False
        if isinstance(node, Set):
            return [*classes, node.source], False
        if isinstance(node, Back):
            return [*classes, r"[\s\S]"], True
        empty = True
        if isinstance(node, Repeat):
            more, empty = _first((node.item,))
            classes += more
            empty = empty or node.least == 0
        elif isinstance(node, Group) or (isinstance(node, Look) and not node.behind and not node.negative):
            found = [_first(choice) for choice in node.ways]
            inside = [source for more, _ in found for source in more]
            empty = any(nothing for _, nothing in found)
            if isinstance(node, Look) and not empty:
                return [*classes, *inside], False  # what it sees ahead is what comes
            classes += inside if isinstance(node, Group) else ()
        if not empty:
            return classes, False
    return classes, True


# -- a pattern ---------------------------------------------------------------------------------------------------------


class Match(NamedTuple):
    """Where a match ends, and what its named groups hold."""

    end: int
    groups: Mapping[str, str]


WAIT: Final = Match(-1, {})
"""Only more text can tell."""

_BEHIND: Final = ("\x00", "a", "\n", " ")  # what may follow; a pattern that looks at the end is asked with each


class Pattern:
    """A pattern that may be run. Raises PatternError with the reason for one that is refused.

    `names`: of its groups. `ways`: its tree. `first`: what it can begin with. `looks_back`: whether the characters
    before a match matter; `at_start`: whether it matters that there are any.
    """

    __slots__ = (
        "_endless",
        "_ends",
        "_match",
        "_regex",
        "_undecided",
        "at_start",
        "first",
        "looks_back",
        "names",
        "source",
        "ways",
    )

    def __init__(self, source: str) -> None:
        self.source = source
        if len(source) > MAX_PATTERN:
            raise PatternError(f"is longer than {MAX_PATTERN} characters")
        self._regex: Any = _compiled(source)
        reader = _Reader(source)
        self.ways = reader.ways()
        self.names: tuple[str, ...] = tuple(reader.names)
        edges: set[str] = set()
        for node in _walk(self.ways):
            if isinstance(node, Edge):
                edges.add(node.kind)
            elif isinstance(node, Look) and node.behind:
                width = _most_wide(node.ways)
                if width is None or width > LOOK_BEHIND:
                    raise PatternError(f"looks back further than {LOOK_BEHIND} characters")
                edges.add("behind")
        self.looks_back = bool(edges & {"line", "word", "behind"})
        self.at_start = "start" in edges
        self._ends = bool(edges & {"end", "word"})
        self._match: Any = self._regex.match
        self._undecided: Any = _compiled(f"(?>{source})(?!)").match
        self._endless: Any = _compiled(f"(?>{''.join(reader.endless)}{source[reader.copied :]})(?!)").match
        self.first = self._firsts(reader.ignores_case)

    def _firsts(self, ignores_case: bool) -> First:
        if ignores_case:
            return First(None)
        classes: list[str] = []
        at_start = False
        for way in self.ways_inside():
            more, empty = _first(way)
            if empty and way and way[0] == Edge("start"):
                at_start = True
            elif empty:
                return First(None)
            classes += more
        return First(tuple(dict.fromkeys(classes)), at_start)

    def ways_inside(self) -> tuple[Sequence, ...]:
        """The alternatives, also if one group holds them all."""
        if len(self.ways) == 1 and len(self.ways[0]) == 1:
            only = self.ways[0][0]
            if isinstance(only, Group) and not only.name:
                return only.ways
        return self.ways

    def trimmed(self) -> Pattern:
        """The same without the whitespace that it may begin with, where that is dropped in any case."""
        if self.source.startswith(r"\s*") and len(self.ways) == 1 and self.source[3:4] not in ("", "?", "+"):
            return Pattern(self.source[3:])
        return self

    def at(self, text: str, pos: int, stop: int, over: bool, more: bool) -> Match | None:
        """The match at text[pos:stop], None, or WAIT if text that may come could change it.

        `over`: the text ends at `stop`. If it does not, and no `more` of it counts, what would need more is no match.
        """
        shift = 0
        if not over and self._undecided(text, pos, stop, partial=True, timeout=TIMEOUT) is not None:
            return WAIT if more else None
        if over or not self._ends:
            match = self._match(text, pos, stop, timeout=TIMEOUT)
        else:
            if self._endless(text, pos, stop, partial=True, timeout=TIMEOUT) is not None:
                return WAIT if more else None
            shift = max(0, pos - LOOK_BEHIND)
            window = text[shift:stop]
            matches = [self._match(window + char, pos - shift, timeout=TIMEOUT) for char in _BEHIND]
            if len({_told(match) for match in matches}) > 1:
                return WAIT if more else None
            match = matches[0]
        if match is None:
            return None
        groups = {key: value for key, value in match.groupdict().items() if value is not None}
        return Match(match.end() + shift, groups)

    def each(self, text: str) -> Iterable[Any]:
        """All matches in a text, one after the other."""
        return self._regex.finditer(text, timeout=TIMEOUT)  # type: ignore[no-any-return]  # untyped


def _told(match: Any) -> object:
    return None if match is None else (match.span(), tuple(match.groups()))


def _compiled(source: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sets that other dialects nest
            return regex.compile(source, regex.DOTALL)
    except (regex.error, OverflowError, RecursionError) as error:
        raise PatternError(f"is no regular expression: {error}") from None
