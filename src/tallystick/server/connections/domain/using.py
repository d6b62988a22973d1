"""Who uses a connection. Rooms that refer to connections by name say so here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_users: Final[list[Callable[[str], list[str]]]] = []


def add_user(of: Callable[[str], list[str]]) -> None:
    """`of` gives the titles of what uses the connection with this name."""
    if of not in _users:
        _users.append(of)


def users_of(name: str) -> list[str]:
    return [title for of in _users for title in of(name)]
