"""What a flow keeps in agreement, field by field, as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tallystick.model.flow import Exchange, FieldMap, Flow, OnNull, TooLong
from tallystick.model.side import SIDES, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """One line of `fields:`. `way` is what its arrow says."""

    left: str
    right: str
    icon: str
    way: str | Promise
    rules: tuple[str, ...]


def fields_of(flow: Flow) -> tuple[FieldShown, ...]:
    return tuple(_shown(flow, line) for line in flow.maps)


def match_of(flow: Flow) -> str:
    """By what two records are found to be the same."""
    rules = [" + ".join(names) for names in flow.match.definite]
    if not rules:
        return ""
    return _("matched by {rules}").format(rules=_(" or ").join(rules))


def _shown(flow: Flow, line: FieldMap) -> FieldShown:
    goes = {side: flow.direction.reaches(side) and _can_go(line, side) for side in SIDES}
    match goes[Side.LEFT], goes[Side.RIGHT]:
        case True, True:
            icon, way = "sync_alt", _("both ways")
        case True, False:
            icon, way = "arrow_back", _("to the left")
        case _:
            icon, way = "arrow_forward", _("to the right")
    left, right = (", ".join(line.fields(side)) for side in SIDES)
    return FieldShown(left=left, right=right, icon=icon, way=way, rules=tuple(_rules(line)))


def _can_go(line: FieldMap, to: Side) -> bool:
    """Whether anything gives that side a value."""
    if not line.fields(to):
        return False
    return bool(line.fields(to.other)) or to in line.constant or to in line.expression


def _rules(line: FieldMap) -> list[str]:
    found: list[str] = []
    if line.codes is not None:
        found.append(_("codes {name}").format(name=line.codes.name))
    if line.ref is not None:
        found.append(_("through the links of {flow}").format(flow=line.ref))
    if line.authority is not None:
        found.append(_("the left decides") if line.authority is Side.LEFT else _("the right decides"))
    if line.join is not None:
        found.append(_("joined"))
    if line.separator is not None:
        found.append(_("several values, separated by {sign}").format(sign=line.separator))
    if line.constant:
        found.append(_("always {value}").format(value=", ".join(str(value) for value in line.constant.values())))
    if line.expression:
        found.append(_("computed"))
    for limit in line.max.values():
        longer = {TooLong.CUT: _("longer ones are cut"), TooLong.REFUSE: _("longer ones are refused")}
        told = longer.get(line.too_long, _("longer ones wait"))
        found.append(_("at most {count} characters, {told}").format(count=limit, told=told))
    if line.null is OnNull.KEEP:
        found.append(_("an empty value clears nothing"))
    if line.exchange is Exchange.SYNCHRONOUS:
        found.append(_("confirmed first"))
    return found
