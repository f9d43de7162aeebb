"""Drives a codec that finds calls in its text, as the parser does, and says what it found; for test_codecs_*."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from toolfeed.codecs.objects import CallObjects
from toolfeed.codecs.python_calls import PythonCalls
from toolfeed.codecs.signals import DONE, ELEMENT, END, FAULT, MORE, NO_CALL, START

Codec = CallObjects | PythonCalls


class Call(NamedTuple):
    """A call that a codec found: `over` if its arguments are complete."""

    name: str
    arguments: str
    over: bool = True
    id: str = ""
    notes: tuple[str, ...] = ()


class Found(NamedTuple):
    """`outcome`: "more" (the text may go on), "done", or what was wrong. `read`: up to where. `none`: elements that
    were no calls."""

    calls: list[Call]
    outcome: str
    read: int
    none: int


def find(make: Callable[[], Codec], fragments: Iterable[str]) -> Found:
    codec = make()
    calls: list[Call] = []
    out: list[str] = []
    read = none = 0
    is_open = False
    for fragment in fragments:
        pos = 0
        while True:
            pos = codec.feed(fragment, pos, out)
            assert is_open or not out, "arguments before their call has started"
            if is_open:
                calls[-1] = calls[-1]._replace(arguments=calls[-1].arguments + "".join(out))
            out.clear()
            signal = codec.signal
            if signal == START:
                assert not is_open
                calls.append(Call(codec.name, "", over=False, id=codec.id))
                is_open = True
            elif signal == END:
                assert is_open
                calls[-1] = calls[-1]._replace(over=True, id=codec.id, notes=tuple(sorted(codec.notes)))
                is_open = False
            elif signal == NO_CALL:
                assert not is_open
                none += 1
            elif signal in (DONE, FAULT):
                assert codec.error if signal == FAULT else not is_open
                return Found(calls, codec.error if signal == FAULT else "done", read + pos, none)
            else:
                assert signal in (MORE, ELEMENT)
            if signal == MORE:
                assert pos == len(fragment)
                break
        read += len(fragment)
    return Found(calls, "more", read, none)


def find_everywhere(make: Callable[[], Codec], text: str) -> Found:
    """The same, however the text is cut: whole, by the character, at every place in two."""
    whole = find(make, [text])
    assert find(make, list(text)) == whole
    for i in range(len(text) + 1):
        assert find(make, [text[:i], text[i:]]) == whole, i
    return whole
