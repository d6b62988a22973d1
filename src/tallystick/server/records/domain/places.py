"""Location and department belong to the account of the record that names them. Source: spec/accounts.md K22, K28."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.server.records.domain.mains import main_locations
from tallystick.server.records.domain.mapping import map_products
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.models import Department, Location

_MODELS: Final[dict[str, Any]] = {"location": Location, "department": Department}


class PlacedRules(Rules):
    """For types with an account and a location or a department."""

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        for name, model in _MODELS.items():
            if drafts and name in drafts[0].after:
                self._settle(name, model, drafts, place)
        return []

    def _settle(self, name: str, model: Any, drafts: Sequence[Draft], place: Place) -> None:
        moved = [draft for draft in drafts if not draft.faults and draft.is_changed(name, "account")]
        ids = {draft.after[name] for draft in moved} - {None}
        query = model.objects.using(place.using).filter(pk__in=list(ids))
        owners: dict[str, str] = dict(query.values_list("pk", "account")) if ids else {}
        for draft in moved:
            here = draft.after[name]
            if here is None or here not in owners:  # an id of nothing is refused with the other references
                continue
            if draft.after["account"] is None and "account" not in draft.step.values:
                draft.after["account"] = owners[here]
            elif draft.after["account"] != owners[here]:
                if draft.is_changed(name):
                    draft.refuse(name, _("It belongs to another account than the record."))
                else:
                    draft.after[name] = None  # the record moved to another account


class AssetRules(PlacedRules):
    """A new asset of an account stands at its main location unless another one is named; its product is mapped."""

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        unplaced = [
            draft
            for draft in drafts
            if draft.is_create and draft.after["account"] and not draft.after["location"] and not draft.faults
        ]
        mains = main_locations({str(draft.after["account"]) for draft in unplaced}, place) if unplaced else {}
        for draft in unplaced:
            if "location" not in draft.step.values:
                draft.after["location"] = mains.get(str(draft.after["account"]))
        map_products(drafts, place)
        return super().prepare(drafts, place)
