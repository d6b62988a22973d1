"""The link table of an integration: written out as lines, taken back, found again. Source: spec/engine.md E34."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tallystick.engine.result import FlowResult
from tallystick.errors import ConfigurationError
from tallystick.model.flow import Flow
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.plan import RunKind
from tallystick.model.side import SIDES, Side
from tallystick.runs.report import Report

if TYPE_CHECKING:
    from tallystick.runs.workspace import Workspace


def export(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """The link table, one line per link."""
    for flow in workspace.integration.flows:
        for link in workspace.store.all_links(workspace.scope(flow)):
            yield line_of(flow.name, link)


def restore(workspace: Workspace, lines: Iterable[Mapping[str, Any]]) -> int:
    """Keeps these links instead of those of the flows they name; how many. All or nothing per flow."""
    by_flow: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        by_flow.setdefault(str(line.get("flow", "")), []).append(line)
    count = 0
    for flow in workspace.chosen(sorted(by_flow)) if by_flow else []:
        scope = workspace.scope(flow)
        with workspace.store.exclusive(scope):
            count += workspace.store.replace_links(scope, [link_of(line) for line in by_flow[flow.name]])
    return count


def rebuild(workspace: Workspace) -> Report:
    """Finds links again from both sides; nothing is created, changed or deleted."""
    run = workspace.begin(RunKind.REBUILD)
    report = Report(run=run.id)
    for flow in workspace.chosen(()):
        workspace.guarded(run, report, flow, lambda one: rebuilt(workspace, one, run.id))
    return workspace.end(run, report)


def rebuilt(workspace: Workspace, flow: Flow, run: str) -> FlowResult:
    """First what both filters let through; then records that had left a filter, whose links rest.

    The flow's part of the run ends with both, not before: where it was killed, the next run of the flow does the
    whole again (E29), else it would take what was not linked yet for new. The caller holds the scope.
    """
    workspace.store.discard(run, flow.name)
    first = workspace.flow_sync(flow, run=run, is_linking_only=True)
    first.recall()
    first.sync(is_full=True, approval=True)
    for side in SIDES:
        if flow.end(side).selection.where is not None:
            beyond = workspace.flow_sync(flow, run=run, is_linking_only=True, unfiltered=side)
            beyond.recall()
            beyond.sync(is_full=True, approval=True)
            first.result.situations["definite"] += beyond.result.situations["definite"]
    first.ledger.count_reviews()
    first.ledger.save(first.result.status)
    return first.result


def line_of(flow: str, link: Link) -> dict[str, Any]:
    return {
        "flow": flow,
        **{side.value: _end_of(link.end(side)) for side in SIDES},
        "state": link.state.value,
        "cause": link.cause,
        "evidence": dict(link.evidence),
    }


def _end_of(end: LinkEnd | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {"id": end.id, "version": end.version, "fingerprint": end.fingerprint, "base": dict(end.base)}


def link_of(line: Mapping[str, Any]) -> Link:
    """The link of one line. Raises ConfigurationError when it is not a line of an export."""
    try:
        ends = {side: _end(line[side.value]) for side in SIDES}
        return Link(
            number=0,
            left=ends[Side.LEFT],
            right=ends[Side.RIGHT],
            state=LinkState(line.get("state", "active")),
            cause=str(line.get("cause", "")),
            evidence=dict(line.get("evidence", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"A line of the file is not a link ({error}).", hint="Use a file written by `tallystick links export`."
        ) from error


def _end(cell: Mapping[str, Any] | None) -> LinkEnd | None:
    if cell is None:
        return None
    return LinkEnd(
        id=str(cell["id"]), fingerprint=int(cell["fingerprint"]), version=cell.get("version"), base=dict(cell["base"])
    )
