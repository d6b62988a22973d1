"""The one file that knows the order: read, detect, match, merge, plan, guard, apply, remember.

One `FlowSync` is one flow in one run. It is started by `tallystick.runs`, which opens the systems, holds the scope and
decides what follows on a failure. Source: design/house.md, "One record's way"; spec/engine.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tallystick.engine import questions, verify
from tallystick.engine.apply import BATCH, Applier, Turn
from tallystick.engine.check import Checker
from tallystick.engine.context import Context
from tallystick.engine.detect import detect
from tallystick.engine.detected import Found
from tallystick.engine.found_again import FoundAgain
from tallystick.engine.guards import Approval, Tally, breaches, unapproved
from tallystick.engine.ledger import Ledger
from tallystick.engine.linking import Linker
from tallystick.engine.merge import Pair
from tallystick.engine.opening import Opening
from tallystick.engine.outbox import LAST
from tallystick.engine.outcomes import Applied
from tallystick.engine.pairs import PairPlanner
from tallystick.engine.plan import Planner
from tallystick.engine.reading import Reading
from tallystick.engine.result import FlowResult, Progress
from tallystick.engine.unconfirmed import Unconfirmed
from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.flow import Flow, OnNew, Scope
from tallystick.model.link import MatchKey, Standing
from tallystick.model.plan import FlowRun, Operation, OperationState, Review, RunKind, RunStatus
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.ports.world import Clock

ROUNDS: Final = 4
"""How often records that moved under a run are planned anew before they are left to the next run (E31)."""

_NOTHING: Final[Mapping[tuple[str, Side, str], str | None]] = {}


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
        planned: Mapping[tuple[str, Side, str], str | None] = _NOTHING,
        unasked: Side | None = None,
        unfiltered: Side | None = None,
        is_linking_only: bool = False,
        batch: int = BATCH,
        turn: Turn = nullcontext,
    ) -> None:
        """`folder` is for temporary files; `planned`, `unasked`, `unfiltered`: see `Context.of`;
        `is_linking_only`: links are found, nothing is created, changed or deleted (`links rebuild`);
        `batch`: how many operations a stage carries out at most; `turn`: held while anything is written.
        """
        self.context = Context.of(
            flow, scope, run, store, systems, clock, planned=planned, unasked=unasked, unfiltered=unfiltered
        )
        self.ledger = Ledger(self.context)
        self.applier = Applier(self.context, batch=batch, turn=turn)
        self.planned: dict[tuple[str, Side, str], str | None] = {}  # records a plan artefact links, and with whom
        self._folder = folder
        self._progress = progress
        self._is_linking_only = is_linking_only
        self._outside = unfiltered
        self._opening = Opening(self.context)
        self._next_seq = 0
        self._is_parking = False  # whether a plan parked records that wait
        if self.context.paused:
            paused = ", ".join(self.context.paused)
            self.result.notes.append(f"Paused, because a system no longer has the field: {paused}.")
        self._unconfirmed = Unconfirmed(flow)

    @property
    def result(self) -> FlowResult:
        return self.ledger.result

    # --- the whole way

    def sync(self, *, is_full: bool = False, approval: Approval = False) -> FlowResult:
        """Plans and, unless a guard holds it, applies. Source: spec/engine.md E24, E25."""
        for _ in self.stages(is_full=is_full, approval=approval):
            pass
        return self.result

    def stages(self, *, is_full: bool = False, approval: Approval = False) -> Iterator[int]:
        """The same, stage by stage: yields after the plan and after each batch how many operations it was."""
        yield from self._timed(self._stages(is_full=is_full, approval=approval))

    def _stages(self, *, is_full: bool, approval: Approval) -> Iterator[int]:
        self.plan(is_full=is_full, approval=approval)
        yield sum(sum(writes.values()) for writes in self.result.writes.values())
        if self.result.status is not RunStatus.HELD:
            yield from self.steps()

    def _timed(self, stages: Iterator[int]) -> Iterator[int]:
        """The time spent in each counts, not that between them."""
        while True:
            started = time.monotonic()
            try:
                count = next(stages, None)
            finally:
                self.result.seconds += time.monotonic() - started
            if count is None:
                return
            yield count

    def plan(self, *, is_full: bool = False, approval: Approval = False, is_artefact: bool = False) -> None:
        """Reads, detects, plans and guards; the operations are in the store, planned.

        `is_artefact`: a plan on its own, which asks nobody anything and remembers nothing but its operations.
        """
        ledger, result = self.ledger, self.result
        ledger.save(RunStatus.PLANNING)
        ledger.cursors = dict(self.context.state.cursors)
        readings = self._opening.everything(is_full=is_full)
        planner = self._planner()
        self._plan_readings(readings, planner, is_forced=bool(self.context.fresh), is_comparison=True)
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
        if self.context.state.last_full_at and (note := self._unconfirmed.note) is not None:
            result.notes.append(note)
        ledger.is_full = all(readings[side].is_full for side in SIDES)
        found = breaches(self.context.flow.guards, planner.tally, complete=ledger.listed)
        held = unapproved(found, approval)
        ledger.report(planner, is_artefact=is_artefact or bool(held))
        result.writes = {side: Counter(planner.tally.writes[side]) for side in SIDES}
        if is_artefact:
            result.held = held
            self._tell_planned()
            ledger.save(RunStatus.PLANNED)
        elif held:
            ledger.hold(held)
        else:
            ledger.is_guarded = True
            ledger.save(RunStatus.APPLYING)

    def _tell_planned(self) -> None:
        """What the flows that refer to this one may count on."""
        for operation in operations_of(self.context):
            if operation.action in (Action.CREATE, Action.LINK):
                for side in SIDES:
                    id_ = operation.id_on(side)
                    if id_ is not None:
                        self.planned[self.context.flow.name, side, id_] = operation.id_on(side.other)

    def plan_some(self, ids: Mapping[Side, Sequence[str]]) -> None:
        """Plans just these records, as they are now; what decisions, retries and replans go through."""
        planner = self._planner()
        self._plan_readings(self._opening.some(ids), planner, is_forced=False)
        self.ledger.report(planner, is_artefact=False)

    def ask_again(self, ids: Mapping[Side, Sequence[str]]) -> Mapping[questions.Key, Review]:
        """What would be asked about these records as they are now; nothing is planned or remembered (E17)."""
        planner = self._planner(is_kept=False)
        self._plan_readings(self._opening.some(ids), planner, is_forced=False)
        return planner.asked.reviews

    def add(self, operation: Operation, pair: Pair | None = None) -> None:
        """Adds an operation that was planned elsewhere, with the match keys it leads to. `pair`: as it was read."""
        planner = self._planner()
        planner.outbox.add((replace(operation, seq=planner.outbox.seq()),), pair)
        planner.finish()

    def keys(self, side: Side, values: Mapping[str, Value]) -> list[MatchKey]:
        """The match keys of a record of `side` that is not there yet."""
        return self._planner(is_kept=False).outbox.keys(side, [("", values)])

    def apply(self) -> None:
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[int]:
        """Applies what is planned, batch by batch, plans anew what moved meanwhile, remembers where to go on.

        Yields after each batch the number of operations it dealt with: a durable run makes each its own step.
        """
        applied = self.applier.applied
        for round_ in range(ROUNDS):
            while count := self.applier.step(self.context.run):
                self._progress("writing", count)
                yield count
            moved, applied.moved = applied.moved, []
            again = {side: [id_ for o in moved if (id_ := o.id_on(side)) is not None] for side in SIDES}
            linked, applied.linked = applied.linked, []
            woken = self._opening.woken(linked, is_parking=self._is_parking)
            self._is_parking = False
            for side in SIDES:
                again[side] += woken[side]
            if not any(again.values()):
                break
            if round_ == ROUNDS - 1:
                self.result.failed += len(moved)
                break
            self.context.references.forget()
            self.plan_some(again)
        self._finish(applied)

    def resume(self, flow_run: FlowRun, *, is_same_file: bool = True, kind: RunKind = RunKind.SYNC) -> FlowResult:
        """Goes on with a run of this kind that was killed: settles what it had sent, then carries out the rest (E29).

        A run killed while planning had written nothing: its plan is discarded. When the integration file changed
        since, what was sent is settled and the rest is dropped; the next plan finds it again. What moved since it was
        planned is planned anew; by an apply it is refused, and an undo leaves it.
        """
        for _ in self.resuming(flow_run, is_same_file=is_same_file, kind=kind):
            pass
        return self.result

    def resuming(self, flow_run: FlowRun, *, is_same_file: bool = True, kind: RunKind = RunKind.SYNC) -> Iterator[int]:
        """The same, stage by stage as `stages`."""
        yield from self._timed(self._resuming(flow_run, is_same_file=is_same_file, kind=kind))

    def _resuming(self, flow_run: FlowRun, *, is_same_file: bool, kind: RunKind) -> Iterator[int]:
        store, flow = self.context.store, self.context.flow.name
        if flow_run.status is RunStatus.PLANNING:
            store.discard(flow_run.run, flow)
        else:
            self.ledger.result = FlowResult.of_shown(flow, flow_run.counts)
            self.recall()
            self.applier.resume(self.context.run, can_resend=is_same_file)
            if is_same_file and kind in (RunKind.APPLY, RunKind.UNDO):
                if kind is RunKind.APPLY:
                    self.recheck(OperationState.REFUSED)
                while count := self.applier.step(self.context.run):
                    yield count
                self.conclude(refused=len(self.applier.applied.moved))
                return
            if is_same_file:
                self.recheck(OperationState.MOVED)
                self.ledger.cursors = dict(flow_run.cursors)
                self.ledger.is_full = flow_run.is_full
                yield from self.steps()
                return
            store.drop_planned(self.context.run, flow)
        self.result.status = RunStatus.FAILED
        store.save_flow_run(replace(flow_run, status=RunStatus.FAILED), self.context.scope)

    def recall(self) -> None:
        """Takes up what this run planned and did before: what is planned now comes after it."""
        for operation in operations_of(self.context):
            self._next_seq = max(self._next_seq, 1 + operation.seq % LAST)
            self.applier.applied.recall(operation)

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

    # --- planning

    def _planner(self, *, is_kept: bool = True) -> Planner:
        context = self.context

        def keep(operations: Sequence[Operation]) -> None:
            if not is_kept:
                return
            context.store.add_operations(context.scope, operations)
            self._unconfirmed.see(operations)
            self._next_seq = max(self._next_seq, 1 + max((o.seq % LAST for o in operations), default=-1))

        fresh = frozenset(
            f"{side.value}.{name}"
            for line in context.translator.lines
            if line.name in context.fresh
            for side in SIDES
            for name in line.fields(side)
        )
        return Planner(
            context.flow,
            context.run,
            context.translator,
            context.references,
            {side: Checker(context.types[side]) for side in SIDES},
            keep,
            FoundAgain(context),
            tally=Tally(
                linked=context.state.linked,
                fresh=fresh,
                unasked=frozenset(side for side in SIDES if not context.can(side).causes),
            ),
            fresh=context.fresh,
            first_seq=self._next_seq,
            is_linking_only=self._is_linking_only,
            outside=self._outside,
            watched=self.ledger.watched(),
        )

    def _plan_readings(
        self,
        readings: Mapping[Side, Reading],
        planner: Planner,
        *,
        is_forced: bool,
        is_comparison: bool = False,
    ) -> None:
        context = self.context
        detected = detect(context.store, context.scope, readings, is_forced=is_forced, folder=self._folder)
        try:
            pairs = PairPlanner(context, planner, detected.versions)
            changed = 0
            edited: dict[Side, set[str]] = {side: set() for side in SIDES}
            for chunk in detected.found():
                changed += len(chunk)
                _note_edited(chunk, edited)
                pairs.plan(chunk)
                self._progress("comparing", len(chunk))
            linker = Linker(context, planner)
            is_full = {side: readings[side].is_full for side in SIDES}
            is_known = context.state.linked > 0 or any(readings[side].unchanged for side in SIDES)
            found_again = planner.found_again
            for records in linker.link(detected, is_full=is_full, has_links=is_known):
                pairs.prefetch(records)
                answers = self._answers(records)
                for side, record in records:
                    if not (found_again.waits(side, record.id) or self._found_again(planner, side, record)):
                        planner.creations.new(side, record, answers=answers.get((side, record.id), ()))
                self._progress("planning", len(records))
            for side in SIDES:
                for unreadable in readings[side].unreadable:
                    planner.asked.unreadable(side, unreadable.id, unreadable.reason)
                planner.tally.gone[side] = detected.gone(side)
            planner.finish()
            self._is_parking |= any(one.standing is Standing.WAITING for one in planner.asked.parked)
            self.ledger.refresh(detected, self._opening.known)
            if is_comparison:
                self.result.missed = sum(self._opening.missed(s, edited[s]) for s in SIDES if readings[s].is_full)
            self.result.unchanged = max(0, context.state.linked - changed)
        finally:
            detected.close()

    def _found_again(self, planner: Planner, side: Side, record: Record) -> bool:
        """Links a record that a create without an answer has left there, by the link its partner had, if any (E28)."""
        partner = planner.found_again.partner(side, record)
        if partner is None:
            return False
        ends = {side: record, side.other: partner}
        had = self.context.store.links_of(self.context.scope, side.other, [partner.id])
        reason = "its create had lost its answer"
        planner.link(ends[Side.LEFT], ends[Side.RIGHT], {}, dormant=next(iter(had), None), reason=reason)
        return True

    def _answers(self, records: Sequence[tuple[Side, Record]]) -> dict[tuple[Side, str], list[Review]]:
        """What people decided about new records, where the flow asks about them."""
        context = self.context
        answers: dict[tuple[Side, str], list[Review]] = {}
        for side in SIDES:
            if context.flow.on.new[side] is OnNew.ASK:
                ids = [record.id for of, record in records if of is side]
                for review in context.store.reviews_of(context.scope, side, ids):
                    named = review.left_id if side is Side.LEFT else review.right_id
                    answers.setdefault((side, named or ""), []).append(review)
        return answers


def operations_of(context: Context) -> Iterator[Operation]:
    """All operations of the run, in order."""
    after = -1
    while found := context.store.operations(context.run, context.flow.name, after_seq=after, limit=5_000):
        yield from found
        after = found[-1].seq


def _note_edited(chunk: Sequence[Found], edited: Mapping[Side, set[str]]) -> None:
    """Adds the ids of records whose values changed since they were agreed on."""
    for found in chunk:
        for side in found.records:
            end = found.link.end(side)
            if end is not None and end.fingerprint != UNSETTLED:
                edited[side].add(end.id)
