"""Who uses a connection. Rooms that refer to connections by name say so here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Something that uses a connection, and the address of its page."""

    title: str
    address: str


_users: Final[list[Callable[[str], list[Use]]]] = []


def add_user(of: Callable[[str], list[Use]]) -> None:
    """`of` gives what uses the connection with this name."""
    if of not in _users:
        _users.append(of)


def users_of(name: str) -> list[Use]:
    return [use for of in _users for use in of(name)]
