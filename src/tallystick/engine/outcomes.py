"""What follows from outcomes for links, bases, keys and questions: kept with them in one transaction.

Source: spec/engine.md E16, E18, E27.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.model.fingerprint import UNSETTLED, fingerprint
from tallystick.model.link import Link, LinkEnd, LinkState, MatchKey, Standing, Unlinked
from tallystick.model.plan import Operation, OperationState, Parked, Review, ReviewKind
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action
from tallystick.ports.store import Commit, LinkTaken

REGISTERS: Final = "registers"
"""In the evidence of an operation that asks one side to confirm: what is registered on the other once it did (E36)."""
LATER: Final = "later"
"""In the evidence: written fields that the other side gets by a later run, so that no base takes them (E36)."""

_NOTHING: Final[Mapping[str, Value]] = {}


@dataclass(slots=True, kw_only=True)
class Applied:
    """What came of a plan."""

    writes: dict[Side, Counter[Action]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0
    moved: list[Operation] = field(default_factory=list)  # to be planned anew (E31)
    linked: list[tuple[Side, str]] = field(default_factory=list)  # records that got a partner (wakes those waiting)

    def recall(self, operation: Operation) -> None:
        """Adds what became of an operation before the run was killed."""
        match operation.state:
            case OperationState.DONE if operation.action.is_write:
                self.writes[operation.side][operation.action] += 1
            case OperationState.MOVED:
                self.moved.append(operation)
            case OperationState.REFUSED:
                self.refused += 1
            case OperationState.FAILED:
                self.failed += 1
            case OperationState.UNKNOWN:
                self.unknown += 1
            case OperationState.DROPPED:
                self.dropped += 1


class Outcomes:
    """Keeps the outcomes of one flow's operations; `applied` adds them up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._scope = context.scope
        self._fields = {side: context.fields(side) for side in SIDES}
        self._names = {side: frozenset(self._fields[side]) for side in SIDES}
        self._is_waking = context.flow.name in context.flow.refs
        self.broken: set[tuple[object, ...]] = set()  # pairs of which an operation failed: they stay UNSETTLED
        self.applied = Applied()

    def keep(self, settled: Sequence[Operation]) -> None:
        """Keeps operations in their new state with what follows from them; an id already linked refuses its own."""
        if not settled:
            return
        at = self._context.now()
        settled = [operation if operation.at else replace(operation, at=at) for operation in settled]
        try:
            self._commit(settled)
        except LinkTaken:
            for one in settled:
                try:
                    self._commit([one])
                except LinkTaken as taken:
                    message = f"{taken.side.value} {taken.id} is already linked to another record"
                    self._commit([replace(one, state=OperationState.REFUSED, message=message)])

    def _commit(self, settled: Sequence[Operation]) -> None:
        links = self._links(settled)
        keys: list[MatchKey] = []
        keyless: list[tuple[Side, str]] = []
        keep: list[Unlinked] = []
        forget: list[tuple[Side, str]] = []
        reviews: list[Review] = []
        for operation in settled:
            if operation.state is OperationState.DONE:
                keys += [key if key.id else replace(key, id=operation.id_on(key.side) or "") for key in operation.keys]
                if operation.action in (Action.DELETE, Action.PART):  # what is gone is nobody's match any more
                    keyless += [(side, id_) for side in _gone(operation) if (id_ := operation.id_on(side)) is not None]
                if not (operation.is_partial or is_alone(operation)):
                    forget += [(side, id_) for side in SIDES if (id_ := operation.id_on(side)) is not None]
                continue
            self.broken.add(pair_of(operation))
            if REGISTERS in operation.evidence:
                continue  # whoever wants it registered is told, and its record is not there yet
            if operation.state in (OperationState.REFUSED, OperationState.UNKNOWN):
                reviews.append(self._question(operation))
                if operation.action is Action.CREATE:
                    is_unknown = operation.state is OperationState.UNKNOWN
                    standing = Standing.UNKNOWN if is_unknown else Standing.REJECTED
                    keep.append(parked_source(operation, standing, operation.message, None))
        for one in self._found_again(settled):
            if one.waits_for is not None:
                keep.append(replace(one, standing=Standing.WAITING))
            else:
                forget.append((one.side, one.id))
        if reviews:  # first: killed in between, the operation is settled again and the question is asked again
            self._store.raise_reviews(self._scope, reviews)
        parked = Parked(keep=tuple(keep), forget=tuple(forget))
        self._store.commit(
            self._scope, Commit(operations=settled, links=links, keys=keys, keyless=keyless, parked=parked)
        )
        for operation in settled:
            self._count(operation)

    def _found_again(self, settled: Sequence[Operation]) -> list[Unlinked]:
        """What is parked of records whose create had lost its answer and that are linked now, if in part (E28)."""
        done = [one for one in settled if one.state is OperationState.DONE]
        linked = [one for one in done if one.action is Action.LINK and one.is_partial]
        found: list[Unlinked] = []
        for side in SIDES if linked else ():
            ids = [id_ for one in linked if (id_ := one.id_on(side)) is not None]
            parked = self._store.unlinked(self._scope, side, ids)
            found += [one for one in parked if one.standing is Standing.UNKNOWN]
        return found

    def _count(self, operation: Operation) -> None:
        applied = self.applied
        match operation.state:
            case OperationState.DONE:
                if operation.action.is_write:
                    applied.writes[operation.side][operation.action] += 1
                if self._is_waking and operation.action in (Action.CREATE, Action.LINK, Action.RELINK):
                    applied.linked += [(s, id_) for s in SIDES if (id_ := operation.id_on(s)) is not None]
                if operation.action is Action.RELINK:
                    applied.moved.append(operation)  # the pair is new: it has to be merged
            case OperationState.MOVED:
                applied.moved.append(operation)
            case OperationState.REFUSED:
                applied.refused += 1
            case OperationState.FAILED:
                applied.failed += 1
            case OperationState.UNKNOWN:
                applied.unknown += 1
            case OperationState.DROPPED:
                applied.dropped += 1

    def _links(self, settled: Sequence[Operation]) -> list[Link]:
        """The links as they are after these outcomes; bases move only for what is done."""
        known = self._known(settled)
        changed: dict[int, Link] = {}
        fresh: list[Link] = []
        for operation in settled:
            link = known(operation)
            if link is not None:
                link = changed.get(link.number, link)
            if operation.state is not OperationState.DONE:
                if link is not None and operation.state is not OperationState.PLANNED:
                    changed[link.number] = link.unsettled()
                continue
            if link is None and is_alone(operation):
                continue
            after = self._linked(operation, link)
            if after.number:
                changed[after.number] = after
            else:
                fresh.append(after)
        return [*changed.values(), *fresh]

    def _known(self, settled: Sequence[Operation]) -> Callable[[Operation], Link | None]:
        """Finds the link an operation is about: by number, or by the left id of a pair linked a moment ago."""
        numbers = {operation.link for operation in settled if operation.link is not None}
        by_number = {link.number: link for link in self._store.links(self._scope, sorted(numbers))} if numbers else {}
        pairs = [
            operation.left_id
            for operation in settled
            if operation.link is None
            and operation.left_id
            and operation.right_id
            and operation.action in (Action.UPDATE, Action.AGREE)
        ]
        found = self._store.links_of(self._scope, Side.LEFT, pairs) if pairs else []
        by_left = {link.left.id: link for link in found if link.left is not None}

        def known(operation: Operation) -> Link | None:
            if operation.link is not None:
                return by_number.get(operation.link)
            return by_left.get(operation.left_id or "") if operation.right_id else None

        return known

    def _linked(self, operation: Operation, link: Link | None) -> Link:
        """The link after one done operation."""
        if link is None and operation.action is Action.CREATE and not operation.is_partial and not self.broken:
            return Link(
                number=0,
                left=self._first(Side.LEFT, operation),
                right=self._first(Side.RIGHT, operation),
                evidence=operation.evidence,
            )
        if link is not None and operation.action in (Action.DELETE, Action.PART):
            return _parted(operation, link)
        is_settled = (
            not operation.is_partial
            and operation.action is not Action.RELINK
            and (not self.broken or pair_of(operation) not in self.broken)
        )
        last_side, turns = (link.last_side, link.turns) if link is not None else (None, 0)
        if operation.action is Action.UPDATE:
            turns = min(turns + (last_side is not None and last_side is not operation.side), 1_000)
            last_side = operation.side
        evidence = link.evidence if link is not None else operation.evidence
        if link is not None and operation.action is Action.LINK:
            evidence = {**link.evidence, **operation.evidence}
        after = Link(
            number=link.number if link is not None else 0,
            left=self._end(Side.LEFT, operation, link, is_settled=is_settled),
            right=self._end(Side.RIGHT, operation, link, is_settled=is_settled),
            state=LinkState.ACTIVE,
            evidence=evidence,
            turns=turns,
            last_side=last_side,
        )
        if operation.action is Action.LINK and "gone" in operation.evidence:  # found again as a link at rest (E34)
            return _parted(operation, after)
        return after

    def _first(self, side: Side, operation: Operation) -> LinkEnd | None:
        """One end of a pair that a create has just made: most of a first load."""
        id_ = operation.id_on(side)
        values = operation.after if side is operation.side else operation.settles.get(side)
        if id_ is None or values is None or values.keys() != self._names[side]:
            return self._end(side, operation, None, is_settled=True)
        base = cast(Mapping[str, Value], values)
        version = operation.versions.get(side)
        return LinkEnd(id=id_, base=base, fingerprint=fingerprint(base, self._fields[side]), version=version)

    def _end(self, side: Side, operation: Operation, link: Link | None, *, is_settled: bool) -> LinkEnd | None:
        """One end after a done operation: what it settles on top of the base it had."""
        end = link.end(side) if link is not None else None
        id_ = operation.id_on(side)
        if id_ is None:
            return end
        fields = self._fields[side]
        known: dict[str, Value] = {}
        if end is not None and end.id == id_:
            known |= end.base  # another record, which its own was merged into, is met for the first time
        known |= operation.settles.get(side, _NOTHING)
        if side is operation.side and operation.action in (Action.CREATE, Action.UPDATE):
            after = cast(Mapping[str, Value], operation.after)  # of a done operation, references are ids by now
            later = operation.evidence.get(LATER, ())
            known |= {name: value for name, value in after.items() if name not in later} if later else after
        base = known if known.keys() == self._names[side] else {n: known[n] for n in fields if n in known}
        if not is_settled:
            return LinkEnd(id=id_, base=base, fingerprint=UNSETTLED)
        version = operation.versions.get(side, end.version if end is not None else None)
        return LinkEnd(id=id_, base=base, fingerprint=fingerprint(base, fields), version=version)

    def _question(self, operation: Operation) -> Review:
        kind = ReviewKind.UNKNOWN if operation.state is OperationState.UNKNOWN else ReviewKind.REJECT
        return replace(
            questions.of_record(
                kind,
                self._context.flow.name,
                {side: operation.id_on(side) for side in SIDES},
                operation.message,
                topic=f"{operation.action.value} on the {operation.side.value}",
                shown=operation.number,
                operation=operation.number,
            ),
            run=operation.run,
        )


def is_alone(operation: Operation) -> bool:
    """Whether it writes a record for itself: no link is about it, none is made, and no base moves (E36)."""
    is_one_sided = operation.left_id is None or operation.right_id is None
    return is_one_sided and operation.link is None and operation.action in (Action.CREATE, Action.UPDATE)


def _gone(operation: Operation) -> tuple[Side, ...]:
    """The sides whose record a DELETE or PART finds gone."""
    return tuple(Side(side) for side in operation.evidence.get("gone", SIDES))


def _parted(operation: Operation, link: Link) -> Link:
    """The link at rest: the ends that are gone, and they alone, are marked to be looked at when they come back."""
    gone = _gone(operation)
    for side in SIDES:
        end = link.end(side)
        if end is not None and side in gone:
            link = link.with_end(side, replace(end, fingerprint=UNSETTLED, version=None))
        elif end is not None and end.fingerprint == UNSETTLED:
            link = link.with_end(side, replace(end, fingerprint=fingerprint(end.base, sorted(end.base))))
    return replace(link, state=LinkState.DORMANT, cause=operation.evidence.get("cause", operation.reason))


def parked_source(
    operation: Operation, standing: Standing, reason: str, waits_for: tuple[str, Side, str] | None
) -> Unlinked:
    """The record a create came from, as one that is known but not linked."""
    source = operation.side.other
    return Unlinked(
        side=source,
        id=operation.id_on(source) or "",
        fingerprint=UNSETTLED,
        values=operation.settles.get(source, {}),
        standing=standing,
        reason=reason,
        waits_for=waits_for,
    )


def pair_of(operation: Operation) -> tuple[object, ...]:
    if operation.link is not None:
        return ("link", operation.link)
    if operation.left_id is not None and operation.right_id is not None:
        return ("pair", operation.left_id, operation.right_id)
    return ("one", operation.seq)
