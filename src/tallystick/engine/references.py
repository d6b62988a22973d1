"""Ids translated through the links of other flows. Source: spec/engine.md E26."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tallystick.engine.translated import Awaited
from tallystick.model.flow import Scope
from tallystick.model.link import Standing
from tallystick.model.plan import LAST, OperationState, Planned
from tallystick.model.side import Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import Store


@dataclass(slots=True, kw_only=True)
class Foreseen:
    """What the flows of a plan artefact would have done by now; nothing of it is in the store (E24)."""

    partners: dict[Awaited, str | None] = field(default_factory=dict)  # of records it links; None: a new record
    waits: dict[Awaited, Awaited] = field(default_factory=dict)  # records that wait, each with the first it waits for


class References:
    """Ids translated through the links of other flows, looked up many at a time (E26)."""

    def __init__(self, store: Store, scope: Scope, run: str, foreseen: Foreseen) -> None:
        self._store = store
        self._scope = scope
        self._run = run
        self._foreseen = foreseen
        self._going: dict[str, set[tuple[Side, str | None]]] = {}  # per flow, what this run is still to delete
        self._known: dict[tuple[str, Side, str], str | None] = {}
        self._planned: set[Awaited] = set()  # records of this flow that its plan links, mostly to new ones

    def prefetch(self, flow: str, side: Side, ids: Iterable[str]) -> None:
        wanted = [id_ for id_ in set(ids) if (flow, side, id_) not in self._known]
        if not wanted:
            return
        self._known.update({(flow, side, id_): None for id_ in wanted})
        for link in self._store.links_of(self._scope_of(flow), side, wanted):
            here, there = link.end(side), link.end(side.other)
            if here is None or there is None or link.is_gone(side.other):
                continue
            if (side.other, there.id) not in self._deletions(flow):
                self._known[flow, side, here.id] = there.id

    def _deletions(self, flow: str) -> set[tuple[Side, str | None]]:
        """The records of another flow that this run deletes after the flows that refer to it (E26)."""
        if flow == self._scope.flow:
            return set()
        if flow not in self._going:
            going = self._going[flow] = set[tuple[Side, str | None]]()
            after = LAST - 1
            planned = (OperationState.PLANNED,)
            while found := self._store.operations(self._run, flow, planned, after_seq=after, limit=5_000):
                after = found[-1].seq
                going.update((one.side, one.id_on(one.side)) for one in found if one.action is Action.DELETE)
        return self._going[flow]

    def forget(self) -> None:
        """Links were made since: ask again."""
        self._known.clear()

    def plan(self, flow: str, side: Side, id_: str) -> None:
        """This record is about to be linked by the same plan."""
        self._planned.add((flow, side, id_))

    def partner(self, flow: str, side: Side, id: str) -> Planned:
        if (flow, side, id) not in self._known:
            self.prefetch(flow, side, [id])
        found = self._known[flow, side, id]
        if found is None and self.is_planned(flow, side, id):
            return self._foreseen.partners.get((flow, side, id)) or Reference(flow=flow, side=side, id=id)
        return found

    def is_planned(self, flow: str, side: Side, id_: str) -> bool:
        return (flow, side, id_) in self._planned or (flow, side, id_) in self._foreseen.partners

    def awaited(self, wanted: Iterable[Awaited], *, but: str = "") -> dict[Awaited, Awaited]:
        """What records wait for that are parked or foreseen, and what those wait for in turn, as far as it goes.

        Records of the flow `but` are not looked up.
        """
        found: dict[Awaited, Awaited] = {}
        asked: set[Awaited] = set()
        level = set(wanted)
        while level:
            asked |= level
            ids: dict[tuple[str, Side], list[str]] = {}
            for flow, side, id_ in level:
                if flow != but:
                    ids.setdefault((flow, side), []).append(id_)
            onward = {one: self._foreseen.waits[one] for one in level & self._foreseen.waits.keys()}
            for (flow, side), some in ids.items():
                for one in self._store.unlinked(self._scope_of(flow), side, some):
                    if one.standing is Standing.WAITING and one.waits_for is not None:
                        onward[flow, side, one.id] = one.waits_for
            found.update(onward)
            level = set(onward.values()) - asked
        return found

    def circling(self, waits: Mapping[Awaited, Awaited]) -> set[Awaited]:
        """Those of `waits` (parked record -> the one it waits for) that wait, over others, for themselves."""
        onward = {**self.awaited(set(waits.values()) - waits.keys()), **waits}
        found: set[Awaited] = set()
        passed: set[Awaited] = set()
        for one in waits:
            way: dict[Awaited, None] = {}
            while one in onward and one not in passed:
                passed.add(one)
                way[one] = None
                one = onward[one]
            if one in way:
                names = list(way)
                found.update(names[names.index(one) :])
        return found & waits.keys()

    def _scope_of(self, flow: str) -> Scope:
        return Scope(integration=self._scope.integration, flow=flow, instance=self._scope.instance)
