"""What is learned of one field, and the weights that follow from it. Source: spec/engine.md E14."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.engine.similar import LEVELS
from tallystick.model.flow import Compare, Level
from tallystick.model.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is known of a field."""

    name: str
    kind: Compare
    swap: str | None
    known: Mapping[Side, float]  # share of the records that have a value
    by_accident: Mapping[Level, float]  # among pairs that are two things, where both have a value
    among_ones: Mapping[Level, float]  # among pairs that are one


def bits(chance: Mapping[Level, float], among: Mapping[Level, float]) -> dict[Level, float]:
    """log2 of how much likelier each level is among pairs that are one than by accident."""
    return {of: math.log2(among[of] / chance[of]) for of in LEVELS}


def averaged(found: Sequence[tuple[Sequence[float], float]]) -> dict[Level, float]:
    """The shares of several sessions, each counting as much as the pairs it saw, and none of them zero."""
    total = sum(ones for _, ones in found)
    if not total:
        return {of: 1 / len(LEVELS) for of in LEVELS}
    shares = [sum(share[at] * ones for share, ones in found) / total for at in range(len(LEVELS))]
    return {of: (share * total + 0.5) / (total + 0.5 * len(LEVELS)) for of, share in zip(LEVELS, shares, strict=True)}
