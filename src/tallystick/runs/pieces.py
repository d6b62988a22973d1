"""A run, piece by piece, as the job runtime does it: begin, each stage of each flow, end. Source: spec/engine.md E29.

What flows leave when all have had their turn is done by turns of its own, as by `Order.turns` (E26).

What a piece came to is small, and all that a later process has to know to go on; the rest stands in the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from tallystick.engine.apply import NOTHING_LEFT
from tallystick.errors import ConfigurationError, ScopeBusy, TallystickError
from tallystick.model.plan import Run, RunKind, RunStatus
from tallystick.runs.durable import Done
from tallystick.runs.order import UNFINISHED, Order, fewer_waiting
from tallystick.runs.report import Report
from tallystick.runs.schedule import Job
from tallystick.runs.turns import Turns
from tallystick.runs.workspace import Workspace

BEGIN = "begin"
END = "end"
FLOW = "flow "
AGAIN = "again flow "
LEFT = "left of flow "


class Recorded(TallystickError):
    """An error that an earlier piece met, as it was written down."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run meets in a worker."""

    open_workspace: Callable[[Job], Workspace]
    turns: Turns
    is_paused: Callable[[str, str], bool]  # of this integration, this flow
    ended: Callable[[Job, Done, Report | None], None]  # told at the end of each run
    broken: Callable[[Exception], TallystickError]  # keeps a fault nobody foresaw, and words it


class RunPieces:
    """Implements tallystick.runs.durable.Pieces. Used by one thread."""

    def __init__(self, job: Job, around: Surroundings) -> None:
        self._job = job
        self._around = around
        self._workspace: Workspace | None = None
        self._stages: Generator[int, None, None] | None = None
        self._report = Report(run=job.run)

    def next_name(self, done: Done | None) -> str | None:
        if done is None:
            return BEGIN
        name: str | None = done["next"]
        return name

    def do(self, done: Done | None) -> Done:
        with self._around.turns.turn(self._job.integration):
            try:
                return self._do(done)
            except TallystickError as error:
                return self._failed(error)
            except Exception as error:  # noqa: BLE001  the outermost edge of a worker's thread
                return self._failed(self._around.broken(error))

    def close(self) -> None:
        if self._stages is not None:
            self._stages.close()
        if self._workspace is not None:
            self._workspace.close()

    # --- inside

    def _do(self, done: Done | None) -> Done:
        if self._workspace is None:
            self._workspace = self._around.open_workspace(self._job)
        workspace = self._workspace
        if done is None:
            workspace.begin(RunKind.SYNC, id_=self._job.run)
            return {
                "run": self._job.run,
                "errors": {},
                "seconds": {},
                "next": next((FLOW + one for one in self._job.flows), END),
            }
        self._report.errors = {flow: Recorded(**error) for flow, error in done["errors"].items()}
        run = workspace.store.run(self._job.run)
        if run is None:
            raise Recorded(
                "run_gone", f"The run {self._job.run} is no longer in the state; the next one does its work."
            )
        if done["next"] == END:
            return self._end(workspace, run, done)
        return self._flow(workspace, run, done["next"], done)

    def _flow(self, workspace: Workspace, run: Run, piece: str, done: Done) -> Done:
        """The next stage of the flow, or what follows it."""
        kind, name = _parted(piece)
        started = time.monotonic()
        count: int | None = None
        if not self._around.is_paused(self._job.integration, name):
            if self._stages is None:
                self._stages = self._begun(workspace, run, name, kind)
            count = next(self._stages, None)
        if count is None and self._stages is not None:
            self._stages.close()
            self._stages = None
        return {
            **done,
            "operations": count or 0,
            "errors": {flow: _told(error) for flow, error in self._report.errors.items()},
            "seconds": {**done["seconds"], name: done["seconds"].get(name, 0.0) + time.monotonic() - started},
            **({"next": piece} if count is not None else self._after(workspace, kind, name, done.get("waiting"))),
        }

    def _begun(self, workspace: Workspace, run: Run, name: str, kind: str) -> Generator[int, None, None]:
        try:
            (flow,) = workspace.chosen([name])
        except ConfigurationError as error:  # it is gone from the file since
            self._report.errors[name] = error
            return
        options = {"is_full": self._job.is_full, "approval": self._job.is_approved}
        order = self._order(workspace)
        leaving = NOTHING_LEFT if kind == LEFT else order.leaving(flow)
        yield from workspace.stages(run, flow, self._report, leaving=leaving, **options)

    def _after(self, workspace: Workspace, kind: str, name: str, most: int | None) -> Done:
        """The piece after the last one of this kind of flow `name`. `most`: how many waited when this round began."""
        flows, order = self._job.flows, self._order(workspace)
        behind = flows[flows.index(name) + 1 :]
        if kind == FLOW and behind:
            return {"next": FLOW + behind[0]}
        if kind != LEFT:
            waiting = order.waiting(self._report)
            again = next((one for one in behind if one in waiting), None) if kind == AGAIN else None
            if again is not None:
                return {"next": AGAIN + again}
            if fewer := fewer_waiting(waiting, most):
                return {"next": AGAIN + next(one for one in flows if one in waiting), "waiting": fewer}
        left = {flow.name for flow in order.left(self._report)}
        among = flows if kind != LEFT else flows[: flows.index(name)]
        return {"next": next((LEFT + one for one in reversed(among) if one in left), END)}

    def _order(self, workspace: Workspace) -> Order:
        """Of the flows of the job that the file still has."""
        there = [flow for flow in workspace.integration.flows if flow.name in self._job.flows]
        return Order(there, self._job.run, workspace.store, workspace.scope)

    def _end(self, workspace: Workspace, run: Run, done: Done) -> Done:
        """The report, from the state: a flow may have been done by a process that is long dead."""
        report = workspace.report_of(run)
        report.errors = self._report.errors
        for name, seconds in done["seconds"].items():
            if name in report.flows:
                report.flows[name].seconds = seconds
        is_left = any(
            one.status in UNFINISHED and one.flow not in report.errors for one in workspace.store.flow_runs(run.id)
        )
        if is_left:  # paused: what is left is settled by the next run of the scope
            status, needs_person = "paused", False
        else:
            workspace.end(run, report)
            status, needs_person = report.status, report.needs_person
        if report.errors and not report.flows and all(e.code == ScopeBusy.code for e in report.errors.values()):
            status = "skipped"
        ended = {**done, "status": status, "needs_person": needs_person, "next": None}
        self._around.ended(self._job, ended, report)
        return ended

    def _failed(self, error: TallystickError) -> Done:
        """Nothing more can be done by this job: the state cannot be reached, the file is not served."""
        ended = {
            "run": self._job.run,
            "status": RunStatus.FAILED.value,
            "needs_person": True,
            "errors": {"": _told(error)},
            "next": None,
        }
        self._around.ended(self._job, ended, None)
        return ended


def _parted(piece: str) -> tuple[str, str]:
    """Kind of piece, and its flow."""
    kind = next(one for one in (FLOW, AGAIN, LEFT) if piece.startswith(one))
    return kind, piece.removeprefix(kind)


def _told(error: TallystickError) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}
