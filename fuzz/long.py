"""The long run: `python fuzz/long.py --minutes 30`. All formats, the examples first in every way of cutting them, then
the seeded loop. Findings are printed to paste, and kept in a folder if one is given, the moment they are made: a run
that is stopped has told what it found. With `--docs` the counts and the delays go to docs/fuzzing.md. Exit code 1 if
anything was found."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from toolfeed.fuzz import Finding, Format, Run, Violation, corpus, entry, verdict
from toolfeed.fuzz.cases import parser_of
from toolfeed.fuzz.cutting import every_cut, ways
from toolfeed.fuzz.laws import whole
from toolfeed.fuzz.reading import counted
from toolfeed.fuzz.report import counts
from toolfeed.fuzz.texts import markers_of
from toolfeed.grammar import Grammar
from toolfeed.registry import formats

DOCS = Path(__file__).parent.parent / "docs" / "fuzzing.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and say whether anything was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*")
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seed", default=time.strftime("%Y%m%d"))
    options.add_argument("--longest", type=int, metavar="N", help="leave out examples of more characters")
    options.add_argument("--keep", metavar="DIR", help="write what is found there, as fuzz/corpus has it")
    options.add_argument("--docs", action="store_true")
    chosen = options.parse_args(arguments)

    names = chosen.names or [info.name for info in formats()]
    grammars = [Grammar.load(name) for name in names]
    others = tuple(dict.fromkeys(marker for grammar in grammars for marker in markers_of(grammar)))

    def found(finding: Finding) -> None:
        print(f"{entry(finding)}\n", flush=True)
        if chosen.keep is not None:
            corpus.save(finding, finding.message.split(":")[0], chosen.keep)

    run = Run([Format(grammar, others) for grammar in grammars], seed=chosen.seed, progress=show, found=found)
    try:
        cut = every_example(run, chosen.longest)
        volume = loop_of_law_1(run, found, min(VOLUME, chosen.minutes * 60))
        run.run(chosen.minutes * 60)
    except KeyboardInterrupt:
        print(f"stopped: {verdict(run)}")
        return 130
    print(verdict(run))
    print(f"law 1 alone: {verdict(volume)}")
    if chosen.docs:
        write("counts", table(run, cut, volume))
        write("delays", delays(run))
    return 1 if run.findings or volume.findings else 0


class Cut(NamedTuple):
    """How many examples were cut, in how many ways into up to three pieces, and how many fragments decided them."""

    examples: int = 0
    ways: int = 0
    fragments: int = 0
    longest: int | None = None

    def __str__(self) -> str:
        which = "" if self.longest is None else f" of up to {self.longest:,} characters"
        return (
            f"the {self.examples:,} examples{which} in every way of cutting them: {self.ways:,} ways into up to three "
            f"pieces, and all others, decided by {self.fragments:,} fragments"
        )


def every_example(run: Run, longest: int | None) -> Cut:
    """Decide every way of cutting the examples of all formats."""
    done = Cut(longest=longest)
    for own in run.formats:
        for case in own.examples:
            n = len(case.text)
            if longest is not None and n > longest:
                continue
            fragments = 0
            try:
                fragments = every_cut(case, parser_of(case), whole(case))
            except Violation as found:
                run.add(Finding(own.name, found.law, found.message, case, found.cuts, "0", own.source))
            total = done.ways + ways(max(0, n - 1), cuts=2)
            done = Cut(done.examples + 1, total, done.fragments + fragments, longest)
            say(f"{own.name}: {done}, {counted(len(run.findings), 'finding')}")
    say(f"examples: {done}", always=True)
    return done


VOLUME: Final = 60.0  # seconds, at most


def loop_of_law_1(run: Run, found: Callable[[Finding], object], seconds: float) -> Run:
    """The loop with nothing but law 1, over the same formats with other texts: how many parses a core comes to."""
    volume = Run(run.formats, seed=f"{run.seed}volume", laws=["1"], found=found)
    volume.run(seconds)
    return volume


_said = [0.0]


def say(line: str, *, always: bool = False) -> None:
    """To standard error, if a minute has passed since the last line."""
    if always or time.monotonic() - _said[0] > 60:
        _said[0] = time.monotonic()
        print(line, file=sys.stderr, flush=True)


def show(run: Run) -> None:
    """How far the loop is."""
    found = counted(len(run.findings), "finding")
    say(f"{run.seconds:6.0f} s  {run.cases:,} cases, {run.parses:,} parses, {found}")


def table(run: Run, cut: Cut, volume: Run) -> str:
    """The counts, for the docs."""
    machine = f"{platform.python_implementation()} {platform.python_version()}, one core of {os.cpu_count()}"
    lines = [
        f"Seed `{run.seed}`, {machine}: {verdict(run)}.",
        f"With all laws {_rate(run)}.",
        f"Before that, law 1 alone: {verdict(volume)}. {_rate(volume)}.",
        f"And {cut}.",
        "",
        "| law | | cases | parses | findings |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {key} | {title} | {cases:,} | {parses:,} | {found} |" for key, title, cases, parses, found in counts(run)
    ]
    return "\n".join(lines)


def _rate(run: Run) -> str:
    return (
        f"{run.parses / max(run.seconds, 1):,.0f} parses a second of texts of {run.characters / max(run.cases, 1):.0f} "
        "characters on average, the drawing of texts included"
    )


def delays(run: Run) -> str:
    """How long characters wait, for the docs."""
    kinds = ("content", "reasoning", "arguments")
    lines = ["| format | content | reasoning | arguments |", "|---|--:|--:|--:|"]
    for own in run.formats:
        found = run.delays[own.name]
        cells = [f"{found[kind].mean:.2f}, {found[kind].worst}" if kind in found else "" for kind in kinds]
        lines.append(f"| `{own.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(block: str, text: str) -> None:
    """Put text between the marks of a block of the docs."""
    page = DOCS.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {block} -->\n).*?(<!-- /{block} -->)", re.DOTALL)
    assert marks.search(page), block
    DOCS.write_text(marks.sub(lambda found: f"{found.group(1)}{text}\n{found.group(2)}", page), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
