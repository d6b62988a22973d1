"""Reactions to records that are not there: deleted, out of the filter, archived, out of sight.

Source: spec/engine.md E2, E20; scenarios S13, S15, S16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tallystick.engine import questions
from tallystick.engine.asked import ids_of
from tallystick.engine.plan import Planner
from tallystick.model.flow import EditVsDelete, Flow, OnDeleted, OnScopeLeft
from tallystick.model.link import Link
from tallystick.model.plan import Operation, Review, ReviewKind, Take
from tallystick.model.record import Absence, Cause, Record
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action

_TELLING: Final = frozenset({Cause.DELETED, Cause.MERGED, Cause.OUT_OF_FILTER, Cause.ARCHIVED})
"""Causes that say what became of a record. Of any other nothing follows, not even that a question is over."""

_AS_LINKED: Final[Mapping[Side, str]] = {}


class AbsencePlanner:
    """Plans what follows from absences, each by its cause."""

    def __init__(self, flow: Flow, planner: Planner) -> None:
        self._flow = flow
        self._planner = planner

    def plan(
        self,
        link: Link,
        absences: Mapping[Side, Absence],
        records: Mapping[Side, Record],
        answers: Sequence[Review] = (),
    ) -> None:
        """A link of which a record is proven absent. `records`: the side that is still there, as it is now."""
        causes = {absence.cause for absence in absences.values()}
        if causes <= _TELLING:
            for side in absences:
                end = link.end(side)
                if end is not None:
                    self._planner.asked.saw(side, end.id)
        if len(absences) == 2:
            if causes <= _TELLING:
                cause = "deleted" if Cause.DELETED in causes else "out of filter"
                self._planner.asked.situations["absent on both sides"] += 1
                self.part(link, Side.LEFT, f"both {cause}", gone=SIDES)
            else:
                self._planner.asked.held.append(link)
            return
        side, absence = next(iter(absences.items()))
        self._planner.asked.situations[f"absent on the {side.value}: {absence.cause.value}"] += 1
        survivor = records[side.other]
        match absence.cause:
            case Cause.DELETED:
                self._deleted(link, side, survivor, answers)
            case Cause.OUT_OF_FILTER | Cause.ARCHIVED:
                self._scope_left(link, side, survivor, absence.cause)
            case Cause.MERGED:
                pass  # the caller has moved the link (see pipeline)
            case Cause.FORBIDDEN | Cause.INCOMPLETE | Cause.MAPPING_CLEARED | Cause.UNKNOWN:
                self._planner.asked.held.append(link)  # never a reason to write: told by `why`

    def _deleted(self, link: Link, side: Side, survivor: Record, answers: Sequence[Review]) -> None:
        """Deleted on `side`; `survivor` is the other side's record."""
        other = side.other
        end = link.end(other)
        base = end.base if end is not None else {}
        is_edited = any(survivor.values.get(name, base.get(name)) != value for name, value in base.items())
        reaction = self._flow.on.deleted[side]
        choice = self._flow.on.edit_vs_delete
        reaches = self._flow.direction.reaches
        question = questions.of_record(
            ReviewKind.CONFLICT,
            self._flow.name,
            ids_of(link),
            f"Deleted on the {side.value}" + (f", edited on the {other.value}." if is_edited else "."),
            topic="deleted",
            shown=dict(survivor.values),
        )
        answer = questions.answer_to(question, answers)
        if answer is not None and answer.take is Take.IGNORE:
            self.part(link, side, f"{side.value} deleted, kept by decision", gone=(side,))
        elif (answer is not None and answer.take.value == other.value) or (
            answer is None and is_edited and choice is EditVsDelete.EDIT and reaches(side)
        ):
            operation = self._planner.creations.create(
                other, survivor, link.number, f"edited on the {other.value}, deleted on the {side.value}"
            )
            if operation is not None:
                self._planner.outbox.add([operation], None)
            else:
                self._planner.asked.held.append(link)
        elif answer is None and (reaction.then is OnDeleted.ASK or (is_edited and choice is EditVsDelete.ASK)):
            self._planner.asked.ask(question)
            self._planner.asked.held.append(link)
        elif (reaction.then is OnDeleted.KEEP and answer is None) or not reaches(other):
            self.part(link, side, f"{side.value} deleted, kept", gone=(side,))
        elif reaction.then is OnDeleted.SET and answer is None:
            self._set(link, side, survivor, reaction.values)
        else:
            self._delete(link, other, survivor, f"deleted on the {side.value}")

    def _scope_left(self, link: Link, side: Side, survivor: Record, cause: Cause) -> None:
        reaction = self._flow.on.scope_left[side]
        if reaction is OnScopeLeft.KEEP:
            self._planner.asked.held.append(link)
            return
        if reaction is OnScopeLeft.DELETE and cause is Cause.OUT_OF_FILTER and self._flow.direction.reaches(side.other):
            self._delete(link, side.other, survivor, f"left the filter on the {side.value}")
        else:
            self.part(link, side, f"{side.value} {cause.value}", gone=(side,))

    def _delete(self, link: Link, side: Side, record: Record, reason: str) -> None:
        problem = self._planner.checkers[side].allows(Action.DELETE)
        if problem is not None:
            self._planner.asked.reject(side, record, problem, partner=ids_of(link)[side.other])
            self._planner.asked.held.append(link)
            return
        self._planner.outbox.add_last(
            self._operation(
                Action.DELETE,
                link,
                side,
                seq=self._planner.outbox.last_seq(),
                before=dict(record.values),
                versions={side: record.version},
                reason=reason,
            )
        )

    def _set(self, link: Link, side: Side, survivor: Record, values: Mapping[str, Value]) -> None:
        """The reaction `{set: ...}`: the surviving record is marked, then the link rests."""
        other = side.other
        wanted = {name: value for name, value in values.items() if survivor.values.get(name) != value}
        operations: list[Operation] = []
        if wanted:
            problem = self._planner.checkers[other].update(wanted)
            if problem is not None:
                self._planner.asked.reject(other, survivor, problem, partner=ids_of(link)[side])
                self._planner.asked.held.append(link)
                return
            reason = f"deleted on the {side.value}: set"
            operations.append(
                self._operation(
                    Action.UPDATE,
                    link,
                    other,
                    before={name: survivor.values.get(name) for name in wanted},
                    after=wanted,
                    settles={other: wanted},
                    versions={other: survivor.version},
                    reason=reason,
                    rules=dict.fromkeys(wanted, reason),
                )
            )
        operations.append(self._parting(link, side, f"{side.value} deleted, set", gone=(side,)))
        self._planner.outbox.add(operations, None)

    def part(self, link: Link, side: Side, cause: str, *, gone: Sequence[Side]) -> None:
        """Makes a link dormant: both ids stay known, so that nothing is created twice."""
        self._planner.outbox.add([self._parting(link, side, cause, gone=gone)], None)

    def _parting(self, link: Link, side: Side, cause: str, *, gone: Sequence[Side]) -> Operation:
        return self._operation(Action.PART, link, side, reason=cause, evidence={"gone": [s.value for s in gone]})

    def relink(self, link: Link, side: Side, to: str, reason: str) -> None:
        """The record on `side` lives on under another id."""
        was = {"was": ids_of(link)[side]}
        self._planner.taken.add((side, to))
        operation = self._operation(Action.RELINK, link, side, ids={side: to}, reason=reason, evidence=was)
        self._planner.outbox.add([operation], None)

    def _operation(
        self,
        action: Action,
        link: Link,
        side: Side,
        *,
        seq: int | None = None,
        ids: Mapping[Side, str] = _AS_LINKED,
        **rest: Any,
    ) -> Operation:
        """An operation about a link; `ids`: ends that get another id."""
        ends = {**ids_of(link), **ids}
        return Operation(
            run=self._planner.run,
            seq=self._planner.outbox.seq() if seq is None else seq,
            flow=self._flow.name,
            action=action,
            side=side,
            left_id=ends[Side.LEFT],
            right_id=ends[Side.RIGHT],
            link=link.number,
            **rest,
        )
