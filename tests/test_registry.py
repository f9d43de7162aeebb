"""Which formats there are, and how one is found (design.md, section 2: names, aliases, paths, installed packages)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import toolfeed
from helpers import format_names, grammar_of
from toolfeed import AmbiguousFormat, Grammar, GrammarError, UnknownFormat, registry
from toolfeed.registry import grammar_folder

OWN = 'format = 1\nname = "{name}"\naliases = [{aliases}]\n[calls]\ncall = "<{name}>{{call:json}}</{name}>"\n'


def own(name: str, *aliases: str) -> str:
    return OWN.format(name=name, aliases=", ".join(f'"{alias}"' for alias in aliases))


@pytest.mark.parametrize("name", format_names())
def test_every_grammar_loads(name: str) -> None:
    grammar = grammar_of(name)
    assert grammar.name == name, "a file is called as its format"
    assert grammar.source, "a file says where its format comes from"
    assert Grammar.load(name) is grammar
    assert Grammar.load(grammar_folder() / f"{name}.toml") == grammar


def test_formats_says_what_a_server_needs() -> None:
    infos = {info.name: info for info in toolfeed.formats()}
    assert list(infos) == format_names()
    hermes = infos["hermes"]
    assert {"<tool_call>", "</tool_call>"} <= set(hermes.special_tokens)
    assert "<|im_end|>" in hermes.turn_end_tokens
    assert hermes.start_states == ("content", "reasoning")
    assert "qwen25" in hermes.aliases
    for info in infos.values():
        assert set(info.start_states) <= {"content", "reasoning"}
        assert info.start_states


def test_an_alias_with_one_owner_leads_to_it() -> None:
    owners = Counter(alias for info in toolfeed.formats() for alias in info.aliases)
    names = set(format_names())
    for info in toolfeed.formats():
        for alias in info.aliases:
            if owners[alias] == 1 and alias not in names:
                assert Grammar.load(alias).name == info.name


def test_an_alias_with_several_owners_is_an_error_that_names_them() -> None:
    """formats.md, C3: never silently."""
    owners = Counter(alias for info in toolfeed.formats() for alias in info.aliases)
    several = [alias for alias, count in owners.items() if count > 1 and alias not in format_names()]
    for alias in several:
        with pytest.raises(AmbiguousFormat) as caught:
            Grammar.load(alias)
        candidates = [info.name for info in toolfeed.formats() if alias in info.aliases]
        assert sorted(caught.value.candidates) == candidates
        assert all(name in str(caught.value) for name in candidates)


@pytest.mark.parametrize(
    ("wrong", "right"), [("hermez", "hermes"), ("qwen3_code", "qwen3_coder"), ("kimi-k", "kimi-k2")]
)
def test_an_unknown_format_is_an_error_with_a_suggestion(wrong: str, right: str) -> None:
    with pytest.raises(UnknownFormat, match=right) as caught:
        Grammar.load(wrong)
    assert wrong in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "zzzzzzzzzzzz", "HERMES", " hermes", "../hermes", "hermes/", "*"])
def test_names_are_exact(wrong: str) -> None:
    with pytest.raises(UnknownFormat):
        Grammar.load(wrong)


def test_a_path_is_a_path_or_ends_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(own("own"), encoding="utf-8")
    assert Grammar.load(path) == Grammar.load(str(path))
    other = tmp_path / "own.txt"
    other.write_text(own("own"), encoding="utf-8")
    assert Grammar.load(other).name == "own"
    with pytest.raises(UnknownFormat):
        Grammar.load(str(other))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(GrammarError, match="cannot be read") as caught:
            Grammar.load(path)
        assert caught.value.file == str(path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes('name = "é"'.encode("latin-1"))
    with pytest.raises(GrammarError, match="UTF-8"):
        Grammar.load(latin)


# -- installed packages ------------------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with grammars, found by its entry point; importing it would be an error."""
    package = tmp_path / "more_grammars"
    inner = package / "data"
    inner.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (inner / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    info = tmp_path / "more_grammars-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-grammars\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[toolfeed.grammars]\nmore = more_grammars.data\nnone = no_such_package\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield inner
    monkeypatch.undo()
    forget()


def forget() -> None:
    for function in vars(registry).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def test_an_installed_package_adds_formats_and_is_not_imported(installed: Path) -> None:
    (installed / "new_format.toml").write_text(own("new_format", "brand_new"), encoding="utf-8")
    assert "new_format" in {info.name for info in toolfeed.formats()}
    assert Grammar.load("brand_new").name == "new_format"
    assert toolfeed.parse('<new_format>{"name": "f"}</new_format>', "new_format").tool_calls[0].name == "f"
    assert not any(name.startswith("more_grammars") for name in sys.modules)


def test_an_alias_of_two_packages_is_ambiguous(installed: Path) -> None:
    (installed / "one.toml").write_text(own("one", "shared"), encoding="utf-8")
    (installed / "two.toml").write_text(own("two", "shared"), encoding="utf-8")
    with pytest.raises(AmbiguousFormat, match=r"'shared'.*one, two") as caught:
        toolfeed.Parser("shared")
    assert caught.value.candidates == ("one", "two")


def test_a_shipped_format_wins_over_an_installed_one(installed: Path) -> None:
    (installed / "hermes.toml").write_text(own("hermes"), encoding="utf-8")
    assert Grammar.load("hermes").calls == grammar_of("hermes").calls
