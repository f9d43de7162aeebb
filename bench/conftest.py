"""Prints the ratios to the floor below pytest-benchmark's table."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    measured = [bench for bench in getattr(session, "benchmarks", ()) if "times_floor" in bench.extra_info]
    if measured:
        terminalreporter.section("per fragment, and as a ratio to the floor of the same run")
    for bench in measured:
        info = bench.extra_info
        terminalreporter.write_line(
            f"{bench.name:64} {info['ns_per_fragment']:>9} ns  {info['times_floor']:>8.2f} × floor"
            + (f"  (at most {info['target']})" if "target" in info else "")
        )
