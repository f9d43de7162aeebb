"""Who may ask. A web page in a user's browser reaches a server on the loopback too, and must not use it.

A page cannot choose what its browser sends as `Host` and as `Origin`. A foreign Host is a name that somebody has
pointed at this machine (DNS rebinding); a foreign Origin is another site's page, whatever content type it sends. Both
are refused before anything of the body is read. Programs that are no browsers send no Origin.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from .protocols import protocol_at, refused

ANY: Final = "*"

_HOST: Final = re.compile(r"(?:\[([\da-fA-F:.]+)\]|([^\s\[\]:/@]+))(?::\d*)?")
_ORIGIN: Final = re.compile(r"[a-zA-Z][\w+.-]*://([^\s/]+)")

_log: Final = logging.getLogger("toolfeed.serve")


class Access:
    """An application that only those who may ask reach; a page that may is told so (CORS, preflights too).

    `hosts`: the names that the server has, without ports; "*" for any. The loopback's always count. `origins`: pages
    that may ask, besides the server's own and those on the loopback; "*" for all. A page is the server's own if it is
    on the host that was asked, and that is an address or one of the names.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # of those that come so far
            allow_methods=("GET", "POST"),
            allow_headers=(ANY,),
            allow_private_network=True,
        )
        self._hosts = {_spelt(host) for host in hosts if host}
        self._origins = {origin.lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (fault := self._fault(Headers(scope=scope))):
            await self._app(scope, receive, send)
            return
        _log.info("refused: %s", fault)
        await refused(protocol_at(scope["path"]), 403, fault)(scope, receive, send)

    def _fault(self, headers: Headers) -> str:
        """Why these are refused; "" if they are not."""
        host = headers.get("host", "")
        name = host_name(host)
        named = name in self._hosts or is_loopback(name)
        if not named and ANY not in self._hosts:
            return f"requests to the host {name[:100]!r} are not answered; --allow-host has them answered"
        origin = headers.get("origin")
        if origin is None or ANY in self._origins or origin.lower() in self._origins:
            return ""
        place = _ORIGIN.fullmatch(origin)
        if place:
            # A name that only counts because any does may have been pointed here by the page; an address cannot be.
            own = place[1].lower() == host.lower() and (named or is_address(name))
            if own or is_loopback(host_name(place[1])):
                return ""
        return f"requests from pages of {origin[:100]!r} are not answered; --allow-origin has them answered"


def host_name(host: str) -> str:
    """The name or address in a Host header, without its port; "" if it has none."""
    found = _HOST.fullmatch(host)
    return _spelt(found[1] or found[2]) if found else ""


def is_origin(text: str) -> bool:
    """Whether this is what a browser sends as a page's Origin."""
    return text == "null" or (bool(_ORIGIN.fullmatch(text)) and not re.search("[*@]", text))


def is_address(name: str) -> bool:
    """Whether this is an address, and no name for one."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _spelt(name: str) -> str:
    """A name or an address as it is compared."""
    return ip_address(name).compressed if is_address(name) else name.lower()


def is_loopback(name: str) -> bool:
    """Whether this name or address can only be this machine itself."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
