"""The two ends of an integration."""

from __future__ import annotations

import enum


class Side(enum.StrEnum):
    """One end; the CRM is `left` by convention. Travels as a value instead of twin methods."""

    LEFT = "left"
    RIGHT = "right"

    other: Side


Side.LEFT.other, Side.RIGHT.other = Side.RIGHT, Side.LEFT
SIDES = (Side.LEFT, Side.RIGHT)
