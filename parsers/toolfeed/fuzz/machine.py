"""Hypothesis on the same generators: texts and cuts that shrink, and a parser that is fed, copied, previewed and
finished in any order. Needs the extra `fuzz`.

    TestHermes = parser_machine(Format.load("hermes")).TestCase
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ..errors import FinishedError
from ..events import Event
from ..parser import Parser
from .cases import Case, Format, parser_of
from .generate import Generator
from .reading import Judge, Reading, Told, merged, require, tell
from .texts import ODDITIES

draws = st.randoms(use_true_random=False)  # a Random whose draws Hypothesis makes, and shrinks


def drawn_case(format: Format, rng: random.Random) -> Case:
    """A case of the format: what `Generator` draws."""
    generator = Generator(format, rng)
    return generator.case([generator.written()])


def fragments(format: Format) -> st.SearchStrategy[str]:
    """Pieces of text that hurt this format's parser."""
    texts = [case.text for case in (*format.canonical, *format.examples) if case.text]
    whole = st.sampled_from(texts or [""])
    part = st.tuples(whole, st.integers(0, 400), st.integers(1, 30)).map(lambda drawn: drawn[0][drawn[1] :][: drawn[2]])
    return st.one_of(
        st.sampled_from(format.markers),
        st.sampled_from(ODDITIES),
        part,
        whole,
        st.text(max_size=4),
        st.characters(categories=["Cs", "Cc"]),
    )


def parser_machine(format: Format) -> type[RuleBasedStateMachine]:
    """A machine that keeps a parser, and beside it the text so far: whatever was done, a new parser that reads that
    text at once tells the same."""

    class ParserMachine(RuleBasedStateMachine):
        @initialize(rng=draws)
        def start(self, rng: random.Random) -> None:
            self.case = case = drawn_case(format, rng)
            self.reading = Reading(case.grammar, previews=True, **case.options)
            self.twins: list[tuple[Parser, str, list[Event]]] = []
            self.rest = case.text

        @rule(size=st.integers(0, 12))
        @precondition(lambda self: not self.reading.finished)
        def feed_the_case(self, size: int) -> None:
            """Go on with the text that was drawn."""
            self.feed(self.rest[:size])
            self.rest = self.rest[size:]

        @rule(fragment=fragments(format))
        @precondition(lambda self: not self.reading.finished)
        def feed_something(self, fragment: str) -> None:
            self.feed(fragment)

        def feed(self, fragment: str) -> None:
            self.reading.feed(fragment)

        @rule()
        @precondition(lambda self: len(self.twins) < 3)
        def copy(self) -> None:
            reading = self.reading
            if not reading.finished:
                self.twins.append((reading.parser.copy(), reading.text, list(reading.events)))

        @rule(fragment=fragments(format), spoil=st.booleans())
        @precondition(lambda self: bool(self.twins))
        def feed_a_copy(self, fragment: str, spoil: bool) -> None:
            """A copy goes its own way; what it tells is what a new parser tells of its text."""
            twin, text, events = self.twins.pop(0)
            events += twin.feed(fragment)
            if spoil:
                self.check(twin, text + fragment, [*events, *twin.finish()], None)
            else:
                self.twins.append((twin, text + fragment, events))

        @rule()
        def preview(self) -> None:
            """`closing_suffix` closes the arguments, and says the same twice."""
            suffix = self.reading.parser.closing_suffix()
            require(suffix == self.reading.parser.closing_suffix(), "9", "a second preview is another")
            index = self.reading.open_call
            if index is not None:
                judge = Judge()
                judge.read(self.reading.arguments(index) + suffix)
                judge.close()

        @rule(reason=st.sampled_from((None, "stop", "length")))
        @precondition(lambda self: not self.reading.finished)
        def finish(self, reason: Any) -> None:
            self.reading.finish(reason)
            self.check(self.reading.parser, self.reading.text, self.reading.events, reason)
            try:
                self.reading.parser.feed("x")
            except FinishedError:
                return
            require(False, "6", "text was read after the end")

        def check(self, parser: Parser, text: str, events: list[Event], reason: Any) -> None:
            told = Told(merged(events), parser.notes)
            expected = tell(parser_of(self.case), (text,), reason)
            require(told == expected, "1", f"{text!r}: {told} is not {expected}")

        def teardown(self) -> None:
            if hasattr(self, "twins"):
                for twin, text, events in self.twins:
                    self.check(twin, text, [*events, *twin.finish()], None)
                if not self.reading.finished:
                    self.finish(None)

    ParserMachine.__name__ = f"{format.name}_machine"
    return ParserMachine
