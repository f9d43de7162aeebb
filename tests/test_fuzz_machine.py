"""Hypothesis drives parsers: fed, copied, previewed and finished in any order; and laws over what the suite draws."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import run_state_machine_as_test

from helpers import format_of
from toolfeed.fuzz.laws import BY_KEY, guarded
from toolfeed.fuzz.machine import drawn_case, draws, parser_machine

SOME = ["hermes", "qwen3_coder", "harmony", "lfm2"]
made_up = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", SOME)
def test_whatever_is_done_in_whatever_order(name: str) -> None:
    run_state_machine_as_test(parser_machine(format_of(name)), settings=made_up)


@pytest.mark.parametrize("name", SOME)
@made_up
@given(rng=draws)
def test_laws_hold_in_what_hypothesis_draws(name: str, rng: random.Random) -> None:
    case = drawn_case(format_of(name), rng)
    for law in ("1", "3", "4", "7", "9", "10"):
        guarded(BY_KEY[law], format_of(name), case, random.Random(0))
