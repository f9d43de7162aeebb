"""Bytes as they arrive, into text, into fragments."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import IO, Literal, TypeAlias, cast

Cut: TypeAlias = int | Literal["words"]

# About what a tokenizer makes of text; every character is in one of the three.
WORDS = re.compile(r"\s?\w{1,12}|\s?[^\w\s]{1,4}|\s+")


def text_chunks(stream: IO[bytes]) -> Iterator[str]:
    """The stream's text, as soon as there is any: what is no UTF-8 becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    read = cast("io.BufferedReader", stream).read1
    while data := read(65536):
        if text := decoder.decode(data):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def fragments(chunks: Iterable[str], cut: Cut | None) -> Iterator[str]:
    """Cut text anew, wherever its chunks ended. None leaves the chunks as they are.

    A piece comes as soon as it is sure to be whole: one of N characters with its last one, a word with what follows it.
    """
    if cut is None:
        yield from chunks
        return
    rest = ""
    for chunk in chunks:
        *whole, rest = pieces(rest + chunk, cut)
        yield from whole
        if len(rest) == cut:
            yield rest
            rest = ""
    if rest:
        yield rest


def pieces(text: str, cut: Cut) -> list[str]:
    """The text's pieces, which together are the text."""
    if cut == "words":
        return WORDS.findall(text)
    return [text[i : i + cut] for i in range(0, len(text), cut)]
