"""What a change of one type of record means beyond its fields: derived values, checks, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tallystick.server.records.domain.steps import Draft, Step
from tallystick.server.records.domain.tables import Place

Follow = tuple[str, list[Step]]
"""Steps on records of another type (its name) that follow from a change, in the same transaction."""


class Rules:
    """Types without rules of their own use this one."""

    def derive(self, draft: Draft, place: Place) -> None:
        """Sets values that follow from others of the same record. Called before the checks."""

    def check(self, draft: Draft) -> None:
        """Refuses what does not go together within one record."""

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        """Sets and refuses what takes a look at other records. Drafts that follow within the type are given back."""
        return []

    def follow(self, drafts: Sequence[Draft], place: Place) -> Iterable[Follow]:
        """Called when the drafts stand in the tables."""
        return ()
