"""What is left of a malformed call (formats.md, R5): kept up to a bound, never another call."""

from __future__ import annotations

import pytest

from toolfeed.codecs.rest import Rest


def rest(fragments: list[str], bound: int = 100, depth: int = 0) -> tuple[str, bool, int]:
    """The text kept, whether an opener would count, and where the list was closed."""
    made = Rest("why", bound, "}", depth=depth)
    count = 0
    for fragment in fragments:
        closed = made.add(fragment)
        if closed >= 0:
            return made.raw, made.at_line, count + closed
        count += len(fragment)
    return made.raw, made.at_line, -1


@pytest.mark.parametrize(
    ("text", "at_line"),
    [
        ("", False),
        ("x", False),
        ("x\n", True),
        ("x\n  \t", True),
        ("x\ny", False),
        ('"x\n', False),
        ('"x"\n', True),
        ('"x\\"\n', False),
        ('"x\\\\"\n', True),
        ('\\"x"\n', True),
        ('"a" "b\n', False),
        ("\n\n", True),
    ],
)
def test_an_opener_counts_at_the_start_of_a_line_and_outside_strings(text: str, at_line: bool) -> None:
    assert rest([text]) == (text, at_line, -1)
    assert rest(list(text)) == (text, at_line, -1)
    for i in range(len(text) + 1):
        assert rest([text[:i], text[i:]]) == (text, at_line, -1)


def test_what_is_kept_is_bounded() -> None:
    for fragments in (["x" * 30], ["x"] * 30, ["xxxx"] * 8, ["", "x" * 9, "", "xx"]):
        assert rest(fragments, bound=10)[0] == "x" * 10


@pytest.mark.parametrize(("text", "closed"), [("x]", 2), ("{x}]", 4), ('"]" ]', 5), ("(a[b]c)] d", 8), ("[[]", -1)])
def test_in_a_list_its_bracket_ends_the_rest(text: str, closed: int) -> None:
    assert rest([text], depth=1)[2] == closed
    assert rest(list(text), depth=1)[2] == closed


@pytest.mark.parametrize("text", ['?1], "a": 2}}]', '"b": 1}], "a": 2}}]', "1}}}}]", '{"a": 1}}}]'])
def test_no_other_bracket_ends_the_list(text: str) -> None:
    """Brackets that were lost, or are too many, leave nothing of the list behind."""
    assert rest([text], depth=3)[2] == len(text)
    assert rest(list(text), depth=3)[2] == len(text)


def test_copies_agree() -> None:
    text = 'ab"c\\"d"\n'
    for i in range(len(text) + 1):
        made = Rest("why", 5, "}")
        made.add(text[:i])
        twin = made.copy()
        made.add(text[i:])
        assert twin.raw == text[:i][:5]
        twin.add(text[i:])
        assert (made.raw, made.at_line, made.error, made.suffix) == (twin.raw, twin.at_line, twin.error, twin.suffix)
