"""The commands: what they take, and what they say about a bad argument.

Results go to standard output: live and coloured on a terminal, a line per event elsewhere. A bad argument is one line
on standard error and exit code 2. Ctrl-C exits with 130; a closed pipe ends the command without a word.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

import toolfeed

from ..errors import ToolfeedError, ToolsError
from ..events import Event
from ..grammar import AUTO
from ..tools import Tools
from .base import Refused, reading
from .detecting import detect, grammar_for, model_options
from .fuzzing import check, fuzz
from .reading import Cut, fragments, text_chunks
from .show import print_event, print_json


def refused(error: click.UsageError) -> Refused:
    """What click says of a bad argument, on one line."""
    message = error.format_message().rstrip(".")
    message = message.replace("a valid float range", "a number").replace("a valid integer range", "a whole number")
    command = error.ctx.command_path if error.ctx else "toolfeed"
    return Refused(f"{message[:1].lower()}{message[1:]}; see {command} --help")


class Commands(click.Group):
    """A group that ends in the same way however one of its commands does."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            raise refused(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ToolfeedError as error:
            raise Refused(str(error)) from error
        except click.UsageError as error:
            raise refused(error) from error
        except KeyboardInterrupt:
            ctx.exit(130)
        except BrokenPipeError:
            # What is still buffered goes nowhere, or the interpreter complains when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


class Seconds(click.FloatRange):
    """A number of seconds, from one to a day; or 0, if that means never."""

    def __init__(self, *, never: bool = False) -> None:
        super().__init__(min=0)
        self._never = never

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if not (1 <= seconds <= 86400 or (self._never and seconds == 0)):
            self.fail(f"{value} is not from 1 to 86400{', nor 0' if self._never else ''}", param, ctx)
        return seconds


def read_cut(ctx: click.Context, param: click.Parameter, value: str | None) -> Cut | None:
    """`words`, `chars`, or a number of characters."""
    if value is None:
        return None
    if value == "words":
        return "words"
    number = 1 if value == "chars" else int(value) if value.isdecimal() else 0
    if number < 1:
        raise Refused(f"--cut takes words, chars, or a number of characters from 1 on, not {value!r}")
    return number


def load_tools(path: str) -> Tools:
    """The tools in a JSON file, in any shape that `Parser` takes."""
    try:
        with reading(path):
            declarations = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from error
    try:
        return Tools(declarations)
    except ToolsError as error:
        raise Refused(f"{path}: {error}") from error


@click.group(
    "toolfeed",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `toolfeed demo`. Then: my-model | toolfeed parse --format hermes",
)
@click.version_option(package_name="toolfeed", message="%(prog)s %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> None:
    """Read the tool calls, reasoning and content in what a language model writes, as it comes."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON line per format, on a terminal too.")
def formats(as_json: bool) -> None:
    """List the formats that this installation knows."""
    infos = toolfeed.formats()
    if as_json or not sys.stdout.isatty():
        for info in infos:
            print_json(msgspec.to_builtins(info))
    else:
        from .screen import show_formats

        show_formats(infos)


@commands.command()
@click.option(
    "--format",
    "-f",
    "format_",
    metavar="NAME|FILE.toml|auto",
    required=True,
    help="A format's name or alias (see `toolfeed formats`), a grammar file, or auto: told by what the options say of "
    "the model.",
)
@model_options
@click.option(
    "--tools", "-t", metavar="FILE.json", help="The tools that the model was given, in OpenAI or Anthropic shape."
)
@click.option("--start", type=click.Choice(["content", "reasoning"]), help="What the text begins in.")
@click.option("--prompt", metavar="TEXT", help="The end of the prompt, which tells what the text begins in.")
@click.option(
    "--cut",
    metavar="N|words|chars",
    callback=read_cut,
    help="Feed pieces of N characters, words, or single characters. Default: whatever has arrived.",
)
@click.option(
    "--whitespace",
    type=click.Choice(["trim", "keep"]),
    default="trim",
    show_default=True,
    help="What to do with the whitespace next to markup.",
)
@click.option("--repair", is_flag=True, help="Accept the kinds of damage that the format can repair.")
@click.option("--delay", metavar="MS", type=click.FloatRange(min=0), default=0, help="Wait between fragments.")
@click.option("--json", "as_json", is_flag=True, help="A JSON line per event, on a terminal too.")
@click.argument("file", default="-", metavar="[FILE|-]")
def parse(
    format_: str,
    model: str | None,
    template: str | None,
    tokenizer_config: str | None,
    tools: str | None,
    start: Literal["content", "reasoning"] | None,
    prompt: str | None,
    cut: Cut | None,
    whitespace: Literal["trim", "keep"],
    repair: bool,
    delay: float,
    as_json: bool,
    file: str,
) -> None:
    """Show the events of a model's text as they come.

    The text is a file's, or standard input's: a live pipe is read as it delivers, so each character of an argument
    shows as soon as it is there. On a terminal the events are shown as they read; elsewhere each is a line of JSON.
    """
    with reading(format_):
        parser = toolfeed.Parser(
            grammar_for(format_, model, template, tokenizer_config),
            tools=None if tools is None else load_tools(tools),
            start=start,
            prompt=prompt,
            whitespace=whitespace,
            repair=repair,
        )
    with reading(file):
        stream = click.open_file(file, "rb")
    if file == "-" and sys.stdin.isatty():
        click.echo("reading from the terminal; Ctrl-D ends the text", err=True)

    if as_json or not sys.stdout.isatty():
        show, end = print_event, None
    else:
        from .screen import Screen

        screen = Screen()
        show, end = screen.show, screen.end

    def show_all(events: list[Event]) -> None:
        for event in events:
            show(event)

    try:
        with stream:
            for fragment in fragments(text_chunks(stream), cut):
                show_all(parser.feed(fragment))
                if delay:
                    time.sleep(delay / 1000)
        show_all(parser.finish())
    finally:
        if end is not None:
            end()


@commands.command(short_help="Watch turns of several models stream.")
@click.option(
    "--format",
    "-f",
    "names",
    metavar="NAME|FILE.toml",
    multiple=True,
    help="Show this format's example; may be given several times.",
)
@click.option("--speed", metavar="CHARS_PER_SECOND", type=click.FloatRange(min=1), help="Default: about reading speed.")
@click.option("--no-animation", is_flag=True, help="Show each turn at once.")
def demo(names: tuple[str, ...], speed: float | None, no_animation: bool) -> None:
    """Watch turns of several models stream: their text on one side, the events on the other."""
    from .demo import animate, show_still, show_transcript
    from .scenes import Turn, choose_turns
    from .screen import stdout_console

    turns: list[Turn] = []
    for name in names:
        with reading(name):
            found = choose_turns([name])
        if not found:
            raise Refused(f"{name} has no example to show")
        turns += found
    turns = turns or choose_turns(None)
    console = stdout_console()
    if not console.is_terminal or console.is_dumb_terminal:
        show_transcript(turns)
    elif no_animation:
        show_still(console, turns)
    else:
        animate(console, turns, speed)


@commands.command(short_help="Serve a model, or a scripted one, to the clients of four protocols.")
@click.option("--upstream", metavar="URL", help="An OpenAI-compatible server that leaves markup in its text.")
@click.option(
    "--format",
    "-f",
    "format_",
    metavar="NAME|FILE.toml|auto",
    help="How the upstream's models write their calls (see `toolfeed formats`); auto, the default: told by the chat "
    "template and by a request's model.",
)
@click.option(
    "--chat-template",
    metavar="FILE",
    help="Render the prompt with this template (.jinja, or tokenizer_config.json), and let the upstream complete it.",
)
@click.option("--start", type=click.Choice(["content", "reasoning"]), help="What the upstream's turns begin in.")
@click.option(
    "--upstream-tool-choice",
    type=click.Choice(["none", "auto", "leave"]),
    default="none",
    show_default=True,
    help="What the upstream is told for a tool_choice of auto. Engines without a parser refuse auto.",
)
@click.option("--body", metavar="JSON", help="What else requests to the upstream have; null takes a key away.")
@click.option("--timeout", metavar="SECONDS", type=Seconds(), default=300, help="Of a silent upstream.")
@click.option(
    "--replay",
    metavar="[DIR]",
    is_flag=False,
    flag_value="",
    help="Serve a scripted model (the default); DIR has turns for it in .toml files.",
)
@click.option("--speed", metavar="CHARS_PER_SECOND", type=click.FloatRange(min=1), help="Of the scripted model.")
@click.option(
    "--cut",
    metavar="N|words|chars",
    callback=read_cut,
    default="words",
    help="Fragments of the scripted model: N characters, words, or single characters.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
@click.option(
    "--allow-host",
    metavar="NAME",
    multiple=True,
    help="A name that requests may have as their Host, besides --host and the loopback's; may be repeated.",
)
@click.option(
    "--allow-origin",
    metavar="URL|*",
    multiple=True,
    help="A site whose web pages may ask, besides those on the loopback; may be repeated.",
)
@click.option("--max-body", metavar="BYTES", type=click.IntRange(min=1), default=16 * 2**20, help="Of a request.")
@click.option(
    "--max-bodies",
    metavar="BYTES",
    type=click.IntRange(min=1),
    help="Of all requests that are being answered; eight times --max-body unless given.",
)
@click.option(
    "--keep-alive",
    metavar="SECONDS",
    type=Seconds(never=True),
    default=15,
    show_default=True,
    help="Of silence until a stream is kept alive; 0 for never.",
)
def serve(
    upstream: str | None,
    format_: str | None,
    chat_template: str | None,
    start: Literal["content", "reasoning"] | None,
    upstream_tool_choice: str,
    body: str | None,
    timeout: float,
    replay: str | None,
    speed: float | None,
    cut: Cut,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
    max_body: int,
    max_bodies: int | None,
    keep_alive: float,
) -> None:
    """Serve OpenAI's, Anthropic's and Ollama's protocols.

    In front of an upstream its text is read as it comes; without one a scripted model plays, whose calls are written in
    every format. The upstream's key is the client's, or that in TOOLFEED_UPSTREAM_KEY.
    """
    missing = [name for name in ("starlette", "uvicorn", "httpx2", "jinja2") if find_spec(name) is None]
    if missing:
        raise Refused(f"serving needs {', '.join(missing)}: pip install 'toolfeed[serve]'")
    from ..serve import command
    from ..serve.source import Source

    source: Source
    if upstream is not None:
        if replay is not None:
            raise Refused("--upstream and --replay exclude each other")
        format_ = AUTO if format_ is None else format_
        with reading(format_):
            source = asked = command.make_upstream(
                upstream,
                format_,
                template=chat_template,
                start=start,
                tool_choice=upstream_tool_choice,
                body=body,
                key=os.environ.get("TOOLFEED_UPSTREAM_KEY", "").strip(),
                timeout=timeout,
            )
        read_as = "the format that its model is found to write" if format_ == AUTO else format_
        says = [f"In front of {asked.shown_url}, whose text is read as {read_as}."]
    else:
        for option, value in ("--format", format_), ("--chat-template", chat_template), ("--body", body):
            if value is not None:
                raise Refused(f"{option} is about an upstream; give one with --upstream")
        source = command.make_replay(replay, speed, cut)
        says = command.replay_says(replay)
    command.run(
        source,
        host,
        port,
        hosts=allow_host,
        origins=allow_origin,
        max_body=max_body,
        max_bodies=max_bodies,
        keep_alive=keep_alive,
        says=says,
        example=upstream is None,
    )


commands.add_command(detect)
commands.add_command(fuzz)
commands.add_command(check)
