"""What holds within the register. Source: spec/assets.md A23."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import F
from django.utils.translation import gettext as _

from tallystick.model.write import Result
from tallystick.server.discovery.solid import key_of
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import ROWS_AT_ONCE, Place
from tallystick.server.records.models import Numbering
from tallystick.server.registers.codes import IT_HARDWARE
from tallystick.server.registers.models import RegisterAsset

_ASSET_IDS: Final = "register_asset.asset_id"


class RegisterAssetRules(Rules):
    """An asset without an id gets one, and a serial number is that of one piece of hardware in physical use."""

    def derive(self, draft: Draft, place: Place) -> None:
        draft.after["serial_key"] = key_of(draft.after["serial_number"] or "")[:100] or None

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        self._give_ids([one for one in drafts if not one.faults and one.after["asset_id"] is None], place)
        asked = {one.id: str(one.after["serial_key"]) for one in drafts if not one.faults and _is_asked(one)}
        if not asked:
            return []
        leaving = {one.id for one in drafts if not one.faults and not _is_unique(one)}
        holders = _holders(set(asked.values()), place)
        for draft in drafts:
            serial = asked.get(draft.id)
            if serial is None:
                continue
            others = [(id_, called) for id_, called in holders.get(serial, []) if id_ not in {draft.id, *leaving}]
            if others:
                sentence = _(
                    "The serial number {serial} is that of {other}, which is in physical use. "
                    "Take one of them out of physical use, or correct the number."
                ).format(serial=draft.after["serial_number"], other=others[0][1])
                draft.refuse("serial_number", sentence, Result.REFUSED)
            else:
                holders.setdefault(serial, []).append((draft.id, str(draft.after["name"])))
        return []

    def _give_ids(self, drafts: Sequence[Draft], place: Place) -> None:
        for draft, number in zip(drafts, _numbers(len(drafts), place), strict=True):
            draft.after["asset_id"] = f"{number:012d}"


class RegisterEmployeeRules(Rules):
    """Who has first and last name is called so."""

    def derive(self, draft: Draft, place: Place) -> None:
        name = " ".join(part for part in (draft.after["first_name"], draft.after["last_name"]) if part)
        if name and "name" not in draft.step.values and draft.is_changed("first_name", "last_name"):
            draft.after["name"] = name[:150]


def _is_unique(draft: Draft) -> bool:
    """Whether the serial number of this asset has to be its own."""
    after = draft.after
    return after["is_in_use"] == "true" and after["asset_type"] == IT_HARDWARE and after["serial_key"] is not None


def _is_asked(draft: Draft) -> bool:
    is_new = draft.row is None or not draft.row.is_live
    return _is_unique(draft) and (is_new or draft.is_changed("serial_key", "is_in_use", "asset_type"))


def _holders(serials: set[str], place: Place) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    wanted = sorted(serials)
    using: Any = RegisterAsset.objects.using(place.using)
    live = using.filter(gone_at__isnull=True, is_in_use=True, asset_type=IT_HARDWARE)
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        rows = live.filter(serial_key__in=wanted[start : start + ROWS_AT_ONCE])
        for id_, serial, unit, asset_id in rows.values_list("pk", "serial_key", "business_unit", "asset_id"):
            found.setdefault(serial, []).append((id_, f"{unit} {asset_id}"))
    return found


def _numbers(count: int, place: Place) -> range:
    """The next ids, past those that were entered by hand."""
    if count == 0:
        return range(0)
    kept = Numbering.objects.using(place.using).filter(record_type=_ASSET_IDS)
    if not kept.exists():
        Numbering.objects.using(place.using).bulk_create(
            [Numbering(record_type=_ASSET_IDS, last=0)], ignore_conflicts=True
        )
    while True:
        kept.update(last=F("last") + count)
        last: int = kept.values_list("last", flat=True).get()
        found = range(last - count + 1, last + 1)
        ids = [f"{number:012d}" for number in found]
        if not RegisterAsset.objects.using(place.using).filter(asset_id__in=ids).exists():
            return found
