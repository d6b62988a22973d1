"""What a plan found, what it asks of people, and what it remembers of records it could not link.

Source: spec/engine.md E10, E12, E16, E17, E26.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tallystick.engine import questions
from tallystick.engine.translated import Awaited, Translated, Trouble
from tallystick.model.link import Link, Standing, Unlinked
from tallystick.model.plan import Review, ReviewKind
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side

MANY: Final = 10_000
"""So many records that were looked at are remembered, whether or not a question is about them."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """The questions and parked records of one plan of one flow."""

    flow: str
    watched: Callable[[], Collection[tuple[Side, str]]]  # gives the records that open questions are about
    # Records that were looked at; where those are many, the watched among them.
    evaluated: set[tuple[Side, str]] = field(default_factory=set)
    reviews: dict[questions.Key, Review] = field(default_factory=dict)
    parked: list[Unlinked] = field(default_factory=list)
    _within: set[tuple[Side, str]] = field(default_factory=set)  # those that wait for a record of this flow
    settled: list[tuple[Side, str]] = field(default_factory=list)  # records no longer parked
    lost: list[tuple[Side, str]] = field(default_factory=list)  # parked ones that are not there any more
    held: list[Link] = field(default_factory=list)  # links of which something is held back: to be marked UNSETTLED
    situations: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)  # sentences for the report
    ignored: int = 0
    _kept: Collection[tuple[Side, str]] | None = None  # the watched, once many records were looked at

    def saw(self, side: Side, id_: str) -> None:
        """The record was looked at: what was asked about it before holds only if it is asked again."""
        if self._kept is None or (side, id_) in self._kept:
            self.evaluated.add((side, id_))
            if self._kept is None and len(self.evaluated) > MANY:
                self._kept = self.watched()
                self.evaluated.intersection_update(self._kept)

    def lose(self, side: Side, ids: Iterable[str]) -> None:
        """Records that are not linked and not there any more: nothing is asked about them, and nothing remembered."""
        self.lost += [(side, id_) for id_ in ids]

    def ask(self, review: Review) -> None:
        self.reviews[questions.key_of(review)] = review

    def wait(self, review: Review, records: Mapping[Side, Sequence[Record]]) -> None:
        """Possible or disputed: the records are parked until the question is answered."""
        self.situations[review.kind.value] += 1
        self.ask(review)
        for side in SIDES:
            for record in records.get(side, ()):
                self.saw(side, record.id)
                self.park(side, record, Standing.ASKED, f"{review.kind.value} match waits for a person")

    def ignore(self, side: Side, record: Record, reason: str) -> None:
        self.saw(side, record.id)
        self.park(side, record, Standing.IGNORED, reason)

    def collide(self, link: Link, side: Side, record: Record, message: str) -> None:
        """An id that now means another record, or two claims on one record (E12)."""
        self.saw(side, record.id)
        self.situations["collision"] += 1
        self.ask(
            questions.of_record(
                ReviewKind.COLLISION,
                self.flow,
                ids_of(link),
                message,
                topic=side.value,
                shown=dict(record.values),
            )
        )

    def unreadable(self, side: Side, id_: str, reason: str) -> None:
        """A record the connector could not turn into values: a reject, never an absence (E7)."""
        self.saw(side, id_)
        self.ask(questions.of_record(ReviewKind.REJECT, self.flow, {side: id_}, reason))

    def trouble(
        self, name: str, side: Side, source: Record, translated: Translated, *, partner: str | None = None
    ) -> None:
        """A field that cannot be translated towards `side`: it is held, visibly (E10)."""
        kind = ReviewKind.UNMAPPED_CODE if translated.trouble is Trouble.UNMAPPED_CODE else ReviewKind.REJECT
        self.ask(
            questions.of_record(
                kind,
                self.flow,
                {side.other: source.id, side: partner},
                translated.message,
                topic=name,
                field=name,
            )
        )
        if translated.waits_for is not None:
            self.park(side.other, source, Standing.WAITING, translated.message, translated.waits_for)

    def reject(
        self,
        side: Side,
        record: Record,
        message: str,
        *,
        partner: str | None = None,
        standing: Standing = Standing.REJECTED,
        waits_for: Awaited | None = None,
    ) -> None:
        """A record that cannot be carried over as it is."""
        self.ask(
            questions.of_record(
                ReviewKind.REJECT,
                self.flow,
                {side: record.id, side.other: partner},
                message,
                shown=record.version,
            )
        )
        self.park(side, record, standing, message, waits_for)

    def park(
        self, side: Side, record: Record, standing: Standing, reason: str, waits_for: Awaited | None = None
    ) -> None:
        """Remembers why the record is not carried over, or not all of it. Of several that it waits for it is one of
        this flow, which may come in this very run.
        """
        if waits_for is not None:
            if (side, record.id) in self._within:
                return
            if waits_for[0] == self.flow:
                self._within.add((side, record.id))
        self.parked.append(
            Unlinked(
                side=side,
                id=record.id,
                fingerprint=0,  # set by the ledger, which knows the side's fields
                values=record.values,
                version=record.version if standing is Standing.IGNORED else None,  # the others are read again
                standing=standing,
                reason=reason,
                waits_for=waits_for,
            )
        )


def ids_of(link: Link) -> dict[Side, str | None]:
    return {side: end.id if (end := link.end(side)) is not None else None for side in SIDES}
