"""What a flow's part of a run remembers: counts, questions, parked records, versions, cursors.

Source: spec/engine.md E3, E17, E25; scenario S16.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.engine.detected import Detected
from tallystick.engine.guards import Breach
from tallystick.engine.plan import Planner
from tallystick.engine.reading import KnownVersions
from tallystick.engine.result import FlowResult
from tallystick.model.fingerprint import UNSETTLED, fingerprint
from tallystick.model.link import Link, Standing
from tallystick.model.plan import FlowRun, Parked, Review, ReviewKind, ReviewStatus, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.ports.store import Commit


class Ledger:
    """Keeps the books of one flow of one run; `result` is what it came to."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.result = FlowResult(flow=context.flow.name)
        self.cursors: dict[Side, str | None] = {}  # to be kept when everything read has been dealt with
        self.is_full = False
        self.listed: dict[Side, bool] = {}  # side -> whether its listing was full and complete
        self.is_guarded = False  # whether a whole plan passed the guards in this run
        self._since: float | None = None  # while its time counts: from when on it is not in the result yet
        self._was_whole = False  # when it was planned, in another go
        self._raised: set[questions.Key] = set()
        self._evaluated: set[tuple[Side, str]] = set()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Within this, time counts as the flow's; what is saved has it up to then."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._lap()
            self._since = None

    def _lap(self) -> None:
        if self._since is not None:
            now = time.monotonic()
            self.result.seconds += now - self._since
            self._since = now

    @property
    def is_whole(self) -> bool:
        """Whether everything on both sides was looked at."""
        return self._was_whole or (self.is_full and all(self.listed.get(side, False) for side in SIDES))

    def take_up(self, flow_run: FlowRun) -> None:
        """Goes on with what was planned by another process, or in another go."""
        self.cursors = dict(flow_run.cursors)
        self._was_whole = flow_run.is_full

    def watched(self) -> frozenset[tuple[Side, str]]:
        """The records that questions are about: whether they were looked at again matters."""
        asked = {questions.key_of(review) for review in self._context.store.reviews(self._context.scope)}
        return frozenset(named for key in asked | self._raised for named in questions.named(key))

    def report(self, planner: Planner, *, is_artefact: bool) -> None:
        """Counts, questions and parked records of a plan."""
        asked, result = planner.asked, self.result
        result.ignored += asked.ignored
        result.notes += asked.notes
        result.situations.update(asked.situations)
        self._raised = {key for key in self._raised if not asked.evaluated.intersection(questions.named(key))}
        self._raised.update(asked.reviews)
        self._evaluated |= asked.evaluated
        self._count(Counter(kind for kind, *_ in self._raised))
        if is_artefact:
            return
        fields = {side: self._context.fields(side) for side in SIDES}
        waits = planner.found_again.waits  # until it is linked, what is sent and unanswered stays known as such
        parked = [
            replace(
                one,
                fingerprint=fingerprint(one.values, fields[one.side]),
                standing=Standing.UNKNOWN if waits(one.side, one.id) else one.standing,
            )
            for one in asked.parked
        ]
        keys = [
            key
            for side in SIDES
            for key in planner.outbox.keys(side, [(one.id, one.values) for one in parked if one.side is side])
        ]
        lost = [one for one in asked.lost if not waits(*one)]
        self._evaluated.update(lost)  # not of what is held: its listing may have come back empty
        settled = [one for one in asked.settled if not waits(*one)] + lost
        links = [link.unsettled() for link in asked.held]
        if parked or settled or links:
            self._context.store.commit(
                self._context.scope,
                Commit(
                    operations=(),
                    links=links,
                    keys=keys,
                    keyless=lost,
                    parked=Parked(keep=tuple(parked), forget=tuple(settled)),
                ),
            )
        if asked.reviews:
            self._context.store.raise_reviews(
                self._context.scope,
                [replace(r, run=self._context.run, since=self._context.now()) for r in asked.reviews.values()],
            )

    def refresh(self, detected: Detected, known: Mapping[Side, KnownVersions]) -> None:
        """New versions of records whose values did not change, for readers that ask for what is known."""
        for side in SIDES:
            if not known[side].is_used:
                continue
            held = known[side].versions()
            newer = {id_: v for id_, v in detected.refreshed(side).items() if held.get(id_) != v}
            links: list[Link] = []
            for link in self._context.store.links_of(self._context.scope, side, sorted(newer)):
                end = link.end(side)
                if end is not None and end.fingerprint != UNSETTLED:
                    links.append(link.with_end(side, replace(end, version=newer[end.id])))
            if links:
                self._context.store.commit(self._context.scope, Commit(operations=(), links=links))

    def hold(self, held: Sequence[Breach], written: Mapping[Side, Counter[Action]]) -> None:
        """Drops what is still planned and asks. `written`: what the run had done by then."""
        self._context.store.drop_planned(self._context.run, self._context.flow.name)
        self.result.status = RunStatus.HELD
        self.clear_reviews()
        review = questions.of_guards(self._context.flow.name, held)
        review = replace(review, run=self._context.run, since=self._context.now())
        self._context.store.raise_reviews(self._context.scope, [review])
        if self.is_full:  # what only a full comparison shows is looked at again by every run until one may go on
            state = self._context.store.scope(self._context.scope)
            self._context.store.save_scope(self._context.scope, replace(state, last_full_at=""))
        self.result.held = list(held)
        self.result.writes = {side: Counter(written[side]) for side in SIDES}
        self.count_reviews()
        self.save(RunStatus.HELD)

    def count_reviews(self) -> None:
        """What waits for a person in this scope, from this run or an earlier one."""
        self._count(Counter(self._context.store.count_reviews(self._context.scope)))

    def _count(self, kinds: Counter[ReviewKind]) -> None:
        result = self.result
        result.reviews = sum(kinds.values())
        result.conflicts = kinds[ReviewKind.CONFLICT] + kinds[ReviewKind.LOSSY_EDIT]
        result.rejects = kinds[ReviewKind.REJECT]
        result.unknown = kinds[ReviewKind.UNKNOWN]

    def clear_reviews(self) -> None:
        """Questions whose cause is gone clear by themselves (E25; S16)."""
        unanswered = self._unanswered()
        # What was asked in an earlier go is not known here, and of what is held a listing may have come back empty.
        is_all_known = self.is_whole and not self._was_whole and self.result.status is not RunStatus.HELD

        def is_gone(review: Review) -> bool:
            if review.kind is ReviewKind.HELD:
                return self.is_guarded
            if questions.key_of(review) in self._raised:
                return False
            named = questions.named(questions.key_of(review))
            if review.kind is ReviewKind.UNKNOWN:
                return unanswered.isdisjoint(named)
            if review.run == self._context.run and "operation" in review.evidence:
                return False  # asked by an operation of this very run
            if is_all_known and review.kind is not ReviewKind.COLLISION:  # that may be about a link that rests
                return True
            return not self._evaluated.isdisjoint(named)

        gone = {review.number for review in self._doubtful(is_all_known=is_all_known) if is_gone(review)}
        if gone:
            self._context.store.clear_reviews(self._context.scope, sorted(gone))

    def _doubtful(self, *, is_all_known: bool) -> Iterator[Review]:
        """The open questions whose cause may be gone: not all there are, where not all was looked at."""
        store, scope = self._context.store, self._context.scope
        if is_all_known:
            yield from store.reviews(scope)
            return
        yield from store.reviews(scope, kinds=(ReviewKind.HELD, ReviewKind.UNKNOWN))
        for side in SIDES:
            ids = sorted(id_ for of, id_ in self._evaluated if of is side)
            for review in store.reviews_of(scope, side, ids) if ids else ():
                if review.status is ReviewStatus.OPEN:
                    yield review

    def _unanswered(self) -> set[tuple[Side, str]]:
        """The records whose create was sent and whose answer is still lost, of those that are asked about."""
        asked = self._context.store.reviews(self._context.scope, kinds=(ReviewKind.UNKNOWN,))
        found: set[tuple[Side, str]] = set()
        for side in SIDES:
            ids = [id_ for review in asked for of, id_ in questions.named(questions.key_of(review)) if of is side]
            parked = self._context.store.unlinked(self._context.scope, side, ids)
            found.update((side, one.id) for one in parked if one.standing is Standing.UNKNOWN)
        return found

    def save(self, status: RunStatus) -> None:
        self._lap()
        self._context.store.save_flow_run(
            FlowRun(
                run=self._context.run,
                flow=self._context.flow.name,
                status=status,
                is_full=self.is_whole,
                cursors=self.cursors,
                counts=self.result.shown(),
            ),
            self._context.scope,
        )
