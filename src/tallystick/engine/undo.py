"""Compensating operations for a run. Source: spec/engine.md E33; scenario S25.

Undo holds: what it takes back is not done again by the next run. An undone update leaves both sides as they now
stand, agreed on as they are; an undone create or link leaves the link dormant, so that nothing is made twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from tallystick.model.link import Link
from tallystick.model.plan import Operation, OperationState
from tallystick.model.record import Record, records_of
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.system import Probe


@dataclass(slots=True, kw_only=True)
class Compensation:
    operations: list[Operation] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)  # what is not taken back, and why


def compensate(
    run: str,
    done: Sequence[Operation],
    systems: Mapping[Side, Probe],
    selections: Mapping[Side, Selection],
    linked: Mapping[tuple[Side, str], Link],
) -> Compensation:
    """The operations that take `done` back, newest first. `linked`: (side, id) -> the record's link now."""
    compensation = Compensation()
    now = {side: _current(side, done, systems[side], selections[side], linked) for side in SIDES}
    for operation in sorted(done, key=lambda one: one.number, reverse=True):
        if operation.state is not OperationState.DONE:
            continue
        for planned in _one(run, operation, now[operation.side], linked, compensation.left):
            compensation.operations.append(replace(planned, seq=len(compensation.operations)))
    return compensation


def _current(
    side: Side,
    done: Sequence[Operation],
    system: Probe,
    selection: Selection,
    linked: Mapping[tuple[Side, str], Link],
) -> dict[str, Record]:
    """The records that were written, and those that stand in the place of deleted ones by now."""
    mine = [operation for operation in done if operation.side is side and operation.action.is_write]
    links = [_link(operation, linked) for operation in mine if operation.action is Action.DELETE]
    wanted = {id_ for operation in mine if (id_ := operation.id_on(side)) is not None}
    ids = sorted(wanted | {end.id for link in links if link is not None and (end := link.end(side)) is not None})
    found: dict[str, Record] = {}
    for start in range(0, len(ids), 500):
        batch = system.fetch(selection, ids[start : start + 500])
        found.update({record.id: record for record in records_of(batch.records)})
    return found


def _one(
    run: str,
    operation: Operation,
    now: dict[str, Record],
    linked: Mapping[tuple[Side, str], Link],
    left: list[dict[str, Any]],
) -> Iterable[Operation]:
    side = operation.side
    id_ = operation.id_on(side)
    link = _link(operation, linked)
    number = link.number if link is not None else None
    record = now.get(id_ or "")
    base = Operation(
        run=run,
        flow=operation.flow,
        action=operation.action,
        side=side,
        left_id=operation.left_id,
        right_id=operation.right_id,
        link=number,
        reason=f"undo of run {operation.run}",
    )
    match operation.action:
        case Action.UPDATE:
            if record is None:
                left.append(_told(operation, "the record is gone", list(operation.after)))
                return
            same = [n for n, value in operation.after.items() if record.values.get(n) == value]
            edited = [n for n in operation.after if n not in same]
            if edited:
                left.append(_told(operation, "edited since", edited))
            if same:
                restored: dict[str, Value] = {name: operation.before.get(name) for name in same}
                now[record.id] = replace(record, values={**record.values, **restored}, version=None)
                yield replace(
                    base,
                    before={name: record.values.get(name) for name in same},
                    after=restored,
                    versions={side: record.version},
                    rules=dict.fromkeys(same, base.reason),
                    is_partial=True,  # other fields may have been edited since: the pair is looked at again
                )
        case Action.CREATE:
            if record is None:
                return
            edited = [n for n, value in operation.after.items() if record.values.get(n) != value]
            if edited:
                left.append(_told(operation, "edited since it was created", edited))
                return
            yield replace(
                base,
                action=Action.DELETE,
                before=dict(record.values),
                versions={side: record.version},
                evidence={"gone": [side.value], "cause": "undone"},
            )
        case Action.DELETE:
            end = link.end(side) if link is not None else None
            if record is not None or (end is not None and end.id in now):
                return  # it is there again, under the id it had or the one it got when it was put back
            gone = {"gone": [side.other.value], "cause": "undone"}
            create = replace(base, action=Action.CREATE, after=dict(operation.before))
            yield replace(create, left_id=None) if side is Side.LEFT else replace(create, right_id=None)
            if number is not None:
                yield replace(base, action=Action.PART, evidence=gone)
        case Action.LINK:
            if number is not None:
                yield replace(base, action=Action.PART, evidence={"gone": [], "cause": "undone"})
        case Action.AGREE | Action.PART | Action.RELINK:
            return


def _link(operation: Operation, linked: Mapping[tuple[Side, str], Link]) -> Link | None:
    found = (linked.get((side, id_)) for side in SIDES if (id_ := operation.id_on(side)) is not None)
    return next(filter(None, found), None)


def _told(operation: Operation, why: str, fields: Sequence[str]) -> dict[str, Any]:
    return {
        "side": operation.side.value,
        "id": operation.id_on(operation.side),
        "action": operation.action.value,
        "fields": sorted(fields),
        "why": why,
    }
