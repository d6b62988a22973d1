"""Records that fields refer to, by what people call them: the two systems have ids of their own for one and the same.

Source: spec/engine.md E26; scenario S2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tallystick.model.flow import Flow, Scope
from tallystick.model.link import Link
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.ports.store import Store
from tallystick.server.ops.records import title_of

if TYPE_CHECKING:
    from tallystick.server.review.shown import Row


class Names:
    """Of what the reference fields of some rows point at: at most four statements for each flow referred to."""

    def __init__(self, flow: Flow | None, scope: Scope, store: Store, rows: Sequence[Row]) -> None:
        self._to = {line.name: line.ref for line in flow.maps if line.ref is not None} if flow is not None else {}
        wanted: dict[str, dict[Side, set[str]]] = {}
        for row in rows:
            if (to := self._to.get(row.name)) is not None:
                ids = wanted.setdefault(to, {side: set() for side in SIDES})
                ids[Side.LEFT].update(filter(None, (row.left, row.base)))
                ids[Side.RIGHT].update(filter(None, (row.right,)))
        self._links: dict[tuple[str, Side, str], Link] = {}
        self._alone: dict[tuple[str, Side, str], Value] = {}  # names of records without a partner, as last read
        for to, ids in wanted.items():
            of = Scope(integration=scope.integration, flow=to, instance=scope.instance)
            for side in SIDES:
                for link in store.links_of(of, side, sorted(ids[side])) if ids[side] else ():
                    for one in SIDES:
                        if (end := link.end(one)) is not None:
                            self._links[to, one, end.id] = link
                alone = sorted(id_ for id_ in ids[side] if (to, side, id_) not in self._links)
                for found in store.unlinked(of, side, alone) if alone else ():
                    title = title_of(found.values, found.id)
                    self._alone[to, side, found.id] = title.name if title is not None and title.name else found.id

    def named(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        return tuple(self._named(row) for row in rows)

    def _named(self, row: Row) -> Row:
        to = self._to.get(row.name)
        if to is None:
            return row
        left, right = self._link(to, Side.LEFT, row.left), self._link(to, Side.RIGHT, row.right)
        is_one = left is not None and left is right
        on_left, on_right = self._text(to, Side.LEFT, row.left), self._text(to, Side.RIGHT, row.right)
        if on_left == on_right and row.left and row.right and not is_one:  # two of one name
            on_left, on_right = f"{on_left} · {row.left}", f"{on_right} · {row.right}"
        base = self._text(to, Side.LEFT, row.base)
        if row.base is not None and row.base == row.left:
            base = on_left
        elif right is not None and self._link(to, Side.LEFT, row.base) is right:
            base = on_right
        return replace(row, left=on_left, right=on_right, base=base, agrees=row.agrees or is_one)

    def _link(self, to: str, side: Side, id_: Value) -> Link | None:
        return self._links.get((to, side, id_)) if id_ else None

    def _text(self, to: str, side: Side, id_: Value) -> Value:
        """The name of the left record, else of its partner; the id where nobody knows one."""
        link = self._link(to, side, id_)
        for end in (link.left, link.right) if link is not None else ():
            title = title_of(end.base, end.id) if end is not None else None
            if title is not None and title.name:
                return title.name
        return self._alone.get((to, side, id_), id_) if id_ else id_
