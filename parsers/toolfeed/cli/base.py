"""How commands say what is wrong with their arguments."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any

import click


class Refused(click.ClickException):
    """A bad argument: one line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"toolfeed: {' '.join(self.message.split())}", file=file, err=True)


@contextmanager
def reading(path: str) -> Generator[None]:
    """Say which file could not be read."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror or error}") from error
