"""Why a record is or is not in agreement, and where its values came from. Source: spec/engine.md E35."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.engine.context import Context
from tallystick.engine.merge import Merger, Pair
from tallystick.model.link import Link, LinkState
from tallystick.model.plan import OperationState, ReviewStatus
from tallystick.model.record import Absence, Cause, Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.system import Probe


@dataclass(slots=True, kw_only=True)
class Explanation:
    """`answer` is one sentence; `details` are further ones; `fields` tell each value's origin."""

    record: str
    in_sync: bool
    answer: str
    details: list[str] = field(default_factory=list)
    partner: str | None = None
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "record": self.record,
            "in_sync": self.in_sync,
            "answer": self.answer,
            "details": self.details,
            "partner": self.partner,
            "fields": self.fields,
        }


class Explainer:
    """Answers for the records of one flow."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._scope = context.scope
        self._store = context.store
        self._systems: Mapping[Side, Probe] = context.systems
        self._selections = context.selections
        self._translator = context.translator
        self._paused = context.paused

    def explain(self, side: Side, id_: str) -> Explanation:
        end = self._flow.end(side)
        explanation = Explanation(record=f"{end.system}:{end.selection.record}:{id_}", in_sync=False, answer="")
        links = self._store.links_of(self._scope, side, [id_])
        now = {side: self._look(side, id_)}
        if links:
            partner = links[0].end(side.other)
            if partner is not None:
                now[side.other] = self._look(side.other, partner.id)
                other = self._flow.end(side.other)
                explanation.partner = f"{other.system}:{other.selection.record}:{partner.id}"
            self._linked(explanation, links[0], side, now)
        else:
            self._unlinked(explanation, side, id_, now[side])
        self._reviews(explanation, side, id_)
        if self._paused:
            explanation.details.append(f"Field maps paused because a field is gone: {', '.join(self._paused)}.")
        self._origins(explanation, side, id_, now[side])
        return explanation

    def _look(self, side: Side, id_: str) -> Record | Absence:
        batch = self._systems[side].fetch(self._selections[side], [id_])
        for record in records_of(batch.records):
            return record
        for absence in batch.absences:
            return absence
        return Absence(id=id_, cause=Cause.UNKNOWN)

    def _linked(self, explanation: Explanation, link: Link, side: Side, now: Mapping[Side, Record | Absence]) -> None:
        if link.state is LinkState.DORMANT:
            explanation.answer = f"The link rests ({link.cause}): nothing flows until it is taken up again."
            return
        for one in SIDES:
            found = now.get(one)
            if isinstance(found, Absence):
                explanation.answer = f"The {one.value} record is not there: {found.cause.value}. The next run reacts."
                return
        left, right = now[Side.LEFT], now[Side.RIGHT]
        if not isinstance(left, Record) or not isinstance(right, Record) or link.left is None or link.right is None:
            explanation.answer = "The link has only one end."
            return
        merger = Merger(self._flow, self._translator.lines)
        merged = merger.merge(Pair(left=left, right=right, left_base=link.left.base, right_base=link.right.base))
        for one, write in merged.writes.items():
            for name, why in write.rules.items():
                explanation.details.append(f"The next run sets {name} on the {one.value}: {why}.")
        for name in merged.conflicts:
            explanation.details.append(f"{name} was changed on both sides to different values: a conflict.")
        for name in merged.lossy_edits:
            explanation.details.append(f"{name} was edited where only a part of it is held: a lossy edit.")
        for name in (*merged.ignored, *merged.kept_apart):
            explanation.details.append(f"{name} differs and is left as it is by rule or decision.")
        for line, one, translated in merged.troubles:
            explanation.details.append(f"{line.name} is held on its way to the {one.value}: {translated.message}")
        is_told = bool(explanation.details)
        for line in self._translator.lines:
            if not is_told and not line.agrees(left.values, right.values):
                explanation.details.append(
                    f"{line.name} differs on the two sides since they were last agreed; the next edit flows."
                )
        explanation.in_sync = not explanation.details
        if explanation.in_sync:
            explanation.answer = f"In sync with {explanation.partner}."
        else:
            explanation.answer = f"Not in sync with {explanation.partner}: {explanation.details[0]}"

    def _unlinked(self, explanation: Explanation, side: Side, id_: str, now: Record | Absence) -> None:
        if isinstance(now, Absence):
            explanation.answer = {
                Cause.OUT_OF_FILTER: "The record exists but does not pass the flow's filter.",
                Cause.DELETED: "There is no such record.",
            }.get(now.cause, f"The record cannot be read: {now.cause.value}.")
            return
        parked = next(iter(self._store.unlinked(self._scope, side, [id_])), None)
        if parked is not None:
            explanation.answer = f"Not linked ({parked.standing.value}): {parked.reason}"
            if parked.waits_for is not None:
                explanation.details.append(f"It waits for {parked.waits_for[0]} {parked.waits_for[2]}.")
            return
        if not self._flow.direction.reaches(side.other):
            explanation.answer = f"Not linked: the flow only goes {self._flow.direction.value.replace('_', ' ')}."
        else:
            explanation.answer = "Not linked yet: no run has seen this record; the next one will."

    def _reviews(self, explanation: Explanation, side: Side, id_: str) -> None:
        for review in self._store.reviews_of(self._scope, side, [id_]):
            if review.status is ReviewStatus.OPEN:
                message = review.evidence.get("message") or ", ".join(review.fields) or "see the question"
                explanation.details.append(f"Review {review.number} ({review.kind.value}) waits: {message}")
                explanation.in_sync = False

    def _origins(self, explanation: Explanation, side: Side, id_: str, now: Record | Absence) -> None:
        """For each field the last operation that wrote it; without one the value is the record's own."""
        values: Mapping[str, Value] = now.values if isinstance(now, Record) else {}
        history = [
            operation
            for operation in self._store.journal(self._scope, side=side, id=id_, limit=1_000)
            if operation.state is OperationState.DONE and operation.side is side
        ]
        for name in self._selections[side].fields:
            origin: dict[str, Any] = {
                "value": values.get(name),
                "from_side": side.value,
                "run": None,
                "rule": "its own",
                "at": None,
            }
            for operation in history:
                if name in operation.after and operation.action in (Action.CREATE, Action.UPDATE):
                    if operation.after[name] == values.get(name):
                        origin.update(
                            from_side=side.other.value,
                            run=operation.run,
                            rule=operation.rules.get(name, operation.reason),
                            at=operation.at,
                        )
                    else:
                        origin["rule"] = f"edited on the {side.value} since run {operation.run}"
                    break
            explanation.fields[name] = origin
