"""What apps above keep about records in tables of their own, and what a merge of two records does with it."""

from __future__ import annotations

from typing import Final, Protocol


class Keeper(Protocol):
    """Both are called in the transaction of the merge; `key` names it."""

    def move(self, loser: str, survivor: str, key: str) -> int:
        """What was kept about the loser is the survivor's now; how many rows. Raises InputRefused."""
        ...

    def take_back(self, loser: str, key: str) -> int:
        """What `move` moved, and is still where it moved it, is the loser's again."""
        ...


_keepers: Final[dict[str, list[Keeper]]] = {}


def add(record_type: str, keeper: Keeper) -> None:
    """Called once, when Django is ready."""
    _keepers.setdefault(record_type, []).append(keeper)


def move(record_type: str, loser: str, survivor: str, key: str) -> int:
    return sum(keeper.move(loser, survivor, key) for keeper in _keepers.get(record_type, ()))


def take_back(record_type: str, loser: str, key: str) -> int:
    return sum(keeper.take_back(loser, key) for keeper in _keepers.get(record_type, ()))
