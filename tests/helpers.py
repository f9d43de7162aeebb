"""What the tests share: the turns of all formats, and the fuzz suite by the name of a format.

`toolfeed.fuzz` has ways of cutting and damaging texts, a parser under observation, and the laws.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeVar

import pytest

import toolfeed
from toolfeed import CannotExpress, Grammar, parser
from toolfeed.fuzz import Case, Format, cases, reading, texts
from toolfeed.grammar import Example, signature
from toolfeed.registry import grammar_folder

WHITESPACE = " \t\r\n"
Told = reading.Told
TOOLS, LIMITS, ODDITIES = cases.TOOLS, cases.LIMITS, texts.ODDITIES
options_of, random_options = cases.options_of, cases.random_options
Judge, merged, number_ids, work = reading.Judge, reading.merged, reading.number_ids, reading.work
damage, pieces, random_cuts = texts.damage, texts.pieces, texts.random_cuts


def is_compiled() -> bool:
    """Whether the parser that is tested is the compiled one."""
    return not parser.__file__.endswith(".py")


# -- turns -------------------------------------------------------------------------------------------------------------


def format_names() -> list[str]:
    """The shipped formats, also those whose file cannot be loaded: that is test_registry's business alone."""
    return sorted(path.stem for path in grammar_folder().glob("*.toml"))


@cache
def grammar_of(name: str) -> Grammar:
    return Grammar.load(name)


class Turn(NamedTuple):
    """A text and the options it is read with."""

    format: str
    case: str
    text: str
    options: dict[str, Any]
    finish: Any = None

    @property
    def grammar(self) -> Grammar:
        return grammar_of(self.format)

    @property
    def as_case(self) -> Case:
        return Case(self.grammar, self.case, self.text, self.options, self.finish)

    def __repr__(self) -> str:
        return f"{self.format}: {self.case}"


@cache
def examples_of(name: str) -> tuple[tuple[Example, Turn], ...]:
    try:
        examples = grammar_of(name).examples
    except toolfeed.ToolfeedError:
        return ()  # test_registry loads each
    return tuple(
        (example, Turn(name, example.case, example.text, options_of(example), example.finish)) for example in examples
    )


@cache
def turns_of(name: str) -> tuple[Turn, ...]:
    """Every turn that is known of a format."""
    return tuple(turn for _, turn in examples_of(name))


@cache
def all_turns() -> tuple[Turn, ...]:
    return tuple(turn for name in format_names() for turn in turns_of(name))


@cache
def markers_of(name: str) -> tuple[str, ...]:
    return texts.markers_of(grammar_of(name))


@cache
def format_of(name: str) -> Format:
    return Format(grammar_of(name), every_marker())


@cache
def every_marker() -> tuple[str, ...]:
    """The markers of all formats."""
    found: dict[str, None] = {}
    for name in format_names():
        try:
            found.update(dict.fromkeys(markers_of(name)))
        except toolfeed.ToolfeedError:
            continue
    return tuple(found)


# -- one test for many -------------------------------------------------------------------------------------------------

One = TypeVar("One")


def for_each(every: Iterable[One], check: Callable[[One], object]) -> None:
    """Check each. All that fail are told, each by what it is: thousands of tests of a millisecond would take pytest
    longer than they take."""
    failed: list[Exception] = []
    for one in every:
        try:
            check(one)
        except Exception as error:  # noqa: BLE001 - told below
            error.add_note(f"of {one!r}")
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} fail", failed)


every_format = pytest.mark.parametrize("name", format_names())


def every_turn(test: Callable[[Turn], None]) -> Callable[[str], None]:
    """A test of a turn, for all turns of each format."""

    def test_of_format(name: str) -> None:
        for_each(turns_of(name), test)

    test_of_format.__doc__ = test.__doc__
    return every_format(test_of_format)


# -- cutting and damaging ----------------------------------------------------------------------------------------------


def chars(text: str) -> list[str]:
    return list(text)


def damaged(name: str, count: int, seed: int = 0) -> Iterator[Turn]:
    """Texts of a format with a few things wrong, and the options to read them with; the same ones every time."""
    rng = random.Random(f"{name} {seed}")
    turns = [turn for turn in turns_of(name) if len(turn.text) < 1000] or [Turn(name, "nothing", "", {})]
    own, others = markers_of(name) or ("",), every_marker()
    for number in range(count):
        turn = rng.choice(turns)
        donors = (*own, rng.choice(others), rng.choice(turns).text)
        if number % 5 == 4:  # markers and oddities, and little else
            text = "".join(rng.choice(rng.choice((own, own, ODDITIES))) for _ in range(rng.randint(1, 15)))
        else:
            text = damage(turn.text, rng, donors)
        options = random_options(rng)
        if rng.random() < 0.5 and "tools" in turn.options:
            options["tools"] = turn.options["tools"]
        yield Turn(name, f"{turn.case}, damaged ({number})", text, options, rng.choice((None, None, "stop", "length")))


# -- writing and measuring ---------------------------------------------------------------------------------------------

ASKED = [
    signature("zq_alpha(text: string, number: integer, object: object, list: array)"),
    signature("zq_beta()"),
]


def written(name: str, *calls: tuple[str, str], content: str = "") -> Turn:
    """A turn in which tools of ASKED are called, as the format writes it: without the content, or with the first call
    alone, if it cannot have more. Raises CannotExpress."""
    grammar = grammar_of(name)
    options: dict[str, Any] = {"tools": ASKED}
    if grammar.calls.names == "chosen":
        options["tool_choice"] = {"type": "function", "function": {"name": calls[0][0]}}
    for text, some in ((content, calls), ("", calls)):
        try:
            return Turn(name, "written", grammar.write(text, "", some, tools=ASKED), options)
        except CannotExpress:
            continue
    return Turn(name, "written", grammar.write("", "", calls[:1], tools=ASKED), options)


# -- reading -----------------------------------------------------------------------------------------------------------


class Reading(reading.Reading):
    """The suite's, of a format by its name."""

    def __init__(self, grammar: Grammar | str, **options: Any) -> None:
        super().__init__(grammar if isinstance(grammar, Grammar) else grammar_of(grammar), **options)


def read(turn: Turn, fragments: Iterable[str] | None = None, **options: Any) -> Told:
    """A turn in these fragments (None: whole)."""
    reading = Reading(turn.grammar, **(turn.options | options))
    return reading.read([turn.text] if fragments is None else fragments, turn.finish)
