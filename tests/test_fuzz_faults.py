"""A sample of the planted faults: the suite finds each and names its law. `python fuzz/prove.py` plants them all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "fuzz"
sys.path.insert(0, str(FUZZ))

from faults import FAULTS, Fault  # noqa: E402 - found by the path above
from helpers import is_compiled  # noqa: E402
from prove import prove  # noqa: E402

QUICK = {
    "name twice",
    "index restarted",
    "empty delta",
    "text before an opener lost",
    "arguments buffered",
    "start waits for arguments",
    "spacing lost",
    "markers whole only",
    "candidate lost",
    "held lost at the end",
    "escape cut",
    "copy shares the codec",
    "preview after a key",
    "surrogates raise",
}
SAMPLE = [fault for fault in FAULTS if fault.name in QUICK]

# In functions that only compiled code calls: it does so directly, so that nothing can be planted there.
INSIDE = {"spacing lost", "candidate lost", "escape cut", "preview after a key"}


def test_there_are_enough_faults_and_each_says_what_it_is() -> None:
    assert len(FAULTS) >= 25
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len(SAMPLE) == len(QUICK)
    assert {law for fault in FAULTS for law in fault.laws} >= {str(number) for number in range(1, 12)}


@pytest.mark.parametrize("fault", SAMPLE, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    if is_compiled() and fault.name in INSIDE:
        pytest.skip("compiled code calls its own functions directly: this one cannot be planted")
    proof = prove(fault, 60, small=False)
    assert proof.finding is not None, f"{fault.what}: not found; {proof.others}"
    assert proof.finding.law in fault.laws
