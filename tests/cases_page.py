"""docs/cases.md, written from the table of cases: `python tests/cases_page.py > docs/cases.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from taxonomy import GROUPS, Case, Reason
from test_taxonomy import CASES, FORMATS

HEAD = """\
# Cases

What every format is tested on: each case, where it is, for how many formats, and why not for the others. A reason is
derived from a grammar's structure; the formats that it holds for are listed at the end. The texts of a case are made
from what each grammar writes, and read whole, by the character, at random cuts and cut in two. `make docs` writes this
page.
"""


def page() -> str:
    lines = [HEAD]
    for number, group in enumerate(GROUPS, 1):
        lines += [f"## {number} {group}", "", "| Case | Test | Formats | Not where |", "|---|---|---|---|"]
        lines += [row(one) for one in CASES if one.group == number]
        lines.append("")
    lines += ["## Reasons", "", "| Reason | | Formats |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.meaning} | {names(one)} |" for one in reasons()]
    return "\n".join([*lines, ""]).replace("|||", "| | |")


def row(one: Case) -> str:
    tested = sum(not one.reasons(form) for form in FORMATS)
    why = "; ".join(reason.name for reason in one.unless if any(reason.holds(form) for form in FORMATS))
    where = one.where.replace(".py::", ".").removesuffix(".py")
    return f"| {one.name} | `{where}` | {tested} | {why} |"


def reasons() -> Iterator[Reason]:
    """Each once, by name."""
    found: dict[str, Reason] = {}
    for one in CASES:
        for reason in one.unless:
            assert found.setdefault(reason.name, reason).meaning == reason.meaning, reason.name
    yield from sorted(found.values(), key=lambda reason: reason.name)


def names(reason: Reason) -> str:
    return " ".join(f"`{form}`" for form in FORMATS if reason.holds(form))


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode())
