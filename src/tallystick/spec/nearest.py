"""The likely meaning of a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean `fields`?` for the nearest of `known`, or "" when none is near."""
    from rapidfuzz import fuzz, process, utils

    found = process.extractOne(
        word[:200], sorted(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=65
    )
    return f"Did you mean `{found[0]}`?" if found else ""
