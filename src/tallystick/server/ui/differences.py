"""What differs between two texts, by characters or by lines."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from itertools import groupby
from typing import Final

from rapidfuzz.distance import Indel

LONGEST: Final = 20_000
"""Characters compared one by one; a longer text differs as a whole."""
SHORTEST_EQUAL: Final = 3
"""Characters that are equal between two changes; fewer are taken into the change, which reads better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch: equal when both texts are the same, else `before` was replaced by `after` (one may be empty)."""

    before: str
    after: str

    @property
    def is_equal(self) -> bool:
        return self.before == self.after


class LineKind(enum.StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    PLACE = "place"  # lines were left out here


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    kind: LineKind
    text: str


def parts(before: str, after: str) -> list[Part]:
    """The stretches of both texts in their order; joined they give the texts again."""
    if before == after:
        return [Part(before=before, after=after)] if before else []
    if len(before) + len(after) > LONGEST:
        return [Part(before=before, after=after)]
    found = [
        Part(before=before[code.src_start : code.src_end], after=after[code.dest_start : code.dest_end])
        for code in Indel.opcodes(before, after)
    ]
    last = len(found) - 1
    is_kept = [
        part.is_equal and (len(part.before) >= SHORTEST_EQUAL or at in (0, last)) for at, part in enumerate(found)
    ]
    joined: list[Part] = []
    for kept, group in groupby(zip(is_kept, found, strict=True), key=lambda pair: pair[0]):
        some = [part for _, part in group]
        if kept:
            joined += some
        else:
            joined.append(Part(before="".join(p.before for p in some), after="".join(p.after for p in some)))
    return joined


def lines(before: str, after: str, *, around: int = 3) -> Iterator[Line]:
    """The lines that differ, with some `around` them."""
    compared = unified_diff(before.splitlines(), after.splitlines(), n=around, lineterm="")
    for number, line in enumerate(compared):
        if number < 2:  # the names of files
            continue
        if line.startswith("@@"):
            if number > 2:
                yield Line(kind=LineKind.PLACE, text="⋯")
            continue
        kind = {"+": LineKind.ADDED, "-": LineKind.REMOVED}.get(line[:1], LineKind.SAME)
        yield Line(kind=kind, text=line[1:])
