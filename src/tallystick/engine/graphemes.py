"""Texts cut to a length without splitting what a person sees as one character."""

from __future__ import annotations

import regex

_CLUSTER = regex.compile(r"\X")


def cut(text: str, limit: int) -> str:
    """The longest start of `text` of at most `limit` code points that ends at a grapheme boundary.

    Empty when already the first grapheme is longer. Source: spec/engine.md E6, S19.
    """
    if len(text) <= limit:
        return text
    if text[: limit + 1].isascii() and text[max(limit - 1, 0) : limit + 1] != "\r\n":
        return text[:limit]
    end = 0
    for cluster in _CLUSTER.finditer(text):
        if cluster.end() > limit:
            break
        end = cluster.end()
    return text[:end]
