"""Lengths of time as people write them: `15 minutes`, `every 2 hours`, `every day`."""

from __future__ import annotations

import re
from typing import Final

UNITS_S: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
LONGEST_S: Final = 366 * 86_400

_DURATION = re.compile(r"(\d{1,9})\s+([a-z]+?)s?")
_EVERY = re.compile(r"every\s+(?:(\d{1,9})\s+)?([a-z]+?)(s?)")


def seconds(text: str) -> float:
    """The length of `15 minutes` in seconds. Raises ValueError with a sentence."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or found[2] not in UNITS_S:
        raise ValueError(f"`{text}` is not a length of time.")
    length_s = int(found[1]) * UNITS_S[found[2]]
    if length_s > LONGEST_S:
        raise ValueError(f"`{text}` is longer than a year.")
    return float(length_s)


def interval(text: str) -> float:
    """The seconds between two times of `every 5 minutes` or `every day`. Raises ValueError with a sentence."""
    found = _EVERY.fullmatch(text.strip().lower())
    if found is None or found[2] not in UNITS_S or (found[1] is None and found[3]):
        raise ValueError(f"`{text}` is not a schedule.")
    length_s = int(found[1] or 1) * UNITS_S[found[2]]
    if length_s == 0:
        raise ValueError(f"`{text}` leaves no time between two runs.")
    if length_s > LONGEST_S:
        raise ValueError(f"`{text}` is longer than a year.")
    return float(length_s)
