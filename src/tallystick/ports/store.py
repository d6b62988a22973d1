"""The state of the engine: links, bases, journal, reviews, runs, cursors.

Whatever keeps it (memory, SQLite, PostgreSQL) passes the store contract suite in `tallystick.testing`.
Methods that take several things carry all of them out in one transaction or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

import pyarrow as pa

from tallystick.model.flow import Scope
from tallystick.model.link import Link, MatchKey, Unlinked
from tallystick.model.plan import (
    Decision,
    FlowRun,
    Operation,
    OperationState,
    Parked,
    Review,
    ReviewKind,
    ReviewStatus,
    Run,
    ScopeState,
)
from tallystick.model.side import Side

LINK_MARKS: Final = pa.schema(
    [
        ("number", pa.int64()),
        ("left_id", pa.string()),
        ("right_id", pa.string()),
        ("left_fingerprint", pa.int64()),
        ("right_fingerprint", pa.int64()),
        ("is_active", pa.bool_()),
    ]
)
"""The narrow form of the link table: everything detection needs of a million links, and nothing more."""

UNLINKED_MARKS: Final = pa.schema([("side", pa.string()), ("id", pa.string()), ("fingerprint", pa.int64())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What one batch of operations leaves behind: outcomes, links, bases and keys, one transaction (E27)."""

    operations: Sequence[Operation]  # with their new state, message, attempts, ids; found by `number`
    links: Sequence[Link] = ()  # number 0: insert; else replace that row
    removed_links: Sequence[int] = ()
    keys: Sequence[MatchKey] = ()  # replace all keys of the (side, id) pairs named here
    keyless: Sequence[tuple[Side, str]] = ()  # (side, id) pairs that lose all keys
    parked: Parked = field(default_factory=Parked)


class LinkTaken(Exception):
    """An id is already linked in this scope (E16); nothing of the commit was kept. `side` and `id` name it."""

    def __init__(self, side: Side, id: str) -> None:
        super().__init__(f"{side} {id} is already linked")
        self.side = side
        self.id = id


class Store(Protocol):
    # --- scopes
    def exclusive(self, scope: Scope) -> AbstractContextManager[None]:
        """Holds the scope for one run; freed at once when the process dies. Raises ScopeBusy (E32)."""
        ...

    def scope(self, scope: Scope) -> ScopeState: ...
    def save_scope(self, scope: Scope, state: ScopeState) -> None:
        """Keeps cursors, map fingerprints and last_full_at (`linked` is counted, not kept)."""
        ...

    # --- links
    def link_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]:
        """All links of the scope as LINK_MARKS, in bounded memory."""
        ...

    def versions(self, scope: Scope, side: Side) -> Mapping[str, str]:
        """id -> version of active links' ends and unlinked records that have one."""
        ...

    def links(self, scope: Scope, numbers: Sequence[int]) -> list[Link]: ...
    def links_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Link]:
        """Links of any state whose end on `side` is one of `ids`; any number of ids."""
        ...

    def all_links(self, scope: Scope) -> Iterator[Link]: ...
    def replace_links(self, scope: Scope, links: Iterable[Link]) -> int:
        """Drops the scope's links and keys and keeps these instead (import); returns how many."""
        ...

    # --- unlinked records and match keys
    def unlinked_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]: ...
    def unlinked(self, scope: Scope, side: Side, ids: Sequence[str] | None = None) -> Iterator[Unlinked]:
        """Those with the ids, or all of the side."""
        ...

    def waiting_for(self, scope: Scope, flow: str, side: Side, ids: Sequence[str]) -> list[Unlinked]:
        """Unlinked records of `scope` that wait for one of these records of another flow (E26)."""
        ...

    def park(self, scope: Scope, parked: Parked) -> None: ...
    def matching(self, scope: Scope, side: Side, keys: Sequence[int]) -> list[MatchKey]:
        """The records of `side`, linked or not, that have one of these keys."""
        ...

    # --- runs and journal
    def start(self, run: Run) -> None: ...
    def save_run(self, run: Run) -> None: ...
    def run(self, id: str) -> Run | None: ...
    def runs(self, integration: str | None = None, limit: int = 50) -> list[Run]:
        """Newest first."""
        ...

    def save_flow_run(self, flow_run: FlowRun, scope: Scope) -> None: ...
    def flow_runs(self, run: str) -> list[FlowRun]: ...
    def unfinished(self, scope: Scope) -> FlowRun | None:
        """The scope's run that was killed while planning or applying, if there is one."""
        ...

    def add_operations(self, scope: Scope, operations: Sequence[Operation]) -> None:
        """Adds planned (or, for undo of bookkeeping, done) operations; `number` is given by the store."""
        ...

    def operations(
        self,
        run: str,
        flow: str,
        states: Sequence[OperationState] = (),
        after_seq: int = -1,
        limit: int = 500,
    ) -> list[Operation]:
        """In order of seq, those with seq > after_seq; `states` empty: all."""
        ...

    def mark_sent(self, operations: Sequence[Operation]) -> None:
        """Makes the intents durable: state SENT, ids as reserved, attempts, before (whole record of a delete)."""
        ...

    def commit(self, scope: Scope, commit: Commit) -> None:
        """Raises LinkTaken, keeping nothing."""
        ...

    def drop_planned(self, run: str, flow: str) -> int:
        """Planned operations that will not be carried out become DROPPED; returns how many."""
        ...

    def discard(self, run: str, flow: str) -> None:
        """Removes the planned operations of a run killed while planning."""
        ...

    def journal(
        self,
        scope: Scope | None = None,
        *,
        side: Side | None = None,
        id: str | None = None,
        run: str | None = None,
        limit: int = 200,
    ) -> list[Operation]:
        """Operations that were sent or done, newest first, of a record or a run."""
        ...

    # --- reviews
    def raise_reviews(self, scope: Scope, reviews: Sequence[Review]) -> int:
        """Opens or refreshes each; one with the same fingerprint that is decided stays decided. Returns how many are new."""
        ...

    def clear_reviews(self, scope: Scope, is_gone: Callable[[Review], bool]) -> int:
        """Clears open reviews of the scope whose cause is gone; returns how many."""
        ...

    def reviews(
        self,
        scope: Scope | None = None,
        *,
        integration: str | None = None,
        status: ReviewStatus | None = ReviewStatus.OPEN,
        kinds: Sequence[ReviewKind] = (),
        limit: int | None = None,
    ) -> list[Review]:
        """Oldest first."""
        ...

    def reviews_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Review]:
        """Open and decided reviews that touch one of these records."""
        ...

    def review(self, number: int) -> tuple[Scope, Review] | None: ...
    def decide(self, number: int, decision: Decision, fingerprint: str) -> Review:
        """Keeps the decision. Raises AlreadyDecided (naming who) or StaleDecision."""
        ...

    def reopen(self, number: int) -> Review:
        """Takes a decision back (E17); the review is open again."""
        ...

    def close(self) -> None: ...
