"""The laws (docs: the README's list) as oracles: each takes a case and raises a `Violation` if it does not hold there.

An oracle draws what it needs (cuts, places for copies) from the Random that it is given, so a seed replays it. A text
that breaks the parser itself is a violation of law 7, whichever oracle meets it.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..codecs.json_value import HOLD
from ..errors import CannotExpress
from ..events import Event
from ..limits import Limits
from ..parser import Parser
from .cases import Case, Format, parser_of, with_tools
from .cutting import decide, every_cut, ways
from .reading import Reading, Told, Violation, counted, merged, require, same, shown, tell, values, work
from .reference import Disagreement, reference
from .texts import ODDITIES, cut, cuts_of, pieces, random_cuts, some_offsets
from .waiting import check_start, check_waiting

Check = Callable[[Format, Case, random.Random], int]


class Law(NamedTuple):
    """`check` returns how many texts it has parsed. Every how many cases it runs: `every`."""

    key: str
    title: str
    every: int
    check: Check


def whole(case: Case, **options: Any) -> Told:
    """The case in one fragment, unwatched."""
    return tell(parser_of(case, **options), (case.text,), case.finish)


def guarded(law: Law, format: Format, case: Case, rng: random.Random) -> int:
    """Run an oracle, unless the format leaves its law out. What the parser raises is a violation of law 7."""
    if law.key in format.unjudged:
        return 0
    try:
        return law.check(format, case, rng)
    except (Violation, KeyboardInterrupt, MemoryError):
        raise
    except CannotExpress as error:
        raise Violation("10", f"a turn that was written is refused: {error}") from error
    except Exception as error:
        raise Violation("7", f"{type(error).__name__}: {error}") from error


# -- law 1 -------------------------------------------------------------------------------------------------------------

OFFSETS: Final = 14  # of a text: in 470 ways it is cut at up to three of them
STRAIGHT: Final = 6  # ways that are read without copies, which leave a lane


def cuts_do_not_matter(format: Format, case: Case, rng: random.Random) -> int:
    """Every way of cutting the text at some offsets into up to four pieces, single characters, and random fragments,
    some of them empty. A way is a parse: it is read to its end, or to a state from which the end has been read."""
    case = with_tools(case)
    expected = whole(case)
    text = case.text
    offsets = some_offsets(text, rng, OFFSETS)
    decide(case, parser_of(case), expected, offsets, cuts=3)
    some = [rng.sample(offsets, min(rng.randint(1, 3), len(offsets))) for _ in range(STRAIGHT)]
    straight = [cut(text, sorted(chosen)) for chosen in some]
    for fragments in (*straight, list(text), random_cuts(text, rng)):
        same(expected, tell(parser_of(case), fragments, case.finish), cuts_of(fragments))
    return ways(len(offsets), cuts=3) + 2


def every_cut_is_the_same(format: Format, case: Case, rng: random.Random) -> int:
    """Every way of cutting a text at all, shown by states that are the same wherever the text was cut before. Only the
    fragments that were read for it count as parses."""
    if len(case.text) > 160:
        return 0
    case = with_tools(case)
    return every_cut(case, parser_of(case), whole(case))


# -- laws 3 to 7 -------------------------------------------------------------------------------------------------------


def nothing_is_lost(format: Format, case: Case, rng: random.Random) -> int:
    """Tiles cover the text and agree with what is told, the same for every cut; watching changes nothing."""
    first = Reading(case.grammar, traced=True, **case.options)
    told = first.read((case.text,), case.finish)
    same(whole(case), told, (), "3")
    fragments = random_cuts(case.text, rng)
    second = Reading(case.grammar, traced=True, **case.options)
    same(told, second.read(fragments, case.finish), cuts_of(fragments), "1")
    if first.merged_tiles != second.merged_tiles:
        raise Violation("3", f"tiles {first.merged_tiles}; so cut {second.merged_tiles}", cuts_of(fragments))
    return 3


def arguments_are_json(format: Format, case: Case, rng: random.Random) -> int:
    """At every moment a prefix of one object, at a complete end that object; and `closing_suffix` closes it. By the
    character, so that half an escape would show."""
    reading = Reading(case.grammar, previews=True, **case.options)
    reading.read(case.text, case.finish)
    return 1


def written_is_kept(format: Format, case: Case, rng: random.Random) -> int:
    """Where arguments are JSON, those without a note stand in the text as they are told (or inside a JSON string)."""
    told = whole(case)
    if not format.takes_json or case.options.get("repair"):  # what is repaired may be a notation of its own
        return 1
    for (_, arguments, status), end in zip(told.calls, told.ends, strict=True):
        if status == "complete" and not end.notes and arguments != "{}" and arguments not in case.text:
            quoted = json.dumps(arguments)[1:-1]
            inside = quoted in case.text or quoted.replace("\\\\", "\\") in case.text or '"{' in case.text
            require(inside, "5", f"the text does not hold these arguments: {shown(arguments)}")
    return 1


def well_formed(format: Format, case: Case, rng: random.Random) -> int:
    """Indices, starts, ends, names and ids, deltas that are neither empty nor split (`Reading` looks)."""
    for fragments in ((case.text,), random_cuts(case.text, rng, longest=30)):
        Reading(case.grammar, **case.options).read(fragments, case.finish)
    return 2


def total(format: Format, case: Case, rng: random.Random) -> int:
    """Nothing raises, wherever the text ends; each call that has started ends there."""
    reading = Reading(case.grammar, **case.options)
    at = [rng.randint(0, len(case.text)) for _ in range(4)]
    for i, char in enumerate(case.text):
        if i in at:
            twin = reading.parser.copy()
            twin.feed(rng.choice(("\ud83d", "\x00", "\\", '"', "\\u", "{[", "}")))
            twin.finish(rng.choice((None, "stop", "length")))
            cut_off = reading.parser.copy()
            cut_off.finish()
            require(cut_off.held == 0, "7", "text is held after the end")
        reading.feed(char)
    reading.finish(case.finish)
    return 1 + 2 * len(at)


# -- law 8 -------------------------------------------------------------------------------------------------------------

SIZE: Final = 3000  # characters; more than Limits.header, which bounds what is looked at again and again
TIMES: Final = 4
LONG: Final = 10_000  # where time is measured: what happens inside one function call is not counted
LONGER: Final = 6


def linear(format: Format, case: Case, rng: random.Random) -> int:
    """A piece of the text again and again, at its place: four times the text is about four times the work (function
    calls, those written in C too); often, six times a long text about six times the time. What is held is
    bounded."""
    text = case.text
    if not text:
        return 0
    i = rng.randint(0, len(text) - 1)
    unit = text[i : i + rng.choice((1, 2, 5, 30))]
    size = rng.choice((0, 4, 4, 16))

    def repeated(length: int) -> str:
        return text[:i] + unit * (length // len(unit))

    little, much = (work(_reader(case, repeated(length), size)) for length in (SIZE, SIZE * TIMES))
    if much > little * TIMES * 2:
        raise Violation("8", f"{TIMES} times {shown(unit)} at {i} is {much / little:.1f} times the work")
    parses = 2
    if rng.random() < 0.5:
        short, long = (_reader(case, repeated(length), size) for length in (LONG, LONG * LONGER))
        before, after = _seconds(short), _seconds(long)
        parses += 2
        if after > max(0.3, before * LONGER * 2.5):  # once more, if the machine was only busy
            before, after = min(_seconds(short) for _ in range(2)), _seconds(long)
            parses += 3
            if after > before * LONGER * 2.5:
                raise Violation("8", f"{LONGER} times {shown(unit)} at {i} takes {after / before:.1f} times as long")
    return parses + _bounded(format, case, text[:i] + unit * (2 * HOLD // len(unit)))


def _reader(case: Case, text: str, size: int) -> Callable[[], None]:
    """Reads a text in fragments of this size; 0: whole."""
    fragments = pieces(text, size) if size else [text]
    limits = Limits(digits=1000)

    def read() -> None:
        parser = parser_of(case, limits=limits)
        for fragment in fragments:
            parser.feed(fragment)
        parser.finish()

    return read


def _seconds(read: Callable[[], None]) -> float:
    gc.disable()
    try:
        start = time.process_time()
        read()
        return time.process_time() - start
    finally:
        gc.enable()


def _bounded(format: Format, case: Case, text: str) -> int:
    """With small limits little is held, after every character."""
    limits = Limits(name=20, header=40, hold=200, raw=20, calls=5, digits=30)
    # A bare value in object notation waits for up to 1,000 characters, and a header for 256.
    longest = max(len(marker) for marker in format.markers)
    bound = limits.hold + 2 * limits.header + limits.name + 2 * longest
    bound += 256 if case.grammar.messages is not None else 0
    bound += 1000 if case.grammar.calls.strings else 0
    parser = parser_of(case, limits=limits)
    for i, char in enumerate(text):
        parser.feed(char)
        most = bound + HOLD if parser.state == "call" else bound  # a comma and the whitespace behind it
        require(parser.held <= most, "8", f"{counted(parser.held, 'character')} held after {shown(text[: i + 1])}")
    parser.finish()
    return 1


# -- laws 9 to 11 ------------------------------------------------------------------------------------------------------


COPIES: Final = 4


class _Twin:
    """A copy that reads on by itself: taken at `place`, it has read up to `read`, and told this."""

    def __init__(self, parser: Parser, place: int, told: list[Event]) -> None:
        self.parser = parser
        self.place = place
        self.read = place
        self.told = told

    def feed(self, text: str, end: int) -> None:
        if end > self.read:
            self.told += self.parser.feed(text[self.read : end])
            self.read = end


def copies_agree(format: Format, case: Case, rng: random.Random) -> int:
    """Copies taken anywhere tell what their original tells, in other fragments, and none touches another; nor does a
    copy that is fed something else."""
    text = case.text
    expected = whole(case)
    places = {rng.randint(0, len(text)) for _ in range(COPIES)}
    parser = parser_of(case)
    own: list[Event] = []
    twins: list[_Twin] = []
    for at in range(len(text) + 1):
        if at in places:
            twin, spoilt = parser.copy(), parser.copy()
            seen = (twin.held, twin.state, twin.closing_suffix(), twin.notes)
            alike = seen == (parser.held, parser.state, parser.closing_suffix(), parser.notes)
            require(alike, "9", f"a copy at {at} is no twin")
            twins.append(_Twin(twin, at, list(own)))
            for fragment in ('"x', '": 1, "', "}\n</", rng.choice(format.markers), "\n", rng.choice(ODDITIES)):
                spoilt.feed(fragment)
            spoilt.finish()
        own += parser.feed(text[at : at + 1])
        if at % 3 == 2:
            for one in twins:
                one.feed(text, at - 1)
    same(expected, Told(merged([*own, *parser.finish(case.finish)]), parser.notes), (), "9")
    for one in twins:
        one.feed(text, len(text))
        told = Told(merged([*one.told, *one.parser.finish(case.finish)]), one.parser.notes)
        same(expected, told, (one.place,), "9")
    return 1 + 2 * COPIES


def round_trip(format: Format, case: Case, rng: random.Random) -> int:
    """What was written reads back: content, reasoning, names, arguments as values with their digits, ids."""
    meaning = case.meaning
    if meaning is None:
        return 0
    told = whole(case)
    require(told.content == meaning.content, "10", f"content {shown(told.content)}, not {shown(meaning.content)}")
    require(
        told.reasoning == meaning.reasoning, "10", f"reasoning {shown(told.reasoning)}, not {shown(meaning.reasoning)}"
    )
    names = [name for name, _, _ in told.calls]
    require(
        names == [name for name, _, _ in meaning.calls],
        "10",
        f"calls of {names}, not of {[c[0] for c in meaning.calls]}",
    )
    for (name, arguments, status), (_, wanted, id_), start, end in zip(
        told.calls, meaning.calls, told.starts, told.ends, strict=True
    ):
        require(status == "complete", "10", f"the call of {name} is {status}: {end.error}")
        require(values(arguments) == values(wanted), "10", f"arguments {shown(arguments)}, not {shown(wanted)}")
        require(id_ is None or start.id == id_, "10", f"the id {start.id!r}, not {id_!r}")
        missing = {"closer_missing", "opener_missing"} & set(end.notes)
        require(not missing, "10", f"a written call is noted: {sorted(missing)}")
        if format.takes_json:
            require(arguments == wanted, "5", f"arguments were written {shown(wanted)} and told {shown(arguments)}")
    return 1


def agrees_with_the_reference(format: Format, case: Case, rng: random.Random) -> int:
    """On a text that was written, a parser that shares no code with this one comes to the same."""
    if case.meaning is None:
        return 0
    told = whole(case)
    try:
        read = reference(case.grammar, case.text, **case.options)
    except (Disagreement, LookupError, ValueError, StopIteration, RecursionError) as error:
        raise Violation("reference", f"the reference parser cannot read it: {error!r}") from error
    require(told.content == read.content, "reference", f"content {shown(told.content)}; {shown(read.content)}")
    require(
        told.reasoning == read.reasoning, "reference", f"reasoning {shown(told.reasoning)}; {shown(read.reasoning)}"
    )
    calls = [(name, values(arguments)) for name, arguments, _ in told.calls]
    require(calls == read.calls, "reference", f"calls {calls}; {read.calls}")
    return 1


_RUNS: Final = ("exec", "compile", "import", "open", "pickle.find_class", "os.system", "subprocess.Popen")
_audit: Final[list[str]] = []
_auditing: Final = [False, False]  # installed, switched on


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _auditing[1] and event in _RUNS:
        _audit.append(f"{event} {arguments[:1]}")


HOSTILE: Final = (
    """__import__("os").system("true") exec('1') [f(a=__import__('os')), g(b=open('/etc/passwd'))] {{1+1}} ${x} `id`"""
)


def no_code_runs(format: Format, case: Case, rng: random.Random) -> int:
    """Reading runs, opens and imports nothing. An audit hook cannot be taken away, so it is switched off."""
    if not _auditing[0]:
        sys.addaudithook(_hook)
        _auditing[0] = True
    whole(case)  # what is compiled and imported on first use
    for text in (case.text, case.text[: rng.randint(0, len(case.text))] + HOSTILE):
        parser = parser_of(case)
        _audit.clear()
        _auditing[1] = True
        try:
            parser.feed(text)
            parser.finish(case.finish)
        finally:
            _auditing[1] = False
        require(not _audit, "11", f"reading ran or opened something: {_audit[:3]}")
    return 3


def streams(format: Format, case: Case, rng: random.Random) -> int:
    """What is held could still become two things, and a call starts at once (`waiting`)."""
    return check_start(format, case) + check_waiting(format, case, rng)


LAWS: Final = (
    Law("1", "Cuts do not matter", 1, cuts_do_not_matter),
    Law("2", "Nothing waits that is decided", 12, streams),
    Law("3", "Nothing is lost", 3, nothing_is_lost),
    Law("4", "Arguments are JSON", 3, arguments_are_json),
    Law("5", "What the model wrote is kept", 3, written_is_kept),
    Law("6", "Well formed", 3, well_formed),
    Law("7", "Total", 3, total),
    Law("8", "Linear", 40, linear),
    Law("9", "Copies agree", 3, copies_agree),
    Law("10", "Round trip", 1, round_trip),
    Law("11", "No code runs", 30, no_code_runs),
    Law("every cut", "Law 1 for every way of cutting at all", 150, every_cut_is_the_same),
    Law("reference", "The reference parser agrees", 2, agrees_with_the_reference),
)
BY_KEY: Final = {law.key: law for law in LAWS}

__all__ = ["BY_KEY", "LAWS", "Law", "agrees_with_the_reference", "guarded", "values", "whole"]
