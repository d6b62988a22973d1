"""What people decide about exceptions: ignore, accept, request the change; approve or refuse what was requested.

What counts in the books is never written by the way: accepting it makes a request. Source: spec/assets.md A24.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound, TallystickError
from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.steps import Doing, Step
from tallystick.server.records.queries import HUB
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.values import stamp
from tallystick.server.registers import kinds
from tallystick.server.registers.codes import EXCEPTION_KINDS
from tallystick.server.registers.domain.comparing import COMPARED, watch
from tallystick.server.registers.models import RegisterAsset, RegisterException, RegisterManufacturer

DECIDE: Final = "register.decide_register_exception"
APPROVE: Final = "register.approve_register_change"
CONFIGURE: Final = "register.configure_register"
FINANCIAL: Final = frozenset({"business_unit", "cost", "currency", "purchased_on"})
MOST_AT_ONCE: Final = 500


class Decision(enum.StrEnum):
    IGNORE = "ignore"  # until something else is found
    ACCEPT = "accept"  # the register takes what was found
    REQUEST = "request"  # somebody else decides
    APPROVE = "approve"
    REFUSE = "refuse"


_FROM: Final = {
    Decision.IGNORE: ("open", "requested"),
    Decision.ACCEPT: ("open", "ignored"),
    Decision.REQUEST: ("open", "ignored"),
    Decision.APPROVE: ("requested",),
    Decision.REFUSE: ("requested",),
}
_TO: Final = {
    Decision.IGNORE: "ignored",
    Decision.ACCEPT: "accepted",
    Decision.REQUEST: "requested",
    Decision.APPROVE: "accepted",
    Decision.REFUSE: "refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """`state` is what each became; `refused` has a sentence for each that could not be decided so."""

    states: dict[str, str]
    refused: dict[str, str]


def decide(actor: Actor, ids: Sequence[str], decision: Decision, *, reason: str = "") -> Decided:
    """Each on its own. Raises NotAllowed, and InputRefused for more than 500."""
    actor.check(APPROVE if decision in (Decision.APPROVE, Decision.REFUSE) else DECIDE)
    if not ids or len(ids) > MOST_AT_ONCE:
        raise InputRefused(_("Choose from 1 to 500 exceptions."))
    states: dict[str, str] = {}
    refused: dict[str, str] = {}
    for id_ in dict.fromkeys(ids):
        try:
            with transaction.atomic(using=HUB):
                states[id_] = _decide(actor, id_, decision, reason.strip()[:200], timezone.now())
        except TallystickError as error:
            refused[id_] = str(error)
    return Decided(states=states, refused=refused)


def configure(actor: Actor, *, inventory_age_days: int, left_out: Sequence[str], enters_new: bool = True) -> None:
    """Raises NotAllowed, InputRefused."""
    actor.check(CONFIGURE)
    faults: dict[str, str] = {}
    if not 1 <= inventory_age_days <= 3650:
        faults["inventory_age_days"] = _("Write a number of days from 1 to 3,650.")
    known = {*COMPARED, *EXCEPTION_KINDS.codes}
    if unknown := sorted(set(left_out) - known):
        faults["left_out"] = _("There is nothing to leave out called {names}.").format(names=", ".join(unknown))
    if faults:
        raise InputRefused(_("The settings were not kept."), fields=faults)
    kept = watch()
    kept.inventory_age_days, kept.left_out = inventory_age_days, sorted(set(left_out))
    kept.enters_new = enters_new
    kept.save()
    details = {"inventory_age_days": inventory_age_days, "left_out": kept.left_out, "enters_new": enters_new}
    audit(actor, "register.configure", details=details)


def _decide(actor: Actor, id_: str, decision: Decision, reason: str, now: datetime) -> str:
    found: Any = RegisterException.objects.select_for_update(of=("self",)).filter(pk=id_, gone_at__isnull=True).first()
    if found is None:
        raise NotFound(_("There is no such exception."), hint=_("Load the list again."))
    if found.state not in _FROM[decision]:
        who = found.decided_by or _("the comparison")
        raise InputRefused(_("It was decided meanwhile, by {name}.").format(name=who), hint=_("Load the list again."))
    if decision is Decision.ACCEPT and found.kind == "differs" and found.field in FINANCIAL:
        decision = Decision.REQUEST
    if decision in (Decision.ACCEPT, Decision.APPROVE):
        _CARRIED_OUT[found.kind](actor, found)
    state = _TO[decision]
    values: dict[str, Value] = {
        "state": state,
        "decided_at": stamp(now),
        "decided_by": actor.name,
        "reason": reason or None,
    }
    _write(actor, kinds.EXCEPTION, Step(doing=Doing.UPDATE, id=id_, values=values))
    return state


def _take_field(actor: Actor, found: Any) -> None:
    value: Value = found.discovered
    if found.field == "manufacturer":
        value = _manufacturer(actor, str(found.discovered))
    asset: Any = RegisterAsset.objects.select_related("manufacturer").get(pk=found.asset_id)
    current = getattr(asset, found.field)
    if str(getattr(current, "name", current) or "") != (found.expected or ""):
        raise InputRefused(
            _("The asset has changed since this was found."), hint=_("Compare anew, then decide about what is found.")
        )
    _write(actor, kinds.ASSET, Step(doing=Doing.UPDATE, id=asset.pk, values={found.field: value}))


def _lose(actor: Actor, found: Any) -> None:
    values: dict[str, Value] = {"status": "lost", "is_in_use": "false"}
    _write(actor, kinds.ASSET, Step(doing=Doing.UPDATE, id=found.asset_id, values=values))


def _use(actor: Actor, found: Any) -> None:
    values: dict[str, Value] = {"status": "in_service", "is_in_use": "true"}
    _write(actor, kinds.ASSET, Step(doing=Doing.UPDATE, id=found.asset_id, values=values))


def _take_device(actor: Actor, found: Any) -> None:
    device = found.device
    names = ("name", "serial_number", "model", "asset_tag", "hostname", "operating_system", "os_version", "processor")
    values: dict[str, Value] = {name: getattr(device, name) for name in (*names, "last_user") if getattr(device, name)}
    values |= {name: str(getattr(device, name)) for name in ("memory_mb", "storage_gb") if getattr(device, name)}
    values |= {"business_unit": device.business_unit, "asset_type": device.asset_type, "device": device.pk}
    values |= {"mac_addresses": device.mac_addresses, "ip_addresses": device.ip_addresses}
    if device.manufacturer:
        values["manufacturer"] = _manufacturer(actor, device.manufacturer)
    _write(actor, kinds.ASSET, Step(doing=Doing.CREATE, values=values))


_CARRIED_OUT: Final[dict[str, Callable[[Actor, Any], None]]] = {
    "differs": _take_field,
    "not_seen": _lose,
    "not_in_use": _use,
    "unexpected": _take_device,
}


def _manufacturer(actor: Actor, name: str) -> str:
    """Id of the one called so, made where there is none."""
    there = RegisterManufacturer.objects.filter(name=name, gone_at__isnull=True).values_list("pk", flat=True).first()
    return there or _write(actor, kinds.MANUFACTURER, Step(doing=Doing.CREATE, values={"name": name}))


def _write(actor: Actor, kind: RecordType, step: Step) -> str:
    (done,) = actions.write(actor, kind, [step])
    if done.result is not Result.DONE or done.id is None:
        raise InputRefused(done.message, fields=done.faults)
    return done.id
