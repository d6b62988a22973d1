"""Ids translated through the links of other flows. Source: spec/engine.md E26."""

from __future__ import annotations

from collections.abc import Iterable

from tallystick.model.flow import Scope
from tallystick.model.plan import Planned
from tallystick.model.side import Side
from tallystick.model.value import Reference
from tallystick.ports.store import Store


class References:
    """Ids translated through the links of other flows, looked up many at a time (E26)."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        self._known: dict[tuple[str, Side, str], str | None] = {}
        self._planned: dict[tuple[str, Side, str], str | None] = {}

    def prefetch(self, flow: str, side: Side, ids: Iterable[str]) -> None:
        wanted = [id_ for id_ in set(ids) if (flow, side, id_) not in self._known]
        if not wanted:
            return
        self._known.update({(flow, side, id_): None for id_ in wanted})
        scope = Scope(integration=self._scope.integration, flow=flow, instance=self._scope.instance)
        for link in self._store.links_of(scope, side, wanted):
            here, there = link.end(side), link.end(side.other)
            if here is not None and there is not None:
                self._known[flow, side, here.id] = there.id

    def forget(self) -> None:
        """Links were made since: ask again."""
        self._known.clear()

    def plan(self, flow: str, side: Side, id_: str, partner: str | None = None) -> None:
        """This record is about to be linked by the same plan: with `partner`, or with a record it creates."""
        self._planned[flow, side, id_] = partner

    def partner(self, flow: str, side: Side, id: str) -> Planned:
        if (flow, side, id) not in self._known:
            self.prefetch(flow, side, [id])
        found = self._known[flow, side, id]
        if found is None and (flow, side, id) in self._planned:
            return self._planned[flow, side, id] or Reference(flow=flow, side=side, id=id)
        return found
