"""The demo: turns of several models stream, the raw text on one side and the events on the other.

What is shown is a parser at work: the raw text takes its colours from the parser's `trace`, what is yellow is held, and
the other side is made from events alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.highlighter import JSONHighlighter
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

import toolfeed

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart
from .scenes import Turn
from .screen import NARROW, STYLES, end_line, visible
from .show import TYPES, print_line

SECONDS: Final = 42  # for all turns together, unless a speed is given
PAUSE: Final = 0.9  # seconds after a turn

TRACE_STYLES: Final = {
    "content": "",
    "reasoning": STYLES["reasoning"],
    "marker": "magenta",
    "name": STYLES["name"],
    "arguments": STYLES["arguments"],
    "framing": "bright_black",
    "dropped": "bright_black",
}
HELD: Final = "yellow"
LAST: Final = "reverse"


class Call(msgspec.Struct):
    """A call as far as its events have come."""

    name: str
    id: str
    arguments: str = ""
    end: ToolCallEnd | None = None


class Shown(msgspec.Struct):
    """A turn as far as it has been fed."""

    turn: Turn
    fed: int = 0
    last: int = 0  # where the last fragment began
    held: int = 0
    tiles: list[tuple[str, int, int]] = []
    blocks: list[ContentDelta | ReasoningDelta | Call] = []
    events: int = 0

    @property
    def calls(self) -> list[Call]:
        """The calls, by index."""
        return [block for block in self.blocks if isinstance(block, Call)]


def steps(turn: Turn) -> Iterator[tuple[Shown, str, list[Event]]]:
    """Feed a turn: after each fragment what is to be shown, the fragment, and its events; last what `finish` gives."""
    shown = Shown(turn)
    parser = toolfeed.Parser(
        turn.grammar,
        tools=turn.example.declarations(),
        start=turn.example.start,
        prompt=turn.example.prompt,
        repair=turn.example.repair,
        tool_choice=turn.example.tool_choice() or "auto",
        ids=lambda index, name: f"call_{index}",
        trace=lambda kind, start, end: shown.tiles.append((kind, start, end)),
    )
    for fragment in turn.fragments:
        shown.last, shown.fed = shown.fed, shown.fed + len(fragment)
        events = parser.feed(fragment)
        add(shown, events)
        shown.held = parser.held
        yield shown, fragment, events
    events = parser.finish(turn.example.finish)
    add(shown, events)
    shown.last, shown.held = shown.fed, 0
    yield shown, "", events


def add(shown: Shown, events: Iterable[Event]) -> None:
    """Make what is shown from events, as an application would."""
    blocks = shown.blocks
    calls = shown.calls
    for event in events:
        shown.events += 1
        match event:
            case ContentDelta(text) | ReasoningDelta(text):
                last = blocks[-1] if blocks else None
                if isinstance(last, ContentDelta | ReasoningDelta) and type(last) is type(event):
                    blocks[-1] = type(last)(last.text + text)
                else:
                    blocks.append(event)
            case ToolCallStart(_, id, name):
                calls.append(Call(name, id))
                blocks.append(calls[-1])
            case ArgumentsDelta(index, text):
                calls[index].arguments += text
            case ToolCallEnd(index):
                calls[index].end = event


def raw_side(shown: Shown) -> Text:
    """The text fed so far, in the colours of what it turned out to be; the last fragment stands out."""
    text = Text(visible(shown.turn.example.text[: shown.fed]), overflow="fold")
    for kind, start, end in shown.tiles:
        text.stylize(TRACE_STYLES.get(kind, ""), start, end)
    if shown.held:
        text.stylize(HELD, shown.fed - shown.held)
    text.stylize(LAST, shown.last)
    return text


def event_side(shown: Shown) -> RenderableType:
    """Content, reasoning and calls as far as events have told of them."""
    parts: list[RenderableType] = []
    for block in shown.blocks:
        if parts and not isinstance(block, Call):
            parts.append(Text())
        match block:
            case ContentDelta(text):
                parts.append(Text(visible(text), STYLES["content"], overflow="fold"))
            case ReasoningDelta(text):
                parts.append(Text(visible(text), STYLES["reasoning"], overflow="fold"))
            case Call():
                parts.append(call_panel(block))
    return Group(*parts)


def call_panel(call: Call) -> Panel:
    """A call: its name, its id, the arguments so far, and how it ended."""
    arguments = Text(visible(call.arguments), overflow="fold")
    JSONHighlighter().highlight(arguments)
    if call.end is None:
        arguments.append("▌", STYLES["frame"])
    elif call.end.error:
        arguments.append(f"\n{visible(call.end.error)}", STYLES[call.end.status])
    return Panel(
        arguments,
        title=Text(visible(call.name), STYLES["name"]).append(f" {visible(call.id)}", "dim not bold"),
        title_align="left",
        subtitle=end_line(call.end, error=False) if call.end else Text("streaming", "dim"),
        subtitle_align="right",
        border_style=STYLES["frame"] if call.end is None else STYLES[call.end.status],
        padding=(0, 1),
    )


class Tail:
    """The last lines of something, and empty lines up to a height."""

    def __init__(self, content: RenderableType, height: int) -> None:
        self.content = content
        self.height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self.content, options.update(height=None), pad=True)[-self.height :]
        for line in lines:
            yield from line
            yield Segment.line()
        for _ in range(self.height - len(lines)):
            yield Segment(" " * options.max_width)
            yield Segment.line()


class Frame:
    """A turn on the terminal: two panels whose height stays the same from the first fragment to the last."""

    def __init__(self, console: Console, turn: Turn, title: Text) -> None:
        self.title = title
        self.narrow = console.width < NARROW
        *_, (final, _, _) = steps(turn)
        width = (console.width if self.narrow else console.width // 2) - 4
        options = console.options.update(width=width)
        self.full = [len(console.render_lines(side, options)) for side in (raw_side(final), event_side(final))]
        if not self.narrow:
            self.full = [max(self.full)] * 2
        # The rule above, the borders, and the line that the cursor stands on.
        room = console.height - 2 - (4 if self.narrow else 2)
        self.heights = [max(3, min(height, room // 2 if self.narrow else room)) for height in self.full]
        if self.narrow and sum(self.full) <= room:
            self.heights = self.full

    def draw(self, shown: Shown, *, whole: bool = False) -> RenderableType:
        """What is to be seen now; `whole`: all of it, however high."""
        raw_height, event_height = self.full if whole else self.heights
        raw = Panel(
            Tail(raw_side(shown), raw_height),
            title="what the model writes",
            title_align="left",
            subtitle=Text(f"held {shown.held:2}", HELD if shown.held else "dim"),
            subtitle_align="right",
            border_style="bright_black",
            padding=(0, 1),
        )
        events = Panel(
            Tail(event_side(shown), event_height),
            title="what toolfeed reads",
            title_align="left",
            subtitle=Text(f"{shown.events} events", "dim"),
            subtitle_align="right",
            border_style="bright_black",
            padding=(0, 1),
        )
        if self.narrow:
            return Group(Rule(self.title, style="bright_black", align="left"), raw, events)
        grid = Table.grid(expand=True)
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(raw, events)
        return Group(Rule(self.title, style="bright_black", align="left"), grid)


def titles(turns: Sequence[Turn]) -> list[Text]:
    """A line for each turn: its number, the format, what it shows, and some of the models that write it."""
    lines: list[Text] = []
    for number, turn in enumerate(turns, 1):
        line = Text().append(f"{number}/{len(turns)} ", "dim").append(visible(turn.grammar.name), STYLES["name"])
        line.append(f"  {visible(turn.example.case)}")
        if turn.grammar.models:
            line.append(f"  {visible(', '.join(turn.grammar.models[:3]))}", "dim")
        lines.append(line)
    return lines


def introduce(console: Console) -> None:
    """Say what will be seen."""
    console.print()
    console.print(
        Text(
            "Models write tool calls into their text, each family in a notation of its own. toolfeed reads them while "
            "they are being written."
        )
    )
    legend = Text()
    for kind in ("reasoning", "marker", "name", "arguments"):
        legend.append(kind, TRACE_STYLES[kind]).append("  ")
    legend.append("held until it is clear what it is", HELD).append("  ").append("last fragment", LAST)
    console.print(legend)
    console.print()


def conclude(console: Console, turns: Sequence[Turn]) -> None:
    """Say what to try next."""
    count = len(toolfeed.formats())
    more, own = "toolfeed formats", f"toolfeed parse --format {turns[0].grammar.name} FILE"
    console.print(Text.assemble((f"{count} formats, one interface. ", "bold"), "All of them: ", (more, "cyan")))
    console.print(Text.assemble("On text of yours: ", (own, "cyan")))


def animate(console: Console, turns: Sequence[Turn], speed: float | None) -> None:
    """Stream the turns at `speed` characters per second; None: so that it takes less than a minute."""
    if speed is None:
        speed = max(60.0, sum(len(turn.example.text) for turn in turns) / SECONDS)
    introduce(console)
    for turn, title in zip(turns, titles(turns), strict=True):
        frame = Frame(console, turn, title)
        shown = Shown(turn)
        with Live(frame.draw(shown), console=console, auto_refresh=False) as live:
            due = time.monotonic()
            for shown, fragment, _ in steps(turn):
                live.update(frame.draw(shown), refresh=True)
                due += len(fragment) / speed
                time.sleep(max(0.0, due - time.monotonic()))
            time.sleep(PAUSE)
            live.update(frame.draw(shown, whole=True))
        console.print()
    conclude(console, turns)


def show_still(console: Console, turns: Sequence[Turn]) -> None:
    """Show each turn as it stands at its end."""
    introduce(console)
    for turn, title in zip(turns, titles(turns), strict=True):
        *_, (shown, _, _) = steps(turn)
        console.print(Frame(console, turn, title).draw(shown, whole=True))
        console.print()
    conclude(console, turns)


def show_transcript(turns: Sequence[Turn]) -> None:
    """Print a line for each fragment and event: what was fed, and what came of it."""
    for turn in turns:
        print_line(f"== {turn.grammar.name}")
        for shown, fragment, events in steps(turn):
            left = json.dumps(fragment, ensure_ascii=False) if fragment else "(finish)"
            if not events and fragment:
                print_line(f"{left:24} {f'(held {shown.held})' if shown.held else '-'}")
            for event in events:
                print_line(f"{left:24} {describe(event)}")
                left = ""


def describe(event: Event) -> str:
    """An event on one line."""
    fields = {key: value for key, value in msgspec.structs.asdict(event).items() if value not in ("", (), None)}
    return " ".join([TYPES[type(event)], *(f"{key}={json.dumps(fields[key], ensure_ascii=False)}" for key in fields)])
