"""Which rules a record type has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tallystick.server.records.domain import stamped
from tallystick.server.records.domain.companies import AccountRules, PersonRules
from tallystick.server.records.domain.mains import LocationRules
from tallystick.server.records.domain.places import AssetRules, PlacedRules
from tallystick.server.records.domain.planned import CalendarRules, NoteRules, TaskRules
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place


class _Both(Rules):
    """Placed, and stamped by its status."""

    def __init__(self, stamps: Rules) -> None:
        self._stamps, self._placed = stamps, PlacedRules()

    def derive(self, draft: Draft, place: Place) -> None:
        self._stamps.derive(draft, place)

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        return self._placed.prepare(drafts, place)


_RULES: Final[dict[str, Rules]] = {
    "account": AccountRules(),
    "location": LocationRules(),
    "department": PlacedRules(),
    "person": PersonRules(),
    "installed_asset": AssetRules(),
    "case": _Both(stamped.CASE),
    "service_order": _Both(stamped.SERVICE_ORDER),
    "task": TaskRules(),
    "calendar_item": CalendarRules(),
    "note": NoteRules(),
}
_NONE: Final = Rules()


def add(name: str, rules: Rules) -> None:
    """The rules of a type of another app."""
    _RULES[name] = rules


def rules_of(name: str) -> Rules:
    return _RULES.get(name, _NONE)
