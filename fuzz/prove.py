"""Proof that the suite finds faults: `python fuzz/prove.py [NAME …]` plants each of `faults.FAULTS`, fuzzes, and says
which law was broken, after how long, and by which text. `--seconds` for each; `--docs` writes docs/fuzzing.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from faults import FAULTS, Fault
from long import write
from toolfeed import Grammar
from toolfeed.fuzz import Finding, Format, Run
from toolfeed.fuzz.texts import markers_of


class Proof(NamedTuple):
    """`finding` is None if the fault was not caught. `seconds`: of the processor, up to the first finding, without
    shrinking. `others`: what was found before it, by law."""

    fault: Fault
    finding: Finding | None
    seconds: float
    smallest: Finding | None
    others: dict[str, str]


def prove(fault: Fault, seconds: float, seed: int = 0, *, small: bool = True) -> Proof:
    """Plant the fault and look for it in its formats. `small`: make the text small that shows it."""
    grammars = [Grammar.load(name) for name in fault.formats]
    markers = [marker for grammar in grammars for marker in markers_of(grammar)]
    with fault.plant():
        # New grammars, so that what they compile to goes away with the fault.
        formats = [Format(msgspec.structs.replace(grammar), markers) for grammar in grammars]
        run = Run(formats, seed=seed, shrinking=False)
        start = time.process_time()
        caught: Finding | None = None
        others: dict[str, str] = {}
        while caught is None and time.process_time() - start < seconds:
            run.run(0, stop_at_first=True)
            caught = next((finding for finding in run.findings if finding.law in fault.laws), None)
            if caught is None:
                others.update((finding.law, finding.message) for finding in run.findings)
                run.findings.clear()
        took = time.process_time() - start
        if caught is None:
            return Proof(fault, None, took, None, others)
        return Proof(fault, caught, took, run.smallest(caught) if small else caught, others)


def main(arguments: Sequence[str] | None = None) -> int:
    """The table; 1 if a fault was not caught."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--docs", action="store_true")
    chosen = options.parse_args(arguments)
    missed = 0
    rows = ["| fault | law | seconds | smallest text |", "|---|---|--:|---|"]
    for fault in FAULTS:
        if chosen.names and fault.name not in chosen.names:
            continue
        proof = prove(fault, chosen.seconds, chosen.seed)
        missed += proof.finding is None
        law = proof.finding.law if proof.finding else "not caught"
        text = proof.smallest.case.text if proof.smallest else ""
        name = proof.smallest.format if proof.smallest else ""
        if chosen.docs:
            shown = repr(text if len(text) <= 90 else text[:88] + "…").replace("|", "\\|")
            row = (fault.what.replace("<", "&lt;"), law, f"{proof.seconds:.1f}", f"{name}: `` {shown} ``")
            rows.append(f"| {' | '.join(row)} |")
            print(rows[-1], flush=True)
        else:
            print(f"{law:>10} {proof.seconds:6.1f} s  {fault.name}: {name} {text[:100]!r}", flush=True)
            if proof.finding is None:
                print("           ", proof.others)
    if chosen.docs:
        write("faults", "\n".join(rows))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
