"""Plans on their own: what a run would do, as an artefact, and exactly that carried out. Source: spec/engine.md E24."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tallystick.engine.artefact import restored, seal, shown
from tallystick.engine.errands import apply_exactly, refused_lines
from tallystick.engine.pipeline import operations_of
from tallystick.engine.result import FlowResult
from tallystick.errors import PlanRefused, RecordTypeGone
from tallystick.model.flow import Flow
from tallystick.model.plan import Operation, Run, RunKind
from tallystick.model.side import Side
from tallystick.runs.report import Report

if TYPE_CHECKING:
    from tallystick.runs.workspace import Workspace


def make_plan(workspace: Workspace, flows: Sequence[str] = (), *, is_full: bool = False) -> dict[str, Any]:
    """What a run would do, as an artefact; nothing is written to either side."""
    chosen = workspace.chosen(flows)
    run = workspace.begin(RunKind.PLAN)
    report = Report(run=run.id)
    planned: dict[tuple[str, Side, str], str | None] = {}
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
                sync = workspace.flow_sync(flow, run=run.id, planned=planned)
                sync.plan(is_full=is_full, is_artefact=True)
        except RecordTypeGone as gone:
            result = report.flows[flow.name] = workspace.paused(run, flow, gone)
            plan["flows"][flow.name] = _planned(result, ())
            continue
        planned.update(sync.planned)
        report.flows[flow.name] = sync.result
        plan["flows"][flow.name] = _planned(sync.result, operations_of(sync.context))
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
    for flow in workspace.chosen(names):
        if before is not None and any(one.flow == flow.name for one in workspace.store.flow_runs(run.id)):
            continue
        lines = plan["flows"][flow.name]["operations"]
        operations = [restored(line, run=run.id, flow=flow.name) for line in lines]
        but_deletions = workspace.order(run.id, names).leaving(flow).deletions
        workspace.guarded(report, flow, partial(_apply, workspace, run.id, operations, but_deletions=but_deletions))
    for flow in reversed(workspace.chosen(names)):
        if flow.name not in report.errors:
            workspace.guarded(report, flow, partial(_applied, workspace, run, report))  # settled where unfinished
    order = [flow.name for flow in workspace.chosen(names)]
    report.flows = {name: report.flows[name] for name in order if name in report.flows}
    report.extra["refused"].sort(key=lambda line: order.index(line["flow"]))
    return workspace.end(run, report)


def _apply(
    workspace: Workspace, run: str, operations: Sequence[Operation], flow: Flow, *, but_deletions: bool
) -> FlowResult:
    sync = workspace.flow_sync(flow, run=run)
    workspace.store.discard(run, flow.name)  # of an attempt that was killed before it began with any
    apply_exactly(sync, operations, but_deletions=but_deletions, progress=workspace.progress)
    return sync.result


def _applied(workspace: Workspace, run: Run, report: Report, flow: Flow) -> FlowResult:
    """What this flow came to, in this attempt or an earlier one; the caller settled it."""
    for operation, why in refused_lines(workspace.flow_sync(flow, run=run.id)):
        line = {"flow": flow.name, "side": operation.side.value, "action": operation.action.value}
        report.extra["refused"].append({**line, "id": operation.id_on(operation.side), "why": why})
    return workspace.report_of(run).flows[flow.name]


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
