"""toolfeed beside what people use today: the same streams, in the same run.

    python bench/compare.py             # measure and print; some minutes
    python bench/compare.py --write     # and write the table and the chart in docs/

For each stream of about 1,000, 4,000 and 16,000 token-like fragments: the processor time of a fragment, the end of the
turn included; how many characters of content or arguments were due and not told, on average over the fragments; and how
many short turns come out differently when they are cut in another place. A peer that is absent is skipped with a word.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time
from typing import Any

import toolfeed
from page import DOCS, machine, put, table
from peers import PEERS, Absent, Peer, Result
from streams import CODE, PROSE, SIGNS, cut, tokens

SIZES = (1_000, 4_000, 16_000)
BUDGET = 5.0  # seconds that one turn may take
ROUNDS = 0.5  # seconds of rounds, of which the best counts

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "write",
            "description": "",
            "parameters": {"type": "object", "properties": {"s": {"type": "string"}, "a": {"type": "array"}}},
        },
    }
]
_ITEM = {"id": 1, "at": [0.25, -1.5], "on": True, "tag": {"key": None}}


@dataclass(frozen=True)
class Turn:
    """A text in fragments, and how many characters are due when each has come."""

    fragments: list[str]
    due: list[int]


def turn(format: str, kind: str, size: int) -> Turn:
    """A turn of about this many fragments."""
    grammar = toolfeed.Grammar.load(format)
    if kind == "prose":
        fragments = tokens(PROSE * (size // 1000 + 1))[:size]
        return Turn(fragments, _sums(len(fragment) for fragment in fragments))
    if kind == "structure":
        value: Any = {"a": [_ITEM] * (size // 26)}
    else:
        value = {"s": "".join(tokens(CODE * (size // 1000 + 1))[: size - 20])}
    arguments = json.dumps(value)
    text = grammar.write(calls=[("write", arguments)], tools=TOOLS)
    fragments = tokens(text, grammar.special_tokens)
    at = text.find(arguments)
    if at >= 0:  # as JSON: what of it has come
        ends = _sums(len(fragment) for fragment in fragments)
        return Turn(fragments, [min(max(end - at, 0), len(arguments)) for end in ends])
    at = text.index(value["s"])
    stop = at + len(value["s"])
    pieces = (text[max(start, at) : min(end, stop)] for start, end in _spans(fragments))
    return Turn(fragments, _sums(len(json.dumps(piece)) - 2 for piece in pieces))


def _spans(fragments: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for fragment in fragments:
        yield start, start + len(fragment)
        start += len(fragment)


def _sums(sizes: Any) -> list[int]:
    total = 0
    return [total := total + size for size in sizes]


@dataclass(frozen=True)
class Measured:
    """Microseconds a fragment, and characters of delay; `stopped` at this fragment, if the turn took too long."""

    time: float
    delay: float
    stopped: int = 0


def measure(make: Any, format: str, turn: Turn) -> Measured:
    peer: Peer = make(format, TOOLS)
    told, late = 0, 0
    start = process_time()
    for at, (fragment, due) in enumerate(zip(turn.fragments, turn.due, strict=True), 1):
        told += len(peer.feed(fragment))
        late += max(due - told, 0)
        if process_time() - start > BUDGET:
            return Measured((process_time() - start) / at * 1e6, late / at, at)
    peer.finish()
    spent = best = process_time() - start
    while spent < ROUNDS:
        again: Peer = make(format, TOOLS)
        feed = again.feed
        start = process_time()
        for fragment in turn.fragments:
            feed(fragment)
        again.finish()
        taken = process_time() - start
        spent += taken
        best = min(best, taken)
    return Measured(best / len(turn.fragments) * 1e6, late / len(turn.fragments))


# -- results that change with the cut ----------------------------------------------------------------------------------


def short_turns(format: str) -> Iterator[tuple[str, Result]]:
    """Turns of content and calls, with what they say."""
    grammar = toolfeed.Grammar.load(format)
    values = ({"s": "Paris"}, {"s": "a < b"}, {"s": 'say "hi"\n\\n'}, {"s": "</tool>", "a": [1, [2], "]"]})
    for content in ("", "Well, a < b.", SIGNS[:60].strip()):
        for calls in ([values[0]], [values[1], values[2]], [values[3], values[0]]):
            written = [("write", json.dumps(value)) for value in calls]
            text = grammar.write(content=content, calls=written, tools=TOOLS)
            yield text, (content, [("write", value) for value in calls])


def read(make: Any, format: str, fragments: list[str]) -> Result | str:
    """What a peer makes of a turn; the name of the error, if it raises."""
    peer: Peer = make(format, TOOLS)
    try:
        for fragment in fragments:
            peer.feed(fragment)
        peer.finish()
        return peer.result()
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
        return type(error).__name__


def cuts(text: str) -> Iterator[list[str]]:
    yield tokens(text)
    yield [text]
    yield cut(text, 1)
    for at in range(1, len(text)):
        yield [text[:at], text[at:]]


def changes(make: Any, format: str) -> tuple[int, int, int]:
    """How many turns are read right token by token, how many come out differently for another cut, and how many there
    are."""
    right = changed = count = 0
    for text, expected in short_turns(format):
        results = [read(make, format, fragments) for fragments in cuts(text)]
        count += 1
        right += results[0] == expected
        changed += any(result != results[0] for result in results)
    return right, changed, count


# -- the page ----------------------------------------------------------------------------------------------------------

STREAMS = (
    ("hermes", "code argument", "A source file as a string argument, JSON in `<tool_call>` tags (hermes)"),
    ("hermes", "structure", "Objects and numbers in JSON arguments (hermes)"),
    ("hermes", "prose", "Prose (hermes)"),
    ("qwen3_coder", "code argument", "A source file as a tagged parameter (qwen3_coder)"),
    ("harmony", "code argument", "A source file as a string argument in an envelope (harmony)"),
)


def main() -> None:
    logging.disable(logging.CRITICAL)
    parts: list[str] = []
    chart: dict[str, list[float]] = {}
    absent: dict[str, str] = {}
    steady: dict[str, dict[str, tuple[int, int, int]]] = {name: {} for name in PEERS}
    for wire, kind, title in STREAMS:
        rows = []
        for name, (make, formats) in PEERS.items():
            if wire not in formats or name in absent:
                continue
            try:
                if wire not in steady[name] and name != "floor":
                    steady[name][wire] = changes(make, wire)
                cells = [measure(make, wire, turn(wire, kind, size)) for size in SIZES]
            except Absent as why:
                absent[name] = str(why)
                print(f"skipped {name}: {why}", flush=True)
                continue
            rows.append([name, *map(_time, cells), _delay(cells[-1]) if name != "floor" else ""])
            if (wire, kind) == STREAMS[0][:2]:
                chart[name + (" (stopped: at least)" if cells[-1].stopped else "")] = [cell.time for cell in cells]
            print(f"{title:60} {rows[-1]}", flush=True)
        head = ["µs per fragment, of", *(f"{size:,}" for size in SIZES), "characters late"]
        parts.append(f"**{title}**\n\n{table(head, rows)}")
    parts.append(_cut_table(steady))
    parts += [f"Skipped: {name} ({why})." for name, why in absent.items()]
    parts.insert(0, f"{machine()}.\n\n![Time per fragment against fragments in the turn](compare.svg)")
    print("\n\n".join(parts))
    if "--write" in sys.argv[1:]:
        put("compare", "\n\n".join(parts))
        (DOCS / "compare.svg").write_text(drawn(chart), encoding="utf-8")


def _time(cell: Measured) -> str:
    digits = f"{cell.time:,.2f}" if cell.time < 10 else f"{cell.time:,.0f}"
    return f"> {digits} (stopped at {cell.stopped:,})" if cell.stopped else digits


def _delay(cell: Measured) -> str:
    return f"{cell.delay:,.1f}" if cell.delay < 100 else f"{cell.delay:,.0f}"


def _cut_table(steady: dict[str, dict[str, tuple[int, int, int]]]) -> str:
    rows = [
        [f"{name}, {wire}", f"{right} of {count}", f"{changed} of {count}"]
        for name, found in steady.items()
        for wire, (right, changed, count) in found.items()
    ]
    return "**Short turns, cut at every place**\n\n" + table(
        ["", "right, token by token", "another result for another cut"], rows
    )


WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 900, 420, 70, 30, 50, 340
FONT = 'font-family="sans-serif" font-size="12"'
COLOURS = ("#999999", "#c2185b", "#1976d2", "#00897b", "#f57c00", "#6a1b9a", "#5d4037", "#455a64", "#9e9d24")


def drawn(lines: dict[str, list[float]]) -> str:
    """The chart: for each line its times at SIZES. Both axes are logarithmic; each line is labelled at its end."""
    top = math.ceil(math.log10(max(map(max, lines.values()))))
    low = math.floor(math.log10(min(map(min, lines.values()))))

    def x(size: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(size / SIZES[0]) / math.log(SIZES[-1] / SIZES[0])

    def y(time: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - math.log10(time)) / (top - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18">microseconds per fragment: {STREAMS[0][1]}, {STREAMS[0][0]}</text>',
    ]
    for power in range(low, top + 1):
        at = y(10.0**power)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    out += [f'<text x="{x(size):.1f}" y="{HEIGHT - 28}" text-anchor="middle">{size:,}</text>' for size in SIZES]
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">fragments in the turn</text>')
    below = 0.0
    places = {}
    for name in sorted(lines, key=lambda name: y(lines[name][-1])):  # labels do not overlap
        places[name] = below = max(y(lines[name][-1]), below + 15)
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        points = " ".join(f"{x(size):.1f},{y(time):.1f}" for size, time in zip(SIZES, line, strict=True))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{places[name] + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    main()
