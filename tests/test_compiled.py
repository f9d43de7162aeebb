"""The compiled wheel: that its compiled modules are really the ones imported. `make compiled` runs all tests on it."""

from __future__ import annotations

import importlib
import os
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import toolfeed
from toolfeed.fuzz.cutting import _slots

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(os.environ.get("TOOLFEED_COMPILED") != "1", reason="make compiled, or TOOLFEED_COMPILED=1"),
]


def compiled_modules() -> list[str]:
    """What pyproject.toml says is compiled."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    paths = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]
    return [path.removeprefix("parsers/").removesuffix(".py").replace("/", ".") for path in paths]


@pytest.mark.parametrize("name", compiled_modules())
def test_what_is_imported_is_compiled(name: str) -> None:
    file = importlib.import_module(name).__file__
    assert file is not None
    assert file.endswith(tuple(EXTENSION_SUFFIXES))
    assert not Path(file).is_relative_to(ROOT), "the wheel is tested, not what lies beside the tests"


def test_every_extension_in_the_wheel_is_one_of_these() -> None:
    package = Path(toolfeed.__file__).parent
    found = [path for path in package.rglob("*") if path.name.endswith(tuple(EXTENSION_SUFFIXES))]
    folders = [path.parent.relative_to(package.parent).parts for path in found]
    names = [".".join((*parts, path.name.partition(".")[0])) for parts, path in zip(folders, found, strict=True)]
    assert sorted(names) == sorted(compiled_modules())


def test_states_are_compared_by_all_that_a_compiled_class_holds() -> None:
    names, _ = _slots(toolfeed.Parser)
    assert {"_state", "_codec", "_sink"} <= set(names)


def test_a_parser_is_of_the_compiled_module() -> None:
    parser = toolfeed.Parser("hermes")
    assert type(parser.feed).__name__ == "builtin_function_or_method"
    assert not hasattr(toolfeed.Parser.feed, "__code__")
