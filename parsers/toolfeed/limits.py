"""The bounds on what a parser holds. Past each of them the result is defined, never an error."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds in characters (`calls`: a count, `digits`: digits of one number).

    What happens past each: `name` (of a tool, a parameter or an id) and `header` (framing between two decisions, a
    region's delimiter, and whitespace that may be framing): the text is no markup; before a call has started it goes
    back as content, after that the call is malformed. `hold` (a candidate that is not yet a call; arguments that came
    before the name; a region that is read whole): it goes back as content. `raw` (of a `ToolCallEnd`): cut. `calls` in
    one turn: later ones are content. `digits` of one number: the call is malformed.
    """

    name: int = 256
    header: int = 1024
    hold: int = 65536
    raw: int = 4096
    calls: int = 1000
    digits: int = 4000
