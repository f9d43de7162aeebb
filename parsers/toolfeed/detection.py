"""Which format a model writes: told from its chat template, its tokens and its name before it has written anything.

What tells one format from another stands in the grammars: the markers that its templates spell, the patterns of its
models' ids, its special tokens (`Detect`). The evidence, the strongest first:

1. A response template in the tokenizer's configuration says how turns are read. It is the format.
2. The chat template is what the model is given. The formats whose markers it spells are narrowed down: one goes before
   another if its rule asks for all that the other's asks for and more, or if it says so (`over`).
3. The tokens that were added to the vocabulary, where there is no template or it spells no marker. A format whose
   tokens are among another's gives way to it.
4. The model's id. It settles what the template or the tokens leave open; alone, it has to do.

A wrong format fails silently, so nothing is guessed: what fits two formats, none of which gives way, is ambiguous, and
what fits none is unknown. A template that contradicts the id wins, because it is what the model was given, and an id
may keep its name through any fine-tuning; but the result is less sure, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from . import tokenizer_config as files
from .errors import AmbiguousFormat, GrammarError, ToolfeedError, UnknownFormat
from .grammar import AUTO, Grammar
from .model_ids import Fit, fits, parts
from .registry import grammars as all_grammars
from .registry import nearest

Confidence: TypeAlias = Literal["certain", "high", "medium", "low"]
ChatTemplate: TypeAlias = str | os.PathLike[str] | Mapping[str, str] | Iterable[Mapping[str, str]]
TokenizerConfig: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """The format that a model writes. `Parser(detection.grammar)` reads it.

    `confidence`:
    "certain": the tokenizer's configuration says how turns are read;
    "high": the chat template spells this format's markers, and the model's id, if it is known, says nothing else;
    "medium": the chat template does, but the id says another format, or had to choose between two; or there is no
    such template, and the tokens or the id that the model's maker gave it tell;
    "low": there is only a name, which a quantization, a fine-tuning or a folder may have kept or not.
    `reason`: the markers, tokens or pattern that decided, and where they stood.
    """

    format: str
    confidence: Confidence
    reason: str
    grammar: Grammar

    def __repr__(self) -> str:
        return f"Detection(format={self.format!r}, confidence={self.confidence!r}, reason={self.reason!r})"


def detect(
    *,
    chat_template: ChatTemplate | None = None,
    model: str | os.PathLike[str] | None = None,
    tokenizer_config: TokenizerConfig | None = None,
    grammars: Iterable[Grammar | str | Path] = (),
) -> Detection:
    """The format of a model of which at least one thing is known.

    `chat_template`: the text that the server renders prompts with; a Path, or a string that ends in ".jinja"; or
    several by name, of which "tool_use" counts, else "default". `model`: its id on a hub, or the path or file name that
    it goes by. `tokenizer_config`: the object in `tokenizer_config.json`, the path of that file, or of the folder it is
    in; a chat template or a model's name found there counts if none is given. `grammars`: formats of your own, besides
    those that `formats()` lists.

    Raises UnknownFormat, which says what was looked at, and AmbiguousFormat, with the candidates; GrammarError for a
    grammar or a response template that cannot be used; ToolfeedError if nothing is given or a file cannot be read.
    """
    if chat_template is None and model is None and tokenizer_config is None:
        raise ToolfeedError("nothing to tell the format from: give chat_template, model or tokenizer_config")
    found = files.Files() if tokenizer_config is None else files.read(tokenizer_config)
    if found.response_template is not None:
        return _from_response_template(found.response_template)
    template = found.template if chat_template is None else files.read_template(chat_template, "the chat template")
    names = found.names if model is None else (os.fspath(model),)
    return _Case(_by_name(grammars), template, found.tokens, names).decide()


def choose(
    format: str | Path | Grammar,
    chat_template: ChatTemplate | None,
    model: str | os.PathLike[str] | None,
    tokenizer_config: TokenizerConfig | None,
) -> Grammar:
    """The grammar that a Parser is asked for: the named one, or, for "auto", the one that is detected."""
    if format == AUTO:
        return detect(chat_template=chat_template, model=model, tokenizer_config=tokenizer_config).grammar
    if chat_template is not None or model is not None or tokenizer_config is not None:
        name = format.name if isinstance(format, Grammar) else str(format)
        raise ToolfeedError(
            f"chat_template, model and tokenizer_config are looked at for the format {AUTO!r} only, not for {name!r}"
        )
    return format if isinstance(format, Grammar) else Grammar.load(format)


def _from_response_template(template: object) -> Detection:
    read = getattr(Grammar, "from_response_template", None)
    if read is None:
        raise ToolfeedError("tokenizer_config holds a response_template, which this version does not read")
    grammar: Grammar = read(template)
    return Detection(
        format=grammar.name,
        confidence="certain",
        reason="the tokenizer configuration holds a response template, which says how turns are read",
        grammar=grammar,
    )


def _by_name(own: Iterable[Grammar | str | Path]) -> dict[str, Grammar]:
    known = {grammar.name: grammar for grammar in all_grammars()}
    for given in own:
        grammar = given if isinstance(given, Grammar) else Grammar.load(given)
        known[grammar.name] = grammar
    for grammar in known.values():
        for key, others in (("over", grammar.detect.over), ("like", (grammar.detect.like,))):
            for name in filter(None, others):
                if name not in known:
                    raise GrammarError(
                        f"names {name!r}, which is no format here; {nearest(name, known)}",
                        file=grammar.name,
                        key=f"detect.{key}",
                    )
    return known


# -- what a template spells --------------------------------------------------------------------------------------------

_Rule: TypeAlias = tuple[str, ...]


def _spelt(known: Mapping[str, Grammar], text: str) -> dict[str, list[_Rule]]:
    """The formats of which a template spells all markers of at least one rule, and those rules."""
    found = {
        name: [rule for rule in grammar.detect.template if all(marker in text for marker in rule)]
        for name, grammar in known.items()
    }
    return {name: rules for name, rules in found.items() if rules}


def _narrowest(known: Mapping[str, Grammar], spelt: Mapping[str, list[_Rule]]) -> list[str]:
    """Those of the formats that no other one goes before."""
    over = {name: _all_under(known, name) for name in spelt}

    def goes_before(one: str, other: str) -> bool:
        return other in over[one] or all(
            any(_asks_for_more(more, less) for more in spelt[one]) for less in spelt[other]
        )

    left = [name for name in spelt if not any(goes_before(other, name) for other in spelt if other != name)]
    return left or list(spelt)


def _asks_for_more(more: _Rule, less: _Rule) -> bool:
    """Whether a template that one rule fits is bound to fit the other, and not the other way round."""

    def implies(one: _Rule, other: _Rule) -> bool:
        return all(any(marker in longer for longer in one) for marker in other)

    return implies(more, less) and not implies(less, more)


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


# -- which tokens there are --------------------------------------------------------------------------------------------


def _tokenized(known: Mapping[str, Grammar], tokens: frozenset[str]) -> dict[str, frozenset[str]]:
    """The formats whose tokens are in a vocabulary, and which of them are, but for those of a format that has more."""
    found = {name: _own_tokens(grammar) & tokens for name, grammar in known.items()}
    return {
        name: own for name, own in found.items() if own and not any(own < others for others in found.values())
    }


def _own_tokens(grammar: Grammar) -> frozenset[str]:
    """The special tokens of a format, without those of reasoning, which many formats share."""
    reasoning = grammar.reasoning
    shared = {marker.strip() for marker in (*reasoning.open, *reasoning.close)} if reasoning is not None else set()
    return frozenset(grammar.special_tokens) - shared


# -- what it is called -------------------------------------------------------------------------------------------------


class _Named(NamedTuple):
    """The formats whose patterns an id fits, the closest pattern of each, and the id."""

    formats: dict[str, Fit]
    model: str


def _named(known: Mapping[str, Grammar], models: Iterable[str]) -> _Named | None:
    """What the first of the ids that fits any pattern says, by the part of it that is likeliest to be the name."""
    for model in models:
        for part in parts(model):
            found: dict[str, list[Fit]] = {}
            for name, grammar in known.items():
                fitting = fits((*grammar.models, *grammar.detect.models), model, part)
                if fitting:
                    found[name] = fitting
            if found:
                return _Named({name: max(found[name], key=_closeness) for name in _closest(found)}, model)
    return None


def _closeness(fit: Fit) -> tuple[bool, int]:
    return fit.whole, fit.end - fit.start


def _closest(found: Mapping[str, list[Fit]]) -> list[str]:
    """Those of the formats whose pattern does not stand inside another one's: in `Hermes-3-Llama-3.1-8B`, "Llama-3.1"
    stands inside "Hermes-*Llama-3*"."""
    return [
        name
        for name, own in found.items()
        if not any(
            all(any(fit.inside(wider) for wider in others) for fit in own)
            for other, others in found.items()
            if other != name
        )
    ]


# -- the decision ------------------------------------------------------------------------------------------------------


class _Case(NamedTuple):
    """What is known of a model, and what follows from it."""

    known: dict[str, Grammar]
    template: files.Template | None
    tokens: frozenset[str] | None
    models: tuple[str, ...]

    def decide(self) -> Detection:
        named = _named(self.known, self.models)
        spelt = _spelt(self.known, self.template.spelt()) if self.template is not None else {}
        if spelt:
            return self._by_template(spelt, named)
        tokenized = _tokenized(self.known, self.tokens) if self.tokens is not None else {}
        if tokenized:
            return self._by_tokens(tokenized, named)
        if named is not None:
            return self._by_name(named)
        raise UnknownFormat(
            f"no format that is known fits: {'; '.join(self._looked_at())}. Name the format yourself, or add a grammar "
            "for it (docs/grammar.md); toolfeed.formats() lists those that there are"
        )

    def _by_template(self, spelt: dict[str, list[_Rule]], named: _Named | None) -> Detection:
        left = _narrowest(self.known, spelt)
        assert self.template is not None
        says = {
            name: f"{self.template.what} spells {_and(_quoted(max(spelt[name], key=len)))}" for name in left
        }
        ids = list(named.formats) if named is not None else []
        meant = [name for name in ids if name in left or self.known[name].detect.like in left]
        if len(meant) > 1 or (not meant and len(left) > 1):
            raise self._ambiguous(meant or left, [says[name] for name in left], named)
        format = meant[0] if meant else left[0]
        shown = format if format in says else self.known[format].detect.like
        if named is None:
            return self._found(format, "high", says[format])
        if meant:
            agrees = f"{_id(named)} fits {_pattern(named, format)}"
            if shown != format:
                agrees += f", a format whose templates look like those of {shown}"
            return self._found(format, "high" if len(left) == 1 else "medium", f"{says[shown]}, and {agrees}")
        if self._may_be(format, named) or any(name in spelt or self.known[name].detect.like in spelt for name in ids):
            return self._found(format, "high", f"{says[format]}, and {_id(named)} may be a model of that format")
        other = _or([f"{name} ({_pattern(named, name)})" for name in ids])
        return self._found(format, "medium", f"{says[format]}, although {_id(named)} is called like a model of {other}")

    def _may_be(self, format: str, named: _Named) -> bool:
        """Whether a format lists the model, even if its id alone says another one: it depends on the prompt."""
        return any(fits(self.known[format].models, named.model, part) for part in parts(named.model))

    def _by_tokens(self, tokenized: dict[str, frozenset[str]], named: _Named | None) -> Detection:
        says = f"{self._no_markers()}the vocabulary holds {{}}"
        if named is None:
            if len(tokenized) > 1:
                tokens = _and(_quoted(sorted(frozenset().union(*tokenized.values()))))
                raise self._ambiguous(list(tokenized), [says.format(tokens)], named)
            ((format, own),) = tokenized.items()
            return self._found(format, "medium", says.format(_and(_quoted(sorted(own)))))
        both = [name for name in named.formats if name in tokenized]
        if len(both) == 1:
            tokens = _and(_quoted(sorted(tokenized[both[0]])))
            agrees = f"{_id(named)} fits {_pattern(named, both[0])}"
            return self._found(both[0], "medium", f"{says.format(tokens)}, and {agrees}")
        if not both and not any(_own_tokens(self.known[name]) for name in named.formats):
            return self._by_name(named)  # a format without tokens of its own
        tokens = _and(_quoted(sorted(frozenset().union(*tokenized.values()))))
        raise self._ambiguous(both or [*named.formats, *tokenized], [says.format(tokens)], named)

    def _by_name(self, named: _Named) -> Detection:
        if len(named.formats) > 1:
            raise self._ambiguous(list(named.formats), [], named)
        ((format, fit),) = named.formats.items()
        sure = fit.whole and self.template is None
        says = f"{self._no_markers()}{_id(named)} fits {_pattern(named, format)}"
        return self._found(format, "medium" if sure else "low", says)

    def _found(self, format: str, confidence: Confidence, reason: str) -> Detection:
        return Detection(format=format, confidence=confidence, reason=reason, grammar=self.known[format])

    def _ambiguous(self, candidates: list[str], says: list[str], named: _Named | None) -> AmbiguousFormat:
        if named is not None:
            patterns = _and([f"{_pattern(named, name)} ({name})" for name in named.formats])
            says = [*says, f"{_id(named)} fits {patterns}"]
        missing = [
            what
            for what, there in (("chat_template", self.template is not None), ("model", bool(self.models)))
            if not there
        ]
        hint = f"give {_and(missing)} as well, or name one of them" if missing else "name one of them"
        return AmbiguousFormat(
            f"it may be {_or(candidates)}: {'; '.join(says)}. Nothing here tells them apart; {hint}", tuple(candidates)
        )

    def _no_markers(self) -> str:
        return "" if self.template is None else f"{self.template.what} spells no format's markers, but "

    def _looked_at(self) -> Iterable[str]:
        if self.template is not None:
            tools = "" if "tool" in self.template.text else ", nor anything about tools"
            size = f"{len(self.template.text):,} characters"
            yield f"{self.template.what} ({size}) spells no format's markers{tools}"
        if self.tokens is not None:
            yield f"none of the {len(self.tokens):,} tokens added to the vocabulary is a format's"
        for model in self.models:
            yield f"the model id {model!r} fits no format's patterns"
        if self.template is None and self.tokens is None and not self.models:
            yield "tokenizer_config holds neither a chat template nor tokens nor a model's name"


def _id(named: _Named) -> str:
    return f"the model id {named.model!r}"


def _pattern(named: _Named, format: str) -> str:
    return repr(named.formats[format].pattern)


def _quoted(words: Iterable[str]) -> list[str]:
    return [repr(word) for word in words]


def _and(words: list[str]) -> str:
    return _listed(words, "and")


def _or(words: list[str]) -> str:
    return _listed(words, "or")


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
