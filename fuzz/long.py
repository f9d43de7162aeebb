"""The long run: `python fuzz/long.py --minutes 30`. All formats, the examples first at every cut in three, then the
seeded loop. Findings are printed to paste, and kept in a folder if one is given, the moment they are made: a run that
is stopped has told what it found. With `--docs` the counts and the delays go to docs/fuzzing.md. Exit code 1 if
anything was found."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from toolfeed.fuzz import Finding, Format, Run, Violation, corpus, entry, verdict
from toolfeed.fuzz.examples import three_cuts
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
    options.add_argument("--longest", type=int, default=120, help="examples up to this are cut in three everywhere")
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
        cut = sum(cut_in_three(run, own, chosen.longest) for own in run.formats)
        print(f"examples: {cut:,} ways of cutting in three", file=sys.stderr)
        run.run(chosen.minutes * 60)
    except KeyboardInterrupt:
        print(f"stopped: {verdict(run)}")
        return 130
    print(verdict(run))
    if chosen.docs:
        write("counts", table(run, cut))
        write("delays", delays(run))
    return 1 if run.findings else 0


def cut_in_three(run: Run, own: Format, longest: int) -> int:
    """Every way of cutting a format's examples in three."""
    read = 0
    for case in own.examples:
        if len(case.text) > longest:
            continue
        try:
            read += three_cuts(case)
        except Violation as found:
            run.add(Finding(own.name, found.law, found.message, case, found.cuts, "0", own.source))
    return read


_shown = [0.0]


def show(run: Run) -> None:
    """A line a minute, to standard error."""
    if time.monotonic() - _shown[0] > 60:
        _shown[0] = time.monotonic()
        print(
            f"{run.seconds:6.0f} s  {run.cases:,} cases, {run.parses:,} parses, {len(run.findings)} findings",
            file=sys.stderr,
        )


def table(run: Run, cut: int) -> str:
    """The counts, for the docs."""
    machine = f"{platform.python_implementation()} {platform.python_version()}, one core of {os.cpu_count()}"
    lines = [
        f"Seed `{run.seed}`, {machine}: {verdict(run)}.",
        f"{run.parses / max(run.seconds, 1):,.0f} parses a second with all laws and the drawing of texts, of "
        f"{run.characters / max(run.cases, 1):.0f} characters on average.".replace("\n", " "),
        f"Before that, the examples in {cut:,} ways of cutting them in three.",
        "",
        "| law | | cases | parses | findings |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {key} | {title} | {cases:,} | {parses:,} | {found} |" for key, title, cases, parses, found in counts(run)
    ]
    return "\n".join(lines)


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
