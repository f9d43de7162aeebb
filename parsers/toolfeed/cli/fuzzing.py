"""`toolfeed fuzz` and `toolfeed check`: grammars under test, a progress display, a verdict.

Exit code 0: nothing was found; 1: something was; 2: a bad argument.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import Refused, reading

if TYPE_CHECKING:
    from ..fuzz import Advice, Format, Run
    from ..fuzz.loop import Finding

_SEED = re.compile(r"(\w+)(?::(\d+))?")


@click.command(short_help="Look for texts that a grammar's parser misreads.")
@click.argument("names", nargs=-1, metavar="[NAME|FILE.toml]...")
@click.option(
    "--seconds", metavar="N", type=click.FloatRange(min=0), default=30, show_default=True, help="How long to look."
)
@click.option("--seed", metavar="S[:NUMBER]", help="Replay a run, or the one case of it that a finding names.")
@click.option("--law", "laws", metavar="LAW", multiple=True, help="Look at this law only; may be given several times.")
@click.option("--quiet", "-q", is_flag=True, help="Seed, findings and verdict only.")
def fuzz(names: tuple[str, ...], seconds: float, seed: str | None, laws: tuple[str, ...], quiet: bool) -> None:
    """Write turns of the formats (all of them if none is named), damage them, cut them, and hold eleven laws against
    what their parsers tell. What breaks a law is made as small as it can be and printed as an `[[examples]]` entry."""
    from ..fuzz import LAWS, Run, entry, verdict
    from ..fuzz.reading import counted
    from ..fuzz.report import counts, unjudged

    known = [law.key for law in LAWS]
    for law in laws:
        if law not in known:
            raise Refused(f"--law takes one of {', '.join(known)}, not {law!r}")
    seed = seed if seed is not None else str(time.time_ns() % 10**6)
    parsed = _SEED.fullmatch(seed)
    if parsed is None:
        raise Refused(f"--seed takes what a finding names, such as 17 or 17:2931, not {seed!r}")
    tested = load(names)
    run = Run(tested, seed=parsed.group(1), laws=laws or None)
    if parsed.group(2) is not None:
        run.replay(int(parsed.group(2)))
    else:
        with progress(run, seconds, quiet):
            found = [finding for one in tested for finding in examples(one)] if "1" in (laws or "1") else []
            run.findings += found
            run.run(seconds)
    click.echo(f"seed {parsed.group(1)}")
    if not quiet:
        for key, title, cases, parses, findings in counts(run):
            told = counted(findings, "finding") if findings else ""
            click.echo(f"  {key:>9}  {title:<38} {cases:>9,} cases {parses:>11,} parses  {told}".rstrip())
        for name, kinds in run.delays.items() if len(tested) <= 3 else ():
            for kind, delay in kinds.items():
                click.echo(f"  {name}: {kind} waits for {delay.mean:.2f} characters on average, {delay.worst} at most")
    for line in unjudged(run):
        click.echo(line)
    for finding in run.findings:
        click.echo(f"\n{entry(finding)}")
    click.echo(("\n" if run.findings else "") + verdict(run))
    if run.findings:
        sys.exit(1)


def load(names: Iterable[str]) -> list[Format]:
    """The formats to test, each with the markers of all others."""
    from ..fuzz import Format
    from ..fuzz.texts import markers_of
    from ..grammar import Grammar
    from ..registry import formats

    shipped = [info.name for info in formats()]
    markers: dict[str, None] = {}
    for name in shipped:
        markers.update(dict.fromkeys(markers_of(Grammar.load(name))))
    tested: list[Format] = []
    for name in names or shipped:
        with reading(name):
            tested.append(Format.load(name, tuple(markers)))
    return tested


def examples(format: Format) -> Iterator[Finding]:
    """Examples that do not mean what they say, or not wherever they are cut in two."""
    from ..errors import ToolfeedError
    from ..fuzz.examples import mistakes, two_cuts
    from ..fuzz.laws import whole
    from ..fuzz.loop import Finding
    from ..fuzz.reading import Violation

    for example, case in zip(format.grammar.examples, format.examples, strict=True):
        try:
            told = whole(case)
            wrong = next(mistakes(example, told), None)
            if wrong is None:
                two_cuts(case, told)
                continue
            law, cuts = "10", None
        except Violation as violation:
            law, wrong, cuts = violation.law, violation.message, violation.cuts
        except ToolfeedError as error:
            law, wrong, cuts = "7", str(error), None
        yield Finding(format.name, law, f"example {example.case!r}: {wrong}", case, cuts, "0", format.source)


@contextmanager
def progress(run: Run, seconds: float, quiet: bool) -> Generator[None]:
    """On a terminal, a bar with what has been done; elsewhere nothing."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from ..fuzz.reading import counted

    columns = (TextColumn("{task.description:24}"), BarColumn(), TextColumn("{task.fields[done]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("examples", total=seconds or 1, done="")

        def show(run: Run) -> None:
            found = counted(len(run.findings), "finding") if run.findings else "nothing found"
            done = f"{counted(run.cases, 'case')}, {counted(run.parses, 'parse')}, {found}"
            bar.update(task, completed=min(run.seconds, seconds), description=run.current, done=done)

        run.progress = show
        try:
            yield
        finally:
            run.progress = None


@click.command(short_help="Say what is wrong with a grammar, and what to change.")
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE.toml...")
def check(names: tuple[str, ...]) -> None:
    """Look for what can be found without fuzzing: examples that do not hold, markers that mean two things or begin
    alike, openers that ordinary text holds, turns that read otherwise than they were written, states that nothing
    ends."""
    from ..fuzz.static import check as check_grammar

    problems = 0
    for name in names:
        with reading(name):
            found = check_grammar(Path(name) if name.endswith(".toml") else name)
        problems += sum(advice.severity == "problem" for advice in found)
        for advice in found:
            click.echo(told(name, advice))
        if not found:
            click.echo(f"{name}: nothing to say")
    if problems:
        sys.exit(1)


def told(name: str, advice: Advice) -> str:
    """A piece of advice as a compiler would say it."""
    place = name if advice.line is None else f"{name}:{advice.line}"
    return ": ".join(part for part in (place, advice.severity, advice.key, advice.message) if part)
