"""What needs no integration file: reviews and decisions, runs, journal, undo. Source: spec/engine.md E17."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol

from msgspec.structs import replace

from tallystick.engine import errands, questions
from tallystick.errors import ConfigurationError, StaleDecision, TallystickError, UnknownRecordType
from tallystick.model.flow import Scope
from tallystick.model.plan import Decision, Operation, Review, ReviewKind, ReviewStatus, Run, RunKind, Take
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import Store
from tallystick.ports.world import Clock
from tallystick.runs import asking_anew
from tallystick.runs.report import Report
from tallystick.runs.shown import TAKES, operation_shown, review_shown, run_shown
from tallystick.runs.workspace import OpenStore, Workspace, database_url
from tallystick.runs.world import SystemClock

_NEVER_STALE: Final = frozenset(
    {ReviewKind.UNKNOWN, ReviewKind.REJECT, ReviewKind.UNMAPPED_CODE, ReviewKind.COLLISION, ReviewKind.HELD}
)
"""Kinds that no look at the records can ask again."""


class OpenWorkspace(Protocol):
    """Gives the workspace an earlier run had, over a store that it does not close."""

    def __call__(self, run: Run, store: Store, *, by: str = "") -> Workspace: ...


class State:
    """The state behind one database URL. A context manager."""

    def __init__(
        self, store: Store, *, clock: Clock | None = None, by: str = "", open_workspace: OpenWorkspace | None = None
    ) -> None:
        """`by` is the person who decides, undoes and is written down for it.

        `open_workspace`: the workspace an earlier run had, where not by its file (`Workspace.of_run`).
        """
        self.store = store
        self.clock = clock or SystemClock()
        self._by = by
        self._open_workspace: OpenWorkspace = open_workspace or Workspace.of_run

    @classmethod
    def open(cls, url: str | None = None, *, open_store: OpenStore, by: str = "") -> State:
        clock = SystemClock()
        return cls(open_store(url or database_url(None, os.environ), clock=clock), clock=clock, by=by)

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    # --- reviews

    def reviews(
        self, *, flow: str | None = None, kind: str | None = None, is_all: bool = False
    ) -> list[dict[str, Any]]:
        """The questions that wait, oldest first; with `is_all` the answered and cleared ones too."""
        kinds = (_kind(kind),) if kind is not None else ()
        found = self.store.reviews(status=None if is_all else ReviewStatus.OPEN, kinds=kinds)
        return [review_shown(review) for review in found if flow is None or review.flow == flow]

    def review(self, number: int) -> dict[str, Any]:
        return review_shown(self._review(number)[1])

    def _review(self, number: int) -> tuple[Scope, Review]:
        found = self.store.review(number)
        if found is None:
            raise ConfigurationError(
                f"There is no review {number}.", hint="`tallystick review list` shows those that wait."
            )
        return found

    def decide(
        self,
        number: int,
        take: str,
        *,
        fields: Mapping[str, str] | None = None,
        partner: str | None = None,
        note: str = "",
        is_all: bool = False,
        also: Sequence[int] = (),
        seen: str = "",
    ) -> dict[str, Any]:
        """Answers a question, and with `is_all` every open one like it, or of those `also`; takes effect at once.

        `seen`: the fingerprint of what the person saw, where that may be older than what the question holds now.

        Raises ConfigurationError for an answer the question does not take, AlreadyDecided, and StaleDecision when the
        records changed since they were shown (the question then shows them as they are now).
        """
        scope, review = self._review(number)
        decision = Decision(
            take=_take(take, review.kind),
            fields={name: _take(choice, review.kind) for name, choice in (fields or {}).items()},
            partner=partner,
            by=self._by,
            at=self.clock.now().isoformat(),
            note=note,
        )
        if seen and review.status is ReviewStatus.OPEN and seen != review.fingerprint:
            raise StaleDecision(
                f"Review {number} is out of date: the records changed since they were shown.",
                hint="Look at it again: it now shows them as they are.",
            )
        chosen = [review]
        if is_all:
            chosen += [
                other
                for other in self.store.reviews(scope, kinds=(review.kind,))
                if other.number != number and questions.likeness(other) == questions.likeness(review)
            ]
        chosen += self._alike(scope, review, also)
        decided: list[int] = []
        refused: list[dict[str, Any]] = []
        report: Report | None = None
        with self._workspace(review.run) as workspace:
            decision = replace(decision, run=workspace.ids.new())
            flow = next(iter(workspace.chosen([review.flow])))
            with self.store.exclusive(scope):
                workspace.settle(flow)
                last_full_at = self.store.scope(scope).last_full_at
                self._full_next(scope, "")  # killed from here on, the next run looks at everything and carries it out
                fresh = self._fresh(workspace, chosen)
                for one in chosen:
                    try:
                        if one.number not in fresh and one.status is ReviewStatus.OPEN:
                            self._check_fresh(workspace, one)
                        self.store.decide(one.number, decision, one.fingerprint)
                        decided.append(one.number)
                    except TallystickError as error:
                        if len(chosen) == 1:
                            self._full_next(scope, last_full_at)
                            raise
                        refused.append({"id": one.number, "message": str(error)})
            if review.kind is ReviewKind.HELD:
                if decision.take is Take.APPROVE:
                    shown = {(one["guard"], one["side"]): one["amount"] for one in review.evidence.get("guards", ())}
                    report = self._let_pass(workspace, review, shown)
            elif decided:
                report = self._carry_out(workspace, [one for one in chosen if one.number in decided], decision)
            self._full_next(scope, last_full_at)
        return {"decided": decided, "refused": refused, "report": report.shown() if report is not None else None}

    def _let_pass(self, workspace: Workspace, review: Review, shown: Mapping[tuple[str, str], int]) -> Report:
        """What was held is done, up to the amounts shown: the flow, or the undo of a run."""
        held = self.store.run(review.run)
        if held is not None and held.kind is RunKind.UNDO:
            return workspace.undo(self._run(held.of), approval=shown)
        return workspace.sync([review.flow], approval=shown)

    def _alike(self, scope: Scope, review: Review, numbers: Sequence[int]) -> list[Review]:
        """Of the numbered questions those that the answer to this one may do for too."""
        found = [self.store.review(number) for number in numbers if number != review.number]
        likeness = questions.likeness(review)
        return [one for of, one in filter(None, found) if of == scope and questions.likeness(one) == likeness]

    def _full_next(self, scope: Scope, last_full_at: str) -> None:
        self.store.save_scope(scope, replace(self.store.scope(scope), last_full_at=last_full_at))

    def _workspace(self, run: str) -> Workspace:
        earlier = self.store.run(run)
        if earlier is None:
            raise ConfigurationError("The run that asked is no longer known.", hint="Run `tallystick sync` first.")
        return self._open_workspace(earlier, _Shared(self.store), by=self._by)

    def _fresh(self, workspace: Workspace, reviews: Sequence[Review]) -> set[int]:
        """The numbers of those that are surely asked as before; many are asked in one go, the rest one by one."""
        asked = [one for one in reviews if one.status is ReviewStatus.OPEN and one.kind not in _NEVER_STALE]
        if len(asked) < 2:
            return set()
        ids: dict[Side, list[str]] = {side: [] for side in SIDES}
        for review in asked:
            for side, more in _ids(review).items():
                ids[side] += more
        flow = next(iter(workspace.chosen([reviews[0].flow])))
        now = workspace.flow_sync(flow, run="").ask_again(ids)
        found = ((one.number, now.get(questions.key_of(one)), one.fingerprint) for one in asked)
        return {number for number, again, seen in found if again is not None and again.fingerprint == seen}

    def _check_fresh(self, workspace: Workspace, review: Review) -> None:
        """Asks the question again of the records as they are now; raises StaleDecision when it came out otherwise."""
        if review.kind in _NEVER_STALE:
            return
        flow = next(iter(workspace.chosen([review.flow])))
        now = workspace.flow_sync(flow, run="").ask_again(_ids(review)).get(questions.key_of(review))
        if now is None:
            raise StaleDecision(
                f"Review {review.number} is out of date: its cause is gone.", hint="The next sync clears it."
            )
        if now.fingerprint != review.fingerprint:
            self.store.raise_reviews(workspace.scope(flow), [replace(now, run=review.run)])
            raise StaleDecision(
                f"Review {review.number} is out of date: the records changed since they were shown.",
                hint="Look at it again: it now shows them as they are.",
            )

    def _carry_out(self, workspace: Workspace, reviews: Sequence[Review], decision: Decision) -> Report:
        """Runs just the records the answers are about."""
        ids: dict[Side, list[str]] = {side: [] for side in SIDES}
        for review in reviews:
            for side, more in _ids(review).items():
                ids[side] += more
        run = workspace.begin(RunKind.DECIDE, id_=decision.run)
        report = Report(run=run.id)
        flow = next(iter(workspace.chosen([reviews[0].flow])))
        with self.store.exclusive(workspace.scope(flow)):
            sync = workspace.flow_sync(flow, run=run.id)
            errands.decide(sync, reviews, decision, ids)
            report.flows[flow.name] = sync.result
        return workspace.end(run, report)

    def look_again(self, number: int) -> dict[str, Any]:
        """Asks an open question of the records as they are now: it is refreshed, or cleared when its cause is gone."""
        scope, review = self._review(number)
        if review.status is ReviewStatus.OPEN:
            with self._workspace(review.run) as workspace, self.store.exclusive(scope):
                workspace.settle(next(iter(workspace.chosen([review.flow]))))
                self._clear_if_gone(workspace, scope, review)
        return self.review(number)

    def _clear_if_gone(self, workspace: Workspace, scope: Scope, review: Review) -> bool:
        """Refreshes an open question; whether it was cleared, since nothing is to be asked."""
        try:
            self._check_fresh(workspace, review)
        except StaleDecision:
            now = self._review(review.number)[1]
            if now.fingerprint == review.fingerprint:
                return self.store.clear_reviews(scope, [review.number]) > 0
        return False

    def undo_decision(self, number: int) -> dict[str, Any]:
        """Takes an answer back: the question is open again, and what it led to can be undone as a run (E17)."""
        return review_shown(self.store.reopen(number))

    def ask_anew(self, number: int) -> dict[str, Any]:
        """Takes back an answer whose writes are undone: the question waits again, as the records are now.

        It is cleared only when its cause is gone besides the answer. Raises StaleDecision when it is asked anew
        already (E17).
        """
        scope, review = self._review(number)
        with self._workspace(review.run) as workspace, self.store.exclusive(scope):
            flow = next(iter(workspace.chosen([review.flow])))
            workspace.settle(flow)
            reopened = self.store.reopen(number)  # first: killed after this, it waits, and nothing is done by itself
            given_up = asking_anew.unsettle(workspace, flow, review, _ids(review))
            if self._clear_if_gone(workspace, scope, reopened):
                asking_anew.put_back(workspace, flow, given_up)
        return self.review(number)

    # --- runs and journal

    def runs(self, run: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        if run is None:
            return [run_shown(one) for one in self.store.runs(limit=limit)]
        return [run_shown(self._run(run))]

    def _run(self, run: str) -> Run:
        found = self.store.run(run)
        if found is None:
            close = self.store.runs(begins=run, limit=2) if run else []
            found = close[0] if len(close) == 1 else None
        if found is None:
            raise ConfigurationError(f"There is no run {run!r}.", hint="`tallystick runs` lists them.")
        return found

    def journal(
        self, *, record: tuple[str, str, str] | None = None, run: str | None = None, limit: int = 200
    ) -> list[dict[str, Any]]:
        """What was written, newest first, with before and after; of a record (system, type, id) or a run.

        Raises UnknownRecordType when no flow has the record's type.
        """
        full = self._run(run).id if run is not None else None
        if record is None:
            return [operation_shown(one) for one in self.store.journal(run=full, limit=limit)]
        system, record_type, id_ = record
        found: list[Operation] = []
        covered: set[str] = set()
        for earlier in self.store.newest_runs():
            with self._open_workspace(earlier, _Shared(self.store), by=self._by) as workspace:
                for flow in workspace.integration.flows:
                    for side in SIDES:
                        end = flow.end(side)
                        covered.add(f"{end.system}:{end.selection.record}")
                        if end.system == system and end.selection.record == record_type:
                            found += self.store.journal(workspace.scope(flow), side=side, id=id_, run=full, limit=limit)
        if covered and f"{system}:{record_type}" not in covered:
            raise UnknownRecordType(
                f"No flow covers {record_type} of {system}.", hint=f"Flows cover: {', '.join(sorted(covered))}."
            )
        return [operation_shown(one) for one in sorted(found, key=lambda o: o.number, reverse=True)[:limit]]

    def undo(self, run: str, *, is_approved: bool = False) -> Report:
        earlier = self._run(run)
        with self._open_workspace(earlier, _Shared(self.store), by=self._by) as workspace:
            return workspace.undo(earlier, approval=is_approved)


class _Shared:
    """The state's store lent to a workspace, which must not close it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        pass


def _ids(review: Review) -> dict[Side, list[str]]:
    """Every record the question is about."""
    ids: dict[Side, set[str]] = {side: set() for side in SIDES}
    for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)):
        if id_ is not None:
            ids[side].add(id_)
    for candidate in review.evidence.get("candidates", ()):
        for side in SIDES:
            ids[side].add(candidate[side.value])
    return {side: sorted(found) for side, found in ids.items()}


def _kind(name: str) -> ReviewKind:
    try:
        return ReviewKind(name)
    except ValueError:
        raise ConfigurationError(
            f"There is no kind of review {name!r}.", hint=f"Kinds are {', '.join(kind.value for kind in ReviewKind)}."
        ) from None


def _take(name: str, kind: ReviewKind) -> Take:
    takes = TAKES[kind]
    if name not in [take.value for take in takes]:
        raise ConfigurationError(
            f"A review of kind {kind.value} does not take {name!r}.",
            hint=f"It takes {', '.join(take.value for take in takes)}.",
        )
    return Take(name)
