"""What tells one format from another: the markers that a template spells, the tokens of a vocabulary, a model's id.

Each function looks at one of them and returns the formats that it speaks for, without those that give way to another
one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from .grammar import Grammar
from .model_ids import Fit, fits, parts

Rule: TypeAlias = tuple[str, ...]
"""Markers that a template spells together."""

# -- what a template spells --------------------------------------------------------------------------------------------


def spelt(known: Mapping[str, Grammar], template: str) -> dict[str, list[Rule]]:
    """The formats of which a template spells all markers of at least one rule, and those rules; also those that give
    way, for `narrowest`."""
    found = {
        name: [rule for rule in grammar.detect.template if all(marker in template for marker in rule)]
        for name, grammar in known.items()
    }
    return {name: rules for name, rules in found.items() if rules}


def narrowest(known: Mapping[str, Grammar], found: Mapping[str, list[Rule]]) -> list[str]:
    """The formats that no other one goes before: because it says so (`over`), or because each rule that speaks for the
    other is a part of one that speaks for it."""
    over = {name: _all_under(known, name) for name in found}

    def goes_before(one: str, other: str) -> bool:
        narrower = all(any(_asks_for_more(more, less) for more in found[one]) for less in found[other])
        return other in over[one] or narrower

    left = [name for name in found if not any(goes_before(other, name) for other in found if other != name)]
    return left or list(found)


def _all_under(known: Mapping[str, Grammar], name: str) -> set[str]:
    """The formats that a format goes before, and those that they go before."""
    under: set[str] = set()
    left = list(known[name].detect.over)
    while left:
        other = left.pop()
        if other not in under:
            under.add(other)
            left += known[other].detect.over
    return under


def _asks_for_more(more: Rule, less: Rule) -> bool:
    """Whether what fits one rule is bound to fit the other, and not the other way round."""
    return _implies(more, less) and not _implies(less, more)


def _implies(one: Rule, other: Rule) -> bool:
    return all(any(marker in longer for longer in one) for marker in other)


# -- which tokens there are --------------------------------------------------------------------------------------------


def tokenized(known: Mapping[str, Grammar], vocabulary: frozenset[str]) -> dict[str, frozenset[str]]:
    """The formats of which there are tokens in a vocabulary, and these, but not those of which another one has more, or
    has the same and lacks none."""
    tokens = own_tokens(known)
    found = {name: own & vocabulary for name, own in tokens.items() if own & vocabulary}
    whole = [found[name] for name in found if found[name] == tokens[name]]
    return {
        name: own
        for name, own in found.items()
        if not any(own < others for others in found.values()) and (own == tokens[name] or own not in whole)
    }


def own_tokens(known: Mapping[str, Grammar]) -> dict[str, frozenset[str]]:
    """The special tokens of each format without those of reasoning, which say nothing of calls."""
    reasoning = {
        marker.strip()
        for grammar in known.values()
        if grammar.reasoning is not None
        for marker in (*grammar.reasoning.open, *grammar.reasoning.close)
    }
    return {name: frozenset(grammar.special_tokens) - reasoning for name, grammar in known.items()}


# -- what it is called -------------------------------------------------------------------------------------------------


class Named(NamedTuple):
    """The formats whose patterns a model's id fits, with the closest pattern of each."""

    model: str
    formats: dict[str, Fit]


def named(known: Mapping[str, Grammar], models: Iterable[str]) -> Named | None:
    """What the first of the ids that fits a pattern says, by the part of it that is the likeliest to be the name."""
    for model in models:
        for part in parts(model):
            found = {
                name: fitting
                for name, grammar in known.items()
                if (fitting := fits((*grammar.models, *grammar.detect.models), model, part))
            }
            if found:
                return Named(model, {name: max(found[name], key=_closeness) for name in _closest(found)})
    return None


def _closeness(fit: Fit) -> tuple[bool, int]:
    return fit.whole, fit.end - fit.start


def _closest(found: Mapping[str, list[Fit]]) -> list[str]:
    """Those of the formats whose pattern does not stand inside another one's: in `Hermes-3-Llama-3.1-8B`, "Llama-3.1"
    stands inside "Hermes-*Llama-3.[12]*"."""

    def stands_inside(one: str, other: str) -> bool:
        return all(any(fit.inside(wider) for wider in found[other]) for fit in found[one])

    return [name for name in found if not any(stands_inside(name, other) for other in found if other != name)]
