"""A server in front of any model: text in, the protocols of four clients out. It needs the extra `serve`.

`create_app(source)` is an ASGI application; a source is an `Upstream`, which asks another server, or a `Replay`, a
scripted model. docs/serving.md shows how to use it.
"""

from __future__ import annotations

from .app import create_app
from .replay import Replay
from .source import End, Request, Source, SourceError, Stream
from .upstream import Upstream

__all__ = ["End", "Replay", "Request", "Source", "SourceError", "Stream", "Upstream", "create_app"]
