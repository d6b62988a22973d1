"""New records that are what a create whose answer was lost has left there. Source: spec/engine.md E28; scenario S5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from tallystick.engine import questions, reading
from tallystick.engine.context import Context
from tallystick.model.link import Standing, Unlinked
from tallystick.model.plan import Decision, Planned, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value

WHY = "its create had lost its answer"


class FoundAgain:
    """The records of one flow whose create was sent without an answer, and their partners as they come to light."""

    def __init__(self, context: Context) -> None:
        """The store is asked when something is first looked for."""
        self._context = context
        self._found: set[tuple[Side, str]] = set()  # in this reading: they have a partner now

    @cached_property
    def _waiting(self) -> dict[Side, dict[str, Unlinked]]:
        store, scope = self._context.store, self._context.scope
        return {side: {one.id: one for one in store.standing(scope, side, Standing.UNKNOWN)} for side in SIDES}

    @cached_property
    def _chosen(self) -> dict[tuple[Side, str], str | None]:
        """What people pointed at."""
        store, scope = self._context.store, self._context.scope
        return {
            one: review.decision.partner
            for review in store.reviews(scope, status=ReviewStatus.DECIDED, kinds=(ReviewKind.UNKNOWN,))
            for one in questions.named(questions.key_of(review))
            if review.decision is not None and review.decision.take is Take.LINK
        }

    @cached_property
    def _sent(self) -> dict[Side, dict[str, Mapping[str, Planned]]]:
        """Side of the copies -> ids of those waiting -> what was sent for them."""
        translator = self._context.translator
        return {
            side: {one.id: translator.record(side, one.values).values for one in self._waiting[side.other].values()}
            for side in SIDES
        }

    @cached_property
    def _under_its_id(self) -> set[tuple[str | None, str | None]]:
        """Left and right ids of those waiting, where their copy was sent with an id of ours."""
        store, scope = self._context.store, self._context.scope
        return {(review.left_id, review.right_id) for review in store.reviews(scope, kinds=(ReviewKind.UNKNOWN,))}

    @cached_property
    def _answers(self) -> Sequence[Review]:
        store, scope = self._context.store, self._context.scope
        return store.reviews(scope, status=ReviewStatus.DECIDED, kinds=(ReviewKind.POSSIBLE,))

    def waits(self, side: Side, id_: str) -> bool:
        """Whether the record's create is unanswered, or was until now: then it is never sent again by itself (E28)."""
        return id_ in self._waiting[side] or (side, id_) in self._found

    def partner(self, side: Side, record: Record) -> Record | None:
        """The record of the other side, as it is now, whose lost create made this new one.

        It holds all that was sent, or a person said so.
        """
        for id_ in self._waiting[side.other]:
            sent = self._sent[side][id_]
            is_chosen = self._chosen.get((side.other, id_)) == record.id
            if is_chosen or (sent and all(record.values.get(name) == value for name, value in sent.items())):
                return self.taken(side.other, id_)
        return None

    def question(self, side: Side, record: Record) -> Review | None:
        """Whether this new record may be what a lost create made, edited since: half of what was sent stands there, or
        it has the id that was sent.

        Passed on, it might come back to where it came from.
        """
        if not self._waiting[side.other]:
            return None
        names = self._context.fields(Side.LEFT)
        shown: dict[Side, dict[str, Mapping[str, Value]]] = {one: {} for one in SIDES}
        candidates: list[dict[str, Any]] = []
        for id_ in self._waiting[side.other]:
            sent = {name: value for name, value in self._sent[side][id_].items() if value is not None}
            same = sum(record.values.get(name) == value for name, value in sent.items())
            ids = {side: record.id, side.other: id_}
            is_like = same and 2 * same >= len(sent)
            if not is_like and (ids[Side.LEFT], ids[Side.RIGHT]) not in self._under_its_id:
                continue
            for of, one in ((side, record), *((side.other, one) for one in self._now(side.other, id_))):
                shown[of][one.id] = self._context.translator.shared(of, one.values, names)
            score = same / len(sent) if sent else 0.0
            named = {one.value: ids[one] for one in SIDES}
            candidates.append({**named, "rule": WHY, "score": score, "fields": {}})
        if not candidates:
            return None
        return questions.of_candidates(ReviewKind.POSSIBLE, self._context.flow.name, candidates, shown)

    def answer(self, question: Review) -> Decision | None:
        """What a person answered to exactly this."""
        return questions.answer_to(question, self._answers)

    def taken(self, side: Side, id_: str) -> Record | None:
        """One of those waiting, as it is now; it waits no more."""
        now = next(self._now(side, id_), None)
        self._waiting[side].pop(id_, None)
        self._found.add((side, id_))
        return now

    def _now(self, side: Side, id_: str) -> Iterator[Record]:
        for batch in reading.fetched(self._context.systems[side], self._context.selections[side], [id_]):
            yield from records_of(batch.records)
