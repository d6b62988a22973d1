"""Operations as people read them: what was done to which record, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from tallystick.model.flow import Flow, Scope
from tallystick.model.side import Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import Store
from tallystick.server.ops import words
from tallystick.server.ops.records import title_of
from tallystick.server.state.journal import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """`before` None: there was none, or nothing is known of it."""

    name: str
    before: str | None
    after: str | None
    rule: str = ""
    story: str = ""  # query of the page that tells where its values came from


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationShown:
    number: int
    run: str
    flow: str
    integration: str
    action: words.Word
    outcome: words.Word
    side: Any
    system: str
    record_id: str
    partner_id: str
    title: str
    changes: tuple[FieldChange, ...]
    is_create: bool
    is_delete: bool
    reason: str
    message: str
    by: str
    at: str
    attempts: int
    why: str  # query of the page that explains the record; empty where the flow is no longer known


def names(lines: Sequence[Told], store: Store) -> dict[int, str]:
    """What records are called whose lines do not say it, by the numbers of the lines: one look at the links for each
    flow and side.
    """
    wanted: dict[tuple[Scope, Side], dict[str, list[int]]] = {}
    for told in lines:
        operation = told.operation
        id_ = operation.id_on(operation.side)
        if id_ and operation.action not in (Action.CREATE, Action.DELETE):
            scope = Scope(integration=told.integration, flow=operation.flow)
            wanted.setdefault((scope, operation.side), {}).setdefault(id_, []).append(operation.number)
    found: dict[int, str] = {}
    for (scope, side), ids in wanted.items():
        for link in store.links_of(scope, side, list(ids)):
            end = link.end(side)
            title = title_of(end.base, end.id, is_strict=True) if end is not None else None
            for number in ids.get(end.id, ()) if end is not None and title is not None else ():
                found[number] = title.name if title is not None else ""
    return found


def shown(told: Told, flow: Flow | None, *, name: str = "") -> OperationShown:
    """`name`: what `names` found."""
    operation = told.operation
    is_delete = operation.action is Action.DELETE
    end = flow.end(operation.side) if flow else None
    record_id = operation.id_on(operation.side) or ""
    place = {
        "integration": told.integration,
        "system": end.system if end else "",
        "type": end.selection.record if end else "",
        "id": record_id,
    }
    changes = tuple(
        FieldChange(
            name=name,
            before=_worded(operation.before.get(name)),
            after=None if is_delete else _worded(operation.after.get(name)),
            rule=str(operation.rules.get(name, "")),
            story=urlencode({**place, "field": name}) if end and record_id else "",
        )
        for name in dict.fromkeys([*operation.after, *(operation.before if is_delete else ())])
        if is_delete or operation.action is Action.CREATE or operation.before.get(name) != operation.after.get(name)
    )
    texts = {change.name: change.before if is_delete else change.after for change in changes}
    title = title_of(texts, record_id, is_strict=operation.action is Action.UPDATE)
    return OperationShown(
        number=operation.number,
        run=operation.run,
        flow=operation.flow,
        integration=told.integration,
        action=words.ACTIONS[operation.action],
        outcome=words.OUTCOMES[operation.state],
        side=words.SIDES[operation.side.value],
        system=f"{end.system} · {end.selection.record}" if end else operation.side.value,
        record_id=record_id,
        partner_id=operation.id_on(operation.side.other) or "",
        title=(title.name if title else "") or name,
        changes=changes,
        is_create=operation.action is Action.CREATE,
        is_delete=is_delete,
        reason=operation.reason,
        message=operation.message,
        by=told.by,
        at=operation.at,
        attempts=operation.attempts,
        why=urlencode(place) if end and record_id else "",
    )


def _worded(value: object) -> str | None:
    if isinstance(value, Reference):
        return _("the partner of {flow} {id}").format(flow=value.flow, id=value.id)
    return None if value is None else str(value)


def side_of(text: str) -> Side | None:
    return Side(text) if text in ("left", "right") else None
