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

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from . import tokenizer_config as files
from .errors import AmbiguousFormat, GrammarError, ToolfeedError, UnknownFormat
from .evidence import Named, Rule, named, narrowest, own_tokens, spelt, tokenized
from .grammar import AUTO, Grammar
from .model_ids import fits, parts
from .registry import find, nearest
from .registry import grammars as all_grammars

Confidence: TypeAlias = Literal["certain", "high", "medium", "low"]
ChatTemplate: TypeAlias = str | Path | Mapping[str, str] | Iterable[Mapping[str, str]]
TokenizerConfig: TypeAlias = str | Path | Mapping[str, Any]


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
    model: str | Path | None = None,
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
    names = found.names if model is None else (_id_of(model),)
    return _Case(_by_name(grammars), template, found.tokens, names).decide()


def choose(
    format: str | Path | Grammar,
    chat_template: ChatTemplate | None,
    model: str | Path | None,
    tokenizer_config: TokenizerConfig | None,
) -> Grammar:
    """The grammar that a Parser is asked for: the named one, or, for "auto", the one that is detected."""
    if not isinstance(format, Grammar) and format == AUTO:
        return detect(chat_template=chat_template, model=model, tokenizer_config=tokenizer_config).grammar
    if chat_template is not None or model is not None or tokenizer_config is not None:
        name = format.name if isinstance(format, Grammar) else str(format)
        raise ToolfeedError(
            f"chat_template, model and tokenizer_config are looked at for the format {AUTO!r} only, not for {name!r}"
        )
    return format if isinstance(format, Grammar) else find(format)


def _from_response_template(template: Mapping[str, Any] | str) -> Detection:
    try:
        grammar = Grammar.from_response_template(template)
    except GrammarError as error:
        place = "the response_template in tokenizer_config"
        raise GrammarError(error.message, file=place, key=error.key) from None
    reason = "the tokenizer configuration holds a response template, which says how turns are read"
    return Detection(format=grammar.name, confidence="certain", reason=reason, grammar=grammar)


def _id_of(model: object) -> str:
    if isinstance(model, (str, Path)):
        return str(model)
    raise ToolfeedError(f"model is an id or a path, not {model!r:.80}")


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


# -- the decision ------------------------------------------------------------------------------------------------------


class _Case(NamedTuple):
    """What is known of a model, and what follows from it."""

    known: dict[str, Grammar]
    template: files.Template | None
    tokens: frozenset[str] | None
    models: tuple[str, ...]

    def decide(self) -> Detection:
        by_id = named(self.known, self.models)
        markers = spelt(self.known, self.template.spelt()) if self.template is not None else {}
        if markers:
            return self._by_template(markers, by_id)
        tokens = tokenized(self.known, self.tokens) if self.tokens is not None else {}
        if tokens:
            return self._by_tokens(tokens, by_id)
        if by_id is not None:
            return self._by_id(by_id)
        raise UnknownFormat(
            f"no known format fits: {'; '.join(self._looked_at())}. Name the format, or write a grammar for it "
            "(docs/grammar.md); toolfeed.formats() lists those that there are"
        )

    def _by_template(self, markers: dict[str, list[Rule]], by_id: Named | None) -> Detection:
        """What the template says, and which of the formats that look like it the id means."""
        left = narrowest(self.known, markers)
        says = {name: f"{self._template()} spells {_words(markers[name])}" for name in left}
        ids = list(by_id.formats) if by_id is not None else []
        meant = [name for name in ids if name in left or self._looks_like(name) in left]
        if len(meant) > 1 or (not meant and len(left) > 1):
            raise self._ambiguous(meant or left, says.values(), by_id)
        name = meant[0] if meant else left[0]
        if by_id is None:
            return self._found(name, "high", says[name])
        if meant:
            look = name if name in says else self._looks_like(name)
            alike = "" if look == name else f", whose templates look like those of {look}"
            reason = f"{says[look]}, and {_fits(by_id, name)}{alike}"
            return self._found(name, "high" if len(left) == 1 else "medium", reason)
        if any(other in markers or self._looks_like(other) in markers for other in ids) or self._lists(name, by_id):
            return self._found(name, "high", f"{says[name]}, which {_id(by_id)} does not contradict")
        others = _or(f"{other} ({by_id.formats[other].pattern!r})" for other in ids)
        return self._found(name, "medium", f"{says[name]}, although {_id(by_id)} is that of a model of {others}")

    def _by_tokens(self, tokens: dict[str, frozenset[str]], by_id: Named | None) -> Detection:
        """What the vocabulary says, and which of the formats with these tokens the id means."""
        ids = list(by_id.formats) if by_id is not None else []
        both = [name for name in ids if name in tokens]
        if by_id is not None and not both and not any(map(own_tokens(self.known).get, ids)):
            return self._by_id(by_id)  # a format without tokens
        candidates = both or [*ids, *(name for name in tokens if name not in ids)]
        seen = frozenset[str]().union(*(tokens[name] for name in both or tokens))
        says = f"{self._no_markers()}the vocabulary holds {_and(map(repr, sorted(seen)))}"
        if len(candidates) > 1:
            raise self._ambiguous(candidates, [says], by_id)
        agrees = f", and {_fits(by_id, candidates[0])}" if by_id is not None else ""
        return self._found(candidates[0], "medium", says + agrees)

    def _by_id(self, by_id: Named) -> Detection:
        if len(by_id.formats) > 1:
            raise self._ambiguous(by_id.formats, [], by_id)
        ((name, fit),) = by_id.formats.items()
        sure = fit.whole and self.template is None
        return self._found(name, "medium" if sure else "low", f"{self._no_markers()}{_fits(by_id, name)}")

    def _looks_like(self, name: str) -> str:
        return self.known[name].detect.like

    def _lists(self, name: str, by_id: Named) -> bool:
        """Whether a format lists the model among others' too, as it depends on the prompt what the model writes."""
        return any(fits(self.known[name].models, by_id.model, part) for part in parts(by_id.model))

    def _found(self, name: str, confidence: Confidence, reason: str) -> Detection:
        return Detection(format=name, confidence=confidence, reason=reason, grammar=self.known[name])

    def _ambiguous(self, candidates: Iterable[str], says: Iterable[str], by_id: Named | None) -> AmbiguousFormat:
        names = tuple(candidates)
        seen = [*says, *([] if by_id is None else [_fits(by_id, *by_id.formats)])]
        more = [
            what
            for what, there in (("chat_template", self.template is not None), ("model", bool(self.models)))
            if not there
        ]
        hint = f"give {_and(more)} too, or name the format" if more else "name the format"
        return AmbiguousFormat(f"it may be {_or(names)}: {'; '.join(seen)}; {hint}", names)

    def _template(self) -> str:
        return self.template.what if self.template is not None else ""

    def _no_markers(self) -> str:
        if self.template is None:
            return ""
        tools = "" if self._mentions_tools() else " and does not mention tools"
        return f"{self._template()} spells no format's markers{tools}, but "

    def _mentions_tools(self) -> bool:
        return self.template is not None and "tool" in self.template.text

    def _looked_at(self) -> Iterable[str]:
        if self.template is not None:
            tools = "" if self._mentions_tools() else " and does not mention tools"
            yield f"{self._template()} ({len(self.template.text):,} characters) spells no format's markers{tools}"
        if self.tokens is not None:
            yield f"none of the {len(self.tokens):,} tokens added to the vocabulary is a format's"
        for model in self.models:
            yield f"the model id {model!r} fits no format's patterns"
        if self.template is None and self.tokens is None and not self.models:
            yield "tokenizer_config holds neither a chat template nor tokens nor a model's name"


def _id(by_id: Named) -> str:
    return f"the model id {by_id.model!r}"


def _fits(by_id: Named, *names: str) -> str:
    return f"{_id(by_id)} fits {_and(f'{by_id.formats[name].pattern!r} ({name})' for name in names)}"


def _words(rules: list[Rule]) -> str:
    """The markers of the rule that has most of them."""
    longest = max(rules, key=len)
    return _and(map(repr, longest))


def _and(words: Iterable[str]) -> str:
    return _listed(words, "and")


def _or(words: Iterable[str]) -> str:
    return _listed(words, "or")


def _listed(words: Iterable[str], last: str) -> str:
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final
