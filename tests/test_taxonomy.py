"""The case taxonomy (formats.md, F): each of its cases for each format where it makes sense.

The cases are in cases_turns, cases_values and cases_calls; docs/cases.md lists them all (`make docs`).
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

import cases_calls
import cases_turns
import cases_values
from helpers import Reading, chars, for_each, format_names, random_cuts
from taxonomy import GROUPS, Case, Format, expect, fed, format_of, two_way_cuts

CASES = sorted([*cases_turns.CASES, *cases_values.CASES, *cases_calls.CASES], key=lambda one: one.group)

FORMATS = [format_of(name) for name in format_names()]
TWO_WAY = 30  # characters: a text that is not longer is cut in two at every place
LONG = 5000  # characters: a longer one is not fed by the character


@pytest.mark.parametrize(
    "one", [one for one in CASES if one.make is not None], ids=lambda one: f"{one.group} {one.name}"
)
def test_case(one: Case) -> None:
    """In every format where it makes sense."""
    for_each((form for form in FORMATS if not one.reasons(form)), partial(check, one))


def check(one: Case, form: Format) -> None:
    """Read whole, by the character, at random cuts (and watched) and at two-way cuts, all to the same."""
    assert one.make is not None
    rng = random.Random(f"{one.name} {form.name}")
    texts = list(one.make(form))
    assert texts, "the case has no text, and no reason why"
    for text in texts:
        if text is None:
            continue
        told = fed(form, text, [text.text])
        try:
            expect(text, told)
        except AssertionError as error:
            raise AssertionError(f"{text.text!r} {told}") from error
        if len(text.text) <= LONG:
            assert fed(form, text, chars(text.text)) == told
            for fragments in two_way_cuts(text.text, rng, LONG if text.every_cut else TWO_WAY):
                assert fed(form, text, fragments) == told, fragments
        longest = 10 if len(text.text) <= LONG else 200
        assert (
            Reading(form.grammar, **text.options).read(random_cuts(text.text, rng, longest=longest), text.finish)
            == told
        )


def test_every_case_is_tested_somewhere() -> None:
    """A case that is elsewhere is in a test that exists, and each makes sense for some format."""
    here = Path(__file__).parent
    for one in CASES:
        assert not all(one.reasons(form) for form in FORMATS), one.name
        file, _, test = one.where.partition("::")
        text = (here / file).read_text(encoding="utf-8")
        assert f"def {test}(" in text or not test, one.where
    assert {one.group for one in CASES} == set(range(1, len(GROUPS) + 1))
    assert len({(one.group, one.name) for one in CASES}) == len(CASES)


def test_the_page_of_cases_is_fresh() -> None:
    from cases_page import page

    text = (Path(__file__).parent.parent / "docs" / "cases.md").read_text(encoding="utf-8")
    assert text == page(), "stale: make docs"
