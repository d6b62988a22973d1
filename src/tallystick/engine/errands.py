"""The other ways into a flow: a plan applied exactly, a person's answer carried out.

They use the same planner, applier and guards as a sync. Source: spec/engine.md E17, E24; scenarios S3, S25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.apply import NOTHING_LEFT, Leaving
from tallystick.engine.context import Context
from tallystick.engine.pipeline import FlowSync, operations_of
from tallystick.engine.result import Progress
from tallystick.model.link import LinkState
from tallystick.model.plan import Decision, Operation, OperationState, Parked, Review, ReviewKind, RunStatus, Take
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.ports.store import Commit


def apply_exactly(
    sync: FlowSync,
    operations: Sequence[Operation],
    *,
    leaving: Leaving = NOTHING_LEFT,
    progress: Progress = lambda what, count: None,
) -> None:
    """Does exactly these operations, but for those that rest on what moved: these are refused (E24, S25).

    `leaving`: where there is any of that, the flow is left applying, and goes on as `FlowSync.resuming` does.
    """
    context = sync.context
    with sync.ledger.timed():
        context.store.add_operations(context.scope, operations)
        sync.ledger.save(RunStatus.APPLYING)  # killed before this it has not begun
        refused = len(sync.recheck(OperationState.REFUSED))
        while count := sync.applier.step(context.run, leaving):
            progress("writing", count)
        if sync.applier.planned(context.run):
            sync.ledger.save(RunStatus.APPLYING)
        else:
            moved = [operation for operation in sync.applier.applied.moved if operation.action is not Action.RELINK]
            sync.conclude(refused=refused + len(moved))


def refused_lines(sync: FlowSync) -> list[tuple[Operation, str]]:
    """The operations of a plan that were not carried out because what they rest on moved, each with the reason."""
    states = (OperationState.REFUSED, OperationState.MOVED)
    return [
        (
            operation,
            operation.message if operation.state is OperationState.REFUSED else "the record was changed since the plan",
        )
        for operation in operations_of(sync.context, states)
        if operation.state is OperationState.MOVED or not operation.attempts  # else the system refused it
    ]


def decide(sync: FlowSync, reviews: Sequence[Review], decision: Decision, ids: Mapping[Side, Sequence[str]]) -> None:
    """Carries out a person's answer to these questions, which is in the store already (E17)."""
    with sync.ledger.timed():
        _decide(sync, reviews, decision, ids)


def _decide(sync: FlowSync, reviews: Sequence[Review], decision: Decision, ids: Mapping[Side, Sequence[str]]) -> None:
    sync.ledger.save(RunStatus.APPLYING)
    for review in reviews:
        _release(sync.context, review, decision)
    wanted = {side: list(ids.get(side, ())) for side in SIDES}
    if decision.partner is not None:  # the record that a person points at has to be read too
        for review in reviews:
            for side, _ in questions.named(questions.key_of(review)):
                wanted[side.other].append(decision.partner)
    sync.plan_some(wanted)
    sync.ledger.cursors = dict(sync.context.store.scope(sync.context.scope).cursors)
    sync.apply()


def _release(context: Context, review: Review, decision: Decision) -> None:
    """What an answer frees before the records are planned again."""
    named = [(s, i) for s, i in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)) if i is not None]
    store, scope = context.store, context.scope
    if review.kind is ReviewKind.UNKNOWN and decision.take is Take.CREATE:
        store.park(scope, Parked(forget=tuple(named)))  # a person says it is not there
    elif review.kind is ReviewKind.COLLISION and decision.take in (Take.LINK, Take.CREATE):
        side = Side(review.topic)
        for link in store.links_of(scope, side, [id_ for s, id_ in named if s is side]):
            if decision.take is Take.CREATE:  # the id starts anew, its old partner keeps resting
                link = replace(link.with_end(side, None), state=LinkState.DORMANT, cause=f"{side.value} collision")
            else:  # the same record after all: first contact again
                link = replace(link.unsettled(base={}), state=LinkState.ACTIVE, cause="")
            store.commit(scope, Commit(operations=(), links=[link]))
