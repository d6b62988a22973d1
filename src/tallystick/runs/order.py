"""In which order the flows of a run have their turns, and what they leave for later ones. Source: spec/engine.md E26.

Flows run in the order in which they refer to each other. Two things come later in the same run: records that wait for
records of a flow behind (companies for their main contact), and deletions of what flows behind refer to, which go in
the opposite order. A flow that leaves such is left applying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tallystick.engine.pipeline import NOTHING_LEFT, Leaving
from tallystick.model.flow import Flow, Scope
from tallystick.model.plan import RunStatus
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
        """The flows as they have their turn, and what they leave then: all, those that wait once more, what is left."""
        for flow in self._flows:
            yield flow, self.leaving(flow)
        for flow in self.waiting(report):
            yield flow, self.leaving(flow, is_again=True)
        for flow in self.left(report):
            yield flow, NOTHING_LEFT

    def leaving(self, flow: Flow, *, is_again: bool = False) -> Leaving:
        """What the flow leaves when it has its turn, or has it once more."""
        is_named = any(flow.name in other.refs and other.name != flow.name for other in self._flows)
        names = [one.name for one in self._flows]
        later = {*names[names.index(flow.name) + 1 :], *self._unfinished()} - {flow.name}
        waits_for = frozenset() if is_again else frozenset(later.intersection(flow.refs))
        return Leaving(deletions=is_named, waits_for=waits_for)

    def waiting(self, report: Report) -> list[Flow]:
        """Those left of which records wait for a record of another flow, in their order."""
        return [
            flow
            for flow in reversed(self.left(report))
            if any(
                one.waits_for is not None and one.waits_for[0] != flow.name
                for side in SIDES
                for one in self._store.unlinked(self._scope(flow), side)
            )
        ]

    def left(self, report: Report) -> list[Flow]:
        """Those of which something is left to do and that met no error, in the opposite order."""
        left = self._unfinished() - report.errors.keys()
        return [flow for flow in reversed(self._flows) if flow.name in left]

    def _unfinished(self) -> set[str]:
        return {one.flow for one in self._store.flow_runs(self._run) if one.status in UNFINISHED}
