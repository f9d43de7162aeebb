"""Every number of docs/performance.md that is toolfeed's own.

    python bench/performance.py                             # measure and print; two minutes
    python bench/performance.py --compiled PYTHON --write   # and the compiled wheel of that environment, onto the page

Times are processor time, the best of many short rounds, the floor in turn with what is measured, so that a busy machine
does little harm.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time_ns
from typing import Any, TypeAlias

import toolfeed
from page import machine, put, table
from streams import CODE, FORMATS, PROSE, STRUCTURE, TOOLS, Feeds, Floor, Stream, feeder, streams, tokens
from work import bytecodes, calls

ROUNDS = 60
FRAGMENTS = 400
PARSERS = 10_000
IMPORTS = 15
KINDS = [stream.kind for stream in streams(FORMATS[0])]
ONE_SHOT = ("hermes", "qwen3_coder", "pythonic", "harmony")
MEGABYTE = 1_000_000

# How many times its floor a fragment may cost in the compiled wheel, for each number of times in the pure one.
COMPILED = {3: 2, 3.5: 2.5, 6: 4, 12: 8}

Found: TypeAlias = dict[str, Any]


def best(make: Callable[[], Feeds], fragments: list[str], rounds: int = ROUNDS) -> tuple[float, float]:
    """Nanoseconds of a fragment, and of the floor."""
    mine = floor = 10**15
    for _ in range(rounds):
        for which in (Floor, make):
            run = feeder(which(), fragments)
            start = process_time_ns()
            run()
            taken = process_time_ns() - start
            if which is Floor:
                floor = min(floor, taken)
            else:
                mine = min(mine, taken)
    return mine / len(fragments), floor / len(fragments)


def ratios() -> Iterator[tuple[str, str, float, float, float]]:
    """For each stream its format, its kind, nanoseconds of a token-like fragment, times the floor, and the target."""
    for name in FORMATS:
        for stream in streams(name):
            fragments = tokens(stream.text, toolfeed.Grammar.load(name).special_tokens)[:FRAGMENTS]
            mine, floor = best(stream.parser, fragments)
            yield name, stream.kind, mine, mine / floor, stream.target


def creation(name: str) -> float:
    """What making a parser costs, in calls of the floor."""
    grammar = toolfeed.Grammar.load(name)
    toolfeed.Parser(grammar, tools=TOOLS)
    feed = Floor().feed
    making = calling = 10**15
    for _ in range(ROUNDS):
        start = process_time_ns()
        for _ in range(50):
            toolfeed.Parser(grammar, tools=TOOLS)
        middle = process_time_ns()
        for _ in range(50):
            feed("token")
        making, calling = min(making, middle - start), min(calling, process_time_ns() - middle)
    return making / calling


def memory(name: str) -> tuple[float, float]:
    """Bytes of a parser in an open string argument: after a few characters, and how much more after a megabyte."""
    stream = next(stream for stream in streams(name) if stream.kind == "string argument")
    body = stream.text[:1000]
    stream.parser().feed(body)
    gc.collect()
    tracemalloc.start()
    parsers = [stream.parser() for _ in range(PARSERS)]
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / PARSERS
    del parsers[1:]
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(MEGABYTE // len(body)):
        parsers[0].feed(body)
    gc.collect()
    more = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return each, more


def one_shot(name: str) -> Iterator[tuple[str, float]]:
    """Megabytes a second of a text of one megabyte, in one fragment."""
    grammar = toolfeed.Grammar.load(name)
    prose, code = PROSE.replace("\n", " "), CODE
    structure = {"a": STRUCTURE["a"] * (MEGABYTE // len(json.dumps(STRUCTURE["a"])))}
    values = {
        "string body": {"s": prose * (MEGABYTE // len(prose))},
        "string body of code": {"s": code * (MEGABYTE // len(code))},
        "structure": structure,
    }
    texts = {"content": grammar.write(content=(PROSE * (MEGABYTE // len(PROSE))).strip())}
    texts |= {kind: grammar.write(calls=[("f", json.dumps(value))], tools=TOOLS) for kind, value in values.items()}
    for kind, text in texts.items():
        taken = 10**15
        for _ in range(7):
            parser = toolfeed.Parser(grammar, tools=TOOLS)
            start = process_time_ns()
            parser.feed(text)
            parser.finish()
            taken = min(taken, process_time_ns() - start)
        yield kind, len(text) / taken * 1000


def importing() -> float:
    """Milliseconds of `import toolfeed` beyond the interpreter's start."""

    def milliseconds(program: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000

    loaded, bare = zip(*[(milliseconds("import toolfeed"), milliseconds("pass")) for _ in range(IMPORTS)], strict=True)
    return float(min(loaded) - min(bare))


def late(stream: Stream) -> tuple[int, int]:
    """Calls and bytecodes of the same 200 fragments: at the beginning of an argument, and a megabyte into it."""
    fragments = tokens(stream.text)[:200]
    counted = []
    for passed in (0, MEGABYTE):
        total = 0
        for count in (calls, bytecodes):
            parser = stream.parser()
            for _ in range(passed // len(stream.text)):
                parser.feed(stream.text)
            total += count(feeder(parser, fragments))
        counted.append(total)
    return counted[0], counted[1]


def measured() -> Found:
    compiled = not (toolfeed.parser.__file__ or "").endswith(".py")
    found: Found = {
        "compiled": compiled,
        "ratios": list(ratios()),
        "creation": {name: creation(name) for name in ONE_SHOT},
        "memory": {name: memory(name) for name in ONE_SHOT},
        "one_shot": {name: dict(one_shot(name)) for name in ONE_SHOT},
        "import": importing(),
    }
    if not compiled:
        found["late"] = {
            f"{name}, {stream.kind}": late(stream)
            for name in ONE_SHOT
            for stream in streams(name)
            if stream.kind in ("string argument", "code argument")
        }
    return found


# -- the page ----------------------------------------------------------------------------------------------------------


def page(found: list[Found]) -> str:
    """The tables, pure and compiled side by side."""
    both = [(one, "compiled" if one["compiled"] else "pure") for one in found]
    parts = [f"{machine()}."]
    missed: list[str] = []
    for one, which in both:
        cells: dict[str, list[str]] = {name: [] for name in FORMATS}
        targets: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for name, kind, _, ratio, target in one["ratios"]:
            limit = COMPILED[target] if one["compiled"] else target
            targets[kind].add(f"{limit:g}")
            cells[name].append(f"{ratio:.1f}" if ratio <= limit else f"**{ratio:.1f}**")
        over = sum(cell.startswith("**") for row in cells.values() for cell in row)
        missed.append(f"{which} {over} of {len(one['ratios'])}")
        rows = [["*at most*", *(" or ".join(sorted(targets[kind], key=float)) for kind in KINDS)]]
        rows += [[name, *row] for name, row in cells.items()]
        parts.append(f"**{which.capitalize()}: a token-like fragment, times the floor**\n\n{table(['', *KINDS], rows)}")
    parts.append(f"Over the target, in bold: {', '.join(missed)} streams.")
    parts.append("**The rest**\n\n" + table(["", "target", *(which for _, which in both)], _rest(found)))
    for one in found:
        if "late" in one:
            rows = [[name, f"{early:,}", f"{later:,}"] for name, (early, later) in one["late"].items()]
            parts.append(
                "**Early and late in an argument of 1 MB**, calls and bytecodes of the same 200 fragments\n\n"
                + table(["", "at its beginning", "1 MB into it"], rows)
            )
    return "\n\n".join(parts)


def _rest(found: list[Found]) -> Iterator[list[str]]:
    for name in ONE_SHOT:
        yield [f"making a parser, {name}: floor calls", "< 20", *(f"{one['creation'][name]:.1f}" for one in found)]
    for name in ONE_SHOT:
        yield [f"memory of a parser, {name}: bytes", "< 4,096", *(f"{one['memory'][name][0]:,.0f}" for one in found)]
    for name in ONE_SHOT:
        cells = [f"{one['memory'][name][1]:,.0f}" for one in found]
        yield [f"and more after 1 MB of an argument, {name}", "0", *cells]
    limits = {"content": "≥ 50", "string body": "≥ 20", "string body of code": "≥ 20", "structure": "≥ 3"}
    for kind, limit in limits.items():
        for name in ONE_SHOT:
            cells = [f"{one['one_shot'][name][kind]:,.1f}" for one in found]
            yield [f"1 MB at once, {kind}, {name}: MB/s", limit, *cells]
    yield ["`import toolfeed`: ms", "< 60", *(f"{one['import']:.0f}" for one in found)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--compiled", metavar="PYTHON", help="of an environment with the compiled wheel")
    options.add_argument("--write", action="store_true", help="write the page")
    options.add_argument("--json", action="store_true", help="print what was measured, for another run of this")
    chosen = options.parse_args()
    if chosen.json:
        print(json.dumps(measured()))
        return
    found = [measured()]
    if chosen.compiled:
        command = [str(Path(chosen.compiled).absolute()), __file__, "--json"]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=clean)
        found.append(json.loads(done.stdout))
        if not found[-1]["compiled"]:
            raise SystemExit(f"{chosen.compiled} does not import the compiled wheel")
    text = page(found)
    print(text)
    if chosen.write:
        put("performance", text)


if __name__ == "__main__":
    main()
