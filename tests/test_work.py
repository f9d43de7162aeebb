"""The hot streams take no more work than was recorded: calls and bytecodes counted, not time."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent.parent / "bench"


@pytest.fixture(scope="module")
def counter() -> Any:
    """bench/work.py, which is no package."""
    sys.path.insert(0, str(BENCH))
    try:
        return importlib.import_module("work")
    finally:
        sys.path.remove(str(BENCH))


def test_a_fragment_takes_no_more_work_than_recorded(counter: Any) -> None:
    known = counter.record()
    if not known:
        pytest.skip(f"nothing is recorded for Python {counter.version()}: python bench/work.py --record")
    counted = {name: counter.work(stream) for name, stream in counter.all_streams()}
    assert counted.keys() == known.keys(), "record the work anew: python bench/work.py --record"
    grown = {
        f"{name}, {what}": f"{amount} where {known[name][what]} is recorded"
        for name, found in counted.items()
        for what, amount in found.items()
        if amount > known[name][what] * counter.ROOM
    }
    assert not grown


def test_more_work_is_counted_as_more(counter: Any) -> None:
    few, many = (lambda: [len("x") for _ in range(n)] for n in (10, 20))  # noqa: B023 - each is called at once
    assert counter.calls(many) >= counter.calls(few)
    assert counter.bytecodes(many) >= counter.bytecodes(few)
