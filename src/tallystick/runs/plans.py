"""Plans on their own: what a run would do, as an artefact, and exactly that carried out. Source: spec/engine.md E24."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tallystick.engine.apply import Leaving
from tallystick.engine.artefact import restored, seal, shown
from tallystick.engine.errands import apply_exactly, refused_lines
from tallystick.engine.pipeline import FlowSync, operations_of
from tallystick.engine.references import Foreseen
from tallystick.engine.result import FlowResult
from tallystick.errors import PlanRefused, RecordTypeGone
from tallystick.model.flow import Flow
from tallystick.model.plan import Operation, Run, RunKind
from tallystick.runs.order import UNFINISHED, fewer_waiting
from tallystick.runs.report import Report

if TYPE_CHECKING:
    from tallystick.runs.workspace import Workspace


def make_plan(workspace: Workspace, flows: Sequence[str] = (), *, is_full: bool = False) -> dict[str, Any]:
    """What a run would do, as an artefact; nothing is written to either side."""
    chosen = workspace.chosen(flows)
    run = workspace.begin(RunKind.PLAN)
    report = Report(run=run.id)
    foreseen = Foreseen()
    syncs: dict[str, FlowSync] = {}
    plan: dict[str, Any] = {
        "plan": run.id,
        "integration": workspace.integration.name,
        "file": run.file,
        "document": workspace.integration.fingerprint,
        "flows": {},
    }
    for flow in chosen:
        try:
            with workspace.store.exclusive(workspace.scope(flow)):
                workspace.settle(flow)
                sync = workspace.flow_sync(flow, run=run.id, foreseen=foreseen)
                sync.plan(is_full=is_full, is_artefact=True)
        except RecordTypeGone as gone:
            report.flows[flow.name] = workspace.paused(run, flow, gone)
            continue
        syncs[flow.name] = sync
        report.flows[flow.name] = sync.result
    is_circular = workspace.order(run.id, flows).is_circular
    most: int | None = None
    while is_circular and (fewer := fewer_waiting(_waiting(foreseen), most)):
        most = fewer
        for name, sync in syncs.items():
            if name in _waiting(foreseen):
                with workspace.store.exclusive(sync.context.scope):
                    sync.plan_again()
    for name, result in report.flows.items():
        plan["flows"][name] = _planned(result, operations_of(syncs[name].context) if name in syncs else ())
    workspace.end(run, report)
    plan["fingerprint"] = seal(plan)
    return plan


def apply_plan(workspace: Workspace, plan: Mapping[str, Any], *, is_again: bool = False) -> Report:
    """Does exactly that plan. Raises PlanRefused when it is altered, applied already or of another file (E24).

    `is_again`: it is asked for by whoever asked before and may have been killed over it; the run that was begun
    then goes on where it was.
    """
    if plan.get("fingerprint") != seal(plan) or plan.get("integration") != workspace.integration.name:
        raise PlanRefused("The plan was altered or is of another integration.", hint="Make a new plan.")
    if plan["document"] != workspace.integration.fingerprint:
        raise PlanRefused("The integration file was edited since the plan was made.", hint="Make a new plan.")
    applied = workspace.store.runs(workspace.integration.name, of=plan["plan"])
    before = next((one for one in applied if one.kind is RunKind.APPLY), None)
    if before is not None and not is_again:
        raise PlanRefused(f"The plan was applied already, by run {before.id}.", hint="Make a new plan.")
    run = before or workspace.begin(RunKind.APPLY, of=plan["plan"])
    report = Report(run=run.id, extra={"refused": []})
    names = list(plan["flows"])
    for flow, leaving in workspace.order(run.id, names).turns(report):
        lines = plan["flows"][flow.name]["operations"]
        workspace.guarded(run, report, flow, partial(_turn, workspace, run, lines, leaving=leaving))
    report.flows = workspace.report_of(run).flows
    for flow in workspace.chosen(names):
        if flow.name in report.flows:
            report.extra["refused"] += _refused(workspace, run, flow)
    return workspace.end(run, report)


def _turn(
    workspace: Workspace, run: Run, lines: Sequence[Mapping[str, Any]], flow: Flow, *, leaving: Leaving
) -> FlowResult:
    """The next turn of a flow; the caller holds its scope."""
    sync = workspace.flow_sync(flow, run=run.id)
    begun = next((one for one in workspace.store.flow_runs(run.id) if one.flow == flow.name), None)
    if begun is None:
        workspace.store.discard(run.id, flow.name)  # of an attempt that was killed before it began with any
        operations = [restored(line, run=run.id, flow=flow.name) for line in lines]
        apply_exactly(sync, operations, leaving=leaving, progress=workspace.progress)
    elif begun.status in UNFINISHED:
        for count in sync.resuming(begun, kind=RunKind.APPLY, leaving=leaving):
            workspace.progress("writing", count)
    else:
        return FlowResult.of_shown(flow.name, begun.counts)
    return sync.result


def _refused(workspace: Workspace, run: Run, flow: Flow) -> Iterator[dict[str, Any]]:
    """What this flow refused, in this attempt or an earlier one."""
    for operation, why in refused_lines(workspace.flow_sync(flow, run=run.id)):
        line = {"flow": flow.name, "side": operation.side.value, "action": operation.action.value}
        yield {**line, "id": operation.id_on(operation.side), "why": why}


def _waiting(foreseen: Foreseen) -> Counter[str]:
    """Flow -> how many of its records wait for a record of another flow."""
    return Counter(flow for (flow, *_), (of, *_) in foreseen.waits.items() if of != flow)


def _planned(result: FlowResult, operations: Iterable[Operation]) -> dict[str, Any]:
    """A flow's part of a plan artefact."""
    return {
        "operations": [shown(operation) for operation in operations],
        "situations": dict(result.situations),
        "conflicts": result.conflicts,
        "reviews": result.reviews,
        "rejects": result.rejects,
        "held": [breach.shown() for breach in result.held],
        "notes": result.notes,
    }
