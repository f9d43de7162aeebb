"""Mistakes in a grammar are found at load, with the file, the line, the key and the likely fix (design.md, 4)."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from helpers import format_names, grammar_of
from toolfeed import Grammar, GrammarError, parse
from toolfeed.grammar import Calls, Example, ExampleCall, Reasoning, Start, signature
from toolfeed.registry import grammar_folder


class Mistake(NamedTuple):
    """A grammar with one thing wrong. `words`: what the message says, among others."""

    what: str
    text: str
    line: int | None
    key: str | None
    words: tuple[str, ...]


HEAD = 'format = 1\nname = "own"\n'
CALL = '[calls]\ncall = "<call>{call:json}</call>"\n'
TAGGED = '[calls]\ncall = "<f={name}>{parameters}</f>"\nparameter = "<p={key}>{value:text}</p>"\n'


NESTED = TAGGED.replace('"<p={key}>{value:text}</p>"', '["<p={key}>{value:text}</p>", "<l={key}>{items}</l>"]') + (
    'item = "<i>{value:text}</i>"\n'
)


def calls(*lines: str) -> str:
    return HEAD + "[calls]\n" + "\n".join(lines) + "\n"


def detecting(*lines: str) -> str:
    return HEAD + "[detect]\n" + "\n".join(lines) + "\n" + CALL


def example(lines: str) -> str:
    """A grammar whose second example says this, from line 13 on."""
    good = '[[examples]]\ncase = "good"\nstart = "content"\nfinish = "stop"\ntext = ""\n'
    return HEAD + CALL + good + '[[examples]]\ncase = "x"\ntext = ""\n' + lines + "\n"


MISTAKES = [
    Mistake("no TOML", "format = 1\nname = \n", 2, None, ()),
    Mistake("a key twice", HEAD + 'name = "x"\n' + CALL, 3, None, ()),
    Mistake("no version", 'name = "own"\n' + CALL, None, "format", ("missing", "format = 1")),
    Mistake("another version", 'format = 2\nname = "own"\n' + CALL, 1, "format", ("2", "format = 1")),
    Mistake("a version as text", 'format = "1"\nname = "own"\n' + CALL, 1, "format", ("format = 1",)),
    Mistake("no name", "format = 1\n" + CALL, None, "name", ("missing",)),
    Mistake("an empty name", 'format = 1\nname = ""\n' + CALL, 2, "name", ("letters",)),
    Mistake("a name with a space", 'format = 1\nname = "my format"\n' + CALL, 2, "name", ("letters",)),
    Mistake("a name that is a path", 'format = 1\nname = "../x"\n' + CALL, 2, "name", ("letters",)),
    Mistake("a name that is a number", "format = 1\nname = 7\n" + CALL, 2, "name", ("str",)),
    Mistake("no calls", HEAD, None, "calls", ("call",)),
    Mistake("an unknown key", HEAD + "alias = ['x']\n" + CALL, 3, "alias", ("did you mean 'aliases'",)),
    Mistake("a key in the wrong table", HEAD + 'separator = "\\n"\n' + CALL, 3, "separator", ("[calls]",)),
    Mistake(
        "an unknown key of calls", HEAD + CALL + 'sections = "x"\n', 5, "calls.sections", ("did you mean 'section'",)
    ),
    Mistake("an unknown table", HEAD + CALL + "[thinking]\nx = 1\n", 5, "thinking", ("no key",)),
    Mistake("a number where text belongs", calls("call = 7"), 4, "calls.call", ("int",)),
    Mistake("an unknown choice", HEAD + CALL + 'commit = "late"\n', 5, "calls.commit", ("late",)),
    Mistake(
        "an unknown policy",
        HEAD + '[reasoning]\nclose = "</t>"\nopen = "<t>"\ncalls = "maybe"\n' + CALL,
        6,
        "reasoning.calls",
        ("maybe",),
    ),
    Mistake("an empty template", calls('call = ""'), 4, "calls.call", ("empty",)),
    Mistake(
        "a brace that is not closed", calls('call = "<call>{call:json</call>"'), 4, "calls.call", ("not closed", "{{")
    ),
    Mistake(
        "a brace that closes nothing",
        calls('call = "<call>}{call:json}</call>"'),
        4,
        "calls.call",
        ("closes nothing", "}}"),
    ),
    Mistake(
        "an unknown field", calls('call = "<f={tool}>{arguments:json}</f>"'), 4, "calls.call", ("{tool}", "{name}")
    ),
    Mistake("an unknown codec", calls('call = "<f={name}>{arguments:xml}</f>"'), 4, "calls.call", ("xml", "json")),
    Mistake(
        "a payload without a codec", calls('call = "<f={name}>{arguments}</f>"'), 4, "calls.call", ("{arguments:json}",)
    ),
    Mistake(
        "a codec for a field",
        calls('call = "<f={name:json}>{arguments:json}</f>"'),
        4,
        "calls.call",
        ("takes no codec",),
    ),
    Mistake("a payload in a marker", calls('call = "<f={arguments:json}>"'), 4, "calls.call", ("field",)),
    Mistake("a call without a payload", calls('call = "<f={name}></f>"'), 4, "calls.call", ("exactly one",)),
    Mistake(
        "a call with two payloads",
        calls('call = "<f={name}>{arguments:json}{call:json}</f>"'),
        4,
        "calls.call",
        ("exactly one",),
    ),
    Mistake("a call without a name", calls('call = "<f>{arguments:json}</f>"'), 4, "calls.call", ("{name}",)),
    Mistake("an id and no name", calls('call = "<f={id}>{arguments:json}</f>"'), 4, "calls.call", ("{name}", "id")),
    Mistake("the name twice", calls('call = "<f={name}>{name}<a>{arguments:json}</f>"'), 4, "calls.call", ("twice",)),
    Mistake(
        "a name beside the codec that reads it",
        calls('call = "<f={name}>{call:json}</f>"'),
        4,
        "calls.call",
        ("codec",),
    ),
    Mistake(
        "a name behind the arguments", calls('call = "<f>{arguments:json}<n={name}>"'), 4, "calls.call", ("before",)
    ),
    Mistake("a call without a marker", calls('call = "{name}{arguments:json}"'), 4, "calls.call", ("marker",)),
    Mistake("fields that touch", calls('call = "<f>{name}{id}<a>{arguments:json}</f>"'), 4, "calls.call", ("between",)),
    Mistake("a slot of the wrong kind", calls('call = "<f={name}>{calls}</f>"'), 4, "calls.call", ("section",)),
    Mistake(
        "parameters without a template", calls('call = "<f={name}>{parameters}</f>"'), 4, "calls.call", ("parameter",)
    ),
    Mistake(
        "a template that nobody uses",
        HEAD + CALL + 'parameter = "<p={key}>{value:text}</p>"\n',
        5,
        "calls.parameter",
        ("never used",),
    ),
    Mistake("a parameter without a key", HEAD + TAGGED.replace("<p={key}>", "<p>"), 5, "calls.parameter", ("{key}",)),
    Mistake(
        "a parameter without a value",
        HEAD + TAGGED.replace("{value:text}", ""),
        5,
        "calls.parameter",
        ("{value:text}",),
    ),
    Mistake(
        "an item with a key",
        HEAD + NESTED.replace("<i>{value", "<i={key}>{value"),
        6,
        "calls.item",
        ("{key}",),
    ),
    Mistake(
        "items without a template", HEAD + NESTED.partition("item =")[0], 5, "calls.parameter", ("{items}", "`item`")
    ),
    Mistake(
        "a template of items that nothing holds",
        HEAD + TAGGED + 'item = "<i>{value:text}</i>"\n',
        6,
        "calls.item",
        ("{items}",),
    ),
    Mistake("what nests has no closer", HEAD + NESTED.replace("</l>", ""), 5, "calls.parameter", ("never ends",)),
    Mistake(
        "what nests has no marker", HEAD + NESTED.replace("<l={key}>", "<l>{key}"), 5, "calls.parameter", ("marker",)
    ),
    Mistake(
        "what nests opens like a value",
        HEAD + NESTED.replace("<l={key}>", "<p={key}>"),
        5,
        "calls.parameter",
        ("another template",),
    ),
    Mistake(
        "a value without its key that has one",
        HEAD + TAGGED + '[repair]\nvalue = "<p={key}>{value:text}</p>"\n',
        7,
        "repair.value",
        ("{key}", "`parameter`"),
    ),
    Mistake("an opener that no template has", HEAD + TAGGED + '[repair]\nknown = "<g>"\n', 7, "repair.known", ("<g>",)),
    Mistake(
        "an unknown field where no name is",
        HEAD + CALL + '[repair]\nunnamed = "{name}"\n',
        6,
        "repair.unnamed",
        ("{number}",),
    ),
    Mistake("nothing where no name is", HEAD + CALL + '[repair]\nunnamed = ""\n', 6, "repair.unnamed", ("empty",)),
    Mistake(
        "a call that begins with its name, which is no repair",
        calls('call = "{name}<call>{arguments:json}"'),
        4,
        "calls.call",
        ("no marker",),
    ),
    Mistake(
        "a repaired call that is nothing but two names",
        HEAD + CALL + '[repair]\ncall = "{name}{id}"\n',
        6,
        "repair.call",
        (),
    ),
    Mistake("a value without a closer", HEAD + TAGGED.replace("</p>", ""), 5, "calls.parameter", ("never ends",)),
    Mistake(
        "a parameter without a marker", HEAD + TAGGED.replace("<p={key}>", "{key}:"), 5, "calls.parameter", ("marker",)
    ),
    Mistake(
        "a line break on one side", HEAD + TAGGED.replace("{value", "\\n{value"), 5, "calls.parameter", ("both sides",)
    ),
    Mistake("a section without calls", HEAD + CALL + 'section = "<s></s>"\n', 5, "calls.section", ("exactly one",)),
    Mistake(
        "a section with two", HEAD + CALL + 'section = "<s>{calls}{calls}</s>"\n', 5, "calls.section", ("exactly one",)
    ),
    Mistake(
        "a section that begins with calls", HEAD + CALL + 'section = "{calls}</s>"\n', 5, "calls.section", ("opens",)
    ),
    Mistake(
        "a section with a name",
        HEAD + CALL + 'section = "<s={name}>{calls}</s>"\n',
        5,
        "calls.section",
        ("belong into `call`",),
    ),
    Mistake("a section of no calls", calls('section = "<s>{calls}</s>"'), 4, "calls.section", ("no `call`",)),
    Mistake("a list that is not closed", calls('section = "<s>[{calls:json}</s>"'), 4, "calls.section", ("]",)),
    Mistake(
        "an optional marker that is none",
        HEAD + CALL + 'optional = ["<calls>"]\n',
        5,
        "calls.optional",
        ("did you mean '<call>'",),
    ),
    Mistake("an empty optional marker", HEAD + CALL + 'optional = [""]\n', 5, "calls.optional", ("empty",)),
    Mistake(
        "a spelling of no marker",
        HEAD + '[spellings]\n"</cell>" = "x"\n' + CALL,
        3,
        "spellings",
        ("did you mean '</call>'",),
    ),
    Mistake("an empty spelling", HEAD + '[spellings]\n"<call>" = ""\n' + CALL, 4, "spellings.<call>", ("empty",)),
    Mistake("an empty turn end", HEAD + 'turn_end = ["</s>", " "]\n' + CALL, 3, "turn_end", ("empty",)),
    Mistake("an empty marker to absorb", HEAD + 'absorb = ""\n' + CALL, 3, "absorb", ("empty",)),
    Mistake(
        "reasoning without an end", HEAD + '[reasoning]\nopen = "<t>"\n' + CALL, 3, "reasoning.close", ("missing",)
    ),
    Mistake(
        "reasoning that never ends",
        HEAD + '[reasoning]\nopen = "<t>"\nclose = []\n' + CALL,
        5,
        "reasoning.close",
        ("never ends",),
    ),
    Mistake(
        "an empty opener of reasoning",
        HEAD + '[reasoning]\nopen = "\\n"\nclose = "</t>"\n' + CALL,
        4,
        "reasoning.open",
        ("empty",),
    ),
    Mistake(
        "one marker for both", HEAD + '[reasoning]\nopen = "<t>\\n"\nclose = "<t>"\n' + CALL, 3, "reasoning", ("both",)
    ),
    Mistake(
        "reasoning that nothing leads to", HEAD + '[reasoning]\nclose = "</t>"\n' + CALL, 3, "reasoning", ("no opener",)
    ),
    Mistake(
        "a start in reasoning that there is not",
        HEAD + '[start]\nstate = "reasoning"\n' + CALL,
        3,
        "start",
        ("no [reasoning]",),
    ),
    Mistake("an unknown start", HEAD + '[start]\nstate = "call"\n' + CALL, 4, "start.state", ("call",)),
    Mistake(
        "a prompt that leads nowhere", HEAD + '[start]\nprompts = { "x" = "y" }\n' + CALL, 4, "start.prompts", ("y",)
    ),
    Mistake(
        "an id without a name",
        calls('call = "<f={name} i={id}>{arguments:json}</f>"', 'id = "functions:{number}"'),
        5,
        "calls.id",
        ("{name}",),
    ),
    Mistake(
        "an id of other things",
        calls('call = "<f={id}>{arguments:json}</f>"', 'id = "{name}:{key}"'),
        5,
        "calls.id",
        ("{number}",),
    ),
    Mistake("an example without a text", HEAD + CALL + '[[examples]]\ncase = "x"\n', 5, "examples.text", ("missing",)),
    Mistake(
        "an unknown key of an example",
        HEAD + CALL + '[[examples]]\ncase = "x"\ntext = ""\ntool = []\n',
        8,
        "examples.tool",
        ("'tools'",),
    ),
    Mistake(
        "an unknown status",
        HEAD + CALL + '[[examples]]\ncase = "x"\ntext = ""\ncalls = [{ name = "f", status = "done" }]\n',
        8,
        "examples.calls.status",
        ("done",),
    ),
    Mistake(
        "messages that go nowhere",
        HEAD + '[messages]\nheader = "<h>{channel}<m>"\nroutes = []\n',
        5,
        "messages.routes",
        ("empty",),
    ),
    Mistake(
        "a header that does not end",
        HEAD + '[messages]\nheader = "<h>{channel}"\nroutes = [{ to = "content" }]\n',
        4,
        "messages.header",
        ("end",),
    ),
    Mistake(
        "a header of other things",
        HEAD + '[messages]\nheader = "<h>{tool}<m>"\nroutes = [{ to = "content" }]\n',
        4,
        "messages.header",
        ("{recipient}",),
    ),
    Mistake("extends a number", HEAD + "extends = 1\n", 3, "extends", ("name",)),
    Mistake("a reserved name", 'format = 1\nname = "auto"\n' + CALL, 2, "name", ("Parser('auto')",)),
    Mistake("a reserved alias", HEAD + 'aliases = ["x", "auto"]\n' + CALL, 3, "aliases", ("Parser('auto')",)),
    Mistake("a pattern for every model", HEAD + 'models = ["*"]\n' + CALL, 3, "models", ("'*'", "nothing")),
    Mistake("an unknown key of detect", detecting('templates = "<x>"'), 4, "detect.templates", ("'template'",)),
    Mistake("an empty marker of a template", detecting('template = ["<x>", ""]'), 4, "detect.template", ("empty",)),
    Mistake("a rule without markers", detecting('template = ["<x>", []]'), 4, "detect.template", ("any template",)),
    Mistake("a rule of numbers", detecting("template = [[7]]"), 4, "detect.template", ("int",)),
    Mistake("a rule that is a number", detecting("template = [7]"), 4, "detect.template", ("int",)),
    Mistake("a template that is a number", detecting("template = 7"), 4, "detect.template", ("int",)),
    Mistake(
        "markers of one's own and of another format",
        detecting('template = "<x>"', 'like = "hermes"'),
        5,
        "detect.like",
        ("'hermes'", "leave out"),
    ),
    Mistake("a format over itself", detecting('over = ["hermes", "own"]'), 4, "detect.over", ("itself",)),
    Mistake("a format like itself", detecting('like = "own"'), 4, "detect.like", ("itself",)),
    Mistake(
        "a payload in brackets",
        calls('call = "[{name} {arguments:json}]"'),
        4,
        "calls.call",
        ("only a field", "[regions]"),
    ),
    Mistake(
        "a value that ends with its line",
        calls('call = "<f={name}>{parameters}</f>"', 'parameter = "<p>{key}: {value:stripped}\\n"'),
        5,
        "calls.parameter",
        ("no closer", "[regions]"),
    ),
    Mistake(
        "one call in a section", calls('section = "<c>{call}</c>"'), 4, "calls.section", ("{calls} or {calls:json}",)
    ),
    Mistake(
        "a table of one letter less", HEAD + CALL.replace("[calls]", "[call]"), 3, "call", ("did you mean [calls]?",)
    ),
    Mistake(
        "an array of tables of one letter less",
        HEAD + CALL + '[[example]]\ncase = "x"\ntext = ""\n',
        5,
        "example",
        ("did you mean [[examples]]?",),
    ),
    *(
        Mistake(f"an example with {what}", example(line), 13, f"examples.{key}", words)
        for what, line, key, words in (
            ("an unknown state", 'start = "foo"', "start", ("'foo'", "one of 'content', 'reasoning'")),
            ("an unknown reason", 'finish = "foo"', "finish", ("'foo'", "one of 'stop', 'length'")),
            (
                "half an object",
                """calls = [{ name = "f", arguments = '{"a": 1' }]""",
                "calls.arguments",
                ("is no JSON: ",),
            ),
            (
                "a table of arguments",
                'calls = [{ name = "f", arguments = { a = 1 } }]',
                "calls.arguments",
                ("""JSON text in quotes: '{"a": 1}'""",),
            ),
            ("broken declarations", "tools = '[{bad'", "tools", ("JSON",)),
            ("a declaration that is no list", "tools = '7'", "tools", ("list of declarations",)),
            ("a declaration without a name", """tools = '[{"parameters": {}}]'""", "tools", ("name",)),
            ("a signature that is no list", 'tools = "f(city: string)"', "tools", ("list of declarations",)),
            ("a signature that is not closed", 'tools = ["f(city: strng"]', "tools", ("no signature", "f(city: strng")),
            (
                "an unknown type",
                'tools = ["f(city: strng)"]',
                "tools",
                ("'strng' is no type; they are string,", "integer", "array"),
            ),
            ("an unknown type of two", 'tools = ["f(city: string|nul)"]', "tools", ("'nul' is no type",)),
            ("no type behind the colon", 'tools = ["f(city:)"]', "tools", ("'' is no type",)),
            ("a type without a colon", 'tools = ["f(city string)"]', "tools", ("'city string'", "name: type")),
            ("an unknown choice", 'chosen = "zzz"\ntools = ["f()"]', "chosen", ("'zzz'", "'f'")),
        )
    ),
    Mistake("a pattern that excludes everything", detecting('models = "!acme/*"'), 4, "detect.models", ("!acme/*",)),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    with pytest.raises(GrammarError) as caught:
        Grammar.from_toml(mistake.text, "own.toml")
    error = caught.value
    assert error.file == "own.toml"
    assert error.line == mistake.line
    if mistake.key is not None:
        assert error.key == mistake.key
    for word in mistake.words:
        assert word in error.message
    place = "own.toml" if mistake.line is None else f"own.toml:{mistake.line}"
    assert str(error) == ": ".join(part for part in (place, error.key, error.message) if part)


def test_extending_what_is_not_there() -> None:
    with pytest.raises(GrammarError, match="hermes") as caught:
        Grammar.from_toml(HEAD + 'extends = "hermez"\n', "own.toml")
    assert (caught.value.line, caught.value.key) == (3, "extends")


def test_without_a_file_the_error_begins_with_the_line() -> None:
    with pytest.raises(GrammarError) as caught:
        Grammar.from_toml(calls('call = ""'))
    assert caught.value.file is None
    assert str(caught.value).startswith("line 4: calls.call: ")


# -- what is no mistake ------------------------------------------------------------------------------------------------


def test_one_string_is_a_list_of_one() -> None:
    one = Grammar.from_toml(
        HEAD + 'aliases = "x"\nturn_end = "</s>"\nabsorb = "</t>"\n[reasoning]\nopen = "<t>"\nclose = "</t>"\n' + CALL
    )
    many = Grammar.from_toml(
        HEAD
        + 'aliases = ["x"]\nturn_end = ["</s>"]\nabsorb = ["</t>"]\n[reasoning]\nopen = ["<t>"]\nclose = ["</t>"]\n'
        '[calls]\ncall = ["<call>{call:json}</call>"]\n'
    )
    assert one == many


def test_a_grammar_can_be_made_in_python() -> None:
    read = Grammar.from_toml(
        HEAD
        + '[start]\nprompts = { "<t>" = "reasoning" }\n[reasoning]\nopen = "<t>"\nclose = "</t>"\n'
        + TAGGED
        + '[[examples]]\ncase = "x"\ntext = "<f=g></f>"\ntools = ["g()"]\ncalls = [{ name = "g" }]\n'
    )
    made = Grammar(
        name="own",
        start=Start(prompts={"<t>": "reasoning"}),
        reasoning=Reasoning(open=("<t>",), close=("</t>",)),
        calls=Calls(call=("<f={name}>{parameters}</f>",), parameter=("<p={key}>{value:text}</p>",)),
        examples=(Example(case="x", text="<f=g></f>", tools=("g()",), calls=(ExampleCall(name="g"),)),),
    )
    assert made == read
    assert parse("<f=g><p=a>1</p></f>", made).tool_calls[0].arguments == '{"a": "1"}'


def test_a_grammar_made_in_python_is_checked() -> None:
    with pytest.raises(GrammarError) as caught:
        Grammar(name="own", calls=Calls(call=("<f={name}></f>",)))
    assert (caught.value.file, caught.value.line, caught.value.key) == (None, None, "calls.call")


def test_a_grammar_is_immutable() -> None:
    grammar = grammar_of("hermes")
    with pytest.raises(AttributeError):
        grammar.name = "other"  # type: ignore[misc]  # that is what is tested


def test_a_dialect_says_only_what_differs() -> None:
    base = grammar_of("hermes")
    own = Grammar.from_toml(HEAD + 'extends = "hermes"\naliases = ["mine"]\n[reasoning]\ncalls = "inside"\n')
    assert own.reasoning is not None
    assert base.reasoning is not None
    assert (own.reasoning.calls, own.reasoning.open) == ("inside", base.reasoning.open)
    assert (own.calls, own.turn_end, own.start) == (base.calls, base.turn_end, base.start)
    assert (own.name, own.aliases, own.models, own.examples, own.source) == ("own", ("mine",), (), (), "")


def test_a_dialect_replaces_lists() -> None:
    own = Grammar.from_toml(HEAD + 'extends = "hermes"\nturn_end = ["<end>"]\n')
    assert own.turn_end == ("<end>",)


@pytest.mark.parametrize("name", format_names())
def test_shipped_grammars_say_their_version_first(name: str) -> None:
    lines = (grammar_folder() / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.startswith("#")]
    assert code[0].split() == ["format", "=", "1"]


@pytest.mark.parametrize(
    ("line", "properties"),
    [
        ("f()", {}),
        ("f", {}),
        ("f(a)", {"a": {}}),
        ("f(a: string)", {"a": {"type": "string"}}),
        ("f( a:integer , b : string|null )", {"a": {"type": "integer"}, "b": {"type": ["string", "null"]}}),
        ("f(a: uint8, b: Bool)", {"a": {"type": "uint8"}, "b": {"type": "Bool"}}),
    ],
)
def test_a_signature_is_a_declaration(line: str, properties: dict[str, object]) -> None:
    declaration = signature(line)
    assert declaration == {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": properties}},
    }
