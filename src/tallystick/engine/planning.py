"""From what was read to operations in the store, planned, and to questions where a person has to say.

Source: design/house.md, "One record's way"; spec/engine.md E12, E13, E18, E24, E28.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tallystick.engine.check import Checker
from tallystick.engine.context import Context
from tallystick.engine.detect import detect
from tallystick.engine.detected import Found
from tallystick.engine.found_again import WHY, FoundAgain
from tallystick.engine.guards import Tally
from tallystick.engine.ledger import Ledger
from tallystick.engine.linking import Linker, reaction
from tallystick.engine.opening import Opening
from tallystick.engine.pairs import PairPlanner
from tallystick.engine.plan import Planner
from tallystick.engine.reading import Reading
from tallystick.engine.result import Progress
from tallystick.engine.unconfirmed import Unconfirmed
from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.flow import OnNew
from tallystick.model.link import Standing
from tallystick.model.plan import LAST, Operation, Review, Take
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side


class Planning:
    """Plans one flow in one run, at once or in several goes."""

    def __init__(
        self,
        context: Context,
        ledger: Ledger,
        opening: Opening,
        *,
        folder: Path,
        progress: Progress,
        outside: Side | None,
        is_linking_only: bool,
    ) -> None:
        """`outside`: the side whose records are outside the filter (`unfiltered` of `Context.of`)."""
        self.unconfirmed = Unconfirmed(context.flow)
        self.is_parking = False  # whether records were parked that wait
        self._context = context
        self._ledger = ledger
        self._opening = opening
        self._folder = folder
        self._progress = progress
        self._outside = outside
        self._is_linking_only = is_linking_only
        self._next_seq = 0

    def planner(self, *, is_kept: bool = True) -> Planner:
        """What the operations of one look at records are planned with; unless `is_kept`, none goes to the store."""
        context = self._context

        def keep(operations: Sequence[Operation]) -> None:
            if not is_kept:
                return
            context.store.add_operations(context.scope, operations)
            self.unconfirmed.see(operations)
            self.take_up(operations)

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
            watched=self._ledger.watched,
        )

    def take_up(self, operations: Iterable[Operation]) -> None:
        """What is planned from now on comes after these."""
        self._next_seq = max(self._next_seq, 1 + max((one.seq % LAST for one in operations), default=-1))

    def plan(
        self,
        readings: Mapping[Side, Reading],
        planner: Planner,
        *,
        is_forced: bool,
        is_comparison: bool = False,
    ) -> None:
        """Detects, matches, merges; what follows is in the store, planned. Raises as `detect`.

        `is_forced`: every linked record counts as changed. `is_comparison`: edits are counted that an incremental
        read would have missed.
        """
        context = self._context
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
                    if not (found_again.waits(side, record.id) or self._was_sent(planner, side, record)):
                        planner.creations.new(side, record, answers=answers.get((side, record.id), ()))
                self._progress("planning", len(records))
            for side in SIDES:
                for unreadable in readings[side].unreadable:
                    planner.asked.unreadable(side, unreadable.id, unreadable.reason)
                planner.tally.gone[side] = detected.gone(side)
                planner.asked.lose(side, detected.lost(side))
            planner.finish()
            self.is_parking |= any(one.standing is Standing.WAITING for one in planner.asked.parked)
            self._ledger.refresh(detected, self._opening.known)
            if is_comparison:
                self._ledger.result.missed = sum(
                    self._opening.missed(s, edited[s]) for s in SIDES if readings[s].is_full
                )
            self._ledger.result.unchanged = max(0, context.state.linked - changed)
        finally:
            detected.close()

    def _was_sent(self, planner: Planner, side: Side, record: Record) -> bool:
        """Links a record that a create without an answer has left there, by the link its partner had, if any (E28).

        Where it may have been edited since, a person is asked. False for a record that is new.
        """
        partner = planner.found_again.partner(side, record)
        question = planner.found_again.question(side, record) if partner is None else None
        if question is not None:
            candidates: list[str] = [one[side.other.value] for one in question.evidence["candidates"]]
            answer = planner.found_again.answer(question) or reaction(self._context.flow.on.possible, len(candidates))
            if answer is None:
                planner.asked.wait(question, {side: [record]})  # the one whose create it may be waits already
                return True
            if answer.take is Take.IGNORE:
                planner.asked.ignore(side, record, f"decided by {answer.by or 'a person'}")
                return True
            chosen = candidates[0] if len(candidates) == 1 else answer.partner or ""
            if answer.take is Take.LINK and chosen in candidates:
                partner = planner.found_again.taken(side.other, chosen)
        if partner is None:
            return False
        ends = {side: record, side.other: partner}
        had = self._context.store.links_of(self._context.scope, side.other, [partner.id])
        planner.link(ends[Side.LEFT], ends[Side.RIGHT], {}, dormant=next(iter(had), None), reason=WHY)
        return True

    def _answers(self, records: Sequence[tuple[Side, Record]]) -> dict[tuple[Side, str], list[Review]]:
        """What people decided about new records, where the flow asks about them."""
        context = self._context
        answers: dict[tuple[Side, str], list[Review]] = {}
        for side in SIDES:
            if context.flow.on.new[side] is OnNew.ASK:
                ids = [record.id for of, record in records if of is side]
                for review in context.store.reviews_of(context.scope, side, ids):
                    named = review.left_id if side is Side.LEFT else review.right_id
                    answers.setdefault((side, named or ""), []).append(review)
        return answers


def _note_edited(chunk: Sequence[Found], edited: Mapping[Side, set[str]]) -> None:
    """Adds the ids of records whose values changed since they were agreed on."""
    for found in chunk:
        for side in found.records:
            end = found.link.end(side)
            if end is not None and end.fingerprint != UNSETTLED:
                edited[side].add(end.id)
