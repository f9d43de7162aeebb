"""A model's chat template: the prompt for servers that complete text and chat with nobody."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import ToolfeedError
from .shapes import Json, is_list, is_object
from .source import Request, SourceError


class TemplateError(ToolfeedError):
    """A chat template that cannot be used: names the file, and what is wrong."""


class ChatTemplate:
    """Renders requests as the templates that come with models do, in a sandbox.

    Calls in the conversation have their arguments as objects, as templates expect. The server that completes the text
    adds the token that begins it. Raises TemplateError for what is no template.
    """

    def __init__(self, source: str, *, file: str = "the chat template") -> None:
        self.source: Final = source
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _tojson
        more: dict[str, Any] = {"raise_exception": _refuse, "strftime_now": _now}
        environment.globals.update(more)
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise TemplateError(f"{file}: {error}") from None

    @classmethod
    def load(cls, path: Path) -> ChatTemplate:
        """The template in a `.jinja` file, or in a `tokenizer_config.json`."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"{path} cannot be read: {error}") from None
        if path.suffix == ".json":
            try:
                found: Any = json.loads(text)
                text = found["chat_template"]
            except (ValueError, KeyError, TypeError):
                raise TemplateError(f"{path} has no chat_template") from None
            if is_list(text):  # named ones; the one for tools if there is one
                named = {entry.get("name"): entry.get("template") for entry in text if is_object(entry)}
                text = named.get("tool_use") or named.get("default") or ""
        return cls(str(text), file=str(path))

    def __call__(self, request: Request) -> str:
        """The prompt for a request. Raises SourceError if the template refuses it."""
        more = request.options.pop("chat_template_kwargs", None)
        try:
            return self._template.render(
                messages=[_prepared(message) for message in request.messages],
                tools=None if request.tool_choice == "none" else request.tools,
                add_generation_prompt=True,
                bos_token="",
                eos_token="",
                **(more if is_object(more) else {}),
            )
        except Exception as error:  # noqa: BLE001 - a template is a program, and the conversation may not suit it
            raise SourceError(400, f"the model's chat template refuses the conversation: {error}") from None


def _prepared(message: Json) -> Json:
    calls = message.get("tool_calls")
    if is_list(calls):
        message = {**message, "tool_calls": [_with_object(call) for call in calls]}
    content = message.get("content")
    if is_list(content) and all(is_object(part) and part.get("type") == "text" for part in content):
        message = {**message, "content": "".join(str(part.get("text", "")) for part in content)}
    return message


def _with_object(call: Any) -> Any:
    function = call.get("function") if is_object(call) else None
    if not is_object(function) or not isinstance(function.get("arguments"), str):
        return call
    try:
        arguments: object = json.loads(function["arguments"])
    except (ValueError, RecursionError):
        return call
    return {**call, "function": {**function, "arguments": arguments}}


def _tojson(value: object, ensure_ascii: bool = False, indent: int | None = None, **_: object) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _now(format: str) -> str:
    return datetime.now().astimezone().strftime(format)
