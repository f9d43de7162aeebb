"""Literal texts, found at once, each of them or the beginning of one where the string ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def prefixes(texts: Iterable[str]) -> str:
    """A pattern that finds one of the texts, or a beginning of one at the end of the string."""
    trie: dict[str, Any] = {}
    for text in texts:
        node = trie
        for char in text:
            if "" in node:
                break  # a shorter text ends here: it finds the longer ones too
            node = node.setdefault(char, {})
        else:
            node.clear()
            node[""] = {}

    def pattern(node: dict[str, Any]) -> str:
        if "" in node:
            return ""
        ways = [re.escape(char) + pattern(child) for char, child in node.items()]
        return "|".join(ways) if node is trie else "(?:" + "|".join([*ways, r"\Z"]) + ")"

    return pattern(trie)
