"""Events and tables for a person at a terminal."""

from __future__ import annotations

import sys
from typing import Final, Literal, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

import toolfeed

from ..events import ArgumentsDelta, ContentDelta, Event, ReasoningDelta, ToolCallEnd, ToolCallStart

Place: TypeAlias = Literal["start", "content", "reasoning", "call"]

STYLES: Final = {
    "content": "",
    "reasoning": "dim italic",
    "name": "bold cyan",
    "arguments": "green",
    "frame": "cyan",
    "complete": "green",
    "truncated": "yellow",
    "malformed": "red",
}
NARROW: Final = 88  # columns; with fewer, things that stand side by side stand below one another
SIGNS: Final = {"complete": "✓", "truncated": "…", "malformed": "✗"}

# Control characters would move the cursor or worse: their pictures do not. Line breaks and tabs may stay.
PICTURES: Final = {code: 0x2400 + code for code in range(32) if code not in {9, 10}} | {
    code: 0x2421 if code == 0x7F else 0xFFFD for code in range(0x7F, 0xA0)
}


def visible(text: str) -> str:
    """Text that can do nothing to a terminal but be read."""
    return text.translate(PICTURES).encode("utf-8", "replace").decode("utf-8")


def stdout_console() -> Console:
    """A console on standard output that adds nothing of its own, and shows what the terminal cannot as `?`."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return Console(highlight=False, markup=False, emoji=False)


def end_line(end: ToolCallEnd, *, error: bool = True) -> Text:
    """How a call ended, and, with `error`, what was wrong with it."""
    line = Text(f"{SIGNS[end.status]} {end.status}", style=STYLES[end.status])
    if end.error and error:
        line.append(f": {visible(end.error)}")
    if end.notes:
        line.append(f"  {' '.join(end.notes)}", style="dim")
    return line


class Screen:
    """Writes events as they come, each at once: content plain, reasoning dim, a call as a block that grows."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or stdout_console()
        self.place: Place = "start"
        self.column = 0

    def show(self, event: Event) -> None:
        """Write one event."""
        match event:
            case ContentDelta(text):
                self.go("content")
                self.write(text, STYLES["content"])
            case ReasoningDelta(text):
                self.go("reasoning")
                self.write(text, STYLES["reasoning"])
            case ToolCallStart(_, id, name):
                self.go("call")
                line = Text("╭─ ", STYLES["frame"]).append(visible(name), STYLES["name"])
                self.console.print(line.append(f"  {visible(id)}", "dim"), soft_wrap=True)
            case ArgumentsDelta(_, text):
                self.write_arguments(text)
            case ToolCallEnd():
                self.end_row()
                self.console.print(Text("╰─ ", STYLES["frame"]).append_text(end_line(event)), soft_wrap=True)

    def end(self) -> None:
        """Leave the cursor at the start of a line."""
        self.end_row()

    def go(self, place: Place) -> None:
        """Begin a block, an empty line below the last one, unless this is the same one."""
        if place != self.place or place == "call":
            self.end_row()
            if self.place != "start" and not self.place == place == "call":
                self.console.print()
        self.place = place

    def end_row(self) -> None:
        if self.column:
            self.console.print()
        self.column = 0

    def write(self, text: str, style: str) -> None:
        text = visible(text)
        self.console.print(Text(text, style), end="", soft_wrap=True)
        self.column = 0 if text.endswith("\n") else 1

    def write_arguments(self, text: str) -> None:
        """Write a piece of JSON text inside the call's frame, which a line break and the terminal's edge go on."""
        out = Text()
        for character in visible(text).replace("\t", "    "):
            width = cell_len(character)
            if character == "\n" or (self.column and self.column + width >= self.console.width):
                out.append("\n" if self.column else "│\n", STYLES["frame"])
                self.column = 0
            if character != "\n":
                if not self.column:
                    out.append("│ ", STYLES["frame"])
                    self.column = 2
                out.append(character, STYLES["arguments"])
                self.column += width
        self.console.print(out, end="", soft_wrap=True)


def show_detection(found: toolfeed.Detection) -> None:
    """A detected format, how sure that is, and why."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("format", Text(found.format, style=STYLES["name"]))
    table.add_row("confidence", found.confidence)
    table.add_row("reason", Text(visible(found.reason)))
    stdout_console().print(table)


def show_formats(infos: list[toolfeed.FormatInfo] | tuple[toolfeed.FormatInfo, ...]) -> None:
    """Print the formats as a table; on a narrow terminal their models stand below their aliases."""
    console = stdout_console()
    narrow = console.width < NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("format", style=STYLES["name"], no_wrap=True)
    table.add_column("aliases, models" if narrow else "aliases", ratio=2, overflow="fold")
    if not narrow:
        table.add_column("models", ratio=3, overflow="fold")
        table.add_column("starts in", style="dim", no_wrap=True)
    for info in infos:
        aliases, models = Text(" ".join(info.aliases)), Text(", ".join(info.models), "dim" if narrow else "")
        if narrow:
            lines = [line for line in (aliases, models) if line]
            table.add_row(info.name, Text("\n").join(lines))
        else:
            table.add_row(info.name, aliases, models, " ".join(info.start_states))
    console.print(table)
