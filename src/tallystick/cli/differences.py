"""A value beside what it becomes, short enough to read and with the part that differs in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import regex

from tallystick.cli.printable import printable

LIMIT: Final = 48
"""What a person sees as characters, of a value that is shown before it is abbreviated."""
CONTEXT: Final = 12
"""How many are shown on either side of the part that differs."""
_CLUSTER: Final = regex.compile(r"\X")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value as it is printed: `before` and `after` are as the other value has them, `middle` is what differs."""

    before: str = ""
    middle: str
    after: str = ""

    @property
    def text(self) -> str:
        return self.before + self.middle + self.after


def worded(value: Any) -> str:
    """One value on one line, whole; null, empty and a reference to another flow's record in words."""
    if value is None:
        return "(none)"
    if value == "":
        return "(empty)"
    if isinstance(value, dict) and isinstance(value.get("ref"), list) and len(value["ref"]) == 3:
        flow, side, id_ = value["ref"]
        return printable(f"(the partner of {flow} {side} {id_})")
    return printable(str(value))


def shortened(value: Any, limit: int = LIMIT) -> str:
    """One value on one line, its middle left out when it is longer than `limit`."""
    return "".join(_shortened(_CLUSTER.findall(worded(value)), limit))


def difference(old: Any, new: Any, limit: int = LIMIT) -> tuple[Shown, Shown]:
    """`old` and `new` as they are printed side by side."""
    if not (isinstance(old, str) and old and isinstance(new, str) and new):
        return Shown(middle=shortened(old, limit)), Shown(middle=shortened(new, limit))
    one, two = _CLUSTER.findall(worded(old)), _CLUSTER.findall(worded(new))
    start = _common(one, two)
    end = _common(one[start:][::-1], two[start:][::-1])
    return _part(one, start, end, limit), _part(two, start, end, limit)


def _part(clusters: Sequence[str], start: int, end: int, limit: int) -> Shown:
    stop = len(clusters) - end
    before, middle, after = clusters[:start], clusters[start:stop], clusters[stop:]
    if len(clusters) > limit:
        before = before if len(before) <= CONTEXT + 1 else ["…", *before[-CONTEXT:]]
        after = after if len(after) <= CONTEXT + 1 else [*after[:CONTEXT], "…"]
        middle = _shortened(middle, limit)
    return Shown(before="".join(before), middle="".join(middle), after="".join(after))


def _shortened(clusters: Sequence[str], limit: int) -> Sequence[str]:
    if len(clusters) <= limit:
        return clusters
    head = limit * 2 // 3
    return [*clusters[:head], "…", *clusters[len(clusters) - (limit - head - 1) :]]


def _common(one: Sequence[str], two: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        count += 1
    return count
