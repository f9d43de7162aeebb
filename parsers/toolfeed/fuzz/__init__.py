"""A fuzz suite for grammars: `toolfeed fuzz`, `toolfeed check`, and the same from Python.

    run = Run([Format.load("newmodel.toml")], seed=1)
    run.run(30)                       # seconds
    for finding in run.findings:
        print(entry(finding))         # an [[examples]] entry to paste

It reads from the top down: `reading` (a parser under observation), `texts` (markers, cuts, damage), `cases` and
`generate` (what is read), `laws` (the oracles; `waiting`, `cutting` and `reference` hold three of them), `loop`,
`shrink`, `examples`, `static` (what can be said without fuzzing), `report`. `strategies` and `machine` need the extra
`fuzz` (Hypothesis).
"""

from __future__ import annotations

from .cases import Case, Format, Meaning
from .laws import LAWS, Law
from .loop import Finding, Run
from .reading import Reading, Told, Violation
from .report import entry, verdict
from .static import Advice, check

__all__ = [
    "LAWS",
    "Advice",
    "Case",
    "Finding",
    "Format",
    "Law",
    "Meaning",
    "Reading",
    "Run",
    "Told",
    "Violation",
    "check",
    "entry",
    "verdict",
]
