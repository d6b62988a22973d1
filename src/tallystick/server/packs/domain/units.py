"""The switch per business unit, delivered off: the filter of the flow names the units that are on. Source: A16.

Each turn of it is a version of the integration, so that who switched what, when, is found where all changes are, and
can be rolled back. Works for any register alike.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain import change
from tallystick.server.packs.catalogue import Units
from tallystick.server.people.actor import Actor
from tallystick.spec.write import rewrite

NONE: Final = "(none switched on)"
LONGEST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    units: tuple[str, ...]  # that are on now
    version: int


def switched_on(units: Units) -> tuple[str, ...]:
    """The business units that take part. Raises NotFound, DocumentErrors."""
    data = loaded_of(change.current_of(change.integration_of(units.document))).data
    for clause in _clauses(_flow(data, units)["right"].get("where")):
        if clause.get("field") == units.field:
            given = clause.get("in") or [clause.get("is")]
            return tuple(str(one) for one in given if one not in (None, NONE))
    return ()


def switch(actor: Actor, units: Units, unit: str, *, is_on: bool) -> Switched:
    """Raises NotAllowed, NotFound, and InputRefused for what can be no unit."""
    actor.check("designer.change_integration")
    unit = unit.strip()
    if not 0 < len(unit) <= LONGEST or unit == NONE:
        raise InputRefused(_("A business unit is a code of 1 to 20 characters."), fields={"unit": _("Write its code.")})
    before = switched_on(units)
    after = tuple(sorted({*before, unit} if is_on else set(before) - {unit}))
    current = change.current_of(change.integration_of(units.document))
    if after == before:
        return Switched(units=before, version=current.number)
    data = deepcopy(dict(loaded_of(current).data))
    flow = _flow(data, units)
    rest = [dict(one) for one in _clauses(flow["right"].get("where")) if one.get("field") != units.field]
    flow["right"]["where"] = {"all": [*rest, {"field": units.field, "in": list(after or (NONE,))}]}
    others = [dict(one) for one in _clauses(flow["left"].get("where")) if one.get("field") != units.field]
    flow["left"]["where"] = {"all": [*others, {"field": units.field, "in": _left(after)}]}
    for line in flow["fields"]:
        if line.get("right") == units.field:
            line.pop("default", None)
            if after:
                line["default"] = {"right": after[0]}
    sentence = _("{unit} switched on") if is_on else _("{unit} switched off")
    text = rewrite(current.text, data)
    version = change.save(actor, units.document, text, comment=sentence.format(unit=unit), seen=current.number)
    return Switched(units=after, version=version.number)


def _left(units: tuple[str, ...]) -> list[str | None]:
    """Assets of the CRM take part that belong to one of the units, or to none yet: those may be matched."""
    return [*units, None, ""] if units else [NONE]


def _flow(data: Any, units: Units) -> Any:
    return next(flow for flow in data["flows"] if flow["flow"] == units.flow)


def _clauses(where: Any) -> list[Any]:
    if not where:
        return []
    return list(where.get("all") or where.get("any") or [where])
