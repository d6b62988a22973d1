"""Findings -> ordered operations, checked against the target, and the questions for people.

The planner writes to no system. It hands operations on in the order in which they are to be carried out: what
belongs to one pair stands together, deletions come last. Source: spec/engine.md E12, E13, E20, E24, E26.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.check import Checker
from tallystick.engine.guards import Tally
from tallystick.engine.merge import PARTLY, Merged, Merger, Pair
from tallystick.engine.newcomers import Newcomer, Newcomers
from tallystick.engine.outbox import Outbox
from tallystick.engine.references import References
from tallystick.engine.translate import Translated, TranslatedRecord, Translator, Trouble
from tallystick.model.fingerprint import fingerprint
from tallystick.model.flow import Flow, OnNew, Rule
from tallystick.model.link import Link, Standing, Unlinked
from tallystick.model.plan import Operation, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action

_NO_RULES: Final[Mapping[str, str]] = {}


@dataclass(slots=True, kw_only=True)
class Questions:
    """What a plan asks of people and remembers of records it could not link."""

    reviews: dict[questions.Key, Review] = field(default_factory=dict)
    parked: list[Unlinked] = field(default_factory=list)
    settled: list[tuple[Side, str]] = field(default_factory=list)  # records no longer parked
    held: list[Link] = field(default_factory=list)  # links of which something is held back: to be marked UNSETTLED
    watched: frozenset[tuple[Side, str]] = frozenset()  # records that open questions are about
    evaluated: set[tuple[Side, str]] = field(default_factory=set)  # those of them that were looked at
    notes: list[str] = field(default_factory=list)  # sentences for the report
    conflicts: int = 0
    ignored: int = 0
    rejects: int = 0

    def saw(self, side: Side, id_: str) -> None:
        """The record was looked at: what was asked about it before holds only if it is asked again."""
        if (side, id_) in self.watched:
            self.evaluated.add((side, id_))

    def ask(self, review: Review) -> None:
        self.reviews[questions.key_of(review)] = review


class Planner:
    """Plans one flow. `keep` takes operations in chunks as they are ready."""

    def __init__(
        self,
        flow: Flow,
        run: str,
        translator: Translator,
        references: References,
        checkers: Mapping[Side, Checker],
        keep: Callable[[Sequence[Operation]], None],
        *,
        tally: Tally,
        fresh: frozenset[str] = frozenset(),
        is_linking_only: bool = False,
        first_seq: int = 0,
        watched: frozenset[tuple[Side, str]] = frozenset(),
    ) -> None:
        self._flow = flow
        self.run = run
        self._translator = translator
        self._merger = Merger(flow, translator.lines, fresh=fresh)
        self.checkers = checkers
        self.is_linking_only = is_linking_only  # `links rebuild`: nothing is created, changed or deleted
        self._is_passed_on = {side: not is_linking_only and flow.direction.reaches(side.other) for side in SIDES}
        self._new = {side: f"new on the {side.value}" for side in SIDES}
        self.outbox = Outbox(flow, translator, keep, tally, first_seq=first_seq)
        self.tally = tally
        self.asked = Questions(watched=watched)
        self.situations: Counter[str] = Counter()
        self.taken: set[tuple[Side, str]] = set()  # unlinked records that a link is moved to
        self._newcomers = (
            Newcomers(flow, references, self._translated, self._create, self._may_wait) if flow.refs else None
        )

    def finish(self) -> None:
        """Plans what waited for the rest of the plan; nothing comes after it."""
        if self._newcomers is not None:
            self._newcomers.finish()
        self.outbox.flush()

    # --- linked pairs

    def pair(
        self,
        link: Link,
        left: Record,
        right: Record,
        answers: Sequence[Review] = (),
        *,
        fighting: frozenset[tuple[Side, str]] = frozenset(),
    ) -> None:
        """A linked pair of which something changed. `answers`: decided reviews that touch it; `fighting`: fields
        that two systems keep rewriting, which from now on a person decides (E22).
        """
        self._seen(left.id, right.id)
        self.situations["linked"] += 1
        self._merge(link, _pair(link, left, right), answers, evidence={}, fighting=fighting)

    def link(
        self,
        left: Record,
        right: Record,
        evidence: Mapping[str, Any],
        answers: Sequence[Review] = (),
        *,
        dormant: Link | None = None,
        reason: str = "matched",
    ) -> None:
        """Two records found to be one, merged against an empty base (E15), or a dormant link taken up again."""
        self._seen(left.id, right.id)
        self.situations["definite" if dormant is None else "restored"] += 1
        if self._newcomers is not None:
            self._newcomers.linked(Side.LEFT, left.id)
            self._newcomers.linked(Side.RIGHT, right.id)
        self._merge(dormant, _pair(dormant, left, right), answers, evidence=evidence, link_reason=reason)

    def _merge(
        self,
        link: Link | None,
        pair: Pair,
        answers: Sequence[Review],
        *,
        evidence: Mapping[str, Any],
        link_reason: str = "",
        fighting: frozenset[tuple[Side, str]] = frozenset(),
    ) -> None:
        merged = self._merger.merge(pair)
        if fighting:
            self._merger.stop(merged, pair, fighting)
        if merged.conflicts or merged.lossy_edits:
            decided = self._decided(pair, merged, answers)
            if decided:
                merged = self._merger.merge(pair, decided)
        operations: list[Operation] = []
        if link_reason:
            operations.append(
                self._operation(
                    Action.LINK,
                    self._flow.primary,
                    pair,
                    link=link.number if link is not None else None,
                    settles=merged.agreed,
                    reason=link_reason,
                    evidence=evidence,
                )
            )
        elif (merged.has_agreed and not merged.writes) or (link is not None and self._is_outdated(link, pair, merged)):
            side = Side.LEFT if link is not None and _moved(link, pair, Side.LEFT) else Side.RIGHT
            operations.append(
                self._operation(
                    Action.AGREE,
                    side,
                    pair,
                    link=link.number if link is not None else None,
                    settles=merged.agreed,
                    reason=_agreement(merged),
                )
            )
        is_held = not merged.is_settled
        if merged.is_doubled:
            self._double(link, pair, operations)
            return
        if not self.is_linking_only:
            is_held |= self._updates(link, pair, merged, operations, has_agreed=not operations)
        else:
            is_held |= bool(merged.writes)
        self._ask_about(pair, merged)
        if operations:
            if is_held:
                operations = [replace(operation, is_partial=True) for operation in operations]
            self.outbox.add(operations, pair)
        elif is_held and link is not None:
            self.asked.held.append(link)
        if not is_held:
            self.asked.settled += [(Side.LEFT, pair.left.id), (Side.RIGHT, pair.right.id)]

    def _is_outdated(self, link: Link, pair: Pair, merged: Merged) -> bool:
        """Nothing is held or changed any more, but the link was marked to be looked at, or is of other fields."""
        if not merged.is_settled or merged.writes:
            return False
        for side in SIDES:
            fields = self._translator.fields(side)
            base = pair.base(side)
            if {name: base[name] for name in fields if name in base} != pair.record(side).values:
                return False
        prints = {side: fingerprint(pair.record(side).values, self._translator.fields(side)) for side in SIDES}
        return any((end := link.end(side)) is not None and end.fingerprint != prints[side] for side in SIDES)

    def _updates(
        self, link: Link | None, pair: Pair, merged: Merged, operations: list[Operation], *, has_agreed: bool
    ) -> bool:
        """Adds the updates of the pair; True when one of them cannot be sent."""
        is_held = False
        for side, write in merged.writes.items():
            record = pair.record(side)
            problem = self.checkers[side].update(write.after)
            if problem is not None:
                self.reject(side.other, pair.record(side.other), problem, partner=record.id)
                is_held = True
                continue
            settles = {s: {**(merged.agreed[s] if has_agreed else {}), **write.settles[s]} for s in SIDES}
            has_agreed = False
            operations.append(
                self._operation(
                    Action.UPDATE,
                    side,
                    pair,
                    link=link.number if link is not None else None,
                    before={name: record.values.get(name) for name in write.after},
                    after=write.after,
                    settles=settles,
                    reason="; ".join(sorted(set(write.rules.values()))),
                    rules=write.rules,
                )
            )
        return is_held

    def _double(self, link: Link | None, pair: Pair, operations: list[Operation]) -> None:
        """add_both: both versions are kept, each side gets the other's as a new record (E19, S14)."""
        self.asked.conflicts += 1
        # The link stays with the record on the right; the left is written first, so its record is free by then.
        for side, number in ((Side.RIGHT, link.number if link is not None else None), (Side.LEFT, None)):
            operation = self.create(side, pair.record(side), number, "conflict: both kept")
            if operation is None:
                if link is not None:
                    self.asked.held.append(link)
                return
            if link is not None and number is None:
                operation = replace(operation, evidence={"doubled": link.number})
            operations.append(operation)
        self.outbox.add(operations[-2:], None)

    def _decided(self, pair: Pair, merged: Merged, answers: Sequence[Review]) -> dict[str, Rule]:
        """A person's answers that still hold: given to exactly the differences there are now (E17)."""
        decided: dict[str, Rule] = {}
        for kind, differences in (
            (ReviewKind.CONFLICT, merged.conflicts),
            (ReviewKind.LOSSY_EDIT, merged.lossy_edits),
        ):
            if not differences:
                continue
            question = questions.of_differences(kind, self._flow.name, pair.left.id, pair.right.id, differences)
            for answer in answers:
                if answer.decision is None or answer.status is not ReviewStatus.DECIDED:
                    continue
                if (
                    questions.key_of(answer) == questions.key_of(question)
                    and answer.fingerprint == question.fingerprint
                ):
                    for name in differences:
                        take = answer.decision.fields.get(name, answer.decision.take)
                        decided[name] = Rule(take.value) if take in (Take.LEFT, Take.RIGHT) else Rule.IGNORE
        return decided

    def _ask_about(self, pair: Pair, merged: Merged) -> None:
        self.asked.conflicts += bool(merged.conflicts or merged.lossy_edits)
        self.asked.ignored += bool(merged.ignored or merged.kept_apart)
        for kind, differences in (
            (ReviewKind.CONFLICT, merged.conflicts),
            (ReviewKind.LOSSY_EDIT, merged.lossy_edits),
        ):
            if differences:
                self.asked.ask(
                    questions.of_differences(kind, self._flow.name, pair.left.id, pair.right.id, differences)
                )
        for line, side, translated in merged.troubles:
            self._trouble(line.name, side, pair.record(side.other), translated, partner=pair.record(side).id)

    def _trouble(
        self, name: str, side: Side, source: Record, translated: Translated, *, partner: str | None = None
    ) -> None:
        """A field that cannot be translated towards `side`: it is held, visibly (E10)."""
        kind = ReviewKind.UNMAPPED_CODE if translated.trouble is Trouble.UNMAPPED_CODE else ReviewKind.REJECT
        if kind is ReviewKind.REJECT:
            self.asked.rejects += 1
        self.asked.ask(
            questions.of_record(
                kind,
                self._flow.name,
                {side.other: source.id, side: partner},
                translated.message,
                topic=name,
                field=name,
            )
        )
        if translated.waits_for is not None:
            self._park(side.other, source, Standing.WAITING, translated.message, translated.waits_for)

    # --- records that are not linked

    def new(
        self,
        side: Side,
        record: Record,
        *,
        dormant: Link | None = None,
        is_decided: bool = False,
        answers: Sequence[Review] = (),
    ) -> None:
        """A record without a partner. `dormant`: the link it had; `is_decided`: a person said "create".

        `answers`: decided reviews about the record, of which one may still hold.
        """
        self.asked.saw(side, record.id)
        reason = self._new[side]
        self.situations[reason] += 1
        reaction = OnNew.CREATE if is_decided else self._flow.on.new[side]
        if not self._is_passed_on[side] or reaction is OnNew.IGNORE:
            if self._flow.match.fields or dormant is not None:
                self._park(side, record, Standing.IGNORED, "new records of this side are not passed on")
            return
        if reaction is OnNew.ASK:
            question = questions.of_record(
                ReviewKind.POSSIBLE,
                self._flow.name,
                {side: record.id},
                f"New on the {side.value}.",
                topic="new",
                shown=dict(record.values),
                candidates=[],
            )
            answer = questions.answer_to(question, answers)
            if answer is None:
                self._park(side, record, Standing.ASKED, "waits for a person")
                self.asked.ask(question)
            if answer is not None and answer.take is not Take.CREATE:
                self._park(side, record, Standing.IGNORED, f"decided by {answer.by or 'a person'}")
            if answer is None or answer.take is not Take.CREATE:
                return
        number = dormant.number if dormant is not None else None
        one = Newcomer(side=side, record=record, link=number, reason=reason)
        if self._newcomers is not None:
            self._newcomers.add(one)
        else:
            self._create(one)

    def _translated(self, one: Newcomer) -> TranslatedRecord:
        return self._translator.record(one.side.other, one.record.values)

    def _may_wait(self, one: Newcomer, line: str) -> bool:
        """Whether the record may be created without a reference, which is set later."""
        return self.checkers[one.side.other].may_be_empty(self._line_fields(line, one.side.other))

    def _create(self, one: Newcomer) -> bool:
        """Plans the creation; False when it is a reject."""
        operation = self._creation(one)
        if operation is not None:
            self.outbox.add((operation,), None)
        return operation is not None

    def create(self, side: Side, record: Record, link: int | None, reason: str) -> Operation | None:
        """The operation that creates `record` (of `side`) on the other side; None when it cannot be."""
        return self._creation(Newcomer(side=side, record=record, link=link, reason=reason))

    def _creation(self, one: Newcomer) -> Operation | None:
        side, record, target = one.side, one.record, one.side.other
        translated = one.translated or self._translated(one)
        waits = {name: waiting for name, waiting in translated.waits.items() if name not in one.without}
        if translated.rejects or waits:
            message = translated.reject or " ".join(waiting.message for waiting in waits.values())
            if one.is_stuck:
                message += f" They refer to each other, and none of these fields may be empty on the {target.value}."
            standing = Standing.REJECTED if translated.rejects else Standing.WAITING
            first = waits.get(one.missing or "", next(iter(waits.values()), None))
            waits_for = first.waits_for if first is not None else None
            self.reject(side, record, message, standing=standing, waits_for=waits_for)
            return None
        problem = self.checkers[target].create(translated.values)
        if problem is not None:
            self.reject(side, record, problem)
            return None
        settles = record.values
        is_partial = bool(translated.held or translated.waits)
        if is_partial:
            held: set[str] = set()
            for name, trouble in translated.held.items():
                held.update(self._line_fields(name, side))
                self._trouble(name, target, record, trouble)
            for name, waiting in translated.waits.items():  # not asked about: what it waits for comes right after it
                held.update(self._line_fields(name, side))
                self._park(side, record, Standing.WAITING, waiting.message, waiting.waits_for)
            settles = {name: value for name, value in settles.items() if name not in held}
        return Operation(
            run=self.run,
            seq=self.outbox.seq(),
            flow=self._flow.name,
            action=Action.CREATE,
            side=target,
            left_id=record.id if side is Side.LEFT else None,
            right_id=record.id if side is Side.RIGHT else None,
            link=one.link,
            after=translated.values,
            settles={side: settles},
            versions={side: record.version},
            reason=one.reason,
            rules={
                name: f"{one.reason}; {PARTLY}" for line in translated.lossy for name in self._line_fields(line, target)
            }
            if translated.lossy
            else _NO_RULES,
            is_partial=is_partial,
        )

    def _line_fields(self, name: str, side: Side) -> tuple[str, ...]:
        return next((line.fields(side) for line in self._translator.lines if line.name == name), ())

    def ask_candidates(
        self, kind: ReviewKind, candidates: Sequence[Mapping[str, Any]], records: Mapping[Side, Mapping[str, Record]]
    ) -> Review:
        """Possible or disputed: the question for a group of records, all parked until it is answered."""
        shared = {
            side: {
                id_: self._translator.shared(side, record.values, self._flow.match.fields)
                for id_, record in records[side].items()
            }
            for side in SIDES
        }
        return questions.of_candidates(kind, self._flow.name, candidates, shared)

    def wait_for_person(self, review: Review, records: Mapping[Side, Sequence[Record]]) -> None:
        self.situations[review.kind.value] += 1
        self.asked.ask(review)
        for side in SIDES:
            for record in records.get(side, ()):
                self.asked.saw(side, record.id)
                self._park(side, record, Standing.ASKED, f"{review.kind.value} match waits for a person")

    def ignore(self, side: Side, record: Record, reason: str) -> None:
        self.asked.saw(side, record.id)
        self._park(side, record, Standing.IGNORED, reason)

    def collide(self, link: Link, side: Side, record: Record, message: str) -> None:
        """An id that now means another record, or two claims on one record (E12)."""
        self.asked.saw(side, record.id)
        self.situations["collision"] += 1
        self.asked.ask(
            questions.of_record(
                ReviewKind.COLLISION,
                self._flow.name,
                ids_of(link),
                message,
                topic=side.value,
                shown=dict(record.values),
            )
        )

    def unreadable(self, side: Side, id_: str, reason: str) -> None:
        """A record the connector could not turn into values: a reject, never an absence (E7)."""
        self.asked.saw(side, id_)
        self.asked.rejects += 1
        self.asked.ask(questions.of_record(ReviewKind.REJECT, self._flow.name, {side: id_}, reason))

    def reject(
        self,
        side: Side,
        record: Record,
        message: str,
        *,
        partner: str | None = None,
        standing: Standing = Standing.REJECTED,
        waits_for: tuple[str, Side, str] | None = None,
    ) -> None:
        self.asked.rejects += 1
        self.asked.ask(
            questions.of_record(
                ReviewKind.REJECT,
                self._flow.name,
                {side: record.id, side.other: partner},
                message,
                shown=record.version,
            )
        )
        self._park(side, record, standing, message, waits_for)

    def _park(
        self,
        side: Side,
        record: Record,
        standing: Standing,
        reason: str,
        waits_for: tuple[str, Side, str] | None = None,
    ) -> None:
        self.asked.parked.append(
            Unlinked(
                side=side,
                id=record.id,
                fingerprint=0,  # set by the pipeline, which knows the side's fields
                values=record.values,
                version=record.version if standing is Standing.IGNORED else None,  # the others are read again
                standing=standing,
                reason=reason,
                waits_for=waits_for,
            )
        )

    # --- operations on their way out

    def _seen(self, left_id: str, right_id: str) -> None:
        self.asked.saw(Side.LEFT, left_id)
        self.asked.saw(Side.RIGHT, right_id)

    def _operation(self, action: Action, side: Side, pair: Pair, **rest: Any) -> Operation:
        return Operation(
            run=self.run,
            seq=self.outbox.seq(),
            flow=self._flow.name,
            action=action,
            side=side,
            left_id=pair.left.id,
            right_id=pair.right.id,
            versions={Side.LEFT: pair.left.version, Side.RIGHT: pair.right.version},
            **rest,
        )


def ids_of(link: Link) -> dict[Side, str | None]:
    return {side: end.id if (end := link.end(side)) is not None else None for side in SIDES}


def _agreement(merged: Merged) -> str:
    if merged.ignored:
        return f"conflict ignored by rule, both sides left as they are: {', '.join(merged.ignored)}"
    return "both sides agree"


def _pair(link: Link | None, left: Record, right: Record) -> Pair:
    """The records measured against the link's base; without a link, against an empty one."""
    bases = {side: end.base if link is not None and (end := link.end(side)) is not None else {} for side in SIDES}
    return Pair(left=left, right=right, left_base=bases[Side.LEFT], right_base=bases[Side.RIGHT])


def _moved(link: Link, pair: Pair, side: Side) -> bool:
    end = link.end(side)
    return end is not None and any(pair.record(side).values.get(name) != value for name, value in end.base.items())
