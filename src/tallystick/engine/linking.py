"""Records that are not linked: matched, then linked, created, asked about or left. Source: spec/engine.md E12-E17."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.engine.detected import Detected
from tallystick.engine.equal import equal_pairs
from tallystick.engine.match import Pairing, match, match_keys
from tallystick.engine.plan import Planner
from tallystick.model.flow import OnPossible
from tallystick.model.plan import Decision, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import ID, Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.ports.system import Probe

LOOK_UP: Final = 10_000


class Linker:
    """Finds partners for the unlinked records of one reading and hands the findings to the planner."""

    def __init__(self, context: Context, planner: Planner) -> None:
        self._flow = context.flow
        self._scope = context.scope
        self._store = context.store
        self._systems: Mapping[Side, Probe] = context.systems
        self._selections = context.selections
        self._translator = context.translator
        self._planner = planner

    def link(
        self, detected: Detected, *, is_full: Mapping[Side, bool], has_links: bool
    ) -> Iterator[list[tuple[Side, Record]]]:
        """Matches and plans; yields the new records in chunks, for the caller to plan."""
        claimed = self._taken()
        if self._flow.match.fields:
            claimed = self._match(detected, is_full=is_full, has_links=has_links)
        if self._planner.is_linking_only:
            self._link_equal(detected, claimed)
        for side in SIDES:
            for records in self._unclaimed(side, detected, claimed):
                yield [(side, record) for record in records]

    def _unclaimed(self, side: Side, detected: Detected, claimed: Mapping[Side, set[str]]) -> Iterator[list[Record]]:
        for table in detected.unlinked(side):
            records = [record for record in records_of(table) if record.id not in claimed[side]]
            if records:
                yield records

    def _link_equal(self, detected: Detected, claimed: dict[Side, set[str]]) -> None:
        """Links what holds the same on both sides and nowhere else: a link table is being found again (E34)."""
        lefts, rights = (chain.from_iterable(self._unclaimed(side, detected, claimed)) for side in SIDES)
        pairs = equal_pairs(self._translator, lefts, rights)
        for start in range(0, len(pairs), LOOK_UP):
            part = pairs[start : start + LOOK_UP]
            left = detected.records(Side.LEFT, [left_id for left_id, _ in part])
            right = detected.records(Side.RIGHT, [right_id for _, right_id in part])
            for left_id, right_id in part:
                self._planner.link(left[left_id], right[right_id], {"rule": "equal"}, reason="equal on both sides")
        claimed[Side.LEFT].update(left_id for left_id, _ in pairs)
        claimed[Side.RIGHT].update(right_id for _, right_id in pairs)

    def _match(self, detected: Detected, *, is_full: Mapping[Side, bool], has_links: bool) -> dict[Side, set[str]]:
        """Plans whatever some rule finds; returns the ids that are thereby spoken for."""
        claimed = self._taken()
        tables = {side: self._shared(side, self._unclaimed(side, detected, claimed)) for side in SIDES}
        extra: dict[Side, dict[str, Record]] = {side: {} for side in SIDES}
        linked: dict[Side, dict[int, str]] = {side: {} for side in SIDES}
        if has_links or not all(is_full.values()):
            for side in SIDES:
                self._look_up(side.other, tables, extra[side.other], linked[side.other])
        if not any(table.num_rows for table in tables.values()):
            return claimed
        known = {side: self._shared_of(side, list(extra[side].values())) for side in SIDES if extra[side]}
        matched = match(self._flow.match, tables[Side.LEFT], tables[Side.RIGHT], linked=linked, known=known)
        for block in matched.blocks:
            self._planner.asked.notes.append(
                f"Matching by {block.rule}: {block.left} left and {block.right} right records share the block"
                f" {block.value[:40]!r}, so only {block.compared} pairs were compared. Name a narrower block."
            )
        groups = [
            *((ReviewKind.POSSIBLE, group) for group in _groups(matched.possible)),
            *((ReviewKind.DISPUTED, group) for group in _groups(matched.disputed)),
        ]
        for _, group in groups:
            for pairing in group:
                claimed[Side.LEFT].add(pairing.left_id)
                claimed[Side.RIGHT].add(pairing.right_id)
        for side in SIDES:
            claimed[side].update(matched.definite.ids(side))
        self._link_definite(matched.definite, detected, extra)
        self._ask(groups, detected, extra, claimed)
        for side in SIDES:
            claimed[side].update(extra[side])
        return claimed

    def _taken(self) -> dict[Side, set[str]]:
        """Records that a link is moved to: they are nobody else's."""
        return {side: {id_ for of, id_ in self._planner.taken if of is side} for side in SIDES}

    def _shared(self, side: Side, chunks: Iterator[list[Record]]) -> pa.Table:
        """Ids and match fields, in the flow's shared (left) names."""
        names = self._flow.match.fields
        schema = pa.schema([(name, pa.string()) for name in (ID, *names)])
        parts = [self._shared_of(side, records) for records in chunks]
        return pa.concat_tables([schema.empty_table(), *parts])

    def _shared_of(self, side: Side, records: Sequence[Record]) -> pa.Table:
        names = self._flow.match.fields
        rows = [self._translator.shared(side, record.values, names) for record in records]
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
        return pa.table({ID: pa.array([record.id for record in records], pa.string()), **columns})

    def _look_up(
        self,
        side: Side,
        tables: Mapping[Side, pa.Table],
        extra: dict[str, Record],
        linked: dict[int, str],
    ) -> None:
        """Records of `side` that share a match key with the other side's unlinked ones but were not read now."""
        names = self._flow.match.fields
        other_side, other = side.other, tables[side.other]
        for start in range(0, other.num_rows, LOOK_UP):
            part = other.slice(start, LOOK_UP).select([ID, *names])
            keys = sorted({key.key for key in match_keys(self._flow.match, part, other_side)})
            found = self._store.matching(self._scope, side, keys)
            ids = sorted({key.id for key in found})
            taken = {end.id for link in self._store.links_of(self._scope, side, ids) if (end := link.end(side))}
            taken |= self._taken()[side]
            linked.update({key.key: key.id for key in found if key.id in taken})
            parked = [id_ for id_ in ids if id_ not in taken]
            here = pa.compute.is_in(pa.array(parked, pa.string()), value_set=tables[side].column(ID)).to_pylist()
            parked = [id_ for id_, is_here in zip(parked, here, strict=True) if not is_here]
            if parked:
                batch = self._systems[side].fetch(self._selections[side], parked)
                extra.update({record.id: record for record in records_of(batch.records)})

    def _link_definite(
        self, pairings: Sequence[Pairing], detected: Detected, extra: Mapping[Side, Mapping[str, Record]]
    ) -> None:
        for start in range(0, len(pairings), LOOK_UP):
            chunk = pairings[start : start + LOOK_UP]
            records = self._records(chunk, detected, extra)
            for pairing in chunk:
                left, right = records[Side.LEFT].get(pairing.left_id), records[Side.RIGHT].get(pairing.right_id)
                if left is not None and right is not None:
                    self._planner.link(left, right, _evidence(pairing), reason=f"matched by {pairing.rule}")

    def _records(
        self, pairings: Sequence[Pairing], detected: Detected, extra: Mapping[Side, Mapping[str, Record]]
    ) -> dict[Side, dict[str, Record]]:
        ids = {
            Side.LEFT: {pairing.left_id for pairing in pairings},
            Side.RIGHT: {pairing.right_id for pairing in pairings},
        }
        return {
            side: {
                **detected.records(side, sorted(ids[side])),
                **{id_: record for id_, record in extra[side].items() if id_ in ids[side]},
            }
            for side in SIDES
        }

    def _ask(
        self,
        groups: Sequence[tuple[ReviewKind, Sequence[Pairing]]],
        detected: Detected,
        extra: Mapping[Side, Mapping[str, Record]],
        claimed: Mapping[Side, set[str]],
    ) -> None:
        if not groups:
            return
        kinds = (ReviewKind.POSSIBLE, ReviewKind.DISPUTED)
        answers = {
            (*questions.key_of(review), review.fingerprint): review
            for review in self._store.reviews(self._scope, status=ReviewStatus.DECIDED, kinds=kinds)
        }
        for kind, group in groups:
            records = self._records(group, detected, extra)
            review = self._planner.ask_candidates(kind, [_candidate(pairing) for pairing in group], records)
            answer = answers.get((*questions.key_of(review), review.fingerprint))
            decision = answer.decision if answer is not None else None
            if decision is None and kind is ReviewKind.POSSIBLE:
                decision = reaction(self._flow.on.possible, len(group))
            if decision is None:
                self._planner.asked.wait(review, {side: list(records[side].values()) for side in SIDES})
            else:
                self._decided(decision, group, records, review)

    def _decided(
        self,
        decision: Decision,
        group: Sequence[Pairing],
        records: Mapping[Side, Mapping[str, Record]],
        review: Review,
    ) -> None:
        chosen: Pairing | None = None
        if decision.take is Take.LINK:
            chosen = next((p for p in group if len(group) == 1 or decision.partner in (p.left_id, p.right_id)), None)
        used: set[tuple[Side, str]] = set()
        if chosen is not None:
            used = {(Side.LEFT, chosen.left_id), (Side.RIGHT, chosen.right_id)}
            left = records[Side.LEFT].get(chosen.left_id)
            right = records[Side.RIGHT].get(chosen.right_id)
            if left is not None and right is not None:
                evidence = {**_evidence(chosen), "decided_by": decision.by}
                self._planner.link(left, right, evidence, reason=f"decided by {decision.by or 'a person'}")
        for side in SIDES:
            for id_, record in records[side].items():
                if (side, id_) in used:
                    continue
                if decision.take is Take.CREATE:
                    self._planner.creations.new(side, record, is_decided=True)
                else:
                    self._planner.asked.ignore(side, record, f"decided by {decision.by or 'a person'}")


def reaction(possible: OnPossible, count: int) -> Decision | None:
    """What a flow does by itself with a possible match of so many candidates; None: a person is asked."""
    match possible:
        case OnPossible.LINK if count == 1:
            return Decision(take=Take.LINK, by="reaction possible: link")
        case OnPossible.CREATE:
            return Decision(take=Take.CREATE, by="reaction possible: create")
        case OnPossible.IGNORE:
            return Decision(take=Take.IGNORE, by="reaction possible: ignore")
        case _:
            return None


def _evidence(pairing: Pairing) -> dict[str, Any]:
    return {"rule": pairing.rule, "score": pairing.score, "fields": pairing.evidence}


def _candidate(pairing: Pairing) -> dict[str, Any]:
    return {"left": pairing.left_id, "right": pairing.right_id, **_evidence(pairing)}


def _groups(pairings: Sequence[Pairing]) -> list[list[Pairing]]:
    """Pairings that share a record belong to one question, with one record in the middle wherever possible."""
    parent: dict[tuple[Side, str], tuple[Side, str]] = {}

    def find(node: tuple[Side, str]) -> tuple[Side, str]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for pairing in pairings:
        parent[find((Side.RIGHT, pairing.right_id))] = find((Side.LEFT, pairing.left_id))
    groups: dict[tuple[Side, str], list[Pairing]] = {}
    for pairing in pairings:
        groups.setdefault(find((Side.LEFT, pairing.left_id)), []).append(pairing)
    return [sorted(group, key=lambda p: (p.left_id, p.right_id)) for _, group in sorted(groups.items())]
