"""The shapes that a pattern may have: so plain that template lines say the same, and what stands behind it streams."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from .patterns import SPACE, Char, Edge, Group, Look, Node, Pattern, Repeat, Sequence, Set

_MOST_WAYS: Final = 16


def markers(ways: Iterable[Sequence]) -> list[tuple[str, ...]] | None:
    """The literal texts that a pattern stands for, cut where it allows whitespace; None if it is more than literals.

    Whitespace at the edges is left out, and so is the way that matches the end of the text alone.
    """
    found: list[tuple[str, ...]] = []
    for way in ways:
        if way == (Edge("end"),):
            continue
        texts = _texts(way)
        if texts is None or len(found) + len(texts) > _MOST_WAYS:
            return None
        for text in texts:
            words = tuple(text.split())
            if not words:
                return None
            if words not in found:
                found.append(words)
    return found or None


def _texts(way: Sequence) -> list[str] | None:
    """The texts that a sequence matches, with a space where there may be whitespace."""
    texts = [""]
    for node in way:
        own: list[str] | None = None
        if isinstance(node, Char):
            own = [node.text]
        elif _is_space(node):
            own = [" "]
        elif isinstance(node, Group):
            own = _joined(node.ways)
        elif isinstance(node, Repeat) and (node.least, node.most) == (0, 1):
            inner = _joined(((node.item,),))
            own = None if inner is None else ["", *inner]
        if own is None or len(texts) * len(own) > _MOST_WAYS:
            return None
        texts = [text + more for text in texts for more in own]
    return texts


def _joined(ways: Iterable[Sequence]) -> list[str] | None:
    found: list[str] = []
    for way in ways:
        texts = _texts(way)
        if texts is None:
            return None
        found += texts
    return found


def _is_space(node: Node) -> bool:
    """Whether a node matches whitespace and nothing else."""
    if isinstance(node, Repeat):
        return _is_space(node.item)
    return node == SPACE or (isinstance(node, Char) and node.text.isspace())


class Tag(NamedTuple):
    """A pattern that reads one tagged value: `opener`, its parts in order, text or, once, None for the key; `closer`.
    `before` and `behind`: the whitespace that it leaves out at the value's edges: "", "newline" or "any"."""

    opener: tuple[str | None, ...]
    closer: str
    before: str
    behind: str


def tag(pattern: Pattern) -> Tag | None:
    """The tag that a pattern with the groups `key` and `value` describes: TEXT KEY TEXT VALUE TEXT, with whitespace
    between; None if it is more than that."""
    if len(pattern.ways) != 1:
        return None
    parts: list[str | None] = [""]
    spaces = ["", ""]  # before and behind the value
    closer: str | None = None
    for node in pattern.ways[0]:
        if isinstance(node, Group) and node.name == "key" and len(node.ways) == 1 and None not in parts:
            if len(node.ways[0]) != 1 or not isinstance(node.ways[0][0], Repeat):
                return None
            parts[-1] = f"{parts[-1] or ''}{' ' if spaces[0] else ''}"
            parts += [None, ""]
            spaces[0] = ""
            continue
        if isinstance(node, Group) and node.name == "value" and closer is None:
            if None not in parts or not _takes_all(node):
                return None
            closer = ""
            continue
        side = 0 if closer is None else 1
        if _is_space(node) and (side == 0 or not closer):
            spaces[side] = _trim(node) if not spaces[side] else "other"
            continue
        if isinstance(node, Look) and not node.behind and not node.negative and closer == "":
            own = _joined(node.ways)
        else:
            own = _texts((node,))
        if own is None or len(own) != 1:
            return None
        if closer is not None:
            closer += own[0]
        else:
            parts[-1] = f"{parts[-1] or ''}{' ' if spaces[0] else ''}{own[0]}"
            spaces[0] = ""
    parts = [part if part is None else _SPACED.sub(r"\1", part) for part in parts]
    parts[0] = (parts[0] or "").lstrip()
    if closer is None or not closer.strip() or not parts[0] or "other" in spaces:
        return None
    return Tag(tuple(parts), closer.strip(), spaces[0], spaces[1])


_SPACED: Final = re.compile(r" *([<>=]) *")  # where a template's tags take spaces in any case


def _takes_all(group: Group) -> bool:
    """Whether a value's group takes whatever comes, up to the first closer: `.*?`, or `[^<]*`."""
    if len(group.ways) != 1 or len(group.ways[0]) != 1:
        return False
    node = group.ways[0][0]
    if not isinstance(node, Repeat) or node.most is not None or not isinstance(node.item, Set):
        return False
    return (node.item.source in (".", r"[\s\S]") and node.lazy) or node.item.source == "[^<]"


def _trim(node: Node) -> str:
    if node == Repeat(SPACE, 0, None, False) or node == Repeat(SPACE, 1, None, False):
        return "any"
    if node == Char("\n") or node == Repeat(Char("\n"), 0, 1, False):
        return "newline"
    return "other"
