"""What this room adds to the menu."""

from __future__ import annotations


def add() -> None:
    """Called once, when Django is ready."""
