"""The formats that there are: grammars shipped with the package, and those of installed data-only packages.

A package adds grammars with an entry point in the group "toolfeed.grammars" whose value is the import name of a package
with `.toml` files in it. It is found without being imported.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from .errors import AmbiguousFormat, GrammarError, ToolfeedError, UnknownFormat
from .grammar import Grammar

GROUP = "toolfeed.grammars"


class FormatInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a server needs to know of a format.

    `special_tokens` must survive detokenization; `turn_end_tokens` may go. `start_states`: the states that its turns
    can begin in, the default first.
    """

    name: str
    aliases: tuple[str, ...]
    models: tuple[str, ...]
    special_tokens: tuple[str, ...]
    turn_end_tokens: tuple[str, ...]
    start_states: tuple[str, ...]


def grammar_folder() -> Path:
    """Where the shipped grammars are: in the wheel inside the package, in a checkout beside the source root."""
    package = Path(__file__).parent
    shipped = package / "grammars"
    return shipped if shipped.is_dir() else package.parent.parent / "grammars"


def find(format: object) -> Grammar:
    """The grammar of a name, an alias or a path. See Grammar.load."""
    if not isinstance(format, (str, Path)):
        raise ToolfeedError(f"format is a name, a path or a Grammar, not {format!r:.80}")
    if isinstance(format, Path) or format.endswith(".toml"):
        return _from_file(Path(format))
    return _named(format)


def grammars() -> Iterator[Grammar]:
    """The grammar of every format that a name leads to, by name."""
    return (_named(name) for name in sorted({*_shipped(), *_installed()}))


def formats() -> tuple[FormatInfo, ...]:
    """Every format that a name leads to, by name."""
    return tuple(info(grammar) for grammar in grammars())


def info(grammar: Grammar) -> FormatInfo:
    """What a server needs to know of this grammar."""
    states = [grammar.start.state, *grammar.start.prompts.values()]
    if grammar.reasoning is not None:
        states += ["content", "reasoning"]
    return FormatInfo(
        name=grammar.name,
        aliases=grammar.aliases,
        models=grammar.models,
        special_tokens=grammar.special_tokens,
        turn_end_tokens=grammar.turn_end,
        start_states=tuple(dict.fromkeys(states)),
    )


def _from_file(path: Path) -> Grammar:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise GrammarError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except UnicodeDecodeError:
        raise GrammarError("is not UTF-8 text", file=str(path)) from None
    return Grammar.from_toml(text, str(path))


@cache
def _named(name: str) -> Grammar:
    """A shipped name, then a shipped alias, then those of installed packages: what is installed changes no shipped
    name."""
    for heads in (_shipped, _installed):
        found = heads().get(name)
        if found is not None:
            return _from_file(found.path)
        owners = tuple(head.name for head in heads().values() if name in head.aliases)
        if len(owners) == 1:
            return _named(owners[0])
        if owners:
            named = ", ".join(owners)
            raise AmbiguousFormat(f"{name!r} is what several formats are called: {named}; name one of them", owners)
    known = [
        word for heads in (_shipped, _installed) for head in heads().values() for word in (head.name, *head.aliases)
    ]
    hint = nearest(name, known)
    if re.search(r"[/\\]", name):
        hint = "the file of a grammar ends in .toml, and the format of a model's id is told by toolfeed.detect"
    raise UnknownFormat(f"no format is called {name!r}; {hint}")


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say to someone who looks for a format by a name that there is not."""
    near = difflib.get_close_matches(name, dict.fromkeys(known), n=4, cutoff=0.7)
    return f"did you mean {' or '.join(repr(other) for other in near)}?" if near else "toolfeed.formats() lists them"


class _Head(NamedTuple):
    """What is read of a file to find it by name."""

    name: str
    aliases: tuple[str, ...]
    path: Path


@cache
def _shipped() -> dict[str, _Head]:
    return {head.name: head for head in _heads(grammar_folder())}


@cache
def _installed() -> dict[str, _Head]:
    """The grammars of installed data-only packages; none of them is imported."""
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found: dict[str, _Head] = {}
    for point in entry_points(group=GROUP):
        spec = find_spec(point.module.partition(".")[0])  # of a top-level package, so nothing runs
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for head in _heads(Path(folder, *point.module.split(".")[1:])):
                found.setdefault(head.name, head)
    return found


def _heads(folder: Path) -> Iterator[_Head]:
    """Name and aliases of a folder's grammars. A file that cannot be read has its own name, and says more when it is
    used."""
    for path in sorted(folder.glob("*.toml")):
        table: dict[str, Any] = {}
        try:
            text = path.read_text(encoding="utf-8")
            table = tomllib.loads(re.split(r"^\s*\[", text, maxsplit=1, flags=re.MULTILINE)[0])
        except (OSError, ValueError):
            pass
        name: Any = table.get("name")
        aliases: object = table.get("aliases", ())
        listed = (
            [aliases]
            if isinstance(aliases, str)
            else cast("list[object]", aliases)
            if isinstance(aliases, list)
            else []
        )
        yield _Head(
            name if isinstance(name, str) else path.stem,
            tuple(str(alias) for alias in listed),
            path,
        )
