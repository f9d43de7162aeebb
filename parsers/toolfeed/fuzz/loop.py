"""The seeded loop: case after case of each format, each law on its share of them, until the time is over.

Case number `n` of a format under a seed is the same in every run: its Random, and that of every law, is seeded with
both and the format's name. So a finding is replayed by its seed and number, whatever else the run did.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from .cases import Case, Format
from .generate import Generator
from .laws import LAWS, Law, guarded
from .reading import Violation
from .shrink import shrink
from .waiting import Delay, delays

POOL: Final = 6  # written turns that the cases of one block share
BLOCK: Final = 24
TURN: Final = 0.25  # seconds, until the next format has its turn
MOST: Final = 3  # findings of one law and format are kept


class Finding(NamedTuple):
    """A case in which a law does not hold, as small as it could be made. `seed`: what replays it; `source`: what the
    format is loaded by, if that is not its name."""

    format: str
    law: str
    message: str
    case: Case
    cuts: tuple[int, ...] | None
    seed: str
    source: str = ""


class Count(NamedTuple):
    """How often a law was looked at, and how many texts were parsed for it."""

    cases: int = 0
    parses: int = 0


class Run:
    """A run over some formats. `laws`: keys of those to look at, None for all. `progress`: called now and then;
    `found`: called with each finding the moment it is made."""

    def __init__(
        self,
        formats: Sequence[Format],
        *,
        seed: int | str = 0,
        laws: Iterable[str] | None = None,
        progress: Callable[[Run], object] | None = None,
        found: Callable[[Finding], object] | None = None,
        shrinking: bool = True,
    ) -> None:
        keys = None if laws is None else set(laws)
        self.formats = list(formats)
        self.seed = str(seed)
        self.laws = [law for law in LAWS if keys is None or law.key in keys]
        self.counts: dict[str, Count] = {law.key: Count() for law in self.laws}
        self.findings: list[Finding] = []
        self.repeated = 0  # findings like those that were kept
        self.cases = 0
        self.parses = 0
        self.characters = 0
        self.seconds = 0.0
        self.delays: dict[str, dict[str, Delay]] = {own.name: {} for own in self.formats}
        self.current = ""
        self.progress = progress
        self.found = found
        self._shrinking = shrinking
        self._next: dict[str, int] = {own.name: 0 for own in self.formats}
        self._pools: dict[str, tuple[int, list[Case]]] = {}

    def run(self, seconds: float, *, stop_at_first: bool = False) -> None:
        """Go on for about so many seconds; each format has its turn at least once."""
        start = time.monotonic()
        before = self.seconds
        while self.formats:
            for own in self.formats:
                self.current = own.name
                turn = time.monotonic()
                while True:
                    self.one(own, self._next[own.name])
                    self._next[own.name] += 1
                    now = time.monotonic()
                    if now - turn > TURN or (stop_at_first and self.findings):
                        break
                self.seconds = before + now - start
                if self.progress is not None:
                    self.progress(self)
                if stop_at_first and self.findings:
                    return
            if self.seconds - before >= seconds:
                return

    def replay(self, number: int) -> None:
        """One case of each format, and all laws on it."""
        for own in self.formats:
            self.one(own, number, everything=True)

    def one(self, format: Format, number: int, *, everything: bool = False) -> None:
        """Case `number` of a format."""
        try:
            case = self.case(format, number)
        except Exception as error:  # noqa: BLE001 - the writer reads what it writes
            broken = Violation("7", f"while a turn is written: {type(error).__name__}: {error}")
            empty = Case(format.grammar, "written", "")
            self._found(self.laws[0], format, empty, broken, "", f"{self.seed}:{number}")
            return
        self.cases += 1
        self.characters += len(case.text)
        turn = number + zlib.crc32(format.name.encode())  # rare laws not at the same case of all formats
        for place, law in enumerate(self.laws):
            if everything or (turn + 7 * place) % law.every == 0 or len(self.laws) == 1:
                self._look(law, format, case, number)
        if case.meaning is not None and case.text and number % 8 == 0:
            self._delays(format, case)

    def case(self, format: Format, number: int) -> Case:
        """Case `number` of a format under this seed."""
        block = number // BLOCK
        known = self._pools.get(format.name)
        if known is None or known[0] != block:
            rng = random.Random(f"{self.seed} {format.name} block {block}")
            known = (block, [Generator(format, rng).written() for _ in range(POOL)])
            self._pools[format.name] = known
        return Generator(format, random.Random(f"{self.seed} {format.name} {number}")).case(known[1])

    def check(self, format: Format, cases: Iterable[Case], seed: str = "example") -> None:
        """All laws on these cases."""
        for number, case in enumerate(cases):
            for law in self.laws:
                self._look(law, format, case, number, seed)

    def _look(self, law: Law, format: Format, case: Case, number: int, seed: str | None = None) -> None:
        name = f"{self.seed} {format.name} {number} {law.key}"
        try:
            parses = guarded(law, format, case, random.Random(name))
        except Violation as violation:
            parses = 1
            self._found(law, format, case, violation, name, f"{self.seed}:{number}" if seed is None else seed)
        cases, known = self.counts[law.key]
        self.counts[law.key] = Count(cases + bool(parses), known + parses)
        self.parses += parses

    def _found(self, law: Law, format: Format, case: Case, violation: Violation, name: str, seed: str) -> None:
        alike = [found for found in self.findings if (found.format, found.law) == (format.name, violation.law)]
        if len(alike) >= MOST:
            self.repeated += 1
            return
        if self._shrinking and case.text:
            case, violation = shrink(law, format, case, violation, name)
        if any(found.case.text == case.text for found in alike):
            self.repeated += 1
            return
        self.add(Finding(format.name, violation.law, violation.message, case, violation.cuts, seed, format.source))

    def add(self, finding: Finding) -> None:
        """Keep a finding, and tell it."""
        self.findings.append(finding)
        if self.found is not None:
            self.found(finding)

    def smallest(self, finding: Finding) -> Finding:
        """The same finding with less text, if a run that does not shrink has made it."""
        own = next(own for own in self.formats if own.name == finding.format)
        number = finding.seed.partition(":")[2]
        law = next((law for law in self.laws if law.key == finding.law), self.laws[0])
        violation = Violation(finding.law, finding.message, finding.cuts)
        case, violation = shrink(law, own, finding.case, violation, f"{self.seed} {own.name} {number} {law.key}")
        return finding._replace(case=case, message=violation.message, cuts=violation.cuts)

    def _delays(self, format: Format, case: Case) -> None:
        try:
            found = delays(case)
        except Exception:  # noqa: BLE001 - what a law is broken by is the laws' business
            return
        for kind, delay in found.items():
            known = self.delays[format.name]
            known[kind] = known.get(kind, Delay()) + delay
