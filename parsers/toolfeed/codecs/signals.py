"""What a codec that finds calls tells the parser, each time it stops."""

from __future__ import annotations

from typing import Final

MORE: Final = 0  # all text is read, the payload is not over
ELEMENT: Final = 1  # something that may be a call begins at the returned position
START: Final = 2  # the call's name is known: `name`, `id`
END: Final = 3  # the call's arguments are complete
NO_CALL: Final = 4  # what began at the last ELEMENT is over and was no call
DONE: Final = 5  # the payload is over
FAULT: Final = 6  # the character at the returned position does not fit; `error` says why
