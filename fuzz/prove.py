"""Proof that the suite finds faults: plants each of `faults.FAULTS`, fuzzes, and says which law was broken, after how
long, and by which text. `python fuzz/prove.py [NAME …]` (all), `--seconds` for each, `--markdown` for the docs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from faults import FAULTS, Fault

from toolfeed import Grammar
from toolfeed.fuzz import Finding, Format, Run
from toolfeed.fuzz.texts import markers_of


class Proof(NamedTuple):
    """`finding` is None if the fault was not caught. `seconds`: up to the first finding, without shrinking. `others`:
    what was found before it, by law."""

    fault: Fault
    finding: Finding | None
    seconds: float
    smallest: Finding | None
    others: dict[str, str]


def prove(fault: Fault, seconds: float, seed: int = 0) -> Proof:
    """Plant the fault and look for it in its formats."""
    grammars = [Grammar.load(name) for name in fault.formats]
    others = [marker for grammar in grammars for marker in markers_of(grammar)]
    with fault.plant():
        # New grammars, so that what they compile to goes away with the fault.
        formats = [Format(msgspec.structs.replace(grammar), others) for grammar in grammars]
        run = Run(formats, seed=seed, shrinking=False)
        start = time.monotonic()
        caught: Finding | None = None
        others: dict[str, str] = {}
        while caught is None and time.monotonic() - start < seconds:
            run.run(0, stop_at_first=True)
            caught = next((finding for finding in run.findings if finding.law in fault.laws), None)
            if caught is None:
                others.update((finding.law, finding.message) for finding in run.findings)
                run.findings.clear()
        took = time.monotonic() - start
        if caught is None:
            return Proof(fault, None, took, None, others)
        return Proof(fault, caught, took, run.smallest(caught), others)


def main(arguments: Sequence[str] | None = None) -> int:
    """The table; 1 if a fault was not caught."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--markdown", action="store_true")
    chosen = options.parse_args(arguments)
    missed = 0
    if chosen.markdown:
        print("| fault | law | seconds | smallest text |\n|---|---|---|---|")
    for fault in FAULTS:
        if chosen.names and fault.name not in chosen.names:
            continue
        proof = prove(fault, chosen.seconds, chosen.seed)
        missed += proof.finding is None
        law = proof.finding.law if proof.finding else "not caught"
        text = proof.smallest.case.text if proof.smallest else ""
        name = proof.smallest.format if proof.smallest else ""
        if chosen.markdown:
            shown = repr(text if len(text) <= 90 else text[:88] + "…").replace("|", "\\|")
            print(f"| {fault.what} | {law} | {proof.seconds:.1f} | {name}: `` {shown} `` |", flush=True)
        else:
            print(f"{law:>10} {proof.seconds:6.1f} s  {fault.name}: {name} {text[:100]!r}", flush=True)
            if proof.finding is None:
                print("           ", proof.others)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
