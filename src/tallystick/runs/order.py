"""In which order the flows of a run have their turns, and what they leave for later ones. Source: spec/engine.md E26.

Flows run in the order in which they refer to each other. Two things come later in the same run: records that wait for
records of another flow (companies for their main contact), as long as some of these come; and deletions of what other
flows refer to, which go in the opposite order. A flow that leaves such is left applying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tallystick.engine.apply import NOTHING_LEFT, Leaving
from tallystick.model.flow import Flow, Scope
from tallystick.model.link import Standing
from tallystick.model.plan import LAST, OperationState, RunStatus
from tallystick.model.side import SIDES
from tallystick.ports.store import Store
from tallystick.runs.report import Report

UNFINISHED: Final = (RunStatus.PLANNING, RunStatus.APPLYING)


class Order:
    """The flows of one run, in their order."""

    def __init__(self, flows: Sequence[Flow], run: str, store: Store, scope: Callable[[Flow], Scope]) -> None:
        """`scope`: of a flow."""
        self._flows = flows
        self._run = run
        self._store = store
        self._scope = scope

    def turns(self, report: Report) -> Iterator[tuple[Flow, Leaving]]:
        """The flows as they have their turn, and what they leave then: all, those that wait again, what is left."""
        for flow in self._flows:
            yield flow, self.leaving(flow)
        most: int | None = None
        while fewer := fewer_waiting(self.waiting(report), most):
            most = fewer
            for flow in self._flows:
                if flow.name in self.waiting(report):
                    yield flow, self.leaving(flow)
        for flow in self.left(report):
            yield flow, NOTHING_LEFT

    @property
    def is_circular(self) -> bool:
        """Whether a flow refers to one that has its turn after it."""
        names = [flow.name for flow in self._flows]
        return any(not flow.refs.isdisjoint(names[at + 1 :]) for at, flow in enumerate(self._flows))

    def leaving(self, flow: Flow) -> Leaving:
        """What the flow leaves when it has its turn."""
        is_named = any(flow.name in other.refs and other.name != flow.name for other in self._flows)
        names = [one.name for one in self._flows]
        others = {*names[names.index(flow.name) + 1 :], *self._unfinished()} - {flow.name}
        return Leaving(deletions=is_named, waits_for=frozenset(others.intersection(flow.refs)))

    def waiting(self, report: Report) -> Mapping[str, int]:
        """Flow -> how much of it waits for records of other flows, where any does and it met no error."""
        counts = {flow.name: self._count(flow) for flow in self.left(report)}
        return {name: count for name, count in counts.items() if count}

    def left(self, report: Report) -> list[Flow]:
        """Those of which something is left to do and that met no error, in the opposite order."""
        left = self._unfinished() - report.errors.keys()
        return [flow for flow in reversed(self._flows) if flow.name in left]

    def _count(self, flow: Flow) -> int:
        """Its records that wait for a record of another flow, and its operations that do."""
        records = sum(
            one.waits_for is not None and one.waits_for[0] != flow.name
            for side in SIDES
            for one in self._store.standing(self._scope(flow), side, Standing.WAITING)
        )
        operations, after = 0, -1
        while planned := self._store.operations(self._run, flow.name, (OperationState.PLANNED,), after, 5_000):
            after = planned[-1].seq
            operations += sum(one.seq < LAST for one in planned)
            if after >= LAST:
                break
        return records + operations

    def _unfinished(self) -> set[str]:
        return {one.flow for one in self._store.flow_runs(self._run) if one.status in UNFINISHED}


def fewer_waiting(waiting: Mapping[str, int], before: int | None) -> int | None:
    """How many wait where these are fewer than `before` the last time all had a turn; None where another is no use."""
    count = sum(waiting.values())
    return count if count and (before is None or count < before) else None
