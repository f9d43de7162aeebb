"""Many ways of cutting a text, decided at once.

A text can be cut at k offsets in 2^k ways; they need not all be read. Let s(i) be the state of a parser that has read
the text up to the i-th offset, cut at each offset before it. If for all i < j a copy of s(i) that is fed what stands
between them tells what was told between them and comes to the state s(j), then by induction every way of cutting at
these offsets tells the same. Where it comes to another state, it reads on, in as many more pieces as the way may have,
until it meets a known state again or the text ends. So each way of so many pieces is read to its end, or to a state
from which the end has been read.

States are compared by what the parser's slots hold; lists of text count as the text that they add up to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, reduce
from math import comb
from operator import attrgetter, eq
from types import BuiltinMethodType, MethodType
from typing import Any, Final, cast

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta
from ..parser import Parser
from ..sink import Sink
from .cases import Case
from .reading import Told, merged, same

# Lists of text that was kept, in pieces as it came.
_TEXTS: Final = ("_spec", "_held", "_pieces", "_json", "_json_written", "_out", "_run")
# Set anew before they are read again: where the run of text begins that the fragment lets through, and where in the
# fragment an undecided brace stands; for those who tell events, of which kind the last run was.
_SCRATCH: Final = frozenset({"_start", "_from", "_cut"})
_SCRATCH_OF_EVENTS: Final = _SCRATCH | {"_kind"}


def ways(offsets: int, cuts: int) -> int:
    """In how many ways a text can be cut at up to so many of so many offsets, not to cut it at all among them."""
    return sum(comb(offsets, count) for count in range(cuts + 1))


def every_cut(case: Case, parser: Parser, expected: Told) -> int:
    """Every way of cutting the text at all, as far as states show it, and into up to three pieces; see `decide`."""
    return decide(case, parser, expected, range(1, len(case.text)), cuts=2)


def decide(case: Case, parser: Parser, expected: Told, offsets: Iterable[int], *, cuts: int) -> int:
    """Decide every way of cutting the text at up to `cuts` of these offsets, which are in order and inside it; where
    states show it, at any of them. `parser`: made for the case and not fed; `expected`: what the text tells uncut.
    How many fragments were read. Raises Violation with the cuts of a way that tells otherwise."""
    sweep = _Sweep(case, parser, expected, offsets)
    for i in range(len(sweep.steps)):
        sweep.from_known(i, cuts)
    return sweep.read


class _Sweep:
    """`ends`: the offsets, with both ends of the text. `states`: what has read up to each, cut at all before it;
    `steps`: what was told between one and the next."""

    def __init__(self, case: Case, parser: Parser, expected: Told, offsets: Iterable[int]) -> None:
        self.case = case
        self.expected = expected
        self.ends = (0, *offsets, len(case.text))
        self.states = [parser]
        self.steps: list[list[Event]] = []
        self.read = 0
        for i in range(len(self.ends) - 1):
            parser = parser.copy()
            self.steps.append(self.feed(parser, i, i + 1))
            self.states.append(parser)
        self.finish(parser.copy(), self.steps, self.ends[1:-1])

    def feed(self, parser: Parser, i: int, j: int) -> list[Event]:
        """What the parser tells of the fragment between two ends."""
        self.read += 1
        return parser.feed(self.case.text[self.ends[i] : self.ends[j]])

    def finish(self, parser: Parser, events: Iterable[list[Event]], cuts: tuple[int, ...]) -> None:
        every = [*(event for step in events for event in step), *parser.finish(self.case.finish)]
        same(self.expected, Told(merged(every), parser.notes), cuts)

    def from_known(self, i: int, cuts: int) -> None:
        """All fragments that begin at a known state. One that ends at the next is how the next came to be."""
        left = cuts if i == 0 else cuts - 1  # the way to the state may have been one fragment
        between = self.steps[i]
        for j in range(i + 2, len(self.ends)):
            between = joined(between, self.steps[j - 1])
            parser = self.states[i].copy()
            events = self.feed(parser, i, j)
            if events != between or not same_state(parser, self.states[j]):
                self.read_on(parser, i, [j], [events], left - 1)

    def read_on(self, parser: Parser, i: int, at: list[int], told: list[list[Event]], left: int) -> None:
        """A parser that was fed fragments of its own from the i-th state on, which ended `at` these, and told this: it
        reads the rest, in one piece and in up to `left` more, until it is where another has been."""
        j, last = at[-1], len(self.ends) - 1
        if left > 0:
            between = self.between(i, j)
            for k in range(j + 1, last):
                between = joined(between, self.steps[k - 1])
                twin = parser.copy()
                events = [*told, self.feed(twin, j, k)]
                if not same_state(twin, self.states[k]) or reduce(joined, events) != between:
                    self.read_on(twin, i, [*at, k], events, left - 1)
        rest = [self.feed(parser, j, last)] if j < last else []
        cuts = [*range(1, i + 1), *(end for end in at if end < last)]
        self.finish(parser, [*self.steps[:i], *told, *rest], tuple(self.ends[k] for k in cuts))

    def between(self, i: int, j: int) -> list[Event]:
        """What is told from one known state to another."""
        return reduce(joined, self.steps[i:j])


def joined(told: list[Event], more: list[Event]) -> list[Event]:
    """What two fragments tell, as one would: the last delta of the first and the first of the second are one if they
    are of one kind."""
    if not told or not more:
        return told or more
    last, first = told[-1], more[0]
    one: Event
    if type(last) is not type(first):
        return told + more
    if isinstance(last, ContentDelta | ReasoningDelta) and isinstance(first, ContentDelta | ReasoningDelta):
        one = type(last)(last.text + first.text)
    elif isinstance(last, ArgumentsDelta) and isinstance(first, ArgumentsDelta) and last.index == first.index:
        one = ArgumentsDelta(last.index, last.text + first.text)
    else:
        return told + more
    return [*told[:-1], one, *more[1:]]


def same_state(one: Parser, other: Parser) -> bool:
    """Whether two parsers hold the same, so that they will tell the same of the same text."""
    # A lane keeps text unread as long as nothing in it is told; asking what is held reads it.
    return one.held == other.held and _same("", one, other)


def _same(name: str, one: Any, other: Any) -> bool:
    """Whether the values of a slot are the same. A plain value, a shared table or function is the same object, or an
    equal one; what has slots of its own, and may change, is compared by them."""
    kind = one.__class__
    if kind is not other.__class__:
        return False
    if kind is list:
        if name in _TEXTS and all(type(item) is str for item in (*one, *other)):
            return "".join(one) == "".join(other)
        return len(one) == len(other) and all(_same("", *pair) for pair in zip(one, other, strict=True))
    if kind is MethodType:
        return one.__func__ is other.__func__ and _same("", one.__self__, other.__self__)
    if kind is BuiltinMethodType:  # of a compiled class, or of a pattern
        return one.__name__ == other.__name__ and _same("", one.__self__, other.__self__)
    module = kind.__module__
    if kind is not Parser and ".codecs." not in module and not module.endswith((".sink", ".coercion")):
        return bool(one == other)
    names, read = _slots(cast("object", kind))
    scratch = _SCRATCH_OF_EVENTS if kind is Parser or kind is Sink else _SCRATCH
    own, its = read(one), read(other)
    alike = [*map(eq, own, its)]  # most are, and so they are found without a step of Python for each
    place = -1
    for _ in range(alike.count(False)):
        place = alike.index(False, place + 1)
        slot = names[place]
        if slot not in scratch and not _same(slot, own[place], its[place]):
            return False
    return True


@cache
def _slots(kind: object) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The slots of a class, those of its bases too, and what reads all of them. A compiled class has mypyc's list."""
    slots: dict[str, None] = {}
    for base in cast("type", kind).__mro__:
        slots.update(dict.fromkeys(getattr(base, "__slots__", getattr(base, "__mypyc_attrs__", ()))))
    names = ("__class__", "__class__", *slots)  # what reads a single one would give no tuple
    return names, attrgetter(*names)
