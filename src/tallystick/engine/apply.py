"""Operations -> intents, writes, outcomes, links and bases.

Each write is made durable as an intent, sent with its precondition, and its outcome is kept with the link and the base
in one transaction; killed anywhere, the next start reads back what was sent and goes on. Many operations share
one transaction and one call of a system, but each has its own outcome. Source: spec/engine.md E26-E31.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.engine.settle import ReadBack, Verdict
from tallystick.errors import ConfigurationError, Throttled, Unreachable
from tallystick.model.fingerprint import UNSETTLED, fingerprint
from tallystick.model.link import Link, LinkEnd, LinkState, MatchKey, Standing, Unlinked
from tallystick.model.plan import Operation, OperationState, Parked, Planned, Review, ReviewKind
from tallystick.model.record import records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference, Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.store import Commit, LinkTaken

ATTEMPTS = 4
BATCH = 2_000
"""Operations read from the plan and committed at a time."""
BACKOFF_S = 0.5
LONGEST_WAIT_S = 60.0


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


class Applier:
    """Carries out the planned operations of one flow of one run."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._scope = context.scope
        self._store = context.store
        self._systems = context.systems
        self._can = {side: context.can(side) for side in SIDES}
        self._selections = context.selections
        self._references = context.references
        self._clock = context.clock
        self._broken: set[tuple[object, ...]] = set()  # pairs of which an operation failed: they stay UNSETTLED
        self.applied = Applied()

    def resume(self, run: str, *, can_resend: bool = True) -> None:
        """Settles what a killed run had sent: read back, then done or planned again (E29).

        Without `can_resend` what was not done is not sent again by this run.
        """
        failed = [
            s for s in OperationState if s not in (OperationState.PLANNED, OperationState.SENT, OperationState.DONE)
        ]
        for operation in self._store.operations(run, self._flow.name, failed, limit=100_000):
            self._broken.add(_pair_of(operation))
        after = -1
        while sent := self._store.operations(run, self._flow.name, (OperationState.SENT,), after, BATCH):
            after = sent[-1].seq
            for side in SIDES:
                mine = [operation for operation in sent if operation.side is side]
                self._finish(self._read_back(side, mine, is_final=not can_resend))

    def step(self, run: str) -> int:
        """Carries out one batch of what is planned; how many operations it was, 0 when nothing is left.

        Raises Unreachable and the like with the rest still planned.
        """
        planned = self._store.operations(run, self._flow.name, (OperationState.PLANNED,), limit=BATCH)
        if not planned:
            return 0
        operations = _whole_groups(planned, is_all=len(planned) < BATCH)
        self._batch(operations)
        return len(operations)

    # --- one batch, in three waves: link table, writes, link table

    def _batch(self, operations: Sequence[Operation]) -> None:
        first: list[Operation] = []
        writes: list[Operation] = []
        last: dict[int, list[Operation]] = {}
        for _, group in groupby(operations, _pair_of):
            has_written: int | None = None
            for operation in group:
                if operation.action.is_write:
                    has_written = operation.number
                    writes.append(operation)
                elif has_written is None:
                    first.append(operation)
                else:
                    last.setdefault(has_written, []).append(operation)
        self._finish([(operation, _done(operation)) for operation in first])
        is_done = self._write(writes)
        trailing = [(o, number in is_done) for number, group in last.items() for o in group]
        self._finish([(operation, _done(operation)) for operation, is_due in trailing if is_due])
        self._drop([operation for operation, is_due in trailing if not is_due], "what it follows was not done")

    def _write(self, operations: Sequence[Operation]) -> set[int]:
        """Sends the writes; the numbers of those that are done."""
        ready = self._resolve(operations)
        done: set[int] = set()
        for side in SIDES:
            mine = [operation for operation in ready if operation.side is side]
            mine = self._still_free(mine)
            size = self._can[side].max_writes
            for start in range(0, len(mine), size):
                done |= self._send(side, mine[start : start + size])
        return done

    def _still_free(self, operations: Sequence[Operation]) -> list[Operation]:
        """Without creates of records that got a partner since they were planned: these are planned anew (E16)."""
        taken: set[tuple[Side, str]] = set()
        for side in SIDES:
            creates = [o for o in operations if o.action is Action.CREATE and o.link is None and o.side is side.other]
            ids = [id_ for o in creates if (id_ := o.id_on(side)) is not None]
            for link in self._store.links_of(self._scope, side, ids) if ids else ():
                if (end := link.end(side)) is not None:
                    taken.add((side, end.id))
        free: list[Operation] = []
        linked: list[tuple[Operation, Operation]] = []
        for o in operations:
            if o.action is Action.CREATE and o.link is None and (o.side.other, o.id_on(o.side.other)) in taken:
                message = "the record has been linked meanwhile"
                linked.append((o, replace(o, state=OperationState.MOVED, message=message)))
            else:
                free.append(o)
        self._finish(linked)
        return free

    def _resolve(self, operations: Sequence[Operation]) -> list[Operation]:
        """References to records created meanwhile become ids; what still has none is dropped and waits."""
        ready: list[Operation] = []
        waiting: list[tuple[Operation, Reference]] = []
        for operation in operations:
            references = {name: v for name, v in operation.after.items() if isinstance(v, Reference)}
            if not references:
                ready.append(operation)
                continue
            after: dict[str, Planned] = dict(operation.after)
            missing: Reference | None = None
            for name, reference in references.items():
                self._references.forget()
                partner = self._references.partner(reference.flow, reference.side, reference.id)
                if isinstance(partner, str):
                    after[name] = partner
                else:
                    missing = reference
            if missing is None:
                ready.append(replace(operation, after=after))
            else:
                waiting.append((operation, missing))
        for operation, reference in waiting:
            message = f"waits for {reference.flow} {reference.id}, which is not on the other side yet"
            self._drop([operation], message)
            self._park(operation, Standing.WAITING, message, (reference.flow, reference.side, reference.id))
        return ready

    def _send(self, side: Side, operations: Sequence[Operation]) -> set[int]:
        """Intent, write, outcome; again for what certainly was not written, up to ATTEMPTS times."""
        pending = list(operations)
        done: set[int] = set()
        for attempt in range(1, ATTEMPTS + 1):
            if not pending:
                break
            expected = {operation.number: operation.before for operation in pending}
            pending = self._intend(side, pending, attempt)
            try:
                outcomes = self._systems[side].write(
                    self._selections[side], [_write(o, expected[o.number]) for o in pending]
                )
            except (Unreachable, Throttled) as error:
                if attempt == ATTEMPTS:
                    self._finish([(o, _planned(o)) for o in pending])
                    raise
                wait_s = error.retry_after_s if isinstance(error, Throttled) else None
                self._wait(attempt, wait_s)
                continue
            except ConfigurationError:  # certainly not written; after any other error they stay sent, and are read back
                self._finish([(o, _planned(o)) for o in pending])
                raise
            settled: list[tuple[Operation, Operation]] = []
            again: list[Operation] = []
            lost: list[Operation] = []
            wait_s = None
            for operation, outcome in zip(pending, outcomes, strict=True):
                match outcome.result:
                    case Result.RETRY if attempt < ATTEMPTS:
                        again.append(operation)
                        wait_s = max(wait_s or 0.0, outcome.retry_after_s or 0.0) or None
                    case Result.UNKNOWN:
                        lost.append(operation)
                    case _:
                        settled.append((operation, _concluded(operation, outcome)))
            if lost:
                found = self._read_back(side, lost, is_final=attempt == ATTEMPTS)
                again += [o for o, after in found if after.state is OperationState.PLANNED]
                settled += [(o, after) for o, after in found if after.state is not OperationState.PLANNED]
            self._finish(settled)
            done |= {after.number for _, after in settled if after.state is OperationState.DONE}
            pending = again
            if pending:
                self._wait(attempt, wait_s)
        return done

    def _intend(self, side: Side, operations: Sequence[Operation], attempt: int) -> list[Operation]:
        """The intents, durable: ids reserved, the whole record of a delete kept for undo."""
        creates = [o for o in operations if o.action is Action.CREATE and o.id_on(side) is None]
        if creates and self._can[side].reserve:
            ids = self._systems[side].reserve(self._selections[side], [_sendable(o) for o in creates])
            reserved = {o.number: id_ for o, id_ in zip(creates, ids, strict=True) if id_ is not None}
            operations = [_with_id(o, side, reserved[o.number]) if o.number in reserved else o for o in operations]
        deletes = [o for o in operations if o.action is Action.DELETE]
        if deletes:
            named = [id_ for o in deletes if (id_ := o.id_on(side)) is not None]
            batch = self._systems[side].fetch(self._selections[side], named, is_whole=True)
            whole = {record.id: record.values for record in records_of(batch.records)}
            operations = [
                replace(o, before={**o.before, **whole.get(o.id_on(side) or "", {})})
                if o.action is Action.DELETE
                else o
                for o in operations
            ]
        sent = [replace(o, state=OperationState.SENT, attempts=attempt) for o in operations]
        self._store.mark_sent(sent)
        return sent

    def _wait(self, attempt: int, retry_after_s: float | None) -> None:
        wait_s = retry_after_s if retry_after_s is not None else BACKOFF_S * 2 ** (attempt - 1)
        self._clock.sleep(min(wait_s, LONGEST_WAIT_S))

    def _read_back(
        self, side: Side, operations: Sequence[Operation], *, is_final: bool = False
    ) -> list[tuple[Operation, Operation]]:
        """Each operation with what it turned out to be: done, planned again, moved or unknown (E28)."""
        if not operations:
            return []
        rules = [names for rule in self._flow.match.definite if (names := self._own_names(side, rule))]
        reader = ReadBack(self._systems[side], self._selections[side], self._can[side], rules)
        reader.is_linked = lambda id_: bool(self._store.links_of(self._scope, side, [id_]))  # type: ignore[method-assign]
        settled: list[tuple[Operation, Operation]] = []
        for operation, finding in zip(operations, reader.look(operations, can_resend=not is_final), strict=True):
            match finding.verdict:
                case Verdict.DONE:
                    state, message = OperationState.DONE, "the answer was lost; found by reading back"
                case Verdict.NOT_DONE if is_final:
                    state, message = OperationState.FAILED, "not done after several attempts"
                case Verdict.NOT_DONE:
                    state, message = OperationState.PLANNED, ""
                case Verdict.MOVED:
                    state, message = OperationState.MOVED, "the record changed meanwhile"
                case Verdict.UNKNOWN:
                    state, message = OperationState.UNKNOWN, "the answer was lost and cannot be found by reading back"
            after = replace(operation, state=state, message=message, versions={side: finding.version})
            if finding.id is not None:
                after = _with_id(after, side, finding.id)
            settled.append((operation, after))
        return settled

    def _own_names(self, side: Side, rule: Sequence[str]) -> tuple[str, ...]:
        """The fields of `side` behind the left names of an identifying rule."""
        names: list[str] = []
        for name in rule:
            for line in self._flow.maps:
                if name in line.fields(Side.LEFT):
                    names.extend(line.fields(side))
        return tuple(names)

    # --- outcomes

    def _finish(self, settled: Sequence[tuple[Operation, Operation]]) -> None:
        """Keeps outcomes with what follows from them for links and bases."""
        if not settled:
            return
        try:
            self._commit(settled)
        except LinkTaken:
            for one in settled:
                try:
                    self._commit([one])
                except LinkTaken as taken:
                    message = f"{taken.side.value} {taken.id} is already linked to another record"
                    refused = replace(one[1], state=OperationState.REFUSED, message=message)
                    self._commit([(one[0], refused)])

    def _commit(self, settled: Sequence[tuple[Operation, Operation]]) -> None:
        at = self._clock.now().isoformat()
        links = self._links(settled)
        keys: list[MatchKey] = []
        keep: list[Unlinked] = []
        forget: list[tuple[Side, str]] = []
        reviews: list[Review] = []
        for _, operation in settled:
            if operation.state is not OperationState.DONE:
                self._broken.add(_pair_of(operation))
            if operation.state is OperationState.DONE:
                keys += [key if key.id else replace(key, id=operation.id_on(key.side) or "") for key in operation.keys]
                if not operation.is_partial:
                    forget += [(side, id_) for side in SIDES if (id_ := operation.id_on(side)) is not None]
            elif operation.state in (OperationState.REFUSED, OperationState.UNKNOWN):
                reviews.append(self._question(operation))
                if operation.action is Action.CREATE:
                    is_unknown = operation.state is OperationState.UNKNOWN
                    standing = Standing.UNKNOWN if is_unknown else Standing.REJECTED
                    keep.append(self._parked(operation, standing, operation.message, None))
        self._store.commit(
            self._scope,
            Commit(
                operations=[replace(operation, at=at) for _, operation in settled],
                links=links,
                keys=keys,
                parked=Parked(keep=tuple(keep), forget=tuple(forget)),
            ),
        )
        if reviews:
            self._store.raise_reviews(self._scope, reviews)
        self._tell(operation for _, operation in settled)

    def _tell(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            match operation.state:
                case OperationState.DONE:
                    if operation.action.is_write:
                        self.applied.writes[operation.side][operation.action] += 1
                    if operation.action in (Action.CREATE, Action.LINK, Action.RELINK):
                        self.applied.linked += [(s, id_) for s in SIDES if (id_ := operation.id_on(s)) is not None]
                    if operation.action is Action.RELINK:
                        self.applied.moved.append(operation)  # the pair is new: it has to be merged
                case OperationState.MOVED:
                    self.applied.moved.append(operation)
                case OperationState.REFUSED:
                    self.applied.refused += 1
                case OperationState.FAILED:
                    self.applied.failed += 1
                case OperationState.UNKNOWN:
                    self.applied.unknown += 1
                case OperationState.DROPPED:
                    self.applied.dropped += 1

    def _links(self, settled: Sequence[tuple[Operation, Operation]]) -> list[Link]:
        """The links as they are after these outcomes; bases move only for what is done."""
        numbers = {operation.link for _, operation in settled if operation.link is not None}
        known = {link.number: link for link in self._store.links(self._scope, sorted(numbers))} if numbers else {}
        by_left = [
            o.left_id
            for _, o in settled
            if o.link is None and o.left_id is not None and o.action in (Action.UPDATE, Action.AGREE)
        ]
        found = (
            {link.left.id: link for link in self._store.links_of(self._scope, Side.LEFT, by_left) if link.left}
            if by_left
            else {}
        )
        changed: dict[int, Link] = {}
        fresh: list[Link] = []
        for _, operation in settled:
            link = known.get(operation.link) if operation.link is not None else found.get(operation.left_id or "")
            if link is not None:
                link = changed.get(link.number, link)
            if operation.state is not OperationState.DONE:
                if link is not None and operation.state is not OperationState.PLANNED:
                    changed[link.number] = link.unsettled()
                continue
            is_broken = _pair_of(operation) in self._broken
            after = self._linked(operation, link, is_broken=is_broken)
            if after.number:
                changed[after.number] = after
            else:
                fresh.append(after)
        return [*changed.values(), *fresh]

    def _linked(self, operation: Operation, link: Link | None, *, is_broken: bool) -> Link:
        """The link after one done operation."""
        side = operation.side
        if link is not None and operation.action in (Action.DELETE, Action.PART):
            gone = [Side(one) for one in operation.evidence.get("gone", SIDES)]
            cause = operation.evidence.get("cause", operation.reason)
            for one in gone:
                end = link.end(one)
                if end is not None:
                    link = link.with_end(one, replace(end, fingerprint=UNSETTLED, version=None))
            return replace(link, state=LinkState.DORMANT, cause=cause)
        if link is None:
            link = Link(number=0, left=None, right=None, evidence=operation.evidence)
        elif operation.action is Action.LINK:
            link = replace(link, evidence={**link.evidence, **operation.evidence})
        is_settled = not operation.is_partial and not is_broken and operation.action is not Action.RELINK
        for one in SIDES:
            id_ = operation.id_on(one)
            end = link.end(one)
            if id_ is None:
                continue
            base = dict(end.base) if end is not None and (end.id == id_ or operation.action is Action.RELINK) else {}
            base.update(operation.settles.get(one, {}))
            if one is side and operation.action in (Action.CREATE, Action.UPDATE):
                base.update({name: v for name, v in operation.after.items() if not isinstance(v, Reference)})
            fields = self._selections[one].fields
            base = {name: base[name] for name in fields if name in base}
            link = link.with_end(
                one,
                LinkEnd(
                    id=id_,
                    base=base,
                    fingerprint=fingerprint(base, fields) if is_settled else UNSETTLED,
                    version=operation.versions.get(one, end.version if end is not None else None)
                    if is_settled
                    else None,
                ),
            )
        link = replace(link, state=LinkState.ACTIVE, cause="")
        if operation.action is Action.UPDATE:
            turns = link.turns + 1 if link.last_side is not None and link.last_side is not side else link.turns
            link = replace(link, last_side=side, turns=min(turns, 1_000))
        return link

    def _question(self, operation: Operation) -> Review:
        kind = ReviewKind.UNKNOWN if operation.state is OperationState.UNKNOWN else ReviewKind.REJECT
        return replace(
            questions.of_record(
                kind,
                self._flow.name,
                {side: operation.id_on(side) for side in SIDES},
                operation.message,
                topic=f"{operation.action.value} on the {operation.side.value}",
                shown=operation.number,
                operation=operation.number,
            ),
            run=operation.run,
        )

    def _drop(self, operations: Sequence[Operation], message: str) -> None:
        self._finish([(o, replace(o, state=OperationState.DROPPED, message=message)) for o in operations])

    def _parked(
        self, operation: Operation, standing: Standing, reason: str, waits_for: tuple[str, Side, str] | None
    ) -> Unlinked:
        source = operation.side.other
        return Unlinked(
            side=source,
            id=operation.id_on(source) or "",
            fingerprint=UNSETTLED,
            values=operation.settles.get(source, {}),
            version=None,
            standing=standing,
            reason=reason,
            waits_for=waits_for,
        )

    def _park(
        self, operation: Operation, standing: Standing, reason: str, waits_for: tuple[str, Side, str] | None
    ) -> None:
        parked = self._parked(operation, standing, reason, waits_for)
        if parked.id:
            self._store.park(self._scope, Parked(keep=(parked,)))


def _pair_of(operation: Operation) -> tuple[object, ...]:
    if operation.link is not None:
        return ("link", operation.link)
    if operation.left_id is not None and operation.right_id is not None:
        return ("pair", operation.left_id, operation.right_id)
    return ("one", operation.seq)


def _whole_groups(operations: Sequence[Operation], *, is_all: bool) -> Sequence[Operation]:
    """Without the last pair's operations, when some of them may still stand in the next batch."""
    if is_all:
        return operations
    last = _pair_of(operations[-1])
    end = len(operations)
    while end and _pair_of(operations[end - 1]) == last:
        end -= 1
    return operations[:end] or operations


def _write(operation: Operation, expected: Mapping[str, Value]) -> Write:
    side = operation.side
    return Write(
        key=f"{operation.run}:{operation.flow}:{operation.seq}",
        action=operation.action,
        id=operation.id_on(side),
        values=_sendable(operation),
        version=operation.versions.get(side) if operation.action is not Action.CREATE else None,
        expected=expected if operation.action is not Action.CREATE else {},
    )


def _sendable(operation: Operation) -> dict[str, Value]:
    return {name: value for name, value in operation.after.items() if not isinstance(value, Reference)}


def _with_id(operation: Operation, side: Side, id_: str) -> Operation:
    return replace(operation, left_id=id_) if side is Side.LEFT else replace(operation, right_id=id_)


def _done(operation: Operation) -> Operation:
    return replace(operation, state=OperationState.DONE)


def _planned(operation: Operation) -> Operation:
    return replace(operation, state=OperationState.PLANNED)


def _concluded(operation: Operation, outcome: Outcome) -> Operation:
    """The operation with the state its outcome gives it."""
    states = {
        Result.DONE: OperationState.DONE,
        Result.MOVED: OperationState.MOVED,
        Result.ABSENT: OperationState.MOVED,
        Result.EXISTS: OperationState.REFUSED,
        Result.REFUSED: OperationState.REFUSED,
        Result.RETRY: OperationState.FAILED,
    }
    message = outcome.message
    if outcome.result is Result.EXISTS and not message:
        message = "a record with this id or unique value is already there"
    versions = {**operation.versions, operation.side: outcome.version}
    after = replace(operation, state=states[outcome.result], message=message, versions=versions)
    if outcome.id is not None and operation.action is Action.CREATE:
        after = _with_id(after, operation.side, outcome.id)
    return after
