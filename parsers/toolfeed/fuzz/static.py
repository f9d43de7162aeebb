"""What can be said of a grammar without fuzzing it: `toolfeed check`.

Each `Advice` says what is wrong and what to change. A "problem" makes the grammar misread its own format; a "note" is
something its author should know.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ..errors import CannotExpress, GrammarError
from ..grammar import Grammar, signature
from ..loader import Lines
from ..notation import Item, Marker, Payload, Slot, Space, Tag, parse_template
from .cases import Case, Format, Meaning, chosen, parser_of
from .examples import mistakes, two_cuts
from .laws import BY_KEY, whole
from .reading import Violation, counted, shown, tell


class Advice(NamedTuple):
    """`key`: of the grammar; `line`: where it stands in the file, if that is known."""

    severity: Literal["problem", "note"]
    key: str
    message: str
    line: int | None = None


def check(format: str | Path | Grammar, *, cuts: bool = True) -> list[Advice]:
    """What is to be said of a grammar: problems first. A grammar that cannot be loaded is one problem. `cuts`: whether
    its examples are also read cut in two, everywhere. Raises
    UnknownFormat, AmbiguousFormat, OSError."""
    lines = Lines("")
    if isinstance(format, Grammar):
        grammar = format
    else:
        if str(format).endswith(".toml"):
            lines = Lines(Path(format).read_text(encoding="utf-8"))
        try:
            grammar = Grammar.load(format)
        except GrammarError as error:
            return [Advice("problem", error.key or "", error.message, error.line)]
    grammar = grammar.bind(dict.fromkeys(grammar.parameters, ""))  # as it is written
    tested = Format(grammar)
    found = [
        *_unjudged(tested),
        *_examples(tested, cuts),
        *_markers(tested),
        *_prose(tested),
        *_turns(tested),
        *_leaving(tested),
    ]
    found = list(dict.fromkeys(found))
    placed = [advice._replace(line=lines.find(advice.key) if advice.key else None) for advice in found]
    return sorted(placed, key=lambda advice: advice.severity == "note")


_SEPARATE: Final = (
    "; what the model writes between two calls is the `separator`, where it is more than whitespace (in lists also: a "
    "comma), and what stands behind each is part of the `call` template"
)


def _unjudged(format: Format) -> Iterator[Advice]:
    """What neither this nor fuzzing can judge."""
    causes: dict[str, list[str]] = {}
    for law, why in format.unjudged.items():
        causes.setdefault(why, []).append(law)
    for why, laws in causes.items():
        yield Advice("note", "regions", f"law {', '.join(laws)} is not judged: {why}")


# -- examples ----------------------------------------------------------------------------------------------------------


def _examples(format: Format, cuts: bool) -> Iterator[Advice]:
    """Examples that do not hold, whole or cut."""
    for example, case in zip(format.grammar.examples, format.examples, strict=True):
        told = whole(case)
        wrong = list(mistakes(example, told))
        for mistake in wrong:
            hint = _SEPARATE if len(example.calls) > len(told.starts) > 0 else ""
            yield Advice("problem", "examples", f"{example.case!r} does not hold: {mistake}{hint}")
        if wrong:
            continue
        try:
            _ = two_cuts(case, told) if cuts else 0
        except Violation as violation:
            yield Advice("problem", "examples", f"{example.case!r}, cut at {violation.cuts}: {violation.message}")
        if example.written:
            yield from _written(format, example.case, case)
    calls = any(example.calls for example in format.grammar.examples)
    if not calls:
        yield Advice("note", "examples", "there is no example with a call; a sample of the model's output is one")


def _written(format: Format, name: str, case: Case) -> Iterator[Advice]:
    """An example that says it is what the grammar writes."""
    example = next(example for example in format.grammar.examples if example.case == name)
    calls = [
        {"name": call.name, "arguments": call.arguments} | ({"id": call.id} if call.id else {})
        for call in example.calls
    ]
    start = example.start
    endings = [ending for ending in format.grammar.start.prompts if (example.prompt or "").endswith(ending)]
    if start is None and endings:
        start = format.grammar.start.prompts[max(endings, key=len)]
    try:
        text = format.grammar.write(
            example.content, example.reasoning, calls, start=start, tools=case.options.get("tools")
        )
    except CannotExpress as error:
        yield Advice("problem", "examples", f"{name!r} says `written = true`, but the grammar cannot write it: {error}")
        return
    if text != case.text:
        yield Advice(
            "problem", "examples", f"{name!r} says `written = true`, but the grammar writes {shown(text, 400)}"
        )


# -- markers -----------------------------------------------------------------------------------------------------------


class _Named(NamedTuple):
    text: str
    role: str
    key: str


def _states(format: Format) -> Iterator[tuple[str, list[_Named]]]:
    """For each state the markers that may come next, with what they do and the key that says so."""
    grammar = format.grammar
    calls = grammar.calls
    openers, behind_call, behind_value = list[_Named](), list[_Named](), list[_Named]()
    parameters = [_Named(_first(line), "opens a parameter", "calls.parameter") for line in _lines(format, "parameter")]
    for line in _lines(format, "section"):
        openers.append(_Named(_first(line), "opens the calls", "calls.section"))
        if Slot("calls") in line:
            behind_call += [_Named(_first(line[line.index(Slot("calls")) + 1 :]), "closes the calls", "calls.section")]
    for line in _lines(format, "call"):
        opener = _Named(_first(line), "opens a call", "calls.call")
        (behind_call if calls.section else openers).append(opener)
        if Slot("parameters") in line:
            behind_value.append(
                _Named(_first(line[line.index(Slot("parameters")) + 1 :]), "closes the call", "calls.call")
            )
    closers = [
        _Named(_first(line[at + 1 :]), "closes a value", "calls.parameter")
        for line in _lines(format, "parameter")
        for at, item in enumerate(line)
        if isinstance(item, Payload)
    ]
    regions = list[_Named]()
    if grammar.reasoning is not None:
        regions += [_Named(text.strip(), "opens reasoning", "reasoning.open") for text in grammar.reasoning.open]
    if grammar.content is not None:
        regions += [_Named(text.strip(), "opens content", "content.open") for text in grammar.content.open]
        regions += [_Named(text.strip(), "closes content", "content.close") for text in grammar.content.close]
    vanish = [_Named(text.strip(), "vanishes", "absorb") for text in grammar.absorb]
    yield "in content", [*openers, *regions, *vanish]
    if grammar.reasoning is not None:
        closing = [_Named(text.strip(), "closes reasoning", "reasoning.close") for text in grammar.reasoning.close]
        yield "in reasoning", [*closing, *(openers if grammar.reasoning.calls != "text" else ())]
    yield "behind a call", behind_call
    yield "behind a parameter", [*parameters, *behind_value]
    yield "in a value", [*closers, *parameters]


def _lines(format: Format, key: str) -> list[tuple[Item, ...]]:
    return [parse_template(line, format.grammar.parameters) for line in getattr(format.grammar.calls, key)]


def _first(items: Iterable[Item]) -> str:
    """The first marker, up to a field in it; "" if something else comes first."""
    for item in items:
        if isinstance(item, Space):
            continue
        if isinstance(item, Marker):
            return item.text
        if isinstance(item, Tag):
            return next(part for part in item.parts if isinstance(part, str))
        if isinstance(item, Payload) and item.bracketed:
            return "["
        return ""
    return ""


def _markers(format: Format) -> Iterator[Advice]:
    """Markers that mean two things in one state, and those that begin like others."""
    for state, markers in _states(format):
        named = [marker for marker in dict.fromkeys(markers) if marker.text]
        for i, one in enumerate(named):
            for other in named[i + 1 :]:
                if one.text == other.text and one.role != other.role and "vanishes" not in (one.role, other.role):
                    message = (
                        f"{state}, {one.text!r} {one.role} (`{one.key}`) and also {other.role}: nothing tells which; "
                        "give one of them the text that stands next to it on the wire as well"
                    )
                    yield Advice("problem", other.key, message)
                    continue
                short, long = sorted((one, other), key=lambda marker: len(marker.text))
                if short.text != long.text and long.text.startswith(short.text):
                    what = f"{long.text!r} ({long.role}) begins with {short.text!r} ({short.role})"
                    more = len(long.text) - len(short.text)
                    wait = f"a parser waits for up to {counted(more, 'more character')} before it knows which one it is"
                    yield Advice("note", long.key, f"{state}, {what}: {wait}")


# -- prose -------------------------------------------------------------------------------------------------------------

PROSE: Final = (
    "Sure! Here's what I found. The answer is 42 (see [1] and [the docs](http://a.b/c)).\n\n- first\n- second\n",
    "Action: go to the station. Thought: it may rain. Final Answer: take an umbrella.\nNote: bring money.\n",
    "Here is some code:\n\n```python\ndef f(x):\n    return [g(y) for y in x if y < 3]\nprint(f(x=[1]))\n```\n",
    '```json\n{"name": "Alice", "age": 30, "tags": ["a", "b"]}\n```\n\nThat was the JSON.',
    '{"name": "Alice", "city": "Paris"}',
    "[1] Smith, J. (2020). [2] Doe. {x | x > 0} and a[i] = b[i]; call me @home or #later.",
    '<p>Some <b>HTML</b> &amp; text</p>\n<div class="a">function(x) { return x; }</div>\n@media print { a { b: c } }\n',
    "To call a function, write its name: f (x), call g, or use the tool. To: all. From: me. Name: Bob\nCall: no\n",
    "1. Use >>> for a prompt\n2. a => b, x -> y, | c | d |\n3. $HOME/bin, 50%, C:\\temp\n\n* * *\n\n> quoted\n",
)
_ORDINARY: Final = re.compile(r"[\w\s.,:;!?'\"()@#*/$%&+=~^\-]+")


def _prose(format: Format) -> Iterator[Advice]:
    """Openers that ordinary text holds: sentences that become calls."""
    openers = {marker.text: marker.key for state, named in _states(format) if state == "in content" for marker in named}
    for text in PROSE:
        found = list(_becomes_call(format, text, openers))
        yield from found
        if found:
            return  # one sentence is enough
    for opener, key in openers.items():
        if not opener or not _ORDINARY.fullmatch(opener):
            continue
        for sentence in (
            f"I say {opener} this and that.\nAnd more.",
            f"{opener} this\nAnd more.",
            f"{opener}this {{and}} that (more)\n",
            f"They wrote {opener}word {{ x }} there.\n\nThe end.",
            f"See {opener}[1] and {opener}(x).\n",
            f"{opener} one: two\n\nthree",
        ):
            found = list(_becomes_call(format, sentence, {opener: key}))
            yield from found
            if found:
                break


def _becomes_call(format: Format, text: str, openers: dict[str, str]) -> Iterator[Advice]:
    if format.chooses:
        return
    told = tell(parser_of(Case(format.grammar, "prose", text), start="content"), (text,))
    if not told.starts:
        return
    held = [opener for opener in openers if opener and opener in text]
    opener = max(held, key=len, default="")
    name = told.starts[0].name
    what = f"the opener {opener!r} stands in ordinary text" if opener else "ordinary text is read as a call"
    hint = (
        "add to the opener what else stands before the name on the wire (a tag, a fence, a token)"
        if format.grammar.calls.begins == "line"
        else 'let openers count only where a line begins (`begins = "line"`), or add to the opener what else stands '
        "before the name on the wire (a tag, a fence, a token)"
    )
    severity: Literal["problem", "note"] = "problem"
    key = openers.get(opener, "calls")
    if format.is_bare and opener in ("", "[", "{") and format.grammar.calls.commit == "name":
        severity, key = "note", "calls.commit"
        hint = (
            'unless guided decoding guarantees what the text looks like, `commit = "arguments"` wants a call to have '
            "arguments as well"
        )
    yield Advice(severity, key, f"{what}: {shown(text, 80)} becomes a call of {name!r}; {hint}")


# -- turns that every format should hold -------------------------------------------------------------------------------

_TOOLS: Final = [signature("get_weather(city: string, days: integer)"), signature("get_time()")]
_WEATHER: Final = ("get_weather", '{"city": "Paris", "days": 3}')
_TIME: Final = ("get_time", "{}")


class _Plain(NamedTuple):
    what: str
    content: str
    reasoning: str
    calls: tuple[tuple[str, str], ...]
    keys: str  # what to look at if it does not work
    hint: str


_PLAIN: Final = (
    _Plain("content alone", "Let me check.", "", (), "content", "look at what stands around content"),
    _Plain("one call", "", "", (_WEATHER,), "calls", "compare it with a sample of the model's output"),
    _Plain("a call without arguments", "", "", (_TIME,), "calls", "compare it with a sample of the model's output"),
    _Plain(
        "two calls",
        "",
        "",
        (_WEATHER, _TIME),
        "calls.separator",
        "check `separator`: between objects or calls in one payload only commas and whitespace are read, and in a "
        "section whitespace alone, so anything else belongs into the `call` template; a section needs its closer",
    ),
    _Plain("content and a call", "Let me check.", "", (_WEATHER,), "calls", "the opener has to be known behind text"),
    _Plain("reasoning, then content", "Well.", "I need it.", (), "reasoning", "look at `open` and `close`"),
    _Plain("reasoning, then a call", "", "I need it.", (_WEATHER,), "reasoning", "look at `close` and `calls`"),
)


def _turns(format: Format) -> Iterator[Advice]:
    """Plain turns that the grammar cannot write, one advice for each cause, or reads otherwise than it wrote them."""
    refused: dict[str, list[_Plain]] = {}
    for turn in _PLAIN:
        if (turn.reasoning and not format.reasons) or (format.chooses and (len(turn.calls) > 1 or turn.content)):
            continue
        try:
            text = format.grammar.write(turn.content, turn.reasoning, turn.calls, tools=_TOOLS)
        except CannotExpress as error:
            if "bare" not in str(error) and not (format.is_bare and turn.content):
                refused.setdefault(str(error), []).append(turn)
            continue
        options = {"tools": _TOOLS} | chosen(format.grammar, [name for name, _ in turn.calls])
        meaning = Meaning(turn.content, turn.reasoning, tuple((*call, None) for call in turn.calls))
        case = Case(format.grammar, "plain", text, options, None, meaning)
        for law in ("10", "reference"):
            if law in format.unjudged:
                continue
            try:
                BY_KEY[law].check(format, case, random.Random(0))
            except Violation as violation:
                otherwise = f"which is read otherwise ({violation.message}); {turn.hint}"
                yield Advice("problem", turn.keys, f"{turn.what} is written {shown(text, 200)}, {otherwise}")
                break
    for cause, turns in refused.items():
        what = "; ".join(turn.what for turn in turns)
        yield Advice("note", turns[0].keys, f"{what}: cannot be written: {cause}")


# -- states ------------------------------------------------------------------------------------------------------------

_BEHIND: Final = "\n\nThat was it. And now, to something else: a word, another word; the end.\n\nBye."


def _leaving(format: Format) -> Iterator[Advice]:
    """States that text leads into and cannot leave: text behind a whole turn has to be content again."""
    for case in (*format.canonical, *format.variants):
        if case.meaning is None or not case.meaning.calls or format.grammar.messages is not None:
            continue
        told = tell(parser_of(case), (case.text, _BEHIND))
        if not told.content.endswith("Bye."):
            yield Advice(
                "problem",
                "calls.call" if format.grammar.calls.call else "calls.section",
                f"text behind the calls of {shown(case.text, 160)} is not read as content: nothing ends the call; "
                "give the template a closer, or check that the closer is spelt as the model spells it",
            )
            return
    reasoning = format.grammar.reasoning
    for closer in reasoning.close if reasoning is not None else ():
        for opener in (reasoning.open if reasoning is not None else ()) or ("",):
            start = "content" if opener else "reasoning"
            told = tell(parser_of(Case(format.grammar, "reasoning", ""), start=start), (f"{opener}Hm.{closer}Well.",))
            if (told.reasoning, told.content) != ("Hm.", "Well."):
                yield Advice(
                    "problem",
                    "reasoning.close",
                    f"{opener + 'Hm.' + closer + 'Well.'!r} is read as reasoning {told.reasoning!r} and content "
                    f"{told.content!r}: check how the closer is spelt",
                )
