"""What a fragment costs: whole streams, in four ways of cutting, beside a floor that returns one event.

    pytest bench/test_per_token.py                        # everything: some minutes
    pytest bench/test_per_token.py -k "hermes and tokens"

Read the ratios to the floor of the same run, not the times: machines are noisy. `extra_info` has nanoseconds per
fragment, the ratio, and for token-like fragments the target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter_ns
from typing import Any

import pytest

import toolfeed
from streams import FORMATS, Feeds, Floor, Stream, cut, feeder, streams, tokens

ROUNDS = 25
MOST = 600  # fragments of a stream: short rounds are disturbed less often


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


def cuts(stream: Stream) -> Iterator[tuple[str, list[str]]]:
    yield "tokens", tokens(stream.text, toolfeed.Grammar.load(stream.format).special_tokens)
    yield "characters", cut(stream.text, 1)
    yield "32 characters", cut(stream.text, 32)
    yield "whole", [stream.text]


CASES = [
    pytest.param(stream, how, fragments[:MOST], id=f"{stream.format}: {stream.kind}, {how}")
    for name in FORMATS
    for stream in streams(name)
    for how, fragments in cuts(stream)
]


def test_floor(benchmark: Any) -> None:
    measure(benchmark, Floor, tokens("It is fine in Paris today. " * 100))


@pytest.mark.parametrize(("stream", "how", "fragments"), CASES)
def test_stream(benchmark: Any, stream: Stream, how: str, fragments: list[str]) -> None:
    parser = stream.parser()
    told = [event for fragment in fragments for event in parser.feed(fragment)]
    assert told, "a stream that tells nothing measures nothing"
    if stream.kind not in ("eight calls", "prose of signs"):
        assert how == "whole" or len(told) > len(fragments) / 4, "the stream must be told as it comes"
    if how == "tokens":
        benchmark.extra_info["target"] = stream.target
    measure(benchmark, stream.parser, fragments)
