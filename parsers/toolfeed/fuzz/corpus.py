"""Faults that were found, kept so that they stay found: one JSON file for each, with the text, how it was read, and, if
no law says that, what it comes to by the format's definition.

JSON, because a text may hold half characters, which TOML has not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ..grammar import Grammar
from ..limits import Limits
from .cases import Case, Format, Meaning, parser_of
from .laws import LAWS, whole
from .loop import Finding, Run
from .reading import Violation, require, same, tell
from .texts import cut

_TOLD: Final = ("content", "reasoning", "calls")


class Entry(NamedTuple):
    """`what`: the fault, in words; `law`: what it broke; `cuts`: where the text was cut, if that mattered; `told`: what
    the text comes to, a part of `content`, `reasoning` and `calls` (name, arguments and status of each). The case has
    a meaning if the entry says that the grammar writes this text."""

    file: str
    what: str
    law: str
    format: str
    case: Case
    cuts: tuple[int, ...] | None
    told: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"{self.format}: {self.what}"


def load(folder: str | Path) -> Iterator[Entry]:
    """The entries of a folder, in the order of their names. Raises as `Grammar.load`, OSError, ValueError."""
    for path in sorted(Path(folder).glob("*.json")):
        known: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        options: dict[str, Any] = dict(known.get("options", {}))
        if "limits" in options:
            options["limits"] = msgspec.convert(options["limits"], Limits)
        case = Case(Grammar.load(known["format"]), known["what"], known["text"], options, known.get("finish"))
        cuts = known.get("cuts")
        told = {key: known[key] for key in _TOLD if key in known}
        if known.get("written"):
            calls = tuple((name, arguments, None) for name, arguments, _ in told.get("calls", ()))
            case = case._replace(meaning=Meaning(told.get("content", ""), told.get("reasoning", ""), calls))
        yield Entry(
            path.name, known["what"], known["law"], known["format"], case, None if cuts is None else tuple(cuts), told
        )


def save(finding: Finding, what: str, folder: str | Path, told: Mapping[str, Any] | None = None) -> Path:
    """Add a finding to a folder, which is made if there is none; `what`: the fault, in words; `told`: see Entry.
    Returns the file."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.name[:4]) for path in Path(folder).glob("[0-9][0-9][0-9][0-9]-*.json")), default=0)
    words = "-".join("".join(char if char.isalnum() else " " for char in what.lower()).split())[:50]
    path = Path(folder) / f"{number:04}-{finding.format}-{words}.json"
    options = {name: msgspec.to_builtins(value) for name, value in finding.case.options.items() if value is not None}
    content: dict[str, Any] = {
        "what": what,
        "law": finding.law,
        "format": finding.format,
        "text": finding.case.text,
        "options": options,
        "finish": finding.case.finish,
        "cuts": finding.cuts,
    }
    content = {key: value for key, value in content.items() if value not in (None, {})} | dict(told or {})
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def replay(entry: Entry) -> None:
    """All laws on an entry, its own cuts, and what it has to come to. Raises Violation."""
    case = entry.case
    expected = whole(case)
    for key, wanted in entry.told.items():
        found = [list(call) for call in expected.calls] if key == "calls" else getattr(expected, key)
        require(found == wanted, entry.law, f"{key} is {found!r}, not {wanted!r}")
    if entry.cuts is not None and all(0 <= at <= len(case.text) for at in entry.cuts):
        same(expected, tell(parser_of(case), cut(case.text, entry.cuts), case.finish), entry.cuts)
    run = Run([Format(case.grammar)], seed="corpus", laws=[law.key for law in LAWS], shrinking=False)
    run.check(run.formats[0], [case])
    for finding in run.findings:
        raise Violation(finding.law, finding.message, finding.cuts)
