"""The errors that toolfeed raises: all about its own arguments, none about what a model wrote."""

from __future__ import annotations


class ToolfeedError(Exception):
    """The base of every error that toolfeed raises."""


class GrammarError(ToolfeedError):
    """A grammar that cannot be used: names its file, line and key, and says what to change."""

    def __init__(
        self, message: str, *, file: str | None = None, line: int | None = None, key: str | None = None
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.key = key
        place = file or ""
        if line is not None:
            place = f"{place}:{line}" if place else f"line {line}"
        super().__init__(": ".join(part for part in (place, key, message) if part))


class ToolsError(ToolfeedError):
    """A tool declaration that cannot be read: names the tool and the path in its schema."""


class UnknownFormat(ToolfeedError):
    """No format has that name or alias; the message lists the nearest ones. Or none fits what is known of a model; it
    says what was looked at."""


class AmbiguousFormat(ToolfeedError):
    """A name, or what is known of a model, that fits several formats: `candidates`, which the message lists too."""

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        self.candidates = candidates
        super().__init__(message)


class FinishedError(ToolfeedError):
    """`feed` was called after `finish`."""


class CannotExpress(ToolfeedError):
    """A grammar cannot write this content, reasoning or call so that it reads back the same; says why."""
