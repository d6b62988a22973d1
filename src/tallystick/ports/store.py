"""The state of the engine: links, bases, journal, reviews, runs, cursors.

Whatever keeps it (memory, SQLite, PostgreSQL) passes the store contract suite in `tallystick.testing`.
Methods that take several things carry all of them out in one transaction or none. Text is any Unicode without NUL
and lone surrogates (neither can stand in a canonical value or in Arrow).

Any method may raise StateUnusable (damaged, read-only, disk full), SignInFailed, or Unreachable (no answer from the
database, or another process kept it locked too long); after each the store stays usable for the next call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

import pyarrow as pa
from msgspec import Struct, field

from tallystick.model.flow import Scope
from tallystick.model.link import Link, MatchKey, Standing, Unlinked
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
    RunStatus,
    ScopeState,
)
from tallystick.model.side import Side
from tallystick.ports.world import Turns

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


class Commit(Struct, frozen=True, kw_only=True):
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


class Store(Turns, Protocol):
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

    def links(self, scope: Scope, numbers: Sequence[int]) -> list[Link]:
        """Those with the numbers, in order of number; any number of numbers."""
        ...

    def links_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Link]:
        """Links of any state whose end on `side` is one of `ids`, in order of number; any number of ids."""
        ...

    def all_links(self, scope: Scope) -> Iterator[Link]: ...
    def replace_links(self, scope: Scope, links: Iterable[Link]) -> int:
        """Keeps these links instead of the scope's (import, rebuild); returns how many.

        With the old links go the scope's match keys and unlinked records, which only a full listing can make
        again: the scope's cursors and `last_full_at` are forgotten too. Numbers are given anew. Raises LinkTaken
        when two of the links share an id, keeping all as it was.
        """
        ...

    # --- unlinked records and match keys
    def unlinked_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]: ...
    def unlinked(self, scope: Scope, side: Side, ids: Sequence[str] | None = None) -> Iterator[Unlinked]:
        """Those with the ids, or all of the side; any number of ids."""
        ...

    def standing(self, scope: Scope, side: Side, standing: Standing) -> Iterator[Unlinked]:
        """Unlinked records of `side` that stand so; those WAITING or UNKNOWN are found without reading the others."""
        ...

    def waiting_for(self, scope: Scope, flow: str, side: Side, ids: Sequence[str]) -> list[Unlinked]:
        """Unlinked records of `scope` that wait for one of these records of another flow (E26)."""
        ...

    def park(self, scope: Scope, parked: Parked) -> None:
        """Forgets, then keeps."""
        ...

    def matching(self, scope: Scope, side: Side, keys: Sequence[int]) -> list[MatchKey]:
        """The records of `side`, linked or not, that have one of these keys; in order of key, then id."""
        ...

    # --- runs and journal
    def start(self, run: Run) -> None: ...
    def save_run(self, run: Run) -> None: ...
    def run(self, id: str) -> Run | None: ...
    def runs(
        self,
        integration: str | None = None,
        limit: int = 50,
        *,
        of: str | None = None,
        begins: str = "",
        status: RunStatus | None = None,
    ) -> list[Run]:
        """Newest first. `of`: those that applied this plan or undid this run; `begins`: whose ids begin so; `status`:
        found by it, however many have another.
        """
        ...

    def newest_runs(self) -> list[Run]:
        """The newest run of each integration and file, newest first."""
        ...

    def save_flow_run(self, flow_run: FlowRun, scope: Scope) -> None: ...
    def flow_runs(self, run: str) -> list[FlowRun]: ...
    def unfinished(self, scope: Scope) -> FlowRun | None:
        """The scope's newest flow run that is PLANNING or APPLYING: killed there, unless it is still at work."""
        ...

    def add_operations(self, scope: Scope, operations: Sequence[Operation]) -> None:
        """Adds planned (or, for undo of bookkeeping, done) operations; `number` is given by the store.

        `seq` is unique within run and flow.
        """
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
        """Makes the intents durable: state SENT, ids as reserved, what `commit` keeps, `before` of a delete (the whole
        record), and `after` where it was planned with a Reference (now replaced by the id).
        """
        ...

    def commit(self, scope: Scope, commit: Commit) -> None:
        """Of the operations it keeps state, message, attempts, ids, `link` and `at`; links are removed, then replaced
        (two may swap their ids), then inserted. Raises LinkTaken, keeping nothing.
        """
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
        """All operations but the planned and the dropped, newest first; of a record, a run, a scope.

        `id` is looked for on `side`, or on either when there is none.
        """
        ...

    # --- reviews
    def raise_reviews(self, scope: Scope, reviews: Sequence[Review]) -> int:
        """Opens or refreshes each; returns how many are new.

        An open one with the same (kind, left, right, topic) is refreshed and keeps its number and `since`. One
        decided on the same fingerprint stays decided, and an open one of that subject is cleared. On another
        fingerprint a new review is opened; the decided one stays as it is, as history.
        """
        ...

    def clear_reviews(self, scope: Scope, numbers: Sequence[int]) -> int:
        """Clears those of these reviews of the scope that are open: their cause is gone; returns how many."""
        ...

    def count_reviews(self, scope: Scope) -> Mapping[ReviewKind, int]:
        """How many of each kind are open; none of a kind is not there."""
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
        """Open and decided reviews whose id on `side` is one of these, oldest first.

        There may be several decided ones of a subject, for different fingerprints.
        """
        ...

    def review(self, number: int) -> tuple[Scope, Review] | None: ...
    def decide(self, number: int, decision: Decision, fingerprint: str) -> Review:
        """Keeps the decision.

        Raises AlreadyDecided (naming who), StaleDecision (the fingerprint is another, or the cause is gone) or
        ConfigurationError (there is no such review).
        """
        ...

    def reopen(self, number: int) -> Review:
        """Takes a decision back (E17); the review is open again.

        Raises StaleDecision when the question was since asked anew or its cause is gone, else as `decide`.
        """
        ...

    def close(self) -> None: ...
