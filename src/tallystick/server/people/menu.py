"""What people adds to the navigation."""

from __future__ import annotations


def add() -> None:
    """Called once, when Django is ready."""
