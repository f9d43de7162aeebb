"""What a fragment costs: whole streams in token-like fragments, beside a floor that returns one event.

    pytest bench --benchmark-only

Read the ratios to the floor of the same run ("floor" below), not the times: machines are noisy. `extra_info` has
nanoseconds per fragment and the ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import pytest

from streams import STREAMS, Feeds, Floor, Stream, feeder, tokens

ROUNDS = 15


def measure(benchmark: Any, make: Callable[[], Feeds], fragments: list[str]) -> None:
    """Time whole streams, a new parser for each, and the floor in turn with them."""
    floors: list[int] = []

    def setup() -> tuple[tuple[()], dict[str, object]]:
        floor = feeder(Floor(), fragments)
        start = perf_counter_ns()
        floor()
        floors.append(perf_counter_ns() - start)
        holder["run"] = feeder(make(), fragments)
        return (), {}

    def run() -> None:
        holder["run"]()

    holder: dict[str, Callable[[], None]] = {}
    benchmark.pedantic(run, setup=setup, rounds=ROUNDS, warmup_rounds=1)
    if benchmark.stats is not None:
        best = benchmark.stats.stats.min * 1e9 / len(fragments)
        benchmark.extra_info["fragments"] = len(fragments)
        benchmark.extra_info["ns_per_fragment"] = round(best)
        benchmark.extra_info["times_floor"] = round(best * len(fragments) / min(floors), 2)


def test_floor(benchmark: Any) -> None:
    measure(benchmark, Floor, tokens(STREAMS[0].text))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_stream(benchmark: Any, stream: Stream) -> None:
    fragments = tokens(stream.text)
    parser = stream.parser()
    told = [event for fragment in fragments for event in parser.feed(fragment)]
    assert len(told) > len(fragments) / 3, "the stream must be told as it comes, or it measures nothing"
    measure(benchmark, stream.parser, fragments)
