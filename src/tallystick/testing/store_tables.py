"""What the store in memory holds: one table per scope, one journal for all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link, Unlinked
from tallystick.model.plan import (
    FlowRun,
    Operation,
    Parked,
    Run,
    ScopeState,
)
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import LinkTaken


@dataclass(slots=True)
class Table:
    """What one scope holds."""

    state: ScopeState = field(default_factory=ScopeState)
    links: dict[int, Link] = field(default_factory=dict)
    numbers: dict[Side, dict[str, int]] = field(default_factory=lambda: {side: {} for side in SIDES})
    unlinked: dict[Side, dict[str, Unlinked]] = field(default_factory=lambda: {side: {} for side in SIDES})
    keys: dict[Side, dict[str, frozenset[int]]] = field(default_factory=lambda: {side: {} for side in SIDES})
    holders: dict[Side, dict[int, dict[str, None]]] = field(default_factory=lambda: {side: {} for side in SIDES})

    def copy(self) -> Table:
        return Table(
            self.state,
            dict(self.links),
            {side: dict(of) for side, of in self.numbers.items()},
            {side: dict(of) for side, of in self.unlinked.items()},
            {side: dict(of) for side, of in self.keys.items()},
            {side: {key: dict(ids) for key, ids in of.items()} for side, of in self.holders.items()},
        )

    def remove(self, number: int) -> None:
        link = self.links.pop(number, None)
        if link is not None:
            self._forget_ids(link)

    def put(self, link: Link) -> None:
        self.links[link.number] = link
        for side in SIDES:
            if (end := link.end(side)) is not None:
                self.numbers[side][end.id] = link.number

    def _forget_ids(self, link: Link) -> None:
        for side in SIDES:
            end = link.end(side)
            if end is not None and self.numbers[side].get(end.id) == link.number:
                del self.numbers[side][end.id]

    def put_all(self, links: Sequence[Link], removed: Sequence[int]) -> None:
        """Raises LinkTaken before anything is changed."""
        leaving = {*removed, *(link.number for link in links)}
        for side in SIDES:
            coming: set[str] = set()
            for link in links:
                if (end := link.end(side)) is None:
                    continue
                holder = self.numbers[side].get(end.id)
                if end.id in coming or (holder is not None and holder not in leaving):
                    raise LinkTaken(side, end.id)
                coming.add(end.id)
        for number in removed:
            self.remove(number)
        for link in links:
            if (old := self.links.get(link.number)) is not None:
                self._forget_ids(old)
        for link in links:
            self.put(link)

    def set_keys(self, side: Side, id_: str, keys: frozenset[int]) -> None:
        holders = self.holders[side]
        for key in self.keys[side].pop(id_, ()):
            del holders[key][id_]
            if not holders[key]:
                del holders[key]
        if keys:
            self.keys[side][id_] = keys
            for key in keys:
                holders.setdefault(key, {})[id_] = None

    def park(self, parked: Parked) -> None:
        for side, id_ in parked.forget:
            self.unlinked[side].pop(id_, None)
        for record in parked.keep:
            self.unlinked[record.side][record.id] = record


@dataclass(slots=True)
class Journal:
    """Runs, their flow runs and their operations."""

    runs: dict[str, Run] = field(default_factory=dict)
    flow_runs: dict[tuple[str, str], tuple[Scope, FlowRun]] = field(default_factory=dict)
    operations: dict[int, tuple[Scope, Operation]] = field(default_factory=dict)
    order: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)  # (seq, number), sorted

    def copy(self) -> Journal:
        order = {key: list(value) for key, value in self.order.items()}
        return Journal(dict(self.runs), dict(self.flow_runs), dict(self.operations), order)

    def of(self, run: str, flow: str, after_seq: int = -1) -> Iterator[Operation]:
        order = self.order.get((run, flow), [])
        for _, number in order[bisect_left(order, (after_seq + 1, 0)) :]:
            yield self.operations[number][1]

    def has(self, run: str, flow: str, seq: int) -> bool:
        order = self.order.get((run, flow), [])
        place = bisect_left(order, (seq, 0))
        return place < len(order) and order[place][0] == seq

    def found(self, operation: Operation) -> tuple[Scope, Operation]:
        if operation.number not in self.operations:
            raise TallystickError(f"The journal has no operation {operation.number}; it cannot be given an outcome.")
        return self.operations[operation.number]
