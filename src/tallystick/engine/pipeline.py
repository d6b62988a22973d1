"""The one file that knows the order: read, plan (detect, match, merge: `planning`), guard, apply, remember.

One `FlowSync` is one flow in one run. It is started by `tallystick.runs`, which opens the systems, holds the scope and
decides what follows on a failure. Source: design/house.md, "One record's way"; spec/engine.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tallystick.engine import questions, verify
from tallystick.engine.apply import BATCH, NOTHING_LEFT, Applier, Leaving, Turn
from tallystick.engine.context import Context
from tallystick.engine.guards import Approval, Tally, breaches, passed, unapproved
from tallystick.engine.ledger import Ledger
from tallystick.engine.merge import Pair
from tallystick.engine.opening import Opening
from tallystick.engine.outcomes import Applied
from tallystick.engine.plan import Planner
from tallystick.engine.planning import Planning
from tallystick.engine.references import Foreseen
from tallystick.engine.result import FlowResult, Progress
from tallystick.model.flow import Flow, Scope
from tallystick.model.link import MatchKey, Standing
from tallystick.model.plan import FlowRun, Operation, OperationState, Review, RunKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.ports.world import Clock

ROUNDS: Final = 4
"""How often records that moved under a run are planned anew before they are left to the next run (E31)."""

_LINKS: Final = {Action.CREATE: 1, Action.LINK: 1, Action.DELETE: -1, Action.PART: -1}
"""How many more links are active once it is done."""


class FlowSync:
    """One flow of one run. Raises as `Context.of` when the flow does not fit its systems."""

    def __init__(
        self,
        flow: Flow,
        scope: Scope,
        run: str,
        store: Store,
        systems: Mapping[Side, System],
        clock: Clock,
        *,
        folder: Path,
        progress: Progress = lambda what, count: None,
        foreseen: Foreseen | None = None,
        unasked: Side | None = None,
        unfiltered: Side | None = None,
        is_linking_only: bool = False,
        batch: int = BATCH,
        turn: Turn = nullcontext,
    ) -> None:
        """`folder` is for temporary files; `foreseen`, `unasked`, `unfiltered`: see `Context.of`;
        `is_linking_only`: links are found, nothing is created, changed or deleted (`links rebuild`);
        `batch`: how many operations a stage carries out at most; `turn`: held while anything is written.
        """
        self.context = Context.of(
            flow, scope, run, store, systems, clock, foreseen=foreseen, unasked=unasked, unfiltered=unfiltered
        )
        self.ledger = Ledger(self.context)
        self.applier = Applier(self.context, batch=batch, turn=turn)
        self._foreseen = foreseen or Foreseen()
        self._tally = Tally()
        self._progress = progress
        self._is_linking_only = is_linking_only
        self._linked_by_run = 0  # active links that it has made (or ended, below 0) before it was opened here
        self._opening = Opening(self.context)
        self._planning = Planning(
            self.context,
            self.ledger,
            self._opening,
            folder=folder,
            progress=progress,
            outside=unfiltered,
            is_linking_only=is_linking_only,
        )
        if self.context.paused:
            paused = ", ".join(self.context.paused)
            self.result.notes.append(f"Paused, because a system no longer has the field: {paused}.")

    @property
    def result(self) -> FlowResult:
        return self.ledger.result

    # --- the whole way

    def sync(self, *, is_full: bool = False, approval: Approval = False) -> FlowResult:
        """Plans and, unless a guard holds it, applies. Source: spec/engine.md E24, E25."""
        for _ in self.stages(is_full=is_full, approval=approval):
            pass
        return self.result

    def stages(
        self, *, is_full: bool = False, approval: Approval = False, leaving: Leaving = NOTHING_LEFT
    ) -> Iterator[int]:
        """The same, stage by stage: yields after the plan and after each batch how many operations it was.

        `leaving`: where there is any of that, the flow is left applying, and goes on as `resuming` does.
        """
        yield from self._timed(self._stages(is_full=is_full, approval=approval, leaving=leaving))

    def _stages(self, *, is_full: bool, approval: Approval, leaving: Leaving) -> Iterator[int]:
        self.plan(is_full=is_full, approval=approval)
        yield sum(sum(writes.values()) for writes in self.result.writes.values())
        if self.result.status is not RunStatus.HELD:
            yield from self.steps(leaving, approval=approval)

    def _timed(self, stages: Iterator[int]) -> Iterator[int]:
        """The time spent in each counts, not that between them."""
        while True:
            with self.ledger.timed():
                count = next(stages, None)
            if count is None:
                return
            yield count

    def plan(self, *, is_full: bool = False, approval: Approval = False, is_artefact: bool = False) -> None:
        """Reads, detects, plans and guards; the operations are in the store, planned.

        `is_artefact`: a plan on its own, which asks nobody anything, holds nothing and remembers nothing but its
        operations and what it makes foreseen.
        """
        ledger, result = self.ledger, self.result
        ledger.save(RunStatus.PLANNING)
        ledger.cursors = dict(self.context.state.cursors)
        readings = self._opening.everything(is_full=is_full)
        planner = self._planning.planner()
        self._planning.plan(readings, planner, is_forced=bool(self.context.fresh), is_comparison=True)
        for side in SIDES:
            end = readings[side].end
            is_complete = end is not None and end.is_complete
            result.read[side], result.complete[side] = readings[side].count, is_complete
            if not is_complete:
                why = end.reason if end is not None and end.reason else "it broke off"
                result.notes.append(f"The {side.value} listing is incomplete: {why}. Nothing counts as deleted.")
            if end is not None and end.is_complete:
                ledger.cursors[side] = end.cursor
            planner.tally.read[side] = readings[side].count
            ledger.listed[side] = readings[side].is_complete
        if self.context.state.last_full_at and (note := self._planning.unconfirmed.note) is not None:
            result.notes.append(note)
        ledger.is_full = all(readings[side].is_full for side in SIDES)
        self._tally = planner.tally
        if is_artefact:
            self._foresee(planner)
            return
        held = unapproved(breaches(self.context.flow.guards, planner.tally, complete=ledger.listed), approval)
        ledger.report(planner, is_artefact=bool(held))
        result.writes = {side: Counter(planner.tally.writes[side]) for side in SIDES}
        if held:
            ledger.hold(held, self.applier.applied.writes)
        else:
            ledger.is_guarded = True
            ledger.save(RunStatus.APPLYING)

    def plan_again(self) -> None:
        """Adds to a plan artefact what becomes of the records that wait, by what is foreseen now (E24, E26)."""
        waiting = [one for one in self._foreseen.waits if one[0] == self.context.flow.name]
        planner = self._planning.planner()
        ids = {side: [id_ for _, s, id_ in waiting if s is side] for side in SIDES}
        self._planning.plan(self._opening.some(ids), planner, is_forced=False)
        for side in SIDES:
            self._tally.writes[side] += planner.tally.writes[side]
        self._foresee(planner)

    def _foresee(self, planner: Planner) -> None:
        """Reports what was added to a plan artefact, and what flows that refer to this one may count on."""
        name, foreseen = self.context.flow.name, self._foreseen
        for one in planner.asked.parked:
            if one.standing is Standing.WAITING and one.waits_for is not None:
                foreseen.waits[name, one.side, one.id] = one.waits_for
        for operation in operations_of(self.context):
            if operation.action in (Action.CREATE, Action.LINK):
                for side in SIDES:
                    id_ = operation.id_on(side)
                    if id_ is not None:
                        foreseen.partners[name, side, id_] = operation.id_on(side.other)
                        foreseen.waits.pop((name, side, id_), None)
        self.ledger.report(planner, is_artefact=True)
        self.result.writes = {side: Counter(self._tally.writes[side]) for side in SIDES}
        self.result.held = breaches(self.context.flow.guards, self._tally, complete=self.ledger.listed)
        self.ledger.save(RunStatus.PLANNED)

    def plan_some(self, ids: Mapping[Side, Sequence[str]]) -> None:
        """Plans just these records, as they are now; what decisions, retries and replans go through."""
        planner = self._planning.planner()
        self._planning.plan(self._opening.some(ids), planner, is_forced=False)
        self.ledger.report(planner, is_artefact=False)

    def ask_again(self, ids: Mapping[Side, Sequence[str]]) -> Mapping[questions.Key, Review]:
        """What would be asked about these records as they are now; nothing is planned or remembered (E17)."""
        planner = self._planning.planner(is_kept=False)
        self._planning.plan(self._opening.some(ids), planner, is_forced=False)
        return planner.asked.reviews

    def add(self, operation: Operation, pair: Pair | None = None) -> None:
        """Adds an operation that was planned elsewhere, with the match keys it leads to. `pair`: as it was read."""
        planner = self._planning.planner()
        planner.outbox.add((replace(operation, seq=planner.outbox.seq()),), pair)
        planner.finish()

    def keys(self, side: Side, values: Mapping[str, Value]) -> list[MatchKey]:
        """The match keys of a record of `side` that is not there yet."""
        return self._planning.planner(is_kept=False).outbox.keys(side, [("", values)])

    def apply(self) -> None:
        """Carries out what is planned because a person said so: no guard holds what follows from it."""
        for _ in self.steps(approval=True):
            pass

    def steps(
        self, leaving: Leaving = NOTHING_LEFT, *, approval: Approval = False, is_resumed: bool = False
    ) -> Iterator[int]:
        """Applies what is planned, batch by batch, plans anew what moved meanwhile, remembers where to go on.

        Yields after each batch the number of operations it dealt with: a durable run makes each its own step.
        `leaving`: where there is any of that, the flow is left applying. `is_resumed`: what waits for records that came
        meanwhile is planned too. What is planned here goes through the guards with the rest of the run (E25).
        """
        applied = self.applier.applied
        if is_resumed and self._is_held(approval):
            return
        for round_ in range(ROUNDS):
            while count := self.applier.step(self.context.run, leaving):
                self._progress("writing", count)
                yield count
            moved, applied.moved = applied.moved, []
            again = {side: [id_ for o in moved if (id_ := o.id_on(side)) is not None] for side in SIDES}
            linked, applied.linked = applied.linked, []
            woken = self._opening.woken(linked, is_parking=self._planning.is_parking)
            self._planning.is_parking = False
            arrived = self._opening.arrived() if is_resumed and round_ == 0 else {}
            for side in SIDES:
                again[side] += [*woken[side], *arrived.get(side, ())]
            if not any(again.values()):
                break
            if round_ == ROUNDS - 1:
                self.result.failed += len(moved)
                break
            self.context.references.forget()
            self.plan_some(again)
            if self._is_held(approval):
                return
        if self.applier.planned(self.context.run) or self._opening.waits_for(leaving.waits_for):
            self.ledger.clear_reviews()  # what this run looked at is known to it alone
            self.ledger.save(RunStatus.APPLYING)
        else:
            self._finish(applied)

    def _is_held(self, approval: Approval) -> bool:
        """Holds what is still planned where the run, with that, does more than its guards allow and than passed them.

        Source: spec/engine.md E17, E25.
        """
        applied, result = self.applier.applied, self.result
        linked = self.context.state.linked - self._linked_by_run
        tally = Tally(linked=linked, writes={side: Counter(applied.writes[side]) for side in SIDES})
        for operation in operations_of(self.context, (OperationState.PLANNED,)):
            if operation.action.is_write:
                tally.writes[operation.side][operation.action] += 1
        found = unapproved(breaches(self.context.flow.guards, tally, complete={}), approval)
        if held := unapproved(found, passed(result.writes)):
            self.ledger.hold(held, applied.writes)
            return True
        most = {side: result.writes[side] | tally.writes[side] for side in SIDES}
        if most != result.writes:
            result.writes = most
            self.ledger.save(RunStatus.APPLYING)
        return False

    def resume(self, flow_run: FlowRun, *, is_same_file: bool = True, kind: RunKind = RunKind.SYNC) -> FlowResult:
        """Goes on with a run of this kind that was killed: settles what it had sent, then carries out the rest (E29).

        A run killed while planning had written nothing: its plan is discarded. When the integration file changed
        since, what was sent is settled and the rest is dropped; the next plan finds it again. What moved since it was
        planned is planned anew; by an apply it is refused. (An undo goes on as a whole: `FlowUndo`.)
        """
        for _ in self.resuming(flow_run, is_same_file=is_same_file, kind=kind):
            pass
        return self.result

    def resuming(
        self,
        flow_run: FlowRun,
        *,
        is_same_file: bool = True,
        kind: RunKind = RunKind.SYNC,
        approval: Approval = False,
        leaving: Leaving = NOTHING_LEFT,
    ) -> Iterator[int]:
        """The same, stage by stage as `stages`. `approval`: what the run was let pass; a person's answer passes."""
        approval = approval if kind is RunKind.SYNC else True
        stages = self._resuming(flow_run, is_same_file=is_same_file, kind=kind, approval=approval, leaving=leaving)
        yield from self._timed(stages)

    def _resuming(
        self, flow_run: FlowRun, *, is_same_file: bool, kind: RunKind, approval: Approval, leaving: Leaving
    ) -> Iterator[int]:
        store, flow = self.context.store, self.context.flow.name
        if flow_run.status is RunStatus.PLANNING:
            store.discard(flow_run.run, flow)
        else:
            self.ledger.result = FlowResult.of_shown(flow, flow_run.counts)
            self.recall()
            self.applier.resume(self.context.run, can_resend=is_same_file)
            if is_same_file and kind is RunKind.APPLY:
                refused = len(self.recheck(OperationState.REFUSED))
                while count := self.applier.step(self.context.run, leaving):
                    yield count
                if not self.applier.planned(self.context.run):
                    self.conclude(refused=refused + len(self.applier.applied.moved))
                return
            if is_same_file:
                self.recheck(OperationState.MOVED)
                self.ledger.take_up(flow_run)
                yield from self.steps(leaving, approval=approval, is_resumed=True)
                return
            store.drop_planned(self.context.run, flow)
        self.result.status = RunStatus.FAILED
        store.save_flow_run(replace(flow_run, status=RunStatus.FAILED), self.context.scope)

    def recall(self) -> None:
        """Takes up what this run planned and did before: what is planned now comes after it."""
        for operation in operations_of(self.context):
            self._planning.take_up([operation])
            self.applier.applied.recall(operation)
            if operation.state is OperationState.DONE:
                self._linked_by_run += _LINKS.get(operation.action, 0)

    def recheck(self, state: OperationState) -> list[Operation]:
        """Gives this state to planned operations whose ground moved since; they are not carried out (E24, E31)."""
        context = self.context
        found: list[Operation] = []
        after = -1
        while planned := context.store.operations(
            context.run, context.flow.name, (OperationState.PLANNED,), after_seq=after, limit=1_000
        ):
            after = planned[-1].seq
            reasons = verify.moved(planned, context.scope, context.store, context.systems, context.selections)
            moved = [replace(o, state=state, message=reasons[o.number]) for o in planned if o.number in reasons]
            self.applier.put_aside(moved)
            found += moved
        return found

    def conclude(self, *, refused: int = 0) -> None:
        """The result of a run that carries out what it was given, reads nothing and moves no cursor."""
        applied, result = self.applier.applied, self.result
        result.writes = applied.writes
        result.refused = applied.refused + refused
        result.failed, result.unknown = applied.failed, applied.unknown
        is_partial = bool(result.failed or result.refused or result.unknown)
        result.status = RunStatus.PARTIAL if is_partial else RunStatus.DONE
        self.ledger.save(result.status)

    def _finish(self, applied: Applied) -> None:
        """Cursors last, and only when everything read has been dealt with (E3)."""
        context, ledger, result = self.context, self.ledger, self.result
        result.writes = applied.writes
        result.refused = applied.refused
        result.failed += applied.failed
        is_clean = not result.failed
        state = context.store.scope(context.scope)
        context.store.save_scope(
            context.scope,
            replace(
                state,
                cursors={side: ledger.cursors.get(side) for side in SIDES} if is_clean else state.cursors,
                maps=context.maps if is_clean and (ledger.is_whole or not context.fresh) else state.maps,
                last_full_at=context.now() if ledger.is_whole and is_clean else state.last_full_at,
            ),
        )
        ledger.clear_reviews()
        ledger.count_reviews()
        is_partial = bool(result.failed or result.refused or applied.unknown)
        result.status = RunStatus.PARTIAL if is_partial else RunStatus.DONE
        if not self._is_linking_only:  # whoever finds links says when all are found
            ledger.save(result.status)


def operations_of(context: Context, states: Sequence[OperationState] = ()) -> Iterator[Operation]:
    """All operations of the run, or those in these states, in order."""
    after = -1
    while found := context.store.operations(context.run, context.flow.name, states, after_seq=after, limit=5_000):
        yield from found
        after = found[-1].seq
