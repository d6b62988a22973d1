"""A store in memory with the semantics of the real ones: for tests of the engine, of connectors and of packs.

It passes the same contract suite as the databases do (`tallystick.testing.store_contract`). `copy()` gives the
state as a killed process would leave it, so that a test can stop a run anywhere and go on from there.
"""

from __future__ import annotations

import time
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
from msgspec.structs import replace

from tallystick.errors import ScopeBusy, TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkState, MatchKey, Standing, Unlinked
from tallystick.model.plan import (
    FlowRun,
    Operation,
    OperationState,
    Parked,
    Run,
    RunStatus,
    ScopeState,
)
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import LINK_MARKS, UNLINKED_MARKS, Commit
from tallystick.testing.store_reviews import MemoryReviews
from tallystick.testing.store_tables import Journal, Table

MARKS_PER_BATCH = 65_536
NOT_IN_JOURNAL = (OperationState.PLANNED, OperationState.DROPPED)


class MemoryStore(MemoryReviews):
    """Implements `tallystick.ports.store.Store`; thread safe."""

    def __init__(self) -> None:
        super().__init__()
        self._held: set[Scope] = set()
        self._tables: dict[Scope, Table] = {}
        self._turns: dict[str, float] = {}
        self._journal = Journal()

    def copy(self) -> MemoryStore:
        """The state of this moment in a store of its own, no scope held: what a kill would leave behind."""
        with self._lock:
            twin = MemoryStore()
            twin._tables = {scope: table.copy() for scope, table in self._tables.items()}
            twin._journal = self._journal.copy()
            twin._reviews = dict(self._reviews)
            twin._last = self._last
            return twin

    def _table(self, scope: Scope) -> Table:
        return self._tables.setdefault(scope, Table())

    # --- scopes

    @contextmanager
    def exclusive(self, scope: Scope) -> Iterator[None]:
        with self._lock:
            if scope in self._held:
                raise ScopeBusy(
                    f"Another run of flow {scope.flow} of integration {scope.integration} is under way.",
                    hint="Wait until it has finished, then try again.",
                )
            self._held.add(scope)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(scope)

    def scope(self, scope: Scope) -> ScopeState:
        with self._lock:
            table = self._table(scope)
            linked = sum(link.state is LinkState.ACTIVE for link in table.links.values())
            return replace(table.state, linked=linked)

    def save_scope(self, scope: Scope, state: ScopeState) -> None:
        with self._lock:
            self._table(scope).state = state

    # --- links

    def link_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]:
        with self._lock:
            links = sorted(self._table(scope).links.values(), key=lambda link: link.number)
        for start in range(0, len(links), MARKS_PER_BATCH):
            part = links[start : start + MARKS_PER_BATCH]
            yield pa.record_batch(
                [
                    [link.number for link in part],
                    [link.left.id if link.left else None for link in part],
                    [link.right.id if link.right else None for link in part],
                    [link.left.fingerprint if link.left else None for link in part],
                    [link.right.fingerprint if link.right else None for link in part],
                    [link.state is LinkState.ACTIVE for link in part],
                ],
                schema=LINK_MARKS,
            )

    def versions(self, scope: Scope, side: Side) -> Mapping[str, str]:
        with self._lock:
            table = self._table(scope)
            known = {
                record.id: record.version for record in table.unlinked[side].values() if record.version is not None
            }
            for link in table.links.values():
                end = link.end(side)
                if link.state is LinkState.ACTIVE and end is not None and end.version is not None:
                    known[end.id] = end.version
            return known

    def links(self, scope: Scope, numbers: Sequence[int]) -> list[Link]:
        with self._lock:
            links = self._table(scope).links
            return [links[number] for number in sorted(set(numbers)) if number in links]

    def links_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Link]:
        with self._lock:
            table = self._table(scope)
            numbers = {table.numbers[side][id_] for id_ in ids if id_ in table.numbers[side]}
            return [table.links[number] for number in sorted(numbers)]

    def all_links(self, scope: Scope) -> Iterator[Link]:
        with self._lock:
            links = sorted(self._table(scope).links.values(), key=lambda link: link.number)
        return iter(links)

    def replace_links(self, scope: Scope, links: Iterable[Link]) -> int:
        with self._lock:
            fresh = [replace(link, number=self._number()) for link in links]
            old = self._table(scope)
            table = Table(replace(old.state, cursors={}, last_full_at=""))
            table.put_all(fresh, ())
            self._tables[scope] = table
            return len(fresh)

    # --- unlinked records and match keys

    def unlinked_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]:
        with self._lock:
            records = [record for side in SIDES for record in self._table(scope).unlinked[side].values()]
        for start in range(0, len(records), MARKS_PER_BATCH):
            part = records[start : start + MARKS_PER_BATCH]
            yield pa.record_batch(
                [
                    [record.side.value for record in part],
                    [record.id for record in part],
                    [record.fingerprint for record in part],
                ],
                schema=UNLINKED_MARKS,
            )

    def unlinked(self, scope: Scope, side: Side, ids: Sequence[str] | None = None) -> Iterator[Unlinked]:
        with self._lock:
            records = self._table(scope).unlinked[side]
            wanted = sorted(records) if ids is None else sorted({id_ for id_ in ids if id_ in records})
            return iter([records[id_] for id_ in wanted])

    def standing(self, scope: Scope, side: Side, standing: Standing) -> Iterator[Unlinked]:
        return iter([one for one in self.unlinked(scope, side) if one.standing is standing])

    def waiting_for(self, scope: Scope, flow: str, side: Side, ids: Sequence[str]) -> list[Unlinked]:
        wanted = {(flow, side, id_) for id_ in ids}
        with self._lock:
            unlinked = self._table(scope).unlinked
            waiting = [record for at in SIDES for record in unlinked[at].values() if record.waits_for in wanted]
            return sorted(waiting, key=lambda record: (record.side, record.id))

    def park(self, scope: Scope, parked: Parked) -> None:
        with self._lock:
            self._table(scope).park(parked)

    def matching(self, scope: Scope, side: Side, keys: Sequence[int]) -> list[MatchKey]:
        with self._lock:
            holders = self._table(scope).holders[side]
            return [
                MatchKey(side=side, key=key, id=id_)
                for key in sorted(set(keys))
                if key in holders
                for id_ in sorted(holders[key])
            ]

    # --- runs and journal

    def start(self, run: Run) -> None:
        self.save_run(run)

    def save_run(self, run: Run) -> None:
        with self._lock:
            self._journal.runs[run.id] = run

    def run(self, id: str) -> Run | None:
        with self._lock:
            return self._journal.runs.get(id)

    def runs(
        self,
        integration: str | None = None,
        limit: int = 50,
        *,
        of: str | None = None,
        begins: str = "",
        status: RunStatus | None = None,
    ) -> list[Run]:
        with self._lock:
            return [
                run
                for run in reversed(self._journal.runs.values())
                if integration in (None, run.integration)
                and of in (None, run.of)
                and run.id.startswith(begins)
                and status in (None, run.status)
            ][:limit]

    def newest_runs(self) -> list[Run]:
        with self._lock:
            newest = {(run.integration, run.file): run for run in self._journal.runs.values()}
            return [run for run in reversed(self._journal.runs.values()) if run in newest.values()]

    def save_flow_run(self, flow_run: FlowRun, scope: Scope) -> None:
        with self._lock:
            self._journal.flow_runs[flow_run.run, flow_run.flow] = (scope, flow_run)

    def flow_runs(self, run: str) -> list[FlowRun]:
        with self._lock:
            return [flow_run for _, flow_run in self._journal.flow_runs.values() if flow_run.run == run]

    def unfinished(self, scope: Scope) -> FlowRun | None:
        with self._lock:
            for of, flow_run in reversed(self._journal.flow_runs.values()):
                if of == scope and flow_run.status in (RunStatus.PLANNING, RunStatus.APPLYING):
                    return flow_run
            return None

    def add_operations(self, scope: Scope, operations: Sequence[Operation]) -> None:
        with self._lock:
            journal = self._journal
            taken: set[tuple[str, str, int]] = set()
            for operation in operations:
                place = (operation.run, operation.flow, operation.seq)
                if place in taken or journal.has(*place):
                    raise TallystickError(
                        f"Run {operation.run} already has an operation {operation.seq} in flow {operation.flow}."
                    )
                taken.add(place)
            for operation in operations:
                number = self._number()
                journal.operations[number] = (scope, replace(operation, number=number))
                insort(journal.order.setdefault((operation.run, operation.flow), []), (operation.seq, number))

    def operations(
        self,
        run: str,
        flow: str,
        states: Sequence[OperationState] = (),
        after_seq: int = -1,
        limit: int = 500,
    ) -> list[Operation]:
        with self._lock:
            found: list[Operation] = []
            for operation in self._journal.of(run, flow, after_seq):
                if len(found) == limit:
                    break
                if not states or operation.state in states:
                    found.append(operation)
            return found

    def mark_sent(self, operations: Sequence[Operation]) -> None:
        with self._lock:
            found = [self._journal.found(operation) for operation in operations]
            for operation, (scope, stored) in zip(operations, found, strict=True):
                has_references = any(isinstance(value, Reference) for value in stored.after.values())
                self._journal.operations[stored.number] = (
                    scope,
                    replace(
                        stored,
                        state=OperationState.SENT,
                        message=operation.message,
                        link=operation.link,
                        left_id=operation.left_id,
                        right_id=operation.right_id,
                        attempts=operation.attempts,
                        at=operation.at,
                        before=operation.before if operation.action is Action.DELETE else stored.before,
                        after=operation.after if has_references else stored.after,
                    ),
                )

    def commit(self, scope: Scope, commit: Commit) -> None:
        with self._lock:
            found = [self._journal.found(operation) for operation in commit.operations]
            table = self._table(scope)
            for link in commit.links:
                if link.number and link.number not in table.links:
                    raise TallystickError(f"The link table has no link {link.number}; it cannot be replaced.")
            table.put_all(
                [link if link.number else replace(link, number=self._number()) for link in commit.links],
                commit.removed_links,
            )
            for operation, (of, stored) in zip(commit.operations, found, strict=True):
                self._journal.operations[stored.number] = (
                    of,
                    replace(
                        stored,
                        state=operation.state,
                        message=operation.message,
                        attempts=operation.attempts,
                        left_id=operation.left_id,
                        right_id=operation.right_id,
                        link=operation.link,
                        at=operation.at,
                    ),
                )
            keys: dict[tuple[Side, str], set[int]] = {pair: set() for pair in commit.keyless}
            for key in commit.keys:
                keys.setdefault((key.side, key.id), set()).add(key.key)
            for (side, id_), values in keys.items():
                table.set_keys(side, id_, frozenset(values))
            table.park(commit.parked)

    def drop_planned(self, run: str, flow: str) -> int:
        with self._lock:
            planned = [o for o in self._journal.of(run, flow) if o.state is OperationState.PLANNED]
            for operation in planned:
                scope, _ = self._journal.operations[operation.number]
                dropped = replace(operation, state=OperationState.DROPPED)
                self._journal.operations[operation.number] = (scope, dropped)
            return len(planned)

    def discard(self, run: str, flow: str) -> None:
        with self._lock:
            order = self._journal.order.get((run, flow), [])
            for seq, number in list(order):
                if self._journal.operations[number][1].state is OperationState.PLANNED:
                    del self._journal.operations[number]
                    order.remove((seq, number))

    def journal(
        self,
        scope: Scope | None = None,
        *,
        side: Side | None = None,
        id: str | None = None,
        run: str | None = None,
        limit: int = 200,
    ) -> list[Operation]:
        sides = SIDES if side is None else (side,)
        with self._lock:
            found: list[Operation] = []
            for of, operation in reversed(self._journal.operations.values()):
                if len(found) == limit:
                    break
                if (
                    operation.state not in NOT_IN_JOURNAL
                    and scope in (None, of)
                    and run in (None, operation.run)
                    and (id is None or id in [operation.id_on(end) for end in sides])
                ):
                    found.append(operation)
            return found

    # --- turns

    def take_turns(self, name: str, count: int, interval_s: float) -> float:
        with self._lock:
            now = time.time()
            first = max(now, self._turns.get(name, now))
            self._turns[name] = first + count * interval_s
        return first - now

    def pause_turns(self, name: str, duration_s: float) -> None:
        with self._lock:
            self._turns[name] = max(self._turns.get(name, 0.0), time.time() + duration_s)

    def close(self) -> None:
        """Nothing to free."""
