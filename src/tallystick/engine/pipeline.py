"""The one file that knows the order: read, detect, translate, match, merge, plan, guard, apply, remember.

One `FlowSync` is one flow in one run. It is started by `tallystick.runs`, which opens the systems, holds the scope and
decides what follows on a failure. Source: design/house.md, "One record's way"; spec/engine.md.
"""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tallystick.engine import questions, reading, verify
from tallystick.engine.apply import Applied, Applier, References
from tallystick.engine.check import Checker
from tallystick.engine.detect import Detected, Found, Reading, detect
from tallystick.engine.explain import Explainer, Explanation
from tallystick.engine.guards import Breach, Tally, breaches
from tallystick.engine.identity import is_same_identity
from tallystick.engine.linking import Linker
from tallystick.engine.plan import LAST, Planner
from tallystick.engine.translate import Translator
from tallystick.engine.undo import compensate
from tallystick.errors import UnknownField, UnknownRecordType
from tallystick.model.fingerprint import UNSETTLED, fingerprint
from tallystick.model.flow import Flow, Scope
from tallystick.model.link import Link, LinkState, Standing
from tallystick.model.plan import (
    Decision,
    FlowRun,
    Operation,
    OperationState,
    Parked,
    Review,
    ReviewKind,
    RunStatus,
    ScopeState,
    Take,
)
from tallystick.model.record import Absence, Cause, Record, records_of
from tallystick.model.schema import RecordType
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.store import Commit, Store
from tallystick.ports.system import System
from tallystick.ports.world import Clock

ROUNDS: Final = 4
"""How often records that moved under a run are planned anew before they are left to the next run (E31)."""
FIGHT: Final = 4
"""So many writes to and fro of the same values, and two systems count as fighting over a field (E22)."""

Progress = Callable[[str, int], None]
"""Called with what is being done ("reading", "writing") and how many records of it are done."""


@dataclass(slots=True, kw_only=True)
class FlowResult:
    """What one flow's part of a run came to; `shown` is its part of `sync --json`."""

    flow: str
    status: RunStatus = RunStatus.DONE
    read: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    complete: dict[Side, bool] = field(default_factory=lambda: dict.fromkeys(SIDES, False))
    writes: dict[Side, Counter[Action]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    unchanged: int = 0
    conflicts: int = 0
    ignored: int = 0
    reviews: int = 0
    rejects: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    missed: int = 0  # changes that only the full comparison found (E3)
    held: list[Breach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences: paused fields, incomplete listings
    situations: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def needs_person(self) -> bool:
        return bool(self.held or self.conflicts or self.reviews or self.rejects or self.refused or self.unknown)

    def shown(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "read": {**{s.value: self.read[s] for s in SIDES}, "complete": {s.value: self.complete[s] for s in SIDES}},
            "writes": {
                side.value: {
                    action.value: self.writes[side][action] for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
                }
                for side in SIDES
            },
            "unchanged": self.unchanged,
            "conflicts": self.conflicts,
            "ignored": self.ignored,
            "reviews": self.reviews,
            "rejects": self.rejects,
            "refused": self.refused,
            "failed": self.failed,
            "unknown": self.unknown,
            "missed": self.missed,
            "held": [breach.shown() for breach in self.held],
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


class FlowSync:
    """One flow of one run.

    Raises UnknownRecordType or UnknownField at once when the flow does not fit its systems and never did; a field
    that was there in an earlier run and is gone now pauses its field map instead (E11).
    """

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
        planned: Iterable[tuple[str, Side, str]] = (),
        is_linking_only: bool = False,
    ) -> None:
        """`folder` is for temporary files; `planned`: records that earlier flows of the same plan will create;
        `is_linking_only`: links are found, nothing is created, changed or deleted (`links rebuild`).
        """
        self._flow = flow
        self._scope = scope
        self._run = run
        self._store = store
        self._systems = systems
        self._clock = clock
        self._folder = folder
        self._progress = progress
        self._is_linking_only = is_linking_only
        self._known = {side: reading.KnownVersions(store, scope, side) for side in SIDES}
        self._state = store.scope(scope)
        self._types = {side: _record_type(flow, side, systems[side]) for side in SIDES}
        self._paused = _paused(flow, self._types, self._state)
        self._references = References(store, scope)
        for record in planned:
            self._references.plan(*record)
        self._translator = Translator(
            flow,
            {side: {f.name: f for f in self._types[side].fields} for side in SIDES},
            references=self._references,
            paused=self._paused,
        )
        self._selections: dict[Side, Selection] = {
            side: replace(flow.end(side).selection, fields=self._translator.fields(side)) for side in SIDES
        }
        self._maps = {line.name: line.fingerprint for line in flow.maps if line.name not in self._paused}
        known = self._state.maps
        self._fresh = (
            frozenset(name for name, print_ in self._maps.items() if known.get(name) != print_)
            if known
            else frozenset()
        )
        self._applier = Applier(
            flow,
            scope,
            store,
            systems,
            {side: self._types[side].capabilities for side in SIDES},
            {side: self._selections[side].fields for side in SIDES},
            self._references,
            clock,
        )
        self._cursors: dict[Side, str | None] = {}
        self._is_full = False
        self._next_seq = 0
        self._is_guarded = False  # whether a whole plan passed the guards in this run
        self._raised: set[questions.Key] = set()
        self._evaluated: set[tuple[Side, str]] = set()
        self._listed: dict[Side, bool] = {}
        self.planned: set[tuple[str, Side, str]] = set()  # records this plan will create a partner for
        self.result = FlowResult(flow=flow.name)
        if self._paused:
            self.result.notes.append(f"Paused, because a system no longer has the field: {', '.join(self._paused)}.")

    # --- the whole way

    def sync(self, *, is_full: bool = False, is_approved: bool = False) -> FlowResult:
        """Plans and, unless a guard holds it, applies. Source: spec/engine.md E24, E25."""
        started = time.monotonic()
        try:
            self.plan(is_full=is_full, is_approved=is_approved)
            if self.result.status is not RunStatus.HELD:
                self.apply()
        finally:
            self.result.seconds += time.monotonic() - started
        return self.result

    def plan(self, *, is_full: bool = False, is_approved: bool = False, is_artefact: bool = False) -> None:
        """Reads, detects, plans and guards; the operations are in the store, planned.

        `is_artefact`: a plan on its own, which asks nobody anything and remembers nothing but its operations.
        """
        self._save(RunStatus.PLANNING)
        self._cursors, readings, hints = self._open(is_full=is_full)
        planner = self._planner()
        self._plan_readings(readings, planner, is_forced=bool(self._fresh), hints=hints)
        for side in SIDES:
            self.result.read[side] = readings[side].count
            end = readings[side].end
            self.result.complete[side] = end is not None and end.is_complete
            if not self.result.complete[side]:
                why = end.reason if end is not None and end.reason else "it broke off"
                self.result.notes.append(f"The {side.value} listing is incomplete: {why}. Nothing counts as deleted.")
            self._cursors[side] = end.cursor if end is not None and end.is_complete else self._cursors.get(side)
            planner.tally.gone[side] = planner.tally.gone.get(side, 0)
            planner.tally.read[side] = readings[side].count
            self._listed[side] = readings[side].is_complete
        self._is_full = all(readings[side].is_full for side in SIDES)
        held = [] if is_approved else breaches(self._flow.guards, planner.tally, complete=self._listed)
        self._report(planner, is_artefact=is_artefact or bool(held))
        self.result.writes = {side: Counter(planner.tally.writes[side]) for side in SIDES}
        if is_artefact:
            self.result.held = held
            self._save(RunStatus.PLANNED)
        elif held:
            self._hold(held)
        else:
            self._is_guarded = True
            self._save(RunStatus.APPLYING)

    def plan_some(self, ids: Mapping[Side, Sequence[str]], *, is_artefact: bool = False) -> Planner:
        """Plans just these records, as they are now; what decides, retries and replans go through."""
        readings = {
            side: reading.some(self._systems[side], self._selections[side], sorted(set(ids.get(side, ()))))
            for side in SIDES
        }
        planner = self._planner()
        self._plan_readings(readings, planner, is_forced=False, hints={})
        self._report(planner, is_artefact=is_artefact)
        return planner

    def apply(self) -> None:
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[int]:
        """Applies what is planned, batch by batch, plans anew what moved meanwhile, remembers where to go on.

        Yields after each batch the number of operations it dealt with: a durable run makes each its own step.
        """
        applied = self._applier.applied
        for round_ in range(ROUNDS):
            while count := self._applier.step(self._run):
                self._progress("writing", count)
                yield count
            moved, applied.moved = applied.moved, []
            again = {side: [id_ for o in moved if (id_ := o.id_on(side)) is not None] for side in SIDES}
            woken = self._woken(applied)
            for side in SIDES:
                again[side] += woken[side]
            if not any(again.values()):
                break
            if round_ == ROUNDS - 1:
                self.result.failed += len(moved)
                break
            self._references.forget()
            self.plan_some(again)
        self.finish(applied)

    def apply_exactly(self, operations: Sequence[Operation]) -> list[tuple[Operation, str]]:
        """Does exactly these operations; gives those refused because what they rest on moved (E24, S25)."""
        self._save(RunStatus.APPLYING)
        self._store.add_operations(self._scope, operations)
        refused: list[tuple[Operation, str]] = []
        after = -1
        while planned := self._store.operations(
            self._run, self._flow.name, (OperationState.PLANNED,), after_seq=after, limit=1_000
        ):
            after = planned[-1].seq
            reasons = verify.moved(planned, self._scope, self._store, self._systems, self._selections)
            mine = [
                replace(o, state=OperationState.REFUSED, message=reasons[o.number])
                for o in planned
                if o.number in reasons
            ]
            refused += [(o, o.message) for o in mine]
            self._store.commit(self._scope, Commit(operations=mine))
        while count := self._applier.step(self._run):
            self._progress("writing", count)
        applied = self._applier.applied
        refused += [
            (o, "the record was changed since the plan") for o in applied.moved if o.action is not Action.RELINK
        ]
        self.result.writes = applied.writes
        self.result.refused = applied.refused + len(refused)
        self.result.failed, self.result.unknown = applied.failed, applied.unknown
        is_partial = bool(self.result.failed or self.result.refused or self.result.unknown)
        self.result.status = RunStatus.PARTIAL if is_partial else RunStatus.DONE
        self._save(self.result.status)
        return refused

    def undo(self, run: str, *, is_approved: bool = False) -> list[dict[str, Any]]:
        """Takes back what `run` did in this flow, through the same guards; gives what is left, and why (E33)."""
        done = self._store.operations(run, self._flow.name, (OperationState.DONE,), limit=10_000_000)
        linked: dict[tuple[Side, str], int] = {}
        for side in SIDES:
            ids = sorted({id_ for operation in done if (id_ := operation.id_on(side)) is not None})
            for link in self._store.links_of(self._scope, side, ids):
                end = link.end(side)
                if end is not None:
                    linked[side, end.id] = link.number
        compensation = compensate(self._run, done, self._systems, self._selections, linked)
        tally = Tally(linked=self._state.linked)
        for operation in compensation.operations:
            tally.writes[operation.side][operation.action] += 1
        held = [] if is_approved else breaches(self._flow.guards, tally, complete={})
        if held:
            self._hold(held)
            return compensation.left
        self._save(RunStatus.APPLYING)
        self._store.add_operations(self._scope, compensation.operations)
        while count := self._applier.step(self._run):
            self._progress("writing", count)
        applied = self._applier.applied
        self.result.writes = applied.writes
        self.result.refused, self.result.failed = applied.refused, applied.failed
        self.result.unknown = applied.unknown
        left = compensation.left + [
            {
                "side": o.side.value,
                "id": o.id_on(o.side),
                "action": o.action.value,
                "fields": sorted(o.after),
                "why": "edited since",
            }
            for o in applied.moved
        ]
        is_partial = bool(applied.failed or applied.refused or applied.unknown)
        self.result.status = RunStatus.PARTIAL if is_partial else RunStatus.DONE
        self._save(self.result.status)
        return left

    def decide(self, reviews: Sequence[Review], decision: Decision, ids: Mapping[Side, Sequence[str]]) -> FlowResult:
        """Carries out a person's answer to these questions, which is in the store already (E17)."""
        self._save(RunStatus.APPLYING)
        for review in reviews:
            self._release(review, decision)
        self.plan_some(ids)
        state = self._store.scope(self._scope)
        self._cursors = dict(state.cursors)
        self.apply()
        return self.result

    def _release(self, review: Review, decision: Decision) -> None:
        """What an answer frees before the records are planned again."""
        named = [(s, i) for s, i in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)) if i is not None]
        if review.kind is ReviewKind.UNKNOWN and decision.take is Take.CREATE:
            self._store.park(self._scope, Parked(forget=tuple(named)))  # a person says it is not there
        elif review.kind is ReviewKind.UNKNOWN and decision.take is Take.IGNORE:
            parked = [one for side, id_ in named for one in self._store.unlinked(self._scope, side, [id_])]
            ignored = [replace(one, standing=Standing.IGNORED, reason=f"decided by {decision.by}") for one in parked]
            self._store.park(self._scope, Parked(keep=tuple(ignored)))
        elif review.kind is ReviewKind.COLLISION and decision.take in (Take.LINK, Take.CREATE):
            side = Side(review.topic)
            for link in self._store.links_of(self._scope, side, [id_ for s, id_ in named if s is side]):
                if decision.take is Take.CREATE:  # the id starts anew, its old partner keeps resting
                    link = replace(link.with_end(side, None), state=LinkState.DORMANT, cause=f"{side.value} collision")
                else:  # the same record after all: first contact again
                    link = replace(_unsettled(link, base={}), state=LinkState.ACTIVE, cause="")
                self._store.commit(self._scope, Commit(operations=(), links=[link]))

    def explain(self, side: Side, id_: str) -> Explanation:
        """Why a record of this flow is or is not in agreement (E35)."""
        explainer = Explainer(
            self._flow, self._scope, self._store, self._systems, self._selections, self._translator, self._paused
        )
        return explainer.explain(side, id_)

    def resume(self, flow_run: FlowRun, *, is_same_file: bool = True) -> FlowResult:
        """Goes on with a run that was killed: settles what it had sent, then carries out the rest (E29).

        A run killed while planning had written nothing: its plan is discarded. When the integration file changed
        since, what was sent is settled and the rest is dropped; the next plan finds it again.
        """
        if flow_run.status is RunStatus.PLANNING:
            self._store.discard(flow_run.run, self._flow.name)
            self.result.status = RunStatus.FAILED
            self._store.save_flow_run(replace(flow_run, status=RunStatus.FAILED), self._scope)
            return self.result
        self._applier.resume(self._run)
        if not is_same_file:
            self._store.drop_planned(self._run, self._flow.name)
            self.result.status = RunStatus.FAILED
            self._store.save_flow_run(replace(flow_run, status=RunStatus.FAILED), self._scope)
            return self.result
        self._cursors = dict(flow_run.cursors)
        self._is_full = flow_run.is_full
        self._next_seq = 1 + self._last_seq()
        self.apply()
        return self.result

    def _last_seq(self) -> int:
        """The highest number given to an operation of this run, deletions aside."""
        last = after = -1
        while found := self._store.operations(self._run, self._flow.name, after_seq=after, limit=5_000):
            after = found[-1].seq
            last = max([last, *(o.seq % LAST for o in found)])
        return last

    def finish(self, applied: Applied) -> None:
        """Cursors last, and only when everything read has been dealt with (E3)."""
        result = self.result
        result.writes = applied.writes
        result.refused = applied.refused
        result.failed += applied.failed
        is_clean = not result.failed
        state = self._store.scope(self._scope)
        cursors = {side: self._cursors.get(side) if is_clean else state.cursors.get(side) for side in SIDES}
        is_whole = self._is_full and all(self._listed.values()) and is_clean
        self._store.save_scope(
            self._scope,
            replace(
                state,
                cursors=cursors,
                maps=self._maps if is_clean and (self._is_full or not self._fresh) else state.maps,
                last_full_at=self._clock.now().isoformat() if is_whole else state.last_full_at,
            ),
        )
        self._clear_reviews()
        self._count_reviews()
        is_partial = bool(result.failed or result.refused or applied.unknown)
        result.status = RunStatus.PARTIAL if is_partial else RunStatus.DONE
        self._save(result.status)

    # --- reading

    def _open(self, *, is_full: bool) -> tuple[dict[Side, str | None], dict[Side, Reading], dict[Side, frozenset[str]]]:
        """The readings; and, in a full comparison, the ids that increments would have shown (E3)."""
        is_full = is_full or bool(self._fresh) or self._is_full_due()
        waiting = self._arrived()
        readings: dict[Side, Reading] = {}
        hints: dict[Side, frozenset[str]] = {}
        for side in SIDES:
            system, selection, known = self._systems[side], self._selections[side], self._known[side]
            cursor = self._state.cursors.get(side)
            if cursor is not None and self._types[side].capabilities.changes:
                increment = reading.since(system, selection, cursor, known, waiting[side])
                if not is_full:
                    readings[side] = increment
                    continue
                if not increment.is_full:
                    hints[side] = frozenset(
                        id_ for table in increment.tables() for id_ in table.column("#id").to_pylist()
                    ) | frozenset(increment.absences)
            readings[side] = reading.full(system, selection, known)
        return dict(self._state.cursors), readings, hints

    def _is_full_due(self) -> bool:
        if not self._state.last_full_at:
            return True
        last = datetime.fromisoformat(self._state.last_full_at)
        return self._clock.now() - last >= timedelta(seconds=self._flow.full_every_s)

    def _arrived(self) -> dict[Side, list[str]]:
        """Parked records whose reference has a partner by now (E26)."""
        arrived: dict[Side, list[str]] = {side: [] for side in SIDES}
        if not self._flow.refs:
            return arrived
        for side in SIDES:
            waiting = [
                one
                for one in self._store.unlinked(self._scope, side)
                if one.standing is Standing.WAITING and one.waits_for is not None
            ]
            for one in waiting:
                if one.waits_for is not None and isinstance(self._references.partner(*one.waits_for), str):
                    arrived[side].append(one.id)
        return arrived

    def _woken(self, applied: Applied) -> dict[Side, list[str]]:
        """Records of this flow that waited for one linked just now."""
        woken: dict[Side, list[str]] = {side: [] for side in SIDES}
        if self._flow.name not in self._flow.refs:
            return woken
        linked, applied.linked = applied.linked, []
        for side in SIDES:
            ids = [id_ for s, id_ in linked if s is side]
            for one in self._store.waiting_for(self._scope, self._flow.name, side, ids) if ids else ():
                woken[one.side].append(one.id)
        return woken

    # --- planning

    def _planner(self) -> Planner:
        seq = self._next_seq

        def keep(operations: Sequence[Operation]) -> None:
            self._store.add_operations(self._scope, operations)
            self._next_seq = max(self._next_seq, 1 + max((o.seq % LAST for o in operations), default=-1))

        tally = Tally(
            linked=self._state.linked,
            fresh=frozenset(
                f"{side.value}.{name}"
                for line in self._translator.lines
                if line.name in self._fresh
                for side in SIDES
                for name in line.fields(side)
            ),
        )
        return Planner(
            self._flow,
            self._run,
            self._translator,
            {side: Checker(self._types[side]) for side in SIDES},
            keep,
            tally=tally,
            fresh=self._fresh,
            first_seq=seq,
            is_linking_only=self._is_linking_only,
        )

    def _plan_readings(
        self,
        readings: Mapping[Side, Reading],
        planner: Planner,
        *,
        is_forced: bool,
        hints: Mapping[Side, frozenset[str]],
    ) -> None:
        detected = detect(self._store, self._scope, readings, is_forced=is_forced, folder=self._folder)
        try:
            found_count = 0
            for chunk in detected.found():
                found_count += len(chunk)
                self.result.missed += _missed(chunk, hints)
                self._plan_found(chunk, planner)
                self._progress("comparing", len(chunk))
            linker = Linker(
                self._flow, self._scope, self._store, self._systems, self._selections, self._translator, planner
            )
            is_full = {side: readings[side].is_full for side in SIDES}
            unknown = {
                (side, one.id)
                for side in SIDES
                for one in self._store.unlinked(self._scope, side)
                if one.standing is Standing.UNKNOWN
            }
            for records in linker.link(detected, is_full=is_full, has_links=self._state.linked > 0):
                self._prefetch(records)
                for side, record in records:
                    if (side, record.id) in unknown:
                        continue  # its create was sent and nobody knows: never sent again by itself (E28)
                    planner.new(side, record)
                    self._references.plan(self._flow.name, side, record.id)
                    self.planned.add((self._flow.name, side, record.id))
                self._progress("planning", len(records))
            for side in SIDES:
                for unreadable in readings[side].unreadable:
                    planner.unreadable(side, unreadable.id, unreadable.reason)
                planner.tally.gone[side] = detected.gone(side)
            planner.flush()
            self._refresh(detected)
            self.result.unchanged = max(0, self._state.linked - found_count)
        finally:
            detected.close()

    def _plan_found(self, chunk: Sequence[Found], planner: Planner) -> None:
        fetched = self._look_again(chunk)
        answers = self._answers(chunk)
        pairs: list[tuple[Link, dict[Side, Record], dict[Side, Absence]]] = []
        for found in chunk:
            records: dict[Side, Record] = dict(found.records)
            absences: dict[Side, Absence] = {}
            for side in SIDES:
                end = found.link.end(side)
                if side in records or end is None:
                    continue
                known = fetched[side].get(end.id)
                named = found.absences.get(side)
                if isinstance(known, Record):
                    records[side] = known
                elif isinstance(known, Absence):
                    absences[side] = known
                elif named is not None:
                    absences[side] = named
                elif side in found.absences:
                    absences[side] = Absence(id=end.id, cause=Cause.DELETED)
                else:
                    records[side] = Record(id=end.id, values=end.base, version=end.version)
            pairs.append((found.link, records, absences))
        self._prefetch([(side, record) for _, records, _ in pairs for side, record in records.items()])
        for link, records, absences in pairs:
            mine = answers.get(link.left.id if link.left is not None else "", ())
            self._plan_one(link, records, absences, mine, planner)

    def _plan_one(
        self,
        link: Link,
        records: dict[Side, Record],
        absences: dict[Side, Absence],
        answers: Sequence[Review],
        planner: Planner,
    ) -> None:
        if link.state is LinkState.DORMANT:
            self._plan_dormant(link, records, absences, planner)
        elif absences:
            merged = next((side for side in absences if absences[side].cause is Cause.MERGED), None)
            if merged is not None and len(absences) == 1:
                self._plan_merged(link, merged, absences[merged], planner)
            else:
                planner.absent(link, absences, records, answers)
        else:
            side = next((s for s in SIDES if self._is_other_identity(link, s, records[s])), None)
            if side is not None:
                planner.collide(link, side, records[side], f"The {side.value} id now names another record.")
                return
            fighting = self._fighting(link)
            planner.pair(link, records[Side.LEFT], records[Side.RIGHT], answers, fighting=fighting)

    def _plan_merged(self, link: Link, side: Side, absence: Absence, planner: Planner) -> None:
        """The record was merged into another: its partner follows, unless that one is taken (E12, S25)."""
        into = absence.merged_into
        taken = self._store.links_of(self._scope, side, [into]) if into is not None else []
        if into is not None and not taken:
            planner.relink(link, side, into, f"merged into {into} on the {side.value}")
            return
        end = link.end(side)
        record = Record(id=end.id if end is not None else "", values=end.base if end is not None else {})
        other = f" with {into}, which has a partner of its own" if into is not None else ""
        planner.collide(link, side, record, f"The {side.value} record was merged{other}; its partner is left alone.")
        planner.part(link, side, f"{side.value} merged", gone=(side,))

    def _plan_dormant(
        self, link: Link, records: Mapping[Side, Record], absences: Mapping[Side, Absence], planner: Planner
    ) -> None:
        """A record of a resting link was seen again: taken up, if it is still the same one (E12, S13, S25)."""
        gone = [side for side in SIDES if (end := link.end(side)) is not None and end.fingerprint == UNSETTLED]
        back = [side for side in gone if side in records]
        if not back or absences.keys() - set(gone):
            return
        for side in back:
            if not self._is_same(link, side, records[side]):
                still = [s for s in SIDES if s not in gone]
                if still:
                    planner.collide(link, side, records[side], f"The {side.value} id came back as another record.")
                    return
        if len(records) == 2:
            planner.link(records[Side.LEFT], records[Side.RIGHT], {}, dormant=link, reason="came back")
        else:
            planner.new(back[0], records[back[0]], dormant=link)

    def _is_same(self, link: Link, side: Side, record: Record) -> bool:
        end = link.end(side)
        return end is None or is_same_identity(self._flow, side, end.base, record.values)

    def _is_other_identity(self, link: Link, side: Side, record: Record) -> bool:
        """An active link's id that from one read to the next means another record: only with proof (E12)."""
        end = link.end(side)
        if end is None or not self._flow.match.definite or record.values == end.base:
            return False
        differing = sum(record.values.get(name) != value for name, value in end.base.items())
        if len(end.base) < 3 or differing * 4 < len(end.base) * 3:
            return False
        return not is_same_identity(self._flow, side, end.base, record.values)

    def _look_again(self, chunk: Sequence[Found]) -> dict[Side, dict[str, Record | Absence]]:
        """Records that are not listed (to learn the cause) or whose base does not tell what they hold."""
        looked: dict[Side, dict[str, Record | Absence]] = {side: {} for side in SIDES}
        for side in SIDES:
            ids: list[str] = []
            for found in chunk:
                end = found.link.end(side)
                if end is None or side in found.records:
                    continue
                is_unlisted = side in found.absences and found.absences[side] is None
                if (is_unlisted and self._types[side].capabilities.causes) or (
                    side not in found.absences and end.fingerprint == UNSETTLED
                ):
                    ids.append(end.id)
            for batch in reading.fetched(self._systems[side], self._selections[side], ids):
                looked[side].update((record.id, record) for record in records_of(batch.records))
                looked[side].update((absence.id, absence) for absence in batch.absences)
        return looked

    def _answers(self, chunk: Sequence[Found]) -> dict[str, list[Review]]:
        """Decided and open reviews, by left id."""
        ids = [found.link.left.id for found in chunk if found.link.left is not None]
        answers: dict[str, list[Review]] = {}
        for review in self._store.reviews_of(self._scope, Side.LEFT, ids):
            answers.setdefault(review.left_id or "", []).append(review)
        return answers

    def _fighting(self, link: Link) -> frozenset[tuple[Side, str]]:
        """Fields that our last writes set to and fro between the same values (E22)."""
        if link.turns < FIGHT - 1 or link.left is None:
            return frozenset()
        history = [
            o
            for o in self._store.journal(self._scope, side=Side.LEFT, id=link.left.id, limit=4 * FIGHT)
            if o.action is Action.UPDATE and o.state is OperationState.DONE
        ]
        fighting: set[tuple[Side, str]] = set()
        for name_side in {(o.side, name) for o in history for name in o.after}:
            line = next((ln for ln in self._translator.lines if name_side[1] in ln.fields(name_side[0])), None)
            if line is None:
                continue
            writes = [
                (o.side, tuple((n, o.before.get(n), o.after[n]) for n in line.fields(o.side) if n in o.after))
                for o in history
                if set(line.fields(o.side)) & set(o.after)
            ][:FIGHT]
            if (
                len(writes) == FIGHT
                and writes[0] == writes[2]
                and writes[1] == writes[3]
                and writes[0][0] is not writes[1][0]
            ):
                fighting.update((side, name) for side in SIDES for name in line.fields(side))
        return frozenset(fighting)

    def _prefetch(self, records: Sequence[tuple[Side, Record]]) -> None:
        """The partners of everything these records refer to, in one go."""
        for line in self._translator.lines:
            if line.map.ref is None:
                continue
            for side in SIDES:
                names = line.fields(side)
                ids = {
                    value for s, record in records if s is side for name in names if (value := record.values.get(name))
                }
                self._references.prefetch(line.map.ref, side, ids)

    # --- what is remembered

    def _report(self, planner: Planner, *, is_artefact: bool) -> None:
        """Counts, questions and parked records of a plan."""
        asked, result = planner.asked, self.result
        result.conflicts += asked.conflicts
        result.ignored += asked.ignored
        result.rejects += asked.rejects
        result.situations.update(planner.situations)
        self._raised.update(asked.reviews)
        self._evaluated |= asked.evaluated
        result.reviews = len(self._raised)
        if is_artefact:
            return
        fields = {side: self._selections[side].fields for side in SIDES}
        parked = [replace(one, fingerprint=fingerprint(one.values, fields[one.side])) for one in asked.parked]
        keys = [
            key
            for side in SIDES
            for key in planner.keys(side, [(one.id, one.values) for one in parked if one.side is side])
        ]
        links = [_unsettled(link) for link in asked.held]
        if parked or asked.settled or links:
            self._store.commit(
                self._scope,
                Commit(
                    operations=(),
                    links=links,
                    keys=keys,
                    parked=Parked(keep=tuple(parked), forget=tuple(asked.settled)),
                ),
            )
        if asked.reviews:
            self._store.raise_reviews(
                self._scope,
                [replace(r, run=self._run, since=self._clock.now().isoformat()) for r in asked.reviews.values()],
            )

    def _refresh(self, detected: Detected) -> None:
        """New versions of records whose values did not change."""
        for side in SIDES:
            if not self._known[side].is_used:
                continue
            known = self._known[side].versions()
            newer = {id_: v for id_, v in detected.refreshed(side).items() if known.get(id_) != v}
            links: list[Link] = []
            for link in self._store.links_of(self._scope, side, sorted(newer)):
                end = link.end(side)
                if end is not None and end.fingerprint != UNSETTLED:
                    links.append(link.with_end(side, replace(end, version=newer[end.id])))
            if links:
                self._store.commit(self._scope, Commit(operations=(), links=links))

    def _hold(self, held: Sequence[Breach]) -> None:
        self._store.drop_planned(self._run, self._flow.name)
        review = questions.of_guards(self._flow.name, held)
        review = replace(review, run=self._run, since=self._clock.now().isoformat())
        self._store.raise_reviews(self._scope, [review])
        self.result.held = list(held)
        self.result.status = RunStatus.HELD
        self.result.writes = {side: Counter() for side in SIDES}
        self._count_reviews()
        self._save(RunStatus.HELD)

    def _count_reviews(self) -> None:
        """What waits for a person in this scope, from this run or an earlier one."""
        kinds = Counter(review.kind for review in self._store.reviews(self._scope))
        result = self.result
        result.reviews = sum(kinds.values())
        result.conflicts = kinds[ReviewKind.CONFLICT] + kinds[ReviewKind.LOSSY_EDIT]
        result.rejects = kinds[ReviewKind.REJECT]
        result.unknown = kinds[ReviewKind.UNKNOWN]

    def _clear_reviews(self) -> None:
        """Questions whose cause is gone clear by themselves (E25; S16)."""
        is_whole = self._is_full and all(self._listed.get(side, False) for side in SIDES)
        kept = (ReviewKind.UNKNOWN,)

        def is_gone(review: Review) -> bool:
            if review.kind is ReviewKind.HELD:
                return self._is_guarded
            if questions.key_of(review) in self._raised or review.kind in kept or review.run == self._run:
                return False
            named = [
                (side, id_)
                for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id))
                if id_ is not None
            ]
            return is_whole or any(one in self._evaluated for one in named)

        self._store.clear_reviews(self._scope, is_gone)

    def _save(self, status: RunStatus) -> None:
        self._store.save_flow_run(
            FlowRun(
                run=self._run,
                flow=self._flow.name,
                status=status,
                is_full=self._is_full and all(self._listed.get(side, False) for side in SIDES),
                cursors=self._cursors,
                counts=self.result.shown(),
            ),
            self._scope,
        )


def _missed(chunk: Sequence[Found], hints: Mapping[Side, frozenset[str]]) -> int:
    """How many changes an incremental read would not have shown."""
    missed = 0
    for found in chunk:
        for side, ids in hints.items():
            end = found.link.end(side)
            if side in found.records and end is not None and end.fingerprint != UNSETTLED and end.id not in ids:
                missed += 1
    return missed


def _unsettled(link: Link, *, base: Mapping[str, Value] | None = None) -> Link:
    """The link with both ends to be looked at again, and with another base where one is given."""
    for side in SIDES:
        end = link.end(side)
        if end is not None:
            kept = end.base if base is None else base
            link = link.with_end(side, replace(end, fingerprint=UNSETTLED, version=None, base=kept))
    return link


def _record_type(flow: Flow, side: Side, system: System) -> RecordType:
    end = flow.end(side)
    description = system.describe()
    found = description.record_type(end.selection.record)
    if found is None:
        names = [kind.name for kind in description.record_types]
        raise UnknownRecordType(
            f"Flow {flow.name}: the system {end.system} has no record type {end.selection.record!r}.",
            hint=_meant(end.selection.record, names),
        )
    return found


def _paused(flow: Flow, types: Mapping[Side, RecordType], state: ScopeState) -> tuple[str, ...]:
    """Field maps of which a field is gone (E11); raises UnknownField for one that never was there."""
    paused: list[str] = []
    for line in flow.maps:
        for side in SIDES:
            missing = [name for name in line.fields(side) if types[side].field(name) is None]
            if not missing:
                continue
            if line.name in state.maps:
                paused.append(line.name)
                break
            raise UnknownField(
                f"Flow {flow.name}: {types[side].name} of {flow.end(side).system} has no field {missing[0]!r}.",
                hint=_meant(missing[0], [f.name for f in types[side].fields]),
            )
    return tuple(paused)


def _meant(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(sorted(names)[:12])}." if names else "It offers none."
