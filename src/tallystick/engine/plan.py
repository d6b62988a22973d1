"""Findings -> ordered operations, checked against the target, and the questions for people.

The planner writes to no system. It hands operations on in the order in which they are to be carried out: what
belongs to one pair stands together, deletions come last. Source: spec/engine.md E12, E13, E20, E24, E26.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.asked import Asked
from tallystick.engine.check import Checker
from tallystick.engine.creations import Creations
from tallystick.engine.found_again import FoundAgain
from tallystick.engine.guards import Tally
from tallystick.engine.merge import Merged, Merger, Pair
from tallystick.engine.outbox import Outbox
from tallystick.engine.references import References
from tallystick.engine.translate import Translator
from tallystick.model.fingerprint import fingerprint
from tallystick.model.flow import Flow, Rule
from tallystick.model.link import Link
from tallystick.model.plan import Operation, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action


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
        found_again: FoundAgain,
        *,
        tally: Tally,
        fresh: frozenset[str] = frozenset(),
        is_linking_only: bool = False,
        outside: Side | None = None,
        first_seq: int = 0,
        watched: Callable[[], Collection[tuple[Side, str]]] = frozenset,
    ) -> None:
        self._flow = flow
        self.run = run
        self._translator = translator
        self._merger = Merger(flow, translator.lines, fresh=fresh)
        self.checkers = checkers
        self.is_linking_only = is_linking_only  # `links rebuild`: nothing is created, changed or deleted
        self._outside = outside  # the side whose records are outside the filter: what is linked to them rests
        self.outbox = Outbox(flow, translator, keep, tally, first_seq=first_seq)
        self.tally = tally
        self.found_again = found_again
        self.asked = Asked(flow=flow.name, watched=watched)
        self.taken: set[tuple[Side, str]] = set()  # unlinked records that a link is moved to
        self.creations = Creations(
            flow,
            run,
            translator,
            references,
            checkers,
            self.outbox,
            self.asked,
            found_again.waits,
            is_linking_only=is_linking_only,
        )

    def finish(self) -> None:
        """Plans what waited for the rest of the plan; nothing comes after it."""
        self.creations.finish()
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
        self.asked.situations["linked"] += 1
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
        self.asked.situations["definite" if dormant is None else "restored"] += 1
        self.creations.linked(left.id, right.id)
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
        if link_reason and self._outside is not None:
            evidence = {**evidence, "gone": [self._outside.value], "cause": f"{self._outside.value} out of filter"}
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
                self.asked.reject(side.other, pair.record(side.other), problem, partner=record.id)
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
        # The link stays with the record on the right; the left is written first, so its record is free by then.
        for side, number in ((Side.RIGHT, link.number if link is not None else None), (Side.LEFT, None)):
            operation = self.creations.create(side, pair.record(side), number, "conflict: both kept")
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
            self.asked.trouble(line.name, side, pair.record(side.other), translated, partner=pair.record(side).id)

    # --- records that are not linked

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


def _agreement(merged: Merged) -> str:
    if merged.ignored:
        return f"conflict ignored by rule, both sides left as they are: {', '.join(merged.ignored)}"
    return "both sides agree"


def _pair(link: Link | None, left: Record, right: Record) -> Pair:
    """The records measured against the link's base; without a link, or of another record, against an empty one."""

    def base(side: Side, record: Record) -> Mapping[str, Value]:
        end = link.end(side) if link is not None else None
        return end.base if end is not None and end.id == record.id else {}

    return Pair(left=left, right=right, left_base=base(Side.LEFT, left), right_base=base(Side.RIGHT, right))


def _moved(link: Link, pair: Pair, side: Side) -> bool:
    end = link.end(side)
    return end is not None and any(pair.record(side).values.get(name) != value for name, value in end.base.items())
