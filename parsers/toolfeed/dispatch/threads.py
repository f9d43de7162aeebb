"""Functions in threads of their own."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from .functions import Function, Json


def in_thread(function: Function, arguments: Json) -> Future[Any]:
    """Calls a function in a thread of its own, which keeps nobody from ending."""
    future: Future[Any] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            value = context.run(function, **arguments)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            outcome: Any = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
            with suppress(InvalidStateError):
                future.set_exception(outcome)
        else:
            with suppress(InvalidStateError):  # nobody waits any more
                future.set_result(value)

    threading.Thread(target=work, name=f"tool {getattr(function, '__name__', '')}", daemon=True).start()
    return future
