"""The fuzz suite itself: the seeded loop, its findings and their replay, the corpus, the commands."""

from __future__ import annotations

import random
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from textwrap import dedent
from typing import Any, cast
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from helpers import format_names, format_of, grammar_of
from toolfeed import Grammar, Parser, parse
from toolfeed.cli.app import commands
from toolfeed.events import ContentDelta, Event, ToolCallStart
from toolfeed.fuzz import LAWS, Case, Finding, Format, Run, Violation, check, entry, verdict
from toolfeed.fuzz import corpus as kept
from toolfeed.fuzz.cases import parser_of
from toolfeed.fuzz.cutting import decide, every_cut, joined, same_state, ways
from toolfeed.fuzz.generate import Generator
from toolfeed.fuzz.laws import BY_KEY, guarded, whole
from toolfeed.fuzz.reading import Number, Told, merged
from toolfeed.fuzz.reference import reference
from toolfeed.fuzz.report import unjudged as without
from toolfeed.fuzz.waiting import Delay, delays
from toolfeed.grammar import signature

CORPUS = Path(__file__).parent.parent / "fuzz" / "corpus"
FORMATS = format_names()


@contextmanager
def names_told_twice() -> Iterator[None]:
    """A fault in the running parser."""
    feed = Parser.feed

    def twice(self: Parser, text: str) -> list[Event]:
        return [e for event in feed(self, text) for e in [event] * (2 if isinstance(event, ToolCallStart) else 1)]

    with patch.object(Parser, "feed", twice):
        yield


# -- the loop ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_no_law_is_broken(name: str) -> None:
    """In a few cases of each format, the same ones every time; `toolfeed fuzz` looks at many."""
    run = Run([format_of(name)], seed="tests", shrinking=False)
    for number in range(6):
        run.one(run.formats[0], number)
    assert [(finding.law, finding.message, finding.case.text) for finding in run.findings] == []
    assert run.parses > 50


def test_a_seed_says_which_cases_come() -> None:
    one, other = (Run([format_of("hermes")], seed=7) for _ in range(2))
    own = format_of("hermes")
    later = [other.case(own, number) for number in (40, 3, 41)]
    assert [one.case(own, number) for number in (40, 3, 41)] == later
    assert Run([own], seed=8).case(own, 3) != later[1]


def test_cases_are_of_all_kinds() -> None:
    run = Run([format_of("qwen3_coder")], seed=1)
    cases = [run.case(run.formats[0], number) for number in range(500)]
    kinds = {"damaged" if case.kind.endswith("damaged") else case.kind for case in cases}
    assert {"written", "damaged", "soup", "plain"} <= kinds
    texts = "".join(case.text for case in cases)
    for odd in ("\u200b", "\u202e", "\ud83d", "[[[[", "\x00", "</parameter>", "12345678901234567890"):
        assert odd in texts, odd
    assert sum(len(case.text) for case in cases) / len(cases) > 100


def test_a_fault_is_found_made_small_and_replayed() -> None:
    with names_told_twice():
        run = Run([Format(Grammar.load("hermes"))], seed=5, laws=["6"])
        run.run(5, stop_at_first=True)
        finding = run.findings[0]
        assert finding.law == "6"
        assert len(finding.case.text) < 45
        again = Run(run.formats, seed=5)
        again.replay(int(finding.seed.partition(":")[2]))
        assert "6" in {found.law for found in again.findings}
    table = tomllib.loads(entry(finding))
    assert table["examples"][0]["text"] == finding.case.text
    assert "law 6" in verdict(run)


def test_a_finding_is_told_when_it_is_made(tmp_path: Path) -> None:
    """So that a run that is stopped has kept what it found, in a folder that need not be there."""
    folder = tmp_path / "kept" / "here"

    def stop(finding: Finding) -> None:
        kept.save(finding, finding.message, folder)
        raise KeyboardInterrupt

    with names_told_twice():
        run = Run([Format(Grammar.load("hermes"))], seed=5, laws=["6"], found=stop)
        with pytest.raises(KeyboardInterrupt):
            run.run(5)
    (found,) = kept.load(folder)
    assert (found.law, found.case.text) == ("6", run.findings[0].case.text)


def test_what_a_parser_raises_is_a_finding() -> None:
    feed = Parser.feed

    def strict(self: Parser, text: str) -> list[Event]:
        text.encode()
        return feed(self, text)

    with patch.object(Parser, "feed", strict):
        run = Run([Format(Grammar.load("hermes"))], seed=1)
        run.run(20, stop_at_first=True)
    assert run.findings[0].law == "7"
    assert "UnicodeEncodeError" in run.findings[0].message


def test_an_entry_can_be_read_as_toml_whatever_the_text_is() -> None:
    for text in ('"\\\n\t\x00\x7f\u2028\ufeff', "a\ud800b", "'''", ""):
        case = Case(grammar_of("hermes"), "made up", text, {"tools": [], "limits": None})
        written = entry(Finding("hermes", "1", "a\nb\ud800", case, (1, 2), "3:4"))
        assert tomllib.loads(written)["examples"][0]["text"] == text.replace("\ud800", "\ufffd")


# -- oracles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hermes", "qwen3_coder", "harmony", "gemma4"])
def test_every_way_of_cutting_is_decided(name: str) -> None:
    for case in format_of(name).canonical[-3:]:
        assert every_cut(case, parser_of(case), whole(case)) > len(case.text)


@dataclass
class Fed:
    """Tells the text as it comes, but otherwise the fragment that ends `way`. It remembers where its fragments ended as
    long as they may become that way, with None always; with `forgets` not behind the way."""

    ends: list[tuple[int, ...]]  # the ways that were read to the end
    way: tuple[int, ...] | None
    forgets: bool = False
    cuts: tuple[int, ...] | None = ()
    at: int = 0
    held: int = 0
    notes: tuple[str, ...] = ()

    def copy(self) -> Fed:
        return replace(self)

    def feed(self, text: str) -> list[ContentDelta]:
        self.at += len(text)
        if self.cuts is not None:
            self.cuts = (*self.cuts, self.at)
            if self.way is not None and self.way[: len(self.cuts)] != self.cuts:
                self.cuts = None
            elif self.cuts == self.way:
                self.cuts = None if self.forgets else self.cuts
                return [ContentDelta("?")]
        return [ContentDelta(text)]

    def finish(self, reason: str | None = None) -> list[Event]:
        self.ends.append(self.cuts or ())
        return []


TEXT = "abcdefgh"
OFFSETS = (1, 3, 4, 7)
WAYS = [way for count in range(1, 4) for way in combinations(OFFSETS, count)]


def decided(parser: Fed) -> int:
    case = Case(grammar_of("hermes"), "made up", TEXT, {})
    return decide(case, cast("Parser", parser), Told((ContentDelta(TEXT),), ()), OFFSETS, cuts=3)


def test_ways_are_read_to_the_end_where_states_never_meet() -> None:
    parser = Fed([], None)
    decided(parser)
    assert {way[:-1] for way in parser.ends} == {*WAYS, (), OFFSETS}
    assert len(WAYS) + 1 == ways(len(OFFSETS), cuts=3)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("forgets", [False, True])
def test_no_way_of_cutting_is_left_out(way: tuple[int, ...], forgets: bool) -> None:
    with pytest.raises(Violation) as violation:
        decided(Fed([], (*way, len(TEXT)), forgets))
    assert violation.value.cuts == way


@pytest.mark.parametrize("way", WAYS)
def test_what_is_told_counts_where_states_meet(way: tuple[int, ...]) -> None:
    """The last fragment but one is told otherwise, with a state like any other behind it."""
    with pytest.raises(Violation) as violation:
        decided(Fed([], way, forgets=True))
    assert violation.value.cuts is not None
    assert violation.value.cuts[: len(way)] == way


def test_a_way_is_read_until_states_meet() -> None:
    assert decided(Fed([], (2,))) == 15  # fragments between two of six places: states are the same from the first on
    parser = Fed([], (3, 4, 5))  # cut at 3 it differs, until it is cut elsewhere
    # Behind 3, the rest and what ends at 4 and 7; behind 4, where it still differs, the rest and what ends at 7.
    assert decided(parser) == 15 + 3 + 2
    assert not any(parser.ends)


def test_states_that_differ_are_told_apart() -> None:
    parser = Parser("hermes")
    seen = [parser]
    for char in '<tool_call>{"name": "f", "arguments": {"a": "b", "c": [1':
        twin = seen[-1].copy()
        assert same_state(seen[-1], twin)
        twin.feed(char)
        seen.append(twin)
    for i, one in enumerate(seen):
        assert [same_state(one, other) for other in seen] == [i == k for k in range(len(seen))]


def test_what_two_fragments_tell_is_joined() -> None:
    case = next(case for case in format_of("hermes").canonical if case.meaning is not None and case.meaning.calls)
    for at in range(len(case.text)):
        parser = parser_of(case)
        one, other = parser.feed(case.text[:at]), parser.feed(case.text[at:])
        assert tuple(joined(one, other)) == merged([*one, *other])


@pytest.mark.parametrize(
    ("call", "text", "content", "name"),
    [
        ("@{name} {arguments:json}", "@ a | b\n[1]\n@search {}", "@ a | b\n[1]", "search"),
        ("<c>{name} {arguments:json}</c>", "<c>\nf{}</c>", "", "f"),
        ("<c>{name} <a>{arguments:json}</c>", "<c>\nf<a>{}</c>", "", "f"),
        ("<c>{name}\\n<a>{arguments:json}</c>", "<c>\nf\n<a>{}</c>", "", "f"),
        ("<c>{name}<a>{arguments:json}</c>", "<c>f\ng<a>{}</c>", "<c>f\ng<a>{}</c>", ""),
        ("<c>{name}{arguments:json}</c>", "<c>f\ng{}</c>", "<c>f\ng{}</c>", ""),
    ],
)
def test_a_name_is_one_line(call: str, text: str, content: str, name: str) -> None:
    begins = 'begins = "line"\n' if call[0] == "@" else ""
    grammar = Grammar.from_toml(f'format = 1\nname = "own"\n[calls]\n{begins}call = "{call}"')
    calls = [(name, ("object", ()))] if name else []
    assert reference(grammar, text) == (content, "", calls)
    message = parse(text, grammar)
    assert (message.content, [call.name for call in message.tool_calls]) == (content, [name for name, _ in calls])


def test_the_reference_parser_reads_what_formats_md_shows() -> None:
    read = reference(
        grammar_of("qwen3_coder"),
        "I need the weather.\n</think>\n\nLet me check.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nParis"
        "\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=get_time>\n"
        "</function>\n</tool_call>",
        tools=format_of("qwen3_coder").examples[0].options.get("tools"),
        start="reasoning",
    )
    assert (read.reasoning, read.content) == ("I need the weather.", "Let me check.")
    assert [name for name, _ in read.calls] == ["get_weather", "get_time"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_reference_parser_agrees_on_written_turns(name: str) -> None:
    own = format_of(name)
    generator = Generator(own, random.Random(name))
    for case in (*own.canonical, *own.variants, *(generator.written() for _ in range(12))):
        for law in ("10", "reference"):
            guarded(BY_KEY[law], own, case, random.Random(0))


def test_delays_count_characters() -> None:
    case = Case(grammar_of("hermes"), "content", "Well <b> done")
    # Of "Well <b> done" the spaces wait for what follows them, "<" for the character that makes it no marker.
    assert delays(case) == {"content": Delay(13, 4, 2)}


def test_a_hold_without_need_is_found() -> None:
    """A parser that tells content a character late."""
    feed, finish, copy = Parser.feed, Parser.finish, Parser.copy
    late: dict[int, str] = {}

    def new(self: Parser, text: str) -> list[Event]:
        told = late.pop(id(self), "") + "".join(e.text for e in feed(self, text) if isinstance(e, ContentDelta))
        late[id(self)] = told[-1:]
        return [ContentDelta(told[:-1])] if told[:-1] else []

    def over(self: Parser, reason: Any = None) -> list[Event]:
        told = late.pop(id(self), "") + "".join(e.text for e in finish(self, reason) if isinstance(e, ContentDelta))
        return [ContentDelta(told)] if told else []

    def twin(self: Parser) -> Parser:
        made = copy(self)
        late[id(made)] = late.get(id(self), "")
        return made

    case = Case(grammar_of("hermes"), "content", "Well done")
    changed = patch.multiple(Parser, feed=new, finish=over, copy=twin)
    with changed, pytest.raises(Violation, match="law 2"):
        guarded(BY_KEY["2"], format_of("hermes"), case, random.Random(0))


CHOICE = ["get(kind: string|null)", "put(value: object|string)"]


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        # Text in no message, calls off: a header may still follow.
        pytest.param("functionary_v32", "|>", {"tool_choice": "none"}, id="a header of content"),
        pytest.param("functionary_v32", "<|end|>>", {}, id="a marker that ends in another's beginning"),
        pytest.param("deepseek_v41", "<｜DSML｜ invoke name=rL｜ ｜", {}, id="a tag without its quotes"),
        pytest.param("deepseek_v32", '<|DSML|invoke name="<="', {"repair": True}, id="a tag up to its bracket"),
        pytest.param("mistral", "[TOOL_CALLS][[", {}, id="the same letter of a marker or of an element"),
        pytest.param("pythonic", '[a(a="",a=a,a="', {"repair": True}, id="a Python string that is dropped"),
        pytest.param(
            "glm45",
            "<tool_call>get<arg_key>kind</arg_key><arg_value>",
            {"tools": [signature(line) for line in CHOICE]},
            id="a value that may be null",
        ),
        pytest.param(
            "mimo",
            "<function=put><parameter=value>",
            {"tools": [signature(line) for line in CHOICE]},
            id="a value that may be an object",
        ),
    ],
)
def test_a_hold_that_is_needed_is_none_without(name: str, text: str, options: dict[str, Any]) -> None:
    case = Case(grammar_of(name), "made up", text, options)
    guarded(BY_KEY["2"], format_of(name), case, random.Random(0))


# -- the corpus --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", list(kept.load(CORPUS)), ids=repr)
def test_what_was_found_stays_found(found: kept.Entry) -> None:
    kept.replay(found)


def test_a_finding_is_kept_as_it_was(tmp_path: Path) -> None:
    case = Case(grammar_of("hermes"), "soup", "a\ud800<tool_call>", {"repair": True, "limits": None}, "stop")
    kept.save(Finding("hermes", "1", "", case, (1, 3), "1:2"), "It breaks!", tmp_path)
    (found,) = kept.load(tmp_path)
    assert (found.what, found.law, found.cuts) == ("It breaks!", "1", (1, 3))
    assert (found.case.text, found.case.options, found.case.finish) == (case.text, {"repair": True}, "stop")
    kept.replay(found)


# -- the static side ---------------------------------------------------------------------------------------------------

MISTAKES = [
    pytest.param(
        """
        call = "Action: {name}\\nInput: {arguments:json}"
        [[examples]]
        case  = "a call"
        text  = 'Action: f Input: {"a": 1}'
        """,
        r"calls.call: the opener 'Action:' stands in ordinary text: '.*' becomes a call of '.*'; .*begins = \"line\"",
        id="an opener that prose holds",
    ),
    pytest.param(
        """
        call = "@{name} {arguments:json}"
        """,
        r"calls.call: the opener '@' stands in ordinary text: .*@media print.* becomes a call of 'media print'",
        id="an opener of one character",
    ),
    pytest.param(
        """
        call = "<tool>{name} {arguments:json}"
        [[examples]]
        case  = "two calls"
        text  = '<tool>f {}; <tool>g {}'
        calls = [{ name = "f" }, { name = "g" }]
        """,
        r"examples: 'two calls' does not hold: content is ';', not ''",
        id="no separator",
    ),
    pytest.param(
        """
        call = "{call:json}"
        [[examples]]
        case  = "two calls"
        text  = '{"name": "f", "arguments": {}}; {"name": "g", "arguments": {}}'
        calls = [{ name = "f" }, { name = "g" }]
        """,
        r"the calls are \['f'\], not \['f', 'g'\]; what the model writes between two calls is the `separator`",
        id="no separator between objects",
    ),
    pytest.param(
        """
        section   = "<tools>{calls:json}</tools>"
        separator = " | "
        """,
        r"calls.separator: two calls is written .* which is read otherwise .*only commas and whitespace are read",
        id="a separator that is not read",
    ),
    pytest.param(
        """
        section = "<tools>{calls}"
        call    = "<tool>{name} {arguments:json}</tool>"
        """,
        r"calls.separator: two calls .* a section needs its closer",
        id="a section without a closer",
    ),
    pytest.param(
        """
        call      = "<call>{name}{parameters}<arg>"
        parameter = "<arg>{key}</k>{value:text}</arg>"
        """,
        r"'<arg>' opens a parameter \(`calls.parameter`\) and also closes the call: nothing tells which",
        id="one marker for two things",
    ),
    pytest.param(
        """
        call = "<call>{name} {arguments:json}</call>"
        [[examples]]
        case  = "a call"
        text  = '<call>f {"a": 1}</call>'
        calls = [{ name = "f", arguments = '{"a": 2}' }]
        """,
        r"newmodel.toml:5: problem: examples: 'a call' does not hold: the arguments of f are .*, not .*",
        id="an example that does not hold",
    ),
    pytest.param('\ncall = "{name}{arguments:json}"', r"problem: calls.call: begins with no marker", id="no opener"),
]


@pytest.mark.parametrize("name", FORMATS)
def test_the_shipped_grammars_have_no_problems(name: str) -> None:
    assert [advice for advice in check(name, cuts=False) if advice.severity == "problem"] == []


@pytest.mark.parametrize(("calls", "said"), MISTAKES)
def test_a_mistake_is_told_in_words(tmp_path: Path, calls: str, said: str) -> None:
    path = tmp_path / "newmodel.toml"
    path.write_text(f'format = 1\nname = "newmodel"\n[calls]{dedent(calls)}')
    result = CliRunner().invoke(commands, ["check", str(path)])
    assert re.search(said, result.output), result.output
    assert result.exit_code == 1


# -- regions -----------------------------------------------------------------------------------------------------------

TEXT_REGIONS = """
format = 1
name   = "own"

[regions.thinking]
to    = "reasoning"
open  = "<think>"
close = "</think>"

[regions.answer]
to    = "content"
"""
LITERAL = '[regions.calls]\nto = "call"\nopen = "[[call "\nclose = "]]"\nbody = "{call:json}"'
LISTED = '[regions.calls]\nto = "call"\nopen = "«{"\nclose = "}»"\nbody = "[{calls:json}]"'
PATTERN = """
[regions.calls]
to           = "call"
open_pattern = '\\[call\\s+(?P<name>\\w+)\\]'
close        = "[/call]"
body         = "{arguments:json}"
name_group   = "name"
"""
WHOLE = """
[regions.calls]
to           = "call"
open_pattern = '\\[CALL (?P<name>\\w+)\\]\\n'
close        = "[/CALL]"

[regions.calls.whole]
content      = "kv-lines"
args         = { kv_sep = "=" }
transform    = { function = { name = "{name}", arguments = "{content}" } }

[[examples]]
case  = "a call"
text  = "[CALL f]\\ncity=Paris\\n[/CALL]"
calls = [{ name = "f", arguments = '{"city": "Paris"}' }]
"""


@pytest.mark.parametrize(
    ("calls", "unjudged"),
    [
        pytest.param(LITERAL, "", id="literal"),
        pytest.param(LISTED, "", id="listed"),
        pytest.param(PATTERN, "2 8 reference", id="pattern"),
        pytest.param(WHOLE, "2 8 reference 5", id="whole"),
    ],
)
def test_regions_are_judged_by_the_laws_that_hold_for_them(calls: str, unjudged: str) -> None:
    grammar = Grammar.from_toml(TEXT_REGIONS + calls)
    assert [advice for advice in check(grammar) if advice.severity == "problem"] == []
    own = Format(grammar)
    run = Run([own], seed="regions", laws=["2", "5", "10", "reference"], shrinking=False)
    run.check(own, [*own.examples, *own.canonical, *(run.case(own, number) for number in range(8))])
    assert [(finding.law, finding.message, finding.case.text) for finding in run.findings] == []
    assert list(own.unjudged) == unjudged.split()
    seen = {key for key, count in run.counts.items() if count.cases}
    assert seen == run.counts.keys() - own.unjudged.keys()
    told = "\n".join(without(run))
    assert re.findall(r"own: law (\w+) is not judged: ", told) == [key for key in unjudged.split() if key != "8"]


def test_the_reference_parser_reads_regions() -> None:
    grammar = Grammar.from_toml(TEXT_REGIONS + LISTED)
    text = (
        '<think>Hm. «{</think>Well.</think>\n«{[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {"a": 1}}]}»'
    )
    assert reference(grammar, text) == (
        "Well.</think>",
        "Hm. «{",
        [("f", ("object", ())), ("g", ("object", (("a", Number("1")),)))],
    )
    assert reference(grammar, "Well. «{ is an opener.") == ("Well. «{ is an opener.", "", [])
    assert reference(grammar, "Hm.</think>Well.", start="reasoning") == ("Well.", "Hm.", [])


def test_check_tells_one_cause_once(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(TEXT_REGIONS + PATTERN)
    result = CliRunner().invoke(commands, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert result.output.count("cannot be written") == 1
    assert "law 2 is not judged: a pattern opens or closes the region 'calls'" in result.output


# -- the commands ------------------------------------------------------------------------------------------------------


def test_fuzz_says_what_it_did() -> None:
    result = CliRunner().invoke(
        commands, ["fuzz", "hermes", "--seconds", "0", "--seed", "1", "--law", "1", "--law", "6"]
    )
    assert result.exit_code == 0, result.output
    assert "Cuts do not matter" in result.output
    assert "no law was broken" in result.output


def test_fuzz_prints_findings_to_paste() -> None:
    with names_told_twice():
        result = CliRunner().invoke(commands, ["fuzz", "kimi_k2", "--seconds", "1", "--law", "6", "--seed", "3", "-q"])
    assert result.exit_code == 1
    assert "[[examples]]" in result.output
    assert "toolfeed fuzz kimi_k2 --seed 3:" in result.output


def test_a_finding_in_a_file_is_replayed_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new model.toml"
    path.write_text('format = 1\nname = "newmodel"\n[calls]\ncall = "<call>{call:json}</call>"')
    with names_told_twice():
        result = CliRunner().invoke(commands, ["fuzz", str(path), "--seconds", "1", "--law", "6", "--seed", "3", "-q"])
        replay = re.search(r"replay: toolfeed (.*?)(; cut at|$)", result.output, re.MULTILINE)
        assert replay is not None, result.output
        again = CliRunner().invoke(commands, shlex.split(replay.group(1)))
    assert result.output.startswith("seed 3\n")
    assert again.exit_code == 1, again.output
    assert "# Law 6, " in again.output


def test_the_verdict_claims_what_was_looked_at() -> None:
    run = Run([Format(Grammar.load("hermes"))], seed=1, laws=["1", "8"], shrinking=False)
    assert verdict(run) == "hermes: 0 cases, 0 parses in 0 s; no law was looked at"
    run.one(run.formats[0], 1)
    assert verdict(run) == "hermes: 1 case, 472 parses in 0 s; nothing was found, and not looked at: law 8"
    run.findings.append(Finding("hermes", "1", "", Case(run.formats[0].grammar, "made up", ""), None, "1:1"))
    assert verdict(run).endswith("; 1 finding, of law 1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fuzz", "nothing_like_it"], "nothing_like_it"),
        (["fuzz", "hermes", "--law", "12"], "--law takes one of 1, 2, "),
        (["fuzz", "hermes", "--seed", "a b"], "--seed takes"),
        (["fuzz", "missing.toml"], "missing.toml"),
        (["check", "missing.toml"], "missing.toml"),
        (["check", "nothing_like_it"], "nothing_like_it"),
        (["check"], "missing argument"),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


def test_all_laws_have_keys_of_their_own() -> None:
    assert len(BY_KEY) == len(LAWS)
    assert {str(number) for number in range(1, 12)} <= set(BY_KEY)
