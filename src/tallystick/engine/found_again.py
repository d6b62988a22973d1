"""New records that are what a create whose answer was lost has left there. Source: spec/engine.md E28; scenario S5."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tallystick.engine import questions, reading
from tallystick.engine.context import Context
from tallystick.model.link import Standing, Unlinked
from tallystick.model.plan import ReviewKind, ReviewStatus, Take
from tallystick.model.record import Record, records_of
from tallystick.model.side import SIDES, Side


class FoundAgain:
    """The records of one flow whose create was sent without an answer, and their partners as they come to light."""

    def __init__(self, context: Context) -> None:
        """The store is asked when something is first looked for."""
        self._context = context
        self._found: set[tuple[Side, str]] = set()  # in this reading: they have a partner now

    @cached_property
    def _waiting(self) -> dict[Side, dict[str, Unlinked]]:
        store, scope = self._context.store, self._context.scope
        return {
            side: {one.id: one for one in store.unlinked(scope, side) if one.standing is Standing.UNKNOWN}
            for side in SIDES
        }

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

    def waits(self, side: Side, id_: str) -> bool:
        """Whether the record's create is unanswered, or was until now: then it is never sent again by itself (E28)."""
        return id_ in self._waiting[side] or (side, id_) in self._found

    def partner(self, side: Side, record: Record) -> Record | None:
        """The record of the other side, as it is now, whose lost create made this new one.

        It holds all that was sent, or a person said so.
        """
        waiting = self._waiting[side.other]
        if not waiting:
            return None
        for one in waiting.values():
            sent = self._context.translator.record(side, one.values).values
            is_chosen = self._chosen.get((side.other, one.id)) == record.id
            if is_chosen or (sent and all(record.values.get(name) == value for name, value in sent.items())):
                return next(self._now(side.other, one.id), None)
        return None

    def _now(self, side: Side, id_: str) -> Iterator[Record]:
        for batch in reading.fetched(self._context.systems[side], self._context.selections[side], [id_]):
            del self._waiting[side][id_]
            self._found.add((side, id_))
            yield from records_of(batch.records)
