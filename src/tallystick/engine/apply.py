"""Planned operations -> outcomes, links and bases, batch by batch and in an order in which references resolve.

The outcome of a write is kept with the link and the base in one transaction; killed anywhere, the next start reads back
what was sent and goes on. Many operations share one transaction and one call of a system, but each has its own outcome.
Source: spec/engine.md E26-E31.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from tallystick.engine import questions
from tallystick.engine.context import Context
from tallystick.engine.outcomes import Applied, Outcomes, pair_of, parked_source
from tallystick.engine.send import Sender
from tallystick.engine.translated import Awaited
from tallystick.model.link import Standing
from tallystick.model.plan import LAST, Operation, OperationState, Parked, Planned, ReviewKind
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import Commit

ATTEMPTS = 4
BATCH = 4_000
"""Operations read from the plan and committed at a time."""
Turn = Callable[[], AbstractContextManager[object]]
Waiting = tuple[Operation, list[Awaited]]
"""An operation, and the records it refers to that are not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a flow leaves to be done once other flows of the run have had their turn (E26)."""

    deletions: bool = False  # of records that those may refer to
    waits_for: frozenset[str] = frozenset()  # these flows, where something waits for a record of one


NOTHING_LEFT: Final = Leaving()


class Applier:
    """Carries out the planned operations of one flow of one run."""

    def __init__(
        self, context: Context, *, batch: int = BATCH, attempts: int = ATTEMPTS, turn: Turn = nullcontext
    ) -> None:
        """`batch`: how many operations a step takes at most; `attempts`: how often a write is sent at most; `turn`:
        held while anything is written.
        """
        self._size = batch
        self._turn = turn
        self._flow = context.flow
        self._scope = context.scope
        self._store = context.store
        self._references = context.references
        self._clock = context.clock
        self._outcomes = Outcomes(context)
        self._sender = Sender(context, self._outcomes, attempts=attempts)

    @property
    def applied(self) -> Applied:
        return self._outcomes.applied

    def resume(self, run: str, *, can_resend: bool = True) -> None:
        """Settles what a killed run had sent: read back, then done or planned again (E29).

        Without `can_resend` what was not done is not sent again by this run.
        """
        going = (OperationState.PLANNED, OperationState.SENT, OperationState.DONE)
        failed = [state for state in OperationState if state not in going]
        after = -1
        while broken := self._store.operations(run, self._flow.name, failed, after, BATCH):
            after = broken[-1].seq
            self._outcomes.broken.update(map(pair_of, broken))
        after = -1
        while sent := self._store.operations(run, self._flow.name, (OperationState.SENT,), after, BATCH):
            after = sent[-1].seq
            with self._turn():
                self._settle(sent, can_resend=can_resend)

    def _settle(self, sent: Sequence[Operation], *, can_resend: bool) -> None:
        for side in SIDES:
            mine = [operation for operation in sent if operation.side is side]
            found = self._sender.read_back(side, mine, is_final=not can_resend)
            # What only its key can tell is sent again at once, whatever became of its source: planned anew under
            # another key it would be there twice.
            asked = [o for o in found if self._sender.is_told_by_key(o)]
            self._outcomes.keep([o for o in found if not self._sender.is_told_by_key(o)])
            resolved, waiting = self._resolve(asked)
            self._sender.send_all(side, resolved, is_again=True)
            self._leave_waiting(waiting)

    def put_aside(self, operations: Sequence[Operation]) -> None:
        """Keeps planned operations that will not be carried out, in the state they now have."""
        if operations and operations[0].state is OperationState.MOVED:
            self._outcomes.keep(operations)
        else:
            self._store.commit(self._scope, Commit(operations=operations))

    def step(self, run: str, leaving: Leaving = NOTHING_LEFT) -> int:
        """Carries out one batch of what is planned; how many operations it was, 0 when no more is due.

        Raises Unreachable and the like with the rest still planned.
        """
        operations = self._due(run, leaving)
        if not operations:
            return 0
        with self._turn():
            self._batch(operations)
        return len(operations)

    def planned(self, run: str) -> bool:
        """Whether anything is still to be carried out."""
        return bool(self._store.operations(run, self._flow.name, (OperationState.PLANNED,), limit=1))

    def _due(self, run: str, leaving: Leaving) -> Sequence[Operation]:
        """The next batch of what is not left."""
        after = -1
        left: set[object] = set()  # pairs, and records that are not created yet
        while planned := self._store.operations(run, self._flow.name, (OperationState.PLANNED,), after, self._size):
            after = planned[-1].seq
            if leaving.deletions:
                planned = [operation for operation in planned if operation.seq < LAST]
            if leaving.waits_for:
                self._leave(planned, leaving.waits_for, left)
            if due := [operation for operation in planned if pair_of(operation) not in left]:
                return _whole_groups(due, is_all=len(planned) < self._size)
        return ()

    def _leave(self, planned: Sequence[Operation], flows: Collection[str], left: set[object]) -> None:
        """Adds the pairs that refer to a record of one of these flows that is not there yet, or to a record left."""
        _, waiting = self._resolve(planned)
        for operation, missing in waiting:
            if any(flow in flows or (flow, side, id_) in left for flow, side, id_ in missing):
                left.add(pair_of(operation))
                left.add((operation.flow, operation.side.other, operation.id_on(operation.side.other)))

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
            again = [o for o, missing in waiting if not came.isdisjoint(missing)]
            ready, still = self._resolve(again)
            waiting = [(o, missing) for o, missing in waiting if came.isdisjoint(missing)] + still
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
            done |= self._sender.send_all(side, first)
            done |= self._sender.send_all(side, [o for o in mine if o.number not in numbers])
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
        linked: list[Operation] = []
        for o in operations:
            if o.action is Action.CREATE and o.link is None and (o.side.other, o.id_on(o.side.other)) in taken:
                message = "the record has been linked meanwhile"
                linked.append(replace(o, state=OperationState.MOVED, message=message))
            else:
                free.append(o)
        self._outcomes.keep(linked)
        return free

    def _resolve(self, operations: Sequence[Operation]) -> tuple[list[Operation], list[Waiting]]:
        """Those whose references are ids by now, and those of which referenced records are not there yet."""
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
        waiting: list[Waiting] = []
        for operation in operations:
            references = pending[operation.number]
            if not references:
                ready.append(operation)
                continue
            after: dict[str, Planned] = dict(operation.after)
            missing: list[Awaited] = []
            for name, reference in references.items():
                partner = self._references.partner(reference.flow, reference.side, reference.id)
                if isinstance(partner, str):
                    after[name] = partner
                else:
                    missing.append((reference.flow, reference.side, reference.id))
            if missing:
                waiting.append((operation, missing))
            else:
                ready.append(replace(operation, after=after))
        return ready, waiting

    def _leave_waiting(self, waiting: Sequence[Waiting]) -> None:
        """What refers to a record that did not come is dropped, and waits."""
        for operation, missing in waiting:
            flow, _, id_ = missing[-1]
            message = f"waits for {flow} {id_}, which is not on the other side yet"
            self._park(operation, Standing.WAITING, message, missing[-1])
            self._drop([operation], message)

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


def _done(operation: Operation) -> Operation:
    return replace(operation, state=OperationState.DONE)
