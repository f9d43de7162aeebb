"""Cases of calls: names and ids, the keys of call objects, what is missing and what is broken.

See taxonomy, and test_taxonomy, which runs them.
"""

from __future__ import annotations

import json
import re
from itertools import combinations

from reasons import (
    AS_WRITTEN,
    COMMIT,
    DECIDED_BY_TEXT,
    ID_IN_TAG,
    IDENTIFIERS,
    IN_HEADERS,
    LINE,
    MARKED,
    MESSAGES,
    NAME_IN_REQUEST,
    NO_CLOSER,
    NO_IDS,
    NO_JSON,
    NO_JSON_IN_TAGS,
    NO_LIST,
    NO_MARKER,
    NO_MARKERS,
    NO_OBJECT,
    NO_OBJECT_NOTATION,
    NO_OPTIONAL_OPENER,
    NO_PYTHON_CALLS,
    NO_REPAIRS,
    NO_SECTION,
    NO_TAGS,
    ONE_CALL,
    ONE_LIST,
    OWN_BRACKET,
    RAW,
    WORD,
)
from taxonomy import (
    ALPHA,
    BETA_CALL,
    OTHER,
    PLACEHOLDER,
    Call,
    Cases,
    Format,
    Made,
    Text,
    alpha,
    text_of,
)
from toolfeed import traits
from toolfeed.grammar import signature
from toolfeed.notation import Marker, Space, Tag

CASES = Cases()
case, elsewhere = CASES.case, CASES.elsewhere

# -- 9 header ----------------------------------------------------------------------------------------------------------


@case(9, "dotted, hyphenated and other names", NAME_IN_REQUEST)
def names(form: Format) -> Made:
    """R11."""
    for name in ("zq.alpha.two", "zq-alpha", "zq_météo", "天気", "ZqAlpha2"):
        yield form.turn(Call(name, '{"text": "x"}'), tools=[ALPHA, signature(f"{name}(text: string)")])


@case(9, "namespaced names", NAME_IN_REQUEST, IDENTIFIERS, IN_HEADERS)
def namespaced_names(form: Format) -> Made:
    for name in ("zq::alpha", "zq/alpha", "zq:alpha", "zq.alpha/two::three-4"):
        yield form.turn(Call(name, '{"text": "x"}'), tools=[ALPHA, signature(f"{name}(text: string)")])


@case(9, "names with spaces, of declared tools", NAME_IN_REQUEST, IDENTIFIERS, IN_HEADERS)
def spaced_names(form: Format) -> Made:
    yield form.turn(Call("zq alpha two", '{"text": "x"}'), tools=[ALPHA, signature("zq alpha two(text: string)")])


@case(9, "a very long name", NAME_IN_REQUEST)
def long_name(form: Format) -> Made:
    name = "z" * (200 if form.messages or form.grammar.calls.id else 256)  # a header, an id are no longer than that
    yield form.turn(Call(name, '{"text": "x"}'), tools=[ALPHA, signature(f"{name}(text: string)")])


@case(9, "a name that is too long", NAME_IN_REQUEST)
def too_long_name(form: Format) -> Made:
    """Past the limit there is no call (R4)."""
    yield form.no_call(form.with_placeholder.replace("zq_alpha", "z" * 257), "z" * 257)


@case(9, "an empty name", NAME_IN_REQUEST)
def empty_name(form: Format) -> Made:
    """R11: no call."""
    yield form.no_call(form.write(text_of(PLACEHOLDER)).replace("zq_alpha", ""), PLACEHOLDER)


@case(9, "an unknown tool, forwarded", NAME_IN_REQUEST)
def unknown_tool_forwarded(form: Format) -> Made:
    other = Call("zq_other", '{"text": "x"}')
    yield form.text(form.write(other, tools=None), other, unknown_tools="forward")


@case(9, "an unknown tool, as content", NAME_IN_REQUEST)
def unknown_tool_as_content(form: Format) -> Made:
    """Whole, and its data is never scanned for calls."""
    yield form.no_call(form.write(Call("zq_other", '{"text": "x"}'), tools=None), "zq_other", unknown_tools="content")


@case(9, "an unknown tool", NAME_IN_REQUEST)
def unknown_tool(form: Format) -> Made:
    """Chapter 9: where the text decides it is content, and forwarded where markers do."""
    other = Call("zq_other", '{"text": "x"}')
    text = form.write(other, tools=None)
    if form.decided_by_text:
        yield form.no_call(text, "zq_other")
    else:
        yield form.text(text, other)


@case(9, "whitespace around a name", NAME_IN_REQUEST, IDENTIFIERS, IN_HEADERS)
def whitespace_around_names(form: Format) -> Made:
    """R11: stripped."""
    for space in (" ", "  "):
        text = form.write(alpha())
        name = "functions.zq_alpha:0" if "functions.zq_alpha:0" in text else "zq_alpha"
        yield form.text(text.replace(name, space + name + space), alpha())


@case(9, "ids are kept", NO_IDS)
def ids_kept(form: Format) -> Made:
    """R12."""
    calls = [alpha(id=form.id("zq_alpha", 7)), BETA_CALL._replace(id=form.id("zq_beta", 3))]
    yield form.turn(*calls)


@case(9, "a doubled id", NO_IDS)
def doubled_id(form: Format) -> Made:
    """R12: replaced and noted."""
    first, second = form.id("zq_alpha", 7), form.id("zq_alpha", 3)
    text = form.write(alpha(id=first), OTHER._replace(id=second)).replace(second, first)
    yield form.text(text, alpha(id=first, notes=()), OTHER._replace(id="id-1", notes=("id_replaced",)))


@case(9, "a missing id", NO_IDS, ID_IN_TAG)
def missing_id(form: Format) -> Made:
    """The call gets a new one."""
    own = form.id("zq_alpha", 7)
    text = form.write(alpha(id=own))
    bare = [
        text.replace(own, "zq_alpha"),  # a header without its number
        re.sub(r'"\w+": "' + own + '", ', "", text),  # an object without the key
        re.sub(r"\[\w+\]" + own, "", text),  # a marker and its field
        re.sub(r' id="' + own + '"', "", text),  # an attribute
    ]
    texts = [other for other in bare if own not in other and "zq_alpha" in other]
    yield form.text(texts[0 if form.grammar.calls.id else -1], alpha(id="id-0"))


@case(9, "an id in a call object", NO_OBJECT)
def id_in_an_object(form: Format) -> Made:
    """J5."""
    for key in form.grammar.calls.keys.id:
        raw = json.dumps({key: "c-1", "name": "zq_alpha", form.key("arguments"): {"text": "x"}})
        if form.decided_by_text and key != "id":
            continue  # chapter 9: no key of a call
        yield form.text(form.with_object(raw.replace('"name"', f'"{form.key("name")}"')), alpha(id="c-1"))


# -- 10 key order and spelling -----------------------------------------------------------------------------------------

ARGUMENTS = {"text": "x"}


@case(10, "arguments before the name", NO_OBJECT)
def arguments_first(form: Format) -> Made:
    """J1."""
    yield form.text(form.with_object(form.object(arguments=ARGUMENTS, name="zq_alpha")), alpha())


@case(10, "keys that mean nothing", NO_OBJECT, DECIDED_BY_TEXT)
def extra_keys(form: Format) -> Made:
    """J1: skipped."""
    extra = {"zq_note": "it", "zq_list": [1, {"name": "no"}], "zq_object": {"arguments": {"a": 1}}}
    yield form.text(form.with_object(form.object(**extra, name="zq_alpha", arguments=ARGUMENTS)), alpha())
    yield form.text(form.with_object(form.object(name="zq_alpha", **extra, arguments=ARGUMENTS)), alpha())
    yield form.text(form.with_object(form.object(name="zq_alpha", arguments=ARGUMENTS, **extra)), alpha())


@case(10, "a key that means nothing, where the text decides", NO_OBJECT, MARKED)
def extra_keys_in_text(form: Format) -> Made:
    """Chapter 9: it makes the object content."""
    raw = form.object(zq_note="it", name="zq_alpha", arguments=ARGUMENTS)
    yield form.no_call(form.with_object(raw), raw)


@case(10, "keys that come twice", NO_OBJECT)
def doubled_keys(form: Format) -> Made:
    """J2: the first wins."""
    name, arguments = form.key("name"), form.key("arguments")
    raw = (
        f'{{"{name}": "zq_alpha", "{name}": "zq_beta", "{arguments}": {{"text": "x"}}, "{arguments}": {{"text": "y"}}}}'
    )
    yield form.text(form.with_object(raw), alpha())


@case(10, "every spelling of the keys", NO_OBJECT)
def spellings_of_keys(form: Format) -> Made:
    """J2."""
    keys = form.grammar.calls.keys
    for name in keys.name:
        for arguments in keys.arguments:
            yield form.text(form.with_object(json.dumps({name: "zq_alpha", arguments: ARGUMENTS})), alpha())


@case(10, "arguments in a JSON string", NO_JSON, COMMIT)
def arguments_in_a_string(form: Format) -> Made:
    """J3: one level is decoded."""
    for arguments in ('{"text": "a \\"b\\" \\\\ \\n é"}', "{}", ' {"text": "x"} '):
        yield form.text(form.with_arguments(json.dumps(arguments)), alpha(arguments))


@case(10, "arguments in a JSON string in a JSON string", NO_JSON, COMMIT)
def arguments_in_two_strings(form: Format) -> Made:
    """J3: one level, and no more."""
    raw = json.dumps(json.dumps('{"text": "x"}'))
    yield form.text(form.with_arguments(raw), alpha(None, status="malformed"))


@case(10, "OpenAI's nesting", NO_OBJECT)
def nesting(form: Format) -> Made:
    """J5."""
    inner = {form.key("name"): "zq_alpha", form.key("arguments"): ARGUMENTS}
    yield form.text(form.with_object(json.dumps({"type": "function", "function": inner})), alpha())
    yield form.text(form.with_object(json.dumps({"id": "c-1", "type": "function", "function": inner})), alpha(id="c-1"))


@case(10, "pretty-printed, and without spaces", NO_JSON)
def pretty_printed(form: Format) -> Made:
    """J6."""
    arguments = {"text": "x", "list": [1, {"a": []}], "object": {}}
    for written in (
        json.dumps(arguments, indent=4),
        json.dumps(arguments, separators=(",", ":")),
        json.dumps(arguments, indent="\t"),
    ):
        yield form.text(form.with_arguments(written), alpha(written))


@case(10, "a list where one object is expected, and several objects", NO_JSON_IN_TAGS)
def objects_in_one_pair_of_tags(form: Format) -> Made:
    """J9."""
    one, two = (form.object(name=name, arguments=ARGUMENTS) for name in ("zq_alpha", "zq_beta"))
    calls = (alpha(), Call("zq_beta", '{"text": "x"}'))
    yield form.text(form.with_object(f"[{one}, {two}]"), *calls)
    yield form.text(form.with_object(f"{one}\n{two}"), *calls)


@case(10, "one object where a list is expected", NO_OBJECT, NO_LIST, WORD)
def one_object_for_a_list(form: Format) -> Made:
    """L4."""
    text = form.with_placeholder
    raw = form.object(name="zq_alpha", arguments=ARGUMENTS)
    yield form.text(re.sub(r"\[\s*\{.*\}\s*\]", lambda found: raw, text, flags=re.DOTALL), alpha())


@case(10, "parameters in any order", NO_TAGS)
def parameters_in_any_order(form: Format) -> Made:
    """T1: the order of the text."""
    yield form.turn(alpha('{"list": [1], "text": "x", "number": 2}'))
    yield form.turn(alpha('{"number": 2, "list": [1], "text": "x"}'))


@case(10, "a parameter that comes twice", AS_WRITTEN)
def repeated_parameter(form: Format) -> Made:
    """T1, J2: the first value wins, and it is noted."""
    text = form.write(alpha('{"text": "x", "more": "y"}')).replace("more", "text")
    yield form.text(text, alpha(notes=("duplicate_key",)))


# -- 11 missing pieces -------------------------------------------------------------------------------------------------


def without(text: str, marker: str, which: int = 0) -> str:
    """The text without one occurrence of a marker."""
    at = [found.start() for found in re.finditer(re.escape(marker), text)][which]
    return text[:at] + text[at + len(marker) :]


@case(11, "a closer of the only call", RAW, NO_CLOSER)
def closer_missing(form: Format) -> Made:
    """R6: JSON, Python or objects that are balanced are complete."""
    text = form.write(alpha())
    for closer in form.closers:
        yield form.text(without(text, closer, -1), alpha())


@case(11, "all closers behind the arguments", RAW, NO_CLOSER)
def all_closers_missing(form: Format) -> Made:
    """R6: noted, with the call or, where that ended with its own bracket, with the turn."""
    text = form.write(alpha())
    at = min(text.rindex(closer) for closer in form.closers)
    for ending in (text[:at], text[:at].rstrip()):
        yield form.text(ending, alpha())._replace(noted="closer_missing")


@case(11, "a closer between two calls", RAW, NO_CLOSER, ONE_CALL)
def closer_missing_between(form: Format) -> Made:
    """H5, R5: the next call is one all the same."""
    first = form.with_string("x")
    for closer in form.closers:
        space = "\n" if LINE.holds(form) else ""
        yield form.text(without(first, closer, -1) + space + form.inner(OTHER), alpha(), OTHER)


@case(11, "several calls that are not closed", RAW, NO_CLOSER, ONE_CALL, LINE)
def calls_not_closed(form: Format) -> Made:
    """R5, H5: each next opener ends the one before."""
    parts = [form.with_string("x"), form.inner(OTHER), form.inner(BETA_CALL)]
    parts = [part[: min(part.rindex(closer) for closer in form.closers)] for part in parts]
    yield form.text("\n".join(parts), alpha(), OTHER, BETA_CALL)


@case(11, "the call's closer before the next call, in tags", NO_TAGS)
def closer_missing_before_a_call(form: Format) -> Made:
    text = form.write(alpha(), OTHER)
    for closer in form.way.closers or form.closers[:1]:
        yield form.text(without(text, form.unbound(closer), 0), alpha(), OTHER)


@case(11, "the last call's closers, in tags", NO_TAGS)
def last_closers_missing(form: Format) -> Made:
    """R6: truncated, the last value undecided (T3), unless the model stopped by itself."""
    text = form.write(alpha(), OTHER)
    at = text.index(form.closers[0], text.rindex("zq_alpha"))
    yield form.text(text[:at], alpha(), alpha(None, status="truncated"))
    yield form.text(text[:at], alpha(), OTHER, finish="stop")


@case(11, "the section's closer, in tags", NO_TAGS, NO_SECTION)
def section_closer_missing(form: Format) -> Made:
    yield form.text(without(form.write(alpha(), OTHER), form.closers[-1], -1), alpha(), OTHER)


@case(11, "an opener that may be missing", NO_OPTIONAL_OPENER)
def opener_missing(form: Format) -> Made:
    """Read all the same; where the wrapper is missing and its opener alone carries the name, the tool is known."""
    for opener in form.optional_openers:
        text = without(form.write(alpha(), OTHER), opener).lstrip()
        yield form.text(text, alpha(), OTHER)
        yield form.text("Well.\n" + text, alpha(), OTHER, content="Well.")


@case(11, "any piece, and any two", ONE_CALL, NO_MARKERS)
def pieces_missing(form: Format) -> Made:
    """Whatever is missing: no exception, a call is as it was written or ends with its fault, the cuts do not matter."""
    text = form.write(alpha(), OTHER)
    found = [(text.index(marker), text.index(marker) + len(marker)) for marker in form.pieces]
    for (a, b), (c, d) in [*((span, span) for span in found), *combinations(sorted(found)[:5], 2)]:
        rest = text[:a] + text[b : max(b, c)] + text[max(b, d) :]
        yield Text(rest, None, None, None, form.options())


@case(11, "a section without calls", NO_SECTION)
def empty_section(form: Format) -> Made:
    """A wrapper with nothing in it vanishes."""
    section = next(iter(traits.sections(form.grammar)))
    text = form.unbound("".join(item.text for item in section if isinstance(item, Marker | Tag | Space)))
    yield form.text(text.strip())
    yield form.text(f"Well.\n{text.strip()}\nDone.", content="Well.Done.")


@case(11, "an empty list", NO_LIST)
def empty_list(form: Format) -> Made:
    """L3: with markers it vanishes; without, or behind an ordinary word, it is content."""
    text = form.write(alpha())
    text = text[: text.index("[", text.index(form.opener))] + "[]" + text[text.rindex("]") + 1 :]
    if form.bare or form.decided_by_text or WORD.holds(form):
        yield form.text(text, content=text.removeprefix(form.grammar.start.lead))
    else:
        yield form.text(text)


# -- 12 malformed ------------------------------------------------------------------------------------------------------


@case(12, "garbage in the block", MESSAGES, NO_MARKER)
def garbage(form: Format) -> Made:
    """R4: what cannot become a call goes back as content, opener and all."""
    text = form.opener + " ?? no call at all !! " + "".join(form.closers)
    text = text.removesuffix("".join(form.closers)) + "and more"
    yield form.text(text, content=text)


TOKENS = re.compile(r'"[^"]*"|[{}\[\]:,]|[^\s"{}\[\]:,]+')


@case(12, "arguments that break at any token", NO_JSON)
def broken_arguments(form: Format) -> Made:
    """J7: malformed, never repaired silently. Behind the last brace they are complete."""
    arguments = '{"text": "a", "list": [1, {"b": null}], "flag": true}'
    for token in list(TOKENS.finditer(arguments))[1:]:
        broken = arguments[: token.start()] + "?" + arguments[token.end() :]
        yield form.text(form.with_arguments(broken), alpha(None, status="malformed"))


@case(12, "a Python call that breaks", NO_PYTHON_CALLS)
def broken_python(form: Format) -> Made:
    """P1: no positional arguments, operators, calls or names; nothing is evaluated."""
    for raw in ("1 + 1", "f(1)", "x", "*a", "[1, ?]", "{'a': b}", "'a' 1", "lambda: 1", "1 if x else 2", "x.y", "`a`"):
        yield form.text(form.with_value(raw), alpha(None, status="malformed"))


@case(12, "arguments of a wrong type", NO_JSON, COMMIT)
def wrong_arguments(form: Format) -> Made:
    """J4."""
    for raw in ("3", "[1]", "true", '"x"'):
        yield form.text(form.with_arguments(raw), alpha(None, status="malformed"))


@case(12, "arguments of a wrong type, where the text decides", NO_OBJECT, MARKED)
def wrong_arguments_in_text(form: Format) -> Made:
    """J4: no call."""
    for raw in ("3", "[1]", "true", "null"):
        text = form.with_arguments(raw)
        yield form.no_call(text, raw)


@case(12, "no name", NO_OBJECT)
def no_name(form: Format) -> Made:
    for raw in (
        form.object(arguments=ARGUMENTS),
        form.object(name=None, arguments=ARGUMENTS),
        form.object(name=7, arguments=ARGUMENTS),
    ):
        yield form.no_call(form.with_object(raw), raw)


@case(12, "a good call behind a bad one", NO_JSON, ONE_CALL, NO_MARKER)
def good_behind_bad(form: Format) -> Made:
    """R5: the closers, or an opener that begins a line, end what is left of the bad one."""
    bad = form.with_arguments('{"text": ?? "zq_beta" }')
    for text in (bad + "\n" + form.inner(BETA_CALL), bad.strip() + "\n\n" + form.inner(OTHER, BETA_CALL)):
        calls = (OTHER, BETA_CALL) if "number" in text else (BETA_CALL,)
        yield form.text(text, alpha(None, status="malformed"), *calls)


@case(12, "a bad call behind a good one", NO_JSON, ONE_CALL, ONE_LIST)
def bad_behind_good(form: Format) -> Made:
    bad = form.inner(text_of(PLACEHOLDER)).replace(f'"{PLACEHOLDER}"', "??")
    for text in (form.write(BETA_CALL) + bad, form.write(BETA_CALL) + "\n" + bad):
        yield form.text(text, BETA_CALL, alpha(None, status="malformed"))


@case(12, "Python for JSON, a comma too many: with repair, and without", NO_JSON)
def repaired_json(form: Format) -> Made:
    """J8."""
    for raw, mended in (
        ('{"text": "x",}', '{"text": "x"}'),
        ("{'text': 'x', 'flag': True, 'note': None}", '{"text": "x", "flag": true, "note": null}'),
    ):
        text = form.with_arguments(raw)
        yield form.text(text, alpha(None, status="malformed"))
        yield form.text(text, alpha(mended), repair=True)._replace(noted="python_literal")


@case(12, "a bracket too many: with repair, and without", NO_JSON, OWN_BRACKET)
def repaired_bracket(form: Format) -> Made:
    """J8, R5."""
    text = form.with_arguments('{"text": "x"}')
    at = text.rindex(form.closers[0])
    text = text[:at].rstrip() + "}" + text[at:]
    yield form.text(text, alpha(status="malformed"))
    yield form.text(text, alpha(notes=("surplus_bracket",)), repair=True)


elsewhere(12, "a wrong wrapper", "cases_turns.py::near_misses", MESSAGES, NO_MARKER)
elsewhere(12, "the repairs of Python calls", "test_python_repairs.py", NO_PYTHON_CALLS)
elsewhere(12, "the repairs of object notation", "test_object_value.py", NO_OBJECT_NOTATION)
elsewhere(12, "the repairs that a grammar lists", "test_examples.py::test_whole", NO_REPAIRS)
