"""Links taken apart and made by hand. Source: design/house.md "ops/"; spec/engine.md E16; spec/scenarios.md S12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from tallystick.engine import errands
from tallystick.errors import AlreadyDecided, InputRefused, NotFound
from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.flow import Flow
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.plan import Decision, Operation, OperationState, Parked, Run, RunKind, Take
from tallystick.model.record import Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.ports.store import Commit, LinkTaken
from tallystick.runs.report import Report
from tallystick.runs.workspace import Workspace
from tallystick.server.ops.opened import workspace_of
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.state.of_hub import looking

CHANGE: Final = "ops.change_link"
BY_HAND: Final = "unlinked by hand"


def unlink(actor: Actor, number: int, *, note: str = "") -> str:
    """Lets the link rest: both records stay, nothing flows, and they are not linked again by themselves; gives the run.

    Raises NotAllowed, NotFound, AlreadyDecided (it rests), ScopeBusy.
    """
    actor.check(CHANGE)
    found = looking().linked(number)
    if found is None:
        raise NotFound(f"There is no link {number}.", hint="It may have been taken apart already.")
    with workspace_of(found.scope.integration, actor.name) as workspace:
        (flow,) = workspace.chosen([found.scope.flow])
        with workspace.store.exclusive(found.scope):
            workspace.settle(flow)
            links = workspace.store.links(found.scope, [number])
            if not links or links[0].state is LinkState.DORMANT:
                raise AlreadyDecided(f"The link {number} rests already.", hint="Load the page again.")
            run = workspace.begin(RunKind.DECIDE)
            resting = replace(links[0], state=LinkState.DORMANT, cause=BY_HAND)
            workspace.store.commit(found.scope, Commit(operations=(), links=[resting]))
            _write_down(workspace, flow, run, Action.PART, resting, BY_HAND, actor, note)
            _end(workspace, flow, run)
    audit(
        actor,
        "ops.unlink",
        subject_type="link",
        subject_id=str(number),
        subject_name=_told(links[0]),
        details={"integration": found.scope.integration, "flow": found.scope.flow, "note": note, "run": run.id},
    )
    return run.id


def link(actor: Actor, integration: str, flow_name: str, left: str, right: str, *, note: str = "") -> str:
    """Links two records by hand and brings them into agreement as at first contact; gives the run.

    Links of either that rest are given up. Raises NotAllowed, InputRefused (a record is not there, or is linked
    already), NotFound, ScopeBusy.
    """
    actor.check(CHANGE)
    ids = {Side.LEFT: left.strip(), Side.RIGHT: right.strip()}
    if missing := {side.value: "Which record?" for side in SIDES if not ids[side]}:
        raise InputRefused("Name both records by their ids.", fields=missing)
    with workspace_of(integration, actor.name) as workspace:
        (flow,) = workspace.chosen([flow_name])
        scope = workspace.scope(flow)
        with workspace.store.exclusive(scope):
            workspace.settle(flow)
            sync = workspace.flow_sync(flow, run="")
            for side in SIDES:
                _check_there(sync.context.systems[side].fetch(sync.context.selections[side], [ids[side]]), side, ids)
            resting = _resting(workspace, flow, ids)
            run = workspace.begin(RunKind.DECIDE)
            evidence: Mapping[str, Any] = {"rule": "by hand", "decided_by": actor.name}
            ends = {side: LinkEnd(id=ids[side], fingerprint=UNSETTLED) for side in SIDES}
            fresh = Link(number=0, left=ends[Side.LEFT], right=ends[Side.RIGHT], evidence=evidence)
            known = Parked(forget=tuple((side, ids[side]) for side in SIDES))
            try:
                workspace.store.commit(
                    scope,
                    Commit(operations=(), links=[fresh], removed_links=[one.number for one in resting], parked=known),
                )
            except LinkTaken as taken:
                raise _taken(taken.side, taken.id) from taken
            sync = workspace.flow_sync(flow, run=run.id)
            (made,) = workspace.store.links_of(scope, Side.LEFT, [ids[Side.LEFT]])
            errands.decide(sync, [], Decision(take=Take.LINK, by=actor.name), {side: [ids[side]] for side in SIDES})
            _write_down(workspace, flow, run, Action.LINK, made, "linked by hand", actor, note, seq=1 << 39)
            workspace.end(run, Report(run=run.id, flows={flow.name: sync.result}))
    audit(
        actor,
        "ops.link",
        subject_type="link",
        subject_id=str(made.number),
        subject_name=_told(made),
        details={"integration": integration, "flow": flow_name, "note": note, "run": run.id},
    )
    return run.id


def _check_there(batch: Any, side: Side, ids: Mapping[Side, str]) -> None:
    found: list[Record] = list(records_of(batch.records))
    if not any(record.id == ids[side] for record in found):
        raise InputRefused(
            f"The {side.value} system has no record {ids[side]} that this flow covers.",
            fields={side.value: "There is no such record, or the flow's filter leaves it out."},
        )


def _resting(workspace: Workspace, flow: Flow, ids: Mapping[Side, str]) -> list[Link]:
    """The links of these ids, all of which must rest."""
    found: dict[int, Link] = {}
    for side in SIDES:
        for one in workspace.store.links_of(workspace.scope(flow), side, [ids[side]]):
            if one.state is LinkState.ACTIVE:
                raise _taken(side, ids[side])
            found[one.number] = one
    return list(found.values())


def _taken(side: Side, id_: str) -> InputRefused:
    return InputRefused(
        f"The {side.value} record {id_} is linked already.",
        hint="Unlink it first; then link it anew.",
        fields={side.value: "It is linked already."},
    )


def _write_down(
    workspace: Workspace,
    flow: Flow,
    run: Run,
    action: Action,
    of: Link,
    reason: str,
    actor: Actor,
    note: str,
    *,
    seq: int = 0,
) -> None:
    """One line of the journal; it wrote to no system."""
    line = Operation(
        run=run.id,
        seq=seq,
        flow=flow.name,
        action=action,
        side=Side.LEFT,
        left_id=of.left.id if of.left else None,
        right_id=of.right.id if of.right else None,
        link=of.number or None,
        reason=f"{reason}: {note}" if note else reason,
        evidence={"decided_by": actor.name},
        state=OperationState.DONE,
        at=workspace.clock.now().isoformat(),
    )
    workspace.store.add_operations(workspace.scope(flow), [line])


def _end(workspace: Workspace, flow: Flow, run: Run) -> None:
    sync = workspace.flow_sync(flow, run=run.id)
    sync.conclude()
    workspace.end(run, Report(run=run.id, flows={flow.name: sync.result}))


def _told(of: Link) -> str:
    return " – ".join(end.id for end in (of.left, of.right) if end is not None)
