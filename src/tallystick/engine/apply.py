"""Operations -> intents, writes, outcomes, links and bases.

Each write is made durable as an intent, sent with its precondition, and its outcome is kept with the link and the base
in one transaction; killed anywhere, the next start reads back what was sent and goes on. Many operations share
one transaction and one call of a system, but each has its own outcome. Source: spec/engine.md E26-E31.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import Final, cast

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.engine.outcomes import Applied, Outcomes, pair_of, parked_source
from tallystick.engine.settle import ReadBack, Verdict
from tallystick.errors import ConfigurationError, Throttled, Unreachable
from tallystick.model.link import Standing
from tallystick.model.plan import Operation, OperationState, Parked, Planned, ReviewKind
from tallystick.model.record import records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference, Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.store import Commit

ATTEMPTS = 4
BATCH = 4_000
"""Operations read from the plan and committed at a time."""
Turn = Callable[[], AbstractContextManager[object]]
BACKOFF_S = 0.5
LONGEST_WAIT_S = 60.0


class Applier:
    """Carries out the planned operations of one flow of one run."""

    def __init__(
        self, context: Context, *, batch: int = BATCH, attempts: int = ATTEMPTS, turn: Turn = nullcontext
    ) -> None:
        """`batch`: how many operations a step takes at most; `attempts`: how often a write is sent at most; `turn`:
        held while anything is written.
        """
        self._size = batch
        self._attempts = attempts
        self._turn = turn
        self._flow = context.flow
        self._scope = context.scope
        self._store = context.store
        self._systems = context.systems
        self._can = {side: context.can(side) for side in SIDES}
        self._selections = context.selections
        self._references = context.references
        self._clock = context.clock
        self._jitter = zlib.crc32(context.run.encode()) / 2**32  # 0 <= jitter < 1, another one in each run
        self._outcomes = Outcomes(context)

    @property
    def applied(self) -> Applied:
        return self._outcomes.applied

    def resume(self, run: str, *, can_resend: bool = True) -> None:
        """Settles what a killed run had sent: read back, then done or planned again (E29).

        Without `can_resend` what was not done is not sent again by this run.
        """
        failed = [
            s for s in OperationState if s not in (OperationState.PLANNED, OperationState.SENT, OperationState.DONE)
        ]
        for operation in self._store.operations(run, self._flow.name, failed, limit=100_000):
            self._outcomes.broken.add(pair_of(operation))
        after = -1
        while sent := self._store.operations(run, self._flow.name, (OperationState.SENT,), after, BATCH):
            after = sent[-1].seq
            with self._turn():
                self._settle(sent, can_resend=can_resend)

    def _settle(self, sent: Sequence[Operation], *, can_resend: bool) -> None:
        for side in SIDES:
            mine = [operation for operation in sent if operation.side is side]
            found = self._read_back(side, mine, is_final=not can_resend)
            # What only its key can tell is sent again at once, whatever became of its source: planned anew under
            # another key it would be there twice.
            asked = [o for o in found if self._is_told_by_key(o)]
            self._outcomes.keep([o for o in found if not self._is_told_by_key(o)])
            resolved, waiting = self._resolve(asked)
            self._send_all(side, resolved, is_again=True)
            self._leave_waiting(waiting)

    def put_aside(self, operations: Sequence[Operation]) -> None:
        """Keeps planned operations that will not be carried out, in the state they now have."""
        if operations and operations[0].state is OperationState.MOVED:
            self._outcomes.keep(operations)
        else:
            self._store.commit(self._scope, Commit(operations=operations))

    def step(self, run: str) -> int:
        """Carries out one batch of what is planned; how many operations it was, 0 when nothing is left.

        Raises Unreachable and the like with the rest still planned.
        """
        planned = self._store.operations(run, self._flow.name, (OperationState.PLANNED,), limit=self._size)
        if not planned:
            return 0
        operations = _whole_groups(planned, is_all=len(planned) < self._size)
        with self._turn():
            self._batch(operations)
        return len(operations)

    # --- one batch, in three waves: link table, writes, link table

    def _batch(self, operations: Sequence[Operation]) -> None:
        first: list[Operation] = []
        writes: list[Operation] = []
        last: dict[int, list[Operation]] = {}
        for _, group in groupby(operations, pair_of):
            has_written: int | None = None
            for operation in group:
                if operation.action.is_write:
                    has_written = operation.number
                    writes.append(operation)
                elif has_written is None:
                    first.append(operation)
                else:
                    last.setdefault(has_written, []).append(operation)
        self._outcomes.keep([_done(operation) for operation in first])
        is_done = self._write(writes)
        trailing = [(o, number in is_done) for number, group in last.items() for o in group]
        self._outcomes.keep([_done(operation) for operation, is_due in trailing if is_due])
        self._drop([operation for operation, is_due in trailing if not is_due], "what it follows was not done")

    def _write(self, operations: Sequence[Operation]) -> set[int]:
        """Sends the writes, referenced records first; the numbers of those that are done."""
        done: set[int] = set()
        ready, waiting = self._resolve(operations)
        while ready:
            written = self._write_ready(ready)
            done |= written
            if not waiting:
                break
            came = {(o.flow, o.side.other, o.id_on(o.side.other)) for o in ready if o.number in written}
            again = [o for o, of in waiting if (of.flow, of.side, of.id) in came]
            ready, still = self._resolve(again)
            waiting = [(o, of) for o, of in waiting if (of.flow, of.side, of.id) not in came] + still
        self._leave_waiting(waiting)
        return done

    def _write_ready(self, ready: Sequence[Operation]) -> set[int]:
        done: set[int] = set()
        for side in SIDES:
            mine = [operation for operation in ready if operation.side is side]
            mine = self._still_free(mine)
            # Ids reserved before a kill are used first, for the system would hand them out again.
            first = [o for o in mine if o.action is Action.CREATE and o.id_on(side) is not None]
            numbers = {o.number for o in first}
            done |= self._send_all(side, first)
            done |= self._send_all(side, [o for o in mine if o.number not in numbers])
        return done

    def _send_all(self, side: Side, operations: Sequence[Operation], *, is_again: bool = False) -> set[int]:
        """Sends them in as many calls as the system wants; the numbers of those that are done.

        `is_again`: they were sent before, and nobody knows what became of that.
        """
        size = self._can[side].max_writes
        done: set[int] = set()
        for start in range(0, len(operations), size):
            done |= self._send(side, operations[start : start + size], is_again=is_again)
        return done

    def _is_told_by_key(self, operation: Operation) -> bool:
        """Whether this read-back create is one that the system knows by our key alone."""
        return (
            operation.state is OperationState.PLANNED
            and operation.action is Action.CREATE
            and operation.id_on(operation.side) is None
            and self._can[operation.side].idempotency
        )

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
        linked: list[Operation] = []
        for o in operations:
            if o.action is Action.CREATE and o.link is None and (o.side.other, o.id_on(o.side.other)) in taken:
                message = "the record has been linked meanwhile"
                linked.append(replace(o, state=OperationState.MOVED, message=message))
            else:
                free.append(o)
        self._outcomes.keep(linked)
        return free

    def _resolve(self, operations: Sequence[Operation]) -> tuple[list[Operation], list[tuple[Operation, Reference]]]:
        """Those whose references are ids by now, and those of which a referenced record is not there yet."""
        if not self._flow.refs or not operations:
            return list(operations), []
        pending = {
            operation.number: {name: v for name, v in operation.after.items() if isinstance(v, Reference)}
            for operation in operations
        }
        wanted: dict[tuple[str, Side], list[str]] = {}
        for reference in (one for references in pending.values() for one in references.values()):
            wanted.setdefault((reference.flow, reference.side), []).append(reference.id)
        if wanted:
            self._references.forget()  # links were made since the plan
        for (flow, side), ids in wanted.items():
            self._references.prefetch(flow, side, ids)
        ready: list[Operation] = []
        waiting: list[tuple[Operation, Reference]] = []
        for operation in operations:
            references = pending[operation.number]
            if not references:
                ready.append(operation)
                continue
            after: dict[str, Planned] = dict(operation.after)
            missing: Reference | None = None
            for name, reference in references.items():
                partner = self._references.partner(reference.flow, reference.side, reference.id)
                if isinstance(partner, str):
                    after[name] = partner
                else:
                    missing = reference
            if missing is None:
                ready.append(replace(operation, after=after))
            else:
                waiting.append((operation, missing))
        return ready, waiting

    def _leave_waiting(self, waiting: Sequence[tuple[Operation, Reference]]) -> None:
        """What refers to a record that did not come is dropped, and waits."""
        for operation, reference in waiting:
            message = f"waits for {reference.flow} {reference.id}, which is not on the other side yet"
            self._park(operation, Standing.WAITING, message, (reference.flow, reference.side, reference.id))
            self._drop([operation], message)

    def _send(self, side: Side, operations: Sequence[Operation], *, is_again: bool) -> set[int]:
        """Intent, write, outcome; again for what certainly was not written, as often as is allowed."""
        pending = list(operations)
        done: set[int] = set()
        unanswered = {operation.number for operation in operations} if is_again else set()
        for attempt in range(1, self._attempts + 1):
            if not pending:
                break
            expected = {operation.number: operation.before for operation in pending}
            pending = self._intend(side, pending, attempt)
            try:
                outcomes = self._systems[side].write(
                    self._selections[side], [_write(o, expected[o.number]) for o in pending]
                )
            except (Unreachable, Throttled) as error:
                wait_s = error.retry_after_s if isinstance(error, Throttled) else None
                if attempt == self._attempts or (wait_s or 0.0) > LONGEST_WAIT_S:
                    # What an earlier attempt may have written stays sent, and is read back.
                    self._outcomes.keep([_planned(o) for o in pending if o.number not in unanswered])
                    raise
                self._wait(attempt, wait_s)
                continue
            except ConfigurationError:  # certainly not written; after any other error they stay sent, and are read back
                self._outcomes.keep([_planned(o) for o in pending if o.number not in unanswered])
                raise
            settled: list[Operation] = []
            again: list[Operation] = []
            lost: list[Operation] = []
            refused: dict[int, Operation] = {}  # now; an earlier attempt may have been taken
            wait_s = None
            for operation, outcome in zip(pending, outcomes, strict=True):
                match outcome.result:
                    case Result.RETRY if attempt < self._attempts and (outcome.retry_after_s or 0.0) <= LONGEST_WAIT_S:
                        again.append(operation)
                        wait_s = max(wait_s or 0.0, outcome.retry_after_s or 0.0) or None
                    case Result.UNKNOWN:
                        lost.append(operation)
                    case _:
                        after = _concluded(operation, outcome)
                        if operation.number in unanswered and after.state is not OperationState.DONE:
                            refused[operation.number] = after
                        else:
                            settled.append(after)
            if refused:
                asked = [operation for operation in pending if operation.number in refused]
                found = self._read_back(side, asked, is_final=True)
                settled += [refused[o.number] if o.state is OperationState.FAILED else o for o in found]
            if lost:
                found = self._read_back(side, lost, is_final=attempt == self._attempts)
                planned = {after.number for after in found if after.state is OperationState.PLANNED}
                unanswered |= {after.number for after in found if self._is_told_by_key(after)}
                again += [operation for operation in lost if operation.number in planned]
                settled += [after for after in found if after.number not in planned]
            self._outcomes.keep(settled)
            done |= {after.number for after in settled if after.state is OperationState.DONE}
            pending = again
            if pending:
                self._wait(attempt, wait_s)
        return done

    def _intend(self, side: Side, operations: Sequence[Operation], attempt: int) -> list[Operation]:
        """The intents, durable: ids reserved, the whole record of a delete kept for undo."""
        reserved: dict[int, str] = {}
        creates = [o for o in operations if o.action is Action.CREATE and o.id_on(side) is None]
        if creates and self._can[side].reserve:
            ids = self._systems[side].reserve(self._selections[side], [_sendable(o) for o in creates])
            reserved = {o.number: id_ for o, id_ in zip(creates, ids, strict=True) if id_ is not None}
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
        at = self._clock.now().isoformat()
        sent = [_sent(o, side, reserved.get(o.number), attempt, at) for o in operations]
        self._store.mark_sent(sent)
        return sent

    def _wait(self, attempt: int, retry_after_s: float | None) -> None:
        """As long as the system says, else longer each time, and not in step with other runs (E30)."""
        if retry_after_s is None:
            retry_after_s = BACKOFF_S * 2 ** (attempt - 1) * (0.5 + self._jitter / 2)
        self._clock.sleep(retry_after_s)

    def _read_back(self, side: Side, operations: Sequence[Operation], *, is_final: bool = False) -> list[Operation]:
        """Each operation as what it turned out to be: done, planned again, moved or unknown (E28)."""
        if not operations:
            return []
        rules = [names for rule in self._flow.match.definite if (names := self._own_names(side, rule))]
        reader = ReadBack(
            self._systems[side],
            self._selections[side],
            self._can[side],
            rules,
            is_linked=lambda id_: bool(self._store.links_of(self._scope, side, [id_])),
        )
        settled: list[Operation] = []
        for operation, finding in zip(operations, reader.look(operations, can_resend=not is_final), strict=True):
            match finding.verdict:
                case Verdict.DONE:
                    state, message = OperationState.DONE, "the answer was lost; found by reading back"
                case Verdict.NOT_DONE if is_final:
                    state, message = (
                        OperationState.FAILED,
                        "the answer was lost, and reading back shows that it was not done",
                    )
                case Verdict.NOT_DONE:
                    state, message = OperationState.PLANNED, ""
                case Verdict.MOVED:
                    state, message = OperationState.MOVED, "the record changed meanwhile"
                case Verdict.UNKNOWN:
                    state, message = OperationState.UNKNOWN, "the answer was lost and cannot be found by reading back"
            after = replace(operation, state=state, message=message, versions={**operation.versions, side: None})
            if finding.id is not None:
                after = _with_id(after, side, finding.id)
            settled.append(after)
        return settled

    def _own_names(self, side: Side, rule: Sequence[str]) -> tuple[str, ...]:
        """The fields of `side` behind the left names of an identifying rule."""
        names: list[str] = []
        for name in rule:
            for line in self._flow.maps:
                if name in line.fields(Side.LEFT):
                    names.extend(line.fields(side))
        return tuple(names)

    def _drop(self, operations: Sequence[Operation], message: str) -> None:
        self._outcomes.keep([replace(o, state=OperationState.DROPPED, message=message) for o in operations])

    def _park(
        self, operation: Operation, standing: Standing, reason: str, waits_for: tuple[str, Side, str] | None
    ) -> None:
        parked = parked_source(operation, standing, reason, waits_for)
        if not parked.id:
            return
        question = questions.of_record(
            ReviewKind.REJECT,
            operation.flow,
            {operation.side.other: parked.id, operation.side: operation.id_on(operation.side)},
            f"It {reason}.",
            operation=operation.number,
        )
        at = self._clock.now().isoformat()
        self._store.raise_reviews(self._scope, [replace(question, run=operation.run, since=at)])
        self._store.park(self._scope, Parked(keep=(parked,)))


def _whole_groups(operations: Sequence[Operation], *, is_all: bool) -> Sequence[Operation]:
    """Without the last pair's operations, when some of them may still stand in the next batch."""
    if is_all:
        return operations
    last = pair_of(operations[-1])
    end = len(operations)
    while end and pair_of(operations[end - 1]) == last:
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


def _sendable(operation: Operation) -> Mapping[str, Value]:
    """The values to be written; references have become ids by now."""
    return cast(Mapping[str, Value], operation.after)


def _with_id(operation: Operation, side: Side, id_: str) -> Operation:
    return replace(operation, left_id=id_) if side is Side.LEFT else replace(operation, right_id=id_)


def _sent(operation: Operation, side: Side, reserved: str | None, attempt: int, at: str) -> Operation:
    if reserved is None:
        return replace(operation, state=OperationState.SENT, attempts=attempt, at=at)
    if side is Side.LEFT:
        return replace(operation, state=OperationState.SENT, attempts=attempt, at=at, left_id=reserved)
    return replace(operation, state=OperationState.SENT, attempts=attempt, at=at, right_id=reserved)


def _done(operation: Operation) -> Operation:
    return replace(operation, state=OperationState.DONE)


def _planned(operation: Operation) -> Operation:
    return replace(operation, state=OperationState.PLANNED)


_STATES: Final = {
    Result.DONE: OperationState.DONE,
    Result.MOVED: OperationState.MOVED,
    Result.ABSENT: OperationState.MOVED,
    Result.EXISTS: OperationState.REFUSED,
    Result.REFUSED: OperationState.REFUSED,
    Result.RETRY: OperationState.FAILED,
}


def _concluded(operation: Operation, outcome: Outcome) -> Operation:
    """The operation with the state its outcome gives it."""
    message = outcome.message
    if outcome.result is Result.EXISTS and not message:
        message = "a record with this id or unique value is already there"
    # A version stands for the values kept as base. What the system may have made something else of, or somebody may
    # have edited before a write without a version as precondition, is read again (E22).
    is_as_sent = outcome.stored is not None and all(outcome.stored.get(n) == v for n, v in operation.after.items())
    is_bound = operation.action is Action.CREATE or operation.versions.get(operation.side) is not None
    versions = {**operation.versions, operation.side: outcome.version if is_as_sent and is_bound else None}
    after = replace(operation, state=_STATES[outcome.result], message=message, versions=versions)
    if outcome.id is not None and outcome.id != operation.id_on(operation.side) and operation.action is Action.CREATE:
        after = _with_id(after, operation.side, outcome.id)
    return after
