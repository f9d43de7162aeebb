"""Patterns that come with a grammar: which are refused, what the tree says of them, and that partial matching is
exact."""

from __future__ import annotations

import itertools
import random

import pytest

from toolfeed.patterns import WAIT, First, Pattern, PatternError
from toolfeed.shapes import Tag, markers, tag


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("(a+)+", "repetition inside a repetition"),
        ("(?:a*b)*", "repetition inside a repetition"),
        ("(?:a|b{2,3})+", "repetition inside a repetition"),
        ("(?:(?:x+)?y){2}", "repetition inside a repetition"),
        (r"(a)(?:\1)*", "repetition inside a repetition"),
        ("(?=(?:a+)+)b", "repetition inside a repetition"),
        ("a{1001}", "counts more than 1000"),
        ("(?R)", "is not read"),
        ("(a)(?1)", "is not read"),
        ("(?P<n>a)(?&n)", "is not read"),
        ("(a)?(?(1)b|c)", "is not read"),
        ("(?:abc){e<=1}", "approximate"),
        ("(*PRUNE)a", "verbs"),
        ("(?x) a b", "the flag 'x'"),
        ("(?V1)a", "the flag"),
        ("(?r)a", "the flag 'r'"),
        (r"\Ga", "is not read"),
        (r"a\Kb", "is not read"),
        (r"\X", "is not read"),
        (r"\L<words>", "no regular expression"),
        ("(?<=a*)b", "looks back further"),
        ("(?<=a{65})b", "looks back further"),
        ("(", "no regular expression"),
        ("[", "no regular expression"),
        ("*", "no regular expression"),
        ("a" * 2001, "longer than"),
    ],
)
def test_what_is_refused(source: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        Pattern(source)


@pytest.mark.parametrize(
    "source",
    [
        r"\s*<tool_call>\s*<function=(?P<name>[^>\n]+)>",
        r"<\|channel\|>commentary to=functions\.(?P<name>\w+).*?<\|message\|>",
        r"(?:^|<think>\s*)",
        r"(?:\s*x)?",
        r"(?:ab{2})*",
        r"(?:a?b)+",
        r"(?i:think)|(?m)^x$",
        r"(?<![a-z]{3})x(?!y)",
        r"[]\]\-[:alpha:]]|\p{L}\N{EM DASH}?|\x41\u0042\.",
        r"(?#why)a(?>b+)c++",
        r"a{,3}b{2,}c{x}",
    ],
)
def test_what_is_read(source: str) -> None:
    Pattern(source)


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("abc", First(("a",))),
        (r"\s*<x>", First((r"\s", "<"))),
        (r"(?:<a|b)+c", First(("<", "b"))),
        (r"[^<]?\.", First(("[^<]", r"\."))),
        (r"(?=<a)", First(("<",))),
        (r"(?:^|<think>)", First(("<",), at_start=True)),
        (r"\Ax|y", First(("x", "y"))),
        (r"a*", First(None)),
        (r"(?i)a", First(None)),
        (r"(?<=\n)a", First(("a",))),
        (r"$", First(None)),
    ],
)
def test_what_a_match_can_begin_with(source: str, first: First) -> None:
    assert Pattern(source).first == first


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("</x>", [("</x>",)]),
        (r"</function>\s*</tool_call>", [("</function>", "</tool_call>")]),
        (r"\s*(?:<\|a\|>|<\|b\|>)\n", [("<|a|>",), ("<|b|>",)]),
        (r"(?:</x>|$)", [("</x>",)]),
        (r"</x>(?:\s*<end>)?", [("</x>",), ("</x>", "<end>")]),
        (r"</[ab]>", None),
        (r"</x>+", None),
        (r"</x>(?=y)", None),
        (r"</x>$", None),
        (r"\s+", None),
        (r"$", None),
    ],
)
def test_the_literals_of_a_pattern(source: str, found: list[tuple[str, ...]] | None) -> None:
    assert markers(Pattern(source).ways_inside()) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (r"<p=(?P<key>[^>]+)>\n(?P<value>.*?)\n</p>", Tag(("<p=", None, ">"), "</p>", "newline", "newline")),
        (r"<p=(?P<key>\w+)>\s*(?P<value>.*?)\s*</p>\s*", Tag(("<p=", None, ">"), "</p>", "any", "any")),
        (r"\s*<p (?P<key>\w+)>(?P<value>[^<]*)</p>", Tag(("<p ", None, ">"), "</p>", "", "")),
        (
            r"<k>(?P<key>.+?)</k>\s*<v>(?P<value>[\s\S]*?)(?=</v>)",
            Tag(("<k>", None, "</k><v>"), "</v>", "", ""),
        ),
        (r"<p\s*=\s*(?P<key>\w+)\s*>\n?(?P<value>.*?)</p>", Tag(("<p=", None, ">"), "</p>", "newline", "")),
        (r"<p=(?P<key>\w+)>(?P<value>.*)</p>", None),  # up to the last closer
        (r"<p=(?P<key>\w+)>(?P<value>\d+?)</p>", None),
        (r"<p=(?P<key>\w+)>(?P<value>.*?)(?:</p>|$)", None),
        (r"<p=(?P<key>\w+)>\t(?P<value>.*?)</p>", None),
        (r"<(?P<key>\w+)>(?P<value>.*?)</(?P=key)>", None),
        (r"(?P<key>\w+)=(?P<value>.*?);", None),
        (r"<p>(?P<value>.*?)</p>", None),
        (r"<a=(?P<key>\w+)>(?P<value>.*?)</a>|<b=(?P<key>\w+)>(?P<value>.*?)</b>", None),
    ],
)
def test_the_tags_of_a_pattern(source: str, found: Tag | None) -> None:
    assert tag(Pattern(source)) == found


# -- partial matching --------------------------------------------------------------------------------------------------

SOURCES = (
    "ab",
    "a|ab",
    "ab|a",
    "a+",
    "a+?",
    "a*b",
    "a(?:ba)?",
    "a.*?b",
    "a(?=b)",
    "a(?!b)",
    "a(?!bb)",
    "(?<=b)a",
    "(?<!b)a|b",
    "^a",
    "a$",
    "$",
    "a$|ab",
    r"a\Z",
    r"a\b",
    r"a\B",
    r"\ba",
    r"a\b\n|ab",
    "(?m)^a|a$",
    "(?m)a$",
    "a(?=\n$)",
    r"$|(?=\nab)",
    "(?:^|a\n*)",
    "(?i)AB",
    "(?P<x>a)|(?P<y>ab)",
    "(?>a+)b",
    "[^a]a{2,3}",
    r"a\s*b",
    r"(a|ab)(c|bcd)",
)
ALPHABET = "ab\n c"


def verdict(pattern: Pattern, text: str, pos: int, *, over: bool) -> object:
    match = pattern.at(text, pos, len(text), over, not over)
    return match if match is None or match is WAIT else (match.end, dict(match.groups))


@pytest.mark.parametrize("source", SOURCES)
def test_a_match_is_told_only_when_no_text_can_change_it(source: str) -> None:
    """And what is told at once is what the whole text says."""
    pattern = Pattern(source)
    rng = random.Random(source)
    texts = ["".join(letters) for size in range(1, 5) for letters in itertools.product("ab\n", repeat=size)]
    texts += ["".join(rng.choice(ALPHABET) for _ in range(rng.randint(4, 9))) for _ in range(100)]
    for text in texts:
        for pos in range(len(text)):
            whole = verdict(pattern, text, pos, over=True)
            for cut in range(pos + 1, len(text)):
                early = verdict(pattern, text[:cut], pos, over=False)
                assert early is WAIT or early == whole, (text, pos, cut)


def test_nothing_waits_that_is_decided() -> None:
    gpt_oss = Pattern(r"<c>to=(?P<name>\w+).*?<m>")
    assert verdict(gpt_oss, "<c>to=f json<m>", 0, over=False) == (15, {"name": "f"})  # .*? could go on, but does not
    assert verdict(Pattern("</x>"), "</x>", 0, over=False) == (4, {})
    assert verdict(Pattern(r"\s*</x>"), "\n</x>", 0, over=False) == (5, {})
    assert verdict(Pattern(r"call:(?P<name>\w+)"), "call:f{", 0, over=False) == (6, {"name": "f"})
    assert verdict(Pattern(r"call:(?P<name>\w+)"), "call:f", 0, over=False) is WAIT
    assert verdict(Pattern("a$"), "ab", 0, over=False) is None


def test_a_window_that_is_full_needs_no_more() -> None:
    pattern = Pattern("a[^b]*b")
    assert pattern.at("a" * 20, 0, 10, over=False, more=False) is None
    assert pattern.at("aab" + "a" * 20, 0, 10, over=False, more=False) == (3, {})
    assert Pattern("a$").at("aaaa", 2, 3, over=False, more=False) is None  # the window's end is not the text's
