"""What `toolfeed serve` makes of its options, and what it says when it begins."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..detection import detect
from ..errors import ToolfeedError
from ..grammar import AUTO, Grammar, StartState
from ..registry import formats
from .access import ANY, host_name, is_address, is_origin
from .app import create_app
from .protocols import PROTOCOLS
from .replay import Cut, Replay, load_script
from .server import address, is_everywhere, listen, make_server
from .shapes import is_object
from .source import Source, SourceError
from .template import ChatTemplate
from .upstream import Upstream

_EXAMPLE: Final = {
    "model": "replay/kimi_k2",
    "stream": True,
    "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            },
        }
    ],
}


class BadOption(ToolfeedError):
    """An option that cannot be used."""


def make_replay(folder: str | None, speed: float | None, cut: Cut) -> Replay:
    """The scripted model. Raises ScriptError."""
    script = load_script(Path(folder)) if folder else ()
    return Replay(script, speed=speed, cut=cut)


def make_upstream(
    url: str,
    format: str,
    *,
    template: str | None,
    start: StartState | None,
    tool_choice: str,
    body: str | None,
    key: str,
    timeout: float,
) -> Upstream:
    """The server to ask. Raises ToolfeedError."""
    render = None if template is None else ChatTemplate.load(Path(template))
    try:
        more: Any = {} if body is None else json.loads(body)
    except ValueError as error:
        raise BadOption(f"--body is no JSON: {error}") from None
    if not is_object(more):
        raise BadOption("--body must be a JSON object")
    try:
        return Upstream(
            url,
            _by_model(render) if format == AUTO else Grammar.load(format).prepare(),
            render=render,
            start=start,
            tool_choice=None if tool_choice == "leave" else tool_choice,
            body=more,
            key=key,
            timeout=timeout,
        )
    except ValueError as error:
        raise BadOption(f"--upstream: {error}") from None


def _by_model(template: ChatTemplate | None) -> Callable[[str], Grammar]:
    """What tells the format of a request's model. Raises SourceError for a model that it cannot tell it of."""
    formats()  # are all read now, not by the first request

    @lru_cache(maxsize=256)
    def find(model: str) -> Grammar:
        try:
            return detect(chat_template=None if template is None else template.source, model=model).grammar
        except ToolfeedError as error:
            message = (
                f"how the model {model[:100]!r} writes its calls is not known; start the server with --format NAME"
            )
            raise SourceError(400, f"{message} ({error})") from None

    return find


def read_hosts(names: Collection[str]) -> list[str]:
    """The names given with --allow-host. Raises BadOption."""
    for name in names:
        if name != ANY and ("*" in name or not host_name(name) or (":" in name and not is_address(name.strip("[]")))):
            raise BadOption(f"--allow-host takes a name like models.example.org, without scheme and port, not {name!r}")
    return [name.strip("[]") for name in names]


def read_origins(origins: Collection[str]) -> list[str]:
    """The origins given with --allow-origin. Raises BadOption."""
    for origin in origins:
        if origin != ANY and not is_origin(origin.rstrip("/")):
            raise BadOption(f"--allow-origin takes an address like https://example.org, without a path, not {origin!r}")
    return [origin.rstrip("/") for origin in origins]


def run(
    source: Source,
    host: str,
    port: int,
    *,
    hosts: Collection[str],
    origins: Collection[str],
    max_body: int,
    max_bodies: int | None,
    keep_alive: float,
    says: list[str],
    example: bool,
) -> None:
    """Serve until a signal comes. Says on standard output where; the log is on standard error. Raises BadOption."""
    hosts, origins = read_hosts(hosts), read_origins(origins)
    if max_bodies is not None and max_bodies < max_body:
        raise BadOption(f"--max-bodies must not be less than --max-body, which is {max_body}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    for noisy in ("uvicorn.error", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        bound = listen(host, port)
    except OSError as error:
        raise BadOption(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    for line in introduction(address(bound), says, example):
        print(line, flush=True)  # noqa: T201
    app = create_app(
        source,
        max_body=max_body,
        max_bodies=max_bodies,
        keep_alive=keep_alive,
        hosts=[host, str(bound.getsockname()[0]), *hosts] if hosts or not is_everywhere(bound) else [ANY],
        origins=origins,
    )
    make_server(app).run(sockets=[bound])


def introduction(url: str, says: list[str], example: bool) -> list[str]:
    """What is served, where, and a command to try it with."""
    lines = [f"toolfeed serves {url} (Ctrl-C ends it)", *(f"  {line}" for line in says), ""]
    lines += [f"  {protocol.name:<17} POST {url}{protocol.path}" for protocol in PROTOCOLS]
    if example:
        body = shlex.quote(json.dumps(_EXAMPLE))
        lines += ["", "Try it:", f"  curl -N {url}/v1/chat/completions -H 'content-type: application/json' -d {body}"]
    return [*lines, ""]


def replay_says(script: str | None) -> list[str]:
    """What there is to say of the scripted model."""
    return [
        f"A scripted model, in {len(formats())} formats: no model, no key, no network.",
        "replay/hermes, replay/kimi_k2, …: toolfeed reads what it writes; raw/hermes, …: the markup as it is",
        *([f"turns from {script}"] if script else []),
    ]
