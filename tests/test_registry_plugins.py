"""Formats from installed data-only packages: found by entry point, read as data, and never imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import toolfeed

GRAMMAR = """
format  = 1
name    = "{name}"
aliases = ["{alias}"]

[calls]
call = "<{name}>{{call:json}}</{name}>"
"""
TEXT = 'Now.<{name}>{{"name": "f", "arguments": {{"a": 1}}}}</{name}>'


def install(site: Path, package: str, value: str, grammars: dict[str, str], alias: str = "") -> None:
    """A distribution whose entry point has this value, and its grammars: where they are, and the format's name. None of
    its modules can be imported."""
    for folder, name in grammars.items():
        (site / folder).mkdir(parents=True, exist_ok=True)
        (site / folder / f"{name}.toml").write_text(GRAMMAR.format(name=name, alias=alias or f"{name}-alias"))
        (site / folder / "README.txt").write_text("Data only.")
        for module in (site / folder, *(site / folder).parents):
            if module.is_relative_to(site) and module != site:
                (module / "__init__.py").write_text("raise SystemExit('imported')")
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[toolfeed.grammars]\n{package} = {value}\n")


def run(site: Path, expression: str) -> Any:
    """What an expression is worth in an interpreter of its own that has `site` on its path."""
    program = f"""
import json, sys
sys.path.insert(0, {str(site)!r})
import toolfeed
value = {expression}
print(json.dumps({{"value": value, "modules": sorted(sys.modules)}}))
"""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert not [name for name in found["modules"] if name.startswith("acme")], "the package was imported"
    return found["value"]


NAMES = "[info.name for info in toolfeed.formats()]"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site-packages"


@pytest.mark.parametrize(
    ("value", "folder"), [("acme_formats", "acme_formats"), ("acme.more.formats", "acme/more/formats")]
)
def test_a_package_adds_a_format(site: Path, value: str, folder: str) -> None:
    install(site, "acme-formats", value, {folder: "acme_one"})
    assert "acme_one" in run(site, NAMES)
    text = TEXT.format(name="acme_one")
    for name in "acme_one", "acme_one-alias":
        calls = run(site, f"[[c.name, c.arguments, c.status] for c in toolfeed.parse({text!r}, {name!r}).tool_calls]")
        assert calls == [["f", '{"a": 1}', "complete"]]


def test_several_packages_and_files(site: Path) -> None:
    install(site, "acme-a", "acme_a", {"acme_a": "acme_one"})
    install(site, "acme-b", "acme_b", {"acme_b": "acme_two", "acme_b/deeper": "acme_hidden"})
    names = run(site, NAMES)
    assert {"acme_one", "acme_two"} <= set(names)
    assert "acme_hidden" not in names  # folders are not searched
    assert names == sorted(names)


def test_a_shipped_format_cannot_be_replaced(site: Path) -> None:
    install(site, "acme-formats", "acme_formats", {"acme_formats": "hermes"})
    text = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    assert run(site, f"[c.name for c in toolfeed.parse({text!r}, 'hermes').tool_calls]") == ["f"]
    assert run(site, NAMES) == [info.name for info in toolfeed.formats()]


@pytest.mark.parametrize("value", ["acme_missing", "acme_missing.formats", "acme_module"])
def test_an_entry_point_that_leads_nowhere_is_passed_over(site: Path, value: str) -> None:
    install(site, "acme-formats", value, {})
    (site / "acme_module.py").write_text("raise SystemExit('imported')")
    assert run(site, NAMES) == [info.name for info in toolfeed.formats()]


def test_a_shipped_alias_cannot_be_taken(site: Path) -> None:
    (alias, *_) = toolfeed.Grammar.load("kimi_k2").aliases
    install(site, "acme-formats", "acme_formats", {"acme_formats": "acme_one"}, alias)
    assert run(site, f"toolfeed.Grammar.load({alias!r}).name") == "kimi_k2"


def test_a_broken_package_hurts_no_shipped_format(site: Path) -> None:
    install(site, "acme-formats", "acme_formats", {"acme_formats": "acme_one"})
    (site / "acme_formats/acme_one.toml").write_text("this is no grammar")
    assert run(site, "toolfeed.Grammar.load('hermes').name") == "hermes"
    for alias in toolfeed.Grammar.load("kimi_k2").aliases:
        assert run(site, f"toolfeed.Grammar.load({alias!r}).name") == "kimi_k2"


def test_a_shipped_name_asks_for_no_entry_point(site: Path) -> None:
    assert run(site, "(toolfeed.Parser('hermes') and None, 'importlib.metadata' in sys.modules)")[1] is False


def test_an_installed_format_is_detected(site: Path) -> None:
    install(site, "acme-formats", "acme_formats", {"acme_formats": "acme_one"})
    path = site / "acme_formats/acme_one.toml"
    path.write_text(path.read_text().replace("[calls]", '[detect]\ntemplate = "<acme_one>"\n\n[calls]'))
    assert run(site, "toolfeed.detect(chat_template='{{ tools }}<acme_one>').format") == "acme_one"
    text = TEXT.format(name="acme_one")
    calls = run(site, f"[c.name for c in toolfeed.parse({text!r}, 'auto', chat_template='<acme_one>').tool_calls]")
    assert calls == ["f"]
