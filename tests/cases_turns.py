"""Cases of whole turns: calls, text and reasoning beside each other, where they break off, and what looks like them.

See taxonomy, and test_taxonomy, which runs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from reasons import (
    FORCED,
    LINE,
    MESSAGES,
    NO_CLOSER,
    NO_KEPT_CLOSER,
    NO_MARKER,
    NO_MARKERS,
    NO_MESSAGES,
    NO_OPENER,
    NO_PROMPTS,
    NO_REASONING,
    NO_STATED_TYPES,
    NO_TAGS,
    NOT_ABSORBED,
    NOT_END,
    NOT_INSIDE,
    NOT_NOTED,
    NOT_QUOTED,
    NOT_TEXT,
    NOTHING_ABSORBED,
    ONE_CALL,
    ONE_LIST,
    TYPED_TAGS,
    UNTYPED,
    WORD,
)
from taxonomy import (
    ALPHA,
    BETA_CALL,
    OTHER,
    TOOLS,
    Call,
    Cases,
    Format,
    Made,
    Text,
    alpha,
)
from toolfeed import FinishedError, Parser, traits
from toolfeed.grammar import signature

CASES = Cases()
case, elsewhere = CASES.case, CASES.elsewhere

# -- 1 basic -----------------------------------------------------------------------------------------------------------


@case(1, "one call")
def one_call(form: Format) -> Made:
    yield form.turn(alpha('{"text": "Paris", "number": 3}'))


@case(1, "text without a call")
def plain_text(form: Format) -> Made:
    for text in ("Well.", 'It is 3 < 4 & so on, see [1], {x} and "it".\n\nBye, then', "  Well. \n\n Yes.  "):
        yield form.text(text, content=text)


@case(1, "no text, and nothing but whitespace")
def no_text(form: Format) -> Made:
    for text in ("", " ", " \t ", " \n \r\n\t"):
        yield form.text(text, content=text)


@case(1, "tools that are not known")
def unknown_tools(form: Format) -> Made:
    yield form.turn(alpha(), *([] if form.one_call else [BETA_CALL]), tools=None)


@case(1, "no tool may be called", MESSAGES)
def no_tools(form: Format) -> Made:
    """Calls are content then."""
    text = form.inner(alpha()) + " That was it."
    yield form.text(text, content=text, tools=[])


@case(1, "no tool may be called, in messages", NO_MESSAGES)
def no_tools_in_messages(form: Format) -> Made:
    """The envelope is read all the same, and a call's body is content."""
    yield form.text(form.write(alpha()), tools=[])._replace(content=None)


elsewhere(1, "every example", "test_examples.py::test_whole")

# -- 2 parallel calls --------------------------------------------------------------------------------------------------


@case(2, "two and three calls", ONE_CALL)
def several_calls(form: Format) -> Made:
    yield form.turn(alpha(), BETA_CALL)
    yield form.turn(BETA_CALL, alpha(), BETA_CALL)


@case(2, "the same function with other arguments", ONE_CALL)
def same_function(form: Format) -> Made:
    yield form.turn(alpha(), OTHER)


@case(2, "exact duplicates", ONE_CALL)
def duplicates(form: Format) -> Made:
    """R14: the same call twice is two calls."""
    yield form.turn(alpha(), alpha())


@case(2, "in sections of their own", ONE_CALL, ONE_LIST)
def own_sections(form: Format) -> Made:
    """L5: several wrappers in one turn."""
    yield form.text(form.write(alpha()) + form.inner(BETA_CALL), alpha(), BETA_CALL)
    yield form.text(form.write(alpha(), OTHER) + "\n" + form.inner(BETA_CALL), alpha(), OTHER, BETA_CALL)


@case(2, "with prose between", ONE_CALL, ONE_LIST)
def prose_between(form: Format) -> Made:
    space = "" if form.messages else "\n\n"
    text = form.write(alpha()) + space + form.prose("Then this.") + space + form.inner(BETA_CALL)
    yield form.text(text, alpha(), BETA_CALL, content="Then this.")


elsewhere(
    2, "a call's end, text and the next opener in one fragment", "cases_turns.py::prose_between", ONE_CALL, ONE_LIST
)

# -- 3 narration -------------------------------------------------------------------------------------------------------

FAR = "你好，巴黎。Привет! שלום 👋🏽 e\u0301"


@case(3, "content before", ONE_CALL, ONE_LIST)
def content_before(form: Format) -> Made:
    for content in ("Let me check.", "One.\n\n  Two: [a](b), {c}.", FAR):
        yield form.turn(alpha(), content=content)


@case(3, "content after")
def content_after(form: Format) -> Made:
    space = "" if form.messages else "\n\n"
    for content in ("Done.", FAR):
        yield form.text(form.write(alpha()) + space + form.prose(content), alpha(), content=content)


@case(3, "content before, between and after", ONE_CALL, ONE_LIST)
def content_around(form: Format) -> Made:
    space = "" if form.messages else "\n"
    parts = [form.write(alpha(), content="One."), form.prose("Two."), form.inner(BETA_CALL), form.prose("Three.")]
    yield form.text(space.join(parts), alpha(), BETA_CALL, content="One.Two.Three.")


@case(3, "content that touches the markup", ONE_CALL, ONE_LIST, LINE, WORD)
def content_touches(form: Format) -> Made:
    before, after = form.write(alpha(), content="Check:").split("Check:")
    text = before + "Check:" + after.strip()
    yield form.text(text, alpha(), content="Check:")
    if not form.messages:
        yield form.text(text + "Done.", alpha(), content="Check:Done.")


@case(3, "nothing but whitespace around calls")
def whitespace_around(form: Format) -> Made:
    """R2: it is framing, in any amount."""
    inner = form.write(alpha())
    for before, after in (("\n \t", "\r\n "), ("\n" * 5, "\n" * 5), ("", " ")):
        yield form.text(before + inner + after, alpha())


@case(3, "whitespace that is kept", MESSAGES)
def whitespace_kept(form: Format) -> Made:
    core = form.inner(alpha()).strip()
    yield form.text(core + "\n \nDone.\n", alpha(), content="\n \nDone.\n", whitespace="keep")
    yield form.text("\n" + core + " ", alpha(), content="\n ", whitespace="keep")
    if not ONE_CALL.holds(form) and not ONE_LIST.holds(form):
        text = f" Well. \n\n{core}\n\n{core}\n \nDone. "
        content = " Well. \n\n\n\n\n \nDone. "
        yield form.text(text, alpha(), alpha(), content=content, whitespace="keep")


# -- 13 truncation -----------------------------------------------------------------------------------------------------

elsewhere(13, "every example, broken off at every offset", "test_examples.py::test_breaking_off_anywhere")


@case(13, "a string")
def cut_in_a_string(form: Format) -> Made:
    """R6: what was decided is told, and no quote closes it."""
    text = form.with_string("Paris and more")
    space = "" if form.notation == "object" else " "
    yield form.text(text[: text.index("Paris") + 5], alpha(f'{{"text":{space}"Paris', status="truncated"))


@case(13, "a number, a word")
def cut_in_a_number(form: Format) -> Made:
    """R6: no number and no word is made of half of one."""
    for raw, key in (("12345", "number"), ("true", "flag"), ("null", "note")):
        word = {"true": "True", "null": "None"}.get(raw, raw) if form.notation == "python" else raw
        text = form.with_value(word, key)
        at = text.index(word, text.index(key)) + len(word) - 1
        yield form.text(text[:at], alpha(None, status="truncated"))


# -- 14 orphans and look-alikes ----------------------------------------------------------------------------------------


@case(14, "any marker in a sentence, in quotes, in a code span", MESSAGES)
def markers_in_prose(form: Format) -> Made:
    """R4, R9, R13: a marker that opens and closes nothing is content; none vanishes inside a line."""
    for said in ("Use {} for it.", 'It is "{}" here.', "So `{}`, then."):
        text = "\n".join(said.replace("{}", marker) for marker in form.literal_markers)
        yield form.text(text, content=text)


@case(14, "openers in a code fence", MESSAGES, NO_MARKER)
def opener_in_a_fence(form: Format) -> Made:
    text = f"So:\n```text\n{form.opener}\n```\nThat is all."
    yield form.text(text, content=text)


@case(14, "half markers at the end", MESSAGES)
def half_markers(form: Format) -> Made:
    """R6: half a marker is content, with the whitespace before it."""
    for marker in form.literal_markers:
        half = marker[:-1] or marker
        text = f"Well, then \n{half}"
        if half not in form.markers:
            yield form.text(text, content=text)


def spoilt(marker: str) -> Iterator[str]:
    """Near misses: another case, a character less, one more."""
    middle = len(marker) // 2
    yield marker.swapcase()
    yield marker[:middle] + marker[middle + 1 :]
    yield marker[:middle] + "x" + marker[middle:]


@case(14, "near misses of the openers", MESSAGES, NO_MARKER)
def near_misses(form: Format) -> Made:
    """R1: markers are matched exactly."""
    text = form.inner(alpha()).lstrip()
    text = text[: min(text.rindex(closer) for closer in form.closers)] if form.closers else text
    head = text[: text.index(form.opener) + len(form.opener)]
    found = re.findall(r"<[^<>]*>?|\[[^\[\]]*\]?|[^\s<\[]+", head)
    for misses in zip(*(spoilt(marker) for marker in found), strict=True):
        spoilt_text = text
        for marker, miss in zip(found, misses, strict=True):
            spoilt_text = spoilt_text.replace(marker, miss, 1)
        yield form.text(spoilt_text + "\nDone.", content=spoilt_text + "\nDone.")


@case(14, "closers that close nothing, alone on a line", MESSAGES, NO_KEPT_CLOSER)
def orphan_closers(form: Format) -> Made:
    """R9: content, unless the format absorbs them."""
    for closer in form.kept_closers:
        text = f"So.\n{closer}\nThat was it."
        yield form.text(text, content=text)
        yield form.text(f"{closer}\nThat was it.", content=f"{closer}\nThat was it.")


@case(14, "markers that are absorbed", NOTHING_ABSORBED, MESSAGES)
def absorbed(form: Format) -> Made:
    """R9: they vanish at the start, behind a call, and alone on their line."""
    for marker in form.grammar.absorb:
        marker = form.unbound(marker)
        yield form.text(f"{marker}\nSo.\n{marker}\nThat was it.", content="So.That was it.")._replace(
            noted="marker_absorbed"
        )
        yield form.text(form.write(alpha()) + marker + "Done.", alpha(), content="Done.")


LOOK_ALIKES = (
    *('{"a": 1}', '{"name": "Alice"}', "[1, 2]", "[link](url)", "[f]", "[1] see below", "[]", "{}", "f(x)", "[f (x)"),
    *('[{"name": "Alice"}]', 'Say {"name": "f"}.', '```json\n{"a": 1}\n```', "{invalid", '{"parameters": {}}', "[f(x"),
    *(
        'Answer: [("a", 1)]',
        "a[0](b)",
        "['a', 'b']",
        '"a": [{"b"',
        "<b>x</b> <a href='y'>z</a>",
        "to=functions.f",
        "all",
    ),
)


@case(14, "JSON, lists, links and tags in answers", ONE_CALL)
def look_alikes(form: Format) -> Made:
    for text in (
        LOOK_ALIKES if form.bare or form.messages else ("\n".join(LOOK_ALIKES), "\n\n".join(reversed(LOOK_ALIKES)))
    ):
        if FORCED.holds(form) and text.startswith(('{"name"', '[{"name"')):
            continue  # the name alone is a call
        yield form.text(text, content=text)


@case(14, "a bracket at every second character")
def every_second_character(form: Format) -> Made:
    for signs in ("<", "[", "{", "<[{", "</", "|>", "`"):
        text = "x" + "".join(f"{signs[i % len(signs)]}{'abc'[i % 3]}" for i in range(60))
        yield form.text(text, content=text)


# -- 15 reasoning ------------------------------------------------------------------------------------------------------

THOUGHT = "I need it. <b> & {x} [1]\n\nSo."


@case(15, "before content, before a call, before both", NO_REASONING, NO_OPENER)
def reasoning_before(form: Format) -> Made:
    yield form.turn(reasoning=THOUGHT, content="Let me check.")
    if not form.one_call:
        yield form.turn(alpha(), reasoning=THOUGHT)
        if not ONE_LIST.holds(form):
            yield form.turn(alpha(), reasoning=THOUGHT, content="Let me check.")


@case(15, "opened by the prompt", NO_REASONING)
def reasoning_from_the_prompt(form: Format) -> Made:
    yield form.turn(reasoning=THOUGHT, content="Let me check.", start="reasoning")
    if not form.one_call:
        yield form.turn(alpha(), reasoning=THOUGHT, start="reasoning")
        yield form.turn(alpha(), start="reasoning")


@case(15, "a prompt that leaves the turn in it, or in content", NO_PROMPTS)
def prompts(form: Format) -> Made:
    for prompt, state in form.grammar.start.prompts.items():
        turn = form.turn(alpha(), reasoning=THOUGHT if state == "reasoning" else "", start=state)
        options = {name: value for name, value in turn.options.items() if name != "start"}
        yield turn._replace(options=options | {"prompt": "user: hello\n" + form.unbound(prompt)})


@case(15, "empty", NO_REASONING, NO_OPENER)
def empty_reasoning(form: Format) -> Made:
    opener, closer = form.around_reasoning
    for space in ("", "\n", "\n\n"):
        yield form.text(opener + space + closer + form.prose("Done."), content="Done.")


@case(15, "never closed", NO_REASONING, NO_OPENER)
def reasoning_never_closed(form: Format) -> Made:
    """All of it is reasoning."""
    opener, _ = form.around_reasoning
    yield form.text(opener + THOUGHT, reasoning=THOUGHT)
    yield form.text(THOUGHT, reasoning=THOUGHT, start="reasoning")


@case(15, "closed twice", NO_REASONING, NO_OPENER, MESSAGES, NOT_ABSORBED)
def closed_twice(form: Format) -> Made:
    opener, closer = form.around_reasoning
    yield form.text(f"{opener}{THOUGHT}{closer}\n{closer}\nDone.", reasoning=THOUGHT, content="Done.")


@case(15, "opened again behind a call", NO_REASONING, NO_OPENER, ONE_CALL)
def opened_again(form: Format) -> Made:
    """R10: the end of a call opens no reasoning, but the model may."""
    opener, closer = form.around_reasoning
    if form.messages:
        opener = form.message("reasoning", at_start=False)[0]
    text = form.write(alpha()) + opener + THOUGHT + closer + form.prose("Done.")
    yield form.text(text, alpha(), reasoning=THOUGHT, content="Done.")


def call_in_reasoning(form: Format) -> str:
    opener, closer = form.around_reasoning
    return f"{opener}One.\n{form.inner(alpha()).strip()}\nTwo.{closer}Done."


@case(15, "a call inside it, which is text", NO_REASONING, NO_OPENER, MESSAGES, NOT_TEXT)
def call_is_text(form: Format) -> Made:
    yield form.text(call_in_reasoning(form), reasoning=f"One.\n{form.inner(alpha()).strip()}\nTwo.", content="Done.")


@case(15, "a call inside it, which ends it", NO_REASONING, NO_OPENER, MESSAGES, NOT_END, ONE_LIST)
def call_ends_reasoning(form: Format) -> Made:
    """R10. What follows is content, where a closer in a line is text."""
    text = call_in_reasoning(form)
    yield form.text(text, alpha(), reasoning="One.", content=f"Two.{form.around_reasoning[1]}Done.")


@case(15, "a call inside it, after which it goes on", NO_REASONING, NO_OPENER, MESSAGES, NOT_INSIDE)
def call_inside_reasoning(form: Format) -> Made:
    yield form.text(call_in_reasoning(form), alpha(), reasoning="One.Two.", content="Done.")


@case(15, "the markers of calls inside it", NO_REASONING, NO_OPENER, MESSAGES, NO_MARKERS)
def markers_inside_reasoning(form: Format) -> Made:
    opener, closer = form.around_reasoning
    frame = form.frame_markers
    for marker in form.literal_markers:
        if (
            form.unbound(marker) not in frame
            and marker not in form.grammar.absorb
            and marker not in form.grammar.turn_end
        ):
            thought = f"I could use {marker} for it."
            yield form.text(f"{opener}{thought}{closer}Done.", reasoning=thought, content="Done.")


@case(15, "content that quotes its markers", NO_REASONING, NO_OPENER, MESSAGES)
def reasoning_markers_in_content(form: Format) -> Made:
    opener, closer = form.around_reasoning
    text = f"Write `{opener}` first and then {closer} behind it."
    yield form.text(text, content=text)
    yield form.text(f"{opener}Hm.{closer}{text}", content=text, reasoning="Hm.")


# -- 16 messages -------------------------------------------------------------------------------------------------------


@case(16, "text outside messages", NO_MESSAGES)
def text_outside(form: Format) -> Made:
    """It is content."""
    if form.closers:
        yield form.text(form.write(alpha()) + "Hello there, you.", alpha(), content="Hello there, you.")
    yield form.text("Hello there, you.\nAnd more.", content="Hello there, you.\nAnd more.")


elsewhere(16, "a start in every state", "cases_turns.py::prompts", NO_PROMPTS)


@case(16, "a header that never ends", NO_MESSAGES)
def endless_header(form: Format) -> Made:
    """Under 256 characters, or it is content."""
    header = form.message("call")[0]
    text = header.replace("zq_alpha", "zq_alpha" * 40) + "Well."
    yield Text(text, (), None, None, form.options())


@case(16, "a header that the text cuts off", NO_MESSAGES, NO_CLOSER)
def cut_header(form: Format) -> Made:
    """Markup, if it holds a marker already; else content."""
    header = form.message("call", at_start=False)[0]
    for end in range(1, len(header)):
        cut = header[:end]
        is_markup = re.search(r"<[^<>]*>", cut) is not None
        yield Text(form.write(alpha()) + cut, (alpha(),), "" if is_markup else None, "", form.options())


@case(16, "parts of a header in another order, or missing", NO_MESSAGES)
def header_parts(form: Format) -> Made:
    """The first route counts that what is left of the header fits."""
    messages = form.grammar.messages
    assert messages is not None
    for kind in ("call", "reasoning", "content"):
        if not traits.leads_to(form.grammar, kind):
            continue
        for fields, header in headers_without(form, kind):
            to, name = destination(form, fields)
            body = form.message_body()
            if to == "call" and not name:
                continue  # the body names its tool
            if to == "call":
                tools = TOOLS if name == "zq_alpha" else [ALPHA, signature(f"{name}(text: string)")]
                yield form.text(header + body, Call(name, '{"text": "x"}'), tools=tools)
            elif to is not None:
                yield form.text(header + "Hm.", **{to: "Hm."})


def headers_without(form: Format, kind: str) -> Iterator[tuple[dict[str, str], str]]:
    """The header of a message of this kind, whole and without each of the parts that may be missing: its fields."""
    messages = form.grammar.messages
    assert messages is not None
    route = next(route for route in messages.routes if route.to == kind)
    fields = {"recipient": route.recipient.replace("{name}", "zq_alpha"), "channel": route.channel, "type": route.type}
    for dropped in ("", "recipient", "channel", "type"):
        left = {field: value for field, value in fields.items() if value and field != dropped}
        if dropped and (dropped not in fields or not fields[dropped]):
            continue
        header = write_header(messages.header, left)
        if header is not None:
            yield left, header


def write_header(template: str, fields: dict[str, str]) -> str | None:
    """A header with these fields and no others; None if the template wants more."""
    left = dict(fields)
    header = ""
    for part in re.finditer(r"\(([^()]*)\)(\?)?|[^()]+", template):
        group, optional = part.group(1), part.group(2)
        text = part.group() if group is None else re.split(r"\|(?![^<]*>)", group)[0]
        wanted = re.findall(r"\{(\w+)\}", text)
        if optional and not (wanted and all(field in left for field in wanted)):
            continue
        if not all(field in left for field in wanted):
            return None
        header += re.sub(r"\{(\w+)\}", lambda found: left.pop(found.group(1)), text)
    return None if left else header


def destination(form: Format, fields: dict[str, str]) -> tuple[str | None, str]:
    """Where a header with these fields leads, and the name in it: the first route that fits (docs/grammar.md)."""
    messages = form.grammar.messages
    assert messages is not None
    for route in messages.routes:
        if any(
            wanted and fields.get(field) != wanted
            for field, wanted in (("channel", route.channel), ("type", route.type))
        ):
            continue
        pattern = re.escape(route.recipient).replace(re.escape("{name}"), "(.+)")
        found = re.fullmatch(pattern, fields.get("recipient", "")) if route.recipient else re.fullmatch("()", "")
        if found is not None:
            return route.to, found.group(1) if found.groups() else ""
    return None, ""


# -- 17 schemas --------------------------------------------------------------------------------------------------------

elsewhere(17, "the schema table, raw values", "test_schema_table.py::test_a_sample_between_tags", NO_TAGS, TYPED_TAGS)
elsewhere(
    17,
    "the schema table, values between delimiters",
    "test_schema_table.py::test_values_between_delimiters",
    NOT_QUOTED,
)
elsewhere(
    17,
    "quoted values whose schema admits no string",
    "test_schema_table.py::test_quoted_values_whose_schema_admits_no_string",
    NOT_NOTED,
)
elsewhere(17, "types that the text states", "test_schema_table.py::test_stated_types", NO_STATED_TYPES)
elsewhere(
    17,
    "no schema, an unknown parameter, an unknown tool",
    "test_schema_table.py::test_without_a_schema_a_value_is_a_string",
    NO_TAGS,
    TYPED_TAGS,
)

# -- 18 hostile text ---------------------------------------------------------------------------------------------------

elsewhere(18, "time is linear", "test_hostile.py::test_work_grows_with_the_text")
elsewhere(18, "what is held is bounded", "test_hostile.py::test_what_is_held_is_bounded")
elsewhere(18, "the cuts do not matter", "test_hostile.py::test_cuts_do_not_matter")
elsewhere(18, "runs of one character, of openers", "test_hostile.py::test_a_long_run_of_one_character")

# -- 19 state ----------------------------------------------------------------------------------------------------------

elsewhere(19, "parsers interleaved", "test_laws.py::test_parsers_do_not_touch_each_other")
elsewhere(19, "copies", "test_laws.py::test_copies_agree")
elsewhere(19, "finish twice", "test_parser.py::test_a_second_finish_returns_nothing")
elsewhere(19, "empty fragments", "test_parser.py::test_an_empty_fragment_is_legal_anywhere")


@case(19, "feed after finish")
def feed_after_finish(form: Format) -> Made:
    for text in ("", form.write(alpha()), form.with_string("cut off")[:-9]):
        parser = Parser(form.grammar, **form.options())
        parser.feed(text)
        parser.finish()
        with pytest.raises(FinishedError):
            parser.feed("x")
        assert parser.finish() == []
    yield None


@case(19, "one fragment with many calls", ONE_CALL)
def many_calls(form: Format) -> Made:
    yield form.turn(*(alpha(f'{{"text": "{number}"}}') for number in range(12)))


# -- 20 round trip -----------------------------------------------------------------------------------------------------

elsewhere(20, "what the grammar writes is read back", "test_writer.py::test_the_law")
elsewhere(20, "what was read is written", "test_writer.py::test_calls_that_were_read_are_written")


@case(17, "a schema says nothing where the notation has types", UNTYPED)
def types_of_the_notation(form: Format) -> Made:
    """J6: no coercion: arguments pass as they are written, whatever the schema says."""
    for arguments in ('{"text": 42}', '{"number": [1]}', '{"flag": 1}', '{"object": 3.50}', '{"list": {"a": null}}'):
        yield form.turn(alpha(arguments, notes=()))
