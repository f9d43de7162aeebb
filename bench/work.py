"""The work of a fragment, counted instead of timed: function calls and bytecodes, the same on every machine.

    python bench/work.py            # count, and compare with the record
    python bench/work.py --record   # make what is counted now the record

Counts differ between Python versions, so `work.json` has a record for each that was measured. CI fails where a stream
takes more than a tenth more than its record (tests/test_work.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import toolfeed
from streams import FORMATS, Stream, feeder, streams, tokens

RECORD = Path(__file__).with_name("work.json")
ROOM = 1.10
FRAGMENTS = 200

Work: TypeAlias = dict[str, float]


def version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def calls(run: Callable[[], None]) -> int:
    """How many functions are called, built-in ones too."""
    count = 0

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def bytecodes(run: Callable[[], None]) -> int:
    """How many bytecodes are executed."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        if event == "opcode":
            count += 1
        else:
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def work(stream: Stream) -> Work:
    """What a token-like fragment of a stream takes."""
    fragments = tokens(stream.text, toolfeed.Grammar.load(stream.format).special_tokens)[:FRAGMENTS]
    feeder(stream.parser(), fragments)()  # what is made once for all parsers is made
    return {
        "calls": round(calls(feeder(stream.parser(), fragments)) / len(fragments), 2),
        "bytecodes": round(bytecodes(feeder(stream.parser(), fragments)) / len(fragments), 1),
    }


def all_streams() -> Iterator[tuple[str, Stream]]:
    for name in FORMATS:
        for stream in streams(name):
            yield f"{name}: {stream.kind}", stream


def record() -> dict[str, Work]:
    """What was counted for this version of Python; empty if nothing was."""
    known: dict[str, dict[str, Work]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return known.get(version(), {})


def main() -> None:
    counted = {name: work(stream) for name, stream in all_streams()}
    known = record()
    for name, found in counted.items():
        told = "".join(f"{what} {amount:8.1f}  " for what, amount in found.items())
        grown = found["bytecodes"] / known[name]["bytecodes"] if name in known else 1
        print(f"{name:36} {told} {grown:6.2f} × the record")
    if "--record" in sys.argv[1:]:
        everything = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        everything[version()] = counted
        RECORD.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
