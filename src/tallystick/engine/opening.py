"""Which records of the two sides a run looks at: all, what changed, or just some.

Source: spec/engine.md E1, E3, E26.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from tallystick.engine import reading
from tallystick.engine.context import Context
from tallystick.engine.reading import Reading
from tallystick.engine.translated import Awaited
from tallystick.model.link import Standing
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side


class Opening:
    """Opens the readings of one flow in one run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        is_fresh = bool(context.fresh)
        self.known = {
            side: reading.KnownVersions(context.store, context.scope, side, is_blank=is_fresh) for side in SIDES
        }
        self._circling: set[Awaited] = set()  # records that wait for themselves and were looked at in this run

    def everything(self, *, is_full: bool) -> dict[Side, Reading]:
        """Everything, or what changed since the last run and what waited for something that is there by now."""
        context = self._context
        is_full = is_full or bool(context.fresh) or self._is_full_due()
        waiting = self.arrived()
        readings: dict[Side, Reading] = {}
        for side in SIDES:
            system, selection, known = context.systems[side], context.selections[side], self.known[side]
            cursor = context.state.cursors.get(side)
            if is_full or cursor is None or not context.can(side).changes:
                readings[side] = reading.full(system, selection, known)
            else:
                readings[side] = reading.since(system, selection, cursor, known, waiting[side])
        return readings

    def missed(self, side: Side, edited: set[str]) -> int:
        """How many of these edits, found by a full comparison, an incremental read would not have shown (E3)."""
        context = self._context
        cursor = context.state.cursors.get(side)
        if not edited or cursor is None or not context.can(side).changes:
            return 0
        increment = reading.since(context.systems[side], context.selections[side], cursor, self.known[side])
        if increment.is_full:
            return 0
        missed = set(edited)
        for table in increment.tables():
            missed.difference_update(table.column(ID).to_pylist())
            if not missed:
                break
        return len(missed - set(increment.unchanged))

    def _is_full_due(self) -> bool:
        state = self._context.state
        if not state.last_full_at:
            return True
        last = datetime.fromisoformat(state.last_full_at)
        return self._context.clock.now() - last >= timedelta(seconds=self._context.flow.full_every_s)

    def arrived(self) -> dict[Side, list[str]]:
        """Parked records that can go on: what they wait for has a partner by now, or waits for them in turn (E26)."""
        arrived: dict[Side, list[str]] = {side: [] for side in SIDES}
        references, waits = self._context.references, self._waits()
        for flow, side in {(flow, side) for flow, side, _ in waits.values()}:
            references.prefetch(flow, side, {id_ for f, s, id_ in waits.values() if (f, s) == (flow, side)})
        self._circling = references.circling(waits)
        for me, of in waits.items():
            if me in self._circling or isinstance(references.partner(*of), str):
                arrived[me[1]].append(me[2])
        return arrived

    def waits_for(self, flows: Collection[str]) -> bool:
        """Whether a parked record waits for a record of one of these flows."""
        return bool(flows) and any(flow in flows for flow, _, _ in self._waits().values())

    def _waits(self) -> dict[Awaited, Awaited]:
        """What the parked records of this flow wait for."""
        flow = self._context.flow
        return {
            (flow.name, side, one.id): one.waits_for
            for side in (SIDES if flow.refs else ())
            for one in self._context.store.standing(self._context.scope, side, Standing.WAITING)
            if one.waits_for is not None
        }

    def some(self, ids: Mapping[Side, Sequence[str]]) -> dict[Side, Reading]:
        """Just these records, as they are now."""
        context = self._context
        return {
            side: reading.some(context.systems[side], context.selections[side], sorted(set(ids.get(side, ()))))
            for side in SIDES
        }

    def woken(self, linked: Collection[tuple[Side, str]], *, is_parking: bool) -> dict[Side, list[str]]:
        """Records of this flow that waited for one linked just now, over others too, or, where some were parked, wait
        for themselves.
        """
        woken: dict[Side, list[str]] = {side: [] for side in SIDES}
        flow = self._context.flow
        if flow.name not in flow.refs:
            return woken
        for side in SIDES:
            ids = [id_ for s, id_ in linked if s is side]
            while ids:
                found = self._context.store.waiting_for(self._context.scope, flow.name, side, ids)
                ids = [one.id for one in found if one.id not in woken[side]]
                woken[side] += ids
        if is_parking:
            circling = self._context.references.circling(self._waits())
            if circling - self._circling:  # all of them: a circle is cut only where the whole of it is looked at
                self._circling |= circling
                for _, side, id_ in sorted(circling):
                    woken[side].append(id_)
        return woken
