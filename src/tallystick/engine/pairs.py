"""Findings about linked records -> the planner: causes of absence, resting links, collisions, fights.

Source: spec/engine.md E2, E12, E22; scenarios S13, S16, S25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tallystick.engine import reading
from tallystick.engine.absent import AbsencePlanner
from tallystick.engine.context import Context
from tallystick.engine.detected import Found
from tallystick.engine.identity import is_same_identity
from tallystick.engine.plan import Planner
from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.link import Link, LinkState
from tallystick.model.plan import OperationState, Review
from tallystick.model.record import Absence, Cause, Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action

FIGHT: Final = 4
"""So many writes to and fro of the same values, and two systems count as fighting over a field (E22)."""

Versions = Callable[[Side, Sequence[str]], Mapping[str, str]]
"""id -> version of these records of a side."""


class PairPlanner:
    """Plans what became of linked records."""

    def __init__(self, context: Context, planner: Planner, versions: Versions) -> None:
        """`versions`: those just read of records whose values did not change but whose version may have."""
        self._context = context
        self._planner = planner
        self._versions = versions
        self._absences = AbsencePlanner(context.flow, planner)

    def plan(self, chunk: Sequence[Found]) -> None:
        fetched = self._look_again(chunk)
        answers = self._answers(chunk)
        newer = self._newer(chunk)
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
                elif side in found.absences and not self._context.can(side).causes:
                    absences[side] = Absence(id=end.id, cause=Cause.DELETED)
                elif side in found.absences or self._is_asked(found.link, side):
                    absences[side] = Absence(id=end.id, cause=Cause.UNKNOWN)  # asked, and not told: not readable (E7)
                else:
                    version = newer[side].get(end.id, end.version)
                    records[side] = Record(id=end.id, values=end.base, version=version)
            pairs.append((found.link, records, absences))
        self.prefetch([(side, record) for _, records, _ in pairs for side, record in records.items()])
        for link, records, absences in pairs:
            mine = answers.get(link.left.id if link.left is not None else "", ())
            self._plan_one(link, records, absences, mine)

    def _plan_one(
        self,
        link: Link,
        records: dict[Side, Record],
        absences: dict[Side, Absence],
        answers: Sequence[Review],
    ) -> None:
        if link.state is LinkState.DORMANT:
            self._plan_dormant(link, records, absences)
        elif absences:
            merged = next((side for side in absences if absences[side].cause is Cause.MERGED), None)
            if merged is not None and len(absences) == 1:
                self._plan_merged(link, merged, absences[merged])
            else:
                self._absences.plan(link, absences, records, answers)
        else:
            side = next((s for s in SIDES if self._is_other_identity(link, s, records[s])), None)
            if side is not None:
                self._planner.asked.collide(link, side, records[side], f"The {side.value} id now names another record.")
                return
            fighting = self._fighting(link)
            self._planner.pair(link, records[Side.LEFT], records[Side.RIGHT], answers, fighting=fighting)

    def _plan_merged(self, link: Link, side: Side, absence: Absence) -> None:
        """The record was merged into another: its partner follows, unless that one is taken (E12, S25)."""
        into = absence.merged_into
        taken = self._context.store.links_of(self._context.scope, side, [into]) if into is not None else []
        if into is not None and not taken and (side, into) not in self._planner.taken:
            self._absences.relink(link, side, into, f"merged into {into} on the {side.value}")
            return
        end = link.end(side)
        record = Record(id=end.id if end is not None else "", values=end.base if end is not None else {})
        other = f" with {into}, which has a partner of its own" if into is not None else ""
        self._planner.asked.collide(
            link, side, record, f"The {side.value} record was merged{other}; its partner is left alone."
        )
        self._absences.part(link, side, f"{side.value} merged", gone=(side,))

    def _plan_dormant(self, link: Link, records: Mapping[Side, Record], absences: Mapping[Side, Absence]) -> None:
        """A record of a resting link was seen again: taken up, if it is still the same one (E12, S13, S25)."""
        gone = [side for side in SIDES if (end := link.end(side)) is not None and end.fingerprint == UNSETTLED]
        back = [side for side in gone if side in records]
        if not back or absences.keys() - set(gone):
            return
        if any(absence.cause is not Cause.DELETED for absence in absences.values()):
            return  # the other is there, out of the filter or of sight: made again it would be there twice
        for side in back:
            if not self._is_same(link, side, records[side]):
                still = [s for s in SIDES if s not in gone]
                if still:
                    self._planner.asked.collide(
                        link, side, records[side], f"The {side.value} id came back as another record."
                    )
                    return
        if len(records) == 2:
            self._planner.link(records[Side.LEFT], records[Side.RIGHT], {}, dormant=link, reason="came back")
        else:
            self._planner.creations.new(back[0], records[back[0]], dormant=link)

    def _is_same(self, link: Link, side: Side, record: Record) -> bool:
        end = link.end(side)
        return end is None or is_same_identity(self._context.flow, side, end.base, record.values)

    def _is_other_identity(self, link: Link, side: Side, record: Record) -> bool:
        """An active link's id that from one read to the next means another record: only with proof (E12)."""
        end = link.end(side)
        if end is None or not self._context.flow.match.definite or record.values == end.base:
            return False
        differing = sum(record.values.get(name) != value for name, value in end.base.items())
        if len(end.base) < 3 or differing * 4 < len(end.base) * 3:
            return False
        return not is_same_identity(self._context.flow, side, end.base, record.values)

    def _newer(self, chunk: Sequence[Found]) -> dict[Side, Mapping[str, str]]:
        """Versions of the sides that were read and did not change."""
        quiet = {
            side: [end.id for one in chunk if side not in one.records and (end := one.link.end(side)) is not None]
            for side in SIDES
        }
        return {side: self._versions(side, ids) if ids else {} for side, ids in quiet.items()}

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
                if (is_unlisted and self._context.can(side).causes) or (
                    side not in found.absences and self._is_asked(found.link, side)
                ):
                    ids.append(end.id)
            for batch in reading.fetched(self._context.systems[side], self._context.selections[side], ids):
                looked[side].update((record.id, record) for record in records_of(batch.records))
                looked[side].update((absence.id, absence) for absence in batch.absences)
        return looked

    @staticmethod
    def _is_asked(link: Link, side: Side) -> bool:
        """Whether the base does not tell what the record holds: something is held back, or the link rested."""
        end = link.end(side)
        return link.state is LinkState.DORMANT or (end is not None and end.fingerprint == UNSETTLED)

    def _answers(self, chunk: Sequence[Found]) -> dict[str, list[Review]]:
        """Decided and open reviews, by left id."""
        ids = [found.link.left.id for found in chunk if found.link.left is not None]
        answers: dict[str, list[Review]] = {}
        for review in self._context.store.reviews_of(self._context.scope, Side.LEFT, ids):
            answers.setdefault(review.left_id or "", []).append(review)
        return answers

    def _fighting(self, link: Link) -> frozenset[tuple[Side, str]]:
        """Fields that our last writes set to and fro between the same values (E22)."""
        if link.turns < FIGHT - 1 or link.left is None:
            return frozenset()
        history = [
            o
            for o in self._context.store.journal(self._context.scope, side=Side.LEFT, id=link.left.id, limit=4 * FIGHT)
            if o.action is Action.UPDATE and o.state is OperationState.DONE
        ]
        fighting: set[tuple[Side, str]] = set()
        for name_side in {(o.side, name) for o in history for name in o.after}:
            line = next((ln for ln in self._context.translator.lines if name_side[1] in ln.fields(name_side[0])), None)
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

    def prefetch(self, records: Sequence[tuple[Side, Record]]) -> None:
        """The partners of everything these records refer to, in one go."""
        for line in self._context.translator.lines:
            if line.map.ref is None:
                continue
            for side in SIDES:
                names = line.fields(side)
                ids = {
                    value for s, record in records if s is side for name in names if (value := record.values.get(name))
                }
                self._context.references.prefetch(line.map.ref, side, ids)
