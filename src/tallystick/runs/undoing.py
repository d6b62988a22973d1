"""A run taken back, in all its flows. Source: spec/engine.md E26, E29, E33.

First what it deleted is put back, in the order in which flows refer to each other; then the rest is taken back, in the
opposite order. A flow that cannot, or is held by its guards, does not stop the others. Killed on the way, the whole is
gone on with by whatever next works with one of its flows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING

from tallystick.engine.guards import Approval
from tallystick.engine.undo import FlowUndo
from tallystick.errors import TallystickError
from tallystick.model.flow import Flow
from tallystick.model.plan import Run, RunKind, RunStatus
from tallystick.runs.report import Report

if TYPE_CHECKING:
    from tallystick.runs.workspace import Workspace


def undo(workspace: Workspace, of: Run, *, approval: Approval = False) -> Report:
    """Takes the run `of` back; `extra["left"]` lists what is not taken back, and why."""
    run = workspace.begin(RunKind.UNDO, of=of.id)
    undoing = _Undoing(workspace, run)
    with ExitStack() as held:
        for flow in undoing.chosen():
            undoing.guarded(flow, lambda one: _hold(workspace, one, held))
        for flow in undoing.going():
            undoing.guarded(flow, undoing.open)
        for flow in undoing.going():
            undoing.guarded(flow, lambda one: undoing.begin(one, approval))
        undoing.carry_out()
    report = undoing.report
    report.flows = {one.name: report.flows[one.name] for one in undoing.chosen() if one.name in report.flows}
    return workspace.end(run, report)


def resume(workspace: Workspace, flow: Flow, run: Run) -> None:
    """Goes on with the undo `run` that was killed; the caller holds the scope of `flow`, whose errors are raised.

    Flows of it that something else is at work on, or that cannot run now, are gone on with in their turn.
    """
    undoing = _Undoing(workspace, run)
    begun = {one.flow: one.status for one in workspace.store.flow_runs(run.id)}
    with ExitStack() as held:
        for one in undoing.chosen():
            if one.name != flow.name:
                undoing.guarded(
                    one, lambda other: held.enter_context(workspace.store.exclusive(workspace.scope(other)))
                )
        for one in undoing.going():
            undoing.guarded(one, undoing.open)
        for one in undoing.going():
            if one.name not in begun:
                undoing.guarded(one, lambda other: undoing.begin(other, False))
            elif begun[one.name] is RunStatus.APPLYING:
                undoing.guarded(one, undoing.resume)
            else:
                undoing.leave(one)
        undoing.carry_out()
    report = workspace.report_of(run)
    report.extra["left"] = undoing.report.extra["left"]
    workspace.end(run, report)
    if flow.name in undoing.report.errors:
        raise undoing.report.errors[flow.name]


class _Undoing:
    """The flows of a run that is taken back by another; an error of one does not stop the others."""

    def __init__(self, workspace: Workspace, run: Run) -> None:
        self.report = Report(run=run.id, extra={"left": []})
        self._workspace = workspace
        self._run = run
        self._flows: dict[str, FlowUndo] = {}
        self._done: set[str] = set()  # flows of which nothing is left to do

    def chosen(self) -> list[Flow]:
        """The flows of the run that is taken back, in the order in which they ran."""
        names = {one.flow for one in self._workspace.store.flow_runs(self._run.of)}
        return [flow for flow in self._workspace.chosen(()) if flow.name in names]

    def going(self) -> list[Flow]:
        return [one for one in self.chosen() if one.name not in self.report.errors and one.name not in self._done]

    def guarded(self, flow: Flow, work: Callable[[Flow], object]) -> None:
        one = self._flows.get(flow.name)
        try:
            with one.sync.ledger.timed() if one is not None else nullcontext():
                work(flow)
        except TallystickError as error:
            self.report.errors[flow.name] = error

    def open(self, flow: Flow) -> None:
        sync = self._workspace.flow_sync(flow, run=self._run.id)
        self._flows[flow.name] = FlowUndo(sync, self._run.of, self._flows)

    def begin(self, flow: Flow, approval: Approval) -> None:
        one = self._flows[flow.name]
        if not one.begin(approval=approval):
            self._finish(flow)

    def resume(self, flow: Flow) -> None:
        self._flows[flow.name].resume()

    def leave(self, flow: Flow) -> None:
        self._done.add(flow.name)

    def carry_out(self) -> None:
        self._each(self.going(), lambda flow: self._flows[flow.name].put_back())
        self._each(self.going()[::-1], self._take_back)

    def _take_back(self, flow: Flow) -> None:
        self._flows[flow.name].take_back()
        self._finish(flow)

    def _finish(self, flow: Flow) -> None:
        one = self._flows[flow.name]
        self._done.add(flow.name)
        self.report.flows[flow.name] = one.sync.result
        self.report.extra["left"] += [{"flow": flow.name, **left} for left in one.left]

    def _each(self, flows: Sequence[Flow], work: Callable[[Flow], object]) -> None:
        for flow in flows:
            self.guarded(flow, work)


def _hold(workspace: Workspace, flow: Flow, held: ExitStack) -> None:
    held.enter_context(workspace.store.exclusive(workspace.scope(flow)))
    workspace.settle(flow)
