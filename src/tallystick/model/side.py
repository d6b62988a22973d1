"""The two ends of an integration."""

from __future__ import annotations

import enum


class Side(enum.StrEnum):
    """One end; the CRM is `left` by convention. Travels as a value instead of twin methods."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


SIDES = (Side.LEFT, Side.RIGHT)
