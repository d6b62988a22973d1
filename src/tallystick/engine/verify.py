"""What moved between a plan and its application, line by line. Source: spec/engine.md E24; scenario S25."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tallystick.model.flow import Scope
from tallystick.model.link import Link
from tallystick.model.plan import Operation
from tallystick.model.record import Record, records_of
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.store import Store
from tallystick.ports.system import Probe


def moved(
    operations: Sequence[Operation],
    scope: Scope,
    store: Store,
    systems: Mapping[Side, Probe],
    selections: Mapping[Side, Selection],
) -> dict[int, str]:
    """Operation number -> why it no longer holds, for those that do not.

    The written record is held to its precondition by the write itself; here it is what the line rests on: the other
    side's record, and the link.
    """
    found: dict[int, str] = {}
    now = {side: _now(side, operations, systems[side], selections[side]) for side in SIDES}
    links: dict[Side, dict[str, Link]] = {side: {} for side in SIDES}
    for side in SIDES:
        for link in store.links_of(scope, side, _ids(side, operations)):
            end = link.end(side)
            if end is not None:
                links[side][end.id] = link
    for operation in operations:
        reason = _reason(operation, now, links)
        if reason is not None:
            found[operation.number] = reason
    return found


def _now(side: Side, operations: Sequence[Operation], system: Probe, selection: Selection) -> dict[str, Record]:
    ids = _ids(side, operations)
    found: dict[str, Record] = {}
    for start in range(0, len(ids), 500):
        batch = system.fetch(selection, ids[start : start + 500])
        found.update({record.id: record for record in records_of(batch.records)})
    return found


def _ids(side: Side, operations: Sequence[Operation]) -> list[str]:
    return sorted({id_ for operation in operations if (id_ := operation.id_on(side)) is not None})


def _reason(
    operation: Operation, now: Mapping[Side, Mapping[str, Record]], links: Mapping[Side, Mapping[str, Link]]
) -> str | None:
    source = operation.side.other
    source_id = operation.id_on(source)
    record = now[source].get(source_id or "")
    if operation.action is Action.DELETE:
        return f"the {source.value} record is there again" if record is not None else None
    link = links[source].get(source_id or "")
    is_freed = link is not None and operation.evidence.get("doubled") == link.number  # by the create before it
    if (
        operation.link is None
        and operation.action in (Action.CREATE, Action.LINK)
        and link is not None
        and not is_freed
    ):
        return f"the {source.value} record has been linked meanwhile"
    if operation.link is not None and (link is None or link.number != operation.link):
        return "the link has changed meanwhile"
    if operation.action in (Action.PART, Action.RELINK):
        return None
    if source_id is not None and record is None and operation.settles.get(source):
        return f"the {source.value} record is gone"
    for side in SIDES:
        if side is operation.side and operation.action in (Action.CREATE, Action.UPDATE):
            continue
        held = now[side].get(operation.id_on(side) or "")
        if held is not None and not _same(held.values, operation.settles.get(side, {})):
            return f"the {side.value} record was changed since the plan"
    return None


def _same(values: Mapping[str, Value], rests_on: Mapping[str, Value]) -> bool:
    return all(values.get(name) == value for name, value in rests_on.items())
