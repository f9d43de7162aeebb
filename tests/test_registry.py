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


# The "Aliases:" lines of formats.md, but for the names that it resolves in C3 (below) and `trinity`, a dialect here.
ALIASES = {
    "hermes": (
        "qwen qwen25 qwen2d5 qwen3 qwen_3 qwen3_json qwen3-thinking qwen3-vl-instruct qwen3-vl-thinking "
        "exaone json_tools"
    ),
    "granite_20b_fc": "granite-20b-fc",
    "internlm2": "internlm intern-s1 interns1",
    "nemotron_json": "nemotron_deci",
    "phi4_mini_json": "phi4",
    "cohere_command": "cohere_command3 cohere_command4",
    "apertus": "apertus2509",
    "mistral": "ministral",
    "deepseek_v3": "deepseekv3 deepseek deepseek_r1 cogito",
    "deepseek_v31": "deepseekv31 deepseek31 deepseek3 deepseek_v3_1",
    "kimi_k2": "kimi-k2 kimik2 kimi",
    "llama3_tags": "functionary_v31",
    "qwen3_coder": (
        "qwen3_xml qwen_xml qwen_coder qwen3coder qwen3-coder qwen_3_coder qwen3.5 qwen_3_5 ornith "
        "nemotron_v3 nemotron_nano nemotron-3-nano nemotron-3.5-nano granite_thinking minicpmv nanbeige "
        "interns2-preview"
    ),
    "glm45": "glm glm4 glm45_moe glm-ocr",
    "glm47": "glm-4.7 glm_4_7 glm47_moe spark25",
    "poolside_v1": "laguna poolside-v1",
    "hy_v3": "hunyuan",
    "xing4": "telechat4 xing4_0 xingchen4",
    "minimax_m2": "minimax-m2 minimax",
    "deepseek_v32": "deepseekv32 deepseek32 deepseek-v32 deepseek_v3_2 deepseek_dsml",
    "deepseek_v4": "deepseekv4 deepseek-v4",
    "deepseek_v41": "deepseekv41 deepseek-v41",
    "lfm2": "lfm2-thinking",
    "gemma4": "gemma4-no-thinking",
    "functiongemma": "function_gemma",
    "harmony": "openai gpt-oss gptoss gpt_oss llm_jp_harmony",
    "llama3_json": "llama4_json llama3 llama",
    "xlam": "json",
}


@pytest.mark.parametrize(("name", "alias"), [(name, alias) for name, line in ALIASES.items() for alias in line.split()])
def test_every_alias_leads_to_its_format(name: str, alias: str) -> None:
    assert Grammar.load(alias).name == name


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("granite", "granite"),  # the format of that name, although servers mean granite4 by it too
        ("trinity", "trinity"),
        ("hunyuan", "hy_v3"),
        ("deepseek3", "deepseek_v31"),
        ("deepseekv3", "deepseek_v3"),
        ("minimax", "minimax_m2"),
        ("qwen3", "hermes"),
        ("pythonic", "pythonic"),
        ("llama3", "llama3_json"),
        ("mistral", "mistral"),
    ],
)
def test_a_name_that_others_use_for_other_formats_means_one(alias: str, name: str) -> None:
    """formats.md, C3."""
    assert Grammar.load(alias).name == name


def test_a_name_that_means_two_formats_is_refused() -> None:
    """formats.md, C3."""
    with pytest.raises(AmbiguousFormat, match="cohere_command, cohere_command5") as caught:
        toolfeed.Parser("cohere")
    assert caught.value.candidates == ("cohere_command", "cohere_command5")


@pytest.mark.parametrize("alias", ["default", "auto"])
def test_a_name_that_could_mean_any_format_means_none(alias: str) -> None:
    with pytest.raises(UnknownFormat):
        Grammar.load(alias)


@pytest.mark.parametrize(
    ("wrong", "right"), [("hermez", "hermes"), ("qwen3_code", "qwen3_coder"), ("kimi-k", "kimi-k2")]
)
def test_an_unknown_format_is_an_error_with_a_suggestion(wrong: str, right: str) -> None:
    with pytest.raises(UnknownFormat, match=right) as caught:
        Grammar.load(wrong)
    assert wrong in str(caught.value)


def test_a_suggestion_is_near_and_made_once() -> None:
    with pytest.raises(UnknownFormat, match=r"; did you mean 'hermes'\?$"):
        Grammar.load("hermess")
    with pytest.raises(UnknownFormat, match="lists them"):
        Grammar.load("nope")
    assert registry.nearest("cohera", ["cohere", "cohere"]) == "did you mean 'cohere'?"


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
