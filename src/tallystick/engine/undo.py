"""Compensating operations for one flow of a run. Source: spec/engine.md E26, E33; scenario S25.

Undo holds: what it takes back is not done again by the next run. An undone update leaves both sides as they now
stand, agreed on as they are; an undone create or link leaves the link dormant, so that nothing is made twice.

What was deleted is put back before anything else is taken back, records before those that refer to them, over all
flows of the run (`runs.undoing`). A system may give it another id: then what refers to it is made to name that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from tallystick.engine.check import Checker
from tallystick.engine.guards import Approval, Tally, breaches, unapproved
from tallystick.engine.pipeline import FlowSync, operations_of
from tallystick.engine.refers import Refers
from tallystick.model.link import Link, LinkState, Standing
from tallystick.model.plan import Operation, OperationState, RunStatus
from tallystick.model.record import Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action

ALL = 10_000_000


class FlowUndo:
    """Takes back what a run did in one flow: `begin` or `resume`, `put_back`, `take_back`."""

    def __init__(self, sync: FlowSync, of: str, flows: Mapping[str, FlowUndo]) -> None:
        """`sync`: the flow in the run that undoes; `of`: the run undone; `flows`: all of it, this one among them."""
        self.sync = sync
        self.left: list[dict[str, Any]] = []  # what is not taken back, and why
        self._context = sync.context
        self._flows = flows
        self._reason = f"undo of run {of}"
        self._done = self._context.store.operations(of, self._context.flow.name, (OperationState.DONE,), limit=ALL)
        deleted = [one for one in self._done if one.action is Action.DELETE]
        self._deleted = {(one.side, id_): one for one in deleted if (id_ := one.id_on(one.side)) is not None}
        self._refers = {side: Refers(self._context, side) for side in SIDES}
        self._checkers = {side: Checker(self._context.types[side]) for side in SIDES}
        self._next_seq = 0
        self._look()

    def begin(self, *, approval: Approval = False) -> bool:
        """Whether it may begin: it goes through the same guards as a sync. Killed from here on it is gone on with."""
        tally = Tally(linked=self._context.state.linked)
        for operation in self._gone():
            tally.writes[operation.side][Action.CREATE] += 1
        for operation in self._compensations():
            tally.writes[operation.side][operation.action] += 1
        held = unapproved(breaches(self._context.flow.guards, tally, complete={}), approval)
        if held:
            self.sync.ledger.hold(held, self.sync.applier.applied.writes)
            return False
        self.left.clear()
        self.sync.ledger.save(RunStatus.APPLYING)
        return True

    def resume(self) -> None:
        """Takes up an undo that was killed: settles what was sent, and carries out what was planned (E29)."""
        self.sync.recall()
        self._next_seq = 1 + max((one.seq for one in operations_of(self._context)), default=-1)
        self.sync.applier.resume(self._context.run)
        self._carry_out()
        self._look()

    def put_back(self) -> None:
        """Puts back what was deleted, records before those that refer to them."""
        created = [one for one in operations_of(self._context) if one.action is Action.CREATE]
        created_for = {_partner(one) for one in created if one.id_on(one.side.other) is not None}
        tried = {one.number for one in self._deleted.values() if _partner(one) in created_for}
        while gone := [one for one in self._gone() if one.number not in tried]:
            coming = {(one.side, one.id_on(one.side)) for one in gone}
            ready = [one for one in gone if coming.isdisjoint(self._own_names(one))] or gone
            self._do([again for one in ready for again in self._put_back(one)])
            tried.update(one.number for one in ready)
            self._look()

    def take_back(self) -> None:
        """The rest, newest first, once everything is back that can be."""
        if corrections := list(self._corrections()):
            self._do(corrections)
            self._look()
        self._do(list(self._compensations()))
        self._do(list(self._renamings()))  # of what is there then
        self.left += [_told(one, "edited since", list(one.after)) for one in self.sync.applier.applied.moved]
        self.sync.conclude()

    def id_now(self, side: Side, id_: str) -> str | None:
        """The id that this record of the flow has now; None when the run deleted it and it is not back."""
        operation = self._deleted.get((side, id_))
        if operation is None or id_ in self._now[side]:
            return id_
        end = self._end(operation)
        return end if end in self._now[side] else None

    def was_deleted(self, side: Side, id_: str) -> bool:
        return (side, id_) in self._deleted

    @property
    def renamed(self) -> set[tuple[Side, str]]:
        """The records that are back under another id, by the one they had."""
        return {(side, id_) for side, id_ in self._deleted if self.id_now(side, id_) not in (id_, None)}

    # --- what is there

    def _look(self) -> None:
        """Reads the links, and the records that were written or stand in the place of deleted ones by now."""
        context = self._context
        self._links: dict[tuple[Side, str], Link] = {}
        for side in SIDES:
            ids = sorted({id_ for one in self._done if (id_ := one.id_on(side)) is not None})
            for link in context.store.links_of(context.scope, side, ids):
                if (end := link.end(side)) is not None:
                    self._links[side, end.id] = link
        self._now = {side: self._fetched(side, self._wanted(side)) for side in SIDES}

    def _wanted(self, side: Side) -> set[str]:
        mine = [one for one in self._done if one.side is side and one.action.is_write]
        ends = [self._end(one) for one in mine if one.action is Action.DELETE]
        return {id_ for id_ in (*ends, *(one.id_on(side) for one in mine)) if id_ is not None}

    def _fetched(self, side: Side, ids: Iterable[str]) -> dict[str, Record]:
        context = self._context
        wanted = sorted(ids)
        found: dict[str, Record] = {}
        for start in range(0, len(wanted), 500):
            batch = context.systems[side].fetch(context.selections[side], wanted[start : start + 500])
            found.update({record.id: record for record in records_of(batch.records)})
        return found

    def _link(self, operation: Operation) -> Link | None:
        found = (self._links.get((side, id_)) for side in SIDES if (id_ := operation.id_on(side)) is not None)
        return next(filter(None, found), None)

    def _end(self, operation: Operation) -> str | None:
        """The id that the link has now where this operation wrote."""
        link = self._link(operation)
        end = link.end(operation.side) if link is not None else None
        return end.id if end is not None else None

    # --- what refers to what

    def _exchanged(self, side: Side, name: str, value: Value) -> Value:
        """The value of a field that names records, with the ids they have now; None when one is not there."""

        def find(flow: str, id_: str) -> str | None:
            return self._flows[flow].id_now(side, id_) if flow in self._flows else id_

        return self._refers[side].exchanged(name, value, find)

    def _own_names(self, operation: Operation) -> set[tuple[Side, str | None]]:
        """The records of this flow that a deleted one names."""
        side, refers, flow = operation.side, self._refers[operation.side], self._context.flow.name
        named = (one for name in refers.fields for one in refers.named(name, operation.before.get(name)))
        return {(side, id_) for of, id_ in named if of == flow}

    def _names_deleted(self, side: Side, name: str, value: Value) -> bool:
        """Whether a field names a record that the run deleted."""
        named = self._refers[side].named(name, value)
        return any(flow in self._flows and self._flows[flow].was_deleted(side, id_) for flow, id_ in named)

    # --- what is to be done

    def _gone(self) -> list[Operation]:
        """The deletions whose record is not back, the newest first."""
        gone = [one for (side, id_), one in self._deleted.items() if self.id_now(side, id_) is None]
        unanswered: set[tuple[Side, str | None]] = set()  # what is put back already, or not: nobody knows (E28)
        for side in SIDES:
            ids = [id_ for one in gone if one.side is side.other and (id_ := one.id_on(side)) is not None]
            parked = self._context.store.unlinked(self._context.scope, side, ids) if ids else ()
            unanswered.update((side.other, one.id) for one in parked if one.standing is Standing.UNKNOWN)
        gone = [one for one in gone if _partner(one) not in unanswered]
        return sorted(gone, key=lambda one: one.number, reverse=True)

    def _put_back(self, operation: Operation) -> Iterator[Operation]:
        side, refers = operation.side, self._refers[operation.side]
        values = dict(operation.before)
        for name in refers.fields:
            there = self._exchanged(side, name, values.get(name))
            if there is not None:
                values[name] = there
            elif values.get(name) and self._checkers[side].may_be_empty((name,)):
                values[name] = refers.empty(name)  # set when what it names is back
        base = self._compensation(operation)
        create = replace(base, action=Action.CREATE, after=values)
        yield replace(create, left_id=None) if side is Side.LEFT else replace(create, right_id=None)
        if base.link is not None:
            yield self._resting(base)

    def _corrections(self) -> Iterator[Operation]:
        """What is back names what is back, by the ids that both have now."""
        for (side, was), operation in self._deleted.items():
            id_ = self.id_now(side, was)
            record = self._now[side].get(id_ or "")
            if record is None:
                continue
            after: dict[str, Value] = {}
            for name in self._refers[side].fields:
                before, current = operation.before.get(name), record.values.get(name)
                if not self._names_deleted(side, name, before):
                    continue
                there = self._exchanged(side, name, before)
                if there is None and not current:
                    self.left.append(_told(operation, "it names a record that is not there", [name], id_=record.id))
                elif there is not None and current != there and (not current or current == before):
                    after[name] = there
            if after:
                base = self._compensation(operation)
                ends = {side: record.id, side.other: operation.id_on(side.other)}
                base = replace(base, left_id=ends[Side.LEFT], right_id=ends[Side.RIGHT])
                yield _update(base, record, after)
                if base.link is not None:
                    yield self._resting(base)

    def _renamings(self) -> Iterator[Operation]:
        """What was not touched, and names a record that has another id now, names it by that."""
        context = self._context
        renamed = {(flow, side, id_) for flow, one in self._flows.items() for side, id_ in one.renamed}
        renamed = {one for one in renamed if one[0] in context.flow.refs}
        if not renamed:
            return
        found: dict[Side, dict[str, Link | None]] = {side: {} for side in SIDES}
        for side, id_, values, link in self._known():
            refers = self._refers[side]
            named = (one for name in refers.fields for one in refers.named(name, values.get(name)))
            if any((flow, side, named_id) in renamed for flow, named_id in named):
                found[side][id_] = link
        for side in SIDES:
            for id_, record in self._fetched(side, found[side]).items():
                yield from self._renaming(side, record, found[side][id_])

    def _known(self) -> Iterator[tuple[Side, str, Mapping[str, Value], Link | None]]:
        """Every record of the flow that the state knows, as it was last looked at."""
        store, scope = self._context.store, self._context.scope
        for link in store.all_links(scope):
            for side in SIDES:
                if (end := link.end(side)) is not None:
                    yield side, end.id, end.base, link
        for side in SIDES:
            for one in store.unlinked(scope, side):
                yield side, one.id, one.values, None

    def _renaming(self, side: Side, record: Record, link: Link | None) -> Iterator[Operation]:
        after: dict[str, Value] = {}
        for name in self._refers[side].fields:
            value = record.values.get(name)
            there = self._exchanged(side, name, value)
            if there is not None and there != value:
                after[name] = there
        if not after:
            return
        ends = {of: end.id for of in SIDES if link is not None and (end := link.end(of)) is not None}
        ends[side] = record.id
        base = Operation(
            run=self._context.run,
            flow=self._context.flow.name,
            action=Action.UPDATE,
            side=side,
            left_id=ends.get(Side.LEFT),
            right_id=ends.get(Side.RIGHT),
            link=link.number if link is not None else None,
            reason=self._reason,
        )
        yield _update(base, record, after)
        if link is not None and link.state is LinkState.DORMANT:
            gone = [of.value for of in SIDES if link.is_gone(of)]
            yield replace(base, action=Action.PART, evidence={"gone": gone, "cause": link.cause})

    def _compensations(self) -> Iterator[Operation]:
        """What takes back all but the deletions, the newest first."""
        now = {side: dict(self._now[side]) for side in SIDES}  # as it will be after the compensations before
        for operation in sorted(self._done, key=lambda one: one.number, reverse=True):
            match operation.action:
                case Action.UPDATE:
                    yield from self._restored(operation, now[operation.side])
                case Action.CREATE:
                    yield from self._taken_away(operation, now[operation.side])
                case Action.LINK:
                    base = self._compensation(operation)
                    if base.link is not None:
                        yield replace(base, action=Action.PART, evidence={"gone": [], "cause": "undone"})
                case Action.DELETE | Action.AGREE | Action.PART | Action.RELINK:
                    continue

    def _restored(self, operation: Operation, now: dict[str, Record]) -> Iterator[Operation]:
        side = operation.side
        record = now.get(operation.id_on(side) or "")
        if record is None:
            self.left.append(_told(operation, "the record is gone", list(operation.after)))
            return
        before: dict[str, Value] = {name: operation.before.get(name) for name in operation.after}
        for name in set(before).intersection(self._refers[side].fields):
            before[name] = self._exchanged(side, name, before[name]) or before[name]
        differing = [name for name, value in before.items() if record.values.get(name) != value]
        same = [name for name in differing if record.values.get(name) == operation.after[name]]
        edited = [name for name in differing if name not in same]
        if edited:
            self.left.append(_told(operation, "edited since", edited))
        if same:
            after = {name: before[name] for name in same}
            now[record.id] = replace(record, values={**record.values, **after}, version=None)
            yield _update(self._compensation(operation), record, after)

    def _taken_away(self, operation: Operation, now: Mapping[str, Record]) -> Iterator[Operation]:
        side = operation.side
        record = now.get(operation.id_on(side) or "")
        if record is None:
            return
        edited = [name for name, value in operation.after.items() if record.values.get(name) != value]
        if edited:
            self.left.append(_told(operation, "edited since it was created", edited))
            return
        yield replace(
            self._compensation(operation),
            action=Action.DELETE,
            before=dict(record.values),
            versions={side: record.version},
            evidence={"gone": [side.value], "cause": "undone"},
        )

    def _compensation(self, operation: Operation) -> Operation:
        link = self._link(operation)
        return Operation(
            run=self._context.run,
            flow=operation.flow,
            action=operation.action,
            side=operation.side,
            left_id=operation.left_id,
            right_id=operation.right_id,
            link=link.number if link is not None else None,
            reason=self._reason,
        )

    def _resting(self, base: Operation) -> Operation:
        """The link of a record that is back rests, for its partner is gone."""
        return replace(base, action=Action.PART, evidence={"gone": [base.side.other.value], "cause": "undone"})

    def _do(self, operations: Sequence[Operation]) -> None:
        numbered = [replace(one, seq=seq) for seq, one in enumerate(operations, self._next_seq)]
        self._next_seq += len(numbered)
        self._context.store.add_operations(self._context.scope, numbered)
        self._carry_out()

    def _carry_out(self) -> None:
        while self.sync.applier.step(self._context.run):
            pass


def _update(base: Operation, record: Record, after: Mapping[str, Value]) -> Operation:
    """Partial: other fields may have been edited since, so the pair is looked at again."""
    return replace(
        base,
        action=Action.UPDATE,
        before={name: record.values.get(name) for name in after},
        after=after,
        versions={base.side: record.version},
        rules=dict.fromkeys(after, base.reason),
        is_partial=True,
    )


def _partner(operation: Operation) -> tuple[Side, str | None]:
    """The partner of the record it wrote, which stays known by the same id."""
    return operation.side, operation.id_on(operation.side.other)


def _told(operation: Operation, why: str, fields: Sequence[str], *, id_: str | None = None) -> dict[str, Any]:
    return {
        "side": operation.side.value,
        "id": id_ or operation.id_on(operation.side),
        "action": operation.action.value,
        "fields": sorted(fields),
        "why": why,
    }
