"""Which patterns a model's id fits, and where in it.

A pattern is a hub id in which `*` stands for anything: `moonshotai/Kimi-K2*`. What a model is called outlives its home,
so only the part behind the slash counts: it may stand anywhere in a hub id, a path or a file's name, in any case, with
other separators or none between its words. But it stands there as whole words, and a version is whole too:
`Qwen/Qwen3-*` does not fit `Qwen3.5-27B`, which may well write something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

_EXCLUDES: Final = "!"
_LONGEST: Final = 256  # characters of a name that are looked at
_SEPARATORS: Final = "-_ "
_SEPARATOR: Final = "[-_ :]"
_POINT: Final = "[._p]"  # 2.5, 2_5, 2p5
_WORD_BEGINS: Final = "(?<![a-z0-9])"
_WORD_ENDS: Final = "(?![a-z0-9])"
_VERSION_ENDS: Final = r"(?![a-z0-9]|\.[0-9]|_[0-9]{1,2}(?![a-z0-9]|\.[0-9]))"  # of 3.5 and 3_5, not of 3_8b and 3_1.2b


class Fit(NamedTuple):
    """Where a pattern stands in the part of the id that it fits. `whole`: the id is
    one of a hub, and its maker is the pattern's."""

    pattern: str
    part: str
    start: int
    end: int
    whole: bool

    def within(self, other: Fit) -> bool:
        """Whether the other one stands where this one stands."""
        return other.start <= self.start and self.end <= other.end

    def inside(self, other: Fit) -> bool:
        """Whether the other one says more: it stands where this one stands, and around it."""
        return self.within(other) and not other.within(self)


def parts(model: str) -> list[str]:
    """What may hold the model's name, the likeliest first: the folders of a path from its end on, and the owner and
    name of a folder in a hub's cache."""
    return [part for part in reversed(re.split(r"[/\\]|--", model)) if part]


def fits(patterns: Iterable[str], model: str, part: str) -> list[Fit]:
    """How the patterns fit a part of the id, without those that stand inside what one with "!" before it fits."""
    found: list[Fit] = []
    excluded: list[Fit] = []
    for pattern in patterns:
        match = _compiled(pattern).search(part[:_LONGEST].lower())
        if match is not None:
            fit = Fit(pattern, part, match.start(), match.end(), _is_whole(pattern, model, part))
            (excluded if pattern.startswith(_EXCLUDES) else found).append(fit)
    return [fit for fit in found if not any(fit.within(other) for other in excluded)]


def says_nothing(pattern: str) -> bool:
    """Whether a pattern names no model."""
    return re.search(r"[a-z0-9]{2}", _name(pattern)) is None


def _is_whole(pattern: str, model: str, part: str) -> bool:
    return model.lower() == f"{pattern.rpartition('/')[0].lower()}/{part.lower()}"


def _name(pattern: str) -> str:
    return pattern.removeprefix(_EXCLUDES).rpartition("/")[2].lower()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    name = _name(pattern).lstrip("*")
    body = name.rstrip("*").rstrip(_SEPARATORS) if name.endswith("*") else name
    any_end = name.endswith("*") and body == name.rstrip("*")
    end = "" if any_end else _VERSION_ENDS if body[-1:].isdigit() else _WORD_ENDS
    items: list[str] = re.findall(r"\[!?[^\]]+\]|.", body)
    neighbours = zip(["", *items], items, [*items[1:], ""], strict=False)
    return re.compile(_WORD_BEGINS + "".join(_item(*near) for near in neighbours) + end)


def _item(before: str, item: str, behind: str) -> str:
    if len(item) > 1:
        inverted = item[1] == "!"
        return f"[{'^' * inverted}{re.escape(item[1 + inverted : -1]).replace(chr(92) + '-', '-')}]"
    if item in _SEPARATORS:  # between digits it has to be there: 3-8 is not 38
        return _SEPARATOR if before.isdigit() and (behind.isdigit() or len(behind) > 1) else f"{_SEPARATOR}?"
    return {"*": ".*?", "?": ".", ".": _POINT}.get(item, re.escape(item))
