"""Events to the wire: one module for each protocol that clients speak, `openai_chat`, `openai_responses`, `anthropic`
and `ollama`.

Each has an `Encoder`, for streams, and a function that makes the whole answer from a Message. Both are told events and
return what is to be sent; they do no I/O and know no format.

    encoder = openai_chat.Encoder("my-model")
    for fragment in stream:
        for payload in encoder.encode(parser.feed(fragment)):
            send(encoder.frame(payload))
    for payload in [*encoder.encode(parser.finish()), *encoder.finish("stop")]:
        send(encoder.frame(payload))
    send(encoder.last)

What clients rely on, in every protocol: a call's first delta has its index, id, type and whole name, later ones its
arguments alone; no whitespace stands between content and a call; the usage and the finish reason come last; the answer
ends for its calls only if each of them is complete, and for the engine's own reason otherwise.
"""

from __future__ import annotations

from .common import Encoder, Payload, Usage

__all__ = ["Encoder", "Payload", "Usage"]
