"""The writes to one side: intent, write, outcome, and what was lost on the way read back.

Each write is made durable as an intent and sent with its precondition. What certainly was not written is sent again as
often as is allowed; what may have been is read back first. Source: spec/engine.md E27, E28, E30.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final, cast

from msgspec.structs import replace

from tallystick.engine.context import Context
from tallystick.engine.outcomes import Outcomes
from tallystick.engine.settle import ReadBack, Verdict
from tallystick.errors import ConfigurationError, Throttled, Unreachable
from tallystick.model.plan import Operation, OperationState
from tallystick.model.record import records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write

BACKOFF_S: Final = 0.5
LONGEST_WAIT_S: Final = 60.0


class Sender:
    """Sends what the applier gives it, and keeps what became of it."""

    def __init__(self, context: Context, outcomes: Outcomes, *, attempts: int) -> None:
        """`attempts`: how often a write is sent at most."""
        self._attempts = attempts
        self._flow = context.flow
        self._run = context.run
        self._scope = context.scope
        self._store = context.store
        self._systems = context.systems
        self._can = {side: context.can(side) for side in SIDES}
        self._selections = context.selections
        self._clock = context.clock
        self._jitter = zlib.crc32(context.run.encode()) / 2**32  # 0 <= jitter < 1, another one in each run
        self._outcomes = outcomes

    def send_all(self, side: Side, operations: Sequence[Operation], *, is_again: bool = False) -> set[int]:
        """Sends them in as many calls as the system wants; the numbers of those that are done.

        `is_again`: they were sent before, and nobody knows what became of that.
        """
        size = self._can[side].max_writes
        done: set[int] = set()
        while operations:
            refused: list[Operation] = []  # deletions, maybe of what others refer to that are deleted right now (E26)
            for start in range(0, len(operations), size):
                done |= self._send(side, operations[start : start + size], refused, is_again=is_again)
            if len(refused) == sum(operation.action is Action.DELETE for operation in operations):
                self._outcomes.keep(refused)
                break
            operations = [_planned(operation) for operation in refused]
        return done

    def is_told_by_key(self, operation: Operation) -> bool:
        """Whether this read-back create is one that the system knows by our key alone."""
        return (
            operation.state is OperationState.PLANNED
            and operation.action is Action.CREATE
            and operation.id_on(operation.side) is None
            and self._can[operation.side].idempotency
        )

    def read_back(self, side: Side, operations: Sequence[Operation], *, is_final: bool = False) -> list[Operation]:
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
            seen=lambda ids: self._seen(side, ids),
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

    def _send(
        self, side: Side, operations: Sequence[Operation], refused_deletions: list[Operation], *, is_again: bool
    ) -> set[int]:
        """Intent, write, outcome; again for what certainly was not written, as often as is allowed.

        Deletions that are refused are added to `refused_deletions` and not settled yet.
        """
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
                        elif operation.action is Action.DELETE and after.state is OperationState.REFUSED:
                            refused_deletions.append(after)
                        else:
                            settled.append(after)
            if refused:
                asked = [operation for operation in pending if operation.number in refused]
                found = self.read_back(side, asked, is_final=True)
                settled += [refused[o.number] if o.state is OperationState.FAILED else o for o in found]
            if lost:
                found = self.read_back(side, lost, is_final=attempt == self._attempts)
                planned = {after.number for after in found if after.state is OperationState.PLANNED}
                unanswered |= {after.number for after in found if self.is_told_by_key(after)}
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

    def _seen(self, side: Side, ids: Collection[str]) -> set[str]:
        """Those of the records that this run or one before had read."""
        seen = {one.id for one in self._store.unlinked(self._scope, side, sorted(ids))}
        after = -1
        while found := self._store.operations(self._run, self._flow.name, after_seq=after, limit=5_000):
            after = found[-1].seq
            seen.update(id_ for one in found if one.side is not side and (id_ := one.id_on(side)) in ids and id_)
        return seen

    def _own_names(self, side: Side, rule: Sequence[str]) -> tuple[str, ...]:
        """The fields of `side` behind the left names of an identifying rule."""
        names: list[str] = []
        for name in rule:
            for line in self._flow.maps:
                if name in line.fields(Side.LEFT):
                    names.extend(line.fields(side))
        return tuple(names)


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
