"""`toolfeed detect`, and the options that say what is known of a model.

Exit code 0: the format is known; 1: it is unknown or ambiguous, and standard error says why; 2: a bad argument.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..detection import Detection, choose
from ..detection import detect as detect_format
from ..errors import AmbiguousFormat, UnknownFormat
from ..grammar import AUTO, Grammar
from .base import Refused
from .show import print_json

Command = TypeVar("Command", bound=Callable[..., Any])


class Untold(Refused):
    """A format that cannot be told: no fault of the arguments."""

    exit_code = 1


def model_options(command: Command) -> Command:
    """The options that say what is known of a model."""
    for option in (
        click.option(
            "--tokenizer-config", metavar="PATH", help="Its tokenizer_config.json, or the folder that it is in."
        ),
        click.option("--template", "--chat-template", "template", metavar="FILE", help="Its chat template."),
        click.option("--model", "-m", metavar="ID", help="Its id on a hub, or the path or file name that it goes by."),
    ):
        command = option(command)
    return command


@click.command("detect", short_help="Tell which format a model writes.")
@model_options
@click.option(
    "--grammar",
    "-g",
    "grammars",
    metavar="FILE.toml",
    multiple=True,
    help="A format of your own that may be it as well; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON, on a terminal too.")
def detect(
    model: str | None, template: str | None, tokenizer_config: str | None, grammars: tuple[str, ...], as_json: bool
) -> None:
    """Tell which format a model writes, how sure that is, and why.

    The more is known of the model the better: its chat template says most.
    """
    found = _told(model, template, tokenizer_config, grammars)
    if as_json or not sys.stdout.isatty():
        print_json({"format": found.format, "confidence": found.confidence, "reason": found.reason})
    else:
        from .screen import show_detection

        show_detection(found)


def grammar_for(format: str, model: str | None, template: str | None, tokenizer_config: str | None) -> Grammar:
    """The grammar that is asked for. One that is detected is told on standard error."""
    if format != AUTO:
        return choose(format, None if template is None else Path(template), model, tokenizer_config)
    found = _told(model, template, tokenizer_config)
    click.echo(sentence(found), err=True)
    return found.grammar


def _told(
    model: str | None, template: str | None, tokenizer_config: str | None, grammars: Iterable[str] = ()
) -> Detection:
    """What the options of `model_options` tell."""
    if model is None and template is None and tokenizer_config is None:
        raise Refused("nothing to tell the format from: give --template, --model or --tokenizer-config")
    try:
        return detect_format(
            chat_template=None if template is None else Path(template),
            model=model,
            tokenizer_config=tokenizer_config,
            grammars=[Path(path) for path in grammars],
        )
    except (UnknownFormat, AmbiguousFormat) as error:
        raise Untold(str(error)) from error


def sentence(found: Detection) -> str:
    """What was found, on one line."""
    return f"format {found.format}, confidence {found.confidence}: {found.reason}"
