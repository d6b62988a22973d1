"""What the desk adds to the pages of records."""

from __future__ import annotations


def add() -> None:
    """Called once, when Django is ready."""
