"""The turns of the demo: messages that grammars write the way their models do, or the examples of a grammar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from ..grammar import Example, Grammar, signature
from .reading import pieces

LONG: Final = 600  # characters; longer examples are not for watching


class Turn(msgspec.Struct, frozen=True):
    """An example, and the grammar that reads it."""

    grammar: Grammar
    example: Example

    @property
    def fragments(self) -> list[str]:
        """The text in pieces like those a model writes."""
        return pieces(self.example.text, "words")


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and what is worth seeing when a format writes it. `lost`: characters at its end that never came."""

    format: str
    case: str
    tools: tuple[str, ...]
    reasoning: str = ""
    content: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    lost: int = 0

    def turn(self) -> Turn:
        """The message in its format."""
        grammar = Grammar.load(self.format)
        tools = [signature(tool) for tool in self.tools]
        text = grammar.write(self.content, self.reasoning, self.calls, tools=tools)
        return Turn(grammar, Example(case=self.case, text=text[: len(text) - self.lost], tools=self.tools))


WEATHER: Final = "get_weather(city: string, days: integer)"

SCENES: Final = (
    Scene(
        format="hermes",
        case="JSON between tags",
        tools=(WEATHER,),
        reasoning="Berlin or Paris? I need the weather of both.",
        content="I'll look at both.",
        calls=(
            ("get_weather", '{"city": "Berlin", "days": 3}'),
            ("get_weather", '{"city": "Paris", "days": 3}'),
        ),
    ),
    Scene(
        format="qwen3_coder",
        case="raw text becomes a JSON string while it comes",
        tools=("write_file(path: string, text: string)",),
        reasoning="The test comes first.",
        content="Here is the test.",
        calls=(("write_file", r'{"path": "test.py", "text": "def test_total():\n    assert total([\"1\"]) == 1\n"}'),),
    ),
    Scene(
        format="kimi_k2",
        case="the ids are the model's",
        tools=("search(query: string, limit: integer)", "get_time(zone: string)"),
        content="Searching.",
        calls=(
            ("search", '{"query": "incremental parsing", "limit": 5}'),
            ("get_time", '{"zone": "Europe/Paris"}'),
        ),
    ),
    Scene(
        format="glm47",
        case="the tool's schema says what is a string",
        tools=("book_table(name: string, guests: integer, outside: boolean, wishes: array)",),
        reasoning="Four guests, a quiet place.",
        calls=(("book_table", '{"name": "404", "guests": 4, "outside": false, "wishes": ["window", "quiet"]}'),),
    ),
    Scene(
        format="mistral",
        case="a marker, a name, a marker",
        tools=("plan(steps: array)",),
        content="One thing after the other.",
        calls=(("plan", '{"steps": [{"do": "read", "minutes": 5}, {"do": "write", "minutes": 2.5}]}'),),
    ),
    Scene(
        format="llama4_pythonic",
        case="Python calls become JSON",
        tools=("move(x: number, fast: boolean, via: array)", "say(text: string)"),
        calls=(
            ("move", '{"x": 0.5, "fast": true, "via": [null, "door"]}'),
            ("say", '{"text": "It\'s done."}'),
        ),
    ),
    Scene(
        format="deepseek_v3",
        case="arguments in a code fence",
        tools=("get_time(zone: string)",),
        reasoning="I need the time there.",
        content="Let me see.",
        calls=(("get_time", '{"zone": "Europe/Paris"}'),),
    ),
    Scene(
        format="harmony",
        case="messages whose headers say where they go",
        tools=(WEATHER,),
        reasoning="I need the weather.",
        content="Let me check.",
        calls=(("get_weather", '{"city": "Zürich", "days": 3}'),),
    ),
    Scene(
        format="llama3_json",
        case="what only looks like a call is content",
        tools=(WEATHER,),
        content='{"name": "Alice", "age": 30} is a person, and no call.',
    ),
    Scene(
        format="llama3_tags",
        case="a call that is cut off is reported, never repaired",
        tools=("write_file(path: string, text: string)",),
        calls=(("write_file", '{"path": "notes.md", "text": "To be continued"}'),),
        lost=len('ued"}</function>'),
    ),
)


def choose_turns(names: Iterable[str] | None) -> list[Turn]:
    """The most telling example of each format that has any; None: the demo's scenes."""
    if names is None:
        return [scene.turn() for scene in SCENES]
    grammars = [Grammar.load(name) for name in names]
    return [Turn(grammar, max(grammar.examples, key=telling)) for grammar in grammars if grammar.examples]


def telling(example: Example) -> tuple[bool, ...]:
    """How much an example shows; the first of equals is taken."""
    clean = all(call.status == "complete" and not call.notes for call in example.calls)
    return (
        clean and not example.repair and len(example.text) <= LONG,
        any(call.arguments != "{}" for call in example.calls),
        bool(example.reasoning),
        bool(example.content),
        len(example.calls) > 1,
    )
