"""What a model's files say of its tool calls: the chat template, a response template, its tokens, its name.

The files are those of a Hugging Face checkpoint: `tokenizer_config.json`, and beside it `chat_template.jinja`, which
goes before the template inside, `additional_chat_templates/`, `chat_template.json`, `tokenizer.json` and `config.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec

from .errors import ToolfeedError

_CONFIG: Final = "tokenizer_config.json"
_TEMPLATE: Final = "chat_template.jinja"
_MORE_TEMPLATES: Final = "additional_chat_templates"
_PREFERRED: Final = ("tool_use", "default")
_ESCAPED_QUOTE: Final = re.compile(r"""\\(["'])""")


class Template(NamedTuple):
    """A chat template's text, and what to call it in a message."""

    text: str
    what: str

    def spelt(self) -> str:
        """The text as a model may get to see it: without comments, and with quotes as they come out of strings."""
        return _ESCAPED_QUOTE.sub(r"\1", _without_comments(self.text))


def _without_comments(text: str) -> str:
    kept: list[str] = []
    at = 0
    while (begin := text.find("{#", at)) >= 0 and (end := text.find("#}", begin + 2)) >= 0:
        kept.append(text[at:begin])
        at = end + 2
    return "".join([*kept, text[at:]])


class Files(NamedTuple):
    """What was found. `tokens`: those added to the vocabulary, None if they are not known. `names`: what may be the
    model's id, the likeliest first."""

    template: Template | None = None
    response_template: Mapping[str, Any] | str | None = None
    tokens: frozenset[str] | None = None
    names: tuple[str, ...] = ()


def read_template(given: object, what: str) -> Template:
    """A chat template: its text; a Path, or a string that ends in ".jinja"; or several, as a mapping from names or as
    a list of `{"name": …, "template": …}`, of which "tool_use" is taken, else "default"."""
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith(".jinja") and "{" not in given):
        path = Path(given)
        return Template(_text(path), f"{what} {path}")
    if isinstance(given, str):
        return Template(given, what)
    named: dict[object, object] = {}
    if isinstance(given, Mapping):
        named = dict(cast("Mapping[object, object]", given))
    elif isinstance(given, (list, tuple)):
        tables = [
            cast("Mapping[str, object]", entry)
            for entry in cast("Iterable[object]", given)
            if isinstance(entry, Mapping)
        ]
        named = {table.get("name"): table.get("template") for table in tables}
    name: object = next((name for name in _PREFERRED if name in named), None)
    if name is None and len(named) == 1:
        name = next(iter(named))
    if name is None:
        known = ", ".join(map(repr, named))
        raise ToolfeedError(
            f"{what} holds several templates ({known}) and neither 'tool_use' nor 'default'; give the text of one"
            if named
            else f"{what} is a template's text, its path, or templates by name, not {given!r:.80}"
        )
    text = named[name]
    if not isinstance(text, str):
        raise ToolfeedError(f"{what}: the template {name!r} is no text but {text!r:.80}")
    return Template(text, f"{what} ({name})" if len(named) > 1 else what)


def read(given: object) -> Files:
    """What a tokenizer configuration says: the object in `tokenizer_config.json`, the path of that file, or of the
    folder that it is in."""
    if isinstance(given, Mapping):
        return _files(cast("Mapping[str, Any]", given), None)
    if not isinstance(given, (str, Path)):
        raise ToolfeedError(f"tokenizer_config is an object or a path, not {given!r:.80}")
    path = Path(given)
    if not path.exists():
        raise ToolfeedError(f"tokenizer_config: there is no {path}")
    if not path.is_dir():
        return _files(_json(path), path.parent if path.name == _CONFIG else None)
    config = path / _CONFIG
    if not config.exists() and not (path / _TEMPLATE).exists():
        raise ToolfeedError(f"tokenizer_config: {path} holds neither {_CONFIG} nor {_TEMPLATE}")
    return _files(_json(config) if config.exists() else {}, path)


def _files(config: Mapping[str, Any], folder: Path | None) -> Files:
    template: Template | None = None
    templates: object = _template_files(folder) if folder is not None else {}
    if not templates:
        templates = config.get("chat_template")
    if templates is None and folder is not None:  # of processors
        templates = _json(folder / "chat_template.json", optional=True).get("chat_template")
    if templates is not None:
        template = read_template(templates, "the chat template in tokenizer_config")
    response = config.get("response_template")
    if response is not None and not isinstance(response, (Mapping, str)):
        raise ToolfeedError(f"tokenizer_config: response_template is an object, not {response!r:.80}")
    tokens = _tokens(config)
    names: list[object] = []
    if folder is not None:
        if tokens is None:
            tokens = _tokens({"added_tokens": _added_tokens(folder / "tokenizer.json")})
        model = _json(folder / "config.json", optional=True)
        names = [str(folder.resolve()), model.get("_name_or_path")]
    names.append(config.get("name_or_path"))
    return Files(template, response, tokens, tuple(name for name in names if isinstance(name, str) and name))


def _template_files(folder: Path) -> dict[str, str]:
    found = {path.stem: path for path in sorted((folder / _MORE_TEMPLATES).glob("*.jinja"))}
    if (folder / _TEMPLATE).exists():
        found["default"] = folder / _TEMPLATE
    return {name: _text(path) for name, path in found.items()}


def _tokens(config: Mapping[str, Any]) -> frozenset[str] | None:
    """The tokens that were added to the vocabulary, None if nothing is said of them."""
    said: list[object] = []
    decoder = config.get("added_tokens_decoder")
    if isinstance(decoder, Mapping):
        said += cast("Mapping[str, object]", decoder).values()
    for key in ("added_tokens", "additional_special_tokens", "extra_special_tokens"):
        listed = config.get(key)
        if isinstance(listed, (list, tuple)):
            said += cast("Iterable[object]", listed)
        elif isinstance(listed, Mapping):
            said += cast("Mapping[str, object]", listed).values()
    texts: set[str] = set()
    for token in said:
        text = cast("Mapping[str, object]", token).get("content") if isinstance(token, Mapping) else token
        if isinstance(text, str):
            texts.add(text)
    return frozenset(texts) if said else None


class _Tokenizer(msgspec.Struct):
    """What is wanted of a `tokenizer.json`, which may hold megabytes more."""

    added_tokens: list[Any] = []


def _added_tokens(path: Path) -> list[Any]:
    try:
        return msgspec.json.decode(_text(path), type=_Tokenizer).added_tokens if path.exists() else []
    except msgspec.DecodeError as error:
        raise ToolfeedError(f"{path} is no tokenizer: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ToolfeedError(f"cannot read {path}: it is not UTF-8 text") from None
    except (OSError, ValueError) as error:  # the latter: no path at all
        raise ToolfeedError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _json(path: Path, *, optional: bool = False) -> Mapping[str, Any]:
    if optional and not path.exists():
        return {}
    try:
        value: object = msgspec.json.decode(_text(path))
    except msgspec.DecodeError as error:
        raise ToolfeedError(f"{path} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ToolfeedError(f"{path} holds no JSON object")
    return cast("dict[str, Any]", value)
