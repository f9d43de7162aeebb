"""A coverage-guided target over raw bytes: `python fuzz/bytes_target.py [libFuzzer options] [corpus folder]`.

Needs atheris (`pip install atheris`). The first bytes choose the format, the options and the cuts, the rest is the
text. A law that is broken is an exception, with the text in its message.
"""

from __future__ import annotations

import random
import sys

import atheris

with atheris.instrument_imports(include=["toolfeed"]):
    from toolfeed.fuzz import Case, Format
    from toolfeed.fuzz.cases import random_options
    from toolfeed.fuzz.laws import BY_KEY, guarded
    from toolfeed.registry import formats

FORMATS = [Format.load(info.name) for info in formats()]
CHECKED = [BY_KEY[key] for key in ("1", "3", "4", "6", "7", "9")]


def text_of(data: bytes) -> str:
    """Bytes as text: UTF-8, and what is none as half characters."""
    return data.decode("utf-8", "surrogateescape")


def one(data: bytes) -> None:
    """Hold the laws for one input."""
    if len(data) < 4:
        return
    tested = FORMATS[data[0] % len(FORMATS)]
    rng = random.Random(data[1:4])
    case = Case(tested.grammar, "bytes", text_of(data[4:]), random_options(rng), rng.choice((None, "stop")))
    for law in CHECKED:
        try:
            guarded(law, tested, case, rng)
        except AssertionError as error:
            raise AssertionError(f"{tested.name}: {error}: {case.text!r} {case.options}") from error


if __name__ == "__main__":
    seeds = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    atheris.Setup(sys.argv if seeds else [*sys.argv, "-max_len=600"], one)
    atheris.Fuzz()
